package did

// DID documents (DID Core 1.0, section 5): reading, and finding the key that a
// signature names.

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// Relationship is a verification relationship (DID Core, section 5.3); as a
// proof purpose it has the same name.
type Relationship string

// The verification relationships of DID Core.
const (
	Authentication       Relationship = "authentication"
	AssertionMethod      Relationship = "assertionMethod"
	KeyAgreement         Relationship = "keyAgreement"
	CapabilityInvocation Relationship = "capabilityInvocation"
	CapabilityDelegation Relationship = "capabilityDelegation"
)

var relationships = []Relationship{Authentication, AssertionMethod, KeyAgreement, CapabilityInvocation, CapabilityDelegation}

// VerificationMethod is a key in a DID document.
type VerificationMethod struct {
	ID         string // absolute DID URL
	Type       string // Multikey, JsonWebKey, JsonWebKey2020, or one that we cannot use
	Controller DID
	Key        PublicKey // zero where type or key is none that we verify with
}

// Service is a service of a DID document. Endpoint is as parsed: a string, an
// object or an array.
type Service struct {
	ID       string
	Type     []string
	Endpoint any
}

// Document is a parsed DID document. It is not to be changed.
type Document struct {
	ID          DID
	Raw         []byte // as it was read
	AlsoKnownAs []string
	Controllers []DID
	Methods     []VerificationMethod // all, those embedded in a relationship included
	Services    []Service

	members map[string]any
	rels    map[Relationship][]string // ids of methods, absolute
}

// MaxDocument is the largest DID document that is read, in bytes.
const MaxDocument = 64 << 10

var documentLimits = strictjson.Limits{Bytes: MaxDocument, Depth: 16, Nodes: 5000}

// contexts are those that a JSON-LD document may begin with.
var contexts = []string{"https://www.w3.org/ns/did/v1", "https://www.w3.org/ns/did/v1.1", "https://www.w3.org/ns/cid/v1"}

// ParseDocument reads a DID document. Keys are checked; a method of a type
// that we do not use stays in Methods without a key. Members that DID Core
// does not define are left alone, but private key material anywhere refuses
// the document. Codes: did_document_invalid, did_document_private, key_invalid.
func ParseDocument(b []byte) (*Document, error) {
	m, err := strictjson.Object(b, documentLimits)
	if err != nil {
		return nil, explain.Errorf("did_document_invalid", "reading DID document: %w", err)
	}
	if holdsPrivateKey(m, false) {
		return nil, explain.Errorf("did_document_private", "private key material in a DID document")
	}
	d := &Document{Raw: bytes.Clone(b), members: m, rels: map[Relationship][]string{}}
	if err := d.read(); err != nil {
		return nil, err
	}
	return d, nil
}

// Members returns a copy of the document as JSON values.
func (d *Document) Members() map[string]any {
	return strictjson.Clone(d.members).(map[string]any)
}

// Method finds the key that a signature names: the method with exactly this
// DID URL, listed under rel, and controlled by this very DID. Codes:
// method_not_found, method_wrong_purpose, method_foreign_controller,
// method_unsupported.
func (d *Document) Method(id string, rel Relationship) (VerificationMethod, error) {
	i := slices.IndexFunc(d.Methods, func(m VerificationMethod) bool { return m.ID == id })
	if i < 0 {
		return VerificationMethod{}, explain.Errorf("method_not_found", "no such verification method in the document of %s", d.ID)
	}
	m := d.Methods[i]
	if !slices.Contains(d.rels[rel], id) {
		return VerificationMethod{}, explain.Errorf("method_wrong_purpose", "verification method not listed under %q by %s", string(rel), d.ID)
	}
	if m.Controller != d.ID || !strings.HasPrefix(id, string(d.ID)+"#") {
		return VerificationMethod{}, explain.Errorf("method_foreign_controller", "verification method controlled by another than %s", d.ID)
	}
	if m.Key.Kind() == 0 {
		return VerificationMethod{}, explain.Errorf("method_unsupported", "verification method of a type that is not supported in %s", d.ID)
	}
	return m, nil
}

// MethodsFor returns the methods that Method would return for rel, in the
// order in which the document lists them there.
func (d *Document) MethodsFor(rel Relationship) []VerificationMethod {
	var out []VerificationMethod
	for _, id := range d.rels[rel] {
		if m, err := d.Method(id, rel); err == nil {
			out = append(out, m)
		}
	}
	return out
}

func badDocument(format string, args ...any) error {
	return explain.Errorf("did_document_invalid", format, args...)
}

