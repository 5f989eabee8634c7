package node

import (
	"fmt"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/types"

	"bonafide/internal/explain"
	"bonafide/ledger"
)

// Engine parameters of every network. They are consensus: all nodes have them
// from the genesis file.
const (
	maxBlockBytes    = 8 << 20 // thousands of ordinary transactions, or a few dozen of the largest
	maxEvidenceBytes = 64 << 10
	// Evidence counts as long as a header may be trusted. The engine lets go of it
	// when both are past, so the blocks are no more than a quiet network of the
	// usual interval makes in about that time: else its blocks could never go.
	evidenceAge    = 180 * 24 * time.Hour
	evidenceBlocks = 100_000
	appVersion     = 1
)

// NewGenesis writes the genesis file of a network: the engine's parameters, the
// founders as its first validators (power 1 each, block times by BFT time), and
// the ledger's own genesis as app_state.
func NewGenesis(g ledger.Genesis) ([]byte, error) {
	doc := &types.GenesisDoc{
		GenesisTime:   g.Time.UTC(),
		ChainID:       g.ChainID,
		InitialHeight: 1,
		ConsensusParams: &types.ConsensusParams{
			Block:     types.BlockParams{MaxBytes: maxBlockBytes, MaxGas: -1},
			Evidence:  types.EvidenceParams{MaxAgeNumBlocks: evidenceBlocks, MaxAgeDuration: evidenceAge, MaxBytes: maxEvidenceBytes},
			Validator: types.ValidatorParams{PubKeyTypes: []string{types.ABCIPubKeyTypeEd25519}},
			Version:   types.VersionParams{App: appVersion},
		},
		AppState: g.Marshal(),
	}
	for _, m := range g.Members {
		doc.Validators = append(doc.Validators, types.GenesisValidator{PubKey: ed25519.PubKey(m.Consensus[:]), Power: 1, Name: m.Name})
	}
	if err := doc.ValidateAndComplete(); err != nil {
		return nil, explain.Errorf("node_genesis_malformed", "making the genesis file: %w", err)
	}
	// Not indented: the ledger's part must keep its bytes.
	b, err := cmtjson.Marshal(doc)
	if err != nil {
		return nil, explain.Errorf("node_genesis_malformed", "making the genesis file: %w", err)
	}
	if _, _, err := parseGenesis(b); err != nil {
		return nil, err
	}
	return b, nil
}

const maxGenesis = 16 << 20

// parseGenesis reads a genesis file and holds the engine's half and ours
// against each other: a validator that is no founder, or another chain id,
// would run a network whose members are not its signers.
func parseGenesis(b []byte) (*types.GenesisDoc, ledger.Genesis, error) {
	malformed := func(format string, args ...any) (*types.GenesisDoc, ledger.Genesis, error) {
		return nil, ledger.Genesis{}, explain.Errorf("node_genesis_malformed", "genesis file: "+format, args...)
	}
	if len(b) > maxGenesis {
		return malformed("too large")
	}
	var doc *types.GenesisDoc
	// The engine's reader panics on some keys of a wrong length.
	if err := guarded(func() (err error) {
		doc, err = types.GenesisDocFromJSON(b)
		return err
	}); err != nil {
		return malformed("%w", err)
	}
	g, err := ledger.ParseGenesis(doc.AppState)
	if err != nil {
		return malformed("%w", err)
	}
	if doc.ChainID != g.ChainID || !doc.GenesisTime.Equal(g.Time) || doc.InitialHeight != 1 || len(doc.AppHash) != 0 {
		return malformed("chain id, time or first height differ between its parts")
	}
	if len(doc.Validators) != len(g.Members) {
		return malformed("%d validators for %d members", len(doc.Validators), len(g.Members))
	}
	members := make(map[string]bool, len(g.Members))
	for _, m := range g.Members {
		members[string(m.Consensus[:])] = true
	}
	for _, v := range doc.Validators {
		k := string(v.PubKey.Bytes())
		if v.PubKey.Type() != ed25519.KeyType || v.Power != 1 || !members[k] {
			return malformed("a validator is no founder, or has more than one vote")
		}
		delete(members, k)
	}
	if p := doc.ConsensusParams; p.ABCI.VoteExtensionsEnableHeight != 0 || p.Block.MaxBytes <= 0 || p.Block.MaxBytes > maxBlockBytes {
		return malformed("consensus parameters")
	}
	return doc, g, nil
}

// Genesis reads the ledger's part out of a genesis file made by NewGenesis.
func Genesis(file []byte) (ledger.Genesis, error) {
	_, g, err := parseGenesis(file)
	if err != nil {
		return ledger.Genesis{}, fmt.Errorf("reading the genesis file: %w", err)
	}
	return g, nil
}
