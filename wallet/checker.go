package wallet

// The checker over the ledger's data: what a wallet wants to know before it
// keeps a credential. It does not ask for status and accreditation, which
// change; the hospital's verifier does.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/vc"
)

// LedgerChecker implements Checker on verified ledger data.
type LedgerChecker struct {
	// View returns the home's ledger data; an error with code no_trust or
	// no_data where there is none.
	View func() (*ledger.View, error)
	Now  func() time.Time
}

// Check implements Checker. Codes beside those of vc and ledger:
// newer_than_data, epoch_far_future, issuer_unknown, issuer_not_yet,
// key_compromised, ledger_key_compromised.
func (c LedgerChecker) Check(ctx context.Context, b []byte) (vc.Authentic, error) {
	var none vc.Authentic
	p, err := vc.Parse(b)
	if err != nil {
		return none, err
	}
	view, err := c.View()
	if err != nil {
		return none, fmt.Errorf("reading the ledger's data: %w", err)
	}
	if p.AnchorHint() == "" {
		return none, explain.Errorf("anchor_missing", "no anchor, or several")
	}
	anchor, err := ledger.ParseAnchor(p.AnchorHint())
	if err != nil {
		return none, err
	}
	epoch, err := view.Epoch(anchor.Epoch)
	if errors.Is(err, ledger.ErrEpochUnknown) {
		if _, asOf := view.Tip(); view.FarFuture(anchor.Epoch, later(c.Now(), asOf)) {
			return none, explain.Errorf("epoch_far_future", "an epoch that cannot exist yet")
		}
		return none, explain.Errorf("newer_than_data", "the epoch is newer than the data")
	}
	if err != nil {
		return none, err
	}
	issuer, err := did.Parse(p.IssuerHint())
	if err != nil {
		return none, err
	}
	keys, err := c.keys(ctx, view, issuer, epoch)
	if err != nil {
		return none, err
	}
	a, err := p.Verify(keys)
	if err != nil {
		return none, err
	}
	leaf, err := p.Leaf(view.ChainID(), anchor.Salt)
	if err != nil {
		return none, err
	}
	if err := view.CheckAnchor(anchor, issuer, leaf); err != nil {
		return none, err
	}
	root, err := anchor.BatchRoot(leaf)
	if err != nil {
		return none, err
	}
	if _, reported := view.BatchReported(issuer, anchor.Epoch, root); reported {
		return none, explain.Errorf("ledger_key_compromised", "the batch was signed by a reported key")
	}
	return a, nil
}

// keys finds the issuer's keys as they were in the state that closed the epoch.
func (c LedgerChecker) keys(ctx context.Context, view *ledger.View, issuer did.DID, epoch ledger.Epoch) (vc.KeyFunc, error) {
	res, err := bonafide.NewResolver(view).Resolve(ctx, issuer, did.ResolveOptions{Height: epoch.Height})
	switch explain.CodeOf(err) {
	case "":
	case "did_version_unknown":
		return nil, explain.Errorf("issuer_not_yet", "the issuer: %w", err)
	default:
		return nil, explain.Errorf("issuer_unknown", "the issuer: %w", err)
	}
	if err != nil {
		return nil, err
	}
	reports, err := view.Reports(issuer)
	if err != nil {
		return nil, fmt.Errorf("reading key reports: %w", err)
	}
	return func(method string, purpose did.Relationship) (did.PublicKey, error) {
		m, err := res.Document.Method(method, purpose)
		if err != nil {
			return did.PublicKey{}, err
		}
		for _, r := range reports {
			if r.Issuing && r.Key == m.Key && r.FromHeight <= epoch.Height {
				return did.PublicKey{}, explain.Errorf("key_compromised", "the signing key was reported")
			}
		}
		return m.Key, nil
	}, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
