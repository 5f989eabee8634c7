package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// restored loses a member's machine. Its home comes back from a backup without
// the key that may be signing elsewhere: the node follows, and signs again once
// the ledger knows its new key.
func (w *world) restored(ctx context.Context, detail *string, victim, other *board) error {
	file, lost := filepath.Join(w.dir, "member.backup"), victim.dir+".lost"
	if _, err := w.run(ctx, "home", "backup", file, "--home", victim.dir, "--backup-passphrase-file", w.pass); err != nil {
		return err
	}
	if err := commits(ctx, other, victim); err != nil { // what the backup does not know
		return err
	}
	if err := errors.Join(victim.kill(), victim.home.Close(), os.Rename(victim.dir, lost)); err != nil {
		return err
	}
	if err := commits(ctx, other); err != nil {
		return err
	}
	if _, err := w.run(ctx, "home", "restore", file, "--home", victim.dir, "--backup-passphrase-file", w.pass); err != nil {
		return err
	}
	if err := errors.Join(victim.open(), victim.start(ctx)); err != nil {
		return err
	}
	if err := w.together(ctx, settleTime); err != nil {
		return err
	}
	if s, err := victim.status(ctx); err != nil || s.Validating || s.Validators != 4 {
		return fmt.Errorf("with a key that is no validator's: %+v: %w", s, err)
	}
	a, err := w.run(ctx, "ledger", "consensus-key", "--home", victim.dir)
	if err != nil {
		return err
	}
	key, err := a.text("key")
	if err != nil {
		return err
	}
	if *detail = key; key == victim.consensus {
		return errors.New("it signs with the key that was lost")
	}
	if err := eventually(ctx, commitTime, "it signs", func() error {
		s, err := victim.status(ctx)
		if err == nil && (!s.Validating || s.Validators != 4) {
			err = fmt.Errorf("%+v", s)
		}
		return err
	}); err != nil {
		return err
	}
	// The lost machine comes back beside it: with the old key, which no validator
	// has any more, it signs nothing.
	if err := w.comesBack(ctx, lost, victim); err != nil {
		return err
	}
	// Now the new key's signature is needed.
	if err := other.kill(); err != nil {
		return err
	}
	if err := commits(ctx, victim); err != nil {
		return err
	}
	return w.signedOnce()
}

// comesBack runs the home that was lost next to the one that was restored from
// its backup, in place of it among the peers.
func (w *world) comesBack(ctx context.Context, dir string, restored *board) error {
	if err := restored.kill(); err != nil {
		return err
	}
	found := &board{w: w, name: restored.name + "-lost", dir: dir, api: restored.api, p2p: restored.p2p, client: restored.client}
	err := found.start(ctx)
	if err == nil {
		err = eventually(ctx, settleTime, "the lost machine follows and signs nothing", func() error {
			s, err := found.status(ctx)
			if err == nil && (s.Syncing || s.Validating || s.StateHeight < w.boards[0].height(ctx)-2) {
				err = fmt.Errorf("%+v", s)
			}
			return err
		})
	}
	return errors.Join(err, found.kill(), restored.start(ctx))
}

// signedOnce looks for two votes of one step in what any node said.
func (w *world) signedOnce() error {
	for _, b := range w.boards {
		log, err := os.ReadFile(b.logFile())
		if err != nil {
			return err
		}
		for _, bad := range []string{"conflicting vote", "duplicate vote", "DuplicateVote"} {
			if strings.Contains(string(log), bad) {
				return fmt.Errorf("somebody signed twice; see %s", b.logFile())
			}
		}
	}
	return nil
}
