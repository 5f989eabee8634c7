package app

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// licencePage shows one licence of the register, over the rows.
type licencePage struct {
	s       *shell
	b       *board
	model   *model.LicencePage
	content *fyne.Container
	scroll  *container.Scroll
	box     *fyne.Container
	bar     *workBar
	step    *stepPage
	redrawn func() // that it came or went
	acted   func() // something changed the register

	drawn  int
	moving bool
	shown  int64
	lines  int // of the history that are drawn
}

// historyLines are how many lines of a history are drawn at first, and more at a
// time.
const historyLines = 12

func newLicencePage(b *board, redrawn, acted func()) *licencePage {
	s := b.s
	p := &licencePage{s: s, b: b, box: container.NewVBox(), step: newStepPage(s), redrawn: redrawn, acted: acted, drawn: -1, lines: historyLines}
	p.model = model.NewLicencePage(func(ctx context.Context) (model.Licensing, error) { return b.open(ctx) }, b.home.Actor, s.now, s.words, func() { onScreen(p.draw) })
	p.bar = newWorkBar(s.words, p.model.Work)
	p.step.confirm = func() {
		s.beside(func() {
			p.model.Confirm(s.ctx)
			onScreen(p.acted)
		})
	}
	p.step.decline, p.step.word = p.model.Decline, p.model.Word
	p.scroll = container.NewVScroll(container.New(column{}, container.NewPadded(container.NewVBox(p.bar, p.step.box, p.box))))
	p.content = container.NewStack(p.scroll)
	return p
}

func (p *licencePage) open(id int64) { p.s.beside(func() { p.model.Open(p.s.ctx, id) }) }

func (p *licencePage) refresh() { p.model.Refresh(p.s.ctx) }

func (p *licencePage) close() { p.model.Close() }

// stop leaves what is in front and reports whether there was anything.
func (p *licencePage) stop() bool {
	st := p.model.State()
	switch {
	case p.model.Work.State().Running:
		p.model.Work.Cancel()
	case st.Step != nil:
		p.model.Decline()
	case st.ID != 0:
		p.close()
	default:
		return false
	}
	return true
}

// draw shows the page's state; it runs on Fyne's goroutine.
func (p *licencePage) draw() {
	st, s, w := p.model.State(), p.s, p.s.words
	busy := p.model.Work.State().Running
	p.bar.Update()
	if p.drawn == st.Version && p.moving == busy {
		return
	}
	p.drawn, p.moving = st.Version, busy
	p.redrawn()
	defer relayout(p.scroll)
	if p.shown != st.ID {
		p.shown, p.lines = st.ID, historyLines
		p.scroll.ScrollToTop()
	}
	came := p.step.draw(st.Step, busy)
	p.box.RemoveAll()
	if came {
		p.scroll.ScrollToTop()
	}
	if st.ID == 0 {
		return
	}
	if st.Step != nil {
		if st.Failed.Code != "" {
			p.box.Add(troublePanel(s, st.Failed))
		}
		return
	}
	p.box.Add(container.NewHBox(newButton(w.L("Back to the register"), theme.NavigateBackIcon(), p.close)))
	if st.Failed.Code != "" {
		p.box.Add(troublePanel(s, st.Failed))
	}
	if len(st.Said) > 0 {
		p.box.Add(saidPanel(s, st.Said, p.model.Dismiss))
	}
	if st.Undo != 0 {
		p.box.Add(buttons(s, newButton(w.L("Take it back"), theme.ContentUndoIcon(), p.takeBack(st.Undo))))
	}
	switch {
	case st.Trouble.Code != "":
		p.box.Add(troublePanel(s, st.Trouble, newButton(w.L("Try again"), theme.ViewRefreshIcon(), func() { s.beside(p.refresh) })))
		return
	case !st.Loaded:
		p.box.Add(wrapped(w.L("Reading")))
		return
	}
	p.head(st)
	p.waiting(st)
	p.acts(st, busy)
	p.box.Add(section2(w.L("What it says")))
	p.box.Add(factGrid(s, st.Facts))
	p.out(st)
	p.history(st)
}

func (p *licencePage) takeBack(act int64) func() {
	return func() {
		p.s.beside(func() {
			p.model.TakeBack(p.s.ctx, act)
			onScreen(p.acted)
		})
	}
}

// head says whose licence it is and what it stands at.
func (p *licencePage) head(st model.LicenceState) {
	p.box.Add(heading(st.Name))
	colour, icon := tone(model.Card{Tone: st.Tone})
	word := strong(st.Status)
	word.Importance = importance(colour)
	box := tight(strong(st.Title))
	if st.Odd {
		box.Add(oddMark(p.s))
	}
	lines := []fyne.CanvasObject{caption(st.AsOf)}
	if st.Due != "" {
		lines = append(lines, caption(st.Due))
	}
	p.box.Add(newPanel(colour, tight(box, marked(icon, colour, word, lines...))))
}

// waiting shows what is decided and not in force.
func (p *licencePage) waiting(st model.LicenceState) {
	s, w := p.s, p.s.words
	for _, x := range st.Waiting {
		box := container.NewVBox(waitingLines(s, x))
		list := []fyne.CanvasObject{newButton(w.L("To the approvals"), theme.NavigateNextIcon(), func() { s.goTo("approvals") })}
		if x.CanCancel {
			list = append(list, newButton(w.L("Take it back"), theme.ContentUndoIcon(), p.takeBack(x.ID)))
		}
		box.Add(buttons(s, list...))
		p.box.Add(newPanel(theme.ColorNameWarning, box))
	}
}

