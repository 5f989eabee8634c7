package vc

// SD-JWT VC (draft-ietf-oauth-sd-jwt-vc): which claims an SD-JWT must make to
// be a credential, and the same credential in the shape of VCDM 2.0, so that
// one template judges both (docs/credentials.md).

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/jose"
	"bonafide/vc/internal/authentic"
)

var credentialProfile = jose.Profile{Typ: string(SDJWT), Names: []string{"kid", "x5c"}}

// registered names the claims that are about the token and not about its
// subject. All but iat are never a matter of disclosure (SD-JWT VC, section
// 2.2.2.3; the anchor is ours).
var registered = map[string]bool{
	"iss": true, "nbf": true, "exp": true, "cnf": true, "vct": true, "vct#integrity": true,
	"status": true, "anchor": true, sdAlgMember: true,
}

const (
	subjectType = "Practitioner"
	licenceType = "Licence"
	licenceName = "licence"

	tokenListKind = "TokenStatusList"

	// maxDate is the last second of the year 9999.
	maxDate = 253_402_300_799
)

// sdjwtVC is what was read of the registered claims.
type sdjwtVC struct {
	vct      string
	network  bool // it names a place in a ledger's status pages: a board of the network issued it
	index    uint32
	indexErr error
	status   []StatusReference
	holder   did.PublicKey
}

// parseSDJWT reads an SD-JWT VC.
func parseSDJWT(text string) (*Parsed, error) {
	s, err := openSDJWT(text, credentialProfile)
	if err != nil {
		return nil, err
	}
	p := &Parsed{kind: KindCredential, sd: s}
	if p.facts, err = s.read(); err != nil {
		return nil, err
	}
	return p, nil
}

// read checks the registered claims, all of which stand in the payload itself.
func (s *sdjwt) read() (f model, err error) {
	m := s.payload
	ok := false
	if s.vc.vct, ok = m["vct"].(string); !ok || s.vc.vct == "" {
		return f, explain.Errorf("type_invalid", "vct is missing or no text")
	}
	f.types = []string{s.vc.vct}
	if v, ok := m["iss"]; ok {
		if f.issuer, ok = v.(string); !ok || !absoluteURL(f.issuer) {
			return f, explain.Errorf("issuer_invalid", "iss is no URL")
		}
	} else if len(s.token.Header.X5c) == 0 {
		return f, explain.Errorf("issuer_invalid", "neither iss nor a certificate says who issued it")
	}
	var issued time.Time
	for _, d := range []struct {
		name string
		to   *time.Time
	}{{"nbf", &f.validFrom}, {"exp", &f.validUntil}, {"iat", &issued}} {
		// iat may be a disclosure's (SD-JWT VC, section 2.2.2.3).
		if v, ok := s.open[d.name]; ok {
			n, ok := whole(v, maxDate)
			if !ok {
				return f, explain.Errorf("date_invalid", "%s is no whole number of seconds", d.name)
			}
			*d.to = time.Unix(int64(n), 0).UTC()
		}
	}
	if !f.validFrom.IsZero() && !f.validUntil.IsZero() && f.validUntil.Before(f.validFrom) {
		return f, explain.Errorf("validity_inverted", "exp lies before nbf")
	}
	if hasKey(s.open, "aud") {
		// RFC 7519, section 4.1.3: who is not named must refuse it, and nobody
		// here has a name that an issuer could know.
		return f, explain.Errorf("domain_mismatch", "a credential for a named audience")
	}
	if a, ok := m["anchor"]; !ok {
		f.anchorErr = explain.Errorf("anchor_missing", "no claim anchor")
	} else if f.anchor, ok = a.(string); !ok {
		f.anchorErr = explain.Errorf("anchor_missing", "the anchor is no string")
	}
	if err := s.readStatus(m["status"]); err != nil {
		return f, err
	}
	if err := s.readHolder(); err != nil {
		return f, err
	}
	if s.vc.network {
		return f, s.checkNetwork()
	}
	return f, nil
}

