package vc

// The threats that this package meets, by their numbers in the threat model.

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/vc/internal/ld"
)

// licence is a sealed credential as a tree to tamper with.
func licence(t testing.TB) map[string]any {
	t.Helper()
	return object(string(seal(t, claims(), board)))
}

func proofOf(doc map[string]any) map[string]any { return doc["proof"].(map[string]any) }

// refused checks that a document neither verifies nor parses to something that
// does, and with which code.
func refused(t *testing.T, what string, doc any, keys KeyFunc, codes ...string) {
	t.Helper()
	b, ok := doc.([]byte)
	if !ok {
		b = canonical(doc)
	}
	a, err := verify(b, keys)
	if err == nil || a.Authentic() {
		t.Errorf("%s: accepted", what)
		return
	}
	if got := explain.CodeOf(err); !slices.Contains(codes, got) {
		t.Errorf("%s: code %q, want one of %q (%v)", what, got, codes, err)
	}
}

func TestThreat01_Unsigned(t *testing.T) {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"vc+jwt"}`))
	body := base64.RawURLEncoding.EncodeToString(canonical(claims()))
	refused(t, "a JWT without a signature", []byte(header+"."+body+"."), selfKeys, "unsigned")
	refused(t, "as a JSON string", []byte(`"`+header+"."+body+`."`), selfKeys, "json_bad_type")
	d := claims()
	d["proof"] = map[string]any{"type": "JwtProof2020", "jwt": header + "." + body + "."}
	refused(t, "as a proof", d, selfKeys, "unsigned")
	for _, suite := range []any{"none", "", nil, "eddsa-jcs-2022", "ecdsa-rdfc-2019", "EDDSA-RDFC-2022", []any{"eddsa-rdfc-2022"}} {
		d := licence(t)
		proofOf(d)["cryptosuite"] = suite
		refused(t, fmt.Sprint(suite), d, selfKeys, "proof_unsupported")
	}
	envelope := `{"@context":"https://www.w3.org/ns/credentials/v2","type":"EnvelopedVerifiableCredential","id":"data:application/vc+jwt,` + header + "." + body + `."}`
	refused(t, "in an envelope", []byte(envelope), selfKeys, "unsigned")
	refused(t, "in an envelope in a presentation", []byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"verifiableCredential":[`+envelope+`]}`), selfKeys, "unsigned")
	refused(t, "in JSON serialisation", []byte(`{"protected":"`+header+`","payload":"`+body+`","signature":""}`), selfKeys, "unsigned")
	refused(t, "in general JSON serialisation", []byte(`{"payload":"`+body+`","signatures":[{"protected":"`+header+`","signature":""}]}`), selfKeys, "unsigned")
	p, err := parse(object(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"]}`), lenient)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.VerifyPresentation(selfKeys, PresentationPolicy{Challenge: "c", Domain: "d"})
	wantCode(t, err, "proof_missing")
}

func TestThreat02_NoProof(t *testing.T) {
	d := claims()
	refused(t, "no proof", d, selfKeys, "proof_missing")
	for _, c := range []struct {
		proof any
		code  string
	}{
		{nil, "proof_malformed"},
		{[]any{}, "proof_malformed"},
		{map[string]any{}, "proof_malformed"},
		{[]any{map[string]any{}}, "proof_malformed"},
		{"x", "proof_malformed"},
		{true, "proof_malformed"},
		{[]any{nil}, "proof_malformed"},
		{map[string]any{"type": "DataIntegrityProof"}, "proof_unsupported"},
	} {
		d["proof"] = c.proof
		refused(t, fmt.Sprint(c.proof), d, selfKeys, c.code)
		// Nor by the reader of proofs alone.
		_, err := parseProofs(c.proof, did.AssertionMethod)
		wantCode(t, err, "proof_missing", "proof_malformed", "proof_unsupported")
	}
	for _, name := range []string{"type", "cryptosuite", "verificationMethod", "proofPurpose", "proofValue"} {
		d := licence(t)
		delete(proofOf(d), name)
		refused(t, "without "+name, d, selfKeys, "proof_malformed", "proof_unsupported", "proof_value_malformed")
		d = licence(t)
		proofOf(d)[name] = nil
		refused(t, name+" null", d, selfKeys, "proof_malformed", "proof_unsupported", "proof_value_malformed")
	}
}

func TestThreat03_KeyedHash(t *testing.T) {
	d := licence(t)
	p, err := parseProof(proofOf(d), did.AssertionMethod)
	if err != nil {
		t.Fatal(err)
	}
	doc, _ := hashDocument(without(d, "proof"), nil)
	config, _ := hashConfig(d["@context"], &p)
	mac := hmac.New(sha512.New, board.key.Bytes())
	mac.Write(config[:])
	mac.Write(doc[:])
	proofOf(d)["proofValue"] = encodeSignature(mac.Sum(nil))
	refused(t, "a hash keyed with the public key", d, selfKeys, "proof_invalid")
}

func TestThreat04_KeyOfAnotherKind(t *testing.T) {
	ec, err := did.ParseMultikey("zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv")
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "a P-256 key", licence(t), func(string, did.Relationship) (did.PublicKey, error) { return ec, nil }, "proof_wrong_key")
	refused(t, "no key", licence(t), func(string, did.Relationship) (did.PublicKey, error) { return did.PublicKey{}, nil }, "proof_wrong_key")
}

