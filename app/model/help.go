package model

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"bonafide/docs/guides"
	"bonafide/internal/explain"
)

// Topic is one thing that the help tells about: a guide, a part of one, or what
// a code means.
type Topic struct {
	ID    string // a guide's name, that and a part's ("hospital#data"), or a code
	Title string
	In    string // title of the guide whose part it is; "" for the rest
	Code  bool
}

// Guide is a page of the help in its parts.
type Guide struct {
	Name, Title string
	Parts       []Part // the first one, without a title, stands before all headings
}

// Part is what stands under one heading of a guide.
type Part struct {
	ID    string // as a topic; the guide's name for the first
	Title string
	Text  string  // Markdown
	Links []Topic // where to read on
}

// Help is what the app can explain, with no network.
type Help struct {
	words    Words
	language string
}

// NewHelp makes the help in a language.
func NewHelp(w Words, language string) Help { return Help{w, language} }

var (
	// partHeading is a heading of a guide, with the name that links have for it.
	partHeading = regexp.MustCompile(`^## (.*?)(?: <a id="([a-z-]+)"></a>)?$`)
	// partLink is a line that does nothing but lead on.
	partLink = regexp.MustCompile(`^\[([^\]]+)\]\(([^)]*)\)$`)
	// guideLink is where such a line leads to, in whatever language.
	guideLink = regexp.MustCompile(`^(?:([a-z]+)(?:\.[a-z]{2})?\.md)?(?:#([a-z-]+))?$`)
	// otherLink leads to what is not in the help; its words are kept.
	otherLink = regexp.MustCompile(`\[([^\]]+)\]\([^)]*\)`)
)

// Guide is the guide that a topic is in: its name, or that and a part's.
func (h Help) Guide(topic string) (g Guide, ok bool) {
	name, _, _ := strings.Cut(topic, "#")
	text, ok := guides.Page(name, h.language)
	if !ok {
		return g, false
	}
	g = Guide{Name: name, Title: title(text), Parts: []Part{{ID: name}}}
	_, rest, _ := strings.Cut(text, "\n")
	for _, line := range strings.Split(rest, "\n") {
		at := &g.Parts[len(g.Parts)-1]
		if m := partHeading.FindStringSubmatch(line); m != nil {
			g.Parts = append(g.Parts, Part{ID: name + "#" + m[2], Title: m[1]})
			continue
		}
		if m := partLink.FindStringSubmatch(line); m != nil {
			if to := guideLink.FindStringSubmatch(m[2]); to != nil {
				id := cmp.Or(to[1], name)
				if to[2] != "" {
					id += "#" + to[2]
				}
				at.Links = append(at.Links, Topic{ID: id, Title: m[1]})
				continue
			}
		}
		at.Text += otherLink.ReplaceAllString(line, "$1") + "\n"
	}
	for i := range g.Parts {
		g.Parts[i].Text = strings.TrimSpace(g.Parts[i].Text)
	}
	return g, true
}

// Has reports whether the help tells about a topic: a guide, a part that is in
// one, or a code.
func (h Help) Has(topic string) bool {
	if g, ok := h.Guide(topic); ok {
		return topic == g.Name || slices.ContainsFunc(g.Parts, func(p Part) bool { return p.ID == topic })
	}
	_, ok := explain.Lookup(topic)
	return ok
}

// Topics are what holds every word of a query: guides, their parts and codes,
// the title counting more than the text, and the role's own guide coming first. An
// empty query lists the guides alone, since there are hundreds of codes.
func (h Help) Topics(query string, role Role) []Topic {
	words := strings.Fields(folded(query))
	type hit struct {
		Topic
		rank int
	}
	var hits []hit
	names := guides.Names()
	if i := slices.Index(names, string(role)); i > 0 {
		names = slices.Insert(slices.Delete(names, i, i+1), 0, string(role))
	}
	for _, name := range names {
		g, _ := h.Guide(name)
		if _, ok := match(words, g.Title+" "+name, ""); ok {
			hits = append(hits, hit{Topic{ID: name, Title: g.Title}, 0})
		}
		for _, p := range g.Parts {
			if p.Title == "" || len(words) == 0 {
				continue
			}
			if rank, ok := match(words, p.Title, p.Text+" "+g.Title+" "+name); ok {
				if role != "" && name != string(role) {
					rank++ // what one's own guide says counts as much as another's title
				}
				hits = append(hits, hit{Topic{ID: p.ID, Title: p.Title, In: g.Title}, rank})
			}
		}
	}
	if len(words) > 0 {
		for _, e := range explain.All() {
			message, next := h.words.Explain(e.Code)
			t := Topic{ID: e.Code, Title: message, Code: true}
			if rank, ok := match(words, e.Code+" "+strings.ReplaceAll(e.Code, "_", " ")+" "+message, next); ok {
				hits = append(hits, hit{t, rank + 2})
			}
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.rank, b.rank) })
	out := make([]Topic, len(hits))
	for i, h := range hits {
		out[i] = h.Topic
	}
	return out
}

// match reports whether all words stand in title or text; rank 0 where all
// stand in the title.
func match(words []string, title, text string) (rank int, ok bool) {
	title, text = folded(title), folded(text)
	for _, w := range words {
		switch {
		case strings.Contains(title, w):
		case strings.Contains(text, w):
			rank = 1
		default:
			return 0, false
		}
	}
	return rank, true
}

// title is a guide's first line.
func title(markdown string) string {
	line, _, _ := strings.Cut(markdown, "\n")
	return strings.TrimSpace(strings.TrimPrefix(line, "#"))
}

// Code is what a code means, in Markdown: who acts, and what to do next. ok is
// false for an unknown one.
func (h Help) Code(code string) (markdown string, ok bool) {
	e, ok := explain.Lookup(code)
	if !ok {
		return "", false
	}
	message, next := h.words.Explain(code)
	parts := []string{"# " + message}
	if e.Who != "nobody" {
		parts = append(parts, "**"+h.words.L("What to do next")+"**", next, "**"+h.words.L("Who has to act")+"**", WhoName(h.words, e.Who))
	}
	return strings.Join(append(parts, h.words.L("Code: `{{.Code}}`", D{"Code": code})), "\n\n"), true
}

// WhoName is who has to act, as people read it.
func WhoName(w Words, who string) string {
	switch who {
	case "you":
		return w.L("You")
	case "board":
		return w.L("The board")
	case "practitioner":
		return w.L("The practitioner")
	case "hospital":
		return w.L("The hospital")
	case "it":
		return w.L("Whoever looks after this computer")
	}
	return w.L("Nobody")
}
