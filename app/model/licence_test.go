package model_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/vc"
)

// fakeDesk is a board whose answers are laid down.
type fakeDesk struct {
	l       issuer.Licence
	open    []issuer.PendingAct
	lines   []issuer.Line
	preview issuer.Preview
	out     issuer.Outcome
	err     error  // of everything
	acting  error  // of acts
	asked   []any  // acts that were previewed
	done    []any  // acts that were made
	during  func() // while an import is approved; nil: nothing
}

func (f *fakeDesk) Licences(context.Context, []int64) ([]issuer.Licence, error) {
	return []issuer.Licence{f.l}, f.err
}

func (f *fakeDesk) OpenOf(context.Context, int64) ([]issuer.PendingAct, error) { return f.open, f.err }

func (f *fakeDesk) History(context.Context, string) ([]issuer.Line, error) { return f.lines, f.err }

func (f *fakeDesk) look(a any) (issuer.Preview, error) {
	f.asked = append(f.asked, a)
	return f.preview, f.acting
}

func (f *fakeDesk) act(a any) (issuer.Outcome, error) {
	f.done = append(f.done, a)
	return f.out, f.acting
}

func (f *fakeDesk) PreviewStatus(_ context.Context, a issuer.StatusAct) (issuer.Preview, error) {
	return f.look(a)
}

func (f *fakeDesk) PreviewRenew(_ context.Context, a issuer.RenewAct) (issuer.Preview, error) {
	return f.look(a)
}

func (f *fakeDesk) PreviewReplace(_ context.Context, a issuer.ReplaceAct) (issuer.Preview, error) {
	return f.look(a)
}

func (f *fakeDesk) Status(_ context.Context, a issuer.StatusAct) (issuer.Outcome, error) {
	return f.act(a)
}

func (f *fakeDesk) Renew(_ context.Context, a issuer.RenewAct) (issuer.Outcome, error) {
	return f.act(a)
}

func (f *fakeDesk) Replace(_ context.Context, a issuer.ReplaceAct) (issuer.Outcome, error) {
	return f.act(a)
}

func (f *fakeDesk) Cancel(_ context.Context, id int64, _, _ string) error {
	f.done = append(f.done, id)
	return f.acting
}

func (f *fakeDesk) Pending(_ context.Context, g func(issuer.PendingAct) error) error {
	for _, p := range f.open {
		if err := g(p); err != nil {
			return err
		}
	}
	return f.err
}

func (f *fakeDesk) Approve(_ context.Context, id int64, person string) (issuer.Outcome, error) {
	return f.act(fmt.Sprintf("approve %d by %s", id, person))
}

func (f *fakeDesk) Reject(_ context.Context, id int64, person, reason string) error {
	_, err := f.act(fmt.Sprintf("reject %d by %s: %s", id, person, reason))
	return err
}

func (f *fakeDesk) ApproveImport(ctx context.Context, n int64, person string, p issuer.Progress) (issuer.ApprovalReport, error) {
	p("approve", 1, 0)
	if f.during != nil {
		f.during()
	}
	if ctx.Err() != nil {
		return issuer.ApprovalReport{Import: n, Approved: 1}, ctx.Err()
	}
	_, err := f.act(fmt.Sprintf("approve all of %d by %s", n, person))
	return issuer.ApprovalReport{Import: n, Approved: 3, Scheduled: 1, Refused: 1, Refusals: []issuer.Refusal{{ID: 9, Code: "act_outdated"}}}, err
}

func licenceDesk() *fakeDesk {
	l := registerOf(1).rows[0]
	l.StatusRev, l.SettledRev = 1, 1
	return &fakeDesk{l: l}
}

func pageOf(f *fakeDesk) *model.LicencePage {
	return model.NewLicencePage(func(context.Context) (model.Licensing, error) { return f, nil }, func() string { return "Ada" },
		func() time.Time { return deskNow }, model.English(), func() {})
}

// all is everything that a state says.
func all(x any) string { return fmt.Sprintf("%+v", x) }

