package wallet

// Presenting: what a request asks for, what will be shared, the presentation,
// and the log of it.

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/request"
)

// MaxShared is the largest number of credentials in one presentation.
const MaxShared = 32

// Shared is a line in the log: who got what, when.
type Shared struct {
	At          time.Time          `json:"at"`
	Audience    string             `json:"audience"`
	Purpose     string             `json:"purpose"`
	Nonce       string             `json:"nonce"`
	Credentials []SharedCredential `json:"credentials"`
}

// SharedCredential is a credential in the log; it may be deleted since.
type SharedCredential struct {
	ID     string   `json:"id"`
	Types  []string `json:"types"`
	Issuer did.DID  `json:"issuer"`
	Number string   `json:"number"`
}

// Preview is what a presentation will share, to be shown before it is made.
type Preview struct {
	Audience string // who will get it, in their own words: nobody has checked them
	Purpose  string
	Expires  time.Time // of the request
	Items    []Item    // whole: this envelope has no parts to leave out
	// Warnings are codes of the catalogue about the presentation as a whole:
	// wallet_answered_before.
	Warnings []string
}

// Candidates returns the credentials that a request asks for, in the order of
// List. Codes: request_malformed, wallet_request_expired, request_not_yet.
func (w *Wallet) Candidates(ctx context.Context, requestFile []byte) ([]Item, error) {
	r, err := w.open(requestFile)
	if err != nil {
		return nil, err
	}
	all, err := w.List(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(it Item) bool { return !r.Asks(it.Types) }), nil
}

// Preview says what Present would share for the same request and ids. Codes:
// as Present.
func (w *Wallet) Preview(ctx context.Context, requestFile []byte, ids []string) (Preview, error) {
	r, err := w.open(requestFile)
	if err != nil {
		return Preview{}, err
	}
	items, err := w.choose(ctx, r, ids)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Audience: r.Audience, Purpose: r.Purpose, Expires: r.Expires, Items: items}
	log, err := w.Log(ctx)
	if err != nil {
		return Preview{}, err
	}
	if slices.ContainsFunc(log, func(s Shared) bool { return s.Nonce == r.Nonce }) {
		p.Warnings = append(p.Warnings, "wallet_answered_before")
	}
	return p, nil
}

// Present answers a request with exactly the chosen credentials, bound to its
// nonce and audience, and notes that in the log before it hands anything out.
// Codes: request_malformed, wallet_request_expired, request_not_yet,
// wallet_not_made, wallet_nothing_chosen, wallet_too_many,
// wallet_no_credential, wallet_not_asked.
func (w *Wallet) Present(ctx context.Context, requestFile []byte, ids []string) ([]byte, error) {
	r, err := w.open(requestFile)
	if err != nil {
		return nil, err
	}
	h, err := w.holder(ctx)
	if err != nil {
		return nil, err
	}
	items, err := w.choose(ctx, r, ids)
	if err != nil {
		return nil, err
	}
	line := Shared{At: w.now(), Audience: r.Audience, Purpose: r.Purpose, Nonce: r.Nonce}
	var credentials [][]byte
	for _, it := range items {
		credentials = append(credentials, it.Bytes)
		line.Credentials = append(line.Credentials, SharedCredential{it.ID, it.Types, it.Issuer, it.Number})
	}
	b, err := w.sign(h, credentials, r.Nonce, r.Audience)
	if err != nil {
		return nil, err
	}
	if err := w.c.Store.Log(ctx, line); err != nil {
		return nil, fmt.Errorf("noting what is shared: %w", err)
	}
	return b, nil
}

// Log returns what was shared with whom, oldest first.
func (w *Wallet) Log(ctx context.Context) ([]Shared, error) {
	log, err := w.c.Store.Logged(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	return log, nil
}

// open reads a request that can still be answered.
func (w *Wallet) open(file []byte) (*request.Request, error) {
	r, err := request.Parse(file)
	if err != nil {
		return nil, err
	}
	if err := r.CheckTime(w.now()); err != nil {
		if explain.CodeOf(err) == "request_expired" {
			return nil, explain.Errorf("wallet_request_expired", "presenting: %w", err)
		}
		return nil, err
	}
	return r, nil
}

// choose returns the chosen credentials, in the order of ids. A hospital must
// get nothing it did not ask for, even if the practitioner slips.
func (w *Wallet) choose(ctx context.Context, r *request.Request, ids []string) ([]Item, error) {
	if len(ids) == 0 {
		return nil, explain.Errorf("wallet_nothing_chosen", "no credential chosen")
	}
	if len(ids) > MaxShared {
		return nil, explain.Errorf("wallet_too_many", "more than %d credentials", MaxShared)
	}
	all, err := w.List(ctx)
	if err != nil {
		return nil, err
	}
	items := make([]Item, 0, len(ids))
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return nil, explain.Errorf("wallet_too_many", "a credential chosen twice")
		}
		at := slices.IndexFunc(all, func(it Item) bool { return it.ID == id })
		if at < 0 {
			return nil, explain.Errorf("wallet_no_credential", "no credential of this id")
		}
		if !r.Asks(all[at].Types) {
			return nil, explain.Errorf("wallet_not_asked", "a credential of a type that the request does not name")
		}
		items = append(items, all[at])
	}
	return items, nil
}
