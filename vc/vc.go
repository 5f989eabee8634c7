// Package vc reads, checks and makes verifiable credentials and presentations
// in two envelopes: the model of VCDM 2.0, secured by Data Integrity with the
// cryptosuite eddsa-rdfc-2022, and SD-JWT VC with ES256.
//
// Parse gives a *Parsed, which proves nothing: what it tells are hints that may
// select what is checked next. Verify checks every proof and gives an
// Authentic, the only thing from which claims may be read. Nothing here opens a
// file or a socket, and no clock is read.
package vc

import (
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/jose"
	"bonafide/internal/strictjson"
	"bonafide/vc/internal/authentic"
)

// Authentic is a credential whose proofs were checked, and nothing more. Only
// this package can make one that holds anything (see vc/internal/authentic).
type Authentic = authentic.Credential

// Format names an envelope, as the leaf does (docs/credentials.md).
type Format = authentic.Format

// The envelopes.
const (
	VCDM  Format = "vcdm2-di"  // VCDM 2.0 with a Data Integrity proof
	SDJWT Format = "dc+sd-jwt" // SD-JWT VC, compact
)

// StatusReference is where an issuer outside the network keeps the status of a
// credential.
type StatusReference = authentic.StatusReference

// Kind tells credentials from presentations.
type Kind uint8

// The kinds of document.
const (
	KindCredential Kind = iota + 1
	KindPresentation
)

// limits bound one document. A presentation carries several credentials, each
// a few kilobytes.
var limits = strictjson.Limits{Bytes: 1 << 20, Depth: 32, Nodes: 50_000}

// maxCredentials bounds what one presentation carries.
const maxCredentials = 64

// Parsed is a well-formed credential or presentation. Nothing about it is
// proved: whoever made the bytes chose everything that its methods return.
type Parsed struct {
	kind  Kind
	doc   map[string]any
	facts model
	inner []*Parsed
	sd    *sdjwt // of an SD-JWT VC, which has no doc
}

// Parse reads a document in strict JSON and checks it against the model of
// VCDM 2.0 (section 4), or reads an SD-JWT VC in compact form, with or without
// key binding, and checks it as RFC 9901, section 7.1, has it but for the
// signature; one line break after it is tolerated. Every refusal has a code of
// the catalogue; what says that it is not signed has the code unsigned. A
// document without a proof parses; it will not verify.
func Parse(b []byte) (*Parsed, error) {
	if compactJOSE(b) {
		if len(b) > limits.Bytes {
			return nil, explain.Errorf("json_too_large", "the token is too long")
		}
		text, cut := strings.CutSuffix(string(b), "\n")
		if cut {
			text = strings.TrimSuffix(text, "\r")
		}
		switch {
		case strings.Contains(text, "~"):
			return parseSDJWT(text)
		case jose.Unsigned(b):
			return nil, explain.Errorf("unsigned", "a token without a signature")
		}
		return nil, explain.Errorf("format_unsupported", "a compact JOSE token that is no SD-JWT")
	}
	doc, err := strictjson.Object(b, limits)
	if err != nil {
		return nil, err
	}
	if err := refuseTokens(doc); err != nil {
		return nil, err
	}
	return parse(doc, lenient)
}

// compactJOSE recognises the base64url of `{` with a name or space after it,
// with which every token begins.
func compactJOSE(b []byte) bool { return len(b) > 2 && b[0] == 'e' && (b[1] == 'y' || b[1] == 'w') }

// refuseTokens tells signed tokens inside of JSON from documents, for a better
// word than that they are none: the JSON serialisation of RFC 7515, section
// 7.2, and tokens in a proof or in the data: URL of an enveloped document.
func refuseTokens(doc map[string]any) error {
	heads := []any{doc["protected"]}
	for _, n := range each(doc["signatures"]) {
		heads = append(heads, n["protected"])
	}
	for _, n := range each(doc["proof"]) {
		heads = append(heads, n["jwt"])
	}
	for _, n := range append(each(doc["verifiableCredential"]), doc) {
		if id, ok := n["id"].(string); ok && strings.HasPrefix(id, "data:") {
			_, token, _ := strings.Cut(id, ",")
			heads = append(heads, token)
		}
	}
	for _, h := range heads {
		if s, ok := h.(string); ok && jose.Unsigned([]byte(s)) {
			return explain.Errorf("unsigned", "a token without a signature")
		}
	}
	if hasKey(doc, "payload") && (hasKey(doc, "signature") || hasKey(doc, "signatures")) {
		return explain.Errorf("format_unsupported", "a token in JSON serialisation")
	}
	return nil
}

