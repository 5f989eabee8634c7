package app

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// trustPage is the way to a home's trust, step by step.
type trustPage struct {
	s     *shell
	trust *model.Trust
	done  func() // goes on, whether trust is there or not

	box     *fyne.Container
	step    model.TrustStep
	drawn   bool
	network string // whose fingerprint is drawn
	said    *widget.Label
	next    *widget.Label
	code    *fyne.Container
	bar     *workBar
	pin     *push
	compare *comparing
	replace *widget.Label
	source  *entry
	buttons []fyne.Disableable
}

// firstTrust leads to the trust of a home, then enters a place in it.
func (s *shell) firstTrust(p model.Place) {
	s.place = p
	s.trustThen(func() { s.enterPlace(p) })
}

// trustThen leads to the trust of the open home, and then goes on.
func (s *shell) trustThen(done func()) {
	t := &trustPage{s: s, done: done, box: container.NewVBox()}
	t.trust = model.NewTrust(s.home, s.words, func() { onScreen(t.draw) })
	s.page(t.box, done)
	s.escape = nil // it is left by its own button alone
	s.reads = string(s.place.Role) + "#trust"
	s.dropped = func(uris []fyne.URI) { t.take(filesOf(uris[:1])[0]) }
	s.pasted = t.paste
	t.draw()
}

// take takes a file for the step in sight.
func (t *trustPage) take(f model.File) {
	t.s.touch()
	switch t.trust.State().Step {
	case model.TrustFile, model.TrustCompare:
		t.s.beside(func() { t.trust.TakeFile(f) })
	case model.TrustData:
		t.s.beside(func() { t.trust.TakePack(t.s.ctx, f) })
	}
}

func (t *trustPage) paste(text string) {
	switch step := t.trust.State().Step; {
	case strings.TrimSpace(text) == "":
	case step == model.TrustFile:
		t.take(textFile(text))
	case step == model.TrustCompare:
		t.compare.typed.SetText(text)
	}
}

func (t *trustPage) open(what string) {
	t.s.openFiles(what, func(files []model.File) {
		if len(files) > 0 {
			t.take(files[0])
		}
	})
}

// draw shows the step; what somebody types into stays as it is.
func (t *trustPage) draw() {
	st := t.trust.State()
	if !t.drawn || st.Step != t.step || st.Network != t.network {
		t.drawn, t.step, t.network = true, st.Step, st.Network
		t.build(st)
	}
	setText(t.said, st.Message)
	setText(t.next, st.Next)
	t.code.RemoveAll()
	if st.Code != "" {
		t.code.Add(codeLink(t.s, st.Code))
	}
	t.bar.Update()
	busy := t.trust.Work.State().Running
	for _, b := range t.buttons {
		if busy {
			b.Disable()
		} else {
			b.Enable()
		}
	}
	if t.pin != nil {
		if busy || !st.Ready {
			t.pin.Disable()
		} else {
			t.pin.Enable()
		}
		t.compare.update(st.Ticked[:], st.Matches, st.Differs)
		if st.Replaces {
			setText(t.replace, t.s.words.L("This home trusts another network already. If this one is to take its place, compare the fingerprint once more and go on; the data of the old one is left behind."))
		}
		if t.compare.typed.Text != st.Typed {
			t.compare.typed.SetText(st.Typed)
		}
	}
}

func (t *trustPage) build(st model.TrustState) {
	s, w := t.s, t.s.words
	t.said, t.next = wrapped(""), wrapped("")
	t.said.TextStyle.Bold = true
	t.said.Importance = widget.DangerImportance
	t.code = container.NewVBox()
	t.bar = newWorkBar(w, t.trust.Work)
	t.pin, t.compare, t.buttons = nil, nil, nil
	later := newButton(w.L("Do this later"), theme.NavigateNextIcon(), t.done)
	box := []fyne.CanvasObject{caption(w.L("Step {{.Step}} of {{.Steps}}", model.D{"Step": min(int(st.Step)+1, 3), "Steps": 3}))}
	trouble := []fyne.CanvasObject{t.said, t.next, t.code, t.bar}
	switch st.Step {
	case model.TrustFile:
		first := newPrimary(w.L("Open the network file…"), theme.FolderOpenIcon(), func() { t.open(w.L("Choose the network file")) })
		paste := newButton(w.L("Paste"), theme.ContentPasteIcon(), s.paste)
		t.buttons = []fyne.Disableable{first, paste, later}
		box = append(box, heading(w.L("Whom to trust")),
			wrapped(w.L("Ask a licensing board for its network file. Everything that this home trusts begins there: whoever can give you a false one can make false licences pass.")),
			wrapped(w.L("Ask for its fingerprint, too, by another way: by telephone, on paper, or from another board.")))
		box = append(box, trouble...)
		box = append(box, container.New(s.rowOrColumn(3), first, paste, later))
		if !s.narrow() {
			box = append(box, caption(w.L("You can also drop the file on this window.")))
		}
	case model.TrustCompare:
		t.compare = newComparing(s, st.Rows[:], t.trust.Tick, func(text string) {
			if text != t.trust.State().Typed {
				t.trust.Type(text)
			}
		})
		t.replace = wrapped("")
		t.replace.Importance = widget.WarningImportance
		t.replace.Hide()
		box = append(box, heading(w.L("Compare the fingerprint")),
			wrapped(w.L("Network: {{.Network}}, as of {{.Stamp}}", model.D{"Network": st.Network, "Stamp": st.AsOf})), t.compare.box, t.replace)
		box = append(box, trouble...)
		t.pin = newPrimary(w.L("Trust this network"), theme.ConfirmIcon(), func() { s.beside(func() { t.trust.Believe(s.ctx) }) })
		another := newButton(w.L("It differs"), theme.CancelIcon(), t.trust.Another)
		t.buttons = []fyne.Disableable{another}
		box = append(box, container.New(s.rowOrColumn(2), t.pin, another))
	case model.TrustData:
		file := newPrimary(w.L("Open a pack…"), theme.FolderOpenIcon(), func() { t.open(w.L("Choose a pack")) })
		t.source = newEntry()
		t.source.SetPlaceHolder("https://node.example.org")
		sync := newButton(w.L("Sync with this source"), theme.DownloadIcon(), func() {
			text := t.source.Text
			s.beside(func() { t.trust.Sync(s.ctx, text) })
		})
		t.source.OnSubmitted = func(string) { sync.Tapped(nil) }
		t.buttons = []fyne.Disableable{file, sync, later}
		box = append(box, heading(w.L("The boards' data")),
			wrapped(w.L("The network is trusted now. Its data comes as a file, a pack, such as on a USB stick, or from a source that a board runs. Either is checked against what you trust, so it may come from anybody.")))
		box = append(box, trouble...)
		box = append(box, container.NewHBox(file),
			field(w.L("Address of a source"), t.source),
			container.New(s.rowOrColumn(2), sync, later))
	case model.TrustDone:
		box = append(box, heading(w.L("Ready")), wrapped(st.Result))
		box = append(box, trouble...)
		box = append(box, container.NewHBox(newPrimary(w.L("Go on"), theme.NavigateNextIcon(), t.done)))
	}
	t.box.Objects = box
	t.box.Refresh()
}
