package home

// The licensing board's side of a home.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/internal/keys"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/node"
	"bonafide/ledger/pack"
	"bonafide/storage"
)

const keysConsensus = keys.Consensus

// FoundOptions describe a new network and the board that founds it.
type FoundOptions struct {
	Label   string // of the network: [a-z0-9]{1,16}
	Name    string // of the board, as people read it
	Contact string // where people reach its desk
	Params  ledger.Params
}

// Found makes a network of one member: this home's board. Its DID and its
// validator stand in the genesis. Codes board_exists, network_exists,
// network_name_invalid.
func (h *Home) Found(ctx context.Context, o FoundOptions) (chainID string, id did.DID, err error) {
	if err := h.noBoard(); err != nil {
		return "", "", err
	}
	chainID, err = bonafide.NewNetwork(o.Label, h.o.Rand)
	if err != nil {
		return "", "", err
	}
	who, _, err := h.newIdentity(chainID, o.Name, o.Contact)
	if err != nil {
		return "", "", err
	}
	consensus, err := h.Keys(keys.Consensus)
	if err != nil {
		return "", "", err
	}
	_, pub, err := consensus.Create(did.Ed25519)
	if err != nil {
		return "", "", err
	}
	g := ledger.Genesis{
		ChainID: chainID, Time: h.Now().UTC().Truncate(time.Second), Params: o.Params,
		Members: []ledger.Founder{who.Founder(o.Name, [32]byte(pub.Bytes()))},
	}
	file, err := node.NewGenesis(g)
	if err != nil {
		return "", "", err
	}
	if err := h.writeNodeFile(genesisFile, file); err != nil {
		return "", "", err
	}
	return chainID, who.DID, h.setBoard(ctx, who.DID)
}

// FoundBoard makes the DID of a board that joins a network as an issuer. The
// result is the transaction that a member must countersign. Asking again
// gives the same transaction. Codes board_exists, no_trust.
func (h *Home) FoundBoard(ctx context.Context, name, contact string) (tx []byte, id did.DID, err error) {
	t, err := h.Trust()
	if err != nil {
		return nil, "", err
	}
	if h.noBoard() != nil {
		return h.foundAgain(t.ChainID, name, contact)
	}
	who, key, err := h.newIdentity(t.ChainID, name, contact)
	if err != nil {
		return nil, "", err
	}
	tx, err = who.CreateTx(key)
	if err != nil {
		return nil, "", err
	}
	return tx, who.DID, h.setBoard(ctx, who.DID)
}

// foundAgain makes the same transaction from the keys that are there, for a
// board whose file was lost before a member signed it. Code board_exists where
// name or contact are others than the first time.
func (h *Home) foundAgain(network, name, contact string) ([]byte, did.DID, error) {
	list := func(use string) (*keys.Keys, []keys.Key, error) {
		ks, err := h.Keys(use)
		if err != nil {
			return nil, nil, err
		}
		all, err := ks.List()
		return ks, all, err
	}
	_, issuing, err := list(keys.Issuing)
	if err != nil {
		return nil, "", err
	}
	_, es256, err := list(keys.IssuingES256)
	if err != nil {
		return nil, "", err
	}
	ks, ledgerKeys, err := list(keys.Ledger)
	if err != nil {
		return nil, "", err
	}
	have, err := h.BoardDID()
	if err != nil {
		return nil, "", err
	}
	// A board from before SD-JWT VCs has no P-256 key in its first document.
	var sets [][]did.PublicKey
	for _, i := range issuing {
		sets = append(sets, []did.PublicKey{i.Public})
		for _, e := range es256 {
			sets = append(sets, []did.PublicKey{i.Public, e.Public})
		}
	}
	for _, set := range sets {
		for _, ledgerKey := range ledgerKeys {
			who, err := issuer.NewIdentity(network, set, ledgerKey.Public, documentOptions(name, contact))
			if err != nil || who.DID != have {
				continue
			}
			key, err := ks.Signer(ledgerKey.ID)
			if err != nil {
				return nil, "", err
			}
			tx, err := who.CreateTx(key)
			return tx, have, err
		}
	}
	return nil, "", h.noBoard()
}

