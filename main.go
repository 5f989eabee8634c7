// Bonafide's app: opens the home and shows it. The command line is
// cmd/bonafide.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

	"bonafide/app"
)

func main() {
	dir := flag.String("home", "", "folder of the home (default: the user's data folder)")
	flag.Parse()
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		fmt.Fprintln(os.Stderr, "There is no display to open a window on. The command line does the same work: bonafide verify --help")
		os.Exit(4)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a := fyneapp.NewWithID("health.bonafide.app")
	a.Settings().SetTheme(app.Theme(nil))
	w := a.NewWindow("Bonafide")
	w.Resize(fyne.NewSize(760, 720))
	closeHome := app.Open(ctx, w, *dir, time.Now)
	w.ShowAndRun()
	cancel()
	closeHome()
}
