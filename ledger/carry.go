package ledger

// What a trust pack carries of the ledger: a view taken apart into entries,
// and put together again. Nothing in Carried is believed: Assemble and Apply
// compute the index from the entries, and the caller compares its root with a
// header that the members signed.

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
)

// Carried is a state (From is 0) or what changed in it after block From.
type Carried struct {
	From     uint64
	Height   uint64           // the state after this block
	Subjects []CarriedSubject // ascending by name; in a delta those that changed
}

// CarriedSubject is one subject; which fields count follows from KindOf(Name).
type CarriedSubject struct {
	Name string

	// KindRoot: the line of the index. Of sequence/<did> the root says no more
	// than Number, of which it is the digest; both must be there.
	Length uint64
	Root   Hash
	Number uint64

	// KindList: the entries from list position First on. KindValue: the value.
	First   uint64
	Entries [][]byte

	// Epochs only: ranges that stand as subtree hashes, ascending. Entries are
	// then those of the positions that no range covers.
	Shrunk []ShrunkEpochs

	Status *CarriedStatus // KindStatus
}

// CarriedStatus is status/<did>.
type CarriedStatus struct {
	Sequence uint64 // transactions that touched it
	Pages    uint32
	Changes  uint64 // length of the change log

	// Of a whole state: the pages, PageBytes long or nil where every value is
	// current, and the peaks of the change log's compact range.
	Whole [][]byte
	Peaks []Hash

	// Of a delta: the change log's entries from position First on, as they are
	// hashed, or without their byte for the old value, which the page says.
	First uint64
	Log   [][]byte
}

// Limits that Assemble and Apply hold data to, whoever made it.
const (
	MaxSubjects   = 1 << 20
	MaxEpochs     = 1 << 32
	MaxTotalPages = 1 << 17 // status pages of all issuers
)

// Export takes the view apart: whole (from 0), or what changed after block
// from. Epochs that have expired at shrinkBefore (Epoch.Expired) are shrunk
// where they fill an aligned range of two or more; the zero time shrinks none.
// The result shares memory with the view. A pack's view can only give deltas
// from where it holds the change logs. Code history_not_held.
func (v *View) Export(from uint64, shrinkBefore time.Time) (Carried, error) {
	d := v.d
	if from > d.height {
		return Carried{}, explain.Errorf("history_not_held", "the state is at height %d only", d.height)
	}
	c := Carried{From: from, Height: d.height}
	for _, s := range d.index.subjects {
		cs, changed, err := d.carry(s, from, shrinkBefore)
		if err != nil {
			return Carried{}, err
		}
		if changed || from == 0 {
			c.Subjects = append(c.Subjects, cs)
		}
	}
	return c, nil
}

// carry takes one subject apart and says whether it changed after from.
func (d *data) carry(s Subject, from uint64, shrinkBefore time.Time) (CarriedSubject, bool, error) {
	cs := CarriedSubject{Name: s.Name}
	fromList := func(l *list) (CarriedSubject, bool, error) {
		i := 0
		if from > 0 {
			i = l.after(from)
		}
		cs.First, cs.Entries = uint64(i), slices.Clone(l.raw[i:])
		return cs, len(cs.Entries) > 0, nil
	}
	switch s.Name {
	case SubjectTemplates:
		return fromList(&d.templates)
	case SubjectMembers:
		return fromList(&d.members)
	case SubjectUpgrades:
		return fromList(&d.upgrades)
	case SubjectParams, SubjectClosed:
		cs.Entries = [][]byte{d.values[s.Name]}
		return cs, true, nil
	case SubjectTimes:
		// The time of block from itself was recorded in the block after it.
		i := 0
		if from > 0 {
			i = d.timeIndex(from)
		}
		cs.First = uint64(i)
		for _, e := range d.times[i:] {
			cs.Entries = append(cs.Entries, e.marshal())
		}
		return cs, len(cs.Entries) > 0, nil
	case SubjectEpochs:
		d.epochs.carry(&cs, from, shrinkBefore)
		return cs, len(cs.Entries)+len(cs.Shrunk) > 0, nil
	case SubjectBlocks, SubjectOpen, SubjectProposals:
		cs.Length, cs.Root = s.Length, s.Root
		return cs, true, nil
	}
	prefix, id, _ := strings.Cut(s.Name, "/")
	x := d.identity(did.DID(id))
	switch prefix + "/" {
	case PrefixDID:
		return fromList(&x.log)
	case PrefixAccreditation:
		return fromList(&x.accLog)
	case PrefixStatus:
		return d.carryStatus(cs, x.status, from)
	}
	cs.Length, cs.Root = s.Length, s.Root
	if prefix+"/" == PrefixSequence {
		cs.Number = x.seq
	}
	if d.full {
		if prefix+"/" == PrefixSequence {
			return cs, x.seqHeight > from, nil
		}
		return cs, x.batches.recs[len(x.batches.recs)-1].height > from, nil
	}
	return cs, true, nil
}

