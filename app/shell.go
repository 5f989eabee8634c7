package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/internal/home"
)

// onScreen has Fyne's own goroutine run a function later; every change of a
// widget from another goroutine goes through it. Tests stand in for Fyne.
var onScreen = fyne.Do

// room is what one section of the app shows. It may also be a taker, a
// paster, a stopper, and have actions.
type room interface {
	Content() fyne.CanvasObject
	Enter() // it comes in sight: show what is true now
	Leave() // another one comes in sight, or the home is locked or closed
}

// taker takes what is dropped on the window or named on the command line.
type taker interface{ Take(files []model.File) }

// paster takes the clipboard's text, when no entry has the keyboard.
type paster interface{ Paste(text string) }

// stopper stops what is under way; Escape does.
type stopper interface{ Stop() }

// ender holds what must not outlast its place, or the home's being open.
type ender interface{ End() }

// actor has main actions: they stand in the menu, have shortcuts, and the help
// lists them.
type actor interface{ Actions() []action }

type action struct {
	title    string
	shortcut fyne.Shortcut // may be nil
	do       func()
}

// section is one entry of the side bar or the bottom bar.
type section struct {
	id, title string
	icon      fyne.Resource
	open      func(*shell) room
	shortcut  fyne.Shortcut // Ctrl+1…; nil where it has none
}

// shell is the window around the rooms: which home is open and in which role,
// what is in sight, and what every room needs.
type shell struct {
	ctx    context.Context // ends when another place is opened, or the window closes
	end    context.CancelFunc
	app    fyne.App
	window fyne.Window
	words  model.Words
	now    model.Clock
	phone  bool // as on a phone, wherever it runs

	all      context.Context // ends when the window closes
	session  *model.Session
	settings model.Settings
	home     *home.Home // nil where none is open
	place    model.Place
	roles    []model.Role // that the open home is used in
	errors   model.Errors // the last ones, for the support file
	crashes  model.Crashes

	sections []section
	rooms    map[string]room // opened so far
	current  string          // section in sight

	work tasks // what runs beside the screen, in the place
	turn tasks // what opens and closes places

	middle  *fyne.Container // the room in sight
	notices *fyne.Container
	footer  *dataLine // the state of the data, for a hospital
	buttons map[string]*push
	keysOf  []fyne.Shortcut   // of the canvas, to be taken back
	dialogs []dialog.Dialog   // open ones, the newest last
	escape  func()            // what Escape does where no room is in sight; may be nil
	dropped func([]fyne.URI)  // takes files where no room is in sight; may be nil
	pasted  func(text string) // likewise text
	before  string            // what had the keyboard's attention at the last beat
	turned  float32           // how far everything was scrolled then
	beats   int               // since the window opened
	fresh   string            // where a new home is wanted; "": the default
	files   []fyne.URI        // to be taken by the first room
	helping *helpRoom
	reads   string // topic of the help that a page without rooms is about; may be ""
	anew    bool   // it is locked for somebody else to sign in

	demo      *model.Demo // nil in a shell without a start
	demoDrawn func()      // draws what shows it; nil where nothing does
}

// tasks counts goroutines. Unlike a sync.WaitGroup it may be used again while
// somebody waits.
type tasks struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n falls to 0; nil where nobody waits
}

// Go runs f on a goroutine of its own.
func (t *tasks) Go(f func()) {
	t.mu.Lock()
	t.n++
	t.mu.Unlock()
	go func() {
		defer func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			if t.n--; t.n == 0 && t.idle != nil {
				close(t.idle)
				t.idle = nil
			}
		}()
		f()
	}()
}

