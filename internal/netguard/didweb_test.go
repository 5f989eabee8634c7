package netguard

// did:web over the real guard and TLS: one listener on loopback stands for the
// public server, everything else on loopback for what must not be reached.

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/did/web"
	"bonafide/internal/explain"
)

// server is a web server on loopback that counts as public.
type server struct {
	*httptest.Server
	t    *testing.T
	dns  *fakeDNS
	port string

	mu    sync.Mutex
	hosts []string // Host headers of all requests, in order
}

func serve(t *testing.T, handler func(s *server, w http.ResponseWriter, r *http.Request)) *server {
	t.Helper()
	s := &server{t: t, dns: &fakeDNS{addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.hosts = append(s.hosts, r.Host)
		s.mu.Unlock()
		handler(s, w, r)
	}))
	t.Cleanup(s.Close)
	_, s.port, _ = net.SplitHostPort(s.Listener.Addr().String())
	return s
}

func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.hosts...)
}

// client is Outside's, but for this one listener.
func (s *server) client(l Limits) *http.Client {
	c := outside(l, s.dns.resolver(), roots(s.Server), func(network, address string, rc syscall.RawConn) error {
		if address == s.Listener.Addr().String() {
			return nil
		}
		return refusePrivate(network, address, rc)
	})
	s.t.Cleanup(c.CloseIdleConnections)
	return c
}

// id is a did:web of this server's port.
func (s *server) id(host, path string) did.DID {
	return did.DID("did:web:" + host + "%3A" + s.port + path)
}

func (s *server) fetch(c *http.Client, id did.DID) (*did.Document, error) {
	return web.Fetch(s.t.Context(), func(ctx context.Context, url, accept string) ([]byte, error) {
		return Get(ctx, c, url, accept)
	}, id)
}

func write(w io.Writer, id did.DID) { _, _ = fmt.Fprintf(w, `{"id":%q}`, id) }

func TestDIDWeb(t *testing.T) {
	s := serve(t, func(s *server, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/did.json":
			write(w, s.id("example.com", ""))
		case "/board/licences/did.json":
			write(w, s.id("example.com", ":board:licences"))
		case "/moved/did.json":
			http.Redirect(w, r, "https://example.com:"+s.port+"/there", http.StatusMovedPermanently)
		case "/there":
			write(w, s.id("example.com", ":moved"))
		default:
			http.NotFound(w, r)
		}
		if r.UserAgent() == "" || r.Header.Get("Accept") != web.Accept || r.Header.Get("Cookie") != "" || r.Header.Get("Referer") != "" {
			s.t.Errorf("headers %v", r.Header)
		}
	})
	c := s.client(Limits{Body: did.MaxDocument})
	for _, path := range []string{"", ":board:licences", ":moved"} {
		if d, err := s.fetch(c, s.id("example.com", path)); err != nil || d.ID != s.id("example.com", path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := s.fetch(c, s.id("example.com", ":gone")); explain.CodeOf(err) != "net_unreachable" {
		t.Error(err)
	}
	// In production no loopback server counts as public.
	if _, err := s.fetch(outside(Limits{}, s.dns.resolver(), roots(s.Server), refusePrivate), s.id("example.com", "")); explain.CodeOf(err) != "net_address_refused" {
		t.Error(err)
	}
}

func TestThreat64_DIDWebRedirectedInside(t *testing.T) {
	inside := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the inside server was reached")
	}))
	defer inside.Close()
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	targets := map[string]string{
		"address":   "https://127.0.0.1:" + port + "/did.json",
		"metadata":  "https://169.254.169.254/latest/meta-data",
		"mapped":    "https://[::ffff:127.0.0.1]:" + port + "/",
		"spelling":  "https://0x7f.1:" + port + "/",
		"localhost": "https://localhost:" + port + "/",
		"plain":     "http://example.com:" + port + "/",
		"file":      "file:///etc/passwd",
		"name":      "https://inside.example.com:" + port + "/did.json", // resolves to loopback
	}
	s := serve(t, func(_ *server, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, targets[strings.Split(r.URL.Path, "/")[1]], http.StatusFound)
	})
	c := s.client(Limits{})
	for name := range targets {
		_, err := s.fetch(c, s.id("example.com", ":"+name))
		if code := explain.CodeOf(err); code != "net_redirect_refused" && code != "net_address_refused" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(s.requests()); n != len(targets) {
		t.Errorf("%d requests", n)
	}
}

