package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtstore "github.com/cometbft/cometbft/store"

	"bonafide/internal/explain"
	"bonafide/ledger"
)

// application opens the application alone on a disk, as the engine would.
func (w *world) application(d *disk) (*app, error) {
	w.t.Helper()
	db, err := d.open("ledger", "")
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := newApp(&store{db: db})
	if err != nil {
		return nil, err
	}
	info, err := a.Info(context.Background(), &abci.RequestInfo{})
	if err != nil {
		w.t.Fatal(err)
	}
	if info.LastBlockHeight == 0 {
		if _, err := a.InitChain(context.Background(), &abci.RequestInitChain{ChainId: network, AppStateBytes: w.genesis.Marshal()}); err != nil {
			w.t.Fatal(err)
		}
	}
	return a, nil
}

func finalize(a *app, height uint64, at time.Time, txs ...[]byte) (*abci.ResponseFinalizeBlock, error) {
	hash := root(height)
	return a.FinalizeBlock(context.Background(), &abci.RequestFinalizeBlock{Height: int64(height), Time: at, Hash: hash[:], Txs: txs})
}

// block runs a block that must go well.
func (w *world) block(a *app, height uint64, at time.Time, txs ...[]byte) *abci.ResponseFinalizeBlock {
	w.t.Helper()
	r, err := finalize(a, height, at, txs...)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := a.Commit(context.Background(), &abci.RequestCommit{}); err != nil {
		w.t.Fatal(err)
	}
	return r
}