func documentOptions(name, contact string) bonafide.DocumentOptions {
	return bonafide.DocumentOptions{Services: []bonafide.Service{bonafide.DeskOf(name, contact)}}
}

func (h *Home) noBoard() error {
	s, err := readSettings(h.dir)
	if err != nil {
		return err
	}
	if s.Board != "" {
		return explain.Errorf("board_exists", "this home is %s already", s.Board)
	}
	return nil
}

// newIdentity makes the three keys of a board, each in its own store, and the
// DID from them.
func (h *Home) newIdentity(network, name, contact string) (issuer.Identity, *keys.Signer, error) {
	var (
		none    issuer.Identity
		issuing []did.PublicKey
	)
	for _, use := range []string{keys.Issuing, keys.IssuingES256} {
		ks, err := h.Keys(use)
		if err != nil {
			return none, nil, err
		}
		_, pub, err := ks.Create(kindOf(use))
		if err != nil {
			return none, nil, err
		}
		issuing = append(issuing, pub)
	}
	ledgerKeys, err := h.Keys(keys.Ledger)
	if err != nil {
		return none, nil, err
	}
	id, pub, err := ledgerKeys.Create(kindOf(keys.Ledger))
	if err != nil {
		return none, nil, err
	}
	key, err := ledgerKeys.Signer(id)
	if err != nil {
		return none, nil, err
	}
	who, err := issuer.NewIdentity(network, issuing, pub, documentOptions(name, contact))
	return who, key, err
}

// kindOf is the kind of a board's key for a use.
func kindOf(use string) did.KeyKind {
	if use == keys.IssuingES256 {
		return did.P256
	}
	return did.Ed25519
}

// BoardDID is the DID of the home's board. Code no_board.
func (h *Home) BoardDID() (did.DID, error) {
	s, err := readSettings(h.dir)
	if err != nil {
		return "", err
	}
	if s.Board == "" {
		return "", explain.Errorf("no_board", "this home is no board's")
	}
	return did.Parse(s.Board)
}

// boardKeys are the home's keys that stand in the board's newest document.
type boardKeys struct {
	issuing   *keys.Signer
	es256     *keys.Signer // nil: a board from before SD-JWT VCs that made none yet
	ledgerKey *keys.Signer
}

// of is the key of a use; nil where there is none.
func (k boardKeys) of(use string) *keys.Signer {
	switch use {
	case keys.Issuing:
		return k.issuing
	case keys.IssuingES256:
		return k.es256
	}
	return k.ledgerKey
}

func (h *Home) boardKeys(id did.DID, d *pack.Data) (k boardKeys, err error) {
	versions, err := d.View.Versions(id)
	if err != nil {
		return k, err
	}
	if len(versions) == 0 {
		return k, explain.Errorf("board_not_anchored", "the ledger does not know %s yet", id)
	}
	last := versions[len(versions)-1]
	if last.Deactivated {
		return k, explain.Errorf("board_deactivated", "%s is deactivated", id)
	}
	find := func(use string, rel did.Relationship) (*keys.Signer, error) {
		ks, err := h.Keys(use)
		if err != nil {
			return nil, err
		}
		for _, m := range last.Document.MethodsFor(rel) {
			s, err := ks.Find(m.Key)
			if err == nil || explain.CodeOf(err) != "key_missing" {
				return s, err
			}
		}
		return nil, explain.Errorf("key_missing", "no key of this home stands under %s", string(rel))
	}
	if k.issuing, err = find(keys.Issuing, did.AssertionMethod); err != nil {
		return boardKeys{}, err
	}
	k.es256, err = find(keys.IssuingES256, did.AssertionMethod)
	if err != nil && explain.CodeOf(err) != "key_missing" {
		return boardKeys{}, err
	}
	if k.ledgerKey, err = find(keys.Ledger, did.CapabilityInvocation); err != nil {
		return boardKeys{}, err
	}
	return k, nil
}