func TestLicencePage(t *testing.T) {
	f := licenceDesk()
	f.l.Record.Conditions, f.l.Status = "Supervised practice", ledger.Probation
	at := deskNow.Add(-time.Hour)
	f.lines = []issuer.Line{
		{At: at, Person: "Ada", Act: issuer.ActImported},
		{At: at, Person: "Ada", Act: issuer.ActIssued, Height: 40, Issuance: &issuer.Issuance{State: issuer.Done, Form: issuer.RegisterCopy, Format: vc.SDJWT, Index: 77, Created: at, Person: "Ada"}},
		{At: at, Person: "Ada", Act: issuer.ActProposed, Kind: issuer.KindStatus, Status: ledger.SuspendedStatus, Reason: "order 7"},
		{At: at, Person: "Ada", Approver: "Bea", Act: issuer.ActStatus, Status: ledger.SuspendedStatus},
	}
	p := pageOf(f)
	if p.Refresh(t.Context()); p.State().Loaded {
		t.Error("a page of no licence was read")
	}
	p.Open(t.Context(), 1)
	st := p.State()
	if st.Name != "Quast1, Xhue" || st.Status != "On probation" || st.Tone != model.Limited || !strings.Contains(all(st.Facts), "Supervised practice") || st.AsOf != "So says the register, and the ledger shows the same." {
		t.Errorf("%+v", st)
	}
	want := []string{
		"Set to “Suspended”.", "Asked for, and waits for a second person: Suspend",
		"A credential was issued: Register copy, selective form", "Came into the register as “Current”.",
	}
	for i, h := range st.History {
		if h.What != want[i] {
			t.Errorf("%q, want %q", h.What, want[i])
		}
	}
	if h := st.History[0]; h.Who != "Ada, approved by Bea, 21 Nov 2026 08:00 UTC" || h.Where != "Not on the ledger yet." {
		t.Errorf("%+v", h)
	}
	if len(st.Out) != 1 || st.Out[0].Entry != "Entry 77 in the list of statuses" {
		t.Errorf("%+v", st.Out)
	}
	ids := []string{}
	for _, d := range st.Doings {
		ids = append(ids, d.ID)
	}
	if slices.Contains(ids, "probation") || slices.Contains(ids, "reserved") || !slices.Contains(ids, "current") || ids[0] != model.DoRenew || ids[len(ids)-1] != model.DoReplace {
		t.Error(ids)
	}
	f.l.Status = ledger.Revoked
	p.Refresh(t.Context())
	if st := p.State(); len(st.Doings) != 0 || !strings.Contains(st.Over, "final") {
		t.Errorf("%+v", st)
	}
	f.l.IssuedRev = 0
	p.Refresh(t.Context())
	if st := p.State(); !strings.Contains(st.AsOf, "Nothing was issued") {
		t.Error(st.AsOf)
	}
	f.err = explain.Errorf("data_damaged", "secret text")
	p.Refresh(t.Context())
	if st := p.State(); st.Trouble.Code != "data_damaged" || strings.Contains(all(st), "secret text") {
		t.Errorf("%+v", st)
	}
	if p.Close(); p.State().ID != 0 || strings.Contains(all(p.State()), "Quast") {
		t.Errorf("%+v", p.State())
	}
}

