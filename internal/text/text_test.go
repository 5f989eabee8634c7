package text

import "testing"

func TestThreat68_Line(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Board of Nursing", "Board of Nursing"},
		{"Junta de Enfermería, Ñuñoa", "Junta de Enfermería, Ñuñoa"},
		{"看護協会", "看護協会"},
		{"Dr. A\u202eB", "Dr. A\ufffdB"},
		{"two\nlines\x1b[31m", "two\ufffdlines\ufffd[31m"},
		{"zero\u200bwidth \ufefftag\U000E0041", "zero\ufffdwidth \ufffdtag\ufffd"},
		{"bad\xff", "bad\ufffd"},
		{"abcdefghijklmnopqrstuvwxyz01234", "abcdefghijklmnopqrstuvwxyz0123…"},
		{"abcdefghijklmnopqrstuvwxyz0123", "abcdefghijklmnopqrstuvwxyz0123"},
		{"", ""},
	} {
		if got := Line(c.in, 30); got != c.want {
			t.Errorf("Line(%q, 30) = %q, want %q", c.in, got, c.want)
		}
	}
}
