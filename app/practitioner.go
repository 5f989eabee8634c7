package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// practitionerSections are the rooms of a practitioner.
func practitionerSections(s *shell) []section {
	return []section{
		{id: "cards", title: s.words.L("Cards"), icon: theme.AccountIcon(), open: newCardsRoom, shortcut: control(fyne.Key1)},
	}
}

type cardsRoom struct{ content fyne.CanvasObject }

func newCardsRoom(s *shell) room {
	return cardsRoom{container.NewPadded(heading(s.words.L("Cards")))}
}

func (r cardsRoom) Content() fyne.CanvasObject { return r.content }
func (cardsRoom) Enter()                       {}
func (cardsRoom) Leave()                       {}
