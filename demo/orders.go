package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/yagura-sre/yagura/demo/kit"
	"github.com/yagura-sre/yagura/demo/sim"
)

// schema makes the storefront's tables: its half of the shop is carts, orders and what
// companies want to know of them.
func (f *storefront) schema() error {
	size := f.shop.size
	err := fill(f.db,
		`CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, company_id INTEGER NOT NULL, points INTEGER NOT NULL)`,
		numbers(users)+` INSERT INTO customer SELECT i, 'お客様 ' || i, i % 20, i % 900 FROM n`,
		`CREATE TABLE company (id INTEGER PRIMARY KEY, name TEXT NOT NULL, plan TEXT NOT NULL)`,
		`CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL, yen INTEGER NOT NULL, category TEXT NOT NULL)`,
		`CREATE TABLE cart_line (customer_id INTEGER NOT NULL, product_id INTEGER NOT NULL, pieces INTEGER NOT NULL, PRIMARY KEY (customer_id, product_id))`,
		`CREATE TABLE discount (product_id INTEGER PRIMARY KEY, percent INTEGER NOT NULL)`,
		fmt.Sprintf(`%s INSERT INTO discount SELECT i, i %% 20 FROM n`, numbers(len(products))),
		`CREATE TABLE tax (category TEXT PRIMARY KEY, percent INTEGER NOT NULL)`,
		`INSERT INTO tax VALUES ('food', 8), ('goods', 10)`,
		`CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, company_id INTEGER NOT NULL, phone TEXT NOT NULL, phone_digits TEXT NOT NULL, yen INTEGER NOT NULL, state TEXT NOT NULL)`,
		numbers(size.orders)+` INSERT INTO orders SELECT i, 1 + i * 7 % 1200, i % 20, printf('03-%04d-%04d', i % 10000, i * 37 % 10000), printf('03%04d%04d', i % 10000, i * 37 % 10000), 500 + i * 13 % 20000, 'shipped' FROM n`,
		`CREATE INDEX orders_phone_digits ON orders (phone_digits)`,
		`CREATE TABLE order_archive (id INTEGER PRIMARY KEY, placed TEXT NOT NULL, customer TEXT NOT NULL, address TEXT NOT NULL, yen INTEGER NOT NULL)`,
		numbers(4000)+` INSERT INTO order_archive SELECT i, '2026-09-' || (1 + i % 30), 'お客様 ' || i, '東京都千代田区丸の内 1-' || i, 800 + i * 11 % 9000 FROM n`)
	if err == nil {
		err = productRows(f.db)
	}
	for i, name := range companies {
		if err == nil {
			err = f.db.Setup(`INSERT INTO company VALUES (?, ?, ?)`, i+1, name, []string{"basic", "team", "enterprise"}[i%3])
		}
	}
	if err == nil {
		err = fill(f.returns,
			`CREATE TABLE cancellation (order_id INTEGER PRIMARY KEY, state TEXT NOT NULL)`)
	}
	if err == nil {
		err = fill(f.wide,
			`CREATE TABLE daily_sales (day INTEGER NOT NULL, region INTEGER NOT NULL, yen INTEGER NOT NULL)`,
			numbers(size.days)+` INSERT INTO daily_sales SELECT i / 47, i % 47, i * 31 % 100000 FROM n`)
	}
	if err != nil {
		return err
	}
	return f.index()
}

// phoneIndex is what the search of orders by telephone number lacks.
const phoneIndex = "orders_phone"

// index makes or drops the index that the flaw missing_index is about.
func (f *storefront) index() error {
	stmt := `CREATE INDEX IF NOT EXISTS ` + phoneIndex + ` ON orders (replace(phone, '-', ''))`
	if f.shop.flaws.has("missing_index") {
		stmt = `DROP INDEX IF EXISTS ` + phoneIndex
	}
	defer f.db.Replanned()
	return f.db.Setup(stmt)
}

