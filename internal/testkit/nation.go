package testkit

// A nation: years of a ledger in the minutes that a measurement has. Every
// transaction is signed by its board and executed by the state machine; only
// headers are not signed before somebody asks for one, and blocks in which
// nothing happens are left out (they change no state).

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"bonafide/ledger"

	"github.com/cometbft/cometbft/types"
)

// Nation is a ledger that grows by days. It implements pack.Source for its
// newest state.
type Nation struct {
	l       *Ledger
	r       *rand.Rand
	issuers []*register
	share   float64 // of licences that change on a day
	last    ledger.Month
	closed  time.Time // of the block of the last epoch that was planned
	roots   uint64    // batches so far
	slots   int       // epochs planned so far
	before  []byte    // app hash in the header of the newest block
	time    time.Time // of the newest block
	top     *types.LightBlock

	// StatusTxs and Changes count the transactions that set statuses, and what
	// they changed.
	StatusTxs, Changes int
}

// NationSize says how large a nation is. Its epochs follow each other as fast
// as the network's parameters allow, and none is without a batch.
type NationSize struct {
	Issuers    int     // the founders among them
	Licences   int     // each with one status index
	NotCurrent float64 // share of licences whose status is another
	Changes    float64 // share of licences whose status changes each day, half of them back to current
	Years      int     // for which the credentials are valid
}

// EpochsADay is the number of epochs of ten minutes.
const EpochsADay = 144

// Unused is the number of indexes, from 0 on, that every issuer of a nation
// leaves to its caller.
const Unused = 64

// register is what an issuer knows of its licences.
type register struct {
	*Board
	pages uint32
	count int      // licences
	on    []uint32 // indexes in use whose status is current
	off   []uint32 // those that may become current again
	owed  float64  // changes to come
	down  bool     // the next change takes a licence out of force
}

// notCurrent is how the licences that are not current are spread over the
// values, in shares of a thousand; nine in ten of them for reasons of paper.
var notCurrent = []struct {
	value ledger.Status
	share int
}{
	{ledger.Expired, 360},
	{ledger.Inactive, 210},
	{ledger.Lapsed, 110},
	{ledger.Retired, 80},
	{ledger.Probation, 60},
	{ledger.SuspendedStatus, 40},
	{ledger.Condition, 30},
	{ledger.Restriction, 20},
	{ledger.Hold, 5},
	{ledger.SummarilySuspended, 5},
	{ledger.Surrendered, 30},
	{ledger.Revoked, 30},
	{ledger.Deceased, 15},
	{ledger.Void, 5},
}

const (
	finalShare = 80 // of notCurrent: values that never change again
	finalDaily = 10 // of a thousand changes on a day, which would else fill the register with final values
)

func (n *Nation) value(final int) ledger.Status {
	at := n.r.IntN(1000 - finalShare)
	if n.r.IntN(1000) < final {
		at = 1000 - finalShare + n.r.IntN(finalShare)
	}
	for _, v := range notCurrent {
		if at -= v.share; at < 0 {
			return v.value
		}
	}
	return ledger.Hold
}

// NewNation lets a ledger with the parameters of a real network become a
// nation: the other issuers join it, and all of them bring their registers. The
// ledger itself makes no further blocks.
func NewNation(l *Ledger, size NationSize, seed uint64) *Nation {
	l.tb.Helper()
	n := &Nation{
		l: l, r: rand.New(rand.NewPCG(seed, 1)), share: size.Changes,
		last: ledger.Month{Year: uint16(Start.Year() + size.Years), Month: uint8(Start.Month())},
	}
	var weights []float64
	total := 0.0
	for i := range size.Issuers {
		b := &Board{}
		if i < len(l.Boards) {
			b = l.Boards[i]
		} else {
			b = l.NewBoard(fmt.Sprintf("Issuer %d", i+1))
			l.Create(b)
		}
		if len(l.View().Accreditations(b.DID)) == 0 {
			l.Decide(ledger.Accredit{Issuer: b.DID, Type: "ProfessionalLicence", Jurisdictions: []string{fmt.Sprintf("US-%03d", i)}})
		}
		n.issuers = append(n.issuers, &register{Board: b})
		weights = append(weights, 1/float64(i+4)) // a few are large, most are not
		total += weights[i]
	}
	n.before, n.time = l.appHash, l.Now
	used, share := 0, 0.0
	for i, x := range n.issuers {
		share += weights[i] / total
		licences := int(share*float64(size.Licences)+0.5) - used
		used += licences
		n.open(x, licences, size.NotCurrent)
	}
	n.settle()
	n.closed = n.time
	return n
}

