package node

// What our state machine costs beside the least that any application costs on
// this engine: the benchmarks run the same number of transactions of the same
// size through both, by networks of the same size, one Ed25519 check of each on
// each node, mempool kept full.

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/mempool"
	cmtnode "github.com/cometbft/cometbft/node"

	"bonafide/did"
)

// bare is a key-value application: it checks a transaction's signature once,
// when the mempool shows it or else when it is executed, stores its bytes under
// their hash, and counts.
type bare struct {
	abci.BaseApplication
	mu      sync.Mutex
	db      dbm.DB
	keys    []ed25519.PublicKey // a transaction's first byte says whose it is
	held    map[[32]byte]struct{}
	height  int64
	count   uint64
	batch   dbm.Batch
	changed chan struct{} // closed and replaced by each Commit
}

// valid is called under mu.
func (b *bare) valid(tx []byte, hash [32]byte) bool {
	if _, held := b.held[hash]; held {
		return true
	}
	n := len(tx) - ed25519.SignatureSize
	if n <= 0 || int(tx[0]) >= len(b.keys) || !ed25519.Verify(b.keys[tx[0]], tx[:n], tx[n:]) {
		return false
	}
	b.held[hash] = struct{}{}
	return true
}

func (b *bare) hash() []byte { return binary.BigEndian.AppendUint64(make([]byte, 24), b.count) }

func (b *bare) InitChain(context.Context, *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	return &abci.ResponseInitChain{AppHash: b.hash()}, nil
}

func (b *bare) CheckTx(_ context.Context, r *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Type == abci.CheckTxType_New && !b.valid(r.Tx, sha256.Sum256(r.Tx)) {
		return &abci.ResponseCheckTx{Code: 1}, nil
	}
	return &abci.ResponseCheckTx{}, nil
}

func (b *bare) FinalizeBlock(_ context.Context, r *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.batch = b.db.NewBatch()
	out := &abci.ResponseFinalizeBlock{TxResults: make([]*abci.ExecTxResult, len(r.Txs))}
	for i, tx := range r.Txs {
		out.TxResults[i] = &abci.ExecTxResult{}
		k := sha256.Sum256(tx)
		if !b.valid(tx, k) {
			out.TxResults[i].Code = 1
			continue
		}
		if err := b.batch.Set(k[:], tx); err != nil {
			return nil, err
		}
		b.count++
	}
	b.height = r.Height
	out.AppHash = b.hash()
	return out, b.batch.Set([]byte("meta"), out.AppHash)
}

func (b *bare) Commit(context.Context, *abci.RequestCommit) (*abci.ResponseCommit, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.batch.WriteSync(); err != nil {
		return nil, err
	}
	close(b.changed)
	b.changed = make(chan struct{})
	return &abci.ResponseCommit{}, b.batch.Close()
}

// progress says how much the application has executed, and what is closed at
// the next change.
func (b *bare) progress() (count uint64, height int64, changed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count, b.height, b.changed
}

// window is how many transactions a pool is kept filled with. More would come
// into one block, and in a network of several a proposal of megabytes takes
// longer to be sent than is waited for.
const window = 2000

// feed keeps a pool full until all transactions are in it.
func feed(pool mempool.Mempool, txs [][]byte) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for i, tx := range txs {
		for pool.Size() >= window {
			<-tick.C
		}
		var code uint32
		err := pool.CheckTx(tx, func(r *abci.ResponseCheckTx) { code = r.Code }, mempool.TxInfo{})
		if err != nil && !errors.Is(err, mempool.ErrTxInCache) || code != 0 {
			return fmt.Errorf("transaction %d is refused: %d, %w", i, code, err)
		}
	}
	return nil
}

// rig is a running network of either application.
type rig struct {
	pools []mempool.Mempool
	// progress says how many transactions the first node has executed, at which
	// height it is, and what is closed when that changes.
	progress func() (count uint64, height int64, changed <-chan struct{})
	stop     func()
}

// run feeds every node its share and waits until the first has executed all.
func (r *rig) run(b *testing.B, txs [][][]byte) (rate float64) {
	b.Helper()
	failed := make(chan error, len(txs))
	total := uint64(0)
	before, _, _ := r.progress()
	begin := time.Now()
	for i, mine := range txs {
		total += uint64(len(mine))
		go func() {
			if err := feed(r.pools[i], mine); err != nil {
				failed <- err
			}
		}()
	}
	for {
		count, _, changed := r.progress()
		if count-before >= total {
			return float64(total) / time.Since(begin).Seconds()
		}
		select {
		case err := <-failed:
			b.Fatal(err)
		case <-changed:
		}
	}
}

