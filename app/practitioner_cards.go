package app

import (
	"bytes"
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/card"
)

func newDialog(s *shell, title string, content fyne.CanvasObject) *dialog.CustomDialog {
	return dialog.NewCustomWithoutButtons(title, content, s.window)
}

// cardsRoom shows the licences, or everything about one.
type cardsRoom struct {
	*walletRoom
	cards  *model.Cards
	safety *model.Safety
	page   string // id of the card that is open; "" for the list
	upTo   int    // how many cards are drawn
	due    string // the reminder that is drawn
}

// cardsAtOnce is how many cards are drawn at first, and more at a time: each takes
// half a window.
const cardsAtOnce = 4

func (p *practitioner) cards(s *shell) room {
	r := &cardsRoom{walletRoom: newWalletRoom(p, s.words.L("Cards")), upTo: cardsAtOnce}
	r.cards = model.NewCards(func() (model.Keeping, error) { return p.open() }, s.now, s.words, func() { onScreen(r.draw) })
	r.safety = model.NewSafety(model.RolePractitioner, p.safe, s.now, s.words, func() {
		onScreen(func() {
			if r.safety.State().Due != r.due {
				r.draw()
			}
		})
	})
	r.refresh = func() {
		r.cards.Refresh(s.ctx)
		r.safety.Refresh(s.ctx)
	}
	return r
}

// Stop implements stopper.
func (r *cardsRoom) Stop() { r.open("") }

// Actions implements actor.
func (r *cardsRoom) Actions() []action {
	w := r.s.words
	return []action{{w.L("Get a licence"), control(fyne.KeyN), func() { r.s.goTo("get") }}, {w.L("Present"), control(fyne.KeyP), func() { r.s.goTo("present") }}}
}

func (r *cardsRoom) open(id string) {
	r.page = id
	r.draw()
	r.scroll.ScrollToTop()
}

func (r *cardsRoom) draw() {
	r.body.RemoveAll()
	defer r.body.Refresh()
	st, w := r.cards.State(), r.s.words
	if !st.Loaded {
		r.body.Add(wrapped(w.L("Opening your wallet")))
		return
	}
	if st.Trouble.Code != "" {
		r.body.Add(troublePanel(r.s, st.Trouble, newButton(w.L("Try again"), theme.ViewRefreshIcon(), r.Enter)))
		return
	}
	if r.page != "" {
		if page, ok := r.cards.Page(r.page); ok {
			r.drawPage(page)
			return
		}
		r.page = ""
	}
	if st.NoData.Code != "" {
		r.body.Add(troublePanel(r.s, st.NoData, newButton(w.L("Go to Data"), theme.StorageIcon(), func() { r.s.goTo("data") })))
	}
	safe := r.safety.State()
	if r.due = safe.Due; safe.Due != "" && len(st.Cards) > 0 {
		r.body.Add(newPanel(theme.ColorNameWarning, container.NewVBox(
			tight(strong(safe.Last), wrapped(safe.Due)),
			buttons(r.s, newButton(w.L("Go to Safety"), theme.DocumentSaveIcon(), func() { r.s.goTo("safety") })),
		)))
	}
	if len(st.Cards) == 0 {
		r.body.Add(r.empty())
	}
	for i, c := range st.Cards {
		if i == r.upTo {
			r.body.Add(container.NewHBox(newButton(w.L("Show more"), theme.MoveDownIcon(), func() {
				r.upTo += cardsAtOnce
				r.draw()
			})))
			break
		}
		r.body.Add(r.card(c))
	}
	if st.Data != "" && len(st.Cards) > 0 {
		r.body.Add(caption(st.Data))
	}
	if len(st.Deleted) > 0 {
		list := container.NewVBox()
		for _, c := range st.Deleted {
			list.Add(r.deleted(c))
		}
		r.body.Add(widget.NewAccordion(widget.NewAccordionItem(w.L("Deleted"), list)))
	}
}

