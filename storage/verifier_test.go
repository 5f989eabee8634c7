package storage

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/verifier"
)

var _ verifier.Store = (*VerifierStore)(nil)

func verifierStore(t *testing.T, path string, public []byte) (*DB, *VerifierStore) {
	t.Helper()
	db := mustOpen(t, path, Verifier)
	s, err := NewVerifierStore(db, public)
	if err != nil {
		t.Fatal(err)
	}
	return db, s
}

// A nonce belongs to the first bytes that fit it, across processes, and ends
// with the first verdict that is final.
func TestThreat40_NonceIsBurnedDurably(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "verifier.db")
	public, _, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	first, second := [32]byte{1}, [32]byte{2}
	var db *DB
	var s *VerifierStore
	reopen := func() {
		t.Helper()
		if db != nil {
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		db, s = verifierStore(t, path, public)
	}
	reopen()
	reserve := func(d [32]byte, want bool) {
		t.Helper()
		if ok, err := s.Reserve(ctx, "n", d); ok != want || err != nil {
			t.Errorf("reserve: %v %v", ok, err)
		}
	}
	burn := func(d [32]byte, want bool) {
		t.Helper()
		if ok, err := s.Burn(ctx, "n", d); ok != want || err != nil {
			t.Errorf("burn: %v %v", ok, err)
		}
	}
	if _, err := s.Reserve(ctx, "n", first); !errors.Is(err, verifier.ErrNonceUnknown) {
		t.Error("a nonce of nobody:", err)
	}
	burn(first, false)
	if err := s.AddRequest(ctx, "n", time.Unix(1, 0), time.Unix(9, 0), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.AddRequest(ctx, "n", time.Unix(2, 0), time.Unix(9, 0), nil); err == nil {
		t.Error("one nonce was taken twice")
	}
	burn(first, false) // nobody reserved it
	reserve(first, true)
	reopen()
	reserve(first, true)
	reserve(second, false)
	burn(second, false)
	burn(first, true)
	reopen()
	burn(first, false)
	reserve(first, false)
	reserve(second, false)

	// Of many at once one is first.
	if err := s.AddRequest(ctx, "m", time.Unix(1, 0), time.Unix(9, 0), nil); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	won := make(chan byte, 8)
	for i := range byte(8) {
		wg.Go(func() {
			if ok, err := s.Reserve(ctx, "m", [32]byte{i}); err != nil {
				t.Error(err)
			} else if ok {
				won <- i
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Errorf("%d presentations have one nonce", len(won))
	}
	winner := [32]byte{<-won}
	burned := make(chan bool, 8)
	for range 8 {
		wg.Go(func() {
			ok, err := s.Burn(ctx, "m", winner)
			if err != nil {
				t.Error(err)
			}
			burned <- ok
		})
	}
	wg.Wait()
	n := 0
	for range 8 {
		if <-burned {
			n++
		}
	}
	if n != 1 {
		t.Errorf("burned %d times", n)
	}
}

// The history is written without a secret and read only with one; nothing of
// it stands in the files.
func TestThreat75_HistoryIsSealed(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	public, private, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	db, s := verifierStore(t, filepath.Join(dir, "verifier.db"), public)
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for i, r := range []string{marker + " first", marker + " second"} {
		if err := s.Record(ctx, at.Add(time.Duration(i)*time.Second), []byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	read := func(private []byte) (out []string, err error) {
		open, err := OpenWith(private, Verifier.Name)
		if err != nil {
			t.Fatal(err)
		}
		err = s.History(ctx, open, func(when time.Time, b []byte) error {
			out = append(out, when.Format(time.TimeOnly)+" "+string(b))
			return nil
		})
		return out, err
	}
	got, err := read(private)
	if err != nil || strings.Join(got, ",") != "09:00:00 "+marker+" first,09:00:01 "+marker+" second" {
		t.Error(got, err)
	}
	_, other, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := read(other); explain.CodeOf(err) != "data_damaged" || len(got) > 0 {
		t.Error("another key:", got, err)
	}
	stop := errors.New("enough")
	open, err := OpenWith(private, Verifier.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.History(ctx, open, func(time.Time, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	// A row that was put in another's place does not open.
	if err := db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE history SET result = (SELECT result FROM history ORDER BY at DESC LIMIT 1)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := read(private); explain.CodeOf(err) != "data_damaged" {
		t.Error("a verdict in another's place:", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	for _, f := range list {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil || bytes.Contains(b, []byte(marker)) {
			t.Errorf("%s tells: %v", f.Name(), err)
		}
	}
}

// Requests are kept as they went out, found by their nonce, listed while they
// may be answered, and nobody answers one that was closed.
func TestRequests(t *testing.T) {
	ctx := context.Background()
	public, _, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	_, s := verifierStore(t, filepath.Join(t.TempDir(), "v.db"), public)
	for i, nonce := range []string{"old", "closed", "burned", "reserved", "newest"} {
		if err := s.AddRequest(ctx, nonce, time.Unix(int64(i), 0), time.Unix(int64(10+i), 0), []byte("file "+nonce)); err != nil {
			t.Fatal(err)
		}
	}
	digest := [32]byte{1}
	for _, nonce := range []string{"burned", "reserved"} {
		if ok, err := s.Reserve(ctx, nonce, digest); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if ok, err := s.Burn(ctx, "burned", digest); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := s.CloseRequest(ctx, "closed"); err != nil {
		t.Fatal(err)
	}
	files, err := s.OpenRequests(ctx, time.Unix(10, 0), 9)
	if got := string(bytes.Join(files, []byte(","))); got != "file newest,file reserved" || err != nil {
		t.Errorf("open: %q %v", got, err)
	}
	if files, err := s.OpenRequests(ctx, time.Unix(10, 0), 1); len(files) != 1 || err != nil {
		t.Errorf("one at most: %d %v", len(files), err)
	}
	for nonce, want := range map[string]string{"old": "file old", "closed": "file closed", "burned": "file burned", "nobody's": ""} {
		if got, err := s.Request(ctx, nonce); string(got) != want || err != nil {
			t.Errorf("%s: %q %v", nonce, got, err)
		}
	}
	if ok, err := s.Reserve(ctx, "closed", digest); ok || !errors.Is(err, verifier.ErrRequestClosed) {
		t.Error("a closed request was answered:", ok, err)
	}
	if ok, err := s.Reserve(ctx, "burned", digest); ok || err != nil {
		t.Error(ok, err)
	}
}

// The history is read from its end, a page at a time, and no verdict is left
// out or comes twice.
func TestHistoryPages(t *testing.T) {
	ctx := context.Background()
	public, private, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	_, s := verifierStore(t, filepath.Join(t.TempDir(), "v.db"), public)
	open, err := OpenWith(private, Verifier.Name)
	if err != nil {
		t.Fatal(err)
	}
	if page, err := s.HistoryPage(ctx, open, 0, 3); len(page) != 0 || err != nil {
		t.Error("empty:", page, err)
	}
	want := ""
	for i := range 7 {
		at := time.Unix(int64(100-i), 0) // the device's clock runs backwards
		if err := s.Record(ctx, at, []byte{'a' + byte(i)}); err != nil {
			t.Fatal(err)
		}
		want = string('a'+rune(i)) + want
	}
	if n, err := s.HistorySize(ctx); n != 7 || err != nil {
		t.Error(n, err)
	}
	got, before := "", int64(0)
	for {
		page, err := s.HistoryPage(ctx, open, before, 3)
		if err != nil || len(page) > 3 {
			t.Fatal(len(page), err)
		}
		if len(page) == 0 {
			break
		}
		for _, k := range page {
			got += string(k.Result)
			if want := int64(100 - (k.Result[0] - 'a')); k.At.Unix() != want {
				t.Errorf("%s at %d, want %d", k.Result, k.At.Unix(), want)
			}
			before = k.Seq
		}
	}
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
	_, other, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	if open, err = OpenWith(other, Verifier.Name); err != nil {
		t.Fatal(err)
	}
	if page, err := s.HistoryPage(ctx, open, 0, 3); explain.CodeOf(err) != "data_damaged" || page != nil {
		t.Error("another key:", page, err)
	}
}

func TestVerifierSettings(t *testing.T) {
	ctx := context.Background()
	public, _, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	_, s := verifierStore(t, filepath.Join(t.TempDir(), "v.db"), public)
	for _, v := range []string{"", "one", "two"} {
		if v != "" {
			if err := s.SetSetting(ctx, "audience", v); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Setting(ctx, "audience"); got != v || err != nil {
			t.Error(got, err)
		}
	}
	if _, err := NewVerifierStore(nil, []byte("short")); err == nil {
		t.Error("a key that is none")
	}
}

// A database that fails gives an error each time, never an answer.
func TestThreat54_VerifierDatabaseFails(t *testing.T) {
	ctx := context.Background()
	public, private, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	open, err := OpenWith(private, Verifier.Name)
	if err != nil {
		t.Fatal(err)
	}
	db, s := verifierStore(t, filepath.Join(t.TempDir(), "v.db"), public)
	if err := s.AddRequest(ctx, "n", time.Unix(1, 0), time.Unix(9, 0), nil); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if ok, err := s.Reserve(ctx, "n", [32]byte{1}); ok || err == nil || errors.Is(err, verifier.ErrNonceUnknown) {
		t.Error("reserve:", ok, err)
	}
	if ok, err := s.Burn(ctx, "n", [32]byte{1}); ok || err == nil {
		t.Error("burn:", ok, err)
	}
	if err := s.Record(ctx, time.Unix(1, 0), nil); err == nil {
		t.Error("record")
	}
	if err := s.AddRequest(ctx, "m", time.Unix(1, 0), time.Unix(9, 0), nil); err == nil {
		t.Error("request")
	}
	if err := s.History(ctx, open, nil); err == nil {
		t.Error("history")
	}
	if _, err := s.HistoryPage(ctx, open, 0, 1); err == nil {
		t.Error("page")
	}
	if _, err := s.HistorySize(ctx); err == nil {
		t.Error("size")
	}
	if _, err := s.OpenRequests(ctx, time.Unix(1, 0), 1); err == nil {
		t.Error("open requests")
	}
	if _, err := s.Request(ctx, "n"); err == nil {
		t.Error("request of a nonce")
	}
	if err := s.CloseRequest(ctx, "n"); err == nil {
		t.Error("close")
	}
	if _, err := s.Setting(ctx, "x"); err == nil {
		t.Error("setting")
	}
	if err := s.SetSetting(ctx, "x", "y"); err == nil {
		t.Error("setting")
	}
}
