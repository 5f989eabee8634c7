package model

// What a desk keeps of a register to find rows in: names, numbers and words of
// every licence, in memory alone. The register itself is sealed; nothing of this
// goes to disk, and it is overwritten when the home is locked.

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"bonafide/issuer"
	"bonafide/ledger"
)

// Filter chooses rows of a register.
type Filter int

// Filters.
const (
	FilterAll       Filter = iota
	FilterNot              // current: every other status
	FilterExpiring         // within soonExpires
	FilterDue              // waits to be issued
	FilterApproval         // an act on it waits for approval
	FilterUnsettled        // its status is not on the ledger yet
)

// soonExpires is how many days ahead a register looks.
const soonExpires = 90

// Bits of what waits on a licence.
const (
	waitsApproval uint8 = 1 << iota
	waitsDay
	isOdd // a name holds characters that deceive
)

// indexed is one licence: 64 bytes, and what was read of it in the arena.
type indexed struct {
	id                          int64
	at                          uint32 // in its chunk
	chunk                       uint16
	given, family, number, fold uint16 // lengths, in this order in the arena
	kind, place                 uint16 // in the tables of types and jurisdictions
	status                      ledger.Status
	bits                        uint8
	expires                     int32 // days since 1970
	statusRev, settledRev       uint32
	revision, issuedRev         uint32
	claimed                     bool
}

// chunkSize is how much an arena takes at a time.
const chunkSize = 1 << 20

// registerIndex holds what is searched. Its owner guards it.
type registerIndex struct {
	rows    []indexed // in the order of ids
	chunks  [][]byte
	dead    int // bytes that no row points to any more
	kinds   []string
	places  []string
	kindOf  map[string]uint16
	placeOf map[string]uint16
}

func newRegisterIndex() *registerIndex {
	return &registerIndex{kindOf: map[string]uint16{}, placeOf: map[string]uint16{}}
}

// wipe overwrites everything.
func (x *registerIndex) wipe() {
	for _, c := range x.chunks {
		clear(c[:cap(c)])
	}
	clear(x.rows)
	*x = *newRegisterIndex()
}

func intern(list *[]string, of map[string]uint16, s string) uint16 {
	if i, ok := of[s]; ok {
		return i
	}
	i := uint16(len(*list))
	*list, of[s] = append(*list, s), i
	return i
}

func short(s string) string { return s[:min(len(s), 1<<16-1)] }

// keep puts parts one after the other into the arena.
func (x *registerIndex) keep(parts ...string) (chunk uint16, at uint32) {
	need := 0
	for _, p := range parts {
		need += len(p)
	}
	last := len(x.chunks) - 1
	if last < 0 || cap(x.chunks[last])-len(x.chunks[last]) < need {
		x.chunks = append(x.chunks, make([]byte, 0, max(chunkSize, need)))
		last++
	}
	at = uint32(len(x.chunks[last]))
	for _, p := range parts {
		x.chunks[last] = append(x.chunks[last], p...)
	}
	return uint16(last), at
}

func (x *registerIndex) find(id int64) (int, bool) {
	return slices.BinarySearchFunc(x.rows, id, func(r indexed, id int64) int { return cmp.Compare(r.id, id) })
}

// put takes a licence in, or anew. Acts that wait on it stay as they were.
func (x *registerIndex) put(l *issuer.Licence) {
	r := &l.Record
	given, family, number := short(r.GivenName), short(r.FamilyName), short(r.Number)
	// The number stands first, and between the parts nothing that can be typed.
	fold := short(folded(number) + "\n" + folded(given) + " " + folded(family) + "\n" + folded(r.NPI) + "\n" + folded(r.Profession))
	row := indexed{
		id: l.ID, given: uint16(len(given)), family: uint16(len(family)), number: uint16(len(number)), fold: uint16(len(fold)),
		kind: intern(&x.kinds, x.kindOf, r.Type), place: intern(&x.places, x.placeOf, r.Jurisdiction),
		status: l.Status, expires: dayNumber(r.Expires), claimed: l.Holder != "",
		statusRev: l.StatusRev, settledRev: l.SettledRev, revision: l.Revision, issuedRev: l.IssuedRev,
	}
	if odd(given) || odd(family) || odd(number) {
		row.bits |= isOdd
	}
	at, there := x.find(l.ID)
	if there {
		old := &x.rows[at]
		row.bits |= old.bits & (waitsApproval | waitsDay)
		text := x.text(old)
		if old.given == row.given && old.family == row.family && old.number == row.number && old.fold == row.fold &&
			string(text) == given+family+number+fold {
			row.chunk, row.at = old.chunk, old.at
			*old = row
			return
		}
		clear(text)
		x.dead += len(text)
	}
	row.chunk, row.at = x.keep(given, family, number, fold)
	if there {
		x.rows[at] = row
		return
	}
	x.rows = slices.Insert(x.rows, at, row)
}

