package pack

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/cometbft/cometbft/types"

	"bonafide/internal/testkit"
)

// Who gave no vote for the header that proves the data is read off the data: absent
// is silent, a vote for nothing is not, and a replaced key is the same member's.
func TestSilent(t *testing.T) {
	l := testkit.NewLedger(t, testNet, 7, 1)
	votes := map[string]types.BlockIDFlag{} // by address; others commit
	l.Vote = func(h int64, i int) types.BlockIDFlag {
		if f, ok := votes[string(l.Set(h).Validators[i].Address)]; ok {
			return f
		}
		return types.BlockIDFlagCommit
	}
	address := func(b *testkit.Board) string {
		t.Helper()
		for _, m := range l.View().Members(l.View().Height()) {
			if m.DID != b.DID {
				continue
			}
			for _, v := range l.Set(l.Height()).Validators {
				if bytes.Equal(v.PubKey.Bytes(), m.Consensus[:]) {
					return string(v.Address)
				}
			}
		}
		t.Fatalf("%s is no validator", b.Name)
		return ""
	}
	// silent is what a home reads that takes the newest data in.
	silent := func() (names []string) {
		t.Helper()
		var b bytes.Buffer
		if err := Export(&b, l, 0); err != nil {
			t.Fatal(err)
		}
		n, err := NewNetwork(block(t, l.Chain, l.Height()))
		if err != nil {
			t.Fatal(err)
		}
		trust, err := Pin(n, l.Now)
		if err != nil {
			t.Fatal(err)
		}
		res, err := Import(trust, nil, &b, l.Now, l.Now)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range res.Data.Silent() {
			names = append(names, m.Name)
		}
		slices.Sort(names)
		return names
	}
	if got := silent(); got != nil {
		t.Error("everybody signed:", got)
	}
	votes[address(l.Boards[1])] = types.BlockIDFlagAbsent
	votes[address(l.Boards[4])] = types.BlockIDFlagAbsent
	l.Beat(time.Minute)
	if got := silent(); !slices.Equal(got, []string{"Board 2", "Board 5"}) {
		t.Error("two are away:", got)
	}
	votes[address(l.Boards[4])] = types.BlockIDFlagNil
	l.Beat(time.Minute)
	if got := silent(); !slices.Equal(got, []string{"Board 2"}) {
		t.Error("one is away, one voted for nothing:", got)
	}
	// With another key it is the same board.
	l.ReplaceConsensus(l.Boards[1])
	if got := silent(); got != nil {
		t.Error("the new key signs:", got)
	}
	votes[address(l.Boards[1])] = types.BlockIDFlagAbsent
	l.Beat(time.Minute)
	if got := silent(); !slices.Equal(got, []string{"Board 2"}) {
		t.Error("away with its new key:", got)
	}
}
