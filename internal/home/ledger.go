package home

// The home and its network: which one it believes, bringing its data up to
// date, and the node that it asks or runs.

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/did/jwk"
	"bonafide/did/key"
	"bonafide/did/web"
	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/ledger/node"
	"bonafide/ledger/pack"
	"bonafide/verifier"
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
	now, err := h.clock.Floor() // a device clock set back must not make a header young
	if err != nil {
		return err
	}
	if device := h.Now(); device.After(now) {
		now = device
	}
	t, err := pack.Pin(n, now)
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
		case replace || now.After(old.Expires()):
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
		return h.keepConflict(err)
	}
	h.forgetData()
	if len(sources) > 0 {
		return h.SetSources(ctx, sources)
	}
	return nil
}

// Data is the home's verified ledger data, read once and kept until an import,
// by this process or another, replaces it. Codes no_trust, no_data,
// data_rolled_back.
func (h *Home) Data() (*pack.Data, error) {
	h.dataMu.Lock()
	defer h.dataMu.Unlock()
	path := h.Network().path(currentFile)
	at, err := os.Stat(path)
	if err == nil && h.data != nil && unchanged(h.dataAt, at) {
		return h.data, nil
	}
	raw, stored, err := h.Network().Load()
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, explain.Errorf("no_trust", "nothing pinned")
	}
	t, err := pack.ParseTrust(raw)
	if err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return nil, explain.Errorf("no_data", "no pack was imported yet")
	}
	d := h.data
	if d == nil || !proves(t, d) {
		if d, err = pack.Load(t, stored); err != nil {
			return nil, err
		}
	}
	if err := h.clock.Seen(d.ChainID, d.Height); err != nil {
		return nil, err
	}
	if h.data != nil && h.data.ChainID == d.ChainID && d.Height < h.data.Height {
		return nil, explain.Errorf("data_rolled_back", "data of height %d where %d was in use", d.Height, h.data.Height)
	}
	// The file may have been replaced since it was looked at; then it is read
	// again the next time.
	h.data, h.dataAt = d, at
	return d, nil
}

// unchanged reports whether a file is still the one that was looked at before.
// It is only ever replaced as a whole.
func unchanged(before, now os.FileInfo) bool {
	return before != nil && os.SameFile(before, now) && before.ModTime().Equal(now.ModTime()) && before.Size() == now.Size()
}

// proves reports whether d is the data that the trusted header proves.
func proves(t pack.Trust, d *pack.Data) bool {
	n, err := t.Network()
	return err == nil && n.ChainID == d.ChainID && n.Hash == d.HeaderHash
}

// keepData is the data of an import; what the file says is looked at when it
// is next asked for.
func (h *Home) keepData(d *pack.Data) {
	h.dataMu.Lock()
	h.data, h.dataAt = d, nil
	h.dataMu.Unlock()
}

func (h *Home) forgetData() { h.keepData(nil) }

// keepConflict keeps the evidence of an error that says that two validly
// signed headers contradict each other, and gives the error back.
func (h *Home) keepConflict(err error) error {
	c, ok := errors.AsType[*pack.Conflict](err)
	if !ok {
		return err
	}
	evidence, merr := json.Marshal(c)
	if merr != nil {
		return errors.Join(err, merr)
	}
	if _, kerr := h.Network().KeepEvidence(evidence); kerr != nil {
		return errors.Join(err, kerr)
	}
	return err
}

// Import takes in a pack: verified against what the home believes, stored in
// one step, and only then used. Whatever fails leaves the home as it was; two
// headers that contradict each other are kept as evidence.
func (h *Home) Import(ctx context.Context, r io.Reader) (*pack.Result, error) {
	past, err := h.pastStore(true)
	if err != nil {
		return nil, err
	}
	var res *pack.Result
	err = h.Network().Update(ctx, func(rawTrust, stored []byte) ([]byte, []byte, error) {
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
		if past != nil {
			// First: data never counts whose past was not kept.
			if err := past.Learn(ctx, res.Data.ChainID, verifier.Learn(cur, res)); err != nil {
				return nil, nil, err
			}
		}
		rawTrust, err = res.Trust.Marshal()
		return rawTrust, res.Stored, err
	})
	if err != nil {
		return nil, h.keepConflict(err)
	}
	h.keepData(res.Data)
	if err := h.clock.Imported(res.Data.ChainID, res.Data.Height, res.Data.AsOf); err != nil {
		return nil, err
	}
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
	if have != nil && proves(t, have) {
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
	AsOf       time.Time `json:"as_of,omitzero"`
	Validators int       `json:"validators"`
	Delta      bool      `json:"delta"`
	Changes    int       `json:"status_changes"`
	Crossed    bool      `json:"cross_checked"` // two sources agreed
	Sources    []Source  `json:"sources"`
	// What came for issuers outside the network.
	Issuers     []Fetched `json:"issuers"`
	StatusLists []Fetched `json:"status_lists"`
}

// syncLedger fetches what is new from the home's sources and imports it by the
// same path as a file. The source that is least far goes first: what the next one
// adds to it fits only if both agree on the state there, which is the newest
// that they have in common. A source that fails is named with its code and
// does not keep the others out; two signed headers of one height stop the sync.
func (h *Home) syncLedger(ctx context.Context) (Synced, error) {
	addresses, err := h.sources()
	if err != nil {
		return Synced{}, err
	}
	addresses = distinct(addresses)
	if len(addresses) == 0 {
		return Synced{Sources: []Source{}}, explain.Errorf("no_sources", "no source is known")
	}
	places := make([]*place, len(addresses))
	for i, a := range addresses {
		places[i] = &place{Source: Source{Address: a}, c: node.NewSource(a)}
		defer places[i].c.Close()
	}
	step(ctx, SyncStep{Of: len(places)})
	askAll(ctx, places)
	order := slices.Clone(places)
	slices.SortStableFunc(order, func(a, b *place) int { return cmp.Compare(a.height(), b.height()) })
	out := Synced{Sources: []Source{}, Delta: true}
	agreed := 0
	for i, p := range order {
		if p.err == nil {
			step(ctx, SyncStep{Place: p.Address, Number: i + 1, Of: len(order)})
			err := h.take(ctx, p, agreed > 0, &out)
			if isConflict(err) {
				return Synced{}, err
			}
			if p.err = err; err == nil {
				agreed++
			}
		}
		if err := ctx.Err(); err != nil {
			return Synced{}, fmt.Errorf("syncing: %w", err)
		}
	}
	var firstErr error
	for _, p := range places {
		if p.err != nil {
			p.Code = explain.CodeOf(p.err)
			if firstErr == nil {
				firstErr = p.err
			}
		}
		out.Sources = append(out.Sources, p.Source)
	}
	if agreed == 0 {
		return Synced{}, firstErr
	}
	d, err := h.Data()
	if err != nil {
		return Synced{}, err
	}
	out.Network, out.Height, out.AsOf, out.Validators = d.ChainID, d.Height, d.AsOf, d.Validators
	out.Crossed = agreed > 1
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

// Resolver resolves did:bonafide from the home's data, did:web from what sync
// fetched of listed issuers, and did:key and did:jwk, which need no source.
func (h *Home) Resolver() did.Resolver {
	return did.NewMux(map[string]did.Resolver{
		"key": key.Resolver, "jwk": jwk.Resolver, "web": web.NewResolver(outside{h}), "bonafide": lazyResolver{h},
	})
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