func TestThreat05_KeyFromTheDocument(t *testing.T) {
	// Signed by another's key under the board's method; the key is put along.
	mallory := otherOrg
	mallory.did, mallory.method = board.did, board.method
	for _, member := range []string{"", "publicKeyMultibase", "jwk", "publicKeyJwk", "jku", "x5c"} {
		d := signed(t, claims(), mallory, did.AssertionMethod, nil)
		if member != "" {
			proofOf(d)[member] = otherOrg.key.Multikey()
		}
		refused(t, "key in "+member, d, selfKeys, "proof_invalid", "term_undefined")
	}
}

// documentKeys looks a method up as a verifier does.
func documentKeys(t testing.TB, doc string) KeyFunc {
	t.Helper()
	d, err := did.ParseDocument([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return func(method string, purpose did.Relationship) (did.PublicKey, error) {
		m, err := d.Method(method, purpose)
		return m.Key, err
	}
}

const testIssuer = "did:example:board"

func issuerDocument(methods ...string) string {
	return `{"@context":["https://www.w3.org/ns/did/v1"],"id":"` + testIssuer + `",` + strings.Join(methods, ",") + `}`
}

func byIssuer(p party, fragment string) party {
	p.did, p.method = testIssuer, testIssuer+"#"+fragment
	return p
}

func ofIssuer() map[string]any {
	c := claims()
	c["issuer"] = testIssuer
	return c
}

func TestThreat06_LooseKeyID(t *testing.T) {
	keys := documentKeys(t, issuerDocument(
		`"verificationMethod":[{"id":"#key-1","type":"Multikey","controller":"`+testIssuer+`","publicKeyMultibase":"`+board.key.Multikey()+`"},`+
			`{"id":"#key-10","type":"Multikey","controller":"`+testIssuer+`","publicKeyMultibase":"`+otherOrg.key.Multikey()+`"}]`,
		`"assertionMethod":["#key-1","#key-10"]`))
	for fragment, ok := range map[string]bool{"key-1": true, "key-10": false, "key-": false, "key": false, "KEY-1": false, "key-1/": false, "1": false} {
		b := canonical(signed(t, ofIssuer(), byIssuer(board, fragment), did.AssertionMethod, nil))
		_, err := verify(b, keys)
		if (err == nil) != ok {
			t.Errorf("#%s: %v", fragment, err)
		}
	}
	for _, method := range []string{testIssuer, testIssuer + "#", "#key-1", "key-1", "", testIssuer + "#key-1#key-1", " " + testIssuer + "#key-1"} {
		d := signed(t, ofIssuer(), byIssuer(board, "key-1"), did.AssertionMethod, nil)
		proofOf(d)["verificationMethod"] = method
		refused(t, method, d, keys, "proof_malformed")
	}
}

func TestThreat07_ForeignMethod(t *testing.T) {
	// The board's document lists a method that belongs to someone else.
	keys := documentKeys(t, issuerDocument(
		`"verificationMethod":[{"id":"#key-1","type":"Multikey","controller":"did:example:other","publicKeyMultibase":"`+board.key.Multikey()+`"}]`,
		`"assertionMethod":["#key-1"]`))
	refused(t, "foreign controller", signed(t, ofIssuer(), byIssuer(board, "key-1"), did.AssertionMethod, nil), keys, "method_foreign_controller")
}

func TestThreat08_Purpose(t *testing.T) {
	keys := documentKeys(t, issuerDocument(
		`"verificationMethod":[{"id":"#key-1","type":"Multikey","controller":"`+testIssuer+`","publicKeyMultibase":"`+board.key.Multikey()+`"}]`,
		`"authentication":["#key-1"]`))
	by := byIssuer(board, "key-1")
	refused(t, "a key for authentication only", signed(t, ofIssuer(), by, did.AssertionMethod, nil), keys, "method_wrong_purpose")
	refused(t, "a proof for authentication", signed(t, ofIssuer(), by, did.Authentication, nil), keys, "proof_purpose_wrong")
	for _, purpose := range []any{"capabilityInvocation", "AssertionMethod", "https://w3id.org/security#assertionMethod", ""} {
		d := licence(t)
		proofOf(d)["proofPurpose"] = purpose
		refused(t, fmt.Sprint(purpose), d, selfKeys, "proof_purpose_wrong")
	}
	// One good proof does not carry one of another purpose.
	d := licence(t)
	other := signed(t, claims(), otherOrg, did.Authentication, nil)
	d["proof"] = []any{d["proof"], other["proof"]}
	refused(t, "mixed purposes", d, selfKeys, "proof_purpose_wrong")
}

func TestThreat09_IssuerIsNotSigner(t *testing.T) {
	refused(t, "signed by another", signed(t, claims(), otherOrg, did.AssertionMethod, nil), selfKeys, "proof_not_issuer")
	c := claims()
	c["issuer"] = map[string]any{"id": board.did.String(), "name": "Board"}
	refused(t, "an issuer object, signed by another", signed(t, c, otherOrg, did.AssertionMethod, nil), selfKeys, "proof_not_issuer")
	if _, err := verify(canonical(signed(t, c, board, did.AssertionMethod, nil)), selfKeys); err != nil {
		t.Error(err)
	}
	c["issuer"] = "https://board.example/issuers/1"
	refused(t, "an issuer that is no DID", signed(t, c, board, did.AssertionMethod, nil), selfKeys, "proof_not_issuer")
	for _, issuer := range []string{board.did.String() + "x", board.did.String()[:40], strings.ToUpper(board.did.String())} {
		c["issuer"] = issuer
		refused(t, "an issuer alike", signed(t, c, board, did.AssertionMethod, nil), selfKeys, "proof_not_issuer")
	}
}

func TestThreat10_ProofSet(t *testing.T) {
	good := proofOf(licence(t))
	second := proofOf(signed(t, object(string(canonical(without(licence(t), "proof")))), otherOrg, did.AssertionMethod, nil))
	forged := without(second, "")
	forged["proofValue"] = good["proofValue"]
	set := func(proofs ...any) map[string]any {
		d := licence(t)
		d["proof"] = proofs
		return d
	}
	for _, d := range []map[string]any{set(good), set(good, second), set(second, good)} {
		if _, err := verify(canonical(d), selfKeys); err != nil {
			t.Error(err)
		}
	}
	refused(t, "good, then forged", set(good, forged), selfKeys, "proof_invalid")
	refused(t, "forged, then good", set(forged, good), selfKeys, "proof_invalid")
	refused(t, "without the issuer's", set(second), selfKeys, "proof_not_issuer")
	onlyBoard := func(m string, r did.Relationship) (did.PublicKey, error) {
		if m != board.method {
			return did.PublicKey{}, explain.Errorf("method_not_found", "not the board's")
		}
		return selfKeys(m, r)
	}
	refused(t, "a second signer whom nobody knows", set(good, second), onlyBoard, "method_not_found")
	many := make([]any, maxProofs+1)
	for i := range many {
		many[i] = good
	}
	refused(t, "more than allowed", set(many...), selfKeys, "proof_malformed")
}

func TestThreat12_ProofChain(t *testing.T) {
	doc := without(licence(t), "proof")
	first := proofOf(signed(t, doc, otherOrg, did.AssertionMethod, map[string]any{"id": "urn:uuid:1"}))
	p, err := parseProof(first, did.AssertionMethod)
	if err != nil {
		t.Fatal(err)
	}
	chain := without(doc, "")
	chain["proof"] = []any{p.node}
	q, err := newProof(chain, map[string]any{"id": "urn:uuid:2", "created": "2026-11-21T09:31:00Z", "verificationMethod": board.method, "previousProof": "urn:uuid:1"},
		board.did, did.AssertionMethod, board.sign)
	if err != nil {
		t.Fatal(err)
	}
	second := q.node
	with := func(proofs ...any) map[string]any {
		d := without(doc, "")
		d["proof"] = proofs
		return d
	}
	for _, d := range []map[string]any{with(first, second), with(second, first)} {
		if _, err := verify(canonical(d), selfKeys); err != nil {
			t.Error(err)
		}
	}
	change := func(n map[string]any, name string, v any) map[string]any {
		n = without(n, "")
		n[name] = v
		return n
	}
	refused(t, "the first is missing", with(second), selfKeys, "proof_chain_broken")
	refused(t, "the first has no id", with(without(first, "id"), second), selfKeys, "proof_chain_broken")
	refused(t, "the first is signed anew", with(proofOf(signed(t, doc, otherOrg, did.AssertionMethod, map[string]any{"id": "urn:uuid:1", "created": "2026-11-21T10:00:00Z"})), second), selfKeys, "proof_invalid")
	refused(t, "the link is cut", with(first, without(second, "previousProof")), selfKeys, "proof_invalid")
	refused(t, "two of one id", with(first, change(second, "id", "urn:uuid:1")), selfKeys, "proof_chain_broken")
	refused(t, "itself", with(first, change(second, "previousProof", "urn:uuid:2")), selfKeys, "proof_chain_broken")
	refused(t, "a circle", with(change(first, "previousProof", "urn:uuid:2"), second), selfKeys, "proof_chain_broken")
	for _, v := range []any{[]any{}, true, nil, "", map[string]any{"id": "urn:uuid:1"}, []any{"urn:uuid:1", true}, []any{"urn:uuid:1", "urn:uuid:1"}, []any{"urn:uuid:1", "urn:uuid:3"}, []any{[]any{"urn:uuid:1"}}} {
		refused(t, fmt.Sprint(v), with(first, change(second, "previousProof", v)), selfKeys, "proof_chain_broken")
	}
}

func TestThreat13_EdwardsEdges(t *testing.T) {
	d := licence(t)
	sig, ok := decodeSignature(proofOf(d)["proofValue"].(string))
	if !ok {
		t.Fatal("proofValue")
	}
	// S + L is the same number to a careless verifier.
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := slices.Clone(sig[32:])
	slices.Reverse(s)
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), order)
	twin := append(slices.Clone(sig[:32]), make([]byte, 32)...)
	le := sum.FillBytes(make([]byte, 32))
	slices.Reverse(le)
	copy(twin[32:], le)
	proofOf(d)["proofValue"] = encodeSignature(twin)
	refused(t, "S + L", d, selfKeys, "proof_invalid")
	// The neutral element as key and R, S = 0, signs everything.
	neutral := make([]byte, 32)
	neutral[0] = 1
	if _, err := did.NewPublicKey(did.Ed25519, neutral); err == nil {
		t.Error("a key of small order exists")
	}
}

