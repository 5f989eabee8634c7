package model

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
)

// Role is what a home is used as.
type Role string

// Roles a person can choose.
const (
	RoleHospital     Role = "hospital"
	RolePractitioner Role = "practitioner"
	RoleBoard        Role = "board"
)

// Roles are all of them, in the order in which they are offered.
var Roles = []Role{RolePractitioner, RoleHospital, RoleBoard}

// RoleName is the role as people read it.
func RoleName(w Words, r Role) string {
	switch r {
	case RoleHospital:
		return w.L("Hospital")
	case RolePractitioner:
		return w.L("Practitioner")
	case RoleBoard:
		return w.L("Licensing board")
	}
	return Plain(string(r))
}

// Place is a home with a role in it.
type Place struct {
	Dir   string `json:"dir"` // the home's folder
	Role  Role   `json:"role"`
	Title string `json:"title,omitempty"` // as people read it; "": the role's name
}

// Name is the place as people read it. Several homes are told apart by their
// folders.
func (p Place) Name(w Words, severalHomes bool) string {
	name := Plain(p.Title)
	if name == "" {
		name = RoleName(w, p.Role)
	}
	if severalHomes && p.Title == "" {
		return w.L("{{.Role}} in {{.Folder}}", D{"Role": name, "Folder": FileName(filepath.Base(p.Dir))})
	}
	return name
}

// Way is a way on from a trouble.
type Way string

// Ways on.
const (
	WayAgain   Way = "again"   // try again
	WayRestore Way = "restore" // bring back a backup
	WayChoose  Way = "choose"  // choose another folder
	WayUpdate  Way = "update"  // read how to upgrade
	WayNew     Way = "new"     // make a new home here
)

// Closed says why a home does not open, and what can be done.
type Closed struct {
	Code, Message, Next string
	Dir                 string // safe to show
	Ways                []Way
}

// ClosedOf puts the error of opening a home in words.
func ClosedOf(w Words, dir string, err error) Closed {
	code := CodeOf(err)
	t := Closed{Code: code, Dir: Plain(dir)}
	t.Message, t.Next = w.Explain(code)
	switch code {
	case "data_newer":
		t.Ways = []Way{WayUpdate, WayAgain, WayChoose}
	case "data_damaged", "data_missing", "data_rolled_back", "migration_failed":
		t.Ways = []Way{WayRestore, WayAgain, WayChoose}
	case "home_missing":
		t.Ways = []Way{WayNew, WayChoose, WayRestore}
	default: // busy, full, not to be written: what passes, or another folder
		t.Ways = []Way{WayAgain, WayChoose}
	}
	return t
}

// CodeOf is the code of an error; one that carries none gets that of the
// trouble that a person can do something about, else internal_error.
func CodeOf(err error) string {
	code := explain.CodeOf(err)
	if _, known := explain.Lookup(code); known {
		return code
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "folder_unwritable"
	case errors.Is(err, fs.ErrNotExist):
		return "file_unreadable"
	}
	return "internal_error"
}

// Session is which home is open, in which role, and whether it is locked. What
// it decides rests on the home alone: no preference and no counter opens a home,
// and none keeps it closed. It is safe for concurrent use.
type Session struct {
	now  Clock
	cost home.Cost // of new passphrases; zero: the home's default

	secret secret

	mu      sync.Mutex
	home    *home.Home
	place   Place
	people  []string
	locked  bool
	idle    time.Duration
	touched time.Time
}

// SessionState is a session as a screen shows it.
type SessionState struct {
	Open    bool
	Place   Place
	Locked  bool
	Demo    bool
	People  []string // who may unlock the home
	Keyring bool     // the only person, or who acts, may unlock without typing
}

// NewSession makes one with nothing open. A zero cost is the home's own.
func NewSession(now Clock, cost home.Cost) *Session { return &Session{now: now, cost: cost} }

// secret lends a passphrase to a home that asks for one. A home that asks when
// none is lent is told that nobody can be asked (passphrase_needed), so nothing
// unlocks by itself.
type secret struct {
	mu   sync.Mutex
	pass []byte
}

func (p *secret) ask(string, bool) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pass == nil {
		return nil, explain.Errorf("passphrase_needed", "the app asks first")
	}
	return bytes.Clone(p.pass), nil
}

// lend runs f while a passphrase is there to be asked for, then overwrites it.
func (p *secret) lend(pass []byte, f func() error) error {
	p.mu.Lock()
	p.pass = pass
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		clear(pass)
		p.pass = nil
	}()
	return f()
}

func (s *Session) options() home.Options {
	return home.Options{Now: s.now, Passphrase: s.secret.ask, Cost: s.cost}
}

