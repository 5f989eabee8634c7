// Package keys makes private keys, keeps them wrapped, and signs with them.
// It is the one door to aries-framework-go's key manager (localkms over Tink):
// keysets are wrapped there under a key derived from the home's master key and
// kept in a store that the caller supplies. Nothing of aries comes out of this
// package, and a panic in it comes out as an error.
package keys

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"

	"github.com/hyperledger/aries-framework-go/pkg/crypto/tinkcrypto"
	arieskms "github.com/hyperledger/aries-framework-go/pkg/kms"
	"github.com/hyperledger/aries-framework-go/pkg/kms/localkms"
	"github.com/hyperledger/aries-framework-go/pkg/secretlock"
	"github.com/hyperledger/aries-framework-go/spi/kms"

	"bonafide/did"
	"bonafide/internal/explain"
)

// Uses of keys. A home keeps the keys of each use in a store of its own, so
// that a key for one use is never offered for another.
const (
	Issuing      = "issuing"       // assertionMethod, Ed25519: signs VCDM credentials
	IssuingES256 = "issuing-es256" // assertionMethod, P-256: signs SD-JWT VCs
	Ledger       = "ledger"        // capabilityInvocation: signs transactions
	Holder       = "holder"        // authentication: a practitioner's presentations
	Person       = "person"        // who did it: one key for each person of a home
	Consensus    = "consensus"     // the node's votes
)

// Store keeps wrapped keys by id.
type Store interface {
	Put(ctx context.Context, id string, value []byte) error // an id that is there is an error
	Get(ctx context.Context, id string) (value []byte, found bool, err error)
	Delete(ctx context.Context, id string) error
	IDs(ctx context.Context) ([]string, error)
}

// Keys are the keys of one use. It is safe for concurrent use.
type Keys struct {
	store  Store
	lock   *lock
	kms    *localkms.LocalKMS
	crypto *tinkcrypto.Crypto

	mu      sync.Mutex
	signers map[string]*Signer
}

