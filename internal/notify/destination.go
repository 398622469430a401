package notify

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/mail"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Kind is a channel.
type Kind string

// The kinds.
const (
	Slack   Kind = "slack"
	Email   Kind = "email"
	Webhook Kind = "webhook"
)

// Destination is a place where messages go.
type Destination struct {
	ID, Name  string
	Kind      Kind
	Lang      i18n.Lang
	Settings  Settings
	PerMinute int // messages; 0 is the kind's usual
	Disabled  bool
	Created   time.Time
}

// Settings are what a kind needs. Secrets are references.
type Settings struct {
	// URL of a webhook. Slack's is a secret itself: URLSecret names it.
	URL       string `json:"url,omitempty"`
	URLSecret string `json:"url_secret,omitempty"`
	// Secret names the key with which a webhook is signed.
	Secret string `json:"secret,omitempty"`

	Host     string   `json:"host,omitempty"`
	Port     int      `json:"port,omitempty"`
	TLS      TLSMode  `json:"tls,omitempty"`
	User     string   `json:"user,omitempty"`
	Password string   `json:"password,omitempty"`
	From     string   `json:"from,omitempty"`
	To       []string `json:"to,omitempty"`
}

// TLSMode is how a connection to a mail server is encrypted.
type TLSMode string

// The modes: begun in the clear and then encrypted or given up; encrypted from the first
// byte; not at all.
const (
	StartTLS TLSMode = "starttls"
	Implicit TLSMode = "tls"
	Plain    TLSMode = "none"
)

// usual is how many messages a minute a kind takes without complaint.
var usual = map[Kind]int{Slack: 60, Email: 30, Webhook: 120}

func (d Destination) rate() int { return cmp.Or(d.PerMinute, usual[d.Kind], 60) }

// gap is the least time between two messages.
func (d Destination) gap() time.Duration { return time.Minute / time.Duration(d.rate()) }

func nameKey(name string) string { return strings.ToLower(norm.NFKC.String(strings.TrimSpace(name))) }

// Secrets resolves references to secrets.
type Secrets interface {
	Check(field, ref string) error
	Resolve(ref string) (string, error)
}

// Checker judges a URL that somebody typed.
type Checker interface {
	Check(field, raw string) error
}

// validate says what is wrong with the input, field by field, and clears what the kind
// does not use.
func (d *Destination) validate(secrets Secrets, urls Checker) error {
	var errs []error
	add := func(field string, t i18n.Text) { errs = append(errs, fault.Field(field, t)) }
	required := i18n.T("This is required.", "必須項目です。")
	d.Name = strings.TrimSpace(d.Name)
	switch {
	case d.Name == "":
		add("name", required)
	case utf8.RuneCountInString(d.Name) > 100:
		add("name", i18n.T("At most 100 characters.", "100 文字以内で入力してください。"))
	}
	if d.Lang != i18n.En && d.Lang != i18n.Ja {
		add("lang", i18n.T("Choose en or ja.", "en または ja を指定してください。"))
	}
	if d.PerMinute < 0 || d.PerMinute > 600 {
		add("per_minute", i18n.T("Between 1 and 600, or 0 for the usual rate.", "1〜600 の値、または既定値を使う場合は 0 を指定してください。"))
	}
	s := d.Settings
	switch d.Kind {
	case Slack:
		d.Settings = Settings{URLSecret: s.URLSecret}
		if s.URL != "" {
			add("settings.url", i18n.T(
				"The address of a Slack webhook is a secret: put it into a file or variable and name that in url_secret.",
				"Slack の Webhook URL 自体がシークレットです。ファイルまたは環境変数に置き、url_secret で参照してください。"))
		}
		errs = append(errs, secrets.Check("settings.url_secret", s.URLSecret))
	case Webhook:
		d.Settings = Settings{URL: s.URL, Secret: s.Secret}
		errs = append(errs, urls.Check("settings.url", s.URL))
		if u, err := url.Parse(s.URL); err == nil && u.Fragment != "" {
			add("settings.url", i18n.T("A webhook's URL has no fragment (#).", "Webhook の URL にフラグメント（#）は指定できません。"))
		}
		errs = append(errs, secrets.Check("settings.secret", s.Secret))
	case Email:
		d.Settings = Settings{Host: strings.TrimSpace(s.Host), Port: s.Port, TLS: s.TLS, User: s.User, Password: s.Password, From: s.From, To: s.To}
		if d.Settings.TLS == "" {
			d.Settings.TLS = StartTLS
		}
		if d.Settings.Port == 0 {
			d.Settings.Port = map[TLSMode]int{StartTLS: 587, Implicit: 465, Plain: 25}[d.Settings.TLS]
		}
		if h := d.Settings.Host; h == "" || strings.ContainsAny(h, "/@ ") {
			add("settings.host", i18n.T("Write the mail server's name, such as smtp.example.com.", "メールサーバーのホスト名を指定してください。例: smtp.example.com"))
		}
		if p := d.Settings.Port; p < 1 || p > 65535 {
			add("settings.port", i18n.T("A port is between 1 and 65535.", "ポート番号は 1〜65535 で指定してください。"))
		}
		switch d.Settings.TLS {
		case StartTLS, Implicit:
		case Plain:
			if s.User != "" {
				add("settings.tls", i18n.T(
					"A password must not be sent without encryption. Use starttls or tls.",
					"暗号化なしでパスワードを送信することはできません。starttls または tls を使用してください。"))
			}
		default:
			add("settings.tls", i18n.T("Choose starttls, tls or none.", "starttls、tls、none のいずれかを指定してください。"))
		}
		if (s.User == "") != (s.Password == "") {
			add("settings.password", i18n.T("User and password go together.", "ユーザー名とパスワードは両方指定してください。"))
		} else if s.Password != "" {
			errs = append(errs, secrets.Check("settings.password", s.Password))
		}
		address := func(field, a string) {
			if _, err := mail.ParseAddress(a); err != nil {
				errs = append(errs, fault.Field(field, i18n.F("%q is not a mail address.", "%q はメールアドレスとして読み取れません。", cut(a, 100))))
			}
		}
		address("settings.from", s.From)
		if len(s.To) == 0 || len(s.To) > 50 {
			add("settings.to", i18n.T("Between 1 and 50 addresses.", "宛先は 1〜50 件で指定してください。"))
		}
		for _, a := range s.To {
			address("settings.to", a)
		}
	default:
		add("kind", i18n.T("Choose slack, email or webhook.", "slack、email、webhook のいずれかを指定してください。"))
	}
	return errors.Join(errs...)
}

// state is what the audit and the ETag see of a destination.
func (d Destination) state() any {
	return struct {
		Name      string    `json:"name"`
		Kind      Kind      `json:"kind"`
		Lang      i18n.Lang `json:"lang"`
		Settings  Settings  `json:"settings"`
		PerMinute int       `json:"per_minute"`
		Disabled  bool      `json:"disabled"`
	}{d.Name, d.Kind, d.Lang, d.Settings, d.PerMinute, d.Disabled}
}

func (s Settings) json() string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // texts and numbers
	}
	return string(b)
}
