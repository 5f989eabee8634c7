package ledger

// A network in memory with keys from fixed seeds: what the tests of this
// package play on.

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
)

const testNet = "test-abcdefgh"

var (
	testStart  = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	testParams = Params{Interval: time.Minute, IssuerDelay: 100 * time.Second, RecoverDelay: 200 * time.Second, ProposalLife: 500 * time.Second}
)

func seedKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("ledger test key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func publicKey(k ed25519.PrivateKey) did.PublicKey {
	p, err := did.NewPublicKey(did.Ed25519, k.Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	return p
}

func consensusOf(name string) (out [32]byte) {
	copy(out[:], seedKey(name+" consensus").Public().(ed25519.PublicKey))
	return out
}

// board is somebody with a DID.
type board struct {
	name     string
	id       did.DID
	document []byte
	issuing  ed25519.PrivateKey
	ledger   ed25519.PrivateKey
}

func newBoard(name string) *board {
	b := &board{name: name, issuing: seedKey(name + " issuing"), ledger: seedKey(name + " ledger")}
	var err error
	b.id, b.document, err = bonafide.NewDocument(testNet, []did.PublicKey{publicKey(b.issuing)}, []did.PublicKey{publicKey(b.ledger)}, bonafide.DocumentOptions{})
	if err != nil {
		panic(err)
	}
	return b
}

func (b *board) method(k ed25519.PrivateKey) string {
	return string(b.id) + "#" + publicKey(k).Multikey()
}

// document of the board with other keys.
func (b *board) next(issuing, ledger []ed25519.PrivateKey) []byte {
	pub := func(ks []ed25519.PrivateKey) (out []did.PublicKey) {
		for _, k := range ks {
			out = append(out, publicKey(k))
		}
		return out
	}
	doc, err := bonafide.NextDocument(b.id, pub(issuing), pub(ledger), bonafide.DocumentOptions{})
	if err != nil {
		panic(err)
	}
	return doc
}

// tx signs a transaction with the board's ledger key and the given sequence.
func (b *board) tx(seq uint64, body Body) Tx {
	t := Tx{ChainID: testNet, DID: b.id, Method: b.method(b.ledger), Sequence: seq, Body: body}
	t.Signature = ed25519.Sign(b.ledger, t.SigningBytes())
	return t
}

func (b *board) create(member *board) Tx {
	t := b.tx(1, CreateDID{b.document})
	if member != nil {
		t.Countersign = []Countersignature{{
			DID: member.id, Method: member.method(member.ledger),
			Signature: ed25519.Sign(member.ledger, t.CountersigningBytes()),
		}}
	}
	return t
}

// network is a state with its stored rows.
type network struct {
	t     testing.TB
	s     *State
	rows  map[string][]byte
	now   time.Time
	step  time.Duration
	hash  Hash
	out   Outcome
	check bool // Check every transaction before it executes
}

func founders(bs ...*board) Genesis {
	g := Genesis{ChainID: testNet, Time: testStart, Params: testParams}
	for _, b := range bs {
		g.Members = append(g.Members, Founder{b.document, b.name, consensusOf(b.name)})
	}
	return g
}

func newNetwork(t testing.TB, bs ...*board) *network {
	t.Helper()
	return fromGenesis(t, founders(bs...))
}

func fromGenesis(t testing.TB, g Genesis) *network {
	t.Helper()
	s, rows, err := New(g)
	if err != nil {
		t.Fatal(err)
	}
	n := &network{t: t, s: s, rows: map[string][]byte{}, now: testStart, step: 5 * time.Second, hash: s.AppHash()}
	n.store(rows)
	return n
}

func (n *network) store(rows []Row) {
	for _, r := range rows {
		if r.Value == nil {
			delete(n.rows, string(r.Key))
		} else {
			n.rows[string(r.Key)] = slices.Clone(r.Value)
		}
	}
}

func sortedRows(rows map[string][]byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		for _, k := range slices.Sorted(maps.Keys(rows)) {
			if !yield([]byte(k), rows[k]) {
				return
			}
		}
	}
}

