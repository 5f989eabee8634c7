package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/p2p"
	ssproto "github.com/cometbft/cometbft/proto/tendermint/statesync"
	"github.com/cometbft/cometbft/types"

	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

const (
	accepted = abci.ResponseApplySnapshotChunk_ACCEPT
	retry    = abci.ResponseApplySnapshotChunk_RETRY
	rejected = abci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT
)

// snapshots makes a node with member changes, pruned blocks and snapshots, and
// the trust of its first header and of a late one. Nothing moves any more.
func (w *world) snapshots(t *testing.T, dir string) (n *Node, s *abci.Snapshot, chunks [][]byte, first, late pack.Trust) {
	t.Helper()
	w.shortEvidence()
	c, replace := w.pruning(dir)
	c.Genesis, c.snapshots = w.file, time.Nanosecond
	n, err := start(t.Context(), c, newDisk().open)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Error(err)
		}
	})
	w.submit(n.Client(), w.change())
	first = pin(t, n, 1)
	for _, i := range []int{0, 1, 0} {
		w.submit(n.Client(), w.tx(replace(i)))
		w.submit(n.Client(), w.change())
		w.submit(n.Client(), w.change())
	}
	w.submit(n.Client(), w.tx(ledger.SetStatus{Pages: 1, Changes: []ledger.StatusChange{{Op: ledger.SetValue, Index: 7, Value: ledger.Hold}}}))
	for range 3 {
		w.many(n.Client())
	}
	n.noSnapshots()
	w.submit(n.Client(), w.change())
	w.submit(n.Client(), w.change())
	if n.engine.BlockStore().Base() == 1 {
		t.Fatal("nothing is pruned: the run is too tame")
	}
	s, chunks = offered(t, n)
	return n, s, chunks, first, pin(t, n, s.Height+1)
}

// noSnapshots ends the making of snapshots, so that the last one becomes old
// enough to be offered.
func (n *Node) noSnapshots() {
	n.app.mu.Lock()
	n.app.every = 0
	n.app.mu.Unlock()
	n.snapshots.Wait()
}

// offered is what a node hands out, as a peer gets it.
func offered(t *testing.T, n *Node) (*abci.Snapshot, [][]byte) {
	t.Helper()
	list, err := n.app.ListSnapshots(t.Context(), &abci.RequestListSnapshots{})
	if err != nil || len(list.Snapshots) == 0 {
		t.Fatal("no snapshot is offered", err)
	}
	s := list.Snapshots[len(list.Snapshots)-1]
	var chunks [][]byte
	for i := range s.Chunks {
		r, err := n.app.LoadSnapshotChunk(t.Context(), &abci.RequestLoadSnapshotChunk{Height: s.Height, Format: s.Format, Chunk: i})
		if err != nil || len(r.Chunk) == 0 {
			t.Fatalf("chunk %d: %v", i, err)
		}
		chunks = append(chunks, r.Chunk)
	}
	return s, chunks
}

// taker is an application that has nothing and trusts a header.
func (w *world) taker(d *disk, trust pack.Trust) *app {
	w.t.Helper()
	a, err := w.application(d)
	if err != nil {
		w.t.Fatal(err)
	}
	doc, _, err := parseGenesis(w.file)
	if err != nil {
		w.t.Fatal(err)
	}
	if a.trusted, err = newTrusted(Config{StateSync: &trust}.withDefaults(), doc); err != nil {
		w.t.Fatal(err)
	}
	return a
}

func message(s *abci.Snapshot) *ssproto.SnapshotsResponse {
	return &ssproto.SnapshotsResponse{Height: s.Height, Format: s.Format, Chunks: s.Chunks, Hash: s.Hash, Metadata: s.Metadata}
}