func (d *Document) read() error {
	if err := readContext(d.members); err != nil {
		return err
	}
	s, _ := d.members["id"].(string)
	id, err := Parse(s)
	if err != nil {
		return badDocument("DID document: id: %w", err)
	}
	d.ID = id
	if d.AlsoKnownAs, err = readStrings(d.members, "alsoKnownAs", false); err != nil {
		return err
	}
	controllers, err := readStrings(d.members, "controller", true)
	if err != nil {
		return err
	}
	for _, c := range controllers {
		cd, err := Parse(c)
		if err != nil {
			return badDocument("DID document: controller: %w", err)
		}
		d.Controllers = append(d.Controllers, cd)
	}
	methods, err := readArray(d.members, "verificationMethod")
	if err != nil {
		return err
	}
	for _, v := range methods {
		if _, err := d.readMethod(v); err != nil {
			return err
		}
	}
	for _, rel := range relationships {
		if err := d.readRelationship(rel); err != nil {
			return err
		}
	}
	return d.readServices()
}

func readContext(m map[string]any) error {
	c, ok := m["@context"]
	if !ok { // the plain JSON representation has none
		return nil
	}
	if a, ok := c.([]any); ok && len(a) > 0 {
		c = a[0]
	}
	s, _ := c.(string)
	if !slices.Contains(contexts, s) {
		return badDocument("DID document: @context does not begin with that of DID Core")
	}
	return nil
}

func (d *Document) readMethod(v any) (string, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return "", badDocument("DID document: a verification method is not an object")
	}
	s, _ := m["id"].(string)
	id, err := d.absolute(s)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(d.Methods, func(o VerificationMethod) bool { return o.ID == id }) {
		return "", badDocument("DID document: two verification methods with one id")
	}
	s, _ = m["controller"].(string)
	controller, err := Parse(s)
	if err != nil {
		return "", badDocument("DID document: controller of a verification method: %w", err)
	}
	typ, _ := m["type"].(string)
	if typ == "" {
		return "", badDocument("DID document: a verification method without type")
	}
	key, err := readKey(typ, m)
	if err != nil {
		return "", err
	}
	d.Methods = append(d.Methods, VerificationMethod{ID: id, Type: typ, Controller: controller, Key: key})
	return id, nil
}

// readKey returns the key of a method, the zero value where it is of a type,
// or a well-formed key of a kind, that we do not verify with.
func readKey(typ string, m map[string]any) (PublicKey, error) {
	mb, hasMB := m["publicKeyMultibase"]
	jwk, hasJWK := m["publicKeyJwk"]
	if hasMB && hasJWK {
		return PublicKey{}, badDocument("DID document: one verification method with two keys")
	}
	switch typ {
	case "Multikey":
		s, ok := mb.(string)
		if !ok {
			return PublicKey{}, badDocument("DID document: a Multikey without publicKeyMultibase")
		}
		if !strings.HasPrefix(s, "z6Mk") && !strings.HasPrefix(s, "zDn") && !strings.HasPrefix(s, "z82") {
			return PublicKey{}, nil // another kind: X25519, BLS, RSA …
		}
		return ParseMultikey(s)
	case "JsonWebKey", "JsonWebKey2020":
		j, ok := jwk.(map[string]any)
		if !ok {
			return PublicKey{}, badDocument("DID document: a JsonWebKey without publicKeyJwk")
		}
		return readJWK(j)
	}
	return PublicKey{}, nil
}

// readJWK reads the public part of a JSON Web Key (RFC 7517, RFC 8037). A key
// of a kind that we verify with must be well-formed, whatever it is for; one
// that says of itself that it is for something else is none to verify with.
func readJWK(j map[string]any) (PublicKey, error) {
	kty, _ := j["kty"].(string)
	crv, _ := j["crv"].(string)
	var kind KeyKind
	var point []byte
	names, size := []string{"x", "y"}, 0
	switch {
	case kty == "OKP" && crv == "Ed25519":
		kind, names, size = Ed25519, names[:1], 32
	case kty == "EC" && crv == "P-256":
		kind, point = P256, []byte{4}
	case kty == "EC" && crv == "P-384":
		kind, point = P384, []byte{4}
	default:
		return PublicKey{}, nil
	}
	if kind != Ed25519 {
		_, size = curveOf(kind)
	}
	for _, name := range names {
		c, err := coordinate(j, name, size)
		if err != nil {
			return PublicKey{}, err
		}
		point = append(point, c...)
	}
	k, err := NewPublicKey(kind, point)
	if err != nil || !verifies(j, kind) {
		return PublicKey{}, err
	}
	return k, nil
}

