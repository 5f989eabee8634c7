package model

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// folded is text as it is searched: without case, accents and the like, so that
// "munoz" finds "Muñoz".
func folded(s string) string {
	plain := true
	for i := range len(s) {
		if s[i] >= 0x80 {
			plain = false
			break
		}
	}
	if plain {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unlike[unicode.ToLower(r)] != "":
			b.WriteString(unlike[unicode.ToLower(r)])
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// unlike are letters that Unicode takes for letters of their own and people type
// without their strokes.
var unlike = map[rune]string{'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'æ': "ae", 'œ': "oe", 'ð': "d", 'þ': "th", 'ı': "i", 'ħ': "h", 'ŧ': "t", '’': "'"}
