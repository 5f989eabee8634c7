package model

// Decisions that wait: for a second person, or for their day.

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"bonafide/internal/explain"
	"bonafide/issuer"
)

// Approving is what the approvals need of a board.
type Approving interface {
	Pending(ctx context.Context, f func(issuer.PendingAct) error) error
	Approve(ctx context.Context, id int64, person string) (issuer.Outcome, error)
	ApproveImport(ctx context.Context, number int64, person string, p issuer.Progress) (issuer.ApprovalReport, error)
	Reject(ctx context.Context, id int64, person, reason string) error
	Cancel(ctx context.Context, id int64, person, reason string) error
}

// WaitingAct is a decision that waits, with all that a second person needs.
type WaitingAct struct {
	ID, Licence int64
	Import      int64 // that asked for it; 0: a person did
	What        string
	Name        string // whose licence
	Odd         bool
	Number      string
	Changes     []string // before and after
	Made        string   // by whom, and when
	Reason      string
	When        string // from when on it would hold
	State       string
	Late        string  // it should hold already
	Blocked     Trouble // it cannot be carried out
	Own         bool    // made by who is signed in
	Open        bool    // it waits for approval; else for its day
	CanAnswer   bool    // who is signed in may approve or reject it
	CanCancel   bool
}

// WaitingImport is what one import asks for.
type WaitingImport struct {
	Number    int64
	Title     string
	Made      string
	Kinds     []string // how many of what
	Own       bool
	CanAnswer bool
	Acts      int
	count     map[string]int
	order     []string
}

// mostWaiting is how many decisions are listed at once.
const mostWaiting = 200

// ApprovalsState is everything that the room shows.
type ApprovalsState struct {
	Version  int
	Loaded   bool
	Trouble  Trouble
	Mine     int             // decisions that wait for who is signed in
	Line     string          // how many wait, in words
	Alone    string          // that there is nobody to approve
	Imports  []WaitingImport // whose decisions wait for approval
	For      []WaitingAct    // decisions of others, which wait for me
	Own      []WaitingAct    // my own, which somebody else must approve
	Days     []WaitingAct    // decided; they wait for their day
	More     string          // that not all are listed
	Asked    *Answering      // what is to be confirmed
	Failed   Trouble
	Said     []string
	Refusals []string // why acts of an import still wait
}

// Answering is an answer that somebody is about to give.
type Answering struct {
	Title   string
	Lines   []string
	Confirm string
	Why     string // the answer's reason, as typed
	Wants   bool   // a reason has to be given
	Asks    bool   // a reason can be given
	act     int64
	imp     int64
	kind    answerKind
}

type answerKind int

const (
	answerApprove answerKind = iota
	answerReject
	answerCancel
)

// Ready reports that it can be confirmed.
func (a *Answering) Ready() bool { return !a.Wants || strings.TrimSpace(a.Why) != "" }

// Approvals are a board's decisions that wait.
type Approvals struct {
	open    func(ctx context.Context) (Approving, error)
	actor   func() string
	people  func() ([]string, error)
	words   Words
	changed func()

	// Work is the answer that is being recorded.
	Work *Work

	mu    sync.Mutex
	state ApprovalsState
}

// NewApprovals shows what waits at the board that open gives. Actor is who is
// signed in; people are all who may be.
func NewApprovals(open func(ctx context.Context) (Approving, error), actor func() string, people func() ([]string, error), w Words, changed func()) *Approvals {
	return &Approvals{open: open, actor: actor, people: people, words: w, changed: changed, Work: NewWork(changed)}
}

// State is what there is to show.
func (a *Approvals) State() ApprovalsState {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state
}

func (a *Approvals) update(f func(*ApprovalsState)) {
	a.mu.Lock()
	f(&a.state)
	a.state.Version++
	a.mu.Unlock()
	a.changed()
}

// Wipe forgets everything, as when the home is locked.
func (a *Approvals) Wipe() {
	a.update(func(s *ApprovalsState) { *s = ApprovalsState{Version: s.Version} })
}

