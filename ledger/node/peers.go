package node

// Who may connect. Members' nodes know each other by the hash of their node
// key, which the engine's handshake proves; whom nobody here named is turned
// away, and nobody is asked for further addresses.

import (
	"crypto/ed25519"
	"encoding/hex"
	"net"
	"strconv"
	"strings"

	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/p2p"

	"bonafide/internal/explain"
)

// maxHost bounds the host of a peer's address, in bytes.
const maxHost = 253

// ParsePeer takes a peer's address apart, ID@HOST:PORT. Nothing is looked up.
// Code peer_malformed.
func ParsePeer(s string) (id, address string, err error) {
	id, address, ok := strings.Cut(s, "@")
	raw, hexErr := hex.DecodeString(id)
	if !ok || hexErr != nil || len(raw) != p2p.IDByteLength || hex.EncodeToString(raw) != id {
		return "", "", explain.Errorf("peer_malformed", "no ID@HOST:PORT")
	}
	return id, address, ParseAddress(address)
}

// ParseAddress checks HOST:PORT, where the host is a name or an IP address.
// Code peer_malformed.
func ParseAddress(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return explain.Errorf("peer_malformed", "no HOST:PORT")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return explain.Errorf("peer_malformed", "no port")
	}
	if len(host) == 0 || len(host) > maxHost {
		return explain.Errorf("peer_malformed", "no host")
	}
	for _, c := range []byte(host) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (c < '0' || c > '9') && c != '.' && c != '-' && c != ':' {
			return explain.Errorf("peer_malformed", "the host is neither a name nor an address")
		}
	}
	return nil
}

// PeerID is the id among peers of a node with this key (Config.NodeKey).
func PeerID(seed [32]byte) string {
	return string(p2p.PubKeyToID(cmted25519.PrivKey(ed25519.NewKeyFromSeed(seed[:])).PubKey()))
}

// admission says who may connect.
func admission(cfg Config) (func(id string) bool, error) {
	known := map[string]bool{}
	for _, p := range cfg.Peers {
		id, _, err := ParsePeer(p)
		if err != nil {
			return nil, err
		}
		known[id] = true
	}
	return func(id string) bool { return known[id] || cfg.Allow != nil && cfg.Allow(id) }, nil
}
