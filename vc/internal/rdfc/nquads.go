// N-Quads: canonical output (RDFC-1.0, 5) and a strict parser (RDF 1.1
// N-Quads, 25 February 2014).

package rdfc

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"bonafide/internal/explain"
)

func appendNumber(dst []byte, n uint32) []byte { return strconv.AppendUint(dst, uint64(n), 10) }

// appendTerm appends a term in canonical form; blank appends the label of a
// blank node and may be nil where there is none.
func appendTerm(dst []byte, t Term, blank func([]byte, uint32) []byte) []byte {
	switch t.Kind {
	case IRI:
		dst = append(dst, '<')
		dst = append(dst, t.Value...)
		return append(dst, '>')
	case Blank:
		return blank(dst, t.N)
	case Lang:
		dst = append(dst, '"')
		dst = appendEscaped(dst, t.Value)
		dst = append(dst, `"@`...)
		return append(dst, t.Extra...)
	case Literal:
		dst = append(dst, '"')
		dst = appendEscaped(dst, t.Value)
		if t.Extra == "" || t.Extra == xsdString {
			return append(dst, '"')
		}
		dst = append(dst, `"^^<`...)
		dst = append(dst, t.Extra...)
		return append(dst, '>')
	}
	return dst
}

// escapes says for each byte how a literal shows it: 0 as it is, 'u' as
// \u00XX, 'x' as it is unless it begins U+FFFE or U+FFFF, else \ and that
// character.
var escapes = func() (t [256]byte) {
	for b := range 0x20 {
		t[b] = 'u'
	}
	t[0x7f] = 'u'
	t['\b'], t['\t'], t['\n'], t['\f'], t['\r'] = 'b', 't', 'n', 'f', 'r'
	t['"'], t['\\'] = '"', '\\'
	t[0xef] = 'x'
	return t
}()

const upperHex = "0123456789ABCDEF"

// appendEscaped appends the lexical form of a literal with the escapes of
// canonical N-Quads.
func appendEscaped(dst []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		e := escapes[s[i]]
		if e == 0 {
			continue
		}
		if e == 'x' {
			// U+FFFE and U+FFFF are the only characters beyond ASCII that
			// are no Char of XML 1.1
			if i+2 < len(s) && s[i+1] == 0xbf && s[i+2] >= 0xbe {
				dst = append(dst, s[from:i]...)
				dst = append(dst, `\uFFF`...)
				dst = append(dst, upperHex[s[i+2]&0xf])
				i += 2
				from = i + 1
			}
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		if e == 'u' {
			dst = append(dst, `\u00`...)
			dst = append(dst, upperHex[s[i]>>4], upperHex[s[i]&0xf])
			continue
		}
		dst = append(dst, '\\', e)
	}
	return append(dst, s[from:]...)
}

// AppendQuad appends the quad as a canonical N-Quads line; blank nodes are
// labelled `_:b` and their number.
func AppendQuad(dst []byte, q Quad) []byte {
	label := func(dst []byte, n uint32) []byte { return appendTemporary(dst, int(n)) }
	dst = appendTerm(dst, q.S, label)
	dst = append(dst, " <"...)
	dst = append(dst, q.P...)
	dst = append(dst, "> "...)
	dst = appendTerm(dst, q.O, label)
	if q.G.Kind != Default {
		dst = append(dst, ' ')
		dst = appendTerm(dst, q.G, label)
	}
	return append(dst, " .\n"...)
}

// Parse reads an N-Quads document. labels[n] is the label, without `_:`, of
// blank node n; nodes are numbered as they first appear. IRIs have to be
// absolute. Failures are coded nquads_malformed and name the line.
func Parse(doc []byte) (quads []Quad, labels []string, err error) {
	if !utf8.Valid(doc) {
		return nil, nil, explain.Errorf("nquads_malformed", "not UTF-8")
	}
	p := parser{s: string(doc), line: 1, blanks: map[string]uint32{}}
	for {
		q, ok, done := p.statement()
		if p.bad != "" {
			return nil, nil, explain.Errorf("nquads_malformed", "line %d: %s", p.line, p.bad)
		}
		if ok {
			quads = append(quads, q)
		}
		if done {
			return quads, p.labels, nil
		}
	}
}

// parser reads statements from s. bad is the first failure; after it nothing
// that was returned counts.
type parser struct {
	s      string
	at     int
	line   int
	bad    string
	blanks map[string]uint32
	labels []string
}

