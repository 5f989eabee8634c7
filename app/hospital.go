package app

import (
	"context"
	"io"
	"strconv"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/home"
	"bonafide/internal/request"
	"bonafide/ledger"
	"bonafide/verifier"
)

// hospitalSections are the rooms of a hospital.
func hospitalSections(s *shell) []section {
	h := &hospital{home: s.home, ctx: s.ctx}
	return []section{
		{id: "verify", title: s.words.L("Verify"), icon: theme.ConfirmIcon(), open: h.verify, shortcut: control(fyne.Key1)},
		{id: "requests", title: s.words.L("Requests"), icon: theme.MailSendIcon(), open: h.requests, shortcut: control(fyne.Key2)},
		{id: "history", title: s.words.L("History"), icon: theme.HistoryIcon(), open: h.history, shortcut: control(fyne.Key3)},
		{id: "data", title: s.words.L("Data"), icon: theme.StorageIcon(), open: h.data, shortcut: control(fyne.Key4)},
		{id: "safety", title: s.words.L("Safety"), icon: theme.DocumentSaveIcon(), open: h.safety, shortcut: control(fyne.Key5)},
	}
}

// hospital opens the hospital's side of a home when it is first needed, beside
// the screen. What failed is tried again.
type hospital struct {
	home *home.Home
	ctx  context.Context

	mu   sync.Mutex
	side *home.Hospital
}

func (h *hospital) open() (*home.Hospital, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.side != nil {
		return h.side, nil
	}
	side, err := h.home.Hospital(h.ctx, home.HospitalOptions{})
	if err != nil {
		return nil, err
	}
	h.side = side
	return side, nil
}

// Verify implements model.Verifying.
func (h *hospital) Verify(ctx context.Context, in verifier.Input) (res verifier.Result, err error) {
	side, err := h.open()
	if err != nil {
		return res, err
	}
	return side.Verify(ctx, in)
}

// RequestOf implements model.Verifying.
func (h *hospital) RequestOf(ctx context.Context, nonce string) (*request.Request, error) {
	side, err := h.open()
	if err != nil {
		return nil, err
	}
	return side.RequestOf(ctx, nonce)
}

// Ready implements model.Verifying.
func (h *hospital) Ready(context.Context) error {
	_, err := h.home.Data()
	return err
}

// Audience implements model.Requesting.
func (h *hospital) Audience(ctx context.Context) (string, error) {
	side, err := h.open()
	if err != nil {
		return "", err
	}
	return side.Audience(ctx)
}

// Types implements model.Requesting.
func (h *hospital) Types(ctx context.Context) ([]ledger.Template, error) {
	side, err := h.open()
	if err != nil {
		return nil, err
	}
	return side.Types(ctx)
}

// NewRequest implements model.Requesting.
func (h *hospital) NewRequest(ctx context.Context, o home.RequestOptions) ([]byte, error) {
	side, err := h.open()
	if err != nil {
		return nil, err
	}
	return side.NewRequest(ctx, o)
}

// OpenRequests implements model.Requesting.
func (h *hospital) OpenRequests(ctx context.Context) ([]*request.Request, error) {
	side, err := h.open()
	if err != nil {
		return nil, err
	}
	return side.OpenRequests(ctx)
}

// CloseRequest implements model.Requesting.
func (h *hospital) CloseRequest(ctx context.Context, nonce string) error {
	side, err := h.open()
	if err != nil {
		return err
	}
	return side.CloseRequest(ctx, nonce)
}

// HistoryPage implements model.Recalling.
func (h *hospital) HistoryPage(ctx context.Context, before int64, limit int) ([]home.Kept, error) {
	side, err := h.open()
	if err != nil {
		return nil, err
	}
	return side.HistoryPage(ctx, before, limit)
}

// HistorySize implements model.Recalling.
func (h *hospital) HistorySize(ctx context.Context) (int, error) {
	side, err := h.open()
	if err != nil {
		return 0, err
	}
	return side.HistorySize(ctx)
}

// titled is a room's first line.
func titled(title string, rest ...fyne.CanvasObject) *fyne.Container {
	return container.NewVBox(append([]fyne.CanvasObject{heading(title)}, rest...)...)
}

// codeLink leads from a code into the help: small where a mouse points, large
// where a finger does. The code itself is small print.
func codeLink(s *shell, code string) fyne.CanvasObject { return codeLinkThen(s, code, nil) }

