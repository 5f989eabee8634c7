package model

// One licence of the register: what it says, what happened to it, and what can be
// done about it. Nothing is done before it was shown what follows.

import (
	"context"
	"strings"
	"sync"
	"time"

	"bonafide/internal/explain"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/vc"
	"bonafide/verifier"
)

// Licensing is what a licence's page needs of a board.
type Licensing interface {
	Licences(ctx context.Context, ids []int64) ([]issuer.Licence, error)
	OpenOf(ctx context.Context, licence int64) ([]issuer.PendingAct, error)
	History(ctx context.Context, ref string) ([]issuer.Line, error)
	PreviewStatus(ctx context.Context, a issuer.StatusAct) (issuer.Preview, error)
	PreviewRenew(ctx context.Context, a issuer.RenewAct) (issuer.Preview, error)
	PreviewReplace(ctx context.Context, a issuer.ReplaceAct) (issuer.Preview, error)
	Status(ctx context.Context, a issuer.StatusAct) (issuer.Outcome, error)
	Renew(ctx context.Context, a issuer.RenewAct) (issuer.Outcome, error)
	Replace(ctx context.Context, a issuer.ReplaceAct) (issuer.Outcome, error)
	Cancel(ctx context.Context, id int64, person, reason string) error
}

// Ids of what can be done beside setting a status, whose ids are its words.
const (
	DoRenew   = "renew"
	DoReplace = "replace"
)

// Doing is something that can be done about a licence.
type Doing struct {
	ID, Name string
	Says     string // what it means
}

// DoingForm is what somebody wants to be done. Days are as people type them.
type DoingForm struct {
	Do        string
	Reason    string
	Effective string // of a status; "": now
	Expires   string // of a renewal
	Issued    string // of a renewal; "": as it is
	// Of a correction: all of them, as they shall be.
	GivenName, FamilyName, Profession, NPI, Conditions string
}

// Happened is one line of a licence's history.
type Happened struct {
	What   string
	Who    string // and when
	Reason string // in that person's words
	Where  string // whether the ledger shows it; "": it never will
	Odd    bool
}

// OutCredential is a credential that was issued.
type OutCredential struct {
	What  string // its form, and for whom
	When  string
	Entry string // its entry in the list of statuses
}

// LicenceState is everything that the page shows.
type LicenceState struct {
	Version int
	ID      int64 // 0: no licence is open
	Ref     string
	Loaded  bool
	Trouble Trouble
	Name    string
	Odd     bool
	Title   string
	Status  string
	Tone    Tone
	AsOf    string // how far the status is known to others
	Due     string // that it waits to be issued
	Facts   []Fact
	Waiting []WaitingAct
	History []Happened // the newest first
	Out     []OutCredential
	Over    string // why nothing can be done any more
	Doings  []Doing
	Now     DoingForm // what the register says, to be changed in a form
	Claimed bool      // a wallet holds it
	Step    *Step     // to be confirmed
	Failed  Trouble   // of what was tried last
	Said    []string
	Undo    int64 // an act that was just made and can be taken back; 0: none
}

// LicencePage shows one licence.
type LicencePage struct {
	open    func(ctx context.Context) (Licensing, error)
	actor   func() string // who is signed in
	words   Words
	now     Clock
	changed func()

	// Work is what is being recorded.
	Work *Work

	mu    sync.Mutex
	state LicenceState
}

// NewLicencePage shows licences of the board that open gives; changed is called
// after every change, from any goroutine.
func NewLicencePage(open func(ctx context.Context) (Licensing, error), actor func() string, now Clock, w Words, changed func()) *LicencePage {
	return &LicencePage{open: open, actor: actor, words: w, now: now, changed: changed, Work: NewWork(changed)}
}

// State is what there is to show.
func (p *LicencePage) State() LicenceState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (p *LicencePage) update(f func(*LicenceState)) {
	p.mu.Lock()
	f(&p.state)
	p.state.Version++
	p.mu.Unlock()
	p.changed()
}

