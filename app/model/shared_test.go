package model

import (
	"context"
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"time"

	"bonafide/internal/home"
	"bonafide/internal/testkit/town"
	"bonafide/vc"
	"bonafide/wallet"
)

func TestSharedLog(t *testing.T) {
	p := newPractice(t, 1)
	it := p.licensed(0)
	l := NewSharedLog(func() (Logging, error) { return p.wallet, p.fail }, English(), func() {})
	l.Refresh(t.Context())
	if s := l.State(); !s.Loaded || len(s.Lines) != 0 || s.All != 0 {
		t.Errorf("%+v", s)
	}
	for _, who := range []string{"Town Hospital", "Example Clinic"} {
		req := p.request(func(o *home.RequestOptions) { o.Audience, o.Claims = who, []string{"familyName"} })
		if _, err := p.wallet.Present(t.Context(), req, wallet.Choice{IDs: []string{it.ID}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.wallet.Delete(t.Context(), it.ID); err != nil { // the log stays
		t.Fatal(err)
	}
	l.Refresh(t.Context())
	s := l.State()
	if len(s.Lines) != 2 || s.Lines[0].Who != "Example Clinic" || s.Count != "" {
		t.Fatalf("%+v", s)
	}
	says(t, "a line", s.Lines[0], "21 Nov 2026", "Privileging", "Professional licence", it.Number, town.BoardName, "Family name, Where it holds")
	for query, want := range map[string]int{"town hospital": 1, "HOSPITAL": 1, "clinic privileging": 1, it.Number: 2, "nobody": 0, "  ": 2, "family": 2} {
		l.Search(query)
		if s := l.State(); len(s.Lines) != want || strings.TrimSpace(query) != "" && s.Count == "" {
			t.Errorf("%q: %+v", query, s)
		}
	}
	l.Search("nobody") // exports everything all the same
	var b strings.Builder
	if err := l.Export(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil || len(rows) != 3 || rows[0][1] != "Who asked" || rows[1][1] != "Example Clinic" || !strings.HasPrefix(rows[1][0], "2026-11-21T") {
		t.Errorf("%q, %v", rows, err)
	}
	p.fail = errors.New("x")
	l.Refresh(t.Context())
	if s := l.State(); s.Trouble.Code != "internal_error" {
		t.Errorf("%+v", s)
	}
}

type someLog []wallet.Shared

func (l someLog) Log(context.Context) ([]wallet.Shared, error) { return l, nil }
func (someLog) Boards() ([]wallet.Board, error)                { return nil, nil }

// TestSharedLogOfStrangers: what strangers called themselves is no formula, and
// lines of former versions say what they know.
func TestSharedLogOfStrangers(t *testing.T) {
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	log := someLog{
		{At: at, Audience: `=HYPERLINK("https://evil.example")`, Purpose: "privileging", Credentials: []wallet.SharedCredential{{Types: []string{"ProfessionalLicence"}, Number: "+1", Issuer: "did:x:y", Format: vc.SDJWT, Claims: []string{}}}},
		{At: at, Audience: "Old\u202e", Purpose: "disaster", Credentials: []wallet.SharedCredential{{Issuer: "did:x:y"}}},
	}
	l := NewSharedLog(func() (Logging, error) { return log, nil }, English(), func() {})
	l.Refresh(t.Context())
	s := l.State()
	if !s.Lines[0].Odd || strings.Contains(all(s), "\u202e") || s.Lines[0].Licences[0].Details != "Everything that it says" || s.Lines[0].Licences[0].Title != "Credential" {
		t.Errorf("%+v", s)
	}
	if d := s.Lines[1].Licences[0].Details; d != "No details beside what always goes with it" {
		t.Error(d)
	}
	var b strings.Builder
	if err := l.Export(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil || rows[2][1] != `'=HYPERLINK("https://evil.example")` || rows[2][4] != "'+1" {
		t.Errorf("%q, %v", rows, err)
	}
	if name := LogName(at); name != "shared-20261101.csv" {
		t.Error(name)
	}
}
