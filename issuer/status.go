package issuer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"bonafide/internal/explain"
	"bonafide/ledger"
)

// Find returns the licence that a reference names: its number, or
// TYPE:JURISDICTION:NUMBER. Codes licence_unknown, licence_ambiguous.
func (b *Board) Find(ctx context.Context, ref string) (Licence, error) {
	var found []Licence
	if parts := strings.SplitN(ref, ":", 3); len(parts) == 3 {
		ls, err := b.Store.ByKeys(ctx, []Key{{parts[0], parts[1], parts[2]}})
		if err != nil {
			return Licence{}, fmt.Errorf("looking up a licence: %w", err)
		}
		if ls[0].ID != 0 {
			found = ls
		}
	} else {
		var err error
		if found, err = b.Store.ByNumber(ctx, ref); err != nil {
			return Licence{}, fmt.Errorf("looking up a licence: %w", err)
		}
	}
	switch len(found) {
	case 0:
		return Licence{}, explain.Errorf("licence_unknown", "no licence has this number")
	case 1:
		return found[0], nil
	}
	return Licence{}, explain.Errorf("licence_ambiguous", "%d licences have this number", len(found))
}

// StatusAct is a person's decision about a licence.
type StatusAct struct {
	Ref    string // see Find
	Value  ledger.Status
	Reason string // the person's words; may be empty
	Person string
}

// Status sets the status of a licence: first in the register, then, in one
// transaction, on every index of it that is not final and has not run out. It
// returns once verified data shows it. If the ledger cannot be reached the
// decision stays recorded, and the next Status, Resume or Issue sends it.
//
// Codes: status_final (the licence's status never changes again),
// status_unchanged (it has this status already, and the ledger shows it),
// reason_malformed, and those of Find.
func (b *Board) Status(ctx context.Context, a StatusAct) error {
	if a.Value > ledger.Reserved {
		return explain.Errorf("status_unknown", "no such status value")
	}
	if p := checkText("reason", a.Reason, maxConditions, false); p != nil {
		return explain.Errorf("reason_malformed", "%w", p)
	}
	release, err := b.take(ctx)
	if err != nil {
		return err
	}
	defer release()
	id, err := b.decide(ctx, a)
	if err != nil {
		return err
	}
	return b.settle(ctx, []int64{id})
}

// decide records a status act and returns its licence.
func (b *Board) decide(ctx context.Context, a StatusAct) (int64, error) {
	for try := 1; ; try++ {
		l, err := b.Find(ctx, a.Ref)
		if err != nil {
			return 0, err
		}
		if l.Status == a.Value {
			if l.StatusRev > l.SettledRev {
				return l.ID, nil // said before, not on the ledger yet
			}
			return 0, explain.Errorf("status_unchanged", "the licence has this status already")
		}
		c := Change{Licence: l, WasRevision: l.Revision, WasStatusRev: l.StatusRev}
		if p := c.Licence.setStatus(a.Value); p != nil {
			return 0, explain.Errorf("status_final", "%s %s", p.field, p.reason)
		}
		c.Events = []Event{{
			At: b.now(), Person: a.Person, Act: ActStatus, Status: a.Value,
			StatusRev: c.Licence.StatusRev, Reason: a.Reason,
		}}
		err = b.Store.Apply(ctx, []Change{c})
		if err == nil {
			return l.ID, nil
		}
		if !errors.Is(err, ErrConflict) || try == maxTries {
			return 0, fmt.Errorf("recording a status: %w", err)
		}
	}
}