// about changes the state unless another licence is open meanwhile.
func (p *LicencePage) about(id int64, f func(*LicenceState)) {
	p.update(func(s *LicenceState) {
		if s.ID == id {
			f(s)
		}
	})
}

// Close shows no licence, and forgets what it said.
func (p *LicencePage) Close() {
	p.update(func(s *LicenceState) { *s = LicenceState{Version: s.Version} })
}

// Open shows a licence by its id in the register. Run it beside the screen.
func (p *LicencePage) Open(ctx context.Context, id int64) {
	p.update(func(s *LicenceState) { *s = LicenceState{Version: s.Version, ID: id} })
	p.Refresh(ctx)
}

// Refresh reads the licence anew.
func (p *LicencePage) Refresh(ctx context.Context) {
	id := p.State().ID
	if id == 0 {
		return
	}
	b, err := p.open(ctx)
	var l issuer.Licence
	var open []issuer.PendingAct
	var lines []issuer.Line
	if err == nil {
		var ls []issuer.Licence
		if ls, err = b.Licences(ctx, []int64{id}); err == nil {
			l = ls[0]
			open, err = b.OpenOf(ctx, id)
		}
	}
	if err == nil {
		lines, err = b.History(ctx, l.Record.Ref())
	}
	if ctx.Err() != nil {
		return
	}
	p.about(id, func(s *LicenceState) {
		s.Loaded = true
		if s.Trouble = trouble(p.words, err); err == nil {
			p.fill(s, &l, open, lines)
		}
	})
}

func (p *LicencePage) fill(s *LicenceState, l *issuer.Licence, open []issuer.PendingAct, lines []issuer.Line) {
	w, r := p.words, &l.Record
	s.Ref = r.Ref()
	s.Name, s.Odd = Plain(personName(w, r.GivenName, r.FamilyName)), odd(r.GivenName) || odd(r.FamilyName)
	s.Title, s.Status, s.Tone = TypeName(w, r.Type), StatusWord(w, l.Status.String()), toneOf(l.Status)
	s.Facts = recordFacts(w, r)
	s.Claimed = l.Holder != ""
	claimed := w.L("No wallet holds it yet.")
	if s.Claimed {
		claimed = w.L("A wallet holds it.")
	}
	s.Facts = append(s.Facts, Fact{Name: w.L("Wallet"), Value: claimed})
	switch {
	case l.IssuedRev == 0:
		s.AsOf = w.L("Nothing was issued yet: nobody but this board sees it.")
	case l.StatusRev > l.SettledRev:
		s.AsOf = w.L("So says the register. The ledger does not show it yet; it is sent once the node answers.")
	default:
		s.AsOf = w.L("So says the register, and the ledger shows the same.")
	}
	if s.Due = ""; l.Revision > l.IssuedRev && !l.Status.Final() {
		s.Due = w.L("It waits to be issued, under Import.")
	}
	s.Now = DoingForm{GivenName: r.GivenName, FamilyName: r.FamilyName, Profession: r.Profession, NPI: r.NPI, Conditions: r.Conditions, Issued: string(r.Issued), Expires: string(r.Expires)}
	s.Waiting, s.History, s.Out = nil, nil, nil
	for i := range open {
		s.Waiting = append(s.Waiting, waitingAct(w, &open[i], p.actor(), false))
	}
	for i := len(lines) - 1; i >= 0; i-- {
		s.History = append(s.History, happened(w, &lines[i]))
		if x := lines[i].Issuance; x != nil && x.State == issuer.Done {
			s.Out = append(s.Out, outCredential(w, x))
		}
	}
	s.Over, s.Doings = "", doings(w, l.Status)
	if len(s.Doings) == 0 {
		s.Over = w.L("This status is final: it never changes again. Coming back is a new licence with a new number.")
	}
}

