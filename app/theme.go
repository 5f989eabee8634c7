package app

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"bonafide/app/model"
)

// look is Fyne's own theme with the variant fixed where a person fixes it, one
// quiet accent, and colours that can be read on its grounds: at least 4.5 to 1,
// with high contrast 7 to 1 (a test computes it).
type look struct {
	fyne.Theme
	variant  *fyne.ThemeVariant
	contrast bool
	scale    float32
	phone    bool
}

// Theme returns the app's theme in a variant; nil follows the system.
func Theme(variant *fyne.ThemeVariant) fyne.Theme {
	return &look{Theme: theme.DefaultTheme(), variant: variant, scale: 1}
}

// themeOf is the theme that a person chose.
func themeOf(s model.Settings, phone bool) fyne.Theme {
	l := &look{Theme: theme.DefaultTheme(), contrast: s.Contrast, scale: s.Scale, phone: phone}
	light, dark := theme.VariantLight, theme.VariantDark
	switch s.Look {
	case "light":
		l.variant = &light
	case "dark":
		l.variant = &dark
	}
	return l
}

// touch is the padding inside what can be tapped, such that it is at least 44
// units high on a phone (WCAG 2.2, 2.5.5).
const touch = 13

// smallest is the size of the smallest text. Fyne's 11 is hard to read; its lines
// also end between pixels, which software drawing pays for with a second set of
// shaders before the first picture.
const smallest = 12

// Size implements fyne.Theme.
func (l *look) Size(name fyne.ThemeSizeName) float32 {
	size := l.Theme.Size(name)
	switch name {
	case theme.SizeNameText, theme.SizeNameHeadingText, theme.SizeNameSubHeadingText, theme.SizeNameInlineIcon:
		return size * l.scale
	case theme.SizeNameCaptionText:
		return smallest * l.scale
	case theme.SizeNameInnerPadding:
		if l.phone {
			return touch
		}
	case theme.SizeNameInputBorder:
		if l.contrast {
			return 2 * size
		}
	}
	return size
}

type shade struct{ light, dark color.NRGBA }

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 0xff}
}

func (s shade) of(v fyne.ThemeVariant) color.Color {
	if v == theme.VariantDark {
		return s.dark
	}
	return s.light
}

var shades = map[fyne.ThemeColorName]shade{
	theme.ColorNameForeground:          {rgb(0x1f2a2a), rgb(0xf0f3f3)},
	theme.ColorNamePlaceHolder:         {rgb(0x5c6666), rgb(0xa3adad)},
	theme.ColorNameDisabled:            {rgb(0x747d7d), rgb(0x8c9696)}, // still to be read
	theme.ColorNameInputBorder:         {rgb(0x758080), rgb(0x859191)}, // of an empty check, too
	theme.ColorNameButton:              {rgb(0xdfe6e6), rgb(0x343c3d)}, // seen on a panel, too
	theme.ColorNameDisabledButton:      {rgb(0xe8eded), rgb(0x282e2f)},
	theme.ColorNameSeparator:           {rgb(0xc6cfcf), rgb(0x4c5758)},
	theme.ColorNameOverlayBackground:   {rgb(0xffffff), rgb(0x1d2223)},
	theme.ColorNamePrimary:             {rgb(0x0b6e69), rgb(0x5cb8b2)},
	theme.ColorNameHyperlink:           {rgb(0x0b6e69), rgb(0x5cb8b2)},
	theme.ColorNameForegroundOnPrimary: {rgb(0xffffff), rgb(0x0d201f)},
	theme.ColorNameForegroundOnError:   {rgb(0xffffff), rgb(0x2b0a08)},
	theme.ColorNameForegroundOnSuccess: {rgb(0xffffff), rgb(0x06210f)},
	theme.ColorNameForegroundOnWarning: {rgb(0xffffff), rgb(0x2a1d00)},
	theme.ColorNameSuccess:             {rgb(0x1b6e3c), rgb(0x6fcf97)},
	theme.ColorNameWarning:             {rgb(0x8a5700), rgb(0xf2c14e)},
	theme.ColorNameError:               {rgb(0xa81f1f), rgb(0xff8a80)},
}

var contrasting = map[fyne.ThemeColorName]shade{
	theme.ColorNameBackground:          {rgb(0xffffff), rgb(0x000000)},
	theme.ColorNameInputBackground:     {rgb(0xffffff), rgb(0x000000)},
	theme.ColorNameMenuBackground:      {rgb(0xffffff), rgb(0x000000)},
	theme.ColorNameOverlayBackground:   {rgb(0xffffff), rgb(0x1c1c1c)}, // its edge is seen
	theme.ColorNameHeaderBackground:    {rgb(0xffffff), rgb(0x000000)},
	theme.ColorNameButton:              {rgb(0xececec), rgb(0x222222)},
	theme.ColorNameDisabledButton:      {rgb(0xececec), rgb(0x222222)},
	theme.ColorNameInputBorder:         {rgb(0x000000), rgb(0xffffff)},
	theme.ColorNameSeparator:           {rgb(0x000000), rgb(0xffffff)},
	theme.ColorNameForeground:          {rgb(0x000000), rgb(0xffffff)},
	theme.ColorNamePlaceHolder:         {rgb(0x404040), rgb(0xc8c8c8)},
	theme.ColorNameDisabled:            {rgb(0x404040), rgb(0xc8c8c8)},
	theme.ColorNamePrimary:             {rgb(0x00403d), rgb(0xffe14d)},
	theme.ColorNameHyperlink:           {rgb(0x00403d), rgb(0xffe14d)},
	theme.ColorNameForegroundOnPrimary: {rgb(0xffffff), rgb(0x000000)},
	theme.ColorNameForegroundOnError:   {rgb(0xffffff), rgb(0x000000)},
	theme.ColorNameForegroundOnSuccess: {rgb(0xffffff), rgb(0x000000)},
	theme.ColorNameForegroundOnWarning: {rgb(0xffffff), rgb(0x000000)},
	theme.ColorNameSuccess:             {rgb(0x00451a), rgb(0x8df5b2)},
	theme.ColorNameWarning:             {rgb(0x573600), rgb(0xffd98a)},
	theme.ColorNameError:               {rgb(0x7a0000), rgb(0xffb4ad)},
}

// Color implements fyne.Theme.
func (l *look) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	switch {
	case l.variant != nil:
		v = *l.variant
	case v != theme.VariantDark: // a system without a preference
		v = theme.VariantLight
	}
	if name == theme.ColorNameFocus { // seen through: what has the keyboard
		c := l.Color(theme.ColorNamePrimary, v).(color.NRGBA)
		c.A = 0x48
		return c
	}
	if l.contrast {
		if s, ok := contrasting[name]; ok {
			return s.of(v)
		}
	}
	if s, ok := shades[name]; ok {
		return s.of(v)
	}
	return l.Theme.Color(name, v)
}
