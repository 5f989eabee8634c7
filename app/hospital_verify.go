package app

import (
	"io"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/qr"
	"bonafide/verifier"
)

// verifyRoom is the hospital's first room: drop a file, see the verdict.
type verifyRoom struct {
	s       *shell
	desk    *model.Desk
	content fyne.CanvasObject

	top      *fyne.Container
	full     []fyne.CanvasObject // top, while it has room
	compact  []fyne.CanvasObject // top on a phone, once there is something to read
	extra    *fyne.Container     // of compact: what is seldom wanted
	unready  *fyne.Container
	purpose  *widget.Select
	clear    *push
	again    *push
	request  *panel
	asked    *widget.Label // in request
	working  *fyne.Container
	progress *widget.Label
	bar      *widget.ProgressBar
	busy     *widget.ProgressBarInfinite
	hint     *panel
	summary  *fyne.Container
	reports  *fyne.Container
	scroll   *container.Scroll

	opened      int    // of several reports the one in sight on a phone; -1: their list
	trouble     string // code of what unready says
	turn, drawn int    // which reports are on the screen already
	place       places // as it was laid out last
	since       time.Time
	now         func() time.Time
	later       func(time.Duration, func())
}

func (h *hospital) verify(s *shell) room { return newVerifyRoom(s, h) }

func newVerifyRoom(s *shell, v model.Verifying) *verifyRoom {
	r := &verifyRoom{s: s, opened: -1, now: time.Now, later: s.after}
	r.desk = model.NewDesk(v, qr.Read, s.words, func() { onScreen(r.draw) })
	w := s.words

	names := make([]string, len(model.Purposes))
	for i, p := range model.Purposes {
		names[i] = model.PurposeName(w, p)
	}
	r.purpose = widget.NewSelect(names, r.choosePurpose)
	r.unready = container.NewVBox()
	open := newPrimary(w.L("Open…"), theme.FolderOpenIcon(), r.open)
	paste := newButton(w.L("Paste"), theme.ContentPasteIcon(), s.paste)
	r.clear = newButton(w.L("Clear"), theme.ContentClearIcon(), r.desk.Clear)
	r.again = newButton(w.L("Verify again"), theme.ViewRefreshIcon(), func() { s.beside(func() { r.desk.Again(s.ctx) }) })

	r.asked = wrapped("")
	r.request = newPanel(theme.ColorNamePrimary, r.asked)
	r.progress, r.bar, r.busy = wrapped(""), widget.NewProgressBar(), widget.NewProgressBarInfinite()
	cancel := newButton(w.L("Cancel"), theme.CancelIcon(), r.desk.Cancel)
	r.working = container.NewVBox(r.progress, r.bar, r.busy, container.NewHBox(cancel))
	r.hint = newPanel(theme.ColorNameSeparator, container.NewPadded(r.invitation()))
	r.summary, r.reports = container.NewVBox(), container.NewVBox()

	live := newButton(w.L("Camera"), theme.MediaPhotoIcon(), r.camera)
	purpose := container.New(layout.NewFormLayout(), widget.NewLabel(w.L("Purpose")), r.purpose)
	if s.large() {
		purpose = container.NewVBox(field(w.L("Purpose"), r.purpose))
	}
	above, first := []fyne.CanvasObject{heading(w.L("Verify")), purpose}, []fyne.CanvasObject{}
	if s.narrow() {
		r.full = append(above, across(s, open, paste, live))
		r.extra = across(s, paste, live, r.clear, r.again)
		r.extra.Hide()
		more := newButton("", theme.MoreHorizontalIcon(), func() { r.unfold(!r.extra.Visible()) })
		r.compact = []fyne.CanvasObject{container.NewBorder(nil, nil, nil, container.NewHBox(open, more), r.purpose), r.extra}
		first = append(first, r.request)
	} else {
		r.full = append(above, buttons(s, open, paste, live, r.clear, r.again), r.request)
	}
	r.top = container.NewVBox(r.full...)
	r.scroll = container.NewVScroll(container.New(column{}, container.NewPadded(
		container.NewVBox(append(first, r.unready, r.hint, r.working, r.summary, r.reports)...),
	)))
	r.content = stacked(container.NewVBox(container.New(column{}, container.NewPadded(r.top)), widget.NewSeparator()), r.scroll)
	r.draw()
	return r
}

