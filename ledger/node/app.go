package node

// The ABCI 2.0 application: the engine orders transactions, ledger.State says
// what they do, and everything a block changed goes to disk in one atomic write
// at Commit, together with the height and the app hash. Between two Commits
// nothing is on disk, so that a crash anywhere is a crash before or after a
// block, and the engine's handshake runs the missing block again.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/ledger"
)

// codeRefused is the ABCI code of every refusal. It is consensus (it goes into
// the hash of results), so the reason travels beside it and not in it.
const codeRefused = 1

type app struct {
	abci.BaseApplication

	// mu guards all below. The engine calls from its consensus and its mempool
	// routines, the API reads from its own.
	mu      sync.Mutex
	store   *store
	state   *ledger.State // nil until InitChain on a new chain
	at      meta          // last committed; zero on a new chain
	done    uint64        // height that state has executed: at.height or one more
	hash    [32]byte      // app hash of state
	time    time.Time     // header time of block done
	genesis [32]byte      // SHA-256 of the ledger's part of the genesis file
	pending *changes      // written by the next Commit
	signed  uint64        // newest height whose block and signatures are stored
	jobs    []*job        // want a header that proves state
	waiting map[[32]byte][]chan Receipt

	// hourly is called (under mu, proof stored) for the state after the first
	// block of each hour, with the height of the header that proves it.
	hourly func(v *ledger.View, header uint64)
	due    bool // the state wants hourly as soon as its proof is stored

	checkpoint Checkpoint
	retain     retention

	snapshot    func(height uint64) // takes one of what is stored; called under mu
	every       time.Duration       // between snapshots, by header time
	snapshotDue bool                // of what Commit stores
	snapshotDir string
	warn        func(msg string, kv ...any) // for whoever runs the node
	trusted     *trusted                    // nil: this node does not take over a state
	restoring   *restoring                  // the one that is being taken over

	admits  func(id string) bool // may this node connect?
	syncing func() bool          // the engine fetches old blocks from its peers; nil until it is up

	// signal is closed and replaced whenever done, signed or at changed.
	signal atomic.Pointer[chan struct{}]

	// stopped is closed when nothing will happen any more; cause says why.
	stopped  chan struct{}
	stopOnce sync.Once
	cause    error
}

// job is work on the state that needs its proof. It is claimed either by who
// runs it or by who gives up on it.
type job struct {
	run     func(v *ledger.View, header uint64) error
	claimed atomic.Bool
	done    chan error
}

func newApp(s *store) (*app, error) {
	a := &app{store: s, waiting: map[[32]byte][]chan Receipt{}, stopped: make(chan struct{}), warn: func(string, ...any) {}}
	c := make(chan struct{})
	a.signal.Store(&c)
	at, ok, err := s.meta()
	if err != nil || !ok {
		return a, err
	}
	// Before the state is read: newer rules may have rows that we cannot.
	if rules, err := s.rules(); err != nil {
		return nil, err
	} else if rules != "" && !ledger.KnowsUpgrade(rules) {
		return nil, explain.Errorf("node_upgrade", "the data, up to block %d, are under the rules %q", at.height, rules)
	}
	var broken error
	state, err := ledger.Load(s.rows(&broken))
	if err = errors.Join(broken, err); err != nil {
		return nil, explain.Errorf("node_store", "loading the state: %w", err)
	}
	v := state.View()
	if v.Height() != at.height || v.AppHash() != at.appHash {
		return nil, explain.Errorf("node_store", "the stored state does not have the app hash stored with it")
	}
	a.state, a.at, a.done, a.hash, a.time, a.genesis = state, at, at.height, at.appHash, at.time, at.genesis
	return a, nil
}

func (a *app) broadcast() {
	c := make(chan struct{})
	close(*a.signal.Swap(&c))
}

// stop ends all waiting. cause is the coded error that everyone gets.
func (a *app) stop(cause error) {
	a.stopOnce.Do(func() {
		a.cause = cause
		close(a.stopped)
	})
}

// err is the cause once the application is stopped. Whoever reads a database
// asks under mu: they are closed when nobody can be in there any more.
func (a *app) err() error {
	select {
	case <-a.stopped:
		return a.cause
	default:
		return nil
	}
}