// empty says how the first licence comes here.
func (r *cardsRoom) empty() fyne.CanvasObject {
	w := r.s.words
	return newPanel(theme.ColorNamePrimary, container.NewVBox(
		tight(
			strong(w.L("There is no licence here yet")),
			wrapped(w.L("1. Ask your licensing board for a claim code.")),
			wrapped(w.L("2. Make a claim with it under Get a licence, and bring the claim to the board.")),
			wrapped(w.L("3. Take in the licence that the board gives you.")),
		),
		buttons(r.s, newPrimary(w.L("Get a licence"), theme.DownloadIcon(), func() { r.s.goTo("get") })),
	))
}

// tone is the colour and the icon that go with a status' word.
func tone(c model.Card) (fyne.ThemeColorName, fyne.Resource) {
	switch c.Tone {
	case model.Good:
		return theme.ColorNameSuccess, theme.ConfirmIcon()
	case model.Limited:
		return theme.ColorNameWarning, theme.WarningIcon()
	case model.Bad:
		return theme.ColorNameError, theme.CancelIcon()
	}
	return theme.ColorNameWarning, theme.QuestionIcon()
}

// statusLine is the status as a word, with its mark and as of when.
func statusLine(c model.Card) fyne.CanvasObject {
	colour, icon := tone(c)
	word := strong(c.Status)
	word.Importance = importance(colour)
	return marked(icon, colour, word, caption(c.AsOf))
}

// summary is what a card says in short.
func summary(s *shell, c model.Card) *fyne.Container {
	title := strong(c.Title)
	title.SizeName = theme.SizeNameSubHeadingText
	box := container.NewVBox(tight(title, party(s, c.Board)), statusLine(c))
	lines := tight()
	for _, t := range append(append([]string{}, c.Permits...), c.Where, c.Until) {
		lines.Add(wrapped(t))
	}
	if c.Number != "" {
		lines.Objects = append([]fyne.CanvasObject{wrapped(s.words.L("Number: {{.Number}}", model.D{"Number": c.Number}))}, lines.Objects...)
	}
	box.Add(lines)
	for _, t := range c.Warnings {
		box.Add(warning(t))
	}
	return box
}

// card is one licence in the list.
func (r *cardsRoom) card(c model.Card) fyne.CanvasObject {
	w := r.s.words
	box := summary(r.s, c)
	box.Add(buttons(r.s,
		newButton(w.L("Details"), theme.InfoIcon(), func() { r.open(c.ID) }),
		newButton(w.L("Delete"), theme.DeleteIcon(), func() { r.delete(c.ID) }),
	))
	colour, _ := tone(c)
	return newPanel(colour, box)
}

// deleted is a licence that can be put back.
func (r *cardsRoom) deleted(c model.Card) fyne.CanvasObject {
	w := r.s.words
	return newPanel(theme.ColorNameSeparator, container.NewVBox(
		tight(strong(c.Title), party(r.s, c.Board), caption(c.Gone)),
		buttons(r.s,
			newButton(w.L("Put back"), theme.ContentUndoIcon(), func() { r.putBack(c.ID) }),
			newButton(w.L("Delete for good"), theme.DeleteIcon(), func() { r.erase(c) }),
		),
	))
}

// drawPage shows everything about one licence.
func (r *cardsRoom) drawPage(p model.CardPage) {
	w := r.s.words
	r.body.Add(container.NewHBox(newButton(w.L("Back"), theme.NavigateBackIcon(), func() { r.open("") })))
	colour, _ := tone(p.Card)
	r.body.Add(newPanel(colour, summary(r.s, p.Card)))

	r.body.Add(section2(w.L("Everything that it says")))
	r.body.Add(factGrid(r.s, p.Facts))
	r.body.Add(caption(p.Received))

	board := tight(party(r.s, p.Board))
	if p.Board.Desk != "" {
		board.Add(wrapped(w.L("To be reached at: {{.Contact}}", model.D{"Contact": p.Board.Desk})))
	}
	id := caption(p.Board.DID)
	id.Wrapping = fyne.TextWrapBreak
	board.Add(caption(w.L("Identifier on the boards' ledger:")))
	board.Add(id)
	r.body.Add(widget.NewAccordion(widget.NewAccordionItem(w.L("The board"), board)))

	r.body.Add(section2(w.L("Forms in which it is kept")))
	for _, e := range p.Envelopes {
		r.body.Add(r.envelope(e))
	}
	r.body.Add(section2(w.L("On paper")))
	r.body.Add(wrapped(w.L("A PDF to print, with codes from which a hospital verifies the licence without any server.")))
	r.body.Add(buttons(r.s,
		newButton(w.L("Save a page (A6)…"), theme.DocumentPrintIcon(), func() { r.print(p.ID, card.A6) }),
		newButton(w.L("Save a bank card…"), theme.DocumentPrintIcon(), func() { r.print(p.ID, card.Bank) }),
	))
	r.body.Add(widget.NewSeparator())
	r.body.Add(buttons(r.s, newButton(w.L("Delete"), theme.DeleteIcon(), func() {
		r.page = ""
		r.delete(p.ID)
	})))
}

