package app

import (
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/home"
)

// aboutRoom is what the program is, whose work is in it, and where its data is.
type aboutRoom struct {
	s       *shell
	content *fyne.Container
}

func newAboutRoom(s *shell) room { return &aboutRoom{s, container.NewStack()} }

func (r *aboutRoom) Content() fyne.CanvasObject { return r.content }
func (*aboutRoom) Leave()                       {}

// Enter implements room.
func (r *aboutRoom) Enter() {
	s, w := r.s, r.s.words
	box := container.NewVBox(heading("Bonafide"),
		wrapped(w.L("Version {{.Version}}", model.D{"Version": home.Version()})))
	if b := home.BuildTime(); !b.IsZero() {
		box.Add(wrapped(w.L("Built on {{.Date}}", model.D{"Date": w.Date(b)})))
	}
	box.Add(wrapped(w.L("A licence you can check in a second, with the network unplugged. Licence: Apache-2.0. This is not a statement that any accreditor has approved the product.")))
	if s.home != nil {
		dir := s.home.Dir()
		where := wrapped(model.Plain(dir))
		where.Selectable = true
		box.Add(field(w.L("Data folder"), where))
		box.Add(container.NewHBox(newButton(w.L("Copy"), theme.ContentCopyIcon(), func() {
			s.copyText(dir, false)
			s.notice(w.L("The folder's name is in the clipboard."), nil)
		})))
	}
	box.Add(widget.NewSeparator())
	box.Add(field(w.L("Support file"), wrapped(w.L("For whoever helps you: version, system, the codes of the last errors, sizes and how old the data is. It names no person, no licence, no file and no folder; look at it before you send it."))))
	box.Add(container.New(s.rowOrColumn(2),
		newButton(w.L("Look at it…"), theme.VisibilityIcon(), func() { s.support(s.showText) }),
		newButton(w.L("Save it…"), theme.DocumentSaveIcon(), func() {
			s.support(func(_, text string) {
				s.saveBytes("bonafide-support.json", []byte(text), func() { s.notice(w.L("The support file is saved."), nil) })
			})
		})))
	box.Add(widget.NewSeparator())
	box.Add(container.New(s.rowOrColumn(2),
		newButton(w.L("Licences…"), theme.DocumentIcon(), s.licences),
		newButton(w.L("Upgrade, move, remove"), theme.HelpIcon(), func() { s.help("upgrading") })))
	r.content.Objects = []fyne.CanvasObject{container.NewVScroll(container.New(column{}, container.NewPadded(box)))}
	r.content.Refresh()
}

// support gathers the support file beside the screen and gives it on.
func (s *shell) support(take func(title, text string)) {
	h, role := s.home, s.place.Role
	set, phone, errs := s.settings, s.narrow(), s.errors.Last()
	title := s.words.L("Support file")
	s.beside(func() {
		var from model.Supporting
		if h != nil {
			from = h // a nil *home.Home in the interface would not be nil
		}
		var b writer
		err := model.NewSupport(s.ctx, s.now(), set, phone, from, role, errs, s.crashes.Left()).Write(&b)
		onScreen(func() {
			if err != nil {
				s.problem(err)
				return
			}
			take(title, string(b))
		})
	})
}

// writer keeps what is written.
type writer []byte

// Write implements io.Writer.
func (w *writer) Write(b []byte) (int, error) {
	*w = append(*w, b...)
	return len(b), nil
}

var _ io.Writer = (*writer)(nil)

// showText shows text that somebody may read and copy.
func (s *shell) showText(title, text string) {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapBreak
	l.TextStyle.Monospace = true
	l.SizeName = theme.SizeNameCaptionText
	l.Selectable = true
	d := dialog.NewCustomWithoutButtons(title, container.NewVScroll(l), s.window)
	d.SetButtons([]fyne.CanvasObject{
		newButton(s.words.L("Copy"), theme.ContentCopyIcon(), func() { s.copyText(text, false) }),
		newPrimary(s.words.L("Close"), theme.CancelIcon(), func() { d.Hide() }),
	})
	s.ask(d, s.most())
}

// licences lists whose work is in the program.
func (s *shell) licences() {
	list := model.Licences()
	rows := widget.NewList(func() int { return len(list) }, func() fyne.CanvasObject {
		l := widget.NewLabel("")
		l.Truncation = fyne.TextTruncateEllipsis
		return l
	}, func(i widget.ListItemID, o fyne.CanvasObject) { o.(*widget.Label).SetText(list[i].Name) })
	rows.OnSelected = func(i widget.ListItemID) {
		rows.Unselect(i)
		s.showText(list[i].Name, list[i].Text)
	}
	d := dialog.NewCustomWithoutButtons(s.words.L("Licences"), rows, s.window)
	d.SetButtons([]fyne.CanvasObject{newPrimary(s.words.L("Close"), theme.CancelIcon(), func() { d.Hide() })})
	s.ask(d, s.most())
}

// confirm asks before something that cannot be taken back.
func (s *shell) confirm(title, text, yes string, do func()) {
	s.sure(title, text, yes, s.words.L("Cancel"), do)
}

// sure asks the same, with a word of its own for leaving it.
func (s *shell) sure(title, text, yes, no string, do func()) {
	d := dialog.NewCustomWithoutButtons(title, wrapped(text), s.window)
	sure := newButton(yes, theme.ConfirmIcon(), func() {
		d.Hide()
		do()
	})
	sure.Importance = widget.DangerImportance
	d.SetButtons([]fyne.CanvasObject{newButton(no, theme.CancelIcon(), func() { d.Hide() }), sure})
	s.ask(d, fyne.NewSize(440, 0))
}
