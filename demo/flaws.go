package demo

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/yagura-sre/yagura/demo/kit"
)

// Flaw is a thing done badly on purpose, and the same thing done right beside it.
type Flaw struct {
	ID string `json:"id"`
	// Detector is the id of what should find it; "" where it shows as errors alone.
	Detector string `json:"detector"`
	// Also are detectors that are right to speak up about the same place.
	Also    []string `json:"also,omitempty"`
	Service string   `json:"service"`
	// Endpoint shows the flaw when it is switched on; Clean does the same work without it
	// at any time.
	Endpoint string `json:"endpoint"`
	Clean    string `json:"clean"`
	// Where the flaw is in the source, and what stands there when it is mended.
	Function      string `json:"function"`
	File          string `json:"file"`
	Line          int    `json:"line"` // where the function begins
	CleanFunction string `json:"clean_function"`
	En            string `json:"en"`
	Ja            string `json:"ja"`
}

// Flaws are all there are, in a fixed order.
func Flaws() []Flaw {
	type f = Flaw
	at := func(x Flaw, flawed, clean any) Flaw {
		x.Function, x.File, x.Line = kit.FuncPlace(flawed)
		x.CleanFunction, _, _ = kit.FuncPlace(clean)
		return x
	}
	return []Flaw{
		at(f{ID: "n_plus_one_query", Detector: "n_plus_one_query", Service: "catalog", Endpoint: "GET /products", Clean: "GET /v2/products",
			En: "search reads each product it found with a statement of its own", Ja: "検索結果の商品を 1 件ずつ読み込む"},
			(*catalog).searchOneByOne, (*catalog).searchAtOnce),
		at(f{ID: "repeated_query_group", Detector: "repeated_query_group", Also: []string{"n_plus_one_query"}, Service: "storefront", Endpoint: "GET /cart", Clean: "GET /app/cart",
			En: "the cart asks three statements for every line", Ja: "カートの明細ごとに 3 つのクエリを繰り返す"},
			(*storefront).cartLineByLine, (*storefront).cartJoined),
		at(f{ID: "n_plus_one_http", Detector: "n_plus_one_http", Also: []string{"chatty_rpc", "sequential_calls"}, Service: "storefront", Endpoint: "GET /wishlist", Clean: "GET /app/wishlist",
			En: "the wishlist fetches each product by a request of its own", Ja: "ほしい物リストの商品を 1 件ずつ HTTP で取得する"},
			(*storefront).wishlistOneByOne, (*storefront).wishlistAtOnce),
		at(f{ID: "chatty_rpc", Detector: "chatty_rpc", Also: []string{"sequential_calls"}, Service: "storefront", Endpoint: "GET /checkout/quote", Clean: "GET /app/checkout/quote",
			En: "a quote takes many small questions to inventory", Ja: "見積もりのために在庫サービスへ細かい問い合わせを繰り返す"},
			(*storefront).quotePieceByPiece, (*storefront).quoteAtOnce),
		at(f{ID: "sequential_calls", Detector: "sequential_calls", Service: "storefront", Endpoint: "GET /products/{id}", Clean: "GET /app/products/{id}",
			En: "the product page asks four services one after the other", Ja: "商品ページが独立した 4 つの呼び出しを順番に待つ"},
			(*storefront).productInTurn, (*storefront).productSideBySide),
		at(f{ID: "missing_index", Detector: "missing_index", Also: []string{"slow_query"}, Service: "storefront", Endpoint: "GET /orders/search", Clean: "GET /app/orders/search",
			En: "orders are searched by telephone number without an index", Ja: "電話番号による注文検索にインデックスがない"},
			(*storefront).orderSearch, (*storefront).orderSearchIndexed),
		at(f{ID: "duplicate_work", Detector: "duplicate_work", Service: "storefront", Endpoint: "GET /account", Clean: "GET /app/account",
			En: "the account page loads the same company again for each box", Ja: "アカウント画面が同じ会社情報を何度も読み直す"},
			(*storefront).accountAgainAndAgain, (*storefront).accountOnce),
		at(f{ID: "pool_wait", Detector: "pool_wait", Service: "storefront", Endpoint: "GET /reports/sales", Clean: "GET /app/reports/sales",
			En: "reports share a pool of two connections", Ja: "レポートのコネクションプールが 2 本しかない"},
			(*storefront).salesNarrow, (*storefront).salesWide),
		at(f{ID: "unbounded_result", Detector: "unbounded_result", Also: []string{"large_payload"}, Service: "storefront", Endpoint: "GET /reports/orders", Clean: "GET /app/reports/orders",
			En: "the list of orders has no limit", Ja: "注文一覧に件数の上限がない"},
			(*storefront).allOrders, (*storefront).pageOfOrders),
		at(f{ID: "transaction_across_call", Detector: "transaction_across_call", Service: "storefront", Endpoint: "POST /orders/{id}/cancel", Clean: "POST /app/orders/{id}/cancel",
			En: "a cancellation keeps its transaction open while the refund is asked for", Ja: "返金 API の応答を待つ間トランザクションを開いたままにする"},
			(*storefront).cancelInside, (*storefront).cancelOutside),
		at(f{ID: "timeout_order", Detector: "timeout_order", Service: "storefront", Endpoint: "GET /recommendations", Clean: "GET /app/recommendations",
			En: "the page gives up on recommendations before catalog does", Ja: "呼び出し元のタイムアウトが呼び出し先より短い"},
			(*storefront).recommendImpatient, (*storefront).recommendPatient),
		at(f{ID: "uninstrumented_gap", Detector: "uninstrumented_gap", Service: "storefront", Endpoint: "POST /labels", Clean: "POST /app/labels",
			En: "drawing a label takes time that no span tells of", Ja: "ラベル描画の時間がスパンに現れない"},
			(*storefront).labelUntold, (*storefront).labelTold),
		at(f{ID: "cold_cache", Detector: "cold_start", Service: "catalog", Endpoint: "GET /categories/{slug}", Clean: "GET /v2/categories/{slug}",
			En: "after a restart every category page is computed anew", Ja: "再起動直後はカテゴリーのキャッシュが空で遅い"},
			(*catalog).categoryCold, (*catalog).categoryReady),
		at(f{ID: "missing_cache", Detector: "missing_cache", Service: "inventory", Endpoint: "GET /delivery-dates", Clean: "GET /v2/delivery-dates",
			En: "delivery dates, which change once a day, are computed at every request", Ja: "1 日 1 回しか変わらないお届け日を毎回計算する"},
			(*inventory).datesComputed, (*inventory).datesCached),
		at(f{ID: "lock_wait", Detector: "lock_wait", Service: "inventory", Endpoint: "POST /east/reservations", Clean: "POST /west/reservations",
			En: "the stock import holds the write lock for seconds", Ja: "在庫取り込みが書き込みロックを数秒間保持し、引き当てが待たされる"},
			(*inventory).importInOne, (*inventory).importInPieces),
		at(f{ID: "retry_storm", Detector: "retry_storm", Service: "payment", Endpoint: "POST /charges", Clean: "POST /v2/charges",
			En: "charges are retried at once and on two floors when the bank refuses", Ja: "銀行のエラー時にバックオフなしで多段に再試行する"},
			(*payment).authorizeStubborn, (*payment).authorizePolite),
		at(f{ID: "third_party_in_path", Detector: "third_party_in_path", Service: "payment", Endpoint: "POST /invoices", Clean: "POST /v2/invoices",
			En: "an invoice waits for the bank's slow statement service", Ja: "請求書の発行が遅い銀行 API の応答を待つ"},
			(*payment).invoiceWaiting, (*payment).invoiceQueued),
		at(f{ID: "error_burst", Service: "payment", Endpoint: "POST /charges", Clean: "POST /v2/charges",
			En: "a release breaks the charges of orders with a coupon", Ja: "リリース後、クーポン付き注文の決済がエラーになる"},
			(*payment).discountByTable, (*payment).discount),
	}
}

