package app

import (
	"io"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/card"
	"bonafide/vc"
)

// lettersPanel makes letters with claim codes: for all that nobody has claimed,
// or for some licences.
type lettersPanel struct {
	s       *shell
	model   *model.Letters
	box     *fyne.Container
	resized func() // its size is another one

	says     *fyne.Container
	again    *tick
	ends     *widget.Label // what that does
	language *widget.Select
	paper    *widget.Select
	form     *fyne.Container
	make     *push
	bar      *workBar
	made     *fyne.Container
	drawn    int
	busy     bool
}

// newLettersPanel makes the panel; refs as model.NewLetters has it.
func newLettersPanel(b *board, refs []string, resized func()) *lettersPanel {
	s, w := b.s, b.s.words
	p := &lettersPanel{s: s, box: container.NewVBox(), says: container.NewVBox(), made: container.NewVBox(), resized: resized, drawn: -1}
	p.model = model.NewLetters(func() (model.LettersBoard, error) { return b.atWork() }, refs, s.now, w, func() { onScreen(p.draw) })
	st := p.model.State()
	var names []string
	for _, l := range model.LetterLanguages() {
		names = append(names, languageNames[l])
	}
	p.language = widget.NewSelect(names, nil)
	p.language.SetSelectedIndex(slices.Index(model.LetterLanguages(), st.Language))
	p.language.OnChanged = func(string) { p.model.SetLanguage(model.LetterLanguages()[p.language.SelectedIndex()]) }
	p.paper = widget.NewSelect([]string{w.L("Letter, 8.5 × 11 inches"), w.L("A4")}, nil)
	p.paper.SetSelectedIndex(slices.Index(card.Papers, st.Paper))
	p.paper.OnChanged = func(string) { p.model.SetPaper(card.Papers[p.paper.SelectedIndex()]) }
	p.again = newTick(w.L("For them too"), p.model.SetAgain)
	p.ends = caption(w.L("The code that they have then ends."))
	p.make = newPrimary("", theme.DocumentCreateIcon(), func() {
		s.unlocked(func() { s.beside(func() { p.model.Make(s.ctx) }) })
	})
	p.bar = newWorkBar(w, p.model.Work)
	if refs == nil {
		p.box.Add(wrapped(w.L("A claim code lets a practitioner get a licence into a wallet. A letter brings it, one page a licence. The codes are in that file and nowhere else: print it, then remove it.")))
	} else {
		p.box.Add(wrapped(w.L("With the claim code the practitioner gets this licence into a wallet. It is shown now and never again. A code made earlier and not used ends.")))
	}
	columns := container.NewGridWithColumns(2)
	if s.narrow() {
		columns = container.NewVBox()
	}
	columns.Add(field(w.L("Language of the letter"), p.language))
	columns.Add(field(w.L("Paper"), p.paper))
	p.form = container.NewVBox(tight(p.again, p.ends), columns, buttons(s, p.make))
	p.box.Add(p.says)
	p.box.Add(p.form)
	p.box.Add(p.bar)
	p.box.Add(p.made)
	p.again.Hide()
	p.ends.Hide()
	p.draw()
	return p
}

// draw shows the letters; it runs on Fyne's goroutine.
func (p *lettersPanel) draw() {
	st, w, s := p.model.State(), p.s.words, p.s
	p.bar.Update()
	busy := p.model.Work.State().Running
	if p.drawn == st.Version && p.busy == busy {
		return
	}
	p.drawn, p.busy = st.Version, busy
	defer p.resized()
	p.says.RemoveAll()
	p.made.RemoveAll()
	if !st.Loaded {
		p.says.Add(wrapped(w.L("Counting who has not claimed")))
	}
	if st.Says != "" {
		says := tight(strong(st.Says))
		if st.Out != "" {
			says.Add(wrapped(st.Out))
		}
		p.says.Add(says)
	}
	show(p.again, st.Out != "")
	show(p.ends, st.Out != "")
	show(p.form, st.Made == nil && st.Loaded && (st.Count > 0 || st.Out != ""))
	p.make.SetText(w.N("Make {{.N}} letters", min(st.Count, card.MaxLetters)))
	enable(p.make, st.Count > 0 && !busy)
	for _, t := range []model.Trouble{st.Trouble, st.Fault} {
		if t.Code != "" {
			p.made.Add(troublePanel(s, t))
		}
	}
	if st.Said != "" {
		p.made.Add(wrapped(st.Said))
	}
	if st.Saved {
		p.made.Add(wrapped(w.L("Saved. The codes are in that file alone: print it, then remove it.")))
	}
	if st.Made != nil {
		p.made.Add(p.letters(st.Made))
	}
}

