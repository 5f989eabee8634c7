// Package did holds what every DID method shares: the syntax of DIDs, public
// keys and their Multikey form, DID documents, and the interfaces of
// resolution and of a ledger's history. The methods are in did/key and
// did/bonafide.
//
// It implements DID Core 1.0 and reads documents of 1.1 and of Controlled
// Identifiers 1.0.
package did

import (
	"strings"

	"bonafide/internal/explain"
)

// DID is a well-formed decentralized identifier without path, query or
// fragment. Two DIDs are the same only if they are the same string.
type DID string

// maxLength bounds a DID and a DID URL, in bytes.
const maxLength = 2048

// Parse checks a DID by the grammar of DID Core, section 3.1. Code did_invalid.
func Parse(s string) (DID, error) {
	if n := scanDID(s); n == 0 || n != len(s) {
		return "", explain.Errorf("did_invalid", "not a DID")
	}
	return DID(s), nil
}

// Method returns the method's name, as `key`.
func (d DID) Method() string {
	m, _, _ := strings.Cut(strings.TrimPrefix(string(d), "did:"), ":")
	return m
}

// Specific returns what follows the method's name and its colon.
func (d DID) Specific() string {
	_, s, _ := strings.Cut(strings.TrimPrefix(string(d), "did:"), ":")
	return s
}

func (d DID) String() string { return string(d) }

// URL is a DID URL (DID Core, section 3.2). Path keeps its leading slash;
// Query and Fragment come without `?` and `#`.
type URL struct {
	DID                   DID
	Path, Query, Fragment string
}

// ParseURL checks a DID URL. An empty query or fragment is refused, so that
// String gives back what was parsed. Code did_invalid.
func ParseURL(s string) (URL, error) {
	bad := explain.Errorf("did_invalid", "not a DID URL")
	n := scanDID(s)
	if n == 0 || len(s) > maxLength {
		return URL{}, bad
	}
	u := URL{DID: DID(s[:n])}
	rest := s[n:]
	if before, fragment, ok := strings.Cut(rest, "#"); ok {
		if fragment == "" || !urlChars(fragment, "/?") {
			return URL{}, bad
		}
		u.Fragment, rest = fragment, before
	}
	if before, query, ok := strings.Cut(rest, "?"); ok {
		if query == "" || !urlChars(query, "/?") {
			return URL{}, bad
		}
		u.Query, rest = query, before
	}
	if rest != "" && rest[0] != '/' || !urlChars(rest, "/") {
		return URL{}, bad
	}
	u.Path = rest
	return u, nil
}

func (u URL) String() string {
	s := string(u.DID) + u.Path
	if u.Query != "" {
		s += "?" + u.Query
	}
	if u.Fragment != "" {
		s += "#" + u.Fragment
	}
	return s
}

// scanDID returns the length of the DID that s begins with, 0 if there is
// none. The method-specific id must not end in a colon.
func scanDID(s string) int {
	if !strings.HasPrefix(s, "did:") {
		return 0
	}
	i := 4
	for i < len(s) && (lower(s[i]) || digit(s[i])) {
		i++
	}
	if i == 4 || i >= len(s) || s[i] != ':' {
		return 0
	}
	i++
	for i < len(s) {
		switch c := s[i]; {
		case lower(c), digit(c), 'A' <= c && c <= 'Z', c == '.', c == '-', c == '_', c == ':':
			i++
		case c == '%' && escaped(s[i:]):
			i += 3
		case c == '/', c == '?', c == '#':
			return endDID(s, i)
		default:
			return 0
		}
	}
	return endDID(s, i)
}

func endDID(s string, i int) int {
	if s[i-1] == ':' || i > maxLength {
		return 0
	}
	return i
}

// urlChars reports whether s consists of RFC 3986's pchar and of extra.
func urlChars(s, extra string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case lower(c), digit(c), 'A' <= c && c <= 'Z':
		case c == '%':
			if !escaped(s[i:]) {
				return false
			}
			i += 2
		default:
			if strings.IndexByte("-._~!$&'()*+,;=:@", c) < 0 && strings.IndexByte(extra, c) < 0 {
				return false
			}
		}
	}
	return true
}

func escaped(s string) bool { return len(s) >= 3 && hexDigit(s[1]) && hexDigit(s[2]) }
func lower(c byte) bool     { return 'a' <= c && c <= 'z' }
func digit(c byte) bool     { return '0' <= c && c <= '9' }
func hexDigit(c byte) bool  { return digit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }
