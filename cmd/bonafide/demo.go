package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"bonafide/internal/demo"
	"bonafide/internal/explain"
)

type demoCmd struct {
	Keep string `help:"Leave the files in this folder, with steps.json to give every verdict again." placeholder:"DIR"`
}

func (demoCmd) Help() string {
	return `Founds a network on this machine, issues, presents, disciplines, pulls the plug and
verifies again; then tries what must not pass. Exit code 70 if a verdict is not the
expected one. Nothing is left behind, unless --keep names an empty or new folder.

Example:
  bonafide demo --keep story`
}

func (c *demoCmd) Run(e *env) error {
	rep, err := demo.Run(e.ctx, demo.Options{Keep: c.Keep, Now: e.now, Told: func(s demo.Step) {
		if e.opt.JSON { // the answer comes at the end
			e.say("%s", s.Name)
			return
		}
		printStep(e.stdout, s)
	}})
	if errors.Is(err, context.Canceled) && c.Keep == "" {
		return &inputError{explain.ExitNotNow, "cancelled; what the demo made is removed."}
	}
	if err != nil {
		return err
	}
	if !rep.AsExpected() {
		e.exit = explain.ExitInternal
	}
	return e.answer(rep, func(w io.Writer) {
		verified := 0
		for _, s := range rep.Steps {
			if s.Verdict != nil {
				verified++
			}
		}
		if rep.AsExpected() {
			_, _ = fmt.Fprintf(w, "\nAll %d verdicts are as they should be.\n", verified)
		} else {
			_, _ = fmt.Fprintln(w, "\nA verdict is not as it should be.")
		}
		if c.Keep != "" {
			_, _ = fmt.Fprintf(w, "The files are in %s; steps.json there lists the commands that give each verdict again.\n", c.Keep)
		}
	})
}

func printStep(w io.Writer, s demo.Step) {
	if s.Verdict == nil {
		_, _ = fmt.Fprintf(w, "•  %s. %s\n", s.Name, s.Headline)
		return
	}
	note := ""
	if !s.AsExpected() {
		note = fmt.Sprintf("   EXPECTED %s", *s.Expected)
	}
	_, _ = fmt.Fprintf(w, "%s  %s%s\n       %s [%s]\n", mark(string(*s.Verdict)), s.Name, note, s.Headline, strings.Join(s.Reasons, ", "))
}

// mark is the verdict as a word of fixed width.
func mark(v string) string { return fmt.Sprintf("%-12s", strings.ToUpper(v)) }
