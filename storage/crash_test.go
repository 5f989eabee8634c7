package storage

// Crashes: the test binary runs itself as a child that is killed (SIGKILL) at
// a chosen point; then the parent looks at what is left.

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// die ends this process the way a power cut does: nothing is run any more.
func die() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		fmt.Println("dying:", err)
		os.Exit(3)
	}
	select {} // until the signal arrives
}

// inChild reports whether this is the child run of a crash test, and where.
func inChild() (dir, point string, ok bool) {
	dir, point, ok = strings.Cut(os.Getenv("STORAGE_TEST_CRASH"), "|")
	return dir, point, ok
}

// crash runs the calling test in a child that dies at point, and returns what
// the child printed.
func crash(t *testing.T, dir, point string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+strings.Split(t.Name(), "/")[0]+"$")
	cmd.Env = append(os.Environ(), "STORAGE_TEST_CRASH="+dir+"|"+point)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Fatalf("the child did not die at %s: %v\n%s", point, err, out)
	}
	return string(out)
}

func TestThreat72_ReplacedFileIsOldOrNew(t *testing.T) {
	oldBytes, newBytes := []byte("old"), bytes.Repeat([]byte("new "), 4096)
	if dir, point, ok := inChild(); ok {
		step = func(at string) {
			if at == point {
				die()
			}
		}
		t.Fatal("survived: ", WriteFile(filepath.Join(dir, "f"), newBytes))
	}
	for point, want := range map[string][]byte{
		"created": oldBytes, "written": oldBytes, "synced": oldBytes, "renamed": newBytes,
	} {
		dir := t.TempDir()
		if err := WriteFile(filepath.Join(dir, "f"), oldBytes); err != nil {
			t.Fatal(err)
		}
		crash(t, dir, point)
		got, err := os.ReadFile(filepath.Join(dir, "f"))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("died when %s: %d bytes, %v", point, len(got), err)
		}
		if err := WriteFile(filepath.Join(dir, "f"), newBytes); err != nil {
			t.Errorf("died when %s, then: %v", point, err)
		}
	}
}

