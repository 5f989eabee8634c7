package model

// Safety: backups, rehearsing and bringing them back, passphrases, and who may
// unlock the home.

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"bonafide/internal/explain"
	"bonafide/internal/home"
)

// Safe is what safety needs of a home.
type Safe interface {
	Dir() string
	Actor() string
	Info(ctx context.Context) (home.Info, error)
	Backup(ctx context.Context, file string, o home.BackupOptions) (home.BackedUp, error)
	// ChangePassphrase gives the acting person a new passphrase.
	ChangePassphrase(ctx context.Context, pass []byte) error
	// AddPerson lets another person unlock the home.
	AddPerson(ctx context.Context, name string, pass []byte) error
	// Opens says whether a passphrase opens the home for the acting person: an
	// error carries a code (passphrase_wrong).
	Opens(pass []byte) error
}

// TroubleOf puts an error in words, for what a screen tells where it happened.
func TroubleOf(w Words, err error) Trouble {
	code := CodeOf(err)
	message, next := w.Explain(code)
	return Trouble{Code: code, Message: message, Next: next}
}

// Unlocker is somebody who may unlock the home.
type Unlocker struct {
	Name    string
	You     bool
	Keyring bool // also without typing
}

// Finished is what came of a backup, a rehearsal or a restore.
type Finished struct {
	Title string
	Lines []string
	Notes []Trouble
}

// SafetyState is everything that safety shows.
type SafetyState struct {
	Loaded   bool
	Trouble  Trouble
	Last     string // when the home was last backed up
	Due      string // a reminder; "" where none is due
	Restored string // when the home was brought back; "" where it never was
	People   []Unlocker
	Finished *Finished
}

// Safety is about one home.
type Safety struct {
	open    func() (Safe, error)
	now     Clock
	words   Words
	changed func()
	work    *Work
	restore restoring
	role    Role // for which the home is kept

	mu    sync.Mutex
	state SafetyState
}

// restoring is home.Restore.
type restoring func(ctx context.Context, file, dir string, o home.Options, r home.RestoreOptions) (home.Restored, error)

// NewSafety is about the home that open gives, in a role.
func NewSafety(role Role, open func() (Safe, error), now Clock, w Words, changed func()) *Safety {
	return &Safety{role: role, open: open, now: now, words: w, changed: changed, work: NewWork(changed), restore: home.Restore}
}

// State is what there is to show.
func (s *Safety) State() SafetyState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Work is what is under way.
func (s *Safety) Work() *Work { return s.work }

// Reminders of a backup: after a week with something new, else after a quarter.
const (
	backupAfterNews = 7 * 24 * time.Hour
	backupAfterAll  = 90 * 24 * time.Hour
)

// Refresh reads anew how the home stands.
func (s *Safety) Refresh(ctx context.Context) {
	var info home.Info
	var actor string
	h, err := s.open()
	if err == nil {
		info, err = h.Info(ctx)
		actor = h.Actor()
	}
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	s.state.Loaded, s.state.Trouble = true, trouble(s.words, err)
	if err == nil {
		s.state.Last, s.state.Due, s.state.Restored = lastBackup(s.words, s.role, info, s.now())
		s.state.People = nil
		for _, name := range info.People {
			s.state.People = append(s.state.People, Unlocker{Plain(name), name == actor, slices.Contains(info.Keyring, name)})
		}
	}
	s.mu.Unlock()
	s.changed()
}

// lastBackup says when a home was last backed up, whether that is too long ago,
// and when it was brought back.
func lastBackup(w Words, role Role, i home.Info, now time.Time) (last, due, restored string) {
	if i.Restored != nil {
		restored = w.L("This home was restored from a backup on {{.When}}.", D{"When": w.Stamp(*i.Restored)})
	}
	if i.LastBackup == nil {
		switch role {
		case RoleBoard:
			due = w.L("Make a backup: if this machine is lost, the register and the board's keys are lost with it.")
		case RoleHospital:
			due = w.L("Make a backup: if this machine is lost, the verdicts that were kept are lost with it.")
		default:
			due = w.L("Make a backup: if this device is lost, your licences are lost with it.")
		}
		return w.L("There is no backup yet."), due, restored
	}
	age := now.Sub(*i.LastBackup)
	last = w.L("Last backup: {{.When}}, {{.Age}}.", D{"When": w.Stamp(*i.LastBackup), "Age": w.Ago(age)})
	switch news := i.Acts == nil || *i.Acts > 0; {
	case news && age > backupAfterNews:
		due = w.L("There is something new since the last backup. Make another one.")
	case age > backupAfterAll:
		due = w.L("The last backup is old. Rehearse it, or make another one.")
	}
	return last, due, restored
}

// BackupName is what a backup is called as a file.
func BackupName(now time.Time) string {
	return "bonafide-" + now.UTC().Format("2006-01-02") + ".backup"
}

