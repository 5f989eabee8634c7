package pack

// network.json, the pin that a person compares by another channel, and the
// trust that grows from it with each import.

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"

	"github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/types"
)

// pinLimits bounds network.json and the kept trust.
var pinLimits = strictjson.Limits{Bytes: 1 << 20, Depth: 4, Nodes: 64}

// Network is what network.json says: a network and one header of it. Nothing
// in it is trusted until a person has compared the fingerprint.
type Network struct {
	ChainID string
	Height  uint64
	Hash    [32]byte  // of the header
	Time    time.Time // of the header, UTC

	block *types.LightBlock
}

// NewNetwork makes the pin of a light block. Its chain id must be a network
// name (did:bonafide) and more than two thirds of its validators must have
// signed it.
func NewNetwork(lb *types.LightBlock) (*Network, error) {
	if err := bonafide.ParseNetwork(lb.ChainID); err != nil {
		return nil, explain.Errorf("network_malformed", "%w", err)
	}
	if err := lb.ValidateBasic(lb.ChainID); err != nil {
		return nil, explain.Errorf("network_malformed", "%w", err)
	}
	if err := selfSigned(lb); err != nil {
		return nil, explain.Errorf("network_malformed", "%w", err)
	}
	return &Network{ChainID: lb.ChainID, Height: uint64(lb.Height), Hash: [32]byte(lb.Hash()), Time: lb.Time.UTC(), block: lb}, nil
}

type networkFile struct {
	Format     int    `json:"format"`
	Network    string `json:"network"`
	Height     uint64 `json:"height"`
	Hash       string `json:"hash"`
	Time       string `json:"time"`
	LightBlock string `json:"light_block"`
}

// ParseNetwork reads network.json. Height, hash and time must be those of the
// light block that it carries, whose own validators must have signed it
// (network_malformed).
func ParseNetwork(b []byte) (*Network, error) {
	var f networkFile
	if err := strictjson.Decode(b, pinLimits, &f); err != nil {
		return nil, explain.Errorf("network_malformed", "%w", err)
	}
	if f.Format != 1 {
		return nil, explain.Errorf("network_malformed", "format %d", f.Format)
	}
	lb, err := decodeBlock(f.LightBlock)
	if err != nil {
		return nil, explain.Errorf("network_malformed", "%w", err)
	}
	n, err := NewNetwork(lb)
	if err != nil {
		return nil, err
	}
	if want := n.file(f.LightBlock); f != want {
		return nil, explain.Errorf("network_malformed", "the light block says something else")
	}
	return n, nil
}

func (n *Network) file(block string) networkFile {
	return networkFile{
		Format: 1, Network: n.ChainID, Height: n.Height, Hash: hex.EncodeToString(n.Hash[:]),
		Time: n.Time.Format(time.RFC3339Nano), LightBlock: block,
	}
}

// Marshal writes network.json.
func (n *Network) Marshal() []byte {
	return marshalPin(n.file(encodeBlock(n.block)))
}

// Fingerprint is what people compare: SHA-256 over LP(chain id) ‖ height u64 ‖
// header hash, as 64 hex digits.
func (n *Network) Fingerprint() string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(n.ChainID)))
	b = append(b, n.ChainID...)
	b = binary.BigEndian.AppendUint64(b, n.Height)
	b = append(b, n.Hash[:]...)
	d := sha256.Sum256(b)
	return hex.EncodeToString(d[:])
}

// Display is the fingerprint in groups of four digits, for reading aloud.
func (n *Network) Display() string {
	f := n.Fingerprint()
	var groups []string
	for i := 0; i < len(f); i += 4 {
		groups = append(groups, f[i:i+4])
	}
	return strings.Join(groups, " ")
}

// CheckFingerprint compares what a person was given, in upper or lower case,
// with or without spaces, colons and hyphens (fingerprint_mismatch).
func (n *Network) CheckFingerprint(given string) error {
	return CheckFingerprint(n.Fingerprint(), given)
}

// CheckFingerprint compares the fingerprint of any file likewise.
func CheckFingerprint(own, given string) error {
	plain := strings.ToLower(strings.NewReplacer(" ", "", ":", "", "-", "", "\t", "", "\n", "").Replace(given))
	if plain != own {
		return explain.Errorf("fingerprint_mismatch", "the file's fingerprint is %s", own)
	}
	return nil
}

// Trust is what a home keeps of a network: the newest header it has verified,
// and what was pinned to begin with. The zero value is no trust.
type Trust struct {
	ChainID string
	Pinned  string    // fingerprint that was compared
	Since   time.Time // when it was pinned

	block  *types.LightBlock
	proven int64 // light blocks kept of this height and above were verified here
}

