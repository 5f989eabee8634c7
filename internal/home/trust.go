package home

// network/issuers.json: the issuers outside the network that the hospital lists
// itself, for named types until a day. Like the pinned network it is in clear,
// since verifying asks for no passphrase: who may write in the home's folder can
// list whom they like, and the threat model says so. What the file does hold
// against is everything else: it carries a digest of itself and a revision, and
// home.json says which revision there is, so that a file that is damaged, cut,
// edited by hand, removed, or put back from before the last change is an error
// and never a shorter or another list.

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/did/jwk"
	"bonafide/did/key"
	"bonafide/did/web"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/internal/text"
	"bonafide/storage"
	"bonafide/verifier"
)

const (
	issuersFile = "issuers.json"

	maxListings     = 64
	maxListingTypes = 32
	maxTypeLength   = 200
	maxNameLength   = 100
	maxRoot         = 8 << 10 // DER, as in chains

	x509Prefix = "x509:"
)

// Listing is an issuer outside the network that the home trusts.
type Listing struct {
	verifier.ListedIssuer
	Added time.Time
}

// issuerList is network/issuers.json.
type issuerList struct {
	Format   int           `json:"format"`   // 1
	Revision uint64        `json:"revision"` // changes so far
	Issuers  []listedEntry `json:"issuers"`
	Digest   string        `json:"digest"` // SHA-256, in hex, of the JCS form of all other members
}

type listedEntry struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Root  []byte    `json:"root"` // DER, base64; empty for a DID
	Types []string  `json:"types"`
	Until time.Time `json:"until"`
	Added time.Time `json:"added"`
}

// digest is the digest of everything but the digest.
func (l issuerList) digest() (string, error) {
	l.Digest = ""
	b, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	v, err := strictjson.Object(b, jsonLimits)
	if err != nil {
		return "", err
	}
	delete(v, "digest")
	if b, err = strictjson.Canonical(v); err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// parseIssuers reads the list. What it takes it would write in the same bytes.
// Codes data_damaged, data_newer.
func parseIssuers(b []byte) (issuerList, error) {
	damaged := func(why string) (issuerList, error) {
		return issuerList{}, explain.Errorf("data_damaged", "%s: %s", issuersFile, why)
	}
	if err := checkFormat(b, issuersFile); err != nil {
		return issuerList{}, err
	}
	var l issuerList
	if err := strictjson.Decode(b, jsonLimits, &l); err != nil {
		return issuerList{}, malformed(issuersFile, err)
	}
	if again, err := l.marshal(); err != nil || !bytes.Equal(again, b) {
		return damaged("it was changed by something else")
	}
	seen := map[string]bool{}
	for _, e := range l.Issuers {
		if seen[e.ID] || e.Until.IsZero() || e.Added.IsZero() || e.check() != nil {
			return damaged("an entry is malformed")
		}
		seen[e.ID] = true
	}
	if len(l.Issuers) > maxListings || l.Revision == 0 {
		return damaged("it has too many entries, or no revision")
	}
	return l, nil
}

func (l issuerList) marshal() ([]byte, error) {
	if l.Issuers == nil {
		l.Issuers = []listedEntry{} // null would not read back as a list
	}
	var err error
	if l.Digest, err = l.digest(); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(l, "", "  ")
	return append(b, '\n'), err
}

// readIssuers reads the list as home.json says it must be: at least of the
// revision noted there, since that is noted after the file was replaced.
func (h *Home) readIssuers() (issuerList, error) {
	s, err := readSettings(h.dir)
	if err != nil {
		return issuerList{}, err
	}
	b, err := readBounded(h.Network().path(issuersFile), int64(jsonLimits.Bytes))
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.Issuers == 0:
		return issuerList{Format: 1}, nil
	case errors.Is(err, fs.ErrNotExist):
		return issuerList{}, explain.Errorf("data_missing", "%s is gone", issuersFile)
	case err != nil:
		return issuerList{}, fmt.Errorf("reading %s: %w", issuersFile, err)
	}
	l, err := parseIssuers(b)
	if err != nil {
		return issuerList{}, err
	}
	if l.Revision < s.Issuers {
		return issuerList{}, explain.Errorf("issuers_rolled_back", "%s has revision %d, the home knows %d", issuersFile, l.Revision, s.Issuers)
	}
	return l, nil
}

