// The walk from a document to quads: JSON-LD 1.1 API, 5.1 (expansion), 5.3
// (value expansion), 7 (node map generation) and 8 (deserialisation to RDF),
// done together. That is possible because an RDF dataset is a set: what node
// map generation merges is merged by canonicalisation anyway.

package ld

import (
	"slices"
	"strings"

	"bonafide/internal/strictjson"
	"bonafide/vc/internal/rdfc"
)

const (
	rdfNS    = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	rdfType  = rdfNS + "type"
	rdfFirst = rdfNS + "first"
	rdfRest  = rdfNS + "rest"
	rdfNil   = rdfNS + "nil"
	rdfJSON  = rdfNS + "JSON"
	i18nNS   = "https://www.w3.org/ns/i18n#"
)

// sinkKind says what becomes of the things that a value expands to.
type sinkKind uint8

const (
	sinkFree     sinkKind = iota // nodes that nothing points to: the top, @graph, @included
	sinkProperty                 // objects of subj and pred
	sinkReverse                  // subjects that point to subj by pred
	sinkGraph                    // each node in a graph of its own, which subj points to
	sinkList                     // items of a list
)

// sink takes what a value expands to. graph is where the statements go.
type sink struct {
	kind  sinkKind
	subj  rdfc.Term
	pred  string
	graph rdfc.Term
	items []rdfc.Term
	list  bool // a list object came, as a whole
	bare  bool // the items of an @list, of whose nested arrays processors make different things
}

// entry is one member of an object, with the meaning of its name.
type entry struct {
	key   string
	value any
	t     *term
	iri   string // of the key; "" where it has no meaning
	kw    keyword
}

// add passes a term to the sink.
func (w *walker) add(s *sink, t rdfc.Term) error {
	switch s.kind {
	case sinkProperty:
		return w.emit(s.subj, s.pred, t, s.graph)
	case sinkList:
		s.items = append(s.items, t)
	case sinkReverse:
		if t.Kind != rdfc.IRI && t.Kind != rdfc.Blank {
			return invalid("a literal stands where a reverse property needs a node")
		}
		return w.emit(t, s.pred, s.subj, s.graph)
	default:
		return undefined("a value that belongs to no node")
	}
	return nil
}

// resolve finds what a key means in a context.
func (c *context) resolve(e *entry) {
	if t, ok := c.terms[e.key]; ok {
		e.t, e.iri, e.kw = t, t.iri, t.kw
		return
	}
	e.t, e.kw = noTerm, keywords[e.key]
	if e.kw == notKeyword {
		e.iri = c.expand(e.key, true)
	}
}

// value expands the value of a property whose term is t and whose key is key.
func (w *walker) value(c *context, t *term, key string, v any, s *sink) error {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		for _, e := range v {
			if _, nested := e.([]any); nested && s.kind == sinkList {
				if s.bare {
					return unsupported("an array inside an @list")
				}
				inner := sink{kind: sinkList, graph: s.graph}
				if err := w.value(c, t, key, e, &inner); err != nil {
					return err
				}
				if err := w.addChain(s, &inner); err != nil {
					return err
				}
				continue
			}
			if err := w.value(c, t, key, e, s); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		return w.object(c, t, key, v, s)
	}
	if s.kind == sinkFree || s.kind == sinkGraph {
		return undefined("a value that belongs to no node")
	}
	if t.hasLocal {
		var err error
		if c, err = w.scoped(c, t, true); err != nil {
			return err
		}
		// The scoped context may itself define the property anew.
		if t = c.terms[key]; t == nil {
			t = noTerm
		}
	}
	o, err := w.scalar(c, t, v)
	if err != nil {
		return err
	}
	return w.add(s, o)
}

