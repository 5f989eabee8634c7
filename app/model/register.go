package model

// The register as a board's desk shows it: every licence in a row, found by name,
// number or type.

import (
	"context"
	"sync"
	"time"

	"bonafide/internal/explain"
	"bonafide/issuer"
	"bonafide/ledger"
)

// Registering is what the register's screen needs of a board.
type Registering interface {
	Version(ctx context.Context) (int64, error)
	Count(ctx context.Context) (int, error)
	Page(ctx context.Context, after int64, limit int) ([]issuer.Licence, error)
	Licences(ctx context.Context, ids []int64) ([]issuer.Licence, error)
	Marks(ctx context.Context, f func(issuer.Mark) error) error
	OpenMarks(ctx context.Context, f func(licence int64, state issuer.DecisionState) error) error
}

// RegisterRow is one licence of the register. Its texts are fit to be shown.
type RegisterRow struct {
	ID     int64
	Name   string
	Odd    bool   // the name or the number holds characters that deceive
	What   string // type, number and place
	Status string
	Tone   Tone
	Until  string
	Waits  []string // what is still to be done about it
}

// RegisterState is everything that the register's screen shows beside its rows.
type RegisterState struct {
	Version int
	Loaded  bool    // rows can be shown
	Trouble Trouble // why there are none, or no more
	Total   int     // licences in the register; 0 until it is known
	Read    int     // of them, those that were read so far
	Reading bool
	Query   string
	Filter  Filter
	Found   int    // rows that fit, of those read so far
	Count   string // the same in words
}

// Pages that are read: the first fills a screen and is shown at once.
const (
	firstRows = 100
	moreRows  = 1000
)

// Register shows a register. All of it is kept in memory, to be found in while
// somebody types: see registerIndex.
type Register struct {
	open    func(ctx context.Context) (Registering, error)
	now     Clock
	words   Words
	changed func()

	turn chan struct{} // held by who reads

	mu      sync.Mutex
	state   RegisterState
	index   *registerIndex
	found   []int32 // positions of the rows that fit
	query   wantedRows
	built   bool
	version int64 // of the register that the index shows
	life    int   // counts wipings
}

// NewRegister shows the register of the board that open gives; changed is called
// after every change, from any goroutine.
func NewRegister(open func(ctx context.Context) (Registering, error), now Clock, w Words, changed func()) *Register {
	r := &Register{open: open, now: now, words: w, changed: changed, turn: make(chan struct{}, 1), index: newRegisterIndex()}
	r.query = r.index.look("", FilterAll, now(), w)
	return r
}

// State is what there is to show.
func (r *Register) State() RegisterState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// Wipe forgets everything, as when the home is locked: names and numbers are
// overwritten.
func (r *Register) Wipe() {
	r.mu.Lock()
	r.index.wipe()
	clear(r.found)
	r.found, r.built, r.version = nil, false, 0
	r.life++
	r.state = RegisterState{Version: r.state.Version + 1}
	r.query = r.index.look("", FilterAll, r.now(), r.words)
	r.mu.Unlock()
	r.changed()
}

// Refresh reads the register, or what of it changed since. Run it beside the
// screen; rows come while it runs. One at a time reads.
func (r *Register) Refresh(ctx context.Context) {
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-r.turn }()
	r.mu.Lock()
	life := r.life
	r.mu.Unlock()
	b, err := r.open(ctx)
	if err == nil {
		err = r.read(ctx, b, life)
	}
	if ctx.Err() != nil {
		return
	}
	r.update(life, func() {
		r.state.Reading = false
		if r.state.Trouble = trouble(r.words, err); err != nil && explain.CodeOf(err) == "home_locked" {
			r.state.Loaded = false
		}
	})
}

// update changes what is shown, unless all was wiped since life.
func (r *Register) update(life int, f func()) bool {
	r.mu.Lock()
	same := r.life == life
	if same {
		f()
		r.count()
		r.state.Version++
	}
	r.mu.Unlock()
	if same {
		r.changed()
	}
	return same
}

