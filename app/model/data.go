package model

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/ledger/pack"
	"bonafide/verifier"
)

// Feeding is what the data's room needs from a home.
type Feeding interface {
	Trust() (pack.Trust, error)
	Data() (*pack.Data, error)
	Pin(ctx context.Context, n *pack.Network, replace bool, sources []string) error
	Import(ctx context.Context, r io.Reader) (*pack.Result, error)
	Sync(ctx context.Context) (home.Synced, error)
	Sources() ([]string, error)
	SetSources(ctx context.Context, sources []string) error
	Listings() ([]home.Listing, error)
	Freshness(p verifier.Policy) (home.Freshness, error)
	AddIssuer(ctx context.Context, i verifier.ListedIssuer, replace bool) error
	RemoveIssuer(ctx context.Context, id string) error
	Demo() bool
}

// Age says whether data may still be relied on.
type Age int

// Ages of data.
const (
	Missing Age = iota // there is none
	Young              // young enough for every purpose
	Due                // soon too old for a purpose, or too old for the strictest
	Stale              // too old for every purpose
)

// Limit is how far the data is from being too old for a purpose.
type Limit struct {
	Purpose string
	Mark    string // a word
	Says    string
	Age     Age
}

// DataLine is the state of the data in a line, always in sight of a hospital.
type DataLine struct {
	Text string // how old the data is, and on how many boards it rests
	Next string // when a sync is due, or what to do
	Age  Age
}

// dueFrom is the age from which a sync is due for a limit: four fifths of it, as
// home.Near has it.
func dueFrom(limit time.Duration) time.Duration { return limit - limit/5 }

// NewDataLine makes the line; err says why there is no data.
func NewDataLine(w Words, d *pack.Data, err error, now time.Time) DataLine {
	if err != nil {
		t := trouble(w, err)
		return DataLine{Text: t.Message, Next: t.Next}
	}
	l := DataLine{
		Text: w.N("Data as of {{.When}}, {{.Age}}, signed by {{.N}} boards.", d.Validators, D{"When": w.Stamp(d.AsOf), "Age": w.Ago(now.Sub(d.AsOf))}),
		Age:  Young,
	}
	policy := verifier.DefaultPolicy()
	strict, lax := policy[verifier.Privileging].MaxAge, policy[verifier.Monitoring].MaxAge
	switch age := now.Sub(d.AsOf); {
	case age > lax:
		l.Age, l.Next = Stale, w.L("Too old for every purpose: sync, or import a pack.")
	case age > strict:
		l.Age, l.Next = Due, w.L("Too old for privileging: sync, or import a pack.")
	case age >= dueFrom(strict):
		l.Age, l.Next = Due, w.L("A sync is due by {{.When}}.", D{"When": w.Stamp(d.AsOf.Add(strict))})
	default:
		l.Next = w.L("The next sync is due by {{.When}}.", D{"When": w.Stamp(d.AsOf.Add(strict))})
	}
	return l
}

// limits say for each purpose how long the data may still be relied on.
func limits(w Words, asOf, now time.Time) []Limit {
	policy := verifier.DefaultPolicy()
	var out []Limit
	for _, p := range Purposes {
		until := asOf.Add(policy[p].MaxAge)
		due := asOf.Add(dueFrom(policy[p].MaxAge))
		l := Limit{Purpose: PurposeName(w, p)}
		when := D{"When": w.Stamp(until)}
		switch rest := until.Sub(now); {
		case rest < 0:
			l.Age, l.Mark, l.Says = Stale, w.L("Too old"), w.L("Since {{.When}}.", when)
		case !now.Before(due) && rest < 72*time.Hour:
			l.Age, l.Mark, l.Says = Due, w.L("Due"), w.N("For {{.N}} more hours, until {{.When}}.", int(rest.Hours()), when)
		case !now.Before(due):
			l.Age, l.Mark, l.Says = Due, w.L("Due"), w.N("For {{.N}} more days, until {{.When}}.", int(rest.Hours()/24), when)
		case rest < 72*time.Hour:
			l.Age, l.Mark, l.Says = Young, w.L("Good"), w.N("For {{.N}} more hours, until {{.When}}.", int(rest.Hours()), when)
		default:
			l.Age, l.Mark, l.Says = Young, w.L("Good"), w.N("For {{.N}} more days, until {{.When}}.", int(rest.Hours()/24), when)
		}
		out = append(out, l)
	}
	return out
}

