package app

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/testkit"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

var wide = fyne.NewSize(1024, 720)

// freshUser has no home and no preferences.
func freshUser(t *testing.T) (data string) {
	t.Helper()
	data = t.TempDir()
	t.Setenv("XDG_DATA_HOME", data)
	t.Setenv("BONAFIDE_HOME", "")
	if runtime.GOOS != "linux" {
		t.Skip("where the user's data folder is cannot be said by a variable here")
	}
	return data
}

func TestFirstStart(t *testing.T) {
	for _, size := range []fyne.Size{wide, phoneSize} {
		freshUser(t)
		a := launch(t, size, Options{})
		wants(t, a.window.Content(), "Who are you?", "[Practitioner]", "[Hospital]", "[Licensing board]", "[Show me]", "[Open a home that I have…]", "[Restore a backup…]")
		if got := a.window.Canvas().Size(); got != size {
			t.Errorf("the first screen needs %v, the window has %v", got, size)
		}
		a.tap(t, "Licensing board")
		wants(t, a.window.Content(), "set up once by whoever runs the board's node", "[Open a board's home…]")
		a.typed(&fyne.KeyEvent{Name: fyne.KeyEscape})
		wants(t, a.window.Content(), "Who are you?")
	}
}

// makeHome goes through the page that makes a home.
func (a *testApp) makeHome(t *testing.T, role string) {
	t.Helper()
	a.tap(t, role)
	wants(t, a.window.Content(), "A home for your data", "Several words that do not belong together")
	a.tap(t, "Make the home")
	wants(t, a.window.Content(), "Say your name first.")
	a.typeInto(t, "Your name", "Maria Silva")
	a.typeInto(t, "Passphrase", "short")
	wants(t, a.window.Content(), "Too short: it needs at least 8 characters.")
	a.typeInto(t, "Passphrase", " and then four more")
	a.typeInto(t, "The passphrase again", "something else")
	a.tap(t, "Make the home")
	wants(t, a.window.Content(), "The two passphrases differ.")
	find(t, a.window.Content(), func(e *entry) bool { return e.Text == "something else" }).SetText("short and then four more")
	a.tap(t, "Make the home")
}

func TestHospitalBeginsWithTrust(t *testing.T) {
	for _, size := range []fyne.Size{wide, phoneSize} {
		freshUser(t)
		l := testkit.NewLedger(t, "shell-abcdefgh", 4, 1)
		l.Settle()
		n := must(pack.NewNetwork(must(l.LightBlock(l.Header()))))
		at := l.Now.Add(time.Minute)
		a := launch(t, size, Options{Now: func() time.Time { return at }})
		a.makeHome(t, "Hospital")
		content := func() fyne.CanvasObject { return a.window.Content() }
		wants(t, content(), "Step 1 of 3", "Whom to trust", "[Open the network file…]", "[Do this later]")

		drop := func(name, text string) {
			t.Helper()
			a.take([]fyne.URI{written(t, name, text)})
			a.settle()
		}
		drop("anything.txt", "no network file")
		e, _ := explain.Lookup("network_malformed")
		if e.Message != "" {
			wants(t, content(), e.Message)
		}
		drop("network.json", string(n.Marshal()))
		wants(t, content(), "Compare the fingerprint", "shell-abcdefgh", n.Display()[:4])
		pin := func() *push {
			return find(t, content(), func(b *push) bool { return b.Text == "Trust this network" })
		}
		if !pin().Disabled() {
			t.Error("a network can be trusted that nobody compared")
		}
		checks := func() (out []*tick) {
			find(t, content(), func(c *tick) bool { out = append(out, c); return false || len(out) == 4 })
			return out
		}
		for i, c := range checks() {
			if !pin().Disabled() {
				t.Errorf("%d ticked rows are enough", i)
			}
			test.Tap(c)
			a.settle()
		}
		if pin().Disabled() {
			t.Error("every row was ticked, and still nothing can be trusted")
		}
		test.Tap(checks()[2])
		a.settle()
		if !pin().Disabled() {
			t.Error("a tick was taken back, and still it can be trusted")
		}
		a.typeInto(t, "Or type what you were told", "0000")
		wants(t, content(), "This is not the same. Do not go on")
		find(t, content(), func(e *entry) bool { return e.Text == "0000" }).SetText(strings.ToUpper(n.Display()))
		a.settle()
		wants(t, content(), "The same. ✓")
		a.tap(t, "Trust this network")
		wants(t, content(), "Step 3 of 3", "The boards' data")

		var b bytes.Buffer
		if err := pack.Export(&b, l, 0); err != nil {
			t.Fatal(err)
		}
		drop("broken", b.String()[:b.Len()/2])
		lacks(t, content(), "Ready")
		drop("pack", b.String())
		wants(t, content(), "Ready", "signed by 4 boards")
		a.tap(t, "Go on")
		wants(t, content(), "Verify", "Data as of")
	}
}

