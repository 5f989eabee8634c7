// Package model is what the app's screens show and do, without Fyne: it is
// tested without a display and drawn by package app.
package model

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/request"
	"bonafide/verifier"
)

const (
	// MaxFile is the largest file the desk reads, in bytes. A credential has a
	// few kilobytes; whatever is larger than this is not one.
	MaxFile = 1 << 20
	// MaxFiles is how many files the desk takes at once.
	MaxFiles = 50
)

// Verifying is what the desk needs from the hospital's side of a home.
type Verifying interface {
	Verify(ctx context.Context, in verifier.Input) (verifier.Result, error)
	// DataAge tells how old the home's data is: the time of the header that
	// proves it and how many validators signed. An error carries a code
	// (no_trust, no_data).
	DataAge(ctx context.Context) (asOf time.Time, validators int, err error)
}

// File is something to verify. Open is called once, from the goroutine that
// calls Drop.
type File struct {
	Name string // empty for what was pasted
	Open func() (io.ReadCloser, error)
}

// Phase is what the desk is doing.
type Phase int

// Phases of the desk.
const (
	Waiting Phase = iota // nothing dropped yet
	Working              // a verification is under way
	Shown                // reports stand on the screen
)

// Line is one check as the screen shows it.
type Line struct {
	Outcome verifier.Outcome
	Name    string // what was checked
	Mark    string // a word, so that colour never carries meaning alone
	Message string
	Next    string // what to do; empty where there is nothing
	Foot    string // code, whose turn it is, and the time of the data it rests on
}

// Report is what the screen says about one file.
type Report struct {
	File    string           // its name, safe to show
	Verdict verifier.Verdict // "" where none could be given
	Word    string           // the verdict in words
	Reason  string           // may be empty: nothing is to be added
	Next    string           // what to do about Reason; may be empty
	About   []string         // what the file holds, a line for each credential
	Given   string           // for which purpose and when
	Lines   []Line
}

// State is everything the desk shows. It is a value: a screen draws it whole.
type State struct {
	Phase    Phase
	Data     string // how old the data is, in words
	DataNext string // what to do where there is no data
	Purpose  verifier.Purpose
	Request  string // the open request in words; empty: none
	Progress string // what is under way
	Files    int    // how many files this turn is about
	Summary  string // counts the verdicts, where there are several files
	Turn     int    // changes when Reports begins anew; otherwise it only grows
	Reports  []Report
}

// Desk is the hospital's first room: drop a file, see the verdict.
type Desk struct {
	verifying Verifying
	now       Clock
	changed   func()

	mu      sync.Mutex
	state   State
	request *request.Request
	last    []item // what Again verifies
	cancel  context.CancelFunc
}

// item is a file that was read.
type item struct {
	name    string
	content []byte
	trouble string // code; where it could not be read
}