// read builds the index, or brings it up to date.
func (r *Register) read(ctx context.Context, b Registering, life int) error {
	version, err := b.Version(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	built, known := r.built, r.version
	r.mu.Unlock()
	if built && version == known {
		return nil
	}
	if built {
		return r.sweep(ctx, b, life, version)
	}
	if err := r.build(ctx, b, life); err != nil {
		return err
	}
	r.mu.Lock()
	r.version = version
	r.mu.Unlock()
	// What changed while it was read.
	now, err := b.Version(ctx)
	if err != nil || now == version {
		return err
	}
	return r.sweep(ctx, b, life, now)
}

// build reads all of it. It goes on where an earlier try stopped.
func (r *Register) build(ctx context.Context, b Registering, life int) error {
	open, err := openActs(ctx, b)
	if err != nil {
		return err
	}
	last, size, total := int64(0), firstRows, 0
	r.mu.Lock()
	if n := len(r.index.rows); n > 0 {
		last, size = r.index.rows[n-1].id, moreRows
	}
	r.mu.Unlock()
	for {
		ls, err := b.Page(ctx, last, size)
		if err != nil {
			return err
		}
		going := r.update(life, func() {
			for i := range ls {
				l := &ls[i]
				r.index.put(l)
				n := len(r.index.rows) - 1
				row := &r.index.rows[n]
				row.bits |= open[row.id]
				if int(row.kind) >= r.query.knownKinds || int(row.place) >= r.query.knownPlaces {
					r.query = r.index.look(r.state.Query, r.state.Filter, r.now(), r.words)
				}
				if r.index.fits(row, &r.query) {
					r.found = append(r.found, int32(n))
				}
			}
			r.state.Loaded, r.state.Trouble = true, Trouble{}
			r.state.Reading = len(ls) == size
			if r.state.Read = len(r.index.rows); total > 0 || !r.state.Reading {
				r.state.Total = max(total, r.state.Read)
			}
			r.built = len(ls) < size
		})
		if !going || len(ls) < size {
			return nil
		}
		if total == 0 { // counting a large register takes longer than its first rows
			if total, err = b.Count(ctx); err != nil {
				return err
			}
		}
		last, size = ls[len(ls)-1].ID, moreRows
	}
}

// sweep compares the counters of every licence, which need no unsealing, and
// reads again what is another way.
func (r *Register) sweep(ctx context.Context, b Registering, life int, version int64) error {
	open, err := openActs(ctx, b)
	if err != nil {
		return err
	}
	var again []int64
	moved := false
	r.mu.Lock()
	gone := r.life != life
	r.mu.Unlock()
	if gone {
		return nil
	}
	err = b.Marks(ctx, func(m issuer.Mark) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		reread, any := r.index.mark(m)
		if moved = moved || any; reread {
			again = append(again, m.ID)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for len(again) > 0 {
		n := min(len(again), moreRows)
		ls, err := b.Licences(ctx, again[:n])
		if err != nil {
			return err
		}
		again = again[n:]
		going := r.update(life, func() {
			for i := range ls {
				r.index.put(&ls[i])
			}
			r.find()
		})
		if !going {
			return nil
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.life != life {
		return nil
	}
	r.version = version
	if r.index.waits(open) || moved {
		r.find()
	}
	return nil
}

// openActs are what waits, by licence.
func openActs(ctx context.Context, b Registering) (map[int64]uint8, error) {
	open := map[int64]uint8{}
	err := b.OpenMarks(ctx, func(licence int64, s issuer.DecisionState) error {
		if s == issuer.AwaitsApproval {
			open[licence] |= waitsApproval
		} else {
			open[licence] |= waitsDay
		}
		return nil
	})
	return open, err
}

// find looks through all that was read; r.mu is held.
func (r *Register) find() {
	r.query = r.index.look(r.state.Query, r.state.Filter, r.now(), r.words)
	r.found = r.found[:0]
	for i := range r.index.rows {
		if r.index.fits(&r.index.rows[i], &r.query) {
			r.found = append(r.found, int32(i))
		}
	}
	if r.state.Read = len(r.index.rows); !r.state.Reading || r.state.Total > 0 {
		r.state.Total = max(r.state.Total, r.state.Read)
	}
}

// Search shows the rows in which every word of a query stands: in the name, the
// number, the profession, the kind of licence, or the place. Case and accents do
// not matter. It answers from memory, also while the register is still read.
func (r *Register) Search(query string) { r.choose(func() { r.state.Query = query }) }

// Choose shows the rows of a filter.
func (r *Register) Choose(f Filter) { r.choose(func() { r.state.Filter = f }) }

func (r *Register) choose(f func()) {
	r.mu.Lock()
	f()
	r.find()
	r.count()
	r.state.Version++
	r.mu.Unlock()
	r.changed()
}

// count puts into words how many rows there are; r.mu is held.
func (r *Register) count() {
	st, w := &r.state, r.words
	st.Found = len(r.found)
	d := D{"Found": st.Found, "Read": st.Read, "Total": st.Total}
	all := st.Query == "" && st.Filter == FilterAll
	switch {
	case st.Reading && st.Total == 0:
		st.Count = w.L("Reading the register")
	case st.Reading && all:
		st.Count = w.L("Reading the register: {{.Read}} of {{.Total}}", d)
	case st.Reading:
		st.Count = w.N("{{.N}} found; so far searched {{.Read}} of {{.Total}}", st.Found, d)
	case all:
		st.Count = w.N("{{.N}} licences", st.Found)
	default:
		st.Count = w.N("{{.N}} found among {{.Total}}", st.Found, d)
	}
}

// Row is one of the rows that fit, by its place among them.
func (r *Register) Row(i int) (RegisterRow, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i < 0 || i >= len(r.found) {
		return RegisterRow{}, false
	}
	row, w := &r.index.rows[r.found[i]], r.words
	given, family, number := r.index.parts(row)
	now := r.now()
	out := RegisterRow{
		ID: row.id, Name: Plain(personName(w, given, family)), Odd: row.bits&isOdd != 0,
		What: w.L("{{.Type}}, {{.Number}}, {{.Place}}", D{
			"Type": TypeName(w, r.index.kinds[row.kind]), "Number": Plain(number), "Place": PlaceName(w, r.index.places[row.place]),
		}),
		Status: StatusWord(w, row.status.String()), Tone: toneOf(row.status),
	}
	today := int32(now.UTC().Unix() / (24 * 3600))
	end := D{"Day": w.Date(ofDay(row.expires))}
	switch {
	case row.expires == 0:
	case row.expires < today:
		out.Until = w.L("Expired on {{.Day}}.", end)
	default:
		out.Until = w.L("Expires on {{.Day}}.", end)
	}
	if row.bits&waitsApproval != 0 {
		out.Waits = append(out.Waits, w.L("Waits for approval"))
	}
	if row.bits&waitsDay != 0 {
		out.Waits = append(out.Waits, w.L("A decision waits for its day"))
	}
	if row.unsettled() {
		out.Waits = append(out.Waits, w.L("Not on the ledger yet"))
	}
	if row.due(today) {
		out.Waits = append(out.Waits, w.L("Waits to be issued"))
	}
	return out, true
}

// personName is somebody's name, as it is written in a list.
func personName(w Words, given, family string) string {
	if given == "" {
		return family
	}
	return w.L("{{.Family}}, {{.Given}}", D{"Family": family, "Given": given})
}

// toneOf is what goes with the word of a status.
func toneOf(s ledger.Status) Tone {
	switch s.MayPractise() {
	case ledger.MayPractiseYes:
		return Good
	case ledger.MayPractiseWithConditions:
		return Limited
	case ledger.MayPractiseNo:
		return Bad
	}
	return Unclear
}

// Filters are those of a register, in the order of the picker; their ids are
// their numbers.
func Filters(w Words) []string {
	return []string{
		FilterAll:       w.L("All licences"),
		FilterNot:       w.L("Not current"),
		FilterExpiring:  w.N("Expiring within {{.N}} days", soonExpires),
		FilterDue:       w.L("Waiting to be issued"),
		FilterApproval:  w.L("Waiting for approval"),
		FilterUnsettled: w.L("Not on the ledger yet"),
	}
}

// LookAgain is how often a register that is in sight asks whether another process
// changed it.
const LookAgain = 3 * time.Second
