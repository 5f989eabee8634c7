package jwk

import (
	"bytes"
	"encoding/base64"
	"os"
	"regexp"
	"strings"
	"testing"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// of is the did:jwk of a JWK as it is written.
func of(jwk string) did.DID {
	return did.DID(prefix + base64.RawURLEncoding.EncodeToString([]byte(jwk)))
}

const (
	ed25519Key = `"kty":"OKP","crv":"Ed25519","x":"_eT7oDCtAC98L31MMx9J0T-w7HR-zuvsY08f9MvKne8"`
	p256Key    = `"kty":"EC","crv":"P-256","x":"acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0","y":"_KcyLj9vWMptnmKtm46GqDz8wf74I5LKgrl2GzH3nSE"`
)

// TestVectors compares derived documents with those of the specification.
func TestVectors(t *testing.T) {
	spec, err := os.ReadFile("testdata/did-jwk/spec.md")
	if err != nil {
		t.Fatal(err)
	}
	_, examples, _ := strings.Cut(string(spec), "## Examples")
	vector := regexp.MustCompile("(?s)### ([^\n]+)\n.*?```text\n(did:jwk:[^#\n]+)\n```.*?```text\n([^\n]+)\n```.*?```json\n(.*?)```")
	found := vector.FindAllStringSubmatch(examples, -1)
	if len(found) != 2 {
		t.Fatalf("%d vectors, want 2", len(found))
	}
	usable := map[string]string{
		"P-256":  "",
		"X25519": "a key to agree on keys with: nothing here encrypts to a DID",
	}
	for _, v := range found {
		name, id, url, published := v[1], did.DID(v[2]), v[3], v[4]
		// The published document has a stray character in one place.
		published = strings.ReplaceAll(published, "did:jwk:$ey", "did:jwk:ey")
		want, err := strictjson.Object([]byte(published), strictjson.Default)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		canonical, err := strictjson.Canonical(want)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Resolver.Resolve(t.Context(), id, did.ResolveOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.Equal(r.Document.Raw, canonical) {
			t.Errorf("%s:\n got %s\nwant %s", name, r.Document.Raw, canonical)
		}
		if MethodID(id) != url {
			t.Errorf("%s: method %s", name, MethodID(id))
		}
		why, known := usable[name]
		k, err := Public(id)
		switch {
		case !known:
			t.Errorf("%s: a vector nobody has looked at", name)
		case why != "":
			if explain.CodeOf(err) != "key_invalid" {
				t.Errorf("%s: %v", name, err)
			}
			t.Logf("%s has no key for us: %s", name, why)
		case err != nil || k.Kind() != did.P256:
			t.Errorf("%s: %v %v", name, k, err)
		}
	}
}

func TestNew(t *testing.T) {
	for _, k := range keys(t) {
		id := New(k)
		got, err := Public(id)
		if err != nil || got != k {
			t.Errorf("%s: %v", k.Kind(), err)
		}
		if _, err := did.Parse(string(id)); err != nil {
			t.Error(err)
		}
		d, err := Document(id)
		if err != nil || len(d.MethodsFor(did.KeyAgreement)) != 0 || len(d.MethodsFor(did.Authentication)) != 1 {
			t.Errorf("%s: %v", k.Kind(), err)
		}
	}
	if got, want := string(New(keys(t)[1])), string(of(`{"crv":"P-256","kty":"EC","use":"sig","x":"acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0","y":"_KcyLj9vWMptnmKtm46GqDz8wf74I5LKgrl2GzH3nSE"}`)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func keys(t testing.TB) []did.PublicKey {
	t.Helper()
	var out []did.PublicKey
	for _, jwk := range []string{
		`{` + ed25519Key + `}`, `{` + p256Key + `}`,
		`{"kty":"EC","crv":"P-384","x":"qofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3","y":"NhfeSpYmLG9dnpi_kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f"}`,
	} {
		k, err := Public(of(jwk))
		if err != nil {
			t.Fatalf("%s: %v", jwk, err)
		}
		out = append(out, k)
	}
	return out
}

// TestThreat18_UseDecides: what a JWK says it is for decides what it may do.
func TestThreat18_UseDecides(t *testing.T) {
	all := []did.Relationship{did.Authentication, did.AssertionMethod, did.CapabilityInvocation, did.CapabilityDelegation, did.KeyAgreement}
	for _, c := range []struct {
		more   string
		listed string // relationships that name the key, in the order of all
		usable bool
	}{
		{``, "yyyyy", true},
		{`,"use":"sig"`, "yyyy-", true},
		{`,"use":"enc"`, "----y", false},
		{`,"use":"other"`, "yyyyy", false},
		{`,"use":"sig","key_ops":["verify"]`, "yyyy-", true},
		{`,"key_ops":["deriveKey"]`, "yyyyy", false},
		{`,"key_ops":[]`, "yyyyy", false},
		{`,"alg":"ES256"`, "yyyyy", true},
		{`,"alg":"ES384"`, "yyyyy", false},
		{`,"alg":"ECDH-ES"`, "yyyyy", false},
		{`,"kid":"a","custom":{"x":1}`, "yyyyy", true},
	} {
		id := of(`{` + p256Key + c.more + `}`)
		d, err := Document(id)
		if err != nil {
			t.Errorf("%s: %v", c.more, err)
			continue
		}
		for i, rel := range all {
			_, err := d.Method(MethodID(id), rel)
			if want := c.listed[i] == 'y'; want != (explain.CodeOf(err) != "method_wrong_purpose") || (err == nil) != (want && c.usable) {
				t.Errorf("%s: %s: %v", c.more, rel, err)
			}
		}
		if _, err := Public(id); (err == nil) != (c.usable && c.listed[1] == 'y') {
			t.Errorf("%s: %v", c.more, err)
		}
	}
}

// TestThreat14_OneSpelling: base64url has one form for given bytes.
func TestThreat14_OneSpelling(t *testing.T) {
	id := string(of(`{` + ed25519Key + `,"a":1}`))
	if _, err := Public(did.DID(id)); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{
		"padding":       id + "=",
		"unused bits":   id[:len(id)-1] + string(id[len(id)-1]+1),
		"standard":      id[:20] + "+" + id[21:],
		"line break":    id[:20] + "\n" + id[20:],
		"percent":       id + "%3D",
		"second colon":  prefix + ":" + id[len(prefix):],
		"cut":           id[:len(id)-3],
		"nothing":       "did:jwk:",
		"a path":        id + "/x",
		"a fragment":    id + "#0",
		"other method":  strings.Replace(id, "jwk", "key", 1),
		"too long":      string(of(`{` + ed25519Key + `,"a":"` + strings.Repeat("a", 2000) + `"}`)),
		"not utf-8":     string(of("{\"kty\":\"\xff\"}")),
		"an array":      string(of(`[{` + ed25519Key + `}]`)),
		"null":          string(of(`null`)),
		"no kty":        string(of(`{"crv":"P-256"}`)),
		"kty no string": string(of(`{"kty":1}`)),
		"use no string": string(of(`{` + ed25519Key + `,"use":["sig"]}`)),
		"twice":         string(of(`{` + ed25519Key + `,"x":"` + strings.Repeat("A", 43) + `"}`)),
		"twice escaped": string(of(`{` + ed25519Key + `,"\u0078":"` + strings.Repeat("A", 43) + `"}`)),
		"more follows":  string(of(`{` + ed25519Key + `}{}`)),
	} {
		if _, err := Document(did.DID(s)); err == nil {
			t.Errorf("%s accepted", name)
		}
		if _, err := Resolver.Resolve(t.Context(), did.DID(s), did.ResolveOptions{}); err == nil {
			t.Errorf("%s resolved", name)
		}
	}
}

// TestThreat15_BadKeys: off the curve, short, zero, private.
func TestThreat15_BadKeys(t *testing.T) {
	zero := strings.Repeat("A", 43)
	for name, c := range map[string]struct{ jwk, code string }{
		"off the curve":     {`{"kty":"EC","crv":"P-256","x":"acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0","y":"_KcyLj9vWMptnmKtm46GqDz8wf74I5LKgrl2GzH3nSA"}`, "key_invalid"},
		"zero":              {`{"kty":"EC","crv":"P-256","x":"` + zero + `","y":"` + zero + `"}`, "key_invalid"},
		"short":             {`{"kty":"EC","crv":"P-256","x":"acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2Q","y":"_KcyLj9vWMptnmKtm46GqDz8wf74I5LKgrl2GzH3nSE"}`, "key_invalid"},
		"long":              {`{"kty":"EC","crv":"P-256","x":"AGnGyEIrjLN4vP7rMxIydraU7UTOBFN8s_dTx-gnR9ld","y":"_KcyLj9vWMptnmKtm46GqDz8wf74I5LKgrl2GzH3nSE"}`, "key_invalid"},
		"no y":              {`{"kty":"EC","crv":"P-256","x":"acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0"}`, "key_invalid"},
		"x no string":       {`{"kty":"OKP","crv":"Ed25519","x":1}`, "key_invalid"},
		"small order":       {`{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, "key_invalid"},
		"bad, to encrypt":   {`{"kty":"EC","crv":"P-256","use":"enc","x":"` + zero + `","y":"` + zero + `"}`, "key_invalid"},
		"private EC":        {`{` + p256Key + `,"d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}`, "did_document_private"},
		"private OKP":       {`{` + ed25519Key + `,"d":""}`, "did_document_private"},
		"private null":      {`{` + ed25519Key + `,"d":null}`, "did_document_private"},
		"private, inside":   {`{` + ed25519Key + `,"x":{"d":"AA"}}`, "did_invalid"}, // x twice
		"private RSA":       {`{"kty":"RSA","n":"AA","e":"AQAB","p":"AA"}`, "did_document_private"},
		"symmetric":         {`{"kty":"oct","k":"AA"}`, "did_document_private"},
		"private elsewhere": {`{` + ed25519Key + `,"privateKeyJwk":{}}`, "did_document_private"},
	} {
		if _, err := Document(of(c.jwk)); explain.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		if _, err := Public(of(c.jwk)); explain.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	// Kinds that we do not verify with are well-formed DIDs without a key for us.
	for _, jwk := range []string{
		`{"kty":"EC","crv":"secp256k1","x":"` + zero + `","y":"` + zero + `"}`, `{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}`,
		`{"kty":"OKP","crv":"X25519","x":"` + zero + `"}`, `{"kty":"RSA","n":"AQ","e":"AQAB"}`, `{"kty":"new"}`,
	} {
		if d, err := Document(of(jwk)); err != nil || d.Methods[0].Key.Kind() != 0 {
			t.Errorf("%s: %v", jwk, err)
		}
		if _, err := Public(of(jwk)); explain.CodeOf(err) != "key_invalid" {
			t.Errorf("%s: %v", jwk, err)
		}
	}
}

func TestResolve(t *testing.T) {
	id := of(`{` + ed25519Key + `}`)
	if _, err := Resolver.Resolve(t.Context(), id, did.ResolveOptions{VersionID: "1"}); explain.CodeOf(err) != "did_version_unknown" {
		t.Error(err)
	}
	if r, err := Resolver.Resolve(t.Context(), id, did.ResolveOptions{Height: 3}); err != nil || !r.AsOf.IsZero() || r.Document.ID != id {
		t.Errorf("%+v, %v", r, err)
	}
	for in, word := range map[did.DID]string{
		"did:web:example.com": "methodNotSupported", "did:jwk:AA": "invalidDid", "did:jwk": "invalidDid",
		of(`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`): "invalidDid",
	} {
		if _, err := Resolver.Resolve(t.Context(), in, did.ResolveOptions{}); did.ResolutionError(err) != word {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func FuzzDocument(f *testing.F) {
	for _, jwk := range []string{
		`{` + ed25519Key + `}`, `{` + p256Key + `,"use":"enc"}`, `{"kty":"oct","k":""}`, `{}`, `[`, `{"kty":"EC","crv":"P-384","x":"AA","y":1}`,
		`{"kty":"RSA","use":1e9}`,
	} {
		f.Add(jwk)
	}
	f.Fuzz(func(t *testing.T, jwk string) {
		id := of(jwk)
		d, err := Document(id)
		if err != nil {
			if d != nil || explain.CodeOf(err) == "" {
				t.Fatalf("%v with a document, or without a code", err)
			}
			return
		}
		if d.ID != id || len(d.Methods) != 1 || d.Methods[0].ID != MethodID(id) {
			t.Fatalf("%+v", d)
		}
		k, err := Public(id)
		if err != nil {
			return
		}
		// The same key by our own spelling is the same key.
		if again, err := Public(New(k)); err != nil || again != k {
			t.Fatalf("%v became %v, %v", k, again, err)
		}
	})
}
