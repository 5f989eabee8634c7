package app

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"bonafide/app/model"
	"bonafide/assets"
)

// Nothing is larger than a phone, in any language, with text half as large again and
// twice as large.
func TestLargeTextFitsAPhoneInEveryRoom(t *testing.T) {
	t.Cleanup(func() { wordsIn("en") })
	for _, language := range assets.Languages() {
		freshUser(t)
		a := launch(t, phoneSize, Options{Dir: clinicHome(t)})
		for _, scale := range []float32{1.5, 2} {
			a.apply(model.Settings{Look: "light", Scale: scale, Language: language})
			a.settle()
			for _, sec := range append(a.sections, a.own()...) {
				a.goTo(sec.id)
				a.settle()
				if got := a.window.Content().MinSize(); got.Width > phoneSize.Width || got.Height > phoneSize.Height {
					t.Errorf("%s in %s at %v needs %v", sec.id, language, scale, got)
				}
			}
		}
	}
}

// Buttons stand in as many columns as there is room for, and break their text
// only where there is none.
func TestAcross(t *testing.T) {
	freshUser(t)
	word := strings.Repeat("m", 7)
	for size, want := range map[fyne.Size][3]string{
		wide:      {word, word + " " + word + " " + word + " " + word, "4"},
		phoneSize: {word, word + " " + word + " " + word + "\n" + word, "2"},
	} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			a := launch(t, size, Options{})
			if got := newButton(word, theme.InfoIcon(), nil).Text; got != want[0] {
				t.Errorf("at %v a short button says %q", size, got)
			}
			if got := newButton(word+" "+word+" "+word+" "+word, theme.InfoIcon(), nil).Text; got != want[1] {
				t.Errorf("at %v a long button says %q", size, got)
			}
			var list []fyne.CanvasObject
			for range 4 {
				list = append(list, newButton(word, theme.InfoIcon(), nil))
			}
			c := across(a.shell, list...)
			c.Resize(c.MinSize())
			row := 0
			for _, o := range list {
				if o.Position().Y == 0 {
					row++
				}
			}
			if string(rune('0'+row)) != want[2] {
				t.Errorf("at %v %d stand side by side", size, row)
			}
			long := newButton(word+" "+word, theme.InfoIcon(), nil)
			if c := across(a.shell, long, long); size == phoneSize && c.Layout.MinSize(c.Objects).Width > phoneSize.Width {
				t.Errorf("two long ones need %v", c.MinSize())
			}
		})
	}
}

// The titles in a phone's bar are whole in every language.
func TestTabsFitAPhone(t *testing.T) {
	t.Cleanup(func() { wordsIn("en") })
	freshUser(t)
	a := launch(t, phoneSize, Options{Dir: clinicHome(t)})
	for _, language := range assets.Languages() {
		a.apply(model.Settings{Look: "light", Scale: 1, Language: language})
		a.settle()
		for _, sections := range [][]section{hospitalSections(a.shell), practitionerSections(a.shell), boardSections(a.shell)} {
			titles := []string{a.words.L("More")}
			for _, sec := range sections[:min(inBar, len(sections))] {
				titles = append(titles, sec.title)
			}
			room := phoneSize.Width / float32(len(titles))
			for _, title := range titles {
				if got := fyne.MeasureText(title, theme.CaptionTextSize(), fyne.TextStyle{}).Width; got > room-theme.Padding() {
					t.Errorf("%q in %s needs %v, a tab has %v", title, language, got, room)
				}
			}
		}
	}
}

// What a tick is about stands there once, also when the same tick is drawn again.
func TestTickBesideItsText(t *testing.T) {
	freshUser(t)
	a := launch(t, phoneSize, Options{})
	long := strings.Repeat("m", 60)
	for text, inTick := range map[string]bool{"short": true, long: false} {
		k := newTick(text, func(bool) {})
		for range 2 {
			k.SetText(text)
			o := beside(a.shell, k)
			if in := k.Text == text; in != inTick || strings.Contains(shown(o), text) == in { // a tick's own is not listed
				t.Errorf("%q stands in the tick: %v; beside it: %q", text, in, shown(o))
			}
			if got := k.MinSize().Width; got > phoneSize.Width {
				t.Errorf("the tick of %q is %v wide", text, got)
			}
		}
	}
}
