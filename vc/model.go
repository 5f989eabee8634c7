package vc

// The data model of VCDM 2.0, section 4: what a document must look like before
// anything is proved about it. Every refusal has a code of its own area.

import (
	"slices"
	"strings"
	"time"

	"bonafide/internal/explain"
)

const (
	baseContext           = "https://www.w3.org/ns/credentials/v2"
	envelopedCredential   = "EnvelopedVerifiableCredential"
	envelopedPresentation = "EnvelopedVerifiablePresentation"
)

// mode says how strict to be about what a reader must forgive and a writer
// must not do.
type mode bool

const (
	lenient mode = false // reading: a time without an offset is in UTC
	issuing mode = true  // writing: it is an error
)

// model is what the check read on its way.
type model struct {
	issuer     string
	types      []string
	holder     string // subject's id or presentation's holder
	validFrom  time.Time
	validUntil time.Time
	anchor     string
	anchorErr  error
}

// checkCredential applies sections 4.3 to 4.12 and 5.3 of VCDM 2.0.
func checkCredential(doc map[string]any, m mode) (f model, err error) {
	if err := checkContext(doc["@context"]); err != nil {
		return f, err
	}
	if err := checkID(doc); err != nil {
		return f, err
	}
	if f.types, err = checkTypes(doc, "VerifiableCredential"); err != nil {
		return f, err
	}
	if _, ok := doc["type"].([]any); !ok {
		return f, explain.Errorf("type_invalid", "type of a credential is not an array")
	}
	if f.issuer, err = checkIssuer(doc["issuer"]); err != nil {
		return f, err
	}
	if f.holder, err = checkSubject(doc["credentialSubject"]); err != nil {
		return f, err
	}
	if f.validFrom, f.validUntil, err = checkValidity(doc, m); err != nil {
		return f, err
	}
	if err := checkText(doc); err != nil {
		return f, err
	}
	for _, p := range typedProperties {
		if err := checkTyped(doc, p); err != nil {
			return f, err
		}
	}
	if err := checkProofShape(doc); err != nil {
		return f, err
	}
	if err := checkRelated(doc); err != nil {
		return f, err
	}
	f.anchor, f.anchorErr = anchorOf(doc["evidence"])
	return f, nil
}

// checkPresentation applies section 4.13; what is inside is checked as
// credentials by the caller.
func checkPresentation(doc map[string]any, m mode) (f model, err error) {
	if err := checkContext(doc["@context"]); err != nil {
		return f, err
	}
	if err := checkID(doc); err != nil {
		return f, err
	}
	if f.types, err = checkTypes(doc, "VerifiablePresentation"); err != nil {
		return f, err
	}
	if v, ok := doc["holder"]; ok {
		if f.holder, ok = urlOrObject(v); !ok {
			return f, explain.Errorf("holder_invalid", "holder is neither a URL nor an object with one as its id")
		}
		if n, ok := v.(map[string]any); ok {
			if err := checkText(n); err != nil {
				return f, err
			}
		}
	}
	for _, p := range typedProperties {
		if p.presentation {
			if err := checkTyped(doc, p); err != nil {
				return f, err
			}
		}
	}
	if err := checkProofShape(doc); err != nil {
		return f, err
	}
	v, ok := doc["verifiableCredential"]
	if !ok {
		return f, nil
	}
	nodes, ok := objects(v)
	if !ok {
		return f, explain.Errorf("presentation_invalid", "verifiableCredential holds something other than objects")
	}
	if len(nodes) > maxCredentials {
		return f, explain.Errorf("presentation_invalid", "too many credentials in one presentation")
	}
	for _, n := range nodes {
		types := typesOf(n)
		switch {
		case slices.Contains(types, envelopedCredential):
			if err := checkEnvelope(n); err != nil {
				return f, err
			}
		case !slices.Contains(types, "VerifiableCredential"):
			return f, explain.Errorf("presentation_invalid", "verifiableCredential holds something that is no credential")
		case slices.Contains(types, "VerifiablePresentation"):
			return f, explain.Errorf("type_invalid", "both a credential and a presentation")
		}
	}
	return f, nil
}

// checkEnvelope applies section 4.13.1.
func checkEnvelope(n map[string]any) error {
	ctx := n["@context"]
	if _, ok := ctx.(string); ok {
		ctx = []any{ctx}
	}
	if err := checkContext(ctx); err != nil {
		return err
	}
	if id, ok := n["id"].(string); !ok || !strings.HasPrefix(id, "data:") || !absoluteURL(id) {
		return explain.Errorf("presentation_invalid", "id of an enveloped credential is no data URL")
	}
	return nil
}

// checkContext applies section 4.3. Which contexts are known is judged after
// the proof.
func checkContext(v any) error {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return explain.Errorf("context_shape", "@context is not an array")
	}
	if list[0] != baseContext {
		return explain.Errorf("context_shape", "the first context is not that of VCDM 2.0")
	}
	for _, c := range list[1:] {
		switch c := c.(type) {
		case string:
			if !absoluteURL(c) {
				return explain.Errorf("context_shape", "a context is not a URL")
			}
		case map[string]any:
		default:
			return explain.Errorf("context_shape", "a context is neither a URL nor an object")
		}
	}
	return nil
}

// checkID applies section 4.4: at most one id, and it is a URL.
func checkID(doc map[string]any) error {
	v, ok := doc["id"]
	if !ok {
		return nil
	}
	if s, ok := v.(string); !ok || !absoluteURL(s) {
		return explain.Errorf("id_invalid", "id is not a single URL")
	}
	return nil
}

// checkTypes applies section 4.5.
func checkTypes(doc map[string]any, required string) ([]string, error) {
	types, err := checkType(doc, "type_invalid")
	if err != nil {
		return nil, err
	}
	if !slices.Contains(types, required) {
		return nil, explain.Errorf("type_invalid", "type lacks %s", required)
	}
	return types, nil
}

