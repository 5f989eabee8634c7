package home

import (
	"bytes"
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"bonafide/assets/mappings"
	"bonafide/assets/templates"
	"bonafide/internal/fixtures"
	"bonafide/issuer"
	"bonafide/ledger"
)

// TestThreat77_ActsOfAHome: on a real network of one, a second person binds
// from the moment they are there, and a running home carries out what was
// approved when its day comes.
func TestThreat77_ActsOfAHome(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var ahead atomic.Int64 // of the machine's time, which the engine stamps blocks with
	o := options(&user{pass: goodPass})
	o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	o.As = "Ada"
	dir := filepath.Join(t.TempDir(), "board")
	h, err := Create(dir, o, false)
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

	// Before there is a register a tick does nothing.
	k := keeper{h: h}
	if n, err := k.tick(ctx); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}

	docs, err := templates.Documents()
	if err != nil {
		t.Fatal(err)
	}
	actions := []ledger.Action{ledger.Accredit{Issuer: id, Type: issuer.ProfessionalLicence, Jurisdictions: []string{"US-OH"}}}
	for _, d := range docs {
		actions = append(actions, ledger.RegisterTemplate{Document: d})
	}
	for _, a := range actions {
		if _, err := h.Propose(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	b, err := h.Board(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m, err := issuer.ParseMapping(mappings.Bonafide)
	if err != nil {
		t.Fatal(err)
	}
	rows := fixtures.Register(1, fixtures.Medicine, 2, time.Now())
	var csv bytes.Buffer
	if err := fixtures.WriteCSV(&csv, rows); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Import(ctx, &csv, m, issuer.ImportOptions{Person: h.Actor()}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Issue(ctx, issuer.IssueOptions{Person: h.Actor()}); err != nil {
		t.Fatal(err)
	}

	day := time.Now().Add(48 * time.Hour)
	suspend := func(row int) issuer.Outcome {
		t.Helper()
		out, err := b.Status(ctx, issuer.StatusAct{Ref: rows[row].Number, Value: ledger.SuspendedStatus, Person: h.Actor(), Effective: day})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := suspend(0); out.State != issuer.AwaitsDay || !out.Alone {
		t.Errorf("alone: %+v", out)
	}
	if err := h.AddPerson(ctx, "Bea"); err != nil {
		t.Fatal(err)
	}
	out := suspend(1)
	if out.State != issuer.AwaitsApproval {
		t.Fatalf("%+v", out)
	}
	_, err = b.Approve(ctx, out.ID, h.Actor())
	wantCode(t, err, "act_own")

	// The other person, in a process of their own.
	o2 := o
	o2.As = "Bea"
	h2 := mustOpen(t, dir, o2)
	b2, err := h2.Board(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if h2.Actor() != "Bea" {
		t.Fatalf("%q acts", h2.Actor())
	}
	if out, err = b2.Approve(ctx, out.ID, h2.Actor()); err != nil || out.State != issuer.AwaitsDay {
		t.Fatalf("%+v, %v", out, err)
	}

	// Its day comes; the running home sends it, once, and stops when told.
	ahead.Store(int64(49 * time.Hour))
	ticks := make(chan time.Time)
	told := make(chan int, 10)
	stopped := make(chan struct{})
	keeping, stop := context.WithCancel(ctx)
	go func() {
		defer close(stopped)
		h.KeepActs(keeping, ticks, func(n int, err error) {
			if err != nil {
				t.Error(err)
			}
			told <- n
		})
	}()
	for range 3 {
		ticks <- time.Time{}
	}
	stop()
	<-stopped
	if n := <-told; n != 2 || len(told) != 0 {
		t.Errorf("%d acts, and %d reports more", n, len(told))
	}
	d, err := h.Data()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		_, index, err := b.Credential(ctx, r.Number, issuer.RegisterCopy, "vcdm2-di")
		if err != nil {
			t.Fatal(err)
		}
		if s, err := d.View.Status(id, index); err != nil || s != ledger.SuspendedStatus {
			t.Errorf("%s, %v", s, err)
		}
	}
	if a, err := b.Alarms(ctx); err != nil || a != (issuer.Alarms{}) {
		t.Errorf("%+v, %v", a, err)
	}
	closed := make(chan time.Time)
	close(closed)
	h.KeepActs(ctx, closed, nil) // it ends
}
