package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
)

// makeHome asks for what a new home needs, and makes it.
func (s *shell) makeHome(p model.Place) {
	w := s.words
	name, pass, again := newEntry(), newPassword(), newPassword()
	name.SetPlaceHolder(w.L("Maria Silva"))
	strength, said := caption(""), wrapped("")
	said.Importance = widget.DangerImportance
	said.Hide()
	keyring := widget.NewCheck(w.L("Also use the keyring"), nil)
	folder := caption(w.L("Folder: {{.Folder}}", model.D{"Folder": model.Plain(p.Dir)}))
	busy := widget.NewProgressBarInfinite()
	busy.Stop()
	busy.Hide()
	var make *push
	now := func() model.NewHome {
		return model.NewHome{Dir: p.Dir, Name: name.Text, Pass: pass.Text, Again: again.Text}
	}
	look := func(string) {
		strength.Importance = widget.MediumImportance
		switch st := model.StrengthOf(pass.Text); {
		case pass.Text == "":
			strength.SetText(w.L("Several words that do not belong together are easy to keep in mind and hard to guess."))
		default:
			if st <= model.Weak {
				strength.Importance = widget.WarningImportance
			}
			strength.SetText(model.StrengthWords(w, st))
		}
		setText(said, "")
	}
	name.OnChanged, pass.OnChanged, again.OnChanged = look, look, look
	look("")
	do := func() {
		n := now()
		if missing := n.Check(w); missing != "" {
			setText(said, missing)
			return
		}
		make.Disable()
		busy.Show()
		busy.Start()
		secret, useKeyring := []byte(n.Pass), keyring.Checked
		pass.SetText("")
		again.SetText("")
		s.beside(func() {
			err := s.session.Create(p, n.Name, secret)
			var noKeyring error
			if err == nil && useKeyring {
				noKeyring = s.session.Home().UseKeyring(s.all, true)
			}
			onScreen(func() {
				busy.Stop()
				busy.Hide()
				make.Enable()
				if err != nil {
					s.problem(err)
					return
				}
				s.made(p)
				if noKeyring != nil {
					s.problem(noKeyring)
				}
			})
		})
	}
	again.OnSubmitted = func(string) { do() }
	make = newPrimary(w.L("Make the home"), theme.ConfirmIcon(), do)
	change := newQuiet(w.L("Choose another folder…"), theme.FolderOpenIcon(), func() {
		s.openFolder(w.L("Choose an empty folder"), func(dir string) {
			p.Dir = dir
			folder.SetText(w.L("Folder: {{.Folder}}", model.D{"Folder": model.Plain(dir)}))
		})
	})
	s.page(container.NewVBox(
		heading(w.L("A home for your data")),
		wrapped(w.L("A home is a folder on this device. What is private in it is sealed with a passphrase that you alone know: nobody can reset it, so keep it somewhere safe.")),
		field(w.L("Your name"), name),
		field(w.L("Passphrase"), pass), strength,
		field(w.L("The passphrase again"), again),
		tight(keyring, caption(w.L("The keyring of this computer then unlocks the home without typing, for whoever is logged in to it."))),
		container.New(s.rowOrColumn(2), folder, change),
		said, busy,
		container.New(s.rowOrColumn(2), make, newButton(w.L("Back"), theme.NavigateBackIcon(), s.who)),
	), s.who)
	s.reads = string(p.Role) + "#start"
	s.window.Canvas().Focus(name)
}

// made goes on in a new home, which is unlocked.
func (s *shell) made(p model.Place) {
	s.home = s.session.Home()
	p.Dir = s.home.Dir()
	s.place, s.roles = p, []model.Role{p.Role}
	model.SavePlace(s.app.Preferences(), p)
	if p.Role == model.RoleHospital {
		s.firstTrust(p)
		return
	}
	s.makeWallet(p)
}

// gridOf lays objects in so many columns of equal width.
func gridOf(n int) fyne.Layout { return &columns{n} }

// columns is a grid whose cells are as high as their row needs; Fyne's own makes
// all as high as the highest.
type columns struct{ n int }

func (c *columns) widths(total float32) float32 {
	return (total - theme.Padding()*float32(c.n-1)) / float32(c.n)
}

func (c *columns) rows(objects []fyne.CanvasObject) (heights []float32, width float32) {
	i := 0
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		if i%c.n == 0 {
			heights = append(heights, 0)
		}
		m := o.MinSize()
		width = max(width, m.Width)
		heights[len(heights)-1] = max(heights[len(heights)-1], m.Height)
		i++
	}
	return heights, width
}

// MinSize implements fyne.Layout.
func (c *columns) MinSize(objects []fyne.CanvasObject) fyne.Size {
	heights, width := c.rows(objects)
	size := fyne.NewSize(width*float32(c.n)+theme.Padding()*float32(c.n-1), 0)
	for i, h := range heights {
		size.Height += h
		if i > 0 {
			size.Height += theme.Padding()
		}
	}
	return size
}

// Layout implements fyne.Layout.
func (c *columns) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	heights, _ := c.rows(objects)
	width := c.widths(size.Width)
	i, y := 0, float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		row := i / c.n
		o.Move(fyne.NewPos(float32(i%c.n)*(width+theme.Padding()), y))
		o.Resize(fyne.NewSize(width, heights[row]))
		if i++; i%c.n == 0 {
			y += heights[row] + theme.Padding()
		}
	}
}
