package model

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"bonafide/internal/home"
	"bonafide/internal/request"
	"bonafide/ledger"
	"bonafide/vc"
	"bonafide/verifier"
)

// Requesting is what the requests' room needs from the hospital's side of a
// home.
type Requesting interface {
	Audience(ctx context.Context) (string, error)
	Types(ctx context.Context) ([]ledger.Template, error)
	NewRequest(ctx context.Context, o home.RequestOptions) ([]byte, error)
	OpenRequests(ctx context.Context) ([]*request.Request, error)
	CloseRequest(ctx context.Context, nonce string) error
}

// Choice is something to choose by its name.
type Choice struct {
	ID, Name string
}

// Lives are how long a request may be answered, in the order of the picker.
var Lives = []time.Duration{24 * time.Hour, 3 * 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour}

// LifeName is a life as people read it.
func LifeName(w Words, d time.Duration) string {
	return w.N("{{.N}} days", int(d/(24*time.Hour)))
}

// Envelopes are the forms that a credential can come in.
func Envelopes(w Words) []Choice {
	return []Choice{
		{string(vc.VCDM), w.L("Open form: everything in it is shown")},
		{string(vc.SDJWT), w.L("Selective form: only what you ask for is shown")},
	}
}

// Made is a request that can be shown and sent.
type Made struct {
	Nonce    string
	File     []byte   // as it goes out
	Name     string   // of the file
	Title    string   // for what and for whom
	Asks     []string // in sentences
	Left     string   // how long it may still be answered
	Audience string
}

// RequestsState is everything the room shows.
type RequestsState struct {
	Audience  string // given last
	Types     []Choice
	Claims    []Choice // of all types
	TypesNote Trouble  // why the types are not known
	Open      []Made
	Loaded    bool
	Trouble   Trouble // of the last act
	Shown     *Made   // the request in sight; nil: none
}

// Requests is the room in which a hospital asks.
type Requests struct {
	requesting Requesting
	words      Words
	now        Clock
	changed    func()

	mu    sync.Mutex
	state RequestsState
}

// NewRequests makes the room; changed is called after every change, from any
// goroutine.
func NewRequests(r Requesting, w Words, now Clock, changed func()) *Requests {
	return &Requests{requesting: r, words: w, now: now, changed: changed}
}

// State is what the room shows now.
func (r *Requests) State() RequestsState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

func (r *Requests) update(f func(*RequestsState)) {
	r.mu.Lock()
	f(&r.state)
	r.mu.Unlock()
	r.changed()
}

// Refresh reads what is open and what can be asked for.
func (r *Requests) Refresh(ctx context.Context) {
	audience, err := r.requesting.Audience(ctx)
	var open []*request.Request
	if err == nil {
		open, err = r.requesting.OpenRequests(ctx)
	}
	templates, typesErr := r.requesting.Types(ctx)
	if ctx.Err() != nil {
		return
	}
	list := make([]Made, 0, len(open))
	for _, o := range open {
		if m, e := r.made(o); e == nil {
			list = append(list, m)
		} else if err == nil {
			err = e
		}
	}
	types, claims := choices(r.words, templates)
	r.update(func(s *RequestsState) {
		s.Loaded, s.Trouble, s.TypesNote = true, trouble(r.words, err), trouble(r.words, typesErr)
		s.Types, s.Claims = types, claims
		if err == nil {
			s.Audience, s.Open = audience, list
		}
		// What was answered or closed meanwhile is not shown for answering.
		if s.Shown != nil && !slices.ContainsFunc(list, func(m Made) bool { return m.Nonce == s.Shown.Nonce }) {
			s.Shown = nil
		}
	})
}

// Ask is what a request is to ask for.
type Ask struct {
	Audience string
	Purpose  verifier.Purpose
	Types    []string
	Claims   []string
	Formats  []string
	Life     time.Duration
}

// Make makes a request and shows it. Codes audience_needed, request_malformed.
func (r *Requests) Make(ctx context.Context, a Ask) {
	b, err := r.requesting.NewRequest(ctx, home.RequestOptions{
		Audience: strings.TrimSpace(a.Audience), Purpose: a.Purpose, Types: a.Types, Claims: a.Claims, Formats: a.Formats, ValidFor: a.Life,
	})
	var made *Made
	if err == nil {
		var q *request.Request
		if q, err = request.Parse(b); err == nil {
			m, e := r.made(q)
			made, err = &m, e
		}
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		r.update(func(s *RequestsState) { s.Trouble = trouble(r.words, err) })
		return
	}
	r.update(func(s *RequestsState) { s.Shown = made })
	r.Refresh(ctx)
}

