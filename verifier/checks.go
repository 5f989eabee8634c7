package verifier

import (
	"errors"
	"strings"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/did/key"
	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/vc"
)

// credential makes the checks of one credential and keeps its place in the
// result. What is read before the proof holds only selects what is checked.
func (r *run) credential(p *vc.Parsed, i int) vc.Authentic {
	r.credentials = append(r.credentials, Credential{})
	for _, id := range credentialChecks {
		r.require(id, i)
	}
	if r.data == nil {
		code := codeOr(r.dataErr, "no_data")
		r.note(CheckAnchor, i, Unknown, code)
		for _, id := range credentialChecks[1:] {
			r.note(id, i, Skipped, "not_run")
		}
		return vc.Authentic{}
	}
	a := r.anchor(p, i)
	keys := r.issuerKey(p, i, a)
	auth := r.proof(p, i, keys)
	if !auth.Authentic() {
		for _, id := range credentialChecks[3:] {
			r.note(id, i, Skipped, "not_run")
		}
		return vc.Authentic{}
	}
	r.describe(auth, i)
	claims := auth.Claims()
	tpl := r.accreditation(auth, claims, i, a)
	r.template(claims, i, a, tpl)
	r.validity(auth, i)
	r.status(auth, i, a)
	return auth
}

// anchored is what the anchor told: at what height the credential is judged.
type anchored struct {
	outcome Outcome
	// height is the block after which keys and accreditations are judged: that
	// of the epoch, or the newest we hold where the epoch is newer still.
	height uint64
	// newer says that the epoch lies beyond our data: what our data does not
	// know may have come into being since.
	newer bool
	// known says that the ledger vouches for issuer, batch and epoch.
	known bool
	epoch uint64
	batch [32]byte
}

// anchor checks that the issuer's ledger key put this very content on the
// ledger, and when.
func (r *run) anchor(p *vc.Parsed, i int) anchored {
	view := r.data.View
	out := anchored{outcome: Fail, height: r.data.Height}
	hint := p.AnchorHint()
	if hint == "" {
		r.note(CheckAnchor, i, Fail, "anchor_missing")
		return out
	}
	a, err := ledger.ParseAnchor(hint)
	if err != nil {
		r.note(CheckAnchor, i, Fail, codeOr(err, "anchor_malformed"))
		return out
	}
	if last := view.LastEpoch(); a.Epoch > last {
		// A hint further ahead than epochs can have closed since is made up.
		if view.FarFuture(a.Epoch, r.clock.latest()) {
			r.note(CheckAnchor, i, Fail, "epoch_far_future")
			return out
		}
		out.outcome, out.newer = Unknown, true
		r.note(CheckAnchor, i, Unknown, "newer_than_data")
		return out
	}
	issuer, err := did.Parse(p.IssuerHint())
	if err != nil {
		r.note(CheckAnchor, i, Fail, "anchor_mismatch")
		return out
	}
	leaf, err := p.Leaf(view.ChainID(), a.Salt)
	if err != nil {
		r.note(CheckAnchor, i, Fail, codeOr(err, "anchor_mismatch"))
		return out
	}
	if err := view.CheckAnchor(a, issuer, leaf); err != nil {
		code := codeOr(err, "anchor_mismatch")
		if errors.Is(err, ledger.ErrEpochShrunk) {
			out.outcome = Unknown
		}
		r.note(CheckAnchor, i, out.outcome, code)
		if e, err := view.Epoch(a.Epoch); err == nil {
			out.height = e.Height
		}
		return out
	}
	e, err := view.Epoch(a.Epoch)
	if err != nil {
		r.note(CheckAnchor, i, Unknown, "epoch_shrunk")
		out.outcome = Unknown
		return out
	}
	batch, err := a.BatchRoot(leaf)
	if err != nil {
		r.note(CheckAnchor, i, Fail, "anchor_mismatch")
		return out
	}
	out = anchored{outcome: Pass, height: e.Height, known: true, epoch: a.Epoch, batch: batch}
	r.note(CheckAnchor, i, Pass, "anchored")
	return out
}

