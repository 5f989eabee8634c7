package home

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bonafide/internal/testkit"
)

// folderOf serves files as any web server does.
func folderOf(t testing.TB, files map[string][]byte) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, ok := files[r.URL.Path[1:]]
		if !ok {
			http.NotFound(w, r) // text, not JSON
			return
		}
		_, _ = w.Write(b)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// TestSyncFromFolder: the files that a node publishes are a source wherever
// they lie: the whole pack, then the delta beside it, which later comes alone.
func TestSyncFromFolder(t *testing.T) {
	ctx := context.Background()
	l := testkit.NewLedger(t, netA, 4, 1)
	early := network(t, l)
	l.Create(l.NewBoard("One"))
	whole, base := network(t, l), export(t, l, 0)
	from := uint64(l.Height()) - 1
	stale := map[string][]byte{"network.json": whole.Marshal(), "pack.bonafide": base}
	l.Create(l.NewBoard("Two"))
	second := export(t, l, from)
	node := serve(t, l)
	files := map[string][]byte{"network.json": whole.Marshal(), "pack.bonafide": base, "delta.bonafide": second}
	folder := folderOf(t, files)
	altered := bytes.Clone(second)
	altered[len(altered)-40] ^= 1
	lying := folderOf(t, map[string][]byte{"network.json": whole.Marshal(), "pack.bonafide": base, "delta.bonafide": altered})
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<html>Welcome</html>"))
	}))
	t.Cleanup(page.Close)

	sync := func(s *site, sources ...string) Synced {
		t.Helper()
		if err := s.SetSources(ctx, sources); err != nil {
			t.Fatal(err)
		}
		got, err := s.Sync(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	fresh := func() *site {
		t.Helper()
		s := newSite(t)
		if err := s.Pin(ctx, early, false, nil); err != nil {
			t.Fatal(err)
		}
		return s
	}
	two := uint64(l.Height()) - 1

	s := fresh()
	if got := sync(s, folder); got.Height != two || got.Delta || got.Crossed || got.Sources[0].Code != "" {
		t.Errorf("%+v", got)
	}
	// The network file is older than the data now; only the delta counts.
	l.Create(l.NewBoard("Three"))
	files["delta.bonafide"] = export(t, l, from)
	newest := uint64(l.Height()) - 1
	if got := sync(s, folder); got.Height != newest || !got.Delta || got.Sources[0].Code != "" {
		t.Errorf("%+v", got)
	}
	before := s.kept()
	_, err := s.Sync(ctx)
	if err != nil || s.kept() != before {
		t.Error("nothing new changed something", err)
	}

	// Beside others: what is the same is the same, what is worse is named.
	if got := sync(fresh(), folderOf(t, stale), folder); got.Height != newest || !got.Crossed {
		t.Errorf("%+v", got)
	}
	s = fresh()
	if got := sync(s, folderOf(t, stale)); got.Height != from || got.Sources[0].Code != "" {
		t.Errorf("%+v", got)
	}
	for place, codes := range map[string][]string{
		lying:    {"pack_damaged", "pack_malformed"},
		page.URL: {"network_malformed", "node_bad_answer"},
	} {
		got, err := func() (Synced, error) {
			if err := s.SetSources(ctx, []string{place}); err != nil {
				t.Fatal(err)
			}
			return s.Sync(ctx)
		}()
		wantCode(t, err, codes...)
		if got.Height != 0 || must(s.Data()).Height != from {
			t.Errorf("%+v", got)
		}
	}
	got := sync(s, append(s.from(node), lying)...)
	if got.Height != two || got.Crossed || got.Sources[0].Code != "" || got.Sources[1].Code == "" {
		t.Errorf("%+v", got)
	}
	if len(s.evidence()) != 0 {
		t.Error("evidence of nothing")
	}
}

// TestThreat11_OneSourceTwice: a source that is named twice, in whatever spelling,
// counts once, and nobody cross-checked what it says.
func TestThreat11_OneSourceTwice(t *testing.T) {
	ctx := context.Background()
	l := testkit.NewLedger(t, netA, 4, 1)
	l.Beat(start.Sub(l.Now))
	s := newSite(t)
	s.pin(l)
	address := s.from(serve(t, l))[0] // http://127.0.0.1:PORT
	bare := strings.TrimPrefix(address, "http://")
	again := []string{
		address, address + "/", bare, "HTTP://" + bare + "//",
		strings.Replace(address, "127.0.0.1", "localhost", 1), strings.Replace(address, "127.0.0.1", "LOCALHOST.", 1),
	}
	if err := s.SetSources(ctx, again); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := s.Sync(ctx); err != nil || got.Crossed || len(got.Sources) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	two := s.from(serve(t, l), serve(t, l))
	if got, err := s.Sync(ctx); err != nil || !got.Crossed || len(got.Sources) != 2 || two[0] == two[1] {
		t.Fatalf("two sources: %+v, %v", got, err)
	}
	for _, same := range [][]string{
		{"packs.example", "http://packs.example:80/", "https://PACKS.example", "https://packs.example.:443"},
		{"https://packs.example/ohio", "https://packs.example:443/ohio/"},
		{"[::1]:26700", "127.0.0.1:26700", "http://localhost:26700/"},
	} {
		if got := distinct(same); len(got) != 1 || got[0] != same[0] {
			t.Errorf("%v: %v", same, got)
		}
	}
	others := []string{"https://packs.example", "https://packs.example:8443", "https://packs.example/ohio", "https://pack.example", "http://packs.example:443", "%zz"}
	if got := distinct(others); len(got) != len(others) {
		t.Errorf("different places: %v", got)
	}
}
