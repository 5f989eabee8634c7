// Package key implements the DID method `key`: a DID that is a public key, for
// practitioners' wallets. It resolves without any source and never changes.
//
// It follows the did:key method of the W3C Credentials Community Group, with
// the key written as a Multikey, for Ed25519, P-256 and P-384.
package key

import (
	"context"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// New returns the DID of a key.
func New(k did.PublicKey) did.DID { return did.DID("did:key:" + k.Multikey()) }

// MethodID returns the DID URL of the only verification method of a key's DID.
func MethodID(k did.PublicKey) string {
	m := k.Multikey()
	return "did:key:" + m + "#" + m
}

// Public returns the key that a did:key is. Codes: did_method_unsupported,
// key_invalid.
func Public(d did.DID) (did.PublicKey, error) {
	if d.Method() != "key" {
		return did.PublicKey{}, explain.Errorf("did_method_unsupported", "not a did:key")
	}
	return did.ParseMultikey(d.Specific())
}

// Document returns the document of a key's DID. The key stands for everything
// that a signature can be used for, by the method's definition; it agrees on
// no keys.
func Document(k did.PublicKey) (*did.Document, error) {
	id, method := string(New(k)), MethodID(k)
	doc := map[string]any{
		"@context": []any{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"},
		"id":       id,
		"verificationMethod": []any{map[string]any{
			"id": method, "type": "Multikey", "controller": id, "publicKeyMultibase": k.Multikey(),
		}},
	}
	for _, rel := range []did.Relationship{did.Authentication, did.AssertionMethod, did.CapabilityInvocation, did.CapabilityDelegation} {
		doc[string(rel)] = []any{method}
	}
	b, err := strictjson.Canonical(doc)
	if err != nil {
		return nil, err
	}
	return did.ParseDocument(b)
}

// Resolver resolves did:key. A version id is an error, since there are none; a
// time or height changes nothing.
var Resolver did.Resolver = resolver{}

type resolver struct{}

func (resolver) Resolve(_ context.Context, id did.DID, o did.ResolveOptions) (*did.Resolution, error) {
	if _, err := did.Parse(string(id)); err != nil {
		return nil, err
	}
	k, err := Public(id)
	if err != nil {
		if explain.CodeOf(err) == "key_invalid" {
			return nil, explain.Errorf("did_invalid", "resolving did:key: %w", err)
		}
		return nil, err
	}
	if o.VersionID != "" {
		return nil, explain.Errorf("did_version_unknown", "a did:key has no versions")
	}
	d, err := Document(k)
	if err != nil {
		return nil, err
	}
	return &did.Resolution{Document: d}, nil
}
