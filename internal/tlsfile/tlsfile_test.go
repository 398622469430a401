package tlsfile

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// authority signs certificates for tests.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	n    int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	a.cert, _ = x509.ParseCertificate(der)
	return a
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// issue makes a certificate for localhost that is good until then.
func (a *authority) issue(until time.Time) (cert, key []byte) {
	a.t.Helper()
	a.n++
	k, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(100 + a.n), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}, a.cert, &k.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	raw, _ := x509.MarshalPKCS8PrivateKey(k)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

func write(t *testing.T, path string, b []byte) string {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func files(t *testing.T, cert, key []byte) Files {
	dir := t.TempDir()
	return Files{Cert: write(t, filepath.Join(dir, "c.pem"), cert), Key: write(t, filepath.Join(dir, "k.pem"), key), Field: "tls"}
}

func open(t *testing.T, f Files) *Source {
	t.Helper()
	s, err := Open(f, clock.Real{}, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve answers "over HTTP/1.1" or "over HTTP/2.0" by TLS.
func serve(t *testing.T, s *Source, plain Plain) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "over "+r.Proto) }),
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go func() { _ = srv.Serve(s.Listen(ln, plain, "h2", "http/1.1")) }()
	t.Cleanup(func() { _ = srv.Close() })
	return ln.Addr().String()
}

// serial is the number of the certificate that the server shows.
func serial(t *testing.T, addr string, conf *tls.Config) (int64, error) {
	t.Helper()
	c, err := tls.Dial("tcp", addr, conf)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	// In TLS 1.3 a refusal of the client's certificate comes after the handshake.
	_, _ = io.WriteString(c, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
	if _, err := c.Read(make([]byte, 1)); err != nil {
		return 0, err
	}
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

func TestHandshakesAndReload(t *testing.T) {
	a := newAuthority(t)
	f := files(t, nil, nil)
	put := func(cert, key []byte) { write(t, f.Cert, cert); write(t, f.Key, key) }
	put(a.issue(time.Now().Add(time.Hour)))
	s := open(t, f)
	addr := serve(t, s, Refuse("speak TLS"))
	conf := &tls.Config{RootCAs: a.pool(), ServerName: "localhost"}
	show := func(want int64) {
		t.Helper()
		if n, err := serial(t, addr, conf); err != nil || n != want {
			t.Errorf("certificate %d, %v; want %d", n, err, want)
		}
	}
	show(101)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: conf.Clone(), ForceAttemptHTTP2: true}}
	for range 2 {
		resp, err := client.Get("https://" + addr)
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(resp.Body); string(b) != "over HTTP/2.0" {
			t.Errorf("%s", b)
		}
		_ = resp.Body.Close()
	}
	old := conf.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if _, err := serial(t, addr, old); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if s.Reload() {
		t.Error("nothing is new")
	}
	cert2, key2 := a.issue(time.Now().Add(2 * time.Hour))
	write(t, f.Cert, cert2) // the half of it
	if s.Reload() || s.Err() == nil {
		t.Error("a certificate without its key was taken")
	}
	show(101)
	write(t, f.Key, key2)
	if !s.Reload() || s.Err() != nil {
		t.Errorf("not taken: %v", s.Err())
	}
	show(102)
	if left := time.Until(s.Info().NotAfter); left < 110*time.Minute || len(s.Info().Names) != 2 {
		t.Errorf("%+v", s.Info())
	}
	if err := os.Remove(f.Key); err != nil {
		t.Fatal(err)
	}
	if s.Reload() || s.Err() == nil {
		t.Error("the key is gone, and nobody is told")
	}
	show(102)
}

