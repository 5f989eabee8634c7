package app

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// lock hides everything at once and then locks the home.
func (s *shell) lock() {
	if s.session == nil || s.session.Locked() {
		return
	}
	work := &s.work
	s.lockedPage()
	work.Go(func() { s.guarded(s.session.Lock) })
}

// several reports that more than one person may unlock the open home.
func (s *shell) several() bool { return s.session != nil && len(s.session.State().People) > 1 }

// signedIn says who acts, where that can be somebody else: in a board's home, and
// where several may unlock one; "" elsewhere, and while it is locked.
func (s *shell) signedIn() string {
	if s.home == nil || s.session == nil || s.session.Locked() || s.place.Role != model.RoleBoard && !s.several() {
		return ""
	}
	return s.words.L("Signed in as {{.Person}}", model.D{"Person": model.Plain(s.home.Actor())})
}

// whoActs is a line that says who acts, however long the name.
func (*shell) whoActs(who string) fyne.CanvasObject {
	l := widget.NewLabel(who)
	l.SizeName = theme.SizeNameCaptionText
	l.Truncation = fyne.TextTruncateEllipsis
	return container.NewBorder(nil, nil, container.NewPadded(widget.NewIcon(theme.AccountIcon())), nil, l)
}

// signInAnew locks the home, for somebody else to unlock it.
func (s *shell) signInAnew() {
	s.anew = true
	s.lock()
}

// lockedPage is all that a locked home shows. Rooms are made anew afterwards:
// what they held is not kept.
func (s *shell) lockedPage() {
	w := s.words
	form := newUnlockForm(s, func() { s.enterPlace(s.place) })
	box := container.NewVBox(
		container.NewHBox(container.NewGridWrap(fyne.NewSquareSize(40), widget.NewIcon(lockIcon()))),
		heading(w.L("Locked")),
		wrapped(s.place.Name(w, s.severalHomes())),
		form.content,
	)
	buttons := []fyne.CanvasObject{form.unlock}
	if s.place.Role == model.RoleHospital {
		buttons = append(buttons, newButton(w.L("Verify without unlocking"), theme.ConfirmIcon(), func() { s.enterPlace(s.place) }))
	}
	buttons = append(buttons, newButton(w.L("Switch place…"), theme.AccountIcon(), s.choosePlace))
	box.Add(container.New(s.rowOrColumn(len(buttons)), buttons...))
	s.anew = false
	s.page(box, nil)
	s.reads = string(s.place.Role) + "#settings"
	form.focus()
}

// unlockForm asks for the passphrase.
type unlockForm struct {
	s       *shell
	then    func()
	person  *widget.Select // nil where the home has one person
	pass    *entry
	said    *widget.Label
	busy    *widget.ProgressBarInfinite
	unlock  *push
	content *fyne.Container
	names   []string // as the home has them, in the order of the select
}

func newUnlockForm(s *shell, then func()) *unlockForm {
	w := s.words
	f := &unlockForm{s: s, then: then, pass: newPassword(), said: wrapped(""), busy: widget.NewProgressBarInfinite(), content: container.NewVBox()}
	f.said.Importance = widget.DangerImportance
	f.said.Hide()
	f.busy.Stop()
	f.busy.Hide()
	f.pass.OnSubmitted = func(string) { f.try() }
	f.unlock = newPrimary(w.L("Unlock"), unlockIcon(), f.try)
	f.names = s.session.State().People
	if len(f.names) > 1 {
		shown := make([]string, len(f.names))
		for i, n := range f.names {
			shown[i] = model.Plain(n)
		}
		f.person = widget.NewSelect(shown, nil)
		f.person.PlaceHolder = w.L("Choose your name")
		if s.home != nil && !s.anew { // whoever was here comes back, as a rule
			if i := slices.Index(f.names, s.home.Actor()); i >= 0 {
				f.person.SetSelectedIndex(i)
			}
		}
		f.content.Add(field(w.L("Who are you?"), f.person))
	}
	f.content.Add(field(w.L("Passphrase"), f.pass))
	if s.home != nil && slices.ContainsFunc(f.names, s.home.HasKeyring) {
		f.content.Add(caption(w.L("Leave it empty to unlock by this computer's keyring.")))
	}
	f.content.Add(f.said)
	f.content.Add(f.busy)
	return f
}

func (f *unlockForm) focus() {
	if f.person != nil && f.person.SelectedIndex() < 0 {
		f.s.window.Canvas().Focus(f.person)
		return
	}
	f.s.window.Canvas().Focus(f.pass)
}

// try unlocks beside the screen; it may be tried as often as somebody likes,
// each try taking its time.
func (f *unlockForm) try() {
	s := f.s
	if f.unlock.Disabled() {
		return
	}
	name := ""
	if f.person != nil {
		i := f.person.SelectedIndex()
		if i < 0 {
			setText(f.said, s.words.L("Choose your name first."))
			return
		}
		name = f.names[i]
	}
	pass := []byte(f.pass.Text)
	f.pass.SetText("")
	f.unlock.Disable()
	f.busy.Show()
	f.busy.Start()
	setText(f.said, "")
	s.beside(func() {
		err := s.session.Unlock(s.ctx, name, pass)
		if err == nil && s.place.Role == model.RolePractitioner {
			// What is wrong with its database is found here, where there is a way on.
			_, err = s.home.Wallet(s.ctx)
		}
		onScreen(func() {
			f.unlock.Enable()
			f.busy.Stop()
			f.busy.Hide()
			code := ""
			if err != nil {
				code = model.CodeOf(err)
			}
			switch code {
			case "":
				f.then()
			case "data_damaged", "data_missing", "data_newer", "migration_failed":
				s.closed(s.place, err)
			default:
				s.errors.Add(code, s.now())
				message, next := s.words.Explain(code)
				setText(f.said, s.words.L("{{.Message}} {{.Next}}", model.D{"Message": message, "Next": next}))
				f.focus()
			}
		})
	})
}