// codeLinkThen does something before it opens the help, as closing a dialog.
func codeLinkThen(s *shell, code string, before func()) fyne.CanvasObject {
	open := func() {
		if before != nil {
			before()
		}
		s.help(code)
	}
	small := widget.NewLabel(code)
	small.SizeName, small.Importance = theme.SizeNameCaptionText, widget.LowImportance
	small.Truncation = fyne.TextTruncateEllipsis
	title := s.words.L("More about this")
	var way fyne.CanvasObject
	if s.narrow() {
		way = newQuiet(title, theme.HelpIcon(), open)
	} else {
		way = newLink(title, open)
	}
	return container.NewBorder(nil, nil, container.New(middle{}, way), nil, container.New(middle{}, small))
}

// link is Fyne's, small, which lets keys through that are the window's.
type link struct{ widget.Hyperlink }

func newLink(text string, tapped func()) *link {
	l := &link{widget.Hyperlink{Text: text, SizeName: theme.SizeNameCaptionText, OnTapped: tapped}}
	l.ExtendBaseWidget(l)
	return l
}

// FocusGained implements fyne.Focusable.
func (l *link) FocusGained() {
	l.Hyperlink.FocusGained()
	reveal(l)
}

// TypedKey implements fyne.Focusable.
func (l *link) TypedKey(k *fyne.KeyEvent) {
	if !passOn(l, k) {
		l.Hyperlink.TypedKey(k)
	}
}

// middle leaves an object as high as it is, halfway down.
type middle struct{}

// MinSize implements fyne.Layout.
func (middle) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

// Layout implements fyne.Layout.
func (middle) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	h := objects[0].MinSize().Height
	objects[0].Move(fyne.NewPos(0, (size.Height-h)/2))
	objects[0].Resize(fyne.NewSize(size.Width, h))
}

// oddMark says that a name came with characters that deceive.
func oddMark(s *shell) fyne.CanvasObject {
	l := caption(s.words.L("A name here holds characters that deceive; they are shown by their number."))
	l.Importance = widget.WarningImportance
	return container.NewBorder(nil, nil, widget.NewIcon(theme.WarningIcon()), nil, l)
}

// troublePanel says why something cannot be done, and offers a way on.
func troublePanel(s *shell, t model.Trouble, ways ...fyne.CanvasObject) fyne.CanvasObject {
	first := wrapped(t.Message)
	first.TextStyle.Bold = true
	box := container.NewVBox(tight(first, wrapped(t.Next)))
	if len(ways) > 0 {
		box.Add(buttons(s, ways...))
	}
	box.Add(codeLink(s, t.Code))
	return newPanel(theme.ColorNameWarning, box)
}

// enable lets a widget be used, or not.
func enable(d fyne.Disableable, yes bool) {
	if yes == !d.Disabled() {
		return
	}
	if yes {
		d.Enable()
	} else {
		d.Disable()
	}
}

// relayout gives what a scroll shows its places anew, after parts of it came or
// went: a container tells nobody above it that it has grown. Text takes two
// turns, since its height follows from the width that the first one gives it.
func relayout(s *container.Scroll) {
	s.Content.Refresh()
	s.Content.Refresh()
	s.Refresh()
}

func number(n int) string { return strconv.Itoa(n) }

// showRaw shows what a file holds.
func showRaw(s *shell, raw model.Raw) {
	w := s.words
	grid := widget.NewTextGridFromString(raw.Text)
	grid.Scroll = fyne.ScrollBoth
	top := tight(wrapped(w.L("This is the file as it came. What of it was proved stands in the verdict.")))
	if raw.Token {
		top.Add(wrapped(w.L("It came as a token; this is what the token says.")))
	}
	if raw.Cut {
		top.Add(wrapped(w.L("It is long: only its beginning is shown.")))
	}
	var below fyne.CanvasObject
	if raw.Copy != "" {
		below = container.NewHBox(newButton(w.L("Copy"), theme.ContentCopyIcon(), func() {
			s.copyText(raw.Copy, false)
			s.notice(w.L("Copied."), nil)
		}))
	}
	d := dialog.NewCustom(w.L("What the file holds"), w.L("Close"), container.NewBorder(top, below, nil, nil, grid), s.window)
	size := s.window.Canvas().Size()
	s.ask(d, fyne.NewSize(size.Width*0.94, size.Height*0.86))
}

// savePage writes a verdict as a page to print, under the name that the hospital
// asks by.
func savePage(s *shell, res verifier.Result) {
	h, by, w := &hospital{home: s.home, ctx: s.ctx}, s.place.Title, s.words
	s.saveFile(model.PageName(res), func(out io.Writer) error {
		if name, err := h.Audience(h.ctx); err == nil && name != "" {
			by = name
		}
		return model.WritePage(out, w, res, by, home.Version())
	}, func() { s.notice(s.words.L("The page is saved."), nil) })
}
