package app

import (
	"context"
	"io"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/card"
	"bonafide/internal/home"
	"bonafide/internal/qr"
	"bonafide/issuer"
	"bonafide/vc"
)

// atWork is a board at the work of one person: the one who has unlocked the home.
type atWork struct {
	*issuer.Board
	h *home.Home
}

func (b *board) atWork() (atWork, error) {
	is, err := b.open(b.s.ctx)
	return atWork{is, b.home}, err
}

// Import implements model.Importing.
func (a atWork) Import(ctx context.Context, file io.Reader, m *issuer.Mapping, o issuer.ImportOptions) (issuer.ImportReport, error) {
	o.Person = a.h.Actor()
	return a.Board.Import(ctx, file, m, o)
}

// issuing is the name of the lock that one process issues under.
const issuing = "issue"

// Issue implements model.IssuingBoard.
func (a atWork) Issue(ctx context.Context, o issuer.IssueOptions) (rep issuer.IssueReport, err error) {
	o.Person = a.h.Actor()
	err = a.h.Exclusive(ctx, issuing, func() error {
		rep, err = a.Board.Issue(ctx, o)
		return err
	})
	return rep, err
}

// Resume implements model.IssuingBoard.
func (a atWork) Resume(ctx context.Context, o issuer.IssueOptions) (rep issuer.IssueReport, err error) {
	o.Person = a.h.Actor()
	err = a.h.Exclusive(ctx, issuing, func() error {
		rep, err = a.Board.Resume(ctx, o)
		return err
	})
	return rep, err
}

// Accept implements model.IssuingBoard.
func (a atWork) Accept(ctx context.Context, claim []byte) (issuer.Claim, error) {
	return a.AcceptClaim(ctx, claim, a.h.Actor())
}

// ClaimCode implements card.Coder.
func (a atWork) ClaimCode(ctx context.Context, ref string, o issuer.ClaimCodeOptions) (string, time.Time, error) {
	o.Person = a.h.Actor()
	return a.Board.ClaimCode(ctx, ref, o)
}

// Letterhead implements model.LettersBoard.
func (a atWork) Letterhead() (card.Sender, error) { return a.h.Letterhead() }

// Card implements model.LettersBoard.
func (a atWork) Card(ctx context.Context, ref string, format vc.Format) (card.Checked, error) {
	return a.h.BoardCard(ctx, a.Board, ref, format)
}

// importRoom is where a register comes in, is issued, and goes out as letters.
type importRoom struct {
	*lockedRoom
	imports *model.Imports
	issue   *model.Issuing
	letters *lettersPanel

	mapping *widget.Select
	top     *fyne.Container // what is to be done with a file
	reading *workBar
	rows    *widget.Label
	found   *fyne.Container
	upTo    int // how many rows of an open group are drawn

	stages  *fyne.Container
	working *workBar
	waits   *fyne.Container
	outcome *fyne.Container

	drawnImport, drawnIssue int
	drawnStages             []model.Stage
	busy                    [2]bool
	choosing                bool // the room itself sets the mapping
}

// rowsAtOnce is how many rows of a group are drawn at first, and more at a time.
const rowsAtOnce = 50

func (b *board) imports(s *shell) room {
	w := s.words
	r := &importRoom{lockedRoom: b.room(w.L("Import and issue")), upTo: rowsAtOnce, drawnImport: -1, drawnIssue: -1}
	r.imports = model.NewImports(func() (model.Importing, error) { return b.atWork() }, w, func() { onScreen(r.drawImport) })
	r.issue = model.NewIssuing(func() (model.IssuingBoard, error) { return b.atWork() }, qr.Read, w, func() { onScreen(r.drawIssue) })
	r.letters = newLettersPanel(b, nil, func() { relayout(r.scroll) })
	r.refresh = func() {
		r.issue.Refresh(s.ctx)
		r.letters.model.Refresh(s.ctx)
	}

	r.mapping = widget.NewSelect(nil, r.chooseMapping)
	r.top, r.found, r.rows = container.NewVBox(), container.NewVBox(), wrapped("")
	r.reading = newWorkBar(w, r.imports.Work)
	r.body.Add(newPanel(theme.ColorNamePrimary, container.NewVBox(
		section2(w.L("Import a register file")), r.top, r.reading, r.rows, r.found,
	)))
	r.waits, r.stages, r.outcome = container.NewVBox(), container.NewVBox(), container.NewVBox()
	r.working = newWorkBar(w, r.issue.Work)
	r.body.Add(newPanel(theme.ColorNamePrimary, container.NewVBox(
		section2(w.L("Issue")), r.waits, r.stages, r.working, r.outcome,
	)))
	r.body.Add(newPanel(theme.ColorNamePrimary, container.NewVBox(section2(w.L("Letters with claim codes")), r.letters.box)))
	r.drawImport()
	r.drawIssue()
	return r
}

