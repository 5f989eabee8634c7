package ledger

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"
	"time"

	"bonafide/did"
)

func boards(k int) []*board {
	out := make([]*board, k)
	for i := range out {
		out[i] = newBoard(fmt.Sprintf("member %d", i))
	}
	return out
}

// TestThreat11_VotesAtTwoThirds: more than two thirds of the members, counted
// as distinct members, pass a proposal; one fewer never does.
func TestThreat11_VotesAtTwoThirds(t *testing.T) {
	for members, need := range map[int]int{1: 1, 2: 2, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5, 9: 7, 10: 7, 13: 9} {
		bs := boards(members)
		n := newNetwork(t, bs...)
		n.must(bs[0], Propose{Upgrade{"v2", 1 << 40}})
		for yes := 1; yes <= members; yes++ {
			if p := n.proposal(); (p.State == ProposalDone) != (yes >= need) || p.Needed != need {
				t.Errorf("%d members, %d yes: %s, needs %d", members, yes, p.State, p.Needed)
			}
			if yes >= need {
				break
			}
			// Votes again by those who voted change nothing.
			n.refused(bs[0], Vote{1, true}, "vote_repeated")
			n.must(bs[yes], Vote{1, true})
		}
	}
}

func TestVotesCanChange(t *testing.T) {
	bs := boards(4)
	n := newNetwork(t, bs...)
	n.must(bs[0], Propose{Upgrade{"v2", 1 << 40}})
	n.must(bs[1], Vote{1, true})
	n.must(bs[1], Vote{1, false})
	n.must(bs[2], Vote{1, true})
	if p := n.proposal(); p.State != ProposalOpen || len(p.Yes) != 2 || len(p.No) != 1 {
		t.Fatalf("%+v", p)
	}
	n.must(bs[1], Vote{1, true})
	if p := n.proposal(); p.State != ProposalDone {
		t.Fatalf("%+v", p)
	}
	n.refused(bs[3], Vote{1, true}, "proposal_closed")
	n.refused(bs[3], Vote{2, true}, "proposal_unknown")
	n.refused(bs[3], Vote{0, true}, "proposal_unknown")
}

// TestThreat11_RemovedMembersDoNotCount: a removed member's vote is gone, also
// when it comes back; and fewer members may need fewer votes.
func TestThreat11_RemovedMembersDoNotCount(t *testing.T) {
	bs := boards(5) // four of five pass
	n := newNetwork(t, bs...)
	n.must(bs[0], Propose{Upgrade{"v2", 1 << 40}})
	n.must(bs[4], Vote{1, true})
	n.must(bs[0], Propose{RemoveMember{bs[4].id}})
	for _, b := range bs[1:4] {
		n.must(b, Vote{2, true})
	}
	if p := n.proposal(); p.State != ProposalDone {
		t.Fatalf("removal: %+v", p)
	}
	if len(n.out.Validators) != 1 || n.out.Validators[0] != (ValidatorUpdate{consensusOf(bs[4].name), 0}) {
		t.Errorf("validators %+v", n.out.Validators)
	}
	n.refused(bs[4], Vote{1, true}, "not_member")
	n.refused(bs[4], Propose{Upgrade{"v3", 1 << 40}}, "not_member")
	first := func() Proposal {
		ps, _ := n.view().Proposals()
		return ps[0]
	}
	if p := first(); !slices.Equal(p.Yes, []did.DID{bs[0].id}) {
		t.Errorf("votes left: %v", p.Yes)
	}
	// Back again: its old vote is not.
	n.must(bs[0], Propose{AdmitMember{bs[4].id, "again", consensusOf("again")}})
	n.must(bs[1], Vote{3, true})
	n.must(bs[2], Vote{3, true})
	if m := n.view().Members(n.s.Height()); len(m) != 5 {
		t.Fatalf("%d members", len(m))
	}
	n.must(bs[1], Vote{1, true})
	n.must(bs[2], Vote{1, true})
	if p := first(); p.State != ProposalOpen || len(p.Yes) != 3 {
		t.Fatalf("three of five: %+v", p)
	}
	// Three of four suffice: the removal alone passes it.
	n.must(bs[0], Propose{RemoveMember{bs[4].id}})
	n.must(bs[1], Vote{4, true})
	n.must(bs[2], Vote{4, true})
	n.must(bs[3], Vote{4, true})
	if p := first(); p.State != ProposalDone {
		t.Errorf("three of four: %+v", p)
	}
	n.reload()
}

