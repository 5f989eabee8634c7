package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Long enough for many blocks of these networks, which make one in well under
// a second, and for a round whose proposer is down.
const (
	quiet   = 10 * time.Second // that nothing happens in
	refused = 4 * time.Second  // that a transaction is waited for where it cannot be executed
)

// story goes through everything with four members and then with seven. Each
// part leaves the network whole; if that fails, what follows cannot be shown.
func story(ctx context.Context, w *world, t *tally) {
	whole := true
	part := func(name string, f func(detail *string) error) {
		if !t.wants(name) || ctx.Err() != nil {
			return
		}
		if !whole {
			t.check(name, func(*string) error { return errors.New("not run: the network could not be brought back before") })
			return
		}
		t.check(name, func(detail *string) error {
			err := f(detail)
			if serr := w.settle(ctx); serr != nil {
				whole = false
				err = errors.Join(err, fmt.Errorf("bringing everything back: %w", serr))
			}
			return errors.Join(err, w.seen.err())
		})
	}

	t.check("a board founds a network, three join it by invitation and vote", func(detail *string) error {
		if err := w.found(ctx); err != nil {
			whole = false
			return err
		}
		for range 3 {
			if _, err := w.admit(ctx); err != nil {
				whole = false
				return err
			}
		}
		if err := commits(ctx, w.boards...); err != nil {
			whole = false
			return err
		}
		s, err := w.boards[3].status(ctx)
		*detail = fmt.Sprintf("%d boards sign at height %d", s.Validators, s.StateHeight)
		return err
	})
	if !whole {
		return
	}
	b := func(i int) *board { return w.boards[i] }

	part("one killed: commits go on, and it catches up", func(detail *string) error { return w.killedOne(ctx, detail, b(3), b(0), b(1), b(2)) })
	part("one cut off and back", func(detail *string) error { return w.cutOff(ctx, detail, b(2), b(0), b(1), b(3)) })
	part("altered, old and silent sources of packs", func(detail *string) error { return w.sources(ctx, detail) })
	part("two of four down: nothing commits and nothing forks; with one back it goes on", func(detail *string) error {
		return w.halted(ctx, detail, []*board{b(0), b(1)}, []*board{b(2), b(3)})
	})
	part("two and two cut off from each other: neither half commits", func(detail *string) error { return w.halves(ctx, detail) })
	part("a replaced consensus key signs without a restart", func(detail *string) error { return w.newKey(ctx, detail, b(1), b(0)) })
	part("a member that leaves stays an issuer, and comes back", func(detail *string) error { return w.leaves(ctx, detail, b(3)) })
	part("a member restored from its backup signs under a new key", func(detail *string) error { return w.restored(ctx, detail, b(2), b(1)) })
	part("a stranger's node is not let in, and one on another chain stops", func(detail *string) error { return w.stranger(ctx, detail) })
	part("stopped and started in order", func(detail *string) error { return w.orderly(ctx, detail, b(1)) })
	if t.wants("crash") {
		w.crashes(ctx, t, part, b(3))
	}

	part("a new board takes over a state where all threw their first blocks away, altered ones beside", func(detail *string) error {
		return w.stateSync(ctx, detail)
	})
	part("seven members", func(detail *string) error {
		for len(w.boards) < 7 {
			if _, err := w.admit(ctx, fromState); err != nil {
				return err
			}
		}
		return commits(ctx, w.boards...)
	})
	if len(w.boards) == 7 {
		part("two of seven down: commits go on", func(detail *string) error {
			if err := errors.Join(b(5).kill(), b(6).kill()); err != nil {
				return err
			}
			return commits(ctx, w.boards[:5]...)
		})
		part("three of seven down: nothing commits; with one back it goes on", func(detail *string) error {
			return w.halted(ctx, detail, w.boards[:4], w.boards[4:])
		})
	}
}

