package issuer

// Acts of people on licences. Some take effect at once. An act that suspends,
// ends or replaces waits until a second person has approved it, and an act
// with a day to come waits for that day; what waits is a Decision, kept in the
// store until it is carried out or taken back. A store takes no change that
// needs approval unless this package made it from an approved decision
// (Change.Check), so neither an import nor another package goes round it.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bonafide/internal/explain"
	"bonafide/ledger"
)

// Kind is what an act does to a licence.
type Kind string

// Kinds of acts.
const (
	KindStatus  Kind = "status"  // sets its status
	KindRenew   Kind = "renew"   // extends it: a new credential, older ones stay good
	KindReplace Kind = "replace" // changes what it says: older credentials become void
)

// DecisionState is how far a decision has come.
type DecisionState uint8

// States of a decision. The first two are open.
const (
	AwaitsApproval DecisionState = iota + 1 // of a second person
	AwaitsDay                               // decided; takes effect on its day
	CarriedOut
	Rejected  // by a second person
	Cancelled // taken back before it took effect
	Overtaken // a newer register file said otherwise before anybody approved
)

func (s DecisionState) String() string {
	names := [...]string{"", "waiting_for_approval", "scheduled", "done", "rejected", "cancelled", "overtaken"}
	if int(s) >= len(names) {
		return ""
	}
	return names[s]
}

// Open reports whether something is still to come.
func (s DecisionState) Open() bool { return s == AwaitsApproval || s == AwaitsDay }

// Decision is an act that waits, or has waited, for approval or for its day.
type Decision struct {
	ID        int64 // given by the store
	Licence   int64
	Kind      Kind
	State     DecisionState
	Made      time.Time
	Effective time.Time // from when on it holds; Made, where it was to hold at once
	Import    int64     // number of the import that made it; 0: a person did

	Person string // who made it
	Reason string // that person's words
	// KindStatus: the new status and the one it was made on.
	Status, WasStatus ledger.Status
	// KindRenew, KindReplace: the new record and the one it was made on. Only
	// the fields that differ are the act.
	Record, WasRecord Record

	Decided time.Time // when By approved, rejected or cancelled it
	By      string
	Answer  string // By's words
	Alone   bool   // it needed approval, and the home had nobody else
}

// guarded reports whether the decision needs a second person.
func (d *Decision) guarded() bool {
	return d.Kind == KindReplace || d.Kind == KindStatus && guardedStatus(d.Status)
}

// guardedStatus reports whether setting a status needs a second person: those
// that suspend, and those that never change again.
func guardedStatus(s ledger.Status) bool {
	return s == ledger.SuspendedStatus || s == ledger.SummarilySuspended || s.Final()
}

// Move is one step of a decision. Only this package makes one that a store
// takes.
type Move struct {
	Decision Decision      // as it is after the step; the store gives a new one its ID
	Was      DecisionState // 0: it is new
	ours     bool
}

// grant is what an approved decision allows a change to do.
type grant struct{ status, record bool }

// moves are the steps that a decision can take.
var moves = map[DecisionState][]DecisionState{
	0:              {AwaitsApproval, AwaitsDay, CarriedOut},
	AwaitsApproval: {AwaitsDay, CarriedOut, Rejected, Cancelled, Overtaken},
	AwaitsDay:      {CarriedOut, Cancelled},
}

// Check holds a change to the rules before a store writes it; was is the
// licence as the store has it, within the same transaction. It refuses a
// suspension, a final status or a replacement that no approved decision stands
// behind (approval_missing), and any change of a final status (status_final).
func (c *Change) Check(was *Licence) error {
	if c.Licence.Status != was.Status {
		switch {
		case was.Status.Final():
			return explain.Errorf("status_final", "a final status never changes")
		case guardedStatus(c.Licence.Status) && !c.grant.status:
			return explain.Errorf("approval_missing", "this status needs an approved act")
		}
	}
	if change(&was.Record, &c.Licence.Record) == ReissueVoid && !c.grant.record {
		return explain.Errorf("approval_missing", "changing what a licence says needs an approved act")
	}
	for i := range c.Moves {
		m := &c.Moves[i]
		d := &m.Decision
		if !m.ours || !slices.Contains(moves[m.Was], d.State) {
			return explain.Errorf("approval_missing", "an act does not go this way")
		}
		if passed := d.State == AwaitsDay || d.State == CarriedOut; passed && d.guarded() && !d.Alone && (d.By == "" || d.By == d.Person) {
			return explain.Errorf("approval_missing", "nobody else approved this act")
		}
	}
	return nil
}

