package strictjson

// The parser: one pass over a string copy of the input, so that strings
// without escapes (nearly all of them) are slices of it and cost no copy.

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

type parser struct {
	s     string
	i     int // next byte to read
	depth int // levels still allowed
	nodes int // values still allowed
}

func (p *parser) fail(code, detail string) *Error {
	return &Error{Code: code, Offset: p.i, Detail: detail}
}

func (p *parser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

// value reads the value that begins at p.i.
func (p *parser) value() (any, error) {
	if p.nodes--; p.nodes < 0 {
		return nil, p.fail(CodeTooLarge, "too many values")
	}
	if p.i >= len(p.s) {
		return nil, p.fail(CodeSyntax, "unexpected end")
	}
	switch c := p.s[p.i]; c {
	case '"':
		s, err := p.string()
		if err != nil {
			return nil, err
		}
		return s, nil
	case '{':
		return p.object()
	case '[':
		return p.array()
	case 't':
		return true, p.word("true")
	case 'f':
		return false, p.word("false")
	case 'n':
		return nil, p.word("null")
	default:
		if c == '-' || '0' <= c && c <= '9' {
			return p.number()
		}
		return nil, p.fail(CodeSyntax, "unexpected character")
	}
}

func (p *parser) word(w string) error {
	if len(p.s)-p.i < len(w) || p.s[p.i:p.i+len(w)] != w {
		return p.fail(CodeSyntax, "unexpected character")
	}
	p.i += len(w)
	return nil
}

func (p *parser) object() (any, error) {
	if p.depth--; p.depth < 0 {
		return nil, p.fail(CodeTooDeep, "nested too deeply")
	}
	p.i++
	m := make(map[string]any)
	p.space()
	if p.i < len(p.s) && p.s[p.i] == '}' {
		p.i++
		p.depth++
		return m, nil
	}
	for {
		p.space()
		at := p.i
		if p.i >= len(p.s) || p.s[p.i] != '"' {
			return nil, p.fail(CodeSyntax, "a member name is missing")
		}
		k, err := p.string()
		if err != nil {
			return nil, err
		}
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != ':' {
			return nil, p.fail(CodeSyntax, "a colon is missing")
		}
		p.i++
		p.space()
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		n := len(m)
		m[k] = v
		if len(m) == n { // names are compared after unescaping
			p.i = at
			return nil, p.fail(CodeDuplicateKey, "a member name is repeated")
		}
		p.space()
		if p.i >= len(p.s) {
			return nil, p.fail(CodeSyntax, "unexpected end")
		}
		switch p.s[p.i] {
		case ',':
			p.i++
		case '}':
			p.i++
			p.depth++
			return m, nil
		default:
			return nil, p.fail(CodeSyntax, "a comma or brace is missing")
		}
	}
}

func (p *parser) array() (any, error) {
	if p.depth--; p.depth < 0 {
		return nil, p.fail(CodeTooDeep, "nested too deeply")
	}
	p.i++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == ']' {
		p.i++
		p.depth++
		return []any{}, nil
	}
	a := make([]any, 0, 4)
	for {
		p.space()
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		a = append(a, v)
		p.space()
		if p.i >= len(p.s) {
			return nil, p.fail(CodeSyntax, "unexpected end")
		}
		switch p.s[p.i] {
		case ',':
			p.i++
		case ']':
			p.i++
			p.depth++
			return a, nil
		default:
			return nil, p.fail(CodeSyntax, "a comma or bracket is missing")
		}
	}
}

// plain tells the bytes that stand for themselves in a string and are ASCII.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return
}()

// string reads the string whose opening quote is at p.i.
func (p *parser) string() (string, error) {
	p.i++
	start := p.i
	i := start
	for i < len(p.s) && plain[p.s[i]] {
		i++
	}
	if i < len(p.s) && p.s[i] == '"' { // plain ASCII, the common case
		p.i = i + 1
		return p.s[start:i], nil
	}
	return p.longString(start, i)
}

// longString goes on from i, where the string that began at start stopped
// being plain.
func (p *parser) longString(start, i int) (string, error) {
	var out []byte // what is before from, unescaped; nil: no escape yet
	from := start  // begin of the run not yet copied
	for {
		for i < len(p.s) && plain[p.s[i]] {
			i++
		}
		p.i = i
		if i >= len(p.s) {
			return "", p.fail(CodeSyntax, "unexpected end")
		}
		switch c := p.s[i]; {
		case c == '"':
			p.i = i + 1
			if out == nil {
				return p.s[start:i], nil
			}
			return string(append(out, p.s[from:i]...)), nil
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(p.s[i:])
			if r == utf8.RuneError && n == 1 {
				return "", p.fail(CodeBadUTF8, "invalid UTF-8")
			}
			i += n
		case c == '\\':
			if out == nil {
				out = make([]byte, 0, i-start+16)
			}
			out = append(out, p.s[from:i]...)
			r, n, err := p.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
			i += n
			from = i
		default:
			return "", p.fail(CodeSyntax, "a control character in a string")
		}
	}
}

