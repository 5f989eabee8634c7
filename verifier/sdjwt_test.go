package verifier

// The second envelope: SD-JWT VCs of boards, with and without key binding.

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/did/key"
	"bonafide/internal/request"
	"bonafide/internal/testkit"
	"bonafide/ledger"
	"bonafide/vc"
)

const vct = "urn:bonafide:vct:v1:professional-licence"

// everything is what a licence lets its holder choose to show.
var everything = []string{
	"familyName", "givenName", "licence.expires", "licence.issued", "licence.number", "licence.profession", "npi",
}

// es256World is a world whose board also has a P-256 issuing key, and a
// practitioner's phone.
type es256World struct {
	*world
	issuing testkit.P256
	phone   testkit.P256
	random  stream
}

func newES256World(t testing.TB) *es256World {
	t.Helper()
	w := &es256World{world: newWorld(t), issuing: testkit.NewP256(t, "issuing"), phone: testkit.NewP256(t, "phone")}
	w.keys(w.board, w.issuing)
	return w
}

// keys gives a board's document its Ed25519 keys and these P-256 issuing keys.
func (w *world) keys(b *testkit.Board, issuing ...testkit.P256) {
	w.t.Helper()
	assert := []did.PublicKey{testkit.Public(w.t, b.Issuing)}
	for _, k := range issuing {
		assert = append(assert, k.Public(w.t))
	}
	doc, err := bonafide.NextDocument(b.DID, assert, []did.PublicKey{testkit.Public(w.t, b.Key)}, bonafide.DocumentOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.l.Execute(w.l.Sign(b, ledger.UpdateDID{Document: doc}))
}

func (w *world) method(b *testkit.Board, k testkit.P256) string {
	return string(b.DID) + "#" + k.Public(w.t).Multikey()
}

// stream is the same sequence of bytes each time.
type stream struct{ n uint64 }

func (s *stream) Read(p []byte) (int, error) {
	for i := range p {
		s.n++
		b := sha256.Sum256(binary.BigEndian.AppendUint64(nil, s.n))
		p[i] = b[0]
	}
	return len(p), nil
}

// sdDraft is an SD-JWT VC about to be issued.
type sdDraft struct {
	draft
	key   *testkit.P256 // that signs; nil: the board's
	phone *testkit.P256 // nil: a register copy
	vct   string        // "": that of a professional licence
}

func (w *es256World) sdAnchored(ds ...sdDraft) []sdPending {
	w.t.Helper()
	out := make([]sdPending, len(ds))
	leaves, salts := make([][32]byte, len(ds)), make([][16]byte, len(ds))
	for i, d := range ds {
		d.draft = w.fill(d.draft)
		if d.key == nil {
			d.key = &w.issuing
		}
		o := vc.SDJWTOptions{Vct: d.vct, Issued: testkit.Start, Rand: &w.random}
		if o.Vct == "" {
			o.Vct = vct
		}
		if d.phone != nil {
			o.Holder = d.phone.Public(w.t)
		}
		v, err := vc.NewSDJWTDraft(w.claims(d.draft), o)
		if err != nil {
			w.t.Fatal(err)
		}
		w.salts++
		binary.BigEndian.PutUint64(salts[i][:], w.salts)
		if leaves[i], err = v.Leaf(chain, salts[i]); err != nil {
			w.t.Fatal(err)
		}
		out[i] = sdPending{w: w, d: d, draft: v}
	}
	for i, a := range w.l.AnchorLeaves(out[0].d.by, leaves, salts, out[0].d.last) {
		out[i].anchor = a
	}
	return out
}

type sdPending struct {
	w      *es256World
	d      sdDraft
	draft  *vc.Draft
	anchor ledger.Anchor
	x5c    [][]byte
}

func (p sdPending) seal() []byte { return p.sealAs(p.anchor.String()) }

func (p sdPending) sealAs(anchor string) []byte {
	p.w.t.Helper()
	b, err := p.draft.Seal(anchor, vc.ProofOptions{
		VerificationMethod: p.w.method(p.d.by, *p.d.key), Created: testkit.Start, Key: p.d.key.Public(p.w.t), Certificates: p.x5c,
	}, p.d.key.Sign)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return b
}

func (w *es256World) sdIssue(d sdDraft) []byte {
	w.t.Helper()
	return w.sdAnchored(d)[0].seal()
}

// sdPresent answers a request with an SD-JWT.
func (w *es256World) sdPresent(phone testkit.P256, req *request.Request, at time.Time, credential []byte, disclose ...string) []byte {
	w.t.Helper()
	b, err := vc.PresentSDJWT(credential, disclose, req.Nonce, req.Audience, phone.Public(w.t), at, phone.Sign)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// token makes a signed token of any header and payload.
func token(t testing.TB, k testkit.P256, header, payload map[string]any) string {
	t.Helper()
	enc := base64.RawURLEncoding.EncodeToString
	input := enc(canonical(t, header)) + "." + enc(canonical(t, payload))
	sig, err := k.Sign([]byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + enc(sig)
}

// resign changes header and payload of an SD-JWT's first token and signs anew.
func resign(t testing.TB, b []byte, k testkit.P256, edit func(header, payload map[string]any)) []byte {
	t.Helper()
	first, rest, _ := strings.Cut(string(b), "~")
	parts := strings.Split(first, ".")
	read := func(s string) map[string]any {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return object(t, b)
	}
	header, payload := read(parts[0]), read(parts[1])
	edit(header, payload)
	return []byte(token(t, k, header, payload) + "~" + rest)
}

// stripped is an SD-JWT without its key binding.
func stripped(b []byte) []byte { return b[:bytes.LastIndexByte(b, '~')+1] }

// One licence in two envelopes, whatever its status and the purpose: the same
// verdict by the same checks, with the same codes.
func TestBothEnvelopesAreJudgedAlike(t *testing.T) {
	w := newES256World(t)
	var ds []draft
	var sds []sdDraft
	for s := range ledger.Status(16) {
		d := draft{index: uint32(s), holder: w.alice.did}
		ds, sds = append(ds, d), append(sds, sdDraft{draft: draft{index: uint32(s)}, phone: &w.phone})
		if s != ledger.Current {
			w.set(w.board, uint32(s), s)
		}
	}
	vcdm, sd := w.anchored(ds...), w.sdAnchored(sds...)
	short := draft{index: 20, until: w.l.Now.Add(time.Hour)}
	nowhere := draft{index: 1 << 20}
	type pair struct {
		name string
		a, b []byte // bare
	}
	var pairs []pair
	for i := range ds {
		pairs = append(pairs, pair{ledger.Status(i).String(), vcdm[i].seal(), sd[i].seal()})
	}
	copies := []pair{
		{"register copy", w.issue(draft{index: 30}), w.sdIssue(sdDraft{draft: draft{index: 30}})},
		{"expired", w.issue(short), w.sdIssue(sdDraft{draft: short})},
		{"no such page", w.issue(nowhere), w.sdIssue(sdDraft{draft: nowhere})},
		{"elsewhere", w.issue(draft{where: "US-KY"}), w.sdIssue(sdDraft{draft: draft{where: "US-KY"}})},
		{"far future", vcdm[0].sealAs(farAhead(vcdm[0].anchor)), sd[0].sealAs(farAhead(sd[0].anchor))},
		{"newer", vcdm[0].sealAs(ahead(vcdm[0].anchor)), sd[0].sealAs(ahead(sd[0].anchor))},
		{"malformed anchor", vcdm[0].sealAs("AAAA"), sd[0].sealAs("AAAA")},
		{"another's anchor", vcdm[0].sealAs(sd[0].anchor.String()), sd[0].sealAs(vcdm[0].anchor.String())},
	}
	codes := func(r Result) (out []string) {
		for _, c := range r.Checks {
			as := "null"
			if c.AsOf != nil {
				as = c.AsOf.Format(time.RFC3339)
			}
			out = append(out, c.ID+" "+string(c.Outcome)+" "+c.Code+" "+as)
		}
		return out
	}
	alike := func(name string, a, b Result) {
		t.Helper()
		if a.Verdict != b.Verdict || a.Headline != b.Headline || !slices.Equal(codes(a), codes(b)) {
			t.Errorf("%s:\n%s %s\n%s %s", name, a.Verdict, table(a), b.Verdict, table(b))
		}
		x, y := a.Credentials[0], b.Credentials[0]
		x.Subject, y.Subject = nil, nil
		if fmt.Sprint(string(canonicalOf(t, x))) != fmt.Sprint(string(canonicalOf(t, y))) {
			t.Errorf("%s: %s, %s", name, canonicalOf(t, x), canonicalOf(t, y))
		}
	}
	for _, purpose := range []Purpose{Privileging, Disaster, Monitoring} {
		for _, p := range append(slices.Clone(pairs), copies...) {
			h := w.hospital()
			alike(string(purpose)+" "+p.name, h.verify(Input{Bytes: p.a, Purpose: purpose}), h.verify(Input{Bytes: p.b, Purpose: purpose}))
		}
		for _, p := range pairs {
			h := w.hospital()
			q, r := h.request(), h.request()
			alike(string(purpose)+" presented, "+p.name,
				h.verify(Input{Bytes: w.present(w.alice, q, p.a), Request: q, Purpose: purpose}),
				h.verify(Input{Bytes: w.sdPresent(w.phone, r, h.device, p.b, everything...), Request: r, Purpose: purpose}))
		}
	}
	res := w.hospital().look(pairs[0].b)
	c := res.Credentials[0]
	if res.Verdict != Verified || *c.Subject != string(key.New(w.phone.Public(t))) || *c.Type != licence || *c.Issuer != string(w.board.DID) {
		t.Error(table(res), string(canonicalOf(t, c)))
	}
	if s := w.hospital().look(copies[0].b).Credentials[0].Subject; s != nil {
		t.Error("a register copy has a subject", *s)
	}
}

func farAhead(a ledger.Anchor) string { a.Epoch = 1 << 40; return a.String() }
func ahead(a ledger.Anchor) string    { a.Epoch += 50; return a.String() }

func canonicalOf(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Threats 36, 37 and 40 for SD-JWTs: what must be bound is the purpose's word;
// a key binding that was taken off is missed and never excused; one that is
// there must hold, and for this request.
func TestThreat36_KeyBindingMatrix(t *testing.T) {
	w := newES256World(t)
	bob := testkit.NewP256(t, "Bob")
	var files [][]byte
	for _, p := range w.sdAnchored(
		sdDraft{draft: draft{index: 1}, phone: &w.phone}, sdDraft{draft: draft{index: 2}}, sdDraft{draft: draft{index: 3}, phone: &bob}) {
		files = append(files, p.seal())
	}
	mine, copied, bobs := files[0], files[1], files[2]
	type answer func(h *hospital) ([]byte, *request.Request)
	bare := func(b []byte) answer { return func(*hospital) ([]byte, *request.Request) { return b, nil } }
	asked := func(b []byte, disclose ...string) answer {
		return func(h *hospital) ([]byte, *request.Request) {
			req := h.request()
			return w.sdPresent(w.phone, req, h.device, b, disclose...), req
		}
	}
	other := func(change func(h *hospital, r *request.Request, b []byte) []byte) answer {
		return func(h *hospital) ([]byte, *request.Request) {
			req := h.request()
			changed := *req
			b := w.sdPresent(w.phone, req, h.device, mine, everything...)
			if c := change(h, &changed, b); c != nil {
				b = c
			}
			return b, &changed
		}
	}
	// binding makes a key binding by hand.
	binding := func(by testkit.P256, edit func(header, payload map[string]any)) answer {
		return other(func(h *hospital, r *request.Request, b []byte) []byte {
			digest := sha256.Sum256(stripped(b))
			header := map[string]any{"alg": "ES256", "typ": "kb+jwt"}
			payload := map[string]any{
				"aud": r.Audience, "nonce": r.Nonce, "iat": json.Number(strconv.FormatInt(h.device.Unix(), 10)),
				"sd_hash": base64.RawURLEncoding.EncodeToString(digest[:]),
			}
			edit(header, payload)
			return append(slices.Clone(stripped(b)), token(t, by, header, payload)...)
		})
	}
	at := func(d time.Duration) answer {
		return func(h *hospital) ([]byte, *request.Request) {
			req := h.request()
			return w.sdPresent(w.phone, req, h.device.Add(d), mine, everything...), req
		}
	}
	const (
		required = "presentation_required"
		free     = "binding_not_required"
	)
	type row struct {
		name           string
		answer         answer
		strict         Verdict // privileging and disaster
		code           string
		monitoring     Verdict
		outcome        Outcome
		monitoringCode string
		asked          bool // whether the nonce is burned by it
	}
	reject := func(name string, a answer, code string) row {
		return row{name, a, Rejected, code, Rejected, Fail, code, false}
	}
	rows := []row{
		{"bare", bare(mine), Unconfirmed, required, Verified, Skipped, free, false},
		{"register copy", bare(copied), Unconfirmed, "register_copy", Verified, Skipped, free, false},
		{"bare, though asked", func(h *hospital) ([]byte, *request.Request) { return mine, h.request() }, Unconfirmed, required, Unconfirmed, Unknown, required, false},
		{"stripped", other(func(_ *hospital, _ *request.Request, b []byte) []byte { return stripped(b) }), Unconfirmed, required, Unconfirmed, Unknown, required, false},
		{"stripped, nobody asked", func(h *hospital) ([]byte, *request.Request) {
			return stripped(w.sdPresent(w.phone, h.request(), h.device, mine, everything...)), nil
		}, Unconfirmed, required, Verified, Skipped, free, false},
		{"presented", asked(mine, everything...), Verified, "bound", Verified, Pass, "bound", true},
		{"little shown", asked(mine), Verified, "bound", Verified, Pass, "bound", true},
		{"nobody asked", func(h *hospital) ([]byte, *request.Request) {
			return w.sdPresent(w.phone, h.request(), h.device.Add(-72*time.Hour), mine, everything...), nil
		}, Unconfirmed, "request_required", Verified, Skipped, free, false},
		{"what was asked for", func(h *hospital) ([]byte, *request.Request) {
			req := h.request("BoardCertification", licence)
			req.Claims, req.Formats = []string{"familyName", "licence.number", "licence.jurisdiction"}, []string{"dc+sd-jwt"}
			return w.sdPresent(w.phone, req, h.device, mine, "familyName", "licence.number"), req
		}, Verified, "bound", Verified, Pass, "bound", true},
		{"less than was asked for", func(h *hospital) ([]byte, *request.Request) {
			req := h.request()
			req.Claims = []string{"familyName", "licence.number"}
			return w.sdPresent(w.phone, req, h.device, mine, "familyName"), req
		}, Unconfirmed, "claim_withheld", Unconfirmed, Unknown, "claim_withheld", true},
		{"what the licence does not have", func(h *hospital) ([]byte, *request.Request) {
			req := h.request()
			req.Claims = []string{"licence.conditions"}
			return w.sdPresent(w.phone, req, h.device, mine, everything...), req
		}, Verified, "bound", Verified, Pass, "bound", true},
		{"not the type", func(h *hospital) ([]byte, *request.Request) {
			req := h.request("BoardCertification")
			return w.sdPresent(w.phone, req, h.device, mine, everything...), req
		}, Unconfirmed, "not_asked_for", Unconfirmed, Unknown, "not_asked_for", true},
		{"not the form", func(h *hospital) ([]byte, *request.Request) {
			req := h.request()
			req.Formats = []string{"vcdm2-di"}
			return w.sdPresent(w.phone, req, h.device, mine, everything...), req
		}, Unconfirmed, "not_asked_for", Unconfirmed, Unknown, "not_asked_for", true},
		reject("other nonce", other(func(h *hospital, r *request.Request, _ []byte) []byte { r.Nonce = h.request().Nonce; return nil }), "challenge_mismatch"),
		reject("other audience", other(func(_ *hospital, r *request.Request, _ []byte) []byte { r.Audience = "Elsewhere"; return nil }), "domain_mismatch"),
		reject("one disclosure less", other(func(_ *hospital, _ *request.Request, b []byte) []byte {
			parts := bytes.Split(b, []byte("~"))
			return bytes.Join(append(parts[:1:1], parts[2:]...), []byte("~"))
		}), "key_binding_other"),
		reject("another's binding", other(func(h *hospital, r *request.Request, b []byte) []byte {
			theirs := w.sdPresent(bob, r, h.device, bobs, everything...)
			return append(slices.Clone(stripped(b)), theirs[len(stripped(theirs)):]...)
		}), "proof_invalid"),
		reject("on a register copy", other(func(_ *hospital, _ *request.Request, b []byte) []byte {
			return append(slices.Clone(copied), b[len(stripped(b)):]...)
		}), "holder_key_missing"),
		reject("by another key", binding(bob, func(_, _ map[string]any) {}), "proof_invalid"),
		reject("by the board", binding(w.issuing, func(_, _ map[string]any) {}), "proof_invalid"),
		reject("two audiences", binding(w.phone, func(_, p map[string]any) { p["aud"] = []any{audience, "Elsewhere"} }), "domain_mismatch"),
		reject("no time", binding(w.phone, func(_, p map[string]any) { delete(p, "iat") }), "key_binding_time"),
		reject("no digest", binding(w.phone, func(_, p map[string]any) { delete(p, "sd_hash") }), "key_binding_other"),
		reject("no nonce", binding(w.phone, func(_, p map[string]any) { delete(p, "nonce") }), "challenge_mismatch"),
		reject("older than the request", at(-6*time.Minute), "key_binding_time"),
		reject("of the future", at(6*time.Minute), "key_binding_time"),
		{"just older", at(-4 * time.Minute), Verified, "bound", Verified, Pass, "bound", true},
		{"just ahead", at(4 * time.Minute), Verified, "bound", Verified, Pass, "bound", true},
		{"verified a day later", func(h *hospital) ([]byte, *request.Request) {
			req := h.request()
			b := w.sdPresent(w.phone, req, h.device, mine, everything...)
			h.device = h.device.Add(20 * time.Hour)
			return b, req
		}, Verified, "bound", Verified, Pass, "bound", true},
		{"expired", other(func(h *hospital, _ *request.Request, _ []byte) []byte {
			h.device, h.policy = h.device.Add(25*time.Hour), Policy{
				Privileging: {720 * time.Hour, true}, Disaster: {720 * time.Hour, true}, Monitoring: {720 * time.Hour, false},
			}
			return nil
		}), Unconfirmed, "request_expired", Unconfirmed, Unknown, "request_expired", true},
		{"nonce of another home", other(func(h *hospital, r *request.Request, _ []byte) []byte {
			delete(h.kept.nonces, r.Nonce)
			return nil
		}), Unconfirmed, "request_not_ours", Unconfirmed, Unknown, "request_not_ours", false},
		{"no store", other(func(h *hospital, _ *request.Request, _ []byte) []byte {
			h.kept = nil
			return nil
		}), Unconfirmed, "request_not_ours", Unconfirmed, Unknown, "request_not_ours", false},
		{"clock behind", other(func(h *hospital, _ *request.Request, _ []byte) []byte {
			h.device = h.floor.Add(-time.Hour) // so the binding seems to be of the future
			return nil
		}), Unconfirmed, "clock_behind", Unconfirmed, Unknown, "clock_behind", false},
	}
	for _, c := range rows {
		for purpose, rule := range DefaultPolicy() {
			t.Run(c.name+"/"+string(purpose), func(t *testing.T) {
				h := w.hospital()
				h.t = t
				b, req := c.answer(h)
				res := h.verify(Input{Bytes: b, Request: req, Purpose: purpose})
				if rule.Binding {
					want(t, res, c.strict, CheckBinding, find(res, CheckBinding).Outcome, c.code)
				} else {
					want(t, res, c.monitoring, CheckBinding, c.outcome, c.monitoringCode)
				}
				bound := find(res, CheckBinding).Code == "bound"
				if got := res.Credentials[0].Bound; got == nil || *got != bound {
					t.Errorf("bound %v", got)
				}
				if rule.Binding && res.Verdict == Verified && !bound {
					t.Error("verified without binding")
				}
				if h.kept == nil {
					return
				}
				for nonce, digest := range h.kept.nonces {
					if taken := digest != nil; req != nil && nonce == req.Nonce && taken != c.asked {
						t.Errorf("nonce taken: %v", taken)
					}
				}
			})
		}
	}
}

// Threat 40: one request, one answer, whatever its envelope.
func TestThreat40_NonceOfKeyBinding(t *testing.T) {
	w := newES256World(t)
	var files [][]byte
	for _, p := range w.sdAnchored(sdDraft{draft: draft{index: 1}, phone: &w.phone}, sdDraft{draft: draft{index: 3}, phone: &w.phone}) {
		files = append(files, p.seal())
	}
	mine, held := files[0], files[1]
	w.set(w.board, 3, ledger.Hold)
	other := w.issue(draft{index: 5, holder: w.alice.did})
	ask := func(h *hospital, b []byte, req *request.Request) Result {
		return h.verify(Input{Bytes: b, Request: req})
	}
	h := w.hospital()
	req := h.request()
	b := w.sdPresent(w.phone, req, h.device, mine, "familyName")
	want(t, ask(h, b, req), Verified, CheckBinding, Pass, "bound")
	want(t, ask(h, b, req), Rejected, CheckBinding, Fail, "replayed")
	want(t, ask(h, w.present(w.alice, req, other), req), Rejected, CheckBinding, Fail, "replayed")

	req = h.request()
	b = w.sdPresent(w.phone, req, h.device, held, "familyName")
	if res := ask(h, b, req); res.Verdict != Unconfirmed {
		t.Fatal(table(res))
	}
	// ECDSA signatures and what is disclosed can change while all of it holds:
	// only the same bytes may come again.
	for name, again := range map[string][]byte{
		"other claims": w.sdPresent(w.phone, req, h.device, held, "npi"), "a line feed": append(slices.Clone(b), '\n'),
		"the twin": twin(t, b), "another licence": w.sdPresent(w.phone, req, h.device, mine, "familyName"),
		"the other envelope": w.present(w.alice, req, other),
	} {
		if res := ask(h, again, req); res.Verdict != Rejected || find(res, CheckBinding).Code != "replayed" {
			t.Errorf("%s: %s", name, table(res))
		}
	}
	w.set(w.board, 3, ledger.Current)
	h.d = w.data()
	want(t, ask(h, b, req), Verified, CheckBinding, Pass, "bound")

	// Without data nobody can tell whose key it must be.
	req = h.request()
	b = w.sdPresent(w.phone, req, h.device, mine, "familyName")
	d := h.d
	h.d, h.dErr = nil, noData
	want(t, ask(h, b, req), Unconfirmed, CheckBinding, Unknown, "binding_unproved")
	want(t, h.look(b), Unconfirmed, CheckBinding, Skipped, "binding_not_required")
	h.d, h.dErr = d, nil
	want(t, ask(h, b, req), Verified, CheckBinding, Pass, "bound")
}

// twin gives the signature of the key binding its other form, n − S.
func twin(t testing.TB, b []byte) []byte {
	t.Helper()
	dot := bytes.LastIndexByte(b, '.')
	sig, err := base64.RawURLEncoding.DecodeString(string(b[dot+1:]))
	if err != nil {
		t.Fatal(err)
	}
	n := testkit.NewP256(t, "any").Params().N
	s := new(big.Int).SetBytes(sig[32:])
	s.Sub(n, s).FillBytes(sig[32:])
	return append(slices.Clone(b[:dot+1]), base64.RawURLEncoding.EncodeToString(sig)...)
}

// What a holder withholds is not asked for by the template; what is shown must
// have its form, and what the issuer left out was never there.
func TestPartialDisclosure(t *testing.T) {
	w := newES256World(t)
	whole := w.sdIssue(sdDraft{phone: &w.phone})
	lacks := w.sdIssue(sdDraft{phone: &w.phone, draft: draft{index: 1, edit: func(c map[string]any) {
		delete(c["credentialSubject"].(map[string]any), "familyName")
	}}})
	wrong := w.sdIssue(sdDraft{phone: &w.phone, draft: draft{index: 2, edit: func(c map[string]any) {
		c["credentialSubject"].(map[string]any)["npi"] = "twelve"
	}}})
	for _, c := range []struct {
		name     string
		file     []byte
		disclose []string
		code     string
	}{
		{"all", whole, everything, "template_fits"},
		{"none", whole, nil, "template_fits"},
		{"name alone", whole, []string{"familyName"}, "template_fits"},
		{"all of one that lacks its name", lacks, []string{"givenName", "licence.expires", "licence.issued", "licence.number", "licence.profession", "npi"}, "template_mismatch"},
		{"wrong, shown", wrong, everything, "template_mismatch"},
		{"wrong, shown alone", wrong, []string{"npi"}, "template_mismatch"},
		{"wrong, withheld", wrong, []string{"familyName"}, "template_fits"},
	} {
		h := w.hospital()
		req := h.request()
		res := h.verify(Input{Bytes: w.sdPresent(w.phone, req, h.device, c.file, c.disclose...), Request: req})
		if got := find(res, CheckTemplate).Code; got != c.code || (res.Verdict == Verified) != (c.code == "template_fits") {
			t.Errorf("%s: %s\n%s", c.name, got, table(res))
		}
	}
}

// Threat 34: the type is what the vct names exactly, on the ledger, once.
func TestThreat34_Vct(t *testing.T) {
	w := newES256World(t)
	p := w.sdAnchored(sdDraft{vct: vct + "2"}, sdDraft{vct: licence, draft: draft{index: 1}}, sdDraft{vct: "urn:bonafide:vct:v1:board-certification", draft: draft{index: 2}})
	h := w.hospital()
	want(t, h.look(p[0].seal()), Rejected, CheckTemplate, Fail, "template_unknown")
	want(t, h.look(p[1].seal()), Rejected, CheckTemplate, Fail, "template_unknown")
	res := h.look(p[2].seal()) // a type that the board is not accredited for
	want(t, res, Rejected, CheckAccreditation, Fail, "not_accredited")
	if got := *res.Credentials[0].Type; got != "BoardCertification" {
		t.Error(got)
	}
	if got := *h.look(p[0].seal()).Credentials[0].Type; got != vct+"2" {
		t.Error(got)
	}
	// A second template of the vct leaves open which is meant.
	before := w.sdIssue(sdDraft{draft: draft{index: 3}})
	for _, tpl := range w.l.View().Templates() {
		if tpl.Type == licence {
			m := object(t, tpl.Raw)
			m["type"] = "OtherLicence"
			w.l.Decide(ledger.RegisterTemplate{Document: canonical(t, m)})
		}
	}
	after := w.sdIssue(sdDraft{draft: draft{index: 4}})
	h = w.hospital()
	want(t, h.look(before), Verified, CheckAccreditation, Pass, "accredited")
	res = h.look(after)
	want(t, res, Rejected, CheckAccreditation, Fail, "type_ambiguous")
	if find(res, CheckTemplate).Outcome != Skipped || res.Credentials[0].Type != nil {
		t.Error(table(res))
	}
}

// Threats 5 and 6: the key is the one that the kid names in the issuer's
// document at the anchor's height. Certificates come along for others.
func TestThreat5_KeyOfAnSDJWT(t *testing.T) {
	w := newES256World(t)
	good := w.sdAnchored(sdDraft{phone: &w.phone})[0]
	forger := testkit.NewP256(t, "forger")
	newcomer := w.newcomer("Newcomer")
	theirs := testkit.NewP256(t, "theirs")
	w.keys(newcomer, theirs)
	ca := newAuthority(t, "root")
	own := [][]byte{ca.certify(t, w.issuing, string(w.board.DID))}
	good.x5c = own
	h := w.hospital()
	want(t, h.look(good.seal()), Verified, CheckIssuerKey, Pass, "issuer_key_in_force")
	std := func(chain ...[]byte) []any {
		out := []any{}
		for _, c := range chain {
			out = append(out, base64.StdEncoding.EncodeToString(c))
		}
		return out
	}
	forged := ca.certify(t, forger, string(w.board.DID))
	for _, c := range []struct {
		name string
		key  testkit.P256
		edit func(header, payload map[string]any)
		id   string
		code string
	}{
		{"as it is", w.issuing, func(_, _ map[string]any) {}, CheckIssuerKey, "issuer_key_in_force"},
		{"by a forger", forger, func(_, _ map[string]any) {}, CheckProof, "proof_invalid"},
		{"forger's certificate", forger, func(h, _ map[string]any) { h["x5c"] = std(forged) }, CheckIssuerKey, "certificate_mismatch"},
		{"forger's certificate alone", forger, func(h, _ map[string]any) { h["x5c"] = std(forged); delete(h, "kid") }, CheckIssuerKey, "method_not_named"},
		{"forger's certificate beside", w.issuing, func(h, _ map[string]any) { h["x5c"] = std(forged) }, CheckIssuerKey, "certificate_mismatch"},
		{"own certificate after another's", w.issuing, func(h, _ map[string]any) { h["x5c"] = std(forged, own[0]) }, CheckIssuerKey, "certificate_mismatch"},
		{"not a certificate", w.issuing, func(h, _ map[string]any) { h["x5c"] = std([]byte("x")) }, CheckIssuerKey, "certificates_malformed"},
		{"no certificate", w.issuing, func(h, _ map[string]any) { delete(h, "x5c") }, CheckIssuerKey, "issuer_key_in_force"},
		{"no kid", w.issuing, func(h, _ map[string]any) { delete(h, "kid") }, CheckIssuerKey, "method_not_named"},
		{"no kid, no certificate", w.issuing, func(h, _ map[string]any) { delete(h, "kid"); delete(h, "x5c") }, CheckIssuerKey, "method_not_named"},
		{"kid cut short", w.issuing, func(h, _ map[string]any) { h["kid"] = h["kid"].(string)[:len(h["kid"].(string))-1] }, CheckIssuerKey, "method_not_found"},
		{"kid relative", w.issuing, func(h, _ map[string]any) {
			_, f, _ := strings.Cut(h["kid"].(string), "#")
			h["kid"] = "#" + f
		}, CheckIssuerKey, "method_not_found"},
		{"the Ed25519 key", w.issuing, func(h, _ map[string]any) {
			h["kid"] = w.board.Method(t, w.board.Issuing)
			delete(h, "x5c")
		}, CheckProof, "proof_wrong_key"},
		{"the ledger key", w.issuing, func(h, _ map[string]any) { h["kid"] = w.board.Method(t, w.board.Key) }, CheckIssuerKey, "method_wrong_purpose"},
		{"another board's key", theirs, func(h, _ map[string]any) {
			h["kid"] = w.method(newcomer, theirs)
			delete(h, "x5c")
		}, CheckIssuerKey, "method_not_found"},
		{"another board's name", theirs, func(h, p map[string]any) {
			h["kid"], p["iss"] = w.method(newcomer, theirs), string(newcomer.DID)
			delete(h, "x5c")
		}, CheckAnchor, "anchor_mismatch"},
		{"another claim", w.issuing, func(_, p map[string]any) { p["exp"] = json.Number("2524608000") }, CheckAnchor, "anchor_mismatch"},
		{"another holder", w.issuing, func(_, p map[string]any) { delete(p, "cnf") }, CheckAnchor, "anchor_mismatch"},
		{"no anchor", w.issuing, func(_, p map[string]any) { delete(p, "anchor") }, CheckAnchor, "anchor_missing"},
		{"empty anchor", w.issuing, func(_, p map[string]any) { p["anchor"] = "" }, CheckAnchor, "anchor_missing"},
	} {
		res := h.look(resign(t, good.seal(), c.key, c.edit))
		if got := find(res, c.id).Code; got != c.code || (res.Verdict == Verified) != strings.HasSuffix(c.code, "_in_force") {
			t.Errorf("%s: %s, want %s\n%s", c.name, got, c.code, table(res))
		}
	}
}

// Threat 19 for the second key: judged when the epoch closed, and by what was
// reported since.
func TestThreat19_RotationOfTheES256Key(t *testing.T) {
	w := newES256World(t)
	before := w.sdIssue(sdDraft{draft: draft{index: 1}})
	w.l.Beat(time.Hour)
	mid := w.l.Now.Add(-time.Minute)
	old := w.issuing
	next := testkit.NewP256(t, "next")
	w.keys(w.board, next)
	late := w.sdIssue(sdDraft{draft: draft{index: 2}, key: &old})
	after := w.sdIssue(sdDraft{draft: draft{index: 3}, key: &next})
	h := w.hospital()
	want(t, h.look(before), Verified, CheckIssuerKey, Pass, "issuer_key_in_force")
	want(t, h.look(late), Rejected, CheckIssuerKey, Fail, "method_not_found")
	want(t, h.look(after), Verified, CheckIssuerKey, Pass, "issuer_key_in_force")
	w.l.Execute(w.l.Sign(w.board, ledger.ReportKey{Method: w.method(w.board, old), From: mid.Unix()}))
	h = w.hospital()
	want(t, h.look(before), Verified, CheckIssuerKey, Pass, "issuer_key_in_force")
	w.l.Execute(w.l.Sign(w.board, ledger.ReportKey{Method: w.method(w.board, next), From: mid.Unix()}))
	h = w.hospital()
	want(t, h.look(after), Rejected, CheckIssuerKey, Fail, "key_compromised")
}

// Threat 33: tokens of other kinds are no credentials, and parts of one are
// none either.
func TestThreat33_TokensThatAreNoCredential(t *testing.T) {
	w := newES256World(t)
	mine := w.sdIssue(sdDraft{phone: &w.phone})
	h := w.hospital()
	req := h.request()
	shown := w.sdPresent(w.phone, req, h.device, mine, everything...)
	kb := shown[len(stripped(shown)):]
	first, _, _ := bytes.Cut(mine, []byte("~"))
	proof, err := vc.ProvePossession(w.phone.Public(t), req.Nonce, req.Audience, h.device, w.phone.Sign)
	if err != nil {
		t.Fatal(err)
	}
	typed := func(typ any) []byte {
		return resign(t, mine, w.issuing, func(h, _ map[string]any) {
			if h["typ"] = typ; typ == nil {
				delete(h, "typ")
			}
		})
	}
	enveloped := canonical(t, map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2"}, "type": []any{"VerifiablePresentation"},
		"verifiableCredential": []any{map[string]any{
			"@context": "https://www.w3.org/ns/credentials/v2", "type": "EnvelopedVerifiableCredential", "id": "data:application/dc+sd-jwt," + string(mine),
		}},
	})
	list := token(t, w.issuing, map[string]any{"alg": "ES256", "typ": "statuslist+jwt", "kid": "x"}, map[string]any{"sub": "x", "iat": json.Number("1")})
	for name, b := range map[string][]byte{
		"key binding": kb, "key binding as SD-JWT": append(slices.Clone(kb), '~'), "without disclosures or tilde": first,
		"possession": proof, "possession as SD-JWT": append(slices.Clone(proof), '~'), "status list": []byte(list), "status list as SD-JWT": []byte(list + "~"),
		"enveloped": enveloped, "vc+sd-jwt": typed("vc+sd-jwt"), "jwt": typed("jwt"), "no typ": typed(nil), "upper case": typed("DC+SD-JWT"),
		"two": append(append(slices.Clone(mine), '\n'), mine...), "spaces": append([]byte(" "), mine...),
		"two bindings": append(append(slices.Clone(shown), '~'), kb...), "in JSON": canonical(t, map[string]any{"sd_jwt": string(mine)}),
	} {
		for _, in := range []Input{{Bytes: b, Purpose: Monitoring}, {Bytes: b, Request: req}} {
			if res := h.verify(in); res.Verdict != Rejected || find(res, CheckParse).Outcome != Fail {
				t.Errorf("%s: %s", name, table(res))
			}
		}
	}
	if len(h.kept.burned) != 0 {
		t.Error("burned")
	}
	if res := h.verify(Input{Bytes: append(shown, '\n'), Request: req}); res.Verdict != Verified {
		t.Error("a line feed at the end of the file:", table(res))
	}
	// A board's key does not answer for a practitioner, nor theirs for a board.
	digest := sha256.Sum256(stripped(mine))
	forged := append(slices.Clone(mine), token(t, w.issuing, map[string]any{"alg": "ES256", "typ": "kb+jwt"}, map[string]any{
		"aud": audience, "nonce": req.Nonce, "iat": json.Number(strconv.FormatInt(h.device.Unix(), 10)), "sd_hash": base64.RawURLEncoding.EncodeToString(digest[:]),
	})...)
	want(t, h.look(forged), Rejected, CheckBinding, Fail, "proof_invalid")
	want(t, h.look(resign(t, mine, w.phone, func(_, _ map[string]any) {})), Rejected, CheckProof, Fail, "proof_invalid")
}

// Threat 31: what is shown beside the signed digests is not read.
func TestThreat31_UnsignedDisclosures(t *testing.T) {
	w := newES256World(t)
	mine := w.sdIssue(sdDraft{phone: &w.phone})
	h := w.hospital()
	salt := base64.RawURLEncoding.EncodeToString([]byte(`["AAAAAAAAAAAAAAAAAAAAAA","familyName","Other"]`))
	for name, b := range map[string][]byte{
		"a disclosure more": append(slices.Clone(mine), salt+"~"...),
		"one in its place":  bytes.Replace(mine, bytes.Split(mine, []byte("~"))[1], []byte(salt), 1),
		"one twice":         append(slices.Clone(mine), append(slices.Clone(bytes.Split(mine, []byte("~"))[1]), '~')...),
		"payload":           append([]byte("eyJhbGciOiJFUzI1NiJ9.e30."), mine...),
	} {
		if res := h.look(b); res.Verdict != Rejected {
			t.Errorf("%s: %s", name, table(res))
		}
	}
}

// Check is a wallet's question about either envelope.
func TestCheckSDJWT(t *testing.T) {
	w := newES256World(t)
	p := w.sdAnchored(sdDraft{draft: draft{until: w.l.Now.Add(time.Hour)}, phone: &w.phone})[0]
	w.set(w.board, 0, ledger.Revoked)
	h := w.hospital()
	h.device = h.device.Add(365 * 24 * time.Hour)
	a, err := h.verifier().Check(ctx, p.seal())
	if err != nil || a.Issuer() != w.board.DID || a.Format() != vc.SDJWT || a.HolderKey() != w.phone.Public(t) {
		t.Fatal(err)
	}
	if _, err := h.verifier().Check(ctx, resign(t, p.seal(), testkit.NewP256(t, "forger"), func(_, _ map[string]any) {})); err == nil {
		t.Error("a forged one")
	}
}

// authority is an X.509 root.
type authority struct {
	k    testkit.P256
	cert *x509.Certificate
}

func newAuthority(t testing.TB, name string) authority {
	t.Helper()
	return authorityOf(t, name, testkit.NewP256(t, "authority "+name))
}

// namesake is another authority that calls itself the same.
func namesake(t testing.TB, name string) authority {
	t.Helper()
	return authorityOf(t, name, testkit.NewP256(t, "namesake of "+name))
}

func authorityOf(t testing.TB, name string, k testkit.P256) authority {
	t.Helper()
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: testkit.Start.AddDate(-1, 0, 0), NotAfter: testkit.Start.AddDate(5, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(&stream{}, tpl, tpl, &k.PublicKey, k.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{k, c}
}

// certify makes a certificate for a key of an issuer named by a URI.
func (a authority) certify(t testing.TB, k testkit.P256, issuer string) []byte {
	return a.certifyUntil(t, k, issuer, testkit.Start.AddDate(3, 0, 0))
}

func (a authority) certifyUntil(t testing.TB, k testkit.P256, issuer string, until time.Time) []byte {
	t.Helper()
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "signer"}, BasicConstraintsValid: true,
		NotBefore: testkit.Start.AddDate(-1, 0, 0), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if issuer != "" {
		tpl.URIs = append(tpl.URIs, parseURL(t, issuer))
	}
	der, err := x509.CreateCertificate(&stream{}, tpl, a.cert, &k.PublicKey, a.k.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// FuzzVerifySDJWT: nothing panics, and nothing but the good content, whole or
// in part, is verified.
func FuzzVerifySDJWT(f *testing.F) {
	w := newES256World(f)
	good := w.sdIssue(sdDraft{phone: &w.phone})
	h := w.hospital()
	req := h.request()
	shown := w.sdPresent(w.phone, req, h.device, good, "familyName", "licence.number")
	f.Add(good)
	f.Add(shown)
	f.Add(stripped(shown))
	f.Add(bytes.Replace(good, []byte("~"), []byte("~~"), 1))
	f.Add(append([]byte("eyJhbGciOiJub25lIn0.e30.~"), good...))
	v := h.verifier()
	content := func(b []byte) string {
		first, _, _ := strings.Cut(string(bytes.TrimSuffix(b, []byte("\n"))), "~")
		return first[:strings.LastIndexByte(first, '.')]
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, in := range []Input{{Bytes: b, Purpose: Monitoring}, {Bytes: b, Request: req}} {
			h.kept.add(req.Nonce)
			res, err := v.Verify(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			sound(t, res)
			if res.Verdict != Verified {
				continue
			}
			if content(b) != content(good) {
				t.Fatalf("verified: %s", b)
			}
			if in.Request != nil && !bytes.HasPrefix(b, stripped(shown)) {
				t.Fatalf("another presentation: %s", b)
			}
		}
	})
}

func parseURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
