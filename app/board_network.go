package app

import (
	"context"
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/ledger/node"
)

// boardHome is a board's home as its rooms need it. It never asks for a
// passphrase.
type boardHome struct{ *home.Home }

// unlockedBoard gives the home once it is unlocked. Code passphrase_needed.
func unlockedBoard(h *home.Home) (boardHome, error) {
	if h.Actor() == "" {
		return boardHome{}, explain.Errorf("passphrase_needed", "the home is locked")
	}
	return boardHome{h}, nil
}

// Status implements model.Networking.
func (h boardHome) Status(ctx context.Context) (node.Status, error) {
	c, err := h.Client()
	if err != nil {
		return node.Status{}, err
	}
	return c.Status(ctx)
}

// OwnNode implements model.Networking.
func (h boardHome) OwnNode() (bool, error) {
	at, err := h.Node()
	return at != "", err
}

// networkRoom is where a board looks after the network that it belongs to.
type networkRoom struct {
	*lockedRoom
	model *model.Network
	bar   *workBar
	step  *stepPage
	top   *fyne.Container
	rest  *fyne.Container
	alarm *alarmPanel

	members fyne.CanvasObject // the heading above them; nil before they are drawn
	guest   *model.Newcomer   // what is drawn of these
	made    *model.Invited
	drawn   int
	moving  bool
	allPast bool
}

func (b *board) network(s *shell) room {
	w := s.words
	r := &networkRoom{lockedRoom: b.room(w.L("Network")), drawn: -1}
	r.model = model.NewNetwork(func() (model.Networking, error) { return unlockedBoard(b.home) }, w, s.now, func() { onScreen(r.draw) })
	r.alarm = b.alarm(func() { relayout(r.scroll) })
	r.alarm.call = r.toMembers
	r.refresh = func() {
		s.beside(r.alarm.look) // it asks the node, too
		r.model.Refresh(s.ctx)
	}
	r.bar, r.step, r.top, r.rest = newWorkBar(w, r.model.Work), newStepPage(s), container.NewVBox(), container.NewVBox()
	r.step.confirm = func() { s.beside(func() { r.model.Confirm(s.ctx) }) }
	r.step.decline, r.step.compare, r.step.tick = r.model.Decline, r.model.Type, r.model.Tick
	for _, o := range []fyne.CanvasObject{r.bar, r.top, r.step.box, r.alarm.above, r.rest, r.alarm.below} {
		r.body.Add(o)
	}
	r.draw()
	return r
}

// Take implements taker: the file of a board that wants to be let in.
func (r *networkRoom) Take(files []model.File) {
	if len(files) > 0 {
		r.s.beside(func() { r.model.Take(r.s.ctx, files[0]) })
	}
}

// Stop implements stopper.
func (r *networkRoom) Stop() {
	if r.alarm.stop() {
		return
	}
	if r.model.Work.State().Running {
		r.model.Work.Cancel()
		return
	}
	r.model.Dismiss()
}

// Actions implements actor.
func (r *networkRoom) Actions() []action {
	w := r.s.words
	return []action{
		{w.L("Look again"), control(fyne.KeyR), func() { r.s.beside(r.refresh) }},
		{w.L("Open a board's application…"), control(fyne.KeyO), r.open},
	}
}

func (r *networkRoom) open() {
	r.s.openFiles(r.s.words.L("Choose the file of the board that wants to join"), r.Take)
}

