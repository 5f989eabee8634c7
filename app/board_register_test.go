package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/vc"
	"bonafide/verifier"
)

// rowsOf are the licences that issued gives a board.
func rowsOf(n int) []fixtures.Row { return fixtures.Register(1, fixtures.Medicine, n, time.Now()) }

// staffed adds somebody to a board's home.
func (b *boards) staffed(h *home.Home, name string) {
	b.t.Helper()
	if err := h.AddPerson(b.t.Context(), name); err != nil {
		b.t.Fatal(err)
	}
}

// signInAs opens a board's home in the app as one of its people.
func (b *boards) signInAs(name, person string, size fyne.Size) *testApp {
	b.t.Helper()
	a := launch(b.t, size, Options{Dir: b.at(name), Now: time.Now})
	a.unlockAs(b.t, person)
	return a
}

func (a *testApp) unlockAs(t *testing.T, person string) {
	t.Helper()
	find(t, a.window.Content(), func(s *widget.Select) bool { return s.Visible() }).SetSelected(person)
	a.typeInto(t, "Passphrase", boardPass)
	a.tap(t, "Unlock")
}

// openRow opens the only licence that a search finds.
func (a *testApp) openRow(t *testing.T, query string) *registerRoom {
	t.Helper()
	r := a.inSight().(*registerRoom)
	r.text.SetText("")
	test.Type(r.text, query)
	a.settle()
	if n := r.model.State().Found; n != 1 {
		t.Fatalf("%q finds %d rows", query, n)
	}
	r.list.Select(0)
	a.settle()
	return r
}

// decide fills the form of a licence as far as its preview.
func (a *testApp) decide(t *testing.T, what string, fields map[string]string) {
	t.Helper()
	a.tap(t, "Decide…")
	top := a.window.Canvas().Overlays().Top()
	find(t, top, func(s *widget.Select) bool { return slices.Contains(s.Options, what) }).SetSelected(what)
	a.settle()
	for label, text := range fields {
		a.typeInto(t, label, text)
	}
	a.tap(t, "Preview")
}

// TestSuspendByTwo: one person of a board suspends a licence and another approves
// it; a hospital sees it with the data that it fetches next. All the board does by
// typing and tapping.
func TestSuspendByTwo(t *testing.T) {
	for _, size := range []fyne.Size{wide, phoneSize} {
		b := newBoards(t)
		ctx := t.Context()
		medicine := b.found("medicine", "Board of Medicine")
		b.issued(medicine, 4)
		b.staffed(medicine, "Grace")
		row := rowsOf(4)[2]
		hospital := must(home.Create(b.at("hospital"), b.options(), false))
		t.Cleanup(func() { _ = hospital.Close() })
		v := must(hospital.Hospital(ctx, home.HospitalOptions{}))
		copied, _, err := must(medicine.Board(ctx)).Credential(ctx, row.Number, issuer.RegisterCopy, vc.VCDM)
		if err != nil {
			t.Fatal(err)
		}
		verdict := func() (verifier.Verdict, string) {
			b.sync(hospital, medicine)
			res := must(v.Verify(ctx, verifier.Input{File: "licence.json", Bytes: copied, Purpose: verifier.Monitoring}))
			return res.Verdict, fmt.Sprintf("%+v", res.Checks)
		}

		a := b.signInAs("medicine", "Ada", size)
		content := a.window.Content()
		wants(t, content, "Register", "4 licences", row.FamilyName, "Current")
		lacks(t, content, "decisions wait for you")
		a.openRow(t, row.Number)
		wants(t, content, row.FamilyName, "So says the register, and the ledger shows the same.", "No wallet holds it yet.", "Came into the register as “Current”.", "Register copy, whole form")
		a.decide(t, "Suspend", map[string]string{"Reason, kept in the register alone": "Order 2026-118"})
		wants(t, content, "What follows", "In the register: “Current” becomes “Suspended”.", "Grace must approve it", "is set to “Suspended” and signed with the board's key", "Ada decides this for the board", "Order 2026-118")
		if n := len(must(medicine.Board(ctx)).Ledger.ChainID()); n == 0 {
			t.Error("no network")
		}
		a.tap(t, "Ask for approval")
		wants(t, content, "It waits for a second person.", "Nothing has changed until it is approved.", "You made this decision, so somebody else must approve it.")
		if got, _ := verdict(); got != verifier.Verified {
			t.Errorf("before the approval: %s", got)
		}
		a.goTo("approvals")
		a.settle()
		wants(t, content, "Waiting for somebody else", "Order 2026-118", "You made this decision")
		lacks(t, content, "[Approve…]", "[Reject…]")

		a.signInAnew()
		a.settle()
		lacks(t, all(a.window), row.FamilyName)
		a.unlockAs(t, "Grace")
		content = a.window.Content()
		wants(t, content, "1 decision waits for you.")
		if size == wide {
			wants(t, content, "[Approvals (1)]")
		}
		a.goTo("approvals")
		a.settle()
		wants(t, content, "Waiting for you", row.FamilyName, "“Current” becomes “Suspended”", "Asked for by Ada", "Order 2026-118")
		a.tap(t, "Approve…")
		wants(t, content, "Approve: Suspend", "Nothing about the person is.")
		a.tap(t, "Approve")
		wants(t, content, "It is done.", "The ledger shows it.", "Nothing waits.")
		got, checks := verdict()
		if got == verifier.Verified || !strings.Contains(checks, "suspended") {
			t.Errorf("after the approval: %s, %s", got, checks)
		}
		a.goTo("register")
		a.settle()
		a.openRow(t, row.Number)
		wants(t, content, "Suspended", "approved by Grace", "On the ledger since block")

		// Reinstating needs nobody else.
		a.decide(t, "Reinstate", nil)
		wants(t, content, "Nobody else has to approve it.", "It takes effect at once.")
		a.tap(t, "Decide so")
		wants(t, content, "It is done.", "The ledger shows it.")
		if got, _ := verdict(); got != verifier.Verified {
			t.Errorf("reinstated: %s", got)
		}
		a.typed(&fyne.KeyEvent{Name: fyne.KeyEscape})
		a.settle()
		wants(t, content, "1 found among 4")
	}
}

