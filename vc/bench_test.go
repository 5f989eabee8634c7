package vc

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"time"
)

// largeCredential is a credential of about three kilobytes, with an anchor as long as one
// from a network of many boards.
func largeCredential(t testing.TB) []byte {
	c := claims()
	c["description"] = "Licence to practise medicine and surgery in the State of Ohio, entered in the register of the board."
	l := c["credentialSubject"].(map[string]any)["licence"].(map[string]any)
	l["conditions"] = []any{
		"Practises under the supervision of a physician in the same practice.", "No controlled substances of schedule II.",
		"Reports to the board every three months.", "Attends the courses that the board names.",
	}
	anchor := testAnchor
	testAnchor = strings.Repeat("QW5j", 350)
	defer func() { testAnchor = anchor }()
	return seal(t, c, board)
}

// compare runs work and bare by turns, so that a busy machine weighs on both,
// and reports how often bare fits into work.
func compare(b *testing.B, work func() error, bare func()) {
	b.Helper()
	if err := work(); err != nil { // the first run fills caches
		b.Fatal(err)
	}
	var ours, theirs time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		start := time.Now()
		if err := work(); err != nil {
			b.Fatal(err)
		}
		half := time.Now()
		bare()
		ours += half.Sub(start)
		theirs += time.Since(half)
	}
	b.ReportMetric(float64(ours)/float64(theirs), "x-bare")
	b.ReportMetric(float64(ours)/float64(b.N), "ns/work")
	b.ReportMetric(float64(theirs)/float64(b.N), "ns/bare")
}

// BenchmarkVerify is the way of a credential through this package: parsed,
// verified, its leaf computed. `x-bare` says how many bare signature checks
// that takes, measured in the same run.
func BenchmarkVerify(b *testing.B) {
	doc := largeCredential(b)
	p, err := Parse(doc)
	if err != nil {
		b.Fatal(err)
	}
	q := each(p.doc["proof"])[0]
	sig, _ := decodeSignature(q["proofValue"].(string))
	msg := make([]byte, 64)
	public := board.secret.Public().(ed25519.PublicKey)
	keys := fixedKey(board)
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
	}, func() { ed25519.Verify(public, msg, sig[:]) })
	b.ReportMetric(float64(len(doc)), "bytes")
}

// BenchmarkIssue drafts, takes the leaf and seals; `x-bare` is against bare
// signing.
func BenchmarkIssue(b *testing.B) {
	c := claims()
	msg := make([]byte, 64)
	o := ProofOptions{VerificationMethod: board.method, Created: testTime, Key: board.key}
	compare(b, func() error {
		d, err := NewDraft(c)
		if err != nil {
			return err
		}
		if _, err := d.Leaf(testChain, testSalt); err != nil {
			return err
		}
		_, err = d.Seal(testAnchor, o, board.sign)
		return err
	}, func() { ed25519.Sign(board.secret, msg) })
}

// BenchmarkParts shows where the time of BenchmarkVerify goes.
func BenchmarkParts(b *testing.B) {
	doc := largeCredential(b)
	p, err := Parse(doc)
	if err != nil {
		b.Fatal(err)
	}
	claims := without(p.doc, "proof")
	parts := []struct {
		name string
		run  func() error
	}{
		{"parse", func() error { _, err := Parse(doc); return err }},
		{"canonicalise", func() error { _, err := hashDocument(claims, nil); return err }},
		{"exact", func() error { return checkExact(p.doc) }},
		{"leaf", func() error { _, err := p.Leaf(testChain, testSalt); return err }},
		{"verify", func() error { _, err := p.Verify(fixedKey(board)); return err }},
	}
	for _, part := range parts {
		b.Run(part.name, func(b *testing.B) {
			for range b.N {
				if err := part.run(); err != nil {
					b.Fatal(fmt.Errorf("%s: %w", part.name, err))
				}
			}
		})
	}
}