// text is all that the arena has of a row.
func (x *registerIndex) text(r *indexed) []byte {
	return x.chunks[r.chunk][r.at : int(r.at)+int(r.given)+int(r.family)+int(r.number)+int(r.fold)]
}

// parts are a row's names and number as they are written.
func (x *registerIndex) parts(r *indexed) (given, family, number string) {
	t := x.text(r)
	g, f, n := int(r.given), int(r.given)+int(r.family), int(r.given)+int(r.family)+int(r.number)
	return string(t[:g]), string(t[g:f]), string(t[f:n])
}

func (x *registerIndex) foldedText(r *indexed) []byte {
	t := x.text(r)
	return t[len(t)-int(r.fold):]
}

// mark takes counters in and reports whether the licence has to be read again.
func (x *registerIndex) mark(m issuer.Mark) (again, moved bool) {
	i, ok := x.find(m.ID)
	if !ok {
		return true, true
	}
	r := &x.rows[i]
	again = r.statusRev != m.StatusRev || r.revision != m.Revision
	moved = again || r.settledRev != m.SettledRev || r.issuedRev != m.IssuedRev
	if !again { // else what it says and what its counters say come together
		r.settledRev, r.issuedRev = m.SettledRev, m.IssuedRev
	}
	return again, moved
}

// waits takes in which acts are open, and reports whether anything is another way
// than it was.
func (x *registerIndex) waits(open map[int64]uint8) (moved bool) {
	for i := range x.rows {
		r := &x.rows[i]
		bits := r.bits&isOdd | open[r.id]
		moved = moved || bits != r.bits
		r.bits = bits
	}
	return moved
}

// wanted is what rows are chosen by.
type wantedRows struct {
	words  [][]byte // folded; every one of them has to be there
	kinds  [][]bool // for each word, the types whose name has it
	places [][]bool
	filter Filter
	today  int32
	// how many types and places there were
	knownKinds, knownPlaces int
}

// look prepares a search. Name gives types and places in the reader's words.
func (x *registerIndex) look(query string, f Filter, now time.Time, w Words) wantedRows {
	out := wantedRows{filter: f, today: int32(now.UTC().Unix() / (24 * 3600)), knownKinds: len(x.kinds), knownPlaces: len(x.places)}
	for _, word := range strings.Fields(folded(query)) {
		out.words = append(out.words, []byte(word))
		kinds, places := make([]bool, len(x.kinds)), make([]bool, len(x.places))
		for i, k := range x.kinds {
			kinds[i] = strings.Contains(folded(TypeName(w, k)), word) || strings.Contains(folded(k), word)
		}
		for i, p := range x.places {
			places[i] = strings.Contains(folded(PlaceName(w, p)), word)
		}
		out.kinds, out.places = append(out.kinds, kinds), append(out.places, places)
	}
	return out
}

// due reports that the next issuing is to make credentials for a licence.
func (r *indexed) due(today int32) bool {
	return r.revision > r.issuedRev && !(r.status.Final() && r.issuedRev == 0) && r.expires >= today
}

func (r *indexed) unsettled() bool { return r.statusRev > r.settledRev && r.issuedRev > 0 }

// fits reports whether a row is wanted.
func (x *registerIndex) fits(r *indexed, q *wantedRows) bool {
	switch q.filter {
	case FilterNot:
		if r.status == ledger.Current {
			return false
		}
	case FilterExpiring:
		if r.status.Final() || r.expires < q.today || r.expires > q.today+soonExpires {
			return false
		}
	case FilterDue:
		if !r.due(q.today) {
			return false
		}
	case FilterApproval:
		if r.bits&waitsApproval == 0 {
			return false
		}
	case FilterUnsettled:
		if !r.unsettled() {
			return false
		}
	}
	if len(q.words) == 0 {
		return true
	}
	text := x.foldedText(r)
	for i, word := range q.words {
		if !bytes.Contains(text, word) && !q.kinds[i][r.kind] && !q.places[i][r.place] {
			return false
		}
	}
	return true
}

// dayNumber is a date in days since 1970; 0 where it is none.
func dayNumber(d issuer.Date) int32 {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return 0
	}
	return int32(t.Unix() / (24 * 3600))
}

func ofDay(d int32) time.Time { return time.Unix(int64(d)*24*3600, 0).UTC() }
