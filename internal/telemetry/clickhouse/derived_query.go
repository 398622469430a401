package clickhouse

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

var _ telemetry.DerivedReader = (*Store)(nil)

// requestKinds are the spans that somebody asked for: server and consumer.
const requestKinds = "kind IN (2, 5)"

// window is a range in whole minutes, in Unix seconds, and how it is cut into steps.
type window struct {
	from, to int64
	step     int64 // 0 without a series
	points   int
}

const minute = 60

// windowOf widens a range to whole minutes and cuts it into at most steps steps of whole
// minutes.
func windowOf(r telemetry.Range, steps int) window {
	floor := func(ns int64) int64 { return ns / int64(time.Minute) * minute }
	w := window{from: floor(unixNano(r.From)), to: floor(unixNano(r.To) + int64(time.Minute) - 1)}
	w.to = max(w.to, w.from)
	if n := int(w.to-w.from) / minute; steps > 0 && n > 0 {
		k := (n + steps - 1) / steps
		w.step, w.points = int64(k)*minute, (n+k-1)/k
	}
	return w
}

// before is the window so much earlier, without steps.
func (w window) before(by time.Duration) window {
	d := int64((by + time.Minute - 1) / time.Minute * minute)
	return window{from: w.from - d, to: w.to - d}
}

func (w window) empty() bool { return w.from >= w.to }

// at is the expression of a minute's step.
func (w window) at() string {
	if w.step == 0 {
		return "toInt64(0)"
	}
	return "intDiv(toInt64(toUnixTimestamp(minute)) - " + strconv.FormatInt(w.from, 10) + ", " + strconv.FormatInt(w.step, 10) + ")"
}

func (w window) derived() telemetry.Derived {
	return telemetry.Derived{
		Range: telemetry.Range{From: time.Unix(w.from, 0).UTC(), To: time.Unix(w.to, 0).UTC()},
		Step:  time.Duration(w.step) * time.Second,
	}
}

// condition writes FROM and WHERE of the minutes in a window.
func (w window) condition(q *statement, table string, d *telemetry.DerivedQuery) {
	q.text(" FROM ", table, " WHERE minute >= toDateTime(", q.param("Int64", max(w.from, 0)), ", 'UTC') AND minute < toDateTime(", q.param("Int64", max(w.to, 0)), ", 'UTC')")
	for _, c := range [...]struct{ column, value string }{{"env", d.Env}, {"service", d.Service}, {"version", d.Version}} {
		if c.value != "" {
			q.text(" AND ", c.column, " = ", q.str(c.value))
		}
	}
}

// rows is a limit of rows with one more, that says that there are more.
func rowLimit(d *telemetry.DerivedQuery) int {
	if d.Limit <= 0 {
		return 100
	}
	return d.Limit
}

// ask begins the answer to a derived question: its window and what it says of itself.
func (s *Store) askDerived(ctx context.Context, d *telemetry.DerivedQuery) (window, telemetry.Derived, error) {
	w := windowOf(d.Range, d.Steps)
	about := w.derived()
	var err error
	about.Since, err = s.since(ctx)
	return w, about, err
}

// firstMinute is the first minute that there are figures of, as it was when asked last.
type firstMinute struct {
	sync.Mutex
	at, asked time.Time
	learned   time.Time // until when LearnPeers has looked
}

// since is the first minute that there are figures of. It is asked for again after a while:
// it changes with retention and rebuilding alone.
func (s *Store) since(ctx context.Context) (time.Time, error) {
	now := s.opt.Clock.Now()
	s.first.Lock()
	defer s.first.Unlock()
	if !s.first.at.IsZero() && now.Sub(s.first.asked) < time.Minute {
		return s.first.at, nil
	}
	var at int64
	q := &statement{}
	q.text("SELECT toInt64(toUnixTimestamp(min(minute))) FROM minutes_instances")
	if err := s.answer(ctx, q, func(r driver.Rows) error { return r.Scan(&at) }); err != nil {
		return time.Time{}, err
	}
	s.first.asked = now
	if s.first.at = (time.Time{}); at > 0 {
		s.first.at = time.Unix(at, 0).UTC()
	}
	return s.first.at, nil
}

// figure is one row of a question about requests or calls.
type figure struct {
	keys []string
	telemetry.RED
	trend telemetry.Trend
	last  int64 // the begin of the last minute, Unix seconds
}

// figuresOf is a question about requests or calls: the sums by some keys.
type figuresOf struct {
	keys  []string // columns of the source
	order string   // of errors, n, t; "errors DESC, t DESC" when empty
	limit int      // 0 is none
	// source writes what is summed up: SELECT keys, at (the step), band, n, errors, t, last,
	// grouped. Nil is minutes_requests.
	source func(q *statement, w window)
	where  func(q *statement) // further conditions of minutes_requests
}

const levelsOfRED = "(0.5, 0.95, 0.99)"