// scalar is value expansion (5.3.2) and object to RDF conversion (8.2.2).
func (w *walker) scalar(c *context, t *term, v any) (rdfc.Term, error) {
	s, ok := v.(string)
	if !ok {
		return native(v, t.datatype)
	}
	switch t.typ {
	case typeID:
		return w.node(c.expand(s, false))
	case typeVocab:
		return w.node(c.expand(s, true))
	case typeLiteral:
		return rdfc.Term{Kind: rdfc.Literal, Value: s, Extra: t.datatype}, nil
	case typeNone:
		return rdfc.Term{Kind: rdfc.Literal, Value: s}, nil
	}
	lang, dir := c.lang, c.dir
	if t.lang.set {
		lang = t.lang.value
	}
	if t.dir.set {
		dir = t.dir.value
	}
	return tagged(s, lang, dir), nil
}

// tagged is a string with a language and a base direction, either of which may
// be "".
func tagged(s, lang, dir string) rdfc.Term {
	switch {
	case dir != "":
		return rdfc.Term{Kind: rdfc.Literal, Value: s, Extra: i18nNS + lang + "_" + dir}
	case lang != "":
		return rdfc.Term{Kind: rdfc.Lang, Value: s, Extra: lang}
	}
	return rdfc.Term{Kind: rdfc.Literal, Value: s}
}

// jsonLiteral is a value of type @json.
func jsonLiteral(v any) (rdfc.Term, error) {
	b, err := strictjson.Canonical(v)
	if err != nil {
		return rdfc.Term{}, invalid("a JSON literal: %w", err)
	}
	return rdfc.Term{Kind: rdfc.Literal, Value: string(b), Extra: rdfJSON}, nil
}

// addChain writes the items of a list and passes its head to s.
func (w *walker) addChain(s, list *sink) error {
	end := rdfc.Term{Kind: rdfc.IRI, Value: rdfNil}
	if len(list.items) == 0 {
		return w.add(s, end)
	}
	head := w.blank()
	at := head
	for i, item := range list.items {
		next := end
		if i+1 < len(list.items) {
			next = w.blank()
		}
		if err := w.emit(at, rdfFirst, item, list.graph); err != nil {
			return err
		}
		if err := w.emit(at, rdfRest, next, list.graph); err != nil {
			return err
		}
		at = next
	}
	return w.add(s, head)
}

// open puts the members of an object on the stack, in the order of their
// names. The slice stays valid where deeper objects make the stack move.
func (w *walker) open(m map[string]any) []entry {
	base := len(w.entries)
	for k, v := range m {
		w.entries = append(w.entries, entry{key: k, value: v})
	}
	w.high = max(w.high, len(w.entries))
	entries := w.entries[base:]
	slices.SortFunc(entries, func(x, y entry) int { return strings.Compare(x.key, y.key) })
	return entries
}

// object expands a map (5.1.2, steps 6 to 20).
func (w *walker) object(c *context, t *term, key string, m map[string]any, s *sink) error {
	if w.depth++; w.depth > maxDepth {
		return invalid("nested too deeply")
	}
	base := len(w.entries)
	err := w.members(c, t, key, w.open(m), s)
	w.entries = w.entries[:base]
	w.depth--
	return err
}

