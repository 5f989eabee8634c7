package ledger

// Two replicas under arbitrary histories: what a fuzzer makes of transactions is
// executed by a state that lived through the past and by one that was loaded from
// its rows, with their mempools in another order. They must never differ, whatever
// comes.

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"maps"
	"slices"
	"testing"
	"time"
)

// replicaWorld is a network with something of everything: two members, an issuer
// with a page and an open batch, a suspended one, an open proposal.
type replicaWorld struct {
	g      Genesis
	boards []*board // a and b are members, issuer and idle are not, nobody is not on the ledger
	blocks []Block
	rows   map[string][]byte
	now    time.Time
}

func newReplicaWorld(t testing.TB) *replicaWorld {
	t.Helper()
	a, b, issuer, idle, nobody := newBoard("a"), newBoard("b"), newBoard("issuer"), newBoard("idle"), newBoard("nobody")
	w := &replicaWorld{g: founders(a, b), boards: []*board{a, b, issuer, idle, nobody}}
	n := fromGenesis(t, w.g)
	send := func(who *board, body Body) {
		blk := n.nextBlock(who.tx(n.s.sequence(who.id)+1, body).Marshal())
		w.play(t, n, blk)
	}
	w.play(t, n, n.nextBlock(issuer.create(a).Marshal(), idle.create(b).Marshal()))
	send(a, Propose{Accredit{issuer.id, licence, []string{"US-OH"}}})
	send(b, Vote{1, true})
	send(issuer, SetStatus{Pages: 1, Changes: []StatusChange{set(5, Hold)}})
	send(issuer, batch("first"))
	send(a, Propose{AdmitMember{idle.id, "Idle", consensusOf("idle")}})
	w.rows, w.now = n.rows, n.now
	return w
}

// play executes a block that must be executed whole, and notes it.
func (w *replicaWorld) play(t testing.TB, n *network, b Block) {
	t.Helper()
	out := n.s.Execute(b)
	n.store(out.Rows)
	n.hash = out.AppHash
	for _, r := range out.Results {
		if r.Code != "" {
			t.Fatalf("building the world: %s %s", r.Code, r.Detail)
		}
	}
	w.blocks = append(w.blocks, b)
}

// lived is a replica that executed every block.
func (w *replicaWorld) lived(t testing.TB) *network {
	t.Helper()
	n := fromGenesis(t, w.g)
	for _, b := range w.blocks {
		out := n.s.Execute(b)
		n.store(out.Rows)
		n.hash = out.AppHash
	}
	n.now = w.now
	return n
}

// loaded is a replica that was restarted from what was stored.
func (w *replicaWorld) loaded(t testing.TB) *network {
	t.Helper()
	s, err := Load(sortedRows(w.rows))
	if err != nil {
		t.Fatal(err)
	}
	return &network{t: t, s: s, rows: maps.Clone(w.rows), now: w.now, hash: s.AppHash()}
}

// Flags of a step of a fuzzed history, beside the board in its lowest bits.
const (
	stepBoards  = 0x07
	stepOldKey  = 0x08 // signed with the issuing key
	stepBroken  = 0x10 // the signature is not right
	stepReplay  = 0x20 // with the sequence before
	stepRaw     = 0x40 // the bytes are the whole transaction
	stepNewTime = 0x80 // a block ends here, and much later the next begins
)

// step is a transaction of a fuzzed history: flags, u16 length, bytes.
func step(flags byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{flags}, uint16(len(body))), body...)
}

// history turns a fuzzer's bytes into blocks of transactions, with the hours that
// pass before each. At most 24 steps are read.
func (w *replicaWorld) history(n *network, raw []byte) (blocks [][][]byte, wait []time.Duration) {
	next := map[*board]uint64{}
	var txs [][]byte
	late := time.Duration(0)
	for range 24 {
		if len(raw) < 3 {
			break
		}
		flags, size := raw[0], int(binary.BigEndian.Uint16(raw[1:]))
		raw = raw[3:]
		size = min(size, len(raw))
		given := raw[:size]
		raw = raw[size:]
		b := w.boards[int(flags&stepBoards)%len(w.boards)]
		body, err := parseBody(given)
		switch {
		case flags&stepRaw != 0 || err != nil:
			txs = append(txs, given)
		default:
			seq := max(n.s.sequence(b.id), next[b])
			if flags&stepReplay == 0 {
				seq++
			}
			if flags&(stepBroken|stepOldKey) == 0 { // what is refused takes no number
				next[b] = seq
			}
			x := Tx{ChainID: testNet, DID: b.id, Method: b.method(b.ledger), Sequence: seq, Body: body}
			key := b.ledger
			if flags&stepOldKey != 0 {
				key = b.issuing
				x.Method = b.method(key)
			}
			if _, new := body.(CreateDID); new {
				by := w.boards[0]
				x.Countersign = []Countersignature{{DID: by.id, Method: by.method(by.ledger), Signature: ed25519.Sign(by.ledger, x.CountersigningBytes())}}
			}
			x.Signature = ed25519.Sign(key, x.SigningBytes())
			if flags&stepBroken != 0 {
				x.Signature[9] ^= 1
			}
			txs = append(txs, x.Marshal())
		}
		if flags&stepNewTime != 0 {
			blocks, wait = append(blocks, txs), append(wait, late)
			txs, late = nil, time.Duration(size%97)*time.Hour
		}
	}
	return append(blocks, txs), append(wait, late)
}

