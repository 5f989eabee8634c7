package home

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"filippo.io/age"

	"bonafide/internal/explain"
	"bonafide/internal/keys"
	"bonafide/internal/testkit"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/storage"
)

// opened is a backup's inside, for tests that make another one of it.
type opened struct {
	m       manifest
	master  []byte
	content map[string][]byte
}

type kept struct{ bytes.Buffer }

func (*kept) Close() error { return nil }

func openBackup(t testing.TB, file string) *opened {
	t.Helper()
	plain := must(decrypt(must(os.Open(file)), says(backupPass)))
	bufs := map[string]*kept{}
	o := &opened{content: map[string][]byte{}}
	var err error
	o.m, o.master, err = readArchive(context.Background(), plain, 1<<40, sink{
		begin: func(manifest) error { return nil },
		put: func(e entry) (io.WriteCloser, error) {
			bufs[e.Path] = &kept{}
			return bufs[e.Path], nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, b := range bufs {
		o.content[path] = b.Bytes()
	}
	return o
}

// seal writes the backup anew, with sizes and hashes that fit.
func (o *opened) seal(t testing.TB) string {
	t.Helper()
	for i := range o.m.Entries {
		e := &o.m.Entries[i]
		sum := sha256.Sum256(o.content[e.Path])
		e.Size, e.SHA256 = int64(len(o.content[e.Path])), hex.EncodeToString(sum[:])
	}
	return encrypted(t, func(w io.Writer) error {
		return writeArchive(context.Background(), w, o.m, o.master, func(e entry) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(o.content[e.Path])), nil
		}, nil)
	})
}

func encrypted(t testing.TB, fill func(io.Writer) error) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "made.age")
	if err := storage.Replace(file, func(w io.Writer) error {
		a, err := age.Encrypt(w, must(cheapBackup().recipient()))
		if err != nil {
			return err
		}
		return errors.Join(fill(a), a.Close())
	}); err != nil {
		t.Fatal(err)
	}
	return file
}

// refused asserts that a backup is not taken and leaves nothing.
func refused(t testing.TB, file string, r RestoreOptions, codes ...string) {
	t.Helper()
	parent := t.TempDir()
	_, err := Restore(context.Background(), file, filepath.Join(parent, "home"), options(&user{}), r)
	wantCode(t, err, codes...)
	if left := must(os.ReadDir(parent)); len(left) > 0 {
		t.Fatalf("%v was left", left)
	}
}

func TestWrongBackupPassphrase(t *testing.T) {
	for role := range roles {
		t.Run(role, func(t *testing.T) {
			dir := homeOf(t, role)
			file := backupOf(t, dir)
			for _, pass := range []string{"", "wrong", goodPass, backupPass + " ", strings.ToLower(backupPass)} {
				refused(t, file, RestoreOptions{Passphrase: says(pass), Offline: true}, "backup_passphrase_wrong")
			}
			refused(t, file, RestoreOptions{}, "passphrase_needed")
			h := mustOpen(t, dir, options(&user{pass: "wrong-passphrase"}))
			_, err := h.Backup(context.Background(), filepath.Join(t.TempDir(), "b"), cheapBackup())
			wantCode(t, err, "passphrase_wrong")
		})
	}
}

// Every region of the file: the header byte by byte, then every piece of the
// encryption.
func TestDamagedBackup(t *testing.T) {
	for role := range roles {
		t.Run(role, func(t *testing.T) {
			whole := must(os.ReadFile(backupOf(t, homeOf(t, role))))
			file := filepath.Join(t.TempDir(), "b")
			try := func(b []byte, codes ...string) {
				t.Helper()
				if err := os.WriteFile(file, b, 0o600); err != nil {
					t.Fatal(err)
				}
				refused(t, file, restoreOptions(), codes...)
			}
			any := []string{"backup_unknown", "backup_passphrase_wrong", "backup_damaged"}
			const head = 200
			step := max(1, len(whole)/24)
			for i := 0; i < len(whole); {
				b := bytes.Clone(whole)
				b[i] ^= 0x10
				try(b, any...)
				try(whole[:i], any...)
				if i < head {
					i += 7
				} else {
					i += step
				}
			}
			// Cut between two pieces of the encryption, nothing in it is wrong but
			// that the end is missing.
			begin := bytes.Index(whole, []byte("\n--- ")) + 5 + 43 + 1 + 16
			const piece = 64<<10 + 16
			for at := begin; at < len(whole); at += piece {
				try(whole[:at], "backup_damaged")
			}
			if len(whole) > begin+2*piece { // two pieces change places
				b := bytes.Clone(whole)
				copy(b[begin:], whole[begin+piece:begin+2*piece])
				copy(b[begin+piece:], whole[begin:begin+piece])
				try(b, "backup_damaged")
			}
			try(append(bytes.Clone(whole), 0), "backup_damaged")
			try(append(bytes.Clone(whole), whole...), "backup_damaged")
			try([]byte("Dear Sirs"), "backup_unknown")
			try(nil, "backup_unknown")
		})
	}
}

