package app

import (
	"context"
	"io"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/issuer"
)

// boardIdentity is a board's home as the identity's room needs it.
type boardIdentity struct {
	boardHome
	board *board
}

// RotateKey implements model.Identifying: what was opened with the old key signs
// no more.
func (h boardIdentity) RotateKey(ctx context.Context, use string) (string, error) {
	defer h.board.forget()
	return h.Home.RotateKey(ctx, use)
}

// WouldFall implements model.Identifying.
func (h boardIdentity) WouldFall(ctx context.Context, method string, from time.Time) (issuer.Fall, error) {
	b, err := h.board.open(ctx)
	if err != nil {
		return issuer.Fall{}, err
	}
	return b.WouldFall(ctx, method, from)
}

// identityRoom is where a board looks after who it is: its keys, its certificate
// and rules, its backups, and who may sign in.
type identityRoom struct {
	*lockedRoom
	model  *model.Identity
	bar    *workBar
	step   *stepPage
	top    *fyne.Container
	rest   *fyne.Container
	safety *safetyRoom
	lower  *fyne.Container // of safety

	drawn  int
	moving bool
}

func (b *board) identity(s *shell) room {
	w := s.words
	r := &identityRoom{lockedRoom: b.room(w.L("Identity")), drawn: -1}
	r.model = model.NewIdentity(func() (model.Identifying, error) {
		h, err := unlockedBoard(b.home)
		return boardIdentity{h, b}, err
	}, w, s.now, func() { onScreen(r.draw) })
	r.bar, r.step, r.top, r.rest = newWorkBar(w, r.model.Work), newStepPage(s), container.NewVBox(), container.NewVBox()
	r.step.confirm = func() { s.beside(func() { r.model.Confirm(s.ctx) }) }
	r.step.decline, r.step.word = r.model.Decline, r.model.Type
	for _, o := range []fyne.CanvasObject{r.bar, r.top, r.step.box, r.rest} {
		r.body.Add(o)
	}
	all := r.body
	r.lower = container.NewVBox()
	r.lockedRoom.body = r.lower // safety puts its parts here
	r.safety = newSafety(r.lockedRoom, model.RoleBoard)
	r.lockedRoom.body = all
	all.Add(r.lower)
	r.refresh = func() {
		r.model.Refresh(s.ctx)
		r.safety.model.Refresh(s.ctx)
	}
	r.draw()
	return r
}

// Stop implements stopper.
func (r *identityRoom) Stop() {
	if r.model.Work.State().Running {
		r.model.Work.Cancel()
		return
	}
	r.model.Dismiss()
	r.safety.Stop()
}

// Actions implements actor.
func (r *identityRoom) Actions() []action { return r.safety.Actions() }

// draw shows the room's state; it runs on Fyne's goroutine.
func (r *identityRoom) draw() {
	st, s, w := r.model.State(), r.s, r.s.words
	busy := r.model.Work.State().Running
	r.bar.Update()
	if r.drawn == st.Version && r.moving == busy {
		return // the bar alone moved
	}
	r.drawn, r.moving = st.Version, busy
	defer relayout(r.scroll)
	r.top.RemoveAll()
	if st.Failed.Code != "" {
		r.top.Add(troublePanel(s, st.Failed))
	}
	if len(st.Said) > 0 {
		r.top.Add(saidPanel(s, st.Said, r.model.Dismiss))
	}
	came := r.step.draw(st.Step, busy)
	show(r.rest, st.Step == nil)
	show(r.lower, st.Step == nil)
	if came || len(st.Said) > 0 || st.Made != nil {
		r.scroll.ScrollToTop()
	}
	if st.Step != nil {
		return
	}
	r.rest.RemoveAll()
	if !st.Loaded {
		r.rest.Add(wrapped(w.L("Reading")))
		return
	}
	if st.Made != nil {
		r.made(*st.Made)
	}
	if st.DID != "" {
		r.who(st)
	}
	if st.Trouble.Code != "" {
		r.rest.Add(troublePanel(s, st.Trouble, newButton(w.L("Try again"), theme.ViewRefreshIcon(), func() { s.beside(r.refresh) })))
		return
	}
	r.keys(st, busy)
	r.paper(st, busy)
}

// who shows the board's name and identifier.
func (r *identityRoom) who(st model.IdentityState) {
	s, w := r.s, r.s.words
	box := tight()
	if st.Name != "" {
		box.Add(strong(st.Name))
	}
	if st.Odd {
		box.Add(oddMark(s))
	}
	if st.Contact != "" {
		box.Add(wrapped(w.L("Desk: {{.Contact}}", model.D{"Contact": st.Contact})))
	}
	if st.Standing != "" {
		box.Add(wrapped(st.Standing))
	}
	facts := []model.Fact{{Name: w.L("Identifier of this board"), Value: model.Plain(st.DID)}}
	if st.Network != "" {
		facts = append(facts, model.Fact{Name: w.L("Network"), Value: st.Network})
	}
	r.rest.Add(newPanel(theme.ColorNamePrimary, container.NewVBox(box, smallPrint(facts), buttons(s,
		newButton(w.L("Copy the identifier"), theme.ContentCopyIcon(), func() {
			s.copyText(st.DID, false)
			s.notice(w.L("Copied."), nil)
		}),
		newButton(w.L("Show it as a code"), theme.VisibilityIcon(), func() { s.showCode(w.L("Identifier of this board"), st.DID) }),
	))))
}