// issuerKey finds the issuer's document in force when the epoch closed and
// judges the keys that the credential names. The result hands out only keys
// that were in order; it is nil where there is none.
func (r *run) issuerKey(p *vc.Parsed, i int, a anchored) vc.KeyFunc {
	view := r.data.View
	// What our data does not know yet is unknown, what it would know is false.
	absent := Fail
	if a.newer {
		absent = Unknown
	}
	issuer, err := did.Parse(p.IssuerHint())
	if err != nil {
		r.note(CheckIssuerKey, i, Fail, "issuer_malformed")
		return nil
	}
	versions, err := view.Versions(issuer)
	if err != nil || len(versions) == 0 {
		r.note(CheckIssuerKey, i, absent, "issuer_unknown")
		return nil
	}
	var doc *did.Document
	deactivated := false
	for _, v := range versions {
		if v.Height <= a.height {
			doc, deactivated = v.Document, v.Deactivated
		}
	}
	switch {
	case doc == nil && !deactivated:
		r.note(CheckIssuerKey, i, absent, "issuer_not_yet")
		return nil
	case deactivated:
		r.note(CheckIssuerKey, i, absent, "issuer_deactivated")
		return nil
	}
	reports, err := view.Reports(issuer)
	if err != nil {
		r.note(CheckIssuerKey, i, Unknown, "issuer_unknown")
		return nil
	}
	methods := p.MethodHints()
	if len(methods) == 0 {
		r.note(CheckIssuerKey, i, Fail, "proof_missing")
		return nil
	}
	keys := map[string]did.PublicKey{}
	for _, m := range methods {
		vm, err := doc.Method(m, did.AssertionMethod)
		if err != nil {
			r.note(CheckIssuerKey, i, absent, codeOr(err, "method_not_found"))
			return nil
		}
		for _, rep := range reports {
			if rep.Issuing && rep.Key == vm.Key && a.height >= rep.FromHeight {
				r.note(CheckIssuerKey, i, Fail, "key_compromised")
				return nil
			}
		}
		keys[vm.ID] = vm.Key
	}
	if a.known {
		if _, reported := view.BatchReported(issuer, a.epoch, a.batch); reported {
			r.note(CheckIssuerKey, i, Fail, "ledger_key_compromised")
			return nil
		}
	}
	if a.newer {
		// The key is good as far as we know; it may have been withdrawn since.
		r.note(CheckIssuerKey, i, Unknown, "newer_than_data")
	} else {
		r.note(CheckIssuerKey, i, Pass, "issuer_key_in_force")
	}
	return func(method string, purpose did.Relationship) (did.PublicKey, error) {
		k, ok := keys[method]
		if !ok || purpose != did.AssertionMethod {
			return did.PublicKey{}, explain.Errorf("method_not_found", "verification method is not one that was judged")
		}
		return k, nil
	}
}

// proof checks the signatures. Without a key there is nothing to check with.
func (r *run) proof(p *vc.Parsed, i int, keys vc.KeyFunc) vc.Authentic {
	if keys == nil {
		r.note(CheckProof, i, Skipped, "not_run")
		return vc.Authentic{}
	}
	auth, err := p.Verify(keys)
	if err != nil {
		r.note(CheckProof, i, Fail, codeOr(err, "proof_invalid"))
		return vc.Authentic{}
	}
	r.note(CheckProof, i, Pass, "proof_holds")
	return auth
}

// describe fills in what the result says of an authentic credential.
func (r *run) describe(auth vc.Authentic, i int) {
	c := &r.credentials[i]
	if typ, ok := credentialType(auth); ok {
		c.Type = ptr(typ)
	}
	c.Issuer = ptr(auth.Issuer().String())
	if h := auth.Holder(); h != "" {
		c.Subject = ptr(h.String())
	}
	c.Bound = ptr(false)
}

