// Package issuer does the work of a licensing board: it keeps the register,
// issues credentials from it, and publishes their status.
//
// Issuing is public before it is signed. A batch goes through six states, each
// recorded before the next step is taken, so that a crash between any two
// steps resumes where it stopped:
//
//	Planned    what will be signed is fixed: content, index, salt, created, keys
//	Anchored   the root of the batch was executed by the ledger
//	Proved     the epoch closed and our own verified data shows the batch in it
//	Signed     every leaf is signed and stored
//	Done       the status of every index is on the ledger; credentials go out
//	Abandoned  a key went out of force meanwhile: nothing of it was handed out
//
// What is true of the ledger is asked of the ledger: a resumed step looks
// first whether its effect is there already.
package issuer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/internal/template"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// Signer is one private key. It may be asked from several goroutines.
type Signer interface {
	Public() did.PublicKey
	// Sign signs msg as did.PublicKey.Verify checks it: the message itself,
	// not a hash of it; Ed25519, or ECDSA as r‖s.
	Sign(msg []byte) ([]byte, error)
}

// Receipt is the ledger's answer to a transaction that it executed or refused.
type Receipt struct {
	Height   uint64
	Position uint32
	Code     string // "" executed; else why it was refused
	Detail   string
}

// Ledger is the node a board talks to. Its word is used to find things; what a
// credential rests on is checked against Refresh's data, which is proved by
// the members' signatures.
type Ledger interface {
	ChainID() string
	// Submit hands a transaction in and waits until it was executed or refused.
	// An error leaves open whether it will be executed.
	Submit(ctx context.Context, tx []byte) (Receipt, error)
	// Refresh fetches what is new and verifies it.
	Refresh(ctx context.Context) (*pack.Data, error)
	// BatchPath finds a batch; an error of code batch_unknown says that the
	// ledger does not have it.
	BatchPath(ctx context.Context, issuer did.DID, root ledger.Hash) (ledger.Located, error)
	// Sequence is the last executed sequence number of a DID.
	Sequence(ctx context.Context, id did.DID) (uint64, error)
	// Subject returns the raw entries of a list subject that packs do not carry.
	Subject(ctx context.Context, name string) ([][]byte, error)
}

// Config is what a Board is made of. All of it is required but IssuingES256,
// Certificates, Settings and Wait.
type Config struct {
	DID     did.DID
	Issuing Signer // Ed25519, in assertionMethod; signs VCDM credentials
	// IssuingES256 is the P-256 key in assertionMethod that signs SD-JWT VCs.
	// A board from before them has none and issues in VCDM alone.
	IssuingES256 Signer
	// Certificates of IssuingES256, in DER, its own first; nil: none.
	Certificates [][]byte
	LedgerKey    Signer // in capabilityInvocation; signs transactions
	Store        Store
	Ledger       Ledger
	Settings     Settings
	// People names everybody who may act for the board. It is asked whenever an
	// act that needs a second person is made or answered.
	People func() ([]string, error)
	Now    func() time.Time
	Rand   io.Reader // safe for concurrent use, as crypto/rand.Reader is
	// Wait pauses between two looks at the ledger; nil: a timer.
	Wait func(ctx context.Context, d time.Duration) error
}

// Board is one issuer at work. It is safe for concurrent use; acts that send
// transactions take turns.
type Board struct {
	Config
	issuingMethod string
	es256Method   string // "" without IssuingES256
	ledgerMethod  string
	chain         string // the ledger's chain id
	schemata      template.Schemas

	turn chan struct{} // held by who changes the register or sends transactions

	mu   sync.Mutex
	data *pack.Data // newest verified data
}

// New checks the configuration and returns the board.
func New(c Config) (*Board, error) {
	if c.Issuing == nil || c.LedgerKey == nil || c.Store == nil || c.Ledger == nil || c.People == nil || c.Now == nil || c.Rand == nil {
		return nil, errors.New("issuer: configuration is incomplete")
	}
	network, _, err := bonafide.Split(c.DID)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	if network != c.Ledger.ChainID() {
		return nil, explain.Errorf("did_other_network", "the board belongs to another network than the ledger")
	}
	if c.Issuing.Public() == c.LedgerKey.Public() {
		return nil, errors.New("issuer: issuing key and ledger key must differ")
	}
	if c.Issuing.Public().Kind() != did.Ed25519 || c.IssuingES256 != nil && c.IssuingES256.Public().Kind() != did.P256 {
		return nil, errors.New("issuer: an issuing key is of another kind than its format signs with")
	}
	if err := c.Settings.check(); err != nil {
		return nil, err
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	b := &Board{Config: c, chain: network, turn: make(chan struct{}, 1)}
	b.issuingMethod = methodID(c.DID, c.Issuing.Public())
	if c.IssuingES256 != nil {
		b.es256Method = methodID(c.DID, c.IssuingES256.Public())
	}
	b.ledgerMethod = methodID(c.DID, c.LedgerKey.Public())
	return b, nil
}

// methodID is the verification method of a key in a board's document.
func methodID(id did.DID, k did.PublicKey) string { return string(id) + "#" + k.Multikey() }

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// take waits for the board's turn.
func (b *Board) take(ctx context.Context) (release func(), err error) {
	select {
	case b.turn <- struct{}{}:
		return func() { <-b.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// now is the time in whole seconds, UTC, as it is written down.
func (b *Board) now() time.Time { return b.Now().UTC().Truncate(time.Second) }

// refresh brings in the newest verified data.
func (b *Board) refresh(ctx context.Context) (*pack.Data, error) {
	d, err := b.Ledger.Refresh(ctx)
	if err != nil {
		return nil, fmt.Errorf("refreshing the ledger's data: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data = d
	return d, nil
}

// Progress is told how far long work has come. Total is 0 where it is not known.
type Progress func(step string, done, total int)

func (p Progress) report(step string, done, total int) {
	if p != nil {
		p(step, done, total)
	}
}

// Identity is a board's DID before and while it is on the ledger.
type Identity struct {
	DID      did.DID
	Document []byte // first document, JCS
}

// NewIdentity makes the DID of a new board from its issuing keys, one for each
// format, and its ledger key. Network is the chain id.
func NewIdentity(network string, issuing []did.PublicKey, ledgerKey did.PublicKey, o bonafide.DocumentOptions) (Identity, error) {
	id, doc, err := bonafide.NewDocument(network, issuing, []did.PublicKey{ledgerKey}, o)
	if err != nil {
		return Identity{}, fmt.Errorf("founding a board: %w", err)
	}
	return Identity{id, doc}, nil
}

// Founder is the board as a founding member of a network. Consensus is the
// Ed25519 key of its validator.
func (i Identity) Founder(name string, consensus [32]byte) ledger.Founder {
	return ledger.Founder{Document: i.Document, Name: name, Consensus: consensus}
}

// CreateTx is the signed transaction that puts the DID on the ledger. A member
// must countersign it before it is submitted.
func (i Identity) CreateTx(ledgerKey Signer) ([]byte, error) {
	network, _, err := bonafide.Split(i.DID)
	if err != nil {
		return nil, err
	}
	return signTx(ledger.Tx{
		ChainID: network, DID: i.DID, Method: methodID(i.DID, ledgerKey.Public()),
		Sequence: 1, Body: ledger.CreateDID{Document: i.Document},
	}, ledgerKey)
}

func signTx(tx ledger.Tx, key Signer) ([]byte, error) {
	sig, err := key.Sign(tx.SigningBytes())
	if err != nil {
		return nil, fmt.Errorf("signing a transaction: %w", err)
	}
	tx.Signature = sig
	return tx.Marshal(), nil
}
