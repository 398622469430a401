package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

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

// facets counts in three ways, by where the values are: those of resources here, resource
// by resource, for they are few; those in the map of attributes all at once; the others
// key by key, side by side in the engine.
func (s *Store) facets(ctx context.Context, signal telemetry.Signal, tq telemetry.Query, keys []string, limit int, auto []string) ([]telemetry.Facet, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	ctx, sel, err := s.selection(ctx, signal, tq)
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
	refs := make([]telemetry.KeyRef, len(keys))
	attrs := false
	for i, key := range keys {
		refs[i] = telemetry.ResolveKey(signal, key)
		attrs = attrs || refs[i].Place == telemetry.AnyAttr || refs[i].Place == telemetry.ResourceAttr
	}
	var seen resourceCounts
	if attrs {
		if seen, err = s.resourceCounts(ctx, sel); err != nil {
			return nil, err
		}
	}
	facets := make([]telemetry.Facet, len(keys))
	inMap := map[string][]int{}
	var others []int
	for i, ref := range refs {
		facets[i].Key = keys[i]
		if ref.Place == telemetry.AnyAttr && seen.complete && len(seen.of(ref.Key)) == 0 {
			refs[i].Place = telemetry.OwnAttr // no resource has it
		}
		_, own := ownIndex[ref.Key]
		switch {
		case ref.Place == telemetry.ResourceAttr && seen.complete:
			facets[i].Distinct, facets[i].Values = top(seen.of(ref.Key), limit)
		case refs[i].Place == telemetry.OwnAttr && (signal == telemetry.Logs || !own):
			inMap[ref.Key] = append(inMap[ref.Key], i)
		default:
			others = append(others, i)
		}
	}
	if err := s.mapFacets(ctx, sel, inMap, facets, limit); err != nil {
		return nil, err
	}
	if err := s.keyFacets(ctx, sel, refs, others, facets, limit); err != nil {
		return nil, err
	}
	if chosen {
		return facets, nil
	}
	return slices.DeleteFunc(facets, func(f telemetry.Facet) bool { return f.Distinct == 0 }), nil
}

