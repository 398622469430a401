package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"

	"github.com/yagura-sre/yagura/demo/kit"
	"github.com/yagura-sre/yagura/demo/sim"
)

// storefront is what customers see: the web pages, and under /app what the telephone app
// asks, which was written later and better.
type storefront struct {
	*kit.Service
	shop         *Shop
	db           *kit.DB // carts, customers, orders
	returns      *kit.DB
	narrow, wide *kit.DB // sales figures, through two pools
}

const (
	catalogHost   = "catalog:8080"
	inventoryHost = "inventory:8080"
	paymentHost   = "payment:8080"
)

func newStorefront(shop *Shop) (*storefront, error) {
	f := &storefront{Service: shop.world.New("storefront"), shop: shop}
	f.Diary = true
	f.db = f.Open(shop.file("storefront"), "storefront", "storefront", 20)
	f.returns = f.Open(shop.file("returns"), "returns", "returns", 10)
	f.narrow = f.Open(shop.file("sales"), "sales", "reports", 2)
	f.wide = f.Open(shop.file("sales"), "sales", "reports-app", 16)
	if err := f.schema(); err != nil {
		return nil, err
	}
	s := f.Service
	get := func(pattern string, h kit.Method[*storefront]) { kit.Handle(s, f, pattern, h) }
	get("GET /{$}", (*storefront).home)
	get("POST /login", (*storefront).login)
	get("GET /search", (*storefront).search)
	get("GET /app/search", (*storefront).searchApp)
	get("GET /categories/{slug}", (*storefront).category)
	get("GET /app/categories/{slug}", (*storefront).categoryApp)
	get("GET /delivery-dates", (*storefront).dates)
	get("GET /app/delivery-dates", (*storefront).datesApp)
	get("POST /cart/items", (*storefront).addToCart)
	get("POST /app/cart/items", (*storefront).addToCart)
	get("POST /checkout", (*storefront).checkout)
	get("POST /app/checkout", (*storefront).checkoutApp)
	get("POST /invoices", (*storefront).invoice)
	get("POST /app/invoices", (*storefront).invoiceApp)
	get("POST /warehouse/{side}", (*storefront).warehouse)
	both := func(id, route string, flawed, right kit.Method[*storefront]) {
		method, path, _ := strings.Cut(route, " ")
		twin(shop, s, f, id, route, method+" /app"+path, flawed, right)
	}
	both("sequential_calls", "GET /products/{id}", (*storefront).productInTurn, (*storefront).productSideBySide)
	both("repeated_query_group", "GET /cart", (*storefront).cartLineByLine, (*storefront).cartJoined)
	both("n_plus_one_http", "GET /wishlist", (*storefront).wishlistOneByOne, (*storefront).wishlistAtOnce)
	both("chatty_rpc", "GET /checkout/quote", (*storefront).quotePieceByPiece, (*storefront).quoteAtOnce)
	both("duplicate_work", "GET /account", (*storefront).accountAgainAndAgain, (*storefront).accountOnce)
	both("pool_wait", "GET /reports/sales", (*storefront).salesNarrow, (*storefront).salesWide)
	both("unbounded_result", "GET /reports/orders", (*storefront).allOrders, (*storefront).pageOfOrders)
	both("transaction_across_call", "POST /orders/{id}/cancel", (*storefront).cancelInside, (*storefront).cancelOutside)
	both("timeout_order", "GET /recommendations", (*storefront).recommendImpatient, (*storefront).recommendPatient)
	both("uninstrumented_gap", "POST /labels", (*storefront).labelUntold, (*storefront).labelTold)
	get("GET /orders/search", (*storefront).orderSearch) // its flaw is in the schema
	get("GET /app/orders/search", (*storefront).orderSearchIndexed)
	return f, nil
}

func decode[T any](r *http.Request) (v T, err error) {
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		return v, &kit.Refusal{Status: http.StatusBadRequest, Text: "body: " + err.Error()}
	}
	return v, nil
}

