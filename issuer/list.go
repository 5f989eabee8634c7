package issuer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bonafide/ledger"
	"bonafide/vc"
)

// Entry is a licence as a board's staff sees it.
type Entry struct {
	Licence   Licence
	Indexes   []Index // oldest first
	Delivered bool    // its newest record stands in a credential that is out
	OnLedger  bool    // the ledger shows its status
}

// listPage is the number of licences read at once.
const listPage = 500

// List calls f for every licence in the order of registration, until f returns
// an error.
func (b *Board) List(ctx context.Context, f func(Entry) error) error {
	for after := int64(0); ; {
		ls, err := b.Store.After(ctx, after, listPage)
		if err != nil {
			return fmt.Errorf("reading licences: %w", err)
		}
		if len(ls) == 0 {
			return nil
		}
		ids := make([]int64, len(ls))
		for i := range ls {
			ids[i] = ls[i].ID
		}
		rows, err := b.Store.Indexes(ctx, ids)
		if err != nil {
			return fmt.Errorf("reading indexes: %w", err)
		}
		of := map[int64][]Index{}
		for _, r := range rows {
			of[r.Licence] = append(of[r.Licence], r)
		}
		for i := range ls {
			l := &ls[i]
			e := Entry{
				Licence: *l, Indexes: of[l.ID],
				Delivered: l.IssuedRev > 0 && l.IssuedRev == l.Revision,
				OnLedger:  l.IssuedRev > 0 && l.StatusRev == l.SettledRev,
			}
			if err := f(e); err != nil {
				return err
			}
		}
		after = ids[len(ids)-1]
	}
}

// Line is one line of a licence's history: an act of a person, or a credential.
type Line struct {
	At       time.Time
	Person   string
	Approver string // who approved it, where somebody had to
	Act      Act
	Decision int64         // the act that waited; 0: none
	Kind     Kind          // of a line about an act
	Status   ledger.Status // of ActImported and ActStatus, and lines about such acts
	Reason   string
	// Height is where the ledger shows it: a status act, or a credential's
	// epoch. 0: not there yet, or not known while the ledger cannot be asked.
	Height   uint64
	Issuance *Issuance // ActIssued
}

// History tells what happened to a licence, oldest first. Codes as Find.
func (b *Board) History(ctx context.Context, ref string) ([]Line, error) {
	l, err := b.Find(ctx, ref)
	if err != nil {
		return nil, err
	}
	events, err := b.Store.Events(ctx, l.ID)
	if err != nil {
		return nil, fmt.Errorf("reading history: %w", err)
	}
	issued, err := b.Store.Issuances(ctx, l.ID)
	if err != nil {
		return nil, fmt.Errorf("reading history: %w", err)
	}
	out := make([]Line, 0, len(events)+len(issued))
	for _, e := range events {
		out = append(out, Line{
			At: e.At, Person: e.Person, Approver: e.Approver, Act: e.Act, Decision: e.Decision, Kind: e.Kind,
			Status: e.Status, Reason: e.Reason, Height: e.Height,
		})
	}
	// The history can be read without the ledger; heights of epochs are its.
	data, err := b.refresh(ctx)
	for i := range issued {
		x := &issued[i]
		line := Line{At: x.Created, Person: x.Person, Act: ActIssued, Issuance: x}
		if err == nil && x.Epoch > 0 {
			if e, err := data.View.Epoch(x.Epoch); err == nil {
				line.Height = e.Height
			}
		}
		out = append(out, line)
	}
	slices.SortStableFunc(out, func(a, b Line) int { return a.At.Compare(b.At) })
	return out, nil
}

// Credential returns the newest credential of a licence that may be handed
// out, as JSON or a compact SD-JWT, and its status index. Codes as Find, and
// credential_not_ready.
func (b *Board) Credential(ctx context.Context, ref string, f Form, format vc.Format) ([]byte, uint32, error) {
	l, err := b.Find(ctx, ref)
	if err != nil {
		return nil, 0, err
	}
	return b.envelope(ctx, &l, f, format)
}
