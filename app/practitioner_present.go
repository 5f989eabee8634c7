package app

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/qr"
)

// presentRoom answers a hospital's request.
type presentRoom struct {
	*walletRoom
	model *model.Present

	top    *fyne.Container // who asks, and the offers
	shares *fyne.Container
	end    *fyne.Container // warnings and the last step
	rows   []string        // what shares shows, to see whether it is the same
	ticks  map[string][]*tick
	own    *tick // chooses the form whose details can be left out; nil where there is no choice
	offers []string
	choose map[string]*tick
	shown  *codes
	phase  model.PresentPhase
}

// tick is Fyne's check, which lets Escape and F1 through to the window.
type tick struct{ widget.Check }

func newTick(text string, changed func(bool)) *tick {
	t := &tick{widget.Check{Text: text, OnChanged: changed}}
	t.ExtendBaseWidget(t)
	return t
}

// beside is a tick with its text; beside it where it is wider than a phone, since
// a tick does not break its own.
func beside(s *shell, t *tick) fyne.CanvasObject {
	if !s.narrow() || breadth() == 0 || t.MinSize().Width <= breadth() {
		return t
	}
	text := wrapped(t.Text)
	t.SetText("") // it was measured, so it has to be drawn anew
	return container.NewBorder(nil, nil, t, nil, text)
}

// FocusGained implements fyne.Focusable.
func (t *tick) FocusGained() {
	t.Check.FocusGained()
	reveal(t)
}

// TypedKey implements fyne.Focusable.
func (t *tick) TypedKey(k *fyne.KeyEvent) {
	if !passOn(t, k) {
		t.Check.TypedKey(k)
	}
}

// set changes a tick without telling that somebody did.
func (t *tick) set(yes bool) {
	if t.Checked == yes {
		return
	}
	f := t.OnChanged
	t.OnChanged = nil
	t.SetChecked(yes)
	t.OnChanged = f
}

func (p *practitioner) present(s *shell) room {
	r := &presentRoom{walletRoom: newWalletRoom(p, s.words.L("Present"))}
	r.model = model.NewPresent(func() (model.Presenting, error) { return p.open() }, qr.Read, s.now, s.words, func() { onScreen(r.draw) })
	r.refresh = func() { r.model.Refresh(s.ctx) }
	r.top, r.shares, r.end = container.NewVBox(), container.NewVBox(), container.NewVBox()
	r.body.Add(r.top)
	r.body.Add(r.shares)
	r.body.Add(r.end)
	r.draw()
	return r
}

// Take implements taker.
func (r *presentRoom) Take(files []model.File) {
	r.s.unlocked(func() { r.s.beside(func() { r.model.Take(r.s.ctx, files...) }) })
}

// Paste implements paster.
func (r *presentRoom) Paste(text string) { r.Take([]model.File{fileOf([]byte(text))}) }

// Stop implements stopper.
func (r *presentRoom) Stop() { r.model.Clear() }

// Leave implements room.
func (r *presentRoom) Leave() {
	r.walletRoom.Leave()
	r.shown.close()
}

// Actions implements actor.
func (r *presentRoom) Actions() []action {
	return []action{
		{r.s.words.L("Open…"), control(fyne.KeyO), r.open},
		{r.s.words.L("Camera"), control(fyne.KeyK), r.camera},
	}
}

func (r *presentRoom) camera() { r.s.readCamera(r.Take) }

func (r *presentRoom) open() { r.s.openFiles(r.s.words.L("Choose the request"), r.Take) }

func (r *presentRoom) draw() {
	st := r.model.State()
	defer r.body.Refresh()
	r.top.RemoveAll()
	r.end.RemoveAll()
	if st.Phase != r.phase {
		r.phase = st.Phase
		r.scroll.ScrollToTop()
	}
	if st.Phase != model.Answered {
		r.shown.close()
		r.shown = nil
	}
	switch st.Phase {
	case model.NoRequest:
		r.drawShares(model.PresentState{})
		r.drawEmpty(st)
	case model.Choosing:
		r.drawAsked(st)
		r.drawOffers(st)
		r.drawShares(st)
		r.drawEnd(st)
	case model.Answered:
		r.drawShares(model.PresentState{})
		r.drawAnswer(st)
	}
}

// drawEmpty invites a request, or says why one cannot be answered.
func (r *presentRoom) drawEmpty(st model.PresentState) {
	w := r.s.words
	if st.Busy {
		r.top.Add(wrapped(w.L("Reading")))
		return
	}
	if st.Trouble.Code != "" {
		r.top.Add(troublePanel(r.s, st.Trouble))
		if st.Asked.Name != "" {
			r.top.Add(r.asked(st.Asked))
		}
	}
	how := w.L("Drop the hospital's request here, open it or a picture of its QR code, or paste its text.")
	if r.s.narrow() {
		how = w.L("Open the hospital's request or a picture of its QR code, or paste its text.")
	}
	r.top.Add(newPanel(theme.ColorNamePrimary, container.NewVBox(
		strong(w.L("Somebody asked you for a licence?")), wrapped(how),
		wrapped(w.L("You see who asks and what will be shared. Nothing is shared before you say so.")),
		buttons(r.s,
			newPrimary(w.L("Open…"), theme.FolderOpenIcon(), r.open),
			newButton(w.L("Paste"), theme.ContentPasteIcon(), r.s.paste),
			newButton(w.L("Camera"), theme.MediaPhotoIcon(), r.camera),
		),
	)))
}

