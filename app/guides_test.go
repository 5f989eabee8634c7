package app

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bonafide/app/model"
	"bonafide/assets"
	"bonafide/docs/guides"
)

var (
	boldWords = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	filledIn  = regexp.MustCompile(`\{\{\.\w+\}\}`)
)

// asRead is a sentence as a guide writes it: with … for what is filled in.
func asRead(sentence string) string { return filledIn.ReplaceAllString(sentence, "…") }

// What stands in bold in a guide is the name of something on the screen, in the
// guide's language. So a button that is called otherwise tomorrow is called so in
// the guides, too.
func TestGuidesCallThingsAsTheScreenDoes(t *testing.T) {
	plain, counted := sentences(t)
	named := map[string][]string{} // guide and part: what it names, in English
	for _, name := range guides.Names() {
		g, _ := model.NewHelp(model.English(), "en").Guide(name)
		for _, p := range g.Parts {
			for _, m := range boldWords.FindAllStringSubmatch(p.Text, -1) {
				named[p.ID] = append(named[p.ID], m[1])
			}
		}
	}
	ids := map[string]string{}
	for id := range plain {
		ids[asRead(id)] = id
	}
	for id := range counted {
		ids[asRead(id)] = id
	}
	for part, names := range named {
		for _, n := range names {
			if ids[n] == "" {
				t.Errorf("%s: nothing on the screen is called %q", part, n)
			}
		}
	}
	for _, l := range assets.Languages() {
		if l == "en" {
			continue
		}
		said := translated(t, l)
		for _, name := range guides.Names() {
			g, _ := model.NewHelp(model.English(), l).Guide(name)
			for _, p := range g.Parts {
				var want, got []string
				for _, n := range named[p.ID] {
					want = append(want, asRead(said[ids[n]]))
				}
				for _, m := range boldWords.FindAllStringSubmatch(p.Text, -1) {
					got = append(got, m[1])
				}
				slices.Sort(want) // another language has another order
				slices.Sort(got)
				if !slices.Equal(want, got) {
					t.Errorf("%s in %s names\n%q, the screen\n%q", p.ID, l, got, want)
				}
			}
		}
	}
}

// translated are the sentences of a language by their ids.
func translated(t *testing.T, language string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, b := range assets.Translations(language) {
		var file map[string]json.RawMessage
		if err := json.Unmarshal(b, &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for id, raw := range file {
			var text string
			var p model.Plural
			if json.Unmarshal(raw, &text) != nil && json.Unmarshal(raw, &p) == nil {
				text = p.Other
			}
			out[id] = text
		}
	}
	return out
}

// Every language has the same guides, with the same parts and links in them, and
// no link leads nowhere.
func TestGuidesInEveryLanguage(t *testing.T) {
	shape := func(g model.Guide) (out []string) {
		for _, p := range g.Parts {
			out = append(out, p.ID)
			for _, l := range p.Links {
				out = append(out, "to "+l.ID)
			}
		}
		return out
	}
	for _, name := range guides.Names() {
		english, _ := model.NewHelp(model.English(), "en").Guide(name)
		for _, l := range []string{"en", "es", "fr"} {
			h := model.NewHelp(model.English(), l)
			g, ok := h.Guide(name)
			if !ok || !slices.Equal(shape(g), shape(english)) {
				t.Errorf("%s in %s has %q, in English %q", name, l, shape(g), shape(english))
			}
			if l != "en" && g.Title == english.Title {
				t.Errorf("%s is not in %s", name, l)
			}
			seen := map[string]bool{}
			for i, p := range g.Parts {
				if i > 0 && (p.Title == "" || p.Text == "" || strings.HasSuffix(p.ID, "#")) || seen[p.ID] {
					t.Errorf("%s in %s: part %+v", name, l, p)
				}
				seen[p.ID] = true
				for _, link := range p.Links {
					if !h.Has(link.ID) {
						t.Errorf("%s in %s leads to %q", name, l, link.ID)
					}
				}
			}
		}
	}
}
