package node

// State sync: a node that has nothing takes a recent state from its peers
// instead of executing every block, and then the blocks after it. A snapshot is
// the rows of the state after the first block of each period of snapshotEvery
// epoch intervals by header time, so that nodes that executed the same blocks
// hand out the same bytes. Nothing in it is believed before it is checked:
//
//   - its metadata are the light blocks that lead from the genesis to the header
//     which proves the state, verified from the home's trust before the engine
//     hears of the snapshot, and the SHA-256 of each chunk;
//   - a chunk with another hash is fetched again from somebody else;
//   - the state's index is computed from the rows and compared with the app hash
//     of that header before anything is stored.
//
//	snapshots/<height>-<hash>   LP(key) ‖ LP(value) of each row, ascending, then
//	                            the SHA-256 of each 4 MiB of that; hash is the
//	                            SHA-256 of these
//	metadata                    LP(hashes of the chunks) ‖ LP(light block) of each

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	dbm "github.com/cometbft/cometbft-db"
	abci "github.com/cometbft/cometbft/abci/types"
	cmtnode "github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	cmtstate "github.com/cometbft/cometbft/proto/tendermint/state"
	ssproto "github.com/cometbft/cometbft/proto/tendermint/statesync"
	sm "github.com/cometbft/cometbft/state"
	"github.com/cometbft/cometbft/statesync"
	"github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"

	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

const (
	snapshotFolder    = "snapshots"
	snapshotEvery     = 36 // epoch intervals: six hours if these are 10 minutes
	snapshotsKept     = 2  // so that each is there for a period at least
	snapshotFormat    = 1
	snapshotChunk     = 4 << 20
	maxSnapshotChunks = 256 // one gibibyte
	maxSnapshotRow    = 16 << 20
	maxMetadata       = 3 << 20 // the engine's message takes 4 million bytes
	maxOffers         = 10      // snapshots of one peer that are looked at
)

// takeSnapshot writes a snapshot of what is stored now. Callers hold the
// application's lock; the iterator shows what was there when it was opened.
// One at a time: where writing takes longer than a period, one is left out.
func (n *Node) takeSnapshot(height uint64) {
	if !n.snapshotting.CompareAndSwap(false, true) {
		return
	}
	it, err := n.store.db.Iterator([]byte{prefixRow}, []byte{prefixRow + 1})
	if err != nil {
		n.snapshotting.Store(false)
		n.cfg.Log.Error("making a snapshot", "err", err)
		return
	}
	n.snapshots.Go(func() {
		defer n.snapshotting.Store(false)
		err := n.writeSnapshot(height, it)
		if err = errors.Join(err, it.Close()); err != nil && n.Err() == nil {
			n.cfg.Log.Error("making a snapshot", "err", err)
		}
	})
}

