// Package clipboard takes a picture from the clipboard of the desktop. Fyne's
// own clipboard holds text alone.
//
// Under X11 and Wayland the clipboard belongs to the program that was copied
// from, and asking it is a conversation; xclip and wl-paste hold it. They are
// asked where they are installed, for PNG and nothing else, for a few seconds,
// and for no more bytes than a picture may have. On other systems there is none.
package clipboard

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"bonafide/internal/explain"
)

// Limits of what a program that was copied from may give.
const (
	maxBytes = 20 << 20
	patience = 5 * time.Second
)

// Picture is the picture in the clipboard, as PNG. Errors: clipboard_empty (no
// picture is there, or none that can be had), qr_too_large.
func Picture(ctx context.Context) ([]byte, error) {
	if runtime.GOOS != "linux" {
		return nil, explain.Errorf("clipboard_empty", "pictures are not had on %s", runtime.GOOS)
	}
	return picture(ctx, os.Getenv, exec.LookPath)
}

func picture(ctx context.Context, env func(string) string, find func(string) (string, error)) ([]byte, error) {
	var args []string
	switch {
	case env("WAYLAND_DISPLAY") != "":
		args = []string{"wl-paste", "--no-newline", "--type", "image/png"}
	case env("DISPLAY") != "":
		args = []string{"xclip", "-selection", "clipboard", "-target", "image/png", "-out"}
	default:
		return nil, explain.Errorf("clipboard_empty", "no display")
	}
	program, err := find(args[0])
	if err != nil {
		return nil, explain.Errorf("clipboard_empty", "%w", err)
	}
	return run(ctx, program, args[1:]...)
}

// run gives what a program says, bounded in time and length.
func run(ctx context.Context, program string, args ...string) ([]byte, error) {
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	c := exec.CommandContext(ctx, program, args...)
	c.WaitDelay = time.Second
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return nil, explain.Errorf("clipboard_empty", "%w", err)
	}
	b, err := io.ReadAll(io.LimitReader(out, maxBytes+1))
	end() // what is more than that is not waited for
	_ = c.Wait()
	switch {
	case len(b) > maxBytes:
		return nil, explain.Errorf("qr_too_large", "more than %d bytes", maxBytes)
	case err != nil:
		return nil, explain.Errorf("clipboard_empty", "%w", err)
	case !bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return nil, explain.Errorf("clipboard_empty", "no picture")
	}
	return b, nil
}
