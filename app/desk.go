// Package app is the Fyne app: it draws what app/model says and hands back
// what people do. It opens no window by itself, so that it runs in tests.
package app

import (
	"context"
	"io"
	"strings"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/verifier"
)

// DeskScreen is the hospital's first room: drop a file, see the verdict.
type DeskScreen struct {
	desk    *model.Desk
	window  fyne.Window
	ctx     context.Context
	work    sync.WaitGroup // what runs beside the screen
	content fyne.CanvasObject

	data     *widget.Label
	dataNext *widget.Label
	purpose  *widget.Select
	clear    *widget.Button
	request  *panel
	asked    *widget.Label // in request
	working  *fyne.Container
	progress *widget.Label
	bar      *widget.ProgressBarInfinite
	hint     *panel
	summary  *widget.Label
	reports  *fyne.Container
	scroll   *container.Scroll

	turn, drawn int // which reports are on the screen already
}

// NewDeskScreen draws the desk into w. ctx ends what is under way when the
// window goes.
func NewDeskScreen(ctx context.Context, w fyne.Window, v model.Verifying, clock model.Clock) *DeskScreen {
	s := &DeskScreen{window: w, ctx: ctx}
	s.desk = model.NewDesk(v, clock, func() { onScreen(s.draw) })

	s.data, s.dataNext = wrapped(""), wrapped("")
	names := make([]string, len(model.Purposes))
	for i, p := range model.Purposes {
		names[i] = model.PurposeName(p)
	}
	s.purpose = widget.NewSelect(names, s.choosePurpose)
	open := widget.NewButtonWithIcon("Open…", theme.FolderOpenIcon(), s.open)
	open.Importance = widget.HighImportance
	paste := widget.NewButtonWithIcon("Paste", theme.ContentPasteIcon(), s.paste)
	s.clear = widget.NewButtonWithIcon("Clear", theme.ContentClearIcon(), s.desk.Clear)

	s.asked = wrapped("")
	s.request = newPanel(theme.ColorNamePrimary, s.asked)
	s.progress, s.bar = wrapped(""), widget.NewProgressBarInfinite()
	cancel := widget.NewButtonWithIcon("Cancel", theme.CancelIcon(), s.desk.Cancel)
	s.working = container.NewVBox(s.progress, s.bar, container.NewHBox(cancel))
	s.hint = newPanel(theme.ColorNameSeparator, container.NewPadded(invitation()))
	s.summary = wrapped("")
	s.summary.TextStyle.Bold = true
	s.reports = container.NewVBox()

	top := container.NewVBox(
		tight(heading("Verify"), s.data, s.dataNext),
		container.New(layout.NewFormLayout(), widget.NewLabel("Purpose"), s.purpose),
		container.NewGridWithColumns(3, open, paste, s.clear),
		s.request,
	)
	s.scroll = container.NewVScroll(container.New(column{}, container.NewPadded(
		container.NewVBox(s.hint, s.working, s.summary, s.reports),
	)))
	s.content = stacked(container.NewVBox(container.New(column{}, container.NewPadded(top)), widget.NewSeparator()), s.scroll)

	s.draw()
	s.beside(func() { s.desk.Refresh(ctx) })
	return s
}

// invitation is what an empty desk says.
func invitation() fyne.CanvasObject {
	first, how := "Drop a credential here", "Or open it, or paste its text. A presentation is verified together with the request that it answers: drop both."
	if fyne.CurrentDevice().IsMobile() {
		first, how = "Open a credential", "Or paste its text. A presentation is verified after the request that it answers."
	}
	what := widget.NewLabelWithStyle(first, fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	what.Wrapping = fyne.TextWrapWord
	rest := wrapped(how)
	rest.Alignment = fyne.TextAlignCenter
	quiet := wrapped("Nothing leaves this machine: verifying opens no connection.")
	quiet.Alignment = fyne.TextAlignCenter
	icon := widget.NewIcon(theme.FileIcon())
	return container.NewVBox(
		container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(40), icon)), what, rest, quiet,
	)
}

// Content is the screen's canvas object.
func (s *DeskScreen) Content() fyne.CanvasObject { return s.content }

// beside runs work that takes time next to the screen.
func (s *DeskScreen) beside(f func()) { s.work.Go(f) }

