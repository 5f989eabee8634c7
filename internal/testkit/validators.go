// Package testkit is the virtual world of the tests: validators, blocks and a
// ledger in memory, with keys drawn from fixed seeds.
package testkit

// A set of validators in memory that makes blocks and commits of CometBFT's
// own types, so that what verifies light blocks is tested against real
// signatures without running a node.

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	"github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"
)

// Chain is a chain of light blocks signed by validators in memory. It is not
// safe for concurrent use.
type Chain struct {
	id     string
	seed   uint64
	keys   map[string]ed25519.PrivKey // by address; also those of former validators
	made   int                        // keys made so far
	sets   []*types.ValidatorSet      // sets[h] signs block h; known up to the next block's successor
	blocks []*types.LightBlock        // blocks[h], 0 unused
	// Vote says how validator i of a block votes; nil: everybody commits.
	Vote func(height int64, i int) types.BlockIDFlag
}

// NewChain returns a chain without blocks whose first block is signed by n
// validators with keys drawn from seed.
func NewChain(chainID string, n int, seed uint64) *Chain {
	c := &Chain{id: chainID, seed: seed, keys: map[string]ed25519.PrivKey{}}
	var vals []*types.Validator
	for range n {
		vals = append(vals, types.NewValidator(c.NewKey().PubKey(), 1))
	}
	set := types.NewValidatorSet(vals)
	c.sets = []*types.ValidatorSet{nil, set, set.Copy()}
	c.blocks = []*types.LightBlock{nil}
	return c
}

// NewKey makes the chain's next consensus key and lets the chain sign with it
// once it is a validator.
func (c *Chain) NewKey() ed25519.PrivKey {
	secret := binary.BigEndian.AppendUint64([]byte("bonafide-testkit-validator"), c.seed)
	secret = binary.BigEndian.AppendUint64(secret, uint64(c.made))
	c.made++
	k := ed25519.GenPrivKeyFromSecret(secret)
	c.AddKey(k)
	return k
}

// AddKey lets the chain sign with k once it is a validator.
func (c *Chain) AddKey(k ed25519.PrivKey) { c.keys[string(k.PubKey().Address())] = k }

// ChainID returns the chain's id.
func (c *Chain) ChainID() string { return c.id }

// Height returns the height of the newest block, 0 before the first.
func (c *Chain) Height() int64 { return int64(len(c.blocks) - 1) }

// LightBlock returns block h.
func (c *Chain) LightBlock(h uint64) (*types.LightBlock, error) {
	if h < 1 || h >= uint64(len(c.blocks)) {
		return nil, fmt.Errorf("no block %d", h)
	}
	return c.blocks[h], nil
}

// MemberChanges returns the heights, ascending, whose validators are others
// than those of the height before.
func (c *Chain) MemberChanges() ([]uint64, error) {
	var out []uint64
	for h := 2; h < len(c.blocks); h++ {
		if !bytes.Equal(c.blocks[h].ValidatorsHash, c.blocks[h-1].ValidatorsHash) {
			out = append(out, uint64(h))
		}
	}
	return out, nil
}

// Power is the voting power a consensus key gets: 1, or 0 to remove it.
type Power struct {
	Key   []byte // Ed25519, 32 bytes
	Power int64
}

// Update changes the validators as the result of the newest block, so that
// they sign from two blocks later on, as CometBFT does.
func (c *Chain) Update(changes ...Power) error {
	set := c.sets[len(c.sets)-1].Copy()
	var vals []*types.Validator
	for _, p := range changes {
		vals = append(vals, types.NewValidator(ed25519.PubKey(slices.Clone(p.Key)), p.Power))
	}
	if err := set.UpdateWithChangeSet(vals); err != nil {
		return fmt.Errorf("changing validators: %w", err)
	}
	set.IncrementProposerPriority(1) // else a removed validator stays proposer
	c.sets[len(c.sets)-1] = set
	return nil
}

// Next signs and adds a block.
func (c *Chain) Next(appHash []byte, at time.Time) *types.LightBlock {
	h := c.Height() + 1
	b := c.Sign(h, appHash, at, c.sets[h], c.sets[h+1])
	c.blocks = append(c.blocks, b)
	c.sets = append(c.sets, c.sets[len(c.sets)-1].Copy())
	return b
}

// Fork signs another block of height h, as validators who cheat would: with
// the app hash and time given and the validators of that height.
func (c *Chain) Fork(h int64, appHash []byte, at time.Time) *types.LightBlock {
	return c.Sign(h, appHash, at, c.sets[h], c.sets[h+1])
}

// Set returns the validators that sign block h, which may be the next one.
func (c *Chain) Set(h int64) *types.ValidatorSet { return c.sets[h] }

// Sign makes a block of height h signed by set, without adding it.
func (c *Chain) Sign(h int64, appHash []byte, at time.Time, set, next *types.ValidatorSet) *types.LightBlock {
	header := &types.Header{
		Version:            cmtversion.Consensus{Block: version.BlockProtocol},
		ChainID:            c.id,
		Height:             h,
		Time:               at.UTC(),
		LastCommitHash:     digest("last commit", h),
		DataHash:           digest("data", h),
		ValidatorsHash:     set.Hash(),
		NextValidatorsHash: next.Hash(),
		ConsensusHash:      digest("consensus", 0),
		AppHash:            slices.Clone(appHash),
		LastResultsHash:    digest("results", h),
		EvidenceHash:       digest("evidence", 0),
		ProposerAddress:    set.Validators[0].Address,
	}
	if prev, err := c.LightBlock(uint64(h - 1)); err == nil {
		header.LastBlockID = prev.Commit.BlockID
	}
	return &types.LightBlock{SignedHeader: c.Commit(header, set), ValidatorSet: set.Copy()}
}

// Commit signs a header by set.
func (c *Chain) Commit(header *types.Header, set *types.ValidatorSet) *types.SignedHeader {
	id := types.BlockID{Hash: header.Hash(), PartSetHeader: types.PartSetHeader{Total: 1, Hash: digest("parts", header.Height)}}
	commit := &types.Commit{Height: header.Height, BlockID: id}
	for i, v := range set.Validators {
		flag := types.BlockIDFlagCommit
		if c.Vote != nil {
			flag = c.Vote(header.Height, i)
		}
		if flag == types.BlockIDFlagAbsent {
			commit.Signatures = append(commit.Signatures, types.NewCommitSigAbsent())
			continue
		}
		vote := &cmtproto.Vote{
			Type: cmtproto.PrecommitType, Height: header.Height,
			Timestamp: header.Time.Add(time.Second), ValidatorAddress: v.Address, ValidatorIndex: int32(i),
		}
		if flag == types.BlockIDFlagCommit {
			vote.BlockID = id.ToProto()
		}
		sig, err := c.keys[string(v.Address)].Sign(types.VoteSignBytes(c.id, vote))
		if err != nil {
			panic(err) // a key in memory does not fail
		}
		commit.Signatures = append(commit.Signatures, types.CommitSig{
			BlockIDFlag: flag, ValidatorAddress: v.Address, Timestamp: vote.Timestamp, Signature: sig,
		})
	}
	return &types.SignedHeader{Header: header, Commit: commit}
}

func digest(what string, h int64) []byte {
	d := sha256.Sum256(fmt.Appendf(nil, "%s %d", what, h))
	return d[:]
}
