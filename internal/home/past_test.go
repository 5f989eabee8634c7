package home

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"bonafide/assets/templates"
	"bonafide/internal/strictjson"
	"bonafide/internal/testkit"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/storage"
	"bonafide/vc"
	"bonafide/verifier"
)

// pastWorld is a ledger whose first board has licences at indexes 0 to 3.
type pastWorld struct {
	*testkit.Ledger
	t     testing.TB
	board *testkit.Board
	files [][]byte
}

const pastLicences = 4

func newPastWorld(t testing.TB) *pastWorld {
	t.Helper()
	l := testkit.NewLedger(t, netA, 1, 1)
	w := &pastWorld{Ledger: l, t: t, board: l.Boards[0]}
	for _, d := range must(templates.Documents()) {
		l.Decide(ledger.RegisterTemplate{Document: d})
	}
	l.Decide(ledger.Accredit{Issuer: w.board.DID, Type: "ProfessionalLicence", Jurisdictions: []string{"US-OH"}})
	l.Execute(l.Sign(w.board, ledger.SetStatus{Pages: 2}))
	var drafts []*vc.Draft
	var leaves [][32]byte
	var salts [][16]byte
	for i := range pastLicences {
		claims := must(strictjson.Object([]byte(`{
			"@context": ["https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"],
			"type": ["VerifiableCredential", "ProfessionalLicence"],
			"issuer": "`+string(w.board.DID)+`", "validFrom": "2026-11-01T00:00:00Z", "validUntil": "2036-10-31T23:59:59Z",
			"credentialSubject": {
				"type": "Practitioner", "familyName": "Quillfeather",
				"licence": {"type": "Licence", "number": "MD-0012345", "jurisdiction": "US-OH", "profession": "physician",
					"issued": "2026-11-01", "expires": "2028-10-31"}},
			"credentialStatus": [{"type": "LedgerStatusEntry", "statusIndex": "`+strconv.Itoa(i)+`"}],
			"evidence": [{"type": "LedgerAnchor", "anchor": ""}]}`), strictjson.Default))
		salt := [16]byte{byte(i + 1)}
		drafts, salts = append(drafts, must(vc.NewDraft(claims))), append(salts, salt)
		leaves = append(leaves, must(drafts[i].Leaf(netA, salt)))
	}
	for i, a := range l.AnchorLeaves(w.board, leaves, salts, ledger.Month{Year: 2036, Month: 12}) {
		w.files = append(w.files, must(drafts[i].Seal(a.String(), vc.ProofOptions{
			VerificationMethod: w.board.Method(t, w.board.Issuing), Created: testkit.Start, Key: testkit.Public(t, w.board.Issuing),
		}, func(m []byte) ([]byte, error) { return ed25519.Sign(w.board.Issuing, m), nil })))
	}
	return w
}

// set changes statuses in one block.
func (w *pastWorld) set(values map[uint32]ledger.Status) {
	w.t.Helper()
	var changes []ledger.StatusChange
	for i := range uint32(ledger.PageIndexes + 10) {
		if v, ok := values[i]; ok {
			changes = append(changes, ledger.StatusChange{Op: ledger.SetValue, Index: i, Value: v})
		}
	}
	w.Execute(w.Sign(w.board, ledger.SetStatus{Pages: 2, Changes: changes}))
}

// truth is a status at a time, as nobody but the ledger itself knows.
func (w *pastWorld) truth(index uint32, at time.Time) ledger.Status {
	out := ledger.Current
	records, _ := w.View().StatusChanges(w.board.DID, 0)
	for _, c := range records {
		when, ok := w.View().TimeOf(c.Height)
		if !ok {
			w.t.Fatal("a change without a time")
		}
		if c.Index == index && !when.After(at) {
			out = c.New
		}
	}
	return out
}

// judging is a site's verifier without a history: that is not what is tested.
func (s *site) judging() *verifier.Verifier {
	s.t.Helper()
	return must(verifier.New(verifier.Config{Data: s.Data, Clock: s.clock, Past: past{s.Home}}))
}

// said is the code of a status check at a time.
func (s *site) said(v *verifier.Verifier, file []byte, at time.Time) string {
	s.t.Helper()
	res, err := v.Verify(context.Background(), verifier.Input{Bytes: file, At: at})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range res.Checks {
		if c.ID == verifier.CheckStatus {
			return c.Code
		}
	}
	s.t.Fatal("no status check")
	return ""
}

