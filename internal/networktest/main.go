// Command networktest is `make test-network`: a network of boards as separate
// processes of the built program on this machine, which are killed, cut off,
// crashed in the middle of writing and lied about. What must never happen is a
// fork; what must happen is that the network goes on as long as more than two
// thirds of its members run, and again as soon as they do.
//
// It prints one line for each thing shown and ends with "N passed, N failed".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

func main() {
	bin := flag.String("bin", "bin/bonafide", "the program")
	faults := flag.String("faults", "", "the program built with -tags faults; without it no writes are broken")
	rehearsal := flag.String("rehearsal", "", "the program built with -tags rehearsal; without it no upgrade is rehearsed")
	only := flag.String("run", "", "run only what matches this expression")
	document := flag.String("walk", "docs/operating-a-board.md", "follow the commands of this document")
	keep := flag.String("keep", "", "work in this folder and leave it")
	limit := flag.Duration("limit", 40*time.Minute, "give up after")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, *limit)
	code := run(ctx, *bin, *faults, *rehearsal, *only, *keep, *document)
	cancel()
	stop()
	os.Exit(code)
}

// tally counts what was shown.
type tally struct {
	only           *regexp.Regexp
	passed, failed int
}

// wants reports whether a check is to be run.
func (t *tally) wants(name string) bool { return t.only == nil || t.only.MatchString(name) }

// check runs one thing to be shown and says how it went. detail may be filled
// in by f with what was measured.
func (t *tally) check(name string, f func(detail *string) error) {
	var detail string
	began := time.Now()
	err := guarded(func() error { return f(&detail) })
	took := time.Since(began).Round(100 * time.Millisecond)
	if err != nil {
		t.failed++
		fmt.Printf("FAIL  %s (%s): %v\n", name, took, err)
		return
	}
	t.passed++
	if detail != "" {
		detail = ": " + detail
	}
	fmt.Printf("ok    %s (%s)%s\n", name, took, detail)
}

func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return f()
}

// watched goes through a story with somebody looking on.
func watched(ctx context.Context, t *tally, w *world, story func(context.Context, *world, *tally)) error {
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { w.observe(watching) })
	story(ctx, w, t)
	stop()
	watch.Wait()
	t.check("no fork at any time", func(detail *string) error {
		*detail = fmt.Sprintf("%d headers of %d heights seen", w.seen.count, len(w.seen.heights))
		return w.seen.err()
	})
	return w.close()
}

func run(ctx context.Context, bin, faults, rehearsal, only, keep, document string) (code int) {
	t := &tally{}
	defer func() {
		fmt.Printf("%d passed, %d failed\n", t.passed, t.failed)
		if t.failed > 0 || t.passed == 0 {
			code = 1
		}
	}()
	err := func() (err error) {
		if only != "" {
			if t.only, err = regexp.Compile(only); err != nil {
				return err
			}
		}
		for _, p := range []*string{&bin, &faults, &rehearsal} {
			if *p != "" {
				if *p, err = filepath.Abs(*p); err != nil {
					return err
				}
			}
		}
		dir := keep
		if dir == "" {
			if dir, err = os.MkdirTemp("", "bonafide-network-"); err != nil {
				return err
			}
		} else if dir, err = filepath.Abs(dir); err != nil {
			return err
		} else if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		w, err := newWorld(bin, faults, rehearsal, dir)
		if err != nil {
			return err
		}
		if name := "the walk-through of four boards, followed to the letter"; document != "" && t.wants(name) {
			t.check(name, func(detail *string) error { return w.walk(ctx, detail, document) })
		}
		err = watched(ctx, t, w, story)
		// A network of its own: its boards go over to another program.
		if name := "upgrade by vote"; rehearsal != "" && t.wants(name) && ctx.Err() == nil {
			second, werr := newWorld(bin, faults, rehearsal, filepath.Join(dir, "upgrade"))
			if err = errors.Join(err, werr); err == nil {
				err = watched(ctx, t, second, rehearse)
			}
		}
		if keep == "" && t.failed == 0 {
			err = errors.Join(err, os.RemoveAll(dir))
		} else {
			fmt.Printf("logs and homes are in %s\n", dir)
		}
		return err
	}()
	if err != nil {
		t.failed++
		fmt.Printf("FAIL  the harness: %v\n", err)
	}
	return 0
}
