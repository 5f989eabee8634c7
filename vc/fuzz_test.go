package vc

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"bonafide/vc/internal/ld"
)

func addSeeds(f *testing.F) {
	f.Helper()
	cred := seal(f, claims(), board)
	f.Add(cred)
	pres, err := Present(holder.did, [][]byte{cred}, "c", "d", holder.method, testTime, holder.sign)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pres)
	for _, pattern := range []string{"vc-di-eddsa/proof-set-chain/signed*", "vc-di-eddsa/eddsa-rdfc-2022/signed*", "di-assertion-proof-chain/inputs/*/*", "vcdm2-test-suite-input/input/*.json", "vcdm2-test-suite-input/input/*/*.json"} {
		names, err := filepath.Glob("testdata/" + pattern)
		if err != nil || len(names) == 0 {
			f.Fatal(pattern, err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
}

// What parses is written and read again as the same thing, and what verifies
// says the same before and after. In the board's name nothing verifies that
// does not make the statements which the board signed.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	signed := claims()
	signed["evidence"].([]any)[0].(map[string]any)["anchor"] = testAnchor
	want, err := ld.ToCanonical(signed)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			if p != nil {
				t.Fatal("something came back with the error")
			}
			return
		}
		again, err := Parse(p.JSON())
		if err != nil || !bytes.Equal(again.JSON(), p.JSON()) || again.Kind() != p.Kind() {
			t.Fatal("does not read back:", err)
		}
		p.IssuerHint()
		p.HolderHint()
		p.ChallengeHint()
		leaf1, err1 := p.Leaf(testChain, testSalt)
		leaf2, err2 := again.Leaf(testChain, testSalt)
		if leaf1 != leaf2 || (err1 == nil) != (err2 == nil) {
			t.Fatal("another leaf after reading back")
		}
		for _, q := range append(p.Credentials(), p) {
			a, err := q.Verify(selfKeys)
			if err != nil {
				if a.Authentic() {
					t.Fatal("something came back with the error")
				}
				continue
			}
			c, err := verify(q.JSON(), selfKeys)
			if err != nil || !bytes.Equal(canonical(c.Claims()), canonical(a.Claims())) {
				t.Fatal("verifies no more after reading back:", err)
			}
			if a.Issuer() == board.did {
				if got, err := ld.ToCanonical(a.Claims()); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("the board did not sign this: %s", canonical(a.Claims()))
				}
			}
		}
	})
}

// As FuzzParse, for what a presentation proves.
func FuzzPresentation(f *testing.F) {
	addSeeds(f)
	policy := PresentationPolicy{Challenge: "c", Domain: "d", Now: testTime}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		got, err := p.VerifyPresentation(selfKeys, policy)
		if err != nil {
			if got.Holder != "" || got.Credentials != nil {
				t.Fatal("something came back with the error")
			}
			return
		}
		again, err := Parse(p.JSON())
		if err != nil {
			t.Fatal(err)
		}
		if same, err := again.VerifyPresentation(selfKeys, policy); err != nil || same.Holder != got.Holder || len(same.Credentials) != len(got.Credentials) {
			t.Fatal("verifies no more after reading back:", err)
		}
		if got.Holder == holder.did && (len(got.Credentials) != 1 || !bytes.Equal(got.Credentials[0].JSON(), seal(t, claims(), board))) {
			t.Fatal("the holder did not present this")
		}
	})
}

// A credential with some bytes changed has the same claims or none.
func FuzzFlip(f *testing.F) {
	cred := seal(f, claims(), board)
	a, err := verify(cred, selfKeys)
	if err != nil {
		f.Fatal(err)
	}
	want := canonical(a.Claims())
	f.Add(uint(0), byte(1), uint(1), byte(0))
	f.Add(uint(700), byte(0x20), uint(701), byte(0x20))
	f.Fuzz(func(t *testing.T, i uint, x byte, j uint, y byte) {
		b := bytes.Clone(cred)
		b[i%uint(len(b))] ^= x
		b[j%uint(len(b))] ^= y
		if a, err := verify(b, selfKeys); err == nil && !bytes.Equal(canonical(a.Claims()), want) {
			t.Fatalf("other claims verify: %s", b)
		}
	})
}
