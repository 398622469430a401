package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/yagura-sre/yagura/internal/i18n"
)

var (
	about = i18n.T("Yagura: see how your services do, hold them to their levels, find out why.",
		"Yagura（櫓）：サービスの調子を見渡し、サービスレベルを守り、原因を突き止めます。")
	groupServer = i18n.T("Run a server", "サーバーを動かす")
	groupAsk    = i18n.T("Ask a running server", "動いているサーバーに尋ねる")
	groupOther  = i18n.T("Other", "その他")
)

var help = map[string]i18n.Text{
	"lang":             i18n.T("Language of the output.", "出力の言語。"),
	"serve":            i18n.T("Start the server.", "サーバーを起動します。"),
	"demo":             i18n.T("Start the server with a demo shop: two days of history, then live.", "デモショップ付きでサーバーを起動します。2 日分の履歴を作り、その後はリアルタイムに送ります。"),
	"doctor":           i18n.T("Check what the server needs: configuration, folder, disk, ports, engine, stores, certificates, clock.", "サーバーに必要なもの（設定、フォルダー、ディスク、ポート、エンジン、保存先、証明書、時計）を点検します。"),
	"health":           i18n.T("Ask whether this machine's server lives, for health checks.", "このマシンのサーバーが動作しているかを確認します（ヘルスチェック用）。"),
	"mcp":              i18n.T("Let an agent ask a server: the Model Context Protocol over standard input and output.", "エージェントからの問い合わせに応答します（標準入出力の Model Context Protocol）。"),
	"services":         i18n.T("List the services, the one that hurts users most first.", "サービスの一覧を、利用者への影響が大きい順に表示します。"),
	"logs":             i18n.T("Search, count and follow logs.", "ログを検索・集計・追尾します。"),
	"spans":            i18n.T("Search and count spans.", "スパンを検索・集計します。"),
	"trace":            i18n.T("Show a trace: its spans as a tree, with the critical path. It needs no range of time.", "トレースをツリーとクリティカルパスで表示します。期間の指定は不要です。"),
	"explain":          i18n.T("Say what happened to a request and why, from its trace ID or a file of spans.", "リクエストに何が起きたか、なぜかを、トレース ID またはスパンのファイルから説明します。"),
	"metrics":          i18n.T("Query metrics with PromQL.", "PromQL でメトリクスを照会します。"),
	"check":            i18n.T("Find what makes requests slow in files of traces (OTLP or Jaeger JSON). It needs no server.", "トレースのファイル（OTLPまたはJaegerのJSON）から遅さの原因を検出します。サーバーは不要です。"),
	"check_files":      i18n.T("Files of traces; - is standard input.", "トレースのファイル。- は標準入力。"),
	"check_only":       i18n.T("Run these detectors alone.", "指定した検出器だけを実行します。"),
	"check_except":     i18n.T("Leave these detectors out.", "指定した検出器を除きます。"),
	"check_why_not":    i18n.T("Say why these detectors did not fire: the nearest candidate and which condition it failed.", "指定した検出器が検出しなかった理由（最も近い候補と、満たさなかった条件）を表示します。"),
	"check_thresholds": i18n.T("YAML with other thresholds, by kind of work, service or endpoint.", "しきい値を変更するYAMLファイル（処理の種類・サービス・エンドポイント別に指定可）。"),
	"check_fail_on":    i18n.T("Exit with status 1 when this is found: any, detectors, saving>100ms, cost>1s; several with commas.", "該当するものが見つかったら終了ステータス1で終わります。any、検出器名、saving>100ms、cost>1s をカンマ区切りで指定します。"),
	"check_confidence": i18n.T("Leave out findings that are less sure: possible, medium, high.", "これより確度の低い検出結果を除きます（possible、medium、high）。"),
	"release":          i18n.T("Record, list and judge releases.", "リリースを記録・一覧表示し、影響を確認します。"),
	"teams":            i18n.T("List teams.", "チームの一覧を表示します。"),
	"owners":           i18n.T("Whose services are.", "サービスの担当を表示・取り込みします。"),
	"rebuild":          i18n.T("Compute figures anew from the stored rows, and follow how far that is.", "保存済みのデータから集計を再計算し、進捗を表示します。"),
	"openapi":          i18n.T("Print the API's OpenAPI document.", "API の OpenAPI 文書を出力します。"),
	"version":          i18n.T("Print the version.", "バージョンを表示します。"),

	"backup":         i18n.T("Back a running server up: logs, spans, metrics, users, settings.", "稼働中のサーバーのログ・スパン・メトリクス・ユーザー・設定をバックアップします。"),
	"backup_target":  i18n.T("Where to put it: a folder, or a file that ends in .tar. Left out, it stays in the server's backup.folder.", "保存先のフォルダー、または .tar で終わるファイル。省略するとサーバーの backup.folder に残します。"),
	"backup_list":    i18n.T("List the backups in the server's folder.", "サーバーのフォルダーにあるバックアップの一覧を表示します。"),
	"restore":        i18n.T("Bring a backup back into an empty data folder, and check it.", "バックアップを空のデータフォルダーに復元し、内容を検証します。"),
	"restore_source": i18n.T("The backup: a folder, or a .tar file.", "バックアップのフォルダーまたは .tar ファイル。"),

	"archive":           i18n.T("Show the archive of old days, and bring days back from it.", "古い日のアーカイブの表示と、アーカイブからの復帰を行います。"),
	"archive_ls":        i18n.T("List the days in the archive.", "アーカイブにある日の一覧を表示します。"),
	"archive_now":       i18n.T("Archive a day that is over now; its rows stay where they are.", "終わった日を今すぐアーカイブします。保存済みの行は残ります。"),
	"archive_attach":    i18n.T("Bring the rows of a day back for a time, so that they can be searched.", "アーカイブした日の行を一定期間復帰させ、検索できるようにします。"),
	"archive_detach":    i18n.T("Take away the rows that were brought back of a day.", "復帰させた日の行を取り除きます。"),
	"archive_verify":    i18n.T("Read all files of a day, and compare them with their sums.", "指定した日の全ファイルを読み取り、チェックサムと照合します。"),
	"archive_cancel":    i18n.T("Stop what is being done to a day.", "指定した日に対する処理を中止します。"),
	"archive_day":       i18n.T("Day in UTC: 2006-01-02.", "日付（UTC、2006-01-02 の形式）。"),
	"archive_signal":    i18n.T("logs or spans; both when left out.", "logs または spans。省略すると両方。"),
	"archive_days":      i18n.T("For how many days the rows are brought back.", "復帰させておく日数。"),
	"archive_wait":      i18n.T("Wait until it is done.", "完了するまで待ちます。"),
	"retention":         i18n.T("Show and change how long telemetry is kept, and what it takes.", "テレメトリーの保持期間とディスク使用量を表示・変更します。"),
	"retention_list":    i18n.T("List the rules, with the disk that they take now and in full.", "ルールと、現在および将来のディスク使用量を表示します。"),
	"retention_set":     i18n.T("Change a rule, or add one; it says first what is lost.", "ルールを変更・追加します。失われるデータがあれば先に表示します。"),
	"retention_rm":      i18n.T("Delete a rule; a default is again what the configuration says.", "ルールを削除します。既定のルールは設定ファイルの値に戻ります。"),
	"retention_signal":  i18n.T("logs, spans or metrics.", "logs、spans、metrics のいずれか。"),
	"retention_service": i18n.T("Only of this service; all when left out.", "対象のサービス。省略するとすべて。"),
	"retention_whole":   i18n.T("Days that rows are kept whole.", "完全に保持する日数。"),
	"retention_thin":    i18n.T("Days after that in which thinned rows are kept.", "その後、間引いて保持する日数。"),
	"retention_one_in":  i18n.T("Of the ordinary rows of thinned days keep one in so many; 0 is none.", "間引いた日の通常の行を何件に 1 件残すか。0 は残しません。"),
	"retention_yes":     i18n.T("Change it although rows are lost.", "データが失われる場合も変更します。"),
	"retention_id":      i18n.T("The rule's id, as the list has it.", "ルールの ID（一覧に表示されます）。"),

	"rebuild_from":    i18n.T("Begin of the range: -24h, -7d, or a time. It is widened to whole hours.", "期間の開始（-24h、-7d、または日時）。1 時間単位に広げます。"),
	"rebuild_what":    i18n.T("Only these figures: requests, errors, patterns, instances.", "対象の集計を限定します（requests、errors、patterns、instances）。"),
	"rebuild_reshape": i18n.T("Also work statements, patterns and groups of errors out anew.", "SQL 文・ログパターン・エラーグループの抽出もやり直します。"),
	"rebuild_detach":  i18n.T("Print the id and do not wait.", "ID だけを表示し、完了を待ちません。"),
	"rebuild_list":    i18n.T("List the rebuildings and how far they are.", "再計算の一覧と進捗を表示します。"),
	"rebuild_cancel":  i18n.T("Stop this one after the hour that it is at.", "この ID の再計算を、処理中の 1 時間分を終えた時点で止めます。"),

	"search": i18n.T("Print the rows that a filter selects, newest first.", "フィルターに合う行を新しい順に表示します。"),
	"count":  i18n.T("Count the rows that a filter selects.", "フィルターに合う行を数えます。"),
	"tail":   i18n.T("Print rows as they arrive.", "届いた行をその場で表示し続けます。"),
	"query":  i18n.T("Evaluate an expression now, or over the range with --step.", "式を現在の値で、--step を付けると期間で評価します。"),
	"filter": i18n.T("Which rows: words, \"phrases\", key:value, level>=error, duration>1s, -not, OR; * is all.",
		"対象の行：言葉、\"語句\"、key:value、level>=error、duration>1s、-否定、OR。* はすべて。"),
	"promql": i18n.T("A PromQL expression.", "PromQL の式。"),
	"step":   i18n.T("Evaluate over the range, a point every so often (30s, 1m).", "期間内をこの間隔（30s、1m）で評価します。"),
	"explain_what": i18n.T("Trace ID (or a traceparent, address or log line that holds one), or a file of OTLP or Jaeger JSON, which needs no server; - reads standard input.",
		"トレース ID（またはそれを含む traceparent・URL・ログの 1 行）、あるいは OTLP・Jaeger の JSON ファイル（サーバー不要）。- で標準入力から読み取ります。"),
	"explain_of": i18n.T("Which trace of a file that holds several.", "複数のトレースを含むファイルから対象を指定します。"),

	"trace_id": i18n.T("Trace ID, or a traceparent or address that holds one.", "トレース ID、またはそれを含む traceparent や URL。"),
	"server":   i18n.T("Address of the server (or YAGURA_SERVER).", "サーバーのアドレス（環境変数 YAGURA_SERVER でも可）。"),
	"token":    i18n.T("API token (or YAGURA_TOKEN).", "API トークン（環境変数 YAGURA_TOKEN でも可）。"),
	"json":     i18n.T("Print JSON, for programs.", "プログラム向けに JSON を出力します。"),
	"since":    i18n.T("How far back: 30m, 1h, 7d.", "どこまで遡るか：30m、1h、7d。"),
	"from":     i18n.T("Begin of the range: 2026-11-22T09:00:00+09:00, or -2h.", "期間の始まり：2026-11-22T09:00:00+09:00、-2h など。"),
	"to":       i18n.T("End of the range; now when left out.", "期間の終わり。省略すると現在。"),
	"only_env": i18n.T("Only this environment.", "この環境に限ります。"),
	"limit":    i18n.T("At most so many rows.", "表示する行数の上限。"),
	"utc":      i18n.T("Times in UTC, not in this machine's zone.", "時刻をこのマシンのタイムゾーンではなく UTC で表示します。"),

	"doctor_server": i18n.T("A running server to compare the clock with.", "時計を比較する、起動中のサーバーのアドレス。"),
	"health_ready":  i18n.T("Ask whether it can answer questions, too.", "検索に応答できる状態かも確認します。"),

	"owners_list":     i18n.T("List whose each service is, and who says so.", "各サービスの担当とその根拠を表示します。"),
	"owners_import":   i18n.T("Take over a file: ours, or Backstage's catalog-info.yaml.", "ファイル（Yagura 形式または Backstage の catalog-info.yaml）を取り込みます。"),
	"owners_team":     i18n.T("Only of this team.", "このチームに限ります。"),
	"owners_unowned":  i18n.T("Only those that are nobody's.", "担当のないサービスに限ります。"),
	"owners_problems": i18n.T("Only those where something does not agree.", "指定に不一致のあるサービスに限ります。"),
	"owners_file":     i18n.T("The file; - is standard input.", "取り込むファイル。- は標準入力。"),
	"owners_name":     i18n.T("Name that the next import replaces it by; the file's when left out.", "次回の取り込みで置き換える際の名前。省略するとファイル名。"),
	"owners_create":   i18n.T("Make teams and products that it names and that are not there.", "存在しないチームとプロダクトを作成します。"),
	"owners_preview":  i18n.T("Only say what would come of it.", "変更せずに、取り込み結果だけを表示します。"),

	"release_record":  i18n.T("Record a release of a service (the word record may be left out).", "サービスのリリースを記録します（record は省略できます）。"),
	"release_ls":      i18n.T("List releases, newest first, with what they changed.", "リリースの一覧を、前後の変化とともに新しい順に表示します。"),
	"release_show":    i18n.T("Show what a release changed: requests, endpoints, errors, instances.", "リリースの影響（リクエスト、エンドポイント、エラー、インスタンス）を表示します。"),
	"release_id":      i18n.T("Its id, as ls shows it, or the address of its page.", "リリースの ID（ls で表示）またはページの URL。"),
	"release_only":    i18n.T("Only of this service.", "対象のサービス。"),
	"release_team":    i18n.T("Only of services of this team.", "対象のチーム。"),
	"release_product": i18n.T("Only of services of this product.", "対象のプロダクト。"),
	"release_window":  i18n.T("How long after it to look at, at most 168h.", "リリース後どれだけの時間を見るか（168h まで）。"),
	"release_against": i18n.T("What to compare with: before, day or week.", "比較対象：before（直前）、day（前日の同時刻）、week（前週の同時刻）。"),
	"release_service": i18n.T("The service, as its telemetry names it.", "サービス名（テレメトリーの service.name）。"),
	"release_version": i18n.T("The version: best the same as service.version.", "バージョン。テレメトリーの service.version と同じ値を推奨します。"),
	"release_env":     i18n.T("Environment that was released to; needed when the service is in several.", "リリース先の環境。複数の環境で動くサービスでは必須です。"),
	"release_commit":  i18n.T("Commit; in GitHub Actions and GitLab CI it is known.", "コミット。GitHub Actions と GitLab CI では自動で設定されます。"),
	"release_author":  i18n.T("Who released; in GitHub Actions and GitLab CI it is known.", "リリースした人。GitHub Actions と GitLab CI では自動で設定されます。"),
	"release_url":     i18n.T("Where more is to be read: the pipeline, the release notes.", "パイプラインやリリースノートの URL。"),
	"release_time":    i18n.T("When it was released; now when left out.", "リリース時刻。省略すると現在時刻です。"),
	"release_note":    i18n.T("What people should know of it.", "リリースの説明。"),

	"config":      i18n.T("Config file (YAML).", "設定ファイル（YAML）。"),
	"role":        i18n.T("What this process does: all, or ingest, query or jobs beside others on shared stores.", "このプロセスの役割。all（既定）、または他のプロセスと分担する ingest・query・jobs。"),
	"data_dir":    i18n.T("Folder of all data.", "すべてのデータを置くフォルダー。"),
	"listen":      i18n.T("Address of the UI and the API.", "画面と API のアドレス。"),
	"otlp_grpc":   i18n.T("Address for OTLP over gRPC.", "OTLP（gRPC）を受け付けるアドレス。"),
	"otlp_http":   i18n.T("Address for OTLP over HTTP.", "OTLP（HTTP）を受け付けるアドレス。"),
	"no_auth":     i18n.T("No sign-in: everybody is administrator. Only on loopback addresses.", "サインインなし。全員が管理者になります。ループバックアドレスでのみ使えます。"),
	"rate":        i18n.T("Visits a minute at an average hour.", "平均的な時間帯の 1 分あたりの来店数。"),
	"seed":        i18n.T("Decides what visitors do; the same seed makes the same history.", "来店者の行動を決める乱数の種。同じ値なら同じ履歴になります。"),
	"flaws":       i18n.T("Flaws that are on: ids, all, none; left out, those that the shop lives with (docs/guide/en/demo.md).", "有効にする欠陥：ID、all、none。省略すると常設の欠陥（docs/guide/ja/demo.md）。"),
	"backfill":    i18n.T("How much history an empty data folder gets at first.", "空のデータフォルダーに最初に作る履歴の長さ。"),
	"no_backfill": i18n.T("No history: only what happens from now on.", "履歴を作らず、これからのデータだけを送ります。"),
	"speed":       i18n.T("Make the history at so many times the speed of time; 0 as fast as it goes.", "履歴を実時間の何倍の速さで作るか。0 は最速。"),
	"demo_admin":  i18n.T("Address at which flaws are switched.", "欠陥を切り替えるアドレス。"),
}