// unfold shows a phone's seldom used buttons, or puts them away.
func (r *verifyRoom) unfold(yes bool) {
	if r.extra != nil && r.extra.Visible() != yes {
		show(r.extra, yes)
		r.content.Refresh()
	}
}

// arrange gives a phone's room to the verdict once there is one.
func (r *verifyRoom) arrange(compact bool) {
	if !r.s.narrow() || compact == (len(r.top.Objects) == len(r.compact)) {
		return
	}
	r.top.Objects = r.full
	if compact {
		r.extra.Hide()
		r.top.Objects = r.compact
	}
	r.content.Refresh()
}

// listed reports that the reports stand as a list, of which one at a time is
// opened.
func (r *verifyRoom) listed(st model.State) bool { return r.s.narrow() && st.Files > 1 }

// look opens a report of the list; -1 is the list.
func (r *verifyRoom) look(i int) {
	r.opened, r.drawn = i, 0
	r.reports.RemoveAll()
	r.draw()
	relayout(r.scroll)
	r.scroll.ScrollToTop()
}

// invitation is what an empty desk says.
func (r *verifyRoom) invitation() fyne.CanvasObject {
	w := r.s.words
	first := w.L("Drop a credential here")
	how := w.L("Or open it, paste its text, or open a picture of its QR code; several at once are fine. A presentation finds the request of yours that it answers.")
	if r.s.narrow() {
		first = w.L("Open a credential")
		how = w.L("Or paste its text, or open a picture of its QR code. A presentation finds the request of yours that it answers.")
	}
	what := widget.NewLabelWithStyle(first, fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	what.Wrapping = fyne.TextWrapWord
	rest := wrapped(how)
	rest.Alignment = fyne.TextAlignCenter
	quiet := wrapped(w.L("Nothing leaves this machine: verifying opens no connection."))
	quiet.Alignment = fyne.TextAlignCenter
	icon := widget.NewIcon(theme.FileIcon())
	return container.NewVBox(
		container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(40), icon)), what, rest, quiet,
	)
}

// Content implements room.
func (r *verifyRoom) Content() fyne.CanvasObject { return r.content }

// Enter implements room.
func (r *verifyRoom) Enter() { r.s.beside(func() { r.desk.Refresh(r.s.ctx) }) }

// Leave implements room.
func (r *verifyRoom) Leave() {}

// Take implements taker.
func (r *verifyRoom) Take(files []model.File) {
	r.s.beside(func() { r.desk.Drop(r.s.ctx, files...) })
}

// Paste implements paster.
func (r *verifyRoom) Paste(text string) {
	r.Take([]model.File{{Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}})
}

// Stop implements stopper: Escape closes a report of several, or ends what is
// under way.
func (r *verifyRoom) Stop() {
	if r.opened >= 0 {
		r.look(-1)
		return
	}
	r.desk.Cancel()
}

// Actions implements actor.
func (r *verifyRoom) Actions() []action {
	w := r.s.words
	return []action{
		{w.L("Open…"), control(fyne.KeyO), r.open},
		{w.L("Camera"), control(fyne.KeyK), r.camera},
		{w.L("Verify again"), control(fyne.KeyR), func() { r.s.beside(func() { r.desk.Again(r.s.ctx) }) }},
		{w.L("Clear"), control(fyne.KeyDelete), r.desk.Clear},
	}
}

func (r *verifyRoom) open() { r.s.openFiles(r.s.words.L("Choose what to verify"), r.Take) }

func (r *verifyRoom) camera() { r.s.readCamera(r.Take) }

