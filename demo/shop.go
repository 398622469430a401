package demo

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	_ "modernc.org/sqlite" // the shop's database
)

// Options says where the shop sends its telemetry.
type Options struct {
	Endpoint string // of OTLP/HTTP: "http://127.0.0.1:4318"
	Token    string // an ingest token, if the endpoint wants one
	// Rate is how many customers come a minute.
	Rate int
}

// Shop is the running shop.
type Shop struct {
	storefront, catalog, inventory, payment, mailer *service
	bank                                            *http.Server
	bankAddr                                        string
	orders                                          chan order
	dir                                             string
	dbs                                             []*sql.DB
	done                                            chan struct{} // closed when the mailer has ended
}

type order struct {
	id, customer string
	link         trace.SpanContext
}

// Open starts the shop. Nobody comes until Run.
func Open(ctx context.Context, o Options) (shop *Shop, err error) {
	shop = &Shop{orders: make(chan order, 100), done: make(chan struct{})}
	go shop.sendMail()
	defer func() {
		if err != nil {
			shop.Close(ctx)
		}
	}()
	if shop.dir, err = os.MkdirTemp("", "yagura-demo-"); err != nil {
		return shop, err
	}
	for _, s := range []struct {
		at            **service
		name, version string
		routes        func(*service) error
	}{
		{&shop.storefront, "storefront", "2.14.0", shop.storefrontRoutes},
		{&shop.catalog, "catalog", "1.8.3", shop.catalogRoutes},
		{&shop.inventory, "inventory", "0.9.1", shop.inventoryRoutes},
		{&shop.payment, "payment", "3.2.0", shop.paymentRoutes},
		{&shop.mailer, "mailer", "1.0.2", func(*service) error { return nil }},
	} {
		if *s.at, err = newService(ctx, o, s.name, s.version); err != nil {
			return shop, err
		}
		if err = s.routes(*s.at); err != nil {
			return shop, err
		}
		if err = (*s.at).listen(); err != nil {
			return shop, err
		}
	}
	return shop, shop.openBank()
}

// Close ends what is under way and sends the last telemetry.
func (shop *Shop) Close(ctx context.Context) {
	for _, s := range []*service{shop.storefront, shop.catalog, shop.inventory, shop.payment} {
		if s != nil {
			s.close(ctx)
		}
	}
	close(shop.orders)
	<-shop.done
	if shop.mailer != nil {
		shop.mailer.close(ctx)
	}
	if shop.bank != nil {
		_ = shop.bank.Shutdown(ctx)
	}
	for _, db := range shop.dbs {
		_ = db.Close()
	}
	_ = os.RemoveAll(shop.dir)
}

// database opens a service's own SQLite file, instrumented.
func (shop *Shop) database(s *service, schema string) (*sql.DB, error) {
	path := filepath.Join(shop.dir, s.name+".db")
	db, err := otelsql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(2000)",
		otelsql.WithTracerProvider(s.traces), otelsql.WithMeterProvider(s.metrics),
		otelsql.WithAttributes(attribute.String("db.system.name", "sqlite"), attribute.String("db.namespace", s.name)),
		otelsql.WithSpanOptions(otelsql.SpanOptions{OmitConnResetSession: true, OmitRows: true, OmitConnectorConnect: true, OmitConnPrepare: true}))
	if err != nil {
		return nil, err
	}
	shop.dbs = append(shop.dbs, db)
	if _, err := db.Exec(schema); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", s.name, err)
	}
	return db, nil
}

func (shop *Shop) storefrontRoutes(s *service) error {
	s.handle("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) error {
		resp, err := s.call(r.Context(), "GET", shop.catalog.addr+"/products/"+r.PathValue("id"))
		if err != nil {
			return fmt.Errorf("商品情報を取得できません: %w", err)
		}
		return pass(w, resp)
	})
	s.handle("GET /search", func(w http.ResponseWriter, r *http.Request) error {
		s.log.InfoContext(r.Context(), "商品を検索します", "query", r.URL.Query().Get("q"))
		resp, err := s.call(r.Context(), "GET", shop.catalog.addr+"/products?"+r.URL.RawQuery)
		if err != nil {
			return fmt.Errorf("検索に失敗しました: %w", err)
		}
		return pass(w, resp)
	})
	s.handle("POST /checkout", func(w http.ResponseWriter, r *http.Request) error {
		ctx, q := r.Context(), r.URL.Query()
		customer := q.Get("customer")
		trace.SpanFromContext(ctx).SetAttributes(attribute.String("user.id", customer))
		s.log.InfoContext(ctx, "注文を受け付けました", "user.id", customer, "product", q.Get("product"))
		for _, step := range []string{
			shop.inventory.addr + "/reservations?product=" + q.Get("product"),
			shop.payment.addr + "/charges?customer=" + customer + "&product=" + q.Get("product"),
		} {
			resp, err := s.call(ctx, "POST", step)
			if err != nil {
				return fmt.Errorf("checkout of %s: %w", customer, err)
			}
			_ = resp.Body.Close()
		}
		w.WriteHeader(http.StatusCreated)
		return nil
	})
	return nil
}