func TestThreat17_NamesOnOutput(t *testing.T) {
	var names func(v any) []string
	names = func(v any) (out []string) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				out = append(append(out, k), names(e)...)
			}
		case []any:
			for _, e := range v {
				out = append(out, names(e)...)
			}
		}
		slices.Sort(out)
		return out
	}
	c := claims()
	subject := c["credentialSubject"].(map[string]any)
	subject["givenName"] = `","issuer":"did:example:evil","x":"` + "\u2028\\"
	want := append(names(c), names(map[string]any{"proof": map[string]any{"type": 1, "cryptosuite": 1, "created": 1, "verificationMethod": 1, "proofPurpose": 1, "proofValue": 1}})...)
	slices.Sort(want)
	got := object(string(seal(t, c, board)))
	if !slices.Equal(names(got), want) {
		t.Errorf("names %q, want %q", names(got), want)
	}
	if got["credentialSubject"].(map[string]any)["givenName"] != subject["givenName"] {
		t.Error("the value changed")
	}
	for _, name := range []string{`a":"b`, "a\"", "é", "__proto__", "a\nb", ""} {
		c := claims()
		c["credentialSubject"].(map[string]any)[name] = "x"
		if _, err := NewDraft(c); err == nil {
			t.Errorf("%q: a name of its own was let through", name)
		}
	}
}