func (f *storefront) addToCart(w http.ResponseWriter, r *http.Request) error {
	ctx, user := f.who(r)
	id, err := strconv.Atoi(r.URL.Query().Get("product"))
	if err != nil {
		return &kit.Refusal{Status: http.StatusBadRequest, Text: "product must be a number"}
	}
	if _, err := f.db.Exec(ctx, `INSERT INTO cart_line (customer_id, product_id, pieces) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET pieces = pieces + 1`, user, id); err != nil {
		return fmt.Errorf("カートに追加できません: %w", err)
	}
	return kit.JSON(w, http.StatusCreated, nil)
}

type line struct {
	Product, Pieces, Yen, Percent, Tax int
}

// cartLineByLine repeats three statements for each line.
func (f *storefront) cartLineByLine(w http.ResponseWriter, r *http.Request) error {
	ctx, user := f.who(r)
	ids, err := f.cartIDs(ctx, user)
	if err != nil {
		return err
	}
	var cart []line
	for _, id := range ids {
		l := line{Product: id}
		if l.Yen, _, err = kit.Value[int](ctx, f.db, `SELECT yen FROM product WHERE id = ?`, id); err != nil {
			return err
		}
		if l.Percent, _, err = kit.Value[int](ctx, f.db, `SELECT percent FROM discount WHERE product_id = ?`, id); err != nil {
			return err
		}
		if l.Tax, _, err = kit.Value[int](ctx, f.db, `SELECT percent FROM tax WHERE category = ?`, "food"); err != nil {
			return err
		}
		cart = append(cart, l)
	}
	return kit.JSON(w, http.StatusOK, cart)
}

// cartIDs are the products in a cart; an empty one shows what was bought last.
func (f *storefront) cartIDs(ctx context.Context, user int) ([]int, error) {
	ids, err := kit.Column[int](ctx, f.db, `SELECT product_id FROM cart_line WHERE customer_id = ?`, user)
	if err != nil {
		return nil, fmt.Errorf("カートを読み込めません: %w", err)
	}
	for i := len(ids); i < 8; i++ {
		ids = append(ids, 1+(user*3+i*7)%len(products))
	}
	return ids, nil
}

func (f *storefront) cartJoined(w http.ResponseWriter, r *http.Request) error {
	ctx, user := f.who(r)
	cart, err := kit.Rows(ctx, f.db, func(r *sql.Rows) (l line, err error) {
		err = r.Scan(&l.Product, &l.Pieces, &l.Yen, &l.Percent, &l.Tax)
		return l, err
	}, `SELECT c.product_id, c.pieces, p.yen, d.percent, t.percent FROM cart_line c JOIN product p ON p.id = c.product_id
		JOIN discount d ON d.product_id = p.id JOIN tax t ON t.category = 'food' WHERE c.customer_id = ?`, user)
	if err != nil {
		return fmt.Errorf("カートを読み込めません: %w", err)
	}
	return kit.JSON(w, http.StatusOK, cart)
}

func (f *storefront) checkout(w http.ResponseWriter, r *http.Request) error {
	ctx, user := f.who(r)
	tries := 1
	if f.shop.flaws.has("retry_storm") {
		tries = 3 // the second floor of the storm
	}
	return f.buy(ctx, w, r, user, "/east/reservations?product={product}", func(c charge) (err error) {
		for range tries {
			err = f.Post(ctx, paymentHost, "/charges", c, nil)
			var failed *kit.CallError
			if !errors.As(err, &failed) {
				return err
			}
		}
		return err
	})
}

func (f *storefront) checkoutApp(w http.ResponseWriter, r *http.Request) error {
	ctx, user := f.who(r)
	return f.buy(ctx, w, r, user, "/west/reservations?product={product}", func(c charge) error {
		return f.Post(ctx, paymentHost, "/v2/charges", c, nil)
	})
}

