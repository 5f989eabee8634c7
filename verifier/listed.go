package verifier

// Credentials of issuers outside the network, which the hospital lists itself
// (docs/listed-issuers.md). Nothing on the ledger vouches for them: no anchor
// says when they were issued, no accreditation that they might be.

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/template"
	"bonafide/vc"
	"bonafide/verifier/statuslist"
)

// listing is what the hospital's list says of the issuer of one credential.
type listing struct {
	entries []ListedIssuer // that name the issuer, those run out included
	unread  string         // the code that says why the list cannot be read
	id      did.DID        // "": the issuer is certified by the roots of the entries
	key     did.PublicKey  // that the roots certify
	doc     *did.Document  // of id, once it was found
}

// listed finds the entries of the list that name the issuer of a credential;
// nil means that it is judged by the ledger. What has an anchor, however
// malformed, or names a DID of the boards' method never comes here: a listing
// takes nothing from the ledger's word.
func (r *run) listed(p *vc.Parsed) (*listing, error) {
	r.uncertified = ""
	if r.v.outside == nil || p.AnchorHint() != "" {
		return nil, nil
	}
	if _, err := p.Leaf(r.data.View.ChainID(), [16]byte{}); explain.CodeOf(err) != "anchor_missing" {
		return nil, nil
	}
	name := p.IssuerHint()
	if strings.HasPrefix(name, "did:bonafide") {
		return nil, nil
	}
	all, err := r.v.outside.Listed()
	switch code := explain.CodeOf(err); {
	case code != "":
		return &listing{unread: code}, nil
	case err != nil:
		return nil, fmt.Errorf("reading the list of issuers: %w", err)
	}
	if id, err := did.Parse(name); err == nil && (p.Format() != vc.SDJWT || len(p.MethodHints()) > 0) {
		l := &listing{id: id}
		for _, e := range all {
			if e.Root == nil && e.ID == name {
				l.entries = append(l.entries, e)
			}
		}
		if len(l.entries) > 0 {
			return l, nil
		}
	}
	chain := p.CertificatesHint()
	if p.Format() != vc.SDJWT || len(chain) == 0 {
		return nil, nil
	}
	l := &listing{}
	for _, e := range all {
		if e.Root == nil {
			continue
		}
		k, err := vc.VerifyChain(chain, e.Root, name, r.moment())
		if err == nil {
			l.entries, l.key = append(l.entries, e), k
			continue
		}
		// What nearly held says more than what has nothing to do with it.
		if code := codeOr(err, "certificates_untrusted"); r.uncertified == "" || code != "certificates_untrusted" {
			r.uncertified = code
		}
	}
	if len(l.entries) == 0 {
		return nil, nil
	}
	return l, nil
}

// outsider makes the checks of a credential whose issuer is listed.
func (r *run) outsider(ctx context.Context, p *vc.Parsed, i int, l *listing) (vc.Authentic, error) {
	for _, id := range []string{CheckIssuerKey, CheckProof, CheckValidity} {
		r.require(id, i)
	}
	if l.unread != "" {
		r.note(CheckAnchor, i, Skipped, "not_run")
		r.noteAt(CheckIssuerKey, i, Unknown, l.unread, time.Time{})
		for _, id := range credentialChecks[2:] {
			r.note(id, i, Skipped, "not_run")
		}
		return vc.Authentic{}, nil
	}
	r.note(CheckAnchor, i, Skipped, "issuer_listed")
	keys, err := r.listedKey(ctx, p, i, l)
	if err != nil {
		return vc.Authentic{}, err
	}
	auth := r.proof(p, i, keys)
	if !auth.Authentic() {
		for _, id := range credentialChecks[3:] {
			r.note(id, i, Skipped, "not_run")
		}
		return vc.Authentic{}, nil
	}
	f := r.form(auth, r.data.Height)
	r.describe(auth, i, f)
	if c := &r.credentials[i]; *c.Issuer == "" {
		c.Issuer = ptr(l.entries[0].ID)
		if s, ok := auth.Claims()["issuer"].(string); ok {
			c.Issuer = ptr(s)
		}
	}
	entitled := r.entitled(auth, i, l, f)
	if f.tpl == nil {
		r.note(CheckTemplate, i, Skipped, "template_none")
	} else {
		r.require(CheckTemplate, i)
		r.template(outsiderClaims(f.claims(auth), auth), i, anchored{}, f.tpl, withheld(auth)|template.Outside)
	}
	switch _, ends := auth.ValidUntil(); {
	case r.at != nil:
		r.validThen(auth, i, true)
	case ends:
		r.validity(auth, i)
	default:
		r.openEnded(auth, i)
	}
	return auth, r.listedStatus(ctx, auth, i, l, entitled)
}

