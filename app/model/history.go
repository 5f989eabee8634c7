package model

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/verifier"
)

// Recalling is what the history's room needs from the hospital's side of a home.
// HistoryPage needs the home unlocked.
type Recalling interface {
	HistoryPage(ctx context.Context, before int64, limit int) ([]home.Kept, error)
	HistorySize(ctx context.Context) (int, error)
}

const (
	historyPage = 200 // verdicts that are opened at once
	historyMore = 100 // rows that are looked for at a time
)

// Query is what to look for. Every word of Text has to stand in the type, the
// issuer, the holder, the file's name, a code or the verdict.
type Query struct {
	Text     string
	Verdict  verifier.Verdict // "": any
	From, To time.Time        // the first day and the last, UTC; zero: no bound
}

// DateOf reads a day as people type it; the zero time where nothing is typed.
// Code date_malformed.
func DateOf(s string) (time.Time, error) {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, explain.Errorf("date_malformed", "%w", err)
	}
	return t, nil
}

// Row is one verdict in the list.
type Row struct {
	Seq     int64
	Verdict verifier.Verdict
	Word    string
	Limited bool   // verified, but with conditions
	What    string // type of what was verified, or the file's name
	By      string // issuer; may be empty
	When    string
}

// HistoryState is everything the room shows.
type HistoryState struct {
	Rows     []Row // the latest first
	Total    int   // verdicts that are kept
	Searched int   // how many of them were looked through
	Busy     bool
	All      bool // there is nothing more to find
	Filtered bool // a query holds
	Trouble  Trouble
	Turn     int // changes when Rows begins anew
	Shown    *Report
	ShownSeq int64
}

// History is the room in which every verdict that was given can be found.
type History struct {
	keeping Recalling
	words   Words
	changed func()

	mu     sync.Mutex
	state  HistoryState
	query  Query
	before int64 // place of the last verdict that was looked at
	cancel context.CancelFunc
}

// NewHistory makes the room; changed is called after every change, from any
// goroutine.
func NewHistory(k Recalling, w Words, changed func()) *History {
	return &History{keeping: k, words: w, changed: changed}
}