// letters shows what was made, until it is saved.
func (p *lettersPanel) letters(m *model.MadeLetters) fyne.CanvasObject {
	w, s := p.s.words, p.s
	box := container.NewVBox()
	if m.Code != "" {
		code := strong(m.Code)
		code.TextStyle.Monospace = true
		code.SizeName = theme.SizeNameSubHeadingText
		code.Selectable = true
		box.Add(tight(wrapped(w.L("Claim code")), code, wrapped(m.Until)))
	} else {
		box.Add(tight(strong(m.Title), wrapped(m.Until)))
	}
	for _, t := range []string{m.Odd, m.Left} {
		if t != "" {
			box.Add(marked(theme.WarningIcon(), theme.ColorNameWarning, wrapped(t)))
		}
	}
	save := w.L("Save the letters…")
	if m.Code != "" {
		save = w.L("Save the letter…")
	}
	list := []fyne.CanvasObject{newPrimary(save, theme.DocumentSaveIcon(), func() {
		s.saveFile(m.Name, p.model.Save, func() {
			if m.Code == "" {
				p.model.Forget(true)
			} else {
				s.notice(w.L("Saved. Print it, then remove the file."), nil)
			}
		})
	})}
	if m.Code != "" {
		list = append(list, newButton(w.L("Copy the code"), theme.ContentCopyIcon(), func() {
			s.copyText(m.Code, true)
			s.notice(w.L("Copied. It goes from the clipboard in a minute."), nil)
		}))
	} else {
		list = append(list, newButton(w.L("Discard"), theme.DeleteIcon(), func() {
			confirm(s, w.L("Discard the letters?"), w.L("Their codes are in no other place: nobody can use them any more. New letters make new codes."),
				w.L("Discard"), func() { p.model.Forget(false) })
		}))
	}
	box.Add(buttons(s, list...))
	if m.Code != "" {
		box.Add(newCodes(s, m.Text).box)
	}
	return newPanel(theme.ColorNameSuccess, box)
}

// letterFor makes a claim code for licences by their references, with a letter
// for each: in a dialog, where one code is shown once.
func (b *board) letterFor(refs ...string) {
	s, w := b.s, b.s.words
	s.unlocked(func() {
		var scroll *container.Scroll
		p := newLettersPanel(b, refs, func() {
			if scroll != nil {
				relayout(scroll)
			}
		})
		scroll = container.NewVScroll(container.NewPadded(p.box))
		d := newDialog(s, w.L("Claim code"), scroll)
		d.SetButtons([]fyne.CanvasObject{newButton(w.L("Close"), theme.CancelIcon(), d.Hide)})
		askThen(s, d, func() {
			p.model.Work.Cancel()
			p.model.Forget(false)
		})
	})
}

// cardFor prints a licence by its reference.
func (b *board) cardFor(ref string) {
	s, w := b.s, b.s.words
	var names []string
	for _, f := range model.CardFormats {
		name, _ := model.CardFormatName(w, f)
		names = append(names, name)
	}
	says := wrapped("")
	form := widget.NewSelect(names, nil)
	format := func() vc.Format { return model.CardFormats[max(0, form.SelectedIndex())] }
	form.OnChanged = func(string) {
		_, text := model.CardFormatName(w, format())
		says.SetText(text)
	}
	form.SetSelectedIndex(0)
	content := container.NewVBox(
		wrapped(w.L("A PDF to print, with codes from which a hospital verifies the licence without any server.")),
		wrapped(w.L("It is the register's copy, bound to no wallet: paper cannot show who carries it, and says so. What the licence stands at is told by the data of whoever verifies.")),
		field(w.L("Form in the codes"), form), says,
	)
	d := newDialog(s, w.L("Print a card"), container.NewVScroll(content))
	save := func(size card.Size) func() {
		return func() {
			f := format()
			d.Hide()
			s.saveFile("licence-"+string(size)+".pdf", func(out io.Writer) error {
				is, err := b.atWork()
				if err != nil {
					return err
				}
				return model.WriteCard(s.ctx, is, ref, size, f, w, s.now(), out)
			}, func() { s.notice(w.L("Saved."), nil) })
		}
	}
	content.Add(buttons(s,
		newPrimary(w.L("Save a page (A6)…"), theme.DocumentPrintIcon(), save(card.A6)),
		newButton(w.L("Save a bank card…"), theme.DocumentPrintIcon(), save(card.Bank)),
	))
	d.SetButtons([]fyne.CanvasObject{newButton(w.L("Cancel"), theme.CancelIcon(), d.Hide)})
	s.ask(d, fyne.NewSize(560, 380))
}
