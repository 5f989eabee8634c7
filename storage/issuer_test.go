package storage

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"bonafide/internal/explain"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/vc"
)

func openIssuer(t *testing.T) *IssuerStore {
	t.Helper()
	db, err := Open(filepath.Join(t.TempDir(), "issuer.db"), Issuer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Check(context.Background()); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	s, err := NewIssuerStore(db, bytes.Repeat([]byte{3}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func registered(number string) issuer.Licence {
	return issuer.Licence{
		Record: issuer.Record{
			Key:        issuer.Key{Type: "ProfessionalLicence", Jurisdiction: "US-OH", Number: number},
			Profession: "Physician", FamilyName: "Qulph", Issued: "2020-01-01", Expires: "2030-01-01",
		},
		Revision: 1, Reissue: issuer.ReissueRenew,
	}
}

func planned(number uint64, licence int64, index uint32) issuer.Plan {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	return issuer.Plan{
		Batch: issuer.Batch{
			Number: number, State: issuer.Planned, Created: at, Method: "did:x:y#k", Person: "Ada", Root: ledger.Hash{1}, Size: 2,
			LastValidity: ledger.Month{Year: 2030, Month: 2}, Scopes: []issuer.Scope{{Type: "ProfessionalLicence", Jurisdiction: "US-OH"}},
		},
		Leaves: []issuer.Leaf{
			{Position: 0, Licence: licence, Revision: 1, Form: issuer.RegisterCopy, Index: index, Salt: [16]byte{1}, Hash: ledger.Hash{2}, Draft: []byte("draft 0")},
			{Position: 1, Licence: licence, Revision: 1, Form: issuer.Bound, Index: index, Salt: [16]byte{2}, Hash: ledger.Hash{3}, Draft: []byte("draft 1")},
		},
		Indexes: []issuer.Index{{Number: index, Licence: licence, ValidUntil: at.AddDate(4, 0, 0)}},
	}
}

// TestIssuerGuards: what the register must never do, it refuses by itself,
// whatever the program above believes.
func TestIssuerGuards(t *testing.T) {
	ctx := context.Background()
	s := openIssuer(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	conflict := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, issuer.ErrConflict) {
			t.Errorf("%s: %v", what, err)
		}
	}
	must(s.Apply(ctx, []issuer.Change{{Licence: registered("A1")}, {Licence: registered("A2")}}))
	conflict("a licence added twice", s.Apply(ctx, []issuer.Change{{Licence: registered("A3")}, {Licence: registered("A1")}}))
	ls, err := s.After(ctx, 0, 10)
	must(err)
	if len(ls) != 2 {
		t.Fatalf("%d licences: a failed write left something", len(ls))
	}
	a, b := ls[0].ID, ls[1].ID
	if _, err := s.ByID(ctx, []int64{a, 99}); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("a licence that is not there: %v", err)
	}

	conflict("a number left out", s.Plan(ctx, planned(2, a, 7)))
	must(s.Plan(ctx, planned(1, a, 7)))
	conflict("the same number", s.Plan(ctx, planned(1, b, 8)))
	conflict("a licence in a batch", s.Plan(ctx, planned(2, a, 8)))
	conflict("an index taken", s.Plan(ctx, planned(2, b, 7)))
	old := planned(2, b, 8)
	old.Leaves[0].Revision = 9
	conflict("another revision", s.Plan(ctx, old))
	if n, err := s.NewestBatch(ctx); err != nil || n != 1 {
		t.Fatalf("%d batches, %v", n, err)
	}

	get := func() issuer.Batch {
		t.Helper()
		bs, err := s.Batches(ctx, 0, 10)
		must(err)
		return bs[0]
	}
	state := func(st issuer.BatchState) error {
		x := get()
		x.State = st
		return s.Advance(ctx, x)
	}
	conflict("a state left out", state(issuer.Proved))
	must(state(issuer.Anchored))
	must(state(issuer.Planned))
	must(state(issuer.Anchored))
	conflict("signed before proved", s.StoreSigned(ctx, 1, []issuer.SignedLeaf{{Position: 0, Bytes: []byte("c")}}))
	x := get()
	x.State, x.Epoch, x.Position, x.Path = issuer.Proved, 5, 2, []ledger.Hash{{4}, {5}}
	must(s.Advance(ctx, x))
	if y := get(); y.Epoch != 5 || y.Position != 2 || len(y.Path) != 2 || y.Path[1] != (ledger.Hash{5}) || y.Person != "Ada" || len(y.Scopes) != 1 {
		t.Errorf("%+v", y)
	}
	conflict("back to anchored", state(issuer.Anchored))
	conflict("signed with leaves left", state(issuer.Signed))
	leaves, err := s.Unsigned(ctx, 1, 10)
	must(err)
	if len(leaves) != 2 || string(leaves[1].Draft) != "draft 1" || leaves[1].Salt != [16]byte{2} {
		t.Errorf("%+v", leaves)
	}
	must(s.StoreSigned(ctx, 1, []issuer.SignedLeaf{{Position: 0, Bytes: []byte("credential 0")}}))
	conflict("a second credential of a leaf", s.StoreSigned(ctx, 1, []issuer.SignedLeaf{{Position: 1, Bytes: []byte("credential 1")}, {Position: 0, Bytes: []byte("other")}}))
	if leaves, err = s.Unsigned(ctx, 1, 10); err != nil || len(leaves) != 1 || leaves[0].Position != 1 {
		t.Errorf("%+v, %v", leaves, err)
	}
	conflict("finished before signed", s.Finish(ctx, 1))
	must(s.StoreSigned(ctx, 1, []issuer.SignedLeaf{{Position: 1, Bytes: []byte("credential 1")}}))
	must(state(issuer.Signed))
	if _, _, err := s.Envelope(ctx, a, issuer.RegisterCopy, vc.VCDM); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("handed out before done: %v", err)
	}
	must(s.Finish(ctx, 1))
	conflict("finished twice", s.Finish(ctx, 1))
	conflict("abandoned after done", s.Abandon(ctx, 1))
	if c, l, err := s.Envelope(ctx, a, issuer.Bound, vc.VCDM); err != nil || string(c) != "credential 1" || l.Index != 7 {
		t.Errorf("%q, %d, %v", c, l.Index, err)
	}
	if due, err := s.Due(ctx, 0, 10, false); err != nil || len(due) != 1 || due[0].ID != b {
		t.Errorf("due: %+v, %v", due, err)
	}

	// An index under which credentials are out is not brought in again.
	next := issuer.Change{Licence: ls[0], WasRevision: 1}
	next.Licence.Revision = 2
	must(s.Apply(ctx, []issuer.Change{next}))
	again := planned(2, a, 7)
	again.Leaves[0].Revision, again.Leaves[1].Revision = 2, 2
	conflict("an index in use", s.Plan(ctx, again))

	// An abandoned batch leaves its index to its licence, and to no other.
	must(s.Plan(ctx, planned(2, b, 8)))
	must(s.Abandon(ctx, 2))
	must(s.Apply(ctx, []issuer.Change{{Licence: registered("A4")}}))
	conflict("another's unused index", s.Plan(ctx, planned(3, 3, 8)))
	must(s.Plan(ctx, planned(3, b, 8)))
	taken, err := s.Taken(ctx, 0)
	must(err)
	if len(taken) != 2 {
		t.Errorf("taken: %v", taken)
	}
}

func TestIssuerChangesAndCodes(t *testing.T) {
	ctx := context.Background()
	s := openIssuer(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Apply(ctx, []issuer.Change{{Licence: registered("A1"), Events: []issuer.Event{{Act: issuer.ActImported, Person: "Ada"}}}}))
	ls, err := s.ByNumber(ctx, "A1")
	must(err)
	l := ls[0]
	c := issuer.Change{Licence: l, WasRevision: l.Revision, WasStatusRev: l.StatusRev}
	c.Licence.Status, c.Licence.StatusRev = ledger.Hold, 1
	c.Events = []issuer.Event{{Act: issuer.ActStatus, Status: ledger.Hold, StatusRev: 1, Reason: "why", Person: "Bea"}}
	must(s.Apply(ctx, []issuer.Change{c}))
	if err := s.Apply(ctx, []issuer.Change{c}); !errors.Is(err, issuer.ErrConflict) {
		t.Errorf("a change of what was: %v", err)
	}
	if ls, err = s.Unsettled(ctx, 0, 10); err != nil || len(ls) != 1 || ls[0].Status != ledger.Hold {
		t.Errorf("%+v, %v", ls, err)
	}
	must(s.Settle(ctx, []issuer.Settled{{Licence: l.ID, StatusRev: 1, Height: 44}}))
	must(s.Settle(ctx, []issuer.Settled{{Licence: l.ID, StatusRev: 1, Height: 99}}))
	es, err := s.Events(ctx, l.ID)
	must(err)
	if len(es) != 2 || es[0].Person != "Ada" || es[1].Height != 44 || es[1].Reason != "why" || es[1].Status != ledger.Hold {
		t.Errorf("%+v", es)
	}
	if ls, err = s.Unsettled(ctx, 0, 10); err != nil || len(ls) != 0 {
		t.Errorf("%+v, %v", ls, err)
	}

	until := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	code := issuer.Code{ID: "ABCDE", Licence: l.ID, Secret: []byte("0123456789"), Expires: until}
	must(s.PutCode(ctx, code, issuer.Event{Act: issuer.ActCode}))
	code.ID = "FGHIJ"
	must(s.PutCode(ctx, code, issuer.Event{Act: issuer.ActCode}))
	if _, err := s.Code(ctx, "ABCDE"); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("a withdrawn code: %v", err)
	}
	for after, want := range map[time.Time]int{until.Add(-time.Second): 1, until: 0} {
		if open, err := s.OpenCodes(ctx, after, 1); err != nil || len(open) != want || want > 0 && !open[l.ID].Equal(until) {
			t.Errorf("open codes after %s: %v, %v", after, open, err)
		}
	}
	must(s.MissCode(ctx, "FGHIJ"))
	if open, err := s.OpenCodes(ctx, until.Add(-time.Second), 1); err != nil || len(open) != 0 {
		t.Errorf("a locked code is open: %v, %v", open, err)
	}
	got, err := s.Code(ctx, "FGHIJ")
	if err != nil || got.Attempts != 1 || string(got.Secret) != "0123456789" || !got.Expires.Equal(until) || got.Holder != "" {
		t.Errorf("%+v, %v", got, err)
	}
	ls, err = s.ByID(ctx, []int64{l.ID})
	must(err)
	use := issuer.Change{Licence: ls[0], WasRevision: ls[0].Revision, WasStatusRev: ls[0].StatusRev}
	use.Licence.Holder, use.Licence.HolderKey, use.Licence.ClaimRev, use.Licence.Revision = "did:key:z1", "zDn", 2, 2
	must(s.UseCode(ctx, "FGHIJ", use))
	if open, err := s.OpenCodes(ctx, until.Add(-time.Second), 9); err != nil || len(open) != 0 {
		t.Errorf("a used code is open: %v, %v", open, err)
	}
	use.WasRevision = 2
	if err := s.UseCode(ctx, "FGHIJ", use); !errors.Is(err, issuer.ErrConflict) {
		t.Errorf("a code used twice: %v", err)
	}
	if got, err = s.Code(ctx, "FGHIJ"); err != nil || got.Holder != "did:key:z1" || got.HolderKey != "zDn" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := s.PutCode(ctx, code, issuer.Event{}); !errors.Is(err, issuer.ErrConflict) {
		t.Errorf("an id that was used: %v", err)
	}
}

