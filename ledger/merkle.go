package ledger

// Merkle trees as RFC 6962 section 2.1 defines them: the one hash under lists,
// epochs and the index.

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/bits"
)

// Hash is a SHA-256 digest.
type Hash = [32]byte

var errPath = errors.New("merkle path does not fit its tree")

// LeafOf returns the leaf hash of an entry: SHA-256(0x00 ‖ entry)
// (RFC 6962 section 2.1).
func LeafOf(entry []byte) Hash {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(entry)
	var out Hash
	h.Sum(out[:0])
	return out
}

// node returns the hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
func node(left, right Hash) Hash {
	var b [65]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[33:], right[:])
	return sha256.Sum256(b[:])
}

// RootOf returns the tree head over leaf hashes; over none it is the hash of
// the empty string.
func RootOf(leaves []Hash) Hash {
	var r Range
	for _, l := range leaves {
		r.Append(l)
	}
	return r.Root()
}

// split is the largest power of two below n, for n ≥ 2.
func split(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

// Path returns the audit path of leaf i (RFC 6962 section 2.1.1), from the
// leaf's sibling up; nil if i is no leaf.
func Path(leaves []Hash, i int) []Hash {
	if i < 0 || i >= len(leaves) {
		return nil
	}
	path := make([]Hash, 0, bits.Len(uint(len(leaves))))
	var walk func(ls []Hash, i int)
	walk = func(ls []Hash, i int) {
		if len(ls) == 1 {
			return
		}
		k := int(split(uint64(len(ls))))
		if i < k {
			walk(ls[:k], i)
			path = append(path, RootOf(ls[k:]))
		} else {
			walk(ls[k:], i-k)
			path = append(path, RootOf(ls[:k]))
		}
	}
	walk(leaves, i)
	return path
}

// pathLength is the number of hashes in the audit path of leaf index in a
// tree of size leaves; index < size.
func pathLength(index, size uint64) int {
	n := 0
	for size > 1 {
		if k := split(size); index < k {
			size = k
		} else {
			index, size = index-k, size-k
		}
		n++
	}
	return n
}

// RootFromPath recomputes the tree head that an audit path claims. It fails if
// index is no leaf of size or the path has another length than they demand.
func RootFromPath(leaf Hash, index, size uint64, path []Hash) (Hash, error) {
	if index >= size || pathLength(index, size) != len(path) {
		return Hash{}, errPath
	}
	// From the leaf up: which side a sibling is on follows from the index, and
	// on the ragged right edge from where the tree ends (RFC 9162 2.1.3.2).
	fn, sn := index, size-1
	h := leaf
	for _, p := range path {
		if fn&1 == 1 || fn == sn {
			h = node(p, h)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			h = node(h, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	return h, nil
}

// Range is the compact form of an append-only tree: the roots of its perfect
// subtrees, largest first. It can be continued without the leaves. The zero
// value is the empty tree.
type Range struct {
	size  uint64
	peaks []Hash
}

// RangeOf continues a tree of size leaves from its peaks, largest first.
func RangeOf(size uint64, peaks []Hash) (Range, error) {
	if bits.OnesCount64(size) != len(peaks) {
		return Range{}, errors.New("compact range does not fit its size")
	}
	return Range{size: size, peaks: append([]Hash(nil), peaks...)}, nil
}

// Size is the number of leaves.
func (r *Range) Size() uint64 { return r.size }

// Peaks returns a copy of the roots of the perfect subtrees, largest first.
func (r *Range) Peaks() []Hash { return append([]Hash(nil), r.peaks...) }

// Append adds one leaf hash.
func (r *Range) Append(leaf Hash) {
	for s := r.size; s&1 == 1; s >>= 1 {
		last := len(r.peaks) - 1
		leaf = node(r.peaks[last], leaf)
		r.peaks = r.peaks[:last]
	}
	r.peaks = append(r.peaks, leaf)
	r.size++
}

// AppendSubtree adds a perfect subtree of 2^level leaves by its root. It fails
// unless the tree's size is a multiple of 2^level.
func (r *Range) AppendSubtree(level uint8, root Hash) error {
	if level >= 63 || r.size&(1<<level-1) != 0 || r.size > 1<<62 {
		return errors.New("subtree is not aligned")
	}
	for s := r.size >> level; s&1 == 1; s >>= 1 {
		last := len(r.peaks) - 1
		root = node(r.peaks[last], root)
		r.peaks = r.peaks[:last]
	}
	r.peaks = append(r.peaks, root)
	r.size += 1 << level
	return nil
}

// Root is the tree head.
func (r *Range) Root() Hash {
	if len(r.peaks) == 0 {
		return sha256.Sum256(nil)
	}
	h := r.peaks[len(r.peaks)-1]
	for i := len(r.peaks) - 2; i >= 0; i-- {
		h = node(r.peaks[i], h)
	}
	return h
}

// The writer and reader of the ledger's own binary form: big-endian integers,
// and byte strings with their length in front.

func appendLP(b, x []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(x)))
	return append(b, x...)
}

func appendLPString(b []byte, x string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(x)))
	return append(b, x...)
}

// reader takes a binary form apart. After the first failure everything reads
// as zero and err stays set.
type reader struct {
	b   []byte
	err error
}

var errShort = errors.New("ends too early")

func (r *reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.b) {
		r.err = errShort
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) u8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) hash() (h Hash) {
	copy(h[:], r.take(32))
	return h
}

// lp reads a byte string of at most limit bytes; the result aliases the input.
func (r *reader) lp(limit int) []byte {
	n := r.u32()
	if r.err == nil && uint64(n) > uint64(limit) {
		r.err = errors.New("a field is too long")
	}
	if r.err != nil {
		return nil
	}
	return r.take(int(n))
}

func (r *reader) str(limit int) string { return string(r.lp(limit)) }

func (r *reader) boolean() bool {
	switch r.u8() {
	case 0:
		return false
	case 1:
		return true
	}
	r.fail("a truth value is neither 0 nor 1")
	return false
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = errors.New(what)
	}
}

// end reports the first failure; bytes left over are one.
func (r *reader) end() error {
	if r.err == nil && len(r.b) != 0 {
		r.err = errors.New("bytes after the end")
	}
	return r.err
}
