// Package netguard makes the requests that go to addresses people typed: webhooks,
// remote stores, probes. Without it, whoever may enter a URL could make the server talk
// to its own neighbours: loopback services, the cloud's metadata, the internal network.
//
// Invariants:
//   - The address is judged after the name was resolved, at the moment of connecting, so
//     that a name cannot point elsewhere in between; and again after each redirect.
//   - Loopback, private, link-local and other special addresses are refused unless they
//     are allowed by name of their network. A metadata address is refused unless it is
//     allowed alone, as a network of one address.
//   - An answer that is larger than allowed is an error, not a shorter answer.
//   - Proxies from the environment are not used: behind one, nothing could be judged.
package netguard

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Options say what is let through.
type Options struct {
	// Allow are networks that are fine although they are internal.
	Allow []netip.Prefix
	// AnyAddress lets everything through that the machine can reach: for addresses that
	// the operator wrote into the configuration. The other limits hold.
	AnyAddress bool

	Timeout     time.Duration // of a whole request; 30 s; negative: none, the context's
	MaxResponse int64         // bytes of a body, unpacked; 10 MiB; negative: any
	Redirects   int           // followed; 3; negative: none
	UserAgent   string        // "Yagura" when empty
	Resolver    *net.Resolver // the machine's when nil
	TLS         *tls.Config   // the machine's certificates when nil
}

// Guard makes connections and clients. It is safe for concurrent use.
type Guard struct{ opt Options }

// New makes a guard.
func New(opt Options) *Guard {
	if opt.Timeout == 0 {
		opt.Timeout = 30 * time.Second
	}
	if opt.MaxResponse == 0 {
		opt.MaxResponse = 10 << 20
	}
	if opt.Redirects == 0 {
		opt.Redirects = 3
	}
	if opt.UserAgent == "" {
		opt.UserAgent = "Yagura"
	}
	return &Guard{opt}
}

// special are the networks that are not the public internet's, beside those that netip
// knows by name.
var special = prefixes(
	"0.0.0.0/8",       // this network
	"100.64.0.0/10",   // behind a carrier's NAT, and some clouds' metadata
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"240.0.0.0/4",     // reserved, and broadcast
	"::/96",           // IPv4 in the deprecated form
	"64:ff9b:1::/48",  // local NAT64
	"100::/64",        // discard
	"2001::/23",       // protocol assignments, Teredo
	"2001:db8::/32",   // documentation
	"3fff::/20",       // documentation
	"5f00::/16",       // segment routing
	"fec0::/10",       // site-local
)

// metadata are the services that hand out a cloud machine's credentials.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("169.254.170.2"), netip.MustParseAddr("169.254.170.23"),
	netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("fd00:ec2::23"),
	netip.MustParseAddr("168.63.129.16"),
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// Public says that an address belongs to the public internet.
func Public(ip netip.Addr) bool {
	ip = embedded(ip)
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, m := range metadata {
		if ip == m {
			return false
		}
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// embedded takes the IPv4 address out of the IPv6 forms that carry one to it.
func embedded(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if !ip.Is6() {
		return ip
	}
	b := ip.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(ip): // NAT64
		return netip.AddrFrom4([4]byte(b[12:16]))
	case netip.MustParsePrefix("2002::/16").Contains(ip): // 6to4
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return ip
}

// allows judges one address.
func (g *Guard) allows(ip netip.Addr) bool {
	if g.opt.AnyAddress || Public(ip) {
		return true
	}
	ip = embedded(ip)
	secret := false
	for _, m := range metadata {
		secret = secret || ip == m
	}
	for _, p := range g.opt.Allow {
		if p.Contains(ip) && (!secret || p.IsSingleIP()) {
			return true
		}
	}
	return false
}

func refused(ip string) error {
	return fault.New(fault.Forbidden, i18n.F(
		"The address %s belongs to an internal network, and requests to those are not allowed.",
		"アドレス %s は内部ネットワークに属するため、接続は許可されていません。", ip))
}

// DialContext connects as net.Dialer does, to allowed addresses alone.
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{
		Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Resolver: g.opt.Resolver,
		// Called with the address that is about to be connected to, after resolving.
		ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil || !strings.HasPrefix(network, "tcp") {
				return refused(address)
			}
			if !g.allows(ap.Addr()) {
				return refused(ap.Addr().String())
			}
			return nil
		},
	}
	return d.DialContext(ctx, network, address)
}

