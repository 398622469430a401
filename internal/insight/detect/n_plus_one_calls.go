package detect

import "github.com/yagura-sre/yagura/internal/i18n"

var nPlusOneHTTP = &Detector{
	ID:    "n_plus_one_http",
	Title: i18n.T("N+1 HTTP requests", "HTTPのN+1呼び出し"),
	Rule: i18n.T(
		"A unit of work sends at least {count} HTTP requests of the same method and route from the same place, and they take at least {total} together.",
		"1つの処理の同じ箇所から、同じメソッドとルートへのHTTPリクエストが{count}回以上送られ、合計{total}以上かかっている。"),
	Advice: i18n.T("Ask for all at once: an endpoint that takes many ids, or one that answers the whole list.",
		"複数のIDをまとめて受け付けるエンドポイントや、一覧を返すエンドポイントを使い、1回の呼び出しにまとめてください。"),
	Params: []Param{
		count("count", 5, 20, "identical requests", "同じリクエストの回数"),
		lasts("total", 200*ms, 2000*ms, "time in them", "合計時間"),
	},
	trace: func(s *scan) {
		s.repeats(httpCall, nil, i18n.T("HTTP requests", "HTTPリクエスト"), i18n.T(
			"%[1]s sent the same HTTP request %[2]d times, %[3]s in all: %[4]s",
			"%[1]s が同じHTTPリクエストを%[2]d回送り、合計%[3]sかかっています：%[4]s"))
	},
}

var nPlusOneRPC = &Detector{
	ID:    "n_plus_one_rpc",
	Title: i18n.T("N+1 remote procedure calls", "RPCのN+1呼び出し"),
	Rule: i18n.T(
		"A unit of work calls the same remote procedure at least {count} times from the same place, and the calls take at least {total} together.",
		"1つの処理の同じ箇所から、同じRPCメソッドが{count}回以上呼び出され、合計{total}以上かかっている。"),
	Advice: i18n.T("Add a batch method (BatchGet…), or stream the items over one call.",
		"一括取得のメソッド（BatchGet…）を用意するか、1回の呼び出しでストリーミングしてください。"),
	Params: []Param{
		count("count", 5, 20, "identical calls", "同じ呼び出しの回数"),
		lasts("total", 100*ms, 1000*ms, "time in them", "合計時間"),
	},
	trace: func(s *scan) {
		s.repeats(rpcCall, nil, i18n.T("remote procedure calls", "RPC"), i18n.T(
			"%[1]s called the same procedure %[2]d times, %[3]s in all: %[4]s",
			"%[1]s が同じRPCを%[2]d回呼び出し、合計%[3]sかかっています：%[4]s"))
	},
}

var nPlusOneCache = &Detector{
	ID:    "n_plus_one_cache",
	Title: i18n.T("N+1 cache look-ups", "キャッシュのN+1参照"),
	Rule: i18n.T(
		"A unit of work sends at least {count} commands of the same sort to a cache from the same place, and they take at least {total} together.",
		"1つの処理の同じ箇所から、キャッシュへ同じ種類のコマンドが{count}回以上送られ、合計{total}以上かかっている。"),
	Advice: i18n.T("Use MGET, HMGET or a pipeline.", "MGETやHMGET、パイプラインでまとめてください。"),
	Params: []Param{
		count("count", 8, 50, "identical commands", "同じコマンドの回数"),
		lasts("total", 15*ms, 300*ms, "time in them", "合計時間"),
	},
	trace: func(s *scan) {
		s.repeats(cache, nil, i18n.T("cache commands", "キャッシュコマンド"), i18n.T(
			"%[1]s sent the same command to the cache %[2]d times, %[3]s in all: %[4]s",
			"%[1]s がキャッシュへ同じコマンドを%[2]d回送り、合計%[3]sかかっています：%[4]s"))
	},
}