func TestPractitionerLocksAndUnlocks(t *testing.T) {
	data := freshUser(t)
	at := now
	q := newScreen(t)
	w := test.NewTempWindow(t, nil)
	w.Resize(wide)
	a := relaunch(t, q, w, Options{Now: func() time.Time { return at }})
	a.makeHome(t, "Practitioner")
	wants(t, w.Content(), "[Lock now]", "[Settings]", "[Practitioner]")
	if a.home.Dir() != filepath.Join(data, "bonafide") {
		t.Errorf("the home is in %s", a.home.Dir())
	}

	// By hand, and by itself.
	for _, lock := range []func(){
		a.lock,
		func() { at = at.Add(home.DefaultIdle - time.Second); a.beat(); at = at.Add(time.Second); a.beat() },
		func() { at = at.Add(-time.Hour); a.beat() }, // a clock that was set back
	} {
		if a.session.Locked() {
			t.Fatal("it is locked already")
		}
		lock()
		a.settle()
		wants(t, w.Content(), "Locked", "[Unlock]")
		lacks(t, w.Content(), "[Lock now]", "[Cards]")
		if a.home.Actor() != "" {
			t.Error("the master key is still there")
		}
		a.typeInto(t, "Passphrase", "not the passphrase")
		a.tap(t, "Unlock")
		wants(t, w.Content(), "The passphrase does not open this home.", "Locked")
		a.typeInto(t, "Passphrase", "short and then four more")
		a.tap(t, "Unlock")
		wants(t, w.Content(), "[Lock now]")
	}

	// While somebody types nothing locks.
	at = at.Add(home.DefaultIdle - time.Second)
	a.window.Canvas().Focus(nil)
	test.Tap(tappable(t, w, "Settings"))
	a.settle()
	at = at.Add(home.DefaultIdle - time.Second)
	a.beat()
	if a.session.Locked() {
		t.Error("it locked while somebody was here")
	}

	// Nor while they read on with the wheel.
	a.help("practitioner")
	a.settle()
	a.beat()
	at = at.Add(home.DefaultIdle - time.Second)
	scroll := find(t, w.Content(), func(o *container.Scroll) bool { return o.Content.MinSize().Height > o.Size().Height })
	scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, -40)})
	a.beat()
	at = at.Add(home.DefaultIdle - time.Second)
	a.beat()
	if a.session.Locked() {
		t.Error("it locked while somebody was reading")
	}
	at = at.Add(time.Second)
	a.beat()
	a.settle()
	if !a.session.Locked() {
		t.Error("a page that stands still kept it open")
	}

	// A new start begins locked, in the same place.
	a.close()
	b := relaunch(t, q, w, Options{Now: func() time.Time { return at }})
	wants(t, w.Content(), "Locked")
	b.typeInto(t, "Passphrase", "short and then four more")
	b.tap(t, "Unlock")
	wants(t, w.Content(), "[Lock now]")
}