// draw shows the desk's state; it runs on Fyne's goroutine.
func (s *DeskScreen) draw() {
	st := s.desk.State()
	setText(s.data, st.Data)
	setText(s.dataNext, st.DataNext)
	if name := model.PurposeName(st.Purpose); s.purpose.Selected != name {
		s.purpose.SetSelected(name)
	}
	if st.Request != "" {
		s.purpose.Disable() // the request says what it is for
	} else {
		s.purpose.Enable()
	}
	setText(s.asked, st.Request)
	show(s.request, st.Request != "")
	setText(s.progress, st.Progress)
	busy := st.Phase == model.Working
	if busy {
		s.bar.Start()
	} else {
		s.bar.Stop()
	}
	show(s.working, busy)
	show(s.hint, st.Phase == model.Waiting && st.Request == "")
	if st.Phase == model.Waiting && st.Request == "" {
		s.clear.Disable()
	} else {
		s.clear.Enable()
	}

	anew := st.Turn != s.turn || len(st.Reports) < s.drawn
	if anew {
		s.turn, s.drawn = st.Turn, 0
		s.reports.RemoveAll()
		s.scroll.ScrollToTop()
	}
	setText(s.summary, st.Summary)
	for _, r := range st.Reports[s.drawn:] {
		s.reports.Add(card(r, st.Files == 1))
	}
	if anew || s.drawn != len(st.Reports) {
		s.drawn = len(st.Reports)
		s.reports.Refresh() // a card in the place of another is not painted otherwise
	}
}

// look of a verdict: the colour and the icon that go with its word.
func face(r model.Report) (fyne.ThemeColorName, fyne.Resource) {
	switch r.Verdict {
	case verifier.Verified:
		return theme.ColorNameSuccess, theme.ConfirmIcon()
	case verifier.Rejected:
		return theme.ColorNameError, theme.CancelIcon()
	case verifier.Unconfirmed:
		return theme.ColorNameWarning, theme.QuestionIcon()
	}
	return theme.ColorNameWarning, theme.WarningIcon()
}

// card draws one report: the word first, then why, then what was checked.
func card(r model.Report, open bool) fyne.CanvasObject {
	colour, icon := face(r)
	word := heading(r.Word)
	word.Importance = importance(colour)
	mark := container.NewGridWrap(fyne.NewSize(32, word.MinSize().Height), widget.NewIcon(theme.NewColoredResource(icon, colour)))
	box := tight(container.NewBorder(nil, nil, mark, nil, word))
	for _, t := range append([]string{r.Reason, r.Next}, r.About...) {
		if t != "" {
			box.Add(wrapped(t))
		}
	}
	if foot := strings.TrimSpace(r.File + "\n" + r.Given); foot != "" {
		box.Add(caption(foot))
	}
	if len(r.Lines) > 0 {
		checks := container.NewVBox()
		for _, l := range r.Lines {
			checks.Add(row(l))
		}
		item := widget.NewAccordionItem("Checks", checks)
		item.Open = open
		box.Add(widget.NewAccordion(item))
	}
	return newPanel(colour, box)
}

// row draws one check: its mark as a word, the sentence, what to do next.
func row(l model.Line) fyne.CanvasObject {
	mark := widget.NewLabelWithStyle(l.Mark, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	switch l.Outcome {
	case verifier.Fail:
		mark.Importance = widget.DangerImportance
	case verifier.Unknown:
		mark.Importance = widget.WarningImportance
	}
	name := wrapped(l.Name)
	name.TextStyle.Bold = true
	lines := tight(name, wrapped(l.Message))
	if l.Next != "" {
		lines.Add(wrapped(l.Next))
	}
	lines.Add(caption(l.Foot))
	side := container.NewGridWrap(fyne.NewSize(112, mark.MinSize().Height), mark)
	return container.NewBorder(nil, widget.NewSeparator(), side, nil, lines)
}

func (s *DeskScreen) choosePurpose(name string) {
	for _, p := range model.Purposes {
		if model.PurposeName(p) == name && s.desk.State().Purpose != p {
			s.desk.SetPurpose(p)
			s.beside(func() { s.desk.Again(s.ctx) })
		}
	}
}

// Take verifies files.
func (s *DeskScreen) Take(uris ...fyne.URI) {
	var files []model.File
	for _, u := range uris {
		files = append(files, model.File{Name: u.Name(), Open: func() (io.ReadCloser, error) { return storage.Reader(u) }})
	}
	s.beside(func() { s.desk.Drop(s.ctx, files...) })
}

func (s *DeskScreen) open() {
	dialog.ShowFileOpen(func(r fyne.URIReadCloser, err error) {
		if r == nil && err == nil {
			return // closed without a choice
		}
		f := model.File{Open: func() (io.ReadCloser, error) { return r, err }}
		if r != nil {
			f.Name = r.URI().Name()
		}
		s.beside(func() { s.desk.Drop(s.ctx, f) })
	}, s.window)
}

func (s *DeskScreen) paste() {
	if text := fyne.CurrentApp().Clipboard().Content(); text != "" {
		s.Paste(text)
	}
}

// Stop cancels what is under way.
func (s *DeskScreen) Stop() { s.desk.Cancel() }

// Paste verifies text.
func (s *DeskScreen) Paste(text string) {
	f := model.File{Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
	s.beside(func() { s.desk.Drop(s.ctx, f) })
}
