package wallet

// What is kept: receiving, and reading what a credential says.

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/vc"
)

// Credential is one kept envelope. What it says was read when it was checked,
// from signed bytes only.
type Credential struct {
	ID       string    `json:"id"`    // eight characters of the wallet's own
	Bytes    []byte    `json:"bytes"` // as it was received; an SD-JWT VC without a final line feed
	Received time.Time `json:"received"`

	Format       vc.Format `json:"format"`
	Issuer       did.DID   `json:"issuer"`
	Types        []string  `json:"types"`        // without VerifiableCredential; of an SD-JWT VC the type registered for its vct
	Holder       did.DID   `json:"holder"`       // the wallet's own in a bound VCDM credential, else ""
	BindingKey   string    `json:"binding_key"`  // Multikey of the wallet's own in a bound SD-JWT VC, else ""
	Number       string    `json:"number"`       // of the licence; "" where it names none
	Jurisdiction string    `json:"jurisdiction"` // as US-OH; "" where it names none
	Index        *uint32   `json:"index"`        // into the issuer's status pages; nil where it names none
	ValidFrom    time.Time `json:"valid_from"`
	ValidUntil   time.Time `json:"valid_until"` // last moment; zero: none
	Expires      time.Time `json:"expires"`     // the licence's own expiry; zero: none. Later, up to ValidUntil, is grace
	Fields       []Field   `json:"fields"`      // everything said about the subject
	Selective    []string  `json:"selective"`   // claims that can be left out when presenting, as licence.number, sorted

	Discarded time.Time `json:"discarded,omitzero"` // when it was put aside; zero: it was not
}

// Field is one thing that a credential says about its subject.
type Field struct {
	Name  string `json:"name"` // members joined by dots, as licence.number
	Value string `json:"value"`
}

// Bound reports whether the credential was issued to this wallet. One that is
// not, a register copy, does not prove who presents it.
func (c Credential) Bound() bool { return c.Holder != "" || c.BindingKey != "" }

// Receive checks a credential and keeps it. The item that comes back is the
// licence with all its envelopes; what is kept already stays as it is. Codes:
// wallet_not_made, wallet_presentation, wallet_other_holder, wallet_unchecked,
// and those of the checker.
func (w *Wallet) Receive(ctx context.Context, b []byte) (Item, error) {
	h, err := w.holder(ctx)
	if err != nil {
		return Item{}, err
	}
	p, err := vc.Parse(b)
	if err != nil {
		return Item{}, fmt.Errorf("receiving: %w", err)
	}
	if p.Kind() != vc.KindCredential || p.KeyBound() {
		return Item{}, explain.Errorf("wallet_presentation", "a presentation instead of a credential")
	}
	a, err := w.c.Checker.Check(ctx, b)
	if err != nil {
		return Item{}, fmt.Errorf("receiving: %w", err)
	}
	if !a.Authentic() {
		return Item{}, explain.Errorf("wallet_unchecked", "the checker vouches for nothing")
	}
	c := read(a)
	c.Bytes, c.Format, c.Received = bytes.Clone(b), p.Format(), w.now()
	if p.Format() == vc.SDJWT {
		c.Bytes = bytes.TrimSuffix(c.Bytes, []byte("\n"))
		c.Selective = slices.Sorted(slices.Values(p.DisclosedHint())) // proved with the rest
		c.Types = []string{w.typeOf(a.Vct())}
	}
	if c.Holder != "" && c.Holder != h.DID {
		return Item{}, explain.Errorf("wallet_other_holder", "the credential is bound to another DID")
	}
	if c.BindingKey != "" {
		k, ok, err := w.c.Store.BindingKey(ctx)
		if err != nil {
			return Item{}, fmt.Errorf("receiving: %w", err)
		}
		if !ok || k.Public != c.BindingKey {
			return Item{}, explain.Errorf("wallet_other_holder", "the credential is bound to another key")
		}
	}
	have, err := w.c.Store.Credentials(ctx)
	if err != nil {
		return Item{}, fmt.Errorf("receiving: %w", err)
	}
	if at := slices.IndexFunc(have, func(k Credential) bool { return k.holds(c) }); at >= 0 {
		if !have[at].Discarded.IsZero() { // whoever takes it in again wants it back
			if err := w.PutBack(ctx, have[at].ID); err != nil {
				return Item{}, err
			}
			if have, err = w.c.Store.Credentials(ctx); err != nil {
				return Item{}, fmt.Errorf("receiving: %w", err)
			}
		}
		return w.find(have, have[at].ID), nil
	}
	if c.ID, err = w.newID(); err != nil {
		return Item{}, err
	}
	// The order in which things came decides which id an entry has and which of two
	// envelopes is the newer, so no two come at one time.
	for _, k := range have {
		if !c.Received.After(k.Received) {
			c.Received = k.Received.Add(time.Nanosecond)
		}
	}
	if err := w.c.Store.Add(ctx, c); err != nil {
		return Item{}, fmt.Errorf("receiving: %w", err)
	}
	it := w.find(append(have, c), c.ID)
	if it.Bound() && len(it.ids) == 1 {
		if err := w.answered(ctx, it.Issuer); err != nil {
			return Item{}, err
		}
	}
	return it, nil
}

