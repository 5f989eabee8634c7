package model

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bonafide/internal/demo"
	"bonafide/internal/explain"
)

// fakeDemos is a demonstration without a network.
type fakeDemos struct {
	mu       sync.Mutex
	world    *demo.World // nil: none is there
	parts    []demo.Part
	at       func(p demo.Part) // called while furnishing
	furnish  error
	start    error
	load     error
	remove   error
	furnings int
	running  int
	answered []byte
}

func (f *fakeDemos) Load(string) (demo.World, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.load != nil {
		return demo.World{}, f.load
	}
	if f.world == nil {
		return demo.World{}, explain.Errorf("demo_missing", "none")
	}
	return *f.world, nil
}

func (f *fakeDemos) Furnish(ctx context.Context, dir string, far func(demo.Part, int, int)) (demo.World, error) {
	f.furnings++
	for i, p := range f.parts {
		far(p, i, len(f.parts))
		if f.at != nil {
			f.at(p)
		}
		if ctx.Err() != nil {
			return demo.World{}, ctx.Err()
		}
	}
	if f.furnish != nil {
		return demo.World{}, f.furnish
	}
	w := aWorld(dir)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.world = &w
	return w, nil
}

func (f *fakeDemos) Start(context.Context, demo.World) (DemoNetwork, error) {
	if f.start != nil {
		return nil, f.start
	}
	f.running++
	return f, nil
}

func (f *fakeDemos) Stop() error {
	f.running--
	return nil
}

func (f *fakeDemos) Answer(_ context.Context, claim []byte) ([][]byte, error) {
	f.answered = claim
	return [][]byte{[]byte("one"), []byte("two")}, nil
}

func (f *fakeDemos) Remove(string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.remove == nil {
		f.world = nil
	}
	return f.remove
}

var everyKind = []demo.SampleKind{
	demo.SampleRequest, demo.SampleAnswer, demo.SampleAnswerCode, demo.SampleReplayed, demo.SampleCopy, demo.SampleConditions,
	demo.SampleRevoked, demo.SampleExpired, demo.SampleTampered, demo.SampleNotAccredited, demo.SampleNotAnchored, demo.SampleLetter,
	demo.SampleLetterCode, demo.SampleRegister,
}

func aWorld(dir string) demo.World {
	w := demo.World{
		Dir: dir,
		Places: []demo.Place{
			{Home: "hospital", Role: demo.RoleHospital, Title: "Demo Hospital"},
			{Home: "practitioner", Role: demo.RolePractitioner, Title: "Xy Zw"},
			{Home: "medicine", Role: demo.RoleBoard, Title: "Demo Board of Medicine"},
		},
		Codes: []demo.ClaimCode{{
			Code: "AAAA-BBBB", Board: "did:bonafide:demo:x", Name: "Demo Board\u202e", Licence: "Nurse",
			Expires: time.Date(2027, 11, 21, 0, 0, 0, 0, time.UTC),
		}},
	}
	for _, k := range everyKind {
		w.Samples = append(w.Samples, demo.Sample{Kind: k, File: string(k) + ".json"})
	}
	return w
}

func aDemo(f *fakeDemos, changed func()) *Demo {
	if changed == nil {
		changed = func() {}
	}
	return NewDemo(filepath.Join("x", "demo"), f, English(), changed)
}

// TestDemoStates: none, made, running, stopped, removed.
func TestDemoStates(t *testing.T) {
	f := &fakeDemos{parts: []demo.Part{demo.PartNetwork, demo.PartRegisters, demo.PartPractitioner, demo.PartHospital, demo.PartSamples}}
	changes := 0
	m := aDemo(f, func() { changes++ })
	m.Look()
	none := m.State()
	if none.There || none.Running || len(none.Places) > 0 || none.Offer == "" || none.Trouble.Code != "" || changes == 0 {
		t.Errorf("before it is made: %+v", none)
	}
	steps := map[string]bool{}
	f.at = func(p demo.Part) {
		s, w := m.State(), m.Work.State()
		if s.Step == "" || steps[s.Step] || !w.Running || w.What == "" || w.Total != int64(len(f.parts)) || w.Done != int64(len(steps)) {
			t.Errorf("while making %s: %q, %+v", p, s.Step, w)
		}
		steps[s.Step] = true
	}
	if !m.Open(t.Context()) || f.running != 1 || len(steps) != len(f.parts) {
		t.Fatalf("it does not run: %+v", m.State())
	}
	s := m.State()
	if !s.There || !s.Running || s.Step != "" || s.Offer == none.Offer || m.Work.State().Running {
		t.Errorf("running: %+v", s)
	}
	h, ok := s.PlaceOf(RoleHospital)
	if !ok || h != (Place{Dir: filepath.Join("x", "demo", "homes", "hospital"), Role: RoleHospital, Title: "Demo Hospital"}) {
		t.Errorf("the hospital is %+v", h)
	}
	if _, ok := (DemoState{}).PlaceOf(RoleBoard); ok {
		t.Error("a place of nowhere")
	}
	if !m.Holds(h.Dir+string(filepath.Separator)) || m.Holds(filepath.Join("x", "hospital")) {
		t.Error("which homes are the demonstration's is not known")
	}
	if !m.Open(t.Context()) || f.running != 1 || f.furnings != 1 {
		t.Error("it was made or started a second time")
	}
	if err := errors.Join(m.Stop(), m.Stop()); err != nil || f.running != 0 || m.State().Running || !m.State().There {
		t.Errorf("stopped: %v, %+v", err, m.State())
	}
	if !m.Open(t.Context()) || f.furnings != 1 || f.running != 1 {
		t.Error("what is there was made anew, or does not run")
	}
	if !m.Remove(t.Context()) || f.running != 0 || f.world != nil {
		t.Error("it was not stopped and removed")
	}
	if s := m.State(); s.There || s.Running || len(s.Places)+len(s.Samples)+len(s.Codes) > 0 || s.Folder != "" || s.Offer != none.Offer || m.Holds(h.Dir) {
		t.Errorf("after it was removed: %+v", s)
	}
}

