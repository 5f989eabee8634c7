package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/verifier"
)

// historyRoom is where every verdict that was given can be found.
type historyRoom struct {
	s       *shell
	model   *model.History
	content fyne.CanvasObject

	locked  *fyne.Container
	count   *widget.Label
	found   *fyne.Container // search and list
	top     *fyne.Container // search
	text    *entry
	verdict *widget.Select
	from    *entry
	to      *entry
	trouble *fyne.Container
	said    *widget.Label
	busy    *widget.ProgressBarInfinite
	working *fyne.Container // busy, and how to stop it
	list    *widget.List
	report  *fyne.Container // one verdict whole
	scroll  *container.Scroll

	sized int         // how many rows of list have a height of their own
	wide  float32     // list, when they got it
	ruler *historyRow // measures them

	open  bool // the home was unlocked for this room
	code  string
	shown int64
	turn  int
}

func (h *hospital) history(s *shell) room { return newHistoryRoom(s, h) }

// found verdicts, in the order of the picker; the first is any.
var verdicts = []verifier.Verdict{"", verifier.Verified, verifier.Rejected, verifier.Unconfirmed}

func newHistoryRoom(s *shell, k model.Recalling) *historyRoom {
	w := s.words
	r := &historyRoom{s: s}
	r.model = model.NewHistory(k, w, func() { onScreen(r.draw) })

	r.count = wrapped("")
	r.locked = container.NewVBox(
		titled(w.L("History")), r.count,
		newPanel(theme.ColorNameSeparator, container.NewVBox(
			wrapped(w.L("Every verdict is kept, sealed. Reading them needs your passphrase; verifying does not.")),
			container.NewHBox(newPrimary(w.L("Unlock"), unlockIcon(), r.unlock)),
		)),
	)

	r.text = newEntry()
	r.text.SetPlaceHolder(w.L("Type, issuer, holder, file or code"))
	r.text.OnSubmitted = func(string) { r.search() }
	r.verdict = widget.NewSelect([]string{w.L("Any verdict"), w.L("Verified"), w.L("Not valid"), w.L("Cannot confirm")}, nil)
	r.verdict.SetSelectedIndex(0)
	r.from, r.to = newEntry(), newEntry()
	r.from.SetPlaceHolder(w.L("From, as 2026-11-21"))
	r.to.SetPlaceHolder(w.L("Until, as 2026-11-30"))
	r.from.OnSubmitted, r.to.OnSubmitted = r.text.OnSubmitted, r.text.OnSubmitted
	search := newPrimary(w.L("Search"), theme.SearchIcon(), r.search)
	r.trouble, r.said, r.busy = container.NewVBox(), wrapped(""), widget.NewProgressBarInfinite()
	r.busy.Stop()
	r.working = container.NewBorder(nil, nil, nil, newButton(w.L("Cancel"), theme.CancelIcon(), r.model.Stop), r.busy)
	var query fyne.CanvasObject
	if s.narrow() {
		query = container.NewVBox(r.text, across(s, r.from, r.to), across(s, r.verdict, search))
	} else {
		query = container.NewVBox(
			container.NewBorder(nil, nil, nil, search, r.text),
			container.NewGridWithColumns(3, r.verdict, r.from, r.to),
		)
	}
	r.list = widget.NewList(
		func() int { return len(r.model.State().Rows) },
		func() fyne.CanvasObject { return newHistoryRow() },
		r.fill,
	)
	r.list.OnSelected = func(i widget.ListItemID) {
		r.list.UnselectAll()
		if rows := r.model.State().Rows; i < len(rows) {
			seq := rows[i].Seq
			r.s.beside(func() { r.model.Open(r.s.ctx, seq) })
		}
	}
	r.top = container.New(column{}, container.NewPadded(titled(w.L("History"), query, r.trouble, r.said, r.working)))
	r.found = listUnder(s, r.top, container.New(column{}, r.list))
	r.report = container.NewVBox()
	r.scroll = container.NewVScroll(container.New(column{}, container.NewPadded(r.report)))
	r.content = container.NewStack(container.NewVScroll(container.New(column{}, container.NewPadded(r.locked))), r.found, r.scroll)
	r.draw()
	return r
}

// Content implements room.
func (r *historyRoom) Content() fyne.CanvasObject { return r.content }

// Enter implements room.
func (r *historyRoom) Enter() {
	r.s.beside(func() { r.model.Count(r.s.ctx) })
	if r.s.home != nil && r.s.home.Actor() == "" {
		r.open = false
	}
	if r.s.home != nil && r.s.home.Actor() != "" {
		r.begin()
	}
	r.draw()
}

// Leave implements room: what was read does not stay in memory.
func (r *historyRoom) Leave() {
	r.open = false
	r.model.Lock()
}

// Stop implements stopper: Escape closes the verdict in sight, or ends a search.
func (r *historyRoom) Stop() {
	if r.model.State().Shown != nil {
		r.model.CloseReport()
		return
	}
	r.model.Stop()
}

// Actions implements actor.
func (r *historyRoom) Actions() []action {
	return []action{{r.s.words.L("Search"), control(fyne.KeyF), func() { r.s.window.Canvas().Focus(r.text) }}}
}

func (r *historyRoom) unlock() { r.s.unlocked(r.begin) }

func (r *historyRoom) begin() {
	r.open = true
	r.search()
}

func (r *historyRoom) search() {
	q := model.Query{Text: r.text.Text, Verdict: verdicts[max(0, r.verdict.SelectedIndex())]}
	var err error
	if q.From, err = model.DateOf(r.from.Text); err == nil {
		q.To, err = model.DateOf(r.to.Text)
	}
	if err != nil {
		r.s.problem(err)
		return
	}
	r.s.beside(func() { r.model.Search(r.s.ctx, q) })
}

