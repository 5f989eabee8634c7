package issuer_test

// The same as crash_test.go, for acts: every write fails once, before or after
// it was done, and every transaction gets lost once; no act is lost or doubled,
// and nothing holds without its approval.

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/issuer"
	"bonafide/ledger"
)

// again takes an error that says that the try before had got all the way.
func again(err error, codes ...string) error {
	if slices.Contains(codes, explain.CodeOf(err)) {
		return nil
	}
	return err
}

// nights tells of acts by file and by hand, that wait for people and for days.
// It returns what the history of every licence says at the end.
func (s *story) nights() string {
	s.rows = medicine(s.world, 5)
	s.importStep()
	s.issueStep()
	s.people = []string{"Ada", "Bea"}
	night := slices.Clone(s.rows)
	night[0].Status = "suspended"
	night[1].FamilyName = "Zhquolm"
	night[2].Expires, night[2].Status = "2041-01-31", "revoked"
	var imported int64
	s.step("night", func() error {
		r, err := s.board.Import(ctx, bytes.NewReader(s.csv(night)), s.mapped, issuer.ImportOptions{Person: "Ada"})
		imported = max(imported, r.Import)
		s.approvals()
		return err
	})
	if imported == 0 { // the failure hid it
		for _, p := range s.pending() {
			imported = max(imported, p.Import)
		}
	}
	day := s.node.now().Add(30 * 24 * time.Hour)
	s.step("dated", func() error {
		_, err := s.board.Status(ctx, issuer.StatusAct{Ref: s.rows[3].Number, Value: ledger.SummarilySuspended, Person: "Bea", Effective: day})
		s.approvals()
		return again(err, "act_open")
	})
	s.step("approve the dated", func() error {
		var id int64
		for _, p := range s.pending() {
			if p.Import == 0 {
				id = p.ID
			}
		}
		_, err := s.board.Approve(ctx, id, "Ada")
		s.approvals()
		return again(err, "act_decided")
	})
	s.step("approve the file", func() error {
		_, err := s.board.ApproveImport(ctx, imported, "Bea", nil)
		s.approvals()
		return again(err, "import_unknown")
	})
	s.step("an act that is taken back", func() error {
		_, err := s.board.Replace(ctx, issuer.ReplaceAct{Ref: s.rows[4].Number, GivenName: ptr("Xhue"), Reason: "r", Person: "Ada"})
		return again(err, "act_open")
	})
	s.step("cancel", func() error {
		var err error
		for _, p := range s.pending() {
			if p.State == issuer.AwaitsApproval {
				err = s.board.Cancel(ctx, p.ID, "Ada", "not needed")
			}
		}
		s.approvals()
		return err
	})
	s.node.pass(31 * 24 * time.Hour)
	s.step("due", func() error {
		_, err := s.board.SendDue(ctx)
		s.approvals()
		return err
	})
	s.issueStep()
	var b strings.Builder
	for _, r := range s.rows {
		lines, err := s.board.History(ctx, r.Number)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, l := range lines {
			if l.Act != issuer.ActIssued {
				fmt.Fprintf(&b, "%s %s %s %s %s;", l.Act, l.Kind, l.Status, l.Person, l.Approver)
			}
		}
		fmt.Fprintf(&b, " %s\n", s.copyOf(r.Number).status)
	}
	return b.String()
}

// approvals holds, at any moment, that nothing guarded holds without a line
// that says who else approved it.
func (s *story) approvals() {
	s.t.Helper()
	for _, r := range s.rows {
		l := s.licence(r.Number)
		lines, err := s.board.History(ctx, r.Number)
		if err != nil {
			s.t.Fatal(err)
		}
		approved := map[issuer.Kind]string{}
		for _, x := range lines {
			if x.Act == issuer.ActApproved {
				approved[x.Kind] = x.Person
			}
			if (x.Act == issuer.ActReplaced || x.Act == issuer.ActStatus) && (x.Approver == "" || x.Approver == x.Person || approved[x.Kind] != x.Approver) {
				s.t.Errorf("%s of %s by %s, approved by %q", x.Kind, x.Status, x.Person, x.Approver)
			}
		}
		if l.Status != ledger.Current && approved[issuer.KindStatus] == "" {
			s.t.Errorf("%s without an approval", l.Status)
		}
		if l.Record.FamilyName != r.FamilyName && approved[issuer.KindReplace] == "" {
			s.t.Error("another name without an approval")
		}
	}
	for _, p := range s.pending() {
		if p.State == issuer.AwaitsDay && p.By == "" {
			s.t.Error("scheduled without an approval")
		}
	}
}

func TestThreat77_ActsFailAtEveryWrite(t *testing.T) {
	plain := newStory(t, 0)
	want := plain.nights()
	plain.audit()
	writes, submits := plain.store.writes, plain.node.submits
	for _, x := range []string{"suspended Ada Bea; suspended", "summarily_suspended Bea Ada; summarily_suspended", "replaced replace current Ada Bea;", "revoked Ada Bea; revoked"} {
		if !strings.Contains(want, x) {
			t.Fatalf("no %q in the story:\n%s", x, want)
		}
	}
	run := func(name string, set func(*story)) {
		t.Run(name, func(t *testing.T) {
			s := newStory(t, 0)
			set(s)
			if got := s.nights(); got != want {
				t.Errorf("%s\nwant\n%s", got, want)
			}
			s.audit()
			if s.crashes != 1 {
				t.Errorf("%d crashes", s.crashes)
			}
		})
	}
	// Filling the register and issuing first is crash_test.go's.
	first := newStory(t, 0)
	first.rows = medicine(first.world, 5)
	first.importStep()
	first.issueStep()
	for _, done := range []bool{false, true} {
		for n := first.store.writes + 1; n <= writes; n++ {
			run(fmt.Sprintf("persisted=%v/write=%d", done, n), func(s *story) { s.store.fail, s.store.persisted = n, done })
		}
		for n := first.node.submits + 1; n <= submits; n++ {
			run(fmt.Sprintf("executed=%v/submit=%d", done, n), func(s *story) { s.node.failSubmit, s.node.executed = n, done })
		}
	}
}