func (d *data) carryStatus(cs CarriedSubject, p *pages, from uint64) (CarriedSubject, bool, error) {
	p.refresh()
	st := &CarriedStatus{Sequence: p.sequence, Pages: p.count(), Changes: p.rng.Size()}
	cs.Status = st
	if from == 0 {
		st.Peaks = p.rng.Peaks()
		for n := range int(st.Pages) {
			st.Whole = append(st.Whole, p.page(n))
		}
		return cs, true, nil
	}
	i, _ := slices.BinarySearchFunc(p.log, from+1, func(c changeRec, h uint64) int {
		if c.height < h {
			return -1
		}
		return 1
	})
	if p.first > 0 && from < d.heldFrom {
		return cs, false, explain.Errorf("history_not_held", "the status changes after height %d are not held", from)
	}
	st.First = p.first + uint64(i)
	for _, c := range p.log[i:] {
		st.Log = append(st.Log, c.marshal())
	}
	return cs, p.height > from, nil
}

// carry lists the epochs above height from, shrinking aligned ranges of two or
// more that have expired.
func (e *epochList) carry(cs *CarriedSubject, from uint64, shrinkBefore time.Time) {
	if from > 0 {
		i, _ := slices.BinarySearchFunc(e.held, from+1, func(x Epoch, h uint64) int {
			if x.Height < h {
				return -1
			}
			return 1
		})
		cs.First = e.rng.Size()
		if i < len(e.held) {
			cs.First = e.held[i].Number - 1
		}
		for _, x := range e.held[i:] {
			cs.Entries = append(cs.Entries, x.marshal())
		}
		return
	}
	// A stack of perfect subtrees from the left: two expired neighbours of one
	// size become one.
	type item struct {
		ShrunkEpochs
		entry []byte // of a single epoch that is held
		gone  bool   // expired, may shrink
	}
	var out []item
	push := func(it item) {
		out = append(out, it)
		for len(out) >= 2 {
			a, b := out[len(out)-2], out[len(out)-1]
			if !a.gone || !b.gone || a.Level != b.Level || a.First>>a.Level&1 == 1 || a.First+1<<a.Level != b.First {
				return
			}
			out = out[:len(out)-2]
			out = append(out, item{ShrunkEpochs{a.First, a.Level + 1, node(a.Hash, b.Hash)}, nil, true})
		}
	}
	held, shrunk := e.held, e.shrunk
	for len(held) > 0 || len(shrunk) > 0 {
		if len(held) == 0 || len(shrunk) > 0 && shrunk[0].First < held[0].Number-1 {
			push(item{shrunk[0], nil, true})
			shrunk = shrunk[1:]
			continue
		}
		raw := held[0].marshal()
		gone := !shrinkBefore.IsZero() && held[0].Expired(shrinkBefore)
		it := item{ShrunkEpochs{First: held[0].Number - 1}, raw, gone}
		if gone {
			it.Hash = LeafOf(raw)
		}
		push(it)
		held = held[1:]
	}
	for _, it := range out {
		if it.entry != nil {
			cs.Entries = append(cs.Entries, it.entry)
		} else {
			cs.Shrunk = append(cs.Shrunk, it.ShrunkEpochs)
		}
	}
}

// Assemble puts a whole state together from what a pack carried and computes
// its index. The result is worth something only once its AppHash is found in a
// header of height c.Height + 1 that is trusted. It keeps the memory of c.
// Code carried_malformed.
func Assemble(c Carried) (*View, error) {
	if c.From != 0 {
		return nil, explain.Errorf("carried_malformed", "a delta is not a whole state")
	}
	v, err := assemble(c, nil)
	if err != nil {
		return nil, explain.Errorf("carried_malformed", "assembling a state: %w", err)
	}
	return v, nil
}