// TestThreat11_VotesInOneBlock: what stands in one block counts in its order: a
// vote given twice once, that of a member that is being removed no more.
func TestThreat11_VotesInOneBlock(t *testing.T) {
	play := func(t *testing.T, order func(vote func(b *board, number uint64, yes bool) []byte, bs []*board) [][]byte) (*network, []string) {
		bs := boards(4) // three of four pass, three of three
		n := newNetwork(t, bs...)
		n.must(bs[0], Propose{Upgrade{"v2", 1 << 40}})
		n.must(bs[0], Propose{RemoveMember{bs[3].id}})
		n.must(bs[1], Vote{2, true})
		next := map[*board]uint64{}
		txs := order(func(b *board, number uint64, yes bool) []byte {
			next[b] = max(next[b], n.s.sequence(b.id)) + 1
			return b.tx(next[b], Vote{number, yes}).Marshal()
		}, bs)
		var codes []string
		for _, r := range n.run(txs...).Results {
			codes = append(codes, r.Code)
		}
		n.reload()
		return n, codes
	}
	first := func(n *network) Proposal {
		ps, err := n.view().Proposals()
		if err != nil {
			t.Fatal(err)
		}
		return ps[0]
	}
	for _, c := range []struct {
		name  string
		order func(vote func(*board, uint64, bool) []byte, bs []*board) [][]byte
		codes []string
		yes   int // votes that the first proposal has then
		state ProposalState
	}{
		{"one member twice", func(vote func(*board, uint64, bool) []byte, bs []*board) [][]byte {
			return [][]byte{vote(bs[1], 1, true), vote(bs[1], 1, true)}
		}, []string{"", "vote_repeated"}, 2, ProposalOpen},
		{"one member to and fro", func(vote func(*board, uint64, bool) []byte, bs []*board) [][]byte {
			return [][]byte{vote(bs[1], 1, true), vote(bs[1], 1, false), vote(bs[1], 1, true)}
		}, []string{"", "", ""}, 2, ProposalOpen},
		{"the removed one before its removal", func(vote func(*board, uint64, bool) []byte, bs []*board) [][]byte {
			return [][]byte{vote(bs[3], 1, true), vote(bs[2], 2, true), vote(bs[1], 1, true)}
		}, []string{"", "", ""}, 2, ProposalOpen},
		{"the removed one after it", func(vote func(*board, uint64, bool) []byte, bs []*board) [][]byte {
			return [][]byte{vote(bs[2], 2, true), vote(bs[3], 1, true), vote(bs[1], 1, true)}
		}, []string{"", "not_member", ""}, 2, ProposalOpen},
		{"all but the removed one", func(vote func(*board, uint64, bool) []byte, bs []*board) [][]byte {
			return [][]byte{vote(bs[2], 2, true), vote(bs[1], 1, true), vote(bs[2], 1, true)}
		}, []string{"", "", ""}, 3, ProposalDone},
		{"passed with the removed one before it went", func(vote func(*board, uint64, bool) []byte, bs []*board) [][]byte {
			return [][]byte{vote(bs[3], 1, true), vote(bs[1], 1, true), vote(bs[2], 2, true)}
		}, []string{"", "", ""}, 3, ProposalDone},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, codes := play(t, c.order)
			if p := first(n); !slices.Equal(codes, c.codes) || len(p.Yes) != c.yes || p.State != c.state {
				t.Errorf("%q, %d yes, %s", codes, len(p.Yes), p.State)
			}
		})
	}
}

