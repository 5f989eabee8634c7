package home

// The node that a home runs: a board's own part of the network.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/ledger/node"
)

// NodeOptions say how the home's node runs. What is given of P2P, Address and
// Peers is kept in the home, and what is not comes from there.
type NodeOptions struct {
	API     string // listen address, loopback; "": any free port
	P2P     string // listen address for other members' nodes
	Address string // where they reach it, if that is another
	Peers   []string
	Keep    uint64 // newest blocks that stay (node.Config.KeepBlocks); 0: all
	// StateSync has a node without data take over a recent state of the other
	// boards', proved by headers that follow from the home's trust. Code no_trust.
	StateSync bool
	Log       *slog.Logger
}

const genesisFile = "genesis.json"

// StartNode runs the home's node until it is stopped, and notes its address so
// that other commands of this home find it.
func (h *Home) StartNode(ctx context.Context, o NodeOptions) (*node.Node, error) {
	genesis, err := h.readGenesis()
	if err != nil {
		return nil, err
	}
	seed, err := h.NodeSeed()
	if err != nil {
		return nil, err
	}
	came, err := h.readJoined()
	if err != nil {
		return nil, err
	}
	consensus, err := h.consensusKey(genesis, came)
	if err != nil {
		return nil, err
	}
	if err := h.notBehind(); err != nil {
		return nil, err
	}
	peers, err := h.peersFor(ctx, o)
	if err != nil {
		return nil, err
	}
	cfg := node.Config{
		Dir: h.nodeDir(), Genesis: genesis, Consensus: consensus, FindKey: h.findConsensusKey, NodeKey: [32]byte(seed),
		API: o.API, P2P: peers.Listen, P2PAddress: peers.Address, Allow: h.allowPeer, KeepBlocks: o.Keep, Log: o.Log, Now: h.o.Now,
	}
	for _, p := range peers.Peers {
		if strings.Contains(p, "@") {
			cfg.Peers = append(cfg.Peers, p)
		}
	}
	if came != nil {
		cfg.Checkpoint = came.checkpoint()
	}
	if o.StateSync {
		trust, err := h.Trust()
		if err != nil {
			return nil, err
		}
		cfg.StateSync = &trust
	}
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := h.SetNode(ctx, "http://"+n.Address()); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	h.mu.Lock()
	h.running = n
	h.mu.Unlock()
	return n, nil
}

// peersFor keeps what is new in the options and returns all that holds.
func (h *Home) peersFor(ctx context.Context, o NodeOptions) (Peers, error) {
	if err := h.ListenAt(ctx, o.P2P, o.Address); err != nil {
		return Peers{}, err
	}
	if len(o.Peers) > 0 {
		if err := h.AddPeers(ctx, o.Peers...); err != nil {
			return Peers{}, err
		}
	}
	return h.Peers()
}

// ListenAt keeps where the home's node listens for others, and where they
// reach it; "" leaves what is there. Code peer_malformed.
func (h *Home) ListenAt(ctx context.Context, listen, address string) error {
	if listen == "" && address == "" {
		return nil
	}
	for _, a := range []string{listen, address} {
		if a == "" {
			continue
		}
		if err := node.ParseAddress(a); err != nil {
			return err
		}
	}
	return h.ChangePeers(ctx, func(p *Peers) {
		p.Listen, p.Address = cmp.Or(listen, p.Listen), cmp.Or(address, p.Address)
	})
}

// allowPeer says whether a node may connect. It is asked for each connection,
// so that a running node lets in who was added meanwhile.
func (h *Home) allowPeer(id string) bool {
	p, err := h.Peers()
	return err == nil && slices.ContainsFunc(p.Peers, func(s string) bool { return peerID(s) == id })
}

// StopNode stops the node that StartNode started.
func (h *Home) StopNode() error {
	h.mu.Lock()
	n := h.running
	h.running = nil
	h.mu.Unlock()
	if n == nil {
		return nil
	}
	return n.Stop()
}

// consensusKey signs the node's votes as long as none of the validators' keys
// says otherwise: the one with which the home joined, else the one in the
// genesis, since a founding that was broken off and begun again leaves another
// behind; else, after a restore, the one that it made.
func (h *Home) consensusKey(genesis []byte, came *joined) (node.ConsensusKey, error) {
	var candidates []did.PublicKey
	if came != nil {
		pub, err := did.ParseMultikey(came.Consensus)
		if err != nil {
			return nil, err
		}
		candidates = append(candidates, pub)
	} else {
		g, err := node.Genesis(genesis)
		if err != nil {
			return nil, err
		}
		for _, m := range g.Members {
			pub, err := did.NewPublicKey(did.Ed25519, m.Consensus[:])
			if err != nil {
				return nil, fmt.Errorf("reading the genesis: %w", err)
			}
			candidates = append(candidates, pub)
		}
	}
	for _, pub := range candidates {
		k, err := h.findConsensusKey([32]byte(pub.Bytes()))
		if err != nil || k != nil {
			return k, err
		}
	}
	return h.keyOfRestored()
}

// findConsensusKey returns the private half of a validator's key, nil if it is
// not in this home.
func (h *Home) findConsensusKey(public [32]byte) (node.ConsensusKey, error) {
	ks, err := h.Keys(keysConsensus)
	if err != nil {
		return nil, err
	}
	pub, err := did.NewPublicKey(did.Ed25519, public[:])
	if err != nil {
		return nil, fmt.Errorf("looking for a consensus key: %w", err)
	}
	s, err := ks.Find(pub)
	if explain.CodeOf(err) == "key_missing" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return consensusSigner{s}, nil
}

type signer interface {
	Public() did.PublicKey
	Sign([]byte) ([]byte, error)
}

type consensusSigner struct{ signer }

func (c consensusSigner) Public() [32]byte { return [32]byte(c.signer.Public().Bytes()) }
