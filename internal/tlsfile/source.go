package tlsfile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Files are where certificates are, in PEM.
type Files struct {
	Cert     string // the server's, followed by those between it and the root
	Key      string
	ClientCA string // "" asks clients for none
	Field    string // the setting that they belong to, for messages: "tls"
}

// Info is what a server shows to those who connect.
type Info struct {
	Names    []string // host names and addresses that it is good for
	Issuer   string
	NotAfter time.Time
}

// every is how often the files are looked at. They are small.
const every = 10 * time.Second

// Source is a certificate that follows its files. It is safe for concurrent use.
type Source struct {
	files Files
	clock clock.Clock
	log   *slog.Logger

	now atomic.Pointer[state]

	mu  sync.Mutex
	bad error // why the files as they are now are not what is served
}

type state struct {
	sum  [32]byte // of the files' bytes
	conf *tls.Config
	info Info
}

// Open reads the files. Its error is a fault that names the setting.
func Open(f Files, c clock.Clock, log *slog.Logger) (*Source, error) {
	s := &Source{files: f, clock: c, log: log}
	st, err := f.read(nil)
	if err != nil {
		return nil, err
	}
	s.now.Store(st)
	return s, nil
}

// Info is about what is served now.
func (s *Source) Info() Info { return s.now.Load().info }

// Err says why the files as they are now cannot be served, nil when they are.
func (s *Source) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bad
}

// ClientCerts says whether clients must show a certificate.
func (s *Source) ClientCerts() bool { return s.files.ClientCA != "" }

// Watch takes up new files until ctx ends.
func (s *Source) Watch(ctx context.Context) {
	for s.clock.Sleep(ctx, every) == nil {
		s.Reload()
	}
}

// Reload looks at the files and takes them up if they are new and good. It says whether
// something new is served.
func (s *Source) Reload() bool {
	was := s.now.Load()
	st, err := s.files.read(was)
	s.mu.Lock()
	before := s.bad
	s.bad = err
	s.mu.Unlock()
	switch {
	case err != nil:
		if before == nil || before.Error() != err.Error() { // once, not every ten seconds
			s.log.Error("the TLS files cannot be used; the certificate of before stays", "setting", s.files.Field, "error", err, "expires", was.info.NotAfter)
		}
		return false
	case st == was:
		return false
	}
	s.now.Store(st)
	s.log.Info("a new TLS certificate is served", "setting", s.files.Field, "names", st.info.Names, "expires", st.info.NotAfter)
	return true
}

// read gives was when the files have not changed.
func (f Files) read(was *state) (*state, error) {
	cert, err := f.pem("cert_file", f.Cert)
	if err != nil {
		return nil, err
	}
	key, err := f.pem("key_file", f.Key)
	if err != nil {
		return nil, err
	}
	var ca []byte
	if f.ClientCA != "" {
		if ca, err = f.pem("client_ca_file", f.ClientCA); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256(slices.Concat(cert, []byte{0}, key, []byte{0}, ca))
	if was != nil && was.sum == sum {
		return was, nil
	}
	if !has(cert, "CERTIFICATE") {
		return nil, f.wrong("cert_file", nil, i18n.F(
			"%s holds no certificate in PEM (-----BEGIN CERTIFICATE-----).", "%s に PEM 形式の証明書（-----BEGIN CERTIFICATE-----）がありません。", f.Cert))
	}
	if has(key, "ENCRYPTED PRIVATE KEY") || bytes.Contains(key, []byte("Proc-Type: 4,ENCRYPTED")) {
		return nil, f.wrong("key_file", nil, i18n.F(
			"%s is protected by a passphrase. Take that off (openssl pkey -in key.pem -out plain.pem) and protect the file by its permissions.",
			"%s はパスフレーズで保護されています。openssl pkey -in key.pem -out plain.pem などで解除し、ファイルの権限で保護してください。", f.Key))
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, f.pairFault(cert, key, err)
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if f.ClientCA != "" {
		conf.ClientCAs = x509.NewCertPool()
		if !conf.ClientCAs.AppendCertsFromPEM(ca) {
			return nil, f.wrong("client_ca_file", nil, i18n.F(
				"%s holds no certificate in PEM.", "%s に PEM 形式の証明書がありません。", f.ClientCA))
		}
		conf.ClientAuth = tls.RequireAndVerifyClientCert
	}
	info := Info{Issuer: pair.Leaf.Issuer.String(), NotAfter: pair.Leaf.NotAfter, Names: slices.Clone(pair.Leaf.DNSNames)}
	for _, ip := range pair.Leaf.IPAddresses {
		info.Names = append(info.Names, ip.String())
	}
	return &state{sum, conf, info}, nil
}

// pairFault tells a key that is none from one that is another certificate's.
func (f Files) pairFault(cert, key []byte, err error) error {
	for rest := key; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return f.wrong("key_file", err, i18n.F(
				"%s holds no private key in PEM (-----BEGIN PRIVATE KEY-----).", "%s に PEM 形式の秘密鍵（-----BEGIN PRIVATE KEY-----）がありません。", f.Key))
		}
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			break
		}
	}
	if strings.Contains(err.Error(), "does not match") {
		return f.wrong("key_file", err, i18n.F(
			"The key in %[1]s is not that of the first certificate in %[2]s. The server's own certificate must come first, those of the authorities after it.",
			"%[1]s の秘密鍵が、%[2]s の先頭の証明書と一致しません。サーバー証明書を先頭に、中間証明書をその後に並べてください。", f.Key, f.Cert))
	}
	return f.wrong("cert_file", err, i18n.F(
		"%[1]s and %[2]s cannot be used: %[3]s.", "%[1]s と %[2]s を使用できません（%[3]s）。", f.Cert, f.Key, err))
}

func (f Files) wrong(setting string, cause error, text i18n.Text) error {
	return &fault.Error{Code: fault.Invalid, Field: f.Field + "." + setting, Cause: cause, Text: text}
}

func (f Files) pem(setting, path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, f.wrong(setting, err, i18n.F("There is no file %s.", "ファイル %s がありません。", path))
	case errors.Is(err, fs.ErrPermission):
		return nil, f.wrong(setting, err, i18n.F(
			"The file %s may not be read by the user that Yagura runs as.", "Yagura の実行ユーザーに、ファイル %s を読み取る権限がありません。", path))
	}
	return nil, f.wrong(setting, err, i18n.F("The file %[1]s cannot be read: %[2]s.", "ファイル %[1]s を読み取れません（%[2]s）。", path, err))
}

// has says whether b holds a PEM block of a type.
func has(b []byte, kind string) bool {
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			return false
		}
		if block.Type == kind {
			return true
		}
	}
}
