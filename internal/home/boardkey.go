package home

// Certificates of the board's ES256 key, for those who know a board by an X.509
// root and not by the ledger. They go into the x5c of new SD-JWT VCs.

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/internal/keys"
	"bonafide/storage"
	"bonafide/vc"
)

// certificateFile holds the board's chain in PEM, its own certificate first.
const certificateFile = "certificate.pem"

const (
	maxCertificateFile = 64 << 10
	maxCertificates    = 6 // of a chain, the root included
	maxCommonName      = 64
)

func (h *Home) certificatePath() string {
	return filepath.Join(h.dir, storage.Issuer.Name, certificateFile)
}

// es256 is the board's key for SD-JWT VCs. Code sdjwt_key_missing.
func (h *Home) es256(ctx context.Context) (did.DID, *did.Document, *keys.Signer, error) {
	id, d, k, err := h.acting(ctx)
	if err != nil {
		return "", nil, nil, err
	}
	if k.es256 == nil {
		return "", nil, nil, explain.Errorf("sdjwt_key_missing", "the board has no P-256 issuing key")
	}
	versions, err := d.View.Versions(id)
	if err != nil {
		return "", nil, nil, err
	}
	return id, versions[len(versions)-1].Document, k.es256, nil
}

// CertificateRequest makes a PKCS#10 request (RFC 2986), in PEM, for the board's
// ES256 key. Its subject is the name of the board's desk; the board's DID is a
// URI among the alternative names, by which readers find that the certificate
// is the issuer's. Code sdjwt_key_missing.
func (h *Home) CertificateRequest(ctx context.Context) ([]byte, error) {
	id, doc, key, err := h.es256(ctx)
	if err != nil {
		return nil, err
	}
	name, _ := bonafide.Desk(doc)
	if name == "" {
		name = string(id)
	}
	if r := []rune(name); len(r) > maxCommonName { // RFC 5280, appendix A: ub-common-name
		name = string(r[:maxCommonName])
	}
	uri, err := url.Parse(string(id))
	if err != nil {
		return nil, fmt.Errorf("making a certificate request: %w", err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: name}, URIs: []*url.URL{uri}, SignatureAlgorithm: x509.ECDSAWithSHA256,
	}, messageSigner{key})
	if err != nil {
		return nil, fmt.Errorf("making a certificate request: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

// messageSigner is a P-256 key as crypto/x509 asks for one: with the message,
// and for a signature in ASN.1.
type messageSigner struct{ key *keys.Signer }

var _ crypto.MessageSigner = messageSigner{}

func (s messageSigner) Public() crypto.PublicKey {
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), s.key.Public().Uncompressed())
	if err != nil { // it was checked when it was read
		return nil
	}
	return pub
}

var errDigest = errors.New("the key signs messages, not digests")

func (messageSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errDigest
}

func (s messageSigner) SignMessage(_ io.Reader, msg []byte, o crypto.SignerOpts) ([]byte, error) {
	if o.HashFunc() != crypto.SHA256 {
		return nil, errDigest
	}
	sig, err := s.key.Sign(msg)
	if err != nil {
		return nil, err
	}
	half := len(sig) / 2
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(sig[:half]), new(big.Int).SetBytes(sig[half:])})
}

// BoardCertificate is what the home keeps of a chain.
type BoardCertificate struct {
	Subject      string    `json:"subject"` // common name
	Issuer       string    `json:"issuer"`  // common name
	Expires      time.Time `json:"expires"` // of the one that runs out first
	Certificates int       `json:"certificates"`
}

// SetCertificates checks and keeps the chain of the board's ES256 key, in PEM,
// its own certificate first and each signed by the next. A root at the end is
// left out: readers have theirs. New SD-JWT VCs carry the chain.
//
// Codes certificates_malformed, certificates_untrusted (another key, another
// order, or not for signing), certificates_expired, certificates_name (it does
// not name the board's DID), sdjwt_key_missing.
func (h *Home) SetCertificates(ctx context.Context, file []byte) (BoardCertificate, error) {
	id, _, key, err := h.es256(ctx)
	if err != nil {
		return BoardCertificate{}, err
	}
	chain, err := parseChain(file)
	if err != nil {
		return BoardCertificate{}, err
	}
	if chain, err = checkChain(chain, id, key.Public(), h.Now()); err != nil {
		return BoardCertificate{}, err
	}
	var out bytes.Buffer
	for _, c := range chain {
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}); err != nil {
			return BoardCertificate{}, fmt.Errorf("keeping a certificate: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(h.certificatePath()), 0o700); err != nil {
		return BoardCertificate{}, fmt.Errorf("keeping a certificate: %w", err)
	}
	return certificateOf(chain), storage.WriteFile(h.certificatePath(), out.Bytes())
}