// top sorts values by count, the greatest first, then by value.
func top(counts map[string]uint64, limit int) (distinct uint64, values []telemetry.FacetValue) {
	for v, n := range counts {
		values = append(values, telemetry.FacetValue{Value: v, Count: n})
	}
	slices.SortFunc(values, func(a, b telemetry.FacetValue) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return uint64(len(values)), values[:min(limit, len(values))]
}

// topSQL is the same of groups (v, n), in SQL.
func topSQL(limit int) string {
	return fmt.Sprintf("count(), groupArraySorted(%d)((-toInt64(n), v))", max(limit, 1))
}

// take takes what topSQL gives.
func take(f *telemetry.Facet, distinct uint64, top [][]any, limit int) {
	f.Distinct = distinct
	for _, t := range top[:min(len(top), max(limit, 0))] {
		f.Values = append(f.Values, telemetry.FacetValue{Count: uint64(-t[0].(int64)), Value: t[1].(string)})
	}
}

// keyFacets counts each key by a question of its own over the columns that it needs.
func (s *Store) keyFacets(ctx context.Context, sel selection, refs []telemetry.KeyRef, which []int, facets []telemetry.Facet, limit int) error {
	if len(which) == 0 {
		return nil
	}
	q := &statement{signal: sel.signal}
	for k, i := range which {
		v := q.value(refs[i])
		if k > 0 {
			q.text(" UNION ALL ")
		}
		q.text("SELECT toUInt16(", strconv.Itoa(i), ") AS facet, ", topSQL(limit), " FROM (SELECT toString(k) AS v, count() AS n FROM (SELECT ", v.sql, " AS k")
		if err := sel.condition(q, sel.from, sel.to); err != nil {
			return err
		}
		q.text(" AND ", v.exists(), ") GROUP BY k)")
	}
	return s.answer(ctx, q, func(r driver.Rows) error {
		var i uint16
		var distinct uint64
		var top [][]any
		if err := r.Scan(&i, &distinct, &top); err != nil {
			return err
		}
		take(&facets[i], distinct, top, limit)
		return nil
	})
}

// mapFacets counts keys of the map in one pass.
func (s *Store) mapFacets(ctx context.Context, sel selection, keys map[string][]int, facets []telemetry.Facet, limit int) error {
	if len(keys) == 0 {
		return nil
	}
	q := &statement{signal: sel.signal}
	var names []string
	for k := range keys {
		names = append(names, q.str(k))
	}
	q.text("SELECT toString(k), ", topSQL(limit), " FROM (SELECT k, v, count() AS n FROM (SELECT mapKeys(attributes) AS ks, mapValues(attributes) AS vs")
	if err := sel.condition(q, sel.from, sel.to); err != nil {
		return err
	}
	q.text(") ARRAY JOIN ks AS k, vs AS v WHERE v != '' AND k IN (", strings.Join(names, ", "), ") GROUP BY k, v) GROUP BY k")
	return s.answer(ctx, q, func(r driver.Rows) error {
		var key string
		var distinct uint64
		var top [][]any
		if err := r.Scan(&key, &distinct, &top); err != nil {
			return err
		}
		for _, i := range keys[key] {
			take(&facets[i], distinct, top, limit)
		}
		return nil
	})
}

// resourceCounts says how many rows are of each resource; complete is false when there are
// too many resources to say.
type resourceCounts struct {
	attrs    [][]telemetry.Attr
	rows     []uint64
	complete bool
}

const maxResources = 5000

func (s *Store) resourceCounts(ctx context.Context, sel selection) (c resourceCounts, err error) {
	q := &statement{}
	q.text("SELECT toString(resource), count()")
	if err := sel.condition(q, sel.from, sel.to); err != nil {
		return c, err
	}
	q.text(" GROUP BY resource LIMIT ", strconv.Itoa(maxResources+1))
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var text string
		var n uint64
		if err := r.Scan(&text, &n); err != nil {
			return err
		}
		attrs, err := parseObject(text)
		c.attrs, c.rows = append(c.attrs, attrs), append(c.rows, n)
		return err
	})
	c.complete = len(c.rows) <= maxResources
	return c, err
}

// of counts the values of a key.
func (c resourceCounts) of(key string) map[string]uint64 {
	counts := map[string]uint64{}
	for i, attrs := range c.attrs {
		if v, _ := telemetry.Get(attrs, key); v != "" {
			counts[v] += c.rows[i]
		}
	}
	return counts
}

// frequentAttrs are the keys that most rows of a selection have, the most frequent first.
func (s *Store) frequentAttrs(ctx context.Context, sel selection, limit int) (keys []string, err error) {
	q := &statement{}
	q.text("SELECT toString(k) AS k, count() AS n FROM (SELECT arrayJoin(arrayFilter((x, y) -> y != '', mapKeys(attributes), mapValues(attributes))) AS k")
	if err := sel.condition(q, sel.from, sel.to); err != nil {
		return nil, err
	}
	q.text(") GROUP BY k")
	if sel.signal == telemetry.Spans {
		names, counts := make([]string, len(ownColumns)), make([]string, len(ownColumns))
		for i, c := range ownColumns {
			names[i], counts[i] = "'"+c.key+"'", "countIf("+c.column+" != '')"
		}
		q.text(" UNION ALL SELECT p.1 AS k, p.2 AS n FROM (SELECT arrayJoin(arrayZip([", strings.Join(names, ", "), "], [", strings.Join(counts, ", "), "])) AS p")
		if err := sel.condition(q, sel.from, sel.to); err != nil {
			return nil, err
		}
		q.text(")")
	}
	inner := q.String()
	q.Reset()
	q.text("SELECT k AS key FROM (", inner, ") WHERE n > 0 ORDER BY n DESC, key LIMIT ", strconv.Itoa(limit))
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var k string
		err := r.Scan(&k)
		keys = append(keys, telemetry.AttrKey(sel.signal, k))
		return err
	})
	return keys, err
}