// credentialType is the one type beside VerifiableCredential. A second one
// would leave open which accreditation is asked for.
func credentialType(auth vc.Authentic) (string, bool) {
	typ := ""
	for _, t := range auth.Types() {
		if t == "VerifiableCredential" {
			continue
		}
		if typ != "" {
			return "", false
		}
		typ = t
	}
	return typ, typ != ""
}

// accreditation checks that the issuer was entitled to this type in this
// jurisdiction when it anchored the credential, and still stands.
func (r *run) accreditation(auth vc.Authentic, claims map[string]any, i int, a anchored) *ledger.Template {
	view := r.data.View
	absent := Fail
	if a.newer {
		absent = Unknown
	}
	typ, ok := credentialType(auth)
	if !ok {
		r.note(CheckAccreditation, i, Fail, "type_ambiguous")
		return nil
	}
	tpl, err := view.Template(typ, a.height)
	if err != nil {
		r.note(CheckAccreditation, i, absent, "template_unknown")
		return nil
	}
	jurisdiction, ok := pointerString(claims, tpl.Jurisdiction)
	if !ok {
		r.note(CheckAccreditation, i, Fail, "jurisdiction_missing")
		return &tpl
	}
	switch view.Standing(auth.Issuer(), typ, jurisdiction, a.height) {
	case ledger.Active:
	default:
		r.note(CheckAccreditation, i, absent, "not_accredited")
		return &tpl
	}
	// It was entitled then. What stands in the newest data decides whether its
	// word is still kept up to date.
	switch view.Standing(auth.Issuer(), typ, jurisdiction, r.data.Height) {
	case ledger.Active:
		if a.newer {
			r.note(CheckAccreditation, i, Unknown, "newer_than_data")
			return &tpl
		}
		r.note(CheckAccreditation, i, Pass, "accredited")
	case ledger.Suspended:
		r.note(CheckAccreditation, i, Unknown, "issuer_suspended")
	default:
		if view.HandedOver(auth.Issuer()) {
			r.note(CheckAccreditation, i, Pass, "accredited_handed_over")
			return &tpl
		}
		r.note(CheckAccreditation, i, Unknown, "issuer_ended")
	}
	return &tpl
}

// template checks the claims against the schema that the boards registered.
func (r *run) template(claims map[string]any, i int, a anchored, tpl *ledger.Template) {
	if tpl == nil {
		r.note(CheckTemplate, i, Skipped, "not_run")
		return
	}
	if err := r.v.schemata.validate(tpl, claims); err != nil {
		r.note(CheckTemplate, i, Fail, codeOr(err, "template_mismatch"))
		return
	}
	if a.newer {
		r.note(CheckTemplate, i, Unknown, "newer_than_data")
		return
	}
	r.note(CheckTemplate, i, Pass, "template_fits")
}

// validity checks the credential's own dates, the grace of the jurisdiction
// included. A clock that is behind makes it unknown, unless it has ended even
// at the floor.
func (r *run) validity(auth vc.Authentic, i int) {
	from, hasFrom := auth.ValidFrom()
	until, hasUntil := auth.ValidUntil()
	now := r.clock.latest()
	switch {
	case !hasUntil:
		r.note(CheckValidity, i, Fail, "validity_missing")
	case now.After(until):
		r.note(CheckValidity, i, Fail, "expired")
	case r.clock.behind():
		r.note(CheckValidity, i, Unknown, "clock_behind")
	case hasFrom && now.Add(clockTolerance).Before(from):
		r.note(CheckValidity, i, Fail, "not_yet_valid")
	default:
		r.note(CheckValidity, i, Pass, "in_validity")
	}
}

