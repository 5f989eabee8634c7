package storage

// Files that are replaced as a whole, and the lock that keeps two processes
// from doing it at once.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"bonafide/internal/explain"
)

// step is called after each step of WriteFile that reached the disk, and after
// each statement that writes to a board's register; tests stop the program there.
var step = func(string) {}

// tempMark stands in the name of every file that is being written.
const tempMark = ".tmp-"

// WriteFile replaces path with data, mode 0600. After a crash at any point
// the file holds either the old bytes or the new ones, and once WriteFile
// returned, the new ones.
func WriteFile(path string, data []byte) error {
	return Replace(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Replace is WriteFile for what does not fit into memory: f writes the new
// bytes. When f fails nothing changes, and its error comes back with the
// file's name before it.
func Replace(path string, f func(w io.Writer) error) error {
	if err := replace(path, f); err != nil {
		return coded(filepath.Base(path), fmt.Errorf("writing %s: %w", filepath.Base(path), err))
	}
	return nil
}

func replace(path string, fill func(io.Writer) error) (err error) {
	dir, base := filepath.Split(path)
	f, err := os.CreateTemp(dir, "."+base+tempMark+"*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	step("created")
	if err := fill(f); err != nil {
		return err
	}
	step("written")
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	step("synced")
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	step("renamed")
	return SyncDir(dir)
}

// RemoveUnfinished removes what broken-off writes of path left beside it.
// Nobody may be writing path meanwhile.
func RemoveUnfinished(path string) error {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking for unfinished writes: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "."+base+tempMark) || !e.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing an unfinished write: %w", err)
		}
	}
	return nil
}

// SyncTree makes everything in a folder durable: its files and their names.
func SyncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return SyncDir(path)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0) // Windows syncs only what may be written
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// SyncDir makes renames and new names in a folder durable.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" { // folders cannot be synced there; renames are journalled
		return nil
	}
	if dir == "" {
		dir = "."
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// lockPoll is how often a held lock is tried again.
const lockPoll = 20 * time.Millisecond

// Lock takes the lock file at path, creating it where there is none, and
// returns the function that gives it up. The operating system gives it up
// when the process ends, however it ends; the file stays and holds nothing.
// While another process (or another Lock in this one) holds it, Lock waits
// until ctx ends: code data_busy.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening a lock file: %w", err)
	}
	for {
		ok, err := tryLock(f)
		if err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("locking %s: %w", filepath.Base(path), err)
		}
		if ok {
			return func() { _ = f.Close() }, nil // closing gives the lock up
		}
		t := time.NewTimer(lockPoll)
		select {
		case <-ctx.Done():
			t.Stop()
			_ = f.Close()
			return nil, explain.Errorf("data_busy", "locking %s: %w", filepath.Base(path), ctx.Err())
		case <-t.C:
		}
	}
}
