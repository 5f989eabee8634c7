package storage

// The hospital's database: requests and their nonces, and the history of
// verdicts. It implements verifier.Store.

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"bonafide/verifier"
)

// Verifier is the schema of verifier.db.
var Verifier = roleSchema("verifier", appVerifier)

// VerifierStore implements verifier.Store.
type VerifierStore struct {
	db   *DB
	seal *PublicSealer
}

// NewVerifierStore returns the store over a database of schema Verifier whose
// history is sealed to public (see NewKeyPair).
func NewVerifierStore(db *DB, public []byte) (*VerifierStore, error) {
	seal, err := SealTo(public, Verifier.Name)
	if err != nil {
		return nil, err
	}
	return &VerifierStore{db: db, seal: seal}, nil
}

// AddRequest notes a request that this home made; file is the request as it
// goes out.
func (s *VerifierStore) AddRequest(ctx context.Context, nonce string, created, expires time.Time, file []byte) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO request (nonce, created, expires, file) VALUES (?, ?, ?, ?)`, nonce, created.Unix(), expires.Unix(), file); err != nil {
			return fmt.Errorf("noting a request: %w", err)
		}
		return nil
	})
}

// OpenRequests are the requests that may still be answered at now, the newest
// first, at most limit of them.
func (s *VerifierStore) OpenRequests(ctx context.Context, now time.Time, limit int) (files [][]byte, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT file FROM request
			WHERE file IS NOT NULL AND burned = 0 AND closed = 0 AND expires > ? ORDER BY created DESC, nonce LIMIT ?`, now.Unix(), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var b []byte
			if err := rows.Scan(&b); err != nil {
				return err
			}
			files = append(files, b)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("listing requests: %w", err)
	}
	return files, nil
}

// Request is the request of a nonce, whatever became of it; nil where there is
// none.
func (s *VerifierStore) Request(ctx context.Context, nonce string) (file []byte, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT file FROM request WHERE nonce = ?`, nonce).Scan(&file)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	return file, nil
}

// CloseRequest makes a request that nobody may answer any more.
func (s *VerifierStore) CloseRequest(ctx context.Context, nonce string) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE request SET closed = 1 WHERE nonce = ?`, nonce); err != nil {
			return fmt.Errorf("closing a request: %w", err)
		}
		return nil
	})
}

// Reserve implements verifier.Store.
func (s *VerifierStore) Reserve(ctx context.Context, nonce string, digest [32]byte) (ok bool, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		var have []byte
		var burned, closed bool
		err := tx.QueryRowContext(ctx, `SELECT digest, burned, closed FROM request WHERE nonce = ?`, nonce).Scan(&have, &burned, &closed)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return verifier.ErrNonceUnknown
		case err != nil:
			return err
		case burned:
			return nil
		case closed:
			return verifier.ErrRequestClosed
		case have != nil:
			ok = bytes.Equal(have, digest[:])
			return nil
		}
		ok = true
		_, err = tx.ExecContext(ctx, `UPDATE request SET digest = ? WHERE nonce = ?`, digest[:], nonce)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("reserving a nonce: %w", err)
	}
	return ok, nil
}

// Burn implements verifier.Store.
func (s *VerifierStore) Burn(ctx context.Context, nonce string, digest [32]byte) (ok bool, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE request SET burned = 1 WHERE nonce = ? AND digest = ? AND burned = 0`, nonce, digest[:])
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		ok = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("burning a nonce: %w", err)
	}
	return ok, nil
}

// Record implements verifier.Store.
func (s *VerifierStore) Record(ctx context.Context, at time.Time, result []byte) error {
	var raw [16]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return err
	}
	id := hex.EncodeToString(raw[:])
	sealed, err := s.seal.Seal(Cell{"history", "result", id}, result)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO history (id, at, result) VALUES (?, ?, ?)`, id, at.Unix(), sealed); err != nil {
			return fmt.Errorf("keeping a verdict: %w", err)
		}
		return nil
	})
}

// History opens the kept verdicts in the order they were kept (the device's
// clock may have been set back in between) and gives each to f, until f
// returns an error. open is OpenWith of the private key, for Verifier.Name.
func (s *VerifierStore) History(ctx context.Context, open *PrivateOpener, f func(at time.Time, result []byte) error) error {
	return s.db.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, at, result FROM history ORDER BY rowid`)
		if err != nil {
			return fmt.Errorf("reading the history: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			var at int64
			var sealed []byte
			if err := rows.Scan(&id, &at, &sealed); err != nil {
				return fmt.Errorf("reading the history: %w", err)
			}
			plain, err := open.Open(Cell{"history", "result", id}, sealed)
			if err != nil {
				return err
			}
			if err := f(time.Unix(at, 0).UTC(), plain); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// Kept is a verdict of the history.
type Kept struct {
	Seq    int64 // its place: a later verdict has a larger one
	At     time.Time
	Result []byte // JSON
}

// HistoryPage opens at most limit verdicts that were kept before the one at
// place before (0: all there are), the latest first.
func (s *VerifierStore) HistoryPage(ctx context.Context, open *PrivateOpener, before int64, limit int) (page []Kept, err error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT rowid, id, at, result FROM history WHERE rowid < ? ORDER BY rowid DESC LIMIT ?`, before, limit)
		if err != nil {
			return fmt.Errorf("reading the history: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var k Kept
			var id string
			var at int64
			var sealed []byte
			if err := rows.Scan(&k.Seq, &id, &at, &sealed); err != nil {
				return fmt.Errorf("reading the history: %w", err)
			}
			if k.Result, err = open.Open(Cell{"history", "result", id}, sealed); err != nil {
				return err
			}
			k.At = time.Unix(at, 0).UTC()
			page = append(page, k)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// HistorySize is how many verdicts are kept.
func (s *VerifierStore) HistorySize(ctx context.Context) (n int, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM history`).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("counting the history: %w", err)
	}
	return n, nil
}

// Setting reads a setting; "" where there is none.
func (s *VerifierStore) Setting(ctx context.Context, name string) (value string, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT value FROM setting WHERE name = ?`, name).Scan(&value)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reading a setting: %w", err)
	}
	return value, nil
}

// SetSetting stores a setting.
func (s *VerifierStore) SetSetting(ctx context.Context, name, value string) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value); err != nil {
			return fmt.Errorf("storing a setting: %w", err)
		}
		return nil
	})
}
