// Package web implements the DID method `web`: a DID whose document lies on the
// web server that the DID names. It opens no socket: URL says where the document
// is, Read judges what somebody fetched from there, and a Resolver answers from
// what was kept.
//
// It follows the did:web method of the W3C Credentials Community Group, and is
// narrower where that leaves two spellings for one thing: host in lower case, a
// port after `%3A`, path segments of letters, digits, `.`, `-` and `_`.
package web

import (
	"context"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
)

// Accept is the Accept header to fetch a document with.
const Accept = "application/did, application/did+json, application/did+ld+json, application/json;q=0.9"

const (
	maxHost    = 253
	maxLabel   = 63
	maxPathLen = 1024
)

// URL returns the https address of a did:web's document. Codes:
// did_method_unsupported, did_invalid.
func URL(d did.DID) (string, error) {
	if _, err := did.Parse(string(d)); err != nil {
		return "", err
	}
	if d.Method() != "web" {
		return "", explain.Errorf("did_method_unsupported", "not a did:web")
	}
	parts := strings.Split(d.Specific(), ":")
	host, port, hasPort := strings.Cut(parts[0], "%3A")
	if err := checkHost(host); err != nil {
		return "", err
	}
	if hasPort {
		if !validPort(port) {
			return "", invalid("the port is not a number from 1 to 65535")
		}
		host += ":" + port
	}
	path := "/.well-known"
	if len(parts) > 1 {
		path = ""
		for _, s := range parts[1:] {
			if !validSegment(s) {
				return "", invalid("a path segment is empty, leads elsewhere, or has a character outside letters, digits, `.`, `-` and `_`")
			}
			path += "/" + s
		}
	}
	if len(path) > maxPathLen {
		return "", invalid("the path is too long")
	}
	return "https://" + host + path + "/did.json", nil
}

func invalid(why string) error { return explain.Errorf("did_invalid", "did:web: %s", why) }

// checkHost takes names in lower-case ASCII of at least two labels. A name in
// its Punycode form (xn--…) is taken as these very characters: it is never
// mapped or shown as anything else, so that no twin of it looks the same. A last
// label that is a number would make it an address.
func checkHost(host string) error {
	if len(host) > maxHost {
		return invalid("the host name is too long")
	}
	labels := strings.Split(host, ".")
	if len(labels) < 2 {
		return invalid("the host name has one label only")
	}
	for _, l := range labels {
		if l == "" || len(l) > maxLabel || l[0] == '-' || l[len(l)-1] == '-' {
			return invalid("the host name has a malformed label")
		}
		for _, c := range []byte(l) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return invalid("the host name has a character outside a to z, digits and hyphen")
			}
		}
	}
	last := labels[len(labels)-1]
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") && strings.Trim(last[2:], "0123456789abcdef") == "" {
		return invalid("the host is an address, not a name")
	}
	return nil
}

func validPort(s string) bool {
	if s == "" || len(s) > 5 || s[0] == '0' {
		return false
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= 65535
}

func validSegment(s string) bool {
	if s == "" || s == "." || s == ".." {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// Read judges the bytes that were fetched for a did:web: a DID document of at
// most did.MaxDocument bytes whose id is exactly this DID. Codes: those of URL
// and did.ParseDocument, did_id_mismatch.
func Read(d did.DID, b []byte) (*did.Document, error) {
	if _, err := URL(d); err != nil {
		return nil, err
	}
	doc, err := did.ParseDocument(b)
	if err != nil {
		return nil, err
	}
	if doc.ID != d {
		return nil, explain.Errorf("did_id_mismatch", "the document at the address of a did:web names another DID")
	}
	return doc, nil
}

// Get fetches an address and returns the body, bounded in size and time. It is
// netguard.Get with a client of netguard.Outside.
type Get func(ctx context.Context, url, accept string) ([]byte, error)

// Fetch fetches and judges the document of a did:web. Codes: those of Read and
// of get.
func Fetch(ctx context.Context, get Get, d did.DID) (*did.Document, error) {
	address, err := URL(d)
	if err != nil {
		return nil, err
	}
	b, err := get(ctx, address, Accept)
	if err != nil {
		return nil, err
	}
	return Read(d, b)
}

// Kept holds what was fetched: the document of a did:web and when. Code
// document_not_fetched.
type Kept interface {
	Document(ctx context.Context, d did.DID) (*did.Document, time.Time, error)
}

// NewResolver resolves did:web from what was kept. AsOf is when that was
// fetched. There is no history: versions, times and heights are unknown.
func NewResolver(k Kept) did.Resolver { return resolver{k} }

type resolver struct{ kept Kept }

func (r resolver) Resolve(ctx context.Context, id did.DID, o did.ResolveOptions) (*did.Resolution, error) {
	if _, err := URL(id); err != nil {
		return nil, err
	}
	if o != (did.ResolveOptions{}) {
		return nil, explain.Errorf("did_version_unknown", "of a did:web only the newest document that was fetched is known")
	}
	doc, at, err := r.kept.Document(ctx, id)
	if err != nil {
		return nil, err
	}
	if doc.ID != id {
		return nil, explain.Errorf("did_id_mismatch", "the document kept for a did:web names another DID")
	}
	return &did.Resolution{Document: doc, AsOf: at}, nil
}