// Wait returns when nothing runs.
func (t *tasks) Wait() {
	t.mu.Lock()
	if t.n == 0 {
		t.mu.Unlock()
		return
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	idle := t.idle
	t.mu.Unlock()
	<-idle
}

// beside runs work that takes time next to the screen; the window's end waits
// for it. It is the app's wall against panics: one leaves a report and becomes
// an error on the screen. What the work was to find out is then unknown, and no
// verdict comes of it.
func (s *shell) beside(f func()) { s.work.Go(func() { s.guarded(f) }) }

func (s *shell) guarded(f func()) {
	if err := s.crashes.Guard(home.Version(), s.now, f); err != nil {
		onScreen(func() { s.problem(err) })
	}
}

// narrow reports the phone's layout: one column, a bar at the bottom.
func (s *shell) narrow() bool { return s.phone || fyne.CurrentDevice().IsMobile() }

// own are the shell's sections, which every place has.
func (s *shell) own() []section {
	var out []section
	if s.home != nil && s.inDemo(s.home.Dir()) {
		out = append(out, section{id: "demo", title: s.words.L("Demonstration"), icon: theme.MediaPlayIcon(), open: newDemoRoom})
	}
	return append(out, []section{
		{id: "settings", title: s.words.L("Settings"), icon: theme.SettingsIcon(), open: newSettingsRoom, shortcut: control(fyne.KeyComma)},
		{id: "help", title: s.words.L("Help"), icon: theme.HelpIcon(), open: func(s *shell) room { return s.helpRoom() }},
		{id: "about", title: s.words.L("About"), icon: theme.InfoIcon(), open: newAboutRoom},
	}...)
}

// show fills the window with the place's sections and opens one.
func (s *shell) show(start string) {
	s.leave()
	s.rooms, s.buttons, s.helping = map[string]room{}, map[string]*push{}, nil
	s.escape, s.dropped, s.pasted, s.reads = nil, nil, nil, ""
	s.middle, s.notices = container.NewStack(), container.NewVBox()
	s.footer = newDataLine(func() { s.goTo("data") })
	s.footer.Hide()
	below := container.NewVBox(s.notices, s.footer)
	var content fyne.CanvasObject
	if s.narrow() {
		bar := s.bottomBar()
		below.Add(widget.NewSeparator())
		below.Add(bar)
		content = container.New(layout.NewBorderLayout(nil, below, nil, nil), s.middle, below)
		if who := s.signedIn(); who != "" {
			content = stacked(s.whoActs(who), content)
		}
	} else {
		bar := container.NewHBox(s.sideBar(), widget.NewSeparator())
		content = container.New(layout.NewBorderLayout(nil, below, bar, nil), bar, s.middle, below)
	}
	s.fill(content)
	s.goTo(start)
}

// fill puts content into the window, under the demonstration's banner where the
// home is one, and ties the keyboard to it.
func (s *shell) fill(content fyne.CanvasObject) {
	if s.home != nil && s.home.Demo() {
		banner := wrapped(s.words.L("Demonstration: the boards and people in this home are made up."))
		if s.inDemo(s.home.Dir()) {
			banner.SetText(model.DemoBanner(s.words, s.narrow()))
		}
		banner.TextStyle.Bold = true
		var line fyne.CanvasObject = banner
		if s.narrow() { // a phone has little room
			banner.SizeName = theme.SizeNameCaptionText
			line = container.New(layout.NewCustomPaddedLayout(-theme.Padding()*2, -theme.Padding()*2, 0, 0), banner)
		}
		content = stacked(container.NewPadded(newPanel(theme.ColorNameWarning, line)), content)
	}
	s.window.SetContent(container.NewStack(newWatch(s.touch), content))
	s.keys()
}

// page fills the window with one page that is no section: before a home is
// open, or while it is locked. escape may be nil.
func (s *shell) page(content fyne.CanvasObject, escape func()) {
	s.leave()
	s.rooms, s.buttons, s.middle, s.notices, s.footer, s.helping = nil, nil, nil, nil, nil, nil
	s.escape, s.dropped, s.pasted, s.demoDrawn, s.reads = escape, nil, nil, nil, ""
	s.fill(container.NewVScroll(container.New(column{}, container.NewPadded(container.NewPadded(content)))))
}

// sideBar is where a desktop chooses sections.
func (s *shell) sideBar() fyne.CanvasObject {
	top, bottom := container.NewVBox(), container.NewVBox()
	if s.home != nil {
		title := newQuiet(s.place.Name(s.words, s.severalHomes()), theme.MenuDropDownIcon(), s.choosePlace)
		title.IconPlacement = widget.ButtonIconTrailingText
		title.Alignment = widget.ButtonAlignLeading
		top.Add(title)
		if who := s.signedIn(); who != "" {
			top.Add(s.whoActs(who))
		}
		top.Add(widget.NewSeparator())
	}
	for _, sec := range s.sections {
		top.Add(s.sectionButton(sec))
	}
	if s.session != nil {
		for _, sec := range s.own() {
			bottom.Add(s.sectionButton(sec))
		}
		if !s.session.Locked() {
			lock := newQuiet(s.words.L("Lock now"), lockIcon(), s.lock)
			lock.Alignment = widget.ButtonAlignLeading
			bottom.Add(lock)
			if s.several() {
				other := newQuiet(s.words.L("Sign in as someone else"), theme.AccountIcon(), s.signInAnew)
				other.Alignment = widget.ButtonAlignLeading
				bottom.Add(other)
			}
		}
	}
	return container.NewPadded(container.New(layout.NewBorderLayout(nil, bottom, nil, nil), bottom, container.NewVScroll(top)))
}

// inBar is how many sections the phone's bar has beside More.
const inBar = 4

// bottomBar is where a phone chooses sections.
func (s *shell) bottomBar() fyne.CanvasObject {
	bar := container.NewGridWithColumns(min(len(s.sections), inBar) + 1)
	for i, sec := range s.sections {
		if i < inBar {
			bar.Add(s.tab(sec.id, sec.title, sec.icon, func() { s.goTo(sec.id) }))
		}
	}
	bar.Add(s.tab("more", s.words.L("More"), theme.MoreHorizontalIcon(), func() { s.goTo("more") }))
	return bar
}

// tab is a button of the bottom bar: its icon above its word.
func (s *shell) tab(id, title string, icon fyne.Resource, tapped func()) fyne.CanvasObject {
	b := newQuiet("", nil, tapped)
	s.buttons[id] = b
	word := widget.NewLabelWithStyle(title, fyne.TextAlignCenter, fyne.TextStyle{})
	word.SizeName = theme.SizeNameCaptionText
	word.Truncation = fyne.TextTruncateEllipsis
	wide := container.New(layout.NewCustomPaddedLayout(0, 0, -theme.InnerPadding(), -theme.InnerPadding()), word)
	face := container.New(layout.NewCustomPaddedVBoxLayout(-theme.InnerPadding()), container.NewPadded(widget.NewIcon(icon)), wide)
	return container.NewStack(b, face)
}

func (s *shell) sectionButton(sec section) fyne.CanvasObject {
	b := newQuiet(sec.title, sec.icon, func() { s.goTo(sec.id) })
	b.Alignment = widget.ButtonAlignLeading
	s.buttons[sec.id] = b
	return b
}

// goTo brings a section in sight.
func (s *shell) goTo(id string) {
	s.touch()
	known := slices.Concat(s.sections, s.own(), []section{{id: "more", title: s.words.L("More"), open: newMoreRoom}})
	i := slices.IndexFunc(known, func(sec section) bool { return sec.id == id })
	if i < 0 || s.rooms == nil {
		return
	}
	if r := s.inSight(); r != nil && s.current != id {
		r.Leave()
	}
	r, ok := s.rooms[id]
	if !ok {
		r = known[i].open(s)
		s.rooms[id] = r
	}
	s.current = id
	s.mark()
	s.middle.Objects = []fyne.CanvasObject{r.Content()}
	s.middle.Refresh()
	s.keys()
	r.Enter()
	s.refreshData()
}

// mark shows in the bar which section is in sight.
func (s *shell) mark() {
	at := s.current
	if _, ok := s.buttons[at]; !ok {
		at = "more"
	}
	for id, b := range s.buttons {
		b.Importance = widget.LowImportance
		if id == at {
			b.Importance = widget.HighImportance
			if s.narrow() { // its word lies on it, in the colour of text
				b.Importance = widget.MediumImportance
			}
		}
		b.Refresh()
	}
}

// leave takes the room in sight out of sight, and dialogs with it.
func (s *shell) leave() {
	for _, d := range slices.Backward(slices.Clone(s.dialogs)) {
		d.Dismiss()
	}
	s.dialogs = nil
	if r := s.inSight(); r != nil {
		r.Leave()
	}
	for _, r := range s.rooms {
		if e, ok := r.(ender); ok {
			e.End()
		}
	}
	s.rooms, s.current = nil, ""
}

// inSight is the room in sight; nil where there is none.
func (s *shell) inSight() room { return s.rooms[s.current] }

// keys ties shortcuts, dropped files and the keyboard to what is in sight.
func (s *shell) keys() {
	c := s.window.Canvas()
	for _, k := range s.keysOf {
		c.RemoveShortcut(k)
	}
	s.keysOf = nil
	for _, a := range s.actions() {
		if a.shortcut != nil {
			c.AddShortcut(a.shortcut, func(fyne.Shortcut) { s.act(a) })
			s.keysOf = append(s.keysOf, a.shortcut)
		}
	}
	paste := &fyne.ShortcutPaste{}
	c.AddShortcut(paste, func(fyne.Shortcut) { s.paste() })
	s.keysOf = append(s.keysOf, paste)
	c.SetOnTypedKey(s.typed)
	s.window.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) { s.take(uris) })
	s.setMenu()
}

