package issuer_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/did/key"
	"bonafide/internal/explain"
	"bonafide/internal/fixtures"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/vc"
)

func TestIssueRegisterCopies(t *testing.T) {
	w := newWorld(t)
	w.grace = []issuer.Grace{{Type: issuer.ProfessionalLicence, Jurisdiction: "US-OH", Days: 30}}
	w.open(w.store)
	rows := medicine(w, 5)
	rows = append(rows, fixtures.Register(5, fixtures.Drugs, 2, w.l.Now)...)
	rows = append(rows, fixtures.Register(5, fixtures.Training, 2, w.l.Now)...)
	rows = append(rows, fixtures.Register(5, fixtures.Boards, 2, w.l.Now)...)
	rows[1].Status = "suspended"
	rows[2].Status, rows[2].Conditions = "probation", "Practises under supervision."
	rows[3].NPI, rows[3].GivenName = "", ""
	if r := w.importRows(rows); r.Added != 11 || r.Bad != 0 {
		t.Fatalf("import: %+v", r)
	}
	r := w.issue()
	if r.Issued != 22 || r.Planned != 22 || r.Waiting != 0 || len(r.Problems)+len(r.Notices) != 0 {
		t.Fatalf("issue: %+v", r)
	}
	used := map[uint32]bool{}
	for i, row := range rows {
		s := w.copyOf(row.Number)
		if used[s.index] {
			t.Errorf("index %d twice", s.index)
		}
		used[s.index] = true
		if s.status.String() != row.Status {
			t.Errorf("row %d: status %s, want %s", i, s.status, row.Status)
		}
		if s.holder != "" {
			t.Errorf("a register copy has a holder")
		}
		sub := s.claims["credentialSubject"].(map[string]any)
		lic := sub["licence"].(map[string]any)
		if sub["familyName"] != row.FamilyName || lic["number"] != row.Number || lic["expires"] != row.Expires || lic["jurisdiction"] != row.Jurisdiction {
			t.Errorf("row %d: claims %v", i, sub)
		}
		grace := 0
		if row.Type == issuer.ProfessionalLicence {
			grace = 30
		}
		if want := issuer.Date(row.Expires).ValidUntil(grace); !s.until.Equal(want) || want.Format(time.TimeOnly) != "23:59:59" {
			t.Errorf("row %d: valid until %s, want %s", i, s.until, want)
		}
	}
	if r := w.issue(); r.Issued != 0 || r.Planned != 0 {
		t.Errorf("issued again: %+v", r)
	}
	w.audit()
}

func TestNoWaitThenResume(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 3)
	w.importRows(rows)
	r, err := w.board.Issue(ctx, issuer.IssueOptions{NoWait: true})
	if err != nil || r.Waiting != 6 || r.Issued != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, _, err := w.board.Credential(ctx, rows[0].Number, issuer.RegisterCopy, vc.VCDM); explain.CodeOf(err) != "credential_not_ready" {
		t.Errorf("a credential before its time: %v", err)
	}
	// Public before signed: another process, without the drafts in memory, signs.
	w.open(w.store)
	w.node.pass(2 * time.Minute)
	w.node.lag = 2 // and its data is older than the epoch at first
	r, err = w.board.Resume(ctx, issuer.IssueOptions{})
	if err != nil || r.Issued != 6 {
		t.Fatalf("%+v, %v", r, err)
	}
	w.copyOf(rows[0].Number)
	w.audit()
}

