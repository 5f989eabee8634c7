package app

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// Every section of every role has its part in the role's guide.
func TestEverySectionHasHelp(t *testing.T) {
	freshUser(t)
	a := launch(t, wide, Options{Dir: clinicHome(t)})
	for role, list := range map[model.Role][]section{
		model.RoleHospital: hospitalSections(a.shell), model.RolePractitioner: practitionerSections(a.shell), model.RoleBoard: boardSections(a.shell),
	} {
		a.place.Role = role
		for _, s := range append(slices.Clone(list), a.own()...) {
			if s.id == "help" {
				continue
			}
			a.current = s.id
			if _, part, ok := strings.Cut(a.topic(), "#"); !ok || part != s.id {
				t.Errorf("%s, %s: F1 opens %q", role, s.id, a.topic())
			}
		}
	}
}

// F1 brings the part in sight that is about the section; a link leads on, and
// Back goes where one came from.
func TestHelpOpensAtWhatIsInSight(t *testing.T) {
	for _, size := range []fyne.Size{wide, phoneSize} {
		freshUser(t)
		a := launch(t, size, Options{Dir: clinicHome(t)})
		a.goTo("data")
		a.settle()
		a.typed(&fyne.KeyEvent{Name: fyne.KeyF1})
		a.settle()
		g, _ := a.explains().Guide("hospital")
		inSight := func(id string) {
			t.Helper()
			i := slices.IndexFunc(g.Parts, func(p model.Part) bool { return p.ID == id })
			title := find(t, a.window.Content(), func(l *widget.Label) bool { return l.Text == g.Parts[i].Title && l.SizeName != "" })
			scroll := find(t, a.helping.content, func(*container.Scroll) bool { return true })
			d := fyne.CurrentApp().Driver()
			from := d.AbsolutePositionForObject(title).Y - d.AbsolutePositionForObject(scroll).Y
			if from < -1 || from > 60 {
				t.Errorf("%s: %q is %v below the edge", id, title.Text, from)
			}
		}
		inSight("hospital#data")
		a.helping.open("hospital#print")
		inSight("hospital#print")
		a.typed(&fyne.KeyEvent{Name: fyne.KeyEscape})
		inSight("hospital#data")
		a.tap(t, "Back")
		wants(t, a.window.Content(), "For practitioners", "Keyboard shortcuts")

		for _, sh := range a.helping.Actions() {
			sh.do()
		}
		test.Type(a.helping.search, "fingerprint compare")
		a.settle()
		wants(t, a.window.Content(), "Compare the fingerprint", "For hospitals")
	}
}

// A page before any room has its own part, too.
func TestPagesWithoutRoomsHaveHelp(t *testing.T) {
	freshUser(t)
	a := launch(t, wide, Options{})
	for name, x := range map[string]struct {
		open  func()
		topic string
	}{
		"who":      {a.who, ""},
		"hospital": {func() { a.begin(model.RoleHospital) }, "hospital#start"},
		"person":   {func() { a.begin(model.RolePractitioner) }, "practitioner#start"},
		"board":    {func() { a.begin(model.RoleBoard) }, "board#start"},
		"restore":  {func() { a.restore("") }, "upgrading#restore"},
	} {
		x.open()
		a.settle()
		if got := a.topic(); got != x.topic {
			t.Errorf("%s: F1 opens %q", name, got)
		}
	}
	a.openPlace(model.Place{Dir: clinicHome(t), Role: model.RoleHospital})
	a.settle()
	a.lockedPage()
	if got := a.topic(); got != "hospital#settings" {
		t.Errorf("locked: F1 opens %q", got)
	}
	a.firstTrust(a.place)
	if got := a.topic(); got != "hospital#trust" {
		t.Errorf("the first trust: F1 opens %q", got)
	}
}

// Without a mouse all of a page comes in sight: a page at a time, and with what
// gets the keyboard.
func TestKeyboardScrolls(t *testing.T) {
	for _, size := range []fyne.Size{wide, phoneSize} {
		freshUser(t)
		a := launch(t, size, Options{Dir: clinicHome(t)})
		a.help("hospital")
		a.settle()
		scroll := find(t, a.helping.content, func(*container.Scroll) bool { return true })
		a.typed(&fyne.KeyEvent{Name: fyne.KeyPageDown})
		once := scroll.Offset.Y
		if once < scroll.Size().Height/2 || once > scroll.Size().Height {
			t.Errorf("Page Down scrolls by %v of %v", once, scroll.Size().Height)
		}
		a.typed(&fyne.KeyEvent{Name: fyne.KeyPageDown})
		a.typed(&fyne.KeyEvent{Name: fyne.KeyPageUp})
		if scroll.Offset.Y != once {
			t.Errorf("Page Up goes to %v, from where Page Down went on at %v", scroll.Offset.Y, once)
		}
		scroll.ScrollToTop()
		back := find(t, a.helping.content, func(b *push) bool { return b.Text == a.words.L("Back") })
		back.TypedKey(&fyne.KeyEvent{Name: fyne.KeyPageDown})
		if scroll.Offset.Y != once {
			t.Errorf("with the keyboard on a button Page Down goes to %v", scroll.Offset.Y)
		}

		// The last links of the guide lie far below.
		scroll.ScrollToTop()
		c := a.window.Canvas()
		c.Unfocus()
		c.FocusPrevious()
		for i := 0; ; i++ {
			at, ok := c.Focused().(*push)
			if s, _ := scrollAround(a.helping.content, at, nil); ok && s == scroll {
				y := fyne.CurrentApp().Driver().AbsolutePositionForObject(at).Y - fyne.CurrentApp().Driver().AbsolutePositionForObject(scroll).Y
				if scroll.Offset.Y == 0 || y < 0 || y+at.Size().Height > scroll.Size().Height+1 {
					t.Errorf("what has the keyboard is at %v of %v, at an offset of %v", y, scroll.Size().Height, scroll.Offset.Y)
				}
				break
			}
			if i > 30 {
				t.Fatal("the keyboard does not reach the guide's links")
			}
			c.FocusPrevious()
		}
	}
}
