// Package template holds credentials to the form that the boards registered
// for their type: a board before it signs, a verifier afterwards, both by the
// same code.
package template

import (
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"bonafide/internal/explain"
	"bonafide/ledger"
)

// Schemas keeps the compiled JSON Schemas of templates by the digest of the
// template. Templates come onto the ledger by vote, so they are few. The zero
// value is ready for use, also from several goroutines.
type Schemas struct {
	mu       sync.Mutex
	compiled map[compiledKey]*jsonschema.Schema
}

type compiledKey struct {
	digest [32]byte
	ask    Ask
}

// Ask says how much of a schema is asked for; the zero value is all of it.
// Values may be joined by |.
type Ask uint8

const (
	// Disclosed asks nothing of what may have been withheld: what is there must
	// have its form, what is not there need not be.
	Disclosed Ask = 1 << iota
	// Outside does not ask for what only the ledger gives: the form of issuer,
	// evidence and credentialStatus is left to whoever listed the issuer.
	Outside
)

// ledgerMembers are the outermost members that Outside leaves alone.
var ledgerMembers = []string{"issuer", "evidence", "credentialStatus"}

// noLoader refuses every reference that leaves the template: nothing is
// fetched or opened here.
type noLoader struct{}

func (noLoader) Load(string) (any, error) {
	return nil, errors.New("schema refers outside of its template")
}

// Validate checks claims, of values as strictjson gives them, against the
// template's JSON Schema. Codes template_mismatch, and template_unusable where
// the schema itself cannot be read.
func (s *Schemas) Validate(t ledger.Template, claims map[string]any) error {
	return s.ValidateAs(t, claims, 0)
}

// ValidateAs is Validate by a part of the schema.
func (s *Schemas) ValidateAs(t ledger.Template, claims map[string]any, ask Ask) error {
	c, err := s.of(t, ask)
	if err != nil {
		return err
	}
	if err := c.Validate(claims); err != nil {
		// The library's text repeats claim values; it stays out of errors.
		return explain.Errorf("template_mismatch", "claims do not fit the schema of %s", t.Type)
	}
	return nil
}

func (s *Schemas) of(t ledger.Template, ask Ask) (*jsonschema.Schema, error) {
	at := compiledKey{sha256.Sum256(t.Raw), ask}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.compiled[at]; ok {
		return c, nil
	}
	schema := t.Schema
	if ask&Outside != 0 {
		schema = withoutLedger(schema)
	}
	if ask&Disclosed != 0 {
		schema = disclosed(schema)
	}
	const url = "urn:bonafide:template"
	k := jsonschema.NewCompiler()
	k.UseLoader(noLoader{})
	k.DefaultDraft(jsonschema.Draft2020)
	if err := k.AddResource(url, schema); err != nil {
		return nil, explain.Errorf("template_unusable", "reading the schema of %s: %w", t.Type, err)
	}
	c, err := k.Compile(url)
	if err != nil {
		return nil, explain.Errorf("template_unusable", "compiling the schema of %s: %w", t.Type, err)
	}
	if s.compiled == nil {
		s.compiled = map[compiledKey]*jsonschema.Schema{}
	}
	s.compiled[at] = c
	return c, nil
}

// disclosed is a copy of a schema that a document still fits after members or
// array elements were taken out of it. Keywords that a missing value can
// violate are left out. So are those whose meaning turns round with it: what
// must not fit a schema might have, had all been there.
func disclosed(schema any) any {
	m, ok := schema.(map[string]any)
	if !ok {
		return schema // true or false
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		switch k {
		case "required", "dependentRequired", "minProperties", "minItems", "contains", "minContains",
			"not", "if", "then", "else":
		case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
			out[k] = disclosedIn(v)
		case "additionalProperties", "unevaluatedProperties", "propertyNames", "items", "unevaluatedItems":
			out[k] = disclosed(v)
		case "allOf", "anyOf", "prefixItems":
			out[k] = disclosedEach(v)
		case "oneOf": // more than one may fit what is left
			if _, both := m["anyOf"]; !both {
				out["anyOf"] = disclosedEach(v)
			}
		default:
			out[k] = v
		}
	}
	return out
}

func disclosedIn(schemas any) any {
	m, ok := schemas.(map[string]any)
	if !ok {
		return schemas
	}
	out := make(map[string]any, len(m))
	for name, v := range m {
		out[name] = disclosed(v)
	}
	return out
}

func disclosedEach(schemas any) any {
	list, ok := schemas.([]any)
	if !ok {
		return schemas
	}
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = disclosed(v)
	}
	return out
}

// withoutLedger is a copy of a schema that lets the outermost members that the
// ledger gives be whatever they are, or be missing.
func withoutLedger(schema any) any {
	m, ok := schema.(map[string]any)
	if !ok {
		return schema
	}
	out := maps.Clone(m)
	if required, ok := m["required"].([]any); ok {
		out["required"] = slices.DeleteFunc(slices.Clone(required), func(v any) bool {
			s, _ := v.(string)
			return slices.Contains(ledgerMembers, s)
		})
	}
	properties, _ := m["properties"].(map[string]any)
	free := maps.Clone(properties)
	if free == nil {
		free = map[string]any{}
	}
	for _, name := range ledgerMembers {
		free[name] = true
	}
	out["properties"] = free
	return out
}
