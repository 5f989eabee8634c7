package wallet

// Licences in two envelopes: keys, receiving, pairing, choosing claims.

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/claimcode"
	"bonafide/internal/explain"
	"bonafide/internal/request"
	"bonafide/ledger"
	"bonafide/vc"
	"bonafide/verifier"
)

// p256 is a key pair from a seed.
type p256 struct {
	private *ecdsa.PrivateKey
	pub     did.PublicKey
}

func newP256(seed byte) p256 {
	d := sha256.Sum256([]byte{seed})
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d[:])
	if err != nil {
		panic(err)
	}
	point, err := k.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	pub, err := did.NewPublicKey(did.P256, point)
	if err != nil {
		panic(err)
	}
	return p256{k, pub}
}

// sign is ES256: r ‖ s over SHA-256.
func (p p256) sign(msg []byte) ([]byte, error) {
	digest := sha256.Sum256(msg)
	r, s, err := ecdsa.Sign(rand.Reader, p.private, digest[:])
	if err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	for i, n := range []*big.Int{r, s} {
		n.FillBytes(out[32*i : 32*i+32])
	}
	return out, nil
}

// checker is the hospital's verifier for VCDM credentials; of an SD-JWT VC it
// checks the proof by the board's one ES256 key.
type checker struct {
	w *world
	v *verifier.Verifier
}

func (c checker) Check(ctx context.Context, b []byte) (vc.Authentic, error) {
	p, err := vc.Parse(b)
	if err != nil || p.Format() != vc.SDJWT {
		return c.v.Check(ctx, b)
	}
	if c.w.noData != nil {
		return vc.Authentic{}, c.w.noData
	}
	return p.Verify(c.w.boardKey)
}

func (w *world) kid() string { return string(w.board.DID) + "#" + w.es256.pub.Multikey() }

func (w *world) boardKey(method string, purpose did.Relationship) (did.PublicKey, error) {
	if method != w.kid() || purpose != did.AssertionMethod {
		return did.PublicKey{}, explain.Errorf("method_unknown", "another key")
	}
	return w.es256.pub, nil
}

// second is the wallet's P-256 key; zero before there is one.
func (w *world) second() did.PublicKey {
	w.t.Helper()
	if w.store.binding == nil {
		return did.PublicKey{}
	}
	k, err := did.ParseMultikey(w.store.binding.Public)
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}

const licenceVct = "urn:bonafide:vct:v1:professional-licence"

// sdjwt issues a licence as SD-JWT VC to a key; zero: a register copy.
func (w *world) sdjwt(l licence, cnf did.PublicKey) []byte {
	w.t.Helper()
	l.holder = ""
	return w.sealSD(w.claims(l), cnf)
}

func (w *world) sealSD(claims map[string]any, cnf did.PublicKey) []byte {
	w.t.Helper()
	d, err := vc.NewSDJWTDraft(claims, vc.SDJWTOptions{Vct: licenceVct, Holder: cnf, Issued: w.now, Rand: rand.Reader})
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := d.Seal(ledger.Anchor{Epoch: 1, Size: 1}.String(), vc.ProofOptions{VerificationMethod: w.kid(), Created: w.now, Key: w.es256.pub}, w.es256.sign)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) take(b []byte) Item {
	w.t.Helper()
	it, err := w.wallet.Receive(w.t.Context(), b)
	if err != nil {
		w.t.Fatal(err)
	}
	return it
}

// ask makes a request that names claims and formats.
func (w *world) ask(claims, formats []string) (*request.Request, []byte) {
	w.t.Helper()
	r, _ := w.request()
	r.Claims, r.Formats = claims, formats
	b, err := r.Marshal()
	if err != nil {
		w.t.Fatal(err)
	}
	return r, b
}

// answered verifies a presentation the way a hospital does and returns the names
// of the claims that it discloses.
func (w *world) answered(b []byte, r *request.Request) ([]string, error) {
	p, err := vc.Parse(b)
	if err != nil {
		return nil, err
	}
	a, err := p.Verify(w.boardKey)
	if err != nil {
		return nil, err
	}
	err = p.VerifyKeyBinding(a, vc.PresentationPolicy{Challenge: r.Nonce, Domain: r.Audience, Now: w.now})
	return p.DisclosedHint(), err
}