// Deleting or altering the preferences, or any file in clear, opens nothing and
// locks nobody out for good.
func TestThreat71_NoFileOpensALockedHome(t *testing.T) {
	dir := newHome(t)
	for _, kept := range []map[string]string{
		{},
		{"places": "[]", "look": "locked", "idle": "0", "text_scale": "-1", "language": "../..", "window_size": "0x0"},
		{"places": `[{"dir":"` + dir + `","role":"practitioner","unlocked":true,"locked":false}]`, "locked": "false", "tries": "0", "failed": "999", "passphrase": "x"},
		{"places": strings.Repeat("[", 70000)},
	} {
		freshUser(t)
		q := newScreen(t)
		w := test.NewTempWindow(t, nil)
		w.Resize(phoneSize)
		for k, v := range kept {
			fyne.CurrentApp().Preferences().SetString(k, v)
		}
		fyne.CurrentApp().Preferences().SetBool("unlocked", true)
		a := relaunch(t, q, w, Options{Dir: dir})
		if !a.session.Locked() || a.home.Actor() != "" {
			t.Fatalf("preferences opened the home: %v", kept)
		}
		opened := false
		a.unlocked(func() { opened = true })
		a.settle()
		if opened {
			t.Fatal("something ran that needs the passphrase")
		}
		for range 30 { // no count of tries anywhere
			if err := a.session.Unlock(t.Context(), "", []byte("wrong")); explain.CodeOf(err) != "passphrase_wrong" {
				t.Fatal(err)
			}
		}
		if err := a.session.Unlock(t.Context(), "", []byte("a long passphrase")); err != nil {
			t.Fatal(err)
		}
		a.close()
	}
	// The home's own files in clear.
	for _, file := range []string{"people.json", "home.json", "network/clock.json"} {
		path := filepath.Join(dir, file)
		old := must(os.ReadFile(path))
		for _, altered := range [][]byte{nil, []byte("{}"), bytes.Replace(old, []byte(`"wrapped": "`), []byte(`"wrapped": "AAAA`), 1)} {
			if altered == nil {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			} else if err := os.WriteFile(path, altered, 0o600); err != nil {
				t.Fatal(err)
			}
			s := model.NewSession(clock, home.Cost{})
			if err := s.Open(model.Place{Dir: dir}); err == nil {
				if err := s.Unlock(t.Context(), "", []byte("not it")); err == nil || !s.Locked() {
					t.Errorf("%s altered to %.20q opens the home", file, altered)
				}
				_ = s.Close()
			}
		}
		if err := os.WriteFile(path, old, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Every reason why a home does not open: a sentence and a way on.
func TestClosedHomes(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(dir string) error
		code  string
		ways  []string
	}{
		"damaged": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "people.json"), []byte("{"), 0o600) }, "data_damaged", []string{"[Restore a backup…]", "[Try again]", "[Choose another folder…]"}},
		"newer": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "home.json"), []byte(`{"format":2,"id":"00","something":"new"}`), 0o600)
		}, "data_newer", []string{"[How to upgrade]", "[Try again]", "[Choose another folder…]"}},
		"none":              {func(dir string) error { return os.RemoveAll(dir) }, "home_missing", []string{"[Make a new home]", "[Choose another folder…]", "[Restore a backup…]"}},
		"not to be written": {func(dir string) error { return os.Chmod(dir, 0o500) }, "folder_unwritable", []string{"[Try again]", "[Choose another folder…]"}},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "not to be written" && (runtime.GOOS == "windows" || os.Geteuid() == 0) {
				t.Skip("nobody forbids this user to write")
			}
			freshUser(t)
			dir := newHome(t)
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			a := launch(t, phoneSize, Options{Dir: dir})
			e, _ := explain.Lookup(c.code)
			wants(t, a.window.Content(), append(c.ways, e.Message, e.Screen(), c.code)...)
			lacks(t, a.window.Content(), "json:", "unexpected", "no such file")
		})
	}
}

