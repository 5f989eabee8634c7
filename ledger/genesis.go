package ledger

// The first state of a network: who its founders are and the parameters that
// the rules leave open.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// Params are the parameters of a network; whole seconds, each at least one.
type Params struct {
	Interval     time.Duration // least time between two closings of an epoch
	IssuerDelay  time.Duration // before a second issuer for a held type and jurisdiction begins
	RecoverDelay time.Duration // before a recovered DID's document is in force
	ProposalLife time.Duration // how long a proposal can be voted on
}

// DefaultParams are those of a real network.
var DefaultParams = Params{
	Interval:     10 * time.Minute,
	IssuerDelay:  14 * 24 * time.Hour,
	RecoverDelay: 14 * 24 * time.Hour,
	ProposalLife: 30 * 24 * time.Hour,
}

// Founder is a member from the first block on.
type Founder struct {
	Document  []byte // DID document, JCS
	Name      string
	Consensus [32]byte // Ed25519
}

// Genesis is the first state of a network.
type Genesis struct {
	ChainID string
	Time    time.Time // whole seconds
	Params  Params
	Members []Founder // 1 to MaxFounders
}

// MaxFounders bounds the members of a genesis.
const MaxFounders = 100

var genesisLimits = strictjson.Limits{Bytes: 4 << 20, Depth: 32, Nodes: 200_000}

// Marshal returns the genesis as one JSON object: JCS, with the five
// characters that encoding/json escapes inside a raw message escaped likewise,
// so that it survives as CometBFT's app_state byte for byte. A founder's
// document that is no JSON object stands as null.
func (g Genesis) Marshal() []byte {
	members := make([]any, 0, len(g.Members))
	for _, m := range g.Members {
		var doc any
		if o, err := strictjson.Object(m.Document, strictjson.Default); err == nil {
			doc = o
		}
		key := ""
		if k, err := did.NewPublicKey(did.Ed25519, m.Consensus[:]); err == nil {
			key = k.Multikey()
		}
		members = append(members, map[string]any{"consensus": key, "document": doc, "name": m.Name})
	}
	b, err := strictjson.Canonical(map[string]any{
		"chain_id": g.ChainID,
		"format":   number(1),
		"members":  members,
		"params": map[string]any{
			"interval":      number(int64(g.Params.Interval / time.Second)),
			"issuer_delay":  number(int64(g.Params.IssuerDelay / time.Second)),
			"proposal_life": number(int64(g.Params.ProposalLife / time.Second)),
			"recover_delay": number(int64(g.Params.RecoverDelay / time.Second)),
		},
		"time": g.Time.UTC().Format(time.RFC3339),
	})
	if err != nil {
		return nil // a name that is not UTF-8; ParseGenesis refuses nothing at all
	}
	return escapeHTML(b)
}

// escapeHTML escapes what encoding/json escapes when it compacts a raw message.
func escapeHTML(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("<"), []byte(`\u003c`))
	b = bytes.ReplaceAll(b, []byte(">"), []byte(`\u003e`))
	b = bytes.ReplaceAll(b, []byte("&"), []byte(`\u0026`))
	b = bytes.ReplaceAll(b, []byte("\u2028"), []byte(`\u2028`))
	return bytes.ReplaceAll(b, []byte("\u2029"), []byte(`\u2029`))
}

// ParseGenesis reads what Marshal wrote, and nothing else. It checks every
// founder. Code genesis_malformed.
func ParseGenesis(b []byte) (Genesis, error) {
	g, err := parseGenesis(b)
	if err != nil {
		return Genesis{}, explain.Errorf("genesis_malformed", "reading the genesis: %w", err)
	}
	return g, nil
}

