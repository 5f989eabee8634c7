package model

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/testkit"
	"bonafide/ledger"
	"bonafide/ledger/node"
	"bonafide/ledger/pack"
)

// net is a board's home on a ledger in memory, whose node a test plays.
type net struct {
	room *Network
	t    *testing.T
	l    *testkit.Ledger
	me   did.DID

	locked  bool
	noData  error
	down    error // what the node answers
	own     bool
	status  node.Status
	silent  []home.SilentMember
	list    []ledger.Proposal
	did     []string // what was sent
	refused error
}

func newNet(t *testing.T, boards int) *net {
	t.Helper()
	n := &net{t: t, l: testkit.NewLedger(t, "town-abcdefgh", boards, 1), own: true}
	n.me = n.l.Boards[0].DID
	n.status = node.Status{HeaderHeight: 9, HeaderTime: n.l.Now, StateHeight: 8, Peers: 2, Validating: true, Validators: boards}
	n.room = NewNetwork(func() (Networking, error) {
		if n.locked {
			return nil, explain.Errorf("passphrase_needed", "locked")
		}
		return n, nil
	}, English(), func() time.Time { return n.l.Now.Add(time.Minute) }, func() {})
	return n
}

func (n *net) Actor() string              { return "Ada" }
func (n *net) BoardDID() (did.DID, error) { return n.me, nil }
func (n *net) OwnNode() (bool, error)     { return n.own, nil }
func (n *net) Data() (*pack.Data, error) {
	if n.noData != nil {
		return nil, n.noData
	}
	v := n.l.View()
	return &pack.Data{View: v, ChainID: v.ChainID(), Height: v.Height(), AsOf: n.l.Now, Validators: len(n.l.Boards)}, nil
}

func (n *net) Status(context.Context) (node.Status, error) { return n.status, n.down }

func (n *net) NetworkFreshness(context.Context) (home.Freshness, error) {
	return home.Freshness{Code: "freshness_half", Silent: n.silent}, nil
}

func (n *net) StatusFreshness(node.Status) (home.Freshness, error) {
	return home.Freshness{Silent: n.silent, ByNode: true}, nil
}
func (n *net) Proposals(context.Context) ([]ledger.Proposal, error) { return n.list, n.down }

func (n *net) Propose(_ context.Context, a ledger.Action) (ledger.Proposal, error) {
	n.did = append(n.did, "propose")
	p := ledger.Proposal{Number: uint64(len(n.list)) + 1, Proposer: n.me, Action: a, Yes: []did.DID{n.me}, Needed: ledger.Needed(len(n.l.Boards)), State: ledger.ProposalOpen}
	if n.refused == nil {
		n.list = append(n.list, p)
	}
	return p, n.refused
}

func (n *net) Vote(_ context.Context, number uint64, yes bool) (ledger.Proposal, error) {
	n.did = append(n.did, "vote")
	p := &n.list[number-1]
	if yes {
		p.Yes = append(p.Yes, n.me)
	} else {
		p.No = append(p.No, n.me)
	}
	if len(p.Yes) >= p.Needed {
		p.State = ledger.ProposalDone
	}
	return *p, n.refused
}

func (n *net) Invite(context.Context, []string) (*home.Invitation, error) {
	return nil, explain.Errorf("no_peers", "none")
}

func (n *net) Countersign(context.Context, []byte) (did.DID, error) {
	n.did = append(n.did, "countersign")
	return "", n.refused
}

func (n *net) AddPeers(context.Context, ...string) error {
	n.did = append(n.did, "peer")
	return nil
}

func (n *net) refresh() NetworkState {
	n.t.Helper()
	n.room.Refresh(n.t.Context())
	return n.room.State()
}

