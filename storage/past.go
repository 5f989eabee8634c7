package storage

// What the hospital learned of the past of licences' statuses, an import at a
// time. It implements verifier.Past.

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/verifier"
)

// PastStore keeps it in a database of schema Verifier.
type PastStore struct{ db *DB }

// NewPastStore returns the store over a database of schema Verifier.
func NewPastStore(db *DB) *PastStore { return &PastStore{db} }

// Learn adds what an import taught, before the import itself counts: what the
// store knows beyond the data at hand is not used, and is dropped when another
// import goes on from that data. Learning the same once more changes nothing.
func (s *PastStore) Learn(ctx context.Context, network string, l verifier.Learned) error {
	height, err := s.height(ctx, network)
	if err != nil {
		return err
	}
	if l.From == l.To && height >= int64(l.To) {
		return nil // nothing was new
	}
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		w := pastWriter{ctx: ctx, tx: tx, network: network, l: l}
		return w.write(height)
	})
	if err != nil {
		return fmt.Errorf("keeping what was learned of the past: %w", err)
	}
	return nil
}

// height is that of the newest import of a network, -1 before the first.
func (s *PastStore) height(ctx context.Context, network string) (height int64, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT height FROM past_network WHERE name = ?`, network).Scan(&height)
		if errors.Is(err, sql.ErrNoRows) {
			height, err = -1, nil
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("reading what is known of the past: %w", err)
	}
	return height, nil
}

type pastWriter struct {
	ctx     context.Context
	tx      *sql.Tx
	network string
	l       verifier.Learned
}

func (w *pastWriter) exec(query string, args ...any) error {
	_, err := w.tx.ExecContext(w.ctx, query, args...)
	return err
}

func (w *pastWriter) write(height int64) error {
	from := int64(w.l.From)
	if from > 0 && height > from {
		// An import that never came to count; this one tells the same and more.
		for _, q := range []string{
			`DELETE FROM past_change WHERE height > ? AND issuer IN (SELECT id FROM past_issuer WHERE network = ?)`,
			`DELETE FROM past_gap WHERE upto > ? AND issuer IN (SELECT id FROM past_issuer WHERE network = ?)`,
		} {
			if err := w.exec(q, from, w.network); err != nil {
				return err
			}
		}
	}
	if err := w.exec(`INSERT INTO past_network (name, height) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET height = excluded.height`,
		w.network, int64(w.l.To)); err != nil {
		return err
	}
	for _, i := range w.l.Issuers {
		if err := w.issuer(i, from > 0 && height >= from); err != nil {
			return err
		}
	}
	return nil
}

// issuer goes on from what is known of an issuer, where that reaches to what
// the import began with, and begins anew where it does not. follows says that
// it does for all issuers.
func (w *pastWriter) issuer(i verifier.LearnedIssuer, follows bool) error {
	var id int64
	var root []byte
	err := w.tx.QueryRowContext(w.ctx, `SELECT id, root FROM past_issuer WHERE did = ?`, string(i.Issuer)).Scan(&id, &root)
	known := err == nil
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if err := w.exec(`INSERT INTO past_issuer (network, did, root) VALUES (?, ?, ?)`, w.network, string(i.Issuer), i.After[:]); err != nil {
			return err
		}
		if err := w.tx.QueryRowContext(w.ctx, `SELECT id FROM past_issuer WHERE did = ?`, string(i.Issuer)).Scan(&id); err != nil {
			return err
		}
	case err != nil:
		return err
	case !bytes.Equal(root, i.After[:]):
		if err := w.exec(`UPDATE past_issuer SET root = ? WHERE id = ?`, i.After[:], id); err != nil {
			return err
		}
	}
	gap := func(after, upto uint64, once bool) error {
		return w.exec(`INSERT OR REPLACE INTO past_gap (issuer, upto, after, once) VALUES (?, ?, ?, ?)`, id, int64(upto), int64(after), once)
	}
	switch {
	case known && (follows || i.Before != nil && bytes.Equal(root, i.Before[:])):
	case known && bytes.Equal(root, i.After[:]):
		return nil // nothing was changed since it was seen last
	default:
		for _, q := range []string{`DELETE FROM past_change WHERE issuer = ?`, `DELETE FROM past_gap WHERE issuer = ?`} {
			if err := w.exec(q, id); err != nil {
				return err
			}
		}
		if w.l.From == 0 {
			return gap(0, w.l.To, i.Once)
		}
		if i.Before != nil {
			if err := gap(0, w.l.From, i.OnceBefore()); err != nil {
				return err
			}
		}
	}
	if !w.l.Exact && (i.Before == nil || *i.Before != *i.After) {
		if err := gap(w.l.From, w.l.To, i.Once); err != nil {
			return err
		}
	}
	insert, err := w.tx.PrepareContext(w.ctx, `INSERT OR REPLACE INTO past_change (issuer, place, height, position, was, became) VALUES (?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, c := range i.Changes {
		if _, err := insert.ExecContext(w.ctx, id, c.Index, int64(c.Height), c.Position, int(c.Old), int(c.New)); err != nil {
			return err
		}
	}
	return nil
}

// Past implements verifier.Past.
func (s *PastStore) Past(ctx context.Context, issuer did.DID, index uint32) (p verifier.PastStatus, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		var id, height int64
		var root []byte
		err := tx.QueryRowContext(ctx, `SELECT i.id, i.root, n.height FROM past_issuer i JOIN past_network n ON n.name = i.network WHERE i.did = ?`, string(issuer)).
			Scan(&id, &root, &height)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(root) != len(p.Root) {
			return explain.Errorf("data_damaged", "a digest has another length")
		}
		p = verifier.PastStatus{Height: uint64(height), Root: ledger.Hash(root)}
		rows, err := tx.QueryContext(ctx, `SELECT height, was, became FROM past_change WHERE issuer = ? AND place = ? ORDER BY height, position`, id, index)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c verifier.PastChange
			if err := rows.Scan(&c.Height, &c.Old, &c.New); err != nil {
				return err
			}
			p.Changes = append(p.Changes, c)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		gaps, err := tx.QueryContext(ctx, `SELECT after, upto, once FROM past_gap WHERE issuer = ? ORDER BY upto`, id)
		if err != nil {
			return err
		}
		defer gaps.Close()
		for gaps.Next() {
			var g verifier.PastGap
			if err := gaps.Scan(&g.After, &g.Until, &g.Once); err != nil {
				return err
			}
			p.Gaps = append(p.Gaps, g)
		}
		return gaps.Err()
	})
	if err != nil {
		return verifier.PastStatus{}, fmt.Errorf("reading what is known of the past: %w", err)
	}
	return p, nil
}
