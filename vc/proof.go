package vc

// Data Integrity 1.0 with the cryptosuite eddsa-rdfc-2022 (Data Integrity
// EdDSA Cryptosuites 1.0, section 3.2): proofs, proof sets and proof chains.

import (
	"crypto/sha256"
	"reflect"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/vc/internal/ld"
)

const (
	proofType   = "DataIntegrityProof"
	cryptosuite = "eddsa-rdfc-2022"
)

// maxProofs bounds one document: a chain canonicalises it once for each.
const maxProofs = 8

// proof is one member of `proof`, its shape checked.
type proof struct {
	node      map[string]any
	id        string
	method    string  // verification method, an absolute DID URL
	signer    did.DID // the DID that the method belongs to
	purpose   did.Relationship
	created   string
	expires   time.Time // zero: never
	challenge string
	domain    []string
	previous  []string
	signature [64]byte
	digest    [64]byte // what newProof signed
}

// parseProofs checks the shape of every proof and that each serves the
// purpose (Data Integrity, sections 2.1 and 4.4).
func parseProofs(v any, purpose did.Relationship) ([]proof, error) {
	if list, ok := v.([]any); v == nil || ok && len(list) == 0 {
		return nil, explain.Errorf("proof_missing", "the document has no proof")
	}
	nodes, ok := objects(v)
	if !ok {
		return nil, explain.Errorf("proof_malformed", "proof holds something other than objects")
	}
	if len(nodes) > maxProofs {
		return nil, explain.Errorf("proof_malformed", "more than %d proofs", maxProofs)
	}
	proofs := make([]proof, len(nodes))
	for i, n := range nodes {
		var err error
		if proofs[i], err = parseProof(n, purpose); err != nil {
			return nil, err
		}
	}
	return proofs, nil
}

func parseProof(n map[string]any, purpose did.Relationship) (p proof, err error) {
	p.node, p.purpose = n, purpose
	if n["type"] != proofType {
		return p, explain.Errorf("proof_unsupported", "type of a proof is not %s", proofType)
	}
	if n["cryptosuite"] != cryptosuite {
		return p, explain.Errorf("proof_unsupported", "cryptosuite of a proof is not %s", cryptosuite)
	}
	if s, ok := n["proofPurpose"].(string); !ok {
		return p, explain.Errorf("proof_malformed", "a proof names no purpose")
	} else if s != string(purpose) {
		return p, explain.Errorf("proof_purpose_wrong", "the purpose of a proof is not %s", purpose)
	}
	for _, m := range []struct {
		name     string
		to       *string
		required bool
	}{
		{"id", &p.id, false},
		{"verificationMethod", &p.method, true},
		{"created", &p.created, false},
		{"challenge", &p.challenge, false},
	} {
		v, ok := n[m.name]
		if !ok && !m.required {
			continue
		}
		if *m.to, ok = v.(string); !ok || *m.to == "" {
			return p, explain.Errorf("proof_malformed", "%s of a proof is missing or no string", m.name)
		}
	}
	url, err := did.ParseURL(p.method)
	if err != nil || url.Fragment == "" {
		return p, explain.Errorf("proof_malformed", "verificationMethod of a proof is no DID URL with a fragment")
	}
	p.signer = url.DID
	if p.created != "" {
		if _, ok := parseTime(p.created, lenient); !ok {
			return p, explain.Errorf("proof_malformed", "created of a proof is not a dateTimeStamp")
		}
	}
	if v, ok := n["expires"]; ok {
		s, _ := v.(string)
		if p.expires, ok = parseTime(s, lenient); !ok {
			return p, explain.Errorf("proof_malformed", "expires of a proof is not a dateTimeStamp")
		}
	}
	if v, ok := n["domain"]; ok {
		if p.domain, ok = stringOrStrings(v); !ok {
			return p, explain.Errorf("proof_malformed", "domain of a proof is neither a string nor several")
		}
	}
	if v, ok := n["previousProof"]; ok {
		if p.previous, ok = stringOrStrings(v); !ok {
			return p, explain.Errorf("proof_chain_broken", "previousProof is neither a string nor several")
		}
	}
	s, _ := n["proofValue"].(string)
	var ok bool
	if p.signature, ok = decodeSignature(s); !ok {
		return p, explain.Errorf("proof_value_malformed", "proofValue is not 64 bytes in base58-btc")
	}
	return p, nil
}

