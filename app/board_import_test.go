package app

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/home"
	"bonafide/ledger/pack"
	"bonafide/wallet"
)

const registerHeader = "number,type,jurisdiction,profession,given_name,family_name,npi,issued,expires,status,conditions\n"

func licenceRow(number, family, expires, status string) string {
	return fmt.Sprintf("%s,ProfessionalLicence,US-OH,Physician,Orbel,%s,,2015-01-02,%s,%s,\n", number, family, expires, status)
}

// signIn opens a board's home in the app and unlocks it by typing.
func (b *boards) signIn(name string, size fyne.Size) *testApp {
	b.t.Helper()
	a := launch(b.t, size, Options{Dir: b.at(name), Now: time.Now})
	a.typeInto(b.t, "Passphrase", boardPass)
	a.tap(b.t, "Unlock")
	a.goTo("import")
	a.settle()
	return a
}

func (a *testApp) dropFile(t *testing.T, name, content string) {
	t.Helper()
	a.take([]fyne.URI{written(t, name, content)})
	a.settle()
}

// practitionerOf makes a wallet that knows a board's network.
func (b *boards) practitionerOf(board *home.Home) (*home.Home, *wallet.Wallet) {
	b.t.Helper()
	ctx := b.t.Context()
	h := must(home.Create(b.at("practitioner"), b.options(), false))
	b.t.Cleanup(func() { _ = h.Close() })
	b.sync(h, board)
	w := must(h.Wallet(ctx))
	must(w.Init(ctx))
	return h, w
}

// sync brings a home to what a board's node has.
func (b *boards) sync(h, board *home.Home) {
	b.t.Helper()
	ctx := b.t.Context()
	n := must(pack.ParseNetwork(must(must(board.Client()).Network(ctx))))
	if err := h.Pin(ctx, n, true, []string{must(board.Node())}); err != nil {
		b.t.Fatal(err)
	}
	must(h.Sync(ctx))
}

