package app

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/storage"
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
	ctx    context.Context
	end    context.CancelFunc
	app    fyne.App
	window fyne.Window
	words  model.Words
	now    model.Clock
	phone  bool // as on a phone, wherever it runs

	home   *home.Home // nil where none is open
	place  model.Place
	secret secret // the passphrase, while a home is asked to open with it
	errors codes  // of the last errors, for the support file

	sections []section
	rooms    map[string]room // opened so far
	current  string          // section in sight

	work sync.WaitGroup // what runs beside the screen

	frame    *fyne.Container // everything in the window
	middle   *fyne.Container // the room in sight
	notices  *fyne.Container
	footer   *fyne.Container
	buttons  map[string]*widget.Button
	shortcut []fyne.Shortcut // of the canvas, to be taken back
}

// secret lends a passphrase to a home that asks for one. A home that asks when
// none is lent is told that nobody can be asked (passphrase_needed), so nothing
// unlocks by itself.
type secret struct {
	mu   sync.Mutex
	pass []byte
}

func (p *secret) ask(string, bool) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pass == nil {
		return nil, explain.Errorf("passphrase_needed", "the app asks first")
	}
	return bytes.Clone(p.pass), nil
}

// lend runs f while a passphrase is there to be asked for, then overwrites it.
func (p *secret) lend(pass []byte, f func() error) error {
	p.mu.Lock()
	p.pass = pass
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		clear(p.pass)
		p.pass = nil
	}()
	return f()
}

// codes are those of the last errors, the newest last.
type codes struct {
	mu   sync.Mutex
	last []string
}

func (c *codes) add(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = append(c.last, code)
	if len(c.last) > 20 {
		c.last = c.last[1:]
	}
}

// beside runs work that takes time next to the screen; the window's end waits
// for it.
func (s *shell) beside(f func()) { s.work.Go(f) }

// narrow reports the phone's layout: one column, a bar at the bottom.
func (s *shell) narrow() bool { return s.phone || fyne.CurrentDevice().IsMobile() }

// show fills the window with the place's sections and opens one.
func (s *shell) show(start string) {
	s.leave()
	s.rooms, s.buttons = map[string]room{}, map[string]*widget.Button{}
	s.middle, s.notices, s.footer = container.NewStack(), container.NewVBox(), container.NewVBox()
	bar := s.bar()
	below := container.NewVBox(s.notices, s.footer)
	var content fyne.CanvasObject
	if s.narrow() {
		below.Add(bar)
		content = container.New(layout.NewBorderLayout(nil, below, nil, nil), s.middle, below)
	} else {
		content = container.New(layout.NewBorderLayout(nil, below, bar, nil), bar, s.middle, below)
	}
	if s.home != nil && s.home.Demo() {
		banner := wrapped(s.words.L("Demonstration: the boards and people in this home are made up."))
		banner.TextStyle.Bold = true
		content = stacked(container.NewPadded(newPanel(theme.ColorNameWarning, banner)), content)
	}
	s.window.SetContent(content)
	s.keys()
	s.goTo(start)
}

// bar is the side bar, or the bottom bar of a phone.
func (s *shell) bar() fyne.CanvasObject {
	var buttons []fyne.CanvasObject
	for _, sec := range s.sections {
		b := widget.NewButtonWithIcon(sec.title, sec.icon, func() { s.goTo(sec.id) })
		b.Alignment = widget.ButtonAlignLeading
		b.Importance = widget.LowImportance
		s.buttons[sec.id] = b
		buttons = append(buttons, b)
	}
	if s.narrow() {
		return container.NewGridWithColumns(max(1, len(buttons)), buttons...)
	}
	return container.NewPadded(container.NewVBox(buttons...))
}

// goTo brings a section in sight.
func (s *shell) goTo(id string) {
	for _, sec := range s.sections {
		if sec.id != id {
			continue
		}
		if r, ok := s.rooms[s.current]; ok && s.current != id {
			r.Leave()
		}
		r, ok := s.rooms[id]
		if !ok {
			r = sec.open(s)
			s.rooms[id] = r
		}
		s.current = id
		for i, b := range s.buttons {
			b.Importance = widget.LowImportance
			if i == id {
				b.Importance = widget.HighImportance
			}
			b.Refresh()
		}
		s.middle.Objects = []fyne.CanvasObject{r.Content()}
		s.middle.Refresh()
		r.Enter()
		return
	}
}

