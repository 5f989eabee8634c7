package jose

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// What parses is spelled in its one way, and what verifies jwx verifies too.
func FuzzToken(f *testing.F) {
	key := publicOf(f, secret256)
	f.Add(raw(`{"alg":"ES256","typ":"test+jwt"}`, `{"a":1}`))
	f.Add(raw(`{"alg":"ES256","typ":"test+jwt","kid":"a","x5c":["MAA="],"jwk":{`+good+`}}`, `{}`))
	f.Add(raw(`{"alg":"none"}`, `{}`))
	f.Add(raw(`{"alg":"ES256","typ":"test+jwt","crit":["b64"],"b64":false}`, `x`))
	var w wycheproof
	if b, err := os.ReadFile("testdata/wycheproof/json_web_signature_test.json"); err != nil || json.Unmarshal(b, &w) != nil {
		f.Fatal(err)
	}
	for _, g := range w.TestGroups {
		for i, c := range g.Tests {
			if i < 20 {
				f.Add(strings.Trim(string(c.JWS), `"`))
			}
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		Unsigned([]byte(s))
		tok, err := Parse(s, testProfile)
		if err != nil {
			if tok != nil || explain.CodeOf(err) == "" {
				t.Fatal("something came back with the error, or no code", err)
			}
			return
		}
		parts := strings.Split(s, ".")
		if len(parts) != 3 || b64(tok.Payload) != parts[1] || b64(tok.signature[:]) != parts[2] {
			t.Fatal("another spelling of the same bytes was taken")
		}
		if tok.Verify(key) == nil {
			if _, err := jws.Verify([]byte(s), jws.WithKey(jwa.ES256, secret256.Public())); err != nil {
				t.Fatal("jwx does not verify it:", err)
			}
		}
	})
}

// A header that is taken names what its profile has, and no more.
func FuzzHeader(f *testing.F) {
	for _, h := range []string{
		`{"alg":"ES256","typ":"test+jwt"}`, `{"alg":"none"}`, `{"alg":"ES256","typ":"test+jwt","kid":"a#b","x5c":["MAA="],"jwk":{` + good + `}}`,
		`{"alg":"ES256","typ":"test+jwt","crit":["x"],"x":1}`, `{"alg":"ES256","\u0061lg":"none","typ":"test+jwt"}`,
	} {
		f.Add([]byte(h))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readHeader(b64(b))
		if err != nil {
			return
		}
		h, err := testProfile.header(m)
		if err != nil {
			return
		}
		if m["alg"] != "ES256" || m["typ"] != "test+jwt" {
			t.Fatal("another algorithm or kind was taken")
		}
		want := 2
		for _, has := range []bool{h.Kid != "", h.X5c != nil, h.JWK.Kind() != 0} {
			if has {
				want++
			}
		}
		if len(m) != want {
			t.Fatal("a name that means nothing was taken")
		}
	})
}

// A key that is taken writes to a key that is the same.
func FuzzJWK(f *testing.F) {
	f.Add([]byte(`{` + good + `}`))
	f.Add([]byte(`{` + good + `,"use":"sig","key_ops":["verify"],"alg":"ES256"}`))
	f.Add([]byte(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`))
	f.Add([]byte(`{"kty":"EC","crv":"P-384","x":"","y":"","d":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := parseKey(b)
		if err != nil {
			if k.Kind() != 0 || explain.CodeOf(err) == "" {
				t.Fatal("a key came back with the error, or no code", err)
			}
			return
		}
		m, err := WriteKey(k)
		if err != nil {
			t.Fatal(err)
		}
		w, err := strictjson.Canonical(m)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseKey(w); err != nil || again != k {
			t.Fatal("does not read back", err)
		}
	})
}

// No chain of made-up bytes leads to the root.
func FuzzX5c(f *testing.F) {
	root := certificate(f, authority("root", 1), rootKey.Public(), nil, rootKey)
	leaf := certificate(f, signer, secret256.Public(), root, rootKey)
	evil := certificate(f, signer, fixedSecret(rootKey.Curve, 66).Public(), nil, rootKey)
	f.Add(leaf, root)
	f.Add(evil, root)
	f.Add(root, leaf)
	f.Add([]byte{0x30, 0x80}, []byte{})
	want := publicOf(f, secret256)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		key, err := VerifyChain([][]byte{a, b}, root, "", chainTime)
		if err == nil && key != want {
			t.Fatal("a certificate that the root did not make was taken")
		}
		if err != nil && (key.Kind() != 0 || explain.CodeOf(err) == "") {
			t.Fatal("a key came back with the error, or no code", err)
		}
		if _, err := readX5c([]any{std64.EncodeToString(a)}); err == nil && len(a) == 0 {
			t.Fatal("an empty certificate was taken")
		}
	})
}