// A process is killed at every statement of a transaction, and right after
// commits: what was reported as committed is there, and nothing in half.
func TestThreat73_KilledAtEveryStatement(t *testing.T) {
	const perTx = 3 // statements of one transaction; each writes one row of a group
	if dir, point, ok := inChild(); ok {
		deadline, err := strconv.Atoi(point)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		count := func() {
			if n++; n > deadline {
				die()
			}
		}
		db, err := Open(filepath.Join(dir, "n.db"), noteSchema(1))
		if err != nil {
			t.Fatal(err)
		}
		for group := 0; ; group++ {
			err := db.Write(context.Background(), func(tx *sql.Tx) error {
				count()
				for i := range perTx {
					if _, err := tx.Exec(`INSERT INTO note VALUES (?, ?)`, group*perTx+i, bytes.Repeat([]byte{1}, 3000)); err != nil {
						return err
					}
					count()
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Println("committed", group)
			count()
		}
	}
	for deadline := range 12 {
		dir := t.TempDir()
		out := crash(t, dir, strconv.Itoa(deadline))
		committed := strings.Count(out, "committed")
		db, err := Open(filepath.Join(dir, "n.db"), noteSchema(1))
		if err != nil {
			t.Fatalf("killed after %d steps: %v", deadline, err)
		}
		if n := countNotes(t, db); n != committed*perTx {
			t.Errorf("killed after %d steps: %d rows, %d groups were reported", deadline, n, committed)
		}
		if err := errors.Join(db.Check(context.Background()), addNote(db, 1<<20, "goes on"), db.Close()); err != nil {
			t.Errorf("killed after %d steps: %v", deadline, err)
		}
	}
}

// A crash while a database is created or migrated leaves none, the old one, or
// the new one.
func TestThreat73_KilledWhileMigrating(t *testing.T) {
	if dir, point, ok := inChild(); ok {
		// SQLite has no step to die at in the middle of a migration, so the
		// migration itself is broken off: its last statement never ends.
		s := noteSchema(2)
		s.Migrations.(fstest.MapFS)["0003_long.sql"] = &fstest.MapFile{Data: []byte(
			"-- +goose Up\nDELETE FROM note;\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT max(i) FROM n;\n")}
		go func() {
			for {
				if _, err := os.Stat(filepath.Join(dir, point)); err == nil {
					die()
				}
			}
		}()
		_, err := Open(filepath.Join(dir, "n.db"), s)
		t.Fatal("survived: ", err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "n.db")
	crash(t, dir, "n.db.new") // while creating
	if _, err := os.Lstat(path); err == nil {
		t.Error("a half-made database has the final name")
	}
	db, err := Open(path, noteSchema(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(addNote(db, 1, "x"), db.Close()); err != nil {
		t.Fatal(err)
	}
	crash(t, dir, "n.db.v1.backup") // after the copy, before the last step
	db = mustOpen(t, path, noteSchema(3))
	if n := countNotes(t, db); n != 1 {
		t.Errorf("%d notes", n)
	}
	if err := db.Check(context.Background()); err != nil {
		t.Error(err)
	}
}

// The same at every step there is: none, the old layout, or a newer one, each
// whole, and the next opening goes on from there.
func TestThreat73_KilledAtEveryStepOfAMigration(t *testing.T) {
	if dir, point, ok := inChild(); ok {
		at, err := strconv.Atoi(point)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		step = func(string) {
			if n++; n == at {
				die()
			}
		}
		layout := 3
		if strings.HasSuffix(dir, "creating") {
			layout = 1
		}
		db, err := Open(filepath.Join(dir, "n.db"), noteSchema(layout))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("survived")
		_ = db.Close()
		die()
	}
	for _, what := range []string{"creating", "migrating"} {
		for n := 1; ; n++ {
			dir := filepath.Join(t.TempDir(), what)
			path := filepath.Join(dir, "n.db")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			notes := 0
			if what == "migrating" {
				db := mustOpen(t, path, noteSchema(1))
				notes = 2
				if err := errors.Join(addNote(db, 1, "x"), addNote(db, 2, "y"), db.Close()); err != nil {
					t.Fatal(err)
				}
			}
			out := crash(t, dir, strconv.Itoa(n))
			db, err := Open(path, noteSchema(3))
			if err != nil {
				t.Fatalf("%s, killed at step %d: %v", what, n, err)
			}
			if got := countNotes(t, db); got != notes {
				t.Errorf("%s, killed at step %d: %d notes", what, n, got)
			}
			if err := errors.Join(db.Check(context.Background()), addNote(db, 9, "goes on"), db.Close()); err != nil {
				t.Errorf("%s, killed at step %d: %v", what, n, err)
			}
			if strings.Contains(out, "survived") {
				if n < 5 {
					t.Errorf("%s: only %d steps", what, n)
				}
				break
			}
		}
	}
}

// A write-ahead log cut anywhere loses whole transactions from its end, never
// part of one, and never what came before.
func TestThreat73_TruncatedLog(t *testing.T) {
	if dir, point, ok := inChild(); ok {
		db, err := Open(filepath.Join(dir, "n.db"), noteSchema(1))
		if err != nil {
			t.Fatal(err)
		}
		for group := range 4 {
			if err := db.Write(context.Background(), func(tx *sql.Tx) error {
				for i := range 2 {
					if _, err := tx.Exec(`INSERT INTO note VALUES (?, ?)`, group*2+i, make([]byte, 2500)); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(point, err)
			}
		}
		die()
	}
	dir := t.TempDir()
	crash(t, dir, "end")
	path := filepath.Join(dir, "n.db")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wal, err := os.ReadFile(path + "-wal")
	if err != nil || len(wal) < 4*4096 {
		t.Fatalf("log of %d bytes, %v", len(wal), err)
	}
	last := -1
	for cut := 0; cut <= len(wal); cut += 1021 {
		dir := t.TempDir()
		path := filepath.Join(dir, "n.db")
		if err := errors.Join(os.WriteFile(path, whole, 0o600), os.WriteFile(path+"-wal", wal[:cut], 0o600)); err != nil {
			t.Fatal(err)
		}
		db, err := Open(path, noteSchema(1))
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		n := countNotes(t, db)
		if n%2 != 0 || n < last {
			t.Errorf("cut at %d: %d rows after %d", cut, n, last)
		}
		last = n
		if err := errors.Join(db.Check(context.Background()), db.Close()); err != nil {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	if last < 6 {
		t.Errorf("the whole log gave %d rows", last)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Lock(ctx, path)
	wantCode(t, err, "data_busy")
	unlock()
	unlock, err = Lock(ctx, path) // free: taken at once, whatever the context
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestLockOfADeadProcessIsFree(t *testing.T) {
	if dir, _, ok := inChild(); ok {
		if _, err := Lock(context.Background(), filepath.Join(dir, "lock")); err != nil {
			t.Fatal(err)
		}
		die()
	}
	dir := t.TempDir()
	crash(t, dir, "held")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	unlock, err := Lock(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}
