package model

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"bonafide/internal/explain"
	"bonafide/internal/qr"
	"bonafide/internal/testkit/town"
	"bonafide/issuer"
	"bonafide/wallet"
)

// issuingDesk is a board that issues for one person.
type issuingDesk struct {
	*town.Town
	during func(step string)
	rep    *issuer.IssueReport // answered instead of issuing
	back   *issuer.Backlog
}

func (d *issuingDesk) options(o issuer.IssueOptions) issuer.IssueOptions {
	o.Person = "owner"
	told := o.Progress
	o.Progress = func(step string, done, total int) {
		told(step, done, total)
		if d.during != nil {
			d.during(step)
		}
	}
	return o
}

func (d *issuingDesk) Issue(ctx context.Context, o issuer.IssueOptions) (issuer.IssueReport, error) {
	if d.rep != nil {
		return *d.rep, nil
	}
	return d.Board.Issue(ctx, d.options(o))
}

func (d *issuingDesk) Resume(ctx context.Context, o issuer.IssueOptions) (issuer.IssueReport, error) {
	return d.Board.Resume(ctx, d.options(o))
}

func (d *issuingDesk) Backlog(ctx context.Context) (issuer.Backlog, error) {
	if d.back != nil {
		return *d.back, nil
	}
	return d.Board.Backlog(ctx)
}

func (d *issuingDesk) Accept(ctx context.Context, claim []byte) (issuer.Claim, error) {
	return d.AcceptClaim(ctx, claim, "owner")
}

func issuingOf(t *testing.T, licences int) (*Issuing, *issuingDesk) {
	t.Helper()
	d := &issuingDesk{Town: town.New(t, licences)}
	return NewIssuing(func() (IssuingBoard, error) { return d, nil }, qr.Read, English(), func() {}), d
}

// TestIssuing: what waits is counted, goes through its stages, and is done.
func TestIssuing(t *testing.T) {
	ctx := t.Context()
	m, d := issuingOf(t, 3)
	if st := m.State(); st.Loaded || st.CanIssue {
		t.Fatalf("%+v", st)
	}
	m.Refresh(ctx)
	if st := m.State(); !st.Loaded || !st.CanIssue || st.CanResume || st.Due != "3 licences wait to be issued." || st.Begun != "" {
		t.Fatalf("%+v", st)
	}
	var at []string
	d.during = func(string) {
		for _, s := range m.State().Stages {
			if s.State == StageNow {
				at = append(at, s.Title+": "+s.Says)
			}
		}
	}
	m.Issue(ctx)
	told := strings.Join(at, "\n")
	for _, want := range []string{"Planned: 6 credentials", "Recorded on the ledger: Part 1 of 1", "Signed: 6 of 6"} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in\n%s", want, told)
		}
	}
	st := m.State()
	if st.Fault.Code != "" || len(st.Said) != 1 || st.Said[0] != "6 credentials were issued." || st.CanIssue || st.Due != "No licence waits to be issued." {
		t.Errorf("%+v", st)
	}
	for _, s := range st.Stages {
		if s.State != StageOver || s.Says != "" {
			t.Errorf("%+v", s)
		}
	}
	m.progress("wait", 2, 8)
	if st = m.State(); st.Stages[1].State != StageOver || st.Stages[2].State != StageNow || st.Stages[3].State != StageAhead || !strings.HasPrefix(st.Stages[2].Says, "6 credentials wait.") {
		t.Errorf("%+v", st.Stages)
	}
	m.Issue(ctx)
	if st = m.State(); st.Said[0] != "There was nothing to issue." || len(st.Stages) != 0 {
		t.Errorf("%+v", st)
	}
	m.Done()
	if st = m.State(); len(st.Said)+len(st.Stages) > 0 {
		t.Errorf("%+v", st)
	}
}

