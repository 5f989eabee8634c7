package model

// The demonstration: a network of made-up boards, a practitioner and a hospital,
// in a folder of its own, running while somebody looks at it.

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"bonafide/internal/demo"
	"bonafide/internal/explain"
)

// Demos makes, runs and removes demonstrations.
type Demos interface {
	Load(dir string) (demo.World, error)
	Furnish(ctx context.Context, dir string, far func(p demo.Part, done, total int)) (demo.World, error)
	Start(ctx context.Context, w demo.World) (DemoNetwork, error)
	Remove(dir string) error
}

// DemoNetwork is a demonstration that runs.
type DemoNetwork interface {
	Answer(ctx context.Context, claim []byte) ([][]byte, error)
	Stop() error
}

// RealDemos are those of internal/demo.
func RealDemos(now Clock) Demos { return realDemos{now} }

type realDemos struct{ now Clock }

func (realDemos) Load(dir string) (demo.World, error) { return demo.Load(dir) }
func (realDemos) Remove(dir string) error             { return demo.Remove(dir) }

func (d realDemos) Furnish(ctx context.Context, dir string, far func(demo.Part, int, int)) (demo.World, error) {
	return demo.Furnish(ctx, dir, demo.Furnishing{Now: d.now, Far: far})
}

func (d realDemos) Start(ctx context.Context, w demo.World) (DemoNetwork, error) {
	r, err := w.Start(ctx, d.now)
	if err != nil {
		return nil, err // a nil *Running in the interface would not be nil
	}
	return r, nil
}

// DemoSample is a file of the demonstration to try.
type DemoSample struct {
	Role  Role   // who can do something with it
	Title string // what it is
	File  string // its path
	// Request says that it asks a practitioner for something; everything else is
	// taken in.
	Request bool
}

// Open gives the sample as a file that was chosen.
func (s DemoSample) Open() File {
	return File{Name: filepath.Base(s.File), Open: func() (io.ReadCloser, error) { return os.Open(s.File) }}
}

// DemoCode is a claim code that waits for the practitioner.
type DemoCode struct {
	Code    string
	Board   string // its identifier
	Title   string // which licence, of which board
	Expires string
}

// DemoState is everything there is to show.
type DemoState struct {
	There    bool // one is made, and can be opened without waiting
	Running  bool
	Outdated bool    // it cannot be opened any more, only removed
	Offer    string  // what opening it does, in words
	Places   []Place // to switch between; none until it is there
	Samples  []DemoSample
	Codes    []DemoCode
	Folder   string // of the samples; "" until it is there
	Step     string // what is being made
	Trouble  Trouble
}

// Demo is the demonstration as the app shows it.
type Demo struct {
	Work *Work

	dir     string
	demos   Demos
	changed func()

	mu      sync.Mutex
	words   Words
	state   DemoState
	world   demo.World
	network DemoNetwork
}

// NewDemo is the demonstration in dir; changed is called after every change,
// from any goroutine.
func NewDemo(dir string, d Demos, w Words, changed func()) *Demo {
	m := &Demo{dir: dir, demos: d, words: w, changed: changed, Work: NewWork(changed)}
	m.state.Offer = demoOffer(w, false)
	return m
}

// Speak says what there is to show in other words: the demonstration outlives
// the rooms, which are made anew for a language.
func (m *Demo) Speak(w Words) {
	m.update(func(s *DemoState) {
		m.words = w
		m.describe(s)
		if s.Trouble.Code != "" {
			s.Trouble.Message, s.Trouble.Next = w.Explain(s.Trouble.Code)
		}
	})
}

// speech is the language of now.
func (m *Demo) speech() Words {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.words
}

// DemoBanner stands over every screen of a home of the demonstration; short where
// there is little room.
func DemoBanner(w Words, short bool) string {
	if short {
		return w.L("Demonstration, all made up. Passphrase: “{{.Passphrase}}”", D{"Passphrase": demo.Passphrase})
	}
	return w.L("Demonstration: the boards, people and licences here are made up. Its passphrase is “{{.Passphrase}}”.", D{"Passphrase": demo.Passphrase})
}

// DemoPassphrase opens every home of the demonstration, so that nobody has to
// type it. Whoever gets it may overwrite it.
func DemoPassphrase() []byte { return []byte(demo.Passphrase) }

