package netguard

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"bonafide/internal/explain"
)

// fakeDNS answers every question for an A record with the next of addrs (the
// last one is repeated) and counts the questions.
type fakeDNS struct {
	mu    sync.Mutex
	addrs []netip.Addr
	asked int
}

func (f *fakeDNS) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go f.serve(far)
		return near, nil
	}}
}

func (f *fakeDNS) serve(c net.Conn) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, q); err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(q) != nil || len(m.Questions) != 1 {
			return
		}
		m.Response, m.Authoritative, m.Additionals = true, true, nil
		if m.Questions[0].Type == dnsmessage.TypeA {
			f.mu.Lock()
			a := f.addrs[min(f.asked, len(f.addrs)-1)]
			f.asked++
			f.mu.Unlock()
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET},
				Body:   &dnsmessage.AResource{A: a.As4()},
			}}
		}
		b, err := m.Pack()
		if err != nil {
			return
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)); err != nil {
			return
		}
	}
}

func roots(s *httptest.Server) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12, ServerName: "example.com"}
}

func fetch(t *testing.T, c *http.Client, address string) error {
	t.Helper()
	_, err := Get(t.Context(), c, address, "")
	return err
}

func TestThreat64_SpellingsThatReachInside(t *testing.T) {
	hits := new(atomic.Int32)
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := outside(Limits{}, (&fakeDNS{addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}).resolver(), roots(s), refusePrivate)
	for _, address := range []string{
		"https://127.0.0.1", "https://169.254.169.254/latest/meta-data", "https://10.0.0.1", "https://192.168.1.1",
		"https://172.16.0.1", "https://100.64.0.1", "https://0.0.0.0", "https://224.0.0.1", "https://255.255.255.255",
		"https://[::1]", "https://[::]", "https://[::ffff:127.0.0.1]", "https://[::127.0.0.1]", "https://[fe80::1]",
		"https://[fe80::1%25lo]", "https://[::1%25zone]", "https://[2001:4860:4860::8888%25eth0]", "https://[fc00::1]", "https://[ff02::1]",
		"https://[64:ff9b::7f00:1]", "https://[64:ff9b:1::7f00:1]", "https://[2002:7f00:1::]", "https://[2001::1]", "https://[2001:db8::1]",
		"https://0x7f.1", "https://0x7f000001", "https://2130706433", "https://017700000001", "https://127.1", "https://127.0.0.0x1",
		"https://localhost", "https://intranet", "https://example.com.", "https://user@example.com", "https://user:pw@example.com",
		"http://example.com", "ftp://example.com", "file:///etc/passwd", "https:example.com", "https://", "https://exa_mple.com",
		"https://ex%41mple.com:80%2f", "https://\u24d4xample.com", "https://ex\u00e4mple.com", "https://-a.example", "https://" + strings.Repeat("a", 64) + ".example",
		"https://example.com", // a good spelling whose name resolves to loopback
		"https://example.com/" + strings.Repeat("a", maxURL),
	} {
		if u, err := url.Parse(address); err == nil && u.Host != "" && u.Port() == "" && !strings.HasSuffix(u.Host, "]:") {
			u.Host += ":" + port
			address = u.String()
		}
		if err := fetch(t, c, address); explain.CodeOf(err) != "net_address_refused" {
			t.Errorf("%s: %v", address, err)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Fatalf("%d requests reached the inside server", n)
	}
}

func TestThreat64_DNSRebinding(t *testing.T) {
	// The name shows a public address first and a private one afterwards. What
	// was resolved is what is judged, each time: no second, unjudged look-up.
	dns := &fakeDNS{addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	u, err := url.Parse("https://rebind.example.com:" + port)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckURL(u); err != nil {
		t.Fatalf("spelling alone is fine: %v", err)
	}
	if err := fetch(t, outside(Limits{}, dns.resolver(), roots(s), refusePrivate), u.String()); explain.CodeOf(err) != "net_address_refused" {
		t.Fatal(err)
	}
	if dns.asked == 0 {
		t.Fatal("the name was not resolved")
	}
	for _, a := range []string{"127.0.0.1:443", "[::ffff:10.0.0.1]:443", "[fe80::1%lo]:443", "[64:ff9b::1]:443", "8.8.8.8", "x:1"} {
		if err := refusePrivate("tcp4", a, nil); explain.CodeOf(err) != "net_address_refused" {
			t.Errorf("%s: %v", a, err)
		}
	}
	for _, a := range []string{"8.8.8.8:443", "[2001:4860:4860::8888]:443", "[::ffff:8.8.8.8]:443"} {
		if err := refusePrivate("tcp6", a, nil); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	if err := refusePrivate("udp4", "8.8.8.8:443", nil); err == nil {
		t.Error("UDP was allowed")
	}
}

func TestThreat64_Redirects(t *testing.T) {
	follow := func(c *http.Client, from string, to ...string) error {
		first, err := http.NewRequest(http.MethodGet, from, nil)
		if err != nil {
			t.Fatal(err)
		}
		via := []*http.Request{first}
		for _, a := range to {
			u, err := url.Parse(a)
			if err != nil {
				t.Fatal(err)
			}
			next := &http.Request{URL: u, Header: http.Header{"Referer": {"secret"}}}
			if err := c.CheckRedirect(next, via); err != nil {
				return err
			}
			if next.Header.Get("Referer") != "" {
				t.Error("redirect tells where it came from")
			}
			via = append(via, next)
		}
		return nil
	}
	for _, to := range []string{"http://example.com", "https://127.0.0.1", "https://[::1]", "https://0x7f.1", "https://a@example.com", "https://localhost"} {
		if err := follow(Outside(Limits{}), "https://example.com", to); explain.CodeOf(err) != "net_redirect_refused" {
			t.Errorf("%s: %v", to, err)
		}
	}
	if err := follow(Outside(Limits{}), "https://example.com", "https://other.example.org/x"); err != nil {
		t.Error(err)
	}
	loop := []string{"https://a.example/1", "https://a.example/2", "https://a.example/3", "https://a.example/4"}
	if err := follow(Outside(Limits{}), "https://a.example", loop...); explain.CodeOf(err) != "net_redirect_refused" {
		t.Errorf("endless redirects: %v", err)
	}

	// Operator's clients stay on their host, over a real connection.
	var s *httptest.Server
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("left its host") }))
	defer other.Close()
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/end", http.StatusFound)
		default:
			_, _ = io.WriteString(w, "end")
		}
	}))
	defer s.Close()
	op := Operator(Limits{})
	defer op.CloseIdleConnections()
	if err := fetch(t, op, s.URL+"/away"); explain.CodeOf(err) != "net_redirect_refused" {
		t.Error(err)
	}
	if err := fetch(t, op, s.URL+"/here"); err != nil {
		t.Error(err)
	}
	if err := fetch(t, op, "https://user:pw@example.com"); explain.CodeOf(err) != "net_address_refused" {
		t.Error(err)
	}
	if err := fetch(t, op, "gopher://example.com"); explain.CodeOf(err) != "net_address_refused" {
		t.Error(err)
	}
}

