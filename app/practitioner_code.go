package app

import (
	"image"
	"image/color"
	"io"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/qr"
)

// codesShown is how long each code of a sequence is in sight: a camera that is
// held by hand takes a few pictures of it.
const codesShown = 700 * time.Millisecond

// codePixels are those of a module in pictures that are drawn or saved.
const codePixels = 6

// codes shows content as a QR code, or as a sequence of them that goes round.
type codes struct {
	s      *shell
	box    *fyne.Container
	face   *codeFace
	large  *codeFace // the same in a window of its own; nil where none is open
	which  *widget.Label
	texts  [][]byte
	images []image.Image
	at     int
	still  bool
	over   bool
	holds  []*push // in each window
	rest   *fyne.Container
}

// newCodes shows content; the codes are drawn beside the screen.
func newCodes(s *shell, content []byte) *codes {
	w := s.words
	c := &codes{s: s, which: wrapped(""), rest: container.NewVBox()}
	side := float32(340)
	if s.narrow() {
		side = 300
	}
	c.face = newCodeFace(c, side)
	c.which.Alignment = fyne.TextAlignCenter
	c.box = container.NewVBox(container.NewCenter(c.face), c.which, c.rest)
	var err error
	if c.texts, err = qr.Codes(content); err != nil {
		c.face.Hide()
		c.which.SetText(w.L("This is too long for QR codes. Hand it over as a file."))
		return c
	}
	c.say()
	c.offer()
	s.beside(func() {
		var images []image.Image
		for _, t := range c.texts {
			img, err := qr.Image(t, codePixels)
			if err != nil {
				onScreen(func() { s.problem(err) })
				return
			}
			images = append(images, img)
		}
		onScreen(func() {
			c.images = images
			c.draw()
			if len(images) > 1 {
				c.run()
			}
		})
	})
	return c
}

// offer shows what can be done with the codes.
func (c *codes) offer() {
	w := c.s.words
	larger := newButton(w.L("Larger"), theme.ViewFullScreenIcon(), c.enlarge)
	save := newButton(w.L("Save the code…"), theme.DocumentSaveIcon(), c.save)
	hint := w.L("Turn the screen's brightness up. The code should fill most of what the other camera sees, and be seen straight from the front.")
	if len(c.texts) > 1 {
		c.rest.Add(c.turning())
		save.SetText(w.L("Save the codes…"))
		if !c.s.narrow() {
			hint = w.L("Turn the screen's brightness up. The code should fill most of what the other camera sees, and be seen straight from the front. With the keyboard on it, the space bar holds it and the arrow keys turn it.")
		}
	}
	c.rest.Add(across(c.s, larger, save))
	c.rest.Add(caption(hint))
}

// turning are the buttons that hold a sequence and go through it.
func (c *codes) turning() fyne.CanvasObject {
	w := c.s.words
	hold := newButton("", nil, c.hold)
	c.holds = append(c.holds, hold)
	c.drawHold()
	return across(c.s,
		newButton(w.L("Previous"), theme.NavigateBackIcon(), func() { c.turn(-1) }), hold,
		newButton(w.L("Next"), theme.NavigateNextIcon(), func() { c.turn(1) }))
}

// say names the code that is in sight.
func (c *codes) say() {
	text := c.s.words.L("The other device reads this code with its camera, or from a picture of it.")
	if len(c.texts) > 1 {
		text = c.s.words.L("Code {{.Part}} of {{.Many}}. The other device reads them one after the other, in any order.", model.D{"Part": c.at + 1, "Many": len(c.texts)})
	}
	c.which.SetText(text)
}

func (c *codes) draw() {
	if len(c.images) == 0 {
		return // not yet
	}
	c.face.set(c.images[c.at])
	if c.large != nil {
		c.large.set(c.images[c.at])
	}
	c.say()
}

// run shows the next code after a while, until the codes are closed.
func (c *codes) run() {
	c.s.after(codesShown, func() {
		if c.over {
			return
		}
		if !c.still {
			c.turn(1)
		}
		c.run()
	})
}

func (c *codes) turn(by int) {
	if n := len(c.images); n > 0 {
		c.at = (c.at + by + n) % n
		c.draw()
	}
}

func (c *codes) hold() {
	c.still = !c.still
	c.drawHold()
}

func (c *codes) drawHold() {
	for _, b := range c.holds {
		if c.still {
			b.SetIcon(theme.MediaPlayIcon())
			b.SetText(c.s.words.L("Go on"))
		} else {
			b.SetIcon(theme.MediaPauseIcon())
			b.SetText(c.s.words.L("Hold"))
		}
	}
}

