package clickhouse

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// contrastColumns are compared beside the attributes. What every span of a selection has
// (service, name) is of no harm: its share is the same on both sides.
var contrastColumns = []string{"version", "instance", "host", "kind", "status", "exception.type", "scope", "name"}

// maxTallies is how many values come back from the engine, those first that most of the
// chosen spans have beyond their share.
const maxTallies = 500

// SpanContrast counts values among the chosen spans of a selection and among the others.
func (s *Store) SpanContrast(ctx context.Context, tq telemetry.Query, chosen filter.Node, sample int) (telemetry.Contrast, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	var c telemetry.Contrast
	ctx, sel, err := s.selection(ctx, telemetry.Spans, tq)
	if err != nil {
		return c, err
	}
	if err := s.contrastSizes(ctx, sel, chosen, &c); err != nil || c.Chosen.All == 0 {
		return c, err
	}
	// One row in so many of each side, by a hash of its id.
	every := func(all uint64) uint64 { return (all + uint64(sample) - 1) / uint64(max(sample, 1)) }
	q := &statement{signal: telemetry.Spans}
	in, err := q.where(chosen)
	if err != nil {
		return c, err
	}
	q.text("SELECT ", in, " AS chosen, toString(resource) AS res, attributes")
	for i, k := range contrastColumns {
		v := q.value(telemetry.ResolveKey(telemetry.Spans, k))
		fmt.Fprintf(q, ", %s AS c%d", v.sql, i)
	}
	for _, own := range ownColumns {
		q.text(", ", own.column)
	}
	if err := sel.condition(q, sel.from, sel.to); err != nil {
		return c, err
	}
	fmt.Fprintf(q, " AND intHash64(id) %% if(%s, %d, %d) = 0", in, max(every(c.Chosen.All), 1), max(every(c.Others.All), 1))
	rows := q.String()

	if err := s.contrastResources(ctx, q, rows, &c); err != nil {
		return c, err
	}
	return c, s.contrastValues(ctx, q, rows, &c)
}

func (s *Store) contrastSizes(ctx context.Context, sel selection, chosen filter.Node, c *telemetry.Contrast) error {
	q := &statement{signal: telemetry.Spans}
	in, err := q.where(chosen)
	if err != nil {
		return err
	}
	q.text("SELECT countIf(", in, "), count()")
	if err := sel.condition(q, sel.from, sel.to); err != nil {
		return err
	}
	return s.answer(ctx, q, func(r driver.Rows) error {
		var all uint64
		err := r.Scan(&c.Chosen.All, &all)
		c.Others.All = all - c.Chosen.All
		return err
	})
}

// contrastResources counts the attributes of resources, which are few and are taken apart
// here, and with them the rows of the sample.
func (s *Store) contrastResources(ctx context.Context, q *statement, rows string, c *telemetry.Contrast) error {
	q.Reset()
	q.text("SELECT res, countIf(chosen), countIf(NOT chosen) FROM (", rows, ") GROUP BY res")
	tallies := map[[2]string]*telemetry.ContrastTally{}
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var text string
		var chosen, others uint64
		if err := r.Scan(&text, &chosen, &others); err != nil {
			return err
		}
		c.Chosen.Seen += chosen
		c.Others.Seen += others
		attrs, err := parseObject(text)
		for _, a := range attrs {
			if a.Value == "" {
				continue // an empty value is none
			}
			at := [2]string{a.Key, a.Value}
			if tallies[at] == nil {
				tallies[at] = &telemetry.ContrastTally{Key: telemetry.ResourceKey(a.Key), Value: a.Value}
			}
			tallies[at].Chosen += chosen
			tallies[at].Others += others
		}
		return err
	})
	for _, t := range tallies {
		if t.Chosen > 0 {
			c.Tallies = append(c.Tallies, *t)
		}
	}
	return err
}

// contrastValues counts the values of columns and attributes, all in one pass.
func (s *Store) contrastValues(ctx context.Context, q *statement, rows string, c *telemetry.Contrast) error {
	q.Reset()
	q.text("SELECT column, k, v, countIf(chosen) AS n, countIf(NOT chosen) AS m FROM (SELECT chosen, arrayConcat(",
		"arrayMap((k, v) -> (0, toString(k), v), mapKeys(attributes), mapValues(attributes))")
	for i, k := range contrastColumns {
		fmt.Fprintf(q, ", [(1, '%s', toString(c%d))]", k, i)
	}
	for _, own := range ownColumns {
		fmt.Fprintf(q, ", [(0, '%s', toString(%s))]", own.key, own.column)
	}
	q.text(") AS kvs FROM (", rows, ")) ARRAY JOIN kvs.1 AS column, kvs.2 AS k, kvs.3 AS v WHERE v != '' GROUP BY column, k, v HAVING n > 0 ")
	q.text("ORDER BY n / ", strconv.FormatUint(max(c.Chosen.Seen, 1), 10), " - m / ", strconv.FormatUint(max(c.Others.Seen, 1), 10), " DESC, k, v LIMIT ", strconv.Itoa(maxTallies))
	return s.answer(ctx, q, func(r driver.Rows) error {
		var t telemetry.ContrastTally
		var column uint8
		if err := r.Scan(&column, &t.Key, &t.Value, &t.Chosen, &t.Others); err != nil {
			return err
		}
		if column == 0 {
			t.Key = telemetry.AttrKey(telemetry.Spans, t.Key)
		}
		c.Tallies = append(c.Tallies, t)
		return nil
	})
}
