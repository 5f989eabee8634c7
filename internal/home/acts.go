package home

// The acts of a board that wait: who may approve them, and sending them when
// their day has come.

import (
	"context"
	"time"

	"bonafide/issuer"
	"bonafide/storage"
)

// names are the people of the home, as the sealed list has them.
func (h *Home) names() ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return nil, err
	}
	list, err := h.table(peopleStore)
	if err != nil {
		return nil, err
	}
	return list.IDs(context.Background())
}

const (
	// settlingTicks is how many ticks an act may be on its way to the ledger:
	// the command that made it is sending it.
	settlingTicks = 5
	// idleTicks pass before what could not be sent is tried again.
	idleTicks = 60
)

// KeepActs carries out the board's acts when their day has come, and sends what
// the ledger does not show, at every tick until the context ends or ticks is
// closed. The home must be unlocked. tell hears how many acts were carried out,
// and of failures; what failed stays as it is and is tried again.
func (h *Home) KeepActs(ctx context.Context, ticks <-chan time.Time, tell func(done int, err error)) {
	k := keeper{h: h}
	defer k.close()
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-ticks:
			if !open {
				return
			}
		}
		if n, err := k.tick(ctx); ctx.Err() == nil && (n > 0 || err != nil) {
			tell(n, err)
		}
	}
}

// keeper looks at the acts without opening the board, which asks the node.
type keeper struct {
	h     *Home
	store *storage.IssuerStore
	seen  issuer.Alarms // what was left the last time
	idle  int           // ticks until that is tried again
	late  int           // ticks for which something was not sent
}

func (k *keeper) close() {
	if k.store != nil {
		k.store.Close()
	}
}

func (k *keeper) tick(ctx context.Context) (int, error) {
	if ready, err := k.open(); !ready || err != nil {
		return 0, err
	}
	a, err := k.store.Alarms(ctx, k.h.Now())
	if err != nil {
		return 0, err
	}
	if a.Unsent == 0 {
		k.late = 0
	} else {
		k.late++
	}
	if a.Due == 0 && k.late < settlingTicks {
		return 0, nil
	}
	if a == k.seen && k.idle > 0 {
		k.idle--
		return 0, nil
	}
	b, err := k.h.Board(ctx)
	if err != nil {
		k.seen, k.idle = a, idleTicks
		return 0, err
	}
	n, err := b.SendDue(ctx)
	if left, aerr := k.store.Alarms(ctx, k.h.Now()); aerr == nil {
		k.seen, k.idle = left, idleTicks
	}
	return n, err
}

// open reports whether the home has a register; another process may have made
// it since the home was opened.
func (k *keeper) open() (bool, error) {
	if k.store != nil {
		return true, nil
	}
	s, err := readSettings(k.h.dir)
	if err != nil || s.Board == "" || !s.has(storage.Issuer.Name) {
		return false, err
	}
	k.h.mu.Lock()
	k.h.settings.add(storage.Issuer.Name)
	k.h.mu.Unlock()
	db, err := k.h.database(storage.Issuer)
	if err != nil {
		return false, err
	}
	err = k.h.withMaster(func(master []byte) (err error) {
		if k.store, err = storage.NewIssuerStore(db, master); err == nil {
			k.h.sealing(k.store)
		}
		return err
	})
	return err == nil, err
}
