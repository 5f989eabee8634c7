package wallet

// Discarding a licence, and bringing it back. What is discarded stays in its
// place, sealed as before, and is only marked: so bringing it back gives exactly
// what was there, and whatever happens in between loses nothing.

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bonafide/internal/explain"
)

// KeptDays is how many days a discarded licence can be brought back.
const KeptDays = 30

// Discard puts a licence with all its envelopes aside: it is not listed and not
// presented any more, until it is brought back or removed. Code
// wallet_no_credential.
func (w *Wallet) Discard(ctx context.Context, id string) error {
	at := w.now()
	return w.mark(ctx, id, false, func(c *Credential) { c.Discarded = at })
}

// PutBack brings a discarded licence back as it was. Code wallet_no_credential.
func (w *Wallet) PutBack(ctx context.Context, id string) error {
	return w.mark(ctx, id, true, func(c *Credential) { c.Discarded = time.Time{} })
}

// Discarded returns the licences that can be brought back, what was discarded
// last first.
func (w *Wallet) Discarded(ctx context.Context) ([]Item, error) {
	_, aside, err := w.All(ctx)
	return aside, err
}

// All returns what List and Discarded do, in one reading of the store.
func (w *Wallet) All(ctx context.Context) (kept, discarded []Item, err error) {
	all, err := w.c.Store.Credentials(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("listing credentials: %w", err)
	}
	discarded = w.items(side(all, true))
	slices.SortStableFunc(discarded, func(a, b Item) int { return b.Discarded.Compare(a.Discarded) })
	return w.items(side(all, false)), discarded, nil
}

// Over reports that a discarded licence can be brought back no more.
func (w *Wallet) Over(it Item) bool {
	return it.Discarded.Before(w.now().AddDate(0, 0, -KeptDays))
}

// mark changes all envelopes of a licence, in one write.
func (w *Wallet) mark(ctx context.Context, id string, discarded bool, f func(*Credential)) error {
	all, err := w.c.Store.Credentials(ctx)
	if err != nil {
		return fmt.Errorf("reading credentials: %w", err)
	}
	items := w.items(side(all, discarded))
	at := slices.IndexFunc(items, func(it Item) bool { return slices.Contains(it.ids, id) })
	if at < 0 {
		return explain.Errorf("wallet_no_credential", "no credential of this id")
	}
	var changed []Credential
	for _, c := range all {
		if slices.Contains(items[at].ids, c.ID) {
			f(&c)
			changed = append(changed, c)
		}
	}
	if err := w.c.Store.Replace(ctx, changed); err != nil {
		return fmt.Errorf("changing a credential: %w", err)
	}
	return nil
}

// side is what is discarded of all, or what is not.
func side(all []Credential, discarded bool) []Credential {
	return slices.DeleteFunc(slices.Clone(all), func(c Credential) bool { return c.Discarded.IsZero() == discarded })
}