// Whoever knows the passphrase can make any archive: it is taken only in the
// one form.
func TestForgedBackup(t *testing.T) {
	file := backupOf(t, homeOf(t, "wallet"))
	for name, c := range map[string]struct {
		change func(o *opened)
		codes  []string
	}{
		"as it is":         {func(*opened) {}, nil},
		"another order":    {func(o *opened) { slices.Reverse(o.m.Entries) }, nil},
		"another master":   {func(o *opened) { o.master[3] ^= 1 }, []string{"data_damaged"}},
		"a short master":   {func(o *opened) { o.master = o.master[1:] }, []string{"backup_damaged"}},
		"newer manifest":   {func(o *opened) { o.m.Format = 2 }, []string{"backup_newer"}},
		"no home":          {func(o *opened) { o.m.Home = "xyz" }, []string{"backup_damaged"}},
		"another home":     {func(o *opened) { o.m.Home = strings.Repeat("0", 32) }, []string{"backup_damaged"}},
		"newer settings":   {func(o *opened) { o.edit(settingsFile, `"format": 1`, `"format": 2`) }, []string{"data_newer"}},
		"damaged settings": {func(o *opened) { o.edit(settingsFile, `"id"`, `"ix"`) }, []string{"data_damaged"}},
		"newer people":     {func(o *opened) { o.edit(peopleFile, `"format": 1`, `"format": 2`) }, []string{"data_newer"}},
		"damaged people":   {func(o *opened) { o.edit(peopleFile, `owner`, `ovner`) }, []string{"data_damaged"}},
		"newer clock":      {func(o *opened) { o.edit("network/"+clockFile, `"format": 1`, `"format": 2`) }, []string{"data_newer"}},
		"a role unknown":   {func(o *opened) { o.edit(settingsFile, `"verifier"`, `"janitor"`) }, []string{"data_newer"}},
		"no keys":          {func(o *opened) { o.drop("keys/keys.db") }, []string{"backup_damaged"}},
		"a role is gone":   {func(o *opened) { o.drop("wallet/wallet.db") }, []string{"data_missing"}},
		"climbing":         {func(o *opened) { o.add("../x", "x") }, []string{"backup_damaged"}},
		"from the root":    {func(o *opened) { o.add("/etc/x", "x") }, []string{"backup_damaged"}},
		"with backslashes": {func(o *opened) { o.add(`node\..\..\x`, "x") }, []string{"backup_damaged"}},
		"within the node":  {func(o *opened) { o.add("node/../../x", "x") }, []string{"backup_damaged"}},
		"a stranger":       {func(o *opened) { o.add("notes.txt", "x") }, []string{"backup_damaged"}},
		"a lock":           {func(o *opened) { o.add("restore.lock", "x") }, []string{"backup_damaged"}},
		"twice":            {func(o *opened) { o.m.Entries = append(o.m.Entries, o.m.Entries[0]) }, []string{"backup_damaged"}},
		"in capitals":      {func(o *opened) { o.add("node/A", "x"); o.add("node/a", "y") }, []string{"backup_damaged"}},
		"a database that is none": {func(o *opened) {
			o.content["wallet/wallet.db"] = bytes.Repeat([]byte("no"), 5000)
		}, []string{"data_damaged"}},
		"another role's database": {func(o *opened) {
			o.content["wallet/wallet.db"] = o.content["keys/keys.db"]
		}, []string{"data_damaged"}},
		"a page is damaged": {func(o *opened) {
			b := o.content["wallet/wallet.db"]
			for i := 3 * 4096; i < len(b); i += 97 {
				b[i] ^= 0x55
			}
		}, []string{"data_damaged"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := openBackup(t, file)
			c.change(o)
			made := o.seal(t)
			if c.codes != nil {
				refused(t, made, restoreOptions(), c.codes...)
				return
			}
			if _, err := Restore(context.Background(), made, filepath.Join(t.TempDir(), "home"), options(&user{}), restoreOptions()); err != nil {
				t.Error(err)
			}
		})
	}
	// The archive itself: what the manifest does not say is not in it.
	o := openBackup(t, file)
	for name, spoil := range map[string]func(w *tar.Writer){
		"empty":      func(*tar.Writer) {},
		"no master":  func(w *tar.Writer) { put(w, manifestName, encode(o.m)) },
		"no entries": func(w *tar.Writer) { put(w, manifestName, encode(o.m)); put(w, masterName, o.master) },
		"link": func(w *tar.Writer) {
			put(w, manifestName, encode(o.m))
			put(w, masterName, o.master)
			_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: o.m.Entries[0].Path, Linkname: "/etc/passwd"})
		},
		"other bytes": func(w *tar.Writer) {
			put(w, manifestName, encode(o.m))
			put(w, masterName, o.master)
			for _, e := range o.m.Entries {
				put(w, e.Path, bytes.Repeat([]byte{1}, int(e.Size)))
			}
		},
		"more": func(w *tar.Writer) {
			put(w, manifestName, encode(o.m))
			put(w, masterName, o.master)
			for _, e := range o.m.Entries {
				put(w, e.Path, o.content[e.Path])
			}
			put(w, "node/x", []byte("x"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, encrypted(t, func(w io.Writer) error {
				tw := tar.NewWriter(w)
				spoil(tw)
				return tw.Close()
			}), restoreOptions(), "backup_damaged")
		})
	}
	huge := openBackup(t, file)
	huge.m.Entries[0].Size = 1 << 50
	refused(t, encrypted(t, func(w io.Writer) error {
		tw := tar.NewWriter(w)
		put(tw, manifestName, encode(huge.m))
		put(tw, masterName, huge.master)
		return tw.Close()
	}), restoreOptions(), "backup_damaged")
}