// Listings are the issuers outside the network that this home lists, those run
// out included. Codes data_damaged, data_missing, data_newer,
// issuers_rolled_back.
func (h *Home) Listings() ([]Listing, error) {
	l, err := h.readIssuers()
	if err != nil {
		return nil, err
	}
	out := make([]Listing, len(l.Issuers))
	for i, e := range l.Issuers {
		out[i] = Listing{ListedIssuer: verifier.ListedIssuer{ID: e.ID, Name: e.Name, Types: e.Types, Until: e.Until}, Added: e.Added}
		if len(e.Root) > 0 {
			out[i].Root = e.Root
		}
	}
	return out, nil
}

// AddIssuer lists an issuer: a did:web, did:jwk or did:key, or a root that
// ReadRoot took. Without a name it goes by its ID. One that is listed already is
// replaced only if replace is set. It opens no connection. Codes listing_on_ledger, did_invalid,
// did_method_unsupported, key_invalid, listing_types, listing_until,
// listing_name, listing_exists, listing_too_many, root_unusable.
func (h *Home) AddIssuer(ctx context.Context, i verifier.ListedIssuer, replace bool) error {
	now := h.Now().UTC().Truncate(time.Second)
	e := listedEntry{
		ID: i.ID, Name: i.Name, Root: append([]byte{}, i.Root...), Types: slices.Clone(i.Types),
		Until: i.Until.UTC().Truncate(time.Second), Added: now,
	}
	if e.Name == "" {
		e.Name = text.Line(e.ID, maxNameLength-1)
	}
	if err := e.check(); err != nil {
		return err
	}
	if !e.Until.After(now) {
		return explain.Errorf("listing_until", "the last day lies in the past")
	}
	return h.changeIssuers(ctx, func(l *issuerList) error {
		at := slices.IndexFunc(l.Issuers, func(o listedEntry) bool { return o.ID == e.ID })
		switch {
		case at < 0 && len(l.Issuers) >= maxListings:
			return explain.Errorf("listing_too_many", "%d issuers are listed", maxListings)
		case at < 0:
			l.Issuers = append(l.Issuers, e)
		case !replace:
			return explain.Errorf("listing_exists", "the issuer is listed")
		default:
			l.Issuers[at] = e
		}
		return nil
	})
}

// RemoveIssuer takes an issuer off the list, and what was fetched for it out of
// the home. Code listing_unknown.
func (h *Home) RemoveIssuer(ctx context.Context, id string) error {
	err := h.changeIssuers(ctx, func(l *issuerList) error {
		n := len(l.Issuers)
		l.Issuers = slices.DeleteFunc(l.Issuers, func(e listedEntry) bool { return e.ID == id })
		if len(l.Issuers) == n {
			return explain.Errorf("listing_unknown", "no issuer of that name is listed")
		}
		return nil
	})
	if err != nil {
		return err
	}
	store, err := h.outsideStore()
	if err != nil || store == nil {
		return err
	}
	return store.Forget(ctx, storage.OutsideDocument, id)
}

// changeIssuers replaces the list by what f makes of it, under the home's lock,
// and then notes its revision: whatever happens in between, the list is whole.
func (h *Home) changeIssuers(ctx context.Context, f func(*issuerList) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.locked(ctx, lockFile, func() error {
		l, err := h.readIssuers()
		if err != nil {
			return err
		}
		if err := f(&l); err != nil {
			return err
		}
		l.Revision++
		b, err := l.marshal()
		if err != nil {
			return fmt.Errorf("writing %s: %w", issuersFile, err)
		}
		if err := storage.WriteFile(filepath.Join(h.dir, networkFolder, issuersFile), b); err != nil {
			return err
		}
		s, err := readSettings(h.dir)
		if err != nil {
			return err
		}
		s.Issuers = l.Revision
		if err := s.write(h.dir); err != nil {
			return err
		}
		h.settings = s
		return nil
	})
}

// check holds an entry to what can be judged without a source.
func (e listedEntry) check() error {
	if len(e.Root) > 0 {
		r, err := rootOf(e.Root)
		if err != nil {
			return err
		}
		if e.ID != r.ID() {
			return explain.Errorf("root_unusable", "the entry's name is not its fingerprint")
		}
	} else if err := checkListed(e.ID); err != nil {
		return err
	}
	if e.Name == "" || text.Line(e.Name, maxNameLength) != e.Name {
		return explain.Errorf("listing_name", "the name is empty, too long, or has characters that deceive")
	}
	if len(e.Types) == 0 || len(e.Types) > maxListingTypes {
		return explain.Errorf("listing_types", "one to %d types", maxListingTypes)
	}
	seen := map[string]bool{}
	for _, t := range e.Types {
		if !validType(t) || seen[t] {
			return explain.Errorf("listing_types", "a type is malformed, general, or there twice")
		}
		seen[t] = true
	}
	return nil
}