// Take implements taker: register files, mappings, and wallets' claims.
func (r *importRoom) Take(files []model.File) {
	r.s.unlocked(func() {
		r.s.beside(func() {
			register, claims := model.SortBoardFiles(files)
			if len(register) > 0 {
				r.imports.Take(r.s.ctx, register...)
			}
			if len(claims) > 0 {
				r.issue.Answer(r.s.ctx, claims...)
				r.letters.model.Refresh(r.s.ctx)
			}
		})
	})
}

// Paste implements paster: a claim's text, or rows of a register.
func (r *importRoom) Paste(text string) { r.Take([]model.File{textFile(text)}) }

// Stop implements stopper.
func (r *importRoom) Stop() {
	r.imports.Work.Cancel()
	r.issue.Work.Cancel()
	r.letters.model.Work.Cancel()
}

// Actions implements actor.
func (r *importRoom) Actions() []action {
	w := r.s.words
	return []action{
		{w.L("Choose a register file…"), control(fyne.KeyO), r.open},
		{w.L("Answer a claim…"), nil, r.answer},
	}
}

func (r *importRoom) open() {
	r.s.openFiles(r.s.words.L("Choose a register file"), r.Take)
}

func (r *importRoom) answer() {
	r.s.openFiles(r.s.words.L("Choose a claim, or a picture of its codes"), r.Take)
}

func (r *importRoom) chooseMapping(title string) {
	if r.choosing {
		return
	}
	for _, c := range r.imports.State().Mappings {
		if c.Title == title {
			r.s.beside(func() { r.imports.Choose(r.s.ctx, c.ID) })
		}
	}
}

func (r *importRoom) example() {
	w := r.s.words
	r.s.saveFile("register-example.csv", func(out io.Writer) error { _, err := out.Write(model.ImportExample()); return err },
		func() { r.s.notice(w.L("Saved."), nil) })
}

// drawImport shows the import; it runs on Fyne's goroutine.
func (r *importRoom) drawImport() {
	st, w, s := r.imports.State(), r.s.words, r.s
	r.reading.Update()
	busy := r.imports.Work.State().Running
	setText(r.rows, "")
	if busy {
		setText(r.rows, st.Rows)
	}
	if r.drawnImport == st.Version && r.busy[0] == busy {
		return // the bar alone moved
	}
	r.drawnImport, r.busy[0] = st.Version, busy
	defer relayout(r.scroll)
	r.top.RemoveAll()
	r.found.RemoveAll()

	r.choosing = true
	var titles []string
	at := -1
	for i, c := range st.Mappings {
		titles = append(titles, c.Title)
		if c.ID == st.Mapping {
			at = i
		}
	}
	r.mapping.SetOptions(titles)
	r.mapping.SetSelectedIndex(at)
	r.choosing = false
	enable(r.mapping, !busy)

	choose := newPrimary(w.L("Choose a register file…"), theme.FolderOpenIcon(), r.open)
	if st.File == "" {
		hint := w.L("A CSV file in UTF-8 as your licensing system exports it: the first line names the columns, each other line is one licence. It is only looked at; nothing changes until you say so.")
		r.top.Add(wrapped(hint))
		if !s.narrow() {
			r.top.Add(wrapped(w.L("It can also be dropped on this window, together with a mapping file where you have one.")))
		}
	} else {
		choose = newButton(w.L("Another file…"), theme.FolderOpenIcon(), r.open)
		r.top.Add(strong(st.File))
	}
	r.top.Add(field(w.L("Which of its columns is what"), r.mapping))
	if st.Guessed {
		r.top.Add(caption(w.L("Chosen because the file has these columns.")))
	}
	list := []fyne.CanvasObject{choose}
	if st.File == "" {
		list = append(list, newButton(w.L("Save an example…"), theme.DocumentSaveIcon(), r.example))
	} else if !busy {
		list = append(list, newButton(w.L("Clear"), theme.CancelIcon(), r.imports.Clear))
	}
	enable(choose, !busy)
	r.top.Add(buttons(s, list...))
	if !busy {
		r.drawFound(st)
	}
}