func (w *walker) members(c *context, t *term, key string, entries []entry, s *sink) error {
	c, outer, jsonType, err := w.contextOf(c, t, entries)
	if err != nil {
		return err
	}
	var value, list, set *entry
	for i := range entries {
		e := &entries[i]
		switch e.kw {
		case notKeyword:
			if e.iri == "" || strings.IndexByte(e.iri, ':') < 0 {
				return undefined("a property that no context defines")
			}
		case kwValue:
			if value != nil {
				return invalid("two members stand for @value")
			}
			value = e
		case kwList:
			list = e
		case kwSet:
			set = e
		case kwNest:
			return unsupported("@nest")
		case kwIndex:
			// It has no place in RDF, so no signature would cover it.
			return undefined("an @index")
		case kwOther:
			return undefined("a keyword that has no meaning here")
		}
	}
	switch {
	case value != nil:
		o, err := w.valueObject(c, outer, entries, value, jsonType)
		if err != nil {
			return err
		}
		return w.add(s, o)
	case list != nil || set != nil:
		for i := range entries {
			if k := entries[i].kw; k != kwContext && &entries[i] != list && &entries[i] != set || list != nil && set != nil {
				return invalid("@list or @set stands beside other members")
			}
		}
		if set != nil && set.value == nil || list != nil && list.value == nil {
			return undefined("a @list or @set that is null")
		}
		// What stands inside is a value of the same property, which the
		// context may by now define otherwise.
		if t = c.terms[key]; t == nil {
			t = noTerm
		}
		if set != nil {
			return w.value(c, t, key, set.value, s)
		}
		if s.kind == sinkFree || s.kind == sinkGraph {
			return undefined("a list that belongs to no node")
		}
		inner := sink{kind: sinkList, graph: s.graph, bare: t.container&inList == 0}
		if err := w.value(c, t, key, list.value, &inner); err != nil {
			return err
		}
		s.list = true
		if s.kind == sinkReverse {
			return invalid("a list stands where a reverse property needs a node")
		}
		return w.addChain(s, &inner)
	}
	return w.nodeObject(c, outer, entries, s)
}

// contextOf works out the active context of an object and resolves its keys in
// it. outer is the context without the scoped contexts of the object's types,
// in which its types are read; jsonType says that the type is @json.
func (w *walker) contextOf(c *context, t *term, entries []entry) (inner, outer *context, jsonType bool, err error) {
	// Type-scoped terms end here, unless this is a value or a mere reference
	// (step 7).
	if c.previous != nil {
		revert := true
		for i := range entries {
			e := &entries[i]
			c.resolve(e)
			if e.kw == kwValue || e.kw == kwID && len(entries) == 1 {
				revert = false
				break
			}
		}
		if revert {
			c = c.previous
		}
	}
	if t.hasLocal {
		if c, err = w.scoped(c, t, true); err != nil {
			return nil, nil, false, err
		}
	}
	for i := range entries {
		if entries[i].key == "@context" {
			if c, err = w.local(c, entries[i].value); err != nil {
				return nil, nil, false, err
			}
		}
	}
	outer = c
	for i := range entries {
		outer.resolve(&entries[i])
	}
	for i := range entries {
		if entries[i].kw != kwType {
			continue
		}
		last := ""
		switch v := entries[i].value.(type) {
		case string:
			if tt, ok := outer.terms[v]; ok && tt.hasLocal {
				if c, err = w.scoped(c, tt, false); err != nil {
					return nil, nil, false, err
				}
			}
			last = v
		case []any:
			types := make([]string, 0, 8)
			for _, e := range v {
				s, ok := e.(string)
				if !ok {
					return nil, nil, false, invalid("a type is no string")
				}
				types = append(types, s)
				last = s
			}
			slices.Sort(types)
			for _, name := range slices.Compact(types) {
				if tt, ok := outer.terms[name]; ok && tt.hasLocal {
					if c, err = w.scoped(c, tt, false); err != nil {
						return nil, nil, false, err
					}
				}
			}
		default:
			return nil, nil, false, invalid("a type is no string")
		}
		jsonType = c.expand(last, true) == "@json"
	}
	if c != outer {
		for i := range entries {
			c.resolve(&entries[i])
		}
	}
	return c, outer, jsonType, nil
}

