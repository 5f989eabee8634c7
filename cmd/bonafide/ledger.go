package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bonafide/assets/templates"
	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/strictjson"
	"bonafide/ledger"
	"bonafide/ledger/node"
	"bonafide/ledger/pack"
)

type ledgerCmd struct {
	Init        ledgerInitCmd        `cmd:"" help:"Found a network with this board as its first member."`
	Start       ledgerStartCmd       `cmd:"" help:"Run this board's node."`
	Status      ledgerStatusCmd      `cmd:"" help:"Say where the node stands."`
	Invite      ledgerInviteCmd      `cmd:"" help:"Write an invitation for a board that is to join."`
	Join        ledgerJoinCmd        `cmd:"" help:"Take in an invitation and write the application to be voted on."`
	Peer        ledgerPeerCmd        `cmd:"" help:"Say which other boards' nodes this board's node connects with."`
	Countersign ledgerCountersignCmd `cmd:"" help:"Vouch for a new board's identity and submit it."`
	Propose     ledgerProposeCmd     `cmd:"" help:"Propose something that the members vote on."`
	Vote        ledgerVoteCmd        `cmd:"" help:"Vote on a proposal."`
	Pending     ledgerPendingCmd     `cmd:"" help:"List proposals."`
	Consensus   ledgerConsensusCmd   `cmd:"" name:"consensus-key" help:"Replace the key with which this board's node signs."`
}

type ledgerInitCmd struct {
	Network      string        `help:"Short label of the network: a-z and 0-9, up to 16." required:"" placeholder:"LABEL"`
	Name         string        `help:"The board's name, as people read it." required:"" placeholder:"NAME"`
	Contact      string        `help:"Where people reach the board's desk." placeholder:"TEXT"`
	Interval     time.Duration `help:"Time between epochs." default:"10m"`
	IssuerDelay  time.Duration `help:"Delay before a second issuer of a type in a jurisdiction takes effect." default:"336h"`
	RecoverDelay time.Duration `help:"Delay before a recovery of keys takes effect." default:"336h"`
	ProposalLife time.Duration `help:"How long a proposal can be voted on." default:"720h"`
}

func (ledgerInitCmd) Help() string {
	return `Makes the home if there is none, the board's keys and identity, and the first
state of the network. The network is run with: bonafide ledger start.

Example:
  bonafide ledger init --home ~/board --network ohio --name "State Board of Medicine" --contact licensing@board.example`
}

func (c *ledgerInitCmd) Run(e *env) error {
	h, err := e.createHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	chain, id, err := h.Found(e.ctx, home.FoundOptions{
		Label: c.Network, Name: c.Name, Contact: c.Contact,
		Params: ledger.Params{Interval: c.Interval, IssuerDelay: c.IssuerDelay, RecoverDelay: c.RecoverDelay, ProposalLife: c.ProposalLife},
	})
	if err != nil {
		return err
	}
	return e.answer(map[string]string{"network": chain, "board": id.String()}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Founded the network %s.\nThis board is %s\nRun it with: bonafide ledger start\n", chain, id)
	})
}