// readStatus reads `status`: our own place in the ledger, a Token Status List
// (draft-ietf-oauth-status-list, section 6.2), and the names of what else there
// may be.
func (s *sdjwt) readStatus(v any) error {
	s.vc.indexErr = explain.Errorf("status_missing", "no status.ledger")
	if v == nil && !hasKey(s.payload, "status") {
		return nil
	}
	status, ok := v.(map[string]any)
	if !ok {
		return explain.Errorf("status_malformed", "status is no object")
	}
	if v, ok := status["ledger"]; ok {
		s.vc.network = true
		entry, _ := v.(map[string]any)
		i, ok := whole(entry["idx"], 1<<32-1)
		if s.vc.index, s.vc.indexErr = uint32(i), nil; !ok {
			s.vc.indexErr = explain.Errorf("status_malformed", "status.ledger.idx is no whole number of 32 bits")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(status)) {
		switch name {
		case "ledger":
		case "status_list":
			entry, _ := status[name].(map[string]any)
			uri, _ := entry["uri"].(string)
			i, ok := whole(entry["idx"], 1<<32-1)
			if !ok || !absoluteURL(uri) {
				return explain.Errorf("status_malformed", "status.status_list lacks its place or its address")
			}
			if s.vc.network && s.vc.indexErr == nil && i != uint64(s.vc.index)%pageSize {
				s.vc.indexErr = explain.Errorf("status_disagrees", "the status entries name different places")
			}
			s.vc.status = append(s.vc.status, StatusReference{Kind: tokenListKind, URI: uri, Index: i})
		default:
			s.vc.status = append(s.vc.status, StatusReference{Kind: name})
		}
	}
	return nil
}

// readHolder reads `cnf` (RFC 7800). A way of naming the key that we do not
// know names nobody.
func (s *sdjwt) readHolder() error {
	v, ok := s.payload["cnf"]
	if !ok {
		return nil
	}
	cnf, ok := v.(map[string]any)
	if !ok {
		return explain.Errorf("holder_key_malformed", "cnf is no object")
	}
	key, ok := cnf["jwk"]
	if !ok {
		return nil
	}
	read := jose.Key
	if s.vc.network {
		read = jose.BareKey
	}
	var err error
	if s.vc.holder, err = read(key); err != nil {
		return explain.Errorf("holder_key_malformed", "cnf.jwk: %w", err)
	}
	return nil
}

// checkNetwork holds a credential of the network to its form: what its verdict
// rests on is always visible, and its claims leave room for what the shape of
// VCDM adds.
func (s *sdjwt) checkNetwork() error {
	for i := range s.disclosures {
		switch s.disclosures[i].path {
		case "iat", licenceName, licenceName + ".jurisdiction":
			return explain.Errorf("disclosure_reserved", "a claim that a board never makes a matter of disclosure")
		}
	}
	if cnf, ok := s.payload["cnf"].(map[string]any); ok && (len(cnf) != 1 || !hasKey(cnf, "jwk")) {
		return explain.Errorf("holder_key_malformed", "cnf is not jwk alone")
	}
	licence, _ := s.open[licenceName].(map[string]any)
	if hasKey(s.open, "id") || hasKey(s.open, "type") || hasKey(licence, "type") {
		return explain.Errorf("token_claim_reserved", "id or type among the claims")
	}
	return nil
}

// whole reads a number that is a whole one in its plain spelling.
func whole(v any, limit uint64) (uint64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	u, err := strconv.ParseUint(string(n), 10, 64)
	return u, err == nil && u <= limit
}

// verifySDJWT checks the issuer's signature and gives the credential.
func (p *Parsed) verifySDJWT(keys KeyFunc) (Authentic, error) {
	s := p.sd
	kid := s.token.Header.Kid
	issuer, _ := did.Parse(p.facts.issuer)
	url, err := did.ParseURL(kid)
	switch method := err == nil && url.Fragment != ""; {
	case method && url.DID != issuer:
		return Authentic{}, explain.Errorf("proof_not_issuer", "kid is no method of the issuer")
	case !method && issuer != "" && len(s.token.Header.X5c) == 0:
		return Authentic{}, explain.Errorf("proof_malformed", "kid is no DID URL with a fragment")
	}
	key, err := keys(kid, did.AssertionMethod)
	if err != nil {
		return Authentic{}, coded("method_not_found", "finding the key of a credential", err)
	}
	if err := s.token.Verify(key); err != nil {
		return Authentic{}, err
	}
	f := &authentic.Facts{
		Format: SDJWT, Claims: s.claims(p.facts), Issuer: issuer,
		Types: []string{"VerifiableCredential", s.vc.vct}, Vct: s.vc.vct,
		ValidFrom: p.facts.validFrom, ValidUntil: p.facts.validUntil,
		Anchor: p.facts.anchor, AnchorErr: p.facts.anchorErr,
		Index: s.vc.index, IndexErr: s.vc.indexErr, Status: s.vc.status,
		HolderKey: s.vc.holder, Partial: s.hidden, Token: s.bound,
	}
	if kid != "" {
		f.IDs = []string{kid}
	}
	return authentic.New(f), nil
}

// claims is the credential in the shape of VCDM 2.0. Claims about the subject
// keep their names under credentialSubject. A credential of the network says
// Practitioner and Licence by its form; of others nothing is added.
func (s *sdjwt) claims(f model) map[string]any {
	subject := make(map[string]any, len(s.open)+1)
	for k, v := range s.open {
		if !registered[k] && k != "iat" {
			subject[k] = v
		}
	}
	doc := map[string]any{
		"type":              []any{"VerifiableCredential", s.vc.vct},
		"credentialSubject": subject,
	}
	if f.issuer != "" {
		doc["issuer"] = f.issuer
	}
	if !f.validFrom.IsZero() {
		doc["validFrom"] = formatTime(f.validFrom)
	}
	if !f.validUntil.IsZero() {
		doc["validUntil"] = formatTime(f.validUntil)
	}
	if f.anchorErr == nil {
		doc["evidence"] = []any{map[string]any{"type": anchorType, "anchor": f.anchor}}
	}
	if s.vc.network {
		doc["credentialStatus"] = []any{map[string]any{
			"type": statusType, "statusIndex": strconv.FormatUint(uint64(s.vc.index), 10),
		}}
		subject["type"] = subjectType
		if licence, ok := subject[licenceName].(map[string]any); ok {
			licence = maps.Clone(licence)
			licence["type"] = licenceType
			subject[licenceName] = licence
		}
	}
	return doc
}

// sdjwtLeaf is the leaf hash of a payload, its anchor empty.
func sdjwtLeaf(payload map[string]any, chainID string, salt [16]byte) ([32]byte, error) {
	if _, ok := payload["anchor"].(string); !ok {
		return [32]byte{}, explain.Errorf("anchor_missing", "the payload has no anchor")
	}
	blank := maps.Clone(payload)
	blank["anchor"] = ""
	return leafOf(SDJWT, blank, chainID, salt)
}

// statusReferences reads the entries of `credentialStatus` that do not point
// into the ledger (Bitstring Status List 1.0, section 2.1).
func statusReferences(v any) []StatusReference {
	var out []StatusReference
	for _, n := range each(v) {
		types := typesOf(n)
		switch {
		case slices.Contains(types, bitstringType):
			r := StatusReference{Kind: bitstringType}
			i, ok := decimal(n["statusListIndex"], 1<<32-1)
			uri, _ := n["statusListCredential"].(string)
			purpose, _ := n["statusPurpose"].(string)
			if ok && absoluteURL(uri) && purpose != "" {
				r.URI, r.Index, r.Purpose = uri, i, purpose
			}
			out = append(out, r)
		case !slices.Contains(types, statusType):
			out = append(out, StatusReference{Kind: types[0]})
		}
	}
	return out
}
