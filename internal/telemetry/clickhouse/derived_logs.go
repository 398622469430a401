package clickhouse

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// classNames are the levels by their number in the tables by the minute.
var classNames = [...]string{"", "trace", "debug", "info", "warn", "error", "fatal"}

func className(class uint8) string {
	if int(class) < len(classNames) {
		return classNames[class]
	}
	return ""
}

// counted is one row of a question about logs.
type counted struct {
	keys        []string
	n           uint64
	trend       telemetry.Counts
	level       uint8
	text        string
	first, last int64
}

// logCounts adds up logs by key and step, and then over the steps.
func (s *Store) logCounts(ctx context.Context, w window, d *telemetry.PatternQuery, keys []string, limit int) ([]counted, error) {
	list := joined(keys)
	q := &statement{}
	q.text("SELECT [", joinedText(keys), "] AS k, sum(n) AS n_, max(top), any(text), min(begun), max(ended), groupArray(at), groupArray(n) FROM (SELECT ",
		list, w.at(), " AS at, sum(logs) AS n, max(level) AS top, any(pattern_text) AS text, toInt64(toUnixTimestamp(min(minute))) AS begun, toInt64(toUnixTimestamp(max(minute))) AS ended")
	w.condition(q, "minutes_logs", &d.DerivedQuery)
	if d.Pattern != 0 {
		q.text(" AND pattern_id = ", q.shape(d.Pattern))
	}
	if len(d.Levels) > 0 {
		var numbers []int
		for i, name := range classNames {
			if slices.Contains(d.Levels, name) {
				numbers = append(numbers, i)
			}
		}
		q.text(" AND ", ranges("level", numbers))
	}
	q.text(" GROUP BY ", list, "at) GROUP BY ", strings.TrimSuffix(list, ", "), " ORDER BY n_ DESC, k")
	if limit > 0 {
		q.text(" LIMIT ", strconv.Itoa(limit))
	}
	var all []counted
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var c counted
		var at []int64
		var ns []uint64
		if err := r.Scan(&c.keys, &c.n, &c.level, &c.text, &c.first, &c.last, &at, &ns); err != nil {
			return err
		}
		if w.step > 0 {
			c.trend = make(telemetry.Counts, w.points)
			for i, k := range at {
				c.trend[k] += ns[i]
			}
		}
		all = append(all, c)
		return nil
	})
	return all, err
}

// before are the counts of the range before, by key; nil without a comparison.
func (s *Store) logsBefore(ctx context.Context, w window, d *telemetry.PatternQuery, keys []string) (func(keys []string) *uint64, error) {
	if d.Compare <= 0 {
		return func([]string) *uint64 { return nil }, nil
	}
	all, err := s.logCounts(ctx, w.before(d.Compare), d, keys, 0)
	known := map[string]uint64{}
	for _, c := range all {
		known[joinKey(c.keys)] = c.n
	}
	return func(keys []string) *uint64 { n := known[joinKey(keys)]; return &n }, err
}

// Levels counts logs by level, the most severe first.
func (s *Store) Levels(ctx context.Context, d telemetry.DerivedQuery) ([]telemetry.LevelFigures, telemetry.Derived, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	w, about, err := s.askDerived(ctx, &d)
	if err != nil || w.empty() {
		return nil, about, err
	}
	p := telemetry.PatternQuery{DerivedQuery: d}
	all, err := s.logCounts(ctx, w, &p, []string{"level"}, 0)
	if err != nil {
		return nil, about, err
	}
	before, err := s.logsBefore(ctx, w, &p, []string{"level"})
	slices.SortFunc(all, func(a, b counted) int { return int(b.level) - int(a.level) })
	list := make([]telemetry.LevelFigures, len(all))
	for i, c := range all {
		list[i] = telemetry.LevelFigures{Level: className(c.level), Count: c.n, Before: before(c.keys), Trend: c.trend}
	}
	return list, about, err
}

// Patterns lists patterns of logs.
func (s *Store) Patterns(ctx context.Context, d telemetry.PatternQuery) ([]telemetry.PatternFigures, telemetry.Derived, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	w, about, err := s.askDerived(ctx, &d.DerivedQuery)
	if err != nil || w.empty() {
		return nil, about, err
	}
	keys := []string{"service", "env", "pattern_id"}
	limit := rowLimit(&d.DerivedQuery)
	all, err := s.logCounts(ctx, w, &d, keys, limit+1)
	if err != nil {
		return nil, about, err
	}
	if about.More = len(all) > limit; about.More {
		all = all[:limit]
	}
	before, err := s.logsBefore(ctx, w, &d, keys)
	if err != nil {
		return nil, about, err
	}
	examples, err := s.examples(ctx, w, &d, all)
	list := make([]telemetry.PatternFigures, len(all))
	for i, c := range all {
		list[i] = telemetry.PatternFigures{Shape: telemetry.Shape{ID: shapeID(c.keys[2]), Text: c.text}, Service: c.keys[0], Env: c.keys[1],
			Level: className(c.level), Count: c.n, Before: before(c.keys), First: c.first * int64(time.Second), Last: c.last * int64(time.Second),
			Example: examples[joinKey(c.keys)], Trend: c.trend}
	}
	return list, about, err
}

// examples gives one body of each pattern: they are long, so only of those that are shown.
func (s *Store) examples(ctx context.Context, w window, d *telemetry.PatternQuery, of []counted) (map[string]string, error) {
	examples := map[string]string{}
	if len(of) == 0 {
		return examples, nil
	}
	ids := make([]string, len(of))
	q := &statement{}
	for i, c := range of {
		ids[i] = q.id(c.keys[2], 8)
	}
	q.text("SELECT service, env, lower(hex(pattern_id)), example")
	w.condition(q, "minutes_logs", &d.DerivedQuery)
	q.text(" AND pattern_id IN (", strings.Join(ids, ", "), ") LIMIT 1 BY service, env, pattern_id")
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var k [3]string
		var text string
		err := r.Scan(&k[0], &k[1], &k[2], &text)
		examples[joinKey(k[:])] = text
		return err
	})
	return examples, err
}

// Instances lists the instances of services.
func (s *Store) Instances(ctx context.Context, d telemetry.DerivedQuery) ([]telemetry.InstanceFigures, telemetry.Derived, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	w, about, err := s.askDerived(ctx, &d)
	if err != nil || w.empty() {
		return nil, about, err
	}
	limit := rowLimit(&d)
	q := &statement{}
	q.text("SELECT service, env, version, instance, host, sumIf(seen, level = 7), sumIf(seen, level < 7), sumIf(seen, level IN (5, 6)), ",
		"toUnixTimestamp64Nano(min(first)), toUnixTimestamp64Nano(max(last)) AS ended, argMax(resource_text, last)")
	w.condition(q, "minutes_instances", &d)
	q.text(" GROUP BY service, env, version, instance, host ORDER BY ended DESC, service, env, version, instance, host LIMIT ", strconv.Itoa(limit+1))
	list := []telemetry.InstanceFigures{}
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var f telemetry.InstanceFigures
		var resource string
		if err := r.Scan(&f.Service, &f.Env, &f.Version, &f.Instance, &f.Host, &f.Spans, &f.Logs, &f.ErrorLogs, &f.First, &f.Last, &resource); err != nil {
			return err
		}
		var err error
		f.Resource, err = parseObject(resource)
		list = append(list, f)
		return err
	})
	if about.More = len(list) > limit; about.More {
		list = list[:limit]
	}
	return list, about, err
}
