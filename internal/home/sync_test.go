package home

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/testkit"
	"bonafide/ledger/pack"
)

const (
	netA = "test-abcdefgh"
	netB = "test-hgfedcba"
)

// network is network.json of a ledger's newest header.
func network(t testing.TB, l *testkit.Ledger) *pack.Network {
	t.Helper()
	return must(pack.NewNetwork(must(l.LightBlock(l.Header()))))
}

func export(t testing.TB, l *testkit.Ledger, from uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := pack.Export(&b, l, from); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// site is a home that a test takes data into, with a clock of its own.
type site struct {
	*Home
	t   testing.TB
	dir string
	now time.Time
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, dir: newHome(t), now: start}
	s.Home = s.open()
	return s
}

// open opens the same folder again, as another process would.
func (s *site) open() *Home {
	s.t.Helper()
	o := options(&user{pass: goodPass})
	o.Now = func() time.Time { return s.now }
	return mustOpen(s.t, s.dir, o)
}

func (s *site) pin(l *testkit.Ledger) {
	s.t.Helper()
	if err := s.Pin(context.Background(), network(s.t, l), false, nil); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) take(b []byte) {
	s.t.Helper()
	if _, err := s.Import(context.Background(), bytes.NewReader(b)); err != nil {
		s.t.Fatal(err)
	}
}

// kept is the file with trust and data, as it is on disk.
func (s *site) kept() string { return string(files(s.t, s.dir)["network/"+currentFile]) }

// evidence is what was kept of contradictions.
func (s *site) evidence() (out []pack.Conflict) {
	s.t.Helper()
	for name, b := range files(s.t, s.dir) {
		if strings.HasPrefix(filepath.Base(name), evidencePrefix) {
			var c pack.Conflict
			if err := json.Unmarshal(b, &c); err != nil {
				s.t.Fatal(err)
			}
			out = append(out, c)
		}
	}
	return out
}

// forked is network.json of another header at the ledger's newest height that
// the same validators signed.
func forked(t testing.TB, l *testkit.Ledger) *pack.Network {
	t.Helper()
	return must(pack.NewNetwork(l.Fork(l.Height(), bytes.Repeat([]byte{7}, 32), l.Now)))
}

