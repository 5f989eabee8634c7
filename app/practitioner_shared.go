package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// page is how many lines of a list are drawn at first, and more at a time.
const page = 20

// sharedRoom tells what was shared with whom, and when.
type sharedRoom struct {
	*walletRoom
	log    *model.SharedLog
	search *entry
	count  *widget.Label
	export *push
	list   *fyne.Container
	upTo   int
}

func (p *practitioner) shared(s *shell) room {
	w := s.words
	r := &sharedRoom{walletRoom: newWalletRoom(p, w.L("Shared")), upTo: page}
	r.log = model.NewSharedLog(func() (model.Logging, error) { return p.open() }, w, func() { onScreen(r.draw) })
	r.refresh = func() { r.log.Refresh(s.ctx) }
	r.search = newEntry()
	r.search.SetPlaceHolder(w.L("Search"))
	r.search.OnChanged = func(q string) {
		r.upTo = page
		r.log.Search(q)
	}
	r.count = caption("")
	r.export = newButton(w.L("Save as a table…"), theme.DocumentSaveIcon(), r.save)
	r.list = container.NewVBox()
	r.body.Add(wrapped(w.L("Every answer that you made, for your own eyes. It stays on this device.")))
	r.body.Add(container.NewBorder(nil, nil, nil, r.export, r.search))
	r.body.Add(r.count)
	r.body.Add(r.list)
	r.draw()
	return r
}

// Actions implements actor.
func (r *sharedRoom) Actions() []action {
	w := r.s.words
	return []action{
		{w.L("Search"), control(fyne.KeyF), func() { r.s.window.Canvas().Focus(r.search) }},
		{w.L("Save as a table…"), control(fyne.KeyS), r.save},
	}
}

// Stop implements stopper.
func (r *sharedRoom) Stop() { r.search.SetText("") }

func (r *sharedRoom) save() {
	if r.log.State().All == 0 {
		return
	}
	r.s.saveFile(model.LogName(r.s.now()), r.log.Export, func() { r.s.notice(r.s.words.L("Saved. The file tells about you: keep it to yourself."), nil) })
}

func (r *sharedRoom) draw() {
	st, w := r.log.State(), r.s.words
	defer r.body.Refresh()
	r.list.RemoveAll()
	setText(r.count, st.Count)
	enable(r.export, st.All > 0)
	switch {
	case !st.Loaded:
		r.list.Add(wrapped(w.L("Opening the log")))
	case st.Trouble.Code != "":
		r.list.Add(troublePanel(r.s, st.Trouble, newButton(w.L("Try again"), theme.ViewRefreshIcon(), r.Enter)))
	case st.All == 0:
		r.list.Add(said(theme.ColorNamePrimary, w.L("Nothing was shared yet"), w.L("When you answer a request under Present, it is noted here: who asked, what for, and what was in the answer.")))
	case len(st.Lines) == 0:
		r.list.Add(wrapped(w.L("Nothing in the log fits what you search for.")))
	}
	for i, l := range st.Lines {
		if i == r.upTo {
			r.list.Add(container.NewHBox(newButton(w.L("Show more"), theme.MoveDownIcon(), func() {
				r.upTo += page
				r.draw()
			})))
			break
		}
		r.list.Add(r.line(l))
	}
}

func (r *sharedRoom) line(l model.SharedLine) fyne.CanvasObject {
	w := r.s.words
	box := container.NewVBox(tight(strong(l.Who), caption(w.L("{{.When}} – {{.Purpose}}", model.D{"When": l.When, "Purpose": l.Purpose}))))
	if l.Odd {
		box.Add(oddMark(r.s))
	}
	for _, x := range l.Licences {
		lines := tight(wrapped(x.Title), party(r.s, x.Board))
		if x.Number != "" {
			lines.Add(wrapped(w.L("Number: {{.Number}}", model.D{"Number": x.Number})))
		}
		lines.Add(caption(w.L("Shared: {{.Details}}", model.D{"Details": x.Details})))
		box.Add(lines)
	}
	return newPanel(theme.ColorNameSeparator, box)
}