func (n *Node) writeSnapshot(height uint64, it dbm.Iterator) error {
	dir := filepath.Join(n.cfg.Dir, snapshotFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already if all went well
	w := bufio.NewWriterSize(f, 1<<16)
	var size int64
	for ; it.Valid() && err == nil; it.Next() {
		if err = n.Err(); err == nil {
			var wrote int
			wrote, err = w.Write(appendLP(appendLP(nil, it.Key()[1:]), it.Value()))
			size += int64(wrote)
		}
	}
	if err = errors.Join(err, it.Error(), w.Flush()); err != nil {
		return errors.Join(err, f.Close())
	}
	hashes, err := chunkHashes(io.NewSectionReader(f, 0, size))
	if err == nil {
		_, err = f.Write(hashes)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if len(hashes) > maxSnapshotChunks*sha256.Size {
		n.cfg.Log.Warn("the state is too large to be handed to new nodes: somebody has to keep all blocks", "bytes", size)
		return nil
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, snapshotName(height, hashes))); err != nil {
		return err
	}
	kept, err := listSnapshots(dir)
	if err != nil {
		return err
	}
	for ; len(kept) > snapshotsKept; kept = kept[1:] {
		err = errors.Join(err, os.Remove(filepath.Join(dir, kept[0].name)))
	}
	return err
}

// chunkHashes hashes each chunk of what r gives.
func chunkHashes(r io.Reader) (out []byte, err error) {
	for {
		sum := sha256.New()
		n, err := io.CopyN(sum, r, snapshotChunk)
		if n > 0 {
			out = sum.Sum(out)
		}
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func snapshotName(height uint64, hashes []byte) string {
	sum := sha256.Sum256(hashes)
	return strconv.FormatUint(height, 10) + "-" + hex.EncodeToString(sum[:])
}

func appendLP(to, b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(to, uint32(len(b))), b...)
}

// cutLP takes a length and as many bytes off b.
func cutLP(b []byte, limit uint32) (field, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errors.New("cut short")
	}
	n := binary.BigEndian.Uint32(b)
	if b = b[4:]; n > limit || uint64(n) > uint64(len(b)) {
		return nil, nil, errors.New("a length beyond its bound")
	}
	return b[:n], b[n:], nil
}

type snapshotFile struct {
	name   string
	height uint64
	hash   []byte
	size   int64 // of the rows
	chunks int64
}

// listSnapshots lists the snapshots of a folder, lowest first.
func listSnapshots(dir string) ([]snapshotFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var out []snapshotFile
	for _, e := range entries {
		digits, sum, _ := strings.Cut(e.Name(), "-")
		height, err := strconv.ParseUint(digits, 10, 63)
		h, hexErr := hex.DecodeString(sum)
		info, infoErr := e.Info()
		if err != nil || hexErr != nil || len(h) != sha256.Size || infoErr != nil || !info.Mode().IsRegular() {
			continue
		}
		const each = snapshotChunk + sha256.Size
		chunks := (info.Size() + each - 1) / each
		if size := info.Size() - chunks*sha256.Size; size > 0 && chunks <= maxSnapshotChunks {
			out = append(out, snapshotFile{e.Name(), height, h, size, chunks})
		}
	}
	slices.SortFunc(out, func(a, b snapshotFile) int { return cmp.Compare(a.height, b.height) })
	return out, nil
}

// tidySnapshots removes what a crash left of a snapshot that was being written
// or fetched.
func tidySnapshots(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

func (s snapshotFile) read(dir string, at, size int64) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, s.name))
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.NewSectionReader(f, at, size))
	return b, errors.Join(err, f.Close())
}

// ListSnapshots answers a peer that has nothing: the snapshots whose light
// blocks are final and whose next blocks are here.
func (a *app) ListSnapshots(context.Context, *abci.RequestListSnapshots) (*abci.ResponseListSnapshots, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	resp := &abci.ResponseListSnapshots{}
	files, err := listSnapshots(a.snapshotDir)
	if err != nil || a.err() != nil {
		return resp, nil //nolint:nilerr // peers are told that there is none
	}
	for _, f := range files {
		if f.height+3 > a.signed || a.store.header(f.height+1) == nil {
			continue
		}
		hashes, err := f.read(a.snapshotDir, f.size, f.chunks*sha256.Size)
		if sum := sha256.Sum256(hashes); err != nil || !bytes.Equal(sum[:], f.hash) {
			continue
		}
		metadata, err := a.store.snapshotMetadata(hashes, f.height)
		if err != nil || len(metadata) > maxMetadata {
			a.warn("a snapshot cannot be handed to new nodes: somebody has to keep all blocks", "height", f.height, "metadata", len(metadata), "err", err)
			continue
		}
		resp.Snapshots = append(resp.Snapshots, &abci.Snapshot{
			Height: f.height, Format: snapshotFormat, Chunks: uint32(f.chunks), Hash: f.hash, Metadata: metadata,
		})
	}
	return resp, nil
}

// snapshotMetadata are the hashes of the chunks and the light blocks: those
// around member changes up to height+2, and of height, height+1, height+2.
func (s *store) snapshotMetadata(hashes []byte, height uint64) ([]byte, error) {
	changes, err := s.memberChanges(height + 2)
	if err != nil {
		return nil, err
	}
	heights := []uint64{height, height + 1, height + 2}
	for _, g := range changes {
		heights = append(heights, g-1, g)
	}
	slices.Sort(heights)
	out := appendLP(nil, hashes)
	for _, h := range slices.Compact(heights) {
		lb, err := s.lightBlock(h)
		if err != nil {
			return nil, err
		}
		b, err := pack.MarshalLight(lb)
		if err != nil {
			return nil, err
		}
		out = appendLP(out, b)
	}
	return out, nil
}

