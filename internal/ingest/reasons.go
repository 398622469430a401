package ingest

import "github.com/yagura-sre/yagura/internal/i18n"

// Reason is why a row or request was refused, or changed on its way in.
type Reason string

// Reasons to refuse. The sender is told, by an error or by partial success.
const (
	Malformed     Reason = "malformed"
	TooLarge      Reason = "too_large"
	TooComplex    Reason = "too_complex"
	BadEncoding   Reason = "unsupported_encoding"
	NoToken       Reason = "unauthenticated"
	Busy          Reason = "overloaded"
	StorageAway   Reason = "storage_unavailable"
	StorageRefuse Reason = "storage_refused"
	Abandoned     Reason = "abandoned"
	TooManyRows   Reason = "too_many_rows"
	ServiceLimit  Reason = "service_limit"
	MissingIDs    Reason = "missing_ids"
	BadMetric     Reason = "invalid_metric"
	SlowSender    Reason = "too_slow"
	BadOrigin     Reason = "forbidden_origin"
	NotTLS        Reason = "not_tls"
	BadHandshake  Reason = "tls_handshake"
)

// Reasons to change a row that is stored. They are marked by the row's flags.
const (
	AttributeLimit Reason = "attribute_limit"
	ValueLimit     Reason = "value_too_long"
	ClockSkew      Reason = "clock_skew"
	BadDuration    Reason = "negative_duration"
	DuplicateKey   Reason = "duplicate_attribute"
	InvalidUTF8    Reason = "invalid_utf8"
	ReservedLabel  Reason = "reserved_label"
)

// Stored says that rows counted under the reason were stored, changed.
func (r Reason) Stored() bool {
	switch r {
	case AttributeLimit, ValueLimit, ClockSkew, BadDuration, DuplicateKey, InvalidUTF8, ReservedLabel:
		return true
	}
	return false
}

// Retried says that the sender was asked to send the same again, so that what is counted
// under the reason is late, not lost, as long as the sender does.
func (r Reason) Retried() bool {
	return r == Busy || r == StorageAway || r == Abandoned || r == SlowSender
}

// Text says what happened and how to mend it.
func (r Reason) Text() i18n.Text { return reasonTexts[r] }

// Guide is the address of the page that says more of the reason.
func (r Reason) Guide(lang i18n.Lang) string {
	return "https://github.com/yagura-sre/yagura/blob/main/docs/guide/" + string(lang) + "/refusals.md#" + string(r)
}