// NewPassphrase says what is wrong with a new passphrase that was typed twice.
// Codes passphrase_short, passphrase_differs.
func NewPassphrase(pass, again []byte) error {
	switch {
	case utf8.RuneCount(pass) < MinPassphrase:
		return explain.Errorf("passphrase_short", "a passphrase has at least %d characters", MinPassphrase)
	case !bytes.Equal(pass, again):
		return explain.Errorf("passphrase_differs", "typed differently the second time")
	}
	return nil
}

// lends hands out copies of a passphrase, which the home overwrites.
func lends(pass []byte) func(string, bool) ([]byte, error) {
	return func(string, bool) ([]byte, error) { return bytes.Clone(pass), nil }
}

// Backup writes the home to a file. The passphrases are overwritten. Run it
// beside the screen. Codes of home.Backup and NewPassphrase, and work_busy.
func (s *Safety) Backup(ctx context.Context, file string, pass, again []byte) error {
	defer clear(pass)
	defer clear(again)
	if err := NewPassphrase(pass, again); err != nil {
		return err
	}
	h, err := s.open()
	if err != nil {
		return err
	}
	var done home.BackedUp
	err = s.work.Do(ctx, s.words.L("Making the backup"), func(ctx context.Context, far func(int64, int64)) (err error) {
		done, err = h.Backup(ctx, file, home.BackupOptions{Passphrase: lends(pass), Progress: far})
		return err
	})
	if err != nil {
		return err
	}
	w := s.words
	f := &Finished{Title: w.L("The backup is made"), Lines: []string{
		w.L("File: {{.Name}}", D{"Name": FileName(filepath.Base(done.File))}),
		w.L("Size: {{.Size}}", D{"Size": size(w, done.Bytes)}),
	}}
	if s.role == RolePractitioner {
		f.Lines = append(f.Lines, holds(w, done.Credentials)...)
	}
	f.Lines = append(f.Lines,
		w.L("Keep it somewhere else than this device, and its passphrase apart from it."),
		w.L("Without the passphrase nobody can open it, not even you: rehearse it once."))
	f.Notes = notes(w, done.Notes)
	s.finish(ctx, f)
	return nil
}

func (s *Safety) finish(ctx context.Context, f *Finished) {
	s.mu.Lock()
	s.state.Finished = f
	s.mu.Unlock()
	s.Refresh(ctx)
}

// Dismiss takes what was finished from the screen.
func (s *Safety) Dismiss() {
	s.mu.Lock()
	s.state.Finished = nil
	s.mu.Unlock()
	s.changed()
}

// Rehearse goes through a backup as if it were brought back, and leaves nothing
// behind. The passphrase is overwritten. Codes of home.Restore, and work_busy.
func (s *Safety) Rehearse(ctx context.Context, file string, pass []byte) error {
	defer clear(pass)
	h, err := s.open()
	if err != nil {
		return err
	}
	var out home.Restored
	err = s.work.Do(ctx, s.words.L("Rehearsing the backup"), func(ctx context.Context, far func(int64, int64)) (err error) {
		out, err = s.restore(ctx, file, h.Dir(), home.Options{Now: s.now}, home.RestoreOptions{
			Passphrase: lends(pass), Rehearse: true, Offline: true, Progress: far,
		})
		return err
	})
	if err != nil {
		return err
	}
	s.finish(ctx, restored(s.words, out, s.role))
	return nil
}

// ChangePassphrase gives the acting person a new passphrase, if the old one opens
// the home. All are overwritten. Codes passphrase_wrong and those of
// NewPassphrase.
func (s *Safety) ChangePassphrase(ctx context.Context, old, pass, again []byte) error {
	defer clear(old)
	defer clear(pass)
	defer clear(again)
	if err := NewPassphrase(pass, again); err != nil {
		return err
	}
	h, err := s.open()
	if err != nil {
		return err
	}
	err = s.work.Do(ctx, s.words.L("Changing the passphrase"), func(ctx context.Context, _ func(int64, int64)) error {
		if err := h.Opens(old); err != nil {
			return err
		}
		return h.ChangePassphrase(ctx, pass)
	})
	if err != nil {
		return err
	}
	w := s.words
	s.finish(ctx, &Finished{Title: w.L("The passphrase is changed"), Lines: []string{
		w.L("From now on the new one opens this home. Backups that you made before keep their own."),
	}})
	return nil
}

// AddPerson lets somebody else unlock the home. The passphrases are overwritten.
// Codes person_exists, name_malformed, and those of NewPassphrase.
func (s *Safety) AddPerson(ctx context.Context, name string, pass, again []byte) error {
	defer clear(pass)
	defer clear(again)
	if err := NewPassphrase(pass, again); err != nil {
		return err
	}
	h, err := s.open()
	if err != nil {
		return err
	}
	err = s.work.Do(ctx, s.words.L("Adding a person"), func(ctx context.Context, _ func(int64, int64)) error {
		return h.AddPerson(ctx, strings.TrimSpace(name), pass)
	})
	if err == nil {
		s.Refresh(ctx)
	}
	return err
}

