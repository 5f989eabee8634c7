package home

// How a board becomes a member of a network that is there already, and what
// the home keeps for its node.
//
//	invitation   a member writes it: the genesis, a young header, who to connect with
//	application  the new board writes it: its DID, its validator's key, its node
//
// Both are JCS, and both have a fingerprint over their very bytes that people
// compare by another channel: whoever swaps the one makes the new board follow
// another chain, whoever swaps the other gives away a vote.
//
//	node/genesis.json   first state of the network
//	node/joined.json    where this home's node has to come by, and its key; only if it joined
//	node/peers.json     where the node listens and whom it connects with

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/ledger"
	"bonafide/ledger/node"
	"bonafide/ledger/pack"
	"bonafide/storage"
)

const (
	joinedFile = "joined.json"
	peersFile  = "peers.json"

	// MaxInvitation bounds the file of an invitation or application, in bytes: a
	// hundred founders with documents of 16 KiB, in base64.
	MaxInvitation = 8 << 20
	maxPeers      = 256
)

var invitationLimits = strictjson.Limits{Bytes: MaxInvitation, Depth: 4, Nodes: 1000}

// fingerprint of a file that people compare: SHA-256(LP(what) ‖ LP(bytes)), hex.
func fingerprint(what string, b []byte) string {
	var in []byte
	for _, p := range [][]byte{[]byte(what), b} {
		in = binary.BigEndian.AppendUint32(in, uint32(len(p)))
		in = append(in, p...)
	}
	d := sha256.Sum256(in)
	return hex.EncodeToString(d[:])
}

