package strictjson

// Decoding into Go structs: encoding/json does the assigning, after Parse has
// refused what it would let pass and the names have been compared exactly.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Decode parses b and stores it in dst, a non-nil pointer, by the rules of
// encoding/json, except that member names match in their exact spelling, a
// member that dst has no field for is an error (unknown_field), and null is
// an error (bad_type) where the field cannot be nil. Numbers in fields of type
// any become json.Number. Members that are missing leave their field alone.
func Decode(b []byte, l Limits, dst any) error {
	v, err := Parse(b, l)
	if err != nil {
		return err
	}
	t := reflect.TypeOf(dst)
	if t == nil || t.Kind() != reflect.Pointer {
		return &Error{CodeBadType, -1, "the destination is not a pointer"}
	}
	if err := match(v, t.Elem(), ""); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(dst); err != nil {
		// The standard library's text may quote a value: keep the place only.
		var at int64 = -1
		field := ""
		if te, ok := err.(*json.UnmarshalTypeError); ok {
			at, field = te.Offset, te.Field
		}
		return &Error{CodeBadType, int(at), strings.TrimSpace("a value of the wrong kind " + field)}
	}
	return nil
}

var (
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()
)

// match checks the member names in v against type t. Kinds of values are left
// to encoding/json.
func match(v any, t reflect.Type, path string) error {
	if v == nil {
		switch t.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
			return nil
		}
		return &Error{CodeBadType, -1, "null where a value must stand" + where(path)}
	}
	if p := reflect.PointerTo(t); p.Implements(unmarshaler) || p.Implements(textUnmarshaler) {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return match(v, t.Elem(), path)
	case reflect.Slice, reflect.Array:
		a, _ := v.([]any)
		for _, e := range a {
			if err := match(e, t.Elem(), path+"[]"); err != nil {
				return err
			}
		}
		if t.Kind() == reflect.Array && a != nil && len(a) != t.Len() {
			return &Error{CodeBadType, -1, "an array of the wrong length" + where(path)}
		}
	case reflect.Map:
		m, _ := v.(map[string]any)
		for _, e := range m {
			if err := match(e, t.Elem(), path+".*"); err != nil {
				return err
			}
		}
	case reflect.Struct:
		m, _ := v.(map[string]any)
		if m == nil {
			break
		}
		fields := fieldsOf(t)
		for k, e := range m {
			ft, ok := fields[k]
			if !ok {
				if len(k) > 64 {
					k = k[:64]
				}
				return &Error{CodeUnknownField, -1, fmt.Sprintf("unknown member %q", k) + where(path)}
			}
			if err := match(e, ft, path+"."+k); err != nil {
				return err
			}
		}
	}
	return nil
}

func where(path string) string {
	if path == "" {
		return ""
	}
	return " in " + strings.TrimPrefix(path, ".")
}

// fieldsOf maps the member names that a struct takes to their fields' types.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if !f.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || f.Anonymous && name == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		out[name] = f.Type
	}
	return out
}
