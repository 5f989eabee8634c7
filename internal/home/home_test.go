package home

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/keys"
	"bonafide/storage"
)

var start = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

const goodPass = "MARKER-correct-horse"

// cheap makes a try at a passphrase take no time.
var cheap = Cost{Time: 1, MemoryKiB: 8, Threads: 1}

// user is someone at a terminal.
type user struct {
	pass  string
	asked []string
}

func (u *user) ask(prompt string, confirm bool) ([]byte, error) {
	u.asked = append(u.asked, prompt)
	return []byte(u.pass), nil
}

func options(u *user) Options {
	return Options{
		Now: func() time.Time { return start }, Passphrase: u.ask, Cost: cheap,
		Build: start.Add(-24 * time.Hour), keyring: noKeyring{},
	}
}

// noKeyring is a machine without one.
type noKeyring struct{}

func (noKeyring) Set(string, string, string) error   { return errors.New("no keyring") }
func (noKeyring) Get(string, string) (string, error) { return "", errors.New("no keyring") }
func (noKeyring) Delete(string, string) error        { return errors.New("no keyring") }

func closing(t testing.TB, h *Home) *Home {
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// newHome makes a home and returns its folder; it is closed.
func newHome(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "home")
	h, err := Create(dir, options(&user{pass: goodPass}), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func mustOpen(t testing.TB, dir string, o Options) *Home {
	t.Helper()
	h, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return closing(t, h)
}

func wantCode(t testing.TB, err error, codes ...string) {
	t.Helper()
	code := explain.CodeOf(err)
	if !slices.Contains(codes, code) {
		t.Fatalf("got error %v, want %v", err, codes)
	}
	if _, ok := explain.Lookup(code); !ok {
		t.Errorf("code %s has no entry", code)
	}
}

// files returns every regular file of a folder with its content.
func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCreateAndOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "home")
	if Exists(dir) {
		t.Error("exists before it was made")
	}
	_, err := Open(dir, options(&user{}))
	wantCode(t, err, "home_missing")

	u := &user{pass: goodPass}
	h, err := Create(dir, options(u), true)
	if err != nil {
		t.Fatal(err)
	}
	if !h.Demo() || !Exists(dir) {
		t.Error("not marked as made by the demonstration")
	}
	signers := map[string]did.PublicKey{}
	for _, use := range []string{keys.Issuing, keys.Ledger, keys.Holder, keys.Consensus} {
		k, err := h.Keys(use)
		if err != nil {
			t.Fatal(err)
		}
		if _, signers[use], err = k.Create(did.Ed25519); err != nil {
			t.Fatal(err)
		}
	}
	me, err := h.Person()
	if err != nil || me.Name != "owner" {
		t.Fatal(me.Name, err)
	}
	seed, err := h.NodeSeed()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.SetNode(context.Background(), "127.0.0.1:1"), h.SetSources(context.Background(), []string{"127.0.0.1:2"}), h.Close()); err != nil {
		t.Fatal(err)
	}

	_, err = Create(dir, options(u), false)
	wantCode(t, err, "home_exists")

	u.asked = nil
	h = mustOpen(t, dir, options(u))
	if node, err := h.Node(); err != nil || node != "127.0.0.1:1" {
		t.Error(node, err)
	}
	if s, err := h.Sources(); err != nil || !slices.Equal(s, []string{"127.0.0.1:2"}) {
		t.Error(s, err)
	}
	if _, _, err := h.Clock().Read(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := h.Info(context.Background()); err != nil {
		t.Error(err)
	}
	if len(u.asked) != 0 {
		t.Errorf("asked for a passphrase that verifying does not need: %v", u.asked)
	}
	for use, pub := range signers {
		k, err := h.Keys(use)
		if err != nil {
			t.Fatal(err)
		}
		list, err := k.List()
		if err != nil || len(list) != 1 || list[0].Public != pub {
			t.Errorf("%s: %v, %v", use, list, err)
		}
	}
	again, err := h.Person()
	if err != nil || again.Signer.Public() != me.Signer.Public() {
		t.Error("the person has another key", err)
	}
	seed2, err := h.NodeSeed()
	if err != nil || !bytes.Equal(seed, seed2) {
		t.Error("the node has another identity", err)
	}
	if len(u.asked) != 1 {
		t.Errorf("asked %d times: %v", len(u.asked), u.asked)
	}
}

func TestFolderModes(t *testing.T) {
	dir := newHome(t)
	h := mustOpen(t, dir, options(&user{pass: goodPass}))
	if _, err := h.Keys(keys.Issuing); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCreateIsAllOrNothing(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "home")
	_, err := Create(dir, options(&user{pass: "short"}), false)
	wantCode(t, err, "passphrase_short")
	o := options(&user{pass: goodPass})
	o.As = "bad\u202ename"
	_, err = Create(dir, o, false)
	wantCode(t, err, "name_malformed")
	o = options(&user{})
	o.Passphrase = nil
	_, err = Create(dir, o, false)
	wantCode(t, err, "passphrase_needed")
	o.Passphrase = func(string, bool) ([]byte, error) { return nil, errors.New("interrupted") }
	_, err = Create(dir, o, false)
	wantCode(t, err, "passphrase_needed")
	if es, err := os.ReadDir(parent); err != nil || len(es) != 0 {
		t.Errorf("left behind: %v, %v", es, err)
	}
	// An empty folder that is there already is taken.
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	h, err := Create(dir, options(&user{pass: goodPass}), false)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, h)
}

