// Package words puts sentences into a person's language: English, Spanish or
// French. The app speaks through it with Fyne's help, and what is printed and
// what the command line prints for others to read without.
package words

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"time"

	"bonafide/assets"
	"bonafide/internal/explain"
)

// D names what a sentence mentions.
type D = map[string]any

// Words puts sentences into a person's language. An id is the English sentence
// itself, with {{.Name}} for what it names, and always a literal: a test gathers
// them from the source. Whole numbers among what it names are written with the
// language's separators. It is safe for concurrent use.
type Words interface {
	// L is a sentence.
	L(id string, data ...D) string
	// N is a sentence in the form that goes with n, which it calls {{.N}}.
	N(id string, n int, data ...D) string
	// Date writes a day, in UTC: 21 Nov 2026.
	Date(t time.Time) string
	// Stamp writes a day and a time, and says that it is UTC.
	Stamp(t time.Time) string
	// Ago writes how old something is, in the largest unit that says enough.
	Ago(d time.Duration) string
	// Explain is what a code of the catalogue means, and what to do next.
	Explain(code string) (message, next string)
}

// Speech finds the sentences of a language.
type Speech interface {
	L(id string, data ...D) string
	N(id string, n int, data ...D) string
}

// Speak makes Words of a Speech in a language: "en", "es" or "fr", which says
// how days and numbers are written.
func Speak(language string, s Speech) Words { return speaker{s, language} }

// English is the language in which the sentences are written.
func English() Words { return english() }

var english = sync.OnceValue(func() Words {
	plurals, err := Plurals(assets.English())
	if err != nil {
		panic("the English sentences cannot be read: " + err.Error())
	}
	return Speak("en", englishSpeech(plurals))
})

// Plural has the forms of a sentence that counts.
type Plural struct {
	One   string `json:"one"`
	Other string `json:"other"`
}

// Plurals reads the sentences that count from a file of translations, whose
// other entries are strings.
func Plurals(b []byte) (map[string]Plural, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, err
	}
	out := map[string]Plural{}
	for id, v := range raw {
		if !bytes.HasPrefix(v, []byte("{")) {
			continue
		}
		var p Plural
		if err := json.Unmarshal(v, &p); err != nil {
			return nil, err
		}
		out[id] = p
	}
	return out, nil
}

type englishSpeech map[string]Plural

func (englishSpeech) L(id string, data ...D) string { return Fill(id, data...) }

func (e englishSpeech) N(id string, n int, data ...D) string {
	form := id
	if p, ok := e[id]; ok {
		form = p.Other
		if n == 1 {
			form = p.One
		}
	}
	return Fill(form, Counted(n, data...))
}

// Counted adds the number to what a sentence names.
func Counted(n int, data ...D) D {
	out := D{"N": n}
	for _, d := range data {
		for k, v := range d {
			out[k] = v
		}
	}
	return out
}

// Fill puts what a sentence names into it. A sentence that cannot be filled
// comes back as it is.
func Fill(sentence string, data ...D) string {
	if !strings.Contains(sentence, "{{") {
		return sentence
	}
	t := parsed(sentence)
	if t == nil {
		return sentence
	}
	all := D{}
	for _, d := range data {
		for k, v := range d {
			all[k] = v
		}
	}
	var b strings.Builder
	if err := t.Execute(&b, all); err != nil {
		return sentence
	}
	return b.String()
}

// sentences are those that were parsed: the program's own, so they are not many,
// and a full wallet says each of them often.
var sentences sync.Map // string: *template.Template, nil where it is none

func parsed(sentence string) *template.Template {
	if t, ok := sentences.Load(sentence); ok {
		return t.(*template.Template)
	}
	t, err := template.New("").Option("missingkey=error").Parse(sentence)
	if err != nil {
		t = nil
	}
	sentences.Store(sentence, t)
	return t
}

// speaker writes what depends on the language beside its sentences.
type speaker struct {
	Speech
	language string
}