// Open returns the keys of one use, kept in store under a key derived from
// the 32-byte master key.
func Open(store Store, master []byte, use string) (*Keys, error) {
	if len(master) != 32 || use == "" {
		return nil, errors.New("keys: needs a master key of 32 bytes and a use")
	}
	l, err := newLock(master, use)
	if err != nil {
		return nil, err
	}
	k := &Keys{store: store, lock: l, signers: map[string]*Signer{}}
	err = contained("opening the key manager", "key_store_failed", func() (err error) {
		if k.kms, err = localkms.New("local-lock://bonafide/"+use, provider{adapter{store}, l}); err != nil {
			return err
		}
		k.crypto, err = tinkcrypto.New()
		return err
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// Close overwrites the derived key and forgets the signers; those handed out
// sign no more. The store stays as it is.
func (k *Keys) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, s := range k.signers {
		s.close()
		delete(k.signers, id)
	}
	k.lock.close()
}

// types are the kinds of keys that can be made and how aries calls them.
var types = map[did.KeyKind]kms.KeyType{
	did.Ed25519: kms.ED25519Type,
	did.P256:    kms.ECDSAP256TypeIEEEP1363,
}

// Create makes a key of kind did.Ed25519 or did.P256 and stores it. The id is
// the key's JWK thumbprint (RFC 7638).
func (k *Keys) Create(kind did.KeyKind) (id string, pub did.PublicKey, err error) {
	typ, ok := types[kind]
	if !ok {
		return "", did.PublicKey{}, fmt.Errorf("keys of kind %s cannot be made", kind)
	}
	err = contained("making a key", "key_store_failed", func() (err error) {
		id, _, err = k.kms.Create(typ)
		return err
	})
	if err != nil {
		return "", did.PublicKey{}, err
	}
	pub, err = k.public(id)
	if err != nil {
		return "", did.PublicKey{}, err
	}
	return id, pub, nil
}

// public reads the public half of a stored key.
func (k *Keys) public(id string) (did.PublicKey, error) {
	// Tink turns errors into text; asking first keeps their codes.
	_, found, err := k.store.Get(context.Background(), id)
	if err != nil {
		return did.PublicKey{}, err
	}
	if !found {
		return did.PublicKey{}, explain.Errorf("key_missing", "no such key")
	}
	var raw []byte
	var typ kms.KeyType
	err = contained("reading a key", "data_damaged", func() (err error) {
		raw, typ, err = k.kms.ExportPubKeyBytes(id)
		return err
	})
	if err != nil {
		return did.PublicKey{}, err
	}
	for kind, t := range types {
		if t == typ {
			pub, err := did.NewPublicKey(kind, raw)
			if err != nil {
				return did.PublicKey{}, explain.Errorf("data_damaged", "reading a key: %w", err)
			}
			return pub, nil
		}
	}
	return did.PublicKey{}, explain.Errorf("data_damaged", "a stored key has a kind that is not made here")
}

// Key is a stored key.
type Key struct {
	ID     string
	Public did.PublicKey
}

// List returns the stored keys in order of their ids.
func (k *Keys) List() ([]Key, error) {
	ids, err := k.store.IDs(context.Background())
	if err != nil {
		return nil, err
	}
	out := make([]Key, 0, len(ids))
	for _, id := range ids {
		pub, err := k.public(id)
		if err != nil {
			return nil, err
		}
		out = append(out, Key{id, pub})
	}
	return out, nil
}

// Find returns the signer of a public key. Code key_missing.
func (k *Keys) Find(pub did.PublicKey) (*Signer, error) {
	list, err := k.List()
	if err != nil {
		return nil, err
	}
	for _, key := range list {
		if key.Public == pub {
			return k.Signer(key.ID)
		}
	}
	return nil, explain.Errorf("key_missing", "no private key for %s", pub)
}

// Signer returns the signer of a stored key; it holds the unwrapped key until
// Close. Code key_missing.
func (k *Keys) Signer(id string) (*Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s, ok := k.signers[id]; ok {
		return s, nil
	}
	pub, err := k.public(id)
	if err != nil {
		return nil, err
	}
	s := &Signer{id: id, pub: pub, crypto: k.crypto}
	err = contained("reading a key", "data_damaged", func() (err error) {
		s.handle, err = k.kms.Get(id)
		return err
	})
	if err != nil {
		return nil, err
	}
	k.signers[id] = s
	return s, nil
}

// Signer signs with one key. It is safe for concurrent use.
type Signer struct {
	id     string
	pub    did.PublicKey
	crypto *tinkcrypto.Crypto

	mu     sync.RWMutex
	handle any // nil after Close
}

// ID returns the key's id in its store.
func (s *Signer) ID() string { return s.id }

// Public returns the key that verifies what Sign makes.
func (s *Signer) Public() did.PublicKey { return s.pub }

// Sign signs msg, which it hashes itself: Ed25519 (RFC 8032), 64 bytes, or
// ECDSA over SHA-256 as r ‖ s (IEEE P1363), 64 bytes.
func (s *Signer) Sign(msg []byte) (sig []byte, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.handle == nil {
		return nil, errLocked
	}
	err = contained("signing", "key_store_failed", func() (err error) {
		sig, err = s.crypto.Sign(msg, s.handle)
		return err
	})
	return sig, err
}

func (s *Signer) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = nil
}

// contained runs a call into aries and gives its errors a code. A panic in
// it, which an archived library will not have repaired, becomes an error.
func contained(doing, code string, f func() error) (err error) {
	defer func() {
		if recover() != nil {
			// The panic's value may show key bytes: it is not repeated.
			err = explain.Errorf(code, "%s: panic in the key manager", doing)
		}
	}()
	if err := f(); err != nil {
		if ours, ok := errors.AsType[*explain.Error](err); ok { // from the store or the lock
			return fmt.Errorf("%s: %w", doing, ours)
		}
		// What aries and Tink say quotes what they read.
		return explain.Errorf(code, "%s: the key manager refused", doing)
	}
	return nil
}

// provider hands aries what its key manager is built on.
type provider struct {
	store adapter
	lock  *lock
}

func (p provider) StorageProvider() kms.Store     { return p.store }
func (p provider) SecretLock() secretlock.Service { return p.lock }

// adapter is a Store in the shape of aries' kms.Store, which knows no
// contexts.
type adapter struct{ store Store }

func (a adapter) Put(id string, value []byte) error {
	return stored(a.store.Put(context.Background(), id, value))
}

func (a adapter) Get(id string) ([]byte, error) {
	value, found, err := a.store.Get(context.Background(), id)
	if err != nil {
		return nil, stored(err)
	}
	if !found {
		return nil, arieskms.ErrKeyNotFound
	}
	return value, nil
}

func (a adapter) Delete(id string) error {
	return stored(a.store.Delete(context.Background(), id))
}

// stored marks an error of the store, so that it is told from aries' own.
func stored(err error) error {
	if err == nil || explain.CodeOf(err) != "" {
		return err
	}
	return explain.Errorf("key_store_failed", "%w", err)
}

// lock is aries' secret lock: AES-256-GCM under a key derived from the master
// key for one use of keys.
type lock struct {
	mu     sync.RWMutex
	aead   cipher.AEAD // nil after close
	secret []byte
}

func newLock(master []byte, use string) (*lock, error) {
	secret, err := hkdf.Key(sha256.New, master, nil, "bonafide-key-lock-1 "+use, 32)
	if err != nil {
		return nil, fmt.Errorf("deriving the key lock: %w", err)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("making the key lock: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("making the key lock: %w", err)
	}
	return &lock{aead: aead, secret: secret}, nil
}

func (l *lock) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.secret)
	l.aead = nil
}

