package app

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// topicKeys is the page that lists the shortcuts.
const topicKeys = "keys"

// helpRoom is the help: guides, what codes mean, shortcuts, and a search, all
// with no network.
type helpRoom struct {
	s       *shell
	content *fyne.Container
	search  *entry
	page    string   // topic in sight; "": the list
	back    []string // pages before
}

// helpRoom is the section's room.
func (s *shell) helpRoom() room {
	if s.helping == nil {
		s.helping = newHelpRoom(s)
	}
	return s.helping
}

func newHelpRoom(s *shell) *helpRoom {
	r := &helpRoom{s: s, content: container.NewStack(), search: newEntry()}
	r.search.SetPlaceHolder(s.words.L("Search the help"))
	r.search.OnChanged = func(string) { r.list() }
	r.list()
	return r
}

func (r *helpRoom) Content() fyne.CanvasObject { return r.content }

// Enter implements room.
func (r *helpRoom) Enter() {}

// Leave implements room.
func (r *helpRoom) Leave() {}

// Stop goes back.
func (r *helpRoom) Stop() {
	if r.page != "" {
		r.goBack()
	}
}

// explains is the help in the language that is spoken.
func (s *shell) explains() model.Help {
	tongue.RLock()
	defer tongue.RUnlock()
	return model.NewHelp(s.words, tongue.code)
}

// list shows what there is to read, as far as it holds what was searched for.
func (r *helpRoom) list() {
	w := r.s.words
	r.page = ""
	topics := r.s.explains().Topics(r.search.Text, r.s.place.Role)
	box := container.NewVBox()
	for _, t := range topics[:min(len(topics), 60)] {
		icon := theme.DocumentIcon()
		if t.Code {
			icon = theme.QuestionIcon()
		}
		title := wrapped(t.Title)
		title.TextStyle.Bold = !t.Code
		text := tight(title)
		if t.In != "" {
			text.Add(caption(t.In))
		}
		box.Add(container.NewStack(newQuiet("", nil, func() { r.open(t.ID) }),
			container.NewBorder(nil, nil, container.NewPadded(widget.NewIcon(icon)), nil, text)))
	}
	if len(topics) == 0 {
		box.Add(wrapped(w.L("Nothing was found. Try fewer or other words.")))
	}
	if r.search.Text == "" {
		box.Add(lined(w.L("Keyboard shortcuts"), true, theme.ComputerIcon(), func() { r.open(topicKeys) }))
		box.Add(caption(w.L("Every message has a code. Search for it here, or tap it where it stands.")))
	}
	r.fill(container.NewVBox(heading(w.L("Help")), r.search), box)
}

// Actions implements actor.
func (r *helpRoom) Actions() []action {
	return []action{{r.s.words.L("Search the help"), control(fyne.KeyF), func() {
		if r.page != "" {
			r.back = nil
			r.list()
		}
		r.s.window.Canvas().Focus(r.search)
	}}}
}

// open shows a topic; of a guide, with the part in sight that it names.
func (r *helpRoom) open(topic string) {
	if r.page != "" && r.page != topic {
		r.back = append(r.back, r.page)
	}
	r.page = topic
	back := container.NewHBox(newButton(r.s.words.L("Back"), theme.NavigateBackIcon(), r.goBack))
	if topic == topicKeys {
		r.fill(back, r.s.keysPage())
		return
	}
	if g, ok := r.s.explains().Guide(topic); ok {
		r.guide(back, g, topic)
		return
	}
	text, ok := r.s.explains().Code(topic)
	if !ok {
		r.list()
		return
	}
	title, text, _ := strings.Cut(strings.TrimPrefix(text, "# "), "\n\n")
	r.fill(back, container.NewVBox(heading(title), paragraphs(text)))
}

// guide shows a guide: what is on it, then part after part.
func (r *helpRoom) guide(top fyne.CanvasObject, g model.Guide, topic string) {
	parts := map[string]fyne.CanvasObject{}
	box := container.NewVBox(heading(g.Title))
	toc := container.NewVBox()
	for _, p := range g.Parts {
		text := paragraphs(p.Text)
		if p.Title != "" {
			text.Objects = slices.Insert(text.Objects, 0, fyne.CanvasObject(subtitle(p.Title)))
			toc.Add(lined(p.Title, false, theme.MoveDownIcon(), func() { r.open(p.ID) }))
		}
		part := container.NewVBox(text)
		for _, l := range p.Links {
			part.Add(lined(l.Title, true, theme.NavigateNextIcon(), func() { r.open(l.ID) }))
		}
		parts[p.ID] = part
		box.Add(part)
		if p.Title == "" {
			box.Add(widget.NewAccordion(widget.NewAccordionItem(r.s.words.L("On this page"), toc)))
		}
	}
	scroll := r.fill(top, box)
	if part, ok := parts[topic]; ok && topic != g.Name {
		relayout(scroll) // where a part stands is known only then
		scroll.ScrollToOffset(fyne.NewPos(0, part.Position().Y))
	}
}

