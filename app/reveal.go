package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Fyne's scrolls know the pointer alone. What follows is what people have who use
// the keyboard: Page Up and Page Down turn pages, and what gets the keyboard comes
// in sight.

// within are the objects that stand in one, as far as it is ours to know.
func within(o fyne.CanvasObject) []fyne.CanvasObject {
	switch o := o.(type) {
	case *fyne.Container:
		return o.Objects
	case *container.Scroll:
		return []fyne.CanvasObject{o.Content}
	case *panel:
		return []fyne.CanvasObject{o.content}
	case *widget.PopUp:
		return []fyne.CanvasObject{o.Content}
	case *widget.Accordion:
		var out []fyne.CanvasObject
		for _, i := range o.Items {
			if i.Open {
				out = append(out, i.Detail)
			}
		}
		return out
	}
	return nil
}

// turnedTo is how far everything in an object is scrolled, added up.
func turnedTo(o fyne.CanvasObject) float32 {
	var sum float32
	switch o := o.(type) {
	case nil:
		return 0
	case *container.Scroll:
		sum = o.Offset.X + o.Offset.Y
	case *widget.List:
		return o.GetScrollOffset()
	}
	for _, in := range within(o) {
		if in != nil && in.Visible() {
			sum += turnedTo(in)
		}
	}
	return sum
}

// scrollAround is the innermost scroll that an object stands in; nil where it
// stands in none.
func scrollAround(o, target fyne.CanvasObject, scroll *container.Scroll) (*container.Scroll, bool) {
	if o == target {
		return scroll, true
	}
	if s, ok := o.(*container.Scroll); ok {
		scroll = s
	}
	for _, in := range within(o) {
		if !in.Visible() {
			continue
		}
		if s, ok := scrollAround(in, target, scroll); ok {
			return s, true
		}
	}
	return nil, false
}

// onTop is the dialog that is open in a canvas, else its content.
func onTop(c fyne.Canvas) fyne.CanvasObject {
	if o := c.Overlays().Top(); o != nil {
		return o
	}
	return c.Content()
}

// reveal scrolls to what got the keyboard.
func reveal(o fyne.CanvasObject) {
	d := fyne.CurrentApp().Driver()
	c := d.CanvasForObject(o)
	if c == nil {
		return
	}
	s, _ := scrollAround(onTop(c), o, nil)
	if s == nil {
		return
	}
	above := d.AbsolutePositionForObject(o).Y - d.AbsolutePositionForObject(s).Y
	below := above + o.Size().Height - s.Size().Height
	switch {
	case above < 0:
		s.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: -above}})
	case below > 0:
		s.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: -below}})
	}
}

// turnPage scrolls the largest part of the window that is in sight: on by 1, back
// by -1. A few lines stay in sight.
func turnPage(c fyne.Canvas, by float32) {
	var largest *container.Scroll
	area := func(s *container.Scroll) float32 { return s.Size().Width * s.Size().Height }
	var look func(fyne.CanvasObject)
	look = func(o fyne.CanvasObject) {
		if o == nil || !o.Visible() {
			return
		}
		if s, ok := o.(*container.Scroll); ok && (largest == nil || area(s) > area(largest)) {
			largest = s
		}
		for _, in := range within(o) {
			look(in)
		}
	}
	look(onTop(c))
	if largest != nil {
		largest.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: -by * 0.85 * largest.Size().Height}})
	}
}