// recordFacts is what a licence says.
func recordFacts(w Words, r *issuer.Record) []Fact {
	var out []Fact
	add := func(field, value string) {
		if value != "" {
			out = append(out, Fact{fieldName(w, field), fieldValue(w, field, value), odd(value)})
		}
	}
	add("type", r.Type)
	add("number", r.Number)
	add("jurisdiction", r.Jurisdiction)
	add("given_name", r.GivenName)
	add("family_name", r.FamilyName)
	add("profession", r.Profession)
	add("npi", r.NPI)
	add("issued", string(r.Issued))
	add("expires", string(r.Expires))
	add("conditions", r.Conditions)
	return out
}

// fieldValue is what a field of the register says, fit to be shown.
func fieldValue(w Words, field, value string) string {
	switch {
	case value == "":
		return w.L("nothing")
	case field == "type":
		return TypeName(w, value)
	case field == "jurisdiction":
		return PlaceName(w, value)
	case field == "issued", field == "expires":
		return dayOf(w, value)
	}
	return Plain(value)
}

// statusDoings are the statuses that can be set, in the order of the picker.
var statusDoings = []ledger.Status{
	ledger.Current, ledger.Probation, ledger.Condition, ledger.Restriction, ledger.SuspendedStatus, ledger.SummarilySuspended,
	ledger.Revoked, ledger.Surrendered, ledger.Expired, ledger.Lapsed, ledger.Inactive, ledger.Retired, ledger.Void, ledger.Deceased, ledger.Hold,
}

// doings are what can be done about a licence of a status.
func doings(w Words, now ledger.Status) []Doing {
	if now.Final() {
		return nil
	}
	out := []Doing{{DoRenew, w.L("Renew"), w.L("It runs longer. The credential that is out stays good until it ends.")}}
	for _, s := range statusDoings {
		if s != now {
			out = append(out, Doing{s.String(), doingName(w, s), doingSays(w, s)})
		}
	}
	return append(out, Doing{DoReplace, w.L("Correct what it says"), w.L("Name, profession, NPI or conditions. New credentials are made, and those that are out become void.")})
}

func doingName(w Words, s ledger.Status) string {
	switch s {
	case ledger.Current:
		return w.L("Reinstate")
	case ledger.Probation:
		return w.L("Put on probation")
	case ledger.Condition:
		return w.L("Put under conditions, not disciplinary")
	case ledger.Restriction:
		return w.L("Restrict, not disciplinary")
	case ledger.SuspendedStatus:
		return w.L("Suspend")
	case ledger.SummarilySuspended:
		return w.L("Suspend summarily")
	case ledger.Revoked:
		return w.L("Revoke")
	case ledger.Surrendered:
		return w.L("Record a surrender")
	case ledger.Deceased:
		return w.L("End by death")
	}
	return w.L("Set to “{{.Status}}”", D{"Status": StatusWord(w, s.String())})
}

// doingSays is what a status means for its bearer.
func doingSays(w Words, s ledger.Status) string {
	switch {
	case s.Final():
		return w.L("Its bearer may not practise. This is final: the status never changes again.")
	case s.MayPractise() == ledger.MayPractiseYes:
		return w.L("Its bearer may practise.")
	case s == ledger.Probation:
		return w.L("Its bearer may practise, with conditions. It is disciplinary.")
	case s.MayPractise() == ledger.MayPractiseWithConditions:
		return w.L("Its bearer may practise, with conditions.")
	case s.MayPractise() == ledger.MayPractiseNo && s.Disciplinary():
		return w.L("Its bearer may not practise. It is disciplinary, and can be lifted.")
	case s.MayPractise() == ledger.MayPractiseNo:
		return w.L("Its bearer may not practise.")
	}
	return w.L("Hospitals are told that nothing is decided.")
}

// happened puts a line of the history in words.
func happened(w Words, l *issuer.Line) Happened {
	out := Happened{What: happenedWhat(w, l), Reason: Plain(l.Reason), Odd: odd(l.Reason) || odd(l.Person)}
	d := D{"Person": Plain(l.Person), "Approver": Plain(l.Approver), "When": w.Stamp(l.At)}
	if out.Who = w.L("{{.Person}}, {{.When}}", d); l.Approver != "" {
		out.Who = w.L("{{.Person}}, approved by {{.Approver}}, {{.When}}", d)
	}
	switch {
	case l.Height > 0:
		out.Where = w.L("On the ledger since block {{.Height}}.", D{"Height": l.Height})
	case l.Act == issuer.ActStatus:
		out.Where = w.L("Not on the ledger yet.")
	}
	return out
}

