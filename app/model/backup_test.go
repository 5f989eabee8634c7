package model

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
)

// safe is a Safe that does as a test says.
type safe struct {
	info   home.Info
	backup func(context.Context, string, home.BackupOptions) (home.BackedUp, error)
	opens  error
	pass   string // given last
	added  string
}

func (*safe) Dir() string                                          { return "/home/quill/bonafide" }
func (*safe) Actor() string                                        { return "owner" }
func (s *safe) Info(context.Context) (home.Info, error)            { return s.info, nil }
func (s *safe) Opens([]byte) error                                 { return s.opens }
func (s *safe) ChangePassphrase(_ context.Context, p []byte) error { s.pass = string(p); return nil }

func (s *safe) AddPerson(_ context.Context, name string, p []byte) error {
	s.added, s.pass = name, string(p)
	return nil
}

func (s *safe) Backup(ctx context.Context, file string, o home.BackupOptions) (home.BackedUp, error) {
	return s.backup(ctx, file, o)
}

func safety(h *safe) *Safety {
	return NewSafety(RolePractitioner, func() (Safe, error) { return h, nil }, clockAt, English(), func() {})
}

func TestLastBackup(t *testing.T) {
	now := clockAt()
	at := func(days int) *time.Time { t := now.AddDate(0, 0, -days); return &t }
	n := func(n int64) *int64 { return &n }
	for _, tt := range []struct {
		last *time.Time
		acts *int64
		want string
		due  string
	}{
		{nil, nil, "There is no backup yet.", "Make a backup"},
		{at(1), n(3), "Last backup: 20 Nov 2026 09:00 UTC, 24 hours old.", ""},
		{at(8), n(3), "Last backup: 13 Nov 2026 09:00 UTC, 8 days old.", "There is something new"},
		{at(8), n(0), "Last backup: 13 Nov 2026", ""},
		{at(8), nil, "Last backup: 13 Nov 2026", "There is something new"},
		{at(91), n(0), "Last backup: 22 Aug 2026", "The last backup is old."},
	} {
		h := &safe{info: home.Info{LastBackup: tt.last, Acts: tt.acts, People: []string{"owner", "Ada\u202e"}, Keyring: []string{"owner"}, Restored: tt.last}}
		s := safety(h)
		s.Refresh(t.Context())
		st := s.State()
		if !strings.HasPrefix(st.Last, tt.want) || !strings.HasPrefix(st.Due, tt.due) || tt.due == "" && st.Due != "" || (st.Restored != "") != (tt.last != nil) {
			t.Errorf("%+v: %+v", tt, st)
		}
		if want := []Unlocker{{"owner", true, true}, {"Ada[U+202E]", false, false}}; !slices.Equal(st.People, want) {
			t.Errorf("%+v", st.People)
		}
	}
	s := NewSafety(RolePractitioner, func() (Safe, error) { return nil, errors.New("open /home/quill") }, clockAt, English(), func() {})
	s.Refresh(t.Context())
	if st := s.State(); st.Trouble.Code != "internal_error" || !st.Loaded {
		t.Errorf("%+v", st)
	}
	silent(t, "a trouble", s.State(), "quill")
}

