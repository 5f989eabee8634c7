package did

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"slices"
	"testing"

	"bonafide/internal/explain"
)

// testKey returns an Ed25519 key from a seed of one repeated byte.
func testKey(t testing.TB, seed byte) (PublicKey, ed25519.PrivateKey) {
	t.Helper()
	priv := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
	k, err := NewPublicKey(Ed25519, priv.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return k, priv
}

func testEC(t testing.TB, kind KeyKind, scalar byte) PublicKey {
	t.Helper()
	curve, size := ecdh.P256(), 32
	if kind == P384 {
		curve, size = ecdh.P384(), 48
	}
	secret := make([]byte, size)
	secret[size-1] = scalar
	priv, err := curve.NewPrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewPublicKey(kind, priv.PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// TestThreat13_Wycheproof runs every published case; what is invalid, and what
// would be merely acceptable, must be refused.
func TestThreat13_Wycheproof(t *testing.T) {
	for _, f := range []struct {
		name  string
		kind  KeyKind
		cases int
	}{
		{"ed25519", Ed25519, 151},
		{"ecdsa_secp256r1_sha256_p1363", P256, 262},
		{"ecdsa_secp384r1_sha384_p1363", P384, 280},
	} {
		t.Run(f.name, func(t *testing.T) {
			b, err := os.ReadFile("testdata/wycheproof/" + f.name + "_test.json")
			if err != nil {
				t.Fatal(err)
			}
			var file struct {
				TestGroups []struct {
					PublicKey struct{ PK, Uncompressed hexBytes }
					Tests     []struct {
						TcID    int
						Comment string
						Msg     hexBytes
						Sig     hexBytes
						Result  string
					}
				}
			}
			if err := json.Unmarshal(b, &file); err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, g := range file.TestGroups {
				raw := g.PublicKey.PK
				if f.kind != Ed25519 {
					raw = g.PublicKey.Uncompressed
				}
				k, err := NewPublicKey(f.kind, raw)
				if err != nil {
					t.Fatalf("key of case %d: %v", g.Tests[0].TcID, err)
				}
				if again, err := ParseMultikey(k.Multikey()); err != nil || again != k {
					t.Fatalf("key of case %d does not survive its Multikey: %v", g.Tests[0].TcID, err)
				}
				for _, c := range g.Tests {
					n++
					if got := k.Verify(c.Msg, c.Sig); got != (c.Result == "valid") {
						t.Errorf("case %d (%s): %v, published %s", c.TcID, c.Comment, got, c.Result)
					}
				}
			}
			if n != f.cases {
				t.Errorf("%d cases, want %d", n, f.cases)
			}
		})
	}
}

func TestThreat13_SmallOrderAndMalleable(t *testing.T) {
	for i, p := range lowOrder {
		if !onEdwards(p[:]) {
			t.Errorf("point %d of the list is not on the curve", i)
		}
		if _, err := NewPublicKey(Ed25519, p[:]); explain.CodeOf(err) != "key_invalid" {
			t.Errorf("key of small order %d: %v", i, err)
		}
		for j := range i {
			if lowOrder[j] == p {
				t.Errorf("points %d and %d are the same", i, j)
			}
		}
	}
	k, priv := testKey(t, 1)
	msg := []byte("message")
	sig := ed25519.Sign(priv, msg)
	if !k.Verify(msg, sig) {
		t.Fatal("good signature refused")
	}
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := slices.Clone(sig[32:])
	slices.Reverse(s)
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	if k.Verify(msg, append(slices.Clone(sig[:32]), sum...)) {
		t.Error("S + L accepted")
	}
	for i := range lowOrder {
		if k.Verify(msg, append(slices.Clone(lowOrder[i][:]), sig[32:]...)) {
			t.Errorf("R of small order %d accepted", i)
		}
	}
	for _, bad := range [][]byte{nil, sig[:63], append(slices.Clone(sig), 0), make([]byte, 64)} {
		if k.Verify(msg, bad) {
			t.Errorf("%d bytes accepted", len(bad))
		}
	}
	if k.Verify(nil, sig) || (PublicKey{}).Verify(msg, sig) {
		t.Error("another message, or no key, accepted")
	}
	// A forgery that a small-order key would let pass: identity as key and R, S = 0.
	forged := append(slices.Clone(lowOrder[0][:]), make([]byte, 32)...)
	if (PublicKey{Ed25519, string(lowOrder[0][:])}).Verify(msg, forged) {
		t.Error("the signature that needs no key was accepted")
	}
}

func TestThreat15_BadKeys(t *testing.T) {
	good := testEC(t, P256, 5)
	off := slices.Clone(good.Uncompressed())
	off[64] ^= 1
	hybrid := slices.Clone(good.Uncompressed())
	hybrid[0] = 6
	y := func(h string) []byte {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	p384 := testEC(t, P384, 5)
	notOnP256 := append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...) // x ≥ p
	for name, c := range map[string]struct {
		kind KeyKind
		raw  []byte
	}{
		"no kind":               {0, make([]byte, 32)},
		"unknown kind":          {9, make([]byte, 32)},
		"ed25519 empty":         {Ed25519, nil},
		"ed25519 short":         {Ed25519, make([]byte, 31)},
		"ed25519 long":          {Ed25519, make([]byte, 33)},
		"ed25519 zero":          {Ed25519, make([]byte, 32)},
		"ed25519 off curve":     {Ed25519, y("0200000000000000000000000000000000000000000000000000000000000000")},
		"ed25519 y = p":         {Ed25519, y("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")},
		"ed25519 y = p + 1":     {Ed25519, y("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")},
		"ed25519 y = p + 3":     {Ed25519, y("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")},
		"ed25519 negative zero": {Ed25519, y("0100000000000000000000000000000000000000000000000000000000000080")},
		"p256 zero":             {P256, make([]byte, 33)},
		"p256 infinity":         {P256, []byte{0}},
		"p256 zero point":       {P256, append([]byte{4}, make([]byte, 64)...)},
		"p256 off curve":        {P256, off},
		"p256 hybrid":           {P256, hybrid},
		"p256 x too large":      {P256, notOnP256},
		"p256 short":            {P256, good.Bytes()[:32]},
		"p256 bare":             {P256, good.Uncompressed()[1:]},
		"p384 as p256":          {P256, p384.Bytes()},
		"p256 as p384":          {P384, good.Uncompressed()},
	} {
		if k, err := NewPublicKey(c.kind, c.raw); explain.CodeOf(err) != "key_invalid" || k != (PublicKey{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestThreat21_ZeroSignatures(t *testing.T) {
	for _, k := range []PublicKey{testEC(t, P256, 7), testEC(t, P384, 7)} {
		curve, size := curveOf(k.Kind())
		n := curve.Params().N
		for name, rs := range map[string][2]*big.Int{
			"0,0": {new(big.Int), new(big.Int)}, "0,1": {new(big.Int), big.NewInt(1)}, "1,0": {big.NewInt(1), new(big.Int)}, "n,n": {n, n},
		} {
			sig := append(rs[0].FillBytes(make([]byte, size)), rs[1].FillBytes(make([]byte, size))...)
			if k.Verify([]byte("x"), sig) {
				t.Errorf("%s: %s accepted", k.Kind(), name)
			}
		}
		if k.Verify([]byte("x"), nil) {
			t.Errorf("%s: no signature accepted", k.Kind())
		}
	}
}

func TestECSignature(t *testing.T) {
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := priv.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewPublicKey(P256, raw)
	if err != nil {
		t.Fatal(err)
	}
	msg := []byte("message")
	h := sha256.Sum256(msg)
	r, s, err := ecdsa.Sign(rand.Reader, priv, h[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	if !k.Verify(msg, sig) {
		t.Error("good signature refused")
	}
	for _, bad := range [][]byte{sig[:63], append(slices.Clone(sig), 0), append([]byte{0}, sig...)} {
		if k.Verify(msg, bad) {
			t.Error("a signature of another length accepted")
		}
	}
	if !bytes.Equal(k.Uncompressed(), raw) || len(k.Bytes()) != 33 {
		t.Error("bytes of the key changed")
	}
	if again, err := NewPublicKey(P256, k.Bytes()); err != nil || again != k {
		t.Errorf("compressed and uncompressed form are different keys: %v", err)
	}
}

func TestThreat14_MultikeyForms(t *testing.T) {
	k, _ := testKey(t, 3)
	good := k.Multikey()
	if again, err := ParseMultikey(good); err != nil || again != k || k.String() != good {
		t.Fatal(err)
	}
	flip := func(i int, c byte) string {
		b := []byte(good)
		b[i] = c
		return string(b)
	}
	for name, s := range map[string]string{
		"empty": "", "prefix only": "z", "no prefix": good[1:], "other base": "u" + good[1:], "upper prefix": "Z" + good[1:], "two prefixes": "z" + good,
		"leading zero byte": "z1" + good[1:], "space": good + " ", "line end": good + "\n", "padding": good + "=", "not in alphabet 0": flip(9, '0'), "not in alphabet l": flip(9, 'l'),
		"cut": good[:len(good)-1], "longer": good + "1", "too long": "z" + string(bytes.Repeat([]byte{'2'}, 200)), "non-ASCII": "zé",
		"private key of ed25519": "z" + encode58(append([]byte{0x80, 0x26}, make([]byte, 32)...)),
		"x25519":                 "z" + encode58(append([]byte{0xec, 0x01}, k.Bytes()...)),
		"code not as varint":     "z" + encode58(append([]byte{0xed, 0x81, 0x00}, k.Bytes()...)),
		"uncompressed point":     "z" + encode58(append([]byte{0x80, 0x24}, testEC(t, P256, 9).Uncompressed()...)),
		"p384 under p256":        "z" + encode58(append([]byte{0x80, 0x24}, testEC(t, P384, 9).Bytes()...)),
	} {
		if _, err := ParseMultikey(s); explain.CodeOf(err) != "key_invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if (PublicKey{}).Multikey() != "" {
		t.Error("no key has a Multikey")
	}
}

func TestBase58(t *testing.T) {
	// draft-msporny-base58, section 5, and small cases by hand.
	for in, want := range map[string]string{
		"":             "",
		"Hello World!": "2NEpo7TZRRrLZSi2U",
		"The quick brown fox jumps over the lazy dog.": "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
		"\x00\x00\x28\x7f\xb4\xcd":                     "11233QC4",
		"\x00":                                         "1", "\x00\x00": "11", "\x01": "2", "\x39": "z", "\x3a": "21", "\x00\x3a": "121",
	} {
		if got := encode58([]byte(in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
		if got, ok := decode58(want); !ok || string(got) != in {
			t.Errorf("%s: %q", want, got)
		}
	}
	for i := range 200 {
		b := bytes.Repeat([]byte{byte(i)}, i%60)
		if got, ok := decode58(encode58(b)); !ok || !bytes.Equal(got, b) {
			t.Errorf("%x became %x", b, got)
		}
	}
}

func FuzzParseMultikey(f *testing.F) {
	k, _ := testKey(f, 1)
	for _, s := range []string{k.Multikey(), testEC(f, P256, 3).Multikey(), testEC(f, P384, 3).Multikey(), "z", "z1", "z6Mk", "zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := ParseMultikey(s)
		if err != nil {
			if k != (PublicKey{}) || explain.CodeOf(err) != "key_invalid" {
				t.Fatalf("%v beside %v", k, err)
			}
			return
		}
		if k.Multikey() != s {
			t.Fatalf("%q became %q", s, k.Multikey())
		}
		if again, err := NewPublicKey(k.Kind(), k.Bytes()); err != nil || again != k {
			t.Fatalf("bytes of %q: %v", s, err)
		}
		k.Verify([]byte("m"), make([]byte, 64))
	})
}

func BenchmarkParseMultikey(b *testing.B) {
	k, _ := testKey(b, 1)
	s := k.Multikey()
	for b.Loop() {
		if _, err := ParseMultikey(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyEd25519(b *testing.B) {
	k, priv := testKey(b, 1)
	msg := make([]byte, 64)
	sig := ed25519.Sign(priv, msg)
	for b.Loop() {
		if !k.Verify(msg, sig) {
			b.Fatal("refused")
		}
	}
}
