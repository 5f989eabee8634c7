package home

import (
	"context"
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/assets/templates"
	"bonafide/did/key"
	"bonafide/internal/request"
	"bonafide/internal/strictjson"
	"bonafide/internal/testkit"
	"bonafide/ledger"
	"bonafide/vc"
	"bonafide/verifier"
)

// licensed makes a licence on a ledger for the holder of a key.
func licensed(t testing.TB, l *testkit.Ledger, holder ed25519.PrivateKey) []byte {
	t.Helper()
	board := l.Boards[0]
	for _, d := range must(templates.Documents()) {
		l.Decide(ledger.RegisterTemplate{Document: d})
	}
	l.Decide(ledger.Accredit{Issuer: board.DID, Type: "ProfessionalLicence", Jurisdictions: []string{"US-OH"}})
	l.Execute(l.Sign(board, ledger.SetStatus{Pages: 1}))
	claims := must(strictjson.Object([]byte(`{
		"@context": ["https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"],
		"type": ["VerifiableCredential", "ProfessionalLicence"],
		"issuer": "`+string(board.DID)+`", "validFrom": "2026-11-01T00:00:00Z", "validUntil": "2028-10-31T23:59:59Z",
		"credentialSubject": {
			"id": "`+string(key.New(testkit.Public(t, holder)))+`", "type": "Practitioner", "familyName": "Quillfeather",
			"licence": {"type": "Licence", "number": "MD-0012345", "jurisdiction": "US-OH", "profession": "physician",
				"issued": "2026-11-01", "expires": "2028-10-31"}},
		"credentialStatus": [{"type": "LedgerStatusEntry", "statusIndex": "5"}],
		"evidence": [{"type": "LedgerAnchor", "anchor": ""}]}`), strictjson.Default))
	d := must(vc.NewDraft(claims))
	salt := [16]byte{1}
	leaf := must(d.Leaf(l.View().ChainID(), salt))
	anchor := l.AnchorLeaves(board, [][32]byte{leaf}, [][16]byte{salt}, ledger.Month{Year: 2028, Month: 12})[0]
	return must(d.Seal(anchor.String(), vc.ProofOptions{
		VerificationMethod: board.Method(t, board.Issuing), Created: testkit.Start, Key: testkit.Public(t, board.Issuing),
	}, func(m []byte) ([]byte, error) { return ed25519.Sign(board.Issuing, m), nil }))
}

