package wallet

// Presenting: what a request asks for, what will be shared, the presentation,
// and the log of it. Preview and Present make the same plan, so that what was
// shown is what is shared.

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/request"
	"bonafide/vc"
)

// MaxShared is the largest number of licences in one presentation. A
// presentation of an SD-JWT VC holds one.
const MaxShared = 32

// Choice is what the practitioner chose to share.
type Choice struct {
	IDs []string // of licences or of their envelopes
	// Format is the envelope. "" leaves it to the request, which may name those
	// that the hospital takes; where it names none it is VCDM, unless the request
	// or the choice names claims and there is an SD-JWT VC, which alone can leave
	// the others out.
	Format vc.Format
	// Claims are exactly the claims to share; a name covers what is beneath it.
	// nil: those that the request names, all of them where it names none.
	Claims []string
	// All shares every claim, whatever the request names.
	All bool
}

// Claim is one thing that a credential says, in a preview.
type Claim struct {
	Credential int // index in Items
	Field
	Shared bool
	Asked  bool // the request names it, or names no claims at all
	Always bool // no envelope of this format can leave it out
}

// Preview is what a presentation will share, to be shown before it is made.
type Preview struct {
	Audience string // who will get it, in their own words: nobody has checked them
	Purpose  string
	Expires  time.Time // of the request
	Format   vc.Format
	Items    []Item
	Claims   []Claim  // of all Items, shared or not
	Missing  []string // claims that the request names and no chosen credential has
	// Warnings are codes of the catalogue about the presentation as a whole:
	// wallet_answered_before, wallet_more_than_asked, wallet_less_than_asked.
	Warnings []string
}

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
	ID     string    `json:"id"`
	Types  []string  `json:"types"`
	Issuer did.DID   `json:"issuer"`
	Number string    `json:"number"`
	Format vc.Format `json:"format"` // "" in lines from before there were two: VCDM
	Claims []string  `json:"claims"` // the names of what was shared; nil in such lines: everything
}

// Candidates returns the licences that a request asks for and that are there in
// an envelope it takes, in the order of List. Codes: request_malformed,
// wallet_request_expired, request_not_yet.
func (w *Wallet) Candidates(ctx context.Context, requestFile []byte) ([]Item, error) {
	r, err := w.open(requestFile)
	if err != nil {
		return nil, err
	}
	all, err := w.List(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(it Item) bool {
		return !r.Asks(it.Types) || !slices.ContainsFunc(it.Formats, func(f vc.Format) bool { return takes(r, f) })
	}), nil
}

func takes(r *request.Request, f vc.Format) bool {
	return len(r.Formats) == 0 || slices.Contains(r.Formats, string(f))
}

// Preview says what Present would share for the same request and choice. Codes:
// as Present.
func (w *Wallet) Preview(ctx context.Context, requestFile []byte, c Choice) (Preview, error) {
	p, err := w.plan(ctx, requestFile, c)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{
		Audience: p.r.Audience, Purpose: p.r.Purpose, Expires: p.r.Expires,
		Format: p.format, Items: p.items, Claims: p.claims,
	}
	for _, name := range p.r.Claims {
		if !slices.ContainsFunc(p.claims, func(c Claim) bool { return covers(name, c.Name) }) {
			out.Missing = append(out.Missing, name)
		}
	}
	log, err := w.Log(ctx)
	if err != nil {
		return Preview{}, err
	}
	for code, is := range map[string]bool{
		"wallet_answered_before": slices.ContainsFunc(log, func(s Shared) bool { return s.Nonce == p.r.Nonce }),
		"wallet_more_than_asked": slices.ContainsFunc(p.claims, func(c Claim) bool { return c.Shared && !c.Asked && !c.Always }),
		"wallet_less_than_asked": slices.ContainsFunc(p.claims, func(c Claim) bool { return c.Asked && !c.Shared }),
	} {
		if is {
			out.Warnings = append(out.Warnings, code)
		}
	}
	slices.Sort(out.Warnings)
	return out, nil
}

