//go:build interop

package main

// This side: keys, and vc called the way the roles call it.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/did/key"
	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/vc"
)

const (
	vct      = "urn:bonafide:vct:v1:professional-licence"
	nonce    = "b6x0y3Zt1mJ5q8rUe2wKfA"
	audience = "Example Hospital"
)

// now is the time of every case; the licence is in force around it.
var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

// pair is a P-256 key.
type pair struct{ private *ecdsa.PrivateKey }

func newPair(seed byte) pair {
	d := sha256.Sum256([]byte{seed})
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d[:])
	if err != nil {
		panic(err)
	}
	return pair{k}
}

func (p pair) public() did.PublicKey {
	b, err := p.private.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	k, err := did.NewPublicKey(did.P256, b)
	if err != nil {
		panic(err)
	}
	return k
}

// jwk is the public key, with the private half where it is to be used.
func (p pair) jwk(private bool) map[string]any {
	b, err := p.private.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	m := map[string]any{"kty": "EC", "crv": "P-256", "x": encode(b[1:33]), "y": encode(b[33:])}
	if private {
		d, err := p.private.Bytes()
		if err != nil {
			panic(err)
		}
		m["d"] = encode(d)
	}
	return m
}

func (p pair) did() did.DID { return key.New(p.public()) }
func (p pair) kid() string  { return key.MethodID(p.public()) }

// sign is ES256: ECDSA over SHA-256 as r ‖ s.
func (p pair) sign(msg []byte) ([]byte, error) {
	digest := sha256.Sum256(msg)
	r, s, err := ecdsa.Sign(rand.Reader, p.private, digest[:])
	if err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	for i, n := range []*big.Int{r, s} {
		n.FillBytes(out[32*i : 32*i+32])
	}
	return out, nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwt signs any header and payload, also such as no honest side would make.
func (p pair) jwt(header, payload map[string]any) string {
	h, err1 := json.Marshal(header)
	b, err2 := json.Marshal(payload)
	if err := errors.Join(err1, err2); err != nil {
		panic(err)
	}
	input := encode(h) + "." + encode(b)
	sig, err := p.sign([]byte(input))
	if err != nil {
		panic(err)
	}
	return input + "." + encode(sig)
}

// claims is a licence as a board has it.
func claims(issuer did.DID) map[string]any {
	return map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"},
		"type":     []any{"VerifiableCredential", "ProfessionalLicence"}, "issuer": string(issuer),
		"validFrom": "2026-11-01T00:00:00Z", "validUntil": "2028-12-31T23:59:59Z",
		"credentialSubject": map[string]any{
			"type": "Practitioner", "givenName": "Zelda", "familyName": "Quillfeather", "npi": "1234567893",
			"licence": map[string]any{
				"type": "Licence", "number": "OH-MDR-3001234", "jurisdiction": "US-OH", "profession": "Physician",
				"issued": "2026-11-01", "expires": "2028-11-30",
			},
		},
		"credentialStatus": []any{map[string]any{"type": "LedgerStatusEntry", "statusIndex": "7"}},
		"evidence":         []any{map[string]any{"type": "LedgerAnchor", "anchor": ""}},
	}
}

// certificate is a certificate of the key by itself, in DER.
func (p pair) certificate() ([]byte, error) {
	id, err := url.Parse(p.did().String())
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "State Board of Medicine"}, URIs: []*url.URL{id},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(5, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	return x509.CreateCertificate(rand.Reader, c, c, p.private.Public(), p.private)
}

// issue makes an SD-JWT VC the way a board does, until a day; x5c are the
// certificates of the board's key, if it has any.
func issue(board pair, holder did.PublicKey, until string, x5c ...[]byte) (string, error) {
	doc := claims(board.did())
	doc["validUntil"] = until
	d, err := vc.NewSDJWTDraft(doc, vc.SDJWTOptions{Vct: vct, Holder: holder, Issued: now, Rand: rand.Reader})
	if err != nil {
		return "", err
	}
	b, err := d.Seal(ledger.Anchor{Epoch: 1, Size: 1}.String(), vc.ProofOptions{
		VerificationMethod: board.kid(), Created: now, Key: board.public(), Certificates: x5c,
	}, board.sign)
	return string(bytes.TrimSpace(b)), err
}

// present makes a presentation the way a wallet does.
func present(token string, disclose []string, holder pair) (string, error) {
	b, err := vc.PresentSDJWT([]byte(token), disclose, nonce, audience, holder.public(), now, holder.sign)
	return string(bytes.TrimSpace(b)), coded(err)
}

// verify reads a token and gives the claims about its subject. With bound there
// must be a key binding for nonce and audience.
func verify(token string, issuer pair, bound bool) (map[string]any, error) {
	p, err := vc.Parse([]byte(token))
	if err != nil {
		return nil, coded(err)
	}
	if p.Format() != vc.SDJWT {
		return nil, fmt.Errorf("read as %s", p.Format())
	}
	a, err := p.Verify(func(method string, purpose did.Relationship) (did.PublicKey, error) {
		if method != issuer.kid() || purpose != did.AssertionMethod {
			return did.PublicKey{}, explain.Errorf("method_not_found", "another method")
		}
		return issuer.public(), nil
	})
	if err != nil {
		return nil, coded(err)
	}
	if bound {
		if err := p.VerifyKeyBinding(a, vc.PresentationPolicy{Challenge: nonce, Domain: audience, Now: now}); err != nil {
			return nil, coded(err)
		}
	}
	if until, ok := a.ValidUntil(); ok && now.After(until) {
		return nil, &refusal{"expired"}
	}
	subject, ok := a.Claims()["credentialSubject"].(map[string]any)
	if !ok {
		return nil, errors.New("no subject")
	}
	return subject, nil
}

// coded turns a refusal of ours into one; what has no code is a fault.
func coded(err error) error {
	if code := explain.CodeOf(err); code != "" {
		return &refusal{code}
	}
	return err
}

// parts splits a token into the issuer's JWT, its disclosures and the key
// binding JWT, "" where there is none.
func parts(token string) (jwt string, disclosures []string, kb string) {
	all := strings.Split(token, "~")
	return all[0], all[1 : len(all)-1], all[len(all)-1]
}

func join(jwt string, disclosures []string, kb string) string {
	return strings.Join(append(append([]string{jwt}, disclosures...), kb), "~")
}

// sdHash is what a key binding JWT signs of the rest (RFC 9901, section 4.3.1).
func sdHash(jwt string, disclosures []string) string {
	h := sha256.Sum256([]byte(join(jwt, disclosures, "")))
	return encode(h[:])
}
