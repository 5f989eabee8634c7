package app

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/internal/home"
)

// Open fills a window with the home's first room. dir is the home's folder, ""
// the default. The result closes the home.
func Open(ctx context.Context, w fyne.Window, dir string, now model.Clock) (closeHome func()) {
	h, v, err := openHospital(ctx, dir, now)
	if err != nil {
		w.SetContent(problemScreen(err))
		return func() {}
	}
	w.SetContent(NewDeskScreen(ctx, w, v, now).Content())
	return func() { _ = h.Close() } // nothing is left to write: each write was finished when it was made
}

func openHospital(ctx context.Context, dir string, now func() time.Time) (*home.Home, *home.Hospital, error) {
	if dir == "" {
		var err error
		if dir, err = home.DefaultDir(); err != nil {
			return nil, nil, err
		}
	}
	h, err := home.Open(dir, home.Options{Now: now})
	if err != nil {
		return nil, nil, err
	}
	v, err := h.Hospital(ctx, home.HospitalOptions{})
	if err != nil {
		_ = h.Close()
		return nil, nil, err
	}
	return h, v, nil
}

// problemScreen says why there is no room to show, and what to do.
func problemScreen(err error) fyne.CanvasObject {
	e, ok := explain.Lookup(explain.CodeOf(err))
	if !ok {
		e, _ = explain.Lookup("internal_error")
	}
	title := widget.NewLabelWithStyle(e.Message, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	title.Wrapping = fyne.TextWrapWord
	return container.NewPadded(container.NewVBox(title, wrapped(e.Next)))
}
