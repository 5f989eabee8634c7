package app

import (
	"context"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/wallet"
)

// practitionerSections are the rooms of a practitioner.
func practitionerSections(s *shell) []section {
	p := &practitioner{s: s, home: s.home, ctx: s.ctx}
	get := s.words.L("Get a licence")
	if s.narrow() { // five of them share a phone's width
		get = s.words.L("Get")
	}
	return []section{
		{id: "cards", title: s.words.L("Cards"), icon: theme.AccountIcon(), open: p.cards, shortcut: control(fyne.Key1)},
		{id: "get", title: get, icon: theme.DownloadIcon(), open: p.get, shortcut: control(fyne.Key2)},
		{id: "present", title: s.words.L("Present"), icon: theme.MailSendIcon(), open: p.present, shortcut: control(fyne.Key3)},
		{id: "shared", title: s.words.L("Shared"), icon: theme.HistoryIcon(), open: p.shared, shortcut: control(fyne.Key4)},
		{id: "safety", title: s.words.L("Safety"), icon: theme.DocumentSaveIcon(), open: p.safety, shortcut: control(fyne.Key5)},
		{id: "data", title: s.words.L("Data"), icon: theme.StorageIcon(), open: func(s *shell) room { return newDataRoom(s, s.home) }, shortcut: control(fyne.Key6)},
	}
}

// practitioner opens the wallet of a home when it is first needed, beside the
// screen.
type practitioner struct {
	s    *shell
	home *home.Home
	ctx  context.Context

	mu     sync.Mutex
	wallet *wallet.Wallet
}

