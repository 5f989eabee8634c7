package verifier

// The checks of one credential, in the order in which they are reported.

import (
	"context"
	"slices"
	"strings"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/did/key"
	"bonafide/internal/explain"
	"bonafide/internal/template"
	"bonafide/ledger"
	"bonafide/vc"
)

// credential makes the checks of one credential and keeps its place in the
// result. What is read before the proof holds only selects what is checked. An
// error is ours.
func (r *run) credential(ctx context.Context, p *vc.Parsed, i int) (vc.Authentic, error) {
	r.credentials = append(r.credentials, Credential{})
	r.types = append(r.types, nil)
	if r.data != nil {
		if l, err := r.listed(p); err != nil || l != nil {
			if err != nil {
				return vc.Authentic{}, err
			}
			return r.outsider(ctx, p, i, l)
		}
	}
	for _, id := range credentialChecks {
		r.require(id, i)
	}
	if r.data == nil {
		code := codeOr(r.dataErr, "no_data")
		r.note(CheckAnchor, i, Unknown, code)
		for _, id := range credentialChecks[1:] {
			r.note(id, i, Skipped, "not_run")
		}
		return vc.Authentic{}, nil
	}
	a := r.anchor(p, i)
	auth := r.proof(p, i, r.issuerKey(p, i, a))
	if !auth.Authentic() {
		for _, id := range credentialChecks[3:] {
			r.note(id, i, Skipped, "not_run")
		}
		return vc.Authentic{}, nil
	}
	f := r.form(auth, a.height)
	r.describe(auth, i, f)
	r.credentials[i].Desk = r.keeperDesk(auth.Issuer())
	if a.later {
		for _, id := range credentialChecks[3:] {
			r.note(id, i, Skipped, "not_run")
		}
		return auth, nil
	}
	claims := f.claims(auth)
	if r.accreditation(auth, claims, i, a, f) {
		r.template(claims, i, a, f.tpl, withheld(auth))
	} else {
		r.note(CheckTemplate, i, Skipped, "not_run")
	}
	r.validity(auth, i)
	return auth, r.status(ctx, auth, i, a)
}

// anchored is what the anchor told: at what height the credential is judged.
type anchored struct {
	// height is the block after which keys and accreditations are judged: that
	// of the epoch, or the newest we hold where the data does not tell it.
	height uint64
	// unsure is the code that says why the data does not tell the height: the
	// epoch is newer than the data, or only a hash of it is left. What such
	// data lacks is unknown, not false.
	unsure string
	// later says that the ledger did not hold the credential yet at the time
	// asked about.
	later bool
	// known says that the ledger vouches for issuer, batch and epoch.
	known bool
	epoch uint64
	batch [32]byte
}

const (
	newerThanData = "newer_than_data"
	epochShrunk   = "epoch_shrunk"
)

// absent notes that the data lacks what a check looked for.
func (r *run) absent(id string, i int, a anchored, code string) {
	if a.unsure != "" {
		r.note(id, i, Unknown, a.unsure)
		return
	}
	r.note(id, i, Fail, code)
}

// anchor checks that the issuer's ledger key put this very content on the
// ledger, and when.
func (r *run) anchor(p *vc.Parsed, i int) anchored {
	view := r.data.View
	out := anchored{height: r.data.Height}
	fail := func(err error, general string) anchored {
		r.note(CheckAnchor, i, Fail, codeOr(err, general))
		return out
	}
	hint := p.AnchorHint()
	if hint == "" {
		_, err := p.Leaf(view.ChainID(), [16]byte{}) // says whether there is none or more than one
		return fail(err, "anchor_missing")
	}
	a, err := ledger.ParseAnchor(hint)
	if err != nil {
		return fail(err, "anchor_malformed")
	}
	if a.Epoch > view.LastEpoch() {
		// A hint further ahead than epochs can have closed since is made up.
		if view.FarFuture(a.Epoch, r.clock.latest()) {
			return fail(nil, "epoch_far_future")
		}
		out.unsure = newerThanData
		if r.at != nil && !r.at.beyond {
			out.later = true
			return fail(nil, "anchored_later")
		}
		r.note(CheckAnchor, i, Unknown, out.unsure)
		return out
	}
	e, err := view.Epoch(a.Epoch)
	if err != nil {
		out.unsure = epochShrunk
		r.note(CheckAnchor, i, Unknown, out.unsure)
		return out
	}
	out.height = e.Height
	issuer, err := did.Parse(p.IssuerHint())
	if err != nil {
		return fail(nil, "anchor_mismatch")
	}
	leaf, err := p.Leaf(view.ChainID(), a.Salt)
	if err != nil {
		return fail(err, "anchor_mismatch")
	}
	if err := view.CheckAnchor(a, issuer, leaf); err != nil {
		return fail(err, "anchor_mismatch")
	}
	batch, err := a.BatchRoot(leaf)
	if err != nil {
		return fail(err, "anchor_mismatch")
	}
	out.known, out.epoch, out.batch = true, a.Epoch, batch
	if r.at != nil && e.Height > r.at.last {
		out.later = true
		return fail(nil, "anchored_later")
	}
	r.note(CheckAnchor, i, Pass, "anchored")
	return out
}