type ledgerStartCmd struct {
	Listen  string   `help:"Loopback address for the other commands." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	P2P     string   `name:"p2p" help:"Where to listen for other boards' nodes (kept; without it on this machine only, for nobody)." placeholder:"HOST:PORT"`
	Address string   `name:"p2p-address" help:"Where other boards reach it, if that is another address (kept)." placeholder:"HOST:PORT"`
	Peer    []string `help:"Another board's node; may be repeated (kept)." placeholder:"ID@HOST:PORT"`
	Keep    uint64   `name:"keep-blocks" help:"How many of the newest blocks to keep at least, 1024 or more; without it all." placeholder:"N"`
	Sync    bool     `name:"state-sync" help:"If the node has no data yet, take a recent state from the other boards' nodes instead of every block."`
	Log     string   `help:"quiet, info or debug." enum:"quiet,info,debug" default:"quiet"`
	LogJSON bool     `name:"log-json" help:"Write the log as JSON, one object a line."`
}

func (ledgerStartCmd) Help() string {
	return `Runs until it is interrupted. Other commands of this home find the node by the
address that it notes there; other homes are told it with --source. While it runs,
acts of this home's board are carried out when their day comes.

Others need the network file, network.json, from the folder that is printed, and its
fingerprint by another channel: tell it by telephone or print it on paper. Each network
file has its own fingerprint; of one that you gave out before, bonafide trust list FILE
tells it.

Example:
  bonafide ledger start --home ~/board --listen 127.0.0.1:26700`
}

func (c *ledgerStartCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	log := slog.New(slog.DiscardHandler)
	if c.Log != "quiet" {
		level := slog.LevelInfo
		if c.Log == "debug" {
			level = slog.LevelDebug
		}
		o := &slog.HandlerOptions{Level: level}
		var handler slog.Handler = slog.NewTextHandler(e.stderr, o)
		if c.LogJSON {
			handler = slog.NewJSONHandler(e.stderr, o)
		}
		log = slog.New(handler)
	}
	n, err := h.StartNode(e.ctx, home.NodeOptions{API: c.Listen, P2P: c.P2P, Address: c.Address, Peers: c.Peer, Keep: c.Keep, StateSync: c.Sync, Log: log})
	if err != nil {
		return err
	}
	err = e.announce(h, n)
	if err == nil {
		stop := e.keepActs(h)
		select {
		case <-e.ctx.Done():
		case <-n.Done():
		}
		stop()
	}
	if e.ctx.Err() != nil { // asked to stop: that it stopped is no failure
		e.say("Stopping.")
		return h.StopNode()
	}
	return errors.Join(err, n.Err(), h.StopNode())
}

// networkFile is what the node publishes for others to pin, nil as long as
// there is none, and where.
func networkFile(e *env, h *home.Home) (string, *pack.Network, error) {
	path := filepath.Join(h.PublicDir(), "network.json")
	if _, err := os.Stat(path); err != nil {
		return path, nil, nil
	}
	b, err := e.read(path, 1<<20)
	if err != nil {
		return path, nil, err
	}
	n, err := pack.ParseNetwork(b)
	return path, n, err
}

// announceWait bounds how long the announcement waits for the first network
// file: a network of several members may have to wait for the others.
const announceWait = 15 * time.Second

// announce says where the node runs and what to give others, once it is there.
func (e *env) announce(h *home.Home, n *node.Node) error {
	ctx, stop := context.WithTimeout(e.ctx, announceWait)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var path string
	var file *pack.Network
	for file == nil && ctx.Err() == nil {
		var err error
		if path, file, err = networkFile(e, h); err != nil {
			return err
		}
		select {
		case <-n.Done():
			return nil
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	if e.ctx.Err() != nil {
		return nil
	}
	peer, err := h.OwnPeer()
	if err != nil {
		return err
	}
	out := map[string]any{"address": "http://" + n.Address(), "public": h.PublicDir(), "peer": peer, "network_file": nil, "fingerprint": nil}
	if file != nil {
		out["network_file"], out["fingerprint"] = path, file.Fingerprint()
		if err := h.TrustOwn(e.ctx); err != nil {
			return err
		}
	}
	err = e.answer(out, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "The node runs at http://%s\nNetwork file and packs for others are in %s\n", n.Address(), h.PublicDir())
		if file != nil {
			_, _ = fmt.Fprintf(w, "Fingerprint of the network file: %s\n", file.Display())
		} else {
			_, _ = fmt.Fprintln(w, "The network file comes with the first block; see then: bonafide ledger status")
		}
	})
	e.say("It runs until it is interrupted (Ctrl-C).")
	return err
}

type ledgerStatusCmd struct{}

func (ledgerStatusCmd) Help() string {
	return `Also tells, where this home runs a node, the network file to give out and its
fingerprint, for others to compare before they believe it.

Example:
  bonafide ledger status --home ~/board`
}

func (ledgerStatusCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	c, err := h.Client()
	if err != nil {
		return err
	}
	s, err := c.Status(e.ctx)
	if err != nil {
		return err
	}
	path, file, err := networkFile(e, h)
	if err != nil {
		return err
	}
	var fresh *home.Freshness
	if s.HeaderHeight > 0 {
		fresh = e.fresh(h.StatusFreshness(s))
	}
	out := map[string]any{
		"network": s.ChainID, "height": s.StateHeight, "header": s.HeaderHeight, "header_time": s.HeaderTime.UTC(),
		"app_hash": hex.EncodeToString(s.AppHash[:]), "proven": s.Proven, "interval_seconds": int(s.Interval.Seconds()),
		"epoch": s.LastEpoch, "validators": s.Validators, "waiting": s.Waiting,
		"peers": s.Peers, "syncing": s.Syncing, "validating": s.Validating, "silent": append([]string{}, s.Silent...),
		"first_block": s.FirstBlock, "freshness": fresh, "upgrade": nil, "network_file": nil, "fingerprint": nil,
	}
	if s.Upgrade != "" {
		out["upgrade"] = map[string]any{"name": s.Upgrade, "height": s.UpgradeAt, "known": s.UpgradeKnown}
	}
	if file != nil {
		out["network_file"], out["fingerprint"] = path, file.Fingerprint()
	}
	return e.answer(out, func(w io.Writer) {
		if s.HeaderHeight == 0 {
			_, _ = fmt.Fprintf(w, "Network %s: no block is here yet.\n%s %s\n", s.ChainID, plural(s.Peers, "other node")+" connected.", standingOf(s))
			return
		}
		_, _ = fmt.Fprintf(w, "Network %s at height %d, newest header %s (%s), signed by %s.\nEpochs close every %s; the newest is %d. %s waiting.\n",
			s.ChainID, s.StateHeight, stamp(s.HeaderTime), age(e.now().Sub(s.HeaderTime)), plural(s.Validators, "board"), s.Interval, s.LastEpoch, plural(s.Waiting, "transaction"))
		_, _ = fmt.Fprintf(w, "%s %s\n", plural(s.Peers, "other node")+" connected.", standingOf(s))
		if fresh != nil {
			for _, m := range fresh.Silent {
				_, _ = fmt.Fprintf(w, "Nothing is heard from the node of %s\n", silentName(m))
			}
		}
		switch {
		case s.UpgradeKnown:
			_, _ = fmt.Fprintf(w, "From height %d on the rules are %s, which this program has.\n", s.UpgradeAt, s.Upgrade)
		case s.Upgrade != "":
			_, _ = fmt.Fprintf(w, "From height %d on the rules are %s, which this program does not have: install the version that has them before, or the node stops there.\n", s.UpgradeAt, s.Upgrade)
		}
		if file != nil {
			_, _ = fmt.Fprintf(w, "Network file for others: %s\nIts fingerprint: %s\n", path, file.Display())
		}
	})
}

// standingOf says what this node does for the network.
func standingOf(s node.Status) string {
	switch {
	case s.Syncing:
		return "This node is fetching the blocks that it does not have yet."
	case s.Validating:
		return "This node signs headers."
	}
	return "This node follows and signs nothing: its board is no member."
}

type ledgerCountersignCmd struct {
	File string `arg:"" help:"The creation that the new board made with board init, or its application (ledger join)."`
}

func (ledgerCountersignCmd) Help() string {
	return `Look at who sent the file before you vouch for it.

Example:
  bonafide ledger countersign nursing.tx --home ~/board`
}

func (c *ledgerCountersignCmd) Run(e *env) error {
	b, err := e.read(c.File, 1<<20)
	if err != nil {
		return err
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if bytes.HasPrefix(b, []byte("{")) {
		a, err := home.ParseApplication(b)
		if err != nil {
			return err
		}
		if a.Creation == nil {
			return &inputError{explain.ExitRefused, "there is nothing to countersign: the board is on the ledger already"}
		}
		b = a.Creation
	}
	id, err := h.Countersign(e.ctx, b)
	if err != nil {
		return err
	}
	return e.answer(map[string]string{"board": id.String()}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s is on the ledger.\n", id)
	})
}

type ledgerProposeCmd struct {
	Accredit  proposeAccreditCmd `cmd:"" help:"Let an issuer issue a type in jurisdictions."`
	Suspend   proposeSuspendCmd  `cmd:"" help:"Suspend an accreditation, at once."`
	Restore   proposeRestoreCmd  `cmd:"" help:"Lift a suspension."`
	End       proposeEndCmd      `cmd:"" help:"End an accreditation."`
	Template  proposeTemplateCmd `cmd:"" help:"Register a type of credential."`
	Admit     proposeAdmitCmd    `cmd:"" help:"Admit a board as a member."`
	Remove    proposeRemoveCmd   `cmd:"" help:"Remove a member."`
	HandOver  proposeHandOverCmd `cmd:"" name:"hand-over" help:"Hand an ended issuer's status pages to another."`
	Recover   proposeRecoverCmd  `cmd:"" help:"Give a DID new keys."`
	ReportKey proposeReportCmd   `cmd:"" name:"report-key" help:"Report a key as compromised."`
	Upgrade   proposeUpgradeCmd  `cmd:"" help:"Decide on new rules from a height on."`
}

// propose sends an action and says what became of it.
func propose(e *env, a ledger.Action) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	p, err := h.Propose(e.ctx, a)
	if err != nil {
		return err
	}
	return answerProposal(e, p)
}

func answerProposal(e *env, p ledger.Proposal) error {
	if p.FailedReason != "" {
		e.exit = explain.ExitRefused
	}
	return e.answer(proposalJSON(p), func(w io.Writer) { printProposal(w, p) })
}

func proposalJSON(p ledger.Proposal) map[string]any {
	var due any
	if p.State == ledger.ProposalDelayed {
		due = p.Due.UTC()
	}
	return map[string]any{
		"due":    due,
		"number": p.Number, "state": string(p.State), "action": describeAction(p.Action), "proposer": p.Proposer.String(),
		"yes": len(p.Yes), "no": len(p.No), "needed": p.Needed, "expires": p.Expires.UTC(), "failed": p.FailedReason,
	}
}

func printProposal(w io.Writer, p ledger.Proposal) {
	_, _ = fmt.Fprintf(w, "Proposal %d: %s\n  %s; %d yes, %d no, %d needed\n", p.Number, describeAction(p.Action), p.State, len(p.Yes), len(p.No), p.Needed)
	if p.State == ledger.ProposalDelayed {
		_, _ = fmt.Fprintf(w, "  It takes effect at %s.\n", stamp(p.Due))
	}
	if p.FailedReason != "" {
		if x, ok := explain.Lookup(p.FailedReason); ok {
			_, _ = fmt.Fprintf(w, "  It could not be carried out. %s [%s]\n", x.Message, p.FailedReason)
		}
	}
}

// describeAction puts an action into words.
func describeAction(a ledger.Action) string {
	switch x := a.(type) {
	case ledger.Accredit:
		return fmt.Sprintf("accredit %s for %s in %s", x.Issuer, x.Type, strings.Join(x.Jurisdictions, ", "))
	case ledger.Suspend:
		return fmt.Sprintf("suspend %s for %s in %s", x.Issuer, x.Type, x.Jurisdiction)
	case ledger.Restore:
		return fmt.Sprintf("restore %s for %s in %s", x.Issuer, x.Type, x.Jurisdiction)
	case ledger.End:
		return fmt.Sprintf("end %s for %s in %s", x.Issuer, x.Type, x.Jurisdiction)
	case ledger.RegisterTemplate:
		if t, err := ledger.ParseTemplate(x.Document); err == nil {
			return "register the template " + t.Type
		}
		return "register a template"
	case ledger.AdmitMember:
		return fmt.Sprintf("admit %s (%s) with the consensus key %s", x.DID, x.Name, multikey(x.Consensus))
	case ledger.RemoveMember:
		return fmt.Sprintf("remove %s", x.DID)
	case ledger.HandOver:
		return fmt.Sprintf("hand the status pages of %s to %s", x.From, x.To)
	case ledger.RecoverDID:
		if len(x.Document) == 0 {
			return fmt.Sprintf("withdraw the new keys of %s", x.DID)
		}
		return fmt.Sprintf("give %s new keys", x.DID)
	case ledger.ReportKeyVote:
		return fmt.Sprintf("report the key %s from %s on", x.Method, stamp(time.Unix(x.From, 0)))
	case ledger.Upgrade:
		return fmt.Sprintf("run the rules %q from height %d on", x.Name, x.Height)
	}
	return "an action that this version does not know"
}

type proposeAccreditCmd struct {
	Issuer       string   `help:"DID of the issuer." required:"" placeholder:"DID"`
	Type         string   `help:"Type of credential." required:"" placeholder:"TYPE"`
	Jurisdiction []string `help:"As US-OH; may be repeated." required:"" placeholder:"CODE"`
}

func (proposeAccreditCmd) Help() string {
	return `Example:
  bonafide ledger propose accredit --issuer did:bonafide:… --type ProfessionalLicence --jurisdiction US-OH`
}

func (c *proposeAccreditCmd) Run(e *env) error {
	id, err := did.Parse(c.Issuer)
	if err != nil {
		return err
	}
	for _, j := range c.Jurisdiction {
		if ledger.CheckJurisdiction(j) != nil {
			return notJurisdiction(j)
		}
	}
	return propose(e, ledger.Accredit{Issuer: id, Type: c.Type, Jurisdictions: c.Jurisdiction})
}

func notJurisdiction(s string) error {
	return usage("%q is no jurisdiction: it is a country and, where there is one, its state, as US-OH", s)
}

// standing names one accreditation.
type standing struct {
	Issuer       string `help:"DID of the issuer." required:"" placeholder:"DID"`
	Type         string `help:"Type of credential." required:"" placeholder:"TYPE"`
	Jurisdiction string `help:"As US-OH." required:"" placeholder:"CODE"`
}

type (
	proposeSuspendCmd struct{ standing }
	proposeRestoreCmd struct{ standing }
	proposeEndCmd     struct{ standing }
)

func (proposeSuspendCmd) Help() string { return standingExample("suspend") }
func (proposeRestoreCmd) Help() string { return standingExample("restore") }
func (proposeEndCmd) Help() string     { return standingExample("end") }

func standingExample(word string) string {
	return "Example:\n  bonafide ledger propose " + word + " --issuer did:bonafide:… --type ProfessionalLicence --jurisdiction US-OH"
}

// issuer checks what was named and returns whose accreditation it is.
func (s standing) issuer() (did.DID, error) {
	if ledger.CheckJurisdiction(s.Jurisdiction) != nil {
		return "", notJurisdiction(s.Jurisdiction)
	}
	return did.Parse(s.Issuer)
}

func (c *proposeSuspendCmd) Run(e *env) error {
	id, err := c.issuer()
	if err != nil {
		return err
	}
	return propose(e, ledger.Suspend{Issuer: id, Type: c.Type, Jurisdiction: c.Jurisdiction})
}

func (c *proposeRestoreCmd) Run(e *env) error {
	id, err := c.issuer()
	if err != nil {
		return err
	}
	return propose(e, ledger.Restore{Issuer: id, Type: c.Type, Jurisdiction: c.Jurisdiction})
}

func (c *proposeEndCmd) Run(e *env) error {
	id, err := c.issuer()
	if err != nil {
		return err
	}
	return propose(e, ledger.End{Issuer: id, Type: c.Type, Jurisdiction: c.Jurisdiction})
}

type proposeTemplateCmd struct {
	File    string `arg:"" optional:"" help:"A template document (JSON)."`
	Shipped string `help:"One of the templates that ship: ProfessionalLicence, BoardCertification, TrainingCertification, ControlledSubstanceRegistration." placeholder:"TYPE"`
}

func (proposeTemplateCmd) Help() string {
	return `Example:
  bonafide ledger propose template --shipped ProfessionalLicence`
}

func (c *proposeTemplateCmd) Run(e *env) error {
	var raw []byte
	switch {
	case (c.File == "") == (c.Shipped == ""):
		return usage("give either a file or --shipped TYPE")
	case c.File != "":
		b, err := e.read(c.File, ledger.MaxTemplate)
		if err != nil {
			return err
		}
		v, err := strictjson.Parse(b, strictjson.Default)
		if err != nil {
			return unreadable("%s is not strict JSON: %v", c.File, err)
		}
		if raw, err = strictjson.Canonical(v); err != nil {
			return err
		}
	default:
		docs, err := templates.Documents()
		if err != nil {
			return err
		}
		var types []string
		for _, doc := range docs {
			t, err := ledger.ParseTemplate(doc)
			if err != nil {
				return err
			}
			types = append(types, t.Type)
			if t.Type == c.Shipped {
				raw = doc
			}
		}
		if raw == nil {
			return usage("no template of type %s ships; there are %s", c.Shipped, strings.Join(types, ", "))
		}
	}
	return propose(e, ledger.RegisterTemplate{Document: raw})
}

type proposeAdmitCmd struct {
	DID         string `arg:"" optional:"" name:"did" help:"DID of the board."`
	Name        string `help:"Its name."`
	Consensus   string `help:"Its validator's Ed25519 key, as a Multikey or in hex." placeholder:"KEY"`
	Application string `help:"The file that the board made with ledger join, instead of all these; its node is let in, too." placeholder:"FILE"`
	Fingerprint string `help:"The application's fingerprint that you were told by another channel; without it you are asked." placeholder:"HEX"`
}

func (proposeAdmitCmd) Help() string {
	return `Whoever swaps the key in the application gets this board's vote: compare its
fingerprint with what the board tells you by another channel.

Example:
  bonafide ledger propose admit --application nursing.json`
}

func (c *proposeAdmitCmd) Run(e *env) error {
	if c.Application != "" {
		return c.application(e)
	}
	if c.DID == "" || c.Name == "" || c.Consensus == "" {
		return usage("give --application FILE, or the board's DID with --name and --consensus")
	}
	id, err := did.Parse(c.DID)
	if err != nil {
		return err
	}
	key, err := consensusKey(c.Consensus)
	if err != nil {
		return err
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	e.countsOn(h)
	p, err := h.Propose(e.ctx, ledger.AdmitMember{DID: id, Name: c.Name, Consensus: key})
	if err != nil {
		return err
	}
	return answerProposal(e, p)
}

// countsOn says how many members must run once one more is admitted: a network
// whose new member does not run may stand still.
func (e *env) countsOn(h *home.Home) {
	d, err := h.Data()
	if err != nil {
		return // proposing says what is wrong
	}
	n := len(d.View.Members(d.Height)) + 1
	e.say("With this board the network has %s, and stands still unless %d of them run. Have its node started before the vote is decided.", plural(n, "member"), ledger.Needed(n))
}

func (c *proposeAdmitCmd) application(e *env) error {
	if c.DID != "" || c.Name != "" || c.Consensus != "" {
		return usage("the application says all of it: give either the one or the other")
	}
	a, err := e.readApplication(c.Application)
	if err != nil {
		return err
	}
	e.say("Board:       %s\nName:        %s\nKey:         %s", a.DID, a.Name, multikey(a.Consensus))
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	e.countsOn(h)
	if err := e.compare(a.Fingerprint(), c.Fingerprint, "Compare it with what the board told you by another channel."); err != nil {
		return err
	}
	// Its node is let in first: once the vote is decided the network counts on it.
	if err := h.AddPeers(e.ctx, a.Peer); err != nil {
		return err
	}
	p, err := h.Propose(e.ctx, a.Admission())
	if err != nil {
		return err
	}
	return answerProposal(e, p)
}

func (e *env) readApplication(name string) (*home.Application, error) {
	b, err := e.read(name, home.MaxInvitation)
	if err != nil {
		return nil, err
	}
	return home.ParseApplication(b)
}

func multikey(key [32]byte) string {
	k, err := did.NewPublicKey(did.Ed25519, key[:])
	if err != nil {
		return hex.EncodeToString(key[:])
	}
	return k.Multikey()
}

// consensusKey reads an Ed25519 key, as a Multikey or in hex.
func consensusKey(s string) ([32]byte, error) {
	if b, err := hex.DecodeString(s); err == nil && len(b) == 32 {
		return [32]byte(b), nil
	}
	k, err := did.ParseMultikey(s)
	if err != nil || k.Kind() != did.Ed25519 {
		return [32]byte{}, usage("--consensus takes an Ed25519 key: a Multikey (z6Mk…) or 64 hexadecimal digits")
	}
	return [32]byte(k.Bytes()), nil
}

type proposeRemoveCmd struct {
	DID string `arg:"" name:"did" help:"DID of the member."`
}

func (proposeRemoveCmd) Help() string {
	return `Example:
  bonafide ledger propose remove did:bonafide:…`
}

func (c *proposeRemoveCmd) Run(e *env) error {
	id, err := did.Parse(c.DID)
	if err != nil {
		return err
	}
	return propose(e, ledger.RemoveMember{DID: id})
}

type proposeHandOverCmd struct {
	From string `help:"The ended issuer." required:"" placeholder:"DID"`
	To   string `help:"Who keeps its status pages from now on." required:"" placeholder:"DID"`
}

func (proposeHandOverCmd) Help() string {
	return `Example:
  bonafide ledger propose hand-over --from did:bonafide:… --to did:bonafide:…`
}

func (c *proposeHandOverCmd) Run(e *env) error {
	from, err := did.Parse(c.From)
	if err != nil {
		return err
	}
	to, err := did.Parse(c.To)
	if err != nil {
		return err
	}
	return propose(e, ledger.HandOver{From: from, To: to})
}

type proposeRecoverCmd struct {
	DID         string `arg:"" name:"did" help:"The DID."`
	Document    string `help:"File with the new document, in canonical JSON." placeholder:"FILE"`
	Fingerprint string `help:"The document's fingerprint that the board told by another channel; without it you are asked." placeholder:"HEX"`
	Withdraw    bool   `help:"Withdraw what was decided for this DID and is in its delay."`
}

func (proposeRecoverCmd) Help() string {
	return `The file is what the board made with board key recover. Whoever sends it may be
somebody else: compare its fingerprint with the board itself.

Example:
  bonafide ledger propose recover did:bonafide:… --document new.json`
}

func (c *proposeRecoverCmd) Run(e *env) error {
	id, err := did.Parse(c.DID)
	if err != nil {
		return err
	}
	if c.Withdraw == (c.Document != "") {
		return usage("give either --document FILE or --withdraw")
	}
	if c.Withdraw {
		return propose(e, ledger.RecoverDID{DID: id})
	}
	b, err := e.read(c.Document, 64<<10)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return unreadable("%s is empty; what is in its delay is withdrawn with --withdraw", c.Document)
	}
	sum := sha256.Sum256(b)
	if err := e.compare(hex.EncodeToString(sum[:]), c.Fingerprint, "Compare it with what the board told you by another channel."); err != nil {
		return err
	}
	return propose(e, ledger.RecoverDID{DID: id, Document: b})
}

type proposeReportCmd struct {
	Method string `arg:"" help:"The key's verification method (a DID URL)."`
	From   string `help:"From when on it is not to be trusted." required:"" placeholder:"TIME"`
}

func (proposeReportCmd) Help() string {
	return `Example:
  bonafide ledger propose report-key did:bonafide:…#z6Mk… --from 2026-11-01T00:00:00Z`
}

