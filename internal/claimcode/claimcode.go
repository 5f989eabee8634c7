// Package claimcode is the one-time code by which a board lets a practitioner
// claim a licence: what it looks like on paper, and how a wallet proves with it
// that it was given the code, without sending it.
//
// A code is 23 characters of base32 (RFC 4648, upper case) in groups of four:
// 5 of an id by which the board finds the licence, 16 of a secret of 80 bits,
// and 2 check characters, which find any two wrong characters and any two
// that were swapped.
package claimcode

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"bonafide/did"
	"bonafide/internal/explain"
)

const (
	idLength     = 5
	secretLength = 16
	checkLength  = 2
	length       = idLength + secretLength + checkLength
	group        = 4

	// SecretSize is the length of a secret in bytes.
	SecretSize = secretLength * 5 / 8
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

var encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// Code is a claim code. Printing it with fmt or slog shows the id alone; Text
// gives it whole. The zero value is no code.
type Code struct {
	id     string
	secret [SecretSize]byte
}

// New makes a code from 105 random bits.
func New(rand io.Reader) (Code, error) {
	var b [5 + SecretSize]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return Code{}, fmt.Errorf("making a claim code: %w", err)
	}
	return Code{encoding.EncodeToString(b[:5])[:idLength], [SecretSize]byte(b[5:])}, nil
}

// Restore puts a code together from what the board keeps. Code
// claim_code_malformed.
func Restore(id string, secret []byte) (Code, error) {
	if !validID(id) || len(secret) != SecretSize {
		return Code{}, explain.Errorf("claim_code_malformed", "not the id or the secret of a claim code")
	}
	return Code{id, [SecretSize]byte(secret)}, nil
}

// Parse reads a code as people type it: in either case, with or without
// hyphens and spaces, and with the digits 0, 1 and 8, which do not occur, for
// O, I and B. Codes claim_code_malformed, claim_code_mistyped (the check
// characters do not fit).
func Parse(s string) (Code, error) {
	if len(s) > 4*length {
		return Code{}, explain.Errorf("claim_code_malformed", "too long for a claim code")
	}
	s = strings.NewReplacer("-", "", " ", "", "\t", "", "\r", "", "\n", "", "0", "O", "1", "I", "8", "B").Replace(strings.ToUpper(s))
	if len(s) != length {
		return Code{}, explain.Errorf("claim_code_malformed", "not the length of a claim code")
	}
	var v [length]byte
	for i := range length {
		d := strings.IndexByte(alphabet, s[i])
		if d < 0 {
			return Code{}, explain.Errorf("claim_code_malformed", "a character that claim codes do not have")
		}
		v[i] = byte(d)
	}
	if syndrome(v[:], 1) != 0 || syndrome(v[:], 2) != 0 {
		return Code{}, explain.Errorf("claim_code_mistyped", "the check characters do not fit")
	}
	secret, err := encoding.DecodeString(s[idLength : idLength+secretLength])
	if err != nil {
		return Code{}, explain.Errorf("claim_code_malformed", "not a claim code")
	}
	return Restore(s[:idLength], secret)
}

// ID is the part by which the board finds the licence. It is no secret.
func (c Code) ID() string { return c.id }

// Secret returns a copy of the secret, for the board's sealed store.
func (c Code) Secret() []byte { return append([]byte(nil), c.secret[:]...) }

// String tells codes apart without giving them away.
func (c Code) String() string { return "claim code " + c.id }

// GoString is String.
func (c Code) GoString() string { return c.String() }

// Text is the whole code in groups, to be handed to the practitioner.
func (c Code) Text() string {
	s := c.id + encoding.EncodeToString(c.secret[:])
	v := make([]byte, length)
	for i := range len(s) {
		v[i] = byte(strings.IndexByte(alphabet, s[i]))
	}
	check := checks(v[:length-checkLength])
	s += string([]byte{alphabet[check[0]], alphabet[check[1]]})
	var out strings.Builder
	for i := 0; i < len(s); i += group {
		if i > 0 {
			out.WriteByte('-')
		}
		out.WriteString(s[i:min(i+group, len(s))])
	}
	return out.String()
}

// Challenge is what the wallet of holder signs over as the challenge of its
// claim to board: the id, a dot, and base64url of HMAC-SHA256 under the secret
// over LP("bonafide-claim-1") ‖ LP(board) ‖ LP(holder), where LP(x) is the
// length of x as u32 and x. So the code itself never travels, and a claim
// that was intercepted serves no other wallet and no other board.
func (c Code) Challenge(board, holder did.DID) string {
	return c.id + "." + base64.RawURLEncoding.EncodeToString(c.mac(board, holder))
}

// ChallengeID returns the code's id from a challenge. Code
// claim_code_malformed.
func ChallengeID(challenge string) (string, error) {
	id, mac, ok := strings.Cut(challenge, ".")
	if !ok || !validID(id) || len(mac) != base64.RawURLEncoding.EncodedLen(sha256.Size) {
		return "", explain.Errorf("claim_code_malformed", "not the challenge of a claim")
	}
	return id, nil
}

// Matches reports whether challenge is this code's for board and holder, in
// constant time.
func (c Code) Matches(challenge string, board, holder did.DID) bool {
	return c.id != "" && hmac.Equal([]byte(challenge), []byte(c.Challenge(board, holder)))
}

func (c Code) mac(board, holder did.DID) []byte {
	h := hmac.New(sha256.New, c.secret[:])
	for _, s := range []string{"bonafide-claim-1", string(board), string(holder)} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
		h.Write([]byte(s))
	}
	return h.Sum(nil)
}

func validID(id string) bool {
	return len(id) == idLength && strings.Trim(id, alphabet) == ""
}

// The check characters make the code a word of the Reed-Solomon code over
// GF(32) with the roots α and α², α = 2 modulo x⁵+x²+1: as a polynomial, first
// character highest, it is 0 at both.

func mul(a, b byte) byte {
	var p byte
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			p ^= a
		}
		if a <<= 1; a&32 != 0 {
			a ^= 0b100101
		}
	}
	return p
}

// syndrome evaluates v at α^power, by Horner's rule.
func syndrome(v []byte, power int) (s byte) {
	x := byte(1) << power
	for _, c := range v {
		s = mul(s, x) ^ c
	}
	return s
}

// checks is the remainder of v·x² divided by (x−α)(x−α²) = x² + 6x + 8.
func checks(v []byte) (r [2]byte) {
	for _, c := range v {
		f := r[0] ^ c
		r[0] = r[1] ^ mul(f, 6)
		r[1] = mul(f, 8)
	}
	return r
}
