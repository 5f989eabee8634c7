package app

import (
	"context"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"bonafide/app/model"
	"bonafide/internal/home"
	"bonafide/verifier"
)

// hospitalSections are the rooms of a hospital.
func hospitalSections(s *shell) []section {
	return []section{
		{id: "verify", title: s.words.L("Verify"), icon: theme.ConfirmIcon(), open: newDeskRoom, shortcut: control(fyne.Key1)},
	}
}

// deskRoom is the desk as a room.
type deskRoom struct {
	*DeskScreen
	s *shell
}

func newDeskRoom(s *shell) room {
	h := s.home
	v := lateHospital(sync.OnceValues(func() (*home.Hospital, error) { return h.Hospital(s.ctx, home.HospitalOptions{}) }))
	return deskRoom{NewDeskScreen(s.ctx, s.window, v, s.now), s}
}

func (r deskRoom) Enter() { r.s.beside(func() { r.desk.Refresh(r.s.ctx) }) }
func (deskRoom) Leave()   {}

// Take implements taker.
func (r deskRoom) Take(files []model.File) { r.s.beside(func() { r.desk.Drop(r.s.ctx, files...) }) }

// lateHospital opens the hospital's side of a home when it is first needed,
// beside the screen.
type lateHospital func() (*home.Hospital, error)

func (f lateHospital) Verify(ctx context.Context, in verifier.Input) (verifier.Result, error) {
	h, err := f()
	if err != nil {
		return verifier.Result{}, err
	}
	return h.Verify(ctx, in)
}

func (f lateHospital) DataAge(ctx context.Context) (time.Time, int, error) {
	h, err := f()
	if err != nil {
		return time.Time{}, 0, err
	}
	return h.DataAge(ctx)
}
