package home

// Locking: the master key goes, the home stays open. What needs no passphrase,
// as verifying, goes on.

import (
	"context"
	"encoding/binary"
	"os"
	"time"

	"bonafide/internal/explain"
)

// Lock overwrites the master key and the keys derived from it. What was handed
// out before (a wallet, a board, key stores) refuses from then on to open or
// seal anything (home_locked); a single act that is under way finishes first or
// is refused, never half done. Unlock opens the home again, for what is then
// handed out anew. The key schedules inside crypto/aes are left to the garbage
// collector; Go offers no way to reach them.
func (h *Home) Lock() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lock()
}

// lock needs h.mu.
func (h *Home) lock() {
	for use, k := range h.keys {
		k.Close()
		delete(h.keys, use)
	}
	for store, t := range h.tables {
		t.Close()
		delete(h.tables, store)
	}
	for _, s := range h.sealed {
		s.Close()
	}
	clear(h.master)
	h.master, h.person, h.sealed = nil, "", nil
}

// closer is what holds a key derived from the master key.
type closer interface{ Close() }

// sealing notes what Lock has to close; h.mu is held.
func (h *Home) sealing(s closer) { h.sealed = append(h.sealed, s) }

// ActAs chooses who unlocks the home next. Codes person_unknown, data_damaged.
func (h *Home) ActAs(name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, err := readPeople(h.dir, h.settings.ID)
	if err != nil {
		return err
	}
	if p.find(name) < 0 {
		return explain.Errorf("person_unknown", "nobody of that name")
	}
	if h.person != name {
		h.lock()
	}
	h.o.As = name
	return nil
}

// Names are those of the people who may unlock the home, as people.json has
// them. It needs no passphrase. Codes data_damaged, data_missing, data_newer.
func (h *Home) Names() ([]string, error) {
	p, err := readPeople(h.dir, h.settings.ID)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(p.People))
	for i, a := range p.People {
		out[i] = a.Name
	}
	return out, nil
}

// HasKeyring reports whether a person may unlock by the system's keyring. It
// needs no passphrase.
func (h *Home) HasKeyring(name string) bool {
	p, err := readPeople(h.dir, h.settings.ID)
	if err != nil {
		return false
	}
	i := p.find(name)
	return i >= 0 && p.People[i].slot(slotKeyring) != nil
}

// Bounds of how long a home stays open while nobody does anything.
const (
	DefaultIdle = 5 * time.Minute
	MinIdle     = time.Minute
	MaxIdle     = time.Hour
)

// idleStore is the store of keys.db that holds the idle time: sealed, since a
// file in clear could be edited to keep a home open for ever.
const idleStore = "idle"

const idleID = "seconds"

// IdleTime is after how long without use the acting people want the home
// locked; it unlocks the home.
func (h *Home) IdleTime(ctx context.Context) (time.Duration, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return 0, err
	}
	t, err := h.table(idleStore)
	if err != nil {
		return 0, err
	}
	b, found, err := t.Get(ctx, idleID)
	if err != nil || !found {
		return DefaultIdle, err
	}
	if len(b) != 4 {
		return 0, explain.Errorf("data_damaged", "the idle time is malformed")
	}
	return within(time.Duration(binary.BigEndian.Uint32(b)) * time.Second), nil
}

// SetIdleTime changes it, within MinIdle and MaxIdle; it unlocks the home.
func (h *Home) SetIdleTime(ctx context.Context, d time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return err
	}
	t, err := h.table(idleStore)
	if err != nil {
		return err
	}
	if err := t.Delete(ctx, idleID); err != nil {
		return err
	}
	return t.Put(ctx, idleID, binary.BigEndian.AppendUint32(nil, uint32(within(d)/time.Second)))
}

func within(d time.Duration) time.Duration { return min(max(d, MinIdle), MaxIdle) }

// Writable reports whether files can be made in a home's folder. Code
// folder_unwritable.
func Writable(dir string) error {
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return explain.Errorf("folder_unwritable", "making a file: %w", err)
	}
	_ = f.Close() // nothing was written
	if err := os.Remove(f.Name()); err != nil {
		return explain.Errorf("folder_unwritable", "removing a file: %w", err)
	}
	return nil
}