// valueObject is an object with @value (5.1.2, step 15).
func (w *walker) valueObject(c, outer *context, entries []entry, value *entry, jsonType bool) (none rdfc.Term, err error) {
	var datatype, lang, dir string
	for i := range entries {
		e := &entries[i]
		if e.kw == kwContext || e == value {
			continue
		}
		str, ok := e.value.(string)
		if !ok {
			return none, invalid("a value object has a member that is no string")
		}
		switch e.kw {
		case kwType:
			if datatype != "" {
				return none, invalid("a value object has two types")
			}
			datatype = outer.expand(str, true)
			if !jsonType && !rdfc.ValidIRI(datatype) {
				return none, undefined("a relative or malformed datatype")
			}
		case kwLanguage:
			if !rdfc.ValidTag(str) {
				return none, undefined("a malformed language tag")
			}
			lang = strings.ToLower(str)
		case kwDirection:
			if str != "ltr" && str != "rtl" {
				return none, invalid("a direction is neither ltr nor rtl")
			}
			dir = str
		default:
			return none, invalid("a value object has a member that it cannot have")
		}
	}
	if datatype != "" && (lang != "" || dir != "") {
		return none, invalid("a value object has both a type and a language or direction")
	}
	if jsonType {
		if datatype != "@json" {
			return none, invalid("a value object is of type @json and of another")
		}
		return jsonLiteral(value.value)
	}
	switch v := value.value.(type) {
	case nil:
		return none, undefined("a value that is null")
	case string:
		if datatype != "" {
			return rdfc.Term{Kind: rdfc.Literal, Value: v, Extra: datatype}, nil
		}
		return tagged(v, lang, dir), nil
	case []any, map[string]any:
		return none, invalid("@value is neither a string, a number nor a boolean")
	}
	if lang != "" || dir != "" {
		return none, invalid("what has a language or direction is no string")
	}
	return native(value.value, datatype)
}

// nodeObject is an object that describes a node.
func (w *walker) nodeObject(c, outer *context, entries []entry, s *sink) error {
	var id string
	hasID := false
	other := 0
	for i := range entries {
		e := &entries[i]
		switch e.kw {
		case kwID:
			str, ok := e.value.(string)
			if !ok || hasID {
				return invalid("an id is no string, or there are two")
			}
			id, hasID = c.expand(str, false), true
		case kwContext:
		default:
			other++
		}
	}
	graph := s.graph
	if s.kind == sinkFree && w.depth == 1 && !hasID && other == 1 {
		// A document that is nothing but a @graph is that graph (5.1, API
		// expand, step 8.1).
		for i := range entries {
			if entries[i].kw == kwGraph {
				return w.value(c, noTerm, "@graph", entries[i].value, s)
			}
		}
	}
	var subj rdfc.Term
	var err error
	if hasID {
		if subj, err = w.node(id); err != nil {
			return err
		}
	} else {
		subj = w.blank()
	}
	free := s.kind == sinkFree
	switch s.kind {
	case sinkFree:
	case sinkGraph:
		graph, free = w.blank(), true
		if err := w.emit(s.subj, s.pred, graph, s.graph); err != nil {
			return err
		}
	default:
		if err := w.add(s, subj); err != nil {
			return err
		}
	}
	before := len(w.quads)
	for i := range entries {
		e := &entries[i]
		switch e.kw {
		case kwID, kwContext:
		case kwType:
			err = w.types(outer, subj, graph, e.value)
		case kwGraph:
			inner := sink{kind: sinkFree, graph: subj}
			err = w.value(c, noTerm, "@graph", e.value, &inner)
		case kwIncluded:
			inner := sink{kind: sinkFree, graph: graph}
			err = w.value(c, noTerm, "@included", e.value, &inner)
		case kwReverse:
			err = w.reverse(c, subj, graph, e.value)
		case notKeyword:
			err = w.property(c, e, subj, graph, false)
		default:
			err = undefined("a keyword that has no meaning here")
		}
		if err != nil {
			return err
		}
	}
	if free && len(w.quads) == before {
		return undefined("a node without any statement")
	}
	return nil
}

