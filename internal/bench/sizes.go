package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"bonafide/internal/demo"
	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// measureSizes plays the demo and weighs what it leaves: one member, two
// boards, 200 licences. The delta is one status change after that.
func measureSizes(ctx context.Context, dir string) (rows []Row, err error) {
	dir = filepath.Join(dir, "demo")
	rep, err := demo.Run(ctx, demo.Options{Keep: dir})
	if err != nil {
		return nil, err
	}
	if !rep.AsExpected() {
		return nil, errors.New("the demo has a verdict that is not as expected")
	}
	credential, err := os.ReadFile(filepath.Join(dir, "files", "copy-plain.json"))
	if err != nil {
		return nil, err
	}
	var c struct {
		Evidence []struct {
			Anchor string `json:"anchor"`
		} `json:"evidence"`
	}
	if err := json.Unmarshal(credential, &c); err != nil {
		return nil, err
	}
	if len(c.Evidence) != 1 || c.Evidence[0].Anchor == "" {
		return nil, errors.New("a credential without one anchor")
	}
	presentation, err := os.ReadFile(filepath.Join(dir, "files", "presentation-1.json"))
	if err != nil {
		return nil, err
	}
	whole, delta, err := packs(ctx, dir)
	if err != nil {
		return nil, err
	}
	info, err := pack.Inspect(bytes.NewReader(whole))
	if err != nil {
		return nil, err
	}
	for _, s := range []struct {
		name string
		n    int
	}{
		{"light-block-bytes", info.HeaderBytes},
		{"anchor-bytes", len(c.Evidence[0].Anchor)},
		{"credential-bytes", len(credential)},
		{"presentation-bytes", len(presentation)},
		{"pack-bytes", len(whole)},
		{"delta-bytes", len(delta)},
	} {
		rows = append(rows, Row{Name: s.name, Value: float64(s.n), Unit: "bytes", Better: Lower})
	}
	return rows, nil
}

// packs starts the demo's node again and gives a pack of everything, then what
// one status change adds.
func packs(ctx context.Context, dir string) (whole, delta []byte, err error) {
	pass, err := os.ReadFile(filepath.Join(dir, "passphrase"))
	if err != nil {
		return nil, nil, err
	}
	o := options()
	o.Passphrase = func(string, bool) ([]byte, error) { return bytes.Clone(bytes.TrimSpace(pass)), nil }
	h, err := home.Open(filepath.Join(dir, "homes", "medicine"), o)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, h.StopNode(), h.Close()) }()
	if _, err := h.StartNode(ctx, home.NodeOptions{}); err != nil {
		return nil, nil, err
	}
	b, err := h.Board(ctx) // brings in what is new
	if err != nil {
		return nil, nil, err
	}
	d, err := h.Data()
	if err != nil {
		return nil, nil, err
	}
	node, err := h.Client()
	if err != nil {
		return nil, nil, err
	}
	var w, n bytes.Buffer
	if err := node.Pack(ctx, 0, &w); err != nil {
		return nil, nil, err
	}
	number := fixtures.Number(fixtures.Medicine.Prefix, 100_040)
	if _, err := b.Status(ctx, issuer.StatusAct{Ref: number, Value: ledger.Probation, Person: person}); err != nil {
		return nil, nil, err
	}
	if err := node.Pack(ctx, d.Height, &n); err != nil {
		return nil, nil, err
	}
	return w.Bytes(), n.Bytes(), nil
}
