package did

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"bonafide/internal/explain"
)

// fixture is a document with a key under each kind of listing.
func fixture(t testing.TB) (doc string, a, b, c PublicKey) {
	a, _ = testKey(t, 1)
	b, _ = testKey(t, 2)
	c = testEC(t, P256, 11)
	return `{"@context":["https://www.w3.org/ns/did/v1"],"id":"did:ex:1","alsoKnownAs":["https://board.example"],"controller":"did:ex:9",
	"verificationMethod":[
		{"id":"did:ex:1#key-1","type":"Multikey","controller":"did:ex:1","publicKeyMultibase":"` + a.Multikey() + `"},
		{"id":"#key-10","type":"Multikey","controller":"did:ex:1","publicKeyMultibase":"` + b.Multikey() + `"},
		{"id":"#foreign","type":"Multikey","controller":"did:ex:2","publicKeyMultibase":"` + b.Multikey() + `"},
		{"id":"did:ex:2#stray","type":"Multikey","controller":"did:ex:1","publicKeyMultibase":"` + b.Multikey() + `"},
		{"id":"#old","type":"Ed25519VerificationKey2018","controller":"did:ex:1","publicKeyBase58":"x"}],
	"authentication":["#key-10",{"id":"#embedded","type":"Multikey","controller":"did:ex:1","publicKeyMultibase":"` + c.Multikey() + `"}],
	"assertionMethod":["did:ex:1#key-1","#foreign","did:ex:2#stray","#old","did:ex:3#elsewhere"],
	"service":[{"id":"#s","type":"LinkedDomains","serviceEndpoint":"https://board.example"}]}`, a, b, c
}

func TestParseDocument(t *testing.T) {
	text, a, b, c := fixture(t)
	d, err := ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if d.ID != "did:ex:1" || len(d.Methods) != 6 || string(d.Raw) != text ||
		!reflect.DeepEqual(d.AlsoKnownAs, []string{"https://board.example"}) || !reflect.DeepEqual(d.Controllers, []DID{"did:ex:9"}) ||
		!reflect.DeepEqual(d.Services, []Service{{"did:ex:1#s", []string{"LinkedDomains"}, "https://board.example"}}) {
		t.Errorf("%+v", d)
	}
	for _, want := range []struct {
		id  string
		rel Relationship
		key PublicKey
	}{{"did:ex:1#key-1", AssertionMethod, a}, {"did:ex:1#key-10", Authentication, b}, {"did:ex:1#embedded", Authentication, c}} {
		m, err := d.Method(want.id, want.rel)
		if err != nil || m.Key != want.key || m.ID != want.id {
			t.Errorf("%s: %+v, %v", want.id, m, err)
		}
	}
	if m := d.MethodsFor(AssertionMethod); len(m) != 1 || m[0].Key != a {
		t.Errorf("methods for assertionMethod: %+v", m)
	}
	if m := d.MethodsFor(Authentication); len(m) != 2 {
		t.Errorf("methods for authentication: %+v", m)
	}
	d.Members()["id"] = "changed"
	if d.Members()["id"] != "did:ex:1" {
		t.Error("members are shared")
	}
}

