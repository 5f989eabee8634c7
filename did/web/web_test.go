package web

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
)

func TestURL(t *testing.T) {
	for id, want := range map[did.DID]string{ // the first four are the method specification's own
		"did:web:w3c-ccg.github.io":                  "https://w3c-ccg.github.io/.well-known/did.json",
		"did:web:w3c-ccg.github.io:user:alice":       "https://w3c-ccg.github.io/user/alice/did.json",
		"did:web:example.com%3A3000":                 "https://example.com:3000/.well-known/did.json",
		"did:web:example.com%3A3000:user:alice":      "https://example.com:3000/user/alice/did.json",
		"did:web:board.example:a.b:C_d-e:...":        "https://board.example/a.b/C_d-e/.../did.json",
		"did:web:xn--bcher-kva.example":              "https://xn--bcher-kva.example/.well-known/did.json",
		"did:web:4.example.1a":                       "https://4.example.1a/.well-known/did.json",
		"did:web:example.com:.well-known":            "https://example.com/.well-known/did.json",
		"did:web:example.com%3A65535":                "https://example.com:65535/.well-known/did.json",
		"did:web:example.com:did.json:.hidden.:a..b": "https://example.com/did.json/.hidden./a..b/did.json",
	} {
		got, err := URL(id)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", id, got, err, want)
		}
	}
}