// status reads what the board says today about the licence.
func (r *run) status(auth vc.Authentic, i int, a anchored) {
	view := r.data.View
	index, err := auth.StatusIndex()
	if err != nil {
		r.note(CheckStatus, i, Fail, codeOr(err, "status_missing"))
		return
	}
	value, err := view.Status(auth.Issuer(), index)
	if err != nil {
		if a.newer {
			r.note(CheckStatus, i, Unknown, "newer_than_data")
		} else {
			r.note(CheckStatus, i, Fail, "status_no_page")
		}
		return
	}
	word := value.String()
	may := value.MayPractise()
	r.credentials[i].Licence = Licence{
		Status: ptr(word), MayPractise: ptr(string(may)), Disciplinary: ptr(value.Disciplinary()),
	}
	code := "status_" + word
	switch may {
	case ledger.MayPractiseYes:
		r.note(CheckStatus, i, Pass, code)
	case ledger.MayPractiseWithConditions:
		r.note(CheckStatus, i, Pass, code)
		r.conditions = r.whomToAsk(auth)
	case ledger.MayPractiseNo:
		r.note(CheckStatus, i, Fail, code)
	default:
		r.note(CheckStatus, i, Unknown, code)
	}
}

// whomToAsk is the sentence that names the board's desk for conditions.
func (r *run) whomToAsk(auth vc.Authentic) string {
	name, contact := "", ""
	if versions, err := r.data.View.Versions(auth.Issuer()); err == nil {
		for _, v := range versions {
			if v.Document != nil {
				name, contact = bonafide.Desk(v.Document)
			}
		}
	}
	if name == "" {
		name = auth.Issuer().String()
	}
	if contact == "" {
		return "Ask the board what they are: " + name + "."
	}
	return "Ask the board what they are: " + name + ", " + contact + "."
}

// freshness judges the age of the data for the purpose.
func (r *run) freshness() {
	if r.data == nil {
		r.note(CheckFreshness, -1, Unknown, codeOr(r.dataErr, "no_data"))
		return
	}
	switch {
	case r.clock.latest().Sub(r.data.AsOf) > r.rule.MaxAge:
		r.note(CheckFreshness, -1, Unknown, "stale")
	case r.clock.behind():
		r.note(CheckFreshness, -1, Unknown, "clock_behind")
	default:
		r.note(CheckFreshness, -1, Pass, "fresh")
	}
}

// holderKey resolves the key of a presentation's proof: only DIDs that carry
// their key, and only for authentication.
func (r *run) holderKey(method string, purpose did.Relationship) (did.PublicKey, error) {
	if purpose != did.Authentication {
		return did.PublicKey{}, explain.Errorf("method_wrong_purpose", "a presentation is signed for authentication")
	}
	u, err := did.ParseURL(method)
	if err != nil {
		return did.PublicKey{}, explain.Errorf("method_not_found", "reading the method: %w", err)
	}
	if u.DID.Method() != "key" {
		return did.PublicKey{}, explain.Errorf("holder_method_unsupported", "holder uses a DID method that carries no key")
	}
	k, err := key.Public(u.DID)
	if err != nil {
		return did.PublicKey{}, err
	}
	if u.Path != "" || u.Query != "" || u.Fragment != u.DID.Specific() {
		return did.PublicKey{}, explain.Errorf("method_not_found", "did:key has no such method")
	}
	return k, nil
}

// pointerString follows an RFC 6901 pointer to a string.
func pointerString(v any, pointer string) (string, bool) {
	if pointer == "" || pointer[0] != '/' {
		return "", false
	}
	for _, tok := range strings.Split(pointer[1:], "/") {
		tok = strings.ReplaceAll(strings.ReplaceAll(tok, "~1", "/"), "~0", "~")
		m, ok := v.(map[string]any)
		if !ok {
			return "", false
		}
		if v, ok = m[tok]; !ok {
			return "", false
		}
	}
	s, ok := v.(string)
	return s, ok && s != ""
}