// Present answers a request with exactly what was chosen, bound to its nonce and
// audience, and notes that in the log before it hands anything out. Codes:
// request_malformed, wallet_request_expired, request_not_yet, wallet_not_made,
// wallet_nothing_chosen, wallet_too_many, wallet_one_only, wallet_no_credential,
// wallet_not_asked, wallet_format_not_taken, wallet_format_missing,
// wallet_copy_unprovable, wallet_whole_only, wallet_shares_more,
// wallet_claim_unknown.
func (w *Wallet) Present(ctx context.Context, requestFile []byte, c Choice) ([]byte, error) {
	p, err := w.plan(ctx, requestFile, c)
	if err != nil {
		return nil, err
	}
	h, err := w.holder(ctx)
	if err != nil {
		return nil, err
	}
	line := Shared{At: w.now(), Audience: p.r.Audience, Purpose: p.r.Purpose, Nonce: p.r.Nonce}
	var credentials [][]byte
	for i, e := range p.envelopes {
		s := SharedCredential{ID: p.items[i].ID, Types: e.Types, Issuer: e.Issuer, Number: e.Number, Format: e.Format, Claims: []string{}}
		for _, c := range p.claims {
			if c.Credential == i && c.Shared {
				s.Claims = append(s.Claims, c.Name)
			}
		}
		line.Credentials = append(line.Credentials, s)
		credentials = append(credentials, e.Bytes)
	}
	var b []byte
	if p.format == vc.SDJWT {
		b, err = w.disclose(ctx, p)
	} else {
		b, err = w.sign(h, credentials, p.r.Nonce, p.r.Audience)
	}
	if err != nil {
		return nil, err
	}
	if err := w.c.Store.Log(ctx, line); err != nil {
		return nil, fmt.Errorf("noting what is shared: %w", err)
	}
	return b, nil
}

// disclose makes an SD-JWT with key binding of the planned claims, and reads it
// back: nothing leaves the wallet that was not planned.
func (w *Wallet) disclose(ctx context.Context, p plan) ([]byte, error) {
	pub, s, err := w.binding(ctx)
	if err != nil {
		return nil, err
	}
	b, err := vc.PresentSDJWT(p.envelopes[0].Bytes, p.disclose, p.r.Nonce, p.r.Audience, pub, w.now(), s.Sign)
	if err != nil {
		return nil, fmt.Errorf("presenting: %w", err)
	}
	back, err := vc.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("presenting: %w", err)
	}
	if !back.KeyBound() || !slices.Equal(slices.Sorted(slices.Values(back.DisclosedHint())), p.disclose) {
		return nil, fmt.Errorf("presenting: the presentation does not disclose what was planned")
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

// plan is a presentation before it is made.
type plan struct {
	r         *request.Request
	format    vc.Format
	items     []Item
	envelopes []Credential // of items, in format
	claims    []Claim      // of envelopes
	disclose  []string     // of an SD-JWT VC: the disclosures, sorted
}

func (w *Wallet) plan(ctx context.Context, requestFile []byte, c Choice) (plan, error) {
	r, err := w.open(requestFile)
	if err != nil {
		return plan{}, err
	}
	p := plan{r: r}
	if p.items, err = w.choose(ctx, r, c.IDs); err != nil {
		return plan{}, err
	}
	if p.format, err = formatFor(r, p.items, c); err != nil {
		return plan{}, err
	}
	for _, it := range p.items {
		e, ok := it.envelope(p.format)
		if !ok {
			return plan{}, explain.Errorf("wallet_format_missing", "a chosen credential is not kept as %s", p.format)
		}
		p.envelopes = append(p.envelopes, e)
	}
	if p.format == vc.SDJWT {
		err = p.selective(c)
	} else {
		err = p.whole(c)
	}
	return p, err
}

// choose returns the chosen licences, in the order of ids. A hospital must get
// nothing it did not ask for, even if the practitioner slips.
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
	for _, id := range ids {
		at := slices.IndexFunc(all, func(it Item) bool { return slices.Contains(it.ids, id) })
		if at < 0 {
			return nil, explain.Errorf("wallet_no_credential", "no credential of this id")
		}
		it := all[at]
		if slices.ContainsFunc(items, func(other Item) bool { return other.ID == it.ID }) {
			return nil, explain.Errorf("wallet_too_many", "a credential chosen twice")
		}
		if !r.Asks(it.Types) {
			return nil, explain.Errorf("wallet_not_asked", "a credential of a type that the request does not name")
		}
		items = append(items, it)
	}
	return items, nil
}

