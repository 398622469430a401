package clickhouse

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// maxTold is how many versions and endpoints a group of errors tells.
const maxTold = 20

// Errors lists groups of errors.
func (s *Store) Errors(ctx context.Context, d telemetry.ErrorQuery) ([]telemetry.ErrorFigures, telemetry.Derived, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	w, about, err := s.askDerived(ctx, &d.DerivedQuery)
	list := []telemetry.ErrorFigures{}
	if err != nil || w.empty() {
		return list, about, err
	}
	limit := rowLimit(&d.DerivedQuery)
	q := &statement{}
	q.text("SELECT g.service, g.env, id, type, message, frame, n, people, toUnixTimestamp64Nano(begun), toUnixTimestamp64Nano(e.1), e.2, e.3, toUnixTimestamp64Nano(ever), versions, latest, endpoints, signals, steps FROM (",
		"SELECT service, env, error_group AS grp, lower(hex(error_group)) AS id, any(type_text) AS type, any(message_text) AS message, any(frame_text) AS frame, ",
		"sum(occurrences) AS n, uniqMerge(users) AS people, min(first) AS begun, max(example) AS e, ",
		"sumMap(map(toString(version), toUInt64(occurrences))) AS versions, maxMap(map(toString(version), toUInt64(toUnixTimestamp(minute)))) AS latest, ",
		"sumMap(map(toString(endpoint), toUInt64(occurrences))) AS endpoints, groupUniqArray(signal) AS signals, ",
		"sumMap(map(", w.at(), ", toUInt64(occurrences))) AS steps")
	w.condition(q, "minutes_errors", &d.DerivedQuery)
	errorCondition(q, &d)
	q.text(" GROUP BY service, env, error_group) AS g INNER JOIN (SELECT service, env, error_group, min(first) AS ever FROM error_groups")
	if d.Group != 0 {
		q.text(" WHERE error_group = ", q.shape(d.Group))
	}
	q.text(" GROUP BY service, env, error_group) AS f ON g.service = f.service AND g.env = f.env AND g.grp = f.error_group")
	if d.New {
		q.text(" WHERE ever >= ", q.time(w.from*int64(time.Second)))
	}
	q.text(" ORDER BY n DESC, id, g.service, g.env LIMIT ", strconv.Itoa(limit+1))
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var f telemetry.ErrorFigures
		var id, trace, span string
		var versions, latest, endpoints map[string]uint64
		var steps map[int64]uint64
		var signals []uint8
		if err := r.Scan(&f.Service, &f.Env, &id, &f.Type, &f.Message, &f.Frame, &f.Count, &f.Users, &f.First, &f.Last, &trace, &span, &f.FirstEver,
			&versions, &latest, &endpoints, &signals, &steps); err != nil {
			return err
		}
		f.ID = shapeID(id)
		f.Example.Time = f.Last
		copy(f.Example.TraceID[:], trace)
		copy(f.Example.SpanID[:], span)
		f.Versions = tallies(versions, func(a, b string) int { return cmp.Compare(latest[b], latest[a]) })
		f.Endpoints = tallies(endpoints, nil)
		slices.Sort(signals)
		for _, n := range signals {
			f.Signals = append(f.Signals, telemetry.Signal(n))
		}
		if w.step > 0 {
			f.Trend = make(telemetry.Counts, w.points)
			for at, n := range steps {
				f.Trend[at] += n
			}
		}
		list = append(list, f)
		return nil
	})
	if err != nil {
		return nil, about, err
	}
	if about.More = len(list) > limit; about.More {
		list = list[:limit]
	}
	if d.Compare <= 0 || len(list) == 0 {
		return list, about, nil
	}
	old := map[string]uint64{}
	q = &statement{}
	q.text("SELECT service, env, lower(hex(error_group)), sum(occurrences)")
	w.before(d.Compare).condition(q, "minutes_errors", &d.DerivedQuery)
	errorCondition(q, &d)
	q.text(" GROUP BY service, env, error_group")
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var k [3]string
		var n uint64
		err := r.Scan(&k[0], &k[1], &k[2], &n)
		old[joinKey(k[:])] = n
		return err
	})
	for i := range list {
		n := old[joinKey([]string{list[i].Service, list[i].Env, list[i].ID.String()})]
		list[i].Before = &n
	}
	return list, about, err
}

func errorCondition(q *statement, d *telemetry.ErrorQuery) {
	if d.Endpoint != "" {
		q.text(" AND endpoint = ", q.str(d.Endpoint))
	}
	if d.Group != 0 {
		q.text(" AND error_group = ", q.shape(d.Group))
	}
}

// tallies are the values that are some, in an order, and then the most frequent first.
func tallies(counts map[string]uint64, order func(a, b string) int) []telemetry.Tally {
	list := []telemetry.Tally{}
	for v, n := range counts {
		if v != "" {
			list = append(list, telemetry.Tally{Value: v, Count: n})
		}
	}
	slices.SortFunc(list, func(a, b telemetry.Tally) int {
		first := 0
		if order != nil {
			first = order(a.Value, b.Value)
		}
		return cmp.Or(first, cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return list[:min(len(list), maxTold)]
}