// take hands a snapshot to an application as the engine would, and returns what
// it says to the last chunk that it is given.
func take(a *app, s *abci.Snapshot, chunks [][]byte) (abci.ResponseApplySnapshotChunk_Result, error) {
	ctx := context.Background()
	if ok, err := a.trusted.offered("peer", message(s)); err != nil || !ok {
		return rejected, err
	}
	hash, err := a.trusted.AppHash(ctx, s.Height)
	if err != nil {
		return rejected, err
	}
	if r, err := a.OfferSnapshot(ctx, &abci.RequestOfferSnapshot{Snapshot: s, AppHash: hash}); err != nil || r.Result != abci.ResponseOfferSnapshot_ACCEPT {
		return rejected, err
	}
	for i, c := range chunks {
		r, err := a.ApplySnapshotChunk(ctx, &abci.RequestApplySnapshotChunk{Index: uint32(i), Chunk: c, Sender: "peer"})
		if err != nil || r.Result != accepted || i == len(chunks)-1 {
			if err == nil && r.Result != accepted && !slices.Equal(r.RejectSenders, []string{"peer"}) {
				return rejected, explain.Errorf("node_failed", "who sent it is not named: %v", r.RejectSenders)
			}
			return r.GetResult(), err
		}
	}
	return rejected, nil
}

