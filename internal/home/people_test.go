package home

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"bonafide/internal/explain"
	"bonafide/internal/keys"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// spellings are the forms in which a secret may turn up in a file.
func spellings(secrets ...string) (out []string) {
	for _, s := range secrets {
		b := []byte(s)
		out = append(out, s, hex.EncodeToString(b), base64.StdEncoding.EncodeToString(b), base64.URLEncoding.EncodeToString(b), base64.RawStdEncoding.EncodeToString(b))
	}
	return out
}

// explainAll is everything that could be printed about a value.
func explainAll(v any) string {
	j, err := json.Marshal(v)
	if err != nil {
		j = nil
	}
	return fmt.Sprintf("%v %+v %#v %s", v, v, v, j)
}

func TestWrongPassphrase(t *testing.T) {
	dir := newHome(t)
	for _, pass := range []string{"", "wrong", goodPass + " ", strings.ToLower(goodPass)} {
		h := mustOpen(t, dir, options(&user{pass: pass}))
		wantCode(t, h.Unlock(), "passphrase_wrong")
		_, err := h.Keys(keys.Issuing)
		wantCode(t, err, "passphrase_wrong")
	}
	// However often one was wrong, the right one opens.
	u := &user{pass: "wrong"}
	h := mustOpen(t, dir, options(u))
	for range 50 {
		wantCode(t, h.Unlock(), "passphrase_wrong")
	}
	u.pass = goodPass
	if err := h.Unlock(); err != nil {
		t.Error(err)
	}
}

func TestDamagedPeopleFile(t *testing.T) {
	dir := newHome(t)
	whole := must(os.ReadFile(filepath.Join(dir, peopleFile)))
	try := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, peopleFile), b, 0o600); err != nil {
			t.Fatal(err)
		}
		h, err := Open(dir, options(&user{pass: goodPass}))
		if err == nil {
			err = h.Unlock()
			h.Close()
			if err == nil && !bytes.Equal(bytes.TrimSpace(b), bytes.TrimSpace(whole)) && !json.Valid(b) {
				t.Errorf("%s: opened", name)
			}
		}
		if code := explain.CodeOf(err); err != nil && code != "data_damaged" && code != "data_newer" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for n := 0; n < len(whole)-1; n += 13 {
		try(fmt.Sprint("cut at ", n), whole[:n])
	}
	for i := 0; i < len(whole); i += 3 {
		b := bytes.Clone(whole)
		b[i] ^= 0x04
		try(fmt.Sprint("altered at ", i), b)
	}
}