func TestThreat64_DIDWebRebinding(t *testing.T) {
	s := serve(t, func(s *server, w http.ResponseWriter, _ *http.Request) { write(w, s.id("example.com", "")) })
	// The name leads to the public server first, and inside from then on.
	s.dns.addrs = append(s.dns.addrs, netip.MustParseAddr("127.0.0.2"))
	c := s.client(Limits{})
	if _, err := s.fetch(c, s.id("example.com", "")); err != nil {
		t.Fatal(err)
	}
	c.CloseIdleConnections()
	if _, err := s.fetch(c, s.id("example.com", "")); explain.CodeOf(err) != "net_address_refused" {
		t.Error(err)
	}
	if n := len(s.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestThreat66_DIDWebWithoutEnd(t *testing.T) {
	sent, release := new(atomic.Int64), make(chan struct{})
	s := serve(t, func(_ *server, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/declared/did.json":
			w.Header().Set("Content-Length", "67108864")
		case "/slow/did.json":
			_, _ = io.WriteString(w, `{"id":`)
			w.(http.Flusher).Flush()
			select {
			case <-release:
			case <-r.Context().Done():
			}
		case "/redirects/did.json":
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		default:
			for block := make([]byte, 32<<10); sent.Load() < 64<<20; {
				n, err := w.Write(block)
				if sent.Add(int64(n)); err != nil {
					return
				}
			}
		}
	})
	defer close(release)
	c := s.client(Limits{Body: did.MaxDocument})
	for path, code := range map[string]string{":declared": "net_too_large", ":endless": "net_too_large", ":redirects": "net_redirect_refused"} {
		if d, err := s.fetch(c, s.id("example.com", path)); explain.CodeOf(err) != code || d != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if n := sent.Load(); n > 32<<20 {
		t.Errorf("%d bytes were taken in", n)
	}
	if _, err := s.fetch(s.client(Limits{Timeout: 100 * time.Millisecond}), s.id("example.com", ":slow")); explain.CodeOf(err) != "net_unreachable" {
		t.Error(err)
	}
}

func TestThreat65_DIDWebIsItsOwn(t *testing.T) {
	s := serve(t, func(s *server, w http.ResponseWriter, _ *http.Request) {
		write(w, s.id("example.com", "")) // whatever is asked for
	})
	c := s.client(Limits{})
	for name, id := range map[string]did.DID{
		"another path": s.id("example.com", ":x"),
		"a twin":       s.id("xn--exmple-cua.com", ""), // looks like example.com in Unicode
		"a subdomain":  s.id("www.example.com", ""),
	} {
		if _, err := s.fetch(c, id); explain.CodeOf(err) != "did_id_mismatch" {
			t.Errorf("%s: %v", name, err)
		}
	}
	asked := s.requests()
	for _, id := range []did.DID{
		s.id("example.com", ":..:secret"), s.id("example.com", ":%2e%2e"), s.id("example.com", ":a%2F..%2Fb"), s.id("EXAMPLE.com", ""),
		did.DID("did:web:example.com%3a" + s.port), did.DID("did:web:example.com%3A0" + s.port), did.DID("did:web:example.com:" + s.port + ":"),
		did.DID("did:web:127.0.0.1%3A" + s.port), did.DID("did:web:localhost%3A" + s.port), did.DID("did:web:ex\u0430mple.com%3A" + s.port),
	} {
		if _, err := s.fetch(c, id); explain.CodeOf(err) != "did_invalid" {
			t.Errorf("%s: %v", id, err)
		}
	}
	if got := s.requests(); len(got) != len(asked) {
		t.Errorf("asked for a malformed DID: %v", got[len(asked):])
	}
	for _, host := range asked {
		if strings.ToLower(host) != host || !strings.HasSuffix(host, ":"+s.port) {
			t.Errorf("Host: %s", host)
		}
	}
}