// dressed is a snapshot whose hashes are those of b.
func dressed(t *testing.T, s *abci.Snapshot, b []byte) (*abci.Snapshot, [][]byte) {
	t.Helper()
	hashes, err := chunkHashes(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	_, light, err := cutLP(s.Metadata, maxMetadata)
	if err != nil {
		t.Fatal(err)
	}
	x, sum := *s, sha256.Sum256(hashes)
	x.Hash, x.Metadata, x.Chunks = sum[:], append(appendLP(nil, hashes), light...), uint32(len(hashes)/sha256.Size)
	var chunks [][]byte
	for c := range slices.Chunk(b, snapshotChunk) {
		chunks = append(chunks, c)
	}
	return &x, chunks
}

// TestThreat59_AlteredSnapshots: a state counts only if its index is the app
// hash of a header that follows from the home's trust; what is altered, left
// out, of another height or of another chain changes nothing at all.
func TestThreat59_AlteredSnapshots(t *testing.T) {
	w := newWorld(t, time.Hour)
	_, s, chunks, first, late := w.snapshots(t, t.TempDir())
	all := bytes.Join(chunks, nil)
	altered := func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)-1] ^= 1
		return b
	}
	_, rest, _ := cutLP(all, maxSnapshotRow)
	_, rest, _ = cutLP(rest, maxSnapshotRow)
	with := func(metadata []byte) *abci.Snapshot { x := *s; x.Metadata = metadata; return &x }
	hashes, light, err := parseMetadata(s.Metadata)
	if err != nil || len(light) != 3*2+3 {
		t.Fatalf("%d light blocks, %v", len(light), err)
	}
	join := func(light [][]byte) []byte {
		out := appendLP(nil, hashes)
		for _, b := range light {
			out = appendLP(out, b)
		}
		return out
	}

	d := newDisk()
	for name, c := range map[string]struct {
		try  func() (*abci.Snapshot, [][]byte)
		want abci.ResponseApplySnapshotChunk_Result
	}{
		"altered, the hash of before": {func() (*abci.Snapshot, [][]byte) { return s, [][]byte{altered(all)} }, retry},
		"altered, its own hash":       {func() (*abci.Snapshot, [][]byte) { return dressed(t, s, altered(all)) }, rejected},
		"a row left out":              {func() (*abci.Snapshot, [][]byte) { return dressed(t, s, rest) }, rejected},
		"cut short":                   {func() (*abci.Snapshot, [][]byte) { return dressed(t, s, all[:len(all)-1]) }, rejected},
		"a row twice": {func() (*abci.Snapshot, [][]byte) {
			return dressed(t, s, append(bytes.Clone(all[:len(all)-len(rest)]), all...))
		}, rejected},
		"more behind it": {func() (*abci.Snapshot, [][]byte) {
			return dressed(t, s, append(bytes.Clone(all), make([]byte, 2*snapshotChunk)...))
		}, rejected},
		"nothing":        {func() (*abci.Snapshot, [][]byte) { return dressed(t, s, nil) }, rejected},
		"an empty chunk": {func() (*abci.Snapshot, [][]byte) { return s, [][]byte{{}} }, retry},
		"too many chunks": {func() (*abci.Snapshot, [][]byte) {
			x := *s
			x.Chunks = maxSnapshotChunks + 1
			return &x, chunks
		}, rejected},
		"another height":              {func() (*abci.Snapshot, [][]byte) { x := *s; x.Height++; return &x, chunks }, rejected},
		"another format":              {func() (*abci.Snapshot, [][]byte) { x := *s; x.Format++; return &x, chunks }, rejected},
		"no light blocks":             {func() (*abci.Snapshot, [][]byte) { return with(nil), chunks }, rejected},
		"a light block altered":       {func() (*abci.Snapshot, [][]byte) { return with(altered(s.Metadata)), chunks }, rejected},
		"a side of a change left out": {func() (*abci.Snapshot, [][]byte) { return with(join(light[1:])), chunks }, rejected},
		"a change left out":           {func() (*abci.Snapshot, [][]byte) { return with(join(light[2:])), chunks }, rejected},
		"changes that cancel each other out left out": {func() (*abci.Snapshot, [][]byte) {
			return with(join(slices.Concat(light[:2], light[6:]))), chunks
		}, rejected},
		"the last header left out": {func() (*abci.Snapshot, [][]byte) { return with(join(light[:len(light)-1])), chunks }, rejected},
	} {
		a := w.taker(d, first)
		sn, ch := c.try()
		if r, err := take(a, sn, ch); r != c.want || explain.CodeOf(err) == "node_failed" {
			t.Errorf("%s: %v %v", name, r, err)
		}
		if d.writes.Load() != 0 || a.at.height != 0 || a.err() != nil {
			t.Fatalf("%s: something is stored, or the node stops", name)
		}
	}
	// Heights that the app hash does not cover are not the sender's to choose.
	lowered := bytes.Clone(all)
	n := 0
	for b := lowered; len(b) > 0; {
		var key, value []byte
		key, b, _ = cutLP(b, maxSnapshotRow)
		value, b, _ = cutLP(b, maxSnapshotRow)
		if bytes.HasPrefix(key, []byte(ledger.PrefixSequence)) || bytes.HasPrefix(key, []byte(ledger.PrefixStatus)) && bytes.HasSuffix(key, []byte("\x00m")) {
			copy(value[len(value)-8:], make([]byte, 8))
			n++
		}
	}
	honest, dishonest := w.taker(newDisk(), first), w.taker(newDisk(), first)
	sn, ch := dressed(t, s, lowered)
	for _, x := range []struct {
		a  *app
		s  *abci.Snapshot
		ch [][]byte
	}{{honest, s, chunks}, {dishonest, sn, ch}} {
		if r, err := take(x.a, x.s, x.ch); err != nil || r != accepted {
			t.Fatal(r, err)
		}
	}
	a, err := honest.state.View().Export(1, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := dishonest.state.View().Export(1, time.Time{})
	if err != nil || n != 2 || len(a.Subjects) == 0 || len(a.Subjects) != len(b.Subjects) {
		t.Fatalf("%d rows lowered: a delta has %d subjects and not %d, %v", n, len(b.Subjects), len(a.Subjects), err)
	}

	for name, trust := range map[string]pack.Trust{"the first header": first, "a late header": late} {
		d := newDisk()
		a := w.taker(d, trust)
		if r, err := take(a, s, chunks); err != nil || r != accepted {
			t.Fatalf("%s: %v %v", name, r, err)
		}
		if d.writes.Load() != 1 {
			t.Errorf("%s: %d writes", name, d.writes.Load())
		}
		again, err := w.application(d)
		if err != nil || again.at.height != s.Height || again.hash != a.hash {
			t.Fatalf("%s: after a restart: %v", name, err)
		}
		// A second one over the first, which the engine did not hear of.
		b := w.taker(newDisk(), trust)
		b.store, b.at = again.store, meta{}
		if r, err := take(b, s, chunks); err != nil || r != accepted {
			t.Fatalf("%s: again: %v %v", name, r, err)
		}
		if x, err := w.application(d); err != nil || x.hash != a.hash {
			t.Fatalf("%s: again, after a restart: %v", name, err)
		}
		if ok, err := a.trusted.offered("peer", message(s)); ok || err != nil {
			t.Errorf("%s: an offer is looked at when there is a state already", name)
		}
	}
}