func TestThreat06_KeyIDMatchedExactly(t *testing.T) {
	text, _, _, _ := fixture(t)
	d, err := ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{
		"", "#", "#key-1", "key-1", "did:ex:1", "did:ex:1#", "did:ex:1#key", "did:ex:1#key-", "did:ex:1#key-11", "did:ex:1#KEY-1", "did:ex:1#key-1 ", "did:ex:1#key%2D1",
		"did:ex:1?x=1#key-1", "did:ex:1/#key-1", "did:ex:2#key-1", "did:ex:3#elsewhere",
	} {
		if _, err := d.Method(id, AssertionMethod); explain.CodeOf(err) != "method_not_found" {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestThreat07_ForeignController(t *testing.T) {
	text, _, _, _ := fixture(t)
	d, err := ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"did:ex:1#foreign", "did:ex:2#stray"} {
		if _, err := d.Method(id, AssertionMethod); explain.CodeOf(err) != "method_foreign_controller" {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := d.Method("did:ex:1#old", AssertionMethod); explain.CodeOf(err) != "method_unsupported" {
		t.Errorf("a type that we do not use: %v", err)
	}
}

func TestThreat08_WrongPurpose(t *testing.T) {
	text, _, _, _ := fixture(t)
	d, err := ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		id  string
		rel Relationship
	}{
		{"did:ex:1#key-1", Authentication},
		{"did:ex:1#key-10", AssertionMethod},
		{"did:ex:1#key-1", CapabilityInvocation},
		{"did:ex:1#key-1", ""},
		{"did:ex:1#key-1", "verificationMethod"},
		{"did:ex:1#embedded", AssertionMethod},
	} {
		if _, err := d.Method(c.id, c.rel); explain.CodeOf(err) != "method_wrong_purpose" {
			t.Errorf("%s as %q: %v", c.id, c.rel, err)
		}
	}
}

func TestBadDocuments(t *testing.T) {
	k, _ := testKey(t, 1)
	mk := k.Multikey()
	method := `{"id":"#a","type":"Multikey","controller":"did:ex:1","publicKeyMultibase":"` + mk + `"}`
	for name, c := range map[string]struct{ doc, code string }{
		"empty":                {``, "did_document_invalid"},
		"array":                {`[]`, "did_document_invalid"},
		"no id":                {`{}`, "did_document_invalid"},
		"id no DID":            {`{"id":"https://x"}`, "did_document_invalid"},
		"id with fragment":     {`{"id":"did:ex:1#a"}`, "did_document_invalid"},
		"other context":        {`{"@context":["https://example.com"],"id":"did:ex:1"}`, "did_document_invalid"},
		"context not first":    {`{"@context":["https://example.com","https://www.w3.org/ns/did/v1"],"id":"did:ex:1"}`, "did_document_invalid"},
		"empty context":        {`{"@context":[],"id":"did:ex:1"}`, "did_document_invalid"},
		"methods no array":     {`{"id":"did:ex:1","verificationMethod":` + method + `}`, "did_document_invalid"},
		"method no object":     {`{"id":"did:ex:1","verificationMethod":["#a"]}`, "did_document_invalid"},
		"same id twice":        {`{"id":"did:ex:1","verificationMethod":[` + method + `,` + strings.Replace(method, "#a", "did:ex:1#a", 1) + `]}`, "did_document_invalid"},
		"same id embedded":     {`{"id":"did:ex:1","verificationMethod":[` + method + `],"authentication":[` + method + `]}`, "did_document_invalid"},
		"reference to nothing": {`{"id":"did:ex:1","authentication":["#a"]}`, "did_document_invalid"},
		"reference twice":      {`{"id":"did:ex:1","verificationMethod":[` + method + `],"authentication":["#a","did:ex:1#a"]}`, "did_document_invalid"},
		"no fragment":          {`{"id":"did:ex:1","verificationMethod":[` + strings.Replace(method, "#a", "did:ex:1", 1) + `]}`, "did_document_invalid"},
		"no controller":        {`{"id":"did:ex:1","verificationMethod":[{"id":"#a","type":"Multikey","publicKeyMultibase":"` + mk + `"}]}`, "did_document_invalid"},
		"no key":               {`{"id":"did:ex:1","verificationMethod":[{"id":"#a","type":"Multikey","controller":"did:ex:1"}]}`, "did_document_invalid"},
		"two keys":             {`{"id":"did:ex:1","verificationMethod":[{"id":"#a","type":"Multikey","controller":"did:ex:1","publicKeyMultibase":"` + mk + `","publicKeyJwk":{}}]}`, "did_document_invalid"},
		"broken key":           {`{"id":"did:ex:1","verificationMethod":[{"id":"#a","type":"Multikey","controller":"did:ex:1","publicKeyMultibase":"` + mk[:40] + `"}]}`, "key_invalid"},
		"duplicate member":     {`{"id":"did:ex:1","id":"did:ex:1"}`, "did_document_invalid"},
		"bad alsoKnownAs":      {`{"id":"did:ex:1","alsoKnownAs":"x"}`, "did_document_invalid"},
		"bad controller":       {`{"id":"did:ex:1","controller":["x"]}`, "did_document_invalid"},
		"service no endpoint":  {`{"id":"did:ex:1","service":[{"id":"#s","type":"x"}]}`, "did_document_invalid"},
		"service twice":        {`{"id":"did:ex:1","service":[{"id":"#s","type":"x","serviceEndpoint":"y"},{"id":"did:ex:1#s","type":"x","serviceEndpoint":"y"}]}`, "did_document_invalid"},
		"too large":            {`{"id":"did:ex:1","x":"` + strings.Repeat("x", MaxDocument) + `"}`, "did_document_invalid"},
	} {
		if d, err := ParseDocument([]byte(c.doc)); explain.CodeOf(err) != c.code || d != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestThreat15_PrivateKeyInDocument(t *testing.T) {
	jwk := `{"kty":"OKP","crv":"Ed25519","x":"_eT7oDCtAC98L31MMx9J0T-w7HR-zuvsY08f9MvKne8"`
	wrap := func(key string) string {
		return `{"id":"did:ex:1","verificationMethod":[{"id":"#a","type":"JsonWebKey","controller":"did:ex:1",` + key + `}]}`
	}
	d, err := ParseDocument([]byte(wrap(`"publicKeyJwk":` + jwk + `}`)))
	if err != nil || d.Methods[0].Key.Kind() != Ed25519 {
		t.Fatalf("a public JWK: %v", err)
	}
	for _, doc := range []string{
		wrap(`"publicKeyJwk":` + jwk + `,"d":"AA"}`),
		wrap(`"publicKeyJwk":{"d":null}`),
		wrap(`"publicKeyJwk":` + jwk + `},"secretKeyMultibase":"z3u2"`),
		wrap(`"publicKeyJwk":` + jwk + `},"privateKeyJwk":{}`),
		wrap(`"publicKeyJwk":{"kty":"oct","k":"AA"}`),
		wrap(`"publicKeyJwk":{"kty":"RSA","n":"AA","e":"AQAB","oth":[]}`),
		`{"id":"did:ex:1","x":[{"y":{"SecretKeyMultibase":"z"}}]}`,
		`{"id":"did:ex:1","service":[{"id":"#s","type":"x","serviceEndpoint":{"keys":[` + jwk + `,"d":"AA"}]}}]}`,
	} {
		if _, err := ParseDocument([]byte(doc)); explain.CodeOf(err) != "did_document_private" {
			t.Errorf("%s: %v", doc, err)
		}
	}
	for _, x := range []string{ // threat 14: one spelling only
		"_eT7oDCtAC98L31MMx9J0T-w7HR-zuvsY08f9MvKne9", "_eT7oDCtAC98L31MMx9J0T-w7HR-zuvsY08f9MvKne8=", "/eT7oDCtAC98L31MMx9J0T-w7HR-zuvsY08f9MvKne8",
		"_eT7oDCtAC98L31MMx9J0T-w7HR-zuvsY08f9MvKne8\\n", "", "AA",
	} {
		doc := wrap(`"publicKeyJwk":{"kty":"OKP","crv":"Ed25519","x":"` + x + `"}`)
		if _, err := ParseDocument([]byte(doc)); explain.CodeOf(err) != "key_invalid" {
			t.Errorf("x = %q: %v", x, err)
		}
	}
	off := wrap(`"publicKeyJwk":{"kty":"EC","crv":"P-256","x":"igrFmi0whuihKnj9R3Om1SoMph72wUGeFaBbzG2vzns","y":"efsX5b10x8yjyrj4ny3pGfLcY7Xby1KzgqOdqnsrJIA"}`)
	if _, err := ParseDocument([]byte(off)); explain.CodeOf(err) != "key_invalid" {
		t.Errorf("a point off the curve: %v", err)
	}
}

func FuzzParseDocument(f *testing.F) {
	text, _, _, _ := fixture(f)
	f.Add([]byte(text))
	f.Add([]byte(`{"id":"did:ex:1","verificationMethod":[{"id":"#a","type":"JsonWebKey","controller":"did:ex:1","publicKeyJwk":{"kty":"OKP","crv":"Ed25519","x":"_eT7oDCtAC98L31MMx9J0T-w7HR-zuvsY08f9MvKne8"}}],"assertionMethod":["#a"]}`))
	f.Add([]byte(`{"id":"did:ex:1","service":[{"id":"#s","type":["x"],"serviceEndpoint":[{}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseDocument(b)
		if err != nil {
			if d != nil || explain.CodeOf(err) == "" {
				t.Fatalf("%v beside %v", d, err)
			}
			return
		}
		if _, err := Parse(string(d.ID)); err != nil || !json.Valid(b) {
			t.Fatalf("accepted with id %q", d.ID)
		}
		seen := map[string]bool{}
		for _, m := range d.Methods {
			if seen[m.ID] {
				t.Fatal("two methods with one id")
			}
			seen[m.ID] = true
		}
		for _, rel := range relationships {
			for _, m := range d.MethodsFor(rel) {
				if m.Controller != d.ID || m.Key.Kind() == 0 || !strings.HasPrefix(m.ID, string(d.ID)+"#") {
					t.Fatalf("usable method %+v", m)
				}
			}
		}
		if again, err := ParseDocument(d.Raw); err != nil || !reflect.DeepEqual(again, d) {
			t.Fatalf("read again: %v", err)
		}
	})
}

type stub struct{ doc *Document }

func (s stub) Resolve(context.Context, DID, ResolveOptions) (*Resolution, error) {
	return &Resolution{Document: s.doc}, nil
}

func TestMux(t *testing.T) {
	want := &Document{ID: "did:ex:1"}
	m := NewMux(map[string]Resolver{"ex": stub{want}})
	if r, err := m.Resolve(t.Context(), "did:ex:1", ResolveOptions{}); err != nil || r.Document != want {
		t.Errorf("%v", err)
	}
	for id, code := range map[DID][2]string{
		"did:web:example.com": {"did_method_unsupported", "methodNotSupported"},
		"did:ex:":             {"did_invalid", "invalidDid"},
		"ex":                  {"did_invalid", "invalidDid"},
	} {
		_, err := m.Resolve(t.Context(), id, ResolveOptions{})
		if explain.CodeOf(err) != code[0] || ResolutionError(err) != code[1] {
			t.Errorf("%s: %v, %s", id, err, ResolutionError(err))
		}
	}
	if w := ResolutionError(errors.New("x")); w != "internalError" {
		t.Error(w)
	}
	for _, c := range []string{"did_not_found", "did_options_invalid", "did_id_mismatch", "did_version_unknown"} {
		if ResolutionError(explain.Errorf(c, "x")) == "internalError" {
			t.Errorf("%s has no word", c)
		}
	}
}

// TestThreat18_JWKForOtherUses: a key that says it is not for verifying, or for
// another algorithm, stays in the document and verifies nothing.
func TestThreat18_JWKForOtherUses(t *testing.T) {
	for _, k := range []PublicKey{testEC(t, P256, 11), testEC(t, P384, 12), func() PublicKey { k, _ := testKey(t, 1); return k }()} {
		right := map[KeyKind]string{P256: "ES256", P384: "ES384", Ed25519: "EdDSA"}[k.Kind()]
		for more, usable := range map[string]bool{
			`{}`: true, `{"use":"sig","alg":"` + right + `","key_ops":["sign","verify"]}`: true,
			`{"use":"enc"}`: false, `{"use":null}`: false, `{"key_ops":["deriveBits"]}`: false, `{"key_ops":"verify"}`: false,
			`{"alg":"ES512"}`: false, `{"alg":["` + right + `"]}`: false,
		} {
			jwk := k.JWK()
			var add map[string]any
			if err := json.Unmarshal([]byte(more), &add); err != nil {
				t.Fatal(err)
			}
			for name, v := range add {
				jwk[name] = v
			}
			b, err := json.Marshal(map[string]any{
				"id": "did:ex:1", "assertionMethod": []any{map[string]any{"id": "#a", "type": "JsonWebKey", "controller": "did:ex:1", "publicKeyJwk": jwk}},
			})
			if err != nil {
				t.Fatal(err)
			}
			d, err := ParseDocument(b)
			if err != nil {
				t.Fatalf("%s %s: %v", k.Kind(), more, err)
			}
			m, err := d.Method("did:ex:1#a", AssertionMethod)
			if usable && (err != nil || m.Key != k) || !usable && explain.CodeOf(err) != "method_unsupported" {
				t.Errorf("%s %s: %v", k.Kind(), more, err)
			}
		}
	}
	if (PublicKey{}).JWK() != nil {
		t.Error("no key has a form")
	}
}
