package app

import (
	"context"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/demo"
)

// newDemo is the one demonstration of this user.
func (s *shell) newDemo() *model.Demo {
	dir, err := demo.DefaultDir()
	if err != nil {
		dir = filepath.Join(s.app.Storage().RootURI().Path(), "demo")
	}
	return model.NewDemo(dir, model.RealDemos(s.now), s.words, func() {
		onScreen(func() {
			if s.demoDrawn != nil {
				s.demoDrawn()
			}
		})
	})
}

// inDemo reports whether a home is the demonstration's.
func (s *shell) inDemo(dir string) bool { return s.demo != nil && s.demo.Holds(dir) }

// showMe is the page of the demonstration: it offers it, makes it, and lets one
// choose whom to play.
func (s *shell) showMe() {
	d, w := s.demo, s.words
	box := container.NewVBox()
	bar := newWorkBar(w, d.Work)
	back := newButton(w.L("Back"), theme.NavigateBackIcon(), s.who)
	draw := func() {
		st := d.State()
		bar.Update()
		objects := []fyne.CanvasObject{heading(w.L("Show me"))}
		if !st.Running {
			objects = append(objects, wrapped(st.Offer))
		}
		if st.Trouble.Code != "" {
			objects = append(objects, troublePanel(s, st.Trouble))
		}
		running := d.Work.State().Running
		switch {
		case running:
			objects = append(objects, wrapped(st.Step), bar)
		case st.Running:
			objects = append(objects, wrapped(w.L("Whom do you want to play? You can switch at any time.")))
			for _, p := range st.Places {
				objects = append(objects, choice(p.Name(w, false), s.roleSays(p.Role), roleIcon(p.Role), func() { s.openPlace(p) }))
			}
		case st.Outdated:
			objects = append(objects, container.NewHBox(newButton(w.L("Remove the demonstration…"), theme.DeleteIcon(), s.removeDemo)))
		default:
			objects = append(objects, container.NewHBox(newPrimary(w.L("Begin"), theme.MediaPlayIcon(), func() {
				s.turn.Go(func() { s.guarded(func() { d.Open(s.all) }) })
			})))
		}
		if !running {
			objects = append(objects, container.NewHBox(back))
		}
		box.Objects = objects
		box.Refresh()
	}
	s.page(box, s.who)
	s.demoDrawn = draw
	draw()
	s.beside(d.Look)
}

// runDemo starts the demonstration's network for a place of it that was opened,
// and unlocks its home, whose passphrase is no secret. Run it beside the screen.
func (s *shell) runDemo(ctx context.Context, p model.Place) {
	if s.session.Locked() {
		who := s.session.State().People[0] // a board has two; one can sign in as the other
		if err := s.session.Unlock(ctx, who, model.DemoPassphrase()); err != nil {
			onScreen(func() { s.problem(err) })
		}
	}
	s.turn.Go(func() { s.guarded(func() { s.demo.Open(s.all) }) })
}

// demoRoom is the demonstration beside a place of it: what there is to try.
type demoRoom struct {
	s   *shell
	box *fyne.Container
	top fyne.CanvasObject
}

func newDemoRoom(s *shell) room {
	r := &demoRoom{s: s, box: container.NewVBox()}
	r.top = container.NewVScroll(container.New(column{}, container.NewPadded(r.box)))
	return r
}

func (r *demoRoom) Content() fyne.CanvasObject { return r.top }

// Enter implements room.
func (r *demoRoom) Enter() {
	r.s.demoDrawn = r.draw
	r.draw()
	r.s.beside(r.s.demo.Look)
}

// Leave implements room.
func (r *demoRoom) Leave() { r.s.demoDrawn = nil }

