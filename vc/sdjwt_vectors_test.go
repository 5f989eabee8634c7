package vc

// The examples of RFC 9901 and of SD-JWT VC.

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"bonafide/did"
	"bonafide/internal/jose"
	"bonafide/internal/strictjson"
)

// vectorKey is a private key of the examples' settings.
type vectorKey struct {
	D string `yaml:"d"`
}

func (k vectorKey) party(t *testing.T) party256 {
	t.Helper()
	d, ok := jose.Decode64(k.D)
	if !ok {
		t.Fatal("no key")
	}
	secret, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		t.Fatal(err)
	}
	return partyOf(secret)
}

func readYAML(t *testing.T, name string, to any) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err == nil {
		err = yaml.Unmarshal(b, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// unwrapped reads a text that is broken into lines.
func unwrapped(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\n", "")
}

func TestVectorsRFC9901(t *testing.T) {
	const dir = "testdata/sd-jwt-rfc9901"
	var settings struct {
		Identifiers struct {
			Verifier string `yaml:"verifier"`
		} `yaml:"identifiers"`
		Keys struct {
			Issuers []vectorKey `yaml:"issuer_keys"`
			Holder  vectorKey   `yaml:"holder_key"`
		} `yaml:"key_settings"`
		Nonce string `yaml:"key_binding_nonce"`
	}
	readYAML(t, dir+"/settings.yml", &settings)
	issuer, holder := settings.Keys.Issuers[0].party(t), settings.Keys.Holder.party(t)
	names, err := filepath.Glob(dir + "/*/specification.yml")
	if err != nil || len(names) < 14 {
		t.Fatal(names, err)
	}
	ran := 0
	for _, name := range names {
		folder := filepath.Dir(name)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			switch filepath.Base(folder) {
			case "json_serialization_flattened", "json_serialization_general":
				t.Skip("JSON serialisation is not taken")
			}
			var payload, want any
			readJSON(t, strings.TrimPrefix(folder, "testdata/")+"/sd_jwt_payload.json", &payload)
			readJSON(t, strings.TrimPrefix(folder, "testdata/")+"/verified_contents.json", &want)

			text := unwrapped(t, folder+"/sd_jwt_presentation.txt")
			profile := jose.Profile{Typ: "example+sd-jwt"}
			if filepath.Base(folder) == "arf-pid" {
				profile = credentialProfile
			}
			s, err := openSDJWT(text, profile)
			if err != nil {
				t.Fatal(err)
			}
			ran++
			if err := s.token.Verify(issuer.key); err != nil {
				t.Error(err)
			}
			if got := plainJSON(t, s.payload); !equalJSON(t, got, payload) {
				t.Errorf("payload: %v", got)
			}
			if got := plainJSON(t, s.open); !equalJSON(t, got, want) {
				t.Errorf("verified contents: %s\nwant %v", canonical(s.open), want)
			}
			_, err = os.Stat(folder + "/kb_jwt_payload.json")
			if (err == nil) != (s.binding != nil) {
				t.Fatal("key binding:", s.binding, err)
			}
			if s.binding != nil {
				if err := s.binding.Verify(holder.key); err != nil {
					t.Error(err)
				}
				if err := answers(s.bindingBody, settings.Nonce, settings.Identifiers.Verifier); err != nil {
					t.Error(err)
				}
				if s.bindingBody["sd_hash"] != digestOf(s.bound) {
					t.Error("sd_hash")
				}
			}
			// As it was issued: every digest that is no decoy has its disclosure,
			// and each stands in the list that the generator wrote.
			all, err := openSDJWT(unwrapped(t, folder+"/sd_jwt_issuance.txt"), profile)
			if err != nil {
				t.Fatal(err)
			}
			listed := string(readFile(t, strings.TrimPrefix(folder, "testdata/")+"/disclosures.md"))
			for _, d := range all.disclosures {
				if !strings.Contains(listed, "`"+digestOf(d.text)+"`") {
					t.Errorf("%s: another digest than listed", d.path)
				}
			}
			if n := strings.Count(listed, "SHA-256 Hash"); n != len(all.disclosures) {
				t.Errorf("%d disclosures, %d listed", len(all.disclosures), n)
			}
			// The presentation is a choice among them.
			chosen, err := all.choose(pathsOf(s))
			if err != nil {
				t.Fatal(err)
			}
			again, err := openSDJWT(chosen, profile)
			if err != nil || !equalJSON(t, plainJSON(t, again.open), want) {
				t.Errorf("choosing %q: %v", pathsOf(s), err)
			}
		})
	}
	if ran < 13 {
		t.Errorf("only %d ran", ran)
	}
}