// typed is a key that no widget has a use for.
func (s *shell) typed(k *fyne.KeyEvent) {
	s.touch()
	switch k.Name {
	case fyne.KeyEscape:
		if n := len(s.dialogs); n > 0 {
			s.dialogs[n-1].Dismiss()
			return
		}
		if r, ok := s.inSight().(stopper); ok {
			r.Stop()
		} else if s.escape != nil {
			s.escape()
		}
	case fyne.KeyF1:
		s.help("")
	case fyne.KeyPageDown:
		turnPage(s.window.Canvas(), 1)
	case fyne.KeyPageUp:
		turnPage(s.window.Canvas(), -1)
	}
}

// act does an action, unless a dialog waits for an answer.
func (s *shell) act(a action) {
	s.touch()
	if len(s.dialogs) == 0 {
		a.do()
	}
}

// actions are all that can be done now by a shortcut: the shell's own and those
// of the room in sight.
func (s *shell) actions() []action {
	var out []action
	if s.rooms != nil {
		for _, sec := range s.sections {
			out = append(out, action{sec.title, sec.shortcut, func() { s.goTo(sec.id) }})
		}
	}
	if r, ok := s.inSight().(actor); ok {
		out = append(out, r.Actions()...)
	}
	if s.session != nil {
		if s.rooms != nil {
			out = append(out, action{s.words.L("Settings"), control(fyne.KeyComma), func() { s.goTo("settings") }})
			if s.home != nil {
				out = append(out, action{s.words.L("Switch place…"), controlShift(fyne.KeyP), s.choosePlace})
			}
		}
		if !s.session.Locked() {
			out = append(out, action{s.words.L("Lock now"), control(fyne.KeyL), s.lock})
			if s.several() {
				out = append(out, action{s.words.L("Sign in as someone else"), controlShift(fyne.KeyL), s.signInAnew})
			}
		}
	}
	return out
}

