package ledger

import (
	"fmt"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// TestMerkleAgainstReference compares with transparency-dev/merkle, for every
// leaf of every tree up to 70 leaves.
func TestMerkleAgainstReference(t *testing.T) {
	const size = 70
	h := rfc6962.DefaultHasher
	fact := &compact.RangeFactory{Hash: h.HashChildren}
	ref := fact.NewEmptyRange(0)
	var leaves []Hash
	if got := RootOf(nil); string(got[:]) != string(h.EmptyRoot()) {
		t.Error("empty root")
	}
	var r Range
	for n := 1; n <= size; n++ {
		entry := fmt.Appendf(nil, "entry %d", n)
		leaf := LeafOf(entry)
		if string(leaf[:]) != string(h.HashLeaf(entry)) {
			t.Fatal("leaf hash")
		}
		leaves = append(leaves, leaf)
		if err := ref.Append(leaf[:], nil); err != nil {
			t.Fatal(err)
		}
		want, err := ref.GetRootHash(nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Append(leaf)
		root := RootOf(leaves)
		if string(root[:]) != string(want) || r.Root() != root || r.Size() != uint64(n) {
			t.Fatalf("root of %d", n)
		}
		again, err := RangeOf(r.Size(), r.Peaks())
		if err != nil || again.Root() != root {
			t.Fatalf("continued range of %d: %v", n, err)
		}
		for i := range n {
			path := Path(leaves, i)
			var hashes [][]byte
			for _, p := range path {
				hashes = append(hashes, p[:])
			}
			if err := proof.VerifyInclusion(h, uint64(i), uint64(n), leaf2(leaves[i]), hashes, want); err != nil {
				t.Fatalf("path of %d in %d: %v", i, n, err)
			}
			if len(path) != pathLength(uint64(i), uint64(n)) {
				t.Fatalf("path length of %d in %d", i, n)
			}
			got, err := RootFromPath(leaves[i], uint64(i), uint64(n), path)
			if err != nil || got != root {
				t.Fatalf("root from path of %d in %d: %v", i, n, err)
			}
			if _, err := RootFromPath(leaves[i], uint64(i), uint64(n), append(path, Hash{})); err == nil {
				t.Fatal("a longer path passes")
			}
			if n > 1 {
				if got, err := RootFromPath(leaves[i], uint64(i+1)%uint64(n), uint64(n), path); err == nil && got == root {
					t.Fatal("a path proves another index")
				}
			}
		}
	}
	if Path(leaves, -1) != nil || Path(leaves, size) != nil {
		t.Error("a path of no leaf")
	}
	if _, err := RootFromPath(leaves[0], 1, 1, nil); err == nil {
		t.Error("index beyond the size")
	}
	if _, err := RootFromPath(leaves[0], 0, 0, nil); err == nil {
		t.Error("leaf of an empty tree")
	}
}

func leaf2(h Hash) []byte { return h[:] }

// TestAppendSubtree: a tree put together from perfect subtrees and leaves is
// the same tree.
func TestAppendSubtree(t *testing.T) {
	var leaves []Hash
	for i := range 64 {
		leaves = append(leaves, LeafOf([]byte{byte(i)}))
	}
	for n := 1; n <= 64; n++ {
		for level := uint8(1); level < 6; level++ {
			var r Range
			at := 0
			for at < n {
				if at+1<<level <= n && at&(1<<level-1) == 0 && at>>level%3 != 1 {
					if err := r.AppendSubtree(level, RootOf(leaves[at:at+1<<level])); err != nil {
						t.Fatal(err)
					}
					at += 1 << level
				} else {
					r.Append(leaves[at])
					at++
				}
			}
			if r.Root() != RootOf(leaves[:n]) {
				t.Fatalf("%d leaves at level %d", n, level)
			}
		}
	}
	var r Range
	r.Append(leaves[0])
	if r.AppendSubtree(1, Hash{}) == nil || r.AppendSubtree(63, Hash{}) == nil || r.AppendSubtree(255, Hash{}) == nil {
		t.Error("a subtree that is not aligned")
	}
	if _, err := RangeOf(3, make([]Hash, 1)); err == nil {
		t.Error("peaks that do not fit")
	}
}
