// Package storage keeps what the roles of a home know in SQLite: one database
// a role, each with one writer connection and a pool of readers that cannot
// write. Practitioner data goes in sealed (seal.go); a database is brought to
// a newer layout only after a copy of it was made (migrate.go).
//
// A role's tables live in <role>.go and migrations/<role>/NNNN_name.sql;
// keys.go is the small complete example to follow.
package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"bonafide/internal/explain"
)

// Application ids mark a file as ours and as the database of one role. They
// stand at offset 68 of the file and are never reused.
const (
	appIssuer   = 0x42460001
	appWallet   = 0x42460002
	appVerifier = 0x42460003
	appKeys     = 0x42460004
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// Schema describes one kind of database.
type Schema struct {
	Name          string // names the database in errors and in derived keys
	ApplicationID int32  // SQLite's application_id; never 0
	Migrations    fs.FS  // goose SQL files, NNNN_name.sql, at its root; only Up sections
}

// roleSchema is the schema whose migrations lie in migrations/<name>.
func roleSchema(name string, id int32) Schema {
	sub, err := fs.Sub(migrations, "migrations/"+name)
	if err != nil { // only a name that is no path can fail
		panic(err)
	}
	return Schema{Name: name, ApplicationID: id, Migrations: sub}
}

// busyMillis bounds the wait for another process's write transaction.
const busyMillis = 10_000

// maxReaders is the size of the read-only pool.
const maxReaders = 4

// DB is one open database. It is safe for concurrent use.
type DB struct {
	path   string
	schema Schema
	w, r   *sql.DB
	seen   *sql.DB // one connection that never writes, for Version
}

// Open opens the database at path and creates it where there is none. The
// folder must exist. Before an existing database is brought to a newer layout
// a copy is kept beside it as <path>.v<version>.backup.
//
// Codes: data_newer (written by a newer Bonafide; left untouched),
// data_damaged (not a database of this kind, or damaged; left untouched),
// migration_failed, data_busy, disk_full.
func Open(path string, s Schema) (*DB, error) { return open(path, s, true) }

// OpenExisting is Open for a database that must be there already: a missing
// file is reported as data_missing and not replaced by an empty one.
func OpenExisting(path string, s Schema) (*DB, error) { return open(path, s, false) }

func open(path string, s Schema, mayCreate bool) (*DB, error) {
	if s.Name == "" || s.ApplicationID == 0 || s.Migrations == nil {
		return nil, errors.New("storage: schema needs a name, an application id and migrations")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening %s data: %w", s.Name, err)
	}
	if err := prepare(path, s, mayCreate); err != nil {
		return nil, coded(s.Name, err)
	}
	d := &DB{path: path, schema: s, w: openPool(path, readWrite, 1), r: openPool(path, readOnly, maxReaders), seen: openPool(path, readOnly, 1)}
	// The writer comes first and stays: readers of a write-ahead log need the
	// shared files that it keeps in place.
	if err := d.w.Ping(); err != nil {
		return nil, errors.Join(coded(s.Name, err), d.Close())
	}
	if err := d.r.Ping(); err != nil {
		return nil, errors.Join(coded(s.Name, err), d.Close())
	}
	return d, nil
}

// Path returns the absolute path of the database file.
func (d *DB) Path() string { return d.path }

// Name returns the schema's name.
func (d *DB) Name() string { return d.schema.Name }

// Close ends all connections. The last one folds the write-ahead log into the
// database file.
func (d *DB) Close() error { return errors.Join(d.seen.Close(), d.r.Close(), d.w.Close()) }

// Write runs f in the one write transaction there can be at a time and commits
// it durably (fsync) when f returns nil; otherwise nothing of it stays. f must
// not call Write again (it would wait for itself) and must not keep tx.
// When ctx ends before the commit began, nothing stays.
func (d *DB) Write(ctx context.Context, f func(tx *sql.Tx) error) error {
	return d.run(ctx, d.w, f)
}

// Read runs f on a snapshot of the database through a connection that cannot
// write. Reads do not wait for writes, nor writes for reads.
func (d *DB) Read(ctx context.Context, f func(tx *sql.Tx) error) error {
	return d.run(ctx, d.r, f)
}

// Version is a number that changes with every commit, of this process or of
// another, and stays while there is none (SQLite's data_version, which one
// connection alone can tell). It means nothing after the database was closed.
func (d *DB) Version(ctx context.Context) (v int64, err error) {
	if err = d.seen.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&v); err != nil {
		return 0, coded(d.schema.Name, fmt.Errorf("asking for the version: %w", err))
	}
	return v, nil
}

