//go:build interop

// Command interop proves the SD-JWT VC envelope by other people's software: what
// sd-jwt-js issues and presents is read here, what is made here is read there,
// and what was tampered with is refused on both sides. It runs with `make
// interop`, prints a line for each case and ends with the count; the exit code is
// not 0 if a case failed.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

func main() {
	dir := "interop"
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	t, err := start(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
	r := &report{out: os.Stdout}
	err = run(r, t)
	if err := errors.Join(err, t.stop()); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		r.failed++
	}
	fmt.Printf("%d passed, %d failed\n", r.passed, r.failed)
	if r.failed > 0 || r.passed == 0 {
		os.Exit(1)
	}
}

// report counts and prints cases.
type report struct {
	out            io.Writer
	passed, failed int
}

// same is a case that passes if nothing went wrong and got is what was wanted.
func (r *report) same(name string, got, want any, err error) {
	if err == nil && !reflect.DeepEqual(got, want) {
		err = fmt.Errorf("got %v, want %v", got, want)
	}
	r.note(name, err)
}

// refused is a case that passes if somebody refused.
func (r *report) refused(name string, err error) {
	var no *refusal
	switch {
	case err == nil:
		r.note(name, errors.New("accepted"))
	case errors.As(err, &no):
		r.note(name+": "+no.why, nil)
	default:
		r.note(name, err)
	}
}

func (r *report) note(name string, err error) {
	if err != nil {
		r.failed++
		_, _ = fmt.Fprintf(r.out, "FAIL  %s: %v\n", name, err)
		return
	}
	r.passed++
	_, _ = fmt.Fprintf(r.out, "ok    %s\n", name)
}

// refusal is a verdict, not a fault of the test.
type refusal struct{ why string }

func (r *refusal) Error() string { return "refused: " + r.why }

// theirs is a running theirs.mjs.
type theirs struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(dir string) (*theirs, error) {
	cmd := exec.Command("node", "theirs.mjs")
	cmd.Dir, cmd.Stderr = filepath.Clean(dir), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting node: %w", err)
	}
	return &theirs{cmd, in, bufio.NewReader(out)}, nil
}

func (t *theirs) stop() error { return errors.Join(t.in.Close(), t.cmd.Wait()) }

// ask calls one operation and stores what it gives in result.
func (t *theirs) ask(result any, op string, args map[string]any) error {
	args["op"] = op
	b, err := json.Marshal(args)
	if err != nil {
		return err
	}
	if _, err := t.in.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("asking node: %w", err)
	}
	line, err := t.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("hearing from node: %w", err)
	}
	var answer struct {
		Result  json.RawMessage `json:"result"`
		Refused *string         `json:"refused"`
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		return fmt.Errorf("understanding node: %w", err)
	}
	if answer.Refused != nil {
		return &refusal{*answer.Refused}
	}
	d := json.NewDecoder(bytes.NewReader(answer.Result))
	d.UseNumber()
	return d.Decode(result)
}

// token makes the operations that give a token easy to call.
func (t *theirs) token(op string, args map[string]any) (token string, err error) {
	err = t.ask(&token, op, args)
	return token, err
}

// names lists the members of a claims object, members of objects joined by dots,
// sorted.
func names(v any) []string {
	var out []string
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			out = append(out, strings.TrimPrefix(prefix, "."))
			return
		}
		for k, e := range m {
			walk(prefix+"."+k, e)
		}
	}
	walk("", v)
	slices.Sort(out)
	return out
}
