package app

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"bonafide/assets/mappings"
	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/internal/keys"
	"bonafide/issuer"
	"bonafide/ledger"
)

// issued has a board issue licences.
func (b *boards) issued(h *home.Home, n int) {
	b.t.Helper()
	is := must(h.Board(b.t.Context()))
	var csv bytes.Buffer
	if err := fixtures.WriteCSV(&csv, fixtures.Register(1, fixtures.Medicine, n, time.Now())); err != nil {
		b.t.Fatal(err)
	}
	must(is.Import(b.t.Context(), &csv, must(issuer.ParseMapping(mappings.Bonafide)), issuer.ImportOptions{Person: "Ada"}))
	if r := must(is.Issue(b.t.Context(), issuer.IssueOptions{Person: "Ada"})); r.Issued == 0 {
		b.t.Fatalf("%+v", r)
	}
}

// TestKeysOfABoard: a key is replaced and the old one reported, each after what
// follows was said; the key for the ledger is never reported before it has a
// successor.
func TestKeysOfABoard(t *testing.T) {
	b := newBoards(t)
	medicine := b.found("medicine", "Board of Medicine")
	b.issued(medicine, 3)
	method := func(use string) string {
		for _, k := range must(medicine.BoardProfile()).Keys {
			if k.Use == use && k.InUse {
				return k.Method
			}
		}
		t.Fatalf("no key for %s in use", use)
		return ""
	}
	a := b.desk("medicine", wide)
	a.goTo("identity")
	a.settle()
	old, oldLedger := method(keys.Issuing), method(keys.Ledger)
	wants(t, a.window.Content(), "Board of Medicine", "desk@medicine.example", "The ledger knows this board.", old, oldLedger,
		"Signs licences in their whole form", "There is no backup yet.", "the register and the board's keys are lost with it", "Who may sign in", "None: a licence ends on the day that it says.")
	lacks(t, a.window.Content(), "Sign in as someone else", "your licences")

	r := a.inSight().(*identityRoom)
	report := func(method, from string) {
		a.beside(func() { r.model.AskReport(a.ctx, method, from) })
		a.settle()
	}
	report(oldLedger, "2026-01-01")
	wants(t, a.window.Content(), "Replace this key before it is reported", "can do nothing until the members vote for new ones")
	a.tap(t, "Cancel")

	a.tap(t, "Replace it…") // the last one in sight: the ledger's
	wants(t, a.window.Content(), "Replace a key: Signs what the board writes on the ledger", "Make a backup afterwards", "Ada does this in the name of the board")
	a.tap(t, "Replace the key")
	wants(t, a.window.Content(), "The new key is on the ledger.", "What it signed stays valid.")
	if method(keys.Ledger) == oldLedger {
		t.Fatal("the key was not replaced")
	}

	day := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	report(old, "yesterday")
	wants(t, a.window.Content(), "This is not a day.")
	report(old, "2126-01-01")
	wants(t, a.window.Content(), "A key report must name a time that has passed.")
	report(old, day)
	wants(t, a.window.Content(), "It brings down 6 credentials.", "3 licences rest on them", "The key is in use: replace it, too", "Type the word “report”")
	a.tap(t, "Report the key")
	wants(t, a.window.Content(), "What follows") // not without the word
	a.typeInto(t, "This cannot be taken back. Type the word “report” to confirm.", "Report")
	a.tap(t, "Report the key")
	wants(t, a.window.Content(), "The key is reported. Issue now", "Reported: nothing that it has signed since")

	a.tap(t, "All keys are lost…")
	wants(t, a.window.Content(), "New keys for a board that lost its own")
	a.tap(t, "Make the file")
	made := r.model.State().Made
	if made == nil || made.Fingerprint == "" || !bytes.Contains(made.Bytes, []byte(method(keys.Issuing)[:20])) {
		t.Fatalf("%+v", made)
	}
	wants(t, a.window.Content(), "The new keys are made.", made.Fingerprint, "[Save the file…]")

	a.beside(func() {
		r.model.KeepRules(a.ctx, textFile(`{"format":1,"grace":[{"type":"ProfessionalLicence","jurisdiction":"US-OH","days":59}]}`))
	})
	a.settle()
	wants(t, a.window.Content(), "1 rule is kept.", "Professional licence in Ohio (US-OH)", "59 days after the expiry")
	a.beside(func() { r.model.KeepCertificate(a.ctx, textFile("no certificate")) })
	a.settle()
	wants(t, a.window.Content(), "A certificate, or the chain that it stands in, cannot be read.")
	a.beside(func() { r.model.Request(a.ctx) })
	a.settle()
	if m := r.model.State().Made; m == nil || m.Name != "board.csr" || !strings.HasPrefix(string(m.Bytes), "-----BEGIN CERTIFICATE REQUEST") {
		t.Errorf("%+v", m)
	}
}

