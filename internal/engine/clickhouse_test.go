package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/engine/enginetest"
)

func open(t testing.TB, sup *engine.Supervisor, db string) driver.Conn {
	t.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{
		Protocol: clickhouse.HTTP,
		Addr:     []string{"engine:80"},
		Auth:     clickhouse.Auth{Database: db},
		DialContext: func(ctx context.Context, _ string) (net.Conn, error) {
			return sup.Dial(ctx)
		},
		MaxOpenConns: 16,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func code(err error) int {
	var e *clickhouse.Exception
	if errors.As(err, &e) {
		return int(e.Code)
	}
	return 0
}

const logsTable = `CREATE TABLE logs (
	time DateTime64(9), service LowCardinality(String), severity UInt8, body String,
	attrs Map(LowCardinality(String), String), tags Array(LowCardinality(String)), spans Array(UInt64),
	trace_id FixedString(16), maybe Nullable(Float64)
) ENGINE = MergeTree ORDER BY (service, time) SETTINGS non_replicated_deduplication_window = 10000`

// The driver that the server uses must work as it does against a ClickHouse server.
func TestDriverRoundTrip(t *testing.T) {
	sup := enginetest.Start(t)
	db := enginetest.Database(t, sup)
	conn := open(t, sup, db)
	ctx := context.Background()
	if err := conn.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	if v, err := conn.ServerVersion(); err != nil || v.Version.Major != 26 || v.Revision != 0 {
		t.Fatalf("hello: %+v %v", v, err)
	}
	if err := conn.Exec(ctx, logsTable); err != nil {
		t.Fatal(err)
	}
	b, err := conn.PrepareBatch(ctx, "INSERT INTO logs")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 4, 1, 12, 0, 0, 123456789, time.UTC)
	half := 0.5
	for i := range 1000 {
		if err := b.Append(at.Add(time.Duration(i)), "svc-"+strconv.Itoa(i%7), uint8(i%24), fmt.Sprintf("タイムアウト %d 'quoted' \\ \t", i),
			map[string]string{"k8s.pod": strconv.Itoa(i), "empty": ""}, []string{"a", "b"}, []uint64{uint64(i), 1 << 63},
			strings.Repeat("x", 16), &half); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Send(); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(ctx, `SELECT time, service, body, attrs, tags, spans, trace_id, maybe FROM logs
		WHERE service = {svc:String} AND has({list:Array(String)}, attrs['k8s.pod']) AND time >= {from:DateTime64(9)} ORDER BY time`,
		clickhouse.Named("svc", "svc-3"), clickhouse.Named("list", []string{"3", "10", "it's"}), clickhouse.Named("from", at))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var tm time.Time
		var svc, body, trace string
		var attrs map[string]string
		var tags []string
		var spans []uint64
		var maybe *float64
		if err := rows.Scan(&tm, &svc, &body, &attrs, &tags, &spans, &trace, &maybe); err != nil {
			t.Fatal(err)
		}
		i := 3 + 7*n
		if !tm.Equal(at.Add(time.Duration(i))) || svc != "svc-3" || body != fmt.Sprintf("タイムアウト %d 'quoted' \\ \t", i) ||
			attrs["k8s.pod"] != strconv.Itoa(i) || len(attrs) != 2 || len(tags) != 2 || spans[1] != 1<<63 || maybe == nil || *maybe != half {
			t.Fatalf("row %d: %v %q %q %v %v %v %q %v", n, tm, svc, body, attrs, tags, spans, trace, maybe)
		}
		n++
	}
	if err := rows.Err(); err != nil || n != 2 {
		t.Fatalf("%d rows, %v", n, err)
	}
	// Typed parameters carry anything without being read as SQL.
	for _, s := range []string{"", "'); DROP TABLE logs --", "back\\slash\ttab\nnew", "日本語 \x00 nul"} {
		var got string
		if err := conn.QueryRow(ctx, "SELECT {s:String}", clickhouse.Named("s", s)).Scan(&got); err != nil || got != s {
			t.Fatalf("parameter %q came back as %q, %v", s, got, err)
		}
	}
	// No rows is not an error.
	rows, err = conn.Query(ctx, "SELECT body FROM logs WHERE service = 'none'")
	if err != nil || rows.Next() || rows.Err() != nil {
		t.Fatalf("empty answer: %v %v", err, rows.Err())
	}
}

func TestDriverErrors(t *testing.T) {
	sup := enginetest.Start(t)
	db := enginetest.Database(t, sup)
	conn := open(t, sup, db)
	ctx := context.Background()
	for q, want := range map[string]int{
		"SELECT * FROM nosuch":                    60,
		"SELECT nosuch":                           47,
		"SELECT nosuch()":                         46,
		"FOO BAR":                                 62,
		"SELECT 1; SELECT 2":                      62,
		"SELECT * FROM nosuch.t":                  81,
		"SELECT throwIf(1)":                       395,
		"SELECT 1 INTO OUTFILE 'x'":               358,
		"INSERT INTO FUNCTION file('x') SELECT 1": 358,
		"SELECT toUInt8('x')":                     6,
	} {
		if _, err := conn.Query(ctx, q); code(err) != want {
			t.Errorf("%s: code %d, want %d: %v", q, code(err), want, err)
		}
	}
	if _, err := conn.Query(clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"nosuch_setting": 1})), "SELECT 1"); code(err) != 115 {
		t.Errorf("unknown setting: %v", err)
	}
	if err := open(t, sup, "nosuch").Ping(ctx); code(err) != 81 {
		t.Errorf("unknown database: %v", err)
	}
	if err := conn.Exec(ctx, "CREATE TABLE j (v String, c LowCardinality(String) MATERIALIZED assumeNotNull(normalizeUTF8NFC(v))) ENGINE = MergeTree ORDER BY v"); err != nil {
		t.Fatal(err)
	}
	b, err := conn.PrepareBatch(ctx, "INSERT INTO j (v)")
	if err != nil {
		t.Fatal(err)
	}
	_ = b.Append("bad \xff\xfe utf8")
	if err := b.Send(); code(err) != 621 {
		t.Errorf("invalid UTF-8: %v", err)
	}
	// An error in the middle of an answer is an error with its code, never a short answer.
	rows, err := conn.Query(ctx, "SELECT throwIf(number = 3000000) FROM numbers(10000000)")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		n++
	}
	if n == 0 || n > 3000000 || code(rows.Err()) != 395 {
		t.Errorf("error in mid-stream after %d rows: %v", n, rows.Err())
	}
	// The session survives none of it, the next statement works.
	if err := conn.Ping(ctx); err != nil {
		t.Error(err)
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 1}))
	if err := conn.QueryRow(ctx, "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1").Scan(new(uint64)); code(err) != 159 {
		t.Errorf("time limit: %v", err)
	}
}

