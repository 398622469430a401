package config

import (
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones also where the machine has none

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Validate says everything that is wrong with c, as one fault, or nil.
func (c Config) Validate() error {
	var p problems
	p.validate(c)
	return p.fault()
}

func (p *problems) validate(c Config) {
	p.role(c)
	p.address("listen", c.Listen)
	for _, a := range []struct{ name, addr string }{{"otlp.grpc", c.OTLP.GRPC}, {"otlp.http", c.OTLP.HTTP}} {
		if a.addr != "" {
			p.address(a.name, a.addr)
		}
	}
	if c.Self.MetricsListen != "" {
		p.address("self.metrics_listen", c.Self.MetricsListen)
	}
	p.distinct([]string{"listen", "otlp.grpc", "otlp.http", "self.metrics_listen"}, []string{c.Listen, c.OTLP.GRPC, c.OTLP.HTTP, c.Self.MetricsListen})
	p.oneOf("auth.mode", c.Auth.Mode, "password", "none")
	if c.NoAuth() && !Loopback(c.Listen) {
		p.add("", 0, "auth.mode", i18n.F(
			"none is only possible when listen is a loopback address (127.0.0.1:7700), and it is %q: everybody who reaches it would be the administrator",
			"none を使用できるのは listen がループバックアドレス（127.0.0.1:7700 など）の場合だけです。現在の %q では、接続できる全員が管理者になってしまいます", c.Listen))
	}
	p.people(c)
	p.oneOf("otlp.auth", c.OTLP.Auth, "auto", "token", "none")
	for _, o := range c.OTLP.CORS {
		if u, err := url.Parse(o); o != "*" && (err != nil || u.Host == "" || u.Path != "" || u.Scheme != "http" && u.Scheme != "https") {
			p.add("", 0, "otlp.cors_origins", i18n.F("%q is not an origin: write https://shop.example.com, without a path", "%q はオリジンではありません。https://shop.example.com のように、パスを付けずに指定してください", o))
		}
	}
	p.pair("tls", c.TLS.Cert, c.TLS.Key)
	p.pair("otlp.tls", c.OTLP.TLS.Cert, c.OTLP.TLS.Key)
	if c.OTLP.TLS.ClientCA != "" && c.OTLP.TLS.Cert == "" {
		p.add("", 0, "otlp.tls.cert_file", i18n.T("client_ca_file needs a certificate of the server, too", "client_ca_file を使用するにはサーバー証明書も必要です"))
	}
	p.httpURL("public_url", c.PublicURL, false)
	p.httpURL("engine.url", c.Engine.URL, true)
	p.httpURL("metrics.url", c.Metrics.URL, true)
	for _, s := range c.TrustedProxies {
		if _, err := ParsePrefix(s); err != nil {
			p.add("", 0, "trusted_proxies", i18n.F("%q is neither an address nor a network (10.0.0.0/8)", "%q はアドレスでもネットワーク（10.0.0.0/8 など）でもありません", s))
		}
	}
	for field, networks := range map[string][]string{"notify.allow_networks": c.Notify.AllowNetworks, "code.allow_networks": c.Code.AllowNetworks} {
		for _, s := range networks {
			if _, err := ParsePrefix(s); err != nil {
				p.add("", 0, field, i18n.F("%q is neither an address nor a network (10.0.0.0/8)", "%q はアドレスでもネットワーク（10.0.0.0/8 など）でもありません", s))
			}
		}
	}
	for field, folders := range map[string][]string{"secrets.folders": c.Secrets.Folders, "code.folders": c.Code.Folders} {
		for _, s := range folders {
			if !filepath.IsAbs(s) || filepath.Clean(s) == "/" {
				p.add("", 0, field, i18n.F("%q is not the absolute path of a folder", "%q はフォルダーの絶対パスではありません", s))
			}
		}
	}
	if strings.TrimSpace(c.DataDir) == "" {
		p.add("", 0, "data_dir", i18n.T("a folder is needed", "フォルダーを指定してください"))
	}
	p.oneOf("language", c.Language, "", "en", "ja")
	if _, err := time.LoadLocation(c.Timezone); err != nil {
		p.add("", 0, "timezone", i18n.F("there is no time zone %q; write Asia/Tokyo, Europe/Berlin or UTC", "タイムゾーン %q はありません。Asia/Tokyo、UTC のように指定してください", c.Timezone))
	}
	if !identifier.MatchString(c.Engine.Database) {
		p.add("", 0, "engine.database", i18n.F("%q cannot be the name of a database: letters, digits and _", "%q はデータベース名に使用できません。英数字と _ で指定してください", c.Engine.Database))
	}
	if c.Engine.Cluster != "" && !clusterName.MatchString(c.Engine.Cluster) {
		p.add("", 0, "engine.cluster", i18n.F("%q cannot be the name of a cluster", "%q はクラスター名に使用できません", c.Engine.Cluster))
	}
	for _, set := range c.Engine.Settings {
		if !querySetting.MatchString(set) {
			p.add("", 0, "engine.settings", i18n.F("%q is not a setting: write name=value", "%q は設定として読み取れません。名前=値 の形で指定してください", set))
		}
	}
	if c.Engine.URL == "" && (c.Engine.User != "" || c.Engine.Password != "" || c.Engine.Cluster != "") {
		p.add("", 0, "engine.url", i18n.T("engine.user, password and cluster are for a ClickHouse, whose address is missing", "engine.user、password、cluster は外部の ClickHouse 用の設定ですが、engine.url が指定されていません"))
	}
	if c.Metrics.URL == "" && c.Metrics.Token != "" {
		p.add("", 0, "metrics.url", i18n.T("metrics.token is for a remote store, whose address is missing", "metrics.token は外部ストア用の設定ですが、metrics.url が指定されていません"))
	}
	const minute, day, year = Duration(time.Minute), Duration(24 * time.Hour), 366 * Duration(24*time.Hour)
	between(p, "engine.max_query", c.Engine.MaxQuery, Duration(time.Second), 60*minute)
	between(p, "metrics.retention", c.Metrics.Retention, day, 10*year)
	between(p, "retention.logs", c.Retention.Logs, day, 10*year)
	between(p, "retention.spans", c.Retention.Spans, day, 10*year)
	between(p, "retention.logs_thinned", c.Retention.LogsThinned, 0, 10*year)
	between(p, "retention.spans_thinned", c.Retention.SpansThinned, 0, 10*year)
	if n := c.Retention.KeepOneIn; n < 0 || n == 1 || n > 10_000 {
		p.add("", 0, "retention.keep_one_in", i18n.F("%d is neither 0 (none) nor 2 to 10000 (one in so many)", "%d は指定できません。0（残さない）または 2～10000（何件に 1 件か）を指定してください", n))
	}
	between(p, "retention.figures", c.Retention.Figures, day, 10*year)
	p.archive(c.Archive)
	between(p, "limits.future", c.Limits.Future, 0, day)
	if c.Engine.MaxMemory != 0 {
		between(p, "engine.max_memory", c.Engine.MaxMemory, 512<<20, 1<<50)
	}
	between(p, "wal.max_bytes", c.WAL.MaxBytes, 64<<20, 1<<50)
	between(p, "wal.min_free_bytes", c.WAL.MinFreeBytes, 0, 1<<50)
	between(p, "limits.request_bytes", c.Limits.RequestBytes, 64<<10, 1<<30)
	between(p, "limits.inflight_bytes", c.Limits.InflightBytes, c.Limits.RequestBytes, 1<<40)
	between(p, "limits.attribute_bytes", c.Limits.AttributeBytes, 64, 16<<20)
	between(p, "limits.body_bytes", c.Limits.BodyBytes, 256, 64<<20)
	between(p, "engine.max_threads", count(c.Engine.MaxThreads), 0, 4096)
	between(p, "limits.concurrent_requests", count(c.Limits.ConcurrentRequests), 1, 100_000)
	between(p, "limits.services", count(c.Limits.Services), 1, 1_000_000)
	between(p, "limits.attributes", count(c.Limits.Attributes), 1, 10_000)
	p.rules(c.Redaction)
	p.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	p.oneOf("log.format", c.Log.Format, "text", "json")
}

var (
	identifier   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)
	querySetting = regexp.MustCompile(`^\s*[a-z][a-z0-9_]*\s*=[^=]*$`)
	clusterName  = regexp.MustCompile(`^[A-Za-z0-9_.{}-]{1,128}$`)
	ruleID       = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
)

