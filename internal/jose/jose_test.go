package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"go/parser"
	"go/token"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

var b64 = base64.RawURLEncoding.EncodeToString

// secret256 is a key on P-256 for tests.
var secret256 = fixedSecret(elliptic.P256(), 1)

func fixedSecret(c elliptic.Curve, n byte) *ecdsa.PrivateKey {
	raw := make([]byte, (c.Params().BitSize+7)/8)
	raw[len(raw)-1] = n
	k, err := ecdsa.ParseRawPrivateKey(c, raw)
	if err != nil {
		panic(err)
	}
	return k
}

func publicOf(t testing.TB, k *ecdsa.PrivateKey) did.PublicKey {
	t.Helper()
	point, err := k.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	kind := did.P256
	if k.Curve == elliptic.P384() {
		kind = did.P384
	}
	p, err := did.NewPublicKey(kind, point)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sign256(b []byte) ([]byte, error) {
	sum := sha256.Sum256(b)
	r, s, err := ecdsa.Sign(rand.Reader, secret256, sum[:])
	if err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out, nil
}

// raw is a token whose header and payload are signed as they are written.
func raw(header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	sig, err := sign256([]byte(input))
	if err != nil {
		panic(err)
	}
	return input + "." + b64(sig)
}

var testProfile = Profile{Typ: "test+jwt", Names: []string{"kid", "x5c", "jwk"}}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	if got := explain.CodeOf(err); got != code || err == nil && code != "" {
		t.Errorf("%s: code %q, want %q (%v)", what, got, code, err)
	}
	if _, ok := explain.Lookup(code); !ok && code != "" {
		t.Errorf("code %q is not in the catalogue", code)
	}
}

func TestSignAndVerify(t *testing.T) {
	key := publicOf(t, secret256)
	s, err := testProfile.Sign(Header{Kid: "did:example:a#b", JWK: key}, []byte(`{"a":1}`), key, sign256)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := Parse(s, testProfile)
	if err != nil {
		t.Fatal(err)
	}
	if tok.Header.Kid != "did:example:a#b" || tok.Header.JWK != key || string(tok.Payload) != `{"a":1}` {
		t.Errorf("read back %+v", tok.Header)
	}
	if err := tok.Verify(key); err != nil {
		t.Error(err)
	}
	// A second opinion.
	if _, err := jws.Verify([]byte(s), jws.WithKey(jwa.ES256, secret256.Public())); err != nil {
		t.Error("jwx refuses it:", err)
	}
	wantCode(t, "another key", tok.Verify(publicOf(t, fixedSecret(elliptic.P256(), 2))), "proof_invalid")
	wantCode(t, "no key", tok.Verify(did.PublicKey{}), "proof_wrong_key")
	// What jwx signs is read here.
	h := jws.NewHeaders()
	_ = h.Set(jws.TypeKey, "test+jwt")
	theirs, err := jws.Sign([]byte("anything"), jws.WithKey(jwa.ES256, secret256, jws.WithProtectedHeaders(h)))
	if err != nil {
		t.Fatal(err)
	}
	if tok, err = Parse(string(theirs), testProfile); err != nil || tok.Verify(key) != nil || string(tok.Payload) != "anything" {
		t.Error("a token of jwx:", err)
	}
}

func TestSignRefuses(t *testing.T) {
	key := publicOf(t, secret256)
	_, err := testProfile.Sign(Header{}, nil, publicOf(t, fixedSecret(elliptic.P384(), 1)), sign256)
	wantCode(t, "a P-384 key", err, "proof_wrong_key")
	_, err = testProfile.Sign(Header{}, nil, publicOf(t, fixedSecret(elliptic.P256(), 2)), sign256)
	wantCode(t, "a key that is not the signer's", err, "signing_failed")
	_, err = testProfile.Sign(Header{}, nil, key, func([]byte) ([]byte, error) { return []byte{1}, nil })
	wantCode(t, "a short signature", err, "signing_failed")
	_, err = testProfile.Sign(Header{}, nil, key, func([]byte) ([]byte, error) { return nil, os.ErrClosed })
	wantCode(t, "a signer that fails", err, "signing_failed")
	_, err = testProfile.Sign(Header{}, nil, key, func([]byte) ([]byte, error) {
		return nil, explain.Errorf("key_invalid", "locked")
	})
	wantCode(t, "a signer with a code", err, "key_invalid")
	_, err = Profile{Typ: "kb+jwt"}.Sign(Header{Kid: "x"}, nil, key, sign256)
	wantCode(t, "a name that the kind does not have", err, "token_header")
}

