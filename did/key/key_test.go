package key

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"bonafide/did"
	"bonafide/internal/explain"
)

// vector is one entry of the method's published test vectors.
type vector struct {
	DIDDocument json.RawMessage `json:"didDocument"`
}

func vectors(t *testing.T, file string) map[string]vector {
	t.Helper()
	b, err := os.ReadFile("testdata/did-key/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]vector
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestVectors compares keys, ids and relationships with the published
// documents; their key types are of 2022, ours is Multikey.
func TestVectors(t *testing.T) {
	n := 0
	for _, file := range []string{"ed25519-x25519.json", "nist-curves.json"} {
		for id, v := range vectors(t, file) {
			if strings.HasPrefix(id, "did:key:z2J9") {
				// P-521, which no securing mechanism here signs with.
				if _, err := Public(did.DID(id)); explain.CodeOf(err) != "key_invalid" {
					t.Errorf("%s: %v", id, err)
				}
				continue
			}
			n++
			k, err := Public(did.DID(id))
			if err != nil {
				t.Errorf("%s: %v", id, err)
				continue
			}
			if New(k) != did.DID(id) {
				t.Errorf("%s became %s", id, New(k))
			}
			res, err := Resolver.Resolve(context.Background(), did.DID(id), did.ResolveOptions{})
			if err != nil {
				t.Errorf("%s: %v", id, err)
				continue
			}
			theirs, err := did.ParseDocument(v.DIDDocument)
			if err != nil {
				t.Errorf("%s: published document: %v", id, err)
				continue
			}
			ours := res.Document
			if ours.ID != theirs.ID || ours.Methods[0].ID != theirs.Methods[0].ID || ours.Methods[0].ID != MethodID(k) {
				t.Errorf("%s: ids differ", id)
			}
			if their := theirs.Methods[0].Key; their.Kind() != 0 && their != k {
				t.Errorf("%s: the published JWK is another key", id)
			}
			for _, rel := range []did.Relationship{did.Authentication, did.AssertionMethod, did.CapabilityInvocation, did.CapabilityDelegation} {
				if m := ours.MethodsFor(rel); len(m) != 1 || m[0].Key != k {
					t.Errorf("%s: %s: %+v", id, rel, m)
				}
			}
		}
	}
	if n != 10 {
		t.Errorf("%d vectors, want 10", n)
	}
}

// TestOtherKinds: BLS12-381, RSA, secp256k1 and X25519 are well-formed DIDs
// whose keys we do not verify with.
func TestOtherKinds(t *testing.T) {
	n := 0
	check := func(id string) {
		n++
		if _, err := Public(did.DID(id)); explain.CodeOf(err) != "key_invalid" {
			t.Errorf("%s: %v", id, err)
		}
		if _, err := Resolver.Resolve(t.Context(), did.DID(id), did.ResolveOptions{}); did.ResolutionError(err) != "invalidDid" {
			t.Errorf("%s: %v", id, err)
		}
	}
	for _, file := range []string{"bls12381.json", "rsa.json", "secp256k1.json"} {
		for id, v := range vectors(t, file) {
			check(id)
			// Their documents are read all the same; no key of them is usable.
			d, err := did.ParseDocument(v.DIDDocument)
			if err != nil {
				t.Errorf("%s: %v", id, err)
			} else if m := d.MethodsFor(did.AssertionMethod); len(m) != 0 {
				t.Errorf("%s: usable %+v", id, m)
			}
		}
	}
	b, err := os.ReadFile("testdata/did-key/x25519.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ DIDDocument map[string]json.RawMessage }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	for id := range file.DIDDocument {
		check(id)
	}
	if n < 14 {
		t.Errorf("%d vectors", n)
	}
}

func TestResolve(t *testing.T) {
	const id = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
	for in, code := range map[did.DID]string{
		"did:web:example.com": "did_method_unsupported",
		"did:key:":            "did_invalid",
		"did:key:z":           "did_invalid",
		"did:key:1.1:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp": "did_invalid",
		id + "#x":        "did_invalid",
		did.DID(id[:30]): "did_invalid",
	} {
		if _, err := Resolver.Resolve(t.Context(), in, did.ResolveOptions{}); explain.CodeOf(err) != code {
			t.Errorf("%s: %v", in, err)
		}
	}
	if _, err := Resolver.Resolve(t.Context(), id, did.ResolveOptions{VersionID: "1"}); explain.CodeOf(err) != "did_version_unknown" {
		t.Errorf("%v", err)
	}
	if r, err := Resolver.Resolve(t.Context(), id, did.ResolveOptions{Height: 3}); err != nil || !r.AsOf.IsZero() || r.Metadata != (did.DocumentMetadata{}) {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestThreat76_ShortKeys: did:keys that made another resolver panic.
func TestThreat76_ShortKeys(t *testing.T) {
	for _, s := range []string{"did:key:z", "did:key:z1", "did:key:z6", "did:key:z6M", "did:key:zDn", "did:key:z82", "did:key:a", "did:key:zz", "did:key:m7QE"} {
		if _, err := Public(did.DID(s)); err == nil {
			t.Errorf("%s accepted", s)
		}
	}
	if _, err := Public(""); err == nil {
		t.Error("nothing accepted")
	}
}
