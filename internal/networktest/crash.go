package main

// Crashes in the middle of a commit: at each of the engine's own points between
// its steps, and at each write of any database, which is then lost or is on disk
// all the same.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The engine has this many points around one block (libs/fail), counted from
// the start of the process; going a little further shows that they are all.
const enginePoints = 12

// Exit codes of a process that ended at its point.
const (
	engineExit = 1
	faultExit  = 98 // ledger/node.FaultExit

	faultEnv = "BONAFIDE_FAULT_FILE="
)

// maxWrites bounds the search for the last write of a commit.
const maxWrites = 40

func (w *world) crashes(ctx context.Context, t *tally, part func(string, func(*string) error), victim *board) {
	for i := range enginePoints {
		name := fmt.Sprintf("crash at the engine's point %d", i)
		if !t.wants(name) {
			continue
		}
		part(name, func(detail *string) error { return w.crashEngine(ctx, detail, victim, i) })
	}
	if w.faults == "" {
		return
	}
	for _, mode := range []string{"lost", "persisted"} {
		for n := 1; n <= maxWrites && ctx.Err() == nil; n++ {
			done := false
			part(fmt.Sprintf("crash at write %d, %s", n, mode), func(detail *string) error {
				var err error
				done, err = w.crashWrite(ctx, detail, victim, n, mode)
				return err
			})
			if done {
				break
			}
		}
	}
}

// crashEngine starts the victim so that it ends at a point, lets the others go
// on, and starts it again.
func (w *world) crashEngine(ctx context.Context, detail *string, victim *board, point int) error {
	if err := victim.kill(); err != nil {
		return err
	}
	// It may end before it answers: blocks that it missed pass the same points.
	if err := victim.launch(w.bin, fmt.Sprintf("FAIL_TEST_INDEX=%d", point)); err != nil {
		return err
	}
	if err := w.endsAt(ctx, victim, engineExit); err != nil {
		return err
	}
	if err := commits(ctx, w.boards[0]); err != nil {
		return err
	}
	return w.recovers(ctx, detail, victim, w.bin)
}

// crashWrite arms the victim while it runs and its network is whole. done says
// that it made more blocks than one without reaching the write: there are no
// more.
func (w *world) crashWrite(ctx context.Context, detail *string, victim *board, n int, mode string) (done bool, err error) {
	file := filepath.Join(w.dir, "fault")
	defer func() {
		if rerr := os.Remove(file); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}()
	if victim.program != w.faults || !victim.running() {
		if err := errors.Join(victim.kill(), victim.startAs(ctx, w.faults, faultEnv+file)); err != nil {
			return false, err
		}
	}
	if err := w.together(ctx, settleTime); err != nil {
		return false, err
	}
	before := victim.height(ctx)
	if err := os.WriteFile(file+".new", fmt.Appendf(nil, "%d %s", n, mode), 0o600); err != nil {
		return false, err
	}
	if err := os.Rename(file+".new", file); err != nil {
		return false, err
	}
	err = eventually(ctx, commitTime, "it ends or goes on", func() error {
		if !victim.running() {
			return nil
		}
		if h := victim.height(ctx); h > before+3 {
			done = true
			return nil
		}
		return errors.New("neither")
	})
	if err != nil {
		return false, err
	}
	if done && victim.running() {
		*detail = fmt.Sprintf("a commit has fewer than %d writes", n)
		return true, nil
	}
	if victim.exitCode() != faultExit {
		return false, fmt.Errorf("it ended with %d; see %s", victim.exitCode(), victim.logFile())
	}
	victim.wasMeant()
	if err := os.Remove(file); err != nil {
		return false, err
	}
	if err := commits(ctx, w.boards[0]); err != nil {
		return false, err
	}
	return false, w.recovers(ctx, detail, victim, w.faults, faultEnv+file)
}

// endsAt waits for the end of a process.
func (w *world) endsAt(ctx context.Context, victim *board, code int) error {
	if err := eventually(ctx, startTime, victim.name+" ends at its point", func() error {
		if victim.running() {
			return errors.New("it runs")
		}
		return nil
	}); err != nil {
		return err
	}
	if victim.exitCode() != code {
		return fmt.Errorf("it ended with %d; see %s", victim.exitCode(), victim.logFile())
	}
	victim.wasMeant()
	return nil
}

// recovers starts a crashed board: it has the state of the others, and signs.
func (w *world) recovers(ctx context.Context, detail *string, victim *board, program string, env ...string) error {
	began := time.Now()
	if err := victim.startAs(ctx, program, env...); err != nil {
		return err
	}
	if err := w.together(ctx, settleTime); err != nil {
		return err
	}
	log, err := os.ReadFile(victim.logFile())
	if err != nil {
		return err
	}
	if strings.Contains(string(log), "conflicting vote") {
		return fmt.Errorf("it signed twice; see %s", victim.logFile())
	}
	*detail = fmt.Sprintf("same state %s after its start", time.Since(began).Round(10*time.Millisecond))
	return nil
}
