package storage

// Sealing: what names a practitioner is encrypted before SQLite sees it. A
// sealed value is bound to its table, column and row, so a ciphertext moved
// to another place does not open there.

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"strconv"
	"sync"

	"bonafide/internal/explain"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

// Versions of sealed bytes: the first byte of every sealed value.
const (
	sealedAEAD = 1 // version ‖ nonce(12) ‖ AES-256-GCM ciphertext and tag
	sealedHPKE = 2 // version ‖ encapsulated key(32) ‖ ciphertext and tag
)

const (
	nonceSize  = 12
	tagSize    = 16
	encSize    = 32
	publicSize = 32
)

// Cell names the place of a sealed value. Row is the row's identity and must
// never change while the row lives: choose ids before inserting.
type Cell struct{ Table, Column, Row string }

// IntCell is the Cell of a row with an integer id.
func IntCell(table, column string, id int64) Cell {
	return Cell{Table: table, Column: column, Row: strconv.FormatInt(id, 10)}
}

// Sealer seals and opens the values of one database for one purpose, under
// keys derived from the home's master key. It is safe for concurrent use until
// Close. The length of a value stays visible. An SQL NULL needs no sealing:
// that a value is missing is visible too.
type Sealer struct {
	mu     sync.RWMutex // guards aead against Close
	aead   cipher.AEAD
	prefix []byte // start of the associated data: database and purpose
	index  sync.Pool
	secret []byte // the two derived keys, kept to be overwritten
}

// NewSealer derives a Sealer from a master key of KeySize bytes. Database is
// the schema's name; purpose tells uses of one database apart ("data").
func NewSealer(master []byte, database, purpose string) (*Sealer, error) {
	if len(master) != KeySize {
		return nil, fmt.Errorf("storage: a master key has %d bytes", KeySize)
	}
	secret, err := hkdf.Key(sha256.New, master, nil, string(lp(nil, "bonafide-seal-1", database, purpose)), 2*KeySize)
	if err != nil {
		return nil, fmt.Errorf("deriving a sealing key: %w", err)
	}
	block, err := aes.NewCipher(secret[:KeySize])
	if err != nil {
		return nil, fmt.Errorf("making a sealing key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("making a sealing key: %w", err)
	}
	s := &Sealer{aead: aead, prefix: lp([]byte{sealedAEAD}, database, purpose), secret: secret}
	s.index.New = func() any { return hmac.New(sha256.New, secret[KeySize:]) }
	return s, nil
}

// Close overwrites the derived keys that this package holds. Afterwards the
// Sealer opens and seals nothing (home_locked). (The key schedule inside crypto/aes is left to the
// garbage collector; Go offers no way to reach it.) What is under way on another
// goroutine finishes first.
func (s *Sealer) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.secret)
	s.aead = nil
}

var errClosed = explain.Errorf("home_locked", "the sealer is closed")

// Seal encrypts plaintext for its place. Every call takes a fresh random
// nonce from the operating system, so equal values look different; a key is
// good for 2^32 values.
func (s *Sealer) Seal(at Cell, plaintext []byte) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.aead == nil {
		return nil, errClosed
	}
	out := make([]byte, 1+nonceSize, 1+nonceSize+len(plaintext)+tagSize)
	out[0] = sealedAEAD
	rand.Read(out[1:]) // never fails: it ends the program where there is no randomness
	var buf [160]byte
	return s.aead.Seal(out, out[1:1+nonceSize], plaintext, s.associated(buf[:0], at)), nil
}

// Open decrypts what Seal made for the same place. Code data_damaged: the
// bytes were altered, moved from another row or column, or sealed under
// another key.
func (s *Sealer) Open(at Cell, sealed []byte) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.aead == nil {
		return nil, errClosed
	}
	if len(sealed) < 1+nonceSize+tagSize || sealed[0] != sealedAEAD {
		return nil, explain.Errorf("data_damaged", "%s.%s: not a sealed value", at.Table, at.Column)
	}
	var buf [160]byte
	plain, err := s.aead.Open(nil, sealed[1:1+nonceSize], sealed[1+nonceSize:], s.associated(buf[:0], at))
	if err != nil {
		return nil, explain.Errorf("data_damaged", "%s.%s: a sealed value does not open", at.Table, at.Column)
	}
	return plain, nil
}

// Index is the blind index of a value: 32 bytes by which an equal value in the
// same column is found without storing it. Normalise before calling. Whoever
// reads the file sees which rows are equal, so index only what must be found.
func (s *Sealer) Index(table, column string, value []byte) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	h := s.index.Get().(hash.Hash)
	defer s.index.Put(h)
	h.Reset()
	var buf [128]byte
	h.Write(lp(buf[:0], table, column))
	h.Write(value)
	return h.Sum(nil)
}

