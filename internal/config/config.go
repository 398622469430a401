package config

import (
	"path/filepath"
	"strings"
	"time"
)

// Config is everything that can be decided. The tags en and ja document a setting, for
// the example file and the guide.
type Config struct {
	Role           Role     `yaml:"role" en:"What this process does: all of it, or ingest, query or jobs beside other processes (see the guide: Several processes)." ja:"このプロセスの役割。all はすべてを担当し、ingest・query・jobs は他のプロセスと分担します（ガイドの「複数プロセス構成」を参照）。"`
	Advertise      string   `yaml:"advertise" en:"Where the other processes reach this one, when it is not the address of listen: http://10.1.2.3:7700." ja:"他のプロセスからこのプロセスに接続する URL。listen のアドレスと異なる場合に指定します。例: http://10.1.2.3:7700"`
	Listen         string   `yaml:"listen" en:"Address of the UI and the API." ja:"UI と API の待ち受けアドレス。"`
	PublicURL      string   `yaml:"public_url" en:"What people type into their browser, when Yagura is behind a proxy: https://yagura.example.com" ja:"プロキシ経由で公開する場合に、利用者がブラウザーで開く URL。例: https://yagura.example.com"`
	TrustedProxies []string `yaml:"trusted_proxies" en:"Addresses or networks of the proxies whose X-Forwarded-For is believed." ja:"X-Forwarded-For を信頼するプロキシのアドレスまたはネットワーク。"`
	DataDir        string   `yaml:"data_dir" en:"Folder for everything that Yagura keeps. One process owns it." ja:"Yagura のデータを保存するフォルダー。同時に使用できるプロセスは 1 つだけです。"`
	Language       string   `yaml:"language" en:"Language of what the server prints: en or ja. Empty follows LANG. People choose their own." ja:"サーバーの出力に使う言語（en または ja）。空の場合は LANG に従います。UI の言語は利用者ごとに選べます。"`
	Timezone       string   `yaml:"timezone" en:"Time zone of days and schedules, such as Asia/Tokyo. Empty is the machine's." ja:"日付の区切りや予定に使うタイムゾーン。例: Asia/Tokyo。空の場合はマシンの設定に従います。"`

	TLS       TLS       `yaml:"tls" en:"TLS for the UI and the API. New files are taken up without a restart." ja:"UI と API の TLS。ファイルを差し替えると再起動なしで反映されます。"`
	Auth      Auth      `yaml:"auth" en:"Who may enter." ja:"サインインの設定。"`
	Owners    Owners    `yaml:"owners" en:"Which team and product each service belongs to, beside what people say in the UI." ja:"各サービスの担当チームとプロダクト。UI での指定が優先されます。"`
	OTLP      OTLP      `yaml:"otlp" en:"Where telemetry comes in." ja:"テレメトリーの受信口。"`
	Engine    Engine    `yaml:"engine" en:"The engine that holds logs and spans: the embedded one, or a ClickHouse." ja:"ログとスパンを保存するエンジン。組み込みエンジンまたは外部の ClickHouse。"`
	Metrics   Metrics   `yaml:"metrics" en:"The metrics store: the embedded one, or any that speaks Prometheus." ja:"メトリクスの保存先。組み込みストアまたは Prometheus 互換の外部ストア。"`
	Database  Database  `yaml:"database" en:"The database of users, tokens and decisions: SQLite in the data folder, or PostgreSQL." ja:"ユーザーやトークンなどの状態を保存するデータベース。データフォルダー内の SQLite または PostgreSQL。"`
	WAL       WAL       `yaml:"wal" en:"The write-ahead log: what was acknowledged and is not in the engine yet." ja:"先行書き込みログ（WAL）。受信済みでエンジンに未書き込みのデータを保持します。"`
	Backup    Backup    `yaml:"backup" en:"Backups that are made while Yagura runs." ja:"稼働中に作成するバックアップ。"`
	Retention Retention `yaml:"retention" en:"How long raw telemetry is kept." ja:"生データの保持期間。"`
	Archive   Archive   `yaml:"archive" en:"Where old days of logs and spans go before they are thinned or dropped. Empty is nowhere." ja:"古い日のログ・スパンを、間引き・削除の前に保存する場所。空の場合はアーカイブしません。"`
	Limits    Limits    `yaml:"limits" en:"What a sender may send. What is refused or cut is counted and shown on the status page." ja:"送信側に対する制限。拒否・切り詰めたデータは件数とともにステータス画面に表示されます。"`
	Redaction Redaction `yaml:"redaction" en:"What is taken out of telemetry before anything is written." ja:"書き込み前にテレメトリーから取り除く機密情報。"`
	Notify    Notify    `yaml:"notify" en:"Where notifications may go." ja:"通知の送信先に関する設定。"`
	Code      Code      `yaml:"code" en:"Source of the services, for lines beside errors and proposals." ja:"サービスのソースコード（エラーや改善提案に行を添えるため）。"`
	Secrets   Secrets   `yaml:"secrets" en:"Where the secrets are that settings in the UI name." ja:"UI の設定から参照するシークレットの置き場所。"`
	Self      Self      `yaml:"self" en:"Yagura watches itself: its own metrics, traces and logs, as the service yagura." ja:"Yagura 自身の監視。メトリクス・トレース・ログをサービス yagura として保存します。"`
	Log       Log       `yaml:"log" en:"Yagura's own log, on standard error." ja:"Yagura 自身のログ（標準エラー出力）。"`
}