// NewDesk makes a desk. changed is called after every change, from whichever
// goroutine made it; it asks State for what there is to show.
func NewDesk(v Verifying, now Clock, changed func()) *Desk {
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

// update changes the state and tells the screen. A change that belongs to a
// turn which is over is dropped.
func (d *Desk) update(turn int, f func(*State)) bool {
	d.mu.Lock()
	if d.state.Turn != turn {
		d.mu.Unlock()
		return false
	}
	f(&d.state)
	d.mu.Unlock()
	d.changed()
	return true
}

// Refresh reads the age of the data anew.
func (d *Desk) Refresh(ctx context.Context) {
	asOf, validators, err := d.verifying.DataAge(ctx)
	if ctx.Err() != nil {
		return
	}
	var line, next string
	if err != nil {
		line, next = Explain(err)
	} else {
		line = "Data as of " + stamp(asOf) + " (" + age(d.now().Sub(asOf)) + "), signed by " + count(validators, "board", "boards") + "."
	}
	d.mu.Lock()
	d.state.Data, d.state.DataNext = line, next
	d.mu.Unlock()
	d.changed()
}

// SetPurpose chooses what the next verdict is for. While a request is open its
// purpose stands.
func (d *Desk) SetPurpose(p verifier.Purpose) {
	d.mu.Lock()
	if d.request == nil {
		d.state.Purpose = p
	}
	d.mu.Unlock()
	d.changed()
}

// Clear goes back to the empty desk, stops what is under way and forgets the
// request.
func (d *Desk) Clear() {
	d.mu.Lock()
	d.stop()
	d.request, d.last = nil, nil
	d.state.Phase, d.state.Request, d.state.Reports, d.state.Summary = Waiting, "", nil, ""
	d.mu.Unlock()
	d.changed()
}

// Cancel stops what is under way; verdicts that stand already stay.
func (d *Desk) Cancel() {
	d.mu.Lock()
	if d.state.Phase == Working {
		d.stop()
		d.state.Phase = Shown
		if len(d.state.Reports) == 0 {
			d.state.Phase = Waiting
		}
	}
	d.mu.Unlock()
	d.changed()
}

// stop ends the turn under way, so that its late answer is dropped.
func (d *Desk) stop() {
	if d.cancel != nil {
		d.cancel()
		d.cancel = nil
	}
	d.state.Turn++
	d.state.Progress = ""
	d.state.Summary = summary(d.state.Reports)
}

// begin starts a turn.
func (d *Desk) begin(ctx context.Context) (context.Context, context.CancelFunc, int) {
	ctx, cancel := context.WithCancel(ctx)
	d.mu.Lock()
	d.stop()
	d.cancel = cancel
	d.state.Phase, d.state.Reports, d.state.Progress, d.state.Summary = Working, nil, "Reading", ""
	turn := d.state.Turn
	d.mu.Unlock()
	d.changed()
	return ctx, cancel, turn
}

// Drop takes files. A request is kept for the presentation that answers it;
// anything else is verified. It returns when the verdicts stand; run it on a
// goroutine of its own.
func (d *Desk) Drop(ctx context.Context, files ...File) {
	if len(files) == 0 {
		return
	}
	ctx, cancel, turn := d.begin(ctx)
	defer cancel()
	if len(files) > MaxFiles {
		d.refuse(turn, "too_many_files")
		return
	}
	var items []item
	var requests []*request.Request
	for _, f := range files {
		if ctx.Err() != nil {
			return
		}
		it := read(f)
		if req, err := request.Parse(it.content); it.trouble == "" && err == nil {
			requests = append(requests, req)
			continue
		}
		items = append(items, it)
	}
	if len(requests) > 1 {
		d.refuse(turn, "requests_mixed")
		return
	}
	d.mu.Lock()
	if d.state.Turn != turn {
		d.mu.Unlock()
		return
	}
	if len(requests) == 1 {
		d.request = requests[0]
		d.state.Request = "Open request: " + Plain(d.request.Audience) + ", until " + stamp(d.request.Expires) + ". Drop the presentation that answers it."
		d.state.Purpose = verifier.Purpose(d.request.Purpose)
	}
	d.last = items
	d.mu.Unlock()
	d.verify(ctx, turn, items)
}

// Again verifies what stands on the screen once more, as after a change of
// purpose. A request may be answered once, so nothing is repeated under one.
func (d *Desk) Again(ctx context.Context) {
	d.mu.Lock()
	items := d.last
	if d.request != nil {
		items = nil
	}
	d.mu.Unlock()
	if len(items) == 0 {
		return
	}
	ctx, cancel, turn := d.begin(ctx)
	defer cancel()
	d.verify(ctx, turn, items)
}

// refuse ends a turn with one report that is no verdict.
func (d *Desk) refuse(turn int, code string) {
	d.mu.Lock()
	d.last = nil
	d.mu.Unlock()
	d.update(turn, func(s *State) {
		s.Phase, s.Progress, s.Files, s.Reports = Shown, "", 1, []Report{noVerdict("", code)}
	})
}

// read reads a file, never more than the desk accepts.
func read(f File) item {
	it := item{name: f.Name}
	r, err := f.Open()
	if err == nil {
		it.content, err = io.ReadAll(io.LimitReader(r, MaxFile+1))
		_ = r.Close() // it was only read
	}
	switch {
	case err != nil:
		it.content, it.trouble = nil, "file_unreadable"
	case len(it.content) > MaxFile:
		it.content, it.trouble = nil, "file_too_large"
	}
	return it
}

// verify makes a report about every item, in order.
func (d *Desk) verify(ctx context.Context, turn int, items []item) {
	used := false
	for i, it := range items {
		var in verifier.Input
		if !d.update(turn, func(s *State) {
			s.Files = len(items)
			in = verifier.Input{File: it.name, Bytes: it.content, Request: d.request, Purpose: s.Purpose}
			s.Progress = "Verifying " + shownName(it.name)
			if len(items) > 1 {
				s.Progress += " (" + strconv.Itoa(i+1) + " of " + strconv.Itoa(len(items)) + ")"
			}
		}) {
			return
		}
		var r Report
		if it.trouble != "" {
			r = noVerdict(it.name, it.trouble)
		} else {
			res, err := d.verifying.Verify(ctx, in)
			switch {
			case ctx.Err() != nil:
				d.update(turn, ended)
				return
			case err != nil:
				r = noVerdict(it.name, explain.CodeOf(err))
			default:
				r = report(it.name, res)
				used = used || in.Request != nil && answers(res)
			}
		}
		d.update(turn, func(s *State) { s.Reports = append(slices.Clip(s.Reports), r) })
	}
	done := d.update(turn, func(s *State) {
		ended(s)
		if used {
			d.request, d.last, s.Request = nil, nil, ""
		}
	})
	if done {
		d.Refresh(ctx)
	}
}

// ended closes a turn: what stands stays.
func ended(s *State) {
	s.Phase, s.Progress, s.Summary = Shown, "", summary(s.Reports)
	if len(s.Reports) == 0 {
		s.Phase = Waiting
	}
}

// summary counts the verdicts over several files, the worst first.
func summary(reports []Report) string {
	if len(reports) < 2 {
		return ""
	}
	n := map[string]int{}
	for _, r := range reports {
		n[r.Word]++
	}
	out := count(len(reports), "file", "files")
	sep := ": "
	for _, w := range []string{wordRejected, wordNone, wordUnconfirmed, wordConditions, wordVerified} {
		if n[w] > 0 {
			out += sep + strconv.Itoa(n[w]) + " " + strings.ToLower(w)
			sep = "; "
		}
	}
	return out + "."
}

// answers reports that the result used the request up: another answer to it
// would be a replay.
func answers(r verifier.Result) bool {
	return r.Verdict != verifier.Unconfirmed && slices.ContainsFunc(r.Checks, func(c verifier.Check) bool {
		return c.ID == verifier.CheckBinding && (c.Code == "bound" || c.Code == "replayed")
	})
}

func shownName(name string) string {
	if name == "" {
		return "Pasted text"
	}
	return FileName(name)
}

// Verdicts as people read them; a result's headline begins with the same words.
const (
	wordVerified    = "Verified"
	wordConditions  = "Verified, with conditions"
	wordRejected    = "Not valid"
	wordUnconfirmed = "Cannot confirm"
	wordNone        = "No verdict"
)

// noVerdict is the report where nothing can be said about a file.
func noVerdict(name, code string) Report {
	r := Report{Word: wordNone}
	if name != "" {
		r.File = FileName(name)
	}
	message, next := text(code)
	r.Reason, r.Next = message, "Next: "+next
	return r
}

// report puts a result in words.
func report(name string, res verifier.Result) Report {
	r := Report{File: shownName(name), Verdict: res.Verdict, Lines: lines(res)}
	r.Given = "For " + strings.ToLower(PurposeName(res.Purpose)) + ", on " + stamp(res.VerifiedAt) + "."
	switch res.Verdict {
	case verifier.Verified:
		r.Word = wordVerified
		for _, c := range res.Credentials {
			if p := c.Licence.MayPractise; p != nil && *p == "with_conditions" {
				r.Word = wordConditions
			}
		}
	case verifier.Rejected:
		r.Word = wordRejected
	default:
		r.Word = wordUnconfirmed
	}
	// The headline begins with the word, which the screen shows by itself.
	rest, _ := strings.CutPrefix(res.Headline, r.Word)
	r.Reason = Plain(strings.TrimLeft(rest, ". "))
	if len(r.Lines) > 0 && r.Verdict != verifier.Verified {
		r.Next = r.Lines[0].Next // of the check that decided
	}
	for i, c := range res.Credentials {
		if about := about(c); about != "" {
			if len(res.Credentials) > 1 {
				about = "Credential " + strconv.Itoa(i+1) + ": " + about
			}
			r.About = append(r.About, about)
		}
	}
	return r
}

// about says what a credential is, as far as signed bytes say it.
func about(c verifier.Credential) string {
	var parts []string
	if c.Type != nil {
		parts = append(parts, "Type: "+Plain(*c.Type))
	}
	if c.Licence.Status != nil {
		parts = append(parts, "Status: "+Plain(strings.ReplaceAll(*c.Licence.Status, "_", " ")))
	}
	if c.Issuer != nil {
		parts = append(parts, "Issuer: "+Plain(*c.Issuer))
	}
	return strings.Join(parts, "\n")
}

// marks are the words for what a check found.
var marks = map[verifier.Outcome]string{
	verifier.Fail: "No", verifier.Unknown: "Unknown", verifier.Pass: "Yes", verifier.Skipped: "Not checked",
}

// checkNames are the checks as people call them.
var checkNames = map[string]string{
	verifier.CheckParse: "Form of the file", verifier.CheckAnchor: "Record on the ledger",
	verifier.CheckIssuerKey: "Board's key", verifier.CheckProof: "Signature",
	verifier.CheckAccreditation: "Board's accreditation", verifier.CheckTemplate: "Required content",
	verifier.CheckValidity: "Validity", verifier.CheckStatus: "Status of the licence",
	verifier.CheckFreshness: "Age of the data", verifier.CheckBinding: "Person who presents it",
}

// lines are the checks as the screen shows them: those that decided first.
// Checks that say the same share a line.
func lines(r verifier.Result) []Line {
	var out []Line
	at := map[Line]int{} // line without its name: its place
	for _, outcome := range []verifier.Outcome{verifier.Fail, verifier.Unknown, verifier.Pass, verifier.Skipped} {
		for _, c := range r.Checks {
			if c.Outcome != outcome {
				continue
			}
			name, ok := checkNames[c.ID]
			if !ok {
				name = Plain(c.ID)
			}
			l := line(c, len(r.Credentials) > 1)
			if i, ok := at[l]; ok {
				out[i].Name += " · " + name
				continue
			}
			at[l] = len(out)
			l.Name = name
			out = append(out, l)
		}
	}
	return out
}

// line puts one check in words; its name is the caller's. With several
// credentials it says which one it is about.
func line(c verifier.Check, several bool) Line {
	l := Line{Outcome: c.Outcome, Mark: marks[c.Outcome], Message: Plain(c.Message), Foot: Plain(c.Code)}
	if c.Credential != nil && several {
		l.Message = fmt.Sprintf("Credential %d: %s", *c.Credential+1, l.Message)
	}
	if c.Who != "nobody" && c.Next != "" {
		l.Next = "Next: " + Plain(c.Next)
		if c.Who != "you" && c.Who != "hospital" {
			l.Foot += " · up to the " + actor(c.Who)
		}
	}
	if c.AsOf != nil {
		l.Foot += " · as of " + stamp(*c.AsOf)
	}
	return l
}

// actor names who has to act.
func actor(who string) string {
	if who == "it" {
		return "IT department"
	}
	return Plain(who)
}