// TestManySnapshots: of one peer so many snapshots are looked at and
// no more, and each once; others may still offer theirs.
func TestManySnapshots(t *testing.T) {
	w := newWorld(t, time.Hour)
	_, s, chunks, first, _ := w.snapshots(t, t.TempDir())
	a := w.taker(newDisk(), first)
	var looked int
	follow := a.trusted.follow
	a.trusted.follow = func(light [][]byte) (lightChain, error) { looked++; return follow(light) }
	for i := range 3 * maxOffers {
		x := *s
		x.Hash = bytes.Repeat([]byte{byte(i)}, 32)
		x.Height += uint64(i % 2) // every second one has no light blocks that fit
		for range 2 {
			ok, err := a.trusted.offered("liar", message(&x))
			if ok != (i%2 == 0 && i < maxOffers) {
				t.Fatalf("offer %d: %v %v", i, ok, err)
			}
		}
	}
	if looked != maxOffers {
		t.Errorf("%d were looked at", looked)
	}
	if r, err := take(a, s, chunks); err != nil || r != accepted {
		t.Fatal(r, err)
	}
}

// TestStateSyncCrashes: whatever of taking over a state a crash leaves behind,
// the node says what to do, begins anew or goes on from the state.
func TestStateSyncCrashes(t *testing.T) {
	w := newWorld(t, time.Hour)
	_, s, chunks, first, _ := w.snapshots(t, t.TempDir())
	d := newDisk()
	c := w.config(t.TempDir())
	c.Genesis = w.file
	c.Consensus, c.NodeKey = SeedKey(seed("another consensus key")), seed("another node")
	c.P2P, c.Peers = freePort(t), []string{strings.Repeat("ab", 20) + "@127.0.0.1:1"} // nobody is there
	c.StateSync = &first
	sync, err := start(t.Context(), c, d.open)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := take(sync.app, s, chunks); err != nil || r != accepted {
		t.Fatal(r, err)
	}
	state, err := sync.app.trusted.State(t.Context(), s.Height)
	if err != nil {
		t.Fatal(err)
	}
	// The engine has not heard of it.
	if err := sync.Stop(); err != nil {
		t.Fatal(err)
	}
	plain := c
	plain.StateSync = nil
	if _, err := start(t.Context(), plain, d.open); explain.CodeOf(err) != "node_state_sync_unfinished" {
		t.Fatal(err)
	}
	left := filepath.Join(c.Dir, snapshotFolder, "tm-statesync1", "0")
	if err := errors.Join(os.MkdirAll(filepath.Dir(left), 0o700), os.WriteFile(left, nil, 0o600),
		os.WriteFile(filepath.Join(c.Dir, snapshotFolder, ".new-1"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	sync, err = start(t.Context(), c, d.open)
	if rest, rerr := os.ReadDir(filepath.Join(c.Dir, snapshotFolder)); rerr != nil || len(rest) > 0 {
		t.Fatal("what a crash left stays", rest, rerr)
	}
	if err != nil || sync.app.trusted == nil || sync.app.at.height != 0 {
		t.Fatal("it does not begin anew", err)
	}
	if r, err := take(sync.app, s, chunks); err != nil || r != accepted {
		t.Fatal(r, err)
	}
	// The engine has the state and no block yet.
	if err := sync.store.states.Bootstrap(state); err != nil {
		t.Fatal(err)
	}
	if err := sync.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []Config{plain, c, plain} {
		n, err := start(t.Context(), c, d.open)
		if err != nil {
			t.Fatal(err)
		}
		if got := status(t, n.Client()); got.StateHeight != s.Height || n.app.trusted != nil {
			t.Fatalf("at height %d, not %d", got.StateHeight, s.Height)
		}
		if err := n.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTurns: whose turn it is to propose is, after any number of blocks and
// member changes, what the engine has, which takes a step each block.
func TestTurns(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		validator := func() *types.Validator {
			s := seed(fmt.Sprint(rng.Uint64()))
			return types.NewValidator(cmted25519.GenPrivKeyFromSecret(s[:]).PubKey(), 1)
		}
		var vals []*types.Validator
		for range 1 + rng.IntN(4) {
			vals = append(vals, validator())
		}
		genesis := types.NewValidatorSet(vals)
		// state.MakeGenesisState, then state.updateState.
		sets := []*types.ValidatorSet{nil, genesis.Copy(), genesis.CopyIncrementProposerPriority(1)}
		height := 3 + rng.IntN(400)
		for len(sets) <= height {
			v := sets[len(sets)-1].Copy()
			if rng.IntN(12) == 0 {
				changes := []*types.Validator{validator()}
				if old := v.Validators[rng.IntN(v.Size())]; rng.IntN(2) == 0 {
					changes = append(changes, types.NewValidator(old.PubKey, 0))
				}
				if err := v.UpdateWithChangeSet(changes); err != nil {
					t.Fatal(err)
				}
			}
			v.IncrementProposerPriority(1)
			sets = append(sets, v)
		}
		var chain lightChain
		for h := 1; h <= height; h++ {
			if h >= height-2 || h < height && !bytes.Equal(sets[h].Hash(), sets[h+1].Hash()) || h > 1 && !bytes.Equal(sets[h].Hash(), sets[h-1].Hash()) {
				plain := types.NewValidatorSet(nil) // as a light block brings it: without turns
				for _, x := range sets[h].Validators {
					plain.Validators = append(plain.Validators, types.NewValidator(x.PubKey, 1))
				}
				chain = append(chain, &types.LightBlock{
					SignedHeader: &types.SignedHeader{Header: &types.Header{Height: int64(h), ValidatorsHash: sets[h].Hash()}}, ValidatorSet: plain,
				})
			}
		}
		got, err := chain.turns(genesis, uint64(height))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			want := sets[height-2+i]
			if !bytes.Equal(v.Hash(), want.Hash()) || !bytes.Equal(v.GetProposer().Address, want.GetProposer().Address) {
				t.Fatalf("height %d: another proposer", height-2+i)
			}
			for j, x := range v.Validators {
				if x.ProposerPriority != want.Validators[j].ProposerPriority {
					t.Fatalf("height %d: another order", height-2+i)
				}
			}
		}
		if _, err := chain[len(chain)-3:].turns(genesis, uint64(height)); err == nil && !bytes.Equal(genesis.Hash(), sets[height-2].Hash()) {
			t.Fatal("changes are left out and nothing is said")
		}
	}
	// A chain of a hundred years.
	v := types.NewValidatorSet([]*types.Validator{types.NewValidator(cmted25519.GenPrivKey().PubKey(), 1), types.NewValidator(cmted25519.GenPrivKey().PubKey(), 1)})
	advance(v, 1<<40)
}

// TestSnapshotFiles: a damaged file is not offered, nor one whose next blocks
// are not here; only so many stay.
func TestSnapshotFiles(t *testing.T) {
	w := newWorld(t, time.Hour)
	dir := t.TempDir()
	n, s, _, _, _ := w.snapshots(t, dir)
	folder := filepath.Join(dir, snapshotFolder)
	files, err := listSnapshots(folder)
	if err != nil || len(files) != snapshotsKept {
		t.Fatalf("%d files, %v", len(files), err)
	}
	top := files[len(files)-1]
	b, err := os.ReadFile(filepath.Join(folder, top.name))
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{
		strconv.FormatUint(s.Height-1, 10) + "-" + hex.EncodeToString(top.hash): append(bytes.Clone(b[:len(b)-1]), b[len(b)-1]^1), // the hashes
		strconv.FormatUint(1<<40, 10) + "-" + hex.EncodeToString(top.hash):      b,                                                // no such block
		strconv.FormatUint(1, 10) + "-" + hex.EncodeToString(top.hash):          b,                                                // pruned
		"no-snapshot":                 b,
		"7-00":                        b,
		"8-" + string(top.name[3:]):   nil,
		"-1-" + string(top.name[3:]):  b,
		strconv.Itoa(9) + "-" + "zz0": b,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := n.app.ListSnapshots(t.Context(), &abci.RequestListSnapshots{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list.Snapshots {
		if !slices.ContainsFunc(files, func(f snapshotFile) bool { return f.height == x.Height }) {
			t.Errorf("height %d is offered", x.Height)
		}
	}
	for _, req := range []*abci.RequestLoadSnapshotChunk{
		{Height: s.Height, Format: s.Format, Chunk: s.Chunks},
		{Height: s.Height, Format: s.Format, Chunk: 1<<32 - 1},
		{Height: s.Height, Format: s.Format + 1},
		{Height: s.Height + 1<<20, Format: s.Format},
	} {
		if r, err := n.app.LoadSnapshotChunk(t.Context(), req); err != nil || len(r.Chunk) > 0 {
			t.Errorf("%+v is handed out", req)
		}
	}
}

// FuzzSnapshot: bytes of a peer are a state with the index that was asked for,
// or an error.
func FuzzSnapshot(f *testing.F) {
	w := newWorlds(f, time.Hour, 1)[0]
	state, rows, err := ledger.New(w.genesis)
	if err != nil {
		f.Fatal(err)
	}
	slices.SortFunc(rows, func(a, b ledger.Row) int { return bytes.Compare(a.Key, b.Key) })
	var all []byte
	for _, r := range rows {
		all = appendLP(appendLP(all, r.Key), r.Value)
	}
	want := state.AppHash()
	if _, _, err := restore(all, 0, want); err != nil {
		f.Fatal(err)
	}
	f.Add(all)
	f.Add(all[:len(all)/2])
	f.Add([]byte{0, 0, 0, 1, 'x', 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, _, err := restore(b, 0, want)
		if err == nil && s.AppHash() != want {
			t.Fatal("another state")
		}
	})
}

// FuzzSnapshotOffer: what a peer offers leads from the genesis over the trusted
// header to three blocks of the right heights, or is refused.
func FuzzSnapshotOffer(f *testing.F) {
	var trust *trusted
	var s *abci.Snapshot
	func() { // the node is gone before anything is tried
		f.Helper()
		w := newWorlds(f, time.Hour, 1)[0]
		c := w.config(f.TempDir())
		c.snapshots = time.Nanosecond
		n, err := Start(f.Context(), c)
		if err != nil {
			f.Fatal(err)
		}
		w.submit(n.Client(), w.change())
		w.submit(n.Client(), w.change())
		n.noSnapshots()
		w.submit(n.Client(), w.change())
		w.submit(n.Client(), w.change())
		list, err := n.app.ListSnapshots(f.Context(), &abci.RequestListSnapshots{})
		if err != nil || len(list.Snapshots) == 0 {
			f.Fatal("no snapshot", err)
		}
		s = list.Snapshots[0]
		raw, err := n.networkFile(1)
		if err != nil {
			f.Fatal(err)
		}
		network, err := pack.ParseNetwork(raw)
		if err != nil {
			f.Fatal(err)
		}
		pinned, err := pack.Pin(network, time.Now())
		if err != nil {
			f.Fatal(err)
		}
		trust = w.taker(newDisk(), pinned).trusted
		if err := n.Stop(); err != nil {
			f.Fatal(err)
		}
	}()
	if _, err := trust.verify(message(s)); err != nil {
		f.Fatal(err)
	}
	f.Add(s.Height, s.Metadata)
	f.Add(s.Height+1, s.Metadata)
	f.Add(s.Height, s.Metadata[:len(s.Metadata)/2])
	f.Add(uint64(1), []byte{0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, height uint64, metadata []byte) {
		chain, err := trust.verify(&ssproto.SnapshotsResponse{Height: height, Metadata: metadata})
		if err != nil {
			if explain.CodeOf(err) == "" {
				t.Fatal("no code", err)
			}
			return
		}
		if n := len(chain); n < 3 || uint64(chain[n-1].Height) != height+2 || chain.at(height) == nil {
			t.Fatal("a chain of another height")
		}
	})
}

var _ p2p.Reactor = (*snapshotReactor)(nil)
