package model

// Issuing: what waits, how far it is, and what a wallet's claim gets in answer.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"bonafide/internal/explain"
	"bonafide/issuer"
	"bonafide/vc"
)

// IssuingBoard is what issuing needs of a board. Who issues, and that nobody
// else does so at the same time, is its own affair.
type IssuingBoard interface {
	Backlog(ctx context.Context) (issuer.Backlog, error)
	Issue(ctx context.Context, o issuer.IssueOptions) (issuer.IssueReport, error)
	Resume(ctx context.Context, o issuer.IssueOptions) (issuer.IssueReport, error)
	Accept(ctx context.Context, claim []byte) (issuer.Claim, error)
	Credential(ctx context.Context, ref string, f issuer.Form, format vc.Format) ([]byte, uint32, error)
}

// StageState says whether a stage is over.
type StageState int

// States of a stage.
const (
	StageAhead StageState = iota
	StageNow
	StageOver
)

// Stage is one of the stages of issuing.
type Stage struct {
	Title string
	Says  string // how far; may be empty
	State StageState
}

// IssuedFile is a licence for a wallet that claimed it.
type IssuedFile struct {
	Name  string // to save it under: it names nobody
	Title string
	Bytes []byte
}

// IssuingState is everything that there is to show.
type IssuingState struct {
	Loaded bool
	Due    string   // how many licences wait to be issued
	Begun  string   // what was begun and not finished; "" where nothing was
	Others []string // licences that wait for something else
	Ledger Trouble  // the ledger does not answer
	Stages []Stage  // while it goes on, and after
	Said   []string // what became of it
	Failed []string // licences that got none, and why
	Notes  []Trouble
	Files  []IssuedFile // the answer to claims, to be handed over
	// CanIssue: something waits; CanResume: only what was begun is to be finished.
	CanIssue, CanResume bool
	Trouble             Trouble // nothing can be counted
	Fault               Trouble // why an issuing ended
	Version             int     // grows with every change but of how far the stages are
}

// Issuing is a board's issuing.
type Issuing struct {
	Work *Work

	open    func() (IssuingBoard, error)
	codes   Codes
	words   Words
	changed func()

	mu    sync.Mutex
	state IssuingState
	turn  int
}

// NewIssuing makes the issuing of the board that open gives; codes reads pictures
// of claims. changed is called after every change, from whichever goroutine made
// it.
func NewIssuing(open func() (IssuingBoard, error), codes Codes, w Words, changed func()) *Issuing {
	return &Issuing{open: open, codes: codes, words: w, changed: changed, Work: NewWork(changed)}
}

// State is what there is to show.
func (m *Issuing) State() IssuingState {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := m.state
	st.Stages = slices.Clone(st.Stages)
	return st
}

func (m *Issuing) update(f func(*IssuingState)) {
	m.mu.Lock()
	f(&m.state)
	m.state.Version++
	m.mu.Unlock()
	m.changed()
}

