package storage

// Creating a database and bringing it to a newer layout. Neither ever leaves
// a half-made database: a new one is made under another name and renamed into
// place, a migration step is one transaction, and the file as it was before
// the first step is kept.

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"

	"bonafide/internal/explain"
)

// lockWait bounds the wait for another process that creates or migrates.
const lockWait = 30 * time.Second

// prepare makes sure that path holds a database of schema s at its newest
// layout, or says why not.
func prepare(path string, s Schema, mayCreate bool) error {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !mayCreate {
			return explain.Errorf("data_missing", "%s: the database is gone", s.Name)
		}
		return locked(path, func() error {
			if _, err := os.Lstat(path); err == nil {
				return nil // another process was faster
			}
			return create(path, s)
		}, func() error { return prepare(path, s, false) })
	}
	if err != nil {
		return fmt.Errorf("looking for %s data: %w", s.Name, err)
	}
	if err := checkHeader(path, s); err != nil {
		return err
	}
	current, target, err := versions(path, s)
	if err != nil {
		return err
	}
	switch {
	case current > target:
		return explain.Errorf("data_newer", "%s: layout %d is newer than %d", s.Name, current, target)
	case current == target:
		return nil
	}
	return locked(path, func() error {
		// Another process may have migrated while this one waited.
		current, target, err := versions(path, s)
		if err != nil || current >= target {
			return err
		}
		return upgrade(path, s, current)
	}, nil)
}

// locked runs f while no other process creates or migrates the same database,
// then, without the lock, then.
func locked(path string, f, then func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	unlock, err := Lock(ctx, path+".lock")
	if err != nil {
		return err
	}
	err = f()
	unlock()
	if err != nil || then == nil {
		return err
	}
	return then()
}

// create makes an empty database at the newest layout.
func create(path string, s Schema) error {
	temp := path + ".new" // ours alone under the lock; a left-over of a crash is empty of data
	for _, p := range []string{temp, temp + "-journal"} {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clearing an unfinished database: %w", err)
		}
	}
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("creating %s data: %w", s.Name, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("creating %s data: %w", s.Name, err)
	}
	step("made")
	db := openPool(temp, creating, 1)
	_, err = db.Exec(fmt.Sprintf(`PRAGMA application_id = %d`, s.ApplicationID))
	if err == nil {
		err = up(db, s)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("creating %s data: %w", s.Name, err)
	}
	step("filled")
	return install(temp, path)
}

// install makes a finished file durable under its final name.
func install(temp, path string) error {
	f, err := os.OpenFile(temp, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("finishing %s: %w", filepath.Base(path), err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("finishing %s: %w", filepath.Base(path), err)
	}
	step("synced")
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("finishing %s: %w", filepath.Base(path), err)
	}
	step("renamed")
	return SyncDir(filepath.Dir(path))
}

// checkHeader looks at the first 100 bytes (SQLite file format, section 1.3)
// before SQLite does, so that a file that is not ours is not touched.
func checkHeader(path string, s Schema) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("looking at %s data: %w", s.Name, err)
	}
	if !info.Mode().IsRegular() {
		return explain.Errorf("data_damaged", "%s: not a regular file", s.Name)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading %s data: %w", s.Name, err)
	}
	defer f.Close()
	var h [100]byte
	if _, err := io.ReadFull(f, h[:]); err != nil {
		return explain.Errorf("data_damaged", "%s: the file is too short: %w", s.Name, err)
	}
	if string(h[:16]) != "SQLite format 3\x00" {
		return explain.Errorf("data_damaged", "%s: not a database", s.Name)
	}
	if id := int32(binary.BigEndian.Uint32(h[68:])); id != s.ApplicationID {
		return explain.Errorf("data_damaged", "%s: the database of something else (application id %#x)", s.Name, uint32(id))
	}
	// A file cut short would otherwise be noticed only when a lost page is
	// read. With a write-ahead log the header may be ahead of the file.
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		return nil
	}
	page := int64(binary.BigEndian.Uint16(h[16:]))
	if page == 1 {
		page = 65536
	}
	pages := int64(binary.BigEndian.Uint32(h[28:]))
	// The page count holds only where the two change counters agree.
	if binary.BigEndian.Uint32(h[24:]) == binary.BigEndian.Uint32(h[92:]) && info.Size() < page*pages {
		return explain.Errorf("data_damaged", "%s: the file was cut short", s.Name)
	}
	return nil
}

// versions reads the layout version of the database at path, without writing
// to it, and the newest one that s knows.
func versions(path string, s Schema) (current, target int64, err error) {
	db := openPool(path, readOnly, 1)
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := provider(db, s)
	if err != nil {
		return 0, 0, err
	}
	sources := p.ListSources()
	target = sources[len(sources)-1].Version
	err = db.QueryRow(`SELECT max(version_id) FROM goose_db_version WHERE is_applied = 1`).Scan(&current)
	var se sqlite3.Error
	if errors.As(err, &se) && se.Code == sqlite3.ErrError { // no such table
		return 0, 0, explain.Errorf("data_damaged", "%s: the database has no layout version", s.Name)
	}
	if err != nil {
		return 0, 0, coded(s.Name, fmt.Errorf("reading the layout version: %w", err))
	}
	return current, target, nil
}

// upgrade keeps a copy of the database and brings it to the newest layout.
func upgrade(path string, s Schema, from int64) (err error) {
	db := openPool(path, readWrite, 1)
	defer func() { err = errors.Join(err, db.Close()) }()
	kept, err := keepCopy(db, path, from)
	if err != nil {
		return fmt.Errorf("keeping a copy of the %s data before changing its layout: %w", s.Name, err)
	}
	if err := up(db, s); err != nil {
		return explain.Errorf("migration_failed", "%s: the data as it was is in %s: %w", s.Name, filepath.Base(kept), err)
	}
	return nil
}

// keepCopy writes the database to the first free name among
// <path>.v<version>.backup, <path>.v<version>.backup-2, …
func keepCopy(db *sql.DB, path string, version int64) (string, error) {
	base := fmt.Sprintf("%s.v%d.backup", path, version)
	name := base
	for n := 2; ; n++ {
		_, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return "", err
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return name, copyTo(context.Background(), db, name)
}

func up(db *sql.DB, s Schema) error {
	p, err := provider(db, s)
	if err != nil {
		return err
	}
	for {
		if _, err := p.UpByOne(context.Background()); errors.Is(err, goose.ErrNoNextVersion) {
			return nil
		} else if err != nil {
			return err
		}
		step("layout")
	}
}

func provider(db *sql.DB, s Schema) (*goose.Provider, error) {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, s.Migrations,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("reading the %s migrations: %w", s.Name, err)
	}
	return p, nil
}