func TestHomeMadeInTheMeantime(t *testing.T) {
	freshUser(t)
	dir := filepath.Join(t.TempDir(), "home")
	a := launch(t, phoneSize, Options{Dir: dir})
	if err := os.Rename(newHome(t), dir); err != nil {
		t.Fatal(err)
	}
	a.tap(t, "Choose another folder…")
	a.typed(&fyne.KeyEvent{Name: fyne.KeyEscape})
	a.openPlace(model.Place{Dir: dir, Role: model.RoleHospital})
	a.settle()
	wants(t, a.window.Content(), "Verify")
}

// A notice goes by itself or by hand, and its undo undoes once.
func TestNotice(t *testing.T) {
	freshUser(t)
	a := launch(t, phoneSize, Options{Dir: clinicHome(t)})
	var gone []func()
	before := delay
	delay = func(_ context.Context, _ time.Duration, f func()) { gone = append(gone, f) }
	t.Cleanup(func() { delay = before })
	undone := 0
	a.notice("The licence was deleted.", func() { undone++ })
	wants(t, a.window.Content(), "The licence was deleted.", "[Undo]")
	a.tap(t, "Undo")
	lacks(t, a.window.Content(), "The licence was deleted.")
	a.notice("Saved.", nil)
	lacks(t, a.window.Content(), "[Undo]")
	for _, f := range gone {
		f()
	}
	lacks(t, a.window.Content(), "Saved.")
	if undone != 1 {
		t.Errorf("undone %d times", undone)
	}
	a.lockedPage()
	a.notice("Nobody sees this.", nil) // a locked window shows nothing of the rooms
	lacks(t, a.window.Content(), "Nobody sees this.")
}

// A panic beside the screen is an error on the screen and a report, never a
// verdict, and says nothing of what was being worked on.
func TestThreat76_PanicBesideTheScreen(t *testing.T) {
	const marker = "MARKER-Dr-Secret"
	freshUser(t)
	a := launch(t, phoneSize, Options{Dir: newHome(t)})
	a.beside(func() { panic(marker) })
	a.settle()
	e, _ := explain.Lookup("internal_error")
	wants(t, all(a.window), "This did not work", e.Message)
	lacks(t, all(a.window), marker, "\nVerified")
	left := a.crashes.Left()
	if !bytes.Contains(left, []byte("TestThreat76_PanicBesideTheScreen")) || bytes.Contains(left, []byte(marker)) {
		t.Errorf("the report: %s", left)
	}
	a.tap(t, "Close")
	a.beside(func() { var list []int; _ = list[len(marker)] })
	a.settle()

	q := a.screen
	w := a.window
	a.close()
	b := relaunch(t, q, w, Options{Dir: a.place.Dir})
	wants(t, w.Content(), "The app ended unexpectedly")
	b.tap(t, "Look at it…")
	wants(t, all(w), "panic with a string")
	lacks(t, all(w), marker)
	b.tap(t, "Close")
	b.tap(t, "Delete it and go on")
	if len(b.crashes.Left()) > 0 {
		t.Error("the report is still there")
	}
	lacks(t, w.Content(), "The app ended unexpectedly")
}

