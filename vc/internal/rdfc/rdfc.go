// Package rdfc turns an RDF dataset into its canonical N-Quads by RDFC-1.0
// (W3C Recommendation "RDF Dataset Canonicalization", 21 May 2024), the bytes
// that the rdfc cryptosuites of Data Integrity hash.
//
// It is on the path of every verification, so it works on compact quads, keeps
// its working memory in a pool and serialises each quad's fixed part once. The
// exponential part of the algorithm has a budget of work that depends on the
// dataset alone, never on a clock: the same dataset is refused on every
// machine or on none.
package rdfc

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"slices"
	"sync"

	"bonafide/internal/explain"
)

// Kind says what a Term is.
type Kind uint8

// The kinds of term. The zero Kind stands for the default graph where a
// graph name is expected, and is not allowed elsewhere.
const (
	Default Kind = iota // no graph name: the default graph
	IRI                 // Value: the IRI, without brackets
	Blank               // N: number of the blank node, from 0
	Literal             // Value: lexical form; Extra: datatype IRI ("" is xsd:string)
	Lang                // Value: lexical form; Extra: language tag
)

// Term is a subject, object or graph name. Which fields count depends on Kind.
type Term struct {
	Kind  Kind
	N     uint32
	Value string
	Extra string
}

// Quad is one statement. S is an IRI or a blank node, P an IRI without
// brackets, O any term but Default, G an IRI, a blank node or Default.
// Strings hold valid UTF-8; an IRI holds none of the characters that IRIREF
// of N-Quads excludes.
type Quad struct {
	S Term
	P string
	O Term
	G Term
}

// Hash is the hash algorithm that a canonicalisation uses.
type Hash uint8

// The algorithms that RDFC-1.0 names; SHA256 is its default.
const (
	SHA256 Hash = iota
	SHA384
)

// DefaultBudget is the work allowed to datasets whose blank nodes cannot be
// told apart by their own statements. One unit is one step of the hash
// n-degree algorithm (a quad visited, a blank node placed in a permutation, an
// issued label copied), a fraction of a microsecond. The hardest graph of the
// W3C suite that has to be solved takes about a fortieth of it.
const DefaultBudget = 2_000_000

// Options changes how Canonicalize works; the zero value is RDFC-1.0's default.
type Options struct {
	Hash   Hash
	Budget int // units of work; 0: DefaultBudget
}

// xsdString is the datatype that canonical N-Quads leave out.
const xsdString = "http://www.w3.org/2001/XMLSchema#string"

// Canonicalize returns the canonical N-Quads of the dataset (RDFC-1.0, 4.4):
// sorted, without duplicates, blank nodes relabelled `_:c14n…`. Blank node
// numbers should be dense from 0. The coded error canonicalisation_budget
// means that the blank nodes are so alike that the work would exceed the
// budget.
func Canonicalize(quads []Quad, o Options) ([]byte, error) {
	out, _, err := canonicalize(quads, o, false)
	return out, err
}

// CanonicalizeLabels also returns, for every blank node number of the
// dataset, the number n of its canonical label `_:c14n<n>`; −1 where no quad
// mentions the number.
func CanonicalizeLabels(quads []Quad, o Options) ([]byte, []int, error) {
	return canonicalize(quads, o, true)
}

// span is a part of canon.buf.
type span struct{ from, to int }

// canon is the canonicalization state (RDFC-1.0, 4.2) and the working memory
// of one run. It is pooled.
type canon struct {
	quads  []Quad
	hash   Hash
	budget int

	buf   []byte // the fixed parts of quads, then the lines being built
	tail  []span // per quad: where "<p> o g .\n" stands in buf; empty if o or g is blank
	dead  []bool // per quad: a duplicate of an earlier one
	lines []line

	start   []uint32 // per blank node, n+1 entries: where its quads begin in members
	members []uint32 // quad numbers grouped by blank node ("blank node to quads map")
	fill    []uint32

	first  []digest // per blank node: its first-degree hash
	order  []uint32 // blank nodes sorted by first-degree hash
	issued []int    // canonical issuer: blank node to n, −1 if none yet
	next   int      // the canonical issuer's counter

	scratch []byte // text of lines
	related []byte // input of a hash
}

// digest holds a hash of either algorithm; SHA-256 uses the first 32 bytes.
type digest [sha512.Size384]byte

// line is one serialised quad: the bytes, and the quad it is of.
type line struct {
	text []byte
	quad uint32
}

var pool = sync.Pool{New: func() any { return new(canon) }}

// maxKept bounds what a pooled state keeps between runs, so that one large
// dataset does not hold its memory for ever.
const maxKept = 1 << 20

