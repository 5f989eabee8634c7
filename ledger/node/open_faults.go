//go:build faults

package node

// A build that crashes on demand, for `make test-network` alone: as long as the
// file that BONAFIDE_FAULT_FILE names holds "N lost" or "N persisted", the
// process ends at the N-th write of a commit, counted from the first one of the
// block's own storing; that write is then not made, or made. Every write of the
// engine's databases and of the application's goes through here.

import (
	"fmt"
	"os"
	"sync"

	dbm "github.com/cometbft/cometbft-db"
)

// FaultExit is the exit code of a process that ended at its fault.
const FaultExit = 98

func openDB(name, dir string) (dbm.DB, error) {
	db, err := dbm.NewGoLevelDB(name, dir)
	if err != nil {
		return nil, err
	}
	return crashing{db, name}, nil
}

var fault struct {
	sync.Mutex
	count int    // writes of the commit so far
	last  string // database of the write before
}

// write makes one write, unless it is the one to crash at.
func (c crashing) write(do func() error) error {
	const first = "blockstore"
	fault.Lock()
	defer fault.Unlock()
	fault.count++
	if c.name == first && fault.last != first {
		fault.count = 1
	}
	fault.last = c.name
	b, err := os.ReadFile(os.Getenv("BONAFIDE_FAULT_FILE"))
	if err != nil {
		return do()
	}
	var n int
	var mode string
	if _, err := fmt.Sscan(string(b), &n, &mode); err != nil || fault.count != n {
		return do()
	}
	if mode == "persisted" {
		if err := do(); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(os.Stderr, "fault at write %d of a commit, in %s, %s\n", n, c.name, mode)
	os.Exit(FaultExit)
	return nil
}

type crashing struct {
	dbm.DB
	name string
}

func (c crashing) Set(k, v []byte) error { return c.write(func() error { return c.DB.Set(k, v) }) }

func (c crashing) SetSync(k, v []byte) error {
	return c.write(func() error { return c.DB.SetSync(k, v) })
}

func (c crashing) Delete(k []byte) error { return c.write(func() error { return c.DB.Delete(k) }) }

func (c crashing) DeleteSync(k []byte) error {
	return c.write(func() error { return c.DB.DeleteSync(k) })
}
func (c crashing) NewBatch() dbm.Batch { return crashingBatch{c.DB.NewBatch(), c} }

type crashingBatch struct {
	dbm.Batch
	c crashing
}

func (b crashingBatch) Write() error     { return b.c.write(b.Batch.Write) }
func (b crashingBatch) WriteSync() error { return b.c.write(b.Batch.WriteSync) }
