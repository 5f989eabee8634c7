package pack

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"bonafide/internal/explain"

	"github.com/cometbft/cometbft/types"
)

// MarshalLight writes a light block in the one form that Follow reads.
func MarshalLight(lb *types.LightBlock) ([]byte, error) { return marshalLight(lb) }

// Follow reads light blocks from outside, at rising heights: both sides of
// every member change since the genesis, whose validators have the hash
// genesis, then later ones, the last not below the trusted header. All must be
// of one chain with that header (trust_expired, pack_signatures,
// pack_conflict), and no member change may be left out (pack_malformed).
func (t Trust) Follow(genesis []byte, raw [][]byte, now time.Time) ([]*types.LightBlock, error) {
	if t.None() {
		return nil, explain.Errorf("no_trust", "nothing pinned")
	}
	blocks, err := t.parseChain(genesis, raw)
	if err != nil {
		return nil, explain.Errorf("pack_malformed", "%w", err)
	}
	if err := conflict(t, nil, blocks); err != nil {
		return nil, err
	}
	if _, err := follow(t.block, blocks, now); err != nil {
		return nil, err
	}
	return blocks, nil
}

func (t Trust) parseChain(genesis []byte, raw [][]byte) ([]*types.LightBlock, error) {
	if len(raw) == 0 || len(raw) > maxBlocks {
		return nil, errors.New("number of light blocks")
	}
	out := make([]*types.LightBlock, 0, len(raw))
	validators := genesis // of the next light block
	for i, b := range raw {
		lb, err := parseLight(b)
		if err != nil {
			return nil, err
		}
		if lb.ChainID != t.ChainID {
			return nil, errors.New("a light block of another chain")
		}
		if i > 0 {
			before := out[i-1]
			if lb.Height <= before.Height {
				return nil, errors.New("light blocks out of order")
			}
			if validators = before.ValidatorsHash; lb.Height == before.Height+1 {
				validators = before.NextValidatorsHash
			}
		}
		if !bytes.Equal(lb.ValidatorsHash, validators) {
			return nil, fmt.Errorf("a member change before light block %d is missing", lb.Height)
		}
		out = append(out, lb)
	}
	if out[len(out)-1].Height < t.block.Height {
		return nil, errors.New("light blocks end before the trusted header")
	}
	return out, nil
}
