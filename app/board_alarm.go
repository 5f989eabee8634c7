package app

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"bonafide/app/model"
	"bonafide/internal/home"
	"bonafide/issuer"
)

// audited is a board as the alarm needs it.
type audited struct {
	*issuer.Board
	*home.Home
}

// alarmPanel warns of batches in the board's name that its register does not
// know, and compares the register with the ledger.
type alarmPanel struct {
	s       *shell
	model   *model.Alarm
	bar     *workBar
	above   *fyne.Container // the alarm; empty while nothing is amiss
	below   *fyne.Container // the comparison, and the button for it
	drawn   int
	moving  bool
	redrawn func() // it may have another height
	call    func() // shows whom to call
}

// alarm makes the panel; redrawn is told when it may have another height.
func (b *board) alarm(redrawn func()) *alarmPanel {
	s := b.s
	p := &alarmPanel{s: s, drawn: -1, redrawn: redrawn, above: container.NewVBox(), below: container.NewVBox()}
	p.model = model.NewAlarm(func(ctx context.Context) (model.Auditing, error) {
		is, err := b.open(ctx)
		return audited{is, b.home}, err
	}, s.words, func() { onScreen(p.draw) })
	p.bar = newWorkBar(s.words, p.model.Work)
	p.draw()
	return p
}

// look looks what stands on the ledger in the board's name. It runs beside the
// screen.
func (p *alarmPanel) look() { p.model.Look(p.s.ctx) }

// audit compares all of the register with the ledger.
func (p *alarmPanel) audit() { p.s.beside(func() { p.model.Audit(p.s.ctx) }) }

// stop stops an audit that is under way and reports whether there was one.
func (p *alarmPanel) stop() bool {
	running := p.model.Work.State().Running
	if running {
		p.model.Work.Cancel()
	}
	return running
}

func (p *alarmPanel) draw() {
	st, s, w := p.model.State(), p.s, p.s.words
	busy := p.model.Work.State().Running
	p.bar.Update()
	if p.drawn == st.Version && p.moving == busy {
		return // the bar alone moved
	}
	p.drawn, p.moving = st.Version, busy
	p.above.RemoveAll()
	p.below.RemoveAll()
	if st.Title != "" {
		p.alarmed(st)
	}
	check := newButton(w.L("Compare register and ledger"), theme.SearchIcon(), p.audit)
	enable(check, !busy)
	p.below.Add(section2(w.L("Register and ledger")))
	p.below.Add(wrapped(w.L("Does everything on the ledger in this board's name stand in its register, and the other way round? Comparing all of it takes a while in a large register.")))
	p.below.Add(buttons(s, check))
	p.below.Add(p.bar)
	if st.Failed.Code != "" {
		p.below.Add(troublePanel(s, st.Failed))
	}
	if a := st.Audited; a != nil {
		edge := theme.ColorNameSuccess
		if !a.Clean {
			edge = theme.ColorNameWarning
		}
		p.below.Add(said(edge, a.Title, append(a.Lines, st.AsOf)...))
	}
	if p.redrawn != nil {
		p.redrawn()
	}
}

// alarmed shows what is amiss and what to do.
func (p *alarmPanel) alarmed(st model.AlarmState) {
	s, w := p.s, p.s.words
	box := container.NewVBox()
	title := strong(st.Title)
	box.Add(marked(theme.ErrorIcon(), theme.ColorNameError, title))
	says := tight()
	for _, l := range st.Says {
		says.Add(wrapped(l))
	}
	box.Add(says)
	if s.home != nil && s.inDemo(s.home.Dir()) {
		box.Add(wrapped(w.L("In the demonstration this is on purpose: the licence that has run out was published past the register, so that the alarm is seen once.")))
	}
	for i, f := range st.Foreign {
		if i == mostForeign {
			box.Add(caption(w.N("and {{.N}} more", len(st.Foreign)-i)))
			break
		}
		box.Add(container.NewVBox(tight(strong(f.Size), wrapped(f.When), wrapped(f.Signed)), smallPrint(f.Facts)))
	}
	box.Add(buttons(s,
		newPrimary(w.L("To the keys"), theme.AccountIcon(), func() { s.goTo("identity") }),
		newButton(w.L("Whom to call"), theme.NavigateNextIcon(), func() { p.call() }),
	))
	box.Add(caption(st.AsOf))
	p.above.Add(newPanel(theme.ColorNameError, box))
}

// mostForeign is how many of them are listed.
const mostForeign = 12
