package main

// `make bench-app`: the app in a real window against a window with nothing in
// it, and a full wallet against one that is nearly empty.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"bonafide/internal/display"
	"bonafide/internal/qr"
)

// appArg as the first argument measures the app.
const appArg = "app"

// ofApp is what `make bench-app` measures, in the order of the table.
var ofApp = []measure{
	{"cold-start", measureColdStart}, // and memory-idle
	{"wallet-200", measureWallet},
	{"frames-count", measureFrames},
	{"register-100000", measureDesk}, // and register-search, register-memory
}

const (
	coldTurns  = 11
	lookEvery  = 6 * time.Millisecond    // after the last look, so that looking takes little from what is looked at
	stillFor   = 1500 * time.Millisecond // after which what stands there is what was to be drawn
	startsIn   = 2 * time.Minute
	coldTarget = 1.5
	idleTarget = 2
	fullTarget = 1.5
)

// measureColdStart starts the app and a program with an empty window by turns,
// each on a home of its own that nobody used before, and reads off the display's
// picture when the last of it was drawn: both are looked at from outside, and
// nothing in them knows of it.
func measureColdStart(ctx context.Context, dir string) ([]Row, error) {
	programs := [2]string{filepath.Join(dir, "app"), filepath.Join(dir, "emptywindow")}
	for i, pkg := range []string{".", "./internal/bench/emptywindow"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "no_emoji", "-o", programs[i], pkg)
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("building %s: %w", pkg, err)
		}
	}
	screen := filepath.Join(dir, "screen")
	if err := os.Mkdir(screen, 0o700); err != nil {
		return nil, err
	}
	d, err := display.Open(ctx, screen)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	// Where the pointer lies on a button the window is drawn once more.
	if err := d.Command("xdotool", "mousemove", "0", "0").Run(); err != nil {
		return nil, fmt.Errorf("putting the pointer aside: %w", err)
	}
	if _, err := settled(ctx, d, nil, time.Now()); err != nil {
		return nil, err
	}
	var took, rss []turn
	for i := -1; i < coldTurns; i++ {
		var seconds, kib [2]float64
		for which, program := range programs {
			if seconds[which], kib[which], err = coldStart(ctx, d, program, filepath.Join(dir, fmt.Sprintf("user-%d-%d", i, which))); err != nil {
				return nil, fmt.Errorf("starting %s: %w", filepath.Base(program), err)
			}
		}
		if i < 0 {
			continue // the programs come from the disk for the first time
		}
		fmt.Fprintf(os.Stderr, "  drawn after %.2f s and %.2f s, %.0f MiB and %.0f MiB\n", seconds[0], seconds[1], kib[0]/1024, kib[1]/1024)
		took = append(took, turn{seconds[0] * 1000, seconds[1] * 1000})
		rss = append(rss, turn{kib[0] / 1024, kib[1] / 1024})
	}
	return []Row{less("cold-start", "ms", coldTarget, took), less("memory-idle", "MiB", idleTarget, rss)}, nil
}

// less makes a row of what should be little from turns: the one with the median
// ratio.
func less(name, unit string, target float64, turns []turn) Row {
	r := compared(name, unit, target, turns)
	r.Better = Lower
	return r
}

// coldStart starts a program as somebody who never used it, and says after how
// many seconds the last of its window was drawn, and how much memory it holds
// when it then does nothing.
func coldStart(ctx context.Context, d *display.Display, program, user string) (seconds, kib float64, err error) {
	run := filepath.Join(user, "run")
	if err := os.MkdirAll(run, 0o700); err != nil {
		return 0, 0, err
	}
	bare, err := d.Rows(nil)
	if err != nil {
		return 0, 0, err
	}
	c := d.Command(program)
	c.Dir = user
	// What a graphics driver compiles once for all programs of an account stays from
	// the turn that is not counted: a screen without a graphics card compiles for
	// longer than everything else takes.
	c.Env = append(c.Env, "MESA_SHADER_CACHE_DIR="+filepath.Join(filepath.Dir(user), "shaders"), "HOME="+user, "XDG_CONFIG_HOME="+filepath.Join(user, ".config"), "XDG_DATA_HOME="+filepath.Join(user, ".local/share"),
		"XDG_CACHE_HOME="+filepath.Join(user, ".cache"), "XDG_RUNTIME_DIR="+run, "BONAFIDE_HOME=", "LANGUAGE=en", "LANG=en_US.UTF-8",
		"DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent")
	var said bytes.Buffer
	c.Stderr = &said
	began := time.Now()
	if err := c.Start(); err != nil {
		return 0, 0, err
	}
	drawn, err := settled(ctx, d, bare, began)
	if err == nil {
		kib, err = resident(c.Process.Pid)
	}
	_ = c.Process.Kill()
	_ = c.Wait() // killed
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	if _, err := settled(ctx, d, nil, time.Now()); err != nil { // its window has gone
		return 0, 0, err
	}
	return drawn.Sub(began).Seconds(), kib, nil
}

// settled waits until the display shows something other than bare and then the
// same for a while. It gives the time of the last change.
func settled(ctx context.Context, d *display.Display, bare []byte, began time.Time) (time.Time, error) {
	var now []byte
	before, changed := bytes.Clone(bare), time.Now()
	for {
		var err error
		if now, err = d.Rows(now); err != nil {
			return time.Time{}, err
		}
		if !bytes.Equal(now, before) {
			now, before, changed = before, now, time.Now()
		}
		switch age := time.Since(changed); {
		case age > stillFor && (bare == nil || !bytes.Equal(before, bare)):
			return changed, nil
		case time.Since(began) > startsIn:
			return time.Time{}, errors.New("nothing lasting was drawn")
		}
		select {
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}

// resident is the memory that a process holds, in KiB.
func resident(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			return strconv.ParseFloat(f[1], 64)
		}
	}
	return 0, errors.New("the system does not say how much memory a process holds")
}

// measureWallet takes the benchmark of the wallet's first screen, which lives
// beside the screen.
func measureWallet(ctx context.Context, _ string) ([]Row, error) {
	out, err := benchmark(ctx, "./app", "BenchmarkWallet200", "GOFLAGS=-tags=ci")
	if err != nil {
		return nil, err
	}
	_, turns, err := turnsOf(out)
	if err != nil {
		return nil, err
	}
	const name = "wallet-200"
	if len(turns[name]) == 0 {
		return nil, fmt.Errorf("the benchmark says no turns of %s", name)
	}
	return []Row{less(name, "ms", fullTarget, turns[name])}, nil
}

// framesTarget is how many codes a presentation of 2.5 KB may need: at the rate
// that the app shows them that many take less than ten seconds.
const framesTarget = 12

// measureFrames counts the codes, parity left out, that a presentation of 2.5 KB
// needs: of as many bytes of noise, which nothing can squeeze, since a real one
// takes fewer the more of it the dictionary knows.
func measureFrames(context.Context, string) ([]Row, error) {
	noise := make([]byte, 2500)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise) // never fails
	codes, err := qr.Frames(noise)
	if err != nil {
		return nil, err
	}
	p, err := new(qr.Collector).Add(codes[0])
	if err != nil {
		return nil, err
	}
	target := float64(framesTarget)
	return []Row{{Name: "frames-count", Value: float64(p.Need), Unit: "frames", Target: &target, Better: Lower}}, nil
}
