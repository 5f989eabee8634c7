package app

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/home"
)

func userHome() (string, error) { return os.UserHomeDir() }

// start opens what was named, what was used last, or the home that is there;
// else it asks who somebody is. A report of a crash is offered first.
func (s *shell) start(o Options) {
	if o.Dir == "" {
		o.Dir = os.Getenv("BONAFIDE_HOME")
	}
	s.page(s.waiting(), nil)
	s.offerCrash(func() {
		switch places := s.known(); {
		case o.Dir != "":
			s.openPlace(model.Place{Dir: o.Dir, Role: s.lastRole(o.Dir)})
		case len(places) > 0:
			s.openPlace(places[0])
		default:
			dir, err := home.DefaultDir()
			if err == nil && home.Exists(dir) {
				s.openPlace(model.Place{Dir: dir})
				return
			}
			s.who()
		}
	})
}

// known are the places that were used and whose homes are there.
func (s *shell) known() []model.Place {
	return slices.DeleteFunc(model.LoadPlaces(s.app.Preferences()), func(p model.Place) bool { return !home.Exists(p.Dir) })
}

// lastRole is the role in which a home was used last; "" where that is not
// known.
func (s *shell) lastRole(dir string) model.Role {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	for _, p := range s.known() {
		if p.Dir == dir {
			return p.Role
		}
	}
	return ""
}

// severalHomes reports whether places are in more than one home.
func (s *shell) severalHomes() bool {
	for _, p := range s.known() {
		if s.home != nil && p.Dir != s.home.Dir() {
			return true
		}
	}
	return false
}

// waiting is what stands there while something opens.
func (s *shell) waiting() fyne.CanvasObject {
	a := widget.NewActivity()
	a.Start()
	return container.NewVBox(wrapped(s.words.L("Opening…")), container.NewHBox(a))
}

// quitPlace ends what a place does and runs then when that has ended, still
// beside the screen.
func (s *shell) quitPlace(then func()) {
	s.leave()
	s.end()
	s.home, s.roles, s.sections = nil, nil, nil
	s.ctx, s.end = context.WithCancel(s.all)
	s.page(s.waiting(), nil)
	s.turn.Go(func() {
		s.work.Wait()
		s.guarded(then)
	})
}

// openPlace opens a home in a role; without a role, in the first that it is
// used in.
func (s *shell) openPlace(p model.Place) {
	s.quitPlace(func() {
		err := s.session.Open(p)
		var roles []model.Role
		if err == nil {
			roles, err = model.RolesIn(s.all, s.session.Home())
		}
		if err == nil && (p.Role == model.RoleHospital || slices.Contains(roles, model.RoleHospital)) {
			// A database that is damaged or newer is found here, where there is a way on.
			_, err = s.session.Home().Hospital(s.all, home.HospitalOptions{})
		}
		if err == nil && s.session.Home().Demo() {
			if s.demo.Look(); s.inDemo(s.session.Home().Dir()) {
				s.runDemo(s.all, p)
			}
		}
		onScreen(func() {
			if err != nil {
				s.closed(p, err)
				return
			}
			s.opened(p, roles)
		})
	})
}

// opened shows a home that was just opened.
func (s *shell) opened(p model.Place, roles []model.Role) {
	s.home = s.session.Home()
	p.Dir = s.home.Dir()
	for _, q := range s.known() {
		if q.Dir == p.Dir && !slices.Contains(roles, q.Role) {
			roles = append(roles, q.Role) // chosen, and not used yet
		}
	}
	s.roles = roles
	switch {
	case p.Role != "" && !slices.Contains(roles, p.Role):
		s.roles = append(s.roles, p.Role)
	case p.Role == "" && len(roles) > 0:
		p.Role = roles[0]
	case p.Role == "":
		s.place = p
		s.whichRole(nil)
		return
	}
	s.enterPlace(p)
}

// enterPlace furnishes the window for a role of the open home.
func (s *shell) enterPlace(p model.Place) {
	s.place = p
	model.SavePlace(s.app.Preferences(), p)
	s.furnish()
	if p.Role != model.RoleHospital && s.session.Locked() { // a hospital verifies without unlocking
		s.lockedPage()
		return
	}
	s.show(s.sections[0].id)
	files := s.files
	s.files = nil
	s.take(files)
}

// furnish chooses the place's sections.
func (s *shell) furnish() {
	switch s.place.Role {
	case model.RoleHospital:
		s.sections = hospitalSections(s)
	case model.RolePractitioner:
		s.sections = practitionerSections(s)
	default:
		s.sections = boardSections(s)
	}
}

// refreshBar draws the bars anew, as after unlocking; the room in sight stays.
func (s *shell) refreshBar() {
	if s.rooms == nil {
		return
	}
	rooms, current := s.rooms, s.current
	s.rooms = nil // they stay as they are
	s.current = ""
	s.show(current)
	for id, r := range rooms {
		s.rooms[id] = r
	}
	s.goTo(current)
}