func (w *world) killedOne(ctx context.Context, detail *string, victim *board, rest ...*board) error {
	// What a peer's end makes of a connection must not take a node along.
	for _, b := range rest {
		if err := b.process().Signal(syscall.SIGPIPE); err != nil {
			return err
		}
	}
	if err := victim.kill(); err != nil {
		return err
	}
	began := time.Now()
	if err := commits(ctx, rest...); err != nil {
		return err
	}
	*detail = fmt.Sprintf("%d transactions in %s without it", len(rest), time.Since(began).Round(10*time.Millisecond))
	if err := silent(ctx, rest[0], []*board{victim}); err != nil {
		return err
	}
	if err := victim.start(ctx); err != nil {
		return err
	}
	began = time.Now()
	if err := w.together(ctx, settleTime); err != nil {
		return err
	}
	*detail += fmt.Sprintf(", one state %s after its start", time.Since(began).Round(10*time.Millisecond))
	if err := commits(ctx, victim); err != nil {
		return err
	}
	return silent(ctx, rest[0], nil)
}

func (w *world) cutOff(ctx context.Context, detail *string, victim *board, rest ...*board) error {
	w.isolate(victim, true)
	before := victim.height(ctx)
	if err := commits(ctx, append(rest, rest...)...); err != nil {
		return err
	}
	// What it had heard of when it was cut off it may still have finished.
	if at := victim.height(ctx); at > before+2 {
		return fmt.Errorf("cut off at height %d it went on to %d", before, at)
	}
	if err := victim.anchor(ctx, refused); err == nil {
		return errors.New("a transaction was executed by the one that was cut off")
	}
	there := rest[0].height(ctx)
	if there <= victim.height(ctx) {
		return errors.New("the others did not go on")
	}
	w.isolate(victim, false)
	began := time.Now()
	if err := w.together(ctx, settleTime); err != nil {
		return err
	}
	*detail = fmt.Sprintf("cut off at height %d while the others reached %d, one state %s after", before, there, time.Since(began).Round(10*time.Millisecond))
	return commits(ctx, victim)
}

// sources lets hospitals sync from true nodes and from worse places.
func (w *world) sources(ctx context.Context, detail *string) (err error) {
	publisher := w.boards[3]
	public := publisher.home.PublicDir()
	folder := func(name string) string { return filepath.Join(w.dir, "source-"+name) }
	pin := filepath.Join(folder("old"), "network.json")
	if err := copyFolder(public, folder("old"), nil); err != nil {
		return err
	}
	// A node publishes a whole pack when it starts: one that is newer than what
	// the hospitals believe at first.
	if err := commits(ctx, w.boards...); err != nil {
		return err
	}
	before, err := os.ReadFile(filepath.Join(public, "network.json"))
	if err != nil {
		return err
	}
	if err := errors.Join(publisher.signal(syscall.SIGTERM), publisher.start(ctx)); err != nil {
		return err
	}
	if err := eventually(ctx, commitTime, "a new pack is published", func() error {
		now, err := os.ReadFile(filepath.Join(public, "network.json"))
		if err == nil && bytes.Equal(now, before) {
			err = errors.New("the old one stands")
		}
		return err
	}); err != nil {
		return err
	}
	if err := errors.Join(
		copyFolder(public, folder("altered"), liesIn),
		copyFolder(public, folder("damaged"), func(name string, b []byte) ([]byte, error) {
			if strings.HasSuffix(name, ".bonafide") {
				b[len(b)/2] ^= 1
			}
			return b, nil
		}),
	); err != nil {
		return err
	}
	urls := map[string]string{"true": "http://" + w.boards[0].api, "other": "http://" + w.boards[1].api}
	handlers := map[string]http.Handler{"silent": mute(), "folder": http.FileServer(http.Dir(public))}
	for _, name := range []string{"old", "altered", "damaged"} {
		handlers[name] = http.FileServer(http.Dir(folder(name)))
	}
	for name, handler := range handlers {
		s, err := serve(handler)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.close()) }()
		urls[name] = s.url
	}
	from := func(names ...string) (out []string) {
		for _, n := range names {
			out = append(out, urls[n])
		}
		return out
	}
	for _, c := range []struct {
		sources []string
		synced  bool // the hospital has data of before
		exit    int
		codes   []string // of each source; "a|b" is either
		crossed bool
	}{
		{sources: []string{"altered"}, exit: 3},
		{sources: []string{"damaged", "altered"}, exit: 3},
		{sources: []string{"altered"}, synced: true, exit: 3},
		{sources: []string{"folder"}, codes: []string{""}},
		{sources: []string{"altered", "true"}, codes: []string{"pack_altered", ""}},
		{sources: []string{"true", "damaged"}, codes: []string{"", "pack_damaged"}},
		{sources: []string{"folder", "true"}, codes: []string{"", ""}, crossed: true},
		{sources: []string{"true", "other"}, codes: []string{"", ""}, crossed: true},
		{sources: []string{"old", "true"}, synced: true, codes: []string{"pack_lower_height", ""}},
		{sources: []string{"silent", "true"}, codes: []string{"node_no_answer_yet|node_unreachable", ""}},
	} {
		h, err := w.newHospital(ctx, pin)
		if err != nil {
			return err
		}
		if c.synced {
			source := "true"
			if c.exit != 0 {
				source = "old" // so that there is something to gain
			}
			if a, err := h.sync(ctx, urls[source]); err != nil || a.exit != 0 {
				return fmt.Errorf("from %s: %w: %s", source, err, a.errout)
			}
		}
		had, err := h.header(ctx)
		if err != nil {
			return err
		}
		a, err := h.sync(ctx, from(c.sources...)...)
		if err != nil {
			return err
		}
		said := fmt.Sprintf("from %v: exit %d: %s%s", c.sources, a.exit, a.out, a.errout)
		if a.exit != c.exit {
			return errors.New(said)
		}
		has, err := h.header(ctx)
		if err != nil {
			return err
		}
		if kept, err := filepath.Glob(filepath.Join(h.dir, "network", "evidence-*")); err != nil || len(kept) > 0 {
			return fmt.Errorf("evidence of a fork that there was not: %w: %s", err, said)
		}
		if c.exit != 0 {
			if has != had || !strings.Contains(a.errout, "pack_altered") && !strings.Contains(a.errout, "pack_damaged") {
				return fmt.Errorf("header %v, before %v: %s", has, had, said)
			}
			continue
		}
		got, err := codes(a)
		if err != nil {
			return err
		}
		for i, allowed := range c.codes {
			if i >= len(got) || !slices.Contains(strings.Split(allowed, "|"), got[i]) {
				return errors.New(said)
			}
		}
		if crossed, err := a.value("cross_checked"); err != nil || crossed != c.crossed {
			return errors.New(said)
		}
		*detail = fmt.Sprintf("%d hospitals, the last at header %v", w.hospitals, has)
	}
	return nil
}

