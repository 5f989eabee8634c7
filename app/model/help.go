package model

import (
	"cmp"
	"slices"
	"strings"

	"bonafide/docs/guides"
	"bonafide/internal/explain"
)

// Topic is one page of the help: a guide, or what a code means.
type Topic struct {
	ID    string // a guide's name, or a code
	Title string
	Code  bool
}

// Help is what the app can explain, with no network.
type Help struct {
	words    Words
	language string
}

// NewHelp makes the help in a language.
func NewHelp(w Words, language string) Help { return Help{w, language} }

// Topics are the pages that hold every word of a query, guides first; the title
// counts more than the text. An empty query lists the guides alone, since there
// are hundreds of codes.
func (h Help) Topics(query string) []Topic {
	words := strings.Fields(strings.ToLower(query))
	type hit struct {
		Topic
		rank int
	}
	var hits []hit
	for _, name := range guides.Names() {
		text, _ := guides.Page(name, h.language)
		t := Topic{ID: name, Title: title(text)}
		if rank, ok := match(words, t.Title+" "+name, text); ok {
			hits = append(hits, hit{t, rank})
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
	title, text = strings.ToLower(title), strings.ToLower(text)
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

// Page is a topic in Markdown: a guide as it stands, or a code with what it
// means, who acts and what to do next. ok is false for an unknown topic.
func (h Help) Page(id string) (markdown string, ok bool) {
	if text, ok := guides.Page(id, h.language); ok {
		return text, true
	}
	e, ok := explain.Lookup(id)
	if !ok {
		return "", false
	}
	message, next := h.words.Explain(id)
	parts := []string{"# " + message}
	if e.Who != "nobody" {
		parts = append(parts, "**"+h.words.L("What to do next")+"**", next, "**"+h.words.L("Who has to act")+"**", WhoName(h.words, e.Who))
	}
	return strings.Join(append(parts, h.words.L("Code: `{{.Code}}`", D{"Code": id})), "\n\n"), true
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