func helpTexts(lang i18n.Lang) map[string]string {
	out := map[string]string{}
	for k, t := range help {
		out[k] = t.In(lang)
	}
	return out
}

// printHelp lays help out in one language; kong's own printer has English headings.
func printHelp(lang i18n.Lang) kong.HelpPrinter {
	return func(_ kong.HelpOptions, ctx *kong.Context) error {
		node := ctx.Selected()
		if node == nil {
			node = ctx.Model.Node
		}
		var b strings.Builder
		summary := node.Summary()
		fmt.Fprintf(&b, "%s %s\n", i18n.T("Usage:", "使い方：").In(lang), ctx.Model.Name+strings.TrimPrefix(" "+strings.TrimPrefix(summary, ctx.Model.Name), " "+ctx.Model.Name))
		text := node.Help
		if node == ctx.Model.Node {
			text = ctx.Model.Help
		}
		if text != "" {
			fmt.Fprintf(&b, "\n%s\n", text)
		}
		section(&b, i18n.T("Arguments", "引数").In(lang), func(t *table) {
			for _, p := range node.Positional {
				t.row("  <"+p.Name+">", p.Help)
			}
		})
		writeCommands(&b, node, lang)
		section(&b, i18n.T("Flags", "フラグ").In(lang), func(t *table) {
			for _, group := range node.AllFlags(true) {
				for _, f := range group {
					name := "--" + f.Name
					if !f.IsBool() {
						name += "=" + f.FormatPlaceHolder()
					}
					if f.Name == "help" {
						f.Help = i18n.T("Show help.", "この説明を表示します。").In(lang)
					}
					t.row("  "+name, f.Help)
				}
			}
		})
		_, err := io.WriteString(ctx.Stdout, b.String())
		return err
	}
}

func section(b *strings.Builder, title string, fill func(*table)) {
	t := newTable("", "")
	fill(t)
	if len(t.rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	t.head = t.rows[0]
	t.rows = t.rows[1:]
	_ = t.write(b) // a strings.Builder does not fail
}

func writeCommands(b *strings.Builder, node *kong.Node, lang i18n.Lang) {
	titles := []i18n.Text{groupServer, groupAsk, groupOther}
	for i, key := range []string{"server", "ask", "other", ""} {
		title := i18n.T("Commands", "コマンド").In(lang)
		if i < len(titles) {
			title = titles[i].In(lang)
		}
		section(b, title, func(t *table) {
			for _, c := range node.Children {
				group := ""
				if c.Group != nil {
					group = c.Group.Key
				}
				if !c.Hidden && c.Type == kong.CommandNode && group == key {
					t.row("  "+c.Name, c.Help)
				}
			}
		})
	}
}