func (d *DB) run(ctx context.Context, pool *sql.DB, f func(tx *sql.Tx) error) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return coded(d.schema.Name, fmt.Errorf("beginning a transaction: %w", err))
	}
	done := false
	defer func() {
		if !done { // f failed or panicked; the error that counts is f's
			_ = tx.Rollback()
		}
	}()
	if err := f(tx); err != nil {
		return coded(d.schema.Name, err)
	}
	done = true
	if err := tx.Commit(); err != nil {
		return coded(d.schema.Name, fmt.Errorf("committing: %w", err))
	}
	return nil
}

// Check reads the whole database and reports the first thing that is wrong
// with its structure or its foreign keys (data_damaged).
func (d *DB) Check(ctx context.Context) error {
	return d.Read(ctx, func(tx *sql.Tx) error {
		var verdict string
		if err := tx.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict); err != nil {
			return fmt.Errorf("checking integrity: %w", err)
		}
		if verdict != "ok" {
			return explain.Errorf("data_damaged", "%s: integrity check failed", d.schema.Name)
		}
		rows, err := tx.QueryContext(ctx, `PRAGMA foreign_key_check`)
		if err != nil {
			return fmt.Errorf("checking foreign keys: %w", err)
		}
		defer rows.Close()
		if rows.Next() {
			return explain.Errorf("data_damaged", "%s: a row points to a row that is not there", d.schema.Name)
		}
		return rows.Err()
	})
}

// access is how a pool opens the file.
type access int

const (
	readWrite access = iota
	readOnly
	creating // readWrite without a write-ahead log, so that one file is all there is
)

// connector opens connections with the settings every connection needs.
// database/sql's registry of drivers by name is left alone.
type connector struct {
	dsn string
	drv *sqlite3.SQLiteDriver
}

func (c *connector) Connect(context.Context) (driver.Conn, error) { return c.drv.Open(c.dsn) }
func (c *connector) Driver() driver.Driver                        { return c.drv }

func newConnector(path string, a access) *connector {
	q := url.Values{}
	q.Set("_busy_timeout", fmt.Sprint(busyMillis))
	switch a {
	case readWrite:
		q.Set("mode", "rw")
		q.Set("_journal_mode", "WAL")
		q.Set("_txlock", "immediate")
	case creating:
		q.Set("mode", "rw")
		q.Set("_journal_mode", "DELETE")
		q.Set("_txlock", "immediate")
	case readOnly:
		q.Set("mode", "ro")
		q.Set("_query_only", "on")
	}
	return &connector{
		dsn: fileURL(path) + "?" + q.Encode(),
		drv: &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
			for _, p := range pragmas {
				if _, err := c.Exec(p, nil); err != nil {
					return fmt.Errorf("setting up a connection: %w", err)
				}
			}
			return nil
		}},
	}
}

// pragmas hold for every connection.
var pragmas = []string{
	`PRAGMA synchronous = FULL`,        // a commit that was reported is on the disk
	`PRAGMA fullfsync = ON`,            // macOS: and not only in the disk's cache
	`PRAGMA checkpoint_fullfsync = ON`, //
	`PRAGMA foreign_keys = ON`,         //
	`PRAGMA trusted_schema = OFF`,      // a schema someone else wrote calls no functions
	`PRAGMA cell_size_check = ON`,      // damage is found where it is read
	`PRAGMA secure_delete = ON`,        // what is deleted is overwritten
	`PRAGMA temp_store = MEMORY`,       // nothing sorted or joined lands in a temporary file
}

// fileURL is the form in which SQLite takes any path, whatever is in it.
func fileURL(path string) string {
	p := filepath.ToSlash(path)
	if runtime.GOOS == "windows" && !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return (&url.URL{Scheme: "file", Path: p}).String()
}

func openPool(path string, a access, conns int) *sql.DB {
	db := sql.OpenDB(newConnector(path, a))
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxLifetime(0)
	db.SetConnMaxIdleTime(0)
	return db
}

// coded gives SQLite's failures that people can act on their stable code. An
// error that has a code keeps it.
func coded(name string, err error) error {
	if err == nil || explain.CodeOf(err) != "" {
		return err
	}
	var se sqlite3.Error
	if errors.As(err, &se) {
		switch se.Code {
		case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
			return explain.Errorf("data_damaged", "%s: %w", name, err)
		case sqlite3.ErrFull:
			return explain.Errorf("disk_full", "%s: %w", name, err)
		case sqlite3.ErrBusy, sqlite3.ErrLocked:
			return explain.Errorf("data_busy", "%s: %w", name, err)
		}
	}
	if errors.Is(err, syscall.ENOSPC) {
		return explain.Errorf("disk_full", "%s: %w", name, err)
	}
	return err
}