// PinPreview is a network file before it is believed.
type PinPreview struct {
	Network  string
	Header   string // what the file shows of the network
	Believed string // that this home believes another network now; empty: it does not
	Compare  *Comparison

	network *pack.Network
}

// Listed is an issuer outside the network that the hospital trusts itself.
type Listed struct {
	ID, Name string
	Types    string // as they are listed, one after another
	Until    string
	Ended    bool
}

// DataState is everything the room shows, beside the work that is under way.
type DataState struct {
	Version int // counts the changes
	Loaded  bool
	Line    DataLine
	Trouble Trouble // why there is no data; no_trust and no_data are first steps
	Trusted bool    // a network is pinned
	Pinned  []Fact  // the pinned network
	Limits  []Limit
	Warning Trouble // that the data gets old, before it is too old
	Quiet   string  // how many boards gave no vote for the newest data; empty: none
	Silent  []Fact  // who they are
	Sources []string
	Issuers []Listed
	Pin     *PinPreview // a network file that waits for a person's word

	Said    []string // what the last import or sync brought
	Answers []Fact   // of the places that a sync asked
	Failed  Trouble  // why the last act brought nothing
}

// Data is the room in which a hospital looks after what its verdicts rest on.
type Data struct {
	feeding Feeding
	words   Words
	now     Clock
	changed func()

	// Work is the import or sync that is under way.
	Work *Work

	mu    sync.Mutex
	state DataState
}

// NewData makes the room; changed is called after every change, from any
// goroutine.
func NewData(f Feeding, w Words, now Clock, changed func()) *Data {
	return &Data{feeding: f, words: w, now: now, changed: changed, Work: NewWork(changed)}
}

// State is what the room shows now.
func (d *Data) State() DataState {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state
}

func (d *Data) update(f func(*DataState)) {
	d.mu.Lock()
	f(&d.state)
	d.state.Version++
	d.mu.Unlock()
	d.changed()
}

// Refresh reads what the home has.
func (d *Data) Refresh(ctx context.Context) {
	w, now := d.words, d.now()
	trust, trustErr := d.feeding.Trust()
	data, err := d.feeding.Data()
	sources, sourcesErr := d.feeding.Sources()
	listings, listErr := d.feeding.Listings()
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		err = trustErr
	}
	s := DataState{Loaded: true, Trouble: trouble(w, err), Trusted: trustErr == nil, Line: NewDataLine(w, data, err, now), Sources: sources}
	if err == nil {
		s.Limits = limits(w, data.AsOf, now)
		d.fresh(&s)
	}
	if trustErr == nil {
		s.Pinned = pinned(w, trust, now)
		if now.After(trust.Expires()) {
			s.Trouble = trouble(w, explain.Errorf("trust_expired", "nothing was imported for too long"))
		}
	}
	for _, l := range listings {
		s.Issuers = append(s.Issuers, listed(w, l, now))
	}
	if s.Trouble.Code == "" {
		for _, e := range []error{sourcesErr, listErr} {
			if e != nil {
				s.Trouble = trouble(w, e)
			}
		}
	}
	d.update(func(old *DataState) {
		s.Version, s.Pin, s.Said, s.Answers, s.Failed = old.Version, old.Pin, old.Said, old.Answers, old.Failed
		*old = s
	})
}