// Board opens the board's work. It asks the node for what is new, since a
// board acts on the newest state only.
func (h *Home) Board(ctx context.Context) (*issuer.Board, error) {
	id, err := h.BoardDID()
	if err != nil {
		return nil, err
	}
	if err := h.ensureTrust(ctx); err != nil {
		return nil, err
	}
	l := boardLedger{h}
	d, err := l.Refresh(ctx)
	if err != nil {
		// Without the node a board may still look at its register.
		if d, err = h.Data(); err != nil {
			return nil, err
		}
	}
	k, err := h.boardKeys(id, d)
	if err != nil {
		return nil, err
	}
	db, err := h.database(storage.Issuer)
	if err != nil {
		return nil, err
	}
	var store *storage.IssuerStore
	err = h.withMaster(func(master []byte) (err error) {
		if store, err = storage.NewIssuerStore(db, master); err == nil {
			h.sealing(store)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	rules, err := h.boardSettings()
	if err != nil {
		return nil, err
	}
	c := issuer.Config{
		DID: id, Issuing: k.issuing, LedgerKey: k.ledgerKey, Store: store, Ledger: l, Settings: rules, People: h.names,
		Now: h.o.Now, Rand: h.o.Rand,
	}
	if k.es256 != nil {
		c.IssuingES256 = k.es256
		if c.Certificates, err = h.certificates(k.es256.Public()); err != nil {
			return nil, err
		}
	}
	return issuer.New(c)
}

// TrustOwn makes a home that runs a node believe that node's network, as every
// act of its board does.
func (h *Home) TrustOwn(ctx context.Context) error { return h.ensureTrust(ctx) }

// ensureTrust pins the network of the home's own node: whoever runs the
// validator need not compare fingerprints with itself.
func (h *Home) ensureTrust(ctx context.Context) error {
	_, err := h.Trust()
	if explain.CodeOf(err) != "no_trust" {
		return err
	}
	genesis, gerr := h.readNodeFile(genesisFile)
	if gerr != nil {
		return err
	}
	g, err := node.Genesis(genesis)
	if err != nil {
		return err
	}
	c, err := h.Client()
	if err != nil {
		return err
	}
	raw, err := c.Network(ctx)
	if err != nil {
		return err
	}
	n, err := pack.ParseNetwork(raw)
	if err != nil {
		return err
	}
	if n.ChainID != g.ChainID {
		return explain.Errorf("pack_other_network", "the node serves %s", n.ChainID)
	}
	return h.Pin(ctx, n, false, nil)
}

// acting is the home's board as the newest verified data shows it, with its
// keys in force.
func (h *Home) acting(ctx context.Context) (id did.DID, d *pack.Data, k boardKeys, err error) {
	if id, err = h.BoardDID(); err != nil {
		return "", nil, k, err
	}
	if err = h.ensureTrust(ctx); err != nil {
		return "", nil, k, err
	}
	if d, err = (boardLedger{h}).Refresh(ctx); err != nil {
		return "", nil, k, err
	}
	k, err = h.boardKeys(id, d)
	return id, d, k, err
}

// boardLedger is the node as the issuer needs it.
type boardLedger struct{ h *Home }

func (l boardLedger) ChainID() string {
	t, err := l.h.Trust()
	if err != nil {
		return ""
	}
	return t.ChainID
}

func (l boardLedger) Submit(ctx context.Context, tx []byte) (issuer.Receipt, error) {
	c, err := l.h.Client()
	if err != nil {
		return issuer.Receipt{}, err
	}
	r, err := c.Submit(ctx, tx)
	return issuer.Receipt{Height: r.Height, Position: r.Position, Code: r.Code, Detail: r.Detail}, err
}

func (l boardLedger) Refresh(ctx context.Context) (*pack.Data, error) {
	c, err := l.h.Client()
	if err != nil {
		return nil, err
	}
	res, err := l.h.fetch(ctx, c)
	if err != nil {
		return nil, err
	}
	return res.Data, nil
}

func (l boardLedger) BatchPath(ctx context.Context, id did.DID, root ledger.Hash) (ledger.Located, error) {
	c, err := l.h.Client()
	if err != nil {
		return ledger.Located{}, err
	}
	return c.BatchPath(ctx, id, root)
}

func (l boardLedger) Sequence(ctx context.Context, id did.DID) (uint64, error) {
	d, err := l.h.withSubject(ctx, "sequence/"+id.String())
	if explain.CodeOf(err) == "subject_unknown" {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return d.View.Sequence(id)
}

func (l boardLedger) Subject(ctx context.Context, name string) ([][]byte, error) {
	c, err := l.h.Client()
	if err != nil {
		return nil, err
	}
	e, err := c.Subject(ctx, name)
	return e.Entries, err
}

// sendTries bounds how often a transaction is made anew because another of the
// same DID came before it.
const sendTries = 5

// Send signs a transaction of the home's board with its ledger key, submits
// it, and waits until verified data shows the block it was executed in.
func (h *Home) Send(ctx context.Context, body ledger.Body) (node.Receipt, error) {
	for try := 1; ; try++ {
		id, d, k, err := h.acting(ctx)
		if err != nil {
			return node.Receipt{}, err
		}
		key := k.ledgerKey
		seq, err := boardLedger{h}.Sequence(ctx, id)
		if err != nil {
			return node.Receipt{}, err
		}
		tx := ledger.Tx{ChainID: d.ChainID, DID: id, Method: id.String() + "#" + key.Public().Multikey(), Sequence: seq + 1, Body: body}
		if tx.Signature, err = key.Sign(tx.SigningBytes()); err != nil {
			return node.Receipt{}, err
		}
		r, err := h.submit(ctx, tx)
		if explain.CodeOf(err) == "tx_sequence" && try < sendTries {
			continue
		}
		return r, err
	}
}

// submit hands a transaction in and waits for the data that shows it.
func (h *Home) submit(ctx context.Context, tx ledger.Tx) (node.Receipt, error) {
	c, err := h.Client()
	if err != nil {
		return node.Receipt{}, err
	}
	r, err := c.Submit(ctx, tx.Marshal())
	if err != nil {
		return r, err
	}
	if err := r.Err(); err != nil {
		return r, err
	}
	_, err = h.AwaitData(ctx, r.Height)
	return r, err
}

// Countersign adds this member's signature to a board's creation and submits
// it. Codes tx_malformed, countersign_kind.
func (h *Home) Countersign(ctx context.Context, file []byte) (did.DID, error) {
	tx, err := ledger.ParseTx(file)
	if err != nil {
		return "", err
	}
	if _, ok := tx.Body.(ledger.CreateDID); !ok {
		return "", explain.Errorf("countersign_kind", "only the creation of a DID is countersigned")
	}
	id, _, k, err := h.acting(ctx)
	if err != nil {
		return "", err
	}
	key := k.ledgerKey
	sig, err := key.Sign(tx.CountersigningBytes())
	if err != nil {
		return "", fmt.Errorf("countersigning: %w", err)
	}
	tx.Countersign = append(tx.Countersign, ledger.Countersignature{DID: id, Method: id.String() + "#" + key.Public().Multikey(), Signature: sig})
	_, err = h.submit(ctx, tx)
	return tx.DID, err
}

// errProposal says that an executed proposal cannot be found again.
var errProposal = errors.New("the proposal was executed but is not in the data")

// Propose proposes an action, which counts as this member's yes, and returns
// the proposal as it then stands.
func (h *Home) Propose(ctx context.Context, a ledger.Action) (ledger.Proposal, error) {
	r, err := h.Send(ctx, ledger.Propose{Action: a})
	if err != nil {
		return ledger.Proposal{}, err
	}
	return h.proposal(ctx, func(p ledger.Proposal) bool { return p.Height == r.Height && p.Position == r.Position })
}

// Vote votes on a proposal and returns it as it then stands.
func (h *Home) Vote(ctx context.Context, number uint64, yes bool) (ledger.Proposal, error) {
	if _, err := h.Send(ctx, ledger.Vote{Proposal: number, Yes: yes}); err != nil {
		return ledger.Proposal{}, err
	}
	return h.proposal(ctx, func(p ledger.Proposal) bool { return p.Number == number })
}

func (h *Home) proposal(ctx context.Context, is func(ledger.Proposal) bool) (ledger.Proposal, error) {
	list, err := h.Proposals(ctx)
	if err != nil {
		return ledger.Proposal{}, err
	}
	for _, p := range list {
		if is(p) {
			return p, nil
		}
	}
	return ledger.Proposal{}, errProposal
}