func TestThreat21_EmptySignature(t *testing.T) {
	for _, v := range []any{"z" + strings.Repeat("1", 64), "z", "", "z1", nil, 0, strings.Repeat("1", 65), "z" + strings.Repeat("1", 63), "z" + strings.Repeat("1", 65)} {
		d := licence(t)
		proofOf(d)["proofValue"] = v
		if n, ok := v.(int); ok {
			proofOf(d)["proofValue"] = []any{fmt.Sprint(n)}
		}
		refused(t, fmt.Sprint(v), d, selfKeys, "proof_invalid", "proof_value_malformed")
	}
}

func TestThreat22_DuplicateKeys(t *testing.T) {
	b := string(seal(t, claims(), board))
	for _, c := range [][2]string{
		{`{"@context"`, `{"issuer":"did:example:evil","@context"`},
		{`"proof":{`, `"proof":{},"proof":{`},
		{`"proof":{`, `"pr\u006fof":{},"proof":{`},
		{`"familyName":`, `"familyName":"Evil","familyName":`},
		{`"familyName":`, `"f\u0061milyName":"Evil","familyName":`},
		{`"anchor":`, `"\u0061nchor":"x","anchor":`},
	} {
		changed := strings.Replace(b, c[0], c[1], 1)
		if changed == b {
			t.Fatal(c)
		}
		refused(t, c[1], []byte(changed), selfKeys, "json_duplicate_key")
	}
}

func TestThreat23_DepthAndSize(t *testing.T) {
	b := string(seal(t, claims(), board))
	put := func(s string) []byte { return []byte(strings.Replace(b, `{"@context"`, `{"name":`+s+`,"@context"`, 1)) }
	start := time.Now()
	refused(t, "deep", put(strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), selfKeys, "json_too_deep")
	refused(t, "deep objects", put(strings.Repeat(`{"a":`, 100_000)+"1"+strings.Repeat("}", 100_000)), selfKeys, "json_too_deep")
	refused(t, "wide", put("["+strings.Repeat("1,", 200_000)+"1]"), selfKeys, "json_too_large")
	refused(t, "long", put(`"`+strings.Repeat("a", 64<<20)+`"`), selfKeys, "json_too_large")
	if d := time.Since(start); d > 10*time.Second {
		t.Error("took", d)
	}
	many := `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"verifiableCredential":[` +
		strings.TrimSuffix(strings.Repeat(`{"type":["VerifiableCredential"]},`, maxCredentials+1), ",") + `]}`
	_, err := Parse([]byte(many))
	wantCode(t, err, "presentation_invalid")
}

func TestThreat24_Numbers(t *testing.T) {
	for _, s := range []string{"9007199254740992", "-9007199254740992", "1e400", "-0", "-0.0", "1e-400", "123456789012345678901234567890"} {
		b := strings.Replace(string(seal(t, claims(), board)), `{"@context"`, `{"name":`+s+`,"@context"`, 1)
		refused(t, s, []byte(b), selfKeys, "json_bad_number")
	}
	// One number has one leaf, however it is spelt.
	leaves := map[[32]byte]bool{}
	for _, s := range []string{"1", "1.0", "10e-1", "1E0"} {
		c := claims()
		c["evidence"].([]any)[0].(map[string]any)["n"] = object(`{"n":` + s + `}`)["n"]
		l, err := leaf(c, testChain, testSalt)
		if err != nil {
			t.Fatal(err)
		}
		leaves[l] = true
	}
	if len(leaves) != 1 {
		t.Error("several leaves for one number")
	}
}

