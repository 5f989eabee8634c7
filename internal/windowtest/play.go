package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"bonafide/assets"
	"bonafide/internal/display"
)

// story is one run of the app on a home that nobody has used.
type story struct {
	name     string
	args     []string // of the app
	language string   // of the person; "": English
	apart    bool     // the app runs with no network at all
	tell     func(p *player)
}

// title is the window's.
const title = "Bonafide"

// player is who sits before the screen. What goes wrong first stays in err, and
// nothing is done any more after it.
type player struct {
	screen *display.Display
	story  story
	binary string
	bin    string            // the command line
	dir    string            // of the story
	home   string            // of the operating system's user
	say    map[string]string // sentences of the app in the person's language; empty: English
	apart  []string          // how the app is cut off from the network; empty: it is not
	app    *exec.Cmd
	done   chan error // how the app ended
	log    string
	step   int
	err    error
}

// play plays a story; its last picture stays whatever happens. The note says
// under what conditions it was played.
func play(ctx context.Context, st story, app, bin, dir string) (note string, err error) {
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	home := filepath.Join(dir, "user")
	for _, d := range []string{home, filepath.Join(home, "run"), filepath.Join(home, ".cache")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return "", err
		}
	}
	if app, err = filepath.Abs(app); err != nil {
		return "", err
	}
	if bin, err = filepath.Abs(bin); err != nil {
		return "", err
	}
	if home, err = filepath.Abs(home); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Minute)
	defer cancel()
	s, err := display.Open(ctx, dir)
	if err != nil {
		return "", err
	}
	defer s.Close()
	p := &player{screen: s, story: st, binary: app, bin: bin, dir: dir, home: home, log: filepath.Join(dir, "app.log")}
	if p.say, err = sentences(st.language); err != nil {
		return "", err
	}
	if st.apart {
		if p.apart = apart(ctx); p.apart == nil {
			note = "; this system lets nobody cut a program off from the network, so nothing but the boards' node was missing"
		}
	}
	p.open()
	st.tell(p)
	if p.err != nil {
		_ = s.Keep("failed")
	}
	return note, errors.Join(p.err, p.quit(), p.quiet())
}

// apart are a command and its arguments that run a program in a network of its
// own, in which nothing is; nil where the system does not allow it.
func apart(ctx context.Context) []string {
	for _, c := range [][]string{{"unshare", "--net", "--"}, {"unshare", "--map-current-user", "--net", "--"}} {
		if exec.CommandContext(ctx, c[0], append(c[1:], "true")...).Run() == nil {
			return c
		}
	}
	return nil
}

// sentences are those of the app in a language, by their English ids; of those
// that count, the one for a single thing.
func sentences(language string) (map[string]string, error) {
	out := map[string]string{}
	if language == "" {
		language = "en"
	}
	for _, b := range assets.Translations(language) {
		var file map[string]json.RawMessage
		if err := json.Unmarshal(b, &file); err != nil {
			return nil, fmt.Errorf("reading the sentences: %w", err)
		}
		for id, raw := range file {
			var text string
			var counts struct{ One string }
			if json.Unmarshal(raw, &text) == nil {
				out[id] = text
			} else if json.Unmarshal(raw, &counts) == nil {
				out[id] = strings.ReplaceAll(counts.One, "{{.N}}", "1")
			}
		}
	}
	return out, nil
}

// do takes a step, unless an earlier one failed.
func (p *player) do(what string, f func() error) {
	if p.err != nil {
		return
	}
	p.step++
	if err := f(); err != nil {
		p.err = fmt.Errorf("step %d, %s: %w", p.step, what, err)
	}
}

// said is a phrase in the person's language. Of a long sentence its beginning is
// looked for, since it may take several lines.
func (p *player) said(phrase string) string {
	text, ok := p.say[phrase]
	if !ok {
		return phrase
	}
	if len(text) > 40 {
		text = text[:strings.LastIndex(text[:40], " ")]
	}
	return text
}

