package storage

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"bonafide/internal/explain"
)

const testApp = 0x42460099

// noteSchema is a small role: layout n has the first n migrations.
func noteSchema(n int) Schema {
	all := []string{
		`CREATE TABLE note (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;`,
		`ALTER TABLE note ADD COLUMN extra TEXT;`,
		`CREATE TABLE tag (note INTEGER NOT NULL REFERENCES note(id), word TEXT NOT NULL) STRICT;`,
	}
	files := fstest.MapFS{}
	for i, sql := range all[:n] {
		files[fmt.Sprintf("%04d_step.sql", i+1)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + sql + "\n")}
	}
	return Schema{Name: "note", ApplicationID: testApp, Migrations: files}
}

func mustOpen(t *testing.T, path string, s Schema) *DB {
	t.Helper()
	db, err := Open(path, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func addNote(db *DB, id int, body string) error {
	return db.Write(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO note (id, body) VALUES (?, ?)`, id, []byte(body))
		return err
	})
}

func countNotes(t *testing.T, db *DB) int {
	t.Helper()
	var n int
	if err := db.Read(context.Background(), func(tx *sql.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM note`).Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if explain.CodeOf(err) != code {
		t.Fatalf("got error %v, want code %s", err, code)
	}
	if _, ok := explain.Lookup(code); !ok {
		t.Errorf("code %s has no entry", code)
	}
}

// names lists the files of a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range es {
		out = append(out, e.Name())
	}
	return out
}

