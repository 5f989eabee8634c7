// Package statuslist reads the lists in which issuers outside the network
// publish the status of what they issued: the Bitstring Status List of the W3C
// (version 1.0) and the Token Status List of the IETF
// (draft-ietf-oauth-status-list).
//
// What is read here was proved before, by whoever calls: this package looks at
// claims alone. It is given outside bytes nevertheless, so every size is
// bounded before anything is expanded. Errors have the code
// status_list_malformed unless they say otherwise.
package statuslist

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// MaxExpanded is the largest list that is expanded, in bytes: 32 million
// entries of one bit.
const MaxExpanded = 4 << 20

// MinBitstring is the smallest number of entries of a Bitstring Status List
// (section 6.1): fewer would tell whose entry was looked up.
const MinBitstring = 131_072

// List is an expanded list. The zero value has no entries.
type List struct {
	bytes []byte
	bits  uint // of one entry: 1, 2, 4 or 8
	// lowFirst: the first entry of a byte is in its lowest bits (IETF), else in
	// its highest (W3C). Mixing them up turns a revoked licence into a good one.
	lowFirst bool
}

// Len is the number of entries.
func (l List) Len() uint64 {
	if l.bits == 0 {
		return 0
	}
	return uint64(len(l.bytes)) * uint64(8/l.bits)
}

// At is the value of entry i, from 0. Code status_out_of_range.
func (l List) At(i uint64) (byte, error) {
	if i >= l.Len() {
		return 0, explain.Errorf("status_out_of_range", "an entry beyond the end of the list")
	}
	per := uint64(8 / l.bits)
	shift := uint(i%per) * l.bits
	if !l.lowFirst {
		shift = 8 - l.bits - shift
	}
	return l.bytes[i/per] >> shift & (1<<l.bits - 1), nil
}

// Bitstring is what the claims of a BitstringStatusListCredential say.
type Bitstring struct {
	List
	ID       string        // of the credential; "" where it has none
	Purposes []string      // never empty
	TTL      time.Duration // zero: not named
}

const (
	bitstringCredential = "BitstringStatusListCredential"
	bitstringList       = "BitstringStatusList"
)

// ReadBitstring reads the claims of a status list credential (Bitstring Status
// List 1.0, section 2.2), of values as strictjson gives them. Its validity and
// its issuer are the caller's to judge.
func ReadBitstring(claims map[string]any) (Bitstring, error) {
	var b Bitstring
	if !slices.Contains(texts(claims["type"]), bitstringCredential) {
		return b, malformed("not a %s", bitstringCredential)
	}
	if _, ok := claims["credentialStatus"]; ok {
		// Its status would be in another list, or in itself.
		return b, malformed("a status list with a status of its own")
	}
	b.ID, _ = claims["id"].(string)
	subject, ok := single(claims["credentialSubject"])
	if !ok {
		return b, malformed("a status list without exactly one subject")
	}
	if !slices.Contains(texts(subject["type"]), bitstringList) {
		return b, malformed("the subject is no %s", bitstringList)
	}
	b.Purposes = texts(subject["statusPurpose"])
	if len(b.Purposes) == 0 || slices.Contains(b.Purposes, "") {
		return b, malformed("a status list without a purpose")
	}
	if v, ok := subject["ttl"]; ok {
		ms, ok := positive(v)
		if !ok {
			return b, malformed("ttl is no number above zero")
		}
		b.TTL = lasting(ms, time.Millisecond)
	}
	text, _ := subject["encodedList"].(string)
	text, ok = strings.CutPrefix(text, "u") // multibase: base64url without padding
	if !ok {
		return b, malformed("encodedList is not base64url with its prefix")
	}
	packed, err := unbase64(text)
	if err != nil {
		return b, err
	}
	in := bytes.NewReader(packed)
	z, err := gzip.NewReader(in)
	if err != nil {
		return b, malformed("encodedList is not gzip")
	}
	z.Multistream(false)
	if b.bytes, err = expand(z, in); err != nil {
		return b, err
	}
	b.bits = 1
	if b.Len() < MinBitstring {
		return b, malformed("a list of fewer than %d entries", MinBitstring)
	}
	return b, nil
}

