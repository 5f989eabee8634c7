package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"bonafide/app/model"
)

// listingForm puts an issuer outside the network on the hospital's own list. What
// somebody types into stays as it is while the room is drawn anew.
type listingForm struct {
	r   *dataRoom
	box *fyne.Container

	did, name, types, until *entry

	who     *fyne.Container // the identifier, or the certificate
	trouble *fyne.Container
	root    *model.RootPreview // nil where an identifier is typed
	compare *comparing
	add     *push
}

func newListingForm(r *dataRoom) *listingForm {
	f := &listingForm{r: r, box: container.NewVBox()}
	f.box.Hide()
	return f
}

// What an entry looks like, in every language the same.
const (
	exampleIssuer = "did:web:heart.example"
	exampleType   = "TrainingCertification"
)

// open shows an empty form.
func (f *listingForm) open() {
	s := f.r.s
	w := s.words
	f.did, f.name, f.types, f.until = newEntry(), newEntry(), newEntry(), newEntry()
	f.did.SetPlaceHolder(exampleIssuer)
	f.types.SetPlaceHolder(exampleType)
	f.until.SetText(f.r.model.ListingUntil())
	f.who, f.trouble, f.root = container.NewVBox(), container.NewVBox(), nil
	f.add = newPrimary(w.L("Put it on the list"), theme.ConfirmIcon(), f.submit)
	for _, e := range []*entry{f.did, f.name, f.types, f.until} {
		e.OnSubmitted = func(string) { f.submit() }
	}
	f.drawWho()
	f.box.Objects = []fyne.CanvasObject{newPanel(theme.ColorNamePrimary, container.NewVBox(
		subtitle(w.L("List an issuer")),
		wrapped(w.L("No board vouches for this issuer: your hospital alone decides to trust it, for the kinds of credentials that you name, until a day. Every verdict that rests on it says so.")),
		f.who,
		field(w.L("What you call it"), f.name),
		field(w.L("Kinds of credentials, as they are written in them; several with blanks between them"), f.types),
		field(w.L("Last day, as 2026-11-30"), f.until),
		f.trouble,
		buttons(s, f.add, newButton(w.L("Cancel"), theme.CancelIcon(), f.close)),
	))}
	f.box.Show()
	f.r.redraw()
	f.r.scroll.ScrollToBottom()
	s.window.Canvas().Focus(f.did)
}

func (f *listingForm) close() {
	f.box.RemoveAll()
	f.box.Hide()
	f.root = nil
	f.r.redraw()
}

// drawWho asks for the identifier, or shows what the certificate says of itself.
func (f *listingForm) drawWho() {
	s := f.r.s
	w := s.words
	f.who.RemoveAll()
	if f.root == nil {
		f.who.Add(field(w.L("The issuer's identifier"), f.did))
		f.who.Add(buttons(s, newButton(w.L("Or open its certificate…"), theme.FolderOpenIcon(), func() {
			s.openFiles(w.L("Choose the issuer's certificate"), f.take)
		})))
		enable(f.add, true)
		return
	}
	f.compare = newComparingWith(s, w.L("Is this the fingerprint that the issuer told you by another way? Have it read to you, and tick each row that is the same."), f.root.Compare.Rows[:], func(row int, yes bool) {
		f.root = f.root.Tick(row, yes)
		f.compared()
	}, func(text string) {
		f.root = f.root.Type(w, text)
		f.compared()
	})
	f.who.Add(tight(strong(w.L("A certificate")), wrapped(f.root.Name), caption(f.root.Until)))
	f.who.Add(f.compare.box)
	f.compared()
}

func (f *listingForm) compared() {
	c := f.root.Compare
	f.compare.update(c.Ticked[:], c.Matches, c.Differs)
	enable(f.add, c.Same())
}

// take reads a certificate.
func (f *listingForm) take(files []model.File) {
	if len(files) == 0 {
		return
	}
	s := f.r.s
	s.beside(func() {
		root, err := f.r.model.ReadRoot(files[0])
		onScreen(func() {
			if !f.box.Visible() {
				return
			}
			f.say(err)
			if err == nil {
				f.root = root
				f.drawWho()
			}
			relayout(f.r.scroll)
		})
	})
}

// say shows in the form what is wrong with it; nil is nothing.
func (f *listingForm) say(err error) {
	f.trouble.RemoveAll()
	if err != nil {
		f.trouble.Add(troublePanel(f.r.s, model.TroubleOf(f.r.s.words, err)))
	}
}

func (f *listingForm) submit() {
	if f.add.Disabled() {
		return
	}
	s := f.r.s
	form := model.ListingForm{DID: f.did.Text, Root: f.root, Name: f.name.Text, Types: f.types.Text, Until: f.until.Text}
	f.add.Disable()
	s.beside(func() {
		err := f.r.model.AddIssuer(s.ctx, form)
		onScreen(func() {
			f.add.Enable()
			if err == nil {
				f.close()
				f.r.scroll.ScrollToTop() // what became of it stands there
				return
			}
			f.say(err)
			relayout(f.r.scroll)
			f.r.scroll.ScrollToBottom()
		})
	})
}
