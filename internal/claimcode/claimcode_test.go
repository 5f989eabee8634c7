package claimcode

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"bonafide/did"
	"bonafide/internal/explain"
)

const (
	board  = did.DID("did:bonafide:demo-abcdefgh:l3jwti5ipvjr655yt3noqfbrecn2d6ya")
	holder = did.DID("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")
)

func fixed(t testing.TB) Code {
	t.Helper()
	c, err := New(bytes.NewReader([]byte("fifteen bytes..")))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestVector fixes the format: codes lie on paper, claims in files.
func TestVector(t *testing.T) {
	c := fixed(t)
	if c.Text() != "MZUW-MMVX-CAYT-ZORS-XGLR-OKX" {
		t.Errorf("text %s", c.Text())
	}
	if got := c.Challenge(board, holder); got != "MZUWM.23LD-24tGaJm_wLULIo1W1xGFNhJfJAjQl8pNWgBkGM" {
		t.Errorf("challenge %s", got)
	}
}

func TestParse(t *testing.T) {
	c := fixed(t)
	text := c.Text()
	for _, s := range []string{text, strings.ToLower(text), strings.ReplaceAll(text, "-", ""), strings.ReplaceAll(text, "-", " "), " " + text + "\r\n", strings.NewReplacer("O", "0", "I", "1", "B", "8").Replace(text)} {
		if got, err := Parse(s); err != nil || got != c {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{"", "-", text[:len(text)-1], text + "A", strings.Replace(text, "M", "9", 1), strings.Replace(text, "M", "É", 1), strings.Repeat(text, 10)} {
		if _, err := Parse(s); explain.CodeOf(err) != "claim_code_malformed" {
			t.Errorf("%q: %v", s, err)
		}
	}
	if r, err := Restore(c.ID(), c.Secret()); err != nil || r != c {
		t.Errorf("restored: %v", err)
	}
	for _, id := range []string{"", "ABCD", "abcde", "ABCD1"} {
		if _, err := Restore(id, c.Secret()); explain.CodeOf(err) != "claim_code_malformed" {
			t.Errorf("id %q: %v", id, err)
		}
	}
	if _, err := Restore(c.ID(), nil); err == nil {
		t.Error("no secret restored")
	}
	if _, err := New(bytes.NewReader(nil)); err == nil {
		t.Error("a code without randomness")
	}
}

// TestTypingErrors tries every wrong character, every swap, and pairs of wrong
// characters.
func TestTypingErrors(t *testing.T) {
	good := strings.ReplaceAll(fixed(t).Text(), "-", "")
	try := func(b []byte) {
		if string(b) == good {
			return
		}
		if _, err := Parse(string(b)); explain.CodeOf(err) != "claim_code_mistyped" {
			t.Fatalf("%s for %s: %v", b, good, err)
		}
	}
	for i := range good {
		for j := range i {
			b := []byte(good)
			b[i], b[j] = b[j], b[i]
			try(b)
		}
		for _, c := range []byte(alphabet) {
			b := []byte(good)
			b[i] = c
			try(b)
			for k := i + 1; k < len(good); k++ {
				b2 := bytes.Clone(b)
				b2[k] = alphabet[(strings.IndexByte(alphabet, good[k])+i+k)%32]
				try(b2)
			}
		}
	}
}

func TestChallenge(t *testing.T) {
	c := fixed(t)
	ch := c.Challenge(board, holder)
	if !c.Matches(ch, board, holder) {
		t.Error("its own challenge does not match")
	}
	if id, err := ChallengeID(ch); err != nil || id != c.ID() {
		t.Errorf("%s, %v", id, err)
	}
	other, err := Restore(c.ID(), make([]byte, SecretSize))
	if err != nil {
		t.Fatal(err)
	}
	if c.Matches(ch, holder, board) || c.Matches(ch, board, holder+"x") || c.Matches(ch, board+"x", holder) || c.Matches(ch+"A", board, holder) || c.Matches("", board, holder) {
		t.Error("a challenge for others matches")
	}
	if other.Matches(ch, board, holder) || (Code{}).Matches((Code{}).Challenge(board, holder), board, holder) {
		t.Error("another secret, or none, matches")
	}
	for _, s := range []string{"", ".", "ABCDE", "ABCDE.", "abcde." + strings.Repeat("A", 43), "ABCDE." + strings.Repeat("A", 42), "ABCDEF." + strings.Repeat("A", 43)} {
		if _, err := ChallengeID(s); explain.CodeOf(err) != "claim_code_malformed" {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestThreat75_CodeNotPrinted(t *testing.T) {
	c := fixed(t)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "code", c)
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "code", c)
	fmt.Fprintf(&log, "%v %+v %#v %s %q", c, c, c, c, c)
	fmt.Fprintf(&log, "%v %+v", struct{ C Code }{c}, []Code{c})
	secret := encoding.EncodeToString(c.Secret())
	if s := strings.ReplaceAll(log.String(), "-", ""); strings.Contains(s, secret) || strings.Contains(s, secret[:8]) || strings.Contains(s, fmt.Sprint(c.Secret()[:4])[1:10]) {
		t.Errorf("the secret is printed: %s", log.String())
	}
	_, err := Parse(strings.Replace(c.Text(), "M", "Q", 1))
	if err == nil || strings.Contains(err.Error(), secret[:6]) {
		t.Errorf("the error repeats the code: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(fixed(f).Text())
	f.Add("aaaaa aaaa")
	f.Add("0181-")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			if c != (Code{}) || explain.CodeOf(err) == "" {
				t.Fatalf("%v beside %v", c, err)
			}
			return
		}
		if again, err := Parse(c.Text()); err != nil || again != c {
			t.Fatalf("%q: %v", s, err)
		}
	})
}