// parseMetadata is the other way round. Nothing is verified yet.
func parseMetadata(b []byte) (hashes []byte, light [][]byte, err error) {
	if len(b) > maxMetadata {
		return nil, nil, errors.New("too large")
	}
	if hashes, b, err = cutLP(b, maxSnapshotChunks*sha256.Size); err != nil {
		return nil, nil, err
	}
	for len(b) > 0 {
		var lb []byte
		if lb, b, err = cutLP(b, maxMetadata); err != nil {
			return nil, nil, err
		}
		light = append(light, lb)
	}
	return hashes, light, nil
}

// LoadSnapshotChunk hands out a part of a snapshot; an empty answer says that
// it is not there.
func (a *app) LoadSnapshotChunk(_ context.Context, req *abci.RequestLoadSnapshotChunk) (*abci.ResponseLoadSnapshotChunk, error) {
	resp := &abci.ResponseLoadSnapshotChunk{}
	files, err := listSnapshots(a.snapshotDir)
	if err != nil || req.Format != snapshotFormat {
		return resp, nil //nolint:nilerr // as above
	}
	for _, s := range files {
		at := int64(req.Chunk) * snapshotChunk
		if s.height != req.Height || at >= s.size {
			continue
		}
		if b, err := s.read(a.snapshotDir, at, min(snapshotChunk, s.size-at)); err == nil && len(b) > 0 {
			resp.Chunk = b
		}
	}
	return resp, nil
}

// restoring is a snapshot that is being taken over. Its rows count for nothing
// until all are there.
type restoring struct {
	height  uint64
	appHash [32]byte
	hashes  []byte // of the chunks
	next    uint32
	bytes   []byte
	senders map[string]bool
}

// OfferSnapshot takes a snapshot whose header this node has verified.
func (a *app) OfferSnapshot(_ context.Context, req *abci.RequestOfferSnapshot) (*abci.ResponseOfferSnapshot, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := req.Snapshot
	if a.trusted == nil || a.at.height != 0 || a.err() != nil {
		return &abci.ResponseOfferSnapshot{Result: abci.ResponseOfferSnapshot_ABORT}, nil
	}
	a.restoring = nil
	chain := a.trusted.chain(s.GetHeight())
	hashes, _, err := parseMetadata(s.GetMetadata())
	sum := sha256.Sum256(hashes)
	if err != nil || chain == nil || s.Format != snapshotFormat || s.Chunks == 0 || uint64(len(hashes)) != uint64(s.Chunks)*sha256.Size ||
		!bytes.Equal(s.Hash, sum[:]) || !bytes.Equal(req.AppHash, chain.appHash()) {
		return &abci.ResponseOfferSnapshot{Result: abci.ResponseOfferSnapshot_REJECT}, nil
	}
	a.restoring = &restoring{height: s.Height, appHash: [32]byte(chain.appHash()), hashes: hashes, senders: map[string]bool{}}
	return &abci.ResponseOfferSnapshot{Result: abci.ResponseOfferSnapshot_ACCEPT}, nil
}

// ApplySnapshotChunk gathers a snapshot. Whoever sends a chunk with another
// hash, or none, is not asked again. With the last chunk the state is verified
// and stored, all in one write, or refused with those who sent it.
func (a *app) ApplySnapshotChunk(_ context.Context, req *abci.RequestApplySnapshotChunk) (*abci.ResponseApplySnapshotChunk, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.restoring
	if r == nil || req.Index != r.next || a.err() != nil {
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ABORT}, nil
	}
	sum := sha256.Sum256(req.Chunk)
	if len(req.Chunk) > snapshotChunk || !bytes.Equal(sum[:], r.hashes[int(req.Index)*sha256.Size:][:sha256.Size]) {
		a.warn("a peer sent another part of a snapshot than it was to send", "peer", req.Sender, "height", r.height)
		return &abci.ResponseApplySnapshotChunk{
			Result: abci.ResponseApplySnapshotChunk_RETRY, RefetchChunks: []uint32{req.Index}, RejectSenders: []string{req.Sender},
		}, nil
	}
	r.senders[req.Sender] = true
	r.bytes = append(r.bytes, req.Chunk...)
	if r.next++; int(r.next)*sha256.Size < len(r.hashes) {
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ACCEPT}, nil
	}
	a.restoring = nil
	chain := a.trusted.chain(r.height)
	state, rows, err := restore(r.bytes, r.height, r.appHash)
	if err == nil && !slices.Equal(chain.changes(), memberChanges(state)) {
		err = errors.New("the light blocks leave out a member change")
	}
	if err != nil {
		senders := slices.Sorted(maps.Keys(r.senders))
		a.warn("a snapshot does not hold", "height", r.height, "peers", senders, "err", err)
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT, RejectSenders: senders}, nil
	}
	if u, due := state.UpgradeDue(r.height); due && !ledger.KnowsUpgrade(u.Name) {
		a.stop(explain.Errorf("node_upgrade", "the state of height %d is under the rules %q", r.height, u.Name))
		return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ABORT}, nil
	}
	if err := a.adopt(state, rows, chain); err != nil {
		a.stop(err)
		return nil, err
	}
	return &abci.ResponseApplySnapshotChunk{Result: abci.ResponseApplySnapshotChunk_ACCEPT}, nil
}

