package did

import (
	"strings"
	"testing"

	"bonafide/internal/explain"
)

func TestParse(t *testing.T) {
	for s, ok := range map[string]bool{
		"did:key:z6Mk":                 true,
		"did:web:example.com%3A8443:a": true,
		"did:a:b":                      true,
		"did:9:.-_":                    true,
		"did:a::b":                     true,
		"did:a:b:c":                    true,
		"":                             false,
		"did":                          false,
		"did:":                         false,
		"did::b":                       false,
		"did:a":                        false,
		"did:a:":                       false,
		"did:a:b:":                     false,
		"did:A:b":                      false,
		"DID:a:b":                      false,
		"did:a-b:c":                    false,
		"did:a:b c":                    false,
		" did:a:b":                     false,
		"did:a:b\n":                    false,
		"did:a:b%":                     false,
		"did:a:b%2":                    false,
		"did:a:b%2g":                   false,
		"did:a:b#c":                    false,
		"did:a:b/c":                    false,
		"did:a:b?c":                    false,
		"did:a:é":                      false,
		"did:a:b\x00":                  false,
		"did:a:" + strings.Repeat("b", maxLength-6): true,
		"did:a:" + strings.Repeat("b", maxLength-5): false,
	} {
		d, err := Parse(s)
		if (err == nil) != ok {
			t.Errorf("%.80q: %v", s, err)
		}
		if err != nil && explain.CodeOf(err) != "did_invalid" {
			t.Errorf("%.80q: code %q", s, explain.CodeOf(err))
		}
		if ok && d.String() != s {
			t.Errorf("%q became %q", s, d)
		}
	}
	d := DID("did:bonafide:demo-abcdefgh:xyz")
	if d.Method() != "bonafide" || d.Specific() != "demo-abcdefgh:xyz" {
		t.Errorf("%q %q", d.Method(), d.Specific())
	}
}

func TestParseURL(t *testing.T) {
	for s, want := range map[string]URL{
		"did:a:b":               {DID: "did:a:b"},
		"did:a:b#c":             {DID: "did:a:b", Fragment: "c"},
		"did:a:b/p/q?x=1&y=/#f": {DID: "did:a:b", Path: "/p/q", Query: "x=1&y=/", Fragment: "f"},
		"did:a:b/":              {DID: "did:a:b", Path: "/"},
		"did:a:b?v=%20#f?/":     {DID: "did:a:b", Query: "v=%20", Fragment: "f?/"},
	} {
		got, err := ParseURL(s)
		if err != nil || got != want || got.String() != s {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", "#c", "did:a", "did:a:b#", "did:a:b?", "did:a:b?#c", "did:a:b#c#d", "did:a:b# ", "did:a:b#é", "did:a:b#%", "did:a:b/%zz", "did:a:b/a b", "did:a:b#\"",
		"did:a:b#" + strings.Repeat("c", maxLength),
	} {
		if u, err := ParseURL(s); err == nil {
			t.Errorf("%.80q accepted: %+v", s, u)
		}
	}
}

func FuzzParseDID(f *testing.F) {
	for _, s := range []string{"did:key:z6Mk#z6Mk", "did:web:example.com%3A8443:a/b?c=d#e", "did:a:b:", "did:a:b%", "did::", "did:a:b?#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURL(s)
		if err == nil && u.String() != s {
			t.Fatalf("%q became %q", s, u)
		}
		d, derr := Parse(s)
		if derr == nil {
			if err != nil || u.DID != d || u.Path+u.Query+u.Fragment != "" {
				t.Fatalf("%q is a DID, but as a URL %+v, %v", s, u, err)
			}
			if d.Method() == "" || d.Specific() == "" || "did:"+d.Method()+":"+d.Specific() != s {
				t.Fatalf("%q: parts %q %q", s, d.Method(), d.Specific())
			}
		}
	})
}