// TestActPreview: what follows is said before anything is done, and what is then
// done is what was shown.
func TestActPreview(t *testing.T) {
	f := licenceDesk()
	p := pageOf(f)
	p.Open(t.Context(), 1)
	d := issuer.Decision{Kind: issuer.KindStatus, State: issuer.AwaitsApproval, Status: ledger.SuspendedStatus, Made: deskNow, Effective: deskNow}
	f.preview = issuer.Preview{Licence: f.l, Decision: d, Approvers: []string{"Bea"}, Indexes: []uint32{4, 9}}
	f.out = issuer.Outcome{ID: 5, Kind: issuer.KindStatus, State: issuer.AwaitsApproval}
	p.Ask(t.Context(), model.DoingForm{Do: "suspended", Reason: " order 7 "})
	st := p.State()
	if len(f.done) != 0 || st.Step == nil {
		t.Fatalf("%v, %+v", f.done, st.Failed)
	}
	for _, line := range []string{
		"In the register: “Current” becomes “Suspended”.",
		"Bea must approve it: nobody approves their own decision.",
		"It takes effect as soon as it is approved.",
		"On the ledger: 2 entries in this board's list of statuses are set to “Suspended” and signed with the board's key. Entries are numbers: nothing about the person is written, and no reason.",
		"Hospitals and the practitioner see “Suspended” with the first data that they fetch after that.",
	} {
		if !slices.Contains(st.Step.Lines, line) {
			t.Errorf("it does not say %q: %q", line, st.Step.Lines)
		}
	}
	if st.Step.Confirm != "Ask for approval" || !strings.Contains(all(st.Step.Facts), "order 7") {
		t.Errorf("%+v", st.Step)
	}
	p.Confirm(t.Context())
	if st = p.State(); st.Step != nil || st.Undo != 5 || st.Said[0] != "It waits for a second person." {
		t.Errorf("%+v", st)
	}
	if want := (issuer.StatusAct{Ref: f.l.Record.Ref(), Value: ledger.SuspendedStatus, Reason: "order 7", Person: "Ada"}); len(f.done) != 1 || f.done[0] != want || f.asked[0] != want {
		t.Errorf("asked %+v, did %+v", f.asked, f.done)
	}
	p.TakeBack(t.Context(), 5)
	if st = p.State(); f.done[1] != int64(5) || st.Undo != 0 || !strings.Contains(st.Said[0], "taken back") {
		t.Errorf("%+v, %+v", f.done, st)
	}

	// What never changes again wants a word typed first, where nobody else agrees.
	f.preview = issuer.Preview{Licence: f.l, Decision: issuer.Decision{Kind: issuer.KindStatus, State: issuer.CarriedOut, Status: ledger.Revoked, Made: deskNow, Effective: deskNow, Alone: true}, Unproved: "node_unreachable"}
	p.Ask(t.Context(), model.DoingForm{Do: "revoked"})
	st = p.State()
	if st.Step.Ready() || st.Step.Word != "final" {
		t.Errorf("%+v", st.Step)
	}
	for _, part := range []string{"nobody else works in this home", "no credential of this licence is out", "node does not answer now", "This is final"} {
		if !strings.Contains(strings.Join(st.Step.Lines, "\n"), part) {
			t.Errorf("%q lacks %q", st.Step.Lines, part)
		}
	}
	done := len(f.done)
	if p.Confirm(t.Context()); len(f.done) != done {
		t.Error("it was done without the word")
	}
	p.Word("Final ")
	f.acting = explain.Errorf("node_unreachable", "x")
	p.Confirm(t.Context())
	st = p.State()
	if len(f.done) != done+1 || st.Said[0] != "It is recorded in the register." || st.Failed.Code != "node_unreachable" || st.Step != nil {
		t.Errorf("%+v", st)
	}
	f.acting = explain.Errorf("status_unchanged", "x")
	p.Ask(t.Context(), model.DoingForm{Do: "revoked"})
	if st = p.State(); st.Step != nil || st.Failed.Code != "status_unchanged" {
		t.Errorf("%+v", st)
	}
	if p.Dismiss(); p.State().Failed.Code != "" {
		t.Error("it still says so")
	}
	p.Decline()
}

// TestActForms: what is typed becomes an act, or is refused before anything.
func TestActForms(t *testing.T) {
	f := licenceDesk()
	p := pageOf(f)
	p.Open(t.Context(), 1)
	now := p.State().Now
	now.Do, now.FamilyName, now.Conditions, now.Reason = model.DoReplace, "Zhquolm ", "", "married"
	f.preview.Licence = f.l
	f.preview.Decision = issuer.Decision{Kind: issuer.KindReplace, State: issuer.AwaitsApproval, WasRecord: f.l.Record, Record: f.l.Record}
	f.preview.Decision.Record.FamilyName = "Zhquolm"
	p.Ask(t.Context(), now)
	a, ok := f.asked[0].(issuer.ReplaceAct)
	if !ok || a.GivenName != nil || a.Conditions != nil || a.FamilyName == nil || *a.FamilyName != "Zhquolm" || a.Person != "Ada" {
		t.Errorf("%+v", f.asked)
	}
	if st := p.State(); !slices.Contains(st.Step.Lines, "In the register: Family name: “Quast1” becomes “Zhquolm”.") {
		t.Errorf("%+v", st.Step)
	}
	f.preview.Decision = issuer.Decision{Kind: issuer.KindRenew, State: issuer.CarriedOut, WasRecord: f.l.Record, Record: f.l.Record}
	p.Ask(t.Context(), model.DoingForm{Do: model.DoRenew, Expires: "2029-12-31"})
	if a := f.asked[1].(issuer.RenewAct); a.Expires != "2029-12-31" || a.Issued != "" {
		t.Errorf("%+v", a)
	}
	p.Ask(t.Context(), model.DoingForm{Do: "suspended", Effective: "2026-12-01"})
	if a := f.asked[2].(issuer.StatusAct); !a.Effective.Equal(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", a)
	}
	for _, x := range []struct {
		form model.DoingForm
		code string
	}{
		{model.DoingForm{Do: model.DoRenew}, "date_malformed"},
		{model.DoingForm{Do: model.DoRenew, Expires: "2029-02-31"}, "date_malformed"},
		{model.DoingForm{Do: model.DoRenew, Expires: "2029-12-31", Issued: "soon"}, "date_malformed"},
		{model.DoingForm{Do: "suspended", Effective: "tomorrow"}, "date_malformed"},
		{model.DoingForm{Do: "frozen"}, "status_unknown"},
	} {
		n := len(f.asked)
		p.Ask(t.Context(), x.form)
		if st := p.State(); st.Failed.Code != x.code || st.Step != nil || len(f.asked) != n {
			t.Errorf("%+v: %+v", x.form, st.Failed)
		}
	}
}