// draw shows the desk's state; it runs on Fyne's goroutine.
func (r *verifyRoom) draw() {
	st, w := r.desk.State(), r.s.words
	if st.Unready.Code != r.trouble {
		r.trouble = st.Unready.Code
		r.unready.RemoveAll()
		if r.trouble != "" {
			r.unready.Add(troublePanel(r.s, st.Unready, newPrimary(w.L("Go to Data"), theme.StorageIcon(), func() { r.s.goTo("data") })))
		}
	}
	if name := model.PurposeName(w, st.Purpose); r.purpose.Selected != name {
		r.purpose.SetSelected(name)
	}
	enable(r.purpose, st.Request == "") // the request says what it is for
	setText(r.asked, st.Request)
	show(r.request, st.Request != "")
	r.drawWork(st)
	show(r.hint, st.Phase == model.Waiting && st.Request == "")
	enable(r.clear, st.Phase != model.Waiting || st.Request != "")
	enable(r.again, st.CanAgain)

	anew := st.Turn != r.turn || len(st.Reports) < r.drawn
	if anew {
		r.turn, r.drawn, r.opened = st.Turn, 0, -1
		r.reports.RemoveAll()
		r.scroll.ScrollToTop()
		r.unfold(false)
	}
	r.arrange(st.Phase != model.Waiting)
	r.summary.RemoveAll()
	if st.Summary != "" && r.opened < 0 {
		r.summary.Add(tallied(st))
	}
	if r.opened >= 0 {
		if r.drawn == 0 {
			back := newButton(w.L("Back"), theme.NavigateBackIcon(), func() { r.look(-1) })
			r.reports.Objects = []fyne.CanvasObject{container.NewHBox(back), reportCard(r.s, st.Reports[r.opened], true)}
		}
	} else {
		for i, rep := range st.Reports[r.drawn:] {
			if at := r.drawn + i; r.listed(st) {
				r.reports.Add(reportRow(r.s, rep, func() { r.look(at) }))
			} else {
				r.reports.Add(reportCard(r.s, rep, st.Files == 1))
			}
		}
	}
	r.drawn = len(st.Reports)
	// While files are verified one after another the cards below come by
	// themselves; the whole is laid out once it stands.
	if place := (places{st.Phase, st.Turn, len(st.Reports), st.Request != "", st.Unready.Code, r.working.Visible()}); place != r.place {
		r.place = place
		relayout(r.scroll)
	}
}

// places are what decides where things stand on the screen.
type places struct {
	phase         model.Phase
	turn, reports int
	request       bool
	unready       string
	working       bool
}

// drawWork shows what is under way, once it has taken a while.
func (r *verifyRoom) drawWork(st model.State) {
	busy := st.Phase == model.Working
	switch {
	case !busy:
		r.since = time.Time{}
	case r.since.IsZero():
		r.since = r.now()
		r.later(barAfter, r.draw)
	}
	visible := busy && r.now().Sub(r.since) >= barAfter
	setText(r.progress, st.Progress)
	counted := st.Of > 1
	if counted {
		r.bar.Max = float64(st.Of)
		r.bar.SetValue(float64(st.Done))
	}
	show(r.bar, counted)
	show(r.busy, !counted)
	if visible && !counted {
		r.busy.Start()
	} else {
		r.busy.Stop()
	}
	show(r.working, visible)
}