// draw shows the room's state; it runs on Fyne's goroutine.
func (r *networkRoom) draw() {
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
	show(r.alarm.above, st.Step == nil)
	show(r.alarm.below, st.Step == nil && st.Loaded && st.Trouble.Code == "")
	if came {
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
	again := newButton(w.L("Look again"), theme.ViewRefreshIcon(), func() { s.beside(r.refresh) })
	if st.Trouble.Code != "" {
		r.rest.Add(troublePanel(s, st.Trouble, again))
		return
	}
	if (st.Newcomer != nil && st.Newcomer != r.guest) || (st.Invited != nil && st.Invited != r.made) {
		r.scroll.ScrollToTop() // where they stand
	}
	r.guest, r.made = st.Newcomer, st.Invited
	r.newcomer(st, busy)
	r.invited(st)
	r.fresh(st, again)
	r.proposals(st, busy)
	r.boards(st)
	r.propose(st, busy)
	r.past(st)
	r.rest.Add(section2(w.L("Rules of this network")))
	r.rest.Add(factGrid(s, st.Rules))
}

// fresh shows how old the ledger is, who is silent, and how the node does.
func (r *networkRoom) fresh(st model.NetworkState, again *push) {
	s, w := r.s, r.s.words
	if st.Warning.Code != "" {
		r.rest.Add(troublePanel(s, st.Warning))
	}
	lines := tight(strong(st.Line.Text))
	edge := ageColour(st.Line.Age)
	if st.Quiet != "" {
		edge = theme.ColorNameWarning
		lines.Add(wrapped(st.Quiet))
	}
	r.rest.Add(newPanel(edge, container.NewVBox(lines)))
	switch {
	case !st.Asked:
		r.rest.Add(newPanel(theme.ColorNamePrimary, wrapped(w.L("Asking the node…"))))
	case st.NoNode.Code != "":
		box := tight(strong(w.L("This board's node does not answer.")), wrapped(st.NoNode.Message), wrapped(st.NoNode.Next),
			wrapped(w.L("What this home knows is shown below. Proposals and votes need the node: it runs as a service of its own, so start it, then look again.")))
		r.rest.Add(newPanel(theme.ColorNameWarning, container.NewVBox(box, buttons(s, again, newButton(w.L("How to start it"), theme.HelpIcon(), func() { s.help("board#node") })), codeLink(s, st.NoNode.Code))))
	default:
		edge := theme.ColorNameSuccess
		if !st.NodeWell {
			edge = theme.ColorNameWarning
		}
		box := tight()
		for _, l := range st.Node {
			box.Add(wrapped(l))
		}
		r.rest.Add(newPanel(edge, container.NewVBox(box, buttons(s, again))))
	}
}

// proposals shows what waits for votes, or for its day.
func (r *networkRoom) proposals(st model.NetworkState, busy bool) {
	w := r.s.words
	r.rest.Add(section2(w.L("Proposals")))
	if st.NoNode.Code != "" || !st.Asked {
		r.rest.Add(wrapped(w.L("They are with the node.")))
		return
	}
	if len(st.Open) == 0 {
		r.rest.Add(wrapped(w.L("Nothing waits for a decision.")))
	}
	for _, p := range st.Open {
		r.rest.Add(r.proposal(p, busy, st.Member))
	}
	if !st.Member {
		r.rest.Add(caption(w.L("Only members vote and propose. This board is none.")))
	}
}

func (r *networkRoom) proposal(p model.ProposalRow, busy, member bool) fyne.CanvasObject {
	s, w := r.s, r.s.words
	edge := theme.ColorNamePrimary
	switch {
	case p.Failed != "":
		edge = theme.ColorNameError
	case p.Waits, p.CanYes && p.CanNo:
		edge = theme.ColorNameWarning
	case p.Good:
		edge = theme.ColorNameSuccess
	}
	title := strong(w.L("{{.Number}}. {{.What}}", model.D{"Number": p.Number, "What": p.Title}))
	if !p.Open && !p.Waits {
		box := tight(title, wrapped(p.State))
		if p.Failed != "" {
			box.Add(wrapped(p.Failed))
		}
		box.Add(caption(p.Votes))
		box.Add(caption(p.By))
		return newPanel(edge, box)
	}
	box := tight(title, wrapped(p.State))
	box.Add(wrapped(p.Votes))
	for _, v := range p.Voted {
		box.Add(caption(w.L("– {{.Detail}}", model.D{"Detail": v})))
	}
	if p.Until != "" {
		box.Add(wrapped(p.Until))
	}
	follows := tight(strong(w.L("What it would change")))
	for _, l := range p.Follows {
		follows.Add(wrapped(l))
	}
	all := container.NewVBox(box, follows)
	if p.Odd {
		all.Add(oddMark(s))
	}
	all.Add(smallPrint(p.Facts))
	all.Add(caption(p.By))
	if p.Open && member {
		vote := func(yes bool) func() {
			return func() { s.beside(func() { r.model.AskVote(s.ctx, p.Number, yes) }) }
		}
		y := newPrimary(w.L("Vote yes…"), theme.ConfirmIcon(), vote(true))
		n := newButton(w.L("Vote no…"), theme.CancelIcon(), vote(false))
		enable(y, p.CanYes && !busy)
		enable(n, p.CanNo && !busy)
		all.Add(buttons(s, y, n))
	}
	return newPanel(edge, all)
}

// boards shows the members, and what each board may issue.
func (r *networkRoom) boards(st model.NetworkState) {
	w := r.s.words
	r.members = section2(w.L("Members"))
	r.rest.Add(r.members)
	for _, b := range st.Members {
		r.rest.Add(r.board(b))
	}
	if len(st.Others) > 0 {
		r.rest.Add(section2(w.L("Boards that issue and are no members")))
	}
	for _, b := range st.Others {
		r.rest.Add(r.board(b))
	}
}

// toMembers brings the members in sight, who say how they are reached.
func (r *networkRoom) toMembers() {
	if r.members == nil {
		return
	}
	d := fyne.CurrentApp().Driver()
	by := d.AbsolutePositionForObject(r.members).Y - d.AbsolutePositionForObject(r.scroll).Y
	r.scroll.ScrollToOffset(fyne.NewPos(0, r.scroll.Offset.Y+by))
}

func (r *networkRoom) board(b model.BoardRow) fyne.CanvasObject {
	s, w := r.s, r.s.words
	name := b.Name
	if b.You {
		name = w.L("{{.Name}} (this board)", model.D{"Name": b.Name})
	}
	title := strong(name)
	title.Wrapping = fyne.TextWrapBreak
	box := tight(title)
	edge := theme.ColorNameSeparator
	if b.Silent {
		edge = theme.ColorNameWarning
		silent := strong(w.L("Silent: nothing is heard from its node."))
		silent.Importance = widget.WarningImportance
		box.Add(silent)
	}
	if b.Odd {
		box.Add(oddMark(s))
	}
	if len(b.Rights) == 0 {
		box.Add(wrapped(w.L("May issue nothing.")))
	} else {
		box.Add(wrapped(w.L("May issue:")))
	}
	for i, t := range b.Rights {
		if i == mostRights {
			box.Add(caption(w.N("and {{.N}} more", len(b.Rights)-i)))
			break
		}
		box.Add(wrapped(w.L("– {{.Detail}}", model.D{"Detail": t})))
	}
	if b.Since != "" {
		box.Add(caption(b.Since))
	}
	if b.Desk != "" {
		box.Add(caption(w.L("Desk: {{.Contact}}", model.D{"Contact": b.Desk})))
	}
	id := caption(model.Plain(b.DID))
	id.Wrapping, id.Selectable = fyne.TextWrapBreak, true
	box.Add(id)
	return newPanel(edge, box)
}

// mostRights is how many rights of a board are listed.
const mostRights = 24

// propose offers what can be proposed.
func (r *networkRoom) propose(st model.NetworkState, busy bool) {
	s, w := r.s, r.s.words
	well := st.Member && st.Asked && st.NoNode.Code == "" && !busy
	r.rest.Add(section2(w.L("Propose and invite")))
	list := []fyne.CanvasObject{}
	add := func(title string, icon fyne.Resource, do func(), yes bool) {
		b := newButton(title, icon, do)
		b.Alignment = widget.ButtonAlignLeading
		enable(b, yes)
		list = append(list, b)
	}
	add(w.L("Invite a board…"), theme.MailSendIcon(), func() { s.beside(func() { r.model.Invite(s.ctx) }) }, well)
	add(w.L("Let a board in…"), theme.FolderOpenIcon(), r.open, well)
	add(w.L("Change what a board may issue…"), theme.DocumentCreateIcon(), func() { r.accredit(st) }, well && len(st.Types) > 0)
	add(w.L("Suspend or end a right…"), theme.MediaPauseIcon(), func() { r.right(st) }, well && len(st.Rights) > 0)
	add(w.L("End a membership…"), theme.ContentRemoveIcon(), func() { r.remove(st) }, well && len(st.Members) > 1)
	add(w.L("New rules…"), theme.UploadIcon(), r.upgrade, well)
	r.rest.Add(container.New(s.rowOrColumn(2), list...))
	r.rest.Add(caption(w.L("Rarer proposals, such as a new form of credential, new keys for another board or the handing over of status records, are made with the command line and voted on here.")))
}

// accredit asks what a board may issue.
func (r *networkRoom) accredit(st model.NetworkState) {
	s, w := r.s, r.s.words
	who, what := newPicker(st.Issuers, w.L("Choose the board")), newPicker(st.Types, w.L("Choose the kind"))
	where := newEntry()
	where.SetPlaceHolder(w.L("US-OH, US-KY"))
	ready := func() bool {
		return picked(who, st.Issuers) != "" && picked(what, st.Types) != "" && where.Text != ""
	}
	check := s.askForm(w.L("What a board may issue"), []fyne.CanvasObject{
		field(w.L("Board"), who), field(w.L("May issue"), what), field(w.L("In these countries and states"), where),
		caption(w.L("Two letters of the country and, where there is one, the state. To take a right away, suspend or end it.")),
	}, ready, func() {
		a, b, c := picked(who, st.Issuers), picked(what, st.Types), where.Text
		s.beside(func() { r.model.AskAccredit(s.ctx, a, b, c) })
	})
	who.OnChanged, what.OnChanged, where.OnChanged = func(string) { check() }, func(string) { check() }, func(string) { check() }
}

// right asks which right of a board is suspended, given back or ended.
func (r *networkRoom) right(st model.NetworkState) {
	s, w := r.s, r.s.words
	who := newPicker(st.Issuers, w.L("Choose the board"))
	which := newPicker(nil, w.L("Choose the right"))
	changes := []model.Change{model.SuspendRight, model.RestoreRight, model.EndRight}
	how := widget.NewRadioGroup([]string{w.L("Suspend it"), w.L("Lift its suspension"), w.L("End it")}, nil)
	var own []model.Right
	selected := func() int {
		for i, o := range how.Options {
			if o == how.Selected {
				return i
			}
		}
		return -1
	}
	ready := func() bool {
		i, c := which.SelectedIndex(), selected()
		return i >= 0 && i < len(own) && c >= 0 && (c == 2 || own[i].Suspended == (c == 1))
	}
	check := s.askForm(w.L("Suspend or end a right"), []fyne.CanvasObject{field(w.L("Board"), who), field(w.L("Its right"), which), how}, ready, func() {
		x, c := own[which.SelectedIndex()], changes[selected()]
		s.beside(func() { r.model.AskRight(s.ctx, x, c) })
	})
	who.OnChanged = func(string) {
		own = nil
		var names []string
		for _, x := range st.Rights {
			if x.Issuer == picked(who, st.Issuers) {
				own, names = append(own, x), append(names, x.Says)
			}
		}
		which.ClearSelected()
		which.SetOptions(names)
		check()
	}
	which.OnChanged, how.OnChanged = func(string) { check() }, func(string) { check() }
}

func (r *networkRoom) remove(st model.NetworkState) {
	s, w := r.s, r.s.words
	who := newPicker(st.Leaving, w.L("Choose the member"))
	check := s.askForm(w.L("End a membership"), []fyne.CanvasObject{field(w.L("Member"), who)}, func() bool { return picked(who, st.Leaving) != "" }, func() {
		id := picked(who, st.Leaving)
		s.beside(func() { r.model.AskRemove(s.ctx, id) })
	})
	who.OnChanged = func(string) { check() }
}

func (r *networkRoom) upgrade() {
	s, w := r.s, r.s.words
	name, height := newEntry(), newEntry()
	check := s.askForm(w.L("New rules"), []fyne.CanvasObject{
		wrapped(w.L("The notes of a new version of the program name its rules. Choose a block that leaves every board the time to install it.")),
		field(w.L("Name of the rules"), name), field(w.L("First block under them"), height),
	}, func() bool { return name.Text != "" && height.Text != "" }, func() {
		a, b := name.Text, height.Text
		s.beside(func() { r.model.AskUpgrade(s.ctx, a, b) })
	})
	name.OnChanged, height.OnChanged = func(string) { check() }, func(string) { check() }
}

// newcomer shows the file of a board that wants to be let in.
func (r *networkRoom) newcomer(st model.NetworkState, busy bool) {
	c := st.Newcomer
	if c == nil {
		return
	}
	s, w := r.s, r.s.words
	box := container.NewVBox(section2(w.L("{{.Name}} wants to be let in", model.D{"Name": c.Name})))
	if c.Odd {
		box.Add(oddMark(s))
	}
	facts := []model.Fact{{Name: w.L("Identifier"), Value: c.DID}}
	if c.Application {
		facts = append(facts, model.Fact{Name: w.L("Key with which its node signs"), Value: c.Key}, model.Fact{Name: w.L("Its node"), Value: c.Node})
	}
	says := w.L("The ledger does not know it yet.")
	switch {
	case c.Member:
		says = w.L("It is a member already.")
	case c.Known:
		says = w.L("The ledger knows it already.")
	}
	box.Add(wrapped(says))
	box.Add(smallPrint(facts))
	let := newButton(w.L("Let it in…"), theme.LoginIcon(), func() { s.beside(func() { r.model.AskLetIn(s.ctx, false) }) })
	propose := newPrimary(w.L("Propose it as a member…"), theme.ConfirmIcon(), func() { s.beside(func() { r.model.AskLetIn(s.ctx, true) }) })
	enable(let, !busy && (c.Application || !c.Known))
	enable(propose, !busy && !c.Member)
	list := []fyne.CanvasObject{let}
	if c.Application {
		box.Add(wrapped(w.L("Let it in first: its node can then follow the ledger. Once that runs, propose it as a member.")))
		list = append(list, propose)
	}
	box.Add(buttons(s, append(list, newButton(w.L("Close"), theme.CancelIcon(), r.model.Dismiss))...))
	r.top.Add(newPanel(theme.ColorNamePrimary, box))
}

// invited shows an invitation that was made.
func (r *networkRoom) invited(st model.NetworkState) {
	i := st.Invited
	if i == nil {
		return
	}
	s, w := r.s, r.s.words
	box := container.NewVBox(section2(w.L("The invitation is made")),
		wrapped(w.L("Give the file to the board by any way, and tell it the fingerprint by another: by telephone, or on paper.")),
		fingerprintLabel(i.Fingerprint))
	for _, p := range i.Nodes {
		box.Add(caption(w.L("A node that it names: {{.Node}}", model.D{"Node": p})))
	}
	box.Add(buttons(s,
		newPrimary(w.L("Save the file…"), theme.DocumentSaveIcon(), func() {
			s.saveFile("invitation.json", func(out io.Writer) error {
				_, err := out.Write(i.File)
				return err
			}, func() { s.notice(w.L("Saved."), nil) })
		}),
		newButton(w.L("Copy the fingerprint"), theme.ContentCopyIcon(), func() {
			s.copyText(i.Fingerprint, false)
			s.notice(w.L("Copied."), nil)
		}),
		newButton(w.L("Close"), theme.CancelIcon(), r.model.Dismiss)))
	r.top.Add(newPanel(theme.ColorNameSuccess, box))
}

func fingerprintLabel(text string) fyne.CanvasObject {
	l := wrapped(text)
	l.TextStyle = fyne.TextStyle{Monospace: true, Bold: true}
	l.Selectable = true
	return l
}

// fewPast is how many past proposals are shown before somebody asks for all.
const fewPast = 5

func (r *networkRoom) past(st model.NetworkState) {
	w := r.s.words
	if len(st.Past) == 0 {
		return
	}
	r.rest.Add(section2(w.L("Decided before")))
	list := st.Past
	if !r.allPast {
		list = list[:min(len(list), fewPast)]
	}
	for _, p := range list {
		r.rest.Add(r.proposal(p, false, false))
	}
	if len(list) < len(st.Past) {
		r.rest.Add(container.NewHBox(newButton(w.N("Show all {{.N}}", len(st.Past)), theme.MenuDropDownIcon(), func() {
			r.allPast, r.drawn = true, -1
			r.draw()
		})))
	}
}
