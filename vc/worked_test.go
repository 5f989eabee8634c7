package vc

// The worked example of docs/credentials.md. Its values stand in
// testdata/credentials/worked.json, so that another program can check itself
// against them; here they are computed a second time, step by step.

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/vc/internal/ld"
)

var update = flag.Bool("update", false, "write testdata/credentials/worked.json anew")

type worked struct {
	ChainID            string          `json:"chain_id"`
	Issuer             string          `json:"issuer"`
	VerificationMethod string          `json:"verification_method"`
	Seed               string          `json:"ed25519_seed"`
	Draft              json.RawMessage `json:"draft"`
	DraftCanonical     string          `json:"draft_jcs"`
	Salt               string          `json:"salt"`
	LeafInput          string          `json:"leaf_input"`
	Leaf               string          `json:"leaf"`
	OtherLeaf          string          `json:"other_leaf"`
	BatchRoot          string          `json:"batch_root"`
	EpochLeaf          string          `json:"epoch_leaf"`
	OtherEpochLeaf     string          `json:"other_epoch_leaf"`
	EpochRoot          string          `json:"epoch_root"`
	AnchorBytes        string          `json:"anchor_bytes"`
	Anchor             string          `json:"anchor"`
	CanonicalDocument  string          `json:"canonical_document"`
	CanonicalProof     string          `json:"canonical_proof_options"`
	Signed             string          `json:"signed_hash"`
	Signature          string          `json:"signature"`
	Credential         json.RawMessage `json:"credential"`
	StatusPage         int             `json:"status_page"`
	StatusPosition     int             `json:"status_position"`
	StatusByte         int             `json:"status_byte"`
	StatusHighNibble   bool            `json:"status_high_nibble"`
}

func lp(parts ...string) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	return b
}