func (shop *Shop) catalogRoutes(s *service) error {
	db, err := shop.database(s, `CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL, yen INTEGER NOT NULL)`)
	if err != nil {
		return err
	}
	for i, name := range products {
		if _, err := db.Exec(`INSERT INTO product (id, name, yen) VALUES (?, ?, ?)`, i+1, name, 300+170*i); err != nil {
			return err
		}
	}
	s.handle("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) error {
		var name string
		var yen int
		err := db.QueryRowContext(r.Context(), `SELECT name, yen FROM product WHERE id = ?`, r.PathValue("id")).Scan(&name, &yen)
		if errors.Is(err, sql.ErrNoRows) {
			s.log.WarnContext(r.Context(), "存在しない商品が要求されました", "product", r.PathValue("id"))
			return &refusal{http.StatusNotFound, "no such product"}
		}
		if err != nil {
			return err
		}
		return json.NewEncoder(w).Encode(map[string]any{"name": name, "yen": yen})
	})
	s.handle("GET /products", func(w http.ResponseWriter, r *http.Request) error {
		ids, err := query[int](r.Context(), db, `SELECT id FROM product WHERE name LIKE ?`, "%"+r.URL.Query().Get("q")+"%")
		if err != nil {
			return err
		}
		// One statement a product: the N+1 that real shops have.
		var found []string
		for _, id := range ids {
			names, err := query[string](r.Context(), db, `SELECT name FROM product WHERE id = ?`, id)
			if err != nil {
				return err
			}
			found = append(found, names...)
		}
		s.log.DebugContext(r.Context(), "search finished", "hits", len(found))
		return json.NewEncoder(w).Encode(found)
	})
	return nil
}

func (shop *Shop) inventoryRoutes(s *service) error {
	db, err := shop.database(s, `CREATE TABLE stock (product INTEGER PRIMARY KEY, pieces INTEGER NOT NULL)`)
	if err != nil {
		return err
	}
	for i := range products {
		if _, err := db.Exec(`INSERT INTO stock (product, pieces) VALUES (?, 40)`, i+1); err != nil {
			return err
		}
	}
	s.handle("POST /reservations", func(w http.ResponseWriter, r *http.Request) error {
		product, err := strconv.Atoi(r.URL.Query().Get("product"))
		if err != nil {
			return &refusal{http.StatusBadRequest, "product must be a number"}
		}
		res, err := db.ExecContext(r.Context(), `UPDATE stock SET pieces = pieces - 1 WHERE product = ? AND pieces > 0`, product)
		if err != nil {
			return fmt.Errorf("reserve %d: %w", product, err)
		}
		if n, _ := res.RowsAffected(); n == 0 {
			s.log.WarnContext(r.Context(), "在庫切れのため入荷を手配しました", "product", product)
			if _, err := db.ExecContext(r.Context(), `UPDATE stock SET pieces = 40 WHERE product = ?`, product); err != nil {
				return err
			}
			return &refusal{http.StatusConflict, "out of stock"}
		}
		w.WriteHeader(http.StatusCreated)
		return nil
	})
	return nil
}

func (shop *Shop) paymentRoutes(s *service) error {
	s.handle("POST /charges", func(w http.ResponseWriter, r *http.Request) error {
		ctx, customer := r.Context(), r.URL.Query().Get("customer")
		resp, err := s.call(ctx, "POST", shop.bankAddr+"/authorizations?customer="+customer)
		if err != nil {
			return fmt.Errorf("決済サービスの接続エラー: %w", err)
		}
		_ = resp.Body.Close()
		id := fmt.Sprintf("order-%06d", rand.IntN(1e6))
		s.log.InfoContext(ctx, "決済が完了しました", "user.id", customer, "order.id", id)

		ctx, span := s.tracer.Start(ctx, "publish orders", trace.WithSpanKind(trace.SpanKindProducer),
			trace.WithAttributes(messaging("send", id)...))
		defer span.End()
		select {
		case shop.orders <- order{id, customer, trace.SpanContextFromContext(ctx)}:
		default:
			span.SetStatus(codes.Error, "queue is full")
			s.log.ErrorContext(ctx, "注文キューが満杯です", "order.id", id)
		}
		w.WriteHeader(http.StatusCreated)
		return nil
	})
	return nil
}

func messaging(op, id string) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("messaging.system", "channel"),
		attribute.String("messaging.destination.name", "orders"),
		attribute.String("messaging.operation.type", op),
		attribute.String("messaging.message.id", id),
	}
}

// sendMail takes orders from the queue until it is closed.
func (shop *Shop) sendMail() {
	defer close(shop.done)
	for o := range shop.orders {
		ctx, span := shop.mailer.tracer.Start(trace.ContextWithRemoteSpanContext(context.Background(), o.link), "process orders",
			trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(messaging("process", o.id)...),
			trace.WithLinks(trace.Link{SpanContext: o.link}))
		time.Sleep(time.Duration(20+rand.IntN(60)) * time.Millisecond)
		shop.mailer.log.InfoContext(ctx, "sent the confirmation", "order.id", o.id, "user.id", o.customer)
		span.End()
	}
}

// query reads the first column of all rows.
func query[T any](ctx context.Context, db *sql.DB, stmt string, args ...any) (out []T, err error) {
	rows, err := db.QueryContext(ctx, stmt, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
