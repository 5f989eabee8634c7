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
)

var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

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
		case *widget.Hyperlink:
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