func sha(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

func work(t *testing.T) worked {
	var w worked
	seed := make([]byte, 32)
	for i := range seed {
		seed[i] = byte(i + 1)
	}
	secret := ed25519.NewKeyFromSeed(seed)
	key, err := did.NewPublicKey(did.Ed25519, secret.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	w.ChainID = "ohio-k3v9q2mx"
	w.Issuer = "did:bonafide:ohio-k3v9q2mx:mfrggzdfmztwq2lknnwg23tpobyxe43u"
	w.VerificationMethod = w.Issuer + "#" + key.Multikey()
	w.Seed = hex.EncodeToString(seed)

	draft := object(`{
		"@context": ["https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"],
		"type": ["VerifiableCredential", "ProfessionalLicence"],
		"issuer": "` + w.Issuer + `",
		"validFrom": "2026-11-01T00:00:00Z",
		"validUntil": "2028-12-30T23:59:59Z",
		"credentialSubject": {
			"id": "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
			"type": "Practitioner",
			"givenName": "Zelda",
			"familyName": "Quillfeather",
			"npi": "1234567893",
			"licence": {
				"type": "Licence", "number": "MD-0012345", "jurisdiction": "US-OH", "profession": "physician",
				"issued": "2026-11-01", "expires": "2028-11-30"
			}
		},
		"credentialStatus": [
			{"type": "LedgerStatusEntry", "statusIndex": "131075"},
			{"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "3", "statusListCredential": "https://board.example/status/1/revocation"}
		],
		"evidence": [{"type": "LedgerAnchor", "anchor": ""}]
	}`)
	jcs := canonical(draft)
	w.Draft, w.DraftCanonical = jcs, string(jcs)

	var salt [16]byte
	for i := range salt {
		salt[i] = byte(0xA0 + i)
	}
	w.Salt = hex.EncodeToString(salt[:])
	input := append([]byte{0}, lp("bonafide-leaf-1", w.ChainID, "vcdm2-di", string(salt[:]), string(jcs))...)
	w.LeafInput = hex.EncodeToString(input)
	leafHash := sha(input)
	w.Leaf = hex.EncodeToString(leafHash)

	// Second of two leaves; the batch is the first of two in its epoch.
	other, otherBatch := sha([]byte("another leaf")), sha([]byte("another batch"))
	root := sha([]byte{1}, other, leafHash)
	epochLeaf := sha([]byte{0}, lp("bonafide-batch-1", w.Issuer, string(root)), binary.BigEndian.AppendUint32(nil, 2))
	epochRoot := sha([]byte{1}, epochLeaf, otherBatch)
	w.OtherLeaf, w.BatchRoot, w.EpochLeaf = hex.EncodeToString(other), hex.EncodeToString(root), hex.EncodeToString(epochLeaf)
	w.OtherEpochLeaf, w.EpochRoot = hex.EncodeToString(otherBatch), hex.EncodeToString(epochRoot)
	anchor := []byte{1}
	anchor = binary.BigEndian.AppendUint64(anchor, 42) // epoch
	anchor = binary.BigEndian.AppendUint16(anchor, 1)  // leaf position
	anchor = binary.BigEndian.AppendUint16(anchor, 2)  // batch size
	anchor = binary.BigEndian.AppendUint32(anchor, 0)  // batch position
	anchor = append(append(append(anchor, salt[:]...), other...), otherBatch...)
	w.AnchorBytes, w.Anchor = hex.EncodeToString(anchor), base64.RawURLEncoding.EncodeToString(anchor)

	d, err := NewDraft(draft)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.Leaf(w.ChainID, salt); err != nil || string(got[:]) != string(leafHash) {
		t.Error("the leaf of the draft is another", err)
	}
	filled := object(string(jcs))
	filled["evidence"].([]any)[0].(map[string]any)["anchor"] = w.Anchor
	doc, err := ld.ToCanonical(filled)
	if err != nil {
		t.Fatal(err)
	}
	options, err := ld.ToCanonical(map[string]any{
		"@context": filled["@context"], "type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "created": "2026-11-01T08:00:00Z",
		"verificationMethod": w.VerificationMethod, "proofPurpose": "assertionMethod",
	})
	if err != nil {
		t.Fatal(err)
	}
	w.CanonicalDocument, w.CanonicalProof = string(doc), string(options)
	signed := append(sha(options), sha(doc)...)
	signature := ed25519.Sign(secret, signed)
	w.Signed, w.Signature = hex.EncodeToString(signed), hex.EncodeToString(signature)
	w.Credential, err = d.Seal(w.Anchor, ProofOptions{
		VerificationMethod: w.VerificationMethod, Created: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC), Key: key,
	}, func(b []byte) ([]byte, error) {
		if string(b) != string(signed) {
			t.Error("Seal signs something else")
		}
		return ed25519.Sign(secret, b), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.StatusPage, w.StatusPosition = 131075/131072, 131075%131072
	w.StatusByte, w.StatusHighNibble = w.StatusPosition/2, w.StatusPosition%2 == 0
	return w
}

func TestWorkedExample(t *testing.T) {
	const name = "testdata/credentials/worked.json"
	w := work(t)
	got, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s says something else; with -update it is written anew, which breaks every credential issued before", name)
	}
	// The example verifies, and its leaf and index come out of it.
	keys := func(method string, purpose did.Relationship) (did.PublicKey, error) {
		if method != w.VerificationMethod || purpose != did.AssertionMethod {
			t.Error("asked for another key")
		}
		_, fragment, _ := strings.Cut(method, "#")
		return did.ParseMultikey(fragment)
	}
	p, err := Parse(w.Credential)
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Verify(keys)
	if err != nil {
		t.Fatal(err)
	}
	anchor, err := a.Anchor()
	if err != nil || anchor != w.Anchor {
		t.Error("anchor", err)
	}
	if i, err := a.StatusIndex(); err != nil || i != 131075 {
		t.Error("index", err)
	}
	salt, _ := hex.DecodeString(w.Salt)
	if leaf, err := p.Leaf(w.ChainID, [16]byte(salt)); err != nil || hex.EncodeToString(leaf[:]) != w.Leaf {
		t.Error("leaf", err)
	}
	// The document that explains it shows the same values.
	doc, err := os.ReadFile("../docs/credentials.md")
	if err != nil {
		t.Fatal(err)
	}
	for what, value := range map[string]string{
		"chain id": w.ChainID, "issuer": w.Issuer, "method": w.VerificationMethod, "salt": w.Salt, "draft": w.DraftCanonical, "leaf": w.Leaf,
		"other leaf": w.OtherLeaf, "batch root": w.BatchRoot, "epoch leaf": w.EpochLeaf, "other epoch leaf": w.OtherEpochLeaf, "epoch root": w.EpochRoot,
		"anchor": w.Anchor, "signed hash": w.Signed, "signature": w.Signature, "proofValue": encodeSignature(mustHex(w.Signature)), "seed": w.Seed,
		"file": "vc/" + name,
	} {
		if !strings.Contains(string(doc), value) {
			t.Errorf("docs/credentials.md does not show the %s %s", what, value)
		}
	}
}

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