// open draws an issuer's indexes and sets those that are not current.
func (n *Nation) open(x *register, licences int, share float64) {
	x.count = licences
	x.pages = uint32((Unused + licences + ledger.PageIndexes - 1) / ledger.PageIndexes)
	all := make([]uint32, 0, x.pages*ledger.PageIndexes)
	for i := range x.pages*ledger.PageIndexes - Unused {
		all = append(all, Unused+i)
	}
	n.r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	off := int(share*float64(licences) + 0.5)
	var changes []ledger.StatusChange
	for _, i := range all[:off] {
		v := n.value(finalShare)
		changes = append(changes, ledger.StatusChange{Op: ledger.SetValue, Index: i, Value: v})
		if !v.Final() {
			x.off = append(x.off, i)
		}
	}
	x.on = slices.Clone(all[off:licences])
	for first := true; first || len(changes) > 0; first = false {
		some := changes[:min(len(changes), ledger.MaxStatusChanges)]
		changes = changes[len(some):]
		n.now(time.Second, n.l.Sign(x.Board, n.setStatus(x, some)))
	}
}

// setStatus is what an issuer's client makes of changes.
func (n *Nation) setStatus(x *register, changes []ledger.StatusChange) ledger.SetStatus {
	slices.SortFunc(changes, func(a, b ledger.StatusChange) int { return cmp.Compare(a.Index, b.Index) })
	n.StatusTxs++
	n.Changes += len(changes)
	return ledger.SetStatus{Pages: x.pages, Changes: changes}
}

// change draws the next change of an issuer.
func (n *Nation) change(x *register, named map[uint32]bool) (ledger.StatusChange, bool) {
	from := &x.off
	if x.down = !x.down; x.down {
		from = &x.on
	}
	for range 100 {
		if len(*from) == 0 {
			break
		}
		at := n.r.IntN(len(*from))
		index := (*from)[at]
		if named[index] {
			continue // a transaction names an index once
		}
		named[index] = true
		(*from)[at] = (*from)[len(*from)-1]
		*from = (*from)[:len(*from)-1]
		if !x.down {
			x.on = append(x.on, index)
			return ledger.StatusChange{Op: ledger.SetValue, Index: index, Value: ledger.Current}, true
		}
		v := n.value(finalDaily)
		if !v.Final() {
			x.off = append(x.off, index)
		}
		return ledger.StatusChange{Op: ledger.SetValue, Index: index, Value: v}, true
	}
	return ledger.StatusChange{}, false
}

// moment is a block of a day that does something.
type moment struct {
	at   time.Time
	skip uint64 // blocks before it that change nothing
	send []send
	txs  [][]byte // what is sent, signed
}

// send is a transaction to be signed: sequences follow the order of time.
type send struct {
	by   *Board
	body ledger.Body
}

// Days lets time pass. Each issuer settles the changes of a day in one
// transaction at an hour of its own, and one change by itself; in each epoch
// one to three batches are anchored.
func (n *Nation) Days(days int) {
	n.l.tb.Helper()
	plans := make(chan []moment, 2)
	go func() { // signs while the days before are executed
		defer close(plans)
		for range days {
			plans <- n.plan()
		}
	}()
	for p := range plans {
		for i, m := range p {
			n.block(m.at, m.skip, m.txs...)
			// The engine makes the next block at once. It dates this one.
			if next := m.at.Add(time.Second); i+1 == len(p) || p[i+1].at.After(next) {
				n.block(next, 0)
			}
		}
	}
	n.settle()
}

