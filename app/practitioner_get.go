package app

import (
	"io"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/qr"
)

// getRoom is how a licence comes here: by a claim code, and by taking in what
// the board made.
type getRoom struct {
	*walletRoom
	claim   *model.Claim
	receive *model.Receive

	top      *fyne.Container // outcomes, or the claim that was made
	rest     *fyne.Container // hidden while a claim stands on the screen
	noBoards *fyne.Container
	board    *widget.Select
	code     *entry
	typed    *widget.Label
	unknown  *widget.Label
	read     *widget.Label
	trouble  *fyne.Container
	make     *push
	working  *waiting
	pending  *fyne.Container

	boards []model.Party
	shown  *codes
	stands string // which claim is drawn
	turn   int    // which outcomes are drawn
	drawn  int
	pasted string // text with a claim code that came from the clipboard
}

func (p *practitioner) get(s *shell) room {
	w := s.words
	r := &getRoom{walletRoom: newWalletRoom(p, w.L("Get a licence")), turn: -1}
	r.claim = model.NewClaim(func() (model.Claiming, error) { return p.open() }, qr.Read, w, func() { onScreen(r.draw) })
	r.receive = model.NewReceive(func() (model.Receiving, error) { return p.open() }, qr.Read, s.now, w, func() { onScreen(r.draw) })
	r.refresh = func() { r.claim.Refresh(s.ctx) }

	r.top, r.rest, r.pending, r.noBoards, r.trouble = container.NewVBox(), container.NewVBox(), container.NewVBox(), container.NewVBox(), container.NewVBox()
	r.board = widget.NewSelect(nil, r.chooseBoard)
	r.board.PlaceHolder = w.L("Choose the board")
	r.code = newEntry()
	r.code.SetPlaceHolder("XXXX-XXXX-XXXX-XXXX-XXXX-XXX")
	r.code.OnChanged = r.claim.SetCode
	r.code.OnSubmitted = func(string) { r.makeClaim() }
	r.typed, r.unknown, r.read = wrapped(""), wrapped(w.L("The data on this device does not know this board. Compare its identifier with what the board wrote to you.")), wrapped("")
	r.make = newPrimary(w.L("Make the claim"), theme.ConfirmIcon(), r.makeClaim)
	r.working = newWaiting(s, r.receive.Cancel, r.draw)

	take := newPanel(theme.ColorNamePrimary, container.NewVBox(
		section2(w.L("Take in what the board gave you")),
		wrapped(r.invitation()),
		buttons(s,
			newPrimary(w.L("Open…"), theme.FolderOpenIcon(), r.open),
			newButton(w.L("Paste"), theme.ContentPasteIcon(), s.paste),
			newButton(w.L("Camera"), theme.MediaPhotoIcon(), r.camera),
		),
	))
	claim := newPanel(theme.ColorNamePrimary, container.NewVBox(
		section2(w.L("Claim a licence with a code")),
		wrapped(w.L("Your board gives you a claim code, in a letter or at its desk. With it you ask for the licence, bound to this device.")),
		r.noBoards,
		field(w.L("Board"), r.board), r.unknown,
		field(w.L("Claim code"), r.code), r.typed, r.read, r.trouble,
		buttons(s, r.make, newButton(w.L("Read it from a letter…"), theme.FolderOpenIcon(), r.openLetter)),
	))
	r.rest.Add(r.pending)
	r.rest.Add(claim)
	r.rest.Add(take)
	r.body.Add(r.working.box)
	r.body.Add(r.top)
	r.body.Add(r.rest)
	r.draw()
	return r
}

func (r *getRoom) invitation() string {
	if r.s.narrow() {
		return r.s.words.L("Open the file that the board gave you, a picture of its QR codes, or paste its text. Several at once are fine.")
	}
	return r.s.words.L("Drop the file that the board gave you here, open it or a picture of its QR codes, or paste its text. Several at once are fine.")
}

// Leave implements room.
func (r *getRoom) Leave() {
	r.walletRoom.Leave()
	r.shown.close()
	r.stands = ""
}

// Take implements taker.
func (r *getRoom) Take(files []model.File) {
	r.s.unlocked(func() { r.s.beside(func() { r.take(files) }) })
}

// take takes files in. A letter with a claim code is read at once.
func (r *getRoom) take(files []model.File) {
	r.receive.Take(r.s.ctx, files...)
	var letters []model.File
	for _, o := range r.receive.State().Outcomes {
		if o.Arrival == model.ArrivedLetter {
			letters = append(letters, fileOf(o.Content))
		}
	}
	if len(letters) > 0 {
		r.claim.Take(r.s.ctx, letters...)
	}
	r.claim.Refresh(r.s.ctx) // what came may have ended a claim
}

func fileOf(b []byte) model.File {
	return model.File{Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(string(b))), nil }}
}

