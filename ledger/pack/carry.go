package pack

// The ledger's entries in the body of a pack. What the ledger makes of them is
// its business (ledger.Assemble, View.Apply); here they only become short:
// entries of one shape are laid out by field, neighbours as differences.

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/ledger"

	"github.com/cometbft/cometbft/types"
)

// Bounds on what a body may announce, well above a nation's data. Memory is
// made for no more than that, whatever the compressor squeezed in.
const (
	maxSubjects  = 1 << 15
	maxEntries   = 4 << 20 // of all lists and change logs
	maxPages     = 1 << 16 // of all issuers
	maxHeldPages = 4096    // of those, pages that are not all 0: 256 MiB
)

const (
	epochBytes  = 55 // number u64 ‖ height u64 ‖ batches u32 ‖ root ‖ year u16 ‖ month u8
	timeBytes   = 16 // height u64 ‖ seconds u64
	changeBytes = 18 // height u64 ‖ position u32 ‖ index u32 ‖ old u8 ‖ new u8; read without old
)

func (w *columns) put(col int, v uint64) { w[col] = appendVarint(w[col], v) }

func (w *columns) putHash(h ledger.Hash) { w[colHashes] = append(w[colHashes], h[:]...) }

// putCarried writes: number of subjects, then for each its name and
//
//	root only  length, root; of a sequence the number whose digest the root is
//	value      bytes
//	list       first position, number of entries, entries
//	epochs     as a list; in a whole pack then the shrunk ranges
//	status     sequence, pages, length of the change log, then in a whole pack
//	           the peaks of the log and the pages, in a delta the newest entries of
//	           the log
//
// A delta's heights are differences from where it starts.
func (w *columns) putCarried(c ledger.Carried) error {
	if len(c.Subjects) > maxSubjects {
		return errors.New("too many subjects")
	}
	w.put(colMain, uint64(len(c.Subjects)))
	var known names
	for _, s := range c.Subjects {
		if err := w.putSubject(s, c.From, &known); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

// names are the DIDs whose subjects were written or read so far. Subjects
// stand in the order of their names, so each prefix runs through the same DIDs:
// mostly the next one is meant.
type names struct {
	dids []string
	at   map[string]int // in dids
	next int            // after the one meant last
}

// last is the newest DID; "" before the first.
func (n *names) last() string {
	if len(n.dids) == 0 {
		return ""
	}
	return n.dids[len(n.dids)-1]
}

// shared is the length of what two DIDs begin with alike.
func shared(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func (n *names) add(id string) {
	if n.at == nil {
		n.at = map[string]int{}
	}
	n.at[id] = len(n.dids)
	n.dids = append(n.dids, id)
	n.next = 0 // whoever comes next is new, or a prefix begins anew
}

func (n *names) step(id string) (steps uint64, known bool) {
	i, known := n.at[id]
	if !known {
		return 0, false
	}
	steps = uint64((i - n.next + len(n.dids)) % len(n.dids))
	n.next = (i + 1) % len(n.dids)
	return steps, true
}

// prefixes are those of names that end in a DID.
var prefixes = []string{ledger.PrefixAccreditation, ledger.PrefixBatches, ledger.PrefixDID, ledger.PrefixSequence, ledger.PrefixStatus}

// putName writes 0 and the name, or the number of its prefix from 1 on and
// its DID: 0 and a new DID (how much it begins with like the new one before, and
// the rest), or 1 + how many DIDs to pass over from the one after the last, the
// first following the last.
func (w *columns) putName(name string, known *names) {
	for i, p := range prefixes {
		id, ok := strings.CutPrefix(name, p)
		if !ok {
			continue
		}
		w[colMain] = append(w[colMain], byte(i+1))
		if steps, there := known.step(id); there {
			w.put(colMain, 1+steps)
			return
		}
		same := shared(known.last(), id)
		w[colMain] = append(w[colMain], 0)
		w.put(colMain, uint64(same))
		w[colMain] = appendField(w[colMain], []byte(id[same:]))
		known.add(id)
		return
	}
	w[colMain] = appendField(append(w[colMain], 0), []byte(name))
}

var errName = errors.New("name of a subject not in its one form")

func (r *reader) name(known *names) (string, error) {
	kind := int(r[colMain].u8())
	if kind == 0 {
		name := string(r[colMain].field())
		if strings.Contains(name, "/") {
			return "", errName
		}
		return name, nil
	}
	if kind > len(prefixes) {
		return "", errName
	}
	steps := r[colMain].varint()
	if steps == 0 {
		before, same := known.last(), r[colMain].varint()
		rest := r[colMain].field()
		if same > uint64(len(before)) {
			return "", errName
		}
		id := before[:same] + string(rest)
		if _, there := known.at[id]; there || shared(before, id) != int(same) {
			return "", errName
		}
		known.add(id)
		return prefixes[kind-1] + id, nil
	}
	if steps > uint64(len(known.dids)) {
		return "", errName
	}
	at := (known.next + int(steps-1)) % len(known.dids)
	known.next = (at + 1) % len(known.dids)
	return prefixes[kind-1] + known.dids[at], nil
}

func (w *columns) putSubject(s ledger.CarriedSubject, from uint64, known *names) error {
	delta := from > 0
	kind, ok := ledger.KindOf(s.Name)
	if !ok {
		return errors.New("unknown subject")
	}
	w.putName(s.Name, known)
	switch kind {
	case ledger.KindRoot:
		if strings.HasPrefix(s.Name, ledger.PrefixSequence) {
			if s.Length != 1 || s.Root != ledger.SequenceRoot(s.Number) {
				return errors.New("not the root of the number")
			}
			w.put(colMain, s.Number)
			return nil
		}
		w.put(colMain, s.Length)
		w.putHash(s.Root)
		return nil
	case ledger.KindValue:
		if len(s.Entries) != 1 {
			return errors.New("a value has one entry")
		}
		w[colMain] = appendField(w[colMain], s.Entries[0])
		return nil
	case ledger.KindStatus:
		return w.putStatus(s.Status, from)
	}
	w.put(colMain, s.First)
	w.put(colMain, uint64(len(s.Entries)))
	switch s.Name {
	case ledger.SubjectEpochs:
		if err := w.putEpochs(s.Entries, from); err != nil {
			return err
		}
		if !delta {
			w.put(colMain, uint64(len(s.Shrunk)))
			for _, x := range s.Shrunk {
				w.put(colMain, x.First)
				w[colMain] = append(w[colMain], x.Level)
				w.putHash(x.Hash)
			}
		}
		return nil
	case ledger.SubjectTimes:
		return w.putTimes(s.Entries, from)
	}
	for _, e := range s.Entries {
		w[colMain] = appendField(w[colMain], e)
	}
	return nil
}

// Differences wrap around like the unsigned integers they are, so that every
// entry has exactly one form, sensible or not.

func (w *columns) putEpochs(entries [][]byte, height uint64) error {
	var number, month uint64
	for _, e := range entries {
		if len(e) != epochBytes {
			return errors.New("size of an epoch entry")
		}
		n, h := binary.BigEndian.Uint64(e), binary.BigEndian.Uint64(e[8:])
		m := uint64(binary.BigEndian.Uint16(e[52:]))<<8 | uint64(e[54])
		w.put(colRare, n-number-1)
		w.put(colHeights, h-height)
		w.put(colCounts, uint64(binary.BigEndian.Uint32(e[16:])))
		w[colHashes] = append(w[colHashes], e[20:52]...)
		w.put(colRare, zigzag(m-month))
		number, height, month = n, h, m
	}
	return nil
}

func (r *reader) epochs(n int, height uint64) ([][]byte, error) {
	var number, month uint64
	return fixed(n, epochBytes, func(e []byte) error {
		number += r[colRare].varint() + 1
		height += r[colHeights].varint()
		count := r[colCounts].varint()
		root := r[colHashes].take(32)
		month += unzigzag(r[colRare].varint())
		if count > 1<<32-1 || month > 1<<24-1 {
			return errBody
		}
		binary.BigEndian.PutUint64(e, number)
		binary.BigEndian.PutUint64(e[8:], height)
		binary.BigEndian.PutUint32(e[16:], uint32(count))
		copy(e[20:], root)
		binary.BigEndian.PutUint16(e[52:], uint16(month>>8))
		e[54] = byte(month)
		return r.err()
	})
}

func (w *columns) putTimes(entries [][]byte, height uint64) error {
	var secs uint64
	for _, e := range entries {
		if len(e) != timeBytes {
			return errors.New("size of a time entry")
		}
		h, s := binary.BigEndian.Uint64(e), binary.BigEndian.Uint64(e[8:])
		w.put(colHeights, h-height)
		w.put(colTimes, s-secs)
		height, secs = h, s
	}
	return nil
}

func (r *reader) times(n int, height uint64) ([][]byte, error) {
	var secs uint64
	return fixed(n, timeBytes, func(e []byte) error {
		height += r[colHeights].varint()
		secs += r[colTimes].varint()
		binary.BigEndian.PutUint64(e, height)
		binary.BigEndian.PutUint64(e[8:], secs)
		return r.err()
	})
}

// putChanges leaves out what was before: the page says it.
func (w *columns) putChanges(log [][]byte, height uint64) error {
	var position, index uint64
	for _, e := range log {
		if len(e) == changeBytes {
			e = append(bytes.Clone(e[:changeBytes-2]), e[changeBytes-1])
		}
		if len(e) != changeBytes-1 || e[16] > 15 {
			return errors.New("form of a status change")
		}
		h, p, i := binary.BigEndian.Uint64(e), uint64(binary.BigEndian.Uint32(e[8:])), uint64(binary.BigEndian.Uint32(e[12:]))
		w.put(colHeights, h-height)
		w.put(colRare, zigzag(p-position))
		// A transaction names indexes in their order, mostly. The low byte of the
		// step from one to the next is noise, what is above it is small.
		step := zigzag(i - index)
		w[colIndexes] = append(w[colIndexes], byte(step))
		w.put(colGaps, step>>8)
		w[colValues] = append(w[colValues], e[16])
		height, position, index = h, p, i
	}
	return nil
}

func (r *reader) changes(n int, height uint64) ([][]byte, error) {
	var position, index uint64
	return fixed(n, changeBytes-1, func(e []byte) error {
		height += r[colHeights].varint()
		position += unzigzag(r[colRare].varint())
		low, high := r[colIndexes].u8(), r[colGaps].varint()
		index += unzigzag(high<<8 | uint64(low))
		v := r[colValues].u8()
		if position > 1<<32-1 || high >= 1<<56 || index > 1<<32-1 || v > 15 {
			return errBody
		}
		binary.BigEndian.PutUint64(e, height)
		binary.BigEndian.PutUint32(e[8:], uint32(position))
		binary.BigEndian.PutUint32(e[12:], uint32(index))
		e[16] = v
		return r.err()
	})
}

// fixed makes n entries of one size, in blocks of memory that grow only as
// entries are really there.
func fixed(n, size int, fill func([]byte) error) ([][]byte, error) {
	out := make([][]byte, 0, min(n, 4096))
	var room []byte
	for i := range n {
		if len(room) == 0 {
			room = make([]byte, size*min(n-i, 4096))
		}
		if err := fill(room[:size:size]); err != nil {
			return nil, err
		}
		out, room = append(out, room[:size:size]), room[size:]
	}
	return out, nil
}

func zigzag(d uint64) uint64   { return d<<1 ^ uint64(int64(d)>>63) }
func unzigzag(z uint64) uint64 { return z>>1 ^ -(z & 1) }

func (w *columns) putStatus(s *ledger.CarriedStatus, from uint64) error {
	w.put(colMain, s.Sequence)
	w.put(colMain, uint64(s.Pages))
	w.put(colMain, s.Changes)
	if from > 0 {
		if s.First+uint64(len(s.Log)) != s.Changes {
			return errors.New("length of a change log")
		}
		w.put(colMain, uint64(len(s.Log)))
		return w.putChanges(s.Log, from)
	}
	if len(s.Whole) != int(s.Pages) || len(s.Peaks) != bits.OnesCount64(s.Changes) {
		return errors.New("pages or peaks")
	}
	for _, h := range s.Peaks {
		w.putHash(h)
	}
	for _, p := range s.Whole {
		w.putPage(p)
	}
	return nil
}

// tally is what has been read so far: what is bounded over a whole pack, and
// whose subjects there were.
type tally struct {
	entries, pages, held int
	known                names
}

// carried reads what putCarried wrote.
func (r *reader) carried(h head) (ledger.Carried, error) {
	c := ledger.Carried{From: h.from, Height: h.height}
	n := r[colMain].count(2)
	if n > maxSubjects {
		return c, errors.New("too many subjects")
	}
	var t tally
	for range n {
		s, err := r.subject(h.from, &t)
		if err == nil {
			err = r.err()
		}
		if err != nil {
			return c, err
		}
		c.Subjects = append(c.Subjects, s)
	}
	return c, nil
}

func (r *reader) subject(from uint64, t *tally) (s ledger.CarriedSubject, err error) {
	delta := from > 0
	if s.Name, err = r.name(&t.known); err != nil {
		return s, err
	}
	kind, ok := ledger.KindOf(s.Name)
	if !ok {
		return s, errors.New("unknown subject")
	}
	switch kind {
	case ledger.KindRoot:
		if strings.HasPrefix(s.Name, ledger.PrefixSequence) {
			s.Number = r[colMain].varint()
			s.Length, s.Root = 1, ledger.SequenceRoot(s.Number)
			return s, nil
		}
		s.Length = r[colMain].varint()
		copy(s.Root[:], r[colHashes].take(32))
		return s, nil
	case ledger.KindValue:
		s.Entries = [][]byte{r[colMain].field()}
		return s, nil
	case ledger.KindStatus:
		s.Status, err = r.status(from, t)
		return s, err
	}
	s.First = r[colMain].varint()
	n, err := r.entries(t)
	if err != nil {
		return s, err
	}
	switch s.Name {
	case ledger.SubjectEpochs:
		if s.Entries, err = r.epochs(n, from); err != nil || delta {
			return s, err
		}
		for range r[colMain].count(2) {
			x := ledger.ShrunkEpochs{First: r[colMain].varint(), Level: r[colMain].u8()}
			copy(x.Hash[:], r[colHashes].take(32))
			if err := r.err(); err != nil {
				return s, err
			}
			s.Shrunk = append(s.Shrunk, x)
		}
		return s, nil
	case ledger.SubjectTimes:
		s.Entries, err = r.times(n, from)
		return s, err
	}
	for range n {
		s.Entries = append(s.Entries, r[colMain].field())
		if err := r.err(); err != nil {
			return s, err
		}
	}
	return s, nil
}

// entries reads a number of entries and counts them.
func (r *reader) entries(t *tally) (int, error) {
	v := r[colMain].varint()
	if v > uint64(maxEntries-t.entries) {
		return 0, errors.New("too many entries")
	}
	t.entries += int(v)
	return int(v), nil
}

func (r *reader) status(from uint64, t *tally) (*ledger.CarriedStatus, error) {
	s := &ledger.CarriedStatus{Sequence: r[colMain].varint()}
	pages := r[colMain].varint()
	s.Changes = r[colMain].varint()
	if pages > uint64(maxPages-t.pages) {
		return nil, errors.New("too many status pages")
	}
	t.pages += int(pages)
	s.Pages = uint32(pages)
	if from > 0 {
		n, err := r.entries(t)
		if err != nil {
			return nil, err
		}
		if uint64(n) > s.Changes {
			return nil, errors.New("length of a change log")
		}
		s.First = s.Changes - uint64(n)
		s.Log, err = r.changes(n, from)
		return s, err
	}
	for range bits.OnesCount64(s.Changes) {
		var h ledger.Hash
		copy(h[:], r[colHashes].take(32))
		s.Peaks = append(s.Peaks, h)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	for range pages {
		p, err := r.page()
		if err != nil {
			return nil, err
		}
		if p != nil {
			if t.held++; t.held > maxHeldPages {
				return nil, errors.New("too many status pages")
			}
		}
		s.Whole = append(s.Whole, p)
	}
	return s, nil
}

func (i *Info) count(c ledger.Carried) {
	i.Subjects = len(c.Subjects)
	for _, s := range c.Subjects {
		if kind, _ := ledger.KindOf(s.Name); kind == ledger.KindList {
			i.Entries += len(s.Entries)
		}
		if s.Status != nil {
			i.Pages += len(s.Status.Whole)
			i.Changes += len(s.Status.Log)
		}
	}
}

// apply puts the state together, on base if f is a delta, and compares its
// index with the app hash of f's header, which the caller has verified.
func apply(base *ledger.View, f *file) (*ledger.View, error) {
	var v *ledger.View
	var err error
	if f.kind == delta {
		v, err = base.Apply(f.carried)
	} else {
		v, err = ledger.Assemble(f.carried)
	}
	switch explain.CodeOf(err) {
	case "carried_gap":
		return nil, explain.Errorf("pack_gap", "%w", err)
	case "carried_older":
		return nil, explain.Errorf("pack_lower_height", "%w", err)
	}
	if err != nil {
		return nil, explain.Errorf("pack_altered", "%w", err)
	}
	if got := v.AppHash(); !bytes.Equal(got[:], f.top().AppHash) {
		return nil, explain.Errorf("pack_altered", "the index is %x, header %d says %X", got, f.top().Height, f.top().AppHash)
	}
	if v.ChainID() != f.chainID {
		return nil, explain.Errorf("pack_altered", "the state is of another network")
	}
	return v, nil
}

// statusChanges lists the changes above a height that a delta brought, in the
// order of the ledger.
func statusChanges(v *ledger.View, c ledger.Carried, above uint64) []StatusChange {
	var out []StatusChange
	for _, s := range c.Subjects {
		if s.Status == nil {
			continue
		}
		issuer := did.DID(s.Name[len(ledger.PrefixStatus):])
		records, _ := v.StatusChanges(issuer, above)
		for _, x := range records {
			out = append(out, StatusChange{Issuer: issuer, Index: x.Index, Old: x.Old, New: x.New, Height: x.Height, Position: x.Position})
		}
	}
	slices.SortStableFunc(out, func(a, b StatusChange) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), cmp.Compare(a.Position, b.Position))
	})
	return out
}

// keepExpired is for how long an epoch stays in whole packs after its last
// credential ran out, so that these are told "expired" and not "unconfirmed".
const keepExpired = 90 // days

func carry(v *ledger.View, from uint64, top *types.LightBlock) (ledger.Carried, error) {
	return v.Export(from, top.Time.AddDate(0, 0, -keepExpired))
}
