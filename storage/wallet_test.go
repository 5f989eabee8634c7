package storage

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/vc"
	"bonafide/wallet"
)

// marker stands in everything that must not be readable in the files.
const marker = "Quillfeather-3001234"

func walletStore(t *testing.T, path string, master byte) (*DB, *WalletStore) {
	t.Helper()
	db := mustOpen(t, path, Wallet)
	s, err := NewWalletStore(db, bytes.Repeat([]byte{master}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return db, s
}

func walletCredential(id string) wallet.Credential {
	at, index := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), uint32(7)
	return wallet.Credential{
		ID: id, Bytes: []byte(`{"x":"` + marker + `"}`), Received: at, Issuer: marker, Types: []string{marker}, Holder: marker, Number: marker, Jurisdiction: "US-OH",
		Format: vc.SDJWT, BindingKey: marker, Index: &index, Selective: []string{"familyName"},
		ValidFrom: at, ValidUntil: at.AddDate(2, 0, 0), Expires: at.AddDate(1, 0, 0), Fields: []wallet.Field{{Name: "familyName", Value: marker}},
	}
}

func walletClaim(code string, n int) wallet.Pending {
	return wallet.Pending{Code: code, Board: marker, At: time.Date(2026, 11, 21, 9, n, 0, 0, time.UTC), File: []byte(marker)}
}

func walletShared(n int) wallet.Shared {
	return wallet.Shared{
		At: time.Date(2026, 11, 21, 9, n, 0, 0, time.UTC), Audience: marker, Purpose: "disaster", Nonce: marker,
		Credentials: []wallet.SharedCredential{{ID: "a", Types: []string{marker}, Issuer: marker, Number: marker, Format: vc.SDJWT, Claims: []string{marker}}},
	}
}

func TestWalletStore(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "wallet.db")
	db, s := walletStore(t, path, 1)
	if _, ok, err := s.Holder(ctx); ok || err != nil {
		t.Fatalf("an empty wallet has a holder: %v", err)
	}
	h := wallet.Holder{DID: marker, KeyID: marker, Created: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	if err := s.SetHolder(ctx, h); err != nil {
		t.Fatal(err)
	}
	if err := s.SetHolder(ctx, wallet.Holder{DID: "other"}); !errors.Is(err, wallet.ErrHolderSet) {
		t.Errorf("a second holder: %v", err)
	}
	if _, ok, err := s.BindingKey(ctx); ok || err != nil {
		t.Fatalf("an empty wallet has a second key: %v", err)
	}
	k := wallet.BindingKey{Public: marker, KeyID: marker, Created: h.Created}
	if err := s.SetBindingKey(ctx, k); err != nil {
		t.Fatal(err)
	}
	if err := s.SetBindingKey(ctx, wallet.BindingKey{Public: "other"}); !errors.Is(err, wallet.ErrHolderSet) {
		t.Errorf("a second key set twice: %v", err)
	}
	a, b := walletCredential("aaaaaaaa"), walletCredential("bbbbbbbb")
	for _, c := range []wallet.Credential{b, a} {
		if err := s.Add(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Add(ctx, a); err == nil {
		t.Error("an id given twice")
	}
	b.Discarded = b.Received
	if err := s.Replace(ctx, []wallet.Credential{b, a}); err != nil {
		t.Fatal(err)
	}
	gone := walletCredential("cccccccc")
	changed := a
	changed.Number = "none of it stays"
	if err := s.Replace(ctx, []wallet.Credential{changed, gone}); err == nil {
		t.Error("something was put in the place of nothing")
	}
	for _, p := range []wallet.Pending{walletClaim("AAAAA", 1), walletClaim("BBBBB", 2), walletClaim("AAAAA", 3), walletClaim("CCCCC", 4)} {
		if err := s.PutClaim(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.DropClaim(ctx, marker, "CCCCC"), s.DropClaim(ctx, "another board", "BBBBB")); err != nil {
		t.Fatal(err)
	}
	lines := []wallet.Shared{walletShared(2), walletShared(1)} // kept in the order of noting
	for _, l := range lines {
		if err := s.Log(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	_, s = walletStore(t, path, 1)
	if got, ok, err := s.Holder(ctx); err != nil || !ok || !reflect.DeepEqual(got, h) {
		t.Errorf("holder %+v, %v", got, err)
	}
	if got, ok, err := s.BindingKey(ctx); err != nil || !ok || !reflect.DeepEqual(got, k) {
		t.Errorf("second key %+v, %v", got, err)
	}
	if got, err := s.Credentials(ctx); err != nil || !reflect.DeepEqual(got, []wallet.Credential{a, b}) {
		t.Errorf("credentials %+v, %v", got, err)
	}
	if got, err := s.Logged(ctx); err != nil || !reflect.DeepEqual(got, lines) {
		t.Errorf("log %+v, %v", got, err)
	}
	if got, err := s.Claims(ctx); err != nil || !reflect.DeepEqual(got, []wallet.Pending{walletClaim("BBBBB", 2), walletClaim("AAAAA", 3)}) {
		t.Errorf("claims %+v, %v", got, err)
	}
	for _, want := range []bool{true, false} {
		if ok, err := s.Delete(ctx, a.ID); err != nil || ok != want {
			t.Errorf("deleted: %v, %v", ok, err)
		}
	}
	if got, err := s.Credentials(ctx); err != nil || len(got) != 1 {
		t.Errorf("%d credentials left, %v", len(got), err)
	}
}

// TestThreat75_WalletFilesTellNothing looks for what was stored in every file
// of the folder, while the database is open and after.
func TestThreat75_WalletFilesTellNothing(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	db, s := walletStore(t, filepath.Join(dir, "wallet.db"), 1)
	if err := errors.Join(
		s.SetHolder(ctx, wallet.Holder{DID: marker, KeyID: marker}), s.SetBindingKey(ctx, wallet.BindingKey{Public: marker, KeyID: marker}), s.Add(ctx, walletCredential("aaaaaaaa")), s.Log(ctx, walletShared(1)),
		s.PutClaim(ctx, walletClaim("AAAAA", 1)),
	); err != nil {
		t.Fatal(err)
	}
	scan := func(when string) {
		files, err := os.ReadDir(dir)
		if err != nil || len(files) == 0 {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(filepath.Join(dir, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{marker, "familyName", "disaster", "US-OH", "T09:0"} {
				if bytes.Contains(b, []byte(secret)) {
					t.Errorf("%s: %s holds %q", when, f.Name(), secret)
				}
			}
		}
	}
	scan("open")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	scan("closed")
}

// TestThreat73_WalletRowsMoved: a sealed row opens only where it was written.
func TestThreat73_WalletRowsMoved(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "wallet.db")
	db, s := walletStore(t, path, 1)
	if err := errors.Join(
		s.SetHolder(ctx, wallet.Holder{DID: marker}), s.Add(ctx, walletCredential("aaaaaaaa")), s.Add(ctx, walletCredential("bbbbbbbb")),
		s.Log(ctx, walletShared(1)), s.Log(ctx, walletShared(2)),
	); err != nil {
		t.Fatal(err)
	}
	exec := func(q string) {
		t.Helper()
		if err := db.Write(ctx, func(tx *sql.Tx) error { _, err := tx.Exec(q); return err }); err != nil {
			t.Fatal(err)
		}
	}
	exec(`UPDATE credential SET value = (SELECT value FROM credential WHERE id = 'bbbbbbbb') WHERE id = 'aaaaaaaa'`)
	if _, err := s.Credentials(ctx); explain.CodeOf(err) != "data_damaged" {
		t.Errorf("a credential copied over another: %v", err)
	}
	exec(`UPDATE shared SET value = (SELECT value FROM shared WHERE id = 2) WHERE id = 1`)
	if _, err := s.Logged(ctx); explain.CodeOf(err) != "data_damaged" {
		t.Errorf("a line of the log copied over another: %v", err)
	}
	if err := s.SetBindingKey(ctx, wallet.BindingKey{Public: marker}); err != nil {
		t.Fatal(err)
	}
	exec(`UPDATE binding_key SET value = (SELECT value FROM holder)`)
	if _, _, err := s.BindingKey(ctx); explain.CodeOf(err) != "data_damaged" {
		t.Errorf("the holder as second key: %v", err)
	}
	exec(`UPDATE holder SET value = (SELECT value FROM shared WHERE id = 2)`)
	if _, _, err := s.Holder(ctx); explain.CodeOf(err) != "data_damaged" {
		t.Errorf("a line of the log as holder: %v", err)
	}
	_, wrong := walletStore(t, filepath.Join(t.TempDir(), "w.db"), 1)
	wrong.db, wrong.seal = db, mustSealer(t, 2)
	if _, err := wrong.Credentials(ctx); explain.CodeOf(err) != "data_damaged" {
		t.Errorf("another master key: %v", err)
	}
}

func mustSealer(t *testing.T, master byte) *Sealer {
	t.Helper()
	s, err := NewSealer(bytes.Repeat([]byte{master}, KeySize), Wallet.Name, "data")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
