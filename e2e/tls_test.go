//go:build e2e

package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certify writes a certificate for localhost, which is its own authority, and its key.
func certify(t *testing.T, serial int64, certFile, keyFile string) []byte {
	t.Helper()
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := x509.MarshalPKCS8PrivateKey(key)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for path, b := range map[string][]byte{certFile: cert, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert
}

// TestTLS serves everything by TLS, and is sent to by gRPC's C core and by grpc-js; a new
// certificate is taken up while it runs.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	ca := certify(t, 1, cert, key)
	files := fmt.Sprintf("{cert_file: %q, key_file: %q}", cert, key)
	api := freeAddr(t)
	config := configFile(t, "listen: "+api+"\nauth: {mode: none}\notlp: {tls: "+files+"}\ntls: "+files)
	y := &yagura{t: t, dir: dir, api: "https://" + api, otlp: "https://" + freeAddr(t), grpc: freeAddr(t), out: &buffer{}}
	y.args = []string{"serve", "--data-dir", filepath.Join(dir, "data"), "--config", config, "--otlp-http", y.otlp[len("https://"):], "--otlp-grpc", y.grpc}

	// The harness asks with the default client, which must trust what was made here.
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	trusting := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	before := http.DefaultTransport
	http.DefaultTransport = trusting
	t.Cleanup(func() { http.DefaultTransport = before })
	t.Cleanup(func() {
		y.stop()
		if t.Failed() {
			t.Logf("the server's output:\n%s", tail(y.out.String(), 40))
		}
	})
	y.start()

	client := &http.Client{Transport: trusting, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Post(y.otlp+"/v1/logs", "application/x-protobuf", bytes.NewReader(logsOf("secure", 0, 10, time.Now())))
	if err != nil || resp.StatusCode != 200 || resp.ProtoMajor != 2 {
		t.Fatalf("OTLP/HTTP by TLS: %+v, %v", resp, err)
	}
	_ = resp.Body.Close()
	for i, implementation := range []string{"C core", "grpc-js"} {
		c := call(t, implementation, "localhost:"+y.grpc[strings.LastIndex(y.grpc, ":")+1:], cert)
		c.ok(callSpec{Method: logsMethod, Gzip: true}, logsOf("secure", 10+10*i, 10, time.Now()))
	}
	y.settles("logs", "service:secure", 30)

	// In the clear: browsers are sent on, programs are told.
	if resp, err = client.Get("http://" + api + "/logs"); err != nil || resp.StatusCode != 308 || resp.Header.Get("Location") != "https://"+api+"/logs" {
		t.Errorf("a browser in the clear: %+v, %v", resp, err)
	}
	resp, err = client.Post("http://"+y.otlp[len("https://"):]+"/v1/logs", "application/x-protobuf", bytes.NewReader(logsOf("clear", 0, 1, time.Now())))
	if err != nil || resp.StatusCode != 400 {
		t.Fatalf("a sender in the clear: %+v, %v", resp, err)
	}
	if b, _ := io.ReadAll(resp.Body); !strings.Contains(string(b), "https://") {
		t.Errorf("it is told %q", b)
	}
	var status struct {
		Refusals []struct{ Reason, Guide string }
	}
	y.get("/status/ingest", nil, &status)
	if len(status.Refusals) != 1 || status.Refusals[0].Reason != "not_tls" || !strings.HasSuffix(status.Refusals[0].Guide, "#not_tls") {
		t.Errorf("refusals %+v", status.Refusals)
	}

	if _, stderr, code := y.run("health", "--config", config, "--ready"); code != 0 {
		t.Errorf("health: %d %s", code, stderr)
	}
	if stdout, stderr, code := y.run("doctor", "--config", config, "--data-dir", filepath.Join(dir, "data")); code != 0 || !strings.Contains(stdout, "running Yagura") {
		t.Errorf("doctor: %d %s %s", code, stdout, stderr)
	}

	// A renewed certificate, while it runs.
	certify(t, 2, cert, key)
	y.eventually(30*time.Second, "the new certificate", func() error {
		for _, addr := range []string{api, y.grpc, y.otlp[len("https://"):]} {
			c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
			if err != nil {
				return err
			}
			n := c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
			_ = c.Close()
			if n != 2 {
				return fmt.Errorf("%s still shows the old one", addr)
			}
		}
		return nil
	})
}
