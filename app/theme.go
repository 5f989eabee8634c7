package app

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// look is Fyne's own theme with the variant fixed where a test or a person
// fixes it, one quiet accent, and colours that can be read on its grounds.
type look struct {
	fyne.Theme
	variant *fyne.ThemeVariant
}

// Theme returns the app's theme. With a nil variant it follows the system.
func Theme(variant *fyne.ThemeVariant) fyne.Theme {
	return &look{Theme: theme.DefaultTheme(), variant: variant}
}

func (l *look) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if l.variant != nil {
		v = *l.variant
	}
	dark := v == theme.VariantDark
	switch name {
	case theme.ColorNameForeground:
		if dark {
			return color.NRGBA{0xf0, 0xf3, 0xf3, 0xff}
		}
		return color.NRGBA{0x1f, 0x2a, 0x2a, 0xff}
	case theme.ColorNameDisabled: // still to be read
		if dark {
			return color.NRGBA{0x8c, 0x96, 0x96, 0xff}
		}
		return color.NRGBA{0x74, 0x7d, 0x7d, 0xff}
	case theme.ColorNamePrimary:
		if dark {
			return color.NRGBA{0x5c, 0xb8, 0xb2, 0xff}
		}
		return color.NRGBA{0x0b, 0x6e, 0x69, 0xff}
	case theme.ColorNameForegroundOnPrimary:
		if dark {
			return color.NRGBA{0x0d, 0x20, 0x1f, 0xff}
		}
		return color.White
	case theme.ColorNameFocus:
		if dark {
			return color.NRGBA{0x5c, 0xb8, 0xb2, 0x40}
		}
		return color.NRGBA{0x0b, 0x6e, 0x69, 0x30}
	case theme.ColorNameSuccess:
		if dark {
			return color.NRGBA{0x6f, 0xcf, 0x97, 0xff}
		}
		return color.NRGBA{0x1b, 0x6e, 0x3c, 0xff}
	case theme.ColorNameWarning:
		if dark {
			return color.NRGBA{0xf2, 0xc1, 0x4e, 0xff}
		}
		return color.NRGBA{0x8a, 0x57, 0x00, 0xff}
	case theme.ColorNameError:
		if dark {
			return color.NRGBA{0xff, 0x8a, 0x80, 0xff}
		}
		return color.NRGBA{0xa8, 0x1f, 0x1f, 0xff}
	}
	return l.Theme.Color(name, v)
}
