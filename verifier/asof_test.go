package verifier

import (
	"context"
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/internal/testkit"
	"bonafide/ledger"
)

// remembered is a Past in memory: what a home knows that imported deltas from a
// height on, 0 for the beginning.
type remembered struct {
	w     *world
	since uint64
	fail  error
}

func (m remembered) Past(_ context.Context, issuer did.DID, index uint32) (PastStatus, error) {
	if m.fail != nil {
		return PastStatus{}, m.fail
	}
	v := m.w.l.View()
	p := PastStatus{Height: v.Height(), Root: *statusRoot(v, issuer)}
	if m.since > 0 {
		p.Gaps = []PastGap{{Until: m.since}}
	}
	records, _ := v.StatusChanges(issuer, m.since)
	for _, c := range records {
		if c.Index == index {
			p.Changes = append(p.Changes, PastChange{c.Height, c.Old, c.New})
		}
	}
	return p, nil
}

// historian is a hospital that synced all along.
func (w *world) historian() *hospital {
	h := w.hospital()
	h.past = remembered{w: w}
	return h
}

// then verifies a bare credential for a time that has passed.
func (h *hospital) then(at time.Time, b []byte) Result {
	h.t.Helper()
	res := h.verify(Input{Bytes: b, At: at})
	if res.At == nil || !res.At.Equal(at) || res.AsOf == nil || !res.AsOf.Equal(h.d.AsOf) {
		h.t.Errorf("at %v as of %v", res.At, res.AsOf)
	}
	day := at.UTC().Format("2006-01-02 15:04:05 UTC")
	head := map[Verdict]string{Verified: "Was valid on " + day, Rejected: "Was not valid on " + day + ". ", Unconfirmed: "Cannot confirm for " + day + ". "}[res.Verdict]
	if !strings.HasPrefix(res.Headline, head) {
		h.t.Errorf("headline %q", res.Headline)
	}
	for _, c := range res.Checks {
		// What is said of now, and of the machine's clock, has no place here.
		if slices.Contains([]string{"fresh", "stale", "accredited", "in_validity", "expired", "clock_behind", "binding_not_required", "request_required"}, c.Code) ||
			strings.HasPrefix(c.Code, "status_") && c.Code != "status_not_named" && !strings.HasSuffix(c.Code, "_then") {
			h.t.Errorf("%s says %s of the past", c.ID, c.Code)
		}
	}
	return res
}

// The time of each act is the recorded time of its block; just before it the
// old state was in force.
func (w *world) time() time.Time { return w.l.Now }

