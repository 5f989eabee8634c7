package storage

// The practitioner's database: the holder and their second key, the credentials
// and the log of what was shared. It implements wallet.Store.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/parallel"
	"bonafide/wallet"
)

// Wallet is the schema of wallet.db.
var Wallet = roleSchema("wallet", appWallet)

// WalletStore implements wallet.Store.
type WalletStore struct {
	db   *DB
	seal *Sealer
}

// NewWalletStore returns the store over a database of schema Wallet. Master is
// the home's master key.
func NewWalletStore(db *DB, master []byte) (*WalletStore, error) {
	seal, err := NewSealer(master, Wallet.Name, "data")
	if err != nil {
		return nil, err
	}
	return &WalletStore{db: db, seal: seal}, nil
}

// Close overwrites the store's keys. The DB stays open.
func (s *WalletStore) Close() { s.seal.Close() }

// pack seals v, as JSON, for its place.
func (s *WalletStore) pack(at Cell, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", at.Table, err)
	}
	defer clear(b)
	return s.seal.Seal(at, b)
}

func (s *WalletStore) unpack(at Cell, sealed []byte, v any) error {
	b, err := s.seal.Open(at, sealed)
	if err != nil {
		return err
	}
	defer clear(b)
	if err := json.Unmarshal(b, v); err != nil {
		// The cause could quote what was sealed.
		return explain.Errorf("data_damaged", "%s: a sealed value of another form", at.Table)
	}
	return nil
}

// Holder implements wallet.Store.
func (s *WalletStore) Holder(ctx context.Context) (h wallet.Holder, ok bool, err error) {
	ok, err = s.one(ctx, "holder", &h)
	return h, ok, err
}

// SetHolder implements wallet.Store.
func (s *WalletStore) SetHolder(ctx context.Context, h wallet.Holder) error {
	return s.setOne(ctx, "holder", h)
}

// BindingKey implements wallet.Store.
func (s *WalletStore) BindingKey(ctx context.Context) (k wallet.BindingKey, ok bool, err error) {
	ok, err = s.one(ctx, "binding_key", &k)
	return k, ok, err
}

// SetBindingKey implements wallet.Store.
func (s *WalletStore) SetBindingKey(ctx context.Context, k wallet.BindingKey) error {
	return s.setOne(ctx, "binding_key", k)
}

// one reads the only row of a table into v, which stays as it is where there is
// none.
func (s *WalletStore) one(ctx context.Context, table string, v any) (bool, error) {
	var sealed []byte
	err := s.db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT value FROM `+table+` WHERE id = 1`).Scan(&sealed)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the %s: %w", table, err)
	}
	if err := s.unpack(IntCell(table, "value", 1), sealed, v); err != nil {
		return false, err
	}
	return true, nil
}

// setOne writes the only row of a table; if it is there, wallet.ErrHolderSet.
func (s *WalletStore) setOne(ctx context.Context, table string, v any) error {
	sealed, err := s.pack(IntCell(table, "value", 1), v)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (id, value) VALUES (1, ?) ON CONFLICT (id) DO NOTHING`, sealed)
		if err != nil {
			return fmt.Errorf("storing the %s: %w", table, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(wallet.ErrHolderSet, err)
		}
		return nil
	})
}

// Add implements wallet.Store.
func (s *WalletStore) Add(ctx context.Context, c wallet.Credential) error {
	sealed, err := s.pack(Cell{"credential", "value", c.ID}, c)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO credential (id, value) VALUES (?, ?)`, c.ID, sealed); err != nil {
			return fmt.Errorf("storing a credential: %w", err)
		}
		return nil
	})
}

// Credentials implements wallet.Store.
func (s *WalletStore) Credentials(ctx context.Context) (out []wallet.Credential, err error) {
	type row struct {
		id     string
		sealed []byte
	}
	var all []row
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, value FROM credential ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r row
			if err := rows.Scan(&r.id, &r.sealed); err != nil {
				return err
			}
			all = append(all, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("reading credentials: %w", err)
	}
	// Somebody waits for them to be shown, so every processor unpacks its share.
	out = make([]wallet.Credential, len(all))
	err = parallel.Each(len(all), func(i int) error {
		return s.unpack(Cell{"credential", "value", all[i].id}, all[i].sealed, &out[i])
	})
	if err != nil {
		return nil, fmt.Errorf("reading credentials: %w", err)
	}
	return out, nil
}

// Delete implements wallet.Store.
func (s *WalletStore) Delete(ctx context.Context, id string) (ok bool, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM credential WHERE id = ?`, id)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		ok = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("deleting a credential: %w", err)
	}
	return ok, nil
}