// acts offers what can be done.
func (p *licencePage) acts(st model.LicenceState, busy bool) {
	s, w := p.s, p.s.words
	p.box.Add(section2(w.L("What to do")))
	if st.Over != "" {
		p.box.Add(wrapped(st.Over))
	} else {
		decide := newPrimary(w.L("Decide…"), theme.DocumentCreateIcon(), func() { p.form(st) })
		enable(decide, !busy)
		list := []fyne.CanvasObject{decide}
		if !st.Claimed {
			list = append(list, newButton(w.L("Claim code…"), theme.MailComposeIcon(), func() { p.b.letterFor(st.Ref) }))
		}
		if len(st.Out) > 0 {
			list = append(list, newButton(w.L("Print a card…"), theme.DocumentPrintIcon(), func() { p.b.cardFor(st.Ref) }))
		}
		p.box.Add(buttons(s, list...))
	}
}

// form asks what is to be done; what follows is shown before anything is.
func (p *licencePage) form(st model.LicenceState) {
	s, w := p.s, p.s.words
	var names []string
	for _, d := range st.Doings {
		names = append(names, d.Name)
	}
	sel := widget.NewSelect(names, nil)
	sel.PlaceHolder = w.L("Choose what to do")
	says := wrapped("")
	text := func(value string) *entry {
		e := newEntry()
		e.SetText(value)
		return e
	}
	day := func() *entry {
		e := newEntry()
		e.SetPlaceHolder(w.L("Year, month and day, as 2027-12-31"))
		return e
	}
	effective, expires, issued := day(), day(), day()
	effective.SetPlaceHolder(w.L("Now; or a day, as 2027-12-31"))
	reason := newNote()
	now := st.Now
	given, family, profession, npi, conditions := text(now.GivenName), text(now.FamilyName), text(now.Profession), text(now.NPI), text(now.Conditions)
	status := container.NewVBox(field(w.L("From when on"), effective))
	renew := container.NewVBox(field(w.L("New last day"), expires), field(w.L("New day of issue, if it has one"), issued))
	replace := container.NewVBox(
		field(model.ClaimName(w, "givenName"), given), field(model.ClaimName(w, "familyName"), family),
		field(model.ClaimName(w, "licence.profession"), profession), field(model.ClaimName(w, "npi"), npi),
		field(model.ClaimName(w, "licence.conditions"), conditions),
	)
	why := field(w.L("Reason, kept in the register alone"), reason)
	parts := container.NewVBox(status, renew, replace)
	rest := container.NewVBox(says, parts, why)
	rest.Hide()
	scroll := container.NewVScroll(container.NewPadded(container.NewVBox(field(w.L("What to do"), sel), rest)))
	d := newDialog(s, st.Name, scroll)
	chosen := func() string {
		if i := sel.SelectedIndex(); i >= 0 {
			return st.Doings[i].ID
		}
		return ""
	}
	next := newPrimary(w.L("Preview"), theme.NavigateNextIcon(), func() {
		f := model.DoingForm{
			Do: chosen(), Reason: reason.Text, Effective: effective.Text, Expires: expires.Text, Issued: issued.Text,
			GivenName: given.Text, FamilyName: family.Text, Profession: profession.Text, NPI: npi.Text, Conditions: conditions.Text,
		}
		d.Hide()
		s.beside(func() { p.model.Ask(s.ctx, f) })
	})
	next.Disable()
	sel.OnChanged = func(string) {
		id := chosen()
		says.SetText(st.Doings[sel.SelectedIndex()].Says)
		show(renew, id == model.DoRenew)
		show(replace, id == model.DoReplace)
		show(status, id != model.DoRenew && id != model.DoReplace)
		rest.Show()
		next.Enable()
		relayout(scroll)
	}
	d.SetButtons([]fyne.CanvasObject{newButton(w.L("Cancel"), theme.CancelIcon(), d.Hide), next})
	s.ask(d, fyne.NewSize(520, 600))
}

// out lists the credentials that were issued.
func (p *licencePage) out(st model.LicenceState) {
	w := p.s.words
	p.box.Add(section2(w.L("Credentials")))
	if len(st.Out) == 0 {
		p.box.Add(wrapped(w.L("None is out.")))
	}
	for _, c := range st.Out {
		p.box.Add(tight(strong(c.What), wrapped(c.When), caption(c.Entry)))
	}
}

// history tells what happened, the newest first.
func (p *licencePage) history(st model.LicenceState) {
	s, w := p.s, p.s.words
	p.box.Add(section2(w.L("History")))
	for i, h := range st.History {
		if i == p.lines {
			p.box.Add(container.NewHBox(newButton(w.L("Show more"), theme.MoveDownIcon(), func() {
				p.lines += historyLines
				p.drawn = -1
				p.draw()
			})))
			break
		}
		box := tight(strong(h.What), wrapped(h.Who))
		if h.Reason != "" {
			box.Add(wrapped(w.L("Reason: {{.Reason}}", model.D{"Reason": h.Reason})))
		}
		if h.Odd {
			box.Add(oddMark(s))
		}
		if h.Where != "" {
			box.Add(caption(h.Where))
		}
		p.box.Add(box)
	}
}
