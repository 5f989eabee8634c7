package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/mempool"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// Client answers in this process, without a socket.
func (n *Node) Client() Client { return local{n} }

type local struct{ n *Node }

// Submit implements Client.
func (l local) Submit(ctx context.Context, tx []byte) (Receipt, error) {
	n := l.n
	if len(tx) > maxTxBytes {
		return Receipt{Code: "tx_too_large"}, nil
	}
	hash := sha256.Sum256(tx)
	// Interest is registered first: the block may be faster than we are.
	c := n.app.await(hash)
	defer n.app.forget(hash, c)
	if r, taken, err := n.offer(tx, hash); err != nil || !taken {
		return r, err
	}
	select {
	case r := <-c:
		return r, nil
	case <-ctx.Done():
		return Receipt{}, explain.Errorf("node_no_answer_yet", "waiting for a block: %w", ctx.Err())
	case <-n.app.stopped:
		select {
		case r := <-c: // it came in time all the same
			return r, nil
		default:
			return Receipt{}, n.app.cause
		}
	}
}

// offer hands a transaction to the mempool. taken says that a block or a
// recheck will give the receipt; if not, r is it.
func (n *Node) offer(tx []byte, hash [32]byte) (r Receipt, taken bool, err error) {
	// One at a time: the engine reports success for a transaction that it drops
	// because others filled the pool while it was being checked.
	n.submitMu.Lock()
	defer n.submitMu.Unlock()
	if err := n.Err(); err != nil {
		return Receipt{}, false, err
	}
	var answer *abci.ResponseCheckTx
	err = n.pool.CheckTx(tx, func(r *abci.ResponseCheckTx) { answer = r }, mempool.TxInfo{})
	if _, full := errors.AsType[mempool.ErrMempoolIsFull](err); full {
		return Receipt{}, false, explain.Errorf("node_busy", "%w", err)
	}
	switch {
	case errors.Is(err, mempool.ErrTxInCache):
		// It was executed a while ago, or it waits (perhaps again: what a block
		// refused may have been handed in anew).
		if r, ok, err := n.store.receipt(hash); err != nil || ok && r.Code == "" {
			return r, false, err
		}
		return Receipt{}, true, nil
	case err != nil:
		return Receipt{}, false, explain.Errorf("node_failed", "handing in a transaction: %w", err)
	case answer.Code == abci.CodeTypeOK:
		return Receipt{}, true, nil
	}
	// What was executed before a restart is refused now, by its sequence; the
	// first receipt is the true one. A refusal in a block is not final like
	// that: the same bytes may be good later.
	if r, ok, err := n.store.receipt(hash); err != nil || ok && r.Code == "" {
		return r, false, err
	}
	return Receipt{Code: answer.Codespace, Detail: answer.Log}, false, nil
}

// Status implements Client.
func (l local) Status(context.Context) (Status, error) {
	n := l.n
	a := n.app
	rs := n.consensus.GetRoundState()
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.err(); err != nil {
		return Status{}, err
	}
	v := a.state.View()
	s := Status{
		ChainID: v.ChainID(), StateHeight: a.at.height, HeaderHeight: a.signed, AppHash: a.at.appHash,
		Interval: v.Params().Interval, LastEpoch: v.LastEpoch(), Waiting: n.pool.Size(),
		Peers: n.engine.Switch().Peers().Size(), Syncing: a.syncing(), Silent: n.silent(rs),
		FirstBlock: uint64(n.engine.BlockStore().Base()),
	}
	for _, u := range v.Upgrades() {
		due, _ := a.state.UpgradeDue(u.Height) // a later decision may have replaced it
		if u.Height > a.at.height && due == u && (s.Upgrade == "" || u.Height < s.UpgradeAt) {
			s.Upgrade, s.UpgradeAt, s.UpgradeKnown = u.Name, u.Height, ledger.KnowsUpgrade(u.Name)
		}
	}
	if a.at.height == 0 {
		s.AppHash = a.hash
	}
	if h := n.store.header(a.signed); h != nil {
		s.HeaderTime = h.Time.UTC()
		if vals, err := n.store.states.LoadValidators(h.Height); err == nil {
			s.Validators = vals.Size()
			s.Validating = vals.HasAddress(*n.signer.uses.Load())
		}
	}
	if a.done == a.at.height {
		_, s.Proven = a.proof()
	}
	return s, nil
}

// Wait implements Client.
func (l local) Wait(ctx context.Context, height uint64) (Status, error) {
	if err := l.n.app.until(ctx, func() bool { return l.n.app.at.height >= height }); err != nil {
		return Status{}, err
	}
	return l.Status(ctx)
}

// Network implements Client.
func (l local) Network(ctx context.Context) (b []byte, err error) {
	err = l.n.app.withProof(ctx, func(_ *ledger.View, header uint64) error {
		b, err = l.n.networkFile(header)
		return err
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (n *Node) networkFile(header uint64) ([]byte, error) {
	lb, err := n.store.lightBlock(header)
	if err != nil {
		return nil, err
	}
	network, err := pack.NewNetwork(lb)
	if err != nil {
		return nil, fmt.Errorf("making network.json: %w", err)
	}
	return network.Marshal(), nil
}

// Pack implements Client.
func (l local) Pack(ctx context.Context, from uint64, w io.Writer) error {
	n := l.n
	n.packMu.Lock()
	defer n.packMu.Unlock()
	// The state is held still while it is read, so a slow reader gets a copy.
	var b bytes.Buffer
	if err := n.app.withProof(ctx, func(v *ledger.View, header uint64) error {
		return n.export(&b, v, header, from)
	}); err != nil {
		return err
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("writing a pack: %w", err)
	}
	return nil
}

// BatchPath implements Client.
func (l local) BatchPath(_ context.Context, issuer did.DID, root [32]byte) (Located, error) {
	l.n.app.mu.Lock()
	defer l.n.app.mu.Unlock()
	if err := l.n.Err(); err != nil {
		return Located{}, err
	}
	return l.n.app.state.View().Locate(issuer, root)
}

// Subject implements Client.
func (l local) Subject(_ context.Context, name string) (Entries, error) {
	a := l.n.app
	if k, ok := ledger.KindOf(name); !ok || k != ledger.KindRoot {
		return Entries{}, explain.Errorf("node_no_subject", "not a subject that packs leave out")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.err(); err != nil {
		return Entries{}, err
	}
	entries, err := a.state.View().Entries(name)
	if err != nil {
		return Entries{}, err
	}
	return Entries{Height: a.done, Entries: entries}, nil
}
