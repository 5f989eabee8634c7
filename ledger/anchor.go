package ledger

// Anchors: where a credential says it was published. An anchor is a hint for
// finding; the ledger's word counts.

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"bonafide/did"
	"bonafide/internal/explain"
)

// Anchor names the place of one leaf on the ledger.
type Anchor struct {
	Epoch     uint64   // from 1
	Leaf      uint16   // position of the leaf in its batch
	Size      uint16   // leaves of the batch, 1 to MaxBatch
	Batch     uint32   // position of the batch in its epoch
	Salt      [16]byte // in the leaf hash
	LeafPath  []Hash   // from the leaf to the batch root
	BatchPath []Hash   // from the batch to the epoch root, at most 32
}

const (
	anchorVersion = 1
	anchorFixed   = 1 + 8 + 2 + 2 + 4 + 16
	maxBatchPath  = 32
)

var base64url = base64.RawURLEncoding.Strict()

// String is base64url of 0x01 ‖ epoch u64 ‖ leaf u16 ‖ size u16 ‖ batch u32 ‖
// salt ‖ leaf path ‖ batch path.
func (a Anchor) String() string {
	b := make([]byte, 0, anchorFixed+32*(len(a.LeafPath)+len(a.BatchPath)))
	b = append(b, anchorVersion)
	b = binary.BigEndian.AppendUint64(b, a.Epoch)
	b = binary.BigEndian.AppendUint16(b, a.Leaf)
	b = binary.BigEndian.AppendUint16(b, a.Size)
	b = binary.BigEndian.AppendUint32(b, a.Batch)
	b = append(b, a.Salt[:]...)
	for _, h := range a.LeafPath {
		b = append(b, h[:]...)
	}
	for _, h := range a.BatchPath {
		b = append(b, h[:]...)
	}
	return base64url.EncodeToString(b)
}

// ParseAnchor reads an anchor in its one form. How long the batch path must be
// is known only with the epoch's entry (CheckAnchor). Code anchor_malformed.
func ParseAnchor(s string) (Anchor, error) {
	malformed := func(what string) (Anchor, error) {
		return Anchor{}, explain.Errorf("anchor_malformed", "anchor: %s", what)
	}
	if len(s) > base64url.EncodedLen(anchorFixed+32*(12+maxBatchPath)) {
		return malformed("too long")
	}
	for i := range len(s) {
		if s[i] == '\r' || s[i] == '\n' { // encoding/base64 skips them
			return malformed("not base64url")
		}
	}
	b, err := base64url.DecodeString(s)
	if err != nil {
		return malformed("not base64url")
	}
	r := &reader{b: b}
	version := r.u8()
	a := Anchor{Epoch: r.u64(), Leaf: r.u16(), Size: r.u16(), Batch: r.u32()}
	copy(a.Salt[:], r.take(16))
	switch {
	case r.err != nil:
		return malformed("too short")
	case version != anchorVersion:
		return malformed("unknown version")
	case a.Epoch == 0:
		return malformed("epochs begin at 1")
	case a.Size < 1 || a.Size > MaxBatch || a.Leaf >= a.Size:
		return malformed("no such leaf")
	}
	n := pathLength(uint64(a.Leaf), uint64(a.Size))
	rest := len(r.b)
	if rest%32 != 0 || rest/32 < n || rest/32-n > maxBatchPath {
		return malformed("path length")
	}
	for i := range rest / 32 {
		if h := r.hash(); i < n {
			a.LeafPath = append(a.LeafPath, h)
		} else {
			a.BatchPath = append(a.BatchPath, h)
		}
	}
	return a, nil
}

// BatchRoot recomputes the root of the leaf's batch.
func (a Anchor) BatchRoot(leaf Hash) (Hash, error) {
	root, err := RootFromPath(leaf, uint64(a.Leaf), uint64(a.Size), a.LeafPath)
	if err != nil {
		return Hash{}, explain.Errorf("anchor_mismatch", "leaf path: %w", err)
	}
	return root, nil
}

// EpochLeaf is the hash that stands for a batch in its epoch's tree:
// SHA-256(0x00 ‖ LP("bonafide-batch-1") ‖ LP(issuer DID) ‖ LP(root) ‖ u32 size).
func EpochLeaf(issuer did.DID, root Hash, size uint32) Hash {
	b := make([]byte, 0, 192)
	b = append(b, 0)
	b = appendLPString(b, "bonafide-batch-1")
	b = appendLPString(b, string(issuer))
	b = appendLP(b, root[:])
	b = binary.BigEndian.AppendUint32(b, size)
	return sha256.Sum256(b)
}