// Paste implements paster.
func (r *getRoom) Paste(text string) {
	r.pasted = text
	r.Take([]model.File{fileOf([]byte(text))})
}

// Stop implements stopper.
func (r *getRoom) Stop() {
	switch {
	case r.receive.State().Phase == model.Working:
		r.receive.Cancel()
	case r.claim.State().Made != nil:
		r.claim.Done()
	default:
		r.receive.Clear()
	}
}

// Actions implements actor.
func (r *getRoom) Actions() []action {
	return []action{
		{r.s.words.L("Open…"), control(fyne.KeyO), r.open},
		{r.s.words.L("Camera"), control(fyne.KeyK), r.camera},
	}
}

func (r *getRoom) camera() { r.s.readCamera(r.Take) }

func (r *getRoom) open() { r.s.openFiles(r.s.words.L("Choose what to take in"), r.Take) }

func (r *getRoom) openLetter() {
	r.s.openFiles(r.s.words.L("Choose the letter, or a picture of its QR code"), func(files []model.File) {
		r.s.beside(func() { r.claim.Take(r.s.ctx, files...) })
	})
}

func (r *getRoom) chooseBoard(label string) {
	for i, name := range boardNames(r.boards) {
		if name == label {
			if r.claim.State().Board != r.boards[i].DID {
				r.claim.SetBoard(r.boards[i].DID)
			}
			return
		}
	}
}

// boardNames tells boards of one name apart by their identifiers.
func boardNames(list []model.Party) []string {
	out := make([]string, len(list))
	for i, b := range list {
		out[i] = b.Name
		for j, other := range list {
			if i != j && other.Name == b.Name && len(b.DID) > 8 {
				out[i] = b.Name + " … " + b.DID[len(b.DID)-8:]
			}
		}
	}
	return out
}

func (r *getRoom) makeClaim() {
	r.s.unlocked(func() {
		r.s.beside(func() {
			if r.claim.Make(r.s.ctx) != nil {
				return // it stands in the state
			}
			onScreen(r.forgetPasted)
		})
	})
}

// forgetPasted takes a code that was used from the clipboard.
func (r *getRoom) forgetPasted() {
	if clip := r.s.app.Clipboard(); r.pasted != "" && clip.Content() == r.pasted {
		clip.SetContent("")
		r.s.notice(r.s.words.L("The claim code was removed from the clipboard."), nil)
	}
	r.pasted = ""
}

func (r *getRoom) draw() {
	st, in, w := r.claim.State(), r.receive.State(), r.s.words
	r.working.update(in.Progress)

	list := slices.Clone(st.Boards)
	if st.Unknown {
		list = append(list, model.Party{Name: model.Plain(st.Board), DID: st.Board})
	}
	if names := boardNames(list); !slices.Equal(names, r.board.Options) {
		r.board.Options = names
		r.board.Refresh()
	}
	r.boards = list
	if i := slices.IndexFunc(list, func(b model.Party) bool { return b.DID == st.Board }); i >= 0 && r.board.Selected != boardNames(list)[i] {
		r.board.SetSelected(boardNames(list)[i])
	}
	show(r.unknown, st.Unknown)
	if r.code.Text != st.Code {
		r.code.SetText(st.Code)
	}
	r.typed.Importance = widget.MediumImportance
	if st.Wrong {
		r.typed.Importance = widget.DangerImportance
	}
	setText(r.typed, st.Typed)
	r.typed.Refresh()
	setText(r.read, st.Read)
	enable(r.make, st.Ready)
	troubles(r.s, r.noBoards, st.NoData, newButton(w.L("Go to Data"), theme.StorageIcon(), func() { r.s.goTo("data") }))
	troubles(r.s, r.trouble, st.Trouble)

	r.pending.RemoveAll()
	if len(st.Pending) > 0 {
		r.pending.Add(section2(w.L("Waiting for the board's answer")))
		for _, c := range st.Pending {
			r.pending.Add(r.waiting(c))
		}
	}
	r.drawTop(st, in)
}

// troubles shows a trouble in its box, or nothing.
func troubles(s *shell, box *fyne.Container, t model.Trouble, ways ...fyne.CanvasObject) {
	box.RemoveAll()
	if t.Code != "" {
		box.Add(troublePanel(s, t, ways...))
	}
	show(box, t.Code != "")
}

