package verifier

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// Every age of data, every status, every purpose: what each cell must say, and
// that none is verified without data young enough.
func TestThreat53_AgeStatusPurpose(t *testing.T) {
	w := newWorld(t)
	var drafts []draft
	var changes []ledger.StatusChange
	for s := range uint32(16) {
		drafts = append(drafts, draft{index: s, holder: w.alice.did})
		if s > 0 && s < 15 {
			changes = append(changes, ledger.StatusChange{Op: ledger.SetValue, Index: s, Value: ledger.Status(s)})
		}
	}
	var files [][]byte
	for _, p := range w.anchored(drafts...) {
		files = append(files, p.seal())
	}
	w.l.Execute(w.l.Sign(w.board, ledger.SetStatus{Pages: 1, Changes: changes}))
	reserved := changes // 15 is refused by a ledger that does not give it a meaning
	if out := w.l.Block(w.l.Sign(w.board, ledger.SetStatus{Pages: 1, Changes: append(reserved[:0:0], ledger.StatusChange{Op: ledger.SetValue, Index: 15, Value: ledger.Reserved})})); out.Results[0].Code != "" {
		t.Logf("reserved: %s", out.Results[0].Code)
		files = files[:15]
	}
	w.l.Settle()

	data := w.data()
	ages := []struct {
		name string
		set  func(h *hospital, max time.Duration)
		code string // of freshness or of the anchor
	}{
		{"fresh", func(h *hospital, max time.Duration) { h.device = data.AsOf.Add(max) }, ""},
		{"stale", func(h *hospital, max time.Duration) { h.device = data.AsOf.Add(max + time.Second) }, "stale"},
		{"missing", func(h *hospital, _ time.Duration) { h.d, h.dErr = nil, explain.Errorf("no_data", "x") }, "no_data"},
		{"no trust", func(h *hospital, _ time.Duration) { h.d, h.dErr = nil, explain.Errorf("no_trust", "x") }, "no_trust"},
		{"damaged", func(h *hospital, _ time.Duration) { h.d, h.dErr = nil, explain.Errorf("data_damaged", "x") }, "data_damaged"},
	}
	for _, age := range ages {
		for purpose, rule := range DefaultPolicy() {
			for s, file := range files {
				status := ledger.Status(s)
				t.Run(fmt.Sprintf("%s/%s/%s", age.name, purpose, status), func(t *testing.T) {
					h := w.hospital()
					h.t = t
					in := Input{Bytes: file, Purpose: purpose}
					age.set(h, rule.MaxAge)
					if rule.Binding {
						in.Request = h.request()
						in.Bytes = w.present(w.alice, in.Request, file)
					}
					res := h.verify(in)

					expect := map[ledger.Practice]Verdict{
						ledger.MayPractiseYes: Verified, ledger.MayPractiseWithConditions: Verified,
						ledger.MayPractiseNo: Rejected, ledger.MayPractiseUnknown: Unconfirmed,
					}[status.MayPractise()]
					known := h.d != nil
					if !known || age.name == "stale" && expect == Verified {
						expect = Unconfirmed
					}
					if res.Verdict != expect {
						t.Fatalf("%s, want %s\n%s", res.Verdict, expect, table(res))
					}
					if age.code != "" && find(res, CheckFreshness).Code != age.code {
						t.Errorf("freshness: %s", find(res, CheckFreshness).Code)
					}
					got := res.Credentials[0].Licence
					if !known {
						if got != (Licence{}) || res.AsOf != nil {
							t.Errorf("something is said of the licence without data: %+v", got)
						}
						return
					}
					if code := find(res, CheckStatus).Code; code != "status_"+status.String() {
						t.Errorf("status code %s", code)
					}
					if *got.Status != status.String() || *got.MayPractise != string(status.MayPractise()) || *got.Disciplinary != status.Disciplinary() {
						t.Errorf("licence %+v", got)
					}
					conditions := expect == Verified && status.MayPractise() == ledger.MayPractiseWithConditions
					if conditions != strings.HasPrefix(res.Headline, "Verified, with conditions. Ask the board") {
						t.Errorf("headline %q", res.Headline)
					}
				})
			}
		}
	}
}