// A licence in the middle of whose life the board's keys change, as of every
// part of that life.
func TestThreat19_AsOfKeys(t *testing.T) {
	report := func(w *world, method string, from time.Time) {
		w.l.Execute(w.l.Sign(w.board, ledger.ReportKey{Method: method, From: from.Unix()}))
	}
	recoverKeys := func(w *world) {
		doc, err := bonafide.NextDocument(w.board.DID, []did.PublicKey{testkit.Public(w.t, freshKey("new"))}, []did.PublicKey{testkit.Public(w.t, freshKey("new ledger"))}, bonafide.DocumentOptions{})
		if err != nil {
			w.t.Fatal(err)
		}
		w.l.Decide(ledger.RecoverDID{DID: w.board.DID, Document: doc})
		w.l.Beat(2 * time.Hour) // the delay
		w.board.Issuing, w.board.Key = freshKey("new"), freshKey("new ledger")
	}
	for _, c := range []struct {
		name string
		do   func(w *world, oldIssuing, oldLedger ed25519.PrivateKey, mid time.Time)
		old  bool // the second is signed with the old issuing key
		// Of the first: codes of its issuer key after its anchor, after the
		// change, and at the end. Of the second: at the end.
		first  [3]string
		second string
	}{
		{"nothing", nil, true, [3]string{"issuer_key_in_force", "issuer_key_in_force", "issuer_key_in_force"}, "issuer_key_in_force"},
		{"rotated", func(w *world, _, l ed25519.PrivateKey, _ time.Time) {
			w.rotate(w.board, freshKey("new"), l, bonafide.DocumentOptions{})
		}, false, [3]string{"issuer_key_in_force", "issuer_key_in_force", "issuer_key_in_force"}, "issuer_key_in_force"},
		{"rotated, signed with the old key", func(w *world, _, l ed25519.PrivateKey, _ time.Time) {
			w.rotate(w.board, freshKey("new"), l, bonafide.DocumentOptions{})
		}, true, [3]string{"issuer_key_in_force", "issuer_key_in_force", "issuer_key_in_force"}, "method_not_found"},
		{
			"recovered", func(w *world, _, _ ed25519.PrivateKey, _ time.Time) { recoverKeys(w) },
			false,
			[3]string{"issuer_key_in_force", "issuer_key_in_force", "issuer_key_in_force"},
			"issuer_key_in_force",
		},
		{
			"recovered, signed with the old key", func(w *world, _, _ ed25519.PrivateKey, _ time.Time) { recoverKeys(w) },
			true,
			[3]string{"issuer_key_in_force", "issuer_key_in_force", "issuer_key_in_force"},
			"method_not_found",
		},
		{"recovered, the old key reported from between", func(w *world, i, _ ed25519.PrivateKey, mid time.Time) {
			recoverKeys(w)
			report(w, w.board.Method(w.t, i), mid)
		}, false, [3]string{"issuer_key_in_force", "issuer_key_in_force", "issuer_key_in_force"}, "issuer_key_in_force"},
		{"recovered, the old key reported from the start", func(w *world, i, _ ed25519.PrivateKey, _ time.Time) {
			recoverKeys(w)
			report(w, w.board.Method(w.t, i), testkit.Start)
		}, false, [3]string{"key_compromised_later_known", "key_compromised", "key_compromised"}, "issuer_key_in_force"},
		{"issuing key reported from between", func(w *world, i, _ ed25519.PrivateKey, mid time.Time) {
			report(w, w.board.Method(w.t, i), mid)
		}, true, [3]string{"issuer_key_in_force", "issuer_key_in_force", "issuer_key_in_force"}, "key_compromised"},
		{"issuing key reported from the start", func(w *world, i, _ ed25519.PrivateKey, _ time.Time) {
			report(w, w.board.Method(w.t, i), testkit.Start)
		}, true, [3]string{"key_compromised_later_known", "key_compromised", "key_compromised"}, "key_compromised"},
		{"ledger key rotated and reported from the start", func(w *world, i, l ed25519.PrivateKey, _ time.Time) {
			w.rotate(w.board, i, freshKey("new ledger"), bonafide.DocumentOptions{})
			report(w, w.board.Method(w.t, l), testkit.Start)
		}, true, [3]string{"ledger_key_compromised_later_known", "ledger_key_compromised", "ledger_key_compromised"}, "issuer_key_in_force"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			oldIssuing, oldLedger := w.board.Issuing, w.board.Key
			unborn := w.time().Add(-time.Second)
			w.l.Beat(time.Hour)
			first := w.issue(draft{index: 1})
			young := w.time()
			w.l.Beat(time.Hour)
			mid := w.l.Now.Add(-time.Minute)
			if c.do != nil {
				c.do(w, oldIssuing, oldLedger, mid)
			}
			changed := w.time()
			w.l.Beat(time.Hour)
			d := draft{index: 2, key: w.board.Issuing}
			if c.old {
				d.key = oldIssuing
			}
			second := w.issue(d)
			w.l.Beat(time.Hour)
			h := w.historian()
			end := h.d.AsOf

			for i, at := range []time.Time{young, changed, end} {
				verdict, outcome := Verified, Pass
				if c.first[i] != "issuer_key_in_force" {
					verdict, outcome = Rejected, Fail
				}
				want(t, h.then(at, first), verdict, CheckIssuerKey, outcome, c.first[i])
			}
			want(t, h.then(unborn, first), Rejected, CheckAnchor, Fail, "anchored_later")
			for _, at := range []time.Time{unborn, young, changed} {
				want(t, h.then(at, second), Rejected, CheckAnchor, Fail, "anchored_later")
			}
			verdict, outcome := Verified, Pass
			if c.second != "issuer_key_in_force" {
				verdict, outcome = Rejected, Fail
			}
			want(t, h.then(end, second), verdict, CheckIssuerKey, outcome, c.second)
			// At the end of the data the past is the present.
			if now := h.look(second); now.Verdict != verdict {
				t.Errorf("now: %s\n%s", now.Verdict, table(now))
			}
		})
	}
}