var errLocked = explain.Errorf("home_locked", "the key lock is closed")

// Encrypt implements secretlock.Service: base64url in, base64url out.
func (l *lock) Encrypt(uri string, req *secretlock.EncryptRequest) (*secretlock.EncryptResponse, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.aead == nil {
		return nil, errLocked
	}
	plain, err := base64.URLEncoding.DecodeString(req.Plaintext)
	if err != nil {
		return nil, errors.New("the key lock was given something that is not base64url")
	}
	defer clear(plain)
	out := make([]byte, l.aead.NonceSize(), l.aead.NonceSize()+len(plain)+l.aead.Overhead())
	rand.Read(out) // never fails: it ends the program where there is no randomness
	out = l.aead.Seal(out, out, plain, associated(uri, req.AdditionalAuthenticatedData))
	return &secretlock.EncryptResponse{Ciphertext: base64.URLEncoding.EncodeToString(out)}, nil
}

// Decrypt implements secretlock.Service.
func (l *lock) Decrypt(uri string, req *secretlock.DecryptRequest) (*secretlock.DecryptResponse, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.aead == nil {
		return nil, errLocked
	}
	in, err := base64.URLEncoding.DecodeString(req.Ciphertext)
	if err != nil || len(in) < l.aead.NonceSize() {
		return nil, explain.Errorf("data_damaged", "a stored key is not in the form it was stored in")
	}
	plain, err := l.aead.Open(nil, in[:l.aead.NonceSize()], in[l.aead.NonceSize():], associated(uri, req.AdditionalAuthenticatedData))
	if err != nil {
		return nil, explain.Errorf("data_damaged", "a stored key does not unwrap")
	}
	defer clear(plain)
	return &secretlock.DecryptResponse{Plaintext: base64.URLEncoding.EncodeToString(plain)}, nil
}

// associated binds a wrapped key to the lock's name; the separator is in no
// URI that this package makes and in no base64url.
func associated(uri, aad string) []byte { return []byte(uri + "\x00" + aad) }