// Replace implements wallet.Store.
func (s *WalletStore) Replace(ctx context.Context, list []wallet.Credential) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		for _, c := range list {
			sealed, err := s.pack(Cell{"credential", "value", c.ID}, c)
			if err != nil {
				return err
			}
			if err := one(tx.ExecContext(ctx, `UPDATE credential SET value = ? WHERE id = ?`, sealed, c.ID)); err != nil {
				return fmt.Errorf("changing a credential: %w", err)
			}
		}
		return nil
	})
}

// one reports an error unless a statement changed exactly one row.
func one(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows instead of one", n)
	}
	return err
}

// PutClaim implements wallet.Store.
func (s *WalletStore) PutClaim(ctx context.Context, p wallet.Pending) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := s.dropClaim(ctx, tx, p.Board, p.Code); err != nil {
			return err
		}
		var id int64
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) + 1 FROM claim`).Scan(&id); err != nil {
			return fmt.Errorf("storing a claim: %w", err)
		}
		sealed, err := s.pack(IntCell("claim", "value", id), p)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO claim (id, value) VALUES (?, ?)`, id, sealed); err != nil {
			return fmt.Errorf("storing a claim: %w", err)
		}
		return nil
	})
}

// Claims implements wallet.Store.
func (s *WalletStore) Claims(ctx context.Context) (out []wallet.Pending, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		return s.claims(ctx, tx, func(_ int64, p wallet.Pending) { out = append(out, p) })
	})
	if err != nil {
		return nil, fmt.Errorf("reading claims: %w", err)
	}
	return out, nil
}

// claims gives every claim to f, in order.
func (s *WalletStore) claims(ctx context.Context, tx *sql.Tx, f func(int64, wallet.Pending)) error {
	rows, err := tx.QueryContext(ctx, `SELECT id, value FROM claim ORDER BY id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var sealed []byte
		var p wallet.Pending
		if err := rows.Scan(&id, &sealed); err != nil {
			return err
		}
		if err := s.unpack(IntCell("claim", "value", id), sealed, &p); err != nil {
			return err
		}
		f(id, p)
	}
	return rows.Err()
}

// DropClaim implements wallet.Store.
func (s *WalletStore) DropClaim(ctx context.Context, board did.DID, code string) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error { return s.dropClaim(ctx, tx, board, code) })
}

func (s *WalletStore) dropClaim(ctx context.Context, tx *sql.Tx, board did.DID, code string) error {
	var ids []int64
	err := s.claims(ctx, tx, func(id int64, p wallet.Pending) {
		if p.Board == board && p.Code == code {
			ids = append(ids, id)
		}
	})
	for _, id := range ids {
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM claim WHERE id = ?`, id)
		}
	}
	if err != nil {
		return fmt.Errorf("removing a claim: %w", err)
	}
	return nil
}

// Log implements wallet.Store.
func (s *WalletStore) Log(ctx context.Context, line wallet.Shared) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		// The id is chosen before sealing, which ties the value to it; the
		// write transaction keeps it free.
		var id int64
		if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) + 1 FROM shared`).Scan(&id); err != nil {
			return fmt.Errorf("noting what is shared: %w", err)
		}
		sealed, err := s.pack(IntCell("shared", "value", id), line)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO shared (id, value) VALUES (?, ?)`, id, sealed); err != nil {
			return fmt.Errorf("noting what is shared: %w", err)
		}
		return nil
	})
}

// Logged implements wallet.Store.
func (s *WalletStore) Logged(ctx context.Context) (out []wallet.Shared, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, value FROM shared ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id int64
			var sealed []byte
			var line wallet.Shared
			if err := rows.Scan(&id, &sealed); err != nil {
				return err
			}
			if err := s.unpack(IntCell("shared", "value", id), sealed, &line); err != nil {
				return err
			}
			out = append(out, line)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	return out, nil
}

var _ wallet.Store = (*WalletStore)(nil)