func TestThreat01_AlgNone(t *testing.T) {
	for _, alg := range []string{"none", "None", "NONE", "nOnE"} {
		for _, s := range []string{
			b64([]byte(`{"alg":"`+alg+`","typ":"test+jwt"}`)) + "." + b64([]byte(`{}`)) + ".",
			raw(`{"alg":"`+alg+`"}`, `{}`), // whatever follows
			raw(`{"alg":"`+alg+`","crit":["x"],"jwk":{}}`, `{}`),
		} {
			_, err := Parse(s, testProfile)
			wantCode(t, s[:20], err, "unsigned")
			if !Unsigned([]byte(s)) {
				t.Error("is not told to be unsigned")
			}
		}
	}
	for _, s := range []string{"", ".", "eyJ", "e30..", raw(`{"alg":"ES256"}`, ""), `{"alg":"none"}`, b64([]byte(`{"alg":null}`)), b64([]byte(`{"alg":"none","alg":"ES256"}`))} {
		if Unsigned([]byte(s)) {
			t.Errorf("%q is told to be unsigned", s)
		}
	}
}

func TestThreat03_AlgorithmConfusion(t *testing.T) {
	key := publicOf(t, secret256)
	// The public key, in each form somebody may have it in, as the secret of a MAC.
	jwkBytes, err := json.Marshal(must(WriteKey(key)))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range [][]byte{key.Bytes(), key.Uncompressed(), []byte(key.Multikey()), jwkBytes} {
		for _, alg := range []string{"HS256", "HS384", "HS512"} {
			input := b64([]byte(`{"alg":"`+alg+`","typ":"test+jwt"}`)) + "." + b64([]byte(`{}`))
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(input))
			_, err := Parse(input+"."+b64(append(mac.Sum(nil), make([]byte, 32)...)), testProfile)
			wantCode(t, alg, err, "proof_unsupported")
		}
	}
	for _, alg := range []string{"ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "RS256", "PS256", "es256", "ES256 ", "A128KW", ""} {
		_, err := Parse(raw(`{"alg":"`+alg+`","typ":"test+jwt"}`, `{}`), testProfile)
		wantCode(t, alg, err, "proof_unsupported")
	}
	for _, alg := range []string{`null`, `256`, `["ES256"]`, `{"ES256":1}`} {
		_, err := Parse(raw(`{"alg":`+alg+`,"typ":"test+jwt"}`, `{}`), testProfile)
		wantCode(t, alg, err, "token_malformed")
	}
	_, err = Parse(raw(`{"typ":"test+jwt"}`, `{}`), testProfile)
	wantCode(t, "no algorithm", err, "token_malformed")
}

