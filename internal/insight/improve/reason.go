package improve

import "github.com/yagura-sre/yagura/internal/i18n"

// reasons say why what a detector finds is slow.
var reasons = map[string]i18n.Text{
	"n_plus_one_query":        i18n.T("Each statement costs a trip to the database and back, however little it reads. The more rows the list has, the longer it takes.", "SQLは1回ごとにデータベースとの往復が必要です。読み取る量がわずかでも時間がかかり、一覧の件数に比例して遅くなります。"),
	"repeated_query_group":    i18n.T("The same few statements run once per item. Each costs a trip to the database and back, so the time grows with the items.", "同じSQLの組が要素ごとに実行されています。1回ごとにデータベースとの往復が必要なため、要素数に比例して遅くなります。"),
	"n_plus_one_http":         i18n.T("Each call costs a trip over the network and the callee's own work to begin a request. The more items, the longer it takes.", "呼び出しごとにネットワークの往復と、呼び出し先でのリクエスト処理が発生します。要素数に比例して遅くなります。"),
	"n_plus_one_rpc":          i18n.T("Each call costs a trip over the network and the callee's own work to begin a request. The more items, the longer it takes.", "呼び出しごとにネットワークの往復と、呼び出し先でのリクエスト処理が発生します。要素数に比例して遅くなります。"),
	"n_plus_one_cache":        i18n.T("A cache answers quickly, but each key costs a trip of its own.", "キャッシュ自体は速く応答しますが、キーごとに往復が発生しています。"),
	"chatty_rpc":              i18n.T("The two services talk in many small calls; most of the time goes into the trips, not into work.", "2つのサービスが細かい呼び出しを何度も行っており、処理そのものより往復に時間がかかっています。"),
	"sequential_calls":        i18n.T("Each waits for the one before, though it does not seem to need its answer: the times add up.", "前の呼び出しの結果を使っていないように見えるのに、順番に待っているため、所要時間が積み上がっています。"),
	"slow_query":              i18n.T("One statement takes most of the time: it reads, sorts or joins more than it returns, or waits.", "1つのSQLに時間の大半がかかっています。返す行数に比べて読み取り・ソート・結合の量が多いか、何かを待っています。"),
	"missing_index":           i18n.T("Few rows come back, and many are read to find them. The time grows with the table.", "返す行は少ないのに、探すために多くの行を読んでいます。テーブルが大きくなるほど遅くなります。"),
	"lock_wait":               i18n.T("The statement itself is quick; it waits until another transaction lets go of the rows.", "SQL自体は速く終わりますが、別のトランザクションが行を解放するまで待たされています。"),
	"pool_wait":               i18n.T("All connections are in use: requests queue before their work begins.", "接続がすべて使用中のため、処理を始める前に空きを待っています。"),
	"missing_cache":           i18n.T("Many requests read the same, which did not change in between.", "変わっていない同じデータを、多くのリクエストが読み直しています。"),
	"duplicate_work":          i18n.T("The same is asked several times within one request.", "1つのリクエストの中で、同じ問い合わせを繰り返しています。"),
	"large_payload":           i18n.T("So much is sent that sending, reading and decoding it takes the time.", "データ量が多く、送受信と変換に時間がかかっています。"),
	"unbounded_result":        i18n.T("The statement has no limit: it returns all rows there are, and their number grows.", "SQLに件数の上限がなく、該当する行をすべて返しています。データが増えるほど遅くなります。"),
	"retry_storm":             i18n.T("What fails is tried again at once: each try costs time here and adds load where it fails.", "失敗した処理をすぐに再試行しており、その分時間がかかるうえ、失敗している側の負荷も増やしています。"),
	"timeout_order":           i18n.T("The caller gives up before its callee does: the callee goes on working for nobody.", "呼び出し元が先にタイムアウトし、呼び出し先では不要になった処理が続いています。"),
	"transaction_across_call": i18n.T("A transaction stays open while another service is waited for: it holds locks and a connection all the while.", "別のサービスの応答を待つ間もトランザクションが開いたままで、ロックと接続を保持し続けています。"),
	"third_party_in_path":     i18n.T("Users wait for an outside party, whose speed is not in our hands.", "速度を自分たちで制御できない外部サービスの応答を、利用者が待っています。"),
	"cold_start":              i18n.T("The first requests to an instance pay for what later ones find ready: caches, connections, compiled code.", "起動直後のリクエストで、キャッシュ・接続・コンパイルなどの準備に時間がかかっています。"),
	"cpu_starvation":          i18n.T("The program is ready to work and is not given the CPU, or is stopped by its garbage collector.", "処理を進められる状態なのに、CPUの割り当て制限またはGCによって止められています。"),
	"uninstrumented_gap":      i18n.T("Time goes by in which no span says what is done.", "何をしているかを示すスパンがない時間があります。"),
	"main_thread_io":          i18n.T("The screen does not answer while the main thread waits.", "メインスレッドが待っている間、画面が反応しません。"),
	"render_blocking_asset":   i18n.T("The browser draws nothing until the file is there.", "このファイルの読み込みが終わるまで、ブラウザーは画面を描画できません。"),
	"uncompressed_asset":      i18n.T("Text is sent as it is, at several times the size that it has compressed.", "テキストが圧縮されずに送られており、転送量が圧縮時の数倍になっています。"),
	"http1_queueing":          i18n.T("Over HTTP/1.1 a browser asks a host for six things at once; the others queue.", "HTTP/1.1ではブラウザーから1つのホストへの同時リクエストが6件程度に限られ、残りは順番待ちになっています。"),
}
