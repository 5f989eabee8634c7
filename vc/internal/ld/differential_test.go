// The walk against json-gold, over every document of the suites that are here
// and seeded mutations of them.

package ld

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// documents returns every JSON object among the vectors, by file name.
func documents(t testing.TB) map[string]map[string]any {
	t.Helper()
	docs := map[string]map[string]any{"licence": parse(t, licence), "proof configuration": parse(t, proofConfig)}
	for _, dir := range []string{"vc-di-eddsa", "vc-di-ecdsa", "vcdm2-test-suite-input"} {
		err := filepath.WalkDir(filepath.Join("testdata", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".json" {
				return err
			}
			rel, _ := filepath.Rel("testdata", path)
			m, err := strictjson.Object(readFile(t, rel), strictjson.Default)
			if err != nil {
				return nil // an array of numbers, or bad on purpose
			}
			docs[rel] = m
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return docs
}

// goldDiffers says why json-gold cannot be asked about a document: "" where it
// can.
func goldDiffers(doc any) string {
	switch v := doc.(type) {
	case map[string]any:
		for k, e := range v {
			if k == "@direction" {
				return "it loses base directions"
			}
			if k == "verifiableCredential" && e != nil {
				// The property's scoped context is null; it then no longer
				// sees that the property is a graph container.
				return "it looks for the container of a property in the property's scoped context"
			}
			if why := goldDiffers(e); why != "" {
				return why
			}
		}
	case []any:
		for _, e := range v {
			if why := goldDiffers(e); why != "" {
				return why
			}
		}
	}
	return ""
}

// compare checks one document and says how it went.
func compare(t *testing.T, name string, doc map[string]any) string {
	t.Helper()
	out, err := ToCanonical(doc)
	if err != nil {
		code := explain.CodeOf(err)
		if _, ok := explain.Lookup(code); !ok {
			t.Errorf("%s: %v has no code of the catalogue", name, err)
		}
		return code
	}
	if why := goldDiffers(doc); why != "" {
		return "json-gold not asked: " + why
	}
	same, want, err := sameAsGold(doc, out)
	if err != nil && strings.HasPrefix(err.Error(), "json-gold:") {
		return "json-gold panicked"
	}
	if bytes.Contains(want, []byte("JSON Canonicalization error")) {
		return "json-gold cannot write a JSON literal that is no object"
	}
	if !same {
		src, _ := json.MarshalIndent(doc, "", " ")
		t.Errorf("%s: got\n%s\nwant\n%s\n%v\nfrom %s", name, out, want, err, src)
	}
	return "the same"
}

func TestDifferential(t *testing.T) {
	tally := map[string]int{}
	docs := documents(t)
	for _, name := range slices.Sorted(maps.Keys(docs)) {
		tally[compare(t, name, docs[name])]++
	}
	t.Log("as they are: ", tally)
	if tally["the same"] < 90 {
		t.Errorf("only %d documents compared", tally["the same"])
	}

	tally = map[string]int{}
	rng := rand.New(rand.NewPCG(20261121, 1))
	for _, name := range slices.Sorted(maps.Keys(docs)) {
		if _, err := ToCanonical(docs[name]); err != nil {
			continue
		}
		for i := range 12 {
			doc := strictjson.Clone(docs[name]).(map[string]any)
			for range 1 + rng.IntN(3) {
				mutate(rng, doc)
			}
			tally[compare(t, fmt.Sprintf("%s, mutation %d", name, i), doc)]++
		}
	}
	t.Log("mutated: ", tally)
	if tally["the same"] < 500 {
		t.Errorf("only %d mutations compared", tally["the same"])
	}
}

// mutate changes one place of a document.
func mutate(rng *rand.Rand, doc map[string]any) {
	var places []map[string]any
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if _, value := v["@value"]; !value {
				places = append(places, v)
			}
			for _, k := range slices.Sorted(maps.Keys(v)) {
				if k != "@context" {
					collect(v[k])
				}
			}
		case []any:
			for _, e := range v {
				collect(e)
			}
		}
	}
	collect(doc)
	m := places[rng.IntN(len(places))]
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(m)), func(k string) bool { return k == "@context" || k == "type" || k == "id" })
	key := "name"
	if len(keys) > 0 {
		key = keys[rng.IntN(len(keys))]
	}
	inline := func(ctx map[string]any) {
		list, ok := doc["@context"].([]any)
		if !ok {
			list = []any{doc["@context"]}
		}
		doc["@context"] = append(slices.Clone(list), ctx)
	}
	switch rng.IntN(22) {
	case 0:
		m[key] = nil
	case 1:
		m[key] = []any{m[key], nil}
	case 2:
		delete(m, "id")
	case 3:
		m["name"] = json.Number([]string{"5", "-17", "0.25", "1e10", "6.02e23", "3.0", "1E-9"}[rng.IntN(7)])
	case 4:
		m["description"] = []any{true, false, "x\t\"\\\u007f\u00e9\U0001F600\u0001"}
	case 5:
		m["name"] = map[string]any{"@value": "Ärztin", "@language": "DE-at"}
	case 6:
		m["name"] = map[string]any{"@value": "طبيبة", "@language": "ar", "@direction": "rtl"}
	case 7:
		m["type"] = []any{"BitstringStatusListEntry", m["type"], "EnvelopedVerifiableCredential", "VerifiableCredential"}
		if list, ok := m["type"].([]any)[1].([]any); ok {
			m["type"] = append(list, "BitstringStatusListEntry")
		} else if m["type"].([]any)[1] == nil {
			m["type"] = "VerifiableCredential"
		}
	case 8:
		m["issuer"] = map[string]any{"id": "did:example:board", "name": "Board"}
	case 9:
		m["credentialSubject"] = []any{strictjson.Clone(places[rng.IntN(len(places))]), map[string]any{"id": "urn:x"}}
	case 10:
		m["evidence"] = []any{map[string]any{"name": "one"}, map[string]any{"name": "two"}, map[string]any{"name": "one"}}
	case 11:
		m["name"] = map[string]any{"@list": []any{"x", map[string]any{"@list": []any{}}, json.Number("1"), map[string]any{"id": "urn:y"}}}
	case 12:
		m["description"] = map[string]any{"@set": []any{"x", []any{"y"}}}
	case 13:
		m["undefinedTerm"] = "x"
	case 14:
		m["https://vocab.example/p"] = strictjson.Clone(places[rng.IntN(len(places))])
	case 15:
		m["@reverse"] = map[string]any{"https://vocab.example/made": map[string]any{"id": "urn:z"}}
	case 16:
		m["id"] = []any{"urn:w", "_:w", "relative", "did:example:w#key"}[rng.IntN(4)]
	case 17:
		inline(map[string]any{"extra": map[string]any{"@id": "https://vocab.example/extra", "@container": "@language"}})
		m["extra"] = map[string]any{"en": "x", "de": []any{"y", "z"}, "@none": "w"}
	case 18:
		inline(map[string]any{
			"ex":   "https://vocab.example/",
			"many": map[string]any{"@id": "ex:many", "@container": "@list", "@type": "ex:type"},
			"data": map[string]any{"@id": "ex:data", "@type": "@json"},
			"kind": map[string]any{"@id": "ex:kind", "@type": "@vocab", "@context": map[string]any{"good": "ex:good"}},
		})
		m["many"] = []any{"x", json.Number("2"), []any{"y"}}
		m["data"] = map[string]any{"b": json.Number("1"), "a": []any{nil, true, "é"}}
		m["kind"] = "good"
		m["ex:other"] = "x"
	case 19:
		inline(map[string]any{
			"Odd": map[string]any{"@id": "https://vocab.example/Odd", "@context": map[string]any{"inner": "https://vocab.example/inner"}},
		})
		m["https://vocab.example/odd"] = map[string]any{"type": "Odd", "inner": map[string]any{"name": "x", "https://vocab.example/q": json.Number("0.1")}}
	case 20:
		m["proof"] = []any{map[string]any{"type": "DataIntegrityProof", "proofPurpose": "assertionMethod", "created": "2026-01-01T00:00:00Z"}, map[string]any{"id": "urn:p", "name": "x"}}
	case 21:
		inline(map[string]any{"@language": "en", "@vocab": "https://vocab.example/#"})
		m["loose"] = strings.Repeat("x", rng.IntN(3))
	}
}

// FuzzToCanonical: whatever the document, an answer is canonical N-Quads or a
// code of the catalogue, and the same each time. (json-gold is no judge here:
// its own faults are found at once.)
func FuzzToCanonical(f *testing.F) {
	for _, doc := range documents(f) {
		b, err := strictjson.Canonical(doc)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := strictjson.Object(b, strictjson.Limits{Bytes: 1 << 16, Depth: 32, Nodes: 2000})
		if err != nil {
			return
		}
		out, err := ToCanonical(doc)
		again, err2 := ToCanonical(doc)
		if string(out) != string(again) || explain.CodeOf(err) != explain.CodeOf(err2) {
			t.Fatalf("two answers: %v, %v", err, err2)
		}
		if err != nil {
			if _, ok := explain.Lookup(explain.CodeOf(err)); !ok {
				t.Fatalf("no code of the catalogue: %v", err)
			}
			return
		}
		canonical, err := canonicalNQuads(out)
		if err != nil || string(canonical) != string(out) {
			t.Fatalf("not canonical: %v\n%s", err, out)
		}
	})
}
