package town

import (
	"testing"
	"time"

	"bonafide/internal/home"
	"bonafide/internal/request"
	"bonafide/ledger"
	"bonafide/verifier"
	"bonafide/wallet"
)

// TestTown: a practitioner claims, receives and presents, a hospital verifies.
func TestTown(t *testing.T) {
	ctx := t.Context()
	town := New(t, 3)
	number := town.Rows[0].Number
	practitioner := town.Home("practitioner")
	w, err := practitioner.Wallet(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Init(ctx); err != nil {
		t.Fatal(err)
	}
	claim, err := w.Claim(ctx, town.Code(number), town.DID)
	if err != nil {
		t.Fatal(err)
	}
	vcdm, sdjwt := town.Answer(claim)
	town.Bring(practitioner)
	var it wallet.Item
	for _, b := range [][]byte{vcdm, sdjwt} {
		if it, err = w.Receive(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	if len(it.Formats) != 2 || it.Number != number || it.Standing == nil || it.Standing.Status != "current" {
		t.Errorf("%+v", it)
	}
	town.Set(number, ledger.Probation)
	hospital := town.Home("hospital")
	v, err := hospital.Hospital(ctx, home.HospitalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	file, err := v.NewRequest(ctx, home.RequestOptions{Audience: "Town Hospital", Purpose: verifier.Privileging, ValidFor: time.Hour, Claims: []string{"familyName"}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.Present(ctx, file, wallet.Choice{IDs: []string{it.ID}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := request.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	res, err := v.Verify(ctx, verifier.Input{Bytes: b, Request: r, Purpose: verifier.Privileging})
	if err != nil || res.Verdict != verifier.Verified || *res.Credentials[0].Licence.Status != "probation" {
		t.Errorf("%+v, %v", res, err)
	}
}