// submit hands one transaction to the first node and says how long it took to
// be committed there. It returns when the chain has gone on by one block.
func (r *rig) submit(b *testing.B, tx []byte) time.Duration {
	b.Helper()
	before, _, _ := r.progress()
	begin := time.Now()
	if err := feed(r.pools[0], [][]byte{tx}); err != nil {
		b.Fatal(err)
	}
	var took time.Duration
	var at int64
	for {
		count, height, changed := r.progress()
		if took == 0 && count > before {
			took, at = time.Since(begin), height
		}
		if took > 0 && height > at {
			return took
		}
		<-changed
	}
}

// unclosed is a database that stays open: the engine closes its own while
// routines that belong to its peers may still read.
type unclosed struct{ dbm.DB }

func (unclosed) Close() error { return nil }

func openUnclosed(name, dir string) (dbm.DB, error) {
	db, err := openDB(name, dir)
	return unclosed{db}, err
}

// benchConfigs are the nodes' configurations; each dials those before it.
func benchConfigs(b *testing.B, worlds []*world) []Config {
	b.Helper()
	var configs []Config
	for _, w := range worlds {
		c := w.config(b.TempDir())
		c.PublishDelay = time.Hour
		if len(worlds) > 1 {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			c.P2P = l.Addr().String() // must be known before the start
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
			c.TimeoutPropose = 0 // the engine's default
			c.Allow = func(string) bool { return true }
		}
		configs = append(configs, c.withDefaults())
	}
	return configs
}

// connected waits until every node is connected with every other.
func connected(b *testing.B, engines []*cmtnode.Node) {
	b.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 3000 {
		if !slices.ContainsFunc(engines, func(e *cmtnode.Node) bool { return e.Switch().Peers().Size() < len(engines)-1 }) {
			return
		}
		<-tick.C
	}
	b.Fatal("the nodes do not find each other")
}

// bareNetwork starts the bare application, one node for each world.
func bareNetwork(b *testing.B, worlds []*world) *rig {
	b.Helper()
	doc, _, err := parseGenesis(worlds[0].file)
	if err != nil {
		b.Fatal(err)
	}
	r := &rig{}
	var (
		engines []*cmtnode.Node
		peers   []string
		keys    []ed25519.PublicKey
	)
	for _, w := range worlds {
		keys = append(keys, w.key.Public().(ed25519.PublicKey))
	}
	for i, cfg := range benchConfigs(b, worlds) {
		cfg.Peers = slices.Clone(peers)
		dbs := map[string]dbm.DB{}
		for _, name := range []string{"ledger", "blockstore", "state", "evidence"} {
			db, err := openUnclosed(name, cfg.Dir)
			if err != nil {
				b.Fatal(err)
			}
			dbs[name] = db
		}
		app := &bare{db: dbs["ledger"], keys: keys, held: map[[32]byte]struct{}{}, changed: make(chan struct{})}
		signer, err := newSigner(worlds[i].consensus, cfg.Dir+"/signed/last.json")
		if err != nil {
			b.Fatal(err)
		}
		engine, err := newEngine(b.Context(), cfg, time.Hour, doc, signer, app, dbs, func() { panic("the engine failed") })
		if err != nil {
			b.Fatal(err)
		}
		if err := engine.Start(); err != nil {
			b.Fatal(err)
		}
		engines = append(engines, engine)
		peers = append(peers, string(engine.NodeInfo().ID())+"@"+cfg.P2P)
		r.pools = append(r.pools, engine.Mempool())
		if i == 0 {
			r.progress = app.progress
		}
	}
	r.stop = func() {
		for _, e := range engines {
			_ = e.Stop()
			e.Wait()
		}
	}
	connected(b, engines)
	return r
}

