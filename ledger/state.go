package ledger

// The state machine: blocks in, results and rows out. It is a pure function
// of the genesis and the blocks: no clock, no randomness, no order of maps.

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
)

// Row is one row to store; rows of one Outcome belong into one atomic write.
type Row struct{ Key, Value []byte } // Value nil: delete

// Block is what consensus decided.
type Block struct {
	Height uint64
	Time   time.Time // of the header
	Hash   Hash
	Txs    [][]byte
}

// TxResult is what became of a transaction.
type TxResult struct {
	Code   string // "": executed; else why it was refused, and nothing changed
	Detail string // technical; the same on every node
}

// ValidatorUpdate changes a validator's power: 1, or 0 to remove it.
type ValidatorUpdate struct {
	Key   [32]byte // Ed25519
	Power int64
}

// Outcome is what a block did.
type Outcome struct {
	Results    []TxResult // one for each transaction
	AppHash    Hash       // of the state after the block
	Validators []ValidatorUpdate
	Rows       []Row
}

// State is a node's full state. It is not safe for concurrent use.
type State struct {
	d *data

	openSet map[openKey]struct{} // batches of the open epoch
	held    map[triple][]did.DID // issuers ever accredited

	verified sigMemory
	checked  map[did.DID]uint64 // sequences that Check has let through since ResetCheck

	// Of the block that executes.
	block        Block
	rules        rules
	now          int64 // header time in whole seconds
	position     uint32
	acted        bool // the block did more than take in batches
	memberChange bool
	dirty        []string
	isDirty      map[string]bool
	dirtySeq     []*identity
	dirtyChunks  map[chunkKey]struct{}
	chunkOrder   []chunkKey
	rows         []Row
	updates      []ValidatorUpdate
}

type openKey struct {
	id   did.DID
	root Hash
}

type chunkKey struct {
	id did.DID
	n  int
}

func newState(d *data) *State {
	return &State{
		d: d, openSet: map[openKey]struct{}{}, held: map[triple][]did.DID{},
		checked: map[did.DID]uint64{}, isDirty: map[string]bool{}, dirtyChunks: map[chunkKey]struct{}{},
	}
}

// New makes the first state of a network and the rows that hold it. Code
// genesis_malformed.
func New(g Genesis) (*State, []Row, error) {
	if err := g.check(); err != nil {
		return nil, nil, explain.Errorf("genesis_malformed", "checking the genesis: %w", err)
	}
	d := newData(true)
	d.chainID, d.genesis, d.params = g.ChainID, g.Time.Unix(), g.Params
	s := newState(d)
	s.setValue(SubjectParams, marshalParams(d.chainID, d.genesis, d.params))
	s.setValue(SubjectClosed, marshalClosed(g.Time))
	for i, m := range g.Members {
		s.position = uint32(i)
		doc, err := did.ParseDocument(m.Document)
		if err != nil {
			return nil, nil, fmt.Errorf("reading a founder's document: %w", err)
		}
		s.appendVersion(doc.ID, m.Document)
		s.memberEvent(memberEvent{head: s.head(memberAdmitted), id: doc.ID, name: m.Name, key: m.Consensus})
	}
	s.updates = nil
	s.append(SubjectBlocks, blockRec{0, sha256.Sum256(g.Marshal())}.marshal())
	for _, n := range fixedSubjects {
		s.touch(n)
	}
	s.flush()
	return s, s.takeRows(), nil
}

// View returns the read side of this state; it shows every later block too.
func (s *State) View() *View { return &View{d: s.d} }

// Height is the last executed block, 0 at genesis.
func (s *State) Height() uint64 { return s.d.height }

// AppHash is the root of the index.
func (s *State) AppHash() Hash { return s.d.appHash() }

// UpgradeDue returns the newest upgrade whose height is at or below height: a
// node that does not know it by name must not execute that block.
func (s *State) UpgradeDue(height uint64) (PlannedUpgrade, bool) {
	for _, u := range slices.Backward(s.d.upgradeList) {
		if u.Height <= height {
			return u, true
		}
	}
	return PlannedUpgrade{}, false
}

func (s *State) head(kind uint8) head { return head{kind, s.block.Height, s.position} }

// append adds an entry to a list subject and a row for it. An entry that this
// program made and cannot read is a fault that must stop it.
func (s *State) append(name string, raw []byte) {
	at := s.listLength(name)
	if err := s.d.add(name, raw); err != nil {
		panic("ledger: " + err.Error())
	}
	s.rows = append(s.rows, Row{listKey(name, at), raw})
	s.touch(name)
}

func (s *State) listLength(name string) uint64 {
	if sub, ok := s.d.measureLength(name); ok {
		return sub
	}
	return 0
}

