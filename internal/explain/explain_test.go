package explain

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestCatalogue holds that every code can be shown to a person.
func TestCatalogue(t *testing.T) {
	all := All()
	if len(all) < 100 {
		t.Fatalf("only %d codes are registered", len(all))
	}
	shape := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	who := map[string]bool{"you": true, "board": true, "practitioner": true, "hospital": true, "it": true, "nobody": true}
	exits := map[int]bool{ExitOK: true, ExitRefused: true, ExitNotNow: true, ExitUsage: true, ExitNoInput: true, ExitInternal: true}
	for _, e := range all {
		if !shape.MatchString(e.Code) {
			t.Errorf("%q is not lower_snake_case", e.Code)
		}
		for what, s := range map[string]string{"message": e.Message, "next step": e.Next} {
			if len(s) < 5 || !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "?") || s[0] < 'A' || s[0] > 'Z' {
				t.Errorf("%s: the %s is no sentence: %q", e.Code, what, s)
			}
		}
		if !who[e.Who] {
			t.Errorf("%s: %q is nobody who could act", e.Code, e.Who)
		}
		if !exits[e.Exit] {
			t.Errorf("%s: exit code %d has no meaning", e.Code, e.Exit)
		}
	}
}

func TestErrorCarriesItsCode(t *testing.T) {
	cause := errors.New("cause")
	err := fmt.Errorf("outer: %w", Errorf("no_data", "inner: %w", cause))
	if got := CodeOf(err); got != "no_data" {
		t.Errorf("code %q", got)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	if CodeOf(cause) != "" {
		t.Error("a code out of nowhere")
	}
}

// TestScreen: nobody before a screen is sent to a command.
func TestScreen(t *testing.T) {
	for code := range screen {
		if _, ok := Lookup(code); !ok {
			t.Errorf("%s is no code", code)
		}
	}
	for _, e := range All() {
		for _, s := range []string{e.Message, e.Screen()} {
			if regexp.MustCompile("`|--|bonafide [a-z]|BONAFIDE_|Ctrl-C").MatchString(s) {
				t.Errorf("%s speaks of a command: %s", e.Code, s)
			}
		}
	}
}