// holds reports whether c adds nothing to k: it is the same, or the same SD-JWT VC
// with fewer claims disclosed, as somebody was shown it.
func (k Credential) holds(c Credential) bool {
	if c.Format != vc.SDJWT || k.Format != vc.SDJWT {
		return bytes.Equal(k.Bytes, c.Bytes)
	}
	signed := func(b []byte) string { jwt, _, _ := strings.Cut(string(b), "~"); return jwt }
	return signed(k.Bytes) == signed(c.Bytes) &&
		!slices.ContainsFunc(c.Selective, func(s string) bool { return !slices.Contains(k.Selective, s) })
}

// typeOf is the type that the boards registered for the vct of an SD-JWT VC; the
// vct itself unless there is exactly one.
func (w *Wallet) typeOf(vct string) string {
	d := w.data()
	if d == nil {
		return vct
	}
	var found []string
	for _, t := range d.View.Templates() {
		if t.VCT == vct {
			found = append(found, t.Type)
		}
	}
	if len(found) != 1 {
		return vct
	}
	return found[0]
}

// read takes from a checked credential what the wallet shows of it.
func read(a vc.Authentic) Credential {
	c := Credential{Issuer: a.Issuer(), Holder: a.Holder()}
	if k := a.HolderKey(); k.Kind() != 0 {
		c.BindingKey = k.Multikey()
	}
	if i, err := a.StatusIndex(); err == nil {
		c.Index = &i
	}
	for _, t := range a.Types() {
		if t != "VerifiableCredential" {
			c.Types = append(c.Types, t)
		}
	}
	c.ValidFrom, _ = a.ValidFrom()
	c.ValidUntil, _ = a.ValidUntil()
	subject := a.Claims()["credentialSubject"]
	for _, f := range vc.SubjectClaims(a) {
		c.Fields = append(c.Fields, Field(f))
	}
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

// fill completes a credential kept before wallets knew two envelopes: it is a
// VCDM one, and its status index was not noted. The bytes were checked when they
// were received and have been sealed since.
func (c *Credential) fill() {
	if c.Format != "" {
		return
	}
	c.Format = vc.VCDM
	doc, err := strictjson.Object(c.Bytes, strictjson.Default)
	if err != nil {
		return
	}
	list, _ := doc["credentialStatus"].([]any)
	if one, ok := doc["credentialStatus"].(map[string]any); ok {
		list = []any{one}
	}
	for _, e := range list {
		m, _ := e.(map[string]any)
		text, _ := m["statusIndex"].(string)
		if i, err := strconv.ParseUint(text, 10, 32); err == nil && m["type"] == "LedgerStatusEntry" {
			index := uint32(i)
			c.Index = &index
		}
	}
}