func encode(m manifest) []byte {
	var b bytes.Buffer
	_ = writeArchive(context.Background(), &b, manifest{
		Format: m.Format, Home: m.Home, Created: m.Created, Version: m.Version, Roles: m.Roles, Acts: m.Acts, Notes: m.Notes, Entries: m.Entries,
	}, nil, func(entry) (io.ReadCloser, error) { return nil, io.EOF }, nil)
	r := tar.NewReader(&b)
	if _, err := r.Next(); err != nil {
		panic(err)
	}
	return must(io.ReadAll(r))
}

func put(w *tar.Writer, name string, b []byte) {
	_ = w.WriteHeader(header(name, int64(len(b))))
	_, _ = w.Write(b)
}

func (o *opened) edit(path, from, to string) {
	if !bytes.Contains(o.content[path], []byte(from)) {
		panic(path + " has no " + from)
	}
	o.content[path] = bytes.Replace(o.content[path], []byte(from), []byte(to), 1)
}

func (o *opened) drop(path string) {
	o.m.Entries = slices.DeleteFunc(o.m.Entries, func(e entry) bool { return e.Path == path })
}

func (o *opened) add(path, content string) {
	o.content[path] = []byte(content)
	o.m.Entries = append(o.m.Entries, entry{Path: path})
}

// A database of a newer layout in the backup of each role: refused, unharmed.
func TestNewerDataInABackup(t *testing.T) {
	for role := range roles {
		t.Run(role, func(t *testing.T) {
			file := backupOf(t, homeOf(t, role))
			name := role
			if role == "node" {
				name = storage.Keys.Name
			}
			s := must(schemaOf(name))
			newer := fstest.MapFS{"9999_more.sql": {Data: []byte("-- +goose Up\nCREATE TABLE more (id INTEGER PRIMARY KEY) STRICT;\n")}}
			entries := must(fs.Glob(s.Migrations, "*.sql"))
			for _, e := range entries {
				newer[e] = &fstest.MapFile{Data: must(fs.ReadFile(s.Migrations, e))}
			}
			s.Migrations = newer
			o := openBackup(t, file)
			path := filepath.Join(t.TempDir(), name+".db")
			if err := os.WriteFile(path, o.content[name+"/"+name+".db"], 0o600); err != nil {
				t.Fatal(err)
			}
			if err := withDatabase(path, s, func(*storage.DB) error { return nil }); err != nil {
				t.Fatal(err)
			}
			o.content[name+"/"+name+".db"] = must(os.ReadFile(path))
			refused(t, o.seal(t), restoreOptions(), "data_newer")
		})
	}
}

// What was open when the backup was made may be over since.
func TestRestoreClosesWhatWasOpen(t *testing.T) {
	ctx := context.Background()
	back := func(role string) (*Home, Restored) {
		t.Helper()
		there := filepath.Join(t.TempDir(), "home")
		res, err := Restore(ctx, backupOf(t, homeOf(t, role)), there, options(&user{}), restoreOptions())
		if err != nil {
			t.Fatal(err)
		}
		return mustOpen(t, there, options(&user{pass: goodPass})), res
	}
	h, res := back("issuer")
	if res.Codes != 1 || res.Batches != 1 || !slices.Contains(res.Notes, "register_restored") {
		t.Errorf("%+v", res)
	}
	s := issuerStore(t, h)
	if open := must(s.Unfinished(ctx)); len(open) > 0 {
		t.Errorf("unfinished: %+v", open)
	}
	if due := must(s.After(ctx, 0, 10)); len(due) != 2 || due[0].Batch != 0 || due[0].Record.FamilyName != marker {
		t.Errorf("%+v", due)
	}
	// Page 3 is the newest there is: nothing of it is free; page 4 is opened by
	// this register, so all of it is.
	for range 2 {
		if n := len(must(s.Taken(ctx, 3))); n != ledger.PageIndexes {
			t.Errorf("%d indexes of the old page are taken", n)
		}
		if n := len(must(s.Taken(ctx, 4))); n != 0 {
			t.Errorf("%d indexes of the new page are taken", n)
		}
	}
	h, res = back("verifier")
	if res.Requests != 1 {
		t.Errorf("%+v", res)
	}
	db := must(h.database(storage.Verifier))
	if n := must(db.CloseRequests(ctx)); n != 0 {
		t.Errorf("%d requests are open", n)
	}
	_, res = back("wallet")
	want := []Held{
		{Types: []string{"ProfessionalLicence"}, Issuer: "did:bonafide:x", Bound: true, Count: 2},
		{Types: []string{"ProfessionalLicence"}, Issuer: "did:bonafide:x", Count: 1},
	}
	if fmt.Sprint(res.Credentials) != fmt.Sprint(want) || !slices.Contains(res.Notes, "wallet_moved") {
		t.Errorf("%+v", res.Credentials)
	}
}

