// Contexts: JSON-LD 1.1 API, 4.1 (context processing), 4.2 (term definitions)
// and 5.2 (IRI expansion).

package ld

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"bonafide/assets"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/vc/internal/rdfc"
)

// keyword is a JSON-LD keyword; only those that may stand in a document have a
// constant of their own.
type keyword uint8

const (
	notKeyword keyword = iota
	kwContext
	kwDirection
	kwGraph
	kwID
	kwIncluded
	kwIndex
	kwLanguage
	kwList
	kwNest
	kwReverse
	kwSet
	kwType
	kwValue
	kwOther
)

var keywords = map[string]keyword{
	"@context": kwContext, "@direction": kwDirection, "@graph": kwGraph, "@id": kwID, "@included": kwIncluded,
	"@index": kwIndex, "@language": kwLanguage, "@list": kwList, "@nest": kwNest, "@reverse": kwReverse, "@set": kwSet,
	"@type": kwType, "@value": kwValue,
	"@base": kwOther, "@container": kwOther, "@import": kwOther, "@json": kwOther, "@none": kwOther, "@prefix": kwOther,
	"@propagate": kwOther, "@protected": kwOther, "@version": kwOther, "@vocab": kwOther,
}

// keywordLike says whether s has the form that JSON-LD keeps for keywords to
// come (@ and letters).
func keywordLike(s string) bool {
	if len(s) < 2 || s[0] != '@' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// typing is a term's type mapping.
type typing uint8

const (
	untyped     typing = iota
	typeID             // @id
	typeVocab          // @vocab
	typeJSON           // @json
	typeNone           // @none
	typeLiteral        // a datatype, in term.datatype
)

// container is a set of container keywords.
type container uint8

const (
	inGraph container = 1 << iota
	inID
	inIndex
	inLanguage
	inList
	inSet
	inType
)

var containers = map[string]container{
	"@graph": inGraph, "@id": inID, "@index": inIndex, "@language": inLanguage, "@list": inList, "@set": inSet, "@type": inType,
}

// text is a setting that can be absent, null or a string.
type text struct {
	set   bool
	value string // "" is null
}

// term is a term definition.
type term struct {
	iri       string // "" where the term is mapped to null
	kw        keyword
	predicate bool // iri can stand as a predicate
	prefix    bool
	protected bool
	reverse   bool
	typ       typing
	container container
	datatype  string
	lang, dir text
	hasLocal  bool
	local     any // scoped context
}

// noTerm is the definition of what is not a term.
var noTerm = &term{}

// context is an active context. It does not change once made, so it can be
// shared; what is derived from it is remembered in it.
type context struct {
	terms     map[string]*term
	vocab     string // "" is none
	lang, dir string
	previous  *context // where type-scoped terms end
	protects  bool     // some term is protected
	pinned    bool     // made from pinned contexts only: may outlive the document

	memo  atomic.Pointer[derived]
	write sync.Mutex
}

// derived remembers the contexts made from one context.
type derived struct {
	scoped map[scope]*context
	urls   map[string]*context // by the URLs of an @context, each ended by U+0000
}

// scope is a term whose scoped context is applied, as a type or as a property.
type scope struct {
	t        *term
	property bool
}

// root is the initial active context: no terms, no base IRI.
var root = &context{pinned: true}

// kept counts the remembered contexts that outlive their document. Documents
// choose which pinned contexts meet in which order, so there has to be an end:
// at maxKept all are forgotten.
var kept atomic.Int64

const maxKept = 2048

// remember stores d as derived from c.
func (c *context) remember(d *context, s scope, urls string) {
	if c.pinned && kept.Add(1) > maxKept {
		kept.Store(0)
		root.memo.Store(nil)
	}
	c.write.Lock()
	defer c.write.Unlock()
	next := &derived{scoped: map[scope]*context{}, urls: map[string]*context{}}
	if old := c.memo.Load(); old != nil {
		for k, v := range old.scoped {
			next.scoped[k] = v
		}
		for k, v := range old.urls {
			next.urls[k] = v
		}
	}
	if s.t != nil {
		next.scoped[s] = d
	} else {
		next.urls[urls] = d
	}
	c.memo.Store(next)
}

// scoped applies the scoped context of a term. As a type it ends at the next
// node and may not touch protected terms; as a property it reaches down and
// may (4.1.2).
func (w *walker) scoped(c *context, t *term, property bool) (*context, error) {
	s := scope{t, property}
	if m := c.memo.Load(); m != nil {
		if d, ok := m.scoped[s]; ok {
			return d, nil
		}
	}
	d, err := w.process(c, t.local, property, property, 0)
	if err != nil {
		return nil, err
	}
	d.pinned = c.pinned
	c.remember(d, s, "")
	return d, nil
}

// local applies the @context of an object.
func (w *walker) local(c *context, v any) (*context, error) {
	urls := w.key[:0]
	named := false
	switch v := v.(type) {
	case string:
		urls, named = append(append(urls, v...), 0), true
	case []any:
		named = len(v) > 0
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				named = false
				break
			}
			urls = append(append(urls, s...), 0)
		}
	}
	w.key = urls[:0]
	if !named {
		return w.process(c, v, false, true, 0)
	}
	if m := c.memo.Load(); m != nil {
		if d, ok := m.urls[string(urls)]; ok {
			return d, nil
		}
	}
	d, err := w.process(c, v, false, true, 0)
	if err != nil {
		return nil, err
	}
	d.pinned = c.pinned
	c.remember(d, scope{}, string(urls))
	return d, nil
}

