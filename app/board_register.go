package app

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// registerRoom is where a board finds its licences, and one of them whole.
type registerRoom struct {
	*lockedRoom
	b     *board
	model *model.Register
	alarm *alarmPanel
	root  *fyne.Container

	above  *fyne.Container // an alarm, and what waits
	text   *entry
	filter *widget.Select
	count  *widget.Label
	busy   *widget.ProgressBarInfinite
	list   *widget.List
	finder *fyne.Container // all of these
	page   *licencePage

	drawn int // version of the rows in sight
	looks int // how often it came in sight
}

func (b *board) register(s *shell) room {
	w := s.words
	r := &registerRoom{lockedRoom: b.room(w.L("Register")), b: b, drawn: -1}
	r.model = model.NewRegister(func(ctx context.Context) (model.Registering, error) { return b.open(ctx) }, s.now, w, func() { onScreen(r.draw) })
	r.alarm = b.alarm(r.drawAbove)
	b.watching = append(b.watching, r.drawAbove)
	r.refresh = r.read
	r.page = newLicencePage(b, r.draw, func() {
		s.beside(func() {
			r.model.Refresh(s.ctx)
			b.waits.Refresh(s.ctx)
		})
	})

	r.above, r.count, r.busy = container.NewVBox(), wrapped(""), widget.NewProgressBarInfinite()
	r.busy.Stop()
	r.text = newEntry()
	r.text.SetPlaceHolder(w.L("Name, number or kind"))
	r.text.OnChanged = r.model.Search
	r.filter = widget.NewSelect(model.Filters(w), nil)
	r.filter.SetSelectedIndex(0)
	r.filter.OnChanged = func(string) { r.model.Choose(model.Filter(r.filter.SelectedIndex())) }
	query := fyne.CanvasObject(container.NewGridWithColumns(2, r.text, r.filter))
	if s.narrow() {
		query = container.NewVBox(r.text, r.filter)
	}
	r.list = widget.NewList(
		func() int { return r.model.State().Found },
		func() fyne.CanvasObject { return newRegisterRow(s.narrow()) },
		func(i widget.ListItemID, o fyne.CanvasObject) {
			if row, ok := r.model.Row(i); ok {
				o.(*registerRow).show(row)
			}
		},
	)
	r.list.OnSelected = func(i widget.ListItemID) {
		r.list.UnselectAll()
		if row, ok := r.model.Row(i); ok {
			r.page.open(row.ID)
		}
	}
	top := container.New(column{}, container.NewPadded(container.NewVBox(heading(w.L("Register")), r.above, query, tight(r.count), r.busy)))
	r.finder = listUnder(s, top, container.New(column{}, r.list))
	r.root = container.NewStack(r.content, r.finder, r.page.content)
	r.draw()
	return r
}

// Content implements room.
func (r *registerRoom) Content() fyne.CanvasObject { return r.root }

// read reads what is new, beside the screen.
func (r *registerRoom) read() {
	onScreen(r.draw)
	r.model.Refresh(r.s.ctx)
	r.b.waits.Refresh(r.s.ctx)
	r.page.refresh()
	r.alarm.look()
}

// Enter implements room.
func (r *registerRoom) Enter() {
	r.lockedRoom.Enter()
	r.looks++
	r.watch(r.looks)
}

// watch looks now and then whether another process changed the register.
func (r *registerRoom) watch(turn int) {
	r.s.after(model.LookAgain, func() {
		if !r.inSight || r.looks != turn {
			return
		}
		if r.home.Actor() != "" {
			r.s.beside(func() { r.model.Refresh(r.s.ctx) })
		}
		r.watch(turn)
	})
}

// End implements ender: what was read of the register is overwritten.
func (r *registerRoom) End() {
	r.model.Wipe()
	r.page.model.Close()
	r.b.waits.Wipe()
}

// Stop implements stopper: Escape leaves a step, then the licence, then a search.
func (r *registerRoom) Stop() {
	if r.page.stop() {
		return
	}
	r.text.SetText("")
	r.filter.SetSelectedIndex(0)
}

// Actions implements actor.
func (r *registerRoom) Actions() []action {
	w := r.s.words
	return []action{
		{w.L("Search the register"), control(fyne.KeyF), func() {
			r.page.close()
			r.s.window.Canvas().Focus(r.text)
		}},
		{w.L("Look again"), control(fyne.KeyR), func() { r.s.beside(r.refresh) }},
	}
}

// drawAbove shows what is more urgent than the register: that something stands on
// the ledger that it does not know, and that decisions wait.
func (r *registerRoom) drawAbove() {
	if r.finder == nil {
		return // it is being made
	}
	r.above.RemoveAll()
	s, w := r.s, r.s.words
	if st := r.alarm.model.State(); st.Title != "" {
		r.above.Add(newPanel(theme.ColorNameError, container.NewVBox(
			marked(theme.ErrorIcon(), theme.ColorNameError, strong(st.Title)),
			buttons(s, newPrimary(w.L("What to do"), theme.NavigateNextIcon(), func() { s.goTo("network") })),
		)))
	}
	if st := r.b.waits.State(); st.Mine > 0 {
		r.above.Add(lined(st.Line, true, theme.NavigateNextIcon(), func() { s.goTo("approvals") }))
	}
	r.finder.Refresh()
}

