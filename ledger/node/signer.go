package node

// The member's consensus key: held by its owner (a key store), used here, never
// on disk. What is on disk is what was signed last, so that a restart cannot
// sign two different votes for one step.

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"

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

// newSigner is the engine's own file signer with our key in it. Its state file
// must be read by us: its own loader reads a key file too.
func newSigner(key ConsensusKey, stateFile string) (*privval.FilePV, error) {
	if err := os.MkdirAll(filepath.Dir(stateFile), 0o700); err != nil {
		return nil, err
	}
	pv := privval.NewFilePV(privKey{key}, "", stateFile)
	b, err := os.ReadFile(stateFile)
	if errors.Is(err, os.ErrNotExist) {
		return pv, nil
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
	return pv, nil
}
