// Package model is what the app's screens show and do, without Fyne: it is
// tested without a display and drawn by package app.
package model

import (
	"context"
	"errors"
	"sync"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/request"
	"bonafide/verifier"
)

// MaxFile is the largest file the desk reads, in bytes. A credential has a few
// kilobytes; whatever is larger than this is not one.
const MaxFile = 1 << 20

// Verifying is what the desk needs from the hospital's side of a home.
type Verifying interface {
	Verify(ctx context.Context, in verifier.Input) (verifier.Result, error)
	// DataAge tells how old the home's data is: the time of the header that
	// proves it and how many validators signed. An error carries a code
	// (no_trust, no_data).
	DataAge(ctx context.Context) (asOf time.Time, validators int, err error)
}

// Phase is what the desk is doing.
type Phase int

// Phases of the desk.
const (
	Waiting Phase = iota // nothing dropped yet
	Working              // a verification is under way
	Shown                // a verdict stands on the screen
	Failed               // no verdict could be given; Problem says why
)

// Line is one check as the screen shows it.
type Line struct {
	Mark    string // a word, so that colour never carries meaning alone
	Message string
	Next    string // empty where there is nothing to do
	Who     string
	AsOf    string
	Code    string
}

// State is everything the desk shows. It is a value: a screen draws it whole.
type State struct {
	Phase    Phase
	Data     string // how old the data is, in words
	Purpose  verifier.Purpose
	Request  bool   // a request waits for its answer
	File     string // name of the file under the verdict
	Verdict  verifier.Verdict
	Word     string // the verdict in words
	Headline string
	Lines    []Line
	Problem  string // one sentence
	Next     string // what to do about Problem
}

// Desk is the hospital's first room: drop a file, see the verdict.
type Desk struct {
	verifying Verifying
	now       Clock
	changed   func(State)

	mu      sync.Mutex
	state   State
	request *request.Request
	cancel  context.CancelFunc
	turn    int // counts verifications, so that a late answer is dropped
}

// NewDesk makes a desk. changed is called after every change with the new
// state, from whichever goroutine made it.
func NewDesk(v Verifying, now Clock, changed func(State)) *Desk {
	d := &Desk{verifying: v, now: now, changed: changed}
	d.state.Purpose = verifier.Privileging
	return d
}

// State is what the desk shows now.
func (d *Desk) State() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state
}

// update changes the state and tells the screen.
func (d *Desk) update(f func(*State)) {
	d.mu.Lock()
	f(&d.state)
	s := d.state
	d.mu.Unlock()
	d.changed(s)
}

// Refresh reads the age of the data anew.
func (d *Desk) Refresh(ctx context.Context) {
	asOf, validators, err := d.verifying.DataAge(ctx)
	line := ""
	if err != nil {
		line, _ = problem(err)
	} else {
		line = "Data as of " + stamp(asOf) + " (" + age(d.now().Sub(asOf)) + " old), signed by " + count(validators, "board", "boards") + "."
	}
	d.update(func(s *State) { s.Data = line })
}

// SetPurpose chooses what the next verdict is for.
func (d *Desk) SetPurpose(p verifier.Purpose) {
	d.update(func(s *State) { s.Purpose = p })
}

// Clear goes back to the empty desk and forgets the request.
func (d *Desk) Clear() {
	d.Cancel()
	d.mu.Lock()
	d.request = nil
	d.mu.Unlock()
	d.update(func(s *State) { *s = State{Data: s.Data, Purpose: s.Purpose} })
}

// Cancel stops a verification under way.
func (d *Desk) Cancel() {
	d.mu.Lock()
	cancel := d.cancel
	d.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// Drop takes a file. A request is kept for the presentation that answers it;
// anything else is verified. It returns when the verdict stands; run it on a
// goroutine of its own.
func (d *Desk) Drop(ctx context.Context, name string, content []byte) {
	if len(content) > MaxFile {
		d.update(func(s *State) {
			*s = State{Phase: Failed, Data: s.Data, Purpose: s.Purpose, File: name, Request: s.Request}
			s.Problem, s.Next = text("file_too_large")
		})
		return
	}
	if req, err := request.Parse(content); err == nil {
		d.mu.Lock()
		d.request = req
		d.mu.Unlock()
		d.update(func(s *State) {
			*s = State{Phase: Waiting, Data: s.Data, Purpose: verifier.Purpose(req.Purpose), Request: true}
		})
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.mu.Lock()
	if d.cancel != nil {
		d.cancel()
	}
	d.cancel = cancel
	d.turn++
	turn := d.turn
	in := verifier.Input{File: name, Bytes: content, Request: d.request, Purpose: d.state.Purpose}
	d.mu.Unlock()
	d.update(func(s *State) {
		*s = State{Phase: Working, Data: s.Data, Purpose: s.Purpose, File: name, Request: s.Request}
	})
	res, err := d.verifying.Verify(ctx, in)
	d.mu.Lock()
	late := turn != d.turn
	d.mu.Unlock()
	if late {
		return
	}
	d.update(func(s *State) {
		switch {
		case errors.Is(err, context.Canceled):
			*s = State{Phase: Waiting, Data: s.Data, Purpose: s.Purpose, Request: s.Request}
		case err != nil:
			s.Phase = Failed
			s.Problem, s.Next = problem(err)
		default:
			s.Phase = Shown
			s.Verdict, s.Headline, s.Word = res.Verdict, res.Headline, word(res)
			s.Lines = lines(res)
		}
	})
}

// Unreadable shows that a dropped file could not be read.
func (d *Desk) Unreadable(name string) {
	d.update(func(s *State) {
		*s = State{Phase: Failed, Data: s.Data, Purpose: s.Purpose, File: name, Request: s.Request}
		s.Problem, s.Next = text("file_unreadable")
	})
}

// word is the verdict as people read it.
func word(r verifier.Result) string {
	switch r.Verdict {
	case verifier.Verified:
		for _, c := range r.Credentials {
			if p := c.Licence.MayPractise; p != nil && *p == "with_conditions" {
				return "Verified, with conditions"
			}
		}
		return "Verified"
	case verifier.Rejected:
		return "Not valid"
	default:
		return "Cannot confirm"
	}
}

// lines are the checks as the screen shows them: those that decided first.
func lines(r verifier.Result) []Line {
	rank := map[verifier.Outcome]int{verifier.Fail: 0, verifier.Unknown: 1, verifier.Pass: 2, verifier.Skipped: 3}
	marks := map[verifier.Outcome]string{
		verifier.Fail: "No", verifier.Unknown: "Unknown", verifier.Pass: "Yes", verifier.Skipped: "Not checked",
	}
	var out []Line
	for want := range 4 {
		for _, c := range r.Checks {
			if rank[c.Outcome] != want {
				continue
			}
			l := Line{Mark: marks[c.Outcome], Message: c.Message, Who: c.Who, Code: c.Code}
			if c.Who != "nobody" {
				l.Next = c.Next
			}
			if c.AsOf != nil {
				l.AsOf = stamp(*c.AsOf)
			}
			out = append(out, l)
		}
	}
	return out
}

// problem is the sentence for an error and what to do about it. Go's own
// words never reach a screen.
func problem(err error) (message, next string) {
	if code := explain.CodeOf(err); code != "" {
		return text(code)
	}
	return text("internal_error")
}

func text(code string) (message, next string) {
	e, ok := explain.Lookup(code)
	if !ok {
		e, _ = explain.Lookup("internal_error")
	}
	return e.Message, e.Next
}