// who is the user of a session; the span and everything that is called hear of them.
func (f *storefront) who(r *http.Request) (context.Context, int) {
	ctx := r.Context()
	c, err := r.Cookie("session")
	if err != nil {
		return ctx, 0
	}
	user, err := strconv.Atoi(strings.TrimPrefix(c.Value, "u-"))
	if err != nil {
		return ctx, 0
	}
	attrs := []attribute.KeyValue{attribute.String("user.id", userName(user))}
	m, _ := baggage.NewMember("user.id", userName(user))
	members := []baggage.Member{m}
	if company := companyOf(user); company > 0 {
		attrs = append(attrs, attribute.String("tenant.id", companyName(company)),
			attribute.String("tenant.name", companies[(company-1)%len(companies)]))
		m, _ := baggage.NewMember("tenant.id", companyName(company))
		members = append(members, m)
	}
	trace.SpanFromContext(ctx).SetAttributes(attrs...)
	b, _ := baggage.New(members...)
	return baggage.ContextWithBaggage(ctx, b), user
}

func (f *storefront) home(w http.ResponseWriter, r *http.Request) error {
	ctx, _ := f.who(r)
	var page []product
	if err := f.Get(ctx, catalogHost, "/products/batch?ids={ids}", &page, "1,4,9,16,25,36"); err != nil {
		return fmt.Errorf("トップページを表示できません: %w", err)
	}
	return kit.JSON(w, http.StatusOK, page)
}

func (f *storefront) login(w http.ResponseWriter, r *http.Request) error {
	ctx, user := f.who(r)
	_, ok, err := kit.Value[int](ctx, f.db, `SELECT id FROM customer WHERE id = ?`, user)
	if err != nil {
		return err
	}
	if !ok {
		f.Log.WarnContext(ctx, "login failed: unknown user", "user.id", userName(user))
		return &kit.Refusal{Status: http.StatusUnauthorized, Text: "unknown user"}
	}
	if err := f.Work(ctx, 60*time.Millisecond); err != nil { // hashing the password
		return err
	}
	f.Log.InfoContext(ctx, "ログインしました", "user.id", userName(user))
	return kit.JSON(w, http.StatusOK, nil)
}

func (f *storefront) search(w http.ResponseWriter, r *http.Request) error {
	return f.find(w, r, "/products?q={q}")
}

func (f *storefront) searchApp(w http.ResponseWriter, r *http.Request) error {
	return f.find(w, r, "/v2/products?q={q}")
}

func (f *storefront) find(w http.ResponseWriter, r *http.Request, path string) error {
	ctx, _ := f.who(r)
	q := r.URL.Query().Get("q")
	f.Log.InfoContext(ctx, "商品を検索します", "query", q)
	var found []product
	if err := f.Get(ctx, catalogHost, path, &found, q); err != nil {
		return fmt.Errorf("検索に失敗しました: %w", err)
	}
	return kit.JSON(w, http.StatusOK, found)
}

func (f *storefront) category(w http.ResponseWriter, r *http.Request) error {
	return f.listing(w, r, "/categories/{slug}?sort={sort}")
}

func (f *storefront) categoryApp(w http.ResponseWriter, r *http.Request) error {
	return f.listing(w, r, "/v2/categories/{slug}?sort={sort}")
}

func (f *storefront) listing(w http.ResponseWriter, r *http.Request, path string) error {
	ctx, _ := f.who(r)
	var found []product
	if err := f.Get(ctx, catalogHost, path, &found, r.PathValue("slug"), r.URL.Query().Get("sort")); err != nil {
		return fmt.Errorf("カテゴリー %s を表示できません: %w", r.PathValue("slug"), err)
	}
	return kit.JSON(w, http.StatusOK, found)
}

func (f *storefront) dates(w http.ResponseWriter, r *http.Request) error {
	return f.delivery(w, r, "/delivery-dates?region={region}")
}