// Auth says how people come in.
type Auth struct {
	Mode      string `yaml:"mode" en:"password, or none: everybody is the administrator, which is only possible on a loopback address." ja:"password または none。none では誰でも管理者として操作できるため、ループバックアドレスでのみ使用できます。"`
	Passwords string `yaml:"passwords" en:"Who may sign in with a password beside the identity provider: all, or admins alone (for emergencies)." ja:"ID プロバイダーと併用する場合に、パスワードでサインインできる人。all または admins（非常時用に管理者のみ）。"`
	TeamsFile string `yaml:"teams_file" en:"YAML file of teams, their members and products; read at the start." ja:"チームとそのメンバー、プロダクトを記載した YAML ファイル。起動時に読み込みます。"`
	OIDC      OIDC   `yaml:"oidc" en:"Sign-in by an identity provider (OpenID Connect), beside passwords." ja:"ID プロバイダー（OpenID Connect）によるサインイン。パスワードと併用できます。"`
}

// TLS is a certificate in files.
type TLS struct {
	Cert string `yaml:"cert_file" en:"Certificate in PEM, followed by those of the authorities between. Empty is without TLS." ja:"PEM 形式のサーバー証明書（中間証明書を続けて記載）。空の場合は TLS を使用しません。"`
	Key  string `yaml:"key_file" en:"Its private key in PEM, without a passphrase." ja:"その秘密鍵（PEM 形式、パスフレーズなし）。"`
}

// OTLPTLS is a certificate for the senders' ports, and what senders must show.
type OTLPTLS struct {
	Cert     string `yaml:"cert_file" en:"As tls.cert_file; the same file may serve both." ja:"tls.cert_file と同様です。同じファイルも指定できます。"`
	Key      string `yaml:"key_file" en:"As tls.key_file." ja:"tls.key_file と同様です。"`
	ClientCA string `yaml:"client_ca_file" en:"Authorities in PEM: senders must then show a certificate of one of them (mTLS), beside the token." ja:"PEM 形式の認証局証明書。指定すると、送信側はトークンに加えてこの認証局のクライアント証明書を提示する必要があります（mTLS）。"`
}

// OTLP says where telemetry comes in.
type OTLP struct {
	GRPC string   `yaml:"grpc" en:"OTLP over gRPC. Empty switches it off. Containers reach it at 0.0.0.0:4317." ja:"OTLP/gRPC の待ち受けアドレス。空にすると無効になります。コンテナーから送信する場合は 0.0.0.0:4317 などを指定します。"`
	HTTP string   `yaml:"http" en:"OTLP over HTTP. Empty switches it off." ja:"OTLP/HTTP の待ち受けアドレス。空にすると無効になります。"`
	Auth string   `yaml:"auth" en:"auto: senders need an ingest token unless the address is a loopback one; token: always; none: never." ja:"auto はループバックアドレス以外で取り込みトークンを必須とし、token は常に必須、none は不要とします。"`
	TLS  OTLPTLS  `yaml:"tls" en:"TLS for both ports. New files are taken up without a restart." ja:"両ポートの TLS。ファイルを差し替えると再起動なしで反映されます。"`
	CORS []string `yaml:"cors_origins" en:"Origins of web pages that may send over HTTP, such as https://shop.example.com." ja:"ブラウザーから OTLP/HTTP で送信できるページのオリジン。例: https://shop.example.com"`
}

