package issuer_test

import (
	"testing"
	"time"

	"bonafide/internal/fixtures"
	"bonafide/issuer"
)

// BenchmarkIssueBatch issues 10,000 register copies, durably, on a ledger in
// memory. It reports the time of one credential and how it compares with a
// bare signature: ratio is signing time over issuing time.
func BenchmarkIssueBatch(b *testing.B) {
	const n = 10_000
	for b.Loop() {
		b.StopTimer()
		w := newWorldIn(b, b.TempDir())
		w.importRows(fixtures.Register(5, fixtures.Medicine, n, w.l.Now))
		msg := make([]byte, 64)
		s := signer{w.desk.Issuing}
		start := time.Now()
		for range n {
			if _, err := s.Sign(msg); err != nil {
				b.Fatal(err)
			}
		}
		bare := time.Since(start)
		b.StartTimer()
		start = time.Now()
		r, err := w.board.Issue(ctx, issuer.IssueOptions{})
		took := time.Since(start)
		b.StopTimer()
		if err != nil || r.Issued != n {
			b.Fatalf("%+v, %v", r, err)
		}
		b.ReportMetric(float64(took.Microseconds())/n, "µs/credential")
		b.ReportMetric(float64(bare)/float64(took), "ratio")
		b.StartTimer()
	}
}
