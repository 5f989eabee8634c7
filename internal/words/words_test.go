package words

import (
	"strings"
	"testing"
	"time"

	"bonafide/assets"
)

// Every language that is built in can be spoken without the app, counts and
// writes days as it does, and says in English what it has no words for.
func TestIn(t *testing.T) {
	day := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	for _, l := range assets.Languages() {
		w, ok := In(l)
		if !ok || Language(w) != l {
			t.Fatalf("%s is not spoken", l)
		}
		if got := w.L("no such sentence {{.A}}", D{"A": "x"}); got != "no such sentence x" {
			t.Errorf("%s: %q", l, got)
		}
	}
	for l, want := range map[string][3]string{
		"en": {"1 hour old", "0 hours old", "1 Aug 2026"},
		"es": {"1 hora", "0 horas", "1 ago 2026"},
		"fr": {"1 heure", "0 heure", "1er août 2026"},
	} {
		w, _ := In(l)
		for n, i := range map[int]int{1: 0, 0: 1} {
			if got := w.N("{{.N}} hours old", n); !strings.Contains(got, want[i]) || i == 1 && l == "fr" && strings.Contains(got, "heures") {
				t.Errorf("%s says %q for %d", l, got, n)
			}
		}
		if got := w.Date(day); got != want[2] {
			t.Errorf("%s writes %q", l, got)
		}
	}
	if w, ok := In("tlh"); ok || w != nil {
		t.Error("a language that is not there is spoken")
	}
}