// The support file names nobody and nothing of anybody's.
func TestThreat75_SupportFile(t *testing.T) {
	const marker = "MARKER"
	freshUser(t)
	dir := filepath.Join(t.TempDir(), marker+"-folder")
	h := must(home.Create(dir, home.Options{
		Now: clock, As: marker + " person", Cost: home.Cost{Time: 1, MemoryKiB: 8, Threads: 1},
		Passphrase: func(string, bool) ([]byte, error) { return []byte(marker + " passphrase"), nil },
	}, false))
	if err := h.SetSources(t.Context(), []string{"https://" + marker + ".example"}); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	a := launch(t, phoneSize, Options{Dir: dir, Files: []string{marker + ".json"}})
	a.problem(explain.Errorf("did_invalid", "did:bonafide:%s", marker))
	a.problem(explain.Errorf(marker, marker))
	for len(a.dialogs) > 0 {
		a.dialogs[0].Dismiss()
	}
	a.crashes.Keep(model.NewCrash(marker, "v", now))
	var text string
	a.support(func(_, got string) { text = got })
	a.settle()
	if strings.Contains(text, marker) || strings.Contains(text, "did:") || strings.Contains(text, "/") && strings.Contains(text, os.TempDir()) {
		t.Errorf("the support file tells too much: %s", text)
	}
	var f model.Support
	if err := json.Unmarshal([]byte(text), &f); err != nil || f.Home == nil || f.Home.People != 1 || f.Home.Sources != 1 || len(f.Errors) != 2 ||
		f.Errors[0].Code != "did_invalid" || f.Errors[1].Code != "internal_error" || f.Crash == nil {
		t.Errorf("%v: %s", err, text)
	}
}

// A copied secret leaves the clipboard after a while; what somebody copied since
// stays.
func TestThreat75_Clipboard(t *testing.T) {
	freshUser(t)
	a := launch(t, phoneSize, Options{Dir: newHome(t)})
	var wait []func()
	before := delay
	delay = func(_ context.Context, _ time.Duration, f func()) { wait = append(wait, f) }
	t.Cleanup(func() { delay = before })
	clip := fyne.CurrentApp().Clipboard()
	a.copyText("a code", true)
	a.copyText("nothing secret", false)
	a.copyText("another code", true)
	if len(wait) != 2 {
		t.Fatalf("%d secrets are to leave the clipboard", len(wait))
	}
	wait[0]()
	if clip.Content() != "another code" {
		t.Error("what was copied later is gone")
	}
	wait[1]()
	if clip.Content() != "" {
		t.Error("the secret stays in the clipboard")
	}
}

// clinicHome is a home that was used as a hospital before.
func clinicHome(t *testing.T) string {
	t.Helper()
	dir := newHome(t)
	h := must(home.Open(dir, home.Options{Now: clock}))
	must(h.Hospital(t.Context(), home.HospitalOptions{}))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSettingsTakeEffectAtOnceAndStay(t *testing.T) {
	freshUser(t)
	q := newScreen(t)
	w := test.NewTempWindow(t, nil)
	w.Resize(wide)
	dir := clinicHome(t)
	a := relaunch(t, q, w, Options{Dir: dir})
	a.goTo("settings")
	a.settle()
	sel := func(option string) *widget.Select {
		return find(t, w.Content(), func(s *widget.Select) bool {
			for _, o := range s.Options {
				if o == option {
					return true
				}
			}
			return false
		})
	}
	sel("Dark").SetSelected("Dark")
	a.settle()
	sel("150 %").SetSelected("150 %")
	a.settle()
	test.Tap(find(t, w.Content(), func(c *widget.Check) bool { return c.Text == "High contrast" }))
	a.settle()
	want := model.Settings{Look: "dark", Contrast: true, Scale: 1.5}
	if a.settings != want {
		t.Errorf("the settings are %+v", a.settings)
	}
	wants(t, w.Content(), "Settings", "Unlock the home to change after how long")
	a.close()
	if b := relaunch(t, q, w, Options{Dir: dir}); b.settings != want {
		t.Errorf("after a new start they are %+v", b.settings)
	}
}

func TestHelpOpensEverywhere(t *testing.T) {
	for _, size := range []fyne.Size{wide, phoneSize} {
		freshUser(t)
		a := launch(t, size, Options{})
		a.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyF1})
		a.settle()
		wants(t, all(a.window), "For hospitals", "For practitioners")
		a.typed(&fyne.KeyEvent{Name: fyne.KeyEscape})
		lacks(t, all(a.window), "For hospitals")

		a.openPlace(model.Place{Dir: clinicHome(t), Role: model.RoleHospital})
		a.settle()
		a.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyF1})
		a.settle()
		wants(t, a.window.Content(), "What the four verdicts mean")
		a.tap(t, "Back")
		a.typeInto(t, "Help", "too old purpose")
		wants(t, a.window.Content(), must(lookup("stale")).Message)
		a.problem(explain.Errorf("stale", "x"))
		a.tap(t, "More about this")
		wants(t, a.window.Content(), must(lookup("stale")).Screen(), "stale")
		a.helping.open(topicKeys)
		wants(t, a.window.Content(), "Keyboard shortcuts", "F1")
	}
}

