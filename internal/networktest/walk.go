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
	"time"
)

// walk runs the commands of a document's sh blocks as they stand, in one shell
// and an empty folder, and looks at how it ends.
func (w *world) walk(ctx context.Context, detail *string, document string) error {
	b, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	// set -m gives every node a process group of its own and the job numbers that
	// the text uses; at the end they are all ended.
	script := "set -e -m -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"
	blocks := 0
	for i, part := range strings.Split(string(b), "```") {
		if code, ok := strings.CutPrefix(part, "sh\n"); ok && i%2 == 1 {
			script += code
			blocks++
		}
	}
	if blocks == 0 {
		return errors.New("there is nothing to follow")
	}
	dir := filepath.Join(w.dir, "walk")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Symlink(w.bin, filepath.Join(dir, "bonafide"))); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", "-c", script)
	c.Dir = dir
	for _, e := range w.env {
		if p, ok := strings.CutPrefix(e, "PATH="); ok {
			e = "PATH=" + dir + string(os.PathListSeparator) + p
		}
		c.Env = append(c.Env, e)
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) } // so that the shell ends its nodes
	c.WaitDelay = 10 * time.Second
	if err := c.Run(); err != nil {
		return fmt.Errorf("%w:\n%s", err, out.String())
	}
	for _, want := range []string{"accredit did:bonafide:", "signed by 4 boards", "This node signs headers"} {
		if !strings.Contains(out.String(), want) {
			return fmt.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	*detail = fmt.Sprintf("%d blocks of %s", blocks, filepath.Base(document))
	return nil
}
