package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"bonafide/internal/explain"
	"bonafide/internal/home"
)

// homeDir is the folder of the home that the command is about.
func (e *env) homeDir() (string, error) {
	if e.opt.Home != "" {
		return filepath.Abs(e.opt.Home)
	}
	return home.DefaultDir()
}

func (e *env) options(now func() time.Time) home.Options {
	return home.Options{Now: now, Passphrase: e.passphrase, As: e.opt.As}
}

func (e *env) openHome() (*home.Home, error) { return e.openHomeAt(e.now) }

// openHomeAt opens the home; now is its clock.
func (e *env) openHomeAt(now func() time.Time) (*home.Home, error) {
	dir, err := e.homeDir()
	if err != nil {
		return nil, err
	}
	return home.Open(dir, e.options(now))
}

// createHome makes the home, or opens the one that is there.
func (e *env) createHome() (*home.Home, error) {
	dir, err := e.homeDir()
	if err != nil {
		return nil, err
	}
	if home.Exists(dir) {
		return home.Open(dir, e.options(e.now))
	}
	h, err := home.Create(dir, e.options(e.now), false)
	if err == nil {
		e.say("Made a home in %s.", dir)
	}
	return h, err
}

// closing closes a home and says so when that fails.
func closing(e *env, h *home.Home) {
	if err := h.Close(); err != nil {
		e.say("bonafide: closing the home: %v", err)
	}
}

// passphrase reads a passphrase from the file named by flag or environment,
// else asks on the terminal. It is never an argument.
func (e *env) passphrase(prompt string, confirm bool) ([]byte, error) {
	from := e.opt.PassphraseFile
	if e.changing && confirm {
		from = e.newPassphraseFile
	}
	if from != "" {
		return passphraseFrom(e, from)
	}
	f, ok := e.terminal()
	if !ok {
		if e.changing && confirm {
			return nil, usage("a new passphrase is needed, and nobody can be asked here: give --new-passphrase-file FILE")
		}
		return nil, explain.Errorf("passphrase_needed", "stdin is no terminal and no file is named")
	}
	return e.askTwice(f, prompt, confirm)
}

// askTwice asks for a passphrase; with confirm it must come the same again.
func (e *env) askTwice(f *os.File, prompt string, confirm bool) ([]byte, error) {
	first, err := e.ask(f, prompt+": ")
	if err != nil || !confirm {
		return first, err
	}
	second, err := e.ask(f, "Once more: ")
	if err != nil {
		return nil, err
	}
	defer clear(second)
	if !bytes.Equal(first, second) {
		clear(first)
		return nil, usage("the two passphrases differ; nothing was changed")
	}
	return first, nil
}

// terminal is stdin where a person can be asked something.
func (e *env) terminal() (*os.File, bool) {
	f, ok := e.stdin.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// ask reads a line without showing it. The wait ends when the command is
// cancelled, and the terminal is left as it was.
func (e *env) ask(f *os.File, prompt string) ([]byte, error) {
	before, err := term.GetState(int(f.Fd()))
	if err != nil {
		return nil, fmt.Errorf("asking on the terminal: %w", err)
	}
	_, _ = fmt.Fprint(e.stderr, prompt)
	defer func() { _, _ = fmt.Fprintln(e.stderr) }()
	type answer struct {
		b   []byte
		err error
	}
	got := make(chan answer, 1)
	go func() {
		b, err := term.ReadPassword(int(f.Fd()))
		got <- answer{b, err}
	}()
	select {
	case a := <-got:
		return a.b, a.err
	case <-e.ctx.Done():
		return nil, errors.Join(e.ctx.Err(), term.Restore(int(f.Fd()), before))
	}
}

// passphraseFrom reads the first line of a file.
func passphraseFrom(e *env, name string) ([]byte, error) {
	b, err := e.read(name, 4096)
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 {
		return nil, usage("%s holds no passphrase in its first line", name)
	}
	return line, nil
}

// write puts an answer that is a file where it is asked for: replaced by
// rename, never half written; "-" is stdout.
func (e *env) write(name string, b []byte, what string) error {
	if name == "" || name == "-" {
		_, err := e.stdout.Write(b)
		return err
	}
	if err := writeFile(name, b); err != nil {
		return fmt.Errorf("writing the %s: %w", what, err)
	}
	return e.answer(map[string]string{what: name}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Wrote the %s to %s\n", what, name)
	})
}

func writeFile(name string, b []byte) error {
	// Replacing a folder, a device or the like by a file is never what is meant.
	if i, err := os.Stat(name); err == nil && !i.Mode().IsRegular() {
		return unreadable("%s cannot be written: it is no ordinary file", name)
	}
	err := home.WriteFile(name, b)
	if err != nil && explain.CodeOf(err) == "" {
		return unreadable("%s cannot be written: %s", name, plain(err))
	}
	return err
}
