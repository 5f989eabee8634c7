package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"bonafide/assets"
)

// The theme has no padlock. These take the colours of the theme as its own do.

func lockIcon() fyne.Resource {
	return theme.NewThemedResource(fyne.NewStaticResource("lock.svg", assets.Lock))
}

func unlockIcon() fyne.Resource {
	return theme.NewThemedResource(fyne.NewStaticResource("unlock.svg", assets.Unlock))
}
