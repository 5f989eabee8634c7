package issuer_test

// One licence in two formats.

import (
	cryptorand "crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"slices"
	"testing"
	"time"

	"bonafide/did/key"
	"bonafide/internal/explain"
	"bonafide/internal/fixtures"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/storage"
	"bonafide/vc"
)

// withoutES256 is a board from before SD-JWT VCs.
func withoutES256(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.es256 = nil
	w.update()
	w.open(w.store)
	return w
}

// TestSDJWTIsAddedLater: a board that gets its P-256 key late adds what is
// missing under the indexes that are in use; nothing that is out becomes void.
func TestSDJWTIsAddedLater(t *testing.T) {
	w := withoutES256(t)
	rows := medicine(w, 5)
	rows[4].Expires = w.l.Now.AddDate(0, 0, 3).Format(time.DateOnly)
	course := fixtures.Register(5, fixtures.Training, 1, w.l.Now)
	w.importRows(append(course, rows...))
	r := w.issue()
	if r.Issued != 6 || !slices.Equal(r.Notices, []string{"sdjwt_key_missing"}) {
		t.Fatalf("%+v", r)
	}
	full, bare := rows[0].Number, rows[1].Number
	w.claimAndIssue(full, w.wallet[0])
	text, _, err := w.board.ClaimCode(ctx, bare, issuer.ClaimCodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := w.board.AcceptClaim(ctx, w.claimVP(text, w.wallet[1].signer), ""); err != nil || c.HolderKey != "" {
		t.Fatalf("%+v, %v", c, err)
	}
	w.issue()
	w.setStatus(rows[2].Number, ledger.Revoked)
	before := map[string]seen{}
	for _, row := range rows {
		before[row.Number] = w.copyOf(row.Number)
	}
	if _, _, err := w.board.Credential(ctx, full, issuer.Bound, vc.SDJWT); explain.CodeOf(err) != "credential_not_ready" {
		t.Errorf("an SD-JWT VC without a key: %v", err)
	}
	w.node.pass(5 * 24 * time.Hour) // the last one runs out meanwhile

	w.synced()
	w.l.Decide(ledger.Suspend{Issuer: w.desk.DID, Type: issuer.TrainingCertification, Jurisdiction: "US"})
	w.setES256(newP256(7))
	w.open(w.store)
	// Of the first a copy and an envelope, of the second and fourth a copy; the
	// third is final, the fifth has run out, and the
	// board may not issue what the course was.
	if r = w.issue(); r.Planned != 4 || r.Issued != 4 || r.Expired != 0 || len(r.Notices)+len(r.Problems) != 0 {
		t.Fatalf("%+v", r)
	}
	for i, row := range rows {
		if i == 2 || i == 4 {
			if _, _, err := w.board.Credential(ctx, row.Number, issuer.RegisterCopy, vc.SDJWT); explain.CodeOf(err) != "credential_not_ready" {
				t.Errorf("licence %d: %v", i, err)
			}
			continue
		}
		s := w.copyOf(row.Number)
		if s.index != before[row.Number].index || s.leaf != before[row.Number].leaf || s.status != ledger.Current {
			t.Errorf("licence %d: %s under %d, before under %d", i, s.status, s.index, before[row.Number].index)
		}
	}
	if s := w.bound(full, vc.SDJWT); s.key != w.wallet[0].es256.Public() || s.index != before[full].index {
		t.Errorf("bound to %s under %d", s.key, s.index)
	}
	if _, _, err := w.board.Credential(ctx, bare, issuer.Bound, vc.SDJWT); explain.CodeOf(err) != "credential_not_ready" {
		t.Errorf("bound to a key that nobody proved: %v", err)
	}
	if r = w.issue(); r.Planned != 0 {
		t.Errorf("issued again: %+v", r)
	}
	w.audit()

	// The batch that adds rests on the P-256 key alone: a report of the other
	// one does not touch it, but takes the first ones with it, and so all.
	batches, err := w.store.Batches(ctx, 0, 10)
	if err != nil || batches[len(batches)-1].Method != "" || batches[len(batches)-1].MethodES256 == "" || batches[0].MethodES256 != "" {
		t.Errorf("%+v, %v", batches, err)
	}
}

// TestFirstClaimAddsEveryFormat: a claim under a board that got its P-256 key
// in between adds what the register copy lacks in the same batch.
func TestFirstClaimAddsEveryFormat(t *testing.T) {
	w := withoutES256(t)
	rows := medicine(w, 1)
	w.importRows(rows)
	w.issue()
	first := w.copyOf(rows[0].Number)
	w.setES256(newP256(7))
	w.open(w.store)
	w.claimAndIssue(rows[0].Number, w.wallet[0])
	if s := w.copyOf(rows[0].Number); s.index != first.index || s.leaf != first.leaf {
		t.Error("the register copy was issued again")
	}
	for _, f := range []vc.Format{vc.VCDM, vc.SDJWT} {
		if s := w.bound(rows[0].Number, f); s.index != first.index {
			t.Errorf("%s under %d", f, s.index)
		}
	}
	if n, err := w.store.NewestBatch(ctx); err != nil || n != 2 {
		t.Errorf("%d batches, %v", n, err)
	}
	w.audit()
}

// TestSecondClaimWithFewerKeys: what the lost phone held is void in every
// format, also where the new one takes fewer.
func TestSecondClaimWithFewerKeys(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 1)
	ref := rows[0].Number
	w.importRows(rows)
	w.claimAndIssue(ref, w.wallet[0])
	old := w.bound(ref, vc.SDJWT)
	w.setStatus(ref, ledger.Probation)
	text, _, err := w.board.ClaimCode(ctx, ref, issuer.ClaimCodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.board.AcceptClaim(ctx, w.claimVP(text, w.wallet[0].signer), "Ada"); err != nil {
		t.Fatal(err)
	}
	w.issue()
	if _, _, err := w.board.Credential(ctx, ref, issuer.Bound, vc.SDJWT); explain.CodeOf(err) != "credential_not_ready" {
		t.Errorf("the lost phone's envelope is handed out: %v", err)
	}
	s := w.bound(ref, vc.VCDM)
	if c := w.copyOf(ref); c.index != s.index || s.index == old.index || s.status != ledger.Probation || w.status(old.index) != ledger.Void {
		t.Errorf("new %d %s, old %d %s", s.index, s.status, old.index, w.status(old.index))
	}
	w.audit()
}

// TestThreat56_ClaimedAgainBeforeTheFirstIsIssued: a lost phone is reported
// while the batch of the first claim waits for its epoch. In the end nothing
// that the first wallet was given is good, in either format.
func TestThreat56_ClaimedAgainBeforeTheFirstIsIssued(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 1)
	ref := rows[0].Number
	w.importRows(rows)
	w.issue()
	accept := func(p phone) {
		t.Helper()
		text, _, err := w.board.ClaimCode(ctx, ref, issuer.ClaimCodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.board.AcceptClaim(ctx, w.claim(text, p), "Ada"); err != nil {
			t.Fatal(err)
		}
	}
	accept(w.wallet[0])
	if _, err := w.board.Issue(ctx, issuer.IssueOptions{NoWait: true}); err != nil {
		t.Fatal(err)
	}
	accept(w.wallet[1])
	w.node.pass(2 * time.Minute)
	if _, err := w.board.Resume(ctx, issuer.IssueOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, f := range []vc.Format{vc.VCDM, vc.SDJWT} {
		if _, _, err := w.board.Credential(ctx, ref, issuer.Bound, f); explain.CodeOf(err) != "credential_not_ready" {
			t.Errorf("the first wallet's %s is handed out: %v", f, err)
		}
	}
	first := w.copyOf(ref)
	w.issue()
	for _, f := range []vc.Format{vc.VCDM, vc.SDJWT} {
		s := w.bound(ref, f)
		if s.index == first.index || s.status != ledger.Current {
			t.Errorf("%s under %d, %s", f, s.index, s.status)
		}
	}
	if w.status(first.index) != ledger.Void {
		t.Errorf("the first index is %s", w.status(first.index))
	}
	w.audit()
}

// certificate is one of the board's P-256 key, good for a day.
func (w *world) certificate() []byte {
	w.t.Helper()
	ca := newP256(200)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Board"}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: w.l.Now.Add(-time.Hour), NotAfter: w.l.Now.Add(24 * time.Hour),
	}
	parent := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Authority"}}
	der, err := x509.CreateCertificate(cryptorand.Reader, c, parent, &w.es256.k.PublicKey, ca.k)
	if err != nil {
		w.t.Fatal(err)
	}
	return der
}

// TestCertificates: the board's certificate goes into its SD-JWT VCs until it
// has run out, and then the report says so.
func TestCertificates(t *testing.T) {
	w := newWorld(t)
	w.chain = [][]byte{w.certificate()}
	w.open(w.store)
	rows := medicine(w, 2)
	hint := func(ref string) [][]byte {
		t.Helper()
		w.copyOf(ref)
		raw, _, err := w.board.Credential(ctx, ref, issuer.RegisterCopy, vc.SDJWT)
		if err != nil {
			t.Fatal(err)
		}
		p, err := vc.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		return p.CertificatesHint()
	}
	w.importRows(rows[:1])
	if r := w.issue(); len(r.Notices) != 0 {
		t.Errorf("%+v", r)
	}
	if got := hint(rows[0].Number); len(got) != 1 || !slices.Equal(got[0], w.chain[0]) {
		t.Errorf("%d certificates", len(got))
	}
	w.node.pass(25 * time.Hour)
	w.importRows(rows)
	if r := w.issue(); r.Issued != 2 || !slices.Equal(r.Notices, []string{"board_certificate_expired"}) {
		t.Errorf("%+v", r)
	}
	if got := hint(rows[1].Number); len(got) != 0 {
		t.Errorf("%d certificates after they ran out", len(got))
	}
	// One of another key is never used.
	w.es256 = &p256{newP256(7).k}
	w.chain = [][]byte{w.certificate()}
	w.setES256(newP256(8))
	w.open(w.store)
	rows = medicine(w, 3)
	w.importRows(rows)
	if _, err := w.board.Issue(ctx, issuer.IssueOptions{}); explain.CodeOf(err) != "certificates_untrusted" {
		t.Errorf("a certificate of another key: %v", err)
	}
}

// TestThreat75_SDJWTIsSealed: neither an SD-JWT VC nor the key that it is bound
// to can be read in the database.
func TestThreat75_SDJWTIsSealed(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 1)
	w.importRows(rows)
	w.claimAndIssue(rows[0].Number, w.wallet[0])
	raw, _, err := w.board.Credential(ctx, rows[0].Number, issuer.Bound, vc.SDJWT)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := json.Marshal(w.wallet[0].es256.Public().JWK()["x"])
	if err != nil {
		t.Fatal(err)
	}
	w.notInFiles(string(raw[200:260]), w.wallet[0].es256.Public().Multikey(), string(jwk))
}

