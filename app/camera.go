package app

import (
	"context"
	"strings"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/camera"
	"bonafide/internal/clipboard"
	"bonafide/internal/explain"
	"bonafide/internal/qr"
)

// cameras are this machine's; tests stand in for them.
var cameras = camera.Host()

// watching is the window in which codes are read before a camera.
type watching struct {
	s       *shell
	ctx     context.Context // ends when the window closes
	take    func([]model.File)
	watch   *model.Watch
	d       *dialog.CustomDialog
	box     *fyne.Container
	wide    float32
	drawing atomic.Bool // a draw waits already: pictures come faster than screens

	picture  *canvas.Image
	progress *widget.Label
	bar      *widget.ProgressBar
	missing  *widget.Label
	trouble  *fyne.Container
	choose   *widget.Select
	list     []model.Watched
	code     string // of the trouble that is shown
	shape    shape
}

// shape is what decides how much room the window takes.
type shape struct {
	trouble, missing, progress string
	bar, choose                bool
}

// readCamera reads codes before a camera and gives what they hold.
func (s *shell) readCamera(take func([]model.File)) {
	w := s.words
	v := &watching{
		s: s, picture: &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScaleFastest},
		progress: wrapped(""), bar: widget.NewProgressBar(), missing: caption(""), trouble: container.NewVBox(),
	}
	ctx, end := context.WithCancel(s.ctx)
	v.ctx, v.take = ctx, take
	v.watch = model.NewWatch(cameras, qr.Look, w, func() {
		if v.drawing.CompareAndSwap(false, true) {
			onScreen(v.draw)
		}
	})
	v.progress.TextStyle.Bold = true
	v.progress.Alignment = fyne.TextAlignCenter
	v.bar.TextFormatter = func() string { return "" } // the line above says it
	v.choose = widget.NewSelect(nil, v.chosen)
	v.choose.PlaceHolder = w.L("Choose a camera")
	wide := float32(480)
	if s.narrow() {
		wide = 300
	}
	v.picture.SetMinSize(fyne.NewSize(wide, wide*9/16))
	v.wide = wide
	v.box = container.NewVBox(
		v.choose, v.trouble, v.picture, v.progress, v.bar, v.missing,
		caption(w.L("Hold the other screen or the paper so that the code fills at least half of the picture, straight before the camera. Pictures stay on this device and are not kept.")),
	)
	v.d = dialog.NewCustomWithoutButtons(w.L("Read codes with the camera"), v.box, s.window)
	v.d.SetButtons([]fyne.CanvasObject{newPrimary(w.L("Cancel"), theme.CancelIcon(), func() { v.d.Hide() })})
	v.draw()
	s.ask(v.d, fyne.NewSize(wide+40, 0))
	v.d.SetOnClosed(end) // beside what ask does then
	v.run()
}

// run reads beside the screen.
func (v *watching) run() {
	v.s.beside(func() {
		f, ok := v.watch.Run(v.ctx)
		if !ok {
			return
		}
		onScreen(func() {
			v.d.Hide()
			v.take([]model.File{f})
		})
	})
}

// use goes on with a camera.
func (v *watching) use(id string) {
	if v.watch.Choose(id) {
		v.run()
	}
}

// chosen is called by a choice of the list alone.
func (v *watching) chosen(string) {
	if i := v.choose.SelectedIndex(); i >= 0 && i < len(v.list) && v.list[i].ID != v.watch.State().Camera {
		v.use(v.list[i].ID)
	}
}

func (v *watching) draw() {
	v.drawing.Store(false)
	st := v.watch.State()
	v.drawList(st)
	if st.Trouble.Code != v.code {
		v.code = st.Trouble.Code
		v.trouble.RemoveAll()
		if v.code != "" {
			v.trouble.Add(v.explained(st.Trouble))
		}
	}
	show(v.picture, v.code == "")
	if st.Picture != nil {
		v.picture.Image = st.Picture
		v.picture.Refresh()
	}
	setText(v.progress, st.Progress)
	show(v.bar, st.Need > 0 && v.code == "")
	if st.Need > 0 {
		v.bar.Max = float64(st.Need)
		v.bar.SetValue(float64(st.Have))
	}
	setText(v.missing, strings.TrimSpace(st.Missing+"\n"+st.Notice))
	if now := (shape{v.code, v.missing.Text, st.Progress, v.bar.Visible(), v.choose.Visible()}); now != v.shape {
		v.shape = now
		v.fit()
	}
}

// fit gives the window the room that its content takes.
func (v *watching) fit() {
	c := v.s.window.Canvas().Size()
	wide := v.wide + 40
	if v.s.narrow() {
		wide = c.Width - 2*theme.Padding()
	}
	for range 2 { // text that takes another line at this width tells so only then
		v.box.Refresh()
		size := fyne.NewSize(wide, 0).Max(v.d.MinSize())
		v.d.Resize(fyne.NewSize(min(size.Width, c.Width), min(size.Height, c.Height)))
	}
}

// drawList offers the cameras where there are several.
func (v *watching) drawList(st model.WatchState) {
	show(v.choose, len(st.Cameras) > 1)
	var names []string
	at := -1
	for i, c := range st.Cameras {
		names = append(names, v.s.words.L("{{.Number}}: {{.Name}}", model.D{"Number": i + 1, "Name": c.Name}))
		if c.ID == st.Camera {
			at = i
		}
	}
	v.list = st.Cameras
	if strings.Join(names, "\n") != strings.Join(v.choose.Options, "\n") {
		v.choose.SetOptions(names)
	}
	if at >= 0 && v.choose.SelectedIndex() != at {
		v.choose.SetSelectedIndex(at)
	}
}

// explained says why there is no picture; its code leads into the help.
func (v *watching) explained(t model.Trouble) fyne.CanvasObject {
	link := codeLinkThen(v.s, t.Code, func() { v.d.Hide() })
	again := newButton(v.s.words.L("Try again"), theme.ViewRefreshIcon(), func() { v.use(v.watch.State().Camera) })
	return newPanel(theme.ColorNameWarning, container.NewVBox(tight(strong(t.Message), wrapped(t.Next)), container.NewHBox(again), link))
}

// pastedPicture is the picture in the clipboard; tests stand in for it.
var pastedPicture = clipboard.Picture

// pastePicture gives the clipboard's picture to the room in sight, where there is
// no text in it.
func (s *shell) pastePicture() {
	r, ok := s.inSight().(taker)
	if !ok {
		return
	}
	s.beside(func() {
		b, err := pastedPicture(s.ctx)
		onScreen(func() {
			switch {
			case err == nil:
				r.Take([]model.File{fileOf(b)})
			case explain.CodeOf(err) == "clipboard_empty":
				message, next := s.words.Explain("clipboard_empty")
				s.notice(s.words.L("{{.Message}} {{.Next}}", model.D{"Message": message, "Next": next}), nil)
			default:
				s.problem(err)
			}
		})
	})
}
