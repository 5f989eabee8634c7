package did

// Public keys: the three kinds we verify with, checked once when they are
// read, so that Verify meets only keys on their curve.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"slices"

	"bonafide/internal/explain"
)

// KeyKind is a kind of key together with the one signature algorithm that we
// use it with. The zero value is no kind.
type KeyKind uint8

// The kinds of keys.
const (
	Ed25519 KeyKind = iota + 1 // EdDSA, RFC 8032
	P256                       // ECDSA with SHA-256
	P384                       // ECDSA with SHA-384
)

func (k KeyKind) String() string {
	switch k {
	case Ed25519:
		return "Ed25519"
	case P256:
		return "P-256"
	case P384:
		return "P-384"
	}
	return "unknown"
}

// PublicKey is a valid public key. It is comparable: equal keys are == .
// The zero value is no key and verifies nothing.
type PublicKey struct {
	kind KeyKind
	raw  string // Ed25519: 32 bytes; EC: the uncompressed point, which saves a square root on each use
}

// NewPublicKey makes a key from its bytes. Ed25519: 32 bytes, canonical, on
// the curve and not of small order. P-256 and P-384: a SEC 1 point, compressed
// or not, on the curve. Code key_invalid.
func NewPublicKey(kind KeyKind, raw []byte) (PublicKey, error) {
	bad := func(why string) (PublicKey, error) {
		return PublicKey{}, explain.Errorf("key_invalid", "%s key: %s", kind, why)
	}
	switch kind {
	case Ed25519:
		if len(raw) != ed25519.PublicKeySize {
			return bad("wrong length")
		}
		if !onEdwards(raw) {
			return bad("not a canonical point")
		}
		if smallOrder(raw) {
			return bad("of small order")
		}
		return PublicKey{kind, string(raw)}, nil
	case P256, P384:
		curve, size := curveOf(kind)
		switch {
		case len(raw) == 1+size && (raw[0] == 2 || raw[0] == 3):
			x, y := elliptic.UnmarshalCompressed(curve, raw)
			if x == nil {
				return bad("not on the curve")
			}
			full := make([]byte, 1+2*size)
			full[0] = 4
			x.FillBytes(full[1 : 1+size])
			y.FillBytes(full[1+size:])
			raw = full
		case len(raw) == 1+2*size && raw[0] == 4:
			if _, err := ecdsa.ParseUncompressedPublicKey(curve, raw); err != nil {
				return bad("not on the curve")
			}
		default:
			return bad("wrong length or form")
		}
		return PublicKey{kind, string(raw)}, nil
	}
	return bad("kind not supported")
}

// Kind returns the key's kind, 0 for the zero value.
func (k PublicKey) Kind() KeyKind { return k.kind }

// Bytes returns the key as Multikey encodes it: Ed25519 raw, EC compressed.
func (k PublicKey) Bytes() []byte {
	switch k.kind {
	case P256, P384:
		_, size := curveOf(k.kind)
		out := make([]byte, 1+size)
		out[0] = 2 | k.raw[len(k.raw)-1]&1
		copy(out[1:], k.raw[1:])
		return out
	}
	return []byte(k.raw)
}

// Uncompressed returns an EC key as 0x04 ‖ x ‖ y, nil for other kinds.
func (k PublicKey) Uncompressed() []byte {
	if k.kind == P256 || k.kind == P384 {
		return []byte(k.raw)
	}
	return nil
}

// JWK returns the key as the members of a public JSON Web Key (RFC 7518,
// section 6.2.1; RFC 8037), nil for the zero value.
func (k PublicKey) JWK() map[string]any {
	b64 := base64.RawURLEncoding.EncodeToString
	switch k.kind {
	case Ed25519:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64([]byte(k.raw))}
	case P256, P384:
		_, size := curveOf(k.kind)
		return map[string]any{"kty": "EC", "crv": k.kind.String(), "x": b64([]byte(k.raw[1 : 1+size])), "y": b64([]byte(k.raw[1+size:]))}
	}
	return nil
}

// String returns the Multikey form.
func (k PublicKey) String() string { return k.Multikey() }

// Verify reports whether sig is k's signature of msg, which it hashes itself.
// Ed25519: RFC 8032, S < L, R canonical and not of small order. P-256 and
// P-384: r ‖ s of exactly twice the field's length (IEEE P1363) over SHA-256
// and SHA-384. The n−s twin of an ECDSA signature verifies too: never use a
// signature as an identity.
func (k PublicKey) Verify(msg, sig []byte) bool {
	switch k.kind {
	case Ed25519:
		return len(sig) == ed25519.SignatureSize && !smallOrder(sig[:32]) &&
			ed25519.Verify(ed25519.PublicKey(k.raw), msg, sig)
	case P256, P384:
		curve, size := curveOf(k.kind)
		if len(sig) != 2*size {
			return false
		}
		pub, err := ecdsa.ParseUncompressedPublicKey(curve, []byte(k.raw))
		if err != nil {
			return false
		}
		var digest []byte
		if k.kind == P256 {
			d := sha256.Sum256(msg)
			digest = d[:]
		} else {
			d := sha512.Sum384(msg)
			digest = d[:]
		}
		return ecdsa.Verify(pub, digest, new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:]))
	}
	return false
}

// curveOf returns an EC kind's curve and the length of a coordinate.
func curveOf(kind KeyKind) (elliptic.Curve, int) {
	if kind == P384 {
		return elliptic.P384(), 48
	}
	return elliptic.P256(), 32
}

// The field and the constant d of edwards25519 (RFC 8032, section 5.1).
var (
	edP = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	edD = func() *big.Int {
		d := new(big.Int).ModInverse(big.NewInt(121666), edP)
		d.Mul(d, big.NewInt(-121665))
		return d.Mod(d, edP)
	}()
)

// onEdwards reports whether raw is the canonical encoding of a point: y below
// the field's prime, (y²−1)/(dy²+1) a square, and no sign on x = 0. The
// standard library checks only the second, and only while verifying.
func onEdwards(raw []byte) bool {
	le := bytes.Clone(raw)
	sign := le[31] >> 7
	le[31] &= 0x7f
	slices.Reverse(le)
	y := new(big.Int).SetBytes(le)
	if y.Cmp(edP) >= 0 {
		return false
	}
	y.Mul(y, y)
	one := big.NewInt(1)
	u := new(big.Int).Sub(y, one)
	v := y.Mul(y, edD)
	v.Add(v, one)
	// u/v is a square where u·v is.
	u.Mul(u, v)
	u.Mod(u, edP)
	if u.Sign() == 0 {
		return sign == 0
	}
	return big.Jacobi(u, edP) == 1
}

// lowOrder holds the canonical encodings of the eight points whose order
// divides the cofactor: 1, −1, and ±x for y = 0 and the two y of order 8.
var lowOrder = func() (out [8][32]byte) {
	for i, s := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	} {
		b, err := hex.DecodeString(s)
		if err != nil || copy(out[i][:], b) != 32 {
			panic("did: malformed constant")
		}
	}
	return
}()

func smallOrder(point []byte) bool {
	for i := range lowOrder {
		if bytes.Equal(point, lowOrder[i][:]) {
			return true
		}
	}
	return false
}
