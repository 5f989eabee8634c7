package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"

	"bonafide/internal/testkit"
	"bonafide/ledger"

	"github.com/cometbft/cometbft/types"
)

// Names come back whatever their order, and have no second form.
func TestNames(t *testing.T) {
	did := func(s string) string { return "did:bonafide:" + testNet + ":" + s }
	in := []string{
		ledger.PrefixAccreditation + did("aa"), ledger.PrefixAccreditation + did("ab"), ledger.PrefixAccreditation + did("b"),
		ledger.PrefixBatches + did("aa"), ledger.PrefixBatches + did("b"), ledger.SubjectBlocks,
		ledger.PrefixDID + did("aa"), ledger.PrefixDID + did("ab"), ledger.PrefixDID + did("az"), ledger.PrefixDID + did("b"),
		ledger.SubjectEpochs, ledger.PrefixStatus + "did:other:x", ledger.PrefixStatus + did("b"), ledger.PrefixSequence + did("aa"),
	}
	var w columns
	var known names
	for _, n := range in {
		w.putName(n, &known)
	}
	if long := 5*len(did("aa")) + 60; len(w[colMain]) > long {
		t.Errorf("%d bytes for %d names", len(w[colMain]), len(in))
	}
	r, err := split(w.bytes())
	if err != nil {
		t.Fatal(err)
	}
	known = names{}
	var out []string
	for range in {
		n, err := r.name(&known)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	if err := r.end(); err != nil || !slices.Equal(in, out) {
		t.Fatalf("%v: %q", err, out)
	}
	for what, x := range map[string][]byte{
		"kind":            {9, 0, 0, 1, 'x'},
		"prefix in clear": appendField([]byte{0}, []byte(ledger.PrefixDID+"x")),
		"nobody before":   {1, 1},
		"too far":         {1, 0, 0, 1, 'x', 1, 3},
		"twice new":       {1, 0, 0, 1, 'x', 2, 0, 1, 0},
		"shared too much": {1, 0, 0, 1, 'x', 1, 0, 2, 1, 'y'},
		"shared too few":  {1, 0, 0, 2, 'x', 'y', 1, 0, 0, 2, 'x', 'z'},
	} {
		r := &reader{colMain: {b: x}}
		var known names
		var err error
		for err == nil && r[colMain].left() > 0 {
			_, err = r.name(&known)
		}
		if err == nil {
			t.Errorf("%s: read", what)
		}
	}
}

// Steps between indexes, backwards and as far as there is, come back without
// what was there before.
func TestChanges(t *testing.T) {
	var log, want [][]byte
	for i, index := range []uint32{5, 6, 1<<32 - 1, 0, 131_072, 131_071, 131_071 + 128, 131_071} {
		e := binary.BigEndian.AppendUint64(nil, uint64(100+i/3))
		e = binary.BigEndian.AppendUint32(e, uint32(7-i%3))
		e = append(binary.BigEndian.AppendUint32(e, index), byte(i%16), byte(15-i))
		log = append(log, e)
		want = append(want, append(bytes.Clone(e[:16]), e[17]))
	}
	var w columns
	if err := w.putChanges(log, 99); err != nil {
		t.Fatal(err)
	}
	r, err := split(w.bytes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.changes(len(log), 99)
	if err != nil || r.end() != nil || !slices.EqualFunc(got, want, bytes.Equal) {
		t.Fatalf("%v: %x", err, got)
	}
	var again columns
	if err := again.putChanges(got, 99); err != nil || !bytes.Equal(again.bytes(), w.bytes()) {
		t.Errorf("a second form: %v", err)
	}
	r = &reader{colHeights: {b: []byte{0}}, colRare: {b: []byte{0}}, colIndexes: {b: []byte{0}}, colValues: {b: []byte{1}}, colGaps: {b: appendVarint(nil, 1<<56)}}
	if _, err := r.changes(1, 0); err == nil {
		t.Error("a step beyond every index is read")
	}
}

// A light block in a pack says no address, and no other bytes give the same.
func TestShortLight(t *testing.T) {
	c := testkit.NewChain(testNet, 5, 4)
	c.Vote = func(_ int64, i int) types.BlockIDFlag {
		return [...]types.BlockIDFlag{types.BlockIDFlagCommit, types.BlockIDFlagCommit, types.BlockIDFlagNil, types.BlockIDFlagAbsent, types.BlockIDFlagCommit}[i]
	}
	lb := c.Next(make([]byte, 32), testkit.Start)
	short, err := shortLight(lb)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := marshalLight(lb)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseShort(short)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := marshalLight(got); err != nil || !bytes.Equal(again, whole) {
		t.Fatalf("another light block: %v", err)
	}
	if n := len(whole) - len(short); n < 9*20 {
		t.Errorf("%d bytes shorter", n)
	}
	if _, err := parseShort(whole); err == nil {
		t.Error("one with addresses is read")
	}
	for i := range short {
		if _, err := parseShort(short[:i]); err == nil {
			t.Errorf("cut to %d bytes it is read", i)
		}
	}
}

// What compresses is not spoilt by noise in the next column.
func TestColumnsApart(t *testing.T) {
	var w columns
	h := sha256.Sum256(nil)
	for range 300 {
		h = sha256.Sum256(h[:])
		w[colHashes] = append(w[colHashes], h[:]...)
		for _, b := range h[:16] {
			w[colIndexes] = append(w[colIndexes], b&3)
		}
	}
	b, err := seal(head{kind: delta, from: 3, height: 9, chainID: testNet}, w.bytes())
	if err != nil {
		t.Fatal(err)
	}
	if most := len(w[colHashes]) + len(w[colIndexes])/4 + 700; len(b) > most {
		t.Errorf("%d bytes, more than %d", len(b), most)
	}
	if _, body, err := open(bytes.NewReader(b)); err != nil || !bytes.Equal(body, w.bytes()) {
		t.Error(err)
	}
}

// FuzzParseShort: no panic, and what is read has one form.
func FuzzParseShort(f *testing.F) {
	for _, n := range []int{1, 4} {
		c := testkit.NewChain(testNet, n, 1)
		b, err := shortLight(c.Next(make([]byte, 32), testkit.Start))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		lb, err := parseShort(b)
		if err != nil {
			return
		}
		if again, err := shortLight(lb); err != nil || !bytes.Equal(again, b) {
			t.Errorf("another form: %v", err)
		}
	})
}