// leave takes the room in sight out of sight.
func (s *shell) leave() {
	if r, ok := s.rooms[s.current]; ok {
		r.Leave()
	}
	s.rooms, s.current = nil, ""
}

// inSight is the room in sight; nil where there is none.
func (s *shell) inSight() room { return s.rooms[s.current] }

// keys ties shortcuts, dropped files and the keyboard to the room in sight.
func (s *shell) keys() {
	c := s.window.Canvas()
	for _, k := range s.shortcut {
		c.RemoveShortcut(k)
	}
	s.shortcut = nil
	add := func(k fyne.Shortcut, f func()) {
		if k != nil {
			c.AddShortcut(k, func(fyne.Shortcut) { f() })
			s.shortcut = append(s.shortcut, k)
		}
	}
	for _, sec := range s.sections {
		add(sec.shortcut, func() { s.goTo(sec.id) })
	}
	add(&fyne.ShortcutPaste{}, s.paste)
	c.SetOnTypedKey(func(k *fyne.KeyEvent) {
		switch k.Name {
		case fyne.KeyEscape:
			if r, ok := s.inSight().(stopper); ok {
				r.Stop()
			}
		case fyne.KeyF1:
			s.help("")
		}
	})
	s.window.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) { s.take(uris) })
}

// paste gives the clipboard's text to the room in sight.
func (s *shell) paste() {
	text := s.app.Clipboard().Content()
	if r, ok := s.inSight().(paster); ok && text != "" {
		r.Paste(text)
	}
}

// take gives files to the room in sight.
func (s *shell) take(uris []fyne.URI) {
	if r, ok := s.inSight().(taker); ok && len(uris) > 0 {
		r.Take(files(uris))
	}
}

func files(uris []fyne.URI) []model.File {
	var out []model.File
	for _, u := range uris {
		out = append(out, model.File{Name: u.Name(), Open: func() (io.ReadCloser, error) { return storage.Reader(u) }})
	}
	return out
}

// unlocked runs then on the screen once the home is unlocked, asking for the
// passphrase where it is locked. A prompt that is cancelled runs nothing.
func (s *shell) unlocked(then func()) {
	if s.home == nil {
		return
	}
	if s.home.Actor() != "" {
		then()
		return
	}
	entry := widget.NewPasswordEntry()
	said := wrapped("")
	said.Hide()
	var d *dialog.FormDialog
	d = dialog.NewForm(s.words.L("Unlock"), s.words.L("Unlock"), s.words.L("Cancel"), []*widget.FormItem{
		widget.NewFormItem(s.words.L("Passphrase"), entry),
	}, func(yes bool) {
		if !yes {
			return
		}
		h, pass := s.home, []byte(entry.Text)
		s.beside(func() {
			err := s.secret.lend(pass, h.Unlock)
			onScreen(func() {
				if err != nil {
					s.problem(err)
					return
				}
				then()
			})
		})
	}, s.window)
	d.Resize(fyne.NewSize(360, 200))
	d.Show()
	s.window.Canvas().Focus(entry)
}

// notice shows a line that goes by itself, with Undo where undo is not nil.
func (s *shell) notice(text string, undo func()) {
	line := container.NewBorder(nil, nil, nil, nil, wrapped(text))
	gone := func() {
		s.notices.Remove(line)
	}
	if undo != nil {
		b := widget.NewButton(s.words.L("Undo"), func() {
			gone()
			undo()
		})
		line = container.NewBorder(nil, nil, nil, b, wrapped(text))
	}
	s.notices.Add(line)
	t := time.AfterFunc(8*time.Second, func() { onScreen(gone) })
	context.AfterFunc(s.ctx, func() { t.Stop() })
}

// problem says in a dialog what went wrong and what to do; its code leads into
// the help.
func (s *shell) problem(err error) {
	code := explain.CodeOf(err)
	if _, ok := explain.Lookup(code); !ok {
		code = "internal_error"
	}
	s.errors.add(code)
	message, next := s.words.Explain(code)
	link := widget.NewButton(code, func() { s.help(code) })
	link.Importance = widget.LowImportance
	d := dialog.NewCustom(message, s.words.L("Close"), container.NewVBox(wrapped(next), link), s.window)
	d.Resize(fyne.NewSize(360, 220))
	d.Show()
}

