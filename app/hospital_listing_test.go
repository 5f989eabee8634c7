package app

import (
	"testing"

	"fyne.io/fyne/v2"
)

// An issuer outside the network is listed from the room itself, and taken off with
// a way back.
func TestListAnIssuer(t *testing.T) {
	for _, size := range []fyne.Size{wide, phoneSize} {
		freshUser(t)
		a := launch(t, size, Options{Dir: clinicHome(t)})
		a.goTo("data")
		a.settle()
		content := a.window.Content()
		wants(t, content, "None. Every verdict rests on the boards' ledger alone.")
		lacks(t, content, "bonafide trust add")
		a.tap(t, "List an issuer…")
		a.typeInto(t, "The issuer's identifier", "did:web:heart.example")
		a.typeInto(t, "What you call it", "Heart Association")
		a.tap(t, "Put it on the list")
		wants(t, content, must(lookup("listing_types")).Message, "Put it on the list")
		a.typeInto(t, "Kinds of credentials, as they are written in them; several with blanks between them", "TrainingCertification")
		a.tap(t, "Put it on the list")
		wants(t, content, "Heart Association is on your list.", "did:web:heart.example", "Training certification")
		lacks(t, content, "Put it on the list", "None. Every verdict")

		a.tap(t, "Remove")
		wants(t, content, "Heart Association is off your list", "None. Every verdict")
		a.tap(t, "Undo")
		wants(t, content, "did:web:heart.example")

		a.tap(t, "List an issuer…")
		a.inSight().(stopper).Stop()
		a.settle()
		lacks(t, content, "Put it on the list")
		if got := a.window.Canvas().Size(); got != size {
			t.Errorf("the room needs %v, the window has %v", got, size)
		}
	}
}