// asked is who asks, and what for.
func (r *presentRoom) asked(a model.Asked) fyne.CanvasObject {
	w := r.s.words
	lines := tight(strong(a.Who), wrapped(a.Purpose), wrapped(a.Types))
	if len(a.Claims) > 0 {
		lines.Add(wrapped(w.L("Details wanted: {{.Details}}. They are marked below.", model.D{"Details": strings.Join(a.Claims, ", ")})))
	}
	lines.Add(caption(a.Until))
	box := container.NewVBox(lines)
	if a.Odd {
		box.Add(oddMark(r.s))
	}
	icon := container.NewVBox(container.NewGridWrap(fyne.NewSquareSize(32), widget.NewIcon(theme.QuestionIcon())))
	return newPanel(theme.ColorNameWarning, container.NewBorder(nil, nil, icon, nil, box))
}

func (r *presentRoom) drawAsked(st model.PresentState) {
	w := r.s.words
	r.top.Add(container.NewHBox(newButton(w.L("Do not answer"), theme.CancelIcon(), r.model.Clear)))
	if st.Trouble.Code != "" {
		r.top.Add(troublePanel(r.s, st.Trouble))
	}
	r.top.Add(r.asked(st.Asked))
	if st.Lacking.Code != "" {
		r.top.Add(troublePanel(r.s, st.Lacking, newButton(w.L("Get a licence"), theme.DownloadIcon(), func() { r.s.goTo("get") })))
	}
}

// drawOffers lists the licences that may answer. Their ticks stay the same
// widgets as long as the list is the same, so the keyboard stays where it is.
func (r *presentRoom) drawOffers(st model.PresentState) {
	if len(st.Offers) == 0 {
		return
	}
	w := r.s.words
	var ids []string
	for _, o := range st.Offers {
		ids = append(ids, o.ID)
	}
	if !slices.Equal(ids, r.offers) || r.choose == nil {
		r.offers, r.choose = ids, map[string]*tick{}
	}
	r.top.Add(section2(w.L("Which licence")))
	if st.Choose != "" {
		r.top.Add(wrapped(st.Choose))
	}
	for _, o := range st.Offers {
		t, ok := r.choose[o.ID]
		if !ok {
			t = newTick(o.Title, func(yes bool) { r.s.beside(func() { r.model.Choose(r.s.ctx, o.ID, yes) }) })
			r.choose[o.ID] = t
		}
		t.set(o.Chosen)
		t.SetText(o.Title) // which may have stood beside it
		lines := tight(beside(r.s, t), party(r.s, o.Board))
		if o.Number != "" {
			lines.Add(wrapped(w.L("Number: {{.Number}}", model.D{"Number": o.Number})))
		}
		lines.Add(wrapped(o.Where))
		colour, _ := tone(o.Card)
		box := container.NewVBox(lines, statusLine(o.Card))
		for _, x := range o.Warnings {
			box.Add(warning(x))
		}
		r.top.Add(newPanel(colour, box))
	}
}

// drawShares lists what will be shared, detail by detail. The same list keeps its
// widgets.
func (r *presentRoom) drawShares(st model.PresentState) {
	w := r.s.words
	var rows []string
	for _, x := range st.Shares {
		rows = append(rows, x.Of, x.Label, x.Value, x.Note, x.Group)
	}
	rows = append(rows, st.Form, strconv.FormatBool(st.CanSwitch))
	rows = append(rows, st.Missing...)
	if slices.Equal(rows, r.rows) {
		r.tickAll(st)
		return
	}
	focused, switching := r.focusedGroup(), r.own != nil && r.s.window.Canvas().Focused() == r.own
	r.rows, r.ticks = rows, map[string][]*tick{}
	r.shares.RemoveAll()
	if len(st.Shares) == 0 {
		return
	}
	r.shares.Add(section2(w.L("What will be shared")))
	r.shares.Add(tight(wrapped(w.L("Form: {{.Form}}", model.D{"Form": st.Form})), wrapped(st.Always)))
	r.own = nil
	if st.CanSwitch {
		r.own = newTick(w.L("Choose the details myself"), func(yes bool) { r.s.beside(func() { r.model.Switch(r.s.ctx, yes) }) })
		r.shares.Add(beside(r.s, r.own))
	}
	of := ""
	list := container.NewVBox()
	for _, x := range st.Shares {
		if x.Of != of {
			of = x.Of
			list.Add(strong(of))
		}
		list.Add(r.share(x))
	}
	r.shares.Add(list)
	if len(st.Missing) > 0 {
		lines := tight(strong(w.L("Asked for, and not in your licence")))
		for _, m := range st.Missing {
			lines.Add(wrapped(m))
		}
		lines.Add(wrapped(w.L("Without it the hospital may not be able to confirm your licence.")))
		r.shares.Add(newPanel(theme.ColorNameWarning, lines))
	}
	r.tickAll(st)
	if list := r.ticks[focused]; len(list) > 0 {
		r.s.window.Canvas().Focus(list[0])
	}
	if switching && r.own != nil {
		r.s.window.Canvas().Focus(r.own)
	}
}

