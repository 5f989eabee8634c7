package issuer

// What becomes of decisions: approved, rejected, cancelled, or carried out
// when their day has come.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bonafide/internal/explain"
)

// actsPage is the number of decisions read at once.
const actsPage = 500

// PendingAct is an open decision as people see it.
type PendingAct struct {
	Decision
	Key     Key
	Current Licence // the licence as it stands now; practitioner data
	Blocked string  // code that says why it cannot be carried out; "" where it can
	Overdue bool
}

// Pending calls f for every open decision, oldest first, until f returns an
// error.
func (b *Board) Pending(ctx context.Context, f func(PendingAct) error) error {
	now := b.now()
	for after := int64(0); ; {
		ds, err := b.Store.OpenActs(ctx, after, 0, actsPage)
		if err != nil {
			return fmt.Errorf("reading acts: %w", err)
		}
		if len(ds) == 0 {
			return nil
		}
		ids := make([]int64, len(ds))
		for i := range ds {
			ids[i] = ds[i].Licence
		}
		ls, err := b.Store.ByID(ctx, ids)
		if err != nil {
			return fmt.Errorf("reading licences: %w", err)
		}
		for _, p := range pending(ds, func(i int) *Licence { return &ls[i] }, now) {
			if err := f(p); err != nil {
				return err
			}
		}
		after = ds[len(ds)-1].ID
	}
}

// pending shows open decisions, each with its licence.
func pending(ds []Decision, of func(i int) *Licence, now time.Time) []PendingAct {
	out := make([]PendingAct, len(ds))
	for i := range ds {
		l := of(i)
		out[i] = PendingAct{Decision: ds[i], Key: l.Record.Key, Current: *l, Overdue: ds[i].overdue(now)}
		if err := ds[i].stands(l); err != nil {
			out[i].Blocked = explain.CodeOf(err)
		}
	}
	return out
}

// overdue reports whether an open decision should hold already.
func (d *Decision) overdue(now time.Time) bool {
	if d.State == AwaitsApproval && !d.Effective.After(d.Made) {
		return false // to hold once approved
	}
	return d.State.Open() && !d.Effective.After(now)
}

// Alarms says what of the board's acts waits, and what waits too long.
func (b *Board) Alarms(ctx context.Context) (Alarms, error) {
	a, err := b.Store.Alarms(ctx, b.now())
	if err != nil {
		return a, fmt.Errorf("reading acts: %w", err)
	}
	return a, nil
}

// Approve lets a decision take effect: at once, or when its day comes. The
// person must be another than the one who made it, unless the home has nobody
// else. What the licence says meanwhile is looked at again.
//
// Codes: act_unknown, act_decided (somebody has answered it before), act_own,
// person_unknown, status_final, status_unchanged, act_outdated.
func (b *Board) Approve(ctx context.Context, id int64, person string) (Outcome, error) {
	release, err := b.take(ctx)
	if err != nil {
		return Outcome{}, err
	}
	defer release()
	d, err := b.approve(ctx, id, person)
	if err != nil {
		return Outcome{}, err
	}
	if d.Kind == KindStatus && d.State == CarriedOut {
		err = b.settle(ctx, []int64{d.Licence})
	}
	return outcome(&d), err
}

func (b *Board) approve(ctx context.Context, id int64, person string) (Decision, error) {
	return b.answer(ctx, id, func(c *Change, d *Decision, now time.Time) error {
		if d.State != AwaitsApproval {
			return explain.Errorf("act_decided", "act %d is %s", d.ID, d.State)
		}
		alone, err := b.alone(person)
		if err != nil {
			return err
		}
		if !alone && person == d.Person {
			return explain.Errorf("act_own", "act %d was made by the same person", d.ID)
		}
		if err := d.stands(&c.Licence); err != nil {
			return err
		}
		d.By, d.Decided, d.Alone = person, now, alone
		c.event(d, ActApproved, person, now, "")
		if d.Effective.After(now) {
			d.State = AwaitsDay
			return nil
		}
		c.carry(d, now)
		return nil
	})
}

