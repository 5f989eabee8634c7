package testkit

// A ledger in memory: the real state machine, driven block by block with
// headers that the validators of Chain sign. It gives real trust packs without
// running CometBFT.

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/ledger"

	cometed25519 "github.com/cometbft/cometbft/crypto/ed25519"
)

// Ledger is a network of boards on a Chain. It implements pack.Source.
type Ledger struct {
	*Chain
	State  *ledger.State
	Boards []*Board      // the founding members
	Now    time.Time     // header time of the next block; each block moves it on by Step
	Step   time.Duration // one second at first

	tb      testing.TB
	genesis ledger.Genesis
	keep    func([]ledger.Row) // nil: nobody stores the state
	appHash []byte
	votes   uint64 // proposals made so far
}

// Board is a member or an issuer with its keys.
type Board struct {
	Name      string
	DID       did.DID
	Document  []byte
	Issuing   ed25519.PrivateKey // assertionMethod
	Key       ed25519.PrivateKey // capabilityInvocation
	Sequence  uint64             // of its last transaction
	chainID   string
	consensus cometed25519.PrivKey
}

// Start is the genesis time of a NewLedger.
var Start = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// TestParams are the parameters of a NewLedger: epochs close with the block
// that brings a batch, delays are hours.
var TestParams = ledger.Params{Interval: time.Second, IssuerDelay: time.Hour, RecoverDelay: time.Hour, ProposalLife: 24 * time.Hour}

// NewLedger founds a network of n members with keys drawn from seed and makes
// its first blocks. Failures of the machinery end the test.
func NewLedger(tb testing.TB, chainID string, n int, seed uint64) *Ledger {
	tb.Helper()
	return NewStoredLedger(tb, chainID, n, seed, TestParams, nil)
}

// NewStoredLedger is NewLedger with other parameters. keep gets the rows of the
// genesis and of each block, in their order.
func NewStoredLedger(tb testing.TB, chainID string, n int, seed uint64, params ledger.Params, keep func([]ledger.Row)) *Ledger {
	tb.Helper()
	l := &Ledger{Chain: NewChain(chainID, n, seed), Now: Start.Add(time.Second), Step: time.Second, tb: tb, keep: keep}
	g := ledger.Genesis{ChainID: chainID, Time: Start, Params: params}
	for i, v := range l.Set(1).Validators {
		b := l.NewBoard(fmt.Sprintf("Board %d", i+1))
		b.consensus = l.keys[string(v.Address)]
		l.Boards = append(l.Boards, b)
		g.Members = append(g.Members, ledger.Founder{Document: b.Document, Name: b.Name, Consensus: [32]byte(v.PubKey.Bytes())})
	}
	s, rows, err := ledger.New(g)
	if err != nil {
		tb.Fatalf("founding a network: %v", err)
	}
	if keep != nil {
		keep(rows)
	}
	l.State, l.genesis = s, g
	hash := s.View().AppHash()
	l.appHash = hash[:]
	l.Settle()
	return l
}

// Genesis is what the network began with.
func (l *Ledger) Genesis() ledger.Genesis { return l.genesis }

// NewBoard makes a board's keys and first document; the ledger does not know
// it yet (CreateDID).
func (l *Ledger) NewBoard(name string) *Board {
	l.tb.Helper()
	key := func(use string) ed25519.PrivateKey {
		seed := sha256.Sum256(fmt.Appendf(nil, "bonafide-testkit %d %s %s", l.seed, name, use))
		return ed25519.NewKeyFromSeed(seed[:])
	}
	b := &Board{Name: name, Issuing: key("issuing"), Key: key("ledger"), chainID: l.id}
	var err error
	b.DID, b.Document, err = bonafide.NewDocument(l.id, []did.PublicKey{Public(l.tb, b.Issuing)}, []did.PublicKey{Public(l.tb, b.Key)}, bonafide.DocumentOptions{})
	if err != nil {
		l.tb.Fatalf("making a document: %v", err)
	}
	return b
}