// State is what the room shows now.
func (h *History) State() HistoryState {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

// update changes the state of a turn; one that is over changes nothing.
func (h *History) update(turn int, f func(*HistoryState)) bool {
	h.mu.Lock()
	if h.state.Turn != turn {
		h.mu.Unlock()
		return false
	}
	f(&h.state)
	h.mu.Unlock()
	h.changed()
	return true
}

// Count reads how many verdicts there are; it needs nothing unlocked.
func (h *History) Count(ctx context.Context) {
	n, err := h.keeping.HistorySize(ctx)
	if ctx.Err() != nil {
		return
	}
	h.mu.Lock()
	if err != nil {
		h.state.Trouble = trouble(h.words, err)
	} else {
		h.state.Total = n
	}
	h.mu.Unlock()
	h.changed()
}

// Search begins anew with a query and returns when a screenful is found. The
// home is unlocked by then, or the trouble says that it is not.
func (h *History) Search(ctx context.Context, q Query) {
	h.mu.Lock()
	h.stop()
	h.state.Turn++
	h.query, h.before = q, 0
	h.state.Rows, h.state.Searched, h.state.All, h.state.Trouble = nil, 0, false, Trouble{}
	h.state.Shown, h.state.ShownSeq = nil, 0
	h.state.Filtered = q != Query{}
	h.mu.Unlock()
	h.Count(ctx)
	h.More(ctx)
}

// Stop ends a search that is under way; what was found stays.
func (h *History) Stop() {
	h.mu.Lock()
	h.stop()
	h.mu.Unlock()
	h.changed()
}

func (h *History) stop() {
	if h.cancel != nil {
		h.cancel()
		h.cancel = nil
	}
	h.state.Busy = false
}

// Lock forgets what was read, as when the home is locked.
func (h *History) Lock() {
	h.mu.Lock()
	h.stop()
	h.before = 0
	h.state = HistoryState{Turn: h.state.Turn + 1, Total: h.state.Total}
	h.mu.Unlock()
	h.changed()
}

// More looks for the next rows. It does nothing while a search is under way, or
// where there is nothing more.
func (h *History) More(ctx context.Context) {
	h.mu.Lock()
	if h.state.Busy || h.state.All || h.state.Trouble.Code != "" {
		h.mu.Unlock()
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h.cancel, h.state.Busy = cancel, true
	turn, before, q := h.state.Turn, h.before, h.query
	h.mu.Unlock()
	h.changed()
	m := q.matcher()
	for found := 0; found < historyMore; {
		page, err := h.keeping.HistoryPage(ctx, before, historyPage)
		if ctx.Err() != nil {
			return // whoever cancelled has said so
		}
		var rows []Row
		for _, k := range page {
			before = k.Seq
			if m.fits(h.words, k) {
				rows = append(rows, row(h.words, k))
			}
		}
		found += len(rows)
		done := err != nil || len(page) < historyPage
		if !h.update(turn, func(s *HistoryState) {
			h.before = before
			s.Rows = append(slices.Clip(s.Rows), rows...)
			s.Searched += len(page)
			s.Trouble = trouble(h.words, err)
			s.All = done && err == nil
		}) || done {
			break
		}
	}
	h.update(turn, func(s *HistoryState) {
		h.cancel, s.Busy = nil, false
	})
}

// Open shows one verdict whole.
func (h *History) Open(ctx context.Context, seq int64) {
	h.mu.Lock()
	turn := h.state.Turn
	h.mu.Unlock()
	page, err := h.keeping.HistoryPage(ctx, seq+1, 1)
	if ctx.Err() != nil {
		return
	}
	if err == nil && (len(page) == 0 || page[0].Seq != seq) {
		err = explain.Errorf("data_missing", "the verdict is not there any more")
	}
	h.update(turn, func(s *HistoryState) {
		if err != nil {
			s.Trouble = trouble(h.words, err)
			return
		}
		r := NewReport(h.words, page[0].Result.File, page[0].Result)
		s.Shown, s.ShownSeq = &r, seq
	})
}

// CloseReport goes back to the list.
func (h *History) CloseReport() {
	h.mu.Lock()
	h.state.Shown, h.state.ShownSeq = nil, 0
	h.mu.Unlock()
	h.changed()
}

// row is a verdict in a line.
func row(w Words, k home.Kept) Row {
	r := Row{Seq: k.Seq, Verdict: k.Result.Verdict, Word: wordOf(w, k.Result), Limited: limited(k.Result), When: w.Stamp(k.Result.VerifiedAt)}
	r.What = shownName(w, k.Result.File)
	for _, c := range k.Result.Credentials {
		if c.Type == nil {
			continue
		}
		r.What = TypeName(w, *c.Type)
		switch {
		case c.IssuerName != nil:
			r.By = Plain(*c.IssuerName)
		case c.Issuer != nil:
			r.By = Plain(*c.Issuer)
		}
		break
	}
	return r
}

// matcher is a query that is ready to be asked often.
type matcher struct {
	Query
	terms []string
}

func (q Query) matcher() matcher {
	return matcher{q, strings.Fields(strings.ToLower(q.Text))}
}

func (m matcher) fits(w Words, k home.Kept) bool {
	r := k.Result
	if m.Verdict != "" && r.Verdict != m.Verdict {
		return false
	}
	if !m.From.IsZero() && r.VerifiedAt.Before(m.From) || !m.To.IsZero() && !r.VerifiedAt.Before(m.To.AddDate(0, 0, 1)) {
		return false
	}
	if len(m.terms) == 0 {
		return true
	}
	var b strings.Builder
	add := func(s string) {
		b.WriteString(strings.ToLower(s))
		b.WriteByte('\n') // no term spans two of them
	}
	add(wordOf(w, r))
	add(string(r.Verdict))
	add(r.File)
	for _, c := range r.Credentials {
		for _, s := range []*string{c.Type, c.Issuer, c.IssuerName, c.Subject, c.Licence.Status} {
			if s != nil {
				add(*s)
			}
		}
		if c.Type != nil {
			add(TypeName(w, *c.Type))
		}
		if c.Licence.Status != nil {
			add(StatusWord(w, *c.Licence.Status))
		}
	}
	for _, c := range r.Checks {
		add(c.Code)
	}
	text := b.String()
	for _, t := range m.terms {
		if !strings.Contains(text, t) {
			return false
		}
	}
	return true
}