func (f *storefront) datesApp(w http.ResponseWriter, r *http.Request) error {
	return f.delivery(w, r, "/v2/delivery-dates?region={region}")
}

func (f *storefront) delivery(w http.ResponseWriter, r *http.Request, path string) error {
	ctx, _ := f.who(r)
	var days []int
	if err := f.Get(ctx, inventoryHost, path, &days, r.URL.Query().Get("region")); err != nil {
		return fmt.Errorf("お届け日を取得できません: %w", err)
	}
	return kit.JSON(w, http.StatusOK, days)
}

// productInTurn asks one after the other what does not depend on one another.
func (f *storefront) productInTurn(w http.ResponseWriter, r *http.Request) error {
	ctx, _ := f.who(r)
	id := r.PathValue("id")
	var p product
	if err := f.Get(ctx, catalogHost, "/products/{id}", &p, id); err != nil {
		return fmt.Errorf("商品情報を取得できません: %w", err)
	}
	var reviews []string
	if err := f.Get(ctx, catalogHost, "/products/{id}/reviews", &reviews, id); err != nil {
		return fmt.Errorf("レビューを取得できません: %w", err)
	}
	var related []product
	if err := f.Get(ctx, catalogHost, "/products/{id}/related", &related, id); err != nil {
		return fmt.Errorf("関連商品を取得できません: %w", err)
	}
	var stock map[string]int
	if err := f.Get(ctx, inventoryHost, "/stock/{id}", &stock, id); err != nil {
		return fmt.Errorf("在庫を取得できません: %w", err)
	}
	return kit.JSON(w, http.StatusOK, map[string]any{"product": p, "reviews": reviews, "related": related, "stock": stock})
}

func (f *storefront) productSideBySide(w http.ResponseWriter, r *http.Request) error {
	ctx, _ := f.who(r)
	id := r.PathValue("id")
	var p product
	var reviews []string
	var related []product
	var stock map[string]int
	var errs [4]error
	sim.Join(f.World.Clock,
		func() { errs[0] = f.Get(ctx, catalogHost, "/products/{id}", &p, id) },
		func() { errs[1] = f.Get(ctx, catalogHost, "/products/{id}/reviews", &reviews, id) },
		func() { errs[2] = f.Get(ctx, catalogHost, "/products/{id}/related", &related, id) },
		func() { errs[3] = f.Get(ctx, inventoryHost, "/stock/{id}", &stock, id) },
	)
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("商品情報を取得できません: %w", err)
		}
	}
	return kit.JSON(w, http.StatusOK, map[string]any{"product": p, "reviews": reviews, "related": related, "stock": stock})
}

// wish is how many products are on a wishlist.
const wish = 14

// wishlistOneByOne is the N+1 over HTTP.
func (f *storefront) wishlistOneByOne(w http.ResponseWriter, r *http.Request) error {
	ctx, user := f.who(r)
	found := make([]product, 0, wish)
	for i := range wish {
		var p product
		if err := f.Get(ctx, catalogHost, "/products/{id}", &p, 1+(user+i*3)%len(products)); err != nil {
			return fmt.Errorf("ほしい物リストを表示できません: %w", err)
		}
		found = append(found, p)
	}
	return kit.JSON(w, http.StatusOK, found)
}

func (f *storefront) wishlistAtOnce(w http.ResponseWriter, r *http.Request) error {
	ctx, user := f.who(r)
	ids := make([]string, wish)
	for i := range ids {
		ids[i] = strconv.Itoa(1 + (user+i*3)%len(products))
	}
	var found []product
	if err := f.Get(ctx, catalogHost, "/products/batch?ids={ids}", &found, strings.Join(ids, ",")); err != nil {
		return fmt.Errorf("ほしい物リストを表示できません: %w", err)
	}
	return kit.JSON(w, http.StatusOK, found)
}

