package storage

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/verifier"
)

var _ verifier.Past = (*PastStore)(nil)

const pastBoard did.DID = "did:bonafide:test-abcdefgh:board"

// learned is an import of one board whose status subject had root before and
// has root after, 0 for none.
func learned(from, to uint64, exact bool, before, after byte, changes ...verifier.LearnedChange) verifier.Learned {
	i := verifier.LearnedIssuer{Issuer: pastBoard, After: &ledger.Hash{after}, Changes: changes, OnceBefore: func() bool { return false }}
	if before != 0 {
		i.Before = &ledger.Hash{before}
	}
	return verifier.Learned{From: from, To: to, Exact: exact, Issuers: []verifier.LearnedIssuer{i}}
}

// What the store says is the same after the program ended, and whether an
// import was learned once or twice; one that never came to count is superseded
// by the next.
func TestPastStore(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "v.db")
	s := NewPastStore(mustOpen(t, path, Verifier))
	past := func() verifier.PastStatus {
		t.Helper()
		p, err := s.Past(ctx, pastBoard, 7)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	learn := func(l verifier.Learned) {
		t.Helper()
		for range 2 {
			if err := s.Learn(ctx, "test-abcdefgh", l); err != nil {
				t.Fatal(err)
			}
		}
	}
	same := func(p verifier.PastStatus, height uint64, root byte, changes []verifier.PastChange, gaps []verifier.PastGap) {
		t.Helper()
		if p.Height != height || p.Root != (ledger.Hash{root}) || !slices.Equal(p.Changes, changes) || !slices.Equal(p.Gaps, gaps) {
			t.Errorf("%+v", p)
		}
	}
	change := func(height uint64, old, now ledger.Status) verifier.LearnedChange {
		return verifier.LearnedChange{Height: height, Index: 7, Old: old, New: now}
	}
	if p := past(); p.Height != 0 {
		t.Errorf("before any import: %+v", p)
	}
	learn(learned(0, 10, false, 0, 1))
	begins := []verifier.PastGap{{Until: 10}}
	same(past(), 10, 1, nil, begins)

	// A whole pack that never came to count, then a delta from the same data.
	learn(learned(10, 30, false, 1, 3, change(30, ledger.Current, ledger.Hold)))
	same(past(), 30, 3, []verifier.PastChange{{Height: 30, Old: ledger.Current, New: ledger.Hold}}, append(slices.Clone(begins), verifier.PastGap{After: 10, Until: 30}))
	learn(learned(10, 20, true, 1, 2, change(12, ledger.Current, ledger.Probation), change(15, ledger.Probation, ledger.SuspendedStatus)))
	changes := []verifier.PastChange{
		{Height: 12, Old: ledger.Current, New: ledger.Probation}, {Height: 15, Old: ledger.Probation, New: ledger.SuspendedStatus},
	}
	same(past(), 20, 2, changes, begins)

	// Opened again, by an import that brings nothing new.
	s = NewPastStore(mustOpen(t, path, Verifier))
	learn(learned(20, 20, false, 2, 2))
	same(past(), 20, 2, changes, begins)

	// Data that came without its past: nothing was changed meanwhile, then
	// something was.
	learn(learned(40, 50, true, 2, 4, change(45, ledger.SuspendedStatus, ledger.Current)))
	changes = append(changes, verifier.PastChange{Height: 45, Old: ledger.SuspendedStatus, New: ledger.Current})
	same(past(), 50, 4, changes, begins)
	learn(learned(60, 70, true, 5, 6, change(65, ledger.Current, ledger.Revoked)))
	same(past(), 70, 6, []verifier.PastChange{{Height: 65, Old: ledger.Current, New: ledger.Revoked}}, []verifier.PastGap{{Until: 60}})

	// After another pin: the same status, then another.
	learn(learned(0, 80, false, 0, 6))
	same(past(), 80, 6, []verifier.PastChange{{Height: 65, Old: ledger.Current, New: ledger.Revoked}}, []verifier.PastGap{{Until: 60}})
	learn(learned(0, 90, false, 0, 7))
	same(past(), 90, 7, nil, []verifier.PastGap{{Until: 90}})

	if p, err := s.Past(ctx, pastBoard+"x", 7); err != nil || p.Height != 0 {
		t.Errorf("of another board: %+v, %v", p, err)
	}
}

// An import whose past cannot be written is none.
func TestThreat54_PastThatCannotBeKept(t *testing.T) {
	db := mustOpen(t, filepath.Join(t.TempDir(), "v.db"), Verifier)
	s := NewPastStore(db)
	run(t, db, `CREATE TRIGGER full BEFORE INSERT ON past_gap BEGIN SELECT raise(ABORT, 'disk full'); END`)
	if err := s.Learn(context.Background(), "test-abcdefgh", learned(0, 10, false, 0, 1)); err == nil {
		t.Error("nothing was kept, and nobody was told")
	}
	if p, err := s.Past(context.Background(), pastBoard, 7); err != nil || p.Height != 0 {
		t.Errorf("half of it was kept: %+v, %v", p, err)
	}
}

// What cannot be is found, and is no answer.
func TestPastThatWasAltered(t *testing.T) {
	ctx := context.Background()
	for what, text := range map[string]string{
		"past_final_changed": `UPDATE past_change SET was = 6 WHERE height = 12`,
		"past_broken":        `UPDATE past_change SET became = 4 WHERE height = 12`,
		"":                   `UPDATE past_issuer SET root = x'00'`,
	} {
		db := mustOpen(t, filepath.Join(t.TempDir(), "v.db"), Verifier)
		s := NewPastStore(db)
		if err := s.Learn(ctx, "test-abcdefgh", learned(1, 20, true, 1, 2,
			verifier.LearnedChange{Height: 12, Index: 7, Old: ledger.Current, New: ledger.Probation},
			verifier.LearnedChange{Height: 15, Index: 7, Old: ledger.Probation, New: ledger.Current})); err != nil {
			t.Fatal(err)
		}
		if broken, err := db.Contradictions(ctx); err != nil || len(broken) > 0 {
			t.Fatal(broken, err)
		}
		if what == "" {
			run(t, db, `PRAGMA ignore_check_constraints = ON`)
			run(t, db, text)
			if _, err := s.Past(ctx, pastBoard, 7); explain.CodeOf(err) != "data_damaged" {
				t.Error(err)
			}
			continue
		}
		run(t, db, text)
		if broken, err := db.Contradictions(ctx); err != nil || !slices.Contains(broken, what) {
			t.Errorf("%s: found %v, %v", what, broken, err)
		}
	}
}