// tallied counts the verdicts over several files.
func tallied(st model.State) fyne.CanvasObject {
	title := widget.NewLabelWithStyle(st.Summary, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	grid := newPairs()
	for _, t := range st.Tally {
		colour, _ := face(t.Verdict)
		word := widget.NewLabel(t.Word)
		word.Importance = importance(colour)
		grid.Add(widget.NewLabelWithStyle(number(t.Count), fyne.TextAlignTrailing, fyne.TextStyle{Bold: true}))
		grid.Add(word)
	}
	return tight(title, grid)
}

// look of a verdict: the colour and the icon that go with its word.
func face(v verifier.Verdict) (fyne.ThemeColorName, fyne.Resource) {
	switch v {
	case verifier.Verified:
		return theme.ColorNameSuccess, theme.ConfirmIcon()
	case verifier.Rejected:
		return theme.ColorNameError, theme.CancelIcon()
	case verifier.Unconfirmed:
		return theme.ColorNameWarning, theme.QuestionIcon()
	}
	return theme.ColorNameWarning, theme.WarningIcon()
}

// reportFace is the look of a report's verdict.
func reportFace(r model.Report) (fyne.ThemeColorName, fyne.Resource) {
	if r.Limited {
		return theme.ColorNameWarning, theme.WarningIcon()
	}
	return face(r.Verdict)
}

// reportCard draws one report: the word first, then why, then what was checked.
func reportCard(s *shell, r model.Report, open bool) fyne.CanvasObject {
	w := s.words
	colour, icon := reportFace(r)
	word := heading(r.Word)
	word.Importance = importance(colour)
	mark := container.NewGridWrap(fyne.NewSize(32, word.MinSize().Height), widget.NewIcon(theme.NewColoredResource(icon, colour)))
	first := tight(container.NewBorder(nil, nil, mark, nil, word))
	for _, t := range append([]string{r.Reason, r.Next, r.Who}, r.Asks...) {
		if t != "" {
			first.Add(wrapped(t))
		}
	}
	box := container.NewVBox(first)
	odd := r.FileOdd
	for _, a := range r.About {
		box.Add(aboutGrid(a))
		for _, f := range a.Facts {
			odd = odd || f.Odd
		}
	}
	foot := tight()
	for _, t := range []string{r.File, r.Given, r.Age, r.Answers} {
		if t != "" {
			foot.Add(caption(t))
		}
	}
	box.Add(foot)
	if odd {
		box.Add(oddMark(s))
	}
	var ways []fyne.CanvasObject
	if raw, ok := r.Raw(); ok {
		ways = append(ways, newButton(w.L("What the file holds"), theme.DocumentIcon(), func() { showRaw(s, raw) }))
	}
	if r.Result != nil {
		ways = append(ways, newButton(w.L("Save as a page…"), theme.DocumentSaveIcon(), func() { savePage(s, *r.Result) }))
	}
	if s.narrow() {
		box.Add(container.NewVBox(ways...))
	} else {
		box.Add(container.NewHBox(ways...))
	}
	if r.Result == nil && r.Code != "" {
		box.Add(codeLink(s, r.Code))
	}
	if len(r.Lines) > 0 {
		checks := container.NewVBox()
		for _, l := range r.Lines {
			checks.Add(checkRow(s, l))
		}
		item := widget.NewAccordionItem(w.L("Checks"), checks)
		item.Open = open
		box.Add(widget.NewAccordion(item))
	}
	return newPanel(colour, box)
}

// reportRow is one report of several: what it is in short, and the way to it.
func reportRow(s *shell, r model.Report, open func()) fyne.CanvasObject {
	colour, icon := reportFace(r)
	word := strong(r.Word)
	word.Importance = importance(colour)
	lines := tight(word)
	for _, t := range []string{r.Short(s.words), r.Reason} {
		if t != "" {
			lines.Add(wrapped(t))
		}
	}
	if r.File != "" {
		lines.Add(caption(r.File))
	}
	if r.FileOdd {
		lines.Add(oddMark(s))
	}
	mark := container.NewGridWrap(fyne.NewSize(32, word.MinSize().Height), widget.NewIcon(theme.NewColoredResource(icon, colour)))
	return container.NewStack(newButton("", nil, open),
		container.NewBorder(nil, nil, container.NewVBox(mark), container.NewPadded(widget.NewIcon(theme.NavigateNextIcon())), lines))
}

// aboutGrid draws what a credential is.
func aboutGrid(a model.About) fyne.CanvasObject {
	grid := newPairs()
	for _, f := range a.Facts {
		value := wrapped(f.Value)
		if !strings.Contains(f.Value, " ") {
			value.Wrapping = fyne.TextWrapBreak // identifiers have no blanks
		}
		grid.Add(caption(f.Name))
		grid.Add(value)
	}
	if a.Title == "" {
		return grid
	}
	title := wrapped(a.Title)
	title.TextStyle.Bold = true
	return tight(title, grid)
}

// checkRow draws one check: its mark as a word, the sentence, what to do next.
func checkRow(s *shell, l model.Line) fyne.CanvasObject {
	mark := widget.NewLabelWithStyle(l.Mark, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	mark.Wrapping = fyne.TextWrapWord
	switch l.Outcome {
	case verifier.Fail:
		mark.Importance = widget.DangerImportance
	case verifier.Unknown:
		mark.Importance = widget.WarningImportance
	}
	name := wrapped(strings.Join(l.Names, " · "))
	name.TextStyle.Bold = true
	side := container.NewGridWrap(fyne.NewSize(104, mark.MinSize().Height), mark)
	lines := tight(name)
	if s.narrow() { // what is below the first line has the whole width
		lines = tight(container.NewBorder(nil, nil, side, nil, name))
	}
	for _, t := range []string{l.About, l.Message, l.Next, l.Who} {
		if t != "" {
			lines.Add(wrapped(t))
		}
	}
	if l.AsOf != "" {
		lines.Add(caption(l.AsOf))
	}
	lines.Add(codeLink(s, l.Code))
	if s.narrow() {
		return container.NewVBox(lines, widget.NewSeparator())
	}
	return container.NewBorder(nil, widget.NewSeparator(), side, nil, lines)
}

func (r *verifyRoom) choosePurpose(name string) {
	for _, p := range model.Purposes {
		if model.PurposeName(r.s.words, p) == name && r.desk.State().Purpose != p {
			r.desk.SetPurpose(p)
			r.s.beside(func() { r.desk.Again(r.s.ctx) })
		}
	}
}