// TestThreat65_Spellings: one DID, one address, and nothing that leads elsewhere.
func TestThreat65_Spellings(t *testing.T) {
	label := strings.Repeat("a", 63)
	for name, id := range map[string]string{
		"parent":                       "did:web:example.com:..",
		"parent within":                "did:web:example.com:user:..:admin",
		"itself":                       "did:web:example.com:.",
		"parent, escaped":              "did:web:example.com:%2e%2e",
		"parent, escaped up":           "did:web:example.com:%2E%2E:x",
		"slash, escaped":               "did:web:example.com:a%2Fb",
		"backslash, escaped":           "did:web:example.com:a%5Cb",
		"NUL, escaped":                 "did:web:example.com:a%00",
		"question, escaped":            "did:web:example.com:a%3Fb",
		"fragment, escaped":            "did:web:example.com:a%23b",
		"anything escaped":             "did:web:example.com:%61",
		"empty segment":                "did:web:example.com::a",
		"empty last segment":           "did:web:example.com:a:",
		"empty host":                   "did:web::a",
		"nothing":                      "did:web:",
		"slash":                        "did:web:example.com/a",
		"port, small escape":           "did:web:example.com%3a3000",
		"port, twice":                  "did:web:example.com%3A3000%3A3000",
		"port, none":                   "did:web:example.com%3A",
		"port, zero":                   "did:web:example.com%3A0",
		"port, leading zero":           "did:web:example.com%3A0443",
		"port, too large":              "did:web:example.com%3A65536",
		"port, much too large":         "did:web:example.com%3A99999999999999999999",
		"port, sign":                   "did:web:example.com%3A-1",
		"port, as a segment of a host": "did:web:localhost:3000",
		"port, then host":              "did:web:example.com%3A80%40evil.example",
		"user":                         "did:web:user%40example.com",
		"upper case":                   "did:web:Example.com",
		"one label":                    "did:web:localhost",
		"last dot":                     "did:web:example.com.",
		"dots":                         "did:web:example..com",
		"leading dot":                  "did:web:.example.com",
		"hyphen first":                 "did:web:-a.example",
		"hyphen last":                  "did:web:a-.example",
		"underscore":                   "did:web:a_b.example",
		"label too long":               "did:web:a" + label + ".example",
		"host too long":                "did:web:" + strings.Repeat(label+".", 4) + "example",
		"path too long":                "did:web:example.com:" + strings.Repeat("a", 1025),
		"IPv4":                         "did:web:127.0.0.1",
		"IPv4 with port":               "did:web:127.0.0.1%3A8443",
		"IPv4, short":                  "did:web:127.1",
		"IPv4, hexadecimal":            "did:web:0x7f.0x1",
		"IPv4, last part hex":          "did:web:127.0.0.0x1",
		"IPv4, nothing hex":            "did:web:a.0x",
		"IPv6":                         "did:web:[::1]",
		"IPv6, escaped":                "did:web:%5B%3A%3A1%5D",
		"Unicode":                      "did:web:b\u00fccher.example",
		"Unicode, escaped":             "did:web:b%C3%BCcher.example",
		"Unicode twin":                 "did:web:ex\u0430mple.com",
		"wide dot":                     "did:web:example\u3002com",
		"fragment":                     "did:web:example.com#key",
		"query":                        "did:web:example.com?service=x",
		"other method":                 "did:key:example.com",
		"upper case method":            "did:WEB:example.com",
	} {
		if u, err := URL(did.DID(id)); err == nil {
			t.Errorf("%s became %s", name, u)
		} else if c := explain.CodeOf(err); c != "did_invalid" && c != "did_method_unsupported" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func document(id string) []byte {
	return []byte(`{"@context":["https://www.w3.org/ns/did/v1","https://w3id.org/security/multikey/v1"],"id":"` + id + `",
	"verificationMethod":[
		{"id":"` + id + `#m","type":"Multikey","controller":"` + id + `","publicKeyMultibase":"z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"},
		{"id":"#j","type":"JsonWebKey2020","controller":"` + id + `","publicKeyJwk":{"kty":"EC","crv":"P-256","x":"acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0","y":"_KcyLj9vWMptnmKtm46GqDz8wf74I5LKgrl2GzH3nSE"}},
		{"id":"#k","type":"JsonWebKey","controller":"` + id + `","publicKeyJwk":{"kty":"OKP","crv":"Ed25519","x":"_eT7oDCtAC98L31MMx9J0T-w7HR-zuvsY08f9MvKne8"}}],
	"assertionMethod":["#m","#j","#k"]}`)
}

func TestRead(t *testing.T) {
	const id = "did:web:board.example:licences"
	for _, context := range []string{"https://www.w3.org/ns/did/v1", "https://www.w3.org/ns/did/v1.1", "https://www.w3.org/ns/cid/v1"} {
		d, err := Read(id, bytes.Replace(document(id), []byte("https://www.w3.org/ns/did/v1"), []byte(context), 1))
		if err != nil {
			t.Errorf("%s: %v", context, err)
			continue
		}
		var kinds []string
		for _, m := range d.MethodsFor(did.AssertionMethod) {
			kinds = append(kinds, m.Type+" "+m.Key.Kind().String())
		}
		if got := strings.Join(kinds, ", "); got != "Multikey Ed25519, JsonWebKey2020 P-256, JsonWebKey Ed25519" {
			t.Errorf("%s: %s", context, got)
		}
	}
}

// TestThreat65_DocumentOfAnother: only the DID's own document, whole and bounded.
func TestThreat65_DocumentOfAnother(t *testing.T) {
	const id = "did:web:board.example"
	for name, c := range map[string]struct{ doc, code string }{
		"another DID":      {string(document("did:web:evil.example")), "did_id_mismatch"},
		"with a path":      {string(document(id + ":a")), "did_id_mismatch"},
		"with a port":      {string(document(id + "%3A443")), "did_id_mismatch"},
		"in upper case":    {string(document("did:web:Board.example")), "did_id_mismatch"},
		"a twin":           {string(document("did:web:xn--bord-hoa.example")), "did_id_mismatch"},
		"no id":            {`{"verificationMethod":[]}`, "did_document_invalid"},
		"two ids":          {`{"id":"` + id + `","id":"` + id + `"}`, "did_document_invalid"},
		"foreign method":   {`{"id":"` + id + `","assertionMethod":[{"id":"did:web:evil.example#k","type":"Multikey","controller":"x"}]}`, "did_document_invalid"},
		"a page":           {"<html>not found</html>", "did_document_invalid"},
		"nothing":          {"", "did_document_invalid"},
		"too large":        {`{"id":"` + id + `","x":"` + strings.Repeat("a", did.MaxDocument) + `"}`, "did_document_invalid"},
		"a private key":    {`{"id":"` + id + `","verificationMethod":[{"id":"#a","type":"JsonWebKey","controller":"` + id + `","publicKeyJwk":{"kty":"OKP","crv":"Ed25519","x":"_eT7oDCtAC98L31MMx9J0T-w7HR-zuvsY08f9MvKne8","d":"AA"}}]}`, "did_document_private"},
		"another @context": {strings.Replace(string(document(id)), "ns/did/v1", "ns/did/v9", 1), "did_document_invalid"},
	} {
		if d, err := Read(id, []byte(c.doc)); explain.CodeOf(err) != c.code || d != nil {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if _, err := Read("did:web:Board.example", document("did:web:Board.example")); explain.CodeOf(err) != "did_invalid" {
		t.Error(err)
	}
	// A key that belongs to another stays without use.
	d, err := Read(id, []byte(strings.ReplaceAll(string(document(id)), `"controller":"`+id+`"`, `"controller":"did:web:evil.example"`)))
	if err != nil || len(d.MethodsFor(did.AssertionMethod)) != 0 {
		t.Errorf("%v", err)
	}
}

func TestFetch(t *testing.T) {
	const id = "did:web:board.example%3A8443:x"
	down := errors.New("down")
	d, err := Fetch(t.Context(), func(_ context.Context, url, accept string) ([]byte, error) {
		if url != "https://board.example:8443/x/did.json" || !strings.Contains(accept, "application/did") {
			t.Error(url, accept)
		}
		return document(id), nil
	}, id)
	if err != nil || d.ID != id {
		t.Fatal(err)
	}
	if _, err := Fetch(t.Context(), func(context.Context, string, string) ([]byte, error) { return nil, down }, id); !errors.Is(err, down) {
		t.Error(err)
	}
	if _, err := Fetch(t.Context(), func(context.Context, string, string) ([]byte, error) {
		t.Error("fetched")
		return nil, nil
	}, "did:web:127.0.0.1"); explain.CodeOf(err) != "did_invalid" {
		t.Error(err)
	}
}

type kept map[did.DID][]byte

var fetched = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

func (k kept) Document(_ context.Context, d did.DID) (*did.Document, time.Time, error) {
	b, ok := k[d]
	if !ok {
		return nil, time.Time{}, explain.Errorf("document_not_fetched", "none")
	}
	doc, err := did.ParseDocument(b)
	return doc, fetched, err
}

func TestResolver(t *testing.T) {
	r := NewResolver(kept{"did:web:a.example": document("did:web:a.example"), "did:web:b.example": document("did:web:a.example")})
	res, err := r.Resolve(t.Context(), "did:web:a.example", did.ResolveOptions{})
	if err != nil || res.Document.ID != "did:web:a.example" || !res.AsOf.Equal(fetched) || res.Metadata != (did.DocumentMetadata{}) {
		t.Errorf("%+v, %v", res, err)
	}
	for _, c := range []struct {
		id   did.DID
		o    did.ResolveOptions
		code string
		word string
	}{
		{"did:web:c.example", did.ResolveOptions{}, "document_not_fetched", "notFound"},
		{"did:web:b.example", did.ResolveOptions{}, "did_id_mismatch", "invalidDidDocument"},
		{"did:web:A.example", did.ResolveOptions{}, "did_invalid", "invalidDid"},
		{"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", did.ResolveOptions{}, "did_method_unsupported", "methodNotSupported"},
		{"did:web:a.example", did.ResolveOptions{VersionID: "1"}, "did_version_unknown", "notFound"},
		{"did:web:a.example", did.ResolveOptions{VersionTime: fetched}, "did_version_unknown", "notFound"},
		{"did:web:a.example", did.ResolveOptions{Height: 1}, "did_version_unknown", "notFound"},
	} {
		if _, err := r.Resolve(t.Context(), c.id, c.o); explain.CodeOf(err) != c.code || did.ResolutionError(err) != c.word {
			t.Errorf("%s %+v: %v", c.id, c.o, err)
		}
	}
}

func FuzzURL(f *testing.F) {
	for _, s := range []string{"example.com", "example.com%3A3000:user:alice", "a.b:..", "0x7f.1", "a.b%3A", "a.b::", "xn--a.b:%2e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, specific string) {
		id := did.DID("did:web:" + specific)
		u, err := URL(id)
		if err != nil {
			return
		}
		rest, ok := strings.CutPrefix(u, "https://")
		host, path, slash := strings.Cut(rest, "/")
		if !ok || !slash || !strings.HasSuffix("/"+path, "/did.json") || strings.ContainsAny(u, "@?#%\\ \x00[]") ||
			strings.Contains("/"+path+"/", "/../") || strings.Contains("/"+path+"/", "/./") || strings.Contains(path, "//") || strings.ToLower(host) != host {
			t.Fatalf("%s became %s", id, u)
		}
		// The address leads back to one DID, this one.
		back := strings.ReplaceAll(host, ":", "%3A")
		if p := strings.TrimSuffix("/"+path, "/did.json"); p != "/.well-known" {
			back += strings.ReplaceAll(p, "/", ":")
		} else if strings.HasSuffix(specific, ":.well-known") {
			back += ":.well-known"
		}
		if back != specific {
			t.Fatalf("%s became %s, which is that of did:web:%s", id, u, back)
		}
	})
}
