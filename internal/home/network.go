package home

// network/current: what the home trusts and the data it verified, in one file
// that is replaced as a whole: after a crash the old trust stands with the old
// data or the new with the new, never one of each.
//
//	"bonafide-network-1\n" ‖ u32 length ‖ trust ‖ u32 length ‖ pack ‖ SHA-256 of all before

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"bonafide/internal/explain"
	"bonafide/storage"
)

const (
	currentFile  = "current"
	networkMagic = "bonafide-network-1\n"
	// maxNetwork bounds the file: a nation's pack is a few megabytes.
	maxNetwork = 1 << 30
)

// Network is the home's network data on disk. What the bytes mean is the
// business of ledger/pack, which checks them again whenever they are loaded.
type Network struct{ h *Home }

// Network returns the home's network data.
func (h *Home) Network() *Network { return &Network{h} }

func (n *Network) path(name string) string { return filepath.Join(n.h.dir, networkFolder, name) }

// Load returns the kept trust and pack; nil where there is none. Code
// data_damaged.
func (n *Network) Load() (trust, pack []byte, err error) {
	b, err := readBounded(n.path(currentFile), maxNetwork)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading network data: %w", err)
	}
	return parseNetwork(b)
}

func parseNetwork(b []byte) (trust, pack []byte, err error) {
	damaged := explain.Errorf("data_damaged", "the network data is damaged")
	if len(b) < len(networkMagic)+8+sha256.Size || string(b[:len(networkMagic)]) != networkMagic {
		return nil, nil, damaged
	}
	body, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if sha256.Sum256(body) != [sha256.Size]byte(sum) {
		return nil, nil, damaged
	}
	rest := body[len(networkMagic):]
	var parts [2][]byte
	for i := range parts {
		if len(rest) < 4 {
			return nil, nil, damaged
		}
		n := binary.BigEndian.Uint32(rest)
		if uint64(n) > uint64(len(rest)-4) {
			return nil, nil, damaged
		}
		if n > 0 {
			parts[i] = rest[4 : 4+n : 4+n]
		}
		rest = rest[4+n:]
	}
	if len(rest) > 0 {
		return nil, nil, damaged
	}
	return parts[0], parts[1], nil
}

func marshalNetwork(trust, pack []byte) ([]byte, error) {
	if len(trust)+len(pack) > maxNetwork-len(networkMagic)-8-sha256.Size {
		return nil, errors.New("the network data is too large to keep")
	}
	b := make([]byte, 0, len(networkMagic)+8+len(trust)+len(pack)+sha256.Size)
	b = append(b, networkMagic...)
	for _, p := range [][]byte{trust, pack} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...), nil
}

// Update replaces trust and pack by what f makes of them, while no other
// process does: two imports at once cannot put the older one last. When f
// fails nothing changes, and its error comes back as it is.
func (n *Network) Update(ctx context.Context, f func(trust, pack []byte) (newTrust, newPack []byte, err error)) error {
	return n.h.locked(ctx, lockFile, func() error {
		trust, pack, err := n.Load()
		if err != nil {
			return err
		}
		trust, pack, err = f(trust, pack)
		if err != nil {
			return err
		}
		b, err := marshalNetwork(trust, pack)
		if err != nil {
			return err
		}
		return storage.WriteFile(n.path(currentFile), b)
	})
}

// KeepEvidence keeps what shows that a network contradicted itself, under a
// name made of its content, and returns the path. It stays until a person
// removes it.
func (n *Network) KeepEvidence(b []byte) (string, error) {
	sum := sha256.Sum256(b)
	path := n.path(evidencePrefix + hex.EncodeToString(sum[:8]))
	if err := storage.WriteFile(path, b); err != nil {
		return "", err
	}
	return path, nil
}

const evidencePrefix = "evidence-"
