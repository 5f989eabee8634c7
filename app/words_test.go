package app

import (
	"bytes"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"bonafide/app/model"
	"bonafide/assets"
	"bonafide/internal/demo"
	"bonafide/internal/explain"
)

// sentences are all that the source has people read: those of L, and those of N.
func sentences(t *testing.T) (plain, counted map[string]string) {
	t.Helper()
	plain, counted = map[string]string{}, map[string]string{}
	fset := token.NewFileSet()
	gather := func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "L" && sel.Sel.Name != "N" {
				return true
			}
			at := fset.Position(call.Pos()).String()
			lit, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				// What passes sentences on, and the catalogue's.
				if base := filepath.Base(path); base != "words.go" {
					t.Errorf("%s: a sentence is no literal", at)
				}
				return true
			}
			id, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			if sel.Sel.Name == "L" {
				plain[id] = at
			} else {
				counted[id] = at
			}
			return true
		})
		return nil
	}
	// What is printed on paper is said by a package of its own, for the command
	// line too.
	for _, root := range []string{".", "../internal/words", "../internal/card"} {
		if err := filepath.WalkDir(root, gather); err != nil {
			t.Fatal(err)
		}
	}
	if len(plain) < 100 || len(counted) < 5 {
		t.Fatalf("only %d and %d sentences were found", len(plain), len(counted))
	}
	for _, e := range explain.All() {
		plain[e.Message], plain[e.Screen()] = "code "+e.Code, "code "+e.Code
	}
	return plain, counted
}

// Every language says everything, with the same names in it; the files are
// sorted and hold nothing that nobody says.
func TestTranslations(t *testing.T) {
	plain, counted := sentences(t)
	for id, at := range plain {
		if _, ok := counted[id]; ok {
			t.Errorf("%s: %q is counted elsewhere", at, id)
		}
		if slices.Contains([]string{"id", "description", "hash", "leftdelim", "rightdelim", "zero", "one", "two", "few", "many", "other", "translation"}, strings.ToLower(id)) {
			t.Errorf("%s: %q is reserved in translation files", at, id)
		}
		if _, err := template.New("").Parse(id); err != nil {
			t.Errorf("%s: %q: %v", at, id, err)
		}
	}
	var fynes []string
	for _, l := range assets.Languages() {
		file := map[string]json.RawMessage{}
		for name, b := range assets.Translations(l) {
			keys := keysOf(t, name, b)
			if !sort.StringsAreSorted(keys) {
				t.Errorf("%s is not sorted", name)
			}
			if strings.HasPrefix(name, "fyne.") {
				if fynes == nil {
					fynes = keys
				} else if !slices.Equal(fynes, keys) {
					t.Errorf("%s has other words than Fyne's in other languages", name)
				}
				continue
			}
			var some map[string]json.RawMessage
			if err := json.Unmarshal(b, &some); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for id, raw := range some {
				if _, twice := file[id]; twice {
					t.Errorf("%s: %q is in another file, too", name, id)
				}
				file[id] = raw
			}
		}
		for id, raw := range file {
			_, isPlain := plain[id]
			_, isCounted := counted[id]
			var forms []string
			switch {
			case isCounted:
				var p model.Plural
				if err := json.Unmarshal(raw, &p); err != nil || p.One == "" || p.Other == "" {
					t.Errorf("%s.json: %q needs one and other", l, id)
				}
				if l == "en" && p.Other != id {
					t.Errorf("en.json: the plural of %q is not the sentence itself", id)
				}
				forms = []string{p.One, p.Other}
			case isPlain && l != "en":
				var text string
				if err := json.Unmarshal(raw, &text); err != nil || strings.TrimSpace(text) == "" {
					t.Errorf("%s.json: %q is no sentence", l, id)
				}
				forms = []string{text}
			default:
				t.Errorf("%s.json: nobody says %q", l, id)
			}
			for _, f := range forms {
				if bad := misspelt(l, f); bad != "" {
					t.Errorf("%s.json: %q: %s", l, f, bad)
				}
				if got, want := namesIn(f), namesIn(id); !slices.Equal(got, want) && !(isCounted && slices.Equal(slices.Sorted(slices.Values(append(got, ".N"))), want)) {
					t.Errorf("%s.json: %q names %v, the sentence %v", l, f, got, want)
				}
			}
		}
		for id, at := range counted {
			if _, ok := file[id]; !ok {
				t.Errorf("%s.json lacks %q (%s)", l, id, at)
			}
		}
		if l == "en" {
			continue
		}
		missing := 0
		for id, at := range plain {
			if _, ok := file[id]; !ok {
				if missing++; missing <= 20 {
					t.Errorf("%s.json lacks %q (%s)", l, id, at)
				}
			}
		}
		if missing > 20 {
			t.Errorf("%s.json lacks %d sentences", l, missing)
		}
	}
}

// What French sets with a space that does not break, and a colon without one.
var frenchMarks = regexp.MustCompile(`[^\x{00a0}][;?!»]|«[^\x{00a0}]|[^\x{00a0}]:(\s|$)`)