// ActStore is the part of a Store that keeps decisions.
type ActStore interface {
	// BeginImport notes that a person imports a file and returns the import's
	// number, from 1.
	BeginImport(ctx context.Context, at time.Time, person string) (int64, error)
	// Decision returns one decision; ErrNotFound.
	Decision(ctx context.Context, id int64) (Decision, error)
	// OpenActs pages through the open decisions in the order of ids; of one
	// import only, where imported is not 0.
	OpenActs(ctx context.Context, after, imported int64, limit int) ([]Decision, error)
	// OpenActsOf returns the open decisions of licences.
	OpenActsOf(ctx context.Context, licences []int64) ([]Decision, error)
	// DueActs pages through the decisions in state AwaitsDay whose day has come.
	DueActs(ctx context.Context, now time.Time, after int64, limit int) ([]Decision, error)
	// Alarms counts what waits.
	Alarms(ctx context.Context, now time.Time) (Alarms, error)
}

// Alarms says what of the board's acts waits, and what waits too long.
type Alarms struct {
	Waiting   int // for approval
	Scheduled int // for a day to come
	// The others should stand on the ledger by now, and do not.
	Due        int       // decided and their day has come, but not carried out
	Unapproved int       // their day has come and nobody has approved them
	Unsent     int       // carried out in the register, not on the ledger
	Oldest     time.Time // since when the oldest of these should have held
}

// Overdue is the number of acts that should stand on the ledger and do not.
func (a Alarms) Overdue() int { return a.Due + a.Unapproved + a.Unsent }

// Outcome says what became of an act.
type Outcome struct {
	ID        int64 // to approve, reject or cancel it by; 0: nothing of it waited
	Licence   int64
	Kind      Kind
	State     DecisionState
	Effective time.Time
	Alone     bool // it needs approval, and this home has nobody else to give it
}

func outcome(d *Decision) Outcome {
	return Outcome{d.ID, d.Licence, d.Kind, d.State, d.Effective, d.Alone}
}

// maxSchedule bounds how far ahead an act can be dated.
const maxSchedule = 10 * 366 * 24 * time.Hour

// effective works out from when on an act holds. The zero time, and any time
// of the current day, is now. Codes effective_past, effective_far.
func effective(at, now time.Time) (time.Time, error) {
	if at.IsZero() {
		return now, nil
	}
	y, m, d := now.In(at.Location()).Date() // the day where the person is
	switch {
	case at.Before(time.Date(y, m, d, 0, 0, 0, 0, at.Location())):
		return now, explain.Errorf("effective_past", "the act would hold from a day that has passed")
	case at.After(now.Add(maxSchedule)):
		return now, explain.Errorf("effective_far", "the act is dated more than ten years ahead")
	case at.Before(now):
		return now, nil
	}
	return at.UTC().Truncate(time.Second), nil
}

// alone reports whether nobody but the person could approve. Code
// person_unknown where there are others and the person is none of them.
func (b *Board) alone(person string) (bool, error) {
	names, err := b.People()
	if err != nil {
		return false, fmt.Errorf("asking who the people are: %w", err)
	}
	if len(names) < 2 {
		return true, nil
	}
	if !slices.Contains(names, person) {
		return false, explain.Errorf("person_unknown", "who acts is not one of the home's people")
	}
	return false, nil
}

// act makes a decision about a licence and takes it as far as it goes now.
// prepare says what is decided, from the licence as it stands.
func (b *Board) act(ctx context.Context, ref, person, reason string, at time.Time, prepare func(*Licence) (Decision, error)) (Outcome, error) {
	if p := checkText("reason", reason, maxConditions, false); p != nil {
		return Outcome{}, explain.Errorf("reason_malformed", "%w", p)
	}
	release, err := b.take(ctx)
	if err != nil {
		return Outcome{}, err
	}
	defer release()
	d, err := b.decide(ctx, ref, person, reason, at, prepare)
	if err != nil {
		return Outcome{}, err
	}
	if d.Kind == KindStatus && d.State == CarriedOut {
		err = b.settle(ctx, []int64{d.Licence})
	}
	return outcome(&d), err
}

