package model

// Taking licences in: many files at once, each with its own outcome.

import (
	"context"
	"slices"
	"sync"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/request"
	"bonafide/wallet"
)

// Receiving is what taking in needs of a wallet.
type Receiving interface {
	Receive(ctx context.Context, b []byte) (wallet.Item, error)
	List(ctx context.Context) ([]wallet.Item, error)
	Boards() ([]wallet.Board, error)
}

// Arrival is what became of a file.
type Arrival int

// Arrivals.
const (
	ArrivedNew     Arrival = iota // a licence that was not here before
	ArrivedMore                   // another form of a licence that was here
	ArrivedAgain                  // it was here already
	ArrivedRefused                // a credential that is not kept
	ArrivedOther                  // no credential at all
	ArrivedRequest                // a hospital's request
	ArrivedLetter                 // a letter with a claim code
)

// Outcome is what became of one file.
type Outcome struct {
	File    string // its name, safe to show
	Odd     bool
	Arrival Arrival
	Word    string
	Reason  string
	Next    string
	Code    string // of the catalogue; empty for what was kept
	Card    *Card  // of what is kept
	Data    bool   // newer data of the boards would help
	Content []byte // of ArrivedRequest and ArrivedLetter, for the room that takes it
}

// ReceiveState is everything that taking in shows.
type ReceiveState struct {
	Phase    Phase
	Progress string
	Done, Of int
	Summary  string
	Outcomes []Outcome
	Turn     int // changes when Outcomes begins anew
}

// Receive takes licences in.
type Receive struct {
	open    func() (Receiving, error)
	codes   Codes
	now     Clock
	words   Words
	changed func()

	mu     sync.Mutex
	state  ReceiveState
	cancel context.CancelFunc
}

// NewReceive takes in for the wallet that open gives; codes reads pictures.
func NewReceive(open func() (Receiving, error), codes Codes, now Clock, w Words, changed func()) *Receive {
	return &Receive{open: open, codes: codes, now: now, words: w, changed: changed}
}

// State is what there is to show.
func (r *Receive) State() ReceiveState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// update changes the state of a turn that is not over.
func (r *Receive) update(turn int, f func(*ReceiveState)) bool {
	r.mu.Lock()
	if r.state.Turn != turn {
		r.mu.Unlock()
		return false
	}
	f(&r.state)
	r.mu.Unlock()
	r.changed()
	return true
}

// Clear goes back to the beginning; what was kept stays kept.
func (r *Receive) Clear() {
	r.mu.Lock()
	r.stop()
	r.state.Phase, r.state.Outcomes = Waiting, nil
	r.mu.Unlock()
	r.changed()
}

// Cancel stops what is under way; what was kept stays kept.
func (r *Receive) Cancel() {
	r.mu.Lock()
	if r.state.Phase == Working {
		r.stop()
		r.finish(&r.state)
	}
	r.mu.Unlock()
	r.changed()
}

// stop ends the turn; r.mu is held.
func (r *Receive) stop() {
	if r.cancel != nil {
		r.cancel()
		r.cancel = nil
	}
	r.state.Turn++
	r.state.Progress, r.state.Summary = "", ""
}

// Take takes files in and returns when each has its outcome; run it on a
// goroutine of its own.
func (r *Receive) Take(ctx context.Context, files ...File) {
	if len(files) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.mu.Lock()
	r.stop()
	r.cancel = cancel
	r.state.Phase, r.state.Outcomes, r.state.Progress, r.state.Done, r.state.Of = Working, nil, r.words.L("Reading"), 0, 0
	turn := r.state.Turn
	r.mu.Unlock()
	r.changed()

	var items []gathered
	if len(files) <= MaxOpened {
		items = gather(ctx, r.codes, files)
	}
	if len(files) > MaxOpened || len(items) > MaxFiles {
		items = []gathered{{trouble: "wallet_too_many_files"}}
	}
	for i, it := range items {
		if ctx.Err() != nil || !r.update(turn, func(s *ReceiveState) {
			s.Progress, s.Done, s.Of = r.words.L("Taking in {{.File}}", D{"File": shownName(r.words, it.name)}), i, len(items)
		}) {
			return
		}
		o, err := r.one(ctx, it)
		if endedBy(ctx, err) {
			return
		}
		r.update(turn, func(s *ReceiveState) { s.Outcomes = append(slices.Clip(s.Outcomes), o) })
	}
	r.update(turn, r.finish)
}

// finish closes a turn.
func (r *Receive) finish(s *ReceiveState) {
	s.Phase, s.Progress, s.Summary = Shown, "", ""
	if len(s.Outcomes) == 0 {
		s.Phase = Waiting
		return
	}
	if len(s.Outcomes) > 1 {
		kept := 0
		for _, o := range s.Outcomes {
			if o.Arrival == ArrivedNew || o.Arrival == ArrivedMore {
				kept++
			}
		}
		s.Summary = r.words.L("{{.Kept}} of {{.All}} were taken in.", D{"Kept": kept, "All": len(s.Outcomes)})
	}
}

