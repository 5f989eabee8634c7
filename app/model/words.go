package model

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"bonafide/internal/words"
	"bonafide/verifier"
)

// D names what a sentence mentions.
type D = words.D

// Words put sentences into a person's language. An id is the English sentence
// itself, with {{.Name}} for what it names, and always a literal: a test gathers
// them from the source.
type Words = words.Words

// Speech finds the sentences of a language.
type Speech = words.Speech

// Plural has the forms of a sentence that counts.
type Plural = words.Plural

// Speak makes Words of a Speech in a language: "en", "es" or "fr", which says
// how days and numbers are written.
func Speak(language string, s Speech) Words { return words.Speak(language, s) }

// English is the language in which the sentences are written.
func English() Words { return words.English() }

// Counted adds the number to what a sentence names.
func Counted(n int, data ...D) D { return words.Counted(n, data...) }

// Fill puts what a sentence names into it.
func Fill(sentence string, data ...D) string { return words.Fill(sentence, data...) }

func language(w Words) string { return words.Language(w) }

// Clock tells the time.
type Clock = func() time.Time

// Purposes are what a verdict can be for, in the order of the picker.
var Purposes = []verifier.Purpose{verifier.Privileging, verifier.Disaster, verifier.Monitoring}

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
