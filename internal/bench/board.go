package main

// A board as it is in use: a home on disk with its keys, its register and its
// own node, which is a network of one.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"bonafide/assets/mappings"
	"bonafide/assets/templates"
	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/issuer"
	"bonafide/ledger"
)

const (
	interval = time.Second // between epochs
	person   = "bench"
)

func options() home.Options {
	return home.Options{Now: time.Now, Passphrase: func(string, bool) ([]byte, error) {
		return []byte("benchmark benchmark"), nil // the home overwrites what it is given
	}}
}

// withBoard founds a board with n licences in its register and nothing issued.
func withBoard(ctx context.Context, dir, name string, n int, f func(h *home.Home, b *issuer.Board, rows []fixtures.Row) error) error {
	return founded(ctx, filepath.Join(dir, name), func(h *home.Home, b *issuer.Board) error {
		rows := fixtures.Register(1, fixtures.Medicine, n, time.Now().UTC())
		var csv bytes.Buffer
		if err := fixtures.WriteCSV(&csv, rows); err != nil {
			return err
		}
		if err := fill(ctx, b, &csv, n); err != nil {
			return err
		}
		return f(h, b, rows)
	})
}

// fill imports a file of n licences.
func fill(ctx context.Context, b *issuer.Board, csv io.Reader, n int) error {
	m, err := issuer.ParseMapping(mappings.Bonafide)
	if err != nil {
		return err
	}
	rep, err := b.Import(ctx, csv, m, issuer.ImportOptions{Person: person})
	if err != nil {
		return err
	}
	if rep.Added != n {
		return fmt.Errorf("%d of %d licences imported", rep.Added, n)
	}
	return nil
}

// founded makes a home with a board that is the one member of its network and
// runs its node. The register is empty.
func founded(ctx context.Context, dir string, f func(h *home.Home, b *issuer.Board) error) (err error) {
	h, err := home.Create(dir, options(), false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.StopNode(), h.Close()) }()
	_, id, err := h.Found(ctx, home.FoundOptions{
		Label: "bench", Name: "Benchmark Board", Contact: "desk@bench.example",
		Params: ledger.Params{Interval: interval, IssuerDelay: time.Second, RecoverDelay: time.Second, ProposalLife: time.Hour},
	})
	if err != nil {
		return err
	}
	if _, err := h.StartNode(ctx, home.NodeOptions{}); err != nil {
		return err
	}
	docs, err := templates.Documents()
	if err != nil {
		return err
	}
	var actions []ledger.Action
	for _, d := range docs {
		actions = append(actions, ledger.RegisterTemplate{Document: d})
	}
	kind := fixtures.Medicine
	actions = append(actions, ledger.Accredit{Issuer: id, Type: kind.Type, Jurisdictions: []string{kind.Jurisdiction}})
	for _, a := range actions {
		p, err := h.Propose(ctx, a)
		if err != nil {
			return err
		}
		if p.State != ledger.ProposalDone {
			return fmt.Errorf("proposal %d is %s %s", p.Number, p.State, p.FailedReason)
		}
	}
	b, err := h.Board(ctx)
	if err != nil {
		return err
	}
	return f(h, b)
}