// types writes the types of a node.
func (w *walker) types(c *context, subj, graph rdfc.Term, v any) error {
	one := func(name string) error {
		o, err := w.node(c.expand(name, true))
		if err != nil {
			return err
		}
		return w.emit(subj, rdfType, o, graph)
	}
	switch v := v.(type) {
	case string:
		return one(v)
	case []any:
		for _, e := range v {
			if err := one(e.(string)); err != nil { // contextOf has checked
				return err
			}
		}
	}
	return nil
}

// reverse reads the value of @reverse: properties that point the other way.
func (w *walker) reverse(c *context, subj, graph rdfc.Term, v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return invalid("@reverse is no object")
	}
	// It is expanded as an object of its own, so type-scoped terms end here
	// as well.
	if c.previous != nil {
		c = c.previous
	}
	base := len(w.entries)
	entries := w.open(m)
	defer func() { w.entries = w.entries[:base] }()
	for i := range entries {
		e := &entries[i]
		c.resolve(e)
		if e.kw != notKeyword {
			return invalid("a keyword stands in @reverse")
		}
		if err := w.property(c, e, subj, graph, true); err != nil {
			return err
		}
	}
	return nil
}

// property writes what one property says about subj (5.1.2, step 13.4 on).
// flip turns it round, as inside @reverse.
func (w *walker) property(c *context, e *entry, subj, graph rdfc.Term, flip bool) error {
	t := e.t
	// Beside what is no IRI this refuses blank nodes as predicates, which RDF
	// does not have.
	if !t.predicate && (t != noTerm || !rdfc.ValidIRI(e.iri)) {
		return undefined("a property that no context defines")
	}
	s := sink{kind: sinkProperty, subj: subj, pred: e.iri, graph: graph}
	if flip != t.reverse {
		s.kind = sinkReverse
	}
	if t.typ == typeJSON {
		o, err := jsonLiteral(e.value)
		if err != nil {
			return err
		}
		if t.container&inList != 0 {
			return w.addChain(&s, &sink{graph: graph, items: []rdfc.Term{o}})
		}
		return w.add(&s, o)
	}
	if t.container&(inLanguage|inIndex|inID|inType) != 0 {
		if m, ok := e.value.(map[string]any); ok {
			if t.container&inLanguage == 0 {
				return unsupported("a container that is a map")
			}
			return w.languageMap(c, t, m, &s)
		}
	}
	switch {
	case t.container&inList != 0:
		if e.value == nil {
			return nil
		}
		inner := sink{kind: sinkList, graph: graph}
		if err := w.value(c, t, e.key, e.value, &inner); err != nil {
			return err
		}
		if _, array := e.value.([]any); !array {
			// A list object is the list; null, alone in an object, is nothing.
			if inner.list {
				return w.add(&s, inner.items[0])
			}
			if len(inner.items) == 0 {
				return nil
			}
		}
		return w.addChain(&s, &inner)
	case t.container&(inGraph|inID|inIndex) == inGraph && s.kind == sinkProperty:
		s.kind = sinkGraph
	}
	return w.value(c, t, e.key, e.value, &s)
}

// languageMap reads a map from language tags to strings (5.1.2, step 13.7).
func (w *walker) languageMap(c *context, t *term, m map[string]any, s *sink) error {
	dir := c.dir
	if t.dir.set {
		dir = t.dir.value
	}
	langs := make([]string, 0, len(m))
	for lang := range m {
		langs = append(langs, lang)
	}
	slices.Sort(langs)
	for _, lang := range langs {
		list, ok := m[lang].([]any)
		if !ok {
			list = []any{m[lang]}
		}
		tag := strings.ToLower(lang)
		if c.expand(lang, true) == "@none" {
			tag = ""
		} else if !rdfc.ValidTag(lang) {
			return undefined("a malformed language tag")
		}
		for _, e := range list {
			if e == nil {
				continue
			}
			str, ok := e.(string)
			if !ok {
				return invalid("a language map holds what is no string")
			}
			if err := w.add(s, tagged(str, tag, dir)); err != nil {
				return err
			}
		}
	}
	return nil
}