func TestThreat25_IllFormedText(t *testing.T) {
	b := string(seal(t, claims(), board))
	for what, c := range map[string]struct{ s, code string }{
		"invalid UTF-8":  {strings.Replace(b, "Zelda", "Zel\xffda", 1), "json_bad_utf8"},
		"overlong":       {strings.Replace(b, "Zelda", "Zel\xc0\x80da", 1), "json_bad_utf8"},
		"lone surrogate": {strings.Replace(b, "Zelda", `Zel\ud800da`, 1), "json_bad_utf8"},
		"NUL":            {strings.Replace(b, "Zelda", `Zel\u0000da`, 1), "json_bad_char"},
		"raw NUL":        {strings.Replace(b, "Zelda", "Zel\x00da", 1), "json_syntax"},
		"byte order":     {"\xef\xbb\xbf" + b, "json_syntax"},
		"trailing":       {b + "{}", "json_syntax"},
	} {
		refused(t, what, []byte(c.s), selfKeys, c.code)
	}
}

// contextOf puts another list of contexts into a signed document.
func contextOf(t *testing.T, list string) map[string]any {
	t.Helper()
	d := licence(t)
	d["@context"] = object(`{"c":` + list + `}`)["c"]
	return d
}

func TestThreat26_Contexts(t *testing.T) {
	const v2, ours = `"https://www.w3.org/ns/credentials/v2"`, `"urn:bonafide:context:v1"`
	for list, codes := range map[string][]string{
		`[` + v2 + `,"https://evil.example/context"]`:            {"context_unknown"},
		`[` + v2 + `,` + ours + `,"https://evil.example/c"]`:     {"context_unknown"},
		`[` + v2 + `,"file:///etc/passwd",` + ours + `]`:         {"context_unknown"},
		`[` + v2 + `,` + ours + `,{"x":"https://evil.example"}]`: {"context_unknown"},
		`[` + v2 + `,` + ours + `,{}]`:                           {"context_unknown"},
		`[` + ours + `,` + v2 + `]`:                              {"context_shape"},
		`[` + ours + `]`:                                         {"context_shape"},
		`[]`:                                                     {"context_shape"},
		v2:                                                       {"context_shape"},
		`null`:                                                   {"context_shape"},
		`[` + v2 + `,null]`:                                      {"context_shape"},
		`["https://www.w3.org/ns/credentials/v2#",` + ours + `]`: {"context_shape"},
		`["https://www.w3.org/2018/credentials/v1"]`:             {"context_shape"},
	} {
		refused(t, list, contextOf(t, list), selfKeys, codes...)
	}
	// Inside the document, signed or not, whatever it says.
	for _, own := range []any{map[string]any{}, "urn:bonafide:context:v1", []any{}, nil, map[string]any{"familyName": "urn:x:y"}} {
		for _, sign := range []bool{false, true} {
			c := without(licence(t), "proof")
			c["credentialSubject"].(map[string]any)["@context"] = own
			d := without(c, "")
			d["proof"] = licence(t)["proof"]
			if sign {
				p, err := newProof(c, map[string]any{"created": "2026-11-21T09:30:00Z", "verificationMethod": board.method}, board.did, did.AssertionMethod, board.sign)
				if err != nil {
					continue // not even signable
				}
				d["proof"] = p.node
			}
			refused(t, fmt.Sprint("in the subject: ", own), d, selfKeys, "context_nested", "term_undefined", "proof_invalid", "context_protected", "jsonld_invalid", "context_invalid")
		}
	}
	// The proof's own may only repeat what the document's begins with.
	for own, codes := range map[string][]string{
		`["https://www.w3.org/ns/credentials/v2"]`:                               nil,
		`"https://www.w3.org/ns/credentials/v2"`:                                 nil,
		`["https://www.w3.org/ns/credentials/v2","urn:bonafide:context:v1"]`:     nil,
		`["https://www.w3.org/ns/credentials/v2","urn:bonafide:context:v1","x"]`: {"context_nested"},
		`["urn:bonafide:context:v1"]`:                                            {"context_nested"},
		`{}`:                                                                     {"context_nested"},
		`null`:                                                                   {"context_nested"},
	} {
		d := licence(t)
		proofOf(d)["@context"] = object(`{"c":` + own + `}`)["c"]
		if codes != nil {
			refused(t, own, d, selfKeys, codes...)
		} else if _, err := verify(canonical(d), selfKeys); err != nil {
			t.Errorf("%s: %v", own, err)
		}
	}
}