// months are as a date has them.
var months = map[string][12]string{
	"en": {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	"es": {"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"},
	"fr": {"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."},
}

func (s speaker) L(id string, data ...D) string { return s.Speech.L(id, s.written(data)...) }

func (s speaker) N(id string, n int, data ...D) string {
	return s.Speech.N(id, n, append(s.written(data), D{"N": s.number(int64(n))})...)
}

// written are what a sentence names, its whole numbers as the language writes them.
func (s speaker) written(data []D) []D {
	out := make([]D, 0, len(data)+1)
	for _, d := range data {
		c := make(D, len(d))
		for k, v := range d {
			switch n := v.(type) {
			case int:
				v = s.number(int64(n))
			case int64:
				v = s.number(n)
			case uint64:
				v = s.number(int64(min(n, math.MaxInt64)))
			}
			c[k] = v
		}
		out = append(out, c)
	}
	return out
}

// number writes a whole number: 12,345 in English; in Spanish and French with
// spaces, which cannot be taken for a decimal point or comma anywhere.
func (s speaker) number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	between := ","
	if s.language != "en" {
		if between = "\u00a0"; len(digits) < 5 {
			return sign + digits
		}
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + between + digits[i:]
	}
	return sign + digits
}

func (s speaker) Date(t time.Time) string {
	names, ok := months[s.language]
	if !ok {
		names = months["en"]
	}
	t = t.UTC()
	day := strconv.Itoa(t.Day())
	if s.language == "fr" && t.Day() == 1 {
		day = "1er"
	}
	return day + " " + names[t.Month()-1] + " " + strconv.Itoa(t.Year())
}

func (s speaker) Stamp(t time.Time) string {
	return s.L("{{.Date}} {{.Time}} UTC", D{"Date": s.Date(t), "Time": t.UTC().Format("15:04")})
}

func (s speaker) Ago(d time.Duration) string {
	switch {
	case d < -time.Minute:
		return s.L("ahead of this machine's clock")
	case d < time.Minute:
		return s.L("less than a minute old")
	case d < 2*time.Hour:
		return s.N("{{.N}} minutes old", max(0, int(d.Minutes())))
	case d < 72*time.Hour:
		return s.N("{{.N}} hours old", int(d.Hours()))
	default:
		return s.N("{{.N}} days old", int(d.Hours()/24))
	}
}

func (s speaker) Explain(code string) (message, next string) {
	e, ok := explain.Lookup(code)
	if !ok {
		e, _ = explain.Lookup("internal_error")
	}
	return s.L(e.Message), s.L(e.Screen())
}

// Language is the language of words: "en", "es" or "fr".
func Language(w Words) string {
	if s, ok := w.(speaker); ok {
		return s.language
	}
	return "en"
}

// In are the words of a language by its two letters, from the translations that
// are built in; false where there is no such language.
func In(language string) (Words, bool) {
	if language == "en" {
		return English(), true
	}
	if !slices.Contains(assets.Languages(), language) {
		return nil, false
	}
	return Speak(language, translated(language)), true
}

// translation has the sentences of a language by their ids.
type translation struct {
	language string
	plain    map[string]string
	counted  map[string]Plural
}

var translations sync.Map // language: translation

// translated reads a language, once.
func translated(language string) translation {
	if t, ok := translations.Load(language); ok {
		return t.(translation)
	}
	t := translation{language, map[string]string{}, map[string]Plural{}}
	for name, b := range assets.Translations(language) {
		plurals, err := Plurals(b)
		if err != nil {
			panic(fmt.Sprintf("%s cannot be read: %v", name, err)) // it is embedded, and a test reads it
		}
		var all map[string]json.RawMessage
		_ = json.Unmarshal(b, &all) // Plurals has read it
		for id, raw := range all {
			var text string
			if json.Unmarshal(raw, &text) == nil {
				t.plain[id] = text
			}
		}
		for id, p := range plurals {
			t.counted[id] = p
		}
	}
	translations.Store(language, t)
	return t
}

// L implements Speech. What has no translation is English.
func (t translation) L(id string, data ...D) string {
	if text, ok := t.plain[id]; ok {
		return Fill(text, data...)
	}
	return Fill(id, data...)
}

// N implements Speech.
func (t translation) N(id string, n int, data ...D) string {
	form := id
	if p, ok := t.counted[id]; ok {
		form = p.Other
		if n == 1 || n == 0 && t.language == "fr" { // French counts nothing in the singular
			form = p.One
		}
	}
	return Fill(form, Counted(n, data...))
}
