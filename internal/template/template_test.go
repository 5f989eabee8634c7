package template

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"bonafide/assets/templates"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/ledger"
)

func parse(t *testing.T, schema string) ledger.Template {
	t.Helper()
	m, err := strictjson.Object([]byte(`{"type":"T","vct":"urn:t","schema":`+schema+`,"jurisdiction":"/a","number":"/b","validUntil":"/c","display":{}}`), strictjson.Default)
	if err != nil {
		t.Fatal(err)
	}
	b, err := strictjson.Canonical(m)
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := ledger.ParseTemplate(b)
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

func TestValidate(t *testing.T) {
	var s Schemas
	claims, err := strictjson.Object([]byte(`{"a":"US-OH","n":7,"secret":"Quillfeather"}`), strictjson.Default)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(file, []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for schema, code := range map[string]string{
		`{"required":["a"],"properties":{"n":{"type":"integer","maximum":7}}}`: "",
		`{"properties":{"n":{"maximum":6}}}`:                                   "template_mismatch",
		`{"properties":{"secret":{"pattern":"^[0-9]+$"}}}`:                     "template_mismatch",
		`{"$ref":"#/$defs/x","$defs":{"x":{"required":["a"]}}}`:                "",
		`{"$ref":"https://elsewhere.example/schema"}`:                          "template_unusable",
		`{"$ref":"file://` + file + `"}`:                                       "template_unusable",
		`{"$ref":"#/$defs/nothing"}`:                                           "template_unusable",
		`{"type":"no type"}`:                                                   "template_unusable",
		`{"pattern":"("}`:                                                      "template_unusable",
	} {
		tpl := parse(t, schema)
		for range 2 { // also from what is kept
			err := s.Validate(tpl, claims)
			if explain.CodeOf(err) != code {
				t.Errorf("%s: %v", schema, err)
			}
			if err != nil && strings.Contains(err.Error(), "Quillfeather") {
				t.Error("the error repeats a claim")
			}
		}
	}
}

func TestShippedTemplatesCompile(t *testing.T) {
	var s Schemas
	docs, err := templates.Documents()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, d := range append(docs, docs...) {
		tpl, err := ledger.ParseTemplate(d)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if err := s.Validate(tpl, map[string]any{}); explain.CodeOf(err) != "template_mismatch" {
				t.Error(tpl.Type, err)
			}
		})
	}
	wg.Wait()
	if len(s.compiled) != len(docs) {
		t.Errorf("%d schemas for %d templates", len(s.compiled), len(docs))
	}
}
