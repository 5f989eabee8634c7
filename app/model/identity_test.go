package model

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/keys"
	"bonafide/internal/testkit"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// whose is a board's home whose answers a test plays.
type whose struct {
	room   *Identity
	locked bool
	p      home.BoardProfile
	err    error // of reading
	refuse error // of acting
	fall   issuer.Fall
	did    []string
}

const aDay = 24 * time.Hour

func newWhose() *whose {
	h := &whose{p: home.BoardProfile{
		DID: "did:bonafide:town:me", Network: "town", Name: "Board of Medicine", Contact: "desk@medicine.example", Anchored: true,
		Keys: []home.BoardKey{
			{Use: keys.Ledger, Method: "did:bonafide:town:me#ledger", InForce: true, InUse: true, Since: testkit.Start},
			{Use: keys.Issuing, Method: "did:bonafide:town:me#new", InForce: true, InUse: true, Since: testkit.Start},
			{Use: keys.Issuing, Method: "did:bonafide:town:me#old", Since: testkit.Start, Until: testkit.Start.Add(aDay)},
			{Use: keys.Issuing, Method: "did:bonafide:town:me#bad", Since: testkit.Start, Reported: testkit.Start.Add(aDay)},
			{Use: keys.Issuing, Method: "did:bonafide:town:me#away", InForce: true},
		},
	}}
	h.room = NewIdentity(func() (Identifying, error) {
		if h.locked {
			return nil, explain.Errorf("passphrase_needed", "locked")
		}
		return h, nil
	}, English(), func() time.Time { return testkit.Start.Add(30 * aDay) }, func() {})
	return h
}

func (h *whose) Actor() string                            { return "Ada" }
func (h *whose) BoardProfile() (home.BoardProfile, error) { return h.p, h.err }
func (h *whose) RotateKey(_ context.Context, use string) (string, error) {
	h.did = append(h.did, "rotate "+use)
	return "did:bonafide:town:me#fresh", h.refuse
}

func (h *whose) ReportKey(_ context.Context, method string, from time.Time) error {
	h.did = append(h.did, "report "+method+from.Format(" 2006-01-02 15:04"))
	return h.refuse
}

func (h *whose) WouldFall(context.Context, string, time.Time) (issuer.Fall, error) {
	return h.fall, h.refuse
}

func (h *whose) Recovery(_ context.Context, id did.DID) ([]byte, error) {
	h.did = append(h.did, "recover "+string(id))
	return []byte("{}"), h.refuse
}

func (h *whose) CertificateRequest(context.Context) ([]byte, error) { return []byte("csr"), h.refuse }

func (h *whose) SetCertificates(context.Context, []byte) (home.BoardCertificate, error) {
	return home.BoardCertificate{Subject: "Board", Issuer: "Authority", Expires: testkit.Start}, h.refuse
}

func (h *whose) SetBoardSettings(b []byte) (issuer.Settings, error) { return issuer.ParseSettings(b) }