func TestThreat27_TermsRenamed(t *testing.T) {
	const base = "https://www.w3.org/ns/credentials/v2"
	const vocab = "urn:bonafide:vocab:v1#"
	// The statements of the licence with its family name under another term:
	// the signature holds, and the result must be refused all the same.
	d := licence(t)
	contexts := []any{base, "urn:bonafide:context:v1", map[string]any{"note": vocab + "familyName"}}
	d["@context"] = contexts
	subject := d["credentialSubject"].(map[string]any)
	subject["note"] = subject["familyName"]
	delete(subject, "familyName")
	if err := checkProofs(d); err != nil {
		t.Error("the trick does not even work:", err)
	}
	refused(t, "an inline context renames a term", d, selfKeys, "context_unknown")
	// The same without a context: the term's URL for the term.
	d = licence(t)
	subject = d["credentialSubject"].(map[string]any)
	subject[vocab+"familyName"] = subject["familyName"]
	delete(subject, "familyName")
	if err := checkProofs(d); err != nil {
		t.Error("the trick does not even work:", err)
	}
	refused(t, "a URL for a term", d, selfKeys, "term_unsigned")
	// Keywords for their terms.
	d = licence(t)
	subject = d["credentialSubject"].(map[string]any)
	subject["@id"] = subject["id"]
	delete(subject, "id")
	if err := checkProofs(d); err != nil {
		t.Error("the trick does not even work:", err)
	}
	refused(t, "@id for id", d, selfKeys, "term_unsigned")
	// A label for a node without a name.
	d = licence(t)
	d["credentialSubject"].(map[string]any)["licence"].(map[string]any)["id"] = "_:b0"
	if err := checkProofs(d); err != nil {
		t.Error("the trick does not even work:", err)
	}
	refused(t, "a blank node's label", d, selfKeys, "term_unsigned")
	d = licence(t)
	subject = d["credentialSubject"].(map[string]any)
	subject["@id"] = subject["id"]
	refused(t, "@id beside id", d, selfKeys, "term_unsigned", "jsonld_invalid")
	d = licence(t)
	subject = d["credentialSubject"].(map[string]any)
	subject["@type"] = subject["type"]
	delete(subject, "type")
	refused(t, "@type for type", d, selfKeys, "term_unsigned", "term_undefined")
	d = licence(t)
	subject = d["credentialSubject"].(map[string]any)
	subject["familyName"] = map[string]any{"@value": subject["familyName"], "@type": "http://www.w3.org/2001/XMLSchema#string"}
	refused(t, "a value object for a text", d, selfKeys, "term_unsigned")
	for _, inline := range []string{
		`{"@vocab":"https://evil.example/#"}`, `{"@base":"https://evil.example/"}`, `{"@import":"https://www.w3.org/ns/credentials/v2"}`,
		`{"familyName":"` + vocab + `givenName"}`, `{"@protected":false}`, `{"type":"@id"}`, `{"Practitioner":null}`, `{"@propagate":false}`, `{"@version":1.0}`,
	} {
		d := licence(t)
		d["@context"] = []any{base, "urn:bonafide:context:v1", object(`{"c":` + inline + `}`)["c"]}
		refused(t, inline, d, selfKeys, "context_unknown", "context_protected", "context_invalid", "jsonld_invalid", "jsonld_unsupported", "proof_invalid")
	}
	// Contexts that are known but not those that were signed with.
	for _, other := range []string{`["` + base + `"]`, `["` + base + `","https://www.w3.org/ns/credentials/undefined-terms/v2"]`, `["` + base + `","https://www.w3.org/ns/credentials/examples/v2"]`} {
		refused(t, other, contextOf(t, other), selfKeys, "proof_invalid", "term_undefined")
	}
}

func TestThreat28_DroppedTerms(t *testing.T) {
	for name, change := range map[string]func(d map[string]any){
		"at the top":     func(d map[string]any) { d["nickname"] = "Zel" },
		"in the subject": func(d map[string]any) { d["credentialSubject"].(map[string]any)["nickname"] = "Zel" },
		"in the proof":   func(d map[string]any) { proofOf(d)["nickname"] = "Zel" },
		"a type":         func(d map[string]any) { d["type"] = append(d["type"].([]any), "Nickname") },
		"in the licence": func(d map[string]any) {
			d["credentialSubject"].(map[string]any)["licence"].(map[string]any)["unlimited"] = true
		},
		"in the status": func(d map[string]any) { d["credentialStatus"].([]any)[0].(map[string]any)["note"] = "x" },
		"in evidence":   func(d map[string]any) { d["evidence"].([]any)[0].(map[string]any)["note"] = "x" },
	} {
		d := licence(t)
		change(d)
		refused(t, name, d, selfKeys, "term_undefined")
		delete(d, "proof")
		d["evidence"].([]any)[0].(map[string]any)["anchor"] = ""
		if name != "in the proof" {
			_, err := NewDraft(d)
			wantCode(t, err, "term_undefined")
		}
	}
	// Nothing and nobody: null, empty arrays and repeats make no statement.
	for name, v := range map[string]any{"validUntil": nil, "description": nil, "name": []any{}, "refreshService": []any{}, "image": nil} {
		c := claims()
		delete(c, name)
		d := signed(t, c, board, did.AssertionMethod, nil)
		d[name] = v
		if _, err := verify(canonical(d), selfKeys); err == nil {
			t.Errorf("%s: %v was added to a signed document", name, v)
		}
	}
	d := licence(t)
	d["type"] = append(d["type"].([]any), "ProfessionalLicence")
	refused(t, "a type twice", d, selfKeys, "term_unsigned")
}