func TestRenewalKeepsTheOldIndexGood(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 2)
	w.importRows(rows)
	w.issue()
	old := w.copyOf(rows[0].Number)
	expires, err := time.Parse(time.DateOnly, rows[0].Expires)
	if err != nil {
		t.Fatal(err)
	}
	rows[0].Expires = expires.AddDate(2, 0, 0).Format(time.DateOnly)
	if r := w.importRows(rows); r.Changed != 1 || r.Unchanged != 1 {
		t.Fatalf("%+v", r)
	}
	if r := w.issue(); r.Issued != 2 {
		t.Fatalf("%+v", r)
	}
	renewed := w.copyOf(rows[0].Number)
	if renewed.index == old.index {
		t.Error("a renewal took the old index")
	}
	if w.status(old.index) != ledger.Current {
		t.Error("the old index is not current")
	}
	w.setStatus(rows[0].Number, ledger.SuspendedStatus)
	if w.status(old.index) != ledger.SuspendedStatus || w.status(renewed.index) != ledger.SuspendedStatus {
		t.Error("a status act leaves an index of the licence out")
	}
	// Once the old credential has run out its index is left alone.
	w.l.Now = expires.AddDate(0, 0, 2)
	w.l.Beat(time.Minute)
	w.setStatus(rows[0].Number, ledger.Current)
	if w.status(old.index) != ledger.SuspendedStatus || w.status(renewed.index) != ledger.Current {
		t.Error("an index that has run out was changed, or a live one was not")
	}
	w.audit()
}

func TestCorrectionVoidsWhatWasWrong(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 1)
	w.importRows(rows)
	w.issue()
	w.setStatus(rows[0].Number, ledger.Probation)
	old := w.copyOf(rows[0].Number)
	rows[0].FamilyName += "a"
	w.importRows(rows)
	w.issue()
	s := w.copyOf(rows[0].Number)
	if w.status(old.index) != ledger.Void || s.status != ledger.Probation || s.index == old.index {
		t.Errorf("old %s, new %s", w.status(old.index), s.status)
	}
	w.audit()
}

func TestClaim(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 2)
	w.importRows(rows)
	w.issue()
	ref := rows[0].Number
	first := w.copyOf(ref)
	bound := w.verify(w.claimAndIssue(ref, w.wallet[0]))
	if bound.holder != key.New(w.wallet[0].Public()) {
		t.Errorf("holder %s", bound.holder)
	}
	if bound.index != first.index || bound.leaf == first.leaf {
		t.Error("copy and envelope must share an index and have their own leaves")
	}
	other := w.bound(ref, vc.SDJWT)
	if other.key != w.wallet[0].es256.Public() || other.index != first.index || other.holder != "" {
		t.Errorf("the SD-JWT VC is bound to %s under %d", other.key, other.index)
	}
	w.setStatus(ref, ledger.Condition)

	// A lost phone: everything moves to a new index, the old one is void.
	again := w.verify(w.claimAndIssue(ref, w.wallet[1]))
	copied := w.copyOf(ref)
	if again.index == bound.index || copied.index != again.index {
		t.Errorf("indexes %d, %d, %d", bound.index, again.index, copied.index)
	}
	if again.status != ledger.Condition || w.status(bound.index) != ledger.Void {
		t.Errorf("new %s, old %s", again.status, w.status(bound.index))
	}
	if again.holder != key.New(w.wallet[1].Public()) {
		t.Errorf("holder %s", again.holder)
	}
	if s := w.bound(ref, vc.SDJWT); s.key != w.wallet[1].es256.Public() || s.index != again.index || s.status != ledger.Condition {
		t.Errorf("the SD-JWT VC is bound to %s under %d, %s", s.key, s.index, s.status)
	}
	// It was one transaction that moved it.
	moves := 0
	for _, tx := range w.node.sent {
		if x, ok := tx.Body.(ledger.SetStatus); ok {
			for _, c := range x.Changes {
				if c.Op == ledger.MoveValue && c.From == bound.index && c.Index == again.index && len(x.Changes) == 1 {
					moves++
				}
			}
		}
	}
	if moves != 1 {
		t.Errorf("%d moves", moves)
	}
	recs, _ := w.l.View().StatusChanges(w.desk.DID, 0)
	var moved, voided []ledger.StatusRecord
	for _, r := range recs {
		if r.Index == again.index && r.New == ledger.Condition {
			moved = append(moved, r)
		}
		if r.Index == bound.index && r.New == ledger.Void {
			voided = append(voided, r)
		}
	}
	if len(moved) != 1 || len(voided) != 1 || moved[0].Height != voided[0].Height || moved[0].Position != voided[0].Position {
		t.Errorf("moved %v, voided %v", moved, voided)
	}
	w.audit()

	lines, err := w.board.History(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	var acts []issuer.Act
	for _, l := range lines {
		if l.Person != "Ada" {
			t.Errorf("%s by %q", l.Act, l.Person)
		}
		acts = append(acts, l.Act)
		if l.Act == issuer.ActStatus && (l.Height == 0 || l.Status != ledger.Condition) {
			t.Errorf("status line %+v", l)
		}
	}
	want := []issuer.Act{
		issuer.ActImported, issuer.ActIssued, issuer.ActIssued, issuer.ActCode, issuer.ActClaimed, issuer.ActIssued, issuer.ActIssued, issuer.ActStatus,
		issuer.ActCode, issuer.ActClaimed, issuer.ActIssued, issuer.ActIssued, issuer.ActIssued, issuer.ActIssued,
	}
	slices.Sort(acts)
	slices.Sort(want)
	if !slices.Equal(acts, want) {
		t.Errorf("history %v", acts)
	}
}