// setMenu makes the main menu of a desktop.
func (s *shell) setMenu() {
	if s.narrow() || s.session == nil {
		return
	}
	w := s.words
	item := func(a action) *fyne.MenuItem {
		i := fyne.NewMenuItem(a.title, func() { s.act(a) })
		i.Shortcut = a.shortcut
		return i
	}
	var menus []*fyne.Menu
	first := fyne.NewMenu(w.L("Home"))
	if s.rooms != nil {
		if s.home != nil {
			first.Items = append(first.Items, item(action{w.L("Switch place…"), controlShift(fyne.KeyP), s.choosePlace}))
		}
		first.Items = append(first.Items, item(action{w.L("Settings"), control(fyne.KeyComma), func() { s.goTo("settings") }}))
	}
	if !s.session.Locked() {
		first.Items = append(first.Items, item(action{w.L("Lock now"), control(fyne.KeyL), s.lock}))
		if s.several() {
			first.Items = append(first.Items, item(action{w.L("Sign in as someone else"), controlShift(fyne.KeyL), s.signInAnew}))
		}
	}
	quit := fyne.NewMenuItem(w.L("Quit"), s.window.Close)
	quit.IsQuit = true
	first.Items = append(first.Items, fyne.NewMenuItemSeparator(), quit)
	menus = append(menus, first)
	if s.rooms != nil {
		view := fyne.NewMenu(w.L("Go to"))
		for _, sec := range s.sections {
			view.Items = append(view.Items, item(action{sec.title, sec.shortcut, func() { s.goTo(sec.id) }}))
		}
		menus = append(menus, view)
	}
	if r, ok := s.inSight().(actor); ok && len(r.Actions()) > 0 {
		do := fyne.NewMenu(w.L("Actions"))
		for _, a := range r.Actions() {
			do.Items = append(do.Items, item(a))
		}
		menus = append(menus, do)
	}
	help := fyne.NewMenu(w.L("Help"),
		fyne.NewMenuItem(w.L("Help (F1)"), func() { s.help("") }),
		fyne.NewMenuItem(w.L("Keyboard shortcuts"), func() { s.help(topicKeys) }))
	if s.rooms != nil {
		help.Items = append(help.Items, fyne.NewMenuItem(w.L("About"), func() { s.goTo("about") }))
	}
	s.window.SetMainMenu(fyne.NewMainMenu(append(menus, help)...))
}