var (
	selective = []string{"familyName", "givenName", "licence.expires", "licence.issued", "licence.number", "licence.profession"}
	both      = []vc.Format{vc.VCDM, vc.SDJWT}
)

// TestTwoEnvelopes: one licence in two envelopes is one entry, whichever came
// first, and keeps its id.
func TestTwoEnvelopes(t *testing.T) {
	for _, order := range []string{"VCDM first", "SD-JWT first"} {
		t.Run(order, func(t *testing.T) {
			w := newWorld(t)
			h := w.init()
			envelopes := [][]byte{w.issue(good(h)), w.sdjwt(good(h), w.second())}
			if order != "VCDM first" {
				slices.Reverse(envelopes)
			}
			first := w.take(envelopes[0])
			second := w.take(envelopes[1])
			if second.ID != first.ID || !slices.Equal(second.Formats, both) || !second.Bound() || second.Number != "OH-MDR-3001234" ||
				!slices.Equal(second.Types, []string{"ProfessionalLicence"}) || second.Expires.Format(time.DateTime) != "2028-11-30 23:59:59" {
				t.Errorf("%+v after %+v", second, first)
			}
			items, err := w.wallet.List(t.Context())
			if err != nil || len(items) != 1 || items[0].ID != first.ID || !slices.Equal(items[0].Formats, both) {
				t.Fatalf("%+v, %v", items, err)
			}
			if sd, ok := items[0].envelope(vc.SDJWT); !ok || !slices.Equal(sd.Selective, selective) || sd.BindingKey != w.second().Multikey() || sd.Holder != "" {
				t.Errorf("%+v", sd)
			}
			// The id of either envelope finds the entry, and deletes all of it.
			for _, c := range w.store.creds {
				_, file := w.request()
				if pre, err := w.wallet.Preview(t.Context(), file, Choice{IDs: []string{c.ID}}); err != nil || pre.Items[0].ID != first.ID {
					t.Errorf("%+v, %v", pre, err)
				}
			}
			if err := w.wallet.Delete(t.Context(), w.store.creds[1].ID); err != nil || len(w.store.creds) != 0 {
				t.Errorf("%d left, %v", len(w.store.creds), err)
			}
		})
	}
}

// TestPairing: what is not surely the same licence stays apart.
func TestPairing(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	base := w.take(w.issue(good(h)))
	index := func(n string) map[string]any {
		c := w.claims(good(""))
		c["credentialStatus"] = []any{map[string]any{"type": "LedgerStatusEntry", "statusIndex": n}}
		return c
	}
	other := good("")
	other.number = "OH-MDR-3001235"
	for name, b := range map[string][]byte{
		"a register copy": w.sdjwt(good(""), did.PublicKey{}), "another index": w.sealSD(index("8"), w.second()), "another number": w.sdjwt(other, w.second()),
	} {
		if it := w.take(b); it.ID == base.ID || len(it.Formats) != 1 {
			t.Errorf("%s: %+v", name, it)
		}
	}
	if items, err := w.wallet.List(t.Context()); err != nil || len(items) != 4 {
		t.Errorf("%d, %v", len(items), err)
	}
	// A line feed at the end, or fewer claims of what is kept, is nothing new; the
	// same licence signed anew takes the place of the former.
	b := w.sdjwt(good(""), w.second())
	it := w.take(b)
	kept := len(w.store.creds)
	jwt, rest, _ := strings.Cut(string(b), "~")
	disclosures := strings.Split(rest, "~")
	for name, again := range map[string][]byte{
		"the same": b, "with a line feed": append(bytes.TrimRight(slices.Clone(b), "\n"), '\n'), "fewer claims": []byte(jwt + "~" + strings.Join(disclosures[1:], "~")),
	} {
		if got := w.take(again); got.ID != it.ID || len(w.store.creds) != kept {
			t.Errorf("%s: kept again", name)
		}
	}
	anew := w.take(w.sdjwt(good(""), w.second()))
	if e, _ := anew.envelope(vc.SDJWT); anew.ID != base.ID || bytes.Equal(e.Bytes, b) || !slices.Equal(anew.Formats, both) {
		t.Errorf("signed anew: %s with %v", anew.ID, anew.Formats)
	}
}