func TestPin(t *testing.T) {
	ctx := context.Background()
	a, b := testkit.NewLedger(t, netA, 4, 1), testkit.NewLedger(t, netB, 1, 2)
	s := newSite(t)
	_, err := s.Data()
	wantCode(t, err, "no_trust")
	_, err = s.Import(ctx, bytes.NewReader(export(t, a, 0)))
	wantCode(t, err, "no_trust")
	if len(s.kept()) > 0 {
		t.Error("a network was believed on first use")
	}
	older := network(t, a)
	a.Beat(time.Hour)
	s.pin(a)
	_, err = s.Data()
	wantCode(t, err, "no_data")
	s.take(export(t, a, 0))
	d := must(s.Data())

	// The same network, older, the same, newer: compared, and nothing changes.
	before := s.kept()
	a.Beat(time.Hour)
	for _, n := range []*pack.Network{older, network(t, a)} {
		if err := s.Pin(ctx, n, false, nil); err != nil || s.kept() != before {
			t.Error("pinning the same network changed something", err)
		}
	}
	s.take(export(t, a, d.Height))
	before = s.kept()
	if err := s.Pin(ctx, network(t, a), true, nil); err != nil || s.kept() != before {
		t.Error("replacing by the same header changed something", err)
	}
	wantCode(t, s.Pin(ctx, forked(t, a), false, nil), "pack_conflict")
	if s.kept() != before || len(s.evidence()) != 1 {
		t.Error("a contradicting header: changed or not kept as evidence")
	}

	// Another network only on purpose; what the old one proved is gone with it.
	wantCode(t, s.Pin(ctx, network(t, b), false, nil), "trust_other_network")
	if s.kept() != before {
		t.Error("another network replaced ours")
	}
	if err := s.Pin(ctx, network(t, b), true, []string{"127.0.0.1:1"}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Data()
	wantCode(t, err, "no_data")
	if tr := must(s.Trust()); tr.ChainID != netB {
		t.Error(tr.ChainID)
	}
	_, err = s.Import(ctx, bytes.NewReader(export(t, a, 0)))
	wantCode(t, err, "pack_other_network")
	if got := must(s.Sources()); len(got) != 1 {
		t.Error(got)
	}
}

// Past the trusting period neither a header nor a pack is believed, and a
// device clock set back does not help. A new pin does.
func TestThreat61_TrustExpires(t *testing.T) {
	ctx := context.Background()
	l := testkit.NewLedger(t, netA, 1, 1)
	old := network(t, l)
	s := newSite(t)
	s.pin(l)
	s.take(export(t, l, 0))
	height := must(s.Data()).Height
	kept := s.kept()
	l.Beat(time.Hour)
	s.now = l.Now.Add(pack.TrustingPeriod + 2*time.Hour)
	if _, _, err := s.clock.Read(ctx); err != nil { // the home notes that time
		t.Fatal(err)
	}
	for _, device := range []time.Time{s.now, start} {
		s.now = device
		_, err := s.Import(ctx, bytes.NewReader(export(t, l, height)))
		wantCode(t, err, "trust_expired")
		wantCode(t, s.Pin(ctx, old, true, nil), "trust_expired")
		if s.kept() != kept || must(s.Data()).Height != height {
			t.Error("the old data did not stay")
		}
	}
	s.now = l.Now.Add(pack.TrustingPeriod + 2*time.Hour)
	l.Beat(pack.TrustingPeriod)
	if err := s.Pin(ctx, network(t, l), false, nil); err != nil {
		t.Fatal(err)
	}
	_, err := s.Data()
	wantCode(t, err, "no_data") // the new header does not vouch for the old data
	s.take(export(t, l, 0))
	if must(s.Data()).Height <= height {
		t.Error("no newer data")
	}
}

func TestImportLeavesTheOldData(t *testing.T) {
	ctx := context.Background()
	l := testkit.NewLedger(t, netA, 4, 1)
	s := newSite(t)
	s.pin(l)
	first := export(t, l, 0)
	l.Beat(time.Hour)
	l.Create(l.NewBoard("Newcomer"))
	s.take(export(t, l, 0))
	before, d := s.kept(), must(s.Data())
	l.Beat(time.Hour)
	next := export(t, l, d.Height)
	altered := bytes.Clone(next)
	altered[len(altered)/2] ^= 1
	for name, c := range map[string]struct {
		r     io.Reader
		codes []string
	}{
		"lower height": {bytes.NewReader(first), []string{"pack_lower_height"}},
		"truncated":    {bytes.NewReader(next[:len(next)-1]), []string{"pack_truncated"}},
		"trailing":     {bytes.NewReader(append(bytes.Clone(next), 0)), []string{"pack_trailing"}},
		"altered":      {bytes.NewReader(altered), []string{"pack_damaged", "pack_malformed"}},
		"empty":        {strings.NewReader(""), []string{"pack_truncated", "pack_malformed"}},
		"no pack":      {strings.NewReader("MZ" + strings.Repeat("x", 200)), []string{"pack_malformed"}},
	} {
		_, err := s.Import(ctx, c.r)
		if code := explain.CodeOf(err); !strings.Contains(strings.Join(c.codes, " "), code) || code == "" {
			t.Errorf("%s: %v", name, err)
		}
		if s.kept() != before || must(s.Data()) != d {
			t.Errorf("%s: the old data did not stay", name)
		}
	}
	if _, err := s.Import(ctx, iotest.TimeoutReader(bytes.NewReader(next))); err == nil || s.kept() != before {
		t.Error("a reader that fails:", err)
	}
	// A file that cannot be replaced: neither new data nor half of it.
	blocked := filepath.Join(s.dir, networkFolder)
	if err := os.Chmod(blocked, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := s.Import(ctx, bytes.NewReader(next))
	if cerr := os.Chmod(blocked, 0o700); cerr != nil {
		t.Fatal(cerr)
	}
	if os.Getuid() != 0 && (err == nil || s.kept() != before) {
		t.Error("imported without being able to store", err)
	}
	s.take(next)
	if must(s.Data()).Height <= d.Height || must(s.open().Data()).Height != must(s.Data()).Height {
		t.Error("the next import did not take")
	}
	if len(s.evidence()) != 0 {
		t.Error("evidence of nothing")
	}
}

// Two signed headers of one height: import stops, the data stays, the evidence
// is kept once.
func TestThreat61_ConflictKeepsEvidence(t *testing.T) {
	ctx := context.Background()
	l := testkit.NewLedger(t, netA, 4, 1)
	common := network(t, l)
	twin := testkit.NewLedger(t, netA, 4, 1) // the same validators, another story
	l.Create(l.NewBoard("One"))
	twin.Create(twin.NewBoard("Two"))
	if l.Height() != twin.Height() {
		t.Fatal("the stories are of different length")
	}
	s := newSite(t)
	if err := s.Pin(ctx, common, false, nil); err != nil {
		t.Fatal(err)
	}
	s.take(export(t, l, 0))
	before, d := s.kept(), must(s.Data())
	for range 2 {
		_, err := s.Import(ctx, bytes.NewReader(export(t, twin, 0)))
		wantCode(t, err, "pack_conflict")
	}
	if s.kept() != before || must(s.Data()) != d {
		t.Error("the old data did not stay")
	}
	e := s.evidence()
	if len(e) != 1 || e[0].Height != uint64(l.Height()) || bytes.Equal(e[0].Ours, e[0].Theirs) {
		t.Errorf("%d pieces of evidence", len(e))
	}
	// Also when it comes by a source's network.json.
	other := newSite(t)
	if err := other.Pin(ctx, common, false, nil); err != nil {
		t.Fatal(err)
	}
	other.from(serve(t, l), serve(t, twin))
	_, err := other.Sync(ctx)
	wantCode(t, err, "pack_conflict")
	if len(other.evidence()) != 1 {
		t.Error("sync kept no evidence")
	}
}

// source is a node that a test speaks for.
type source struct {
	network []byte
	pack    func(from uint64) ([]byte, error)
	asked   []uint64
}

// serve is the address of an honest source of what the ledger holds now.
func serve(t testing.TB, l *testkit.Ledger) *source {
	t.Helper()
	n := network(t, l)
	whole := export(t, l, 0)
	return &source{network: n.Marshal(), pack: func(from uint64) ([]byte, error) {
		switch {
		case from == 0:
			return whole, nil
		case from > n.Height-1:
			return nil, explain.Errorf("pack_gap", "beyond")
		case l.Header() == n.Height: // nothing came after
			return export(t, l, from), nil
		}
		return nil, explain.Errorf("pack_gap", "not kept")
	}}
}

func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v1/network":
		_, _ = w.Write(s.network)
	case "/v1/pack":
		from, err := strconv.ParseUint(r.URL.Query().Get("from"), 10, 64)
		if err != nil {
			http.Error(w, "from", http.StatusBadRequest)
			return
		}
		s.asked = append(s.asked, from)
		b, err := s.pack(from)
		if err != nil {
			w.WriteHeader(http.StatusConflict)
			_ = json.NewEncoder(w).Encode(map[string]string{"code": explain.CodeOf(err), "detail": "x"})
			return
		}
		_, _ = w.Write(b)
	default:
		http.NotFound(w, r)
	}
}