func TestProposalsExpire(t *testing.T) {
	bs := boards(3)
	n := newNetwork(t, bs...)
	n.must(bs[0], Propose{Upgrade{"v2", 1 << 40}})
	born := n.now
	n.must(bs[1], Vote{1, true})
	// At the very second that ends its life a vote no longer counts.
	n.now = born.Add(testParams.ProposalLife - n.step)
	if r := n.send(bs[2], Vote{1, true}); r.Code != "proposal_closed" {
		t.Fatalf("%+v", r)
	}
	if p := n.proposal(); p.State != ProposalExpired {
		t.Fatalf("%+v", p)
	}
	// A second earlier it would have.
	n.must(bs[0], Propose{Upgrade{"v3", 1 << 40}})
	born = n.now
	n.must(bs[1], Vote{2, true})
	n.now = born.Add(testParams.ProposalLife - n.step - time.Second)
	n.must(bs[2], Vote{2, true})
	if p := n.proposal(); p.State != ProposalDone {
		t.Fatalf("%+v", p)
	}
}

func TestOneMemberChangeABlock(t *testing.T) {
	a, b, c, d := newBoard("a"), newBoard("b"), newBoard("c"), newBoard("d")
	n := newNetwork(t, a)
	for _, x := range []*board{b, c, d} {
		n.create(x, a)
	}
	seq := n.s.sequence(a.id)
	admit := func(x *board) Body { return Propose{AdmitMember{x.id, x.name, consensusOf(x.name)}} }
	r := n.run(a.tx(seq+1, admit(b)).Marshal(), a.tx(seq+2, ReplaceConsensus{consensusOf("a2")}).Marshal())
	if r.Results[0].Code+r.Results[1].Code != "" {
		t.Fatalf("%+v", r.Results)
	}
	if len(r.Validators) != 1 || r.Validators[0] != (ValidatorUpdate{consensusOf("b"), 1}) {
		t.Fatalf("first block: %+v", r.Validators)
	}
	n.reload()
	r = n.run()
	if len(r.Validators) != 2 || r.Validators[0] != (ValidatorUpdate{consensusOf("a"), 0}) || r.Validators[1] != (ValidatorUpdate{consensusOf("a2"), 1}) {
		t.Fatalf("second block: %+v", r.Validators)
	}
	// Two removals and an admission wait for each other, in order.
	seqA, seqB := n.s.sequence(a.id), n.s.sequence(b.id)
	n.run(
		a.tx(seqA+1, admit(c)).Marshal(), b.tx(seqB+1, Vote{2, true}).Marshal(),
		a.tx(seqA+2, admit(d)).Marshal(), b.tx(seqB+2, Vote{3, true}).Marshal(),
		b.tx(seqB+3, ReplaceConsensus{consensusOf("b2")}).Marshal(),
		b.tx(seqB+4, ReplaceConsensus{consensusOf("b3")}).Marshal(),
		a.tx(seqA+3, ReplaceConsensus{consensusOf("b2")}).Marshal(),
		c.tx(2, Vote{3, true}).Marshal(),
	)
	codes := []string{"", "", "", "", "", "member_change_waits", "consensus_key", ""}
	for i, r := range n.out.Results {
		if r.Code != codes[i] {
			t.Errorf("transaction %d: %+v", i, r)
		}
	}
	if m := len(n.view().Members(n.s.Height())); m != 3 {
		t.Fatalf("%d members", m)
	}
	if p := n.proposal(); p.State != ProposalQueued {
		t.Fatalf("%+v", p)
	}
	n.reload()
	n.run()
	if len(n.out.Validators) != 2 || n.out.Validators[1] != (ValidatorUpdate{consensusOf("b2"), 1}) {
		t.Fatalf("%+v", n.out.Validators)
	}
	n.run()
	if m := len(n.view().Members(n.s.Height())); m != 4 || n.proposal().State != ProposalDone {
		t.Fatalf("%d members", m)
	}
	n.rest()
}