func happenedWhat(w Words, l *issuer.Line) string {
	status := D{"Status": StatusWord(w, l.Status.String())}
	about := D{"What": actName(w, l.Kind, l.Status)}
	switch l.Act {
	case issuer.ActImported:
		return w.L("Came into the register as “{{.Status}}”.", status)
	case issuer.ActChanged:
		return w.L("An import changed what it says.")
	case issuer.ActRenewed:
		return w.L("Renewed.")
	case issuer.ActReplaced:
		return w.L("What it says was corrected.")
	case issuer.ActStatus:
		return w.L("Set to “{{.Status}}”.", status)
	case issuer.ActCode:
		return w.L("A claim code was made.")
	case issuer.ActClaimed:
		return w.L("A wallet claimed it.")
	case issuer.ActIssued:
		if l.Issuance == nil || l.Issuance.State != issuer.Done {
			return w.L("A credential is being issued.")
		}
		return w.L("A credential was issued: {{.What}}", D{"What": outCredential(w, l.Issuance).What})
	case issuer.ActReplace:
		return w.L("Its credentials fail since a key was reported: new ones are due.")
	case issuer.ActProposed:
		return w.L("Asked for, and waits for a second person: {{.What}}", about)
	case issuer.ActScheduled:
		return w.L("Decided for a later day: {{.What}}", about)
	case issuer.ActApproved:
		return w.L("Approved: {{.What}}", about)
	case issuer.ActRejected:
		return w.L("Rejected: {{.What}}", about)
	case issuer.ActCancelled:
		return w.L("Taken back: {{.What}}", about)
	case issuer.ActOvertaken:
		return w.L("Overtaken by a newer register file: {{.What}}", about)
	}
	return Plain(string(l.Act))
}

// actName is what an act is called.
func actName(w Words, k issuer.Kind, s ledger.Status) string {
	switch k {
	case issuer.KindRenew:
		return w.L("Renew")
	case issuer.KindReplace:
		return w.L("Correct what it says")
	}
	return doingName(w, s)
}

func outCredential(w Words, x *issuer.Issuance) OutCredential {
	out := OutCredential{
		When: w.L("Issued {{.When}} by {{.Person}}", D{"When": w.Stamp(x.Created), "Person": Plain(x.Person)}), Entry: w.L("Entry {{.Number}} in the list of statuses", D{"Number": x.Index}),
	}
	switch {
	case x.Form == issuer.RegisterCopy && x.Format == vc.SDJWT:
		out.What = w.L("Register copy, selective form")
	case x.Form == issuer.RegisterCopy:
		out.What = w.L("Register copy, whole form")
	case x.Format == vc.SDJWT:
		out.What = w.L("For the wallet, selective form")
	default:
		out.What = w.L("For the wallet, whole form")
	}
	return out
}

// failed shows why something did not go.
func (p *LicencePage) failed(ctx context.Context, id int64, err error) {
	if ctx.Err() != nil {
		return
	}
	if cancelled(err) {
		err = nil
	}
	p.about(id, func(s *LicenceState) { s.Failed = trouble(p.words, err) })
}

// Dismiss takes away what was said.
func (p *LicencePage) Dismiss() {
	p.update(func(s *LicenceState) { s.Said, s.Failed, s.Undo = nil, Trouble{}, 0 })
}

// Decline takes the step away that was to be confirmed.
func (p *LicencePage) Decline() {
	p.update(func(s *LicenceState) { s.Step, s.Failed = nil, Trouble{} })
}

// Word is what somebody types to confirm what cannot be taken back.
func (p *LicencePage) Word(text string) {
	p.update(func(s *LicenceState) {
		if s.Step != nil {
			step := *s.Step
			step.Typed = text
			s.Step = &step
		}
	})
}

