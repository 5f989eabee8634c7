// Package request is the file by which a hospital asks a practitioner for a
// presentation. The hospital's verifier makes it, the wallet answers it; the
// nonce in it ties the answer to this one question.
//
//	{"format":1,"type":"BonafideRequest","audience":"Example Hospital",
//	 "nonce":"…base64url…","purpose":"privileging",
//	 "created":"2026-11-21T08:00:00Z","expires":"2026-11-28T08:00:00Z",
//	 "types":["ProfessionalLicence"],
//	 "claims":["familyName","licence.number"],"formats":["dc+sd-jwt"]}
//
// types, claims and formats may be missing.
package request

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

const (
	kind      = "BonafideRequest"
	format    = 1
	nonceSize = 32 // of nonces made here, in bytes
	minNonce  = 16
	maxNonce  = 64

	// MaxLife is the longest time between created and expires.
	MaxLife = 90 * 24 * time.Hour
	// MaxSkew is how far a request may lie in the future of a wallet's clock.
	MaxSkew = 5 * time.Minute
	// MaxSize is the largest request file, in bytes.
	MaxSize = 16 << 10
	// MaxClaims is the largest number of claims that one request names.
	MaxClaims = 64

	maxTypes = 16
)

// Purposes that a hospital asks for.
var purposes = []string{"privileging", "disaster", "monitoring"}

// Request is a well-formed request.
type Request struct {
	Audience string    // who asks: the `domain` of the presentation; shown to people
	Nonce    string    // base64url of 16 to 64 bytes: its `challenge`
	Purpose  string    // privileging, disaster or monitoring
	Created  time.Time // whole seconds, UTC
	Expires  time.Time // whole seconds, UTC; later than Created by at most MaxLife
	Types    []string  // types of credentials that are asked for; empty: any
	// Claims are the claims about the subject that are asked for, as familyName
	// or licence.number; licence stands for all beneath it. Empty: all of them.
	Claims []string
	// Formats are the envelopes that the hospital takes, in order of preference,
	// each as vc names it; empty: it says nothing.
	Formats []string
}

// formats are the envelopes that can be asked for, named as package vc does.
var formats = []string{"vcdm2-di", "dc+sd-jwt"}

// file is the request as JSON.
type file struct {
	Format   int      `json:"format"`
	Type     string   `json:"type"`
	Audience string   `json:"audience"`
	Nonce    string   `json:"nonce"`
	Purpose  string   `json:"purpose"`
	Created  string   `json:"created"`
	Expires  string   `json:"expires"`
	Types    []string `json:"types"`
	Claims   []string `json:"claims"`
	Formats  []string `json:"formats"`
}