// canonicalFile writes a file of strings, lists of strings and its format.
func canonicalFile(m map[string]any) ([]byte, error) {
	m["format"] = json.Number("1")
	b, err := strictjson.Canonical(m)
	if err != nil {
		return nil, fmt.Errorf("writing: %w", err)
	}
	return b, nil
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// Invitation is what a board needs to follow a network from its first block.
type Invitation struct {
	Network string
	Genesis []byte        // genesis file
	Pin     *pack.Network // a young header: the chain must come by it
	Peers   []string      // id@host:port

	raw []byte
}

type invitationFile struct {
	Format      int      `json:"format"`
	Network     string   `json:"network"`
	Genesis     string   `json:"genesis"`      // base64
	GenesisHash string   `json:"genesis_hash"` // SHA-256 of it, hex
	Pin         string   `json:"pin"`          // network.json, base64
	Peers       []string `json:"peers"`
}

// ParseInvitation reads what Marshal wrote, and nothing else. Code
// invitation_malformed.
func ParseInvitation(b []byte) (*Invitation, error) {
	i, err := parseInvitation(b)
	if err != nil {
		return nil, explain.Errorf("invitation_malformed", "reading an invitation: %w", err)
	}
	return i, nil
}

func parseInvitation(b []byte) (*Invitation, error) {
	var f invitationFile
	if err := strictjson.Decode(b, invitationLimits, &f); err != nil {
		return nil, err
	}
	if f.Format != 1 {
		return nil, fmt.Errorf("format %d", f.Format)
	}
	i := &Invitation{Network: f.Network, Peers: f.Peers}
	var err error
	if i.Genesis, err = base64.StdEncoding.Strict().DecodeString(f.Genesis); err != nil {
		return nil, errors.New("the genesis is no base64")
	}
	if sum := sha256.Sum256(i.Genesis); hex.EncodeToString(sum[:]) != f.GenesisHash {
		return nil, errors.New("the genesis has another hash")
	}
	g, err := node.Genesis(i.Genesis)
	if err != nil {
		return nil, err
	}
	pin, err := base64.StdEncoding.Strict().DecodeString(f.Pin)
	if err != nil {
		return nil, errors.New("the pin is no base64")
	}
	if i.Pin, err = pack.ParseNetwork(pin); err != nil {
		return nil, err
	}
	if g.ChainID != f.Network || i.Pin.ChainID != f.Network {
		return nil, errors.New("its parts belong to several networks")
	}
	if len(i.Peers) == 0 || len(i.Peers) > maxPeers {
		return nil, errors.New("no peers, or too many")
	}
	for n, p := range i.Peers {
		if _, _, err := node.ParsePeer(p); err != nil {
			return nil, err
		}
		if slices.Contains(i.Peers[:n], p) {
			return nil, errors.New("a peer stands there twice")
		}
	}
	if i.raw, err = i.marshal(); err != nil {
		return nil, err
	}
	if string(i.raw) != string(b) {
		return nil, errors.New("not in canonical form")
	}
	return i, nil
}

func (i *Invitation) marshal() ([]byte, error) {
	sum := sha256.Sum256(i.Genesis)
	return canonicalFile(map[string]any{
		"network": i.Network, "genesis": base64.StdEncoding.EncodeToString(i.Genesis), "genesis_hash": hex.EncodeToString(sum[:]),
		"pin": base64.StdEncoding.EncodeToString(i.Pin.Marshal()), "peers": texts(i.Peers),
	})
}

// Marshal writes the invitation as the file that is handed over.
func (i *Invitation) Marshal() []byte { return i.raw }

// Fingerprint is what the two boards compare, 64 hex digits.
func (i *Invitation) Fingerprint() string { return fingerprint("bonafide-invitation-1", i.raw) }

// Invite makes an invitation to the network of this home's node, which has to
// run. peers are nodes to connect with (id@host:port); none means this one and
// those it is connected with itself. Codes no_network, no_peers.
func (h *Home) Invite(ctx context.Context, peers []string) (*Invitation, error) {
	genesis, err := h.readGenesis()
	if err != nil {
		return nil, err
	}
	if len(peers) == 0 {
		if peers, err = h.reachable(); err != nil {
			return nil, err
		}
	}
	c, err := h.Client()
	if err != nil {
		return nil, err
	}
	raw, err := c.Network(ctx)
	if err != nil {
		return nil, err
	}
	pin, err := pack.ParseNetwork(raw)
	if err != nil {
		return nil, err
	}
	i := &Invitation{Network: pin.ChainID, Genesis: genesis, Pin: pin, Peers: peers}
	if i.raw, err = i.marshal(); err != nil {
		return nil, err
	}
	return ParseInvitation(i.raw)
}

// reachable are the nodes that this home can name to another board.
func (h *Home) reachable() ([]string, error) {
	p, err := h.Peers()
	if err != nil {
		return nil, err
	}
	var out []string
	own, err := h.ownPeer(p)
	if err != nil {
		return nil, err
	}
	for _, s := range append([]string{own}, p.Peers...) {
		if strings.Contains(s, "@") && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, explain.Errorf("no_peers", "no node with an address is known")
	}
	return out, nil
}

// Application is what the members vote on when they admit a board.
type Application struct {
	Network   string
	DID       did.DID
	Name      string   // as people will read it
	Consensus [32]byte // of its validator
	Peer      string   // its node: an id, or id@host:port where it can be reached
	Creation  []byte   // transaction to countersign; nil for a board that is on the ledger

	raw []byte
}

type applicationFile struct {
	Format    int    `json:"format"`
	Network   string `json:"network"`
	DID       string `json:"did"`
	Name      string `json:"name"`
	Consensus string `json:"consensus"` // Multikey
	Peer      string `json:"peer"`
	Creation  string `json:"creation"` // base64, "" for none
}

// ParseApplication reads what Marshal wrote, and nothing else. Code
// application_malformed.
func ParseApplication(b []byte) (*Application, error) {
	a, err := parseApplication(b)
	if err != nil {
		return nil, explain.Errorf("application_malformed", "reading an application: %w", err)
	}
	return a, nil
}

func parseApplication(b []byte) (*Application, error) {
	var f applicationFile
	if err := strictjson.Decode(b, invitationLimits, &f); err != nil {
		return nil, err
	}
	if f.Format != 1 {
		return nil, fmt.Errorf("format %d", f.Format)
	}
	a := &Application{Network: f.Network, Name: f.Name, Peer: f.Peer}
	var err error
	if a.DID, err = did.Parse(f.DID); err != nil {
		return nil, err
	}
	if network, _, err := bonafide.Split(a.DID); err != nil || network != f.Network {
		return nil, errors.New("the DID is not of this network")
	}
	if err := ledger.CheckName(a.Name); err != nil {
		return nil, err
	}
	key, err := did.ParseMultikey(f.Consensus)
	if err != nil || key.Kind() != did.Ed25519 {
		return nil, errors.New("the consensus key is no Ed25519 key")
	}
	a.Consensus = [32]byte(key.Bytes())
	if err := checkPeer(a.Peer); err != nil {
		return nil, err
	}
	if f.Creation != "" {
		if a.Creation, err = base64.StdEncoding.Strict().DecodeString(f.Creation); err != nil {
			return nil, errors.New("the creation is no base64")
		}
		tx, err := ledger.ParseTx(a.Creation)
		if err != nil {
			return nil, err
		}
		if _, ok := tx.Body.(ledger.CreateDID); !ok || tx.DID != a.DID || tx.ChainID != a.Network {
			return nil, errors.New("the transaction does not create the DID")
		}
	}
	if a.raw, err = a.marshal(); err != nil {
		return nil, err
	}
	if string(a.raw) != string(b) {
		return nil, errors.New("not in canonical form")
	}
	return a, nil
}

func (a *Application) marshal() ([]byte, error) {
	key, err := did.NewPublicKey(did.Ed25519, a.Consensus[:])
	if err != nil {
		return nil, err
	}
	return canonicalFile(map[string]any{
		"network": a.Network, "did": a.DID.String(), "name": a.Name, "consensus": key.Multikey(), "peer": a.Peer,
		"creation": base64.StdEncoding.EncodeToString(a.Creation),
	})
}

// Marshal writes the application as the file that is handed over.
func (a *Application) Marshal() []byte { return a.raw }

// Fingerprint is what the two boards compare, 64 hex digits.
func (a *Application) Fingerprint() string { return fingerprint("bonafide-application-1", a.raw) }

// Admission is the action that members vote on.
func (a *Application) Admission() ledger.AdmitMember {
	return ledger.AdmitMember{DID: a.DID, Name: a.Name, Consensus: a.Consensus}
}

// joined is node/joined.json.
type joined struct {
	Format    int    `json:"format"` // 1
	Network   string `json:"network"`
	Height    uint64 `json:"height"` // of a block that the chain must have
	Hash      string `json:"hash"`
	Consensus string `json:"consensus"` // Multikey of the key that stands in the application
}

func (h *Home) nodePath(name string) string { return filepath.Join(h.nodeDir(), name) }

// readJoined returns nil for a home that did not join.
func (h *Home) readJoined() (*joined, error) {
	b, err := h.readNodeFile(joinedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseJoined(b)
}

func parseJoined(b []byte) (*joined, error) {
	if err := checkFormat(b, joinedFile); err != nil {
		return nil, err
	}
	var j joined
	if err := strictjson.Decode(b, jsonLimits, &j); err != nil {
		return nil, malformed(joinedFile, err)
	}
	if hash, err := hex.DecodeString(j.Hash); err != nil || len(hash) != 32 || hex.EncodeToString(hash) != j.Hash || j.Height == 0 {
		return nil, explain.Errorf("data_damaged", "%s: the block is malformed", joinedFile)
	}
	if key, err := did.ParseMultikey(j.Consensus); err != nil || key.Kind() != did.Ed25519 {
		return nil, explain.Errorf("data_damaged", "%s: the key is malformed", joinedFile)
	}
	return &j, nil
}

func (j *joined) checkpoint() node.Checkpoint {
	hash, err := hex.DecodeString(j.Hash)
	if err != nil {
		return node.Checkpoint{}
	}
	return node.Checkpoint{Height: j.Height, Hash: [32]byte(hash)}
}

// Join takes in an invitation whose fingerprint was compared: from here on the
// home believes the network, its node can follow it, and its board, made here
// if there is none, can be voted on. Asking again gives the same application,
// without the creation once the home's data shows the board. name and contact
// are those of the board. Codes network_exists, member_name, trust_expired and
// those of FoundBoard.
func (h *Home) Join(ctx context.Context, i *Invitation, name, contact string) (*Application, error) {
	if err := ledger.CheckName(name); err != nil {
		return nil, explain.Errorf("member_name", "%w", err)
	}
	before, err := h.readJoined()
	if err != nil {
		return nil, err
	}
	have, err := h.readNodeFile(genesisFile)
	switch {
	case err == nil && (before == nil || string(have) != string(i.Genesis)):
		return nil, explain.Errorf("network_exists", "this home has a node of a network already")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := h.Pin(ctx, i.Pin, false, nil); err != nil {
		return nil, err
	}
	a := &Application{Network: i.Network, Name: name}
	if a.DID, a.Creation, err = h.applicant(ctx, name, contact); err != nil {
		return nil, err
	}
	key, err := h.applicantKey(before)
	if err != nil {
		return nil, err
	}
	a.Consensus = [32]byte(key.Bytes())
	if before == nil {
		// The record comes before the genesis: without the one the other does not
		// make a node.
		j := joined{Format: 1, Network: i.Network, Height: i.Pin.Height, Hash: hex.EncodeToString(i.Pin.Hash[:]), Consensus: key.Multikey()}
		if err := os.MkdirAll(h.nodeDir(), 0o700); err != nil {
			return nil, fmt.Errorf("making the node's folder: %w", err)
		}
		if err := writeJSON(h.nodePath(joinedFile), j); err != nil {
			return nil, err
		}
	}
	if have == nil {
		if err := h.writeNodeFile(genesisFile, i.Genesis); err != nil {
			return nil, err
		}
	}
	if err := h.AddPeers(ctx, i.Peers...); err != nil {
		return nil, err
	}
	p, err := h.Peers()
	if err != nil {
		return nil, err
	}
	if a.Peer, err = h.ownPeer(p); err != nil {
		return nil, err
	}
	if a.raw, err = a.marshal(); err != nil {
		return nil, err
	}
	return ParseApplication(a.raw)
}

// applicant is the board that wants to be a member: this home's, with the
// transaction that creates it as long as the home's data does not show it.
func (h *Home) applicant(ctx context.Context, name, contact string) (did.DID, []byte, error) {
	if id, err := h.BoardDID(); err == nil {
		if d, err := h.Data(); err == nil {
			if versions, err := d.View.Versions(id); err == nil && len(versions) > 0 {
				return id, nil, nil
			}
		}
	}
	tx, id, err := h.FoundBoard(ctx, name, contact)
	return id, tx, err
}

func (h *Home) applicantKey(before *joined) (did.PublicKey, error) {
	if before != nil {
		return did.ParseMultikey(before.Consensus)
	}
	ks, err := h.Keys(keysConsensus)
	if err != nil {
		return did.PublicKey{}, err
	}
	_, pub, err := ks.Create(did.Ed25519)
	return pub, err
}

// Peers is node/peers.json: where the node listens for others, and whom it
// connects with.
type Peers struct {
	Format  int      `json:"format"`  // 1
	Listen  string   `json:"listen"`  // host:port; "": a free port of this machine, for nobody
	Address string   `json:"address"` // host:port under which others reach it; "": Listen
	Peers   []string `json:"peers"`   // id@host:port, or an id that may connect and is not dialled
}

func checkPeer(s string) error {
	if !strings.Contains(s, "@") {
		s += "@localhost:1" // an id alone
	}
	_, _, err := node.ParsePeer(s)
	return err
}

func parsePeers(b []byte) (Peers, error) {
	if err := checkFormat(b, peersFile); err != nil {
		return Peers{}, err
	}
	var p Peers
	if err := strictjson.Decode(b, jsonLimits, &p); err != nil {
		return Peers{}, malformed(peersFile, err)
	}
	if len(p.Peers) > maxPeers {
		return Peers{}, explain.Errorf("data_damaged", "%s: too many peers", peersFile)
	}
	for _, a := range []string{p.Listen, p.Address} {
		if a == "" {
			continue
		}
		if err := node.ParseAddress(a); err != nil {
			return Peers{}, explain.Errorf("data_damaged", "%s: an address is malformed", peersFile)
		}
	}
	for _, s := range p.Peers {
		if checkPeer(s) != nil {
			return Peers{}, explain.Errorf("data_damaged", "%s: a peer is malformed", peersFile)
		}
	}
	return p, nil
}

// Peers reads with whom the home's node connects.
func (h *Home) Peers() (Peers, error) {
	b, err := readBounded(h.nodePath(peersFile), int64(jsonLimits.Bytes))
	if errors.Is(err, fs.ErrNotExist) {
		return Peers{Format: 1, Peers: []string{}}, nil
	}
	if err != nil {
		return Peers{}, fmt.Errorf("reading %s: %w", peersFile, err)
	}
	return parsePeers(b)
}

// ChangePeers changes with whom the home's node connects, as one step. A
// running node lets in who was added; it dials them, and leaves who was
// removed, when it is started again.
func (h *Home) ChangePeers(ctx context.Context, f func(*Peers)) error {
	return h.locked(ctx, lockFile, func() error {
		p, err := h.Peers()
		if err != nil {
			return err
		}
		f(&p)
		p.Peers = append([]string{}, p.Peers...)
		b, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("writing %s: %w", peersFile, err)
		}
		if _, err := parsePeers(b); err != nil {
			return explain.Errorf("peer_malformed", "%w", err)
		}
		if err := os.MkdirAll(h.nodeDir(), 0o700); err != nil {
			return fmt.Errorf("making the node's folder: %w", err)
		}
		return storage.WriteFile(h.nodePath(peersFile), append(b, '\n'))
	})
}

// AddPeers adds nodes, each id@host:port or an id; who is there with another
// address gets the new one. Code peer_malformed.
func (h *Home) AddPeers(ctx context.Context, peers ...string) error {
	for _, s := range peers {
		if err := checkPeer(s); err != nil {
			return err
		}
	}
	return h.ChangePeers(ctx, func(p *Peers) {
		for _, s := range peers {
			p.Peers = append(without(p.Peers, s), s)
		}
	})
}

// RemovePeer takes a node out by its id or address. Code peer_unknown.
func (h *Home) RemovePeer(ctx context.Context, peer string) error {
	if err := checkPeer(peer); err != nil {
		return err
	}
	there := false
	err := h.ChangePeers(ctx, func(p *Peers) {
		rest := without(p.Peers, peer)
		there = len(rest) < len(p.Peers)
		p.Peers = rest
	})
	if err == nil && !there {
		return explain.Errorf("peer_unknown", "not among the peers")
	}
	return err
}

func peerID(s string) string {
	id, _, _ := strings.Cut(s, "@")
	return id
}

func without(list []string, peer string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return peerID(s) == peerID(peer) })
}