func TestLastMemberStays(t *testing.T) {
	a, b := newBoard("a"), newBoard("b")
	n := newNetwork(t, a, b)
	// Both removals are possible when proposed; the second no longer is when
	// its turn comes.
	seqA, seqB := n.s.sequence(a.id), n.s.sequence(b.id)
	n.run(
		a.tx(seqA+1, Propose{RemoveMember{a.id}}).Marshal(),
		b.tx(seqB+1, Propose{RemoveMember{b.id}}).Marshal(),
		a.tx(seqA+2, Vote{2, true}).Marshal(),
		b.tx(seqB+2, Vote{1, true}).Marshal(),
	)
	n.rest()
	if m := n.view().Members(n.s.Height()); len(m) != 1 {
		t.Fatalf("%d members", len(m))
	}
	if p, _ := n.view().Proposals(); p[1].State != ProposalDone || p[0].State != ProposalFailed || p[0].FailedReason != "member_last" {
		t.Errorf("%+v", p)
	}
	n.refused(a, Propose{RemoveMember{a.id}}, "member_last")
}

func TestAccreditation(t *testing.T) {
	a, b, c := newBoard("a"), newBoard("b"), newBoard("c")
	n := newNetwork(t, a)
	n.create(b, a)
	n.create(c, a)
	standing := func(x *board, jurisdiction string) Standing {
		return n.view().Standing(x.id, licence, jurisdiction, n.s.Height())
	}
	n.accredit(a, b, licence, "US-NY", "US-OH")
	if standing(b, "US-OH") != Active || standing(b, "US-CA") != None || standing(c, "US-OH") != None {
		t.Error("accredited at once where nobody holds it")
	}
	at := n.s.Height()
	n.refused(a, Propose{Accredit{b.id, licence, []string{"US-NY"}}}, "accreditation_held")

	n.must(a, Propose{Suspend{b.id, licence, "US-OH"}})
	if standing(b, "US-OH") != Suspended || standing(b, "US-NY") != Active {
		t.Error("suspension is immediate and exact")
	}
	if s := n.view().Standing(b.id, licence, "US-OH", at); s != Active {
		t.Errorf("as of %d: %s", at, s)
	}
	n.refused(a, Propose{Suspend{b.id, licence, "US-OH"}}, "accreditation_standing")
	n.refused(a, Propose{Restore{b.id, licence, "US-NY"}}, "accreditation_standing")
	n.must(a, Propose{Restore{b.id, licence, "US-OH"}})

	// A second issuer waits, counted from the block that passed it.
	for _, x := range []struct {
		a    Action
		want time.Duration
	}{
		{Accredit{c.id, licence, []string{"US-OH", "US-TX"}}, testParams.IssuerDelay},
		{Accredit{c.id, licence, []string{"US-TX"}}, 0},
		{Accredit{b.id, licence, []string{"US-OH"}}, 0}, // its own does not keep it waiting
		{RecoverDID{DID: b.id, Document: []byte("{}")}, testParams.RecoverDelay},
		{RecoverDID{DID: b.id}, 0},
		{RemoveMember{a.id}, 0},
	} {
		if got := n.view().Delay(x.a); got != x.want {
			t.Errorf("%+v waits %s, not %s", x.a, got, x.want)
		}
	}
	n.accredit(a, c, licence, "US-OH", "US-TX")
	passed := n.now
	if p := n.proposal(); p.State != ProposalDelayed || !p.Due.Equal(passed.Add(testParams.IssuerDelay)) {
		t.Fatalf("%+v", p)
	}
	n.now = passed.Add(testParams.IssuerDelay - n.step - time.Second)
	n.run()
	if standing(c, "US-OH") != None {
		t.Error("a second too early")
	}
	n.reload()
	n.now = passed.Add(testParams.IssuerDelay - n.step)
	n.run()
	if standing(c, "US-OH") != Active || standing(c, "US-TX") != Active {
		t.Error("not after its delay")
	}
	// Also while the first is suspended; not once it has ended.
	n.must(a, Propose{Suspend{b.id, licence, "US-NY"}})
	n.accredit(a, c, licence, "US-NY")
	if n.proposal().State != ProposalDelayed {
		t.Error("a suspended issuer still holds its type and jurisdiction")
	}
	// An end during the delay withdraws it.
	n.must(a, Propose{End{c.id, licence, "US-NY"}})
	if ps, _ := n.view().Proposals(); ps[len(ps)-2].State != ProposalWithdrawn {
		t.Errorf("%+v", ps[len(ps)-2])
	}
	n.now = n.now.Add(testParams.IssuerDelay)
	n.run()
	if standing(c, "US-NY") != None {
		t.Error("withdrawn but in effect")
	}
	n.must(a, Propose{End{b.id, licence, "US-NY"}})
	n.refused(a, Propose{End{b.id, licence, "US-NY"}}, "accreditation_standing")
	n.accredit(a, c, licence, "US-NY")
	if standing(b, "US-NY") != Ended || standing(c, "US-NY") != Active {
		t.Error("after the end of the first the second begins at once")
	}
	// A delayed accreditation that became impossible fails.
	n.accredit(a, b, licence, "US-NY")
	n.must(b, DeactivateDID{})
	n.now = n.now.Add(testParams.IssuerDelay)
	n.run()
	if p := n.proposal(); p.State != ProposalFailed || p.FailedReason != "did_deactivated" {
		t.Errorf("%+v", p)
	}
	if events := n.view().Accreditations(c.id); len(events) != 3 || events[0].Kind != Accredited {
		t.Errorf("%+v", events)
	}
}

