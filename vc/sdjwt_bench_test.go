package vc

import (
	"strings"
	"testing"
	"time"

	"bonafide/did"
)

// sixDisclosures is a register copy with six claims disclosed and an anchor as
// long as one from a network of many boards.
func sixDisclosures(t testing.TB) []byte {
	c := claims256()
	subject := c["credentialSubject"].(map[string]any)
	delete(subject, "id")
	delete(subject, "npi")
	anchor := testAnchor
	testAnchor = strings.Repeat("QW5j", 350)
	defer func() { testAnchor = anchor }()
	b := seal256(t, draft256(t, c, did.PublicKey{}))
	p, err := Parse(b)
	if err != nil || len(p.DisclosedHint()) != 6 {
		t.Fatal(p.DisclosedHint(), err)
	}
	return b
}

// BenchmarkVerifySDJWT is the way of an SD-JWT VC through this package: parsed,
// verified, its leaf computed. `x-bare` says how many bare P-256 checks that
// takes, measured in the same run; `ratio` is its inverse.
func BenchmarkVerifySDJWT(b *testing.B) {
	doc := sixDisclosures(b)
	msg := make([]byte, 1024)
	sig, err := board256.sign(msg)
	if err != nil {
		b.Fatal(err)
	}
	keys := fixedKey256(board256)
	compare(b, func() error {
		p, err := Parse(doc)
		if err != nil {
			return err
		}
		if _, err := p.Verify(keys); err != nil {
			return err
		}
		_, err = p.Leaf(testChain, testSalt)
		return err
	}, func() { board256.key.Verify(msg, sig) })
	b.ReportMetric(float64(len(doc)), "bytes")
}

// BenchmarkVerifyKeyBinding adds the holder's signature; it needs two bare
// checks.
func BenchmarkVerifyKeyBinding(b *testing.B) {
	pres, err := PresentSDJWT(licence256(b), []string{"familyName", "givenName", "licence.number"}, "n", "a", holder256.key, testTime, holder256.sign)
	if err != nil {
		b.Fatal(err)
	}
	msg := make([]byte, 1024)
	sig, err := board256.sign(msg)
	if err != nil {
		b.Fatal(err)
	}
	keys := fixedKey256(board256)
	policy := PresentationPolicy{Challenge: "n", Domain: "a", Now: testTime.Add(time.Minute)}
	compare(b, func() error {
		p, err := Parse(pres)
		if err != nil {
			return err
		}
		a, err := p.Verify(keys)
		if err != nil {
			return err
		}
		if _, err = p.Leaf(testChain, testSalt); err != nil {
			return err
		}
		return p.VerifyKeyBinding(a, policy)
	}, func() { board256.key.Verify(msg, sig); board256.key.Verify(msg, sig) })
}

// BenchmarkIssueSDJWT drafts, takes the leaf and seals, against bare signing.
func BenchmarkIssueSDJWT(b *testing.B) {
	c := claims256()
	msg := make([]byte, 1024)
	o := ProofOptions{VerificationMethod: board256.method, Key: board256.key}
	source := salts()
	compare(b, func() error {
		d, err := NewSDJWTDraft(c, SDJWTOptions{Vct: testVct, Holder: holder256.key, Issued: testTime, Rand: source})
		if err != nil {
			return err
		}
		if _, err := d.Leaf(testChain, testSalt); err != nil {
			return err
		}
		_, err = d.Seal(testAnchor, o, board256.sign)
		return err
	}, func() { _, _ = board256.sign(msg) })
}

// BenchmarkPartsSDJWT shows where the time of BenchmarkVerifySDJWT goes.
func BenchmarkPartsSDJWT(b *testing.B) {
	doc := sixDisclosures(b)
	p, err := Parse(doc)
	if err != nil {
		b.Fatal(err)
	}
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{"parse", func() error { _, err := Parse(doc); return err }},
		{"claims", func() error { p.sd.claims(p.facts); return nil }},
		{"leaf", func() error { _, err := p.Leaf(testChain, testSalt); return err }},
		{"verify", func() error { _, err := p.Verify(fixedKey256(board256)); return err }},
	} {
		b.Run(part.name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if err := part.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
