package app

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/internal/home"
)

// Open fills a window with the home's first room and verifies files at once.
// dir is the home's folder, "" the default. The result waits for what is under
// way and closes the home; end ctx before.
func Open(ctx context.Context, w fyne.Window, dir string, now model.Clock, files []string) (closeHome func()) {
	r := &room{ctx: ctx, window: w, dir: dir, now: now, files: files, waiting: func() {}, closing: func() {}}
	r.enter()
	return func() { r.closing() }
}

// room is a window before and after a home was found for it.
type room struct {
	ctx     context.Context
	window  fyne.Window
	dir     string
	now     model.Clock
	files   []string
	waiting func() // returns when no verification is under way
	closing func()
}

// enter opens the home, or says why it cannot.
func (r *room) enter() {
	h, v, err := r.open()
	if err != nil {
		r.window.SetContent(r.problem(err))
		return
	}
	s := NewDeskScreen(r.ctx, r.window, v, r.now)
	content := s.Content()
	if h.Demo() {
		banner := wrapped("Demonstration: the boards and people in this home are made up.")
		banner.TextStyle.Bold = true
		content = stacked(container.New(column{}, container.NewPadded(newPanel(theme.ColorNameWarning, banner))), content)
	}
	r.window.SetContent(content)
	s.Take(uris(r.files)...)

	var ticking sync.WaitGroup
	ticking.Go(func() { keepFresh(r.ctx, s.desk) })
	r.waiting = s.work.Wait
	r.closing = func() {
		ticking.Wait()
		s.work.Wait()
		_ = h.Close() // nothing is left to write: each write was finished when it was made
	}
}

// keepFresh lets the data's age on the screen grow with the time.
func keepFresh(ctx context.Context, d *model.Desk) {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			d.Refresh(ctx)
		}
	}
}

func (r *room) open() (*home.Home, *home.Hospital, error) {
	if r.dir == "" {
		var err error
		if r.dir, err = home.DefaultDir(); err != nil {
			return nil, nil, err
		}
	}
	h, err := home.Open(r.dir, home.Options{Now: r.now})
	if err != nil {
		return nil, nil, err
	}
	v, err := h.Hospital(r.ctx, home.HospitalOptions{})
	if err != nil {
		_ = h.Close()
		return nil, nil, err
	}
	return h, v, nil
}

// problem says why there is no room to show, and what to do.
func (r *room) problem(err error) fyne.CanvasObject {
	title, next := model.Explain(err)
	steps := []string{next}
	if explain.CodeOf(err) == "home_missing" {
		title = "There is no home here yet"
		steps = []string{
			"A home is a folder with the data that Bonafide verifies by. The command line makes one:",
			"To look around, with made-up boards and people:\nbonafide demo --keep FOLDER\nThen choose FOLDER/homes/hospital below.",
			"To work with your boards' network, with the network file that a board gave you and its fingerprint:\nbonafide trust pin --help",
			"Then come back and try again, or choose the folder of a home that you have.",
		}
	}
	box := container.NewVBox(heading(title))
	for _, s := range steps {
		box.Add(wrapped(s))
	}
	again := widget.NewButtonWithIcon("Try again", theme.ViewRefreshIcon(), r.enter)
	again.Importance = widget.HighImportance
	choose := widget.NewButtonWithIcon("Choose folder…", theme.FolderOpenIcon(), r.choose)
	box.Add(caption("Looked in: " + model.Plain(r.dir)))
	box.Add(container.NewGridWithColumns(2, again, choose))
	return container.NewVScroll(container.New(column{}, container.NewPadded(box)))
}

func (r *room) choose() {
	dialog.ShowFolderOpen(func(u fyne.ListableURI, err error) {
		if err == nil && u != nil {
			r.dir = u.Path()
			r.enter()
		}
	}, r.window)
}

// uris are the files named on the command line.
func uris(files []string) []fyne.URI {
	var out []fyne.URI
	for _, f := range files {
		if abs, err := filepath.Abs(f); err == nil {
			f = abs
		}
		out = append(out, storage.NewFileURI(f))
	}
	return out
}