func (p *problems) rules(r Redaction) {
	seen := map[string]bool{}
	for _, rule := range r.Rules {
		const field = "redaction.rules"
		switch {
		case !ruleID.MatchString(rule.ID):
			p.add("", 0, field, i18n.F("%q cannot be the id of a rule: lower-case letters, digits and hyphens", "%q はルールの id に使用できません。英小文字・数字・ハイフンで指定してください", rule.ID))
		case seen[rule.ID]:
			p.add("", 0, field, i18n.F("there are two rules with the id %s", "id が %s のルールが重複しています", rule.ID))
		case (len(rule.Keys) == 0) == (rule.Pattern == ""):
			p.add("", 0, field, i18n.F("rule %s needs either keys or a pattern", "ルール %s には keys または pattern のどちらか一方を指定してください", rule.ID))
		}
		seen[rule.ID] = true
		re, err := regexp.Compile(rule.Pattern)
		switch {
		case err != nil:
			p.add("", 0, field, i18n.F("the pattern of rule %[1]s: %[2]v", "ルール %[1]s の pattern が正しくありません: %[2]v", rule.ID, err))
		case rule.Pattern != "" && re.MatchString(""):
			p.add("", 0, field, i18n.F("the pattern of rule %s matches the empty text, so it would match everywhere", "ルール %s の pattern は空文字列に一致するため、あらゆる箇所に一致してしまいます", rule.ID))
		}
	}
}