// TestThreat73_IssuerRowsCannotBeSwapped: a credential moved to another row of
// the file does not open there.
func TestThreat73_IssuerRowsCannotBeSwapped(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	db, err := Open(filepath.Join(dir, "issuer.db"), Issuer)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := NewIssuerStore(db, bytes.Repeat([]byte{3}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(ctx, []issuer.Change{{Licence: registered("A1")}, {Licence: registered("A2")}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Plan(ctx, planned(1, 1, 7)); err != nil {
		t.Fatal(err)
	}
	for _, swap := range []string{
		`UPDATE licence SET body = (SELECT body FROM licence WHERE id = 2) WHERE id = 1`,
		`UPDATE leaf SET draft = (SELECT draft FROM leaf WHERE id = 4097) WHERE id = 4096`,
	} {
		if err := db.Write(ctx, func(tx *sql.Tx) error { _, err := tx.Exec(swap); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.ByID(ctx, []int64{1}); explain.CodeOf(err) != "data_damaged" {
		t.Errorf("a licence from another row: %v", err)
	}
	if _, err := s.Unsigned(ctx, 1, 1); explain.CodeOf(err) != "data_damaged" {
		t.Errorf("a draft from another row: %v", err)
	}
}

// TestIssuerFormats: one licence in two formats; the register knows which are
// out, and which licence lacks one.
func TestIssuerFormats(t *testing.T) {
	ctx := context.Background()
	s := openIssuer(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	issue := func(p issuer.Plan) {
		t.Helper()
		must(s.Plan(ctx, p))
		for b := p.Batch; b.State < issuer.Signed; {
			if b.State++; b.State == issuer.Signed {
				leaves, err := s.Unsigned(ctx, b.Number, 10)
				must(err)
				for i := range leaves {
					if leaves[i].Format != p.Leaves[i].Format {
						t.Errorf("leaf %d as %s", i, leaves[i].Format)
					}
					must(s.StoreSigned(ctx, b.Number, []issuer.SignedLeaf{{Position: i, Bytes: fmt.Append(nil, leaves[i].Form, leaves[i].Format)}}))
				}
			}
			must(s.Advance(ctx, b))
		}
		must(s.Finish(ctx, p.Batch.Number))
	}
	due := func(lacking bool) (numbers []string) {
		t.Helper()
		ls, err := s.Due(ctx, 0, 10, lacking)
		must(err)
		for _, l := range ls {
			numbers = append(numbers, l.Record.Number)
		}
		return numbers
	}
	must(s.Apply(ctx, []issuer.Change{{Licence: registered("A1")}, {Licence: registered("A2")}, {Licence: registered("A3")}}))
	ls, err := s.After(ctx, 0, 10)
	must(err)
	one := func(number uint64, l int, index uint32, formats ...vc.Format) issuer.Plan {
		p := planned(number, ls[l].ID, index)
		p.Leaves, p.Batch.Size = p.Leaves[:len(formats)], len(formats)
		for i, f := range formats {
			p.Leaves[i].Form, p.Leaves[i].Format = issuer.RegisterCopy, f
		}
		return p
	}
	issue(one(1, 0, 5, vc.VCDM))
	issue(one(2, 1, 6, vc.VCDM, vc.SDJWT))
	if got := due(false); !slices.Equal(got, []string{"A3"}) {
		t.Errorf("due: %v", got)
	}
	if got := due(true); !slices.Equal(got, []string{"A1", "A3"}) {
		t.Errorf("due with what lacks a format: %v", got)
	}
	if got, err := s.Due(ctx, ls[0].ID, 1, true); err != nil || len(got) != 1 || got[0].Record.Number != "A3" {
		t.Errorf("the next page: %+v, %v", got, err)
	}
	add := one(3, 0, 5, vc.SDJWT)
	add.Indexes = nil
	issue(add)
	if got := due(true); !slices.Equal(got, []string{"A3"}) {
		t.Errorf("due after adding: %v", got)
	}
	held, err := s.Held(ctx, []int64{ls[0].ID, ls[2].ID})
	must(err)
	if want := []issuer.Held{
		{Licence: ls[0].ID, Index: 5, Form: issuer.RegisterCopy, Format: vc.VCDM},
		{Licence: ls[0].ID, Index: 5, Form: issuer.RegisterCopy, Format: vc.SDJWT},
	}; !slices.Equal(held, want) {
		t.Errorf("held %+v", held)
	}
	// A newer credential in one format does not speak for the other.
	for batch, want := range map[uint64]int{1: 1, 3: 1} {
		if ids, err := s.Dependent(ctx, batch); err != nil || len(ids) != want {
			t.Errorf("on batch %d depend %v, %v", batch, ids, err)
		}
	}
	for _, f := range []vc.Format{vc.VCDM, vc.SDJWT} {
		if c, l, err := s.Envelope(ctx, ls[0].ID, issuer.RegisterCopy, f); err != nil || string(c) != fmt.Sprint(issuer.RegisterCopy, f) || l.Index != 5 {
			t.Errorf("%s: %q, %+v, %v", f, c, l, err)
		}
	}
	xs, err := s.Issuances(ctx, ls[0].ID)
	if err != nil || len(xs) != 2 || xs[0].Format != vc.VCDM || xs[1].Format != vc.SDJWT {
		t.Errorf("%+v, %v", xs, err)
	}

	// A new index in one format alone lacks the other again.
	next := issuer.Change{Licence: ls[0], WasRevision: 1}
	next.Licence.Revision = 2
	must(s.Apply(ctx, []issuer.Change{next}))
	renewed := one(4, 0, 9, vc.VCDM)
	renewed.Leaves[0].Revision = 2
	issue(renewed)
	if got := due(true); !slices.Equal(got, []string{"A1", "A3"}) {
		t.Errorf("due after a new index: %v", got)
	}
}

// TestIssuerOlderLayout: a register from before formats opens; what is in it is
// VCDM, and lacks SD-JWT VCs.
func TestIssuerOlderLayout(t *testing.T) {
	ctx := context.Background()
	first, err := fs.ReadFile(Issuer.Migrations, "0001_register.sql")
	if err != nil {
		t.Fatal(err)
	}
	old := Issuer
	old.Migrations = fstest.MapFS{"0001_register.sql": {Data: first}}
	path := filepath.Join(t.TempDir(), "issuer.db")
	db, err := Open(path, old)
	if err != nil {
		t.Fatal(err)
	}
	master := bytes.Repeat([]byte{3}, KeySize)
	s, err := NewIssuerStore(db, master)
	if err != nil {
		t.Fatal(err)
	}
	seal := func(table, column string, id int64, text string) []byte {
		t.Helper()
		b, err := s.seal.Seal(IntCell(table, column, id), []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	l := registered("A1")
	err = db.Write(ctx, func(tx *sql.Tx) error {
		for _, x := range []struct {
			text string
			args []any
		}{
			{`INSERT INTO licence VALUES (1, ?, ?, 0, 0, 1, 1, 0, 0, ?)`, []any{s.keyIndex(l.Record.Key), s.numberIndex("A1"), seal("licence", "body", 1,
				`{"Record":{"Type":"ProfessionalLicence","Jurisdiction":"US-OH","Number":"A1","FamilyName":"Qulph"},"Imported":0,"Status":0,"Holder":"did:key:z1"}`)}},
			{`INSERT INTO batch VALUES (1, 5, 0, 'did:x:y#k', ?, ?, 1, 2030, 2, '[]', 3, 0, x'')`, []any{seal("batch", "person", 1, "Ada"), make([]byte, 32)}},
			{`INSERT INTO status_index VALUES (7, 1, 1, 0, 0)`, nil},
			{`INSERT INTO leaf VALUES (4096, 1, 1, 2, 7, ?, NULL, ?)`, []any{make([]byte, 32), seal("leaf", "credential", 4096, "old")}},
		} {
			if _, err := tx.ExecContext(ctx, x.text, x.args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if db, err = OpenExisting(path, Issuer); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if s, err = NewIssuerStore(db, master); err != nil {
		t.Fatal(err)
	}
	if c, leaf, err := s.Envelope(ctx, 1, issuer.Bound, vc.VCDM); err != nil || string(c) != "old" || leaf.Index != 7 {
		t.Errorf("%q, %+v, %v", c, leaf, err)
	}
	if _, _, err := s.Envelope(ctx, 1, issuer.Bound, vc.SDJWT); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("an SD-JWT VC from before there were any: %v", err)
	}
	ls, err := s.Due(ctx, 0, 10, true)
	if err != nil || len(ls) != 1 || ls[0].Holder != "did:key:z1" || ls[0].HolderKey != "" || ls[0].ClaimRev != 0 {
		t.Errorf("%+v, %v", ls, err)
	}
	if ls, err = s.Due(ctx, 0, 10, false); err != nil || len(ls) != 0 {
		t.Errorf("%+v, %v", ls, err)
	}
	if bs, err := s.Batches(ctx, 0, 10); err != nil || len(bs) != 1 || bs[0].MethodES256 != "" {
		t.Errorf("%+v, %v", bs, err)
	}
}