func (s *State) setValue(name string, value []byte) {
	s.d.values[name] = value
	s.rows = append(s.rows, Row{valueKey(name), value})
	s.touch(name)
}

func (s *State) touch(name string) {
	if !s.isDirty[name] {
		s.isDirty[name] = true
		s.dirty = append(s.dirty, name)
	}
}

// flush brings the index up to date and completes the rows.
func (s *State) flush() {
	for _, x := range s.dirtySeq {
		s.rows = append(s.rows, Row{valueKey(PrefixSequence + string(x.id)), sequenceRow(x)})
	}
	s.dirtySeq = s.dirtySeq[:0]
	for _, k := range s.chunkOrder {
		s.rows = append(s.rows, Row{chunkRowKey(k), slices.Clone(s.d.ids[k.id].status.chunks[k.n])})
	}
	s.chunkOrder = s.chunkOrder[:0]
	clear(s.dirtyChunks)
	for _, n := range s.dirty {
		if sub, ok := s.d.measure(n); ok {
			s.d.index.set(sub)
		}
	}
	s.dirty = s.dirty[:0]
	clear(s.isDirty)
	s.rows = append(s.rows, Row{[]byte(rowHeight), binary.BigEndian.AppendUint64(nil, s.d.height)})
}

func (s *State) takeRows() []Row {
	out := s.rows
	s.rows = nil
	return out
}

// Rows. A list entry: subject ‖ 0x00 ‖ u64 position. A value: subject ‖ 0x00.
// Status: subject ‖ 0x00 ‖ 'm' for counts, 'c' ‖ u32 chunk for 4 KiB of pages,
// 'l' ‖ u64 position for the change log. No subject's name holds 0x00. Beside
// them one row holds the height.
const rowHeight = "\x00height"

func valueKey(name string) []byte { return append([]byte(name), 0) }

func listKey(name string, at uint64) []byte {
	b := make([]byte, 0, len(name)+9)
	b = append(append(b, name...), 0)
	return binary.BigEndian.AppendUint64(b, at)
}

func chunkRowKey(k chunkKey) []byte {
	b := append([]byte(PrefixStatus+string(k.id)), 0, 'c')
	return binary.BigEndian.AppendUint32(b, uint32(k.n))
}

func statusMetaKey(id did.DID) []byte { return append([]byte(PrefixStatus+string(id)), 0, 'm') }

func changeKey(id did.DID, at uint64) []byte {
	b := append([]byte(PrefixStatus+string(id)), 0, 'l')
	return binary.BigEndian.AppendUint64(b, at)
}

func statusMeta(p *pages) []byte {
	b := binary.BigEndian.AppendUint64(nil, p.sequence)
	b = binary.BigEndian.AppendUint64(b, p.rng.Size())
	b = binary.BigEndian.AppendUint32(b, p.count())
	return binary.BigEndian.AppendUint64(b, p.height)
}

// Vouch makes a row from elsewhere say that its subject changed in block height,
// where a row says so: the app hash does not cover that, and a height that is
// too low would leave things out of deltas. Other rows stay as they are.
func (r *Row) Vouch(height uint64) {
	name, rest, _ := strings.Cut(string(r.Key), "\x00")
	sequence := strings.HasPrefix(name, PrefixSequence) && rest == ""
	if n := len(r.Value) - 8; n >= 0 && (sequence || strings.HasPrefix(name, PrefixStatus) && rest == "m") {
		r.Value = binary.BigEndian.AppendUint64(slices.Clone(r.Value[:n]), height)
	}
}

func sequenceRow(x *identity) []byte {
	b := binary.BigEndian.AppendUint64(nil, x.seq)
	return binary.BigEndian.AppendUint64(b, x.seqHeight)
}

func marshalClosed(t time.Time) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(t.Unix()))
	return binary.BigEndian.AppendUint32(b, uint32(t.Nanosecond()))
}

func parseClosed(b []byte) (time.Time, error) {
	r := &reader{b: b}
	sec, nano := int64(r.u64()), r.u32()
	if nano >= 1e9 {
		r.fail("not a time")
	}
	return time.Unix(sec, int64(nano)).UTC(), r.end()
}

// Load makes a state from stored rows, in ascending order of their keys. Rows
// that do not belong together are refused or give another AppHash, which the
// caller compares with the one it stored beside them. Code state_damaged.
func Load(rows iter.Seq2[[]byte, []byte]) (*State, error) {
	s, err := load(rows)
	if err != nil {
		return nil, explain.Errorf("state_damaged", "loading the ledger's state: %w", err)
	}
	return s, nil
}