// Refresh reads what waits. Run it beside the screen.
func (a *Approvals) Refresh(ctx context.Context) {
	w, me := a.words, a.actor()
	var st ApprovalsState
	imports := map[int64]*WaitingImport{}
	var order []int64
	left, alone := 0, true
	b, err := a.open(ctx)
	if err == nil {
		var names []string
		if names, err = a.people(); err == nil {
			alone = len(names) < 2
		}
	}
	if err == nil {
		err = b.Pending(ctx, func(p issuer.PendingAct) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			x := waitingAct(w, &p, me, alone)
			if x.CanAnswer {
				st.Mine++
			}
			if p.Import > 0 && x.Open {
				i := imports[p.Import]
				if i == nil {
					i = &WaitingImport{Number: p.Import, Title: w.L("Import {{.Number}}", D{"Number": p.Import}), Made: x.Made, Own: x.Own, CanAnswer: x.CanAnswer, count: map[string]int{}}
					imports[p.Import], order = i, append(order, p.Import)
				}
				i.Acts++
				if i.count[x.What]++; i.count[x.What] == 1 {
					i.order = append(i.order, x.What)
				}
			}
			list := &st.Days
			switch {
			case x.Open && x.CanAnswer:
				list = &st.For
			case x.Open:
				list = &st.Own
			}
			if len(*list) < mostWaiting {
				*list = append(*list, x)
			} else {
				left++
			}
			return nil
		})
	}
	if ctx.Err() != nil {
		return
	}
	for _, n := range order {
		i := imports[n]
		for _, what := range i.order {
			i.Kinds = append(i.Kinds, w.L("{{.What}}: {{.Count}}", D{"What": what, "Count": i.count[what]}))
		}
		st.Imports = append(st.Imports, *i)
	}
	a.update(func(s *ApprovalsState) {
		s.Loaded, s.Trouble = true, trouble(w, err)
		if err != nil {
			return
		}
		s.Mine, s.Imports, s.For, s.Own, s.Days = st.Mine, st.Imports, st.For, st.Own, st.Days
		s.Line, s.Alone, s.More = w.N("{{.N}} decisions wait for you.", st.Mine), "", ""
		if alone {
			s.Alone = w.L("Nobody else works in this home, so decisions take effect without a second person. Add one under Identity.")
		}
		if left > 0 {
			s.More = w.N("{{.N}} more wait; answer these first, or a whole import at once.", left)
		}
	})
}

// waitingAct puts a decision that waits in words.
func waitingAct(w Words, p *issuer.PendingAct, me string, alone bool) WaitingAct {
	r := &p.Current.Record
	d := D{"Person": Plain(p.Person), "When": w.Stamp(p.Made), "Import": p.Import}
	out := WaitingAct{
		ID: p.ID, Licence: p.Licence, Import: p.Import, What: actName(w, p.Kind, p.Status),
		Name: Plain(personName(w, r.GivenName, r.FamilyName)), Number: Plain(p.Key.Number), Reason: Plain(p.Reason),
		Odd: odd(r.GivenName) || odd(r.FamilyName) || odd(p.Reason) || odd(p.Person),
		Own: p.Person == me, Open: p.State == issuer.AwaitsApproval,
		When: whenLine(w, &p.Decision), Made: w.L("Asked for by {{.Person}}, {{.When}}", d),
	}
	if p.Import > 0 {
		out.Made = w.L("Asked for by import {{.Import}} of {{.Person}}, {{.When}}", d)
	}
	if p.Kind == issuer.KindStatus {
		out.Changes = append(out.Changes, w.L("“{{.From}}” becomes “{{.To}}”", D{"From": StatusWord(w, p.Current.Status.String()), "To": StatusWord(w, p.Status.String())}))
	}
	for _, c := range p.Changes() {
		out.Changes = append(out.Changes, w.L("{{.Field}}: “{{.From}}” becomes “{{.To}}”", changeOf(w, c)))
	}
	if len(out.Changes) == 0 {
		out.Changes = append(out.Changes, w.L("What it says stays as it is, and is issued anew."))
	}
	if p.Overdue {
		out.Late = w.L("It should hold already.")
	}
	if p.Blocked != "" {
		message, next := w.Explain(p.Blocked)
		out.Blocked = Trouble{p.Blocked, message, next}
	}
	out.CanAnswer = out.Open && (!out.Own || alone)
	out.CanCancel = !out.Open || out.Own
	switch {
	case !out.Open:
		out.State = w.L("Decided; it waits for its day.")
		if p.By != "" {
			out.State = w.L("Approved by {{.Name}}; it waits for its day.", D{"Name": Plain(p.By)})
		}
	case out.Own && !alone:
		out.State = w.L("You made this decision, so somebody else must approve it.")
	default:
		out.State = w.L("It waits for your approval.")
	}
	return out
}

