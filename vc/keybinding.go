package vc

// What the holder of a P-256 key signs: the key binding of an SD-JWT (RFC 9901,
// section 4.3), which answers one request with one choice of claims, and a
// proof of possession for a claim code (OpenID4VCI 1.0, appendix F.1).

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/jose"
	"bonafide/internal/strictjson"
)

var (
	bindingProfile    = jose.Profile{Typ: "kb+jwt"}
	possessionProfile = jose.Profile{Typ: "openid4vci-proof+jwt", Names: []string{"jwk"}}
)

// skew is how far a holder's clock may be ahead of ours, and how old a key
// binding may be where a policy does not say.
const skew = 5 * time.Minute

// KeyBound reports whether an SD-JWT came with a key binding JWT, which is
// still to be verified: see VerifyKeyBinding. Whether one is required is the
// caller's policy and must never follow from this.
func (p *Parsed) KeyBound() bool { return p.sd != nil && p.sd.binding != nil }

// CertificatesHint is the unproved x5c of an SD-JWT VC: certificates in DER, the
// signing key's first; nil where there is none.
func (p *Parsed) CertificatesHint() [][]byte {
	if p.sd == nil {
		return nil
	}
	return slices.Clone(p.sd.token.Header.X5c)
}

// DisclosedHint lists the paths of the disclosures that an SD-JWT VC carries,
// sorted: familyName, licence.number, and for an array's element its place
// among all of them, as nationalities[0]. A dot, bracket or backslash in a name
// has a backslash before it. It is nil for other formats.
func (p *Parsed) DisclosedHint() []string {
	if p.sd == nil {
		return nil
	}
	out := make([]string, 0, len(p.sd.disclosures))
	for i := range p.sd.disclosures {
		out = append(out, p.sd.disclosures[i].path)
	}
	slices.Sort(out)
	return out
}

func (s *sdjwt) bindingHint(name string) string {
	v, _ := s.bindingBody[name].(string)
	return v
}

// VerifyKeyBinding checks the key binding JWT of an SD-JWT (RFC 9901, section
// 7.3, step 5): the holder's signature over this SD-JWT with these disclosures,
// for the policy's challenge and domain, at a time in the policy's window. a is
// what Verify made of the same SD-JWT.
func (p *Parsed) VerifyKeyBinding(a Authentic, policy PresentationPolicy) error {
	if policy.Challenge == "" || policy.Domain == "" {
		return explain.Errorf("presentation_unbound", "verifying without a challenge and a domain")
	}
	if !p.KeyBound() {
		return explain.Errorf("key_binding_missing", "no key binding JWT")
	}
	s := p.sd
	if !a.Authentic() || a.Token() != s.bound {
		return explain.Errorf("key_binding_other", "the key binding is judged for another credential than was proved")
	}
	key := a.HolderKey()
	if key.Kind() == 0 {
		return explain.Errorf("holder_key_missing", "the credential names no holder's key")
	}
	if err := s.binding.Verify(key); err != nil {
		return err
	}
	if err := answers(s.bindingBody, policy.Challenge, policy.Domain); err != nil {
		return err
	}
	if s.bindingBody["sd_hash"] != digestOf(s.bound) {
		return explain.Errorf("key_binding_other", "sd_hash is not that of this SD-JWT")
	}
	window := policy.Window
	if window <= 0 {
		window = skew
	}
	return madeWithin(s.bindingBody, policy.Now.Add(-window), policy.Now)
}

// answers checks nonce and aud of a holder's token, each one text.
func answers(body map[string]any, nonce, audience string) error {
	switch {
	case body["nonce"] != nonce:
		return explain.Errorf("challenge_mismatch", "the nonce is not the one that was asked with")
	case body["aud"] != audience:
		return explain.Errorf("domain_mismatch", "the audience is not the one that asked")
	}
	return nil
}

// madeWithin checks iat of a holder's token, and nbf and exp where they are
// there (RFC 7519, section 4.1).
func madeWithin(body map[string]any, from, to time.Time) error {
	for _, d := range []struct {
		name     string
		required bool
		fits     func(t time.Time) bool
	}{
		{"iat", true, func(t time.Time) bool { return !t.Before(from) && !t.After(to.Add(skew)) }},
		{"nbf", false, func(t time.Time) bool { return !t.After(to.Add(skew)) }},
		{"exp", false, to.Before},
	} {
		v, ok := body[d.name]
		if !ok && !d.required {
			continue
		}
		n, ok := whole(v, maxDate)
		if !ok {
			return explain.Errorf("key_binding_time", "%s is missing or no whole number of seconds", d.name)
		}
		if !d.fits(time.Unix(int64(n), 0)) {
			return explain.Errorf("key_binding_time", "%s lies outside of the time that counts", d.name)
		}
	}
	return nil
}