// choosePlace offers the places there are, and to add a role or a home.
func (s *shell) choosePlace() {
	w := s.words
	box := container.NewVBox()
	var d *dialog.CustomDialog
	add := func(title string, icon fyne.Resource, f func()) {
		b := newButton(title, icon, func() {
			d.Hide()
			f()
		})
		b.Alignment = widget.ButtonAlignLeading
		box.Add(b)
	}
	var places []model.Place
	if s.home != nil {
		for _, r := range s.roles {
			places = append(places, model.Place{Dir: s.home.Dir(), Role: r})
		}
	}
	known := s.known()
	if s.home != nil && s.inDemo(s.home.Dir()) { // all of it can be played, also what was not yet
		for _, p := range s.demo.State().Places {
			if !slices.ContainsFunc(known, func(q model.Place) bool { return q.Dir == p.Dir && q.Role == p.Role }) {
				known = append(known, p)
			}
		}
	}
	for _, p := range known {
		i := slices.IndexFunc(places, func(q model.Place) bool { return q.Dir == p.Dir && q.Role == p.Role })
		if i < 0 {
			places = append(places, p)
		} else {
			places[i].Title = p.Title
		}
	}
	for _, p := range places {
		icon := roleIcon(p.Role)
		name := p.Name(w, s.severalHomes())
		if s.home != nil && p.Dir == s.home.Dir() && p.Role == s.place.Role {
			name = w.L("{{.Place}} (open now)", model.D{"Place": name})
		}
		add(name, icon, func() { s.openPlace(p) })
	}
	box.Add(widget.NewSeparator())
	if s.home != nil && len(s.roles) < len(model.Roles) {
		add(w.L("Use this home in another role…"), theme.ContentAddIcon(), func() { s.whichRole(func() { s.openPlace(s.place) }) })
	}
	add(w.L("Another home…"), theme.FolderNewIcon(), s.who)
	var list fyne.CanvasObject = box
	if s.large() {
		scroll := container.NewVScroll(box)
		scroll.SetMinSize(fyne.NewSize(0, s.window.Canvas().Size().Height*0.6))
		list = scroll
	}
	d = dialog.NewCustomWithoutButtons(w.L("Switch place"), list, s.window)
	d.SetButtons([]fyne.CanvasObject{newButton(w.L("Cancel"), theme.CancelIcon(), func() { d.Hide() })})
	s.ask(d, fyne.NewSize(420, 0))
}

func roleIcon(r model.Role) fyne.Resource {
	switch r {
	case model.RolePractitioner:
		return theme.AccountIcon()
	case model.RoleBoard:
		return theme.DocumentIcon()
	}
	return theme.HomeIcon()
}

// roleSays is a role and what it does, for choosing.
func (s *shell) roleSays(r model.Role) string {
	switch r {
	case model.RolePractitioner:
		return s.words.L("Keep your licences and certificates, and show what you choose.")
	case model.RoleBoard:
		return s.words.L("Keep the register, decide about licences, issue them, and vote with the other boards.")
	}
	return s.words.L("Check licences from data that you hold, without asking anybody.")
}

// choice is a large button with a line that explains it.
func choice(title, says string, icon fyne.Resource, tapped func()) fyne.CanvasObject {
	b := newButton(title, icon, tapped)
	b.Alignment = widget.ButtonAlignLeading
	return tight(b, caption(says))
}

// who is the first screen: who somebody is.
func (s *shell) who() {
	w := s.words
	box := container.NewVBox(heading(w.L("Who are you?")), wrapped(w.L("You can add other roles later.")))
	for _, r := range model.Roles {
		box.Add(choice(model.RoleName(w, r), s.roleSays(r), roleIcon(r), func() { s.begin(r) }))
	}
	box.Add(choice(w.L("Show me"), w.L("Look around with boards, people and licences that are made up. It runs on this machine alone."), theme.VisibilityIcon(), s.showMe))
	box.Add(widget.NewSeparator())
	box.Add(container.New(s.rowOrColumn(2),
		newButton(w.L("Open a home that I have…"), theme.FolderOpenIcon(), s.chooseHome),
		newButton(w.L("Restore a backup…"), theme.HistoryIcon(), func() { s.restore("") }),
	))
	box.Add(container.NewHBox(newQuiet(w.L("Help"), theme.HelpIcon(), func() { s.help("") })))
	var escape func()
	if s.home != nil {
		back := s.place
		escape = func() { s.openPlace(back) }
		box.Add(container.NewHBox(newButton(w.L("Back"), theme.NavigateBackIcon(), escape)))
	}
	s.page(box, escape)
}

// begin goes on with who somebody is.
func (s *shell) begin(r model.Role) {
	if r == model.RoleBoard {
		s.boardStart()
		return
	}
	dir, err := s.fresh, error(nil)
	if dir == "" {
		dir, err = home.DefaultDir()
	}
	if err != nil {
		s.problem(err)
		return
	}
	if home.Exists(dir) {
		dir = freeFolder(dir)
	}
	s.makeHome(model.Place{Dir: dir, Role: r})
}

