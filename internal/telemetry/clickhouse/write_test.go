package clickhouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/engine/enginetest"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

// TestPoison: what the engine will never take is refused for good, of whatever make.
func TestPoison(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	good, err := s.EncodeLogs(nil, telemetrytest.NewGen(1, start, time.Second).Logs(nil, 5))
	if err != nil {
		t.Fatal(err)
	}
	frame := func(columns ...proto.InputColumn) []byte {
		e := table{input: columns}
		f, err := e.frame(nil, telemetry.Logs, 1)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	low := func(keys ...uint32) *lowCol {
		c := &lowCol{keys: keys}
		c.values.append("a")
		return c
	}
	text := &strCol{}
	text.append("not a time")
	for name, poison := range map[string][]byte{
		"cut short":               good[:len(good)-7],
		"a key out of range":      frame(proto.InputColumn{Name: "service", Data: low(77)}),
		"a column of another":     frame(proto.InputColumn{Name: "no_such_column", Data: low(0)}),
		"a text for a time":       frame(proto.InputColumn{Name: "time", Data: text}),
		"no format at all":        append(appendHeader(nil, telemetry.Logs, 1), bytes.Repeat([]byte{0xff}, 300)...),
		"another version's frame": append([]byte{99}, good[1:]...),
		"nothing":                 {},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.Write(ctx, telemetry.Logs, "poison "+name, [][]byte{good, poison})
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%v", err)
			}
			if d := s.Describe(telemetry.Logs, poison); d == "" {
				t.Error("no description")
			}
		})
	}
	if n, err := s.CountLogs(ctx, telemetry.Query{Range: telemetry.Range{From: time.Unix(0, 0), To: start.Add(time.Hour)}}); n != 0 || err != nil {
		t.Errorf("%d rows of refused blocks were stored: %v", n, err)
	}
	// The others of a refused block go on, under the same token, which stored nothing.
	if err := s.Write(ctx, telemetry.Logs, "poison nothing", [][]byte{good}); err != nil {
		t.Error(err)
	}
}

// TestManyDays: a block of too many days is refused, its parts are not.
func TestManyDays(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	rows := telemetrytest.NewGen(1, start, 24*time.Hour).Logs(nil, maxDays+2)
	f, _ := s.EncodeLogs(nil, rows)
	if err := s.Write(ctx, telemetry.Logs, "days", [][]byte{f}); !fault.Is(err, fault.Invalid) {
		t.Fatalf("%v", err)
	}
	a, b, err := s.Split(telemetry.Logs, f)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range [][]byte{a, b} {
		if err := s.Write(ctx, telemetry.Logs, fmt.Sprint("days", i), [][]byte{part}); err != nil {
			t.Error(err)
		}
	}
}