// help opens the help at a guide's name or a code; "" is its first page.
func (s *shell) help(topic string) {
	message, next := s.words.Explain(topic)
	d := dialog.NewCustom(s.words.L("Help"), s.words.L("Close"), container.NewVBox(wrapped(message), wrapped(next)), s.window)
	d.Resize(fyne.NewSize(360, 220))
	d.Show()
}

// openFiles asks for files, images among them.
func (s *shell) openFiles(what string, take func([]model.File)) {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if r == nil && err == nil {
			return // closed without a choice
		}
		f := model.File{Open: func() (io.ReadCloser, error) { return r, err }}
		if r != nil {
			f.Name = r.URI().Name()
		}
		take([]model.File{f})
	}, s.window)
	d.SetTitleText(what)
	d.Show()
}

// saveFile asks where to write a file. A local one is written beside its place
// and then renamed, so it is whole or not there; Fyne's dialog asks before it
// lets one be replaced.
func (s *shell) saveFile(name string, write func(io.Writer) error, done func()) {
	d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
		if err != nil {
			s.problem(explain.Errorf("file_unwritable", "%w", err))
			return
		}
		if w == nil {
			return
		}
		s.beside(func() {
			err := save(w, write)
			onScreen(func() {
				switch {
				case err != nil:
					s.problem(err)
				case done != nil:
					done()
				}
			})
		})
	}, s.window)
	d.SetFileName(name)
	d.Show()
}

func save(w fyne.URIWriteCloser, write func(io.Writer) error) error {
	if w.URI().Scheme() == "file" {
		path := w.URI().Path()
		_ = w.Close()
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		if err := home.WriteFile(path, b.Bytes()); err != nil {
			return explain.Errorf("file_unwritable", "%w", err)
		}
		return nil
	}
	err := write(w)
	if closing := w.Close(); err == nil && closing != nil {
		err = explain.Errorf("file_unwritable", "%w", closing)
	}
	return err
}

// secretStays is how long a copied secret stays in the clipboard.
const secretStays = time.Minute

// copyText puts text into the clipboard. A secret goes from it after a minute,
// if it is still there.
func (s *shell) copyText(text string, secret bool) {
	s.app.Clipboard().SetContent(text)
	if !secret {
		return
	}
	wipe := func() {
		if s.app.Clipboard().Content() == text {
			s.app.Clipboard().SetContent("")
		}
	}
	t := time.AfterFunc(secretStays, func() { onScreen(wipe) })
	context.AfterFunc(s.ctx, func() { t.Stop() })
}

// control is a shortcut with the system's own modifier: Ctrl, on a Mac Cmd.
func control(key fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
}

// Options are what main tells the app.
type Options struct {
	Dir   string // of the home; "": the one used last, or the default
	Files []string
	Phone bool
	Now   model.Clock
}

// Open fills a window. The result waits for what is under way and closes the
// home; end ctx before.
func Open(ctx context.Context, a fyne.App, w fyne.Window, o Options) (closeAll func()) {
	ctx, end := context.WithCancel(ctx)
	s := &shell{ctx: ctx, end: end, app: a, window: w, words: model.English(), now: o.Now, phone: o.Phone}
	s.start(o)
	return func() {
		end()
		s.work.Wait()
		if s.home != nil {
			_ = s.home.Close() // nothing is left to write: each write was finished when it was made
		}
	}
}

// start opens the home that is asked for.
func (s *shell) start(o Options) {
	dir := o.Dir
	if dir == "" {
		var err error
		if dir, err = home.DefaultDir(); err != nil {
			s.window.SetContent(wrapped(err.Error()))
			return
		}
	}
	h, err := home.Open(dir, home.Options{Now: s.now, Passphrase: s.secret.ask})
	if err != nil {
		message, next := s.words.Explain(explain.CodeOf(err))
		s.window.SetContent(container.NewVBox(heading(message), wrapped(next)))
		return
	}
	s.home, s.place = h, model.Place{Dir: dir, Role: model.RoleHospital, Title: filepath.Base(dir)}
	s.sections = hospitalSections(s)
	if len(h.Roles()) == 1 && h.Roles()[0] == "wallet" {
		s.place.Role = model.RolePractitioner
		s.sections = practitionerSections(s)
	}
	s.show(s.sections[0].id)
	var named []fyne.URI
	for _, f := range o.Files {
		if abs, err := filepath.Abs(f); err == nil {
			f = abs
		}
		if _, err := os.Lstat(f); err == nil {
			named = append(named, storage.NewFileURI(f))
		}
	}
	s.take(named)
}