func TestStreamMillion(t *testing.T) {
	sup := enginetest.Start(t)
	conn := open(t, sup, "default")
	start := time.Now()
	rows, err := conn.Query(context.Background(), "SELECT number, toString(number), now64(9) FROM numbers(1000000)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var sum, v uint64
	var s string
	var tm time.Time
	n := 0
	for rows.Next() {
		if err := rows.Scan(&v, &s, &tm); err != nil {
			t.Fatal(err)
		}
		sum += v
		n++
	}
	if err := rows.Err(); err != nil || n != 1e6 || sum != 499999500000 {
		t.Fatalf("%d rows, sum %d, %v", n, sum, err)
	}
	t.Logf("1,000,000 rows in %v", time.Since(start))
}

// A client that goes away stops its query, wherever the query is.
func TestCancelStopsTheEngine(t *testing.T) {
	sup := enginetest.Start(t)
	conn := open(t, sup, "default")
	for name, q := range map[string]string{
		"before the first row": "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1",
		"between rows":         "SELECT number FROM numbers(1000000000000)",
		"whole answer":         "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1 FORMAT JSON",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			over := make(chan error, 1)
			go func() {
				rows, err := conn.Query(ctx, q)
				if err == nil {
					for rows.Next() {
					}
					err = rows.Err()
				}
				over <- err
			}()
			eventually(t, "the query runs", func() bool { return running(t, sup, q) == 1 })
			cancel()
			if err := <-over; err == nil {
				t.Error("a cancelled query gave no error")
			}
			eventually(t, "the query has stopped", func() bool { return running(t, sup, q) == 0 })
		})
	}
}

func running(t *testing.T, sup *engine.Supervisor, q string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(enginetest.Exec(t, sup,
		"SELECT count() FROM system.processes WHERE query = '"+q+"'", nil)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 15 s: %s", what)
		}
	}
}
