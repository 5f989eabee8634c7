package storage

// What a board's desk asks of the register without unsealing anything.

import (
	"context"
	"fmt"

	"bonafide/issuer"
)

// Version implements issuer.DeskStore.
func (s *IssuerStore) Version(ctx context.Context) (int64, error) { return s.db.Version(ctx) }

// Count implements issuer.DeskStore.
func (s *IssuerStore) Count(ctx context.Context) (n int, err error) {
	err = s.read(ctx, func(q *statements) error { return q.scan(`SELECT count(*) FROM licence`, nil, &n) })
	if err != nil {
		return 0, fmt.Errorf("counting licences: %w", err)
	}
	return n, nil
}

// Marks implements issuer.DeskStore.
func (s *IssuerStore) Marks(ctx context.Context, f func(issuer.Mark) error) error {
	err := s.read(ctx, func(q *statements) error {
		return q.each(`SELECT id, status_rev, settled_rev, revision, issued_rev FROM licence ORDER BY id`, nil, func(scan func(...any) error) error {
			var m issuer.Mark
			if err := scan(&m.ID, &m.StatusRev, &m.SettledRev, &m.Revision, &m.IssuedRev); err != nil {
				return err
			}
			return f(m)
		})
	})
	if err != nil {
		return fmt.Errorf("reading the register's counters: %w", err)
	}
	return nil
}

// OpenMarks implements issuer.DeskStore.
func (s *IssuerStore) OpenMarks(ctx context.Context, f func(licence int64, state issuer.DecisionState) error) error {
	err := s.read(ctx, func(q *statements) error {
		return q.each(`SELECT licence, state FROM act WHERE state <= 2 ORDER BY id`, nil, func(scan func(...any) error) error {
			var (
				licence int64
				state   issuer.DecisionState
			)
			if err := scan(&licence, &state); err != nil {
				return err
			}
			return f(licence, state)
		})
	})
	if err != nil {
		return fmt.Errorf("reading acts: %w", err)
	}
	return nil
}