// Apply returns the view that a delta leads to; v stays as it is. What the
// delta repeats of v is passed over, what it leaves out shows in the AppHash.
// Codes: carried_malformed, carried_gap (it begins after v), carried_older.
func (v *View) Apply(c Carried) (*View, error) {
	switch {
	case v.d.full:
		return nil, explain.Errorf("carried_malformed", "a node's state takes blocks, not deltas")
	case c.From == 0:
		return nil, explain.Errorf("carried_malformed", "a whole state is not a delta")
	case c.From > v.d.height:
		return nil, explain.Errorf("carried_gap", "the delta begins after height %d, the data ends at %d", c.From, v.d.height)
	case c.Height < v.d.height:
		return nil, explain.Errorf("carried_older", "the delta ends at height %d, the data at %d", c.Height, v.d.height)
	}
	out, err := assemble(c, v)
	if err != nil {
		return nil, explain.Errorf("carried_malformed", "applying a delta: %w", err)
	}
	return out, nil
}

func assemble(c Carried, base *View) (*View, error) {
	d := newData(false)
	d.height, d.heldFrom = c.Height, c.Height
	subjects := map[string]CarriedSubject{}
	if base != nil {
		whole, err := base.Export(0, time.Time{})
		if err != nil {
			return nil, err
		}
		for _, s := range whole.Subjects {
			subjects[s.Name] = s
		}
		d.heldFrom = base.d.heldFrom
	}
	if len(c.Subjects) > MaxSubjects {
		return nil, errors.New("too many subjects")
	}
	delta := map[string]CarriedSubject{}
	last := ""
	for i, s := range c.Subjects {
		if _, ok := KindOf(s.Name); !ok {
			return nil, errors.New("unknown subject")
		}
		if i > 0 && s.Name <= last {
			return nil, errors.New("subjects are not in order")
		}
		last = s.Name
		if base == nil {
			subjects[s.Name] = s
			continue
		}
		delta[s.Name] = s
		if _, old := subjects[s.Name]; !old {
			subjects[s.Name] = CarriedSubject{Name: s.Name}
		}
	}
	names := make([]string, 0, len(subjects))
	for n := range subjects {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		var old *pages
		if base != nil {
			if id, ok := strings.CutPrefix(n, PrefixStatus); ok {
				if x := base.d.identity(did.DID(id)); x != nil {
					old = x.status
				}
			}
		}
		change, changed := delta[n]
		if err := d.takeSubject(subjects[n], change, changed, old); err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
	}
	for _, n := range fixedSubjects {
		if _, ok := subjects[n]; !ok {
			return nil, fmt.Errorf("%s is missing", n)
		}
	}
	var err error
	if d.chainID, d.genesis, d.params, err = parseParams(d.values[SubjectParams]); err != nil {
		return nil, err
	}
	d.reindex()
	out := &View{d: d}
	if base != nil && base.d.chainID != d.chainID {
		return nil, errors.New("another network")
	}
	return out, nil
}

