package app

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// wrapped is text that takes as many lines as it needs.
func wrapped(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// heading is a screen's or a verdict's first line.
func heading(text string) *widget.Label {
	l := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	l.SizeName = theme.SizeNameHeadingText
	l.Wrapping = fyne.TextWrapWord
	return l
}

// caption is wrapped text in small letters.
func caption(text string) *widget.Label {
	l := wrapped(text)
	l.SizeName = theme.SizeNameCaptionText
	return l
}

// stacked puts rest under top and gives it what is left. The keyboard goes
// through top first.
func stacked(top, rest fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewBorderLayout(top, nil, nil, nil), top, rest)
}

// tight stacks labels that belong together: each brings its own space.
func tight(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(tightly{}, objects...)
}

// tightly is one object below the other. Labels bring the space of something
// that can be tapped, which on a phone is more than lines of a text should have
// between them.
type tightly struct{}

func (tightly) each(objects []fyne.CanvasObject, place func(o fyne.CanvasObject, y, height float32)) (height float32) {
	y, before, first := float32(0), false, true
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		_, label := o.(*widget.Label)
		switch {
		case first:
		case before && label:
			y += 2 * (theme.Padding() - theme.InnerPadding())
		default:
			y -= 2 * theme.Padding()
		}
		h := o.MinSize().Height
		place(o, y, h)
		y += h
		before, first = label, false
	}
	return y
}

// MinSize implements fyne.Layout.
func (t tightly) MinSize(objects []fyne.CanvasObject) fyne.Size {
	width := float32(0)
	height := t.each(objects, func(o fyne.CanvasObject, _, _ float32) { width = max(width, o.MinSize().Width) })
	return fyne.NewSize(width, height)
}

// Layout implements fyne.Layout.
func (t tightly) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	t.each(objects, func(o fyne.CanvasObject, y, height float32) {
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, height))
	})
}

func show(o fyne.CanvasObject, yes bool) {
	if yes {
		o.Show()
	} else {
		o.Hide()
	}
}

// setText shows a label's text, or no label where there is none.
func setText(l *widget.Label, text string) {
	if l.Text != text {
		l.SetText(text)
	}
	show(l, text != "")
}

// importance is how a label takes a colour of the theme.
func importance(name fyne.ThemeColorName) widget.Importance {
	switch name {
	case theme.ColorNameSuccess:
		return widget.SuccessImportance
	case theme.ColorNameError:
		return widget.DangerImportance
	default:
		return widget.WarningImportance
	}
}

// widest is how wide text runs before it is hard to read.
const widest = 820

// column keeps its one object at a readable width, in the middle.
type column struct{}

func (column) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

func (column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := min(size.Width, widest)
	objects[0].Move(fyne.NewPos((size.Width-width)/2, 0))
	objects[0].Resize(fyne.NewSize(width, size.Height))
}

// panel frames its content and marks it with a coloured edge.
type panel struct {
	widget.BaseWidget
	edge    fyne.ThemeColorName
	content fyne.CanvasObject
}

func newPanel(edge fyne.ThemeColorName, content fyne.CanvasObject) *panel {
	p := &panel{edge: edge, content: content}
	p.ExtendBaseWidget(p)
	return p
}

// CreateRenderer implements fyne.Widget.
func (p *panel) CreateRenderer() fyne.WidgetRenderer {
	r := &panelRenderer{p: p, frame: canvas.NewRectangle(color.Transparent), edge: canvas.NewRectangle(color.Transparent)}
	r.Refresh()
	return r
}

// edgeWidth is the coloured edge's, in Fyne's units.
const edgeWidth = 6

type panelRenderer struct {
	p           *panel
	frame, edge *canvas.Rectangle
}

func (r *panelRenderer) Destroy() {}

func (r *panelRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.frame, r.edge, r.p.content}
}

func (r *panelRenderer) MinSize() fyne.Size {
	return r.p.content.MinSize().AddWidthHeight(edgeWidth+2*theme.Padding(), 2*theme.Padding())
}

func (r *panelRenderer) Layout(size fyne.Size) {
	r.frame.Resize(size)
	r.edge.Resize(fyne.NewSize(edgeWidth, size.Height))
	r.p.content.Move(fyne.NewPos(edgeWidth+theme.Padding(), theme.Padding()))
	r.p.content.Resize(size.SubtractWidthHeight(edgeWidth+2*theme.Padding(), 2*theme.Padding()))
}

func (r *panelRenderer) Refresh() {
	s, v := fyne.CurrentApp().Settings(), fyne.CurrentApp().Settings().ThemeVariant()
	r.frame.FillColor = s.Theme().Color(theme.ColorNameInputBackground, v)
	r.frame.CornerRadius = theme.InputRadiusSize()
	r.edge.FillColor = s.Theme().Color(r.p.edge, v)
	r.edge.CornerRadius = theme.InputRadiusSize()
	r.Layout(r.p.Size())
	r.frame.Refresh()
	r.edge.Refresh()
	r.p.content.Refresh()
}

