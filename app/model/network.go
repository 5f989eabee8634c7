package model

// The network of a board: how fresh its ledger is, who its members are and what
// each board may issue, what they vote on, and what this board proposes.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/ledger"
	"bonafide/ledger/node"
	"bonafide/ledger/pack"
)

// Networking is what the network's room needs of a board's home.
type Networking interface {
	Actor() string
	BoardDID() (did.DID, error)
	Data() (*pack.Data, error)
	// OwnNode reports whether the node that the home asks is its own.
	OwnNode() (bool, error)
	Status(ctx context.Context) (node.Status, error)
	NetworkFreshness(ctx context.Context) (home.Freshness, error)
	StatusFreshness(s node.Status) (home.Freshness, error)
	Proposals(ctx context.Context) ([]ledger.Proposal, error)
	Propose(ctx context.Context, a ledger.Action) (ledger.Proposal, error)
	Vote(ctx context.Context, number uint64, yes bool) (ledger.Proposal, error)
	Invite(ctx context.Context, peers []string) (*home.Invitation, error)
	Countersign(ctx context.Context, file []byte) (did.DID, error)
	AddPeers(ctx context.Context, peers ...string) error
}

// BoardRow is a board of the network.
type BoardRow struct {
	Party
	You    bool
	Member bool
	Silent bool     // nothing is heard from its node, or its vote was missing
	Since  string   // since when it is a member
	Rights []string // what it may issue, and where
}

// Right is one thing that a board was ever entitled to and still is, or is
// suspended from.
type Right struct {
	Issuer, Type, Place string // as the ledger has them
	Suspended           bool
	Says                string
}

// Step is an act of the board before somebody confirms it.
type Step struct {
	Title   string
	Lines   []string // what follows
	Facts   []Fact
	Odd     bool
	Confirm string      // what confirming it is called
	Compare *Comparison // to be compared first; nil where nothing is
	Word    string      // to be typed first, for what cannot be taken back; "" for none
	Typed   string
	Signs   string // under whose name, and with what

	do func(ctx context.Context) (said []string, err error)
}

// Ready reports that the step can be confirmed.
func (s *Step) Ready() bool {
	return (s.Compare == nil || s.Compare.Same()) && (s.Word == "" || strings.EqualFold(strings.TrimSpace(s.Typed), s.Word))
}

// confirm does the step; what was done before an error is said beside it. Codes
// file_not_compared and word_not_typed where it is not ready, and those of the step.
func (s *Step) confirm(ctx context.Context, work *Work, w Words) (said []string, err error) {
	switch {
	case s.Compare != nil && !s.Compare.Same():
		return nil, explain.Errorf("file_not_compared", "nobody compared it")
	case !s.Ready():
		return nil, explain.Errorf("word_not_typed", "not confirmed")
	}
	err = work.Do(ctx, w.L("Sending it to the ledger"), func(ctx context.Context, _ func(int64, int64)) (err error) {
		said, err = s.do(ctx)
		return err
	})
	return said, err
}

// Newcomer is a file of a board that wants to be let in.
type Newcomer struct {
	Name, DID, Key, Node string
	Odd                  bool
	Known                bool // the ledger has its identity
	Member               bool
	Application          bool // it wants to be a member; else it wants to be known alone

	app      *home.Application
	creation []byte
}

// Invited is an invitation that was made.
type Invited struct {
	Fingerprint string
	Nodes       []string
	File        []byte
}

// NetworkState is everything that the room shows, beside the work under way.
type NetworkState struct {
	Version  int
	Loaded   bool
	Trouble  Trouble // why there is nothing to show
	Line     DataLine
	Warning  Trouble // that the ledger gets old
	Quiet    string  // how many are silent
	Node     []string
	NodeWell bool    // it answers, and does what it should
	NoNode   Trouble // why it does not answer
	Asked    bool    // the node was asked, whether it answered or not
	Members  []BoardRow
	Others   []BoardRow // boards that are no members
	Rules    []Fact
	Member   bool // this board votes
	Open     []ProposalRow
	Past     []ProposalRow // newest first
	Step     *Step
	Newcomer *Newcomer
	Invited  *Invited
	Said     []string
	Failed   Trouble

	// What forms offer.
	Issuers []Choice
	Types   []Choice
	Rights  []Right
	Leaving []Choice // members
}