func (r *helpRoom) goBack() {
	if n := len(r.back); n > 0 {
		id := r.back[n-1]
		r.back, r.page = r.back[:n-1], ""
		r.open(id)
		return
	}
	r.list()
}

func (r *helpRoom) fill(top, rest fyne.CanvasObject) *container.Scroll {
	scroll := container.NewVScroll(container.New(column{}, container.NewPadded(rest)))
	r.content.Objects = []fyne.CanvasObject{stacked(container.New(column{}, container.NewPadded(top)), scroll)}
	r.content.Refresh()
	return scroll
}

// paragraphs shows a text of ours, block after block: Fyne leaves no space below a
// list.
func paragraphs(text string) *fyne.Container {
	box := container.New(layout.NewCustomPaddedVBoxLayout(2 * (theme.Padding() - theme.InnerPadding())))
	for _, block := range strings.Split(text, "\n\n") {
		box.Add(markdown(block))
	}
	return box
}

// markdown shows a block of it. Fyne lets the lines of a list run wider than
// others by what they are indented.
func markdown(text string) fyne.CanvasObject {
	t := widget.NewRichTextFromMarkdown(text)
	t.Wrapping = fyne.TextWrapWord
	if strings.HasPrefix(text, "- ") || strings.HasPrefix(text, "1. ") {
		return container.New(layout.NewCustomPaddedLayout(0, 0, 0, 3*theme.Padding()), t)
	}
	return t
}

// help opens the help at a topic; "" is what is in sight. Where no rooms are, as
// while the home is locked, it is a dialog.
func (s *shell) help(topic string) {
	s.touch()
	if topic == "" {
		topic = s.topic()
	}
	if s.rooms != nil && s.session != nil {
		for len(s.dialogs) > 0 {
			s.dialogs[len(s.dialogs)-1].Dismiss()
		}
		s.goTo("help")
		s.helping.open(topic)
		return
	}
	r := newHelpRoom(s)
	d := dialog.NewCustomWithoutButtons(s.words.L("Help"), r.content, s.window)
	d.SetButtons([]fyne.CanvasObject{newPrimary(s.words.L("Close"), theme.CancelIcon(), func() { d.Hide() })})
	s.ask(d, s.most())
	if topic != "" {
		r.open(topic) // its place on the screen is known by now
	}
}

// topic is what the help says of what is in sight: of the section, of the page,
// else of the role that somebody has; "" where nothing is known of them.
func (s *shell) topic() string {
	pages, role := s.explains(), string(s.place.Role)
	for _, t := range []string{s.reads, role + "#" + s.current, "upgrading#" + s.current, role} {
		if pages.Has(t) {
			return t
		}
	}
	return ""
}

// keysPage lists the shortcuts: those of every room that is open, and those that
// work everywhere.
func (s *shell) keysPage() fyne.CanvasObject {
	w := s.words
	grid := container.New(gridOf(2))
	seen := map[string]bool{}
	add := func(key, does string) {
		if key == "" || seen[key+does] {
			return
		}
		seen[key+does] = true
		k := widget.NewLabelWithStyle(key, fyne.TextAlignLeading, fyne.TextStyle{Monospace: true})
		grid.Add(wrapped(does))
		grid.Add(k)
	}
	for _, a := range s.actions() {
		add(keyName(a.shortcut), a.title)
	}
	for _, sec := range s.sections {
		if r, ok := s.rooms[sec.id].(actor); ok {
			for _, a := range r.Actions() {
				add(keyName(a.shortcut), w.L("{{.Room}}: {{.Action}}", model.D{"Room": sec.title, "Action": a.title}))
			}
		}
	}
	add(keyName(&desktop.CustomShortcut{KeyName: fyne.KeyV, Modifier: fyne.KeyModifierShortcutDefault}), w.L("Paste into what is in sight"))
	add("F1", w.L("Help"))
	add("Esc", w.L("Cancel, close, go back"))
	add("Tab", w.L("To the next thing that takes the keyboard; with Shift to the one before"))
	add("Page Up, Page Down", w.L("Turn the page"))
	add("Alt", w.L("The menu"))
	return container.NewVBox(heading(w.L("Keyboard shortcuts")), grid)
}

// keyName is a shortcut as it stands on the keys.
func keyName(k fyne.Shortcut) string {
	c, ok := k.(fyne.KeyboardShortcut)
	if !ok {
		return ""
	}
	var parts []string
	for _, m := range []struct {
		mod  fyne.KeyModifier
		name string
	}{{fyne.KeyModifierControl, "Ctrl"}, {fyne.KeyModifierSuper, "Cmd"}, {fyne.KeyModifierAlt, "Alt"}, {fyne.KeyModifierShift, "Shift"}} {
		if c.Mod()&m.mod != 0 {
			parts = append(parts, m.name)
		}
	}
	return strings.Join(append(parts, string(c.Key())), "+")
}