// A wallet whose key is not there says what has to be claimed anew.
func TestBackupOfAWalletWithoutItsKey(t *testing.T) {
	ctx := context.Background()
	dir := homeOf(t, "wallet")
	h := mustOpen(t, dir, options(&user{pass: goodPass}))
	db := must(h.database(storage.Keys))
	if n := must(db.DropKeys(ctx, keys.Holder)); n == 0 {
		t.Fatal("no key was there")
	}
	made, err := h.Backup(ctx, filepath.Join(t.TempDir(), "b"), cheapBackup())
	if err != nil {
		t.Fatal(err)
	}
	anew := 0
	for _, x := range made.Credentials {
		if x.ClaimAnew {
			anew += x.Count
		}
	}
	if anew != 2 {
		t.Errorf("%+v", made.Credentials)
	}
	if found := must(h.Check(ctx, true)); codes(found) != "wallet/wallet.db key_missing" {
		t.Error(codes(found))
	}
}

func TestResetPassphrase(t *testing.T) {
	ctx := context.Background()
	dir := newHome(t)
	u := &user{pass: goodPass}
	h := mustOpen(t, dir, options(u))
	if err := h.Unlock(); err != nil {
		t.Fatal(err)
	}
	u.pass = "second passphrase"
	if err := errors.Join(h.AddPerson(ctx, "zoe"), h.Close()); err != nil {
		t.Fatal(err)
	}
	file := backupOf(t, dir)
	r := restoreOptions()
	r.ResetPassphrase = true
	o := options(&user{pass: "brand new words"})
	refusedAs := func(name, code string) {
		t.Helper()
		o.As = name
		_, err := Restore(ctx, file, filepath.Join(t.TempDir(), "h"), o, r)
		wantCode(t, err, code)
	}
	refusedAs("", "person_needed")
	refusedAs("nobody", "person_unknown")
	there := filepath.Join(t.TempDir(), "h")
	o.As = "zoe"
	if _, err := Restore(ctx, file, there, o, r); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, pass, code string }{
		{"zoe", "brand new words", ""},
		{"zoe", "second passphrase", "passphrase_wrong"},
		{"owner", goodPass, ""},
		{"owner", "brand new words", "passphrase_wrong"},
	} {
		o := options(&user{pass: c.pass})
		o.As = c.name
		if err := mustOpen(t, there, o).Unlock(); explain.CodeOf(err) != c.code {
			t.Errorf("%s by %q: %v", c.name, c.pass, err)
		}
	}
}

// The keyring's key is another machine's: after a restore the passphrase is
// what opens.
func TestRestoreWithoutTheKeyring(t *testing.T) {
	ctx := context.Background()
	dir := newHome(t)
	ring := fakeKeyring{}
	o := options(&user{pass: goodPass})
	o.keyring = ring
	h := mustOpen(t, dir, o)
	if err := h.UseKeyring(ctx, true); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	there := filepath.Join(t.TempDir(), "h")
	res, err := Restore(ctx, backupOf(t, dir), there, o, restoreOptions())
	if err != nil || !slices.Equal(res.Keyring, []string{"owner"}) {
		t.Fatal(res, err)
	}
	u := &user{pass: goodPass}
	o.Passphrase = u.ask
	if err := mustOpen(t, there, o).Unlock(); err != nil || len(u.asked) != 1 {
		t.Error(u.asked, err)
	}
}

