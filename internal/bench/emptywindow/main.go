// Emptywindow opens a window of the app's size with nothing in it: what the
// toolkit itself costs, as a reference for the app's start and memory.
package main

import (
	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
)

func main() {
	w := fyneapp.NewWithID("health.bonafide.emptywindow").NewWindow("Empty")
	w.Resize(fyne.NewSize(1024, 720))
	w.ShowAndRun()
}
