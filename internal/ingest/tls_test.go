package ingest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
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

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/tlsfile"
)

// selfSigned is a certificate that is its own authority, good for server and client.
func selfSigned(t *testing.T) (files tlsfile.Files, client *tls.Config) {
	t.Helper()
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := x509.MarshalPKCS8PrivateKey(key)
	dir := t.TempDir()
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	files = tlsfile.Files{Cert: write("c.pem", "CERTIFICATE", der), Key: write("k.pem", "PRIVATE KEY", raw), Field: "otlp.tls"}
	cert, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return files, &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// Both ports speak TLS, ask for client certificates, and count who comes without.
func TestTLS(t *testing.T) {
	files, conf := selfSigned(t)
	files.ClientCA = files.Cert
	source, err := tlsfile.Open(files, clock.Real{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s, st := serve(t, func(o *Options) { o.TLS = source })
	none := conf.Clone()
	none.Certificates = nil

	post := func(url string, conf *tls.Config) (int, string) {
		t.Helper()
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: conf}, Timeout: 10 * time.Second}
		resp, err := c.Post(url+"/v1/logs", protobufType, bytes.NewReader(benchLogs(10)))
		if err != nil {
			return 0, err.Error()
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if code, said := post("https://"+s.HTTPAddr(), conf); code != 200 {
		t.Errorf("over HTTP: %d %s", code, said)
	}
	if code, said := post("https://"+s.HTTPAddr(), none); code != 0 || !strings.Contains(said, "certificate required") {
		t.Errorf("without a certificate: %d %s", code, said)
	}
	if code, said := post("http://"+s.HTTPAddr(), nil); code != 400 || !strings.Contains(said, "speaks TLS") {
		t.Errorf("in the clear: %d %s", code, said)
	}
	export := func(creds credentials.TransportCredentials) error {
		t.Helper()
		conn, err := grpc.NewClient(s.GRPCAddr(), grpc.WithTransportCredentials(creds))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		req := plogotlp.NewExportRequest()
		if err := req.UnmarshalProto(benchLogs(10)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err = plogotlp.NewGRPCClient(conn).Export(ctx, req)
		return err
	}
	if err := export(credentials.NewTLS(conf)); err != nil {
		t.Errorf("over gRPC: %v", err)
	}
	if err := export(credentials.NewTLS(none)); err == nil {
		t.Error("gRPC without a certificate is let in")
	}
	if err := export(insecure.NewCredentials()); status.Code(err) != codes.Unavailable {
		t.Errorf("gRPC in the clear: %v", err)
	}
	if logs, _ := st.rows(); logs != 20 {
		t.Errorf("%d logs were stored, want those of two requests", logs)
	}
	found := map[Reason]bool{}
	for _, r := range s.Refusals() {
		found[r.Reason] = true
		if r.Example == "" || r.Text.Ja == "" {
			t.Errorf("refusal %+v", r)
		}
	}
	if !found[NotTLS] || !found[BadHandshake] {
		t.Errorf("counted: %v", found)
	}
}
