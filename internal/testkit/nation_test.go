package testkit

import (
	"bytes"
	"testing"
	"time"

	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// A small nation is what it says: every epoch of its days is used, the share of
// licences that are not current stays, and a pack and a delta of it import.
func TestNation(t *testing.T) {
	params := TestParams
	params.Interval = 10 * time.Minute
	var rows int
	l := NewStoredLedger(t, "test-abcdefgh", 4, 3, params, func(r []ledger.Row) { rows += len(r) })
	const licences, daily = 20_000, 0.002
	n := NewNation(l, NationSize{Issuers: 6, Licences: licences, NotCurrent: 0.03, Changes: daily, Years: 4}, 5)
	lb, err := n.LightBlock(n.Header())
	if err != nil {
		t.Fatal(err)
	}
	pin, err := pack.NewNetwork(lb)
	if err != nil {
		t.Fatal(err)
	}
	take := func(trust pack.Trust, cur *pack.Data, from uint64) *pack.Result {
		t.Helper()
		var b bytes.Buffer
		if err := pack.Export(&b, n, from); err != nil {
			t.Fatal(err)
		}
		res, err := pack.Import(trust, cur, &b, n.Now(), n.Now())
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	trust, err := pack.Pin(pin, n.Now())
	if err != nil {
		t.Fatal(err)
	}
	first := take(trust, nil, 0)
	n.Days(2)
	second := take(first.Trust, first.Data, first.Data.Height)
	if got := second.Data.View.LastEpoch(); got != 2*EpochsADay {
		t.Errorf("%d epochs in two days", got)
	}
	if got, want := len(second.Changes), int(2*daily*licences); got < want-12 || got > want+12 {
		t.Errorf("%d changes in two days, want about %d", got, want)
	}
	other := 0
	for _, x := range n.issuers {
		for i := range second.Data.View.Pages(x.DID) * ledger.PageIndexes {
			if s, err := second.Data.View.Status(x.DID, i); err != nil {
				t.Fatal(err)
			} else if s != ledger.Current {
				other++
			}
		}
	}
	if other < licences*3/100-12 || other > licences*3/100+12 {
		t.Errorf("%d licences are not current", other)
	}
	if rows < n.Changes {
		t.Errorf("%d rows for %d changes", rows, n.Changes)
	}
	if again := take(first.Trust, nil, 0); again.Data.View.AppHash() != second.Data.View.AppHash() {
		t.Error("pack and delta lead to two states")
	}
}
