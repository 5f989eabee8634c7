package jose

// Public keys as JWK: RFC 7517, RFC 7518 section 6.2, RFC 8037.

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/json"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

func curve(kind did.KeyKind) elliptic.Curve {
	if kind == did.P384 {
		return elliptic.P384()
	}
	return elliptic.P256()
}

// keyForms are the keys that can be read. Coordinates have exactly these
// lengths (RFC 7518, section 6.2.1.2; RFC 8037, section 2).
var keyForms = []struct {
	kty, crv, alg string
	kind          did.KeyKind
	size          int
	y             bool
}{
	{"EC", "P-256", "ES256", did.P256, 32, true},
	{"EC", "P-384", "ES384", did.P384, 48, true},
	{"OKP", "Ed25519", "EdDSA", did.Ed25519, 32, false},
}

// Key reads a public key from a JWK as strictjson gives it: of a kind that we
// verify with, on its curve, with coordinates of exact length, and not meant
// for anything but verifying. A private key is refused. Members that we do not
// know are ignored (RFC 7517, section 4). Code key_invalid.
func Key(v any) (did.PublicKey, error) {
	bad := func(why string) (did.PublicKey, error) {
		return did.PublicKey{}, explain.Errorf("key_invalid", "JWK: %s", why)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return bad("not an object")
	}
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, ok := m[private]; ok {
			return bad("a secret stands in it")
		}
	}
	for _, f := range keyForms {
		if m["kty"] != f.kty || m["crv"] != f.crv {
			continue
		}
		if a, ok := m["alg"]; ok && a != f.alg && !(f.kind == did.Ed25519 && a == "Ed25519") {
			return bad("meant for another algorithm than its curve's")
		}
		if use, ok := m["use"]; ok && use != "sig" {
			return bad("not meant for signatures")
		}
		if ops, ok := m["key_ops"]; ok && !verifies(ops) {
			return bad("not meant for verifying")
		}
		// jwx would take coordinates of any length and off the curve, and
		// decodes them in every spelling: they are read here, checked by did.
		raw := make([]byte, 0, 1+2*f.size)
		if f.y {
			raw = append(raw, 4)
		}
		for _, name := range []string{"x", "y"} {
			c, ok := m[name]
			if ok != (name == "x" || f.y) {
				return bad("a coordinate too many or too few")
			}
			if !ok {
				continue
			}
			s, _ := c.(string)
			b, ok := Decode64(s)
			if !ok || len(b) != f.size {
				return bad("a coordinate of the wrong length or spelling")
			}
			raw = append(raw, b...)
		}
		return did.NewPublicKey(f.kind, raw)
	}
	return bad("of a kind that is not supported")
}

// BareKey is Key for a P-256 key that is nothing but kty, crv, x and y, as it
// stands where a token is bound to it.
func BareKey(v any) (did.PublicKey, error) {
	if m, _ := v.(map[string]any); len(m) != 4 || m["crv"] != "P-256" {
		return did.PublicKey{}, explain.Errorf("key_invalid", "JWK: not a P-256 key of kty, crv, x and y alone")
	}
	return Key(v)
}

// verifies reads key_ops (RFC 7517, section 4.3): operations without repeats,
// verify among them.
func verifies(v any) bool {
	list, _ := v.([]any)
	seen := map[string]bool{}
	for _, e := range list {
		s, ok := e.(string)
		if !ok || seen[s] {
			return false
		}
		seen[s] = true
	}
	return seen["verify"]
}

// WriteKey gives a key as a JWK of kty, crv, x and, for EC, y alone. Code
// key_invalid for the zero key.
func WriteKey(k did.PublicKey) (map[string]any, error) {
	var raw any
	switch k.Kind() {
	case did.Ed25519:
		raw = ed25519.PublicKey(k.Bytes())
	case did.P256, did.P384:
		pub, err := ecdsa.ParseUncompressedPublicKey(curve(k.Kind()), k.Uncompressed())
		if err != nil {
			return nil, explain.Errorf("key_invalid", "JWK: %w", err)
		}
		raw = pub
	default:
		return nil, explain.Errorf("key_invalid", "JWK: no key")
	}
	// Member names and values of a plain public key need no escaping, which jwx
	// would not do.
	w, err := jwk.FromRaw(raw)
	if err != nil {
		return nil, explain.Errorf("key_invalid", "JWK: %w", err)
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil, explain.Errorf("key_invalid", "JWK: %w", err)
	}
	return strictjson.Object(b, strictjson.Limits{})
}
