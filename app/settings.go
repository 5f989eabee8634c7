package app

import (
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/assets"
)

// settingsRoom is how the app looks and speaks, and when it locks.
type settingsRoom struct {
	s       *shell
	content *fyne.Container
}

func newSettingsRoom(s *shell) room { return &settingsRoom{s, container.NewStack()} }

func (r *settingsRoom) Content() fyne.CanvasObject { return r.content }
func (*settingsRoom) Leave()                       {}

// Enter implements room.
func (r *settingsRoom) Enter() {
	s, w := r.s, r.s.words
	set := s.settings

	looks := []string{w.L("As the system"), w.L("Light"), w.L("Dark")}
	look := widget.NewSelect(looks, nil)
	for i, l := range model.Looks {
		if l == set.Look {
			look.SetSelectedIndex(i)
		}
	}
	look.OnChanged = func(string) {
		set.Look = model.Looks[look.SelectedIndex()]
		s.apply(set)
	}

	contrast := widget.NewCheck(w.L("High contrast"), nil)
	contrast.SetChecked(set.Contrast)
	contrast.OnChanged = func(yes bool) {
		set.Contrast = yes
		s.apply(set)
	}

	var scales []string
	for _, f := range model.Scales {
		scales = append(scales, strconv.Itoa(int(f*100))+" %")
	}
	scale := widget.NewSelect(scales, nil)
	for i, f := range model.Scales {
		if f == set.Scale {
			scale.SetSelectedIndex(i)
		}
	}
	scale.OnChanged = func(string) {
		set.Scale = model.Scales[scale.SelectedIndex()]
		s.apply(set)
	}

	codes := append([]string{""}, assets.Languages()...)
	names := []string{w.L("As the system")}
	for _, c := range codes[1:] {
		names = append(names, languageNames[c])
	}
	language := widget.NewSelect(names, nil)
	language.SetSelectedIndex(0)
	for i, c := range codes {
		if c == set.Language {
			language.SetSelectedIndex(i)
		}
	}
	language.OnChanged = func(string) {
		set.Language = codes[language.SelectedIndex()]
		s.apply(set)
	}

	box := container.NewVBox(heading(w.L("Settings")),
		container.New(s.rowOrColumn(2),
			field(w.L("Colours"), look), field(w.L("Size of text"), scale),
			field(w.L("Language"), language), field(w.L("Contrast"), contrast)),
		widget.NewSeparator())
	if s.session != nil && s.home != nil {
		box.Add(r.locking())
	}
	box.Add(widget.NewSeparator())
	box.Add(wrapped(w.L("Notifications: none. The app shows nothing outside its window.")))
	r.content.Objects = []fyne.CanvasObject{container.NewVScroll(container.New(column{}, container.NewPadded(box)))}
	r.content.Refresh()
}

// locking is when the home locks by itself: kept sealed in the home, so it can
// be changed only while that is unlocked.
func (r *settingsRoom) locking() fyne.CanvasObject {
	s, w := r.s, r.s.words
	if s.session.Locked() {
		return container.NewVBox(
			field(w.L("Lock by itself"), wrapped(w.L("Unlock the home to change after how long without use it locks."))),
			container.NewHBox(newButton(w.L("Unlock"), unlockIcon(), func() { s.unlocked(func() { s.goTo("settings") }) })))
	}
	var names []string
	for _, m := range model.IdleMinutes {
		names = append(names, w.N("After {{.N}} minutes without use", m))
	}
	idle := widget.NewSelect(names, nil)
	now := s.session.IdleTime()
	for i, m := range model.IdleMinutes {
		if time.Duration(m)*time.Minute <= now {
			idle.SetSelectedIndex(i)
		}
	}
	idle.OnChanged = func(string) {
		d := time.Duration(model.IdleMinutes[idle.SelectedIndex()]) * time.Minute
		s.beside(func() {
			if err := s.session.SetIdleTime(s.ctx, d); err != nil {
				onScreen(func() { s.problem(err) })
			}
		})
	}
	return container.NewVBox(field(w.L("Lock by itself"), idle),
		container.NewHBox(newButton(w.L("Lock now"), lockIcon(), s.lock)))
}

// apply puts settings into effect at once. A new language makes every room anew;
// so does the size of text, for what it measured.
func (s *shell) apply(set model.Settings) {
	old := s.settings
	if set == old {
		return
	}
	s.settings = set
	set.Save(s.app.Preferences())
	s.app.Settings().SetTheme(themeOf(set, s.narrow()))
	if set.Language == old.Language && set.Scale == old.Scale {
		return
	}
	s.words = wordsIn(set.Language)
	s.demo.Speak(s.words)
	if s.rooms == nil {
		return
	}
	current := s.current
	s.leave()
	s.furnish()
	s.show(current)
}