func handed(text string) File {
	return File{Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

func (h *whose) refresh() IdentityState {
	h.room.Refresh(context.Background())
	return h.room.State()
}

func TestIdentityStates(t *testing.T) {
	h := newWhose()
	if h.room.State().Loaded {
		t.Error("loaded before anybody looked")
	}
	h.locked = true
	if st := h.refresh(); !st.Loaded || st.Trouble.Code != "passphrase_needed" || st.DID != "" {
		t.Errorf("%+v", st)
	}
	h.locked, h.err = false, explain.Errorf("no_data", "none")
	if st := h.refresh(); st.Trouble.Code != "no_data" || st.DID == "" { // who it is needs no data
		t.Errorf("%+v", st)
	}
	h.err = nil
	st := h.refresh()
	if st.Trouble.Code != "" || st.Name != "Board of Medicine" || st.Odd || len(st.Keys) != 5 || !slices.Equal(st.Lacks, []string{keys.IssuingES256}) || len(st.Grace) != 0 {
		t.Fatalf("%+v", st)
	}
	for i, want := range []string{"In use.", "In use.", "Replaced on ", "Reported: nothing that it has signed since", "its secret half is not in this home"} {
		if !strings.Contains(st.Keys[i].State, want) {
			t.Errorf("%d: %+v", i, st.Keys[i])
		}
	}
	if !st.Keys[0].InUse || st.Keys[0].Use != keys.Issuing || st.Keys[1].Use != keys.Ledger {
		t.Errorf("%+v", st.Keys)
	}
	h.p.Name, h.p.Ended = "Board\u202eof", true
	h.p.Certificate = &home.BoardCertificate{Subject: "Board", Issuer: "Authority", Expires: testkit.Start}
	h.p.Settings = issuer.Settings{Grace: []issuer.Grace{{Days: 1}, {Type: "ProfessionalLicence", Jurisdiction: "US-OH", Days: 59}}}
	st = h.refresh()
	if !st.Odd || !strings.Contains(st.Standing, "closed for good") || !strings.Contains(st.Certificate, "by Authority") || len(st.Grace) != 2 || st.Grace[0].Value != "1 day after the expiry" {
		t.Errorf("%+v", st)
	}
	h.p.Ended, h.p.Anchored = false, false
	if st := h.refresh(); !strings.Contains(st.Standing, "has to vouch for it") || len(st.Lacks) != 0 {
		t.Errorf("%+v", st)
	}
}

// What is done with keys is done after what follows was said, and a report after a
// word was typed.
func TestKeyActs(t *testing.T) {
	ctx := t.Context()
	h := newWhose()
	h.refresh()
	n := h.room
	n.AskRotate(ctx, keys.IssuingES256)
	if s := n.State().Step; s == nil || !strings.Contains(strings.Join(s.Lines, " "), "The board has no such key yet.") || len(h.did) > 0 {
		t.Fatalf("%+v", s)
	}
	h.refuse = explain.Errorf("node_unreachable", "nobody")
	n.Confirm(ctx)
	if st := n.State(); st.Step == nil || st.Failed.Code != "node_unreachable" || len(st.Said) > 0 {
		t.Errorf("%+v", st)
	}
	h.refuse = nil
	if n.Confirm(ctx); n.State().Step != nil || n.State().Said[0] != "The new key is on the ledger." {
		t.Errorf("%+v", n.State())
	}
	h.did = nil
	for _, x := range []struct{ method, when, code string }{
		{"did:bonafide:town:me#old", "", "date_malformed"}, {"did:bonafide:town:me#old", "1/2/2026", "date_malformed"}, {"did:bonafide:town:me#old", "2126-01-01", "report_future"},
	} {
		n.AskReport(ctx, x.method, x.when)
		if st := n.State(); st.Failed.Code != x.code || st.Step != nil {
			t.Errorf("%+v: %+v", x, st.Failed)
		}
	}
	when := testkit.Start.Add(2 * time.Hour).Format("2006-01-02  15:04")
	n.AskReport(ctx, "did:bonafide:town:me#ledger", when)
	if s := n.State().Step; s == nil || !strings.Contains(s.Title, "Replace this key before") || s.Word != "" {
		t.Fatalf("the key for the ledger that is in use is reported: %+v", s)
	}
	n.Decline()
	h.fall = issuer.Fall{Batches: 2, Credentials: 1200, Licences: 600}
	n.AskReport(ctx, "did:bonafide:town:me#old", when)
	s := n.State().Step
	if says := strings.Join(s.Lines, " "); !strings.Contains(says, "1,200 credentials") || !strings.Contains(says, "600 licences") || strings.Contains(says, "The key is in use") {
		t.Errorf("%q", says)
	}
	for _, word := range []string{"", "repor", "yes"} {
		n.Type(word)
		if n.Confirm(ctx); len(h.did) > 0 || n.State().Failed.Code != "word_not_typed" {
			t.Fatalf("%q is enough: %q", word, h.did)
		}
	}
	n.Type(" REPORT ")
	if n.Confirm(ctx); !slices.Equal(h.did, []string{"report did:bonafide:town:me#old " + testkit.Start.Add(2*time.Hour).Format("2006-01-02 15:04")}) || n.State().Step != nil {
		t.Errorf("%q", h.did)
	}
	h.fall = issuer.Fall{}
	n.AskReport(ctx, "did:bonafide:town:me#new", when)
	if says := strings.Join(n.State().Step.Lines, " "); !strings.Contains(says, "Nothing that this register has issued falls") || !strings.Contains(says, "The key is in use") {
		t.Errorf("%q", says)
	}
	n.Decline()

	n.AskRecovery(ctx)
	n.Confirm(ctx)
	if m := n.State().Made; m == nil || len(m.Fingerprint) < 64 || string(m.Bytes) != "{}" {
		t.Errorf("%+v", m)
	}
	n.Dismiss()
	n.Request(ctx)
	if m := n.State().Made; m == nil || string(m.Bytes) != "csr" {
		t.Errorf("%+v", m)
	}
	n.KeepCertificate(ctx, handed("x"))
	if st := n.State(); !strings.Contains(st.Said[1], "For Board, by Authority") {
		t.Errorf("%q", st.Said)
	}
	n.KeepRules(ctx, handed("{}"))
	if st := n.State(); st.Failed.Code != "board_settings" || len(st.Said) > 0 {
		t.Errorf("%+v", st)
	}
	n.KeepRules(ctx, handed(strings.Repeat("x", maxRules+1)))
	if st := n.State(); st.Failed.Code != "file_too_large" {
		t.Errorf("%+v", st.Failed)
	}
}

// watched is a board whose answers a test plays.
type watched struct {
	*whose
	data  *pack.Data
	found []issuer.FoundBatch
	rep   issuer.AuditReport
	err   error
	far   func(p issuer.Progress)
}

func (w *watched) Data() (*pack.Data, error) {
	if w.data == nil {
		return nil, errors.New("none")
	}
	return w.data, nil
}

func (w *watched) Foreign(context.Context) ([]issuer.FoundBatch, time.Time, error) {
	return w.found, testkit.Start, w.err
}

func (w *watched) Audit(ctx context.Context, p issuer.Progress) (issuer.AuditReport, error) {
	w.far(p)
	return w.rep, errors.Join(w.err, ctx.Err())
}

func TestAlarmStates(t *testing.T) {
	ctx := t.Context()
	b := &watched{whose: newWhose(), far: func(issuer.Progress) {}}
	var opened error
	a := NewAlarm(func(context.Context) (Auditing, error) { return b, opened }, English(), func() {})
	if st := a.State(); st.Looked || st.Title != "" {
		t.Errorf("%+v", st)
	}
	opened = explain.Errorf("passphrase_needed", "locked")
	if a.Look(ctx); a.State().Trouble.Code != "passphrase_needed" || a.State().Title != "" {
		t.Errorf("%+v", a.State())
	}
	opened = nil
	if a.Look(ctx); !a.State().Looked || a.State().Trouble.Code != "" || a.State().Title != "" {
		t.Errorf("%+v", a.State())
	}
	b.found = []issuer.FoundBatch{{Size: 40, Height: 3, Method: "did:bonafide:town:me#ledger"}}
	a.Look(ctx)
	st := a.State()
	if !strings.HasPrefix(st.Title, "Alarm: 1 batch stands") || len(st.Says) != 3 || len(st.Foreign) != 1 || st.Foreign[0].Size != "40 credentials" || !strings.Contains(st.Foreign[0].Signed, "uses today") {
		t.Errorf("%+v", st)
	}
	for method, want := range map[string]string{"#bad": "that is reported as of", "#old": "an earlier key", "#other": "does not know"} {
		b.found = append(b.found, issuer.FoundBatch{Size: 1, Method: "did:bonafide:town:me" + method})
		a.Look(ctx)
		if st := a.State(); !strings.Contains(st.Foreign[len(st.Foreign)-1].Signed, want) {
			t.Errorf("%s: %+v", method, st.Foreign)
		}
	}
	// What was found stays in sight while nobody answers.
	b.err = explain.Errorf("node_unreachable", "nobody")
	if a.Look(ctx); a.State().Title == "" || a.State().Trouble.Code != "node_unreachable" {
		t.Errorf("%+v", a.State())
	}
	if a.Audit(ctx); a.State().Failed.Code != "node_unreachable" || a.State().Audited != nil {
		t.Errorf("%+v", a.State())
	}
	b.err = nil
	b.rep = issuer.AuditReport{
		Batches: 9, Indexes: 1200, Unknown: b.found[:1], Unsent: 2, Alarms: issuer.Alarms{Due: 1},
		Missing: []issuer.Batch{{}}, Reported: []issuer.FoundBatch{{}}, Overdue: []issuer.OverdueAct{{}},
		Differences: make([]issuer.Difference, mostDifferences+5), Suspicions: []issuer.Suspicion{{Status: make([]ledger.StatusRecord, 3)}},
	}
	told := false
	b.far = func(p issuer.Progress) {
		p("audit", 500, 0)
		told = a.Work.State().Done == 500
	}
	a.Audit(ctx)
	st = a.State()
	if !told || st.Audited == nil || st.Audited.Clean || len(st.Foreign) != 1 || st.Failed.Code != "" {
		t.Fatalf("%v %+v", told, st)
	}
	for _, want := range []string{"9 batches", "1,200 statuses", "1 batch on the ledger is unknown", "not on the ledger. Call", "verifies no more", "25 statuses", "1 act should", "2 licences have", "3 statuses were changed"} {
		if !strings.Contains(strings.Join(st.Audited.Lines, "\n"), want) {
			t.Errorf("%q is missing: %q", want, st.Audited.Lines)
		}
	}
	b.rep = issuer.AuditReport{}
	if a.Audit(ctx); !a.State().Audited.Clean || a.State().Title != "" {
		t.Errorf("%+v", a.State())
	}
	b.far = func(issuer.Progress) { a.Work.Cancel() }
	if a.Audit(ctx); a.State().Failed.Code != "" || a.State().Audited != nil {
		t.Errorf("a cancelled audit says %+v", a.State())
	}
}
