package issuer

import (
	"context"
	"fmt"
	"strings"
	"time"

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
	Ref       string // see Find
	Value     ledger.Status
	Reason    string // the person's words; may be empty
	Person    string
	Effective time.Time // zero: at once
}

// Status sets the status of a licence: first in the register, then, in one
// transaction, on every index of it that is not final and has not run out. It
// returns once verified data shows it. If the ledger cannot be reached the
// decision stays recorded, and the next act, Resume or Issue sends it. What
// suspends or is final waits for a second person, if the home has one.
//
// Codes: status_final (the licence's status never changes again),
// status_unchanged (it has this status already, and the ledger shows it),
// act_open, effective_past, effective_far, reason_malformed, person_unknown,
// and those of Find.
func (b *Board) Status(ctx context.Context, a StatusAct) (Outcome, error) {
	return b.act(ctx, a.Ref, a.Person, a.Reason, a.Effective, a.prepare)
}

func (a *StatusAct) prepare(l *Licence) (Decision, error) {
	d := Decision{Kind: KindStatus, Status: a.Value, WasStatus: l.Status}
	switch {
	case a.Value > ledger.Reserved:
		return d, explain.Errorf("status_unknown", "no such status value")
	case l.Status == a.Value && l.StatusRev > l.SettledRev && a.Effective.IsZero():
		d.Licence, d.State = l.ID, CarriedOut // decided before, not on the ledger yet
	case l.Status == a.Value:
		return d, explain.Errorf("status_unchanged", "the licence has this status already")
	case l.Status.Final():
		return d, explain.Errorf("status_final", "a licence whose status is final keeps it; a new licence needs a new number")
	}
	return d, nil
}