func parseGenesis(b []byte) (Genesis, error) {
	var g Genesis
	m, err := strictjson.Object(b, genesisLimits)
	if err != nil {
		return g, err
	}
	f := fields{m: m}
	if f.integer("format") != 1 {
		return g, errors.New("unknown format")
	}
	g.ChainID = f.text("chain_id")
	when := f.text("time")
	p := fields{m: f.object("params")}
	seconds := func(name string) time.Duration {
		v := p.integer(name)
		if v < 1 || v > maxParam {
			p.bad(name)
			return 0
		}
		return time.Duration(v) * time.Second
	}
	g.Params = Params{seconds("interval"), seconds("issuer_delay"), seconds("recover_delay"), seconds("proposal_life")}
	list, ok := m["members"].([]any)
	if !ok {
		f.bad("members")
	}
	f.only("chain_id", "format", "members", "params", "time")
	p.only("interval", "issuer_delay", "proposal_life", "recover_delay")
	if err := errors.Join(f.err, p.err); err != nil {
		return g, err
	}
	if g.Time, err = time.Parse(time.RFC3339, when); err != nil {
		return g, errors.New("time is not RFC 3339")
	}
	g.Time = g.Time.UTC()
	for _, e := range list {
		o, _ := e.(map[string]any)
		mf := fields{m: o}
		var founder Founder
		founder.Name = mf.text("name")
		key, err := did.ParseMultikey(mf.text("consensus"))
		if err != nil || key.Kind() != did.Ed25519 {
			mf.bad("consensus")
		} else {
			copy(founder.Consensus[:], key.Bytes())
		}
		doc := mf.object("document")
		mf.only("consensus", "document", "name")
		if mf.err != nil {
			return g, mf.err
		}
		if founder.Document, err = strictjson.Canonical(doc); err != nil {
			return g, err
		}
		g.Members = append(g.Members, founder)
	}
	if err := g.check(); err != nil {
		return g, err
	}
	if !bytes.Equal(g.Marshal(), b) {
		return g, errors.New("not in canonical form")
	}
	return g, nil
}

// maxParam bounds a parameter in seconds: it travels as u32.
const maxParam = 1<<32 - 1

func (g Genesis) check() error {
	if err := bonafide.ParseNetwork(g.ChainID); err != nil {
		return err
	}
	if g.Time.Nanosecond() != 0 || g.Time.Unix() < 0 || g.Time.Unix() > maxSeconds {
		return errors.New("time is not in whole seconds")
	}
	for _, d := range []time.Duration{g.Params.Interval, g.Params.IssuerDelay, g.Params.RecoverDelay, g.Params.ProposalLife} {
		if d < time.Second || d%time.Second != 0 || d/time.Second > maxParam {
			return errors.New("parameters are whole seconds, at least one")
		}
	}
	if len(g.Members) < 1 || len(g.Members) > MaxFounders {
		return errors.New("a network begins with 1 to 100 members")
	}
	dids, keys := map[did.DID]bool{}, map[[32]byte]bool{}
	for _, m := range g.Members {
		doc, err := bonafide.CheckDocument(g.ChainID, m.Document, true)
		if err != nil {
			return err
		}
		if err := CheckName(m.Name); err != nil {
			return err
		}
		if _, err := did.NewPublicKey(did.Ed25519, m.Consensus[:]); err != nil {
			return errors.New("a consensus key is no Ed25519 key")
		}
		if dids[doc.ID] || keys[m.Consensus] {
			return errors.New("two members share a DID or a consensus key")
		}
		dids[doc.ID], keys[m.Consensus] = true, true
	}
	return nil
}

// signers returns the keys of a document that may sign transactions. A
// document without any is none of our method (bonafide.CheckDocument).
func signers(doc *did.Document) []did.VerificationMethod {
	var out []did.VerificationMethod
	for _, m := range doc.MethodsFor(did.CapabilityInvocation) {
		if k := m.Key.Kind(); k == did.Ed25519 || k == did.P256 {
			out = append(out, m)
		}
	}
	return out
}

// marshalParams returns the value of the subject `params`: version u16 ‖
// LP(chain id) ‖ genesis time u64 ‖ interval, issuer delay, recover delay,
// proposal life, each u32 seconds.
func marshalParams(chainID string, genesis int64, p Params) []byte {
	b := binary.BigEndian.AppendUint16(nil, Version)
	b = appendLPString(b, chainID)
	b = binary.BigEndian.AppendUint64(b, uint64(genesis))
	for _, d := range []time.Duration{p.Interval, p.IssuerDelay, p.RecoverDelay, p.ProposalLife} {
		b = binary.BigEndian.AppendUint32(b, uint32(d/time.Second))
	}
	return b
}

func parseParams(b []byte) (chainID string, genesis int64, p Params, err error) {
	r := &reader{b: b}
	if r.u16() != Version {
		r.fail("unknown version")
	}
	chainID = r.str(maxChainID)
	genesis = r.seconds()
	for _, d := range []*time.Duration{&p.Interval, &p.IssuerDelay, &p.RecoverDelay, &p.ProposalLife} {
		if *d = time.Duration(r.u32()) * time.Second; *d == 0 {
			r.fail("a parameter is zero")
		}
	}
	return chainID, genesis, p, r.end()
}