// control is a shortcut with the system's own modifier: Ctrl, on a Mac Cmd.
func control(key fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
}

// controlShift is the same with Shift.
func controlShift(key fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault | fyne.KeyModifierShift}
}

// paste gives the clipboard's text to the room in sight.
func (s *shell) paste() {
	s.touch()
	text := s.app.Clipboard().Content()
	if len(s.dialogs) > 0 {
		return
	}
	if text == "" {
		s.pastePicture()
		return
	}
	if r, ok := s.inSight().(paster); ok {
		r.Paste(text)
	} else if s.pasted != nil {
		s.pasted(text)
	}
}

// take gives files to the room in sight.
func (s *shell) take(uris []fyne.URI) {
	s.touch()
	if len(uris) == 0 {
		return
	}
	if r, ok := s.inSight().(taker); ok {
		r.Take(filesOf(uris))
	} else if s.dropped != nil {
		s.dropped(uris)
	}
}

// refreshData shows the state of the data in the footer of a hospital.
func (s *shell) refreshData() {
	h := s.home
	if s.place.Role != model.RoleHospital || h == nil || s.footer == nil {
		return
	}
	s.beside(func() {
		d, err := h.Data()
		line := model.NewDataLine(s.words, d, err, s.now())
		onScreen(func() {
			if s.footer == nil || s.home != h {
				return
			}
			text, icon := line.Text, theme.ConfirmIcon()
			if line.Age != model.Young {
				icon = theme.WarningIcon()
				if line.Next != "" {
					text = s.words.L("{{.Data}} {{.Next}}", model.D{"Data": line.Text, "Next": line.Next})
				}
			}
			s.footer.say(text, icon)
		})
	})
}

// unlocked runs then on the screen once the home is unlocked, asking for the
// passphrase where it is locked. A prompt that is cancelled runs nothing.
func (s *shell) unlocked(then func()) {
	switch {
	case s.home == nil:
		return
	case s.session == nil && s.home.Actor() != "", s.session != nil && !s.session.Locked():
		then()
		return
	case s.session == nil:
		s.problem(explain.Errorf("passphrase_needed", "nobody can be asked"))
		return
	}
	var d *dialog.CustomDialog
	form := newUnlockForm(s, func() {
		d.Hide()
		s.refreshBar()
		then()
	})
	d = dialog.NewCustomWithoutButtons(s.words.L("Unlock"), form.content, s.window)
	d.SetButtons([]fyne.CanvasObject{newButton(s.words.L("Cancel"), theme.CancelIcon(), d.Hide), form.unlock})
	s.ask(d, fyne.NewSize(420, 0))
	form.focus()
}

// ask shows a dialog; Escape closes it.
func (s *shell) ask(d dialog.Dialog, size fyne.Size) {
	s.touch()
	s.dialogs = append(s.dialogs, d)
	d.SetOnClosed(func() {
		s.dialogs = slices.DeleteFunc(s.dialogs, func(o dialog.Dialog) bool { return o == d })
	})
	_, late := d.(*dialog.FileDialog) // has no size before it is shown
	if late {
		d.Show()
	}
	c := s.window.Canvas().Size()
	size = size.Max(d.MinSize())
	if s.narrow() {
		size.Width = c.Width - 2*theme.Padding()
	}
	d.Resize(fyne.NewSize(min(size.Width, c.Width), min(size.Height, c.Height)))
	if !late {
		d.Show()
	}
}

// noticeStays is how long a notice is in sight.
const noticeStays = 8 * time.Second

// notice shows a line that goes by itself, with Undo where undo is not nil.
func (s *shell) notice(text string, undo func()) {
	s.touch()
	notices := s.notices
	if notices == nil {
		return
	}
	var line fyne.CanvasObject
	gone := func() { notices.Remove(line) }
	buttons := container.NewHBox(newQuiet(s.words.L("Close"), theme.CancelIcon(), func() { gone() }))
	if undo != nil {
		buttons.Objects = slices.Insert(buttons.Objects, 0, fyne.CanvasObject(newButton(s.words.L("Undo"), theme.ContentUndoIcon(), func() {
			gone()
			undo()
		})))
	}
	line = container.NewPadded(newPanel(theme.ColorNamePrimary, container.NewBorder(nil, nil, nil, buttons, wrapped(text))))
	notices.Add(line)
	s.after(noticeStays, gone)
}