// TestImportIssueClaim: a register comes in, is issued, a letter brings its code,
// a wallet claims with it, and the board's answer is taken: all the board does by
// dropping and tapping.
func TestImportIssueClaim(t *testing.T) {
	b := newBoards(t)
	ctx := t.Context()
	medicine := b.found("medicine", "Board of Medicine")
	a := b.signIn("medicine", wide)
	content := a.window.Content()
	wants(t, content, "Import a register file", "A CSV file in UTF-8", "[Save an example…]", "No licence waits to be issued.", "No licence waits to be claimed.")
	lacks(t, content, "Make 0 letters")

	a.dropFile(t, "register.csv", registerHeader+licenceRow("A1", "Zhquolm", "2040-06-30", "current")+licenceRow("A2", "Ñandú-Bœuf", "2040-06-30", "current")+licenceRow("A3", "=1+1", "2040-06-30", "current"))
	wants(t, content, "register.csv", "Nothing is changed yet", "2 new licences, 1 row wrong", "[Save the wrong rows…]")
	a.inSight().(*importRoom).imports.Show("bad")
	a.settle()
	wants(t, content, "Line 4", "It begins like a formula of a spreadsheet.")
	a.tap(t, "Import")
	wants(t, content, "This is what was done", "2 licences wait to be issued.", "2 licences are in nobody's wallet yet.")
	a.tap(t, "Issue now")
	wants(t, content, "4 credentials were issued.", "No licence waits to be issued.", "Signed")
	a.tap(t, "Done")
	lacks(t, content, "4 credentials were issued.")

	// A letter for one, from the licence's page.
	desk := &board{s: a.shell, home: a.home}
	desk.letterFor("A2")
	a.settle()
	wants(t, all(a.window), "It is shown now and never again.")
	a.tap(t, "Make 1 letter")
	code := find(t, all(a.window), func(l *widget.Label) bool { return l.TextStyle.Monospace }).Text
	a.tap(t, "Copy the code")
	if a.app.Clipboard().Content() != code {
		t.Errorf("%q in the clipboard", a.app.Clipboard().Content())
	}
	a.tap(t, "Close")
	lacks(t, all(a.window), code)

	// The practitioner, with a wallet of their own.
	h, w := b.practitionerOf(medicine)
	claim := must(w.Claim(ctx, code, must(medicine.BoardDID())))
	a.dropFile(t, "claim.json", string(claim))
	wants(t, content, "1 claim is answered. Hand the licence over to who made the claim.", "Whole form (W3C)", "Selective form (SD-JWT)")
	b.sync(h, medicine)
	for _, f := range a.inSight().(*importRoom).issue.State().Files {
		it, err := w.Receive(ctx, f.Bytes)
		if err != nil || it.Number != "A2" {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	wants(t, content, "1 licence is in nobody's wallet yet.")
	a.tap(t, "Done")

	// Letters for the others, in Spanish; a used code and other files are told.
	r := a.inSight().(*importRoom)
	r.letters.language.SetSelected("Español")
	a.tap(t, "Make 1 letter")
	a.dropFile(t, "claim.json", `{"no":"claim"}`)
	wants(t, content, "The file is not a claim that a wallet made.")

	// A card of what was issued.
	desk.cardFor("A1")
	a.settle()
	wants(t, all(a.window), "bound to no wallet")
	a.tap(t, "Cancel")
	var pdf bytes.Buffer
	at := must(desk.atWork())
	if err := model.WriteCard(ctx, at, "A1", "a6", model.CardFormats[0], a.words, time.Now(), &pdf); err != nil || !bytes.HasPrefix(pdf.Bytes(), []byte("%PDF-")) {
		t.Error(err)
	}

	// Locked, nothing of it is in sight.
	a.lock()
	a.settle()
	lacks(t, all(a.window), "A2", "letters are made")
}

// TestImportLeadsToApprovals: on a phone, with two people in the home: what an
// import makes that needs the other one is told before and after, and leads
// there. The rows that are wrong are written, and a lock hides all of it.
func TestImportLeadsToApprovals(t *testing.T) {
	b := newBoards(t)
	medicine := b.found("medicine", "Board of Medicine")
	b.staffed(medicine, "Bea")
	a := b.signInAs("medicine", "Ada", phoneSize)
	a.goTo("import")
	a.settle()
	content := a.window.Content()
	wants(t, content, "[Choose a register file…]", "[Save an example…]")
	lacks(t, content, "dropped on this window")

	r := a.inSight().(*importRoom)
	r.Paste(registerHeader + licenceRow("A1", "Zhquolm", "2040-06-30", "current") + licenceRow("A2", "Tallenbrix", "2040-06-30", "current"))
	a.settle()
	wants(t, content, "Pasted text", "2 new licences")
	a.tap(t, "Import")
	a.dropFile(t, "night.csv", registerHeader+licenceRow("A1", "Zhquolm", "2042-06-30", "current")+licenceRow("A2", "Tallenbrix", "2040-06-30", "suspended")+licenceRow("A3", "Q", "soon", "current"))
	wants(t, content, "1 renewal, 1 suspension waits for approval, 1 row wrong")
	lacks(t, content, "Go to Approvals")
	a.tap(t, "Import")
	wants(t, content, "1 act of this file waits for another person's approval.")
	var csv bytes.Buffer
	if err := r.imports.WriteErrors(&csv); err != nil || csv.String() != "line,column,code,reason\n4,expires,bad_date,fits none of the mapping's date layouts\n" {
		t.Errorf("%q, %v", csv.String(), err)
	}
	a.tap(t, "Go to Approvals")
	if a.current != "approvals" {
		t.Errorf("in sight: %s", a.current)
	}
	a.goTo("import")
	a.settle()
	r.Stop() // nothing is under way
	a.tap(t, "Clear")
	lacks(t, content, "night.csv")
	wants(t, content, "[Choose a register file…]")
	a.lock()
	a.settle()
	lacks(t, all(a.window), "Choose a register file…")
}
