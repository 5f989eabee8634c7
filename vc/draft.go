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
	format      Format
	doc         map[string]any // the credential; of an SD-JWT VC the payload
	disclosures []string       // of an SD-JWT VC
	json        []byte
	issuer      did.DID
}

// ProofOptions says how to sign. Created belongs to the record made before
// signing, so that signing again gives the same bytes; the record of an SD-JWT
// VC has its own.
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
	p, b, err := draftable(claims)
	if err != nil {
		return nil, err
	}
	doc := p.doc
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
	return &Draft{format: VCDM, doc: doc, json: b, issuer: issuer}, nil
}

// draftable reads what is about to be anchored, in the strict form of the
// model, and returns it with its canonical form. The claims are copied.
func draftable(claims map[string]any) (*Parsed, []byte, error) {
	if hasKey(claims, "proof") {
		return nil, nil, explain.Errorf("draft_signed", "the draft has a proof already")
	}
	b, err := strictjson.Canonical(claims)
	if err != nil {
		return nil, nil, err
	}
	doc, err := strictjson.Object(b, limits)
	if err != nil {
		return nil, nil, err
	}
	p, err := parse(doc, issuing)
	switch {
	case err != nil:
		return nil, nil, err
	case p.kind != KindCredential:
		return nil, nil, explain.Errorf("not_a_credential", "a draft of something that is no credential")
	case p.facts.anchorErr != nil:
		return nil, nil, p.facts.anchorErr
	case p.facts.anchor != "":
		return nil, nil, explain.Errorf("draft_anchored", "the draft has an anchor already")
	}
	return p, b, nil
}

// ReadDraft reads the record that Draft.JSON gave, with all checks of a new
// draft. Code draft_record where it is no such record.
func ReadDraft(f Format, record []byte) (d *Draft, err error) {
	switch f {
	case VCDM:
		doc, err := strictjson.Object(record, limits)
		if err != nil {
			return nil, explain.Errorf("draft_record", "reading a draft: %w", err)
		}
		d, err = NewDraft(doc)
		if err != nil {
			return nil, err
		}
	case SDJWT:
		if d, err = readSDJWTDraft(record); err != nil {
			return nil, err
		}
	default:
		return nil, explain.Errorf("draft_record", "a draft in no known format")
	}
	if string(d.json) != string(record) {
		return nil, explain.Errorf("draft_record", "a draft that is not in canonical form")
	}
	return d, nil
}

// Format says for which envelope the draft is.
func (d *Draft) Format() Format { return d.format }

// JSON is what an issuer records before signing, in canonical form (RFC 8785):
// the credential as the leaf covers it, or the payload of an SD-JWT VC, as the
// leaf covers it, with its disclosures: {"disclosures":[…],"payload":{…}}.
func (d *Draft) JSON() []byte { return append([]byte(nil), d.json...) }

// Leaf is the leaf hash; see Parsed.Leaf.
func (d *Draft) Leaf(chainID string, salt [16]byte) ([32]byte, error) {
	if d.format == SDJWT {
		return sdjwtLeaf(d.doc, chainID, salt)
	}
	return leaf(d.doc, chainID, salt)
}

// Seal fills in the anchor and signs. sign gets the 64 bytes to sign with the
// Ed25519 key of the method. The result is the credential in canonical form,
// the same for the same draft, anchor, options and key. It was read back and
// its signature checked.
//
// For an SD-JWT VC sign gets the bytes to sign with the P-256 key of the method,
// hashes them itself, and returns r ‖ s. The result is in compact form with all
// disclosures, the same but for the signature.
func (d *Draft) Seal(anchor string, o ProofOptions, sign func([]byte) ([]byte, error)) ([]byte, error) {
	if anchor == "" {
		return nil, explain.Errorf("anchor_missing", "sealing without an anchor")
	}
	if d.format == SDJWT {
		return d.sealSDJWT(anchor, o, sign)
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
