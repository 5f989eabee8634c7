package storage

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/wallet"
)

// A copy sees one state although another connection commits between its
// steps, and ends although it does not stop doing so.
func TestBackupOfOneState(t *testing.T) {
	ctx := context.Background()
	db := mustOpen(t, filepath.Join(t.TempDir(), "n.db"), noteSchema(1))
	// Larger than one step of the copy, each transaction two rows.
	for i := range 10 {
		if err := db.Write(ctx, func(tx *sql.Tx) error {
			for j := range 2 {
				if _, err := tx.Exec(`INSERT INTO note VALUES (?, ?)`, 2*i+j, make([]byte, 1<<20)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	stop, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for i := 1000; ; i += 2 {
			select {
			case <-stop:
				ended <- nil
				return
			default:
			}
			if err := db.Write(ctx, func(tx *sql.Tx) error {
				_, err := tx.Exec(`INSERT INTO note VALUES (?, x'01'), (?, x'02')`, i, i+1)
				return err
			}); err != nil {
				ended <- err
				return
			}
		}
	}()
	for n := range 3 {
		dst := filepath.Join(t.TempDir(), "copy.db")
		if err := db.Backup(ctx, dst); err != nil {
			t.Fatal(n, err)
		}
		if entries, err := os.ReadDir(filepath.Dir(dst)); err != nil || len(entries) != 1 {
			t.Error(entries, err)
		}
		copied := mustOpen(t, dst, noteSchema(1))
		if n := countNotes(t, copied); n < 20 || n%2 != 0 {
			t.Errorf("%d notes", n)
		}
		if err := errors.Join(copied.Check(ctx), copied.Close()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	dst := filepath.Join(t.TempDir(), "copy.db")
	if err := db.Backup(cancelled, dst); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if entries, err := os.ReadDir(filepath.Dir(dst)); err != nil || len(entries) != 0 {
		t.Errorf("a copy that was broken off left %v, %v", entries, err)
	}
	if err := os.WriteFile(dst, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(ctx, dst); err == nil {
		t.Error("a file was overwritten")
	}
}

func TestReplaceAndWhatItLeaves(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	boom := errors.New("boom")
	if err := Replace(path, func(io.Writer) error { return boom }); !errors.Is(err, boom) {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("%v was left", entries)
	}
	for _, name := range []string{".f.tmp-1", ".f.tmp-xyz", ".g.tmp-1", "f"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := RemoveUnfinished(path); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
	if err := SyncTree(dir); err != nil {
		t.Error(err)
	}
}

// keyBytes is a master key for tests.
var keyBytes = bytes.Repeat([]byte{7}, KeySize)

func issuerDB(t *testing.T) (*DB, *IssuerStore) {
	t.Helper()
	ctx := context.Background()
	db := mustOpen(t, filepath.Join(t.TempDir(), "issuer.db"), Issuer)
	s, err := NewIssuerStore(db, keyBytes)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_800_000_000, 0)
	change := func(n string) issuer.Change {
		return issuer.Change{
			Licence: issuer.Licence{Record: issuer.Record{Key: issuer.Key{Type: "T", Jurisdiction: "US-OH", Number: n}}, Revision: 1},
			Events:  []issuer.Event{{At: at, Person: "p", Act: issuer.ActImported}},
		}
	}
	if err := s.Apply(ctx, []issuer.Change{change("1"), change("2")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Plan(ctx, issuer.Plan{
		Batch:   issuer.Batch{Number: 1, State: issuer.Planned, Created: at, Method: "m", Person: "p", Size: 2, LastValidity: ledger.Month{Year: 2028, Month: 1}},
		Indexes: []issuer.Index{{Licence: 1, Number: 5, Batch: 1, ValidUntil: at}, {Licence: 2, Number: 6, Batch: 1, ValidUntil: at}},
		Leaves: []issuer.Leaf{
			{Licence: 1, Revision: 1, Form: issuer.RegisterCopy, Index: 5, Position: 0, Hash: ledger.Hash{1}, Draft: []byte("d")},
			{Licence: 2, Revision: 1, Form: issuer.RegisterCopy, Index: 6, Position: 1, Hash: ledger.Hash{2}, Draft: []byte("d")},
		},
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutCode(ctx, issuer.Code{ID: "AB", Licence: 1, Secret: []byte("s"), Expires: at}, issuer.Event{At: at, Person: "p", Act: issuer.ActCode}); err != nil {
		t.Fatal(err)
	}
	return db, s
}

func run(t *testing.T, db *DB, text string) {
	t.Helper()
	if err := db.Write(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec(text)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestContradictions(t *testing.T) {
	ctx := context.Background()
	db, _ := issuerDB(t)
	if broken, err := db.Contradictions(ctx); err != nil || len(broken) > 0 {
		t.Fatal(broken, err)
	}
	for what, text := range map[string]string{
		"leaf_twice":               `UPDATE leaf SET hash = (SELECT hash FROM leaf WHERE licence = 1)`,
		"leaf_without_batch":       `UPDATE batch SET state = 6`,
		"index_of_another_licence": `UPDATE leaf SET status_index = 5`,
		"signed_before_proved":     `UPDATE leaf SET credential = x'00', draft = NULL WHERE licence = 1`,
		"done_without_credential":  `UPDATE batch SET state = 5`,
		"batch_incomplete":         `UPDATE batch SET size = 3`,
		"licence_ahead_of_itself":  `UPDATE licence SET issued_rev = 9`,
		"licence_in_closed_batch":  `UPDATE licence SET batch = 77`,
		"event_ahead_of_licence":   `UPDATE event SET status_rev = 4`,
	} {
		db, _ := issuerDB(t)
		run(t, db, text)
		if broken, err := db.Contradictions(ctx); err != nil || !slices.Contains(broken, what) {
			t.Errorf("%s: found %v, %v", what, broken, err)
		}
	}
}

// Every sealed column is opened: one value moved or altered anywhere is found.
func TestOpenAll(t *testing.T) {
	ctx := context.Background()
	db, _ := issuerDB(t)
	if err := db.OpenAll(ctx, keyBytes); err != nil {
		t.Fatal(err)
	}
	if err := db.OpenAll(ctx, bytes.Repeat([]byte{8}, KeySize)); explain.CodeOf(err) != "data_damaged" {
		t.Errorf("another key: %v", err)
	}
	for _, text := range []string{
		`UPDATE licence SET body = (SELECT body FROM licence WHERE id = 1)`,
		`UPDATE event SET body = (SELECT body FROM event WHERE id = 1)`,
		`UPDATE batch SET person = x'010203'`,
		`UPDATE leaf SET draft = (SELECT draft FROM leaf LIMIT 1)`,
		`UPDATE claim_code SET id = 'CD'`,
		`INSERT INTO import (id, at, person) VALUES (1, 1, x'00')`,
	} {
		db, _ := issuerDB(t)
		run(t, db, text)
		if err := db.OpenAll(ctx, keyBytes); explain.CodeOf(err) != "data_damaged" {
			t.Errorf("%s: %v", text, err)
		}
	}
	w := mustOpen(t, filepath.Join(t.TempDir(), "wallet.db"), Wallet)
	s, err := NewWalletStore(w, keyBytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Add(ctx, wallet.Credential{ID: "a"}), s.Log(ctx, wallet.Shared{}), w.OpenAll(ctx, keyBytes)); err != nil {
		t.Fatal(err)
	}
	run(t, w, `UPDATE credential SET id = 'b'`)
	if err := w.OpenAll(ctx, keyBytes); explain.CodeOf(err) != "data_damaged" {
		t.Error(err)
	}
}

// Every BLOB of the roles' tables is either opened by OpenAll or known to be
// something else, so a new sealed column is not forgotten.
func TestOpenAllKnowsEveryColumn(t *testing.T) {
	public := map[string]bool{
		"issuer licence.key_index": true, "issuer licence.number_index": true, "issuer batch.root": true, "issuer batch.path": true, "issuer leaf.hash": true,
		"verifier request.digest": true, "verifier request.file": true, "verifier outside.body": true,
		"verifier past_issuer.root": true, // a digest of the ledger's
		"verifier history.result":   true, // sealed to the home's public key
		"keys key.value":            true, // opened store by store
	}
	for _, s := range Schemas() {
		db := mustOpen(t, filepath.Join(t.TempDir(), s.Name+".db"), s)
		if err := db.Read(context.Background(), func(tx *sql.Tx) error {
			rows, err := tx.Query(`SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND c.type = 'BLOB'`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var column string
				if err := rows.Scan(&column); err != nil {
					return err
				}
				opened := slices.ContainsFunc(sealedColumns[s.Name], func(c struct{ table, column, row string }) bool { return c.table+"."+c.column == column })
				if !opened && !public[s.Name+" "+column] {
					t.Errorf("%s %s: is it sealed?", s.Name, column)
				}
			}
			return rows.Err()
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// After a register was brought back no index comes from a page that another
// life of it may have used, in whatever process.
func TestThreat56_NoIndexFromAnOldPage(t *testing.T) {
	ctx := context.Background()
	db, s := issuerDB(t)
	taken := func(page uint32) int {
		t.Helper()
		list, err := s.Taken(ctx, page)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if n := taken(0); n != 2 {
		t.Fatalf("%d taken", n)
	}
	if err := db.ClosePages(ctx); err != nil {
		t.Fatal(err)
	}
	if n := taken(2); n != ledger.PageIndexes { // the newest on the ledger
		t.Errorf("%d taken of the page that was open", n)
	}
	if n := taken(3); n != 0 {
		t.Errorf("%d taken of a page opened since", n)
	}
	for page := range uint32(3) {
		if n := taken(page); n != ledger.PageIndexes {
			t.Errorf("%d taken of page %d", n, page)
		}
	}
}

func TestClosingAndCounting(t *testing.T) {
	ctx := context.Background()
	db, _ := issuerDB(t)
	before, err := db.Acts(ctx)
	if err != nil || before == 0 {
		t.Fatal(before, err)
	}
	if n, err := db.CloseCodes(ctx); n != 1 || err != nil {
		t.Error(n, err)
	}
	if n, err := db.CloseCodes(ctx); n != 0 || err != nil {
		t.Error(n, err)
	}
	v := mustOpen(t, filepath.Join(t.TempDir(), "v.db"), Verifier)
	run(t, v, `INSERT INTO request (nonce, created, digest, burned) VALUES ('a', 1, NULL, 0), ('b', 1, zeroblob(32), 0), ('c', 1, zeroblob(32), 1)`)
	if n, err := v.CloseRequests(ctx); n != 2 || err != nil {
		t.Error(n, err)
	}
	if n, err := v.Acts(ctx); n != 1 || err != nil {
		t.Error(n, err)
	}
	k := mustOpen(t, filepath.Join(t.TempDir(), "keys.db"), Keys)
	run(t, k, `INSERT INTO key (store, id, value) VALUES ('consensus', 'a', x'01'), ('person', 'b', x'02')`)
	if n, err := k.DropKeys(ctx, "consensus"); n != 1 || err != nil {
		t.Error(n, err)
	}
	if names, err := k.KeyStores(ctx); !slices.Equal(names, []string{"person"}) || err != nil {
		t.Error(names, err)
	}
}
