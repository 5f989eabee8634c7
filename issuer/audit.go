package issuer

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// FoundBatch is a batch that the ledger has in the board's name.
type FoundBatch struct {
	Root   ledger.Hash
	Size   int
	Height uint64 // block that took it in
	Method string // ledger key that signed it
}

// Difference is an index whose value is not what the register says. At names
// the licence by its register id, which says nothing to outsiders.
type Difference struct {
	Index    uint32
	Licence  int64
	Register ledger.Status
	Ledger   ledger.Status
}

// Suspicion is what happened in the board's name between the time from which a
// ledger key was in other hands and its report. It stands until the board
// corrects it by new transactions.
type Suspicion struct {
	Method    string
	From      time.Time
	Documents []uint64 // heights at which the board's document was changed
	Status    []ledger.StatusRecord
	Complete  bool // false: the data does not hold all status changes of that time
}

// AuditReport is what an audit found. Empty lists are what a board hopes for.
type AuditReport struct {
	Height  uint64    // of the state that was compared
	AsOf    time.Time // of the header that proves it
	Batches int       // in the board's name on the ledger
	Indexes int       // compared
	// Unknown are batches in the board's name that its register does not know:
	// somebody else has its ledger key, or its data was lost.
	Unknown []FoundBatch
	// Missing are batches that the register takes for anchored and the ledger
	// does not have.
	Missing []Batch
	// Reported are batches whose credentials no longer verify, because a key
	// behind them was reported, and that licences still depend on. Issue
	// replaces them.
	Reported []FoundBatch
	// Suspicions say, for every reported ledger key, what stands although it
	// may have been made with that key.
	Suspicions []Suspicion
	// Differences are statuses that differ, beyond acts still to be sent.
	Differences []Difference
	// Unsent counts licences with status acts that are still to be sent.
	Unsent int
	// Overdue are the acts whose day has come and that are not carried out,
	// oldest first, at most 1,000; Alarms counts all of them.
	Overdue []OverdueAct
	Alarms  Alarms
}

// OverdueAct is an act that should stand on the ledger and does not.
type OverdueAct struct {
	ID      int64
	Licence int64
	State   DecisionState
	Since   time.Time // when it should have held
	Blocked string    // code that says why it cannot be carried out; "" where it can
}

// maxOverdue bounds how many overdue acts an audit lists.
const maxOverdue = 1000

// Clean reports whether nothing is amiss.
func (r *AuditReport) Clean() bool {
	return len(r.Unknown)+len(r.Missing)+len(r.Reported)+len(r.Differences)+len(r.Overdue) == 0
}

// Audit compares the register with the ledger, which it reads from verified
// data. Code audit_unproved: what the node says was anchored in the board's
// name is not what the verified index says.
func (b *Board) Audit(ctx context.Context, p Progress) (AuditReport, error) {
	release, err := b.take(ctx)
	if err != nil {
		return AuditReport{}, err
	}
	defer release()
	data, found, err := b.anchored(ctx)
	if err != nil {
		return AuditReport{}, err
	}
	rep := AuditReport{Height: data.Height, AsOf: data.AsOf, Batches: len(found)}
	if err := b.auditBatches(ctx, data, found, &rep); err != nil {
		return rep, err
	}
	if err := b.auditActs(ctx, &rep); err != nil {
		return rep, err
	}
	return rep, b.auditStatus(ctx, data, &rep, p)
}

// auditActs lists the acts that should have taken effect.
func (b *Board) auditActs(ctx context.Context, rep *AuditReport) (err error) {
	if rep.Alarms, err = b.Alarms(ctx); err != nil || rep.Alarms.Overdue() == 0 {
		return err
	}
	err = b.Pending(ctx, func(p PendingAct) error {
		if p.Overdue && len(rep.Overdue) < maxOverdue {
			rep.Overdue = append(rep.Overdue, OverdueAct{p.ID, p.Licence, p.State, p.Effective, p.Blocked})
		}
		return nil
	})
	slices.SortStableFunc(rep.Overdue, func(x, y OverdueAct) int { return x.Since.Compare(y.Since) })
	return err
}