// Ask shows what a form would do, before anybody confirms it. Run it beside the
// screen.
func (p *LicencePage) Ask(ctx context.Context, f DoingForm) {
	st := p.State()
	p.update(func(s *LicenceState) { s.Failed, s.Said, s.Step, s.Undo = Trouble{}, nil, nil, 0 })
	b, err := p.open(ctx)
	var step *Step
	if err == nil {
		step, err = p.step(ctx, b, st, f)
	}
	if err != nil {
		p.failed(ctx, st.ID, err)
		return
	}
	p.about(st.ID, func(s *LicenceState) { s.Step = step })
}

// step prepares an act: what it would do, and the doing.
func (p *LicencePage) step(ctx context.Context, b Licensing, st LicenceState, f DoingForm) (*Step, error) {
	w, me := p.words, p.actor()
	f.Reason = strings.TrimSpace(f.Reason)
	var pre issuer.Preview
	var do func(ctx context.Context) (issuer.Outcome, error)
	var err error
	switch f.Do {
	case DoRenew:
		a := issuer.RenewAct{Ref: st.Ref, Reason: f.Reason, Person: me}
		if a.Expires, err = registerDay(f.Expires); err != nil || a.Expires == "" {
			return nil, explain.Errorf("date_malformed", "the new last day")
		}
		if a.Issued, err = registerDay(f.Issued); err != nil {
			return nil, err
		}
		pre, err = b.PreviewRenew(ctx, a)
		do = func(ctx context.Context) (issuer.Outcome, error) { return b.Renew(ctx, a) }
	case DoReplace:
		a := issuer.ReplaceAct{Ref: st.Ref, Reason: f.Reason, Person: me}
		for _, x := range []struct {
			to       **string
			was, new string
		}{
			{&a.GivenName, st.Now.GivenName, f.GivenName},
			{&a.FamilyName, st.Now.FamilyName, f.FamilyName},
			{&a.Profession, st.Now.Profession, f.Profession},
			{&a.NPI, st.Now.NPI, f.NPI},
			{&a.Conditions, st.Now.Conditions, f.Conditions},
		} {
			if now := strings.TrimSpace(x.new); now != x.was {
				*x.to = &now
			}
		}
		pre, err = b.PreviewReplace(ctx, a)
		do = func(ctx context.Context) (issuer.Outcome, error) { return b.Replace(ctx, a) }
	default:
		a := issuer.StatusAct{Ref: st.Ref, Reason: f.Reason, Person: me}
		var known bool
		if a.Value, known = ledger.ParseStatus(f.Do); !known {
			return nil, explain.Errorf("status_unknown", "no such status")
		}
		if a.Effective, err = p.firstHour(f.Effective); err != nil {
			return nil, err
		}
		pre, err = b.PreviewStatus(ctx, a)
		do = func(ctx context.Context) (issuer.Outcome, error) { return b.Status(ctx, a) }
	}
	if err != nil {
		return nil, err
	}
	d := &pre.Decision
	step := &Step{
		Title: w.L("{{.What}}: {{.Name}}", D{"What": actName(w, d.Kind, d.Status), "Name": st.Name}), Odd: st.Odd,
		Lines: previewLines(w, &pre), Confirm: w.L("Decide so"),
		Facts: []Fact{{Name: fieldName(w, "number"), Value: Plain(pre.Licence.Record.Number)}},
		Signs: w.L("{{.Person}} decides this for the board. It stands under that name in the history of the licence.", D{"Person": Plain(me)}),
	}
	switch d.State {
	case issuer.AwaitsApproval:
		step.Confirm = w.L("Ask for approval")
	case issuer.CarriedOut:
		if d.Kind == issuer.KindStatus && d.Status.Final() {
			step.Word = finalWord(w)
		}
	}
	if f.Reason != "" {
		step.Facts = append(step.Facts, Fact{Name: w.L("Reason, in the register alone"), Value: Plain(f.Reason), Odd: odd(f.Reason)})
	}
	step.do = func(ctx context.Context) ([]string, error) {
		o, err := do(ctx)
		if err == nil && (o.State == issuer.AwaitsApproval || o.State == issuer.AwaitsDay) {
			p.about(st.ID, func(s *LicenceState) { s.Undo = o.ID })
		}
		return outcomeSays(w, o), err
	}
	return step, nil
}