// stringOrStrings reads a string or an array of at least one, without repeats.
func stringOrStrings(v any) ([]string, bool) {
	if s, ok := v.(string); ok {
		return []string{s}, s != ""
	}
	list, ok := v.([]any)
	if !ok || len(list) == 0 || len(list) > maxProofs {
		return nil, false
	}
	out := make([]string, 0, len(list))
	for _, e := range list {
		s, ok := e.(string)
		if !ok || s == "" || slices.Contains(out, s) {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// verifyProofs checks every proof of an unsecured document: a proof by itself
// (section 4.4 of Data Integrity), sets and chains (section 4.5). All must
// hold. keys is asked for every method.
func verifyProofs(unsecured map[string]any, proofs []proof, keys KeyFunc) error {
	chain, err := link(proofs)
	if err != nil {
		return err
	}
	// Proofs that follow no other sign the same document.
	var plain [32]byte
	done := false
	for i := range proofs {
		p := &proofs[i]
		key, err := keys(p.method, p.purpose)
		if err != nil {
			return coded("method_not_found", "finding the key of a proof", err)
		}
		if key.Kind() != did.Ed25519 {
			return explain.Errorf("proof_wrong_key", "%s needs an Ed25519 key", cryptosuite)
		}
		digest := plain
		if len(chain[i]) > 0 || !done {
			if digest, err = hashDocument(unsecured, chain[i]); err != nil {
				return err
			}
			if len(chain[i]) == 0 {
				plain, done = digest, true
			}
		}
		config, err := hashConfig(unsecured["@context"], p)
		if err != nil {
			return err
		}
		var signed [64]byte
		copy(signed[:32], config[:])
		copy(signed[32:], digest[:])
		if !key.Verify(signed[:], p.signature[:]) {
			return explain.Errorf("proof_invalid", "a signature does not match the document")
		}
	}
	return nil
}

// link returns for each proof the proofs that it follows (previousProof). Ids
// must be unique, what is named must be there, and nothing may follow itself.
func link(proofs []proof) ([][]*proof, error) {
	chain := make([][]*proof, len(proofs))
	byID := make(map[string]int)
	for i, p := range proofs {
		if p.id == "" {
			continue
		}
		if _, ok := byID[p.id]; ok {
			return nil, explain.Errorf("proof_chain_broken", "two proofs have the same id")
		}
		byID[p.id] = i
	}
	for i := range proofs {
		for _, id := range proofs[i].previous {
			j, ok := byID[id]
			if !ok {
				return nil, explain.Errorf("proof_chain_broken", "previousProof names a proof that is not there")
			}
			chain[i] = append(chain[i], &proofs[j])
		}
	}
	// Each round settles the proofs whose predecessors are settled; what is
	// left follows itself.
	settled := make(map[*proof]bool, len(proofs))
	for range proofs {
		for i := range proofs {
			if !slices.ContainsFunc(chain[i], func(q *proof) bool { return !settled[q] }) {
				settled[&proofs[i]] = true
			}
		}
	}
	if len(settled) != len(proofs) {
		return nil, explain.Errorf("proof_chain_broken", "proofs follow one another in a circle")
	}
	return chain, nil
}

// hashDocument transforms and hashes the document (sections 3.2.3 and 3.2.4 of
// the cryptosuite), with the proofs that this one follows as its `proof`
// (Data Integrity, section 4.5, step 3.3).
func hashDocument(unsecured map[string]any, previous []*proof) ([32]byte, error) {
	if len(previous) > 0 {
		nodes := make([]any, len(previous))
		for i, p := range previous {
			nodes[i] = p.node
		}
		doc := without(unsecured, "proof")
		doc["proof"] = nodes
		unsecured = doc
	}
	b, err := ld.ToCanonical(unsecured)
	if err != nil {
		return [32]byte{}, coded("document_not_canonical", "canonicalising the document", err)
	}
	return sha256.Sum256(b), nil
}

// hashConfig hashes the proof's options (section 3.2.5 of the cryptosuite). A
// `@context` in the proof is replaced by the document's, so no signature
// covers it: it may only repeat how the document's own begins (as section
// 3.3.2 has it), and so cannot mean anything else.
func hashConfig(context any, p *proof) ([32]byte, error) {
	if own, ok := p.node["@context"]; ok && !prefixOf(own, context) {
		return [32]byte{}, explain.Errorf("context_nested", "a proof has a context that is not the document's")
	}
	if b, ok := plainConfig(context, p); ok {
		return sha256.Sum256(b), nil
	}
	options := without(p.node, "proofValue")
	options["@context"] = context
	b, err := ld.ToCanonical(options)
	if err != nil {
		return [32]byte{}, coded("document_not_canonical", "canonicalising a proof", err)
	}
	return sha256.Sum256(b), nil
}

// plainConfig writes the canonical form of the options that nearly every proof
// of a credential has, without asking the JSON-LD processor: a proof without an id is the one
// blank node of its graph, each of its five terms is protected in the base
// context and so means the same whatever contexts follow, and the statements
// below stand in their canonical order. It declines everything else.
func plainConfig(context any, p *proof) ([]byte, bool) {
	list, ok := context.([]any)
	if !ok || len(list) == 0 || list[0] != baseContext || p.created == "" || p.purpose != did.AssertionMethod {
		return nil, false
	}
	for _, c := range list[1:] {
		if _, ok := c.(string); !ok { // an inline context
			return nil, false
		}
	}
	for name := range p.node {
		switch name {
		case "type", "cryptosuite", "created", "proofPurpose", "verificationMethod", "proofValue":
		default:
			return nil, false
		}
	}
	const sec = "https://w3id.org/security#"
	b := make([]byte, 0, 640+len(p.method))
	b = append(b, `_:c14n0 <http://purl.org/dc/terms/created> "`...)
	b = append(b, p.created...)
	b = append(b, "\"^^<http://www.w3.org/2001/XMLSchema#dateTime> .\n"+
		"_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <"+sec+proofType+"> .\n"+
		"_:c14n0 <"+sec+"cryptosuite> \""+cryptosuite+"\"^^<"+sec+"cryptosuiteString> .\n"+
		"_:c14n0 <"+sec+"proofPurpose> <"+sec+"assertionMethod> .\n"+
		"_:c14n0 <"+sec+"verificationMethod> <"...)
	b = append(b, p.method...)
	return append(b, "> .\n"...), true
}

// prefixOf reports whether one context is how the other begins.
func prefixOf(own, whole any) bool {
	a, ok := own.([]any)
	if !ok {
		a = []any{own}
	}
	b, ok := whole.([]any)
	if !ok {
		b = []any{whole}
	}
	return len(a) <= len(b) && reflect.DeepEqual(a, b[:len(a)])
}

// coded keeps an error's own code, or gives it one.
func coded(code, doing string, err error) error {
	if c := explain.CodeOf(err); c != "" {
		code = c
	}
	return explain.Errorf(code, doing+": %w", err)
}

// newProof makes the options of a proof and signs the unsecured document. The
// result is the document's `proof` member. Nothing is signed under a method of
// anyone but signer.
func newProof(unsecured, options map[string]any, signer did.DID, purpose did.Relationship, sign func([]byte) ([]byte, error)) (proof, error) {
	n := without(options, "proofValue")
	n["type"], n["cryptosuite"], n["proofPurpose"] = proofType, cryptosuite, string(purpose)
	// A placeholder lets the same reader check what is about to be signed.
	n["proofValue"] = "z" + strings.Repeat("1", 64)
	p, err := parseProof(n, purpose)
	if err != nil {
		return p, err
	}
	if p.signer != signer {
		return p, explain.Errorf("method_foreign_controller", "the method is not the signer's")
	}
	digest, err := hashDocument(unsecured, nil)
	if err != nil {
		return p, err
	}
	config, err := hashConfig(unsecured["@context"], &p)
	if err != nil {
		return p, err
	}
	signed := append(config[:], digest[:]...)
	sig, err := sign(signed)
	if err != nil {
		return p, coded("signing_failed", "signing", err)
	}
	if len(sig) != len(p.signature) {
		return p, explain.Errorf("signing_failed", "the signer gave %d bytes, not %d", len(sig), len(p.signature))
	}
	copy(p.signature[:], sig)
	n["proofValue"] = encodeSignature(sig)
	p.digest = [64]byte(signed)
	return p, nil
}