// Engine says where logs and spans are kept.
type Engine struct {
	Lib          string   `yaml:"lib" en:"Path of libchdb.so. Empty looks beside the program." ja:"libchdb.so のパス。空の場合は実行ファイルの周辺を探します。"`
	URL          string   `yaml:"url" en:"HTTP address of a ClickHouse (http://clickhouse:8123), which replaces the embedded engine." ja:"外部の ClickHouse の HTTP アドレス（http://clickhouse:8123）。指定すると組み込みエンジンの代わりに使用します。"`
	User         string   `yaml:"user" en:"User at that ClickHouse." ja:"ClickHouse のユーザー名。"`
	Password     string   `yaml:"password" secret:"true" en:"Password of that user." ja:"ClickHouse のパスワード。"`
	PasswordFile string   `yaml:"password_file" en:"File that holds the password instead." ja:"パスワードを記載したファイルのパス。"`
	Database     string   `yaml:"database" en:"Database for the tables." ja:"テーブルを作成するデータベース名。"`
	Cluster      string   `yaml:"cluster" en:"Cluster over which the tables are spread. Empty is one server." ja:"テーブルを分散するクラスター名。空の場合は単一サーバーです。"`
	MaxMemory    Size     `yaml:"max_memory" en:"Memory of the embedded engine. 0 is a quarter of the machine's, at least 1GiB." ja:"組み込みエンジンのメモリー上限。0 の場合はマシンの 4 分の 1（最低 1GiB）です。"`
	MaxThreads   int      `yaml:"max_threads" en:"Threads of the embedded engine. 0 is one per core." ja:"組み込みエンジンのスレッド数の上限。0 の場合はコア数と同じです。"`
	Settings     []string `yaml:"settings" en:"Settings of ClickHouse's own for questions: use_query_condition_cache=0. What bounds a question cannot be changed here." ja:"クエリーに渡す ClickHouse の設定。例: use_query_condition_cache=0。制限に関する設定は変更できません。"`
	MaxQuery     Duration `yaml:"max_query" en:"The longest that a question may take." ja:"クエリーの制限時間。"`
}

// Metrics says where metrics are kept.
type Metrics struct {
	URL       string   `yaml:"url" en:"Address of a Prometheus-compatible store (http://mimir:9009/prometheus), which replaces the embedded one." ja:"Prometheus 互換ストアのアドレス（http://mimir:9009/prometheus）。指定すると組み込みストアの代わりに使用します。"`
	Token     string   `yaml:"token" secret:"true" en:"Bearer token for that store." ja:"そのストアの Bearer トークン。"`
	TokenFile string   `yaml:"token_file" en:"File that holds the token instead." ja:"トークンを記載したファイルのパス。"`
	Retention Duration `yaml:"retention" en:"How long the embedded store keeps samples." ja:"組み込みストアでのメトリクスの保持期間。"`
}

// Database says where state is kept.
type Database struct {
	DSN     string `yaml:"dsn" secret:"true" en:"PostgreSQL 15 or newer: postgres://user:password@host/yagura. Empty is SQLite." ja:"PostgreSQL 15 以降の接続文字列: postgres://user:password@host/yagura。空の場合は SQLite を使用します。"`
	DSNFile string `yaml:"dsn_file" en:"File that holds the DSN instead." ja:"接続文字列を記載したファイルのパス。"`
}

// WAL bounds the write-ahead log.
type WAL struct {
	MaxBytes     Size `yaml:"max_bytes" en:"When it has grown so large because the engine is away, senders are told to come back." ja:"エンジンの停止などでこのサイズに達すると、送信側に再送を求めます。"`
	MinFreeBytes Size `yaml:"min_free_bytes" en:"The same when less than this is free on the disk." ja:"ディスクの空き容量がこれを下回った場合も、送信側に再送を求めます。"`
}

// Retention says how long raw rows are kept.
type Retention struct {
	Logs         Duration `yaml:"logs" en:"How long logs are kept whole. This and the next four are defaults: Settings, Retention changes them, and sets them for each service." ja:"ログを完全に保持する期間。以下 4 項目を含めて既定値です。「設定 > 保持期間」で変更でき、サービスごとにも指定できます。"`
	LogsThinned  Duration `yaml:"logs_thinned" en:"How much longer thinned logs are kept: warnings, errors, those of kept traces, a share of the rest." ja:"その後、間引いたログ（警告・エラー・残したトレースのログ・その他の一部）を保持する期間。"`
	Spans        Duration `yaml:"spans" en:"How long spans are kept whole." ja:"スパンを完全に保持する期間。"`
	SpansThinned Duration `yaml:"spans_thinned" en:"How much longer thinned traces are kept: those with errors, slow ones, exemplars, a share of the rest." ja:"その後、間引いたトレース（エラー・遅いもの・エグゼンプラー・その他の一部）を保持する期間。"`
	KeepOneIn    int      `yaml:"keep_one_in" en:"The share of the ordinary rows that thinning keeps: one in so many; 0 is none." ja:"間引きで残す通常の行の割合（何件に 1 件か）。0 は残しません。"`

	Figures Duration `yaml:"figures" en:"What is counted by the minute: requests, errors, statements, patterns. Dropped by the month." ja:"分単位の集計（リクエスト、エラー、SQL 文、ログパターンなど）の保持期間。月単位で削除します。"`
}