// RestoreState is everything that bringing a backup back shows.
type RestoreState struct {
	Trouble  Trouble
	Finished *Finished
	Dir      string // of the home that was brought back; "" before
}

// Restoration brings a backup back into a new folder.
type Restoration struct {
	now     Clock
	words   Words
	changed func()
	work    *Work
	restore restoring

	mu    sync.Mutex
	state RestoreState
}

// NewRestoration needs no home.
func NewRestoration(now Clock, w Words, changed func()) *Restoration {
	return &Restoration{now: now, words: w, changed: changed, work: NewWork(changed), restore: home.Restore}
}

// State is what there is to show.
func (r *Restoration) State() RestoreState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// Work is what is under way.
func (r *Restoration) Work() *Work { return r.work }

// Run brings a backup back as a home at dir, which must not exist or be empty, or
// only rehearses. Who forgot the home's passphrase gives a new one; none leaves
// it as it was. The passphrases are overwritten. Run it beside the screen. Codes
// of home.Restore and NewPassphrase, and work_busy.
func (r *Restoration) Run(ctx context.Context, file, dir string, pass, fresh, again []byte, rehearse bool) error {
	defer clear(pass)
	defer clear(fresh)
	defer clear(again)
	err := r.run(ctx, file, dir, pass, fresh, again, rehearse)
	if endedBy(ctx, err) {
		return err
	}
	r.mu.Lock()
	r.state.Trouble = trouble(r.words, err)
	r.mu.Unlock()
	r.changed()
	return err
}

func (r *Restoration) run(ctx context.Context, file, dir string, pass, fresh, again []byte, rehearse bool) error {
	reset := len(fresh) > 0 || len(again) > 0
	if reset {
		if err := NewPassphrase(fresh, again); err != nil {
			return err
		}
	}
	what := r.words.L("Restoring the backup")
	if rehearse {
		what = r.words.L("Rehearsing the backup")
	}
	var out home.Restored
	err := r.work.Do(ctx, what, func(ctx context.Context, far func(int64, int64)) (err error) {
		o := home.Options{Now: r.now}
		if reset {
			o.Passphrase = lends(fresh)
		}
		out, err = r.restore(ctx, file, dir, o, home.RestoreOptions{
			Passphrase: lends(pass), Rehearse: rehearse, ResetPassphrase: reset, Offline: true, Progress: far,
		})
		return err
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.state.Finished, r.state.Dir = restored(r.words, out, ""), out.Dir
	r.mu.Unlock()
	return nil
}

// restored says what came out of a backup. Licences of a wallet are in a
// practitioner's alone; role is "" where it is not known whose it is.
func restored(w Words, out home.Restored, role Role) *Finished {
	f := &Finished{Title: w.L("Your data is back")}
	if out.Rehearsed {
		f.Title = w.L("The backup is whole and can be restored")
	}
	f.Lines = append(f.Lines, w.L("Made on {{.When}}.", D{"When": w.Stamp(out.Created)}))
	if role == RolePractitioner || role == "" {
		f.Lines = append(f.Lines, holds(w, out.Credentials)...)
	}
	if len(out.People) > 0 {
		var names []string
		for _, n := range out.People {
			names = append(names, Plain(n))
		}
		f.Lines = append(f.Lines, w.L("Who may unlock it: {{.Names}}.", D{"Names": strings.Join(names, ", ")}))
	}
	if len(out.Keyring) > 0 {
		f.Lines = append(f.Lines, w.L("Unlocking without a passphrase has to be set up again."))
	}
	if out.Rehearsed {
		f.Lines = append(f.Lines, w.L("Nothing was changed."))
	}
	f.Notes = notes(w, out.Notes)
	return f
}

// holds says which credentials a backup has.
func holds(w Words, list []home.Held) []string {
	if len(list) == 0 {
		return []string{w.L("There are no licences in it.")}
	}
	n, anew := 0, 0
	for _, h := range list {
		n += h.Count
		if h.ClaimAnew {
			anew += h.Count
		}
	}
	out := []string{w.N("It holds {{.N}} credentials.", n)}
	if anew > 0 {
		out = append(out, w.N("{{.N}} of them have to be claimed anew: the key for them is not in it.", anew))
	}
	return out
}

// notes puts codes of the catalogue in words, those of which something is to be
// done or known.
func notes(w Words, codes []string) (out []Trouble) {
	for _, code := range codes {
		message, next := w.Explain(code)
		out = append(out, Trouble{Code: code, Message: message, Next: next})
	}
	return out
}

// size is a number of bytes for people.
func size(w Words, n int64) string {
	switch {
	case n < 1<<20:
		return w.L("{{.Number}} KB", D{"Number": (n + 1023) >> 10})
	default:
		return w.L("{{.Number}} MB", D{"Number": (n + 1<<20 - 1) >> 20})
	}
}