// drawTop shows the claim that was made, else what became of files.
func (r *getRoom) drawTop(st model.ClaimState, in model.ReceiveState) {
	stands := ""
	if st.Made != nil {
		stands = st.Made.Code + st.Made.Board.DID
	}
	show(r.rest, stands == "")
	if stands != "" {
		if stands != r.stands {
			r.stands, r.turn = stands, -1
			r.shown.close()
			r.top.RemoveAll()
			r.top.Add(r.made(*st.Made))
			r.scroll.ScrollToTop()
		}
		return
	}
	if r.stands != "" {
		r.stands = ""
		r.shown.close()
		r.turn = -1
	}
	if r.turn == in.Turn && r.drawn == len(in.Outcomes) {
		return
	}
	r.turn, r.drawn = in.Turn, len(in.Outcomes)
	r.top.RemoveAll()
	if in.Summary != "" {
		r.top.Add(strong(in.Summary))
	}
	for _, o := range in.Outcomes {
		r.top.Add(r.outcome(o))
	}
	if len(in.Outcomes) > 0 {
		r.top.Add(container.NewHBox(newButton(r.s.words.L("Clear"), theme.ContentClearIcon(), r.receive.Clear)))
		r.scroll.ScrollToTop()
	}
}

// outcome is what became of one file.
func (r *getRoom) outcome(o model.Outcome) fyne.CanvasObject {
	w := r.s.words
	edge := theme.ColorNameSuccess
	switch o.Arrival {
	case model.ArrivedRefused:
		edge = theme.ColorNameError
	case model.ArrivedOther:
		edge = theme.ColorNameWarning
	case model.ArrivedRequest, model.ArrivedLetter:
		edge = theme.ColorNamePrimary
	}
	box := container.NewVBox(tight(strong(o.Word)))
	lines := tight()
	for _, t := range []string{o.Reason, o.Next} {
		if t != "" {
			lines.Add(wrapped(t))
		}
	}
	if o.File != "" {
		lines.Add(caption(o.File))
	}
	box.Add(lines)
	if o.Odd {
		box.Add(oddMark(r.s))
	}
	switch {
	case o.Card != nil && o.Arrival == model.ArrivedNew:
		box.Add(summary(r.s, *o.Card))
	case o.Card != nil:
		box.Add(tight(strong(o.Card.Title), party(r.s, o.Card.Board)))
	}
	if o.Data {
		box.Add(buttons(r.s, newButton(w.L("Go to Data"), theme.StorageIcon(), func() { r.s.goTo("data") })))
	}
	if o.Card != nil {
		box.Add(buttons(r.s, newPrimary(w.L("Go to Cards"), theme.AccountIcon(), func() { r.s.goTo("cards") })))
	}
	if o.Arrival == model.ArrivedRequest {
		box.Add(buttons(r.s, newPrimary(w.L("Open it under Present"), theme.MailSendIcon(), func() {
			r.s.goTo("present")
			if t, ok := r.s.inSight().(taker); ok {
				t.Take([]model.File{fileOf(o.Content)})
			}
		})))
	}
	if o.Code != "" {
		box.Add(codeLink(r.s, o.Code))
	}
	return newPanel(edge, box)
}

// made is a claim that stands on the screen: to be saved, copied, or read.
func (r *getRoom) made(c model.Claimed) fyne.CanvasObject {
	w := r.s.words
	r.shown = newCodes(r.s, c.File)
	return newPanel(theme.ColorNameSuccess, container.NewVBox(
		tight(strong(w.L("The claim is made")), party(r.s, c.Board), caption(c.When), wrapped(c.Next)),
		buttons(r.s,
			newPrimary(w.L("Save the claim…"), theme.DocumentSaveIcon(), func() { r.save(c) }),
			newButton(w.L("Copy"), theme.ContentCopyIcon(), func() { copySecret(r.s, c.File) }),
			newButton(w.L("Done"), theme.ConfirmIcon(), r.claim.Done),
		),
		r.shown.box,
		caption(w.L("Nobody but this board can use it, and only for this device.")),
	))
}

func (r *getRoom) save(c model.Claimed) {
	r.s.saveFile(c.Name, func(out io.Writer) error { _, err := out.Write(c.File); return err }, func() { r.s.notice(r.s.words.L("Saved."), nil) })
}

// copySecret copies something that is not to stay in the clipboard.
func copySecret(s *shell, b []byte) {
	s.copyText(string(b), true)
	s.notice(s.words.L("Copied. It goes from the clipboard in a minute."), nil)
}

// waiting is a claim that has no answer yet.
func (r *getRoom) waiting(c model.Claimed) fyne.CanvasObject {
	w := r.s.words
	return newPanel(theme.ColorNameWarning, container.NewVBox(
		tight(party(r.s, c.Board), caption(c.When), wrapped(c.Next)),
		buttons(r.s,
			newButton(w.L("Show the claim"), theme.VisibilityIcon(), func() { r.claim.Show(c.Code, c.Board.DID) }),
			newButton(w.L("Forget it"), theme.DeleteIcon(), func() {
				confirm(r.s, w.L("Forget this claim?"), w.L("The claim goes from this list. If the board has taken it already, its licence can still be taken in."),
					w.L("Forget it"), func() { r.besideAnd(func() error { return r.claim.Forget(r.s.ctx, c.Code, c.Board.DID) }) })
			}),
		),
	))
}