// showCode shows text as a QR code.
func (s *shell) showCode(title, text string) {
	c := newCodes(s, []byte(text))
	l := caption(model.Plain(text))
	l.Wrapping, l.Selectable = fyne.TextWrapBreak, true
	d := newDialog(s, title, container.NewVScroll(container.NewVBox(l, c.box)))
	d.SetButtons([]fyne.CanvasObject{newPrimary(s.words.L("Close"), theme.CancelIcon(), func() {
		c.close()
		d.Hide()
	})})
	s.ask(d, s.most())
}

// keys shows the board's keys.
func (r *identityRoom) keys(st model.IdentityState, busy bool) {
	s, w := r.s, r.s.words
	r.rest.Add(section2(w.L("Keys")))
	action := func(b *push, yes bool) *push {
		enable(b, yes && !busy)
		return b
	}
	for _, k := range st.Keys {
		state := wrapped(k.State)
		edge := theme.ColorNameSeparator
		switch {
		case k.Reported:
			edge, state.Importance = theme.ColorNameError, widget.DangerImportance
		case k.InUse:
			edge = theme.ColorNameSuccess
		}
		box := container.NewVBox(tight(strong(k.Title), state, caption(k.Since)), smallPrint([]model.Fact{{Name: w.L("Key"), Value: k.Method}}))
		var list []fyne.CanvasObject
		if k.InUse {
			list = append(list, action(newButton(w.L("Replace it…"), theme.ViewRefreshIcon(), func() { s.beside(func() { r.model.AskRotate(s.ctx, k.Use) }) }), true))
		}
		if !k.Reported {
			list = append(list, action(newButton(w.L("It was in other hands…"), theme.WarningIcon(), func() { r.report(k) }), true))
		}
		if len(list) > 0 {
			box.Add(buttons(s, list...))
		}
		r.rest.Add(newPanel(edge, box))
	}
	for _, use := range st.Lacks {
		r.rest.Add(newPanel(theme.ColorNameWarning, container.NewVBox(
			tight(strong(model.KeyTitle(w, use)), wrapped(w.L("This home has no such key."))),
			buttons(s, action(newButton(w.L("Make one…"), theme.ContentAddIcon(), func() { s.beside(func() { r.model.AskRotate(s.ctx, use) }) }), true)),
		)))
	}
	r.rest.Add(buttons(s, action(newButton(w.L("All keys are lost…"), theme.HistoryIcon(), func() { s.beside(func() { r.model.AskRecovery(s.ctx) }) }), st.DID != "")))
}

// report asks from when on a key was in other hands.
func (r *identityRoom) report(k model.KeyRow) {
	s, w := r.s, r.s.words
	from := newEntry()
	from.SetText(s.now().UTC().Format(time.DateOnly))
	ready := func() bool {
		_, err := model.ParseFrom(from.Text)
		return err == nil
	}
	check := s.askForm(w.L("A key was in other hands"), []fyne.CanvasObject{
		wrapped(w.L("Since when? Choose the last moment at which you are sure that it was yours alone. A board reports at most 90 days back; earlier takes a vote of the members.")),
		field(w.L("Day, or day and time (UTC)"), from),
		caption(w.L("Such as 2026-11-01 or 2026-11-01 14:30. What falls is shown before anything is sent.")),
	}, ready, func() {
		text := from.Text
		s.beside(func() { r.model.AskReport(s.ctx, k.Method, text) })
	})
	from.OnChanged = func(string) { check() }
}

// paper shows the certificate and the board's rules.
func (r *identityRoom) paper(st model.IdentityState, busy bool) {
	s, w := r.s, r.s.words
	action := func(b *push) *push {
		enable(b, !busy)
		return b
	}
	r.rest.Add(newPanel(theme.ColorNameSeparator, container.NewVBox(tight(section2(w.L("Certificate")), wrapped(st.Certificate)), buttons(s,
		action(newButton(w.L("Make a request…"), theme.DocumentCreateIcon(), func() { s.beside(func() { r.model.Request(s.ctx) }) })),
		action(newButton(w.L("Keep a certificate…"), theme.FolderOpenIcon(), func() {
			s.openFiles(w.L("Choose the certificate"), func(f []model.File) { s.beside(func() { r.model.KeepCertificate(s.ctx, f[0]) }) })
		})),
	))))
	box := container.NewVBox(tight(section2(w.L("Days of grace")), wrapped(w.L("How long a licence may still be relied on after its expiry, where the law says so."))))
	if len(st.Grace) == 0 {
		box.Add(wrapped(w.L("None: a licence ends on the day that it says.")))
	} else {
		box.Add(factGrid(s, st.Grace))
	}
	box.Add(buttons(s, action(newButton(w.L("Take rules from a file…"), theme.FolderOpenIcon(), func() {
		s.openFiles(w.L("Choose the file of rules"), func(f []model.File) { s.beside(func() { r.model.KeepRules(s.ctx, f[0]) }) })
	}))))
	r.rest.Add(newPanel(theme.ColorNameSeparator, box))
}

// made shows a file that was made.
func (r *identityRoom) made(m model.MadeFile) {
	s, w := r.s, r.s.words
	box := container.NewVBox(wrapped(m.Says))
	if m.Fingerprint != "" {
		box.Add(fingerprintLabel(m.Fingerprint))
	}
	box.Add(buttons(s,
		newPrimary(w.L("Save the file…"), theme.DocumentSaveIcon(), func() {
			s.saveFile(m.Name, func(out io.Writer) error {
				_, err := out.Write(m.Bytes)
				return err
			}, func() { s.notice(w.L("Saved."), nil) })
		}),
		newButton(w.L("Close"), theme.CancelIcon(), r.model.Dismiss)))
	r.rest.Add(newPanel(theme.ColorNameSuccess, box))
}
