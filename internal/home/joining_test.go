package home

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/ledger/node"
)

var quick = ledger.Params{Interval: time.Second, IssuerDelay: time.Second, RecoverDelay: time.Second, ProposalLife: time.Hour}

// founding is a board with a network of one and its node running.
func founding(t testing.TB) *Home {
	t.Helper()
	o := options(&user{pass: goodPass})
	o.Now = time.Now // the engine dates its blocks by the machine's clock
	h := mustOpen(t, newHome(t), o)
	if _, _, err := h.Found(context.Background(), FoundOptions{Label: "test", Name: "Board of Medicine", Contact: "x", Params: quick}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.StartNode(context.Background(), NodeOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.StopNode(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func newcomer(t testing.TB) *Home {
	t.Helper()
	o := options(&user{pass: goodPass})
	o.Now = time.Now
	return mustOpen(t, newHome(t), o)
}

const somePeer = "0123456789abcdef0123456789abcdef01234567@board.example:26656"

// TestJoin: an invitation makes a home ready to follow the network and to be
// voted on, as often as it is taken in, and a home of another network not.
func TestJoin(t *testing.T) {
	ctx := context.Background()
	member := founding(t)
	_, err := member.Invite(ctx, nil)
	wantCode(t, err, "no_peers")
	wantCode(t, member.ListenAt(ctx, "nowhere", ""), "peer_malformed")
	if err := member.ListenAt(ctx, "127.0.0.1:26656", "board.example:26656"); err != nil {
		t.Fatal(err)
	}
	i := must(member.Invite(ctx, nil))
	if own := must(member.OwnPeer()); len(i.Peers) != 1 || i.Peers[0] != own || !strings.HasSuffix(own, "@board.example:26656") {
		t.Fatal(i.Peers)
	}
	if again := must(ParseInvitation(i.Marshal())); again.Fingerprint() != i.Fingerprint() || again.Network != i.Network {
		t.Error("an invitation read back is another")
	}
	other := must(member.Invite(ctx, []string{somePeer}))
	if other.Fingerprint() == i.Fingerprint() {
		t.Error("the peers are not in the fingerprint")
	}

	h := newcomer(t)
	_, err = h.Join(ctx, i, "Board\u202eof", "")
	wantCode(t, err, "member_name")
	a := must(h.Join(ctx, i, "Board of Nursing", "desk"))
	if a.DID != must(h.BoardDID()) || a.Creation == nil || a.Name != "Board of Nursing" || a.Network != i.Network || strings.Contains(a.Peer, "@") {
		t.Errorf("%+v", a)
	}
	again := must(h.Join(ctx, i, "Board of Nursing", "desk"))
	if again.Fingerprint() != a.Fingerprint() || must(ParseApplication(a.Marshal())).Fingerprint() != a.Fingerprint() {
		t.Error("the same invitation gives another application")
	}
	if got := must(h.Peers()).Peers; !slices.Equal(got, i.Peers) {
		t.Error(got)
	}
	if k := must(h.findConsensusKey(a.Consensus)); k == nil || k.Public() != a.Consensus {
		t.Error("the key in the application is not in the home")
	}
	came := must(h.readJoined())
	if c := came.checkpoint(); c.Height != i.Pin.Height || c.Hash != i.Pin.Hash {
		t.Errorf("%+v", c)
	}
	if t2 := must(h.Trust()); t2.ChainID != i.Network {
		t.Error("the network is not believed")
	}
	if got := must(h.consensusKey(i.Genesis, came)); got.Public() != a.Consensus {
		t.Error("the node would sign with another key")
	}

	// The member vouches for it; from then on its application has no creation.
	if id, err := member.Countersign(ctx, a.Creation); err != nil || id != a.DID {
		t.Fatal(id, err)
	}
	if err := h.SetSources(ctx, []string{must(member.Node())}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if known := must(h.Join(ctx, i, "Board of Nursing", "desk")); known.Creation != nil || known.DID != a.DID || known.Consensus != a.Consensus {
		t.Errorf("%+v", known)
	}

	second := founding(t)
	foreign := must(second.Invite(ctx, []string{somePeer}))
	for _, have := range []*Home{h, member} {
		_, err := have.Join(ctx, foreign, "Board of Nursing", "desk")
		wantCode(t, err, "network_exists")
	}
	_, err = member.Join(ctx, i, "Board of Medicine", "x")
	wantCode(t, err, "network_exists")
	_, err = h.Invite(ctx, []string{"nonsense"})
	wantCode(t, err, "invitation_malformed")
	_, err = newcomer(t).Invite(ctx, nil)
	wantCode(t, err, "no_network")
}

// TestReplaceConsensusKey by a network of one, whose node goes on by itself
// with the key that the home made.
func TestReplaceConsensusKey(t *testing.T) {
	ctx := context.Background()
	h := founding(t)
	r := must(h.ReplaceConsensusKey(ctx))
	if r.Waits || r.Height == 0 {
		t.Errorf("%+v", r)
	}
	// Two more decisions take more blocks than it takes to come into force.
	for _, name := range []string{"one", "two"} {
		if _, err := h.Propose(ctx, ledger.Upgrade{Name: name, Height: 1 << 40}); err != nil {
			t.Fatal(err)
		}
	}
	d := must(h.Data())
	m := d.View.Members(d.View.Height())
	if len(m) != 1 || m[0].Consensus != [32]byte(r.Key.Bytes()) {
		t.Error("the ledger has another key")
	}
	if s := must(must(h.Client()).Status(ctx)); !s.Validating {
		t.Errorf("%+v", s)
	}
	i := must(h.Invite(ctx, []string{somePeer}))
	guest := newcomer(t)
	must(guest.Join(ctx, i, "Guest", ""))
	if err := guest.SetNode(ctx, must(h.Node())); err != nil {
		t.Fatal(err)
	}
	_, err := guest.ReplaceConsensusKey(ctx)
	wantCode(t, err, "board_not_anchored", "not_member")
}

func TestPeers(t *testing.T) {
	ctx := context.Background()
	h := newcomer(t)
	const id = "0123456789abcdef0123456789abcdef01234567"
	if h.allowPeer(id) {
		t.Error("a peer that nobody named is let in")
	}
	if err := h.AddPeers(ctx, id); err != nil {
		t.Fatal(err)
	}
	if err := h.AddPeers(ctx, somePeer); err != nil { // the same node, with its address
		t.Fatal(err)
	}
	if got := must(h.Peers()).Peers; !slices.Equal(got, []string{somePeer}) || !h.allowPeer(id) || h.allowPeer(id[:39]+"0") {
		t.Error(got)
	}
	for _, bad := range []string{"", "x", id + "@", somePeer + ",more@host:1", strings.ToUpper(id)} {
		wantCode(t, h.AddPeers(ctx, bad), "peer_malformed")
	}
	wantCode(t, h.RemovePeer(ctx, strings.Repeat("0", 40)), "peer_unknown")
	if err := h.RemovePeer(ctx, id); err != nil || h.allowPeer(id) {
		t.Error(err)
	}
	path := filepath.Join(h.dir, nodeFolder, peersFile)
	for _, bad := range []string{"", "{}", `{"format":2}`, `{"format":1,"listen":"x","address":"","peers":[]}`, `{"format":1,"listen":"","address":"","peers":["x"]}`, `{"format":1,"listen":"","address":"","peers":[],"more":1}`} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := h.Peers()
		wantCode(t, err, "data_damaged", "data_newer")
		if h.allowPeer(id) {
			t.Error("a damaged list lets somebody in")
		}
	}
}

// made is an invitation and an application without a node behind them.
func made(t testing.TB) (*Invitation, *Application) {
	t.Helper()
	ctx := context.Background()
	h := founding(t)
	i := must(h.Invite(ctx, []string{somePeer}))
	return i, must(newcomer(t).Join(ctx, i, "Board of Nursing", "desk"))
}

// TestInvitationRefused: whatever is changed in an invitation or an application
// makes it another one, with another fingerprint, or none.
func TestInvitationRefused(t *testing.T) {
	i, a := made(t)
	for name, edit := range map[string]func([]byte) []byte{
		"cut off": func(b []byte) []byte { return b[:len(b)-1] },
		"newline": func(b []byte) []byte { return append(b, '\n') },
		"spaces":  func(b []byte) []byte { return bytes.Replace(b, []byte(`"format":1`), []byte(`"format": 1`), 1) },
		"format":  func(b []byte) []byte { return bytes.Replace(b, []byte(`"format":1`), []byte(`"format":2`), 1) },
		"more":    func(b []byte) []byte { return append([]byte(`{"a":1,`), b[1:]...) },
		"network": func(b []byte) []byte { return bytes.Replace(b, []byte(i.Network), []byte("test-aaaaaaaa"), 1) },
		"no peer": func(b []byte) []byte { return bytes.Replace(b, []byte(somePeer), nil, 1) },
		"twice": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"`+somePeer+`"`), []byte(`"`+somePeer+`","`+somePeer+`"`), 1)
		},
		"hash": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"genesis_hash":"`), []byte(`"genesis_hash":"0`), 1)
		},
		"no base64":  func(b []byte) []byte { return bytes.Replace(b, []byte(`"pin":"`), []byte(`"pin":"*`), 1) },
		"nothing":    func([]byte) []byte { return nil },
		"a number":   func([]byte) []byte { return []byte("1") },
		"an archive": func([]byte) []byte { return append([]byte("PK\x03\x04"), make([]byte, 100)...) },
	} {
		_, err := ParseInvitation(edit(bytes.Clone(i.Marshal())))
		if explain.CodeOf(err) != "invitation_malformed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Another genesis under the same name: with its hash put right, too, the
	// fingerprint is another.
	forged := *i
	forged.Genesis = bytes.Replace(i.Genesis, []byte(`"interval":1`), []byte(`"interval":2`), 1)
	raw := must(forged.marshal())
	if f, err := ParseInvitation(raw); err == nil && f.Fingerprint() == i.Fingerprint() {
		t.Error("another genesis has the same fingerprint")
	}
	key := bytes.Clone(a.Consensus[:])
	for name, edit := range map[string]func([]byte) []byte{
		"cut off": func(b []byte) []byte { return b[:len(b)-1] },
		"format":  func(b []byte) []byte { return bytes.Replace(b, []byte(`"format":1`), []byte(`"format":3`), 1) },
		"network": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"network":"test`), []byte(`"network":"toast`), 1)
		},
		"did": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"did":"did:bonafide:`), []byte(`"did":"did:web:`), 1)
		},
		"key": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"consensus":"z6Mk`), []byte(`"consensus":"z6LS`), 1)
		},
		"peer": func(b []byte) []byte { return bytes.Replace(b, []byte(`"peer":"`), []byte(`"peer":"x`), 1) },
		"name": func(b []byte) []byte { return bytes.Replace(b, []byte("Nursing"), []byte(`\u202e`), 1) },
		"creation": func(b []byte) []byte {
			return bytes.Replace(b, []byte(base64.StdEncoding.EncodeToString(a.Creation)), []byte(base64.StdEncoding.EncodeToString(key)), 1)
		},
	} {
		_, err := ParseApplication(edit(bytes.Clone(a.Marshal())))
		if explain.CodeOf(err) != "application_malformed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(a.Fingerprint()) != hex.EncodedLen(32) || a.Fingerprint() == i.Fingerprint() {
		t.Error(a.Fingerprint())
	}
	if got := a.Admission(); got.DID != a.DID || got.Consensus != a.Consensus || got.Name != a.Name {
		t.Errorf("%+v", got)
	}
}

// What is read is written back the same, and never panics.
func FuzzParseInvitation(f *testing.F) {
	i, _ := made(f)
	f.Add(i.Marshal())
	f.Add([]byte(`{"format":1,"genesis":"","genesis_hash":"","network":"","peers":[],"pin":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseInvitation(b)
		if err != nil {
			wantCode(t, err, "invitation_malformed")
			return
		}
		if !bytes.Equal(got.Marshal(), b) || got.Pin.ChainID != got.Network {
			t.Error("it reads back differently")
		}
	})
}

func FuzzParseApplication(f *testing.F) {
	_, a := made(f)
	f.Add(a.Marshal())
	f.Add([]byte(`{"consensus":"","creation":"","did":"","format":1,"name":"","network":"","peer":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseApplication(b)
		if err != nil {
			wantCode(t, err, "application_malformed")
			return
		}
		if !bytes.Equal(got.Marshal(), b) {
			t.Error("it reads back differently")
		}
	})
}

func FuzzParseNodeFiles(f *testing.F) {
	f.Add([]byte(`{"format":1,"listen":"127.0.0.1:1","address":"","peers":["` + somePeer + `"]}`))
	f.Add([]byte(`{"format":1,"network":"n","height":5,"hash":"` + strings.Repeat("0", 64) + `","consensus":"z6MkjCCJuc4PEHS46j468NDsh7bLCXLMc5WyEzcS5kj6CXxJ"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := parsePeers(b); err == nil {
			for _, s := range p.Peers {
				if strings.Contains(s, "@") {
					if _, _, err := node.ParsePeer(s); err != nil {
						t.Error(err)
					}
				}
			}
		}
		if j, err := parseJoined(b); err == nil && j.checkpoint() == (node.Checkpoint{}) {
			t.Error("no checkpoint")
		}
	})
}
