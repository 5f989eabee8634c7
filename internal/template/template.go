// Package template holds credentials to the form that the boards registered
// for their type: a board before it signs, a verifier afterwards, both by the
// same code.
package template

import (
	"crypto/sha256"
	"errors"
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
	compiled map[[32]byte]*jsonschema.Schema
}

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
	c, err := s.of(t)
	if err != nil {
		return err
	}
	if err := c.Validate(claims); err != nil {
		// The library's text repeats claim values; it stays out of errors.
		return explain.Errorf("template_mismatch", "claims do not fit the schema of %s", t.Type)
	}
	return nil
}

func (s *Schemas) of(t ledger.Template) (*jsonschema.Schema, error) {
	digest := sha256.Sum256(t.Raw)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.compiled[digest]; ok {
		return c, nil
	}
	const url = "urn:bonafide:template"
	k := jsonschema.NewCompiler()
	k.UseLoader(noLoader{})
	k.DefaultDraft(jsonschema.Draft2020)
	if err := k.AddResource(url, t.Schema); err != nil {
		return nil, explain.Errorf("template_unusable", "reading the schema of %s: %w", t.Type, err)
	}
	c, err := k.Compile(url)
	if err != nil {
		return nil, explain.Errorf("template_unusable", "compiling the schema of %s: %w", t.Type, err)
	}
	if s.compiled == nil {
		s.compiled = map[[32]byte]*jsonschema.Schema{}
	}
	s.compiled[digest] = c
	return c, nil
}
