package app

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"bonafide/app/model"
)

// Text of every colour that carries words can be read on every ground it stands
// on (WCAG 2.2: 4.5 to 1, criterion 1.4.3; with high contrast 7 to 1, 1.4.6).
func TestContrast(t *testing.T) {
	grounds := []fyne.ThemeColorName{
		theme.ColorNameBackground, theme.ColorNameInputBackground, theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground, theme.ColorNameButton,
	}
	inks := []fyne.ThemeColorName{
		theme.ColorNameForeground, theme.ColorNameSuccess, theme.ColorNameWarning, theme.ColorNameError, theme.ColorNameHyperlink, theme.ColorNamePlaceHolder,
	}
	on := map[fyne.ThemeColorName]fyne.ThemeColorName{
		theme.ColorNamePrimary: theme.ColorNameForegroundOnPrimary, theme.ColorNameError: theme.ColorNameForegroundOnError,
		theme.ColorNameSuccess: theme.ColorNameForegroundOnSuccess, theme.ColorNameWarning: theme.ColorNameForegroundOnWarning,
	}
	for _, look := range []string{"light", "dark"} {
		for _, high := range []bool{false, true} {
			th, least := themeOf(model.Settings{Look: look, Contrast: high, Scale: 1}, false), 4.5
			if high {
				least = 7
			}
			lowest := math.Inf(1)
			for _, ground := range grounds {
				for _, ink := range inks {
					c := contrast(th, ink, ground)
					lowest = min(lowest, c)
					if c < least {
						t.Errorf("%s, high contrast %t: %s on %s has %.1f", look, high, ink, ground, c)
					}
				}
			}
			for ground, ink := range on {
				c := contrast(th, ink, ground)
				lowest = min(lowest, c)
				if c < least {
					t.Errorf("%s, high contrast %t: %s on %s has %.1f", look, high, ink, ground, c)
				}
			}
			t.Logf("%s, high contrast %t: the lowest is %.1f", look, high, lowest)
		}
	}
}

// contrast is the ratio of two colours' relative luminance (WCAG 2.2); a ground
// that is seen through lies on the background.
func contrast(th fyne.Theme, a, b fyne.ThemeColorName) float64 {
	back := color.NRGBAModel.Convert(th.Color(theme.ColorNameBackground, theme.VariantLight)).(color.NRGBA)
	luminance := func(name fyne.ThemeColorName) float64 {
		c := color.NRGBAModel.Convert(th.Color(name, theme.VariantLight)).(color.NRGBA)
		linear := func(c, under uint8, alpha uint8) float64 {
			v := (float64(c)*float64(alpha) + float64(under)*(255-float64(alpha))) / 255 / 255
			if v > 0.04045 {
				return math.Pow((v+0.055)/1.055, 2.4)
			}
			return v / 12.92
		}
		return 0.2126*linear(c.R, back.R, c.A) + 0.7152*linear(c.G, back.G, c.A) + 0.0722*linear(c.B, back.B, c.A)
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// What can be tapped on a phone is at least 44 units high, at every scale of the
// text; larger text makes larger letters and nothing else smaller.
func TestSizes(t *testing.T) {
	for _, scale := range model.Scales {
		th := themeOf(model.Settings{Scale: scale}, true)
		if h := th.Size(theme.SizeNameText) + 2*th.Size(theme.SizeNameInnerPadding); h < 40 { // a line is higher than its letters
			t.Errorf("scale %v: a button is %v high", scale, h)
		}
		if th.Size(theme.SizeNameText) != theme.DefaultTheme().Size(theme.SizeNameText)*scale {
			t.Errorf("scale %v: letters of %v", scale, th.Size(theme.SizeNameText))
		}
	}
}
