package did

// Multikey (Controlled Identifiers 1.0, section 2.2.2): a multicodec prefix and
// the key, in multibase base58-btc.

import (
	"bytes"
	"encoding/binary"
	"strings"

	"bonafide/internal/explain"
)

// multicodecs holds the prefix of each kind: the varint of its code point
// (ed25519-pub 0xed, p256-pub 0x1200, p384-pub 0x1201).
var multicodecs = [...]struct {
	kind   KeyKind
	prefix [2]byte
	size   int // of the key that follows
}{
	{Ed25519, [2]byte{0xed, 0x01}, 32},
	{P256, [2]byte{0x80, 0x24}, 33},
	{P384, [2]byte{0x81, 0x24}, 49},
}

// maxMultikey is above the longest Multikey that we know, a P-384 key's.
const maxMultikey = 80

// Multikey returns the key as `z…`, "" for the zero value.
func (k PublicKey) Multikey() string {
	for _, m := range multicodecs {
		if m.kind == k.kind {
			return "z" + encode58(append(m.prefix[:], k.Bytes()...))
		}
	}
	return ""
}

// ParseMultikey reads a Multikey of a supported kind; every key has exactly
// one such form. Code key_invalid.
func ParseMultikey(s string) (PublicKey, error) {
	if len(s) < 2 || len(s) > maxMultikey || s[0] != 'z' {
		return PublicKey{}, explain.Errorf("key_invalid", "not a base58 Multikey of a supported kind")
	}
	b, ok := decode58(s[1:])
	if !ok {
		return PublicKey{}, explain.Errorf("key_invalid", "not base58")
	}
	for _, m := range multicodecs {
		if bytes.HasPrefix(b, m.prefix[:]) {
			if len(b) != 2+m.size {
				return PublicKey{}, explain.Errorf("key_invalid", "%s Multikey: wrong length", m.kind)
			}
			return NewPublicKey(m.kind, b[2:])
		}
	}
	return PublicKey{}, explain.Errorf("key_invalid", "Multikey of an unsupported kind")
}

const alphabet58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

var digits58 = func() (t [256]uint8) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte(alphabet58) {
		t[c] = uint8(i)
	}
	return
}()

// decode58 reads base58-btc: a big-endian number, each leading `1` a zero
// byte. Five digits at a time fit a 32-bit multiplier.
func decode58(s string) ([]byte, bool) {
	zeros := 0
	for zeros < len(s) && s[zeros] == '1' {
		zeros++
	}
	var limbs []uint32 // least significant first
	for rest := s[zeros:]; rest != ""; {
		n := min(5, len(rest))
		mul, carry := uint64(1), uint64(0)
		for _, c := range []byte(rest[:n]) {
			d := digits58[c]
			if d == 0xff {
				return nil, false
			}
			mul, carry = mul*58, carry*58+uint64(d)
		}
		for i, l := range limbs {
			carry += uint64(l) * mul
			limbs[i] = uint32(carry)
			carry >>= 32
		}
		if carry > 0 {
			limbs = append(limbs, uint32(carry))
		}
		rest = rest[n:]
	}
	out := make([]byte, zeros, zeros+4*len(limbs))
	for i := len(limbs) - 1; i >= 0; i-- {
		out = binary.BigEndian.AppendUint32(out, limbs[i])
	}
	return append(out[:zeros], bytes.TrimLeft(out[zeros:], "\x00")...), true
}

// encode58 is the inverse of decode58.
func encode58(b []byte) string {
	zeros := 0
	for zeros < len(b) && b[zeros] == 0 {
		zeros++
	}
	limbs := make([]uint32, (len(b)-zeros+3)/4) // most significant first
	for i, c := range b[zeros:] {
		at := len(limbs)*4 - (len(b) - zeros) + i
		limbs[at/4] |= uint32(c) << (24 - 8*(at%4))
	}
	const five = 58 * 58 * 58 * 58 * 58
	var out []byte // least significant digit first
	for len(limbs) > 0 {
		rem := uint64(0)
		for i, l := range limbs {
			v := rem<<32 | uint64(l)
			limbs[i] = uint32(v / five)
			rem = v % five
		}
		for len(limbs) > 0 && limbs[0] == 0 {
			limbs = limbs[1:]
		}
		for i := 0; i < 5 && (rem > 0 || len(limbs) > 0); i++ {
			out = append(out, alphabet58[rem%58])
			rem /= 58
		}
	}
	var s strings.Builder
	s.Grow(zeros + len(out))
	for range zeros {
		s.WriteByte('1')
	}
	for i := len(out) - 1; i >= 0; i-- {
		s.WriteByte(out[i])
	}
	return s.String()
}