func lookup(code string) (explain.Entry, error) {
	e, ok := explain.Lookup(code)
	if !ok {
		return e, explain.Errorf("internal_error", "no such code")
	}
	return e, nil
}

func TestAbout(t *testing.T) {
	freshUser(t)
	a := launch(t, wide, Options{Dir: clinicHome(t)})
	a.goTo("about")
	a.settle()
	wants(t, a.window.Content(), "Bonafide", "Version "+home.Version(), a.home.Dir(), "[Licences…]")
	a.tap(t, "Licences…")
	wants(t, all(a.window), "Bonafide "+home.Version())
}

// Every section can be reached on a phone, whose bar holds some of them.
func TestPhoneReachesEverything(t *testing.T) {
	freshUser(t)
	a := launch(t, phoneSize, Options{Dir: clinicHome(t)})
	a.goTo("more")
	a.settle()
	wants(t, a.window.Content(), "[Settings]", "[Help]", "[About]", "[Switch place…]")
	a.tap(t, "Settings")
	wants(t, a.window.Content(), "Settings", "Size of text")
	if got := a.window.Canvas().Size(); got != phoneSize {
		t.Errorf("the screen needs %v, the window has %v", got, phoneSize)
	}
}

// With the largest letters nothing needs a wider window than a phone's.
func TestLargeTextFitsAPhone(t *testing.T) {
	freshUser(t)
	q := newScreen(t)
	w := test.NewTempWindow(t, nil)
	w.Resize(phoneSize)
	model.Settings{Look: "light", Scale: 1.5}.Save(fyne.CurrentApp().Preferences())
	a := relaunch(t, q, w, Options{})
	fits := func(page string) {
		t.Helper()
		a.settle()
		if got := w.Content().MinSize().Width; got > phoneSize.Width {
			t.Errorf("%s needs a width of %v", page, got)
		}
	}
	fits("who")
	a.restore("")
	fits("restore")
	a.boardStart()
	fits("board")
	a.showMe()
	fits("show me")
	a.begin(model.RoleHospital)
	fits("make")
	a.openPlace(model.Place{Dir: clinicHome(t), Role: model.RoleHospital})
	fits("verify")
	for _, id := range []string{"settings", "help", "about", "more"} {
		a.goTo(id)
		fits(id)
	}
	a.trustThen(func() {})
	fits("trust")
	a.lockedPage()
	fits("locked")
	for _, code := range []string{"data_damaged", "data_newer", "home_missing"} {
		a.closed(a.place, explain.Errorf(code, "x"))
		fits(code)
	}
}

