package ledger

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"slices"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
)

func TestEpochs(t *testing.T) {
	a, b := newBoard("a"), newBoard("b")
	n := newNetwork(t, a, b)
	closedAt := func() time.Time {
		at, err := parseClosed(n.s.d.values[SubjectClosed])
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	if !closedAt().Equal(testStart) {
		t.Error("the first interval counts from the genesis")
	}
	// Not before the interval is over, counted by header time to the nanosecond.
	n.must(a, batch("x"))
	if n.view().LastEpoch() != 0 {
		t.Fatal("closed at once")
	}
	n.now = testStart.Add(testParams.Interval - n.step - 1)
	n.run()
	if n.view().LastEpoch() != 0 {
		t.Fatal("closed a nanosecond early")
	}
	n.now = testStart.Add(testParams.Interval - n.step)
	n.refused2(a, batch("x"), "batch_duplicate")
	if n.view().LastEpoch() != 1 {
		t.Fatal("not closed")
	}
	e, err := n.view().Epoch(1)
	if err != nil || e.Height != n.s.Height() || e.Batches != 1 || e.LastValidity != (Month{2028, 7}) || e.Root != EpochLeaf(a.id, root("x"), 3) {
		t.Fatalf("%+v %v", e, err)
	}
	if !closedAt().Equal(n.now) {
		t.Error("closing time")
	}
	// Empty epochs do not exist, however long it takes; after that a batch
	// closes an epoch in its own block.
	n.now = n.now.Add(10 * testParams.Interval)
	n.rest()
	if n.view().LastEpoch() != 1 {
		t.Error("an empty epoch")
	}
	n.must(a, batch("x")) // the same root again, in another epoch
	if e, err := n.view().Epoch(2); err != nil || e.Height != n.s.Height() {
		t.Fatalf("%+v %v", e, err)
	}
	if l, err := n.view().Locate(a.id, root("x")); err != nil || l.Epoch != 2 || l.Count != 1 {
		t.Errorf("%+v %v", l, err)
	}
	// Two issuers may anchor one root; duplicates are by DID.
	n.must(a, batch("y"))
	n.must(b, batch("y"))
	if l, err := n.view().Locate(b.id, root("y")); err != nil || !l.Pending {
		t.Errorf("%+v %v", l, err)
	}
	if _, err := n.view().Locate(b.id, root("x")); explain.CodeOf(err) != "batch_unknown" {
		t.Errorf("%v", err)
	}
	n.reload()
	n.refused2(b, batch("y"), "batch_duplicate")
	batches, err := n.view().Batches(a.id)
	if err != nil || len(batches) != 3 || batches[0].Epoch != 1 || batches[1].Epoch != 2 || batches[2].Epoch != 0 || batches[0].Method != a.method(a.ledger) {
		t.Errorf("%+v %v", batches, err)
	}
	if open, err := n.view().Open(); err != nil || len(open) != 2 || open[1].DID != b.id {
		t.Errorf("%+v %v", open, err)
	}
	if !e.Expired(time.Date(2028, 7, 1, 0, 0, 0, 0, time.UTC)) || e.Expired(time.Date(2028, 6, 30, 23, 59, 59, 0, time.UTC)) {
		t.Error("expiry")
	}
}

// refused2 is refused where time may change the state beside it.
func (n *network) refused2(b *board, body Body, code string) {
	n.t.Helper()
	if r := n.send(b, body); r.Code != code {
		n.t.Fatalf("%T: %+v, want %q", body, r, code)
	}
}

// anchored puts batches of the given sizes into one epoch and returns, for the
// leaf at a position of a batch, its anchor.
func anchored(n *network, by []*board, sizes []int) func(batch, leaf int) (Anchor, *board, Hash) {
	n.t.Helper()
	trees := make([][]Hash, len(sizes))
	for i, size := range sizes {
		for j := range size {
			trees[i] = append(trees[i], LeafOf([]byte{byte(i), byte(j), byte(j >> 8)}))
		}
		n.must(by[i], AnchorBatch{RootOf(trees[i]), uint16(size), Month{2030, 1}})
	}
	n.now = n.now.Add(testParams.Interval)
	n.run()
	return func(batch, leaf int) (Anchor, *board, Hash) {
		l, err := n.view().Locate(by[batch].id, RootOf(trees[batch]))
		if err != nil || l.Pending {
			n.t.Fatalf("%+v %v", l, err)
		}
		a := Anchor{
			Epoch: l.Epoch, Leaf: uint16(leaf), Size: uint16(len(trees[batch])), Batch: l.Position,
			LeafPath: Path(trees[batch], leaf), BatchPath: l.Path,
		}
		copy(a.Salt[:], "salt salt salt s")
		return a, by[batch], trees[batch][leaf]
	}
}

// TestThreat59_AnchorBindsEverything: an anchor passes for its leaf, issuer,
// epoch, positions and sizes, and for nothing else.
func TestThreat59_AnchorBindsEverything(t *testing.T) {
	a, b := newBoard("a"), newBoard("b")
	n := newNetwork(t, a, b)
	at := anchored(n, []*board{a, b, a, b, b}, []int{1, 5, 300, 4096, 2})
	other := anchored(n, []*board{a, b, b}, []int{7, 1, 3})
	v := n.view()
	for _, c := range [][2]int{{0, 0}, {1, 0}, {1, 4}, {2, 299}, {3, 4095}, {3, 17}, {4, 1}} {
		x, issuer, leaf := at(c[0], c[1])
		back, err := ParseAnchor(x.String())
		if err != nil || back.String() != x.String() {
			t.Fatalf("%v: %v", c, err)
		}
		if err := v.CheckAnchor(back, issuer.id, leaf); err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		wrong := map[string]func(*Anchor, *did.DID, *Hash){
			"leaf":      func(_ *Anchor, _ *did.DID, l *Hash) { l[0] ^= 1 },
			"issuer":    func(_ *Anchor, i *did.DID, _ *Hash) { *i = newBoard("c").id },
			"epoch":     func(x *Anchor, _ *did.DID, _ *Hash) { x.Epoch = 3 - x.Epoch },
			"size":      func(x *Anchor, _ *did.DID, _ *Hash) { x.Size++ },
			"batch":     func(x *Anchor, _ *did.DID, _ *Hash) { x.Batch = (x.Batch + 1) % 5 },
			"no batch":  func(x *Anchor, _ *did.DID, _ *Hash) { x.Batch = 5 },
			"path cut":  func(x *Anchor, _ *did.DID, _ *Hash) { x.BatchPath = x.BatchPath[:len(x.BatchPath)-1] },
			"path long": func(x *Anchor, _ *did.DID, _ *Hash) { x.BatchPath = append(slices.Clone(x.BatchPath), Hash{}) },
			"path":      func(x *Anchor, _ *did.DID, _ *Hash) { x.BatchPath = slices.Clone(x.BatchPath); x.BatchPath[0][31] ^= 1 },
			"batch root as leaf": func(x *Anchor, _ *did.DID, l *Hash) {
				r, _ := x.BatchRoot(*l)
				*l, x.Leaf, x.Size, x.LeafPath = r, 0, 1, nil
				if r == leaf {
					l[0] ^= 1
				}
			},
		}
		for what, spoil := range wrong {
			y, id, l := x, issuer.id, leaf
			spoil(&y, &id, &l)
			if err := v.CheckAnchor(y, id, l); explain.CodeOf(err) != "anchor_mismatch" {
				t.Errorf("%v, wrong %s: %v", c, what, err)
			}
		}
	}
	// Another epoch's valid anchor proves only its own leaf.
	x, _, leaf := other(0, 3)
	y, issuer, _ := at(0, 0)
	if err := v.CheckAnchor(y, issuer.id, leaf); explain.CodeOf(err) != "anchor_mismatch" {
		t.Errorf("%v", err)
	}
	x.Epoch = 3
	if err := v.CheckAnchor(x, a.id, leaf); !errors.Is(err, ErrEpochUnknown) || explain.CodeOf(err) != "epoch_unknown" {
		t.Errorf("%v", err)
	}
}

func TestFarFuture(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	anchored(n, []*board{a}, []int{1})
	v := n.view()
	asOf := n.now
	v.SetHeader(asOf)
	for _, c := range []struct {
		epoch uint64
		later time.Duration
		far   bool
	}{
		{1, 0, false},
		{2, 0, false},
		{3, 0, false},
		{4, 0, true},
		{3, -time.Hour, false},
		{4, -time.Hour, true},
		{4, testParams.Interval - 1, true},
		{4, testParams.Interval, false},
		{5, testParams.Interval, true},
		{1 << 63, 24 * time.Hour, true},
	} {
		if far := v.FarFuture(c.epoch, asOf.Add(c.later)); far != c.far {
			t.Errorf("%+v: %v", c, far)
		}
	}
}

// TestThreat19_KeyReports: reports resolve to heights, and only what was
// signed from then on falls under them.
func TestThreat19_KeyReports(t *testing.T) {
	a, b := newBoard("a"), newBoard("b")
	n := newNetwork(t, b, a, newBoard("c"))
	second := seedKey("a second ledger")
	n.must(a, UpdateDID{a.next([]ed25519.PrivateKey{a.issuing}, []ed25519.PrivateKey{a.ledger, second})})
	with := *a
	with.ledger = second
	closeEpoch := func() uint64 {
		n.now = n.now.Add(testParams.Interval)
		n.run()
		return n.view().LastEpoch()
	}
	n.must(a, batch("1"))
	one := closeEpoch()
	n.must(a, batch("2 before"))
	n.rest()
	// A recorded block, so that T falls between two batches of one epoch.
	n.must(b, SetStatus{Pages: 1})
	n.run()
	since := n.now.Add(time.Second)
	n.must(&with, SetStatus{Pages: 1})
	n.run()
	n.must(a, batch("2 after"))
	two := closeEpoch()
	n.must(a, batch("3"))
	n.must(a, batch("3 too"))
	three := closeEpoch()
	n.must(b, batch("4 of another"))
	closeEpoch()
	n.must(a, batch("5"))
	five := closeEpoch()
	n.must(&with, batch("6 good"))
	n.must(a, batch("6"))
	six := closeEpoch()
	n.must(a, batch("7"))
	seven := closeEpoch()
	n.must(&with, batch("8 good"))
	eight := closeEpoch()
	n.must(a, batch("open"))
	n.run()

	n.refused(&with, ReportKey{a.method(a.ledger), n.now.Add(time.Hour).Unix()}, "report_future")
	n.refused(&with, ReportKey{a.method(seedKey("never")), n.now.Unix()}, "report_unknown_key")
	n.refused(&with, ReportKey{b.method(b.ledger), n.now.Unix()}, "report_unknown_key")
	n.refused(&with, ReportKey{a.method(a.ledger), n.now.Add(-reportReach).Unix()}, "report_too_far_back")
	n.must(&with, ReportKey{a.method(a.ledger), since.Unix()})
	reports, err := n.view().Reports(a.id)
	if err != nil || len(reports) != 1 {
		t.Fatalf("%+v %v", reports, err)
	}
	r := reports[0]
	if r.Issuing || r.ByVote || r.Key != publicKey(a.ledger) || !r.From.Equal(since) || r.Height != n.s.Height() {
		t.Errorf("%+v", r)
	}
	if at, ok := n.view().TimeOf(r.FromHeight); !ok || at.Before(since) {
		t.Errorf("from height %d, dated %v", r.FromHeight, at)
	}
	if at, ok := n.view().TimeOf(r.FromHeight - 1); ok && !at.Before(since) {
		t.Errorf("an earlier block is dated %v", at)
	}
	if want := []did.EpochRun{{First: three, Last: five}, {First: seven, Last: seven}}; !slices.Equal(r.Runs, want) {
		t.Errorf("runs %v, want %v", r.Runs, want)
	}
	if want := []Hash{root("2 after"), root("6"), root("open")}; !slices.Equal(r.Roots, want) {
		t.Errorf("%d roots", len(r.Roots))
	}
	reported := func(epoch uint64, name string) bool {
		_, bad := n.view().BatchReported(a.id, epoch, root(name))
		return bad
	}
	for _, c := range []struct {
		epoch uint64
		name  string
		bad   bool
	}{
		{one, "1", false},
		{two, "2 before", false},
		{two, "2 after", true},
		{three, "3", true},
		{three, "3 too", true},
		{five, "5", true},
		{six, "6 good", false},
		{six, "6", true},
		{seven, "7", true},
		{eight, "8 good", false},
		{eight + 1, "open", true},
	} {
		if reported(c.epoch, c.name) != c.bad {
			t.Errorf("batch %q of epoch %d: reported is %v", c.name, c.epoch, !c.bad)
		}
	}
	// The key signs nothing more; a later time adds nothing, an earlier one does.
	n.refused2(a, batch("8"), "tx_key_reported")
	n.refused2(&with, ReportKey{a.method(a.ledger), since.Unix()}, "report_not_earlier")
	n.must(b, Propose{ReportKeyVote{a.id, a.method(a.ledger), 0}})
	n.must(&with, Vote{1, true})
	n.must(newBoard("c"), Vote{1, true})
	reports, _ = n.view().Reports(a.id)
	if len(reports) != 2 || !reports[1].ByVote || reports[1].FromHeight != 0 {
		t.Fatalf("%+v", reports)
	}
	if !reported(one, "1") || !reported(two, "2 before") || reported(six, "6 good") {
		t.Error("by vote from the beginning")
	}
	n.reload()

	// An issuing key: by heights alone. This time is that of a block before.
	n.must(&with, ReportKey{a.method(a.issuing), n.now.Unix()})
	reports, _ = n.view().Reports(a.id)
	if r := reports[2]; !r.Issuing || r.FromHeight >= n.s.Height() || len(r.Runs)+len(r.Roots) != 0 {
		t.Errorf("%+v", r)
	}
	// A key that left the document can still be reported.
	n.must(b, UpdateDID{b.next(nil, []ed25519.PrivateKey{seedKey("b new")})})
	old := b.method(b.issuing)
	b.ledger = seedKey("b new")
	n.must(b, ReportKey{old, n.now.Unix()})
}

// TestThreat20_TimeIsTheLedgers: a report's time is resolved by the recorded
// times of blocks; batches in blocks without one count against the key.
func TestThreat20_TimeIsTheLedgers(t *testing.T) {
	a := newBoard("a")
	g := founders(a)
	g.Params.Interval = time.Hour
	n := fromGenesis(t, g)
	second := seedKey("a second ledger")
	n.must(a, UpdateDID{a.next(nil, []ed25519.PrivateKey{a.ledger, second})})
	n.run()
	with := *a
	with.ledger = second
	n.must(a, batch("undated")) // its block has no recorded time
	since := n.now.Add(n.step)
	n.now = testStart.Add(time.Hour)
	n.run()
	n.must(&with, ReportKey{a.method(a.ledger), since.Unix()})
	r, _ := n.view().Reports(a.id)
	if e, _ := n.view().Epoch(1); r[0].FromHeight != e.Height {
		t.Errorf("from height %d", r[0].FromHeight)
	}
	if _, bad := n.view().BatchReported(a.id, 1, root("undated")); !bad {
		t.Error("doubt goes against the reported key")
	}
}

func TestAnchorText(t *testing.T) {
	good := Anchor{Epoch: 1, Leaf: 0, Size: 2, Batch: 0, LeafPath: []Hash{{1}}, BatchPath: []Hash{{2}, {3}}}
	s := good.String()
	back, err := ParseAnchor(s)
	if err != nil || back.String() != s || len(back.LeafPath) != 1 || len(back.BatchPath) != 2 {
		t.Fatalf("%+v %v", back, err)
	}
	raw, _ := base64url.DecodeString(s)
	enc := func(spoil func([]byte) []byte) string { return base64url.EncodeToString(spoil(bytes.Clone(raw))) }
	for name, bad := range map[string]string{
		"empty": "", "version": enc(func(b []byte) []byte { b[0] = 2; return b }),
		"epoch 0":         enc(func(b []byte) []byte { b[8] = 0; return b }),
		"leaf = size":     enc(func(b []byte) []byte { b[10] = 2; return b }),
		"size 0":          enc(func(b []byte) []byte { b[12] = 0; return b }),
		"size 4097":       enc(func(b []byte) []byte { b[11], b[12] = 0x10, 1; return b }),
		"trailing byte":   enc(func(b []byte) []byte { return append(b, 0) }),
		"cut":             enc(func(b []byte) []byte { return b[:len(b)-1] }),
		"no leaf path":    enc(func(b []byte) []byte { return b[:anchorFixed] }),
		"path too long":   enc(func(b []byte) []byte { return append(b, make([]byte, 32*31)...) }),
		"padding":         s + "=",
		"newline":         s[:8] + "\n" + s[8:],
		"standard":        "+" + s[1:],
		"trailing bits":   lastChar(Anchor{Epoch: 1, Size: 2, LeafPath: []Hash{{1}}}.String()),
		"far too long":    string(bytes.Repeat([]byte("A"), 1<<20)),
		"white space":     " " + s,
		"carriage return": s + "\r",
	} {
		if a, err := ParseAnchor(bad); explain.CodeOf(err) != "anchor_malformed" {
			t.Errorf("%s: %+v %v", name, a, err)
		}
	}
}

// lastChar changes the unused bits of the last character (threat 14).
func lastChar(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	i := bytes.IndexByte([]byte(alphabet), s[len(s)-1])
	return s[:len(s)-1] + string(alphabet[i^1])
}
