package main

// A network of boards as processes of the built program, each with a home of
// its own, wired to each other through the harness.

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/ledger"
	"bonafide/ledger/node"
	"bonafide/ledger/pack"
)

const passphrase = "velvet otter signal 4711"

// How long things may take before they count as failed: this machine may be
// slow, and the engine waits 3 s for a proposer that is down and dials by
// chance within 3 s.
const (
	commandTime = 90 * time.Second
	startTime   = 90 * time.Second
	commitTime  = 60 * time.Second
	settleTime  = 120 * time.Second
	stopTime    = 30 * time.Second // TimeoutStopSec of the systemd unit
	poll        = 50 * time.Millisecond
)

// world is the network.
type world struct {
	bin, faults string // the program, and the build of it that crashes on demand
	rehearsal   string // the build of it that knows newer rules
	dir         string
	pass        string
	seen        observer
	env         []string
	hospitals   int // made so far

	mu     sync.Mutex // of boards, for the observer
	boards []*board
}

// board is one member: its home, its process, and its wires to the others.
type board struct {
	w         *world
	name, dir string
	id        did.DID
	consensus string // Multikey of the first key
	api, p2p  string
	peer      string // id of its node
	home      *home.Home
	client    *node.HTTPClient
	wires     map[*board]*wire // by whom it dials

	program string   // that was started last
	args    []string // for its node, beside those that all have

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process has ended
	code   int           // its exit code
	meant  bool          // it was to end
}

func newWorld(bin, faults, rehearsal, dir string) (*world, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	w := &world{bin: bin, faults: faults, rehearsal: rehearsal, dir: dir, pass: filepath.Join(dir, "pass")}
	if err := os.WriteFile(w.pass, []byte(passphrase+"\n"), 0o600); err != nil {
		return nil, err
	}
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "BONAFIDE_") && !strings.HasPrefix(e, "FAIL_TEST_") {
			w.env = append(w.env, e)
		}
	}
	w.env = append(w.env, "BONAFIDE_PASSPHRASE_FILE="+w.pass, "GOMAXPROCS=2")
	w.seen.heights = map[uint64]string{}
	return w, nil
}

func (w *world) options() home.Options {
	return home.Options{Now: time.Now, Passphrase: func(string, bool) ([]byte, error) { return []byte(passphrase), nil }}
}

// close ends everything that runs.
func (w *world) close() error {
	var errs []error
	for _, b := range w.boards {
		errs = append(errs, b.kill())
		for _, x := range b.wires {
			errs = append(errs, x.close())
		}
		if b.client != nil {
			b.client.Close()
		}
		if b.home != nil {
			errs = append(errs, b.home.Close())
		}
	}
	return errors.Join(errs...)
}

// answer is what a command said.
type answer struct {
	exit        int
	out, errout string
}

// value is a field of a JSON answer.
func (a answer) value(name string) (any, error) {
	var m map[string]any
	if err := json.Unmarshal([]byte(a.out), &m); err != nil {
		return nil, fmt.Errorf("no JSON: %w: %s%s", err, a.out, a.errout)
	}
	v, ok := m[name]
	if !ok {
		return nil, fmt.Errorf("no %s in %s", name, a.out)
	}
	return v, nil
}

func (a answer) text(name string) (string, error) {
	v, err := a.value(name)
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s is no text in %s", name, a.out)
	}
	return s, nil
}

// ask runs a command to its end; any exit code is an answer.
func (w *world) ask(ctx context.Context, args ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	c := exec.CommandContext(ctx, w.bin, append(args, "--json")...)
	c.Env, c.Dir = w.env, w.dir
	var out, errout bytes.Buffer
	c.Stdout, c.Stderr = &out, &errout
	err := c.Run()
	a := answer{c.ProcessState.ExitCode(), out.String(), errout.String()}
	if _, exit := errors.AsType[*exec.ExitError](err); exit && ctx.Err() == nil {
		return a, nil
	}
	if err != nil {
		return a, fmt.Errorf("bonafide %s: %w: %s", strings.Join(args, " "), err, a.errout)
	}
	return a, nil
}

// run is ask for a command that must succeed.
func (w *world) run(ctx context.Context, args ...string) (answer, error) {
	a, err := w.ask(ctx, args...)
	if err == nil && a.exit != 0 {
		err = fmt.Errorf("bonafide %s: exit code %d: %s%s", strings.Join(args, " "), a.exit, a.out, a.errout)
	}
	return a, err
}