// issuerKey finds the issuer's document in force when the epoch closed and
// judges the keys that the credential names. The result hands out only keys
// that were in order; it is nil where there is none.
func (r *run) issuerKey(p *vc.Parsed, i int, a anchored) vc.KeyFunc {
	view := r.data.View
	issuer, err := did.Parse(p.IssuerHint())
	if err != nil || r.uncertified != "" {
		code := "issuer_malformed"
		if r.uncertified != "" {
			code = r.uncertified
		}
		r.note(CheckIssuerKey, i, Fail, code)
		return nil
	}
	versions, err := view.Versions(issuer)
	if err != nil || len(versions) == 0 {
		r.absent(CheckIssuerKey, i, a, "issuer_unknown")
		return nil
	}
	var docs []*did.Document // that may have been in force, the likeliest first
	deactivated := false
	for _, v := range versions {
		if v.Height > a.height {
			break
		}
		if deactivated = v.Deactivated; v.Document != nil {
			docs = append([]*did.Document{v.Document}, docs...)
		}
	}
	switch {
	case len(docs) == 0:
		r.absent(CheckIssuerKey, i, a, "issuer_not_yet")
		return nil
	case deactivated && a.unsure != epochShrunk: // it ends a DID for good, so also for what is newer
		r.note(CheckIssuerKey, i, Fail, "issuer_deactivated")
		return nil
	case a.unsure != epochShrunk:
		docs = docs[:1]
	}
	methods := p.MethodHints()
	if len(methods) == 0 {
		r.note(CheckIssuerKey, i, Fail, unnamedKey(p))
		return nil
	}
	keys, err := methodKeys(docs[0], methods)
	for _, d := range docs[1:] {
		if err == nil {
			break
		}
		if older, e := methodKeys(d, methods); e == nil {
			keys, err = older, nil
		}
	}
	if err != nil {
		r.absent(CheckIssuerKey, i, a, codeOr(err, "method_not_found"))
		return nil
	}
	if err := sameKey(p, keys); err != nil {
		r.note(CheckIssuerKey, i, Fail, codeOr(err, "certificate_mismatch"))
		return nil
	}
	reports, err := view.Reports(issuer)
	if err != nil {
		r.note(CheckIssuerKey, i, Unknown, "issuer_unknown")
		return nil
	}
	for _, rep := range reports {
		for _, k := range keys {
			if rep.Key == k && a.height >= rep.FromHeight && a.unsure != epochShrunk {
				r.note(CheckIssuerKey, i, Fail, r.hindsight(rep, "key_compromised"))
				return nil
			}
		}
	}
	if a.known {
		if rep, reported := view.BatchReported(issuer, a.epoch, a.batch); reported {
			r.note(CheckIssuerKey, i, Fail, r.hindsight(rep, "ledger_key_compromised"))
			return nil
		}
	}
	if a.unsure != "" {
		// The key is good as far as we know; it may have been withdrawn since.
		r.note(CheckIssuerKey, i, Unknown, a.unsure)
	} else {
		r.note(CheckIssuerKey, i, Pass, "issuer_key_in_force")
	}
	return keyFunc(keys)
}

