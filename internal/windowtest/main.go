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
	"time"
)

func main() {
	app := flag.String("app", "", "the app's binary")
	out := flag.String("out", "build/window", "folder for pictures and logs")
	only := flag.String("run", "", "run the stories whose names begin so")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	passed, failed := 0, 0
	for _, st := range stories {
		if len(st.name) < len(*only) || st.name[:len(*only)] != *only {
			continue
		}
		began := time.Now()
		err := play(ctx, st, *app, filepath.Join(*out, st.name))
		if err != nil {
			failed++
			fmt.Printf("FAIL %s: %v\n", st.name, err)
			continue
		}
		passed++
		fmt.Printf("ok   %s (%s)\n", st.name, time.Since(began).Round(time.Second))
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}
