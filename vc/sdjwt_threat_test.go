package vc

// Attacks on SD-JWT VCs, on key bindings and on proofs of possession, numbered
// as the threat model numbers them.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/jose"
)

var enc64 = base64.RawURLEncoding.EncodeToString

// stranger is the payload of an issuer outside of the network.
func stranger() map[string]any {
	return object(`{"vct":"https://credentials.example/diploma","iss":"https://university.example","iat":1700000000,"degree":"MD"}`)
}

// key256 gives a key whatever it is asked for.
func key256(p party256) KeyFunc {
	return func(string, did.Relationship) (did.PublicKey, error) { return p.key, nil }
}

// raw256 is an SD-JWT with a header as it is written.
func raw256(header string, payload map[string]any, disclosures ...string) []byte {
	return []byte(rawToken(header, string(canonical(payload)), board256) + "~" + strings.Join(append(disclosures, ""), "~"))
}

// entries are the ways into the package for a token's bytes.
var entries = map[string]func(t *testing.T, token string) error{
	"as a credential": func(_ *testing.T, token string) error {
		_, err := verify([]byte(token), key256(board256))
		return err
	},
	"as a credential with a tilde": func(_ *testing.T, token string) error {
		_, err := verify([]byte(token+"~"), key256(board256))
		return err
	},
	"as a key binding": func(t *testing.T, token string) error {
		b := licence256(t)
		p, err := Parse(append(b, token...))
		if err != nil {
			return err
		}
		a, err := p.Verify(key256(board256))
		if err != nil {
			return err
		}
		return p.VerifyKeyBinding(a, bindingPolicy)
	},
	"as a proof of possession": func(_ *testing.T, token string) error {
		_, err := VerifyPossession([]byte(token), bindingPolicy.Challenge, bindingPolicy.Domain, testTime)
		return err
	},
	"as a status list": func(_ *testing.T, token string) error {
		_, err := VerifyStatusListToken([]byte(token), func(string, [][]byte) (did.PublicKey, error) { return holder256.key, nil })
		return err
	},
	"to be presented": func(_ *testing.T, token string) error {
		_, err := PresentSDJWT([]byte(token+"~"), nil, "n", "a", holder256.key, testTime, holder256.sign)
		return err
	},
	"to be presented as VCDM": func(_ *testing.T, token string) error {
		_, err := Present(holder.did, [][]byte{[]byte(token)}, "c", "d", holder.method, testTime, holder.sign)
		return err
	},
}

func TestThreat01_UnsignedTokens(t *testing.T) {
	for _, alg := range []string{"none", "NONE", "nOne"} {
		for _, typ := range []string{"dc+sd-jwt", "kb+jwt", "openid4vci-proof+jwt", "vc+jwt", "vp+jwt", "JWT"} {
			for _, sig := range []string{"", "AA", enc64(make([]byte, 64))} {
				token := enc64([]byte(`{"alg":"`+alg+`","typ":"`+typ+`"}`)) + "." + enc64(canonical(stranger())) + "." + sig
				for how, enter := range entries {
					if c := explain.CodeOf(enter(t, token)); c != "unsigned" {
						t.Errorf("%s %s %s: code %q", alg, typ, how, c)
					}
				}
			}
		}
	}
}

func TestThreat03_AlgorithmConfusionInSDJWT(t *testing.T) {
	for _, alg := range []string{"HS256", "ES384", "EdDSA", "RS256"} {
		for _, typ := range []string{"dc+sd-jwt", "kb+jwt", "openid4vci-proof+jwt"} {
			input := enc64([]byte(`{"alg":"`+alg+`","typ":"`+typ+`"}`)) + "." + enc64(canonical(stranger()))
			mac := hmac.New(sha256.New, board256.key.Uncompressed())
			mac.Write([]byte(input))
			token := input + "." + enc64(mac.Sum(nil))
			for how, enter := range entries {
				if how == "as a credential" || how == "to be presented as VCDM" {
					continue // a token without a tilde is no credential in any case
				}
				if c := explain.CodeOf(enter(t, token)); c != "proof_unsupported" {
					t.Errorf("%s %s %s: code %q", alg, typ, how, c)
				}
			}
		}
	}
}

func TestThreat04_SDJWTKeyOfAnotherKind(t *testing.T) {
	secret := must1(ecdsa.ParseRawPrivateKey(elliptic.P384(), append(make([]byte, 47), 1)))
	p384 := must1(did.NewPublicKey(did.P384, must1(secret.PublicKey.Bytes())))
	for _, key := range []did.PublicKey{p384, board.key, {}} {
		_, err := verify(licence256(t), func(string, did.Relationship) (did.PublicKey, error) { return key, nil })
		wantCode(t, err, "proof_wrong_key")
		_, err = ProvePossession(key, "n", "a", testTime, board.sign)
		wantCode(t, err, "proof_wrong_key", "key_invalid")
	}
	// A stranger's holder may have a key that cannot make a key binding.
	payload := stranger()
	payload["cnf"] = map[string]any{"jwk": must1(jose.WriteKey(board.key))}
	b := append(sdjwtStranger(t, payload), rawToken(`{"alg":"ES256","typ":"kb+jwt"}`, `{}`, holder256)...)
	p, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Verify(key256(board256))
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, p.VerifyKeyBinding(a, bindingPolicy), "proof_wrong_key")
}

// sdjwtStranger signs a payload under a kid that is no DID URL.
func sdjwtStranger(t testing.TB, payload map[string]any, disclosures ...string) []byte {
	t.Helper()
	return tokenOf(t, credentialProfile, jose.Header{Kid: "key-1"}, payload, board256, disclosures...)
}

func TestThreat05_KeyBroughtByTheToken(t *testing.T) {
	jwk := string(canonical(must1(jose.WriteKey(board256.key))))
	for _, member := range []string{`"jwk":` + jwk, `"jku":"https://evil.example"`, `"x5u":"https://evil.example"`} {
		_, err := Parse(raw256(`{"alg":"ES256","typ":"dc+sd-jwt",`+member+`}`, stranger()))
		wantCode(t, err, "token_header")
	}
	// With x5c the caller's KeyFunc decides; that it finds no root refuses it.
	b := tokenOf(t, credentialProfile, jose.Header{X5c: [][]byte{certificateFor(t, board256)}}, stranger(), board256)
	_, err := verify(b, fixedKey256(board256))
	wantCode(t, err, "method_not_found")
	p, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	_, err = VerifyChain(p.CertificatesHint(), certificateFor(t, other256), p.IssuerHint(), testTime)
	wantCode(t, err, "certificates_untrusted")
}

func TestThreat06_KidIsMatchedExactly(t *testing.T) {
	payload := func(iss string) map[string]any {
		m := stranger()
		m["iss"] = iss
		return m
	}
	for _, kid := range []string{"#" + board256.key.Multikey(), board256.key.Multikey(), "", board256.method + "0", board256.did.String()} {
		b := tokenOf(t, credentialProfile, jose.Header{Kid: kid}, payload(board256.did.String()), board256)
		_, err := verify(b, fixedKey256(board256))
		wantCode(t, err, "proof_malformed", "method_not_found")
	}
}

