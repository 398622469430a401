package doctor

import (
	"context"
	"debug/elf"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/config"
	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/tlsfile"
)

func (d *doctor) certificates(context.Context) {
	c := d.Config
	all := []tlsfile.Files{{Cert: c.TLS.Cert, Key: c.TLS.Key, Field: "tls"}}
	if c.Role.Ingests() {
		all = append(all, tlsfile.Files{Cert: c.OTLP.TLS.Cert, Key: c.OTLP.TLS.Key, ClientCA: c.OTLP.TLS.ClientCA, Field: "otlp.tls"})
	}
	for _, f := range all {
		if f.Cert == "" {
			d.say("certificate", Skipped, i18n.F("%s: no certificate is configured.", "%s: 証明書は設定されていません。", f.Field))
			continue
		}
		s, err := tlsfile.Open(f, d.Clock, silent())
		if err != nil {
			d.fail("certificate", err, i18n.T(err.Error(), err.Error()), none)
			continue
		}
		info, now := s.Info(), d.Clock.Now()
		text := i18n.F("%[1]s: the certificate for %[2]s is good until %[3]s.", "%[1]s: %[2]s の証明書の有効期限は %[3]s です。", f.Field, strings.Join(info.Names, ", "), info.NotAfter.UTC().Format(time.RFC3339))
		renew := i18n.T("Renew it; the new files are taken up without a restart.", "証明書を更新してください。再起動なしで反映されます。")
		switch left := info.NotAfter.Sub(now); {
		case left <= 0:
			d.say("certificate", Failure, i18n.F("%[1]s: the certificate expired at %[2]s.", "%[1]s: 証明書の有効期限が %[2]s に切れています。", f.Field, info.NotAfter.UTC().Format(time.RFC3339)), renew)
		case left < 14*24*time.Hour:
			d.say("certificate", Warning, text, renew)
		case len(info.Names) == 0:
			d.say("certificate", Warning, i18n.F("%s: the certificate names no host; browsers and senders refuse it.", "%s: 証明書にホスト名がなく、ブラウザーや送信側に拒否されます。", f.Field),
				i18n.T("Issue one with subject alternative names.", "subjectAltName を含む証明書を発行してください。"))
		default:
			d.say("certificate", OK, text)
		}
	}
}

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// engine checks the library of the embedded engine, or the ClickHouse that takes its place.
func (d *doctor) engine(ctx context.Context) {
	const check = "engine"
	c := d.Config.Engine
	if c.URL != "" {
		d.clickhouse(ctx, c)
		return
	}
	lib, err := engine.FindLib(c.Lib, d.Exe)
	if err != nil {
		d.fail(check, err, i18n.T(err.Error(), err.Error()), none)
		return
	}
	fetch := i18n.T("Fetch it again (make engine), for this kind of machine.", "このマシンの種類に合うものを取得し直してください（make engine）。")
	f, err := elf.Open(lib)
	if err != nil {
		d.say(check, Failure, i18n.F("The engine library %[1]s cannot be read: %[2]v.", "エンジンのライブラリ %[1]s を読み取れません（%[2]v）。", lib, err), fetch)
		return
	}
	defer func() { _ = f.Close() }()
	if want := machines[runtime.GOARCH]; f.Machine != want {
		d.say(check, Failure, i18n.F("The engine library %[1]s is for %[2]s, this machine is %[3]s.", "エンジンのライブラリ %[1]s は %[2]s 用ですが、このマシンは %[3]s です。", lib, f.Machine, want), fetch)
		return
	}
	d.say(check, OK, i18n.F("The engine library is %s.", "エンジンのライブラリは %s です。", lib))
}

func (d *doctor) clickhouse(ctx context.Context, c config.Engine) {
	mend := i18n.T("Check engine.url, user and password, and that the ClickHouse runs and its HTTP port is reachable from here.", "engine.url、ユーザー名、パスワードを確認し、ClickHouse が起動していて HTTP ポートに接続できることを確かめてください。")
	header := http.Header{}
	if c.User != "" {
		header.Set("X-ClickHouse-User", c.User)
		header.Set("X-ClickHouse-Key", c.Password)
	}
	query := "SELECT version()"
	if c.Cluster != "" {
		query = "SELECT concat(version(), ' (', toString(count()), ' hosts)') FROM system.clusters WHERE cluster = '" + c.Cluster + "' HAVING count() > 0"
	}
	answer, err := d.get(ctx, strings.TrimRight(c.URL, "/")+"/?query="+url.QueryEscape(query), header)
	switch {
	case err != nil:
		d.say("engine", Failure, i18n.F("The ClickHouse at %[1]s does not answer as it should: %[2]v.", "%[1]s の ClickHouse に接続できません（%[2]v）。", c.URL, err), mend)
	case strings.TrimSpace(answer) == "":
		d.say("engine", Failure, i18n.F("The ClickHouse at %[1]s knows no cluster %[2]s.", "%[1]s の ClickHouse にクラスター %[2]s がありません。", c.URL, c.Cluster), i18n.T("Name one of system.clusters in engine.cluster.", "system.clusters にある名前を engine.cluster に指定してください。"))
	default:
		d.say("engine", OK, i18n.F("ClickHouse %[2]s answers at %[1]s.", "%[1]s の ClickHouse %[2]s に接続できます。", c.URL, strings.TrimSpace(answer)))
	}
}