// Threat 29 as it comes through this door.
func TestThreat29_Poison(t *testing.T) {
	// Nine nodes without names, each of which knows all others.
	var nodes []any
	for i := range 9 {
		var knows []any
		for j := range 9 {
			if i != j {
				knows = append(knows, map[string]any{"id": fmt.Sprintf("_:b%d", j)})
			}
		}
		nodes = append(nodes, map[string]any{"id": fmt.Sprintf("_:b%d", i), "type": "Practitioner", "licence": knows})
	}
	c := claims()
	c["credentialSubject"] = nodes
	d := without(c, "")
	d["proof"] = licence(t)["proof"]
	start := time.Now()
	if _, err := verify(canonical(d), selfKeys); err == nil {
		t.Error("accepted")
	}
	// Without the model in between.
	if _, err := ld.ToCanonical(c); err == nil {
		t.Error("canonicalised")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Error("took", took)
	}
}

func TestThreat31_UnsignedOuterObject(t *testing.T) {
	for name, change := range map[string]func(d map[string]any){
		"the name":     func(d map[string]any) { d["credentialSubject"].(map[string]any)["familyName"] = "Evil" },
		"the holder":   func(d map[string]any) { d["credentialSubject"].(map[string]any)["id"] = otherOrg.did.String() },
		"the index":    func(d map[string]any) { d["credentialStatus"].([]any)[0].(map[string]any)["statusIndex"] = "3" },
		"the validity": func(d map[string]any) { d["validUntil"] = "2099-12-31T23:59:59Z" },
		"the anchor":   func(d map[string]any) { d["evidence"].([]any)[0].(map[string]any)["anchor"] = "x" },
		"the proof":    func(d map[string]any) { proofOf(d)["created"] = "2020-01-01T00:00:00Z" },
		"another type": func(d map[string]any) { d["type"] = []any{"VerifiableCredential", "BoardCertification"} },
		"no status":    func(d map[string]any) { delete(d, "credentialStatus") },
		"two subjects": func(d map[string]any) {
			s := d["credentialSubject"]
			d["credentialSubject"] = []any{s, map[string]any{"id": "did:example:evil"}}
		},
		"more statuses": func(d map[string]any) {
			d["credentialStatus"] = append(d["credentialStatus"].([]any), map[string]any{"type": "LedgerStatusEntry", "statusIndex": "9"})
		},
	} {
		d := licence(t)
		change(d)
		refused(t, name, d, selfKeys, "proof_invalid")
	}
	// Claims beside a token that was signed.
	d := claims()
	d["proof"] = map[string]any{"type": "DataIntegrityProof", "jwt": "eyJhbGciOiJFZERTQSJ9.e30.AAAA"}
	refused(t, "claims beside a token", d, selfKeys, "proof_unsupported")
}