// Show brings an open request in sight; Hide takes it out of sight.
func (r *Requests) Show(nonce string) {
	r.update(func(s *RequestsState) {
		for i := range s.Open {
			if s.Open[i].Nonce == nonce {
				s.Shown = &s.Open[i]
			}
		}
	})
}

// Hide takes the request in sight out of sight. It stays open.
func (r *Requests) Hide() {
	r.update(func(s *RequestsState) { s.Shown = nil })
}

// Close ends a request: no answer to it counts any more.
func (r *Requests) Close(ctx context.Context, nonce string) {
	if err := r.requesting.CloseRequest(ctx, nonce); err != nil {
		r.update(func(s *RequestsState) { s.Trouble = trouble(r.words, err) })
		return
	}
	r.Refresh(ctx)
}

func (r *Requests) made(q *request.Request) (Made, error) {
	b, err := q.Marshal()
	if err != nil {
		return Made{}, err
	}
	w := r.words
	m := Made{
		Nonce: q.Nonce, File: b, Name: "request-" + q.Created.Format("20060102-150405") + ".json",
		Title:    w.L("{{.Purpose}}, for {{.Hospital}}", D{"Purpose": PurposeName(w, verifier.Purpose(q.Purpose)), "Hospital": Plain(q.Audience)}),
		Audience: Plain(q.Audience),
		Left:     left(w, q.Expires, r.now()),
	}
	var types, details []string
	for _, t := range q.Types {
		types = append(types, TypeName(w, t))
	}
	for _, c := range q.Claims {
		details = append(details, ClaimName(w, c))
	}
	m.Asks = []string{w.L("Asks for: any licence.")}
	if len(types) > 0 {
		m.Asks[0] = w.L("Asks for: {{.Types}}.", D{"Types": strings.Join(types, ", ")})
	}
	if len(details) > 0 {
		m.Asks = append(m.Asks, w.L("Details wanted: {{.Details}}.", D{"Details": strings.Join(details, ", ")}))
	} else {
		m.Asks = append(m.Asks, w.L("Details wanted: all of them."))
	}
	for _, f := range q.Formats {
		for _, e := range Envelopes(w) {
			if e.ID == f {
				m.Asks = append(m.Asks, e.Name)
			}
		}
	}
	return m, nil
}

// left says how long a request may still be answered.
func left(w Words, until, now time.Time) string {
	when := D{"When": w.Stamp(until)}
	switch d := until.Sub(now); {
	case d < time.Hour:
		return w.N("{{.N}} minutes left, until {{.When}}.", max(0, int(d.Minutes())), when)
	case d < 72*time.Hour:
		return w.N("{{.N}} hours left, until {{.When}}.", int(d.Hours()), when)
	default:
		return w.N("{{.N}} days left, until {{.When}}.", int(d.Hours()/24), when)
	}
}

// choices are the types that the boards registered and the claims that they
// show to people.
func choices(w Words, templates []ledger.Template) (types, claims []Choice) {
	for _, t := range templates {
		types = append(types, Choice{t.Type, TypeName(w, t.Type)})
		fields, _ := t.Display["fields"].([]any)
		for _, f := range fields {
			m, _ := f.(map[string]any)
			path, _ := m["path"].(string)
			name, ok := strings.CutPrefix(path, "/credentialSubject/")
			if !ok {
				continue
			}
			name = strings.ReplaceAll(name, "/", ".")
			if !request.ClaimName(name) || slices.ContainsFunc(claims, func(c Choice) bool { return c.ID == name }) {
				continue
			}
			claims = append(claims, Choice{name, ClaimName(w, name)})
		}
	}
	slices.SortStableFunc(types, func(a, b Choice) int { return cmp.Compare(a.Name, b.Name) })
	if len(claims) > request.MaxClaims {
		claims = claims[:request.MaxClaims]
	}
	return types, claims
}
