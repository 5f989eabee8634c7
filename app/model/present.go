package model

// Answering a request: who asks and what for, which licence, claim by claim what
// will be shared, and the answer. Nothing is made before Share.

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/request"
	"bonafide/vc"
	"bonafide/verifier"
	"bonafide/wallet"
)

// Presenting is what answering needs of a wallet.
type Presenting interface {
	Candidates(ctx context.Context, requestFile []byte) ([]wallet.Item, error)
	Preview(ctx context.Context, requestFile []byte, c wallet.Choice) (wallet.Preview, error)
	Present(ctx context.Context, requestFile []byte, c wallet.Choice) ([]byte, error)
	Boards() ([]wallet.Board, error)
}

// Asked is what a request says of itself. Nobody has checked it.
type Asked struct {
	Who     string // a sentence: who it says it is, not proven
	Name    string
	Odd     bool
	Purpose string
	Until   string
	Types   string   // the kinds of licences that it asks for
	Claims  []string // the details that it asks for; none: all
}

// Offer is a licence that may answer.
type Offer struct {
	Card
	Chosen bool
}

// Share is one thing that a licence says, and whether it will be shown.
type Share struct {
	Of     string // which licence, where there are several
	Label  string
	Value  string
	Odd    bool
	Shared bool
	Asked  bool
	Always bool   // it cannot be left out
	Note   string // in words, what goes with it
	Group  string // what is ticked with it; "" where it cannot be ticked
}

// Answer is the presentation that was made.
type Answer struct {
	Name string // of the file
	File []byte
	Next string
}

// PresentPhase is how far an answer is.
type PresentPhase int

// Phases of an answer.
const (
	NoRequest PresentPhase = iota
	Choosing               // there is a request, and perhaps a plan
	Answered               // the answer was made
)

// PresentState is everything that answering shows.
type PresentState struct {
	Phase   PresentPhase
	Busy    bool
	Trouble Trouble // why the request cannot be answered
	Asked   Asked
	Offers  []Offer
	Several bool    // more than one licence may be chosen
	Lacking Trouble // nothing in the wallet fits
	Choose  string  // what is to be chosen first; "" where a plan stands

	Form      string // which form is shared, in words
	Selective bool   // it is the one whose details can be left out
	CanSwitch bool   // the other form would do as well
	Always    string // what goes with it in any case
	Shares    []Share
	Missing   []string  // asked for, and not there
	Warnings  []Trouble // about the plan
	Stuck     Trouble   // why there is no plan
	Whole     bool      // the plan shares more than is asked, because the form is whole
	Agreed    bool      // the person agreed to Whole
	CanShare  bool
	Answer    *Answer
}

// Present answers requests.
type Present struct {
	open    func() (Presenting, error)
	codes   Codes
	now     Clock
	words   Words
	changed func()

	mu     sync.Mutex
	state  PresentState
	file   []byte // the request
	r      *request.Request
	chosen []string
	format vc.Format // fixed once claims are ticked
	form   vc.Format // that the person chose; "": the wallet chooses
	claims []string  // ticked; nil: as the request says
	all    bool      // the whole form was agreed to
	turn   int
}

// NewPresent answers with the wallet that open gives; codes reads pictures.
func NewPresent(open func() (Presenting, error), codes Codes, now Clock, w Words, changed func()) *Present {
	return &Present{open: open, codes: codes, now: now, words: w, changed: changed}
}

// State is what there is to show.
func (p *Present) State() PresentState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// Clear forgets the request.
func (p *Present) Clear() {
	p.mu.Lock()
	p.reset()
	p.mu.Unlock()
	p.changed()
}

// reset forgets everything; p.mu is held.
func (p *Present) reset() {
	p.turn++
	p.file, p.r, p.chosen, p.format, p.form, p.claims, p.all = nil, nil, nil, "", "", nil, false
	p.state = PresentState{}
}