// focusedGroup is the group whose tick has the keyboard.
func (r *presentRoom) focusedGroup() string {
	for group, list := range r.ticks {
		for _, t := range list {
			if r.s.window.Canvas().Focused() == t {
				return group
			}
		}
	}
	return ""
}

// tickAll brings the ticks to what is planned.
func (r *presentRoom) tickAll(st model.PresentState) {
	if r.own != nil {
		r.own.set(st.Selective)
	}
	for _, x := range st.Shares {
		for _, t := range r.ticks[x.Group] {
			t.set(x.Shared)
		}
	}
}

// share is one detail: a tick where it can be left out, else a word.
func (r *presentRoom) share(x model.Share) fyne.CanvasObject {
	value := wrapped(x.Value)
	value.Wrapping = fyne.TextWrapBreak
	var name fyne.CanvasObject
	if x.Group != "" {
		t := newTick(x.Label, func(yes bool) { r.s.beside(func() { r.model.Tick(r.s.ctx, x.Group, yes) }) })
		r.ticks[x.Group] = append(r.ticks[x.Group], t)
		name = beside(r.s, t)
	} else {
		l := wrapped(x.Label)
		icon := theme.ConfirmIcon()
		if !x.Shared {
			icon = theme.CancelIcon()
		}
		name = marked(icon, "", l)
	}
	note := caption(x.Note)
	if x.Asked && !x.Always {
		note.TextStyle.Bold = true
	}
	if x.Asked != x.Shared && !x.Always {
		note.Importance = widget.WarningImportance
	}
	rest := tight(value)
	if x.Note != "" {
		rest.Add(note)
	}
	if x.Odd {
		rest.Add(oddMark(r.s))
	}
	line := widget.NewSeparator()
	if r.s.narrow() {
		return container.NewVBox(tight(name, rest), line)
	}
	return container.NewVBox(container.New(layout.NewGridLayoutWithColumns(2), container.NewVBox(name), rest), line)
}

// drawEnd shows what is to be thought of, and the last step.
func (r *presentRoom) drawEnd(st model.PresentState) {
	w := r.s.words
	for _, t := range st.Warnings {
		r.end.Add(newPanel(theme.ColorNameWarning, warning(t)))
	}
	if st.Stuck.Code != "" {
		r.end.Add(troublePanel(r.s, st.Stuck))
	}
	if st.Whole {
		agree := newTick(w.L("Share all of it"), func(yes bool) { r.s.beside(func() { r.model.Agree(r.s.ctx, yes) }) })
		agree.set(st.Agreed)
		r.end.Add(newPanel(theme.ColorNameWarning, container.NewVBox(
			tight(strong(w.L("This form shows more than is asked for")), wrapped(w.L("It is shared whole or not at all. Ask your board for the selective form, or agree to share all of it."))), beside(r.s, agree))))
	}
	if len(st.Shares) == 0 {
		return
	}
	go1 := newPrimary(w.L("Make the answer for {{.Name}}", model.D{"Name": st.Asked.Name}), theme.MailSendIcon(), r.share1)
	enable(go1, st.CanShare && !st.Busy)
	back := newButton(w.L("Only what is asked for"), theme.ViewRefreshIcon(), func() { r.s.beside(func() { r.model.AsAsked(r.s.ctx) }) })
	r.end.Add(buttons(r.s, go1, back))
	r.end.Add(caption(w.L("The answer is made on this device and noted under Shared. You hand it over yourself.")))
}

func (r *presentRoom) share1() {
	r.s.unlocked(func() {
		r.s.beside(func() { _ = r.model.Share(r.s.ctx) }) // what went wrong stands in the state
	})
}

// drawAnswer shows the answer: to be saved, copied, or read.
func (r *presentRoom) drawAnswer(st model.PresentState) {
	w := r.s.words
	a := *st.Answer
	if r.shown == nil {
		r.shown = newCodes(r.s, a.File)
	}
	r.top.Add(newPanel(theme.ColorNameSuccess, container.NewVBox(
		tight(strong(w.L("The answer is made")), wrapped(a.Next)),
		buttons(r.s,
			newPrimary(w.L("Save the answer…"), theme.DocumentSaveIcon(), func() {
				r.s.saveFile(a.Name, func(out io.Writer) error { _, err := out.Write(a.File); return err }, func() { r.s.notice(w.L("Saved."), nil) })
			}),
			newButton(w.L("Copy"), theme.ContentCopyIcon(), func() { copySecret(r.s, a.File) }),
			newButton(w.L("Done"), theme.ConfirmIcon(), r.model.Clear),
		),
		r.shown.box,
	)))
}