// One home, several roles: another one is added, and one switches between them
// without unlocking again.
func TestAddARoleAndSwitch(t *testing.T) {
	freshUser(t)
	q := newScreen(t)
	w := test.NewTempWindow(t, nil)
	w.Resize(wide)
	a := relaunch(t, q, w, Options{})
	a.makeHome(t, "Practitioner")
	dir := a.home.Dir()
	a.tap(t, "Practitioner") // the place in the side bar
	wants(t, all(w), "Switch place", "[Practitioner (open now)]", "[Use this home in another role…]", "[Another home…]")
	a.tap(t, "Use this home in another role…")
	wants(t, w.Content(), "How is this home used?", "[Hospital]")
	lacks(t, w.Content(), "[Practitioner]")
	a.tap(t, "Hospital")
	wants(t, w.Content(), "Whom to trust")
	a.tap(t, "Do this later")
	wants(t, w.Content(), "[Verify]", "This machine trusts no network")
	if a.session.Locked() || a.home.Dir() != dir {
		t.Error("another role closed or locked the home")
	}
	a.tap(t, "Hospital")
	wants(t, all(w), "[Hospital (open now)]", "[Practitioner]")
	a.tap(t, "Practitioner")
	wants(t, w.Content(), "[Lock now]")
	lacks(t, w.Content(), "[Verify]")

	a.close()
	b := relaunch(t, q, w, Options{})
	if b.place.Role != model.RolePractitioner || b.home.Dir() != dir {
		t.Errorf("the place used last is %+v", b.place)
	}
	wants(t, w.Content(), "Locked")
}

// Escape and F1 do what they do wherever the keyboard is.
func TestKeysPassThroughWhatHasTheKeyboard(t *testing.T) {
	freshUser(t)
	a := launch(t, wide, Options{})
	a.tap(t, "Hospital")
	name := find(t, a.window.Content(), func(*entry) bool { return true })
	a.window.Canvas().Focus(name)
	name.TypedKey(&fyne.KeyEvent{Name: fyne.KeyF1})
	a.settle()
	wants(t, all(a.window), "For hospitals")
	a.typed(&fyne.KeyEvent{Name: fyne.KeyEscape})
	lacks(t, all(a.window), "For hospitals")
	back := find(t, a.window.Content(), func(b *push) bool { return b.Text == "Back" })
	back.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	a.settle()
	wants(t, a.window.Content(), "Who are you?")
}

// A file dropped or named goes to the room in sight; where none takes files
// nothing happens.
func TestFilesGoToTheRoomInSight(t *testing.T) {
	freshUser(t)
	a := launch(t, wide, Options{Dir: clinicHome(t), Files: []string{written(t, "named.json", "{}").Path()}})
	wants(t, a.window.Content(), "named.json")
	a.goTo("settings")
	a.settle()
	a.take([]fyne.URI{written(t, "dropped.json", "{}")})
	a.settle()
	lacks(t, a.window.Content(), "dropped.json")
}

// What a person saves is whole or not there, and nothing is left of a file that
// could not be made.
func TestSave(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		before string
		path   string
	}{"new": {"", "new.txt"}, "replaced": {"old", "old.txt"}} {
		path := filepath.Join(dir, c.path)
		if c.before != "" {
			if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		w := must(storage.Writer(storage.NewFileURI(path)))
		if err := save(w, []byte("what was saved")); err != nil {
			t.Fatal(err)
		}
		if got := string(must(os.ReadFile(path))); got != "what was saved" {
			t.Errorf("%s: %q", name, got)
		}
	}
	entries := must(os.ReadDir(dir))
	if len(entries) != 2 {
		t.Errorf("something is left over: %v", entries)
	}
}

// The window is not needed to be open for what was begun in it: closing waits.
func TestTasks(t *testing.T) {
	var k tasks
	k.Wait()
	for range 3 { // used again after a wait
		release := make(chan struct{})
		n := 0
		var mu sync.Mutex
		for range 10 {
			k.Go(func() {
				<-release
				mu.Lock()
				defer mu.Unlock()
				n++
			})
		}
		close(release)
		k.Wait()
		if n != 10 {
			t.Errorf("%d of 10 are done", n)
		}
	}
}