// escape reads the escape sequence at p.i and returns its character and
// length, which is 12 for a pair of surrogates.
func (p *parser) escape() (rune, int, error) {
	if p.i+1 >= len(p.s) {
		return 0, 0, p.fail(CodeSyntax, "unexpected end")
	}
	switch p.s[p.i+1] {
	case '"':
		return '"', 2, nil
	case '\\':
		return '\\', 2, nil
	case '/':
		return '/', 2, nil
	case 'b':
		return '\b', 2, nil
	case 'f':
		return '\f', 2, nil
	case 'n':
		return '\n', 2, nil
	case 'r':
		return '\r', 2, nil
	case 't':
		return '\t', 2, nil
	case 'u':
		r, ok := hex4(p.s, p.i+2)
		switch {
		case !ok:
			return 0, 0, p.fail(CodeSyntax, "a malformed escape")
		case r == 0:
			return 0, 0, p.fail(CodeBadChar, "a NUL character")
		case r >= 0xD800 && r < 0xDC00 && len(p.s) > p.i+7 && p.s[p.i+6] == '\\' && p.s[p.i+7] == 'u':
			low, ok := hex4(p.s, p.i+8)
			if ok && low >= 0xDC00 && low < 0xE000 {
				return (r-0xD800)<<10 | (low - 0xDC00) + 0x10000, 12, nil
			}
			return 0, 0, p.fail(CodeBadUTF8, "a lone surrogate")
		case r >= 0xD800 && r < 0xE000:
			return 0, 0, p.fail(CodeBadUTF8, "a lone surrogate")
		}
		return r, 6, nil
	}
	return 0, 0, p.fail(CodeSyntax, "an unknown escape")
}

func hex4(s string, i int) (rune, bool) {
	if len(s) < i+4 {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[i : i+4]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func (p *parser) number() (any, error) {
	n, small := scanNumber(p.s[p.i:])
	if n == 0 {
		return nil, p.fail(CodeSyntax, "a malformed number")
	}
	tok := p.s[p.i : p.i+n]
	if !small {
		if _, ok := exact(tok); !ok {
			return nil, p.fail(CodeBadNumber, "a number outside what can be kept exactly")
		}
	}
	p.i += n
	return json.Number(tok), nil
}

// scanNumber returns the length of the JSON number (RFC 8259, section 6) that
// s begins with, 0 if there is none. small: it is an integer of at most 15
// digits and not -0, and so its own canonical form.
func scanNumber(s string) (n int, small bool) {
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	first := i
	i = digits(s, i)
	whole := i - first
	if whole == 0 || whole > 1 && s[first] == '0' {
		return 0, false
	}
	small = whole <= 15 && !(first == 1 && s[first] == '0')
	if i < len(s) && s[i] == '.' {
		j := digits(s, i+1)
		if j == i+1 {
			return 0, false
		}
		i, small = j, false
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		j := digits(s, i)
		if j == i {
			return 0, false
		}
		i, small = j, false
	}
	return i, small
}

func digits(s string, i int) int {
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	return i
}

// exact returns the value of a well-formed number and whether it may stand in
// a document: finite, not a negative zero, not a trace that became zero, and
// not something whose canonical form is an integer beyond ±(2^53-1).
func exact(tok string) (float64, bool) {
	f, err := strconv.ParseFloat(tok, 64)
	if err != nil { // only ErrRange is left: the syntax was checked
		return 0, false
	}
	if f == 0 {
		if math.Signbit(f) {
			return 0, false
		}
		for _, c := range []byte(tok) {
			if c == 'e' || c == 'E' {
				break
			}
			if '1' <= c && c <= '9' {
				return 0, false
			}
		}
		return f, true
	}
	abs := math.Abs(f)
	if abs <= 1<<53-1 {
		return f, true
	}
	// From 1e21 on the canonical form has an exponent.
	return f, abs >= 1e21 && !integer(tok)
}

func integer(tok string) bool {
	for _, c := range []byte(tok) {
		if c == '.' || c == 'e' || c == 'E' {
			return false
		}
	}
	return true
}
