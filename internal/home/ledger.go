package home

// The home and its network: which one it believes, bringing its data up to
// date, and the node that it asks or runs.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/did/key"
	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/ledger/node"
	"bonafide/ledger/pack"
)

// maxPack bounds a pack that is fetched, in bytes; import bounds it again.
const maxPack = 512 << 20

// Trust is what the home believes. Code no_trust.
func (h *Home) Trust() (pack.Trust, error) {
	raw, _, err := h.Network().Load()
	if err != nil {
		return pack.Trust{}, err
	}
	if len(raw) == 0 {
		return pack.Trust{}, explain.Errorf("no_trust", "nothing pinned")
	}
	return pack.ParseTrust(raw)
}

// Pin makes the home believe a network from its network.json on. A home that
// believes another network keeps that until replace is set. sources are where
// packs come from afterwards; none keeps those it has.
func (h *Home) Pin(ctx context.Context, n *pack.Network, replace bool, sources []string) error {
	t, err := pack.Pin(n, h.Now())
	if err != nil {
		return err
	}
	raw, err := t.Marshal()
	if err != nil {
		return err
	}
	err = h.Network().Update(ctx, func(had, data []byte) ([]byte, []byte, error) {
		if len(had) == 0 {
			return raw, nil, nil
		}
		old, err := pack.ParseTrust(had)
		switch {
		case err != nil:
			return nil, nil, err
		case old.ChainID != t.ChainID && !replace:
			return nil, nil, explain.Errorf("trust_other_network", "this home believes %s", old.ChainID)
		case old.ChainID != t.ChainID:
			return raw, nil, nil
		case replace || h.Now().After(old.Expires()):
			if same, err := old.Compare(n); err == nil && same {
				return had, data, nil
			}
			// The data was proved by the old header; the new one does not vouch
			// for it (pack.Load), so a whole pack has to come.
			return raw, nil, nil
		}
		// Trust only moves forward, and by import: a file of the network that is
		// believed already is compared and changes nothing.
		if _, err := old.Compare(n); err != nil {
			return nil, nil, err
		}
		return had, data, nil
	})
	if err != nil {
		return err
	}
	h.forgetData()
	if len(sources) > 0 {
		return h.SetSources(ctx, sources)
	}
	return nil
}

// Data is the home's verified ledger data, read once and kept until an import
// replaces it. Codes no_trust, no_data,
// data_rolled_back.
func (h *Home) Data() (*pack.Data, error) {
	h.dataMu.Lock()
	defer h.dataMu.Unlock()
	if h.data != nil {
		return h.data, nil
	}
	t, err := h.Trust()
	if err != nil {
		return nil, err
	}
	_, stored, err := h.Network().Load()
	if err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return nil, explain.Errorf("no_data", "no pack was imported yet")
	}
	d, err := pack.Load(t, stored)
	if err != nil {
		return nil, err
	}
	if err := h.clock.Seen(d.ChainID, d.Height); err != nil {
		return nil, err
	}
	h.data = d
	return d, nil
}

func (h *Home) forgetData() {
	h.dataMu.Lock()
	h.data = nil
	h.dataMu.Unlock()
}

// Import takes in a pack: verified against what the home believes, stored in
// one step, and only then used. Whatever fails leaves the home as it was; two
// headers that contradict each other are kept as evidence.
func (h *Home) Import(ctx context.Context, r io.Reader) (*pack.Result, error) {
	var res *pack.Result
	err := h.Network().Update(ctx, func(rawTrust, stored []byte) ([]byte, []byte, error) {
		if len(rawTrust) == 0 {
			return nil, nil, explain.Errorf("no_trust", "nothing pinned")
		}
		t, err := pack.ParseTrust(rawTrust)
		if err != nil {
			return nil, nil, err
		}
		cur, err := h.current(t, stored)
		if err != nil {
			return nil, nil, err
		}
		floor, err := h.clock.Floor()
		if err != nil {
			return nil, nil, err
		}
		if res, err = pack.Import(t, cur, r, h.Now(), floor); err != nil {
			return nil, nil, err
		}
		rawTrust, err = res.Trust.Marshal()
		return rawTrust, res.Stored, err
	})
	if err != nil {
		if c, ok := errors.AsType[*pack.Conflict](err); ok {
			evidence, merr := json.Marshal(c)
			if merr != nil {
				return nil, errors.Join(err, merr)
			}
			if _, kerr := h.Network().KeepEvidence(evidence); kerr != nil {
				return nil, errors.Join(err, kerr)
			}
		}
		return nil, err
	}
	if err := h.clock.Imported(res.Data.ChainID, res.Data.Height, res.Data.AsOf); err != nil {
		return nil, err
	}
	h.dataMu.Lock()
	h.data = res.Data
	h.dataMu.Unlock()
	return res, nil
}

