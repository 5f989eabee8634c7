package issuer

// What an act would do, before anybody decides on it.

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// Preview is what an act would record and write. Nothing of it has happened.
type Preview struct {
	Licence  Licence // as it stands; practitioner data
	Decision Decision
	// Approvers are those of whom one must agree; none where nobody must, or
	// where Decision.Alone says that there is nobody else.
	Approvers []string
	// Indexes are the entries of the board's status list that would change once
	// it takes effect, in rising order.
	Indexes []uint32
	Value   ledger.Status // that they would have
	// Unproved is the code of why the ledger's newest state is not known; "": it
	// is. Indexes are then as the board last saw them.
	Unproved string
}

// PreviewStatus says what Status would do. Codes as Status.
func (b *Board) PreviewStatus(ctx context.Context, a StatusAct) (Preview, error) {
	return b.preview(ctx, a.Ref, a.Person, a.Reason, a.Effective, a.prepare)
}

// PreviewRenew says what Renew would do. Codes as Renew.
func (b *Board) PreviewRenew(ctx context.Context, a RenewAct) (Preview, error) {
	return b.preview(ctx, a.Ref, a.Person, a.Reason, time.Time{}, a.prepare)
}

// PreviewReplace says what Replace would do. Codes as Replace.
func (b *Board) PreviewReplace(ctx context.Context, a ReplaceAct) (Preview, error) {
	return b.preview(ctx, a.Ref, a.Person, a.Reason, time.Time{}, a.prepare)
}

func (b *Board) preview(ctx context.Context, ref, person, reason string, at time.Time, prepare func(*Licence) (Decision, error)) (Preview, error) {
	if p := checkText("reason", reason, maxConditions, false); p != nil {
		return Preview{}, explain.Errorf("reason_malformed", "%w", p)
	}
	d, c, err := b.plan(ctx, ref, person, reason, at, prepare)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Decision: d, Value: d.Status}
	if out.Licence, err = b.Find(ctx, ref); err != nil {
		return out, err
	}
	if d.State == AwaitsApproval {
		names, err := b.People()
		if err != nil {
			return out, fmt.Errorf("asking who the people are: %w", err)
		}
		out.Approvers = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == person })
	}
	if d.Kind != KindStatus {
		return out, nil
	}
	l := c.Licence
	if l.ID == 0 { // decided before
		l = out.Licence
	}
	l.Status = d.Status
	var data *pack.Data
	if data, out.Unproved, err = b.newest(ctx); err != nil {
		return out, err
	}
	rows, err := b.Store.Indexes(ctx, []int64{l.ID})
	if err != nil {
		return out, fmt.Errorf("reading indexes: %w", err)
	}
	at0 := func(i uint32) (ledger.Status, error) { return out.Licence.Status, nil }
	if data != nil {
		at0 = func(i uint32) (ledger.Status, error) { return data.View.Status(b.DID, i) }
	}
	changes, err := wanted(&l, rows, at0, b.now())
	if err != nil {
		return out, fmt.Errorf("reading a status from the ledger: %w", err)
	}
	for _, x := range changes {
		out.Indexes = append(out.Indexes, x.Index)
	}
	slices.Sort(out.Indexes)
	return out, nil
}

// newest is the newest verified data, or what was seen last and the code of why
// there is nothing newer; nil where nothing was seen yet.
func (b *Board) newest(ctx context.Context) (*pack.Data, string, error) {
	data, err := b.refresh(ctx)
	if err == nil {
		return data, "", nil
	}
	if ctx.Err() != nil {
		return nil, "", ctx.Err()
	}
	code := explain.CodeOf(err)
	if code == "" {
		code = "node_unreachable"
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data, code, nil
}