// drawFound shows what a file would do, or did.
func (r *importRoom) drawFound(st model.ImportState) {
	w, s := r.s.words, r.s
	if st.Trouble.Code != "" {
		r.found.Add(troublePanel(s, st.Trouble))
	}
	if st.Said != "" {
		r.found.Add(wrapped(st.Said))
	}
	if st.Notice.Code != "" {
		r.found.Add(troublePanel(s, st.Notice))
	}
	if st.Phase == model.ImportEmpty {
		return
	}
	r.found.Add(tight(strong(st.Title), wrapped(st.Summary)))
	groups := container.NewVBox()
	for _, g := range st.Groups {
		groups.Add(r.group(g, st))
	}
	r.found.Add(groups)
	if st.Waiting != "" {
		r.found.Add(newPanel(theme.ColorNameWarning, container.NewVBox(wrapped(st.Waiting),
			buttons(s, newButton(w.L("Go to Approvals"), theme.ConfirmIcon(), func() { s.goTo("approvals") })))))
	}
	var list []fyne.CanvasObject
	if st.Ready {
		list = append(list, newPrimary(w.L("Import"), theme.ConfirmIcon(), func() {
			s.unlocked(func() {
				s.beside(func() {
					r.imports.Import(s.ctx)
					r.refresh()
				})
			})
		}))
	}
	if st.Wrong {
		list = append(list, newButton(w.L("Save the wrong rows…"), theme.DocumentSaveIcon(), func() {
			s.saveFile("wrong-rows.csv", r.imports.WriteErrors, func() { s.notice(w.L("Saved."), nil) })
		}))
	}
	if len(list) > 0 {
		r.found.Add(buttons(s, list...))
	}
}

// group is a line for rows that mean the same; opened, with the rows.
func (r *importRoom) group(g model.RowGroup, st model.ImportState) fyne.CanvasObject {
	w := r.s.words
	icon, colour := theme.ConfirmIcon(), theme.ColorNameSuccess
	switch g.Tone {
	case model.Limited:
		icon, colour = theme.WarningIcon(), theme.ColorNameWarning
	case model.Bad:
		icon, colour = theme.ErrorIcon(), theme.ColorNameError
	case model.Unclear:
		icon, colour = theme.InfoIcon(), theme.ColorNameForeground
	}
	coloured := theme.NewColoredResource(icon, colour)
	if !g.Opens {
		return container.NewBorder(nil, nil, container.NewPadded(widget.NewIcon(coloured)), nil, wrapped(g.Title))
	}
	open := st.Open == g.ID
	title, fold := wrapped(g.Title), theme.MenuExpandIcon()
	if title.TextStyle.Bold = open; open {
		fold = theme.MenuDropDownIcon()
	}
	head := container.NewStack(newQuiet("", nil, func() {
		r.upTo = rowsAtOnce
		if open {
			r.imports.Show("")
		} else {
			r.imports.Show(g.ID)
		}
	}), container.NewBorder(nil, nil, container.NewPadded(widget.NewIcon(coloured)), container.NewPadded(widget.NewIcon(fold)), title))
	if !open {
		return head
	}
	rows := tight()
	for i, l := range st.Lines {
		if i == r.upTo {
			break
		}
		rows.Add(container.New(layout.NewFormLayout(), caption1(l.Line), wrapped(l.Says)))
	}
	box := container.NewVBox(head, rows)
	switch {
	case len(st.Lines) > r.upTo:
		box.Add(buttons(r.s, newButton(w.L("Show more"), theme.MoveDownIcon(), func() {
			r.upTo += rowsAtOnce
			r.drawnImport = -1
			r.drawImport()
		})))
	case st.More != "":
		box.Add(caption(st.More))
	}
	return box
}

// caption1 is a caption in one line.
func caption1(text string) *widget.Label {
	l := caption(text)
	l.Wrapping = fyne.TextWrapOff
	return l
}

