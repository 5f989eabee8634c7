package pack

// What the members' signatures prove: light blocks as bytes, and the steps
// from a trusted light block to a newer one.

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"time"

	"bonafide/internal/explain"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/light"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"
)

// TrustingPeriod is how long a trusted header may be followed to a newer one.
// Past it, keys that members have long thrown away could sign another history.
const TrustingPeriod = 180 * 24 * time.Hour

const (
	maxValidators      = 1024
	maxLightBlockBytes = 512 << 10
)

// anyDrift switches off CometBFT's own bound on headers from the future (292
// years, the longest duration). A device whose clock was set back must still be
// able to import, because the import is what raises its clock floor; that the
// two disagree is said by the clock check of every verdict, not here.
const anyDrift = time.Duration(math.MaxInt64)

// marshalLight writes a light block as CometBFT's protobuf in one form only:
// proposer and priorities, which no signature covers, are always the same.
func marshalLight(lb *types.LightBlock) ([]byte, error) {
	pb, err := lb.ToProto()
	if err != nil {
		return nil, fmt.Errorf("encoding a light block: %w", err)
	}
	if pb.SignedHeader == nil || pb.ValidatorSet == nil || len(pb.ValidatorSet.Validators) == 0 {
		return nil, errors.New("encoding a light block: header or validators missing")
	}
	for _, v := range pb.ValidatorSet.Validators {
		v.ProposerPriority = 0
	}
	pb.ValidatorSet.Proposer = pb.ValidatorSet.Validators[0]
	return pb.Marshal()
}

// parseLight reads what marshalLight writes and nothing else: at most 1,024
// distinct Ed25519 validators of power 1 (every member has one vote), bytes
// that re-encode to themselves. Nothing is verified yet.
func parseLight(b []byte) (lb *types.LightBlock, err error) {
	// CometBFT's types panic on some impossible values (an unknown vote flag,
	// an overflow of powers); outside bytes must never reach further than here.
	defer func() {
		if r := recover(); r != nil {
			lb, err = nil, fmt.Errorf("light block: %v", r)
		}
	}()
	if len(b) > maxLightBlockBytes {
		return nil, errors.New("light block: too large")
	}
	var pb cmtproto.LightBlock
	if err := pb.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("light block: %w", err)
	}
	if pb.SignedHeader == nil || pb.SignedHeader.Header == nil || pb.SignedHeader.Commit == nil || pb.ValidatorSet == nil {
		return nil, errors.New("light block: a part is missing")
	}
	if n := len(pb.ValidatorSet.Validators); n == 0 || n > maxValidators || len(pb.SignedHeader.Commit.Signatures) != n {
		return nil, errors.New("light block: number of validators or votes")
	}
	lb, err = types.LightBlockFromProto(&pb)
	if err != nil {
		return nil, fmt.Errorf("light block: %w", err)
	}
	if err := lb.ValidateBasic(lb.ChainID); err != nil {
		return nil, fmt.Errorf("light block: %w", err)
	}
	seen := make(map[string]bool, lb.ValidatorSet.Size())
	for _, v := range lb.ValidatorSet.Validators {
		if v.PubKey.Type() != ed25519.KeyType || v.VotingPower != 1 || seen[string(v.Address)] {
			return nil, errors.New("light block: a validator that no member can be")
		}
		seen[string(v.Address)] = true
	}
	again, err := marshalLight(lb)
	if err != nil || !bytes.Equal(again, b) {
		return nil, errors.New("light block: not in its one form")
	}
	return lb, nil
}

// shortLight writes a light block as it stands in a pack: without the validators'
// addresses, which are digests of their keys, and without the proposer.
func shortLight(lb *types.LightBlock) ([]byte, error) {
	b, err := marshalLight(lb)
	if err != nil {
		return nil, err
	}
	var pb cmtproto.LightBlock
	if err := pb.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("encoding a light block: %w", err)
	}
	votes := pb.SignedHeader.Commit.Signatures
	if len(votes) != len(pb.ValidatorSet.Validators) {
		return nil, errors.New("encoding a light block: number of votes")
	}
	for i, v := range pb.ValidatorSet.Validators {
		if voted := votes[i].BlockIdFlag != cmtproto.BlockIDFlagAbsent; voted != bytes.Equal(votes[i].ValidatorAddress, v.Address) {
			return nil, errors.New("encoding a light block: a vote of another validator")
		}
		votes[i].ValidatorAddress = nil
	}
	for _, v := range pb.ValidatorSet.Validators {
		v.Address = nil
	}
	pb.ValidatorSet.Proposer = nil
	return pb.Marshal()
}