func TestHandOver(t *testing.T) {
	a, b, c, d := newBoard("a"), newBoard("b"), newBoard("c"), newBoard("d")
	n := newNetwork(t, a)
	for i, x := range []*board{b, c, d} {
		n.create(x, a)
		n.accredit(a, x, licence, []string{"US-OH", "US-NY", "US-TX"}[i])
		n.must(x, SetStatus{Pages: 1, Changes: []StatusChange{set(7, Probation)}})
	}
	over := func(from, to *board) Body { return Propose{HandOver{from.id, to.id}} }
	n.refused(a, over(b, c), "handover_from")
	n.must(a, Propose{Suspend{b.id, licence, "US-OH"}})
	n.refused(a, over(b, c), "handover_from")
	n.must(b, SetStatus{Pages: 1, Changes: []StatusChange{set(8, Revoked)}}) // its register goes on
	n.refused(b, batch("x"), "not_issuer")
	n.must(a, Propose{End{b.id, licence, "US-OH"}})
	n.refused(b, SetStatus{Pages: 1, Changes: []StatusChange{set(7, Current)}}, "not_issuer")
	n.refused(a, over(b, b), "handover_to")
	n.refused(a, over(b, a), "handover_to")
	n.refused(c, SetStatus{Issuer: b.id, Pages: 1, Changes: []StatusChange{set(7, Current)}}, "status_not_keeper")
	n.must(a, over(b, c))
	n.refused(a, over(b, d), "handover_from")
	if k := n.view().Keeper(b.id); k != c.id || !n.view().HandedOver(b.id) || n.view().HandedOver(c.id) {
		t.Errorf("keeper %s", k)
	}
	n.must(c, SetStatus{Issuer: b.id, Pages: 1, Changes: []StatusChange{set(7, Current)}})
	if v, err := n.view().Status(b.id, 7); err != nil || v != Current {
		t.Errorf("%v %v", v, err)
	}
	if v, err := n.view().Status(c.id, 7); err != nil || v != Probation {
		t.Errorf("the keeper's own: %v %v", v, err)
	}
	n.refused(c, SetStatus{Issuer: b.id, Pages: 1, Changes: []StatusChange{set(8, Current)}}, "status_final")
	n.refused(c, SetStatus{Issuer: b.id, Pages: 2}, "status_pages")
	n.refused(c, SetStatus{Issuer: c.id, Pages: 2}, "tx_malformed")
	n.refused(a, Propose{Accredit{b.id, licence, []string{"US-CA"}}}, "issuer_handed_over")
	// On to the next: what was handed over goes along.
	n.must(a, Propose{End{c.id, licence, "US-NY"}})
	n.must(a, over(c, d))
	if k := n.view().Keeper(b.id); k != d.id {
		t.Errorf("keeper %s", k)
	}
	n.must(d, SetStatus{Issuer: b.id, Pages: 1, Changes: []StatusChange{set(9, Void)}})
	n.reload()
}

