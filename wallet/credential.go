package wallet

// Receiving, listing and deleting credentials.

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/vc"
)

// Credential is a kept credential. What it says was read when it was checked,
// from signed bytes only.
type Credential struct {
	ID       string    `json:"id"`    // eight characters of the wallet's own
	Bytes    []byte    `json:"bytes"` // as it was received
	Received time.Time `json:"received"`

	Issuer       did.DID   `json:"issuer"`
	Types        []string  `json:"types"`        // without VerifiableCredential
	Holder       did.DID   `json:"holder"`       // the wallet's own; "" for a register copy
	Number       string    `json:"number"`       // of the licence; "" where it names none
	Jurisdiction string    `json:"jurisdiction"` // as US-OH; "" where it names none
	ValidFrom    time.Time `json:"valid_from"`
	ValidUntil   time.Time `json:"valid_until"` // last moment; zero: none
	Expires      time.Time `json:"expires"`     // the licence's own expiry; zero: none. Later, up to ValidUntil, is grace
	Fields       []Field   `json:"fields"`      // everything said about the subject
}

// Field is one thing that a credential says about its subject.
type Field struct {
	Name  string `json:"name"` // members joined by dots, as licence.number
	Value string `json:"value"`
}

// Bound reports whether the credential was issued to this wallet. One that is
// not, a register copy, does not prove who presents it.
func (c Credential) Bound() bool { return c.Holder != "" }

// SoonDays is how many days before the expiry a credential is warned of.
const SoonDays = 90

// Item is a credential in the list.
type Item struct {
	Credential
	// Warnings are codes of the catalogue: wallet_expired, wallet_in_grace,
	// wallet_expires_soon, wallet_not_bound.
	Warnings []string
}

// Receive checks a credential and keeps it. What is kept already is returned as
// it is. Codes: wallet_not_made, wallet_presentation, wallet_other_holder,
// wallet_unchecked, and those of the checker.
func (w *Wallet) Receive(ctx context.Context, b []byte) (Item, error) {
	h, err := w.holder(ctx)
	if err != nil {
		return Item{}, err
	}
	p, err := vc.Parse(b)
	if err != nil {
		return Item{}, fmt.Errorf("receiving: %w", err)
	}
	if p.Kind() != vc.KindCredential {
		return Item{}, explain.Errorf("wallet_presentation", "a presentation instead of a credential")
	}
	a, err := w.c.Checker.Check(ctx, b)
	if err != nil {
		return Item{}, fmt.Errorf("receiving: %w", err)
	}
	if !a.Authentic() {
		return Item{}, explain.Errorf("wallet_unchecked", "the checker vouches for nothing")
	}
	if a.Holder() != "" && a.Holder() != h.DID {
		return Item{}, explain.Errorf("wallet_other_holder", "the credential is bound to another DID")
	}
	have, err := w.c.Store.Credentials(ctx)
	if err != nil {
		return Item{}, fmt.Errorf("receiving: %w", err)
	}
	for _, c := range have {
		if bytes.Equal(c.Bytes, b) {
			return w.item(c), nil
		}
	}
	c := read(a)
	c.Bytes, c.Received = bytes.Clone(b), w.now()
	if c.ID, err = w.newID(); err != nil {
		return Item{}, err
	}
	if err := w.c.Store.Add(ctx, c); err != nil {
		return Item{}, fmt.Errorf("receiving: %w", err)
	}
	return w.item(c), nil
}

// List returns all credentials, what expires soonest first and what does not
// expire last.
func (w *Wallet) List(ctx context.Context) ([]Item, error) {
	all, err := w.c.Store.Credentials(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing credentials: %w", err)
	}
	slices.SortFunc(all, func(a, b Credential) int {
		x, y := a.end(), b.end()
		if x.IsZero() != y.IsZero() {
			if x.IsZero() {
				return 1
			}
			return -1
		}
		return cmp.Or(x.Compare(y), a.Received.Compare(b.Received), strings.Compare(a.ID, b.ID))
	})
	items := make([]Item, len(all))
	for i, c := range all {
		items[i] = w.item(c)
	}
	return items, nil
}

// Delete removes a credential for good. Code wallet_no_credential.
func (w *Wallet) Delete(ctx context.Context, id string) error {
	ok, err := w.c.Store.Delete(ctx, id)
	if err != nil {
		return fmt.Errorf("deleting a credential: %w", err)
	}
	if !ok {
		return explain.Errorf("wallet_no_credential", "no credential of this id")
	}
	return nil
}

// end is when the holder has to have acted: the licence's expiry, or the end
// of the credential where that is earlier or all there is.
func (c Credential) end() time.Time {
	if c.Expires.IsZero() || !c.ValidUntil.IsZero() && c.ValidUntil.Before(c.Expires) {
		return c.ValidUntil
	}
	return c.Expires
}

func (w *Wallet) item(c Credential) Item {
	now, it := w.now(), Item{Credential: c}
	switch end := c.end(); {
	case end.IsZero():
	case !c.ValidUntil.IsZero() && now.After(c.ValidUntil), c.ValidUntil.IsZero() && now.After(end):
		it.Warnings = append(it.Warnings, "wallet_expired")
	case now.After(end):
		it.Warnings = append(it.Warnings, "wallet_in_grace")
	case now.AddDate(0, 0, SoonDays).After(end):
		it.Warnings = append(it.Warnings, "wallet_expires_soon")
	}
	if !c.Bound() {
		it.Warnings = append(it.Warnings, "wallet_not_bound")
	}
	return it
}

// read takes from a checked credential what the wallet shows of it.
func read(a vc.Authentic) Credential {
	c := Credential{Issuer: a.Issuer(), Holder: a.Holder()}
	for _, t := range a.Types() {
		if t != "VerifiableCredential" {
			c.Types = append(c.Types, t)
		}
	}
	c.ValidFrom, _ = a.ValidFrom()
	c.ValidUntil, _ = a.ValidUntil()
	subject := a.Claims()["credentialSubject"]
	c.Fields = flatten(nil, "", subject)
	if s, ok := subject.(map[string]any); ok {
		if l, ok := s["licence"].(map[string]any); ok {
			c.Number, _ = l["number"].(string)
			c.Jurisdiction, _ = l["jurisdiction"].(string)
			if day, ok := l["expires"].(string); ok {
				if t, err := time.Parse(time.DateOnly, day); err == nil {
					c.Expires = t.AddDate(0, 0, 1).Add(-time.Second) // the day itself still counts
				}
			}
		}
	}
	return c
}

// flatten lists what v says, members in order of their names.
func flatten(out []Field, name string, v any) []Field {
	under := func(n string) string { return strings.TrimPrefix(name+"."+n, ".") }
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if k != "type" { // says what kind of thing it is, which the name does
				out = flatten(out, under(k), v[k])
			}
		}
	case []any:
		for i, e := range v {
			out = flatten(out, under(strconv.Itoa(i+1)), e)
		}
	case string:
		out = append(out, Field{name, v})
	case json.Number:
		out = append(out, Field{name, v.String()})
	case bool:
		out = append(out, Field{name, strconv.FormatBool(v)})
	}
	return out
}
