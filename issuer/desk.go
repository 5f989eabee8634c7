package issuer

// The register as a desk shows it: in pages, and what of it changed.

import (
	"context"
	"fmt"
)

// Mark is what a register says of a licence without any of its content: where one
// of the counters is another than it was, the licence is to be read again.
type Mark struct {
	ID                    int64
	StatusRev, SettledRev uint32
	Revision, IssuedRev   uint32
}

// DeskStore is the part of a Store that a desk looks at. Nothing of it unseals
// anything.
type DeskStore interface {
	// Version is another number after every change of the store, by whichever
	// process, and the same one while nothing was changed.
	Version(ctx context.Context) (int64, error)
	// Count is the number of licences.
	Count(ctx context.Context) (int, error)
	// Marks calls f for every licence in the order of ids.
	Marks(ctx context.Context, f func(Mark) error) error
	// OpenMarks calls f for every open act.
	OpenMarks(ctx context.Context, f func(licence int64, state DecisionState) error) error
}

// Version is another number after every change of the register.
func (b *Board) Version(ctx context.Context) (int64, error) {
	v, err := b.Store.Version(ctx)
	if err != nil {
		return 0, fmt.Errorf("asking whether the register changed: %w", err)
	}
	return v, nil
}

// Count is the number of licences in the register.
func (b *Board) Count(ctx context.Context) (int, error) {
	n, err := b.Store.Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("counting licences: %w", err)
	}
	return n, nil
}

// Page reads the licences that come after one, in the order of registration.
func (b *Board) Page(ctx context.Context, after int64, limit int) ([]Licence, error) {
	ls, err := b.Store.After(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading licences: %w", err)
	}
	return ls, nil
}

// Licences reads licences by their ids, in the order asked; ErrNotFound.
func (b *Board) Licences(ctx context.Context, ids []int64) ([]Licence, error) {
	ls, err := b.Store.ByID(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading licences: %w", err)
	}
	return ls, nil
}

// Marks calls f for every licence in the order of registration.
func (b *Board) Marks(ctx context.Context, f func(Mark) error) error {
	if err := b.Store.Marks(ctx, f); err != nil {
		return fmt.Errorf("reading the register's counters: %w", err)
	}
	return nil
}

// OpenMarks calls f for every open act, with its licence.
func (b *Board) OpenMarks(ctx context.Context, f func(licence int64, state DecisionState) error) error {
	if err := b.Store.OpenMarks(ctx, f); err != nil {
		return fmt.Errorf("reading acts: %w", err)
	}
	return nil
}

// OpenOf lists the acts that wait on a licence.
func (b *Board) OpenOf(ctx context.Context, licence int64) ([]PendingAct, error) {
	ds, err := b.Store.OpenActsOf(ctx, []int64{licence})
	if err != nil {
		return nil, fmt.Errorf("reading acts: %w", err)
	}
	ls, err := b.Licences(ctx, []int64{licence})
	if err != nil {
		return nil, err
	}
	return pending(ds, func(int) *Licence { return &ls[0] }, b.now()), nil
}
