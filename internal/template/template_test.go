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

// What was withheld is not asked for; what is there must fit.
func TestValidateDisclosed(t *testing.T) {
	var s Schemas
	const schema = `{"type":"object","required":["a","s"],"additionalProperties":false,"minProperties":2,
		"properties":{"a":{"type":"string"},"required":{"type":"integer"},
			"s":{"type":"object","required":["n","m"],"dependentRequired":{"n":["m"]},"properties":{"n":{"pattern":"^[0-9]+$"},"m":{"minItems":2,"items":{"required":["x"],"properties":{"x":{"maximum":3}}}}}},
			"o":{"oneOf":[{"required":["p"],"properties":{"p":{"const":"p"}}},{"required":["q"],"properties":{"q":{"const":"q"}}}]}},
		"not":{"required":["a"]},"if":{"required":["s"]},"then":{"required":["zz"]},"else":false,
		"allOf":[{"required":["b"]},{"$ref":"#/$defs/x"}],"$defs":{"x":{"required":["c"]}}}`
	tpl := parse(t, schema)
	for claims, code := range map[string]string{
		`{}`:                                  "",
		`{"a":"x"}`:                           "",
		`{"a":1}`:                             "template_mismatch",
		`{"b":1}`:                             "template_mismatch",
		`{"required":1}`:                      "",
		`{"required":"x"}`:                    "template_mismatch",
		`{"s":{}}`:                            "",
		`{"s":{"n":"7"}}`:                     "",
		`{"s":{"n":"seven"}}`:                 "template_mismatch",
		`{"s":[]}`:                            "template_mismatch",
		`{"s":{"m":[{}]}}`:                    "",
		`{"s":{"m":[{"x":4}]}}`:               "template_mismatch",
		`{"o":{}}`:                            "",
		`{"o":{"p":"p"}}`:                     "",
		`{"o":{"p":"elsewhere","q":"other"}}`: "template_mismatch",
	} {
		m, err := strictjson.Object([]byte(claims), strictjson.Default)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.ValidateAs(tpl, m, Disclosed); explain.CodeOf(err) != code {
			t.Errorf("%s: %v", claims, err)
		}
		if err := s.Validate(tpl, m); explain.CodeOf(err) != "template_mismatch" {
			t.Errorf("%s fits the whole schema: %v", claims, err)
		}
	}
	if len(s.compiled) != 2 {
		t.Errorf("%d schemas kept for one template in two forms", len(s.compiled))
	}
	if err := s.ValidateAs(parse(t, `{"$ref":"https://elsewhere.example/schema"}`), map[string]any{}, Disclosed); explain.CodeOf(err) != "template_unusable" {
		t.Error(err)
	}
}

// An issuer outside the network has no anchor and no place in the status pages;
// the rest of the form holds for it too.
func TestValidateOutside(t *testing.T) {
	var s Schemas
	docs, err := templates.Documents()
	if err != nil {
		t.Fatal(err)
	}
	licence := -1
	var tpls []ledger.Template
	for i, d := range docs {
		tpl, err := ledger.ParseTemplate(d)
		if err != nil {
			t.Fatal(err)
		}
		if tpls = append(tpls, tpl); tpl.Type == "ProfessionalLicence" {
			licence = i
		}
	}
	const good = `{"@context":["https://www.w3.org/ns/credentials/v2","urn:bonafide:context:v1"],"type":["VerifiableCredential","ProfessionalLicence"],
		"issuer":"did:web:board.example","validFrom":"2026-11-01T00:00:00Z","validUntil":"2028-11-01T00:00:00Z",
		"credentialSubject":{"type":"Practitioner","familyName":"Quillfeather","licence":{"type":"Licence","number":"1","jurisdiction":"US-OH",
			"profession":"physician","issued":"2026-11-01","expires":"2028-10-31"}}}`
	for edit, code := range map[string]string{
		"":                                  "",
		`"issuer"="x"`:                      "",
		`"credentialStatus"={"type":"Any"}`: "",
		`"evidence"=[{"type":"Any"}]`:       "",
		`"validUntil"=""`:                   "template_mismatch",
		`"credentialSubject"={"type":"Practitioner"}`: "template_mismatch",
	} {
		m, err := strictjson.Object([]byte(good), strictjson.Default)
		if err != nil {
			t.Fatal(err)
		}
		if name, value, ok := strings.Cut(edit, "="); ok {
			v, err := strictjson.Parse([]byte(value), strictjson.Default)
			if err != nil {
				t.Fatal(err)
			}
			m[strings.Trim(name, `"`)] = v
		}
		if err := s.ValidateAs(tpls[licence], m, Outside); explain.CodeOf(err) != code {
			t.Errorf("%s: %v", edit, err)
		}
		if err := s.Validate(tpls[licence], m); explain.CodeOf(err) != "template_mismatch" {
			t.Errorf("%s fits the boards' own form: %v", edit, err)
		}
	}
	if err := s.ValidateAs(parse(t, `{"properties":{"a":{"type":"string"}}}`), map[string]any{"a": "x"}, Outside|Disclosed); err != nil {
		t.Error(err)
	}
}