// ledgerNetwork starts ours, one node for each world.
func ledgerNetwork(b *testing.B, worlds []*world) *rig {
	b.Helper()
	r := &rig{}
	var (
		nodes   []*Node
		engines []*cmtnode.Node
		peers   []string
		ids     []did.DID
	)
	for i, cfg := range benchConfigs(b, worlds) {
		cfg.Peers = slices.Clone(peers)
		n, err := start(b.Context(), cfg, openUnclosed)
		if err != nil {
			b.Fatal(err)
		}
		nodes, engines, ids = append(nodes, n), append(engines, n.engine), append(ids, worlds[i].id)
		peers = append(peers, n.Peer())
		r.pools = append(r.pools, n.pool)
	}
	var count uint64
	r.progress = func() (uint64, int64, <-chan struct{}) {
		a := nodes[0].app
		changed := *a.signal.Load()
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.at.height == a.done { // what is executed is stored
			count = 0
			for _, id := range ids {
				seq, err := a.state.View().Sequence(id)
				if err != nil {
					b.Fatal(err)
				}
				count += seq
			}
		}
		return count, int64(a.at.height), changed
	}
	r.stop = func() {
		for _, n := range nodes {
			_ = n.Stop()
		}
	}
	connected(b, engines)
	return r
}

// transactions makes n transactions, shared out among the worlds, for ours and
// for the bare application.
func transactions(b *testing.B, worlds []*world, n int) (ours, plain [][][]byte, size int) {
	b.Helper()
	for i, w := range worlds {
		var mine, bare [][]byte
		for range n / len(worlds) {
			tx := w.anchor(root(uint64(i)<<32 | w.sequence))
			size = len(tx)
			other := make([]byte, size-ed25519.SignatureSize, size)
			other[0] = byte(i)
			binary.BigEndian.PutUint64(other[1:], w.sequence)
			mine, bare = append(mine, tx), append(bare, append(other, ed25519.Sign(w.key, other)...))
		}
		ours, plain = append(ours, mine), append(plain, bare)
	}
	return ours, plain, size
}

// turns runs n transactions on ours and then on the bare application, so many
// times, each on a network of its own that rests while the other works: what
// else the machine does weighs on both.
func turns(b *testing.B, members, n, rounds int) (out [][2]float64, size int) {
	b.Helper()
	worlds := newWorlds(b, time.Hour, members)
	one, two := ledgerNetwork(b, worlds), bareNetwork(b, worlds)
	defer one.stop()
	defer two.stop()
	for range rounds {
		var ours, plain [][][]byte
		ours, plain, size = transactions(b, worlds, n)
		out = append(out, [2]float64{one.run(b, ours), two.run(b, plain)})
	}
	return out, size
}

// BenchmarkLedgerTx prints transactions per second of both and their ratio;
// -benchtime 50000x runs that many (a million is silly, one is too few).
func BenchmarkLedgerTx(b *testing.B) {
	n := max(b.N, 20_000)
	rounds, size := turns(b, 1, n, 3)
	// The best of each: what else the machine does slows some rounds of one and
	// some of the other.
	var got, reference float64
	for _, t := range rounds {
		got, reference = max(got, t[0]), max(reference, t[1])
	}
	b.ReportMetric(got, "tx/s")
	b.ReportMetric(reference, "bare-tx/s")
	b.ReportMetric(got/reference, "ratio")
	b.ReportMetric(0, "ns/op")
	fmt.Printf("ledger-tx: %d transactions of %d bytes: %.0f tx/s, bare %.0f tx/s, ratio %.2f\n", n, size, got, reference, got/reference)
}

// BenchmarkNetworkTx prints a line "turn NAME OURS BARE" for each turn of
// networks of one, four and seven members: transactions per second.
func BenchmarkNetworkTx(b *testing.B) {
	for _, c := range []struct{ members, n, rounds int }{{1, 10_000, 11}, {4, 2_400, 11}, {7, 1_400, 11}} {
		rounds, _ := turns(b, c.members, c.n, c.rounds)
		for _, t := range rounds {
			fmt.Printf("turn tx-%d %f %f\n", c.members, t[0], t[1])
		}
	}
}

// BenchmarkNetworkLatency prints lines of the same form: milliseconds from
// handing in one transaction to its block being stored, in two networks of four
// that are otherwise idle.
func BenchmarkNetworkLatency(b *testing.B) {
	const samples = 61
	worlds := newWorlds(b, time.Hour, 4)
	ours, plain, _ := transactions(b, worlds, 4*samples)
	one, two := ledgerNetwork(b, worlds), bareNetwork(b, worlds)
	defer one.stop()
	defer two.stop()
	for i := range samples {
		a, other := one.submit(b, ours[0][i]), two.submit(b, plain[0][i])
		fmt.Printf("turn commit-latency-4 %f %f\n", a.Seconds()*1e3, other.Seconds()*1e3)
	}
}