// abandon learns what an import would bring and stops before it counts, as a
// crash does.
func (s *site) abandon(b []byte) {
	s.t.Helper()
	res, err := pack.Import(must(s.Trust()), must(s.Data()), bytes.NewReader(b), s.now, s.now)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := must(s.pastStore(true)).Learn(context.Background(), netA, verifier.Learn(must(s.Data()), res)); err != nil {
		s.t.Fatal(err)
	}
}

// lose takes data in without its past, as where an older database was put back.
func (s *site) lose(b []byte) {
	s.t.Helper()
	if err := s.Network().Update(context.Background(), func(_, _ []byte) ([]byte, []byte, error) {
		res, err := pack.Import(must(s.Trust()), must(s.Data()), bytes.NewReader(b), s.now, s.now)
		if err != nil {
			return nil, nil, err
		}
		return must(res.Trust.Marshal()), res.Stored, nil
	}); err != nil {
		s.t.Fatal(err)
	}
}

// Homes that import in different ways over the same history, chosen at random:
// what one says of the past is true or that it does not know, and who saw every
// change knows every second since the first import.
func TestThreat57_WhatHomesKnowOfThePast(t *testing.T) {
	values := []ledger.Status{ledger.Current, ledger.Current, ledger.Probation, ledger.SuspendedStatus, ledger.Hold, ledger.Lapsed, ledger.Revoked}
	for seed := range uint64(2) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 57))
			w := newPastWorld(t)
			deltas, wholes, both := newSite(t), newSite(t), newSite(t)
			all := []*site{deltas, wholes, both}
			final := map[uint32]bool{}
			var times, imports []time.Time
			import1 := func(s *site, whole bool) {
				from := uint64(0)
				if d, err := s.Data(); err == nil && !whole {
					from = d.Height
				}
				s.take(export(t, w.Ledger, from))
			}
			var began time.Time
			for step := range 24 {
				if rnd.IntN(4) > 0 {
					change := map[uint32]ledger.Status{}
					for range rnd.IntN(3) + 1 {
						i := []uint32{0, 1, 2, 3, ledger.PageIndexes + 7}[rnd.IntN(5)]
						v := values[rnd.IntN(len(values))]
						if !final[i] {
							change[i], final[i] = v, v.Final()
						}
					}
					if len(change) > 0 {
						w.set(change)
					}
				}
				w.Beat(time.Duration(rnd.IntN(90)+1) * time.Minute)
				times = append(times, w.Now, w.Now.Add(-time.Duration(rnd.IntN(3000))*time.Second))
				if step < 3 {
					continue
				}
				if began.IsZero() {
					for _, s := range all {
						s.now = w.Now
						s.pin(w.Ledger)
						import1(s, true)
					}
					began = must(deltas.Data()).AsOf
					imports = append(imports, began)
					continue
				}
				for _, s := range all {
					s.now = w.Now
				}
				if rnd.IntN(2) == 0 {
					import1(deltas, false)
				} else if rnd.IntN(2) == 0 {
					deltas.abandon(export(t, w.Ledger, 0))
				}
				if rnd.IntN(3) == 0 {
					import1(wholes, true)
					imports = append(imports, must(wholes.Data()).AsOf)
				}
				switch rnd.IntN(5) {
				case 0:
					import1(both, false)
				case 1:
					import1(both, true)
				case 2:
					both.abandon(export(t, w.Ledger, 0))
				case 3:
					both.abandon(export(t, w.Ledger, must(both.Data()).Height))
				}
			}
			for _, s := range all {
				import1(s, s == wholes)
				v := s.judging()
				known, unknown := 0, 0
				for _, at := range append(times, imports...) {
					if at.After(must(s.Data()).AsOf) {
						continue
					}
					for i, file := range w.files {
						code := s.said(v, file, at)
						switch want := "status_" + w.truth(uint32(i), at).String() + "_then"; {
						case code == want:
							known++
						case code == "no_history":
							unknown++
							if s == deltas && !at.Before(began) {
								t.Errorf("%d at %s is not known, though every change came", i, at)
							}
						case code != "not_run":
							t.Errorf("%d at %s is told to be %s, not %s", i, at, code, want)
						}
					}
				}
				for _, at := range imports {
					for i, file := range w.files {
						if s == wholes && s.said(v, file, at) == "no_history" {
							t.Errorf("%d at the import of %s is not known", i, at)
						}
					}
				}
				if known < 20 || unknown == 0 {
					t.Errorf("%d answers, %d without", known, unknown)
				}
			}
		})
	}
}

