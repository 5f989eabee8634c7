package vc

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		in    string
		want  string // "": refused
		write bool   // also good for writing
	}{
		{"2026-11-21T09:30:00Z", "2026-11-21T09:30:00Z", true},
		{"2026-11-21T09:30:00.5Z", "2026-11-21T09:30:00.5Z", true},
		{"2026-11-21T09:30:00.1234567899Z", "2026-11-21T09:30:00.123456789Z", true},
		{"2026-11-21T24:00:00Z", "2026-11-22T00:00:00Z", true},
		{"2026-11-21T09:30:00+14:00", "2026-11-20T19:30:00Z", true},
		{"2026-11-21T09:30:00-06:00", "2026-11-21T15:30:00Z", true},
		{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z", true},
		{"2026-11-21T09:30:00", "2026-11-21T09:30:00Z", false},
		{"2025-02-29T00:00:00Z", "", false},
		{"1900-02-29T00:00:00Z", "", false},
		{"2026-13-01T00:00:00Z", "", false},
		{"2026-00-01T00:00:00Z", "", false},
		{"2026-04-31T00:00:00Z", "", false},
		{"2026-11-21T24:00:01Z", "", false},
		{"2026-11-21T25:00:00Z", "", false},
		{"2026-11-21T09:60:00Z", "", false},
		{"2026-11-21T09:30:60Z", "", false},
		{"2026-11-21T09:30:00+14:01", "", false},
		{"2026-11-21T09:30:00+1400", "", false},
		{"2026-11-21T09:30:00z", "", false},
		{"2026-11-21t09:30:00Z", "", false},
		{"2026-11-21 09:30:00Z", "", false},
		{"2026-11-21T09:30:00.Z", "", false},
		{"2026-11-21T09:30:00Z ", "", false},
		{"2026-11-21T9:30:00Z", "", false},
		{"2026-11-21", "", false},
		{"-2026-11-21T09:30:00Z", "", false},
		{"0000-01-01T00:00:00Z", "", false},
		{"0001-01-01T00:00:00Z", "", false},
		{"0001-01-01T01:00:00+01:00", "", false},
		{"+2026-11-21T09:30:00Z", "", false},
		{"", "", false},
	} {
		got, ok := parseTime(c.in, lenient)
		if ok != (c.want != "") || ok && !got.Equal(at(c.want)) {
			t.Errorf("reading %q: %v %v, want %q", c.in, got, ok, c.want)
		}
		if _, ok := parseTime(c.in, issuing); ok != c.write {
			t.Errorf("writing %q: %v, want %v", c.in, ok, c.write)
		}
	}
}

func TestAbsoluteURL(t *testing.T) {
	for s, want := range map[string]bool{
		"https://a.example/x": true, "http://a": true, "urn:uuid:1": true, "did:example:a": true,
		"data:text/plain,x": true, "https://ä.example/": true, "A+b-c.1:x": true,
		"": false, "a": false, ":x": false, "x:": false, "https:": false, "https://": false, "https:///x": false,
		"https ://a": false, "https://a b": false, "1a:x": false, "a:<": false, "a:\"": false, "a:\\": false,
		"a:\u007f": false, "a:\u0085": false, "http://:80": false, "_:b0": false, "a:{}": false,
	} {
		if got := absoluteURL(s); got != want {
			t.Errorf("absoluteURL(%q) = %v", s, got)
		}
	}
}

func TestLanguageTag(t *testing.T) {
	for s, want := range map[string]bool{
		"en": true, "de-CH-1996": true, "x-private": true, "i-klingon": true,
		"": false, "en-": false, "-en": false, "e1": false, "en_US": false, "abcdefghi": false, "en-ä": false,
	} {
		if got := languageTag(s); got != want {
			t.Errorf("languageTag(%q) = %v", s, got)
		}
	}
}

// Threat 14: a signature has one spelling.
func TestThreat14_SignatureSpelling(t *testing.T) {
	sigs := [][]byte{make([]byte, 64), bytes.Repeat([]byte{0xFF}, 64)}
	for i := range byte(40) {
		s := ed25519.Sign(board.secret, []byte{i})
		if i%4 == 0 {
			clear(s[:i%7])
		}
		sigs = append(sigs, s)
	}
	for _, sig := range sigs {
		s := encodeSignature(sig)
		got, ok := decodeSignature(s)
		if !ok || !bytes.Equal(got[:], sig) {
			t.Fatalf("%q does not decode to what it was made from", s)
		}
		for _, bad := range []string{
			s[1:], "z" + s, "Z" + s[1:], "u" + s[1:], "z1" + s[1:], s + "1", s[:len(s)-1], s + "=", " " + s, s + " ",
			"z0" + s[2:], "zO" + s[2:], "zI" + s[2:], "zl" + s[2:], "z" + strings.Repeat("z", 88), "z", "",
		} {
			if got, ok := decodeSignature(bad); ok && bytes.Equal(got[:], sig) {
				t.Errorf("%q is a second spelling of %q", bad, s)
			}
		}
	}
}
