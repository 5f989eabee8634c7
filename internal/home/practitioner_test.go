package home

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"bonafide/did"
	"bonafide/did/key"
	"bonafide/internal/keys"
	"bonafide/storage"
	"bonafide/vc"
	"bonafide/wallet"
)

// formerWallet is the schema of wallet.db before there were two envelopes.
func formerWallet(t testing.TB) storage.Schema {
	t.Helper()
	s := storage.Wallet
	b, err := fs.ReadFile(s.Migrations, "0001_wallet.sql")
	if err != nil {
		t.Fatal(err)
	}
	s.Migrations = fstest.MapFS{"0001_wallet.sql": {Data: b}}
	return s
}

// formerHome makes a home whose wallet is as the former version left it: one
// key, a credential and a line in the log, each in the words of that version.
func formerHome(t testing.TB, dir string) did.DID {
	t.Helper()
	h, err := Create(dir, options(&user{pass: goodPass}), false)
	if err != nil {
		t.Fatal(err)
	}
	ks, err := h.Keys(keys.Holder)
	if err != nil {
		t.Fatal(err)
	}
	id, pub, err := ks.Create(did.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	holder := key.New(pub)
	seal, err := h.Sealer("wallet", "data")
	if err != nil {
		t.Fatal(err)
	}
	db, err := h.database(formerWallet(t))
	if err != nil {
		t.Fatal(err)
	}
	// The bytes are {"credentialStatus":[{"type":"LedgerStatusEntry","statusIndex":"7"}]}.
	const (
		credential = `{"id":"k3mw8q2a","bytes":"eyJjcmVkZW50aWFsU3RhdHVzIjpbeyJ0eXBlIjoiTGVkZ2VyU3RhdHVzRW50cnkiLCJzdGF0dXNJbmRleCI6IjcifV19","received":"2026-10-01T09:00:00Z","issuer":"did:bonafide:x:y","types":["ProfessionalLicence"],"holder":"HOLDER","number":"MD-1001","jurisdiction":"US-OH","valid_from":"2026-01-01T00:00:00Z","valid_until":"2030-07-31T23:59:59Z","expires":"2030-06-30T23:59:59Z","fields":[{"name":"familyName","value":"Quastine"}]}`
		line       = `{"at":"2026-10-02T09:00:00Z","audience":"Example Hospital","purpose":"privileging","nonce":"AAAAAAAAAAAAAAAAAAAAAA","credentials":[{"id":"k3mw8q2a","types":["ProfessionalLicence"],"issuer":"did:bonafide:x:y","number":"MD-1001"}]}`
		owner      = `{"did":"HOLDER","key":"KEY","created":"2026-09-30T09:00:00Z"}`
	)
	err = db.Write(t.Context(), func(tx *sql.Tx) error {
		for _, row := range []struct {
			at     storage.Cell
			id     any
			insert string
			value  string
		}{
			{storage.IntCell("holder", "value", 1), 1, `INSERT INTO holder (id, value) VALUES (?, ?)`, owner},
			{storage.Cell{Table: "credential", Column: "value", Row: "k3mw8q2a"}, "k3mw8q2a", `INSERT INTO credential (id, value) VALUES (?, ?)`, credential},
			{storage.IntCell("shared", "value", 1), 1, `INSERT INTO shared (id, value) VALUES (?, ?)`, line},
		} {
			sealed, err := seal.Seal(row.at, []byte(strings.NewReplacer("HOLDER", string(holder), "KEY", id).Replace(row.value)))
			if err != nil {
				return err
			}
			if _, err := tx.Exec(row.insert, row.id, sealed); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return holder
}

// TestFormerWallet: a wallet of the version before opens, keeps what it had, and
// gets its second key when it first needs it, once and for good.
func TestFormerWallet(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "home")
	holder := formerHome(t, dir)

	h := mustOpen(t, dir, options(&user{pass: goodPass}))
	w, err := h.Wallet(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.Holder(ctx); err != nil || got != holder {
		t.Errorf("holder %s, %v", got, err)
	}
	items, err := w.List(ctx)
	if err != nil || len(items) != 1 {
		t.Fatalf("%+v, %v", items, err)
	}
	it := items[0]
	if it.ID != "k3mw8q2a" || it.Number != "MD-1001" || !it.Bound() || !slices.Equal(it.Formats, []vc.Format{vc.VCDM}) || it.Index == nil || *it.Index != 7 {
		t.Errorf("%+v", it)
	}
	log, err := w.Log(ctx)
	if err != nil || len(log) != 1 || log[0].Audience != "Example Hospital" || log[0].Credentials[0].Claims != nil {
		t.Errorf("%+v, %v", log, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "wallet", "wallet.db.v1.backup")); err != nil {
		t.Errorf("no copy of the former data: %v", err)
	}
	if _, err := w.Init(ctx); err == nil {
		t.Error("a wallet made twice")
	}

	second := func(h *Home) wallet.BindingKey {
		t.Helper()
		db, err := h.database(storage.Wallet)
		if err != nil {
			t.Fatal(err)
		}
		var k wallet.BindingKey
		if err := h.withMaster(func(master []byte) error {
			s, err := storage.NewWalletStore(db, master)
			if err != nil {
				return err
			}
			defer s.Close()
			k, _, err = s.BindingKey(ctx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return k
	}
	if k := second(h); k.Public != "" {
		t.Error("a second key before it was needed")
	}
	const board = did.DID("did:bonafide:ohio-k3v2q2mx:mfrggzdfmztwq2lknnwg23tpobyxe43u")
	claim := func(w *wallet.Wallet) {
		t.Helper()
		if _, err := w.Claim(ctx, "MZUW-MMVX-CAYT-ZORS-XGLR-OKX", board); err != nil {
			t.Fatal(err)
		}
	}
	claim(w)
	first := second(h)
	if k, err := did.ParseMultikey(first.Public); err != nil || k.Kind() != did.P256 {
		t.Fatalf("second key %q, %v", first.Public, err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h = mustOpen(t, dir, options(&user{pass: goodPass}))
	if w, err = h.Wallet(ctx); err != nil {
		t.Fatal(err)
	}
	claim(w)
	if got := second(h); got != first {
		t.Errorf("the second key changed: %+v after %+v", got, first)
	}
	if got, err := w.Holder(ctx); err != nil || got != holder {
		t.Errorf("holder %s, %v", got, err)
	}
}
