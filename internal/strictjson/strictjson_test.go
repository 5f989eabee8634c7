package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"bonafide/internal/explain"
)

func code(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return "other: " + err.Error()
	}
	return ""
}

func TestParseValues(t *testing.T) {
	got, err := Parse([]byte(" {\"a\" : [1, -2.50, 1E30, true, false, null, \"x\\u00e9\\ud83d\\ude00\\n/\\/\"], \"é\":{}, \"\":[]}\r\n\t"), Default)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"a": []any{json.Number("1"), json.Number("-2.50"), json.Number("1E30"), true, false, nil, "xé😀\n//"},
		"é": map[string]any{},
		"":  []any{},
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %#v", got)
	}
	if c := Clone(got); !reflect.DeepEqual(c, want) {
		t.Fatalf("clone %#v", c)
	}
	Clone(got).(map[string]any)["a"].([]any)[0] = "changed"
	if !reflect.DeepEqual(got, want) {
		t.Fatal("a clone shares memory with its original")
	}
}

func TestThreat22_DuplicateKeys(t *testing.T) {
	for _, in := range []string{
		`{"proof":1,"proof":2}`,
		`{"proof":1,"pr\u006fof":2}`,
		`{"\u0070roof":1,"pr\u006Fof":1}`,
		`{"a":{"b":1,"b":1}}`,
		`[{"a":1,"b":2,"a":1}]`,
		`{"":0,"":0}`,
		`{"😀":0,"\ud83d\ude00":0}`,
		`{"a/":0,"a\/":0}`,
	} {
		if _, err := Parse([]byte(in), Default); code(err) != CodeDuplicateKey {
			t.Errorf("%s: %v", in, err)
		}
		var dst any
		if err := Decode([]byte(in), Default, &dst); code(err) != CodeDuplicateKey {
			t.Errorf("decode %s: %v", in, err)
		}
	}
	_, err := Parse([]byte(`{"proof":1,"proof":2}`), Default)
	if explain.CodeOf(err) != "json_duplicate_key" {
		t.Errorf("catalogue code %q", explain.CodeOf(err))
	}
	if strings.Contains(err.Error(), "proof") {
		t.Errorf("the error quotes the document: %v", err)
	}
}

func TestThreat23_DepthAndSize(t *testing.T) {
	for _, open := range []string{"[", `{"a":`, `[{"a":`} {
		in := []byte(strings.Repeat(open, 100_000))
		if _, err := Parse(in, Default); code(err) != CodeTooDeep {
			t.Errorf("%s…: %v", open, err)
		}
		// A caller cannot ask for unbounded recursion either.
		if _, err := Parse(in, Limits{Depth: math.MaxInt}); code(err) != CodeTooDeep {
			t.Errorf("%s… without limit: %v", open, err)
		}
	}
	nest := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if _, err := Parse(nest(64), Default); err != nil {
		t.Errorf("64 levels: %v", err)
	}
	if _, err := Parse(nest(65), Default); code(err) != CodeTooDeep {
		t.Errorf("65 levels: %v", err)
	}
	// Siblings do not add up to depth.
	if _, err := Parse([]byte("["+strings.Repeat("[[]],{},", 1000)+"[]]"), Limits{Depth: 3}); err != nil {
		t.Errorf("siblings: %v", err)
	}
	if _, err := Parse(make([]byte, 64<<20), Default); code(err) != CodeTooLarge {
		t.Errorf("64 MiB: %v", err)
	}
	if _, err := Parse([]byte("["+strings.Repeat("0,", 100_000)+"0]"), Default); code(err) != CodeTooLarge {
		t.Errorf("100,002 values: %v", err)
	}
	if _, err := Parse([]byte("[1,2]"), Limits{Nodes: 3}); err != nil {
		t.Errorf("three values of three: %v", err)
	}
	loop := []any{nil}
	loop[0] = loop
	if _, err := Canonical(loop); code(err) != CodeTooDeep {
		t.Errorf("a value that contains itself: %v", err)
	}
}