func TestOpenSetsUpConnections(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd ?#%25 näme.db")
	db := mustOpen(t, path, noteSchema(1))
	if err := addNote(db, 1, "x"); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "trusted_schema": "0",
		"cell_size_check": "1", "secure_delete": "1", "temp_store": "2", "busy_timeout": "10000",
	}
	for _, run := range []func(context.Context, func(*sql.Tx) error) error{db.Write, db.Read} {
		for name, value := range want {
			var got string
			if err := run(context.Background(), func(tx *sql.Tx) error {
				return tx.QueryRow(`PRAGMA ` + name).Scan(&got)
			}); err != nil || got != value {
				t.Errorf("%s is %q (%v), want %q", name, got, err, value)
			}
		}
	}
	err := db.Read(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM note`)
		return err
	})
	if err == nil || countNotes(t, db) != 1 {
		t.Errorf("a reader wrote: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for _, n := range names(t, filepath.Dir(path)) {
		info, err := os.Stat(filepath.Join(filepath.Dir(path), n))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", n, info.Mode(), err)
		}
	}
	if err := db.Check(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestWriteIsAllOrNothing(t *testing.T) {
	db := mustOpen(t, filepath.Join(t.TempDir(), "n.db"), noteSchema(1))
	boom := errors.New("boom")
	err := db.Write(context.Background(), func(tx *sql.Tx) error {
		if _, err := tx.Exec(`INSERT INTO note VALUES (1, x'00')`); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = db.Write(context.Background(), func(tx *sql.Tx) error {
			_, _ = tx.Exec(`INSERT INTO note VALUES (1, x'00')`)
			panic("boom")
		})
	}()
	if n := countNotes(t, db); n != 0 {
		t.Errorf("%d rows stayed", n)
	}
	if err := addNote(db, 1, "x"); err != nil {
		t.Errorf("writing after a failure: %v", err)
	}
}

// A reader sees one snapshot while a writer commits, and neither waits.
func TestReadersKeepTheirSnapshot(t *testing.T) {
	db := mustOpen(t, filepath.Join(t.TempDir(), "n.db"), noteSchema(1))
	if err := addNote(db, 1, "x"); err != nil {
		t.Fatal(err)
	}
	err := db.Read(context.Background(), func(tx *sql.Tx) error {
		var before, after int
		if err := tx.QueryRow(`SELECT count(*) FROM note`).Scan(&before); err != nil {
			return err
		}
		if err := addNote(db, 2, "y"); err != nil {
			return err
		}
		if err := tx.QueryRow(`SELECT count(*) FROM note`).Scan(&after); err != nil {
			return err
		}
		if before != 1 || after != 1 {
			t.Errorf("snapshot moved from %d to %d", before, after)
		}
		return nil
	})
	if err != nil || countNotes(t, db) != 2 {
		t.Errorf("%v", err)
	}
}

func TestMigrationKeepsACopyFirst(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "n.db")
	db, err := Open(path, noteSchema(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := addNote(db, 7, "before"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = mustOpen(t, path, noteSchema(3))
	if err := db.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := countNotes(t, db); n != 1 {
		t.Fatalf("%d notes after the migration", n)
	}
	kept, err := os.ReadFile(path + ".v1.backup")
	if err != nil {
		t.Fatal(err)
	}
	// The copy is a whole database of the old layout, in one file.
	again := filepath.Join(t.TempDir(), "again.db")
	if err := os.WriteFile(again, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	old := mustOpen(t, again, noteSchema(1))
	var body string
	if err := old.Read(context.Background(), func(tx *sql.Tx) error {
		return tx.QueryRow(`SELECT body FROM note WHERE id = 7`).Scan(&body)
	}); err != nil || body != "before" {
		t.Fatalf("copy says %q, %v", body, err)
	}
}

func TestFailedMigrationLeavesTheOldData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.db")
	db, err := Open(path, noteSchema(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(addNote(db, 1, "x"), db.Close()); err != nil {
		t.Fatal(err)
	}
	bad := noteSchema(1)
	bad.Migrations.(fstest.MapFS)["0002_bad.sql"] = &fstest.MapFile{Data: []byte(
		"-- +goose Up\nDELETE FROM note;\nCREATE TABLE note (id INTEGER) STRICT;\n")}
	for range 2 {
		_, err = Open(path, bad)
		wantCode(t, err, "migration_failed")
	}
	db = mustOpen(t, path, noteSchema(1))
	if n := countNotes(t, db); n != 1 {
		t.Errorf("%d notes left", n)
	}
	if _, err := os.Stat(path + ".v1.backup-2"); err != nil {
		t.Errorf("the second try did not keep its own copy: %v", err)
	}
}

func TestNewerDataIsLeftUntouched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.db")
	db, err := Open(path, noteSchema(3))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(addNote(db, 1, "x"), db.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(path, noteSchema(2))
	wantCode(t, err, "data_newer")
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed: %v", err)
	}
	if n := countNotes(t, mustOpen(t, path, noteSchema(3))); n != 1 {
		t.Errorf("%d notes", n)
	}
}

func TestFilesThatAreNotOurs(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.db")
	db, err := Open(good, noteSchema(1))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := addNote(db, i, strings.Repeat("x", 500)); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	otherID := bytes.Clone(whole)
	binary.BigEndian.PutUint32(otherID[68:], 0x0f055112)
	schema := bytes.Clone(whole)
	for i := 100; i < 200; i++ {
		schema[i] = 0xff
	}
	cases := map[string][]byte{
		"empty":          {},
		"short":          whole[:50],
		"text":           []byte(strings.Repeat("not a database ", 100)),
		"other program":  otherID,
		"cut short":      whole[:len(whole)-4096],
		"half a page":    whole[:len(whole)/2+17],
		"damaged schema": schema,
	}
	for name, content := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "n.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			db, err := Open(path, noteSchema(2))
			if err == nil {
				db.Close()
			}
			wantCode(t, err, "data_damaged")
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(content, after) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
	t.Run("folder", func(t *testing.T) {
		_, err := Open(t.TempDir(), noteSchema(1))
		wantCode(t, err, "data_damaged")
	})
	t.Run("missing", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "n.db")
		_, err := OpenExisting(path, noteSchema(1))
		wantCode(t, err, "data_missing")
		if len(names(t, filepath.Dir(path))) != 0 {
			t.Error("something was put in its place")
		}
	})
	t.Run("damaged page", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "n.db")
		bad := bytes.Clone(whole)
		for i := len(bad) - 2*4096; i < len(bad); i++ {
			bad[i] ^= 0xa5
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		db := mustOpen(t, path, noteSchema(1)) // the damage lies where opening does not look
		wantCode(t, db.Check(context.Background()), "data_damaged")
		err := db.Read(context.Background(), func(tx *sql.Tx) error {
			rows, err := tx.Query(`SELECT body FROM note`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
			}
			return rows.Err()
		})
		wantCode(t, err, "data_damaged")
	})
	t.Run("dangling reference", func(t *testing.T) {
		db := mustOpen(t, filepath.Join(t.TempDir(), "n.db"), noteSchema(3))
		conn, err := db.w.Conn(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{`PRAGMA foreign_keys = OFF`, `INSERT INTO tag VALUES (5, 'x')`} {
			if _, err := conn.ExecContext(context.Background(), q); err != nil {
				t.Fatal(err)
			}
		}
		conn.Close()
		wantCode(t, db.Check(context.Background()), "data_damaged")
	})
}

// Several processes (here: handles) that open a new or an old database at once
// all get it, made once.
func TestOpeningAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.db")
	for layout := 1; layout <= 3; layout++ {
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				db, err := Open(path, noteSchema(layout))
				if err != nil {
					t.Errorf("layout %d: %v", layout, err)
					return
				}
				defer db.Close()
				if err := addNote(db, layout*100+i, "x"); err != nil {
					t.Errorf("layout %d: %v", layout, err)
				}
			})
		}
		wg.Wait()
	}
	if n := countNotes(t, mustOpen(t, path, noteSchema(3))); n != 18 {
		t.Errorf("%d notes, want 18", n)
	}
	if _, err := os.Stat(path + ".v1.backup-2"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the database was migrated twice")
	}
}

func TestBackup(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, filepath.Join(dir, "n.db"), noteSchema(1))
	if err := addNote(db, 3, "kept"); err != nil {
		t.Fatal(err)
	}
	dst := filepath.Join(dir, "copy.db")
	if err := db.Backup(context.Background(), dst); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(context.Background(), dst); err == nil {
		t.Error("an existing file was overwritten")
	}
	if n := countNotes(t, mustOpen(t, dst, noteSchema(1))); n != 1 {
		t.Errorf("%d notes in the copy", n)
	}
	for _, n := range names(t, dir) {
		if strings.HasSuffix(n, ".new") {
			t.Errorf("%s was left behind", n)
		}
	}
}

// Every table of every role is STRICT, and ids of sealed rows do not move.
func TestRoleSchemas(t *testing.T) {
	roles, err := fs.Glob(migrations, "migrations/*")
	if err != nil || len(roles) == 0 {
		t.Fatal(roles, err)
	}
	for _, role := range roles {
		name := filepath.Base(role)
		db := mustOpen(t, filepath.Join(t.TempDir(), name), roleSchema(name, testApp))
		err := db.Read(context.Background(), func(tx *sql.Tx) error {
			rows, err := tx.Query(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name <> 'goose_db_version'`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var table string
				if err := rows.Scan(&table); err != nil {
					return err
				}
				t.Errorf("%s: table %s is not STRICT", name, table)
			}
			return rows.Err()
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A cancelled context ends the call with an error, mixes no rows of two
// queries, leaves nothing written and the database usable.
func TestThreat74_CancelledContexts(t *testing.T) {
	db := mustOpen(t, filepath.Join(t.TempDir(), "n.db"), noteSchema(1))
	if err := db.Write(context.Background(), func(tx *sql.Tx) error {
		for i := range 2000 {
			if _, err := tx.Exec(`INSERT INTO note VALUES (?, ?)`, i, bytes.Repeat([]byte{byte(i)}, 64)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for _, run := range []func(context.Context, func(*sql.Tx) error) error{db.Write, db.Read} {
			if err := run(ctx, func(*sql.Tx) error { t.Error("ran"); return nil }); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("before the commit", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		err := db.Write(ctx, func(tx *sql.Tx) error {
			_, err := tx.Exec(`DELETE FROM note`)
			cancel()
			return err
		})
		if err == nil || countNotes(t, db) != 2000 {
			t.Errorf("got %v and %d notes", err, countNotes(t, db))
		}
	})
	t.Run("while scanning", func(t *testing.T) {
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for stop := range 20 {
					ctx, cancel := context.WithCancel(context.Background())
					seen := 0
					err := db.Read(ctx, func(tx *sql.Tx) error {
						rows, err := tx.QueryContext(ctx, `SELECT id, body FROM note WHERE id % 8 = ? ORDER BY id`, g)
						if err != nil {
							return err
						}
						defer rows.Close()
						for rows.Next() {
							var id int
							var body sql.RawBytes
							if err := rows.Scan(&id, &body); err != nil {
								return err
							}
							if id%8 != g || len(body) != 64 {
								t.Errorf("reader %d got row %d", g, id)
							}
							if seen++; seen == stop {
								cancel()
							}
						}
						return rows.Err()
					})
					if err == nil && seen != 250 {
						t.Errorf("no error, but %d of 250 rows", seen)
					}
					cancel()
				}
			})
		}
		wg.Wait()
	})
	if err := addNote(db, 5000, "after"); err != nil {
		t.Error(err)
	}
	if err := db.Check(context.Background()); err != nil {
		t.Error(err)
	}
}
