package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// stepPage shows an act of the board before somebody confirms it: what follows,
// in whose name, and what is to be compared or typed first. What somebody types
// into stays as it is while the page is drawn anew.
type stepPage struct {
	s       *shell
	box     *fyne.Container
	confirm func()
	decline func()
	compare func(text string) // of a fingerprint
	tick    func(row int, yes bool)
	word    func(text string)

	title string // of the step that is drawn; "" where none is
	yes   *push
	no    *push
	same  *comparing // nil where nothing is compared
}

func newStepPage(s *shell) *stepPage {
	p := &stepPage{s: s, box: container.NewVBox()}
	p.box.Hide()
	return p
}

// draw shows a step, nil for none, and reports whether it came anew.
func (p *stepPage) draw(st *model.Step, busy bool) (came bool) {
	if st == nil {
		p.title = ""
		p.box.RemoveAll()
		p.box.Hide()
		return false
	}
	if p.title != st.Title {
		p.title, came = st.Title, true
		p.build(st)
	}
	enable(p.yes, st.Ready() && !busy)
	enable(p.no, !busy)
	if c := st.Compare; c != nil {
		p.same.update(c.Ticked[:], c.Matches, c.Differs)
	}
	p.box.Show()
	return came
}

func (p *stepPage) build(st *model.Step) {
	s, w := p.s, p.s.words
	p.box.RemoveAll()
	p.same = nil
	p.box.Add(section2(st.Title))
	if st.Odd {
		p.box.Add(oddMark(s))
	}
	follows := tight()
	for _, l := range st.Lines {
		if l != "" {
			follows.Add(wrapped(l))
		}
	}
	p.box.Add(newPanel(theme.ColorNamePrimary, tight(strong(w.L("What follows")), follows)))
	if len(st.Facts) > 0 {
		p.box.Add(smallPrint(st.Facts))
	}
	if c := st.Compare; c != nil {
		p.same = newComparing(s, c.Rows[:], p.tick, p.compare)
		p.box.Add(strong(w.L("Compare the fingerprint")))
		p.box.Add(p.same.box)
	}
	p.yes = newPrimary(st.Confirm, theme.ConfirmIcon(), p.confirm)
	if st.Word != "" {
		p.yes.Importance = widget.DangerImportance
		typed := newEntry()
		typed.OnChanged = p.word
		typed.OnSubmitted = func(string) { p.yes.Tapped(nil) }
		p.box.Add(field(w.L("This cannot be taken back. Type the word “{{.Word}}” to confirm.", model.D{"Word": st.Word}), typed))
	}
	if st.Signs != "" {
		p.box.Add(caption(st.Signs))
	}
	p.no = newButton(w.L("Cancel"), theme.CancelIcon(), p.decline)
	p.box.Add(buttons(s, p.yes, p.no))
}

// smallPrint are identifiers, for those who compare them.
func smallPrint(facts []model.Fact) fyne.CanvasObject {
	box := tight()
	for _, f := range facts {
		box.Add(caption(f.Name))
		l := caption(f.Value)
		l.Wrapping, l.TextStyle.Monospace, l.Selectable = fyne.TextWrapBreak, true, true
		box.Add(l)
	}
	return box
}

// saidPanel says what became of an act, with a button that takes it away.
func saidPanel(s *shell, lines []string, dismiss func()) fyne.CanvasObject {
	box := tight()
	for i, l := range lines {
		t := wrapped(l)
		t.TextStyle.Bold = i == 0
		if i > 0 {
			t.Wrapping = fyne.TextWrapBreak // an identifier has no blanks
		}
		box.Add(t)
	}
	return newPanel(theme.ColorNameSuccess, container.NewVBox(box, container.NewHBox(newQuiet(s.words.L("Close"), theme.CancelIcon(), dismiss))))
}

// newPicker is a select of what can be chosen by name.
func newPicker(list []model.Choice, hint string) *widget.Select {
	var names []string
	for _, c := range list {
		names = append(names, c.Name)
	}
	sel := widget.NewSelect(names, nil)
	sel.PlaceHolder = hint
	return sel
}

// picked is the id of what a picker shows; "" where nothing is chosen.
func picked(sel *widget.Select, list []model.Choice) string {
	if i := sel.SelectedIndex(); i >= 0 && i < len(list) {
		return list[i].ID
	}
	return ""
}

// askForm is a dialog of fields whose answer is shown as a step. ready says
// whether all that is needed was given.
func (s *shell) askForm(title string, fields []fyne.CanvasObject, ready func() bool, then func()) (check func()) {
	w := s.words
	d := newDialog(s, title, container.NewVScroll(container.NewPadded(container.NewVBox(fields...))))
	next := newPrimary(w.L("Preview"), theme.NavigateNextIcon(), func() {
		if ready() {
			d.Hide()
			then()
		}
	})
	check = func() { enable(next, ready()) }
	check()
	d.SetButtons([]fyne.CanvasObject{newButton(w.L("Cancel"), theme.CancelIcon(), d.Hide), next})
	height := float32(0)
	for _, f := range fields {
		height += f.MinSize().Height + theme.Padding()
	}
	s.ask(d, fyne.NewSize(480, height+150))
	return check
}
