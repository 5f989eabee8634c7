package home

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/keys"
	"bonafide/internal/testkit"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/storage"
	"bonafide/verifier"
	"bonafide/wallet"
)

const backupPass = "MARKER-backup-otter"

// cheapBackup makes a backup that takes no time to open.
func cheapBackup() BackupOptions {
	return BackupOptions{Passphrase: says(backupPass), work: 4}
}

func says(pass string) func(string, bool) ([]byte, error) {
	return func(string, bool) ([]byte, error) { return []byte(pass), nil }
}

// marker stands in everything about practitioners that the test homes hold.
const marker = "Quillfeather"

// a home of each role, with something in it that nobody may read.
var roles = map[string]func(t testing.TB, dir string){
	"issuer":   fillIssuer,
	"wallet":   fillWallet,
	"verifier": fillVerifier,
	"node":     fillNode,
}

func issuerStore(t testing.TB, h *Home) *storage.IssuerStore {
	t.Helper()
	db := must(h.database(storage.Issuer))
	var s *storage.IssuerStore
	if err := h.withMaster(func(m []byte) (err error) {
		s, err = storage.NewIssuerStore(db, m)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

func licenceNo(n string) issuer.Record {
	return issuer.Record{
		Key:        issuer.Key{Type: "ProfessionalLicence", Jurisdiction: "US-OH", Number: "MD-" + n},
		FamilyName: marker, GivenName: "Orbel",
	}
}

func fillIssuer(t testing.TB, dir string) {
	ctx := context.Background()
	h := mustOpen(t, dir, options(&user{pass: goodPass}))
	for _, use := range []string{keys.Issuing, keys.Ledger} {
		if _, _, err := must(h.Keys(use)).Create(did.Ed25519); err != nil {
			t.Fatal(err)
		}
	}
	s := issuerStore(t, h)
	event := []issuer.Event{{At: start, Person: "owner", Act: issuer.ActImported, Reason: marker}}
	if err := s.Apply(ctx, []issuer.Change{
		{Licence: issuer.Licence{Record: licenceNo("1"), Revision: 1}, Events: event},
		{Licence: issuer.Licence{Record: licenceNo("2"), Revision: 1}, Events: event},
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Plan(ctx, issuer.Plan{
		Batch: issuer.Batch{
			Number: 1, State: issuer.Planned, Created: start, Method: "did:example#key", Person: "owner", Size: 1,
			LastValidity: ledger.Month{Year: 2028, Month: 12}, Scopes: []issuer.Scope{{Type: "ProfessionalLicence", Jurisdiction: "US-OH"}},
		},
		Indexes: []issuer.Index{{Licence: 1, Number: 77, Batch: 1, ValidUntil: start}},
		Leaves:  []issuer.Leaf{{Licence: 1, Revision: 1, Form: issuer.RegisterCopy, Index: 77, Draft: []byte(marker)}},
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutCode(ctx, issuer.Code{ID: "ABCD", Licence: 2, Secret: []byte(marker), Expires: start.Add(time.Hour)}, event[0]); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

func fillWallet(t testing.TB, dir string) {
	ctx := context.Background()
	h := mustOpen(t, dir, options(&user{pass: goodPass}))
	holder := must(must(h.Wallet(ctx)).Init(ctx))
	s := must(h.walletStore())
	for _, id := range []string{"a", "b", "c"} {
		c := wallet.Credential{ID: id, Bytes: []byte(marker + id), Issuer: "did:bonafide:x", Types: []string{"ProfessionalLicence"}, Number: "MD-" + marker}
		if id != "c" {
			c.Holder = holder
		}
		if err := s.Add(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

func fillVerifier(t testing.TB, dir string) {
	ctx := context.Background()
	l := testkit.NewLedger(t, netA, 1, 1)
	holder := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	licence := licensed(t, l, holder)
	l.Beat(start.Sub(l.Now))
	h := mustOpen(t, dir, options(&user{pass: goodPass}))
	if err := h.Pin(ctx, network(t, l), false, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Import(ctx, bytes.NewReader(export(t, l, 0))); err != nil {
		t.Fatal(err)
	}
	p := must(h.Hospital(ctx, HospitalOptions{}))
	if _, err := p.NewRequest(ctx, RequestOptions{Audience: "Riverside", Purpose: verifier.Privileging, ValidFor: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Verify(ctx, verifier.Input{File: "x", Bytes: licence}); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

// fillNode founds a network of one, runs its node until it has signed, and
// stops it.
func fillNode(t testing.TB, dir string) {
	ctx := context.Background()
	o := options(&user{pass: goodPass})
	o.Now = time.Now
	h := mustOpen(t, dir, o)
	params := ledger.Params{Interval: time.Second, IssuerDelay: time.Second, RecoverDelay: time.Second, ProposalLife: time.Hour}
	if _, _, err := h.Found(ctx, FoundOptions{Label: "test", Name: "Board", Contact: "x", Params: params}); err != nil {
		t.Fatal(err)
	}
	n, err := h.StartNode(ctx, NodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Client().Wait(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.StopNode(), h.Close()); err != nil {
		t.Fatal(err)
	}
}

// homeOf makes a home of a role and returns its folder; it is closed.
func homeOf(t testing.TB, role string) string {
	t.Helper()
	dir := newHome(t)
	roles[role](t, dir)
	return dir
}

// backupOf backs a home up beside it.
func backupOf(t testing.TB, dir string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "b.age")
	o := options(&user{pass: goodPass})
	o.As = "owner"
	h := mustOpen(t, dir, o)
	if _, err := h.Backup(context.Background(), file, cheapBackup()); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

func restoreOptions() RestoreOptions {
	return RestoreOptions{Passphrase: says(backupPass), Offline: true}
}

func TestBackupAndRestore(t *testing.T) {
	ctx := context.Background()
	for role := range roles {
		t.Run(role, func(t *testing.T) {
			dir := homeOf(t, role)
			file := filepath.Join(t.TempDir(), "b.age")
			h := mustOpen(t, dir, options(&user{pass: goodPass}))
			var done, total int64
			o := cheapBackup()
			o.Progress = func(d, n int64) { done, total = d, n }
			made, err := h.Backup(ctx, file, o)
			if err != nil {
				t.Fatal(err)
			}
			if info := must(os.Stat(file)); info.Size() != made.Bytes || info.Mode().Perm() != 0o600 {
				t.Errorf("%d bytes, mode %v; told %d", info.Size(), info.Mode(), made.Bytes)
			}
			if done != total || total == 0 {
				t.Errorf("progress ended at %d of %d", done, total)
			}
			if i := must(h.Info(ctx)); i.LastBackup == nil || !i.LastBackup.Equal(h.Now().Truncate(time.Second)) || i.Acts == nil || *i.Acts != 0 || i.Restored != nil || i.Bytes == 0 {
				t.Errorf("%+v", i)
			}
			if found := must(h.Check(ctx, true)); len(found) > 0 {
				t.Errorf("after the backup: %s", codes(found))
			}
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
			before := files(t, dir)

			there := filepath.Join(t.TempDir(), "deep", "home")
			rehearsed, err := Restore(ctx, file, there, options(&user{}), RestoreOptions{Passphrase: says(backupPass), Rehearse: true})
			if err != nil || !rehearsed.Rehearsed || rehearsed.Dir != "" {
				t.Fatalf("%+v %v", rehearsed, err)
			}
			if left := must(os.ReadDir(filepath.Dir(filepath.Dir(there)))); len(left) > 0 {
				t.Errorf("the rehearsal left %v", left)
			}
			// A rehearsal in the place of a home that is there leaves it alone.
			if _, err := Restore(ctx, file, dir, options(&user{}), RestoreOptions{Passphrase: says(backupPass), Rehearse: true}); err != nil {
				t.Fatal(err)
			}
			if after := files(t, dir); !sameHome(before, after) {
				t.Error("the rehearsal changed the home")
			}

			res, err := Restore(ctx, file, there, options(&user{}), restoreOptions())
			if err != nil {
				t.Fatal(err)
			}
			if res.Home != made.Home || !res.Created.Equal(made.Created) || res.Dir != there || !slices.Equal(res.People, []string{"owner"}) || res.Files != made.Files {
				t.Errorf("%+v of %+v", res, made)
			}
			if left := must(os.ReadDir(filepath.Dir(there))); len(left) != 1 {
				t.Errorf("beside the home: %v", left)
			}
			back := mustOpen(t, there, options(&user{pass: goodPass}))
			if found := must(back.Check(ctx, true)); len(found) > 0 {
				t.Errorf("the restored home: %s", codes(found))
			}
			if i := must(back.Info(ctx)); i.Restored == nil || i.LastBackup == nil || !i.LastBackup.Equal(made.Created) {
				t.Errorf("%+v", i)
			}
			_, err = Restore(ctx, file, there, options(&user{}), restoreOptions())
			wantCode(t, err, "home_exists")

			if role == "node" {
				return
			}
			for name, b := range before {
				if bytes.Contains(b, []byte(marker)) {
					t.Errorf("%s holds what a person may read", name)
				}
			}
			for _, s := range spellings(marker, goodPass, backupPass) {
				if bytes.Contains(must(os.ReadFile(file)), []byte(s)) {
					t.Error("the backup can be read")
				}
			}
		})
	}
}

// sameHome compares homes but for what opening them writes.
func sameHome(a, b map[string][]byte) bool {
	keep := func(m map[string][]byte) (out []string) {
		for name, b := range m {
			if !strings.HasSuffix(name, "-shm") && !strings.HasSuffix(name, "-wal") && !strings.HasSuffix(name, "lock") {
				out = append(out, name+"\x00"+string(b))
			}
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(keep(a), keep(b))
}
