package node

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/types"

	"bonafide/internal/explain"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// readBack imports a pack under a pin made from the node's own network.json.
func readBack(t *testing.T, c Client, from uint64, cur *pack.Data, trust *pack.Trust) *pack.Data {
	t.Helper()
	now := time.Now()
	if cur == nil {
		b, err := c.Network(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		network, err := pack.ParseNetwork(b)
		if err != nil {
			t.Fatal(err)
		}
		if *trust, err = pack.Pin(network, now); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := c.Pack(t.Context(), from, &b); err != nil {
		t.Fatal(err)
	}
	r, err := pack.Import(*trust, cur, &b, now, now)
	if err != nil {
		t.Fatal(err)
	}
	*trust = r.Trust
	return r.Data
}

// TestSubmitProveImport is the life of a transaction, by both clients: it is
// executed, a header proves the state, and what the pack says of it is what
// was submitted.
func TestSubmitProveImport(t *testing.T) {
	w := newWorld(t, time.Second)
	n := w.start(w.config(t.TempDir()))
	remote := NewHTTPClient(n.Address())
	defer remote.Close()
	for i, c := range []Client{n.Client(), remote} {
		var trust pack.Trust
		before := readBack(t, c, 0, nil, &trust)

		tx := w.anchor(root(uint64(i)))
		r := w.submit(c, tx)
		if r.Height == 0 || r.Position != 0 {
			t.Fatalf("%+v", r)
		}
		if again, err := c.Submit(t.Context(), tx); err != nil || again != r {
			t.Fatalf("submitted again: %+v, %v", again, err)
		}
		if _, err := c.BatchPath(t.Context(), w.id, root(99)); explain.CodeOf(err) != "batch_unknown" {
			t.Fatal(err)
		}
		place, err := c.BatchPath(t.Context(), w.id, root(uint64(i)))
		for h := r.Height + 1; err == nil && place.Pending; h++ {
			wait(t, c, h)
			place, err = c.BatchPath(t.Context(), w.id, root(uint64(i)))
		}
		if err != nil {
			t.Fatal(err)
		}

		after := readBack(t, c, before.Height, before, &trust)
		e, err := after.View.Epoch(place.Epoch)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ledger.RootFromPath(ledger.EpochLeaf(w.id, root(uint64(i)), 3), uint64(place.Position), uint64(place.Count), place.Path)
		if err != nil || got != e.Root {
			t.Fatalf("path does not lead to the proven epoch root: %v", err)
		}
		for name, ok := range map[string]bool{"batches/" + string(w.id): true, "sequence/" + string(w.id): true, "proposals": true, "blocks": true, "members": false, "nothing": false} {
			entries, err := c.Subject(t.Context(), name)
			if !ok {
				if explain.CodeOf(err) != "node_no_subject" {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if fresh := readBack(t, c, after.Height, after, &trust); fresh.View.Attach(name, entries.Entries) != nil {
				t.Errorf("%s: entries do not fit the verified index", name)
			}
		}
		s := status(t, c)
		if s.ChainID != network || s.Validators != 1 || s.LastEpoch < place.Epoch || s.Interval != time.Second || s.HeaderTime.IsZero() {
			t.Errorf("%+v", s)
		}
	}

	refused := w.anchor(root(7))
	refused[len(refused)-2] ^= 1 // the signature
	w.sequence--
	for _, c := range []Client{n.Client(), remote} {
		for _, tx := range [][]byte{refused, []byte("no transaction"), nil, make([]byte, maxTxBytes+1)} {
			r, err := c.Submit(t.Context(), tx)
			if explain.CodeOf(err) != "node_bad_request" && (err != nil || r.Code == "" || r.Height != 0) {
				t.Errorf("%d bytes: %+v, %v", len(tx), r, err)
			}
		}
	}
	w.submit(remote, w.anchor(root(7)))
}

// TestFourMembers runs four members' nodes in one process: a transaction given
// to one is executed by all, and a pack of another rests on four validators. One
// of them down does not stop the network; it comes back and catches up.
func TestFourMembers(t *testing.T) {
	if os.Getenv("BONAFIDE_LONG") == "" {
		t.Skip("waits for the engine to dial its peers, which it delays by chance up to 3 s: set BONAFIDE_LONG=1")
	}
	worlds := newWorlds(t, time.Hour, 4)
	var configs []Config
	var nodes []*Node
	var peers []string
	for _, w := range worlds {
		c := w.config(t.TempDir())
		c.P2P, c.Peers = freePort(t), append([]string(nil), peers...)
		c.TimeoutPropose = time.Second
		c.Allow = func(string) bool { return true }
		n := w.start(c)
		peers = append(peers, n.Peer())
		configs, nodes = append(configs, c), append(nodes, n)
	}
	r := worlds[0].submit(nodes[0].Client(), worlds[0].anchor(root(1)))
	var trust pack.Trust
	data := readBack(t, nodes[3].Client(), 0, nil, &trust)
	if data.Validators != 4 {
		t.Fatalf("%d validators", data.Validators)
	}
	for _, n := range nodes {
		wait(t, n.Client(), r.Height)
	}
	if err := nodes[3].Stop(); err != nil {
		t.Fatal(err)
	}
	r = worlds[1].submit(nodes[1].Client(), worlds[1].anchor(root(2)))
	s := wait(t, nodes[0].Client(), r.Height)
	configs[3].Peers = peers[:3]
	back := worlds[3].start(configs[3])
	if got := wait(t, back.Client(), s.StateHeight); got.StateHeight == s.StateHeight && got.AppHash != s.AppHash {
		t.Fatal("two nodes have two states")
	}
}

// TestReplaceConsensusKey: a member changes its consensus key and starts its
// node with the new one; a home that trusts a header of the old one follows.
func TestReplaceConsensusKey(t *testing.T) {
	w := newWorld(t, time.Hour)
	c := w.config(t.TempDir())
	n := w.start(c)
	var trust pack.Trust
	before := readBack(t, n.Client(), 0, nil, &trust)
	next := SeedKey(seed("the next consensus key"))
	r := w.submit(n.Client(), w.tx(ledger.ReplaceConsensus{Key: next.Public()}))
	wait(t, n.Client(), r.Height+1) // the last block of the old key
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	c.Consensus = next
	n = w.start(c)
	w.submit(n.Client(), w.change())
	n.app.mu.Lock()
	changes, err := n.store.memberChanges(n.app.signed)
	n.app.mu.Unlock()
	if err != nil || !equal(changes, []uint64{r.Height + 2}) {
		t.Fatalf("member changes at %v, want %d: %v", changes, r.Height+2, err)
	}
	// By a delta, and by a whole pack under the old trust.
	old := trust
	if d := readBack(t, n.Client(), before.Height, before, &trust); d.Height <= before.Height {
		t.Error("the delta brought nothing")
	}
	var b bytes.Buffer
	if err := n.Client().Pack(t.Context(), 0, &b); err != nil {
		t.Fatal(err)
	}
	if _, err := pack.Import(old, nil, &b, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
}

// freePort finds a loopback port for peers; it must be known before the start.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// TestRestart stops a node and starts it again on its folder.
func TestRestart(t *testing.T) {
	w := newWorld(t, time.Hour)
	c := w.config(t.TempDir())
	n := w.start(c)
	tx := w.change()
	r := w.submit(n.Client(), tx)
	before := wait(t, n.Client(), r.Height+2) // at rest
	if !before.Proven {
		t.Fatalf("%+v", before)
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Client().Submit(t.Context(), tx); explain.CodeOf(err) != "node_stopped" {
		t.Fatal(err)
	}
	if err := n.Err(); explain.CodeOf(err) != "node_stopped" {
		t.Fatal(err)
	}
	<-n.Done()

	n = w.start(c)
	after := status(t, n.Client())
	if after.StateHeight != before.StateHeight || after.AppHash != before.AppHash || !after.Proven || !after.HeaderTime.Equal(before.HeaderTime) {
		t.Fatalf("before %+v\nafter %+v", before, after)
	}
	if again, err := n.Client().Submit(t.Context(), tx); err != nil || again != r {
		t.Fatalf("the first receipt is forgotten: %+v, %v", again, err)
	}
	w.submit(n.Client(), w.change())
}

func TestDoubleStart(t *testing.T) {
	w := newWorld(t, time.Hour)
	c := w.config(t.TempDir())
	n := w.start(c)
	if _, err := Start(t.Context(), c); explain.CodeOf(err) != "node_already_running" {
		t.Fatal(err)
	}
	w.submit(n.Client(), w.change()) // the first one is unharmed
	address, err := ReadAddress(c.Dir)
	if err != nil || address != n.Address() {
		t.Fatal(address, err)
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadAddress(c.Dir); explain.CodeOf(err) != "node_unreachable" {
		t.Fatal(err)
	}
	remote := NewHTTPClient(address)
	defer remote.Close()
	if _, err := remote.Status(t.Context()); explain.CodeOf(err) != "node_unreachable" {
		t.Fatal(err)
	}
}

// TestRefusedConfigs starts nodes that must not start, and a good one after
// each on the same folder, which shows that nothing stayed locked.
func TestRefusedConfigs(t *testing.T) {
	w := newWorld(t, time.Hour)
	good := w.config(t.TempDir())
	other := newWorld(t, time.Hour)
	other.genesis.Members[0].Name = "Another Board"
	otherFile, err := NewGenesis(other.genesis)
	if err != nil {
		t.Fatal(err)
	}
	swapped := bytes.Replace(w.file, []byte(`"power":"1"`), []byte(`"power":"2"`), 1)
	if bytes.Equal(swapped, w.file) {
		t.Fatal("the genesis file has no power to change")
	}
	for name, c := range map[string]struct {
		edit func(*Config)
		code string
	}{
		"no key":          {func(c *Config) { c.Consensus = nil }, "node_config"},
		"no folder":       {func(c *Config) { c.Dir = "" }, "node_config"},
		"any address":     {func(c *Config) { c.API = "0.0.0.0:0" }, "node_address_refused"},
		"no host":         {func(c *Config) { c.API = ":0" }, "node_address_refused"},
		"other host":      {func(c *Config) { c.API = "192.0.2.1:0" }, "node_address_refused"},
		"no port":         {func(c *Config) { c.API = "127.0.0.1" }, "node_config"},
		"bytes":           {func(c *Config) { c.Genesis = []byte("{}") }, "node_genesis_malformed"},
		"two votes":       {func(c *Config) { c.Genesis = swapped }, "node_genesis_malformed"},
		"before its time": {func(c *Config) { c.Now = func() time.Time { return w.genesis.Time.Add(-time.Second) } }, "node_genesis_future"},
	} {
		c2 := good
		c.edit(&c2)
		if _, err := Start(t.Context(), c2); explain.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	n := w.start(good)
	w.submit(n.Client(), w.change())
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	c2 := good
	c2.Genesis = otherFile
	if _, err := Start(t.Context(), c2); explain.CodeOf(err) != "node_other_network" {
		t.Error(err)
	}
	n = w.start(good)
	w.submit(n.Client(), w.change())
}

// TestRestsAfterTwoBlocks: after a change the app hash comes to rest within two
// blocks, and then the engine proposes nothing until the heartbeat, which is
// many times as far away as a round takes. The chain's own headers say so: the
// time of header h+1 is when block h was voted for.
func TestRestsAfterTwoBlocks(t *testing.T) {
	const interval = time.Second
	w := newWorld(t, interval)
	n := w.start(w.config(t.TempDir()))
	r := w.submit(n.Client(), w.change())
	wait(t, n.Client(), r.Height+5)
	n.app.mu.Lock()
	defer n.app.mu.Unlock()
	at := func(h uint64) *types.Header { return n.store.header(h) }
	voted := func(h uint64) time.Time { return at(h + 1).Time }
	rest := r.Height + 2
	if bytes.Equal(at(r.Height).AppHash, at(r.Height+1).AppHash) {
		t.Error("the change did not show in the app hash")
	}
	for h := rest + 1; h <= rest+2; h++ {
		if !bytes.Equal(at(h).AppHash, at(h+1).AppHash) {
			t.Errorf("block %d, a heartbeat, changed the state", h)
		}
		if quiet := voted(h).Sub(voted(h - 1)); quiet < interval/4*9/10 {
			t.Errorf("block %d came after %v of idleness", h, quiet)
		}
	}
}

// TestIdleMinute is the long form: BONAFIDE_LONG=1 go test -run IdleMinute.
func TestIdleMinute(t *testing.T) {
	if os.Getenv("BONAFIDE_LONG") == "" {
		t.Skip("takes a minute: set BONAFIDE_LONG=1")
	}
	w := newWorld(t, time.Hour)
	n := w.start(w.config(t.TempDir()))
	r := w.submit(n.Client(), w.change())
	rest := wait(t, n.Client(), r.Height+2)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if s, err := n.Client().Wait(ctx, rest.StateHeight+1); explain.CodeOf(err) != "node_no_answer_yet" {
		t.Fatalf("a block in an idle minute: %+v, %v", s, err)
	}
	if s := status(t, n.Client()); s.HeaderHeight != rest.HeaderHeight || s.AppHash != rest.AppHash {
		t.Fatalf("%+v, then %+v", rest, s)
	}
}

// TestPublished: whole pack and network.json after the start, a delta after a
// change, all of them good to import.
func TestPublished(t *testing.T) {
	w := newWorld(t, time.Hour)
	c := w.config(t.TempDir())
	c.PublishDelay = time.Nanosecond
	n := w.start(c)
	remote := NewHTTPClient(n.Address())
	defer remote.Close()
	public := func(name string) []byte {
		t.Helper()
		b, err := remote.bytes(t.Context(), http.MethodGet, "/public/"+name, nil, maxPackBytes)
		if err != nil {
			return nil
		}
		return b
	}
	// The publisher runs beside us: each round of files follows a block, so
	// blocks are what is waited for.
	until := func(what string, met func() bool) {
		t.Helper()
		for !met() {
			if t.Context().Err() != nil {
				t.Fatal(what)
			}
			w.submit(n.Client(), w.change())
		}
	}
	until("whole pack", func() bool { return public(networkName) != nil })
	now := time.Now()
	// A new whole pack may come between the files that we read.
	until("a whole pack and its delta", func() bool {
		pin, whole, delta := public(networkName), public(wholeName), public(deltaName)
		if delta == nil {
			return false
		}
		pinned, err := pack.ParseNetwork(pin)
		if err != nil {
			t.Fatal(err)
		}
		trust, err := pack.Pin(pinned, now)
		if err != nil {
			t.Fatal(err)
		}
		r, err := pack.Import(trust, nil, bytes.NewReader(whole), now, now)
		if explain.CodeOf(err) == "pack_lower_height" {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		d, err := pack.Import(r.Trust, r.Data, bytes.NewReader(delta), now, now)
		if explain.CodeOf(err) == "pack_gap" {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		return d.Delta && d.Data.Height > r.Data.Height
	})
	for _, name := range []string{"..", "%2e%2e%2faddress", "pack-01.bonafide", "pack-.bonafide", ".new-1", "data"} {
		if public(name) != nil {
			t.Errorf("%s is served", name)
		}
	}
	left, err := filepath.Glob(filepath.Join(c.Dir, publicFolder, ".new-*"))
	if err != nil || len(left) > 1 { // one may be under way
		t.Errorf("%v, %v", left, err)
	}
}

func TestPrunePacks(t *testing.T) {
	dir := t.TempDir()
	for h := range keptWhole + 5 {
		p := publication{height: uint64(h) * 7, pack: []byte("p"), network: []byte("n"), whole: true}
		if err := (&Node{cfg: Config{Dir: dir}}).writePublication(p, true); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := filepath.Glob(filepath.Join(dir, publicFolder, "pack-*.bonafide"))
	if err != nil || len(kept) != keptWhole {
		t.Fatalf("%d kept, %v", len(kept), err)
	}
	if _, err := os.Stat(filepath.Join(dir, publicFolder, "pack-0.bonafide")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the oldest is still there")
	}
}

// TestHourly: the first block of an hour is published with the header after it.
func TestHourly(t *testing.T) {
	w := newWorld(t, time.Hour)
	a, _ := w.application(newDisk())
	var got []uint64
	a.hourly = func(v *ledger.View, header uint64) { got = append(got, v.Height(), header) }
	hour := w.genesis.Time
	for i, at := range []time.Time{hour, hour.Add(59 * time.Minute), hour.Add(time.Hour), hour.Add(61 * time.Minute), hour.Add(3 * time.Hour), hour.Add(3*time.Hour + 1)} {
		w.block(a, uint64(i+1), at)
	}
	if want := []uint64{3, 4, 5, 6}; !equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
}

func equal(a, b []uint64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestDNSRebinding: requests under a foreign name, or by a web page, do not
// reach the ledger.
func TestDNSRebinding(t *testing.T) {
	n := &Node{cfg: Config{Log: slog.New(slog.DiscardHandler), APIHosts: []string{"ledger.board.example", "proxy.example:8443"}}, address: "127.0.0.1:4711"}
	h := n.newServer().Handler
	for _, c := range []struct {
		host, header string
		reaches      bool
	}{
		{"127.0.0.1:4711", "", true},
		{"localhost:4711", "", true},
		{"[::1]:4711", "", true},
		{"ledger.board.example:4711", "", true},
		{"proxy.example:8443", "", true},
		{"127.0.0.1:80", "", false},
		{"127.0.0.1", "", false},
		{"attacker.example:4711", "", false},
		{"127.0.0.1.attacker.example:4711", "", false},
		{"localhost.attacker.example:4711", "", false},
		{"proxy.example:4711", "", false},
		{"", "", false},
		{"127.0.0.1:4711", "Origin", false},
		{"127.0.0.1:4711", "Sec-Fetch-Site", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/v1/nothing", nil)
		r.Host = c.host
		if c.header != "" {
			r.Header.Set(c.header, map[string]string{"Origin": "https://attacker.example", "Sec-Fetch-Site": "cross-site"}[c.header])
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		reached := strings.Contains(rec.Body.String(), "no such address or method")
		if reached != c.reaches {
			t.Errorf("%q %s: %s", c.host, c.header, rec.Body)
		}
	}
}

// FuzzGenesisFile: a genesis file that is accepted is one that NewGenesis writes.
func FuzzGenesisFile(f *testing.F) {
	w := newWorlds(f, time.Hour, 2)[0]
	f.Add(w.file)
	f.Add([]byte("{}"))
	f.Add(bytes.Replace(w.file, []byte(network), []byte("test-bbbbbbbb"), 1))
	f.Add(bytes.Replace(w.file, []byte("tendermint/PubKeyEd25519"), []byte("tendermint/PubKeySecp256k1"), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := Genesis(b)
		if err != nil {
			return
		}
		if _, err := NewGenesis(g); err != nil {
			t.Fatalf("accepted, but cannot be made: %v", err)
		}
	})
}

// TestThreat66_NodeInterface: bodies and headers over the bounds, and queries
// out of form, are refused with a code.
func TestThreat66_NodeInterface(t *testing.T) {
	n := &Node{cfg: Config{Log: slog.New(slog.DiscardHandler)}, address: "127.0.0.1:1"}
	s := n.newServer()
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Error("the server waits for ever")
	}
	for _, c := range []struct{ method, path, typ, body string }{
		{"POST", "/v1/tx", "application/octet-stream", strings.Repeat("a", maxTxBytes+1)},
		{"POST", "/v1/tx", "text/plain", "a"},
		{"POST", "/v1/tx", "application/x-www-form-urlencoded", "a"},
		{"GET", "/v1/wait", "", ""},
		{"GET", "/v1/wait?height=-1", "", ""},
		{"GET", "/v1/wait?height=01", "", ""},
		{"GET", "/v1/wait?height=1&height=2", "", ""},
		{"GET", "/v1/wait?height=1&x=2", "", ""},
		{"GET", "/v1/pack?from=99999999999999999999", "", ""},
		{"GET", "/v1/batch?issuer=x&root=" + strings.Repeat("0", 64), "", ""},
		{"GET", "/v1/batch?issuer=did:a:b&root=" + strings.Repeat("A", 64), "", ""},
		{"GET", "/v1/subject?name=%zz", "", ""},
		{"DELETE", "/v1/tx", "", ""},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		r.Host = n.address
		r.Header.Set("Content-Type", c.typ)
		rec := httptest.NewRecorder()
		s.Handler.ServeHTTP(rec, r)
		if rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), `"code":"node_bad_request"`) {
			t.Errorf("%s %s: %d %.80s", c.method, c.path, rec.Code, rec.Body)
		}
	}
}

// TestHTTPClientDistrustsAnswers gives the client answers of a strange server.
func TestHTTPClientDistrustsAnswers(t *testing.T) {
	var body string
	var code int
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}))
	defer s.Close()
	c := NewHTTPClient(s.URL)
	defer c.Close()
	hash := strings.Repeat("00", 32)
	for _, x := range []struct {
		code       int
		body, want string
	}{
		{200, "", "node_bad_answer"},
		{200, "[]", "node_bad_answer"},
		{200, `{"chain_id":"a"}{`, "node_bad_answer"},
		{200, `{"app_hash":"` + hash + `","header_time":"yesterday"}`, "node_bad_answer"},
		{200, `{"app_hash":"zz","header_time":"2026-01-01T00:00:00Z"}`, "node_bad_answer"},
		{200, `{"surprise":1}`, "node_bad_answer"},
		{500, `oops`, "node_bad_answer"},
		{500, `{"code":"no_such_code","detail":""}`, "node_bad_answer"},
		{503, `{"code":"node_busy","detail":"x"}`, "node_busy"},
	} {
		code, body = x.code, x.body
		if _, err := c.Status(t.Context()); explain.CodeOf(err) != x.want {
			t.Errorf("%d %s: %v", x.code, x.body, err)
		}
	}
}

// TestQuiet: an ordinary life of a node says nothing above debug.
func TestQuiet(t *testing.T) {
	w := newWorld(t, time.Hour)
	var r records
	c := w.config(t.TempDir())
	c.Log = slog.New(&r)
	n := w.start(c)
	for range 3 {
		w.submit(n.Client(), w.change())
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	if r.warn.Load() != 0 || r.debug.Load() == 0 {
		t.Errorf("%d records at information or above, %d below", r.warn.Load(), r.debug.Load())
	}
}

// TestOnlyLoopbackListeners: what the process listens on is the interface and
// the engine's peer port, both on loopback.
func TestOnlyLoopbackListeners(t *testing.T) {
	w := newWorld(t, time.Hour)
	n := w.start(w.config(t.TempDir()))
	host, _, err := net.SplitHostPort(n.Address())
	if err != nil || !net.ParseIP(host).IsLoopback() {
		t.Error(n.Address(), err)
	}
	if ip := n.engine.Switch().NetAddress().IP; !ip.IsLoopback() {
		t.Error(ip)
	}
	if c := n.engine.Config(); c.RPC.ListenAddress != "" || c.RPC.GRPCListenAddress != "" || c.RPC.IsPprofEnabled() || c.Instrumentation.IsPrometheusEnabled() {
		t.Error("the engine's own servers are on")
	}
}

// TestConsensusKeyNotOnDisk looks for the seed in every file of the folder.
func TestConsensusKeyNotOnDisk(t *testing.T) {
	w := newWorld(t, time.Hour)
	c := w.config(t.TempDir())
	n := w.start(c)
	w.submit(n.Client(), w.change())
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	forms := [][]byte{w.consensus[:], []byte(hex.EncodeToString(w.consensus[:])), []byte("priv_key")}
	files := 0
	err := filepath.WalkDir(c.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		for _, f := range forms {
			if bytes.Contains(b, f) {
				t.Errorf("%s holds the key", path)
			}
		}
		return err
	})
	if err != nil || files < 5 {
		t.Fatal(files, err)
	}
}

// TestSignsOnce: what was signed is remembered over a restart, and another vote
// for the same step is refused.
func TestSignsOnce(t *testing.T) {
	w := newWorld(t, time.Hour)
	file := filepath.Join(t.TempDir(), "signed", "last.json")
	pv, err := newSigner(w.consensus, file)
	if err != nil {
		t.Fatal(err)
	}
	vote := func(height int64, hash byte) *types.Vote {
		id := types.BlockID{Hash: bytes.Repeat([]byte{hash}, 32), PartSetHeader: types.PartSetHeader{Total: 1, Hash: bytes.Repeat([]byte{hash}, 32)}}
		return &types.Vote{Type: 2, Height: height, BlockID: id, Timestamp: time.Unix(1, 0), ValidatorAddress: pv.GetAddress()}
	}
	first := vote(5, 1).ToProto()
	if err := pv.SignVote(network, first); err != nil {
		t.Fatal(err)
	}
	if pv, err = newSigner(w.consensus, file); err != nil {
		t.Fatal(err)
	}
	again := vote(5, 1).ToProto()
	if err := pv.SignVote(network, again); err != nil || !bytes.Equal(again.Signature, first.Signature) {
		t.Fatal("the same vote is signed anew", err)
	}
	for name, v := range map[string]*types.Vote{"other block": vote(5, 2), "earlier height": vote(4, 1)} {
		if err := pv.SignVote(network, v.ToProto()); err == nil {
			t.Errorf("%s was signed", name)
		}
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newSigner(w.consensus, file); err == nil {
		t.Error("a damaged record was taken for an empty one")
	}
}

// TestReplaceConsensusKeyRunning: a member that has the private half of its next
// key at hand goes on with it at the height from which it counts, without a
// restart, and after one.
func TestReplaceConsensusKeyRunning(t *testing.T) {
	w := newWorld(t, time.Hour)
	c := w.config(t.TempDir())
	keys := map[[32]byte]ConsensusKey{w.consensus.Public(): w.consensus}
	for _, name := range []string{"second", "third"} {
		k := SeedKey(seed("consensus key " + name))
		keys[k.Public()] = k
	}
	c.FindKey = func(public [32]byte) (ConsensusKey, error) { return keys[public], nil }
	n := w.start(c)
	for _, name := range []string{"second", "third"} {
		r := w.submit(n.Client(), w.tx(ledger.ReplaceConsensus{Key: SeedKey(seed("consensus key " + name)).Public()}))
		wait(t, n.Client(), r.Height+1)
		r = w.submit(n.Client(), w.change())
		if s := status(t, n.Client()); !s.Validating || s.HeaderHeight < r.Height {
			t.Fatalf("%s: %+v", name, s)
		}
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	n = w.start(c) // with the key of the genesis first in hand
	w.submit(n.Client(), w.change())
	w.replica(n.engine.BlockStore())
	if got := *n.signer.uses.Load(); !bytes.Equal(got, privKey{keys[SeedKey(seed("consensus key third")).Public()]}.PubKey().Address()) {
		t.Error("it does not sign with the newest key")
	}
}

// TestAdmission: a node lets in whom its operator named, by the id that the
// engine's handshake proves, and answers no other question of the engine's.
func TestAdmission(t *testing.T) {
	w := newWorld(t, time.Hour)
	named, added, other := PeerID(seed("named")), PeerID(seed("added")), PeerID(seed("other"))
	c := w.config(t.TempDir())
	c.P2P = freePort(t)
	c.Peers = []string{named + "@127.0.0.1:1"}
	var mu sync.Mutex
	allowed := map[string]bool{}
	c.Allow = func(id string) bool {
		mu.Lock()
		defer mu.Unlock()
		return allowed[id]
	}
	n := w.start(c)
	ask := func(path string) bool {
		r, err := n.app.Query(t.Context(), &abci.RequestQuery{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		return r.IsOK()
	}
	allowed[added] = true // while it runs
	for path, want := range map[string]bool{
		"/p2p/filter/id/" + named: true, "/p2p/filter/id/" + added: true, "/p2p/filter/id/" + other: false, "/p2p/filter/id/": false,
		"/p2p/filter/addr/127.0.0.1:5": true, "/store": false, "": false,
	} {
		if ask(path) != want {
			t.Errorf("%q: %v", path, !want)
		}
	}
	// The engine does ask: a stranger that dials is turned away.
	stranger := newWorlds(t, time.Hour, 2)[1]
	stranger.file = w.file
	sc := stranger.config(t.TempDir())
	sc.P2P, sc.Peers = freePort(t), []string{named + "@127.0.0.1:1"} // as a member's; nobody is there
	sc.Allow = func(string) bool { return true }
	theirs := stranger.start(sc).engine.Switch()
	address, err := p2p.NewNetAddressString(n.Peer())
	if err != nil {
		t.Fatal(err)
	}
	until := func(what string, met func() bool) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); !met(); runtime.Gosched() {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	if err := theirs.DialPeerWithAddress(address); err != nil {
		t.Fatal(err)
	}
	until("the stranger was not turned away", func() bool { return theirs.Peers().Size() == 0 })
	if n.engine.Switch().Peers().Size() != 0 {
		t.Error("a stranger is connected")
	}
	mu.Lock()
	allowed[PeerID(sc.NodeKey)] = true
	mu.Unlock()
	if err := theirs.DialPeerWithAddress(address); err != nil {
		t.Fatal(err)
	}
	until("one who is allowed is not connected", func() bool { return n.engine.Switch().Peers().Size() == 1 })
	c.Peers = []string{"nonsense"}
	c.Dir = t.TempDir()
	if _, err := Start(t.Context(), c); explain.CodeOf(err) != "peer_malformed" {
		t.Error(err)
	}
}

func TestParsePeer(t *testing.T) {
	id := PeerID(seed("a"))
	for s, ok := range map[string]bool{
		id + "@127.0.0.1:26656": true, id + "@board.example:1": true, id + "@[::1]:26656": true,
		id: false, "@127.0.0.1:1": false, id + "@": false, id + "@:1": false, id + "@host": false, id + "@host:0": false,
		id + "@host:01": false, id + "@host:65536": false, id + "@ho st:1": false, id + "@host,other:1": false,
		strings.ToUpper(id) + "@host:1": false, id[2:] + "@host:1": false, id + "@u@host:1": false,
	} {
		if _, _, err := ParsePeer(s); (err == nil) != ok || err != nil && explain.CodeOf(err) != "peer_malformed" {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// TestCheckpoint: a node that is told a block of its chain stops at another one.
func TestCheckpoint(t *testing.T) {
	w := newWorld(t, time.Hour)
	c := w.config(t.TempDir())
	n := w.start(c)
	r := w.submit(n.Client(), w.change())
	wait(t, n.Client(), r.Height)
	hash := [32]byte(n.store.header(r.Height).Hash())
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	c.Checkpoint = Checkpoint{r.Height, hash} // passed already: nothing to compare
	n = w.start(c)
	w.submit(n.Client(), w.change())
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	c.Checkpoint = Checkpoint{n.app.signed + 1, hash} // the next block
	n = w.start(c)
	if _, err := n.Client().Submit(t.Context(), w.change()); explain.CodeOf(err) != "node_other_chain" {
		t.Fatal(err)
	}
	if <-n.Done(); explain.CodeOf(n.Err()) != "node_other_chain" {
		t.Error(n.Err())
	}
}

// TestHealth: a node alone is well and measures itself; one that waits for a
// second member says that the network stands still, and who is silent.
func TestHealth(t *testing.T) {
	worlds := newWorlds(t, time.Hour, 2)
	alone := newWorld(t, time.Hour)
	n := alone.start(alone.config(t.TempDir()))
	// The first block's header has the time of founding, which may be long ago.
	wait(t, n.Client(), alone.submit(n.Client(), alone.change()).Height+1)
	get := func(n *Node, path string) (int, string) {
		t.Helper()
		r, err := http.Get("http://" + n.Address() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	if code, body := get(n, "/v1/health"); code != 200 || body != `{"well":true}` {
		t.Error(code, body)
	}
	code, body := get(n, "/metrics")
	for _, want := range []string{
		"# TYPE bonafide_state_height gauge\n", `bonafide_members{network="test-abcdefgh"} 1` + "\n", `bonafide_well{network="test-abcdefgh"} 1` + "\n",
		`bonafide_silent_members{network="test-abcdefgh"} 0` + "\n", `bonafide_validating{network="test-abcdefgh"} 1` + "\n",
	} {
		if code != 200 || !strings.Contains(body, want) {
			t.Errorf("%d: no %q in\n%s", code, want, body)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
		if !strings.HasPrefix(line, "# ") && len(strings.Fields(line)) != 2 {
			t.Errorf("no sample: %q", line)
		}
	}

	w := worlds[0]
	c := w.config(t.TempDir())
	c.P2P = freePort(t)
	c.Allow = func(string) bool { return true }
	n = w.start(c)
	if code, body := get(n, "/v1/health"); code != 503 || !strings.Contains(body, "node_catching_up") {
		t.Error(code, body) // it looks for others before it does anything
	}

	now := time.Unix(2_000_000_000, 0)
	s := Status{HeaderHeight: 5, HeaderTime: now, Interval: 10 * time.Minute, Silent: []string{"did:x:1"}}
	for age, code := range map[time.Duration]string{-time.Hour: "", 0: "", 11 * time.Minute: "", 11*time.Minute + 1: "node_halted"} {
		if err := well(s, now.Add(age)); explain.CodeOf(err) != code {
			t.Errorf("%s: %v", age, err)
		}
	}
	if explain.CodeOf(well(Status{}, now)) != "node_not_provable" || !strings.Contains(metrics(s, now), `member="did:x:1"} 1`) {
		t.Error("without a header, or a silent member")
	}
}

// TestUnknownUpgrade: a node that does not know the rules that were decided
// says so ahead, stops before the block with its own sentence, says the same at
// each start, and does not touch data of rules that it does not know.
func TestUnknownUpgrade(t *testing.T) {
	w := newWorld(t, time.Hour)
	d := newDisk()
	n, err := start(t.Context(), w.config(t.TempDir()), d.open)
	if err != nil {
		t.Fatal(err)
	}
	c := w.config(n.cfg.Dir)
	at := status(t, n.Client()).StateHeight + 8
	w.submit(n.Client(), w.tx(ledger.Propose{Action: ledger.Upgrade{Name: "unheard-of", Height: at + 40}}))
	w.submit(n.Client(), w.tx(ledger.Propose{Action: ledger.Upgrade{Name: "v1", Height: at - 1}})) // replaces it
	if s := status(t, n.Client()); s.Upgrade != "v1" || s.UpgradeAt != at-1 || !s.UpgradeKnown {
		t.Errorf("%+v", s)
	}
	w.submit(n.Client(), w.tx(ledger.Propose{Action: ledger.Upgrade{Name: "unheard-of", Height: at}}))
	got, err := n.Client().Status(t.Context())
	if err != nil || got.Upgrade != "v1" && (got.Upgrade != "unheard-of" || got.UpgradeAt != at || got.UpgradeKnown) {
		t.Errorf("%+v %v", got, err)
	}
	for range 20 {
		if _, err = n.Client().Submit(t.Context(), w.anchor(root(w.sequence))); err != nil {
			break
		}
	}
	if explain.CodeOf(err) != "node_upgrade" || explain.CodeOf(n.Err()) != "node_upgrade" {
		t.Fatal(err)
	}
	if got := n.app.at.height; got != at-1 {
		t.Fatalf("stopped after block %d, not %d", got, at-1)
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := start(t.Context(), c, d.open); explain.CodeOf(err) != "node_upgrade" {
			t.Fatal(err)
		}
	}
	if m, _, err := n.store.meta(); err != nil || m.height != at-1 {
		t.Fatalf("block %d is stored, %v", m.height, err)
	}
	if name, err := n.store.rules(); err != nil || name != "v1" {
		t.Fatal(name, err)
	}
	// As a newer program leaves it.
	if err := d.dbs["ledger"].Set([]byte{prefixRules}, []byte("unheard-of")); err != nil {
		t.Fatal(err)
	}
	d.arm(0, false)
	if _, err := start(t.Context(), c, d.open); explain.CodeOf(err) != "node_upgrade" {
		t.Fatal(err)
	}
	if d.writes.Load() != 0 {
		t.Error("it wrote something")
	}
}