// parseShort reads what shortLight writes and nothing else, as parseLight.
func parseShort(b []byte) (lb *types.LightBlock, err error) {
	defer func() {
		if r := recover(); r != nil { // a key of another length
			lb, err = nil, fmt.Errorf("light block: %v", r)
		}
	}()
	if len(b) > maxLightBlockBytes {
		return nil, errors.New("light block: too large")
	}
	var pb cmtproto.LightBlock
	if err := pb.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("light block: %w", err)
	}
	if pb.SignedHeader == nil || pb.SignedHeader.Commit == nil || pb.ValidatorSet == nil {
		return nil, errors.New("light block: a part is missing")
	}
	validators, votes := pb.ValidatorSet.Validators, pb.SignedHeader.Commit.Signatures
	if n := len(validators); n == 0 || n > maxValidators || len(votes) != n {
		return nil, errors.New("light block: number of validators or votes")
	}
	for i, v := range validators {
		v.Address = ed25519.PubKey(v.PubKey.GetEd25519()).Address()
		if votes[i].BlockIdFlag != cmtproto.BlockIDFlagAbsent {
			votes[i].ValidatorAddress = v.Address
		}
	}
	pb.ValidatorSet.Proposer = validators[0]
	whole, err := pb.Marshal()
	if err != nil {
		return nil, fmt.Errorf("light block: %w", err)
	}
	if lb, err = parseLight(whole); err != nil {
		return nil, err
	}
	if again, err := shortLight(lb); err != nil || !bytes.Equal(again, b) {
		return nil, errors.New("light block: not in its one form")
	}
	return lb, nil
}

// selfSigned says whether more than two thirds of the block's own validators
// signed it. Every vote must hold, also those beyond two thirds, so that no
// byte of a light block is free.
func selfSigned(lb *types.LightBlock) error {
	return lb.ValidatorSet.VerifyCommit(lb.ChainID, lb.Commit.BlockID, lb.Height, lb.Commit)
}

// step verifies that the validators of trusted vouch for next: the named
// successors if it is the next block, else more than a third of them
// (cometbft/light, "skipping"); always more than two thirds of next's own.
func step(trusted, next *types.LightBlock, judged time.Time) error {
	err := light.Verify(trusted.SignedHeader, trusted.ValidatorSet, next.SignedHeader, next.ValidatorSet,
		TrustingPeriod, judged, anyDrift, light.DefaultTrustLevel)
	if err != nil {
		if _, old := errors.AsType[light.ErrOldHeaderExpired](err); old {
			return explain.Errorf("trust_expired", "header %d: %w", trusted.Height, err)
		}
		return explain.Errorf("pack_signatures", "from header %d to %d: %w", trusted.Height, next.Height, err)
	}
	if err := selfSigned(next); err != nil {
		return explain.Errorf("pack_signatures", "header %d: %w", next.Height, err)
	}
	return nil
}

// follow walks from the trusted light block through those of member changes
// to the last, which it returns verified. Blocks are ascending and of the
// trusted chain (the caller saw to both). Blocks older than the trusted one
// prove nothing to us, but they are handed on, so they too must lead to it.
func follow(trusted *types.LightBlock, blocks []*types.LightBlock, judged time.Time) (*types.LightBlock, error) {
	if light.HeaderExpired(trusted.SignedHeader, TrustingPeriod, judged) {
		return nil, explain.Errorf("trust_expired", "trusted header %d of %s", trusted.Height, trusted.Time.Format(time.RFC3339))
	}
	var at *types.LightBlock
	for _, b := range blocks {
		if at == nil && b.Height < trusted.Height {
			if err := selfSigned(b); err != nil {
				return nil, explain.Errorf("pack_signatures", "header %d: %w", b.Height, err)
			}
			at = b
			continue
		}
		if at == nil || at.Height < trusted.Height && b.Height >= trusted.Height {
			if b.Height == trusted.Height {
				if err := same(trusted, b); err != nil {
					return nil, err
				}
				// The same header may come with other votes for it.
				if err := selfSigned(b); err != nil {
					return nil, explain.Errorf("pack_signatures", "header %d: %w", b.Height, err)
				}
			}
			if at != nil {
				// Long past: the trusting period is judged from the trusted header on.
				if err := step(at, trusted, at.Time); err != nil {
					return nil, err
				}
			}
			at = trusted
			if b.Height == trusted.Height {
				continue
			}
		}
		now := judged
		if b.Height <= trusted.Height {
			now = at.Time
		}
		if err := step(at, b, now); err != nil {
			return nil, err
		}
		at = b
	}
	return at, nil
}

// same compares two headers of one height. If they differ and the other one is
// validly signed too, the error carries both.
func same(ours, theirs *types.LightBlock) error {
	if bytes.Equal(ours.Hash(), theirs.Hash()) {
		return nil
	}
	// Validly signed: by the very validators of our header, or, if the other
	// names other validators, by more than two thirds of those and more than a
	// third of ours; honest members sign one header a height.
	signed := selfSigned(theirs)
	if signed == nil && !bytes.Equal(ours.ValidatorsHash, theirs.ValidatorsHash) {
		signed = ours.ValidatorSet.VerifyCommitLightTrusting(ours.ChainID, theirs.Commit, light.DefaultTrustLevel)
	}
	if signed != nil {
		return explain.Errorf("pack_signatures", "another header %d: %w", ours.Height, signed)
	}
	a, err := marshalLight(ours)
	if err != nil {
		return err
	}
	b, err := marshalLight(theirs)
	if err != nil {
		return err
	}
	return explain.Errorf("pack_conflict", "%w", &Conflict{ChainID: ours.ChainID, Height: uint64(ours.Height), Ours: a, Theirs: b})
}

// Conflict is the evidence of two different headers of one height that members
// signed: both light blocks as protobuf. An error with the code pack_conflict
// wraps it.
type Conflict struct {
	ChainID      string
	Height       uint64
	Ours, Theirs []byte
}

func (c *Conflict) Error() string {
	return fmt.Sprintf("two signed headers of height %d of %s", c.Height, c.ChainID)
}