// finalWord is what somebody types to confirm what never changes again.
func finalWord(w Words) string { return w.L("final") }

// registerDay is a day as the register writes it; "" where nothing is typed.
func registerDay(s string) (issuer.Date, error) {
	t, err := DateOf(s)
	if err != nil || t.IsZero() {
		return "", err
	}
	d, err := issuer.ParseDate(t.Format(time.DateOnly))
	if err != nil {
		return "", explain.Errorf("date_malformed", "%w", err)
	}
	return d, nil
}

// firstHour is the beginning of a day where the person is; zero where nothing is
// typed.
func (p *LicencePage) firstHour(s string) (time.Time, error) {
	t, err := DateOf(s)
	if err != nil || t.IsZero() {
		return t, err
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, p.now().Location()), nil
}

// previewLines say what follows from an act: in the register, on the ledger, who
// must agree, and what hospitals will see.
func previewLines(w Words, p *issuer.Preview) []string {
	d := &p.Decision
	to := D{"From": StatusWord(w, d.WasStatus.String()), "To": StatusWord(w, d.Status.String())}
	var out []string
	if d.Kind == issuer.KindStatus {
		out = append(out, w.L("In the register: “{{.From}}” becomes “{{.To}}”.", to))
	}
	for _, c := range d.Changes() {
		out = append(out, w.L("In the register: {{.Field}}: “{{.From}}” becomes “{{.To}}”.", changeOf(w, c)))
	}
	if d.Kind == issuer.KindReplace && len(d.Changes()) == 0 {
		out = append(out, w.L("In the register: what it says stays as it is, and is issued anew."))
	}
	out = append(out, approvalLine(w, d, p.Approvers), whenLine(w, d))
	switch n := len(p.Indexes); {
	case d.Kind == issuer.KindRenew:
		out = append(out, w.L("On the ledger: nothing now. The next issuing makes a new credential; the one that is out stays good until it ends."))
	case d.Kind == issuer.KindReplace:
		out = append(out, w.L("On the ledger: nothing now. The next issuing makes new credentials and voids those that are out."))
	case n == 0:
		out = append(out, w.L("On the ledger: nothing, because no credential of this licence is out."))
	default:
		out = append(out, w.N("On the ledger: {{.N}} entries in this board's list of statuses are set to “{{.To}}” and signed with the board's key. Entries are numbers: nothing about the person is written, and no reason.", n, to))
	}
	if p.Unproved != "" {
		out = append(out, w.L("This board's node does not answer now. The decision is recorded, and goes to the ledger once the node answers."))
	}
	switch {
	case d.Kind != issuer.KindStatus:
		out = append(out, w.L("Hospitals see it when the new credential is shown to them."))
	case len(p.Indexes) > 0:
		hours := int(verifier.DefaultPolicy()[verifier.Privileging].MaxAge / time.Hour)
		out = append(out, w.L("Hospitals and the practitioner see “{{.To}}” with the first data that they fetch after that.", to),
			w.N("A hospital that fetches nothing goes by what it has; to grant privileges, for at most {{.N}} hours unless it chose otherwise.", hours))
	}
	if d.Kind == issuer.KindStatus && (d.Status == ledger.Probation || d.Status == ledger.Condition) {
		out = append(out, w.L("The words of the conditions are part of what the licence says: enter them by correcting it."))
	}
	if d.Kind == issuer.KindStatus && d.Status.Final() {
		out = append(out, w.L("This is final: the status never changes again."))
	}
	return out
}

func changeOf(w Words, c issuer.FieldChange) D {
	return D{"Field": fieldName(w, c.Field), "From": fieldValue(w, c.Field, c.From), "To": fieldValue(w, c.Field, c.To)}
}

