package pack

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/types"

	"bonafide/internal/explain"
	"bonafide/internal/testkit"
	"bonafide/ledger"
)

// TestThreat59_ProofOfAnotherSubject: what is proved is proved of one subject, in
// the state after one height, of one story.
func TestThreat59_ProofOfAnotherSubject(t *testing.T) {
	l, twin := world(t, 4), world(t, 4) // the same validators
	for i, x := range []*testkit.Ledger{l, twin} {
		b := x.NewBoard("Second")
		x.Create(b)
		x.Decide(ledger.Accredit{Issuer: b.DID, Type: "BoardCertification", Jurisdictions: []string{"US-OH"}})
		x.Execute(x.Sign(b, set(1, 9, 4)))
		x.Anchor(b, [32]byte{9}, 2, ledger.Month{Year: 2028, Month: 1})
		x.Execute(x.Sign(b, set(1, 5, uint32(4+i)))) // here the stories part
	}
	tr := pin(t, l)
	good := export(t, l, 0)
	older := parsed(t, good)
	take(t, tr, nil, good, l.Now)
	tried := 0
	try := func(what string, f *file) {
		t.Helper()
		var w columns
		if err := w.putBlocks(f.blocks); err != nil {
			t.Fatal(err)
		}
		if err := w.putCarried(f.carried); err != nil {
			return // has no form at all
		}
		b, err := seal(f.head, w.bytes())
		if err != nil {
			t.Fatal(err)
		}
		tried++
		res, err := Import(tr, nil, bytes.NewReader(b), l.Now, time.Time{})
		if code := explain.CodeOf(err); err == nil || res != nil || code != "pack_altered" && code != "pack_malformed" {
			t.Errorf("%s: %v", what, err)
		}
	}
	// What one subject holds, said of another of its kind, and the other way.
	pairs := map[ledger.Kind]bool{}
	for i, a := range older.carried.Subjects {
		for j, b := range older.carried.Subjects[:i] {
			kind, _ := ledger.KindOf(a.Name)
			if other, _ := ledger.KindOf(b.Name); other != kind {
				continue
			}
			f := parsed(t, good)
			x, y := &f.carried.Subjects[i], &f.carried.Subjects[j]
			*x, *y = *y, *x
			x.Name, y.Name = y.Name, x.Name
			if fmt.Sprintf("%+v", *x) == fmt.Sprintf("%+v", a) {
				continue // they hold the same
			}
			pairs[kind] = true
			try(fmt.Sprintf("%s as %s", b.Name, a.Name), f)
		}
	}
	for _, kind := range []ledger.Kind{ledger.KindList, ledger.KindRoot, ledger.KindStatus} {
		if !pairs[kind] {
			t.Errorf("no two subjects of kind %v were exchanged", kind)
		}
	}
	// The state of one height under the header of another, both ways.
	tr = pin(t, l)
	l.Execute(l.Sign(l.Boards[0], set(1, 5, 6)))
	newer := parsed(t, export(t, l, 0))
	take(t, tr, nil, newer.file(t), l.Now)
	f := parsed(t, newer.file(t))
	f.carried = older.carried
	try("an older state under a newer header", f)
	f = parsed(t, good)
	f.carried = newer.carried
	try("a newer state under an older header", f)
	// Another story of the same members under this one's header.
	f = parsed(t, good)
	f.carried = parsed(t, export(t, twin, 0)).carried
	try("another story under this header", f)
	t.Logf("%d proofs of something else", tried)
}

// TestThreat60_AsTheLightClientJudges: over all sizes of sets, old members among
// the new, and votes, a step holds exactly where CometBFT's light client says so,
// and that is where more than two thirds of the new set signed and, if blocks were
// skipped, more than a third of the old one.
func TestThreat60_AsTheLightClientJudges(t *testing.T) {
	now := t0.Add(time.Hour)
	app := bytes.Repeat([]byte{9}, 32)
	held, failed := 0, 0
	for _, n := range []int{1, 2, 3, 4, 6} {
		c := testkit.NewChain(testNet, n, 3)
		blocks(c, 3)
		trusted, old := block(t, c, 3), c.Set(4)
		fresh := make([]*types.Validator, 6)
		for i := range fresh {
			fresh[i] = types.NewValidator(c.NewKey().PubKey(), 1)
		}
		for _, m := range []int{1, 3, 4, 6} {
			for stay := 0; stay <= min(n, m); stay++ {
				var vals []*types.Validator
				for _, v := range old.Validators[:stay] {
					vals = append(vals, types.NewValidator(v.PubKey, 1))
				}
				next := types.NewValidatorSet(append(vals, fresh[:m-stay]...))
				for votes := 0; votes <= m; votes++ {
					c.Vote = func(_ int64, i int) types.BlockIDFlag {
						switch {
						case i < votes:
							return types.BlockIDFlagCommit
						case i%2 == 0:
							return types.BlockIDFlagNil
						}
						return types.BlockIDFlagAbsent
					}
					known := 0 // votes of the old set's members
					for _, v := range next.Validators[:votes] {
						if old.HasAddress(v.Address) {
							known++
						}
					}
					for _, height := range []int64{4, 9} {
						lb := c.Sign(height, app, now, next, next)
						oracle := light.Verify(trusted.SignedHeader, trusted.ValidatorSet, lb.SignedHeader, lb.ValidatorSet,
							TrustingPeriod, now, time.Hour, light.DefaultTrustLevel)
						want := votes*3 > m*2
						if height == 4 {
							want = want && bytes.Equal(next.Hash(), old.Hash())
						} else {
							want = want && known*3 > n
						}
						_, err := follow(trusted, []*types.LightBlock{lb}, now)
						if (err == nil) != want || (oracle == nil) != want {
							t.Fatalf("%d validators, then %d of which %d stay, %d votes, block %d: %v; the light client: %v", n, m, stay, votes, height, err, oracle)
						}
						if want {
							held++
						} else {
							failed++
							wantCode(t, err, "pack_signatures")
						}
					}
				}
				c.Vote = nil
			}
		}
	}
	if held < 50 || failed < 200 {
		t.Errorf("%d steps held, %d failed", held, failed)
	}
}

