package ledger

import (
	"maps"
	"testing"
)

// TestUpgradeChangesRules: from the height that was voted on, and not before, a
// block runs under the rules of that name; a state that is loaded in between
// goes on under them; a later decision for v1 calls an upgrade off.
func TestUpgradeChangesRules(t *testing.T) {
	before := maps.Clone(upgrades)
	t.Cleanup(func() { upgrades = before })
	upgrades["next"] = rules{batch: func(b AnchorBatch) AnchorBatch { b.LastValidity.Month = 12; return b }}
	if !KnowsUpgrade("next") || !KnowsUpgrade("v1") || KnowsUpgrade("v2") {
		t.Fatal("names of rules")
	}
	a := newBoard("a")
	n := newNetwork(t, a)
	tries := byte(0)
	recorded := func() uint8 {
		t.Helper()
		tries++
		n.must(a, AnchorBatch{Root: Hash{tries}, Size: 1, LastValidity: Month{2027, 3}})
		recs := n.s.d.ids[a.id].batches.recs
		return recs[len(recs)-1].last.Month
	}
	at := n.s.Height() + 4
	n.must(a, Propose{Upgrade{"next", at}})
	for n.s.Height() < at-1 {
		if m := recorded(); m != 3 {
			t.Fatalf("block %d: month %d before the upgrade", n.s.Height(), m)
		}
	}
	if m := recorded(); n.s.Height() != at || m != 12 {
		t.Fatalf("block %d: month %d in the first block under the new rules", n.s.Height(), m)
	}
	n.reload()
	if m := recorded(); m != 12 {
		t.Fatalf("month %d after loading", m)
	}

	at = n.s.Height() + 4
	n.must(a, Propose{Upgrade{"unheard-of", at}})
	n.must(a, Propose{Upgrade{"v1", at - 1}})
	for n.s.Height() < at+2 {
		recorded()
		if u, due := n.s.UpgradeDue(n.s.Height()); !due || !KnowsUpgrade(u.Name) {
			t.Fatalf("block %d is under %+v", n.s.Height(), u)
		}
	}
	if m := recorded(); m != 3 {
		t.Fatalf("month %d under the rules of the beginning", m)
	}
}

// TestVouch: heights that the app hash does not cover are raised, nothing else.
func TestVouch(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	n.must(a, SetStatus{Pages: 1, Changes: []StatusChange{set(7, Hold)}})
	hash := n.s.AppHash()
	n.run()
	height := n.s.Height()
	changed := 0
	s, err := Load(func(yield func([]byte, []byte) bool) {
		for k, v := range sortedRows(n.rows) {
			r := Row{k, v}
			r.Vouch(height)
			if string(r.Value) != string(v) {
				changed++
			}
			if !yield(r.Key, r.Value) {
				return
			}
		}
	})
	if err != nil || s.AppHash() != n.s.AppHash() || changed != 2 {
		t.Fatalf("%d rows changed, %v, %x %x", changed, err, s.AppHash(), hash)
	}
	if x := s.d.ids[a.id]; x.seqHeight != height || x.status.height != height {
		t.Fatalf("%d and %d, not %d", x.seqHeight, x.status.height, height)
	}
}
