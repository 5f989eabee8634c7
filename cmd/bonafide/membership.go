package main

import (
	"fmt"
	"io"
	"strings"

	"bonafide/internal/home"
)

type ledgerInviteCmd struct {
	Peer []string `help:"A node to connect with, instead of this board's and those it connects with; may be repeated." placeholder:"ID@HOST:PORT"`
	Out  string   `help:"Where to write the invitation." default:"invitation.json" placeholder:"FILE"`
}

func (ledgerInviteCmd) Help() string {
	return `The node has to run, and others have to be able to reach it (ledger start --p2p).
Give the file to the board by any way, and its fingerprint by another one.

Example:
  bonafide ledger invite --home ~/board --out invitation.json`
}

func (c *ledgerInviteCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	i, err := h.Invite(e.ctx, c.Peer)
	if err != nil {
		return err
	}
	if c.Out == "-" {
		e.say("Fingerprint: %s", grouped(i.Fingerprint()))
		return e.write(c.Out, i.Marshal(), "invitation")
	}
	if err := writeFile(c.Out, i.Marshal()); err != nil {
		return err
	}
	out := map[string]any{"invitation": c.Out, "network": i.Network, "fingerprint": i.Fingerprint(), "peers": i.Peers}
	return e.answer(out, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Wrote the invitation to %s\nFingerprint: %s\nTell it to the board by another channel than the file.\n", c.Out, grouped(i.Fingerprint()))
	})
}

type ledgerJoinCmd struct {
	File        string `arg:"" help:"The invitation."`
	Fingerprint string `help:"The invitation's fingerprint that you were told by another channel; without it you are asked." placeholder:"HEX"`
	Name        string `help:"The board's name, as people read it." required:"" placeholder:"NAME"`
	Contact     string `help:"Where people reach the board's desk." placeholder:"TEXT"`
	P2P         string `name:"p2p" help:"Where this board's node will listen for others (kept)." placeholder:"HOST:PORT"`
	Address     string `name:"p2p-address" help:"Where other boards reach it, if that is another address (kept)." placeholder:"HOST:PORT"`
	Out         string `help:"Where to write the application." default:"application.json" placeholder:"FILE"`
}

func (ledgerJoinCmd) Help() string {
	return `Makes the home if there is none, the board's identity if it has none, and the key
with which its node will sign. The application goes to a member, who countersigns and
proposes it; the others let the node in (ledger peer add) and vote. Meanwhile this
board's node can follow the chain already: bonafide ledger start.

Example:
  bonafide ledger join invitation.json --home ~/board --name "Board of Nursing" --p2p 0.0.0.0:26656 --p2p-address node.nursing.example:26656`
}

func (c *ledgerJoinCmd) Run(e *env) error {
	b, err := e.read(c.File, home.MaxInvitation)
	if err != nil {
		return err
	}
	i, err := home.ParseInvitation(b)
	if err != nil {
		return err
	}
	if c.Fingerprint == "" {
		e.say("Network:     %s", i.Network)
	}
	if err := e.compare(i.Fingerprint(), c.Fingerprint, "Compare it with what the board that invites you told you by another channel."); err != nil {
		return err
	}
	h, err := e.createHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if err := h.ListenAt(e.ctx, c.P2P, c.Address); err != nil {
		return err
	}
	a, err := h.Join(e.ctx, i, c.Name, c.Contact)
	if err != nil {
		return err
	}
	if c.Out == "-" {
		e.say("Fingerprint: %s", grouped(a.Fingerprint()))
		return e.write(c.Out, a.Marshal(), "application")
	}
	if err := writeFile(c.Out, a.Marshal()); err != nil {
		return err
	}
	out := map[string]any{
		"network": a.Network, "board": a.DID.String(), "consensus": multikey(a.Consensus), "peer": a.Peer,
		"application": c.Out, "fingerprint": a.Fingerprint(), "created": a.Creation == nil,
	}
	return e.answer(out, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "This board is %s\nIts node will sign with %s\nWrote the application to %s\nFingerprint: %s\nGive the file to the members, and tell them the fingerprint by another channel.\nFollow the chain meanwhile with: bonafide ledger start\n",
			a.DID, multikey(a.Consensus), c.Out, grouped(a.Fingerprint()))
	})
}

type ledgerPeerCmd struct {
	Add    peerAddCmd    `cmd:"" help:"Let another board's node connect, and dial it."`
	Remove peerRemoveCmd `cmd:"" help:"Connect with a node no more."`
	List   peerListCmd   `cmd:"" help:"List this board's node and those it connects with."`
}

type peerAddCmd struct {
	Peer string `arg:"" help:"ID@HOST:PORT, an ID alone, or the file of an application (ledger join)."`
}

func (peerAddCmd) Help() string {
	return `Nodes connect only with those named. One that runs lets the new one in at once and
dials it when it is started again.

Example:
  bonafide ledger peer add nursing.json`
}

func (c *peerAddCmd) Run(e *env) error {
	peer := c.Peer
	if strings.HasSuffix(peer, ".json") || peer == "-" {
		a, err := e.readApplication(peer)
		if err != nil {
			return err
		}
		peer = a.Peer
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if err := h.AddPeers(e.ctx, peer); err != nil {
		return err
	}
	return e.answer(map[string]string{"added": peer}, func(w io.Writer) { _, _ = fmt.Fprintf(w, "%s may connect.\n", peer) })
}

type peerRemoveCmd struct {
	Peer string `arg:"" help:"ID@HOST:PORT, or the ID alone."`
}

func (peerRemoveCmd) Help() string {
	return `A connection that is open is closed when the node is started again.

Example:
  bonafide ledger peer remove 5f0c…`
}

func (c *peerRemoveCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if err := h.RemovePeer(e.ctx, c.Peer); err != nil {
		return err
	}
	return e.answer(map[string]string{"removed": c.Peer}, func(w io.Writer) { _, _ = fmt.Fprintln(w, "Removed.") })
}

type peerListCmd struct{}

func (peerListCmd) Help() string {
	return `Example:
  bonafide ledger peer list --home ~/board`
}

func (peerListCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	own, err := h.OwnPeer()
	if err != nil {
		return err
	}
	p, err := h.Peers()
	if err != nil {
		return err
	}
	return e.answer(map[string]any{"own": own, "listen": p.Listen, "peers": p.Peers}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "This node: %s\n", own)
		for _, s := range p.Peers {
			_, _ = fmt.Fprintf(w, "  %s\n", s)
		}
	})
}

type ledgerConsensusCmd struct{}

func (ledgerConsensusCmd) Help() string {
	return `The node signs with the new key as soon as it counts and need not be restarted. Do it
when the old key may be in other hands, and after a restore: two nodes with one key
that both run sign twice, which everybody can see.

Example:
  bonafide ledger consensus-key --home ~/board`
}

func (ledgerConsensusCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	r, err := h.ReplaceConsensusKey(e.ctx)
	if err != nil {
		return err
	}
	return e.answer(map[string]any{"key": r.Key.Multikey(), "height": r.Height, "waits": r.Waits}, func(w io.Writer) {
		if r.Waits {
			_, _ = fmt.Fprintf(w, "The new key %s waits for other member changes.\n", r.Key.Multikey())
			return
		}
		_, _ = fmt.Fprintf(w, "The new key is %s; it counts from height %d on.\n", r.Key.Multikey(), r.Height+2)
	})
}
