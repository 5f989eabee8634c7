package testkit

import (
	"testing"

	"bonafide/ledger"
)

// Two ledgers of one seed are the same, and what they anchor can be found.
func TestLedgerRepeats(t *testing.T) {
	var hashes [2][32]byte
	for i := range hashes {
		l := NewLedger(t, "test-abcdefgh", 4, 3)
		b := l.NewBoard("Newcomer")
		l.Create(b)
		l.Admit(b)
		issuer := l.Boards[0]
		l.Decide(ledger.Accredit{Issuer: issuer.DID, Type: "ProfessionalLicence", Jurisdictions: []string{"US-OH"}})
		leaves := [][32]byte{{1}, {2}, {3}}
		anchors := l.AnchorLeaves(issuer, leaves, make([][16]byte, 3), ledger.Month{Year: 2028, Month: 1})
		for j, a := range anchors {
			if err := l.View().CheckAnchor(a, issuer.DID, leaves[j]); err != nil {
				t.Errorf("leaf %d: %v", j, err)
			}
		}
		lb, err := l.LightBlock(l.Header())
		if err != nil {
			t.Fatal(err)
		}
		if n := lb.ValidatorSet.Size(); n != 5 {
			t.Errorf("%d validators", n)
		}
		hashes[i] = [32]byte(lb.Hash())
	}
	if hashes[0] != hashes[1] {
		t.Error("one seed, two histories")
	}
}

func TestP256Repeats(t *testing.T) {
	a, b := NewP256(t, "a"), NewP256(t, "a")
	x, err := a.Sign([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.Sign([]byte("x"))
	if err != nil || string(x) != string(y) || !a.Public(t).Verify([]byte("x"), y) || NewP256(t, "b").Public(t) == a.Public(t) {
		t.Error("one name, two keys, or two names, one key", err)
	}
}
