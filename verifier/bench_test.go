package verifier

import (
	"crypto/ed25519"
	"testing"
	"time"

	"bonafide/internal/testkit"
	"bonafide/ledger/pack"
)

// BenchmarkVerdict is from the bytes of a credential to the verdict, with the
// data in memory. ratio is its speed against one bare Ed25519 check of 64
// bytes on the same core; what is asked for is at least 0.15.
func BenchmarkVerdict(b *testing.B) {
	w := newWorld(b)
	var files [][]byte
	var drafts []draft
	for i := range uint32(64) {
		drafts = append(drafts, draft{index: i, holder: w.alice.did})
	}
	for _, p := range w.anchored(drafts...) {
		files = append(files, p.seal())
	}
	h := w.hospital()
	v, err := New(Config{Data: func() (*pack.Data, error) { return h.d, nil }, Clock: h})
	if err != nil {
		b.Fatal(err)
	}
	k := freshKey("bare")
	msg := make([]byte, 64)
	sig := ed25519.Sign(k, msg)
	pub := k.Public().(ed25519.PublicKey)
	var bare, verdicts time.Duration
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		if !ed25519.Verify(pub, msg, sig) {
			b.Fatal("signature")
		}
		mid := time.Now()
		r, err := v.Verify(ctx, Input{Bytes: files[i%len(files)], Purpose: Monitoring})
		if err != nil || r.Verdict != Verified {
			b.Fatal(r.Headline, err)
		}
		bare, verdicts = bare+mid.Sub(start), verdicts+time.Since(mid)
	}
	b.ReportMetric(float64(bare)/float64(verdicts), "ratio")
}

// BenchmarkSDJWTVerdict is the same for an SD-JWT VC with six disclosures, with
// and without key binding, against the P-256 checks that it needs: what is asked
// for is 0.45 of one and 0.4 of two.
func BenchmarkSDJWTVerdict(b *testing.B) {
	w := newES256World(b)
	var ds []sdDraft
	for i := range uint32(64) {
		ds = append(ds, sdDraft{draft: draft{index: i, edit: func(c map[string]any) {
			delete(c["credentialSubject"].(map[string]any), "npi")
		}}, phone: &w.phone})
	}
	h := w.hospital()
	at := h.device
	var bare, shown [][]byte
	for _, p := range w.sdAnchored(ds...) {
		bare = append(bare, p.seal())
		shown = append(shown, w.sdPresent(w.phone, h.request(), at, bare[len(bare)-1], everything[:6]...))
	}
	h = w.hospital()
	v, err := New(Config{Data: func() (*pack.Data, error) { return h.d, nil }, Clock: h})
	if err != nil {
		b.Fatal(err)
	}
	k := testkit.NewP256(b, "bare")
	msg := make([]byte, 1024)
	sig, err := k.Sign(msg)
	if err != nil {
		b.Fatal(err)
	}
	pub := k.Public(b)
	for _, c := range []struct {
		name   string
		files  [][]byte
		checks int
	}{{"bare", bare, 1}, {"bound", shown, 2}} {
		b.Run(c.name, func(b *testing.B) {
			var plain, verdicts time.Duration
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				for range c.checks {
					if !pub.Verify(msg, sig) {
						b.Fatal("signature")
					}
				}
				mid := time.Now()
				r, err := v.Verify(ctx, Input{Bytes: c.files[i%len(c.files)], Purpose: Monitoring})
				if err != nil || r.Verdict != Verified {
					b.Fatal(table(r), err)
				}
				plain, verdicts = plain+mid.Sub(start), verdicts+time.Since(mid)
			}
			b.ReportMetric(float64(plain)/float64(verdicts), "ratio")
		})
	}
}