// standing are the flaws that a shop lives with: all but those that come with a release.
func standing() []string {
	var out []string
	for _, f := range Flaws() {
		if f.ID != "error_burst" {
			out = append(out, f.ID)
		}
	}
	return out
}

// ParseFlaws reads "a,b", "all", "none", or "" for those that the shop lives with.
func ParseFlaws(s string) ([]string, error) {
	var all []string
	for _, f := range Flaws() {
		all = append(all, f.ID)
	}
	switch s = strings.TrimSpace(s); s {
	case "":
		return standing(), nil
	case "all":
		return all, nil
	case "none":
		return nil, nil
	}
	var out []string
	for id := range strings.SplitSeq(s, ",") {
		id = strings.TrimSpace(id)
		if !slices.Contains(all, id) {
			return nil, fmt.Errorf("there is no flaw %q; there are %s", id, strings.Join(all, ", "))
		}
		out = append(out, id)
	}
	return out, nil
}

// switches are the flaws that are on.
type switches struct {
	mu sync.RWMutex
	on map[string]bool
}

func (s *switches) has(id string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.on[id]
}

// set switches flaws, and tells which were not so before.
func (s *switches) set(ids []string, on bool) (changed []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.on == nil {
		s.on = map[string]bool{}
	}
	for _, id := range ids {
		if s.on[id] != on {
			s.on[id] = on
			changed = append(changed, id)
		}
	}
	return changed
}

func (s *switches) list() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := []string{}
	for _, f := range Flaws() {
		if s.on[f.ID] {
			out = append(out, f.ID)
		}
	}
	return out
}

// twin serves a flawed and a clean way of one thing: the first at route as long as the
// flaw is on, the second there when it is off, and at the clean route always.
func twin[T any](shop *Shop, s *kit.Service, recv T, id, route, clean string, flawed, right kit.Method[T]) {
	kit.Choose(s, recv, route, func() kit.Method[T] {
		if shop.flaws.has(id) {
			return flawed
		}
		return right
	})
	kit.Handle(s, recv, clean, right)
}