// The clock: what is behind the floor by more than five minutes is unknown,
// and what fails at the floor fails.
func TestThreat55_ClockMatrix(t *testing.T) {
	w := newWorld(t)
	end := w.l.Now.Add(48 * time.Hour)
	long := w.issue(draft{holder: w.alice.did})
	short := w.issue(draft{holder: w.alice.did, index: 1, until: end})
	future := w.issue(draft{holder: w.alice.did, index: 2, edit: func(c map[string]any) {
		c["validFrom"] = end.Format(time.RFC3339)
	}})
	data := w.data()
	const year = 365 * 24 * time.Hour
	for _, c := range []struct {
		name         string
		file         []byte
		floor        time.Time // zero: the data's
		behind       time.Duration
		verdict      Verdict
		validity     string
		fresh        string
		validOutcome Outcome
	}{
		{"in time", long, time.Time{}, 0, Verified, "in_validity", "fresh", Pass},
		{"4 minutes", long, time.Time{}, 4 * time.Minute, Verified, "in_validity", "fresh", Pass},
		{"5 minutes", long, time.Time{}, 5 * time.Minute, Verified, "in_validity", "fresh", Pass},
		{"6 minutes", long, time.Time{}, 6 * time.Minute, Unconfirmed, "clock_behind", "clock_behind", Unknown},
		{"a year", long, time.Time{}, year, Unconfirmed, "clock_behind", "clock_behind", Unknown},
		{"a year, a floor beyond the data", long, data.AsOf.Add(time.Hour), year, Unconfirmed, "clock_behind", "clock_behind", Unknown},
		{"ended at the floor, 4 minutes", short, end.Add(time.Second), 4 * time.Minute, Rejected, "expired", "stale", Fail},
		{"ended at the floor, a year", short, end.Add(time.Second), year, Rejected, "expired", "stale", Fail},
		{"ends at the floor, a year", short, end, year, Unconfirmed, "clock_behind", "stale", Unknown},
		{"not begun at the floor, a year", future, time.Time{}, year, Rejected, "not_yet_valid", "clock_behind", Fail},
		{"not begun", future, time.Time{}, 0, Rejected, "not_yet_valid", "fresh", Fail},
		{"stale at the floor, a year", long, data.AsOf.Add(31 * 24 * time.Hour), year, Unconfirmed, "clock_behind", "stale", Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := w.hospital()
			h.t, h.d = t, data
			if h.floor = c.floor; c.floor.IsZero() {
				h.floor = testkitLongAgo // the data's own time is a floor too
			}
			floor := data.AsOf
			if h.floor.After(floor) {
				floor = h.floor
			}
			h.device = floor.Add(-c.behind)
			purpose := Monitoring
			if c.fresh == "stale" && floor.Sub(data.AsOf) < 30*24*time.Hour {
				purpose = Privileging
			}
			res := h.verify(Input{Bytes: c.file, Purpose: purpose})
			want(t, res, c.verdict, CheckValidity, c.validOutcome, c.validity)
			if got := find(res, CheckFreshness).Code; got != c.fresh {
				t.Errorf("freshness %s, want %s", got, c.fresh)
			}
			if !res.VerifiedAt.Equal(h.device.Truncate(time.Second)) {
				t.Error("verified_at is not the device's time")
			}
		})
	}
}