func TestThreat66_UnboundedBody(t *testing.T) {
	const limit = 1 << 10
	sent := new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/declared":
			w.Header().Set("Content-Length", "67108864")
			w.WriteHeader(http.StatusOK)
			return
		case "/exact":
			_, _ = w.Write(make([]byte, limit))
			return
		}
		for block := make([]byte, 32<<10); ; {
			n, err := w.Write(block)
			sent.Add(int64(n))
			if err != nil || sent.Load() > 64<<20 {
				return
			}
		}
	}))
	defer s.Close()
	c := Operator(Limits{Body: limit})
	defer c.CloseIdleConnections()
	if b, err := Get(t.Context(), c, s.URL+"/exact", ""); err != nil || len(b) != limit {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	for _, path := range []string{"/declared", "/endless"} {
		if b, err := Get(t.Context(), c, s.URL+path, ""); explain.CodeOf(err) != "net_too_large" || b != nil {
			t.Errorf("%s: %d bytes, %v", path, len(b), err)
		}
	}
	if sent.Load() > 32<<20 {
		t.Errorf("%d bytes were taken in", sent.Load())
	}
}

func TestThreat66_SlowLoris(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "a")
		w.(http.Flusher).Flush()
		select { // never ends by itself
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	defer close(release)
	c := Operator(Limits{Timeout: 50 * time.Millisecond})
	defer c.CloseIdleConnections()
	var timeout interface{ Timeout() bool }
	if err := fetch(t, c, s.URL); explain.CodeOf(err) != "net_unreachable" || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Fatal(err)
	}
}

func TestOperatorTakesNoProxyForLoopback(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:1")
	t.Setenv("http_proxy", "http://192.0.2.1:1")
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]", "LocalHost"} {
		u := &url.URL{Scheme: "http", Host: host + ":26657"}
		if p, err := operatorProxy(&http.Request{URL: u}); p != nil || err != nil {
			t.Errorf("%s goes through %v (%v)", host, p, err)
		}
	}
	if tr := Outside(Limits{}).Transport.(*guard).next; tr.Proxy != nil {
		t.Error("a client for outside addresses uses a proxy")
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://example.com", "https://0x7f.1/", "https://[::1%25a]/", "https://a.b:1/#x", "https://1.2.3.4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := url.Parse(s)
		if err != nil || CheckURL(u) != nil {
			return
		}
		if u.Scheme != "https" || u.User != nil || IsLoopback(u.Hostname()) || strings.ContainsAny(u.Hostname(), "% @\x00") {
			t.Fatalf("accepted %q", s)
		}
	})
}