// current is the data that stored holds; what this process has already is not
// read again.
func (h *Home) current(t pack.Trust, stored []byte) (*pack.Data, error) {
	if len(stored) == 0 {
		return nil, nil
	}
	h.dataMu.Lock()
	have := h.data
	h.dataMu.Unlock()
	if have != nil && have.ChainID == t.ChainID && have.Height+1 == t.Height() {
		return have, nil
	}
	return pack.Load(t, stored)
}

// Source is what one place answered to a sync.
type Source struct {
	Address string `json:"address"`
	Code    string `json:"code,omitempty"` // why it gave nothing
}

// Synced is what a sync brought.
type Synced struct {
	Network    string    `json:"network"`
	Height     uint64    `json:"height"`
	AsOf       time.Time `json:"as_of"`
	Validators int       `json:"validators"`
	Delta      bool      `json:"delta"`
	Changes    int       `json:"status_changes"`
	Crossed    bool      `json:"cross_checked"` // two sources agreed
	Sources    []Source  `json:"sources"`
}

// Sync fetches what is new from the home's sources and imports it by the same
// path as a file. The first source that serves is taken; a second one, where
// there is one, must know the same header.
func (h *Home) Sync(ctx context.Context) (Synced, error) {
	addresses, err := h.sources()
	if err != nil {
		return Synced{}, err
	}
	if len(addresses) == 0 {
		return Synced{}, explain.Errorf("no_sources", "no source is known")
	}
	out := Synced{Sources: []Source{}}
	var first *pack.Result
	var firstErr error
	for _, a := range addresses {
		c := node.NewHTTPClient(a)
		if first == nil {
			first, err = h.fetch(ctx, c)
		} else {
			err = h.crossCheck(ctx, c)
			out.Crossed = out.Crossed || err == nil
		}
		c.Close()
		if explain.CodeOf(err) == "pack_conflict" || errors.Is(err, context.Canceled) {
			return Synced{}, err
		}
		s := Source{Address: a}
		if err != nil {
			s.Code = explain.CodeOf(err)
			if firstErr == nil {
				firstErr = err
			}
		}
		out.Sources = append(out.Sources, s)
	}
	if first == nil {
		return Synced{}, firstErr
	}
	d := first.Data
	out.Network, out.Height, out.AsOf, out.Validators = d.ChainID, d.Height, d.AsOf, d.Validators
	out.Delta, out.Changes = first.Delta, len(first.Changes)
	return out, nil
}

// sources are where packs come from: those configured, else the node asked.
func (h *Home) sources() ([]string, error) {
	list, err := h.Sources()
	if err != nil || len(list) > 0 {
		return list, err
	}
	n, err := h.Node()
	if err != nil || n == "" {
		return nil, err
	}
	return []string{n}, nil
}

// fetch brings in a delta where it fits, else a whole pack.
func (h *Home) fetch(ctx context.Context, c node.Client) (*pack.Result, error) {
	var from uint64
	if d, err := h.Data(); err == nil {
		from = d.Height
	}
	for {
		var buf bytes.Buffer
		err := c.Pack(ctx, from, &limited{&buf, maxPack})
		if err == nil {
			res, err := h.Import(ctx, &buf)
			if err == nil || from == 0 || explain.CodeOf(err) != "pack_gap" {
				return res, err
			}
		} else if from == 0 || explain.CodeOf(err) != "pack_gap" {
			return nil, err
		}
		from = 0
	}
}

// crossCheck compares what another source believes with what was imported.
func (h *Home) crossCheck(ctx context.Context, c node.Client) error {
	raw, err := c.Network(ctx)
	if err != nil {
		return err
	}
	n, err := pack.ParseNetwork(raw)
	if err != nil {
		return err
	}
	t, err := h.Trust()
	if err != nil {
		return err
	}
	same, err := t.Compare(n)
	if err != nil {
		return err
	}
	if same {
		return nil
	}
	var buf bytes.Buffer
	if err := c.Pack(ctx, 0, &limited{&buf, maxPack}); err != nil {
		return err
	}
	_, err = h.Import(ctx, &buf)
	return err
}

// limited fails once more than left bytes were written.
type limited struct {
	w    io.Writer
	left int64
}