// TestAlarmOfAForeignBatch: whoever has the board's key for the ledger
// and anchors a batch that its register does not know is seen.
func TestAlarmOfAForeignBatch(t *testing.T) {
	b := newBoards(t)
	medicine := b.found("medicine", "Board of Medicine")
	b.issued(medicine, 2)
	a := b.desk("medicine", wide)
	r := a.inSight().(*networkRoom)
	lacks(t, a.window.Content(), "Alarm")
	a.tap(t, "Compare register and ledger")
	wants(t, a.window.Content(), "Register and ledger agree", "1 batch in this board's name was looked at.")

	must(medicine.Send(t.Context(), ledger.AnchorBatch{Root: sha256.Sum256([]byte("somebody else's")), Size: 40, LastValidity: ledger.Month{Year: 2030, Month: 1}}))
	a.goTo("register")
	a.settle()
	wants(t, a.window.Content(), "Alarm: 1 batch stands on the ledger in this board's name that its register does not know.")
	a.tap(t, "What to do")
	wants(t, a.window.Content(), "Alarm: 1 batch stands on the ledger in this board's name that its register does not know.", "40 credentials",
		"Signed with the key for the ledger that this board uses today.", "Taken in by block", "report it, and call the other boards", "[To the keys]")
	a.tap(t, "Whom to call")
	if r.scroll.Offset.Y == 0 {
		t.Error("the members are not in sight")
	}
	a.tap(t, "Compare register and ledger")
	wants(t, a.window.Content(), "Register and ledger differ", "1 batch on the ledger is unknown to the register.", "2 statuses were compared.", "2 batches in this board's name were looked at.")

	if err := medicine.StopNode(); err != nil {
		t.Fatal(err)
	}
	a.tap(t, "Compare register and ledger")
	wants(t, a.window.Content(), "Alarm: 1 batch") // what was found stays in sight
	if r.alarm.model.State().Failed.Code == "" {
		t.Error("an audit without the node found something out")
	}
	b.start(medicine)
}

// TestASecondPersonSignsIn: somebody is added, signs in from the lock screen by
// name, and is shown as who acts.
func TestASecondPersonSignsIn(t *testing.T) {
	for _, size := range []fyne.Size{wide, phoneSize} {
		b := newBoards(t)
		b.found("medicine", "Board of Medicine")
		a := b.desk("medicine", size)
		a.goTo("identity")
		a.settle()
		a.tap(t, "Add a person…")
		a.typeInto(t, "Name", "Grace")
		a.typeInto(t, "New passphrase", "another long one")
		a.typeInto(t, "The new passphrase again", "another long one")
		a.tap(t, "Add")
		wants(t, a.window.Content(), "“Grace”", "Sign in as someone else…")
		a.tap(t, "Sign in as someone else…")
		wants(t, a.window.Content(), "Locked", "Who are you?")
		lacks(t, a.window.Content(), "Board of Medicine\n", "Signed in as")
		a.typeInto(t, "Passphrase", "another long one")
		a.tap(t, "Unlock")
		wants(t, a.window.Content(), "Choose your name first.")
		pick(t, a, 0, "Grace")
		a.tap(t, "Unlock")
		wants(t, a.window.Content(), "Signed in as Grace")
		if a.home.Actor() != "Grace" {
			t.Fatalf("%s acts", a.home.Actor())
		}
		a.goTo("network")
		a.settle()
		a.tap(t, "New rules…")
		a.typeInto(t, "Name of the rules", "v2")
		a.typeInto(t, "First block under them", "1000000")
		a.tap(t, "Preview")
		wants(t, a.window.Content(), "Grace does this in the name of the board", "Run the rules “v2” from block 1,000,000 on")
		a.tap(t, "Cancel")
		a.lock()
		a.settle()
		a.typeInto(t, "Passphrase", "another long one") // who was here is chosen already
		a.tap(t, "Unlock")
		wants(t, a.window.Content(), "Signed in as Grace")
	}
}