// eventually polls a condition until it is met. What the condition says last
// becomes the error.
func eventually(ctx context.Context, within time.Duration, what string, met func() error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		err := met()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: not within %s: %w", what, within, err)
		}
	}
}

// never polls a condition that must not come about for as long as given.
func never(ctx context.Context, during time.Duration, what string, happened func() bool) error {
	end := time.NewTimer(during)
	defer end.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if happened() {
			return errors.New(what)
		}
		select {
		case <-tick.C:
		case <-end.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// newBoard prepares a board: its folder, its ports and a wire from each other
// board to it and back.
func (w *world) newBoard() (*board, error) {
	b := &board{w: w, name: "board-" + string(rune('a'+len(w.boards))), wires: map[*board]*wire{}}
	b.dir = filepath.Join(w.dir, b.name)
	var err error
	if b.api, err = freePort(); err != nil {
		return nil, err
	}
	if b.p2p, err = freePort(); err != nil {
		return nil, err
	}
	for _, other := range w.boards {
		if b.wires[other], err = newWire(b.p2p); err != nil {
			return nil, err
		}
		if other.wires[b], err = newWire(other.p2p); err != nil {
			return nil, err
		}
	}
	b.client = newClient(b.api)
	w.mu.Lock()
	w.boards = append(w.boards, b)
	w.mu.Unlock()
	return b, nil
}

func newClient(api string) *node.HTTPClient { return node.NewHTTPClient(api) }

// via is how this board's node is named to the one that dials it.
func (b *board) via(dialler *board) string { return b.peer + "@" + b.wires[dialler].address() }

func (b *board) open() (err error) {
	b.home, err = home.Open(b.dir, b.w.options())
	if err != nil {
		return err
	}
	if b.id, err = b.home.BoardDID(); err != nil {
		return err
	}
	own, err := b.home.OwnPeer()
	b.peer, _, _ = strings.Cut(own, "@")
	return err
}

// found makes the first board and its network.
func (w *world) found(ctx context.Context) error {
	b, err := w.newBoard()
	if err != nil {
		return err
	}
	if _, err := w.run(ctx, "ledger", "init", "--home", b.dir, "--network", "net", "--name", "Board A",
		"--interval", "1s", "--issuer-delay", "1s", "--recover-delay", "1s", "--proposal-life", "10m"); err != nil {
		return err
	}
	if err := errors.Join(shortEvidence(filepath.Join(b.dir, "node", "genesis.json")), b.open()); err != nil {
		return err
	}
	return b.start(ctx)
}

// admit brings one more board in, by invitation, application and vote. before
// is called when its node is about to start for the first time.
func (w *world) admit(ctx context.Context, before ...func(*board) error) (*board, error) {
	members := slices.Clone(w.boards)
	first := members[0]
	b, err := w.newBoard()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(w.dir, b.name+"-invitation.json")
	args := []string{"ledger", "invite", "--home", first.dir, "--out", file}
	for _, m := range members {
		args = append(args, "--peer", m.via(b))
	}
	a, err := w.run(ctx, args...)
	if err != nil {
		return nil, err
	}
	fingerprint, err := a.text("fingerprint")
	if err != nil {
		return nil, err
	}
	application := filepath.Join(w.dir, b.name+"-application.json")
	a, err = w.run(ctx, "ledger", "join", file, "--home", b.dir, "--fingerprint", fingerprint, "--p2p", b.p2p,
		"--name", "Board "+strings.ToUpper(b.name[len(b.name)-1:]), "--out", application)
	if err != nil {
		return nil, err
	}
	if fingerprint, err = a.text("fingerprint"); err != nil {
		return nil, err
	}
	if b.consensus, err = a.text("consensus"); err != nil {
		return nil, err
	}
	if err := b.open(); err != nil {
		return nil, err
	}
	if _, err := w.run(ctx, "ledger", "countersign", application, "--home", first.dir); err != nil {
		return nil, err
	}
	for _, m := range members {
		if _, err := w.run(ctx, "ledger", "peer", "add", b.via(m), "--home", m.dir); err != nil {
			return nil, err
		}
	}
	for _, f := range before {
		if err := f(b); err != nil {
			return nil, err
		}
	}
	// It follows the chain before it is voted on, so that it can sign at once.
	if err := b.start(ctx); err != nil {
		return nil, err
	}
	if err := w.together(ctx, settleTime); err != nil {
		return nil, err
	}
	if a, err = w.run(ctx, "ledger", "propose", "admit", "--application", application, "--fingerprint", fingerprint, "--home", first.dir); err != nil {
		return nil, err
	}
	// The application named the node without its wire.
	if _, err := w.run(ctx, "ledger", "peer", "add", b.via(first), "--home", first.dir); err != nil {
		return nil, err
	}
	if err := w.vote(ctx, a, members[1:]...); err != nil {
		return nil, err
	}
	return b, eventually(ctx, commitTime, b.name+" signs", func() error {
		s, err := b.status(ctx)
		switch {
		case err != nil:
			return err
		case !s.Validating || s.Syncing || s.Validators != len(w.boards):
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
}

// vote lets boards vote yes until the proposal that a command answered with is
// decided.
func (w *world) vote(ctx context.Context, a answer, voters ...*board) error {
	for _, v := range voters {
		state, err := a.text("state")
		if err != nil {
			return err
		}
		if state != "open" {
			break
		}
		n, err := a.value("number")
		if err != nil {
			return err
		}
		number, ok := n.(float64)
		if !ok {
			return fmt.Errorf("no number in %s", a.out)
		}
		if a, err = w.run(ctx, "ledger", "vote", strconv.Itoa(int(number)), "yes", "--home", v.dir); err != nil {
			return err
		}
	}
	if state, err := a.text("state"); err != nil || state == "open" || state == "failed" {
		return fmt.Errorf("the proposal is %s: %w %s", state, err, a.out)
	}
	return nil
}

// start runs the board's node and waits until it answers.
func (b *board) start(ctx context.Context, env ...string) error {
	return b.startAs(ctx, b.w.bin, env...)
}

func (b *board) startAs(ctx context.Context, bin string, env ...string) error {
	if err := b.launch(bin, env...); err != nil {
		return err
	}
	return eventually(ctx, startTime, b.name+" answers", func() error {
		if !b.running() {
			return fmt.Errorf("%s ended with %d; see %s", b.name, b.exitCode(), b.logFile())
		}
		_, err := b.status(ctx)
		return err
	})
}

func (b *board) logFile() string { return filepath.Join(b.w.dir, b.name+".log") }

func (b *board) launch(bin string, env ...string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	log, err := os.OpenFile(b.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	c := exec.Command(bin, "ledger", "start", "--home", b.dir, "--listen", b.api, "--p2p", b.p2p, "--log", "info")
	c.Args = append(c.Args, b.args...)
	c.Env, c.Dir = append(slices.Clone(b.w.env), env...), b.w.dir
	c.Stdout, c.Stderr = log, log
	if err := begin(c); err != nil {
		return errors.Join(err, log.Close())
	}
	exited := make(chan struct{})
	b.cmd, b.exited, b.program, b.meant = c, exited, bin, false
	go func() {
		_ = c.Wait() // how it ended is in its state
		_ = log.Close()
		b.mu.Lock()
		b.code = c.ProcessState.ExitCode()
		b.mu.Unlock()
		close(exited)
	}()
	return nil
}

func (b *board) running() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cmd == nil {
		return false
	}
	select {
	case <-b.exited:
		return false
	default:
		return true
	}
}

func (b *board) process() *os.Process {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cmd.Process
}

func (b *board) exitCode() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.code
}

// ended reports whether it was the harness that ended the process.
func (b *board) ended() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.meant
}

func (b *board) wasMeant() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.meant = true
}

// kill ends the process as a power cut does, and waits for its end.
func (b *board) kill() error { return b.signal(syscall.SIGKILL) }

func (b *board) signal(s os.Signal) error {
	b.mu.Lock()
	c, exited := b.cmd, b.exited
	b.meant = true
	b.mu.Unlock()
	if c == nil {
		return nil
	}
	if err := c.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-exited
	return nil
}

func (b *board) status(ctx context.Context) (node.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return b.client.Status(ctx)
}

func (b *board) height(ctx context.Context) uint64 {
	s, err := b.status(ctx)
	if err != nil {
		return 0
	}
	return s.StateHeight
}

// anchor sends a transaction through the board's own node, and returns when a
// block has executed it and a signed header proves it.
func (b *board) anchor(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var root [32]byte
	if _, err := rand.Read(root[:]); err != nil {
		return err
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		_, err := b.home.Send(ctx, ledger.AnchorBatch{Root: root, Size: 1, LastValidity: ledger.Month{Year: 2030, Month: 1}})
		if err == nil {
			return nil
		}
		// One that was handed in while nothing could be executed waits before it.
		if explain.CodeOf(err) != "tx_sequence" || ctx.Err() != nil {
			return fmt.Errorf("a transaction through %s: %w", b.name, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("a transaction through %s: %w", b.name, err)
		}
	}
}

// commits shows that the network goes on, through each of the boards named.
func commits(ctx context.Context, boards ...*board) error {
	for _, b := range boards {
		if err := b.anchor(ctx, commitTime); err != nil {
			return err
		}
	}
	return nil
}

// isolate holds, or lets go, every wire of a board.
func (w *world) isolate(b *board, held bool) {
	for _, other := range w.boards {
		if other != b {
			b.wires[other].hold(held)
			other.wires[b].hold(held)
		}
	}
}

// together waits until all boards that run have the same state, at the height
// that the furthest had when it was asked for, or above.
func (w *world) together(ctx context.Context, within time.Duration) error {
	var floor uint64
	for _, b := range w.boards {
		if b.running() {
			floor = max(floor, b.height(ctx))
		}
	}
	return eventually(ctx, within, "all have one state", func() error {
		byHeight := map[uint64][32]byte{}
		count, n := map[uint64]int{}, 0
		said := ""
		for _, b := range w.boards {
			if !b.running() {
				if !b.ended() {
					return fmt.Errorf("%s ended by itself with %d; see %s", b.name, b.exitCode(), b.logFile())
				}
				continue
			}
			n++
			s, err := b.status(ctx)
			if err != nil {
				return err
			}
			said += fmt.Sprintf("%s at %d (syncing %v, %d peers) ", b.name, s.StateHeight, s.Syncing, s.Peers)
			if have, ok := byHeight[s.StateHeight]; ok && have != s.AppHash {
				return fmt.Errorf("two states at height %d", s.StateHeight)
			}
			if s.StateHeight >= floor && !s.Syncing {
				byHeight[s.StateHeight] = s.AppHash
				count[s.StateHeight]++
			}
		}
		for _, c := range count {
			if c == n {
				return w.seen.err()
			}
		}
		return errors.New(said)
	})
}

// settle brings everything back: wires, processes, one state.
func (w *world) settle(ctx context.Context) error {
	for _, b := range w.boards {
		w.isolate(b, false)
	}
	for _, b := range w.boards {
		if !b.running() {
			if !b.ended() {
				return fmt.Errorf("%s ended by itself with %d; see %s", b.name, b.exitCode(), b.logFile())
			}
			if err := b.start(ctx); err != nil {
				return err
			}
		}
	}
	return w.together(ctx, settleTime)
}

// observer remembers every header and every state that any node ever showed.
type observer struct {
	mu      sync.Mutex
	heights map[uint64]string
	forked  error
	count   int
}

func (o *observer) err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.forked
}

func (o *observer) note(height uint64, what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count++
	if have, ok := o.heights[height]; ok && have != what && o.forked == nil {
		o.forked = fmt.Errorf("a fork at height %d: %s and %s", height, have, what)
	}
	o.heights[height] = what
}

// observe watches all boards until ctx ends: two headers of one height anywhere,
// at any time, are a fork.
func (w *world) observe(ctx context.Context) {
	tick := time.NewTicker(2 * poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		w.mu.Lock()
		boards := slices.Clone(w.boards)
		w.mu.Unlock()
		for _, b := range boards {
			if !b.running() {
				continue
			}
			short, cancel := context.WithTimeout(ctx, time.Second)
			raw, err := b.client.Network(short)
			cancel()
			if err != nil {
				continue // it is down, or has nothing that is proved
			}
			n, err := pack.ParseNetwork(raw)
			if err != nil {
				w.seen.note(0, err.Error())
				continue
			}
			w.seen.note(n.Height, fmt.Sprintf("%x", n.Hash))
		}
	}
}