// pinnedContext returns the value of @context in a pinned file.
func pinnedContext(url string) (any, error) {
	if v, ok := parsed.Load(url); ok {
		return v, nil
	}
	b, err := assets.Context(url)
	if err != nil {
		return nil, err
	}
	doc, err := strictjson.Object(b, strictjson.Default)
	if err != nil {
		return nil, explain.Errorf("context_altered", "reading a built-in context: %w", err)
	}
	v, _ := parsed.LoadOrStore(url, doc["@context"])
	return v, nil
}

var parsed sync.Map // URL to the parsed value of @context

func badContext(format string, args ...any) error {
	return explain.Errorf("context_invalid", format, args...)
}

// maxNested bounds contexts that name contexts.
const maxNested = 8

// process is the context processing algorithm (4.1.2). override lets protected
// terms be redefined; a context that does not propagate remembers the one to
// go back to.
func (w *walker) process(active *context, local any, override, propagate bool, nested int) (*context, error) {
	if nested > maxNested {
		return nil, badContext("contexts name one another too deeply")
	}
	list, ok := local.([]any)
	if !ok {
		list = []any{local}
	}
	if m, ok := local.(map[string]any); ok {
		if p, ok := m["@propagate"]; ok {
			b, ok := p.(bool)
			if !ok {
				return nil, badContext("@propagate is not a boolean")
			}
			propagate = b
		}
	}
	result, err := w.clone(active)
	if err != nil {
		return nil, err
	}
	if !propagate && result.previous == nil {
		result.previous = active
	}
	for _, e := range list {
		switch e := e.(type) {
		case nil:
			if !override && result.protects {
				return nil, explain.Errorf("context_protected", "a null context would remove protected terms")
			}
			empty := &context{terms: map[string]*term{}}
			if !propagate {
				empty.previous = result
			}
			result = empty
		case string:
			v, err := pinnedContext(e)
			if err != nil {
				return nil, err
			}
			if result, err = w.process(result, v, false, true, nested+1); err != nil {
				return nil, err
			}
		case map[string]any:
			if err := w.define(result, e, override, nested > 0); err != nil {
				return nil, err
			}
		default:
			return nil, badContext("a context is neither a URL, an object nor null")
		}
	}
	return result, nil
}

// clone copies an active context, without what is remembered in it.
func (w *walker) clone(c *context) (*context, error) {
	if err := w.spend(1 + len(c.terms)); err != nil {
		return nil, err
	}
	d := &context{
		terms: maps.Clone(c.terms), vocab: c.vocab, lang: c.lang, dir: c.dir,
		previous: c.previous, protects: c.protects,
	}
	if d.terms == nil {
		d.terms = map[string]*term{}
	}
	return d, nil
}

// spend takes n off the work that contexts may cause.
func (w *walker) spend(n int) error {
	if w.work += n; w.work > maxContextWork {
		return explain.Errorf("canonicalisation_budget", "the contexts written into the document take too much work")
	}
	return nil
}

// definer creates the terms of one context object.
type definer struct {
	w        *walker
	c        *context
	local    map[string]any
	defined  map[string]bool // false while being defined
	override bool
	protect  bool // @protected of the whole context
}

