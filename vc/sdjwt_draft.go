package vc

// Issuing an SD-JWT VC from the same claims as the credential of VCDM 2.0.

import (
	"encoding/base64"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/jose"
	"bonafide/internal/strictjson"
)

// saltSize is the length of a salt in bytes (RFC 9901, section 9.3: at least
// 128 bits).
const saltSize = 16

// SDJWTOptions is what an SD-JWT VC needs beside the claims.
type SDJWTOptions struct {
	Vct    string        // the type, as the template names it
	Holder did.PublicKey // P-256, becomes cnf.jwk; zero: a register copy
	Issued time.Time     // iat
	Rand   io.Reader     // one salt of 128 bits is read from it for each disclosure
	// StatusList is the address of the Token Status List derived from the page
	// of the status index; "": none is named.
	StatusList string
}

// NewSDJWTDraft checks and fixes what an issuer is about to anchor and sign as
// an SD-JWT VC: the payload, with an empty anchor, and the disclosures with
// their salts. claims is the document that NewDraft takes; where its subject
// has an id, o.Holder must be given. What has no place in the format is an
// error (draft_inexpressible), but for the contexts, which have no meaning
// there, and entries for lists of the W3C.
func NewSDJWTDraft(claims map[string]any, o SDJWTOptions) (*Draft, error) {
	p, _, err := draftable(claims)
	if err != nil {
		return nil, err
	}
	doc := p.doc
	index, err := statusIndex(doc["credentialStatus"])
	if err != nil {
		return nil, err
	}
	if p.facts.validFrom.IsZero() || p.facts.validUntil.IsZero() {
		return nil, explain.Errorf("date_invalid", "an SD-JWT VC needs both ends of its validity")
	}
	if p.facts.validFrom.Nanosecond() != 0 || p.facts.validUntil.Nanosecond() != 0 {
		return nil, explain.Errorf("date_invalid", "an SD-JWT VC has whole seconds")
	}
	subject, err := expressible(doc)
	if err != nil {
		return nil, err
	}
	if p.facts.holder != "" && o.Holder.Kind() == 0 {
		return nil, explain.Errorf("holder_key_missing", "a bound credential without the holder's P-256 key")
	}
	status := map[string]any{"ledger": map[string]any{"idx": number32(index)}}
	if o.StatusList != "" {
		status["status_list"] = map[string]any{"idx": number32(index % pageSize), "uri": o.StatusList}
	}
	payload := map[string]any{
		sdAlgMember: sdAlg, "anchor": "", "iat": seconds(o.Issued), "iss": p.facts.issuer,
		"nbf": seconds(p.facts.validFrom), "exp": seconds(p.facts.validUntil),
		"status": status, "vct": o.Vct,
	}
	if o.Holder.Kind() != 0 {
		jwk, err := jose.WriteKey(o.Holder)
		if err != nil {
			return nil, err
		}
		payload["cnf"] = map[string]any{"jwk": jwk}
	}
	h := hider{rand: o.Rand}
	licence, hasLicence := subject[licenceName].(map[string]any)
	delete(subject, licenceName)
	if err := h.hide(payload, subject); err != nil {
		return nil, err
	}
	if hasLicence {
		inner := map[string]any{}
		if j, ok := licence["jurisdiction"]; ok {
			inner["jurisdiction"] = j
			delete(licence, "jurisdiction")
		}
		if err := h.hide(inner, licence); err != nil {
			return nil, err
		}
		payload[licenceName] = inner
	}
	return newSDJWTDraft(payload, h.out)
}