// PresentSDJWT presents an SD-JWT VC: with the disclosures of the chosen paths,
// as DisclosedHint names them, and those they are inside of; bound to nonce and
// audience by the holder's P-256 key, which must be the one that the credential
// names. sign gets the bytes to sign, which it hashes itself, and returns r ‖ s.
// A key binding that the credential came with is left out.
func PresentSDJWT(credential []byte, disclose []string, nonce, audience string, key did.PublicKey, created time.Time, sign func([]byte) ([]byte, error)) ([]byte, error) {
	if nonce == "" || audience == "" {
		return nil, explain.Errorf("presentation_unbound", "presenting without a nonce and an audience")
	}
	p, err := Parse(credential)
	if err != nil {
		return nil, err
	}
	if p.sd == nil {
		return nil, explain.Errorf("format_unsupported", "not an SD-JWT VC")
	}
	s := p.sd
	if s.vc.holder.Kind() == 0 {
		return nil, explain.Errorf("holder_key_missing", "the credential names no holder's key")
	}
	if s.vc.holder != key {
		return nil, explain.Errorf("holder_not_signer", "the key is not the one that the credential names")
	}
	chosen, err := s.choose(disclose)
	if err != nil {
		return nil, err
	}
	payload, err := strictjson.Canonical(map[string]any{
		"aud": audience, "iat": seconds(created), "nonce": nonce, "sd_hash": digestOf(chosen),
	})
	if err != nil {
		return nil, err
	}
	binding, err := bindingProfile.Sign(jose.Header{}, payload, key, sign)
	if err != nil {
		return nil, err
	}
	return []byte(chosen + binding), nil
}

// choose is the SD-JWT with the disclosures of some paths, in their order.
func (s *sdjwt) choose(paths []string) (string, error) {
	keep := make([]bool, len(s.disclosures))
	for _, path := range paths {
		i := slices.IndexFunc(s.disclosures, func(d disclosure) bool { return d.path == path })
		if i < 0 {
			return "", explain.Errorf("disclosure_unknown", "no disclosure has the path that was chosen")
		}
		for ; i >= 0; i = s.disclosures[i].parent {
			keep[i] = true
		}
	}
	head, _, _ := strings.Cut(s.bound, "~")
	out := head + "~"
	for i := range s.disclosures {
		if keep[i] {
			out += s.disclosures[i].text + "~"
		}
	}
	return out, nil
}

func seconds(t time.Time) json.Number { return json.Number(strconv.FormatInt(t.Unix(), 10)) }

// ProvePossession makes a proof that its maker has a P-256 key: a JWT of the
// type openid4vci-proof+jwt with the key in its header, bound to nonce and
// audience. sign is as for PresentSDJWT.
func ProvePossession(key did.PublicKey, nonce, audience string, created time.Time, sign func([]byte) ([]byte, error)) ([]byte, error) {
	if nonce == "" || audience == "" {
		return nil, explain.Errorf("presentation_unbound", "proving without a nonce and an audience")
	}
	payload, err := strictjson.Canonical(map[string]any{"aud": audience, "iat": seconds(created), "nonce": nonce})
	if err != nil {
		return nil, err
	}
	t, err := possessionProfile.Sign(jose.Header{JWK: key}, payload, key, sign)
	return []byte(t), err
}

// VerifyPossession checks what ProvePossession makes, and returns the key. The
// proof may be of any age, since the nonce is good for one use and a time of its
// own, but not from the future. Every error has a code.
func VerifyPossession(jwt []byte, nonce, audience string, now time.Time) (did.PublicKey, error) {
	none := did.PublicKey{}
	if nonce == "" || audience == "" {
		return none, explain.Errorf("presentation_unbound", "verifying without a nonce and an audience")
	}
	t, err := jose.Parse(string(jwt), possessionProfile)
	if err != nil {
		return none, err
	}
	if t.Header.JWK.Kind() == 0 {
		return none, explain.Errorf("token_header", "a proof of possession without its key")
	}
	if err := t.Verify(t.Header.JWK); err != nil {
		return none, err
	}
	claims, err := body(t)
	if err != nil {
		return none, err
	}
	if err := answers(claims, nonce, audience); err != nil {
		return none, err
	}
	if err := madeWithin(claims, time.Time{}, now); err != nil {
		return none, err
	}
	return t.Header.JWK, nil
}

// VerifyChain checks the certificates of an SD-JWT VC, in DER, the signing key's
// first, against one root in DER at a time, and returns the key. issuer is the
// credential's issuer; where it is not "", the first certificate must name it:
// as a URI, or, for an https URL, as the DNS name of its host. Nothing is
// fetched: whether a certificate was revoked is not asked. Codes
// certificates_malformed, certificates_untrusted, certificates_expired,
// certificates_name.
func VerifyChain(chain [][]byte, root []byte, issuer string, at time.Time) (did.PublicKey, error) {
	return jose.VerifyChain(chain, root, issuer, at)
}
