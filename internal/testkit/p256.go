package testkit

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"
	"testing"

	"bonafide/did"
)

// P256 is a P-256 key, the same for the same name, whose signatures repeat.
type P256 struct{ *ecdsa.PrivateKey }

// NewP256 draws a key from a name.
func NewP256(tb testing.TB, name string) P256 {
	tb.Helper()
	seed := sha256.Sum256([]byte("bonafide-testkit P-256 " + name))
	seed[0] &= 0x7f // below the group's order
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		tb.Fatal(err)
	}
	return P256{k}
}

// Public is the public half.
func (k P256) Public(tb testing.TB) did.PublicKey {
	tb.Helper()
	point, err := k.PublicKey.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	p, err := did.NewPublicKey(did.P256, point)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// Sign hashes and signs (RFC 6979) and returns r ‖ s.
func (k P256) Sign(msg []byte) ([]byte, error) {
	digest := sha256.Sum256(msg)
	der, err := k.PrivateKey.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	sig.R.FillBytes(out[:32])
	sig.S.FillBytes(out[32:])
	return out, nil
}
