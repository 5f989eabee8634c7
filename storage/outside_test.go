package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
)

func TestOutsideStore(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "verifier.db")
	db, err := Open(path, Verifier)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := NewOutsideStore(db)
	at := func(n int) time.Time { return time.Date(2026, 11, 21, 9, 0, n, 0, time.UTC) }
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(kind OutsideKind, id string, i OutsideItem, body string) {
		t.Helper()
		i.ID = id
		got, b, err := s.Get(ctx, kind, id)
		if err != nil || got != i || string(b) != body {
			t.Fatalf("%s: %+v %q %v, want %+v %q", id, got, b, err, i, body)
		}
	}
	if i, b, err := s.Get(ctx, OutsideDocument, "did:web:a.example"); err != nil || i != (OutsideItem{}) || b != nil {
		t.Fatalf("%+v %v", i, err)
	}
	// Asked for, tried in vain, brought, tried in vain again.
	const list = "https://a.example/1"
	ok(s.Ask(ctx, OutsideStatusList, list, at(1)))
	want(OutsideStatusList, list, OutsideItem{Asked: at(1)}, "")
	ok(s.Failed(ctx, OutsideStatusList, list, "net_unreachable", at(2)))
	want(OutsideStatusList, list, OutsideItem{Asked: at(1), Tried: at(2), Code: "net_unreachable"}, "")
	ok(s.Keep(ctx, OutsideStatusList, list, []byte("x"), at(3)))
	want(OutsideStatusList, list, OutsideItem{At: at(3), Asked: at(1), Tried: at(3)}, "x")
	ok(s.Failed(ctx, OutsideStatusList, list, "net_too_large", at(4)))
	ok(s.Ask(ctx, OutsideStatusList, list, at(5)))
	want(OutsideStatusList, list, OutsideItem{At: at(3), Asked: at(5), Tried: at(4), Code: "net_too_large"}, "x")
	ok(s.Keep(ctx, OutsideStatusList, list, nil, at(6)))
	want(OutsideStatusList, list, OutsideItem{At: at(6), Asked: at(5), Tried: at(6)}, "")

	// One name, two kinds.
	ok(s.Keep(ctx, OutsideDocument, list, []byte("d"), at(7)))
	want(OutsideDocument, list, OutsideItem{At: at(7), Asked: at(7), Tried: at(7)}, "d")
	ok(s.Forget(ctx, OutsideDocument, list))
	if items, err := s.List(ctx, OutsideDocument); err != nil || len(items) != 0 {
		t.Errorf("%v %v", items, err)
	}
	ok(s.Forget(ctx, OutsideDocument, list))

	// What was tried longest ago comes first; what was asked for longest ago
	// makes room.
	for i := range MaxStatusLists + 2 {
		ok(s.Ask(ctx, OutsideStatusList, fmt.Sprintf("https://b.example/%03d", i), at(20+i)))
	}
	items, err := s.List(ctx, OutsideStatusList)
	if err != nil || len(items) != MaxStatusLists || items[0].ID != "https://b.example/002" {
		t.Fatalf("%d %+v %v", len(items), items[0], err)
	}
	ok(s.Failed(ctx, OutsideStatusList, items[0].ID, "net_unreachable", at(900)))
	if items, err = s.List(ctx, OutsideStatusList); err != nil || items[len(items)-1].ID != "https://b.example/002" {
		t.Errorf("%v", err)
	}
	ok(db.Check(ctx))
}

// TestThreat54_OutsideStoreFails: a store that cannot write says so.
func TestThreat54_OutsideStoreFails(t *testing.T) {
	ctx := context.Background()
	db, err := Open(filepath.Join(t.TempDir(), "verifier.db"), Verifier)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`CREATE TRIGGER full BEFORE INSERT ON outside BEGIN SELECT RAISE(ABORT, 'full'); END`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	s := NewOutsideStore(db)
	now := time.Unix(1, 0)
	for _, err := range []error{
		s.Ask(ctx, OutsideStatusList, "x", now), s.Keep(ctx, OutsideDocument, "x", nil, now), s.Failed(ctx, OutsideDocument, "x", "c", now),
	} {
		if err == nil || !strings.Contains(err.Error(), "full") {
			t.Error(err)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := s.Get(ended, OutsideDocument, "x"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(ctx, OutsideDocument); err == nil || explain.CodeOf(err) != "" {
		t.Error(err)
	}
}