func (p *parser) fail(why string) {
	if p.bad == "" {
		p.bad = why
	}
}

// peek returns the next byte, 0 at the end. (A real U+0000 is refused wherever
// it may stand.)
func (p *parser) peek() byte {
	if p.at < len(p.s) {
		return p.s[p.at]
	}
	return 0
}

func (p *parser) space() {
	for p.peek() == ' ' || p.peek() == '\t' {
		p.at++
	}
}

// statement reads one line. ok says that it held a quad, done that the
// document is at its end.
func (p *parser) statement() (q Quad, ok, done bool) {
	p.space()
	if c := p.peek(); p.at < len(p.s) && c != '#' && c != '\n' && c != '\r' {
		q, ok = p.quad(), true
	}
	p.space()
	if p.peek() == '#' {
		for p.at < len(p.s) && p.s[p.at] != '\n' && p.s[p.at] != '\r' {
			p.at++
		}
	}
	if p.bad != "" || p.at == len(p.s) {
		return q, ok, true
	}
	if c := p.peek(); c != '\n' && c != '\r' {
		p.fail("something stands after the statement")
		return q, ok, true
	}
	if p.s[p.at] == '\r' && p.at+1 < len(p.s) && p.s[p.at+1] == '\n' {
		p.at++
	}
	p.at++
	p.line++
	return q, ok, false
}

func (p *parser) quad() (q Quad) {
	switch p.peek() {
	case '<':
		q.S = Term{Kind: IRI, Value: p.iri()}
	case '_':
		q.S = p.blank()
	default:
		p.fail("the subject is neither an IRI nor a blank node")
	}
	p.space()
	if p.peek() != '<' {
		p.fail("the predicate is no IRI")
		return q
	}
	q.P = p.iri()
	p.space()
	switch p.peek() {
	case '<':
		q.O = Term{Kind: IRI, Value: p.iri()}
	case '_':
		q.O = p.blank()
	case '"':
		q.O = p.literal()
	default:
		p.fail("the object is no term")
	}
	p.space()
	switch p.peek() {
	case '<':
		q.G = Term{Kind: IRI, Value: p.iri()}
		p.space()
	case '_':
		q.G = p.blank()
		p.space()
	}
	if p.peek() != '.' {
		p.fail("the statement does not end with a full stop")
		return q
	}
	p.at++
	return q
}

// iri reads IRIREF.
func (p *parser) iri() string {
	p.at++
	from := p.at
	var b strings.Builder
	for p.at < len(p.s) {
		switch c := p.s[p.at]; {
		case c == '>':
			b.WriteString(p.s[from:p.at])
			p.at++
			if !ValidIRI(b.String()) {
				p.fail("an IRI is not absolute or holds a character that IRIs exclude")
			}
			return b.String()
		case c == '\\':
			b.WriteString(p.s[from:p.at])
			b.WriteRune(p.unicode())
			from = p.at
			if p.bad != "" {
				return ""
			}
		case c <= ' ':
			p.fail("an IRI is not closed")
			return ""
		default:
			p.at++
		}
	}
	p.fail("an IRI is not closed")
	return ""
}