// open gives the wallet, with its keys made. It never asks for a passphrase: a
// locked home is an error of code passphrase_needed.
func (p *practitioner) open() (*wallet.Wallet, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.home.Actor() == "" {
		p.wallet = nil
		return nil, explain.Errorf("passphrase_needed", "the home is locked")
	}
	if p.wallet != nil {
		// What was opened before the home was locked stays closed for good.
		if _, err := p.wallet.Holder(p.ctx); err == nil {
			return p.wallet, nil
		}
		p.wallet = nil
	}
	w, err := p.home.Wallet(p.ctx)
	if err != nil {
		return nil, err
	}
	if _, err := w.Holder(p.ctx); explain.CodeOf(err) == "wallet_not_made" {
		_, err = w.Init(p.ctx)
		if explain.CodeOf(err) == "wallet_made_already" { // another process was faster
			err = nil
		}
		if err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	p.wallet = w
	return w, nil
}

// walletRoom is what the practitioner's rooms have in common.
type walletRoom struct {
	*lockedRoom
	p *practitioner
}

// newWalletRoom makes a room of a title; what it shows goes into body.
func newWalletRoom(p *practitioner, title string) *walletRoom {
	return &walletRoom{newLockedRoom(p.s, p.home, title, p.s.words.L("Your wallet is locked. Nothing of it is shown until it is unlocked.")), p}
}

// waiting shows what is under way once it has taken a while: a bar, and later a
// button to stop it.
type waiting struct {
	s      *shell
	redraw func()
	now    func() time.Time
	since  time.Time
	what   *widget.Label
	bar    *widget.ProgressBarInfinite
	cancel *push
	box    *fyne.Container
}

func newWaiting(s *shell, stop, redraw func()) *waiting {
	t := &waiting{s: s, redraw: redraw, now: time.Now, what: wrapped(""), bar: widget.NewProgressBarInfinite()}
	t.cancel = newButton(s.words.L("Cancel"), theme.CancelIcon(), stop)
	t.bar.Stop()
	t.box = container.NewVBox(t.what, t.bar, container.NewHBox(t.cancel))
	t.box.Hide()
	return t
}

// update says what is under way; "" is nothing.
func (t *waiting) update(what string) {
	if what == "" {
		t.since = time.Time{}
		t.bar.Stop()
		t.box.Hide()
		return
	}
	if t.since.IsZero() {
		t.since = t.now()
		t.s.after(barAfter, t.redraw)
		t.s.after(cancelAfter, t.redraw)
	}
	gone := t.now().Sub(t.since)
	setText(t.what, what)
	show(t.cancel, gone >= cancelAfter)
	if gone >= barAfter && !t.box.Visible() {
		t.box.Show()
		t.bar.Start()
	}
}

// besideAnd runs f beside the screen and says what went wrong.
func (r *lockedRoom) besideAnd(f func() error) {
	r.s.beside(func() {
		if err := f(); err != nil && r.s.ctx.Err() == nil {
			onScreen(func() { r.s.problem(err) })
		}
	})
}

// buttons stand side by side; on a phone, as wide as it, and one below the other
// unless two are short.
func buttons(s *shell, list ...fyne.CanvasObject) fyne.CanvasObject {
	if !s.narrow() {
		return container.NewHBox(list...)
	}
	if len(list) == 2 {
		half := s.window.Canvas().Size().Width/2 - 4*theme.Padding()
		if list[0].MinSize().Width <= half && list[1].MinSize().Width <= half {
			return container.NewGridWithColumns(2, list...)
		}
	}
	return container.NewVBox(list...)
}

// marked puts an icon before text that begins with a line of its height.
func marked(icon fyne.Resource, colour fyne.ThemeColorName, first *widget.Label, rest ...fyne.CanvasObject) fyne.CanvasObject {
	if colour != "" {
		icon = theme.NewColoredResource(icon, colour)
	}
	size := fyne.NewSize(theme.IconInlineSize()+2*theme.Padding(), widget.NewLabel("x").MinSize().Height)
	side := container.NewVBox(container.NewGridWrap(size, widget.NewIcon(icon)))
	return container.NewBorder(nil, nil, side, nil, tight(append([]fyne.CanvasObject{first}, rest...)...))
}

// strong is wrapped text in bold letters.
func strong(text string) *widget.Label {
	l := wrapped(text)
	l.TextStyle.Bold = true
	return l
}

// warning is one thing that wants attention, with its mark and what to do.
func warning(t model.Trouble) fyne.CanvasObject {
	return marked(theme.WarningIcon(), theme.ColorNameWarning, strong(t.Message), wrapped(t.Next))
}

// party is somebody by name, with a mark where the name deceives.
func party(s *shell, p model.Party) fyne.CanvasObject {
	name := wrapped(p.Name)
	name.Wrapping = fyne.TextWrapBreak // an identifier has no blanks
	if !p.Odd {
		return name
	}
	return tight(name, oddMark(s))
}

// said is a line of a room that says what became of something.
func said(edge fyne.ThemeColorName, title string, lines ...string) fyne.CanvasObject {
	box := tight(strong(title))
	for _, l := range lines {
		if l != "" {
			box.Add(wrapped(l))
		}
	}
	return newPanel(edge, box)
}

// showText shows something long, letter for letter.
func showText(s *shell, title, note string, raw model.Raw) {
	w := s.words
	grid := widget.NewTextGridFromString(raw.Text)
	grid.Scroll = fyne.ScrollBoth
	top := tight(wrapped(note))
	if raw.Token {
		top.Add(wrapped(w.L("It is kept as a token; this is what the token says.")))
	}
	if raw.Cut {
		top.Add(wrapped(w.L("It is long: only its beginning is shown.")))
	}
	content := container.NewBorder(top, nil, nil, nil, grid)
	d := newDialog(s, title, content)
	list := []fyne.CanvasObject{newPrimary(w.L("Close"), theme.CancelIcon(), d.Hide)}
	if raw.Copy != "" {
		list = append([]fyne.CanvasObject{newButton(w.L("Copy"), theme.ContentCopyIcon(), func() {
			s.copyText(raw.Copy, true)
			s.notice(w.L("Copied. It goes from the clipboard in a minute."), nil)
		})}, list...)
	}
	d.SetButtons(list)
	s.ask(d, s.most())
}