// TestNewRefusesKinds: each key signs in its own format.
func TestNewRefusesKinds(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*issuer.Config){
		"Ed25519 for SD-JWT VCs": func(c *issuer.Config) { c.IssuingES256 = newSigner(1) },
		"P-256 for VCDM":         func(c *issuer.Config) { c.Issuing = newP256(1) },
	} {
		c := w.board.Config
		change(&c)
		if _, err := issuer.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

var _ issuer.Store = (*storage.IssuerStore)(nil)

// FuzzAcceptClaim: whatever stands in a claim file, the licence goes to the
// wallet that knew the code or to nobody, and a refusal has a code.
func FuzzAcceptClaim(f *testing.F) {
	w := newWorld(f)
	rows := medicine(w, 1)
	w.importRows(rows)
	text, _, err := w.board.ClaimCode(ctx, rows[0].Number, issuer.ClaimCodeOptions{})
	if err != nil {
		f.Fatal(err)
	}
	me := w.wallet[0]
	f.Add(w.claim(text, me))
	f.Add(w.claimVP(text, me.signer))
	f.Add([]byte(`{"format":1,"presentation":{},"proof":"e30.eyJub25jZSI6IngifQ.x"}`))
	f.Add([]byte(`{"format":1,"presentation":[],"proof":""}`))
	f.Add([]byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"holder":"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp","proof":{"type":"DataIntegrityProof","challenge":"MZUWM.23LD-24tGaJm_wLULIo1W1xGFNhJfJAjQl8pNWgBkGM"}}`))
	f.Add([]byte(`{"type":"VerifiablePresentation","proof":[]}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := w.board.AcceptClaim(ctx, file, "Ada")
		if err != nil {
			if explain.CodeOf(err) == "" {
				t.Errorf("no code: %v", err)
			}
			silent(t, err.Error(), rows)
			return
		}
		if c.Holder != key.New(me.Public()) || c.HolderKey != "" && c.HolderKey != me.es256.Public().Multikey() {
			t.Errorf("claimed by %s, %s", c.Holder, c.HolderKey)
		}
	})
}
