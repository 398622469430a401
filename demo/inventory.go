package demo

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/demo/kit"
)

// inventory counts the pieces in two warehouses, each with its own database, and knows
// when they can be delivered.
type inventory struct {
	*kit.Service
	shop       *Shop
	east, west *kit.DB

	mu    sync.Mutex
	dates map[string][]int
	until time.Time
}

func newInventory(shop *Shop) (*inventory, error) {
	v := &inventory{Service: shop.world.New("inventory"), shop: shop, dates: map[string][]int{}}
	v.east, v.west = v.Open(shop.file("east"), "stock_east", "east", 12), v.Open(shop.file("west"), "stock_west", "west", 12)
	for _, db := range []*kit.DB{v.east, v.west} {
		if err := fill(db,
			`CREATE TABLE stock (product_id INTEGER PRIMARY KEY, pieces INTEGER NOT NULL)`,
			fmt.Sprintf(`%s INSERT INTO stock SELECT i, 60 FROM n`, numbers(len(products))),
			`CREATE TABLE delivery_slot (region TEXT NOT NULL, day INTEGER NOT NULL, free INTEGER NOT NULL)`,
			numbers(shop.size.slots)+` INSERT INTO delivery_slot SELECT 'r' || (i % 20), i % 30, i % 7 FROM n`); err != nil {
			return nil, err
		}
	}
	s := v.Service
	kit.Handle(s, v, "POST /east/reservations", (*inventory).reserveEast)
	kit.Handle(s, v, "POST /west/reservations", (*inventory).reserveWest)
	twin(shop, s, v, "lock_wait", "POST /east/imports", "POST /west/imports", (*inventory).importInOne, (*inventory).importInPieces)
	twin(shop, s, v, "missing_cache", "GET /delivery-dates", "GET /v2/delivery-dates", (*inventory).datesComputed, (*inventory).datesCached)
	kit.Handle(s, v, "GET /stock/{id}", (*inventory).stock)
	kit.Handle(s, v, "GET /packages/{id}", (*inventory).parcel)
	kit.Handle(s, v, "GET /freight/{id}", (*inventory).freight)
	kit.Handle(s, v, "POST /quotes", (*inventory).quote)
	return v, nil
}

func (v *inventory) reserveEast(w http.ResponseWriter, r *http.Request) error {
	return v.reserve(w, r, v.east)
}

func (v *inventory) reserveWest(w http.ResponseWriter, r *http.Request) error {
	return v.reserve(w, r, v.west)
}

func (v *inventory) reserve(w http.ResponseWriter, r *http.Request, db *kit.DB) error {
	ctx := r.Context()
	id, err := strconv.Atoi(r.URL.Query().Get("product"))
	if err != nil {
		return &kit.Refusal{Status: http.StatusBadRequest, Text: "product must be a number"}
	}
	n, err := db.Exec(ctx, `UPDATE stock SET pieces = pieces - 1 WHERE product_id = ? AND pieces > 0`, id)
	if err != nil {
		return fmt.Errorf("商品 %d の在庫を引き当てできません: %w", id, err)
	}
	if n == 0 {
		v.Log.WarnContext(ctx, "在庫切れのため入荷を手配しました", "product.id", id)
		if _, err := db.Exec(ctx, `UPDATE stock SET pieces = 60 WHERE product_id = ?`, id); err != nil {
			return err
		}
		return &kit.Refusal{Status: http.StatusConflict, Text: "out of stock"}
	}
	return kit.JSON(w, http.StatusCreated, map[string]int{"product": id})
}

// shelves are how many of a warehouse an import counts.
const shelves = 12

// importInOne counts all shelves within one transaction, with the counting inside.
func (v *inventory) importInOne(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v.Log.InfoContext(ctx, "在庫データの取り込みを開始します", "shelves", shelves)
	err := v.east.Tx(ctx, func(tx *sql.Tx) error {
		for shelf := range shelves {
			if err := v.Work(ctx, 280*time.Millisecond); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `UPDATE stock SET pieces = max(pieces, 40) WHERE product_id = ?`, 1+shelf*3); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("stock import: %w", err)
	}
	return kit.JSON(w, http.StatusOK, nil)
}

// importInPieces counts first and then writes, a shelf at a time.
func (v *inventory) importInPieces(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	db := v.west
	if r.Pattern == "POST /east/imports" {
		db = v.east
	}
	v.Log.InfoContext(ctx, "在庫データの取り込みを開始します", "shelves", shelves)
	for shelf := range shelves {
		cctx, span := v.Start(ctx, "count shelf")
		err := v.Work(cctx, 280*time.Millisecond)
		span.End()
		if err != nil {
			return err
		}
		if _, err := db.Exec(ctx, `UPDATE stock SET pieces = max(pieces, 40) WHERE product_id = ?`, 1+shelf*3); err != nil {
			return fmt.Errorf("stock import: %w", err)
		}
	}
	return kit.JSON(w, http.StatusOK, nil)
}

func (v *inventory) stock(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	n, _, err := kit.Value[int](ctx, v.west, `SELECT pieces FROM stock WHERE product_id = ?`, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := v.Work(ctx, 9*time.Millisecond); err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, map[string]int{"pieces": n})
}

func (v *inventory) parcel(w http.ResponseWriter, r *http.Request) error {
	if err := v.Work(r.Context(), 7*time.Millisecond); err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, map[string]string{"box": "M"})
}

func (v *inventory) freight(w http.ResponseWriter, r *http.Request) error {
	if err := v.Work(r.Context(), 8*time.Millisecond); err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, map[string]int{"yen": 660})
}

// quote answers for a whole cart what stock, parcel and freight answer for a piece.
func (v *inventory) quote(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	n, _, err := kit.Value[int](ctx, v.west, `SELECT sum(pieces) FROM stock WHERE product_id <= ?`, 12)
	if err != nil {
		return err
	}
	if err := v.Work(ctx, 30*time.Millisecond); err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, map[string]int{"pieces": n, "yen": 660})
}

// datesComputed asks the database at every request.
func (v *inventory) datesComputed(w http.ResponseWriter, r *http.Request) error {
	found, err := v.compute(r.Context(), r.URL.Query().Get("region"))
	if err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, found)
}

// datesCached asks the database every ten minutes.
func (v *inventory) datesCached(w http.ResponseWriter, r *http.Request) error {
	region := r.URL.Query().Get("region")
	now := v.World.Clock.Now()
	v.mu.Lock()
	if now.After(v.until) {
		clear(v.dates)
		v.until = now.Add(10 * time.Minute)
	}
	found, ok := v.dates[region]
	v.mu.Unlock()
	if !ok {
		var err error
		if found, err = v.compute(r.Context(), region); err != nil {
			return err
		}
		v.mu.Lock()
		v.dates[region] = found
		v.mu.Unlock()
	}
	return kit.JSON(w, http.StatusOK, found)
}

func (v *inventory) compute(ctx context.Context, region string) ([]int, error) {
	found, err := kit.Column[int](ctx, v.west, `SELECT day FROM delivery_slot WHERE region = ? GROUP BY day HAVING sum(free) > 0 ORDER BY day LIMIT 14`, region)
	if err != nil {
		return nil, fmt.Errorf("お届け日を計算できません: %w", err)
	}
	return found, nil
}