// plan works out what an act changes, from the licence as it stands, and writes
// nothing. A change without a licence has nothing to be recorded: the act was
// decided before, and only the ledger does not show it yet.
func (b *Board) plan(ctx context.Context, ref, person, reason string, at time.Time, prepare func(*Licence) (Decision, error)) (d Decision, c Change, err error) {
	now := b.now()
	from, err := effective(at, now)
	if err != nil {
		return d, c, err
	}
	l, err := b.Find(ctx, ref)
	if err != nil {
		return d, c, err
	}
	if d, err = prepare(&l); err != nil || d.State == CarriedOut {
		return d, c, err
	}
	d.Licence, d.Made, d.Effective, d.Person, d.Reason = l.ID, now, from, person, reason
	c = Change{Licence: l, WasRevision: l.Revision, WasStatusRev: l.StatusRev}
	if err := b.enter(&c, &d, now, b.alone); err != nil {
		return d, c, err
	}
	return d, c, b.roomFor(ctx, &d)
}

// decide records an act.
func (b *Board) decide(ctx context.Context, ref, person, reason string, at time.Time, prepare func(*Licence) (Decision, error)) (Decision, error) {
	for try := 1; ; try++ {
		d, c, err := b.plan(ctx, ref, person, reason, at, prepare)
		if err != nil {
			return Decision{}, err
		}
		if c.Licence.ID == 0 {
			return d, nil
		}
		changes := []Change{c}
		err = b.Store.Apply(ctx, changes)
		if err == nil {
			if m := changes[0].Moves; len(m) > 0 {
				d = m[0].Decision
			}
			return d, nil
		}
		if !errors.Is(err, ErrConflict) || try == maxTries {
			return Decision{}, fmt.Errorf("recording an act: %w", err)
		}
	}
}

// enter decides how far a new decision goes at once, and puts that into the
// change of its licence. Single is Board.alone, or remembers its answer. Code
// person_unknown.
func (b *Board) enter(c *Change, d *Decision, now time.Time, single func(person string) (bool, error)) error {
	if d.guarded() {
		alone, err := single(d.Person)
		if err != nil {
			return err
		}
		if d.Alone = alone; !alone {
			d.State = AwaitsApproval
		}
	}
	switch {
	case d.State == AwaitsApproval:
		c.event(d, ActProposed, d.Person, d.Made, d.Reason)
	case d.Effective.After(now):
		d.State = AwaitsDay
		c.event(d, ActScheduled, d.Person, d.Made, d.Reason)
	default:
		c.carry(d, now)
		if !d.guarded() {
			return nil // its line in the history says everything
		}
	}
	c.Moves = append(c.Moves, Move{Decision: *d, ours: true})
	return nil
}

// event adds a line about a decision.
func (c *Change) event(d *Decision, act Act, person string, at time.Time, reason string) {
	c.Events = append(c.Events, Event{
		At: at, Person: person, Act: act, Status: d.Status, Reason: reason, Kind: d.Kind, Decision: d.ID,
	})
}

// carry puts a decision into effect. Who may call it has seen to the approval.
func (c *Change) carry(d *Decision, now time.Time) {
	l := &c.Licence
	d.State = CarriedOut
	e := Event{At: now, Person: d.Person, Approver: d.By, Reason: d.Reason, Decision: d.ID, Kind: d.Kind}
	if d.Alone {
		e.Approver = ""
	}
	switch d.Kind {
	case KindStatus:
		l.Status = d.Status
		l.StatusRev++
		c.grant.status = true
		e.Act, e.Status, e.StatusRev = ActStatus, d.Status, l.StatusRev
	default:
		why := ReissueRenew
		e.Act = ActRenewed
		if d.Kind == KindReplace {
			why, e.Act = ReissueVoid, ActReplaced
			c.grant.record = true
		}
		l.Record = merge(l.Record, &d.WasRecord, &d.Record)
		l.Revision++
		l.Reissue = max(l.Reissue, why)
	}
	c.Events = append(c.Events, e)
}

// roomFor refuses an act that would stand beside another open one of its
// kind, or change a status that an approved act is about to change. Code
// act_open.
func (b *Board) roomFor(ctx context.Context, d *Decision) error {
	open, err := b.Store.OpenActsOf(ctx, []int64{d.Licence})
	if err != nil {
		return fmt.Errorf("reading acts: %w", err)
	}
	for i := range open {
		if o := &open[i]; o.Kind == d.Kind && (d.State != CarriedOut || o.State == AwaitsDay) {
			return explain.Errorf("act_open", "act %d on this licence is %s", o.ID, o.State)
		}
	}
	return nil
}

