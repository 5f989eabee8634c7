package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// approvalsRoom shows the decisions that wait.
type approvalsRoom struct {
	*lockedRoom
	model *model.Approvals
	bar   *workBar
	rest  *fyne.Container
	step  *fyne.Container // the answer that is to be confirmed
	yes   *push
	asked string // title of the answer that is drawn

	drawn  int
	moving bool
}

func (b *board) approvals(s *shell) room {
	w := s.words
	r := &approvalsRoom{lockedRoom: b.room(w.L("Approvals")), rest: container.NewVBox(), step: container.NewVBox(), drawn: -1}
	r.model = b.waits
	b.watching = append(b.watching, r.draw)
	r.refresh = func() { r.model.Refresh(s.ctx) }
	r.bar = newWorkBar(w, r.model.Work)
	for _, o := range []fyne.CanvasObject{r.bar, r.step, r.rest} {
		r.body.Add(o)
	}
	r.draw()
	return r
}

// Stop implements stopper.
func (r *approvalsRoom) Stop() {
	switch st := r.model.State(); {
	case r.model.Work.State().Running:
		r.model.Work.Cancel()
	case st.Asked != nil:
		r.model.Decline()
	default:
		r.model.Dismiss()
	}
}

// Actions implements actor.
func (r *approvalsRoom) Actions() []action {
	return []action{{r.s.words.L("Look again"), control(fyne.KeyR), func() { r.s.beside(r.refresh) }}}
}

// draw shows the room's state; it runs on Fyne's goroutine.
func (r *approvalsRoom) draw() {
	st, s, w := r.model.State(), r.s, r.s.words
	busy := r.model.Work.State().Running
	r.bar.Update()
	if r.drawn == st.Version && r.moving == busy {
		return
	}
	r.drawn, r.moving = st.Version, busy
	defer relayout(r.scroll)
	r.answer(st, busy)
	r.rest.RemoveAll()
	if st.Failed.Code != "" {
		r.rest.Add(troublePanel(s, st.Failed))
	}
	if st.Asked != nil {
		return
	}
	if len(st.Said) > 0 {
		r.rest.Add(saidPanel(s, append(st.Said, st.Refusals...), r.model.Dismiss))
	}
	again := newButton(w.L("Look again"), theme.ViewRefreshIcon(), func() { s.beside(r.refresh) })
	switch {
	case st.Trouble.Code != "":
		r.rest.Add(troublePanel(s, st.Trouble, again))
		return
	case !st.Loaded:
		r.rest.Add(wrapped(w.L("Reading")))
		return
	}
	if st.Alone != "" {
		r.rest.Add(newPanel(theme.ColorNameWarning, wrapped(st.Alone)))
	}
	if len(st.For)+len(st.Own)+len(st.Days)+len(st.Imports) == 0 {
		r.rest.Add(newPanel(theme.ColorNameSuccess, container.NewVBox(marked(theme.ConfirmIcon(), theme.ColorNameSuccess, strong(w.L("Nothing waits."))), buttons(s, again))))
		return
	}
	r.rest.Add(strong(st.Line))
	for _, i := range st.Imports {
		r.imported(i, busy)
	}
	r.list(w.L("Waiting for you"), st.For, busy)
	r.list(w.L("Waiting for somebody else"), st.Own, busy)
	r.list(w.L("Decided, for a later day"), st.Days, busy)
	if st.More != "" {
		r.rest.Add(wrapped(st.More))
	}
}

// answer shows what is to be confirmed.
func (r *approvalsRoom) answer(st model.ApprovalsState, busy bool) {
	s, w, q := r.s, r.s.words, st.Asked
	if q == nil {
		r.asked = ""
		r.step.RemoveAll()
		return
	}
	if r.asked != q.Title {
		r.asked = q.Title
		r.step.RemoveAll()
		lines := tight()
		for _, l := range q.Lines {
			lines.Add(wrapped(l))
		}
		r.step.Add(section2(q.Title))
		r.step.Add(newPanel(theme.ColorNamePrimary, lines))
		if q.Asks {
			why := newNote()
			why.OnChanged = r.model.Why
			r.step.Add(field(w.L("Reason, kept in the register alone"), why))
		}
		r.yes = newPrimary(q.Confirm, theme.ConfirmIcon(), func() { s.beside(func() { r.model.Confirm(s.ctx) }) })
		r.step.Add(buttons(s, r.yes, newButton(w.L("Cancel"), theme.CancelIcon(), r.Stop)))
		r.scroll.ScrollToTop()
	}
	enable(r.yes, q.Ready() && !busy)
}

// imported shows what one import asks for.
func (r *approvalsRoom) imported(i model.WaitingImport, busy bool) {
	w := r.s.words
	lines := tight(strong(i.Title))
	for _, k := range i.Kinds {
		lines.Add(wrapped(k))
	}
	lines.Add(caption(i.Made))
	box := container.NewVBox(lines)
	if i.CanAnswer {
		all := newPrimary(w.L("Approve all…"), theme.ConfirmIcon(), func() { r.model.AskImport(i.Number) })
		enable(all, !busy)
		box.Add(buttons(r.s, all))
	} else {
		box.Add(wrapped(w.L("You imported it, so somebody else must approve it.")))
	}
	r.rest.Add(newPanel(theme.ColorNamePrimary, box))
}

func (r *approvalsRoom) list(title string, acts []model.WaitingAct, busy bool) {
	if len(acts) == 0 {
		return
	}
	s, w := r.s, r.s.words
	r.rest.Add(section2(title))
	for _, x := range acts {
		box := container.NewVBox(waitingLines(s, x))
		var list []fyne.CanvasObject
		if x.CanAnswer {
			approve := newPrimary(w.L("Approve…"), theme.ConfirmIcon(), func() { r.model.AskApprove(x.ID) })
			enable(approve, !busy && x.Blocked.Code == "")
			reject := newButton(w.L("Reject…"), theme.CancelIcon(), func() { r.model.AskReject(x.ID) })
			enable(reject, !busy)
			list = append(list, approve, reject)
		}
		if x.CanCancel {
			back := newButton(w.L("Take back…"), theme.ContentUndoIcon(), func() { r.model.AskCancel(x.ID) })
			enable(back, !busy)
			list = append(list, back)
		}
		box.Add(buttons(s, list...))
		r.rest.Add(newPanel(theme.ColorNameWarning, box))
	}
}

// waitingLines are all that somebody needs to decide about an act.
func waitingLines(s *shell, x model.WaitingAct) fyne.CanvasObject {
	w := s.words
	box := tight(strong(w.L("{{.What}}: {{.Name}}", model.D{"What": x.What, "Name": x.Name})))
	if x.Odd {
		box.Add(oddMark(s))
	}
	box.Add(caption(x.Number))
	for _, c := range x.Changes {
		box.Add(wrapped(c))
	}
	if x.Reason != "" {
		box.Add(wrapped(w.L("Reason: {{.Reason}}", model.D{"Reason": x.Reason})))
	}
	box.Add(wrapped(x.When))
	box.Add(wrapped(x.State))
	if x.Late != "" {
		late := strong(x.Late)
		late.Importance = widget.WarningImportance
		box.Add(late)
	}
	if x.Blocked.Code != "" {
		box.Add(wrapped(w.L("It cannot be carried out: {{.Why}} {{.Next}}", model.D{"Why": x.Blocked.Message, "Next": x.Blocked.Next})))
	}
	box.Add(caption(x.Made))
	return box
}
