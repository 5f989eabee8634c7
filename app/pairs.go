package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// newPairs holds names and what goes with them, one after the other, in two
// columns of lines that stand as close as those of a text.
func newPairs() *fyne.Container { return container.New(pairs{}) }

// pairs lays out rows of two labels. The names take as much of the width as the
// longest needs, two fifths at most: then they break.
type pairs struct{}

func (pairs) names(objects []fyne.CanvasObject, width float32) (names float32) {
	for i := 0; i+1 < len(objects); i += 2 {
		names = max(names, measured(objects[i]).Width)
	}
	return min(names, 0.4*width)
}

// each places the rows, given the height that each object has in its column.
func (pairs) each(objects []fyne.CanvasObject, place func(name, value fyne.CanvasObject, y, down, height float32)) (height float32) {
	apart := 2 * (theme.Padding() - theme.InnerPadding()) // labels bring their own space
	for i := 0; i+1 < len(objects); i += 2 {
		name, value := objects[i], objects[i+1]
		if i > 0 {
			height += apart
		}
		n, v := name.MinSize().Height, value.MinSize().Height
		down := max(0, (measured(value).Height-measured(name).Height)/2) // small letters on the line of large ones
		h := max(n+down, v)
		place(name, value, height, down, h)
		height += h
	}
	return height
}

// MinSize implements fyne.Layout.
func (p pairs) MinSize(objects []fyne.CanvasObject) fyne.Size {
	width := float32(0)
	for _, o := range objects {
		width = max(width, o.MinSize().Width)
	}
	return fyne.NewSize(2*width, p.each(objects, func(_, _ fyne.CanvasObject, _, _, _ float32) {}))
}

// Layout implements fyne.Layout.
func (p pairs) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	names := p.names(objects, size.Width)
	// Text breaks at the width that it has: that comes first.
	for i, o := range objects {
		width := names
		if i%2 == 1 {
			width = size.Width - names
		}
		o.Resize(fyne.NewSize(width, o.Size().Height))
	}
	p.each(objects, func(name, value fyne.CanvasObject, y, down, height float32) {
		name.Move(fyne.NewPos(0, y+down))
		name.Resize(fyne.NewSize(names, name.MinSize().Height))
		value.Move(fyne.NewPos(names, y))
		value.Resize(fyne.NewSize(size.Width-names, height))
	})
}

// measured is a label's text in one line, with the space around it.
func measured(o fyne.CanvasObject) fyne.Size {
	l, ok := o.(*widget.Label)
	if !ok {
		return o.MinSize()
	}
	size := theme.TextSize()
	if l.SizeName != "" {
		size = theme.Size(l.SizeName)
	}
	return fyne.MeasureText(l.Text, size, l.TextStyle).AddWidthHeight(2*theme.InnerPadding(), 2*theme.InnerPadding())
}