func pathsOf(s *sdjwt) (out []string) {
	for _, d := range s.disclosures {
		out = append(out, d.path)
	}
	return out
}

// plainJSON is a value as encoding/json gives it.
func plainJSON(t *testing.T, v any) (out any) {
	t.Helper()
	if err := json.Unmarshal(canonical(v), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return string(x) == string(y)
}

// A PID as the reference framework has it is a credential of a stranger: its
// claims come back under the subject, and nothing is added to them.
func TestVectorsPID(t *testing.T) {
	text := unwrapped(t, "testdata/sd-jwt-rfc9901/arf-pid/sd_jwt_presentation.txt")
	p, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var settings struct {
		Keys struct {
			Issuers []vectorKey `yaml:"issuer_keys"`
		} `yaml:"key_settings"`
	}
	readYAML(t, "testdata/sd-jwt-rfc9901/settings.yml", &settings)
	issuer := settings.Keys.Issuers[0].party(t)
	a, err := p.Verify(func(method string, _ did.Relationship) (did.PublicKey, error) {
		if method != "" {
			t.Errorf("asked for %q", method)
		}
		return issuer.key, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if a.Issuer() != "" || a.Vct() == "" || !a.Partial() || a.HolderKey().Kind() != did.P256 || a.Holder() != "" || len(a.Methods()) != 0 {
		t.Errorf("%+v", a.Claims())
	}
	var want map[string]any
	readJSON(t, "sd-jwt-rfc9901/arf-pid/verified_contents.json", &want)
	subject := a.Claims()["credentialSubject"].(map[string]any)
	for k, v := range want {
		if registered[k] || k == "iat" {
			continue
		}
		if !equalJSON(t, plainJSON(t, subject[k]), v) {
			t.Errorf("%s: %v, want %v", k, subject[k], v)
		}
		delete(subject, k)
	}
	if len(subject) > 0 {
		t.Errorf("beyond what was disclosed: %v", subject)
	}
	// Its key binding is of the generator's time.
	var kb struct {
		Iat int64 `json:"iat"`
	}
	readJSON(t, "sd-jwt-rfc9901/arf-pid/kb_jwt_payload.json", &kb)
	policy := PresentationPolicy{Challenge: p.ChallengeHint(), Domain: p.DomainHint(), Now: time.Unix(kb.Iat, 0)}
	if err := p.VerifyKeyBinding(a, policy); err != nil {
		t.Error(err)
	}
}

// The examples of SD-JWT VC are specifications without generated texts: what
// they say is issued here with their keys, read, and presented as they say.
func TestVectorsSDJWTVC(t *testing.T) {
	const dir = "testdata/sd-jwt-vc/examples"
	var settings struct {
		Identifiers struct {
			Issuer   string `yaml:"issuer"`
			Verifier string `yaml:"verifier"`
		} `yaml:"identifiers"`
		Keys struct {
			Issuer vectorKey `yaml:"issuer_key"`
			Holder vectorKey `yaml:"holder_key"`
		} `yaml:"key_settings"`
		Nonce string `yaml:"key_binding_nonce"`
		Iat   int64  `yaml:"iat"`
		Exp   int64  `yaml:"exp"`
	}
	readYAML(t, dir+"/settings.yml", &settings)
	issuer, holder := settings.Keys.Issuer.party(t), settings.Keys.Holder.party(t)
	for name, want := range map[string]struct {
		disclosures int
		disclose    []string
	}{
		"01":     {9, []string{"address", "is_over_65"}},
		"02":     {9, []string{"address", "is_over_65"}},
		"03-pid": {28, []string{"nationalities", "age_equal_or_over", "age_equal_or_over.18"}},
	} {
		t.Run(name, func(t *testing.T) {
			var spec struct {
				Claims     yaml.Node `yaml:"user_claims"`
				KeyBinding bool      `yaml:"key_binding"`
				Header     struct {
					Kid string `yaml:"kid"`
					Typ string `yaml:"typ"`
				} `yaml:"extra_header_parameters"`
			}
			readYAML(t, filepath.Join(dir, name, "specification.yml"), &spec)
			if spec.Header.Typ != credentialProfile.Typ {
				t.Fatal(spec.Header.Typ)
			}
			y := yamlIssuer{t: t}
			payload, plain := y.object(&spec.Claims)
			for _, m := range []map[string]any{payload, plain} {
				m["iat"], m["exp"] = json.Number(fmt.Sprint(settings.Iat)), json.Number(fmt.Sprint(settings.Exp))
				if _, ok := m["iss"]; !ok {
					m["iss"] = settings.Identifiers.Issuer
				}
			}
			if spec.KeyBinding {
				jwk, err := jose.WriteKey(holder.key)
				if err != nil {
					t.Fatal(err)
				}
				payload["cnf"] = map[string]any{"jwk": jwk}
			}
			if len(y.out) != want.disclosures {
				t.Errorf("%d disclosures, want %d", len(y.out), want.disclosures)
			}
			text := tokenOf(t, credentialProfile, jose.Header{Kid: spec.Header.Kid}, payload, issuer, y.out...)
			keys := func(method string, _ did.Relationship) (did.PublicKey, error) {
				if method != spec.Header.Kid {
					t.Errorf("asked for %q", method)
				}
				return issuer.key, nil
			}
			p, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			a, err := p.Verify(keys)
			if err != nil || a.Partial() {
				t.Fatal(err)
			}
			for _, k := range []string{"iss", "iat", "exp", "vct"} {
				delete(plain, k)
			}
			if got := a.Claims()["credentialSubject"]; string(canonical(got)) != string(canonical(plain)) {
				t.Errorf("claims %s\nwant %s", canonical(got), canonical(plain))
			}
			if !spec.KeyBinding {
				_, err := PresentSDJWT(text, want.disclose, "n", "a", holder.key, testTime, holder.sign)
				wantCode(t, err, "holder_key_missing")
				return
			}
			shown, err := PresentSDJWT(text, want.disclose, settings.Nonce, settings.Identifiers.Verifier, holder.key, time.Unix(settings.Iat, 0), holder.sign)
			if err != nil {
				t.Fatal(err)
			}
			if p, err = Parse(shown); err != nil {
				t.Fatal(err)
			}
			if a, err = p.Verify(keys); err != nil || !a.Partial() || !slices.Equal(p.DisclosedHint(), slices.Sorted(slices.Values(want.disclose))) {
				t.Fatal(p.DisclosedHint(), err)
			}
			if err := p.VerifyKeyBinding(a, PresentationPolicy{Challenge: settings.Nonce, Domain: settings.Identifiers.Verifier, Now: time.Unix(settings.Iat, 0)}); err != nil {
				t.Error(err)
			}
		})
	}
}

// yamlIssuer reads claims of which those with the tag !sd are disclosures.
type yamlIssuer struct {
	t   *testing.T
	n   int
	out []string
}

func (y *yamlIssuer) hide(parts ...any) (digest string) {
	y.n++
	salt := fmt.Sprintf("%022d", y.n)
	b, err := strictjson.Canonical(append([]any{salt}, parts...))
	if err != nil {
		y.t.Fatal(err)
	}
	text, digest := disclosed(string(b))
	y.out = append(y.out, text)
	return digest
}

// value gives a value as it is signed, and as it was.
func (y *yamlIssuer) value(n *yaml.Node) (signed, plain any) {
	switch n.Kind {
	case yaml.MappingNode:
		return y.object(n)
	case yaml.SequenceNode:
		var a, b []any
		for _, e := range n.Content {
			s, p := y.value(e)
			b = append(b, p)
			if e.Tag == "!sd" {
				s = map[string]any{sdArrayMember: y.hide(s)}
			}
			a = append(a, s)
		}
		return a, b
	}
	var v any
	if err := n.Decode(&v); err != nil {
		y.t.Fatal(err)
	}
	if i, ok := v.(int); ok {
		v = json.Number(fmt.Sprint(i))
	}
	return v, v
}

func (y *yamlIssuer) object(n *yaml.Node) (signed, plain map[string]any) {
	signed, plain = map[string]any{}, map[string]any{}
	var digests []any
	for i := 0; i < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		s, p := y.value(v)
		plain[k.Value] = p
		if k.Tag == "!sd" {
			digests = append(digests, y.hide(k.Value, s))
		} else {
			signed[k.Value] = s
		}
	}
	if digests != nil {
		signed[sdMember] = digests
	}
	return signed, plain
}
