package clipboard

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"bonafide/internal/explain"
)

const png = "\x89PNG\r\n\x1a\n"

// script is a program that stands in for xclip; it keeps what it was asked.
func script(t *testing.T, body string) (find func(string) (string, error), asked string) {
	t.Helper()
	dir := t.TempDir()
	program, asked := filepath.Join(dir, "program"), filepath.Join(dir, "asked")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho \"$@\" > "+asked+"\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return func(name string) (string, error) {
		if name != "xclip" && name != "wl-paste" {
			return "", exec.ErrNotFound
		}
		return program, nil
	}, asked
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// TestPicture: a picture is asked for in the way of the display, and what is none
// is told.
func TestPicture(t *testing.T) {
	for display, want := range map[string]string{"DISPLAY": "image/png -out", "WAYLAND_DISPLAY": "--type image/png"} {
		find, asked := script(t, `printf '\211PNG\r\n\032\nand more'`)
		got, err := picture(t.Context(), env(display, "x"), find)
		if err != nil || string(got) != png+"and more" {
			t.Errorf("%s: %q, %v", display, got, err)
		}
		if b, err := os.ReadFile(asked); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s: asked %q, %v", display, b, err)
		}
	}
	for name, x := range map[string]struct{ body, code string }{
		"text": {"echo text", "clipboard_empty"}, "nothing": {"exit 1", "clipboard_empty"},
		"another kind": {`printf 'GIF89a'`, "clipboard_empty"},
	} {
		find, _ := script(t, x.body)
		if b, err := picture(t.Context(), env("DISPLAY", ":0"), find); explain.CodeOf(err) != x.code || b != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	none := func(string) (string, error) { return "", exec.ErrNotFound }
	if _, err := picture(t.Context(), env("DISPLAY", ":0"), none); explain.CodeOf(err) != "clipboard_empty" {
		t.Errorf("nothing is installed: %v", err)
	}
	if _, err := picture(t.Context(), env(), nil); explain.CodeOf(err) != "clipboard_empty" {
		t.Errorf("no display: %v", err)
	}
}

// TestThreat70_Clipboard: a program that never stops talking is stopped at the
// bound, and one that says nothing when whoever waits goes away.
func TestThreat70_Clipboard(t *testing.T) {
	find, _ := script(t, `printf '\211PNG\r\n\032\n'; exec cat /dev/zero`)
	if b, err := picture(t.Context(), env("DISPLAY", ":0"), find); explain.CodeOf(err) != "qr_too_large" || b != nil {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	find, _ = script(t, `exec cat`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := picture(ctx, env("DISPLAY", ":0"), find); explain.CodeOf(err) != "clipboard_empty" || errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
