package storage

// What a backup of a home needs of its databases: a copy that holds together
// while others write, and, once such a copy is in use again, forgetting what
// it must not believe any more. A register that is brought back does not know
// what it did after the copy was made; each function here says what follows.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/mattn/go-sqlite3"

	"bonafide/internal/explain"
	"bonafide/ledger"
)

// Backup writes a consistent copy of the database to dst, which must not
// exist, while this process and others go on writing. What is sealed stays
// sealed in it. Codes data_damaged, disk_full.
func (d *DB) Backup(ctx context.Context, dst string) error {
	if _, err := os.Lstat(dst); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("backing up %s data: the target exists", d.schema.Name), err)
	}
	if err := copyTo(ctx, d.r, dst); err != nil {
		return coded(d.schema.Name, fmt.Errorf("backing up %s data: %w", d.schema.Name, err))
	}
	return nil
}

// copyTo copies page for page with SQLite's online backup, so that rows keep
// their ids (VACUUM INTO may renumber them), and checks the copy before it
// gets its name.
func copyTo(ctx context.Context, db *sql.DB, dst string) error {
	temp := dst + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	step("made")
	if err := copyPages(ctx, db, temp); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	step("filled")
	return install(temp, dst)
}

// copyStep is how many pages are copied between two looks at the context.
const copyStep = 4096

func copyPages(ctx context.Context, db *sql.DB, temp string) (err error) {
	target := openPool(temp, creating, 1)
	defer func() { err = errors.Join(err, target.Close()) }()
	from, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := target.Conn(ctx)
	if err != nil {
		return err
	}
	defer to.Close()
	// All steps read inside one transaction, so they see one state of the
	// database, whatever is committed between them. (Without it the library
	// would begin again at each commit, and might never end.)
	// It is begun by hand: a transaction of a writer's pool would take the write
	// lock, under which the library copies nothing.
	if _, err := from.ExecContext(ctx, `BEGIN DEFERRED`); err != nil {
		return err
	}
	defer func() {
		_, rollback := from.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
		err = errors.Join(err, rollback)
	}()
	var n int
	if err := from.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&n); err != nil {
		return err
	}
	err = from.Raw(func(src any) error {
		return to.Raw(func(dst any) error {
			b, err := dst.(*sqlite3.SQLiteConn).Backup("main", src.(*sqlite3.SQLiteConn), "main")
			if err != nil {
				return err
			}
			for left := -1; err == nil; left = b.Remaining() {
				var done bool
				if done, err = b.Step(copyStep); done || err != nil {
					break
				}
				if err = ctx.Err(); err == nil && b.Remaining() == left {
					err = explain.Errorf("data_busy", "the copy does not go on") // a lock is told as no error
				}
			}
			return errors.Join(err, b.Finish())
		})
	})
	if err != nil {
		return err
	}
	// The copy carries the mark of a write-ahead log; one file is all there
	// shall be of it.
	if _, err := to.ExecContext(ctx, `PRAGMA journal_mode = DELETE`); err != nil {
		return err
	}
	var verdict string
	if err := to.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return explain.Errorf("data_damaged", "the copy does not pass its check")
	}
	return nil
}

// Schemas are the databases a home can have.
func Schemas() []Schema { return []Schema{Keys, Issuer, Wallet, Verifier} }

// acts counts, by database, what people or verdicts added to it.
var acts = map[string]string{
	"issuer":   `SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM batch)`,
	"wallet":   `SELECT (SELECT count(*) FROM credential) + (SELECT count(*) FROM shared)`,
	"verifier": `SELECT (SELECT count(*) FROM request) + (SELECT count(*) FROM history)`,
	"keys":     `SELECT count(*) FROM key`,
}

// Acts counts what was added to a database so far: acts and batches of a
// board, credentials and presentations of a wallet, requests and verdicts of
// a hospital, keys. It only tells how far one state is from another.
func (d *DB) Acts(ctx context.Context) (n int64, err error) {
	err = d.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, acts[d.schema.Name]).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("counting acts: %w", err)
	}
	return n, nil
}

// remove runs a DELETE and tells how many rows went.
func (d *DB) remove(ctx context.Context, what, text string, args ...any) (n int64, err error) {
	err = d.Write(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, text, args...)
		if err == nil {
			n, err = r.RowsAffected()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return n, nil
}

// KeyStores lists the stores of a database of schema Keys that hold anything.
func (d *DB) KeyStores(ctx context.Context) (names []string, err error) {
	err = d.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT DISTINCT store FROM key ORDER BY store`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			names = append(names, name)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("listing key stores: %w", err)
	}
	return names, nil
}

// DropKeys removes one store of a database of schema Keys for good: SQLite
// overwrites what it deletes.
func (d *DB) DropKeys(ctx context.Context, store string) (int64, error) {
	return d.remove(ctx, "dropping keys", `DELETE FROM key WHERE store = ?`, store)
}

// CloseRequests forgets the requests of a hospital whose nonce is not burned:
// the copy cannot know which of them were answered after it was made.
func (d *DB) CloseRequests(ctx context.Context) (int64, error) {
	return d.remove(ctx, "closing requests", `DELETE FROM request WHERE burned = 0`)
}

// CloseCodes forgets the claim codes of a board that are not used: the copy
// cannot know which of them were used after it was made.
func (d *DB) CloseCodes(ctx context.Context) (int64, error) {
	return d.remove(ctx, "closing claim codes", `DELETE FROM claim_code WHERE used = 0`)
}

// SQLite's user_version of a register says which status pages no index may be
// taken from any more, because indexes of them may have been given after the
// copy was made: 0 none, n > 0 those below n, pagesUnknown all there are on the
// ledger when the board next looks.
const pagesUnknown = -1

// ClosePages makes a register that was brought back take its indexes from a
// page that is not open yet.
func (d *DB) ClosePages(ctx context.Context) error {
	return d.Write(ctx, func(tx *sql.Tx) error { return closePages(ctx, tx, pagesUnknown) })
}

func closePages(ctx context.Context, tx *sql.Tx, below int64) error {
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, below)); err != nil {
		return fmt.Errorf("closing status pages: %w", err)
	}
	return nil
}

// pageClosed reports whether a page, the newest on the ledger, is closed.
func (d *DB) pageClosed(ctx context.Context, page uint32) (closed bool, err error) {
	var below int64
	err = d.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&below)
	})
	if err != nil || below != pagesUnknown {
		return int64(page) < below, err
	}
	return true, d.Write(ctx, func(tx *sql.Tx) error { return closePages(ctx, tx, int64(page)+1) })
}

// allOf lists every index of a page.
func allOf(page uint32) []uint32 {
	out := make([]uint32, ledger.PageIndexes)
	for i := range out {
		out[i] = page*ledger.PageIndexes + uint32(i)
	}
	return out
}