// outsiderClaims gives the subject of an SD-JWT the types that a template asks
// for and an SD-JWT has no claim for; a board's gets them from package vc.
func outsiderClaims(claims map[string]any, auth vc.Authentic) map[string]any {
	subject, ok := claims["credentialSubject"].(map[string]any)
	if !ok || auth.Format() != vc.SDJWT {
		return claims
	}
	if _, ok := subject["type"]; !ok {
		subject["type"] = "Practitioner"
	}
	if licence, ok := subject["licence"].(map[string]any); ok && licence["type"] == nil {
		licence["type"] = "Licence"
	}
	return claims
}

// listedKey finds the keys that a listed issuer signs with.
func (r *run) listedKey(ctx context.Context, p *vc.Parsed, i int, l *listing) (vc.KeyFunc, error) {
	if l.id == "" {
		r.noteAt(CheckIssuerKey, i, Pass, "issuer_key_certified", time.Time{})
		return func(_ string, purpose did.Relationship) (did.PublicKey, error) {
			if purpose != did.AssertionMethod {
				return did.PublicKey{}, explain.Errorf("method_wrong_purpose", "a certified key is for issuing")
			}
			return l.key, nil
		}, nil
	}
	doc, at, err := r.v.outside.Document(ctx, l.id)
	code := explain.CodeOf(err)
	switch {
	case err != nil && code == "":
		return nil, fmt.Errorf("reading the document of a listed issuer: %w", err)
	case err == nil && doc.ID != l.id:
		code = "did_id_mismatch"
	}
	if code != "" {
		r.noteAt(CheckIssuerKey, i, Unknown, code, time.Time{})
		return nil, nil
	}
	if l.id.Method() != "web" {
		at = time.Time{} // it follows from the DID and never changes
	}
	unsure := "" // why the issuer may have another key, or have had one
	switch {
	case at.IsZero():
	case r.at != nil: // a document has no history
		unsure = noHistory
	case r.age(at) > r.rule.MaxAge:
		unsure = "document_stale"
	}
	absent := func(code string) (vc.KeyFunc, error) {
		if unsure != "" {
			r.noteAt(CheckIssuerKey, i, Unknown, unsure, at)
		} else {
			r.noteAt(CheckIssuerKey, i, Fail, code, at)
		}
		return nil, nil
	}
	methods := p.MethodHints()
	if len(methods) == 0 {
		r.noteAt(CheckIssuerKey, i, Fail, unnamedKey(p), at)
		return nil, nil
	}
	keys, err := methodKeys(doc, methods)
	if err != nil {
		return absent(codeOr(err, "method_not_found"))
	}
	if err := sameKey(p, keys); err != nil {
		return absent(codeOr(err, "certificate_mismatch"))
	}
	l.doc = doc
	if unsure != "" {
		r.noteAt(CheckIssuerKey, i, Unknown, unsure, at)
	} else {
		r.noteAt(CheckIssuerKey, i, Pass, "issuer_key_listed", at)
	}
	return keyFunc(keys), nil
}

// age is how long ago something was fetched.
func (r *run) age(at time.Time) time.Duration { return r.clock.latest().Sub(at) }

// entitled judges what the list trusts the issuer for, and until when.
func (r *run) entitled(auth vc.Authentic, i int, l *listing, f form) bool {
	outcome, code := Fail, "not_accredited"
	if f.name == "" {
		code = "type_ambiguous"
	}
	for _, e := range l.entries {
		if f.name == "" || !slices.Contains(e.Types, f.name) && (auth.Vct() == "" || !slices.Contains(e.Types, auth.Vct())) {
			continue
		}
		if r.moment().After(e.Until) {
			outcome, code = Unknown, "listing_expired"
			continue
		}
		r.noteAt(CheckAccreditation, i, Skipped, "issuer_listed", time.Time{})
		name := e.Name
		if name == "" {
			name = e.ID
		}
		r.credentials[i].IssuerName = ptr(name)
		if !slices.Contains(r.trusted, name) {
			r.trusted = append(r.trusted, name)
		}
		return true
	}
	r.noteAt(CheckAccreditation, i, outcome, code, time.Time{})
	return false
}