func certificateOf(chain []*x509.Certificate) BoardCertificate {
	c := BoardCertificate{Subject: chain[0].Subject.CommonName, Issuer: chain[0].Issuer.CommonName, Expires: chain[0].NotAfter.UTC(), Certificates: len(chain)}
	for _, x := range chain {
		if x.NotAfter.Before(c.Expires) {
			c.Expires = x.NotAfter.UTC()
		}
	}
	return c
}

// keptCertificate is what the home keeps for this key, nil where that is nothing.
func (h *Home) keptCertificate(key did.PublicKey) (*BoardCertificate, error) {
	der, err := h.certificates(key)
	if err != nil || len(der) == 0 {
		return nil, err
	}
	chain := make([]*x509.Certificate, len(der))
	for i, b := range der {
		if chain[i], err = x509.ParseCertificate(b); err != nil {
			return nil, explain.Errorf("data_damaged", "reading the board's certificate: %w", err)
		}
	}
	c := certificateOf(chain)
	return &c, nil
}

// parseChain reads certificates in PEM and nothing else.
func parseChain(file []byte) ([]*x509.Certificate, error) {
	bad := func(why string) ([]*x509.Certificate, error) {
		return nil, explain.Errorf("certificates_malformed", "%s", why)
	}
	if len(file) > maxCertificateFile {
		return bad("the file is too long")
	}
	var out []*x509.Certificate
	for rest := bytes.TrimSpace(file); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return bad("not certificates in PEM")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return bad("a certificate cannot be read")
		}
		if out = append(out, c); len(out) > maxCertificates {
			return bad("too many certificates")
		}
	}
	if len(out) == 0 {
		return bad("no certificate")
	}
	return out, nil
}

// checkChain holds a chain to a board's key and returns it without its root.
func checkChain(chain []*x509.Certificate, id did.DID, key did.PublicKey, now time.Time) ([]*x509.Certificate, error) {
	for i, c := range chain[1:] {
		if err := chain[i].CheckSignatureFrom(c); err != nil {
			return nil, explain.Errorf("certificates_untrusted", "certificate %d is not signed by the next", i+1)
		}
	}
	last := chain[len(chain)-1]
	if bytes.Equal(last.RawIssuer, last.RawSubject) && last.CheckSignature(last.SignatureAlgorithm, last.RawTBSCertificate, last.Signature) == nil {
		if len(chain) == 1 {
			return nil, explain.Errorf("certificates_untrusted", "a certificate that vouches for itself")
		}
		chain = chain[:len(chain)-1]
	}
	der := make([][]byte, len(chain))
	for i, c := range chain {
		der[i] = c.Raw
		if now.Before(c.NotBefore) || now.After(c.NotAfter) {
			return nil, explain.Errorf("certificates_expired", "certificate %d is not valid now", i+1)
		}
	}
	got, err := vc.VerifyChain(der, last.Raw, string(id), now)
	if err != nil {
		return nil, err
	}
	if got != key {
		return nil, explain.Errorf("certificates_untrusted", "the certificate is not for the board's ES256 key")
	}
	return chain, nil
}

// certificates are the kept chain, in DER, if it is of this key: a board that
// got a new key since needs a new certificate.
func (h *Home) certificates(key did.PublicKey) ([][]byte, error) {
	file, err := readBounded(h.certificatePath(), maxCertificateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the board's certificate: %w", err)
	}
	chain, err := parseChain(file)
	if err != nil {
		return nil, explain.Errorf("data_damaged", "reading the board's certificate: %w", err)
	}
	pub, ok := chain[0].PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, nil
	}
	if point, err := pub.Bytes(); err != nil || !slices.Equal(point, key.Uncompressed()) {
		return nil, nil
	}
	out := make([][]byte, len(chain))
	for i, c := range chain {
		out[i] = c.Raw
	}
	return out, nil
}
