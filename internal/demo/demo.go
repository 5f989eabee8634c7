// Package demo plays the product's whole story on a throw-away network: boards
// found, accredit, issue and revoke; a practitioner claims and presents; a
// hospital verifies, with the network and then without it. Every verdict it
// shows is given by the same code that a hospital runs.
package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/request"
	"bonafide/verifier"
)

// Step is one step of the story. Expected and Verdict are nil where nothing
// is verified.
type Step struct {
	Name     string            `json:"name"`
	Expected *verifier.Verdict `json:"expected"`
	Verdict  *verifier.Verdict `json:"verdict"`
	Reasons  []string          `json:"reasons"`
	Headline string            `json:"-"`
}

// AsExpected reports whether the step gave the verdict that it was to give.
func (s Step) AsExpected() bool {
	return s.Expected == nil || s.Verdict != nil && *s.Expected == *s.Verdict
}

// Report is the whole story.
type Report struct {
	Steps []Step `json:"steps"`
}

// AsExpected reports whether every step gave the verdict that it was to give.
func (r Report) AsExpected() bool {
	for _, s := range r.Steps {
		if !s.AsExpected() {
			return false
		}
	}
	return len(r.Steps) > 0
}

// Options say how to play.
type Options struct {
	Keep string     // folder to leave the files in; "": everything is removed
	Told func(Step) // called after each step
	Now  func() time.Time
}

// KeptStep is an element of DIR/steps.json: with these arguments `bonafide`
// gives the verdict again, from any folder and as often as it is asked. What
// the hospital knew before the step lies in the home that the arguments name.
type KeptStep struct {
	Name     string           `json:"name"`
	Args     []string         `json:"args"`
	Expected verifier.Verdict `json:"expected"`
}

// story is one run.
type story struct {
	o          Options
	dir        string
	passphrase []byte
	cost       home.Cost // of its slots; zero: the home's own
	report     Report
	kept       []KeptStep
	homes      []*home.Home
}

// Run plays the story. An error means that it could not be played to its end;
// a verdict that is not the expected one is in the report.
func Run(ctx context.Context, o Options) (rep Report, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Told == nil {
		o.Told = func(Step) {}
	}
	s := &story{o: o}
	// However it ends, the ledger is stopped and nothing is left behind that was
	// not asked for.
	defer func() {
		for _, h := range s.homes {
			err = errors.Join(err, h.StopNode(), h.Close())
		}
		if o.Keep == "" && s.dir != "" {
			err = errors.Join(err, os.RemoveAll(s.dir))
		}
	}()
	if err := s.prepare(); err != nil {
		return Report{}, err
	}
	if err := s.play(ctx); err != nil {
		return s.report, err
	}
	return s.report, s.writeSteps()
}

// prepare makes the folder and a passphrase that all homes of the demo share.
func (s *story) prepare() (err error) {
	if s.o.Keep == "" {
		if s.dir, err = os.MkdirTemp("", "bonafide-demo-"); err != nil {
			return fmt.Errorf("making a folder for the demo: %w", err)
		}
	} else {
		if s.dir, err = filepath.Abs(s.o.Keep); err != nil {
			return fmt.Errorf("finding the demo's folder: %w", err)
		}
		entries, err := os.ReadDir(s.dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("reading the demo's folder: %w", err)
		}
		if len(entries) > 0 {
			return explain.Errorf("demo_folder", "%d entries", len(entries))
		}
	}
	if err := s.folders(); err != nil {
		return err
	}
	var raw [12]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return err
	}
	s.passphrase = []byte(hex.EncodeToString(raw[:]))
	if s.o.Keep == "" {
		return nil
	}
	return s.write("passphrase", append([]byte(hex.EncodeToString(raw[:])), '\n'))
}

const (
	filesFolder = "files"
	homesFolder = "homes"
)

func (s *story) folders() error {
	for _, sub := range []string{"", filesFolder, homesFolder} {
		if err := os.MkdirAll(filepath.Join(s.dir, sub), 0o700); err != nil {
			return fmt.Errorf("making the demo's folder: %w", err)
		}
	}
	return nil
}

func (s *story) write(name string, b []byte) error {
	return home.WriteFile(filepath.Join(s.dir, name), b)
}

// path is where a file of the story lies that goes from one to the other.
func (s *story) path(name string) string { return filepath.Join(s.dir, filesFolder, name) }

func (s *story) put(name string, b []byte) error { return home.WriteFile(s.path(name), b) }

// close stops what runs and closes the homes.
func (s *story) close() error {
	var err error
	for _, h := range s.homes {
		err = errors.Join(err, h.StopNode(), h.Close())
	}
	s.homes = nil
	return err
}

