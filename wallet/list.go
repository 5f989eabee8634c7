package wallet

// What the wallet shows: licences, each with the envelopes that it is kept in,
// and what this home's ledger data says they stand at.

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/vc"
)

// SoonDays is how many days before the expiry a credential is warned of.
const SoonDays = 90

// Item is a licence in the list, in one envelope or several. What it says is
// read from one of them, the VCDM one where there is one; its ID is that of the
// envelope that was received first, so that it stays when another one comes. The
// id of any of its envelopes finds it.
type Item struct {
	Credential
	Formats  []vc.Format // of its envelopes, VCDM first
	Standing *Standing   // nil: nothing is known here
	// Warnings are codes of the catalogue: wallet_expired, wallet_in_grace,
	// wallet_expires_soon, wallet_not_bound, wallet_may_not_practise,
	// wallet_conditions, wallet_undecided, wallet_replaced.
	Warnings []string

	envelopes []Credential // the newest of each format, in the order of Formats
	ids       []string     // of everything kept of it, first received first
}

// Standing is what the ledger data of this home says about a licence.
type Standing struct {
	Status       string // one of the 16 status words
	MayPractise  string // yes, with_conditions, no or unknown
	Disciplinary bool
	AsOf         time.Time // of the data
}

// Envelopes are the newest of each format, in the order of Formats.
func (it Item) Envelopes() []Credential { return slices.Clone(it.envelopes) }

// envelope returns the item in one format.
func (it Item) envelope(f vc.Format) (Credential, bool) {
	if i := slices.Index(it.Formats, f); i >= 0 {
		return it.envelopes[i], true
	}
	return Credential{}, false
}

// List returns all licences, what expires soonest first and what does not
// expire last.
func (w *Wallet) List(ctx context.Context) ([]Item, error) {
	all, err := w.c.Store.Credentials(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing credentials: %w", err)
	}
	return w.items(side(all, false)), nil
}

// Delete removes a licence with all its envelopes for good, also one that was
// discarded. Code wallet_no_credential.
func (w *Wallet) Delete(ctx context.Context, id string) error {
	all, aside, err := w.All(ctx)
	if err != nil {
		return err
	}
	all = append(all, aside...)
	at := slices.IndexFunc(all, func(it Item) bool { return slices.Contains(it.ids, id) })
	if at < 0 {
		return explain.Errorf("wallet_no_credential", "no credential of this id")
	}
	// The one that gives the id goes last: what a crash leaves is found under it.
	for _, id := range slices.Backward(all[at].ids) {
		if _, err := w.c.Store.Delete(ctx, id); err != nil {
			return fmt.Errorf("deleting a credential: %w", err)
		}
	}
	return nil
}

// pair is what two envelopes must share to be shown as one. The index alone
// would do on the ledger; the rest keeps apart what an issuer mixed up.
type pair struct {
	issuer                      did.DID
	types, number, jurisdiction string
	index                       uint32
	bound                       bool
}

// items puts envelopes together and sorts the result.
func (w *Wallet) items(all []Credential) []Item {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Credential) int {
		return cmp.Or(a.Received.Compare(b.Received), strings.Compare(a.ID, b.ID))
	})
	var items []Item
	at := map[pair]int{}
	for _, c := range all {
		c.fill()
		it := -1
		if c.Index != nil {
			l := pair{c.Issuer, strings.Join(c.Types, " "), c.Number, c.Jurisdiction, *c.Index, c.Bound()}
			if i, ok := at[l]; ok {
				it = i
			} else {
				at[l] = len(items)
			}
		}
		if it < 0 {
			items, it = append(items, Item{}), len(items)
		}
		items[it].add(c)
	}
	data := w.data()
	for i := range items {
		w.finish(&items[i], data)
	}
	slices.SortFunc(items, func(a, b Item) int {
		x, y := a.end(), b.end()
		if x.IsZero() != y.IsZero() {
			if x.IsZero() {
				return 1
			}
			return -1
		}
		return cmp.Or(x.Compare(y), a.Received.Compare(b.Received), strings.Compare(a.ID, b.ID))
	})
	return items
}

// add takes an envelope in; of two in one format the later one counts.
func (it *Item) add(c Credential) {
	it.ids = append(it.ids, c.ID)
	switch i := slices.Index(it.Formats, c.Format); {
	case i >= 0:
		it.envelopes[i] = c
	case c.Format == vc.VCDM:
		it.Formats = slices.Insert(it.Formats, 0, c.Format)
		it.envelopes = slices.Insert(it.envelopes, 0, c)
	default:
		it.Formats, it.envelopes = append(it.Formats, c.Format), append(it.envelopes, c)
	}
}

// find returns the item that an envelope belongs to.
func (w *Wallet) find(all []Credential, id string) Item {
	items := w.items(side(all, false))
	return items[slices.IndexFunc(items, func(it Item) bool { return slices.Contains(it.ids, id) })]
}

// end is when the holder has to have acted: the licence's expiry, or the end
// of the credential where that is earlier or all there is.
func (c Credential) end() time.Time {
	if c.Expires.IsZero() || !c.ValidUntil.IsZero() && c.ValidUntil.Before(c.Expires) {
		return c.ValidUntil
	}
	return c.Expires
}

// finish fills in what is told about an item from its envelopes, the clock and
// the ledger data.
func (w *Wallet) finish(it *Item, data *pack.Data) {
	it.Credential = it.envelopes[0]
	it.ID = it.ids[0]
	warn := func(code string) { it.Warnings = append(it.Warnings, code) }
	now := w.now()
	switch end := it.end(); {
	case end.IsZero():
	case !it.ValidUntil.IsZero() && now.After(it.ValidUntil), it.ValidUntil.IsZero() && now.After(end):
		warn("wallet_expired")
	case now.After(end):
		warn("wallet_in_grace")
	case now.AddDate(0, 0, SoonDays).After(end):
		warn("wallet_expires_soon")
	}
	if !it.Bound() {
		warn("wallet_not_bound")
	}
	if data == nil || it.Index == nil {
		return
	}
	value, err := data.View.Status(it.Issuer, *it.Index)
	if err != nil { // the data is older than the page
		return
	}
	it.Standing = &Standing{value.String(), string(value.MayPractise()), value.Disciplinary(), data.AsOf}
	switch {
	case value == ledger.Void:
		warn("wallet_replaced")
	case value.MayPractise() == ledger.MayPractiseNo:
		warn("wallet_may_not_practise")
	case value.MayPractise() == ledger.MayPractiseWithConditions:
		warn("wallet_conditions")
	case value.MayPractise() == ledger.MayPractiseUnknown:
		warn("wallet_undecided")
	}
}

// data is the home's ledger data, nil where there is none that can be used.
func (w *Wallet) data() *pack.Data {
	if w.c.Data == nil {
		return nil
	}
	d, err := w.c.Data()
	if err != nil {
		return nil
	}
	return d
}
