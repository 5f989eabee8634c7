package app

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// breadth is how wide one thing can be in the window; 0 where no window is known
// or it is not laid out yet.
func breadth() float32 {
	var width float32
	for c := range used {
		width = max(width, c.Size().Width)
	}
	return max(0, width-8*theme.Padding())
}

// large reports that text is so large that a phone has little room for it.
func (s *shell) large() bool { return s.narrow() && s.settings.Scale > 1.25 }

// listUnder puts a list under what searches it. Where text is large each gets
// half, and the upper half scrolls.
func listUnder(s *shell, top, list fyne.CanvasObject) *fyne.Container {
	if s.large() {
		return container.NewGridWithRows(2, container.NewVScroll(top), list)
	}
	return container.NewBorder(top, nil, nil, nil, list)
}

// sideways is what may be wider than a phone where text is large; there it can be
// moved to the side.
func sideways(s *shell, o fyne.CanvasObject) fyne.CanvasObject {
	if s.large() {
		return container.NewHScroll(o)
	}
	return o
}

// across puts objects side by side in cells of equal width, on a phone in as many
// rows as they need there: words are longer in other languages, and text can be
// twice as large.
func across(s *shell, list ...fyne.CanvasObject) *fyne.Container {
	n := len(list)
	if s.narrow() {
		var cell float32
		for _, o := range list {
			cell = max(cell, o.MinSize().Width)
		}
		room := breadth()
		fits := func(n int) bool { return float32(n)*cell+float32(n-1)*theme.Padding() <= room }
		switch half := (n + 1) / 2; {
		case fits(n):
		case n > 2 && fits(half):
			n = half
		case n > 2 && fits(2):
			n = 2
		default:
			n = 1
		}
	}
	return container.NewGridWithColumns(n, list...)
}

// inLines breaks the text of a button where the window is too narrow for it: a
// button does not do so by itself.
func inLines(text string, icon fyne.Resource) string {
	room := breadth() - 2*theme.InnerPadding()
	if icon != nil {
		room -= theme.IconInlineSize() + theme.Padding()
	}
	wide := func(s string) bool {
		return fyne.MeasureText(s, theme.TextSize(), fyne.TextStyle{Bold: true}).Width > room
	}
	if room < 100 || !wide(text) {
		return text
	}
	var lines []string
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		if line != "" && wide(line+" "+word) {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return strings.Join(append(lines, line), "\n")
}
