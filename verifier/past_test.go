package verifier

import (
	"testing"

	"bonafide/ledger"
)

// What imports taught, as of states before, in and after a gap. The data is at
// height 100.
func TestPastStatus(t *testing.T) {
	const unknown = ledger.Status(99)
	one := []PastChange{{Height: 40, Old: ledger.Current, New: ledger.SuspendedStatus}}
	two := append(one, PastChange{Height: 60, Old: ledger.SuspendedStatus, New: ledger.Revoked})
	for _, c := range []struct {
		name        string
		p           PastStatus
		now         ledger.Status
		first, last uint64
		want        ledger.Status
	}{
		{"nothing known", PastStatus{}, ledger.Probation, 40, 99, unknown},
		{"nothing known, the newest state", PastStatus{}, ledger.Probation, 40, 100, ledger.Probation},
		{"no change", PastStatus{Height: 100}, ledger.Probation, 1, 1, ledger.Probation},
		{"before a change", PastStatus{Height: 100, Changes: two}, ledger.Revoked, 30, 39, ledger.Current},
		{"at a change", PastStatus{Height: 100, Changes: two}, ledger.Revoked, 40, 59, ledger.SuspendedStatus},
		{"after all changes", PastStatus{Height: 100, Changes: two}, ledger.Revoked, 60, 99, ledger.Revoked},
		{"altered", PastStatus{Height: 100, Changes: one}, ledger.Revoked, 30, 39, unknown},
		{"altered in the middle", PastStatus{Height: 100, Changes: append([]PastChange{{Height: 20, Old: ledger.Current, New: ledger.Hold}}, two...)}, ledger.Revoked, 10, 19, unknown},
		{"a change beyond the data", PastStatus{Height: 120, Changes: []PastChange{{Height: 110, Old: ledger.Hold, New: ledger.Current}}}, ledger.Hold, 40, 99, ledger.Hold},

		{"before what is known", PastStatus{Height: 100, Gaps: []PastGap{{Until: 50}}}, ledger.Current, 40, 49, unknown},
		{"from the first import on", PastStatus{Height: 100, Gaps: []PastGap{{Until: 50}}}, ledger.Current, 40, 50, ledger.Current},
		{"a young board", PastStatus{Height: 100, Gaps: []PastGap{{Until: 50, Once: true}}}, ledger.Current, 40, 49, ledger.Current},
		{"a young board, not current", PastStatus{Height: 100, Gaps: []PastGap{{Until: 50, Once: true}}}, ledger.SuspendedStatus, 40, 49, unknown},
		{"final at the first import", PastStatus{Height: 100, Gaps: []PastGap{{Until: 50}}}, ledger.Revoked, 40, 49, unknown},

		{"in a gap", PastStatus{Height: 100, Gaps: []PastGap{{After: 30, Until: 50}}}, ledger.Current, 40, 45, unknown},
		{"at its beginning", PastStatus{Height: 100, Gaps: []PastGap{{After: 30, Until: 50}}}, ledger.Current, 25, 35, ledger.Current},
		{"at its end", PastStatus{Height: 100, Gaps: []PastGap{{After: 30, Until: 50}}}, ledger.Current, 45, 55, ledger.Current},
		{"in a gap without two changes of one", PastStatus{Height: 100, Gaps: []PastGap{{After: 30, Until: 50, Once: true}}}, ledger.Current, 40, 45, ledger.Current},
		{"in a gap, final before it", PastStatus{Height: 100, Gaps: []PastGap{{After: 30, Until: 50}}}, ledger.Void, 40, 45, ledger.Void},
		{"in a gap that it changed in", PastStatus{Height: 100, Gaps: []PastGap{{After: 30, Until: 40, Once: true}}, Changes: one}, ledger.SuspendedStatus, 35, 39, unknown},
		{"final in a gap that it changed in", PastStatus{Height: 100, Gaps: []PastGap{{After: 50, Until: 60}}, Changes: two}, ledger.Revoked, 55, 59, unknown},
		{"before that gap", PastStatus{Height: 100, Gaps: []PastGap{{After: 30, Until: 40}}, Changes: one}, ledger.SuspendedStatus, 20, 30, ledger.Current},
		{"between two gaps", PastStatus{Height: 100, Gaps: []PastGap{{After: 30, Until: 40}, {After: 50, Until: 60}}, Changes: two}, ledger.Revoked, 45, 48, ledger.SuspendedStatus},

		// The data at hand lies before what was learned since, or in the middle.
		{"a gap beyond the data", PastStatus{Height: 120, Gaps: []PastGap{{After: 100, Until: 120}}}, ledger.Current, 40, 99, ledger.Current},
		{"a gap around the data", PastStatus{Height: 120, Gaps: []PastGap{{After: 90, Until: 120}}}, ledger.Revoked, 95, 99, unknown},
		{"nothing known before the next import", PastStatus{Height: 120, Gaps: []PastGap{{Until: 120}}}, ledger.Current, 95, 99, unknown},
	} {
		got, ok := c.p.at(c.now, 100, c.first, c.last)
		if ok != (c.want != unknown) || ok && got != c.want {
			t.Errorf("%s: %s %v", c.name, got, ok)
		}
	}
}
