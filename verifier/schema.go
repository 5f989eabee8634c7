package verifier

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"bonafide/internal/explain"
	"bonafide/ledger"
)

// schemaCache holds the compiled schemas of templates, by the digest of the
// template. Templates come from the ledger by vote, so they are few.
type schemaCache struct {
	mu       sync.Mutex
	compiled map[[32]byte]*jsonschema.Schema
}

// noLoader refuses every schema reference that leaves the template: nothing
// is fetched or opened while verifying.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("schema refers outside of its template")
}

// validate checks claims against the template's JSON Schema.
func (c *schemaCache) validate(t *ledger.Template, claims map[string]any) error {
	s, err := c.schema(t)
	if err != nil {
		return err
	}
	if err := s.Validate(claims); err != nil {
		// The library's text repeats claim values; it stays out of errors.
		return explain.Errorf("template_mismatch", "claims do not fit the schema of %s", t.Type)
	}
	return nil
}

func (c *schemaCache) schema(t *ledger.Template) (*jsonschema.Schema, error) {
	digest := sha256.Sum256(t.Raw)
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.compiled[digest]; ok {
		return s, nil
	}
	const url = "urn:bonafide:template"
	k := jsonschema.NewCompiler()
	k.UseLoader(noLoader{})
	k.DefaultDraft(jsonschema.Draft2020)
	if err := k.AddResource(url, t.Schema); err != nil {
		return nil, explain.Errorf("template_unusable", "reading the schema of %s: %w", t.Type, err)
	}
	s, err := k.Compile(url)
	if err != nil {
		return nil, explain.Errorf("template_unusable", "compiling the schema of %s: %w", t.Type, err)
	}
	if c.compiled == nil {
		c.compiled = map[[32]byte]*jsonschema.Schema{}
	}
	c.compiled[digest] = s
	return s, nil
}