// define is the part of context processing that deals with a context object
// (4.1.2, steps 5.5 to 5.13).
func (w *walker) define(c *context, local map[string]any, override, remote bool) error {
	d := definer{w: w, c: c, local: local, defined: make(map[string]bool, len(local)), override: override}
	if v, ok := local["@version"]; ok {
		if f, ok := number(v); !ok || f != 1.1 {
			return badContext("@version is not 1.1")
		}
	}
	if _, ok := local["@import"]; ok {
		return unsupported("@import")
	}
	if v, ok := local["@base"]; ok && !remote && v != nil {
		return unsupported("@base")
	}
	if v, ok := local["@vocab"]; ok {
		switch v := v.(type) {
		case nil:
			c.vocab = ""
		case string:
			iri, err := d.expand(v, true)
			if err != nil {
				return err
			}
			if !rdfc.ValidIRI(iri) {
				return badContext("@vocab is no absolute IRI")
			}
			c.vocab = iri
		default:
			return badContext("@vocab is no string")
		}
	}
	if v, ok := local["@language"]; ok {
		t, err := language(v)
		if err != nil {
			return err
		}
		c.lang = t.value
	}
	if v, ok := local["@direction"]; ok {
		t, err := direction(v)
		if err != nil {
			return err
		}
		c.dir = t.value
	}
	if v, ok := local["@protected"]; ok {
		if d.protect, ok = v.(bool); !ok {
			return badContext("@protected is not a boolean")
		}
	}
	// In order, so that of several faults always the same is reported.
	for _, key := range slices.Sorted(maps.Keys(local)) {
		switch key {
		case "@base", "@direction", "@import", "@language", "@propagate", "@protected", "@version", "@vocab":
			continue
		}
		if err := d.term(key); err != nil {
			return err
		}
	}
	return nil
}

func language(v any) (text, error) {
	switch v := v.(type) {
	case nil:
		return text{set: true}, nil
	case string:
		if !rdfc.ValidTag(v) {
			return text{}, badContext("@language is no language tag")
		}
		return text{true, strings.ToLower(v)}, nil
	}
	return text{}, badContext("@language is no string")
}

func direction(v any) (text, error) {
	switch v {
	case nil:
		return text{set: true}, nil
	case "ltr", "rtl":
		return text{true, v.(string)}, nil
	}
	return text{}, badContext("@direction is neither ltr nor rtl")
}

// expand expands an IRI inside a context, defining first what it needs
// (5.2.2 with a local context).
func (d *definer) expand(v string, vocab bool) (string, error) {
	if err := d.w.spend(len(v) / 64); err != nil {
		return "", err
	}
	if keywords[v] == notKeyword && !keywordLike(v) {
		if _, ok := d.local[v]; ok && !d.defined[v] {
			if err := d.term(v); err != nil {
				return "", err
			}
		}
		if colon := strings.IndexByte(v, ':'); colon > 0 && !strings.HasPrefix(v[colon+1:], "//") {
			if prefix := v[:colon]; prefix != "_" && !d.defined[prefix] {
				if _, ok := d.local[prefix]; ok {
					if err := d.term(prefix); err != nil {
						return "", err
					}
				}
			}
		}
	}
	return d.c.expand(v, vocab), nil
}

// expand is IRI expansion (5.2.2). There is no base IRI, so what is relative
// stays relative. "" means null.
func (c *context) expand(v string, vocab bool) string {
	if len(v) > 0 && v[0] == '@' {
		if keywords[v] != notKeyword {
			return v
		}
		if keywordLike(v) {
			return ""
		}
	}
	if t, ok := c.terms[v]; ok && (vocab || t.kw != notKeyword) {
		return t.iri
	}
	if colon := strings.IndexByte(v, ':'); colon > 0 {
		prefix, suffix := v[:colon], v[colon+1:]
		if prefix == "_" || strings.HasPrefix(suffix, "//") {
			return v
		}
		if t, ok := c.terms[prefix]; ok && t.prefix && t.iri != "" {
			return t.iri + suffix
		}
		if rdfc.ValidIRI(v) {
			return v
		}
	}
	if vocab && c.vocab != "" {
		return c.vocab + v
	}
	return v
}

func isBlank(iri string) bool { return strings.HasPrefix(iri, "_:") }

// term is the create term definition algorithm (4.2.2).
func (d *definer) term(name string) error {
	if done, ok := d.defined[name]; ok {
		if done {
			return nil
		}
		return badContext("term definitions depend on one another in a circle")
	}
	if err := d.w.spend(1 + len(name)/64); err != nil {
		return err
	}
	if name == "" {
		return badContext("a term is empty")
	}
	d.defined[name] = false
	previous := d.c.terms[name]
	delete(d.c.terms, name)
	t := &term{protected: d.protect}
	var err error
	switch {
	case name == "@type":
		err = t.typeKeyword(d.local[name])
	case keywords[name] != notKeyword || keywordLike(name):
		err = badContext("a keyword, or what may become one, is defined")
	default:
		err = d.fill(t, name, d.local[name])
	}
	if err != nil {
		return err
	}
	if previous != nil && previous.protected && !d.override {
		same, err := d.w.same(t, previous)
		if err != nil {
			return err
		}
		if !same {
			return explain.Errorf("context_protected", "a protected term is redefined")
		}
		t = previous
	}
	if t.protected {
		d.c.protects = true
	}
	d.c.terms[name] = t
	d.defined[name] = true
	return nil
}