// jwx signs and verifies ES256 with keys on other curves.
func TestThreat04_ES256NeedsP256(t *testing.T) {
	p521 := fixedSecret(elliptic.P521(), 1)
	h := jws.NewHeaders()
	_ = h.Set(jws.TypeKey, "test+jwt")
	s, err := jws.Sign([]byte("x"), jws.WithKey(jwa.ES256, p521, jws.WithProtectedHeaders(h)))
	if err != nil {
		t.Skip("jwx no longer signs ES256 with P-521")
	}
	if _, err := jws.Verify(s, jws.WithKey(jwa.ES256, p521.Public())); err != nil {
		t.Error("jwx no longer verifies ES256 with P-521:", err)
	}
	_, err = Parse(string(s), testProfile)
	wantCode(t, "a signature by a P-521 key", err, "proof_value_malformed")
	tok, err := Parse(raw(`{"alg":"ES256","typ":"test+jwt"}`, `{}`), testProfile)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "a P-384 key", tok.Verify(publicOf(t, fixedSecret(elliptic.P384(), 1))), "proof_wrong_key")
	ed := must(did.NewPublicKey(did.Ed25519, mustHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")))
	wantCode(t, "an Ed25519 key", tok.Verify(ed), "proof_wrong_key")
}

// A token may not bring where its key is to be got from; the profile that takes
// a key in the header says so.
func TestThreat05_KeyFromTheToken(t *testing.T) {
	jwk := string(must(strictjson.Canonical(must(WriteKey(publicOf(t, secret256))))))
	credential := Profile{Typ: "dc+sd-jwt", Names: []string{"kid", "x5c"}}
	for _, member := range []string{
		`"jwk":` + jwk, `"jku":"https://evil.example/keys"`, `"x5u":"https://evil.example/cert"`,
		`"x5t":"AAAA"`, `"x5t#S256":"AAAA"`, `"cty":"JWT"`, `"zip":"DEF"`, `"enc":"A128GCM"`, `"url":"https://evil.example"`, `"unknown":1`, `"":1`, `"Kid":"x"`,
	} {
		_, err := Parse(raw(`{"alg":"ES256","typ":"dc+sd-jwt",`+member+`}`, `{}`), credential)
		wantCode(t, member, err, "token_header")
	}
	_, err := Parse(raw(`{"alg":"ES256","typ":"kb+jwt","kid":"x"}`, `{}`), Profile{Typ: "kb+jwt"})
	wantCode(t, "kid in a token that has none", err, "token_header")
	for _, kid := range []string{`""`, `null`, `1`, `["a"]`, `{}`} {
		_, err := Parse(raw(`{"alg":"ES256","typ":"test+jwt","kid":`+kid+`}`, `{}`), testProfile)
		wantCode(t, "kid "+kid, err, "token_header")
	}
}

// jwx verifies a token with an extension that it does not know.
func TestThreat16_CritAndB64(t *testing.T) {
	for _, h := range []string{
		`"crit":["exp"],"exp":1`, `"crit":["urn:x"],"urn:x":1`, `"crit":[]`, `"crit":null`, `"crit":["b64"],"b64":false`, `"b64":false`, `"b64":true`, `"crit":["alg"]`,
	} {
		s := raw(`{"alg":"ES256","typ":"test+jwt",`+h+`}`, `{}`)
		_, err := Parse(s, testProfile)
		wantCode(t, h, err, "token_header")
	}
	s := raw(`{"alg":"ES256","typ":"test+jwt","crit":["urn:x"],"urn:x":1}`, `{}`)
	if _, err := jws.Verify([]byte(s), jws.WithKey(jwa.ES256, secret256.Public())); err != nil {
		t.Error("jwx refuses it by itself now:", err)
	}
}

// GHSA-4cf7-xm37-g63h: jwx v2 writes the names of claims, header parameters and
// key members without escaping them. Names are never a caller's here, and values
// that look like members stay values.
func TestGHSA_4cf7_xm37_g63h_NamesAreNotInjected(t *testing.T) {
	// What the advisory is about.
	evil := jwt.New()
	_ = evil.Set(`x":1,"admin`, true)
	if b, err := json.Marshal(evil); err != nil || !bytes.Contains(b, []byte(`"admin":true`)) {
		t.Log("jwx escapes names of claims now:", string(b), err)
	}

	key := publicOf(t, secret256)
	for _, kid := range []string{`x","alg":"none`, `x"}`, "x\n", `\`, `x","crit":["a"],"z":"`, "\u2028</script>", `"`} {
		s, err := testProfile.Sign(Header{Kid: kid, JWK: key, X5c: [][]byte{{0x30}}}, []byte("{}"), key, sign256)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(s, ".")
		b, ok := Decode64(head)
		if !ok {
			t.Fatal(head)
		}
		m, err := strictjson.Object(b, strictjson.Limits{})
		if err != nil {
			t.Fatalf("%q: %v", kid, err)
		}
		names := []string{}
		for k := range m {
			names = append(names, k)
		}
		slices.Sort(names)
		if !slices.Equal(names, []string{"alg", "jwk", "kid", "typ", "x5c"}) || m["kid"] != kid || m["alg"] != "ES256" {
			t.Errorf("%q became %s", kid, b)
		}
		tok, err := Parse(s, testProfile)
		if err != nil || tok.Header.Kid != kid {
			t.Errorf("%q does not read back: %v", kid, err)
		}
	}
	for _, k := range []did.PublicKey{key, publicOf(t, fixedSecret(elliptic.P384(), 1))} {
		m := must(WriteKey(k))
		names := []string{}
		for name := range m {
			names = append(names, name)
		}
		slices.Sort(names)
		if !slices.Equal(names, []string{"crv", "kty", "x", "y"}) {
			t.Errorf("members of a key: %q", names)
		}
	}
	if head, _, _ := strings.Cut(must(Profile{Typ: "kb+jwt"}.Sign(Header{}, nil, key, sign256)), "."); head != b64([]byte(`{"alg":"ES256","typ":"kb+jwt"}`)) {
		t.Error("the header of a key binding is", head)
	}
}

// jwx takes JSON serialisation, padding, the other base64 alphabet and unused
// bits.
func TestThreat14_OneSpelling(t *testing.T) {
	good := raw(`{"alg":"ES256","typ":"test+jwt"}`, `{"a":123}`)
	if _, err := Parse(good, testProfile); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	json := `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`
	if _, err := jws.Parse([]byte(json)); err != nil {
		t.Error("jwx no longer takes JSON serialisation:", err)
	}
	bad := map[string]string{
		"flattened JSON": json,
		"general JSON":   `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
		"no dot":         parts[0],
		"one dot":        parts[0] + "." + parts[1],
		"three dots":     good + ".",
		"five parts":     good + ".a.b",
		"a tilde":        good + "~",
		"nothing":        "",
		"dots alone":     "..",
		"detached":       parts[0] + ".." + parts[2],
		"no signature":   parts[0] + "." + parts[1] + ".",
		"space before":   " " + good,
		"line break":     good + "\n",
		"too long":       strings.Repeat("A", maxToken+1),
	}
	for i, name := range []string{"header", "payload", "signature"} {
		for what, change := range map[string]func(string) string{
			"padding":     func(s string) string { return s + strings.Repeat("=", (4-len(s)%4)%4) + "==" },
			"line break":  func(s string) string { return s[:4] + "\n" + s[4:] },
			"CR":          func(s string) string { return s[:4] + "\r" + s[4:] },
			"space":       func(s string) string { return s[:4] + " " + s[4:] },
			"unused bits": unusedBits,
			"plus":        func(s string) string { return "+" + s[1:] },
			"a letter":    func(s string) string { return s + "A" },
		} {
			p := slices.Clone(parts)
			if p[i] = change(p[i]); p[i] == parts[i] {
				continue
			}
			bad[name+": "+what] = strings.Join(p, ".")
		}
	}
	for what, s := range bad {
		if what == "detached" { // a payload of no bytes is well-formed, and not signed here
			continue
		}
		if _, err := Parse(s, testProfile); err == nil {
			t.Errorf("%s: accepted", what)
		} else if c := explain.CodeOf(err); c != "token_malformed" && c != "proof_value_malformed" {
			t.Errorf("%s: code %q", what, c)
		}
	}
	if tok, err := Parse(bad["detached"], testProfile); err != nil || tok.Verify(publicOf(t, secret256)) == nil {
		t.Error("a detached payload verifies", err)
	}
	if u := unusedBits(parts[2]); u == parts[2] {
		t.Error("the signature leaves no bits unused: the test shows nothing")
	} else if got, err := base64.RawURLEncoding.DecodeString(u); err != nil || b64(got) != parts[2] {
		t.Error("the changed spelling is not of the same bytes")
	}
}

// unusedBits spells the same bytes in another way, where there is one.
func unusedBits(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if len(s)%4 != 2 && len(s)%4 != 3 {
		return s
	}
	return s[:len(s)-1] + string(alphabet[strings.IndexByte(alphabet, s[len(s)-1])|1])
}

// jwx takes the last of repeated names.
func TestThreat22_DuplicateHeaderNames(t *testing.T) {
	for _, h := range []string{
		`{"alg":"ES256","alg":"ES256","typ":"test+jwt"}`, `{"alg":"ES256","typ":"other","typ":"test+jwt"}`,
		`{"alg":"none","\u0061lg":"ES256","typ":"test+jwt"}`, `{"alg":"ES256","typ":"test+jwt","jwk":{"kty":"EC","kty":"EC"}}`,
		`["ES256"]`, `"ES256"`, `null`, ``, `{"alg":"ES256","typ":"test+jwt"} `, `{"alg":"ES256","typ":"test+jwt"}x`, "\ufeff{}",
	} {
		_, err := Parse(raw(h, `{}`), testProfile)
		if h == `{"alg":"ES256","typ":"test+jwt"} ` {
			wantCode(t, "white space", err, "")
			continue
		}
		wantCode(t, h, err, "token_malformed")
	}
}

func TestThreat33_KindOfToken(t *testing.T) {
	for _, typ := range []string{`"JWT"`, `"test"`, `"TEST+JWT"`, `"application/test+jwt"`, `"test+jwt "`, `""`, `null`, `["test+jwt"]`} {
		_, err := Parse(raw(`{"alg":"ES256","typ":`+typ+`}`, `{}`), testProfile)
		wantCode(t, typ, err, "token_kind")
	}
	_, err := Parse(raw(`{"alg":"ES256"}`, `{}`), testProfile)
	wantCode(t, "no typ", err, "token_kind")
	_, err = Parse(raw(`{"alg":"ES256","typ":"x"}`, `{}`), Profile{})
	wantCode(t, "a typ where none is taken", err, "token_kind")
}

// jwx accepts the n−s twin. So do we: it is a valid signature. That nothing
// takes a signature for an identity is shown where identities are made.
func TestThreat13_TwinAndEdgeSignatures(t *testing.T) {
	key := publicOf(t, secret256)
	good := raw(`{"alg":"ES256","typ":"test+jwt"}`, `{}`)
	at := strings.LastIndexByte(good, '.') + 1
	sig, _ := Decode64(good[at:])
	n := elliptic.P256().Params().N
	s := new(big.Int).SetBytes(sig[32:])
	other := append(slices.Clone(sig[:32]), new(big.Int).Sub(n, s).FillBytes(make([]byte, 32))...)
	tok, err := Parse(good[:at]+b64(other), testProfile)
	if err != nil || tok.Verify(key) != nil {
		t.Error("the twin:", err)
	}
	zero := make([]byte, 32)
	for what, sig := range map[string][]byte{
		"zeros":    make([]byte, 64),
		"r zero":   append(slices.Clone(zero), sig[32:]...),
		"s zero":   append(slices.Clone(sig[:32]), zero...),
		"n and n":  append(n.Bytes(), n.Bytes()...),
		"s plus n": append(slices.Clone(sig[:32]), bytes.Repeat([]byte{0xff}, 32)...),
	} {
		tok, err := Parse(good[:at]+b64(sig), testProfile)
		if err != nil {
			t.Fatal(what, err)
		}
		wantCode(t, what, tok.Verify(key), "proof_invalid")
	}
	der := must(ecdsa.SignASN1(rand.Reader, secret256, zero))
	for what, sig := range map[string][]byte{"none": nil, "short": sig[:63], "long": append(slices.Clone(sig), 0), "DER": der} {
		_, err := Parse(good[:at]+b64(sig), testProfile)
		wantCode(t, what, err, "proof_value_malformed")
	}
}

// Nothing of jwx that fetches, guesses a key or reads claims is in the product.
func TestJWX_NothingIsFetchedOrGuessed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	used := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if strings.Contains(i.Path.Value, "jwx") {
				used[strings.Trim(i.Path.Value, `"`)] = true
			}
		}
		text := string(must(os.ReadFile(name)))
		for _, call := range []string{"jwk.Fetch", "jwk.Cache", "jwk.NewCache", "WithVerifyAuto", "jws.Verify", "jws.Sign", "jws.Parse", "jwk.Parse", "WithInferAlgorithm", "jwk.Import"} {
			if strings.Contains(text, call) {
				t.Errorf("%s uses %s", name, call)
			}
		}
	}
	for _, p := range []string{"jwa", "jws", "jwk"} {
		delete(used, "github.com/lestrrat-go/jwx/v2/"+p)
	}
	if len(used) > 0 {
		t.Error("more of jwx is imported than has guards:", used)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