// Public is the public half of a key.
func Public(tb testing.TB, k ed25519.PrivateKey) did.PublicKey {
	tb.Helper()
	p, err := did.NewPublicKey(did.Ed25519, k.Public().(ed25519.PublicKey))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// Method is the DID URL of a key of the board.
func (b *Board) Method(tb testing.TB, k ed25519.PrivateKey) string {
	tb.Helper()
	return string(b.DID) + "#" + Public(tb, k).Multikey()
}

// Sign makes the board's next transaction, countersigned by others if given.
func (l *Ledger) Sign(b *Board, body ledger.Body, by ...*Board) []byte {
	l.tb.Helper()
	b.Sequence++
	tx := ledger.Tx{ChainID: b.chainID, DID: b.DID, Method: b.Method(l.tb, b.Key), Sequence: b.Sequence, Body: body}
	tx.Signature = ed25519.Sign(b.Key, tx.SigningBytes())
	for _, c := range by {
		tx.Countersign = append(tx.Countersign, ledger.Countersignature{
			DID: c.DID, Method: c.Method(l.tb, c.Key), Signature: ed25519.Sign(c.Key, tx.CountersigningBytes()),
		})
	}
	return tx.Marshal()
}

// Block makes one block with the transactions given.
func (l *Ledger) Block(txs ...[]byte) ledger.Outcome {
	l.tb.Helper()
	lb := l.Next(l.appHash, l.Now)
	l.Now = l.Now.Add(l.Step)
	out := l.State.Execute(ledger.Block{Height: uint64(lb.Height), Time: lb.Time, Hash: [32]byte(lb.Hash()), Txs: txs})
	if l.keep != nil {
		l.keep(out.Rows)
	}
	var powers []Power
	for _, v := range out.Validators {
		powers = append(powers, Power{Key: v.Key[:], Power: v.Power})
	}
	if len(powers) > 0 {
		if err := l.Update(powers...); err != nil {
			l.tb.Fatal(err)
		}
	}
	l.appHash = out.AppHash[:]
	return out
}

// Execute makes a block with the transactions, which must all be executed, and
// the empty ones after it until the state rests and a header proves it.
func (l *Ledger) Execute(txs ...[]byte) {
	l.tb.Helper()
	for i, r := range l.Block(txs...).Results {
		if r.Code != "" {
			l.tb.Fatalf("transaction %d of block %d: %s %s", i, l.Height(), r.Code, r.Detail)
		}
	}
	l.Settle()
}

// Settle makes empty blocks until the newest header proves the state, as
// CometBFT does before it falls idle.
func (l *Ledger) Settle() {
	l.tb.Helper()
	for range 10 {
		if l.Height() > 0 {
			if lb, err := l.LightBlock(uint64(l.Height())); err == nil && string(lb.AppHash) == string(l.appHash) {
				return
			}
		}
		l.Block()
	}
	l.tb.Fatal("the app hash does not come to rest")
}

// Beat makes a heartbeat block d later.
func (l *Ledger) Beat(d time.Duration) {
	l.tb.Helper()
	l.Now = l.Now.Add(d)
	l.Execute()
}

// Decide lets the members pass an action: the first proposes, the others vote
// until it passes.
func (l *Ledger) Decide(a ledger.Action) {
	l.tb.Helper()
	l.votes++
	l.Execute(l.Sign(l.Boards[0], ledger.Propose{Action: a}))
	for i, b := range l.Boards[1:] {
		if (i+1)*3 > len(l.Boards)*2 { // what is there passes without this vote
			break
		}
		l.Execute(l.Sign(b, ledger.Vote{Proposal: l.votes, Yes: true}))
	}
}

// Create puts a board's DID on the ledger, countersigned by the first member.
func (l *Ledger) Create(b *Board) {
	l.tb.Helper()
	l.Execute(l.Sign(b, ledger.CreateDID{Document: b.Document}, l.Boards[0]))
}

// Admit makes a board whose DID is on the ledger a member with a new validator.
func (l *Ledger) Admit(b *Board) {
	l.tb.Helper()
	b.consensus = l.NewKey()
	l.Decide(ledger.AdmitMember{DID: b.DID, Name: b.Name, Consensus: [32]byte(b.consensus.PubKey().Bytes())})
	l.Boards = append(l.Boards, b)
}

// ReplaceConsensus gives a member's validator a new key.
func (l *Ledger) ReplaceConsensus(b *Board) {
	l.tb.Helper()
	b.consensus = l.NewKey()
	l.Execute(l.Sign(b, ledger.ReplaceConsensus{Key: [32]byte(b.consensus.PubKey().Bytes())}))
}

// Anchor puts a batch root into an epoch and returns the epoch's number.
func (l *Ledger) Anchor(b *Board, root [32]byte, size uint16, last ledger.Month) uint64 {
	l.tb.Helper()
	l.Execute(l.Sign(b, ledger.AnchorBatch{Root: root, Size: size, LastValidity: last}))
	return l.State.View().LastEpoch()
}

// View is the state as the newest header proves it.
func (l *Ledger) View() *ledger.View { return l.State.View() }

// Header is the height of the newest block, whose header proves View.
func (l *Ledger) Header() uint64 { return uint64(l.Height()) }

// AnchorLeaves anchors a batch and returns the anchor of each leaf, with the
// salt that is in it.
func (l *Ledger) AnchorLeaves(b *Board, leaves [][32]byte, salts [][16]byte, last ledger.Month) []ledger.Anchor {
	l.tb.Helper()
	root := ledger.RootOf(leaves)
	l.Anchor(b, root, uint16(len(leaves)), last)
	at, err := l.View().Locate(b.DID, root)
	if err != nil || at.Pending {
		l.tb.Fatalf("locating a batch: %v", err)
	}
	out := make([]ledger.Anchor, len(leaves))
	for i := range leaves {
		out[i] = ledger.Anchor{
			Epoch: at.Epoch, Leaf: uint16(i), Size: uint16(len(leaves)), Batch: at.Position,
			Salt: salts[i], LeafPath: ledger.Path(leaves, i), BatchPath: at.Path,
		}
	}
	return out
}
