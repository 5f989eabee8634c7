package vc

// The published vectors; each folder of testdata says where it is from.

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"math/big"
	"os"
	"strings"
	"testing"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/vc/internal/ld"
)

// secretKey reads privateKeyMultibase: 0x8026, then 32 bytes.
func secretKey(t *testing.T, s string) party {
	t.Helper()
	n := new(big.Int)
	for _, c := range []byte(s[1:]) {
		n.Add(n.Mul(n, big.NewInt(58)), big.NewInt(int64(digit58[c])))
	}
	b := n.Bytes()
	if len(b) != 34 || b[0] != 0x80 || b[1] != 0x26 {
		t.Fatal("not a secret Ed25519 key in Multikey form")
	}
	p := party{secret: ed25519.NewKeyFromSeed(b[2:])}
	var err error
	if p.key, err = did.NewPublicKey(did.Ed25519, p.secret.Public().(ed25519.PublicKey)); err != nil {
		t.Fatal(err)
	}
	p.did = did.DID("did:key:" + p.key.Multikey())
	p.method = p.did.String() + "#" + p.key.Multikey()
	return p
}

func vectorObject(t *testing.T, name string) map[string]any {
	t.Helper()
	m, err := strictjson.Object(readFile(t, name), strictjson.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return m
}

// checkProofs verifies the proofs of a document and nothing else.
func checkProofs(doc map[string]any) error {
	proofs, err := parseProofs(doc["proof"], did.AssertionMethod)
	if err != nil {
		return err
	}
	return verifyProofs(without(doc, "proof"), proofs, selfKeys)
}

// Every file of the suite: canonical forms, hashes, signature, and creating
// the proof anew.
func TestVectorsEddsaRdfc2022(t *testing.T) {
	text := func(name string) string { return string(readFile(t, "vc-di-eddsa/"+name)) }
	var pair struct{ PublicKeyMultibase, PrivateKeyMultibase string }
	readJSON(t, "vc-di-eddsa/keyPair.json", &pair)
	by := secretKey(t, pair.PrivateKeyMultibase)
	if by.key.Multikey() != pair.PublicKeyMultibase {
		t.Fatal("the key pair does not fit")
	}
	t.Run("eddsa-rdfc-2022/employ/", func(t *testing.T) {
		// Its context, https://w3id.org/citizenship/v4rc1, is not among the
		// vectors and not pinned, so the document is refused; from the
		// published canonical forms on everything must come out the same.
		const dir = "eddsa-rdfc-2022/employ/"
		wantCode(t, checkProofs(vectorObject(t, "vc-di-eddsa/"+dir+"signedDataInt.json")), "context_unknown")
		docHash := sha256.Sum256([]byte(text(dir + "canonDocDataInt.txt")))
		options := vectorObject(t, "vc-di-eddsa/"+dir+"proofConfigDataInt.json")
		options["proofValue"] = text(dir + "sigBTC58DataInt.txt")
		p, err := parseProof(options, did.AssertionMethod)
		if err != nil {
			t.Fatal(err)
		}
		delete(p.node, "@context")
		plain, ok := plainConfig([]any{baseContext, "https://w3id.org/citizenship/v4rc1"}, &p)
		if !ok || string(plain) != text(dir+"proofCanonDataInt.txt") {
			t.Errorf("canonical options:\n%s", plain)
		}
		proofHash := sha256.Sum256(plain)
		combined := append(proofHash[:], docHash[:]...)
		if hex.EncodeToString(combined) != text(dir+"combinedHashDataInt.txt") {
			t.Error("combined hash")
		}
		sig, _ := by.sign(combined)
		if hex.EncodeToString(sig) != text(dir+"sigHexDataInt.txt") || p.signature != [64]byte(sig) || encodeSignature(sig) != options["proofValue"] {
			t.Error("signature")
		}
		t.Skip("canonicalising the document: its context is not among the vectors")
	})
	for dir, source := range map[string]string{"eddsa-rdfc-2022/": "unsigned.json"} {
		t.Run(dir, func(t *testing.T) {
			doc := vectorObject(t, "vc-di-eddsa/"+source)
			got, err := ld.ToCanonical(doc)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != text(dir+"canonDocDataInt.txt") {
				t.Errorf("canonical document:\n%s", got)
			}
			docHash := sha256.Sum256(got)
			if hex.EncodeToString(docHash[:]) != text(dir+"docHashDataInt.txt") {
				t.Error("document hash")
			}
			options := vectorObject(t, "vc-di-eddsa/"+dir+"proofConfigDataInt.json")
			if got, err = ld.ToCanonical(options); err != nil {
				t.Fatal(err)
			}
			if string(got) != text(dir+"proofCanonDataInt.txt") {
				t.Errorf("canonical options:\n%s", got)
			}
			delete(options, "@context")
			p, err := newProof(doc, options, by.did, did.AssertionMethod, by.sign)
			if err != nil {
				t.Fatal(err)
			}
			plain, ok := plainConfig(doc["@context"], &p)
			if !ok || string(plain) != string(got) {
				t.Errorf("canonical options by the short way:\n%s", plain)
			}
			proofHash := sha256.Sum256(plain)
			if hex.EncodeToString(proofHash[:]) != text(dir+"proofHashDataInt.txt") {
				t.Error("hash of the options")
			}
			if hex.EncodeToString(p.digest[:]) != text(dir+"combinedHashDataInt.txt") {
				t.Error("combined hash")
			}
			if hex.EncodeToString(p.signature[:]) != text(dir+"sigHexDataInt.txt") {
				t.Error("signature")
			}
			if p.node["proofValue"] != text(dir+"sigBTC58DataInt.txt") {
				t.Error("proofValue")
			}
			want := vectorObject(t, "vc-di-eddsa/"+dir+"signedDataInt.json")
			doc["proof"] = p.node
			if string(canonical(doc)) != string(canonical(want)) {
				t.Errorf("signed document:\n%s", canonical(doc))
			}
			if err := checkProofs(want); err != nil {
				t.Error(err)
			}
			// Issuers here are not whose keys sign: a verdict must refuse.
			p2, err := parse(want, lenient)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p2.Verify(selfKeys); err == nil {
				t.Error("verified although the issuer did not sign")
			} else {
				wantCode(t, err, "proof_not_issuer")
			}
		})
	}
	for _, skipped := range []string{"Ed25519Signature2020", "eddsa-jcs-2022"} {
		t.Run(skipped, func(t *testing.T) { t.Skip("another cryptosuite, which is not offered") })
	}
}

func TestVectorsProofSetAndChain(t *testing.T) {
	const dir = "vc-di-eddsa/proof-set-chain/"
	for _, name := range []string{"signedProofSet1", "signedProofSet2", "signedProofChain1", "signedProofChain2"} {
		if err := checkProofs(vectorObject(t, dir+name+".json")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Make every proof anew, in order, and compare.
	var pairs map[string]struct{ PrivateKeyMultibase string }
	readJSON(t, dir+"multiKeyPairs.json", &pairs)
	unsecured := vectorObject(t, dir+"unsigned.json")
	previous := map[string][]string{"proofSetConfig1": nil, "proofSetConfig2": nil, "proofChainConfig1": {"proofSetConfigSigned1", "proofSetConfigSigned2"}, "proofChainConfig2": {"proofChainConfigSigned1"}}
	for config, key := range map[string]string{"proofSetConfig1": "keyPair1", "proofSetConfig2": "keyPair2", "proofChainConfig1": "keyPair3", "proofChainConfig2": "keyPair4"} {
		t.Run(config, func(t *testing.T) {
			by := secretKey(t, pairs[key].PrivateKeyMultibase)
			doc := without(unsecured, "proof")
			var earlier []any
			for _, name := range previous[config] {
				earlier = append(earlier, vectorObject(t, dir+name+".json"))
			}
			if earlier != nil {
				doc["proof"] = earlier
			}
			p, err := newProof(doc, vectorObject(t, dir+config+".json"), by.did, did.AssertionMethod, by.sign)
			if err != nil {
				t.Fatal(err)
			}
			want := vectorObject(t, dir+strings.Replace(config, "Config", "ConfigSigned", 1)+".json")
			if string(canonical(p.node)) != string(canonical(want)) {
				t.Errorf("got %s", canonical(p.node))
			}
		})
	}
	// A chain needs all that it rests on: without one of the first proofs the
	// third does not hold.
	doc := vectorObject(t, dir+"signedProofChain2.json")
	all := doc["proof"].([]any)
	for i := range all[:3] {
		doc["proof"] = append(append([]any{}, all[:i]...), all[i+1:]...)
		wantCode(t, checkProofs(doc), "proof_chain_broken")
	}
	// Nor if an earlier proof is forged, though the later ones hold by
	// themselves.
	forged := strictjson.Clone(all).([]any)
	forged[0].(map[string]any)["proofValue"] = forged[1].(map[string]any)["proofValue"]
	doc["proof"] = forged
	wantCode(t, checkProofs(doc), "proof_invalid")
}

// The names of these inputs say whether their chain holds.
func TestVectorsProofChainAssertion(t *testing.T) {
	const dir = "di-assertion-proof-chain/inputs/eddsa-rdfc-2022/"
	files, err := os.ReadDir("testdata/" + dir)
	if err != nil || len(files) != 12 {
		t.Fatal(len(files), err)
	}
	for _, f := range files {
		t.Run(f.Name(), func(t *testing.T) {
			doc := vectorObject(t, dir+f.Name())
			// These wrap their inline context in another `@context`, which the
			// text of JSON-LD 1.1 does not allow and its processors unwrap.
			contexts := doc["@context"].([]any)
			for i, c := range contexts {
				if m, ok := c.(map[string]any); ok {
					contexts[i] = m["@context"]
				}
			}
			err := checkProofs(doc)
			if strings.HasPrefix(f.Name(), "1.1-") {
				// The published answer needs the context of VCDM 1.1, which is
				// not pinned here: all of these are refused.
				wantCode(t, err, "context_unknown", "proof_chain_broken")
				if strings.Contains(f.Name(), "Ok") {
					t.Skip("VCDM 1.1 is not read")
				}
				return
			}
			if strings.Contains(f.Name(), "Ok") {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCode(t, err, "proof_chain_broken")
		})
	}
}

// Inputs of the VCDM 2.0 test suite. It adds an issuer before it sends them.
// What fails must fail for its own reason.
func TestVectorsModel(t *testing.T) {
	reasons := map[string]string{
		"credential-context-combo3-fail":                 "context_shape",
		"credential-context-combo4-fail":                 "context_shape",
		"credential-evidence-missing-type-fail":          "evidence_invalid",
		"credential-id-multi-fail":                       "id_invalid",
		"credential-id-nonidentifier-fail":               "id_invalid",
		"credential-id-not-url-fail":                     "id_invalid",
		"credential-id-subject-multi-fail":               "id_invalid",
		"credential-issuer-no-url-fail":                  "issuer_invalid",
		"credential-issuer-null-fail":                    "issuer_invalid",
		"credential-issuer-object-id-no-url-fail":        "issuer_invalid",
		"credential-issuer-object-id-null-fail":          "issuer_invalid",
		"credential-missing-base-context-fail-or-inject": "context_shape",
		"credential-missing-required-type-fail":          "not_a_credential",
		"credential-no-context-fail-or-inject":           "context_shape",
		"credential-no-issuer-fail":                      "issuer_invalid",
		"credential-no-subject-fail":                     "subject_invalid",
		"credential-no-type-fail":                        "not_a_credential",
		"credential-proof-missing-type-fail":             "proof_malformed",
		"credential-redef-type-fail":                     "context_protected",
		"credential-redef-type2-fail":                    "context_protected",
		"credential-refresh-no-type-fail":                "refresh_service_invalid",
		"credential-schema-no-id-fail":                   "credential_schema_invalid",
		"credential-schema-no-type-fail":                 "credential_schema_invalid",
		"credential-schema-non-url-id-fail":              "credential_schema_invalid",
		"credential-status-missing-type-fail":            "credential_status_invalid",
		"credential-status-multiple-id-fail":             "credential_status_invalid",
		"credential-status-nonurl-id-fail":               "credential_status_invalid",
		"credential-status-type-nonurl-fail":             "credential_status_invalid",
		"credential-subject-multiple-empty-fail":         "subject_invalid",
		"credential-subject-no-claims-fail":              "subject_invalid",
		"credential-termsofuse-missing-type-fail":        "terms_of_use_invalid",
		"credential-termsofuse-no-type-fail":             "terms_of_use_invalid",
		"credential-type-mapped-nonurl-fail":             "context_invalid",
		"credential-type-unmapped-fail":                  "term_undefined",
		"credential-validUntil-validFrom-fail":           "validity_inverted",
		"credential-validfrom-invalid-fail":              "date_invalid",
		"credential-validuntil-invalid-fail":             "date_invalid",
		"credential-description-extra-prop-en-fail":      "text_invalid",
		"credential-name-extra-prop-en-fail":             "text_invalid",
		"issuer-description-extra-prop-en-fail":          "text_invalid",
		"issuer-name-extra-prop-en-fail":                 "text_invalid",
		"presentation-context-order-fail":                "context_shape",
		"presentation-enveloped-vc-missing-type-fail":    "presentation_invalid",
		"presentation-holder-fail":                       "holder_invalid",
		"presentation-holder-name-fail":                  "holder_invalid",
		"presentation-holder-object-fail":                "holder_invalid",
		"presentation-missing-base-context-fail":         "context_shape",
		"presentation-missing-required-type-fail":        "not_a_credential",
		"presentation-no-context-fail-or-inject":         "context_shape",
		"presentation-no-type-fail":                      "not_a_credential",
		"presentation-vc-as-string-fail":                 "presentation_invalid",
		"presentation-vc-missing-required-type-fail":     "presentation_invalid",
	}
	seen := 0
	err := fs.WalkDir(os.DirFS("testdata/vcdm2-test-suite-input/input"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		seen++
		name := strings.TrimSuffix(path[strings.LastIndex(path, "/")+1:], ".json")
		t.Run(name, func(t *testing.T) {
			doc := vectorObject(t, "vcdm2-test-suite-input/input/"+path)
			if !strings.HasPrefix(name, "presentation") {
				switch issuer := doc["issuer"].(type) {
				case nil:
					if _, ok := doc["issuer"]; !ok && name != "credential-no-issuer-fail" {
						doc["issuer"] = board.did.String()
					}
				case map[string]any:
					if _, ok := issuer["id"]; !ok {
						issuer["id"] = board.did.String()
					}
				}
			}
			// The suite fills in these two as it runs.
			for _, member := range []string{"validFrom", "validUntil"} {
				switch doc[member] {
				case "PAST DATE":
					doc[member] = "2020-01-01T00:00:00Z"
				case "FUTURE DATE":
					doc[member] = "2040-01-01T00:00:00Z"
				}
			}
			if s, ok := doc["type"].(string); ok { // not what this input is about
				doc["type"] = []any{s}
			}
			_, err := parse(doc, issuing)
			if err == nil {
				_, err = ld.ToCanonical(without(doc, "proof"))
			}
			if want := reasons[name]; want != "" {
				wantCode(t, err, want)
				return
			}
			if strings.Contains(name, "fail") {
				t.Errorf("no reason is expected for an input that must fail; it gives %v", err)
				return
			}
			if name == "presentation-enveloped-vc-ok" {
				// A good document, but the envelope cannot be opened here.
				if _, err := checkPresentation(doc, issuing); err != nil {
					t.Error(err)
				}
				wantCode(t, err, "format_unsupported")
				t.Skip("enveloped credentials are not read")
			}
			if strings.HasPrefix(name, "presentation-self-asserted") {
				// Names beside ok and fail: these differ in who asserts, which
				// is no question of the model.
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err != nil {
				t.Error(explain.CodeOf(err), err)
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := 120; seen != want {
		t.Errorf("%d inputs, want %d", seen, want)
	}
}
