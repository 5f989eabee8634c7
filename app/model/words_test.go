package model

import (
	"strings"
	"testing"
	"time"
)

// said is a language that says its ids.
type said struct{}

func (said) L(id string, data ...D) string        { return Fill(id, data...) }
func (said) N(id string, n int, data ...D) string { return Fill(id, Counted(n, data...)) }

// Days and numbers are written as each language writes them, wherever a sentence
// names them.
func TestWordsByLanguage(t *testing.T) {
	day := time.Date(2026, 2, 1, 4, 5, 0, 0, time.UTC)
	for language, want := range map[string]struct{ day, small, large, long string }{
		"en": {"1 Feb 2026", "9,999", "1,234,567", "12,000 days old"},
		"es": {"1 feb 2026", "9999", "1 234 567", "12 000 days old"},
		"fr": {"1er févr. 2026", "9999", "1 234 567", "12 000 days old"},
	} {
		w := Speak(language, said{})
		plain := func(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }
		if got := w.Date(day); got != want.day {
			t.Errorf("%s writes a day as %q", language, got)
		}
		if got := w.Date(day.AddDate(0, 0, 1)); strings.Contains(got, "er ") {
			t.Errorf("%s writes a day as %q", language, got)
		}
		if got := plain(w.L("{{.A}} {{.B}} {{.C}} {{.D}}", D{"A": 9999, "B": int64(1234567), "C": uint64(999)}, D{"D": "2026"})); got != want.small+" "+want.large+" 999 2026" {
			t.Errorf("%s writes numbers as %q", language, got)
		}
		if got := plain(w.N("{{.N}} of {{.All}}", 1234567, D{"All": -1234567})); got != want.large+" of -"+want.large {
			t.Errorf("%s counts %q", language, got)
		}
		if got := plain(w.Ago(12000 * 24 * time.Hour)); got != want.long {
			t.Errorf("%s writes an age as %q", language, got)
		}
	}
	named := D{"A": 1000}
	English().L("{{.A}}", named)
	if named["A"] != 1000 {
		t.Error("what a sentence was given is changed")
	}
}