// fresh says what the home says of its data's age, and of boards that are silent.
func (d *Data) fresh(s *DataState) {
	f, err := d.feeding.Freshness(nil)
	if err != nil {
		s.Trouble = trouble(d.words, err)
		return
	}
	if f.Code != "" {
		s.Warning = trouble(d.words, explain.Errorf(f.Code, "%s", f.Age))
	}
	if n := len(f.Silent); n > 0 {
		s.Quiet = d.words.N("{{.N}} boards gave no vote for the newest data. More than two thirds have to; tell them if it lasts.", n)
	}
	for _, m := range f.Silent {
		id, name := string(m.DID), m.Name
		if name == "" {
			name = d.words.L("A board without a name")
		}
		s.Silent = append(s.Silent, Fact{Plain(name), Plain(id), Plain(name) != name})
	}
}

// pinned says which network is believed, and since when.
func pinned(w Words, t pack.Trust, now time.Time) []Fact {
	plain := func(name, value string) Fact { return Fact{name, Plain(value), Plain(value) != value} }
	ends := w.L("Until {{.When}}; every sync and every pack makes it longer.", D{"When": w.Stamp(t.Expires())})
	if now.After(t.Expires()) {
		ends = w.L("It ended on {{.When}}: a new network file is needed.", D{"When": w.Stamp(t.Expires())})
	}
	return []Fact{
		plain(w.L("Network"), t.ChainID),
		plain(w.L("Fingerprint that was compared"), grouped(t.Pinned)),
		{Name: w.L("Trusted since"), Value: w.Stamp(t.Since)},
		{Name: w.L("Newest state that the boards signed"), Value: w.L("Number {{.Height}}, of {{.When}}", D{"Height": t.Height(), "When": w.Stamp(t.Time())})},
		{Name: w.L("Boards that sign"), Value: w.N("{{.N}} boards", t.Validators())},
		{Name: w.L("How long it is trusted"), Value: ends},
	}
}

// grouped writes a fingerprint in groups of four, as people read it aloud.
func grouped(s string) string {
	var groups []string
	for ; len(s) > 4; s = s[4:] {
		groups = append(groups, s[:4])
	}
	return strings.Join(append(groups, s), " ")
}

func listed(w Words, l home.Listing, now time.Time) Listed {
	var types []string
	for _, t := range l.Types {
		types = append(types, TypeName(w, t))
	}
	out := Listed{ID: l.ID, Name: Plain(l.Name), Types: strings.Join(types, ", ")}
	if out.Ended = now.After(l.Until); out.Ended {
		out.Until = w.L("It ran out on {{.When}}.", D{"When": w.Date(l.Until)})
	} else {
		out.Until = w.L("Trusted until {{.When}}.", D{"When": w.Date(l.Until)})
	}
	return out
}

// begin clears what the last act said.
func (d *Data) begin() {
	d.update(func(s *DataState) { s.Said, s.Answers, s.Failed = nil, nil, Trouble{} })
}

// failed says why an act brought nothing; who cancelled it knows.
func (d *Data) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	d.update(func(s *DataState) { s.Failed = trouble(d.words, err) })
}

// Take takes files: a trust pack is imported, a network file is shown before it
// is believed. What it is, its content says.
func (d *Data) Take(ctx context.Context, files ...File) {
	for _, f := range files {
		if !d.take(ctx, f) {
			return
		}
	}
}