// answer changes a decision, and its licence where it is carried out, in one
// transaction. f may be called again after a conflict.
func (b *Board) answer(ctx context.Context, id int64, f func(*Change, *Decision, time.Time) error) (Decision, error) {
	d, err := b.decision(ctx, id) // tells the licence, which never changes
	if err != nil {
		return d, err
	}
	for try := 1; ; try++ {
		// The licence is read before the act: if somebody answers in between, the
		// act says so, and not the licence that it is no longer right for it.
		ls, err := b.Store.ByID(ctx, []int64{d.Licence})
		if err != nil {
			return d, fmt.Errorf("reading a licence: %w", err)
		}
		if d, err = b.decision(ctx, id); err != nil {
			return d, err
		}
		c := Change{Licence: ls[0], WasRevision: ls[0].Revision, WasStatusRev: ls[0].StatusRev}
		was := d.State
		if err := f(&c, &d, b.now()); err != nil {
			return d, err
		}
		c.Moves = append(c.Moves, Move{Decision: d, Was: was, ours: true})
		err = b.Store.Apply(ctx, []Change{c})
		if err == nil {
			return d, nil
		}
		if !errors.Is(err, ErrConflict) || try == maxTries {
			return d, fmt.Errorf("recording an answer: %w", err)
		}
	}
}

func (b *Board) decision(ctx context.Context, id int64) (Decision, error) {
	d, err := b.Store.Decision(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return d, explain.Errorf("act_unknown", "there is no act %d", id)
	}
	if err != nil {
		return d, fmt.Errorf("reading an act: %w", err)
	}
	return d, nil
}

// Refusal is one act that could not be approved.
type Refusal struct {
	ID   int64  `json:"act"`
	Code string `json:"code"`
}

// maxRefusals bounds how many refusals a report lists.
const maxRefusals = 1000

// ApprovalReport counts what became of the acts of one import.
type ApprovalReport struct {
	Import    int64     `json:"import"`
	Approved  int       `json:"approved"`
	Scheduled int       `json:"scheduled"` // of them, those that wait for their day
	Refused   int       `json:"refused"`
	Refusals  []Refusal `json:"refusals"` // at most 1,000
	Alone     bool      `json:"-"`
}

// ApproveImport approves every act of one import that waits, each for itself,
// as Approve does; what cannot be approved is reported and stays open. Codes:
// act_own, where the person made them; person_unknown; import_unknown, where
// none of that import waits.
func (b *Board) ApproveImport(ctx context.Context, number int64, person string, p Progress) (ApprovalReport, error) {
	rep := ApprovalReport{Import: number, Refusals: []Refusal{}}
	release, err := b.take(ctx)
	if err != nil {
		return rep, err
	}
	defer release()
	if number < 1 {
		return rep, explain.Errorf("import_unknown", "imports are numbered from 1")
	}
	var licences []int64
	for after := int64(0); ; {
		ds, err := b.Store.OpenActs(ctx, after, number, actsPage)
		if err != nil {
			return rep, fmt.Errorf("reading acts: %w", err)
		}
		if len(ds) == 0 {
			break
		}
		for i := range ds {
			after = ds[i].ID
			if ds[i].State != AwaitsApproval {
				continue
			}
			if err := ctx.Err(); err != nil {
				return rep, err
			}
			d, err := b.approve(ctx, ds[i].ID, person)
			switch code := explain.CodeOf(err); {
			case err == nil:
				rep.Approved++
				rep.Alone = rep.Alone || d.Alone
				if d.State == AwaitsDay {
					rep.Scheduled++
				} else if d.Kind == KindStatus {
					licences = append(licences, d.Licence)
				}
			case code == "act_own" || code == "person_unknown":
				return rep, err
			case code != "":
				if rep.Refused++; len(rep.Refusals) < maxRefusals {
					rep.Refusals = append(rep.Refusals, Refusal{ds[i].ID, code})
				}
			default:
				return rep, err
			}
			p.report("approve", rep.Approved+rep.Refused, 0)
		}
	}
	if rep.Approved+rep.Refused == 0 {
		return rep, explain.Errorf("import_unknown", "no act of this import waits")
	}
	return rep, b.settle(ctx, licences)
}