// same says whether two definitions differ in protection at most.
func (w *walker) same(t, u *term) (bool, error) {
	x, y := *t, *u
	x.protected, y.protected = false, false
	x.local, y.local = nil, nil
	if x != y {
		return false, nil
	}
	return w.equal(t.local, u.local)
}

// equal compares two JSON values. The comparison counts as work, because a
// document can ask for it often.
func (w *walker) equal(x, y any) (bool, error) {
	if err := w.spend(1); err != nil {
		return false, err
	}
	switch x := x.(type) {
	case map[string]any:
		y, ok := y.(map[string]any)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		for k, v := range x {
			u, ok := y[k]
			if !ok {
				return false, nil
			}
			if same, err := w.equal(v, u); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	case []any:
		y, ok := y.([]any)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		for i, v := range x {
			if same, err := w.equal(v, y[i]); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	switch y.(type) {
	case map[string]any, []any:
		return false, nil
	}
	return x == y, nil
}

// typeKeyword defines @type itself, which may only be protected or said to be
// a set. Neither changes what a document says.
func (t *term) typeKeyword(v any) error {
	m, _ := v.(map[string]any)
	for k, v := range m {
		b, boolean := v.(bool)
		switch {
		case k == "@container" && v == "@set":
			t.container = inSet
		case k == "@protected" && boolean:
			t.protected = b
		default:
			m = nil
		}
	}
	if len(m) == 0 {
		return badContext("a keyword is redefined")
	}
	t.iri, t.kw = "@type", kwType
	return nil
}

// fill sets what a definition says (4.2.2, steps 10 to 26).
func (d *definer) fill(t *term, name string, value any) error {
	var m map[string]any
	simple := false
	switch v := value.(type) {
	case nil:
	case string:
		m, simple = map[string]any{"@id": v}, true
	case map[string]any:
		m = v
	default:
		return badContext("a term definition is neither a string, an object nor null")
	}
	for k, v := range m {
		switch k {
		case "@id", "@reverse", "@type", "@container", "@context", "@language", "@direction", "@prefix", "@index", "@nest":
		case "@protected":
			b, ok := v.(bool)
			if !ok {
				return badContext("@protected is not a boolean")
			}
			t.protected = b
		default:
			return badContext("a term definition has an unknown member")
		}
	}
	if id, ok := m["@id"]; m == nil || ok && id == nil {
		return nil // mapped to null
	}
	if v, ok := m["@type"]; ok {
		if err := d.typing(t, v); err != nil {
			return err
		}
	}
	if v, ok := m["@reverse"]; ok {
		if _, ok := m["@id"]; ok {
			return badContext("a reverse term has an @id")
		}
		if _, ok := m["@nest"]; ok {
			return badContext("a reverse term has a @nest")
		}
		s, ok := v.(string)
		if !ok || keywordLike(s) {
			return badContext("@reverse is no IRI")
		}
		iri, err := d.expand(s, true)
		if err != nil {
			return err
		}
		t.iri, t.reverse = iri, true
		if !rdfc.ValidIRI(iri) && !isBlank(iri) {
			return badContext("@reverse is no absolute IRI")
		}
	} else if err := d.mapping(t, name, m, simple); err != nil {
		return err
	}
	t.kw = keywords[t.iri]
	if t.kw == kwContext {
		return badContext("@context has an alias")
	}
	t.predicate = rdfc.ValidIRI(t.iri)
	if v, ok := m["@container"]; ok {
		if err := t.containers(v); err != nil {
			return err
		}
	}
	if v, ok := m["@index"]; ok {
		if s, ok := v.(string); !ok || t.container&inIndex == 0 || keywordLike(s) {
			return badContext("@index does not fit its term")
		}
	}
	if v, ok := m["@context"]; ok {
		t.hasLocal, t.local = true, v
	}
	if t.typ == untyped {
		var err error
		if v, ok := m["@language"]; ok {
			if t.lang, err = language(v); err != nil {
				return err
			}
		}
		if v, ok := m["@direction"]; ok {
			if t.dir, err = direction(v); err != nil {
				return err
			}
		}
	}
	if v, ok := m["@nest"]; ok {
		if s, ok := v.(string); !ok || s != "@nest" && keywords[s] != notKeyword {
			return badContext("@nest is neither a term nor @nest")
		}
	}
	if v, ok := m["@prefix"]; ok {
		if strings.ContainsAny(name, ":/") {
			return badContext("@prefix on a term that is no prefix")
		}
		if t.prefix, ok = v.(bool); !ok {
			return badContext("@prefix is not a boolean")
		}
		if t.prefix && t.kw != notKeyword {
			return badContext("a keyword is made a prefix")
		}
	}
	return nil
}

// typing reads @type of a definition (4.2.2, step 12).
func (d *definer) typing(t *term, v any) error {
	s, ok := v.(string)
	if !ok {
		return badContext("@type of a term is no string")
	}
	iri, err := d.expand(s, true)
	if err != nil {
		return err
	}
	switch iri {
	case "@id":
		t.typ = typeID
	case "@vocab":
		t.typ = typeVocab
	case "@json":
		t.typ = typeJSON
	case "@none":
		t.typ = typeNone
	default:
		if !rdfc.ValidIRI(iri) {
			return badContext("@type of a term is no absolute IRI")
		}
		t.typ, t.datatype = typeLiteral, iri
	}
	return nil
}

// mapping finds the IRI of a term (4.2.2, steps 14 to 18).
func (d *definer) mapping(t *term, name string, m map[string]any, simple bool) error {
	if v, ok := m["@id"]; ok && v != name {
		s, ok := v.(string)
		if !ok {
			return badContext("@id of a term is no string")
		}
		if keywords[s] == notKeyword && keywordLike(s) {
			return badContext("a term stands for what may become a keyword")
		}
		iri, err := d.expand(s, true)
		if err != nil {
			return err
		}
		if keywords[iri] == notKeyword && !rdfc.ValidIRI(iri) && !isBlank(iri) {
			return badContext("@id of a term is no absolute IRI")
		}
		t.iri = iri
		if colon := strings.IndexByte(name[1:], ':'); colon >= 0 && colon < len(name)-2 || strings.Contains(name, "/") {
			d.defined[name] = true
			again, err := d.expand(name, true)
			if err != nil {
				return err
			}
			if again != iri {
				return badContext("a term that looks like an IRI stands for another")
			}
			d.defined[name] = false
		} else if simple && !strings.ContainsRune(name, ':') {
			t.prefix = isBlank(iri) || strings.IndexByte(":/?#[]@", iri[len(iri)-1]) >= 0
		}
		return nil
	}
	if colon := strings.IndexByte(name, ':'); colon > 0 {
		prefix := name[:colon]
		if _, ok := d.local[prefix]; ok {
			if err := d.term(prefix); err != nil {
				return err
			}
		}
		if p, ok := d.c.terms[prefix]; ok {
			t.iri = p.iri + name[colon+1:]
		} else {
			t.iri = name
		}
	} else if strings.Contains(name, "/") {
		iri, err := d.expand(name, true)
		if err != nil {
			return err
		}
		t.iri = iri
	} else if d.c.vocab != "" {
		t.iri = d.c.vocab + name
	}
	if !rdfc.ValidIRI(t.iri) && !isBlank(t.iri) {
		return badContext("a term has no absolute IRI")
	}
	return nil
}

// containers reads @container of a definition (4.2.2, step 19).
func (t *term) containers(v any) error {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	if len(list) == 0 {
		return badContext("@container is empty")
	}
	for _, e := range list {
		s, _ := e.(string)
		c, ok := containers[s]
		if !ok || t.container&c != 0 {
			return badContext("@container is malformed")
		}
		t.container |= c
	}
	switch c := t.container &^ inSet; {
	case c&inGraph != 0:
		if c != inGraph && c != inGraph|inID && c != inGraph|inIndex {
			return badContext("@container mixes what does not go together")
		}
	case c&inList != 0 && len(list) > 1, c&(c-1) != 0:
		return badContext("@container mixes what does not go together")
	}
	if t.container&inType != 0 {
		if t.typ == untyped {
			t.typ = typeID
		}
		if t.typ != typeID && t.typ != typeVocab {
			return badContext("a @type container needs @type to be @id or @vocab")
		}
	}
	if t.reverse && t.container&^(inSet|inIndex) != 0 {
		return badContext("a reverse term has a container that it cannot have")
	}
	return nil
}

// number returns the value of a JSON number.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case float64:
		return v, true
	}
	return 0, false
}
