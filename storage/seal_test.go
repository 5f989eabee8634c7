package storage

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func master(b byte) []byte { return bytes.Repeat([]byte{b}, KeySize) }

func newSealer(t testing.TB, b byte, database, purpose string) *Sealer {
	t.Helper()
	s, err := NewSealer(master(b), database, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// box is what every kind of sealing has to do.
type box struct {
	seal func(Cell, []byte) ([]byte, error)
	open func(Cell, []byte) ([]byte, error)
}

func boxes(t *testing.T) map[string]box {
	s := newSealer(t, 1, "db", "data")
	public, private, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	to, err := SealTo(public, "db")
	if err != nil {
		t.Fatal(err)
	}
	with, err := OpenWith(private, "db")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]box{"master key": {s.Seal, s.Open}, "public key": {to.Seal, with.Open}}
}

func TestSealing(t *testing.T) {
	at := Cell{"person", "name", "7"}
	for name, b := range boxes(t) {
		t.Run(name, func(t *testing.T) {
			for _, plain := range [][]byte{{}, []byte("a"), bytes.Repeat([]byte("long "), 10_000)} {
				sealed, err := b.seal(at, plain)
				if err != nil {
					t.Fatal(err)
				}
				again, err := b.seal(at, plain)
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Equal(sealed, again) {
					t.Error("two seals of one value look the same")
				}
				got, err := b.open(at, sealed)
				if err != nil || !bytes.Equal(got, plain) {
					t.Fatalf("opened %q, %v", got, err)
				}
				if len(plain) > 1 {
					continue
				}
				for i := range sealed {
					bad := bytes.Clone(sealed)
					bad[i] ^= 1
					if _, err := b.open(at, bad); err == nil {
						t.Errorf("opened with byte %d altered", i)
					}
				}
				for n := range sealed {
					_, err := b.open(at, sealed[:n])
					wantCode(t, err, "data_damaged")
				}
				_, err = b.open(at, append(bytes.Clone(sealed), 0))
				wantCode(t, err, "data_damaged")
			}
		})
	}
}

func TestThreat73_SealedValuesDoNotMove(t *testing.T) {
	at := Cell{"person", "name", "12"}
	elsewhere := map[string]Cell{
		"row": {"person", "name", "13"}, "column": {"person", "number", "12"}, "table": {"licence", "name", "12"},
		// The parts are length-prefixed: moving a character across does not help.
		"boundary": {"person", "name1", "2"}, "boundary 2": {"personn", "ame", "12"},
	}
	for name, b := range boxes(t) {
		sealed, err := b.seal(at, []byte("Rosalind"))
		if err != nil {
			t.Fatal(err)
		}
		for where, cell := range elsewhere {
			if _, err := b.open(cell, sealed); err == nil {
				t.Errorf("%s: opened in another %s", name, where)
			} else {
				wantCode(t, err, "data_damaged")
			}
		}
	}
	s := newSealer(t, 1, "db", "data")
	sealed, err := s.Seal(at, []byte("Rosalind"))
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]*Sealer{
		"home": newSealer(t, 2, "db", "data"), "database": newSealer(t, 1, "db2", "data"),
		"purpose": newSealer(t, 1, "db", "data2"), "boundary": newSealer(t, 1, "dbd", "ata"),
	} {
		if _, err := other.Open(at, sealed); err == nil {
			t.Errorf("opened under another %s", name)
		}
		if bytes.Equal(other.Index("t", "c", []byte("x")), s.Index("t", "c", []byte("x"))) {
			t.Errorf("same blind index under another %s", name)
		}
	}
	public, _, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	_, otherPrivate, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	to, err := SealTo(public, "db")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err = to.Seal(at, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	with, err := OpenWith(otherPrivate, "db")
	if err != nil {
		t.Fatal(err)
	}
	_, err = with.Open(at, sealed)
	wantCode(t, err, "data_damaged")
}

// The same attack on a real file: two rows change their sealed values.
func TestThreat73_SwappedRows(t *testing.T) {
	db := mustOpen(t, filepath.Join(t.TempDir(), "keys.db"), Keys)
	table, err := NewKeyTable(db, master(1), "issuing")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := errors.Join(table.Put(ctx, "a", []byte("first")), table.Put(ctx, "b", []byte("second"))); err != nil {
		t.Fatal(err)
	}
	if err := table.Put(ctx, "a", []byte("third")); err == nil {
		t.Error("a key was overwritten")
	}
	if err := db.Write(ctx, func(tx *sql.Tx) error {
		var a, b []byte
		if err := tx.QueryRow(`SELECT x.value, y.value FROM key x, key y WHERE x.id = 'a' AND y.id = 'b'`).Scan(&a, &b); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE key SET value = CASE id WHEN 'a' THEN ? ELSE ? END`, b, a)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b"} {
		_, _, err := table.Get(ctx, id)
		wantCode(t, err, "data_damaged")
	}
	other, err := NewKeyTable(db, master(1), "ledger")
	if err != nil {
		t.Fatal(err)
	}
	if _, found, err := other.Get(ctx, "a"); found || err != nil {
		t.Errorf("a key of another store: %v, %v", found, err)
	}
	if ids, err := table.IDs(ctx); err != nil || strings.Join(ids, " ") != "a b" {
		t.Errorf("ids %v, %v", ids, err)
	}
	if err := table.Delete(ctx, "a"); err != nil {
		t.Error(err)
	}
	if ids, err := table.IDs(ctx); err != nil || strings.Join(ids, " ") != "b" {
		t.Errorf("ids %v, %v", ids, err)
	}
}

func TestBlindIndex(t *testing.T) {
	s := newSealer(t, 1, "db", "data")
	a := s.Index("licence", "number", []byte("35.123456"))
	if len(a) != 32 || !bytes.Equal(a, s.Index("licence", "number", []byte("35.123456"))) {
		t.Error("an equal value has another index")
	}
	for _, other := range [][]byte{
		s.Index("licence", "number", []byte("35.123457")), s.Index("licence", "npi", []byte("35.123456")),
		s.Index("person", "number", []byte("35.123456")), s.Index("licence", "number3", []byte("5.123456")),
	} {
		if bytes.Equal(a, other) {
			t.Error("different values share an index")
		}
	}
}

func TestClosedSealer(t *testing.T) {
	s := newSealer(t, 1, "db", "data")
	s.Close()
	if !bytes.Equal(s.secret, make([]byte, 2*KeySize)) {
		t.Error("the keys are still there")
	}
	if _, err := s.Seal(Cell{}, nil); err == nil {
		t.Error("sealed after Close")
	}
	if _, err := s.Open(Cell{}, make([]byte, 64)); err == nil {
		t.Error("opened after Close")
	}
	if _, err := NewSealer([]byte("short"), "db", "data"); err == nil {
		t.Error("took a short master key")
	}
}

// Nothing that was sealed is readable in any file of the database, while it is
// open, after it was closed, and after rows were deleted.
func TestThreat72_NoPlaintextInFiles(t *testing.T) {
	dir := t.TempDir()
	marker := []byte("MARKER-Wilhelmina-35.998877")
	db := mustOpen(t, filepath.Join(dir, "n.db"), noteSchema(1))
	s := newSealer(t, 1, "note", "data")
	scan := func(when string) {
		for _, n := range names(t, dir) {
			b, err := os.ReadFile(filepath.Join(dir, n))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, marker) || bytes.Contains(b, master(1)) {
				t.Errorf("%s: %s holds a secret in clear", when, n)
			}
		}
	}
	for i := range 50 {
		err := db.Write(context.Background(), func(tx *sql.Tx) error {
			sealed, err := s.Seal(IntCell("note", "body", int64(i)), marker)
			if err != nil {
				return err
			}
			_, err = tx.Exec(`INSERT INTO note VALUES (?, ?)`, i, sealed)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	scan("open")
	if err := db.Write(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM note WHERE id % 2 = 0`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	scan("after deleting")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	scan("closed")
}

func FuzzOpenSealed(f *testing.F) {
	at := Cell{"t", "c", "1"}
	s := newSealer(f, 1, "db", "data")
	good, err := s.Seal(at, []byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	private := master(7)
	key, err := ecdh.X25519().NewPrivateKey(private)
	if err != nil {
		f.Fatal(err)
	}
	to, err := SealTo(key.PublicKey().Bytes(), "db")
	if err != nil {
		f.Fatal(err)
	}
	with, err := OpenWith(private, "db")
	if err != nil {
		f.Fatal(err)
	}
	anon, err := to.Seal(at, []byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{nil, good, anon, {1}, {2}, make([]byte, 60)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		// Fuzzing runs in several processes, each with its own seeds under the
		// same keys: whatever opens must be what they sealed.
		if plain, err := s.Open(at, b); err == nil && string(plain) != "x" {
			t.Error("opened what was never sealed")
		}
		if plain, err := with.Open(at, b); err == nil && string(plain) != "x" {
			t.Error("opened what was never sealed")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	s := newSealer(b, 1, "db", "data")
	plain := []byte("Wilhelmina Example")
	at := Cell{"licence", "name", "123456"}
	for b.Loop() {
		if _, err := s.Seal(at, plain); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenSealed(b *testing.B) {
	s := newSealer(b, 1, "db", "data")
	at := Cell{"licence", "name", "123456"}
	sealed, err := s.Seal(at, []byte("Wilhelmina Example"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Open(at, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIndex(b *testing.B) {
	s := newSealer(b, 1, "db", "data")
	for b.Loop() {
		s.Index("licence", "number", []byte("35.123456"))
	}
}

func BenchmarkSealTo(b *testing.B) {
	public, _, err := NewKeyPair()
	if err != nil {
		b.Fatal(err)
	}
	to, err := SealTo(public, "db")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := to.Seal(Cell{"t", "c", "1"}, []byte("x")); err != nil {
			b.Fatal(err)
		}
	}
}