// A suspension that was lifted again, for a home that took a delta in between
// and one that took whole packs around it.
func TestPastOfWholePacksAndDeltas(t *testing.T) {
	w := newPastWorld(t)
	w.Beat(time.Hour)
	deltas, wholes := newSite(t), newSite(t)
	both := []*site{deltas, wholes}
	for _, s := range both {
		s.now = w.Now
		s.pin(w.Ledger)
		s.take(export(t, w.Ledger, 0))
	}
	early := must(deltas.Data()).AsOf.Add(-time.Minute)
	before := must(deltas.Data()).AsOf
	w.Beat(time.Hour)
	w.set(map[uint32]ledger.Status{1: ledger.SuspendedStatus})
	w.Beat(time.Hour)
	during := w.Now.Add(-30 * time.Minute)
	w.set(map[uint32]ledger.Status{1: ledger.Current})
	w.Beat(time.Hour)
	from := must(deltas.Data()).Height
	for _, s := range both {
		s.now = w.Now
	}
	deltas.take(export(t, w.Ledger, from))
	wholes.take(export(t, w.Ledger, 0))
	after := must(deltas.Data()).AsOf.Add(-time.Minute)

	for _, c := range []struct {
		at             time.Time
		index          int
		deltas, wholes string
	}{
		// The board was so young at the first import that nothing can have changed.
		{early, 1, "status_current_then", "status_current_then"},
		{before, 1, "status_current_then", "status_current_then"},
		{during, 1, "status_suspended_then", "no_history"},
		// No block did anything since.
		{after, 1, "status_current_then", "status_current_then"},
		{w.Now.Add(-2 * time.Second), 1, "at_newer_than_data", "at_newer_than_data"},
		// Two changes that left no trace may have been anybody's.
		{during, 2, "status_current_then", "no_history"},
	} {
		if c.deltas == "at_newer_than_data" { // right after the data
			c.at = must(deltas.Data()).AsOf.Add(time.Second)
		}
		if got := deltas.said(deltas.judging(), w.files[c.index], c.at); got != c.deltas {
			t.Errorf("deltas, %s: %s, not %s", c.at, got, c.deltas)
		}
		if got := wholes.said(wholes.judging(), w.files[c.index], c.at); got != c.wholes {
			t.Errorf("wholes, %s: %s, not %s", c.at, got, c.wholes)
		}
	}

	// Two changes at two places: an index that is the same at both ends was not touched.
	w.Beat(time.Hour)
	w.set(map[uint32]ledger.Status{ledger.PageIndexes + 3: ledger.SuspendedStatus})
	mid := w.Now.Add(30 * time.Minute)
	w.Beat(time.Hour)
	w.set(map[uint32]ledger.Status{1: ledger.Probation})
	w.Beat(time.Hour)
	wholes.now = w.Now
	wholes.take(export(t, w.Ledger, 0))
	v := wholes.judging()
	if got := wholes.said(v, w.files[2], mid); got != "status_current_then" {
		t.Errorf("an index that cannot have changed: %s", got)
	}
	if got := wholes.said(v, w.files[1], mid); got != "no_history" {
		t.Errorf("an index that changed some time: %s", got)
	}

	// Another process, and another home that has the data but not the past.
	if got := (&site{Home: deltas.open(), t: t}).said((&site{Home: deltas.open(), t: t}).judging(), w.files[1], during); got != "status_suspended_then" {
		t.Errorf("after opening again: %s", got)
	}
}