// verifies reports whether a JWK may verify signatures of its kind: what it
// says in use, key_ops and alg (RFC 7517, section 4) does not speak against it.
func verifies(j map[string]any, kind KeyKind) bool {
	if use, ok := j["use"]; ok && use != "sig" {
		return false
	}
	if ops, ok := j["key_ops"]; ok {
		list, _ := ops.([]any)
		if !slices.Contains(list, any("verify")) {
			return false
		}
	}
	alg, ok := j["alg"]
	switch {
	case !ok:
		return true
	case kind == P256:
		return alg == "ES256"
	case kind == P384:
		return alg == "ES384"
	}
	return alg == "EdDSA" || alg == "Ed25519"
}

func coordinate(j map[string]any, name string, size int) ([]byte, error) {
	s, _ := j[name].(string)
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	// The decoder skips line breaks; the length of the text shows them.
	if err != nil || len(b) != size || len(s) != base64.RawURLEncoding.EncodedLen(size) {
		return nil, explain.Errorf("key_invalid", "JWK member %s is not %d bytes of base64url", name, size)
	}
	return b, nil
}

func (d *Document) readRelationship(rel Relationship) error {
	entries, err := readArray(d.members, string(rel))
	if err != nil {
		return err
	}
	for _, e := range entries {
		var id string
		if s, ok := e.(string); ok {
			if id, err = d.absolute(s); err != nil {
				return err
			}
			own := strings.HasPrefix(id, string(d.ID)+"#")
			if own && !slices.ContainsFunc(d.Methods, func(m VerificationMethod) bool { return m.ID == id }) {
				return badDocument("DID document: %s names a verification method that is not there", rel)
			}
		} else if id, err = d.readMethod(e); err != nil {
			return err
		}
		if slices.Contains(d.rels[rel], id) {
			return badDocument("DID document: %s names a verification method twice", rel)
		}
		d.rels[rel] = append(d.rels[rel], id)
	}
	return nil
}

func (d *Document) readServices() error {
	services, err := readArray(d.members, "service")
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, v := range services {
		m, ok := v.(map[string]any)
		if !ok {
			return badDocument("DID document: a service is not an object")
		}
		id, _ := m["id"].(string)
		if strings.HasPrefix(id, "#") {
			id = string(d.ID) + id
		}
		types, err := readStrings(m, "type", true)
		if err != nil {
			return err
		}
		endpoint := m["serviceEndpoint"]
		switch endpoint.(type) {
		case string, map[string]any, []any:
		default:
			return badDocument("DID document: a service without endpoint")
		}
		if id == "" || seen[id] || len(types) == 0 {
			return badDocument("DID document: a service without id or type, or with another's id")
		}
		seen[id] = true
		d.Services = append(d.Services, Service{ID: id, Type: types, Endpoint: endpoint})
	}
	return nil
}

// absolute resolves a method's id, a DID URL with a fragment or `#fragment`.
func (d *Document) absolute(s string) (string, error) {
	if strings.HasPrefix(s, "#") {
		s = string(d.ID) + s
	}
	u, err := ParseURL(s)
	if err != nil {
		return "", badDocument("DID document: id of a verification method: %w", err)
	}
	if u.Fragment == "" {
		return "", badDocument("DID document: id of a verification method without fragment")
	}
	return s, nil
}

func readArray(m map[string]any, name string) ([]any, error) {
	v, ok := m[name]
	if !ok {
		return nil, nil
	}
	a, ok := v.([]any)
	if !ok {
		return nil, badDocument("DID document: %s is not an array", name)
	}
	return a, nil
}

// readStrings reads an array of strings; single: or one string.
func readStrings(m map[string]any, name string, single bool) ([]string, error) {
	v, ok := m[name]
	if !ok {
		return nil, nil
	}
	if s, ok := v.(string); ok && single {
		return []string{s}, nil
	}
	a, ok := v.([]any)
	if !ok {
		return nil, badDocument("DID document: %s of the wrong kind", name)
	}
	out := make([]string, len(a))
	for i, e := range a {
		if out[i], ok = e.(string); !ok || out[i] == "" {
			return nil, badDocument("DID document: %s of the wrong kind", name)
		}
	}
	return out, nil
}

// holdsPrivateKey looks for private key members at any depth: secretKey… and
// privateKey…, and in a JWK those of RFC 7518, section 6.
func holdsPrivateKey(v any, jwk bool) bool {
	switch v := v.(type) {
	case map[string]any:
		_, hasKty := v["kty"]
		jwk = jwk || hasKty
		for k, e := range v {
			l := strings.ToLower(k)
			if strings.HasPrefix(l, "privatekey") || strings.HasPrefix(l, "secretkey") {
				return true
			}
			if jwk {
				switch k {
				case "d", "p", "q", "dp", "dq", "qi", "oth", "k":
					return true
				}
			}
			if holdsPrivateKey(e, k == "publicKeyJwk") {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if holdsPrivateKey(e, jwk) {
				return true
			}
		}
	}
	return false
}
