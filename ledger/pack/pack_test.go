package pack

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/testkit"
	"bonafide/ledger"

	"github.com/cometbft/cometbft/types"
)

const day = 24 * time.Hour

func export(t testing.TB, src Source, from uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Export(&b, src, from); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pin(t testing.TB, l *testkit.Ledger) Trust {
	t.Helper()
	lb, err := l.LightBlock(l.Header())
	if err != nil {
		t.Fatal(err)
	}
	n, err := NewNetwork(lb)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := Pin(n, l.Now)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func take(t testing.TB, tr Trust, cur *Data, b []byte, now time.Time) *Result {
	t.Helper()
	res, err := Import(tr, cur, bytes.NewReader(b), now, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func refuse(t testing.TB, tr Trust, cur *Data, b []byte, now time.Time) error {
	t.Helper()
	res, err := Import(tr, cur, bytes.NewReader(b), now, time.Time{})
	if err == nil {
		t.Fatal("imported")
	}
	if res != nil {
		t.Error("something came back with the error")
	}
	return err
}

func set(pages uint32, values ...uint32) ledger.SetStatus {
	s := ledger.SetStatus{Pages: pages}
	for i := 0; i < len(values); i += 2 {
		s.Changes = append(s.Changes, ledger.StatusChange{Op: ledger.SetValue, Index: values[i], Value: ledger.Status(values[i+1])})
	}
	return s
}

// world is a small network with a little of everything in it.
func world(t testing.TB, members int) *testkit.Ledger {
	t.Helper()
	l := testkit.NewLedger(t, testNet, members, 7)
	b := l.Boards[0]
	l.Decide(ledger.Accredit{Issuer: b.DID, Type: "ProfessionalLicence", Jurisdictions: []string{"US-OH", "US-PA"}})
	l.Execute(l.Sign(b, set(1, 5, 1, 77, 6)))
	for i := range 5 {
		l.Anchor(b, [32]byte{byte(i), 1}, uint16(i+1), ledger.Month{Year: 2028, Month: 1})
	}
	return l
}

func TestWholeThereAndBack(t *testing.T) {
	for _, members := range []int{1, 4} {
		l := world(t, members)
		tr := pin(t, l)
		l.Execute(l.Sign(l.Boards[0], set(2, 131072, 4)))
		b := export(t, l, 0)
		info, err := Inspect(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if info.Delta || info.ChainID != testNet || info.Validators != members || info.Height != l.Header()-1 || info.Pages != 2 {
			t.Errorf("%+v", info)
		}
		res := take(t, tr, nil, b, l.Now)
		d := res.Data
		if d.View.AppHash() != l.View().AppHash() || d.Height != l.Header()-1 || d.Validators != members || d.ChainID != testNet ||
			d.Interval != testkit.TestParams.Interval || d.View.Height() != d.Height || res.Delta || res.Unchanged {
			t.Errorf("%+v", d)
		}
		for i, want := range map[uint32]ledger.Status{0: 0, 5: 1, 77: 6, 131072: 4} {
			if got, err := d.View.Status(l.Boards[0].DID, i); err != nil || got != want {
				t.Errorf("status %d: %v %v", i, got, err)
			}
		}
		if d.View.LastEpoch() != 5 {
			t.Errorf("%d epochs", d.View.LastEpoch())
		}
		if res.Trust.Height() != l.Header() || res.Trust.Pinned != tr.Pinned {
			t.Error("the trust did not move on")
		}
		again, err := Load(res.Trust, res.Stored)
		if err != nil {
			t.Fatal(err)
		}
		if again.View.AppHash() != d.View.AppHash() || again.HeaderHash != d.HeaderHash || !again.AsOf.Equal(d.AsOf) {
			t.Error("the kept pack reads otherwise")
		}
		if !bytes.Equal(res.Stored, b) {
			t.Error("a whole pack is not in its one form")
		}
		if !bytes.Equal(export(t, l, 0), b) {
			t.Error("two exports of one state differ")
		}
		_, err = Load(tr, res.Stored)
		wantCode(t, err, "pack_altered")
		_, err = Load(Trust{}, res.Stored)
		wantCode(t, err, "no_trust")
	}
}

func TestDelta(t *testing.T) {
	l := world(t, 1)
	b := l.Boards[0]
	base := take(t, pin(t, l), nil, export(t, l, 0), l.Now)
	before := base.Data.View.AppHash()
	newcomer := l.NewBoard("Newcomer")

	// The old data is read all the while by others.
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if s, err := base.Data.View.Status(b.DID, 5); err != nil || s != 1 {
					t.Errorf("the old data changed: %v %v", s, err)
					return
				}
			}
		})
	}

	from := base.Data.Height
	l.Execute(l.Sign(b, set(1, 5, 4, 9, 2)))
	mid := take(t, base.Trust, base.Data, export(t, l, from), l.Now)
	l.Create(newcomer)
	l.Admit(newcomer)
	l.ReplaceConsensus(b)
	l.Execute(l.Sign(b, set(3, 5, 6, 131073, 3)))
	l.Anchor(b, [32]byte{9}, 3, ledger.Month{Year: 2029, Month: 5})
	file := export(t, l, from)
	for name, cur := range map[string]*Result{"from where it begins": base, "from within it": mid} {
		res := take(t, cur.Trust, cur.Data, file, l.Now)
		if !res.Delta || res.Data.View.AppHash() != l.View().AppHash() || res.Data.Validators != 2 || res.From != cur.Data.Height {
			t.Errorf("%s: %+v", name, res.Data)
		}
		type change struct {
			index    uint32
			old, new ledger.Status
		}
		var got []change
		for _, c := range res.Changes {
			got = append(got, change{c.Index, c.Old, c.New})
			if c.Issuer != b.DID || c.Height <= cur.Data.Height || c.Height > res.Data.Height {
				t.Errorf("%s: %+v", name, c)
			}
		}
		want := []change{{5, 1, 4}, {9, 0, 2}, {5, 4, 6}, {131073, 0, 3}}
		if cur == mid {
			want = want[2:]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: changes %v, want %v", name, got, want)
		}
		// What is kept does not depend on the way it came.
		if direct := take(t, cur.Trust, nil, export(t, l, 0), l.Now); !bytes.Equal(direct.Stored, res.Stored) {
			t.Errorf("%s: kept packs differ", name)
		}
		if _, err := Load(res.Trust, res.Stored); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	close(stop)
	wg.Wait()
	if base.Data.View.AppHash() != before {
		t.Error("the old data changed")
	}
	// What does not fit.
	ahead := export(t, l, mid.Data.Height)
	wantCode(t, refuse(t, base.Trust, base.Data, ahead, l.Now), "pack_gap")
	wantCode(t, refuse(t, base.Trust, nil, file, l.Now), "pack_gap")
	var out bytes.Buffer
	wantCode(t, Export(&out, l, l.Header()), "pack_gap")
}

func TestHeartbeat(t *testing.T) {
	l := world(t, 4)
	base := take(t, pin(t, l), nil, export(t, l, 0), l.Now)
	l.Beat(3 * time.Hour)
	l.Block()
	b := export(t, l, base.Data.Height)
	res := take(t, base.Trust, base.Data, b, l.Now)
	if !res.Data.AsOf.After(base.Data.AsOf) || len(res.Changes) != 0 || res.Data.View.AppHash() != base.Data.View.AppHash() {
		t.Errorf("%+v", res.Data)
	}
	t.Logf("heartbeat delta of 4 validators: %d bytes", len(b))
}

func TestThreat52_RollBack(t *testing.T) {
	l := world(t, 4)
	tr := pin(t, l)
	old := export(t, l, 0)
	l.Execute(l.Sign(l.Boards[0], set(1, 5, 6)))
	newer := export(t, l, 0)
	res := take(t, tr, nil, newer, l.Now)
	wantCode(t, refuse(t, res.Trust, res.Data, old, l.Now), "pack_lower_height")
	// The trust alone remembers it, even where the data was lost.
	wantCode(t, refuse(t, res.Trust, nil, old, l.Now), "pack_lower_height")
	// The same once more is no news.
	same := take(t, res.Trust, res.Data, newer, l.Now)
	if !same.Unchanged || same.Data != res.Data || !bytes.Equal(same.Stored, res.Stored) {
		t.Errorf("%+v", same)
	}
	// Where the data was lost it is.
	if same := take(t, res.Trust, nil, newer, l.Now); same.Unchanged || same.Data.View.AppHash() != res.Data.View.AppHash() {
		t.Errorf("%+v", same)
	}
}

// TestThreat53_Freeze: whoever keeps giving the same pack cannot make it look
// younger than the header in it.
func TestThreat53_Freeze(t *testing.T) {
	l := world(t, 1)
	b := export(t, l, 0)
	lb, err := l.LightBlock(l.Header())
	if err != nil {
		t.Fatal(err)
	}
	res := take(t, pin(t, l), nil, b, l.Now)
	for days := range 100 {
		res = take(t, res.Trust, res.Data, b, l.Now.Add(time.Duration(days)*day))
		if _, asOf := res.Data.View.Tip(); !res.Data.AsOf.Equal(lb.Time) || !asOf.Equal(lb.Time) {
			t.Fatalf("after %d days the data is of %s", days, res.Data.AsOf)
		}
	}
}

func TestThreat55_ClockAndTrustingPeriod(t *testing.T) {
	l := world(t, 4)
	tr := pin(t, l)
	pinned := l.Now
	l.Beat(24 * time.Hour)
	b := export(t, l, 0)
	in := func(now, floor time.Time) error {
		_, err := Import(tr, nil, bytes.NewReader(b), now, floor)
		return err
	}
	if err := in(pinned.Add(179*day), time.Time{}); err != nil {
		t.Error(err)
	}
	wantCode(t, in(pinned.Add(181*day), time.Time{}), "trust_expired")
	// A clock set back does not revive an expired trust, for the floor counts;
	// and it does not keep newer data out, for the import is what raises the floor.
	wantCode(t, in(pinned.Add(-365*day), pinned.Add(181*day)), "trust_expired")
	if err := in(pinned.Add(-365*day), pinned); err != nil {
		t.Error(err)
	}
	if err := in(time.Unix(0, 0), time.Time{}); err != nil {
		t.Error(err)
	}
	// Each import moves the trust on.
	res := take(t, tr, nil, b, pinned)
	l.Beat(150 * day)
	if _, err := Import(res.Trust, res.Data, bytes.NewReader(export(t, l, res.Data.Height)), l.Now, time.Time{}); err != nil {
		t.Error(err)
	}
}

func TestThreat60_ForgedPack(t *testing.T) {
	l := world(t, 4)
	tr := pin(t, l)
	// The same boards' network as a stranger would rebuild it: all but the keys.
	forged := testkit.NewLedger(t, testNet, 4, 8)
	for forged.Height() <= l.Height() {
		forged.Block()
	}
	wantCode(t, refuse(t, tr, nil, export(t, forged, 0), forged.Now), "pack_signatures")
	other := testkit.NewLedger(t, "other-abcdefgh", 4, 7)
	wantCode(t, refuse(t, tr, nil, export(t, other, 0), other.Now), "pack_other_network")
	// Another network's name over this network's state.
	f := parsed(t, export(t, l, 0))
	f.chainID = "other-abcdefgh"
	wantCode(t, refuse(t, tr, nil, f.file(t), l.Now), "pack_malformed")
	_, err := Import(Trust{}, nil, bytes.NewReader(export(t, l, 0)), l.Now, time.Time{})
	wantCode(t, err, "no_trust")
	// A state that nobody signed cannot be exported either.
	l.Block(l.Sign(l.Boards[0], set(1, 5, 6)))
	wantCode(t, Export(new(bytes.Buffer), l, 0), "pack_unproven")
}

func TestThreat61_ConflictStopsImport(t *testing.T) {
	l := world(t, 4)
	tr := pin(t, l)
	res := take(t, tr, nil, export(t, l, 0), l.Now)
	f := parsed(t, export(t, l, 0))
	f.blocks[len(f.blocks)-1] = l.Fork(l.Height(), f.top().AppHash, l.Now)
	for _, cur := range []*Data{nil, res.Data} {
		err := refuse(t, res.Trust, cur, f.file(t), l.Now)
		wantCode(t, err, "pack_conflict")
		if c, ok := errors.AsType[*Conflict](err); !ok || len(c.Ours) == 0 || len(c.Theirs) == 0 {
			t.Error("no evidence")
		}
	}
	// Also where it contradicts a member change long past.
	l.Create(l.NewBoard("Newcomer"))
	newcomer := l.NewBoard("Newcomer")
	newcomer.Sequence++
	l.Admit(newcomer)
	l.Beat(time.Hour)
	res = take(t, res.Trust, res.Data, export(t, l, 0), l.Now)
	l.Beat(time.Hour)
	f = parsed(t, export(t, l, 0))
	if len(f.blocks) < 3 {
		t.Fatalf("%d light blocks", len(f.blocks))
	}
	f.blocks[0] = l.Fork(f.blocks[0].Height, []byte("another state"), f.blocks[0].Time)
	wantCode(t, refuse(t, res.Trust, res.Data, f.file(t), l.Now), "pack_conflict")
}

// TestShrunkEpochs: epochs whose credentials ran out long ago travel as hashes,
// and deltas go on from there.
func TestShrunkEpochs(t *testing.T) {
	l := testkit.NewLedger(t, testNet, 1, 7)
	b := l.Boards[0]
	l.Decide(ledger.Accredit{Issuer: b.DID, Type: "ProfessionalLicence", Jurisdictions: []string{"US-OH"}})
	long, recent, alive := ledger.Month{Year: 2026, Month: 6}, ledger.Month{Year: 2026, Month: 10}, ledger.Month{Year: 2029, Month: 1}
	for i, last := range []ledger.Month{long, long, long, long, long, recent, recent, alive} {
		l.Anchor(b, [32]byte{byte(i)}, 1, last)
	}
	tr := pin(t, l)
	whole := export(t, l, 0)
	res := take(t, tr, nil, whole, l.Now)
	for n, want := range map[uint64]error{1: ledger.ErrEpochShrunk, 4: ledger.ErrEpochShrunk, 5: nil, 6: nil, 8: nil, 9: ledger.ErrEpochUnknown} {
		if _, err := res.Data.View.Epoch(n); !errors.Is(err, want) {
			t.Errorf("epoch %d: %v, want %v", n, err, want)
		}
	}
	for name, change := range map[string]func(*ledger.ShrunkEpochs){
		"hash":  func(s *ledger.ShrunkEpochs) { s.Hash[9] ^= 1 },
		"level": func(s *ledger.ShrunkEpochs) { s.Level-- },
		"first": func(s *ledger.ShrunkEpochs) { s.First++ },
	} {
		f := parsed(t, whole)
		for i := range f.carried.Subjects {
			if s := &f.carried.Subjects[i]; s.Name == ledger.SubjectEpochs {
				change(&s.Shrunk[0])
			}
		}
		if code := explain.CodeOf(refuse(t, tr, nil, f.file(t), l.Now)); code != "pack_altered" {
			t.Errorf("%s: %s", name, code)
		}
	}
	// In spring the next ones have gone as well, but for one without a neighbour.
	l.Now = l.Now.Add(150 * day)
	l.Anchor(b, [32]byte{99}, 1, alive)
	next := take(t, res.Trust, res.Data, export(t, l, res.Data.Height), l.Now)
	if next.Data.View.LastEpoch() != 9 || !bytes.Equal(next.Stored, export(t, l, 0)) {
		t.Error("the delta leads elsewhere")
	}
	kept, err := Load(next.Trust, next.Stored)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[uint64]error{4: ledger.ErrEpochShrunk, 5: ledger.ErrEpochShrunk, 6: ledger.ErrEpochShrunk, 7: nil, 8: nil, 9: nil} {
		if _, err := kept.View.Epoch(n); !errors.Is(err, want) {
			t.Errorf("later epoch %d: %v, want %v", n, err, want)
		}
	}
}

// TestInventedPast: a first pack may come with light blocks from before the pin
// that somebody made up. They prove nothing, and must not keep later packs out.
func TestInventedPast(t *testing.T) {
	l := world(t, 1)
	l.ReplaceConsensus(l.Boards[0])
	l.Beat(time.Hour)
	tr := pin(t, l)
	f := parsed(t, export(t, l, 0))
	if len(f.blocks) != 3 {
		t.Fatalf("%d light blocks", len(f.blocks))
	}
	stranger := testkit.NewChain(testNet, 1, 66)
	real := f.blocks[0]
	f.blocks[0] = stranger.Sign(real.Height, real.AppHash, real.Time, stranger.Set(1), l.Set(real.Height+1))
	res := take(t, tr, nil, f.file(t), l.Now)
	l.Execute(l.Sign(l.Boards[0], set(1, 9, 6)))
	for _, from := range []uint64{0, res.Data.Height} {
		next := take(t, res.Trust, res.Data, export(t, l, from), l.Now)
		if from == 0 && !bytes.Equal(next.Stored, export(t, l, 0)) {
			t.Error("what was made up is still kept")
		}
	}
}

// parsed takes a pack apart for a forger to work on.
func parsed(t testing.TB, b []byte) *file {
	t.Helper()
	f, err := parse(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// file puts it together again, with everything that needs no signature right.
func (f *file) file(t testing.TB) []byte {
	t.Helper()
	var w columns
	if err := w.putBlocks(f.blocks); err != nil {
		t.Fatal(err)
	}
	if err := w.putCarried(f.carried); err != nil {
		t.Fatal(err)
	}
	b, err := seal(f.head, w.bytes())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAlteredOrLeftOut changes and leaves out every single thing a pack holds.
func TestAlteredOrLeftOut(t *testing.T) {
	l := world(t, 4)
	tr := pin(t, l)
	base := take(t, tr, nil, export(t, l, 0), l.Now)
	l.Execute(l.Sign(l.Boards[0], set(2, 5, 4, 131073, 1)))
	l.Create(l.NewBoard("Another"))
	l.Anchor(l.Boards[0], [32]byte{8}, 2, ledger.Month{Year: 2029, Month: 1})
	for _, from := range []uint64{0, base.Data.Height} {
		good := export(t, l, from)
		take(t, base.Trust, base.Data, good, l.Now)
		n := 0
		try := func(what string, change func(*ledger.Carried)) {
			t.Helper()
			n++
			f := parsed(t, good)
			change(&f.carried)
			var w columns
			if err := w.putBlocks(f.blocks); err != nil {
				t.Fatal(err)
			}
			if err := w.putCarried(f.carried); err != nil {
				return // has no form at all
			}
			b, err := seal(f.head, w.bytes())
			if err != nil {
				t.Fatal(err)
			}
			res, err := Import(base.Trust, base.Data, bytes.NewReader(b), l.Now, time.Time{})
			if err == nil {
				t.Fatalf("from %d: %s: imported", from, what)
			}
			if code := explain.CodeOf(err); res != nil || code != "pack_altered" && code != "pack_malformed" {
				t.Errorf("from %d: %s: %v", from, what, err)
			}
		}
		c := parsed(t, good).carried
		for i, s := range c.Subjects {
			at := func(f func(*ledger.CarriedSubject)) func(*ledger.Carried) {
				return func(c *ledger.Carried) { f(&c.Subjects[i]) }
			}
			kind, _ := ledger.KindOf(s.Name)
			if from == 0 || carriesNews(base.Data.View, l.View(), s.Name) {
				try(s.Name+" left out", func(c *ledger.Carried) { c.Subjects = slices.Delete(c.Subjects, i, i+1) })
			}
			if kind == ledger.KindRoot {
				try(s.Name+" length", at(func(s *ledger.CarriedSubject) { s.Length++ }))
				try(s.Name+" root", at(func(s *ledger.CarriedSubject) { s.Root[31] ^= 1 }))
			}
			for j := range s.Entries {
				if kind == ledger.KindList {
					try(fmt.Sprintf("%s entry %d left out", s.Name, j), at(func(s *ledger.CarriedSubject) { s.Entries = slices.Delete(s.Entries, j, j+1) }))
					try(fmt.Sprintf("%s entry %d twice", s.Name, j), at(func(s *ledger.CarriedSubject) { s.Entries = slices.Insert(s.Entries, j, s.Entries[j]) }))
				}
				for _, k := range []int{0, len(s.Entries[j]) / 2, len(s.Entries[j]) - 1} {
					try(fmt.Sprintf("%s entry %d byte %d", s.Name, j, k), at(func(s *ledger.CarriedSubject) { s.Entries[j][k] ^= 1 }))
				}
			}
			if s.Status == nil {
				continue
			}
			st := func(f func(*ledger.CarriedStatus)) func(*ledger.Carried) {
				return at(func(s *ledger.CarriedSubject) { f(s.Status) })
			}
			try("sequence", st(func(s *ledger.CarriedStatus) { s.Sequence++ }))
			try("changes", st(func(s *ledger.CarriedStatus) { s.Changes++ }))
			try("pages", st(func(s *ledger.CarriedStatus) { s.Pages++ }))
			for j := range s.Status.Peaks {
				try("peak", st(func(s *ledger.CarriedStatus) { s.Peaks[j][0] ^= 1 }))
			}
			for j, p := range s.Status.Whole {
				try("page left out", st(func(s *ledger.CarriedStatus) { s.Whole = slices.Delete(s.Whole, j, j+1); s.Pages-- }))
				try("page emptied", st(func(s *ledger.CarriedStatus) { s.Whole[j] = nil }))
				if p != nil {
					try("page value", st(func(s *ledger.CarriedStatus) { s.Whole[j][4000] ^= 0x20 }))
				}
			}
			for j := range s.Status.Log {
				try("log left out", st(func(s *ledger.CarriedStatus) { s.Log = slices.Delete(s.Log, j, j+1) }))
				for k := range s.Status.Log[j] {
					try(fmt.Sprintf("log entry %d byte %d", j, k), st(func(s *ledger.CarriedStatus) { s.Log[j][k] ^= 1 }))
				}
			}
		}
		t.Logf("from %d: %d forgeries", from, n)
	}
}

// carriesNews says whether a subject's line in the index differs.
func carriesNews(old, now *ledger.View, name string) bool {
	a, _ := old.Subject(name)
	b, _ := now.Subject(name)
	return a != b
}

func TestDamagedAnywhere(t *testing.T) {
	l := world(t, 4)
	tr := pin(t, l)
	base := take(t, tr, nil, export(t, l, 0), l.Now)
	l.Create(l.NewBoard("Another"))
	l.Execute(l.Sign(l.Boards[0], set(1, 6, 6)))
	r := rand.New(rand.NewPCG(11, 12))
	for _, from := range []uint64{0, base.Data.Height} {
		good := export(t, l, from)
		in := func(b []byte) string {
			res, err := Import(base.Trust, base.Data, bytes.NewReader(b), l.Now, time.Time{})
			if err != nil && res != nil {
				t.Error("something came back with the error")
			}
			if err == nil {
				return ""
			}
			return explain.CodeOf(err)
		}
		for i := range good {
			if code := in(good[:i]); code != "pack_truncated" {
				t.Fatalf("cut to %d: %q", i, code)
			}
		}
		for range 300 { // damage, then what a forger would do about the checksum
			b := bytes.Clone(good)
			i := r.IntN(len(b))
			b[i] ^= 1 << r.IntN(8)
			if code := in(b); code == "" {
				t.Fatalf("damaged at %d: imported", i)
			}
			if i < len(b)-32 {
				if code := in(reseal(b)); code == "" {
					t.Fatalf("forged at %d: imported", i)
				}
			}
		}
		h, body, err := open(bytes.NewReader(good))
		if err != nil {
			t.Fatal(err)
		}
		for range 600 { // inside the compressor
			b := bytes.Clone(body)
			i := r.IntN(len(b))
			b[i] ^= 1 << r.IntN(8)
			file, err := seal(h, b)
			if err != nil {
				t.Fatal(err)
			}
			if code := in(file); code == "" {
				t.Fatalf("from %d: forged at %d of the body: imported", from, i)
			}
		}
	}
}

// Absent and nil votes are what real networks have; the header counts all its
// validators, not those that were awake.
func TestSleepingValidator(t *testing.T) {
	l := world(t, 4)
	tr := pin(t, l)
	l.Vote = func(h int64, i int) types.BlockIDFlag {
		if int(h)%4 == i {
			return []types.BlockIDFlag{types.BlockIDFlagAbsent, types.BlockIDFlagNil}[h/4%2]
		}
		return types.BlockIDFlagCommit
	}
	cur := (*Data)(nil)
	for i := range uint32(8) {
		l.Execute(l.Sign(l.Boards[0], set(1, i, 4)))
		from := uint64(0)
		if cur != nil {
			from = cur.Height
		}
		res := take(t, tr, cur, export(t, l, from), l.Now)
		if res.Data.Validators != 4 {
			t.Errorf("%d validators", res.Data.Validators)
		}
		tr, cur = res.Trust, res.Data
	}
}

func fuzzSeeds(f *testing.F) (Trust, *Data, time.Time) {
	l := world(f, 1)
	tr := pin(f, l)
	wholeFile := export(f, l, 0)
	res := take(f, tr, nil, wholeFile, l.Now)
	l.Execute(l.Sign(l.Boards[0], set(2, 5, 4)))
	_, body, err := open(bytes.NewReader(export(f, l, res.Data.Height)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint64(res.Data.Height), uint64(l.Header()-1), body)
	_, body, err = open(bytes.NewReader(export(f, l, 0)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint64(0), uint64(l.Header()-1), body)
	return res.Trust, res.Data, l.Now
}

// framed makes a file of a fuzzer's body, which it could not get through the
// checksum and the compressor by itself.
func framed(from, height uint64, body []byte) []byte {
	h := head{kind: whole, from: from, height: height, chainID: testNet}
	if from > 0 {
		h.kind = delta
	}
	b, err := seal(h, body)
	if err != nil {
		return nil
	}
	return b
}

func FuzzImport(f *testing.F) {
	tr, cur, now := fuzzSeeds(f)
	before := cur.View.AppHash()
	f.Fuzz(func(t *testing.T, from, height uint64, body []byte) {
		res, err := Import(tr, cur, bytes.NewReader(framed(from, height, body)), now, time.Time{})
		if (err == nil) == (res == nil) {
			t.Fatal("a result and an error, or neither")
		}
		if err != nil {
			if explain.CodeOf(err) == "" {
				t.Fatalf("no code: %v", err)
			}
		} else if hash := res.Data.View.AppHash(); string(hash[:]) != string(res.Trust.block.AppHash) {
			t.Fatal("the data is not what the header proves")
		} else if _, err := Load(res.Trust, res.Stored); err != nil {
			t.Fatalf("what is kept does not load: %v", err)
		}
		if cur.View.AppHash() != before {
			t.Fatal("the old data changed")
		}
		// Another home that was at the same place comes to the same.
		again, err2 := Import(tr, cur, bytes.NewReader(framed(from, height, body)), now, time.Time{})
		if explain.CodeOf(err) != explain.CodeOf(err2) || err == nil && (!bytes.Equal(res.Stored, again.Stored) || !slices.Equal(res.Changes, again.Changes)) {
			t.Fatal("two homes, two results")
		}
	})
}

func FuzzInspect(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, from, height uint64, body []byte) {
		for _, b := range [][]byte{body, framed(from, height, body)} {
			if info, err := Inspect(bytes.NewReader(b)); err != nil && (explain.CodeOf(err) == "" || info != Info{}) {
				t.Fatalf("%+v %v", info, err)
			}
		}
	})
}