// expressible returns a copy of the subject without what the format says by
// itself, and refuses what it could not say.
func expressible(doc map[string]any) (map[string]any, error) {
	no := func(what string) (map[string]any, error) {
		return nil, explain.Errorf("draft_inexpressible", "%s", what)
	}
	for k := range doc {
		switch k {
		case "@context", "type", "issuer", "validFrom", "validUntil", "credentialSubject", "credentialStatus", "evidence":
		default:
			return no("a member of the credential that an SD-JWT VC does not have")
		}
	}
	if len(typesOf(doc)) != 2 {
		return no("not exactly one type")
	}
	if _, ok := doc["issuer"].(string); !ok {
		return no("an issuer that is more than its identifier")
	}
	if len(each(doc["evidence"])) != 1 || len(each(doc["evidence"])[0]) != 2 {
		return no("evidence that is more than the anchor")
	}
	for _, n := range each(doc["credentialStatus"]) {
		if n["type"] != statusType && !slices.Contains(typesOf(n), bitstringType) || n["type"] == statusType && len(n) != 2 {
			return no("a status entry of another kind, or more than a place")
		}
	}
	subjects := each(doc["credentialSubject"])
	if len(subjects) != 1 || subjects[0]["type"] != subjectType {
		return no("not one " + subjectType)
	}
	subject := maps.Clone(subjects[0])
	delete(subject, "type")
	delete(subject, "id")
	if v, ok := subject[licenceName]; ok {
		licence, ok := v.(map[string]any)
		if !ok || licence["type"] != licenceType {
			return no("not one " + licenceType)
		}
		licence = maps.Clone(licence)
		delete(licence, "type")
		subject[licenceName] = licence
	}
	for k := range subject {
		if registered[k] || k == "iat" || k == "aud" {
			return no("a claim with the name of one about the token")
		}
	}
	return subject, nil
}

func number32(n uint32) strictjson.Number {
	return strictjson.Number(strconv.FormatUint(uint64(n), 10))
}

// hider makes disclosures.
type hider struct {
	rand io.Reader
	out  []string
}

// hide makes every member of from a disclosure and puts the digests, sorted, so
// that their order tells nothing, into an object.
func (h *hider) hide(into, from map[string]any) error {
	if len(from) == 0 {
		return nil
	}
	digests := make([]string, 0, len(from))
	for _, name := range slices.Sorted(maps.Keys(from)) {
		var salt [saltSize]byte
		if _, err := io.ReadFull(h.rand, salt[:]); err != nil {
			return explain.Errorf("salt_weak", "drawing a salt: %w", err)
		}
		b, err := strictjson.Canonical([]any{base64.RawURLEncoding.EncodeToString(salt[:]), name, from[name]})
		if err != nil {
			return err
		}
		text := base64.RawURLEncoding.EncodeToString(b)
		h.out = append(h.out, text)
		digests = append(digests, digestOf(text))
	}
	slices.Sort(digests)
	list := make([]any, len(digests))
	for i, d := range digests {
		list[i] = d
	}
	into[sdMember] = list
	return nil
}

// newSDJWTDraft checks payload and disclosures as a reader will, and what a
// reader cannot ask of an issuer.
func newSDJWTDraft(payload map[string]any, disclosures []string) (*Draft, error) {
	s := &sdjwt{token: &jose.Token{}, payload: payload}
	salts := map[string]bool{}
	texts := make([]any, len(disclosures))
	for i, text := range disclosures {
		texts[i] = text
		if err := s.add(text); err != nil {
			return nil, err
		}
		salt := s.disclosures[i].salt
		if b, ok := jose.Decode64(salt); !ok || len(b) < saltSize || salts[salt] {
			return nil, explain.Errorf("salt_weak", "a salt of less than 128 bits, or one used twice")
		}
		salts[salt] = true
	}
	if err := s.fill(); err != nil {
		return nil, err
	}
	facts, err := s.read()
	if err != nil {
		return nil, err
	}
	switch {
	case s.hidden:
		return nil, explain.Errorf("draft_record", "a digest without its disclosure")
	case facts.anchorErr != nil:
		return nil, facts.anchorErr
	case facts.anchor != "":
		return nil, explain.Errorf("draft_anchored", "the draft has an anchor already")
	case s.vc.indexErr != nil:
		return nil, s.vc.indexErr
	case facts.validFrom.IsZero() || facts.validUntil.IsZero() || !hasKey(payload, "iat"):
		return nil, explain.Errorf("date_invalid", "an SD-JWT VC needs nbf, exp and iat")
	}
	issuer, err := did.Parse(facts.issuer)
	if err != nil {
		return nil, explain.Errorf("issuer_invalid", "issuer of a draft: %w", err)
	}
	record, err := strictjson.Canonical(map[string]any{"disclosures": texts, "payload": payload})
	if err != nil {
		return nil, err
	}
	return &Draft{format: SDJWT, doc: payload, disclosures: disclosures, json: record, issuer: issuer}, nil
}