// draw shows the room's state; it runs on Fyne's goroutine.
func (r *registerRoom) draw() {
	st, s, w := r.model.State(), r.s, r.s.words
	locked := r.home.Actor() == ""
	open := r.page.model.State().ID != 0
	show(r.content, locked || !st.Loaded)
	show(r.finder, !locked && st.Loaded && !open)
	show(r.page.content, !locked && open)
	r.body.RemoveAll()
	switch {
	case st.Trouble.Code != "" && !st.Loaded:
		r.body.Add(troublePanel(s, st.Trouble, newButton(w.L("Try again"), theme.ViewRefreshIcon(), func() { s.beside(r.refresh) })))
	case !st.Loaded:
		r.body.Add(wrapped(w.L("Opening the register")))
	}
	if r.drawn == st.Version {
		return
	}
	r.drawn = st.Version
	says := st.Count
	if st.Trouble.Code != "" {
		says = w.L("{{.Count}}. The rest could not be read: {{.Why}}", model.D{"Count": st.Count, "Why": st.Trouble.Message})
	}
	if st.Loaded && st.Total == 0 && !st.Reading {
		says = w.L("The register is empty. A file fills it, under Import.")
	}
	setText(r.count, says)
	show(r.busy, st.Reading)
	if st.Reading {
		r.busy.Start()
	} else {
		r.busy.Stop()
	}
	r.list.Refresh()
}

// registerRow is one licence in the list.
type registerRow struct {
	widget.BaseWidget
	name, what, status, until, waits *widget.Label
	icon                             *widget.Icon
	odd                              fyne.CanvasObject // marks a name that deceives
	box                              fyne.CanvasObject
}

func newRegisterRow(narrow bool) *registerRow {
	line := func(small bool) *widget.Label {
		l := widget.NewLabel("x")
		l.Truncation = fyne.TextTruncateEllipsis
		if small {
			l.SizeName = theme.SizeNameCaptionText
		}
		return l
	}
	r := &registerRow{name: line(false), what: line(true), status: line(false), until: line(true), waits: line(true), icon: widget.NewIcon(nil)}
	r.name.TextStyle.Bold = true
	mark := func(i *widget.Icon) fyne.CanvasObject {
		size := fyne.NewSize(theme.IconInlineSize()+2*theme.Padding(), theme.IconInlineSize())
		return container.NewCenter(container.NewGridWrap(size, i))
	}
	r.odd = mark(widget.NewIcon(theme.NewColoredResource(theme.WarningIcon(), theme.ColorNameWarning)))
	name := container.NewBorder(nil, nil, r.odd, nil, r.name)
	status := container.NewBorder(nil, nil, mark(r.icon), nil, r.status)
	// Lines of one row stand as close as those of a text.
	lines := func(o ...fyne.CanvasObject) fyne.CanvasObject {
		return container.New(layout.NewCustomPaddedVBoxLayout(2*(theme.Padding()-theme.InnerPadding())), o...)
	}
	if narrow {
		r.box = lines(name, r.what, status, container.NewGridWithColumns(2, r.until, r.waits))
	} else {
		r.box = container.New(shares{5, 4, 3}, lines(name, r.what), lines(status, r.until), lines(widget.NewLabel(""), r.waits))
	}
	r.ExtendBaseWidget(r)
	return r
}

// CreateRenderer implements fyne.Widget.
func (r *registerRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.box) }

func (r *registerRow) show(x model.RegisterRow) {
	colour, icon := tone(model.Card{Tone: x.Tone})
	r.name.SetText(x.Name)
	r.what.SetText(x.What)
	r.status.Importance = importance(colour)
	r.status.SetText(x.Status)
	r.until.SetText(x.Until)
	waits := ""
	if len(x.Waits) > 0 {
		waits = x.Waits[0] // the others stand on its page
	}
	r.waits.SetText(waits)
	r.icon.SetResource(theme.NewColoredResource(icon, colour))
	show(r.odd, x.Odd)
	r.Refresh()
}

// shares places objects side by side, each with its share of the width.
type shares []float32

// MinSize implements fyne.Layout.
func (s shares) MinSize(objects []fyne.CanvasObject) (size fyne.Size) {
	for _, o := range objects {
		m := o.MinSize()
		size.Width += m.Width
		size.Height = max(size.Height, m.Height)
	}
	return size
}

// Layout implements fyne.Layout.
func (s shares) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	var all, x float32
	for _, n := range s {
		all += n
	}
	for i, o := range objects {
		width := size.Width * s[i] / all
		o.Move(fyne.NewPos(x, 0))
		o.Resize(fyne.NewSize(width, size.Height))
		x += width
	}
}