// passOn hands Escape, F1 and the keys that turn pages to the window that a
// widget stands in, and reports whether it did.
func passOn(o fyne.CanvasObject, k *fyne.KeyEvent) bool {
	switch k.Name {
	case fyne.KeyEscape, fyne.KeyF1, fyne.KeyPageUp, fyne.KeyPageDown:
	default:
		return false
	}
	c := fyne.CurrentApp().Driver().CanvasForObject(o)
	if c == nil || c.OnTypedKey() == nil {
		return false
	}
	c.OnTypedKey()(k)
	return true
}

// push is Fyne's, which lets keys through that are the window's.
type push struct{ widget.Button }

func newButton(text string, icon fyne.Resource, tapped func()) *push {
	b := &push{widget.Button{Text: inLines(text, icon), Icon: icon, OnTapped: tapped}}
	b.ExtendBaseWidget(b)
	return b
}

// used are told that somebody used the window of a canvas. Fyne's own goroutine
// alone reads and changes it.
var used = map[fyne.Canvas]func(){}

// Tapped implements fyne.Tappable.
func (b *push) Tapped(e *fyne.PointEvent) {
	if f := used[fyne.CurrentApp().Driver().CanvasForObject(b)]; f != nil {
		f()
	}
	b.Button.Tapped(e)
}

// FocusGained implements fyne.Focusable.
func (b *push) FocusGained() {
	b.Button.FocusGained()
	reveal(b)
}

// TypedKey implements fyne.Focusable.
func (b *push) TypedKey(k *fyne.KeyEvent) {
	if !passOn(b, k) {
		b.Button.TypedKey(k)
	}
}

// newPrimary is the button that goes on.
func newPrimary(text string, icon fyne.Resource, tapped func()) *push {
	b := newButton(text, icon, tapped)
	b.Importance = widget.HighImportance
	return b
}

// newQuiet is a button that looks like text.
func newQuiet(text string, icon fyne.Resource, tapped func()) *push {
	b := newButton(text, icon, tapped)
	b.Importance = widget.LowImportance
	return b
}

// entry is Fyne's, which lets keys through that are the window's.
type entry struct{ widget.Entry }

func newEntry() *entry {
	e := &entry{}
	e.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	e.ExtendBaseWidget(e)
	return e
}

// newNote is an entry of several lines.
func newNote() *entry {
	e := &entry{}
	e.MultiLine, e.Wrapping = true, fyne.TextWrapWord
	e.SetMinRowsVisible(2)
	e.ExtendBaseWidget(e)
	return e
}

// newPassword is an entry whose letters are hidden until somebody wants to see
// them.
func newPassword() *entry {
	e := &entry{}
	e.Password = true
	e.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	e.ExtendBaseWidget(e)
	return e
}

// FocusGained implements fyne.Focusable.
func (e *entry) FocusGained() {
	e.Entry.FocusGained()
	reveal(e)
}

// TypedKey implements fyne.Focusable.
func (e *entry) TypedKey(k *fyne.KeyEvent) {
	if !passOn(e, k) {
		e.Entry.TypedKey(k)
	}
}

// field is a label above what it is about.
func field(label string, o fyne.CanvasObject) fyne.CanvasObject {
	l := wrapped(label)
	l.TextStyle.Bold = true
	return tight(l, o)
}

// watch lies under everything in the window and tells that the pointer moves.
type watch struct {
	widget.BaseWidget
	moved func()
}

func newWatch(moved func()) *watch {
	w := &watch{moved: moved}
	w.ExtendBaseWidget(w)
	return w
}

// CreateRenderer implements fyne.Widget.
func (w *watch) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent))
}

// MouseIn implements desktop.Hoverable.
func (w *watch) MouseIn(*desktop.MouseEvent) { w.moved() }

// MouseMoved implements desktop.Hoverable.
func (w *watch) MouseMoved(*desktop.MouseEvent) { w.moved() }

// MouseOut implements desktop.Hoverable.
func (w *watch) MouseOut() { w.moved() }

var _ desktop.Hoverable = (*watch)(nil)

// dataLine is a line of text that can be tapped; it takes as many lines as it
// needs and never makes the window wider.
type dataLine struct {
	widget.BaseWidget
	button *push
	icon   *widget.Icon
	text   *widget.Label
}

func newDataLine(tapped func()) *dataLine {
	l := &dataLine{button: newQuiet("", nil, tapped), icon: widget.NewIcon(nil), text: caption("")}
	l.ExtendBaseWidget(l)
	return l
}

// CreateRenderer implements fyne.Widget.
func (l *dataLine) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewVBox(widget.NewSeparator(), container.NewStack(l.button,
		container.NewBorder(nil, nil, container.NewPadded(l.icon), nil, l.text))))
}

// say shows text.
func (l *dataLine) say(text string, icon fyne.Resource) {
	if l.text.Text != text {
		l.text.SetText(text)
		l.icon.SetResource(icon)
		l.Refresh()
	}
	l.Show()
}

// lined is a quiet button whose title may take several lines.
func lined(title string, bold bool, icon fyne.Resource, tapped func()) fyne.CanvasObject {
	text := wrapped(title)
	text.TextStyle.Bold = bold
	return container.NewStack(newQuiet("", nil, tapped), container.NewBorder(nil, nil, container.NewPadded(widget.NewIcon(icon)), nil, text))
}
