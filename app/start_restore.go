package app

import (
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/internal/home"
)

// restore brings a backup back. It never puts anything over a home that is
// there: beside a damaged one a new folder is taken. damaged may be "".
func (s *shell) restore(damaged string) {
	w := s.words
	dir := damaged
	if dir == "" {
		var err error
		if dir, err = home.DefaultDir(); err != nil {
			s.problem(err)
			return
		}
	}
	if home.Exists(dir) || damaged != "" {
		dir = freeFolder(dir)
	}
	var file string
	var bar *workBar
	var m *model.Restoration
	which, folder, said := caption(w.L("No file chosen yet.")), caption(w.L("It goes to: {{.Folder}}", model.D{"Folder": model.Plain(dir)})), wrapped("")
	said.Importance = widget.DangerImportance
	said.Hide()
	pass, fresh, again := newPassword(), newPassword(), newPassword()
	anew := container.NewVBox(field(w.L("New passphrase of the home"), fresh), field(w.L("The new passphrase again"), again))
	anew.Hide()
	forgot := widget.NewCheck(w.L("New passphrase for it"), func(yes bool) { show(anew, yes) })
	var run, rehearse *push
	draw := func() {
		bar.Update()
		st := m.State()
		if st.Trouble.Code != "" {
			setText(said, w.L("{{.Message}} {{.Next}}", model.D{"Message": st.Trouble.Message, "Next": st.Trouble.Next}))
		} else {
			setText(said, "")
		}
		for _, b := range []*push{run, rehearse} {
			if m.Work().State().Running || file == "" {
				b.Disable()
			} else {
				b.Enable()
			}
		}
	}
	m = model.NewRestoration(s.now, w, func() { onScreen(draw) })
	bar = newWorkBar(w, m.Work())
	start := func(rehearsal bool) {
		p := []byte(pass.Text)
		var f, a []byte
		if forgot.Checked {
			f, a = []byte(fresh.Text), []byte(again.Text)
		}
		s.beside(func() {
			err := m.Run(s.ctx, file, dir, p, f, a, rehearsal)
			onScreen(func() {
				draw()
				if err == nil {
					s.restored(m.State())
				}
			})
		})
	}
	run = newPrimary(w.L("Restore it"), theme.ConfirmIcon(), func() { start(false) })
	rehearse = newButton(w.L("Only rehearse"), theme.VisibilityIcon(), func() { start(true) })
	chosen := func(u fyne.URI) {
		file = u.Path()
		which.SetText(model.FileName(filepath.Base(file)))
		draw()
	}
	choose := newButton(w.L("Choose the backup…"), theme.FolderOpenIcon(), func() {
		d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
			if err != nil {
				s.problem(explain.Errorf("file_unreadable", "%w", err))
				return
			}
			if r == nil {
				return
			}
			_ = r.Close() // the home reads it
			chosen(r.URI())
		}, s.window)
		s.ask(d, s.most())
	})
	s.page(container.NewVBox(
		heading(w.L("Restore a backup")),
		wrapped(w.L("A backup becomes a home of its own in a new folder. Nothing that is there is replaced.")),
		container.New(s.rowOrColumn(2), choose, which),
		field(w.L("Passphrase of the backup"), pass),
		tight(forgot, caption(w.L("For when the one it had is forgotten."))), anew, folder, said, bar,
		container.New(s.rowOrColumn(3), run, rehearse, newButton(w.L("Back"), theme.NavigateBackIcon(), s.who)),
	), s.who)
	s.dropped = func(uris []fyne.URI) { chosen(uris[0]) }
	s.reads = "upgrading#restore"
	draw()
}

// restored says what came out of a backup, and goes on.
func (s *shell) restored(st model.RestoreState) {
	w := s.words
	box := container.NewVBox()
	if f := st.Finished; f != nil {
		box.Add(heading(f.Title))
		for _, l := range f.Lines {
			box.Add(wrapped(l))
		}
		for _, n := range f.Notes {
			box.Add(newPanel(theme.ColorNameWarning, tight(wrapped(n.Message), wrapped(n.Next))))
		}
	}
	if st.Dir != "" {
		box.Add(container.NewHBox(newPrimary(w.L("Open it"), theme.NavigateNextIcon(), func() { s.openPlace(model.Place{Dir: st.Dir}) })))
	} else {
		box.Add(container.NewHBox(newPrimary(w.L("Back"), theme.NavigateBackIcon(), func() { s.restore("") })))
	}
	s.page(box, s.who)
}
