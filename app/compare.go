package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// comparing is where a person compares a fingerprint with what came by another
// way: what was told is typed, or row after row is ticked.
type comparing struct {
	s     *shell
	box   *fyne.Container
	typed *entry
	match *widget.Label
	ticks []*tick
}

// newComparing compares with what a board told.
func newComparing(s *shell, rows []string, ticked func(row int, yes bool), typed func(text string)) *comparing {
	return newComparingWith(s, s.words.L("Is this the fingerprint that the board told you by another way? Have it read to you, and tick each row that is the same."), rows, ticked, typed)
}

// newComparingWith asks a question of its own.
func newComparingWith(s *shell, asks string, rows []string, ticked func(row int, yes bool), typed func(text string)) *comparing {
	w := s.words
	c := &comparing{s: s, typed: newEntry(), match: wrapped("")}
	c.update(make([]bool, len(rows)), false, "")
	c.typed.SetPlaceHolder(w.L("Type or paste the fingerprint that you were told"))
	c.typed.OnChanged = typed
	list := container.NewVBox()
	for i, r := range rows {
		digits := widget.NewLabelWithStyle(r, fyne.TextAlignLeading, fyne.TextStyle{Monospace: true, Bold: true})
		if !s.narrow() { // a row fits a phone's width
			digits.SizeName = theme.SizeNameSubHeadingText
		}
		t := newTick(w.L("The same"), func(yes bool) { ticked(i, yes) })
		c.ticks = append(c.ticks, t)
		if s.narrow() && digits.MinSize().Width+t.MinSize().Width > breadth() {
			digits.Wrapping = fyne.TextWrapWord // large text
			list.Add(container.NewVBox(digits, t))
		} else {
			list.Add(container.NewBorder(nil, nil, nil, t, digits))
		}
	}
	c.box = container.NewVBox(
		wrapped(asks),
		newPanel(theme.ColorNamePrimary, list),
		field(w.L("Or type what you were told"), c.typed), c.match,
	)
	return c
}

// update shows how far the comparison is; what somebody types stays as it is.
func (c *comparing) update(ticked []bool, matches bool, differs string) {
	for i, t := range c.ticks {
		if t.Checked != ticked[i] {
			t.SetChecked(ticked[i])
		}
	}
	// Something always stands there, so that the buttons below stay where they are.
	switch {
	case matches:
		c.match.Importance, c.match.Text = widget.SuccessImportance, c.s.words.L("The same. ✓")
	case differs != "":
		c.match.Importance, c.match.Text = widget.DangerImportance, differs
	default:
		c.match.Importance, c.match.Text = widget.MediumImportance, c.s.words.L("Spaces and capital letters make no difference.")
	}
	c.match.Refresh()
}