func TestNetworkStates(t *testing.T) {
	n := newNet(t, 4)
	if st := n.room.State(); st.Loaded {
		t.Error("loaded before anybody looked")
	}
	n.locked = true
	if st := n.refresh(); !st.Loaded || st.Trouble.Code != "passphrase_needed" || len(st.Members) > 0 {
		t.Errorf("%+v", st)
	}
	n.locked, n.noData, n.down = false, explain.Errorf("no_data", "none"), explain.Errorf("node_unreachable", "nobody")
	if st := n.refresh(); st.Trouble.Code != "node_unreachable" {
		t.Errorf("%+v", st.Trouble)
	}

	// Without the node: what the home knows, and why the rest is missing.
	n.noData = nil
	n.silent = []home.SilentMember{{DID: n.l.Boards[1].DID}}
	st := n.refresh()
	if st.Trouble.Code != "" || st.NoNode.Code != "node_unreachable" || len(st.Members) != 4 || !st.Member || st.Warning.Code != "freshness_half" || len(st.Open) > 0 {
		t.Errorf("%+v", st)
	}
	if !strings.Contains(st.Quiet, "1 board gave no vote") {
		t.Error(st.Quiet)
	}

	n.down = nil
	st = n.refresh()
	if st.NoNode.Code != "" || !st.NodeWell || st.Warning.Code != "" || !strings.Contains(st.Quiet, "the node of 1 member") {
		t.Errorf("%+v", st)
	}
	you, quiet := 0, 0
	for _, m := range st.Members {
		if m.You {
			you++
		}
		if m.Silent {
			quiet++
		}
	}
	if you != 1 || quiet != 1 {
		t.Errorf("%+v", st.Members)
	}
	for _, x := range []struct {
		s    node.Status
		own  bool
		well bool
		says string
	}{
		{node.Status{}, true, false, "no block is here yet"},
		{node.Status{HeaderHeight: 5, Syncing: true}, true, false, "It is fetching blocks"},
		{node.Status{HeaderHeight: 5}, true, true, "your board is no member"},
		{node.Status{HeaderHeight: 5}, false, true, "has no node of its own"},
		{node.Status{HeaderHeight: 5, Upgrade: "v2", UpgradeAt: 50}, true, false, "install the version that has them"},
		{node.Status{HeaderHeight: 5, Upgrade: "v2", UpgradeAt: 50, UpgradeKnown: true}, true, true, "which its program has"},
	} {
		n.status, n.own = x.s, x.own
		if st := n.refresh(); st.NodeWell != x.well || !strings.Contains(strings.Join(st.Node, " "), x.says) {
			t.Errorf("%+v: %q", x.s, st.Node)
		}
	}
	// A board that is no member looks on.
	n.me = n.l.NewBoard("guest").DID
	if st := n.refresh(); st.Member {
		t.Error("a guest is a member")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := n.room.State().Version
	n.noData = errors.New("boom")
	n.room.Refresh(ctx)
	if n.room.State().Version != before {
		t.Error("a room that was left changes")
	}
}

// Every decision that the ledger knows is put in words, with what follows, and a
// name that deceives is marked.
func TestDecisionsInWords(t *testing.T) {
	n := newNet(t, 4)
	a, b := n.l.Boards[0].DID, n.l.Boards[1].DID
	n.l.Decide(ledger.Accredit{Issuer: a, Type: "ProfessionalLicence", Jurisdictions: []string{"US-OH"}})
	d, err := n.Data()
	if err != nil {
		t.Fatal(err)
	}
	names := network{English(), d}
	for _, x := range []struct {
		a     ledger.Action
		title string
		says  string
	}{
		{ledger.AdmitMember{DID: "did:bonafide:x:y", Name: "Board of Pharmacy"}, "Make Board of Pharmacy a member", "has 5 members, and stands still unless 4 of them run"},
		{ledger.RemoveMember{DID: b}, "End the membership of ", "Without it the network has 3 members"},
		{ledger.Accredit{Issuer: b, Type: "ProfessionalLicence", Jurisdictions: []string{"US-KY", "US-OH"}}, "issue “Professional licence” in Kentucky (US-KY), Ohio (US-OH)", "can be verified"},
		{ledger.Suspend{Issuer: a, Type: "ProfessionalLicence", Jurisdiction: "US-OH"}, "Suspend the right of ", "cannot be confirmed by anybody"},
		{ledger.Restore{Issuer: a, Type: "ProfessionalLicence", Jurisdiction: "US-OH"}, "Lift the suspension of ", "confirmed again"},
		{ledger.End{Issuer: a, Type: "ProfessionalLicence", Jurisdiction: "US-OH"}, "End the right of ", "takes its records over"},
		{ledger.HandOver{From: a, To: b}, "Hand the status records of ", "cannot be taken back"},
		{ledger.RecoverDID{DID: a, Document: []byte("{}")}, "new keys", "Compare the fingerprint"},
		{ledger.RecoverDID{DID: a}, "Call off the new keys of ", "It keeps the keys"},
		{ledger.RegisterTemplate{Document: []byte("{}")}, "Register the form of “a form that cannot be read”", "has to have this form"},
		{ledger.Upgrade{Name: "v2", Height: 500}, "Run the rules “v2” from block 500 on", "stops before that block"},
		{ledger.ReportKeyVote{DID: a, Method: string(a) + "#k", From: 1}, "Report a key of ", "It is final"},
		{nil, "Something that this version of the app does not know", "Do not vote"},
	} {
		got := names.describe(x.a)
		if !strings.Contains(got.Title, x.title) || !strings.Contains(strings.Join(got.Follows, " "), x.says) || got.Odd {
			t.Errorf("%T: %+v", x.a, got)
		}
	}
	if got := names.describe(ledger.Accredit{Issuer: b, Type: "ProfessionalLicence", Jurisdictions: []string{"US-OH"}}); got.Waits == "" {
		t.Error("a second issuer does not wait")
	}
	if got := names.describe(ledger.AdmitMember{DID: b, Name: "Board\u202eof"}); !got.Odd || strings.Contains(got.Title, "\u202e") {
		t.Errorf("%+v", got)
	}
	for state, want := range map[ledger.ProposalState]string{
		ledger.ProposalOpen: "Open for votes", ledger.ProposalDelayed: "Decided; it takes effect on", ledger.ProposalQueued: "waits for the change of members",
		ledger.ProposalDone: "In effect", ledger.ProposalExpired: "Not decided in time", ledger.ProposalFailed: "could not be carried out", ledger.ProposalWithdrawn: "Called off",
	} {
		r := names.row(ledger.Proposal{State: state, Action: ledger.RemoveMember{DID: b}, FailedReason: "not_member", Yes: []did.DID{a}, No: []did.DID{b}, Needed: 3}, a, true)
		if !strings.Contains(r.State, want) || r.Open != (state == ledger.ProposalOpen) || len(r.Voted) != 2 || r.CanYes || r.CanNo != r.Open || (r.Failed != "") != (state == ledger.ProposalFailed) {
			t.Errorf("%s: %+v", state, r)
		}
	}
}

// A vote and a proposal are sent after somebody confirmed what follows, and never
// before.
func TestVotesAndProposals(t *testing.T) {
	ctx := t.Context()
	n := newNet(t, 4)
	other := n.l.Boards[1].DID
	n.list = []ledger.Proposal{
		{Number: 1, Proposer: other, Action: ledger.Upgrade{Name: "v2", Height: 1e6}, Yes: []did.DID{other}, Needed: 3, State: ledger.ProposalOpen},
		{Number: 2, Proposer: other, Action: ledger.RemoveMember{DID: n.l.Boards[2].DID}, Yes: []did.DID{other, n.l.Boards[3].DID}, Needed: 3, State: ledger.ProposalOpen},
		{Number: 3, Proposer: other, Action: ledger.Upgrade{Name: "v3", Height: 2e6}, Needed: 3, State: ledger.ProposalExpired},
	}
	if st := n.refresh(); len(st.Open) != 2 || len(st.Past) != 1 {
		t.Fatalf("%+v", st)
	}
	n.room.AskVote(ctx, 1, true)
	if s := n.room.State().Step; s == nil || !strings.Contains(strings.Join(s.Lines, " "), "After your vote 1 more is needed.") || !strings.Contains(s.Signs, "Ada") {
		t.Fatalf("%+v", s)
	}
	n.room.Decline()
	n.room.Confirm(ctx)
	n.room.AskVote(ctx, 9, true)
	if st := n.room.State(); len(n.did) != 0 || st.Failed.Code != "proposal_closed" {
		t.Fatalf("%q %+v", n.did, st.Failed)
	}
	n.room.AskVote(ctx, 2, false)
	if s := n.room.State().Step; !strings.Contains(strings.Join(s.Lines, " "), "you can change your vote") {
		t.Errorf("%+v", s)
	}
	n.room.AskVote(ctx, 2, true)
	if s := n.room.State().Step; !strings.Contains(strings.Join(s.Lines, " "), "Your vote decides it") || !strings.Contains(strings.Join(s.Lines, " "), "Without it the network has 3 members") {
		t.Errorf("%+v", s)
	}
	n.room.Confirm(ctx)
	if st := n.room.State(); len(n.did) != 1 || st.Step != nil || len(st.Open) != 1 || !strings.Contains(strings.Join(st.Said, " "), "In effect") {
		t.Errorf("%q %+v", n.did, st)
	}
	for _, x := range []struct {
		name, height, code string
	}{{"V 2", "1000000", "upgrade_name"}, {"v2", "1", "upgrade_height"}, {"v2", "soon", "upgrade_height"}} {
		n.room.AskUpgrade(ctx, x.name, x.height)
		if st := n.room.State(); st.Step != nil || st.Failed.Code != x.code {
			t.Errorf("%+v: %+v", x, st.Failed)
		}
	}
	n.room.AskAccredit(ctx, string(other), "ProfessionalLicence", " ")
	if c := n.room.State().Failed.Code; c != "jurisdiction_form" {
		t.Error(c)
	}
	n.room.AskAccredit(ctx, string(other), "ProfessionalLicence", "us-oh; US-KY us-oh")
	if s := n.room.State().Step; s == nil || !strings.Contains(s.Title, "Kentucky (US-KY), Ohio (US-OH)") || !strings.Contains(strings.Join(s.Lines, " "), "The votes of 2 other members") {
		t.Fatalf("%+v", s)
	}
	n.refused = explain.Errorf("accreditation_held", "held")
	n.room.Confirm(ctx)
	if st := n.room.State(); st.Failed.Code != "accreditation_held" || st.Step == nil {
		t.Errorf("%+v", st)
	}
	n.refused = nil
	r := Right{Issuer: string(other), Type: "ProfessionalLicence", Place: "US-OH"}
	for c, want := range map[Change]string{SuspendRight: "Suspend the right", RestoreRight: "Lift the suspension", EndRight: "End the right"} {
		if n.room.AskRight(ctx, r, c); !strings.Contains(n.room.State().Step.Title, want) {
			t.Errorf("%v: %s", c, n.room.State().Step.Title)
		}
	}
	if n.room.AskRemove(ctx, string(other)); !strings.Contains(n.room.State().Step.Title, "End the membership") {
		t.Error(n.room.State().Step.Title)
	}
	n.room.Dismiss()
	n.room.Invite(ctx)
	if st := n.room.State(); st.Invited != nil || st.Failed.Code != "no_peers" {
		t.Errorf("%+v", st.Failed)
	}
	for _, b := range []string{"", "{}", `{"format":1}`, strings.Repeat("x", home.MaxInvitation+1)} {
		n.room.Take(ctx, File{Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(b)), nil }})
		if st := n.room.State(); st.Newcomer != nil || st.Failed.Code == "" || st.Failed.Code == "internal_error" {
			t.Errorf("%.20q: %+v", b, st.Failed)
		}
	}
	n.room.AskLetIn(ctx, true)
	if n.room.State().Step != nil {
		t.Error("nobody is let in")
	}
}