// formatFor decides which envelope answers, by the rules of Choice.Format.
func formatFor(r *request.Request, items []Item, c Choice) (vc.Format, error) {
	holds := func(f vc.Format) bool {
		for _, it := range items {
			e, ok := it.envelope(f)
			// Where nobody named the envelope, one that could not be presented is none.
			if !ok || f == vc.SDJWT && (len(items) > 1 || !e.Bound()) {
				return false
			}
		}
		return true
	}
	switch {
	case c.Format != "" && !takes(r, c.Format):
		return "", explain.Errorf("wallet_format_not_taken", "the request does not take %s", c.Format)
	case c.Format != "":
		return c.Format, nil
	case len(r.Formats) > 0:
		for _, f := range r.Formats {
			if holds(vc.Format(f)) {
				return vc.Format(f), nil
			}
		}
		return "", explain.Errorf("wallet_format_missing", "not kept in an envelope that the request takes")
	case (len(r.Claims) > 0 || len(c.Claims) > 0) && holds(vc.SDJWT), !holds(vc.VCDM):
		return vc.SDJWT, nil
	}
	return vc.VCDM, nil
}

// covers reports whether name is a claim or something above it.
func covers(name, claim string) bool {
	return claim == name || strings.HasPrefix(claim, name+".")
}

func anyCovers(names []string, claim string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return covers(n, claim) })
}

// whole plans a presentation of VCDM credentials, which have no parts to leave
// out. Where the request names claims, sharing the rest takes a word.
func (p *plan) whole(c Choice) error {
	if len(c.Claims) > 0 && !c.All {
		return explain.Errorf("wallet_whole_only", "claims chosen of a credential without selective disclosure")
	}
	for i, e := range p.envelopes {
		for _, f := range e.Fields {
			// The other envelope shows its holder's key and the jurisdiction too.
			always := f.Name == "id" || f.Name == "licence.jurisdiction"
			claim := Claim{Credential: i, Field: f, Shared: true, Asked: p.r.Names(f.Name), Always: always}
			if !claim.Asked && !claim.Always && !c.All {
				return explain.Errorf("wallet_shares_more", "the whole credential says more than the request names")
			}
			p.claims = append(p.claims, claim)
		}
	}
	return nil
}

// selective plans a presentation of an SD-JWT VC.
func (p *plan) selective(c Choice) error {
	if len(p.envelopes) > 1 {
		return explain.Errorf("wallet_one_only", "several credentials for one SD-JWT presentation")
	}
	e := p.envelopes[0]
	if !e.Bound() {
		return explain.Errorf("wallet_copy_unprovable", "an SD-JWT VC without a key cannot be presented")
	}
	for _, name := range c.Claims {
		known := func(claim string) bool { return covers(name, claim) }
		if !slices.ContainsFunc(e.Selective, known) && !slices.ContainsFunc(e.Fields, func(f Field) bool { return known(f.Name) }) {
			return explain.Errorf("wallet_claim_unknown", "a claim that the credential does not have")
		}
	}
	for _, s := range e.Selective {
		switch {
		case c.All, c.Claims != nil && anyCovers(c.Claims, s), c.Claims == nil && p.r.Names(s):
			p.disclose = append(p.disclose, s)
		}
	}
	// A disclosure can lie within another one, which then has to go with it.
	for _, s := range e.Selective {
		if !slices.Contains(p.disclose, s) && slices.ContainsFunc(p.disclose, func(d string) bool { return covers(s, d) }) {
			p.disclose = append(p.disclose, s)
		}
	}
	slices.Sort(p.disclose)
	for _, f := range e.Fields {
		claim := Claim{Field: f, Asked: p.r.Names(f.Name), Shared: true, Always: true}
		for _, s := range e.Selective {
			if covers(s, f.Name) {
				claim.Always = false
				claim.Shared = claim.Shared && slices.Contains(p.disclose, s)
			}
		}
		p.claims = append(p.claims, claim)
	}
	return nil
}
