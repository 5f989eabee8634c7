package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/internal/testkit"
	"bonafide/ledger"

	"github.com/cometbft/cometbft/types"
)

// Three years of epochs at ten minutes, as the ledger would write them.
const nationEpochs = 157_680

// nation is what a pack of a nation carries: every licence of ten million on
// the pages of fifty boards, 3 % of them not simply in order, and epochs with
// one to forty batches.
func nation(issuers []string, base ledger.Carried) ledger.Carried {
	r := rand.New(rand.NewPCG(5, 6))
	c := base
	c.Subjects = nil
	for _, s := range base.Subjects {
		switch s.Name {
		case ledger.SubjectEpochs:
			s.First, s.Entries = 0, nil
			height := uint64(10)
			for i := range nationEpochs {
				height += 3 + uint64(r.IntN(3))
				e := binary.BigEndian.AppendUint64(nil, uint64(i+1))
				e = binary.BigEndian.AppendUint64(e, height)
				e = binary.BigEndian.AppendUint32(e, uint32(1+r.IntN(40)))
				root := sha256.Sum256(e)
				e = append(e, root[:]...)
				e = binary.BigEndian.AppendUint16(e, uint16(2028+i/52560))
				s.Entries = append(s.Entries, append(e, byte(1+i/4380%12)))
			}
		case ledger.SubjectTimes:
			s.First, s.Entries = 0, nil
			height, secs := uint64(10), uint64(testkit.Start.Unix())
			for range 60_000 { // blocks with a status change or more
				height += 1 + uint64(r.IntN(12))
				secs += uint64(20 + r.IntN(3000))
				s.Entries = append(s.Entries, binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, height), secs))
			}
		}
		c.Subjects = append(c.Subjects, s)
	}
	for i, issuer := range issuers {
		st := &ledger.CarriedStatus{Sequence: 1000, Pages: 2}
		for j := range 2 {
			if i < 30 || j == 0 { // 80 pages
				st.Whole = append(st.Whole, registerPage(r, 0.03))
			}
		}
		st.Pages = uint32(len(st.Whole))
		c.Subjects = append(c.Subjects, ledger.CarriedSubject{Name: ledger.PrefixStatus + issuer, Status: st})
	}
	return c
}