var reasonTexts = map[Reason]i18n.Text{
	Malformed: i18n.T(
		"The request is not valid OTLP. Check that the exporter's protocol (gRPC, HTTP/protobuf, HTTP/JSON) matches the port and that no proxy changes the body.",
		"リクエストがOTLPとして解釈できません。エクスポーターのプロトコル（gRPC、HTTP/protobuf、HTTP/JSON）とポートの組み合わせ、および途中のプロキシが本文を書き換えていないかを確認してください。"),
	TooLarge: i18n.T(
		"The request is larger than the limit after decompression. Lower the batch size of the exporter or raise limits.request_bytes.",
		"展開後のリクエストが上限サイズを超えています。エクスポーターのバッチサイズを小さくするか、limits.request_bytes を大きくしてください。"),
	TooComplex: i18n.T(
		"The request nests values too deeply or holds too many of them. Flatten the attributes or lower the batch size.",
		"値の入れ子が深すぎるか、要素数が多すぎます。属性を平坦にするか、バッチサイズを小さくしてください。"),
	BadEncoding: i18n.T(
		"The content type or compression is not supported. Send application/x-protobuf or application/json, plain or compressed with gzip or zstd.",
		"対応していないContent-Typeまたは圧縮方式です。application/x-protobuf か application/json を、無圧縮、gzip、zstdのいずれかで送信してください。"),
	NoToken: i18n.T(
		"The ingest token is missing, unknown or revoked. Send it as the header \"Authorization: Bearer <token>\" (OTEL_EXPORTER_OTLP_HEADERS).",
		"取り込みトークンがないか、無効または失効しています。ヘッダー「Authorization: Bearer <トークン>」（OTEL_EXPORTER_OTLP_HEADERS）で送信してください。"),
	Busy: i18n.T(
		"Too much is in flight at once; the sender was asked to retry. If it lasts, give the server more CPU or disk speed, or raise limits.inflight_bytes and limits.concurrent_requests.",
		"同時に処理中の量が上限に達したため、送信元に再送を求めました。続く場合はCPUやディスク性能を増強するか、limits.inflight_bytes と limits.concurrent_requests を大きくしてください。"),
	StorageAway: i18n.T(
		"Rows could not be written to disk; the sender was asked to retry. Check free disk space and the state of the engine on the status page.",
		"ディスクに書き込めなかったため、送信元に再送を求めました。ステータス画面でディスクの空き容量とエンジンの状態を確認してください。"),
	Abandoned: i18n.T(
		"The sender went away before its rows were on disk; SDKs then send them again. If it lasts, the disk is slow or the exporter's timeout is too short (10 s by default).",
		"書き込みが終わる前に送信元が接続を切りました。SDKは通常再送します。続く場合は、ディスクが遅いか、エクスポーターのタイムアウト（既定値は10秒）が短すぎます。"),
	StorageRefuse: i18n.T(
		"The rows were refused for good when they were written. The server's log has the cause.",
		"書き込み時に行が拒否されました。原因はサーバーのログを確認してください。"),
	TooManyRows: i18n.T(
		"The request holds more rows than the limit; the rest was refused. Lower the batch size of the exporter.",
		"1リクエストの行数が上限を超えたため、超過分を拒否しました。エクスポーターのバッチサイズを小さくしてください。"),
	ServiceLimit: i18n.T(
		"There are more service names than the limit. Look for a service.name that holds an id or a host name, or raise limits.services.",
		"サービス名の種類が上限を超えています。service.name にIDやホスト名が含まれていないかを確認するか、limits.services を大きくしてください。"),
	MissingIDs: i18n.T(
		"The span has no trace id or no span id. The instrumentation must set both (16 and 8 bytes, not all zero).",
		"スパンにトレースIDまたはスパンIDがありません。計装側で両方（16バイトと8バイト、すべて0以外）を設定してください。"),
	BadMetric: i18n.T(
		"The data point is not valid: no name or type, a timestamp that is missing or beyond the clock-skew limit, more attributes than the limit, or bucket counts that do not fit their bounds.",
		"データポイントが不正です。名前や型がない、タイムスタンプがないか許容範囲外、属性数が上限超過、またはバケット数が境界の数と合っていません。"),
	AttributeLimit: i18n.T(
		"There were more attributes, events or links than the limit; the rest was cut and the row marked. Send fewer or raise limits.attributes.",
		"属性・イベント・リンクの数が上限を超えたため、超過分を切り捨てて印を付けました。数を減らすか、limits.attributes を大きくしてください。"),
	ValueLimit: i18n.T(
		"A value or body was longer than the limit; it was cut and the row marked. Send less or raise limits.attribute_bytes or limits.body_bytes.",
		"値または本文が上限より長いため、切り詰めて印を付けました。短くするか、limits.attribute_bytes や limits.body_bytes を大きくしてください。"),
	ClockSkew: i18n.T(
		"The time was missing, or too far from the server's clock; the time of arrival stands in and the row is marked. Check the sender's clock (NTP) and the unit of its timestamps.",
		"時刻がないか、サーバーの時計から離れすぎているため、到着時刻で代用して印を付けました。送信元の時計（NTP）とタイムスタンプの単位を確認してください。"),
	SlowSender: i18n.T(
		"The request's body came too slowly and was ended; the sender was asked to retry. Check the network between the sender and the server, or lower the batch size of the exporter.",
		"リクエスト本文の受信が遅すぎるため打ち切り、送信元に再送を求めました。送信元とサーバーの間のネットワークを確認するか、エクスポーターのバッチサイズを小さくしてください。"),
	BadOrigin: i18n.T(
		"A web page that is not allowed tried to send. Without ingest tokens, a browser's origin must be listed in otlp.cors_origins, and on a loopback port the Host must be localhost or a loopback address.",
		"許可されていないWebページからの送信を拒否しました。取り込みトークンを使わない場合は、ブラウザーのオリジンを otlp.cors_origins に登録してください。ループバックで待ち受けるポートでは、Hostがlocalhostまたはループバックアドレスである必要があります。"),
	NotTLS: i18n.T(
		"A sender spoke in the clear to a port that speaks TLS. Use https:// in OTEL_EXPORTER_OTLP_ENDPOINT, or tls: {insecure: false} in the Collector.",
		"TLSで待ち受けているポートに、暗号化されていない接続がありました。OTEL_EXPORTER_OTLP_ENDPOINT に https:// を指定するか、Collectorでは tls: {insecure: false} を指定してください。"),
	BadHandshake: i18n.T(
		"The TLS handshake with a sender failed. Check that it trusts the certificate and uses its host name (OTEL_EXPORTER_OTLP_CERTIFICATE), and, where client certificates are asked for, that it shows one of the configured authority (OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and _CLIENT_KEY).",
		"送信元とのTLSハンドシェイクに失敗しました。送信元が証明書を信頼し、証明書に含まれるホスト名で接続しているか（OTEL_EXPORTER_OTLP_CERTIFICATE）、クライアント証明書が必要な場合は設定した認証局のものを提示しているか（OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE と _CLIENT_KEY）を確認してください。"),
	BadDuration: i18n.T(
		"The span ends before it starts, or never started; its duration is 0 and the row marked. Check that the instrumentation takes both times from the same, monotonic clock.",
		"スパンの終了時刻が開始時刻より前か、開始時刻がないため、所要時間を0として印を付けました。計装側で開始と終了に同じ単調時計を使っているかを確認してください。"),
	DuplicateKey: i18n.T(
		"An attribute's name came twice with different values; the first was kept and the row marked. Set each attribute once.",
		"同じ名前の属性が異なる値で複数あったため、最初の値だけを残して印を付けました。属性は1つの名前につき1回だけ設定してください。"),
	InvalidUTF8: i18n.T(
		"A text was not valid UTF-8; the invalid bytes were replaced by U+FFFD and the row marked. Find the source of Shift_JIS, EUC-JP or binary text.",
		"UTF-8として不正な文字列があったため、不正なバイトをU+FFFDに置き換えて印を付けました。Shift_JIS、EUC-JP、バイナリを出力している箇所を確認してください。"),
}
