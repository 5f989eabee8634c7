// Package jose reads and writes the few JOSE structures that we use: signed
// tokens in compact form (RFC 7515), public keys (RFC 7517) and certificate
// chains (x5c).
//
// It is the one importer of jwx v2, whose line has ended. jwx does what it does
// soundly: it splits compact tokens, and it writes public keys, whose members
// need no escaping. What it would let pass when reading (headers that nobody
// understands, several spellings of one value, keys off their curve) is read
// here instead; each such point has a test named after its advisory or
// behaviour. Signature primitives are the standard library's, in package did.
package jose

import (
	"encoding/base64"
	"strings"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// alg is the one signature algorithm that tokens are taken in.
var alg = jwa.ES256.String()

const (
	maxToken  = 1 << 20
	maxHeader = 64 << 10 // it may carry a chain of certificates
)

// Profile is what a kind of token looks like (RFC 8725, section 3.11: explicit
// typing). The zero value takes tokens that name no type.
type Profile struct {
	Typ   string   // the exact value of typ
	Names []string // of kid, x5c and jwk those that the header may have
}

// Header is what is read from, or written to, a protected header beside alg
// and typ. No caller chooses a member's name.
type Header struct {
	Kid string
	X5c [][]byte      // certificates in DER, the signing key's first
	JWK did.PublicKey // zero: none
}

// Token is a well-formed signed token. Nothing about it is proved before
// Verify.
type Token struct {
	Header    Header
	Payload   []byte
	input     string // what is signed
	signature [64]byte
}

// Parse reads a token in compact form: two dots, canonical base64url without
// padding, a header of strict JSON with the names of the profile only, ES256.
// Codes: unsigned where the algorithm is none, token_malformed, token_header,
// token_kind, proof_unsupported, key_invalid, certificates_malformed.
func Parse(compact string, p Profile) (*Token, error) {
	if len(compact) > maxToken {
		return nil, explain.Errorf("token_malformed", "a token of more than %d bytes", maxToken)
	}
	h, b, _, err := jws.SplitCompact([]byte(compact))
	if err != nil {
		return nil, explain.Errorf("token_malformed", "a token without exactly two dots")
	}
	head, rest := compact[:len(h)], compact[len(h)+1:]
	header, err := readHeader(head)
	if err != nil {
		return nil, err
	}
	t := &Token{input: compact[:len(h)+1+len(b)]}
	if t.Header, err = p.header(header); err != nil {
		return nil, err
	}
	var ok bool
	if t.Payload, ok = Decode64(rest[:len(b)]); !ok {
		return nil, explain.Errorf("token_malformed", "the payload is not base64url in its one form")
	}
	sig, ok := Decode64(rest[len(b)+1:])
	if !ok || len(sig) != len(t.signature) {
		return nil, explain.Errorf("proof_value_malformed", "a signature that is not %d bytes in base64url", len(t.signature))
	}
	copy(t.signature[:], sig)
	return t, nil
}

// readHeader decodes a protected header and judges its algorithm, before
// anything else in it is looked at.
func readHeader(s string) (map[string]any, error) {
	if len(s) > maxHeader {
		return nil, explain.Errorf("token_malformed", "a header of more than %d bytes", maxHeader)
	}
	b, ok := Decode64(s)
	if !ok {
		return nil, explain.Errorf("token_malformed", "the header is not base64url in its one form")
	}
	header, err := strictjson.Object(b, strictjson.Limits{Bytes: maxHeader, Depth: 4, Nodes: 64})
	if err != nil {
		return nil, explain.Errorf("token_malformed", "the header: %w", err)
	}
	switch a, ok := header["alg"].(string); {
	case !ok:
		return nil, explain.Errorf("token_malformed", "the header names no algorithm")
	case strings.EqualFold(a, "none"):
		return nil, explain.Errorf("unsigned", "a token without a signature")
	case a != alg:
		return nil, explain.Errorf("proof_unsupported", "a token signed with another algorithm than %s", alg)
	}
	return header, nil
}

// Unsigned reports whether b begins like a token in compact form that says of
// itself that it is not signed.
func Unsigned(b []byte) bool {
	head, _, _ := strings.Cut(string(b[:min(len(b), maxHeader)]), ".")
	_, err := readHeader(head)
	return explain.CodeOf(err) == "unsigned"
}

// header takes what the profile allows from a header.
func (p Profile) header(m map[string]any) (h Header, err error) {
	if typ, ok := m["typ"]; typ != p.Typ && (ok || p.Typ != "") {
		return h, explain.Errorf("token_kind", "a token of another kind than %q", p.Typ)
	}
	for name, v := range m {
		switch name {
		case "alg", "typ":
			continue
		case "crit", "b64": // RFC 7515, section 4.1.11; RFC 7797
			return h, explain.Errorf("token_header", "an extension that must be understood and is not")
		}
		if !p.allows(name) {
			return h, explain.Errorf("token_header", "a header member that this kind of token does not have")
		}
		switch name {
		case "kid":
			var ok bool
			if h.Kid, ok = v.(string); !ok || h.Kid == "" {
				return h, explain.Errorf("token_header", "kid is no text")
			}
		case "x5c":
			if h.X5c, err = readX5c(v); err != nil {
				return h, err
			}
		case "jwk":
			if h.JWK, err = BareKey(v); err != nil {
				return h, err
			}
		}
	}
	return h, nil
}

func (p Profile) allows(name string) bool {
	for _, n := range p.Names {
		if n == name {
			return true
		}
	}
	return false
}

// Verify checks the signature. The key must be of the kind that the algorithm
// needs: that is asked first. Codes proof_wrong_key, proof_invalid.
//
// The n−s twin of a signature verifies too, so nothing may take a token's
// bytes for the identity of what it says.
func (t *Token) Verify(key did.PublicKey) error {
	if key.Kind() != did.P256 {
		return explain.Errorf("proof_wrong_key", "%s needs a P-256 key", alg)
	}
	if !key.Verify([]byte(t.input), t.signature[:]) {
		return explain.Errorf("proof_invalid", "the signature of a token does not match")
	}
	return nil
}

// Sign makes a token of the profile's kind. sign gets the bytes to sign, which
// it hashes itself, and returns r ‖ s; what it gave is checked with key, a
// P-256 key. Codes proof_wrong_key, token_header, signing_failed.
func (p Profile) Sign(h Header, payload []byte, key did.PublicKey, sign func([]byte) ([]byte, error)) (string, error) {
	if key.Kind() != did.P256 {
		return "", explain.Errorf("proof_wrong_key", "%s needs a P-256 key", alg)
	}
	// The names are ours; the values are written by strictjson.
	m := map[string]any{"alg": alg}
	if p.Typ != "" {
		m["typ"] = p.Typ
	}
	if h.Kid != "" {
		m["kid"] = h.Kid
	}
	if len(h.X5c) > 0 {
		if err := checkX5c(h.X5c); err != nil {
			return "", err
		}
		m["x5c"] = writeX5c(h.X5c)
	}
	if h.JWK.Kind() != 0 {
		jwk, err := WriteKey(h.JWK)
		if err != nil {
			return "", err
		}
		m["jwk"] = jwk
	}
	for name := range m {
		if name != "alg" && name != "typ" && !p.allows(name) {
			return "", explain.Errorf("token_header", "this kind of token has no %s", name)
		}
	}
	head, err := strictjson.Canonical(m)
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	b := make([]byte, 0, enc.EncodedLen(len(head))+1+enc.EncodedLen(len(payload))+1+enc.EncodedLen(64))
	b = enc.AppendEncode(b, head)
	b = append(b, '.')
	b = enc.AppendEncode(b, payload)
	sig, err := sign(b)
	if err != nil {
		code := explain.CodeOf(err)
		if code == "" {
			code = "signing_failed"
		}
		return "", explain.Errorf(code, "signing: %w", err)
	}
	if !key.Verify(b, sig) {
		return "", explain.Errorf("signing_failed", "the signature does not match the key")
	}
	b = append(b, '.')
	return string(enc.AppendEncode(b, sig)), nil
}

// Decode64 reads base64url without padding in its one canonical form: unused
// bits are zero, and there are no line breaks, which the standard library
// would skip.
func Decode64(s string) ([]byte, bool) {
	if strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0 {
		return nil, false
	}
	b, err := strict64.DecodeString(s)
	return b, err == nil
}

var strict64 = base64.RawURLEncoding.Strict()
