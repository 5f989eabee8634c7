package app

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"bonafide/app/model"
	"bonafide/internal/testkit/town"
	"bonafide/issuer"
)

// BenchmarkWallet200 opens a wallet of 200 licences and one of 2 by turns, each
// until its cards are drawn: the home, the list, and the picture. Unlocking is
// left out: how long it takes is chosen. It prints turns in milliseconds, which
// make bench-app reads.
func BenchmarkWallet200(b *testing.B) {
	const many, few, turns = 200, 2, 15
	tn := town.New(b, many)
	fill(b, tn, "many", many)
	fill(b, tn, "few", few)
	for b.Loop() {
		for i := -1; i < turns; i++ {
			took := map[string]time.Duration{}
			for _, name := range []string{"many", "few"} {
				took[name] = openCards(b, tn, name)
			}
			if i >= 0 { // the first comes from the disk
				fmt.Printf("turn wallet-200 %.3f %.3f\n", took["many"].Seconds()*1000, took["few"].Seconds()*1000)
			}
		}
	}
}

// fill makes a wallet of n licences that are bound to it.
func fill(b *testing.B, tn *town.Town, name string, n int) {
	b.Helper()
	h := tn.Home(name)
	w := must(h.Wallet(b.Context()))
	must(w.Init(b.Context()))
	var numbers []string
	for _, row := range tn.Rows[:n] {
		claim := must(w.Claim(b.Context(), tn.Code(row.Number), tn.DID))
		numbers = append(numbers, must(tn.AcceptClaim(b.Context(), claim, "owner")).Key.Number)
	}
	tn.Issue()
	tn.Bring(h)
	for _, number := range numbers {
		vcdm, _ := tn.Issued(number, issuer.Bound)
		must(w.Receive(b.Context(), vcdm))
	}
	if err := h.Close(); err != nil {
		b.Fatal(err)
	}
}

// openCards opens a wallet in a new app, and says how long that took.
func openCards(b *testing.B, tn *town.Town, name string) time.Duration {
	b.Helper()
	b.Setenv("XDG_DATA_HOME", filepath.Join(b.TempDir(), name))
	q := newScreen(b)
	win := test.NewTempWindow(b, nil)
	win.Resize(wide)
	ctx, cancel := context.WithCancel(b.Context())
	s := newShell(ctx, fyne.CurrentApp(), win, Options{Now: tn.Now, reports: q.reports})
	a := &testApp{s, q}
	began := time.Now()
	a.openPlace(model.Place{Dir: tn.Dir(name), Role: model.RolePractitioner})
	a.settle()
	took := time.Since(began)
	if err := a.session.Unlock(ctx, "", []byte(town.Passphrase)); err != nil {
		b.Fatal(err)
	}
	began = time.Now()
	a.enterPlace(a.place)
	a.settle()
	a.window.Canvas().Capture()
	took += time.Since(began)
	if cards := a.inSight().(*cardsRoom).cards.State(); !cards.Loaded || len(cards.Cards) < 2 {
		b.Fatalf("%d cards", len(cards.Cards))
	}
	a.settle()
	cancel()
	a.close()
	q.draw()
	return took
}