// TestRegisterRoom: what another process changed comes by itself, acts are
// refused with a reason, and a lock leaves nothing.
func TestRegisterRoom(t *testing.T) {
	b := newBoards(t)
	ctx := t.Context()
	medicine := b.found("medicine", "Board of Medicine")
	rows := rowsOf(5)
	b.issued(medicine, 5)
	a := b.desk("medicine", wide)
	a.goTo("register")
	a.settle()
	content := a.window.Content()
	r := a.inSight().(*registerRoom)
	r.filter.SetSelected("Not current")
	a.settle()
	wants(t, content, "0 found among 5")
	is := must(medicine.Board(ctx))
	must(is.Status(ctx, issuer.StatusAct{Ref: rows[1].Number, Value: ledger.Probation, Person: "Ada"}))
	a.beside(r.refresh)
	a.settle()
	wants(t, content, "1 found among 5", rows[1].FamilyName, "On probation")
	r.filter.SetSelected("All licences")

	a.openRow(t, rows[0].Number)
	a.decide(t, "Renew", map[string]string{"New last day": "1999-01-01"})
	wants(t, content, "These dates are no renewal of this licence.")
	a.decide(t, "Renew", map[string]string{"New last day": "2049-01-31"})
	wants(t, content, "On the ledger: nothing now. The next issuing makes a new credential")
	a.tap(t, "Decide so")
	wants(t, content, "The new credential is made by the next issuing.", "31 Jan 2049", "Renewed.", "It waits to be issued, under Import.")

	// What never changes again wants a word typed; what is dated can be taken back.
	a.decide(t, "Revoke", nil)
	wants(t, content, "nobody else works in this home", "Type the word “final” to confirm.")
	a.tap(t, "Decide so")
	wants(t, content, "Type the word “final” to confirm.")
	a.tap(t, "Cancel")
	a.decide(t, "Put on probation", map[string]string{"From when on": time.Now().AddDate(0, 0, 9).Format(time.DateOnly)})
	a.tap(t, "Decide so")
	wants(t, content, "It is decided.", "It takes effect by itself", "[Take it back]")
	a.tap(t, "Take it back")
	wants(t, content, "It is taken back. Nothing of it takes effect.", "Taken back: Put on probation")
	a.tap(t, "Back to the register")
	wants(t, content, "Waits to be issued")

	// Without the node the register can be read, and decided about.
	if err := medicine.StopNode(); err != nil {
		t.Fatal(err)
	}
	a.openRow(t, rows[2].Number)
	a.decide(t, "Put on probation", nil)
	wants(t, content, "This board's node does not answer now.")
	a.tap(t, "Decide so")
	wants(t, content, "It is recorded in the register.", "The ledger does not show it yet")
	a.lock()
	a.settle()
	lacks(t, all(a.window), rows[0].FamilyName, rows[2].FamilyName)
	if st := r.model.State(); st.Loaded || st.Found != 0 || r.page.model.State().Name != "" {
		t.Errorf("%+v", st)
	}
}