func load(rows iter.Seq2[[]byte, []byte]) (*State, error) {
	d := newData(true)
	metas := map[did.DID]uint64{} // changes that the counts promise
	sawHeight := false
	next := map[string]uint64{}
	for k, v := range rows {
		if string(k) == rowHeight {
			if len(v) != 8 {
				return nil, errors.New("row of the height")
			}
			d.height, sawHeight = binary.BigEndian.Uint64(v), true
			continue
		}
		name, rest, found := strings.Cut(string(k), "\x00")
		kind, known := KindOf(name)
		if !found || !known {
			return nil, errors.New("row of an unknown subject")
		}
		v = slices.Clone(v)
		switch {
		case kind == KindStatus:
			if err := d.loadStatus(did.DID(strings.TrimPrefix(name, PrefixStatus)), rest, v, metas, next); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		case kind == KindValue && rest == "":
			d.values[name] = v
		case strings.HasPrefix(name, PrefixSequence) && rest == "":
			if len(v) != 16 {
				return nil, errors.New("row of a sequence")
			}
			x := d.ensure(did.DID(strings.TrimPrefix(name, PrefixSequence)))
			x.seq, x.seqHeight = binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(v[8:])
		default:
			if len(rest) != 8 || binary.BigEndian.Uint64([]byte(rest)) != next[name] {
				return nil, fmt.Errorf("%s: rows are missing or out of order", name)
			}
			next[name]++
			if err := d.add(name, v); err != nil {
				return nil, err
			}
		}
	}
	if !sawHeight {
		return nil, errors.New("the row of the height is missing")
	}
	var err error
	if d.chainID, d.genesis, d.params, err = parseParams(d.values[SubjectParams]); err != nil {
		return nil, err
	}
	if _, err := parseClosed(d.values[SubjectClosed]); err != nil {
		return nil, err
	}
	for _, id := range d.idOrder {
		if p := d.ids[id].status; p != nil && p.rng.Size() != metas[id] {
			return nil, errors.New("rows of a change log are missing")
		}
	}
	if d.gov, err = fold(d.memberEvents, d.proposals.raw); err != nil {
		return nil, err
	}
	d.reindex()
	s := newState(d)
	for _, b := range d.open {
		s.openSet[openKey{b.id, b.root}] = struct{}{}
	}
	for _, id := range d.idOrder {
		for _, e := range d.ids[id].accEvents {
			if e.Kind == Accredited {
				s.noteHeld(id, triple{e.Type, e.Jurisdiction})
			}
		}
	}
	return s, nil
}

// loadStatus reads one row of a status subject; the counts come last ('c' <
// 'l' < 'm').
func (d *data) loadStatus(id did.DID, rest string, v []byte, metas map[did.DID]uint64, next map[string]uint64) error {
	x := d.ensure(id)
	if x.status == nil {
		x.status = &pages{}
	}
	p := x.status
	switch {
	case strings.HasPrefix(rest, "c") && len(rest) == 5:
		n := int(binary.BigEndian.Uint32([]byte(rest[1:])))
		if len(v) != chunkBytes || n >= MaxPages*chunksPerPage {
			return errors.New("row of a page")
		}
		for len(p.chunks) <= n {
			p.open()
		}
		p.chunks[n] = v
		p.markStale(n / chunksPerPage)
	case strings.HasPrefix(rest, "l") && len(rest) == 9:
		key := PrefixStatus + string(id)
		if binary.BigEndian.Uint64([]byte(rest[1:])) != next[key] {
			return errors.New("rows of a change log are missing or out of order")
		}
		next[key]++
		c, err := parseChange(v)
		if err != nil {
			return err
		}
		p.log = append(p.log, c)
		p.rng.Append(LeafOf(v))
	case rest == "m":
		r := &reader{b: v}
		p.sequence = r.u64()
		metas[id] = r.u64()
		count := r.u32()
		p.height = r.u64()
		if err := r.end(); err != nil {
			return err
		}
		if count > MaxPages || count < p.count() || count == 0 {
			return errors.New("page count")
		}
		for p.count() < count {
			p.open()
		}
	default:
		return errors.New("unknown row")
	}
	return nil
}

// sigMemory remembers signatures that held, so that what the mempool checked
// is not checked again in the block. It forgets the older half when full.
type sigMemory struct{ young, old map[Hash]struct{} }

const sigMemoryHalf = 20_000

func (m *sigMemory) has(h Hash) bool {
	if _, ok := m.young[h]; ok {
		return true
	}
	_, ok := m.old[h]
	return ok
}

func (m *sigMemory) add(h Hash) {
	if m.young == nil || len(m.young) >= sigMemoryHalf {
		m.young, m.old = map[Hash]struct{}{}, m.young
	}
	m.young[h] = struct{}{}
}
