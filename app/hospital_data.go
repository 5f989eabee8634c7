package app

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// dataRoom is where a hospital looks after what its verdicts rest on.
type dataRoom struct {
	s       *shell
	model   *model.Data
	content fyne.CanvasObject

	line    *fyne.Container
	trouble *fyne.Container
	pin     *fyne.Container
	said    *fyne.Container
	bar     *workBar
	sync    *push
	load    *push
	body    *fyne.Container
	listing *listingForm
	address *entry
	scroll  *container.Scroll

	waits   string // the network whose file pin shows; "" for none
	compare *comparing
	believe *push
	drawn   int  // version of the state on the screen
	moving  bool // the bar is on the screen
}

func (h *hospital) data(s *shell) room { return newDataRoom(s, s.home) }

func newDataRoom(s *shell, f model.Feeding) *dataRoom {
	w := s.words
	r := &dataRoom{s: s}
	r.model = model.NewData(f, w, s.now, func() { onScreen(r.draw) })
	r.line, r.trouble, r.pin, r.said, r.body = container.NewVBox(), container.NewVBox(), container.NewVBox(), container.NewVBox(), container.NewVBox()
	r.bar = newWorkBar(w, r.model.Work)
	r.sync = newPrimary(w.L("Sync now"), theme.ViewRefreshIcon(), func() { s.beside(func() { r.model.Sync(s.ctx) }) })
	r.load = newButton(w.L("Open a pack or network file…"), theme.FolderOpenIcon(), r.open)
	r.listing = newListingForm(r)
	r.address = newEntry()
	r.address.SetPlaceHolder("https://")
	r.address.OnSubmitted = func(string) { r.addSource() }
	buttons := container.NewHBox(r.sync, r.load)
	if s.narrow() {
		buttons = container.NewVBox(r.sync, r.load)
	}
	r.scroll = container.NewVScroll(container.New(column{}, container.NewPadded(container.NewVBox(
		titled(w.L("Data")), r.line, r.trouble, r.pin, buttons, r.bar, r.said, r.body, r.listing.box,
	))))
	r.content = r.scroll
	r.draw()
	return r
}

// Content implements room.
func (r *dataRoom) Content() fyne.CanvasObject { return r.content }

// Enter implements room.
func (r *dataRoom) Enter() { r.s.beside(func() { r.model.Refresh(r.s.ctx) }) }

// Leave implements room.
func (r *dataRoom) Leave() {}

// Take implements taker.
func (r *dataRoom) Take(files []model.File) {
	r.s.beside(func() { r.model.Take(r.s.ctx, files...) })
}

// Stop implements stopper: Escape closes the form, or ends what is under way.
func (r *dataRoom) Stop() {
	if r.listing.box.Visible() && !r.model.Work.State().Running {
		r.listing.close()
		return
	}
	r.model.Work.Cancel()
}

// Actions implements actor.
func (r *dataRoom) Actions() []action {
	w := r.s.words
	return []action{
		{w.L("Sync now"), control(fyne.KeyR), func() { r.s.beside(func() { r.model.Sync(r.s.ctx) }) }},
		{w.L("Open a pack or network file…"), control(fyne.KeyO), r.open},
	}
}

func (r *dataRoom) open() {
	r.s.openFiles(r.s.words.L("Choose a trust pack or a network file"), r.Take)
}

func (r *dataRoom) addSource() {
	address := r.address.Text
	r.s.beside(func() {
		if r.model.AddSource(r.s.ctx, address) {
			onScreen(func() { r.address.SetText("") })
		}
	})
}

// ageColour goes with the word for how old the data is.
func ageColour(a model.Age) fyne.ThemeColorName {
	switch a {
	case model.Young:
		return theme.ColorNameSuccess
	case model.Due:
		return theme.ColorNameWarning
	}
	return theme.ColorNameError
}