// Archive says where old days go.
type Archive struct {
	Folder string `yaml:"folder" en:"Folder on this server, best on another disk or a mounted share." ja:"このサーバー上のフォルダー。データとは別のディスクや共有ストレージを推奨します。"`
}

// Backup says where backups are made.
type Backup struct {
	Folder   string   `yaml:"folder" en:"Folder on this server, best on another disk. Empty is backups in the data folder." ja:"バックアップを作成するフォルダー。データとは別のディスクを推奨します。空の場合はデータフォルダー内の backups です。"`
	Schedule string   `yaml:"schedule" en:"When one is made by itself, in the timezone above: daily 03:00, or weekly sun 03:00. Empty is never." ja:"自動で作成する時刻（上記 timezone の時刻）。daily 03:00 または weekly sun 03:00。空の場合は自動では作成しません。"`
	Keep     int      `yaml:"keep" en:"How many of the scheduled ones are kept; older ones are removed. 0 keeps all. What a person made is never removed." ja:"自動で作成したバックアップを残す個数。超えた分は古いものから削除します。0 の場合はすべて残します。手動で作成したものは削除しません。"`
	Notify   []string `yaml:"notify" en:"Names of destinations of notifications (Settings > Notifications) that are told when a backup fails or is damaged. Empty is all." ja:"失敗や破損を知らせる通知先の名前（「設定 > 通知」）。空の場合はすべての通知先に知らせます。"`
}

// Limits bounds what comes in.
type Limits struct {
	RequestBytes       Size     `yaml:"request_bytes" en:"Size of a request, unpacked." ja:"1 リクエストのサイズ（展開後）。"`
	InflightBytes      Size     `yaml:"inflight_bytes" en:"Size of all requests that are being worked on, unpacked." ja:"処理中の全リクエストの合計サイズ（展開後）。"`
	ConcurrentRequests int      `yaml:"concurrent_requests" en:"Requests that are worked on at once." ja:"同時に処理するリクエスト数。"`
	Services           int      `yaml:"services" en:"Different service names; a deployment that invents them must not fill the catalogue." ja:"サービス名の種類数。サービス名が際限なく増えることを防ぎます。"`
	Attributes         int      `yaml:"attributes" en:"Attributes of a row; further ones are cut." ja:"1 行あたりの属性数。超えた分は切り捨てます。"`
	AttributeBytes     Size     `yaml:"attribute_bytes" en:"Size of an attribute's value; longer ones are cut." ja:"属性値のサイズ。超えた分は切り詰めます。"`
	BodyBytes          Size     `yaml:"body_bytes" en:"Size of a log body, a statement, a stack trace; longer ones are cut." ja:"ログ本文・SQL 文・スタックトレースのサイズ。超えた分は切り詰めます。"`
	Future             Duration `yaml:"future" en:"How far a row's time may be ahead of ours." ja:"受信時刻より先の時刻を許容する幅。"`
}

// Redaction says what is taken out.
type Redaction struct {
	DisableDefaults bool            `yaml:"disable_defaults" en:"Switch all of the built-in rules off (passwords, tokens, authorization headers, card numbers, My Number)." ja:"組み込みルール（パスワード、トークン、Authorization ヘッダー、カード番号、マイナンバー）をすべて無効にします。"`
	Disable         []string        `yaml:"disable" en:"Built-in rules to switch off, by their ids." ja:"無効にする組み込みルールの ID。"`
	Keep            []string        `yaml:"keep" en:"Attributes that are left as they are." ja:"そのまま残す属性名。"`
	Rules           []RedactionRule `yaml:"rules" en:"Rules of your own: id, and keys (attribute names) or pattern (a regular expression)." ja:"独自のルール。id と、keys（属性名）または pattern（正規表現）を指定します。"`
}

// RedactionRule takes out the values of keys, or what a pattern matches.
type RedactionRule struct {
	ID      string   `yaml:"id"`
	Keys    []string `yaml:"keys"`
	Pattern string   `yaml:"pattern"`
}

