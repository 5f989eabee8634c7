// Windowtest drives the real app in a real window, on a display that nobody
// sees: it reads the screen's picture, clicks and types. It prints what it saw,
// keeps a picture of every step, and ends with a count.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	app := flag.String("app", "", "the app's binary")
	bin := flag.String("bin", "", "the command line's binary, which plays those who are not on the screen")
	out := flag.String("out", "build/window", "folder for pictures and logs")
	only := flag.String("run", "", "run the stories whose names begin so, of several with a comma between them")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	passed, failed := 0, 0
	for _, st := range stories {
		if !chosen(st.name, *only) {
			continue
		}
		began := time.Now()
		note, err := play(ctx, st, *app, *bin, filepath.Join(*out, st.name))
		took := time.Since(began).Round(time.Second)
		if err != nil {
			failed++
			fmt.Printf("FAIL %s (%s): %v\n", st.name, took, err)
			continue
		}
		passed++
		fmt.Printf("ok   %s (%s)%s\n", st.name, took, note)
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}

func chosen(name, only string) bool {
	for _, prefix := range strings.Split(only, ",") {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
