package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"runtime"
	"time"

	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/vc"
	"bonafide/verifier"
)

// now is a clock that can be believed and keeps nothing on disk.
type now struct{}

func (now) Read(context.Context) (device, floor time.Time, err error) {
	t := time.Now()
	return t, t, nil
}

// measureVerify compares whole verdicts, from the bytes of a credential on, on
// one core with the ledger's data in memory, with bare signature checks.
func measureVerify(ctx context.Context, dir string) (rows []Row, err error) {
	const (
		distinct = 256 // credentials of one full batch, so that none is verified twice in a row
		turns    = 31
		checks   = 4 * distinct
	)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var (
		files [][]byte
		data  *pack.Data
	)
	err = withBoard(ctx, dir, "verify", ledger.MaxBatch, func(h *home.Home, b *issuer.Board, register []fixtures.Row) (err error) {
		if _, err := b.Issue(ctx, issuer.IssueOptions{Person: person}); err != nil {
			return err
		}
		for _, r := range register[:distinct] {
			raw, _, err := b.Credential(ctx, r.Number, issuer.RegisterCopy, vc.VCDM)
			if err != nil {
				return err
			}
			files = append(files, raw)
		}
		data, err = h.Data()
		return err
	})
	if err != nil {
		return nil, err
	}
	v, err := verifier.New(verifier.Config{Data: func() (*pack.Data, error) { return data, nil }, Clock: now{}})
	if err != nil {
		return nil, err
	}
	verdicts := func() error {
		for _, raw := range files {
			r, err := v.Verify(ctx, verifier.Input{Bytes: raw, Purpose: verifier.Monitoring})
			if err != nil {
				return err
			}
			if r.Verdict != verifier.Verified {
				return fmt.Errorf("a credential is %s: %s", r.Verdict, r.Headline)
			}
		}
		return nil
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	msg := make([]byte, 64) // as long as what the suite signs
	sig := ed25519.Sign(private, msg)
	if err := verdicts(); err != nil { // schemas are compiled once
		return nil, err
	}
	var taken []turn
	for range turns {
		start := time.Now()
		for range checks {
			if !ed25519.Verify(public, msg, sig) {
				return nil, fmt.Errorf("a signature does not hold")
			}
		}
		bare := time.Since(start)
		start = time.Now()
		if err := verdicts(); err != nil {
			return nil, err
		}
		taken = append(taken, turn{distinct / time.Since(start).Seconds(), checks / bare.Seconds()})
	}
	return []Row{compared("verify-eddsa-rdfc-2022", "verdicts/s", 0.15, taken)}, nil
}
