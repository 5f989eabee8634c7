package storage

// The database of private keys: a plain map from (store, id) to sealed bytes.
// It is also the pattern for the roles: a schema variable, a type that holds
// the DB and its Sealer, and methods in the terms of the interface they
// implement.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Keys is the schema of keys.db.
var Keys = roleSchema("keys", appKeys)

// KeyTable keeps one store of wrapped keys. The bytes it is given are wrapped
// already; sealing them once more ties them to their id.
type KeyTable struct {
	db    *DB
	seal  *Sealer
	store string
}

// NewKeyTable returns the store of the given name in a database of schema
// Keys. Master is the home's master key.
func NewKeyTable(db *DB, master []byte, store string) (*KeyTable, error) {
	seal, err := NewSealer(master, Keys.Name, "store "+store)
	if err != nil {
		return nil, err
	}
	return &KeyTable{db: db, seal: seal, store: store}, nil
}

// Close overwrites the table's keys. The DB stays open.
func (t *KeyTable) Close() { t.seal.Close() }

func (t *KeyTable) cell(id string) Cell { return Cell{"key", "value", t.store + "/" + id} }

// Put stores value under id. An id that is there already is an error: keys
// are never overwritten.
func (t *KeyTable) Put(ctx context.Context, id string, value []byte) error {
	sealed, err := t.seal.Seal(t.cell(id), value)
	if err != nil {
		return err
	}
	return t.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO key (store, id, value) VALUES (?, ?, ?)`, t.store, id, sealed); err != nil {
			return fmt.Errorf("storing a key: %w", err)
		}
		return nil
	})
}

// Get returns the value under id, and whether there is one.
func (t *KeyTable) Get(ctx context.Context, id string) (value []byte, found bool, err error) {
	var sealed []byte
	err = t.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT value FROM key WHERE store = ? AND id = ?`, t.store, id).Scan(&sealed)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("reading a key: %w", err)
	}
	value, err = t.seal.Open(t.cell(id), sealed)
	return value, err == nil, err
}

// Delete removes id; that it is not there is no error.
func (t *KeyTable) Delete(ctx context.Context, id string) error {
	return t.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM key WHERE store = ? AND id = ?`, t.store, id); err != nil {
			return fmt.Errorf("deleting a key: %w", err)
		}
		return nil
	})
}

// IDs lists the ids of the store in bytewise order.
func (t *KeyTable) IDs(ctx context.Context) ([]string, error) {
	var ids []string
	err := t.db.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id FROM key WHERE store = ? ORDER BY id`, t.store)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("listing keys: %w", err)
	}
	return ids, nil
}