// halt stops the application for good from inside a block and returns cause.
// While old blocks are fetched the engine knows only one answer to an error, a
// panic that takes the process with it, so its routine is ended instead. Its
// deferred calls and ours, which release the locks, run.
func (a *app) halt(cause error) error {
	a.stop(cause)
	if a.syncing != nil && a.syncing() {
		runtime.Goexit()
	}
	return cause
}

// Info is the engine's question where the application stands.
func (a *app) Info(context.Context, *abci.RequestInfo) (*abci.ResponseInfo, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := &abci.ResponseInfo{Data: "bonafide", AppVersion: appVersion, LastBlockHeight: int64(a.at.height)}
	if a.at.height > 0 {
		r.LastBlockAppHash = a.at.appHash[:]
	}
	return r, nil
}

// Query answers the engine's question whether a peer may connect, and nothing
// else: the ledger is read through Client.
func (a *app) Query(_ context.Context, req *abci.RequestQuery) (*abci.ResponseQuery, error) {
	switch id, isID := strings.CutPrefix(req.Path, "/p2p/filter/id/"); {
	case isID && a.admits(id), strings.HasPrefix(req.Path, "/p2p/filter/addr/"): // an address proves nothing
		return &abci.ResponseQuery{}, nil
	case isID:
		return &abci.ResponseQuery{Code: codeRefused, Codespace: "peer_unknown"}, nil
	}
	return &abci.ResponseQuery{Code: codeRefused, Codespace: "node_bad_request"}, nil
}