// Reject ends a decision that waits for approval. Codes act_unknown,
// act_decided, act_own (one's own act is cancelled), person_unknown,
// reason_malformed.
func (b *Board) Reject(ctx context.Context, id int64, person, reason string) error {
	return b.refuse(ctx, id, person, reason, func(d *Decision, alone bool) error {
		switch {
		case d.State != AwaitsApproval:
			return explain.Errorf("act_decided", "act %d is %s", d.ID, d.State)
		case !alone && d.Person == person:
			return explain.Errorf("act_own", "act %d was made by the same person", d.ID)
		}
		d.State = Rejected
		return nil
	}, ActRejected)
}

// Cancel takes back a decision before it takes effect: one that waits for
// approval can be cancelled by who made it, one that waits for its day by
// anybody. Codes act_unknown, act_decided, act_others, person_unknown,
// reason_malformed.
func (b *Board) Cancel(ctx context.Context, id int64, person, reason string) error {
	return b.refuse(ctx, id, person, reason, func(d *Decision, alone bool) error {
		switch {
		case !d.State.Open():
			return explain.Errorf("act_decided", "act %d is %s", d.ID, d.State)
		case d.State == AwaitsApproval && !alone && d.Person != person:
			return explain.Errorf("act_others", "act %d was made by somebody else", d.ID)
		}
		d.State = Cancelled
		return nil
	}, ActCancelled)
}

func (b *Board) refuse(ctx context.Context, id int64, person, reason string, move func(*Decision, bool) error, act Act) error {
	if p := checkText("reason", reason, maxConditions, false); p != nil {
		return explain.Errorf("reason_malformed", "%w", p)
	}
	release, err := b.take(ctx)
	if err != nil {
		return err
	}
	defer release()
	_, err = b.answer(ctx, id, func(c *Change, d *Decision, now time.Time) error {
		alone, err := b.alone(person)
		if err != nil {
			return err
		}
		// Who approved stays on record in the history.
		if err := move(d, alone); err != nil {
			return err
		}
		d.By, d.Decided, d.Answer = person, now, reason
		c.event(d, act, person, now, reason)
		return nil
	})
	return err
}

// SendDue carries out the decisions whose day has come, and sends whatever
// the ledger does not show yet. It returns how many were carried out.
func (b *Board) SendDue(ctx context.Context) (int, error) {
	release, err := b.take(ctx)
	if err != nil {
		return 0, err
	}
	defer release()
	n, err := b.carryDue(ctx)
	if err != nil {
		return n, err
	}
	return n, b.settleAll(ctx)
}

// carryDue carries out the decisions whose day has come. One that no longer
// fits its licence stays open and overdue, for a person to decide.
func (b *Board) carryDue(ctx context.Context) (done int, err error) {
	for after := int64(0); ; {
		ds, err := b.Store.DueActs(ctx, b.now(), after, actsPage)
		if err != nil {
			return done, fmt.Errorf("reading acts: %w", err)
		}
		if len(ds) == 0 {
			return done, nil
		}
		for i := range ds {
			after = ds[i].ID
			_, err := b.answer(ctx, ds[i].ID, func(c *Change, d *Decision, now time.Time) error {
				if d.State != AwaitsDay {
					return explain.Errorf("act_decided", "act %d is %s", d.ID, d.State)
				}
				if err := d.stands(&c.Licence); err != nil {
					return err
				}
				c.carry(d, now)
				return nil
			})
			switch explain.CodeOf(err) {
			case "":
				if err != nil {
					return done, err
				}
				done++
			case "act_decided", "act_outdated", "status_final", "status_unchanged":
			default:
				return done, err
			}
		}
	}
}