// section2 is the heading of a part of a page.
func section2(text string) fyne.CanvasObject {
	l := strong(text)
	l.SizeName = theme.SizeNameSubHeadingText
	return l
}

func (r *cardsRoom) envelope(e model.Envelope) fyne.CanvasObject {
	w := r.s.words
	lines := tight(strong(e.Name), wrapped(e.Says))
	if len(e.Optional) > 0 {
		lines.Add(caption(w.L("What can be left out:")))
		for _, o := range e.Optional {
			lines.Add(caption(w.L("– {{.Detail}}", model.D{"Detail": o})))
		}
	}
	return newPanel(theme.ColorNameSeparator, container.NewVBox(lines, buttons(r.s,
		newButton(w.L("Show the raw form"), theme.DocumentIcon(), func() {
			showText(r.s, e.Name, w.L("This is the licence as it was taken in. It was checked then."), e.Raw)
		}),
		newButton(w.L("Save a copy…"), theme.DocumentSaveIcon(), func() {
			r.s.saveFile(e.File, func(out io.Writer) error { _, err := io.Copy(out, bytes.NewReader(e.Bytes)); return err },
				func() { r.s.notice(w.L("Saved."), nil) })
		}),
		newButton(w.L("Show it as QR codes"), theme.VisibilityIcon(), func() { showCodes(r.s, e.Name, e.Bytes) }),
	)))
}

func (r *cardsRoom) print(id string, size card.Size) {
	r.s.saveFile(model.PaperName(id, size), func(out io.Writer) error { return r.cards.Print(id, size, out) }, func() { r.s.notice(r.s.words.L("Saved."), nil) })
}

func (r *cardsRoom) delete(id string) {
	w := r.s.words
	r.besideAnd(func() error {
		title, err := r.cards.Delete(r.s.ctx, id)
		if err == nil {
			onScreen(func() {
				r.s.notice(w.L("Deleted: {{.Title}}. It can be put back for 30 days.", model.D{"Title": title}), func() { r.putBack(id) })
			})
		}
		return err
	})
}

func (r *cardsRoom) putBack(id string) {
	r.besideAnd(func() error { return r.cards.PutBack(r.s.ctx, id) })
}

// erase asks first: this cannot be undone.
func (r *cardsRoom) erase(c model.Card) {
	w := r.s.words
	confirm(r.s, w.L("Delete for good?"), w.L("The licence goes from this device and cannot be put back. To get it again you need a new claim code from the board."),
		w.L("Delete for good"), func() { r.besideAnd(func() error { return r.cards.Erase(r.s.ctx, c.ID) }) })
}

// confirm asks before something that cannot be undone.
func confirm(s *shell, title, text, yes string, do func()) {
	d := newDialog(s, title, wrapped(text))
	b := newButton(yes, theme.DeleteIcon(), func() {
		d.Hide()
		do()
	})
	b.Importance = widget.DangerImportance
	d.SetButtons([]fyne.CanvasObject{newButton(s.words.L("Cancel"), theme.CancelIcon(), d.Hide), b})
	s.ask(d, fyne.NewSize(420, 0))
}
