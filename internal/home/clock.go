package home

// network/clock.json: the latest time that this home knows to have passed.
// A device clock behind it cannot be believed. The file is there from the
// start, so removing it is noticed; lowering what it says is not, and neither
// is bringing back a whole old home: the threat model says so.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

const clockFile = "clock.json"

// clockStep is how far the device's time must have moved for a reading to be
// written down: within the tolerance of the clock check, and not at every
// credential of a roster.
const clockStep = time.Minute

// Clock gives the device's time and the floor beneath it: the latest of
// verified ledger time, build time and the home's own highest reading since
// the last verified import. It is safe for concurrent use.
type Clock struct {
	h *Home

	mu      sync.Mutex
	loaded  bool
	state   clockState
	highest time.Time // this process's own highest reading
}

// clockState is clock.json. Times are in whole seconds.
type clockState struct {
	Format  int       `json:"format"` // 1
	Ledger  time.Time `json:"ledger"`
	Reading time.Time `json:"reading"`
	Imports uint64    `json:"imports"` // verified imports so far: a new one resets the reading
	Network string    `json:"network"` // chain id of the last import, "" before the first
	Height  uint64    `json:"height"`  // greatest height imported of that network
}

func newClock(h *Home) *Clock { return &Clock{h: h} }

func (c *Clock) path() string { return filepath.Join(c.h.dir, networkFolder, clockFile) }

func (c *Clock) create() error {
	return writeJSON(c.path(), clockState{Format: 1, Ledger: c.h.o.Build.UTC(), Reading: c.h.o.Now().UTC().Truncate(time.Second)})
}

func (c *Clock) read() (clockState, error) {
	b, err := readBounded(c.path(), 4096)
	if errors.Is(err, fs.ErrNotExist) {
		return clockState{}, explain.Errorf("data_missing", "%s is gone", clockFile)
	}
	if err != nil {
		return clockState{}, fmt.Errorf("reading %s: %w", clockFile, err)
	}
	return parseClock(b)
}

func parseClock(b []byte) (clockState, error) {
	if err := checkFormat(b, clockFile); err != nil {
		return clockState{}, err
	}
	var s clockState
	if err := strictjson.Decode(b, jsonLimits, &s); err != nil {
		return clockState{}, malformed(clockFile, err)
	}
	return s, nil
}

// load reads the file once.
func (c *Clock) load() error {
	if c.loaded {
		return nil
	}
	s, err := c.read()
	if err != nil {
		return err
	}
	c.state, c.loaded = s, true
	return nil
}

func (c *Clock) floor() time.Time {
	return latest(c.h.o.Build, c.state.Ledger, c.state.Reading, c.highest).UTC()
}

func latest(first time.Time, rest ...time.Time) time.Time {
	for _, t := range rest {
		if t.After(first) {
			first = t
		}
	}
	return first
}

// Read returns the device's time and the latest time known to have passed
// before it was read, and remembers the reading. That it cannot be written
// down (a full disk) is no error: the check goes on with what is known. Codes:
// data_damaged, data_missing, data_newer.
func (c *Clock) Read(ctx context.Context) (device, floor time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(); err != nil {
		return time.Time{}, time.Time{}, err
	}
	device, floor = c.h.o.Now(), c.floor()
	if device.After(c.highest) {
		c.highest = device
	}
	if device.Sub(c.state.Reading) >= clockStep {
		_ = c.save(ctx, func(s *clockState) { s.Reading = latest(s.Reading, device.UTC().Truncate(time.Second)) })
	}
	return device, floor, nil
}

// Floor returns the floor without taking a reading.
func (c *Clock) Floor() (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(); err != nil {
		return time.Time{}, err
	}
	return c.floor(), nil
}

// Imported notes that data of a network at a height, proved by a header of the
// given ledger time, was verified and stored. It raises the ledger time, never
// lowers it, and starts the home's own readings anew: a device clock that once
// ran ahead is forgiven.
func (c *Clock) Imported(network string, height uint64, ledger time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.h.o.Now()
	err := c.save(context.Background(), func(s *clockState) {
		s.Ledger = latest(s.Ledger, ledger.UTC().Truncate(time.Second))
		s.Reading = now.UTC().Truncate(time.Second)
		s.Imports++
		if s.Network != network {
			s.Network, s.Height = network, 0
		}
		s.Height = max(s.Height, height)
	})
	if err == nil {
		c.highest = now
	}
	return err
}

// Seen compares data that was found in the home with the newest that the home
// ever imported of that network: older data was put back by someone. Code
// data_rolled_back.
func (c *Clock) Seen(network string, height uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(); err != nil {
		return err
	}
	if c.state.Network == network && height < c.state.Height {
		return explain.Errorf("data_rolled_back", "data of height %d where %d was imported", height, c.state.Height)
	}
	return nil
}

// save changes the file under the home's lock, from what it says now: another
// process may have imported since.
func (c *Clock) save(ctx context.Context, f func(*clockState)) error {
	return c.h.locked(ctx, lockFile, func() error {
		s, err := c.read()
		if err != nil {
			return err
		}
		if c.loaded && s.Imports != c.state.Imports {
			c.highest = time.Time{} // the reset by that import holds here too
		}
		f(&s)
		if err := writeJSON(c.path(), s); err != nil {
			return err
		}
		c.state, c.loaded = s, true
		return nil
	})
}