// Refresh counts what waits. Run it beside the screen.
func (m *Issuing) Refresh(ctx context.Context) {
	m.mu.Lock()
	m.turn++
	turn := m.turn
	m.mu.Unlock()
	var back issuer.Backlog
	b, err := m.open()
	if err == nil {
		back, err = b.Backlog(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	w := m.words
	m.update(func(s *IssuingState) {
		if m.turn != turn {
			return
		}
		s.Loaded, s.Trouble = true, trouble(w, err)
		s.Due, s.Begun, s.Others, s.Ledger, s.CanIssue, s.CanResume = "", "", nil, Trouble{}, false, false
		if err != nil {
			return
		}
		s.Due = w.L("No licence waits to be issued.")
		if back.Due > 0 {
			s.Due = w.N("{{.N}} licences wait to be issued.", back.Due)
		}
		if back.Begun > 0 {
			s.Begun = w.N("{{.N}} credentials were begun and are not finished. They go on where they stopped.", back.Begun)
		}
		if back.Expired > 0 {
			s.Others = append(s.Others, w.N("{{.N}} licences have run out: there is nothing to issue.", back.Expired))
		}
		if back.NotAccredited > 0 {
			s.Others = append(s.Others, w.N("{{.N}} licences are of a kind or place for which this board is not accredited.", back.NotAccredited))
		}
		if back.Ledger != "" {
			s.Ledger = trouble(w, explain.Errorf(back.Ledger, "the ledger does not answer"))
		}
		s.CanIssue, s.CanResume = back.Due+back.Begun > 0, back.Begun > 0
	})
}

// stagesOf are the stages in their order, with the steps of issuer.Progress that
// belong to each.
func stagesOf(w Words) []Stage {
	return []Stage{
		{Title: w.L("Planned")},
		{Title: w.L("Recorded on the ledger")},
		{Title: w.L("Waiting for the ledger's proof")},
		{Title: w.L("Signed")},
	}
}

// stageOf is the stage of a step.
var stageOf = map[string]int{"plan": 0, "anchor": 1, "wait": 2, "sign": 3, "deliver": 3}

// Issue issues what waits, and finishes what was begun. It can be broken off at
// any point and goes on the next time. Run it beside the screen.
func (m *Issuing) Issue(ctx context.Context) {
	m.run(ctx, m.words.L("Issuing"), func(ctx context.Context, b IssuingBoard, o issuer.IssueOptions) (issuer.IssueReport, error) {
		return b.Issue(ctx, o)
	})
	m.Refresh(ctx)
}

// Resume finishes what was begun and takes up nothing new.
func (m *Issuing) Resume(ctx context.Context) {
	m.run(ctx, m.words.L("Finishing what was begun"), func(ctx context.Context, b IssuingBoard, o issuer.IssueOptions) (issuer.IssueReport, error) {
		return b.Resume(ctx, o)
	})
	m.Refresh(ctx)
}

func (m *Issuing) run(ctx context.Context, what string, act func(context.Context, IssuingBoard, issuer.IssueOptions) (issuer.IssueReport, error)) bool {
	var rep issuer.IssueReport
	err := m.Work.Do(ctx, what, func(ctx context.Context, far func(done, total int64)) error {
		m.update(func(s *IssuingState) {
			s.Stages, s.Said, s.Failed, s.Notes, s.Files, s.Fault = stagesOf(m.words), nil, nil, nil, nil, Trouble{}
		})
		b, err := m.open()
		if err != nil {
			return err
		}
		rep, err = act(ctx, b, issuer.IssueOptions{Progress: m.progress})
		return err
	})
	if explain.CodeOf(err) == "work_busy" {
		return false
	}
	m.update(func(s *IssuingState) { m.tell(s, &rep, err) })
	return err == nil
}

// progress is told how far an issuing is.
func (m *Issuing) progress(step string, done, total int) {
	i, ok := stageOf[step]
	if !ok {
		return
	}
	w := m.words
	m.mu.Lock()
	for j := range m.state.Stages {
		s := &m.state.Stages[j]
		switch {
		case j < i:
			s.State = StageOver
		case j == i:
			s.State = StageNow
		default:
			s.State, s.Says = StageAhead, ""
		}
	}
	if s := m.state.Stages; i < len(s) {
		switch step {
		case "plan":
			s[i].Says = w.N("{{.N}} credentials", done)
		case "anchor":
			s[i].Says = w.L("Part {{.Done}} of {{.Total}}", D{"Done": min(done+1, total), "Total": total})
		case "wait":
			s[i].Says = w.N("{{.N}} credentials wait. The ledger seals what was recorded every few minutes; you may leave this page.", total-done)
		default:
			s[i].Says = w.L("{{.Done}} of {{.Total}}", D{"Done": done, "Total": total})
		}
	}
	m.mu.Unlock()
	m.changed()
}

// tell says what became of an issuing.
func (m *Issuing) tell(s *IssuingState, rep *issuer.IssueReport, err error) {
	w := m.words
	if errors.Is(err, context.Canceled) {
		s.Said = []string{w.L("Stopped. What was begun is kept, and goes on where it stopped.")}
	} else if err != nil {
		s.Fault = trouble(w, err)
	}
	if err == nil {
		for i := range s.Stages {
			s.Stages[i].State, s.Stages[i].Says = StageOver, ""
		}
	}
	if !slices.ContainsFunc(s.Stages, func(st Stage) bool { return st.State != StageAhead }) {
		s.Stages = nil // it did not come that far
	}
	if rep.Issued > 0 {
		s.Said = append(s.Said, w.N("{{.N}} credentials were issued.", rep.Issued))
	} else if err == nil {
		s.Stages = nil
		s.Said = append(s.Said, w.L("There was nothing to issue."))
	}
	if rep.Abandoned > 0 {
		s.Said = append(s.Said, w.N("{{.N}} credentials were given up and planned anew, because a key changed meanwhile.", rep.Abandoned))
	}
	for _, p := range rep.Problems {
		message, _ := w.Explain(p.Code)
		s.Failed = append(s.Failed, w.N("{{.N}} licences ({{.Type}}, {{.Place}}) got none: {{.Why}}", p.Licences,
			D{"Type": TypeName(w, p.Type), "Place": PlaceName(w, p.Jurisdiction), "Why": message}))
	}
	for _, code := range rep.Notices {
		s.Notes = append(s.Notes, trouble(w, explain.Errorf(code, "a notice")))
	}
}

// Answer takes wallets' claims in, files or pictures of their codes, issues what
// they ask for, and gives the licences to be handed back. Run it beside the
// screen.
func (m *Issuing) Answer(ctx context.Context, files ...File) {
	var claims []issuer.Claim
	ok := m.run(ctx, m.words.L("Answering a claim"), func(ctx context.Context, b IssuingBoard, o issuer.IssueOptions) (issuer.IssueReport, error) {
		for _, g := range gather(ctx, m.codes, files) {
			if g.trouble != "" {
				return issuer.IssueReport{}, explain.Errorf(g.trouble, "reading a claim")
			}
			c, err := b.Accept(ctx, g.content)
			if err != nil {
				return issuer.IssueReport{}, err
			}
			claims = append(claims, c)
		}
		return b.Issue(ctx, o)
	})
	if ok && len(claims) > 0 {
		m.hand(ctx, claims)
	}
	m.Refresh(ctx)
}

// hand reads what was issued for claims.
func (m *Issuing) hand(ctx context.Context, claims []issuer.Claim) {
	var files []IssuedFile
	b, err := m.open()
	for _, c := range claims {
		for _, format := range []vc.Format{vc.VCDM, vc.SDJWT} {
			if err != nil {
				break
			}
			var raw []byte
			var index uint32
			raw, index, err = b.Credential(ctx, c.Key.Ref(), issuer.Bound, format)
			if format == vc.SDJWT && explain.CodeOf(err) == "credential_not_ready" {
				err = nil // the wallet proved no key for it, or the board has none
				continue
			}
			if err != nil {
				break
			}
			f := IssuedFile{Name: fmt.Sprintf("licence-%d.json", index), Bytes: raw}
			f.Title, _ = envelopeName(m.words, format)
			if format == vc.SDJWT {
				f.Name = fmt.Sprintf("licence-%d.sd-jwt", index)
			}
			files = append(files, f)
		}
	}
	m.update(func(s *IssuingState) {
		s.Files = files
		if err != nil {
			s.Fault = trouble(m.words, err)
			return
		}
		s.Said = []string{m.words.N("{{.N}} claims are answered. Hand the licence over to who made the claim.", len(claims))}
	})
}

// Done forgets what was handed over and said.
func (m *Issuing) Done() {
	m.update(func(s *IssuingState) {
		s.Files, s.Said, s.Failed, s.Notes, s.Stages, s.Fault = nil, nil, nil, nil, nil, Trouble{}
	})
}