func TestDefaultDir(t *testing.T) {
	t.Setenv("BONAFIDE_HOME", "/srv/board")
	if dir, err := DefaultDir(); err != nil || dir != "/srv/board" {
		t.Error(dir, err)
	}
	t.Setenv("BONAFIDE_HOME", "")
	if dir, err := DefaultDir(); err != nil || !filepath.IsAbs(dir) || !strings.EqualFold(filepath.Base(dir), "bonafide") {
		t.Error(dir, err)
	}
}

// A database that home.json names and that is gone is not replaced by an
// empty one.
func TestLostDatabaseIsNoticed(t *testing.T) {
	dir := newHome(t)
	if err := os.Remove(filepath.Join(dir, "keys", "keys.db")); err != nil {
		t.Fatal(err)
	}
	h := mustOpen(t, dir, options(&user{pass: goodPass}))
	wantCode(t, h.Unlock(), "data_missing")
	_, err := h.Keys(keys.Issuing)
	wantCode(t, err, "data_missing")
}

func TestSettingsOfANewerVersion(t *testing.T) {
	for name, content := range map[string]string{
		settingsFile: `{"format":2,"more":"fields"}`, peopleFile: `{"format":7}`,
	} {
		dir := newHome(t)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, options(&user{}))
		wantCode(t, err, "data_newer")
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != content {
			t.Error("touched", err)
		}
	}
}

func TestHistoryIsWrittenWithoutAPassphrase(t *testing.T) {
	dir := newHome(t)
	h := mustOpen(t, dir, options(&user{pass: "wrong"}))
	to, err := storage.SealTo(h.HistoryKey(), "verifier")
	if err != nil {
		t.Fatal(err)
	}
	at := storage.IntCell("verdict", "result", 1)
	sealed, err := to.Seal(at, []byte("verified"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.HistoryOpener("verifier")
	wantCode(t, err, "passphrase_wrong")
	h = mustOpen(t, dir, options(&user{pass: goodPass}))
	o, err := h.HistoryOpener("verifier")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := o.Open(at, sealed); err != nil || string(b) != "verified" {
		t.Error(string(b), err)
	}
}

func TestCloseOverwritesTheMasterKey(t *testing.T) {
	h, err := Open(newHome(t), options(&user{pass: goodPass}))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Unlock(); err != nil {
		t.Fatal(err)
	}
	s, err := h.Sealer("issuer", "data")
	if err != nil {
		t.Fatal(err)
	}
	master := h.master
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(master, make([]byte, storage.KeySize)) {
		t.Error("the master key is still there")
	}
	if _, err := s.Seal(storage.Cell{}, nil); err == nil {
		t.Error("a sealer seals after Close")
	}
}

func TestExclusive(t *testing.T) {
	h := mustOpen(t, newHome(t), options(&user{}))
	err := h.Exclusive(context.Background(), "issuing", func() error {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return h.Exclusive(ctx, "issuing", func() error { t.Error("ran twice at once"); return nil })
	})
	wantCode(t, err, "data_busy")
	boom := errors.New("boom")
	if err := h.Exclusive(context.Background(), "issuing", func() error { return boom }); !errors.Is(err, boom) {
		t.Error(err)
	}
}

// Secrets that went in are in no file, in no spelling that JSON or base64
// gives them, in no error and in nothing that the home tells.
func TestThreat75_NoSecretInFilesOrWords(t *testing.T) {
	dir := newHome(t)
	h := mustOpen(t, dir, options(&user{pass: goodPass}))
	if err := h.Unlock(); err != nil {
		t.Fatal(err)
	}
	for _, use := range []string{keys.Issuing, keys.Ledger, keys.Holder, keys.Consensus} {
		k, err := h.Keys(use)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := k.Create(did.P256); err != nil {
			t.Fatal(err)
		}
	}
	private, err := must(readPeople(dir, h.settings.ID)).History.open(h.master)
	if err != nil {
		t.Fatal(err)
	}
	secrets := spellings(goodPass, string(h.master), string(private))
	scan := func(when string) {
		for name, content := range files(t, dir) {
			for _, s := range secrets {
				if bytes.Contains(content, []byte(s)) {
					t.Errorf("%s: %s holds a secret", when, name)
				}
			}
		}
	}
	scan("open")
	if err := h.ChangePassphrase(context.Background()); err != nil {
		t.Fatal(err)
	}
	scan("after a new passphrase")
	info, err := h.Info(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	scan("closed")
	words := []any{info}
	bad := mustOpen(t, dir, options(&user{pass: goodPass + "x"}))
	words = append(words, bad.Unlock())
	if err := os.WriteFile(filepath.Join(dir, peopleFile), []byte(`{"format":1,"`+goodPass+`":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir, options(&user{}))
	words = append(words, err)
	for _, w := range words {
		text := explainAll(w)
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("a secret is told: %s", text)
			}
		}
	}
}
