package vc

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// party is somebody with an Ed25519 key, derived from a name.
type party struct {
	did    did.DID
	method string
	secret ed25519.PrivateKey
	key    did.PublicKey
}

func newParty(name string) party {
	seed := sha256.Sum256([]byte("test key of " + name))
	p := party{secret: ed25519.NewKeyFromSeed(seed[:])}
	var err error
	if p.key, err = did.NewPublicKey(did.Ed25519, p.secret.Public().(ed25519.PublicKey)); err != nil {
		panic(err)
	}
	p.did = did.DID("did:key:" + p.key.Multikey())
	p.method = p.did.String() + "#" + p.key.Multikey()
	return p
}

func (p party) sign(b []byte) ([]byte, error) { return ed25519.Sign(p.secret, b), nil }

var (
	board     = newParty("board")
	otherOrg  = newParty("another board")
	holder    = newParty("practitioner")
	testChain = "demo-abcdefgh"
	testSalt  = [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	testTime  = time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
)

// selfKeys reads the key from a did:key method, for any purpose.
func selfKeys(method string, _ did.Relationship) (did.PublicKey, error) {
	id, fragment, _ := strings.Cut(method, "#")
	if id != "did:key:"+fragment {
		return did.PublicKey{}, explain.Errorf("method_not_found", "no such method")
	}
	return did.ParseMultikey(fragment)
}

// claims is a licence as an issuer drafts it.
func claims() map[string]any {
	return object(`{
		"@context": ["https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"],
		"type": ["VerifiableCredential", "ProfessionalLicence"],
		"issuer": "` + board.did.String() + `",
		"validFrom": "2026-11-01T00:00:00Z",
		"validUntil": "2028-12-31T23:59:59Z",
		"credentialSubject": {
			"id": "` + holder.did.String() + `",
			"type": "Practitioner",
			"givenName": "Zelda",
			"familyName": "Quillfeather",
			"npi": "1234567893",
			"licence": {
				"type": "Licence",
				"number": "MD-0012345",
				"jurisdiction": "US-OH",
				"profession": "physician",
				"issued": "2026-11-01",
				"expires": "2028-11-30"
			}
		},
		"credentialStatus": [
			{"type": "LedgerStatusEntry", "statusIndex": "131075"},
			{"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "3", "statusListCredential": "https://board.example/status/1"}
		],
		"evidence": [{"type": "LedgerAnchor", "anchor": ""}]
	}`)
}

func object(s string) map[string]any {
	m, err := strictjson.Object([]byte(s), strictjson.Limits{})
	if err != nil {
		panic(err)
	}
	return m
}

func canonical(v any) []byte {
	b, err := strictjson.Canonical(v)
	if err != nil {
		panic(err)
	}
	return b
}

// testAnchor has the length of a real one.
var testAnchor = strings.Repeat("QW5j", 60)

func seal(t testing.TB, c map[string]any, by party) []byte {
	t.Helper()
	d, err := NewDraft(c)
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.Seal(testAnchor, ProofOptions{VerificationMethod: by.method, Created: testTime, Key: by.key}, by.sign)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signed adds a proof to any document, without the checks of an issuer.
func signed(t testing.TB, doc map[string]any, by party, purpose did.Relationship, options map[string]any) map[string]any {
	t.Helper()
	doc = without(doc, "proof")
	o := map[string]any{"created": "2026-11-21T09:30:00Z", "verificationMethod": by.method}
	for k, v := range options {
		o[k] = v
	}
	p, err := newProof(doc, o, by.did, purpose, by.sign)
	if err != nil {
		t.Fatal(err)
	}
	doc["proof"] = p.node
	return doc
}

// verify parses and verifies.
func verify(b []byte, keys KeyFunc) (Authentic, error) {
	p, err := Parse(b)
	if err != nil {
		return Authentic{}, err
	}
	return p.Verify(keys)
}

func wantCode(t testing.TB, err error, codes ...string) {
	t.Helper()
	got := explain.CodeOf(err)
	for _, c := range codes {
		if got == c {
			if _, ok := explain.Lookup(c); !ok && c != "" {
				t.Errorf("code %q is not in the catalogue", c)
			}
			return
		}
	}
	t.Errorf("code %q, want one of %q (error: %v)", got, codes, err)
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readJSON(t testing.TB, name string, to any) {
	t.Helper()
	if err := json.Unmarshal(readFile(t, name), to); err != nil {
		t.Fatal(err)
	}
}

// fixedKey knows one method, as a verifier that has looked its key up does.
func fixedKey(p party) KeyFunc {
	return func(method string, purpose did.Relationship) (did.PublicKey, error) {
		if method != p.method || purpose != did.AssertionMethod {
			return did.PublicKey{}, explain.Errorf("method_not_found", "no such method")
		}
		return p.key, nil
	}
}
