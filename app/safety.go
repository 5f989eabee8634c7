package app

import (
	"context"
	"errors"
	"io"
	"os"
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

// safe is the home of a place as safety needs it: passphrases are lent to it.
type safe struct {
	*home.Home
	s *shell
}

// ChangePassphrase implements model.Safe.
func (h safe) ChangePassphrase(ctx context.Context, pass []byte) error {
	return h.s.session.Lend(pass, func(open *home.Home) error { return open.ChangePassphrase(ctx) })
}

// AddPerson implements model.Safe.
func (h safe) AddPerson(ctx context.Context, name string, pass []byte) error {
	return h.s.session.Lend(pass, func(open *home.Home) error { return open.AddPerson(ctx, name) })
}

func (s *shell) safe(h *home.Home) (model.Safe, error) {
	if h.Actor() == "" {
		return nil, explain.Errorf("passphrase_needed", "the home is locked")
	}
	return safe{h, s}, nil
}

func (p *practitioner) safe() (model.Safe, error) { return p.s.safe(p.home) }

// safetyRoom is about backups, passphrases and who may unlock. A board has it as
// a part of a room of its own.
type safetyRoom struct {
	*lockedRoom
	role  model.Role
	model *model.Safety
	bar   *workBar
	top   *fyne.Container
	parts *fyne.Container
	form1 []*entry // of the open form
	bar1  *workBar // in the open form; nil where none is

	folder func(what string, take func(dir string))
	file   func(take func(path string))
}

func (p *practitioner) safety(s *shell) room {
	return safetyIn(newWalletRoom(p, s.words.L("Safety")).lockedRoom, model.RolePractitioner)
}

func (h *hospital) safety(s *shell) room {
	return safetyIn(newLockedRoom(s, h.home, s.words.L("Safety"), s.words.L("What was verified here is locked. Nothing of it is shown until it is unlocked.")), model.RoleHospital)
}

// safetyIn makes a room of safety alone.
func safetyIn(in *lockedRoom, role model.Role) *safetyRoom {
	r := newSafety(in, role)
	r.refresh = func() { r.model.Refresh(in.s.ctx) }
	return r
}

// newSafety puts safety into the body of a room.
func newSafety(in *lockedRoom, role model.Role) *safetyRoom {
	s := in.s
	r := &safetyRoom{lockedRoom: in, role: role}
	r.model = model.NewSafety(role, func() (model.Safe, error) { return s.safe(in.home) }, s.now, s.words, func() { onScreen(r.draw) })
	r.bar = newWorkBar(s.words, r.model.Work())
	r.folder, r.file = s.openFolder, r.chooseBackup
	r.top, r.parts = container.NewVBox(), container.NewVBox()
	r.body.Add(r.bar)
	r.body.Add(r.top)
	r.body.Add(r.parts)
	r.draw()
	return r
}

// Stop implements stopper.
func (r *safetyRoom) Stop() {
	if r.model.Work().State().Running {
		r.model.Work().Cancel()
		return
	}
	r.model.Dismiss()
}

// Actions implements actor.
func (r *safetyRoom) Actions() []action {
	return []action{{r.s.words.L("Make a backup…"), control(fyne.KeyB), r.backup}}
}

func (r *safetyRoom) draw() {
	st, w := r.model.State(), r.s.words
	defer r.body.Refresh()
	r.bar.Update()
	if r.bar1 != nil {
		r.bar1.Update()
	}
	r.top.RemoveAll()
	r.parts.RemoveAll()
	if !st.Loaded {
		r.top.Add(wrapped(w.L("Looking at the home")))
		return
	}
	if st.Trouble.Code != "" {
		r.top.Add(troublePanel(r.s, st.Trouble, newButton(w.L("Try again"), theme.ViewRefreshIcon(), r.Enter)))
	}
	if f := st.Finished; f != nil {
		r.top.Add(r.finished(*f))
	}
	busy := r.model.Work().State().Running
	action := func(b *push) *push {
		enable(b, !busy)
		return b
	}

	edge, lines := theme.ColorNameSuccess, tight(strong(st.Last))
	if st.Due != "" {
		edge = theme.ColorNameWarning
		lines.Add(wrapped(st.Due))
	}
	if st.Restored != "" {
		lines.Add(caption(st.Restored))
	}
	holds := w.L("A backup is one encrypted file with everything in this home: your licences, your keys and the log. It has a passphrase of its own.")
	may := w.L("Whoever may unlock it sees everything in it and can act with it. What they do is noted under their name.")
	who := w.L("Who may unlock this home")
	switch r.role {
	case model.RoleHospital:
		holds = w.L("A backup is one encrypted file with everything in this home: the verdicts that were kept, your requests and your own list of issuers. It has a passphrase of its own.")
	case model.RoleBoard:
		holds = w.L("A backup is one encrypted file with everything in this home: the register, the board's keys, what waits for approval and who may sign in. It has a passphrase of its own.")
		may = w.L("Whoever may sign in sees the whole register and can act in the board's name. What they do is noted under their name. What suspends, ends or replaces a licence takes two: somebody else approves it.")
		who = w.L("Who may sign in")
	}
	r.parts.Add(newPanel(edge, container.NewVBox(section2(w.L("Backup")), lines,
		wrapped(holds),
		buttons(r.s,
			action(newPrimary(w.L("Make a backup…"), theme.DocumentSaveIcon(), r.backup)),
			action(newButton(w.L("Rehearse a backup…"), theme.VisibilityIcon(), r.rehearse)),
			action(newButton(w.L("Restore a backup…"), theme.HistoryIcon(), func() { r.s.restore("") })),
		),
		caption(w.L("Rehearsing goes through a backup as if it were restored and changes nothing. Restoring it makes a new folder and leaves this home as it is.")),
	)))
	people := tight()
	for _, p := range st.People {
		people.Add(wrapped(r.unlocker(p)))
	}
	ways := []fyne.CanvasObject{
		action(newButton(w.L("Change your passphrase…"), lockIcon(), r.change)),
		action(newButton(w.L("Add a person…"), theme.ContentAddIcon(), r.add)),
	}
	if r.s.several() {
		ways = append(ways, action(newButton(w.L("Sign in as someone else…"), theme.AccountIcon(), r.s.signInAnew)))
	}
	r.parts.Add(newPanel(theme.ColorNamePrimary, container.NewVBox(section2(who), people, buttons(r.s, ways...), caption(may))))
}

func (r *safetyRoom) unlocker(p model.Unlocker) string {
	w, name := r.s.words, model.D{"Name": p.Name}
	switch {
	case p.You && p.Keyring:
		return w.L("You, as “{{.Name}}”: by your passphrase, and by this computer's keyring", name)
	case p.You:
		return w.L("You, as “{{.Name}}”: by your passphrase", name)
	case p.Keyring:
		return w.L("“{{.Name}}”: by a passphrase, and by this computer's keyring", name)
	}
	return w.L("“{{.Name}}”: by a passphrase", name)
}

func (r *safetyRoom) finished(f model.Finished) fyne.CanvasObject {
	box := container.NewVBox(said(theme.ColorNameSuccess, f.Title, f.Lines...))
	for _, n := range f.Notes {
		box.Add(newPanel(theme.ColorNameWarning, warning(n)))
	}
	box.Add(container.NewHBox(newButton(r.s.words.L("Close"), theme.CancelIcon(), r.model.Dismiss)))
	return box
}

// form is a dialog of fields with one action. What the action says is wrong
// stands in it; else it closes.
func (r *safetyRoom) form(title, yes string, fields []fyne.CanvasObject, first fyne.Focusable, entries []*entry, do func() error) {
	w := r.s.words
	var d *dialog.CustomDialog
	trouble := container.NewVBox()
	trouble.Hide()
	r.bar1 = newWorkBar(w, r.model.Work())
	box := container.NewVBox(append(fields, trouble, r.bar1)...)
	var run *push
	run = newPrimary(yes, theme.ConfirmIcon(), func() {
		run.Disable()
		r.s.beside(func() {
			err := do()
			onScreen(func() {
				run.Enable()
				if err != nil && !errors.Is(err, context.Canceled) {
					troubles(r.s, trouble, model.TroubleOf(w, err))
					return
				}
				for _, e := range entries {
					e.SetText("") // nothing typed stays behind
				}
				d.Hide()
			})
		})
	})
	r.form1 = entries
	for _, e := range entries {
		e.OnSubmitted = func(string) { run.Tapped(nil) }
	}
	d = newDialog(r.s, title, box)
	d.SetButtons([]fyne.CanvasObject{newButton(w.L("Cancel"), theme.CancelIcon(), func() {
		if r.model.Work().State().Running {
			r.model.Work().Cancel()
			return
		}
		d.Hide()
	}), run})
	r.s.ask(d, fyne.NewSize(460, 0))
	if first != nil {
		r.s.window.Canvas().Focus(first)
	}
}

// typedPass is what stands in an entry, as bytes that are overwritten after use.
func typedPass(e *entry) []byte { return []byte(e.Text) }

// strength says how good a passphrase is while it is typed.
func (r *safetyRoom) strength(e *entry) *widget.Label {
	l := caption("")
	l.Hide()
	e.OnChanged = func(text string) {
		if text == "" {
			setText(l, "")
			return
		}
		setText(l, model.StrengthWords(r.s.words, model.StrengthOf(text)))
	}
	return l
}

// backup asks where to and under which passphrase.
func (r *safetyRoom) backup() {
	w := r.s.words
	pass, again := newPassword(), newPassword()
	fields := []fyne.CanvasObject{wrapped(w.L("Choose a passphrase for the backup. Write it down and keep it apart from the file: nobody can open it without."))}
	dir := ""
	if !fyne.CurrentDevice().IsMobile() {
		where := wrapped(w.L("No folder chosen yet."))
		choose := newButton(w.L("Choose the folder…"), theme.FolderOpenIcon(), func() {
			r.folder(w.L("Where to keep the backup"), func(chosen string) {
				dir = chosen
				where.SetText(w.L("Folder: {{.Folder}}", model.D{"Folder": model.FileName(chosen)}))
			})
		})
		fields = append(fields, container.NewHBox(choose), where)
	}
	fields = append(fields, field(w.L("Passphrase of the backup"), pass), r.strength(pass), field(w.L("The passphrase again"), again))
	r.form(w.L("Make a backup"), w.L("Make the backup"), fields, pass, []*entry{pass, again}, func() error {
		return r.backupTo(dir, typedPass(pass), typedPass(again))
	})
}

// backupTo writes the backup into a folder; on a phone, whose folders have no
// paths, beside the app's own files first, from where it is handed on at once. It
// is encrypted wherever it lies.
func (r *safetyRoom) backupTo(dir string, pass, again []byte) error {
	name := model.BackupName(r.s.now())
	if dir != "" {
		return r.model.Backup(r.s.ctx, filepath.Join(dir, name), pass, again)
	}
	if !fyne.CurrentDevice().IsMobile() {
		return explain.Errorf("backup_nowhere", "no folder chosen")
	}
	temp, err := os.MkdirTemp("", "bonafide-")
	if err != nil {
		return explain.Errorf("folder_unwritable", "making a folder: %w", err)
	}
	file := filepath.Join(temp, name)
	if err := r.model.Backup(r.s.ctx, file, pass, again); err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	onScreen(func() {
		r.s.saveFile(name, func(out io.Writer) (err error) {
			defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
			in, err := os.Open(file)
			if err != nil {
				return err
			}
			defer func() { _ = in.Close() }() // it was only read
			_, err = io.Copy(out, in)
			return err
		}, func() { r.s.notice(r.s.words.L("Saved."), nil) })
	})
	return nil
}

// rehearse asks for a backup and its passphrase.
func (r *safetyRoom) rehearse() {
	w := r.s.words
	pass := newPassword()
	file, which := "", wrapped(w.L("No file chosen yet."))
	choose := newButton(w.L("Choose the backup…"), theme.FolderOpenIcon(), func() {
		r.file(func(path string) {
			file = path
			which.SetText(model.FileName(filepath.Base(file)))
		})
	})
	r.form(w.L("Rehearse a backup"), w.L("Rehearse"), []fyne.CanvasObject{
		container.NewHBox(choose), which, field(w.L("Passphrase of the backup"), pass),
	}, pass, []*entry{pass}, func() error {
		if file == "" {
			return explain.Errorf("backup_nowhere", "no file chosen")
		}
		return r.model.Rehearse(r.s.ctx, file, typedPass(pass))
	})
}

// chooseBackup asks for a file by its path: the home reads it.
func (r *safetyRoom) chooseBackup(take func(path string)) {
	d := dialog.NewFileOpen(func(u fyne.URIReadCloser, err error) {
		switch {
		case err != nil:
			r.s.problem(explain.Errorf("file_unreadable", "%w", err))
		case u != nil:
			_ = u.Close()
			take(u.URI().Path())
		}
	}, r.s.window)
	r.s.ask(d, r.s.most())
}

// change asks for the old passphrase and a new one.
func (r *safetyRoom) change() {
	w := r.s.words
	old, pass, again := newPassword(), newPassword(), newPassword()
	r.form(w.L("Change your passphrase"), w.L("Change it"), []fyne.CanvasObject{
		field(w.L("Your passphrase until now"), old), field(w.L("New passphrase"), pass), r.strength(pass), field(w.L("The new passphrase again"), again),
	}, old, []*entry{old, pass, again}, func() error {
		return r.model.ChangePassphrase(r.s.ctx, typedPass(old), typedPass(pass), typedPass(again))
	})
}

// add asks for a name and a passphrase.
func (r *safetyRoom) add() {
	w := r.s.words
	name, pass, again := newEntry(), newPassword(), newPassword()
	r.form(w.L("Add a person"), w.L("Add"), []fyne.CanvasObject{
		field(w.L("Name"), name), field(w.L("New passphrase"), pass), r.strength(pass), field(w.L("The new passphrase again"), again),
	}, name, []*entry{name, pass, again}, func() error {
		return r.model.AddPerson(r.s.ctx, name.Text, typedPass(pass), typedPass(again))
	})
}