func TestBackupTellsWhatItDid(t *testing.T) {
	pass, again := []byte("paper-otter-lantern"), []byte("paper-otter-lantern")
	var s *Safety
	h := &safe{}
	h.backup = func(ctx context.Context, file string, o home.BackupOptions) (home.BackedUp, error) {
		got, err := o.Passphrase("", true)
		if err != nil || string(got) != "paper-otter-lantern" || file != "/media/stick/x.backup" {
			t.Error(string(got), file, err)
		}
		o.Progress(1, 4)
		if w := s.Work().State(); !w.Running || w.What != "Making the backup" || w.Done != 1 || w.Total != 4 {
			t.Errorf("%+v", w)
		}
		if err := s.Rehearse(ctx, file, []byte("x")); explain.CodeOf(err) != "work_busy" {
			t.Error("two at once:", err)
		}
		return home.BackedUp{File: file, Bytes: 70_000, Credentials: []home.Held{{Count: 2, Bound: true}, {Count: 1, Bound: true, ClaimAnew: true}}, Notes: []string{"wallet_moved"}}, nil
	}
	s = safety(h)
	if err := s.Backup(t.Context(), "/media/stick/x.backup", pass, again); err != nil {
		t.Fatal(err)
	}
	if string(pass) == "paper-otter-lantern" || string(again) == "paper-otter-lantern" {
		t.Error("the passphrase stays in memory")
	}
	f := s.State().Finished
	if f == nil || s.Work().State().Running {
		t.Fatalf("%+v", s.State())
	}
	says(t, "the end", *f, "The backup is made", "File: x.backup", "Size: 69 KB", "It holds 3 credentials.", "1 of them has to be claimed anew", "wallet_moved")
	silent(t, "the end", *f, "/media/stick")
	s.Dismiss()
	if s.State().Finished != nil {
		t.Error("it stays")
	}

	for code, p := range map[string][2]string{"passphrase_short": {"short", "short"}, "passphrase_differs": {"long enough 1", "long enough 2"}} {
		if err := s.Backup(t.Context(), "x", []byte(p[0]), []byte(p[1])); explain.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	begun := make(chan struct{})
	h.backup = func(ctx context.Context, _ string, _ home.BackupOptions) (home.BackedUp, error) {
		close(begun)
		<-ctx.Done()
		return home.BackedUp{}, ctx.Err()
	}
	go func() { <-begun; s.Work().Cancel() }()
	if err := s.Backup(t.Context(), "x", []byte("paper-otter-lantern"), []byte("paper-otter-lantern")); !errors.Is(err, context.Canceled) {
		t.Error("cancelled:", err)
	}
	if s.State().Finished != nil || s.Work().State().Running {
		t.Errorf("%+v", s.State())
	}
}

func TestPassphraseAndPeople(t *testing.T) {
	h := &safe{opens: explain.Errorf("passphrase_wrong", "x")}
	s := safety(h)
	fresh := func() ([]byte, []byte) { return []byte("a new long one"), []byte("a new long one") }
	a, b := fresh()
	if err := s.ChangePassphrase(t.Context(), []byte("guess"), a, b); explain.CodeOf(err) != "passphrase_wrong" || h.pass != "" {
		t.Error(err, h.pass)
	}
	h.opens = nil
	a, b = fresh()
	old := []byte("the old one")
	if err := s.ChangePassphrase(t.Context(), old, a, b); err != nil || h.pass != "a new long one" || string(old) == "the old one" {
		t.Error(err, h.pass)
	}
	says(t, "the end", *s.State().Finished, "The passphrase is changed")
	a, b = fresh()
	if err := s.AddPerson(t.Context(), " Ada ", a, b); err != nil || h.added != "Ada" {
		t.Error(err, h.added)
	}
	if err := s.AddPerson(t.Context(), "Bea", []byte("short"), []byte("short")); explain.CodeOf(err) != "passphrase_short" || h.added != "Ada" {
		t.Error(err, h.added)
	}
}

// realSafe is a home of a town.
type realSafe struct {
	*home.Home
}

func (r realSafe) Opens([]byte) error                              { return nil }
func (r realSafe) ChangePassphrase(context.Context, []byte) error  { return nil }
func (r realSafe) AddPerson(context.Context, string, []byte) error { return nil }

// TestThreat72_BackupAndRestore: a wallet is backed up, rehearsed, lost and
// brought back; what is broken off leaves nothing that can be read, and nothing
// at all after the next start.
func TestThreat72_BackupAndRestore(t *testing.T) {
	p := newPractice(t, 1)
	it := p.licensed(0)
	s := NewSafety(RolePractitioner, func() (Safe, error) { return realSafe{Home: p.home}, nil }, p.Now, English(), func() {})
	stick := t.TempDir()
	file := filepath.Join(stick, BackupName(p.Now()))
	pass := func() []byte { return []byte("paper-otter-lantern") }

	// Broken off while it is written.
	ctx, cancel := context.WithCancel(t.Context())
	stopped := NewSafety(RolePractitioner, func() (Safe, error) { return stopping{realSafe{Home: p.home}, cancel}, nil }, p.Now, English(), func() {})
	if err := stopped.Backup(ctx, file, pass(), pass()); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(stick); err != nil || len(left) != 0 {
		t.Errorf("%v left on the stick, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(p.Dir("practitioner"), ".backup")); !errors.Is(err, os.ErrNotExist) {
		t.Error("copies are left in the home:", err)
	}

	if err := s.Backup(t.Context(), file, pass(), pass()); err != nil {
		t.Fatal(err)
	}
	says(t, "the backup", *s.State().Finished, "It holds 2 credentials.")
	for _, secret := range []string{p.Rows[0].FamilyName, p.Rows[0].Number, "credentialSubject", "paper-otter"} {
		scan(t, stick, secret)
		scan(t, p.Dir("practitioner"), secret)
	}
	if s.State().Due != "" || !strings.HasPrefix(s.State().Last, "Last backup: 21 Nov 2026") {
		t.Errorf("%+v", s.State())
	}
	if err := s.Rehearse(t.Context(), file, pass()); err != nil {
		t.Fatal(err)
	}
	says(t, "the rehearsal", *s.State().Finished, "can be restored", "It holds 2 credentials.", "Nothing was changed.", "owner")

	// Lost, and brought back elsewhere by who also forgot the home's passphrase.
	if err := p.home.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(p.Dir("practitioner")); err != nil {
		t.Fatal(err)
	}
	dir := p.Dir("again")
	r := NewRestoration(p.Now, English(), func() {})
	fresh := []byte("a new long passphrase")
	if err := r.Run(t.Context(), file, dir, pass(), slices.Clone(fresh), []byte("typed otherwise"), false); explain.CodeOf(err) != "passphrase_differs" || r.State().Trouble.Code != "passphrase_differs" {
		t.Error(err)
	}
	if err := r.Run(t.Context(), file, dir, pass(), slices.Clone(fresh), slices.Clone(fresh), false); err != nil {
		t.Fatal(err)
	}
	if st := r.State(); st.Dir != dir || st.Finished == nil || st.Trouble.Code != "" {
		t.Errorf("%+v", st)
	}
	o := p.Options()
	o.Passphrase = lends(fresh)
	h, err := home.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w, err := h.Wallet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.List(t.Context())
	if err != nil || len(list) != 1 || list[0].ID != it.ID {
		t.Errorf("%+v, %v", list, err)
	}
	if err := r.Run(t.Context(), file, dir, pass(), nil, nil, false); explain.CodeOf(err) != "home_exists" {
		t.Error("over a home:", err)
	}
	if err := r.Run(t.Context(), filepath.Join(stick, "gone"), p.Dir("x"), pass(), nil, nil, true); err == nil || r.State().Trouble.Message == "" {
		t.Error(err)
	}
}

// stopping ends its own backup as soon as bytes are written.
type stopping struct {
	realSafe
	stop func()
}

func (s stopping) Backup(ctx context.Context, file string, o home.BackupOptions) (home.BackedUp, error) {
	far := o.Progress
	o.Progress = func(done, total int64) {
		far(done, total)
		if done > total/2 {
			s.stop()
		}
	}
	return s.realSafe.Home.Backup(ctx, file, o)
}