// Client makes an HTTP client. Keep it: it keeps connections.
func (g *Guard) Client() *http.Client {
	return &http.Client{Transport: g.Transport(), Timeout: max(0, g.opt.Timeout), CheckRedirect: g.redirect}
}

// Transport makes the client's transport alone, for libraries that want one.
func (g *Guard) Transport() http.RoundTripper {
	conf := g.opt.TLS
	if conf == nil {
		conf = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &transport{g, &http.Transport{
		Proxy:                  nil,
		DialContext:            g.DialContext,
		TLSClientConfig:        conf,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  max(0, g.opt.Timeout),
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        90 * time.Second,
	}}
}

// Check says whether a URL that somebody typed can be used at all, without connecting;
// field names the input. What its name resolves to is judged when it is used.
func (g *Guard) Check(field, raw string) error {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fault.Field(field, i18n.T("This is not an http or https URL.", "http または https の URL を指定してください。"))
	}
	if u.User != nil {
		return fault.Field(field, i18n.T(
			"A URL must not hold a user and password: they would be shown to everybody who sees the URL.",
			"URL にユーザー名とパスワードを含めることはできません。URL を閲覧できる全員に表示されてしまいます。"))
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !g.allows(ip) {
		return fault.Field(field, fault.Of(refused(ip.String())).Text)
	}
	return nil
}

func (g *Guard) redirect(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) > max(0, g.opt.Redirects):
		return fault.New(fault.Unavailable, i18n.F(
			"%s redirects too often.", "%s のリダイレクト回数が多すぎます。", via[0].URL.Host))
	case via[len(via)-1].URL.Scheme == "https" && r.URL.Scheme != "https":
		return fault.New(fault.Forbidden, i18n.F(
			"%s redirects from https to http, which would send the request in the clear.",
			"%s は https から http にリダイレクトしています。通信が暗号化されなくなるため中止しました。", via[0].URL.Host))
	}
	return nil
}

type transport struct {
	guard *Guard
	inner *http.Transport
}

// RoundTrip makes one request and bounds its answer.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" {
		return nil, fault.New(fault.Forbidden, i18n.F(
			"Only http and https are possible, not %q.", "使用できるのは http と https だけです（%q は使用できません）。", r.URL.Scheme))
	}
	if r.Header.Get("User-Agent") == "" {
		r = r.Clone(r.Context()) // a transport must not change its request
		r.Header.Set("User-Agent", t.guard.opt.UserAgent)
	}
	resp, err := t.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	limit := t.guard.opt.MaxResponse
	if limit < 0 {
		return resp, nil
	}
	if resp.ContentLength > limit && r.Method != http.MethodHead {
		_ = resp.Body.Close() // it will not be read
		return nil, tooLarge(r, limit)
	}
	resp.Body = &body{resp.Body, limit, r}
	return resp, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the connections.
func (t *transport) CloseIdleConnections() { t.inner.CloseIdleConnections() }

// body fails where it becomes longer than it may be.
type body struct {
	io.ReadCloser
	left int64
	req  *http.Request
}

func (b *body) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more than allowed tells the end from too much
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n, b.left = int(b.left), 0
		return n, tooLarge(b.req, -1)
	}
	b.left -= int64(n)
	return n, err
}

func tooLarge(r *http.Request, limit int64) error {
	cause := errors.New("the answer is longer than allowed")
	if limit >= 0 {
		cause = fmt.Errorf("the answer is longer than %d bytes", limit)
	}
	return fault.Wrap(cause, fault.TooLarge, i18n.F(
		"The answer of %s is too large.", "%s の応答が大きすぎます。", r.URL.Host))
}