// one takes one file in.
func (r *Receive) one(ctx context.Context, it gathered) (Outcome, error) {
	w := r.words
	out := Outcome{File: shownName(w, it.name), Odd: odd(it.name)}
	if it.many > 0 {
		out.File = w.L("{{.File}}, code {{.Part}} of {{.Many}}", D{"File": out.File, "Part": it.part, "Many": it.many})
	}
	if it.trouble == "wallet_too_many_files" {
		out.File = ""
	}
	code := it.trouble
	if code == "" {
		if _, err := request.Parse(it.content); err == nil {
			out.Arrival, out.Word, out.Content = ArrivedRequest, w.L("A hospital's request"), it.content
			out.Reason, out.Next = w.L("Somebody asks you to show a licence."), w.L("Open it under Present to see who asks, and what for.")
			return out, nil
		}
		code = foreign(it.content)
	}
	if code == "" {
		if board, k := letter(it.content); k != "" && it.content[0] != '{' {
			out.Arrival, out.Word, out.Content = ArrivedLetter, w.L("A letter with a claim code"), it.content
			out.Reason = w.L("A board lets you claim a licence with it.")
			if board == "" {
				out.Reason = w.L("A board lets you claim a licence with it; the letter does not say which one.")
			}
			out.Next = w.L("Claim the licence with it.")
			return out, nil
		}
	}
	if code != "" {
		out = r.refuse(out, code)
		if it.partly != nil {
			out.Reason = missingCodes(w, *it.partly)
		}
		return out, nil
	}
	err := walled(func() error { return r.keep(ctx, it.content, &out) })
	if err != nil {
		return r.refuse(out, explain.CodeOf(err)), err
	}
	return out, nil
}

// keep hands a credential to the wallet and says what changed by it.
func (r *Receive) keep(ctx context.Context, b []byte, out *Outcome) error {
	k, err := r.open()
	if err != nil {
		return err
	}
	before, err := k.List(ctx)
	if err != nil {
		return err
	}
	it, err := k.Receive(ctx, b)
	if err != nil {
		return err
	}
	names, _ := k.Boards() // without the data the identifier stands
	c := newCard(r.words, it, names, r.now())
	out.Card, out.Arrival, out.Word = &c, ArrivedNew, r.words.L("Taken in")
	if i := slices.IndexFunc(before, func(x wallet.Item) bool { return x.ID == it.ID }); i >= 0 {
		out.Arrival, out.Word = ArrivedMore, r.words.L("Taken in, as another form of a licence that you have")
		if newest(before[i]).Equal(newest(it)) {
			out.Arrival, out.Word = ArrivedAgain, r.words.L("You have it already")
		}
	}
	return nil
}

// newest is when the latest envelope of a licence came.
func newest(it wallet.Item) (t time.Time) {
	for _, e := range it.Envelopes() {
		if e.Received.After(t) {
			t = e.Received
		}
	}
	return t
}

// refuse says why a file is not taken in. What is no credential is named as what
// it is, with what a practitioner can do about it.
func (r *Receive) refuse(out Outcome, code string) Outcome {
	w := r.words
	if _, ok := explain.Lookup(code); !ok {
		code = "internal_error"
	}
	out.Code, out.Arrival, out.Word = code, ArrivedRefused, w.L("Not taken in")
	out.Reason, out.Next = w.Explain(code)
	switch code {
	case "file_is_pdf", "file_is_picture", "file_is_other_picture", "file_is_document", "file_is_web_page", "file_empty", "file_is_certificate":
		out.Arrival, out.Word = ArrivedOther, w.L("Not a credential")
		out.Next = w.L("Ask your board for the credential file itself, or open a picture of its QR code.")
	case "file_is_backup":
		out.Arrival, out.Word = ArrivedOther, w.L("Not a credential")
		out.Next = w.L("If it is a backup of yours, rehearse or restore it under Safety.")
	case "file_is_claim":
		out.Arrival, out.Word = ArrivedOther, w.L("Not a credential")
		out.Next = w.L("Bring it to the board, and take in the licence that it gives you.")
	case "newer_than_data", "no_data", "no_trust", "stale", "pack_expired", "trust_expired":
		out.Data = true
		out.Next = w.L("Bring newer data of the boards in under Data, then take this in again.")
	case "file_is_pack", "file_is_network", "file_is_archive", "file_is_table", "file_is_report", "file_too_large", "file_unreadable":
		out.Arrival, out.Word = ArrivedOther, w.L("Not a credential")
	}
	return out
}
