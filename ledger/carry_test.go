package ledger

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"bonafide/internal/explain"
)

// world returns a network with something of everything.
func carriedWorld(t testing.TB) (*network, *board, *board) {
	a, b := newBoard("a"), newBoard("b")
	n := newNetwork(t, a)
	n.create(b, a)
	n.accredit(a, b, licence, "US-OH")
	n.must(b, SetStatus{Pages: 2, Changes: []StatusChange{set(5, Probation), set(PageIndexes+9, Hold)}})
	for i := range 21 {
		last := Month{2027, 1}
		if i == 4 || i > 17 {
			last = Month{2031, 1}
		}
		n.must(b, AnchorBatch{root(fmt.Sprint(i)), 9, last})
		n.now = n.now.Add(testParams.Interval)
		n.run()
	}
	n.must(b, batch("open"))
	return n, a, b
}

func TestShrunkEpochs(t *testing.T) {
	n, _, b := carriedWorld(t)
	date := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	c, err := n.view().Export(0, date)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(c.Subjects, func(s CarriedSubject) bool { return s.Name == SubjectEpochs })
	var levels []uint8
	for _, s := range c.Subjects[i].Shrunk {
		levels = append(levels, s.Level)
	}
	// Epochs 1-4, then 5 is held, 6 alone, 7-8, 9-16, 17-18, the rest held.
	if !slices.Equal(levels, []uint8{2, 1, 3, 1}) || len(c.Subjects[i].Entries) != 5 {
		t.Fatalf("levels %v, %d entries", levels, len(c.Subjects[i].Entries))
	}
	v := assembleWhole(t, n.view(), date)
	for e := range n.view().LastEpoch() {
		full, _ := n.view().Epoch(e + 1)
		got, err := v.Epoch(e + 1)
		held := slices.Contains([]uint64{5, 6, 19, 20, 21}, e+1)
		if held && (err != nil || got != full) || !held && !errors.Is(err, ErrEpochShrunk) {
			t.Errorf("epoch %d: %+v %v", e+1, got, err)
		}
	}
	if err := v.CheckAnchor(Anchor{Epoch: 2, Size: 9}, b.id, Hash{}); explain.CodeOf(err) != "epoch_shrunk" {
		t.Errorf("%v", err)
	}
	// Which epoch a batch is in is known where the epochs around it are held.
	name := PrefixBatches + string(b.id)
	entries, err := n.view().Entries(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Attach(name, entries); err != nil {
		t.Fatal(err)
	}
	batches, err := v.Batches(b.id)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range batches {
		number := uint64(i + 1)
		if sure := slices.Contains([]uint64{6, 20, 21}, number); r.Shrunk != (!sure && i < 21) || sure && r.Epoch != number {
			t.Errorf("batch %d: epoch %d, shrunk %v", number, r.Epoch, r.Shrunk)
		}
	}
	// Shrunk once more by itself, later; and it goes on with deltas.
	later := assembleWhole(t, v, time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC))
	from := n.s.Height()
	n.now = n.now.Add(testParams.Interval)
	n.must(b, batch("more"))
	n.rest()
	d, err := n.view().Export(from, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range []*View{v, later} {
		next, err := base.Apply(d)
		if err != nil || next.AppHash() != n.hash || next.LastEpoch() != 22 {
			t.Errorf("%v", err)
		}
		if _, err := next.Epoch(22); err != nil {
			t.Error(err)
		}
	}
}

// TestThreat52_DeltasDoNotRollBack: what is older, leaves a gap or leaves
// something out does not apply, or gives another app hash.
func TestThreat52_DeltasDoNotRollBack(t *testing.T) {
	n, a, b := carriedWorld(t)
	base := assembleWhole(t, n.view(), time.Time{})
	h := base.Height()
	n.must(b, SetStatus{Pages: 2, Changes: []StatusChange{set(5, Revoked)}})
	n.must(a, Propose{Suspend{b.id, licence, "US-OH"}})
	n.rest()
	delta := func(from uint64) Carried {
		c, err := n.view().Export(from, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	newer, err := base.Apply(delta(h))
	if err != nil || newer.AppHash() != n.hash {
		t.Fatal(err)
	}
	if s, _ := base.Status(b.id, 5); s != Probation {
		t.Error("the old view changed")
	}
	if r, complete := newer.StatusChanges(b.id, h); len(r) != 1 || !complete || r[0].Old != Probation || r[0].New != Revoked {
		t.Errorf("%+v %v", r, complete)
	}
	if _, complete := newer.StatusChanges(b.id, h-1); complete {
		t.Error("changes before the base are not held")
	}
	// From a pack's view: deltas from where its base was, not from before.
	if c, err := newer.Export(h, time.Time{}); err != nil {
		t.Error(err)
	} else if again, err := base.Apply(c); err != nil || again.AppHash() != n.hash {
		t.Errorf("%v", err)
	}
	if _, err := newer.Export(h-1, time.Time{}); explain.CodeOf(err) != "history_not_held" {
		t.Errorf("%v", err)
	}
	old := delta(h)
	old.Height = h - 1
	for name, c := range map[string]struct {
		view *View
		d    Carried
		code string
	}{
		"older":         {newer, old, "carried_older"},
		"gap":           {base, delta(h + 1), "carried_gap"},
		"whole":         {base, delta(0), "carried_malformed"},
		"onto the node": {n.view(), delta(h), "carried_malformed"},
	} {
		if _, err := c.view.Apply(c.d); explain.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Assemble(delta(h)); explain.CodeOf(err) != "carried_malformed" {
		t.Errorf("a delta as a whole: %v", err)
	}
	// A gap hidden behind a false From.
	hidden := delta(h + 1)
	hidden.From = h
	if v, err := base.Apply(hidden); err == nil && v.AppHash() == n.hash {
		t.Error("a delta with a gap gives the state")
	}
	// Each subject of a delta matters.
	whole := delta(h)
	for i, s := range whole.Subjects {
		c := whole
		c.Subjects = slices.Delete(slices.Clone(whole.Subjects), i, i+1)
		v, err := base.Apply(c)
		if err == nil && v.AppHash() == n.hash && s.Name != SubjectParams && s.Name != SubjectClosed && s.Name != SubjectOpen {
			t.Errorf("without %s the delta gives the same state", s.Name)
		}
	}
}

// TestCarriedIsNotBelieved: whatever is changed or left out in a whole state
// is refused or gives another app hash.
func TestCarriedIsNotBelieved(t *testing.T) {
	n, _, b := carriedWorld(t)
	spoil := func(what string, f func(*Carried, func(string) *CarriedSubject)) {
		t.Helper()
		c, err := n.view().Export(0, time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		f(&c, func(name string) *CarriedSubject {
			return &c.Subjects[slices.IndexFunc(c.Subjects, func(s CarriedSubject) bool { return s.Name == name })]
		})
		v, err := Assemble(c)
		if err == nil && v.AppHash() == n.hash {
			t.Errorf("%s: the same state", what)
		}
		if err != nil && explain.CodeOf(err) != "carried_malformed" {
			t.Errorf("%s: %v", what, err)
		}
	}
	type find = func(string) *CarriedSubject
	status := PrefixStatus + string(b.id)
	whole, _ := n.view().Export(0, time.Time{})
	for i, s := range whole.Subjects {
		spoil("without "+s.Name, func(c *Carried, _ find) { c.Subjects = slices.Delete(c.Subjects, i, i+1) })
		spoil("twice "+s.Name, func(c *Carried, _ find) { c.Subjects = slices.Insert(c.Subjects, i, c.Subjects[i]) })
		spoil("length of "+s.Name, func(c *Carried, f find) {
			x := f(s.Name)
			switch {
			case x.Root != Hash{}:
				x.Length++
			case x.Status != nil:
				x.Status.Sequence++
			case len(x.Entries) > 0:
				x.Entries = x.Entries[1:]
			default:
				x.Entries = [][]byte{{1}}
			}
		})
		spoil("content of "+s.Name, func(_ *Carried, f find) {
			x := f(s.Name)
			switch {
			case x.Root != Hash{}:
				x.Root[5] ^= 1
			case x.Status != nil:
				x.Status.Whole = slices.Clone(x.Status.Whole)
				x.Status.Whole[1] = slices.Clone(x.Status.Whole[1])
				x.Status.Whole[1][77] ^= 0x60
			case len(x.Entries) > 0:
				x.Entries[0] = slices.Clone(x.Entries[0])
				x.Entries[0][len(x.Entries[0])-1] ^= 1
			default:
				x.First = 1
			}
		})
	}
	spoil("unknown subject", func(c *Carried, _ find) { c.Subjects = append(c.Subjects, CarriedSubject{Name: "zzz"}) })
	spoil("a subject more", func(c *Carried, _ find) {
		c.Subjects = append(c.Subjects, CarriedSubject{Name: PrefixStatus + "did:z:z", Status: &CarriedStatus{Pages: 1, Whole: [][]byte{nil}}})
	})
	spoil("page missing", func(_ *Carried, f find) { s := f(status).Status; s.Whole = s.Whole[:1] })
	spoil("page count", func(_ *Carried, f find) { f(status).Status.Pages = 1 << 31 })
	spoil("page cut", func(_ *Carried, f find) { s := f(status).Status; s.Whole[0] = s.Whole[0][1:] })
	spoil("page replaced by none", func(_ *Carried, f find) { f(status).Status.Whole[0] = nil })
	spoil("peaks", func(_ *Carried, f find) { s := f(status).Status; s.Peaks = s.Peaks[1:] })
	spoil("change count", func(_ *Carried, f find) { f(status).Status.Changes = 1 << 63 })
	spoil("log in a whole state", func(_ *Carried, f find) { f(status).Status.Log = [][]byte{make([]byte, 18)} })
	spoil("no status", func(_ *Carried, f find) { f(status).Status = nil })
	spoil("shrunk level 0", func(_ *Carried, f find) { f(SubjectEpochs).Shrunk[0].Level = 0 })
	spoil("shrunk level 63", func(_ *Carried, f find) { f(SubjectEpochs).Shrunk[0].Level = 63 })
	spoil("shrunk hash", func(_ *Carried, f find) { f(SubjectEpochs).Shrunk[0].Hash[0] ^= 1 })
	spoil("shrunk elsewhere", func(_ *Carried, f find) { f(SubjectEpochs).Shrunk[0].First = 8 })
	spoil("a shrunk range left out", func(_ *Carried, f find) { s := f(SubjectEpochs); s.Shrunk = s.Shrunk[1:] })
	spoil("members shrunk", func(_ *Carried, f find) { f(SubjectMembers).Shrunk = []ShrunkEpochs{{Level: 1}} })
	spoil("nothing", func(c *Carried, _ find) { c.Subjects = nil })
}

func TestAttachAndProve(t *testing.T) {
	n, a, b := carriedWorld(t)
	v := assembleWhole(t, n.view(), time.Time{})
	if _, err := v.Batches(b.id); !errors.Is(err, ErrNotCarried) {
		t.Error(err)
	}
	if _, err := v.Proposals(); !errors.Is(err, ErrNotCarried) {
		t.Error(err)
	}
	if _, err := v.Open(); !errors.Is(err, ErrNotCarried) {
		t.Error(err)
	}
	if got, err := v.Sequence(b.id); err != nil {
		t.Error(err) // its root says it, so it is carried
	} else if want, _ := n.view().Sequence(b.id); got != want {
		t.Errorf("sequence %d, not %d", got, want)
	}
	if _, err := v.Locate(b.id, root("1")); !errors.Is(err, ErrNotCarried) {
		t.Error(err)
	}
	for _, s := range v.Index() {
		p, ok := v.Prove(s.Name)
		if got, err := p.Root(); !ok || err != nil || got != n.hash {
			t.Errorf("%s: %v", s.Name, err)
		}
		p.Subject.Length++
		if got, err := p.Root(); err == nil && got == n.hash {
			t.Errorf("%s with another length is proven", s.Name)
		}
		entries, err := n.view().Entries(s.Name)
		kind, _ := KindOf(s.Name)
		if kind == KindStatus {
			if err == nil {
				t.Error("entries of a status subject")
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		if got, err := SubjectOf(s.Name, entries); err != nil || got != s {
			t.Errorf("%s: %+v %v", s.Name, got, err)
		}
		err = v.Attach(s.Name, entries)
		if kind != KindRoot {
			if explain.CodeOf(err) != "subject_unknown" {
				t.Errorf("%s: %v", s.Name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		if err := v.Attach(s.Name, append(slices.Clone(entries), []byte{1})); explain.CodeOf(err) != "subject_mismatch" {
			t.Errorf("%s and more: %v", s.Name, err)
		}
	}
	same := func(what string, x any, err error, y any, err2 error) {
		t.Helper()
		if err != nil || err2 != nil || fmt.Sprintf("%+v", x) != fmt.Sprintf("%+v", y) {
			t.Errorf("%s differ: %v %v", what, err, err2)
		}
	}
	x, err := n.view().Batches(b.id)
	y, err2 := v.Batches(b.id)
	same("batches", x, err, y, err2)
	p, err := n.view().Proposals()
	q, err2 := v.Proposals()
	same("proposals", p, err, q, err2)
	o, err := n.view().Open()
	r, err2 := v.Open()
	same("open batches", o, err, r, err2)
	s, err := n.view().Sequence(a.id)
	u, err2 := v.Sequence(a.id)
	same("sequence", s, err, u, err2)
	if _, ok := v.Prove("nothing"); ok {
		t.Error("a proof of nothing")
	}
}
