package node

// What our state machine costs beside the least that any application costs on
// this engine: BenchmarkLedgerTx runs the same number of transactions of the
// same size through both, one Ed25519 check each, mempool kept full.

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/mempool"
)

// bare is a key-value application: it checks a transaction's signature when it
// first sees it, stores its bytes under their hash, and counts.
type bare struct {
	abci.BaseApplication
	mu      sync.Mutex
	db      dbm.DB
	key     ed25519.PublicKey
	height  int64
	count   uint64
	batch   dbm.Batch
	reached chan uint64
}

func (b *bare) valid(tx []byte) bool {
	n := len(tx) - ed25519.SignatureSize
	return n > 0 && ed25519.Verify(b.key, tx[:n], tx[n:])
}

func (b *bare) hash() []byte { return binary.BigEndian.AppendUint64(make([]byte, 24), b.count) }

func (b *bare) InitChain(context.Context, *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	return &abci.ResponseInitChain{AppHash: b.hash()}, nil
}

func (b *bare) CheckTx(_ context.Context, r *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	if r.Type == abci.CheckTxType_New && !b.valid(r.Tx) {
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
		k := sha256.Sum256(tx)
		if err := b.batch.Set(k[:], tx); err != nil {
			return nil, err
		}
		out.TxResults[i] = &abci.ExecTxResult{}
	}
	b.count += uint64(len(r.Txs))
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
	b.reached <- b.count
	return &abci.ResponseCommit{}, b.batch.Close()
}

// feed keeps the pool full until all transactions are in it. commits gives a
// sign after each block, when there is room again.
func feed(b *testing.B, pool mempool.Mempool, txs [][]byte, room <-chan struct{}) {
	for _, tx := range txs {
		for {
			var code uint32
			err := pool.CheckTx(tx, func(r *abci.ResponseCheckTx) { code = r.Code }, mempool.TxInfo{})
			if _, full := errors.AsType[mempool.ErrMempoolIsFull](err); full {
				<-room
				continue
			}
			if err != nil || code != 0 {
				b.Errorf("a transaction is refused: %d, %v", code, err)
				return
			}
			break
		}
	}
}

func benchConfig(w *world, dir string) Config {
	c := w.config(dir)
	c.PublishDelay = time.Hour
	return c.withDefaults()
}

// runBare measures the bare application.
func runBare(b *testing.B, w *world, txs [][]byte) time.Duration {
	dir := b.TempDir()
	dbs := map[string]dbm.DB{}
	for _, name := range []string{"ledger", "blockstore", "state", "evidence"} {
		db, err := openDB(name, dir)
		if err != nil {
			b.Fatal(err)
		}
		dbs[name] = db
	}
	defer dbs["ledger"].Close()
	app := &bare{db: dbs["ledger"], key: w.key.Public().(ed25519.PublicKey), reached: make(chan uint64, 1<<16)}
	doc, _, err := parseGenesis(w.file)
	if err != nil {
		b.Fatal(err)
	}
	cfg := benchConfig(w, dir)
	signer, err := newSigner(w.consensus, dir+"/signed/last.json")
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
	defer func() { _ = engine.Stop(); engine.Wait() }()

	room := make(chan struct{}, 1)
	begin := time.Now()
	go feed(b, engine.Mempool(), txs, room)
	for n := range app.reached {
		select {
		case room <- struct{}{}:
		default:
		}
		if n == uint64(len(txs)) {
			break
		}
	}
	return time.Since(begin)
}

// runLedger measures ours.
func runLedger(b *testing.B, w *world, txs [][]byte) time.Duration {
	n, err := Start(b.Context(), benchConfig(w, b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = n.Stop() }()
	room := make(chan struct{}, 1)
	begin := time.Now()
	go feed(b, n.pool, txs, room)
	for {
		changed := *n.app.signal.Load()
		n.app.mu.Lock()
		seq, err := uint64(0), error(nil)
		if n.app.at.height == n.app.done {
			seq, err = n.app.state.View().Sequence(w.id)
		}
		n.app.mu.Unlock()
		if err != nil {
			b.Fatal(err)
		}
		if seq == w.sequence {
			return time.Since(begin)
		}
		if b.Failed() {
			b.FailNow()
		}
		<-changed
		select {
		case room <- struct{}{}:
		default:
		}
	}
}

const rounds = 3

// BenchmarkLedgerTx prints transactions per second of both and their ratio;
// -benchtime 50000x runs that many (a million is silly, one is too few).
func BenchmarkLedgerTx(b *testing.B) {
	n := max(b.N, 20_000)
	w := newWorld(b, time.Hour)
	ours := make([][]byte, n)
	for i := range ours {
		ours[i] = w.anchor(root(uint64(i)))
	}
	size := len(ours[0])
	plain := make([][]byte, n)
	for i := range plain {
		tx := make([]byte, size-ed25519.SignatureSize, size)
		binary.BigEndian.PutUint64(tx, uint64(i))
		plain[i] = append(tx, ed25519.Sign(w.key, tx)...)
	}
	b.ResetTimer()
	// Turn by turn, and the best of each: what else the machine does slows some
	// rounds of one and some of the other.
	var got, reference float64
	for range rounds {
		reference = max(reference, float64(n)/runBare(b, w, plain).Seconds())
		got = max(got, float64(n)/runLedger(b, w, ours).Seconds())
	}
	b.ReportMetric(got, "tx/s")
	b.ReportMetric(reference, "bare-tx/s")
	b.ReportMetric(got/reference, "ratio")
	b.ReportMetric(0, "ns/op")
	fmt.Printf("ledger-tx: %d transactions of %d bytes: %.0f tx/s, bare %.0f tx/s, ratio %.2f\n", n, size, got, reference, got/reference)
}