// from makes sources those that the site syncs from. A nil one answers nothing.
func (s *site) from(sources ...*source) (addresses []string) {
	s.t.Helper()
	for _, src := range sources {
		var h http.Handler = src
		if src == nil {
			h = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		}
		srv := httptest.NewServer(h)
		s.t.Cleanup(srv.Close)
		addresses = append(addresses, srv.URL)
	}
	if err := s.SetSources(context.Background(), addresses); err != nil {
		s.t.Fatal(err)
	}
	return addresses
}

func TestSync(t *testing.T) {
	ctx := context.Background()
	l := testkit.NewLedger(t, netA, 4, 1)
	early := network(t, l)
	l.Create(l.NewBoard("One"))
	slow := serve(t, l)
	l.Create(l.NewBoard("Two"))
	quick := serve(t, l)
	wholeOnly := serve(t, l)
	wholeOnly.pack = func(from uint64) ([]byte, error) {
		if from > 0 {
			return nil, explain.Errorf("pack_gap", "pruned")
		}
		return quick.pack(0)
	}
	other := serve(t, testkit.NewLedger(t, netB, 1, 9))
	broken := serve(t, l)
	broken.pack = func(uint64) ([]byte, error) {
		b := bytes.Clone(must(quick.pack(0)))
		b[len(b)/2] ^= 1
		return b, nil
	}
	crying := serve(t, l)
	crying.pack = func(uint64) ([]byte, error) { return nil, explain.Errorf("pack_conflict", "believe me") }
	empty := &source{pack: func(uint64) ([]byte, error) { return nil, nil }}
	twin := testkit.NewLedger(t, netA, 4, 1) // the same validators, another story
	twin.Create(twin.NewBoard("Three"))
	lesser := serve(t, twin)

	for _, c := range []struct {
		name    string
		sources []*source
		codes   []string // of each source; "" is none
		crossed bool
		fails   string
	}{
		{"one", []*source{quick}, []string{""}, false, ""},
		{"two at one height", []*source{quick, quick}, []string{"", ""}, true, ""},
		{"one behind the other", []*source{slow, quick}, []string{"", ""}, true, ""},
		{"one before the other", []*source{quick, slow}, []string{"", ""}, true, ""},
		{"one before the other, without deltas", []*source{wholeOnly, slow}, []string{"sources_not_compared", ""}, false, ""},
		{"one silent", []*source{nil, quick}, []string{"node_unreachable", ""}, false, ""},
		{"the other silent", []*source{quick, nil}, []string{"", "node_unreachable"}, false, ""},
		{"both silent", []*source{nil, nil}, nil, false, "node_unreachable"},
		{"one of another network", []*source{other, quick}, []string{"pack_other_network", ""}, false, ""},
		{"one gives damaged packs", []*source{broken, quick}, []string{"pack_damaged", ""}, false, ""},
		{"one cries wolf", []*source{crying, quick}, []string{"pack_conflict", ""}, false, ""},
		{"one gives nothing", []*source{empty, quick}, []string{"network_malformed", ""}, false, ""},
		{"one silent, one lying", []*source{nil, broken}, nil, false, "node_unreachable"},
		{"one lying, one silent, one good", []*source{broken, nil, quick}, []string{"pack_damaged", "node_unreachable", ""}, false, ""},
		{"another story", []*source{quick, lesser}, []string{"pack_altered", ""}, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			s.t = t
			if err := s.Pin(ctx, early, false, nil); err != nil {
				t.Fatal(err)
			}
			addresses := s.from(c.sources...)
			got, err := s.Sync(ctx)
			if c.fails != "" {
				wantCode(t, err, c.fails)
				_, err = s.Data()
				wantCode(t, err, "no_data")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Crossed != c.crossed || got.Network != netA || got.Validators != 4 {
				t.Errorf("%+v", got)
			}
			for i, src := range got.Sources {
				if src.Address != addresses[i] || src.Code != c.codes[i] {
					t.Errorf("source %d: %+v, want %q", i, src, c.codes[i])
				}
				if _, ok := explain.Lookup(src.Code); src.Code != "" && !ok {
					t.Errorf("code %s has no entry", src.Code)
				}
			}
			if d := must(s.Data()); d.Height != got.Height || c.name != "another story" && d.Height != uint64(l.Height())-1 {
				t.Errorf("height %d", d.Height)
			}
			if len(s.evidence()) != 0 {
				t.Error("evidence of nothing")
			}
		})
	}
	s := newSite(t)
	_, err := s.Sync(ctx)
	wantCode(t, err, "no_sources")
	s.from(quick)
	_, err = s.Sync(ctx)
	wantCode(t, err, "no_trust")
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	s.pin(l)
	if _, err := s.Sync(cancelled); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// What is here already is not fetched again: after the first sync deltas come,
// and a source that has fallen behind is named and asked for nothing.
func TestSyncAgain(t *testing.T) {
	ctx := context.Background()
	l := testkit.NewLedger(t, netA, 1, 1)
	s := newSite(t)
	s.pin(l)
	behind := serve(t, l)
	l.Create(l.NewBoard("One"))
	src := serve(t, l)
	s.from(src)
	first, err := s.Sync(ctx)
	if err != nil || first.Delta {
		t.Fatal(err, first)
	}
	l.Create(l.NewBoard("Two"))
	next := serve(t, l)
	s.from(behind, next)
	again, err := s.Sync(ctx)
	if err != nil || !again.Delta || again.Height <= first.Height || again.Crossed {
		t.Fatal(err, again)
	}
	if again.Sources[0].Code != "pack_lower_height" || len(behind.asked) != 0 || len(next.asked) != 1 || next.asked[0] != first.Height {
		t.Errorf("%+v; asked %v and %v", again.Sources, behind.asked, next.asked)
	}
	// A delta that does not fit any more: the whole pack comes instead.
	l.Beat(time.Hour)
	whole := serve(t, l)
	deltas := whole.pack
	whole.pack = func(from uint64) ([]byte, error) {
		if from > 0 {
			return nil, explain.Errorf("pack_gap", "pruned")
		}
		return deltas(0)
	}
	s.from(whole)
	if third, err := s.Sync(ctx); err != nil || third.Delta || third.Height <= again.Height {
		t.Error(err, third)
	}
}

// A process that has been running since notices what another one imported, and
// that older data was put back.
func TestDataReload(t *testing.T) {
	l := testkit.NewLedger(t, netA, 1, 1)
	s := newSite(t)
	s.pin(l)
	s.take(export(t, l, 0))
	one := must(s.Data())
	if must(s.Data()) != one {
		t.Error("data is read again without need")
	}
	old := s.kept()
	l.Beat(time.Hour)
	other := s.open()
	if _, err := other.Import(context.Background(), bytes.NewReader(export(t, l, one.Height))); err != nil {
		t.Fatal(err)
	}
	two := must(s.Data())
	if two.Height <= one.Height || must(s.Data()) != two {
		t.Errorf("height %d after %d", two.Height, one.Height)
	}
	if must(other.Data()).Height != two.Height {
		t.Error("the importing process sees something else")
	}
	// The whole file of before, put back: a process that knew better says so,
	// and so does one that starts now.
	path := filepath.Join(s.dir, networkFolder, currentFile)
	if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, h := range []*Home{s.Home, other, s.open()} {
		_, err := h.Data()
		wantCode(t, err, "data_rolled_back")
	}
	if err := os.WriteFile(path, []byte(old[:len(old)-1]), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s.Data()
	wantCode(t, err, "data_damaged")
}
