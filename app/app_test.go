package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"bonafide/internal/explain"
	"bonafide/internal/home"
)

var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// screen is Fyne's own goroutine, which is the test's here: what is to be
// drawn waits until the test draws it.
type screen struct {
	mu      sync.Mutex
	queue   []func()
	reports string // folder of crash reports
}

func newScreen(t testing.TB) *screen {
	test.NewTempApp(t).Settings().SetTheme(Theme(nil))
	q, before := &screen{reports: t.TempDir()}, onScreen
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
		case *link:
			b.WriteString("[" + o.Text + "]\n")
		case *push:
			b.WriteString("[" + o.Text + "]\n")
		case *widget.Check:
			b.WriteString("[ ] " + o.Text + "\n")
		case *widget.RichText:
			b.WriteString(o.String() + "\n")
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
		case *push:
			if o.Text == text {
				found = &o.Button
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

// testApp is the whole app in a window of the test driver.
type testApp struct {
	*shell
	*screen
}

// launch starts the app as main does.
func launch(t *testing.T, size fyne.Size, o Options) *testApp {
	t.Helper()
	q := newScreen(t)
	w := test.NewTempWindow(t, nil)
	w.Resize(size)
	return relaunch(t, q, w, o)
}

// relaunch starts the app again, on what it left.
func relaunch(t testing.TB, q *screen, w fyne.Window, o Options) *testApp {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	o.Phone = w.Canvas().Size().Width < 600
	if o.Now == nil {
		o.Now = clock
	}
	o.reports = q.reports
	o.cost = home.Cost{Time: 1, MemoryKiB: 8, Threads: 1}
	a := &testApp{newShell(ctx, fyne.CurrentApp(), w, o), q}
	a.start(o)
	a.settle()
	t.Cleanup(func() {
		a.settle()
		cancel()
		a.close()
		q.draw()
	})
	return a
}

// settle draws until nothing is under way.
func (a *testApp) settle() {
	for range 4 { // what is drawn may begin new work
		a.screen.settle(func() {
			a.turn.Wait()
			a.work.Wait()
		})
	}
}

// tap taps a button and waits for what follows.
func (a *testApp) tap(t *testing.T, text string) {
	t.Helper()
	switch o := tappable(t, a.window, text).(type) {
	case *link:
		o.OnTapped() // Fyne's wants to be hit where its letters are
	default:
		test.Tap(o)
	}
	a.settle()
}

// all is everything in the window: its content, and dialogs above it.
func all(w fyne.Window) fyne.CanvasObject {
	return container.NewWithoutLayout(append([]fyne.CanvasObject{w.Content()}, w.Canvas().Overlays().List()...)...)
}

// tappable finds a button by its text, in the topmost dialog first.
func tappable(t *testing.T, w fyne.Window, text string) fyne.Tappable {
	t.Helper()
	var found fyne.Tappable
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if !o.Visible() {
			return
		}
		switch o := o.(type) {
		case *widget.Button:
			if o.Text == text {
				found = o
			}
		case *push:
			if o.Text == text {
				found = o
			}
		case *link:
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
	walk(all(w))
	if found == nil {
		t.Fatalf("there is no button %q:\n%s", text, shown(all(w)))
	}
	return found
}

// typeInto types into the entry below a label.
func (a *testApp) typeInto(t *testing.T, label, text string) {
	t.Helper()
	var found fyne.Focusable
	seen := false
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if !o.Visible() {
			return
		}
		switch o := o.(type) {
		case *widget.Label:
			seen = seen || o.Text == label
		case *entry:
			if seen && found == nil {
				found = o
			}
		case *widget.Entry:
			if seen && found == nil {
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
	walk(all(a.window))
	if found == nil {
		t.Fatalf("there is nothing to type into below %q", label)
	}
	test.Type(found, text)
	a.settle()
}

func TestHomeWithoutTrustConfirmsNothing(t *testing.T) {
	freshUser(t)
	file := written(t, "a.json", `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"did:example:x","credentialSubject":{}}`).Path()
	a := launch(t, phoneSize, Options{Dir: newHome(t), Files: []string{file}})
	wants(t, a.window.Content(), "How is this home used?")
	a.tap(t, "Hospital")
	a.tap(t, "Do this later")
	e, _ := explain.Lookup("no_trust")
	wants(t, a.window.Content(), "Demonstration: the boards and people in this home are made up.", e.Message, "a.json")
	lacks(t, a.window.Content(), "\nVerified")
}