// TestNationSize holds the encoding to what it was made for: an epoch costs
// little more than its root, a page little more than its entropy.
func TestNationSize(t *testing.T) {
	l := world(t, 1)
	base, err := l.View().Export(0, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var issuers []string
	for i := range 50 {
		issuers = append(issuers, "did:bonafide:"+testNet+":"+string(bytes.Repeat([]byte{byte('a' + i%26)}, 31))+string(rune('a'+i/26)))
	}
	size := func(names ...string) int {
		c := nation(issuers, base)
		var some []ledger.CarriedSubject
		for _, s := range c.Subjects {
			for _, n := range names {
				if s.Name == n || n == "status" && s.Status != nil && s.Status.Peaks == nil {
					some = append(some, s)
				}
			}
		}
		c.Subjects = some
		var w columns
		if err := w.putCarried(c); err != nil {
			t.Fatal(err)
		}
		b, err := seal(head{kind: whole, height: 9, chainID: testNet}, w.bytes())
		if err != nil {
			t.Fatal(err)
		}
		return len(b)
	}
	epochs := float64(size(ledger.SubjectEpochs)) / nationEpochs
	var pages [][]byte
	for _, s := range nation(issuers, base).Subjects {
		if s.Status != nil && s.Status.Peaks == nil {
			pages = append(pages, s.Status.Whole...)
		}
	}
	status := size("status")
	least := entropy(pages)
	times := size(ledger.SubjectTimes)
	t.Logf("epoch %.2f bytes; %d pages %d bytes, entropy %.0f, ratio %.3f; 60,000 times %d bytes; together %.2f MB",
		epochs, len(pages), status, least, float64(status)/least, times,
		(epochs*nationEpochs+float64(status+times))/1e6)
	if epochs > 36 {
		t.Errorf("an epoch costs %.2f bytes", epochs)
	}
	if ratio := float64(status) / least; ratio > 1.6 {
		t.Errorf("status pages cost %.2f times their entropy", ratio)
	}
}

// BenchmarkPack gives the sizes of a light block, a small whole pack, a delta
// with one status change and a heartbeat, and the time of their imports.
func BenchmarkPack(b *testing.B) {
	for _, members := range []int{1, 4} {
		l := world(b, members)
		lb, err := l.LightBlock(l.Header())
		if err != nil {
			b.Fatal(err)
		}
		block, err := marshalLight(lb)
		if err != nil {
			b.Fatal(err)
		}
		tr := pin(b, l)
		first := export(b, l, 0)
		base := take(b, tr, nil, first, l.Now)
		l.Execute(l.Sign(l.Boards[0], set(1, 5, 4)))
		second := export(b, l, base.Data.Height)
		next := take(b, base.Trust, base.Data, second, l.Now)
		l.Beat(time.Hour)
		beat := export(b, l, next.Data.Height)
		name := map[int]string{1: "one", 4: "four"}[members]
		b.Run(name+"/whole", func(b *testing.B) {
			for b.Loop() {
				take(b, tr, nil, first, l.Now)
			}
			b.ReportMetric(float64(len(block)), "light-block-bytes")
			b.ReportMetric(float64(len(first)), "pack-bytes")
		})
		b.Run(name+"/delta", func(b *testing.B) {
			for b.Loop() {
				take(b, base.Trust, base.Data, second, l.Now)
			}
			b.ReportMetric(float64(len(second)), "delta-bytes")
			b.ReportMetric(float64(len(beat)), "heartbeat-bytes")
		})
	}
}

// BenchmarkNation is parsing, assembling and hashing a nation's pack, without
// its signatures.
func BenchmarkNation(b *testing.B) {
	l := world(b, 4)
	base, err := l.View().Export(0, time.Time{})
	if err != nil {
		b.Fatal(err)
	}
	var issuers []string
	r := rand.New(rand.NewPCG(9, 9))
	for range 50 {
		id := make([]byte, 32)
		for i := range id {
			id[i] = "abcdefghijklmnopqrstuvwxyz234567"[r.IntN(32)]
		}
		issuers = append(issuers, "did:bonafide:"+testNet+":"+string(id))
	}
	c := nation(issuers, base)
	slices.SortFunc(c.Subjects, func(a, b ledger.CarriedSubject) int { return strings.Compare(a.Name, b.Name) })
	view, err := ledger.Assemble(c)
	if err != nil {
		b.Fatal(err)
	}
	hash := view.AppHash()
	top := l.Fork(l.Height(), hash[:], l.Now)
	file, err := build(view, []*types.LightBlock{top}, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		f, err := parse(bytes.NewReader(file))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := apply(nil, f); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(file)), "pack-bytes")
}

// BenchmarkNationStatus prints "turn nation-status-entropy BYTES ENTROPY" for
// the pack in the folder that BONAFIDE_NATION names: what its status subjects
// take as a pack of their own, and the entropy of its pages, which is
//
//	sum over the pages, sum over the 16 values, n × log2(N / n) bits
//
// with N indexes on a page and n of them with the value. Indexes that nobody
// uses count as what they say, current: who reads a page cannot tell them apart.
func BenchmarkNationStatus(b *testing.B) {
	dir := os.Getenv("BONAFIDE_NATION")
	if dir == "" {
		b.Skip("a nation takes minutes: set BONAFIDE_NATION to a folder, as make bench-network does")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "nation.bonafide"))
	if err != nil {
		b.Fatal(err)
	}
	f, err := parse(bytes.NewReader(raw))
	if err != nil {
		b.Fatal(err)
	}
	least := 0.0
	f.carried.Subjects = slices.DeleteFunc(f.carried.Subjects, func(s ledger.CarriedSubject) bool { return s.Status == nil })
	for _, s := range f.carried.Subjects {
		for _, page := range s.Status.Whole {
			least += entropy([][]byte{page})
		}
	}
	var w columns
	if err := w.putCarried(f.carried); err != nil {
		b.Fatal(err)
	}
	file, err := seal(f.head, w.bytes())
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("turn nation-status-entropy %d %f\n", len(file), least)
}