// checkType reads the type of any object: one or more terms or URLs.
func checkType(doc map[string]any, code string) ([]string, error) {
	list, ok := doc["type"].([]any)
	if !ok {
		list = []any{doc["type"]}
	}
	types := make([]string, 0, len(list))
	for _, e := range list {
		s, ok := e.(string)
		if !ok || !term(s) {
			return nil, explain.Errorf(code, "a type is missing or is neither a term nor a URL")
		}
		types = append(types, s)
	}
	if len(types) == 0 {
		return nil, explain.Errorf(code, "type is empty")
	}
	return types, nil
}

// checkIssuer applies section 4.7.
func checkIssuer(v any) (string, error) {
	s, ok := urlOrObject(v)
	if !ok {
		return "", explain.Errorf("issuer_invalid", "issuer is neither a URL nor an object with one as its id")
	}
	if n, ok := v.(map[string]any); ok {
		if err := checkText(n); err != nil {
			return "", err
		}
	}
	return s, nil
}

// urlOrObject reads a URL, or the id of an object, which must be one.
func urlOrObject(v any) (string, bool) {
	if n, ok := v.(map[string]any); ok {
		v = n["id"]
	}
	s, ok := v.(string)
	return s, ok && absoluteURL(s)
}

// checkSubject applies section 4.8 and returns the id where there is exactly
// one subject.
func checkSubject(v any) (string, error) {
	nodes, ok := objects(v)
	if !ok {
		return "", explain.Errorf("subject_invalid", "credentialSubject is missing or holds something other than objects")
	}
	id := ""
	for _, n := range nodes {
		if len(n) == 0 {
			return "", explain.Errorf("subject_invalid", "a subject without claims")
		}
		if err := checkID(n); err != nil {
			return "", err
		}
		id, _ = n["id"].(string)
	}
	if len(nodes) > 1 {
		id = ""
	}
	return id, nil
}

// checkValidity applies section 4.9.
func checkValidity(doc map[string]any, m mode) (from, until time.Time, err error) {
	for _, d := range []struct {
		name string
		to   *time.Time
	}{{"validFrom", &from}, {"validUntil", &until}} {
		v, ok := doc[d.name]
		if !ok {
			continue
		}
		s, ok := v.(string)
		if ok {
			*d.to, ok = parseTime(s, m)
		}
		if !ok {
			return from, until, explain.Errorf("date_invalid", "%s is not a dateTimeStamp", d.name)
		}
	}
	if !from.IsZero() && !until.IsZero() && until.Before(from) {
		return from, until, explain.Errorf("validity_inverted", "validUntil lies before validFrom")
	}
	return from, until, nil
}

// checkText applies sections 4.6 and 11.1: name and description are strings or
// language value objects, one or several.
func checkText(doc map[string]any) error {
	for _, name := range []string{"name", "description"} {
		v, ok := doc[name]
		if !ok {
			continue
		}
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, e := range list {
			if _, ok := e.(string); !ok && !languageValue(e) {
				return explain.Errorf("text_invalid", "%s is neither text nor a language value object", name)
			}
		}
	}
	return nil
}

// languageValue applies section 11.1.
func languageValue(v any) bool {
	n, ok := v.(map[string]any)
	if !ok {
		return false
	}
	for k, e := range n {
		s, ok := e.(string)
		switch k {
		case "@value":
		case "@language":
			ok = ok && languageTag(s)
		case "@direction":
			ok = s == "ltr" || s == "rtl"
		default:
			return false
		}
		if !ok {
			return false
		}
	}
	_, ok = n["@value"]
	return ok
}

// typed is a property whose values are objects that must say their type.
type typed struct {
	name         string
	code         string
	needID       bool
	presentation bool // also has a meaning in a presentation
}

// Sections 4.10, 4.11, 5.4, 5.5 and 5.6.
var typedProperties = []typed{
	{"credentialStatus", "credential_status_invalid", false, false},
	{"credentialSchema", "credential_schema_invalid", true, false},
	{"refreshService", "refresh_service_invalid", false, false},
	{"termsOfUse", "terms_of_use_invalid", false, true},
	{"evidence", "evidence_invalid", false, false},
}

func checkTyped(doc map[string]any, p typed) error {
	v, ok := doc[p.name]
	if !ok {
		return nil
	}
	nodes, ok := objects(v)
	if !ok {
		return explain.Errorf(p.code, "%s holds something other than objects", p.name)
	}
	for _, n := range nodes {
		if _, err := checkType(n, p.code); err != nil {
			return err
		}
		id, ok := n["id"]
		if !ok && !p.needID {
			continue
		}
		if s, ok := id.(string); !ok || !absoluteURL(s) {
			return explain.Errorf(p.code, "an id in %s is not a single URL", p.name)
		}
	}
	return nil
}

// checkProofShape applies section 4.12: a proof says its type. The rest is
// Data Integrity's (proof.go).
func checkProofShape(doc map[string]any) error {
	v, ok := doc["proof"]
	if !ok {
		return nil
	}
	nodes, ok := objects(v)
	if !ok {
		return explain.Errorf("proof_malformed", "proof holds something other than objects")
	}
	for _, n := range nodes {
		if _, err := checkType(n, "proof_malformed"); err != nil {
			return err
		}
	}
	return nil
}

// objects reads "one or more objects": an object, or an array of at least one
// that holds nothing else.
func objects(v any) ([]map[string]any, bool) {
	nodes := each(v)
	if list, ok := v.([]any); ok && len(list) != len(nodes) {
		return nil, false
	}
	return nodes, len(nodes) > 0
}
