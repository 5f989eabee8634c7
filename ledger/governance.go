package ledger

// Members, proposals and votes as the lists `members` and `proposals` tell
// them. The same folding runs while blocks execute and when state is loaded,
// so that both know the same.

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"bonafide/did"
)

// Member is a board with one validator and one vote.
type Member struct {
	DID       did.DID
	Name      string
	Consensus [32]byte // Ed25519 key of its validator
	Since     uint64   // height of its admission
}

// Kinds of entries of `members`.
const (
	memberAdmitted uint8 = iota + 1
	memberRemoved
	memberReplaced // its consensus key
	memberAsked    // to replace its consensus key, in a later block
)

type memberEvent struct {
	head
	id   did.DID
	name string
	key  [32]byte
}

func (e memberEvent) marshal() []byte {
	b := appendLPString(e.append(nil), string(e.id))
	switch e.kind {
	case memberAdmitted:
		b = append(appendLPString(b, e.name), e.key[:]...)
	case memberReplaced, memberAsked:
		b = append(b, e.key[:]...)
	}
	return b
}

func parseMemberEvent(raw []byte) (memberEvent, error) {
	r := &reader{b: raw}
	e := memberEvent{head: r.head(), id: r.did()}
	switch e.kind {
	case memberAdmitted:
		e.name, e.key = r.str(maxName), r.hash()
	case memberReplaced, memberAsked:
		e.key = r.hash()
	case memberRemoved:
	default:
		r.fail("unknown kind")
	}
	return e, r.end()
}

// Kinds of entries of `proposals`.
const (
	proposalMade uint8 = iota + 1
	proposalVoted
	proposalPassed // takes effect later: after a delay, or when its turn comes
	proposalDone
	proposalExpired
	proposalFailed
	proposalWithdrawn
)

type proposalEvent struct {
	head
	number uint64
	id     did.DID // made: proposer; voted: voter
	yes    bool
	time   int64 // made: header time; passed: when it is due, 0 for the next turn
	action []byte
	code   string // failed: why
}

func (e proposalEvent) marshal() []byte {
	b := binary.BigEndian.AppendUint64(e.append(nil), e.number)
	switch e.kind {
	case proposalMade:
		b = binary.BigEndian.AppendUint64(b, uint64(e.time))
		b = appendLP(appendLPString(b, string(e.id)), e.action)
	case proposalVoted:
		b = appendBool(appendLPString(b, string(e.id)), e.yes)
	case proposalPassed:
		b = binary.BigEndian.AppendUint64(b, uint64(e.time))
	case proposalFailed:
		b = appendLPString(b, e.code)
	}
	return b
}

func parseProposalEvent(raw []byte) (proposalEvent, error) {
	r := &reader{b: raw}
	e := proposalEvent{head: r.head(), number: r.u64()}
	switch e.kind {
	case proposalMade:
		e.time, e.id, e.action = int64(r.u64()), r.did(), r.lp(MaxTx)
	case proposalVoted:
		e.id, e.yes = r.did(), r.boolean()
	case proposalPassed:
		e.time = int64(r.u64())
	case proposalFailed:
		e.code = r.str(64)
	case proposalDone, proposalExpired, proposalWithdrawn:
	default:
		r.fail("unknown kind")
	}
	return e, r.end()
}

// ProposalState is where a proposal stands.
type ProposalState string

// Where proposals stand.
const (
	ProposalOpen      ProposalState = "open"      // can be voted on
	ProposalDelayed   ProposalState = "delayed"   // passed, takes effect at Due
	ProposalQueued    ProposalState = "queued"    // passed, waits for a block without a member change
	ProposalDone      ProposalState = "done"      // in effect
	ProposalExpired   ProposalState = "expired"   // not passed in time
	ProposalFailed    ProposalState = "failed"    // passed, but not possible any more
	ProposalWithdrawn ProposalState = "withdrawn" // taken back by vote during its delay
)

type proposal struct {
	number   uint64
	head     head
	proposer did.DID
	created  int64
	action   Action
	votes    map[did.DID]bool
	state    ProposalState
	due      int64
	decided  uint64 // height of the event that closed it
	code     string
}

// queued is a member change that waits for its block.
type queued struct {
	proposal uint64 // 0: a replacement
	id       did.DID
	key      [32]byte
}

type governance struct {
	members   []Member // ascending by DID
	proposals []*proposal
	open      []uint64 // numbers, ascending
	delayed   []uint64 // numbers, in the order of passing
	queue     []queued
}

func newGovernance() *governance { return &governance{} }

func (g *governance) member(id did.DID) *Member {
	i, found := slices.BinarySearchFunc(g.members, id, func(m Member, id did.DID) int { return strings.Compare(string(m.DID), string(id)) })
	if !found {
		return nil
	}
	return &g.members[i]
}