// draw shows the room's state; it runs on Fyne's goroutine.
func (r *dataRoom) draw() {
	st, w := r.model.State(), r.s.words
	r.bar.Update()
	enable(r.sync, !r.model.Work.State().Running && (len(st.Sources) > 0 || len(st.Issuers) > 0))
	if r.drawn == st.Version && r.drawn > 0 && r.moving == r.bar.Visible() {
		return // the bar alone moved
	}
	r.drawn, r.moving = st.Version, r.bar.Visible()
	r.s.refreshData() // the footer says the same
	defer relayout(r.scroll)
	r.load.Importance = widget.MediumImportance
	if st.Loaded && len(st.Sources) == 0 && st.Trouble.Code != "" {
		r.load.Importance = widget.HighImportance // it is the way on
	}
	r.line.RemoveAll()
	r.trouble.RemoveAll()
	r.body.RemoveAll()
	r.said.RemoveAll()
	if !st.Loaded {
		r.line.Add(wrapped(w.L("Reading")))
		return
	}
	if st.Trouble.Code != "" {
		r.trouble.Add(troublePanel(r.s, st.Trouble))
	} else {
		first := wrapped(st.Line.Text)
		first.TextStyle.Bold = true
		r.line.Add(newPanel(ageColour(st.Line.Age), tight(first, wrapped(st.Line.Next))))
	}
	if st.Failed.Code != "" {
		r.said.Add(troublePanel(r.s, st.Failed))
	}
	if len(st.Said) > 0 {
		said := tight()
		for _, t := range st.Said {
			said.Add(wrapped(t))
		}
		r.said.Add(newPanel(theme.ColorNameSuccess, said))
	}
	if len(st.Answers) > 0 {
		r.said.Add(factGrid(r.s, st.Answers))
	}
	r.drawPin(st)
	if st.Warning.Code != "" && st.Trouble.Code == "" {
		r.line.Add(troublePanel(r.s, st.Warning))
	}
	if st.Quiet != "" {
		r.line.Add(newPanel(theme.ColorNameWarning, container.NewVBox(wrapped(st.Quiet), factGrid(r.s, st.Silent))))
	}
	if len(st.Limits) > 0 {
		r.body.Add(subtitle(w.L("How long it may still be relied on")))
		grid := container.New(layout.NewFormLayout())
		for _, l := range st.Limits {
			name := widget.NewLabel(l.Purpose)
			mark := widget.NewLabelWithStyle(l.Mark, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
			mark.Importance = importance(ageColour(l.Age))
			grid.Add(name)
			grid.Add(tight(mark, wrapped(l.Says)))
		}
		r.body.Add(grid)
	}
	if st.Trusted {
		r.body.Add(subtitle(w.L("The network that you trust")))
		r.body.Add(factGrid(r.s, st.Pinned))
	}
	r.drawSources(st)
	r.drawIssuers(st)
}

// redraw shows the state anew, as after the form came or went.
func (r *dataRoom) redraw() {
	r.drawn = 0
	r.draw()
}

// factGrid draws names and what goes with them.
func factGrid(s *shell, facts []model.Fact) fyne.CanvasObject {
	grid := newPairs()
	odd := false
	for _, f := range facts {
		value := wrapped(f.Value)
		if !strings.Contains(f.Value, " ") {
			value.Wrapping = fyne.TextWrapBreak // identifiers have no blanks
		}
		grid.Add(caption(f.Name))
		grid.Add(value)
		odd = odd || f.Odd
	}
	if odd {
		return container.NewVBox(grid, oddMark(s))
	}
	return grid
}

// drawPin shows a network file that waits for a person's word. What somebody
// types stays as it is.
func (r *dataRoom) drawPin(st model.DataState) {
	if st.Pin == nil {
		r.waits = ""
		r.pin.RemoveAll()
		return
	}
	if came := st.Pin.Network + " " + strings.Join(st.Pin.Compare.Rows[:], " "); came != r.waits {
		r.waits = came
		r.pin.RemoveAll()
		r.pin.Add(r.pinPage(*st.Pin))
		r.scroll.ScrollToTop()
	}
	c := st.Pin.Compare
	r.compare.update(c.Ticked[:], c.Matches, c.Differs)
	enable(r.believe, c.Same())
}

func (r *dataRoom) pinPage(p model.PinPreview) fyne.CanvasObject {
	w := r.s.words
	r.compare = newComparing(r.s, p.Compare.Rows[:], r.model.Tick, r.model.Type)
	do := func() { r.s.beside(func() { r.model.Confirm(r.s.ctx) }) }
	r.believe = newPrimary(w.L("Trust this network"), theme.ConfirmIcon(), func() {
		if p.Believed == "" {
			do()
			return
		}
		r.s.sure(w.L("Trust another network?"), p.Believed, w.L("Trust this network"), w.L("Cancel"), do)
	})
	box := container.NewVBox(
		tight(subtitle(w.L("A network file")), wrapped(p.Network), caption(p.Header)),
		wrapped(w.L("Whoever can give you a false network file can make false licences pass.")),
		r.compare.box,
	)
	if p.Believed != "" {
		warn := wrapped(p.Believed)
		warn.Importance = widget.WarningImportance
		box.Add(warn)
	}
	box.Add(buttons(r.s, r.believe, newButton(w.L("It differs"), theme.CancelIcon(), r.model.Decline)))
	return newPanel(theme.ColorNamePrimary, box)
}

func (r *dataRoom) drawSources(st model.DataState) {
	w := r.s.words
	r.body.Add(subtitle(w.L("Where syncs ask")))
	if len(st.Sources) == 0 {
		r.body.Add(wrapped(w.L("No source is known. Add the address that a board gave you, or bring a pack by file.")))
	} else if len(st.Sources) == 1 {
		r.body.Add(caption(w.L("With a second source, what one says is cross-checked by the other.")))
	}
	for _, a := range st.Sources {
		remove := newButton(w.L("Remove"), theme.DeleteIcon(), func() {
			r.s.beside(func() {
				undo := r.model.RemoveSource(r.s.ctx, a)
				onScreen(func() {
					if undo != nil {
						r.s.notice(w.L("The source is removed."), func() { r.s.beside(func() { undo(r.s.ctx) }) })
					}
				})
			})
		})
		label := wrapped(model.Plain(a))
		label.Wrapping = fyne.TextWrapBreak
		r.body.Add(container.NewBorder(nil, nil, nil, remove, label))
	}
	r.body.Add(container.NewBorder(nil, nil, nil, newButton(w.L("Add"), theme.ContentAddIcon(), r.addSource), r.address))
}

func (r *dataRoom) drawIssuers(st model.DataState) {
	w := r.s.words
	r.body.Add(subtitle(w.L("Issuers that you trust yourself")))
	if len(st.Issuers) == 0 {
		r.body.Add(wrapped(w.L("None. Every verdict rests on the boards' ledger alone.")))
	}
	for _, i := range st.Issuers {
		name := wrapped(i.Name)
		name.TextStyle.Bold = true
		id := caption(model.Plain(i.ID))
		id.Wrapping = fyne.TextWrapBreak
		remove := newButton(w.L("Remove"), theme.DeleteIcon(), func() { r.removeIssuer(i) })
		r.body.Add(container.NewBorder(nil, nil, nil, container.NewVBox(remove), tight(name, id, caption(i.Types), caption(i.Until))))
	}
	if r.listing.box.Visible() {
		return
	}
	r.body.Add(buttons(r.s, newButton(w.L("List an issuer…"), theme.ContentAddIcon(), r.listing.open)))
}

// removeIssuer takes an issuer off the list, which can be taken back.
func (r *dataRoom) removeIssuer(i model.Listed) {
	w := r.s.words
	r.s.beside(func() {
		undo := r.model.RemoveIssuer(r.s.ctx, i.ID)
		onScreen(func() {
			if undo != nil {
				r.s.notice(w.L("{{.Issuer}} is off your list: its credentials are not verified any more.", model.D{"Issuer": i.Name}), func() { r.s.beside(func() { undo(r.s.ctx) }) })
			}
		})
	})
}
