package storage

// What must hold in a database beyond its structure: SQLite cannot say it in
// a constraint, and the roles see to it one act at a time. `home check` and a
// restore look at all of it at once.

import (
	"context"
	"database/sql"
	"fmt"
)

// invariant is one rule; the query counts what breaks it.
type invariant struct{ what, query string }

// A leaf's batch is its id / 4096. States of a batch: 3 proved, 4 signed,
// 5 done, 6 abandoned (issuer.BatchState).
var invariants = map[string][]invariant{
	"issuer": {
		{"leaf_twice", `SELECT count(*) FROM (SELECT 1 FROM leaf GROUP BY hash HAVING count(*) > 1)`},
		{"leaf_without_batch", `SELECT count(*) FROM leaf l LEFT JOIN batch b ON b.number = l.id / 4096 WHERE b.number IS NULL OR b.state = 6`},
		{"index_of_another_licence", `SELECT count(*) FROM leaf l JOIN status_index i ON i.number = l.status_index WHERE i.licence <> l.licence`},
		{"index_without_batch", `SELECT count(*) FROM status_index i LEFT JOIN batch b ON b.number = i.batch WHERE b.number IS NULL`},
		{"signed_before_proved", `SELECT count(*) FROM leaf l JOIN batch b ON b.number = l.id / 4096 WHERE l.credential IS NOT NULL AND b.state < 3`},
		{"done_without_credential", `SELECT count(*) FROM leaf l JOIN batch b ON b.number = l.id / 4096 WHERE l.credential IS NULL AND b.state IN (4, 5)`},
		{"batch_incomplete", `SELECT count(*) FROM batch b WHERE b.state < 6 AND b.size <>
			(SELECT count(*) FROM leaf l WHERE l.id BETWEEN b.number * 4096 AND b.number * 4096 + 4095)`},
		{"licence_ahead_of_itself", `SELECT count(*) FROM licence WHERE settled_rev > status_rev OR issued_rev > revision`},
		{"licence_in_closed_batch", `SELECT count(*) FROM licence l LEFT JOIN batch b ON b.number = l.batch WHERE l.batch <> 0 AND (b.number IS NULL OR b.state >= 5)`},
		{"event_ahead_of_licence", `SELECT count(*) FROM event e JOIN licence l ON l.id = e.licence WHERE e.status_rev > l.status_rev`},
	},
	"verifier": {
		{"past_final_changed", `SELECT count(*) FROM past_change WHERE was IN (6, 7, 12, 13) OR was = became`},
		{"past_broken", `SELECT count(*) FROM (SELECT was, lag(became) OVER (PARTITION BY issuer, place ORDER BY height, position) AS before FROM past_change) WHERE before <> was`},
		{"nonce_burned_by_nothing", `SELECT count(*) FROM request WHERE burned = 1 AND digest IS NULL`},
	},
}

// Contradictions names the rules that a database breaks; none is the rule.
func (d *DB) Contradictions(ctx context.Context) (broken []string, err error) {
	err = d.Read(ctx, func(tx *sql.Tx) error {
		for _, i := range invariants[d.schema.Name] {
			var n int64
			if err := tx.QueryRowContext(ctx, i.query).Scan(&n); err != nil {
				return fmt.Errorf("%s: %w", i.what, err)
			}
			if n > 0 {
				broken = append(broken, i.what)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("checking what must hold: %w", err)
	}
	return broken, nil
}

// sealedColumns are the values that are sealed under a role's own key, with
// the column that names their row.
var sealedColumns = map[string][]struct{ table, column, row string }{
	"issuer": {
		{"licence", "body", "id"},
		{"event", "body", "id"},
		{"batch", "person", "number"},
		{"leaf", "draft", "id"},
		{"leaf", "credential", "id"},
		{"claim_code", "body", "id"},
		{"act", "body", "id"},
		{"import", "person", "id"},
	},
	"wallet": {
		{"holder", "value", "id"},
		{"binding_key", "value", "id"},
		{"credential", "value", "id"},
		{"shared", "value", "id"},
		{"claim", "value", "id"},
	},
}

// OpenAll opens every value that a role sealed in its database, one at a time,
// and keeps none. The verifier's history is sealed to another key:
// VerifierStore.History opens it. Code data_damaged.
func (d *DB) OpenAll(ctx context.Context, master []byte) error {
	seal, err := NewSealer(master, d.schema.Name, "data")
	if err != nil {
		return err
	}
	defer seal.Close()
	for _, c := range sealedColumns[d.schema.Name] {
		if err := d.openColumn(ctx, seal, c.table, c.column, c.row); err != nil {
			return fmt.Errorf("opening what is sealed: %w", err)
		}
	}
	return nil
}

func (d *DB) openColumn(ctx context.Context, seal *Sealer, table, column, row string) error {
	return d.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, fmt.Sprintf(`SELECT CAST(%s AS TEXT), %s FROM "%s" WHERE %s IS NOT NULL`, row, column, table, column))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			var sealed sql.RawBytes
			if err := rows.Scan(&id, &sealed); err != nil {
				return err
			}
			plain, err := seal.Open(Cell{table, column, id}, sealed)
			clear(plain)
			if err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
