package issuer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/issuer"
)

// TestBacklog: what waits is counted as Issue would take it, and counting
// changes nothing.
func TestBacklog(t *testing.T) {
	w := newWorld(t)
	count := func() issuer.Backlog {
		t.Helper()
		b, err := w.board.Backlog(ctx)
		if err != nil || b.Ledger != "" {
			t.Fatal(b.Ledger, err)
		}
		return b
	}
	if got := count(); got != (issuer.Backlog{}) {
		t.Errorf("of nothing: %+v", got)
	}
	rows := medicine(w, 3)
	rows[1].Issued, rows[1].Expires = "2001-01-01", "2002-01-01"
	rows[2].Jurisdiction = "US-NV"
	w.importRows(rows)
	for range 2 {
		if got := count(); got != (issuer.Backlog{Due: 1, Expired: 1, NotAccredited: 1}) {
			t.Errorf("imported: %+v", got)
		}
	}
	// Recorded and not signed: what a crash leaves.
	rep, err := w.board.Issue(ctx, issuer.IssueOptions{NoWait: true})
	if err != nil || rep.Waiting != 2 {
		t.Fatalf("%+v, %v", rep, err)
	}
	if got := count(); got != (issuer.Backlog{Begun: 2, Expired: 1, NotAccredited: 1}) {
		t.Errorf("begun: %+v", got)
	}
	if _, err := w.board.Resume(ctx, issuer.IssueOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := count(); got.Due+got.Begun != 0 {
		t.Errorf("issued: %+v", got)
	}
}

// TestUnclaimed: licences that can be claimed and are not, with the code that
// is out for them as long as it can be used.
func TestUnclaimed(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 5)
	rows[1].Issued, rows[1].Expires = "2001-01-01", "2002-01-01"
	rows[2].Status = "revoked"
	w.importRows(rows)
	w.issue()
	w.claimAndIssue(rows[3].Number, w.wallet[0])
	if _, _, err := w.board.ClaimCode(ctx, rows[4].Number, issuer.ClaimCodeOptions{Life: time.Hour}); err != nil {
		t.Fatal(err)
	}
	list := func() (out []string) {
		t.Helper()
		err := w.board.Unclaimed(ctx, func(l issuer.Licence, code time.Time) error {
			s := l.Record.Number
			if !code.IsZero() {
				s += " has a code"
			}
			out = append(out, s)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got, want := list(), []string{rows[0].Number, rows[4].Number + " has a code"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	w.node.pass(2 * time.Hour)
	if got, want := list(), []string{rows[0].Number, rows[4].Number}; !slices.Equal(got, want) {
		t.Errorf("the code ran out: %q, want %q", got, want)
	}
	stop := errors.New("enough")
	if err := w.board.Unclaimed(ctx, func(issuer.Licence, time.Time) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// TestImportTellsLines: which rows of the file are new, and which the register
// does not follow.
func TestImportTellsLines(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 3)
	w.importRows(rows[:1])
	w.setStatus(rows[0].Number, 1)
	rep := w.importRows(rows)
	if !slices.Equal(rep.AddedLines, []int{3, 4}) || !slices.Equal(rep.KeptLines, []int{2}) {
		t.Errorf("added %v, kept %v", rep.AddedLines, rep.KeptLines)
	}
}

// TestFits: the first line alone says whether a mapping belongs to a file.
func TestFits(t *testing.T) {
	w := newWorld(t)
	if err := w.mapped.Fits(strings.NewReader(header + "broken,\"")); err != nil {
		t.Error(err)
	}
	w.wantCode(w.mapped.Fits(strings.NewReader("CredentialNumber,LastName\n")), "import_columns", "another export")
}