func parse(doc map[string]any, m mode) (*Parsed, error) {
	kind, err := kindOf(doc)
	if err != nil {
		return nil, err
	}
	check := checkCredential
	if kind == KindPresentation {
		check = checkPresentation
	}
	facts, err := check(doc, m)
	if err != nil {
		return nil, err
	}
	p := &Parsed{kind: kind, doc: doc, facts: facts}
	if kind == KindCredential {
		return p, nil
	}
	for _, c := range each(doc["verifiableCredential"]) {
		if slices.Contains(typesOf(c), envelopedCredential) {
			return nil, explain.Errorf("format_unsupported", "an enveloped credential in a presentation")
		}
		facts, err := checkCredential(c, m)
		if err != nil {
			return nil, err
		}
		p.inner = append(p.inner, &Parsed{kind: KindCredential, doc: c, facts: facts})
	}
	return p, nil
}

// kindOf reads what the document says it is.
func kindOf(doc map[string]any) (Kind, error) {
	types := typesOf(doc)
	credential := slices.Contains(types, "VerifiableCredential")
	presentation := slices.Contains(types, "VerifiablePresentation")
	switch {
	case slices.Contains(types, envelopedCredential), slices.Contains(types, envelopedPresentation):
		return 0, explain.Errorf("format_unsupported", "an enveloped document")
	case credential && presentation:
		return 0, explain.Errorf("type_invalid", "both a credential and a presentation")
	case credential:
		return KindCredential, nil
	case presentation:
		return KindPresentation, nil
	}
	return 0, explain.Errorf("not_a_credential", "type names neither a credential nor a presentation")
}

// Format says in which envelope the document is.
func (p *Parsed) Format() Format {
	if p.sd != nil {
		return SDJWT
	}
	return VCDM
}

// Kind says whether the document calls itself a credential or a presentation.
func (p *Parsed) Kind() Kind { return p.kind }

// IssuerHint is the unproved issuer: a URL, or "" for a presentation and for an
// SD-JWT VC that only its certificate says the issuer of.
func (p *Parsed) IssuerHint() string { return p.facts.issuer }

// TypesHint is a copy of the unproved types; of an SD-JWT VC its vct alone.
func (p *Parsed) TypesHint() []string { return slices.Clone(p.facts.types) }

// HolderHint is the unproved holder: of a credential its subject's id, of a
// presentation its holder; "" where there is none, and for an SD-JWT VC, whose
// holder is a key.
func (p *Parsed) HolderHint() string { return p.facts.holder }

// AnchorHint is the unproved anchor, or "" unless there is exactly one.
func (p *Parsed) AnchorHint() string { return p.facts.anchor }

// ChallengeHint is the unproved challenge of a presentation's first proof, or
// the nonce of a key binding, for finding the request that it answers.
func (p *Parsed) ChallengeHint() string {
	if p.sd != nil {
		return p.sd.bindingHint("nonce")
	}
	if proofs := each(p.doc["proof"]); len(proofs) > 0 {
		s, _ := proofs[0]["challenge"].(string)
		return s
	}
	return ""
}

// DomainHint is the unproved domain of a presentation's first proof, or ""
// unless it names exactly one; of a key binding its audience.
func (p *Parsed) DomainHint() string {
	if p.sd != nil {
		return p.sd.bindingHint("aud")
	}
	if proofs := each(p.doc["proof"]); len(proofs) > 0 {
		if d, ok := stringOrStrings(proofs[0]["domain"]); ok && len(d) == 1 {
			return d[0]
		}
	}
	return ""
}

