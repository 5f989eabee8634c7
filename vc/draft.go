package vc

// Issuing: a draft is checked and recorded first, anchored, and only then
// signed.

import (
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/vc/internal/ld"
)

// Draft is a credential before its signature: complete but for the anchor,
// which is the empty string.
type Draft struct {
	doc    map[string]any
	json   []byte // doc in canonical form
	issuer did.DID
}

// ProofOptions says how to sign. Created belongs to the record made before
// signing, so that signing again gives the same bytes.
type ProofOptions struct {
	VerificationMethod string
	Created            time.Time
	// Key is the public key of the method. What was signed is checked with it
	// before it is handed out.
	Key did.PublicKey
	// Certificates of the key, in DER, its own first, for the x5c of an SD-JWT;
	// nil: none.
	Certificates [][]byte
}

// NewDraft checks what an issuer is about to anchor and sign: the model in its
// strict form, one anchor, still empty, status entries that agree, known
// contexts, every member covered by the signature, and that the canonical form
// exists. claims is the document without proof, of values as strictjson gives
// them; it is copied. The same claims always give the same draft.
func NewDraft(claims map[string]any) (*Draft, error) {
	if _, ok := claims["proof"]; ok {
		return nil, explain.Errorf("draft_signed", "the draft has a proof already")
	}
	b, err := strictjson.Canonical(claims)
	if err != nil {
		return nil, err
	}
	doc, err := strictjson.Object(b, limits)
	if err != nil {
		return nil, err
	}
	p, err := parse(doc, issuing)
	if err != nil {
		return nil, err
	}
	if p.kind != KindCredential {
		return nil, explain.Errorf("not_a_credential", "a draft of something that is no credential")
	}
	if p.facts.anchorErr != nil {
		return nil, p.facts.anchorErr
	}
	if p.facts.anchor != "" {
		return nil, explain.Errorf("draft_anchored", "the draft has an anchor already")
	}
	issuer, err := did.Parse(p.facts.issuer)
	if err != nil {
		return nil, explain.Errorf("issuer_invalid", "issuer of a draft: %w", err)
	}
	if _, err := statusIndex(doc["credentialStatus"]); err != nil {
		return nil, err
	}
	if err := checkExact(doc); err != nil {
		return nil, err
	}
	filled, err := withAnchor(doc, "AQ")
	if err != nil {
		return nil, err
	}
	if _, err := ld.ToCanonical(filled); err != nil {
		return nil, coded("document_not_canonical", "canonicalising the draft", err)
	}
	return &Draft{doc: doc, json: b, issuer: issuer}, nil
}

// Format says for which envelope the draft is.
func (d *Draft) Format() Format { return VCDM }

// JSON is the draft in canonical form (RFC 8785): what the leaf covers, and
// what an issuer records before signing.
func (d *Draft) JSON() []byte { return append([]byte(nil), d.json...) }

// Leaf is the leaf hash; see Parsed.Leaf.
func (d *Draft) Leaf(chainID string, salt [16]byte) ([32]byte, error) {
	return leaf(d.doc, chainID, salt)
}

// Seal fills in the anchor and signs. sign gets the 64 bytes to sign with the
// Ed25519 key of the method. The result is the credential in canonical form,
// the same for the same draft, anchor, options and key. It was read back and
// its signature checked.
func (d *Draft) Seal(anchor string, o ProofOptions, sign func([]byte) ([]byte, error)) ([]byte, error) {
	if anchor == "" {
		return nil, explain.Errorf("anchor_missing", "sealing without an anchor")
	}
	doc, err := withAnchor(d.doc, anchor)
	if err != nil {
		return nil, err
	}
	q, err := newProof(doc, map[string]any{
		"created": formatTime(o.Created), "verificationMethod": o.VerificationMethod,
	}, d.issuer, did.AssertionMethod, sign)
	if err != nil {
		return nil, err
	}
	if o.Key.Kind() != did.Ed25519 || !o.Key.Verify(q.digest[:], q.signature[:]) {
		return nil, explain.Errorf("signing_failed", "the signature does not match the method's key")
	}
	doc["proof"] = q.node
	b, err := strictjson.Canonical(doc)
	if err != nil {
		return nil, err
	}
	return b, d.readBack(b, q)
}

// readBack makes sure that the bytes hold exactly what was signed.
func (d *Draft) readBack(b []byte, q proof) error {
	p, err := Parse(b)
	if err != nil {
		return err
	}
	blank, err := withAnchor(p.doc, "")
	if err != nil {
		return err
	}
	again, err := strictjson.Canonical(blank)
	if err != nil {
		return err
	}
	proofs, err := parseProofs(p.doc["proof"], did.AssertionMethod)
	if err != nil {
		return err
	}
	if string(again) != string(d.json) || len(proofs) != 1 || proofs[0].signature != q.signature {
		return explain.Errorf("signing_failed", "the credential does not read back as it was signed")
	}
	return nil
}