func (l *limited) Write(b []byte) (int, error) {
	if l.left -= int64(len(b)); l.left < 0 {
		return 0, explain.Errorf("pack_too_large", "more than %d bytes", int64(maxPack))
	}
	return l.w.Write(b)
}

// ExportPack writes the home's own data as a whole pack, to carry elsewhere.
func (h *Home) ExportPack(w io.Writer) error {
	if _, err := h.Data(); err != nil {
		return err
	}
	_, stored, err := h.Network().Load()
	if err != nil {
		return err
	}
	_, err = w.Write(stored)
	return err
}

// Resolver resolves did:bonafide from the home's data and did:key.
func (h *Home) Resolver() did.Resolver {
	return did.NewMux(map[string]did.Resolver{"key": key.Resolver, "bonafide": lazyResolver{h}})
}

type lazyResolver struct{ h *Home }

func (l lazyResolver) Resolve(ctx context.Context, id did.DID, o did.ResolveOptions) (*did.Resolution, error) {
	d, err := l.h.Data()
	if err != nil {
		return nil, err
	}
	return bonafide.NewResolver(d.View).Resolve(ctx, id, o)
}

// Client reaches the node that the home asks. Code no_node.
func (h *Home) Client() (node.Client, error) {
	h.mu.Lock()
	running := h.running
	h.mu.Unlock()
	if running != nil {
		return running.Client(), nil
	}
	a, err := h.Node()
	if err != nil {
		return nil, err
	}
	if a == "" {
		list, err := h.Sources()
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, explain.Errorf("no_node", "no node is known")
		}
		a = list[0]
	}
	return node.NewHTTPClient(a), nil
}

// NodeOptions say how the home's node runs.
type NodeOptions struct {
	API   string // listen address, loopback; "": any free port
	P2P   string
	Peers []string
	Log   *slog.Logger
}

const genesisFile = "genesis.json"

// StartNode runs the home's node until it is stopped, and notes its address so
// that other commands of this home find it.
func (h *Home) StartNode(ctx context.Context, o NodeOptions) (*node.Node, error) {
	genesis, err := h.readNodeFile(genesisFile)
	if err != nil {
		return nil, explain.Errorf("no_network", "this home has no node: %w", err)
	}
	seed, err := h.NodeSeed()
	if err != nil {
		return nil, err
	}
	consensus, err := h.consensusKey()
	if err != nil {
		return nil, err
	}
	n, err := node.Start(ctx, node.Config{
		Dir: h.nodeDir(), Genesis: genesis, Consensus: consensus, NodeKey: [32]byte(seed),
		API: o.API, P2P: o.P2P, Peers: o.Peers, Log: o.Log, Now: h.o.Now,
	})
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

// consensusKey signs the node's votes with a key of the home's store.
func (h *Home) consensusKey() (node.ConsensusKey, error) {
	ks, err := h.Keys(keysConsensus)
	if err != nil {
		return nil, err
	}
	list, err := ks.List()
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, explain.Errorf("key_missing", "this home has no consensus key")
	}
	s, err := ks.Signer(list[len(list)-1].ID)
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

// AwaitData syncs until the home's data shows the state after height.
func (h *Home) AwaitData(ctx context.Context, height uint64) (*pack.Data, error) {
	c, err := h.Client()
	if err != nil {
		return nil, err
	}
	if _, err := c.Wait(ctx, height); err != nil {
		return nil, err
	}
	res, err := h.fetch(ctx, c)
	if err != nil {
		return nil, err
	}
	return res.Data, nil
}

// Proposals are the ledger's proposals, checked against the home's verified
// data.
func (h *Home) Proposals(ctx context.Context) ([]ledger.Proposal, error) {
	d, err := h.withSubject(ctx, "proposals")
	if err != nil {
		return nil, err
	}
	return d.View.Proposals()
}

// subjectTries bounds how often a subject is asked for that changes while it
// is on its way.
const subjectTries = 5

// withSubject is the home's newest data with a subject attached that packs do
// not carry. The node's entries count only if they fit the verified index.
func (h *Home) withSubject(ctx context.Context, name string) (*pack.Data, error) {
	c, err := h.Client()
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		res, err := h.fetch(ctx, c)
		if err != nil {
			return nil, err
		}
		entries, err := c.Subject(ctx, name)
		if err != nil {
			return nil, err
		}
		err = res.Data.View.Attach(name, entries.Entries)
		if err == nil {
			return res.Data, nil
		}
		if try == subjectTries || explain.CodeOf(err) != "subject_mismatch" {
			return nil, fmt.Errorf("checking the node's word: %w", err)
		}
	}
}