func (c *proposeReportCmd) Run(e *env) error {
	u, err := did.ParseURL(c.Method)
	if err != nil {
		return err
	}
	from, err := time.Parse(time.RFC3339, c.From)
	if err != nil {
		return usage("--from takes a time such as 2026-11-21T09:00:00Z")
	}
	return propose(e, ledger.ReportKeyVote{DID: u.DID, Method: c.Method, From: from.Unix()})
}

type proposeUpgradeCmd struct {
	Name   string `arg:"" help:"Name of the rules."`
	Height uint64 `help:"First block under them." required:""`
}

func (proposeUpgradeCmd) Help() string {
	return `Nodes whose program does not have these rules stop before that height; the others go
on if they are more than two thirds of the members. Choose a height that leaves every
board the time to install the version that has them. Deciding on v1, the rules of the
beginning, for the same height or a lower one calls it off.

Example:
  bonafide ledger propose upgrade v2 --height 100000`
}

func (c *proposeUpgradeCmd) Run(e *env) error {
	return propose(e, ledger.Upgrade{Name: c.Name, Height: c.Height})
}

type ledgerVoteCmd struct {
	Number uint64 `arg:"" help:"Number of the proposal."`
	Vote   string `arg:"" enum:"yes,no" help:"yes or no."`
}

func (ledgerVoteCmd) Help() string {
	return `Example:
  bonafide ledger vote 7 yes`
}

func (c *ledgerVoteCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	p, err := h.Vote(e.ctx, c.Number, c.Vote == "yes")
	if err != nil {
		return err
	}
	return answerProposal(e, p)
}

type ledgerPendingCmd struct {
	All bool `help:"Also those that are decided."`
}

func (ledgerPendingCmd) Help() string {
	return `Example:
  bonafide ledger pending --all`
}

func (c *ledgerPendingCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	list, err := h.Proposals(e.ctx)
	if err != nil {
		return err
	}
	out := []map[string]any{}
	var shown []ledger.Proposal
	for _, p := range list {
		if c.All || slices.Contains([]ledger.ProposalState{ledger.ProposalOpen, ledger.ProposalDelayed, ledger.ProposalQueued}, p.State) {
			out, shown = append(out, proposalJSON(p)), append(shown, p)
		}
	}
	return e.answer(out, func(w io.Writer) {
		if len(shown) == 0 {
			_, _ = fmt.Fprintln(w, "No proposal is pending.")
		}
		for _, p := range shown {
			printProposal(w, p)
		}
	})
}