func TestThreat24_Numbers(t *testing.T) {
	for in, want := range map[string]string{ // want: canonical form, "" refused
		"0": "0", "1": "1", "-1": "-1", "1.0": "1", "10e-1": "1", "0.0": "0", "0e5": "0",
		"9007199254740991": "9007199254740991", "-9007199254740991": "-9007199254740991",
		"9007199254740992": "", "-9007199254740992": "", "9007199254740993": "",
		"9007199254740992.0": "", "1e16": "", "1e20": "", "123456789012345678901234567890": "",
		"1E30": "1e+30", "1e21": "1e+21", "1e400": "", "-1e400": "", "1e-400": "",
		"-0": "", "-0.0": "", "-0e1": "", "-1e-400": "",
		"4.50": "4.5", "2e-3": "0.002", "333333333.33333329": "333333333.3333333",
		"0.000000000000000000000000001": "1e-27", "1e-7": "1e-7", "1e-6": "0.000001", "1.5e-10": "1.5e-10",
		"999999999999999": "999999999999999", "1000000000000000": "1000000000000000",
		"5e-324": "5e-324", "1.7976931348623157e308": "1.7976931348623157e+308",
	} {
		v, err := Parse([]byte(in), Default)
		if want == "" {
			if code(err) != CodeBadNumber {
				t.Errorf("%s: %v, want bad_number", in, err)
			}
			if _, err := Canonical(json.Number(in)); code(err) != CodeBadNumber {
				t.Errorf("canonical %s: %v, want bad_number", in, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got, err := Canonical(v); err != nil || string(got) != want {
			t.Errorf("%s: canonical %s, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"01", "+1", ".5", "1.", "1e", "1e+", "-", "0x1", "NaN", "Infinity", "1_0", "00", "-01", "--1"} {
		if _, err := Parse([]byte(in), Default); code(err) != CodeSyntax {
			t.Errorf("%s: %v, want syntax", in, err)
		}
		if _, err := Canonical(json.Number(in)); code(err) != CodeBadNumber {
			t.Errorf("canonical %s: %v", in, err)
		}
	}
}

func TestThreat25_Unicode(t *testing.T) {
	for in, want := range map[string]string{
		"\"\xff\"":                   CodeBadUTF8,
		"\"\xc0\x80\"":               CodeBadUTF8, // overlong NUL
		"\"\xed\xa0\x80\"":           CodeBadUTF8, // surrogate in UTF-8
		"\"\xf4\x90\x80\x80\"":       CodeBadUTF8, // above U+10FFFF
		"\"é\xc3\"":                  CodeBadUTF8, // truncated
		`"\ud800"`:                   CodeBadUTF8,
		`"\ud800\u0041"`:             CodeBadUTF8,
		`"\ud800x"`:                  CodeBadUTF8,
		`"\ud800\ud800"`:             CodeBadUTF8,
		`"\udc00\ud800"`:             CodeBadUTF8,
		`{"\udfff":1}`:               CodeBadUTF8,
		`"\u0000"`:                   CodeBadChar,
		`{"a\u0000":1}`:              CodeBadChar,
		"\"\x00\"":                   CodeSyntax,
		"\"a\nb\"":                   CodeSyntax,
		"\ufeff{}":                   CodeSyntax,
		"{}\ufeff":                   CodeSyntax,
		"\u00a0{}":                   CodeSyntax,
		"{\"a\":1}\x00":              CodeSyntax,
		`"\ufffd\u00ff\uD83D\uDE00"`: "",
	} {
		if _, err := Parse([]byte(in), Default); code(err) != want {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
	if _, err := Canonical(map[string]any{"\xff": nil}); code(err) != CodeBadUTF8 {
		t.Errorf("canonical: %v", err)
	}
	if _, err := Canonical("\x00"); code(err) != CodeBadChar {
		t.Errorf("canonical: %v", err)
	}
}

func TestSyntax(t *testing.T) {
	for _, in := range []string{
		"", " ", "{", "[", "}", "]", `"`, `"\`, `"\u12`, `"\u12g4"`, `"\x"`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `[1,]`, `[,1]`, `[1 2]`,
		`{"a":1 "b":2}`, `{a:1}`, `{'a':1}`, `tru`, `True`, `nulll`, `1 2`, `{}{}`, `[]]`, `//`, `{"a":1}//`, `{1:1}`, `"a" "b"`, `{"a":1`, `[1`, `"\ud83d\u"`,
	} {
		_, err := Parse([]byte(in), Default)
		c := code(err)
		if c != CodeSyntax && !(in == `"\ud83d\u"` && c == CodeBadUTF8) {
			t.Errorf("%q: %v", in, err)
		}
	}
	if _, err := Object([]byte("[]"), Default); code(err) != CodeBadType {
		t.Errorf("array as object: %v", err)
	}
	if m, err := Object([]byte(`{"a":1}`), Default); err != nil || len(m) != 1 {
		t.Errorf("%v %v", m, err)
	}
}

// RFC 8785, appendix B: IEEE 754 bits and their ECMAScript form.
func TestRFC8785Numbers(t *testing.T) {
	for _, c := range []struct {
		bits uint64
		want string
	}{
		{0x0000000000000000, "0"},
		{0x8000000000000000, "0"},
		{0x0000000000000001, "5e-324"},
		{0x8000000000000001, "-5e-324"},
		{0x7fefffffffffffff, "1.7976931348623157e+308"},
		{0xffefffffffffffff, "-1.7976931348623157e+308"},
		{0x4340000000000000, "9007199254740992"},
		{0xc340000000000000, "-9007199254740992"},
		{0x4430000000000000, "295147905179352830000"},
		{0x44b52d02c7e14af5, "9.999999999999997e+22"},
		{0x44b52d02c7e14af6, "1e+23"},
		{0x44b52d02c7e14af7, "1.0000000000000001e+23"},
		{0x444b1ae4d6e2ef4e, "999999999999999700000"},
		{0x444b1ae4d6e2ef4f, "999999999999999900000"},
		{0x444b1ae4d6e2ef50, "1e+21"},
		{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
		{0x3eb0c6f7a0b5ed8d, "0.000001"},
		{0x41b3de4355555553, "333333333.3333332"},
		{0x41b3de4355555554, "333333333.33333325"},
		{0x41b3de4355555555, "333333333.3333333"},
		{0x41b3de4355555556, "333333333.3333334"},
		{0x41b3de4355555557, "333333333.33333343"},
		{0xbecbf647612f3696, "-0.0000033333333333333333"},
		{0x43143ff3c1cb0959, "1424953923781206.2"},
	} {
		if got := string(appendFloat(nil, math.Float64frombits(c.bits))); got != c.want {
			t.Errorf("%016x: %s, want %s", c.bits, got, c.want)
		}
	}
}

// RFC 8785, sections 3.2.2 and 3.2.3: literals, strings and order of names.
func TestRFC8785Documents(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{
			"{\n \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n" +
				" \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n \"literals\": [null, true, false]\n}",
			`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
		},
		{
			`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}",
		},
		{`["\b\t\n\f\r\u001f\u007f\"\\"]`, "[\"\\b\\t\\n\\f\\r\\u001f\u007f\\\"\\\\\"]"},
		{`{"aa":1,"a":2,"":3,"b":{"z":0,"y":[]}}`, `{"":3,"a":2,"aa":1,"b":{"y":[],"z":0}}`},
	} {
		v, err := Parse([]byte(c.in), Default)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		got, err := AppendCanonical([]byte("before"), v)
		if err != nil || string(got) != "before"+c.want {
			t.Errorf("got  %s (%v)\nwant %s", got, err, c.want)
		}
	}
	if _, err := Canonical(map[string]any{"n": 1}); code(err) != CodeBadType {
		t.Errorf("an int is no JSON value here: %v", err)
	}
}

func TestDecode(t *testing.T) {
	type inner struct {
		X int `json:"x"`
	}
	type outer struct {
		Format int              `json:"format"`
		Name   string           `json:"name,omitempty"`
		In     *inner           `json:"in"`
		List   []inner          `json:"list"`
		Map    map[string]inner `json:"map"`
		Any    any              `json:"any"`
		Bytes  []byte           `json:"bytes"`
		Hidden string           `json:"-"`
	}
	var o outer
	err := Decode([]byte(`{"format":1,"name":"n","in":{"x":2},"list":[{"x":3}],"map":{"k":{"x":4}},"any":{"n":5.0},"bytes":"AQI="}`), Default, &o)
	if err != nil {
		t.Fatal(err)
	}
	want := outer{1, "n", &inner{2}, []inner{{3}}, map[string]inner{"k": {4}}, map[string]any{"n": json.Number("5.0")}, []byte{1, 2}, ""}
	if !reflect.DeepEqual(o, want) {
		t.Fatalf("%#v", o)
	}
	for in, want := range map[string]string{
		`{"format":1,"extra":2}`:     CodeUnknownField,
		`{"Format":1}`:               CodeUnknownField, // encoding/json would take it
		`{"-":"x"}`:                  CodeUnknownField,
		`{"Hidden":"x"}`:             CodeUnknownField,
		`{"in":{"x":1,"y":2}}`:       CodeUnknownField,
		`{"list":[{"x":1},{"Y":2}]}`: CodeUnknownField,
		`{"map":{"k":{"Y":2}}}`:      CodeUnknownField,
		`{"format":null}`:            CodeBadType,
		`{"format":"1"}`:             CodeBadType,
		`{"format":1.5}`:             CodeBadType,
		`{"name":5}`:                 CodeBadType,
		`{"list":{}}`:                CodeBadType,
		`[]`:                         CodeBadType,
		`{"in":null}`:                "",
		`{"format":1,"format":1}`:    CodeDuplicateKey,
		`{} {}`:                      CodeSyntax,
	} {
		var o outer
		err := Decode([]byte(in), Default, &o)
		if code(err) != want {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
	if err := Decode([]byte("1"), Default, 1); code(err) != CodeBadType {
		t.Errorf("no pointer: %v", err)
	}
	err = Decode([]byte(`{"format":"MARKER"}`), Default, &o)
	if err == nil || strings.Contains(err.Error(), "MARKER") {
		t.Errorf("the error quotes a value: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,2.5,"x\u00e9\ud83d\ude00",null,true]}`, `"\ud800"`, `{"a":1,"\u0061":2}`, "1e400", "-0", "[[[[", `{"":"\/"}`, "\xff", "9007199254740993", "1e20", "1E30",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Parse(b, Default)
		if err != nil {
			if v != nil && v != true && v != false {
				t.Fatal("a value beside an error")
			}
			if code(err) == "" || strings.HasPrefix(code(err), "other") {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		if !json.Valid(b) || !utf8.Valid(b) {
			t.Fatal("accepted what encoding/json refuses")
		}
		c1, err := Canonical(v)
		if err != nil {
			t.Fatalf("accepted, but not written: %v", err)
		}
		w, err := Parse(c1, Limits{Bytes: 16 << 20})
		if err != nil {
			t.Fatalf("canonical form refused: %v\n%s", err, c1)
		}
		c2, err := Canonical(w)
		if err != nil || !bytes.Equal(c1, c2) {
			t.Fatalf("not idempotent: %s\n%s", c1, c2)
		}
		if !same(v, w) {
			t.Fatalf("changed: %#v\n%#v", v, w)
		}
		// The standard library must see the same values (threat 22).
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		var std any
		if err := d.Decode(&std); err != nil || !reflect.DeepEqual(std, v) {
			t.Fatalf("two parsers disagree: %#v\n%#v", v, std)
		}
	})
}

// same compares two values, numbers by what they are worth.
func same(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		x, err1 := strconv.ParseFloat(string(a), 64)
		y, err2 := strconv.ParseFloat(string(b), 64)
		return ok && err1 == nil && err2 == nil && x == y
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !same(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k := range a {
			w, ok := b[k]
			if !ok || !same(a[k], w) {
				return false
			}
		}
		return true
	}
	return a == b
}

// document is a credential-like document of about 3 KB.
func document() []byte {
	var b strings.Builder
	b.WriteString(`{"@context":["https://www.w3.org/ns/credentials/v2","urn:bonafide:context:v1"],"type":["VerifiableCredential","ProfessionalLicence"],` +
		`"issuer":"did:bonafide:demo-abcdefgh:abcdefghijklmnopqrstuvwxyz234567","validFrom":"2026-11-21T00:00:00Z","validUntil":"2028-11-21T00:00:00Z","credentialSubject":{`)
	for i := range 20 {
		b.WriteString(`"field` + strconv.Itoa(i) + `":{"type":"Licence","number":"OH-MDR-300` + strconv.Itoa(1000+i) + `","jurisdiction":"US-OH"},`)
	}
	b.WriteString(`"id":"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"},"evidence":[{"type":"LedgerAnchor","anchor":"` + strings.Repeat("Ab3_", 250) + `"}]}`)
	return []byte(b.String())
}

func BenchmarkParse3K(b *testing.B) {
	doc := document()
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(doc, Default); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonical3K(b *testing.B) {
	v, err := Parse(document(), Default)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 8192)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := AppendCanonical(buf, v); err != nil {
			b.Fatal(err)
		}
	}
}
