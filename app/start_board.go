package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"bonafide/app/model"
	"bonafide/internal/home"
	"bonafide/ledger/pack"
)

// boardRoom shows what a board's home holds.
type boardRoom struct {
	s    *shell
	box  *fyne.Container
	root fyne.CanvasObject
}

func newBoardRoom(s *shell) room {
	r := &boardRoom{s: s, box: container.NewVBox()}
	r.root = container.NewVScroll(container.New(column{}, container.NewPadded(r.box)))
	return r
}

func (r *boardRoom) Content() fyne.CanvasObject { return r.root }
func (*boardRoom) Leave()                       {}

// Enter implements room.
func (r *boardRoom) Enter() {
	s, h := r.s, r.s.home
	s.beside(func() {
		info, err := h.Info(s.ctx)
		d, dataErr := h.Data()
		onScreen(func() { r.draw(info, err, d, dataErr) })
	})
}

func (r *boardRoom) draw(info home.Info, err error, d *pack.Data, dataErr error) {
	s, w := r.s, r.s.words
	box := []fyne.CanvasObject{heading(model.RoleName(w, model.RoleBoard))}
	if err != nil {
		message, next := w.Explain(model.CodeOf(err))
		box = append(box, wrapped(message), wrapped(next))
	} else {
		if info.Board != "" {
			id := wrapped(model.Plain(info.Board))
			id.Selectable = true
			box = append(box, field(w.L("Identity"), id))
		}
		if info.Network != "" {
			box = append(box, field(w.L("Network"), wrapped(model.Plain(info.Network))))
		}
		line := model.NewDataLine(w, d, dataErr, s.now())
		box = append(box, field(w.L("Data"), wrapped(line.Text)))
		if line.Next != "" {
			box = append(box, wrapped(line.Next))
		}
	}
	box = append(box, newPanel(theme.ColorNameWarning, container.NewVBox(
		wrapped(w.L("The desk for a board's register, approvals and node is not built into this version of the app. That work is done with the command line.")),
		container.NewHBox(newButton(w.L("Read more"), theme.HelpIcon(), func() { s.help("board") })),
	)))
	r.box.Objects = box
	r.box.Refresh()
}
