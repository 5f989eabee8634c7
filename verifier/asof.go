package verifier

// Verdicts about a time that has passed (docs/as-of.md). Keys, accreditations
// and who keeps whose status come from the state's own history, the value of a
// status from what the home kept (past.go). What is known of keys today counts
// for then too: a key that was in other hands was so before anybody said it.

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bonafide/did"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/vc"
)

// asked is the past time that a verdict is about.
type asked struct {
	time        time.Time
	first, last uint64 // the heights whose state was in force then
	beyond      bool   // it lies after the data, whose end stands in for it
}

// askedAt finds the states of a time; data is nil where there is none.
func askedAt(t time.Time, data *pack.Data) *asked {
	a := &asked{time: t.UTC()}
	if data == nil {
		return a
	}
	if t.After(data.AsOf) {
		a.first, a.last, a.beyond = data.Height, data.Height, true
	} else {
		a.first, a.last = data.View.At(t)
	}
	return a
}

// then is the code of what was the case at the time asked about, where code
// says what is the case.
func (r *run) then(code string) string {
	if r.at == nil {
		return code
	}
	return code + "_then"
}

// hindsight is code where the report was known at the time asked about, and
// another where it came later and counts for then all the same.
func (r *run) hindsight(rep did.KeyReport, code string) string {
	if r.at != nil && rep.Height > r.at.last {
		return code + "_later_known"
	}
	return code
}

// moment is the time that dates are held against.
func (r *run) moment() time.Time {
	if r.at != nil {
		return r.at.time
	}
	return r.clock.latest()
}

// height is that of the state in which issuers are judged.
func (r *run) height() uint64 {
	if r.at != nil {
		return r.at.last
	}
	return r.data.Height
}

// keeper is who keeps, or kept in that state, an issuer's status pages.
func (r *run) keeper(issuer did.DID) did.DID {
	if r.at == nil {
		return r.data.View.Keeper(issuer)
	}
	// Each hand-over is to an issuer that still keeps its own, so this ends; the
	// bound holds for data that says otherwise.
	for range len(r.data.View.DIDs()) {
		events := r.data.View.Accreditations(issuer)
		i := slices.IndexFunc(events, func(e ledger.AccreditationEvent) bool {
			return e.Kind == ledger.PagesHandedOver && e.Height <= r.at.last
		})
		if i < 0 {
			break
		}
		issuer = events[i].To
	}
	return issuer
}

// closed reports whether a DID was deactivated, or not there yet, in the state
// in which issuers are judged.
func (r *run) closed(id did.DID) bool {
	versions, err := r.data.View.Versions(id)
	if err != nil {
		return true
	}
	closed := true
	for _, v := range versions {
		if v.Height > r.height() {
			break
		}
		closed = v.Deactivated
	}
	return closed
}

// validThen is validity at the time asked about, which rests on no clock. A
// credential of a listed issuer may name no end; if it names no beginning
// either, nothing tells whether it was there.
func (r *run) validThen(auth vc.Authentic, i int, listed bool) {
	from, hasFrom := auth.ValidFrom()
	until, hasUntil := auth.ValidUntil()
	switch {
	case !hasUntil && !listed:
		r.note(CheckValidity, i, Fail, "validity_missing")
	case hasUntil && r.at.time.After(until):
		r.note(CheckValidity, i, Fail, "expired_then")
	case hasFrom && r.at.time.Before(from):
		r.note(CheckValidity, i, Fail, "not_yet_valid_then")
	case listed && !hasFrom:
		r.note(CheckValidity, i, Unknown, noHistory)
	case !hasUntil:
		r.note(CheckValidity, i, Pass, "validity_open")
	default:
		r.note(CheckValidity, i, Pass, "in_validity_then")
	}
}

// statusThen is the value at the time asked about: that in the newest data, if
// nothing came since, else what the home kept.
func (r *run) statusThen(ctx context.Context, issuer did.DID, index uint32, now ledger.Status) (value ledger.Status, code string, err error) {
	switch {
	case r.at.beyond && !now.Final():
		return 0, atNewerThanData, nil
	case r.at.last >= r.data.Height:
		return now, "", nil
	}
	var p PastStatus
	if r.v.past != nil {
		if p, err = r.v.past.Past(ctx, issuer, index); err != nil {
			return 0, "", fmt.Errorf("reading what is known of the past: %w", err)
		}
	}
	if root := statusRoot(r.data.View, issuer); p.Height <= r.data.Height && root != nil && *root != p.Root {
		p = PastStatus{} // it ends before the data, and something was changed since
	}
	value, ok := p.at(now, r.data.Height, r.at.first, r.at.last)
	if !ok {
		return 0, noHistory, nil
	}
	return value, "", nil
}

const (
	noHistory       = "no_history"
	atNewerThanData = "at_newer_than_data"
)

// covered is what freshness is for a time that has passed: the past does not
// age, but the data must reach it.
func (r *run) covered() {
	if r.at.beyond {
		r.note(CheckFreshness, -1, Unknown, atNewerThanData)
		return
	}
	r.note(CheckFreshness, -1, Skipped, "past_covered")
}