// Watch takes up new files by itself.
func TestWatch(t *testing.T) {
	a := newAuthority(t)
	f := files(t, nil, nil)
	cert, key := a.issue(time.Now().Add(time.Hour))
	write(t, f.Cert, cert)
	write(t, f.Key, key)
	now := clock.NewFake(time.Now())
	s, err := Open(f, now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Watch(ctx); close(done) }()
	cert, key = a.issue(time.Now().Add(9 * time.Hour))
	write(t, f.Cert, cert)
	write(t, f.Key, key)
	for end := time.Now().Add(10 * time.Second); time.Until(s.Info().NotAfter) < 2*time.Hour; {
		if time.Now().After(end) {
			t.Fatal("the new certificate was not taken up")
		}
		now.Advance(every)
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
}

func TestClientCertificates(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	f := files(t, nil, nil)
	cert, key := a.issue(time.Now().Add(time.Hour))
	write(t, f.Cert, cert)
	write(t, f.Key, key)
	f.ClientCA = write(t, filepath.Join(t.TempDir(), "ca.pem"), a.pem())
	s := open(t, f)
	addr := serve(t, s, Refuse("speak TLS"))
	try := func(from *authority) error {
		conf := &tls.Config{RootCAs: a.pool(), ServerName: "localhost"}
		if from != nil {
			pair, err := tls.X509KeyPair(from.issue(time.Now().Add(time.Hour)))
			if err != nil {
				t.Fatal(err)
			}
			// Shown even when the server does not ask for one of its authority.
			conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		_, err := serial(t, addr, conf)
		return err
	}
	if err := try(a); err != nil {
		t.Errorf("a certificate of the authority is refused: %v", err)
	}
	if try(nil) == nil || try(other) == nil {
		t.Error("no certificate, or one of another authority, is let in")
	}
	write(t, f.ClientCA, other.pem())
	if !s.Reload() {
		t.Fatal(s.Err())
	}
	if try(a) == nil || try(other) != nil {
		t.Error("the new authority is not the one that counts")
	}
}

func TestBadFiles(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.issue(time.Now().Add(time.Hour))
	cert2, key2 := a.issue(time.Now().Add(time.Hour))
	for _, c := range []struct {
		name      string
		cert, key []byte
		field     string
		says      string
	}{
		{"a text", []byte("hello"), key, "tls.cert_file", "holds no certificate"},
		{"nothing", nil, key, "tls.cert_file", "holds no certificate"},
		{"exchanged", key, cert, "tls.cert_file", "holds no certificate"},
		{"no key", cert, cert, "tls.key_file", "holds no private key"},
		{"another's key", cert, key2, "tls.key_file", "is not that of the first certificate"},
		{"the authority first", append(a.pem(), cert2...), key2, "tls.key_file", "is not that of the first certificate"},
		{"a passphrase", cert, []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), "tls.key_file", "passphrase"},
	} {
		_, err := Open(files(t, c.cert, c.key), clock.Real{}, slog.New(slog.DiscardHandler))
		var e *fault.Error
		if !errors.As(err, &e) || e.Field != c.field || !strings.Contains(e.Text.In(i18n.En), c.says) || e.Text.In(i18n.Ja) == e.Text.In(i18n.En) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	f := files(t, cert, key)
	f.Cert += ".not"
	if _, err := Open(f, clock.Real{}, nil); err == nil || !strings.Contains(err.Error(), "no file") {
		t.Errorf("%v", err)
	}
	f = files(t, cert, key)
	f.ClientCA = f.Key
	if _, err := Open(f, clock.Real{}, nil); err == nil || fault.Of(err).Field != "tls.client_ca_file" {
		t.Errorf("%v", err)
	}
}

// Who does not speak TLS is told so, over HTTP and gRPC, and browsers are sent on.
func TestPlain(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.issue(time.Now().Add(time.Hour))
	s := open(t, files(t, cert, key))
	say := func(plain Plain, request string) string {
		t.Helper()
		c, err := net.Dial("tcp", serve(t, s, plain))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, request)
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		b, err := io.ReadAll(c)
		if err != nil {
			t.Errorf("%q: %v after %q", request[:20], err, b)
		}
		return string(b)
	}
	body := "POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000)
	if got := say(Refuse("speak TLS"), body); !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.HasSuffix(got, "\r\n\r\nspeak TLS\n") {
		t.Errorf("%q", got)
	}
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(say(Redirect("use https"), "GET /logs?filter=a%20b HTTP/1.1\r\nHost: localhost:7700\r\n\r\n"))), nil)
	if err != nil || resp.StatusCode != 308 || resp.Header.Get("Location") != "https://localhost:7700/logs?filter=a%20b" {
		t.Errorf("%+v, %v", resp, err)
	}
	for _, request := range []string{
		"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: evil@other\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n\r\n",
	} {
		if got := say(Redirect("use https"), request); !strings.HasPrefix(got, "HTTP/1.1 400 ") || strings.Contains(got, "Location") {
			t.Errorf("%q: %q", request, got)
		}
	}
	got := say(Refuse("speak TLS"), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	if !bytes.HasPrefix([]byte(got), []byte{0, 0, 0, 4}) || !strings.HasSuffix(got, "speak TLS") || got[9+3] != 7 {
		t.Errorf("%q", got)
	}
}
