package issuer

// What a licence looks like as a credential, and whether the key that is to sign
// it is in force.

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
)

// claims builds the credential of a licence. It is everything that is signed,
// with an empty anchor (bytes.md, "Epochs and anchors").
func (b *Board) claims(l *Licence, f Form, index uint32, created, validUntil time.Time) map[string]any {
	r := &l.Record
	validFrom := created
	if s := r.Issued.start(); s.After(validFrom) {
		validFrom = s
	}
	licence := map[string]any{
		"type":         "Licence",
		"number":       r.Number,
		"jurisdiction": r.Jurisdiction,
		"issued":       string(r.Issued),
		"expires":      string(r.Expires),
	}
	switch r.Type {
	case BoardCertification, TrainingCertification:
		licence["specialty"] = r.Profession
	case ControlledSubstanceRegistration:
		licence["schedules"] = schedules(r.Profession)
	default:
		licence["profession"] = r.Profession
	}
	if r.Conditions != "" {
		licence["conditions"] = []any{r.Conditions}
	}
	subject := map[string]any{
		"type":       "Practitioner",
		"familyName": r.FamilyName,
		"licence":    licence,
	}
	if r.GivenName != "" {
		subject["givenName"] = r.GivenName
	}
	if r.NPI != "" {
		subject["npi"] = r.NPI
	}
	if f == Bound {
		subject["id"] = string(l.Holder)
	}
	return map[string]any{
		"@context":          []any{"https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"},
		"type":              []any{"VerifiableCredential", r.Type},
		"issuer":            string(b.DID),
		"validFrom":         validFrom.Format(time.RFC3339),
		"validUntil":        validUntil.Format(time.RFC3339),
		"credentialSubject": subject,
		"credentialStatus": []any{map[string]any{
			"type":        "LedgerStatusEntry",
			"statusIndex": strconv.FormatUint(uint64(index), 10),
		}},
		"evidence": []any{map[string]any{"type": "LedgerAnchor", "anchor": ""}},
	}
}

// schedules reads a list such as "II, III; IV". Each stands once: to RDF the
// values are a set.
func schedules(s string) []any {
	out := []any{}
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		if !slices.Contains(out, any(f)) {
			out = append(out, f)
		}
	}
	return out
}

// inForce reports whether a method of a DID may assert in the state after
// height, and has not been reported since.
func inForce(h did.History, id did.DID, method string, height uint64) error {
	versions, err := h.Versions(id)
	if err != nil {
		return err
	}
	var v did.Version
	for _, x := range versions {
		if x.Height <= height {
			v = x
		}
	}
	if v.Document == nil || v.Deactivated {
		return explain.Errorf("issuing_key_out_of_force", "the board has no document in force at height %d", height)
	}
	vm, err := v.Document.Method(method, did.AssertionMethod)
	if err != nil {
		return explain.Errorf("issuing_key_out_of_force", "at height %d: %w", height, err)
	}
	reports, err := h.Reports(id)
	if err != nil {
		return err
	}
	for _, r := range reports {
		if r.Issuing && r.Key == vm.Key && r.FromHeight <= height {
			return explain.Errorf("issuing_key_out_of_force", "the key was reported as from height %d", r.FromHeight)
		}
	}
	return nil
}
