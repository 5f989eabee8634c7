package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"
	"time"

	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/issuer"
)

// waits adds up how long issuing waited for epochs to close. A wait lasts from
// its own report to the next one of something else.
type waits struct {
	began time.Time // of the wait that is on; zero: none
	total time.Duration
}

func (w *waits) progress(step string, _, _ int) {
	if !w.began.IsZero() {
		w.total += time.Since(w.began)
		w.began = time.Time{}
	}
	if step == "wait" {
		w.began = time.Now()
	}
}

// bareSigning returns what signs n messages with Ed25519 and n with P-256, and
// nothing else, and says how long it took.
func bareSigning() (func(n int) (time.Duration, error), error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	var msg [64]byte
	return func(n int) (time.Duration, error) {
		start := time.Now()
		for range n {
			ed25519.Sign(private, msg[:])
			digest := sha256.Sum256(msg[:])
			if _, err := ecdsa.SignASN1(rand.Reader, p256, digest[:]); err != nil {
				return 0, err
			}
		}
		return time.Since(start), nil
	}, nil
}

// measureIssue compares issuing 10,000 register copies, half of them in each
// format, on one core, from the register to credentials that may go out,
// everything on disk, with bare signing of as many. Waiting for the epoch to
// close is a row of its own.
func measureIssue(ctx context.Context, dir string) ([]Row, error) {
	const (
		n     = 10_000
		turns = 3
	)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	sign, err := bareSigning()
	if err != nil {
		return nil, err
	}
	var (
		taken  []turn
		waited []float64
	)
	for i := range turns {
		err := withBoard(ctx, dir, fmt.Sprintf("issue-%d", i), n/2, func(_ *home.Home, b *issuer.Board, _ []fixtures.Row) error {
			var w waits
			bare, err := sign(n / 2)
			if err != nil {
				return err
			}
			start := time.Now()
			rep, err := b.Issue(ctx, issuer.IssueOptions{Person: person, Progress: w.progress})
			took := time.Since(start) - w.total
			if err != nil {
				return err
			}
			again, err := sign(n / 2)
			if err != nil {
				return err
			}
			bare = (bare + again) / 2
			if rep.Issued != n {
				return fmt.Errorf("%d of %d credentials issued", rep.Issued, n)
			}
			taken = append(taken, turn{n / took.Seconds(), n / bare.Seconds()})
			waited = append(waited, w.total.Seconds())
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(waited)
	return []Row{
		compared("issue-batch-10000", "credentials/s", 0.05, taken),
		{Name: "issue-batch-10000-epoch-wait", Value: waited[turns/2], Unit: fmt.Sprintf("s, epochs every %s", interval), Better: Lower},
	}, nil
}