// State is what there is to show now.
func (m *Demo) State() DemoState {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

func (m *Demo) update(f func(*DemoState)) {
	m.mu.Lock()
	f(&m.state)
	m.mu.Unlock()
	m.changed()
}

func demoOffer(w Words, there bool) string {
	if there {
		return w.L("Go on with the demonstration where you left it.")
	}
	return w.L("See how it works: three made-up boards, a practitioner and a hospital, on a network of their own on this machine. Making it takes a few seconds; it stays apart from your own data and can be removed at any time.")
}

// Look finds out whether there is a demonstration. Run it beside the screen.
func (m *Demo) Look() {
	w, err := m.demos.Load(m.dir)
	if err != nil && explain.CodeOf(err) != "demo_missing" {
		m.failed(err)
		return
	}
	m.shows(w, err == nil)
}

// outdated reports that a demonstration can only be removed.
func outdated(err error) bool { return explain.CodeOf(err) == "demo_outdated" }

// shows puts a world in words.
func (m *Demo) shows(w demo.World, there bool) {
	m.update(func(s *DemoState) {
		m.world, s.There = w, there
		m.describe(s)
	})
}

// describe puts the world in words. It needs the lock.
func (m *Demo) describe(s *DemoState) {
	words, w := m.words, m.world
	s.Offer = demoOffer(words, s.There)
	s.Places, s.Samples, s.Codes, s.Folder = nil, nil, nil, ""
	if !s.There {
		return
	}
	for _, p := range w.Places {
		s.Places = append(s.Places, Place{Dir: w.Home(p), Role: Role(p.Role), Title: p.Title})
	}
	for _, f := range w.Samples {
		if role, title := sampleTitle(words, f); title != "" {
			s.Samples = append(s.Samples, DemoSample{role, title, w.File(f), f.Kind == demo.SampleRequest})
			s.Folder = filepath.Dir(w.File(f))
		}
	}
	for _, c := range w.Codes {
		s.Codes = append(s.Codes, DemoCode{
			Code: c.Code, Board: string(c.Board), Expires: words.L("May be used until {{.Date}}.", D{"Date": words.Date(c.Expires)}),
			Title: words.L("{{.Licence}}, by {{.Board}}", D{"Licence": Plain(c.Licence), "Board": Plain(c.Name)}),
		})
	}
}

// sampleTitle says what a sample is and for whom.
func sampleTitle(w Words, s demo.Sample) (Role, string) {
	switch s.Kind {
	case demo.SampleAnswer:
		return RoleHospital, w.L("An answer to one of the hospital's open requests: it should be verified, once.")
	case demo.SampleAnswerCode:
		return RoleHospital, w.L("Another answer, with two details alone, as a picture of a QR code.")
	case demo.SampleReplayed:
		return RoleHospital, w.L("An answer that was verified before: it must not count again.")
	case demo.SampleCopy:
		return RoleHospital, w.L("A licence from a board's register: it is real, but does not show who presents it.")
	case demo.SampleConditions:
		return RoleHospital, w.L("An answer with a licence on probation: verified, but only with conditions, and once.")
	case demo.SampleRevoked:
		return RoleHospital, w.L("A licence that was revoked.")
	case demo.SampleExpired:
		return RoleHospital, w.L("A licence that ran out.")
	case demo.SampleTampered:
		return RoleHospital, w.L("A licence with another name put into it.")
	case demo.SampleNotAccredited:
		return RoleHospital, w.L("A licence of a kind that its board may not issue.")
	case demo.SampleNotAnchored:
		return RoleHospital, w.L("A licence signed with a board's own key but never published, as a thief of that key would make it.")
	case demo.SampleRequest:
		return RolePractitioner, w.L("A request of the hospital, to be answered.")
	case demo.SampleLetter:
		return RolePractitioner, w.L("A board's letter with a claim code: {{.Licence}}.", D{"Licence": Plain(s.About)})
	case demo.SampleLetterCode:
		return RolePractitioner, w.L("A claim code as a picture of a QR code: {{.Licence}}.", D{"Licence": Plain(s.About)})
	case demo.SampleRegister:
		return RoleBoard, w.L("A board's register, as a file.")
	}
	return "", ""
}

// SamplesFor are the samples for a role.
func (s DemoState) SamplesFor(r Role) []DemoSample {
	var out []DemoSample
	for _, x := range s.Samples {
		if x.Role == r {
			out = append(out, x)
		}
	}
	return out
}

// PlaceOf is the first place of a role.
func (s DemoState) PlaceOf(r Role) (Place, bool) {
	for _, p := range s.Places {
		if p.Role == r {
			return p, true
		}
	}
	return Place{}, false
}

// Holds reports whether a home lies in the demonstration, so that its passphrase
// is known.
func (m *Demo) Holds(dir string) bool {
	for _, p := range m.State().Places {
		if filepath.Clean(dir) == filepath.Clean(p.Dir) {
			return true
		}
	}
	return false
}

// partName is what is being made.
func partName(w Words, p demo.Part) string {
	switch p {
	case demo.PartNetwork:
		return w.L("Three boards found their network.")
	case demo.PartRegisters:
		return w.L("The boards fill their registers and issue licences.")
	case demo.PartPractitioner:
		return w.L("A practitioner claims licences.")
	case demo.PartHospital:
		return w.L("A hospital learns whom to trust.")
	case demo.PartSamples:
		return w.L("Files to try are made.")
	}
	return ""
}

// Open makes the demonstration if there is none, and runs it. Nothing is left of
// one that is cancelled while it is made. Run it beside the screen. It reports
// whether it runs; the state says why it does not.
func (m *Demo) Open(ctx context.Context) bool {
	m.mu.Lock()
	running := m.network != nil
	m.mu.Unlock()
	if running {
		return true
	}
	err := m.Work.Do(ctx, m.speech().L("Preparing the demonstration"), m.open)
	m.update(func(s *DemoState) { s.Step = "" })
	if err != nil {
		m.failed(err)
		return false
	}
	return true
}

func (m *Demo) open(ctx context.Context, far func(done, total int64)) error {
	w, err := m.demos.Load(m.dir)
	if explain.CodeOf(err) == "demo_missing" {
		w, err = m.demos.Furnish(ctx, m.dir, func(p demo.Part, done, total int) {
			m.update(func(s *DemoState) { s.Step = partName(m.words, p) })
			far(int64(done), int64(total))
		})
	}
	if err != nil {
		return err
	}
	m.shows(w, true)
	m.update(func(s *DemoState) { s.Step = m.words.L("The network starts.") })
	n, err := m.demos.Start(ctx, w)
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.network = n
	m.mu.Unlock()
	m.update(func(s *DemoState) { s.Running, s.Outdated, s.Trouble = true, false, Trouble{} })
	return nil
}

// failed puts an error in words; that somebody cancelled is none.
func (m *Demo) failed(err error) {
	m.update(func(s *DemoState) {
		s.Trouble, s.Outdated = Trouble{}, outdated(err)
		if !cancelled(err) {
			code := CodeOf(err)
			message, next := m.words.Explain(code)
			s.Trouble = Trouble{code, message, next}
		}
	})
}

// Stop stops the network; the demonstration stays. Homes of it should be closed
// before. Run it beside the screen.
func (m *Demo) Stop() error {
	m.mu.Lock()
	n := m.network
	m.network = nil
	m.mu.Unlock()
	if n == nil {
		return nil
	}
	err := n.Stop()
	m.update(func(s *DemoState) { s.Running = false })
	return err
}

// Remove stops the network and removes the demonstration; homes of it have to be
// closed. Run it beside the screen. It reports whether it is gone.
func (m *Demo) Remove(ctx context.Context) bool {
	err := m.Work.Do(ctx, m.speech().L("Removing the demonstration"), func(context.Context, func(done, total int64)) error {
		if err := m.Stop(); err != nil {
			return fmt.Errorf("stopping the demonstration: %w", err)
		}
		return m.demos.Remove(m.dir)
	})
	if err != nil {
		m.failed(err)
		return false
	}
	m.update(func(s *DemoState) { s.Outdated, s.Trouble = false, Trouble{} })
	m.shows(demo.World{}, false)
	return true
}

// Answer plays the board to which a claim goes: it gives the licence in both
// envelopes, to be received. Run it beside the screen. Codes as the board's, and
// demo_missing where no demonstration runs.
func (m *Demo) Answer(ctx context.Context, claim []byte) ([][]byte, error) {
	m.mu.Lock()
	n := m.network
	m.mu.Unlock()
	if n == nil {
		return nil, explain.Errorf("demo_missing", "it does not run")
	}
	return n.Answer(ctx, claim)
}
