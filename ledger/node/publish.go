package node

// Files for anyone to download, in Dir/public:
//
//	network.json              header of pack.bonafide, to pin before importing it
//	pack.bonafide             newest whole pack
//	pack-<height>.bonafide    the same, kept for a day of hours: hourly ones are
//	                          of the same states on every node, so that two
//	                          sources can be compared
//	delta.bonafide            what changed since pack.bonafide
//
// Each is written beside its place and renamed, so that a reader never sees
// half of one.

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cometbft/cometbft/types"

	"bonafide/ledger"
	"bonafide/ledger/pack"
)

const (
	publicFolder = "public"
	networkName  = "network.json"
	wholeName    = "pack.bonafide"
	deltaName    = "delta.bonafide"
	packPrefix   = "pack-"
	packSuffix   = ".bonafide"
	keptWhole    = 24
)

// publication is one round of files.
type publication struct {
	height  uint64 // of the state
	hash    [32]byte
	pack    []byte
	network []byte // of a whole one
	whole   bool
}

// proven is the pack.Source of a state and the header that proves it.
type proven struct {
	store  *store
	view   *ledger.View
	header uint64
}

func (p proven) View() *ledger.View { return p.view }

func (p proven) Header() uint64 { return p.header }

func (p proven) LightBlock(height uint64) (*types.LightBlock, error) {
	return p.store.lightBlock(height)
}

func (p proven) MemberChanges() ([]uint64, error) { return p.store.memberChanges(p.header) }

// export writes a pack of v. Callers hold the application's lock.
func (n *Node) export(b *bytes.Buffer, v *ledger.View, header, from uint64) error {
	if err := pack.Export(b, proven{n.store, v, header}, from); err != nil {
		return fmt.Errorf("making a pack: %w", err)
	}
	return nil
}

func (n *Node) makePublication(v *ledger.View, header, from uint64) (publication, error) {
	var b bytes.Buffer
	if err := n.export(&b, v, header, from); err != nil {
		return publication{}, err
	}
	p := publication{height: header - 1, hash: n.app.hash, pack: b.Bytes(), whole: from == 0}
	if p.whole {
		var err error
		if p.network, err = n.networkFile(header); err != nil {
			return publication{}, err
		}
	}
	return p, nil
}

// publishHourly is called by the application in the middle of a block: it
// holds consensus for as long as one export takes, which is what makes the
// hourly pack the same on every node.
func (n *Node) publishHourly(v *ledger.View, header uint64) {
	if h := n.store.header(header); h == nil || n.cfg.Now().Sub(h.Time) > 2*time.Hour {
		return // an old block that is caught up with
	}
	var p publication
	err := runJob(func(v *ledger.View, header uint64) (err error) {
		p, err = n.makePublication(v, header, 0)
		return err
	}, v, header)
	if err != nil {
		n.cfg.Log.Error("making the hourly pack", "err", err)
		return
	}
	select {
	case n.publish <- p:
	default: // the publisher is behind by hours; it makes its own when it is back
	}
}

// publisher writes the files until the node stops.
func (n *Node) publisher() {
	var base publication // newest whole one
	var last [32]byte    // app hash of the newest files
	take := func(p publication, err error) {
		// The hourly pack may be older than the one made at the start; then it is
		// kept under its height only.
		newest := p.height >= base.height
		if err == nil {
			err = n.writePublication(p, newest)
		}
		if err != nil {
			if n.Err() == nil { // a node that stops says so once, elsewhere
				n.cfg.Log.Error("publishing", "err", err)
			}
			return
		}
		if !newest {
			return
		}
		if p.whole {
			base = p
			base.pack, base.network = nil, nil
		}
		last = p.hash
	}
	make := func(from uint64) (p publication, err error) {
		err = n.app.withProof(context.Background(), func(v *ledger.View, header uint64) error {
			p, err = n.makePublication(v, header, from)
			return err
		})
		return p, err
	}
	take(make(0))

	delay := time.NewTimer(0)
	delay.Stop()
	defer delay.Stop()
	armed := false
	for {
		changed := *n.app.signal.Load()
		n.app.mu.Lock()
		now := n.app.hash
		n.app.mu.Unlock()
		if now != last && !armed {
			delay.Reset(n.cfg.PublishDelay)
			armed = true
		}
		select {
		case p := <-n.publish:
			take(p, nil)
		case <-delay.C:
			armed = false
			take(make(base.height))
		case <-changed:
		case <-n.app.stopped:
			return
		}
	}
}

// writePublication puts the files in place. network.json goes with whole packs
// only: a home that pinned a newer header could not import an older pack.
func (n *Node) writePublication(p publication, newest bool) error {
	dir := filepath.Join(n.cfg.Dir, publicFolder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the public folder: %w", err)
	}
	put := func(name string, b []byte) error {
		if err := writeFile(filepath.Join(dir, name), b); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
		return nil
	}
	if !p.whole {
		return put(deltaName, p.pack)
	}
	if err := put(packPrefix+strconv.FormatUint(p.height, 10)+packSuffix, p.pack); err != nil {
		return err
	}
	if !newest {
		return prunePacks(dir)
	}
	if err := put(wholeName, p.pack); err != nil {
		return err
	}
	// The old delta does not fit the new pack.
	if err := os.Remove(filepath.Join(dir, deltaName)); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("removing the old delta: %w", err)
	}
	if err := put(networkName, p.network); err != nil {
		return err
	}
	return prunePacks(dir)
}

// prunePacks keeps the newest whole packs.
func prunePacks(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("reading the public folder: %w", err)
	}
	var heights []uint64
	for _, e := range entries {
		if h, ok := packHeight(e.Name()); ok {
			heights = append(heights, h)
		}
	}
	slices.Sort(heights)
	for len(heights) > keptWhole {
		name := packPrefix + strconv.FormatUint(heights[0], 10) + packSuffix
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("removing an old pack: %w", err)
		}
		heights = heights[1:]
	}
	return nil
}

// packHeight reads the height out of the name of a kept whole pack.
func packHeight(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, packPrefix)
	if !ok {
		return 0, false
	}
	if digits, ok = strings.CutSuffix(digits, packSuffix); !ok {
		return 0, false
	}
	h, err := strconv.ParseUint(digits, 10, 64)
	return h, err == nil && strconv.FormatUint(h, 10) == digits
}
