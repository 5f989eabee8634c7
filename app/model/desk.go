// Package model is what the app's screens show and do, without Fyne: it is
// tested without a display and drawn by package app.
package model

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"bonafide/internal/explain"
	"bonafide/internal/qr"
	"bonafide/internal/request"
	"bonafide/vc"
	"bonafide/verifier"
)

const (
	// MaxFile is the largest file that may be a credential, in bytes. Pictures
	// have a bound of their own, that of their reader.
	MaxFile = 1 << 20
	// MaxFiles is how many files, or codes in pictures, the desk takes at once.
	MaxFiles = 50
)

// Verifying is what the desk needs from the hospital's side of a home.
type Verifying interface {
	Verify(ctx context.Context, in verifier.Input) (verifier.Result, error)
	// RequestOf is the request of this home that has a nonce; nil where there is
	// none.
	RequestOf(ctx context.Context, nonce string) (*request.Request, error)
	// Ready says whether there is anything to judge by: an error carries a code
	// (no_trust, no_data, …).
	Ready(ctx context.Context) error
}

// Codes reads the codes in a picture (qr.Read). Errors carry codes.
type Codes func(io.Reader) ([][]byte, error)

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

// Trouble is why something cannot be done, and what to do about it. The zero
// value is none.
type Trouble struct{ Code, Message, Next string }

// trouble puts an error in words. Go's own words never reach a screen.
func trouble(w Words, err error) Trouble {
	if err == nil {
		return Trouble{}
	}
	code := explain.CodeOf(err)
	if _, ok := explain.Lookup(code); !ok {
		code = "internal_error"
	}
	message, next := w.Explain(code)
	return Trouble{code, message, next}
}

// State is everything the desk shows. It is a value: a screen draws it whole.
type State struct {
	Phase    Phase
	Unready  Trouble // why no verdict can be verified; no_trust and no_data are a hospital's first steps
	Purpose  verifier.Purpose
	Request  string // the request that was dropped, in words; empty: none
	Progress string // what is under way
	Done, Of int    // how many files of how many are done
	Files    int    // how many files this turn is about
	Summary  string // how many files there were, where there are several
	Tally    []Tally
	Turn     int // changes when Reports begins anew; otherwise it only grows
	Reports  []Report
	CanAgain bool // what stands can be verified again
}

// Desk is the hospital's first room: drop a file, see the verdict.
type Desk struct {
	verifying Verifying
	codes     Codes
	words     Words
	changed   func()

	mu      sync.Mutex
	state   State
	request *request.Request
	last    []item // what Again verifies
	frames  qr.Collector
	cancel  context.CancelFunc
}

// item is a thing to verify.
type item struct {
	gathered
	report *Report // of an answer that is used up: it is not verified again
}

// NewDesk makes a desk. changed is called after every change, from whichever
// goroutine made it; it asks State for what there is to show.
func NewDesk(v Verifying, codes Codes, w Words, changed func()) *Desk {
	d := &Desk{verifying: v, codes: codes, words: w, changed: changed}
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

// Refresh asks anew whether there is anything to judge by.
func (d *Desk) Refresh(ctx context.Context) {
	err := d.verifying.Ready(ctx)
	if ctx.Err() != nil {
		return
	}
	t := trouble(d.words, err)
	d.mu.Lock()
	d.state.Unready = t
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
	d.request, d.last, d.frames = nil, nil, qr.Collector{}
	d.state.Phase, d.state.Request, d.state.Reports = Waiting, "", nil
	d.state.Summary, d.state.Tally, d.state.CanAgain = "", nil, false
	d.mu.Unlock()
	d.changed()
}

// Cancel stops what is under way; verdicts that stand already stay.
func (d *Desk) Cancel() {
	d.mu.Lock()
	if d.state.Phase == Working {
		d.stop()
		d.ended(&d.state)
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
	d.state.Progress, d.state.Done, d.state.Of = "", 0, 0
}

// begin starts a turn.
func (d *Desk) begin(ctx context.Context) (context.Context, context.CancelFunc, int) {
	ctx, cancel := context.WithCancel(ctx)
	d.mu.Lock()
	d.stop()
	d.cancel = cancel
	d.state.Phase, d.state.Reports, d.state.Progress = Working, nil, d.words.L("Reading")
	d.state.Summary, d.state.Tally, d.state.CanAgain = "", nil, false
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
	if len(files) > MaxOpened {
		d.refuse(turn, "too_many_files")
		return
	}
	var items []item
	var requests []*request.Request
	for _, it := range d.items(readFiles(ctx, d.codes, files, "desk_fault")) {
		if req, err := request.Parse(it.content); it.trouble == "" && err == nil {
			requests = append(requests, req)
			continue
		}
		items = append(items, it)
	}
	switch {
	case ctx.Err() != nil:
		d.update(turn, d.ended)
		return
	case len(items) > MaxFiles:
		d.refuse(turn, "too_many_files")
		return
	case len(requests) > 1:
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
		d.state.Request = d.words.L("Open request: {{.Audience}}, until {{.Until}}. Drop the presentation that answers it.",
			D{"Audience": Plain(d.request.Audience), "Until": d.words.Stamp(d.request.Expires)})
		d.state.Purpose = verifier.Purpose(d.request.Purpose)
	}
	d.last = items
	d.mu.Unlock()
	d.verify(ctx, turn, items)
}

// Again verifies what stands on the screen once more, as after a change of
// purpose or a sync. What used up a request stays as it is, and nothing is
// repeated under a request that was dropped.
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
		s.Phase, s.Progress, s.Files, s.Reports = Shown, "", 1, []Report{noVerdict(d.words, "", code)}
	})
}