// TestThreat68_LicenceAndActs: names and reasons with characters that deceive show
// them by their numbers, and are marked.
func TestThreat68_LicenceAndActs(t *testing.T) {
	f := licenceDesk()
	f.l.Record.FamilyName = "Quast\u202E"
	f.lines = []issuer.Line{{Act: issuer.ActStatus, Person: "A\u200Bda", Reason: "no\u2066ne"}}
	f.open = []issuer.PendingAct{{Decision: issuer.Decision{ID: 1, State: issuer.AwaitsApproval, Kind: issuer.KindStatus, Person: "Bea", Reason: "no\u2066ne"}, Current: f.l}}
	p := pageOf(f)
	p.Open(t.Context(), 1)
	st := p.State()
	st.Now = model.DoingForm{} // to be typed over
	if text := all(st); strings.ContainsAny(text, "\u202E\u200B\u2066") || !st.Odd || !st.History[0].Odd || !st.Waiting[0].Odd || st.Waiting[0].CanCancel {
		t.Errorf("%s", text)
	}
}

func approvalsOf(f *fakeDesk, people ...string) *model.Approvals {
	return model.NewApprovals(func(context.Context) (model.Approving, error) { return f, nil }, func() string { return "Ada" },
		func() ([]string, error) { return people, nil }, model.English(), func() {})
}

func waitingActs(f *fakeDesk) {
	d := issuer.Decision{State: issuer.AwaitsApproval, Kind: issuer.KindStatus, Status: ledger.SuspendedStatus, Made: deskNow, Effective: deskNow, Person: "Bea", Reason: "order 7"}
	add := func(id int64, g func(*issuer.PendingAct)) {
		p := issuer.PendingAct{Decision: d, Key: f.l.Record.Key, Current: f.l}
		p.ID = id
		g(&p)
		f.open = append(f.open, p)
	}
	add(1, func(*issuer.PendingAct) {})
	add(2, func(p *issuer.PendingAct) { p.Person = "Ada" })
	add(3, func(p *issuer.PendingAct) {
		p.State, p.By, p.Effective, p.Overdue = issuer.AwaitsDay, "Cai", deskNow.AddDate(0, 0, 7), true
	})
	add(4, func(p *issuer.PendingAct) { p.Import, p.Blocked = 6, "act_outdated" })
	add(5, func(p *issuer.PendingAct) { p.Import = 6 })
}