func (d *doctor) metrics(ctx context.Context) {
	c := d.Config.Metrics
	if c.URL == "" {
		d.say("metrics", OK, i18n.T("Metrics are kept in the data folder.", "メトリクスはデータフォルダーに保存されます。"))
		return
	}
	header := http.Header{}
	if c.Token != "" {
		header.Set("Authorization", "Bearer "+c.Token)
	}
	answer, err := d.get(ctx, strings.TrimRight(c.URL, "/")+"/api/v1/query?query=vector(1)", header)
	if err == nil && !strings.Contains(answer, `"success"`) {
		err = errors.New("the answer is not Prometheus'")
	}
	if err != nil {
		d.say("metrics", Failure, i18n.F("The metrics store at %[1]s does not answer as it should: %[2]v.", "%[1]s のメトリクスストアに接続できません（%[2]v）。", c.URL, err),
			i18n.T("Check metrics.url (with its path, such as /prometheus) and metrics.token.", "metrics.url（/prometheus などのパスを含む）と metrics.token を確認してください。"))
		return
	}
	d.say("metrics", OK, i18n.F("The metrics store at %s answers.", "%s のメトリクスストアに接続できます。", c.URL))
}

func (d *doctor) database(ctx context.Context) {
	const check = "database"
	path := filepath.Join(d.Config.DataDir, "state.db")
	if d.Config.Database.DSN == "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			d.say(check, OK, i18n.T("SQLite in the data folder; the first start makes it.", "データフォルダー内の SQLite を使用します。初回の起動時に作成されます。"))
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	db, err := sqldb.Open(ctx, sqldb.Options{DSN: d.Config.Database.DSN, Path: path, Clock: d.Clock, Log: silent()})
	if err != nil {
		d.fail(check, err, i18n.T("The database cannot be opened.", "データベースを開けません。"),
			i18n.T("Check database.dsn, and that the server runs and lets this machine in; SQLite's file must be readable.", "database.dsn を確認し、サーバーが起動していてこのマシンからの接続を許可していることを確かめてください。SQLite の場合はファイルの権限を確認してください。"))
		return
	}
	_ = db.Close() // it was only to see
	if d.Config.Database.DSN == "" {
		d.say(check, OK, i18n.T("SQLite in the data folder opens.", "データフォルダー内の SQLite を開けます。"))
		return
	}
	d.say(check, OK, i18n.T("PostgreSQL answers.", "PostgreSQL に接続できます。"))
}

// identity checks that the identity provider can be found.
func (d *doctor) identity(ctx context.Context) {
	issuer := d.Config.Auth.OIDC.Issuer
	if issuer == "" {
		return
	}
	answer, err := d.get(ctx, strings.TrimRight(issuer, "/")+"/.well-known/openid-configuration", nil)
	if err == nil && !strings.Contains(answer, "authorization_endpoint") {
		err = errors.New("the answer is no discovery document")
	}
	if err != nil {
		d.say("identity_provider", Failure, i18n.F("The identity provider at %[1]s does not answer as it should: %[2]v.", "%[1]s の ID プロバイダーに接続できません（%[2]v）。", issuer, err),
			i18n.T("Check auth.oidc.issuer: it is the address before /.well-known/openid-configuration.", "auth.oidc.issuer を確認してください。/.well-known/openid-configuration より前の部分を指定します。"))
		return
	}
	d.say("identity_provider", OK, i18n.F("The identity provider at %s answers.", "%s の ID プロバイダーに接続できます。", issuer))
}

// skew compares this machine's clock with a server's, by the Date of its answer, which has
// whole seconds.
func (d *doctor) skew(ctx context.Context) {
	if d.Server == "" {
		d.say("clock", Skipped, i18n.T("The clock was not compared; --server URL names a server to compare with.", "時計は比較していません。--server URL で比較先のサーバーを指定できます。"))
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(d.Server, "/")+"/healthz", nil)
	if err != nil {
		d.say("clock", Failure, i18n.F("%q is no address.", "%q はアドレスではありません。", d.Server), none)
		return
	}
	before := d.Clock.Now()
	resp, err := d.http.Do(req)
	after := d.Clock.Now()
	if err != nil {
		d.say("clock", Failure, i18n.F("The server %[1]s does not answer: %[2]v.", "サーバー %[1]s に接続できません（%[2]v）。", d.Server, plain(err)), i18n.T("Check that it runs there.", "起動しているか確認してください。"))
		return
	}
	_ = resp.Body.Close()
	theirs, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		d.say("clock", Skipped, i18n.F("The server %s does not tell its time.", "サーバー %s の応答に時刻がありません。", d.Server))
		return
	}
	ours := before.Add(after.Sub(before) / 2)
	off := ours.Sub(theirs.Add(500 * time.Millisecond))
	if off.Abs() > 2*time.Second+after.Sub(before)/2 {
		d.say("clock", Warning, i18n.F("This machine's clock and that of %[1]s differ by %[2]s.", "このマシンと %[1]s の時計が %[2]s ずれています。", d.Server, off.Abs().Round(time.Second)),
			i18n.T("Keep both by NTP (chrony, systemd-timesyncd): rows land at the wrong time otherwise.", "両方を NTP（chrony、systemd-timesyncd）で同期してください。データの時刻がずれます。"))
		return
	}
	d.say("clock", OK, i18n.F("This machine's clock and that of %s agree.", "このマシンと %s の時計は一致しています。", d.Server))
}

// get reads an address; an answer other than 200 is an error with what it said.
func (d *doctor) get(ctx context.Context, address string, header http.Header) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", errors.New("not an address")
	}
	for k := range header {
		req.Header[k] = header[k]
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return "", plain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", plain(err)
	}
	if resp.StatusCode != http.StatusOK {
		said, _, _ := strings.Cut(strings.ToValidUTF8(string(b[:min(len(b), 200)]), ""), "\n")
		return "", errors.New(resp.Status + ": " + said)
	}
	return string(b), nil
}

// plain takes the address out of an error: it is said already, and may hold a query.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