// TestThreat60_VotesOfOthers: votes for something else, or by somebody else, in
// the place of those that are asked for.
func TestThreat60_VotesOfOthers(t *testing.T) {
	now := t0.Add(time.Hour)
	app := bytes.Repeat([]byte{9}, 32)
	c := testkit.NewChain(testNet, 4, 3)
	blocks(c, 3)
	trusted, set := block(t, c, 3), c.Set(4)
	elsewhere := testkit.NewChain("other-abcdefgh", 4, 3) // the same keys on another chain
	blocks(elsewhere, 3)
	foreign := testkit.NewChain(testNet, 4, 99)
	blocks(foreign, 3)
	for name, forge := range map[string]func(lb *types.LightBlock){
		"given on another chain": func(lb *types.LightBlock) { lb.SignedHeader = elsewhere.Commit(lb.Header, set) },
		"in another order": func(lb *types.LightBlock) {
			s := lb.Commit.Signatures
			s[0], s[1] = s[1], s[0]
		},
		"under other addresses": func(lb *types.LightBlock) {
			s := lb.Commit.Signatures
			s[0].ValidatorAddress, s[1].ValidatorAddress = s[1].ValidatorAddress, s[0].ValidatorAddress
		},
		"of another round":  func(lb *types.LightBlock) { lb.Commit.Round++ },
		"at another time":   func(lb *types.LightBlock) { lb.Commit.Signatures[2].Timestamp = now },
		"for another block": func(lb *types.LightBlock) { lb.Commit = c.Sign(4, []byte("another"), now, set, set).Commit },
		"nil votes said to be for it": func(lb *types.LightBlock) {
			c.Vote = func(int64, int) types.BlockIDFlag { return types.BlockIDFlagNil }
			lb.SignedHeader = c.Commit(lb.Header, set)
			c.Vote = nil
			for i := range lb.Commit.Signatures {
				lb.Commit.Signatures[i].BlockIDFlag = types.BlockIDFlagCommit
			}
		},
		"of strangers beside the members' names": func(lb *types.LightBlock) { lb.ValidatorSet = foreign.Set(1) },
		"of strangers, under the members' names": func(lb *types.LightBlock) {
			lb.SignedHeader = foreign.Commit(lb.Header, foreign.Set(1))
			for i, v := range set.Validators {
				lb.Commit.Signatures[i].ValidatorAddress = v.Address
			}
		},
		"one too many": func(lb *types.LightBlock) {
			lb.Commit.Signatures = append(lb.Commit.Signatures, lb.Commit.Signatures[0])
		},
		"power that nobody has": func(lb *types.LightBlock) {
			s := lb.ValidatorSet.Copy()
			s.Validators[0].VotingPower = 100
			lb.ValidatorSet = s
		},
	} {
		for _, height := range []int64{4, 9} {
			lb := c.Sign(height, app, now, set, set)
			if _, err := follow(trusted, []*types.LightBlock{lb}, now); err != nil {
				t.Fatal(err)
			}
			forge(lb)
			if _, err := follow(trusted, []*types.LightBlock{lb}, now); err == nil {
				t.Errorf("%s, block %d: followed", name, height)
			}
			if err := light.Verify(trusted.SignedHeader, trusted.ValidatorSet, lb.SignedHeader, lb.ValidatorSet,
				TrustingPeriod, now, time.Hour, light.DefaultTrustLevel); err == nil {
				t.Logf("%s, block %d: stricter than the light client", name, height)
			}
			// Nor does it get past the reading.
			raw, err := marshalLight(lb)
			if err != nil {
				continue
			}
			if back, err := parseLight(raw); err == nil && selfSigned(back) == nil {
				t.Errorf("%s, block %d: read, and signed", name, height)
			}
		}
	}
}