// take reports whether to go on with the next file.
func (d *Data) take(ctx context.Context, f File) bool {
	d.begin()
	r, err := f.Open()
	if err != nil {
		d.failed(ctx, explain.Errorf("file_unreadable", "%w", err))
		return false
	}
	defer func() { _ = r.Close() }() // it was only read
	b := bufio.NewReaderSize(r, 4096)
	head, err := b.Peek(4096)
	if err != nil && len(head) == 0 && err != io.EOF {
		d.failed(ctx, explain.Errorf("file_unreadable", "%w", err))
		return false
	}
	if foreign(head) == "file_is_pack" {
		return d.imported(ctx, b)
	}
	raw, err := io.ReadAll(io.LimitReader(b, MaxFile+1))
	if err != nil {
		d.failed(ctx, explain.Errorf("file_unreadable", "%w", err))
		return false
	}
	if foreign(raw) != "file_is_network" {
		d.failed(ctx, explain.Errorf("data_file_unknown", "neither a pack nor a network file"))
		return false
	}
	n, err := pack.ParseNetwork(raw)
	if err != nil {
		d.failed(ctx, err)
		return false
	}
	w := d.words
	p := &PinPreview{
		Network: Plain(n.ChainID), network: n, Compare: &Comparison{Rows: fingerprintInRows(n.Display()), own: n.Fingerprint()},
		Header: w.L("It shows what the boards signed on {{.When}}, as number {{.Height}}.", D{"Height": n.Height, "When": w.Stamp(n.Time)}),
	}
	if t, err := d.feeding.Trust(); err == nil && t.ChainID != n.ChainID {
		p.Believed = w.L("This home trusts the network {{.Network}} now. If you trust another one, the data of the first is left behind.", D{"Network": Plain(t.ChainID)})
	}
	d.update(func(s *DataState) { s.Pin = p })
	return false // a person has to say something first
}

// imported imports a pack.
func (d *Data) imported(ctx context.Context, r io.Reader) bool {
	var res *pack.Result
	err := d.Work.Do(ctx, d.words.L("Importing a trust pack"), func(ctx context.Context, far func(done, total int64)) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = explain.Errorf("pack_malformed", "the import panicked")
			}
		}()
		res, err = d.feeding.Import(ctx, &counted{r: r, ctx: ctx, far: far})
		return err
	})
	d.Refresh(ctx)
	if err != nil {
		d.failed(ctx, err)
		return false
	}
	w := d.words
	d.update(func(s *DataState) {
		if res.Unchanged {
			s.Said = append(s.Said, w.L("There was nothing new in the pack."))
			return
		}
		s.Said = append(s.Said, w.L("The data is as of {{.When}} now.", D{"When": w.Stamp(res.Data.AsOf)}))
		if res.Delta { // a whole pack does not tell what changed
			s.Said = append(s.Said, w.N("{{.N}} changes of status came in.", len(res.Changes)))
		}
	})
	return true
}

// counted tells how much was read, and reads no more once the context ends.
type counted struct {
	r   io.Reader
	ctx context.Context
	far func(done, total int64)
	n   int64
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.far(c.n, 0)
	return n, err
}

// Type compares what a person types with the fingerprint of the network file
// that waits.
func (d *Data) Type(text string) {
	d.compare(func(c Comparison) *Comparison {
		return c.with(text, d.words.L("This is not the same. Do not go on: ask the board for its network file and fingerprint again."))
	})
}

// Tick says that a row of the fingerprint is the same, or takes that back.
func (d *Data) Tick(row int, yes bool) {
	d.compare(func(c Comparison) *Comparison { return c.ticked(row, yes) })
}

// compare changes a copy: what the screen draws stays as it is.
func (d *Data) compare(f func(Comparison) *Comparison) {
	d.update(func(s *DataState) {
		if s.Pin != nil {
			p := *s.Pin
			p.Compare = f(*p.Compare)
			s.Pin = &p
		}
	})
}

// Confirm believes the network file that waits, once its fingerprint was
// compared. Codes fingerprint_not_compared, and those of home.Pin.
func (d *Data) Confirm(ctx context.Context) {
	d.mu.Lock()
	p := d.state.Pin
	d.mu.Unlock()
	if p == nil {
		return
	}
	d.begin()
	err := error(nil)
	if !p.Compare.Same() {
		err = explain.Errorf("fingerprint_not_compared", "nobody compared it")
	} else {
		err = d.feeding.Pin(ctx, p.network, p.Believed != "", nil)
	}
	if err != nil {
		d.failed(ctx, err)
		return
	}
	d.update(func(s *DataState) {
		s.Pin = nil
		s.Said = []string{d.words.L("The network {{.Network}} is trusted now.", D{"Network": p.Network})}
	})
	d.Refresh(ctx)
}