func (s *story) options(now func() time.Time) home.Options {
	o := options(now, s.passphrase)
	o.Cost = s.cost
	return o
}

func options(now func() time.Time, passphrase []byte) home.Options {
	return home.Options{Now: now, Passphrase: func(string, bool) ([]byte, error) {
		return bytes.Clone(passphrase), nil // the home overwrites what it is given
	}}
}

// newHome makes a home of the demo that stays open to the end.
func (s *story) newHome(name string) (*home.Home, error) {
	h, err := home.Create(filepath.Join(s.dir, homesFolder, name), s.options(s.o.Now), true)
	if err != nil {
		return nil, fmt.Errorf("making the home %s: %w", name, err)
	}
	s.homes = append(s.homes, h)
	return h, nil
}

// tell adds a step in which nothing is verified.
func (s *story) tell(name, outcome string) {
	st := Step{Name: name, Reasons: []string{}, Headline: outcome}
	s.report.Steps = append(s.report.Steps, st)
	s.o.Told(st)
}

// check is a verification by a hospital.
type check struct {
	name     string
	expect   verifier.Verdict
	hospital string // name of the hospital's home
	file     string // name under files/
	request  string // name under files/; "": none
	purpose  verifier.Purpose
	shift    time.Duration // of the hospital's clock
}

// verify plays one verification: the hospital's home is copied as it is before
// the step, the verdict is given in the live home, and with a shifted clock in
// a second copy, so that a false clock leaves no mark on the story.
func (s *story) verify(ctx context.Context, c check) error {
	live := filepath.Join(s.dir, homesFolder, c.hospital)
	before := fmt.Sprintf("before-%02d", len(s.report.Steps)+1)
	at := s.o.Now().UTC().Add(c.shift).Truncate(time.Second)
	keep := filepath.Join(s.dir, homesFolder, before)
	if err := os.CopyFS(keep, os.DirFS(live)); err != nil {
		return fmt.Errorf("copying the hospital's home: %w", err)
	}
	dir := live
	if c.shift != 0 {
		var err error
		if dir, err = os.MkdirTemp("", "bonafide-demo-clock-"); err != nil {
			return fmt.Errorf("making room for a copy: %w", err)
		}
		// A copy that cannot be removed is the system's to clear away, and nothing
		// of the story hangs on it.
		defer func() { _ = os.RemoveAll(dir) }()
		if err := os.CopyFS(dir, os.DirFS(live)); err != nil {
			return fmt.Errorf("copying the hospital's home: %w", err)
		}
	}
	res, err := s.verdict(ctx, dir, at, c)
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	args := []string{"verify", "--home", keep, "--clock", at.Format(time.RFC3339), "--purpose", string(c.purpose)}
	if c.request != "" {
		args = append(args, "--request", s.path(c.request))
	}
	s.kept = append(s.kept, KeptStep{c.name, append(args, s.path(c.file)), c.expect})
	st := Step{Name: c.name, Expected: &c.expect, Verdict: &res.Verdict, Reasons: reasons(res), Headline: res.Headline}
	s.report.Steps = append(s.report.Steps, st)
	s.o.Told(st)
	return nil
}

// verdict verifies a file in a home at a time.
func (s *story) verdict(ctx context.Context, dir string, at time.Time, c check) (res verifier.Result, err error) {
	h, err := home.Open(dir, s.options(func() time.Time { return at }))
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	v, err := h.Hospital(ctx, home.HospitalOptions{})
	if err != nil {
		return res, err
	}
	in := verifier.Input{File: c.file, Purpose: c.purpose}
	if in.Bytes, err = os.ReadFile(s.path(c.file)); err != nil {
		return res, err
	}
	if c.request != "" {
		raw, err := os.ReadFile(s.path(c.request))
		if err != nil {
			return res, err
		}
		if in.Request, err = request.Parse(raw); err != nil {
			return res, err
		}
	}
	return v.Verify(ctx, in)
}

// reasons are the codes of the checks that decided, or where all passed, of
// what the status says.
func reasons(r verifier.Result) []string {
	out := []string{}
	for _, c := range r.Checks {
		if (c.Outcome == verifier.Fail || c.Outcome == verifier.Unknown) && !slices.Contains(out, c.Code) {
			out = append(out, c.Code)
		}
	}
	if len(out) == 0 {
		for _, c := range r.Checks {
			if c.ID == verifier.CheckStatus {
				out = append(out, c.Code)
			}
		}
	}
	return out
}

// writeSteps leaves steps.json beside the kept files.
func (s *story) writeSteps() error {
	if s.o.Keep == "" {
		return nil
	}
	b, err := json.MarshalIndent(s.kept, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the steps: %w", err)
	}
	return s.write("steps.json", append(b, '\n'))
}