// TestThreat47_AnotherKey: an SD-JWT VC bound to a key that is not this wallet's
// is not taken, nor by a wallet that has no such key yet.
func TestThreat47_AnotherKey(t *testing.T) {
	w := newWorld(t)
	w.init()
	_, err := w.wallet.Receive(t.Context(), w.sdjwt(good(""), newP256(9).pub))
	wantCode(t, "another's key", err, "wallet_other_holder")
	former := newWorld(t)
	former.init()
	former.store.binding = nil
	keys := len(former.keys.keys)
	_, err = former.wallet.Receive(t.Context(), former.sdjwt(good(""), newP256(9).pub))
	wantCode(t, "without a second key", err, "wallet_other_holder")
	if len(former.keys.keys) != keys || len(w.store.creds)+len(former.store.creds) != 0 {
		t.Error("something is kept")
	}
	// A register copy is nobody's: it is taken, but cannot be presented.
	it := w.take(w.sdjwt(good(""), did.PublicKey{}))
	if it.Bound() || !slices.Contains(it.Warnings, "wallet_not_bound") {
		t.Errorf("%+v", it)
	}
	_, file := w.request()
	_, err = w.wallet.Present(t.Context(), file, Choice{IDs: []string{it.ID}})
	wantCode(t, "a register copy", err, "wallet_copy_unprovable")
}