// openEnded is validity for a credential that names no end: outside of the
// network there are such, a diploma for one.
func (r *run) openEnded(auth vc.Authentic, i int) {
	from, hasFrom := auth.ValidFrom()
	switch {
	case hasFrom && r.clock.latest().Add(clockTolerance).Before(from):
		r.note(CheckValidity, i, Fail, "not_yet_valid")
	case r.clock.behind():
		r.note(CheckValidity, i, Unknown, "clock_behind")
	default:
		r.note(CheckValidity, i, Pass, "validity_open")
	}
}

// finding is what one status entry says.
type finding struct {
	outcome Outcome
	code    string
	at      time.Time // when its list was fetched; zero: no list was read
}

// weight orders findings: what is heaviest is reported.
func (f finding) weight() int {
	switch {
	case f.outcome == Fail && f.code == "status_listed_revoked":
		return 5
	case f.outcome == Fail:
		return 4
	case f.outcome == Unknown:
		return 3
	case f.outcome == Pass:
		return 2
	}
	return 1
}

const (
	bitstringEntry = "BitstringStatusListEntry"
	tokenEntry     = "TokenStatusList"

	// maxStatusEntries bounds what one credential makes us read.
	maxStatusEntries = 8
)

// listedStatus reads the status lists that a credential names, from what sync
// fetched. Any entry that speaks against the credential decides.
func (r *run) listedStatus(ctx context.Context, auth vc.Authentic, i int, l *listing, entitled bool) error {
	entries := auth.StatusReferences()
	found := finding{outcome: Skipped, code: "status_not_named"}
	keep := func(f finding) {
		switch {
		case f.weight() > found.weight():
			found = f
		case f.weight() == found.weight() && !f.at.IsZero() && f.at.Before(found.at):
			found.at = f.at // as old as the oldest
		}
	}
	if _, err := auth.StatusIndex(); explain.CodeOf(err) != "status_missing" || len(entries) > maxStatusEntries || wideEntry(auth) {
		// A place in the ledger's pages, where it has none, or entries that
		// cannot be read.
		keep(finding{outcome: Unknown, code: "status_unsupported"})
		entries = entries[:min(len(entries), maxStatusEntries)]
	}
	if r.at != nil && len(entries) > 0 { // a list has no history
		keep(finding{outcome: Unknown, code: noHistory})
		entries = nil
	}
	for _, e := range entries {
		f, err := r.statusEntry(ctx, auth, l, e, entitled)
		if err != nil {
			return err
		}
		keep(f)
	}
	if found.outcome != Skipped {
		r.require(CheckStatus, i)
	}
	r.noteAt(CheckStatus, i, found.outcome, found.code, found.at)
	return nil
}

// wideEntry reports whether a BitstringStatusListEntry has more than one bit
// (statusSize). Its place in the list would be another, and its value one that
// only the issuer can explain.
func wideEntry(auth vc.Authentic) bool {
	if auth.Format() == vc.SDJWT {
		return false
	}
	entries, ok := auth.Claims()["credentialStatus"].([]any)
	if !ok {
		entries = []any{auth.Claims()["credentialStatus"]}
	}
	return slices.ContainsFunc(entries, func(e any) bool {
		m, _ := e.(map[string]any)
		size, ok := m["statusSize"]
		return ok && size != json.Number("1")
	})
}

// statusEntry judges one entry. An error is ours.
func (r *run) statusEntry(ctx context.Context, auth vc.Authentic, l *listing, e vc.StatusReference, entitled bool) (finding, error) {
	if !strings.HasPrefix(e.URI, "https://") || e.Kind != bitstringEntry && e.Kind != tokenEntry {
		return finding{outcome: Unknown, code: "status_unsupported"}, nil
	}
	f := finding{outcome: Unknown}
	b, at, err := r.v.outside.StatusList(ctx, e.URI)
	switch code := explain.CodeOf(err); {
	case code != "":
		f.code = code
	case err != nil:
		return f, fmt.Errorf("reading a status list: %w", err)
	default:
		f = r.readList(b, at, auth, l, e)
	}
	// Nothing is fetched on the word of an issuer that is not trusted.
	if f.outcome == Unknown && entitled && f.code != "status_listed_other" {
		err := r.v.outside.Queue(ctx, e.URI)
		switch code := explain.CodeOf(err); {
		case code != "": // the address is none that could be fetched from
			f.code = "status_unsupported"
		case err != nil:
			return f, fmt.Errorf("queueing a status list: %w", err)
		}
	}
	return f, nil
}

// fetched is what both kinds of status list come to.
type fetched struct {
	statuslist.List
	from  time.Time     // it says nothing before
	until time.Time     // nor after; zero: not named
	ttl   time.Duration // for how long a copy counts; zero: not named
}