// Token is what the payload of a Status List Token says.
type Token struct {
	List
	Subject string        // sub: the address of the list
	Issuer  string        // iss; "" where it has none
	Issued  time.Time     // iat
	Expires time.Time     // exp; zero: not named
	TTL     time.Duration // ttl; zero: not named
}

// ReadToken reads the payload of a Status List Token (draft-ietf-oauth-status-list,
// sections 4.2 and 5.1), of values as strictjson gives them.
func ReadToken(payload map[string]any) (Token, error) {
	var t Token
	var ok bool
	if t.Subject, ok = payload["sub"].(string); !ok || t.Subject == "" {
		return t, malformed("a status list token without sub")
	}
	if v, there := payload["iss"]; there {
		if t.Issuer, ok = v.(string); !ok || t.Issuer == "" {
			return t, malformed("iss is no text")
		}
	}
	if t.Issued, ok = date(payload["iat"]); !ok {
		return t, malformed("a status list token without iat")
	}
	if v, there := payload["exp"]; there {
		if t.Expires, ok = date(v); !ok {
			return t, malformed("exp is no date")
		}
	}
	if v, there := payload["ttl"]; there {
		s, ok := positive(v)
		if !ok {
			return t, malformed("ttl is no number above zero")
		}
		t.TTL = lasting(s, time.Second)
	}
	list, ok := payload["status_list"].(map[string]any)
	if !ok {
		return t, malformed("a status list token without status_list")
	}
	n, _ := list["bits"].(strictjson.Number)
	switch n {
	case "1", "2", "4", "8":
		t.bits = uint(n[0] - '0')
	default:
		return t, malformed("bits is not 1, 2, 4 or 8")
	}
	t.lowFirst = true
	text, ok := list["lst"].(string)
	if !ok {
		return t, malformed("a status list without lst")
	}
	packed, err := unbase64(text)
	if err != nil {
		return t, err
	}
	in := bytes.NewReader(packed)
	z, err := zlib.NewReader(in)
	if err != nil {
		return t, malformed("lst is not zlib")
	}
	t.bytes, err = expand(z, in)
	return t, err
}

// expand reads what was packed, to its end and no further than MaxExpanded;
// after it nothing may follow in the input.
func expand(z io.Reader, in *bytes.Reader) ([]byte, error) {
	// One byte more than is allowed shows that there is more.
	b, err := io.ReadAll(io.LimitReader(z, MaxExpanded+1))
	switch {
	case err != nil:
		return nil, malformed("the list does not expand")
	case len(b) > MaxExpanded:
		return nil, malformed("the list is larger than %d bytes", MaxExpanded)
	case in.Len() > 0:
		return nil, malformed("something follows the list")
	case len(b) == 0:
		return nil, malformed("an empty list")
	}
	return b, nil
}

// unbase64 reads base64url in its one spelling.
func unbase64(s string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	// The decoder skips line breaks; the length of the text shows them.
	if err != nil || len(s) != base64.RawURLEncoding.EncodedLen(len(b)) {
		return nil, malformed("a list that is not base64url")
	}
	return b, nil
}

// texts reads one text or several.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		out := make([]string, 0, len(v))
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil
			}
			out = append(out, s)
		}
		return out
	}
	return nil
}

// single reads one object, alone or in an array.
func single(v any) (map[string]any, bool) {
	if list, ok := v.([]any); ok {
		if len(list) != 1 {
			return nil, false
		}
		v = list[0]
	}
	m, ok := v.(map[string]any)
	return m, ok
}

// date reads a NumericDate (RFC 7519, section 2) to the second, up to the year
// 9999.
func date(v any) (time.Time, bool) {
	f, ok := positive(v)
	if !ok || f >= 253_402_300_800 {
		return time.Time{}, false
	}
	return time.Unix(int64(math.Floor(f)), 0).UTC(), true
}

// positive reads a number above zero.
func positive(v any) (float64, bool) {
	n, ok := v.(strictjson.Number)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(n), 64)
	return f, err == nil && f > 0
}

// lasting is a number of units, at most a century.
func lasting(n float64, unit time.Duration) time.Duration {
	const century = 100 * 365 * 24 * time.Hour
	if n >= float64(century/unit) {
		return century
	}
	return max(time.Duration(n*float64(unit)), 1)
}

func malformed(format string, args ...any) error {
	return explain.Errorf("status_list_malformed", format, args...)
}