// items are the things to verify among what was read. What is plainly something
// else is named.
func (d *Desk) items(read []gathered) (out []item) {
	d.mu.Lock()
	whole := joined(&d.frames, read)
	d.mu.Unlock()
	for _, g := range whole {
		if g.trouble == "" {
			if g.trouble = foreign(g.content); g.trouble != "" {
				g.content = nil
			}
		}
		out = append(out, item{gathered: g})
	}
	return out
}

// asked is the request of this home that a presentation names by its nonce; nil
// where it names none of ours.
func (d *Desk) asked(ctx context.Context, b []byte) (*request.Request, error) {
	p, err := vc.Parse(b)
	if err != nil {
		return nil, nil // the verifier says so
	}
	nonce := p.ChallengeHint()
	if nonce == "" {
		return nil, nil
	}
	return d.verifying.RequestOf(ctx, nonce)
}

// verify makes a report about every item, in order.
func (d *Desk) verify(ctx context.Context, turn int, items []item) {
	used := false
	for i := range items {
		it := items[i]
		var in verifier.Input
		if !d.update(turn, func(s *State) {
			s.Files, s.Done, s.Of = len(items), i, len(items)
			in = verifier.Input{File: it.name, Bytes: it.content, Request: d.request, Purpose: s.Purpose}
			s.Progress = d.words.L("Verifying {{.File}}", D{"File": shownName(d.words, it.name)})
		}) {
			return
		}
		var r Report
		switch {
		case it.report != nil:
			r = *it.report
		case it.trouble != "":
			r = noVerdict(d.words, it.name, it.trouble)
			if it.partly != nil {
				r.Reason = missingCodes(d.words, *it.partly)
			}
		default:
			res, err := d.judge(ctx, &in)
			switch {
			case ctx.Err() != nil:
				d.update(turn, d.ended)
				return
			case err != nil:
				r = noVerdict(d.words, it.name, explain.CodeOf(err))
			default:
				r = NewReport(d.words, it.name, res)
				if in.Request != nil {
					r.Answers = d.words.L("It answers the request of {{.Audience}}, made on {{.When}}.",
						D{"Audience": Plain(in.Request.Audience), "When": d.words.Stamp(in.Request.Created)})
					if answers(res) {
						items[i].report = &r
						used = used || in.Request == d.request
					}
				}
			}
		}
		if it.part > 0 {
			r.File = d.words.L("{{.File}}, code {{.Number}} of {{.Of}}", D{"File": shownName(d.words, it.name), "Number": it.part, "Of": it.many})
		}
		r.raw = it.content
		d.update(turn, func(s *State) { s.Reports = append(slices.Clip(s.Reports), r) })
	}
	done := d.update(turn, func(s *State) {
		d.ended(s)
		if used {
			d.request, s.Request = nil, ""
		}
		s.CanAgain = d.request == nil && slices.ContainsFunc(items, func(it item) bool { return it.trouble == "" && it.report == nil })
	})
	if done {
		d.Refresh(ctx)
	}
}