// misspelt says what a language does not write so; "" where all is well.
func misspelt(language, sentence string) string {
	switch {
	case language == "fr" && frenchMarks.MatchString(sentence):
		return "French has U+00A0 before ; : ? ! » and after «"
	case language != "en" && strings.Contains(sentence, "'"):
		return "an apostrophe is ’"
	case language == "es" && (strings.Count(sentence, "?") != strings.Count(sentence, "¿") || strings.Count(sentence, "!") != strings.Count(sentence, "¡")):
		return "Spanish begins a question with ¿ and a call with ¡"
	}
	return ""
}

// keysOf are the keys of a flat JSON object, in the order of the file.
func keysOf(t *testing.T, name string, b []byte) (keys []string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	depth, key := 0, true
	for {
		tok, err := d.Token()
		if err != nil {
			return keys
		}
		switch tok := tok.(type) {
		case json.Delim:
			if tok == '{' {
				depth++
				key = true
			} else {
				depth--
				key = true
			}
		case string:
			if depth == 1 && key {
				keys = append(keys, tok)
			}
			if depth >= 1 {
				key = !key
			}
		default:
			t.Fatalf("%s: neither a sentence nor its forms", name)
		}
	}
}

// namesIn are what a sentence names, sorted, each once.
func namesIn(s string) []string {
	var out []string
	for {
		_, rest, ok := strings.Cut(s, "{{")
		if !ok {
			slices.Sort(out)
			return slices.Compact(out)
		}
		name, after, _ := strings.Cut(rest, "}}")
		out, s = append(out, strings.TrimSpace(name)), after
	}
}

// A language takes effect at once, whatever the system speaks, and going back to
// English leaves nothing of it.
func TestLanguages(t *testing.T) {
	t.Cleanup(func() { wordsIn("en") })
	for _, system := range []string{"en_GB.UTF-8", "de_DE.UTF-8", "ja_JP.UTF-8", "C"} {
		t.Setenv("LANGUAGE", "")
		t.Setenv("LC_ALL", system)
		for _, l := range append(assets.Languages(), "en") {
			w := wordsIn(l)
			want := map[string][4]string{
				"en": {"0 days old", "1 day old", "2 days old", "1,000,000 days old"},
				"es": {"hace 0 días", "hace 1 día", "hace 2 días", "hace 1\u00a0000\u00a0000 días"},
				"fr": {"il y a 0 jour", "il y a 1 jour", "il y a 2 jours", "il y a 1\u00a0000\u00a0000 jours"},
			}[l]
			for i, n := range []int{0, 1, 2, 1000000} {
				if got := w.N("{{.N}} days old", n); got != want[i] {
					t.Errorf("%s on %s: %d days are %q", l, system, n, got)
				}
			}
			if l == "en" {
				if got := w.L("Hospital"); got != "Hospital" {
					t.Errorf("on %s a hospital is %q", system, got)
				}
			}
			day := time.Date(2026, 2, 3, 4, 5, 0, 0, time.UTC)
			if want := map[string]string{"en": "3 Feb 2026", "es": "3 feb 2026", "fr": "3 févr. 2026"}[l]; w.Date(day) != want {
				t.Errorf("%s writes %q", l, w.Date(day))
			}
		}
	}
}

// A first start speaks the system's language, where the app has it.
func TestSystemsLanguage(t *testing.T) {
	t.Cleanup(func() { wordsIn("en") })
	t.Setenv("LANGUAGE", "")
	for system, want := range map[string]string{"es_MX.UTF-8": "Hospital|3 feb 2026", "fr_CA.UTF-8": "Hôpital|3 févr. 2026", "de_DE.UTF-8": "Hospital|3 Feb 2026"} {
		t.Setenv("LC_ALL", system)
		w := wordsIn(model.LoadSettings(test.NewTempApp(t).Preferences()).Language)
		if got := w.L("Hospital") + "|" + w.Date(time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC)); got != want {
			t.Errorf("on %s: %q", system, got)
		}
	}
}

// fixedDemo is a demonstration that lies ready.
type fixedDemo struct{ world demo.World }

func (d fixedDemo) Load(string) (demo.World, error) { return d.world, nil }
func (d fixedDemo) Remove(string) error             { return nil }
func (d fixedDemo) Start(context.Context, demo.World) (model.DemoNetwork, error) {
	return nil, explain.Errorf("demo_missing", "x")
}

func (d fixedDemo) Furnish(context.Context, string, func(demo.Part, int, int)) (demo.World, error) {
	return d.world, nil
}

