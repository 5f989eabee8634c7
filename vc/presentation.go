package vc

// Verifiable presentations (VCDM 2.0, section 4.13), secured for
// authentication towards one verifier and one request.

import (
	"slices"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// PresentationPolicy is what a presentation must answer. Challenge and Domain
// are required: without them a presentation could be replayed.
type PresentationPolicy struct {
	Challenge string // the request's nonce
	Domain    string // who asked
	// Now judges the `expires` of proofs; at zero a proof that expires is
	// refused.
	Now time.Time
	// Window is how far before Now a key binding may have been made, as it says
	// itself; zero: five minutes.
	Window time.Duration
}

// AuthenticPresentation is a presentation whose proofs were checked. The
// credentials in it are not: each must be verified by itself.
type AuthenticPresentation struct {
	Holder      did.DID // who signed; equal to `holder` where the document names one
	Credentials []*Parsed
}

// VerifyPresentation checks every proof of a presentation: signed by one DID
// for authentication, for the challenge and the domain of the policy. Every
// error has a code.
func (p *Parsed) VerifyPresentation(keys KeyFunc, policy PresentationPolicy) (AuthenticPresentation, error) {
	var none AuthenticPresentation
	if p.kind != KindPresentation {
		return none, explain.Errorf("not_a_presentation", "a credential where a presentation is asked for")
	}
	if policy.Challenge == "" || policy.Domain == "" {
		return none, explain.Errorf("presentation_unbound", "verifying without a challenge and a domain")
	}
	proofs, err := parseProofs(p.doc["proof"], did.Authentication)
	if err != nil {
		return none, err
	}
	holder := proofs[0].signer
	for _, q := range proofs {
		switch {
		case q.challenge != policy.Challenge:
			return none, explain.Errorf("challenge_mismatch", "the challenge is not the one that was asked with")
		case !slices.Equal(q.domain, []string{policy.Domain}):
			return none, explain.Errorf("domain_mismatch", "the domain is not the one that asked")
		case q.signer != holder:
			return none, explain.Errorf("holder_not_signer", "proofs by different signers")
		case !q.expires.IsZero() && !policy.Now.Before(q.expires), !q.expires.IsZero() && policy.Now.IsZero():
			return none, explain.Errorf("proof_expired", "a proof has expired")
		}
	}
	if p.facts.holder != "" && p.facts.holder != holder.String() {
		return none, explain.Errorf("holder_not_signer", "the holder is not who signed")
	}
	if err := verifyProofs(without(p.doc, "proof"), proofs, keys); err != nil {
		return none, err
	}
	if err := checkExact(p.doc); err != nil {
		return none, err
	}
	return AuthenticPresentation{Holder: holder, Credentials: slices.Clone(p.inner)}, nil
}

// Present makes and signs a presentation of credentials, each given in bytes
// as it was received; without any it proves only that the holder has the key.
// method is a verification method of holder under authentication; sign gets
// the 64 bytes to sign with its Ed25519 key. The result is in canonical form.
func Present(holder did.DID, credentials [][]byte, challenge, domain, method string, created time.Time, sign func([]byte) ([]byte, error)) ([]byte, error) {
	if challenge == "" || domain == "" {
		return nil, explain.Errorf("presentation_unbound", "presenting without a challenge and a domain")
	}
	doc := map[string]any{
		"@context": []any{baseContext},
		"type":     []any{"VerifiablePresentation"},
		"holder":   holder.String(),
	}
	var inner []any
	for _, b := range credentials {
		c, err := Parse(b)
		if err != nil {
			return nil, err
		}
		if c.kind != KindCredential {
			return nil, explain.Errorf("not_a_credential", "a presentation inside a presentation")
		}
		if c.sd != nil {
			return nil, explain.Errorf("format_unsupported", "an SD-JWT VC is presented by itself")
		}
		inner = append(inner, c.doc)
	}
	if len(inner) > 0 {
		doc["verifiableCredential"] = inner
	}
	if _, err := parse(doc, issuing); err != nil {
		return nil, err
	}
	if err := checkExact(doc); err != nil {
		return nil, err
	}
	p, err := newProof(doc, map[string]any{
		"created": formatTime(created), "verificationMethod": method,
		"challenge": challenge, "domain": domain,
	}, holder, did.Authentication, sign)
	if err != nil {
		return nil, err
	}
	doc["proof"] = p.node
	return strictjson.Canonical(doc)
}
