package verifier

// What a hospital knows of the past of licences' statuses. The ledger proves
// only their present values; what changed, and when, is known from what each
// import left behind (docs/as-of.md).

import (
	"context"

	"bonafide/did"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// Past is where a home keeps it. Nothing of it is about a practitioner: it is
// as public as the ledger.
type Past interface {
	// Past returns what is known of one index of an issuer's pages, nothing
	// (the zero value) included.
	Past(ctx context.Context, issuer did.DID, index uint32) (PastStatus, error)
}

// PastStatus is what is known of the past of one status index. Heights are of
// states.
type PastStatus struct {
	Height  uint64       // of the newest import it speaks of; 0: nothing is known
	Root    ledger.Hash  // of the issuer's status subject there
	Changes []PastChange // by height
	Gaps    []PastGap    // by height
}

// PastChange is a change of the value. One within a gap is the difference
// between the ends of the gap, and stands at its upper end.
type PastChange struct {
	Height   uint64
	Old, New ledger.Status
}

// PastGap is what lies after one import and up to the next, where that brought
// a whole pack: known at both ends, not in between. After 0 begins what is
// known at all.
type PastGap struct {
	After, Until uint64
	// Once says that no index of the issuer changed twice in there, so that one
	// whose ends are the same had no other value in between.
	Once bool
}

// at is the value in the states from first to last, which are all the same;
// false where it is not known. now is the value in the state at height data.
func (p PastStatus) at(now ledger.Status, data, first, last uint64) (ledger.Status, bool) {
	if last >= data {
		return now, true
	}
	if p.Height == 0 {
		return 0, false
	}
	value := now
	for i := len(p.Changes) - 1; i >= 0 && p.Changes[i].Height > last; i-- {
		c := p.Changes[i]
		if c.Height > data {
			continue // a home that imported since knows more than the data at hand
		}
		if c.New != value {
			return 0, false // it was altered: what is here does not lead to today's value
		}
		value = c.Old
	}
	for _, g := range p.Gaps {
		switch {
		case g.After >= data, last >= g.Until, g.After > 0 && first <= g.After:
			continue
		case p.touched(g):
			return 0, false
		case g.After == 0:
			// Every value begins as current.
			return value, g.Once && value == ledger.Current
		}
		return value, g.Once || value.Final() && g.Until <= data
	}
	return value, true
}

// touched reports whether the value differs between the ends of a gap.
func (p PastStatus) touched(g PastGap) bool {
	for _, c := range p.Changes {
		if g.After < c.Height && c.Height <= g.Until {
			return true
		}
	}
	return false
}

// Learned is what one import adds to what is known of the past.
type Learned struct {
	From, To uint64 // heights of the states before, 0 where there was none, and after
	Exact    bool   // it was a delta: Changes hold every change, each with its height
	Issuers  []LearnedIssuer
}

// LearnedIssuer is what an import tells of the pages of one issuer.
type LearnedIssuer struct {
	Issuer did.DID
	// Before and After are the roots of its status subject in the two states.
	// Before is nil where it had no pages.
	Before, After *ledger.Hash
	Changes       []LearnedChange
	// Once is PastGap.Once of the gap that the import is if it is not exact.
	Once bool
	// OnceBefore is PastGap.Once of everything up to From.
	OnceBefore func() bool
}

// LearnedChange is a change of one index. Without Exact it happened after From
// and not after To, which is its height then.
type LearnedChange struct {
	Height   uint64
	Position uint32
	Index    uint32
	Old, New ledger.Status
}

// Learn compares what an import brought with the data before it (nil: none).
func Learn(before *pack.Data, res *pack.Result) Learned {
	out := Learned{To: res.Data.Height, Exact: before != nil && res.Delta}
	var old *ledger.View
	if before != nil {
		out.From, old = before.Height, before.View
	}
	now := res.Data.View
	changes := map[did.DID][]LearnedChange{}
	for _, c := range res.Changes {
		changes[c.Issuer] = append(changes[c.Issuer], LearnedChange{c.Height, c.Position, c.Index, c.Old, c.New})
	}
	for _, issuer := range now.DIDs() {
		after := statusRoot(now, issuer)
		if after == nil {
			continue
		}
		l := LearnedIssuer{Issuer: issuer, After: after}
		if old != nil {
			l.Before = statusRoot(old, issuer)
			l.OnceBefore = func() bool {
				_, once := differences(nil, old, issuer, old.Height())
				return once
			}
		}
		switch {
		case out.Exact:
			l.Changes = changes[issuer]
		case l.Before == nil || *l.Before != *after:
			l.Changes, l.Once = differences(old, now, issuer, out.To)
			if old == nil {
				l.Changes = nil // nobody saw what was before
			}
		}
		out.Issuers = append(out.Issuers, l)
	}
	return out
}

func statusRoot(v *ledger.View, issuer did.DID) *ledger.Hash {
	s, ok := v.Subject(ledger.PrefixStatus + string(issuer))
	if !ok {
		return nil
	}
	return &s.Root
}

// differences lists the indexes of an issuer whose values in two states differ
// (nil: in the state before the first), and reports whether no index can have
// changed twice without its being seen: each entry of the change log gives one
// index another value, so with one entry more than there are differences one
// that differs has changed twice, and only with two more one that does not.
func differences(old, now *ledger.View, issuer did.DID, height uint64) (out []LearnedChange, once bool) {
	log := now.StatusLog(issuer)
	if old != nil {
		log -= old.StatusLog(issuer)
	}
	for n := range now.Pages(issuer) {
		page, err := now.Page(issuer, n)
		if err != nil {
			return nil, false // a view always has the pages it counts
		}
		var was []byte
		if old != nil && n < old.Pages(issuer) {
			if was, err = old.Page(issuer, n); err != nil {
				return nil, false
			}
		}
		for i, b := range page {
			var o byte
			if was != nil {
				o = was[i]
			}
			if b == o {
				continue
			}
			index := n*ledger.PageIndexes + 2*uint32(i)
			for half, shift := range []uint{4, 0} {
				if x, y := o>>shift&15, b>>shift&15; x != y {
					out = append(out, LearnedChange{Height: height, Index: index + uint32(half), Old: ledger.Status(x), New: ledger.Status(y)})
				}
			}
		}
	}
	return out, log < uint64(len(out))+2
}