// quotePieceByPiece asks inventory three things for each of eight lines.
func (f *storefront) quotePieceByPiece(w http.ResponseWriter, r *http.Request) error {
	ctx, user := f.who(r)
	for i := range 8 {
		id := 1 + (user+i*5)%len(products)
		if err := f.Get(ctx, inventoryHost, "/stock/{id}", nil, id); err != nil {
			return err
		}
		if err := f.Get(ctx, inventoryHost, "/packages/{id}", nil, id); err != nil {
			return err
		}
		if err := f.Get(ctx, inventoryHost, "/freight/{id}", nil, id); err != nil {
			return err
		}
	}
	f.Log.InfoContext(ctx, "見積もりを作成しました", "user.id", userName(user))
	return kit.JSON(w, http.StatusOK, map[string]int{"lines": 8})
}

func (f *storefront) quoteAtOnce(w http.ResponseWriter, r *http.Request) error {
	ctx, user := f.who(r)
	if err := f.Post(ctx, inventoryHost, "/quotes", map[string]int{"user": user, "lines": 8}, nil); err != nil {
		return err
	}
	f.Log.InfoContext(ctx, "見積もりを作成しました", "user.id", userName(user))
	return kit.JSON(w, http.StatusOK, map[string]int{"lines": 8})
}

// recommendImpatient waits less than catalog works, which goes on for nobody.
func (f *storefront) recommendImpatient(w http.ResponseWriter, r *http.Request) error {
	return f.recommend(w, r, "/recommendations", 400*time.Millisecond)
}

func (f *storefront) recommendPatient(w http.ResponseWriter, r *http.Request) error {
	return f.recommend(w, r, "/v2/recommendations", 1500*time.Millisecond)
}

func (f *storefront) recommend(w http.ResponseWriter, r *http.Request, path string, patience time.Duration) error {
	ctx, _ := f.who(r)
	asking, cancel := f.World.Clock.WithTimeout(ctx, patience)
	defer cancel()
	var found []product
	if err := f.Get(asking, catalogHost, path, &found); err != nil {
		f.Log.WarnContext(ctx, "おすすめを取得できないため人気商品を表示します", "error", err.Error())
		found = []product{{ID: 1, Name: products[0]}}
	}
	return kit.JSON(w, http.StatusOK, found)
}

// labelUntold draws where no span tells of it.
func (f *storefront) labelUntold(w http.ResponseWriter, r *http.Request) error {
	return f.label(w, r, func(ctx context.Context) error { return f.Work(ctx, 650*time.Millisecond) })
}

func (f *storefront) labelTold(w http.ResponseWriter, r *http.Request) error {
	return f.label(w, r, func(ctx context.Context) error {
		ctx, span := f.Start(ctx, "draw label")
		defer span.End()
		return f.Work(ctx, 650*time.Millisecond)
	})
}

func (f *storefront) label(w http.ResponseWriter, r *http.Request, draw func(context.Context) error) error {
	ctx, user := f.who(r)
	if _, _, err := kit.Value[string](ctx, f.db, `SELECT name FROM customer WHERE id = ?`, user); err != nil {
		return err
	}
	if err := draw(ctx); err != nil {
		return err
	}
	f.Log.InfoContext(ctx, "送り状を作成しました", "user.id", userName(user))
	return kit.JSON(w, http.StatusCreated, nil)
}

// warehouse hands a warehouse's count on to inventory.
func (f *storefront) warehouse(w http.ResponseWriter, r *http.Request) error {
	side := r.PathValue("side")
	if side != "east" && side != "west" {
		return &kit.Refusal{Status: http.StatusNotFound, Text: "no such warehouse"}
	}
	if err := f.Post(r.Context(), inventoryHost, "/"+side+"/imports", nil, nil); err != nil {
		return fmt.Errorf("%s 倉庫の在庫取り込みに失敗しました: %w", side, err)
	}
	return kit.JSON(w, http.StatusOK, nil)
}