// TestIssuingStopsAndGoesOn: broken off before the ledger has what was planned,
// and as if the machine had crashed there, it goes on where it stopped.
func TestIssuingStopsAndGoesOn(t *testing.T) {
	ctx := t.Context()
	m, d := issuingOf(t, 2)
	d.during = func(step string) {
		if step == "anchor" {
			m.Work.Cancel()
		}
	}
	m.Issue(ctx)
	st := m.State()
	if st.Fault.Code != "" || st.Said[0] != "Stopped. What was begun is kept, and goes on where it stopped." || !st.CanResume || st.Begun != "4 credentials were begun and are not finished. They go on where they stopped." {
		t.Fatalf("%+v", st)
	}
	d.during = nil
	// Another start of the program finds the same.
	again := NewIssuing(func() (IssuingBoard, error) { return d, nil }, qr.Read, English(), func() {})
	again.Refresh(ctx)
	if st = again.State(); !st.CanResume || st.Begun == "" {
		t.Fatalf("%+v", st)
	}
	again.Resume(ctx)
	if st = again.State(); st.Said[0] != "4 credentials were issued." || st.CanIssue || st.Begun != "" {
		t.Errorf("%+v", st)
	}
}

// TestIssuingTroubles: a locked home, a ledger that does not answer, licences that
// cannot be issued, and what holds for all.
func TestIssuingTroubles(t *testing.T) {
	ctx := t.Context()
	locked := NewIssuing(func() (IssuingBoard, error) { return nil, explain.Errorf("passphrase_needed", "locked") }, qr.Read, English(), func() {})
	locked.Refresh(ctx)
	if st := locked.State(); st.Trouble.Code != "passphrase_needed" || st.CanIssue || !st.Loaded {
		t.Errorf("%+v", st)
	}
	m, d := issuingOf(t, 1)
	d.back = &issuer.Backlog{Due: 1, Expired: 2, NotAccredited: 1, Ledger: "node_unreachable"}
	m.Refresh(ctx)
	st := m.State()
	if st.Ledger.Code != "node_unreachable" || st.Due != "1 licence waits to be issued." || len(st.Others) != 2 || !st.CanIssue {
		t.Errorf("%+v", st)
	}
	d.rep = &issuer.IssueReport{Issued: 1, Abandoned: 2, Problems: []issuer.Problem{{Code: "not_accredited", Type: issuer.ProfessionalLicence, Jurisdiction: "US-NV", Licences: 3}}, Notices: []string{"sdjwt_key_missing"}}
	m.Issue(ctx)
	if st = m.State(); len(st.Failed) != 1 || !strings.HasPrefix(st.Failed[0], "3 licences (Professional licence, Nevada (US-NV)) got none: ") || len(st.Notes) != 1 || len(st.Said) != 2 {
		t.Errorf("%+v", st)
	}
	d.back, d.rep = nil, nil
	m.Answer(ctx, csvFile("x.json", `{"no":"claim"}`))
	if st = m.State(); st.Fault.Code != "claim_malformed" || len(st.Files) != 0 {
		t.Errorf("%+v", st)
	}
	m.Answer(ctx, File{Name: "gone", Open: func() (io.ReadCloser, error) { return nil, errors.New("gone") }})
	if st = m.State(); st.Fault.Code != "file_unreadable" {
		t.Errorf("%+v", st)
	}
}

// claimOf is a wallet's claim for a licence of the town.
func claimOf(t *testing.T, tn *town.Town, code string) (*wallet.Wallet, []byte) {
	t.Helper()
	h := tn.Home("practitioner" + code[:4])
	w, err := h.Wallet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	claim, err := w.Claim(t.Context(), code, tn.DID)
	if err != nil {
		t.Fatal(err)
	}
	return w, claim
}

// TestIssuingAnswersAClaim: the licence in both forms, under names that tell
// nobody's, and the wallet takes them.
func TestIssuingAnswersAClaim(t *testing.T) {
	ctx := t.Context()
	m, d := issuingOf(t, 2)
	_, claim := claimOf(t, d.Town, d.Code(d.Rows[0].Number))
	m.Answer(ctx, csvFile("claim.json", string(claim)))
	st := m.State()
	if st.Fault.Code != "" || len(st.Files) != 2 || st.Said[0] != "1 claim is answered. Hand the licence over to who made the claim." {
		t.Fatalf("%+v", st)
	}
	for _, f := range st.Files {
		if strings.Contains(f.Name, d.Rows[0].Number) || !strings.HasPrefix(f.Name, "licence-") || len(f.Bytes) == 0 {
			t.Errorf("%s", f.Name)
		}
	}
	m.Answer(ctx, csvFile("claim.json", string(claim))) // again: the same answer
	if st = m.State(); len(st.Files) != 2 {
		t.Errorf("%+v", st)
	}
	m.Done()
	if len(m.State().Files) != 0 {
		t.Error("what was handed over stays")
	}
}
