package jose

// Certificate chains: x5c (RFC 7515, section 4.1.6) and their check against one
// root (RFC 5280).

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
)

const (
	maxChain       = 6
	maxCertificate = 8 << 10
)

var std64 = base64.StdEncoding.Strict()

func readX5c(v any) ([][]byte, error) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 || len(list) > maxChain {
		return nil, explain.Errorf("certificates_malformed", "x5c is not an array of one to %d certificates", maxChain)
	}
	chain := make([][]byte, len(list))
	for i, e := range list {
		s, _ := e.(string)
		der, err := std64.DecodeString(s)
		if err != nil || strings.ContainsAny(s, "\r\n") {
			return nil, explain.Errorf("certificates_malformed", "a certificate in x5c is not base64")
		}
		chain[i] = der
	}
	return chain, checkX5c(chain)
}

func checkX5c(chain [][]byte) error {
	if len(chain) == 0 || len(chain) > maxChain {
		return explain.Errorf("certificates_malformed", "a chain is one to %d certificates", maxChain)
	}
	for _, der := range chain {
		if len(der) == 0 || len(der) > maxCertificate {
			return explain.Errorf("certificates_malformed", "a certificate is empty or longer than %d bytes", maxCertificate)
		}
	}
	return nil
}

func writeX5c(chain [][]byte) []any {
	out := make([]any, len(chain))
	for i, der := range chain {
		out[i] = base64.StdEncoding.EncodeToString(der)
	}
	return out
}

// Certificates reads a chain in DER. Code certificates_malformed.
func Certificates(chain [][]byte) ([]*x509.Certificate, error) {
	if err := checkX5c(chain); err != nil {
		return nil, err
	}
	out := make([]*x509.Certificate, len(chain))
	for i, der := range chain {
		var err error
		if out[i], err = x509.ParseCertificate(der); err != nil {
			return nil, explain.Errorf("certificates_malformed", "a certificate cannot be read")
		}
	}
	return out, nil
}

// CertificateKey is the P-256 key of a certificate. Code certificates_untrusted
// for any other key.
func CertificateKey(c *x509.Certificate) (did.PublicKey, error) {
	pub, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok || pub.Curve != elliptic.P256() {
		return did.PublicKey{}, explain.Errorf("certificates_untrusted", "the certificate's key is not on P-256")
	}
	point, err := pub.Bytes()
	if err != nil {
		return did.PublicKey{}, explain.Errorf("certificates_untrusted", "the certificate's key is none")
	}
	return did.NewPublicKey(did.P256, point)
}

// VerifyChain checks a chain in DER, the signing key's certificate first,
// against one root and returns that key. Nothing else is trusted, nothing is
// fetched, and no extended key usage is asked for; constraints on the
// authorities in between are honoured. issuer, where it is not "", must be a URI
// among the first certificate's alternative names, or an https URL whose host
// is a DNS name among them, in its full spelling.
//
// Codes certificates_malformed, certificates_untrusted, certificates_expired,
// certificates_name.
func VerifyChain(chain [][]byte, root []byte, issuer string, at time.Time) (did.PublicKey, error) {
	none := did.PublicKey{}
	roots, err := Certificates([][]byte{root})
	if err != nil {
		return none, err
	}
	certs, err := Certificates(chain)
	if err != nil {
		return none, err
	}
	if at.IsZero() { // crypto/x509 would read its own clock
		return none, explain.Errorf("certificates_expired", "no time to judge a chain at")
	}
	leaf := certs[0]
	if leaf.IsCA {
		return none, explain.Errorf("certificates_untrusted", "an authority's certificate where a signer's must stand")
	}
	if leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return none, explain.Errorf("certificates_untrusted", "the key is not meant for signatures")
	}
	key, err := CertificateKey(leaf)
	if err != nil {
		return none, err
	}
	o := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(),
		CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	o.Roots.AddCert(roots[0])
	for _, c := range certs[1:] {
		o.Intermediates.AddCert(c)
	}
	if _, err := leaf.Verify(o); err != nil {
		// The library's text may name who holds the certificate.
		code := "certificates_untrusted"
		if e, ok := err.(x509.CertificateInvalidError); ok && e.Reason == x509.Expired {
			code = "certificates_expired"
		}
		return none, explain.Errorf(code, "the chain does not hold up to the root")
	}
	if issuer != "" && !names(leaf, issuer) {
		return none, explain.Errorf("certificates_name", "the certificate does not name the issuer")
	}
	return key, nil
}

// names reports whether a certificate is for the issuer.
func names(c *x509.Certificate, issuer string) bool {
	for _, u := range c.URIs {
		if u.String() == issuer {
			return true
		}
	}
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Opaque != "" {
		return false
	}
	host := u.Hostname()
	for _, name := range c.DNSNames {
		if host != "" && strings.EqualFold(name, host) {
			return true
		}
	}
	return false
}
