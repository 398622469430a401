package config

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// OIDC says how people come in by an identity provider.
type OIDC struct {
	Issuer           string   `yaml:"issuer" en:"Address of the identity provider, as its discovery document has it: https://accounts.google.com. Empty switches it off." ja:"ID プロバイダーの issuer。ディスカバリードキュメントの値と一致させます。例: https://accounts.google.com。空の場合は無効です。"`
	Name             string   `yaml:"name" en:"What the button says behind \"Sign in with\". Empty is the issuer's host." ja:"サインインボタンに表示する名前。空の場合は issuer のホスト名です。"`
	ClientID         string   `yaml:"client_id" en:"Client id that the provider gave. The redirect URI to register there is <public_url>/auth/oidc/callback." ja:"プロバイダーで発行されたクライアント ID。プロバイダーには <public_url>/auth/oidc/callback をリダイレクト URI として登録します。"`
	ClientSecret     string   `yaml:"client_secret" secret:"true" en:"Client secret. Empty for public clients; PKCE is always used." ja:"クライアントシークレット。パブリッククライアントでは空にします。PKCE は常に使用します。"`
	ClientSecretFile string   `yaml:"client_secret_file" en:"File that holds the client secret instead." ja:"クライアントシークレットを記載したファイルのパス。"`
	Scopes           []string `yaml:"scopes" en:"Scopes to ask for; some providers need groups among them." ja:"要求するスコープ。groups の追加が必要なプロバイダーもあります。"`
	GroupsClaim      string   `yaml:"groups_claim" en:"Claim that lists a person's groups; a path with dots is possible: realm_access.roles." ja:"グループの一覧が入るクレーム。realm_access.roles のようにドット区切りのパスも指定できます。"`
	Roles            []string `yaml:"roles" en:"Groups that give a role: \"sre-admins=admin\". The highest counts, at each sign-in. Without any, roles are given in Yagura." ja:"グループとロールの対応。例: \"sre-admins=admin\"。サインインのたびに最も強いロールを適用します。未指定の場合は Yagura 上でロールを管理します。"`
	Teams            []string `yaml:"teams" en:"Groups that put people in a team: \"payments-devs=payments\"; \"payments-leads=payments:lead\" as a lead." ja:"グループとチームの対応。例: \"payments-devs=payments\"。リードにする場合は \"payments-leads=payments:lead\" とします。"`
	TeamPrefix       string   `yaml:"team_prefix" en:"Groups with this prefix are teams named by what follows; they are made when somebody of them signs in." ja:"この接頭辞で始まるグループを、残りの部分を名前とするチームとして扱います。チームはサインイン時に自動で作成されます。"`
	AllowUnknown     bool     `yaml:"allow_unknown" en:"Let people in who have no account yet; it is made at their first sign-in." ja:"アカウントがない人の初回サインイン時にアカウントを自動で作成します。"`
	DefaultRole      string   `yaml:"default_role" en:"Role of people whom no group gives one. Empty keeps them out." ja:"どのグループからもロールを得られない人のロール。空の場合はサインインできません。"`
	Domains          []string `yaml:"domains" en:"Domains of verified e-mail addresses that may come in. Empty is all." ja:"サインインを許可するメールアドレス（確認済み）のドメイン。空の場合は制限しません。"`
	LinkByEmail      bool     `yaml:"link_by_email" en:"Give people the account that has their verified e-mail address already. Only for a provider that you trust with every address." ja:"確認済みのメールアドレスが一致する既存アカウントに紐付けます。すべてのアドレスについて信頼できるプロバイダーでのみ有効にしてください。"`
	TrustEmail       bool     `yaml:"trust_email" en:"Take the provider's e-mail addresses for verified although it does not say so (Entra ID)." ja:"プロバイダーが確認済みと示さないメールアドレスも確認済みとみなします（Entra ID など）。"`
	Leeway           Duration `yaml:"leeway" en:"How far the provider's clock may be off." ja:"プロバイダーとの時刻のずれを許容する幅。"`
	MaxSession       Duration `yaml:"max_session" en:"After this, people sign in again and their groups are read anew." ja:"この時間が経過すると再サインインを求め、グループを読み直します。"`
}