// reload replaces the state by one loaded from the stored rows.
func (n *network) reload() {
	n.t.Helper()
	s, err := Load(sortedRows(n.rows))
	if err != nil {
		n.t.Fatal(err)
	}
	if s.AppHash() != n.hash || s.Height() != n.s.Height() {
		n.t.Fatalf("reloaded at height %d: another state", n.s.Height())
	}
	n.s = s
}

func blockHash(height uint64) Hash { return sha256.Sum256(fmt.Append(nil, "block ", height)) }

func (n *network) nextBlock(txs ...[]byte) Block {
	n.now = n.now.Add(n.step)
	h := n.s.Height() + 1
	return Block{Height: h, Time: n.now, Hash: blockHash(h), Txs: txs}
}

// run executes raw transactions in one block.
func (n *network) run(txs ...[]byte) Outcome {
	n.t.Helper()
	b := n.nextBlock(txs...)
	if n.check {
		for _, tx := range txs {
			n.s.Check(tx)
		}
		n.s.ResetCheck()
	}
	n.out = n.s.Execute(b)
	n.store(n.out.Rows)
	n.hash = n.out.AppHash
	if n.hash != n.s.AppHash() {
		n.t.Fatal("the outcome names another app hash")
	}
	return n.out
}

// send executes one transaction of a board in a block of its own.
func (n *network) send(b *board, body Body) TxResult {
	n.t.Helper()
	r := n.run(b.tx(n.s.sequence(b.id)+1, body).Marshal()).Results[0]
	return r
}

// must is send that may not be refused.
func (n *network) must(b *board, body Body) {
	n.t.Helper()
	if r := n.send(b, body); r.Code != "" {
		n.t.Fatalf("%T by %s refused: %s (%s)", body, b.name, r.Code, r.Detail)
	}
}

// refused is send that must be refused with a code and change nothing.
func (n *network) refused(b *board, body Body, code string) {
	n.t.Helper()
	n.rest()
	before := n.hash
	if r := n.send(b, body); r.Code != code {
		n.t.Fatalf("%T by %s: code %q (%s), want %q", body, b.name, r.Code, r.Detail, code)
	}
	if n.hash != before {
		n.t.Fatalf("%T by %s was refused but changed the state", body, b.name)
	}
}

// rest runs empty blocks until the state no longer changes.
func (n *network) rest() {
	n.t.Helper()
	for range 5 {
		before := n.hash
		n.run()
		if n.hash == before {
			return
		}
	}
	n.t.Fatal("the state does not come to rest")
}

func (n *network) create(b, member *board) {
	n.t.Helper()
	if r := n.run(b.create(member).Marshal()).Results[0]; r.Code != "" {
		n.t.Fatalf("creating %s: %s (%s)", b.name, r.Code, r.Detail)
	}
}

func (n *network) accredit(member, issuer *board, typ string, jurisdictions ...string) {
	n.t.Helper()
	n.must(member, Propose{Accredit{issuer.id, typ, jurisdictions}})
}

func (n *network) view() *View { return n.s.View() }

func root(name string) Hash { return sha256.Sum256([]byte(name)) }

func batch(name string) AnchorBatch {
	return AnchorBatch{Root: root(name), Size: 3, LastValidity: Month{2028, 7}}
}

func set(index uint32, v Status) StatusChange {
	return StatusChange{Op: SetValue, Index: index, Value: v}
}

func move(index, from uint32) StatusChange {
	return StatusChange{Op: MoveValue, Index: index, From: from}
}

// proposal returns the newest proposal.
func (n *network) proposal() Proposal {
	n.t.Helper()
	ps, err := n.view().Proposals()
	if err != nil || len(ps) == 0 {
		n.t.Fatal("no proposal")
	}
	return ps[len(ps)-1]
}

const licence = "ProfessionalLicence"
