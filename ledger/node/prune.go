package node

// Old blocks. The engine deletes them when Commit tells it to; everything that
// is needed of them later is in our own database by then, written in the same
// write as the block during which it became final (store.lightToKeep).

import (
	"github.com/cometbft/cometbft/evidence"
	cmtstore "github.com/cometbft/cometbft/store"
	"github.com/cometbft/cometbft/types"
)

// MinKeepBlocks is how few blocks a node may keep: enough for its peers to
// catch up after a break and for all that is said of the newest headers.
const MinKeepBlocks = 1024

// pruneAtOnce bounds how many blocks go with one block, so that a node that
// begins to prune late does not hold up consensus.
const pruneAtOnce = 1000

// retention is what of the engine's blocks stays.
type retention struct {
	blocks   uint64 // newest blocks that stay; 0: all
	evidence types.EvidenceParams
}

// retainHeight is the lowest block that stays after the block of at, 0 if none
// goes. The engine could prove nothing of a double signature with blocks gone
// that are younger than evidence may be, so these stay in any case.
func (s *store) retainHeight(r retention, at meta) uint64 {
	if r.blocks == 0 || s.blocks == nil || at.height <= r.blocks {
		return 0
	}
	// As it is on disk: the engine moves it in an object of its own.
	base := uint64(cmtstore.LoadBlockStoreState(s.engine).Base)
	h := base
	for last := min(at.height-r.blocks+1, base+pruneAtOnce); h < last; h++ {
		header := s.header(h)
		if header != nil && !evidence.IsEvidenceExpired(int64(at.height), at.time, int64(h), header.Time, r.evidence) {
			break
		}
	}
	if h <= base {
		return 0
	}
	return h
}
