// Package wallet is the practitioner's work: the keys that are theirs, the
// credentials that boards issued to them, and presentations of those they
// choose to those who ask. Everything that it keeps names a person or what they
// hold, so the store seals all of it.
//
// A wallet has two keys, because the two envelopes of a licence are bound to
// keys of different kinds: Ed25519, whose did:key is the holder of VCDM
// credentials, and P-256, the cnf of SD-JWT VCs. One key is never used for both.
//
// A wallet never opens a socket: what it takes and gives are files.
package wallet

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/did/key"
	"bonafide/internal/claimcode"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/ledger/pack"
	"bonafide/vc"
)

// Signer signs with one private key, hashing by itself.
type Signer interface {
	Sign(msg []byte) ([]byte, error)
}

// Keys makes and finds private keys.
type Keys interface {
	Create(kind did.KeyKind) (id string, pub did.PublicKey, err error)
	Signer(id string) (Signer, error)
}

// KeysOf makes Keys of a key store that hands out its own type of signer.
func KeysOf[S Signer](k interface {
	Create(kind did.KeyKind) (id string, pub did.PublicKey, err error)
	Signer(id string) (S, error)
},
) Keys {
	return keysOf[S]{k.Create, k.Signer}
}

type keysOf[S Signer] struct {
	create func(did.KeyKind) (string, did.PublicKey, error)
	signer func(string) (S, error)
}

func (k keysOf[S]) Create(kind did.KeyKind) (string, did.PublicKey, error) { return k.create(kind) }
func (k keysOf[S]) Signer(id string) (Signer, error)                       { return k.signer(id) }

// Checker finds out whether a credential is one: signed by a key of its issuer
// that was in force, and anchored on the ledger. An error carries a code.
type Checker interface {
	Check(ctx context.Context, credential []byte) (vc.Authentic, error)
}

// Holder is whose wallet it is.
type Holder struct {
	DID     did.DID   `json:"did"` // a did:key
	KeyID   string    `json:"key"` // in Keys
	Created time.Time `json:"created"`
}

// BindingKey is the key that SD-JWT VCs are bound to.
type BindingKey struct {
	Public  string    `json:"public"` // Multikey of the P-256 key
	KeyID   string    `json:"key"`    // in Keys
	Created time.Time `json:"created"`
}

// Store keeps a wallet sealed. Each method that writes is one transaction.
type Store interface {
	// Holder returns the holder; false if none was set.
	Holder(ctx context.Context) (Holder, bool, error)
	// SetHolder sets the holder once; then it is ErrHolderSet.
	SetHolder(ctx context.Context, h Holder) error
	// BindingKey returns the key for SD-JWT VCs; false if none was set.
	BindingKey(ctx context.Context) (BindingKey, bool, error)
	// SetBindingKey sets it once; then it is ErrHolderSet.
	SetBindingKey(ctx context.Context, k BindingKey) error
	// Add keeps a credential under its id, which must be new.
	Add(ctx context.Context, c Credential) error
	// Credentials returns all credentials, in any order.
	Credentials(ctx context.Context) ([]Credential, error)
	// Delete removes a credential; false if there is none.
	Delete(ctx context.Context, id string) (bool, error)
	// Replace keeps each credential in the place of the one of the same id, all of
	// them or none.
	Replace(ctx context.Context, c []Credential) error
	// PutClaim keeps a claim in the place of one to the same board with the same code.
	PutClaim(ctx context.Context, p Pending) error
	// Claims returns all claims, in the order in which they were kept.
	Claims(ctx context.Context) ([]Pending, error)
	// DropClaim removes a claim; it need not be there.
	DropClaim(ctx context.Context, board did.DID, code string) error
	// Log notes what was shared.
	Log(ctx context.Context, s Shared) error
	// Logged returns what was noted, oldest first.
	Logged(ctx context.Context) ([]Shared, error)
}

// ErrHolderSet says that the wallet has a holder, or a binding key, already.
var ErrHolderSet = errors.New("the wallet has a key of this kind already")

// Config is what a Wallet is made from; all fields but Data are required.
type Config struct {
	Store   Store
	Keys    Keys
	Checker Checker
	// Data returns the home's verified ledger data, from which the wallet tells
	// what a licence stands at. Where it is nil or fails with a code nothing is
	// told.
	Data func() (*pack.Data, error)
	Now  func() time.Time
	Rand io.Reader // for the ids of credentials
}

// Wallet is one practitioner's wallet.
type Wallet struct{ c Config }

// New makes a Wallet.
func New(c Config) (*Wallet, error) {
	if c.Store == nil || c.Keys == nil || c.Checker == nil || c.Now == nil || c.Rand == nil {
		return nil, errors.New("making a wallet: something it needs is missing")
	}
	return &Wallet{c}, nil
}

// Init makes the wallet's two keys and returns the holder's DID. A wallet has
// them for good. Broken off, it can be called again. Code wallet_made_already.
func (w *Wallet) Init(ctx context.Context) (did.DID, error) {
	if _, ok, err := w.c.Store.Holder(ctx); err != nil {
		return "", fmt.Errorf("making the wallet's key: %w", err)
	} else if ok {
		return "", explain.Errorf("wallet_made_already", "the wallet has a key")
	}
	// The holder comes last: it is what makes the wallet.
	if _, _, err := w.binding(ctx); err != nil {
		return "", err
	}
	id, pub, err := w.c.Keys.Create(did.Ed25519)
	if err != nil {
		return "", fmt.Errorf("making the wallet's key: %w", err)
	}
	h := Holder{DID: key.New(pub), KeyID: id, Created: w.now()}
	// A key that a failure here leaves behind is nobody's and signs nothing.
	if err := w.c.Store.SetHolder(ctx, h); errors.Is(err, ErrHolderSet) {
		return "", explain.Errorf("wallet_made_already", "another process was faster: %w", err)
	} else if err != nil {
		return "", fmt.Errorf("keeping the wallet's key: %w", err)
	}
	return h.DID, nil
}

