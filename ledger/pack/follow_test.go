package pack

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"bonafide/internal/testkit"
)

// TestFollow: light blocks from elsewhere are believed if they lead from the
// genesis over the trusted header to the last, with both sides of each change.
func TestFollow(t *testing.T) {
	c := testkit.NewChain(testNet, 4, 9)
	blocks(c, 3)
	genesis := c.Set(1).Hash()
	for range 2 {
		if err := c.Update(testkit.Power{Key: c.NewKey().PubKey().Bytes(), Power: 1}); err != nil {
			t.Fatal(err)
		}
		blocks(c, 5)
	}
	now := t0.Add(24 * time.Hour)
	var all [][]byte
	for _, lb := range path(t, c) {
		b, err := MarshalLight(lb)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	if len(all) != 5 {
		t.Fatalf("%d light blocks", len(all))
	}
	at := func(h int64) Trust { return Trust{ChainID: testNet, block: block(t, c, h)} }
	for h := int64(1); h <= c.Height(); h++ {
		got, err := at(h).Follow(genesis, all, now)
		if err != nil || len(got) != len(all) || got[4].Height != c.Height() {
			t.Fatalf("from header %d: %v", h, err)
		}
	}
	another := testkit.NewChain(testNet, 4, 10)
	foreign, err := MarshalLight(blocks(another, int(c.Height())))
	if err != nil {
		t.Fatal(err)
	}
	forked, err := MarshalLight(c.Fork(c.Height(), bytes.Repeat([]byte{8}, 32), t0.Add(time.Duration(c.Height())*time.Minute)))
	if err != nil {
		t.Fatal(err)
	}
	tip := c.Height()
	for name, try := range map[string]struct {
		trust   Trust
		genesis []byte
		raw     [][]byte
		now     time.Time
		code    string
	}{
		"no trust":             {Trust{}, genesis, all, now, "no_trust"},
		"nothing":              {at(1), genesis, nil, now, "pack_malformed"},
		"too many":             {at(1), genesis, make([][]byte, maxBlocks+1), now, "pack_malformed"},
		"another genesis":      {at(1), c.Set(tip).Hash(), all, now, "pack_malformed"},
		"the first left out":   {at(1), genesis, all[1:], now, "pack_malformed"},
		"a side left out":      {at(1), genesis, slices.Delete(slices.Clone(all), 2, 3), now, "pack_malformed"},
		"a change left out":    {at(1), genesis, slices.Delete(slices.Clone(all), 2, 4), now, "pack_malformed"},
		"out of order":         {at(1), genesis, [][]byte{all[1], all[0]}, now, "pack_malformed"},
		"twice":                {at(1), genesis, [][]byte{all[0], all[0]}, now, "pack_malformed"},
		"before the trust":     {at(tip), genesis, all[:4], now, "pack_malformed"},
		"bytes":                {at(1), genesis, [][]byte{{1, 2, 3}}, now, "pack_malformed"},
		"other members":        {at(1), genesis, append(slices.Clone(all[:4]), foreign), now, "pack_malformed"},
		"another chain":        {at(1), another.Set(1).Hash(), [][]byte{foreign}, now, "pack_signatures"},
		"another block signed": {at(tip), genesis, append(slices.Clone(all[:4]), forked), now, "pack_conflict"},
		"past the period":      {at(1), genesis, all, t0.Add(TrustingPeriod + time.Hour), "trust_expired"},
	} {
		if got, err := try.trust.Follow(try.genesis, try.raw, try.now); got != nil {
			t.Errorf("%s: followed", name)
		} else {
			t.Log(name)
			wantCode(t, err, try.code)
		}
	}
}
