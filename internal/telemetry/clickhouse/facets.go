package clickhouse

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// The columns that are facets when nobody says which, in the order of their use; the
// most frequent attributes follow, up to autoFacets in all.
var (
	logFacets  = []string{"level", "service", "env", "event", "exception.type", "scope", "host", "version"}
	spanFacets = []string{"service", "env", "status", "kind", "endpoint", "name", "exception.type", "host", "version"}
)

const autoFacets = 16

// LogFacets counts the values of keys among logs.
func (s *Store) LogFacets(ctx context.Context, q telemetry.Query, keys []string, limit int) ([]telemetry.Facet, error) {
	return s.facets(ctx, telemetry.Logs, q, keys, limit, logFacets)
}

// SpanFacets counts the values of keys among spans.
func (s *Store) SpanFacets(ctx context.Context, q telemetry.Query, keys []string, limit int) ([]telemetry.Facet, error) {
	return s.facets(ctx, telemetry.Spans, q, keys, limit, spanFacets)
}

func (s *Store) facets(ctx context.Context, signal telemetry.Signal, tq telemetry.Query, keys []string, limit int, auto []string) ([]telemetry.Facet, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	sel, err := s.selection(ctx, signal, tq)
	if err != nil {
		return nil, err
	}
	chosen := len(keys) > 0
	if !chosen {
		more, err := s.frequentAttrs(ctx, sel, autoFacets-len(auto))
		if err != nil {
			return nil, err
		}
		keys = append(append(keys, auto...), more...)
	}
	facets := make([]telemetry.Facet, len(keys))
	// Each key is counted by a question of its own over the columns that it needs; the
	// engine runs them side by side.
	q := &statement{}
	for i, key := range keys {
		facets[i].Key = key
		q.signal = signal
		v := q.value(telemetry.ResolveKey(signal, key))
		if i > 0 {
			q.text(" UNION ALL ")
		}
		// Sorted by count, the greatest first, then by value.
		fmt.Fprintf(q, "SELECT toUInt16(%d) AS facet, count() AS distinct_values, groupArraySorted(%d)((-toInt64(n), v)) AS top FROM (SELECT toString(k) AS v, count() AS n FROM (SELECT %s AS k",
			i, max(limit, 1), v.sql)
		if err := sel.condition(q, sel.from, sel.to); err != nil {
			return nil, err
		}
		q.text(" AND ", v.exists(), ") GROUP BY k)")
	}
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var i uint16
		var distinct uint64
		var top [][]any
		if err := r.Scan(&i, &distinct, &top); err != nil {
			return err
		}
		f := &facets[i]
		f.Distinct = distinct
		for k, t := range top {
			if k == limit {
				break
			}
			f.Values = append(f.Values, telemetry.FacetValue{Count: uint64(-t[0].(int64)), Value: t[1].(string)})
		}
		return nil
	})
	if err != nil || chosen {
		return facets, err
	}
	found := facets[:0]
	for _, f := range facets {
		if f.Distinct > 0 {
			found = append(found, f)
		}
	}
	return found, nil
}

// frequentAttrs are the keys that most rows of a selection have, the most frequent first.
func (s *Store) frequentAttrs(ctx context.Context, sel selection, limit int) (keys []string, err error) {
	q := &statement{}
	q.text("SELECT k, count() AS n FROM (SELECT arrayJoin(arrayFilter((k, v) -> v != '', mapKeys(attributes), mapValues(attributes))) AS k")
	if err := sel.condition(q, sel.from, sel.to); err != nil {
		return nil, err
	}
	q.text(") GROUP BY k")
	if sel.signal == telemetry.Spans {
		for _, c := range ownColumns {
			q.text(" UNION ALL SELECT '", c.key, "' AS k, count() AS n")
			if err := sel.condition(q, sel.from, sel.to); err != nil {
				return nil, err
			}
			q.text(" AND ", c.column, " != ''")
		}
	}
	inner := q.String()
	q.Reset()
	q.text("SELECT toString(k) AS key FROM (", inner, ") WHERE n > 0 ORDER BY n DESC, key LIMIT ", strconv.Itoa(limit))
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var k string
		err := r.Scan(&k)
		keys = append(keys, telemetry.AttrKey(sel.signal, k))
		return err
	})
	return keys, err
}