var testkitLongAgo = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestAnchors(t *testing.T) {
	w := newWorld(t)
	first := w.anchored(draft{index: 1})[0]
	before := w.data()
	second := w.anchored(draft{index: 2})[0]
	after := w.data()
	far := first.anchor
	far.Epoch = 1 << 40
	unreached := first.anchor
	unreached.Salt[0] ^= 1
	unsigned := func(edit func(m map[string]any)) []byte {
		m := object(t, first.seal())
		edit(m)
		return canonical(t, m)
	}
	evidence := func(n int) []any {
		out := []any{}
		for i := range n {
			out = append(out, map[string]any{"type": "LedgerAnchor", "anchor": strings.Repeat("A", i+1)})
		}
		return out
	}
	for _, c := range []struct {
		name    string
		file    []byte
		data    *pack.Data
		verdict Verdict
		outcome Outcome
		code    string
	}{
		{"good", first.seal(), after, Verified, Pass, "anchored"},
		{"good, other epoch", second.seal(), after, Verified, Pass, "anchored"},
		{"next epoch", second.seal(), before, Unconfirmed, Unknown, "newer_than_data"},
		{"no anchor", unsigned(func(m map[string]any) { delete(m, "evidence") }), after, Rejected, Fail, "anchor_missing"},
		{"two anchors", unsigned(func(m map[string]any) { m["evidence"] = evidence(2) }), after, Rejected, Fail, "anchor_ambiguous"},
		{"malformed", first.sealAs("AAAA"), after, Rejected, Fail, "anchor_malformed"},
		{"trailing", first.sealAs(first.anchor.String() + "AA"), after, Rejected, Fail, "anchor_malformed"},
		{"another's anchor", first.sealAs(second.anchor.String()), after, Rejected, Fail, "anchor_mismatch"},
		{"another's salt", first.sealAs(unreached.String()), after, Rejected, Fail, "anchor_mismatch"},
		{"far future", first.sealAs(far.String()), after, Rejected, Fail, "epoch_far_future"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := w.hospital()
			h.t, h.d = t, c.data
			want(t, h.look(c.file), c.verdict, CheckAnchor, c.outcome, c.code)
		})
	}
	// How far ahead an epoch may be grows with the age of the data, as the
	// later of clock and floor tells it.
	p := first
	for _, c := range []struct {
		ahead         uint64
		device, floor time.Duration
		code          string
	}{
		{2, 0, 0, "newer_than_data"},
		{3, 0, 0, "epoch_far_future"},
		{3602, time.Hour, 0, "newer_than_data"},
		{3603, time.Hour, 0, "epoch_far_future"},
		{3602, -time.Hour, time.Hour, "newer_than_data"},
		{3603, -time.Hour, time.Hour, "epoch_far_future"},
	} {
		h := w.hospital()
		h.d, h.device, h.floor = after, after.AsOf.Add(c.device), after.AsOf.Add(c.floor)
		a := p.anchor
		a.Epoch = after.View.LastEpoch() + c.ahead
		if got := find(h.look(p.sealAs(a.String())), CheckAnchor).Code; got != c.code {
			t.Errorf("%d ahead, device %v, floor %v: %s, want %s", c.ahead, c.device, c.floor, got, c.code)
		}
	}
}

// An epoch of which only a hash is left vouches for nothing and accuses of
// nothing: neither a key that was rotated since nor one that was reported.
func TestShrunkEpoch(t *testing.T) {
	w := newWorld(t)
	soon := ledger.Month{Year: 2026, Month: 12}
	lying := w.issue(draft{last: soon}) // its batch claims to end before it does
	honest := w.issue(draft{index: 1, last: soon, until: w.l.Now.Add(time.Hour)})
	w.issue(draft{index: 2, last: soon})
	w.issue(draft{index: 3, last: soon})
	old := w.board.Issuing
	w.rotate(w.board, freshKey("next"), w.board.Key, deskOptions())
	w.l.Execute(w.l.Sign(w.board, ledger.ReportKey{Method: w.board.Method(t, old), From: w.l.Now.Add(-time.Second).Unix()}))
	w.l.Beat(40 * 24 * time.Hour)
	h := w.hospital()
	h.d = w.dataShrunk(w.l.Now)
	res := h.look(lying)
	want(t, res, Unconfirmed, CheckAnchor, Unknown, "epoch_shrunk")
	if c := find(res, CheckProof); c.Outcome != Pass {
		t.Error("the signature was not checked", c)
	}
	want(t, h.look(honest), Rejected, CheckValidity, Fail, "expired")
	b := object(t, lying)
	b["validUntil"] = "2039-01-01T00:00:00Z"
	want(t, h.look(canonical(t, b)), Rejected, CheckProof, Fail, "proof_invalid")
}