// A language chosen in the settings takes effect at once everywhere: in every
// room, in the bar, in the menu, in the demonstration, which outlives the rooms;
// and going back leaves nothing of it.
func TestLanguageTakesEffectEverywhere(t *testing.T) {
	t.Cleanup(func() { wordsIn("en") })
	for _, size := range []fyne.Size{wide, phoneSize} {
		freshUser(t)
		a := launch(t, size, Options{Dir: clinicHome(t)})
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "homes"), 0o700); err != nil {
			t.Fatal(err)
		}
		here := a.home.Dir()
		w := demo.World{
			Dir:     dir,
			Places:  []demo.Place{{Home: must(filepath.Rel(filepath.Join(dir, "homes"), here)), Role: demo.RoleHospital, Title: "Demo Hospital"}},
			Samples: []demo.Sample{{Kind: demo.SampleRevoked, File: "revoked.json"}},
			Codes:   []demo.ClaimCode{{Code: "AAAA-BBBB", Name: "Ohio", Licence: "RN", Expires: time.Date(2027, 1, 21, 0, 0, 0, 0, time.UTC)}},
		}
		a.demo = model.NewDemo(dir, fixedDemo{w}, a.words, func() { onScreen(func() { a.demoDrawn() }) })
		a.demo.Look()
		a.show("demo")
		a.settle()
		wants(t, a.window.Content(), "A licence that was revoked.", "Things to try", "Verify")
		for _, x := range []struct {
			language          string
			has, lacks        []string
			menu, sample, age string
		}{
			{"es", []string{"Una licencia que fue revocada.", "Cosas que probar", "Verificar"}, []string{"A licence that was revoked.", "Things to try"}, "Espacio", "Una licencia que fue revocada. Se puede usar hasta el 21 ene 2027.", "hace 3 días"},
			{"fr", []string{"Un permis qui a été révoqué.", "Choses à essayer", "Vérifier"}, []string{"Una licencia que fue revocada.", "Cosas que probar"}, "Espace", "Un permis qui a été révoqué. Utilisable jusqu’au 21 janv. 2027.", "il y a 3 jours"},
			{"en", []string{"A licence that was revoked.", "Things to try", "Verify"}, []string{"Un permis qui a été révoqué.", "Choses à essayer"}, "Home", "A licence that was revoked. May be used until 21 Jan 2027.", "3 days old"},
		} {
			set := a.settings
			set.Language = x.language
			a.apply(set)
			a.settle()
			wants(t, a.window.Content(), x.has...)
			lacks(t, a.window.Content(), x.lacks...)
			if got := a.demo.State().Samples[0].Title + " " + a.demo.State().Codes[0].Expires; got != x.sample {
				t.Errorf("in %s the demonstration offers %q", x.language, got)
			}
			if got := a.words.Ago(72 * time.Hour); got != x.age {
				t.Errorf("in %s three days ago is %q", x.language, got)
			}
			if menu := a.window.MainMenu(); !a.narrow() && menu.Items[0].Label != x.menu {
				t.Errorf("in %s the menu is %q", x.language, menu.Items[0].Label)
			}
		}
	}
}

// lower is what a word has.
var lower = regexp.MustCompile(`[a-z]{2}`)

// No string that people read goes around the words: what a widget is given is
// no literal with letters in it.
func TestWidgetsSayOnlySentences(t *testing.T) {
	makers := map[string]int{
		"NewLabel": 0, "NewLabelWithStyle": 0, "NewButton": 0, "NewButtonWithIcon": 0, "newButton": 0, "newPrimary": 0, "newQuiet": 0,
		"wrapped": 0, "heading": 0, "caption": 0, "titled": 0, "field": 0, "NewCheck": 0, "NewFormItem": 0, "SetPlaceHolder": 0,
		"NewMenu": 0, "NewMenuItem": 0, "SetTitleText": 0, "notice": 0,
	}
	fset := token.NewFileSet()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, path, must(os.ReadFile(path)), 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			name := ""
			switch f := call.Fun.(type) {
			case *ast.Ident:
				name = f.Name
			case *ast.SelectorExpr:
				name = f.Sel.Name
			}
			at, ok := makers[name]
			if !ok || at >= len(call.Args) {
				return true
			}
			if lit, ok := call.Args[at].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, _ := strconv.Unquote(lit.Value)
				if text != "Bonafide" && !strings.HasPrefix(text, "https://") && lower.MatchString(text) {
					t.Errorf("%s: %q is in no language", fset.Position(call.Pos()), text)
				}
			}
			return true
		})
	}
}

// What Fyne's dialogs say goes by the same ids as what ours do: of two sentences
// for one id either might be shown.
func TestFyneAndTheAppSayTheSame(t *testing.T) {
	for _, l := range assets.Languages() {
		said := map[string]json.RawMessage{}
		for _, fynes := range []bool{false, true} {
			for name, b := range assets.Translations(l) {
				if strings.HasPrefix(name, "fyne.") != fynes {
					continue
				}
				var file map[string]json.RawMessage
				if err := json.Unmarshal(b, &file); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				for id, text := range file {
					if other, ok := said[id]; ok && !bytes.Equal(other, text) {
						t.Errorf("%s: %q is %s, elsewhere %s", name, id, text, other)
					}
					said[id] = text
				}
			}
		}
	}
}