// A board that verifies nothing keeps nothing of it, any other home from its
// first import on.
func TestPastIsKeptByHospitals(t *testing.T) {
	w := newPastWorld(t)
	s := newSite(t)
	s.now = w.Now
	must(s.database(storage.Issuer))
	s.pin(w.Ledger)
	s.take(export(t, w.Ledger, 0))
	if roles := s.Roles(); strings.Join(roles, " ") != "issuer" {
		t.Errorf("a board's home has the roles %v", roles)
	}
	// It verifies; from the next import on it keeps.
	at := must(s.Data()).AsOf
	must(s.Hospital(context.Background(), HospitalOptions{}))
	w.Beat(time.Hour)
	s.now = w.Now
	w.set(map[uint32]ledger.Status{0: ledger.SuspendedStatus})
	w.Beat(time.Hour)
	s.now = w.Now
	s.take(export(t, w.Ledger, must(s.Data()).Height))
	if got := s.said(s.judging(), w.files[0], at); got != "status_current_then" {
		t.Errorf("at the data that was there: %s", got)
	}
	h := newSite(t)
	h.now = w.Now
	h.pin(w.Ledger)
	h.take(export(t, w.Ledger, 0))
	if roles := h.Roles(); strings.Join(roles, " ") != "verifier" {
		t.Errorf("a home that imports and is nothing else has the roles %v", roles)
	}
}

// A past that ends before the data is none, unless nothing changed since; from
// the next import on there is one again.
func TestPastThatEndsBeforeTheData(t *testing.T) {
	w := newPastWorld(t)
	s := newSite(t)
	s.now = w.Now
	s.pin(w.Ledger)
	s.take(export(t, w.Ledger, 0))
	step := func(take func([]byte), values map[uint32]ledger.Status) {
		w.Beat(time.Hour)
		if values != nil {
			w.set(values)
		}
		w.Beat(time.Hour)
		s.now = w.Now
		take(export(t, w.Ledger, must(s.Data()).Height))
	}
	said := func(index int, at time.Time, want string) {
		t.Helper()
		if got := s.said(s.judging(), w.files[index], at); got != want {
			t.Errorf("%d at %s: %s, not %s", index, at, got, want)
		}
	}
	step(s.take, map[uint32]ledger.Status{1: ledger.SuspendedStatus})
	suspended := w.Now.Add(-time.Minute)
	step(s.take, map[uint32]ledger.Status{1: ledger.Current})
	said(1, suspended, "status_suspended_then")
	step(s.lose, nil)
	said(1, suspended, "status_suspended_then")
	step(s.lose, map[uint32]ledger.Status{1: ledger.Probation, 2: ledger.Hold})
	said(1, suspended, "no_history")
	said(2, suspended, "no_history")
	began := must(s.Data()).AsOf
	step(s.take, map[uint32]ledger.Status{1: ledger.Current})
	said(1, suspended, "no_history")
	said(1, began, "status_probation_then")
	said(2, began, "status_hold_then")
}

// After another pin nothing connects what was known with what comes, but what
// did not change meanwhile.
func TestPastAfterAnotherPin(t *testing.T) {
	w := newPastWorld(t)
	w.set(map[uint32]ledger.Status{1: ledger.SuspendedStatus})
	s := newSite(t)
	s.now = w.Now
	s.pin(w.Ledger)
	s.take(export(t, w.Ledger, 0))
	w.Beat(time.Hour)
	w.set(map[uint32]ledger.Status{1: ledger.Current})
	w.Beat(time.Hour)
	s.now = w.Now
	s.take(export(t, w.Ledger, must(s.Data()).Height))
	suspended := w.Now.Add(-90 * time.Minute)
	repin := func() {
		w.Beat(time.Hour)
		s.now = w.Now
		if err := s.Pin(context.Background(), network(t, w.Ledger), true, nil); err != nil {
			t.Fatal(err)
		}
		s.take(export(t, w.Ledger, 0))
	}
	if got := s.said(s.judging(), w.files[1], suspended); got != "status_suspended_then" {
		t.Fatal(got)
	}
	repin()
	if got := s.said(s.judging(), w.files[1], suspended); got != "status_suspended_then" {
		t.Errorf("nothing changed between the pins: %s", got)
	}
	w.set(map[uint32]ledger.Status{2: ledger.SuspendedStatus})
	repin()
	if got := s.said(s.judging(), w.files[1], suspended); got != "no_history" {
		t.Errorf("something changed between the pins: %s", got)
	}
	if got := s.said(s.judging(), w.files[1], must(s.Data()).AsOf); got != "status_current_then" {
		t.Errorf("the newest state: %s", got)
	}
}
