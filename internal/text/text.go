// Package text tells which characters can make a name look like another one,
// and makes text of strangers fit to be shown.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Deceptive reports a character that cannot be seen or that changes what is
// seen around it: controls, direction overrides and isolates (Trojan Source,
// CVE-2021-42574), zero-width ones, line and paragraph separators, private use,
// tags, and the mark of bytes that are no UTF-8.
func Deceptive(r rune) bool {
	switch {
	case unicode.IsControl(r), r == utf8.RuneError:
		return true
	case r >= 0x200B && r <= 0x200F, r >= 0x2028 && r <= 0x202E, r >= 0x2060 && r <= 0x206F:
		return true
	case r == 0x061C, r == 0xFEFF, r == 0x00AD, r == 0x180E, r == 0x034F:
		return true
	}
	return r >= 0xE000 && r <= 0xF8FF || r >= 0xE0000 || r >= 0xFFF0 && r <= 0xFFFB
}

// Line returns s as one line that shows what it holds: every deceptive
// character becomes U+FFFD, and what is longer than limit characters ends in an
// ellipsis.
func Line(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			return b.String() + "…"
		}
		n++
		if Deceptive(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}