func canonicalize(quads []Quad, o Options, labels bool) ([]byte, []int, error) {
	c := pool.Get().(*canon)
	defer c.release()
	c.quads, c.hash, c.budget = quads, o.Hash, o.Budget
	if c.budget == 0 {
		c.budget = DefaultBudget
	}
	c.index()
	c.tails()
	c.firstDegree()
	if err := c.label(); err != nil {
		return nil, nil, err
	}
	out := c.serialize()
	var m []int
	if labels {
		m = slices.Clone(c.issued)
	}
	return out, m, nil
}

func (c *canon) release() {
	if cap(c.buf)+cap(c.scratch)+cap(c.related)+cap(c.lines)*32 > maxKept || cap(c.first)*48 > maxKept {
		return
	}
	c.quads = nil
	clear(c.lines) // they point into buf and would keep an outgrown one alive
	pool.Put(c)
}

// index builds the blank node to quads map (4.4.3, step 2). A quad that names
// a blank node twice is listed once for it.
func (c *canon) index() {
	n := 0
	for i := range c.quads {
		q := &c.quads[i]
		for _, t := range [...]*Term{&q.S, &q.O, &q.G} {
			if t.Kind == Blank && int(t.N) >= n {
				n = int(t.N) + 1
			}
		}
	}
	c.start = resized(c.start, n+1)
	c.fill = resized(c.fill, n)
	c.first = resized(c.first, n)
	c.issued = resized(c.issued, n)
	c.dead = resized(c.dead, len(c.quads))
	c.next = 0
	clear(c.start)
	clear(c.dead)
	clear(c.first) // SHA-256 leaves the end of a digest as it was
	for i := range c.issued {
		c.issued[i] = -1
	}
	total := uint32(0)
	for i := range c.quads {
		c.quads[i].blanks(func(b uint32) { c.start[b+1]++; total++ })
	}
	for b := range n {
		c.start[b+1] += c.start[b]
		c.fill[b] = c.start[b]
	}
	c.members = resized(c.members, int(total))
	for i := range c.quads {
		c.quads[i].blanks(func(b uint32) {
			c.members[c.fill[b]] = uint32(i)
			c.fill[b]++
		})
	}
}

// blanks calls f once for each different blank node in the quad.
func (q *Quad) blanks(f func(uint32)) {
	s, o := q.S.Kind == Blank, q.O.Kind == Blank
	if s {
		f(q.S.N)
	}
	if o && !(s && q.O.N == q.S.N) {
		f(q.O.N)
	}
	if q.G.Kind == Blank && !(s && q.G.N == q.S.N) && !(o && q.G.N == q.O.N) {
		f(q.G.N)
	}
}

// quadsOf returns the numbers of the quads that mention blank node b.
func (c *canon) quadsOf(b uint32) []uint32 { return c.members[c.start[b]:c.start[b+1]] }

// resized returns s with length n, reusing its memory.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}

// tails serialises, once, what comes after the subject of every quad whose
// object and graph are not blank: those bytes are the same in the hash and in
// the result.
func (c *canon) tails() {
	c.buf = c.buf[:0]
	c.tail = resized(c.tail, len(c.quads))
	for i := range c.quads {
		q := &c.quads[i]
		c.tail[i] = span{}
		if q.O.Kind == Blank || q.G.Kind == Blank {
			continue
		}
		from := len(c.buf)
		c.buf = append(c.buf, " <"...)
		c.buf = append(c.buf, q.P...)
		c.buf = append(c.buf, "> "...)
		c.buf = appendTerm(c.buf, q.O, nil)
		if q.G.Kind != Default {
			c.buf = append(c.buf, ' ')
			c.buf = appendTerm(c.buf, q.G, nil)
		}
		c.buf = append(c.buf, " .\n"...)
		c.tail[i] = span{from, len(c.buf)}
	}
}

// appendLine appends quad i as a line; blank appends the label of a blank node.
func (c *canon) appendLine(dst []byte, i uint32, blank func([]byte, uint32) []byte) []byte {
	q := &c.quads[i]
	if t := c.tail[i]; t.to > 0 {
		dst = appendTerm(dst, q.S, blank)
		return append(dst, c.buf[t.from:t.to]...)
	}
	dst = appendTerm(dst, q.S, blank)
	dst = append(dst, " <"...)
	dst = append(dst, q.P...)
	dst = append(dst, "> "...)
	dst = appendTerm(dst, q.O, blank)
	if q.G.Kind != Default {
		dst = append(dst, ' ')
		dst = appendTerm(dst, q.G, blank)
	}
	return append(dst, " .\n"...)
}

