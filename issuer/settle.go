package issuer

// Sending transactions, and bringing the ledger's status pages to what the
// register says.

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"bonafide/internal/explain"
	"bonafide/ledger"
)

// codeSequence is the ledger's word for a sequence number that is not the next.
const codeSequence = "tx_sequence"

// maxTries bounds how often a transaction is prepared anew.
const maxTries = 8

// licencesAtOnce bounds how many licences are settled together.
const licencesAtOnce = 1024

// pollLeast and pollMost bound the pause between two looks at the ledger.
const (
	pollLeast = 50 * time.Millisecond
	pollMost  = 10 * time.Second
)

// submit sends the transaction that next asks for, and returns the height that
// executed it, or 0 where nothing had to be sent. Next is asked again before every attempt, after the sequence
// number was read, and returns nil where nothing is left to do: so a
// transaction whose fate was unknown is not sent a second time, because either
// its effect shows or its number is still free and only one of the two counts.
func (b *Board) submit(ctx context.Context, next func() (ledger.Body, error)) (uint64, error) {
	var refused error
	for try := range maxTries {
		seq, err := b.Ledger.Sequence(ctx, b.DID)
		if err != nil {
			return 0, fmt.Errorf("asking for the sequence number: %w", err)
		}
		body, err := next()
		if err != nil || body == nil {
			return 0, err
		}
		if refused != nil && explain.CodeOf(refused) != codeSequence {
			return 0, refused // refused for what it is, and it is still wanted
		}
		tx, err := signTx(ledger.Tx{
			ChainID: b.chain, DID: b.DID, Method: b.ledgerMethod, Sequence: seq + 1, Body: body,
		}, b.LedgerKey)
		if err != nil {
			return 0, err
		}
		r, err := b.Ledger.Submit(ctx, tx)
		if err != nil {
			return 0, fmt.Errorf("submitting a transaction: %w", err)
		}
		if r.Code == "" {
			return r.Height, nil
		}
		refused = explain.Errorf(r.Code, "the ledger refused a transaction")
		if err := b.Wait(ctx, min(pollLeast<<try, pollMost)); err != nil {
			return 0, err
		}
	}
	return 0, refused
}

// statusNow is the ledger's status of one of the board's indexes.
type statusNow func(index uint32) (ledger.Status, error)

// wanted works out which changes bring the ledger to what the register says
// of one licence. Indexes of batches that are not signed yet are left alone:
// nobody holds a credential under them, and their batch settles them.
func wanted(l *Licence, rows []Index, at statusNow, now time.Time) ([]ledger.StatusChange, error) {
	type live struct {
		Index
		value ledger.Status
	}
	var (
		rs     []live // not final, not run out; oldest first
		newest *Index // the newest index that makes older ones void
	)
	for i := range rows {
		r := &rows[i]
		if r.State != Signed && r.State != Done {
			continue
		}
		if r.Supersedes {
			newest = r
		}
		v, err := at(r.Number)
		if err != nil {
			return nil, err
		}
		if !v.Final() && r.ValidUntil.After(now) {
			rs = append(rs, live{*r, v})
		}
	}
	var (
		out    []ledger.StatusChange
		target = -1 // position of newest in rs
		set    = func(i uint32, v ledger.Status) {
			out = append(out, ledger.StatusChange{Op: ledger.SetValue, Index: i, Value: v})
		}
	)
	old := func(i int) bool { return newest != nil && rs[i].Batch < newest.Batch }
	for i := range rs {
		if newest != nil && rs[i].Number == newest.Number {
			target = i
		}
	}
	moved := false
	for i := len(rs) - 1; i >= 0; i-- { // newest first: the youngest of the old ones is moved
		switch {
		case !old(i) || l.Status.Final():
			if rs[i].value != l.Status {
				set(rs[i].Number, l.Status)
			}
		case !moved && target >= 0 && rs[i].value == l.Status && rs[target].value == ledger.Current:
			out = dropIndex(out, newest.Number)
			out = append(out, ledger.StatusChange{Op: ledger.MoveValue, Index: newest.Number, From: rs[i].Number})
			moved = true
		default:
			set(rs[i].Number, ledger.Void)
		}
	}
	return out, nil
}