func (r *demoRoom) draw() {
	s, w, st := r.s, r.s.words, r.s.demo.State()
	objects := []fyne.CanvasObject{heading(w.L("Things to try")), wrapped(w.L("Each of these opens where it belongs. Nothing here is real."))}
	if st.Trouble.Code != "" {
		objects = append(objects, troublePanel(s, st.Trouble))
	}
	if !st.Running {
		bar := newWorkBar(w, s.demo.Work)
		objects = append(objects, wrapped(w.L("The network of the demonstration is not running.")), bar)
	}
	for _, x := range st.SamplesFor(s.place.Role) {
		try := newButton(w.L("Try it"), theme.NavigateNextIcon(), func() {
			if x.Request {
				s.goTo("present")
				if t, ok := s.inSight().(taker); ok {
					t.Take([]model.File{x.Open()})
				}
				return
			}
			s.give(x.Open())
		})
		objects = append(objects, r.offer(wrapped(x.Title), try))
	}
	if s.place.Role == model.RolePractitioner {
		for _, c := range st.Codes {
			copied := newButton(w.L("Copy the code"), theme.ContentCopyIcon(), func() {
				s.copyText(c.Code, true)
				s.notice(w.L("The claim code is in the clipboard."), nil)
			})
			objects = append(objects, r.offer(tight(wrapped(w.L("A claim code that waits: {{.Title}}", model.D{"Title": c.Title})), caption(c.Expires)), copied))
		}
		objects = append(objects, r.offer(wrapped(w.L("When you have made a claim file: the board answers it here, and the licence comes back.")),
			newButton(w.L("Play the board…"), theme.FolderOpenIcon(), r.answer)))
	}
	if st.Folder != "" {
		objects = append(objects, caption(w.L("All files to try are in {{.Folder}}", model.D{"Folder": model.Plain(st.Folder)})))
	}
	objects = append(objects, container.NewHBox(newButton(w.L("Remove the demonstration…"), theme.DeleteIcon(), s.removeDemo)))
	r.box.Objects = objects
	r.box.Refresh()
}

// offer is something to try and the button for it, which is as high as buttons
// are.
func (r *demoRoom) offer(says fyne.CanvasObject, try *push) fyne.CanvasObject {
	if r.s.narrow() {
		return container.NewVBox(says, try, widget.NewSeparator())
	}
	return container.NewBorder(nil, widget.NewSeparator(), nil, container.New(middle{}, try), says)
}

// give opens a file in the place's first room that takes files.
func (s *shell) give(files ...model.File) {
	for _, sec := range s.sections {
		s.goTo(sec.id)
		if t, ok := s.inSight().(taker); ok {
			t.Take(files)
			return
		}
	}
}

// answer plays the board to which a claim goes.
func (r *demoRoom) answer() {
	s, w := r.s, r.s.words
	s.openFiles(w.L("Choose the claim file"), func(files []model.File) {
		s.beside(func() {
			var out [][]byte
			b, err := model.ReadFile(files[0])
			if err == nil {
				out, err = s.demo.Answer(s.ctx, b)
			}
			onScreen(func() {
				if err != nil {
					s.problem(err)
					return
				}
				var licences []model.File
				for _, b := range out {
					licences = append(licences, textFile(string(b)))
				}
				s.give(licences...)
			})
		})
	})
}

// removeDemo removes it after asking.
func (s *shell) removeDemo() {
	w := s.words
	s.confirm(w.L("Remove the demonstration?"), w.L("Its homes and everything in them are deleted. Your own homes stay as they are."), w.L("Remove it"), func() {
		d := s.demo
		var dirs []string
		for _, p := range d.State().Places {
			dirs = append(dirs, p.Dir)
		}
		s.quitPlace(func() {
			err := s.session.Close()
			if err == nil {
				d.Remove(s.all)
			}
			onScreen(func() {
				if err != nil {
					s.problem(err)
				}
				if !d.State().There {
					for _, dir := range dirs {
						model.ForgetPlaces(s.app.Preferences(), dir)
					}
				}
				s.start(Options{})
			})
		})
	})
}