// anchored fetches the list of batches in the board's name and holds it to the
// verified index. The node may be a block ahead of what is proved, so it is
// given a few tries.
func (b *Board) anchored(ctx context.Context) (*pack.Data, []FoundBatch, error) {
	name := ledger.PrefixBatches + string(b.DID)
	for try := range maxTries {
		data, err := b.refresh(ctx)
		if err != nil {
			return nil, nil, err
		}
		want, there := data.View.Subject(name)
		if !there {
			return data, nil, nil
		}
		entries, err := b.Ledger.Subject(ctx, name)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the list of batches: %w", err)
		}
		if got, err := ledger.SubjectOf(name, entries); err == nil && got == want {
			found := make([]FoundBatch, len(entries))
			for i, e := range entries {
				if found[i], err = parseBatchEntry(e); err != nil {
					return nil, nil, explain.Errorf("audit_unproved", "reading entry %d of %s: %w", i, name, err)
				}
			}
			return data, found, nil
		}
		if err := b.Wait(ctx, min(pollLeast<<try, pollMost)); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, explain.Errorf("audit_unproved", "the node's list of batches does not have the root in the verified index")
}

// parseBatchEntry reads an entry of batches/<did>: height u64 ‖ position u32 ‖
// root ‖ size u16 ‖ month (u16, u8) ‖ LP(method). Its bytes are proved by the
// index; what is wrong here is wrong on the ledger.
func parseBatchEntry(e []byte) (FoundBatch, error) {
	const fixed = 8 + 4 + 32 + 2 + 3 + 4
	if len(e) < fixed || len(e)-fixed != int(binary.BigEndian.Uint32(e[fixed-4:])) {
		return FoundBatch{}, errors.New("not of the form that this version knows")
	}
	return FoundBatch{
		Height: binary.BigEndian.Uint64(e), Root: ledger.Hash(e[12:44]),
		Size: int(binary.BigEndian.Uint16(e[44:])), Method: string(e[fixed:]),
	}, nil
}