// TestOldCredentialStaysGoodUntilTheNewOneIsReady: a lost phone and a status
// act meet while the batch waits for its epoch.
func TestOldCredentialStaysGoodUntilTheNewOneIsReady(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 1)
	w.importRows(rows)
	ref := rows[0].Number
	w.issue()
	old := w.verify(w.claimAndIssue(ref, w.wallet[0]))
	text, _, err := w.board.ClaimCode(ctx, ref, issuer.ClaimCodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.board.AcceptClaim(ctx, w.claim(text, w.wallet[1]), "Ada"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.board.Issue(ctx, issuer.IssueOptions{NoWait: true}); err != nil {
		t.Fatal(err)
	}
	w.setStatus(ref, ledger.Probation)
	if got := w.status(old.index); got != ledger.Probation {
		t.Errorf("the old index is %s while the new credential is not there", got)
	}
	for _, f := range []vc.Format{vc.VCDM, vc.SDJWT} {
		if _, _, err := w.board.Credential(ctx, ref, issuer.Bound, f); explain.CodeOf(err) != "credential_not_ready" {
			t.Errorf("the old envelope is handed out as %s after a new claim: %v", f, err)
		}
	}
	w.issue()
	if got := w.status(old.index); got != ledger.Void {
		t.Errorf("the old index is %s", got)
	}
	if s := w.copyOf(ref); s.status != ledger.Probation {
		t.Errorf("the new index is %s", s.status)
	}
	w.audit()
}

func TestClaimRefusals(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 1)
	w.importRows(rows)
	w.issue()
	ref := rows[0].Number
	me, she := w.wallet[0], w.wallet[1]
	mint := func() string {
		text, _, err := w.board.ClaimCode(ctx, ref, issuer.ClaimCodeOptions{Life: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	refuse := func(what string, file []byte, code string) {
		t.Helper()
		_, err := w.board.AcceptClaim(ctx, file, "")
		if explain.CodeOf(err) != code {
			t.Errorf("%s: %v, want %s", what, err, code)
		}
	}
	old := mint()
	refuse("no JSON", []byte("x"), "claim_malformed")
	bare, _, err := w.board.Credential(ctx, ref, issuer.RegisterCopy, vc.VCDM)
	if err != nil {
		t.Fatal(err)
	}
	refuse("a credential", bare, "claim_malformed")
	text := mint()
	refuse("a withdrawn code", w.claim(old, w.wallet[0]), "claim_code_unknown")
	for what, file := range map[string]string{
		"another format":        `{"format":2,"presentation":{},"proof":"x"}`,
		"no proof":              `{"format":1,"presentation":{}}`,
		"a proof that is none":  `{"format":1,"presentation":{},"proof":7}`,
		"a proof without parts": `{"format":1,"presentation":{},"proof":"a.b"}`,
		"something more":        `{"format":1,"presentation":{},"proof":"a.b.c","more":1}`,
	} {
		refuse(what, []byte(file), "claim_malformed")
	}
	vp, proof := w.claimVP(text, me.signer), w.claimProof(text, me.es256)
	refuse("no JWT", w.claimFile(vp, []byte("e30.!.x")), "claim_malformed")
	refuse("no nonce", w.claimFile(vp, []byte("e30.e30.x")), "claim_malformed")
	refuse("a signature of another key", w.claimFile(vp, slices.Concat(proof[:bytes.LastIndexByte(proof, '.')], w.claimProof(text, she.es256)[bytes.LastIndexByte(w.claimProof(text, she.es256), '.'):])), "proof_invalid")
	// A proof that answers another code counts as a guess, as a presentation does.
	refuse("a proof for another code", w.claimFile(vp, w.claimProof(old, me.es256)), "claim_refused")
	refuse("a presentation for another code", w.claimFile(w.claimVP(withChecks(t, text[:6]+"BAAAAAAAAAAAAAAA"), me.signer), proof), "claim_refused")
	w.node.pass(2 * time.Hour)
	refuse("a code that has run out", w.claim(text, w.wallet[0]), "claim_code_expired")

	text = mint()
	file := w.claim(text, w.wallet[0])
	if c, err := w.board.AcceptClaim(ctx, file, ""); err != nil || c.Again {
		t.Fatalf("%+v, %v", c, err)
	}
	if c, err := w.board.AcceptClaim(ctx, file, ""); err != nil || !c.Again {
		t.Errorf("the same claim again: %+v, %v", c, err)
	}
	refuse("another wallet with a used code", w.claim(text, w.wallet[1]), "claim_code_used")
	refuse("another key with a used code", w.claimFile(w.claimVP(text, me.signer), w.claimProof(text, she.es256)), "claim_code_used")
	refuse("fewer keys with a used code", w.claimVP(text, me.signer), "claim_code_used")

	// Guessing: the right id with another secret.
	text = mint()
	guess := func(i int) []byte {
		c := text[:6] + string(rune('A'+i)) + "AAAAAAAAAAAAAAA"
		return w.claim(withChecks(t, c), w.wallet[1])
	}
	for i := range 5 {
		refuse("a guess", guess(i), "claim_refused")
	}
	refuse("the right answer after five guesses", w.claim(text, w.wallet[1]), "claim_code_locked")
}

func TestInitialStatusIsSetBeforeHandingOut(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 2)
	rows[0].Status = "suspended"
	w.importRows(rows)
	if _, err := w.board.Issue(ctx, issuer.IssueOptions{NoWait: true}); err != nil {
		t.Fatal(err)
	}
	w.node.pass(2 * time.Minute)
	w.node.failSubmit = w.node.submits + 1 // the status transaction does not get through
	if _, err := w.board.Resume(ctx, issuer.IssueOptions{}); !errors.Is(err, errInjected) {
		t.Fatalf("%v", err)
	}
	for _, r := range rows {
		if _, _, err := w.board.Credential(ctx, r.Number, issuer.RegisterCopy, vc.VCDM); explain.CodeOf(err) != "credential_not_ready" {
			t.Errorf("handed out before its status was set: %v", err)
		}
	}
	w.issue()
	if s := w.copyOf(rows[0].Number); s.status != ledger.SuspendedStatus {
		t.Errorf("status %s", s.status)
	}
}

// rotate replaces the board's issuing key of a format on the ledger.
func (w *world) rotate(f vc.Format) {
	w.t.Helper()
	if f == vc.SDJWT {
		w.setES256(newP256(100))
		return
	}
	w.desk.Issuing = w.l.NewBoard("rotated").Issuing
	w.update()
}

// synced brings the test's own count of transactions up to the ledger's.
func (w *world) synced() *testkitBoard {
	w.t.Helper()
	n, err := w.l.View().Sequence(w.desk.DID)
	if err != nil {
		w.t.Fatal(err)
	}
	w.desk.Sequence = n
	return w.desk
}

func TestKeyRotationAbandonsTheBatch(t *testing.T) {
	for _, when := range []string{"before the epoch closes", "after the epoch closed", "and the new key is not known here"} {
		for _, format := range []vc.Format{vc.VCDM, vc.SDJWT} {
			t.Run(string(format)+" "+when, func(t *testing.T) { testRotation(t, when, format) })
		}
	}
}

func testRotation(t *testing.T, when string, format vc.Format) {
	w := newWorld(t)
	rows := medicine(w, 3)
	w.importRows(rows)
	if _, err := w.board.Issue(ctx, issuer.IssueOptions{NoWait: true}); err != nil {
		t.Fatal(err)
	}
	if when == "after the epoch closed" {
		w.node.pass(2 * time.Minute)
		// The key was in force when the epoch closed, but is gone from
		// this home: its signatures can no longer be made.
	}
	oldKey, oldES256 := w.desk.Issuing, w.es256
	w.rotate(format)
	newKey, newES256 := w.desk.Issuing, w.es256
	if when == "and the new key is not known here" {
		w.desk.Issuing, w.es256 = oldKey, oldES256
	}
	w.open(w.store)
	w.node.pass(2 * time.Minute)
	r, err := w.board.Issue(ctx, issuer.IssueOptions{})
	if when == "and the new key is not known here" {
		if explain.CodeOf(err) != "issuing_key_out_of_force" {
			t.Fatalf("%+v, %v", r, err)
		}
		if _, _, err := w.board.Credential(ctx, rows[0].Number, issuer.RegisterCopy, vc.VCDM); err == nil {
			t.Fatal("something was handed out")
		}
		w.desk.Issuing, w.es256 = newKey, newES256
		w.open(w.store)
		r, err = w.board.Issue(ctx, issuer.IssueOptions{})
		r.Abandoned = 6
	}
	if err != nil || r.Abandoned != 6 || r.Issued != 6 {
		t.Fatalf("%+v, %v", r, err)
	}
	used := map[uint32]bool{}
	for _, row := range rows {
		used[w.copyOf(row.Number).index] = true
	}
	taken, err := w.store.Taken(ctx, 0)
	if err != nil || len(used) != 3 || len(taken) != 3 {
		t.Errorf("%d used, %d taken: an index was lost or doubled (%v)", len(used), len(taken), err)
	}
	w.audit()
}

func TestNotAccreditedNotIssued(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 2)
	rows[1].Jurisdiction = "US-KY"
	w.importRows(rows)
	r := w.issue()
	if r.Issued != 2 || len(r.Problems) != 1 || r.Problems[0].Code != "not_accredited" || r.Problems[0].Licences != 1 {
		t.Errorf("%+v", r)
	}
	// Suspended between anchoring and the close of the epoch: abandoned.
	rows = fixtures.Register(5, fixtures.Training, 2, w.l.Now)
	w.importRows(rows)
	if _, err := w.board.Issue(ctx, issuer.IssueOptions{NoWait: true}); err != nil {
		t.Fatal(err)
	}
	w.synced()
	w.l.Decide(ledger.Suspend{Issuer: w.desk.DID, Type: issuer.TrainingCertification, Jurisdiction: "US"})
	r = w.issue()
	if r.Abandoned != 4 || r.Issued != 0 {
		t.Errorf("%+v", r)
	}
	w.synced()
	w.l.Decide(ledger.Restore{Issuer: w.desk.DID, Type: issuer.TrainingCertification, Jurisdiction: "US"})
	if r = w.issue(); r.Issued != 4 {
		t.Errorf("%+v", r)
	}
	w.audit()
}

func TestExpiredIsNotIssued(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 2)
	rows[0].Expires = w.l.Now.AddDate(0, 0, -1).Format(time.DateOnly)
	w.importRows(rows)
	if r := w.issue(); r.Issued != 2 || r.Expired != 1 {
		t.Errorf("%+v", r)
	}
}

