package app

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/internal/home"
)

// Options are what main tells the app.
type Options struct {
	Dir   string   // of the home; "": the one used last, or the default
	Files []string // to be taken by the first room
	Phone bool     // the layout of a phone
	Now   model.Clock

	cost    home.Cost // of new passphrases; zero: the home's own
	reports string    // folder of crash reports; "": the app's own
}

// Open fills a window. The result waits for what is under way and closes the
// home; end ctx before.
func Open(ctx context.Context, a fyne.App, w fyne.Window, o Options) (closeAll func()) {
	s := newShell(ctx, a, w, o)
	s.start(o)
	var beating tasks
	beating.Go(func() {
		t := time.NewTicker(beatEvery)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				onScreen(s.beat)
			}
		}
	})
	w.SetOnClosed(func() {
		if size := w.Canvas().Size(); !s.narrow() {
			model.SaveSize(a.Preferences(), size.Width, size.Height)
		}
	})
	return func() {
		beating.Wait()
		s.close()
	}
}

// newShell makes a shell around nothing yet.
func newShell(ctx context.Context, a fyne.App, w fyne.Window, o Options) *shell {
	s := &shell{app: a, window: w, now: o.Now, phone: o.Phone, all: ctx}
	s.ctx, s.end = context.WithCancel(ctx)
	s.session = model.NewSession(o.Now, o.cost)
	s.settings = model.LoadSettings(a.Preferences())
	s.words = wordsIn(s.settings.Language)
	s.demo = s.newDemo()
	if o.reports == "" {
		o.reports = a.Storage().RootURI().Path()
	}
	s.crashes = model.NewCrashes(o.reports)
	a.Settings().SetTheme(themeOf(s.settings, s.narrow()))
	used[w.Canvas()] = s.touch
	for _, f := range o.Files {
		if abs, err := filepath.Abs(f); err == nil {
			f = abs
		}
		s.files = append(s.files, storage.NewFileURI(f))
	}
	return s
}

// close waits for what is under way and closes the home.
func (s *shell) close() {
	delete(used, s.window.Canvas())
	s.end()
	s.turn.Wait()
	s.end() // of a place that was opened meanwhile
	s.work.Wait()
	_ = s.demo.Stop()     // it starts again from what it wrote
	_ = s.session.Close() // nothing is left to write: each write was finished when it was made
}

// Size is the size of a new window: the last one's, else a sensible one.
func Size(a fyne.App, phone bool) fyne.Size {
	if phone {
		return fyne.NewSize(390, 844)
	}
	if w, h := model.LoadSize(a.Preferences()); w > 0 {
		return fyne.NewSize(w, h)
	}
	return fyne.NewSize(1024, 720)
}

// Crashed keeps a report of a panic that ends the program.
func Crashed(a fyne.App, p any, now time.Time) {
	model.NewCrashes(a.Storage().RootURI().Path()).Keep(model.NewCrash(p, home.Version(), now))
}

// filesOf are the files to open: of a folder those that stand in it, since a
// sequence of codes may come as one.
func filesOf(uris []fyne.URI) []model.File {
	var out []model.File
	for _, u := range uris {
		in := inFolder(u)
		if len(in) == 0 {
			in = []fyne.URI{u}
		}
		for _, u := range in {
			out = append(out, model.File{Name: u.Name(), Open: func() (io.ReadCloser, error) { return storage.Reader(u) }})
		}
	}
	return out
}

// inFolder are the files of a folder in the order of their names, without those
// in folders of its own and hidden ones; none where u is no folder. It stops where
// there are more than are opened at once.
func inFolder(u fyne.URI) []fyne.URI {
	if u.Scheme() != "file" {
		return nil
	}
	if i, err := os.Stat(u.Path()); err != nil || !i.IsDir() { // nothing else is opened: a pipe would wait
		return nil
	}
	dir, err := os.Open(u.Path())
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }() // it was only read
	var names []string
	for len(names) <= model.MaxOpened {
		some, err := dir.ReadDir(model.MaxOpened)
		for _, e := range some {
			if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
				names = append(names, e.Name())
			}
		}
		if err != nil {
			break
		}
	}
	slices.Sort(names)
	var out []fyne.URI
	for _, name := range names {
		out = append(out, storage.NewFileURI(filepath.Join(u.Path(), name)))
	}
	return out
}

// openFiles asks for files, images among them.
func (s *shell) openFiles(what string, take func([]model.File)) {
	if !fyne.CurrentDevice().IsMobile() {
		s.pickFiles(what, take)
		return
	}
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if r == nil && err == nil {
			return // closed without a choice
		}
		f := model.File{Open: func() (io.ReadCloser, error) { return r, err }}
		if r != nil {
			f.Name = r.URI().Name()
		}
		take([]model.File{f})
	}, s.window)
	d.SetTitleText(what)
	d.Show() // the system's own: it is closed as the system does it
}

// openFolder asks for a folder.
func (s *shell) openFolder(what string, take func(dir string)) {
	d := dialog.NewFolderOpen(func(u fyne.ListableURI, err error) {
		switch {
		case err != nil:
			s.problem(explain.Errorf("file_unreadable", "%w", err))
		case u != nil:
			take(u.Path())
		}
	}, s.window)
	d.SetTitleText(what)
	s.ask(d, s.most())
}

// most is the size of a dialog that needs room.
func (s *shell) most() fyne.Size {
	c := s.window.Canvas().Size()
	return fyne.NewSize(min(c.Width-40, 860), min(c.Height-60, 620))
}

// saveFile writes something beside the screen and then asks where to put it: a
// place is asked for only once there is something to put there, since Fyne's
// dialog empties a file that is to be replaced, after asking. A local file is
// written under another name and then renamed, so it is whole or not there.
func (s *shell) saveFile(name string, write func(io.Writer) error, done func()) {
	s.beside(func() {
		var b bytes.Buffer
		err := write(&b)
		onScreen(func() {
			if err != nil {
				s.problem(err)
				return
			}
			s.saveBytes(name, b.Bytes(), done)
		})
	})
}

func (s *shell) saveBytes(name string, b []byte, done func()) {
	d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
		if err != nil {
			s.problem(explain.Errorf("file_unwritable", "%w", err))
			return
		}
		if w == nil {
			return
		}
		s.beside(func() {
			err := save(w, b)
			onScreen(func() {
				switch {
				case err != nil:
					s.problem(err)
				case done != nil:
					done()
				}
			})
		})
	}, s.window)
	d.SetFileName(name)
	if fyne.CurrentDevice().IsMobile() {
		d.Show()
		return
	}
	s.ask(d, s.most())
}

func save(w fyne.URIWriteCloser, b []byte) (err error) {
	if w.URI().Scheme() == "file" {
		_ = w.Close()
		err = home.WriteFile(w.URI().Path(), b)
	} else {
		_, err = w.Write(b)
		if closing := w.Close(); err == nil {
			err = closing
		}
	}
	if err != nil && explain.CodeOf(err) == "" {
		if w.URI().Scheme() == "file" {
			if i, serr := os.Stat(w.URI().Path()); serr == nil && i.Size() == 0 {
				_ = os.Remove(w.URI().Path()) // the dialog made it
			}
		}
		return explain.Errorf("file_unwritable", "%w", err)
	}
	return err
}
