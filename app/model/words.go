package model

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"bonafide/internal/explain"
	"bonafide/verifier"
)

// Clock tells the time.
type Clock = func() time.Time

// Purposes are what a verdict can be for, in the order of the picker.
var Purposes = []verifier.Purpose{verifier.Privileging, verifier.Disaster, verifier.Monitoring}

// PurposeName is the purpose as people read it.
func PurposeName(p verifier.Purpose) string {
	switch p {
	case verifier.Privileging:
		return "Privileging"
	case verifier.Disaster:
		return "Disaster privileges"
	case verifier.Monitoring:
		return "Monthly monitoring"
	}
	return Plain(string(p))
}

// Explain is the sentence for an error and what to do about it. Go's own words
// never reach a screen.
func Explain(err error) (message, next string) { return text(explain.CodeOf(err)) }

// text looks a code up in the catalogue; what is not there is our own fault.
func text(code string) (message, next string) {
	e, ok := explain.Lookup(code)
	if !ok {
		e, _ = explain.Lookup("internal_error")
	}
	return e.Message, e.Next
}

// stamp writes a time as people at a desk read it, in UTC so that two desks
// write the same.
func stamp(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

// age writes how old something is, in the largest unit that says enough.
func age(d time.Duration) string {
	switch {
	case d < -time.Minute:
		return "ahead of this machine's clock"
	case d < 2*time.Hour:
		return count(max(0, int(d.Minutes())), "minute", "minutes") + " old"
	case d < 72*time.Hour:
		return count(int(d.Hours()), "hour", "hours") + " old"
	default:
		return count(int(d.Hours()/24), "day", "days") + " old"
	}
}

// count writes a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// Plain makes text from outside safe to show: characters that cannot be seen,
// or that turn or hide what stands around them, appear as their code point.
func Plain(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			b.WriteString("[?]") // not UTF-8
		case r == ' ', unicode.IsGraphic(r) && !unicode.In(r, unicode.Zs, unicode.Variation_Selector) && !blank(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}

// blank reports letters and marks that are drawn as nothing: Unicode counts
// these as graphic.
func blank(r rune) bool {
	switch r {
	case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0:
		return true
	}
	return false
}

// maxName is the longest file name shown whole, in characters.
const maxName = 96

// FileName is a file's name as a screen shows it: safe, and with its middle
// left out where it is very long, so that its ending stays in sight.
func FileName(name string) string {
	r := []rune(Plain(name))
	if len(r) <= maxName {
		return string(r)
	}
	half := maxName / 2
	return string(r[:half]) + " … " + string(r[len(r)-half:])
}