// Notify bounds where notifications go.
type Notify struct {
	AllowNetworks []string `yaml:"allow_networks" en:"Internal addresses or networks that webhooks and mail may go to, such as 10.1.2.0/24. All others that are not public are refused." ja:"Webhook やメールの送信を許可する内部アドレスまたはネットワーク。例: 10.1.2.0/24。記載のない内部アドレスへの送信は拒否します。"`
}

// Code bounds where source may be read.
type Code struct {
	Folders       []string `yaml:"folders" en:"Folders on this machine that clones may lie in." ja:"このマシン上のクローンを置けるフォルダー。"`
	AllowNetworks []string `yaml:"allow_networks" en:"Internal addresses or networks of a GitHub Enterprise Server, such as 10.1.2.0/24." ja:"GitHub Enterprise Server の内部アドレスまたはネットワーク。例: 10.1.2.0/24。"`
}

// Secrets says where secrets are.
type Secrets struct {
	Folders []string `yaml:"folders" en:"Folders whose files may be named as file:/run/secrets/name. Variables are named as env:YAGURA_SECRET_NAME." ja:"file:/run/secrets/名前 の形式で参照できるファイルのフォルダー。環境変数は env:YAGURA_SECRET_名前 で参照します。"`
}

// Self says what Yagura keeps of itself.
type Self struct {
	Enabled       bool   `yaml:"enabled" en:"Keep it. It takes a few MB a day, and is not counted as yours." ja:"保存するかどうか。1 日あたり数 MB で、利用者のサービスとしては数えません。"`
	MetricsListen string `yaml:"metrics_listen" en:"An address of its own that serves the metrics at /metrics to anybody who reaches it. Beside it, listen serves them to API tokens." ja:"メトリクスを認証なしで /metrics に公開する専用アドレス。これとは別に、listen の /metrics でも API トークンで取得できます。"`
}

// Log says what is logged.
type Log struct {
	Level  string `yaml:"level" en:"debug, info, warn or error." ja:"debug、info、warn、error のいずれか。"`
	Format string `yaml:"format" en:"text or json." ja:"text または json。"`
}

// Default is the configuration without any file.
func Default() Config {
	const day = Duration(24 * time.Hour)
	return Config{
		Role:      RoleAll,
		Listen:    "127.0.0.1:7700",
		DataDir:   "./data",
		Auth:      Auth{Mode: "password", Passwords: "all", OIDC: defaultOIDC()},
		Owners:    defaultOwners(),
		OTLP:      OTLP{GRPC: "127.0.0.1:4317", HTTP: "127.0.0.1:4318", Auth: "auto"},
		Engine:    Engine{Database: "yagura", MaxQuery: Duration(30 * time.Second)},
		Metrics:   Metrics{Retention: 90 * day},
		WAL:       WAL{MaxBytes: 2 << 30, MinFreeBytes: 256 << 20},
		Retention: Retention{Logs: 30 * day, Spans: 14 * day, SpansThinned: 16 * day, KeepOneIn: 10, Figures: 760 * day},
		Limits: Limits{
			RequestBytes: 16 << 20, InflightBytes: 256 << 20, ConcurrentRequests: 256, Services: 1000,
			Attributes: 128, AttributeBytes: 16 << 10, BodyBytes: 256 << 10, Future: Duration(10 * time.Minute),
		},
		Secrets: Secrets{Folders: []string{"/run/secrets", "/etc/yagura/secrets"}},
		Self:    Self{Enabled: true},
		Backup:  Backup{Keep: 7},
		Log:     Log{Level: "info", Format: "text"},
	}
}

// NoAuth says that sign-in is switched off.
func (c Config) NoAuth() bool { return c.Auth.Mode == "none" }

// TokenNeeded says whether senders at an OTLP address need an ingest token.
func (o OTLP) TokenNeeded(addr string) bool {
	if addr == "" { // nobody sends there
		return false
	}
	switch o.Auth {
	case "token":
		return true
	case "none":
		return false
	}
	return !Loopback(addr)
}

// QuerySettings are Settings by name.
func (e Engine) QuerySettings() map[string]string {
	all := map[string]string{}
	for _, s := range e.Settings {
		name, value, _ := strings.Cut(s, "=")
		all[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return all
}

// BackupFolder is where backups are made.
func (c Config) BackupFolder() string {
	if c.Backup.Folder != "" {
		return c.Backup.Folder
	}
	return filepath.Join(c.DataDir, "backups")
}

// Memory is what the embedded engine may use.
func (e Engine) Memory() int64 {
	if e.MaxMemory > 0 {
		return int64(e.MaxMemory)
	}
	return max(1<<30, TotalMemory()/4)
}