// figures adds up bands first by key, step and band, then over the bands, and then over the
// steps: a percentile is always of the merged bands.
func (s *Store) figures(ctx context.Context, w window, d *telemetry.DerivedQuery, f figuresOf) ([]figure, error) {
	if w.empty() {
		return nil, nil
	}
	keys := joined(f.keys)
	q := &statement{}
	q.text("SELECT [", joinedText(f.keys), "] AS k, sum(n) AS n_, sum(errors) AS errors_, sum(t) AS t_, max(last) AS last_")
	if w.step > 0 {
		q.text(", quantilesExactWeightedArray", levelsOfRED, "(bands, counts), groupArray(at), groupArray(n), groupArray(errors), groupArray(qs)\nFROM (SELECT ",
			keys, "at, sum(n_) AS n, sum(errors_) AS errors, sum(t_) AS t, max(last_) AS last, quantilesExactWeighted", levelsOfRED,
			"(band, n_) AS qs, groupArray(band) AS bands, groupArray(n_) AS counts\nFROM (")
	} else {
		q.text(", quantilesExactWeighted", levelsOfRED, "(band, n)\nFROM (SELECT ", keys, "band, n_ AS n, errors_ AS errors, t_ AS t, last_ AS last\nFROM (")
	}
	if f.source != nil {
		f.source(q, w)
	} else {
		q.text("SELECT ", keys, w.at(), " AS at, band, sum(requests) AS n_, sum(errors) AS errors_, sum(total) AS t_, toInt64(toUnixTimestamp(max(minute))) AS last_")
		w.condition(q, "minutes_requests", d)
		if f.where != nil {
			f.where(q)
		}
		q.text(" GROUP BY ", keys, "at, band")
	}
	q.text(")")
	if w.step > 0 {
		q.text(" GROUP BY ", keys, "at")
	}
	q.text(")")
	if len(f.keys) > 0 {
		q.text(" GROUP BY ", keys[:len(keys)-2])
	}
	order := f.order
	if order == "" {
		order = "errors_ DESC, t_ DESC"
	}
	q.text(" ORDER BY ", order, ", k")
	if f.limit > 0 {
		q.text(" LIMIT ", strconv.Itoa(f.limit+1))
	}
	var all []figure
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var g figure
		var at []int64
		var ns, es []uint64
		var qs []uint16
		var per [][]uint16
		into := []any{&g.keys, &g.Count, &g.Errors, &g.Total, &g.last, &qs}
		if w.step > 0 {
			into = append(into, &at, &ns, &es, &per)
		}
		if err := r.Scan(into...); err != nil {
			return err
		}
		if g.Count == 0 {
			return nil // the sum of nothing
		}
		g.P50, g.P95, g.P99 = telemetry.BandValue(qs[0]), telemetry.BandValue(qs[1]), telemetry.BandValue(qs[2])
		if w.step > 0 {
			g.trend = newTrend(w.points)
			for i, k := range at {
				g.trend.Count[k], g.trend.Errors[k] = ns[i], es[i]
				g.trend.P50[k], g.trend.P95[k], g.trend.P99[k] = telemetry.BandValue(per[i][0]), telemetry.BandValue(per[i][1]), telemetry.BandValue(per[i][2])
			}
		}
		all = append(all, g)
		return nil
	})
	return all, err
}

func newTrend(n int) telemetry.Trend {
	return telemetry.Trend{Count: make([]uint64, n), Errors: make([]uint64, n), P50: make([]float64, n), P95: make([]float64, n), P99: make([]float64, n)}
}

// compared gives figures, those of the range before by their keys, and whether there were
// more than the limit.
func (s *Store) compared(ctx context.Context, w window, d *telemetry.DerivedQuery, f figuresOf) (all []figure, before func(keys []string) *telemetry.RED, more bool, err error) {
	f.limit = rowLimit(d)
	all, err = s.figures(ctx, w, d, f)
	if err != nil {
		return nil, nil, false, err
	}
	if more = len(all) > f.limit; more {
		all = all[:f.limit]
	}
	before = func([]string) *telemetry.RED { return nil }
	if d.Compare <= 0 {
		return all, before, more, nil
	}
	f.limit = 0
	old, err := s.figures(ctx, w.before(d.Compare), d, f)
	if err != nil {
		return nil, nil, false, err
	}
	known := make(map[string]*telemetry.RED, len(old))
	for i := range old {
		known[joinKey(old[i].keys)] = &old[i].RED
	}
	return all, func(keys []string) *telemetry.RED {
		if r := known[joinKey(keys)]; r != nil {
			return r
		}
		return &telemetry.RED{}
	}, more, nil
}

func joinKey(keys []string) string {
	var b []byte
	for _, k := range keys {
		b = append(strconv.AppendInt(b, int64(len(k)), 10), ':')
		b = append(b, k...)
	}
	return string(b)
}

// joined is a list of columns with a comma behind each.
func joined(columns []string) string {
	var b []byte
	for _, c := range columns {
		b = append(append(b, c...), ", "...)
	}
	return string(b)
}

func joinedText(columns []string) string {
	if len(columns) == 0 {
		return "''"
	}
	var b []byte
	for i, c := range columns {
		if i > 0 {
			b = append(b, ", "...)
		}
		if slices.Contains([]string{"operation_id", "error_group", "pattern_id"}, c) {
			b = append(b, "lower(hex("+c+"))"...)
		} else {
			b = append(b, "toString("+c+")"...)
		}
	}
	return string(b)
}

// shapeID reads the hexadecimal form that joinedText writes.
func shapeID(s string) telemetry.ShapeID {
	id, _ := telemetry.ParseShapeID(s)
	return id
}

// shape is the parameter of a shape's id.
func (q *statement) shape(id telemetry.ShapeID) string { return q.id(id.String(), 8) }