// open starts the app.
func (p *player) open() {
	p.do("start the app", func() error {
		log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer log.Close()
		command := append(append(append([]string{}, p.apart...), p.binary), p.story.args...)
		c := p.screen.Command(command[0], command[1:]...)
		language := p.story.language
		if language == "" {
			language = "en"
		}
		c.Env = append(c.Env, "HOME="+p.home, "XDG_CONFIG_HOME="+filepath.Join(p.home, ".config"), "XDG_DATA_HOME="+filepath.Join(p.home, ".local/share"),
			"XDG_RUNTIME_DIR="+filepath.Join(p.home, "run"), "LANGUAGE="+language, "LC_ALL=", "LC_MESSAGES=", "LANG="+language+"_US.UTF-8", "BONAFIDE_HOME=",
			"DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent")
		c.Stdout, c.Stderr, c.Dir = log, log, p.home
		if err := c.Start(); err != nil {
			return err
		}
		p.app, p.done = c, make(chan error, 1)
		go func() { p.done <- c.Wait() }()
		return nil
	})
}

// again closes the window and opens the app anew.
func (p *player) again(meanwhile func()) {
	p.do("close the window", p.quit)
	if p.err == nil {
		meanwhile()
	}
	p.open()
}

// quit closes the window; the app has to end by itself.
func (p *player) quit() error {
	if p.app == nil {
		return nil
	}
	select {
	case err := <-p.done:
		p.app = nil
		return fmt.Errorf("the app ended by itself: %w", err)
	default:
	}
	if err := p.screen.Quit(title); err != nil {
		return err
	}
	select {
	case err := <-p.done:
		p.app = nil
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

// see waits until phrases stand on the screen.
func (p *player) see(phrases ...string) {
	for _, phrase := range phrases {
		p.do("see "+phrase, func() error { _, err := p.screen.See(p.said(phrase)); return err })
	}
}

// gone waits until a phrase stands there no more.
func (p *player) gone(phrase string) {
	p.do("see no more "+phrase, func() error { return p.screen.Gone(p.said(phrase)) })
}

// click clicks on phrases, one after the other, each when it is there.
func (p *player) click(phrases ...string) {
	for _, phrase := range phrases {
		p.do("click "+phrase, func() error { return p.screen.Click(p.said(phrase), 0) })
	}
}

// clickLast clicks on the lowest of several.
func (p *player) clickLast(phrase string) {
	p.do("click the last "+phrase, func() error { return p.screen.Click(p.said(phrase), -1) })
}

// clickBeside clicks on a phrase in the row of another one.
func (p *player) clickBeside(phrase, row string) {
	p.do("click "+phrase+" beside "+row, func() error { return p.screen.ClickBeside(p.said(phrase), p.said(row)) })
}

// clickBelow clicks on the first of several that stands below another phrase.
func (p *player) clickBelow(phrase, other string) {
	p.do("click "+phrase+" below "+other, func() error { return p.screen.ClickNear(p.said(phrase), p.said(other), 1) })
}

// clickAbove clicks on the last of several that stands above another phrase.
func (p *player) clickAbove(phrase, other string) {
	p.do("click "+phrase+" above "+other, func() error { return p.screen.ClickNear(p.said(phrase), p.said(other), -1) })
}

// clickUnder clicks below a label, or above it where pixels are negative.
func (p *player) clickUnder(label string, pixels int) { p.clickOff(label, 20, pixels+8) }

// clickOff clicks beside where a phrase begins.
func (p *player) clickOff(phrase string, right, down int) {
	p.do(fmt.Sprintf("click %d, %d from %s", right, down, phrase), func() error {
		return p.screen.ClickOff(p.said(phrase), right, down)
	})
}

// into types into the entry below a label.
func (p *player) into(label, text string) {
	p.clickUnder(label, 30)
	p.typed(text)
}

func (p *player) typed(text string) {
	p.do("type", func() error { return p.screen.Type(text) })
}

// key presses keys such as ctrl+v or Tab.
func (p *player) key(keys ...string) {
	p.do("press "+strings.Join(keys, " "), func() error { return p.screen.Key(keys...) })
}

// find turns the wheel until a phrase is in sight: down from where the page
// stands, then once more from its top.
func (p *player) find(phrase string) {
	p.do("find "+phrase, func() error { return p.screen.Find(title, p.said(phrase)) })
}

// scroll turns the wheel a little further.
func (p *player) scroll(notches int) {
	p.do("scroll", func() error { return p.screen.Scroll(title, notches) })
}

// clipboard puts a file's content into the clipboard.
func (p *player) clipboard(file string) {
	p.do("copy "+filepath.Base(file), func() error {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return p.screen.Clipboard(b)
	})
}

// keep keeps a picture.
func (p *player) keep(name string) {
	p.do("keep "+name, func() error { return p.screen.Keep(name) })
}

// file is the path of one in the folder that the app's dialogs begin with.
func (p *player) file(name string) string { return filepath.Join(p.home, name) }