func TestThreat09_IssuerIsNotTheSigner(t *testing.T) {
	chain := [][]byte{certificateFor(t, other256)}
	for what, c := range map[string]struct {
		iss any
		h   jose.Header
	}{
		"another DID":         {board256.did.String(), jose.Header{Kid: other256.method}},
		"a DID that begins":   {board256.did.String()[:30], jose.Header{Kid: board256.method}},
		"no DID":              {"https://board.example", jose.Header{Kid: other256.method}},
		"no issuer":           {nil, jose.Header{Kid: other256.method, X5c: chain}},
		"with certificates":   {"https://board.example", jose.Header{Kid: other256.method, X5c: chain}},
		"a DID of the method": {"did:web:board.example", jose.Header{Kid: other256.method, X5c: chain}},
	} {
		m := stranger()
		if m["iss"] = c.iss; c.iss == nil {
			delete(m, "iss")
		}
		b := tokenOf(t, credentialProfile, c.h, m, other256)
		_, err := verify(b, key256(other256))
		if explain.CodeOf(err) != "proof_not_issuer" {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Someone else's signature under the issuer's method.
	b := tokenOf(t, credentialProfile, jose.Header{Kid: board256.method}, draft256(t, claims256(), holder256.key).doc, other256)
	_, err := verify(b, fixedKey256(board256))
	wantCode(t, err, "disclosure_unreferenced", "proof_invalid")
}

// The n−s twin of the issuer's signature is a valid signature. It makes no
// other credential: leaf, anchor and status are the same, and the holder's
// signature holds for one of the two only.
func TestThreat13_TwinIsNoOtherCredential(t *testing.T) {
	b := present256(t, licence256(t), "familyName")
	head, rest, _ := strings.Cut(string(b), "~")
	at := strings.LastIndexByte(head, '.') + 1
	sig, _ := jose.Decode64(head[at:])
	other := []byte(head[:at] + enc64(twin(sig)) + "~" + rest)
	p, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	q, err := Parse(other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = p.Verify(fixedKey256(board256)); err != nil {
		t.Fatal(err)
	}
	a, err := q.Verify(fixedKey256(board256))
	if err != nil {
		t.Fatal(err)
	}
	x, _ := p.Leaf(testChain, testSalt)
	y, _ := q.Leaf(testChain, testSalt)
	if x != y || bytes.Equal(b, other) {
		t.Error("the twin has another leaf")
	}
	wantCode(t, q.VerifyKeyBinding(a, bindingPolicy), "key_binding_other")
	// Edges.
	for _, sig := range [][]byte{make([]byte, 64), append(elliptic.P256().Params().N.Bytes(), elliptic.P256().Params().N.Bytes()...)} {
		_, err := verify([]byte(head[:at]+enc64(sig)+"~"), fixedKey256(board256))
		wantCode(t, err, "proof_invalid")
	}
	for _, sig := range [][]byte{sig[:63], append(slices.Clone(sig), 0), nil} {
		_, err := verify([]byte(head[:at]+enc64(sig)+"~"), fixedKey256(board256))
		wantCode(t, err, "proof_value_malformed")
	}
}

func TestThreat14_OneSpellingOfEachPart(t *testing.T) {
	b := string(present256(t, licence256(t), "familyName", "licence.number"))
	if _, err := Parse([]byte(b)); err != nil {
		t.Fatal(err)
	}
	parts := strings.FieldsFunc(b, func(r rune) bool { return r == '.' || r == '~' })
	if len(parts) != 8 {
		t.Fatal(len(parts))
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	changed := 0
	for _, part := range parts {
		for what, p := range map[string]string{
			"padding": part + "=", "a break": part[:4] + "\n" + part[4:], "a space": part + " ", "the other alphabet": "+" + part[1:],
			"unused bits": part[:len(part)-1] + string(alphabet[strings.IndexByte(alphabet, part[len(part)-1])|1]),
		} {
			if len(part)%4 == 0 && what == "unused bits" || p == part {
				continue
			}
			changed++
			if _, err := verify([]byte(strings.Replace(b, part, p, 1)), fixedKey256(board256)); err == nil {
				t.Errorf("%s: accepted", what)
			}
		}
	}
	if changed < 35 {
		t.Errorf("only %d spellings tried", changed)
	}
	sd := string(licence256(t))
	for what, s := range map[string]string{
		"a space before":        " " + sd,
		"two breaks after":      sd + "\n\n",
		"half a break after":    sd + "\r",
		"a break before":        "\n" + sd,
		"no tilde at the end":   strings.TrimSuffix(sd, "~"),
		"two tildes at the end": sd + "~",
		"an empty disclosure":   strings.Replace(sd, "~", "~~", 1),
		"a byte order mark":     "\ufeff" + sd,
		"JSON serialisation":    `{"payload":"e30","signatures":[{"protected":"e30","signature":"","header":{"disclosures":[]}}]}`,
		"flattened":             `{"payload":"e30","protected":"e30","signature":"","header":{"disclosures":[]}}`,
		"a string of JSON":      `"` + sd + `"`,
	} {
		a, err := verify([]byte(s), fixedKey256(board256))
		if err == nil || a.Authentic() || explain.CodeOf(err) == "" {
			t.Errorf("%s: accepted, or without a code: %v", what, err)
		}
	}
	for _, end := range []string{"\n", "\r\n"} {
		if _, err := verify([]byte(sd+end), fixedKey256(board256)); err != nil {
			t.Error("one line break after it:", err)
		}
	}
}

func TestThreat15_HoldersKey(t *testing.T) {
	good := must1(jose.WriteKey(holder256.key))
	for what, f := range map[string]func(m map[string]any){
		"off the curve": func(m map[string]any) { m["y"] = m["x"] },
		"short":         func(m map[string]any) { m["x"] = "AA" },
		"private":       func(m map[string]any) { m["d"] = m["x"] },
		"for secrecy":   func(m map[string]any) { m["use"] = "enc" },
		"for signing":   func(m map[string]any) { m["key_ops"] = []any{"sign"} },
		"another alg":   func(m map[string]any) { m["alg"] = "ES384" },
		"RSA":           func(m map[string]any) { m["kty"] = "RSA" },
	} {
		jwk := maps.Clone(good)
		f(jwk)
		for _, payload := range []map[string]any{stranger(), network()} {
			payload["cnf"] = map[string]any{"jwk": jwk}
			_, err := Parse(sdjwtOf(t, payload))
			if explain.CodeOf(err) != "holder_key_malformed" {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	for _, cnf := range []any{"x", nil, []any{}, map[string]any{"jwk": nil}} {
		payload := stranger()
		payload["cnf"] = cnf
		_, err := Parse(sdjwtOf(t, payload))
		wantCode(t, err, "holder_key_malformed")
	}
	// A board's own form is bare; a stranger's may say more, or name the key in
	// a way that names nobody here.
	extra := maps.Clone(good)
	extra["kid"] = "x"
	for _, c := range []struct {
		payload map[string]any
		cnf     map[string]any
		code    string
		key     did.PublicKey
	}{
		{network(), map[string]any{"jwk": extra}, "holder_key_malformed", did.PublicKey{}},
		{network(), map[string]any{"jwk": good, "kid": "x"}, "holder_key_malformed", did.PublicKey{}},
		{network(), map[string]any{"kid": "x"}, "holder_key_malformed", did.PublicKey{}},
		{network(), map[string]any{"jwk": good}, "", holder256.key},
		{stranger(), map[string]any{"jwk": extra}, "", holder256.key},
		{stranger(), map[string]any{"kid": "x"}, "", did.PublicKey{}},
	} {
		c.payload["cnf"] = c.cnf
		p, err := Parse(sdjwtOf(t, c.payload))
		if explain.CodeOf(err) != c.code || err == nil && p.sd.vc.holder != c.key {
			t.Errorf("%v: %v", c.cnf, err)
		}
	}
}

// network is the least that a board's payload says.
func network() map[string]any {
	return object(`{"vct":"` + testVct + `","iss":"` + board256.did.String() + `","nbf":1700000000,"exp":1900000000,
		"anchor":"AQ","status":{"ledger":{"idx":131075}},"licence":{"jurisdiction":"US-OH"}}`)
}

func TestThreat16_CriticalHeaders(t *testing.T) {
	for _, member := range []string{`"crit":["b64"],"b64":false`, `"crit":["x"],"x":1`, `"crit":[]`, `"b64":false`} {
		for _, typ := range []string{"dc+sd-jwt", "kb+jwt", "openid4vci-proof+jwt"} {
			token := rawToken(`{"alg":"ES256","typ":"`+typ+`",`+member+`}`, string(canonical(stranger())), board256)
			how := map[string]string{"dc+sd-jwt": "as a credential with a tilde", "kb+jwt": "as a key binding", "openid4vci-proof+jwt": "as a proof of possession"}[typ]
			if c := explain.CodeOf(entries[how](t, token)); c != "token_header" {
				t.Errorf("%s %s: code %q", member, typ, c)
			}
		}
	}
}

// The names of claims are written as they are read, whatever is in them.
func TestThreat17_NamesOfClaims(t *testing.T) {
	evil := []string{`a","iss":"did:example:evil`, `b":1,"exp`, "c\n", `\`, `"`, "d\u2028", `e]},{"x`}
	c := claims256()
	subject := c["credentialSubject"].(map[string]any)
	for _, name := range evil {
		subject[name] = `v","vct":"evil`
		subject["licence"].(map[string]any)[name] = "x"
	}
	b := seal256(t, draft256(t, c, holder256.key))
	a, err := verify(b, fixedKey256(board256))
	if err != nil {
		t.Fatal(err)
	}
	delete(subject, "id")
	if got, want := canonical(a.Claims()["credentialSubject"]), canonical(subject); !bytes.Equal(got, want) {
		t.Errorf("%s\nwant %s", got, want)
	}
	if a.Issuer() != board256.did || a.Vct() != testVct {
		t.Error("a name became a claim")
	}
	for _, nonce := range []string{`n","aud":"evil`, "x\ny", `\"`} {
		shown, err := PresentSDJWT(b, nil, nonce, `a","nonce":"evil`, holder256.key, testTime, holder256.sign)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Parse(shown)
		if err != nil || p.ChallengeHint() != nonce || p.DomainHint() != `a","nonce":"evil` {
			t.Error(err)
		}
	}
}

func TestThreat22_DuplicateNamesInSDJWT(t *testing.T) {
	body := `{"vct":"https://x.example","iss":"https://x.example"`
	for _, payload := range []string{
		body + `,"iss":"https://y.example"}`, body + `,"\u0069ss":"https://y.example"}`, body + `,"exp":1,"exp":2}`, body + `,"a":{"b":1,"b":2}}`,
		`[]`, `"x"`, `null`, ``, body, body + `}x`, body + `,"n":1e400}`, body + `,"n":9007199254740993}`, body + ",\"n\":\"\xff\"}", body + `,"n":"\u0000"}`,
	} {
		_, err := Parse([]byte(rawToken(`{"alg":"ES256","typ":"dc+sd-jwt"}`, payload, board256) + "~"))
		wantCode(t, err, "token_malformed")
	}
	for _, d := range []string{`["s","n",{"a":1,"a":2}]`, `["s","n",1e400]`, "[\"s\",\"n\",\"\xff\"]", `["s","n",1]x`} {
		text, digest := disclosed(d)
		m := stranger()
		m["_sd"] = []any{digest}
		_, err := Parse(sdjwtStranger(t, m, text))
		wantCode(t, err, "disclosure_malformed")
	}
	token := rawToken(`{"alg":"ES256","typ":"kb+jwt"}`, `{"nonce":"a","nonce":"nonce-1"}`, holder256)
	wantCode(t, entries["as a key binding"](t, token), "token_malformed")
}

func TestThreat23_BoundedSDJWT(t *testing.T) {
	start := time.Now()
	refuse := func(what string, b []byte, codes ...string) {
		t.Helper()
		_, err := Parse(b)
		if !slices.Contains(codes, explain.CodeOf(err)) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refuse("too long", bytes.Repeat([]byte("eyJ~"), 1<<20), "json_too_large")
	refuse("tildes alone", append([]byte("eyJ"), bytes.Repeat([]byte("~"), 1<<19)...), "token_malformed", "disclosure_malformed")
	token := strings.TrimSuffix(string(sdjwtStranger(t, stranger())), "~")
	refuse("many disclosures", []byte(token+strings.Repeat("~W10", maxDisclosures+1)+"~"), "disclosure_malformed")
	deep := strings.Repeat("[", 1000) + strings.Repeat("]", 1000)
	text, digest := disclosed(`["s","n",` + deep + `]`)
	m := stranger()
	m["_sd"] = []any{digest}
	refuse("a deep disclosure", sdjwtStranger(t, m, text), "disclosure_malformed")
	refuse("a deep payload", []byte(rawToken(`{"alg":"ES256","typ":"dc+sd-jwt"}`, deep, board256)+"~"), "token_malformed")
	refuse("a deep header", []byte(rawToken(`{"alg":"ES256","typ":`+deep+`}`, `{}`, board256)+"~"), "token_malformed")
	// Disclosures inside one another, each shallow.
	texts := []string{}
	inner := ""
	for range 200 {
		value := `{"x":1}`
		if inner != "" {
			value = `{"_sd":["` + inner + `"]}`
		}
		text, inner = disclosed(`["s","n",` + value + `]`)
		texts = append(texts, text)
	}
	m["_sd"] = []any{inner}
	refuse("a deep chain of disclosures", sdjwtStranger(t, m, texts...), "json_too_deep")
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %s", d)
	}
}

// Claims come from what the issuer signed and from nothing beside it.
func TestThreat31_ClaimsOutsideOfTheSignature(t *testing.T) {
	b := string(licence256(t))
	head, rest, _ := strings.Cut(b, "~")
	parts := strings.Split(head, ".")
	raw, _ := jose.Decode64(parts[1])
	m := object(string(raw))
	m["iss"] = other256.did.String()
	forged := parts[0] + "." + enc64(canonical(m)) + "." + parts[2] + "~" + rest
	_, err := verify([]byte(forged), key256(board256))
	wantCode(t, err, "proof_not_issuer")
	m["iss"] = board256.did.String()
	m["licence"].(map[string]any)["jurisdiction"] = "US-NY"
	_, err = verify([]byte(parts[0]+"."+enc64(canonical(m))+"."+parts[2]+"~"+rest), fixedKey256(board256))
	wantCode(t, err, "proof_invalid")
	// A claim beside the signed ones.
	text, _ := disclosed(`["0000000000000000000001","speciality","surgery"]`)
	_, err = verify([]byte(b+text+"~"), fixedKey256(board256))
	wantCode(t, err, "disclosure_unreferenced")
	// A claim that is changed.
	p, err := Parse([]byte(b))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range p.sd.disclosures {
		raw, _ := jose.Decode64(d.text)
		changed := enc64(bytes.Replace(raw, []byte(`"`+d.name+`","`), []byte(`"`+d.name+`","X`), 1))
		_, err := verify([]byte(strings.Replace(b, d.text, changed, 1)), fixedKey256(board256))
		if explain.CodeOf(err) != "disclosure_unreferenced" {
			t.Errorf("%s: %v", d.path, err)
		}
	}
	// Claims in the key binding are the holder's words.
	payload := canonical(map[string]any{
		"aud": bindingPolicy.Domain, "nonce": bindingPolicy.Challenge, "iat": seconds(testTime), "sd_hash": digestOf(b),
		"givenName": "Mallory", "licence": map[string]any{"number": "X"},
	})
	q, err := Parse(append([]byte(b), rawToken(`{"alg":"ES256","typ":"kb+jwt"}`, string(payload), holder256)...))
	if err != nil {
		t.Fatal(err)
	}
	a, err := q.Verify(fixedKey256(board256))
	if err != nil || !bytes.Equal(canonical(a.Claims()), canonical(vcShape())) {
		t.Error("the key binding changed the claims", err)
	}
	if err := q.VerifyKeyBinding(a, bindingPolicy); err != nil {
		t.Error(err)
	}
}

// Every kind of token that we know, at every place that takes one.
func TestThreat33_EveryPairOfKinds(t *testing.T) {
	sign := func(typ, payload string) string {
		return rawToken(`{"alg":"ES256","typ":"`+typ+`"}`, payload, holder256)
	}
	kb := string(present256(t, licence256(t)))
	kb = kb[strings.LastIndexByte(kb, '~')+1:]
	possession := must1(ProvePossession(holder256.key, bindingPolicy.Challenge, bindingPolicy.Domain, testTime, holder256.sign))
	answer := string(canonical(map[string]any{"aud": bindingPolicy.Domain, "nonce": bindingPolicy.Challenge, "iat": seconds(testTime)}))
	kinds := map[string]string{
		"SD-JWT VC":           strings.TrimSuffix(string(sdjwtStranger(t, stranger())), "~"),
		"key binding":         kb,
		"proof of possession": string(possession),
		"VC as JWT":           sign("vc+jwt", string(canonical(claims256()))),
		"VP as JWT":           sign("vp+jwt", `{"type":["VerifiablePresentation"]}`),
		"status list":         sign("statuslist+jwt", `{"status_list":{"bits":1,"lst":""}}`),
		"access token":        sign("at+jwt", answer),
		"id token":            sign("JWT", answer),
		"DPoP":                sign("dpop+jwt", answer),
		"SD-JWT of old":       sign("vc+sd-jwt", string(canonical(stranger()))),
		"SD-JWT of another":   sign("example+sd-jwt", string(canonical(stranger()))),
		"request object":      sign("oauth-authz-req+jwt", answer),
		"no type at all":      rawToken(`{"alg":"ES256"}`, answer, holder256),
		"VCDM credential":     string(seal(t, claims(), board)),
		"VCDM presentation":   string(must1(Present(holder.did, nil, "c", "d", holder.method, testTime, holder.sign))),
	}
	fits := map[string]string{
		"as a credential with a tilde": "SD-JWT VC", "as a key binding": "key binding", "as a proof of possession": "proof of possession",
		"as a status list": "status list",
	}
	tried := 0
	for kind, token := range kinds {
		for how, enter := range entries {
			err := enter(t, token)
			code := explain.CodeOf(err)
			tried++
			switch {
			case fits[how] == kind && kind == "key binding":
				// Its own credential has other digests: signatures of ECDSA differ.
				if code != "key_binding_other" {
					t.Errorf("%s %s: %v", kind, how, err)
				}
			case fits[how] == kind, kind == "VCDM credential" && strings.HasSuffix(how, "VCDM"):
				if err != nil {
					t.Errorf("%s %s: %v", kind, how, err)
				}
			case kind == "SD-JWT VC" && how == "to be presented":
				wantCode(t, err, "holder_key_missing")
			case err == nil:
				t.Errorf("%s %s: accepted", kind, how)
			case strings.HasPrefix(kind, "VCDM"), !strings.Contains(how, "tilde") && !strings.Contains(how, "key binding") && !strings.Contains(how, "possession") && how != "as a status list" && how != "to be presented":
				if code == "" {
					t.Errorf("%s %s: no code: %v", kind, how, err)
				}
			default:
				if code != "token_kind" {
					t.Errorf("%s %s: code %q", kind, how, code)
				}
			}
		}
	}
	if tried != len(kinds)*len(entries) || tried < 100 {
		t.Error("pairs tried:", tried)
	}
}

func TestThreat35_Disclosures(t *testing.T) {
	const salt = `"0000000000000000000001"`
	a, dA := disclosed(`[` + salt + `,"a","1"]`)
	same, dSame := disclosed(`["0000000000000000000002","a","2"]`)
	element, dElement := disclosed(`[` + salt + `,"1"]`)
	nested, dNested := disclosed(`[` + salt + `,"n",{"_sd":["` + dA + `"]}]`)
	sd, dSD := disclosed(`[` + salt + `,"_sd","1"]`)
	dots, dDots := disclosed(`[` + salt + `,"...","1"]`)
	with := func(change string, texts ...string) []byte {
		m := stranger()
		maps.Copy(m, object(change))
		return sdjwtStranger(t, m, texts...)
	}
	for _, c := range []struct {
		what string
		b    []byte
		code string
	}{
		{"one that is signed", with(`{"_sd":["`+dA+`"]}`, a), ""},
		{"one that is not", with(`{}`, a), "disclosure_unreferenced"},
		{"one inside of one that is not shown", with(`{"_sd":["`+dNested+`"]}`, a), "disclosure_unreferenced"},
		{"one inside of one that is shown", with(`{"_sd":["`+dNested+`"]}`, a, nested), ""},
		{"twice", with(`{"_sd":["`+dA+`"]}`, a, a), "disclosure_duplicate"},
		{"one digest twice in a place", with(`{"_sd":["`+dA+`","`+dA+`"]}`, a), "disclosure_duplicate"},
		{"one digest in two places", with(`{"_sd":["`+dA+`"],"x":{"_sd":["`+dA+`"]}}`, a), "disclosure_duplicate"},
		{"a decoy twice", with(`{"_sd":["x"],"x":{"_sd":["x"]}}`), "disclosure_duplicate"},
		{"a digest in an array and in an object", with(`{"_sd":["`+dElement+`"],"x":[{"...":"`+dElement+`"}]}`, element), "disclosure_duplicate"},
		{"a digest again in a disclosure", with(`{"_sd":["`+dNested+`","`+dA+`"]}`, a, nested), "disclosure_duplicate"},
		{"two of one name", with(`{"_sd":["`+dA+`","`+dSame+`"]}`, a, same), "disclosure_name"},
		{"a name that is there", with(`{"_sd":["`+dA+`"],"a":"0"}`, a), "disclosure_name"},
		{"a name that is there inside", with(`{"x":{"_sd":["`+dA+`"],"a":{}}}`, a), "disclosure_name"},
		{"named _sd", with(`{"_sd":["`+dSD+`"]}`, sd), "disclosure_name"},
		{"named ...", with(`{"_sd":["`+dDots+`"]}`, dots), "disclosure_name"},
		{"an element for a member", with(`{"_sd":["`+dElement+`"]}`, element), "disclosure_malformed"},
		{"a member for an element", with(`{"x":[{"...":"`+dA+`"}]}`, a), "disclosure_malformed"},
		{"_sd that is text", with(`{"_sd":"` + dA + `"}`), "disclosure_malformed"},
		{"_sd that is null", with(`{"_sd":null}`), "disclosure_malformed"},
		{"_sd of numbers", with(`{"_sd":[1]}`), "disclosure_malformed"},
		{"_sd that is an object", with(`{"x":{"_sd":{}}}`), "disclosure_malformed"},
		{"... outside of an array", with(`{"x":{"...":"`+dElement+`"}}`, element), "disclosure_malformed"},
		{"... at the top", with(`{"...":"x"}`), "disclosure_malformed"},
		{"... with more", with(`{"x":[{"...":"`+dElement+`","y":1}]}`, element), "disclosure_malformed"},
		{"... that is a number", with(`{"x":[{"...":1}]}`), "disclosure_malformed"},
		{"no base64url", with(`{}`, "%%"), "disclosure_malformed"},
		{"an object", with(`{}`, enc64([]byte(`{}`))), "disclosure_malformed"},
		{"a number", with(`{}`, enc64([]byte(`1`))), "disclosure_malformed"},
		{"an empty array", with(`{}`, enc64([]byte(`[]`))), "disclosure_malformed"},
		{"a salt alone", with(`{}`, enc64([]byte(`["a"]`))), "disclosure_malformed"},
		{"four parts", with(`{}`, enc64([]byte(`["a","b","c","d"]`))), "disclosure_malformed"},
		{"a salt that is a number", with(`{}`, enc64([]byte(`[1,"b","c"]`))), "disclosure_malformed"},
		{"a name that is a number", with(`{}`, enc64([]byte(`["a",1,"c"]`))), "disclosure_malformed"},
	} {
		_, err := verify(c.b, key256(board256))
		if got := explain.CodeOf(err); got != c.code || (err == nil) != (c.code == "") {
			t.Errorf("%s: code %q, want %q (%v)", c.what, got, c.code, err)
		}
	}
	// What is about the token is never a matter of disclosure.
	for _, name := range []string{"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "anchor", "_sd_alg"} {
		text, digest := disclosed(`[` + salt + `,"` + name + `","x"]`)
		for _, payload := range []map[string]any{stranger(), network()} {
			payload["_sd"] = []any{digest}
			if name == "iss" || name == "vct" {
				delete(payload, name)
			}
			_, err := Parse(sdjwtOf(t, payload, text))
			if got := explain.CodeOf(err); got != "disclosure_reserved" {
				t.Errorf("%s: code %q (%v)", name, got, err)
			}
		}
		// Inside of a claim the name means nothing, but for _sd and ... .
		payload := stranger()
		payload["x"] = map[string]any{"_sd": []any{digest}}
		if _, err := verify(sdjwtStranger(t, payload, text), key256(board256)); err != nil {
			t.Errorf("%s inside of a claim: %v", name, err)
		}
	}
	// A board's credential has more that is never one, and no room for other
	// words about what it is.
	for _, c := range []struct{ disclosure, place, code string }{
		{`"iat",1700000000`, `{"_sd":["%"]}`, "disclosure_reserved"},
		{`"jurisdiction","US-NY"`, `{"licence":{"_sd":["%"]}}`, "disclosure_reserved"},
		{`"licence",{"jurisdiction":"US-NY"}`, `{"_sd":["%"],"licence":null}`, "disclosure_reserved"},
		{`"type","Physician"`, `{"_sd":["%"]}`, "token_claim_reserved"},
		{`"id","did:example:evil"`, `{"_sd":["%"]}`, "token_claim_reserved"},
		{`"type","Permit"`, `{"licence":{"jurisdiction":"US-OH","_sd":["%"]}}`, "token_claim_reserved"},
	} {
		text, digest := disclosed(`[` + salt + `,` + c.disclosure + `]`)
		m := network()
		maps.Copy(m, object(strings.Replace(c.place, "%", digest, 1)))
		if m["licence"] == nil {
			delete(m, "licence")
		}
		_, err := Parse(sdjwtOf(t, m, text))
		if got := explain.CodeOf(err); got != c.code {
			t.Errorf("%s: code %q, want %q (%v)", c.disclosure, got, c.code, err)
		}
	}
}

// A key binding that is taken off is missing; nothing else is inferred.
func TestThreat36_KeyBindingStripped(t *testing.T) {
	b := present256(t, licence256(t), "familyName")
	p, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Verify(fixedKey256(board256))
	if err != nil {
		t.Fatal(err)
	}
	bare := b[:bytes.LastIndexByte(b, '~')+1]
	q, err := Parse(bare)
	if err != nil || q.KeyBound() {
		t.Fatal(err)
	}
	// The credential is authentic without it, and bound to the same key.
	stripped, err := q.Verify(fixedKey256(board256))
	if err != nil || stripped.HolderKey() != holder256.key {
		t.Fatal(err)
	}
	wantCode(t, q.VerifyKeyBinding(stripped, bindingPolicy), "key_binding_missing")
	wantCode(t, q.VerifyKeyBinding(a, bindingPolicy), "key_binding_missing")
	// A register copy has no holder: a key binding by anybody shows nothing.
	c := claims256()
	delete(c["credentialSubject"].(map[string]any), "id")
	free := seal256(t, draft256(t, c, did.PublicKey{}))
	payload := canonical(map[string]any{"aud": bindingPolicy.Domain, "nonce": bindingPolicy.Challenge, "iat": seconds(testTime), "sd_hash": digestOf(string(free))})
	r, err := Parse(append(free, rawToken(`{"alg":"ES256","typ":"kb+jwt"}`, string(payload), holder256)...))
	if err != nil {
		t.Fatal(err)
	}
	copyOf, err := r.Verify(fixedKey256(board256))
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, r.VerifyKeyBinding(copyOf, bindingPolicy), "holder_key_missing")
	// The proof of another credential does not count, nor none at all.
	wantCode(t, r.VerifyKeyBinding(a, bindingPolicy), "key_binding_other")
	wantCode(t, p.VerifyKeyBinding(Authentic{}, bindingPolicy), "key_binding_other")
	// A presentation of VCDM is none.
	v, err := Parse(seal(t, claims(), board))
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, v.VerifyKeyBinding(a, bindingPolicy), "key_binding_missing")
	if v.KeyBound() || v.DisclosedHint() != nil || v.CertificatesHint() != nil || v.Format() != VCDM {
		t.Error("hints of another format")
	}
}

func TestThreat37_KeyBindingForSomethingElse(t *testing.T) {
	bare := string(present256(t, licence256(t), "familyName"))
	bare = bare[:strings.LastIndexByte(bare, '~')+1]
	good := map[string]any{"aud": bindingPolicy.Domain, "nonce": bindingPolicy.Challenge, "iat": seconds(testTime), "sd_hash": digestOf(bare)}
	set := func(k string, v any) map[string]any {
		m := maps.Clone(good)
		if m[k] = v; v == nil {
			delete(m, k)
		}
		return m
	}
	at := func(d time.Duration) any { return seconds(bindingPolicy.Now.Add(d)) }
	less := string(present256(t, licence256(t)))
	less = less[:strings.LastIndexByte(less, '~')+1]
	hour := bindingPolicy
	hour.Window = time.Hour
	for _, c := range []struct {
		what   string
		body   map[string]any
		by     party256
		policy PresentationPolicy
		code   string
	}{
		{"as it must be", good, holder256, bindingPolicy, ""},
		{"with more claims", set("transaction_data_hashes", []any{"x"}), holder256, bindingPolicy, ""},
		{"by someone else", good, other256, bindingPolicy, "proof_invalid"},
		{"by the board", good, board256, bindingPolicy, "proof_invalid"},
		{"another audience", set("aud", "Another Hospital"), holder256, bindingPolicy, "domain_mismatch"},
		{"no audience", set("aud", nil), holder256, bindingPolicy, "domain_mismatch"},
		{"two audiences", set("aud", []any{bindingPolicy.Domain, "x"}), holder256, bindingPolicy, "domain_mismatch"},
		{"an array of one", set("aud", []any{bindingPolicy.Domain}), holder256, bindingPolicy, "domain_mismatch"},
		{"another nonce", set("nonce", "nonce-2"), holder256, bindingPolicy, "challenge_mismatch"},
		{"no nonce", set("nonce", nil), holder256, bindingPolicy, "challenge_mismatch"},
		{"an empty nonce", set("nonce", ""), holder256, bindingPolicy, "challenge_mismatch"},
		{"a number", set("nonce", json.Number("1")), holder256, bindingPolicy, "challenge_mismatch"},
		{"no sd_hash", set("sd_hash", nil), holder256, bindingPolicy, "key_binding_other"},
		{"of another choice", set("sd_hash", digestOf(less)), holder256, bindingPolicy, "key_binding_other"},
		{"without the last tilde", set("sd_hash", digestOf(strings.TrimSuffix(bare, "~"))), holder256, bindingPolicy, "key_binding_other"},
		{"padded", set("sd_hash", digestOf(bare)+"="), holder256, bindingPolicy, "key_binding_other"},
		{"no time", set("iat", nil), holder256, bindingPolicy, "key_binding_time"},
		{"a time in words", set("iat", "now"), holder256, bindingPolicy, "key_binding_time"},
		{"part of a second", set("iat", json.Number("1.5")), holder256, bindingPolicy, "key_binding_time"},
		{"before all time", set("iat", json.Number("-1")), holder256, bindingPolicy, "key_binding_time"},
		{"at the edge", set("iat", at(-5*time.Minute)), holder256, bindingPolicy, ""},
		{"too old", set("iat", at(-5*time.Minute-time.Second)), holder256, bindingPolicy, "key_binding_time"},
		{"in a longer window", set("iat", at(-50*time.Minute)), holder256, hour, ""},
		{"too old for that", set("iat", at(-61*time.Minute)), holder256, hour, "key_binding_time"},
		{"a clock ahead", set("iat", at(5*time.Minute)), holder256, bindingPolicy, ""},
		{"from the future", set("iat", at(5*time.Minute+time.Second)), holder256, hour, "key_binding_time"},
		{"expired", set("exp", at(0)), holder256, bindingPolicy, "key_binding_time"},
		{"to expire", set("exp", at(time.Second)), holder256, bindingPolicy, ""},
		{"not yet", set("nbf", at(time.Hour)), holder256, bindingPolicy, "key_binding_time"},
		{"an end in words", set("exp", "never"), holder256, bindingPolicy, "key_binding_time"},
	} {
		p, err := Parse([]byte(bare + rawToken(`{"alg":"ES256","typ":"kb+jwt"}`, string(canonical(c.body)), c.by)))
		if err != nil {
			t.Fatal(c.what, err)
		}
		a, err := p.Verify(fixedKey256(board256))
		if err != nil {
			t.Fatal(c.what, err)
		}
		err = p.VerifyKeyBinding(a, c.policy)
		if got := explain.CodeOf(err); got != c.code || (err == nil) != (c.code == "") {
			t.Errorf("%s: code %q, want %q (%v)", c.what, got, c.code, err)
		}
	}
	// Without a time nothing is fresh.
	p, err := Parse(present256(t, licence256(t)))
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Verify(fixedKey256(board256))
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, p.VerifyKeyBinding(a, PresentationPolicy{Challenge: bindingPolicy.Challenge, Domain: bindingPolicy.Domain}), "key_binding_time")
	// A disclosure that is added or taken away after signing.
	full := string(licence256(t))
	shown := string(present256(t, []byte(full), "familyName", "npi"))
	first, rest, _ := strings.Cut(shown, "~")
	d, rest, _ := strings.Cut(rest, "~")
	for _, s := range []string{first + "~" + rest, strings.Replace(shown, d+"~", "", 1)} {
		p, err := Parse([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		a, err := p.Verify(fixedKey256(board256))
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, p.VerifyKeyBinding(a, bindingPolicy), "key_binding_other")
	}
	q, err := Parse([]byte(shown))
	if err != nil {
		t.Fatal(err)
	}
	all, err := Parse([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all.sd.disclosures, func(d disclosure) bool { return d.path == "licence.number" })
	kb := shown[strings.LastIndexByte(shown, '~')+1:]
	if p, err = Parse([]byte(q.sd.bound + all.sd.disclosures[i].text + "~" + kb)); err != nil {
		t.Fatal(err)
	}
	if a, err = p.Verify(fixedKey256(board256)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, p.VerifyKeyBinding(a, bindingPolicy), "key_binding_other")
}

func TestThreat38_WeakDigests(t *testing.T) {
	for _, alg := range []any{"sha-256-32", "sha-256-128", "md5", "sha-1", "SHA-256", "sha-512", "sha3-256", "", json.Number("256"), nil, []any{"sha-256"}} {
		m := stranger()
		m["_sd_alg"] = alg
		_, err := Parse(sdjwtStranger(t, m))
		wantCode(t, err, "digest_unsupported")
	}
	m := stranger()
	m["_sd_alg"] = "sha-256"
	a, err := verify(sdjwtStranger(t, m), key256(board256))
	if err != nil || hasKey(a.Claims()["credentialSubject"].(map[string]any), "_sd_alg") {
		t.Error(err)
	}
}

func TestThreat40_NonceAndAudience(t *testing.T) {
	p, err := Parse(present256(t, licence256(t)))
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Verify(fixedKey256(board256))
	if err != nil {
		t.Fatal(err)
	}
	for _, policy := range []PresentationPolicy{{Now: testTime}, {Challenge: "x", Now: testTime}, {Domain: "x", Now: testTime}} {
		wantCode(t, p.VerifyKeyBinding(a, policy), "presentation_unbound")
	}
	other := bindingPolicy
	other.Challenge += " "
	wantCode(t, p.VerifyKeyBinding(a, other), "challenge_mismatch")
	other = bindingPolicy
	other.Domain = strings.ToUpper(other.Domain)
	wantCode(t, p.VerifyKeyBinding(a, other), "domain_mismatch")

	// Proofs of possession.
	proof, err := ProvePossession(holder256.key, "nonce", "did:example:board", testTime, holder256.sign)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := VerifyPossession(proof, "nonce", "did:example:board", testTime.Add(200*24*time.Hour)); err != nil || key != holder256.key {
		t.Error(err)
	}
	head, _, _ := strings.Cut(string(proof), ".")
	jwk := string(canonical(must1(jose.WriteKey(holder256.key))))
	if h, _ := jose.Decode64(head); string(h) != `{"alg":"ES256","jwk":`+jwk+`,"typ":"openid4vci-proof+jwt"}` {
		t.Errorf("header %s", h)
	}
	body := `{"aud":"did:example:board","iat":` + string(seconds(testTime)) + `,"nonce":"nonce"}`
	header := func(members string) string { return `{"alg":"ES256","typ":"openid4vci-proof+jwt"` + members + `}` }
	for _, c := range []struct {
		what, token, nonce, aud string
		now                     time.Time
		code                    string
	}{
		{"another nonce", string(proof), "other", "did:example:board", testTime, "challenge_mismatch"},
		{"another audience", string(proof), "nonce", "did:example:other", testTime, "domain_mismatch"},
		{"no nonce", string(proof), "", "did:example:board", testTime, "presentation_unbound"},
		{"no audience", string(proof), "nonce", "", testTime, "presentation_unbound"},
		{"from the future", string(proof), "nonce", "did:example:board", testTime.Add(-time.Hour), "key_binding_time"},
		{"no key", rawToken(header(""), body, holder256), "nonce", "did:example:board", testTime, "token_header"},
		{"a key by name", rawToken(header(`,"kid":"did:key:x#y"`), body, holder256), "nonce", "did:example:board", testTime, "token_header"},
		{"a certificate", rawToken(header(`,"jwk":`+jwk+`,"x5c":["AA=="]`), body, holder256), "nonce", "did:example:board", testTime, "token_header"},
		{"someone else's key", rawToken(header(`,"jwk":`+jwk), body, other256), "nonce", "did:example:board", testTime, "proof_invalid"},
		{"a private key", rawToken(header(`,"jwk":`+strings.Replace(jwk, `{`, `{"d":"AA",`, 1)), body, holder256), "nonce", "did:example:board", testTime, "key_invalid"},
		{"no time", rawToken(header(`,"jwk":`+jwk), `{"aud":"did:example:board","nonce":"nonce"}`, holder256), "nonce", "did:example:board", testTime, "key_binding_time"},
		{"expired", rawToken(header(`,"jwk":`+jwk), strings.Replace(body, `}`, `,"exp":1}`, 1), holder256), "nonce", "did:example:board", testTime, "key_binding_time"},
		{"no JSON", rawToken(header(`,"jwk":`+jwk), `x`, holder256), "nonce", "did:example:board", testTime, "token_malformed"},
		{"cut short", string(proof[:60]), "nonce", "did:example:board", testTime, "token_malformed"},
	} {
		key, err := VerifyPossession([]byte(c.token), c.nonce, c.aud, c.now)
		if key.Kind() != 0 {
			t.Errorf("%s: a key came back", c.what)
		}
		if got := explain.CodeOf(err); got != c.code {
			t.Errorf("%s: code %q, want %q (%v)", c.what, got, c.code, err)
		}
	}
	_, err = ProvePossession(holder256.key, "", "a", testTime, holder256.sign)
	wantCode(t, err, "presentation_unbound")
	_, err = ProvePossession(holder256.key, "n", "a", testTime, other256.sign)
	wantCode(t, err, "signing_failed")
}

// A missing end is no endless validity: it is told apart from one, and is never
// issued.
func TestJWX_MissingExp(t *testing.T) {
	a, err := verify(sdjwtStranger(t, stranger()), key256(board256))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := a.ValidUntil(); ok {
		t.Error("an end out of nowhere")
	}
	if hasKey(a.Claims(), "validUntil") || hasKey(a.Claims(), "validFrom") {
		t.Error("dates out of nowhere")
	}
}

func TestSDJWTClaims(t *testing.T) {
	for what, c := range map[string]struct {
		change string
		code   string
	}{
		"no type":               {`{"vct":null}`, "type_invalid"},
		"an empty type":         {`{"vct":""}`, "type_invalid"},
		"several types":         {`{"vct":["a","b"]}`, "type_invalid"},
		"an issuer as object":   {`{"iss":{"id":"https://x.example"}}`, "issuer_invalid"},
		"an issuer by name":     {`{"iss":"university"}`, "issuer_invalid"},
		"an issuer null":        {`{"iss":null}`, "issuer_invalid"},
		"an end in words":       {`{"exp":"2030-01-01"}`, "date_invalid"},
		"part of a second":      {`{"exp":1.5}`, "date_invalid"},
		"before 1970":           {`{"nbf":-1}`, "date_invalid"},
		"after 9999":            {`{"exp":253402300800}`, "date_invalid"},
		"an end null":           {`{"exp":null}`, "date_invalid"},
		"issued in words":       {`{"iat":"now"}`, "date_invalid"},
		"ends before it begins": {`{"nbf":2000000000,"exp":1900000000}`, "validity_inverted"},
		"for an audience":       {`{"aud":"https://verifier.example"}`, "domain_mismatch"},
		"status as text":        {`{"status":"https://x.example"}`, "status_malformed"},
		"status null":           {`{"status":null}`, "status_malformed"},
		"a list without place":  {`{"status":{"status_list":{"uri":"https://x.example"}}}`, "status_malformed"},
		"a list without URI":    {`{"status":{"status_list":{"idx":1}}}`, "status_malformed"},
		"a place in words":      {`{"status":{"status_list":{"idx":"1","uri":"https://x.example"}}}`, "status_malformed"},
		"a place below 0":       {`{"status":{"status_list":{"idx":-1,"uri":"https://x.example"}}}`, "status_malformed"},
		"a list of nothing":     {`{"status":{"status_list":null}}`, "status_malformed"},
		"as it must be":         {`{}`, ""},
	} {
		m := stranger()
		maps.Copy(m, object(c.change))
		_, err := Parse(sdjwtStranger(t, m))
		if got := explain.CodeOf(err); got != c.code {
			t.Errorf("%s: code %q, want %q (%v)", what, got, c.code, err)
		}
	}
	// A number has one spelling.
	for _, exp := range []string{"1e9", "1000000000.0", "1900000000.0"} {
		_, err := Parse([]byte(rawToken(`{"alg":"ES256","typ":"dc+sd-jwt"}`, `{"vct":"x","iss":"https://x.example","exp":`+exp+`}`, board256) + "~"))
		wantCode(t, err, "date_invalid")
	}
	m := stranger()
	delete(m, "iss")
	_, err := Parse(sdjwtStranger(t, m))
	wantCode(t, err, "issuer_invalid")
	p, err := Parse(tokenOf(t, credentialProfile, jose.Header{X5c: [][]byte{certificateFor(t, board256)}}, m, board256))
	if err != nil || p.IssuerHint() != "" || len(p.MethodHints()) != 0 {
		t.Fatal("known by its certificate alone:", err)
	}
	a, err := p.Verify(key256(board256))
	if err != nil || a.Issuer() != "" || hasKey(a.Claims(), "issuer") {
		t.Error("an issuer out of nowhere", err)
	}
}

func TestSDJWTStrangersClaims(t *testing.T) {
	text, digest := disclosed(`["0000000000000000000001","gpa",4.0]`)
	m := stranger()
	maps.Copy(m, object(`{"exp":1900000000,"sub":"did:example:student","type":"Diploma","id":"urn:x","_sd":["`+digest+`"],
		"licence":{"type":"Permit","jurisdiction":"X"},"credentialStatus":"mine","vct#integrity":"sha256-x","jti":"j",
		"status":{"status_list":{"idx":5,"uri":"https://university.example/list"},"other_kind":{"x":1}}}`))
	p, err := Parse(sdjwtStranger(t, m, text))
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Verify(key256(board256))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"credentialSubject":{"credentialStatus":"mine","degree":"MD","gpa":4,"id":"urn:x","jti":"j","licence":{"jurisdiction":"X","type":"Permit"},` +
		`"sub":"did:example:student","type":"Diploma"},"issuer":"https://university.example","type":["VerifiableCredential","https://credentials.example/diploma"],"validUntil":"2030-03-17T17:46:40Z"}`
	if got := canonical(a.Claims()); string(got) != want {
		t.Errorf("claims %s\nwant   %s", got, want)
	}
	_, err = a.StatusIndex()
	wantCode(t, err, "status_missing")
	_, err = a.Anchor()
	wantCode(t, err, "anchor_missing")
	_, err = p.Leaf(testChain, testSalt)
	wantCode(t, err, "anchor_missing")
	if got := a.StatusReferences(); !slices.Equal(got, []StatusReference{
		{Kind: "other_kind"}, {Kind: "TokenStatusList", URI: "https://university.example/list", Index: 5},
	}) {
		t.Errorf("%+v", got)
	}
	if a.Holder() != "" || a.HolderKey().Kind() != 0 || a.Partial() {
		t.Error("a holder out of nowhere")
	}
	// What is handed out can be changed without changing what was proved.
	a.Claims()["credentialSubject"].(map[string]any)["degree"] = "PhD"
	if a.Claims()["credentialSubject"].(map[string]any)["degree"] != "MD" {
		t.Error("claims share memory")
	}
}

func TestSDJWTStatus(t *testing.T) {
	for what, c := range map[string]struct {
		status string
		index  uint32
		code   string
	}{
		"ledger":           {`{"ledger":{"idx":7}}`, 7, ""},
		"both agree":       {`{"ledger":{"idx":131079},"status_list":{"idx":7,"uri":"https://b.example/1"}}`, 131079, ""},
		"both differ":      {`{"ledger":{"idx":131079},"status_list":{"idx":8,"uri":"https://b.example/1"}}`, 0, "status_disagrees"},
		"the index itself": {`{"ledger":{"idx":131079},"status_list":{"idx":131079,"uri":"https://b.example/1"}}`, 0, "status_disagrees"},
		"text":             {`{"ledger":{"idx":"7"}}`, 0, "status_malformed"},
		"too far":          {`{"ledger":{"idx":4294967296}}`, 0, "status_malformed"},
		"below 0":          {`{"ledger":{"idx":-1}}`, 0, "status_malformed"},
		"nothing":          {`{"ledger":{}}`, 0, "status_malformed"},
		"null":             {`{"ledger":null}`, 0, "status_malformed"},
		"another kind":     {`{"other":{"idx":7}}`, 0, "status_missing"},
	} {
		m := network()
		m["status"] = object(c.status)
		a, err := verify(sdjwtOf(t, m), fixedKey256(board256))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		index, err := a.StatusIndex()
		if got := explain.CodeOf(err); got != c.code || err == nil && index != c.index {
			t.Errorf("%s: %d, code %q, want %q", what, index, got, c.code)
		}
	}
}

// Of a credential of VCDM the entries for lists are told too, those that cannot
// be read as such.
func TestStatusReferencesVCDM(t *testing.T) {
	c := claims()
	c["credentialStatus"] = list(`{"type":"LedgerStatusEntry","statusIndex":"131075"},
		{"type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"3","statusListCredential":"https://board.example/status/1"},
		{"type":["BitstringStatusListEntry"],"statusPurpose":"suspension","statusListIndex":"3","statusListCredential":"https://board.example/status/2"}`)
	a, err := verify(seal(t, c, board), selfKeys)
	if err != nil {
		t.Fatal(err)
	}
	want := []StatusReference{
		{Kind: "BitstringStatusListEntry", URI: "https://board.example/status/1", Index: 3, Purpose: "revocation"},
		{Kind: "BitstringStatusListEntry", URI: "https://board.example/status/2", Index: 3, Purpose: "suspension"},
	}
	if got := a.StatusReferences(); !slices.Equal(got, want) || a.Format() != VCDM || a.Vct() != "" || a.Partial() || a.HolderKey().Kind() != 0 {
		t.Errorf("%+v", got)
	}
	for entry, want := range map[string]StatusReference{
		`{"type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"+3","statusListCredential":"https://x.example"}`:  {Kind: "BitstringStatusListEntry"},
		`{"type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":3,"statusListCredential":"https://x.example"}`:     {Kind: "BitstringStatusListEntry"},
		`{"type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"3"}`:                                              {Kind: "BitstringStatusListEntry"},
		`{"type":"BitstringStatusListEntry","statusListIndex":"3","statusListCredential":"https://x.example"}`:                                {Kind: "BitstringStatusListEntry"},
		`{"type":"StatusList2021Entry","statusListIndex":"3"}`:                                                                                {Kind: "StatusList2021Entry"},
		`{"type":"BitstringStatusListEntry","statusPurpose":"message","statusListIndex":"200000","statusListCredential":"https://x.example"}`: {Kind: "BitstringStatusListEntry", URI: "https://x.example", Index: 200000, Purpose: "message"},
		`{"type":["LedgerStatusEntry","X"]}`: {},
	} {
		got := statusReferences(list(entry))
		if want.Kind == "" && len(got) == 0 {
			continue
		}
		if !slices.Equal(got, []StatusReference{want}) {
			t.Errorf("%s: %+v", entry, got)
		}
	}
}
