package vc

// Context Validation (Data Integrity 1.0, section 4.6) and what goes with it.
//
// The signature of an -rdfc- suite covers statements, not bytes: JSON that
// makes no statement is not covered, and one statement can be written in
// several ways. Whoever reads claims as JSON, as we do, must therefore refuse
// what the signature does not hold in place.

import (
	"encoding/json"
	"strings"

	"bonafide/assets"
	"bonafide/internal/explain"
)

// checkExact refuses a document, its proofs included, that JSON readers and
// its signers could understand differently.
func checkExact(doc map[string]any) error {
	if err := checkKnown(doc["@context"]); err != nil {
		return err
	}
	for k, v := range doc {
		var err error
		switch k {
		case "@context":
			continue
		case "proof":
			for _, n := range each(v) {
				// That a proof's context repeats the document's was checked.
				if err = checkMembers(without(n, "@context")); err != nil {
					return err
				}
			}
		case "verifiableCredential":
			// Every credential brings its contexts.
			for _, n := range each(v) {
				if err = checkExact(n); err != nil {
					return err
				}
			}
			if list, ok := v.([]any); ok && len(list) == 0 {
				err = explain.Errorf("term_unsigned", "an empty array makes no statement")
			}
		default:
			if err = checkName(k); err == nil {
				err = checkValue(v)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkKnown lets only contexts through whose bytes are pinned: an inline
// context could give a term another meaning, an unknown one any.
func checkKnown(v any) error {
	list, _ := v.([]any)
	for _, c := range list {
		if s, ok := c.(string); !ok || !assets.HasContext(s) {
			return explain.Errorf("context_unknown", "a context that is not among the pinned ones")
		}
	}
	return nil
}

func checkMembers(n map[string]any) error {
	if _, ok := n["@value"]; ok {
		if !languageValue(n) {
			return explain.Errorf("term_unsigned", "a value object that is no language value object")
		}
		return nil
	}
	for k, v := range n {
		if err := checkName(k); err != nil {
			return err
		}
		if err := checkValue(v); err != nil {
			return err
		}
	}
	return nil
}

// checkName refuses JSON-LD keywords (the terms `id` and `type` stand for
// them) and names that are URLs or could be short for one: they say in a
// second way what a term says.
func checkName(k string) error {
	switch {
	case k == "@context":
		return explain.Errorf("context_nested", "a context inside the document")
	case strings.HasPrefix(k, "@"):
		return explain.Errorf("term_unsigned", "a keyword of JSON-LD as a member's name")
	case strings.Contains(k, ":"):
		return explain.Errorf("term_unsigned", "a member's name that is no term")
	}
	return nil
}

// checkValue refuses null, an empty array and an array within an array, which
// make no statement of their own; a plain value twice in one array, which makes one
// statement; and the label of a blank node, which canonicalisation replaces, so
// that anybody could give or take one.
func checkValue(v any) error {
	switch v := v.(type) {
	case nil:
		return explain.Errorf("term_unsigned", "null makes no statement")
	case string:
		if strings.HasPrefix(v, "_:") {
			return explain.Errorf("term_unsigned", "the label of a blank node")
		}
	case map[string]any:
		return checkMembers(v)
	case []any:
		if len(v) == 0 {
			return explain.Errorf("term_unsigned", "an empty array makes no statement")
		}
		var seen map[any]bool
		for _, e := range v {
			if _, ok := e.([]any); ok {
				return explain.Errorf("term_unsigned", "an array within an array")
			}
			if err := checkValue(e); err != nil {
				return err
			}
			if n, ok := e.(json.Number); ok {
				e, _ = n.Float64() // 1 and 1.0 are one number
			} else if _, ok := e.(map[string]any); ok {
				continue
			}
			if seen[e] {
				return explain.Errorf("term_unsigned", "a value twice in one array")
			}
			if seen == nil {
				seen = make(map[any]bool, len(v))
			}
			seen[e] = true
		}
	}
	return nil
}
