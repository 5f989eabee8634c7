package app

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/driver/desktop"
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
	page    string   // in sight; "": the list
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

func (r *helpRoom) pages() model.Help { return model.NewHelp(r.s.words, r.language()) }

func (r *helpRoom) language() string {
	tongue.RLock()
	defer tongue.RUnlock()
	return tongue.code
}

// list shows what there is to read, as far as it holds what was searched for.
func (r *helpRoom) list() {
	w := r.s.words
	r.page = ""
	topics := r.pages().Topics(r.search.Text)
	box := container.NewVBox()
	for _, t := range topics[:min(len(topics), 60)] {
		icon := theme.DocumentIcon()
		if t.Code {
			icon = theme.QuestionIcon()
		}
		box.Add(lined(t.Title, !t.Code, icon, func() { r.open(t.ID) }))
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

// open shows a page.
func (r *helpRoom) open(id string) {
	if r.page != "" && r.page != id {
		r.back = append(r.back, r.page)
	}
	back := newButton(r.s.words.L("Back"), theme.NavigateBackIcon(), r.goBack)
	if id == topicKeys {
		r.page = id
		r.fill(container.NewHBox(back), r.s.keysPage())
		return
	}
	text, ok := r.pages().Page(id)
	if !ok {
		r.list()
		return
	}
	r.page = id
	r.fill(container.NewHBox(back), markdown(text))
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

func (r *helpRoom) fill(top, rest fyne.CanvasObject) {
	r.content.Objects = []fyne.CanvasObject{stacked(
		container.New(column{}, container.NewPadded(top)),
		container.NewVScroll(container.New(column{}, container.NewPadded(rest))),
	)}
	r.content.Refresh()
}

// markdown shows a page of ours.
func markdown(text string) fyne.CanvasObject {
	t := widget.NewRichTextFromMarkdown(text)
	t.Wrapping = fyne.TextWrapWord
	return t
}

// help opens the help at a guide's name or a code; "" is its first page, for
// the role that somebody has. Where no rooms are, as while the home is locked,
// it is a dialog.
func (s *shell) help(topic string) {
	s.touch()
	if topic == "" {
		topic = string(s.place.Role)
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
	if topic != "" {
		r.open(topic)
	}
	d := dialog.NewCustomWithoutButtons(s.words.L("Help"), r.content, s.window)
	d.SetButtons([]fyne.CanvasObject{newPrimary(s.words.L("Close"), theme.CancelIcon(), func() { d.Hide() })})
	s.ask(d, s.most())
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
	add(keyName(&desktop.CustomShortcut{KeyName: fyne.KeyV, Modifier: fyne.KeyModifierShortcutDefault}), w.L("Paste into the room in sight"))
	add("F1", w.L("Help"))
	add("Esc", w.L("Cancel, close, go back"))
	add("Tab", w.L("To the next thing that takes the keyboard; with Shift to the one before"))
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