func TestRecover(t *testing.T) {
	a, b := newBoard("a"), newBoard("b")
	n := newNetwork(t, a)
	n.create(b, a)
	fresh := seedKey("b fresh")
	doc := b.next(nil, []ed25519.PrivateKey{fresh})
	n.refused(a, Propose{RecoverDID{b.id, nil}}, "recover_none")
	n.refused(a, Propose{RecoverDID{b.id, a.document}}, "tx_key")
	n.must(a, Propose{RecoverDID{b.id, doc}})
	if n.proposal().State != ProposalDelayed {
		t.Fatal("no delay")
	}
	n.must(a, Propose{RecoverDID{b.id, nil}}) // withdrawn
	n.now = n.now.Add(testParams.RecoverDelay)
	n.run()
	n.must(b, UpdateDID{b.document})
	n.must(a, Propose{RecoverDID{b.id, doc}})
	passed := n.now
	n.now = passed.Add(testParams.RecoverDelay - n.step - time.Second)
	n.must(b, UpdateDID{b.document}) // until then the old keys hold
	n.now = passed.Add(testParams.RecoverDelay - n.step)
	n.run()
	n.refused(b, UpdateDID{b.document}, "tx_key")
	b.ledger = fresh
	n.must(b, UpdateDID{doc})
	n.must(b, DeactivateDID{})
	n.refused(a, Propose{RecoverDID{b.id, doc}}, "did_deactivated")
}