func (f *storefront) buy(ctx context.Context, w http.ResponseWriter, r *http.Request, user int, reserve string, pay func(charge) error) error {
	q := r.URL.Query()
	order := f.shop.id("order")
	f.Log.InfoContext(ctx, "注文を受け付けました", "order.id", order, "user.id", userName(user), "product", q.Get("product"))
	if err := f.Post(ctx, inventoryHost, reserve, nil, nil, q.Get("product")); err != nil {
		return fmt.Errorf("在庫を確保できません（注文 %s）: %w", order, err)
	}
	if err := pay(charge{Order: order, Yen: 1200, Coupon: q.Get("coupon")}); err != nil {
		return fmt.Errorf("checkout of %s: %w", order, err)
	}
	// Numbers begin with another digit each time, as they do.
	n := f.shop.count.Load()
	if _, err := f.db.Exec(ctx, `INSERT INTO orders (customer_id, company_id, phone, phone_digits, yen, state) VALUES (?, ?, ?, ?, 1200, 'new')`,
		user, companyOf(user), fmt.Sprintf("03-%04d-%04d", n%10000, n*37%10000), fmt.Sprintf("03%04d%04d", n%10000, n*37%10000)); err != nil {
		return err
	}
	if _, err := f.db.Exec(ctx, `DELETE FROM cart_line WHERE customer_id = ?`, user); err != nil {
		return err
	}
	if err := f.shop.mail.Publish(ctx, f.Service, order, letter{Kind: "confirmation", To: userName(user), Order: order}); err != nil {
		return err
	}
	return kit.JSON(w, http.StatusCreated, map[string]string{"order": order})
}

// orderSearch is for the support desk: what was ordered from this number? The statement
// is right; the table lacks the index that it wants.
func (f *storefront) orderSearch(w http.ResponseWriter, r *http.Request) error {
	ctx, _ := f.who(r)
	found, err := kit.Column[int](ctx, f.db, `SELECT id FROM orders WHERE replace(phone, '-', '') = ? LIMIT 20`, r.URL.Query().Get("phone"))
	if err != nil {
		return fmt.Errorf("注文を検索できません: %w", err)
	}
	f.Log.InfoContext(ctx, "注文を検索しました", "hits", len(found))
	return kit.JSON(w, http.StatusOK, found)
}

func (f *storefront) orderSearchIndexed(w http.ResponseWriter, r *http.Request) error {
	ctx, _ := f.who(r)
	found, err := kit.Column[int](ctx, f.db, `SELECT id FROM orders WHERE phone_digits = ? LIMIT 20`, r.URL.Query().Get("phone"))
	if err != nil {
		return fmt.Errorf("注文を検索できません: %w", err)
	}
	f.Log.InfoContext(ctx, "注文を検索しました", "hits", len(found))
	return kit.JSON(w, http.StatusOK, found)
}

func (f *storefront) company(ctx context.Context, user int) (string, error) {
	name, _, err := kit.Value[string](ctx, f.db, `SELECT name FROM company WHERE id = ?`, 1+companyOf(user)%len(companies))
	return name, err
}

// accountAgainAndAgain loads the company for each box of the page.
func (f *storefront) accountAgainAndAgain(w http.ResponseWriter, r *http.Request) error {
	ctx, user := f.who(r)
	for _, box := range []string{"profile", "points", "members", "invoices", "plan"} {
		if _, err := f.company(ctx, user); err != nil {
			return err
		}
		if err := f.box(ctx, user, box); err != nil {
			return err
		}
	}
	return kit.JSON(w, http.StatusOK, nil)
}

func (f *storefront) accountOnce(w http.ResponseWriter, r *http.Request) error {
	ctx, user := f.who(r)
	if _, err := f.company(ctx, user); err != nil {
		return err
	}
	for _, box := range []string{"profile", "points", "members", "invoices", "plan"} {
		if err := f.box(ctx, user, box); err != nil {
			return err
		}
	}
	return kit.JSON(w, http.StatusOK, nil)
}

func (f *storefront) box(ctx context.Context, user int, name string) error {
	ctx, span := f.Start(ctx, "box "+name)
	defer span.End()
	if name == "points" {
		if _, _, err := kit.Value[int](ctx, f.db, `SELECT points FROM customer WHERE id = ?`, user); err != nil {
			return err
		}
	}
	return f.Work(ctx, 6*time.Millisecond)
}

func (f *storefront) salesNarrow(w http.ResponseWriter, r *http.Request) error {
	return f.sales(w, r, f.narrow)
}