func TestApprovals(t *testing.T) {
	f := licenceDesk()
	a := approvalsOf(f, "Ada", "Bea")
	if a.State().Loaded {
		t.Error("it was read before anybody looked")
	}
	a.Refresh(t.Context())
	if st := a.State(); !st.Loaded || len(st.For)+len(st.Own)+len(st.Days)+len(st.Imports) != 0 || st.Mine != 0 {
		t.Errorf("%+v", st)
	}
	waitingActs(f)
	a.Refresh(t.Context())
	st := a.State()
	if st.Mine != 3 || st.Line != "3 decisions wait for you." || len(st.For) != 3 || len(st.Own) != 1 || len(st.Days) != 1 || len(st.Imports) != 1 {
		t.Fatalf("%+v", st)
	}
	x := st.For[0]
	if x.What != "Suspend" || x.Changes[0] != "“Current” becomes “Suspended”" || x.Reason != "order 7" || x.Made != "Asked for by Bea, 21 Nov 2026 09:00 UTC" || !x.CanAnswer || x.CanCancel {
		t.Errorf("%+v", x)
	}
	if own := st.Own[0]; own.CanAnswer || !own.CanCancel || own.State != "You made this decision, so somebody else must approve it." {
		t.Errorf("%+v", own)
	}
	if d := st.Days[0]; d.CanAnswer || !d.CanCancel || d.State != "Approved by Cai; it waits for its day." || d.Late == "" {
		t.Errorf("%+v", d)
	}
	if i := st.Imports[0]; i.Acts != 2 || !i.CanAnswer || !slices.Equal(i.Kinds, []string{"Suspend: 2"}) || st.For[1].Blocked.Code != "act_outdated" {
		t.Errorf("%+v", i)
	}

	a.AskApprove(1)
	if q := a.State().Asked; q == nil || !q.Ready() || !slices.Contains(q.Lines, "“Current” becomes “Suspended”") || !slices.Contains(q.Lines, "Reason: order 7") {
		t.Fatalf("%+v", q)
	}
	a.Confirm(t.Context())
	a.AskReject(1)
	if a.State().Asked.Ready() {
		t.Error("a rejection needs a reason")
	}
	a.Confirm(t.Context())
	a.Why(" wrong licence ")
	a.Confirm(t.Context())
	a.AskCancel(2)
	a.Confirm(t.Context())
	a.AskImport(6)
	if q := a.State().Asked; q.Title != "Approve 2 decisions of import 6" {
		t.Errorf("%+v", q)
	}
	a.Confirm(t.Context())
	if want := []any{"approve 1 by Ada", "reject 1 by Ada: wrong licence", int64(2), "approve all of 6 by Ada"}; !slices.Equal(f.done, want) {
		t.Errorf("%v", f.done)
	}
	st = a.State()
	if st.Asked != nil || len(st.Said) != 3 || len(st.Refusals) != 1 || !strings.HasPrefix(st.Refusals[0], "1 of them: ") {
		t.Errorf("%+v", st)
	}
	f.acting = explain.Errorf("act_own", "x")
	a.AskApprove(1)
	a.Confirm(t.Context())
	if st = a.State(); st.Failed.Code != "act_own" || st.Asked == nil {
		t.Errorf("%+v", st)
	}
	a.Decline()
	f.acting = explain.Errorf("node_unreachable", "x")
	a.AskApprove(1)
	a.Confirm(t.Context())
	if st = a.State(); st.Said[0] != "It is recorded in the register." || st.Asked != nil || st.Failed.Code != "node_unreachable" {
		t.Errorf("%+v", st)
	}
	if a.Wipe(); strings.Contains(all(a.State()), "Quast") {
		t.Error("something is left after a lock")
	}
}

// TestApprovalsStopped: who stops the approval of a whole import is told that what
// was approved before stays, and is asked again only if they ask.
func TestApprovalsStopped(t *testing.T) {
	f := licenceDesk()
	waitingActs(f)
	a := approvalsOf(f, "Ada", "Bea")
	a.Refresh(t.Context())
	var far model.WorkState
	f.during = func() {
		far = a.Work.State()
		a.Work.Cancel()
		f.open = f.open[:len(f.open)-1] // one was approved before
	}
	a.AskImport(6)
	a.Confirm(t.Context())
	st := a.State()
	if !far.Running || far.Done != 1 || far.Total != 2 {
		t.Errorf("its progress was %+v", far)
	}
	if len(f.done) != 0 || st.Asked != nil || st.Failed.Code != "" || !slices.Equal(st.Said, []string{"It was stopped. What was approved before stays approved."}) {
		t.Errorf("%+v", st)
	}
	if len(st.Imports) != 1 || st.Imports[0].Acts != 1 || a.Work.State().Running {
		t.Errorf("what waits was not read anew: %+v", st.Imports)
	}
}

func TestApprovalsAloneAndTroubles(t *testing.T) {
	f := licenceDesk()
	waitingActs(f)
	a := approvalsOf(f, "Ada")
	a.Refresh(t.Context())
	if st := a.State(); st.Alone == "" || !slices.ContainsFunc(st.For, func(x model.WaitingAct) bool { return x.Own && x.CanAnswer }) {
		t.Errorf("%+v", st)
	}
	f.err = explain.Errorf("data_damaged", "secret text")
	a.Refresh(t.Context())
	if st := a.State(); st.Trouble.Code != "data_damaged" || strings.Contains(all(st), "secret text") {
		t.Errorf("%+v", st)
	}
	f = licenceDesk()
	for range 250 {
		waitingActs(f)
	}
	a = approvalsOf(f, "Ada", "Bea")
	a.Refresh(t.Context())
	if st := a.State(); len(st.For) != 200 || st.Mine != 750 || !strings.HasPrefix(st.More, "650 more wait") {
		t.Errorf("%d, %d, %q", len(st.For), st.Mine, st.More)
	}
}
