package app

import "fyne.io/fyne/v2"

// ReadFonts has the toolkit read the fonts of the first screen, which it does when
// something in them is first measured and which is most of the work before a window
// is filled, beside what opens the window. Nothing else may measure text until wait
// has returned.
func ReadFonts() (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, style := range []fyne.TextStyle{{}, {Bold: true}} {
			fyne.MeasureText(" ", 14, style)
		}
	}()
	return func() { <-done }
}