// A file whose fingerprint was not compared, as a whole, lets nobody in.
func TestNobodyIsLetInUncompared(t *testing.T) {
	ctx := t.Context()
	n := newNet(t, 1)
	n.refresh()
	n.room.update(func(s *NetworkState) {
		s.Step = &Step{Title: "x", Compare: &Comparison{Rows: fingerprintInRows(grouped(strings.Repeat("ab", 32))), own: strings.Repeat("ab", 32)}, do: func(context.Context) ([]string, error) {
			n.did = append(n.did, "done")
			return nil, nil
		}}
	})
	n.room.Confirm(ctx)
	if st := n.room.State(); len(n.did) > 0 || st.Failed.Code != "file_not_compared" {
		t.Fatalf("%+v", st.Failed)
	}
	for i := range fingerprintRows - 1 {
		n.room.Tick(i, true)
	}
	if n.room.Type("ab ab"); n.room.State().Step.Ready() {
		t.Error("half a fingerprint is enough")
	}
	if n.room.Type("cd"); n.room.State().Step.Compare.Differs == "" {
		t.Error("another fingerprint is not told")
	}
	n.room.Type("")
	n.room.Tick(fingerprintRows-1, true)
	if n.room.Confirm(ctx); len(n.did) != 1 {
		t.Error("a compared one does nothing")
	}
}
