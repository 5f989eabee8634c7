package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"
	"time"
)

func BenchmarkParseGenesis(b *testing.B) {
	raw := founders(newBoard("a"), newBoard("b")).Marshal()
	for b.Loop() {
		if _, err := ParseGenesis(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEd25519Check(b *testing.B) {
	key := seedKey("bench")
	msg := make([]byte, 300)
	sig := ed25519.Sign(key, msg)
	pub := publicKey(key)
	for b.Loop() {
		if !pub.Verify(msg, sig) {
			b.Fatal("signature")
		}
	}
}

// BenchmarkAnchorBlock executes blocks of 5,000 anchor transactions in a state
// of national size: 70 issuers with 100 pages in all, 160,000 epochs and as
// many batches. checked: their signatures were seen by the mempool.
func BenchmarkAnchorBlock(b *testing.B) {
	for _, checked := range []bool{true, false} {
		b.Run(fmt.Sprintf("checked=%v", checked), func(b *testing.B) {
			n, issuers := national(b)
			n.s.verified = sigMemory{}
			for b.Loop() {
				b.StopTimer()
				const txs = 5000
				block := n.nextBlock()
				for i := range txs {
					by := issuers[i%len(issuers)]
					var r Hash
					binary.BigEndian.PutUint64(r[:], block.Height)
					binary.BigEndian.PutUint64(r[8:], uint64(i))
					raw := by.tx(n.s.sequence(by.id)+1+uint64(i/len(issuers)), AnchorBatch{r, 100, Month{2029, 1}}).Marshal()
					if checked {
						if c := n.s.Check(raw); c.Code != "" {
							b.Fatal(c)
						}
					}
					block.Txs = append(block.Txs, raw)
				}
				n.s.ResetCheck()
				b.StartTimer()
				out := n.s.Execute(block)
				b.StopTimer()
				for _, r := range out.Results {
					if r.Code != "" {
						b.Fatal(r)
					}
				}
				n.out = out
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/5000, "µs/tx")
		})
	}
}

// national fills a state without signing each of its transactions.
func national(b testing.TB) (*network, []*board) {
	member := newBoard("a")
	n := newNetwork(b, member)
	var issuers []*board
	for i := range 70 {
		x := newBoard(fmt.Sprint("issuer ", i))
		n.create(x, member)
		n.accredit(member, x, licence, fmt.Sprintf("US-%03d", i))
		n.must(x, SetStatus{Pages: 1, Changes: []StatusChange{set(uint32(i), Probation)}})
		issuers = append(issuers, x)
	}
	n.step = 10 * time.Minute
	for e := range uint64(160_000) {
		by := issuers[e%70]
		n.s.block = n.nextBlock()
		n.s.block.Height = n.s.d.height + 1
		var r Hash
		binary.BigEndian.PutUint64(r[:], e)
		h := sha256.Sum256(r[:])
		n.s.append(PrefixBatches+string(by.id), appendBatch(nil, n.s.block.Height, 0, h, 100, Month{2028, 1}, by.method(by.ledger)))
		n.s.append(SubjectOpen, appendOpen(nil, openBatch{by.id, h, 100, Month{2028, 1}}))
		n.s.closeEpoch()
		n.s.append(SubjectBlocks, blockRec{n.s.block.Height, h}.marshal())
		n.s.append(SubjectTimes, timeRec{n.s.d.blocks[len(n.s.d.times)].height, n.now.Unix()}.marshal())
		n.s.d.height++
		n.s.takeRows()
	}
	n.s.flush()
	return n, issuers
}

// BenchmarkIdleBlock is a heartbeat in a state of national size.
func BenchmarkIdleBlock(b *testing.B) {
	n, _ := national(b)
	n.rest()
	for b.Loop() {
		n.s.Execute(n.nextBlock())
	}
}

// BenchmarkStatusBlock changes one licence in a state of national size.
func BenchmarkStatusBlock(b *testing.B) {
	n, issuers := national(b)
	n.rest()
	i := 0
	for b.Loop() {
		b.StopTimer()
		x := issuers[i%70]
		raw := x.tx(n.s.sequence(x.id)+1, SetStatus{Pages: 1, Changes: []StatusChange{set(uint32(1000+i), Probation)}}).Marshal()
		n.s.Check(raw)
		n.s.ResetCheck()
		block := n.nextBlock(raw)
		b.StartTimer()
		if r := n.s.Execute(block).Results[0]; r.Code != "" {
			b.Fatal(r)
		}
		i++
	}
}

func BenchmarkExportAssemble(b *testing.B) {
	n, _ := national(b)
	n.rest()
	b.Run("export", func(b *testing.B) {
		for b.Loop() {
			if _, err := n.view().Export(0, time.Time{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	c, _ := n.view().Export(0, time.Time{})
	b.Run("assemble", func(b *testing.B) {
		for b.Loop() {
			if _, err := Assemble(c); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("locate", func(b *testing.B) {
		x, _ := n.view().Batches(newBoard("issuer 3").id)
		for b.Loop() {
			if _, err := n.view().Locate(newBoardID3, x[5].Root); err != nil {
				b.Fatal(err)
			}
		}
	})
}

var newBoardID3 = newBoard("issuer 3").id