// plan makes the transactions of a day.
func (n *Nation) plan() []moment {
	var out []moment
	begin := n.closed
	for range EpochsADay {
		// A block is proposed when somebody sends something or a heartbeat is due.
		n.closed = n.closed.Add(n.l.genesis.Params.Interval + time.Duration(1+n.r.IntN(20))*time.Second)
		m := moment{at: n.closed}
		for range 1 + n.r.IntN(3) {
			n.roots++
			root := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("nation"), n.roots))
			// Every issuer in its turn, then whoever comes.
			x := n.issuers[n.r.IntN(len(n.issuers))]
			if n.slots%EpochsADay < len(n.issuers) && len(m.send) == 0 {
				x = n.issuers[n.slots%EpochsADay]
			}
			m.send = append(m.send, send{x.Board, ledger.AnchorBatch{Root: root, Size: uint16(1 + n.r.IntN(200)), LastValidity: n.last}})
		}
		n.slots++
		out = append(out, m)
	}
	length := n.closed.Sub(begin)
	for _, x := range n.issuers {
		x.owed += n.share * float64(x.count)
		a, b := n.r.Int64N(int64(length)), n.r.Int64N(int64(length))
		night := n.r.IntN(2) == 0
		named := map[uint32]bool{}
		for i, at := range []int64{min(a, b), max(a, b)} {
			count := int(x.owed)
			if (i == 0) != night { // the one by itself
				count = min(count, 1)
			} else if i == 0 {
				count = max(count-1, 0)
			}
			var changes []ledger.StatusChange
			for range count {
				if c, ok := n.change(x, named); ok {
					changes = append(changes, c)
				}
			}
			x.owed -= float64(len(changes))
			if len(changes) > 0 {
				out = append(out, moment{at: begin.Add(time.Duration(at)).Truncate(time.Second), send: []send{{x.Board, n.setStatus(x, changes)}}})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b moment) int { return a.at.Compare(b.at) })
	for i := range out {
		since := out[i].at.Sub(begin)
		out[i].skip = 1 + uint64(since/(n.l.genesis.Params.Interval/4)) + uint64(len(out[i].send)-1)
		begin = out[i].at
		for _, t := range out[i].send {
			out[i].txs = append(out[i].txs, n.l.Sign(t.by, t.body))
		}
	}
	return out
}

// now makes a block after a while, which must execute everything.
func (n *Nation) now(after time.Duration, txs ...[]byte) { n.block(n.time.Add(after), 0, txs...) }

func (n *Nation) block(at time.Time, skip uint64, txs ...[]byte) {
	n.top = nil
	if !at.After(n.time) {
		at = n.time.Add(time.Millisecond)
	}
	b := ledger.Block{Height: n.l.State.Height() + 1 + skip, Time: at, Txs: txs}
	b.Hash = sha256.Sum256(binary.BigEndian.AppendUint64([]byte("block"), b.Height))
	n.before = n.l.appHash
	out := n.l.State.Execute(b)
	for i, r := range out.Results {
		if r.Code != "" {
			n.l.tb.Fatalf("transaction %d of block %d: %s %s", i, b.Height, r.Code, r.Detail)
		}
	}
	if n.l.keep != nil {
		n.l.keep(out.Rows)
	}
	n.l.appHash, n.time = out.AppHash[:], at
}

// settle makes empty blocks until the newest header proves the state.
func (n *Nation) settle() {
	for range 10 {
		if n.now(time.Second); string(n.before) == string(n.l.appHash) {
			return
		}
	}
	n.l.tb.Fatal("the app hash does not come to rest")
}

// Now is the header time of the newest block.
func (n *Nation) Now() time.Time { return n.time }

// View is the newest state.
func (n *Nation) View() *ledger.View { return n.l.View() }

// Header is the height of the newest block, whose header proves View.
func (n *Nation) Header() uint64 { return n.l.State.Height() }

// LightBlock gives the newest block; the founders are the members to the end.
func (n *Nation) LightBlock(height uint64) (*types.LightBlock, error) {
	if height != n.Header() {
		return nil, fmt.Errorf("no block %d", height)
	}
	if n.top == nil {
		n.top = n.l.Chain.Sign(int64(height), n.before, n.time, n.l.Set(1), n.l.Set(1))
	}
	return n.top, nil
}

// MemberChanges lists none.
func (n *Nation) MemberChanges() ([]uint64, error) { return nil, nil }