// dump is everything on a database.
func dump(t *testing.T, d *disk, name string) []byte {
	t.Helper()
	it, err := d.dbs[name].Iterator(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer it.Close()
	var b bytes.Buffer
	for ; it.Valid(); it.Next() {
		fmt.Fprintf(&b, "%x %x\n", it.Key(), it.Value())
	}
	return b.Bytes()
}

// TestCrashAtEveryWrite fails each write of the application once, as "failed"
// and as "failed but on disk", starts again and goes on: app hashes, results
// and every byte stored are those of a run without a failure.
func TestCrashAtEveryWrite(t *testing.T) {
	w := newWorld(t, time.Minute)
	var blocks [][][]byte
	for i := range uint64(6) {
		blocks = append(blocks, [][]byte{w.anchor(root(i)), w.change()}, nil, [][]byte{w.anchor(root(100 + i))})
	}
	at := func(height uint64) time.Time { return w.genesis.Time.Add(time.Duration(height) * 20 * time.Second) }

	good := newDisk()
	a, err := w.application(good)
	if err != nil {
		t.Fatal(err)
	}
	var hashes [][]byte
	for i, txs := range blocks {
		r := w.block(a, uint64(i+1), at(uint64(i+1)), txs...)
		hashes = append(hashes, r.AppHash)
		for j, x := range r.TxResults {
			if x.Code != 0 {
				t.Fatalf("block %d, transaction %d is refused", i+1, j)
			}
		}
	}
	if a.state.View().LastEpoch() == 0 {
		t.Fatal("no epoch was closed: the run is too tame")
	}
	total := good.writes.Load()
	if total != int64(len(blocks)) {
		t.Fatalf("%d writes for %d blocks", total, len(blocks))
	}

	for n := int64(1); n <= total; n++ {
		for _, persist := range []bool{false, true} {
			d := newDisk()
			d.arm(n, persist)
			a, err := w.application(d)
			if err != nil {
				t.Fatal(err)
			}
			crashes := 0
			for height := uint64(1); height <= uint64(len(blocks)); {
				r, err := finalize(a, height, at(height), blocks[height-1]...)
				if err != nil || !bytes.Equal(r.AppHash, hashes[height-1]) {
					t.Fatalf("write %d (on disk: %v), block %d: %v", n, persist, height, err)
				}
				if _, err := a.Commit(context.Background(), &abci.RequestCommit{}); err == nil {
					height++
					continue
				} else if !errors.Is(err, errDisk) {
					t.Fatal(err)
				}
				crashes++
				d.arm(0, false)
				if a, err = w.application(d); err != nil {
					t.Fatalf("write %d (on disk: %v): %v", n, persist, err)
				}
				info, _ := a.Info(context.Background(), nil)
				want := int64(height)
				if !persist {
					want--
				}
				if info.LastBlockHeight != want || want > 0 && !bytes.Equal(info.LastBlockAppHash, hashes[want-1]) {
					t.Fatalf("write %d (on disk: %v): back at %d, want %d", n, persist, info.LastBlockHeight, want)
				}
				height = uint64(want) + 1
			}
			if crashes != 1 {
				t.Fatalf("write %d: %d crashes", n, crashes)
			}
			if !bytes.Equal(dump(t, d, "ledger"), dump(t, good, "ledger")) {
				t.Fatalf("write %d (on disk: %v): the disk differs", n, persist)
			}
		}
	}
}

// TestEngineCrashes fails writes of all databases under a running node, starts
// it again each time, and at the end runs the whole chain on a replica built
// apart: every header carries the app hash that the replica has.
func TestEngineCrashes(t *testing.T) {
	w := newWorld(t, time.Hour)
	d := newDisk()
	c := w.config(t.TempDir())
	crash := func(only string, n int64, persist bool) {
		d.only = only
		d.arm(n, persist)
		node, err := start(t.Context(), c, d.open)
		if err == nil {
			for range 8 {
				tx := w.change()
				r, submitErr := node.Client().Submit(t.Context(), tx)
				if submitErr == nil && r.Code == "" {
					continue
				}
				if submitErr == nil {
					t.Fatalf("%+v", r)
				}
				w.sequence-- // perhaps not executed; settled below
				break
			}
			<-node.Done()
			if explain.CodeOf(node.Err()) != "node_failed" {
				t.Fatalf("write %d of %q: %v", n, only, node.Err())
			}
			_ = node.Stop()
		}
		d.arm(0, false)
		node, err = start(t.Context(), c, d.open)
		if err != nil {
			t.Fatalf("write %d of %q (on disk: %v): start after the crash: %v", n, only, persist, err)
		}
		node.app.mu.Lock()
		w.sequence, err = node.app.state.View().Sequence(w.id)
		node.app.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		w.submit(node.Client(), w.change())
		if err := node.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	for _, persist := range []bool{false, true} {
		crash("ledger", 1, persist)
		crash("ledger", 4, persist)
		crash("blockstore", 2, persist)
		crash("state", 3, persist)
		crash("state", 4, persist)
		crash("state", 5, persist)
		crash("", 17, persist)
	}
	w.replica(cmtstore.NewBlockStore(d.dbs["blockstore"]))
}

// replica runs all blocks from genesis and compares every header.
func (w *world) replica(blocks *cmtstore.BlockStore) {
	w.t.Helper()
	state, _, err := ledger.New(w.genesis)
	if err != nil {
		w.t.Fatal(err)
	}
	hash := state.View().AppHash()
	for h := int64(1); h <= blocks.Height(); h++ {
		b := blocks.LoadBlock(h)
		if !bytes.Equal(b.AppHash, hash[:]) {
			w.t.Fatalf("header %d carries another app hash", h)
		}
		in := ledger.Block{Height: uint64(h), Time: b.Time, Hash: [32]byte(b.Hash())}
		for _, tx := range b.Txs {
			in.Txs = append(in.Txs, tx)
		}
		hash = state.Execute(in).AppHash
	}
}

// TestThreat63_MalformedTransactions: bytes that are no transaction are neither
// proposed nor accepted in a block, and never stop the application.
func TestThreat63_MalformedTransactions(t *testing.T) {
	w := newWorld(t, time.Hour)
	a, err := w.application(newDisk())
	if err != nil {
		t.Fatal(err)
	}
	good := w.change()
	bad := [][]byte{nil, {0}, []byte("text"), good[:len(good)-1], append(bytes.Clone(good), 0), bytes.Repeat([]byte{0xff}, 300), make([]byte, maxTxBytes+1)}
	ctx := context.Background()
	for _, tx := range bad {
		if r, err := a.CheckTx(ctx, &abci.RequestCheckTx{Tx: tx}); err != nil || r.Code != codeRefused || r.Codespace == "" {
			t.Errorf("%.20x is checked: %v %v", tx, r, err)
		}
		r, err := a.ProcessProposal(ctx, &abci.RequestProcessProposal{Txs: [][]byte{good, tx}})
		if err != nil || r.Status != abci.ResponseProcessProposal_REJECT {
			t.Errorf("%.20x is accepted in a block", tx)
		}
	}
	p, err := a.PrepareProposal(ctx, &abci.RequestPrepareProposal{Txs: append(bad, good), MaxTxBytes: 1 << 20})
	if err != nil || len(p.Txs) != 1 || !bytes.Equal(p.Txs[0], good) {
		t.Fatal(p, err)
	}
	if r, err := a.ProcessProposal(ctx, &abci.RequestProcessProposal{Txs: p.Txs}); err != nil || r.Status != abci.ResponseProcessProposal_ACCEPT {
		t.Fatal(r, err)
	}
	// A block with them, had the others agreed on one, still executes.
	r := w.block(a, 1, w.genesis.Time, append(bad, good)...)
	for i, x := range r.TxResults {
		if (x.Code == 0) != (i == len(bad)) {
			t.Errorf("result %d: %v", i, x)
		}
	}
}

// TestProposalSize: what is proposed fits, counted as the engine counts.
func TestProposalSize(t *testing.T) {
	w := newWorld(t, time.Hour)
	a, err := w.application(newDisk())
	if err != nil {
		t.Fatal(err)
	}
	var txs [][]byte
	for range 10 {
		txs = append(txs, w.change())
	}
	framed := func(n int) int64 {
		var s int64
		for _, tx := range txs[:n] {
			s += int64(len(tx)) + 3 // tag and a length of two bytes
		}
		return s
	}
	for n := range len(txs) + 1 {
		for _, extra := range []int64{-1, 0, 1} {
			want := n
			if extra < 0 {
				want--
			}
			if want < 0 {
				continue
			}
			p, err := a.PrepareProposal(context.Background(), &abci.RequestPrepareProposal{Txs: txs, MaxTxBytes: framed(n) + extra})
			if err != nil || len(p.Txs) != want {
				t.Errorf("%d transactions of %d bytes: %d, %v", n, framed(n)+extra, len(p.Txs), err)
			}
		}
	}
}

// TestProposalInSequence: transactions that changed places on their way do not
// undo each other, and one that has to wait for another waits in the mempool.
func TestProposalInSequence(t *testing.T) {
	worlds := newWorlds(t, time.Hour, 2)
	w, other := worlds[0], worlds[1]
	a, err := w.application(newDisk())
	if err != nil {
		t.Fatal(err)
	}
	var txs [][]byte
	for i := range uint64(5) {
		txs = append(txs, w.anchor(root(i)))
	}
	theirs := other.anchor(root(9))
	p, err := a.PrepareProposal(context.Background(), &abci.RequestPrepareProposal{
		Txs: [][]byte{txs[1], theirs, txs[2], txs[0], txs[4]}, MaxTxBytes: 1 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]byte{theirs, txs[0], txs[1], txs[2]}
	if !slices.EqualFunc(p.Txs, want, bytes.Equal) {
		t.Fatalf("%d transactions, or in another order", len(p.Txs))
	}
	for i, r := range w.block(a, 1, w.genesis.Time, p.Txs...).TxResults {
		if r.Code != 0 {
			t.Errorf("transaction %d is refused", i)
		}
	}
}

// TestOutOfOrderCalls: the application refuses what would make its disk lie.
func TestOutOfOrderCalls(t *testing.T) {
	w := newWorld(t, time.Hour)
	a, err := w.application(newDisk())
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if _, err := a.Commit(ctx, nil); err == nil {
		t.Error("a commit before any block")
	}
	if _, err := finalize(a, 2, w.genesis.Time); err == nil {
		t.Error("block 2 before block 1")
	}
	w.block(a, 1, w.genesis.Time)
	if _, err := finalize(a, 2, w.genesis.Time); err != nil {
		t.Fatal(err)
	}
	if _, err := finalize(a, 3, w.genesis.Time); err == nil {
		t.Error("block 3 before block 2 is stored")
	}
}

// TestRecheckTellsWaiters: a transaction that a block made impossible is
// dropped from the pool, and who waits for it hears so.
func TestRecheckTellsWaiters(t *testing.T) {
	w := newWorld(t, time.Hour)
	a, err := w.application(newDisk())
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	first := w.change()
	w.sequence--
	twin := w.anchor(root(1)) // the same sequence
	hash := sha256.Sum256(twin)
	c := a.await(hash)
	w.block(a, 1, w.genesis.Time, first)
	if r, err := a.CheckTx(ctx, &abci.RequestCheckTx{Tx: twin, Type: abci.CheckTxType_Recheck}); err != nil || r.Code != codeRefused {
		t.Fatal(r, err)
	}
	if r := <-c; r.Code == "" || r.Height != 0 {
		t.Fatalf("%+v", r)
	}
	c, d := a.await(hash), a.await(hash)
	a.forget(hash, c)
	if len(a.waiting[hash]) != 1 || a.waiting[hash][0] != d {
		t.Fatal("the wrong one was forgotten")
	}
	a.forget(hash, d)
	if len(a.waiting) != 0 {
		t.Fatal("waiters are kept for ever")
	}
}

// TestDamagedStore: a state that does not fit its app hash does not start.
func TestDamagedStore(t *testing.T) {
	w := newWorld(t, time.Hour)
	d := newDisk()
	a, err := w.application(d)
	if err != nil {
		t.Fatal(err)
	}
	w.block(a, 1, w.genesis.Time, w.change())
	it, err := d.dbs["ledger"].Iterator([]byte{prefixRow}, []byte{prefixRow + 1})
	if err != nil {
		t.Fatal(err)
	}
	var keys, values [][]byte
	for ; it.Valid(); it.Next() {
		keys, values = append(keys, bytes.Clone(it.Key())), append(values, bytes.Clone(it.Value()))
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	for i, k := range keys {
		if err := d.dbs["ledger"].Delete(k); err != nil {
			t.Fatal(err)
		}
		if _, err := w.application(d); explain.CodeOf(err) != "node_store" {
			t.Errorf("without row %.40q: %v", k, err)
		}
		if err := d.dbs["ledger"].Set(k, values[i]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.application(d); err != nil {
		t.Fatal(err)
	}
	for _, m := range [][]byte{{}, {1}, bytes.Repeat([]byte{1}, metaBytes)} {
		if err := d.dbs["ledger"].Set([]byte{prefixMeta}, m); err != nil {
			t.Fatal(err)
		}
		if _, err := w.application(d); explain.CodeOf(err) != "node_store" {
			t.Errorf("meta of %d bytes: %v", len(m), err)
		}
	}
}