func (s *Sealer) associated(dst []byte, at Cell) []byte {
	return lp(append(dst, s.prefix...), at.Table, at.Column, at.Row)
}

// lp appends u32 length ‖ bytes of each part, so that no two lists of parts
// have the same encoding.
func lp(dst []byte, parts ...string) []byte {
	for _, p := range parts {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(p)))
		dst = append(dst, p...)
	}
	return dst
}

// Sealing to a public key (HPKE, RFC 9180, base mode: DHKEM X25519 with
// HKDF-SHA256, HKDF-SHA256, AES-256-GCM) lets `verify` write its history
// without a passphrase. It keeps secrets, it does not prove who wrote: anyone
// who can write the file can add entries.

// NewKeyPair makes a key pair for SealTo and OpenWith, 32 bytes each.
func NewKeyPair() (public, private []byte, err error) {
	k, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making a sealing key pair: %w", err)
	}
	return k.PublicKey().Bytes(), k.Bytes(), nil
}

// PublicSealer seals what only the holder of the private key can open.
type PublicSealer struct {
	key  hpke.PublicKey
	info []byte
}

// SealTo returns the sealer to a public key for one database.
func SealTo(public []byte, database string) (*PublicSealer, error) {
	if len(public) != publicSize {
		return nil, explain.Errorf("data_damaged", "a public sealing key has %d bytes", publicSize)
	}
	k, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return nil, explain.Errorf("data_damaged", "reading a public sealing key: %w", err)
	}
	pk, err := hpke.NewDHKEMPublicKey(k)
	if err != nil {
		return nil, explain.Errorf("data_damaged", "reading a public sealing key: %w", err)
	}
	return &PublicSealer{key: pk, info: lp(nil, "bonafide-seal-to-1", database)}, nil
}

// Seal encrypts plaintext for its place.
func (p *PublicSealer) Seal(at Cell, plaintext []byte) ([]byte, error) {
	enc, sender, err := hpke.NewSender(p.key, hpke.HKDFSHA256(), hpke.AES256GCM(), p.info)
	if err != nil {
		return nil, fmt.Errorf("sealing to a public key: %w", err)
	}
	ct, err := sender.Seal(lp([]byte{sealedHPKE}, at.Table, at.Column, at.Row), plaintext)
	if err != nil {
		return nil, fmt.Errorf("sealing to a public key: %w", err)
	}
	out := make([]byte, 0, 1+len(enc)+len(ct))
	out = append(out, sealedHPKE)
	out = append(out, enc...)
	return append(out, ct...), nil
}

// PrivateOpener opens what a PublicSealer sealed.
type PrivateOpener struct {
	key  hpke.PrivateKey
	info []byte
}

// OpenWith returns the opener of a private key for one database.
func OpenWith(private []byte, database string) (*PrivateOpener, error) {
	k, err := ecdh.X25519().NewPrivateKey(private)
	if err != nil {
		return nil, explain.Errorf("data_damaged", "reading a private sealing key: %w", err)
	}
	sk, err := hpke.NewDHKEMPrivateKey(k)
	if err != nil {
		return nil, explain.Errorf("data_damaged", "reading a private sealing key: %w", err)
	}
	return &PrivateOpener{key: sk, info: lp(nil, "bonafide-seal-to-1", database)}, nil
}

// Open decrypts what PublicSealer.Seal made for the same place. Code
// data_damaged: altered, moved, or sealed to another key.
func (p *PrivateOpener) Open(at Cell, sealed []byte) ([]byte, error) {
	if len(sealed) < 1+encSize+tagSize || sealed[0] != sealedHPKE {
		return nil, explain.Errorf("data_damaged", "%s.%s: not a sealed value", at.Table, at.Column)
	}
	r, err := hpke.NewRecipient(sealed[1:1+encSize], p.key, hpke.HKDFSHA256(), hpke.AES256GCM(), p.info)
	if err != nil {
		return nil, explain.Errorf("data_damaged", "%s.%s: a sealed value does not open", at.Table, at.Column)
	}
	plain, err := r.Open(lp([]byte{sealedHPKE}, at.Table, at.Column, at.Row), sealed[1+encSize:])
	if err != nil {
		return nil, explain.Errorf("data_damaged", "%s.%s: a sealed value does not open", at.Table, at.Column)
	}
	return plain, nil
}
