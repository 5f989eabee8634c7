// Package ld turns a JSON-LD 1.1 document into RDF (expansion and "Deserialize
// JSON-LD to RDF", W3C Recommendation "JSON-LD 1.1 Processing Algorithms and
// API", 16 July 2020) and that into canonical N-Quads: the bytes which the
// rdfc cryptosuites of Data Integrity hash.
//
// It differs from a general processor in three ways.
//
// It is lossless ("Securing Data Losslessly" of Data Integrity 1.0): where the
// algorithms would drop something in silence — a property, a type or an index
// that no context defines, a relative IRI, a free-floating value — the
// document is refused with the code term_undefined, because what is dropped is
// not signed.
//
// It reads no context but those pinned in package assets and those written
// into the document. There is no loader: nothing here could open a file or a
// connection.
//
// It goes from the parsed tree to quads in one walk, without the expanded
// document in between, and keeps processed contexts, because it runs once per
// proof of every credential verified.
//
// Left out, with the code jsonld_unsupported: @import, @base other than null,
// @nest, and containers @index, @id and @type holding a map. No pinned context
// uses them. They are not handed to a general library, because the one at hand
// (json-gold) swallows errors inside @set and @list and drops statements whose
// IRI its own URL pattern does not know: with it a refusal could turn into a
// silent loss. The tests use it as a second opinion instead.
//
// Base direction becomes part of the literal ("rdfDirection": i18n-datatype),
// as in the implementations of these cryptosuites that are in use; by the
// default of JSON-LD it would be lost.
package ld

import (
	"slices"
	"sync"

	"bonafide/assets"
	"bonafide/internal/explain"
	"bonafide/vc/internal/rdfc"
)

// ToCanonical returns the canonical N-Quads (RDFC-1.0 with SHA-256) of a
// document whose values are those that strictjson.Parse gives. The document is
// not changed. Errors are coded: term_undefined, context_unknown,
// context_invalid, context_protected, jsonld_invalid, jsonld_unsupported,
// canonicalisation_budget.
func ToCanonical(doc map[string]any) ([]byte, error) {
	return ToCanonicalHash(doc, rdfc.SHA256)
}

// ToCanonicalHash is ToCanonical with a choice of the hash that
// canonicalisation uses inside (ecdsa-rdfc-2019 with P-384 asks for SHA-384).
func ToCanonicalHash(doc map[string]any, h rdfc.Hash) ([]byte, error) {
	w := walkers.Get().(*walker)
	defer w.release()
	if err := w.document(doc); err != nil {
		return nil, err
	}
	return rdfc.Canonicalize(w.quads, rdfc.Options{Hash: h})
}

// Quads returns the RDF dataset of a document, in an order that depends on the
// document alone. Errors are those of ToCanonical.
func Quads(doc map[string]any) ([]rdfc.Quad, error) {
	w := walkers.Get().(*walker)
	defer w.release()
	if err := w.document(doc); err != nil {
		return nil, err
	}
	return slices.Clone(w.quads), nil
}

// KnownContext says whether the context with that URL is pinned.
func KnownContext(url string) bool { return assets.HasContext(url) }

// walker is the state of one walk over a document. It is pooled.
type walker struct {
	quads   []rdfc.Quad
	entries []entry           // a stack: the members of the objects that are open
	high    int               // the most entries there have been
	blanks  uint32            // blank nodes numbered so far
	labels  map[string]uint32 // blank nodes that the document labels itself
	key     []byte            // scratch for context keys
	size    int               // bytes in quads
	work    int               // term definitions made, copied or compared
	depth   int
}

var walkers = sync.Pool{New: func() any { return new(walker) }}

// Bounds on one document. A long IRI that many statements repeat, or a context
// that many nodes bring along, can make much of little.
const (
	maxDepth       = 256
	maxSize        = 16 << 20  // bytes of all statements
	maxContextWork = 1_000_000 // term definitions: a fraction of a second
	maxPooled      = 1 << 12   // quads, entries
)

func (w *walker) release() {
	if cap(w.quads) > maxPooled || cap(w.entries) > maxPooled {
		return
	}
	// Otherwise the strings of one credential would live as long as the pool.
	clear(w.quads)
	clear(w.entries[:w.high])
	*w = walker{quads: w.quads[:0], entries: w.entries[:0], key: w.key[:0]}
	walkers.Put(w)
}

// emit adds a statement.
func (w *walker) emit(s rdfc.Term, p string, o, g rdfc.Term) error {
	w.size += 32 + len(s.Value) + len(p) + len(o.Value) + len(o.Extra) + len(g.Value)
	if w.size > maxSize {
		return explain.Errorf("canonicalisation_budget", "the statements of the document are too large")
	}
	w.quads = append(w.quads, rdfc.Quad{S: s, P: p, O: o, G: g})
	return nil
}

func (w *walker) document(doc map[string]any) error {
	top := sink{kind: sinkFree}
	if err := w.object(root, noTerm, "", doc, &top); err != nil {
		return err
	}
	if len(w.quads) == 0 {
		return undefined("the document makes no statement")
	}
	return nil
}

// blank returns a new blank node.
func (w *walker) blank() rdfc.Term {
	w.blanks++
	return rdfc.Term{Kind: rdfc.Blank, N: w.blanks - 1}
}

// node returns the term of an expanded IRI or blank node identifier.
func (w *walker) node(iri string) (rdfc.Term, error) {
	if len(iri) > 2 && iri[0] == '_' && iri[1] == ':' {
		n, ok := w.labels[iri]
		if !ok {
			if w.labels == nil {
				w.labels = map[string]uint32{}
			}
			n = w.blank().N
			w.labels[iri] = n
		}
		return rdfc.Term{Kind: rdfc.Blank, N: n}, nil
	}
	if !rdfc.ValidIRI(iri) {
		return rdfc.Term{}, undefined("a relative or malformed IRI")
	}
	return rdfc.Term{Kind: rdfc.IRI, Value: iri}, nil
}

// undefined reports what a general processor would drop.
func undefined(what string) error {
	return explain.Errorf("term_undefined", "%s would be lost", what)
}

func invalid(format string, args ...any) error {
	return explain.Errorf("jsonld_invalid", format, args...)
}

func unsupported(what string) error {
	return explain.Errorf("jsonld_unsupported", "%s is not supported", what)
}
