// Package pack reads and writes trust packs: one file with everything a
// verifier needs, proved by the members' signatures before any of it is used
// (docs/trust-pack.md has the bytes, the rules and the codes).
//
// Importing is pure: it takes what is there and returns what would be there.
// Whatever fails leaves the caller with what it had.
package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/ledger"

	"github.com/cometbft/cometbft/types"
)

// Data is verified ledger data. It does not change; several may share parts.
type Data struct {
	View       *ledger.View // the state after Height
	ChainID    string
	Height     uint64    // of the state; the header that proves it is Height + 1
	AsOf       time.Time // time of that header
	HeaderHash [32]byte
	Validators int           // of that header
	Interval   time.Duration // between epochs, from the network's parameters
	Period     time.Duration // the trusting period

	blocks []*types.LightBlock // both sides of every member change, then the header
}

// Source is what packs are made from.
type Source interface {
	// View is a state that does not change while a pack is made of it.
	View() *ledger.View
	// Header is the height of the header that proves View: its app hash is
	// View's.
	Header() uint64
	// LightBlock gives the block at Header, and those at g-1 and g for every g
	// of MemberChanges, in whatever age.
	LightBlock(height uint64) (*types.LightBlock, error)
	// MemberChanges lists, ascending, the heights up to Header whose validators
	// are others than those of the height before.
	MemberChanges() ([]uint64, error)
}

// Export writes a pack of everything (from 0), or of what came after the state
// at height from. An error of code pack_unproven says that no header proves the
// state, pack_gap that from lies beyond it.
func Export(w io.Writer, src Source, from uint64) error {
	top, err := src.LightBlock(src.Header())
	if err != nil {
		return fmt.Errorf("making a pack: header %d: %w", src.Header(), err)
	}
	v := src.View()
	if hash := v.AppHash(); !bytes.Equal(hash[:], top.AppHash) {
		return explain.Errorf("pack_unproven", "header %d proves another state", top.Height)
	}
	height := uint64(top.Height) - 1
	if from > height {
		return explain.Errorf("pack_gap", "a delta from %d of a state at %d", from, height)
	}
	changes, err := src.MemberChanges()
	if err != nil {
		return fmt.Errorf("making a pack: member changes: %w", err)
	}
	blocks := []*types.LightBlock{}
	add := func(h uint64) error {
		// A home at the state after from has header from + 1.
		if h <= from || len(blocks) > 0 && uint64(blocks[len(blocks)-1].Height) >= h {
			return nil
		}
		lb, err := src.LightBlock(h)
		if err != nil {
			return fmt.Errorf("making a pack: header %d: %w", h, err)
		}
		blocks = append(blocks, lb)
		return nil
	}
	for _, g := range changes {
		// The block before names the new validators, so that the step between
		// the two holds whatever share of them is new.
		if err := errors.Join(add(g-1), add(g)); err != nil {
			return err
		}
	}
	if err := add(uint64(top.Height)); err != nil {
		return err
	}
	b, err := build(v, blocks, from)
	if err != nil {
		return fmt.Errorf("making a pack: %w", err)
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("writing a pack: %w", err)
	}
	return nil
}

// build makes the file from a view and the light blocks, of which the last
// proves it.
func build(v *ledger.View, blocks []*types.LightBlock, from uint64) ([]byte, error) {
	top := blocks[len(blocks)-1]
	var body columns
	if err := body.putBlocks(blocks); err != nil {
		return nil, err
	}
	c, err := carry(v, from, top)
	if err != nil {
		return nil, err
	}
	if err := body.putCarried(c); err != nil {
		return nil, err
	}
	h := head{kind: whole, from: from, height: uint64(top.Height) - 1, chainID: top.ChainID}
	if from > 0 {
		h.kind = delta
	}
	return seal(h, body.bytes())
}

// maxBlocks bounds the light blocks of a pack.
const maxBlocks = 1 << 16

func (w *columns) putBlocks(blocks []*types.LightBlock) error {
	w[colMain] = appendVarint(w[colMain], uint64(len(blocks)))
	for _, lb := range blocks {
		b, err := shortLight(lb)
		if err != nil {
			return err
		}
		w[colMain] = appendField(w[colMain], b)
	}
	return nil
}