// InitChain makes the first state. It is stored with the first block: until
// then the engine asks again at each start.
func (a *app) InitChain(_ context.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	g, err := ledger.ParseGenesis(req.AppStateBytes)
	if err != nil {
		return nil, fmt.Errorf("reading the genesis state: %w", err)
	}
	if g.ChainID != req.ChainId {
		return nil, errors.New("reading the genesis state: it is of another chain")
	}
	state, rows, err := ledger.New(g)
	if err != nil {
		return nil, fmt.Errorf("making the first state: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state, a.done, a.time, a.genesis = state, 0, g.Time, sha256.Sum256(req.AppStateBytes)
	a.hash = state.View().AppHash()
	a.pending = &changes{rows: rows}
	return &abci.ResponseInitChain{AppHash: append([]byte(nil), a.hash[:]...)}, nil
}

// CheckTx judges a transaction for the mempool. One that is dropped on
// rechecking will not come into a block: whoever waits for it is told.
func (a *app) CheckTx(_ context.Context, req *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state == nil {
		return &abci.ResponseCheckTx{Code: codeRefused, Codespace: "node_stopped"}, nil
	}
	r := a.state.Check(req.Tx)
	if r.Code == "" {
		return &abci.ResponseCheckTx{}, nil
	}
	if req.Type == abci.CheckTxType_Recheck {
		a.tell(sha256.Sum256(req.Tx), Receipt{Code: r.Code, Detail: r.Detail})
	}
	return &abci.ResponseCheckTx{Code: codeRefused, Codespace: r.Code, Log: r.Detail}, nil
}

// PrepareProposal takes transactions in the mempool's order as long as they
// fit, those of one DID by their sequences.
func (a *app) PrepareProposal(_ context.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	txs := a.inSequence(req.Txs)
	out := make([][]byte, 0, len(txs))
	var size int64
	for _, tx := range txs {
		// The engine counts a transaction with its protobuf framing.
		size += int64(len(tx)) + 1 + varintLen(uint64(len(tx)))
		if size > req.MaxTxBytes {
			break
		}
		out = append(out, tx)
	}
	return &abci.ResponsePrepareProposal{Txs: out}, nil
}

// inSequence puts the transactions of each DID in the order of their sequences
// and leaves out what does not follow yet: it waits. The mempool takes in what
// several peers send at once, so that two of them may have changed places;
// executed like that the later one would be refused, and with it all that were
// sent after it. Malformed ones cannot be in our mempool, but a block with one
// would be refused by all, so they are left out here too.
func (a *app) inSequence(txs [][]byte) [][]byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state == nil {
		return nil
	}
	v := a.state.View()
	out := make([][]byte, 0, len(txs))
	next := map[did.DID]uint64{}
	early := map[did.DID]map[uint64][]byte{}
	for _, raw := range txs {
		t, err := ledger.ParseTx(raw)
		if err != nil {
			continue
		}
		n, seen := next[t.DID]
		if !seen {
			last, err := v.Sequence(t.DID)
			if err != nil {
				continue
			}
			n = last + 1
		}
		if t.Sequence != n {
			if early[t.DID] == nil {
				early[t.DID] = map[uint64][]byte{}
			}
			early[t.DID][t.Sequence] = raw
			next[t.DID] = n
			continue
		}
		for there := true; there; raw, there = early[t.DID][n] {
			out = append(out, raw)
			n++
		}
		next[t.DID] = n
	}
	return out
}

func varintLen(n uint64) (l int64) {
	for l = 1; n >= 1<<7; l++ {
		n >>= 7
	}
	return l
}

// ProcessProposal refuses blocks with bytes that are no transaction. Whether a
// transaction does anything is judged when it is executed.
func (a *app) ProcessProposal(_ context.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	for _, tx := range req.Txs {
		if !a.wellFormed(tx) {
			return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
		}
	}
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

func (a *app) wellFormed(tx []byte) bool {
	_, err := ledger.ParseTx(tx)
	return err == nil
}

// FinalizeBlock executes a decided block in memory.
func (a *app) FinalizeBlock(_ context.Context, req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	height := uint64(req.Height)
	if a.state == nil || height != a.done+1 || a.done != a.at.height {
		return nil, fmt.Errorf("block %d does not follow %d, of which %d is stored", height, a.done, a.at.height)
	}
	if u, due := a.state.UpgradeDue(height); due && !ledger.KnowsUpgrade(u.Name) {
		// Executing it by the old rules would make another state than the others.
		return nil, a.halt(explain.Errorf("node_upgrade", "block %d runs under the rules %q", height, u.Name))
	}
	if c := a.checkpoint; c.Height == height && !bytes.Equal(c.Hash[:], req.Hash) {
		return nil, a.halt(explain.Errorf("node_other_chain", "block %d is another than the one named when this node joined", height))
	}
	// The engine has stored this block with its signatures before it calls us:
	// the state before it is provable now, and for a busy chain only now.
	light, err := a.store.lightToKeep(height)
	if err != nil {
		return nil, err
	}
	a.signed = height
	a.broadcast()
	a.proven(height)

	block := ledger.Block{Height: height, Time: req.Time.UTC(), Txs: req.Txs}
	copy(block.Hash[:], req.Hash)
	out := a.state.Execute(block)
	if len(out.Results) != len(req.Txs) {
		return nil, fmt.Errorf("block %d: %d results for %d transactions", height, len(out.Results), len(req.Txs))
	}
	if a.pending == nil {
		a.pending = &changes{}
	}
	p := a.pending
	p.rows = append(p.rows, out.Rows...)
	p.at = meta{genesis: a.genesis, height: height, appHash: out.AppHash, time: block.Time}
	p.validators = len(out.Validators) > 0
	p.rules = rulesAt(a.state)
	p.light = light

	resp := &abci.ResponseFinalizeBlock{AppHash: append([]byte(nil), out.AppHash[:]...)}
	resp.TxResults = make([]*abci.ExecTxResult, len(req.Txs))
	p.receipts = make([]txReceipt, len(req.Txs))
	for i, r := range out.Results {
		res := &abci.ExecTxResult{}
		if r.Code != "" {
			res.Code = codeRefused
		}
		resp.TxResults[i] = res
		p.receipts[i] = txReceipt{sha256.Sum256(req.Txs[i]), Receipt{Height: height, Position: uint32(i), Code: r.Code, Detail: r.Detail}}
	}
	for _, u := range out.Validators {
		resp.ValidatorUpdates = append(resp.ValidatorUpdates, abci.Ed25519ValidatorUpdate(u.Key[:], u.Power))
	}

	// The first block of an hour by header time is the same on every node.
	if !block.Time.Truncate(time.Hour).Equal(a.time.Truncate(time.Hour)) {
		a.due = true
	}
	if a.every > 0 && !block.Time.Truncate(a.every).Equal(a.time.Truncate(a.every)) {
		a.snapshotDue = true
	}
	a.done, a.hash, a.time = height, out.AppHash, block.Time
	return resp, nil
}

// rulesAt is the name of the rules of the last block of a state, "" for the
// first ones.
func rulesAt(s *ledger.State) string {
	u, _ := s.UpgradeDue(s.Height())
	return u.Name
}

// Commit writes what the block changed, and says which blocks may go.
func (a *app) Commit(context.Context, *abci.RequestCommit) (*abci.ResponseCommit, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pending == nil || a.pending.at.height != a.done || a.done != a.at.height+1 {
		return nil, fmt.Errorf("nothing to commit at height %d", a.done)
	}
	if err := a.store.write(a.pending); err != nil {
		// Whether it is on disk is unknown now; only a restart can tell.
		return nil, fmt.Errorf("storing block %d: %w", a.done, err)
	}
	a.at = a.pending.at
	for _, r := range a.pending.receipts {
		a.tell(r.hash, r.receipt)
	}
	a.pending = nil
	a.state.ResetCheck()
	if a.snapshotDue && a.snapshot != nil && !a.syncing() {
		a.snapshot(a.at.height)
	}
	a.snapshotDue = false
	a.broadcast()
	return &abci.ResponseCommit{RetainHeight: int64(a.store.retainHeight(a.retain, a.at))}, nil
}

// tell hands a receipt to everyone who waits for it. Callers hold mu.
func (a *app) tell(hash [32]byte, r Receipt) {
	if len(a.waiting) == 0 {
		return
	}
	for _, c := range a.waiting[hash] {
		c <- r // has room for one, and gets one
	}
	delete(a.waiting, hash)
}

// await registers interest in a transaction before it is handed in.
func (a *app) await(hash [32]byte) chan Receipt {
	c := make(chan Receipt, 1)
	a.mu.Lock()
	a.waiting[hash] = append(a.waiting[hash], c)
	a.mu.Unlock()
	return c
}

func (a *app) forget(hash [32]byte, c chan Receipt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	kept := a.waiting[hash][:0]
	for _, w := range a.waiting[hash] {
		if w != c {
			kept = append(kept, w)
		}
	}
	if len(kept) == 0 {
		delete(a.waiting, hash)
		return
	}
	a.waiting[hash] = kept
}

// proof returns the height of a signed header whose app hash is that of the
// state: the next one, or the state's own if its block changed nothing (then
// the same entries prove themselves by either). Callers hold mu.
func (a *app) proof() (header uint64, ok bool) {
	if a.state == nil {
		return 0, false
	}
	if a.signed == a.done+1 {
		return a.signed, true
	}
	if a.done == 0 || a.signed != a.done {
		return 0, false
	}
	if h := a.store.header(a.done); h != nil && [32]byte(h.AppHash) == a.hash {
		return a.done, true
	}
	return 0, false
}

// proven runs the jobs that waited for the state's proof. Callers hold mu.
func (a *app) proven(header uint64) {
	v := a.state.View()
	if a.due && a.hourly != nil {
		a.due = false
		a.hourly(v, header)
	}
	for _, j := range a.jobs {
		if j.claimed.CompareAndSwap(false, true) {
			j.done <- runJob(j.run, v, header)
		}
	}
	a.jobs = nil
}

// runJob keeps a fault in reading the state from stopping consensus.
func runJob(run func(*ledger.View, uint64) error, v *ledger.View, header uint64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = explain.Errorf("node_failed", "reading the state: %v", r)
		}
	}()
	return run(v, header)
}

// withProof calls run with a state and the height of the header that proves
// it: now if there is one, else as soon as it comes. run must not keep v.
func (a *app) withProof(ctx context.Context, run func(v *ledger.View, header uint64) error) error {
	a.mu.Lock()
	if err := a.err(); err != nil {
		a.mu.Unlock()
		return err
	}
	if header, ok := a.proof(); ok {
		defer a.mu.Unlock()
		return runJob(run, a.state.View(), header)
	}
	j := &job{run: run, done: make(chan error, 1)}
	a.jobs = append(a.jobs, j)
	a.mu.Unlock()

	var err error
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		err = explain.Errorf("node_not_provable", "waiting for a header: %w", ctx.Err())
	case <-a.stopped:
		err = a.cause
	}
	if j.claimed.CompareAndSwap(false, true) {
		return err
	}
	return <-j.done // it is being run
}

// until waits for a condition on the application's fields.
func (a *app) until(ctx context.Context, met func() bool) error {
	for {
		changed := *a.signal.Load()
		a.mu.Lock()
		ok := met()
		a.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return explain.Errorf("node_no_answer_yet", "waiting: %w", ctx.Err())
		case <-a.stopped:
			return a.cause
		}
	}
}
