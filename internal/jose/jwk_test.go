package jose

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"bonafide/did"
	"bonafide/internal/strictjson"
)

func mustHex(s string) []byte { return must(hex.DecodeString(s)) }

const (
	x256 = "TCAER19Zvu3OHF4j4W4vfSVoHIP1ILilDls7vCeGemc"
	y256 = "ZxjiWWbZMQGHVWKVQ4hbSIirsVfuecCE6t4jT9F2HZQ"
	good = `"kty":"EC","crv":"P-256","x":"` + x256 + `","y":"` + y256 + `"`
)

var keyLimits = strictjson.Limits{Bytes: 16 << 10, Depth: 4, Nodes: 64}

// parseKey reads one JWK as a token's reader does: strict JSON first.
func parseKey(b []byte) (did.PublicKey, error) {
	v, err := strictjson.Parse(b, keyLimits)
	if err != nil {
		return did.PublicKey{}, err
	}
	return Key(v)
}

func TestKeys(t *testing.T) {
	keys := []did.PublicKey{
		publicOf(t, secret256),
		publicOf(t, fixedSecret(elliptic.P384(), 1)),
		must(did.NewPublicKey(did.Ed25519, mustHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))),
	}
	for _, k := range keys {
		m, err := WriteKey(k)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Key(m)
		if err != nil || back != k {
			t.Errorf("%s does not read back: %v", k.Kind(), err)
		}
		// jwx reads the same key.
		j, err := jwk.ParseKey(must(json.Marshal(m)))
		if err != nil {
			t.Fatal(err)
		}
		var raw any
		if err := j.Raw(&raw); err != nil {
			t.Fatal(err)
		}
		switch raw := raw.(type) {
		case *ecdsa.PublicKey:
			if b, err := raw.Bytes(); err != nil || string(b) != string(k.Uncompressed()) {
				t.Error("jwx reads another key", err)
			}
		case ed25519.PublicKey:
			if string(raw) != string(k.Bytes()) {
				t.Error("jwx reads another key")
			}
		}
	}
	_, err := WriteKey(did.PublicKey{})
	wantCode(t, "no key", err, "key_invalid")
	for _, s := range []string{
		`{` + good + `}`,
		`{` + good + `,"kid":"a","use":"sig","alg":"ES256","key_ops":["verify"],"x5t":"x","unknown":[1]}`,
	} {
		if _, err := parseKey([]byte(s)); err != nil {
			t.Error(s, err)
		}
	}
	if _, err := BareKey(must(strictjson.Object([]byte(`{`+good+`}`), keyLimits))); err != nil {
		t.Error(err)
	}
	for _, s := range []string{`{` + good + `,"kid":"a"}`, `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig"}`, `{}`, `[]`} {
		_, err := BareKey(must(strictjson.Parse([]byte(s), keyLimits)))
		wantCode(t, s, err, "key_invalid")
	}
}

// jwx parses keys off their curve, short keys and private keys as public ones.
func TestThreat15_KeysOffTheCurveShortAndPrivate(t *testing.T) {
	off := strings.Replace(y256, "Z", "a", 1)
	lax := `{"kty":"EC","crv":"P-256","x":"` + x256 + `","y":"` + off + `"}`
	if k, err := jwk.ParseKey([]byte(lax)); err != nil {
		t.Error("jwx refuses a point off the curve by itself now:", err)
	} else {
		var raw ecdsa.PublicKey
		if err := k.Raw(&raw); err != nil {
			t.Error("jwx refuses a point off the curve by itself now:", err)
		}
	}
	zero := b64(make([]byte, 32))
	for what, s := range map[string]string{
		"off the curve":     lax,
		"zero":              `{"kty":"EC","crv":"P-256","x":"` + zero + `","y":"` + zero + `"}`,
		"short x":           `{"kty":"EC","crv":"P-256","x":"` + b64(make([]byte, 31)) + `","y":"` + y256 + `"}`,
		"long x":            `{"kty":"EC","crv":"P-256","x":"` + b64(append([]byte{0}, must(decode(x256))...)) + `","y":"` + y256 + `"}`,
		"empty":             `{"kty":"EC","crv":"P-256","x":"","y":""}`,
		"private":           `{` + good + `,"d":"AAAA"}`,
		"private and empty": `{` + good + `,"d":""}`,
		"private and null":  `{` + good + `,"d":null}`,
		"secret":            `{` + good + `,"k":"AAAA"}`,
		"RSA's secret":      `{` + good + `,"p":"AAAA"}`,
		"symmetric":         `{"kty":"oct","k":"AAAA"}`,
		"RSA":               `{"kty":"RSA","n":"AQAB","e":"AQAB"}`,
		"secp256k1":         `{"kty":"EC","crv":"secp256k1","x":"` + x256 + `","y":"` + y256 + `"}`,
		"P-521":             `{"kty":"EC","crv":"P-521","x":"` + x256 + `","y":"` + y256 + `"}`,
		"X25519":            `{"kty":"OKP","crv":"X25519","x":"` + x256 + `"}`,
		"wrong kty":         `{"kty":"OKP","crv":"P-256","x":"` + x256 + `","y":"` + y256 + `"}`,
		"kty in capitals":   `{"kty":"ec","crv":"P-256","x":"` + x256 + `","y":"` + y256 + `"}`,
		"no y":              `{"kty":"EC","crv":"P-256","x":"` + x256 + `"}`,
		"Ed25519 with y":    `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","y":"` + y256 + `"}`,
		"small order":       `{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`,
		"x is a number":     `{"kty":"EC","crv":"P-256","x":1,"y":"` + y256 + `"}`,
		"padded":            `{"kty":"EC","crv":"P-256","x":"` + x256 + `=","y":"` + y256 + `"}`,
		"unused bits":       `{"kty":"EC","crv":"P-256","x":"` + unusedBits(x256) + `","y":"` + y256 + `"}`,
		"not an object":     `["EC"]`,
		"nothing":           `{}`,
	} {
		_, err := parseKey([]byte(s))
		wantCode(t, what, err, "key_invalid")
	}
	_, err := parseKey([]byte(`{` + good + `,"x":"` + x256 + `"}`))
	wantCode(t, "a member twice", err, "json_duplicate_key")
}