// What contradicts itself is found by any check, what does not open by a full
// one; a backup of it is made, and not taken back.
func TestCheckOfContent(t *testing.T) {
	ctx := context.Background()
	for text, want := range map[string][2]string{
		`UPDATE licence SET issued_rev = 9`:            {"issuer/issuer.db data_contradictory licence_ahead_of_itself", "issuer/issuer.db data_contradictory licence_ahead_of_itself"},
		`UPDATE event SET body = x'0102' WHERE id = 1`: {"", "issuer/issuer.db data_damaged "},
	} {
		dir := homeOf(t, "issuer")
		h := mustOpen(t, dir, options(&user{pass: goodPass}))
		db := must(h.database(storage.Issuer))
		if err := db.Write(ctx, func(tx *sql.Tx) error {
			_, err := tx.Exec(text)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for i, full := range []bool{false, true} {
			got := ""
			for _, f := range must(h.Check(ctx, full)) {
				got += f.Path + " " + f.Code + " " + f.What
			}
			if got != want[i] {
				t.Errorf("%s, full %v: %q", text, full, got)
			}
		}
		refused(t, backupOf(t, dir), restoreOptions(), strings.Fields(want[1])[1])
	}
}

// Where the backup may be put, and what a passphrase must be.
func TestBackupTarget(t *testing.T) {
	ctx := context.Background()
	dir := homeOf(t, "wallet")
	h := mustOpen(t, dir, options(&user{pass: goodPass}))
	for name, c := range map[string]struct{ file, code string }{
		"in the home":      {filepath.Join(dir, "b"), "backup_inside"},
		"deep in the home": {filepath.Join(dir, "network", "b"), "backup_inside"},
		"a folder":         {filepath.Dir(dir), "backup_target"},
	} {
		_, err := h.Backup(ctx, c.file, cheapBackup())
		if explain.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	letter := filepath.Join(t.TempDir(), "letter")
	if err := os.WriteFile(letter, []byte("Dear Sirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := h.Backup(ctx, letter, cheapBackup())
	wantCode(t, err, "backup_target")
	if string(must(os.ReadFile(letter))) != "Dear Sirs" {
		t.Error("the letter is gone")
	}
	o := cheapBackup()
	o.Passphrase = says("short")
	_, err = h.Backup(ctx, filepath.Join(t.TempDir(), "b"), o)
	wantCode(t, err, "passphrase_short")
	if found := must(h.Check(ctx, false)); len(found) > 0 {
		t.Error(codes(found))
	}
	// An older backup makes room for a newer one.
	file := filepath.Join(t.TempDir(), "b")
	for range 2 {
		if _, err := h.Backup(ctx, file, cheapBackup()); err != nil {
			t.Fatal(err)
		}
	}
	if left := must(os.ReadDir(filepath.Dir(file))); len(left) != 1 {
		t.Error(left)
	}
}

// Cancelled at any byte, a backup and a restore leave nothing.
func TestCancelledBackupAndRestore(t *testing.T) {
	dir := homeOf(t, "issuer")
	file := backupOf(t, dir)
	for _, at := range []int64{1, 10_000, 100_000} {
		ctx, cancel := context.WithCancel(context.Background())
		stop := func(done, _ int64) {
			if done >= at {
				cancel()
			}
		}
		target := filepath.Join(t.TempDir(), "b")
		h := mustOpen(t, dir, options(&user{pass: goodPass}))
		o := cheapBackup()
		o.Progress = stop
		if _, err := h.Backup(ctx, target, o); !errors.Is(err, context.Canceled) {
			t.Errorf("backup at %d: %v", at, err)
		}
		if left := must(os.ReadDir(filepath.Dir(target))); len(left) > 0 {
			t.Error(left)
		}
		if found := must(h.Check(context.Background(), false)); len(found) > 0 {
			t.Error(codes(found))
		}
		ctx, cancel = context.WithCancel(context.Background())
		r := restoreOptions()
		r.Progress = stop
		parent := t.TempDir()
		if _, err := Restore(ctx, file, filepath.Join(parent, "h"), options(&user{}), r); !errors.Is(err, context.Canceled) {
			t.Errorf("restore at %d: %v", at, err)
		}
		if left := must(os.ReadDir(parent)); len(left) > 0 {
			t.Error(left)
		}
		cancel()
	}
}

// Others write while a backup is made: what is in it holds together.
func TestBackupWhileOthersWrite(t *testing.T) {
	ctx := context.Background()
	dir := homeOf(t, "issuer")
	writer := mustOpen(t, dir, options(&user{pass: goodPass}))
	s := issuerStore(t, writer)
	stop, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for i := 10; ; i++ {
			select {
			case <-stop:
				ended <- nil
				return
			default:
			}
			if err := s.Apply(ctx, []issuer.Change{{Licence: issuer.Licence{Record: licenceNo(fmt.Sprint(i)), Revision: 1}}}); err != nil {
				ended <- err
				return
			}
		}
	}()
	for range 3 {
		there := filepath.Join(t.TempDir(), "h")
		if _, err := Restore(ctx, backupOf(t, dir), there, options(&user{}), restoreOptions()); err != nil {
			t.Fatal(err)
		}
		h := mustOpen(t, there, options(&user{pass: goodPass}))
		if found := must(h.Check(ctx, true)); len(found) > 0 {
			t.Error(codes(found))
		}
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Killed at every step, a backup leaves the old file or the new one, the home
// whole, and nothing that can be read.
func TestThreat72_KilledAtEveryStepOfABackup(t *testing.T) {
	if dir := os.Getenv("HOME_TEST_CRASH"); dir != "" {
		h := mustOpen(t, dir, options(&user{pass: goodPass}))
		countSteps()
		_, err := h.Backup(context.Background(), filepath.Join(filepath.Dir(dir), "out", "b"), cheapBackup())
		fmt.Println("survived", err)
		return
	}
	pristine := homeOf(t, "issuer")
	older := must(os.ReadFile(backupOf(t, pristine)))
	for n := 1; ; n++ {
		dir := filepath.Join(t.TempDir(), "home")
		out := filepath.Join(filepath.Dir(dir), "out")
		file := filepath.Join(out, "b")
		if err := errors.Join(os.CopyFS(dir, os.DirFS(pristine)), private(dir), os.Mkdir(out, 0o700), os.WriteFile(file, older, 0o600)); err != nil {
			t.Fatal(err)
		}
		survived := killedAt(t, dir, n)
		for root := range map[string]bool{dir: true, out: true} {
			for name, b := range files(t, root) {
				for _, s := range spellings(marker, goodPass, backupPass) {
					if bytes.Contains(b, []byte(s)) {
						t.Errorf("step %d: %s can be read", n, name)
					}
				}
			}
		}
		h := mustOpen(t, dir, options(&user{pass: goodPass}))
		if found := must(h.Check(context.Background(), true)); len(found) > 0 {
			t.Errorf("step %d: %s", n, codes(found))
		}
		r := restoreOptions()
		r.Rehearse = true
		if _, err := Restore(context.Background(), file, filepath.Join(t.TempDir(), "h"), options(&user{}), r); err != nil {
			t.Errorf("step %d: %v", n, err)
		}
		if _, err := h.Backup(context.Background(), file, cheapBackup()); err != nil {
			t.Errorf("step %d, then: %v", n, err)
		}
		if left := must(os.ReadDir(out)); len(left) != 1 {
			t.Errorf("step %d: %v", n, left)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if survived {
			if n < 15 {
				t.Errorf("only %d steps", n)
			}
			return
		}
	}
}

// Killed at every step, a restore leaves no home or the whole one.
func TestThreat72_KilledAtEveryStepOfARestore(t *testing.T) {
	if dir := os.Getenv("HOME_TEST_CRASH"); dir != "" {
		countSteps()
		_, err := Restore(context.Background(), filepath.Join(dir, "b"), filepath.Join(dir, "h"), options(&user{}), restoreOptions())
		fmt.Println("survived", err)
		return
	}
	source := backupOf(t, homeOf(t, "issuer"))
	for n := 1; ; n++ {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "b"), must(os.ReadFile(source)), 0o600); err != nil {
			t.Fatal(err)
		}
		survived := killedAt(t, dir, n)
		for name, b := range files(t, dir) {
			if bytes.Contains(b, []byte(marker)) {
				t.Errorf("step %d: %s can be read", n, name)
			}
		}
		there := filepath.Join(dir, "h")
		if _, err := os.Lstat(there); err == nil {
			if !Exists(there) {
				t.Errorf("step %d: half a home", n)
			}
		} else if _, err := Restore(context.Background(), filepath.Join(dir, "b"), there, options(&user{}), restoreOptions()); err != nil {
			t.Errorf("step %d, then: %v", n, err)
		}
		h := mustOpen(t, there, options(&user{pass: goodPass}))
		if found := must(h.Check(context.Background(), true)); len(found) > 0 {
			t.Errorf("step %d: %s", n, codes(found))
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if left := must(os.ReadDir(dir)); len(left) != 2 {
			t.Errorf("step %d: %v", n, left)
		}
		if survived {
			if n < 10 {
				t.Errorf("only %d steps", n)
			}
			return
		}
	}
}

// private takes from a copied home what the copying let others do.
func private(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
}

// countSteps makes this process die at the step that the environment names.
func countSteps() {
	var n, at int
	if _, err := fmt.Sscan(os.Getenv("HOME_TEST_STEP"), &at); err != nil {
		panic(err)
	}
	atStep = func(string) {
		if n++; n < at {
			return
		}
		p := must(os.FindProcess(os.Getpid()))
		if err := p.Kill(); err != nil {
			panic(err)
		}
		select {} // until the signal arrives
	}
}

// killedAt runs the calling test in a child that dies at its n-th step;
// survived says that it has fewer.
func killedAt(t *testing.T, dir string, n int) (survived bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "HOME_TEST_CRASH="+dir, fmt.Sprint("HOME_TEST_STEP=", n))
	out, err := cmd.CombinedOutput()
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		if s.Text() == "survived <nil>" {
			return true
		}
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != -1 {
		t.Fatalf("step %d: %v\n%s", n, err, out)
	}
	return false
}

// What a broken-off restore left is removed by whoever opens the home that
// has the name, and left alone while it is under way.
func TestSweep(t *testing.T) {
	dir := newHome(t)
	for _, folder := range []string{filepath.Join(dir, workFolder), stagingOf(dir)} {
		if err := os.MkdirAll(filepath.Join(folder, "wallet"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	unlock := must(storage.Lock(ctx, filepath.Join(dir, backupLock)))
	unlockStaging := must(storage.Lock(ctx, filepath.Join(stagingOf(dir), restoreLock)))
	left := func() (n int) {
		h := mustOpen(t, dir, options(&user{pass: goodPass}))
		if found := must(h.Check(ctx, false)); len(found) > 0 {
			t.Error(codes(found))
		}
		for _, folder := range []string{filepath.Join(dir, workFolder), stagingOf(dir)} {
			if _, err := os.Lstat(folder); err == nil {
				n++
			}
		}
		return n
	}
	if n := left(); n != 2 {
		t.Errorf("%d of the folders in use are left", n)
	}
	unlock()
	unlockStaging()
	if n := left(); n != 0 {
		t.Errorf("%d folders are left", n)
	}
}

// founder is a home with a network of one, and what its node published.
func founder(t testing.TB) (dir string, o Options) {
	o = options(&user{pass: goodPass})
	o.Now = time.Now
	return homeOf(t, "node"), o
}

func chainOf(t testing.TB, dir string, o Options) *Chain {
	t.Helper()
	return must(mustOpen(t, dir, o).chain())
}

func TestNetworkOfOne(t *testing.T) {
	ctx := context.Background()
	dir, o := founder(t)
	h := mustOpen(t, dir, o)
	file := filepath.Join(t.TempDir(), "b")
	if err := h.Unlock(); err != nil {
		t.Fatal(err)
	}
	// While the node runs, its chain stands still for nobody.
	if _, err := h.StartNode(ctx, NodeOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := h.Backup(ctx, file, cheapBackup())
	wantCode(t, err, "node_running")
	without := cheapBackup()
	without.WithoutChain = true
	made, err := h.Backup(ctx, file, without)
	if err != nil || made.Chain.Kept || !slices.Contains(made.Notes, "chain_left_out") {
		t.Fatal(made, err)
	}
	for path := range openBackup(t, file).content {
		if strings.HasPrefix(path, nodeFolder+"/") {
			t.Errorf("%s is in it", path)
		}
	}
	there := filepath.Join(t.TempDir(), "h")
	if _, err := Restore(ctx, file, there, o, restoreOptions()); err != nil {
		t.Fatal(err)
	}
	_, err = mustOpen(t, there, o).StartNode(ctx, NodeOptions{})
	wantCode(t, err, "no_network")
	if list := must(must(mustOpen(t, there, o).Keys(keys.Consensus)).List()); len(list) != 0 {
		t.Error("the consensus key came without its chain")
	}

	if err := h.StopNode(); err != nil {
		t.Fatal(err)
	}
	if made, err = h.Backup(ctx, file, cheapBackup()); err != nil || !made.Chain.Kept || made.Chain.Members != 1 || made.Chain.Height < 2 {
		t.Fatal(made.Chain, err)
	}
	// What was published until then is no reason not to come back.
	network := filepath.Join(t.TempDir(), "network.json")
	published := filepath.Join(h.PublicDir(), "network.json")
	if err := os.WriteFile(network, must(os.ReadFile(published)), 0o600); err != nil {
		t.Fatal(err)
	}
	r := restoreOptions()
	r.Packs = []string{network, filepath.Join(h.PublicDir(), "pack.bonafide")}
	there = filepath.Join(t.TempDir(), "h")
	res, err := Restore(ctx, file, there, o, r)
	if err != nil || !res.Chain.Kept {
		t.Fatal(res, err)
	}
	back := mustOpen(t, there, o)
	n, err := back.StartNode(ctx, NodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Client().Wait(ctx, made.Chain.Height+2); err != nil {
		t.Fatal(err)
	}
	// The home verifies how far its network is; then an older copy of the node
	// is put back, by whatever way.
	if err := back.TrustOwn(ctx); err != nil {
		t.Fatal(err)
	}
	if err := back.SetSources(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := back.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(t.TempDir(), "newer.pack")
	var b bytes.Buffer
	if err := n.Client().Pack(ctx, 0, &b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(newer, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	// The sources are asked: the node of this very network answers.
	asks := restoreOptions()
	asks.Offline = false
	mine := backupOfRunning(t, n.Address(), file)
	refusedWith(t, mine, o, asks, "node_running")

	if err := errors.Join(back.StopNode(), back.Close()); err != nil {
		t.Fatal(err)
	}
	r.Packs = []string{network, newer}
	refusedWith(t, file, o, r, "restore_behind")
	other := filepath.Join(t.TempDir(), "other.pack")
	if err := os.WriteFile(other, export(t, testkit.NewLedger(t, netB, 1, 3), 0), 0o600); err != nil {
		t.Fatal(err)
	}
	r.Packs = []string{other}
	refusedWith(t, file, o, r, "restore_other_network")
	// Without the chain everything else comes back.
	r.Packs, r.WithoutChain = []string{newer}, true
	if res, err := Restore(ctx, file, filepath.Join(t.TempDir(), "h"), o, r); err != nil || res.Chain.Kept {
		t.Error(res, err)
	}
	old := openBackup(t, file)
	if err := os.RemoveAll(filepath.Join(there, nodeFolder)); err != nil {
		t.Fatal(err)
	}
	for path, b := range old.content {
		if strings.HasPrefix(path, nodeFolder+"/") {
			p := filepath.Join(there, filepath.FromSlash(path))
			if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o700), os.WriteFile(p, b, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err = mustOpen(t, there, o).StartNode(ctx, NodeOptions{})
	wantCode(t, err, "restore_behind")
}

func refusedWith(t testing.TB, file string, o Options, r RestoreOptions, code string) {
	t.Helper()
	parent := t.TempDir()
	_, err := Restore(context.Background(), file, filepath.Join(parent, "h"), o, r)
	wantCode(t, err, code)
	if left := must(os.ReadDir(parent)); len(left) > 0 {
		t.Errorf("%v was left", left)
	}
}

// backupOfRunning is a backup whose home asks the node at an address.
func backupOfRunning(t testing.TB, address, file string) string {
	t.Helper()
	o := openBackup(t, file)
	s := must(parseSettings(o.content[settingsFile]))
	s.Node = "http://" + address
	dir := t.TempDir()
	if err := s.write(dir); err != nil {
		t.Fatal(err)
	}
	o.content[settingsFile] = must(os.ReadFile(filepath.Join(dir, settingsFile)))
	return o.seal(t)
}

// A member of a larger network never gets its signing state back.
func TestMemberOfALargerNetwork(t *testing.T) {
	ctx := context.Background()
	dir, o := founder(t)
	h := mustOpen(t, dir, o)
	first := filepath.Join(t.TempDir(), "alone")
	if _, err := h.Backup(ctx, first, cheapBackup()); err != nil {
		t.Fatal(err)
	}
	was := must(must(h.Keys(keys.Consensus)).List())
	chain := chainOf(t, dir, o).Network
	// The network grows; the home verifies that.
	l := testkit.NewLedger(t, chain, 4, 1)
	l.Beat(o.Now().Sub(l.Now))
	if err := h.Pin(ctx, network(t, l), true, nil); err != nil {
		t.Fatal(err)
	}
	four := export(t, l, 0)
	if _, err := h.Import(ctx, bytes.NewReader(four)); err != nil {
		t.Fatal(err)
	}
	n, err := h.StartNode(ctx, NodeOptions{}) // it may run meanwhile
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "b")
	made, err := h.Backup(ctx, file, cheapBackup())
	if err != nil || made.Chain.Kept || made.Chain.Members != 4 || !slices.Contains(made.Notes, "validator_left_out") {
		t.Fatalf("%+v %v", made, err)
	}
	if err := errors.Join(h.StopNode(), n.Err()); err != nil && explain.CodeOf(err) != "node_stopped" {
		t.Fatal(err)
	}
	check := func(file string, r RestoreOptions) {
		t.Helper()
		there := filepath.Join(t.TempDir(), "h")
		res, err := Restore(ctx, file, there, o, r)
		if err != nil || res.Chain.Kept || !slices.Contains(res.Notes, "validator_left_out") {
			t.Fatalf("%+v %v", res, err)
		}
		for name := range files(t, filepath.Join(there, nodeFolder)) {
			if !slices.Contains(ownNodeFiles, name) {
				t.Errorf("%s came back", name)
			}
		}
		back := mustOpen(t, there, o)
		now := must(must(back.Keys(keys.Consensus)).List())
		if len(now) != 1 || now[0].Public == was[0].Public {
			t.Errorf("keys %v after %v", now, was)
		}
		key, err := back.keyOfRestored()
		if err != nil || key.Public() != [32]byte(now[0].Public.Bytes()) {
			t.Error("a restored member's node cannot start", err)
		}
	}
	check(file, restoreOptions())
	// A backup from when it was alone, and somebody who knows better.
	pack := filepath.Join(t.TempDir(), "four.pack")
	if err := os.WriteFile(pack, four, 0o600); err != nil {
		t.Fatal(err)
	}
	r := restoreOptions()
	r.Packs = []string{pack}
	check(first, r)
}

func FuzzReadArchive(f *testing.F) {
	o := openBackup(f, backupOf(f, newHome(f)))
	var b bytes.Buffer
	if err := writeArchive(context.Background(), &b, o.m, o.master, func(e entry) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(o.content[e.Path])), nil
	}, nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:2000])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		total := int64(0)
		m, master, err := readArchive(context.Background(), bytes.NewReader(b), int64(len(b)), sink{
			begin: func(m manifest) error { return nil },
			put: func(e entry) (io.WriteCloser, error) {
				if !belongs(e.Path) || !filepath.IsLocal(filepath.FromSlash(e.Path)) {
					t.Errorf("%q would be written", e.Path)
				}
				return discard{io.Discard}, nil
			},
			count: func(n int64) { total += n },
		})
		if total > int64(len(b)) {
			t.Errorf("%d bytes out of %d", total, len(b))
		}
		if err != nil {
			if code := explain.CodeOf(err); code != "backup_damaged" && code != "backup_newer" {
				t.Errorf("code %q: %v", code, err)
			}
			if master != nil || len(m.Entries) > 0 {
				t.Error("something came back with an error")
			}
		}
	})
}

func FuzzParseManifest(f *testing.F) {
	f.Add(encode(openBackup(f, backupOf(f, newHome(f))).m))
	f.Add([]byte(`{"format":2}`))
	f.Add([]byte(`{"format":1,"entries":[{"path":"home.json","size":-1,"sha256":""}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseManifest(b)
		if err != nil {
			wantCode(t, err, "backup_damaged", "backup_newer")
			return
		}
		for _, e := range m.Entries {
			if !belongs(e.Path) || !filepath.IsLocal(filepath.FromSlash(e.Path)) || e.Size < 0 {
				t.Errorf("%+v", e)
			}
		}
		if _, err := parseManifest(encode(m)); err != nil {
			t.Errorf("accepted, but not again: %v", err)
		}
	})
}

func FuzzParseLastBackup(f *testing.F) {
	f.Add([]byte(`{"format":1,"at":"2026-11-21T09:00:00Z","acts":{"issuer":3}}`))
	f.Add([]byte(`{"format":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := parseLastBackup(b); err != nil && (explain.CodeOf(err) == "" || l != nil) {
			t.Errorf("%v with %v", l, err)
		}
	})
}
