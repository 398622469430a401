package authz

import (
	"fmt"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Permission is one thing that may be allowed. An API operation declares exactly one.
type Permission string

// The permissions.
const (
	Public           Permission = "public"             // everybody, signed in or not
	SignedIn         Permission = "signed_in"          // every person and API token: one's own things
	TelemetryRead    Permission = "telemetry.read"     // logs, spans, metrics, services: all of them
	TelemetryReadOwn Permission = "telemetry.read.own" // the same, in answers that are narrowed for whom Restricted says so
	TelemetryWrite   Permission = "telemetry.write"    // the receivers
	StatusRead       Permission = "status.read"        // what Yagura itself is doing
	AlertsAck        Permission = "alerts.ack"         // take a page over; operators: of their teams
	UsersRead        Permission = "users.read"
	UsersWrite       Permission = "users.write"
	TeamsRead        Permission = "teams.read"  // teams, products, owners; operators: their teams
	TeamsLead        Permission = "teams.lead"  // members, products and services of the teams one leads: CanDecide
	TeamsWrite       Permission = "teams.write" // create, split, merge
	TokensRead       Permission = "tokens.read"
	TokensWrite      Permission = "tokens.write"
	AuditRead        Permission = "audit.read"
	ErrorsWrite      Permission = "errors.write"   // resolve, ignore, assign groups of errors
	ViewsShare       Permission = "views.share"    // show saved views to everybody
	JobsRun          Permission = "jobs.run"       // make a job due now
	ReleasesWrite    Permission = "releases.write" // record and edit releases
	CodeRead         Permission = "code.read"      // repositories, lines of source
	CodeWrite        Permission = "code.write"     // which repositories there are, and what is built from them
	IssuesWrite      Permission = "issues.write"   // open issues where the code is
	NotifyRead       Permission = "notify.read"    // destinations and deliveries, without secrets
	NotifyWrite      Permission = "notify.write"
	RetentionWrite   Permission = "retention.write" // how long telemetry is kept
)

// grant says who holds a permission: the least role of the ladder, and whether an outside
// operator does too. An operator gets nothing by being "at least" something.
type grant struct {
	perm     Permission
	least    Role
	operator bool
	what     i18n.Text // what it allows, for the guide
}

// table is the whole of it: what is missing is held by nobody.
var table = []grant{
	{SignedIn, Viewer, true, i18n.T("one's own name, language, password", "自分の名前・言語・パスワードの変更")},
	{TelemetryReadOwn, Viewer, true, i18n.T("services, logs, spans, traces (operator: of the services that their teams own)", "サービス・ログ・スパン・トレースの閲覧（外部オペレーターは担当チームのサービスのみ）")},
	{TelemetryRead, Viewer, false, i18n.T("everything else that is derived from telemetry, and metrics", "メトリクスなど、その他すべてのテレメトリーの閲覧")},
	{TeamsRead, Viewer, true, i18n.T("teams, products, owners (operator: their teams)", "チーム・プロダクト・担当チームの閲覧（外部オペレーターは担当チームのみ）")},
	{StatusRead, Viewer, false, i18n.T("the state of Yagura itself", "Yagura 自体の稼働状況の閲覧")},
	{AlertsAck, Member, true, i18n.T("acknowledge a page (operator: of their teams)", "呼び出しの確認（ACK）（外部オペレーターは担当チームのみ）")},
	{ErrorsWrite, Member, false, i18n.T("resolve, ignore and assign groups of errors", "エラーグループの解決・無視・担当者の設定")},
	{ViewsShare, Member, false, i18n.T("share saved views", "保存したビューの共有")},
	{ReleasesWrite, Member, false, i18n.T("record and edit releases", "リリースの記録・編集")},
	{CodeRead, Member, false, i18n.T("repositories, and lines of source", "リポジトリとソースコードの閲覧")},
	{IssuesWrite, Member, false, i18n.T("open issues in a service's repository", "サービスのリポジトリへの Issue の作成")},
	{NotifyRead, Member, false, i18n.T("where notifications go, and whether they arrived", "通知先と配信状況の閲覧")},
	{UsersRead, Member, false, i18n.T("the list of users", "ユーザー一覧の閲覧")},
	{TeamsLead, Lead, false, i18n.T("members, products and services of the teams that one leads (admin: of all)", "リードを務めるチームのメンバー・プロダクト・サービスの管理（管理者は全チーム）")},
	{AuditRead, Lead, false, i18n.T("the audit", "監査ログの閲覧")},
	{TeamsWrite, Admin, false, i18n.T("create, split and merge teams", "チームの作成・分割・統合")},
	{UsersWrite, Admin, false, i18n.T("create, change and delete users", "ユーザーの作成・変更・削除")},
	{TokensRead, Admin, false, i18n.T("the list of tokens", "トークン一覧の閲覧")},
	{TokensWrite, Admin, false, i18n.T("create and revoke tokens", "トークンの発行・失効")},
	{CodeWrite, Admin, false, i18n.T("configure repositories, and which service is built from which", "リポジトリの設定、サービスとの対応付け")},
	{NotifyWrite, Admin, false, i18n.T("configure where notifications go, send again", "通知先の設定・再送")},
	{RetentionWrite, Admin, false, i18n.T("decide how long telemetry is kept", "テレメトリーの保持期間の設定")},
	{JobsRun, Admin, false, i18n.T("run a background job now", "バックグラウンドジョブの即時実行")},
	{TelemetryWrite, Ingest, false, i18n.T("send telemetry (ingest tokens)", "テレメトリーの送信（取り込みトークン）")},
}

func find(p Permission) (grant, bool) {
	for _, g := range table {
		if g.perm == p {
			return g, true
		}
	}
	return grant{}, false
}

// Known says that p is a permission of this package.
func (p Permission) Known() bool {
	_, ok := find(p)
	return ok || p == Public
}

// Markdown is the table for people: a row for each permission, a column for each role.
func Markdown(lang i18n.Lang) string {
	var b strings.Builder
	b.WriteString("| " + i18n.T("permission", "権限").In(lang) + " | " + i18n.T("what it allows", "できること").In(lang) + " |")
	for _, r := range PeopleRoles {
		fmt.Fprintf(&b, " %s |", r)
	}
	b.WriteString("\n|---|---|" + strings.Repeat(":-:|", len(PeopleRoles)) + "\n")
	for _, g := range table {
		fmt.Fprintf(&b, "| `%s` | %s |", g.perm, g.what.In(lang))
		for _, r := range PeopleRoles {
			mark := " "
			if (Principal{Role: r, Kind: KindUser}).Allows(g.perm) {
				mark = "✓"
			}
			fmt.Fprintf(&b, " %s |", mark)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