// approvalLine says who must agree.
func approvalLine(w Words, d *issuer.Decision, names []string) string {
	switch {
	case d.Alone:
		return w.L("This wants a second person, and nobody else works in this home: it goes on with you alone, and is marked so.")
	case d.State != issuer.AwaitsApproval:
		return w.L("Nobody else has to approve it.")
	case len(names) == 1:
		return w.L("{{.Name}} must approve it: nobody approves their own decision.", D{"Name": Plain(names[0])})
	}
	return w.L("One of these must approve it: {{.Names}}.", D{"Names": Plain(strings.Join(names, ", "))})
}

// whenLine says from when on a decision holds.
func whenLine(w Words, d *issuer.Decision) string {
	when := D{"When": w.Stamp(d.Effective)}
	switch later := d.Effective.After(d.Made); {
	case later && d.State == issuer.AwaitsApproval:
		return w.L("Once approved, it takes effect by itself at {{.When}}.", when)
	case later:
		return w.L("It takes effect by itself at {{.When}}.", when)
	case d.State == issuer.AwaitsApproval:
		return w.L("It takes effect as soon as it is approved.")
	}
	return w.L("It takes effect at once.")
}

// outcomeSays says what became of an act.
func outcomeSays(w Words, o issuer.Outcome) []string {
	var out []string
	switch o.State {
	case issuer.AwaitsApproval:
		out = []string{w.L("It waits for a second person."), w.L("Nothing has changed until it is approved.")}
	case issuer.AwaitsDay:
		out = []string{w.L("It is decided."), w.L("It takes effect by itself at {{.When}}.", D{"When": w.Stamp(o.Effective)})}
	default:
		out = []string{w.L("It is done.")}
		switch o.Kind {
		case issuer.KindStatus:
			out = append(out, w.L("The ledger shows it."))
		default:
			out = append(out, w.L("The new credential is made by the next issuing."))
		}
	}
	if o.Alone {
		message, next := w.Explain("four_eyes_alone")
		out = append(out, message, next)
	}
	return out
}

// unsent reports that a decision was recorded and only the ledger does not show it
// yet.
func unsent(err error) bool {
	code := explain.CodeOf(err)
	return strings.HasPrefix(code, "node_") || code == "no_node"
}

// Confirm does what was shown. Run it beside the screen.
func (p *LicencePage) Confirm(ctx context.Context) {
	st := p.State()
	if st.Step == nil || !st.Step.Ready() {
		return
	}
	w := p.words
	p.update(func(s *LicenceState) { s.Failed = Trouble{} })
	var said []string
	err := p.Work.Do(ctx, w.L("Recording the decision"), func(ctx context.Context, _ func(int64, int64)) (err error) {
		said, err = st.Step.do(ctx)
		return err
	})
	p.done(ctx, st.ID, said, err)
}

// done shows what became of something.
func (p *LicencePage) done(ctx context.Context, id int64, said []string, err error) {
	p.Refresh(ctx)
	if ctx.Err() != nil {
		return
	}
	w := p.words
	if unsent(err) {
		said = []string{w.L("It is recorded in the register."), w.L("The ledger does not show it yet: it is sent once the node answers.")}
	}
	p.about(id, func(s *LicenceState) {
		if err == nil || unsent(err) {
			s.Step, s.Said = nil, said
		}
	})
	p.failed(ctx, id, err)
}

// TakeBack cancels an act that waits. Run it beside the screen.
func (p *LicencePage) TakeBack(ctx context.Context, act int64) {
	id, w := p.State().ID, p.words
	b, err := p.open(ctx)
	if err == nil {
		err = p.Work.Do(ctx, w.L("Recording the decision"), func(ctx context.Context, _ func(int64, int64)) error {
			return b.Cancel(ctx, act, p.actor(), "")
		})
	}
	p.update(func(s *LicenceState) { s.Undo = 0 })
	p.done(ctx, id, []string{w.L("It is taken back. Nothing of it takes effect.")}, err)
}
