package assets

import (
	"embed"
	"slices"
	"strings"
)

// translations hold the sentences of the app: XX.json those of its screens in a
// language (en.json only those that count, whose singular differs), codes.XX.json
// the catalogue's, fyne.XX.json what Fyne's own dialogs say.
//
//go:embed translations/*.json
var translations embed.FS

// English has the English sentences that count.
func English() []byte { return translation("en.json") }

// Languages are those that the app speaks, by their two letters; "en" is one.
func Languages() []string {
	files, err := translations.ReadDir("translations")
	if err != nil {
		panic(err) // it is embedded
	}
	var out []string
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".json"); ok && !strings.Contains(name, ".") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Translations are the files of one of Languages, by name: XX.json, and those
// with something before it, such as codes.XX.json.
func Translations(language string) map[string][]byte {
	files, err := translations.ReadDir("translations")
	if err != nil {
		panic(err) // it is embedded
	}
	out := map[string][]byte{}
	for _, f := range files {
		if name := f.Name(); name == language+".json" || strings.HasSuffix(name, "."+language+".json") {
			out[name] = translation(name)
		}
	}
	return out
}

func translation(name string) []byte {
	b, err := translations.ReadFile("translations/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return b
}
