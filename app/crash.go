package app

import (
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// offerCrash shows that the app ended unexpectedly, where it did, and then goes
// on. Nothing is sent anywhere.
func (s *shell) offerCrash(then func()) {
	left := s.crashes.Left()
	if len(left) == 0 {
		then()
		return
	}
	w := s.words
	done := func() {
		if err := s.crashes.Delete(); err != nil {
			s.problem(err)
		}
		then()
	}
	s.page(container.NewVBox(
		heading(w.L("The app ended unexpectedly")),
		wrapped(w.L("The last time something went wrong that should not. Your data was not changed by that: each write is whole or not there.")),
		wrapped(w.L("There is a report for the makers. It names parts of the program, its version and your system, and nothing of what you were working on. It is not sent by itself.")),
		container.New(s.rowOrColumn(2),
			newButton(w.L("Look at it…"), theme.VisibilityIcon(), func() { s.showText(w.L("Report"), string(left)) }),
			newButton(w.L("Save it…"), theme.DocumentSaveIcon(), func() {
				s.saveBytes("bonafide-crash.json", left, nil)
			}),
			newButton(w.L("Delete it and go on"), theme.DeleteIcon(), done),
			newPrimary(w.L("Keep it and go on"), theme.NavigateNextIcon(), then),
		),
	), then)
}
