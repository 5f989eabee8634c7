package issuer_test

import (
	"slices"
	"testing"
	"time"

	"bonafide/issuer"
	"bonafide/ledger"
)

// TestPreview: it says what the act then does, and does nothing itself.
func TestPreview(t *testing.T) {
	w, rows := desk(t, 3)
	before, sent := w.licence(rows[0].Number), len(w.node.sent)
	act := issuer.StatusAct{Ref: rows[0].Number, Value: ledger.SuspendedStatus, Reason: "order 7", Person: "Ada"}
	p, err := w.board.PreviewStatus(ctx, act)
	if err != nil {
		t.Fatal(err)
	}
	if p.Decision.State != issuer.AwaitsApproval || !slices.Equal(p.Approvers, []string{"Bea"}) || p.Value != ledger.SuspendedStatus || p.Unproved != "" {
		t.Errorf("%+v", p)
	}
	if len(p.Indexes) == 0 {
		t.Error("nothing would be written")
	}
	if w.licence(rows[0].Number) != before || len(w.node.sent) != sent || len(w.pending()) != 0 {
		t.Error("a preview changed something")
	}
	o, err := w.board.Status(ctx, act)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.board.Approve(ctx, o.ID, "Bea"); err != nil {
		t.Fatal(err)
	}
	var wrote []uint32
	data, err := w.node.Refresh(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range p.Indexes {
		if v, err := data.View.Status(w.board.DID, i); err == nil && v == ledger.SuspendedStatus {
			wrote = append(wrote, i)
		}
	}
	if !slices.Equal(wrote, p.Indexes) {
		t.Errorf("wrote %v, said %v", wrote, p.Indexes)
	}

	// What does not go says so as the act would.
	_, err = w.board.PreviewStatus(ctx, act)
	w.wantCode(err, "status_unchanged", "the same again")
	_, err = w.board.PreviewRenew(ctx, issuer.RenewAct{Ref: rows[1].Number, Expires: "1999-01-01", Person: "Ada"})
	w.wantCode(err, "renew_dates", "a renewal into the past")
	_, err = w.board.PreviewReplace(ctx, issuer.ReplaceAct{Ref: rows[1].Number, FamilyName: ptr(""), Person: "Ada"})
	w.wantCode(err, "record_malformed", "a name that is empty")

	r, err := w.board.PreviewReplace(ctx, issuer.ReplaceAct{Ref: rows[1].Number, FamilyName: ptr("Zhquolm"), Reason: "married", Person: "Ada"})
	if err != nil || r.Decision.State != issuer.AwaitsApproval || len(r.Decision.Changes()) != 1 || len(r.Indexes) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	day := w.board.Now().AddDate(0, 0, 7)
	s, err := w.board.PreviewStatus(ctx, issuer.StatusAct{Ref: rows[1].Number, Value: ledger.Probation, Person: "Ada", Effective: day})
	if err != nil || s.Decision.State != issuer.AwaitsDay || s.Decision.Effective.Sub(day).Abs() > time.Second || len(s.Approvers) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	w.people = nil
	alone, err := w.board.PreviewStatus(ctx, issuer.StatusAct{Ref: rows[2].Number, Value: ledger.Revoked, Person: "Ada"})
	if err != nil || !alone.Decision.Alone || alone.Decision.State != issuer.CarriedOut {
		t.Errorf("%+v, %v", alone, err)
	}
}

// TestDesk: what changed of a register is told without reading it.
func TestDesk(t *testing.T) {
	w, rows := desk(t, 3)
	version := func() int64 {
		t.Helper()
		v, err := w.board.Version(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	marks := func() map[int64]issuer.Mark {
		t.Helper()
		out := map[int64]issuer.Mark{}
		if err := w.board.Marks(ctx, func(m issuer.Mark) error { out[m.ID] = m; return nil }); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if n, err := w.board.Count(ctx); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	was, v := marks(), version()
	if version() != v {
		t.Error("the version moved while nothing was changed")
	}
	if _, err := w.board.Status(ctx, issuer.StatusAct{Ref: rows[1].Number, Value: ledger.Probation, Person: "Ada"}); err != nil {
		t.Fatal(err)
	}
	if version() == v {
		t.Error("the version stayed although the register changed")
	}
	id := w.licence(rows[1].Number).ID
	for i, m := range marks() {
		if (m != was[i]) != (i == id) {
			t.Errorf("licence %d: %+v, was %+v", i, m, was[i])
		}
	}
	o, err := w.board.Status(ctx, issuer.StatusAct{Ref: rows[2].Number, Value: ledger.Revoked, Person: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	open := map[int64]issuer.DecisionState{}
	if err := w.board.OpenMarks(ctx, func(l int64, s issuer.DecisionState) error { open[l] = s; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(open) != 1 || open[o.Licence] != issuer.AwaitsApproval {
		t.Error(open)
	}
	of, err := w.board.OpenOf(ctx, o.Licence)
	if err != nil || len(of) != 1 || of[0].ID != o.ID || of[0].Key.Number != rows[2].Number {
		t.Errorf("%+v, %v", of, err)
	}
	page, err := w.board.Page(ctx, 1, 1)
	if err != nil || len(page) != 1 || page[0].ID != 2 {
		t.Errorf("%+v, %v", page, err)
	}
}