// A hospital asks, a practitioner answers, and the home's own stores decide:
// without a passphrase, once, and on record.
func TestHospital(t *testing.T) {
	ctx := context.Background()
	l := testkit.NewLedger(t, netA, 1, 1)
	holder := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	pub := testkit.Public(t, holder)
	licence := licensed(t, l, holder)
	l.Beat(start.Sub(l.Now))

	s := newSite(t)
	hospital := must(s.Hospital(ctx, HospitalOptions{}))
	if _, _, err := hospital.DataAge(ctx); err == nil {
		t.Error("the age of no data")
	}
	_, err := hospital.NewRequest(ctx, RequestOptions{Purpose: verifier.Privileging, ValidFor: time.Hour})
	wantCode(t, err, "audience_needed")
	ask := func(audience string) *request.Request {
		t.Helper()
		b, err := hospital.NewRequest(ctx, RequestOptions{Audience: audience, Purpose: verifier.Privileging, ValidFor: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return must(request.Parse(b))
	}
	req := ask("Riverside Hospital")
	if open, err := hospital.OpenRequests(ctx); err != nil || len(open) != 1 || open[0].Nonce != req.Nonce {
		t.Error(open, err)
	}
	if found, err := hospital.RequestOf(ctx, req.Nonce); err != nil || found == nil || found.Audience != req.Audience {
		t.Error(found, err)
	}
	if found, err := hospital.RequestOf(ctx, "nobody's"); err != nil || found != nil {
		t.Error(found, err)
	}
	answer := func(r *request.Request) []byte {
		return must(vc.Present(key.New(pub), [][]byte{licence}, r.Nonce, r.Audience, key.MethodID(pub), r.Created,
			func(m []byte) ([]byte, error) { return ed25519.Sign(holder, m), nil }))
	}
	verify := func(h *Hospital, b []byte, r *request.Request, v verifier.Verdict, code string) {
		t.Helper()
		res, err := h.Verify(ctx, verifier.Input{File: "a.json", Bytes: b, Request: r})
		if err != nil {
			t.Fatal(err)
		}
		codes := ""
		for _, c := range res.Checks {
			codes += " " + c.Code
		}
		if res.Verdict != v || !strings.Contains(codes+" ", " "+code+" ") {
			t.Errorf("%s:%s; want %s %s", res.Verdict, codes, v, code)
		}
	}
	first := answer(req)
	verify(hospital, first, req, verifier.Unconfirmed, "no_trust")
	s.pin(l)
	verify(hospital, first, req, verifier.Unconfirmed, "no_data")
	s.take(export(t, l, 0))
	s.now = s.now.Add(-10 * time.Minute)
	verify(hospital, first, req, verifier.Unconfirmed, "clock_behind")
	s.now = s.now.Add(10 * time.Minute)
	verify(hospital, first, req, verifier.Verified, "bound")
	verify(hospital, first, req, verifier.Rejected, "replayed")

	// Another process of the same home knows what was burned and whose audience
	// it is; another home does not know the request.
	again := must(s.open().Hospital(ctx, HospitalOptions{}))
	verify(again, first, req, verifier.Rejected, "replayed")
	if next := ask(""); next.Audience != "Riverside Hospital" {
		t.Error(next.Audience)
	} else {
		verify(again, answer(next), next, verifier.Verified, "bound")
		other := newSite(t)
		other.pin(l)
		other.take(export(t, l, 0))
		verify(must(other.Hospital(ctx, HospitalOptions{})), answer(next), next, verifier.Unconfirmed, "request_not_ours")
	}
	closed := ask("")
	if open, err := hospital.OpenRequests(ctx); err != nil || len(open) != 1 || open[0].Nonce != closed.Nonce {
		t.Error("what was answered is not open:", open, err)
	}
	if err := hospital.CloseRequest(ctx, closed.Nonce); err != nil {
		t.Fatal(err)
	}
	if open, err := hospital.OpenRequests(ctx); err != nil || len(open) != 0 {
		t.Error("what was closed is not open:", open, err)
	}
	verify(hospital, answer(closed), closed, verifier.Unconfirmed, "request_closed")
	// Old data stays what it is: nothing here fetches.
	s.now = s.now.Add(25 * time.Hour)
	late := ask("")
	verify(hospital, answer(late), late, verifier.Unconfirmed, "stale")
	if asOf, validators, err := hospital.DataAge(ctx); err != nil || validators != 1 || asOf.After(s.now) {
		t.Error(asOf, validators, err)
	}
	// Every verdict is on record, and only the passphrase opens it.
	var kept []string
	if err := hospital.History(ctx, func(_ time.Time, r verifier.Result) error {
		kept = append(kept, string(r.Verdict))
		return nil
	}); err != nil || strings.Join(kept, " ") != "unconfirmed unconfirmed unconfirmed verified rejected rejected verified unconfirmed unconfirmed" {
		t.Error(kept, err)
	}
	slices.Reverse(kept)
	var paged []string
	for before := int64(0); ; {
		page, err := hospital.HistoryPage(ctx, before, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, k := range page {
			paged, before = append(paged, string(k.Result.Verdict)), k.Seq
		}
	}
	if n, err := hospital.HistorySize(ctx); err != nil || n != len(kept) || !slices.Equal(paged, kept) {
		t.Error(n, paged, err)
	}
	wrong := must(mustOpen(t, s.dir, options(&user{pass: "wrong"})).Hospital(ctx, HospitalOptions{}))
	wantCode(t, wrong.History(ctx, nil), "passphrase_wrong")
	_, err = wrong.HistoryPage(ctx, 0, 1)
	wantCode(t, err, "passphrase_wrong")
}
