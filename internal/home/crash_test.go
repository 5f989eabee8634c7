package home

// Crashes: the test binary runs itself as a child, which changes a home over
// and over until the parent kills it (SIGKILL) in the middle.

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// killed runs the calling test in a child on dir and kills it after it has
// printed n lines.
func killed(t *testing.T, dir string, n int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "HOME_TEST_CRASH="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for s := bufio.NewScanner(out); lines < n && s.Scan(); {
		if strings.HasPrefix(s.Text(), "step ") {
			lines++
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it reports the kill
	if lines < n {
		t.Fatalf("the child ended after %d steps", lines)
	}
}

func TestThreat72_KilledWhileChangingThePassphrase(t *testing.T) {
	passes := []string{"first passphrase", "second passphrase"}
	if dir := os.Getenv("HOME_TEST_CRASH"); dir != "" {
		u := &user{pass: goodPass}
		o := options(u)
		o.As = "owner"
		h := mustOpen(t, dir, o)
		for i := 0; ; i++ {
			if err := h.Unlock(); err != nil {
				t.Fatal(err)
			}
			u.pass = passes[i%2]
			if err := h.ChangePassphrase(context.Background()); err != nil {
				t.Fatal(err)
			}
			fmt.Println("step ", i)
		}
	}
	for n := 1; n <= 6; n++ {
		dir := newHome(t)
		second := &user{pass: goodPass}
		h := mustOpen(t, dir, options(second))
		if err := h.Unlock(); err != nil {
			t.Fatal(err)
		}
		second.pass = "the passphrase of somebody else"
		if err := errors.Join(h.AddPerson(context.Background(), "second"), h.Close()); err != nil {
			t.Fatal(err)
		}
		killed(t, dir, n*7)
		other := options(second)
		other.As = "second"
		if err := mustOpen(t, dir, other).Unlock(); err != nil {
			t.Errorf("killed after %d changes, another person: %v", n*7, err)
		}
		opened := 0
		for _, pass := range passes {
			o := options(&user{pass: pass})
			o.As = "owner"
			h := mustOpen(t, dir, o)
			if err := h.Unlock(); err == nil {
				opened++
			} else {
				wantCode(t, err, "passphrase_wrong")
			}
		}
		if opened != 1 {
			t.Errorf("killed after %d changes: %d of the passphrases open it", n*7, opened)
		}
		for name, content := range files(t, dir) {
			for _, s := range spellings(passes[0], passes[1], goodPass) {
				if bytes.Contains(content, []byte(s)) {
					t.Errorf("%s holds a passphrase", name)
				}
			}
		}
	}
}

func TestThreat73_KilledWhileStoringNetworkData(t *testing.T) {
	if dir := os.Getenv("HOME_TEST_CRASH"); dir != "" {
		h := mustOpen(t, dir, options(&user{}))
		for i := 0; ; i++ {
			v := []byte(fmt.Sprint("generation ", i))
			if err := store(h.Network(), v, bytes.Repeat(v, 5000)); err != nil {
				t.Fatal(err)
			}
			fmt.Println("step ", i)
		}
	}
	for n := 1; n <= 5; n++ {
		dir := newHome(t)
		killed(t, dir, n*3)
		trust, pack, err := mustOpen(t, dir, options(&user{})).Network().Load()
		if err != nil || len(trust) == 0 || !bytes.Equal(pack, bytes.Repeat(trust, 5000)) {
			t.Errorf("trust %q with %d bytes of pack, %v", trust, len(pack), err)
		}
	}
}
