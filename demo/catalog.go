package demo

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/yagura-sre/yagura/demo/kit"
)

// catalog knows the products, what people wrote of them, and what goes well together.
type catalog struct {
	*kit.Service
	shop *Shop
	db   *kit.DB

	mu    sync.Mutex
	pages map[string][]product // of categories, since the last start
}

type product struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
	Yen  int    `json:"yen"`
}

func newCatalog(shop *Shop) (*catalog, error) {
	c := &catalog{Service: shop.world.New("catalog"), shop: shop, pages: map[string][]product{}}
	c.db = c.Open(shop.file("catalog"), "catalog", "catalog", 10)
	err := fill(c.db,
		`CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL, yen INTEGER NOT NULL, category TEXT NOT NULL)`,
		`CREATE INDEX product_category ON product (category)`,
		`CREATE TABLE review (id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL, stars INTEGER NOT NULL, body TEXT NOT NULL)`,
		`CREATE INDEX review_product ON review (product_id)`,
		numbers(800)+` INSERT INTO review SELECT i, 1 + i % 40, 3 + i % 3, 'おいしくいただいています。' FROM n`)
	if err == nil {
		err = productRows(c.db)
	}
	if err != nil {
		return nil, err
	}
	twin(shop, c.Service, c, "n_plus_one_query", "GET /products", "GET /v2/products", (*catalog).searchOneByOne, (*catalog).searchAtOnce)
	twin(shop, c.Service, c, "cold_cache", "GET /categories/{slug}", "GET /v2/categories/{slug}", (*catalog).categoryCold, (*catalog).categoryReady)
	twin(shop, c.Service, c, "timeout_order", "GET /recommendations", "GET /v2/recommendations", (*catalog).recommendDeaf, (*catalog).recommendInTime)
	kit.Handle(c.Service, c, "GET /products/{id}", (*catalog).product)
	kit.Handle(c.Service, c, "GET /products/batch", (*catalog).batch)
	kit.Handle(c.Service, c, "GET /products/{id}/reviews", (*catalog).reviews)
	kit.Handle(c.Service, c, "GET /products/{id}/related", (*catalog).related)
	return c, nil
}

// restart forgets what an instance only holds in memory.
func (c *catalog) restart() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.pages)
}

// warm is the state after some hours.
func (c *catalog) warm() error {
	for _, slug := range categories {
		page, err := c.category(context.Background(), slug)
		if err != nil {
			return err
		}
		for _, sort := range sorts {
			c.pages[slug+"/"+sort] = page
		}
	}
	return nil
}

func scanProduct(r *sql.Rows) (p product, err error) {
	err = r.Scan(&p.ID, &p.Name, &p.Yen)
	return p, err
}

func (c *catalog) product(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	n, err := strconv.Atoi(id)
	if err != nil {
		return &kit.Refusal{Status: http.StatusBadRequest, Text: "product must be a number"}
	}
	found, err := kit.Rows(ctx, c.db, scanProduct, `SELECT id, name, yen FROM product WHERE id = ?`, n)
	if err != nil {
		return fmt.Errorf("商品 %d を読み込めません: %w", n, err)
	}
	if len(found) == 0 {
		c.Log.WarnContext(ctx, "存在しない商品が要求されました", "product.id", n)
		return &kit.Refusal{Status: http.StatusNotFound, Text: "no such product"}
	}
	if err := c.Work(ctx, 24*time.Millisecond); err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, found[0])
}

func (c *catalog) batch(w http.ResponseWriter, r *http.Request) error {
	found, err := c.byIDs(r.Context(), strings.Split(r.URL.Query().Get("ids"), ","))
	if err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, found)
}

// byIDs reads many products with one statement.
func (c *catalog) byIDs(ctx context.Context, ids []string) ([]product, error) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(ids)), ", ")
	return kit.Rows(ctx, c.db, scanProduct, `SELECT id, name, yen FROM product WHERE id IN (`+marks+`)`, args...)
}

