package app

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// How long work goes on before the bar is shown, and before it can be cancelled:
// what is done at once should not flicker.
const (
	barAfter    = 200 * time.Millisecond
	cancelAfter = time.Second
)

// workBar shows what is under way. Its owner calls Update on the screen after
// each change of the Work.
type workBar struct {
	widget.BaseWidget
	work   *model.Work
	words  model.Words
	now    func() time.Time
	after  func(time.Duration, func()) // runs on the screen, later
	what   *widget.Label
	bar    *widget.ProgressBar
	busy   *widget.ProgressBarInfinite
	cancel *widget.Button
	box    *fyne.Container
}

func newWorkBar(words model.Words, w *model.Work) *workBar {
	b := &workBar{
		work: w, now: time.Now,
		after:  func(d time.Duration, f func()) { time.AfterFunc(d, func() { onScreen(f) }) },
		what:   wrapped(""),
		bar:    widget.NewProgressBar(),
		busy:   widget.NewProgressBarInfinite(),
		cancel: widget.NewButtonWithIcon(words.L("Cancel"), theme.CancelIcon(), w.Cancel),
	}
	b.bar.TextFormatter = func() string { return "" } // the line above says it, and can be read
	b.words = words
	b.box = container.NewVBox(b.what, b.bar, b.busy, container.NewHBox(b.cancel))
	b.ExtendBaseWidget(b)
	b.Update()
	return b
}

// CreateRenderer implements fyne.Widget.
func (b *workBar) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(b.box) }

// Update shows what is true now.
func (b *workBar) Update() {
	st := b.work.State()
	gone := b.now().Sub(st.Since)
	visible := st.Running && gone >= barAfter
	what := st.What
	if st.Total > 0 {
		what = b.words.L("{{.What}}: {{.Percent}} %", model.D{"What": st.What, "Percent": st.Done * 100 / st.Total})
		b.bar.Max = float64(st.Total)
		b.bar.SetValue(float64(st.Done))
	}
	setText(b.what, what)
	show(b.bar, st.Total > 0)
	show(b.busy, st.Total <= 0)
	if visible && st.Total <= 0 {
		b.busy.Start()
	} else {
		b.busy.Stop()
	}
	show(b.cancel, gone >= cancelAfter)
	show(b, visible)
	b.box.Refresh()
	switch {
	case st.Running && gone < barAfter:
		b.after(barAfter-gone, b.Update)
	case st.Running && gone < cancelAfter:
		b.after(cancelAfter-gone, b.Update)
	}
}