func (g *governance) proposal(n uint64) *proposal {
	if n == 0 || n > uint64(len(g.proposals)) {
		return nil
	}
	return g.proposals[n-1]
}

// yes counts the distinct present members that voted yes.
func (g *governance) yes(p *proposal) int {
	n := 0
	for i := range g.members {
		if p.votes[g.members[i].DID] {
			n++
		}
	}
	return n
}

// Needed is how many of a network's members it takes, more than two thirds: of
// their votes for a decision, of their nodes for a header.
func Needed(members int) int { return 2*members/3 + 1 }

// passes: more than two thirds of the present members voted yes.
func (g *governance) passes(p *proposal) bool { return g.yes(p) >= Needed(len(g.members)) }

func (g *governance) applyMember(e memberEvent) {
	switch e.kind {
	case memberAdmitted:
		i, found := slices.BinarySearchFunc(g.members, e.id, func(m Member, id did.DID) int { return strings.Compare(string(m.DID), string(id)) })
		if !found {
			g.members = slices.Insert(g.members, i, Member{e.id, e.name, e.key, e.height})
		}
	case memberRemoved:
		g.members = slices.DeleteFunc(g.members, func(m Member) bool { return m.DID == e.id })
		for _, n := range g.open {
			delete(g.proposals[n-1].votes, e.id)
		}
		g.dequeue(e.id)
	case memberReplaced:
		if m := g.member(e.id); m != nil {
			m.Consensus = e.key
		}
		g.dequeue(e.id)
	case memberAsked:
		g.queue = append(g.queue, queued{id: e.id, key: e.key})
	}
}

// dequeue takes out the replacement that a member asked for; it has one at most.
func (g *governance) dequeue(id did.DID) {
	g.queue = slices.DeleteFunc(g.queue, func(q queued) bool { return q.proposal == 0 && q.id == id })
}

// queuedKey is the consensus key that a waiting change brings, if it does.
func (g *governance) queuedKey(q queued) [32]byte {
	if q.proposal == 0 {
		return q.key
	}
	if a, ok := g.proposals[q.proposal-1].action.(AdmitMember); ok {
		return a.Consensus
	}
	return [32]byte{}
}

func (g *governance) apply(e proposalEvent) error {
	if e.kind == proposalMade {
		if e.number != uint64(len(g.proposals))+1 {
			return errors.New("proposal out of order")
		}
		a, err := parseAction(e.action)
		if err != nil {
			return err
		}
		g.proposals = append(g.proposals, &proposal{
			number: e.number, head: e.head, proposer: e.id, created: e.time, action: a,
			votes: map[did.DID]bool{}, state: ProposalOpen,
		})
		g.open = append(g.open, e.number)
		return nil
	}
	p := g.proposal(e.number)
	if p == nil {
		return errors.New("no such proposal")
	}
	if e.kind == proposalVoted {
		p.votes[e.id] = e.yes
		return nil
	}
	is := func(n uint64) bool { return n == e.number }
	g.open = slices.DeleteFunc(g.open, is)
	g.delayed = slices.DeleteFunc(g.delayed, is)
	g.queue = slices.DeleteFunc(g.queue, func(q queued) bool { return q.proposal == e.number })
	p.decided = e.height
	switch e.kind {
	case proposalPassed:
		p.due = e.time
		if e.time == 0 {
			p.state = ProposalQueued
			g.queue = append(g.queue, queued{proposal: e.number})
		} else {
			p.state = ProposalDelayed
			g.delayed = append(g.delayed, e.number)
		}
	case proposalDone:
		p.state = ProposalDone
	case proposalExpired:
		p.state = ProposalExpired
	case proposalFailed:
		p.state, p.code = ProposalFailed, e.code
	case proposalWithdrawn:
		p.state = ProposalWithdrawn
	}
	return nil
}

// fold replays both lists in ledger order.
func fold(members []memberEvent, entries [][]byte) (*governance, error) {
	g := newGovernance()
	i := 0
	before := func(a, b head) bool {
		return a.height < b.height || a.height == b.height && a.position < b.position
	}
	for _, raw := range entries {
		e, err := parseProposalEvent(raw)
		if err != nil {
			return nil, err
		}
		// Within one transaction a proposal is decided before its effect shows.
		for i < len(members) && before(members[i].head, e.head) {
			g.applyMember(members[i])
			i++
		}
		if err := g.apply(e); err != nil {
			return nil, err
		}
	}
	for _, e := range members[i:] {
		g.applyMember(e)
	}
	return g, nil
}

// MemberChanges lists the blocks since the genesis that changed the validators,
// ascending.
func (v *View) MemberChanges() []uint64 {
	var out []uint64
	for _, e := range v.d.memberEvents {
		if e.height > 0 && e.kind != memberAsked {
			out = append(out, e.height)
		}
	}
	return out
}