// readSDJWTDraft reads the record of a draft.
func readSDJWTDraft(record []byte) (*Draft, error) {
	m, err := strictjson.Object(record, limits)
	if err != nil {
		return nil, explain.Errorf("draft_record", "reading a draft: %w", err)
	}
	payload, _ := m["payload"].(map[string]any)
	list, ok := m["disclosures"].([]any)
	if payload == nil || !ok || len(m) != 2 {
		return nil, explain.Errorf("draft_record", "a draft is a payload and its disclosures")
	}
	disclosures := make([]string, len(list))
	for i, e := range list {
		if disclosures[i], ok = e.(string); !ok {
			return nil, explain.Errorf("draft_record", "a disclosure is no text")
		}
	}
	return newSDJWTDraft(payload, disclosures)
}

// sealSDJWT fills in the anchor and signs. The signature of an ECDSA key is
// another one each time: what was not stored may be signed again, since it
// says the same.
func (d *Draft) sealSDJWT(anchor string, o ProofOptions, sign func([]byte) ([]byte, error)) ([]byte, error) {
	url, err := did.ParseURL(o.VerificationMethod)
	if err != nil || url.Fragment == "" {
		return nil, explain.Errorf("proof_malformed", "the method is no DID URL with a fragment")
	}
	if url.DID != d.issuer {
		return nil, explain.Errorf("method_foreign_controller", "the method is not the signer's")
	}
	if len(o.Certificates) > 0 {
		certs, err := jose.Certificates(o.Certificates)
		if err != nil {
			return nil, err
		}
		if key, err := jose.CertificateKey(certs[0]); err != nil || key != o.Key {
			return nil, explain.Errorf("certificates_untrusted", "the certificate is not of the key that signs")
		}
	}
	payload := maps.Clone(d.doc)
	payload["anchor"] = anchor
	b, err := strictjson.Canonical(payload)
	if err != nil {
		return nil, err
	}
	token, err := credentialProfile.Sign(jose.Header{Kid: o.VerificationMethod, X5c: o.Certificates}, b, o.Key, sign)
	if err != nil {
		return nil, err
	}
	out := []byte(token + "~" + strings.Join(append(slices.Clone(d.disclosures), ""), "~"))
	return out, d.readBackSDJWT(out, anchor, o)
}

// readBackSDJWT makes sure that the bytes hold exactly what was signed.
func (d *Draft) readBackSDJWT(b []byte, anchor string, o ProofOptions) error {
	p, err := Parse(b)
	if err != nil {
		return err
	}
	if p.sd == nil || p.facts.anchor != anchor || p.sd.hidden || len(p.sd.disclosures) != len(d.disclosures) {
		return explain.Errorf("signing_failed", "the credential does not read back as it was signed")
	}
	again := maps.Clone(p.sd.payload)
	again["anchor"] = ""
	list := make([]any, len(p.sd.disclosures))
	for i := range p.sd.disclosures {
		list[i] = p.sd.disclosures[i].text
	}
	record, err := strictjson.Canonical(map[string]any{"disclosures": list, "payload": again})
	if err != nil {
		return err
	}
	if string(record) != string(d.json) || p.sd.token.Header.Kid != o.VerificationMethod ||
		!slices.EqualFunc(p.sd.token.Header.X5c, o.Certificates, slices.Equal) {
		return explain.Errorf("signing_failed", "the credential does not read back as it was signed")
	}
	return nil
}