// TestDemoSamples: each file is named, and offered to who can use it.
func TestDemoSamples(t *testing.T) {
	w := aWorld(filepath.Join("x", "demo"))
	w.Samples = append(w.Samples, demo.Sample{Kind: "of a later version", File: "later.json"})
	m := aDemo(&fakeDemos{world: &w}, nil)
	m.Look()
	s := m.State()
	if len(s.Samples) != len(everyKind) || len(s.SamplesFor(RoleHospital)) != 10 || len(s.SamplesFor(RolePractitioner)) != 3 || len(s.SamplesFor(RoleBoard)) != 1 {
		t.Errorf("%d samples", len(s.Samples))
	}
	titles := map[string]bool{}
	for _, x := range s.Samples {
		if titles[x.Title] || !strings.HasPrefix(x.File, s.Folder) || s.Folder != filepath.Join("x", "demo", "samples") {
			t.Errorf("a sample %+v in %s", x, s.Folder)
		}
		titles[x.Title] = true
	}
	if len(s.Codes) != 1 || s.Codes[0].Title != "Nurse, by Demo Board[U+202E]" || s.Codes[0].Expires != "May be used until 21 Nov 2027." {
		t.Errorf("the codes are %+v", s.Codes)
	}
	file := filepath.Join(t.TempDir(), "answer.json")
	if err := os.WriteFile(file, []byte("answer"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := DemoSample{File: file}.Open()
	if b, err := readAll(f, 100); err != nil || string(b) != "answer" || f.Name != "answer.json" {
		t.Errorf("opened as %q with %q: %v", f.Name, b, err)
	}
}

// shouting is a language of its own.
type shouting struct{}

func (shouting) L(id string, data ...D) string { return strings.ToUpper(Fill(id, data...)) }
func (shouting) N(id string, n int, data ...D) string {
	return strings.ToUpper(Fill(id, Counted(n, data...)))
}

// TestDemoSpeaks: everything that it shows changes with the language.
func TestDemoSpeaks(t *testing.T) {
	w := aWorld(filepath.Join("x", "demo"))
	f := &fakeDemos{world: &w}
	changes := 0
	m := aDemo(f, func() { changes++ })
	m.Look()
	f.load = explain.Errorf("demo_folder", "x")
	m.Look()
	before := m.State()
	changes = 0
	m.Speak(Speak("fr", shouting{}))
	s := m.State()
	if changes != 1 || len(s.Samples) != len(before.Samples) || len(s.Codes) != 1 || s.Folder != before.Folder || !slices.Equal(s.Places, before.Places) || !s.There {
		t.Fatalf("%d changes: %+v", changes, s)
	}
	for _, text := range []string{s.Offer, s.Samples[0].Title, s.Samples[len(s.Samples)-1].Title, s.Codes[0].Title, s.Trouble.Message, s.Trouble.Next} {
		if text == "" || text != strings.ToUpper(text) {
			t.Errorf("%q is said in the language before", text)
		}
	}
	if s.Codes[0].Expires != "MAY BE USED UNTIL 21 NOV. 2027." {
		t.Errorf("a day is said as %q", s.Codes[0].Expires)
	}
}

// TestDemoCancelled: who cancels is told of no error, and may begin again.
func TestDemoCancelled(t *testing.T) {
	f := &fakeDemos{parts: []demo.Part{demo.PartNetwork, demo.PartRegisters}}
	m := aDemo(f, nil)
	f.at = func(p demo.Part) {
		if p == demo.PartRegisters {
			m.Work.Cancel()
		}
	}
	if m.Open(t.Context()) || f.running != 0 {
		t.Error("it runs although it was cancelled")
	}
	if s := m.State(); s.There || s.Running || s.Step != "" || s.Trouble.Code != "" {
		t.Errorf("cancelled: %+v", s)
	}
	f.at = nil
	if !m.Open(t.Context()) {
		t.Error("it cannot be made after that")
	}
}

// TestDemoTrouble: what goes wrong is said with its code, and no error's text
// is shown.
func TestDemoTrouble(t *testing.T) {
	secret := errors.New("secret text")
	for _, x := range []struct {
		name string
		f    *fakeDemos
		code string
	}{
		{"a full folder", &fakeDemos{furnish: explain.Errorf("demo_folder", "secret text")}, "demo_folder"},
		{"not permitted", &fakeDemos{furnish: fs.ErrPermission}, "folder_unwritable"},
		{"anything", &fakeDemos{furnish: secret}, "internal_error"},
		{"a second app", &fakeDemos{start: explain.Errorf("node_already_running", "secret text")}, "node_already_running"},
		{"cannot be looked at", &fakeDemos{load: secret}, "internal_error"},
	} {
		m := aDemo(x.f, nil)
		if m.Open(t.Context()) {
			t.Errorf("%s: it runs", x.name)
		}
		s := m.State()
		if s.Trouble.Code != x.code || s.Trouble.Message == "" || s.Trouble.Next == "" || strings.Contains(s.Trouble.Message+s.Trouble.Next, "secret") || s.Running {
			t.Errorf("%s: %+v", x.name, s.Trouble)
		}
	}
	m := aDemo(&fakeDemos{load: secret}, nil)
	if m.Look(); m.State().Trouble.Code != "internal_error" {
		t.Errorf("looked at: %+v", m.State().Trouble)
	}
	w := aWorld("x")
	f := &fakeDemos{world: &w, remove: explain.Errorf("demo_not_ours", "x")}
	m = aDemo(f, nil)
	if !m.Open(t.Context()) || m.Remove(t.Context()) || m.State().Trouble.Code != "demo_not_ours" || !m.State().There || m.State().Running {
		t.Errorf("not removed: %+v", m.State())
	}
}

// TestDemoOutdated: what cannot be opened any more can be removed, and another
// one made.
func TestDemoOutdated(t *testing.T) {
	old := explain.Errorf("demo_outdated", "x")
	w := aWorld("x")
	for name, f := range map[string]*fakeDemos{"by another version": {load: old}, "stood still": {world: &w, start: old}} {
		m := aDemo(f, nil)
		m.Look()
		if s := m.State(); s.Outdated != (f.load != nil) {
			t.Errorf("%s: looked at: %+v", name, s)
		}
		if m.Open(t.Context()) || !m.State().Outdated || m.State().Trouble.Code != "demo_outdated" {
			t.Errorf("%s: %+v", name, m.State())
		}
		if !m.Remove(t.Context()) || m.State().Outdated || m.State().Trouble.Code != "" {
			t.Errorf("%s: removed: %+v", name, m.State())
		}
		f.load, f.start = nil, nil
		if !m.Open(t.Context()) || f.furnings != 1 {
			t.Errorf("%s: no other is made: %+v", name, m.State())
		}
	}
}

// TestDemoAnswer: the boards answer while they run.
func TestDemoAnswer(t *testing.T) {
	f := &fakeDemos{}
	m := aDemo(f, nil)
	if _, err := m.Answer(t.Context(), []byte("claim")); !CodeIs(err, "demo_missing") || f.answered != nil {
		t.Errorf("before it runs: %v", err)
	}
	if !m.Open(t.Context()) {
		t.Fatal("it does not run")
	}
	got, err := m.Answer(t.Context(), []byte("claim"))
	if err != nil || len(got) != 2 || !bytes.Equal(f.answered, []byte("claim")) {
		t.Errorf("answered with %d envelopes: %v", len(got), err)
	}
}

// TestDemoBanner: the banner says that nothing is real, and the passphrase, of
// which everybody gets a copy to overwrite.
func TestDemoBanner(t *testing.T) {
	for _, short := range []bool{false, true} {
		b := DemoBanner(English(), short)
		if strings.Contains(b, "made up") && strings.Contains(b, demo.Passphrase) {
			continue
		}
		t.Errorf("the banner says %q", b)
	}
	clear(DemoPassphrase())
	if string(DemoPassphrase()) != demo.Passphrase {
		t.Error("the passphrase was overwritten for all")
	}
}

// TestRealDemos: none is found where none is, and a folder of somebody's is
// neither filled nor removed.
func TestRealDemos(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := NewDemo(dir, RealDemos(time.Now), English(), func() {})
	if m.Look(); m.State().There || m.State().Trouble.Code != "" {
		t.Errorf("found: %+v", m.State())
	}
	if m.Open(t.Context()) || m.State().Trouble.Code != "demo_folder" {
		t.Errorf("filled: %+v", m.State().Trouble)
	}
	if m.Remove(t.Context()) || m.State().Trouble.Code != "demo_not_ours" {
		t.Errorf("removed: %+v", m.State().Trouble)
	}
	if b, err := os.ReadFile(mine); err != nil || string(b) != "mine" {
		t.Errorf("what was there: %s, %v", b, err)
	}
}