// Foreign lists the batches in the board's name that its register does not know,
// and tells as of when: Unknown of an Audit, without the rest of it. Code
// audit_unproved.
func (b *Board) Foreign(ctx context.Context) (found []FoundBatch, asOf time.Time, err error) {
	release, err := b.take(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer release()
	data, all, err := b.anchored(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	ours, err := b.ownBatches(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	for _, f := range all {
		if bt, ok := ours[f.Root]; !ok || bt.Size != f.Size {
			found = append(found, f)
		}
	}
	return found, data.AsOf, nil
}

// ownBatches are those of the register by their roots.
func (b *Board) ownBatches(ctx context.Context) (map[ledger.Hash]Batch, error) {
	ours := map[ledger.Hash]Batch{}
	return ours, b.eachBatch(ctx, func(bt *Batch) error { ours[bt.Root] = *bt; return nil })
}

// Fall is what a report of a key would bring down.
type Fall struct {
	Batches     int
	Credentials int // in these batches, in every form and format
	Licences    int // that depend on them and get new credentials by the next Issue
}

// WouldFall says what a report of one of the board's keys, from a time on, would
// bring down of what stands now. Foreign batches, which fall too, are not
// counted.
func (b *Board) WouldFall(ctx context.Context, method string, from time.Time) (Fall, error) {
	release, err := b.take(ctx)
	if err != nil {
		return Fall{}, err
	}
	defer release()
	data, all, err := b.anchored(ctx)
	if err != nil {
		return Fall{}, err
	}
	// A report counts from the first recorded block dated at or after its time:
	// what lies above the last one before that falls.
	before, _ := data.View.At(from.Truncate(time.Second).Add(-time.Second))
	by := map[ledger.Hash]FoundBatch{}
	for _, f := range all {
		by[f.Root] = f
	}
	var out Fall
	licences := map[int64]bool{}
	err = b.eachBatch(ctx, func(bt *Batch) error {
		if bt.State != Done {
			return nil
		}
		e, err := data.View.Epoch(bt.Epoch)
		if errors.Is(err, ledger.ErrEpochShrunk) {
			return nil // all of it has run out
		}
		if err != nil {
			return fmt.Errorf("reading epoch %d: %w", bt.Epoch, err)
		}
		issued := (bt.Method == method || bt.MethodES256 == method) && e.Height > before
		f, there := by[bt.Root]
		anchored := there && f.Method == method && f.Height > before
		if !issued && !anchored {
			return nil
		}
		if ok, err := b.stands(data, bt); err != nil || !ok {
			return err
		}
		ids, err := b.Store.Dependent(ctx, bt.Number)
		if err != nil {
			return fmt.Errorf("reading leaves: %w", err)
		}
		out.Batches++
		out.Credentials += bt.Size
		for _, id := range ids {
			licences[id] = true
		}
		return nil
	})
	out.Licences = len(licences)
	return out, err
}

func (b *Board) auditBatches(ctx context.Context, data *pack.Data, found []FoundBatch, rep *AuditReport) error {
	ours, err := b.ownBatches(ctx)
	if err != nil {
		return err
	}
	for _, f := range found {
		bt, ok := ours[f.Root]
		if !ok || bt.Size != f.Size {
			rep.Unknown = append(rep.Unknown, f)
			continue
		}
		ids, err := b.fallen(ctx, data, &bt)
		if err != nil {
			return err
		}
		if len(ids) > 0 {
			rep.Reported = append(rep.Reported, f)
		}
		delete(ours, f.Root)
	}
	if err := b.suspect(data, rep); err != nil {
		return err
	}
	for _, bt := range ours {
		switch bt.State {
		case Anchored, Proved, Signed, Done:
			rep.Missing = append(rep.Missing, bt)
		}
	}
	slices.SortFunc(rep.Missing, func(a, b Batch) int { return cmp.Compare(a.Number, b.Number) })
	return nil
}

// suspect lists what a reported ledger key may have done.
func (b *Board) suspect(data *pack.Data, rep *AuditReport) error {
	reports, err := data.View.Reports(b.DID)
	if err != nil {
		return err
	}
	versions, err := data.View.Versions(b.DID)
	if err != nil {
		return err
	}
	for _, r := range reports {
		if r.Issuing {
			continue
		}
		s := Suspicion{Method: r.Method, From: r.From}
		for _, v := range versions {
			if v.Height >= r.FromHeight && v.Height <= r.Height {
				s.Documents = append(s.Documents, v.Height)
			}
		}
		var changes []ledger.StatusRecord
		changes, s.Complete = data.View.StatusChanges(b.DID, max(r.FromHeight, 1)-1)
		for _, c := range changes {
			if c.Height <= r.Height {
				s.Status = append(s.Status, c)
			}
		}
		rep.Suspicions = append(rep.Suspicions, s)
	}
	return nil
}

func (b *Board) auditStatus(ctx context.Context, data *pack.Data, rep *AuditReport, p Progress) error {
	now := b.now()
	n := 0
	return b.List(ctx, func(e Entry) error {
		if n++; n%listPage == 0 {
			p.report("audit", n, 0)
		}
		if e.Licence.StatusRev > e.Licence.SettledRev {
			rep.Unsent++
			return nil
		}
		var newest *Index
		for i := range e.Indexes {
			if e.Indexes[i].State == Done && e.Indexes[i].Supersedes {
				newest = &e.Indexes[i]
			}
		}
		for _, i := range e.Indexes {
			if i.State != Done || !i.ValidUntil.After(now) {
				continue
			}
			rep.Indexes++
			got, err := data.View.Status(b.DID, i.Number)
			if err != nil {
				return fmt.Errorf("reading a status from the ledger: %w", err)
			}
			want := e.Licence.Status
			if newest != nil && i.Batch < newest.Batch {
				// Superseded: void, or whatever final value it had before.
				if got.Final() {
					continue
				}
				want = ledger.Void
			}
			if got != want {
				rep.Differences = append(rep.Differences, Difference{i.Number, e.Licence.ID, want, got})
			}
		}
		return nil
	})
}