// ValidIRI says whether s begins with a scheme and holds none of the
// characters that IRIREF of N-Quads excludes, so that it can be written
// between < and > as it is. (RFC 3987 asks for more; what matters here is that
// nothing can break out of the brackets.)
func ValidIRI(s string) bool {
	colon := strings.IndexByte(s, ':')
	if colon < 1 {
		return false
	}
	for i := range colon {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	for i := colon; i < len(s); i++ {
		if iriExcluded[s[i]] {
			return false
		}
	}
	return true
}

var iriExcluded = func() (t [256]bool) {
	for b := range 0x21 {
		t[b] = true
	}
	for _, b := range []byte("<>\"{}|^`\\") {
		t[b] = true
	}
	return t
}()

// unicode reads UCHAR.
func (p *parser) unicode() rune {
	p.at++
	n := 0
	switch p.peek() {
	case 'u':
		n = 4
	case 'U':
		n = 8
	}
	p.at++
	if n == 0 || p.at+n > len(p.s) {
		p.fail("an escape is not known")
		return 0
	}
	v, err := strconv.ParseUint(p.s[p.at:p.at+n], 16, 32)
	if err != nil || v > utf8.MaxRune || !utf8.ValidRune(rune(v)) {
		p.fail("an escape is no character")
		return 0
	}
	p.at += n
	return rune(v)
}

// blank reads BLANK_NODE_LABEL.
func (p *parser) blank() Term {
	if !strings.HasPrefix(p.s[p.at:], "_:") {
		p.fail("a blank node does not begin with _:")
		return Term{}
	}
	p.at += 2
	from, end := p.at, p.at
	for p.at < len(p.s) {
		r, n := utf8.DecodeRuneInString(p.s[p.at:])
		first := p.at == from
		if !(nameStart(r) || r >= '0' && r <= '9' || !first && (r == '.' || nameOther(r))) {
			break
		}
		p.at += n
		if r != '.' { // a label does not end with a full stop
			end = p.at
		}
	}
	p.at = end
	label := p.s[from:end]
	if label == "" {
		p.fail("a blank node has no label")
		return Term{}
	}
	n, ok := p.blanks[label]
	if !ok {
		n = uint32(len(p.labels))
		p.blanks[label] = n
		p.labels = append(p.labels, label)
	}
	return Term{Kind: Blank, N: n}
}

// nameStart is PN_CHARS_U of N-Quads (which counts _ and :).
func nameStart(r rune) bool {
	switch {
	case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r == '_', r == ':',
		r >= 0xc0 && r <= 0xd6, r >= 0xd8 && r <= 0xf6, r >= 0xf8 && r <= 0x2ff,
		r >= 0x370 && r <= 0x37d, r >= 0x37f && r <= 0x1fff, r >= 0x200c && r <= 0x200d,
		r >= 0x2070 && r <= 0x218f, r >= 0x2c00 && r <= 0x2fef, r >= 0x3001 && r <= 0xd7ff,
		r >= 0xf900 && r <= 0xfdcf, r >= 0xfdf0 && r <= 0xfffd, r >= 0x10000 && r <= 0xeffff:
		return true
	}
	return false
}

// nameOther is what PN_CHARS adds to PN_CHARS_U and the digits.
func nameOther(r rune) bool {
	return r == '-' || r == 0xb7 || r >= 0x300 && r <= 0x36f || r == 0x203f || r == 0x2040
}

// literal reads STRING_LITERAL_QUOTE and what follows it.
func (p *parser) literal() Term {
	p.at++
	from := p.at
	var b strings.Builder
	for closed := false; !closed; {
		switch c := p.peek(); {
		case p.at == len(p.s) || c == '\n' || c == '\r':
			p.fail("a literal is not closed")
			return Term{}
		case c == '"':
			b.WriteString(p.s[from:p.at])
			p.at++
			closed = true
		case c == '\\':
			b.WriteString(p.s[from:p.at])
			b.WriteRune(p.escape())
			from = p.at
			if p.bad != "" {
				return Term{}
			}
		default:
			p.at++
		}
	}
	switch p.peek() {
	case '@':
		p.at++
		from := p.at
		for p.at < len(p.s) && (alnum(p.s[p.at]) || p.s[p.at] == '-') {
			p.at++
		}
		tag := p.s[from:p.at]
		if !ValidTag(tag) {
			p.fail("a language tag is malformed")
		}
		return Term{Kind: Lang, Value: b.String(), Extra: tag}
	case '^':
		if !strings.HasPrefix(p.s[p.at:], "^^<") {
			p.fail("a datatype is no IRI")
			return Term{}
		}
		p.at += 2
		datatype := p.iri()
		if datatype == xsdString {
			datatype = ""
		}
		return Term{Kind: Literal, Value: b.String(), Extra: datatype}
	}
	return Term{Kind: Literal, Value: b.String()}
}

// escape reads ECHAR or UCHAR.
func (p *parser) escape() rune {
	if p.at+1 < len(p.s) {
		if i := strings.IndexByte(`tbnrf"'\`, p.s[p.at+1]); i >= 0 {
			p.at += 2
			return rune("\t\b\n\r\f\"'\\"[i])
		}
	}
	return p.unicode()
}

func alnum(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// ValidTag says whether s has the form of a language tag that N-Quads can
// carry (LANGTAG without the @).
func ValidTag(s string) bool {
	for i, part := range strings.Split(s, "-") {
		if part == "" {
			return false
		}
		for j := range len(part) {
			if !alnum(part[j]) || i == 0 && part[j] <= '9' {
				return false
			}
		}
	}
	return true
}