// binding returns the P-256 key. A wallet made before there were SD-JWT VCs
// gets it here; it is kept before anything is signed with it.
func (w *Wallet) binding(ctx context.Context) (did.PublicKey, Signer, error) {
	k, ok, err := w.c.Store.BindingKey(ctx)
	if err == nil && !ok {
		k, err = w.newBinding(ctx)
	}
	if err != nil {
		return did.PublicKey{}, nil, fmt.Errorf("finding the wallet's second key: %w", err)
	}
	pub, err := did.ParseMultikey(k.Public)
	if err != nil || pub.Kind() != did.P256 {
		return did.PublicKey{}, nil, explain.Errorf("data_damaged", "the wallet's second key is not one")
	}
	s, err := w.c.Keys.Signer(k.KeyID)
	if err != nil {
		return did.PublicKey{}, nil, fmt.Errorf("finding the wallet's second key: %w", err)
	}
	return pub, s, nil
}

func (w *Wallet) newBinding(ctx context.Context) (BindingKey, error) {
	id, pub, err := w.c.Keys.Create(did.P256)
	if err != nil {
		return BindingKey{}, err
	}
	k := BindingKey{Public: pub.Multikey(), KeyID: id, Created: w.now()}
	err = w.c.Store.SetBindingKey(ctx, k)
	if !errors.Is(err, ErrHolderSet) {
		return k, err
	}
	// Another process was faster: its key is the wallet's.
	k, ok, err := w.c.Store.BindingKey(ctx)
	if err == nil && !ok {
		err = explain.Errorf("data_damaged", "the wallet's second key is gone")
	}
	return k, err
}

// Holder returns the holder's DID. Code wallet_not_made.
func (w *Wallet) Holder(ctx context.Context) (did.DID, error) {
	h, err := w.holder(ctx)
	return h.DID, err
}

// Claim answers a claim code: it proves to the board, and to it alone, that this
// wallet was given the code and holds both its keys. The bytes are the file that
// goes to the board, in canonical form:
//
//	{"format":1,"presentation":{…},"proof":"eyJ…"}
//
// presentation is a VerifiablePresentation without credentials by the holder's
// DID, proof a JWT of type openid4vci-proof+jwt by the P-256 key. The challenge
// of one and the nonce of the other are the code's for the board and for the
// did:key of the key that signs. The claim is remembered (Pending) before it is
// handed out. Codes: wallet_not_made, wallet_board_unknown,
// claim_code_malformed, claim_code_mistyped.
func (w *Wallet) Claim(ctx context.Context, code string, board did.DID) ([]byte, error) {
	h, err := w.holder(ctx)
	if err != nil {
		return nil, err
	}
	if _, _, err := bonafide.Split(board); err != nil {
		return nil, explain.Errorf("wallet_board_unknown", "claiming: %w", err)
	}
	c, err := claimcode.Parse(code)
	if err != nil {
		return nil, err
	}
	presentation, err := w.sign(h, nil, c.Challenge(board, h.DID), string(board))
	if err != nil {
		return nil, err
	}
	pub, s, err := w.binding(ctx)
	if err != nil {
		return nil, err
	}
	proof, err := vc.ProvePossession(pub, c.Challenge(board, key.New(pub)), string(board), w.now(), s.Sign)
	if err != nil {
		return nil, fmt.Errorf("claiming: %w", err)
	}
	doc, err := strictjson.Object(presentation, strictjson.Default)
	if err != nil {
		return nil, fmt.Errorf("claiming: %w", err)
	}
	b, err := strictjson.Canonical(map[string]any{"format": json.Number("1"), "presentation": doc, "proof": string(proof)})
	if err != nil {
		return nil, fmt.Errorf("claiming: %w", err)
	}
	if err := w.c.Store.PutClaim(ctx, Pending{Code: c.ID(), Board: board, At: w.now(), File: b}); err != nil {
		return nil, fmt.Errorf("claiming: %w", err)
	}
	return b, nil
}

// sign makes a presentation by the holder's key.
func (w *Wallet) sign(h Holder, credentials [][]byte, challenge, domain string) ([]byte, error) {
	pub, err := key.Public(h.DID)
	if err != nil {
		return nil, fmt.Errorf("presenting: the wallet's own DID: %w", err)
	}
	s, err := w.c.Keys.Signer(h.KeyID)
	if err != nil {
		return nil, fmt.Errorf("presenting: %w", err)
	}
	b, err := vc.Present(h.DID, credentials, challenge, domain, key.MethodID(pub), w.now(), s.Sign)
	if err != nil {
		return nil, fmt.Errorf("presenting: %w", err)
	}
	return b, nil
}

func (w *Wallet) holder(ctx context.Context) (Holder, error) {
	h, ok, err := w.c.Store.Holder(ctx)
	if err != nil {
		return Holder{}, fmt.Errorf("reading the wallet: %w", err)
	}
	if !ok {
		return Holder{}, explain.Errorf("wallet_not_made", "the wallet has no key")
	}
	return h, nil
}

func (w *Wallet) now() time.Time { return w.c.Now().UTC().Truncate(time.Second) }

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newID returns eight characters that can be typed.
func (w *Wallet) newID() (string, error) {
	var b [5]byte
	if _, err := io.ReadFull(w.c.Rand, b[:]); err != nil {
		return "", fmt.Errorf("naming a credential: %w", err)
	}
	return idEncoding.EncodeToString(b[:]), nil
}
