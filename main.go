// Bonafide's app: opens the home that was used last, or asks who somebody is;
// files named after the flags are taken by the first room. The command line is cmd/bonafide.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

	"bonafide/app"
	"bonafide/assets"
	"bonafide/internal/calm"
	_ "bonafide/internal/systemfonts"
)

func main() {
	dir := flag.String("home", "", "folder of the home (default: the user's data folder)")
	phone := flag.Bool("mobile", false, "show the layout of a phone")
	flag.CommandLine.Init("bonafide-app", flag.ContinueOnError) // its own exit code, 2, is a crash's
	if err := flag.CommandLine.Parse(os.Args[1:]); errors.Is(err, flag.ErrHelp) {
		return
	} else if err != nil {
		os.Exit(64)
	}
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		noDisplay()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a := fyneapp.NewWithID("health.bonafide.app")
	fonts := app.ReadFonts()
	a.SetIcon(fyne.NewStaticResource("window.png", assets.Icon))
	w := a.NewWindow("Bonafide")
	w.Resize(app.Size(a, *phone))
	started := false
	a.Lifecycle().SetOnStarted(func() {
		started = true
		calm.Over()
	})
	defer func() {
		p := recover()
		switch {
		case p == nil:
		case !started: // the driver panics where a display is named but does not answer
			noDisplay()
		default:
			// What the panic says may be about somebody, so it is not shown.
			app.Crashed(a, p, time.Now())
			fmt.Fprintln(os.Stderr, "Bonafide ended unexpectedly. Its next start offers a report.")
			os.Exit(70)
		}
	}()
	fonts()
	closeAll := app.Open(ctx, a, w, app.Options{Dir: *dir, Files: flag.Args(), Phone: *phone, Now: time.Now})
	w.ShowAndRun()
	cancel()
	closeAll()
}

func noDisplay() {
	fmt.Fprintln(os.Stderr, "There is no display to open a window on. The command line does the same work: bonafide verify --help")
	os.Exit(4)
}
