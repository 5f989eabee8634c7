package ld

import (
	"crypto/ed25519"
	"testing"
	"time"

	"bonafide/vc/internal/rdfc"
)

// BenchmarkToCanonical measures what one Data Integrity proof costs here
// (document and proof configuration), the same through json-gold and rdfc, and
// a bare Ed25519 verification, and reports the ratios of the first two to the
// third.
func BenchmarkToCanonical(b *testing.B) {
	doc, config := parse(b, licence), parse(b, proofConfig)
	seed := make([]byte, ed25519.SeedSize)
	key := ed25519.NewKeyFromSeed(seed)
	msg := make([]byte, 64)
	sig := ed25519.Sign(key, msg)
	pub := key.Public().(ed25519.PublicKey)
	// The least of several rounds, because other work on the machine only
	// ever adds.
	bare := time.Hour
	for range 20 {
		start := time.Now()
		for range 50 {
			if !ed25519.Verify(pub, msg, sig) {
				b.Fatal("signature")
			}
		}
		bare = min(bare, time.Since(start)/50)
	}
	b.Run("ed25519", func(b *testing.B) {
		for b.Loop() {
			if !ed25519.Verify(pub, msg, sig) {
				b.Fatal("signature")
			}
		}
	})
	run := func(name string, f func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(bare), "x-ed25519")
		})
	}
	run("own", func() error {
		if _, err := ToCanonical(doc); err != nil {
			return err
		}
		_, err := ToCanonical(config)
		return err
	})
	run("own-quads-only", func() error {
		w := walkers.Get().(*walker)
		defer w.release()
		return w.document(doc)
	})
	quads, err := Quads(doc)
	if err != nil {
		b.Fatal(err)
	}
	run("own-rdfc-only", func() error {
		_, err := rdfc.Canonicalize(quads, rdfc.Options{})
		return err
	})
	run("json-gold", func() error {
		if _, err := goldCanonical(doc); err != nil {
			return err
		}
		_, err := goldCanonical(config)
		return err
	})
}
