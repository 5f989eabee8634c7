package issuer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/fixtures"
	"bonafide/issuer"
	"bonafide/ledger"
)

// desk is a world with licences issued, and two people.
func desk(t testing.TB, n int) (*world, []fixtures.Row) {
	t.Helper()
	w := newWorld(t)
	rows := medicine(w, n)
	w.importRows(rows)
	w.issue()
	w.people = []string{"Ada", "Bea"}
	return w, rows
}

func (w *world) licence(ref string) issuer.Licence {
	w.t.Helper()
	l, err := w.board.Find(ctx, ref)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) pending() []issuer.PendingAct {
	w.t.Helper()
	var out []issuer.PendingAct
	if err := w.board.Pending(ctx, func(p issuer.PendingAct) error { out = append(out, p); return nil }); err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) alarms() issuer.Alarms {
	w.t.Helper()
	a, err := w.board.Alarms(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) wantCode(err error, code, what string) {
	w.t.Helper()
	if got := explain.CodeOf(err); got != code {
		w.t.Errorf("%s: %q (%v), want %q", what, got, err, code)
	}
	if _, ok := explain.Lookup(code); code != "" && !ok {
		w.t.Errorf("%s is not in the catalogue", code)
	}
}

func ptr(s string) *string { return &s }

// TestThreat77_FourEyes: a suspension, a final status and a replacement change
// nothing until another person has approved them.
func TestThreat77_FourEyes(t *testing.T) {
	w, rows := desk(t, 7)
	acts := []struct {
		what string
		do   func(ref string) (issuer.Outcome, error)
		end  ledger.Status
	}{
		{"suspended", nil, ledger.SuspendedStatus},
		{"summarily suspended", nil, ledger.SummarilySuspended},
		{"revoked", nil, ledger.Revoked},
		{"surrendered", nil, ledger.Surrendered},
		{"void", nil, ledger.Void},
		{"deceased", nil, ledger.Deceased},
		{"replace", func(ref string) (issuer.Outcome, error) {
			return w.board.Replace(ctx, issuer.ReplaceAct{Ref: ref, FamilyName: ptr("Zhquolm"), Reason: "married", Person: "Ada"})
		}, ledger.Current},
	}
	for i, a := range acts {
		ref := rows[i].Number
		if a.do == nil {
			a.do = func(ref string) (issuer.Outcome, error) {
				return w.board.Status(ctx, issuer.StatusAct{Ref: ref, Value: a.end, Person: "Ada", Reason: "order"})
			}
		}
		before, sent := w.licence(ref), len(w.node.sent)
		o, err := a.do(ref)
		if err != nil || o.State != issuer.AwaitsApproval || o.ID == 0 || o.Alone {
			t.Fatalf("%s: %+v, %v", a.what, o, err)
		}
		if after := w.licence(ref); after != before || len(w.node.sent) != sent {
			t.Errorf("%s: something happened before the approval", a.what)
		}
		_, err = a.do(ref)
		w.wantCode(err, "act_open", a.what+" a second time")
		_, err = w.board.Approve(ctx, o.ID, "Ada")
		w.wantCode(err, "act_own", a.what+" approved by its maker")
		_, err = w.board.Approve(ctx, o.ID, "Eve")
		w.wantCode(err, "person_unknown", a.what+" approved by a stranger")
		w.wantCode(w.board.Reject(ctx, o.ID, "Ada", "no"), "act_own", a.what+" rejected by its maker")
		w.wantCode(w.board.Cancel(ctx, o.ID, "Bea", ""), "act_others", a.what+" cancelled by another")
		if after := w.licence(ref); after != before {
			t.Errorf("%s: something happened without an approval", a.what)
		}
		w.open(w.store) // it outlives the process
		done, err := w.board.Approve(ctx, o.ID, "Bea")
		if err != nil || done.State != issuer.CarriedOut || done.ID != o.ID {
			t.Fatalf("%s: %+v, %v", a.what, done, err)
		}
		_, err = w.board.Approve(ctx, o.ID, "Bea")
		w.wantCode(err, "act_decided", a.what+" approved twice")
		w.issue()
		if s := w.copyOf(ref); s.status != a.end {
			t.Errorf("%s: %s", a.what, s.status)
		}
	}
	if got := w.licence(rows[6].Number).Record.FamilyName; got != "Zhquolm" {
		t.Errorf("replaced: %q", got)
	}
	_, err := w.board.Approve(ctx, 99, "Bea")
	w.wantCode(err, "act_unknown", "an act that is not there")
	if p := w.pending(); len(p) != 0 {
		t.Errorf("%d still wait", len(p))
	}
	w.audit()
}

// TestThreat77_ReplaceVoidsTheOld: after a replacement only the new credential
// is good, with the status that the old one had.
func TestThreat77_ReplaceVoidsTheOld(t *testing.T) {
	w, rows := desk(t, 1)
	ref := rows[0].Number
	old := w.copyOf(ref)
	w.setStatus(ref, ledger.Probation)
	o, err := w.board.Replace(ctx, issuer.ReplaceAct{Ref: ref, Conditions: ptr("Supervised practice"), Reason: "order 7", Person: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	w.issue()
	if w.copyOf(ref).index != old.index || w.status(old.index) != ledger.Probation {
		t.Error("something was issued before the approval")
	}
	if _, err := w.board.Approve(ctx, o.ID, "Bea"); err != nil {
		t.Fatal(err)
	}
	w.issue()
	now := w.copyOf(ref)
	if now.index == old.index || now.status != ledger.Probation || w.status(old.index) != ledger.Void {
		t.Errorf("new %d is %s, old %d is %s", now.index, now.status, old.index, w.status(old.index))
	}
	w.audit()
}

func TestRenew(t *testing.T) {
	w, rows := desk(t, 1)
	ref := rows[0].Number
	old := w.copyOf(ref)
	l := w.licence(ref)
	bad := func(what, code string, a issuer.RenewAct) {
		t.Helper()
		a.Ref, a.Person = ref, "Ada"
		_, err := w.board.Renew(ctx, a)
		w.wantCode(err, code, what)
	}
	bad("the same day", "renew_dates", issuer.RenewAct{Expires: l.Record.Expires})
	bad("an earlier issue", "renew_dates", issuer.RenewAct{Expires: "2099-01-01", Issued: "1990-01-01"})
	bad("issued after the end", "renew_dates", issuer.RenewAct{Expires: "2099-01-01", Issued: "2099-01-02"})
	o, err := w.board.Renew(ctx, issuer.RenewAct{Ref: ref, Expires: "2040-01-31", Person: "Ada"})
	if err != nil || o.State != issuer.CarriedOut {
		t.Fatalf("%+v, %v", o, err)
	}
	w.issue()
	now := w.copyOf(ref)
	if now.index == old.index || w.status(old.index) != ledger.Current || now.status != ledger.Current {
		t.Errorf("new %d, old %d is %s", now.index, old.index, w.status(old.index))
	}
	w.people = nil
	w.setStatus(ref, ledger.Revoked)
	bad("a final status", "status_final", issuer.RenewAct{Expires: "2041-01-01"})
	w.audit()
}

// TestThreat77_Alone: a home with one person goes on and says so; the second
// person binds from when they come.
func TestThreat77_Alone(t *testing.T) {
	w, rows := desk(t, 2)
	w.people = []string{"Ada"}
	o, err := w.board.Status(ctx, issuer.StatusAct{Ref: rows[0].Number, Value: ledger.Revoked, Person: "Ada"})
	if err != nil || !o.Alone || o.State != issuer.CarriedOut {
		t.Fatalf("%+v, %v", o, err)
	}
	o, err = w.board.Status(ctx, issuer.StatusAct{Ref: rows[1].Number, Value: ledger.Probation, Person: "Ada"})
	if err != nil || o.Alone {
		t.Fatalf("nobody has to approve this: %+v, %v", o, err)
	}
	w.people = []string{"Ada", "Bea"}
	o, err = w.board.Status(ctx, issuer.StatusAct{Ref: rows[1].Number, Value: ledger.Revoked, Person: "Ada"})
	if err != nil || o.Alone || o.State != issuer.AwaitsApproval {
		t.Fatalf("%+v, %v", o, err)
	}
	_, err = w.board.Status(ctx, issuer.StatusAct{Ref: rows[1].Number, Value: ledger.Deceased, Person: "Eve"})
	w.wantCode(err, "person_unknown", "an act of nobody in the home")
	w.people = []string{"Ada"}
	if o, err = w.board.Approve(ctx, o.ID, "Ada"); err != nil || !o.Alone {
		t.Errorf("left alone: %+v, %v", o, err)
	}
	w.audit()
}

// TestThreat77_NoWayRound: whoever holds the store, but is not this package,
// cannot write what needs an approval.
func TestThreat77_NoWayRound(t *testing.T) {
	w, rows := desk(t, 1)
	l := w.licence(rows[0].Number)
	try := func(what string, c issuer.Change) {
		t.Helper()
		c.WasRevision, c.WasStatusRev = l.Revision, l.StatusRev
		w.wantCode(w.store.Apply(ctx, []issuer.Change{c}), "approval_missing", what)
	}
	c := issuer.Change{Licence: l}
	c.Licence.Status, c.Licence.StatusRev = ledger.SuspendedStatus, 1
	try("a suspension", c)
	c = issuer.Change{Licence: l}
	c.Licence.Status, c.Licence.StatusRev = ledger.Void, 1
	try("an end", c)
	c = issuer.Change{Licence: l}
	c.Licence.Record.FamilyName = "Zhquolm"
	try("another name", c)
	c = issuer.Change{Licence: l}
	c.Licence.Record.Expires = "2001-01-01"
	try("an earlier end", c)
	for _, s := range []issuer.DecisionState{issuer.AwaitsApproval, issuer.AwaitsDay, issuer.CarriedOut} {
		d := issuer.Decision{Kind: issuer.KindStatus, State: s, Status: ledger.Revoked, Person: "Ada", By: "Bea"}
		try("a forged act "+s.String(), issuer.Change{Licence: l, Moves: []issuer.Move{{Decision: d}}})
	}
	o, err := w.board.Status(ctx, issuer.StatusAct{Ref: rows[0].Number, Value: ledger.Revoked, Person: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.store.Decision(ctx, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	d.State, d.By = issuer.AwaitsDay, "Bea"
	try("a forged approval", issuer.Change{Licence: l, Moves: []issuer.Move{{Decision: d, Was: issuer.AwaitsApproval}}})
	if l2 := w.licence(rows[0].Number); l2 != l {
		t.Errorf("%+v", l2)
	}
}

// TestThreat77_ApprovedAsItWasMade: what changed since an act was made is
// looked at when it is approved.
func TestThreat77_ApprovedAsItWasMade(t *testing.T) {
	w, rows := desk(t, 4)
	suspend := func(ref string) int64 {
		o, err := w.board.Status(ctx, issuer.StatusAct{Ref: ref, Value: ledger.SuspendedStatus, Person: "Ada"})
		if err != nil {
			t.Fatal(err)
		}
		return o.ID
	}
	// Another status meanwhile.
	id := suspend(rows[0].Number)
	w.setStatus(rows[0].Number, ledger.Hold)
	_, err := w.board.Approve(ctx, id, "Bea")
	w.wantCode(err, "act_outdated", "after another status")
	if p := w.pending(); len(p) != 1 || p[0].Blocked != "act_outdated" {
		t.Errorf("%+v", p)
	}
	if err := w.board.Reject(ctx, id, "Bea", "overtaken"); err != nil {
		t.Fatal(err)
	}
	// Revoked meanwhile, by an act that was made while the home had one person.
	id = suspend(rows[1].Number)
	name, err := w.board.Replace(ctx, issuer.ReplaceAct{Ref: rows[1].Number, GivenName: ptr("Xhue"), Reason: "r", Person: "Bea"})
	if err != nil {
		t.Fatal(err)
	}
	w.people = []string{"Ada"}
	w.setStatus(rows[1].Number, ledger.Revoked)
	w.people = []string{"Ada", "Bea"}
	_, err = w.board.Approve(ctx, id, "Bea")
	w.wantCode(err, "status_final", "after a revocation")
	_, err = w.board.Approve(ctx, name.ID, "Ada")
	w.wantCode(err, "status_final", "a replacement after a revocation")
	// A renewal meanwhile does not touch a change of name, and survives it.
	name, err = w.board.Replace(ctx, issuer.ReplaceAct{Ref: rows[2].Number, FamilyName: ptr("Psoilm"), Reason: "r", Person: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.board.Renew(ctx, issuer.RenewAct{Ref: rows[2].Number, Expires: "2041-05-05", Person: "Ada"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.board.Approve(ctx, name.ID, "Bea"); err != nil {
		t.Fatal(err)
	}
	if r := w.licence(rows[2].Number).Record; r.FamilyName != "Psoilm" || r.Expires != "2041-05-05" {
		t.Errorf("%+v", r)
	}
	// The same status meanwhile.
	id = suspend(rows[3].Number)
	w.people = []string{"Ada"}
	w.setStatus(rows[3].Number, ledger.SuspendedStatus)
	w.people = []string{"Ada", "Bea"}
	_, err = w.board.Approve(ctx, id, "Bea")
	w.wantCode(err, "status_unchanged", "the same status")
}

// TestEffectiveDates: an act with a day to come waits for it, and can be taken
// back before; one whose day came and that was not sent is an alarm.
func TestEffectiveDates(t *testing.T) {
	w, rows := desk(t, 4)
	now := w.node.now()
	on := func(ref string, v ledger.Status, at time.Time) (issuer.Outcome, error) {
		return w.board.Status(ctx, issuer.StatusAct{Ref: ref, Value: v, Person: "Ada", Effective: at})
	}
	_, err := on(rows[0].Number, ledger.Inactive, now.AddDate(0, 0, -1))
	w.wantCode(err, "effective_past", "yesterday")
	_, err = on(rows[0].Number, ledger.Inactive, now.AddDate(30, 0, 0))
	w.wantCode(err, "effective_far", "in thirty years")
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	if o, err := on(rows[0].Number, ledger.Inactive, today); err != nil || o.State != issuer.CarriedOut {
		t.Errorf("today: %+v, %v", o, err)
	}
	// The day counts where the person is: today in Alaska may be yesterday here.
	west := time.FixedZone("west", -int(24*time.Hour/time.Second)+1)
	if o, err := on(rows[0].Number, ledger.Current, time.Date(now.In(west).Year(), now.In(west).Month(), now.In(west).Day(), 0, 0, 0, 0, west)); err != nil || o.State != issuer.CarriedOut {
		t.Errorf("today, far in the west: %+v, %v", o, err)
	}

	day := now.Add(48 * time.Hour)
	o, err := on(rows[1].Number, ledger.Inactive, day)
	if err != nil || o.State != issuer.AwaitsDay || !o.Effective.Equal(day.Truncate(time.Second)) {
		t.Fatalf("%+v, %v", o, err)
	}
	_, err = on(rows[1].Number, ledger.Retired, time.Time{})
	w.wantCode(err, "act_open", "another status while one is dated")
	s, err := on(rows[2].Number, ledger.SuspendedStatus, day)
	if err != nil || s.State != issuer.AwaitsApproval {
		t.Fatalf("%+v, %v", s, err)
	}
	if s, err = w.board.Approve(ctx, s.ID, "Bea"); err != nil || s.State != issuer.AwaitsDay {
		t.Fatalf("%+v, %v", s, err)
	}
	late, err := on(rows[3].Number, ledger.Revoked, day)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.board.SendDue(ctx); err != nil || n != 0 {
		t.Errorf("%d sent before their day, %v", n, err)
	}
	if a := w.alarms(); a != (issuer.Alarms{Waiting: 1, Scheduled: 2}) {
		t.Errorf("%+v", a)
	}

	w.node.pass(49 * time.Hour)
	w.open(w.store)
	a := w.alarms()
	if a.Due != 2 || a.Unapproved != 1 || a.Overdue() != 3 || !a.Oldest.Equal(day.Truncate(time.Second)) {
		t.Errorf("%+v", a)
	}
	r, err := w.board.Audit(ctx, nil)
	if err != nil || r.Clean() || len(r.Overdue) != 3 {
		t.Errorf("%+v, %v", r.Overdue, err)
	}
	// The ledger cannot be reached: it is recorded, and stays an alarm.
	w.node.failSubmit = w.node.submits + 1
	if n, err := w.board.SendDue(ctx); !errors.Is(err, errInjected) || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
	if a := w.alarms(); a.Unsent != 2 || a.Due != 0 {
		t.Errorf("%+v", a)
	}
	if _, err := w.board.Resume(ctx, issuer.IssueOptions{}); err != nil {
		t.Fatal(err)
	}
	if w.copyOf(rows[1].Number).status != ledger.Inactive || w.copyOf(rows[2].Number).status != ledger.SuspendedStatus || w.copyOf(rows[3].Number).status != ledger.Current {
		t.Error("not what was decided")
	}
	if a := w.alarms(); a.Overdue() != 1 || a.Unapproved != 1 {
		t.Errorf("%+v", a)
	}
	// Approved late, it holds at once.
	if o, err := w.board.Approve(ctx, late.ID, "Bea"); err != nil || o.State != issuer.CarriedOut {
		t.Errorf("%+v, %v", o, err)
	}
	if a := w.alarms(); a != (issuer.Alarms{}) {
		t.Errorf("%+v", a)
	}
	w.audit()
}

// TestCancelBeforeTheDay: an approved act can be taken back, by anybody, until
// it takes effect.
func TestCancelBeforeTheDay(t *testing.T) {
	w, rows := desk(t, 2)
	day := w.node.now().Add(48 * time.Hour)
	var ids []int64
	for _, r := range rows {
		o, err := w.board.Status(ctx, issuer.StatusAct{Ref: r.Number, Value: ledger.SuspendedStatus, Person: "Ada", Effective: day})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, o.ID)
	}
	if _, err := w.board.Approve(ctx, ids[0], "Bea"); err != nil {
		t.Fatal(err)
	}
	w.wantCode(w.board.Reject(ctx, ids[0], "Bea", "late"), "act_decided", "rejecting what is approved")
	for _, id := range ids {
		if err := w.board.Cancel(ctx, id, "Ada", "set aside"); err != nil {
			t.Fatal(err)
		}
		w.wantCode(w.board.Cancel(ctx, id, "Ada", ""), "act_decided", "cancelled twice")
	}
	w.node.pass(72 * time.Hour)
	w.issue()
	for _, r := range rows {
		if s := w.copyOf(r.Number); s.status != ledger.Current {
			t.Errorf("%s", s.status)
		}
	}
	w.wantCode(w.board.Cancel(ctx, 99, "Ada", ""), "act_unknown", "an act that is not there")
	w.wantCode(w.board.Cancel(ctx, ids[0], "Ada", "=1"), "reason_malformed", "a formula")
	w.audit()
}

// TestOverdueThatNoLongerFits: an approved act that cannot be carried out is
// not lost: it stays open and overdue until a person decides.
func TestOverdueThatNoLongerFits(t *testing.T) {
	w, rows := desk(t, 1)
	day := w.node.now().Add(48 * time.Hour)
	o, err := w.board.Status(ctx, issuer.StatusAct{Ref: rows[0].Number, Value: ledger.Inactive, Person: "Ada", Effective: day})
	if err != nil {
		t.Fatal(err)
	}
	// Another process, which looked before the act was there, sets a status.
	l := w.licence(rows[0].Number)
	c := issuer.Change{Licence: l, WasRevision: l.Revision, WasStatusRev: l.StatusRev}
	c.Licence.Status, c.Licence.StatusRev = ledger.Probation, l.StatusRev+1
	if err := w.store.Apply(ctx, []issuer.Change{c}); err != nil {
		t.Fatal(err)
	}
	w.node.pass(72 * time.Hour)
	if n, err := w.board.SendDue(ctx); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	p := w.pending()
	if len(p) != 1 || !p[0].Overdue || p[0].Blocked != "act_outdated" || w.alarms().Due != 1 {
		t.Errorf("%+v", p)
	}
	if err := w.board.Cancel(ctx, o.ID, "Bea", "decided anew"); err != nil {
		t.Fatal(err)
	}
	if a := w.alarms(); a != (issuer.Alarms{}) {
		t.Errorf("%+v", a)
	}
	w.audit()
}

func TestHistoryTellsWhoDidWhat(t *testing.T) {
	w, rows := desk(t, 1)
	ref := rows[0].Number
	o, err := w.board.Status(ctx, issuer.StatusAct{Ref: ref, Value: ledger.SuspendedStatus, Person: "Ada", Reason: "order 12"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.board.Reject(ctx, o.ID, "Bea", "another licence is meant"); err != nil {
		t.Fatal(err)
	}
	if o, err = w.board.Status(ctx, issuer.StatusAct{Ref: ref, Value: ledger.SuspendedStatus, Person: "Ada", Reason: "order 12a"}); err != nil {
		t.Fatal(err)
	}
	w.node.pass(time.Minute)
	if _, err := w.board.Approve(ctx, o.ID, "Bea"); err != nil {
		t.Fatal(err)
	}
	lines, err := w.board.History(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, l := range lines {
		told = append(told, fmt.Sprintf("%s %s %s %s %v", l.Act, l.Person, l.Approver, l.Reason, l.Height > 0))
	}
	for _, want := range []string{
		"imported Ada   false", "issued Ada   true",
		"proposed Ada  order 12 false", "rejected Bea  another licence is meant false",
		"proposed Ada  order 12a false", "approved Bea   false", "status Ada Bea order 12a true",
	} {
		if !slices.Contains(told, want) {
			t.Errorf("no line %q in\n%s", want, strings.Join(told, "\n"))
		}
	}
}

// TestThreat77_ConcurrentApprovals: one act, approved by several at once,
// happens once.
func TestThreat77_ConcurrentApprovals(t *testing.T) {
	w, rows := desk(t, 1)
	w.people = []string{"Ada", "Bea", "Cleo", "Dora"}
	o, err := w.board.Status(ctx, issuer.StatusAct{Ref: rows[0].Number, Value: ledger.Revoked, Person: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 3)
	for _, p := range w.people[1:] {
		b := w.open(w.store)
		go func() {
			_, err := b.Approve(ctx, o.ID, p)
			errs <- err
		}()
	}
	done := 0
	for range 3 {
		if err := <-errs; err == nil {
			done++
		} else if explain.CodeOf(err) != "act_decided" {
			t.Error(err)
		}
	}
	l := w.licence(rows[0].Number)
	if done != 1 || l.StatusRev != 1 || l.Status != ledger.Revoked {
		t.Errorf("%d approvals, %+v", done, l)
	}
	w.audit()
}

func TestActsReadNobodysMind(t *testing.T) {
	w, rows := desk(t, 1)
	broken := errors.New("keys.db is locked")
	c := w.board.Config
	c.People = func() ([]string, error) { return nil, broken }
	b, err := issuer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	// Without an answer to who the people are nothing that needs two goes on.
	if _, err := b.Status(ctx, issuer.StatusAct{Ref: rows[0].Number, Value: ledger.Revoked, Person: "Ada"}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if _, err := b.Status(ctx, issuer.StatusAct{Ref: rows[0].Number, Value: ledger.Probation, Person: "Ada"}); err != nil {
		t.Error(err)
	}
	c.People = nil
	if _, err := issuer.New(c); err == nil {
		t.Error("a board that does not know its people")
	}
	x, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := w.board.ApproveImport(x, 1, "Bea", nil); err == nil {
		t.Error("cancelled, and yet")
	}
}