// dropIndex removes the change of an index that another change takes over.
func dropIndex(cs []ledger.StatusChange, index uint32) []ledger.StatusChange {
	out := cs[:0]
	for _, c := range cs {
		if c.Index != index {
			out = append(out, c)
		}
	}
	return out
}

// settle brings the ledger's values of the licences to what the register says,
// sees them in verified data, and records that. The indexes of one licence
// change in one transaction.
func (b *Board) settle(ctx context.Context, licences []int64) error {
	for len(licences) > 0 {
		n := min(len(licences), licencesAtOnce)
		if err := b.settleSome(ctx, licences[:n]); err != nil {
			return err
		}
		licences = licences[n:]
	}
	return nil
}

func (b *Board) settleSome(ctx context.Context, ids []int64) error {
	ls, err := b.Store.ByID(ctx, ids)
	if err != nil {
		return fmt.Errorf("reading licences: %w", err)
	}
	rows, err := b.Store.Indexes(ctx, ids)
	if err != nil {
		return fmt.Errorf("reading indexes: %w", err)
	}
	of := map[int64][]Index{}
	for _, r := range rows {
		of[r.Licence] = append(of[r.Licence], r)
	}
	var (
		height uint64 // that shows the newest change
		left   = true
	)
	next := func() (ledger.Body, error) {
		data, err := b.refresh(ctx)
		if err != nil {
			return nil, err
		}
		at := func(i uint32) (ledger.Status, error) { return data.View.Status(b.DID, i) }
		now := b.now()
		body := ledger.SetStatus{Pages: data.View.Pages(b.DID)}
		for i := range ls {
			cs, err := wanted(&ls[i], of[ls[i].ID], at, now)
			if err != nil {
				return nil, fmt.Errorf("reading a status from the ledger: %w", err)
			}
			if len(body.Changes)+len(cs) > ledger.MaxStatusChanges {
				break
			}
			body.Changes = append(body.Changes, cs...)
		}
		if len(body.Changes) == 0 {
			height, left = max(height, data.Height), false
			return nil, nil
		}
		// Their order means nothing, and in that of the indexes a delta says them
		// in half the bytes.
		slices.SortFunc(body.Changes, func(a, b ledger.StatusChange) int { return cmp.Compare(a.Index, b.Index) })
		return body, nil
	}
	for left {
		h, err := b.submit(ctx, next)
		if err != nil {
			return fmt.Errorf("setting status: %w", err)
		}
		if h > 0 {
			if err := b.reach(ctx, h); err != nil {
				return err
			}
		}
	}
	done := make([]Settled, len(ls))
	for i := range ls {
		done[i] = Settled{ls[i].ID, ls[i].StatusRev, height}
	}
	if err := b.Store.Settle(ctx, done); err != nil {
		return fmt.Errorf("recording status: %w", err)
	}
	return nil
}

// reach waits until verified data shows the state after height.
func (b *Board) reach(ctx context.Context, height uint64) error {
	for {
		data, err := b.refresh(ctx)
		if err != nil {
			return err
		}
		if data.Height >= height {
			return nil
		}
		if err := b.Wait(ctx, pollLeast); err != nil {
			return err
		}
	}
}

// settleAll settles every licence whose status acts are not on the ledger yet.
func (b *Board) settleAll(ctx context.Context) error {
	for after := int64(0); ; {
		ls, err := b.Store.Unsettled(ctx, after, licencesAtOnce)
		if err != nil {
			return fmt.Errorf("reading licences: %w", err)
		}
		if len(ls) == 0 {
			return nil
		}
		ids := make([]int64, len(ls))
		for i := range ls {
			ids[i] = ls[i].ID
		}
		if err := b.settle(ctx, ids); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}
