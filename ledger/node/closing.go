package node

import (
	"sync"

	dbm "github.com/cometbft/cometbft-db"
)

// closing is a database that may be asked after it was closed. The engine closes
// its own while routines that talk to peers still look something up, and takes
// the error for a reason to panic; to them nothing is there any more. A routine
// that finds nothing waits and looks again, or ends with its peer.
type closing struct {
	dbm.DB
	mu     sync.RWMutex
	closed bool
}

// Get implements dbm.DB.
func (d *closing) Get(key []byte) ([]byte, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return nil, nil
	}
	return d.DB.Get(key)
}

// Has implements dbm.DB.
func (d *closing) Has(key []byte) (bool, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return false, nil
	}
	return d.DB.Has(key)
}

// Close closes the database once, when nobody reads from it.
func (d *closing) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	return d.DB.Close()
}
