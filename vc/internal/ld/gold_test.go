// json-gold as a second opinion.

package ld

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	gold "github.com/piprate/json-gold/ld"

	"bonafide/assets"
	"bonafide/vc/internal/rdfc"
)

// pinnedLoader gives json-gold the pinned contexts and nothing else.
type pinnedLoader struct{}

func (pinnedLoader) LoadDocument(u string) (*gold.RemoteDocument, error) {
	b, err := assets.Context(u)
	if err != nil {
		return nil, err
	}
	var doc any
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	return &gold.RemoteDocument{DocumentURL: u, Document: doc}, nil
}

// goldQuads converts a document with json-gold. safe turns on its own check
// for dropped properties.
func goldQuads(doc map[string]any, safe bool) (quads []rdfc.Quad, err error) {
	defer func() { // it panics on some malformed contexts
		if r := recover(); r != nil {
			err = fmt.Errorf("json-gold: %v", r)
		}
	}()
	o := gold.NewJsonLdOptions("")
	o.DocumentLoader = pinnedLoader{}
	o.ProcessingMode = gold.JsonLd_1_1
	o.SafeMode = safe
	v, err := gold.NewJsonLdProcessor().ToRDF(gold.CloneDocument(doc), o)
	if err != nil {
		return nil, err
	}
	blanks := map[string]uint32{}
	node := func(n gold.Node) rdfc.Term {
		switch n := n.(type) {
		case gold.IRI:
			return rdfc.Term{Kind: rdfc.IRI, Value: n.Value}
		case gold.BlankNode:
			i, ok := blanks[n.Attribute]
			if !ok {
				i = uint32(len(blanks))
				blanks[n.Attribute] = i
			}
			return rdfc.Term{Kind: rdfc.Blank, N: i}
		case gold.Literal:
			if n.Language != "" {
				return rdfc.Term{Kind: rdfc.Lang, Value: n.Value, Extra: n.Language}
			}
			return rdfc.Term{Kind: rdfc.Literal, Value: n.Value, Extra: n.Datatype}
		}
		return rdfc.Term{}
	}
	for name, graph := range v.(*gold.RDFDataset).Graphs {
		var g rdfc.Term
		if strings.HasPrefix(name, "_:") {
			g = node(gold.NewBlankNode(name))
		} else if name != "@default" {
			g = node(gold.NewIRI(name))
		}
		for _, q := range graph {
			quads = append(quads, rdfc.Quad{S: node(q.Subject), P: q.Predicate.GetValue(), O: node(q.Object), G: g})
		}
	}
	return quads, nil
}

func goldCanonical(doc map[string]any) ([]byte, error) {
	quads, err := goldQuads(doc, true)
	if err != nil {
		return nil, err
	}
	return rdfc.Canonicalize(quads, rdfc.Options{})
}

// sameAsGold says whether json-gold makes the same of a document.
func sameAsGold(doc map[string]any, out []byte) (bool, []byte, error) {
	want, err := goldCanonical(doc)
	return err == nil && bytes.Equal(out, want), want, err
}
