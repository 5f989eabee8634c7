package assets

import (
	"embed"
	"slices"
	"strings"
)

// translations hold the sentences of the app: XX.json what we wrote in a
// language (en.json only has the sentences that count, whose singular differs),
// fyne.XX.json what Fyne's own dialogs say.
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

// Translation has the app's sentences in one of Languages, and what Fyne's own
// dialogs say.
func Translation(language string) (ours, fyne []byte) {
	return translation(language + ".json"), translation("fyne." + language + ".json")
}

func translation(name string) []byte {
	b, err := translations.ReadFile("translations/" + name)
	if err != nil {
		panic(err) // it is embedded; a test holds that each language has both files
	}
	return b
}
