package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"bonafide/internal/explain"
)

// Crash is what a crash leaves: enough to find the fault, nothing of what the
// program was working on. A panic's message may hold anything, so only those of
// Go's own run-time are kept, which name indices and types.
type Crash struct {
	Format  int      `json:"format"` // 1
	Version string   `json:"version"`
	System  string   `json:"system"` // linux/amd64
	Day     string   `json:"day"`    // 2026-11-21
	Reason  string   `json:"reason"` // of the run-time; else the kind of value
	Stack   []string `json:"stack"`  // package.Function file.go:12, innermost first
}

// maxStack bounds how many calls a report names.
const maxStack = 64

// NewCrash describes a panic; call it from the function that recovered.
func NewCrash(p any, version string, now time.Time) Crash {
	c := Crash{Format: 1, Version: version, System: runtime.GOOS + "/" + runtime.GOARCH, Day: now.UTC().Format(time.DateOnly)}
	var fault runtime.Error
	if err, ok := p.(error); ok && errors.As(err, &fault) {
		c.Reason = fault.Error()
	} else {
		c.Reason = fmt.Sprintf("panic with a %T", p)
	}
	pcs := make([]uintptr, maxStack)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		f, more := frames.Next()
		if f.Function != "" {
			c.Stack = append(c.Stack, f.Function+" "+filepath.Base(f.File)+":"+strconv.Itoa(f.Line))
		}
		if !more {
			return c
		}
	}
}

// Crashes keeps reports in a folder that belongs to the app, not to a home.
type Crashes struct{ dir string }

// NewCrashes keeps reports in dir, which need not be there yet; in "" none is
// kept.
func NewCrashes(dir string) Crashes { return Crashes{dir} }

const (
	crashFile = "crash.json"
	maxCrash  = 64 << 10
)

func (k Crashes) path() string { return filepath.Join(k.dir, crashFile) }

// Keep writes a report; the first one stays until somebody has seen it, since
// what follows a crash is often its echo. That it cannot be written is no
// error: the program is ending as it is.
func (k Crashes) Keep(c Crash) {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil || k.dir == "" || os.MkdirAll(k.dir, 0o700) != nil {
		return
	}
	f, err := os.OpenFile(k.path(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_, _ = f.Write(append(b, '\n'))
	_ = f.Close()
}

// Left is the report that is there, as its file has it; nil where there is
// none.
func (k Crashes) Left() []byte {
	f, err := os.Open(k.path())
	if err != nil {
		return nil
	}
	defer f.Close()
	b := make([]byte, maxCrash)
	n, _ := f.Read(b)
	return b[:n]
}

// Delete removes it.
func (k Crashes) Delete() error {
	if err := os.Remove(k.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("deleting a crash report: %w", err)
	}
	return nil
}

// Guard runs f and turns a panic into a report and an error of code
// internal_error: what f was to find out is then not known, and no verdict comes
// of it.
func (k Crashes) Guard(version string, now Clock, f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			k.Keep(NewCrash(p, version, now()))
			err = explain.Errorf("internal_error", "recovered from a panic")
		}
	}()
	f()
	return nil
}