func TestTemplatesAndUpgrades(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	form := func(path string) []byte {
		return []byte(`{"display":{"name":"Licence"},"jurisdiction":"` + path + `","number":"/n","schema":{"minLength":1},"type":"ProfessionalLicence","validUntil":"/validUntil","vct":"urn:x"}`)
	}
	n.must(a, Propose{RegisterTemplate{form("/j")}})
	first := n.s.Height()
	n.refused(a, Propose{RegisterTemplate{form("/j")}}, "template_unchanged")
	n.must(a, Propose{RegisterTemplate{form("/k")}})
	if p, err := n.view().Template(licence, first); err != nil || p.Jurisdiction != "/j" {
		t.Errorf("%+v %v", p, err)
	}
	if p, err := n.view().Template(licence, n.s.Height()); err != nil || p.Jurisdiction != "/k" || p.VCT != "urn:x" {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := n.view().Template(licence, 0); err != error(ErrNoTemplate) {
		t.Errorf("before the first: %v", err)
	}
	for _, bad := range []string{
		``, `{}`, `[]`, `{"type":"X"}`,
		string(form("")), string(form("j")), string(form("/a~2")), string(form("/j")) + " ",
		`{"display":{},"jurisdiction":"/j","number":"/n","schema":{"minimum":1.5},"type":"T","validUntil":"/v","vct":"u"}`,
		`{"display":{},"extra":1,"jurisdiction":"/j","number":"/n","schema":{},"type":"T","validUntil":"/v","vct":"u"}`,
		`{"display":{},"jurisdiction":"/j","number":"/n","schema":{},"type":"no type","validUntil":"/v","vct":"u"}`,
	} {
		n.refused(a, Propose{RegisterTemplate{[]byte(bad)}}, "template_malformed")
	}
	n.refused(a, Propose{Upgrade{"v2", n.s.Height()}}, "upgrade_height")
	at := n.s.Height() + 10
	n.must(a, Propose{Upgrade{"v2", at}})
	if _, due := n.s.UpgradeDue(at - 1); due {
		t.Error("due too early")
	}
	if u, due := n.s.UpgradeDue(at); !due || u.Name != "v2" {
		t.Errorf("%+v %v", u, due)
	}
	n.reload()
}

func TestConsensusKeys(t *testing.T) {
	a, b, c := newBoard("a"), newBoard("b"), newBoard("c")
	n := newNetwork(t, a, b)
	n.create(c, a)
	n.refused(a, ReplaceConsensus{consensusOf("b")}, "consensus_key")
	n.refused(a, ReplaceConsensus{consensusOf("a")}, "consensus_key")
	n.refused(a, ReplaceConsensus{[32]byte{}}, "consensus_key")
	n.refused(a, Propose{AdmitMember{c.id, "c", consensusOf("b")}}, "consensus_key")
	n.refused(a, Propose{AdmitMember{b.id, "b", consensusOf("c")}}, "member_exists")
	n.refused(a, Propose{AdmitMember{newBoard("z").id, "z", consensusOf("c")}}, "did_unknown")
	n.refused(c, ReplaceConsensus{consensusOf("c")}, "not_member")
}

// TestQueuedConsensusKeys: who waits longer has the key, and a removal takes a
// waiting replacement along.
func TestQueuedConsensusKeys(t *testing.T) {
	a, b, c, d := newBoard("a"), newBoard("b"), newBoard("c"), newBoard("d")
	n := newNetwork(t, a, d)
	n.create(b, a)
	n.create(c, a)
	// Proposed while free, passed behind a replacement that takes the key.
	n.must(a, Propose{AdmitMember{c.id, "c", consensusOf("taken")}})
	seqA, seqD := n.s.sequence(a.id), n.s.sequence(d.id)
	n.run(
		a.tx(seqA+1, ReplaceConsensus{consensusOf("a2")}).Marshal(),
		a.tx(seqA+2, Propose{AdmitMember{b.id, "b", consensusOf("wanted")}}).Marshal(),
		d.tx(seqD+1, Vote{2, true}).Marshal(),
		a.tx(seqA+3, ReplaceConsensus{consensusOf("wanted")}).Marshal(),
		a.tx(seqA+3, ReplaceConsensus{consensusOf("taken")}).Marshal(),
		d.tx(seqD+2, ReplaceConsensus{consensusOf("taken")}).Marshal(),
		d.tx(seqD+2, Vote{1, true}).Marshal(),
	)
	for i, want := range []string{"", "", "", "consensus_key", "", "consensus_key", ""} {
		if r := n.out.Results[i]; r.Code != want {
			t.Errorf("transaction %d: %+v", i, r)
		}
	}
	for _, want := range [][]ValidatorUpdate{
		{{consensusOf("wanted"), 1}},
		{{consensusOf("a2"), 0}, {consensusOf("taken"), 1}},
		nil,
	} {
		n.reload()
		if r := n.run(); !slices.Equal(r.Validators, want) {
			t.Errorf("%+v, want %+v", r.Validators, want)
		}
	}
	if ps, _ := n.view().Proposals(); ps[0].State != ProposalFailed || ps[0].FailedReason != "consensus_key" {
		t.Errorf("%+v", ps[0])
	}
	// A member that leaves takes its waiting replacement along.
	n.must(a, Propose{RemoveMember{d.id}})
	n.must(b, Vote{3, true})
	seqA, seqD = n.s.sequence(a.id), n.s.sequence(d.id)
	n.run(
		a.tx(seqA+1, ReplaceConsensus{consensusOf("a4")}).Marshal(),
		d.tx(seqD+1, Vote{3, true}).Marshal(), // for its own removal: it waits
		d.tx(seqD+2, ReplaceConsensus{consensusOf("d2")}).Marshal(),
	)
	if r := n.run(); len(r.Validators) != 1 || r.Validators[0].Power != 0 {
		t.Errorf("%+v", r.Validators)
	}
	n.reload()
	n.rest()
	if len(n.s.d.gov.queue) != 0 || len(n.view().Members(n.s.Height())) != 2 {
		t.Error("the replacement outlived its member")
	}
}

func TestWhatViewsTell(t *testing.T) {
	a, b := newBoard("a"), newBoard("b")
	n := newNetwork(t, a)
	n.create(b, a)
	n.accredit(a, b, licence, "US-OH")
	at := n.s.Height()
	n.must(a, Propose{Suspend{b.id, licence, "US-OH"}})
	v := n.view()
	if s, since := v.StandingSince(b.id, licence, "US-OH", n.s.Height()); s != Suspended || since != n.s.Height() || s.String() != "suspended" {
		t.Errorf("%s since %d", s, since)
	}
	if s, since := v.StandingSince(b.id, licence, "US-OH", at); s != Active || since != at {
		t.Errorf("%s since %d", s, since)
	}
	if s, _ := v.StandingSince(newBoard("c").id, licence, "US-OH", at); s != None || v.Accreditations(newBoard("c").id) != nil {
		t.Errorf("%s", s)
	}
	for i, typ := range []string{"B", "A", "B"} {
		n.must(a, Propose{RegisterTemplate{fmt.Appendf(nil, `{"display":{},"expires":"/e","jurisdiction":"/j","number":"/n","schema":{"v":%d},"type":"%s","validUntil":"/v","vct":"u"}`, i, typ)}})
	}
	all := v.Templates()
	if len(all) != 2 || all[0].Type != "A" || all[1].Type != "B" || all[1].Height != n.s.Height() || all[1].Expires != "/e" {
		t.Errorf("%+v", all)
	}
	v.SetHeader(n.now)
	if h, asOf := v.Tip(); h != n.s.Height() || !asOf.Equal(n.now) || !v.GenesisTime().Equal(testStart) {
		t.Errorf("%d %v", h, asOf)
	}
	if m := v.Members(0); len(m) != 1 || m[0].DID != a.id || m[0].Since != 0 || m[0].Consensus != consensusOf("a") {
		t.Errorf("%+v", m)
	}
}

// TestFormerMemberStaysIssuer: what a board may issue does not hang on its
// membership, and its membership not on what it may issue.
func TestFormerMemberStaysIssuer(t *testing.T) {
	bs := boards(4)
	n := newNetwork(t, bs...)
	leaver := bs[3]
	decide := func(a Action) {
		t.Helper()
		n.must(bs[0], Propose{a})
		number := n.proposal().Number
		n.must(bs[1], Vote{number, true})
		n.must(bs[2], Vote{number, true})
		n.rest()
	}
	decide(Accredit{leaver.id, licence, []string{"US-OH"}})
	n.must(leaver, SetStatus{Pages: 1, Changes: []StatusChange{set(3, Probation)}})
	n.must(leaver, batch("as a member"))
	decide(RemoveMember{leaver.id})
	if m := n.view().Members(n.s.Height()); len(m) != 3 {
		t.Fatalf("%d members", len(m))
	}
	n.reload()
	n.must(leaver, batch("as an issuer"))
	n.must(leaver, SetStatus{Pages: 1, Changes: []StatusChange{set(3, Current)}})
	n.must(leaver, UpdateDID{leaver.document})
	n.refused(leaver, Propose{Upgrade{"v2", 1 << 40}}, "not_member")
	n.refused(leaver, ReplaceConsensus{consensusOf("new")}, "not_member")
	if s := n.view().Standing(leaver.id, licence, "US-OH", n.s.Height()); s != Active {
		t.Error(s)
	}
	decide(End{leaver.id, licence, "US-OH"})
	n.refused(leaver, batch("as nobody"), "not_issuer")
	// It comes back with its old key, and may anchor as a member again, without
	// being accredited for anything.
	decide(AdmitMember{leaver.id, "back", consensusOf("back")})
	n.must(leaver, batch("as a member again"))
	if s := n.view().Standing(leaver.id, licence, "US-OH", n.s.Height()); s != Ended {
		t.Error(s)
	}
}