// find is a decision that is listed.
func (a *Approvals) find(id int64) (WaitingAct, bool) {
	st := a.State()
	for _, list := range [][]WaitingAct{st.For, st.Own, st.Days} {
		if i := slices.IndexFunc(list, func(x WaitingAct) bool { return x.ID == id }); i >= 0 {
			return list[i], true
		}
	}
	return WaitingAct{}, false
}

// AskApprove shows what approving a decision does.
func (a *Approvals) AskApprove(id int64) {
	w := a.words
	a.ask(id, func(x WaitingAct) *Answering {
		lines := append(slices.Clone(x.Changes), x.Made)
		if x.Reason != "" {
			lines = append(lines, w.L("Reason: {{.Reason}}", D{"Reason": x.Reason}))
		}
		return &Answering{
			Title: w.L("Approve: {{.What}}, {{.Name}}", D{"What": x.What, "Name": x.Name}), Confirm: w.L("Approve"), kind: answerApprove,
			Lines: append(lines, x.When, w.L("What is to be on the ledger is then written there, signed with the board's key. Nothing about the person is.")),
		}
	})
}

// AskReject asks why a decision is rejected.
func (a *Approvals) AskReject(id int64) {
	w := a.words
	a.ask(id, func(x WaitingAct) *Answering {
		return &Answering{
			Title: w.L("Reject: {{.What}}, {{.Name}}", D{"What": x.What, "Name": x.Name}), Confirm: w.L("Reject"), kind: answerReject, Asks: true, Wants: true,
			Lines: append(slices.Clone(x.Changes), x.Made, w.L("It ends without effect. Your reason stays in the history of the licence.")),
		}
	})
}

// AskCancel asks why a decision is taken back.
func (a *Approvals) AskCancel(id int64) {
	w := a.words
	a.ask(id, func(x WaitingAct) *Answering {
		return &Answering{
			Title: w.L("Take back: {{.What}}, {{.Name}}", D{"What": x.What, "Name": x.Name}), Confirm: w.L("Take back"), kind: answerCancel, Asks: true,
			Lines: append(slices.Clone(x.Changes), w.L("It ends without effect. It stays in the history of the licence that it was taken back.")),
		}
	})
}

// AskImport shows what approving all of an import does.
func (a *Approvals) AskImport(number int64) {
	w := a.words
	a.update(func(s *ApprovalsState) {
		s.Failed, s.Said, s.Refusals = Trouble{}, nil, nil
		for _, i := range s.Imports {
			if i.Number == number {
				s.Asked = &Answering{
					Title: w.N("Approve {{.N}} decisions of import {{.Import}}", i.Acts, D{"Import": number}), Confirm: w.L("Approve all"), imp: number,
					Lines: append(slices.Clone(i.Kinds), i.Made, w.L("Each is approved for itself; one that no longer fits its licence stays, and is listed."),
						w.L("What is to be on the ledger is then written there, signed with the board's key. Nothing about the person is.")),
				}
			}
		}
	})
}

func (a *Approvals) ask(id int64, make func(WaitingAct) *Answering) {
	x, ok := a.find(id)
	a.update(func(s *ApprovalsState) {
		if s.Failed, s.Said, s.Refusals, s.Asked = (Trouble{}), nil, nil, nil; ok {
			s.Asked = make(x)
			s.Asked.act = id
		}
	})
}

