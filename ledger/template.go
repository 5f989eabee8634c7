package ledger

// Templates: credential types as data.

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// Template is a registered credential type. The document has the members
// type, vct, schema, jurisdiction, number, validUntil, display and, if it
// likes, expires; the four paths are JSON Pointers (RFC 6901) into the
// credential as its JSON Schema sees it.
type Template struct {
	Type         string         // VC type
	VCT          string         // SD-JWT VC type
	Schema       any            // JSON Schema, as strictjson parsed it
	Jurisdiction string         // path of the jurisdiction
	Number       string         // path of the licence's number
	ValidUntil   string         // path of the end of validity, grace included
	Expires      string         // path of the expiry date, "" if not named
	Display      map[string]any // what people are shown
	Raw          []byte         // the document, JCS
	Height       uint64         // block that registered it
}

var templateLimits = strictjson.Limits{Bytes: MaxTemplate, Depth: 32, Nodes: 8192}

// ParseTemplate reads a template document: JCS, at most MaxTemplate bytes,
// integers as its only numbers. Schema and display are not looked into. Code
// template_malformed.
func ParseTemplate(b []byte) (Template, error) {
	t, err := parseTemplate(b)
	if err != nil {
		return Template{}, explain.Errorf("template_malformed", "reading a template: %w", err)
	}
	return t, nil
}

func parseTemplate(b []byte) (Template, error) {
	var t Template
	m, err := strictjson.Object(b, templateLimits)
	if err != nil {
		return t, err
	}
	if !integersOnly(m) {
		return t, errors.New("a number is not an integer")
	}
	canonical, err := strictjson.Canonical(m)
	if err != nil {
		return t, err
	}
	if !bytes.Equal(canonical, b) {
		return t, errors.New("not in canonical form")
	}
	f := fields{m: m}
	t = Template{
		Type: f.text("type"), VCT: f.text("vct"), Schema: m["schema"],
		Jurisdiction: f.pointer("jurisdiction"), Number: f.pointer("number"), ValidUntil: f.pointer("validUntil"),
		Display: f.object("display"), Raw: b,
	}
	if _, ok := m["expires"]; ok {
		t.Expires = f.pointer("expires")
	}
	f.object("schema")
	f.only("type", "vct", "schema", "jurisdiction", "number", "validUntil", "display", "expires")
	if f.err == nil && !isType(t.Type) {
		f.bad("type")
	}
	if f.err == nil && (t.VCT == "" || len(t.VCT) > 512) {
		f.bad("vct")
	}
	return t, f.err
}

func integersOnly(v any) bool {
	switch v := v.(type) {
	case strictjson.Number:
		_, err := strconv.ParseInt(string(v), 10, 64)
		return err == nil
	case []any:
		for _, e := range v {
			if !integersOnly(e) {
				return false
			}
		}
	case map[string]any:
		for _, e := range v { // any order: the answer is one bit
			if !integersOnly(e) {
				return false
			}
		}
	}
	return true
}

// fields reads the members of a JSON object; the first failure stays in err.
type fields struct {
	m   map[string]any
	err error
}

func (f *fields) bad(name string) {
	if f.err == nil {
		f.err = errors.New("member " + strconv.Quote(name) + " is missing or of the wrong form")
	}
}

func (f *fields) text(name string) string {
	s, ok := f.m[name].(string)
	if !ok {
		f.bad(name)
	}
	return s
}

func (f *fields) object(name string) map[string]any {
	o, ok := f.m[name].(map[string]any)
	if !ok {
		f.bad(name)
	}
	return o
}

func (f *fields) integer(name string) int64 {
	n, ok := f.m[name].(strictjson.Number)
	if !ok {
		f.bad(name)
		return 0
	}
	v, err := strconv.ParseInt(string(n), 10, 64)
	if err != nil {
		f.bad(name)
	}
	return v
}

// pointer reads a JSON Pointer (RFC 6901) of at most 256 bytes that is not the
// whole document.
func (f *fields) pointer(name string) string {
	s := f.text(name)
	if len(s) < 2 || len(s) > 256 || s[0] != '/' {
		f.bad(name)
		return s
	}
	for i := strings.IndexByte(s, '~'); i >= 0 && i < len(s); i++ {
		if s[i] == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			f.bad(name)
		}
	}
	return s
}

// only fails if the object has a member that is not named.
func (f *fields) only(names ...string) {
	known := 0
	for _, n := range names {
		if _, ok := f.m[n]; ok {
			known++
		}
	}
	if known != len(f.m) && f.err == nil {
		f.err = errors.New("a member that this format does not have")
	}
}

func number(v int64) strictjson.Number { return strictjson.Number(strconv.FormatInt(v, 10)) }
