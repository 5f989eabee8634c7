// Package jwk implements the DID method `jwk`: a DID that is a public JSON Web
// Key, base64url. It resolves without any source and never changes.
//
// It follows the specification at https://github.com/quartzjer/did-jwk. One key
// can have many such DIDs, since the JSON may be written in many ways: the DID
// counts as it is written, and the key behind it is no identity.
package jwk

import (
	"context"
	"encoding/base64"
	"strings"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

const prefix = "did:jwk:"

// limits of the JWK inside a DID, which is itself at most 2,048 bytes.
var limits = strictjson.Limits{Bytes: 2048, Depth: 4, Nodes: 64}

// New returns the DID of a key: its JWK with `use` sig, in JCS form.
func New(k did.PublicKey) did.DID {
	m := k.JWK()
	m["use"] = "sig"
	b, err := strictjson.Canonical(m)
	if err != nil { // a map of strings always has a form
		panic(err)
	}
	return did.DID(prefix + base64.RawURLEncoding.EncodeToString(b))
}

// MethodID returns the DID URL of the only verification method of a did:jwk.
func MethodID(d did.DID) string { return string(d) + "#0" }

// Public returns the key that signatures of a did:jwk are made with. Codes:
// did_method_unsupported, did_invalid, did_document_private, key_invalid (a key
// of another kind, or one for encryption).
func Public(d did.DID) (did.PublicKey, error) {
	doc, err := Document(d)
	if err != nil {
		return did.PublicKey{}, err
	}
	m, err := doc.Method(MethodID(d), did.AssertionMethod)
	if err != nil {
		return did.PublicKey{}, explain.Errorf("key_invalid", "did:jwk without a key that we verify with: %w", err)
	}
	return m.Key, nil
}

// Document derives the document of a did:jwk. `use` decides what the key stands
// for: sig for everything that a signature does, enc for key agreement alone,
// none for both. A key of a kind that we do not verify with stays without its
// Key. Codes: did_method_unsupported, did_invalid, did_document_private,
// key_invalid.
func Document(d did.DID) (*did.Document, error) {
	if _, err := did.Parse(string(d)); err != nil {
		return nil, err
	}
	if d.Method() != "jwk" {
		return nil, explain.Errorf("did_method_unsupported", "not a did:jwk")
	}
	b, err := decode(d.Specific())
	if err != nil {
		return nil, err
	}
	key, err := strictjson.Object(b, limits)
	if err != nil {
		return nil, explain.Errorf("did_invalid", "did:jwk: %w", err)
	}
	if kty, _ := key["kty"].(string); kty == "" {
		return nil, explain.Errorf("did_invalid", "did:jwk: the JWK has no kty")
	}
	id, method := string(d), MethodID(d)
	doc := map[string]any{
		"@context": []any{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"},
		"id":       id,
		"verificationMethod": []any{map[string]any{
			"id": method, "type": "JsonWebKey2020", "controller": id, "publicKeyJwk": key,
		}},
	}
	use, stated := key["use"].(string)
	if _, there := key["use"]; there && !stated {
		return nil, explain.Errorf("did_invalid", "did:jwk: use is not a string")
	}
	if use != "enc" {
		for _, rel := range []did.Relationship{did.Authentication, did.AssertionMethod, did.CapabilityInvocation, did.CapabilityDelegation} {
			doc[string(rel)] = []any{method}
		}
	}
	if use != "sig" {
		doc[string(did.KeyAgreement)] = []any{method}
	}
	raw, err := strictjson.Canonical(doc)
	if err != nil {
		return nil, explain.Errorf("did_invalid", "did:jwk: %w", err)
	}
	return did.ParseDocument(raw)
}

// decode takes base64url without padding in its one canonical form.
func decode(s string) ([]byte, error) {
	// The decoder skips line breaks, which a DID cannot hold.
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return nil, explain.Errorf("did_invalid", "did:jwk: not base64url")
	}
	return b, nil
}

// Resolver resolves did:jwk. A version id is an error, since there are none; a
// time or height changes nothing.
var Resolver did.Resolver = resolver{}

type resolver struct{}

func (resolver) Resolve(_ context.Context, id did.DID, o did.ResolveOptions) (*did.Resolution, error) {
	d, err := Document(id)
	if err != nil {
		if explain.CodeOf(err) == "key_invalid" {
			return nil, explain.Errorf("did_invalid", "resolving did:jwk: %w", err)
		}
		return nil, err
	}
	if o.VersionID != "" {
		return nil, explain.Errorf("did_version_unknown", "a did:jwk has no versions")
	}
	return &did.Resolution{Document: d}, nil
}
