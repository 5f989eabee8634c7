package vc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"io"
	"math/big"
	mrand "math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/jose"
	"bonafide/internal/strictjson"
)

// party256 is somebody with a P-256 key, derived from a name.
type party256 struct {
	did    did.DID
	method string
	secret *ecdsa.PrivateKey
	key    did.PublicKey
}

func newParty256(name string) party256 {
	for i := byte(0); ; i++ {
		d := sha256.Sum256(append([]byte("P-256 key of "+name), i))
		secret, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d[:])
		if err != nil {
			continue
		}
		return partyOf(secret)
	}
}

func partyOf(secret *ecdsa.PrivateKey) party256 {
	point, err := secret.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	key, err := did.NewPublicKey(did.P256, point)
	if err != nil {
		panic(err)
	}
	id := did.DID("did:key:" + key.Multikey())
	return party256{id, id.String() + "#" + key.Multikey(), secret, key}
}

func (p party256) sign(b []byte) ([]byte, error) {
	sum := sha256.Sum256(b)
	r, s, err := ecdsa.Sign(rand.Reader, p.secret, sum[:])
	if err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out, nil
}

// twin is the other signature of the same bytes.
func twin(sig []byte) []byte {
	s := new(big.Int).SetBytes(sig[32:])
	s.Sub(elliptic.P256().Params().N, s)
	return append(append([]byte(nil), sig[:32]...), s.FillBytes(make([]byte, 32))...)
}

var (
	board256  = newParty256("board")
	other256  = newParty256("another board")
	holder256 = newParty256("practitioner")
)

const testVct = "urn:bonafide:vct:v1:professional-licence"

// salts is a source that gives the same salts in every run.
func salts() io.Reader {
	var seed [32]byte
	copy(seed[:], "salts for tests")
	return mrand.NewChaCha8(seed)
}

// claims256 is the licence of claims, by a board that signs with ES256.
func claims256() map[string]any {
	c := claims()
	c["issuer"] = board256.did.String()
	return c
}

func draft256(t testing.TB, c map[string]any, holder did.PublicKey) *Draft {
	t.Helper()
	d, err := NewSDJWTDraft(c, SDJWTOptions{Vct: testVct, Holder: holder, Issued: testTime, Rand: salts()})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func seal256(t testing.TB, d *Draft, certificates ...[]byte) []byte {
	t.Helper()
	b, err := d.Seal(testAnchor, ProofOptions{VerificationMethod: board256.method, Key: board256.key, Certificates: certificates}, board256.sign)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// licence256 is a bound SD-JWT VC with everything disclosed.
func licence256(t testing.TB) []byte { return seal256(t, draft256(t, claims256(), holder256.key)) }

// sdjwtOf signs any payload with any disclosures, without an issuer's checks.
func sdjwtOf(t testing.TB, payload map[string]any, disclosures ...string) []byte {
	t.Helper()
	return tokenOf(t, credentialProfile, jose.Header{Kid: board256.method}, payload, board256, disclosures...)
}

func tokenOf(t testing.TB, p jose.Profile, h jose.Header, payload map[string]any, by party256, disclosures ...string) []byte {
	t.Helper()
	b, err := strictjson.Canonical(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := p.Sign(h, b, by.key, by.sign)
	if err != nil {
		t.Fatal(err)
	}
	if p.Typ != credentialProfile.Typ {
		return []byte(token)
	}
	return []byte(token + "~" + strings.Join(append(disclosures, ""), "~"))
}

// rawToken signs a header and a payload as they are written.
func rawToken(header, payload string, by party256) string {
	enc := base64.RawURLEncoding.EncodeToString
	input := enc([]byte(header)) + "." + enc([]byte(payload))
	sig, err := by.sign([]byte(input))
	if err != nil {
		panic(err)
	}
	return input + "." + enc(sig)
}

// disclosed writes a disclosure from its JSON and gives its digest.
func disclosed(text string) (disclosure, digest string) {
	d := base64.RawURLEncoding.EncodeToString([]byte(text))
	return d, digestOf(d)
}

// fixedKey256 knows one method.
func fixedKey256(p party256) KeyFunc {
	return func(method string, purpose did.Relationship) (did.PublicKey, error) {
		if method != p.method || purpose != did.AssertionMethod {
			return did.PublicKey{}, explain.Errorf("method_not_found", "no such method")
		}
		return p.key, nil
	}
}

// certificateFor is a certificate that somebody made for their own key and DID.
func certificateFor(t testing.TB, p party256) []byte {
	t.Helper()
	u, err := url.Parse(p.did.String())
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: testTime.Add(-time.Hour), NotAfter: testTime.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, URIs: []*url.URL{u}, DNSNames: []string{"board.example"},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, p.secret.Public(), p.secret)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