// readList judges a list that was fetched and the value at the entry's place.
// What is set counts however old the list is; what is not set counts as long as
// the purpose and the list allow, whichever is shorter.
func (r *run) readList(b []byte, at time.Time, auth vc.Authentic, l *listing, e vc.StatusReference) finding {
	open := r.openToken
	if e.Kind == bitstringEntry {
		open = r.openBitstring
	}
	unknown := func(code string) finding { return finding{Unknown, code, at} }
	list, code := open(b, auth, l, e)
	if code != "" {
		return unknown(code)
	}
	value, err := list.At(e.Index)
	if err != nil {
		return finding{Fail, codeOr(err, "status_out_of_range"), at}
	}
	outcome, code := meaning(e, value)
	if outcome != Pass {
		return finding{outcome, code, at}
	}
	now, most := r.clock.latest(), r.rule.MaxAge
	if list.ttl > 0 {
		most = min(most, list.ttl)
	}
	switch {
	case now.Add(clockTolerance).Before(list.from):
		return unknown("status_list_not_yet")
	case !list.until.IsZero() && now.After(list.until), r.age(at) > most:
		return unknown("status_stale")
	}
	return finding{outcome, code, at}
}

// meaning is what a value at a credential's place says of it.
func meaning(e vc.StatusReference, value byte) (Outcome, string) {
	word := e.Purpose
	if e.Kind == tokenEntry { // draft-ietf-oauth-status-list, section 7.1
		word = map[byte]string{0: "revocation", 1: "revocation", 2: "suspension"}[value]
	}
	decides := word == "revocation" || word == "suspension"
	switch {
	case value == 0 && decides:
		return Pass, "status_listed_clear"
	case value == 0: // a message, say, that is not given
		return Skipped, "status_not_named"
	case word == "revocation":
		return Fail, "status_listed_revoked"
	case word == "suspension":
		return Fail, "status_listed_suspended"
	}
	return Unknown, "status_listed_other"
}

// openBitstring reads a Bitstring Status List (version 1.0, section 3.2) that
// the credential's own issuer signed. The code says why it counts for nothing.
func (r *run) openBitstring(b []byte, auth vc.Authentic, l *listing, e vc.StatusReference) (f fetched, code string) {
	p, err := vc.Parse(b)
	if err != nil || p.Kind() != vc.KindCredential || p.Format() != vc.VCDM {
		return f, "status_list_unusable"
	}
	if l.doc == nil || auth.Issuer() != l.doc.ID || p.IssuerHint() != l.doc.ID.String() {
		return f, "status_list_unproved"
	}
	keys, err := methodKeys(l.doc, p.MethodHints())
	if err != nil {
		return f, "status_list_unproved"
	}
	proved, err := p.Verify(keyFunc(keys))
	if err != nil {
		return f, "status_list_unproved"
	}
	list, err := statuslist.ReadBitstring(proved.Claims())
	if err != nil {
		return f, "status_list_unusable"
	}
	// Without the first, a server could answer with another of the issuer's
	// lists; a list may do without an id.
	if list.ID != "" && list.ID != e.URI || !slices.Contains(list.Purposes, e.Purpose) {
		return f, "status_list_other"
	}
	f = fetched{List: list.List, ttl: list.TTL}
	f.from, _ = proved.ValidFrom()
	f.until, _ = proved.ValidUntil()
	return f, ""
}

// openToken reads a Status List Token (draft-ietf-oauth-status-list, section
// 8.3) that the credential's own issuer signed.
func (r *run) openToken(b []byte, auth vc.Authentic, l *listing, e vc.StatusReference) (f fetched, code string) {
	issuer, _ := auth.Claims()["issuer"].(string)
	payload, err := vc.VerifyStatusListToken(b, func(kid string, chain [][]byte) (did.PublicKey, error) {
		if l.doc != nil {
			m, err := l.doc.Method(kid, did.AssertionMethod)
			return m.Key, err
		}
		for _, root := range l.entries {
			if k, err := vc.VerifyChain(chain, root.Root, issuer, r.clock.latest()); err == nil {
				return k, nil
			}
		}
		return did.PublicKey{}, explain.Errorf("certificates_untrusted", "a status list token by no listed root")
	})
	if err != nil {
		return f, "status_list_unproved"
	}
	list, err := statuslist.ReadToken(payload)
	if err != nil {
		return f, "status_list_unusable"
	}
	if list.Subject != e.URI || list.Issuer != "" && list.Issuer != issuer {
		return f, "status_list_other"
	}
	return fetched{list.List, list.Issued, list.Expires, list.TTL}, ""
}