func decode(s string) ([]byte, error) {
	b, ok := Decode64(s)
	if !ok {
		return nil, os.ErrInvalid
	}
	return b, nil
}

func TestThreat18_KeysMeantForSomethingElse(t *testing.T) {
	for _, s := range []string{
		`"use":"enc"`, `"use":""`, `"use":null`, `"use":"SIG"`, `"use":["sig"]`,
		`"key_ops":[]`, `"key_ops":["encrypt"]`, `"key_ops":["sign"]`, `"key_ops":"verify"`, `"key_ops":["verify","verify"]`, `"key_ops":["verify",1]`, `"key_ops":null`,
		`"alg":"ES384"`, `"alg":"ECDH-ES"`, `"alg":"none"`, `"alg":null`, `"alg":"ES521"`,
	} {
		_, err := parseKey([]byte(`{` + good + `,` + s + `}`))
		wantCode(t, s, err, "key_invalid")
	}
}

// wycheproof is a group of tests of Project Wycheproof.
type wycheproof struct {
	TestGroups []struct {
		Comment string          `json:"comment"`
		Public  json.RawMessage `json:"public"`
		Private json.RawMessage `json:"private"`
		Tests   []struct {
			ID      int             `json:"tcId"`
			Comment string          `json:"comment"`
			JWS     json.RawMessage `json:"jws"`
			Result  string          `json:"result"`
		} `json:"tests"`
	} `json:"testGroups"`
}

func readWycheproof(t *testing.T, name string) (w wycheproof) {
	t.Helper()
	if err := json.Unmarshal(must(os.ReadFile("testdata/wycheproof/"+name)), &w); err != nil {
		t.Fatal(err)
	}
	return w
}

// verifyAny reads key and token as far as we take them.
func verifyAny(key, token json.RawMessage) error {
	k, err := parseKey(key)
	if err != nil {
		return err
	}
	var s string
	if err := json.Unmarshal(token, &s); err != nil {
		s = string(token) // JSON serialisation
	}
	tok, err := Parse(s, Profile{Names: []string{"kid"}})
	if err != nil {
		return err
	}
	return tok.Verify(k)
}

func kty(key json.RawMessage) (s struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
},
) {
	_ = json.Unmarshal(key, &s)
	return s
}

func TestWycheproofJWS(t *testing.T) {
	ran, skipped, accepted := 0, map[string]int{}, 0
	for _, g := range readWycheproof(t, "json_web_signature_test.json").TestGroups {
		key := g.Public
		if key == nil {
			key = g.Private
		}
		for _, c := range g.Tests {
			err := verifyAny(key, c.JWS)
			if c.Result == "valid" && kty(key).Crv != "P-256" {
				// RSA, HMAC and P-521 are valid there and not taken here.
				if err == nil {
					t.Errorf("%d %s: accepted with a key that is not ours", c.ID, c.Comment)
				}
				skipped["valid with "+kty(key).Kty+" "+kty(key).Crv]++
				continue
			}
			ran++
			if (err == nil) != (c.Result == "valid") {
				t.Errorf("%d %s (%s): %v, is %s", c.ID, c.Comment, g.Comment, err, c.Result)
			}
			if err == nil {
				accepted++
			}
		}
	}
	t.Logf("%d ran, %d of them accepted; skipped: %v", ran, accepted, skipped)
	if ran < 300 || accepted < 2 {
		t.Errorf("only %d ran, %d accepted", ran, accepted)
	}
}

func TestWycheproofJWK(t *testing.T) {
	ran := 0
	for _, g := range readWycheproof(t, "json_web_key_test.json").TestGroups {
		var set struct {
			Keys []json.RawMessage `json:"keys"`
		}
		b := g.Public
		if b == nil {
			b = g.Private
		}
		if err := json.Unmarshal(b, &set); err != nil {
			t.Fatal(err)
		}
		for _, c := range g.Tests {
			// Sets are not read at all: who has a token names one key. Any key of
			// the set must do the same.
			for _, key := range set.Keys {
				err := verifyAny(key, c.JWS)
				if c.Result == "valid" {
					if err == nil {
						t.Errorf("%d %s: HMAC or RSA accepted", c.ID, c.Comment)
					}
					t.Logf("skipped: %d %s is valid with %s, which is not taken here", c.ID, c.Comment, kty(key).Kty)
					continue
				}
				if c.ID == 1 && kty(key).Kty == "EC" {
					t.Logf("skipped: %d %s is about a set of keys; sets are not read", c.ID, c.Comment)
					continue
				}
				ran++
				if err == nil {
					t.Errorf("%d %s: accepted", c.ID, c.Comment)
				}
			}
		}
	}
	if ran < 15 {
		t.Errorf("only %d ran", ran)
	}
}
