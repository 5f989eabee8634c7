// Package netguard makes every HTTP client of the product. There are two kinds:
// one for addresses that the operator wrote into the configuration, and one for
// addresses that were found in bytes from outside (a DID, a status list's URL),
// which must never make this machine reach into the network it stands in.
//
// Both kinds bound time, header size and body size, and read no body that was
// compressed on the way, so that a small answer cannot become a large one.
package netguard

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"bonafide/internal/explain"
)

// Limits bound one request. Zero values mean the defaults of the client's kind.
type Limits struct {
	Timeout time.Duration // whole exchange, body included
	Body    int64         // bytes of the response body
}

const (
	operatorTimeout = 5 * time.Minute // a transaction may wait for its block
	operatorBody    = 512 << 20       // a whole pack of a large network
	outsideTimeout  = 20 * time.Second
	outsideBody     = 4 << 20

	maxHeader    = 64 << 10
	maxRedirects = 3
	maxURL       = 2048
)

// Operator returns a client for addresses that the operator configured: any
// host including loopback, http or https. It follows redirects within the same
// scheme and host only. Loopback addresses are never sent to a proxy.
//
// Codes: net_address_refused, net_redirect_refused, net_too_large.
func Operator(l Limits) *http.Client {
	l = l.or(operatorTimeout, operatorBody)
	return client(l, checkOperatorURL, sameHost, &http.Transport{
		Proxy:       operatorProxy,
		DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
	})
}

// Outside returns a client for addresses found in outside bytes: https only, no
// user information, no host that is spelled as a number in an odd way, and no
// connection to an address that is not public. The address is judged when it is
// dialled, after the name was resolved, so that a name cannot show one address
// to the check and another to the connection; each redirect is judged anew.
// It uses no proxy, since a proxy would resolve the name where we cannot look.
//
// Codes: net_address_refused, net_redirect_refused, net_too_large.
func Outside(l Limits) *http.Client { return outside(l, nil, nil, refusePrivate) }

// outside lets this package's tests bring their own resolver and roots, and let
// one listener of theirs stand for a public server. There is no other way past
// refusePrivate: an operator who tests a server puts it on a public address.
func outside(l Limits, resolver *net.Resolver, tlsConfig *tls.Config, control func(network, address string, _ syscall.RawConn) error) *http.Client {
	l = l.or(outsideTimeout, outsideBody)
	dialer := &net.Dialer{Timeout: 10 * time.Second, Resolver: resolver, Control: control}
	return client(l, CheckURL, httpsOnly, &http.Transport{
		DialContext:     dialer.DialContext,
		TLSClientConfig: tlsConfig,
	})
}

func (l Limits) or(timeout time.Duration, body int64) Limits {
	if l.Timeout <= 0 {
		l.Timeout = timeout
	}
	if l.Body <= 0 {
		l.Body = body
	}
	return l
}

func client(l Limits, check func(*url.URL) error, redirect func(*http.Request, []*http.Request) error, t *http.Transport) *http.Client {
	t.TLSHandshakeTimeout = 10 * time.Second
	t.IdleConnTimeout = 30 * time.Second
	t.MaxIdleConnsPerHost = 4
	t.MaxResponseHeaderBytes = maxHeader
	t.DisableCompression = true
	t.ForceAttemptHTTP2 = true
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &http.Client{
		Timeout:       l.Timeout,
		CheckRedirect: redirect,
		Transport:     &guard{next: t, check: check, body: l.Body},
	}
}

// guard checks the address of every hop and caps every body.
type guard struct {
	next  *http.Transport
	check func(*url.URL) error
	body  int64
}

func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := g.check(req.URL); err != nil {
		return nil, err
	}
	resp, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.ContentLength > g.body {
		_ = resp.Body.Close()
		return nil, tooLarge(g.body)
	}
	resp.Body = &capped{ReadCloser: resp.Body, left: g.body, limit: g.body}
	return resp, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the transport.
func (g *guard) CloseIdleConnections() { g.next.CloseIdleConnections() }

// capped fails, rather than ending early, when a body is longer than allowed:
// a shortened body must never look like a whole one.
type capped struct {
	io.ReadCloser
	left, limit int64
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left < 0 {
		return 0, tooLarge(c.limit)
	}
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.ReadCloser.Read(p)
	c.left -= int64(n)
	if c.left < 0 {
		return n - 1, tooLarge(c.limit)
	}
	return n, err
}

func tooLarge(limit int64) error {
	return explain.Errorf("net_too_large", "response body over %d bytes", limit)
}

