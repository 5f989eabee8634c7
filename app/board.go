package app

import (
	"context"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/issuer"
)

// boardSections are the rooms of a board. The register comes first.
func boardSections(s *shell) []section {
	b := &board{s: s, home: s.home}
	b.waits = model.NewApprovals(func(ctx context.Context) (model.Approving, error) { return b.open(ctx) }, b.home.Actor, b.home.Names, s.words, func() { onScreen(b.waitsChanged) })
	return []section{
		{id: "register", title: s.words.L("Register"), icon: theme.ListIcon(), open: b.register, shortcut: control(fyne.Key1)},
		{id: "approvals", title: s.words.L("Approvals"), icon: theme.ConfirmIcon(), open: b.approvals, shortcut: control(fyne.Key2)},
		{id: "import", title: s.words.L("Import"), icon: theme.DownloadIcon(), open: b.imports, shortcut: control(fyne.Key3)},
		{id: "network", title: s.words.L("Network"), icon: theme.GridIcon(), open: b.network, shortcut: control(fyne.Key4)},
		{id: "identity", title: s.words.L("Identity"), icon: theme.AccountIcon(), open: b.identity, shortcut: control(fyne.Key5)},
	}
}

// board opens the work of a home's board when it is first needed, beside the
// screen.
type board struct {
	s    *shell
	home *home.Home

	waits    *model.Approvals // decisions that wait
	watching []func()         // draw them

	mu     sync.Mutex
	issuer *issuer.Board
	person string // who had unlocked the home when it was opened
}

// open gives the board. It never asks for a passphrase: a locked home is an error
// of code passphrase_needed. Whether the node answers is nothing to it; what a
// home knows without it is enough to look at the register.
func (b *board) open(ctx context.Context) (*issuer.Board, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	who := b.home.Actor()
	if who == "" {
		b.issuer = nil
		return nil, explain.Errorf("passphrase_needed", "the home is locked")
	}
	if b.issuer != nil && b.person == who {
		// What was opened before the home was locked stays closed for good.
		if _, err := b.issuer.Store.After(ctx, 0, 1); explain.CodeOf(err) != "home_locked" {
			return b.issuer, nil
		}
	}
	is, err := b.home.Board(ctx)
	if err != nil {
		return nil, err
	}
	b.issuer, b.person = is, who
	return is, nil
}

// forget has the board opened anew the next time, as after its keys changed.
func (b *board) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.issuer = nil
}

// waitsChanged shows how many decisions wait for who is signed in, beside the
// section's title and in the rooms.
func (b *board) waitsChanged() {
	for _, draw := range b.watching {
		draw()
	}
	button, title := b.s.buttons["approvals"], b.s.words.L("Approvals")
	if button == nil || b.s.narrow() || b.s.home != b.home { // on a phone its word lies on it
		return
	}
	if n := b.waits.State().Mine; n > 0 {
		title = b.s.words.L("Approvals ({{.Count}})", model.D{"Count": n})
	}
	button.SetText(title)
}

// room is one of the board's rooms: a page that scrolls, or what stands there
// while the home is locked.
func (b *board) room(title string) *lockedRoom {
	return newLockedRoom(b.s, b.home, title, b.s.words.L("This board's desk is locked. Nothing of it is shown until somebody signs in."))
}