// restore makes a state of a snapshot's rows and computes its index.
func restore(b []byte, height uint64, appHash [32]byte) (state *ledger.State, rows []ledger.Row, err error) {
	var before []byte
	for len(b) > 0 {
		var row ledger.Row
		if row.Key, b, err = cutLP(b, maxSnapshotRow); err == nil {
			row.Value, b, err = cutLP(b, maxSnapshotRow)
		}
		if err != nil {
			return nil, nil, err
		}
		if before != nil && bytes.Compare(before, row.Key) >= 0 {
			return nil, nil, errors.New("rows out of order")
		}
		before = row.Key
		row.Vouch(height)
		rows = append(rows, row)
	}
	// The rows come from outside: a fault that they cause must not end the node.
	err = guarded(func() (err error) {
		state, err = ledger.Load(func(yield func([]byte, []byte) bool) {
			for _, row := range rows {
				if !yield(bytes.Clone(row.Key), bytes.Clone(row.Value)) {
					return
				}
			}
		})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if v := state.View(); v.Height() != height || v.AppHash() != appHash {
		return nil, nil, errors.New("the state is not the one that the header proves")
	}
	return state, rows, nil
}

// adopt stores a verified state with the light blocks that led to it and goes
// on from there. Callers hold mu. The engine hears of the state after this; the
// signatures it then starts with are stored first, so that whatever of this a
// crash leaves, the node can start with or begin again.
func (a *app) adopt(state *ledger.State, rows []ledger.Row, chain lightChain) error {
	lb := chain.at(state.Height())
	c := &changes{rows: rows, at: meta{genesis: a.genesis, height: uint64(lb.Height), appHash: state.AppHash(), time: lb.Time.UTC()}, rules: rulesAt(state)}
	for _, g := range chain.changes() {
		c.changed = append(c.changed, g)
		for _, h := range []uint64{g - 1, g} {
			kept, err := keepBlock(chain.at(h))
			if err != nil {
				return err
			}
			c.light = append(c.light, kept)
		}
	}
	if err := a.store.clear(c); err != nil {
		return err
	}
	if a.store.blocks != nil {
		if err := a.store.blocks.SaveSeenCommit(lb.Height, lb.Commit); err != nil {
			return storeError("writing", err)
		}
	}
	if err := a.store.write(c); err != nil {
		return storeError("writing a snapshot into", err)
	}
	a.state, a.at, a.done, a.hash, a.time = state, c.at, c.at.height, c.at.appHash, c.at.time
	a.pending = nil
	a.trusted.taken.Store(true)
	a.broadcast()
	return nil
}

// lightChain are verified light blocks from the genesis to two above a snapshot.
type lightChain []*types.LightBlock

func (c lightChain) at(height uint64) *types.LightBlock {
	for _, lb := range c {
		if uint64(lb.Height) == height {
			return lb
		}
	}
	return nil
}

// changes lists the heights whose validators are others than those before.
func (c lightChain) changes() (out []uint64) {
	for i, b := range c {
		if i > 0 && b.Height == c[i-1].Height+1 && !bytes.Equal(b.ValidatorsHash, c[i-1].ValidatorsHash) {
			out = append(out, uint64(b.Height))
		}
	}
	return out
}

// turns returns the validators of height-2, height-1 and height with whose turn
// it is to propose. No signature covers that, and light blocks do not carry it:
// it follows from the genesis and the changes, a step each block, as the engine
// takes it (state.updateState).
func (c lightChain) turns(genesis *types.ValidatorSet, height uint64) (out [3]*types.ValidatorSet, err error) {
	v := genesis.Copy()
	changes := c.changes()
	heights := append(slices.Clone(changes), height-2, height-1, height)
	slices.Sort(heights)
	at := uint64(1)
	for _, g := range slices.Compact(heights) {
		if g > at {
			advance(v, g-at-1)
			if slices.Contains(changes, g) {
				if err := v.UpdateWithChangeSet(difference(v, c.at(g).ValidatorSet)); err != nil {
					return out, err
				}
			}
			v.IncrementProposerPriority(1)
			at = g
		}
		if g+2 >= height {
			if lb := c.at(g); lb == nil || !bytes.Equal(v.Hash(), lb.ValidatorsHash) {
				return out, errors.New("the light blocks leave out a member change")
			}
			out[g+2-height] = v.Copy()
		}
	}
	return out, nil
}

// advance takes steps. As members have one vote each, turns come round again
// soon, and whole rounds are left out.
func advance(v *types.ValidatorSet, steps uint64) {
	round := uint64(v.Size())
	priorities := func() (out []int64) {
		for _, x := range v.Validators {
			out = append(out, x.ProposerPriority)
		}
		return out
	}
	for before := priorities(); steps >= round; steps -= round {
		for range round {
			v.IncrementProposerPriority(1)
		}
		after := priorities()
		if slices.Equal(before, after) {
			steps %= round
			break
		}
		before = after
	}
	for range steps {
		v.IncrementProposerPriority(1)
	}
}

// difference are the changes that lead from one set to another.
func difference(from, to *types.ValidatorSet) (out []*types.Validator) {
	for _, v := range from.Validators {
		if !to.HasAddress(v.Address) {
			out = append(out, types.NewValidator(v.PubKey, 0))
		}
	}
	for _, v := range to.Validators {
		if !from.HasAddress(v.Address) {
			out = append(out, types.NewValidator(v.PubKey, v.VotingPower))
		}
	}
	return out
}

// memberChanges is the same of a state, which has them all: two changes that
// cancel each other out could be left out of the chain.
func memberChanges(s *ledger.State) (out []uint64) {
	for _, h := range s.View().MemberChanges() {
		out = append(out, h+2)
	}
	return slices.Compact(out)
}

// appHash is what the chain's last header but one says of the state below it.
func (c lightChain) appHash() []byte { return c[len(c)-2].AppHash }

// trusted verifies the light blocks of offered snapshots and gives the engine
// what it needs of them (statesync.StateProvider).
type trusted struct {
	follow  func(light [][]byte) (lightChain, error)
	genesis *types.ValidatorSet
	params  types.ConsensusParams
	taken   atomic.Bool // a state is taken over: nothing more is looked at

	mu     sync.Mutex
	chains map[uint64]lightChain
	offers map[p2p.ID]map[[32]byte]bool // what each peer offered, and whether it held
}

// newTrusted verifies from a home's trust and the genesis. Codes node_config,
// trust_expired.
func newTrusted(cfg Config, doc *types.GenesisDoc) (*trusted, error) {
	if cfg.StateSync.ChainID != doc.ChainID {
		return nil, explain.Errorf("node_config", "the trust is in another network")
	}
	if cfg.Now().After(cfg.StateSync.Expires()) {
		return nil, explain.Errorf("trust_expired", "trusted header %d", cfg.StateSync.Height())
	}
	vals := make([]*types.Validator, 0, len(doc.Validators))
	for _, v := range doc.Validators {
		vals = append(vals, types.NewValidator(v.PubKey, v.Power))
	}
	genesis := types.NewValidatorSet(vals)
	hash := genesis.Hash()
	return &trusted{
		genesis: genesis,
		params:  *doc.ConsensusParams,
		chains:  map[uint64]lightChain{},
		offers:  map[p2p.ID]map[[32]byte]bool{},
		follow:  func(light [][]byte) (lightChain, error) { return cfg.StateSync.Follow(hash, light, cfg.Now()) },
	}, nil
}

func (t *trusted) chain(height uint64) lightChain {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.chains[height]
}

// offered says whether the engine may hear of a snapshot. Each is looked at
// once, and only so many of one peer: it could find new ones without end.
func (t *trusted) offered(peer p2p.ID, s *ssproto.SnapshotsResponse) (bool, error) {
	if t.taken.Load() {
		return false, nil
	}
	head := fmt.Appendf(nil, "%d %d %d %x ", s.Height, s.Format, s.Chunks, s.Hash)
	key := sha256.Sum256(append(head, s.Metadata...))
	t.mu.Lock()
	defer t.mu.Unlock()
	if holds, known := t.offers[peer][key]; known {
		return holds, nil
	}
	if len(t.offers[peer]) >= maxOffers {
		return false, nil
	}
	if t.offers[peer] == nil {
		t.offers[peer] = map[[32]byte]bool{}
	}
	chain, err := t.verify(s)
	t.offers[peer][key] = err == nil
	if err != nil {
		return false, err
	}
	t.chains[s.Height] = chain
	return true, nil
}

func (t *trusted) verify(s *ssproto.SnapshotsResponse) (lightChain, error) {
	_, light, err := parseMetadata(s.Metadata)
	if err != nil {
		return nil, explain.Errorf("pack_malformed", "light blocks: %w", err)
	}
	chain, err := t.follow(light)
	if err != nil {
		return nil, err
	}
	n := len(chain)
	if n < 3 || s.Height == 0 || uint64(chain[n-1].Height) != s.Height+2 || uint64(chain[n-2].Height) != s.Height+1 || uint64(chain[n-3].Height) != s.Height {
		return nil, explain.Errorf("pack_malformed", "light blocks of another height")
	}
	if !bytes.Equal(chain[n-2].ConsensusHash, t.params.Hash()) {
		return nil, explain.Errorf("pack_malformed", "other parameters than those of the genesis")
	}
	return chain, nil
}

var errNotOffered = errors.New("no verified light blocks of this height")

// AppHash implements statesync.StateProvider.
func (t *trusted) AppHash(_ context.Context, height uint64) ([]byte, error) {
	c := t.chain(height)
	if c == nil {
		return nil, errNotOffered
	}
	return c.appHash(), nil
}

// Commit implements statesync.StateProvider.
func (t *trusted) Commit(_ context.Context, height uint64) (*types.Commit, error) {
	c := t.chain(height)
	if c == nil {
		return nil, errNotOffered
	}
	return c.at(height).Commit, nil
}

// State implements statesync.StateProvider.
func (t *trusted) State(_ context.Context, height uint64) (sm.State, error) {
	c := t.chain(height)
	if c == nil {
		return sm.State{}, errNotOffered
	}
	last, current, next := c.at(height), c.at(height+1), c.at(height+2)
	validators, err := c.turns(t.genesis, height+2)
	if err != nil {
		return sm.State{}, err
	}
	return sm.State{
		ChainID: last.ChainID, InitialHeight: 1,
		Version:         cmtstate.Version{Consensus: current.Version, Software: version.TMCoreSemVer},
		LastBlockHeight: last.Height, LastBlockTime: last.Time, LastBlockID: last.Commit.BlockID,
		AppHash: current.AppHash, LastResultsHash: current.LastResultsHash,
		LastValidators: validators[0], Validators: validators[1], NextValidators: validators[2],
		LastHeightValidatorsChanged:      next.Height,
		ConsensusParams:                  t.params,
		LastHeightConsensusParamsChanged: current.Height,
	}, nil
}

// snapshotReactor is the engine's, behind our look at what peers say.
type snapshotReactor struct {
	*statesync.Reactor
	trusted *trusted
	refused func(peer string, err error)
}

// Receive implements p2p.Reactor.
func (r *snapshotReactor) Receive(e p2p.Envelope) {
	switch m := e.Message.(type) {
	case *ssproto.SnapshotsResponse:
		ok, err := r.trusted.offered(e.Src.ID(), m)
		if err != nil {
			r.refused(string(e.Src.ID()), err)
		}
		if !ok {
			return
		}
	case *ssproto.ChunkResponse:
		if m.Missing {
			// The engine would ask the same peer again and again. This is a chunk with
			// the wrong hash.
			m.Missing, m.Chunk = false, []byte{}
		}
	}
	r.Reactor.Receive(e)
}

// withSnapshots lets the engine state-sync by what t has verified.
func withSnapshots(t *trusted, refused func(string, error)) cmtnode.Option {
	return func(n *cmtnode.Node) {
		const name = "STATESYNC"
		inner, ok := n.Switch().Reactor(name).(*statesync.Reactor)
		if !ok {
			return // none of its node; the engine finds no state provider, and says so
		}
		n.Switch().RemoveReactor(name, inner)
		n.Switch().AddReactor(name, &snapshotReactor{inner, t, refused})
		cmtnode.StateProvider(t)(n)
	}
}
