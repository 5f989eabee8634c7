package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	if *detail, err = a.text("key"); err != nil {
		return err
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
	// Now its signature is needed.
	if err := other.kill(); err != nil {
		return err
	}
	return commits(ctx, victim)
}
