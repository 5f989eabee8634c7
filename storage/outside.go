package storage

// What sync fetched for issuers outside the network: DID documents and status
// lists, each with the time it was fetched. Bytes are kept as they came; who
// reads them judges them again.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// OutsideKind is a kind of thing that is fetched from outside the network.
type OutsideKind string

// The kinds, and by what they are known.
const (
	OutsideDocument   OutsideKind = "document"    // by DID
	OutsideStatusList OutsideKind = "status_list" // by https address
)

// MaxStatusLists is how many status lists are kept; the one that was not asked
// for longest makes room.
const MaxStatusLists = 256

// OutsideItem is one thing that is fetched from outside the network.
type OutsideItem struct {
	ID    string
	At    time.Time // when what is kept was fetched; zero: nothing is
	Asked time.Time // when it was last asked for
	Tried time.Time // when it was last tried; zero: not yet
	Code  string    // why the last try brought nothing; "": it did, or there was none
}

// OutsideStore keeps them in a database of schema Verifier.
type OutsideStore struct{ db *DB }

// NewOutsideStore returns the store over a database of schema Verifier.
func NewOutsideStore(db *DB) *OutsideStore { return &OutsideStore{db} }

// Get returns something that is fetched and its bytes; the zero item and nil
// where nobody asked for it.
func (s *OutsideStore) Get(ctx context.Context, kind OutsideKind, id string) (i OutsideItem, body []byte, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		err := i.scan(tx.QueryRowContext(ctx, `SELECT id, at, asked, tried, code, body FROM outside WHERE kind = ? AND id = ?`, string(kind), id).Scan, &body)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return OutsideItem{}, nil, fmt.Errorf("reading what was fetched: %w", err)
	}
	return i, body, nil
}

// scan reads id, at, asked, tried and code, and what is selected after them.
func (i *OutsideItem) scan(scan func(...any) error, more ...any) error {
	var at sql.NullInt64
	var asked, tried int64
	if err := scan(append([]any{&i.ID, &at, &asked, &tried, &i.Code}, more...)...); err != nil {
		return err
	}
	if at.Valid {
		i.At = time.Unix(at.Int64, 0).UTC()
	}
	if tried != 0 {
		i.Tried = time.Unix(tried, 0).UTC()
	}
	i.Asked = time.Unix(asked, 0).UTC()
	return nil
}

// Ask notes that something is wanted from the next sync on.
func (s *OutsideStore) Ask(ctx context.Context, kind OutsideKind, id string, at time.Time) error {
	return s.write(ctx, "asking for what is not fetched yet", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO outside (kind, id, asked) VALUES (?, ?, ?)
			ON CONFLICT (kind, id) DO UPDATE SET asked = excluded.asked`, string(kind), id, at.Unix()); err != nil {
			return err
		}
		if kind != OutsideStatusList {
			return nil
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM outside WHERE kind = ? AND id IN (
			SELECT id FROM outside WHERE kind = ? ORDER BY asked DESC, rowid DESC LIMIT -1 OFFSET ?)`, string(kind), string(kind), MaxStatusLists)
		return err
	})
}

// Keep replaces what is kept by what was fetched at a time.
func (s *OutsideStore) Keep(ctx context.Context, kind OutsideKind, id string, body []byte, at time.Time) error {
	if body == nil {
		body = []byte{}
	}
	return s.write(ctx, "keeping what was fetched", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO outside (kind, id, body, at, asked, tried) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, at = excluded.at, tried = excluded.tried, code = ''`,
			string(kind), id, body, at.Unix(), at.Unix(), at.Unix())
		return err
	})
}

// Failed notes that a try brought nothing; what is kept stays as old as it is.
func (s *OutsideStore) Failed(ctx context.Context, kind OutsideKind, id, code string, at time.Time) error {
	return s.write(ctx, "noting what could not be fetched", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO outside (kind, id, asked, tried, code) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (kind, id) DO UPDATE SET tried = excluded.tried, code = excluded.code`,
			string(kind), id, at.Unix(), at.Unix(), code)
		return err
	})
}

// List returns what is fetched of a kind, that first which was tried longest ago.
func (s *OutsideStore) List(ctx context.Context, kind OutsideKind) ([]OutsideItem, error) {
	var out []OutsideItem
	err := s.db.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, at, asked, tried, code FROM outside WHERE kind = ? ORDER BY tried, id`, string(kind))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var i OutsideItem
			if err := i.scan(rows.Scan); err != nil {
				return err
			}
			out = append(out, i)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("listing what is fetched: %w", err)
	}
	return out, nil
}

// Forget removes something and what is kept of it.
func (s *OutsideStore) Forget(ctx context.Context, kind OutsideKind, id string) error {
	return s.write(ctx, "forgetting what was fetched", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM outside WHERE kind = ? AND id = ?`, string(kind), id)
		return err
	})
}

func (s *OutsideStore) write(ctx context.Context, doing string, f func(tx *sql.Tx) error) error {
	if err := s.db.Write(ctx, f); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