// New makes a request with a fresh nonce that lives from now on for life.
func New(audience, purpose string, types []string, now time.Time, life time.Duration, rand io.Reader) (*Request, error) {
	var nonce [nonceSize]byte
	if _, err := io.ReadFull(rand, nonce[:]); err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	created := now.UTC().Truncate(time.Second)
	r := &Request{
		Audience: audience,
		Nonce:    base64.RawURLEncoding.EncodeToString(nonce[:]),
		Purpose:  purpose,
		Created:  created,
		Expires:  created.Add(life).Truncate(time.Second),
		Types:    slices.Clone(types),
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// Parse reads a request file strictly. Whether it is still in time is another
// question (CheckTime). Code request_malformed.
func Parse(b []byte) (*Request, error) {
	var f file
	if err := strictjson.Decode(b, strictjson.Limits{Bytes: MaxSize, Depth: 2, Nodes: 256}, &f); err != nil {
		return nil, bad("reading a request: %w", err)
	}
	if f.Type != kind || f.Format != format {
		return nil, bad("not a request of format %d", format)
	}
	created, err1 := parseTime(f.Created)
	expires, err2 := parseTime(f.Expires)
	if err1 != nil || err2 != nil {
		return nil, bad("created or expires is not a time in UTC and whole seconds")
	}
	// An empty list would ask for nothing where it is read as a list, and for
	// everything where it is read as missing.
	if f.Claims != nil && len(f.Claims) == 0 || f.Formats != nil && len(f.Formats) == 0 {
		return nil, bad("an empty list of claims or formats")
	}
	r := &Request{f.Audience, f.Nonce, f.Purpose, created, expires, f.Types, f.Claims, f.Formats}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// Marshal returns the request file, in canonical form (RFC 8785) and with a
// final line feed.
func (r *Request) Marshal() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	m := map[string]any{
		"format": json.Number(strconv.Itoa(format)), "type": kind, "audience": r.Audience, "nonce": r.Nonce, "purpose": r.Purpose,
		"created": r.Created.Format(time.RFC3339), "expires": r.Expires.Format(time.RFC3339),
	}
	for name, list := range map[string][]string{"types": r.Types, "claims": r.Claims, "formats": r.Formats} {
		if len(list) == 0 {
			continue
		}
		values := make([]any, len(list))
		for i, v := range list {
			values[i] = v
		}
		m[name] = values
	}
	b, err := strictjson.Canonical(m)
	if err != nil {
		return nil, fmt.Errorf("writing a request: %w", err)
	}
	return append(b, '\n'), nil
}

// CheckTime says whether the request may be answered now. Codes
// request_expired, request_not_yet.
func (r *Request) CheckTime(now time.Time) error {
	if !now.Before(r.Expires) {
		return explain.Errorf("request_expired", "the request expired at %s", r.Expires.Format(time.RFC3339))
	}
	if r.Created.After(now.Add(MaxSkew)) {
		return explain.Errorf("request_not_yet", "the request is of %s", r.Created.Format(time.RFC3339))
	}
	return nil
}

// Asks reports whether a credential with these types is asked for.
func (r *Request) Asks(types []string) bool {
	return len(r.Types) == 0 || slices.ContainsFunc(types, func(t string) bool { return slices.Contains(r.Types, t) })
}

// Names reports whether the request names a claim or something above it, or
// names no claims at all.
func (r *Request) Names(claim string) bool {
	return len(r.Claims) == 0 || slices.ContainsFunc(r.Claims, func(name string) bool {
		return claim == name || strings.HasPrefix(claim, name+".")
	})
}

func (r *Request) check() error {
	if !showable(r.Audience) {
		return bad("audience is empty, too long, or holds characters that do not show")
	}
	nonce, err := base64.RawURLEncoding.Strict().DecodeString(r.Nonce)
	if err != nil || base64.RawURLEncoding.EncodeToString(nonce) != r.Nonce || len(nonce) < minNonce || len(nonce) > maxNonce {
		return bad("nonce is not base64url of %d to %d bytes", minNonce, maxNonce)
	}
	if !slices.Contains(purposes, r.Purpose) {
		return bad("purpose is none of %q", purposes)
	}
	if life := r.Expires.Sub(r.Created); life <= 0 || life > MaxLife {
		return bad("expires is not within %s after created", MaxLife)
	}
	if !whole(r.Created) || !whole(r.Expires) {
		return bad("created or expires is not a time in UTC and whole seconds")
	}
	if len(r.Types) > maxTypes || len(r.Claims) > MaxClaims {
		return bad("more than %d types or %d claims", maxTypes, MaxClaims)
	}
	for i, t := range r.Types {
		if !typeName(t) || slices.Contains(r.Types[:i], t) {
			return bad("types holds something that is no type, or one twice")
		}
	}
	for i, c := range r.Claims {
		if !ClaimName(c) || slices.Contains(r.Claims[:i], c) {
			return bad("claims holds something that is no name of a claim, or one twice")
		}
	}
	for i, f := range r.Formats {
		if !slices.Contains(formats, f) || slices.Contains(r.Formats[:i], f) {
			return bad("formats holds something that is no format, or one twice")
		}
	}
	return nil
}

// ClaimName reports whether s can name a claim: members joined by dots, each of
// letters, digits, `_` and `-`.
func ClaimName(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for member := range strings.SplitSeq(s, ".") {
		if member == "" || strings.ContainsFunc(member, func(c rune) bool {
			return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-'
		}) {
			return false
		}
	}
	return true
}

func whole(t time.Time) bool {
	return t.Location() == time.UTC && t.Nanosecond() == 0 && t.Year() < 10_000
}

// parseTime reads the one spelling of a time that Marshal writes.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.UTC().Format(time.RFC3339) != s {
		return time.Time{}, bad("not a time in UTC and whole seconds")
	}
	return t.UTC(), nil
}

// showable reports whether s is a short line that shows what it is: no
// controls, no characters without width, none that turn the direction.
func showable(s string) bool {
	if s == "" || len(s) > 256 || !utf8.ValidString(s) || s[0] == ' ' || s[len(s)-1] == ' ' {
		return false
	}
	for _, c := range s {
		if c != ' ' && !unicode.IsGraphic(c) || unicode.Is(unicode.Cf, c) || unicode.Is(unicode.Zs, c) && c != ' ' {
			return false
		}
	}
	return true
}

func typeName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func bad(format string, args ...any) error {
	return explain.Errorf("request_malformed", format, args...)
}