// blocks reads light blocks of one chain at rising heights.
func (r *reader) blocks(chainID string) ([]*types.LightBlock, error) {
	n := r[colMain].count(1)
	if n == 0 || n > maxBlocks {
		return nil, errors.New("number of light blocks")
	}
	out := make([]*types.LightBlock, 0, min(n, 64))
	for range n {
		lb, err := parseShort(r[colMain].field())
		if err != nil {
			return nil, err
		}
		if lb.ChainID != chainID {
			return nil, errors.New("a light block of another chain")
		}
		if len(out) > 0 && out[len(out)-1].Height >= lb.Height {
			return nil, errors.New("light blocks out of order")
		}
		out = append(out, lb)
	}
	return out, nil
}

// file is a pack taken apart, with nothing verified.
type file struct {
	head
	blocks  []*types.LightBlock
	carried ledger.Carried
	body    int // bytes
}

func parse(r io.Reader) (*file, error) {
	h, body, err := open(r)
	if err != nil {
		return nil, err
	}
	f, err := parseBody(h, body)
	if err != nil {
		return nil, explain.Errorf("pack_malformed", "%w", err)
	}
	return f, nil
}

func parseBody(h head, body []byte) (*file, error) {
	rd, err := split(body)
	if err != nil {
		return nil, err
	}
	f := &file{head: h, body: len(body)}
	if f.blocks, err = rd.blocks(h.chainID); err != nil {
		return nil, err
	}
	if top := f.top(); uint64(top.Height) != h.height+1 {
		return nil, errors.New("the last light block is not the header of the height")
	}
	if f.carried, err = rd.carried(h); err != nil {
		return nil, err
	}
	return f, rd.end()
}

func (f *file) top() *types.LightBlock { return f.blocks[len(f.blocks)-1] }

// Info is what a pack says about itself. Nothing of it is verified.
type Info struct {
	Version     int
	Delta       bool
	From        uint64 // delta: the state height it starts from
	Height      uint64 // of the state
	ChainID     string
	HeaderHash  [32]byte
	AsOf        time.Time
	Validators  int
	LightBlocks int
	Subjects    int
	Entries     int // of lists
	Pages       int // status pages carried
	Changes     int // status changes carried
	Expanded    int // bytes of the body
	HeaderBytes int // bytes of the last light block
}

// Inspect reads a pack without any trust.
func Inspect(r io.Reader) (Info, error) {
	f, err := parse(r)
	if err != nil {
		return Info{}, err
	}
	top := f.top()
	info := Info{
		Version: version, Delta: f.kind == delta, From: f.from, Height: f.height, ChainID: f.chainID,
		HeaderHash: [32]byte(top.Hash()), AsOf: top.Time.UTC(), Validators: top.ValidatorSet.Size(),
		LightBlocks: len(f.blocks), Expanded: f.body,
	}
	b, err := marshalLight(top)
	if err != nil {
		return Info{}, explain.Errorf("pack_malformed", "%w", err)
	}
	info.HeaderBytes = len(b)
	info.count(f.carried)
	return info, nil
}

// StatusChange is one change of a licence's status.
type StatusChange struct {
	Issuer   did.DID
	Index    uint32
	Old, New ledger.Status
	Height   uint64
	Position uint32 // of its transaction in the block
}

// Result is what an import would leave behind. The caller keeps Trust and
// Stored in one atomic step.
type Result struct {
	Data      *Data
	Trust     Trust
	Stored    []byte // the whole pack in its one form, for Load
	Delta     bool
	Unchanged bool // the header was here already; everything else is as before
	// Changes are the status changes after From, in the order of the ledger.
	// After a whole pack there are none: the past before it is not known.
	Changes []StatusChange
	From    uint64 // state height from which Changes are complete
}

