package main

// The upgrade rehearsed: members vote on rules that only another build of the
// program has (ledger, build tag rehearsal: a batch is dated to the end of its
// year), three go over to it in time, and one comes late.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"bonafide/ledger"
)

const (
	newRules = "rehearsal-2"
	// ahead is how many blocks are between the proposal and the upgrade: enough
	// for votes and for putting another program in place of three boards' nodes.
	ahead = 240

	notNowExit = 4 // explain.ExitNotNow
)

func rehearse(ctx context.Context, w *world, t *tally) {
	t.check("upgrade by vote: three of four are ready, one is late, nobody goes back", func(detail *string) error {
		if err := w.found(ctx); err != nil {
			return err
		}
		for range 3 {
			if _, err := w.admit(ctx); err != nil {
				return err
			}
		}
		return errors.Join(w.upgrade(ctx, detail), w.seen.err())
	})
}

func (w *world) upgrade(ctx context.Context, detail *string) error {
	ready, late := w.boards[:3], w.boards[3]
	if m, err := w.lastMonth(ctx, ready[0]); err != nil || m != 1 {
		return fmt.Errorf("before the upgrade a batch of January is dated to month %d: %w", m, err)
	}
	height := w.boards[0].height(ctx) + ahead
	a, err := w.run(ctx, "ledger", "propose", "upgrade", newRules, "--height", strconv.FormatUint(height, 10), "--home", ready[0].dir)
	if err != nil {
		return err
	}
	if err := w.vote(ctx, a, w.boards[1:]...); err != nil {
		return err
	}
	// Whoever looks is told, as long as the program has not these rules.
	known := func(b *board) error {
		a, err := w.run(ctx, "ledger", "status", "--home", b.dir)
		if err != nil {
			return err
		}
		v, err := a.value("upgrade")
		m, _ := v.(map[string]any)
		if err != nil || m["name"] != newRules || m["height"] != float64(height) || m["known"] != (b.program == w.rehearsal) {
			return fmt.Errorf("%s says of the upgrade: %v: %w", b.name, v, err)
		}
		return nil
	}
	for _, b := range ready {
		if err := errors.Join(known(b), b.signal(syscall.SIGTERM), b.startAs(ctx, w.rehearsal), known(b)); err != nil {
			return err
		}
		if err := w.together(ctx, settleTime); err != nil {
			return err
		}
	}
	if err := known(late); err != nil {
		return err
	}
	if at := late.height(ctx); at >= height {
		return fmt.Errorf("at height %d already, the upgrade is at %d", at, height)
	}

	// The late one ends by itself, before the block.
	if err := eventually(ctx, settleTime, late.name+" stops at the upgrade", func() error {
		if late.running() {
			return fmt.Errorf("it is at height %d of %d", late.height(ctx), height)
		}
		return nil
	}); err != nil {
		return err
	}
	if err := w.refusedRules(late); err != nil {
		return err
	}
	if err := commits(ctx, ready...); err != nil {
		return err
	}
	// Started again as it is, it says the same.
	if err := w.endsOf(ctx, late, w.bin); err != nil {
		return err
	}
	if err := commits(ctx, ready...); err != nil {
		return err
	}
	// With the new program it goes on from where it was.
	if err := late.startAs(ctx, w.rehearsal); err != nil {
		return err
	}
	if err := w.together(ctx, settleTime); err != nil {
		return err
	}
	if err := commits(ctx, late); err != nil {
		return err
	}
	if m, err := w.lastMonth(ctx, ready[0]); err != nil || m != 12 {
		return fmt.Errorf("after the upgrade a batch of January is dated to month %d: %w", m, err)
	}
	// There is no way back to the old program.
	if err := late.signal(syscall.SIGTERM); err != nil {
		return err
	}
	at := ready[0].height(ctx)
	if err := w.endsOf(ctx, late, w.bin); err != nil {
		return err
	}
	if err := late.startAs(ctx, w.rehearsal); err != nil {
		return err
	}
	if err := w.together(ctx, settleTime); err != nil {
		return err
	}
	*detail = fmt.Sprintf("the upgrade at height %d, the old program refused at %d", height, at)
	return commits(ctx, w.boards...)
}

// endsOf starts a board's node with a program that must refuse to run.
func (w *world) endsOf(ctx context.Context, b *board, program string) error {
	if err := os.Truncate(b.logFile(), 0); err != nil {
		return err
	}
	if err := b.launch(program); err != nil {
		return err
	}
	if err := eventually(ctx, startTime, b.name+" refuses to run", func() error {
		if b.running() {
			return errors.New("it runs")
		}
		return nil
	}); err != nil {
		return err
	}
	return w.refusedRules(b)
}

// refusedRules looks at how a node ended that does not know the rules.
func (w *world) refusedRules(b *board) error {
	log, err := os.ReadFile(b.logFile())
	if err != nil {
		return err
	}
	const sentence = "The members have decided on new rules that this version of the program does not know."
	if b.exitCode() != notNowExit || !strings.Contains(string(log), "node_upgrade") || !strings.Contains(string(log), sentence) ||
		!strings.Contains(string(log), newRules) || strings.Contains(string(log), "goroutine ") {
		return fmt.Errorf("%s ended with %d; see %s", b.name, b.exitCode(), b.logFile())
	}
	b.wasMeant()
	return nil
}

// lastMonth anchors a batch dated to January and returns the month that the
// ledger has for it.
func (w *world) lastMonth(ctx context.Context, b *board) (byte, error) {
	if err := b.anchor(ctx, commitTime); err != nil {
		return 0, err
	}
	got, err := b.client.Subject(ctx, ledger.PrefixBatches+b.id.String())
	if err != nil {
		return 0, err
	}
	const month = 8 + 4 + 32 + 2 + 2 // docs/ledger.md, batches/<did>
	if len(got.Entries) == 0 || len(got.Entries[len(got.Entries)-1]) <= month {
		return 0, errors.New("no batch is on the ledger")
	}
	return got.Entries[len(got.Entries)-1][month], nil
}