// takeSubject reads one subject: s as a whole, then what a delta adds to it.
func (d *data) takeSubject(s, change CarriedSubject, changed bool, old *pages) error {
	kind, _ := KindOf(s.Name)
	switch kind {
	case KindRoot:
		if changed {
			s = change
		}
		if id, ok := strings.CutPrefix(s.Name, PrefixSequence); ok {
			if s.Length != 1 || s.Root != SequenceRoot(s.Number) {
				return errors.New("not the root of the number")
			}
			d.ensure(did.DID(id)).seq = s.Number
		}
		d.index.set(Subject{s.Name, s.Length, s.Root})
		return nil
	case KindValue:
		if changed {
			s = change
		}
		if len(s.Entries) != 1 {
			return errors.New("a value subject has one entry")
		}
		d.values[s.Name] = s.Entries[0]
		return nil
	case KindStatus:
		return d.takeStatus(s, change, changed, old)
	}
	if s.First != 0 {
		return errors.New("a whole list begins at 0")
	}
	length := uint64(0)
	if s.Name == SubjectEpochs {
		if err := d.epochs.take(s); err != nil {
			return err
		}
		length = d.epochs.rng.Size()
	} else {
		if len(s.Shrunk) > 0 {
			return errors.New("only epochs shrink")
		}
		for _, e := range s.Entries {
			if err := d.add(s.Name, e); err != nil {
				return err
			}
		}
		length = uint64(len(s.Entries))
	}
	if !changed {
		return nil
	}
	if len(change.Shrunk) > 0 {
		return errors.New("a delta shrinks nothing")
	}
	if change.First > length {
		return errors.New("the delta leaves entries out")
	}
	if skip := length - change.First; skip < uint64(len(change.Entries)) {
		for _, e := range change.Entries[skip:] {
			if err := d.add(s.Name, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// SequenceRoot is the root of sequence/<did>.
func SequenceRoot(number uint64) Hash {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, number))
}

// parseCarriedChange reads an entry of a change log; terse: without old.
func parseCarriedChange(raw []byte) (c changeRec, terse bool, err error) {
	if terse = len(raw) == changeBytes-1; terse {
		raw = append(append(make([]byte, 0, changeBytes), raw[:changeBytes-2]...), 0, raw[changeBytes-2])
	}
	c, err = parseChange(raw)
	return c, terse, err
}

// take reads a whole list of epochs.
func (e *epochList) take(s CarriedSubject) error {
	side := newData(false)
	entries, shrunk := s.Entries, s.Shrunk
	for len(entries) > 0 || len(shrunk) > 0 {
		at := side.epochs.rng.Size()
		if at > MaxEpochs {
			return errors.New("too many epochs")
		}
		if len(shrunk) > 0 && shrunk[0].First == at {
			// Level 0 would hide a single epoch for no gain, above 32 there are none.
			if shrunk[0].Level < 1 || shrunk[0].Level > 32 {
				return errors.New("a shrunk range of that size does not occur")
			}
			if err := side.epochs.rng.AppendSubtree(shrunk[0].Level, shrunk[0].Hash); err != nil {
				return err
			}
			side.epochs.shrunk = append(side.epochs.shrunk, shrunk[0])
			shrunk = shrunk[1:]
			continue
		}
		if len(entries) == 0 {
			return errors.New("epochs are left out")
		}
		if err := side.add(SubjectEpochs, entries[0]); err != nil {
			return err
		}
		entries = entries[1:]
	}
	*e = side.epochs
	return nil
}

func (d *data) takeStatus(s, change CarriedSubject, changed bool, old *pages) error {
	p := &pages{}
	if st := s.Status; st != nil {
		if st.Pages > MaxPages || uint64(len(st.Whole)) != uint64(st.Pages) {
			return errors.New("page count")
		}
		if len(st.Log) > 0 || st.First != 0 {
			return errors.New("a whole state has no change log")
		}
		var err error
		if p.rng, err = RangeOf(st.Changes, st.Peaks); err != nil {
			return err
		}
		p.sequence, p.first = st.Sequence, st.Changes
		for n, page := range st.Whole {
			p.open()
			if page == nil {
				continue
			}
			if len(page) != PageBytes {
				return errors.New("page size")
			}
			for i := range chunksPerPage {
				// Full slice expressions: a later change copies (see below).
				p.chunks[n*chunksPerPage+i] = page[i*chunkBytes : (i+1)*chunkBytes : (i+1)*chunkBytes]
			}
			p.markStale(n)
		}
		if old != nil {
			// The base view holds some of the log itself; page() has copied its pages.
			p.first, p.log, p.height = old.first, slices.Clone(old.log), old.height
		}
	} else if !changed {
		return errors.New("status is missing")
	}
	if changed {
		st := change.Status
		if st == nil || st.Pages > MaxPages || st.Pages < p.count() || len(st.Whole)+len(st.Peaks) > 0 {
			return errors.New("status of a delta")
		}
		if st.Sequence < p.sequence || st.First > p.rng.Size() || st.First+uint64(len(st.Log)) != st.Changes || st.Changes < p.rng.Size() {
			return errors.New("the delta leaves changes out")
		}
		for p.count() < st.Pages {
			p.open()
		}
		for _, raw := range st.Log[p.rng.Size()-st.First:] {
			c, terse, err := parseCarriedChange(raw)
			if err != nil {
				return err
			}
			now, ok := p.get(c.index)
			if terse {
				c.old = now
				raw = c.marshal()
			}
			if !ok || now != c.old {
				return errors.New("a change does not fit its page")
			}
			p.put(c.index, c.new)
			p.rng.Append(LeafOf(raw))
			p.log = append(p.log, c)
		}
		p.sequence = st.Sequence
		p.height = d.height
	}
	if p.count() == 0 {
		return errors.New("status without a page")
	}
	if d.pageCount += p.count(); d.pageCount > MaxTotalPages {
		return errors.New("too many status pages")
	}
	id := did.DID(strings.TrimPrefix(s.Name, PrefixStatus))
	d.ensure(id).status = p
	return nil
}