// halted takes so many down that more than two thirds do not run.
func (w *world) halted(ctx context.Context, detail *string, up, down []*board) error {
	last := len(down) - 1
	for i, b := range down {
		if err := b.kill(); err != nil {
			return err
		}
		if i < last { // as long as it can, the network goes on without it
			if err := commits(ctx, up[0]); err != nil {
				return err
			}
		}
	}
	// What was decided before the last was killed is finished by the others.
	if err := up[0].anchor(ctx, refused); err == nil {
		return errors.New("a transaction was executed without two thirds of the members")
	}
	var at []uint64
	for _, b := range up {
		at = append(at, b.height(ctx))
	}
	if err := never(ctx, quiet, "a block was made without two thirds of the members", func() bool {
		for i, b := range up {
			if h := b.height(ctx); h > at[i] && h > slices.Max(at) {
				return true
			}
		}
		return false
	}); err != nil {
		return err
	}
	// Whoever looks is told who is missing; the last one may have voted for the
	// block that is stuck just before it ended, and then was heard.
	if err := silent(ctx, up[0], down[:last], down[last]); err != nil {
		return err
	}
	if err := down[0].start(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := commits(ctx, up[0], down[0]); err != nil {
		return err
	}
	*detail = fmt.Sprintf("nothing above height %d for %s; two transactions within %s after", slices.Max(at), quiet, time.Since(began).Round(10*time.Millisecond))
	return w.together(ctx, settleTime)
}

// silent waits until a board says that it hears nothing from exactly these, and
// perhaps from others.
func silent(ctx context.Context, of *board, missing []*board, perhaps ...*board) error {
	var want []string
	for _, b := range missing {
		want = append(want, b.id.String())
	}
	slices.Sort(want)
	return eventually(ctx, commitTime, of.name+" names who is silent", func() error {
		s, err := of.status(ctx)
		if err != nil {
			return err
		}
		named := slices.DeleteFunc(s.Silent, func(id string) bool {
			return slices.ContainsFunc(perhaps, func(b *board) bool { return b.id.String() == id })
		})
		if !slices.Equal(named, want) {
			return fmt.Errorf("%v, not %v", s.Silent, want)
		}
		return nil
	})
}

func (w *world) halves(ctx context.Context, detail *string) error {
	half := func(i int) int { return i / 2 }
	for i, one := range w.boards[:4] {
		for j, other := range w.boards[:4] {
			if half(i) != half(j) {
				one.wires[other].hold(true)
			}
		}
	}
	for _, i := range []int{0, 2} {
		if err := w.boards[i].anchor(ctx, refused); err == nil {
			return errors.New("half of the members executed a transaction")
		}
	}
	var at uint64
	for _, b := range w.boards {
		at = max(at, b.height(ctx))
	}
	if err := never(ctx, quiet, "half of the members made a block", func() bool {
		return slices.ContainsFunc(w.boards, func(b *board) bool { return b.height(ctx) > at })
	}); err != nil {
		return err
	}
	for _, b := range w.boards {
		w.isolate(b, false)
	}
	began := time.Now()
	if err := commits(ctx, w.boards...); err != nil {
		return err
	}
	*detail = fmt.Sprintf("goes on %s after the wires are whole", time.Since(began).Round(10*time.Millisecond))
	return nil
}

// newKey replaces a member's key and then makes its signature necessary.
func (w *world) newKey(ctx context.Context, detail *string, member, other *board) error {
	a, err := w.run(ctx, "ledger", "consensus-key", "--home", member.dir)
	if err != nil {
		return err
	}
	key, err := a.text("key")
	if err != nil {
		return err
	}
	if err := commits(ctx, member); err != nil {
		return err
	}
	if err := other.kill(); err != nil {
		return err
	}
	if err := commits(ctx, member); err != nil {
		return err
	}
	s, err := member.status(ctx)
	if err != nil || !s.Validating || s.Validators != 4 {
		return fmt.Errorf("%+v: %w", s, err)
	}
	*detail = key
	// And after a restart, on which it begins with the old key in hand.
	if err := errors.Join(member.kill(), member.start(ctx)); err != nil {
		return err
	}
	return commits(ctx, member)
}

func (w *world) leaves(ctx context.Context, detail *string, leaver *board) error {
	rest := w.boards[:3]
	a, err := w.run(ctx, "ledger", "propose", "accredit", "--issuer", leaver.id.String(), "--type", "ProfessionalLicence",
		"--jurisdiction", "US-OH", "--home", rest[0].dir)
	if err != nil {
		return err
	}
	if err := w.vote(ctx, a, rest[1:]...); err != nil {
		return err
	}
	if a, err = w.run(ctx, "ledger", "propose", "remove", leaver.id.String(), "--home", rest[0].dir); err != nil {
		return err
	}
	if err := w.vote(ctx, a, rest[1:]...); err != nil {
		return err
	}
	if err := eventually(ctx, commitTime, "three sign", func() error {
		s, err := leaver.status(ctx)
		if err == nil && (s.Validating || s.Validators != 3) {
			err = fmt.Errorf("%+v", s)
		}
		return err
	}); err != nil {
		return err
	}
	// It issues as before, and its node goes on following.
	if err := commits(ctx, leaver); err != nil {
		return err
	}
	// But it votes no more.
	if a, err = w.ask(ctx, "ledger", "propose", "upgrade", "none", "--height", "1000000000", "--home", leaver.dir); err != nil {
		return err
	}
	if a.exit != 3 || !strings.Contains(a.errout, "not_member") {
		return fmt.Errorf("it proposed: exit %d: %s%s", a.exit, a.out, a.errout)
	}
	if a, err = w.run(ctx, "ledger", "propose", "admit", leaver.id.String(), "--name", "Board D", "--consensus", leaver.consensus, "--home", rest[0].dir); err != nil {
		return err
	}
	if err := w.vote(ctx, a, rest[1:]...); err != nil {
		return err
	}
	return eventually(ctx, commitTime, "four sign", func() error {
		s, err := leaver.status(ctx)
		if err == nil && (!s.Validating || s.Validators != 4) {
			err = fmt.Errorf("%+v", s)
		}
		*detail = fmt.Sprintf("%d boards sign again", s.Validators)
		return err
	})
}

// stranger takes in an invitation that somebody handed on, and dials; nobody
// here named its node.
func (w *world) stranger(ctx context.Context, detail *string) error {
	first := w.boards[0]
	invitation := filepath.Join(w.dir, "stranger-invitation.json")
	a, err := w.run(ctx, "ledger", "invite", "--home", first.dir, "--out", invitation, "--peer", first.peer+"@"+first.p2p)
	if err != nil {
		return err
	}
	fingerprint, err := a.text("fingerprint")
	if err != nil {
		return err
	}
	s := &board{w: w, name: "stranger", dir: filepath.Join(w.dir, "stranger"), wires: map[*board]*wire{}}
	if s.api, err = freePort(); err != nil {
		return err
	}
	if s.p2p, err = freePort(); err != nil {
		return err
	}
	if _, err := w.run(ctx, "ledger", "join", invitation, "--home", s.dir, "--fingerprint", "00"+fingerprint[2:], "--name", "Stranger"); err == nil {
		return errors.New("a wrong fingerprint was taken")
	}
	if _, err := w.run(ctx, "ledger", "join", invitation, "--home", s.dir, "--fingerprint", fingerprint, "--p2p", s.p2p,
		"--name", "Stranger", "--out", filepath.Join(w.dir, "stranger.json")); err != nil {
		return err
	}
	s.client = newClient(s.api)
	defer s.client.Close()
	if err := s.start(ctx); err != nil {
		return err
	}
	err = never(ctx, quiet, "the stranger's node got blocks", func() bool {
		// The others may just be coming back after the story before.
		now, err := first.status(ctx)
		return s.height(ctx) > 0 || err == nil && now.Peers > len(w.boards)-1
	})
	if err := errors.Join(err, s.kill()); err != nil {
		return err
	}
	*detail = "no block came to it"

	// Let in, but told of another block than the chain has, it follows up to that
	// block and stops in order.
	own, err := w.run(ctx, "ledger", "peer", "list", "--home", s.dir)
	if err != nil {
		return err
	}
	id, err := own.text("own")
	if err != nil {
		return err
	}
	id, _, _ = strings.Cut(id, "@")
	if _, err := w.run(ctx, "ledger", "peer", "add", id, "--home", first.dir); err != nil {
		return err
	}
	record := filepath.Join(s.dir, "node", "joined.json")
	b, err := os.ReadFile(record)
	if err != nil {
		return err
	}
	i := bytes.Index(b, []byte(`"hash": "`))
	if i < 0 {
		return fmt.Errorf("no hash in %s", b)
	}
	copy(b[i+len(`"hash": "`):], "00000000")
	if err := os.WriteFile(record, b, 0o600); err != nil {
		return err
	}
	if err := s.launch(w.bin); err != nil {
		return err
	}
	if err := eventually(ctx, startTime, "it notices that the chain is another", func() error {
		if s.running() {
			return errors.New("it runs")
		}
		return nil
	}); err != nil {
		return errors.Join(err, s.kill())
	}
	log, err := os.ReadFile(s.logFile())
	if err != nil {
		return err
	}
	if s.exitCode() != 3 || !bytes.Contains(log, []byte("node_other_chain")) || bytes.Contains(log, []byte("goroutine ")) {
		return fmt.Errorf("it ended with %d; see %s", s.exitCode(), s.logFile())
	}
	*detail += "; told of another block, it stopped there"
	_, err = w.run(ctx, "ledger", "peer", "remove", id, "--home", first.dir)
	return err
}

// orderly stops a node as a service manager does.
func (w *world) orderly(ctx context.Context, detail *string, b *board) error {
	began := time.Now()
	if err := b.signal(syscall.SIGTERM); err != nil {
		return err
	}
	took := time.Since(began)
	*detail = fmt.Sprintf("stopped in %s", took.Round(10*time.Millisecond))
	if b.exitCode() != 0 || took > stopTime {
		return fmt.Errorf("exit code %d after %s", b.exitCode(), took)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "node", "address")); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("its address is still noted: %w", err)
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	return commits(ctx, b)
}
