package node

// The member's consensus key: held by its owner (a key store), used here, never
// on disk. What is on disk is what was signed last, so that a restart cannot
// sign two different votes for one step.

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/cometbft/cometbft/crypto"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/privval"
)

// ConsensusKey is an Ed25519 key that signs this member's votes.
type ConsensusKey interface {
	Public() [32]byte
	Sign(message []byte) ([]byte, error)
}

// SeedKey is a ConsensusKey in memory, from a 32-byte seed.
type SeedKey [ed25519.SeedSize]byte

// Public implements ConsensusKey.
func (k SeedKey) Public() [32]byte {
	return [32]byte(ed25519.NewKeyFromSeed(k[:]).Public().(ed25519.PublicKey))
}

// Sign implements ConsensusKey.
func (k SeedKey) Sign(message []byte) ([]byte, error) {
	return ed25519.Sign(ed25519.NewKeyFromSeed(k[:]), message), nil
}

// String keeps the seed out of logs.
func (k SeedKey) String() string { return "consensus key" }

// GoString keeps the seed out of logs.
func (k SeedKey) GoString() string { return k.String() }

// privKey shows a ConsensusKey to the engine, which never asks for its bytes
// unless it means to write them to a file.
type privKey struct{ key ConsensusKey }

func (p privKey) Bytes() []byte { return nil }

func (p privKey) Sign(msg []byte) ([]byte, error) {
	sig, err := p.key.Sign(msg)
	if err != nil {
		return nil, fmt.Errorf("signing with the consensus key: %w", err)
	}
	if len(sig) != ed25519.SignatureSize {
		return nil, errors.New("signing with the consensus key: signature of a wrong length")
	}
	return sig, nil
}

func (p privKey) PubKey() crypto.PubKey {
	k := p.key.Public()
	return cmted25519.PubKey(k[:])
}

func (p privKey) Equals(o crypto.PrivKey) bool { return p.PubKey().Equals(o.PubKey()) }

func (p privKey) Type() string { return cmted25519.KeyType }

// signer signs with the key that the validators of the next block have for this
// member. There is one record of what was signed last for all keys, so that no
// change of keys can make two votes for one step.
type signer struct {
	*privval.FilePV
	find  func(public [32]byte) (ConsensusKey, error) // nil: only one key
	store *store
	known []byte                         // hash of validators among whom none has a key of ours
	uses  atomic.Pointer[crypto.Address] // of the key in use, for other routines than the engine's
}

func fileSigner(pv *privval.FilePV) *signer {
	s := &signer{FilePV: pv}
	s.uses.Store(&pv.Key.Address)
	return s
}

// GetPubKey implements types.PrivValidator; the engine calls it after each
// block and before the first.
func (s *signer) GetPubKey() (crypto.PubKey, error) {
	if s.find != nil {
		if err := s.choose(); err != nil {
			return nil, err
		}
	}
	return s.FilePV.GetPubKey()
}

func (s *signer) choose() error {
	state, err := s.store.states.Load()
	if err != nil {
		return fmt.Errorf("reading the validators: %w", err)
	}
	validators := state.Validators
	if s.store.blocks.Height() > state.LastBlockHeight {
		validators = state.NextValidators // a block is about to be run that is stored already
	}
	if validators.IsNilOrEmpty() || validators.HasAddress(s.Key.Address) {
		return nil
	}
	hash := validators.Hash()
	if bytes.Equal(hash, s.known) {
		return nil
	}
	for _, v := range validators.Validators {
		if v.PubKey.Type() != cmted25519.KeyType {
			continue
		}
		key, err := s.find([32]byte(v.PubKey.Bytes()))
		if err != nil {
			return fmt.Errorf("looking for a consensus key: %w", err)
		}
		if key != nil {
			s.Key = privval.FilePVKey{Address: v.Address, PubKey: v.PubKey, PrivKey: privKey{key}}
			s.uses.Store(&v.Address)
			return nil
		}
	}
	s.known = hash
	return nil
}

// newSigner is the engine's own file signer with our key in it. Its state file
// must be read by us: its own loader reads a key file too.
func newSigner(key ConsensusKey, stateFile string) (*signer, error) {
	if err := os.MkdirAll(filepath.Dir(stateFile), 0o700); err != nil {
		return nil, err
	}
	pv := privval.NewFilePV(privKey{key}, "", stateFile)
	b, err := os.ReadFile(stateFile)
	if errors.Is(err, os.ErrNotExist) {
		return fileSigner(pv), nil
	}
	if err != nil {
		return nil, err
	}
	var last privval.FilePVLastSignState
	if err := cmtjson.Unmarshal(b, &last); err != nil {
		// Going on without it could sign twice; a person has to decide.
		return nil, fmt.Errorf("reading what was signed last: %w", err)
	}
	pv.LastSignState.Height, pv.LastSignState.Round, pv.LastSignState.Step = last.Height, last.Round, last.Step
	pv.LastSignState.Signature, pv.LastSignState.SignBytes = last.Signature, last.SignBytes
	return fileSigner(pv), nil
}