// checkListed judges the DID of an entry.
func checkListed(id string) error {
	d, err := did.Parse(id)
	if err != nil {
		return err
	}
	switch d.Method() {
	case "bonafide":
		return explain.Errorf("listing_on_ledger", "the ledger alone says what a did:bonafide may issue")
	case "web":
		_, err = web.URL(d)
	case "jwk":
		_, err = jwk.Public(d)
	case "key":
		_, err = key.Public(d)
	default:
		err = explain.Errorf("did_method_unsupported", "method %.32q cannot be listed", d.Method())
	}
	return err
}

// validType takes the name of a VC type, its IRI, or a vct. The types that every
// credential has, and patterns, would list an issuer for everything.
func validType(t string) bool {
	if t == "" || len(t) > maxTypeLength || t == "VerifiableCredential" || t == "VerifiablePresentation" ||
		t == "https://www.w3.org/2018/credentials#VerifiableCredential" {
		return false
	}
	for _, c := range []byte(t) {
		if c <= ' ' || c > '~' || strings.IndexByte(`*"<>\^{|}`+"`", c) >= 0 {
			return false
		}
	}
	return true
}

// Root is an X.509 root that can be listed.
type Root struct {
	DER         []byte
	Name        string // what it calls itself, fit to be shown
	Fingerprint string // SHA-256 of DER, in lower-case hex
	NotAfter    time.Time
}

// ID is the name of the root's entry in the list.
func (r Root) ID() string { return x509Prefix + r.Fingerprint }

// ReadRoot reads a PEM file that holds one certificate and nothing else, and
// checks that it is an authority's, signed by itself, in force at now, and made
// with algorithms that still hold. Code root_unusable.
func ReadRoot(b []byte, now time.Time) (Root, error) {
	block, rest := pem.Decode(bytes.TrimSpace(b))
	if block == nil || block.Type != "CERTIFICATE" || len(block.Headers) > 0 || len(bytes.TrimSpace(rest)) > 0 ||
		!bytes.HasPrefix(bytes.TrimSpace(b), []byte("-----BEGIN ")) {
		return Root{}, explain.Errorf("root_unusable", "not a PEM file of one certificate")
	}
	r, err := rootOf(block.Bytes)
	if err != nil {
		return Root{}, err
	}
	c, err := x509.ParseCertificate(r.DER)
	if err != nil || now.Before(c.NotBefore) || now.After(c.NotAfter) {
		return Root{}, explain.Errorf("root_unusable", "the certificate is not in force today")
	}
	return r, nil
}

// rootOf checks what does not change with time.
func rootOf(der []byte) (Root, error) {
	bad := func(why string) (Root, error) { return Root{}, explain.Errorf("root_unusable", "%s", why) }
	if len(der) > maxRoot {
		return bad("the certificate is too large")
	}
	c, err := x509.ParseCertificate(der)
	if err != nil { // the library's text may repeat what stands in it
		return bad("the certificate cannot be read")
	}
	switch {
	case c.Version != 3 || !c.BasicConstraintsValid || !c.IsCA:
		return bad("it is not the certificate of an authority")
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return bad("its key may not sign certificates")
	case !bytes.Equal(c.RawIssuer, c.RawSubject) || c.CheckSignatureFrom(c) != nil:
		return bad("it is not signed by itself, or by an algorithm that no longer holds")
	case !strongKey(c.PublicKey):
		return bad("its key is too short, or of a kind that is not supported")
	case len(c.UnhandledCriticalExtensions) > 0:
		return bad("it has a critical extension that is not known")
	}
	name := c.Subject.CommonName
	if name == "" && len(c.Subject.Organization) > 0 {
		name = c.Subject.Organization[0]
	}
	sum := sha256.Sum256(der)
	return Root{DER: bytes.Clone(der), Name: text.Line(name, maxNameLength), Fingerprint: hex.EncodeToString(sum[:]), NotAfter: c.NotAfter.UTC()}, nil
}

// strongKey takes RSA from 2,048 bits, the NIST curves from P-256, and Ed25519.
func strongKey(k any) bool {
	switch k := k.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= 2048
	case *ecdsa.PublicKey:
		return k.Params().BitSize >= 256
	case ed25519.PublicKey:
		return true
	}
	return false
}
