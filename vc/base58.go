package vc

// Signatures as Multibase base58-btc (Controlled Identifiers 1.0, section
// 2.4): `z`, then digits to the base 58.

import "encoding/binary"

const alphabet58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

var digit58 = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xFF
	}
	for i, c := range []byte(alphabet58) {
		t[c] = byte(i)
	}
	return
}()

// decodeSignature reads a Multibase base58-btc value of exactly 64 bytes. Each
// signature has one spelling only: a leading zero byte is a leading `1`, and
// there are no others.
func decodeSignature(s string) (sig [64]byte, ok bool) {
	// 64 bytes take at most 88 digits, and at least 64, all of them `1`.
	if len(s) < 65 || len(s) > 89 || s[0] != 'z' {
		return sig, false
	}
	s = s[1:]
	zeros := 0
	for zeros < len(s) && s[zeros] == '1' {
		zeros++
	}
	// The value as 16 words, least significant first; five digits a round.
	var words [16]uint32
	for i := 0; i < len(s); {
		value, scale := uint64(0), uint64(1)
		for j := 0; j < 5 && i < len(s); j, i = j+1, i+1 {
			d := digit58[s[i]]
			if d == 0xFF {
				return sig, false
			}
			value, scale = value*58+uint64(d), scale*58
		}
		for w := range words {
			value += uint64(words[w]) * scale
			words[w] = uint32(value)
			value >>= 32
		}
		if value != 0 {
			return sig, false
		}
	}
	for w, v := range words {
		binary.BigEndian.PutUint32(sig[60-4*w:], v)
	}
	lead := 0
	for lead < len(sig) && sig[lead] == 0 {
		lead++
	}
	return sig, lead == zeros
}

// encodeSignature writes what decodeSignature reads.
func encodeSignature(sig []byte) string {
	digits := make([]byte, 0, len(sig)*138/100+2) // least significant first
	zeros := 0
	for zeros < len(sig) && sig[zeros] == 0 {
		zeros++
	}
	for _, b := range sig[zeros:] {
		carry := int(b)
		for i := range digits {
			carry += int(digits[i]) << 8
			digits[i], carry = byte(carry%58), carry/58
		}
		for ; carry > 0; carry /= 58 {
			digits = append(digits, byte(carry%58))
		}
	}
	out := make([]byte, 1, len(digits)+zeros+1)
	out[0] = 'z'
	for range zeros {
		out = append(out, '1')
	}
	for i := len(digits) - 1; i >= 0; i-- {
		out = append(out, alphabet58[digits[i]])
	}
	return string(out)
}
