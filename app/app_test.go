package app

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/verifier"
)

var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// fake verifies as a test says.
type fake struct {
	verify func(context.Context, verifier.Input) (verifier.Result, error)
}

func (f fake) Verify(ctx context.Context, in verifier.Input) (verifier.Result, error) {
	return f.verify(ctx, in)
}

func (fake) DataAge(context.Context) (time.Time, int, error) { return now.Add(-time.Hour), 3, nil }

// says answers with the verdict that stands in the file.
func says(_ context.Context, in verifier.Input) (verifier.Result, error) {
	words := map[verifier.Verdict]string{verifier.Verified: "Verified", verifier.Rejected: "Not valid", verifier.Unconfirmed: "Cannot confirm"}
	v := verifier.Verdict(in.Bytes)
	e, _ := explain.Lookup("status_suspended")
	return verifier.Result{
		Verdict: v, Headline: words[v] + ". A reason.", Purpose: in.Purpose, VerifiedAt: now,
		Checks: []verifier.Check{{ID: verifier.CheckStatus, Outcome: verifier.Fail, Code: e.Code, Message: e.Message, Who: e.Who, Next: e.Next}},
	}, nil
}

// screen is Fyne's own goroutine, which is the test's here: what is to be
// drawn waits until the test draws it.
type screen struct {
	mu    sync.Mutex
	queue []func()
}

func newScreen(t *testing.T) *screen {
	test.NewTempApp(t).Settings().SetTheme(Theme(nil))
	q, before := &screen{}, onScreen
	onScreen = func(f func()) {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.queue = append(q.queue, f)
	}
	t.Cleanup(func() { onScreen = before })
	return q
}

// draw draws what waits.
func (q *screen) draw() {
	for {
		q.mu.Lock()
		todo := q.queue
		q.queue = nil
		q.mu.Unlock()
		if len(todo) == 0 {
			return
		}
		for _, f := range todo {
			f()
		}
	}
}

// settle draws until nothing is under way; wait returns when the work is done.
func (q *screen) settle(wait func()) {
	q.draw()
	wait() // drawing may have begun new work
	q.draw()
}

// testDesk is a desk in a window of the test driver.
type testDesk struct {
	*DeskScreen
	*screen
	window fyne.Window
}

func (d *testDesk) settle() { d.screen.settle(d.work.Wait) }

func (d *testDesk) draw() { d.screen.draw() }

// tap taps a button and waits for what follows.
func (d *testDesk) tap(t *testing.T, text string) {
	t.Helper()
	test.Tap(button(t, d.content, text))
	d.settle()
}

// take drops files and waits for the verdicts.
func (d *testDesk) take(uris ...fyne.URI) {
	d.Take(uris...)
	d.settle()
}

// desk opens a desk in a window of the test driver.
func desk(t *testing.T, size fyne.Size, v fake) *testDesk {
	t.Helper()
	q := newScreen(t)
	w := test.NewTempWindow(t, nil)
	d := &testDesk{NewDeskScreen(t.Context(), w, v, clock), q, w}
	w.SetContent(d.Content())
	w.Resize(size)
	d.settle()
	return d
}

var desktopSize, phoneSize = fyne.NewSize(760, 720), fyne.NewSize(390, 844)

// shown is all text that can be read, a line for each widget.
func shown(o fyne.CanvasObject) string {
	var b strings.Builder
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if !o.Visible() {
			return
		}
		switch o := o.(type) {
		case *widget.Label:
			b.WriteString(o.Text + "\n")
		case *widget.Button:
			b.WriteString("[" + o.Text + "]\n")
		case *widget.Select:
			b.WriteString(o.Selected + "\n")
		case *fyne.Container:
			for _, c := range o.Objects {
				walk(c)
			}
		case fyne.Widget:
			for _, c := range test.WidgetRenderer(o).Objects() {
				walk(c)
			}
		}
	}
	walk(o)
	return b.String()
}

func wants(t *testing.T, o fyne.CanvasObject, words ...string) {
	t.Helper()
	text := shown(o)
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("the screen does not say %q:\n%s", w, text)
		}
	}
}

func lacks(t *testing.T, o fyne.CanvasObject, words ...string) {
	t.Helper()
	text := shown(o)
	for _, w := range words {
		if strings.Contains(text, w) {
			t.Errorf("the screen says %q:\n%s", w, text)
		}
	}
}

// button finds a button by its text.
func button(t *testing.T, o fyne.CanvasObject, text string) *widget.Button {
	t.Helper()
	var found *widget.Button
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *widget.Button:
			if o.Text == text {
				found = o
			}
		case *fyne.Container:
			for _, c := range o.Objects {
				walk(c)
			}
		case fyne.Widget:
			for _, c := range test.WidgetRenderer(o).Objects() {
				walk(c)
			}
		}
	}
	walk(o)
	if found == nil {
		t.Fatalf("there is no button %q", text)
	}
	return found
}

// written is a file to drop.
func written(t *testing.T, name, content string) fyne.URI {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return storage.NewFileURI(path)
}

func TestDropShowsTheVerdict(t *testing.T) {
	for _, size := range []fyne.Size{desktopSize, phoneSize} {
		s := desk(t, size, fake{says})
		wants(t, s.Content(), "Drop a credential here", "Data as of 21 Nov 2026 08:00 UTC (60 minutes old), signed by 3 boards.", "Privileging")
		if !s.clear.Disabled() {
			t.Error("there is nothing to clear, but the button says so")
		}
		for verdict, word := range map[string]string{"verified": "Verified", "rejected": "Not valid", "unconfirmed": "Cannot confirm"} {
			s.take(written(t, verdict+".json", verdict))
			wants(t, s.Content(), word, "A reason.", verdict+".json", "For privileging", "status_suspended", "Next: ")
			lacks(t, s.Content(), "Drop a credential here", "[Cancel]")
		}
		if got := s.window.Canvas().Size(); got != size {
			t.Errorf("the screen needs %v, the window has %v", got, size)
		}
		s.tap(t, "Clear")
		wants(t, s.Content(), "Drop a credential here")
		lacks(t, s.Content(), "Cannot confirm")
	}
}

