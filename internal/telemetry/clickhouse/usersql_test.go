package clickhouse

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

func TestSQL(t *testing.T) {
	s := newStore(t)
	ctx := t.Context()
	at := time.Date(2026, 11, 22, 9, 0, 0, 123456789, time.UTC)
	var spans []telemetry.Span
	for i := range 20 {
		spans = append(spans, telemetry.Span{ID: uint64(i + 1), Time: at.Add(time.Duration(i) * time.Second).UnixNano(), Source: telemetry.Source{Service: "shop"}, Name: "決済"})
	}
	frame, err := s.EncodeSpans(nil, spans)
	if err == nil {
		err = s.Write(ctx, telemetry.Spans, "t", [][]byte{frame})
	}
	if err != nil {
		t.Fatal(err)
	}
	r := telemetry.Range{From: at.Add(5 * time.Second), To: at.Add(10 * time.Second)}
	ask := func(text string, limit int) (telemetry.Table, error) {
		return s.SQL(ctx, telemetry.SQLQuery{Text: text, Range: r, Limit: limit})
	}
	show := func(t telemetry.Table) string {
		var b strings.Builder
		for _, c := range t.Columns {
			fmt.Fprintf(&b, "%s %s|", c.Name, c.Type)
		}
		for _, row := range t.Rows {
			for _, cell := range row {
				fmt.Fprintf(&b, " %s", cell)
			}
			b.WriteByte(';')
		}
		return b.String()
	}
	for _, c := range []struct {
		text, want string
		limit      int
		more       bool
	}{
		{text: "SELECT count() AS n FROM spans WHERE time >= {from:DateTime64(9)} AND time < {to:DateTime64(9)};", want: "n UInt64| 5;", limit: 10},
		{text: "SELECT name, 9007199254740993, 0.5, [1, 2], NULL FROM spans LIMIT 1", limit: 10,
			want: `name LowCardinality(String)|9007199254740993 UInt64|0.5 Float64|[1, 2] Array(UInt8)|NULL Nullable(Nothing)| "決済" "9007199254740993" 0.5 [1,2] null;`},
		{text: "SELECT number FROM numbers(10) ORDER BY number", want: "number UInt64| 0; 1; 2;", limit: 3, more: true},
		{text: "SELECT number FROM numbers(3) ORDER BY number", want: "number UInt64| 0; 1; 2;", limit: 3},
		{text: `SELECT toFixedString(unhex('0041220a5cff80e38182000102030405'), 16) AS a, toFixedString(unhex('E280A82F7F1F0809'), 8)`, limit: 3, want: `a FixedString(16)|toFixedString(unhex('E280A82F7F1F0809'), 8) FixedString(8)| "0041220a5cff80e38182000102030405" "e280a82f7f1f0809";`},
		{text: "SELECT 1 WHERE 0", want: "1 UInt8|", limit: 3},
	} {
		got, err := ask(c.text, c.limit)
		if err != nil || show(got) != c.want || got.More != c.more {
			t.Errorf("%s:\n%s more %v, %v\nwant %s", c.text, show(got), got.More, err, c.want)
		}
	}
	if got, err := ask("SELECT repeat('x', 1000) FROM numbers(100000)", 100000); err != nil || !got.More || len(got.Rows) > telemetry.MaxTableBytes/1000 {
		t.Errorf("an answer over the bytes: %d rows, more %v, %v", len(got.Rows), got.More, err)
	}
	for _, bad := range []string{
		"SELEC 1", "SELECT nobody FROM spans", "SELECT * FROM nothing", "SELECT throwIf(1)",
		"DROP TABLE spans", "INSERT INTO spans (name) VALUES ('x')", "SET max_threads = 1", "SELECT 1; SELECT 2", "SYSTEM SHUTDOWN", "KILL QUERY WHERE 1",
		"SELECT 1 SETTINGS max_execution_time = 0", "SELECT 1 SETTINGS readonly = 0", "SELECT 1 SETTINGS max_memory_usage = 0",
		"SELECT * FROM file('/etc/passwd', 'LineAsString')", "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", "SELECT file('/etc/passwd')",
		"SELECT * INTO OUTFILE '/tmp/x' FROM spans", "SELECT * FROM executable('id', 'TSV', 'x String')", "CREATE TABLE x (a Int8) ENGINE = Memory", "SELECT 1 FORMAT JSON", "SELECT 1 format TSV;",
	} {
		if _, err := ask(bad, 10); err == nil || fault.Of(err).Field != "query" || !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "Stack trace") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := s.SQL(short, telemetry.SQLQuery{Text: "SELECT count() FROM numbers_mt(1e14) WHERE sipHash64(number) = 1", Range: r, Limit: 10}); !fault.Is(err, fault.Timeout) {
		t.Errorf("an endless one: %v", err)
	}
	if n, err := s.CountSpans(ctx, telemetry.Query{Range: telemetry.Range{From: at, To: at.Add(time.Hour)}}); err != nil || n != 20 {
		t.Errorf("%d spans are left, %v", n, err)
	}
	tables, err := s.Tables(ctx)
	if err != nil || len(tables) < 4 {
		t.Fatalf("%+v %v", tables, err)
	}
	for _, table := range tables {
		if strings.HasSuffix(table.Name, "_trial") || len(table.Columns) == 0 {
			t.Errorf("%+v", table)
		}
		if table.Name == "spans" && table.Rows != 20 {
			t.Errorf("%d rows of spans", table.Rows)
		}
	}
}
