package notify

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/sqldb/sqldbtest"
)

// one is a fixture on one database: senders do not care which.
func one(t *testing.T) *fixture {
	t.Helper()
	db := sqldbtest.OpenAt(t, sqldbtest.SQLite(t))
	if err := db.Migrate(t.Context(), Migrations, job.Migrations); err != nil {
		t.Fatal(err)
	}
	return fresh(t, db, clock.NewFake(begin))
}

// blockKit checks a message against the limits that Slack documents, and gives its texts.
func blockKit(body []byte) (texts []string, err error) {
	var m struct {
		Text   string           `json:"text"`
		Blocks []map[string]any `json:"blocks"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, err
	}
	if m.Text == "" || utf8.RuneCountInString(m.Text) > 40000 || len(m.Blocks) == 0 || len(m.Blocks) > 50 {
		return nil, fmt.Errorf("text of %d, %d blocks", len(m.Text), len(m.Blocks))
	}
	var errs []error
	text := func(where string, v any, max int, kinds string) {
		o, _ := v.(map[string]any)
		s, _ := o["text"].(string)
		kind, _ := o["type"].(string)
		if n := utf8.RuneCountInString(s); n < 1 || n > max || !strings.Contains(kinds, kind) {
			errs = append(errs, fmt.Errorf("%s: %d characters of %s", where, n, kind))
		}
		if kind == "mrkdwn" {
			// Outside its own forms, these three have to be escaped.
			bare := strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(s)
			if !strings.Contains(s, "<!date^") && strings.ContainsAny(bare, "&<>") {
				errs = append(errs, fmt.Errorf("%s: not escaped: %s", where, s))
			}
		}
		texts = append(texts, s)
	}
	for i, b := range m.Blocks {
		at := fmt.Sprintf("blocks[%d]", i)
		switch b["type"] {
		case "header":
			text(at, b["text"], 150, "plain_text")
		case "section":
			if b["text"] != nil {
				text(at, b["text"], 3000, "plain_text mrkdwn")
			}
			fields, _ := b["fields"].([]any)
			if len(fields) > 10 || b["text"] == nil && len(fields) == 0 {
				errs = append(errs, fmt.Errorf("%s: %d fields", at, len(fields)))
			}
			for _, f := range fields {
				text(at+".fields", f, 2000, "plain_text mrkdwn")
			}
		case "actions":
			elements, _ := b["elements"].([]any)
			if len(elements) < 1 || len(elements) > 25 {
				errs = append(errs, fmt.Errorf("%s: %d elements", at, len(elements)))
			}
			ids := map[any]bool{}
			for _, e := range elements {
				e := e.(map[string]any)
				text(at+".button", e["text"], 75, "plain_text")
				if u, _ := e["url"].(string); len(u) > 3000 || !strings.HasPrefix(u, "http") {
					errs = append(errs, fmt.Errorf("%s: URL %q", at, u))
				}
				if id := e["action_id"]; id != nil && id != "" {
					if ids[id] {
						errs = append(errs, fmt.Errorf("%s: action_id twice", at))
					}
					ids[id] = true
				}
			}
		case "context":
			elements, _ := b["elements"].([]any)
			if len(elements) < 1 || len(elements) > 10 {
				errs = append(errs, fmt.Errorf("%s: %d elements", at, len(elements)))
			}
			for _, e := range elements {
				text(at, e, 3000, "plain_text mrkdwn")
			}
		default:
			errs = append(errs, fmt.Errorf("%s: type %v", at, b["type"]))
		}
	}
	return texts, errors.Join(errs...)
}

// slackServer takes messages as Slack does, at one address.
func slackServer(t *testing.T, path string) (url string, got func() [][]string) {
	var mu sync.Mutex
	var all [][]string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		texts, err := blockKit(body)
		switch {
		case r.URL.Path != path:
			w.WriteHeader(404)
			_, _ = io.WriteString(w, "no_service")
		case r.Header.Get("Content-Type") != "application/json" || err != nil:
			t.Errorf("invalid_blocks: %v\n%s", err, body)
			w.WriteHeader(400)
			_, _ = io.WriteString(w, "invalid_blocks")
		default:
			mu.Lock()
			all = append(all, texts)
			mu.Unlock()
			_, _ = io.WriteString(w, "ok")
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, func() [][]string { mu.Lock(); defer mu.Unlock(); return all }
}

func TestSlack(t *testing.T) {
	x := one(t)
	const path = "/services/T0123ABCD/B0123ABCD/SeCrEtSeCrEtSeCrEt"
	url, got := slackServer(t, path)
	d := x.put(t, Destination{Name: "障害対応", Kind: Slack, Settings: Settings{URLSecret: x.secret(t, "slack", url+path)}})
	if _, err := x.Test(x.ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	if all := got(); len(all) != 1 || !strings.Contains(all[0][0], "「障害対応」へのテスト通知") {
		t.Errorf("%v", all)
	}
	// Everything that could break a limit.
	long := strings.Repeat("とても長い<&>文。\n", 3000)
	big := message("big")
	big.Title = i18n.T(long, long)
	big.Text = i18n.T(long, long)
	for range 40 {
		big.Fields = append(big.Fields, Field{i18n.T(long, long), i18n.T(long, long)})
		big.Links = append(big.Links, Link{i18n.T(long, long), "https://example.com/" + strings.Repeat("x", 2900)})
	}
	big.Links = append([]Link{{i18n.T("x", "x"), "https://example.com/" + strings.Repeat("x", 4000)}}, big.Links...)
	for _, m := range []Message{big, message("usual"), {Kind: "k", Key: "k", Time: begin, Title: i18n.T("only", "題だけ")}} {
		if err := x.send(t.Context(), d, Delivery{ID: "1", Message: m}); err != nil {
			t.Errorf("%.40s: %v", m.Title.En, err)
		}
	}
	usual := strings.Join(got()[2], "|")
	for _, part := range []string{"🚨 決済が失敗しています <今> & ここ", "10 件中 4 件が失敗しています。\n2 行目", "*サービス*\ncheckout", "開く", "ランブック"} {
		if !strings.Contains(usual, part) {
			t.Errorf("%q is not in %s", part, usual)
		}
	}

	// What goes wrong is said, without the address, which is the secret.
	refused := func(address string, final bool, part string) {
		t.Helper()
		d.Settings.URLSecret = x.secret(t, "slack", address)
		err := x.send(t.Context(), d, Delivery{ID: "1", Message: message("m")})
		if err == nil || isPermanent(err) != final || !strings.Contains(fault.Of(err).Text.En, part) {
			t.Errorf("%s: permanent %v: %v", address, isPermanent(err), err)
			return
		}
		for _, s := range []string{"SeCrEt", "T0123ABCD"} {
			if strings.Contains(err.Error()+fault.Of(err).Text.Ja, s) {
				t.Errorf("%s: a secret is in %v", address, err)
			}
		}
	}
	refused(url+"/services/T0123ABCD/B0123ABCD/SeCrEtOld", true, "404: no_service")
	refused("not an address SeCrEt", true, "does not hold the URL")
	refused("http://127.0.0.1:1"+path, false, "127.0.0.1:1")
	refused("http://no-such-host.invalid"+path, false, "no-such-host.invalid")
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(429)
	}))
	defer busy.Close()
	refused(busy.URL+path, false, "Slack asks to send less")
	if err := x.send(t.Context(), d, Delivery{ID: "1", Message: message("m")}); fault.Of(err).RetryAfter != 30*time.Second {
		t.Error(err)
	}
}

// mailbox is a mail server's side.
type mailbox struct {
	mu       sync.Mutex
	mails    []letter
	sessions int
	refuse   error // of RCPT
}

type letter struct {
	from, user string
	to         []string
	data       []byte
	tls        bool
}

func (m *mailbox) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, secure := c.TLSConnectionState()
	m.sessions++
	return &smtpSession{box: m, l: letter{tls: secure}}, nil
}

type smtpSession struct {
	box *mailbox
	l   letter
}

func (s *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

func (s *smtpSession) Auth(mech string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != "yagura" || password != "pässword hush" {
			return smtp.ErrAuthFailed
		}
		s.l.user = user
		return nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error { s.l.from = from; return nil }

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.box.refuse != nil {
		return s.box.refuse
	}
	s.l.to = append(s.l.to, to)
	return nil
}

func (s *smtpSession) Data(r io.Reader) (err error) {
	s.l.data, err = io.ReadAll(r)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.mails = append(s.box.mails, s.l)
	return err
}

func (s *smtpSession) Reset()        {}
func (s *smtpSession) Logout() error { return nil }

// certificate is one for localhost, and a pool that believes it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestMail(t *testing.T) {
	x := one(t)
	cert, pool := certificate(t)
	x.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	password := x.secret(t, "smtp", "pässword hush")
	serve := func(mode TLSMode) (*mailbox, int) {
		t.Helper()
		box := &mailbox{}
		srv := smtp.NewServer(box)
		srv.Domain = "localhost"
		srv.AllowInsecureAuth = false
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		if mode != Plain {
			srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
		}
		if mode == Implicit {
			l = tls.NewListener(l, srv.TLSConfig)
		}
		go func() { _ = srv.Serve(l) }()
		t.Cleanup(func() { _ = srv.Close() })
		return box, port
	}
	for _, mode := range []TLSMode{StartTLS, Implicit, Plain} {
		t.Run(string(mode), func(t *testing.T) {
			box, port := serve(mode)
			set := Settings{Host: "localhost", Port: port, TLS: mode, From: "Yagura 通知 <yagura@example.com>", To: []string{"a@example.com", "担当 <b@example.com>"}}
			if mode != Plain {
				set.User, set.Password = "yagura", password
			}
			d := x.put(t, Destination{Name: "mail " + string(mode), Kind: Email, Settings: set})
			dl := Delivery{ID: "0123456789abcdef", Message: message("m")}
			if err := x.send(t.Context(), d, dl); err != nil {
				t.Fatal(err)
			}
			if len(box.mails) != 1 {
				t.Fatal("no mail came")
			}
			l := box.mails[0]
			if l.from != "yagura@example.com" || fmt.Sprint(l.to) != "[a@example.com b@example.com]" || l.tls != (mode != Plain) || (l.user != "") != (mode != Plain) {
				t.Errorf("%+v", l)
			}
			checkMail(t, l.data)

			// A wrong password may be mended; a recipient that is not there may not.
			if mode != Plain {
				wrong := d
				wrong.Settings.Password = x.secret(t, "wrong", "not the hush one")
				if err := x.send(t.Context(), wrong, dl); err == nil || isPermanent(err) || strings.Contains(err.Error(), "hush") || !strings.Contains(fault.Of(err).Text.En, "535") {
					t.Errorf("wrong password: %v", err)
				}
			}
			box.refuse = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
			if err := x.send(t.Context(), d, dl); !isPermanent(err) || !strings.Contains(fault.Of(err).Text.En, "550") {
				t.Errorf("550: permanent %v: %v", isPermanent(err), err)
			}
			box.refuse = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "greylisted"}
			if err := x.send(t.Context(), d, dl); err == nil || isPermanent(err) || !strings.Contains(fault.Of(err).Text.En, "451") {
				t.Errorf("451: permanent %v: %v", isPermanent(err), err)
			}
		})
	}
	t.Run("a server that does not encrypt", func(t *testing.T) {
		box, port := serve(Plain)
		d := x.put(t, Destination{Name: "no tls", Kind: Email, Settings: Settings{Host: "localhost", Port: port, TLS: StartTLS, User: "yagura", Password: password, From: "y@example.com", To: []string{"a@example.com"}}})
		if err := x.send(t.Context(), d, Delivery{ID: "1", Message: message("m")}); err == nil || len(box.mails) != 0 {
			t.Errorf("sent in the clear: %v", err)
		}
	})
	t.Run("a certificate that nobody vouches for", func(t *testing.T) {
		box, port := serve(Implicit)
		x.TLS = nil
		d := x.put(t, Destination{Name: "unknown", Kind: Email, Settings: Settings{Host: "localhost", Port: port, TLS: Implicit, From: "y@example.com", To: []string{"a@example.com"}}})
		if err := x.send(t.Context(), d, Delivery{ID: "1", Message: message("m")}); err == nil || len(box.mails) != 0 {
			t.Errorf("sent: %v", err)
		}
	})
}

// checkMail reads a mail as a mail program does.
func checkMail(t *testing.T, data []byte) {
	t.Helper()
	for i, line := range strings.Split(string(data), "\r\n") {
		if len(line) > 998 || strings.Trim(line, "\t !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~") != "" {
			t.Errorf("line %d is not plain ASCII of 998 at most: %q", i+1, line)
		}
	}
	m, err := mail.ReadMessage(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	dec := new(mime.WordDecoder)
	if subject, err := dec.DecodeHeader(m.Header.Get("Subject")); err != nil || subject != "[Yagura] 決済が失敗しています <今> & ここ" {
		t.Errorf("%q %v", subject, err)
	}
	from, err := m.Header.AddressList("From")
	if err != nil || from[0].Name != "Yagura 通知" {
		t.Errorf("%v %v", from, err)
	}
	if id := m.Header.Get("Message-Id"); id != "<0123456789abcdef@example.com>" || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("%q %v", id, m.Header)
	}
	if at, err := m.Header.Date(); err != nil || !at.Equal(begin) {
		t.Errorf("%v %v", at, err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatal(kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []struct {
		kind string
		has  []string
		not  string
	}{
		{"text/plain", []string{"決済が失敗しています <今> & ここ", "10 件中 4 件が失敗しています。", "サービス: checkout", "開く: https://yagura.example.com/alerts/1"}, "&amp;"},
		{"text/html", []string{"&lt;今&gt; &amp; ここ", "失敗しています。<br>2 行目", `href="https://wiki.example.com/r?a=1&amp;b=2"`}, "<今>"},
	} {
		p, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
		if kind, params, _ := mime.ParseMediaType(p.Header.Get("Content-Type")); err != nil || kind != want.kind || !strings.EqualFold(params["charset"], "utf-8") {
			t.Errorf("%v %v %v", kind, params, err)
		}
		for _, s := range want.has {
			if !strings.Contains(strings.ReplaceAll(string(body), "\r\n", "\n"), s) {
				t.Errorf("%s: %q is not in\n%s", want.kind, s, body)
			}
		}
		if strings.Contains(string(body), want.not) {
			t.Errorf("%s has %q", want.kind, want.not)
		}
	}
}

func TestWebhookIsTimelyAndRedirectsStayGuarded(t *testing.T) {
	x := one(t)
	r := receive(t, x.clock)
	redirect := httptest.NewServer(http.RedirectHandler("http://10.0.0.1/", http.StatusTemporaryRedirect))
	defer redirect.Close()
	d := x.hook(t, redirect.URL)
	if err := x.send(t.Context(), d, Delivery{ID: "1", Message: message("m")}); err == nil || len(r.keys()) != 0 {
		t.Error(err)
	}
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body) // else the server does not notice that the asker went
		<-q.Context().Done()
	}))
	defer silent.Close()
	d.Settings.URL = silent.URL
	ctx, cancel := contextWithTimeout(t, 200*time.Millisecond)
	defer cancel()
	if err := x.send(ctx, d, Delivery{ID: "1", Message: message("m")}); !fault.Is(err, fault.Timeout) || isPermanent(err) {
		t.Error(err)
	}
}

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
