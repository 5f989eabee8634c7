package wallet

// Claims under way: what was sent to a board, until its licence comes.

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
)

// Pending is a claim that was made and not answered yet. The claim code is not
// in it, only its id, which is no secret.
type Pending struct {
	Code  string    `json:"code"` // id of the claim code
	Board did.DID   `json:"board"`
	At    time.Time `json:"at"`
	File  []byte    `json:"file"` // as it goes to the board
}

// Pending returns the claims under way, the newest first. A claim ends when a
// licence comes from its board that is bound to this wallet and was not here
// before, the oldest claim first; or by Forget.
func (w *Wallet) Pending(ctx context.Context) ([]Pending, error) {
	all, err := w.c.Store.Claims(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading claims: %w", err)
	}
	slices.SortStableFunc(all, func(a, b Pending) int { return b.At.Compare(a.At) })
	return all, nil
}

// Forget removes a claim under way; one that is not there is forgotten already.
func (w *Wallet) Forget(ctx context.Context, board did.DID, code string) error {
	if err := w.c.Store.DropClaim(ctx, board, code); err != nil {
		return fmt.Errorf("forgetting a claim: %w", err)
	}
	return nil
}

// answered ends the oldest claim to the board of a licence that came.
func (w *Wallet) answered(ctx context.Context, board did.DID) error {
	all, err := w.Pending(ctx)
	if err != nil {
		return err
	}
	for _, p := range slices.Backward(all) {
		if p.Board == board {
			return w.Forget(ctx, p.Board, p.Code)
		}
	}
	return nil
}

// Board is an issuer as this home's ledger data knows it.
type Board struct {
	DID     did.DID
	Name    string   // fit to be shown on a line; "" where its document says none
	Contact string   // likewise
	Types   []string // what it is or was accredited for, sorted
}

// Boards returns the issuers that the ledger data knows, by name. Codes no_trust,
// no_data, and those of the data.
func (w *Wallet) Boards() ([]Board, error) {
	if w.c.Data == nil {
		return nil, nil
	}
	d, err := w.c.Data()
	if err != nil {
		return nil, err
	}
	var out []Board
	for _, id := range d.View.DIDs() {
		b := Board{DID: id}
		for _, e := range d.View.Accreditations(id) {
			if e.Type != "" && !slices.Contains(b.Types, e.Type) {
				b.Types = append(b.Types, e.Type)
			}
		}
		if len(b.Types) == 0 {
			continue
		}
		slices.Sort(b.Types)
		versions, err := d.View.Versions(id)
		if err != nil {
			return nil, fmt.Errorf("reading a board: %w", err)
		}
		for _, v := range versions {
			if v.Document != nil {
				b.Name, b.Contact = bonafide.Desk(v.Document)
			}
		}
		out = append(out, b)
	}
	// What has no name comes last.
	slices.SortStableFunc(out, func(a, b Board) int {
		return cmp.Or(strings.Compare(cmp.Or(a.Name, "\U0010FFFF"), cmp.Or(b.Name, "\U0010FFFF")), strings.Compare(string(a.DID), string(b.DID)))
	})
	return out, nil
}

// DataAge is the time of the header that proves this home's ledger data. Codes
// as Boards.
func (w *Wallet) DataAge() (time.Time, error) {
	if w.c.Data == nil {
		return time.Time{}, nil
	}
	d, err := w.c.Data()
	if err != nil {
		return time.Time{}, err
	}
	return d.AsOf, nil
}