// pair refuses a certificate without its key, and the other way round. What is in the
// files is looked at when they are used.
func (p *problems) pair(section, cert, key string) {
	switch {
	case cert != "" && key == "":
		p.add("", 0, section+".key_file", i18n.T("cert_file needs its key_file", "cert_file に対応する key_file を指定してください"))
	case cert == "" && key != "":
		p.add("", 0, section+".cert_file", i18n.T("key_file needs its cert_file", "key_file に対応する cert_file を指定してください"))
	}
}

func (p *problems) address(field, addr string) {
	host, port, err := net.SplitHostPort(addr)
	n, errPort := strconv.ParseUint(port, 10, 16)
	if err != nil || errPort != nil || n > 65535 || strings.ContainsAny(host, " /") {
		p.add("", 0, field, i18n.F("%q is not an address: write 127.0.0.1:7700, or :7700 for all of the machine's addresses", "%q はアドレスとして読み取れません。127.0.0.1:7700、またはすべてのアドレスで待ち受ける場合は :7700 のように指定してください", addr))
	}
}

// distinct refuses two settings for one port; port 0 is any free one.
func (p *problems) distinct(fields, addrs []string) {
	seen := map[string]string{}
	for i, addr := range addrs {
		_, port, err := net.SplitHostPort(addr)
		if err != nil || port == "0" {
			continue
		}
		if other := seen[port]; other != "" {
			p.add("", 0, fields[i], i18n.F("port %[1]s is %[2]s's already", "ポート %[1]s はすでに %[2]s で使用しています", port, other))
		}
		seen[port] = fields[i]
	}
}

func (p *problems) httpURL(field, s string, path bool) {
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		p.add("", 0, field, i18n.F("%q is not an http or https URL", "%q は http または https の URL ではありません", redact(s)))
	case u.User != nil:
		p.add("", 0, field, i18n.T("give user and password by their own settings, not within the URL", "ユーザー名とパスワードは URL に含めず、専用の設定で指定してください"))
	case !path && strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		p.add("", 0, field, i18n.T("the URL must have no path, query or fragment", "URL にパス、クエリー、フラグメントを含めることはできません"))
	}
}

// redact leaves passwords out of messages.
func redact(s string) string {
	if u, err := url.Parse(s); err == nil {
		return u.Redacted()
	}
	return "…"
}

func (p *problems) oneOf(field, s string, values ...string) {
	if slices.Contains(values, s) {
		return
	}
	var named []string
	for _, v := range values {
		if v != "" {
			named = append(named, v)
		}
	}
	p.add("", 0, field, i18n.F("%[1]q is not possible; one of %[2]s is", "%[1]q は指定できません。次のいずれかを指定してください: %[2]s", s, strings.Join(named, ", ")))
}

type count int

func (c count) String() string { return strconv.Itoa(int(c)) }

func between[T interface {
	~int | ~int64
	String() string
}](p *problems, field string, v, low, high T) {
	if v < low || v > high {
		p.add("", 0, field, i18n.F("%[1]s is outside %[2]s to %[3]s", "%[1]s は範囲外です（%[2]s～%[3]s）", v, low, high))
	}
}

// Loopback says that only this machine reaches an address.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// ParsePrefix reads a network, or an address as the network of it alone.
func ParsePrefix(s string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		ip = ip.Unmap()
		return ip.Prefix(ip.BitLen())
	}
	return netip.ParsePrefix(s)
}