// Owners says where it is written who owns which service.
type Owners struct {
	Files             []string `yaml:"files" en:"Files that say who owns what: ours, or Backstage's catalog-info.yaml. They are read again when they change." ja:"サービスの担当を記載したファイル。Yagura 独自の形式または Backstage の catalog-info.yaml。変更すると自動で読み直します。"`
	TeamAttributes    []string `yaml:"team_attributes" en:"Resource attributes whose value names the owning team." ja:"担当チームを表すリソース属性。"`
	ProductAttributes []string `yaml:"product_attributes" en:"Resource attributes whose value names the product." ja:"プロダクトを表すリソース属性。"`
}

func defaultOIDC() OIDC {
	return OIDC{
		Scopes: []string{"openid", "profile", "email"}, GroupsClaim: "groups", AllowUnknown: true, DefaultRole: "viewer",
		Leeway: Duration(time.Minute), MaxSession: Duration(24 * time.Hour),
	}
}

func defaultOwners() Owners {
	return Owners{TeamAttributes: []string{"service.owner", "team"}, ProductAttributes: []string{"service.namespace"}}
}

// Mapping is one "group=value" of a list. Groups may hold = themselves (LDAP's names).
func Mapping(s string) (group, value string, ok bool) {
	i := strings.LastIndexByte(s, '=')
	if i < 1 {
		return "", "", false
	}
	group, value = strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:])
	return group, value, group != "" && value != ""
}

var (
	roles       = []string{"operator", "viewer", "member", "lead", "admin"}
	teamMapping = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}(:lead)?$`)
	domain      = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
)

func (p *problems) people(c Config) {
	p.oneOf("auth.passwords", c.Auth.Passwords, "all", "admins")
	o := c.Auth.OIDC
	if o.Issuer == "" {
		if o.ClientID != "" {
			p.add("", 0, "auth.oidc.issuer", i18n.T("auth.oidc.client_id is given, and the issuer is missing", "auth.oidc.client_id が指定されていますが、issuer がありません"))
		}
		if c.Auth.Passwords == "admins" {
			p.add("", 0, "auth.passwords", i18n.T("admins locks everybody else out while auth.oidc is not set up", "auth.oidc を設定せずに admins を指定すると、管理者以外がサインインできなくなります"))
		}
		return
	}
	if u, err := url.Parse(o.Issuer); err == nil && u.Scheme == "http" && !Loopback(u.Host) && !Loopback(u.Host+":80") {
		p.add("", 0, "auth.oidc.issuer", i18n.T("the issuer must be an https address", "issuer には https の URL を指定してください"))
	}
	p.httpURL("auth.oidc.issuer", o.Issuer, true)
	if o.ClientID == "" {
		p.add("", 0, "auth.oidc.client_id", i18n.T("the id is missing that the provider gave", "プロバイダーで発行されたクライアント ID を指定してください"))
	}
	if c.PublicURL == "" && !Loopback(c.Listen) {
		p.add("", 0, "public_url", i18n.T("the provider sends people back to public_url, which is missing", "プロバイダーからの戻り先となる public_url を指定してください"))
	}
	if !slices.Contains(o.Scopes, "openid") {
		p.add("", 0, "auth.oidc.scopes", i18n.T("openid must be among the scopes", "スコープには openid を含めてください"))
	}
	for _, m := range o.Roles {
		if _, role, ok := Mapping(m); !ok || !slices.Contains(roles, role) {
			p.add("", 0, "auth.oidc.roles", i18n.F("%[1]q is not group=role; a role is one of %[2]s", "%[1]q は「グループ=ロール」の形式ではありません。ロールは %[2]s のいずれかです", m, strings.Join(roles, ", ")))
		}
	}
	for _, m := range o.Teams {
		if _, team, ok := Mapping(m); !ok || !teamMapping.MatchString(team) {
			p.add("", 0, "auth.oidc.teams", i18n.F("%q is not group=team or group=team:lead, with the slug or id of a team", "%q は「グループ=チーム」または「グループ=チーム:lead」の形式ではありません。チームはスラッグまたは ID で指定してください", m))
		}
	}
	if o.DefaultRole != "" {
		p.oneOf("auth.oidc.default_role", o.DefaultRole, roles...)
	}
	for _, d := range o.Domains {
		if !domain.MatchString(d) {
			p.add("", 0, "auth.oidc.domains", i18n.F("%q is not a domain: write example.com", "%q はドメインではありません。example.com のように指定してください", d))
		}
	}
	between(p, "auth.oidc.leeway", o.Leeway, 0, Duration(10*time.Minute))
	between(p, "auth.oidc.max_session", o.MaxSession, Duration(5*time.Minute), Duration(30*24*time.Hour))
}
