//go:build rehearsal

package ledger

// A build with rules to change over to, for `make test-network` alone: under
// rehearsal-2 a batch is dated to the end of its year.
func init() {
	upgrades["rehearsal-2"] = rules{batch: func(b AnchorBatch) AnchorBatch {
		b.LastValidity.Month = 12
		return b
	}}
}
