package vc

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/jose"
)

// In a board's name nothing verifies but what the board signed, whole or in
// part; what parses reads back; and choosing from it gives nothing new.
func FuzzSDJWT(f *testing.F) {
	b := licence256(f)
	f.Add(b)
	f.Add(present256(f, b, "familyName", "licence.number"))
	text, digest := disclosed(`["0000000000000000000001","a",{"_sd":[],"x":[{"...":"y"}]}]`)
	m := stranger()
	m["_sd"] = []any{digest}
	f.Add(sdjwtStranger(f, m, text))
	f.Add([]byte("eyJhbGciOiJub25lIn0.e30.~"))
	names, err := filepath.Glob("testdata/sd-jwt-rfc9901/*/sd_jwt_presentation.txt")
	if err != nil || len(names) == 0 {
		f.Fatal(err)
	}
	for _, name := range names {
		s, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.ReplaceAll(s, []byte("\n"), nil))
	}
	whole := vcShape()
	f.Fuzz(func(t *testing.T, b []byte) {
		// Also as a kind that needs no claims, which reaches further.
		if s, err := openSDJWT(string(b), jose.Profile{Typ: "example+sd-jwt"}); err == nil {
			again, err := s.choose(pathsOf(s))
			if err != nil || again != s.bound && len(uniquePaths(s)) == len(s.disclosures) {
				t.Fatal("choosing everything gives something else", err)
			}
		}
		p, err := Parse(b)
		if err != nil {
			if p != nil || explain.CodeOf(err) == "" {
				t.Fatal("something came back with the error, or no code", err)
			}
			return
		}
		if p.Format() != SDJWT {
			return
		}
		again, err := Parse(p.JSON())
		if err != nil || !bytes.Equal(again.JSON(), p.JSON()) || !reflect.DeepEqual(again.DisclosedHint(), p.DisclosedHint()) {
			t.Fatal("does not read back:", err)
		}
		leaf1, err1 := p.Leaf(testChain, testSalt)
		leaf2, err2 := again.Leaf(testChain, testSalt)
		if leaf1 != leaf2 || (err1 == nil) != (err2 == nil) {
			t.Fatal("another leaf after reading back")
		}
		p.ChallengeHint()
		p.DomainHint()
		a, err := p.Verify(fixedKey256(board256))
		if err != nil {
			if a.Authentic() {
				t.Fatal("something came back with the error")
			}
			return
		}
		if !within(a.Claims(), whole) || a.HolderKey() != holder256.key {
			t.Fatalf("the board signed no such claims: %s", canonical(a.Claims()))
		}
		if err := p.VerifyKeyBinding(a, bindingPolicy); err == nil && !p.KeyBound() {
			t.Fatal("a key binding out of nowhere")
		}
	})
}

func uniquePaths(s *sdjwt) map[string]bool {
	out := map[string]bool{}
	for _, p := range pathsOf(s) {
		out[p] = true
	}
	return out
}

// within reports whether every member of a is b's.
func within(a, b any) bool {
	m, ok := a.(map[string]any)
	if !ok {
		return reflect.DeepEqual(a, b)
	}
	n, _ := b.(map[string]any)
	for k, v := range m {
		if w, ok := n[k]; !ok || !within(v, w) {
			return false
		}
	}
	return true
}

// Only the holder's own words bind a credential.
func FuzzKeyBinding(f *testing.F) {
	shown := string(present256(f, licence256(f), "familyName"))
	bare, kb := shown[:strings.LastIndexByte(shown, '~')+1], shown[strings.LastIndexByte(shown, '~')+1:]
	possession := string(must1(ProvePossession(holder256.key, bindingPolicy.Challenge, bindingPolicy.Domain, testTime, holder256.sign)))
	f.Add(kb)
	f.Add(possession)
	f.Add(rawToken(`{"alg":"ES256","typ":"kb+jwt"}`, `{"iat":1}`, other256))
	f.Add(rawToken(`{"alg":"none","typ":"kb+jwt"}`, `{}`, holder256))
	signed := map[string]bool{kb[:strings.LastIndexByte(kb, '.')]: true}
	proved := map[string]bool{possession[:strings.LastIndexByte(possession, '.')]: true}
	f.Fuzz(func(t *testing.T, token string) {
		input, _, _ := strings.Cut(token, "~")
		if i := strings.LastIndexByte(input, '.'); i >= 0 {
			input = input[:i]
		}
		if key, err := VerifyPossession([]byte(token), bindingPolicy.Challenge, bindingPolicy.Domain, testTime); err == nil {
			if key == holder256.key && !proved[input] {
				t.Fatal("a proof that the holder did not make")
			}
		} else if key.Kind() != 0 || explain.CodeOf(err) == "" {
			t.Fatal("a key came back with the error, or no code", err)
		}
		p, err := Parse([]byte(bare + token))
		if err != nil || !p.KeyBound() {
			return
		}
		a, err := p.Verify(fixedKey256(board256))
		if err != nil {
			return
		}
		if err := p.VerifyKeyBinding(a, bindingPolicy); err == nil && !signed[input] {
			t.Fatal("a key binding that the holder did not make")
		} else if err != nil && explain.CodeOf(err) == "" {
			t.Fatal("no code", err)
		}
	})
}

// A draft that is read is the draft that was recorded, and can be anchored.
func FuzzReadDraft(f *testing.F) {
	f.Add(draft256(f, claims256(), holder256.key).JSON())
	f.Add([]byte(`{"disclosures":[],"payload":{"anchor":""}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ReadDraft(SDJWT, b)
		if err != nil {
			if d != nil || explain.CodeOf(err) == "" {
				t.Fatal("a draft came back with the error, or no code", err)
			}
			return
		}
		if !bytes.Equal(d.JSON(), b) {
			t.Fatal("another record")
		}
		if _, err := d.Leaf(testChain, testSalt); err != nil {
			t.Fatal(err)
		}
	})
}

// A status list token that is taken was signed by the key that was found.
func FuzzStatusListToken(f *testing.F) {
	list := rawToken(`{"alg":"ES256","typ":"statuslist+jwt","kid":"x"}`, `{"status_list":{"bits":1,"lst":"eA"}}`, board256)
	f.Add(list)
	f.Add(rawToken(`{"alg":"ES256","typ":"statuslist+jwt"}`, `{}`, other256))
	f.Add(rawToken(`{"alg":"ES256","typ":"kb+jwt"}`, `{}`, board256))
	signed := list[:strings.LastIndexByte(list, '.')]
	f.Fuzz(func(t *testing.T, token string) {
		m, err := VerifyStatusListToken([]byte(token), func(string, [][]byte) (did.PublicKey, error) { return board256.key, nil })
		if err != nil {
			if m != nil || explain.CodeOf(err) == "" {
				t.Fatal("something came back with the error, or no code", err)
			}
			return
		}
		if !strings.HasPrefix(token, signed+".") {
			t.Fatal("a list that nobody signed")
		}
	})
}
