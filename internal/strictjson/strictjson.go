// Package strictjson reads JSON with exactly one meaning and writes it in
// exactly one form. What two programs could read differently is refused: a
// repeated member name in any spelling, ill-formed Unicode, a number that a
// float64 does not hold, anything after the value. It is the only JSON reader
// on the path to a verdict, so that no two parsers can disagree there.
//
// The rules are those of I-JSON (RFC 7493), tightened; the written form is
// the JSON Canonicalization Scheme (JCS, RFC 8785).
package strictjson

import (
	"encoding/json"
	"fmt"

	"bonafide/internal/explain"
)

// Limits bounds one document. A field that is not positive takes its value
// from Default.
type Limits struct {
	Bytes int // length of the document
	Depth int // objects and arrays inside one another; never above 512
	Nodes int // values of any kind, the outermost included
}

// Default suits one credential, presentation or document.
var Default = Limits{Bytes: 1 << 20, Depth: 64, Nodes: 100_000}

// maxDepth bounds recursion whatever a caller asks for, in writing too, where
// a value built in memory could contain itself.
const maxDepth = 512

// Codes of Error. Behind each stands the entry `json_<code>` of the catalogue.
const (
	CodeSyntax       = "syntax"        // not JSON, a byte order mark, or data after the value
	CodeDuplicateKey = "duplicate_key" // a member name twice in one object
	CodeTooLarge     = "too_large"     // more bytes or values than allowed
	CodeTooDeep      = "too_deep"      // nested too deeply
	CodeBadUTF8      = "bad_utf8"      // invalid UTF-8 or a lone surrogate
	CodeBadChar      = "bad_char"      // U+0000 in a string
	CodeBadNumber    = "bad_number"    // a number without one exact meaning
	CodeBadType      = "bad_type"      // a value of another kind than asked for
	CodeUnknownField = "unknown_field" // a member that the format does not have
)

// Number is how a number stands in a parsed value: in its own spelling.
type Number = json.Number

// Error says what is wrong with a document and where. It never quotes values.
type Error struct {
	Code   string // one of the Code constants
	Offset int    // byte offset in the input; -1 where there is none
	Detail string
}

func (e *Error) Error() string {
	if e.Offset < 0 {
		return "json: " + e.Detail
	}
	return fmt.Sprintf("json: %s at byte %d", e.Detail, e.Offset)
}

// Unwrap gives the coded form, so that explain.CodeOf finds `json_<code>`
// where no caller gave a code of its own.
func (e *Error) Unwrap() error {
	return &explain.Error{Code: "json_" + e.Code, Detail: e.Detail}
}

// Parse reads exactly one JSON value. The result consists of nil, bool,
// string, json.Number, []any and map[string]any; a number keeps its spelling.
// Strings share memory with one copy of b. A failure is an *Error.
func Parse(b []byte, l Limits) (any, error) {
	l = l.filled()
	if len(b) > l.Bytes {
		return nil, &Error{CodeTooLarge, 0, "the document is too long"}
	}
	p := parser{s: string(b), depth: l.Depth, nodes: l.Nodes}
	p.space()
	if len(p.s) >= 3 && p.s[:3] == "\xef\xbb\xbf" {
		return nil, &Error{CodeSyntax, 0, "a byte order mark"}
	}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.i != len(p.s) {
		return nil, p.fail(CodeSyntax, "data after the value")
	}
	return v, nil
}

// Object is Parse for a document whose outermost value is an object.
func Object(b []byte, l Limits) (map[string]any, error) {
	v, err := Parse(b, l)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, &Error{CodeBadType, 0, "not an object"}
	}
	return m, nil
}

// Clone returns a deep copy of a value as Parse gives it.
func Clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = Clone(e)
		}
		return m
	case []any:
		a := make([]any, len(v))
		for i, e := range v {
			a[i] = Clone(e)
		}
		return a
	}
	return v
}

func (l Limits) filled() Limits {
	if l.Bytes <= 0 {
		l.Bytes = Default.Bytes
	}
	if l.Depth <= 0 {
		l.Depth = Default.Depth
	}
	l.Depth = min(l.Depth, maxDepth)
	if l.Nodes <= 0 {
		l.Nodes = Default.Nodes
	}
	return l
}
