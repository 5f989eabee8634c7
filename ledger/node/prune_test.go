package node

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// kept is how many blocks the pruning nodes of these tests keep.
const kept = 8

// shortEvidence makes evidence age within a few blocks.
func (w *world) shortEvidence() {
	w.t.Helper()
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(w.file, &doc); err != nil {
		w.t.Fatal(err)
	}
	doc["consensus_params"] = bytes.Replace(bytes.Replace(doc["consensus_params"],
		[]byte(`"max_age_num_blocks":"100000"`), []byte(`"max_age_num_blocks":"4"`), 1),
		[]byte(`"max_age_duration":"15552000000000000"`), []byte(`"max_age_duration":"1"`), 1)
	var err error
	if w.file, err = json.Marshal(doc); err != nil {
		w.t.Fatal(err)
	}
	if got, _, err := parseGenesis(w.file); err != nil || got.ConsensusParams.Evidence.MaxAgeNumBlocks != 4 || got.ConsensusParams.Evidence.MaxAgeDuration != 1 {
		w.t.Fatal("the genesis was not changed", err)
	}
}

// pruning is a configuration that keeps few blocks, and the consensus keys that
// its member changes over to.
func (w *world) pruning(dir string) (Config, func(i int) ledger.Body) {
	c := w.config(dir)
	c.KeepBlocks, c.leastKept = kept, kept
	keys := map[[32]byte]ConsensusKey{w.consensus.Public(): w.consensus}
	c.FindKey = func(public [32]byte) (ConsensusKey, error) { return keys[public], nil }
	replace := func(i int) ledger.Body {
		k := SeedKey(seed("consensus key " + string(rune('a'+i))))
		keys[k.Public()] = k
		return ledger.ReplaceConsensus{Key: k.Public()}
	}
	return c, replace
}

func pin(t *testing.T, n *Node, height uint64) pack.Trust {
	t.Helper()
	b, err := n.networkFile(height)
	if err != nil {
		t.Fatal(err)
	}
	network, err := pack.ParseNetwork(b)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := pack.Pin(network, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

// imports takes a whole pack of the node on the word of a first header alone.
func imports(t *testing.T, n *Node, trust pack.Trust) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := n.Client().Pack(t.Context(), 0, &b); err != nil {
		t.Fatal(err)
	}
	raw := bytes.Clone(b.Bytes())
	now := time.Now()
	if _, err := pack.Import(trust, nil, &b, now, now); err != nil {
		t.Fatal(err)
	}
	return raw
}

func (w *world) many(c Client) {
	w.t.Helper()
	for i := range 2 * kept {
		w.submit(c, w.anchor(root(w.sequence*1000+uint64(i))))
	}
}

// TestPruned: a node that has thrown its first blocks away, with the member
// changes in them, exports whole packs that lead from the first header to
// today; also after a restart, and if it begins to prune late.
func TestPruned(t *testing.T) {
	w := newWorld(t, time.Hour)
	w.shortEvidence()
	d := newDisk()
	c, replace := w.pruning(t.TempDir())
	all := c
	all.KeepBlocks = 0
	n, err := start(t.Context(), all, d.open)
	if err != nil {
		t.Fatal(err)
	}
	w.submit(n.Client(), w.change())
	first := pin(t, n, 1)
	for i := range 3 {
		w.submit(n.Client(), w.tx(replace(i)))
		w.submit(n.Client(), w.change())
		w.submit(n.Client(), w.change())
	}
	changed := status(t, n.Client()).StateHeight
	w.many(n.Client())
	if n.engine.BlockStore().Base() != 1 {
		t.Fatal("blocks went that were to stay")
	}
	before := imports(t, n, first)
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}

	// As a node left it that kept no light blocks of its own yet.
	heights, err := n.store.memberChanges(1 << 40)
	if err != nil || len(heights) != 3 {
		t.Fatalf("%d member changes, %v", len(heights), err)
	}
	for _, g := range heights {
		for _, h := range []uint64{g - 1, g} {
			if has, err := d.dbs["ledger"].Has(lightKey(h)); err != nil || !has {
				t.Fatalf("light block %d is not kept", h)
			}
			if err := d.dbs["ledger"].Delete(lightKey(h)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 {
		n, err = start(t.Context(), c, d.open)
		if err != nil {
			t.Fatal(err)
		}
		w.submit(n.Client(), w.anchor(root(w.sequence)))
		w.many(n.Client())
		base, top := uint64(n.engine.BlockStore().Base()), uint64(n.engine.BlockStore().Height())
		if base <= changed || top-base+1 < kept || top-base > 2*kept {
			t.Fatalf("blocks %d to %d", base, top)
		}
		for _, g := range heights {
			if n.store.header(g) != nil {
				t.Fatalf("the engine still has header %d", g)
			}
		}
		after := imports(t, n, first)
		if bytes.Equal(before, after) {
			t.Fatal("the pack did not move")
		}
		before = after
		if err := n.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPruneKeepsEvidenceAge: blocks that evidence may be about stay, whatever
// the operator wants, and too few are refused.
func TestPruneKeepsEvidenceAge(t *testing.T) {
	w := newWorld(t, time.Hour)
	c, _ := w.pruning(t.TempDir())
	n := w.start(c)
	w.many(n.Client())
	if b := n.engine.BlockStore().Base(); b != 1 {
		t.Errorf("blocks begin at %d", b)
	}
	c.KeepBlocks = kept - 1
	if _, err := Start(context.Background(), c); explain.CodeOf(err) != "node_config" {
		t.Error(err)
	}
}

// TestPruneCrashes fails every write of blocks that change members and throw
// others away: after the restart no light block is missing.
func TestPruneCrashes(t *testing.T) {
	w := newWorld(t, time.Hour)
	w.shortEvidence()
	d := newDisk()
	c, replace := w.pruning(t.TempDir())
	n, err := start(t.Context(), c, d.open)
	if err != nil {
		t.Fatal(err)
	}
	w.submit(n.Client(), w.change())
	first := pin(t, n, 1)
	w.many(n.Client())
	if n.engine.BlockStore().Base() == 1 {
		t.Fatal("nothing is pruned: the run is too tame")
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	fired := 0
	for i := range 24 {
		d.arm(int64(2*i+1), i%2 == 0)
		if n, err = start(t.Context(), c, d.open); err == nil {
			for _, body := range []ledger.Body{replace(i), nil, nil, nil, nil} {
				tx := w.anchor(root(w.sequence))
				if body != nil {
					w.sequence--
					tx = w.tx(body)
				}
				if r, err := n.Client().Submit(t.Context(), tx); err != nil || r.Code != "" {
					break
				}
			}
			_ = n.Stop()
		}
		if d.dead {
			fired++
		}
		d.arm(0, false)
		if n, err = start(t.Context(), c, d.open); err != nil {
			t.Fatalf("write %d: start after the crash: %v", 2*i+1, err)
		}
		n.app.mu.Lock()
		w.sequence, err = n.app.state.View().Sequence(w.id)
		n.app.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		for range kept / 2 {
			w.submit(n.Client(), w.anchor(root(w.sequence)))
		}
		imports(t, n, first)
		if err := n.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	heights, err := n.store.memberChanges(1 << 40)
	if err != nil || fired < 16 || len(heights) < 8 || uint64(n.engine.BlockStore().Base()) < heights[len(heights)-1] {
		t.Fatalf("%d crashes, %d member changes, blocks from %d: the run is too tame", fired, len(heights), n.engine.BlockStore().Base())
	}
}
