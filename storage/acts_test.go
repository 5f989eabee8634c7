package storage

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/issuer"
	"bonafide/ledger"
)

type testKey struct{ k ed25519.PrivateKey }

func newTestKey(seed byte) testKey {
	return testKey{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

func (k testKey) Public() did.PublicKey {
	p, err := did.NewPublicKey(did.Ed25519, k.k.Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	return p
}

func (k testKey) Sign(b []byte) ([]byte, error) { return ed25519.Sign(k.k, b), nil }

// unasked is a ledger that these acts never ask.
type unasked struct{ issuer.Ledger }

func (unasked) ChainID() string { return "test-abcdefgh" }

var actsNow = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

func actsBoard(t *testing.T, s issuer.Store) *issuer.Board {
	t.Helper()
	b, err := issuer.New(issuer.Config{
		DID: "did:bonafide:test-abcdefgh:l3jwti5ipvjr655yt3noqfbrecn2d6ya", Issuing: newTestKey(1), LedgerKey: newTestKey(2),
		Store: s, Ledger: unasked{}, Now: func() time.Time { return actsNow }, Rand: strings.NewReader(""),
		People: func() ([]string, error) { return []string{"Ada", "Bea"}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const actsHeader = "number,type,jurisdiction,profession,given_name,family_name,npi,issued,expires,status,conditions\n"

func actsFile(name, expires, status string) string {
	text := actsHeader
	for i := range 3 {
		text += fmt.Sprintf("N%d,ProfessionalLicence,US-OH,Physician,Xhue,%s,,2020-01-01,%s,%s,\n", i, name, expires, status)
	}
	return text
}

// actsStory fills a register, imports a changed file, and answers what waits.
// Done again after a kill it goes on.
func actsStory(t *testing.T, s issuer.Store) {
	ctx := context.Background()
	b := actsBoard(t, s)
	m, err := issuer.ParseMapping([]byte(`{"format":1,"columns":{"number":"number","type":"type","jurisdiction":"jurisdiction","profession":"profession",
		"given_name":"given_name","family_name":"family_name","issued":"issued","expires":"expires","status":"status"}}`))
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.ByNumber(ctx, "N0")
	if err != nil {
		t.Fatal(err)
	}
	if len(l) == 0 { // a run that was killed later does not go back to the first file
		if _, err := b.Import(ctx, strings.NewReader(actsFile("Qulph", "2030-01-01", "current")), m, issuer.ImportOptions{Person: "Ada"}); err != nil {
			t.Fatal(err)
		}
	}
	// A name and a status word changed: two acts in each row, both wait.
	if _, err := b.Import(ctx, strings.NewReader(actsFile("Zhquolm", "2031-01-01", "summarily_suspended")), m, issuer.ImportOptions{Person: "Ada"}); err != nil {
		t.Fatal(err)
	}
	ds, err := s.OpenActs(ctx, 0, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range ds {
		if d.State != issuer.AwaitsApproval {
			continue
		}
		if d.Kind == issuer.KindReplace {
			_, err = b.Approve(ctx, d.ID, "Bea")
		} else {
			err = b.Reject(ctx, d.ID, "Bea", "not this one")
		}
		if err != nil && explain.CodeOf(err) != "act_decided" {
			t.Fatal(err)
		}
	}
}

// actsTold is what a register says after the story, whatever happened in it.
func actsTold(t *testing.T, s *IssuerStore) string {
	t.Helper()
	ctx := context.Background()
	ls, err := s.After(ctx, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, l := range ls {
		fmt.Fprintf(&b, "%d %+v rev %d/%d %d:", l.ID, l.Record, l.StatusRev, l.Revision, l.Status)
		es, err := s.Events(ctx, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			fmt.Fprintf(&b, " %s/%s/%s", e.Act, e.Person, e.Approver)
		}
		fmt.Fprintln(&b)
	}
	a, err := s.Alarms(ctx, actsNow)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "%+v\n", a)
	return b.String()
}

// actsInvariants: no status and no record without its approval; no act lost.
func actsInvariants(t *testing.T, s *IssuerStore) {
	t.Helper()
	ctx := context.Background()
	ls, err := s.After(ctx, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range ls {
		es, err := s.Events(ctx, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[issuer.Act]int{}
		for _, e := range es {
			seen[e.Act]++
		}
		if l.Status != ledger.Current || (l.Record.FamilyName == "Zhquolm") != (seen[issuer.ActApproved] == 1) {
			t.Errorf("%+v is %s with %v", l.Record, l.Status, seen)
		}
		open, err := s.OpenActsOf(ctx, []int64{l.ID})
		if err != nil {
			t.Fatal(err)
		}
		if seen[issuer.ActProposed] != len(open)+seen[issuer.ActApproved]+seen[issuer.ActRejected] {
			t.Errorf("%d open acts with %v", len(open), seen)
		}
		// The file's word is noted with its act, or neither is.
		if (l.File.FamilyName == "Zhquolm") != (seen[issuer.ActProposed] == 2) {
			t.Errorf("%+v with %v", l.File, seen)
		}
	}
}

// TestThreat73_ActsKilledAtEveryStatement: a process that imports and approves
// is killed after every statement that writes; what is left is whole, and doing
// it again ends where an undisturbed run ends: no act lost, none doubled.
func TestThreat73_ActsKilledAtEveryStatement(t *testing.T) {
	open := func(dir string) (*DB, *IssuerStore) {
		db, err := Open(filepath.Join(dir, "issuer.db"), Issuer)
		if err != nil {
			t.Fatal(err)
		}
		s, err := NewIssuerStore(db, bytes.Repeat([]byte{3}, KeySize))
		if err != nil {
			t.Fatal(err)
		}
		return db, s
	}
	if dir, point, ok := inChild(); ok {
		last, err := strconv.Atoi(point)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		step = func(at string) {
			if at == "statement" {
				if n++; n == last {
					die()
				}
			}
		}
		_, s := open(dir)
		actsStory(t, s)
		fmt.Println("statements:", n)
		die()
	}
	dir := t.TempDir()
	_, said, ok := strings.Cut(crash(t, dir, "0"), "statements: ")
	total, err := strconv.Atoi(strings.TrimSpace(said))
	if !ok || err != nil || total < 30 {
		t.Fatalf("%q, %v", said, err)
	}
	db, s := open(dir)
	want := actsTold(t, s)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if strings.Count(want, "replaced/Ada/Bea") != 3 || strings.Count(want, "rejected/Bea") != 3 {
		t.Fatalf("the story is another one:\n%s", want)
	}
	for n := 1; n <= total; n++ {
		dir := t.TempDir()
		crash(t, dir, strconv.Itoa(n))
		db, s := open(dir)
		actsInvariants(t, s)
		actsStory(t, s)
		if got := actsTold(t, s); got != want {
			t.Errorf("killed after %d statements:\n%swant\n%s", n, got, want)
		}
		if err := errors.Join(db.Check(context.Background()), db.Close()); err != nil {
			t.Errorf("killed after %d statements: %v", n, err)
		}
	}
}

// TestThreat73_ActSaysOneThing: what queries go by stands sealed in the act as
// well, so that writing to the file makes no approval.
func TestThreat73_ActSaysOneThing(t *testing.T) {
	ctx := context.Background()
	s := openIssuer(t)
	b := actsBoard(t, s)
	if err := s.Apply(ctx, []issuer.Change{{Licence: registered("A1")}, {Licence: registered("A2")}}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"A1", "A2"} {
		if _, err := b.Status(ctx, issuer.StatusAct{Ref: n, Value: ledger.Revoked, Person: "Ada", Reason: "Marker reason"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, change := range []string{
		`state = 2`, `state = 3`, `licence = 2`, `kind = 'replace'`, `effective = effective - 1`, `import = 7`, `body = (SELECT body FROM act WHERE id = 2)`,
	} {
		undo := `CREATE TEMP TABLE was AS SELECT * FROM act WHERE id = 1`
		err := s.db.Write(ctx, func(tx *sql.Tx) error {
			if _, err := tx.Exec(undo); err != nil {
				return err
			}
			_, err := tx.Exec(`UPDATE act SET ` + change + ` WHERE id = 1`)
			return err
		})
		if err != nil {
			if strings.Contains(err.Error(), "UNIQUE") { // the layout itself refuses it
				continue
			}
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"read": second(s.Decision(ctx, 1)), "approved": second(b.Approve(ctx, 1, "Bea")),
		} {
			if code := explain.CodeOf(err); code != "data_damaged" {
				t.Errorf("%s, %s: %v", change, what, err)
			}
		}
		if err := s.db.Write(ctx, func(tx *sql.Tx) error {
			if _, err := tx.Exec(`DELETE FROM act WHERE id = 1`); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO act SELECT * FROM temp.was`); err != nil {
				return err
			}
			_, err := tx.Exec(`DROP TABLE temp.was`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Decision(ctx, 1); err != nil {
		t.Errorf("put back: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestActsAreSealed: neither a reason nor a person nor a name stands in clear.
func TestActsAreSealed(t *testing.T) {
	ctx := context.Background()
	s := openIssuer(t)
	b := actsBoard(t, s)
	if err := s.Apply(ctx, []issuer.Change{{Licence: registered("A1")}}); err != nil {
		t.Fatal(err)
	}
	name := "Markername"
	if _, err := b.Replace(ctx, issuer.ReplaceAct{Ref: "A1", FamilyName: &name, Person: "Ada", Reason: "Marker reason"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.BeginImport(ctx, actsNow, "Marker person"); err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, q := range []string{`SELECT body FROM act`, `SELECT body FROM event`, `SELECT person FROM import`, `SELECT body FROM licence`} {
		if err := s.db.Read(ctx, func(tx *sql.Tx) error {
			rows, err := tx.Query(q)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var x []byte
				if err := rows.Scan(&x); err != nil {
					return err
				}
				all.Write(x)
			}
			return rows.Err()
		}); err != nil {
			t.Fatal(err)
		}
	}
	if all.Len() < 4*sha256.Size || bytes.Contains(all.Bytes(), []byte("Marker")) || bytes.Contains(all.Bytes(), []byte("Ada")) {
		t.Error("something stands in clear")
	}
	if _, err := s.Decision(ctx, 9); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if n, err := s.BeginImport(ctx, actsNow, "Ada"); err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
}