// firstDegree computes the hash of every blank node (4.6.3) and drops
// duplicate quads on the way: equal quads make equal lines, and lines are
// sorted here anyway.
func (c *canon) firstDegree() {
	for b := range c.first {
		self := uint32(b)
		label := func(dst []byte, n uint32) []byte {
			if n == self {
				return append(dst, "_:a"...)
			}
			return append(dst, "_:z"...)
		}
		c.sortLines(c.quadsOf(self), label)
		h := c.related[:0]
		last := -1
		for i := range c.lines {
			l := &c.lines[i]
			if last >= 0 && c.quads[last] == c.quads[l.quad] {
				c.dead[l.quad] = true
				continue
			}
			last = int(l.quad)
			h = append(h, l.text...)
		}
		c.sum(&c.first[b], h)
		c.related = h
	}
}

// sortLines serialises the live quads among ids into scratch and sorts them in
// code point order (which for UTF-8 is byte order). Lines that are equal
// although their quads differ are put in the order of their blank nodes, so
// that equal quads come to stand together.
func (c *canon) sortLines(ids []uint32, blank func([]byte, uint32) []byte) {
	c.scratch = c.scratch[:0]
	c.lines = c.lines[:0]
	for _, id := range ids {
		if c.dead[id] {
			continue
		}
		from := len(c.scratch)
		c.scratch = c.appendLine(c.scratch, id, blank)
		c.lines = append(c.lines, line{text: c.scratch[from:], quad: id})
	}
	if len(c.lines) < 2 {
		return
	}
	slices.SortFunc(c.lines, func(x, y line) int {
		if d := bytes.Compare(x.text, y.text); d != 0 {
			return d
		}
		p, q := &c.quads[x.quad], &c.quads[y.quad]
		for _, d := range [...]int{int(p.S.N) - int(q.S.N), int(p.O.N) - int(q.O.N), int(p.G.N) - int(q.G.N)} {
			if d != 0 {
				return d
			}
		}
		return int(x.quad) - int(y.quad)
	})
}

// sum writes the hash of b to d.
func (c *canon) sum(d *digest, b []byte) {
	if c.hash == SHA384 {
		*d = sha512.Sum384(b)
		return
	}
	s := sha256.Sum256(b)
	copy(d[:], s[:])
}

// size is the length in bytes of a hash.
func (c *canon) size() int {
	if c.hash == SHA384 {
		return sha512.Size384
	}
	return sha256.Size
}

// label issues the canonical identifiers (4.4.3, steps 3 to 5).
func (c *canon) label() error {
	c.order = c.order[:0]
	for b := range c.first {
		if c.start[b] < c.start[b+1] {
			c.order = append(c.order, uint32(b))
		}
	}
	slices.SortFunc(c.order, func(x, y uint32) int { return bytes.Compare(c.first[x][:], c.first[y][:]) })
	shared := 0
	for i := 0; i < len(c.order); {
		j := c.alike(i)
		if j == i+1 {
			c.issue(c.order[i])
		} else {
			shared++
		}
		i = j
	}
	if shared == 0 {
		return nil
	}
	return c.labelShared()
}

// alike returns the end of the run of blank nodes with the same first-degree
// hash that begins at i.
func (c *canon) alike(i int) int {
	j := i + 1
	for j < len(c.order) && c.first[c.order[j]] == c.first[c.order[i]] {
		j++
	}
	return j
}

func (c *canon) issue(b uint32) {
	if c.issued[b] < 0 {
		c.issued[b] = c.next
		c.next++
	}
}

// spend takes n units off the budget.
func (c *canon) spend(n int) error {
	c.budget -= n
	if c.budget < 0 {
		return explain.Errorf("canonicalisation_budget", "blank nodes too alike to be told apart within the work allowed")
	}
	return nil
}

// serialize makes the canonical N-Quads document (4.4.3, step 6).
func (c *canon) serialize() []byte {
	c.scratch = c.scratch[:0]
	c.lines = c.lines[:0]
	for i := range c.quads {
		if c.dead[i] {
			continue
		}
		from := len(c.scratch)
		c.scratch = c.appendLine(c.scratch, uint32(i), c.canonicalLabel)
		c.lines = append(c.lines, line{text: c.scratch[from:], quad: uint32(i)})
	}
	slices.SortFunc(c.lines, func(x, y line) int { return bytes.Compare(x.text, y.text) })
	out := make([]byte, 0, len(c.scratch))
	for i := range c.lines {
		// Duplicates without a blank node have not been found before.
		if i > 0 && bytes.Equal(c.lines[i].text, c.lines[i-1].text) {
			continue
		}
		out = append(out, c.lines[i].text...)
	}
	return out
}

func (c *canon) canonicalLabel(dst []byte, b uint32) []byte {
	return appendNumber(append(dst, "_:c14n"...), uint32(c.issued[b]))
}
