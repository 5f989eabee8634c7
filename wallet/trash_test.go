package wallet

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"bonafide/internal/claimcode"
	"bonafide/ledger"
)

// TestDiscard: what is discarded is neither listed nor presented, comes back
// exactly as it was, by being put back or taken in again, and is gone after its
// time.
func TestDiscard(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	h := w.init()
	w.take(w.issue(good(h)))
	it := w.take(w.sdjwt(good(h), w.second()))
	before, err := w.wallet.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	stored := slices.Clone(w.store.creds)
	_, file := w.request()

	discard := func() {
		t.Helper()
		if err := w.wallet.Discard(ctx, it.ID); err != nil {
			t.Fatal(err)
		}
		list, err := w.wallet.List(ctx)
		if err != nil || len(list) != 0 {
			t.Errorf("still listed: %v, %v", list, err)
		}
		if _, err := w.wallet.Preview(ctx, file, Choice{IDs: []string{it.ID}}); err == nil {
			t.Error("still to be presented")
		}
		aside, err := w.wallet.Discarded(ctx)
		if err != nil || len(aside) != 1 || aside[0].ID != it.ID || !aside[0].Discarded.Equal(w.now) || len(aside[0].Formats) != 2 {
			t.Fatalf("%+v, %v", aside, err)
		}
		wantCode(t, "discarded twice", w.wallet.Discard(ctx, it.ID), "wallet_no_credential")
	}
	same := func(how string) {
		t.Helper()
		list, err := w.wallet.List(ctx)
		if err != nil || !reflect.DeepEqual(list, before) || !reflect.DeepEqual(w.store.creds, stored) {
			t.Errorf("%s: %+v, %v", how, list, err)
		}
		wantCode(t, "put back twice", w.wallet.PutBack(ctx, it.ID), "wallet_no_credential")
	}
	discard()
	if err := w.wallet.PutBack(ctx, stored[1].ID); err != nil { // the id of either envelope
		t.Fatal(err)
	}
	same("put back")
	discard()
	if got := w.take(stored[1].Bytes); got.ID != it.ID || len(got.Formats) != 2 {
		t.Errorf("%+v", got)
	}
	same("taken in again")

	discard()
	_, aside, err := w.wallet.All(ctx)
	if err != nil || len(aside) != 1 {
		t.Fatal(aside, err)
	}
	w.now = w.now.AddDate(0, 0, KeptDays)
	if w.wallet.Over(aside[0]) {
		t.Error("over too early")
	}
	w.now = w.now.Add(time.Second)
	if !w.wallet.Over(aside[0]) {
		t.Error("kept too long")
	}
	if err := w.wallet.Delete(ctx, it.ID); err != nil || len(w.store.creds) != 0 {
		t.Errorf("deleted for good: %v, %d left", err, len(w.store.creds))
	}
}

// TestPending: a claim is remembered until a licence of its board comes, the code
// is not.
func TestPending(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	h := w.init()
	var codes []claimcode.Code
	for i := range byte(2) {
		c, err := claimcode.New(bytes.NewReader(bytes.Repeat([]byte{i + 1}, 32)))
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, c)
		for range 2 { // the same claim again takes the place of the first
			w.now = w.now.Add(time.Second)
			b, err := w.wallet.Claim(ctx, c.Text(), w.board.DID)
			if err != nil {
				t.Fatal(err)
			}
			p, err := w.wallet.Pending(ctx)
			if err != nil || len(p) != int(i)+1 || p[0].Code != c.ID() || p[0].Board != w.board.DID || !bytes.Equal(p[0].File, b) || !p[0].At.Equal(w.now) {
				t.Fatalf("%+v, %v", p, err)
			}
			if bytes.Contains(p[0].File, []byte(c.Text()[7:14])) {
				t.Error("the code is remembered")
			}
		}
	}
	left := func(want ...string) {
		t.Helper()
		p, err := w.wallet.Pending(ctx)
		var got []string
		for _, x := range p {
			got = append(got, x.Code)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v left, want %v, %v", got, want, err)
		}
	}
	w.take(w.issue(good(""))) // a register copy answers no claim
	left(codes[1].ID(), codes[0].ID())
	w.take(w.issue(good(h)))
	left(codes[1].ID())
	w.take(w.sdjwt(good(h), w.second())) // the same licence in its other envelope
	left(codes[1].ID())
	if err := w.wallet.Forget(ctx, w.board.DID, codes[1].ID()); err != nil {
		t.Fatal(err)
	}
	left()
}

func TestBoards(t *testing.T) {
	w := newWorld(t)
	w.init()
	boards, err := w.wallet.Boards()
	if err != nil || len(boards) != 0 {
		t.Errorf("a board that may issue nothing: %+v, %v", boards, err)
	}
	w.ledger.Decide(ledger.Accredit{Issuer: w.board.DID, Type: "ProfessionalLicence", Jurisdictions: []string{"US-IN", "US-OH"}})
	boards, err = w.wallet.Boards()
	if err != nil || len(boards) != 1 || boards[0].DID != w.board.DID || !slices.Equal(boards[0].Types, []string{"ProfessionalLicence"}) {
		t.Errorf("%+v, %v", boards, err)
	}
	if asOf, err := w.wallet.DataAge(); err != nil || asOf.IsZero() {
		t.Error(asOf, err)
	}
	w.wallet.c.Data = nil
	if boards, err := w.wallet.Boards(); err != nil || len(boards) != 0 {
		t.Errorf("%+v, %v", boards, err)
	}
}