// enlarge shows the codes as large as the window takes.
func (c *codes) enlarge() {
	w := c.s.words
	area := c.s.window.Canvas().Size()
	c.large = newCodeFace(c, max(200, min(area.Width-60, area.Height-190)))
	box := container.NewVBox(container.NewCenter(c.large))
	if len(c.texts) > 1 {
		c.holds = c.holds[:1] // of a window that was closed
		box.Add(c.turning())
	}
	d := dialog.NewCustomWithoutButtons(w.L("Show the code to the other device"), box, c.s.window)
	d.SetButtons([]fyne.CanvasObject{newPrimary(w.L("Close"), theme.CancelIcon(), d.Hide)})
	c.draw()
	c.s.ask(d, fyne.NewSize(0, 0))
	c.s.window.Canvas().Focus(c.large)
}

// save asks in which form, where there are several codes.
func (c *codes) save() {
	w := c.s.words
	saved := func() { c.s.notice(w.L("Saved."), nil) }
	if len(c.texts) == 1 {
		c.s.saveFile("code.png", func(out io.Writer) error { return qr.PNG(out, c.texts[0], codePixels) }, saved)
		return
	}
	var d *dialog.CustomDialog
	film := newPrimary(w.L("One moving picture (GIF)"), theme.MediaVideoIcon(), func() {
		d.Hide()
		c.s.saveFile("codes.gif", func(out io.Writer) error { return qr.GIF(out, c.texts, codePixels, codesShown) }, saved)
	})
	folder := newButton(w.L("A packed folder of pictures (ZIP)"), theme.FolderIcon(), func() {
		d.Hide()
		c.s.saveFile("codes.zip", func(out io.Writer) error { return qr.Zip(out, c.texts, codePixels) }, saved)
	})
	d = dialog.NewCustomWithoutButtons(w.L("Save the codes"), container.NewVBox(
		wrapped(w.L("Either can be sent and opened wherever a licence, a request or an answer is taken in.")), film, folder), c.s.window)
	d.SetButtons([]fyne.CanvasObject{newButton(w.L("Cancel"), theme.CancelIcon(), func() { d.Hide() })})
	c.s.ask(d, fyne.NewSize(420, 0))
}

// close ends the sequence.
func (c *codes) close() {
	if c != nil {
		c.over = true
	}
}

// codeFace is the code itself: tapped or with the space bar it is held, with the
// arrow keys it is turned.
type codeFace struct {
	widget.BaseWidget
	of    *codes
	image *canvas.Image
	ring  *canvas.Rectangle
	side  float32
}

func newCodeFace(c *codes, side float32) *codeFace {
	f := &codeFace{of: c, side: side, image: &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScalePixels}, ring: canvas.NewRectangle(color.Transparent)}
	f.ring.StrokeWidth = 3
	f.ring.StrokeColor = color.Transparent
	f.ExtendBaseWidget(f)
	return f
}

func (f *codeFace) set(m image.Image) {
	f.image.Image = m
	f.image.Refresh()
}

// MinSize implements fyne.CanvasObject.
func (f *codeFace) MinSize() fyne.Size { return fyne.NewSquareSize(f.side) }

// CreateRenderer implements fyne.Widget.
func (f *codeFace) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(f.image, f.ring))
}

// Tapped implements fyne.Tappable.
func (f *codeFace) Tapped(*fyne.PointEvent) {
	f.of.s.touch()
	f.of.s.window.Canvas().Focus(f)
	if len(f.of.texts) > 1 {
		f.of.hold()
	}
}

// FocusGained implements fyne.Focusable.
func (f *codeFace) FocusGained() {
	f.ring.StrokeColor = theme.Color(theme.ColorNamePrimary)
	f.ring.Refresh()
	reveal(f)
}

// FocusLost implements fyne.Focusable.
func (f *codeFace) FocusLost() {
	f.ring.StrokeColor = color.Transparent
	f.ring.Refresh()
}

// TypedRune implements fyne.Focusable.
func (f *codeFace) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (f *codeFace) TypedKey(k *fyne.KeyEvent) {
	if passOn(f, k) || len(f.of.texts) < 2 {
		return
	}
	f.of.s.touch()
	switch k.Name {
	case fyne.KeySpace:
		f.of.hold()
	case fyne.KeyRight, fyne.KeyDown:
		f.of.turn(1)
	case fyne.KeyLeft, fyne.KeyUp:
		f.of.turn(-1)
	}
}

var _ fyne.Focusable = (*codeFace)(nil)