// Pin makes the trust of a network.json whose fingerprint was compared by
// another channel. Its header must be younger than the trusting period at now,
// which the caller has raised to the clock floor (trust_expired).
func Pin(n *Network, now time.Time) (Trust, error) {
	if light.HeaderExpired(n.block.SignedHeader, TrustingPeriod, now) {
		return Trust{}, explain.Errorf("trust_expired", "the header of network.json is of %s", n.Time.Format(time.RFC3339))
	}
	return Trust{ChainID: n.ChainID, Pinned: n.Fingerprint(), Since: now.UTC().Truncate(time.Second), block: n.block, proven: n.block.Height}, nil
}

// None says that nothing has been pinned.
func (t Trust) None() bool { return t.block == nil }

// Height is the height of the trusted header, 0 without trust.
func (t Trust) Height() uint64 {
	if t.block == nil {
		return 0
	}
	return uint64(t.block.Height)
}

// Time is the time of the trusted header.
func (t Trust) Time() time.Time {
	if t.block == nil {
		return time.Time{}
	}
	return t.block.Time.UTC()
}

// Expires is when imports stop with trust_expired.
func (t Trust) Expires() time.Time { return t.Time().Add(TrustingPeriod) }

// Validators is the number of validators of the trusted header.
func (t Trust) Validators() int {
	if t.block == nil {
		return 0
	}
	return t.block.ValidatorSet.Size()
}

// Network is the trusted header as a pin of its own, to hand to another home.
func (t Trust) Network() (*Network, error) {
	if t.block == nil {
		return nil, explain.Errorf("no_trust", "nothing pinned")
	}
	return NewNetwork(t.block)
}

// Compare asks whether another source's network.json shows the same header as
// the one trusted here. Different heights cannot be compared: false and no
// error. Two signed headers of one height: pack_conflict with the evidence.
func (t Trust) Compare(n *Network) (bool, error) {
	if t.block == nil {
		return false, explain.Errorf("no_trust", "nothing pinned")
	}
	if n.ChainID != t.ChainID {
		return false, explain.Errorf("pack_other_network", "%s, not %s", n.ChainID, t.ChainID)
	}
	if n.Height != t.Height() {
		return false, nil
	}
	if err := same(t.block, n.block); err != nil {
		return false, err
	}
	return true, nil
}

type trustFile struct {
	Format      int    `json:"format"`
	Network     string `json:"network"`
	Fingerprint string `json:"fingerprint"`
	Pinned      string `json:"pinned"`
	ProvenFrom  int64  `json:"proven_from"`
	LightBlock  string `json:"light_block"`
}

// Marshal writes the trust for a home to keep.
func (t Trust) Marshal() ([]byte, error) {
	if t.block == nil {
		return nil, explain.Errorf("no_trust", "nothing pinned")
	}
	return marshalPin(trustFile{
		Format: 1, Network: t.ChainID, Fingerprint: t.Pinned,
		Pinned: t.Since.UTC().Format(time.RFC3339), ProvenFrom: t.proven,
		LightBlock: encodeBlock(t.block),
	}), nil
}

// ParseTrust reads what Marshal wrote (trust_malformed).
func ParseTrust(b []byte) (Trust, error) {
	var f trustFile
	if err := strictjson.Decode(b, pinLimits, &f); err != nil {
		return Trust{}, explain.Errorf("trust_malformed", "%w", err)
	}
	since, err := time.Parse(time.RFC3339, f.Pinned)
	if err != nil || f.Format != 1 {
		return Trust{}, explain.Errorf("trust_malformed", "format or date")
	}
	if d, err := hex.DecodeString(f.Fingerprint); err != nil || len(d) != sha256.Size {
		return Trust{}, explain.Errorf("trust_malformed", "fingerprint")
	}
	lb, err := decodeBlock(f.LightBlock)
	if err != nil {
		return Trust{}, explain.Errorf("trust_malformed", "%w", err)
	}
	if lb.ChainID != f.Network {
		return Trust{}, explain.Errorf("trust_malformed", "the light block is of another network")
	}
	if f.ProvenFrom < 1 || f.ProvenFrom > lb.Height {
		return Trust{}, explain.Errorf("trust_malformed", "proven from height %d", f.ProvenFrom)
	}
	return Trust{ChainID: f.Network, Pinned: f.Fingerprint, Since: since.UTC(), block: lb, proven: f.ProvenFrom}, nil
}

func encodeBlock(lb *types.LightBlock) string {
	b, err := marshalLight(lb)
	if err != nil {
		panic(err) // every light block kept here has been validated
	}
	return base64.StdEncoding.EncodeToString(b)
}

func decodeBlock(s string) (*types.LightBlock, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || base64.StdEncoding.EncodeToString(b) != s {
		return nil, errors.New("light block: base64")
	}
	return parseLight(b)
}

func marshalPin(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		panic(err) // strings and integers always encode
	}
	return b.Bytes()
}
