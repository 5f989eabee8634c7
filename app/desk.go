// Package app is the Fyne app: it draws what app/model says and hands back
// what people do. It opens no window by itself, so that it runs in tests.
package app

import (
	"context"
	"io"

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

// onScreen runs f on Fyne's own goroutine; every change of a widget from
// another goroutine goes through it.
func onScreen(f func()) { fyne.Do(f) }

// purposes in the order of the picker, with the words people read.
var purposes = []struct {
	value verifier.Purpose
	label string
}{
	{verifier.Privileging, "Privileging"},
	{verifier.Disaster, "Disaster privileges"},
	{verifier.Monitoring, "Monthly monitoring"},
}

// DeskScreen is the hospital's first room: drop a file, see the verdict.
type DeskScreen struct {
	desk    *model.Desk
	window  fyne.Window
	ctx     context.Context
	content fyne.CanvasObject

	data     *widget.Label
	request  *widget.Label
	word     *widget.Label
	headline *widget.Label
	file     *widget.Label
	hint     *widget.Label
	progress *widget.ProgressBarInfinite
	cancel   *widget.Button
	clear    *widget.Button
	purpose  *widget.Select
	checks   *fyne.Container
}

// NewDeskScreen draws the desk into w. ctx ends what is under way when the
// window goes.
func NewDeskScreen(ctx context.Context, w fyne.Window, v model.Verifying, clock model.Clock) *DeskScreen {
	s := &DeskScreen{window: w, ctx: ctx}
	s.desk = model.NewDesk(v, clock, func(st model.State) { onScreen(func() { s.draw(st) }) })

	s.data = wrapped("")
	s.request = wrapped("A request is open: drop the presentation that answers it.")
	s.word = widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	s.word.SizeName = theme.SizeNameHeadingText
	s.headline = wrapped("")
	s.file = wrapped("")
	s.file.Importance = widget.LowImportance
	s.hint = wrapped("Drop a credential or a presentation here, paste it, or open it. Nothing leaves this machine.")
	s.progress = widget.NewProgressBarInfinite()
	s.cancel = widget.NewButtonWithIcon("Cancel", theme.CancelIcon(), s.desk.Cancel)
	s.clear = widget.NewButtonWithIcon("Clear", theme.ContentClearIcon(), s.desk.Clear)
	labels := make([]string, len(purposes))
	for i, p := range purposes {
		labels[i] = p.label
	}
	s.purpose = widget.NewSelect(labels, func(chosen string) {
		for _, p := range purposes {
			if p.label == chosen && s.desk.State().Purpose != p.value {
				s.desk.SetPurpose(p.value)
			}
		}
	})
	s.checks = container.NewVBox()

	open := widget.NewButtonWithIcon("Open…", theme.FolderOpenIcon(), s.open)
	open.Importance = widget.HighImportance
	paste := widget.NewButtonWithIcon("Paste", theme.ContentPasteIcon(), s.paste)
	bar := container.NewGridWrap(fyne.NewSize(150, open.MinSize().Height), open, paste, s.clear)
	top := container.NewVBox(
		widget.NewLabelWithStyle("Verify", fyne.TextAlignLeading, fyne.TextStyle{Bold: true}),
		s.data,
		container.New(layout.NewFormLayout(), widget.NewLabel("Purpose"), s.purpose),
		bar, s.request, widget.NewSeparator(),
	)
	body := container.NewVBox(s.hint, s.progress, s.cancel, s.word, s.headline, s.file, s.checks)
	s.content = container.NewBorder(top, nil, nil, nil, container.NewVScroll(body))

	w.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) { s.dropped(uris) })
	w.Canvas().AddShortcut(&fyne.ShortcutPaste{}, func(fyne.Shortcut) { s.paste() })
	s.draw(s.desk.State())
	go s.desk.Refresh(ctx)
	return s
}

// Content is the screen's canvas object.
func (s *DeskScreen) Content() fyne.CanvasObject { return s.content }

func wrapped(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

func show(o fyne.CanvasObject, yes bool) {
	if yes {
		o.Show()
	} else {
		o.Hide()
	}
}

// draw shows a state; it runs on Fyne's goroutine.
func (s *DeskScreen) draw(st model.State) {
	s.data.SetText(st.Data)
	show(s.data, st.Data != "")
	for _, p := range purposes {
		if p.value == st.Purpose && s.purpose.Selected != p.label {
			s.purpose.SetSelected(p.label)
		}
	}
	show(s.request, st.Request && st.Phase == model.Waiting)
	show(s.hint, st.Phase == model.Waiting && !st.Request)
	show(s.progress, st.Phase == model.Working)
	show(s.cancel, st.Phase == model.Working)
	show(s.clear, st.Phase != model.Waiting || st.Request)
	show(s.word, st.Phase == model.Shown || st.Phase == model.Failed)
	show(s.headline, st.Phase == model.Shown || st.Phase == model.Failed)
	s.file.SetText(st.File)
	show(s.file, st.File != "")
	s.checks.RemoveAll()
	switch st.Phase {
	case model.Failed:
		s.word.Importance = widget.WarningImportance
		s.word.SetText("No verdict")
		s.headline.SetText(st.Problem + "\n" + st.Next)
	case model.Shown:
		switch st.Verdict {
		case verifier.Verified:
			s.word.Importance = widget.SuccessImportance
		case verifier.Rejected:
			s.word.Importance = widget.DangerImportance
		default:
			s.word.Importance = widget.WarningImportance
		}
		s.word.SetText(st.Word)
		s.headline.SetText(st.Headline)
		for _, l := range st.Lines {
			s.checks.Add(row(l))
		}
	}
	s.checks.Refresh()
}

// row draws one check: its mark as a word, the sentence, what to do next.
func row(l model.Line) fyne.CanvasObject {
	mark := widget.NewLabelWithStyle(l.Mark, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	text := container.NewVBox(wrapped(l.Message))
	if l.Next != "" {
		text.Add(wrapped("Next: " + l.Next))
	}
	foot := l.Code
	if l.AsOf != "" {
		foot += " · as of " + l.AsOf
	}
	small := wrapped(foot)
	small.Importance = widget.LowImportance
	small.SizeName = theme.SizeNameCaptionText
	text.Add(small)
	return container.NewBorder(nil, widget.NewSeparator(), container.NewGridWrap(fyne.NewSize(110, mark.MinSize().Height), mark), nil, text)
}

func (s *DeskScreen) dropped(uris []fyne.URI) {
	for _, u := range uris {
		r, err := storage.Reader(u)
		if err != nil {
			s.desk.Unreadable(u.Name())
			continue
		}
		s.take(u.Name(), r)
	}
}

func (s *DeskScreen) open() {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		switch {
		case err != nil:
			s.desk.Unreadable("")
		case r != nil:
			s.take(r.URI().Name(), r)
		}
	}, s.window)
	d.Show()
}

func (s *DeskScreen) paste() {
	text := fyne.CurrentApp().Clipboard().Content()
	if text == "" {
		return
	}
	go s.desk.Drop(s.ctx, "", []byte(text))
}

// take reads a file, never more than the desk accepts, and verifies it.
func (s *DeskScreen) take(name string, r io.ReadCloser) {
	go func() {
		defer func() { _ = r.Close() }()
		b, err := io.ReadAll(io.LimitReader(r, model.MaxFile+1))
		if err != nil {
			s.desk.Unreadable(name)
			return
		}
		s.desk.Drop(s.ctx, name, b)
	}()
}