func (f *storefront) salesWide(w http.ResponseWriter, r *http.Request) error {
	return f.sales(w, r, f.wide)
}

// sales asks for six regions at once.
func (f *storefront) sales(w http.ResponseWriter, r *http.Request, db *kit.DB) error {
	ctx, _ := f.who(r)
	sums := make([]int, 6)
	errs := make([]error, len(sums))
	ask := make([]func(), len(sums))
	for i := range sums {
		ask[i] = func() {
			sums[i], _, errs[i] = kit.Value[int](ctx, db, `SELECT sum(yen) FROM daily_sales WHERE region % 6 = ?`, i)
		}
	}
	sim.Join(f.World.Clock, ask...)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("売上レポートを作成できません: %w", err)
	}
	return kit.JSON(w, http.StatusOK, sums)
}

type archived struct {
	ID       int    `json:"id"`
	Placed   string `json:"placed"`
	Customer string `json:"customer"`
	Address  string `json:"address"`
	Yen      int    `json:"yen"`
}

func scanArchived(r *sql.Rows) (a archived, err error) {
	err = r.Scan(&a.ID, &a.Placed, &a.Customer, &a.Address, &a.Yen)
	return a, err
}

// allOrders has no limit; nobody thought that there would be so many.
func (f *storefront) allOrders(w http.ResponseWriter, r *http.Request) error {
	ctx, _ := f.who(r)
	found, err := kit.Rows(ctx, f.db, scanArchived, `SELECT id, placed, customer, address, yen FROM order_archive ORDER BY id`)
	if err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, found)
}

func (f *storefront) pageOfOrders(w http.ResponseWriter, r *http.Request) error {
	ctx, _ := f.who(r)
	found, err := kit.Rows(ctx, f.db, scanArchived, `SELECT id, placed, customer, address, yen FROM order_archive WHERE id > ? ORDER BY id LIMIT 100`, 0)
	if err != nil {
		return err
	}
	return kit.JSON(w, http.StatusOK, found)
}

const markCancelled = `INSERT OR REPLACE INTO cancellation (order_id, state) VALUES (?, 'cancelled')`

// cancelInside holds the transaction, and with it the write lock, over the refund.
func (f *storefront) cancelInside(w http.ResponseWriter, r *http.Request) error {
	ctx, _ := f.who(r)
	id := r.PathValue("id")
	err := f.returns.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, markCancelled, id); err != nil {
			return err
		}
		return f.Post(ctx, paymentHost, "/refunds", map[string]string{"order": id}, nil)
	})
	if err != nil {
		return fmt.Errorf("注文 %s を取り消せません: %w", id, err)
	}
	f.Log.InfoContext(ctx, "注文を取り消しました", "order.id", id)
	return kit.JSON(w, http.StatusOK, nil)
}

func (f *storefront) cancelOutside(w http.ResponseWriter, r *http.Request) error {
	ctx, _ := f.who(r)
	id := r.PathValue("id")
	if err := f.Post(ctx, paymentHost, "/refunds", map[string]string{"order": id}, nil); err != nil {
		return fmt.Errorf("注文 %s を取り消せません: %w", id, err)
	}
	err := f.returns.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, markCancelled, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("注文 %s を取り消せません: %w", id, err)
	}
	f.Log.InfoContext(ctx, "注文を取り消しました", "order.id", id)
	return kit.JSON(w, http.StatusOK, nil)
}

func (f *storefront) invoice(w http.ResponseWriter, r *http.Request) error {
	return f.order(w, r, "/invoices")
}

func (f *storefront) invoiceApp(w http.ResponseWriter, r *http.Request) error {
	return f.order(w, r, "/v2/invoices")
}

func (f *storefront) order(w http.ResponseWriter, r *http.Request, path string) error {
	ctx, user := f.who(r)
	if err := f.Post(ctx, paymentHost, path, invoice{Company: companyOf(user)}, nil); err != nil {
		return fmt.Errorf("請求書を発行できません: %w", err)
	}
	f.Log.InfoContext(ctx, "請求書の発行を依頼しました", "tenant.id", companyName(companyOf(user)))
	return kit.JSON(w, http.StatusAccepted, nil)
}
