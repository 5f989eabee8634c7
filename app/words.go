package app

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"bonafide/app/model"
	"bonafide/assets"
)

// How the language is chosen. Fyne speaks the system's language and has no way
// to choose another. What it reads the system's language by differs: on Linux
// and the BSDs environment variables, which a program could set for itself;
// elsewhere the system's settings, which it could not. So we do what works on
// all of them: the sentences of the chosen language are loaded under the name
// of the system's, Fyne's own words for its dialogs among them. Going back to
// English loads the sentences' ids, which are English, the same way.
//
// The plural rules of the system's language then would be those of another one,
// so the forms of a sentence that counts are loaded as sentences of their own.

// Languages that the app speaks, as each calls itself.
var languageNames = map[string]string{"en": "English", "es": "Español", "fr": "Français"}

// tongue is what Fyne speaks now. All of the process shares it, as Fyne's
// localiser is one for all.
var tongue = struct {
	sync.RWMutex
	code  string              // "en", "es", "fr"
	known map[string]struct{} // ids that Fyne has in that language
	moved bool                // Fyne was told something: it does not speak English by itself
}{code: "en"}

// systemLanguage is the system's, where the app speaks it, else English.
func systemLanguage() string {
	code, _, _ := strings.Cut(string(lang.SystemLocale()), "-")
	if slices.Contains(assets.Languages(), code) {
		return code
	}
	return "en"
}

// wordsIn are the words of a language; "" is the system's. It changes what
// Fyne's own dialogs say, too. Runs on the screen.
func wordsIn(code string) model.Words {
	if !slices.Contains(assets.Languages(), code) {
		code = systemLanguage()
	}
	tongue.Lock()
	defer tongue.Unlock()
	if code == "en" && !tongue.moved && strings.HasPrefix(string(lang.SystemLocale()), "en") {
		tongue.code, tongue.known = code, nil
		return model.Speak(code, fyneSpeech{})
	}
	sentences, err := load(code)
	if err == nil {
		var b []byte
		if b, err = json.Marshal(sentences); err == nil {
			err = lang.AddTranslationsForLocale(b, lang.SystemLocale())
		}
	}
	if err != nil { // they are embedded, and a test reads them
		fyne.LogError("loading a language", err)
		return model.English()
	}
	tongue.code, tongue.moved, tongue.known = code, true, map[string]struct{}{}
	for id := range sentences {
		tongue.known[id] = struct{}{}
	}
	return model.Speak(code, fyneSpeech{})
}

// one is the key of the singular of a sentence.
func one(id string) string { return "one: " + id }

// load gathers the sentences of a language, and for every id that another
// language has and this one has not, the id itself, so that nothing of the
// language before stays.
func load(code string) (map[string]string, error) {
	out := map[string]string{}
	for _, l := range append(slices.DeleteFunc(assets.Languages(), func(l string) bool { return l == code }), code) {
		for _, b := range assets.Translations(l) {
			var file map[string]json.RawMessage
			if err := json.Unmarshal(b, &file); err != nil {
				return nil, err
			}
			for id, raw := range file {
				var text string
				var p model.Plural
				if json.Unmarshal(raw, &text) != nil {
					if err := json.Unmarshal(raw, &p); err != nil {
						return nil, err
					}
					text = p.Other
				}
				if l != code {
					out[id] = id
					if p.One != "" {
						out[one(id)] = id
					}
					continue
				}
				out[id] = text
				if p.One != "" {
					out[one(id)] = p.One
				}
			}
		}
	}
	return out, nil
}

// fyneSpeech finds sentences through Fyne. What has no translation is English.
type fyneSpeech struct{}

func (fyneSpeech) L(id string, data ...model.D) string {
	tongue.RLock()
	defer tongue.RUnlock()
	return sentence(id, id, data...)
}

func (fyneSpeech) N(id string, n int, data ...model.D) string {
	tongue.RLock()
	defer tongue.RUnlock()
	d := model.Counted(n, data...)
	if n != 1 && (tongue.code != "fr" || n != 0) { // French counts nothing in the singular
		return sentence(id, id, d)
	}
	if _, ok := tongue.known[one(id)]; ok {
		return sentence(one(id), id, d)
	}
	return model.English().N(id, n, d)
}

// sentence needs the lock. Fyne is asked only for what it has: for anything
// else it writes to the log.
func sentence(key, id string, data ...model.D) string {
	if _, ok := tongue.known[key]; !ok {
		return model.Fill(id, data...)
	}
	all := model.D{}
	for _, d := range data {
		for k, v := range d {
			all[k] = v
		}
	}
	return lang.X(key, id, all)
}
