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
	changeBytes = 18 // height u64 ‖ position u32 ‖ index u32 ‖ old u8 ‖ new u8
)

func (w *columns) put(col int, v uint64) { w[col] = appendVarint(w[col], v) }

func (w *columns) putHash(h ledger.Hash) { w[colHashes] = append(w[colHashes], h[:]...) }

// putCarried writes: number of subjects, then for each its name and
//
//	root only  length, root
//	value      bytes
//	list       first position, number of entries, entries
//	epochs     as a list; in a whole pack then the shrunk ranges
//	status     sequence, pages, length of the change log, then in a whole pack
//	           the peaks of the log and the pages, in a delta the first position
//	           and the entries of the log
func (w *columns) putCarried(c ledger.Carried) error {
	if len(c.Subjects) > maxSubjects {
		return errors.New("too many subjects")
	}
	w.put(colMain, uint64(len(c.Subjects)))
	for _, s := range c.Subjects {
		if err := w.putSubject(s, c.From > 0); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

func (w *columns) putSubject(s ledger.CarriedSubject, delta bool) error {
	w[colMain] = appendField(w[colMain], []byte(s.Name))
	kind, ok := ledger.KindOf(s.Name)
	if !ok {
		return errors.New("unknown subject")
	}
	switch kind {
	case ledger.KindRoot:
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
		return w.putStatus(s.Status, delta)
	}
	w.put(colMain, s.First)
	w.put(colMain, uint64(len(s.Entries)))
	switch s.Name {
	case ledger.SubjectEpochs:
		if err := w.putEpochs(s.Entries); err != nil {
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
		return w.putTimes(s.Entries)
	}
	for _, e := range s.Entries {
		w[colMain] = appendField(w[colMain], e)
	}
	return nil
}

// Differences wrap around like the unsigned integers they are, so that every
// entry has exactly one form, sensible or not.

func (w *columns) putEpochs(entries [][]byte) error {
	var number, height, month uint64
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

func (r *reader) epochs(n int) ([][]byte, error) {
	var number, height, month uint64
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

func (w *columns) putTimes(entries [][]byte) error {
	var height, secs uint64
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

func (r *reader) times(n int) ([][]byte, error) {
	var height, secs uint64
	return fixed(n, timeBytes, func(e []byte) error {
		height += r[colHeights].varint()
		secs += r[colTimes].varint()
		binary.BigEndian.PutUint64(e, height)
		binary.BigEndian.PutUint64(e[8:], secs)
		return r.err()
	})
}

func (w *columns) putChanges(log [][]byte) error {
	var height, position uint64
	for _, e := range log {
		if len(e) != changeBytes || e[16] > 15 || e[17] > 15 {
			return errors.New("form of a status change")
		}
		h, p := binary.BigEndian.Uint64(e), uint64(binary.BigEndian.Uint32(e[8:]))
		w.put(colHeights, h-height)
		w.put(colRare, zigzag(p-position))
		w[colIndexes] = append(w[colIndexes], e[12:16]...)
		w[colValues] = append(w[colValues], e[16]<<4|e[17])
		height, position = h, p
	}
	return nil
}

func (r *reader) changes(n int) ([][]byte, error) {
	var height, position uint64
	return fixed(n, changeBytes, func(e []byte) error {
		height += r[colHeights].varint()
		position += unzigzag(r[colRare].varint())
		if position > 1<<32-1 {
			return errBody
		}
		binary.BigEndian.PutUint64(e, height)
		binary.BigEndian.PutUint32(e[8:], uint32(position))
		copy(e[12:], r[colIndexes].take(4))
		v := r[colValues].u8()
		e[16], e[17] = v>>4, v&15
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

func (w *columns) putStatus(s *ledger.CarriedStatus, delta bool) error {
	w.put(colMain, s.Sequence)
	w.put(colMain, uint64(s.Pages))
	w.put(colMain, s.Changes)
	if delta {
		w.put(colMain, s.First)
		w.put(colMain, uint64(len(s.Log)))
		return w.putChanges(s.Log)
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

// tally is what has been announced so far of what is bounded over a whole pack.
type tally struct{ entries, pages, held int }

// carried reads what putCarried wrote.
func (r *reader) carried(h head) (ledger.Carried, error) {
	c := ledger.Carried{From: h.from, Height: h.height}
	n := r[colMain].count(2)
	if n > maxSubjects {
		return c, errors.New("too many subjects")
	}
	var t tally
	for range n {
		s, err := r.subject(h.kind == delta, &t)
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

func (r *reader) subject(delta bool, t *tally) (s ledger.CarriedSubject, err error) {
	s.Name = string(r[colMain].field())
	kind, ok := ledger.KindOf(s.Name)
	if !ok {
		return s, errors.New("unknown subject")
	}
	switch kind {
	case ledger.KindRoot:
		s.Length = r[colMain].varint()
		copy(s.Root[:], r[colHashes].take(32))
		return s, nil
	case ledger.KindValue:
		s.Entries = [][]byte{r[colMain].field()}
		return s, nil
	case ledger.KindStatus:
		s.Status, err = r.status(delta, t)
		return s, err
	}
	s.First = r[colMain].varint()
	n, err := r.entries(t)
	if err != nil {
		return s, err
	}
	switch s.Name {
	case ledger.SubjectEpochs:
		if s.Entries, err = r.epochs(n); err != nil || delta {
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
		s.Entries, err = r.times(n)
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

func (r *reader) status(delta bool, t *tally) (*ledger.CarriedStatus, error) {
	s := &ledger.CarriedStatus{Sequence: r[colMain].varint()}
	pages := r[colMain].varint()
	s.Changes = r[colMain].varint()
	if pages > uint64(maxPages-t.pages) {
		return nil, errors.New("too many status pages")
	}
	t.pages += int(pages)
	s.Pages = uint32(pages)
	if delta {
		s.First = r[colMain].varint()
		n, err := r.entries(t)
		if err != nil {
			return nil, err
		}
		s.Log, err = r.changes(n)
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
