package home

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bonafide/assets/mappings"
	"bonafide/assets/templates"
	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/internal/fixtures"
	"bonafide/internal/keys"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/vc"
	"bonafide/verifier"
)

// runningBoard is the home of a board that is the one member of its network,
// with its node running and every template registered.
func runningBoard(t *testing.T) (context.Context, *Home, did.DID) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	o := options(&user{pass: goodPass})
	o.Now = time.Now // the engine stamps blocks with the machine's time
	h, err := Create(filepath.Join(t.TempDir(), "board"), o, false)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, h)
	_, id, err := h.Found(ctx, FoundOptions{
		Label: "test", Name: "Test Board", Contact: "desk@board.example",
		Params: ledger.Params{Interval: time.Second, IssuerDelay: time.Second, RecoverDelay: time.Second, ProposalLife: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.StartNode(ctx, NodeOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.StopNode(); err != nil {
			t.Error(err)
		}
	})
	docs, err := templates.Documents()
	if err != nil {
		t.Fatal(err)
	}
	actions := []ledger.Action{ledger.Accredit{Issuer: id, Type: issuer.ProfessionalLicence, Jurisdictions: []string{"US-OH"}}}
	for _, d := range docs {
		actions = append(actions, ledger.RegisterTemplate{Document: d})
	}
	for _, a := range actions {
		if p, err := h.Propose(ctx, a); err != nil || p.State != ledger.ProposalDone {
			t.Fatalf("proposal is %s: %v", p.State, err)
		}
	}
	return ctx, h, id
}

// TestThreat19_RotationAndReports runs a real network of one: a board issues,
// rotates either key, issues again, and reports the first issuing key. Old
// credentials verify after a rotation and fall with the report; new ones stand.
func TestThreat19_RotationAndReports(t *testing.T) {
	ctx, h, id := runningBoard(t)
	rows := fixtures.Register(1, fixtures.Medicine, 3, time.Now())
	issue := func(row fixtures.Row) []byte {
		t.Helper()
		b, err := h.Board(ctx)
		if err != nil {
			t.Fatal(err)
		}
		m, err := issuer.ParseMapping(mappings.Bonafide)
		if err != nil {
			t.Fatal(err)
		}
		var csv bytes.Buffer
		if err := fixtures.WriteCSV(&csv, []fixtures.Row{row}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Import(ctx, &csv, m, issuer.ImportOptions{Person: "owner"}); err != nil {
			t.Fatal(err)
		}
		if rep, err := b.Issue(ctx, issuer.IssueOptions{Person: "owner"}); err != nil || rep.Issued != 2 {
			t.Fatalf("issued %+v: %v", rep, err)
		}
		raw, _, err := b.Credential(ctx, row.Number, issuer.RegisterCopy, vc.VCDM)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	want := func(what string, raw []byte, verdict verifier.Verdict, code string) {
		t.Helper()
		p, err := h.Hospital(ctx, HospitalOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Sync(ctx); err != nil {
			t.Fatal(err)
		}
		res, err := p.Verify(ctx, verifier.Input{Bytes: raw, Purpose: verifier.Monitoring})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, c := range res.Checks {
			if c.ID == verifier.CheckIssuerKey {
				got = c.Code
			}
		}
		if res.Verdict != verdict || got != code {
			t.Errorf("%s: %s %s, want %s %s", what, res.Verdict, got, verdict, code)
		}
	}
	methodOf := func(use did.Relationship) string {
		t.Helper()
		d, err := h.Data()
		if err != nil {
			t.Fatal(err)
		}
		v, err := d.View.Versions(id)
		if err != nil {
			t.Fatal(err)
		}
		return v[len(v)-1].Document.MethodsFor(use)[0].ID
	}

	first := issue(rows[0])
	want("before the rotation", first, verifier.Verified, "issuer_key_in_force")
	old := methodOf(did.AssertionMethod)
	fresh, err := h.RotateKey(ctx, keys.Issuing)
	if err != nil {
		t.Fatal(err)
	}
	if got := methodOf(did.AssertionMethod); got != fresh || got == old {
		t.Fatalf("the document names %s, not the new key", got)
	}
	want("signed before the rotation", first, verifier.Verified, "issuer_key_in_force")

	oldLedger := methodOf(did.CapabilityInvocation)
	if _, err := h.RotateKey(ctx, keys.Ledger); err != nil {
		t.Fatal(err)
	}
	if methodOf(did.CapabilityInvocation) == oldLedger {
		t.Fatal("the ledger key was not rotated")
	}
	second := issue(rows[1])
	want("signed after both rotations", second, verifier.Verified, "issuer_key_in_force")

	// From before the network began: everything the first key ever issued.
	if err := h.ReportKey(ctx, old, time.Now().Add(-24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	want("by the reported key", first, verifier.Rejected, "key_compromised")
	want("by the new key", second, verifier.Verified, "issuer_key_in_force")

	// The reported ledger key takes the batch that it signed with it.
	if err := h.ReportKey(ctx, oldLedger, time.Now().Add(-24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	want("anchored by the new ledger key", second, verifier.Verified, "issuer_key_in_force")

	profile, err := h.BoardProfile()
	if err != nil || profile.DID != id || profile.Name != "Test Board" || profile.Contact != "desk@board.example" || !profile.Anchored || profile.Ended || profile.Certificate != nil {
		t.Fatalf("%+v, %v", profile, err)
	}
	inUse, out := map[string]int{}, map[string]BoardKey{}
	for _, k := range profile.Keys {
		if k.InUse {
			inUse[k.Use]++
		}
		if k.InUse != k.InForce || k.InForce != k.Until.IsZero() || k.Since.IsZero() && k.InForce == false {
			t.Errorf("%+v", k)
		}
		out[k.Method] = k
	}
	if len(profile.Keys) != 5 || inUse[keys.Issuing] != 1 || inUse[keys.IssuingES256] != 1 || inUse[keys.Ledger] != 1 {
		t.Errorf("%+v", profile.Keys)
	}
	if k := out[old]; k.Use != keys.Issuing || k.InForce || k.Reported.IsZero() {
		t.Errorf("the reported key: %+v", k)
	}
	if k := out[fresh]; !k.InUse || !k.Reported.IsZero() {
		t.Errorf("the new key: %+v", k)
	}

	if err := h.DeactivateBoard(ctx); explain.CodeOf(err) != "member_active" {
		t.Errorf("a member deactivated its identity: %v", err)
	}
	r, err := h.Resolver().Resolve(ctx, id, did.ResolveOptions{VersionID: "1"})
	if err != nil || r.Metadata.VersionID != "1" || r.Metadata.NextVersionID != "2" {
		t.Errorf("version 1 resolves to %+v: %v", r, err)
	}
}

// TestRecovery: a board whose home is gone makes new keys in another one; once
// the members have voted and the delay is over it acts with them, what it
// issued before stays good, and the old home's keys are worth nothing.
func TestRecovery(t *testing.T) {
	ctx, h, id := runningBoard(t)
	raw, err := os.ReadFile(filepath.Join(h.PublicDir(), "network.json"))
	if err != nil {
		t.Fatal(err)
	}
	network, err := pack.ParseNetwork(raw)
	if err != nil {
		t.Fatal(err)
	}
	address, err := h.Node()
	if err != nil {
		t.Fatal(err)
	}
	o := options(&user{pass: goodPass})
	o.Now = time.Now
	fresh, err := Create(filepath.Join(t.TempDir(), "again"), o, false)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, fresh)
	if err := fresh.Pin(ctx, network, false, []string{address}); err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if err := fresh.SetNode(ctx, address); err != nil {
		t.Fatal(err)
	}
	other, _, err := bonafide.Split(id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.Recovery(ctx, did.DID("did:bonafide:"+other+":"+strings.Repeat("a", 32))); explain.CodeOf(err) != "issuer_unknown" {
		t.Errorf("nobody's DID: %v", err)
	}
	doc, err := fresh.Recovery(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	// Before the vote the new keys sign nothing that counts.
	if _, err := fresh.Send(ctx, ledger.DeactivateDID{}); err == nil {
		t.Fatal("keys that nobody voted for were obeyed")
	}
	p, err := h.Propose(ctx, ledger.RecoverDID{DID: id, Document: doc})
	if err != nil {
		t.Fatal(err)
	}
	client, err := fresh.Client()
	if err != nil {
		t.Fatal(err)
	}
	for p.State == ledger.ProposalDelayed {
		st, err := client.Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Wait(ctx, st.StateHeight+1); err != nil {
			t.Fatal(err)
		}
		list, err := fresh.Proposals(ctx)
		if err != nil {
			t.Fatal(err)
		}
		p = list[p.Number-1]
	}
	if p.State != ledger.ProposalDone {
		t.Fatalf("the proposal is %s %s", p.State, p.FailedReason)
	}
	if _, err := fresh.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if method, err := fresh.RotateKey(ctx, keys.Issuing); err != nil || !strings.HasPrefix(method, id.String()+"#") {
		t.Errorf("acting with the voted keys: %s %v", method, err)
	}
	if _, err := h.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := h.RotateKey(ctx, keys.Issuing); err == nil {
		t.Error("the lost home still acts for the board")
	}
	// It is this board's for good.
	if _, err := fresh.Recovery(ctx, did.DID("did:bonafide:"+other+":"+strings.Repeat("b", 32))); err == nil {
		t.Error("a second board in one home")
	}
}