// keyFunc hands out the keys that were judged, and for asserting alone.
func keyFunc(keys map[string]did.PublicKey) vc.KeyFunc {
	return func(method string, purpose did.Relationship) (did.PublicKey, error) {
		k, ok := keys[method]
		if !ok || purpose != did.AssertionMethod {
			return did.PublicKey{}, explain.Errorf("method_not_found", "verification method is not one that was judged")
		}
		return k, nil
	}
}

// unnamedKey is the code for a credential that names no key of its issuer.
func unnamedKey(p *vc.Parsed) string {
	if p.Format() == vc.SDJWT { // it is signed, but by whom?
		return "method_not_named"
	}
	return "proof_missing"
}

// sameKey holds the certificates that come with a credential to the key that
// its issuer's document names. They are for readers who know no DIDs: here they
// are never a source of the key, but they must not name another one either.
func sameKey(p *vc.Parsed, keys map[string]did.PublicKey) error {
	chain := p.CertificatesHint()
	if len(chain) == 0 {
		return nil
	}
	k, err := vc.CertificateKey(chain[0])
	if err != nil {
		return err
	}
	for _, named := range keys {
		if named != k {
			return explain.Errorf("certificate_mismatch", "the certificate is of another key than the method")
		}
	}
	return nil
}

// methodKeys finds the keys of methods that may assert for the document's DID.
func methodKeys(d *did.Document, methods []string) (map[string]did.PublicKey, error) {
	keys := make(map[string]did.PublicKey, len(methods))
	for _, m := range methods {
		vm, err := d.Method(m, did.AssertionMethod)
		if err != nil {
			return nil, err
		}
		keys[vm.ID] = vm.Key
	}
	return keys, nil
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

// form is the registered form that a credential says it has.
type form struct {
	// name is the credential's one type: its VC type, or what an SD-JWT's vct
	// stands for; "" where it names none or more than one.
	name      string
	tpl       *ledger.Template // nil: none is registered
	ambiguous bool             // several templates have this vct
}

// form finds the template of a credential in the state after height: by its one
// type, or by its vct where it is an SD-JWT.
func (r *run) form(auth vc.Authentic, height uint64) form {
	view := r.data.View
	if auth.Format() != vc.SDJWT {
		f := form{name: credentialType(auth)}
		if t, err := view.Template(f.name, height); f.name != "" && err == nil {
			f.tpl = &t
		}
		return f
	}
	f := form{name: auth.Vct()}
	for _, newest := range view.Templates() {
		t, err := view.Template(newest.Type, height)
		if err != nil || t.VCT != auth.Vct() {
			continue
		}
		if f.tpl != nil {
			return form{ambiguous: true}
		}
		f.name, f.tpl = t.Type, &t
	}
	return f
}

// claims are what the credential says, in the shape that its template knows.
func (f form) claims(auth vc.Authentic) map[string]any {
	c := auth.Claims()
	if auth.Format() == vc.SDJWT && f.tpl != nil {
		c["type"] = []any{"VerifiableCredential", f.tpl.Type}
	}
	return c
}

// describe fills in what the result says of an authentic credential.
func (r *run) describe(auth vc.Authentic, i int, f form) {
	c := &r.credentials[i]
	if f.name != "" {
		c.Type = ptr(f.name)
	}
	r.types[i] = auth.Types()
	if auth.Format() == vc.SDJWT {
		r.types[i] = []string{f.name, auth.Vct()}
	}
	c.Issuer = ptr(auth.Issuer().String())
	if name, _ := r.desk(auth.Issuer()); name != "" {
		c.IssuerName = ptr(name)
	}
	if until, ends := auth.ValidUntil(); ends {
		c.Until = &until
	}
	if h := holderOf(auth); h != "" {
		c.Subject = ptr(h.String())
	}
	c.Bound = ptr(false)
	c.Says = vc.SubjectClaims(auth)
}

// holderOf is whom the credential is bound to, "" for nobody: the subject, or the
// did:key of the key that an SD-JWT names.
func holderOf(auth vc.Authentic) did.DID {
	if auth.Format() != vc.SDJWT {
		return auth.Holder()
	}
	if k := auth.HolderKey(); k.Kind() != 0 {
		return key.New(k)
	}
	return ""
}

// credentialType is the one type beside VerifiableCredential, "" where there is
// none. A second one would leave open which accreditation is asked for.
func credentialType(auth vc.Authentic) string {
	typ := ""
	for _, t := range auth.Types() {
		if t == "VerifiableCredential" {
			continue
		}
		if typ != "" {
			return ""
		}
		typ = t
	}
	return typ
}

// accreditation checks that the issuer was entitled to this type in this
// jurisdiction when it anchored the credential, and still stands. The template
// says where the jurisdiction is named; without one nothing can be asked here.
// It reports false where there is no one type to hold to a template.
func (r *run) accreditation(auth vc.Authentic, claims map[string]any, i int, a anchored, f form) bool {
	switch {
	case f.ambiguous:
		r.absent(CheckAccreditation, i, a, "type_ambiguous")
		return false
	case f.name == "":
		r.note(CheckAccreditation, i, Fail, "type_ambiguous")
		return false
	case f.tpl == nil:
		r.note(CheckAccreditation, i, Skipped, "not_run")
		return true
	}
	typ := f.tpl.Type
	jurisdiction, ok := pointerString(claims, f.tpl.Jurisdiction)
	if !ok {
		r.absent(CheckAccreditation, i, a, "jurisdiction_missing")
		return true
	}
	if r.data.View.Standing(auth.Issuer(), typ, jurisdiction, a.height) != ledger.Active {
		r.absent(CheckAccreditation, i, a, "not_accredited")
		return true
	}
	if a.unsure != "" {
		r.note(CheckAccreditation, i, Unknown, a.unsure)
		return true
	}
	// It was entitled then. What stands in the newest data, or stood at the time
	// asked about, decides whether somebody still kept its word up to date.
	o, code := r.vouched(auth.Issuer(), typ, jurisdiction)
	r.note(CheckAccreditation, i, o, code)
	return true
}

// vouched tells whether anybody answers for the status of what the issuer
// issued, today or at the time asked about: the issuer itself, or whoever its
// pages were handed to.
func (r *run) vouched(issuer did.DID, typ, jurisdiction string) (Outcome, string) {
	keeper := r.keeper(issuer)
	standing := r.data.View.Standing(issuer, typ, jurisdiction, r.height())
	code := "accredited"
	if keeper != issuer {
		standing, code = r.standsAtAll(keeper), "accredited_handed_over"
	}
	if r.closed(keeper) {
		return Unknown, r.then("issuer_closed")
	}
	switch standing {
	case ledger.Active:
		return Pass, r.then(code)
	case ledger.Suspended:
		return Unknown, r.then("issuer_suspended")
	}
	return Unknown, r.then("issuer_ended")
}

// standsAtAll is the best standing that an issuer has for anything. Pages may
// be handed to an issuer of other types.
func (r *run) standsAtAll(issuer did.DID) ledger.Standing {
	best := ledger.None
	for _, e := range r.data.View.Accreditations(issuer) {
		switch r.data.View.Standing(issuer, e.Type, e.Jurisdiction, r.height()) {
		case ledger.Active:
			return ledger.Active
		case ledger.Suspended:
			best = ledger.Suspended
		}
	}
	return best
}

// template checks the claims against the schema that the boards registered, or
// the part of it that can be asked for.
func (r *run) template(claims map[string]any, i int, a anchored, tpl *ledger.Template, ask template.Ask) {
	if tpl == nil {
		r.absent(CheckTemplate, i, a, "template_unknown")
		return
	}
	err := r.v.schemata.ValidateAs(*tpl, claims, ask)
	switch code := explain.CodeOf(err); {
	case err == nil && a.unsure != "":
		r.note(CheckTemplate, i, Unknown, a.unsure)
	case err == nil:
		r.note(CheckTemplate, i, Pass, "template_fits")
	case code == "template_unusable":
		r.note(CheckTemplate, i, Unknown, code)
	default:
		r.absent(CheckTemplate, i, a, codeOr(err, "template_mismatch"))
	}
}

// withheld says how much of a template's schema a credential can be asked for:
// of claims that its holder may have withheld, only for those that are there.
func withheld(auth vc.Authentic) template.Ask {
	if auth.Partial() {
		return template.Disclosed
	}
	return 0
}

// validity checks the credential's own dates, the grace of the jurisdiction
// included. A clock that is behind makes it unknown, unless it fails at the
// floor too.
func (r *run) validity(auth vc.Authentic, i int) {
	if r.at != nil {
		r.validThen(auth, i, false)
		return
	}
	from, hasFrom := auth.ValidFrom()
	until, hasUntil := auth.ValidUntil()
	now := r.clock.latest()
	switch {
	case !hasUntil:
		r.note(CheckValidity, i, Fail, "validity_missing")
	case now.After(until):
		r.note(CheckValidity, i, Fail, "expired")
	case hasFrom && now.Add(clockTolerance).Before(from):
		r.note(CheckValidity, i, Fail, "not_yet_valid")
	case r.clock.behind():
		r.note(CheckValidity, i, Unknown, "clock_behind")
	default:
		r.note(CheckValidity, i, Pass, "in_validity")
	}
}

// status reads what the board says about the licence, today or at the time
// asked about. An error is ours.
func (r *run) status(ctx context.Context, auth vc.Authentic, i int, a anchored) error {
	view := r.data.View
	index, err := auth.StatusIndex()
	if err != nil {
		r.note(CheckStatus, i, Fail, codeOr(err, "status_missing"))
		return nil
	}
	value, err := view.Status(auth.Issuer(), index)
	if err != nil {
		r.absent(CheckStatus, i, a, "status_no_page")
		return nil
	}
	if r.at != nil {
		then, code, err := r.statusThen(ctx, auth.Issuer(), index, value)
		if err != nil {
			return err
		}
		if code != "" {
			r.note(CheckStatus, i, Unknown, code)
			return nil
		}
		value = then
	}
	word := value.String()
	may := value.MayPractise()
	r.credentials[i].Licence = Licence{
		Status: ptr(word), MayPractise: ptr(string(may)), Disciplinary: ptr(value.Disciplinary()),
	}
	code := r.then("status_" + word)
	switch may {
	case ledger.MayPractiseYes:
		r.note(CheckStatus, i, Pass, code)
	case ledger.MayPractiseWithConditions:
		r.note(CheckStatus, i, Pass, code)
		if ask := r.whomToAsk(r.credentials[i].Desk); !slices.Contains(r.conditions, ask) {
			r.conditions = append(r.conditions, ask)
		}
	case ledger.MayPractiseNo:
		r.note(CheckStatus, i, Fail, code)
	default:
		r.note(CheckStatus, i, Unknown, code)
	}
	return nil
}

// desk is what the newest document of a board says of its desk.
func (r *run) desk(id did.DID) (name, contact string) {
	versions, err := r.data.View.Versions(id)
	if err != nil {
		return "", ""
	}
	for _, v := range versions {
		if v.Document != nil {
			name, contact = bonafide.Desk(v.Document)
		}
	}
	return name, contact
}

// keeperDesk is the desk that answers for a board's licences today: its own, or
// that of the one which its pages were handed to.
func (r *run) keeperDesk(issuer did.DID) *Desk {
	keeper := r.data.View.Keeper(issuer)
	name, contact := r.desk(keeper)
	if name == "" {
		name = keeper.String()
	}
	return &Desk{Name: name, Contact: contact}
}

// whomToAsk is the sentence that names the desk to ask for conditions.
func (r *run) whomToAsk(d *Desk) string {
	ask := "Ask the board what they are: "
	if r.at != nil {
		ask = "Ask the board what they were: "
	}
	if d.Contact == "" {
		return ask + d.Name + "."
	}
	return ask + d.Name + ", " + d.Contact + "."
}

// freshness judges the age of the data for the purpose. No purpose asks it of a
// time that has passed.
func (r *run) freshness() {
	if r.data == nil {
		r.note(CheckFreshness, -1, Unknown, codeOr(r.dataErr, "no_data"))
		return
	}
	if r.at != nil {
		r.covered()
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