// A lost home comes back out of a backup, in a new folder, and opens.
func TestRestoreFromTheFirstScreen(t *testing.T) {
	freshUser(t)
	dir := newHome(t)
	h := must(home.Open(dir, home.Options{Now: clock, Passphrase: func(string, bool) ([]byte, error) { return []byte("a long passphrase"), nil }}))
	if err := h.Unlock(); err != nil {
		t.Fatal(err)
	}
	must(h.Wallet(t.Context()))
	file := filepath.Join(t.TempDir(), "backup.bonafide")
	must(h.Backup(t.Context(), file, home.BackupOptions{Passphrase: func(string, bool) ([]byte, error) { return []byte("of the backup"), nil }}))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	a := launch(t, wide, Options{Dir: dir})
	e, _ := explain.Lookup("home_missing")
	wants(t, a.window.Content(), e.Message, "[Restore a backup…]")
	a.tap(t, "Restore a backup…")
	if b := find(t, a.window.Content(), func(b *push) bool { return b.Text == "Restore it" }); !b.Disabled() {
		t.Error("a backup can be brought back that nobody chose")
	}
	a.take([]fyne.URI{storage.NewFileURI(file)})
	wants(t, a.window.Content(), "backup.bonafide")
	a.typeInto(t, "Passphrase of the backup", "of the backup")
	a.tap(t, "Restore it")
	wants(t, a.window.Content(), "Your data is back")
	a.tap(t, "Open it")
	wants(t, a.window.Content(), "Locked")
	a.typeInto(t, "Passphrase", "a long passphrase")
	a.tap(t, "Unlock")
	wants(t, a.window.Content(), "[Lock now]")
}

// A board's home opens at its lock screen, then at its register.
func TestBoardsHome(t *testing.T) {
	freshUser(t)
	dir := newHome(t)
	h := must(home.Open(dir, home.Options{Now: clock, Passphrase: func(string, bool) ([]byte, error) { return []byte("a long passphrase"), nil }}))
	_, id, err := h.Found(t.Context(), home.FoundOptions{Label: "ohio", Name: "Ohio Board", Contact: "desk@example.org", Params: ledger.DefaultParams})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for _, size := range []fyne.Size{wide, phoneSize} {
		a := launch(t, size, Options{Dir: dir})
		wants(t, a.window.Content(), "Locked")
		a.typeInto(t, "Passphrase", "a long passphrase")
		a.tap(t, "Unlock")
		wants(t, a.window.Content(), "Register", "Approvals", "Import", "Network")
		a.goTo("identity")
		a.settle()
		wants(t, a.window.Content(), string(id))
	}
}

// A hospital backs its home up as everybody does; its words are its own.
func TestHospitalBackup(t *testing.T) {
	for _, size := range []fyne.Size{desktopSize, phoneSize} {
		freshUser(t)
		a := launch(t, size, Options{Dir: newHome(t)})
		a.tap(t, "Hospital")
		a.tap(t, "Do this later")
		a.goTo("safety")
		a.settle()
		lacks(t, a.window.Content(), "There is no backup yet.") // it is locked
		a.typeInto(t, "Passphrase", "a long passphrase")
		a.tap(t, "Unlock")
		content := a.window.Content()
		wants(t, content, "There is no backup yet.", "the verdicts that were kept are lost with it", "the verdicts that were kept, your requests")
		stick := t.TempDir()
		r := a.rooms["safety"].(*safetyRoom)
		r.folder = func(_ string, take func(string)) { take(stick) }
		r.file = func(take func(string)) { take(filepath.Join(stick, model.BackupName(clock()))) }
		a.tap(t, "Make a backup…")
		a.typeInto(t, "Passphrase of the backup", "paper otter lantern")
		a.typeInto(t, "The passphrase again", "paper otter lantern")
		a.tap(t, "Choose the folder…")
		a.tap(t, "Make the backup")
		wants(t, content, "The backup is made", "Last backup: ")
		a.tap(t, "Rehearse a backup…")
		a.tap(t, "Choose the backup…")
		a.typeInto(t, "Passphrase of the backup", "paper otter lantern")
		a.tap(t, "Rehearse")
		wants(t, content, "The backup is whole and can be restored", "Nothing was changed.")
		lacks(t, content, "licences in it")
	}
}