// TestThreat71: there is no file whose loss or change opens a home without
// the passphrase, and none that counts.
func TestThreat71_NoFileOpensTheHome(t *testing.T) {
	pristine := newHome(t)
	h := mustOpen(t, pristine, options(&user{pass: goodPass}))
	if err := h.AddPerson(context.Background(), "second"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Backup(context.Background(), filepath.Join(t.TempDir(), "b"), cheapBackup()); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	content := files(t, pristine)
	if _, ok := content[backupFile]; !ok || len(content) < 5 {
		t.Fatalf("only %d files", len(content))
	}
	attempt := func(name string, change func(dir string) error) {
		dir := filepath.Join(t.TempDir(), "home")
		if err := os.CopyFS(dir, os.DirFS(pristine)); err != nil {
			t.Fatal(err)
		}
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		for _, pass := range []string{"", "wrong-passphrase"} {
			o := options(&user{pass: pass})
			o.As = "owner"
			h, err := Open(dir, o)
			if err != nil {
				continue
			}
			if err := h.Unlock(); err == nil {
				t.Errorf("%s: the home opened with %q", name, pass)
			}
			if k, err := h.Keys(keys.Person); err == nil {
				t.Errorf("%s: keys were given out: %v", name, k)
			}
			h.Close()
		}
	}
	for name := range content {
		at := func(dir string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
		attempt("without "+name, func(dir string) error { return os.Remove(at(dir)) })
		attempt("empty "+name, func(dir string) error { return os.WriteFile(at(dir), nil, 0o600) })
		attempt("braces in "+name, func(dir string) error { return os.WriteFile(at(dir), []byte("{}"), 0o600) })
		attempt("half of "+name, func(dir string) error { return os.WriteFile(at(dir), content[name][:len(content[name])/2], 0o600) })
	}
	// Someone who knows the format rewrites people.json with a fitting checksum.
	edit := func(f func(p *people)) func(string) error {
		return func(dir string) error {
			p, err := readPeople(dir, must(readSettings(dir)).ID)
			if err != nil {
				return err
			}
			f(&p)
			return p.write(dir)
		}
	}
	attempt("no slots", edit(func(p *people) { p.People[0].Slots = nil }))
	attempt("no salt", edit(func(p *people) { p.People[0].Slots[0].Argon.Salt = make([]byte, 16) }))
	attempt("no cost", edit(func(p *people) { p.People[0].Slots[0].Argon.MemoryKiB = 8 }))
	attempt("a keyring slot", edit(func(p *people) { p.People[0].Slots[0].Kind, p.People[0].Slots[0].Argon = slotKeyring, nil }))
	attempt("zeros", edit(func(p *people) { p.People[0].Slots[0].Wrapped = make([]byte, 60) }))
	attempt("nothing wrapped", edit(func(p *people) { p.People[0].Slots[0].Wrapped = nil }))
	attempt("another's slot", edit(func(p *people) { p.People[0].Slots = p.People[1].Slots }))
}

// What stands in clear is checked against what is sealed, so that who can
// only write the files can neither take over the history nor reduce the
// number of people who have to agree.
func TestThreat71_ClearListIsNotAuthority(t *testing.T) {
	dir := newHome(t)
	h := mustOpen(t, dir, options(&user{pass: goodPass}))
	if err := h.AddPerson(context.Background(), "second"); err != nil {
		t.Fatal(err)
	}
	id := h.settings.ID
	whole := must(readPeople(dir, id))

	p := whole
	p.People = whole.People[:1]
	if err := p.write(dir); err != nil {
		t.Fatal(err)
	}
	h = mustOpen(t, dir, options(&user{pass: goodPass}))
	if list, err := h.People(); err != nil || len(list) != 2 {
		t.Errorf("%d people, %v", len(list), err)
	}

	p = whole
	p.History.Public = bytes.Repeat([]byte{9}, 32)
	if err := p.write(dir); err != nil {
		t.Fatal(err)
	}
	o := options(&user{pass: goodPass})
	o.As = "owner"
	wantCode(t, mustOpen(t, dir, o).Unlock(), "data_damaged")

	// A slot that was made for one person is no slot of another.
	p = whole
	p.People = slices.Clone(whole.People)
	p.People[0].Name, p.People[1].Name = "second", "owner"
	if err := p.write(dir); err != nil {
		t.Fatal(err)
	}
	wantCode(t, mustOpen(t, dir, o).Unlock(), "passphrase_wrong")
}

func TestPeople(t *testing.T) {
	ctx := context.Background()
	dir := newHome(t)
	u := &user{pass: goodPass}
	h := mustOpen(t, dir, options(u))
	u.pass = goodPass
	if err := h.Unlock(); err != nil {
		t.Fatal(err)
	}
	u.pass = "another good passphrase"
	if err := h.AddPerson(ctx, "Zoë O'Neil"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, h.AddPerson(ctx, "Zoë O'Neil"), "person_exists")
	wantCode(t, h.AddPerson(ctx, " x"), "name_malformed")
	u.pass = "tiny"
	wantCode(t, h.AddPerson(ctx, "third"), "passphrase_short")

	list, err := h.People()
	if err != nil || len(list) != 2 || list[0].Name == list[1].Name || list[0].Signer.Public() == list[1].Signer.Public() {
		t.Fatalf("%v, %v", list, err)
	}
	u.pass = "another good passphrase"
	other := mustOpen(t, dir, options(u))
	wantCode(t, other.Unlock(), "person_needed")
	o := options(u)
	o.As = "nobody"
	_, err = Open(dir, o)
	wantCode(t, err, "person_unknown")
	o.As = "Zoë O'Neil"
	zoe := mustOpen(t, dir, o)
	me, err := zoe.Person()
	if err != nil {
		t.Fatal(err)
	}
	sig, err := me.Signer.Sign([]byte("act"))
	if err != nil || !me.Signer.Public().Verify([]byte("act"), sig) {
		t.Error("the person's signature does not verify", err)
	}
	info, err := zoe.Info(context.Background())
	if err != nil || !slices.Equal(info.People, []string{"owner", "Zoë O'Neil"}) {
		t.Error(info.People, err)
	}
}

// Adding a person that was broken off after the sealed list was written can be
// done again, and the person keeps the key.
func TestAddPersonAgainAfterACrash(t *testing.T) {
	dir := newHome(t)
	before := must(os.ReadFile(filepath.Join(dir, peopleFile)))
	h := mustOpen(t, dir, options(&user{pass: goodPass}))
	if err := h.AddPerson(context.Background(), "second"); err != nil {
		t.Fatal(err)
	}
	key := func() string {
		for _, p := range must(h.People()) {
			if p.Name == "second" {
				return p.Signer.ID()
			}
		}
		return ""
	}
	first := key()
	if err := os.WriteFile(filepath.Join(dir, peopleFile), before, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.AddPerson(context.Background(), "second"); err != nil {
		t.Fatal(err)
	}
	if key() != first || first == "" {
		t.Error("the person got another key")
	}
}

func TestChangePassphrase(t *testing.T) {
	ctx := context.Background()
	dir := newHome(t)
	u := &user{pass: goodPass}
	h := mustOpen(t, dir, options(u))
	if err := h.Unlock(); err != nil {
		t.Fatal(err)
	}
	me := must(h.Person())
	u.pass = "tiny"
	wantCode(t, h.ChangePassphrase(ctx), "passphrase_short")
	u.pass = "a whole new passphrase"
	if err := h.ChangePassphrase(ctx); err != nil {
		t.Fatal(err)
	}
	if !u.has("New passphrase for owner") {
		t.Errorf("asked %v", u.asked)
	}
	wantCode(t, mustOpen(t, dir, options(&user{pass: goodPass})).Unlock(), "passphrase_wrong")
	again := must(mustOpen(t, dir, options(u)).Person())
	if again.Signer.Public() != me.Signer.Public() {
		t.Error("the keys changed with the passphrase")
	}
	// The wrong old passphrase changes nothing.
	wantCode(t, mustOpen(t, dir, options(&user{pass: goodPass})).ChangePassphrase(ctx), "passphrase_wrong")
}

func (u *user) has(prompt string) bool { return slices.Contains(u.asked, prompt) }

// fakeKeyring is a desktop's keyring.
type fakeKeyring map[string]string

func (k fakeKeyring) Set(s, u, secret string) error { k[s+"|"+u] = secret; return nil }
func (k fakeKeyring) Get(s, u string) (string, error) {
	if v, ok := k[s+"|"+u]; ok {
		return v, nil
	}
	return "", keyring.ErrNotFound
}

func (k fakeKeyring) Delete(s, u string) error {
	if _, ok := k[s+"|"+u]; !ok {
		return keyring.ErrNotFound
	}
	delete(k, s+"|"+u)
	return nil
}

func TestKeyring(t *testing.T) {
	ctx := context.Background()
	dir := newHome(t)
	h := mustOpen(t, dir, options(&user{pass: goodPass}))
	wantCode(t, h.UseKeyring(ctx, true), "keyring_unavailable")
	if i := must(h.Info(context.Background())); len(i.Keyring) != 0 {
		t.Error("a slot for a keyring that is not there")
	}

	desk := fakeKeyring{}
	u := &user{pass: goodPass}
	o := options(u)
	o.keyring = desk
	h = mustOpen(t, dir, o)
	if err := h.UseKeyring(ctx, true); err != nil {
		t.Fatal(err)
	}
	if i := must(h.Info(context.Background())); !slices.Equal(i.Keyring, []string{"owner"}) {
		t.Error(i.Keyring)
	}
	u.asked = nil
	if err := mustOpen(t, dir, o).Unlock(); err != nil || len(u.asked) != 0 {
		t.Errorf("%v, asked %v", err, u.asked)
	}
	// Another desk, a wrong secret or no keyring at all: the passphrase.
	for name, k := range map[string]keyringService{
		"none": noKeyring{}, "empty": fakeKeyring{}, "wrong": fakeKeyring{keyringName + "|" + h.keyringUser("owner"): base64.StdEncoding.EncodeToString(make([]byte, 32))},
		"garbage": fakeKeyring{keyringName + "|" + h.keyringUser("owner"): "?"},
	} {
		u.asked = nil
		o.keyring = k
		if err := mustOpen(t, dir, o).Unlock(); err != nil || len(u.asked) != 1 {
			t.Errorf("%s: %v, asked %v", name, err, u.asked)
		}
	}
	// A changed passphrase leaves the keyring working.
	o.keyring = desk
	h = mustOpen(t, dir, o)
	u.pass = "a whole new passphrase"
	if err := h.ChangePassphrase(ctx); err != nil {
		t.Fatal(err)
	}
	if err := h.UseKeyring(ctx, false); err != nil || len(desk) != 0 {
		t.Errorf("%v, left in the keyring: %d", err, len(desk))
	}
	u.asked = nil
	if err := mustOpen(t, dir, o).Unlock(); err != nil || len(u.asked) != 1 {
		t.Errorf("%v, asked %v", err, u.asked)
	}
}

func TestSystemKeyringFailsCleanly(t *testing.T) {
	keyring.MockInitWithError(errors.New("no secret service"))
	t.Cleanup(func() { keyring.MockInit() })
	o := options(&user{pass: goodPass})
	o.keyring = nil
	h := mustOpen(t, newHome(t), o)
	wantCode(t, h.UseKeyring(context.Background(), true), "keyring_unavailable")
	if err := h.Unlock(); err != nil {
		t.Error(err)
	}
}

func FuzzParsePeople(f *testing.F) {
	dir := newHome(f)
	id := must(readSettings(dir)).ID
	f.Add(must(os.ReadFile(filepath.Join(dir, peopleFile))))
	f.Add([]byte(`{"format":1,"body":{"home":"","history":{"public":"","private":""},"people":[]},"sha256":""}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePeople(b, id)
		if err != nil {
			if explain.CodeOf(err) == "" {
				t.Errorf("no code: %v", err)
			}
			return
		}
		if p.Home != id || len(p.People) == 0 {
			t.Error("accepted what is not whole")
		}
	})
}

func FuzzParseSettings(f *testing.F) {
	f.Add(must(os.ReadFile(filepath.Join(newHome(f), settingsFile))))
	f.Add([]byte(`{"format":1}`))
	f.Add([]byte(`{"format":1,"id":"00","databases":["../x"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseSettings(b)
		if err != nil {
			if explain.CodeOf(err) == "" {
				t.Errorf("no code: %v", err)
			}
			return
		}
		for _, d := range s.Databases {
			if !validWord(d) {
				t.Errorf("accepted a database called %q", d)
			}
		}
	})
}

func TestCostBounds(t *testing.T) {
	if err := DefaultCost.check(); err != nil {
		t.Error(err)
	}
	for _, c := range []Cost{
		{0, 64, 1}, {33, 64, 1}, {1, 64, 0}, {1, 1 << 20, 17}, {1, 7, 1}, {1, 1<<20 + 1, 1},
	} {
		o := options(&user{})
		o.Cost = c
		if _, err := Create(filepath.Join(t.TempDir(), "home"), o, false); err == nil {
			t.Errorf("took %+v", c)
		}
	}
}

func BenchmarkUnlock(b *testing.B) {
	o := options(&user{pass: goodPass})
	o.Cost = DefaultCost
	dir := filepath.Join(b.TempDir(), "home")
	if err := must(Create(dir, o, false)).Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		h := must(Open(dir, o))
		if err := h.Unlock(); err != nil {
			b.Fatal(err)
		}
		if err := h.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestOpens: a passphrase can be tried on an unlocked home; the keyring does not
// answer for it.
func TestOpens(t *testing.T) {
	dir := newHome(t)
	k := fakeKeyring{}
	o := options(&user{pass: goodPass})
	o.keyring = k
	h := mustOpen(t, dir, o)
	if err := h.UseKeyring(context.Background(), true); err != nil {
		t.Fatal(err)
	}
	if err := h.Opens([]byte(goodPass)); err != nil {
		t.Error(err)
	}
	wantCode(t, h.Opens([]byte("not this one")), "passphrase_wrong")
	wantCode(t, h.Opens(nil), "passphrase_wrong")
	wantCode(t, mustOpen(t, dir, options(&user{pass: "not this one"})).Opens([]byte(goodPass)), "passphrase_wrong")
}