func TestThreat32_PresentationNotFolded(t *testing.T) {
	policy := PresentationPolicy{Challenge: "nonce-1", Domain: "did:example:hospital"}
	cred := seal(t, claims(), board)
	make := func(challenge, domain string, inner map[string]any) *Parsed {
		doc := object(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"holder":"` + holder.did.String() + `"}`)
		doc["verifiableCredential"] = []any{inner}
		p, err := Parse(canonical(signed(t, doc, holder, did.Authentication, map[string]any{"challenge": challenge, "domain": domain})))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	inner := object(string(cred))
	if _, err := make("nonce-1", "did:example:hospital", inner).VerifyPresentation(selfKeys, policy); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p      *Parsed
		policy PresentationPolicy
		code   string
	}{
		{make("nonce-2", "did:example:hospital", inner), policy, "challenge_mismatch"},
		{make("nonce-1", "did:example:clinic", inner), policy, "domain_mismatch"},
		{make("nonce-1", "did:example:hospital", inner), PresentationPolicy{Challenge: "nonce-1"}, "presentation_unbound"},
		{make("nonce-1", "did:example:hospital", inner), PresentationPolicy{Domain: "did:example:hospital"}, "presentation_unbound"},
	} {
		got, err := c.p.VerifyPresentation(selfKeys, c.policy)
		wantCode(t, err, c.code)
		if got.Holder != "" || got.Credentials != nil {
			t.Error("something came back with the error")
		}
	}
	// Several domains are not the one that was asked for.
	doc := object(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"]}`)
	p, err := parse(signed(t, doc, holder, did.Authentication, map[string]any{"challenge": "nonce-1", "domain": []any{"did:example:hospital", "did:example:clinic"}}), lenient)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.VerifyPresentation(selfKeys, policy)
	wantCode(t, err, "domain_mismatch")
	// The holder signs whatever is inside: only its own proof makes it authentic.
	forged := object(string(cred))
	forged["credentialSubject"].(map[string]any)["familyName"] = "Evil"
	pres, err := make("nonce-1", "did:example:hospital", forged).VerifyPresentation(selfKeys, policy)
	if err != nil {
		t.Fatal(err)
	}
	_, err = pres.Credentials[0].Verify(selfKeys)
	wantCode(t, err, "proof_invalid")
	// What is inside is held in place.
	d := make("nonce-1", "did:example:hospital", inner).doc
	d["verifiableCredential"] = []any{forged}
	_, err = (&Parsed{kind: KindPresentation, doc: d}).VerifyPresentation(selfKeys, policy)
	wantCode(t, err, "proof_invalid")
	d["verifiableCredential"] = []any{}
	_, err = (&Parsed{kind: KindPresentation, doc: d}).VerifyPresentation(selfKeys, policy)
	wantCode(t, err, "proof_invalid")
	// Signed by someone else than the holder that it names.
	doc = object(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"holder":"` + holder.did.String() + `"}`)
	options := map[string]any{"challenge": "nonce-1", "domain": "did:example:hospital"}
	p, err = parse(signed(t, doc, otherOrg, did.Authentication, options), lenient)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.VerifyPresentation(selfKeys, policy)
	wantCode(t, err, "holder_not_signer")
	two := signed(t, doc, holder, did.Authentication, options)
	two["proof"] = []any{two["proof"], signed(t, doc, otherOrg, did.Authentication, options)["proof"]}
	p, err = parse(two, lenient)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.VerifyPresentation(selfKeys, policy)
	wantCode(t, err, "holder_not_signer")
}

func TestThreat33_Confusion(t *testing.T) {
	policy := PresentationPolicy{Challenge: "c", Domain: "d"}
	cred, err := Parse(seal(t, claims(), board))
	if err != nil {
		t.Fatal(err)
	}
	_, err = cred.VerifyPresentation(selfKeys, policy)
	wantCode(t, err, "not_a_presentation")
	b, err := Present(holder.did, nil, "c", "d", holder.method, testTime, holder.sign)
	if err != nil {
		t.Fatal(err)
	}
	pres, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	_, err = pres.Verify(selfKeys)
	wantCode(t, err, "not_a_credential")
	_, err = pres.Leaf(testChain, testSalt)
	wantCode(t, err, "not_a_credential")
	// Both at once, in either order.
	for _, types := range [][]any{{"VerifiableCredential", "VerifiablePresentation"}, {"VerifiablePresentation", "VerifiableCredential"}} {
		c := claims()
		c["type"] = types
		_, err := Parse(canonical(c))
		wantCode(t, err, "type_invalid")
		d := object(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"]}`)
		d["verifiableCredential"] = c
		_, err = Parse(canonical(d))
		wantCode(t, err, "type_invalid")
	}
	// A presentation whose proof asserts, and a credential whose proof
	// authenticates.
	doc := without(pres.doc, "proof")
	p, err := parse(signed(t, doc, holder, did.AssertionMethod, map[string]any{"challenge": "c", "domain": "d"}), lenient)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.VerifyPresentation(selfKeys, policy)
	wantCode(t, err, "proof_purpose_wrong")
	refused(t, "a credential signed for authentication", signed(t, claims(), board, did.Authentication, nil), selfKeys, "proof_purpose_wrong")
	// Other things that are JSON.
	for _, s := range []string{`{}`, `{"type":"LedgerAnchor"}`, `{"iss":"x","vct":"y"}`, `{"type":[]}`, `{"type":{"VerifiableCredential":1}}`, `{"type":[["VerifiableCredential"]]}`} {
		refused(t, s, []byte(s), selfKeys, "not_a_credential")
	}
	for _, s := range []string{`[]`, `null`, `"x"`, `1`} {
		refused(t, s, []byte(s), selfKeys, "json_bad_type")
	}
	// A credential about a status list says so in its types.
	c := claims()
	c["type"] = []any{"VerifiableCredential", "BitstringStatusListCredential"}
	a, err := verify(canonical(signed(t, c, board, did.AssertionMethod, nil)), selfKeys)
	if err != nil || slices.Contains(a.Types(), "ProfessionalLicence") {
		t.Error(err)
	}
}

func TestThreat34_Types(t *testing.T) {
	for _, types := range [][]any{
		{"VerifiableCredential", "ProfessionalLicence", "BoardCertification"},
		{"VerifiableCredential", "BoardCertification"},
		{"VerifiableCredential"},
		{"ProfessionalLicence"},
	} {
		d := licence(t)
		d["type"] = types
		refused(t, fmt.Sprint(types), d, selfKeys, "proof_invalid", "not_a_credential")
	}
	// The order says nothing, and the signature does not hold it: all types
	// are there in either case.
	d := licence(t)
	d["type"] = []any{"ProfessionalLicence", "VerifiableCredential"}
	a, err := verify(canonical(d), selfKeys)
	if err != nil || len(a.Types()) != 2 || !slices.Contains(a.Types(), "ProfessionalLicence") {
		t.Error(err, a.Types())
	}
}

// Every byte of a credential, changed in several ways, gives the same claims
// or nothing.
func TestEveryByteCounts(t *testing.T) {
	b := seal(t, claims(), board)
	a, err := verify(b, selfKeys)
	if err != nil {
		t.Fatal(err)
	}
	want := canonical(a.Claims())
	for i := range b {
		for _, x := range []byte{0x01, 0x20, 0x80} {
			changed := bytes.Clone(b)
			changed[i] ^= x
			if a, err := verify(changed, selfKeys); err == nil && !bytes.Equal(canonical(a.Claims()), want) {
				t.Errorf("byte %d ^ %#x: other claims verify", i, x)
			}
		}
	}
}