// draw shows the room's state; it runs on Fyne's goroutine.
func (r *historyRoom) draw() {
	st, w := r.model.State(), r.s.words
	setText(r.count, w.N("{{.N}} verdicts are kept.", st.Total))
	show(r.content.(*fyne.Container).Objects[0], !r.open)
	show(r.found, r.open && st.Shown == nil)
	show(r.scroll, r.open && st.Shown != nil)
	if st.Trouble.Code != r.code {
		r.code = st.Trouble.Code
		r.trouble.RemoveAll()
		if r.code != "" {
			r.trouble.Add(troublePanel(r.s, st.Trouble))
		}
	}
	switch {
	case !r.open, st.Trouble.Code != "":
		setText(r.said, "")
	case st.Busy && st.Searched == 0:
		setText(r.said, w.L("Reading"))
	case st.Total == 0:
		setText(r.said, w.L("Nothing was verified in this home yet."))
	case st.Filtered && st.All && len(st.Rows) == 0:
		setText(r.said, w.L("Nothing fits. Search for less, or for another spelling."))
	case st.Filtered && st.All:
		setText(r.said, w.N("{{.N}} verdicts fit.", len(st.Rows)))
	case st.Filtered:
		setText(r.said, w.N("{{.N}} verdicts fit so far; {{.Searched}} of {{.Total}} were looked through.", len(st.Rows), model.D{"Searched": st.Searched, "Total": st.Total}))
	default:
		setText(r.said, w.N("{{.N}} verdicts are kept, the latest first.", st.Total))
	}
	// What comes at once should not flicker: the bar is for what is slow.
	slow := st.Busy && st.Searched > 0
	if slow {
		r.busy.Start()
	} else {
		r.busy.Stop()
	}
	show(r.working, slow)
	for range 2 { // the text's height follows from its width
		r.top.Refresh()
		r.found.Layout.Layout(r.found.Objects, r.found.Size())
	}
	if st.Turn != r.turn {
		r.turn, r.sized = st.Turn, 0
		r.list.ScrollToTop()
	}
	r.measure(st.Rows)
	r.list.Refresh()
	if st.ShownSeq != r.shown {
		r.shown = st.ShownSeq
		r.report.RemoveAll()
		if st.Shown != nil {
			r.report.Add(container.NewHBox(newButton(w.L("Back"), theme.NavigateBackIcon(), r.model.CloseReport)))
			r.report.Add(reportCard(r.s, *st.Shown, true))
		}
		relayout(r.scroll)
		r.scroll.ScrollToTop()
	}
}

// historyRow is one line of the list: the verdict's word and mark, what it was
// about, and when.
type historyRow struct {
	widget.BaseWidget
	icon             *widget.Icon
	word, when, what *widget.Label
	box              *fyne.Container
}

func newHistoryRow() *historyRow {
	h := &historyRow{icon: widget.NewIcon(nil), word: widget.NewLabel(""), when: caption(""), what: widget.NewLabel("")}
	h.word.TextStyle.Bold = true
	h.word.Truncation, h.what.Wrapping = fyne.TextTruncateEllipsis, fyne.TextWrapWord
	h.when.Wrapping = fyne.TextWrapOff
	icon := container.NewGridWrap(fyne.NewSquareSize(theme.IconInlineSize()*1.5), h.icon)
	h.box = container.NewBorder(nil, nil, container.NewCenter(icon), nil, tight(container.NewBorder(nil, nil, nil, h.when, h.word), h.what))
	h.ExtendBaseWidget(h)
	return h
}

// CreateRenderer implements fyne.Widget.
func (h *historyRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(h.box) }

// fill puts a row into a line, and looks for more where the last one comes in
// sight.
func (r *historyRoom) fill(i widget.ListItemID, o fyne.CanvasObject) {
	rows := r.model.State().Rows
	if i >= len(rows) {
		return
	}
	row, h := rows[i], o.(*historyRow)
	h.say(r.s.words, row)
	if i == len(rows)-1 {
		r.s.beside(func() { r.model.More(r.s.ctx) })
	}
}

// measure gives each line of the list the height of its text: a phone is narrower
// than many names.
func (r *historyRoom) measure(rows []model.Row) {
	width := r.list.Size().Width
	if width != r.wide || len(rows) < r.sized {
		r.wide, r.sized = width, 0
	}
	if width <= 0 {
		return
	}
	if r.ruler == nil {
		r.ruler = newHistoryRow()
	}
	for ; r.sized < len(rows); r.sized++ {
		r.ruler.say(r.s.words, rows[r.sized])
		r.ruler.Resize(fyne.NewSize(width, r.ruler.MinSize().Height))
		r.list.SetItemHeight(r.sized, r.ruler.MinSize().Height)
	}
}

// say puts a row's words into a line.
func (h *historyRow) say(w model.Words, row model.Row) {
	colour, icon := face(row.Verdict)
	if row.Limited {
		colour, icon = theme.ColorNameWarning, theme.WarningIcon()
	}
	h.icon.SetResource(theme.NewColoredResource(icon, colour))
	h.word.Importance = importance(colour)
	h.word.SetText(row.Word)
	h.when.SetText(row.When)
	what := row.What
	if row.By != "" {
		what = w.L("{{.What}}, by {{.Issuer}}", model.D{"What": row.What, "Issuer": row.By})
	}
	h.what.SetText(what)
	h.box.Refresh() // the word's place ends where the time begins
}
