package issuer

// What is still to be done: licences that wait to be issued, what an issuing
// began and did not finish, and licences that nobody has claimed.

import (
	"context"
	"fmt"
	"time"

	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// Backlog counts what waits. Due, Expired and NotAccredited count licences,
// Begun counts credentials.
type Backlog struct {
	Due           int // the next Issue makes credentials for these
	Begun         int // in batches that are not finished: planned, recorded or signed
	Expired       int // run out, grace included: nothing to issue
	NotAccredited int // the board may not issue them
	// Ledger is the code of why the ledger's newest state is not known; "": it
	// is. Then accreditations are as the board last saw them, and Due may count
	// licences that it may not issue.
	Ledger string
}

// backlogPage is the number of licences that are weighed at once: the store sorts
// all that is due for every page.
const backlogPage = 8192

// Backlog counts what waits to be issued. It changes nothing.
func (b *Board) Backlog(ctx context.Context) (Backlog, error) {
	var out Backlog
	batches, err := b.Store.Unfinished(ctx)
	if err != nil {
		return out, fmt.Errorf("reading batches: %w", err)
	}
	for i := range batches {
		out.Begun += batches[i].Size
	}
	var data *pack.Data
	if data, out.Ledger, err = b.newest(ctx); err != nil {
		return out, err
	}
	for after := int64(0); ; {
		ls, err := b.Store.Due(ctx, after, backlogPage, b.IssuingES256 != nil)
		if err != nil {
			return out, fmt.Errorf("reading licences: %w", err)
		}
		if len(ls) == 0 {
			return out, nil
		}
		for i := range ls {
			b.weigh(&out, data, &ls[i])
		}
		after = ls[len(ls)-1].ID
	}
}

// weigh counts a licence that is due, as choose would take it.
func (b *Board) weigh(out *Backlog, data *pack.Data, l *Licence) {
	accredited := data == nil || data.View.Standing(b.DID, l.Record.Type, l.Record.Jurisdiction, data.Height) == ledger.Active
	switch {
	case l.lacking() && (l.Status.Final() || !accredited || b.over(l)):
	case b.over(l):
		out.Expired++
	case !accredited:
		out.NotAccredited++
	default:
		out.Due++
	}
}

// over reports that a licence has run out, grace included.
func (b *Board) over(l *Licence) bool {
	return !l.Record.Expires.ValidUntil(b.Settings.grace(l.Record.Type, l.Record.Jurisdiction)).After(b.now())
}

// Unclaimed calls f for every licence that no wallet holds and one may still
// claim, in the order of registration, until f returns an error. code is when
// its unused claim code runs out; zero: it has none that can be used.
func (b *Board) Unclaimed(ctx context.Context, f func(l Licence, code time.Time) error) error {
	codes, err := b.Store.OpenCodes(ctx, b.now(), maxClaimTries)
	if err != nil {
		return fmt.Errorf("reading claim codes: %w", err)
	}
	for after := int64(0); ; {
		ls, err := b.Store.After(ctx, after, listPage)
		if err != nil {
			return fmt.Errorf("reading licences: %w", err)
		}
		if len(ls) == 0 {
			return nil
		}
		for i := range ls {
			l := &ls[i]
			if l.Holder != "" || l.Status.Final() || b.over(l) {
				continue
			}
			if err := f(*l, codes[l.ID]); err != nil {
				return err
			}
		}
		after = ls[len(ls)-1].ID
	}
}
