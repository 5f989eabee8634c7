package vc

// SD-JWT (RFC 9901) and SD-JWT VC: reading.

import (
	"io"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
)

// KeyBound reports whether an SD-JWT came with a key binding JWT, which is
// still to be verified: see VerifyKeyBinding.
func (p *Parsed) KeyBound() bool { return false }

// CertificatesHint is the unproved x5c of an SD-JWT: certificates in DER, the
// one of the signing key first; nil where there is none.
func (p *Parsed) CertificatesHint() [][]byte { return nil }

// DisclosedHint lists the paths of the disclosures that an SD-JWT carries, as
// familyName or licence.number, sorted; nil for other formats.
func (p *Parsed) DisclosedHint() []string { return nil }

// VerifyKeyBinding checks the key binding JWT of an SD-JWT (RFC 9901, section
// 7.3). a is what Verify made of the same SD-JWT.
func (p *Parsed) VerifyKeyBinding(a Authentic, policy PresentationPolicy) error {
	return explain.Errorf("key_binding_missing", "no key binding")
}

// PresentSDJWT makes a presentation of an SD-JWT VC with the chosen claims.
func PresentSDJWT(credential []byte, disclose []string, nonce, audience string, key did.PublicKey, created time.Time, sign func([]byte) ([]byte, error)) ([]byte, error) {
	return nil, explain.Errorf("format_unsupported", "SD-JWT")
}

// ProvePossession makes a proof of possession of a P-256 key: a JWT of the type
// openid4vci-proof+jwt (OpenID4VCI 1.0, appendix F.1).
func ProvePossession(key did.PublicKey, nonce, audience string, created time.Time, sign func([]byte) ([]byte, error)) ([]byte, error) {
	return nil, explain.Errorf("format_unsupported", "SD-JWT")
}

// VerifyPossession checks what ProvePossession makes and returns the key.
func VerifyPossession(jwt []byte, nonce, audience string, now time.Time) (did.PublicKey, error) {
	return did.PublicKey{}, explain.Errorf("format_unsupported", "SD-JWT")
}

// VerifyChain checks an x5c chain against one root, for an issuer.
func VerifyChain(chain [][]byte, root []byte, issuer string, at time.Time) (did.PublicKey, error) {
	return did.PublicKey{}, explain.Errorf("format_unsupported", "SD-JWT")
}

// SDJWTOptions is what an SD-JWT VC needs beside the claims.
type SDJWTOptions struct {
	Vct    string        // the type, as the template names it
	Holder did.PublicKey // P-256, becomes cnf.jwk; zero: a register copy
	Issued time.Time     // iat
	Rand   io.Reader     // salts of 128 bits are read from it
	// StatusList is the address of the Token Status List that is derived from
	// the page of the status index; "" where the board has none.
	StatusList string
}

// NewSDJWTDraft is NewDraft for an SD-JWT VC.
func NewSDJWTDraft(claims map[string]any, o SDJWTOptions) (*Draft, error) {
	return nil, explain.Errorf("format_unsupported", "SD-JWT")
}

// ReadDraft reads what Draft.JSON gave.
func ReadDraft(f Format, record []byte) (*Draft, error) {
	return nil, explain.Errorf("format_unsupported", "SD-JWT")
}
