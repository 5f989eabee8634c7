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
// know, and compares the register with the ledger. While nothing is amiss it is
// one quiet row.
type alarmPanel struct {
	s       *shell
	model   *model.Alarm
	content *fyne.Container
	bar     *workBar
	above   *fyne.Container // the alarm
	below   *fyne.Container // the comparison
	drawn   int
	moving  bool
	redrawn func() // after its height may have changed
}

// alarm makes the panel; look has it look again, beside the screen.
func (b *board) alarm(redrawn func()) *alarmPanel {
	s := b.s
	p := &alarmPanel{s: s, drawn: -1, redrawn: redrawn, above: container.NewVBox(), below: container.NewVBox()}
	p.model = model.NewAlarm(func(ctx context.Context) (model.Auditing, error) {
		is, err := b.open(ctx)
		return audited{is, b.home}, err
	}, s.words, func() { onScreen(p.draw) })
	p.bar = newWorkBar(s.words, p.model.Work)
	p.content = container.NewVBox(p.above, p.bar, p.below)
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
	check := newButton(w.L("Compare register and ledger"), theme.SearchIcon(), p.audit)
	enable(check, !busy)
	if st.Title != "" {
		p.alarmed(st, check)
	}
	if st.Failed.Code != "" {
		p.below.Add(troublePanel(s, st.Failed, check))
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
func (p *alarmPanel) alarmed(st model.AlarmState, check *push) {
	s, w := p.s, p.s.words
	box := container.NewVBox()
	title := strong(st.Title)
	box.Add(marked(theme.ErrorIcon(), theme.ColorNameError, title))
	says := tight()
	for _, l := range st.Says {
		says.Add(wrapped(l))
	}
	box.Add(says)
	for i, f := range st.Foreign {
		if i == mostForeign {
			box.Add(caption(w.N("and {{.N}} more", len(st.Foreign)-i)))
			break
		}
		box.Add(container.NewVBox(tight(strong(f.Size), wrapped(f.When), wrapped(f.Signed)), smallPrint(f.Facts)))
	}
	box.Add(buttons(s,
		newPrimary(w.L("To the keys"), theme.AccountIcon(), func() { s.goTo("identity") }),
		newButton(w.L("Whom to call"), theme.GridIcon(), func() { s.goTo("network") }),
		check,
	))
	box.Add(caption(st.AsOf))
	p.above.Add(newPanel(theme.ColorNameError, box))
}

// mostForeign is how many of them are listed.
const mostForeign = 12