// freeFolder is a folder beside one that is taken.
func freeFolder(dir string) string {
	for _, n := range []string{"-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9"} {
		if _, err := os.Lstat(dir + n); err != nil {
			return dir + n
		}
	}
	return dir + "-new"
}

// boardStart says what a board finds here.
func (s *shell) boardStart() {
	w := s.words
	s.page(container.NewVBox(
		heading(w.L("Licensing board")),
		wrapped(w.L("A board's home, with its register and its keys, is set up once by whoever runs the board's node. Open its folder here; from then on the desk opens by itself.")),
		container.New(s.rowOrColumn(3),
			newPrimary(w.L("Open a board's home…"), theme.FolderOpenIcon(), s.chooseHome),
			newButton(w.L("Read more"), theme.HelpIcon(), func() { s.help("board#start") }),
			newButton(w.L("Back"), theme.NavigateBackIcon(), s.who),
		),
	), s.who)
	s.reads = "board#start"
}

// chooseHome opens a home in a folder that somebody chooses.
func (s *shell) chooseHome() {
	s.openFolder(s.words.L("Choose the folder of a home"), func(dir string) {
		s.openPlace(model.Place{Dir: dir, Role: s.lastRole(dir)})
	})
}

// whichRole asks in which role the open home is used; cancel may be nil.
func (s *shell) whichRole(cancel func()) {
	w := s.words
	box := container.NewVBox(heading(w.L("How is this home used?")), wrapped(w.L("One home may have several roles. You can switch between them.")))
	for _, r := range model.Roles {
		if slices.Contains(s.roles, r) || r == model.RoleBoard {
			continue
		}
		box.Add(choice(model.RoleName(w, r), s.roleSays(r), roleIcon(r), func() { s.addRole(r) }))
	}
	if cancel != nil {
		box.Add(container.NewHBox(newButton(w.L("Cancel"), theme.CancelIcon(), cancel)))
	}
	s.page(box, cancel)
}

// addRole begins a role in the open home.
func (s *shell) addRole(r model.Role) {
	p := model.Place{Dir: s.home.Dir(), Role: r}
	if !slices.Contains(s.roles, r) {
		s.roles = append(s.roles, r)
	}
	if r == model.RoleHospital {
		s.firstTrust(p)
		return
	}
	s.unlocked(func() { s.makeWallet(p) })
}

// makeWallet makes the wallet where there is none, and enters it.
func (s *shell) makeWallet(p model.Place) {
	h := s.home
	s.page(s.waiting(), nil)
	s.beside(func() {
		w, err := h.Wallet(s.ctx)
		if err == nil {
			if _, err = w.Init(s.ctx); model.CodeIs(err, "wallet_made_already") {
				err = nil
			}
		}
		onScreen(func() {
			if err != nil {
				s.closed(p, err)
				return
			}
			s.enterPlace(p)
		})
	})
}

// closed says why a home does not open, and offers every way on.
func (s *shell) closed(p model.Place, err error) {
	w := s.words
	c := model.ClosedOf(w, p.Dir, err)
	s.errors.Add(c.Code, s.now())
	box := container.NewVBox(heading(c.Message), wrapped(c.Next), caption(w.L("Folder: {{.Folder}}", model.D{"Folder": c.Dir})))
	for i, way := range c.Ways {
		title, icon, f := s.way(way, p)
		b := newButton(title, icon, f)
		if i == 0 {
			b.Importance = widget.HighImportance
		}
		b.Alignment = widget.ButtonAlignLeading
		box.Add(b)
	}
	for _, other := range s.known() {
		if other.Dir != p.Dir {
			box.Add(widget.NewSeparator())
			box.Add(container.NewHBox(newButton(w.L("Open {{.Place}}", model.D{"Place": other.Name(w, true)}), roleIcon(other.Role), func() { s.openPlace(other) })))
			break
		}
	}
	box.Add(codeLink(s, c.Code))
	s.page(box, nil)
}

func (s *shell) way(way model.Way, p model.Place) (title string, icon fyne.Resource, f func()) {
	w := s.words
	switch way {
	case model.WayRestore:
		return w.L("Restore a backup…"), theme.HistoryIcon(), func() { s.restore(p.Dir) }
	case model.WayChoose:
		return w.L("Choose another folder…"), theme.FolderOpenIcon(), s.chooseHome
	case model.WayUpdate:
		return w.L("How to upgrade"), theme.DownloadIcon(), func() { s.help("upgrading") }
	case model.WayNew:
		return w.L("Make a new home"), theme.ContentAddIcon(), func() {
			s.fresh = p.Dir
			s.who()
		}
	}
	return w.L("Try again"), theme.ViewRefreshIcon(), func() { s.openPlace(p) }
}

// rowOrColumn lays buttons side by side, on a phone one below the other.
func (s *shell) rowOrColumn(n int) fyne.Layout {
	if s.narrow() {
		n = 1
	}
	return gridOf(n)
}
