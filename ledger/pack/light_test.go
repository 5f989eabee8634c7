package pack

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/testkit"

	"github.com/cometbft/cometbft/crypto/secp256k1"
	"github.com/cometbft/cometbft/light"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"
)

const testNet = "test-abcdefgh"

var t0 = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

// blocks adds n empty blocks a minute apart.
func blocks(c *testkit.Chain, n int) *types.LightBlock {
	var lb *types.LightBlock
	for range n {
		lb = c.Next(bytes.Repeat([]byte{7}, 32), t0.Add(time.Duration(c.Height())*time.Minute))
	}
	return lb
}

func block(t *testing.T, c *testkit.Chain, h int64) *types.LightBlock {
	t.Helper()
	lb, err := c.LightBlock(uint64(h))
	if err != nil {
		t.Fatal(err)
	}
	return lb
}

// path is what a pack carries of c up to its newest block: both sides of every
// member change, and the newest.
func path(t *testing.T, c *testkit.Chain) []*types.LightBlock {
	t.Helper()
	var out []*types.LightBlock
	add := func(h int64) {
		if len(out) == 0 || out[len(out)-1].Height < h {
			out = append(out, block(t, c, h))
		}
	}
	changes, err := c.MemberChanges()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range changes {
		add(int64(g) - 1)
		add(int64(g))
	}
	add(c.Height())
	return out
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil || explain.CodeOf(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
	if _, ok := explain.Lookup(code); !ok {
		t.Errorf("%s has no text", code)
	}
}

func TestLightBlockForm(t *testing.T) {
	c := testkit.NewChain(testNet, 4, 1)
	c.Vote = func(_ int64, i int) types.BlockIDFlag {
		if i == 3 {
			return types.BlockIDFlagAbsent
		}
		return types.BlockIDFlagCommit
	}
	lb := blocks(c, 3)
	b, err := marshalLight(lb)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseLight(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Hash(), lb.Hash()) {
		t.Fatal("another header came back")
	}
	t.Logf("light block of 4 validators: %d bytes", len(b))
	for i := range b {
		if lb, err := parseLight(b[:i]); err == nil {
			t.Fatalf("cut to %d bytes: accepted %v", i, lb.Height)
		}
	}
	// No byte is free: whatever still parses no longer carries the signatures.
	for i := range b {
		for _, bit := range []byte{1, 0x80} {
			b[i] ^= bit
			if x, err := parseLight(b); err == nil && selfSigned(x) == nil {
				t.Errorf("flipping bit %#x of byte %d changes nothing", bit, i)
			}
			b[i] ^= bit
		}
	}
}

func TestLightBlockRefused(t *testing.T) {
	c := testkit.NewChain(testNet, 3, 1)
	good := blocks(c, 2)
	for name, change := range map[string]func(*cmtproto.LightBlock){
		"no header":      func(p *cmtproto.LightBlock) { p.SignedHeader.Header = nil },
		"no commit":      func(p *cmtproto.LightBlock) { p.SignedHeader.Commit = nil },
		"no validators":  func(p *cmtproto.LightBlock) { p.ValidatorSet = nil },
		"power":          func(p *cmtproto.LightBlock) { p.ValidatorSet.Validators[0].VotingPower = 1 << 60 },
		"negative power": func(p *cmtproto.LightBlock) { p.ValidatorSet.Validators[0].VotingPower = -1 },
		"priority":       func(p *cmtproto.LightBlock) { p.ValidatorSet.Validators[1].ProposerPriority = 9 },
		"proposer":       func(p *cmtproto.LightBlock) { p.ValidatorSet.Proposer = p.ValidatorSet.Validators[1] },
		"duplicate":      func(p *cmtproto.LightBlock) { p.ValidatorSet.Validators[1] = p.ValidatorSet.Validators[0] },
		"vote flag":      func(p *cmtproto.LightBlock) { p.SignedHeader.Commit.Signatures[0].BlockIdFlag = 77 },
		"too few votes":  func(p *cmtproto.LightBlock) { p.SignedHeader.Commit.Signatures = p.SignedHeader.Commit.Signatures[:2] },
		"other height":   func(p *cmtproto.LightBlock) { p.SignedHeader.Commit.Height++ },
		"app hash":       func(p *cmtproto.LightBlock) { p.SignedHeader.Header.AppHash[0] ^= 1 },
	} {
		pb, err := good.ToProto()
		if err != nil {
			t.Fatal(err)
		}
		b, err := pb.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		pb = new(cmtproto.LightBlock)
		if err := pb.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		for _, v := range pb.ValidatorSet.Validators {
			v.ProposerPriority = 0
		}
		pb.ValidatorSet.Proposer = pb.ValidatorSet.Validators[0]
		change(pb)
		if b, err = pb.Marshal(); err != nil {
			t.Fatal(err)
		}
		if _, err := parseLight(b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	// A member's key is Ed25519.
	k := secp256k1.GenPrivKeySecp256k1([]byte("x"))
	set := types.NewValidatorSet([]*types.Validator{types.NewValidator(k.PubKey(), 1)})
	lb := *good
	lb.ValidatorSet = set
	h := *good.Header
	h.ValidatorsHash = set.Hash()
	lb.SignedHeader = &types.SignedHeader{Header: &h, Commit: good.Commit}
	b, err := marshalLight(&lb)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseLight(b); err == nil {
		t.Error("another kind of key: accepted")
	}
}

// Every kind of member change can be followed from every header to every later
// one, whatever share of the members it replaces.
func TestFollowMemberChanges(t *testing.T) {
	c := testkit.NewChain(testNet, 1, 5)
	var keys [][]byte
	blocks(c, 2)
	first := c.Set(1).Validators[0].PubKey.Bytes()
	replaced := c.NewKey().PubKey().Bytes()
	change := func(changes ...testkit.Power) {
		if err := c.Update(changes...); err != nil {
			t.Fatal(err)
		}
	}
	// The only member replaces its key: nobody of the old set signs any more.
	change(testkit.Power{Key: first}, testkit.Power{Key: replaced, Power: 1})
	blocks(c, 3)
	for range 4 { // admitted one by one, the last three in a row
		k := c.NewKey().PubKey().Bytes()
		keys = append(keys, k)
		change(testkit.Power{Key: k, Power: 1})
		blocks(c, 1)
	}
	blocks(c, 4)
	for _, k := range keys[:3] {
		change(testkit.Power{Key: k})
		blocks(c, 2)
	}
	blocks(c, 3)
	all := path(t, c)
	judged := t0.Add(24 * time.Hour)
	for h := int64(1); h <= c.Height(); h++ {
		for upto := h; upto <= c.Height(); upto++ {
			var some []*types.LightBlock
			for _, b := range all {
				if b.Height < upto {
					some = append(some, b)
				}
			}
			some = append(some, block(t, c, upto))
			got, err := follow(block(t, c, h), some, judged)
			if err != nil || got.Height != upto {
				t.Fatalf("from %d to %d: %v", h, upto, err)
			}
		}
	}
}

func TestThreat59_AnotherHeadersProof(t *testing.T) {
	c := testkit.NewChain(testNet, 4, 2)
	blocks(c, 5)
	a, b := block(t, c, 4), block(t, c, 5)
	// The commit of one header does not prove another.
	mixed := &types.LightBlock{SignedHeader: &types.SignedHeader{Header: b.Header, Commit: a.Commit}, ValidatorSet: b.ValidatorSet}
	raw, err := marshalLight(mixed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseLight(raw); err == nil {
		t.Fatal("accepted")
	}
	if _, err := follow(block(t, c, 1), []*types.LightBlock{mixed}, t0.Add(time.Hour)); err == nil {
		t.Fatal("followed")
	}
}

func TestThreat60_ForgedSteps(t *testing.T) {
	now := t0.Add(time.Hour)
	app := bytes.Repeat([]byte{9}, 32)
	vote := func(flags ...types.BlockIDFlag) func(int64, int) types.BlockIDFlag {
		return func(_ int64, i int) types.BlockIDFlag { return flags[i] }
	}
	const yes, no, none = types.BlockIDFlagCommit, types.BlockIDFlagNil, types.BlockIDFlagAbsent
	fresh := func() *testkit.Chain {
		c := testkit.NewChain(testNet, 4, 3)
		blocks(c, 3)
		return c
	}
	c := fresh()
	trusted := block(t, c, 3)
	set := c.Set(4)
	foreign := testkit.NewChain(testNet, 4, 99)
	blocks(foreign, 3)
	swapped := testkit.NewChain("other-abcdefgh", 4, 3)
	blocks(swapped, 3)
	mixed := func(own, others int) *types.ValidatorSet {
		var vals []*types.Validator
		for _, v := range set.Validators[:own] {
			vals = append(vals, types.NewValidator(v.PubKey, 1))
		}
		for range others {
			vals = append(vals, types.NewValidator(c.NewKey().PubKey(), 1))
		}
		return types.NewValidatorSet(vals)
	}
	one, two := mixed(1, 3), mixed(2, 2)
	resigned := func(f func(*types.LightBlock)) *types.LightBlock {
		x := c.Sign(4, app, now, set, set)
		f(x)
		return x
	}
	cases := []struct {
		name string
		make func() *types.LightBlock
		ok   bool
	}{
		{"next", func() *types.LightBlock { return c.Sign(4, app, now, set, set) }, true},
		{"later", func() *types.LightBlock { return c.Sign(9, app, now, set, set) }, true},
		{"three of four", func() *types.LightBlock {
			c.Vote = vote(yes, none, yes, yes)
			return c.Sign(4, app, now, set, set)
		}, true},
		{"three of four and a nil vote", func() *types.LightBlock {
			c.Vote = vote(yes, no, yes, yes)
			return c.Sign(9, app, now, set, set)
		}, true},
		{"two of four, absent", func() *types.LightBlock {
			c.Vote = vote(yes, none, none, yes)
			return c.Sign(4, app, now, set, set)
		}, false},
		{"two of four, nil votes", func() *types.LightBlock {
			c.Vote = vote(yes, no, no, yes)
			return c.Sign(9, app, now, set, set)
		}, false},
		{"all nil", func() *types.LightBlock {
			c.Vote = vote(no, no, no, no)
			return c.Sign(4, app, now, set, set)
		}, false},
		{"all absent", func() *types.LightBlock {
			c.Vote = vote(none, none, none, none)
			return c.Sign(4, app, now, set, set)
		}, false},
		{"strangers, next", func() *types.LightBlock { return foreign.Sign(4, app, now, foreign.Set(1), foreign.Set(1)) }, false},
		{"strangers, later", func() *types.LightBlock { return foreign.Sign(9, app, now, foreign.Set(1), foreign.Set(1)) }, false},
		{"jump with one of four old", func() *types.LightBlock { return c.Sign(9, app, now, one, one) }, false},
		{"jump with two of four old", func() *types.LightBlock { return c.Sign(9, app, now, two, two) }, true},
		{"two of four old, next", func() *types.LightBlock { return c.Sign(4, app, now, two, two) }, false},
		{"chain id swapped", func() *types.LightBlock { return swapped.Sign(4, app, now, swapped.Set(1), swapped.Set(1)) }, false},
		{"not newer", func() *types.LightBlock { return c.Sign(4, app, trusted.Time, set, set) }, false},
		{"one signature twice", func() *types.LightBlock {
			c.Vote = vote(yes, yes, none, none)
			return resigned(func(x *types.LightBlock) {
				x.Commit.Signatures[2], x.Commit.Signatures[3] = x.Commit.Signatures[0], x.Commit.Signatures[1]
			})
		}, false},
		{"one validator twice", func() *types.LightBlock {
			x := c.Sign(4, app, now, set, set)
			x.ValidatorSet.Validators[1] = x.ValidatorSet.Validators[0].Copy()
			return x
		}, false},
		{"app hash changed", func() *types.LightBlock {
			return resigned(func(x *types.LightBlock) { x.AppHash[3] ^= 1 })
		}, false},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			c.Vote = nil
			next := x.make()
			c.Vote = nil
			oracle := light.Verify(trusted.SignedHeader, trusted.ValidatorSet, next.SignedHeader, next.ValidatorSet,
				TrustingPeriod, now, time.Hour, light.DefaultTrustLevel)
			if (oracle == nil) != x.ok {
				t.Fatalf("cometbft's light client: %v", oracle)
			}
			_, err := follow(trusted, []*types.LightBlock{next}, now)
			if x.ok && err != nil {
				t.Fatal(err)
			}
			if !x.ok {
				wantCode(t, err, "pack_signatures")
			}
		})
	}
	// Stricter than the light client: a forged vote beyond two thirds is one too.
	c.Vote = nil
	bad := c.Sign(4, app, now, set, set)
	bad.Commit.Signatures[3].Signature[5] ^= 1
	if err := light.Verify(trusted.SignedHeader, trusted.ValidatorSet, bad.SignedHeader, bad.ValidatorSet,
		TrustingPeriod, now, time.Hour, light.DefaultTrustLevel); err != nil {
		t.Log("the light client looks at every vote:", err)
	}
	_, err := follow(trusted, []*types.LightBlock{bad}, now)
	wantCode(t, err, "pack_signatures")
}

func TestThreat61_TwoHeadersAtOneHeight(t *testing.T) {
	c := testkit.NewChain(testNet, 4, 4)
	ours := blocks(c, 5)
	now := t0.Add(time.Hour)
	theirs := c.Fork(5, bytes.Repeat([]byte{1}, 32), t0.Add(5*time.Minute))
	_, err := follow(ours, []*types.LightBlock{theirs}, now)
	wantCode(t, err, "pack_conflict")
	evidence, ok := errors.AsType[*Conflict](err)
	if !ok || evidence.Height != 5 || evidence.ChainID != testNet {
		t.Fatalf("no evidence in %v", err)
	}
	a, errA := parseLight(evidence.Ours)
	b, errB := parseLight(evidence.Theirs)
	if errA != nil || errB != nil || selfSigned(a) != nil || selfSigned(b) != nil || bytes.Equal(a.Hash(), b.Hash()) {
		t.Fatal("the evidence does not show two signed headers")
	}
	// On the way to a newer header it stops as well.
	next := blocks(c, 1)
	_, err = follow(ours, []*types.LightBlock{theirs, next}, now)
	wantCode(t, err, "pack_conflict")
	// What members did not sign is no conflict, only a forgery.
	foreign := testkit.NewChain(testNet, 4, 98)
	_, err = follow(ours, []*types.LightBlock{blocks(foreign, 5)}, now)
	wantCode(t, err, "pack_signatures")
	if strings.Contains(err.Error(), "pack_conflict") {
		t.Error("a forgery counted as evidence")
	}
	// The same header with other votes for it is the same header.
	c.Vote = func(_ int64, i int) types.BlockIDFlag {
		if i == 0 {
			return types.BlockIDFlagAbsent
		}
		return types.BlockIDFlagCommit
	}
	other := &types.LightBlock{SignedHeader: c.Commit(ours.Header, ours.ValidatorSet), ValidatorSet: ours.ValidatorSet}
	if _, err := follow(ours, []*types.LightBlock{other}, now); err != nil {
		t.Error(err)
	}
}

func TestThreat61_TrustExpired(t *testing.T) {
	c := testkit.NewChain(testNet, 1, 4)
	trusted := blocks(c, 1)
	next := blocks(c, 1)
	at := trusted.Time.Add(TrustingPeriod)
	if _, err := follow(trusted, []*types.LightBlock{next}, at.Add(-time.Second)); err != nil {
		t.Error(err)
	}
	_, err := follow(trusted, []*types.LightBlock{next}, at)
	wantCode(t, err, "trust_expired")
	n, err := NewNetwork(trusted)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Pin(n, at.Add(-time.Second)); err != nil {
		t.Error(err)
	}
	_, err = Pin(n, at)
	wantCode(t, err, "trust_expired")
}