// OwnPeer is this home's node as others name it: an id, with the address where
// it can be reached if there is one.
func (h *Home) OwnPeer() (string, error) {
	p, err := h.Peers()
	if err != nil {
		return "", err
	}
	return h.ownPeer(p)
}

func (h *Home) ownPeer(p Peers) (string, error) {
	seed, err := h.NodeSeed()
	if err != nil {
		return "", err
	}
	id := node.PeerID([32]byte(seed))
	for _, a := range []string{p.Address, p.Listen} {
		if a != "" {
			return id + "@" + a, nil
		}
	}
	return id, nil
}

func (h *Home) readGenesis() ([]byte, error) {
	genesis, err := h.readNodeFile(genesisFile)
	if err != nil {
		return nil, explain.Errorf("no_network", "this home has no node: %w", err)
	}
	return genesis, nil
}

// ReplacedKey says how far the replacement of a consensus key has come.
type ReplacedKey struct {
	Key    did.PublicKey
	Height uint64 // block that took the transaction
	Waits  bool   // another member change comes first; it is carried out by itself
}

// ReplaceConsensusKey gives this member's validator a new key. The node, which
// need not be restarted, signs with it from the height on at which it counts;
// the old one is kept, for it signs until then. Codes not_member and those of
// Send.
func (h *Home) ReplaceConsensusKey(ctx context.Context) (ReplacedKey, error) {
	ks, err := h.Keys(keysConsensus)
	if err != nil {
		return ReplacedKey{}, err
	}
	id, d, _, err := h.acting(ctx)
	if err != nil {
		return ReplacedKey{}, err
	}
	if !isMember(d, id) {
		return ReplacedKey{}, explain.Errorf("not_member", "%s is not a member", id)
	}
	// The key is stored before the ledger hears of it.
	_, pub, err := ks.Create(did.Ed25519)
	if err != nil {
		return ReplacedKey{}, err
	}
	r, err := h.Send(ctx, ledger.ReplaceConsensus{Key: [32]byte(pub.Bytes())})
	if err != nil {
		return ReplacedKey{}, err
	}
	if d, err = h.Data(); err != nil {
		return ReplacedKey{}, err
	}
	out := ReplacedKey{Key: pub, Height: r.Height, Waits: true}
	for _, m := range d.View.Members(d.View.Height()) {
		out.Waits = out.Waits && m.Consensus != [32]byte(pub.Bytes())
	}
	return out, nil
}

func isMember(d *pack.Data, id did.DID) bool {
	return slices.ContainsFunc(d.View.Members(d.View.Height()), func(m ledger.Member) bool { return m.DID == id })
}