// What a credential says of its own age counts for nothing: it existed from its
// epoch on, to the second.
func TestThreat20_AsOfBeforeTheAnchor(t *testing.T) {
	w := newWorld(t)
	w.l.Beat(24 * time.Hour)
	old := w.data()
	b := w.issue(draft{}) // dated, created and valid from the start
	h := w.historian()
	anchor := object(t, b)["evidence"].([]any)[0].(map[string]any)["anchor"].(string)
	a, err := ledger.ParseAnchor(anchor)
	if err != nil {
		t.Fatal(err)
	}
	e, err := h.d.View.Epoch(a.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	at, ok := h.d.View.TimeOf(e.Height)
	if !ok {
		t.Fatal("the epoch has no time")
	}
	want(t, h.then(at, b), Verified, CheckAnchor, Pass, "anchored")
	for _, before := range []time.Duration{time.Nanosecond, time.Second, time.Hour, 100 * 365 * 24 * time.Hour} {
		res := h.then(at.Add(-before), b)
		want(t, res, Rejected, CheckAnchor, Fail, "anchored_later")
		if find(res, CheckStatus).Outcome != Skipped || res.Credentials[0].Licence.Status != nil {
			t.Errorf("something is said of a licence before it was issued: %s", table(res))
		}
	}
	// Data from before the epoch is enough to know that it was not there then.
	h.d = old
	want(t, h.then(old.AsOf.Add(-time.Hour), b), Rejected, CheckAnchor, Fail, "anchored_later")
	want(t, h.then(old.AsOf.Add(time.Second), b), Unconfirmed, CheckAnchor, Unknown, "newer_than_data")
}

// Data that somebody keeps from being renewed answers for the time that it
// reaches to, and for nothing after.
func TestThreat53_AsOfBeyondTheData(t *testing.T) {
	w := newWorld(t)
	b := w.issue(draft{})
	w.l.Beat(time.Hour)
	frozen := w.hospital()
	edge := frozen.d.AsOf
	w.l.Beat(time.Hour)
	w.set(w.board, 0, ledger.SuspendedStatus)
	w.l.Beat(time.Hour)
	for _, device := range []time.Duration{time.Hour, 10 * 365 * 24 * time.Hour} {
		frozen.device = edge.Add(device)
		want(t, frozen.then(edge, b), Verified, CheckFreshness, Skipped, "past_covered") // at any age
		for _, after := range []time.Duration{time.Nanosecond, time.Second, time.Hour} {
			res := frozen.then(edge.Add(after), b)
			want(t, res, Unconfirmed, CheckFreshness, Unknown, "at_newer_than_data")
			want(t, res, Unconfirmed, CheckStatus, Unknown, "at_newer_than_data")
		}
	}
	frozen.device = edge.Add(time.Minute)
	if _, err := frozen.verifier().Verify(ctx, Input{Bytes: b, At: edge.Add(time.Hour)}); explain.CodeOf(err) != "at_future" {
		t.Errorf("a time to come: %v", err)
	}
	// A clock that was set back takes nothing from what the ledger proves.
	frozen.device, frozen.floor = testkitLongAgo, edge
	want(t, frozen.then(edge.Add(-time.Minute), b), Verified, CheckValidity, Pass, "in_validity_then")

	// A later no may have been lifted meanwhile, a final one was not.
	h := w.historian()
	h.device = h.d.AsOf.Add(time.Hour)
	want(t, h.then(h.d.AsOf.Add(time.Second), b), Unconfirmed, CheckStatus, Unknown, "at_newer_than_data")
	w.set(w.board, 0, ledger.Revoked)
	h = w.historian()
	h.device = h.d.AsOf.Add(time.Hour)
	want(t, h.then(h.d.AsOf.Add(time.Second), b), Rejected, CheckStatus, Fail, "status_revoked_then")
}

// What was lifted stays in the past, and what is final changes nothing before.
func TestThreat57_AsOfStatus(t *testing.T) {
	w := newWorld(t)
	b := w.issue(draft{})
	w.l.Beat(time.Hour)
	type span struct {
		value    ledger.Status
		from, to time.Time
	}
	spans := []span{{value: ledger.Current, from: w.time()}}
	for _, s := range []ledger.Status{ledger.SuspendedStatus, ledger.Current, ledger.Probation, ledger.Hold, ledger.Current, ledger.Revoked} {
		before := w.l.View().Height()
		w.set(w.board, 0, s)
		at, ok := w.l.View().TimeOf(before + 1)
		if !ok {
			t.Fatal("a change has no time")
		}
		spans[len(spans)-1].to = at.Add(-time.Nanosecond)
		spans = append(spans, span{value: s, from: at})
		w.l.Beat(time.Hour)
	}
	h := w.historian()
	spans[len(spans)-1].to = h.d.AsOf
	for _, s := range spans {
		verdict, outcome := Verified, Pass
		switch s.value.MayPractise() {
		case ledger.MayPractiseNo:
			verdict, outcome = Rejected, Fail
		case ledger.MayPractiseUnknown:
			verdict, outcome = Unconfirmed, Unknown
		}
		for _, at := range []time.Time{s.from, s.from.Add(s.to.Sub(s.from) / 2), s.to} {
			res := h.then(at, b)
			want(t, res, verdict, CheckStatus, outcome, "status_"+s.value.String()+"_then")
			if *res.Credentials[0].Licence.Status != s.value.String() {
				t.Errorf("%s: %s", at, *res.Credentials[0].Licence.Status)
			}
			if s.value == ledger.Probation && !strings.Contains(res.Headline, ", with conditions. Ask the board what they were: ") {
				t.Errorf("headline %q", res.Headline)
			}
		}
	}
	want(t, h.look(b), Rejected, CheckStatus, Fail, "status_revoked")

	// A home that knows the past from the probation on only.
	from := spans[3].from
	first, _ := h.d.View.At(from)
	h.past = remembered{w: w, since: first}
	want(t, h.then(from.Add(-time.Second), b), Unconfirmed, CheckStatus, Unknown, "no_history")
	want(t, h.then(from, b), Verified, CheckStatus, Pass, "status_probation_then")
	// One that knows nothing of it knows what no change came after.
	for _, none := range []Past{nil, remembered{w: w, since: h.d.Height}} {
		h.past = none
		want(t, h.then(spans[5].from, b), Unconfirmed, CheckStatus, Unknown, "no_history")
		want(t, h.then(spans[6].from, b), Rejected, CheckStatus, Fail, "status_revoked_then")
	}
	h.past = remembered{w: w, fail: errDisk}
	if _, err := h.verifier().Verify(ctx, Input{Bytes: b, At: spans[1].from}); err == nil {
		t.Error("a past that cannot be read gave a verdict")
	}
}

// What the newest block did is dated by the header that proves it, before the
// ledger has recorded that.
func TestAsOfTheNewestBlock(t *testing.T) {
	w := newWorld(t)
	b := w.issue(draft{})
	w.l.Beat(time.Hour)
	h := w.historian()
	w.l.Block(w.l.Sign(w.board, ledger.SetStatus{Pages: 1, Changes: []ledger.StatusChange{{Op: ledger.SetValue, Index: 0, Value: ledger.SuspendedStatus}}}))
	w.l.Now = w.l.Now.Add(time.Hour) // of the header that is to come
	data := *h.d
	data.View, data.Height, data.AsOf = w.l.View(), w.l.View().Height(), w.l.Now
	data.View.SetHeader(data.AsOf)
	h.d, h.device = &data, data.AsOf
	want(t, h.then(data.AsOf, b), Rejected, CheckStatus, Fail, "status_suspended_then")
	want(t, h.then(data.AsOf.Add(-time.Second), b), Verified, CheckStatus, Pass, "status_current_then")
	h.past = nil
	want(t, h.then(data.AsOf.Add(-time.Second), b), Unconfirmed, CheckStatus, Unknown, "no_history")
	// A newest block that did nothing leaves everything as it was before it.
	w.l.Settle()
	w.l.Now = w.l.Now.Add(time.Hour)
	w.l.Settle()
	h.d = w.data()
	want(t, h.then(h.d.AsOf.Add(-time.Nanosecond), b), Rejected, CheckStatus, Fail, "status_suspended_then")
}

// What the board's accreditation, and who kept its pages, was then.
func TestAsOfIssuers(t *testing.T) {
	w := newWorld(t)
	b := w.issue(draft{})
	to := w.newcomer("Successor")
	w.accredit(to, licence, "US-MI")
	type moment struct {
		at      time.Time
		verdict Verdict
		outcome Outcome
		code    string
	}
	var moments []moment
	mark := func(v Verdict, o Outcome, code string) {
		moments = append(moments, moment{w.time(), v, o, code})
		w.l.Beat(time.Hour)
	}
	mark(Verified, Pass, "accredited_then")
	w.l.Decide(ledger.Suspend{Issuer: w.board.DID, Type: licence, Jurisdiction: ohio})
	mark(Unconfirmed, Unknown, "issuer_suspended_then")
	w.l.Decide(ledger.Restore{Issuer: w.board.DID, Type: licence, Jurisdiction: ohio})
	mark(Verified, Pass, "accredited_then")
	w.l.Decide(ledger.End{Issuer: w.board.DID, Type: licence, Jurisdiction: ohio})
	mark(Unconfirmed, Unknown, "issuer_ended_then")
	w.l.Decide(ledger.HandOver{From: w.board.DID, To: to.DID})
	mark(Verified, Pass, "accredited_handed_over_then")
	w.l.Execute(w.l.Sign(to, ledger.DeactivateDID{}))
	mark(Unconfirmed, Unknown, "issuer_closed_then")
	h := w.historian()
	for _, m := range moments {
		want(t, h.then(m.at, b), m.verdict, CheckAccreditation, m.outcome, m.code)
	}
	want(t, h.look(b), Unconfirmed, CheckAccreditation, Unknown, "issuer_closed")
}

// Its own dates, held against the time asked about and no clock.
func TestAsOfDates(t *testing.T) {
	w := newWorld(t)
	start := w.l.Now.Add(24 * time.Hour)
	end := start.Add(24 * time.Hour)
	b := w.issue(draft{until: end, edit: func(c map[string]any) { c["validFrom"] = start.Format(time.RFC3339) }})
	w.l.Beat(72 * time.Hour)
	h := w.historian()
	want(t, h.then(start.Add(-time.Second), b), Rejected, CheckValidity, Fail, "not_yet_valid_then")
	want(t, h.then(start, b), Verified, CheckValidity, Pass, "in_validity_then")
	want(t, h.then(end, b), Verified, CheckValidity, Pass, "in_validity_then")
	want(t, h.then(end.Add(time.Second), b), Rejected, CheckValidity, Fail, "expired_then")
	want(t, h.look(b), Rejected, CheckValidity, Fail, "expired")
}

// Who presents counts for the present. A presentation that was kept must still
// be its holder's.
func TestAsOfPresentations(t *testing.T) {
	w := newWorld(t)
	b := w.issue(draft{holder: w.alice.did})
	w.l.Beat(time.Hour)
	h := w.historian()
	req := h.request()
	p := w.present(w.alice, req, b)
	at := w.time().Add(-time.Minute)
	h.d = w.data()
	want(t, h.then(at, p), Verified, CheckBinding, Skipped, "binding_past")
	stolen := w.present(newHolder(t, "Mallory"), req, b)
	want(t, h.then(at, stolen), Rejected, CheckBinding, Fail, "holder_mismatch")
	altered := object(t, p)
	altered["proof"].(map[string]any)["challenge"] = "AAAAAAAAAAAAAAAAAAAAAA"
	if res := h.then(at, canonical(t, altered)); res.Verdict != Rejected || find(res, CheckBinding).Outcome != Fail {
		t.Error(table(res))
	}
	_, err := h.verifier().Verify(ctx, Input{Bytes: p, At: at, Request: req})
	if explain.CodeOf(err) != "at_with_request" {
		t.Error(err)
	}
	// The request is still to be answered.
	h.device = h.d.AsOf.Add(time.Minute)
	if res := h.verify(Input{Bytes: p, Request: req}); res.Verdict != Verified {
		t.Error(table(res))
	}
	// It stays in the history with the time that it was about.
	if kept := string(h.kept.kept[0]); !strings.Contains(kept, `"at":"`+at.UTC().Format(time.RFC3339)+`"`) {
		t.Error(kept)
	}
}

// The second envelope has the same past.
func TestAsOfSDJWT(t *testing.T) {
	w := newES256World(t)
	before := w.time()
	w.l.Beat(time.Hour)
	b := w.sdIssue(sdDraft{phone: &w.phone})
	w.l.Beat(time.Hour)
	current := w.time()
	w.l.Beat(time.Hour)
	w.set(w.board, 0, ledger.SuspendedStatus)
	w.l.Beat(time.Hour)
	suspended := w.time()
	w.l.Beat(time.Hour)
	w.set(w.board, 0, ledger.Current)
	w.keys(w.board, testkit.NewP256(t, "next"))
	w.l.Beat(time.Hour)
	h := w.historian()
	want(t, h.then(before, b), Rejected, CheckAnchor, Fail, "anchored_later")
	want(t, h.then(current, b), Verified, CheckStatus, Pass, "status_current_then")
	want(t, h.then(suspended, b), Rejected, CheckStatus, Fail, "status_suspended_then")
	want(t, h.then(h.d.AsOf, b), Verified, CheckStatus, Pass, "status_current_then")
}

// Outside the network nobody keeps a past: what cannot have been otherwise is
// known, the rest is not.
func TestAsOfListedIssuers(t *testing.T) {
	w := newOutsiders(t)
	w.l.Beat(2 * time.Hour)
	h, o := w.desk()
	at := testkit.Start.Add(time.Hour)
	h.device = h.d.AsOf.Add(time.Hour)
	want(t, h.then(at, w.vcdm(nil)), Unconfirmed, CheckIssuerKey, Unknown, "no_history")
	res := h.then(at, w.vcdm(withStatus(entry("revocation", "7"))))
	want(t, res, Unconfirmed, CheckStatus, Unknown, "no_history")
	if find(res, CheckProof).Outcome != Pass || len(o.queued) != 0 {
		t.Error(table(res), o.queued)
	}
	// A certified key, and no status named: nothing can have been otherwise.
	b := w.sdjwt(w.certified(w.root.certify(t, w.es, urlIssuer)))
	want(t, h.then(at, b), Verified, CheckIssuerKey, Pass, "issuer_key_certified")
	if res := h.then(at, b); !strings.Contains(res.Headline, "This rests on your own list of issuers") {
		t.Error(res.Headline)
	}
}

// Without data, and for what is no credential, the past is no better known.
func TestAsOfNothing(t *testing.T) {
	w := newWorld(t)
	h := w.hospital()
	if res := h.verify(Input{Bytes: []byte("%PDF"), At: h.d.AsOf}); res.Verdict != Rejected {
		t.Error(table(res))
	}
	b := w.issue(draft{})
	h.d, h.dErr = nil, explain.Errorf("no_data", "x")
	res := h.verify(Input{Bytes: b, At: testkit.Start})
	want(t, res, Unconfirmed, CheckFreshness, Unknown, "no_data")
}