// Open opens a place, locked, and closes the home that was open before unless
// it is the same. Run it beside the screen. Codes of home.Open, and
// folder_unwritable.
func (s *Session) Open(p Place) error {
	dir, err := filepath.Abs(p.Dir)
	if err != nil {
		return err
	}
	p.Dir = dir
	s.mu.Lock()
	if s.home != nil && s.home.Dir() == dir {
		s.place, s.touched = p, s.now()
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	if err := s.Close(); err != nil {
		return err
	}
	h, err := home.Open(dir, s.options())
	if err != nil {
		return err
	}
	if err := home.Writable(dir); err != nil {
		return errors.Join(err, h.Close())
	}
	return s.take(h, p)
}

// Create makes a home and opens it, unlocked, as a place. The passphrase is
// overwritten. Codes of home.Create.
func (s *Session) Create(p Place, name string, pass []byte) error {
	if err := s.Close(); err != nil {
		clear(pass)
		return err
	}
	o := s.options()
	o.As = name
	var h *home.Home
	err := s.secret.lend(pass, func() (err error) {
		if h, err = home.Create(p.Dir, o, false); err != nil {
			return err
		}
		return h.Unlock()
	})
	if err != nil {
		if h != nil {
			err = errors.Join(err, h.Close())
		}
		return err
	}
	return s.take(h, p)
}

// take makes a home the session's.
func (s *Session) take(h *home.Home, p Place) error {
	info, err := h.Names()
	if err != nil {
		return errors.Join(err, h.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.home, s.place, s.people = h, p, info
	s.locked, s.idle, s.touched = h.Actor() == "", home.DefaultIdle, s.now()
	return nil
}

// Home is the open home; nil where none is.
func (s *Session) Home() *home.Home {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.home
}

// State is what there is to show.
func (s *Session) State() SessionState {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := SessionState{Open: s.home != nil, Place: s.place, Locked: s.locked, People: slices.Clone(s.people)}
	if s.home != nil {
		st.Demo = s.home.Demo()
	}
	return st
}

// Unlock opens the home for a person with a passphrase; without one, by the
// system's keyring where the person has chosen that. The passphrase is
// overwritten. Run it beside the screen: it takes a while, on purpose. Codes of
// home.Unlock.
func (s *Session) Unlock(ctx context.Context, person string, pass []byte) error {
	h := s.Home()
	if h == nil {
		clear(pass)
		return explain.Errorf("home_missing", "no home is open")
	}
	if person != "" {
		if err := h.ActAs(person); err != nil {
			clear(pass)
			return err
		}
	}
	if len(pass) == 0 {
		pass = nil // nothing is lent
	}
	if err := s.secret.lend(pass, h.Unlock); err != nil {
		return err
	}
	idle, err := h.IdleTime(ctx)
	if err != nil {
		h.Lock()
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locked, s.idle, s.touched = false, idle, s.now()
	return nil
}

// Lend runs f while the open home is given a passphrase where it asks for one, as
// for a new one of who acts. The passphrase is overwritten. Run it beside the
// screen.
func (s *Session) Lend(pass []byte, f func(h *home.Home) error) error {
	h := s.Home()
	if h == nil {
		clear(pass)
		return explain.Errorf("home_missing", "no home is open")
	}
	if err := s.secret.lend(pass, func() error { return f(h) }); err != nil {
		return err
	}
	people, err := h.Names() // there may be one more
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.home == h {
		s.people = people
	}
	return nil
}

// Lock locks the home. It returns when the master key is gone, which waits for
// a single act that is under way; run it beside the screen, which hides what it
// shows first.
func (s *Session) Lock() {
	s.mu.Lock()
	h := s.home
	s.locked = true
	s.mu.Unlock()
	if h != nil {
		h.Lock()
	}
}

// Touch notes that somebody uses the app.
func (s *Session) Touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touched = s.now()
}

// Idle reports that the home is open and nobody used the app for so long that
// it is to be locked. A clock that was set back counts as idle: how long nobody
// was here is then not known.
func (s *Session) Idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := s.now().Sub(s.touched)
	return s.home != nil && !s.locked && (gone >= s.idle || gone < -time.Minute)
}

// IdleTime is after how long without use the home is locked.
func (s *Session) IdleTime() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.idle
}

// SetIdleTime changes it. The home has to be unlocked, for it is kept sealed.
func (s *Session) SetIdleTime(ctx context.Context, d time.Duration) error {
	h := s.Home()
	if h == nil {
		return explain.Errorf("home_missing", "no home is open")
	}
	if err := h.SetIdleTime(ctx, d); err != nil {
		return err
	}
	d, err := h.IdleTime(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = d
	return nil
}

// Locked reports that the home is locked, or that none is open.
func (s *Session) Locked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.home == nil || s.locked
}

// Close closes the home. What uses it must have ended.
func (s *Session) Close() error {
	s.mu.Lock()
	h := s.home
	s.home, s.place, s.people, s.locked = nil, Place{}, nil, false
	s.mu.Unlock()
	if h == nil {
		return nil
	}
	return h.Close()
}

// RolesIn are the roles that a home is used in, as far as its data tells. A
// wallet checks what it receives, so the hospital's data beside a wallet says
// nothing. Run it beside the screen.
func RolesIn(ctx context.Context, h *home.Home) ([]Role, error) {
	info, err := h.Info(ctx)
	if err != nil {
		return nil, err
	}
	var out []Role
	wallet := slices.Contains(info.Roles, "wallet")
	if wallet {
		out = append(out, RolePractitioner)
	}
	if info.Board != "" {
		out = append(out, RoleBoard)
	}
	if slices.Contains(info.Roles, "verifier") && !wallet || info.Trust && len(out) == 0 {
		out = append(out, RoleHospital)
	}
	return out, nil
}