func FuzzReplicas(f *testing.F) {
	w := newReplicaWorld(f)
	idle := w.boards[3]
	var all []byte
	for i, body := range everyBody() {
		for who := range w.boards {
			f.Add(step(byte(who), MarshalBody(body)))
		}
		all = append(all, step(byte(i%5)|stepNewTime*byte(i%2), MarshalBody(body))...)
	}
	f.Add(all)
	// A member more, votes doubled in one block, by one who is just being removed,
	// and long after a proposal's life.
	vote := func(who byte, number uint64) []byte { return step(who, MarshalBody(Vote{number, true})) }
	f.Add(slices.Concat(vote(1, 2), vote(1, 2), vote(0|stepNewTime, 2),
		step(0, MarshalBody(Propose{RemoveMember{idle.id}})), vote(1, 3), vote(3, 3), step(3|stepNewTime, MarshalBody(Propose{Upgrade{"v2", 99}})),
		vote(0, 4), vote(1, 4), vote(3|stepNewTime, 4), step(3, MarshalBody(ReplaceConsensus{consensusOf("again")}))))
	f.Add(slices.Concat(step(1|stepBroken, MarshalBody(Vote{2, true})), step(1|stepReplay, MarshalBody(Vote{2, true})),
		step(1|stepOldKey, MarshalBody(Vote{2, true})), step(4, MarshalBody(CreateDID{w.boards[4].document})), step(stepRaw, []byte("x"))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		one, two := w.lived(t), w.loaded(t)
		if one.hash != two.hash || one.s.Height() != two.s.Height() {
			t.Fatal("the worlds differ")
		}
		blocks, wait := w.history(one, raw)
		for i, txs := range append(blocks, nil, nil) { // and what is due comes to rest
			for _, tx := range txs {
				one.s.Check(tx)
			}
			for _, tx := range slices.Backward(txs) {
				two.s.Check(tx)
			}
			two.s.ResetCheck()
			one.step = time.Second
			if i < len(wait) {
				one.step += wait[i]
			}
			b := one.nextBlock(txs...)
			x, y := one.s.Execute(b), two.s.Execute(b)
			if x.AppHash != y.AppHash || !slices.Equal(x.Results, y.Results) || !slices.Equal(x.Validators, y.Validators) {
				t.Fatalf("height %d: the replicas differ:\n%+v\n%+v", b.Height, x.Results, y.Results)
			}
			if !slices.EqualFunc(x.Rows, y.Rows, func(a, b Row) bool { return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value) }) {
				t.Fatalf("height %d: the replicas store different things", b.Height)
			}
			if len(x.Results) != len(txs) {
				t.Fatalf("%d results for %d transactions", len(x.Results), len(txs))
			}
			one.store(x.Rows)
			two.store(y.Rows)
			one.hash, two.hash = x.AppHash, y.AppHash
			if i%3 == 1 {
				two.reload()
			}
		}
		two.reload()
	})
}

// Fuzzed histories are worth comparing: they are made of transactions of
// which some execute and some are refused, for different reasons.
func TestThreat63_FuzzedHistoriesExecute(t *testing.T) {
	w := newReplicaWorld(t)
	idle := w.boards[3]
	n := w.lived(t)
	blocks, wait := w.history(n, slices.Concat(
		step(1, MarshalBody(Vote{2, true})), step(1|stepNewTime, MarshalBody(Vote{2, true})),
		step(3, MarshalBody(Propose{RemoveMember{idle.id}})), step(2|stepBroken, MarshalBody(batch("y"))), step(2, MarshalBody(batch("x"))),
		step(2|stepOldKey, MarshalBody(batch("q"))), step(2|stepReplay, MarshalBody(batch("z"))), step(4, MarshalBody(CreateDID{w.boards[4].document})), step(0, []byte("?"))))
	var codes []string
	for i, txs := range blocks {
		n.step = time.Second + wait[i]
		for _, r := range n.run(txs...).Results {
			codes = append(codes, r.Code)
		}
	}
	if want := []string{"", "proposal_closed", "", "tx_signature", "", "tx_key", "tx_sequence", "", "tx_malformed"}; !slices.Equal(codes, want) {
		t.Errorf("%q, not %q", codes, want)
	}
}