func refused(why string) error { return explain.Errorf("net_address_refused", "%s", why) }

func checkOperatorURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return refused("scheme is neither http nor https")
	}
	if u.Host == "" || u.User != nil {
		return refused("address has no host, or user information")
	}
	return nil
}

func operatorProxy(req *http.Request) (*url.URL, error) {
	if IsLoopback(req.URL.Hostname()) {
		return nil, nil
	}
	return http.ProxyFromEnvironment(req)
}

// IsLoopback reports whether host (without port) is localhost or a loopback
// address.
func IsLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" && ip.Unmap().IsLoopback()
}

func sameHost(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	if req.URL.Scheme != first.Scheme || !strings.EqualFold(req.URL.Host, first.Host) {
		return explain.Errorf("net_redirect_refused", "redirect to another host")
	}
	return bounded(req, via)
}

func httpsOnly(req *http.Request, via []*http.Request) error {
	if err := CheckURL(req.URL); err != nil {
		return explain.Errorf("net_redirect_refused", "redirect: %w", err)
	}
	return bounded(req, via)
}

func bounded(req *http.Request, via []*http.Request) error {
	req.Header.Del("Referer") // where we came from is nobody's business
	if len(via) > maxRedirects {
		return explain.Errorf("net_redirect_refused", "more than %d redirects", maxRedirects)
	}
	return nil
}

// CheckURL tells whether an address found in outside bytes may be fetched at
// all, as far as its spelling says; Outside's clients judge the resolved
// address besides. It lets callers refuse an address before they store it.
func CheckURL(u *url.URL) error {
	switch {
	case u.Scheme != "https":
		return refused("scheme is not https")
	case u.User != nil:
		return refused("address carries user information")
	case u.Opaque != "" || u.Host == "":
		return refused("address has no host")
	case len(u.String()) > maxURL:
		return refused("address is too long")
	}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		if !public(ip) {
			return refused("address is not a public one")
		}
		return nil
	}
	return checkName(host)
}

// checkName takes plain ASCII host names of at least two labels. Names in
// Unicode are refused, not mapped: software that maps them differently from us
// would see another host. A last label that is a number marks the spellings of
// IPv4 addresses (0x7f.1, 2130706433, 017700000001) that some resolvers take.
func checkName(host string) error {
	if len(host) > 253 {
		return refused("host name is too long")
	}
	labels := strings.Split(host, ".")
	if len(labels) < 2 {
		return refused("host name has one label only")
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return refused("host name has a malformed label")
		}
		for _, c := range []byte(l) {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
				return refused("host name has a character outside letters, digits and hyphen")
			}
		}
	}
	last := strings.ToLower(labels[len(labels)-1])
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") && strings.Trim(last[2:], "0123456789abcdef") == "" {
		return refused("host is a number in an unusual spelling")
	}
	return nil
}

// refusePrivate is a net.Dialer Control function: it sees the address that is
// about to be connected to.
func refusePrivate(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return refused("connection is not TCP")
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !public(ap.Addr()) {
		return refused("name resolves to an address that is not public")
	}
	return nil
}

// Blocks of the IANA special-purpose address registries (RFC 6890 and its
// updates) that no public server stands in.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23",     // Teredo, ORCHID, benchmarking and other protocol assignments
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4: carries an IPv4 address that it is routed to
	"2620:4f:8000::/48",
	"3fff::/20",
)

// global is the only part of IPv6 that is given out for public use (RFC 4291,
// section 2.4). NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), unique local,
// link-local, multicast, loopback and unspecified addresses lie outside it.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(s ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(s))
	for i := range s {
		out[i] = netip.MustParsePrefix(s[i])
	}
	return out
}

func public(ip netip.Addr) bool {
	if !ip.IsValid() || ip.Zone() != "" {
		return false
	}
	ip = ip.Unmap()
	if ip.Is6() && !global.Contains(ip) {
		return false
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// Get fetches address with c and returns the body. A status other than 200 is
// an error (net_unreachable); so is everything c's guard refuses.
func Get(ctx context.Context, c *http.Client, address, accept string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, refused("address cannot be parsed")
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, coded(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, explain.Errorf("net_unreachable", "answer has status %d", resp.StatusCode)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, coded(err)
	}
	return b, nil
}

func coded(err error) error {
	if explain.CodeOf(err) != "" {
		return err
	}
	return explain.Errorf("net_unreachable", "fetching: %w", err)
}