// Import verifies a pack and applies it to what is here (nil: nothing). now is
// the device's clock and floor the home's clock floor; the trusting period is
// judged at the later of the two.
func Import(t Trust, cur *Data, r io.Reader, now, floor time.Time) (*Result, error) {
	if t.None() {
		return nil, explain.Errorf("no_trust", "nothing pinned")
	}
	f, err := parse(r)
	if err != nil {
		return nil, err
	}
	if f.chainID != t.ChainID {
		return nil, explain.Errorf("pack_other_network", "%s, not %s", f.chainID, t.ChainID)
	}
	if cur != nil && cur.ChainID != t.ChainID {
		cur = nil // another network was pinned since
	}
	if err := conflict(t, cur, f.blocks); err != nil {
		return nil, err
	}
	top := f.top()
	if top.Height < t.block.Height || cur != nil && f.height < cur.Height {
		return nil, explain.Errorf("pack_lower_height", "header %d, here is %d", top.Height, t.block.Height)
	}
	judged := now
	if floor.After(now) {
		judged = floor
	}
	if _, err := follow(t.block, f.blocks, judged); err != nil {
		return nil, err
	}
	if cur != nil && cur.HeaderHash == [32]byte(top.Hash()) {
		stored, err := build(cur.View, cur.blocks, 0)
		if err != nil {
			return nil, err
		}
		return &Result{Data: cur, Trust: t, Stored: stored, Delta: f.kind == delta, Unchanged: true, From: cur.Height}, nil
	}
	res := &Result{Delta: f.kind == delta, From: f.height, Trust: t}
	res.Trust.block = top
	blocks := f.blocks
	if cur == nil {
		res.Trust.proven = t.block.Height
	} else {
		blocks = joinBlocks(cur.blocks, f, t)
	}
	var base *ledger.View
	if f.kind == delta {
		if cur == nil || cur.Height < f.from {
			return nil, explain.Errorf("pack_gap", "a delta from %d", f.from)
		}
		base, res.From = cur.View, cur.Height
	}
	v, err := apply(base, f)
	if err != nil {
		return nil, err
	}
	if f.kind == delta {
		res.Changes = statusChanges(v, f.carried, cur.Height)
	}
	res.Data = newData(v, blocks)
	if res.Stored, err = build(v, blocks, 0); err != nil {
		return nil, err
	}
	return res, nil
}

// conflict looks for a header in blocks that contradicts one that was verified
// here. A light block that is older than that could be anybody's invention, and
// must not be able to keep true ones out.
func conflict(t Trust, cur *Data, blocks []*types.LightBlock) error {
	known := map[int64]*types.LightBlock{}
	if cur != nil {
		for _, lb := range cur.blocks {
			if lb.Height >= t.proven {
				known[lb.Height] = lb
			}
		}
	}
	known[t.block.Height] = t.block
	for _, lb := range blocks {
		if ours := known[lb.Height]; ours != nil {
			if err := same(ours, lb); err != nil {
				return err
			}
		}
	}
	return nil
}

// joinBlocks gives the light blocks to keep: those that were verified here,
// those that f adds to them, and of what lies before any that are at hand. Old
// headers that are no side of a member change are dropped.
func joinBlocks(old []*types.LightBlock, f *file, t Trust) []*types.LightBlock {
	var out []*types.LightBlock
	if f.kind == whole {
		for _, lb := range f.blocks {
			if lb.Height < min(t.proven, t.block.Height) {
				out = append(out, lb)
			}
		}
	}
	for i, lb := range old {
		names := !bytes.Equal(lb.ValidatorsHash, lb.NextValidatorsHash)
		named := i > 0 && !bytes.Equal(old[i-1].ValidatorsHash, lb.ValidatorsHash)
		if lb.Height < t.block.Height && (f.kind == delta || lb.Height >= t.proven) && (names || named) {
			out = append(out, lb)
		}
	}
	for _, lb := range f.blocks {
		if lb.Height >= t.block.Height {
			out = append(out, lb)
		}
	}
	return out
}

func newData(v *ledger.View, blocks []*types.LightBlock) *Data {
	top := blocks[len(blocks)-1]
	v.SetHeader(top.Time.UTC())
	return &Data{
		View: v, ChainID: top.ChainID, Height: uint64(top.Height) - 1, AsOf: top.Time.UTC(),
		HeaderHash: [32]byte(top.Hash()), Validators: top.ValidatorSet.Size(),
		Interval: v.Params().Interval, Period: TrustingPeriod, blocks: blocks,
	}
}

// Load reads the pack that a home kept after an import, once more against the
// trust kept with it: the same header, the index computed anew. Nothing is
// judged by a clock, because data that is here stays readable at any age.
func Load(t Trust, stored []byte) (*Data, error) {
	if t.None() {
		return nil, explain.Errorf("no_trust", "nothing pinned")
	}
	f, err := parse(bytes.NewReader(stored))
	if err != nil {
		return nil, err
	}
	if f.chainID != t.ChainID {
		return nil, explain.Errorf("pack_other_network", "%s, not %s", f.chainID, t.ChainID)
	}
	if f.kind != whole {
		return nil, explain.Errorf("pack_gap", "a delta was kept")
	}
	if !bytes.Equal(f.top().Hash(), t.block.Hash()) {
		return nil, explain.Errorf("pack_altered", "the kept pack is not the one of the trusted header")
	}
	v, err := apply(nil, f)
	if err != nil {
		return nil, err
	}
	return newData(v, f.blocks), nil
}
