package issuer

import (
	"math/bits"

	"bonafide/ledger"
)

// auditPaths returns the RFC 6962 audit path of every leaf and the root. It
// hashes each inner node once, where ledger.Path would hash the whole tree
// again for every leaf.
func auditPaths(leaves []ledger.Hash) (paths [][]ledger.Hash, root ledger.Hash) {
	paths = make([][]ledger.Hash, len(leaves))
	depth := bits.Len(uint(len(leaves)))
	for i := range paths {
		paths[i] = make([]ledger.Hash, 0, depth)
	}
	var walk func(from, to int) ledger.Hash
	walk = func(from, to int) ledger.Hash {
		if to-from == 1 {
			return leaves[from]
		}
		mid := from + 1<<(bits.Len(uint(to-from-1))-1)
		left, right := walk(from, mid), walk(mid, to)
		for i := from; i < mid; i++ {
			paths[i] = append(paths[i], right)
		}
		for i := mid; i < to; i++ {
			paths[i] = append(paths[i], left)
		}
		// The parent's hash is the root of the tree of just these two.
		return ledger.RootOf([]ledger.Hash{left, right})
	}
	return paths, walk(0, len(leaves))
}