// Why is the reason of the answer, as somebody types it.
func (a *Approvals) Why(text string) {
	a.update(func(s *ApprovalsState) {
		if s.Asked != nil {
			asked := *s.Asked
			asked.Why = text
			s.Asked = &asked
		}
	})
}

// Decline gives no answer.
func (a *Approvals) Decline() {
	a.update(func(s *ApprovalsState) { s.Asked, s.Failed = nil, Trouble{} })
}

// Dismiss takes away what was said.
func (a *Approvals) Dismiss() {
	a.update(func(s *ApprovalsState) { s.Said, s.Refusals, s.Failed = nil, nil, Trouble{} })
}

// Confirm gives the answer. Run it beside the screen.
func (a *Approvals) Confirm(ctx context.Context) {
	q := a.State().Asked
	if q == nil || !q.Ready() {
		return
	}
	w := a.words
	var said, refusals []string
	b, err := a.open(ctx)
	if err == nil {
		err = a.Work.Do(ctx, w.L("Recording the decision"), func(ctx context.Context, far func(int64, int64)) error {
			said, refusals, err = a.answer(ctx, b, q, far)
			return err
		})
	}
	stopped := cancelled(err) || errors.Is(err, context.Canceled)
	a.Refresh(ctx)
	if ctx.Err() != nil {
		return
	}
	a.update(func(s *ApprovalsState) {
		s.Said, s.Refusals = said, refusals
		switch {
		case stopped:
			s.Asked, s.Said = nil, []string{w.L("It was stopped. What was approved before stays approved.")}
		case err == nil:
			s.Asked = nil
		case unsent(err):
			s.Asked, s.Said = nil, []string{w.L("It is recorded in the register."), w.L("The ledger does not show it yet: it is sent once the node answers.")}
			s.Failed = trouble(w, err)
		default:
			s.Failed = trouble(w, err)
		}
	})
}

func (a *Approvals) answer(ctx context.Context, b Approving, q *Answering, far func(int64, int64)) (said, refusals []string, err error) {
	w, me := a.words, a.actor()
	switch {
	case q.imp > 0:
		total := 0
		for _, i := range a.State().Imports {
			if i.Number == q.imp {
				total = i.Acts
			}
		}
		rep, err := b.ApproveImport(ctx, q.imp, me, func(_ string, done, _ int) { far(int64(done), int64(total)) })
		if err != nil {
			return nil, nil, err
		}
		said = []string{w.N("{{.N}} decisions are approved.", rep.Approved)}
		if rep.Scheduled > 0 {
			said = append(said, w.N("{{.N}} of them wait for their day.", rep.Scheduled))
		}
		if rep.Refused > 0 {
			said = append(said, w.N("{{.N}} could not be approved and still wait.", rep.Refused))
		}
		return said, refusalsSay(w, rep.Refusals), nil
	case q.kind == answerReject:
		return []string{w.L("It is rejected. Nothing of it takes effect.")}, nil, b.Reject(ctx, q.act, me, strings.TrimSpace(q.Why))
	case q.kind == answerCancel:
		return []string{w.L("It is taken back. Nothing of it takes effect.")}, nil, b.Cancel(ctx, q.act, me, strings.TrimSpace(q.Why))
	}
	o, err := b.Approve(ctx, q.act, me)
	return outcomeSays(w, o), nil, err
}

// refusalsSay counts why acts could not be approved.
func refusalsSay(w Words, list []issuer.Refusal) []string {
	count, order := map[string]int{}, []string(nil)
	for _, r := range list {
		if _, ok := explain.Lookup(r.Code); !ok {
			r.Code = "internal_error"
		}
		if count[r.Code]++; count[r.Code] == 1 {
			order = append(order, r.Code)
		}
	}
	var out []string
	for _, code := range order {
		message, _ := w.Explain(code)
		out = append(out, w.N("{{.N}} of them: {{.Why}}", count[code], D{"Why": message}))
	}
	return out
}