func TestAuditFindsWhatIsAmiss(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 2)
	w.importRows(rows)
	w.issue()
	// Somebody else with the board's ledger key anchors a batch and sets a status.
	var root ledger.Hash
	root[0] = 9
	w.l.Execute(w.l.Sign(w.synced(), ledger.AnchorBatch{Root: root, Size: 3, LastValidity: ledger.Month{Year: 2030, Month: 1}}))
	s := w.copyOf(rows[0].Number)
	w.l.Execute(w.l.Sign(w.synced(), ledger.SetStatus{Pages: 1, Changes: []ledger.StatusChange{{Op: ledger.SetValue, Index: s.index, Value: ledger.Retired}}}))
	r, err := w.board.Audit(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Unknown) != 1 || r.Unknown[0].Root != root || r.Unknown[0].Size != 3 || r.Unknown[0].Method == "" {
		t.Errorf("unknown %+v", r.Unknown)
	}
	if f, asOf, err := w.board.Foreign(ctx); err != nil || !slices.Equal(f, r.Unknown) || !asOf.Equal(r.AsOf) {
		t.Errorf("foreign %+v as of %s, %v", f, asOf, err)
	}
	if len(r.Differences) != 1 || r.Differences[0].Index != s.index || r.Differences[0].Ledger != ledger.Retired {
		t.Errorf("differences %+v", r.Differences)
	}
	// A key report names what that key signed.
	w.l.Execute(w.l.Sign(w.synced(), ledger.ReportKey{Method: w.desk.Method(t, w.desk.Issuing), From: w.l.Now.Add(-time.Second).Unix()}))
	if _, err := w.board.Audit(ctx, nil); err != nil {
		t.Fatal(err)
	}
	// A node that leaves the foreign batch out is caught.
	w.node.entries = func(e [][]byte) [][]byte { return e[:len(e)-1] }
	if _, err := w.board.Audit(ctx, nil); explain.CodeOf(err) != "audit_unproved" {
		t.Errorf("a node that hides a batch: %v", err)
	}
	// A register that forgot: the ledger's batches are unknown to it.
	w.node.entries = nil
	lost := newWorld(t)
	lost.l, lost.node, lost.desk = w.l, w.node, w.desk
	lost.open(lost.store)
	if r, err = lost.board.Audit(ctx, nil); err != nil || len(r.Unknown) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestReportedIssuingKey(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 1)
	w.importRows(rows)
	if _, err := w.board.Issue(ctx, issuer.IssueOptions{NoWait: true}); err != nil {
		t.Fatal(err)
	}
	old := w.desk.Issuing
	w.rotate(vc.VCDM)
	w.l.Execute(w.l.Sign(w.synced(), ledger.ReportKey{Method: w.desk.Method(t, old), From: w.l.Now.Add(-30 * time.Second).Unix()}))
	w.desk.Issuing = old
	w.open(w.store)
	if _, err := w.board.Issue(ctx, issuer.IssueOptions{}); explain.CodeOf(err) != "issuing_key_out_of_force" {
		t.Errorf("signed with a reported key: %v", err)
	}
}

// forgetful is a node that lost what it had executed.
type forgetful struct {
	*node
	left int
}

func (f *forgetful) BatchPath(ctx context.Context, id did.DID, root ledger.Hash) (ledger.Located, error) {
	if f.left > 0 {
		f.left--
		return ledger.Located{}, explain.Errorf("batch_unknown", "no such batch")
	}
	return f.node.BatchPath(ctx, id, root)
}

// TestForgetfulNode: a node that denies a batch it took is asked again, and the
// batch does not come onto the ledger twice.
func TestForgetfulNode(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 2)
	w.importRows(rows)
	c := w.board.Config
	c.Ledger = &forgetful{w.node, 3}
	b, err := issuer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := b.Issue(ctx, issuer.IssueOptions{}); err != nil || r.Issued != 4 {
		t.Fatalf("%+v, %v", r, err)
	}
	if bs, err := w.l.View().Batches(w.desk.DID); err != nil || len(bs) != 1 {
		t.Errorf("%d batches on the ledger, %v", len(bs), err)
	}
	w.copyOf(rows[0].Number)
	w.audit()
}
