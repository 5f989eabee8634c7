package app

import (
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// requestsRoom is where a hospital asks practitioners for presentations.
type requestsRoom struct {
	s       *shell
	model   *model.Requests
	content fyne.CanvasObject

	trouble  *fyne.Container
	shown    *fyne.Container // the request in sight
	rest     *fyne.Container // what is there while none is in sight
	open     *fyne.Container
	none     *widget.Label
	audience *entry
	purpose  *widget.Select
	types    *widget.CheckGroup
	claims   *widget.CheckGroup
	note     *fyne.Container
	form     *widget.Select // envelope
	life     *widget.Select
	scroll   *container.Scroll

	said   string // code of what trouble says
	nonce  string // of the request in sight
	codes  *codes // that show it
	filled bool   // the audience was filled in
}

func (h *hospital) requests(s *shell) room { return newRequestsRoom(s, h) }

func newRequestsRoom(s *shell, q model.Requesting) *requestsRoom {
	w := s.words
	r := &requestsRoom{s: s}
	r.model = model.NewRequests(q, w, s.now, func() { onScreen(r.draw) })

	r.trouble, r.shown, r.open, r.note = container.NewVBox(), container.NewVBox(), container.NewVBox(), container.NewVBox()
	r.none = wrapped(w.L("No request is open."))
	r.audience = newEntry()
	r.audience.SetPlaceHolder(w.L("What the hospital is called"))
	var purposes, lives []string
	for _, p := range model.Purposes {
		purposes = append(purposes, model.PurposeName(w, p))
	}
	for _, d := range model.Lives {
		lives = append(lives, model.LifeName(w, d))
	}
	r.purpose, r.life = widget.NewSelect(purposes, nil), widget.NewSelect(lives, nil)
	forms := []string{w.L("Either form")}
	for _, e := range model.Envelopes(w) {
		forms = append(forms, e.Name)
	}
	r.form = widget.NewSelect(forms, nil)
	r.purpose.SetSelectedIndex(0)
	r.life.SetSelectedIndex(0)
	r.form.SetSelectedIndex(0)
	r.types, r.claims = widget.NewCheckGroup(nil, nil), widget.NewCheckGroup(nil, nil)

	fields := container.NewVBox(
		field(w.L("Who asks"), r.audience),
		field(w.L("Purpose"), r.purpose),
		field(w.L("How long it may be answered"), r.life),
		field(w.L("Form of the credential"), r.form),
		r.note,
		widget.NewAccordion(
			widget.NewAccordionItem(inLines(w.L("Which credentials (none chosen: any)"), theme.MenuDropDownIcon()), sideways(s, r.types)),
			widget.NewAccordionItem(inLines(w.L("Which details (none chosen: all)"), theme.MenuDropDownIcon()), sideways(s, r.claims)),
		),
		container.NewHBox(newPrimary(w.L("Make the request"), theme.MailSendIcon(), r.make)),
	)
	r.rest = container.NewVBox(
		titled(w.L("Requests"), wrapped(w.L("A request asks a practitioner to prove a licence to you. Show it, or send it; what comes back is verified under Verify and finds its request by itself."))),
		subtitle(w.L("Open requests")), r.none, r.open,
		subtitle(w.L("A new request")), newPanel(theme.ColorNameSeparator, fields),
	)
	r.scroll = container.NewVScroll(container.New(column{}, container.NewPadded(container.NewVBox(r.trouble, r.shown, r.rest))))
	r.content = r.scroll
	r.draw()
	return r
}

// subtitle opens a part of a screen.
func subtitle(text string) *widget.Label {
	l := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	l.SizeName = theme.SizeNameSubHeadingText
	l.Wrapping = fyne.TextWrapWord
	return l
}

// Content implements room.
func (r *requestsRoom) Content() fyne.CanvasObject { return r.content }

// Enter implements room.
func (r *requestsRoom) Enter() { r.s.beside(func() { r.model.Refresh(r.s.ctx) }) }

// Leave implements room: the codes need not go round unseen.
func (r *requestsRoom) Leave() { r.model.Hide() }

// Stop implements stopper: Escape goes back to the list.
func (r *requestsRoom) Stop() { r.model.Hide() }

// Actions implements actor.
func (r *requestsRoom) Actions() []action {
	return []action{{r.s.words.L("Make the request"), control(fyne.KeyReturn), r.make}}
}

func (r *requestsRoom) make() {
	st := r.model.State()
	if st.Shown != nil {
		return
	}
	a := model.Ask{
		Audience: r.audience.Text, Purpose: model.Purposes[max(0, r.purpose.SelectedIndex())], Life: model.Lives[max(0, r.life.SelectedIndex())],
		Types: chosen(st.Types, r.types.Selected), Claims: chosen(st.Claims, r.claims.Selected),
	}
	if i := r.form.SelectedIndex(); i > 0 {
		a.Formats = []string{model.Envelopes(r.s.words)[i-1].ID}
	}
	r.s.beside(func() { r.model.Make(r.s.ctx, a) })
}

// chosen are the ids of the choices that were ticked.
func chosen(all []model.Choice, names []string) (ids []string) {
	for _, c := range all {
		for _, n := range names {
			if n == c.Name {
				ids = append(ids, c.ID)
			}
		}
	}
	return ids
}

func names(all []model.Choice) (out []string) {
	for _, c := range all {
		out = append(out, c.Name)
	}
	return out
}

// draw shows the room's state; it runs on Fyne's goroutine.
func (r *requestsRoom) draw() {
	st := r.model.State()
	if st.Trouble.Code != r.said {
		r.said = st.Trouble.Code
		r.trouble.RemoveAll()
		if r.said != "" {
			r.trouble.Add(troublePanel(r.s, st.Trouble))
			r.scroll.ScrollToTop()
		}
	}
	if st.Loaded && !r.filled {
		r.filled = true
		if r.audience.Text == "" {
			r.audience.SetText(st.Audience)
		}
	}
	if len(r.types.Options) != len(st.Types) || len(r.claims.Options) != len(st.Claims) {
		r.types.Options, r.claims.Options = names(st.Types), names(st.Claims)
		r.types.Refresh()
		r.claims.Refresh()
	}
	r.note.RemoveAll()
	if st.TypesNote.Code != "" {
		r.note.Add(caption(r.s.words.L("Which credentials the boards know is not known here yet: there is no data. A request for any credential can be made all the same.")))
	}
	r.open.RemoveAll()
	for _, m := range st.Open {
		r.open.Add(r.row(m))
	}
	show(r.none, st.Loaded && len(st.Open) == 0)
	nonce := ""
	if st.Shown != nil {
		nonce = st.Shown.Nonce
	}
	if nonce != r.nonce {
		r.nonce = nonce
		r.shown.RemoveAll()
		r.codes.close()
		r.codes = nil
		if st.Shown != nil {
			r.shown.Add(r.card(*st.Shown))
		}
		r.scroll.ScrollToTop()
	}
	show(r.shown, st.Shown != nil)
	show(r.rest, st.Shown == nil)
	relayout(r.scroll)
}

// row is an open request in the list.
func (r *requestsRoom) row(m model.Made) fyne.CanvasObject {
	w := r.s.words
	title := wrapped(m.Title)
	title.TextStyle.Bold = true
	lines := tight(title)
	for _, a := range m.Asks {
		lines.Add(wrapped(a))
	}
	lines.Add(caption(m.Left))
	showIt := newButton(w.L("Show"), theme.VisibilityIcon(), func() { r.model.Show(m.Nonce) })
	end := newButton(w.L("Close"), theme.CancelIcon(), func() { r.close(m) })
	buttons := container.NewHBox(showIt, end)
	if r.s.narrow() {
		return newPanel(theme.ColorNamePrimary, container.NewVBox(lines, across(r.s, showIt, end)))
	}
	return newPanel(theme.ColorNamePrimary, container.NewBorder(nil, nil, nil, container.NewVBox(layout.NewSpacer(), buttons, layout.NewSpacer()), lines))
}

// close asks first: nobody can open a request again.
func (r *requestsRoom) close(m model.Made) {
	w := r.s.words
	r.s.sure(w.L("Close the request?"), w.L("An answer that comes later will not count. A closed request cannot be opened again."), w.L("Close it"), w.L("Keep it open"),
		func() { r.s.beside(func() { r.model.Close(r.s.ctx, m.Nonce) }) })
}

// card is a request to be shown or sent.
func (r *requestsRoom) card(m model.Made) fyne.CanvasObject {
	w := r.s.words
	box := container.NewVBox(
		container.NewHBox(newButton(w.L("Back"), theme.NavigateBackIcon(), r.model.Hide)),
		heading(w.L("Request")),
	)
	says := tight(strong(m.Title))
	for _, a := range m.Asks {
		says.Add(wrapped(a))
	}
	says.Add(caption(m.Left))
	box.Add(says)
	r.codes = newCodes(r.s, m.File)
	box.Add(container.NewCenter(r.codes.box))
	save := newPrimary(w.L("Save as a file…"), theme.DocumentSaveIcon(), func() {
		r.s.saveFile(m.Name, func(out io.Writer) error { _, err := out.Write(m.File); return err }, func() { r.s.notice(w.L("The request is saved."), nil) })
	})
	text := newButton(w.L("Copy"), theme.ContentCopyIcon(), func() {
		r.s.copyText(string(m.File), false)
		r.s.notice(w.L("Copied."), nil)
	})
	end := newButton(w.L("Close the request"), theme.CancelIcon(), func() { r.close(m) })
	if r.s.narrow() {
		box.Add(container.NewVBox(save, text, end))
	} else {
		box.Add(container.NewHBox(save, text, end))
	}
	box.Add(caption(w.L("A request is good for one answer. The first presentation that fits it takes it; any other, and the same one again once there is a verdict, is refused as replayed, so that nobody can use an answer twice.")))
	return box
}