// Decline drops the network file that waits.
func (d *Data) Decline() {
	d.update(func(s *DataState) { s.Pin, s.Failed = nil, Trouble{} })
}

// Sync brings everything up to date.
func (d *Data) Sync(ctx context.Context) {
	d.begin()
	w := d.words
	var res home.Synced
	err := d.Work.Do(ctx, w.L("Syncing with the boards"), func(ctx context.Context, _ func(done, total int64)) (err error) {
		res, err = d.feeding.Sync(followed(ctx, w, d.Work))
		return err
	})
	d.Refresh(ctx)
	d.update(func(s *DataState) {
		for _, src := range res.Sources {
			s.Answers = append(s.Answers, d.answer(src.Address, src.Code))
		}
		for _, f := range slices.Concat(res.Issuers, res.StatusLists) {
			s.Answers = append(s.Answers, d.answer(f.ID, f.Code))
		}
		if res.AsOf.IsZero() {
			return
		}
		s.Said = append(s.Said, w.L("The data is as of {{.When}} now.", D{"When": w.Stamp(res.AsOf)}))
		if res.Delta {
			s.Said = append(s.Said, w.N("{{.N}} changes of status came in.", res.Changes))
		}
		if res.Crossed {
			s.Said = append(s.Said, w.L("Two sources agreed."))
		} else {
			s.Said = append(s.Said, w.L("One source alone answered, so nobody cross-checked it."))
		}
	})
	d.failed(ctx, err)
}

// followed has a sync say on a Work what it is doing.
func followed(ctx context.Context, w Words, work *Work) context.Context {
	return home.Following(ctx, func(s home.SyncStep) {
		at := D{"Place": Plain(s.Place), "Number": s.Number, "Total": s.Of}
		switch {
		case s.Place == "":
			work.Say(w.N("Asking {{.N}} sources what is new", s.Of))
		case s.Outside:
			work.Say(w.L("Fetching what {{.Place}} publishes ({{.Number}} of {{.Total}})", at))
		default:
			work.Say(w.L("Fetching and checking the data of {{.Place}} ({{.Number}} of {{.Total}})", at))
		}
	})
}

// answer is what one place said to a sync.
func (d *Data) answer(address, code string) Fact {
	f := Fact{Name: Plain(address), Value: d.words.L("It answered."), Odd: Plain(address) != address}
	if code != "" {
		f.Value, _ = d.words.Explain(code)
	}
	return f
}

// AddSource notes a place to sync from. Codes source_malformed, source_known.
func (d *Data) AddSource(ctx context.Context, address string) bool {
	d.begin()
	address = strings.TrimRight(strings.TrimSpace(address), "/")
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || Plain(address) != address {
		d.failed(ctx, explain.Errorf("source_malformed", "not an address"))
		return false
	}
	list, err := d.feeding.Sources()
	if err == nil && slices.Contains(list, address) {
		err = explain.Errorf("source_known", "it is there")
	}
	if err == nil {
		err = d.feeding.SetSources(ctx, append(list, address))
	}
	d.Refresh(ctx)
	d.failed(ctx, err)
	return err == nil
}

// RemoveSource forgets a place to sync from; the result brings it back.
func (d *Data) RemoveSource(ctx context.Context, address string) (undo func(context.Context)) {
	d.begin()
	before, err := d.feeding.Sources()
	if err == nil {
		err = d.feeding.SetSources(ctx, slices.DeleteFunc(slices.Clone(before), func(s string) bool { return s == address }))
	}
	d.Refresh(ctx)
	if err != nil {
		d.failed(ctx, err)
		return nil
	}
	return func(ctx context.Context) {
		d.failed(ctx, d.feeding.SetSources(ctx, before))
		d.Refresh(ctx)
	}
}