// stands reports whether a decision can still be carried out as it was made.
// Codes status_final, status_unchanged, act_outdated.
func (d *Decision) stands(l *Licence) error {
	if l.Status.Final() {
		return explain.Errorf("status_final", "the licence has a final status")
	}
	if d.Kind == KindStatus {
		switch l.Status {
		case d.Status:
			return explain.Errorf("status_unchanged", "the licence has this status already")
		case d.WasStatus:
			return nil
		}
		return explain.Errorf("act_outdated", "the licence's status is another one than when the act was made")
	}
	now, was, next := l.Record.fields(), d.WasRecord.fields(), d.Record.fields()
	for i := range now {
		if *next[i] != *was[i] && *now[i] != *was[i] {
			return explain.Errorf("act_outdated", "the licence's record is another one than when the act was made")
		}
	}
	return nil
}

// fields are the parts of a record that an act can change.
func (r *Record) fields() [7]*string {
	return [7]*string{&r.Profession, &r.GivenName, &r.FamilyName, &r.NPI, (*string)(&r.Issued), (*string)(&r.Expires), &r.Conditions}
}

// merge puts what differs between was and next into r.
func merge(r Record, was, next *Record) Record {
	to, from, new := r.fields(), was.fields(), next.fields()
	for i := range to {
		if *new[i] != *from[i] {
			*to[i] = *new[i]
		}
	}
	return r
}

// RenewAct extends a licence.
type RenewAct struct {
	Ref     string // see Find
	Expires Date   // later than now recorded
	Issued  Date   // "": as it is; else the same day or a later one
	Reason  string
	Person  string
}

// Renew extends a licence. The next Issue makes the new credential under a new
// index; the one that is out stays good until it ends. Codes status_final,
// renew_dates, reason_malformed, and those of Find.
func (b *Board) Renew(ctx context.Context, a RenewAct) (Outcome, error) {
	return b.act(ctx, a.Ref, a.Person, a.Reason, time.Time{}, a.prepare)
}

func (a *RenewAct) prepare(l *Licence) (Decision, error) {
	if l.Status.Final() {
		return Decision{}, explain.Errorf("status_final", "a licence with a final status cannot be renewed")
	}
	d := Decision{Kind: KindRenew, WasRecord: l.Record, Record: l.Record}
	d.Record.Expires = a.Expires
	if a.Issued != "" {
		d.Record.Issued = a.Issued
	}
	if change(&d.WasRecord, &d.Record) != ReissueRenew || d.Record.check() != nil {
		return Decision{}, explain.Errorf("renew_dates", "a renewal has a later expiry, and no earlier date of issue")
	}
	return d, nil
}

// ReplaceAct corrects what a licence says. A nil field stays as it is; with
// none at all the same record is issued anew.
type ReplaceAct struct {
	Ref                               string // see Find
	GivenName, FamilyName, Profession *string
	NPI, Conditions                   *string
	Reason                            string
	Person                            string
}

// Replace changes what a licence says. It needs a second person. The next
// Issue makes new credentials under a new index, and what was issued before
// becomes void. Codes act_open, status_final, record_malformed,
// reason_malformed, person_unknown, and those of Find.
func (b *Board) Replace(ctx context.Context, a ReplaceAct) (Outcome, error) {
	return b.act(ctx, a.Ref, a.Person, a.Reason, time.Time{}, a.prepare)
}

func (a *ReplaceAct) prepare(l *Licence) (Decision, error) {
	if l.Status.Final() {
		return Decision{}, explain.Errorf("status_final", "a licence with a final status cannot be replaced")
	}
	d := Decision{Kind: KindReplace, WasRecord: l.Record, Record: l.Record}
	r := &d.Record
	for _, f := range []struct {
		dst *string
		src *string
	}{{&r.GivenName, a.GivenName}, {&r.FamilyName, a.FamilyName}, {&r.Profession, a.Profession}, {&r.NPI, a.NPI}, {&r.Conditions, a.Conditions}} {
		if f.src != nil {
			*f.dst = *f.src
		}
	}
	if p := r.check(); p != nil {
		return Decision{}, explain.Errorf("record_malformed", "%w", p)
	}
	return d, nil
}

// FieldChange is one field that an act changes; practitioner data.
type FieldChange struct{ Field, From, To string }

// Changes are the fields that an act on the record changes.
func (d *Decision) Changes() []FieldChange {
	var out []FieldChange
	if d.Kind == KindStatus {
		return out
	}
	was, next := d.WasRecord.fields(), d.Record.fields()
	for i := range was {
		if *was[i] != *next[i] {
			out = append(out, FieldChange{fieldNames[i], *was[i], *next[i]})
		}
	}
	return out
}