// Take takes a request: a file, a picture, or pasted text. Where there are
// several the first request counts.
func (p *Present) Take(ctx context.Context, files ...File) {
	if len(files) == 0 {
		return
	}
	p.mu.Lock()
	p.reset()
	p.state.Busy = true
	turn := p.turn
	p.mu.Unlock()
	p.changed()

	var r *request.Request
	var file []byte
	var err error
	var partly Trouble
	items := gather(ctx, p.codes, files[:min(len(files), MaxOpened)])
	for _, it := range items {
		if r != nil {
			break
		}
		switch {
		case it.trouble != "":
			err = explain.Errorf(it.trouble, "a request cannot be read")
			partly = it.explained(p.words)
		case len(it.content) > request.MaxSize:
			err = explain.Errorf("request_malformed", "far larger than a request")
		default:
			file = it.content
			if r, err = request.Parse(file); err != nil {
				err = notRequest(file, err)
			}
		}
	}
	if r != nil {
		err = r.CheckTime(p.now())
		if explain.CodeOf(err) == "request_expired" {
			err = explain.Errorf("wallet_request_expired", "the request is past its time")
		}
	}
	p.mu.Lock()
	if p.turn != turn {
		p.mu.Unlock()
		return
	}
	p.state.Busy, p.state.Trouble = false, trouble(p.words, err)
	if err != nil && partly.Code == p.state.Trouble.Code {
		p.state.Trouble = partly // it says more
	}
	if r != nil {
		p.state.Asked = asked(p.words, r, p.now())
	}
	if err != nil || r == nil {
		p.mu.Unlock()
		p.changed()
		return
	}
	p.file, p.r, p.state.Phase = bytes.Clone(file), r, Choosing
	p.mu.Unlock()
	p.Refresh(ctx)
}

// notRequest is the error for something else than a request.
func notRequest(b []byte, err error) error {
	if code := foreign(b); code != "" {
		return explain.Errorf(code, "not a request")
	}
	var parsed *vc.Parsed
	if walled(func() (err error) { parsed, err = vc.Parse(b); return err }) == nil && parsed != nil {
		return explain.Errorf("wallet_not_request", "a credential or a presentation")
	}
	return err
}

// asked puts a request in words.
func asked(w Words, r *request.Request, now time.Time) Asked {
	a := Asked{
		Who:  w.L("It says that it is {{.Name}}. This is not proven.", D{"Name": Plain(r.Audience)}),
		Name: Plain(r.Audience), Odd: odd(r.Audience),
		Until: w.L("It can be answered until {{.When}}.", D{"When": w.Stamp(r.Expires)}),
	}
	if !now.Before(r.Expires) {
		a.Until = w.L("It could be answered until {{.When}}.", D{"When": w.Stamp(r.Expires)})
	}
	switch verifier.Purpose(r.Purpose) {
	case verifier.Privileging:
		a.Purpose = w.L("It wants to decide what you may do there (privileging).")
	case verifier.Disaster:
		a.Purpose = w.L("It wants to let you help in a disaster.")
	case verifier.Monitoring:
		a.Purpose = w.L("It looks regularly whether your licence is in order (monitoring).")
	default:
		a.Purpose = Plain(r.Purpose)
	}
	var types []string
	for _, t := range r.Types {
		types = append(types, TypeName(w, t))
	}
	a.Types = w.L("It asks for any licence.")
	if len(types) > 0 {
		a.Types = w.L("It asks for: {{.Types}}.", D{"Types": strings.Join(types, ", ")})
	}
	for _, c := range r.Claims {
		a.Claims = append(a.Claims, ClaimName(w, c))
	}
	return a
}

