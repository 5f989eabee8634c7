package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"bonafide/internal/display"
)

// story is one run of the app on a home that nobody has used.
type story struct {
	name string
	args []string
	tell func(p *player) error
}

// player is who sits before the screen.
type player struct {
	*display.Display
	home string // of the operating system's user
	app  *exec.Cmd
	done chan error // how the app ended
	log  string
}

// play plays a story; its last picture stays whatever happens.
func play(ctx context.Context, st story, app, dir string) (err error) {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	home := filepath.Join(dir, "user")
	for _, d := range []string{home, filepath.Join(home, "run"), filepath.Join(home, ".cache")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	if app, err = filepath.Abs(app); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	s, err := display.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer s.Close()
	p := &player{Display: s, home: home, log: filepath.Join(dir, "app.log")}
	if err := p.open(app, st.args...); err != nil {
		return err
	}
	err = st.tell(p)
	if err != nil {
		_ = p.Keep("failed")
	}
	return errors.Join(err, p.quit(), p.quiet())
}

// open starts the app.
func (p *player) open(app string, args ...string) error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	c := p.Command(app, args...)
	c.Env = append(c.Env, "HOME="+p.home, "XDG_CONFIG_HOME="+filepath.Join(p.home, ".config"), "XDG_DATA_HOME="+filepath.Join(p.home, ".local/share"),
		"XDG_RUNTIME_DIR="+filepath.Join(p.home, "run"), "LANGUAGE=en", "LANG=en_US.UTF-8", "BONAFIDE_HOME=", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent")
	c.Stdout, c.Stderr, c.Dir = log, log, p.home
	if err := c.Start(); err != nil {
		return fmt.Errorf("starting the app: %w", err)
	}
	p.app, p.done = c, make(chan error, 1)
	go func() { p.done <- c.Wait() }()
	return nil
}

// quit closes the window; the app has to end by itself.
func (p *player) quit() error {
	select {
	case err := <-p.done:
		return fmt.Errorf("the app ended by itself: %w", err)
	default:
	}
	if err := p.Quit("Bonafide"); err != nil {
		return err
	}
	select {
	case err := <-p.done:
		if err != nil {
			return fmt.Errorf("the app ended with an error: %w", err)
		}
		return nil
	case <-time.After(time.Minute):
		_ = p.app.Process.Signal(syscall.SIGQUIT) // its stacks go to the log
		return errors.Join(errors.New("the app does not end when its window is closed"), <-p.done)
	}
}

// quiet looks through the log for what must not be there: Fyne's warnings about
// threads and layouts, races, panics.
func (p *player) quiet() error {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(b) {
		l := strings.ToLower(string(line))
		for _, bad := range []string{"call thread", "fyne.do", "panic", "goroutine ", "layout", "minsize", "translation failure", "data race"} {
			if strings.Contains(l, bad) {
				return fmt.Errorf("the log says: %s", bytes.TrimSpace(line))
			}
		}
	}
	return nil
}

// step is one thing that a person does or waits for.
type step struct {
	see, gone, click, keep, typed, key string
	beside                             string // click in this phrase's row
	last                               bool   // click the lowest of several
	above                              int    // click so many pixels above
	scroll                             int    // notches of the wheel
}

// steps takes them one after the other.
func (p *player) steps(steps ...step) error {
	for i, s := range steps {
		var err error
		switch {
		case s.scroll != 0:
			err = p.Scroll(s.scroll)
		case s.see != "":
			_, err = p.See(s.see)
		case s.gone != "":
			err = p.Gone(s.gone)
		case s.beside != "":
			err = p.ClickBeside(s.click, s.beside)
		case s.click != "" && s.above != 0:
			err = p.Under(s.click, -s.above)
		case s.click != "" && s.last:
			err = p.Click(s.click, -1)
		case s.click != "":
			err = p.Click(s.click)
		case s.keep != "":
			err = p.Keep(s.keep)
		case s.typed != "":
			err = p.Type(s.typed)
		case s.key != "":
			err = p.Key(strings.Fields(s.key)...)
		}
		if err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}