func TestSeveralFilesAreCounted(t *testing.T) {
	s := desk(t, phoneSize, fake{says})
	missing := storage.NewFileURI(filepath.Join(t.TempDir(), "gone\u202e.json"))
	s.take(written(t, "a.json", "verified"), written(t, "b.json", "rejected"), missing)
	wants(t, s.Content(), "3 files: 1 not valid; 1 no verdict; 1 verified.", "gone[U+202E].json", "The file cannot be read.")
	lacks(t, s.Content(), "no such file", "status_suspended") // no Go words; the checks are folded
}

func TestPurposeChangeVerifiesAgain(t *testing.T) {
	s := desk(t, desktopSize, fake{says})
	s.take(written(t, "a.json", "unconfirmed"))
	s.purpose.SetSelected("Monthly monitoring")
	s.settle()
	wants(t, s.Content(), "For monthly monitoring")
	lacks(t, s.Content(), "For privileging")
}

func TestPaste(t *testing.T) {
	s := desk(t, desktopSize, fake{says})
	s.tap(t, "Paste") // an empty clipboard changes nothing
	wants(t, s.Content(), "Drop a credential here")
	fyne.CurrentApp().Clipboard().SetContent("rejected")
	s.tap(t, "Paste")
	wants(t, s.Content(), "Not valid", "Pasted text")
}

func TestCancel(t *testing.T) {
	begun := make(chan struct{})
	s := desk(t, phoneSize, fake{func(ctx context.Context, in verifier.Input) (verifier.Result, error) {
		begun <- struct{}{}
		<-ctx.Done()
		return verifier.Result{}, ctx.Err()
	}})
	s.Take(written(t, "a.json", "verified"))
	<-begun
	s.draw()
	wants(t, s.Content(), "Verifying a.json", "[Cancel]")
	s.tap(t, "Cancel")
	wants(t, s.Content(), "Drop a credential here")
	lacks(t, s.Content(), "[Cancel]", "Verifying a.json")

	s.Take(written(t, "b.json", "verified"))
	<-begun
	s.Stop()
	s.settle()
	wants(t, s.Content(), "Drop a credential here")
}

// newHome makes a home that believes no network.
func newHome(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "home")
	h, err := home.Create(dir, home.Options{
		Now:        clock,
		Passphrase: func(string, bool) ([]byte, error) { return []byte("a long passphrase"), nil },
		Cost:       home.Cost{Time: 1, MemoryKiB: 8, Threads: 1},
	}, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// opened opens a home in a window and waits for what it began.
func opened(t *testing.T, dir string, files ...string) fyne.Window {
	t.Helper()
	q := newScreen(t)
	w := test.NewTempWindow(t, nil)
	w.Resize(phoneSize)
	ctx, cancel := context.WithCancel(t.Context())
	s := &shell{ctx: ctx, end: cancel, app: fyne.CurrentApp(), window: w, words: model.English(), now: clock}
	s.start(Options{Dir: dir, Files: files, Now: clock})
	q.settle(s.work.Wait)
	if r, ok := s.inSight().(deskRoom); ok {
		q.settle(r.work.Wait)
	}
	cancel()
	if s.home != nil {
		s.home.Close()
	}
	return w
}

func TestHomeWithoutTrustConfirmsNothing(t *testing.T) {
	w := opened(t, newHome(t), written(t, "a.json", `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"did:example:x","credentialSubject":{}}`).Path())
	e, _ := explain.Lookup("no_trust")
	wants(t, w.Content(), "Demonstration: the boards and people in this home are made up.", e.Message, "a.json")
	lacks(t, w.Content(), "\nVerified")
}

// Text of every colour that carries words can be read on both grounds
// (WCAG 2.2, 1.4.3: a contrast of 4.5 to 1).
func TestContrast(t *testing.T) {
	for _, variant := range []fyne.ThemeVariant{theme.VariantLight, theme.VariantDark} {
		th := Theme(&variant)
		for _, ground := range []fyne.ThemeColorName{theme.ColorNameBackground, theme.ColorNameInputBackground} {
			for _, ink := range []fyne.ThemeColorName{theme.ColorNameForeground, theme.ColorNameSuccess, theme.ColorNameWarning, theme.ColorNameError} {
				if c := contrast(th, ink, ground); c < 4.5 {
					t.Errorf("variant %d: %s on %s has a contrast of %.1f", variant, ink, ground, c)
				}
			}
		}
		if c := contrast(th, theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary); c < 4.5 {
			t.Errorf("variant %d: a button's words have a contrast of %.1f", variant, c)
		}
	}
}

// contrast is the ratio of two colours' relative luminance (WCAG 2.2).
func contrast(th fyne.Theme, a, b fyne.ThemeColorName) float64 {
	luminance := func(name fyne.ThemeColorName) float64 {
		r, g, b, _ := th.Color(name, theme.VariantLight).RGBA()
		linear := func(c uint32) float64 {
			if v := float64(c) / 0xffff; v > 0.04045 {
				return math.Pow((v+0.055)/1.055, 2.4)
			} else {
				return v / 12.92
			}
		}
		return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
