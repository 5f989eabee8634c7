package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"runtime"
	"slices"
	"time"

	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/issuer"
)

// measureIssue compares issuing 10,000 register copies on one core, from the
// register to credentials that may go out, everything on disk, with bare
// signing. Waiting for the epoch to close is a row of its own.
func measureIssue(ctx context.Context, dir string) ([]Row, error) {
	const (
		n     = 10_000
		turns = 3
	)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	msg := make([]byte, 64)
	sign := func() time.Duration {
		start := time.Now()
		for range n {
			ed25519.Sign(private, msg)
		}
		return time.Since(start)
	}
	var (
		taken []turn
		waits []float64
	)
	for i := range turns {
		err := withBoard(ctx, dir, fmt.Sprintf("issue-%d", i), n, func(_ *home.Home, b *issuer.Board, _ []fixtures.Row) error {
			var (
				began  time.Time // of the wait that is on; zero: none
				waited time.Duration
			)
			// A wait lasts from its own report to the next one of something else.
			progress := func(step string, _, _ int) {
				if !began.IsZero() {
					waited += time.Since(began)
					began = time.Time{}
				}
				if step == "wait" {
					began = time.Now()
				}
			}
			bare := sign()
			start := time.Now()
			rep, err := b.Issue(ctx, issuer.IssueOptions{Person: person, Progress: progress})
			took := time.Since(start) - waited
			bare = (bare + sign()) / 2
			if err != nil {
				return err
			}
			if rep.Issued != n {
				return fmt.Errorf("%d of %d credentials issued", rep.Issued, n)
			}
			taken = append(taken, turn{n / took.Seconds(), n / bare.Seconds()})
			waits = append(waits, waited.Seconds())
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(waits)
	return []Row{
		compared("issue-batch-10000", "credentials/s", 0.05, taken),
		{Name: "issue-batch-10000-epoch-wait", Value: waits[turns/2], Unit: fmt.Sprintf("s, epochs every %s", interval), Better: Lower},
	}, nil
}
