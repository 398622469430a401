package netguard

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/yagura-sre/yagura/internal/fault"
)

var loopback = prefixes("127.0.0.1/32")

func TestPublic(t *testing.T) {
	for _, s := range []string{"93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::808:808", "172.32.0.1", "100.128.0.1"} {
		if !Public(netip.MustParseAddr(s)) {
			t.Errorf("%s is public", s)
		}
	}
	for _, s := range []string{
		"127.0.0.1", "127.255.0.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254", "169.254.1.1", "100.64.0.1",
		"100.100.100.200", "168.63.129.16", "192.0.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::1", "::", "::ffff:127.0.0.1", "::127.0.0.1", "::ffff:169.254.169.254", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:1::1", "2001:db8::1", "100::1",
	} {
		if Public(netip.MustParseAddr(s)) {
			t.Errorf("%s is not public", s)
		}
	}
}

func TestAllowList(t *testing.T) {
	g := New(Options{Allow: prefixes("10.0.0.0/8", "169.254.0.0/16", "fd00::/8")})
	for s, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "169.254.1.1": true, "169.254.169.254": false, "fd00:ec2::254": false, "fd00::1": true, "192.168.0.1": false, "8.8.8.8": true} {
		if got := g.allows(netip.MustParseAddr(s)); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
	if !New(Options{Allow: prefixes("169.254.169.254/32")}).allows(metadata[0]) {
		t.Error("named alone, the metadata address is meant")
	}
	if !New(Options{AnyAddress: true}).allows(metadata[0]) {
		t.Error("any address is any")
	}
}

func get(g *Guard, url string) (string, error) {
	resp, err := g.Client().Get(url)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func serve(t *testing.T, h http.HandlerFunc) (url string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestConnections(t *testing.T) {
	hits := 0
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hits++
		fmt.Fprint(w, r.UserAgent())
	})
	port := url[strings.LastIndexByte(url, ':'):]
	g := New(Options{Timeout: 3 * time.Second})
	for _, u := range []string{url, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, "http://0.0.0.0" + port, "http://127.1" + port, "http://2130706433" + port, "http://0x7f000001" + port} {
		if _, err := get(g, u); err == nil {
			t.Errorf("%s was reached", u)
		}
	}
	if hits != 0 {
		t.Fatalf("%d requests came through", hits)
	}
	_, err := get(g, url)
	if !fault.Is(err, fault.Forbidden) || fault.Of(err).Text.Ja == "" {
		t.Errorf("the refusal is not a fault any more: %v", err)
	}
	if got, err := get(New(Options{Allow: loopback}), url); err != nil || got != "Yagura" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := g.DialContext(t.Context(), "unix", "/var/run/docker.sock"); err == nil {
		t.Error("a socket was reached")
	}
}

// TestNamesAreJudgedByWhatTheyResolveTo asks a name server of ours that turns round: it
// gives a public address first, and this machine's from the second question on.
func TestNamesAreJudgedByWhatTheyResolveTo(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("the server was reached") })
	port := url[strings.LastIndexByte(url, ':'):]
	var asked atomic.Int64
	resolver := nameServer(t, func(string) [4]byte {
		first := asked.Add(1) == 1
		if first {
			return [4]byte{192, 0, 2, 1}
		}
		return [4]byte{127, 0, 0, 1}
	})
	g := New(Options{Resolver: resolver, Timeout: 3 * time.Second})
	for range 3 {
		if _, err := get(g, "http://evil.example"+port); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%v", err)
		}
	}
	if asked.Load() == 0 {
		t.Error("the name server was not asked: the test shows nothing")
	}
}

func nameServer(t *testing.T, answer func(name string) [4]byte) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Additionals = true, nil
			if q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: answer(q.Name.String())},
				}}
			}
			out, err := m.Pack()
			if err != nil {
				continue
			}
			_, _ = pc.WriteTo(out, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

func TestRedirects(t *testing.T) {
	hidden, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skip("no second loopback address here")
	}
	inner := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the hidden server was reached") })}
	go func() { _ = inner.Serve(hidden) }()
	t.Cleanup(func() { _ = inner.Close() })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hidden":
			http.Redirect(w, r, "http://"+hidden.Addr().String(), http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/3", "/2", "/1":
			http.Redirect(w, r, "/"+string(r.URL.Path[1]-1), http.StatusFound)
		case "/4":
			http.Redirect(w, r, "/3", http.StatusFound)
		default:
			fmt.Fprint(w, "there")
		}
	})
	g := New(Options{Allow: loopback, Timeout: 3 * time.Second})
	for path, code := range map[string]fault.Code{"/hidden": fault.Forbidden, "/file": fault.Forbidden, "/loop": fault.Unavailable, "/4": fault.Unavailable} {
		if got, err := get(g, url+path); !fault.Is(err, code) {
			t.Errorf("%s: %q %v, want %s", path, got, err, code)
		}
	}
	if got, err := get(g, url+"/3"); err != nil || got != "there" {
		t.Errorf("three redirects: %q %v", got, err)
	}
	if _, err := get(New(Options{Allow: loopback, Redirects: -1}), url+"/1"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a redirect was followed: %v", err)
	}
	down := serve(t, func(http.ResponseWriter, *http.Request) {})
	secure := httptest.NewTLSServer(http.RedirectHandler(down, http.StatusFound))
	t.Cleanup(secure.Close)
	conf := secure.Client().Transport.(*http.Transport).TLSClientConfig
	if _, err := get(New(Options{Allow: loopback, TLS: conf}), secure.URL); !fault.Is(err, fault.Forbidden) {
		t.Errorf("from https to http: %v", err)
	}
}

func TestAnswerIsBounded(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(bytes.Repeat([]byte{0}, 1<<20))
	_ = z.Close()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/fits":
			_, _ = w.Write(make([]byte, 1000))
		case "/announced":
			_, _ = w.Write(make([]byte, 1001))
		case "/streamed":
			for range 100 {
				_, _ = w.Write(make([]byte, 100))
				_ = http.NewResponseController(w).Flush()
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		case "/slow":
			<-r.Context().Done()
		}
	})
	g := New(Options{Allow: loopback, MaxResponse: 1000, Timeout: 300 * time.Millisecond})
	if got, err := get(g, url+"/fits"); err != nil || len(got) != 1000 {
		t.Errorf("%d %v", len(got), err)
	}
	for _, path := range []string{"/announced", "/streamed", "/bomb"} {
		if got, err := get(g, url+path); !fault.Is(err, fault.TooLarge) || len(got) > 1000 {
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		}
	}
	if _, err := get(New(Options{Allow: loopback, MaxResponse: -1}), url+"/bomb"); err != nil {
		t.Errorf("without a bound: %v", err)
	}
	start := time.Now()
	if _, err := get(g, url+"/slow"); err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("a server that does not answer: %v after %v", err, time.Since(start))
	}
}

func TestCheck(t *testing.T) {
	g := New(Options{})
	for _, good := range []string{"https://hooks.example.com/x?y=1", "http://example.com:8080", " https://example.com "} {
		if err := g.Check("url", good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "example.com", "ftp://example.com", "file:///etc/passwd", "https://", "https://user:pass@example.com", "http://127.0.0.1", "http://[::1]:80/", "http://169.254.169.254/latest", "gopher://x", "https://exa mple.com"} {
		if err := g.Check("url", bad); fault.Of(err) == nil || fault.Of(err).Field != "url" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
