package app

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"bonafide/assets/templates"
	"bonafide/internal/home"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/node"
)

const boardPass = "velvet otter signal"

// boards are homes of boards with nodes of their own, in one process. The homes
// that run the nodes are others than the app's, as the service's are.
type boards struct {
	t    *testing.T
	dir  string
	runs map[string]*home.Home
}

func newBoards(t *testing.T) *boards {
	t.Helper()
	freshUser(t)
	b := &boards{t: t, dir: t.TempDir(), runs: map[string]*home.Home{}}
	t.Cleanup(func() {
		for _, h := range b.runs {
			if err := h.StopNode(); err != nil {
				t.Error(err)
			}
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return b
}

func (b *boards) at(name string) string { return filepath.Join(b.dir, name) }

func (b *boards) options() home.Options {
	return home.Options{
		Now: time.Now, Cost: home.Cost{Time: 1, MemoryKiB: 8, Threads: 1}, As: "Ada",
		Passphrase: func(string, bool) ([]byte, error) { return []byte(boardPass), nil },
	}
}

// home makes a board's home, which listens for other boards' nodes.
func (b *boards) home(name string) *home.Home {
	b.t.Helper()
	h := must(home.Create(b.at(name), b.options(), false))
	b.runs[name] = h
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	at := l.Addr().String()
	if err := l.Close(); err != nil {
		b.t.Fatal(err)
	}
	if err := h.ListenAt(b.t.Context(), at, ""); err != nil {
		b.t.Fatal(err)
	}
	return h
}

// found has a board found a network and run it.
func (b *boards) found(name, title string) *home.Home {
	b.t.Helper()
	h := b.home(name)
	_, id, err := h.Found(b.t.Context(), home.FoundOptions{
		Label: "test", Name: title, Contact: "desk@medicine.example",
		Params: ledger.Params{Interval: time.Second, IssuerDelay: time.Hour, RecoverDelay: time.Hour, ProposalLife: time.Hour},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.start(h)
	for _, d := range must(templates.Documents()) {
		must(h.Propose(b.t.Context(), ledger.RegisterTemplate{Document: d}))
	}
	must(h.Propose(b.t.Context(), ledger.Accredit{Issuer: id, Type: issuer.ProfessionalLicence, Jurisdictions: []string{"US-OH"}}))
	return h
}

func (b *boards) start(h *home.Home) *node.Node {
	b.t.Helper()
	return must(h.StartNode(b.t.Context(), home.NodeOptions{}))
}

// desk opens a board's home in the app and signs in.
func (b *boards) desk(name string, size fyne.Size) *testApp {
	b.t.Helper()
	a := launch(b.t, size, Options{Dir: b.at(name), Now: time.Now})
	a.typeInto(b.t, "Passphrase", boardPass)
	a.tap(b.t, "Unlock")
	a.goTo("network")
	a.settle()
	return a
}

// until waits for what other processes bring about.
func until(t *testing.T, what string, is func(ctx context.Context) bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("not in a minute: %s", what)
		case <-tick.C:
		}
	}
}

// pick chooses in the n-th select in sight.
func pick(t *testing.T, a *testApp, n int, want string) {
	t.Helper()
	var found []*widget.Select
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *widget.Select:
			found = append(found, o)
		case *fyne.Container:
			for _, c := range o.Objects {
				walk(c)
			}
		case fyne.Widget:
			for _, c := range test.WidgetRenderer(o).Objects() {
				walk(c)
			}
		}
	}
	walk(all(a.window))
	if n >= len(found) {
		t.Fatalf("only %d selects", len(found))
	}
	i := slices.IndexFunc(found[n].Options, func(s string) bool { return strings.Contains(s, want) })
	if i < 0 {
		t.Fatalf("%q is not among %q", want, found[n].Options)
	}
	found[n].SetSelectedIndex(i)
	a.settle()
}

// TestVoteInANewMember: a board is invited, applies, is let in and admitted by a
// vote, and then its own vote is what decides; all of it in the app, but for what
// the newcomer does at home.
func TestVoteInANewMember(t *testing.T) {
	b := newBoards(t)
	ctx := t.Context()
	medicine := b.found("medicine", "Board of Medicine")
	a := b.desk("medicine", wide)
	wants(t, a.window.Content(), "Your board's node answers.", "Board of Medicine (this board)", "Professional licence in Ohio (US-OH)", "Nothing waits for a decision.", "Signed in as Ada")

	a.tap(t, "Invite a board…")
	wants(t, a.window.Content(), "The invitation is made")
	in := must(medicine.Invite(ctx, nil))
	nursing := b.home("nursing")
	application := must(nursing.Join(ctx, in, "Board of Nursing", "desk@nursing.example"))
	a.tap(t, "Close")

	a.take([]fyne.URI{written(t, "nursing.json", string(application.Marshal()))})
	a.settle()
	wants(t, a.window.Content(), "Board of Nursing wants to be let in", "The ledger does not know it yet.", string(application.DID))
	a.tap(t, "Let it in…")
	wants(t, a.window.Content(), "Your board vouches for the identity of Board of Nursing", "compare the fingerprint")
	a.tap(t, "Let it in")
	wants(t, a.window.Content(), "What follows") // not before the fingerprint was compared
	a.typeInto(t, "Or type what you were told", strings.Repeat("0", 64))
	wants(t, a.window.Content(), "This is not the same. Do not go on")
	a.tap(t, "Let it in")
	if len(must(medicine.Data()).View.DIDs()) != 1 {
		t.Fatal("vouched for without the fingerprint")
	}
	a.tap(t, "Cancel")
	a.tap(t, "Let it in…")
	a.typeInto(t, "Or type what you were told", application.Fingerprint())
	a.tap(t, "Let it in")
	wants(t, a.window.Content(), "Board of Nursing is on the ledger.", "Its node may connect.", "Boards that issue and are no members")

	b.start(nursing)
	until(t, "the new node follows", func(ctx context.Context) bool {
		s, err := must(nursing.Client()).Status(ctx)
		return err == nil && s.HeaderHeight > 0 && !s.Syncing
	})
	a.take([]fyne.URI{written(t, "nursing.json", string(application.Marshal()))})
	a.settle()
	wants(t, a.window.Content(), "The ledger knows it already.")
	a.tap(t, "Propose it as a member…")
	wants(t, a.window.Content(), "which decides it at once", "With it the network has 2 members, and stands still unless 2 of them run.")
	for _, c := range ticksIn(a) {
		test.Tap(c)
	}
	a.settle()
	a.tap(t, "Propose it")
	wants(t, a.window.Content(), "In effect")
	until(t, "two boards sign", func(ctx context.Context) bool {
		s, err := must(medicine.Client()).Status(ctx)
		return err == nil && s.Validators == 2
	})

	// From now on it takes both.
	a.tap(t, "Change what a board may issue…")
	pick(t, a, 0, "Nursing")
	pick(t, a, 1, "Training")
	a.typeInto(t, "In these countries and states", "us-oh, Ohio")
	a.tap(t, "Preview")
	wants(t, a.window.Content(), "This names no country or state")
	a.tap(t, "Change what a board may issue…")
	pick(t, a, 0, "Nursing")
	pick(t, a, 1, "Training")
	a.typeInto(t, "In these countries and states", "us-oh")
	a.tap(t, "Preview")
	wants(t, a.window.Content(), "Propose: Let Board of Nursing issue “Training certification” in Ohio (US-OH)", "The vote of 1 other member is needed", "Ada does this in the name of the board")
	a.tap(t, "Propose it")
	wants(t, a.window.Content(), "Open for votes", "Votes for it: 1 of the 2 that it takes. Against it: 0.", "Board of Medicine: yes")
	a.close()
	a.screen.draw()

	c := b.desk("nursing", phoneSize)
	wants(t, c.window.Content(), "Your board's node answers.", "Board of Nursing (this board)", "Open for votes", "What it would change", "Signed in as Ada")
	c.tap(t, "Vote no…")
	wants(t, c.window.Content(), "you can change your vote until", "the others cannot decide it any more")
	c.tap(t, "Cancel")
	c.tap(t, "Vote yes…")
	wants(t, c.window.Content(), "Your vote decides it: it cannot be taken back.", "What it issues of this from then on can be verified.")
	c.tap(t, "Vote yes")
	wants(t, c.window.Content(), "It stands on the ledger.", "In effect", "Training certification in Ohio (US-OH)")

	// Its node is stopped: what the home knows is shown, and why nothing else is.
	if err := nursing.StopNode(); err != nil {
		t.Fatal(err)
	}
	c.tap(t, "Look again")
	wants(t, c.window.Content(), "This board's node does not answer.", "Board of Medicine", "They are with the node.")
	if bt := button(t, c.window.Content(), "Let a board in…"); !bt.Disabled() {
		t.Error("proposing without a node")
	}
	b.start(nursing) // so that the other one can stop, too
}

// ticksIn are the boxes to tick in sight.
func ticksIn(a *testApp) (out []fyne.Tappable) {
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if !o.Visible() {
			return
		}
		switch o := o.(type) {
		case *tick:
			out = append(out, o)
		case *fyne.Container:
			for _, c := range o.Objects {
				walk(c)
			}
		case fyne.Widget:
			for _, c := range test.WidgetRenderer(o).Objects() {
				walk(c)
			}
		}
	}
	walk(all(a.window))
	return out
}