// drawIssue shows the issuing; it runs on Fyne's goroutine.
func (r *importRoom) drawIssue() {
	st, w, s := r.issue.State(), r.s.words, r.s
	r.working.Update()
	busy := r.issue.Work.State().Running
	same := r.drawnIssue == st.Version && r.busy[1] == busy
	if same && slices.Equal(r.drawnStages, st.Stages) {
		return
	}
	defer relayout(r.scroll)
	r.drawnStages = st.Stages
	r.stages.RemoveAll()
	for _, stage := range st.Stages {
		r.stages.Add(stageLine(stage))
	}
	if same {
		return
	}
	r.drawnIssue, r.busy[1] = st.Version, busy
	r.waits.RemoveAll()
	r.outcome.RemoveAll()
	if !st.Loaded && !busy {
		r.waits.Add(wrapped(w.L("Counting what waits")))
	}
	if st.Ledger.Code != "" && !busy {
		r.waits.Add(troublePanel(s, st.Ledger, newButton(w.L("Try again"), theme.ViewRefreshIcon(), func() { s.beside(func() { r.issue.Refresh(s.ctx) }) })))
	}
	if !busy {
		lines := tight(strong(st.Due))
		if st.Begun != "" {
			lines.Add(wrapped(st.Begun))
		}
		for _, o := range st.Others {
			lines.Add(caption(o))
		}
		if st.Due != "" {
			r.waits.Add(lines)
		}
		issue := newPrimary(w.L("Issue now"), theme.ConfirmIcon(), func() { r.work(r.issue.Issue) })
		enable(issue, st.CanIssue)
		list := []fyne.CanvasObject{issue}
		if st.CanResume {
			list = append(list, newButton(w.L("Only finish what was begun"), theme.MediaPlayIcon(), func() { r.work(r.issue.Resume) }))
		}
		list = append(list, newButton(w.L("Answer a claim…"), theme.FolderOpenIcon(), r.answer),
			newButton(w.L("Camera"), theme.MediaPhotoIcon(), func() { s.readCamera(r.Take) }))
		r.waits.Add(buttons(s, list...))
	}
	for _, t := range []model.Trouble{st.Trouble, st.Fault} {
		if t.Code != "" {
			r.outcome.Add(troublePanel(s, t))
		}
	}
	if len(st.Said)+len(st.Failed)+len(st.Files) > 0 {
		box := container.NewVBox()
		said := tight()
		for _, t := range st.Said {
			said.Add(wrapped(t))
		}
		for _, t := range st.Failed {
			said.Add(wrapped(t))
		}
		box.Add(said)
		for _, f := range st.Files {
			box.Add(r.handOver(f))
		}
		box.Add(container.NewHBox(newQuiet(w.L("Done"), theme.ConfirmIcon(), r.issue.Done)))
		colour := theme.ColorNameSuccess
		if len(st.Failed) > 0 {
			colour = theme.ColorNameWarning
		}
		r.outcome.Add(newPanel(colour, box))
	}
	for _, n := range st.Notes {
		r.outcome.Add(warning(n))
	}
}

// work runs an issuing beside the screen.
func (r *importRoom) work(do func(context.Context)) {
	r.s.unlocked(func() {
		r.s.beside(func() {
			do(r.s.ctx)
			r.letters.model.Refresh(r.s.ctx)
		})
	})
}

// handOver is a licence that goes to who claimed it.
func (r *importRoom) handOver(f model.IssuedFile) fyne.CanvasObject {
	w, s := r.s.words, r.s
	return container.NewVBox(strong(f.Title), buttons(s,
		newButton(w.L("Save the licence…"), theme.DocumentSaveIcon(), func() {
			s.saveFile(f.Name, func(out io.Writer) error { _, err := out.Write(f.Bytes); return err }, func() { s.notice(w.L("Saved."), nil) })
		}),
		newButton(w.L("Show it as QR codes"), theme.VisibilityIcon(), func() { showCodes(s, f.Title, f.Bytes) }),
	))
}

// showCodes shows content as QR codes over the window.
func showCodes(s *shell, title string, content []byte) {
	c := newCodes(s, content)
	d := newDialog(s, title, container.NewVScroll(c.box))
	d.SetButtons([]fyne.CanvasObject{newPrimary(s.words.L("Close"), theme.CancelIcon(), d.Hide)})
	askThen(s, d, c.close)
}

// askThen shows a dialog and runs closed once it goes, by whichever way.
func askThen(s *shell, d dialog.Dialog, closed func()) {
	s.ask(d, s.most())
	d.SetOnClosed(func() {
		s.dialogs = slices.DeleteFunc(s.dialogs, func(o dialog.Dialog) bool { return o == d })
		closed()
	})
}

// stageLine is one stage: what it is, and how far.
func stageLine(st model.Stage) fyne.CanvasObject {
	icon, colour := theme.RadioButtonIcon(), theme.ColorNameForeground
	switch st.State {
	case model.StageNow:
		icon, colour = theme.MediaPlayIcon(), theme.ColorNamePrimary
	case model.StageOver:
		icon, colour = theme.ConfirmIcon(), theme.ColorNameSuccess
	}
	title := wrapped(st.Title)
	title.TextStyle.Bold = st.State == model.StageNow
	if st.Says == "" {
		return marked(icon, colour, title)
	}
	return marked(icon, colour, title, caption(st.Says))
}