// TestPassing: what is wrong with the engine is never taken for the rows' fault.
func TestPassing(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	f, _ := s.EncodeLogs(nil, telemetrytest.NewGen(1, start, time.Second).Logs(nil, 5))
	write := func() error { return s.Write(ctx, telemetry.Logs, "token", [][]byte{f}) }
	again := func(what string, err error) {
		t.Helper()
		if err == nil || fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	exec := func(q string) {
		t.Helper()
		if err := s.admin.Exec(ctx, strings.ReplaceAll(q, "DB", s.opt.Database)); err != nil {
			t.Fatal(err)
		}
	}
	exec("RENAME TABLE DB.logs TO DB.gone")
	again("no table", write())
	exec("RENAME TABLE DB.gone TO DB.logs")
	exec("ALTER TABLE DB.logs MODIFY SETTING parts_to_throw_insert = 1, parts_to_delay_insert = 1")
	if err := write(); err != nil {
		t.Fatal(err)
	}
	f2, _ := s.EncodeLogs(nil, telemetrytest.NewGen(2, start, time.Second).Logs(nil, 5))
	again("too many parts", s.Write(ctx, telemetry.Logs, "token2", [][]byte{f2}))
	exec("ALTER TABLE DB.logs RESET SETTING parts_to_throw_insert, parts_to_delay_insert")

	// A code in no table: the rows are tried on a table that keeps nothing, which takes them.
	exec("ALTER TABLE DB.logs ADD COLUMN trap UInt8 MATERIALIZED throwIf(id > 0)")
	err := s.Write(ctx, telemetry.Logs, "token3", [][]byte{f2})
	again("an unknown code that is not the rows' fault", err)
	var ex *ch.Exception
	if !errors.As(err, &ex) || refusedForGood[ex.Code] != "" || passing[ex.Code] != "" {
		t.Errorf("code %d is not unknown: the test tests nothing", ex.Code)
	}
	exec("ALTER TABLE DB.logs_trial ADD COLUMN trap UInt8 MATERIALIZED throwIf(id > 0)")
	if err := s.Write(ctx, telemetry.Logs, "token3", [][]byte{f2}); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown code that is the rows' fault: %v", err)
	}

	gone, cancel := context.WithCancel(ctx)
	cancel()
	again("cancelled", s.Write(gone, telemetry.Logs, "token4", [][]byte{f2}))
	nobody, err := Open(Options{URL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close()
	err = nobody.Write(ctx, telemetry.Logs, "token5", [][]byte{f2})
	again("nobody there", err)
	if !fault.Is(err, fault.Unavailable) || fault.Of(err).RetryAfter == 0 {
		t.Errorf("nobody there: %v", err)
	}
}

// TestOlderFrame: a frame that lacks columns is stored, and split, with nothing in them.
func TestOlderFrame(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	rows := telemetrytest.NewGen(1, start, time.Second).Spans(nil, 10)
	e := newSpanEncoder()
	for i := range rows {
		rows[i].TraceState, rows[i].Links, rows[i].Endpoint, rows[i].Flags = "", nil, "", 0
		e.add(&rows[i])
	}
	e.input = slices.DeleteFunc(e.input, func(c proto.InputColumn) bool {
		return slices.Contains([]string{"trace_state", "links", "endpoint", "flags"}, c.Name)
	})
	f, err := e.frame(nil, telemetry.Spans, len(rows))
	if err != nil {
		t.Fatal(err)
	}
	a, b, err := s.Split(telemetry.Spans, f)
	if err != nil {
		t.Fatal(err)
	}
	newer, _ := s.EncodeSpans(nil, telemetrytest.NewGen(2, start.Add(time.Minute), time.Second).Spans(nil, 3))
	for token, frames := range map[string][][]byte{"whole": {f, newer}, "parts": {a, b}} {
		if err := s.Write(ctx, telemetry.Spans, token, frames); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.CountSpans(ctx, telemetry.Query{Range: telemetry.Range{From: start, To: start.Add(time.Hour)}}); n != 23 || err != nil {
		t.Errorf("%d spans: %v", n, err)
	}
}

// TestOnePart: a block of many frames is one part, so that its token is one.
func TestOnePart(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	if err := s.admin.Exec(ctx, "SYSTEM STOP MERGES "+s.opt.Database+".logs"); err != nil {
		t.Fatal(err)
	}
	g := telemetrytest.NewGen(1, start, time.Millisecond)
	var frames [][]byte
	for range 40 {
		f, _ := s.EncodeLogs(nil, g.Logs(nil, 500))
		frames = append(frames, f)
	}
	if err := s.Write(ctx, telemetry.Logs, "block", frames); err != nil {
		t.Fatal(err)
	}
	days, err := s.Storage(ctx)
	if err != nil || len(days) != 1 || days[0].Parts != 1 || days[0].Rows != 20000 {
		t.Errorf("%+v %v", days, err)
	}
}

// TestLimits: a question ends at its limits, and in the engine when its asker goes.
func TestLimits(t *testing.T) {
	sup := enginetest.Start(t)
	db := enginetest.Database(t, sup)
	s, err := Open(Options{Dial: sup.Dial, Database: db, MaxQuery: 2 * time.Second, MaxMemory: 20 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ask := func(ctx context.Context, sql string) error {
		q := &statement{}
		q.text(sql)
		return s.answer(ctx, q, func(r driver.Rows) error { return nil })
	}
	ctx := context.Background()
	const endless = "SELECT sum(cityHash64(number)) FROM numbers_mt(1000000000000)"
	if err := ask(ctx, endless); !fault.Is(err, fault.Timeout) {
		t.Errorf("a question that takes too long: %v", err)
	}
	if err := ask(ctx, "SELECT groupArray(toString(number)) FROM numbers(100000000)"); !fault.Is(err, fault.TooLarge) {
		t.Errorf("a question that needs too much memory: %v", err)
	}
	if err := ask(ctx, "CREATE TABLE t (x UInt8) ENGINE = Memory"); err == nil {
		t.Error("a question changed something")
	}
	if err := ask(ctx, "SELECT nonsense FROM nowhere"); !fault.Is(err, fault.Internal) && !fault.Is(err, fault.Unavailable) {
		t.Errorf("a statement of ours that is wrong: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	time.AfterFunc(300*time.Millisecond, cancel)
	if err := ask(gone, endless+" -- gone"); !errors.Is(err, context.Canceled) {
		t.Errorf("a question whose asker went: %v", err)
	}
	for deadline := time.Now().Add(time.Second); ; {
		var n uint64
		if err := s.admin.QueryRow(ctx, "SELECT count() FROM system.processes WHERE query LIKE '%numbers_mt%-- gone' AND query NOT LIKE '%processes%'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the engine still works on a question whose asker went")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Upkeep may take longer than a question, through every layer that ends what takes long:
// the engine's limit, the face's own (the limit and 5 s) and the connection's.
func TestUpkeepOutlivesQuestions(t *testing.T) {
	sup := enginetest.Own(t, func(o *engine.Options) { o.MaxQuery = time.Second })
	s, err := Open(Options{Dial: sup.Dial, MaxQuery: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	const slow = "SELECT sleepEachRow(1) FROM numbers(8) FORMAT Null SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 10000000"
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := sup.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := s.admin.Exec(context.Background(), slow); err == nil || time.Since(begin) > 7*time.Second {
		t.Errorf("without the settings of upkeep: %v after %s", err, time.Since(begin))
	}
	for _, ctx := range []context.Context{context.Background(), ctx} { // a deadline makes the driver set a limit of its own
		begin := time.Now()
		if err := s.admin.Exec(upkeep(ctx), slow); err != nil || time.Since(begin) < 7*time.Second {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
	}
}

// TestMaintain: the text index is built for the parts that have settled, and what it finds
// is what a scan finds.
func TestMaintain(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	g := telemetrytest.NewGen(1, start, 10*time.Millisecond)
	for i := range 3 {
		f, _ := s.EncodeLogs(nil, g.Logs(nil, 30_000))
		if err := s.Write(ctx, telemetry.Logs, fmt.Sprint(i), [][]byte{f}); err != nil {
			t.Fatal(err)
		}
	}
	days, err := s.unindexed(ctx)
	if err != nil || len(days) != 0 {
		t.Errorf("due at once: %v %v", days, err)
	}
	q := telemetry.Query{Range: telemetry.Range{From: start, To: start.Add(time.Hour)}}
	words := []string{"card", "再試行", "ms=7", "か", "ng", "nothing such"}
	count := func() (all []uint64) {
		for _, w := range words {
			q.Filter = filter.Text{Folded: []string{w}}
			n, err := s.CountLogs(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, n)
		}
		return all
	}
	before := count()
	s.opt.Clock = later{time.Now().Add(48 * time.Hour)}
	if days, err = s.unindexed(ctx); err != nil || len(days) != 1 || days[0] != (partition{telemetry.Logs, "2026-11-20"}) {
		t.Errorf("due when the day is over: %v %v", days, err)
	}
	for range 2 {
		if err := s.Maintain(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if days, err = s.unindexed(ctx); err != nil || len(days) != 0 {
		t.Errorf("still due: %v %v", days, err)
	}
	if after := count(); !slices.Equal(before, after) {
		t.Errorf("with the index %v, without %v, of %q", after, before, words)
	}
	var plan strings.Builder
	e := &statement{signal: telemetry.Logs}
	e.text("EXPLAIN indexes = 1 SELECT count() FROM logs WHERE ", e.contains([]string{"nothing such"}))
	if err := s.answer(ctx, e, func(r driver.Rows) error {
		var line string
		err := r.Scan(&line)
		plan.WriteString(line + "\n")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plan.String(), "text_index") {
		t.Errorf("the index is not used:\n%s", plan.String())
	}
}

type later struct{ time.Time }

func (l later) Now() time.Time                                 { return l.Time }
func (later) Sleep(ctx context.Context, d time.Duration) error { return ctx.Err() }
func (later) After(d time.Duration) <-chan time.Time           { return nil }