// Network is the room in which a board looks after the network it belongs to.
type Network struct {
	open    func() (Networking, error)
	words   Words
	now     Clock
	changed func()

	// Work is what is under way.
	Work *Work

	mu    sync.Mutex
	state NetworkState
}

// NewNetwork makes the room about the home that open gives; changed is called
// after every change, from any goroutine.
func NewNetwork(open func() (Networking, error), w Words, now Clock, changed func()) *Network {
	return &Network{open: open, words: w, now: now, changed: changed, Work: NewWork(changed)}
}

// State is what the room shows now.
func (n *Network) State() NetworkState {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state
}

func (n *Network) update(f func(*NetworkState)) {
	n.mu.Lock()
	f(&n.state)
	n.state.Version++
	n.mu.Unlock()
	n.changed()
}

// nodeAsked is how long the room waits for the node before it says that it does
// not answer.
const nodeAsked = 5 * time.Second

// Refresh shows what the home knows, and then what its node says.
func (n *Network) Refresh(ctx context.Context) {
	h, err := n.open()
	if err != nil {
		n.nothing(ctx, err)
		return
	}
	me, err := h.BoardDID()
	if err != nil {
		n.nothing(ctx, err)
		return
	}
	if d, err := h.Data(); err == nil && !n.State().Asked {
		n.known(ctx, h, me, d) // at once; what the node says comes later
	}
	asking, stop := context.WithTimeout(ctx, nodeAsked)
	defer stop()
	s, nodeErr := h.Status(asking)
	var list []ledger.Proposal
	if nodeErr == nil {
		list, nodeErr = h.Proposals(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	d, err := h.Data()
	if err != nil {
		if nodeErr != nil {
			err = nodeErr
		}
		n.nothing(ctx, err)
		return
	}
	n.known(ctx, h, me, d)
	n.answered(ctx, h, me, d, s, list, nodeErr)
}

// nothing says why there is nothing to show.
func (n *Network) nothing(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	n.update(func(s *NetworkState) {
		*s = NetworkState{Version: s.Version, Loaded: true, Asked: true, Trouble: trouble(n.words, err), Said: s.Said, Failed: s.Failed}
	})
}

// known shows what the home's own data says.
func (n *Network) known(ctx context.Context, h Networking, me did.DID, d *pack.Data) {
	w := n.words
	names := network{w, d}
	line := NewDataLine(w, d, nil, n.now())
	members := names.members()
	var in, out []BoardRow
	var issuers, types, leaving []Choice
	var rights []Right
	for _, id := range d.View.DIDs() {
		r := BoardRow{Party: names.party(id), You: id == me}
		for _, m := range members {
			if m.DID == id {
				r.Member = true
				r.Since = w.L("A member since the beginning.")
				if t, ok := d.View.TimeOf(m.Since); ok && m.Since > 0 {
					r.Since = w.L("A member since {{.Date}}.", D{"Date": w.Date(t)})
				}
			}
		}
		own := names.rights(id)
		rights = append(rights, own...)
		for _, x := range own {
			r.Rights = append(r.Rights, x.Says)
		}
		issuers = append(issuers, Choice{string(id), r.Name})
		if r.Member {
			in, leaving = append(in, r), append(leaving, Choice{string(id), r.Name})
		} else {
			out = append(out, r)
		}
	}
	for _, t := range d.View.Templates() {
		types = append(types, Choice{t.Type, TypeName(w, t.Type)})
	}
	p := d.View.Params()
	rules := []Fact{
		{Name: w.L("Network"), Value: Plain(d.ChainID)},
		{Name: w.L("Votes that decide"), Value: w.L("{{.Needed}} of {{.Members}}", D{"Needed": ledger.Needed(len(members)), "Members": len(members)})},
		{Name: w.L("A proposal can be voted on for"), Value: lasting(w, p.ProposalLife)},
		{Name: w.L("A second issuer of the same waits"), Value: lasting(w, p.IssuerDelay)},
		{Name: w.L("New keys by vote wait"), Value: lasting(w, p.RecoverDelay)},
	}
	byName := func(a, b BoardRow) int { return strings.Compare(a.Name, b.Name) }
	slices.SortStableFunc(in, byName)
	slices.SortStableFunc(out, byName)
	if ctx.Err() != nil {
		return
	}
	n.update(func(s *NetworkState) {
		s.Loaded, s.Trouble = true, Trouble{}
		s.Line, s.Members, s.Others, s.Rules = line, in, out, rules
		s.Issuers, s.Types, s.Rights, s.Leaving = issuers, types, rights, leaving
		s.Member = slices.ContainsFunc(in, func(r BoardRow) bool { return r.You })
	})
}

// rights are what a board may issue, or is suspended from, in the order in which
// it was entitled.
func (n network) rights(id did.DID) (out []Right) {
	for _, e := range n.d.View.Accreditations(id) {
		if e.Kind == ledger.PagesHandedOver || slices.ContainsFunc(out, func(r Right) bool { return r.Type == e.Type && r.Place == e.Jurisdiction }) {
			continue
		}
		r := Right{Issuer: string(id), Type: e.Type, Place: e.Jurisdiction}
		named := D{"Type": TypeName(n.w, e.Type), "Place": PlaceName(n.w, e.Jurisdiction)}
		switch n.d.View.Standing(id, e.Type, e.Jurisdiction, n.d.Height) {
		case ledger.Active:
			r.Says = n.w.L("{{.Type}} in {{.Place}}", named)
		case ledger.Suspended:
			r.Suspended, r.Says = true, n.w.L("{{.Type}} in {{.Place}}: suspended", named)
		default:
			continue
		}
		out = append(out, r)
	}
	return out
}

// answered shows what the node says, or why it says nothing.
func (n *Network) answered(ctx context.Context, h Networking, me did.DID, d *pack.Data, s node.Status, list []ledger.Proposal, err error) {
	w := n.words
	var f home.Freshness
	var ferr error
	if err == nil && s.HeaderHeight > 0 {
		f, ferr = h.StatusFreshness(s)
	} else {
		f, ferr = h.NetworkFreshness(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	own, oerr := h.OwnNode()
	names := network{w, d}
	n.update(func(st *NetworkState) {
		st.Asked, st.Node, st.NodeWell, st.NoNode, st.Warning, st.Quiet = true, nil, false, Trouble{}, Trouble{}, ""
		if err != nil {
			st.NoNode = trouble(w, err)
			st.Open = nil
		} else {
			st.Node, st.NodeWell = nodeSays(w, s, own && oerr == nil, n.now())
			st.Open, st.Past = nil, nil
			for _, p := range slices.Backward(list) {
				if r := names.row(p, me, st.Member); r.Open || r.Waits {
					st.Open = append(st.Open, r)
				} else {
					st.Past = append(st.Past, r)
				}
			}
		}
		if ferr == nil {
			n.silent(st, f)
		}
	})
}

// silent marks those from whom nothing is heard.
func (n *Network) silent(st *NetworkState, f home.Freshness) {
	w := n.words
	if f.Code != "" {
		st.Warning = trouble(w, explain.Errorf(f.Code, "%s", f.Age))
	}
	switch count := len(f.Silent); {
	case count == 0:
	case f.ByNode:
		st.Quiet = w.N("Nothing is heard from the nodes of {{.N}} members. More than two thirds have to run: call them if it lasts.", count)
	default:
		st.Quiet = w.N("{{.N}} boards gave no vote for the newest data. More than two thirds have to; tell them if it lasts.", count)
	}
	st.Members = slices.Clone(st.Members)
	for i := range st.Members {
		st.Members[i].Silent = slices.ContainsFunc(f.Silent, func(m home.SilentMember) bool { return string(m.DID) == st.Members[i].DID })
	}
}

// nodeSays says how far a node is, and whether it does what it should.
func nodeSays(w Words, s node.Status, own bool, now time.Time) (lines []string, well bool) {
	if s.HeaderHeight == 0 {
		return []string{
			w.L("The node answers; no block is here yet."),
			w.N("It is connected with {{.N}} other nodes.", s.Peers),
		}, false
	}
	at := D{"Height": s.StateHeight, "When": w.Stamp(s.HeaderTime), "Age": w.Ago(now.Sub(s.HeaderTime))}
	if own {
		lines = append(lines, w.L("Your board's node answers. It is at block {{.Height}}; its newest signed state is of {{.When}}, {{.Age}}.", at))
	} else {
		lines = append(lines, w.L("This home has no node of its own and asks another, which answers. It is at block {{.Height}}; its newest signed state is of {{.When}}, {{.Age}}.", at))
	}
	well = true
	switch {
	case s.Syncing:
		well = false
		lines = append(lines, w.L("It is fetching blocks that it does not have yet."))
	case s.Validating:
		lines = append(lines, w.L("It signs with the others."))
	case own:
		lines = append(lines, w.L("It follows and signs nothing: your board is no member."))
	}
	lines = append(lines, w.N("It is connected with {{.N}} other nodes.", s.Peers))
	up := D{"Name": Plain(s.Upgrade), "Height": s.UpgradeAt}
	switch {
	case s.UpgradeKnown:
		lines = append(lines, w.L("From block {{.Height}} on the rules are “{{.Name}}”, which its program has.", up))
	case s.Upgrade != "":
		well = false
		lines = append(lines, w.L("From block {{.Height}} on the rules are “{{.Name}}”, which its program does not have: install the version that has them before, or the node stops there.", up))
	}
	return lines, well
}

// begin clears what the last act said.
func (n *Network) begin() {
	n.update(func(s *NetworkState) { s.Said, s.Failed = nil, Trouble{} })
}

// failed says why an act brought nothing; who cancelled it knows.
func (n *Network) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if cancelled(err) {
		err = nil
	}
	n.update(func(s *NetworkState) { s.Failed = trouble(n.words, err) })
}

// names are the boards as the home's data has them.
func (n *Network) names() (network, Networking, error) {
	h, err := n.open()
	if err != nil {
		return network{w: n.words}, nil, err
	}
	d, err := h.Data()
	return network{n.words, d}, h, err
}

// ask shows a step for somebody to confirm.
func (n *Network) ask(s *Step) { n.update(func(st *NetworkState) { st.Step = s }) }

// signs says in whose name something is done.
func signs(w Words, person string) string {
	return w.L("{{.Person}} does this in the name of the board: it is signed with the board's key for the ledger, and everybody can see it.", D{"Person": Plain(person)})
}

// AskVote shows what follows from a vote.
func (n *Network) AskVote(ctx context.Context, number uint64, yes bool) {
	n.begin()
	names, h, err := n.names()
	if err != nil {
		n.failed(ctx, err)
		return
	}
	me, err := h.BoardDID()
	if err != nil {
		n.failed(ctx, err)
		return
	}
	st, w := n.State(), n.words
	i := slices.IndexFunc(st.Open, func(r ProposalRow) bool { return r.Number == number })
	if i < 0 {
		n.failed(ctx, explain.Errorf("proposal_closed", "it is not open"))
		return
	}
	r := st.Open[i]
	step := &Step{Title: w.L("Vote yes: {{.What}}", D{"What": r.Title}), Confirm: w.L("Vote yes"), Facts: r.Facts, Odd: r.Odd, Signs: signs(n.words, h.Actor())}
	if !yes {
		step.Title, step.Confirm = w.L("Vote no: {{.What}}", D{"What": r.Title}), w.L("Vote no")
	}
	step.Lines = names.voting(r.p, me, yes)
	if yes {
		step.Lines = append(step.Lines, r.Follows...)
	}
	step.do = func(ctx context.Context) ([]string, error) {
		p, err := h.Vote(ctx, number, yes)
		return n.outcome(p), err
	}
	n.ask(step)
}

// outcome says how a proposal stands after an act.
func (n *Network) outcome(p ledger.Proposal) []string {
	w := n.words
	out := []string{w.L("It stands on the ledger.")}
	r := network{w, nil}.row(p, "", false)
	out = append(out, r.State)
	if r.Open {
		out = append(out, r.Votes)
	}
	if r.Failed != "" {
		out = append(out, r.Failed)
	}
	return out
}

// askPropose shows what a proposal would do.
func (n *Network) askPropose(names network, h Networking, a ledger.Action) {
	w := n.words
	x := names.describe(a)
	step := &Step{
		Title: w.L("Propose: {{.What}}", D{"What": x.Title}), Confirm: w.L("Propose it"), Facts: x.Facts, Odd: x.Odd, Signs: signs(n.words, h.Actor()),
		Lines: slices.Concat(n.decides(names), x.Follows, []string{x.Waits}),
	}
	step.do = func(ctx context.Context) ([]string, error) {
		p, err := h.Propose(ctx, a)
		return n.outcome(p), err
	}
	n.ask(step)
}

// decides says how many votes beside the proposer's a proposal takes.
func (n *Network) decides(names network) []string {
	w := n.words
	others := ledger.Needed(len(names.members())) - 1
	if others == 0 {
		return []string{w.L("Proposing counts as your vote, which decides it at once.")}
	}
	return []string{w.N("Proposing counts as your vote. The votes of {{.N}} other members are needed beside it.", others)}
}

// propose makes an action out of what was typed and asks about it.
func (n *Network) propose(ctx context.Context, make func(names network) (ledger.Action, error)) {
	n.begin()
	names, h, err := n.names()
	if err == nil {
		var a ledger.Action
		if a, err = make(names); err == nil {
			n.askPropose(names, h, a)
			return
		}
	}
	n.failed(ctx, err)
}

// AskAccredit proposes what a board may issue. places are countries and states as
// US-OH, separated by commas or blanks. Codes jurisdiction_form, did_malformed.
func (n *Network) AskAccredit(ctx context.Context, issuer, typ, places string) {
	n.propose(ctx, func(network) (ledger.Action, error) {
		id, err := did.Parse(issuer)
		if err != nil {
			return nil, err
		}
		list := strings.FieldsFunc(strings.ToUpper(places), func(r rune) bool { return strings.ContainsRune(" ,;\t\n", r) })
		if len(list) == 0 {
			return nil, explain.Errorf("jurisdiction_form", "none")
		}
		slices.Sort(list)
		list = slices.Compact(list)
		for _, j := range list {
			if err := ledger.CheckJurisdiction(j); err != nil {
				return nil, err
			}
		}
		return ledger.Accredit{Issuer: id, Type: typ, Jurisdictions: list}, nil
	})
}

// Change is what can be proposed about a right that a board has.
type Change int

// Changes of a right.
const (
	SuspendRight Change = iota
	RestoreRight
	EndRight
)

// AskRight proposes to change a right.
func (n *Network) AskRight(ctx context.Context, r Right, c Change) {
	n.propose(ctx, func(network) (ledger.Action, error) {
		id, err := did.Parse(r.Issuer)
		switch {
		case err != nil:
			return nil, err
		case c == SuspendRight:
			return ledger.Suspend{Issuer: id, Type: r.Type, Jurisdiction: r.Place}, nil
		case c == RestoreRight:
			return ledger.Restore{Issuer: id, Type: r.Type, Jurisdiction: r.Place}, nil
		}
		return ledger.End{Issuer: id, Type: r.Type, Jurisdiction: r.Place}, nil
	})
}

// AskRemove proposes to end a membership.
func (n *Network) AskRemove(ctx context.Context, member string) {
	n.propose(ctx, func(network) (ledger.Action, error) {
		id, err := did.Parse(member)
		return ledger.RemoveMember{DID: id}, err
	})
}

// AskUpgrade proposes new rules from a block on. Codes upgrade_name,
// upgrade_height.
func (n *Network) AskUpgrade(ctx context.Context, name, height string) {
	n.propose(ctx, func(names network) (ledger.Action, error) {
		name := strings.TrimSpace(name)
		if err := ledger.CheckUpgradeName(name); err != nil {
			return nil, err
		}
		at, err := strconv.ParseUint(strings.TrimSpace(height), 10, 63)
		if err != nil || at <= names.d.Height {
			return nil, explain.Errorf("upgrade_height", "not a block to come")
		}
		return ledger.Upgrade{Name: name, Height: at}, nil
	})
}

// Take takes the file of a board that wants to be let in: its application, or
// the creation of its identity alone. Codes application_malformed,
// pack_other_network and those of reading a file.
func (n *Network) Take(ctx context.Context, f File) {
	n.begin()
	n.update(func(s *NetworkState) { s.Newcomer = nil })
	names, _, err := n.names()
	if err != nil {
		n.failed(ctx, err)
		return
	}
	b, err := readAll(f, home.MaxInvitation)
	if err != nil {
		n.failed(ctx, err)
		return
	}
	c, err := newcomer(names, b)
	if err != nil {
		n.failed(ctx, err)
		return
	}
	n.update(func(s *NetworkState) { s.Newcomer = c })
}

// newcomer reads who wants to be let in.
func newcomer(names network, b []byte) (*Newcomer, error) {
	c := &Newcomer{}
	var id did.DID
	a, err := home.ParseApplication(b)
	if err == nil {
		if a.Network != names.d.ChainID {
			return nil, explain.Errorf("tx_other_network", "it is for another network")
		}
		id, c.app, c.creation, c.Application = a.DID, a, a.Creation, true
		c.Name, c.Odd, c.Key, c.Node = Plain(a.Name), odd(a.Name), ConsensusKey(a.Consensus), Plain(a.Peer)
	} else {
		tx, terr := ledger.ParseTx(b)
		body, is := tx.Body.(ledger.CreateDID)
		if terr != nil || !is {
			return nil, err
		}
		if tx.ChainID != names.d.ChainID {
			return nil, explain.Errorf("tx_other_network", "it is for another network")
		}
		id, c.creation = tx.DID, b
		c.Name = Plain(string(id))
		if doc, err := did.ParseDocument(body.Document); err == nil {
			if name, _ := bonafide.Desk(doc); name != "" {
				c.Name, c.Odd = Plain(name), odd(name)
			}
		}
	}
	c.DID = Plain(string(id))
	versions, err := names.d.View.Versions(id)
	if err != nil {
		return nil, err
	}
	c.Known = len(versions) > 0
	c.Member = slices.ContainsFunc(names.members(), func(m ledger.Member) bool { return m.DID == id })
	return c, nil
}

// Dismiss drops what stands there: a newcomer, an invitation, what was said.
func (n *Network) Dismiss() {
	n.update(func(s *NetworkState) {
		s.Newcomer, s.Invited, s.Step, s.Said, s.Failed = nil, nil, nil, nil, Trouble{}
	})
}

// AskLetIn shows what it means to vouch for the newcomer's identity and to let
// its node in, and with propose also to propose it as a member. What was done
// already is left out.
func (n *Network) AskLetIn(ctx context.Context, propose bool) {
	n.begin()
	st, w := n.State(), n.words
	c := st.Newcomer
	names, h, err := n.names()
	if err != nil || c == nil {
		n.failed(ctx, err)
		return
	}
	board := D{"Board": c.Name}
	step := &Step{Odd: c.Odd, Signs: signs(n.words, h.Actor()), Facts: []Fact{{Name: w.L("Identifier"), Value: c.DID}}}
	vouch := !c.Known && len(c.creation) > 0
	sum := sha256.Sum256(c.creation)
	own := hex.EncodeToString(sum[:])
	if vouch {
		step.Lines = append(step.Lines, w.L("Your board vouches for the identity of {{.Board}}, which is then on the ledger. Look at who gave you the file.", board))
	}
	if c.Application {
		own = c.app.Fingerprint()
		step.Facts = append(step.Facts, Fact{Name: w.L("Key with which its node signs"), Value: c.Key}, Fact{Name: w.L("Its node"), Value: c.Node})
		step.Lines = append(step.Lines, w.L("Its node may connect with yours."))
	}
	step.Title, step.Confirm = w.L("Let {{.Board}} in", board), w.L("Let it in")
	if propose {
		step.Title, step.Confirm = w.L("Propose {{.Board}} as a member", board), w.L("Propose it")
		step.Lines = slices.Concat(step.Lines, n.decides(names), names.describe(c.app.Admission()).Follows)
	}
	if c.Application {
		step.Lines = append(step.Lines, w.L("Whoever swaps the key in the file gets the new board's vote: compare the fingerprint with what the board tells you by another way."))
		step.Compare = &Comparison{Rows: fingerprintInRows(grouped(own)), own: own}
	}
	step.do = func(ctx context.Context) (said []string, err error) {
		if vouch {
			if _, err := h.Countersign(ctx, c.creation); err != nil && !CodeIs(err, "did_exists") {
				return nil, err
			}
			said = append(said, w.L("{{.Board}} is on the ledger.", board))
		}
		if c.Application {
			// Its node is let in first: once the vote is decided the network counts on it.
			if err := h.AddPeers(ctx, c.app.Peer); err != nil {
				return said, err
			}
			said = append(said, w.L("Its node may connect."))
		}
		if !propose {
			return said, nil
		}
		p, err := h.Propose(ctx, c.app.Admission())
		if err != nil {
			return said, err
		}
		return append(said, n.outcome(p)...), nil
	}
	n.ask(step)
}

// Type compares what a person types with the fingerprint of the step.
func (n *Network) Type(text string) {
	n.compare(func(c Comparison) *Comparison {
		return c.with(text, n.words.L("This is not the same. Do not go on: ask the board for its file and fingerprint again."))
	})
}

// Tick says that a row of the fingerprint is the same, or takes that back.
func (n *Network) Tick(row int, yes bool) {
	n.compare(func(c Comparison) *Comparison { return c.ticked(row, yes) })
}

// compare changes a copy: what the screen draws stays as it is.
func (n *Network) compare(f func(Comparison) *Comparison) {
	n.update(func(s *NetworkState) {
		if s.Step == nil || s.Step.Compare == nil {
			return
		}
		step := *s.Step
		step.Compare = f(*step.Compare)
		s.Step = &step
	})
}

// Decline drops the step that waits.
func (n *Network) Decline() { n.update(func(s *NetworkState) { s.Step, s.Failed = nil, Trouble{} }) }

// Confirm does the step that waits. Run it beside the screen. Code
// file_not_compared, and those of the step.
func (n *Network) Confirm(ctx context.Context) {
	step := n.State().Step
	if step == nil {
		return
	}
	n.begin()
	said, err := step.confirm(ctx, n.Work, n.words)
	n.Refresh(ctx)
	if ctx.Err() != nil {
		return
	}
	n.update(func(s *NetworkState) {
		if err == nil {
			s.Step, s.Newcomer = nil, nil
		}
		s.Said = said
	})
	n.failed(ctx, err)
}

// Invite makes an invitation for a board that is to join. Codes of home.Invite.
func (n *Network) Invite(ctx context.Context) {
	n.begin()
	h, err := n.open()
	var i *home.Invitation
	if err == nil {
		err = n.Work.Do(ctx, n.words.L("Making the invitation"), func(ctx context.Context, _ func(int64, int64)) (err error) {
			i, err = h.Invite(ctx, nil)
			return err
		})
	}
	if err != nil {
		n.failed(ctx, err)
		return
	}
	out := &Invited{Fingerprint: grouped(i.Fingerprint()), File: i.Marshal()}
	for _, p := range i.Peers {
		out.Nodes = append(out.Nodes, Plain(p))
	}
	n.update(func(s *NetworkState) { s.Invited = out })
}
