package storage

// The acts of a board that wait, or waited, for approval or for their day:
// issuer.ActStore.

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"bonafide/internal/explain"
	"bonafide/issuer"
)

// check reads the licence that a change is about and holds the change to the
// board's rules, within the transaction that will write it.
func (s *IssuerStore) check(q *statements, c *issuer.Change) error {
	found := false
	err := q.each(`SELECT `+licenceColumns+` FROM licence WHERE id = ?`, []any{c.Licence.ID}, func(scan func(...any) error) error {
		was, err := s.licence(scan)
		if err != nil {
			return err
		}
		found = true
		return c.Check(&was)
	})
	if err == nil && !found {
		err = issuer.ErrConflict
	}
	return err
}

func actCell(id int64) Cell { return IntCell("act", "body", id) }

// move writes the steps of decisions that belong to a change, and tells the
// change's events the number of a new one.
func (s *IssuerStore) move(q *statements, licence int64, c *issuer.Change) error {
	for i := range c.Moves {
		m := &c.Moves[i]
		d := m.Decision
		d.Licence = licence
		if m.Was == 0 {
			// Ids are never given again: acts are never deleted.
			if err := q.scan(`SELECT coalesce(max(id), 0) + 1 FROM act`, nil, &d.ID); err != nil {
				return err
			}
		}
		body, err := s.sealJSON(actCell(d.ID), d)
		if err != nil {
			return err
		}
		if m.Was == 0 {
			err = q.one(`INSERT INTO act (id, licence, kind, state, made, effective, import, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
				d.ID, d.Licence, string(d.Kind), d.State, d.Made.Unix(), d.Effective.Unix(), d.Import, body)
		} else {
			err = q.one(`UPDATE act SET state = ?, body = ? WHERE id = ? AND licence = ? AND state = ?`,
				d.State, body, d.ID, d.Licence, m.Was)
		}
		if err != nil {
			return err
		}
		m.Decision = d
		for j := range c.Events {
			if e := &c.Events[j]; m.Was == 0 && e.Decision == 0 && e.Kind == d.Kind {
				e.Decision = d.ID
			}
		}
	}
	return nil
}

const actColumns = `id, licence, kind, state, made, effective, import, body`

// acts reads decisions by a query.
func (s *IssuerStore) acts(q *statements, out *[]issuer.Decision, where string, args ...any) error {
	return q.each(`SELECT `+actColumns+` FROM act `+where, args, func(scan func(...any) error) error {
		var (
			open            issuer.Decision
			made, effective int64
			sealed          []byte
		)
		if err := scan(&open.ID, &open.Licence, &open.Kind, &open.State, &made, &effective, &open.Import, &sealed); err != nil {
			return err
		}
		var d issuer.Decision
		if err := s.openJSON(actCell(open.ID), sealed, &d); err != nil {
			return err
		}
		// The columns are what queries go by: whoever can write to the file could
		// otherwise make a waiting act an approved one.
		if d.ID != open.ID || d.Licence != open.Licence || d.Kind != open.Kind || d.State != open.State ||
			d.Import != open.Import || d.Made.Unix() != made || d.Effective.Unix() != effective {
			return explain.Errorf("data_damaged", "act %d says two things", open.ID)
		}
		*out = append(*out, d)
		return nil
	})
}

func (s *IssuerStore) readActs(ctx context.Context, where string, args ...any) (out []issuer.Decision, err error) {
	err = s.read(ctx, func(q *statements) error { return s.acts(q, &out, where, args...) })
	if err != nil {
		return nil, fmt.Errorf("reading acts: %w", err)
	}
	return out, nil
}

// Decision implements issuer.ActStore.
func (s *IssuerStore) Decision(ctx context.Context, id int64) (issuer.Decision, error) {
	ds, err := s.readActs(ctx, `WHERE id = ?`, id)
	if err != nil {
		return issuer.Decision{}, err
	}
	if len(ds) == 0 {
		return issuer.Decision{}, issuer.ErrNotFound
	}
	return ds[0], nil
}

// OpenActs implements issuer.ActStore.
func (s *IssuerStore) OpenActs(ctx context.Context, after, imported int64, limit int) ([]issuer.Decision, error) {
	if imported > 0 {
		return s.readActs(ctx, `WHERE state <= 2 AND import > 0 AND import = ? AND id > ? ORDER BY id LIMIT ?`, imported, after, limit)
	}
	return s.readActs(ctx, `WHERE state <= 2 AND id > ? ORDER BY id LIMIT ?`, after, limit)
}

// OpenActsOf implements issuer.ActStore.
func (s *IssuerStore) OpenActsOf(ctx context.Context, licences []int64) (out []issuer.Decision, err error) {
	err = s.read(ctx, func(q *statements) error {
		for _, id := range licences {
			if err := s.acts(q, &out, `WHERE licence = ? AND state <= 2 ORDER BY id`, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading acts: %w", err)
	}
	return out, nil
}

// DueActs implements issuer.ActStore.
func (s *IssuerStore) DueActs(ctx context.Context, now time.Time, after int64, limit int) ([]issuer.Decision, error) {
	return s.readActs(ctx, `WHERE state = 2 AND effective <= ? AND id > ? ORDER BY id LIMIT ?`, now.Unix(), after, limit)
}

// Alarms implements issuer.ActStore.
func (s *IssuerStore) Alarms(ctx context.Context, now time.Time) (issuer.Alarms, error) {
	var a issuer.Alarms
	oldest := int64(0)
	at := now.Unix()
	err := s.read(ctx, func(q *statements) error {
		if err := q.scan(`SELECT count(*) FROM act WHERE state = 1`, nil, &a.Waiting); err != nil {
			return err
		}
		if err := q.scan(`SELECT count(*) FROM act WHERE state = 2 AND effective > ?`, []any{at}, &a.Scheduled); err != nil {
			return err
		}
		for _, x := range []struct {
			n    *int
			text string
			args []any
		}{
			{&a.Due, `SELECT count(*), min(effective) FROM act WHERE state = 2 AND effective <= ?`, []any{at}},
			{&a.Unapproved, `SELECT count(*), min(effective) FROM act WHERE state = 1 AND effective > made AND effective <= ?`, []any{at}},
			{&a.Unsent, `SELECT count(*), min(e.at) FROM event e JOIN licence l ON l.id = e.licence
				WHERE e.status_rev > 0 AND e.height = 0 AND l.issued_rev > 0`, nil},
		} {
			var since sql.NullInt64
			if err := q.scan(x.text, x.args, x.n, &since); err != nil {
				return err
			}
			if since.Valid && (oldest == 0 || since.Int64 < oldest) {
				oldest = since.Int64
			}
		}
		return nil
	})
	if err != nil {
		return issuer.Alarms{}, fmt.Errorf("counting acts: %w", err)
	}
	if oldest > 0 {
		a.Oldest = unix(oldest)
	}
	return a, nil
}

// BeginImport implements issuer.ActStore.
func (s *IssuerStore) BeginImport(ctx context.Context, at time.Time, person string) (int64, error) {
	var id int64
	err := s.write(ctx, func(q *statements) error {
		if err := q.scan(`SELECT coalesce(max(id), 0) + 1 FROM import`, nil, &id); err != nil {
			return err
		}
		sealed, err := s.seal.Seal(IntCell("import", "person", id), []byte(person))
		if err != nil {
			return err
		}
		return q.one(`INSERT INTO import (id, at, person) VALUES (?, ?, ?)`, id, at.Unix(), sealed)
	})
	if err != nil {
		return 0, fmt.Errorf("noting an import: %w", err)
	}
	return id, nil
}