// judge verifies one input. Whatever goes wrong in there is no verdict, and not
// the end of the program.
func (d *Desk) judge(ctx context.Context, in *verifier.Input) (res verifier.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			res, err = verifier.Result{}, explain.Errorf("desk_fault", "verifying panicked")
		}
	}()
	if in.Request == nil {
		if in.Request, err = d.asked(ctx, in.Bytes); err != nil {
			return verifier.Result{}, err
		}
		if in.Request != nil {
			in.Purpose = verifier.Purpose(in.Request.Purpose)
		}
	}
	return d.verifying.Verify(ctx, *in)
}

// ended closes a turn: what stands stays.
func (d *Desk) ended(s *State) {
	s.Phase, s.Progress, s.Done, s.Of = Shown, "", 0, 0
	s.Tally = tally(s.Reports)
	if s.Summary = ""; len(s.Tally) > 0 {
		s.Summary = d.words.N("{{.N}} files", len(s.Reports))
	}
	if len(s.Reports) == 0 {
		s.Phase = Waiting
	}
}

// answers reports that the result used the request up: another answer to it
// would be a replay.
func answers(r verifier.Result) bool {
	return r.Verdict != verifier.Unconfirmed && slices.ContainsFunc(r.Checks, func(c verifier.Check) bool {
		return c.ID == verifier.CheckBinding && (c.Code == "bound" || c.Code == "replayed")
	})
}

// Raw is what a file holds, to be read by a person.
type Raw struct {
	Text  string // its lines, with what cannot be seen shown by its number
	Copy  string // what it holds, byte for byte; "" where that is no text
	Cut   bool   // Text is the beginning only
	Token bool   // it came as a token; Text is what the token says
}

// The longest text shown, in bytes, and its longest line, in characters.
const (
	maxRaw     = 64 << 10
	maxRawLine = 120
)

// token opens a token for reading: the parts of an SD-JWT, decoded as JSON; nil
// where it is none. Nothing of it is checked here.
func token(b []byte) []byte {
	if p, err := vc.Parse(b); err != nil || p.Format() != vc.SDJWT {
		return nil
	}
	part := func(s string) json.RawMessage {
		raw, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || !json.Valid(raw) {
			return nil
		}
		return raw
	}
	jwt := func(s string) (header, payload json.RawMessage) {
		parts := strings.Split(s, ".")
		if len(parts) != 3 {
			return nil, nil
		}
		return part(parts[0]), part(parts[1])
	}
	type signed struct {
		Header  json.RawMessage `json:"header"`
		Payload json.RawMessage `json:"payload"`
	}
	var out struct {
		signed
		Disclosures []json.RawMessage `json:"disclosures,omitempty"`
		KeyBinding  *signed           `json:"key_binding,omitempty"`
	}
	parts := strings.Split(strings.TrimSpace(string(b)), "~")
	out.Header, out.Payload = jwt(parts[0])
	for i, p := range parts[1:] {
		if i < len(parts)-2 {
			out.Disclosures = append(out.Disclosures, part(p))
		} else if p != "" {
			var k signed
			k.Header, k.Payload = jwt(p)
			out.KeyBinding = &k
		}
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil
	}
	return raw
}

// Raw is the file that the report is about, as it came; false where there is
// nothing to show.
func (r Report) Raw() (Raw, bool) {
	if len(r.raw) == 0 {
		return Raw{}, false
	}
	out := Raw{}
	if utf8.Valid(r.raw) && !bytes.ContainsRune(r.raw, 0) {
		out.Copy = string(r.raw)
	}
	text := r.raw
	if opened := token(r.raw); opened != nil {
		text, out.Token = opened, true
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, text, "", "  ") == nil {
		text = pretty.Bytes()
	}
	if out.Cut = len(text) > maxRaw; out.Cut {
		text = text[:maxRaw]
	}
	var b strings.Builder
	for i, l := range bytes.Split(text, []byte("\n")) {
		if i > 0 {
			b.WriteByte('\n')
		}
		// Long lines are folded: a screen draws all of a line, however little of
		// it is in sight.
		line := []rune(Plain(string(bytes.TrimSuffix(l, []byte("\r")))))
		for len(line) > maxRawLine {
			b.WriteString(string(line[:maxRawLine]))
			b.WriteByte('\n')
			line = line[maxRawLine:]
		}
		b.WriteString(string(line))
	}
	out.Text = b.String()
	return out, true
}
