package ledger

import (
	"bytes"
	"testing"
	"time"

	"bonafide/internal/explain"
)

// FuzzApply alters one thing of a delta: no panic, the view that it is applied to
// stays as it was, and what gives the true index gives the true answers.
func FuzzApply(f *testing.F) {
	n, a, b := carriedWorld(f)
	base := assembleWhole(f, n.view(), time.Time{})
	was := base.AppHash()
	from := base.Height()
	n.must(b, SetStatus{Pages: 3, Changes: []StatusChange{set(5, Hold), set(2*PageIndexes+1, Probation), move(11, 12)}})
	n.must(a, Propose{Upgrade{"v2", 1 << 40}})
	n.must(b, ReportKey{b.method(b.issuing), n.now.Unix()})
	n.must(b, batch("later"))
	n.now = n.now.Add(testParams.Interval)
	n.run()
	whole := assembleWhole(f, n.view(), time.Time{})
	for subject := range uint16(16) {
		f.Add(subject, uint16(0), uint16(3), byte(1), byte(0), byte(0))
		f.Add(subject, uint16(0), uint16(0), byte(128), byte(subject%4), byte(1))
	}
	f.Add(uint16(0), uint16(0), uint16(0), byte(0), byte(0), byte(3))
	f.Fuzz(func(t *testing.T, subject, entry, at uint16, flip, what byte, earlier byte) {
		c, err := n.view().Export(from-uint64(earlier%20), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		s := &c.Subjects[int(subject)%len(c.Subjects)]
		bend := func(list [][]byte) {
			if len(list) == 0 {
				return
			}
			i := int(entry) % len(list)
			e := bytes.Clone(list[i])
			if len(e) > 0 {
				e[int(at)%len(e)] ^= flip
			}
			list[i] = e
		}
		switch what % 4 {
		case 0:
			bend(s.Entries)
			if s.Status != nil {
				bend(s.Status.Log)
			}
		case 1:
			s.First += uint64(entry)
			s.Length += uint64(at)
			s.Root[at%32] ^= flip
		case 2:
			if s.Status != nil {
				s.Status.Sequence += uint64(entry)
				s.Status.Changes += uint64(at)
				s.Status.Pages += uint32(flip)
			}
		case 3:
			if len(s.Entries) > 0 {
				s.Entries = s.Entries[:int(entry)%len(s.Entries)]
			}
			if s.Status != nil && len(s.Status.Log) > 0 {
				s.Status.Log = s.Status.Log[:int(at)%len(s.Status.Log)]
			}
		}
		v, err := base.Apply(c)
		if base.AppHash() != was || base.Height() != from {
			t.Fatal("the view that the delta was applied to has changed")
		}
		if err != nil {
			if code := explain.CodeOf(err); v != nil || code != "carried_malformed" && code != "carried_gap" && code != "carried_older" {
				t.Fatalf("%v", err)
			}
			return
		}
		if v.AppHash() == n.hash {
			equalViews(t, whole, v)
		}
	})
}