// Refresh looks anew which licences fit, and plans.
func (p *Present) Refresh(ctx context.Context) {
	p.mu.Lock()
	file, r, turn := p.file, p.r, p.turn
	if r == nil || p.state.Phase != Choosing {
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	var fit []wallet.Item
	var list []wallet.Board
	k, err := p.open()
	if err == nil {
		fit, err = k.Candidates(ctx, file)
	}
	if err == nil {
		list, _ = k.Boards() // without the data identifiers stand
	}
	if endedBy(ctx, err) {
		return
	}
	// A copy from a register proves nobody's right to it: it is offered last, and
	// never chosen by itself.
	slices.SortStableFunc(fit, func(a, b wallet.Item) int {
		switch {
		case a.Bound() == b.Bound():
			return 0
		case a.Bound():
			return -1
		}
		return 1
	})
	p.mu.Lock()
	if p.turn != turn {
		p.mu.Unlock()
		return
	}
	s := &p.state
	s.Trouble, s.Lacking, s.Offers = trouble(p.words, err), Trouble{}, nil
	p.chosen = slices.DeleteFunc(p.chosen, func(id string) bool {
		return !slices.ContainsFunc(fit, func(it wallet.Item) bool { return it.ID == id })
	})
	bound := 0
	for _, it := range fit {
		if it.Bound() {
			bound++
		}
		s.Offers = append(s.Offers, Offer{Card: newCard(p.words, it, list, p.now())})
	}
	if err == nil && len(fit) == 0 {
		s.Lacking = trouble(p.words, explain.Errorf("wallet_nothing_fits", "nothing fits the request"))
	}
	if len(p.chosen) == 0 && (bound == 1 || len(fit) == 1) {
		p.chosen = []string{fit[0].ID}
	}
	s.Several = len(fit) > 1
	p.mu.Unlock()
	p.plan(ctx)
}

// Choose adds a licence to the answer, or takes it out.
func (p *Present) Choose(ctx context.Context, id string, yes bool) {
	p.mu.Lock()
	p.chosen = slices.DeleteFunc(slices.Clone(p.chosen), func(x string) bool { return x == id })
	if yes {
		p.chosen = append(p.chosen, id)
	}
	p.format, p.form, p.claims, p.all = "", "", nil, false
	p.mu.Unlock()
	p.plan(ctx)
}

// Switch shares the selective form, or the whole one.
func (p *Present) Switch(ctx context.Context, selective bool) {
	p.mu.Lock()
	p.format, p.claims, p.all, p.form = "", nil, false, vc.VCDM
	if selective {
		p.form = vc.SDJWT
	}
	p.mu.Unlock()
	p.plan(ctx)
}

// Tick shares a detail, or leaves it out. group is a Share's.
func (p *Present) Tick(ctx context.Context, group string, yes bool) {
	p.mu.Lock()
	if p.claims == nil {
		p.claims = []string{}
		for _, s := range p.state.Shares {
			if s.Shared && s.Group != "" && !slices.Contains(p.claims, s.Group) {
				p.claims = append(p.claims, s.Group)
			}
		}
	}
	p.claims = slices.DeleteFunc(slices.Clone(p.claims), func(c string) bool { return c == group })
	if yes {
		p.claims = append(p.claims, group)
	}
	p.mu.Unlock()
	p.plan(ctx)
}

// AsAsked forgets what was ticked: exactly what the request names is shared.
func (p *Present) AsAsked(ctx context.Context) {
	p.mu.Lock()
	p.claims = nil
	p.mu.Unlock()
	p.plan(ctx)
}

// Agree says that the whole form may be shared although less is asked for.
func (p *Present) Agree(ctx context.Context, yes bool) {
	p.mu.Lock()
	p.all = yes
	p.mu.Unlock()
	p.plan(ctx)
}

// choice is what was chosen so far; p.mu is held.
func (p *Present) choice() wallet.Choice {
	return wallet.Choice{IDs: slices.Clone(p.chosen), Format: cmp.Or(p.form, p.format), Claims: slices.Clone(p.claims), All: p.all}
}

// plan says what the answer would share.
func (p *Present) plan(ctx context.Context) {
	p.mu.Lock()
	file, turn, c := p.file, p.turn, p.choice()
	if p.state.Phase != Choosing {
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()

	var pre wallet.Preview
	var err error
	whole := false
	if len(c.IDs) > 0 {
		var k Presenting
		if k, err = p.open(); err == nil {
			pre, err = k.Preview(ctx, file, c)
		}
		if explain.CodeOf(err) == "wallet_shares_more" {
			// Shown, so that it can be agreed to; not agreed to yet.
			whole = true
			c.All = true
			pre, err = k.Preview(ctx, file, c)
		}
		whole = whole || err == nil && p.agreed() && pre.Format == vc.VCDM && slices.Contains(pre.Warnings, "wallet_more_than_asked")
	}
	if endedBy(ctx, err) {
		return
	}
	p.mu.Lock()
	if p.turn != turn || p.state.Phase != Choosing {
		p.mu.Unlock()
		return
	}
	p.show(pre, err, whole)
	p.mu.Unlock()
	p.changed()
}

func (p *Present) agreed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all
}

// show fills in the plan; p.mu is held.
func (p *Present) show(pre wallet.Preview, err error, whole bool) {
	s, w := &p.state, p.words
	s.Form, s.Always, s.Shares, s.Missing, s.Warnings, s.Choose = "", "", nil, nil, nil, ""
	s.Selective, s.CanSwitch = false, false
	s.Stuck, s.Whole, s.Agreed, s.CanShare = trouble(w, err), whole, p.all, false
	s.Offers = slices.Clone(s.Offers) // a screen may still read the former
	for i := range s.Offers {
		s.Offers[i].Chosen = slices.Contains(p.chosen, s.Offers[i].ID)
	}
	if len(p.chosen) == 0 && len(s.Offers) > 0 {
		s.Choose = w.L("Choose which licence you want to show.")
		return
	}
	if err != nil || len(p.chosen) == 0 {
		return
	}
	if pre.Format == vc.SDJWT {
		p.format = vc.SDJWT // the rest is ticked in this form
	}
	s.Form, _ = envelopeName(w, pre.Format)
	s.Selective, s.CanSwitch = pre.Format == vc.SDJWT, p.canSwitch(pre)
	s.Always = w.L("With it always go: who issued it, until when it is valid, where its status is kept, and your key.")
	selective := func(int, string) string { return "" }
	if pre.Format == vc.SDJWT {
		selective = func(i int, name string) string { return group(pre.Items[i], name) }
	}
	for _, c := range pre.Claims {
		v := Share{
			Label: ClaimName(w, c.Name), Value: claimValue(w, c.Field), Odd: odd(c.Value),
			Shared: c.Shared, Asked: c.Asked, Always: c.Always, Group: selective(c.Credential, c.Name),
		}
		if len(pre.Items) > 1 {
			v.Of = newCard(w, pre.Items[c.Credential], nil, p.now()).Title
		}
		if c.Always {
			v.Group = ""
		}
		switch named := len(p.r.Claims) > 0; {
		case c.Always:
			v.Note = w.L("Always shared")
		case named && c.Asked && c.Shared:
			v.Note = w.L("Asked for")
		case c.Asked && !c.Shared:
			v.Note = w.L("Asked for, and not shared")
		case named && c.Shared:
			v.Note = w.L("Not asked for")
		case !c.Shared:
			v.Note = w.L("Not shared")
		}
		s.Shares = append(s.Shares, v)
	}
	for _, m := range pre.Missing {
		s.Missing = append(s.Missing, ClaimName(w, m))
	}
	for _, code := range pre.Warnings {
		message, next := w.Explain(code)
		s.Warnings = append(s.Warnings, Trouble{Code: code, Message: message, Next: next})
	}
	for _, it := range pre.Items {
		for _, code := range it.Warnings { // of a licence that will not be accepted
			switch code {
			case "wallet_expired", "wallet_may_not_practise", "wallet_replaced", "wallet_undecided", "wallet_not_bound":
				message, next := w.Explain(code)
				s.Warnings = append(s.Warnings, Trouble{Code: code, Message: message, Next: next})
			}
		}
	}
	s.CanShare = !whole || p.all
}

// canSwitch reports that one licence is chosen, that it is here in both forms, and
// that the request takes both.
func (p *Present) canSwitch(pre wallet.Preview) bool {
	if len(pre.Items) != 1 {
		return false
	}
	forms := 0
	for _, e := range pre.Items[0].Envelopes() {
		if (e.Format == vc.VCDM || e.Bound()) && (len(p.r.Formats) == 0 || slices.Contains(p.r.Formats, string(e.Format))) {
			forms++
		}
	}
	return forms == 2
}

// group is the claim that can be left out and covers name: itself, or what it
// lies in.
func group(it wallet.Item, name string) string {
	for _, e := range it.Envelopes() {
		if e.Format != vc.SDJWT {
			continue
		}
		for _, s := range e.Selective {
			if name == s || strings.HasPrefix(name, s+".") {
				return s
			}
		}
	}
	return ""
}

// Share makes the answer: exactly what the plan says, and notes it in the log.
func (p *Present) Share(ctx context.Context) error {
	p.mu.Lock()
	file, turn, c, can := p.file, p.turn, p.choice(), p.state.CanShare && !p.state.Busy
	if can {
		p.state.Busy = true
	}
	p.mu.Unlock()
	if !can {
		return nil
	}
	p.changed()
	var b []byte
	k, err := p.open()
	if err == nil {
		b, err = k.Present(ctx, file, c)
	}
	p.mu.Lock()
	defer p.changed()
	defer p.mu.Unlock()
	if p.turn != turn {
		return err
	}
	p.state.Busy = false
	if err != nil {
		p.state.Stuck = trouble(p.words, err)
		p.state.CanShare = false
		return err
	}
	a := &Answer{Name: "answer-" + p.now().UTC().Format("20060102-150405") + ".json", File: b}
	if bytes.HasPrefix(b, []byte("ey")) { // a token, and no JSON
		a.Name = strings.TrimSuffix(a.Name, ".json") + ".sd-jwt"
	}
	a.Next = p.words.L("Give it to {{.Name}}: as a file, as text, or let it read the QR code. It fits this request alone, and can be used once.", D{"Name": p.state.Asked.Name})
	p.state.Phase, p.state.Answer = Answered, a
	return nil
}
