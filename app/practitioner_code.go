package app

import (
	"image"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/qr"
)

// codesShown is how long each code of a sequence is in sight.
const codesShown = 700 * time.Millisecond

// codes shows content as a QR code, or as a sequence of them that goes round.
type codes struct {
	s      *shell
	box    *fyne.Container
	image  *canvas.Image
	which  *widget.Label
	images []image.Image
	at     int
	still  bool
	over   bool
	pause  *push
}

// newCodes draws the codes beside the screen.
func newCodes(s *shell, content []byte) *codes {
	w := s.words
	c := &codes{s: s, image: &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScalePixels}, which: wrapped("")}
	side := float32(340)
	if s.narrow() {
		side = 300
	}
	c.image.SetMinSize(fyne.NewSquareSize(side))
	c.which.Alignment = fyne.TextAlignCenter
	c.pause = newButton(w.L("Hold"), theme.MediaPauseIcon(), c.hold)
	next := newButton(w.L("Next"), theme.NavigateNextIcon(), func() { c.turn(1) })
	row := container.NewGridWithColumns(2, c.pause, next)
	row.Hide()
	c.box = container.NewVBox(spaced(c.image), c.which, row)
	c.which.SetText(w.L("Drawing the code"))
	s.beside(func() {
		texts, err := qr.Codes(content)
		var images []image.Image
		for _, t := range texts {
			var img image.Image
			if img, err = qr.Image(t, 6); err != nil {
				break
			}
			images = append(images, img)
		}
		onScreen(func() {
			if err != nil {
				c.image.Hide()
				c.which.SetText(w.L("This is too long for QR codes. Hand it over as a file."))
				c.box.Refresh()
				return
			}
			c.images = images
			c.draw()
			if len(images) > 1 {
				row.Show()
				c.run()
			}
			c.box.Refresh() // there is more of it now
		})
	})
	return c
}

func (c *codes) draw() {
	c.image.Image = c.images[c.at]
	c.image.Refresh()
	text := c.s.words.L("The other device reads this code with its camera, or from a picture of it.")
	if len(c.images) > 1 {
		text = c.s.words.L("Code {{.Part}} of {{.Many}}. The other device reads them one after the other, in any order.", model.D{"Part": c.at + 1, "Many": len(c.images)})
	}
	c.which.SetText(text)
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
	if len(c.images) > 0 {
		c.at = (c.at + by) % len(c.images)
		c.draw()
	}
}

func (c *codes) hold() {
	c.still = !c.still
	if c.still {
		c.pause.SetIcon(theme.MediaPlayIcon())
		c.pause.SetText(c.s.words.L("Go on"))
	} else {
		c.pause.SetIcon(theme.MediaPauseIcon())
		c.pause.SetText(c.s.words.L("Hold"))
	}
}

// close ends the sequence.
func (c *codes) close() {
	if c != nil {
		c.over = true
	}
}