// TestThreat36_PresentationOfAnother: what was presented to a hospital is
// received by no wallet, with its key binding or without.
func TestThreat36_PresentationOfAnother(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	it := w.take(w.sdjwt(good(h), w.second()))
	r, file := w.request()
	b, err := w.wallet.Present(t.Context(), file, Choice{IDs: []string{it.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.answered(b, r); err != nil {
		t.Fatal(err)
	}
	thief := newWorld(t)
	thief.keys.keys = make([]signer, 7)
	thief.init()
	stripped := b[:bytes.LastIndexByte(bytes.TrimSpace(b), '~')+1]
	for _, to := range []*world{w, thief} {
		_, err = to.wallet.Receive(t.Context(), b)
		wantCode(t, "a presentation", err, "wallet_presentation")
	}
	_, err = thief.wallet.Receive(t.Context(), stripped)
	wantCode(t, "a presentation without its key binding", err, "wallet_other_holder")
	if _, err := w.answered(stripped, r); err == nil {
		t.Error("a presentation without its key binding answers")
	}
	if len(w.store.creds) != 1 || len(thief.store.creds) != 0 {
		t.Error("something that was refused is kept")
	}
}

// TestThreat37_KeyBinding: the answer serves one nonce, one audience, for a
// while, and no other choice of claims.
func TestThreat37_KeyBinding(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	it := w.take(w.sdjwt(good(h), w.second()))
	r, file := w.ask([]string{"familyName", "licence.number"}, nil)
	b, err := w.wallet.Present(t.Context(), file, Choice{IDs: []string{it.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.answered(b, r); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(r *request.Request){
		"another nonce": func(r *request.Request) { r.Nonce = "AAAAAAAAAAAAAAAAAAAAAA" }, "another audience": func(r *request.Request) { r.Audience = "Another Hospital" },
	} {
		q := *r
		change(&q)
		if _, err := w.answered(b, &q); err == nil {
			t.Errorf("%s: the answer fits", name)
		}
	}
	at := w.now
	for _, shift := range []time.Duration{-time.Hour, 24 * time.Hour} {
		w.now = at.Add(shift)
		if _, err := w.answered(b, r); err == nil {
			t.Errorf("the answer fits at %s", shift)
		}
	}
	w.now = at
	kb := bytes.LastIndexByte(b, '~')
	jwt, _, _ := strings.Cut(string(b), "~")
	for name, token := range map[string]string{
		"a claim less": jwt + "~" + strings.SplitN(string(b), "~", 3)[2], "a claim more": string(it.envelopes[0].Bytes) + string(b[kb+1:]),
	} {
		if _, err := w.answered([]byte(token), r); explain.CodeOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestThreat38_WeakHash: an SD-JWT VC whose digests could be guessed or forged is
// not taken, even if the board signed it.
func TestThreat38_WeakHash(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	b := w.sdjwt(good(h), w.second())
	jwt, rest, _ := strings.Cut(string(b), "~")
	part := strings.Split(jwt, ".")
	payload, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range []string{"sha-256-32", "md5", "sha-1"} {
		weak := bytes.Replace(payload, []byte(`"_sd_alg":"sha-256"`), []byte(`"_sd_alg":"`+alg+`"`), 1)
		if bytes.Equal(weak, payload) {
			t.Fatal("nothing changed")
		}
		input := part[0] + "." + base64.RawURLEncoding.EncodeToString(weak)
		sig, err := w.es256.sign([]byte(input))
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.wallet.Receive(t.Context(), []byte(input+"."+base64.RawURLEncoding.EncodeToString(sig)+"~"+rest))
		if explain.CodeOf(err) == "" || len(w.store.creds) != 0 {
			t.Errorf("%s: %v", alg, err)
		}
	}
	// Presenting shows the board's own disclosures: no salt is made here.
	it := w.take(b)
	_, file := w.request()
	out, err := w.wallet.Present(t.Context(), file, Choice{IDs: []string{it.ID}})
	if err != nil || !bytes.HasPrefix(out, bytes.TrimSpace(b)) {
		t.Errorf("other disclosures than the board's: %v", err)
	}
}

// TestThreat44_OnlyTheClaimsAskedFor: an answer discloses what the request
// names, or what the practitioner chose, and nothing else.
func TestThreat44_OnlyTheClaimsAskedFor(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	w.take(w.issue(good(h)))
	it := w.take(w.sdjwt(good(h), w.second()))
	asked := []string{"familyName", "licence.number"}
	sd, vcdm := string(vc.SDJWT), string(vc.VCDM)
	for name, c := range map[string]struct {
		claims, formats []string
		choice          Choice
		code            string
		want            []string // disclosed; nil: the VCDM envelope
		warnings        []string
	}{
		"nothing named":            {nil, nil, Choice{}, "", nil, nil},
		"claims named":             {asked, nil, Choice{}, "", asked, nil},
		"all beneath named":        {[]string{"licence"}, nil, Choice{}, "", selective[2:], nil},
		"what is not there":        {[]string{"npi"}, nil, Choice{}, "", []string{}, nil},
		"what is always there":     {[]string{"licence.jurisdiction"}, nil, Choice{}, "", []string{}, nil},
		"SD-JWT taken":             {nil, []string{sd}, Choice{}, "", selective, nil},
		"SD-JWT preferred":         {nil, []string{sd, vcdm}, Choice{}, "", selective, nil},
		"VCDM preferred":           {nil, []string{vcdm, sd}, Choice{}, "", nil, nil},
		"VCDM preferred, claims":   {asked, []string{vcdm, sd}, Choice{}, "wallet_shares_more", nil, nil},
		"VCDM chosen, claims":      {asked, nil, Choice{Format: vc.VCDM}, "wallet_shares_more", nil, nil},
		"VCDM chosen, all":         {asked, nil, Choice{Format: vc.VCDM, All: true}, "", nil, []string{"wallet_more_than_asked"}},
		"VCDM chosen, some":        {nil, nil, Choice{Format: vc.VCDM, Claims: asked}, "wallet_whole_only", nil, nil},
		"VCDM not taken":           {nil, []string{sd}, Choice{Format: vc.VCDM}, "wallet_format_not_taken", nil, nil},
		"claims chosen":            {nil, nil, Choice{Claims: asked}, "", asked, []string{"wallet_less_than_asked"}},
		"one more":                 {asked, nil, Choice{Claims: append([]string{"givenName"}, asked...)}, "", []string{"familyName", "givenName", "licence.number"}, []string{"wallet_more_than_asked"}},
		"one less":                 {asked, nil, Choice{Claims: asked[:1]}, "", asked[:1], []string{"wallet_less_than_asked"}},
		"another one":              {asked[:1], nil, Choice{Claims: asked[1:]}, "", asked[1:], []string{"wallet_less_than_asked", "wallet_more_than_asked"}},
		"all":                      {asked, nil, Choice{All: true}, "", selective, []string{"wallet_more_than_asked"}},
		"a claim that is not":      {asked, nil, Choice{Claims: []string{"npi"}}, "wallet_claim_unknown", nil, nil},
		"a claim almost named":     {nil, nil, Choice{Claims: []string{"family"}}, "wallet_claim_unknown", nil, nil},
		"a part of a claim's name": {[]string{"licence.num"}, nil, Choice{}, "", []string{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, file := w.ask(c.claims, c.formats)
			c.choice.IDs = []string{it.ID}
			pre, err := w.wallet.Preview(t.Context(), file, c.choice)
			wantCode(t, "preview", err, c.code)
			logged := len(w.store.log)
			b, err := w.wallet.Present(t.Context(), file, c.choice)
			wantCode(t, "present", err, c.code)
			if c.code != "" {
				if b != nil || len(w.store.log) != logged {
					t.Error("something is shared, or noted")
				}
				return
			}
			if !slices.Equal(pre.Warnings, c.warnings) {
				t.Errorf("warnings %v, want %v", pre.Warnings, c.warnings)
			}
			shared := w.store.log[logged].Credentials[0]
			if shared.ID != it.ID || shared.Format != pre.Format {
				t.Errorf("log %+v", shared)
			}
			var shown []string // what the preview said and the log notes
			for _, cl := range pre.Claims {
				if cl.Shared {
					shown = append(shown, cl.Name)
				}
			}
			if !slices.Equal(shared.Claims, shown) {
				t.Errorf("log notes %v, the preview showed %v", shared.Claims, shown)
			}
			if c.want == nil {
				if pre.Format != vc.VCDM || !bytes.Contains(b, []byte("VerifiablePresentation")) {
					t.Errorf("as %s: %s", pre.Format, b)
				}
				return
			}
			got, err := w.answered(b, r)
			if err != nil || !slices.Equal(slices.Sorted(slices.Values(got)), c.want) {
				t.Fatalf("disclosed %v, want %v (%v)", got, c.want, err)
			}
			if want := slices.Sorted(slices.Values(append([]string{"licence.jurisdiction"}, c.want...))); !slices.Equal(slices.Sorted(slices.Values(shown)), want) {
				t.Errorf("shown %v, want %v", shown, want)
			}
			// Nothing of the rest is in the bytes, in whatever form.
			for i, value := range []string{"Quillfeather", "Zelda", "2028-11-30", "2026-11-01", "OH-MDR-3001234", "physician"} {
				if !slices.Contains(c.want, selective[i]) && holds(b, value) {
					t.Errorf("the answer holds %s", selective[i])
				}
			}
		})
	}
	_, file := w.ask([]string{"npi", "familyName"}, nil)
	if pre, err := w.wallet.Preview(t.Context(), file, Choice{IDs: []string{it.ID}}); err != nil || !slices.Equal(pre.Missing, []string{"npi"}) {
		t.Errorf("missing %v, %v", pre.Missing, err)
	}
}

// holds reports whether any part of a token says value, decoded or not.
func holds(token []byte, value string) bool {
	for _, part := range strings.FieldsFunc(string(token), func(c rune) bool { return c == '~' || c == '.' }) {
		if b, err := base64.RawURLEncoding.DecodeString(part); err == nil && bytes.Contains(b, []byte(value)) {
			return true
		}
	}
	return bytes.Contains(token, []byte(value))
}

// TestThreat44_OneOnly: one SD-JWT presentation holds one credential, and what is
// kept in one envelope only is presented in that or not at all.
func TestThreat44_OneOnly(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	other := good("")
	other.number = "OH-MDR-3001235"
	a, b, c := w.take(w.sdjwt(good(h), w.second())), w.take(w.sdjwt(other, w.second())), w.receive(licence{"BoardCertification", "BC-77", "2027-12-31", "2027-12-31T23:59:59Z", h})
	_, file := w.request()
	_, sdOnly := w.ask(nil, []string{string(vc.SDJWT)})
	_, vcdmOnly := w.ask(nil, []string{string(vc.VCDM)})
	for name, x := range map[string]struct {
		file   []byte
		choice Choice
		code   string
	}{
		"two": {file, Choice{IDs: []string{a.ID, b.ID}}, "wallet_one_only"}, "two of two kinds": {file, Choice{IDs: []string{a.ID, c.ID}}, "wallet_format_missing"},
		"not kept as VCDM": {file, Choice{IDs: []string{a.ID}, Format: vc.VCDM}, "wallet_format_missing"}, "not kept as SD-JWT": {file, Choice{IDs: []string{c.ID}, Format: vc.SDJWT}, "wallet_format_missing"},
		"SD-JWT wanted": {sdOnly, Choice{IDs: []string{c.ID}}, "wallet_format_missing"}, "VCDM wanted": {vcdmOnly, Choice{IDs: []string{a.ID}}, "wallet_format_missing"},
		"kept as it is wanted": {sdOnly, Choice{IDs: []string{a.ID}}, ""}, "an unknown format": {file, Choice{IDs: []string{a.ID}, Format: "mdoc"}, "wallet_format_missing"},
	} {
		out, err := w.wallet.Present(t.Context(), x.file, x.choice)
		wantCode(t, name, err, x.code)
		if (out == nil) != (x.code != "") {
			t.Errorf("%s: shared %v", name, out != nil)
		}
	}
	for file, want := range map[string][]string{string(sdOnly): {a.ID, b.ID}, string(vcdmOnly): {c.ID}} {
		items, err := w.wallet.Candidates(t.Context(), []byte(file))
		var got []string
		for _, it := range items {
			got = append(got, it.ID)
		}
		slices.Sort(got)
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("candidates %v, want %v (%v)", got, want, err)
		}
	}
}

// TestStanding: the list says what the ledger data of this home holds, and as of
// when.
func TestStanding(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	it := w.take(w.issue(good(h)))
	if it.Standing == nil || *it.Standing != (Standing{"current", "yes", false, w.now}) || len(it.Warnings) != 0 {
		t.Errorf("%+v, %v", it.Standing, it.Warnings)
	}
	for _, c := range []struct {
		s       ledger.Status
		may     string
		warning string
	}{
		{ledger.Probation, "with_conditions", "wallet_conditions"},
		{ledger.SuspendedStatus, "no", "wallet_may_not_practise"},
		{ledger.Hold, "unknown", "wallet_undecided"},
		{ledger.Lapsed, "yes", ""},
		{ledger.Void, "no", "wallet_replaced"},
	} {
		w.ledger.Execute(w.ledger.Sign(w.board, ledger.SetStatus{Pages: 1, Changes: []ledger.StatusChange{{Op: ledger.SetValue, Index: 7, Value: c.s}}}))
		items, err := w.wallet.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		it := items[0]
		if it.Standing == nil || it.Standing.Status != c.s.String() || it.Standing.MayPractise != c.may || !it.Standing.AsOf.Equal(w.now) || strings.Join(it.Warnings, "") != c.warning {
			t.Errorf("%s: %+v, %v", c.s, it.Standing, it.Warnings)
		}
		if c.warning != "" {
			wantCode(t, "warning", explain.Errorf(c.warning, ""), c.warning)
		}
	}
	// Without data, or where the board has no such page, nothing is told.
	w.noData = explain.Errorf("no_data", "not synced")
	if items, err := w.wallet.List(t.Context()); err != nil || items[0].Standing != nil || len(items[0].Warnings) != 0 {
		t.Errorf("%+v, %v", items, err)
	}
	w.wallet.c.Data = nil
	if items, err := w.wallet.List(t.Context()); err != nil || items[0].Standing != nil {
		t.Errorf("%+v, %v", items, err)
	}
}

// TestSecondKey: a wallet from before gets its second key when it claims, once.
func TestSecondKey(t *testing.T) {
	w := newWorld(t)
	w.init()
	if w.second().Kind() != did.P256 {
		t.Fatalf("a new wallet has no second key: %v", w.second())
	}
	w.store.binding = nil
	code, err := claimcode.New(bytes.NewReader(bytes.Repeat([]byte{9}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := w.wallet.Claim(t.Context(), code.Text(), w.board.DID); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.keys.keys) != 3 {
		t.Errorf("%d keys made", len(w.keys.keys))
	}
	w.store.binding.Public = w.ledger.Boards[0].DID.String()
	_, err = w.wallet.Claim(t.Context(), code.Text(), w.board.DID)
	wantCode(t, "a second key that is none", err, "data_damaged")
}

// faulty is a store and a key store whose n-th write fails, before or after it
// was done, as for a process that was killed there.
type faulty struct {
	*memory
	writes, fail int
	persisted    bool
}

var errInjected = errors.New("injected")

func (f *faulty) write(do func() error) error {
	f.writes++
	if f.writes != f.fail {
		return do()
	}
	if f.persisted {
		if err := do(); err != nil {
			return err
		}
	}
	return fmt.Errorf("write %d: %w", f.writes, errInjected)
}

// create is faulty for keyring.
func (f *faulty) create() (before, after error) {
	err := f.write(func() error { return nil })
	if err != nil && f.persisted {
		return nil, err
	}
	return err, nil
}

func (f *faulty) SetHolder(ctx context.Context, h Holder) error {
	return f.write(func() error { return f.memory.SetHolder(ctx, h) })
}

func (f *faulty) SetBindingKey(ctx context.Context, k BindingKey) error {
	return f.write(func() error { return f.memory.SetBindingKey(ctx, k) })
}

func (f *faulty) Add(ctx context.Context, c Credential) error {
	return f.write(func() error { return f.memory.Add(ctx, c) })
}

func (f *faulty) Delete(ctx context.Context, id string) (ok bool, err error) {
	err = f.write(func() (err error) { ok, err = f.memory.Delete(ctx, id); return err })
	return ok, err
}

func (f *faulty) Replace(ctx context.Context, c []Credential) error {
	return f.write(func() error { return f.memory.Replace(ctx, c) })
}

func (f *faulty) PutClaim(ctx context.Context, p Pending) error {
	return f.write(func() error { return f.memory.PutClaim(ctx, p) })
}

func (f *faulty) DropClaim(ctx context.Context, board did.DID, code string) error {
	return f.write(func() error { return f.memory.DropClaim(ctx, board, code) })
}

func (f *faulty) Log(ctx context.Context, s Shared) error {
	return f.write(func() error { return f.memory.Log(ctx, s) })
}

// TestKilledAtEveryWrite: a practitioner's first day, broken off at each write,
// before it or after. The step is done again by a wallet that knows only what was
// stored: keys stay what they were, nothing is kept twice, and what was handed
// out is in the log.
func TestKilledAtEveryWrite(t *testing.T) {
	day := func(t *testing.T, fail int, persisted bool) (writes int) {
		w := newWorld(t)
		f := &faulty{memory: w.store, fail: fail, persisted: persisted}
		w.keys.fail = f.create
		w.wallet.c.Store = f
		crashes, handed := 0, 0
		step := func(what string, do func() error) {
			t.Helper()
			for try := 1; ; try++ {
				err := do()
				if err == nil {
					return
				}
				if !errors.Is(err, errInjected) || try > 2 {
					t.Fatalf("%s, try %d: %v", what, try, err)
				}
				crashes++
				again, err := New(w.wallet.c)
				if err != nil {
					t.Fatal(err)
				}
				w.wallet = again
			}
		}
		var h did.DID
		step("init", func() (err error) {
			if h, err = w.wallet.Holder(t.Context()); err == nil {
				return nil // it was made before the crash
			}
			h, err = w.wallet.Init(t.Context())
			return err
		})
		second := w.second()
		code, err := claimcode.New(bytes.NewReader(bytes.Repeat([]byte{9}, 32)))
		if err != nil {
			t.Fatal(err)
		}
		claim := func() error { _, err := w.wallet.Claim(t.Context(), code.Text(), w.board.DID); return err }
		step("claim", claim)
		if w.second() != second || second.Kind() != did.P256 {
			t.Error("claiming changed the second key")
		}
		// The same wallet as one of the version before.
		w.store.binding = nil
		step("claim with a former wallet", claim)
		second = w.second()
		step("claim again", claim)
		if w.second() != second {
			t.Error("the second key changed")
		}
		var it Item
		for _, b := range [][]byte{w.issue(good(h)), w.sdjwt(good(h), second)} {
			step("receive", func() (err error) { it, err = w.wallet.Receive(t.Context(), b); return err })
		}
		if len(w.store.creds) != 2 || !slices.Equal(it.Formats, both) {
			t.Errorf("%d kept, %v", len(w.store.creds), it.Formats)
		}
		for _, format := range both {
			r, file := w.request()
			step("present", func() error {
				b, err := w.wallet.Present(t.Context(), file, Choice{IDs: []string{it.ID}, Format: format})
				if (b == nil) != (err != nil) {
					t.Error("something is handed out beside an error")
				}
				if err == nil {
					handed++
					if !slices.ContainsFunc(w.store.log, func(s Shared) bool { return s.Nonce == r.Nonce && s.Credentials[0].Format == format }) {
						t.Error("what was handed out is not in the log")
					}
				}
				return err
			})
		}
		if handed != 2 || len(w.store.log) < 2 || len(w.store.log) > 3 {
			t.Errorf("%d handed out, %d in the log", handed, len(w.store.log))
		}
		if got, err := w.wallet.Holder(t.Context()); err != nil || got != h {
			t.Errorf("holder %s, %v", got, err)
		}
		kept := slices.Clone(w.store.creds)
		step("discard", func() error {
			err := w.wallet.Discard(t.Context(), it.ID)
			if explain.CodeOf(err) == "wallet_no_credential" && crashes > 0 {
				return nil // it was done before the crash
			}
			return err
		})
		if aside, err := w.wallet.Discarded(t.Context()); err != nil || len(aside) != 1 || len(aside[0].Envelopes()) != 2 {
			t.Errorf("discarded: %+v, %v", aside, err)
		}
		step("put back", func() error {
			err := w.wallet.PutBack(t.Context(), it.ID)
			if explain.CodeOf(err) == "wallet_no_credential" && crashes > 0 {
				return nil
			}
			return err
		})
		if !reflect.DeepEqual(w.store.creds, kept) {
			t.Error("what was put back is not what was discarded")
		}
		step("delete", func() error {
			err := w.wallet.Delete(t.Context(), it.ID)
			if explain.CodeOf(err) == "wallet_no_credential" && crashes > 0 {
				return nil // it was done before the crash
			}
			return err
		})
		if len(w.store.creds) != 0 {
			t.Errorf("%d left", len(w.store.creds))
		}
		if fail > 0 && crashes != 1 {
			t.Errorf("%d crashes", crashes)
		}
		return f.writes
	}
	writes := day(t, 0, false)
	if writes < 10 {
		t.Fatalf("only %d writes", writes)
	}
	for n := 1; n <= writes; n++ {
		for _, persisted := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d persisted=%v", n, persisted), func(t *testing.T) { day(t, n, persisted) })
		}
	}
}

// FuzzReceive: whatever is offered, what is kept was vouched for, and what is
// not has a code.
func FuzzReceive(f *testing.F) {
	w := newWorld(f)
	h := w.init()
	sd := w.sdjwt(good(h), w.second())
	it := w.take(sd)
	_, file := w.request()
	shown, err := w.wallet.Present(f.Context(), file, Choice{IDs: []string{it.ID}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sd)
	f.Add(shown)
	f.Add(w.issue(good(h)))
	f.Add([]byte("eyJ~"))
	f.Fuzz(func(t *testing.T, b []byte) {
		kept := len(w.store.creds)
		_, err := w.wallet.Receive(t.Context(), b)
		if err != nil && (explain.CodeOf(err) == "" || len(w.store.creds) != kept) {
			t.Fatalf("%v, %d kept", err, len(w.store.creds)-kept)
		}
		for _, c := range w.store.creds[kept:] {
			if a, err := w.wallet.c.Checker.Check(t.Context(), c.Bytes); err != nil || !a.Authentic() {
				t.Fatalf("kept, but not authentic: %v", err)
			}
		}
	})
}
