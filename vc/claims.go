package vc

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Claim is one thing that a credential says about its subject.
type Claim struct {
	Name  string // members joined by dots, as licence.number; places in a list from 1 on
	Value string
}

// SubjectClaims lists everything that an authentic credential says about its
// subject, in the order of the names; of an SD-JWT VC what was disclosed. The
// types of things are left out: their names say what they are.
func SubjectClaims(a Authentic) []Claim { return flatten(nil, "", a.Claims()["credentialSubject"]) }

func flatten(out []Claim, name string, v any) []Claim {
	under := func(n string) string { return strings.TrimPrefix(name+"."+n, ".") }
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if k != "type" {
				out = flatten(out, under(k), v[k])
			}
		}
	case []any:
		for i, e := range v {
			out = flatten(out, under(strconv.Itoa(i+1)), e)
		}
	case string:
		out = append(out, Claim{name, v})
	case json.Number:
		out = append(out, Claim{name, v.String()})
	case bool:
		out = append(out, Claim{name, strconv.FormatBool(v)})
	}
	return out
}