// MethodHints lists the verification methods that the proofs name; of an
// SD-JWT VC the kid, if there is one.
func (p *Parsed) MethodHints() []string {
	var out []string
	if p.sd != nil && p.sd.token.Header.Kid != "" {
		out = append(out, p.sd.token.Header.Kid)
	}
	for _, n := range each(p.doc["proof"]) {
		if s, ok := n["verificationMethod"].(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// Credentials returns the credentials inside a presentation, each still to be
// verified by itself.
func (p *Parsed) Credentials() []*Parsed { return slices.Clone(p.inner) }

// JSON is the document, proofs included, in canonical form (RFC 8785). An
// SD-JWT VC has no such form: it is given as it was read, in compact form.
func (p *Parsed) JSON() []byte {
	if p.sd != nil {
		return []byte(p.sd.text)
	}
	b, err := strictjson.Canonical(p.doc)
	if err != nil { // what strictjson parsed it can write
		panic("vc: a parsed document cannot be written: " + err.Error())
	}
	return b
}

// KeyFunc finds the public key of a verification method. It must return an
// error unless the method stands in the document of the DID that the method
// begins with, under the relationship purpose (Controlled Identifiers 1.0,
// section 3.3).
//
// For an SD-JWT VC the method is its kid, which is a method of its issuer
// wherever that is a DID, unless it has certificates: then it may be any text,
// or "" where there is none, and the key is to be taken from VerifyChain.
type KeyFunc func(verificationMethod string, purpose did.Relationship) (did.PublicKey, error)

// Verify checks every proof of a credential (Data Integrity 1.0, sections 4.4
// and 4.5) and that one of them is the issuer's, then that the document means
// what its JSON says (section 4.6): known contexts only, and nothing in it that
// no proof covers. Of an SD-JWT VC it checks the issuer's signature; whoever
// presents it is VerifyKeyBinding's matter. Every error has a code.
func (p *Parsed) Verify(keys KeyFunc) (Authentic, error) {
	if p.sd != nil {
		return p.verifySDJWT(keys)
	}
	if p.kind != KindCredential {
		return Authentic{}, explain.Errorf("not_a_credential", "a presentation where a credential is asked for")
	}
	issuer, err := did.Parse(p.facts.issuer)
	if err != nil {
		return Authentic{}, explain.Errorf("proof_not_issuer", "issuer is no DID: %w", err)
	}
	proofs, err := parseProofs(p.doc["proof"], did.AssertionMethod)
	if err != nil {
		return Authentic{}, err
	}
	if !slices.ContainsFunc(proofs, func(q proof) bool { return q.signer == issuer }) {
		return Authentic{}, explain.Errorf("proof_not_issuer", "no proof is by a method of the issuer")
	}
	claims := without(p.doc, "proof")
	if err := verifyProofs(claims, proofs, keys); err != nil {
		return Authentic{}, err
	}
	if err := checkExact(p.doc); err != nil {
		return Authentic{}, err
	}
	f := &authentic.Facts{
		Format: VCDM, Claims: claims, Issuer: issuer, Types: p.facts.types,
		ValidFrom: p.facts.validFrom, ValidUntil: p.facts.validUntil,
		Anchor: p.facts.anchor, AnchorErr: p.facts.anchorErr,
	}
	f.Index, f.IndexErr = statusIndex(p.doc["credentialStatus"])
	f.Status = statusReferences(p.doc["credentialStatus"])
	if h, err := did.Parse(p.facts.holder); err == nil {
		f.Holder = h
	}
	for _, q := range proofs {
		f.IDs = append(f.IDs, q.method)
		f.ValidUntil = earlier(f.ValidUntil, q.expires)
	}
	return authentic.New(f), nil
}

// earlier treats zero as never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// without is a copy of the outermost object that lacks one member; the values
// are shared.
func without(doc map[string]any, name string) map[string]any {
	out := make(map[string]any, len(doc))
	for k, v := range doc {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// each reads "one or more objects"; what is no object is left out, which the
// model refuses elsewhere.
func each(v any) []map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return []map[string]any{v}
	case []any:
		out := make([]map[string]any, 0, len(v))
		for _, e := range v {
			if m, ok := e.(map[string]any); ok {
				out = append(out, m)
			}
		}
		return out
	}
	return nil
}

// typesOf reads `type`, one string or several.
func typesOf(doc map[string]any) []string {
	switch t := doc["type"].(type) {
	case string:
		return []string{t}
	case []any:
		out := make([]string, 0, len(t))
		for _, e := range t {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// term reports whether s may be a term or an absolute URL.
func term(s string) bool {
	return s != "" && s[0] != '@' && (!strings.Contains(s, ":") || absoluteURL(s)) && !strings.ContainsFunc(s, notInURL)
}