// searchOneByOne is the N+1: a statement for each product that was found.
func (c *catalog) searchOneByOne(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query().Get("q")
	ids, err := kit.Column[int](ctx, c.db, `SELECT id FROM product WHERE name LIKE ? LIMIT 40`, "%"+q+"%")
	if err != nil {
		return err
	}
	found := make([]product, 0, len(ids))
	for _, id := range ids {
		p, err := kit.Rows(ctx, c.db, scanProduct, `SELECT id, name, yen FROM product WHERE id = ?`, id)
		if err != nil {
			return err
		}
		found = append(found, p...)
	}
	c.Log.DebugContext(ctx, "search finished", "query", q, "hits", len(found))
	return kit.JSON(w, http.StatusOK, found)
}

func (c *catalog) searchAtOnce(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query().Get("q")
	found, err := kit.Rows(ctx, c.db, scanProduct, `SELECT id, name, yen FROM product WHERE name LIKE ? LIMIT 40`, "%"+q+"%")
	if err != nil {
		return err
	}
	c.Log.DebugContext(ctx, "search finished", "query", q, "hits", len(found))
	return kit.JSON(w, http.StatusOK, found)
}

func (c *catalog) reviews(w http.ResponseWriter, r *http.Request) error {
	ctx, id := r.Context(), r.PathValue("id")
	found, err := kit.Column[string](ctx, c.db, `SELECT body FROM review WHERE product_id = ? ORDER BY id DESC LIMIT 10`, id)
	if err != nil {
		return err
	}
	if err := c.Work(ctx, 85*time.Millisecond); err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, found)
}

func (c *catalog) related(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	found, err := kit.Rows(ctx, c.db, scanProduct,
		`SELECT id, name, yen FROM product WHERE category = (SELECT category FROM product WHERE id = ?) LIMIT 6`, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := c.Work(ctx, 70*time.Millisecond); err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, found)
}

// categoryCold computes a page when it is first asked for after a start, and remembers it.
func (c *catalog) categoryCold(w http.ResponseWriter, r *http.Request) error {
	ctx, slug := r.Context(), r.PathValue("slug")
	key := slug + "/" + r.URL.Query().Get("sort")
	c.mu.Lock()
	page, ok := c.pages[key]
	c.mu.Unlock()
	if !ok {
		c.Log.InfoContext(ctx, "カテゴリーページのキャッシュを作成します", "category", slug)
		var err error
		if page, err = c.category(ctx, slug); err != nil {
			return err
		}
		ctx, span := c.Start(ctx, "rank products", trace.WithSpanKind(trace.SpanKindInternal))
		err = c.Work(ctx, 1100*time.Millisecond) // by sales, stock and season
		span.End()
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.pages[key] = page
		c.mu.Unlock()
	}
	return kit.JSON(w, http.StatusOK, page)
}

// categoryReady reads a ranking that a job keeps.
func (c *catalog) categoryReady(w http.ResponseWriter, r *http.Request) error {
	page, err := c.category(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, page)
}

func (c *catalog) category(ctx context.Context, slug string) ([]product, error) {
	if !slices.Contains(categories, slug) {
		return nil, &kit.Refusal{Status: http.StatusNotFound, Text: "no such category"}
	}
	return kit.Rows(ctx, c.db, scanProduct, `SELECT id, name, yen FROM product WHERE category = ? LIMIT 24`, slug)
}

// recommendDeaf works on, whether anybody still waits or not.
func (c *catalog) recommendDeaf(w http.ResponseWriter, r *http.Request) error {
	return c.recommend(w, c.World.Clock.Detach(r.Context()), 700*time.Millisecond)
}

// recommendInTime takes the quick answer when the time it was given is short.
func (c *catalog) recommendInTime(w http.ResponseWriter, r *http.Request) error {
	return c.recommend(w, r.Context(), 90*time.Millisecond)
}

func (c *catalog) recommend(w http.ResponseWriter, ctx context.Context, effort time.Duration) error {
	found, err := kit.Rows(ctx, c.db, scanProduct, `SELECT id, name, yen FROM product ORDER BY id DESC LIMIT 8`)
	if err != nil {
		return err
	}
	ctx, span := c.Start(ctx, "score recommendations")
	err = c.Work(ctx, effort)
	span.End()
	if err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, found)
}