// after runs f on the screen later, unless the place is left before.
func (s *shell) after(d time.Duration, f func()) { delay(s.ctx, d, f) }

// delay runs f on the screen later, unless ctx ends before. Tests stand in for
// the time.
var delay = func(ctx context.Context, d time.Duration, f func()) {
	t := time.AfterFunc(d, func() { onScreen(f) })
	context.AfterFunc(ctx, func() { t.Stop() })
}

// problem says in a dialog what went wrong and what to do; its code leads into
// the help.
func (s *shell) problem(err error) {
	code := model.CodeOf(err)
	s.errors.Add(code, s.now())
	message, next := s.words.Explain(code)
	box := container.NewVBox(wrapped(next))
	var d *dialog.CustomDialog
	box.Add(codeLinkThen(s, code, func() { d.Hide() }))
	first := wrapped(message)
	first.TextStyle.Bold = true
	box.Objects = slices.Insert(box.Objects, 0, fyne.CanvasObject(first))
	d = dialog.NewCustomWithoutButtons(s.words.L("This did not work"), box, s.window)
	d.SetButtons([]fyne.CanvasObject{newPrimary(s.words.L("Close"), theme.CancelIcon(), d.Hide)})
	s.ask(d, fyne.NewSize(480, 0))
}

// copyText puts text into the clipboard. A secret goes from it after a minute,
// if it is still there.
func (s *shell) copyText(text string, secret bool) {
	s.touch()
	s.app.Clipboard().SetContent(text)
	if secret {
		delay(s.all, secretStays, func() {
			if s.app.Clipboard().Content() == text {
				s.app.Clipboard().SetContent("")
			}
		})
	}
}

// secretStays is how long a copied secret stays in the clipboard.
const secretStays = time.Minute

// touch notes that somebody uses the app.
func (s *shell) touch() {
	if s.session != nil {
		s.session.Touch()
	}
}

// beatEvery is how often the shell looks around.
const beatEvery = 5 * time.Second

// beat looks whether somebody is here and what has grown old. Fyne tells nobody
// but the widget in focus of a key, and nobody but a scroll of the wheel, so what
// that widget holds, and how far the scrolls stand, are compared with before.
func (s *shell) beat() {
	held := ""
	switch f := s.window.Canvas().Focused().(type) {
	case *entry:
		held = f.Text
	case *widget.Entry:
		held = f.Text
	}
	turned := turnedTo(onTop(s.window.Canvas()))
	if held != s.before || turned != s.turned {
		s.before, s.turned = held, turned
		s.touch()
	}
	if s.session != nil && s.session.Idle() {
		s.lock()
		return
	}
	if s.beats++; s.beats%12 == 0 {
		s.refreshData()
	}
}

// more is what a phone's bar has no room for.
type moreRoom struct {
	s       *shell
	content *fyne.Container
}

func newMoreRoom(s *shell) room {
	return &moreRoom{s, container.NewStack()}
}

func (r *moreRoom) Content() fyne.CanvasObject { return r.content }
func (*moreRoom) Leave()                       {}

// Enter implements room.
func (r *moreRoom) Enter() {
	s := r.s
	box := container.NewVBox(heading(s.words.L("More")))
	add := func(title string, icon fyne.Resource, f func()) {
		b := newButton(title, icon, f)
		b.Alignment = widget.ButtonAlignLeading
		box.Add(b)
	}
	for i, sec := range s.sections {
		if i >= inBar {
			add(sec.title, sec.icon, func() { s.goTo(sec.id) })
		}
	}
	if s.session != nil {
		if s.home != nil {
			add(s.words.L("Switch place…"), theme.AccountIcon(), s.choosePlace)
		}
		if !s.session.Locked() {
			add(s.words.L("Lock now"), lockIcon(), s.lock)
			if s.several() {
				add(s.words.L("Sign in as someone else"), theme.AccountIcon(), s.signInAnew)
			}
		}
	}
	for _, sec := range s.own() {
		add(sec.title, sec.icon, func() { s.goTo(sec.id) })
	}
	r.content.Objects = []fyne.CanvasObject{container.NewVScroll(container.New(column{}, container.NewPadded(box)))}
	r.content.Refresh()
}
