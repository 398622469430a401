package telemetry

import (
	"context"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/filter"
)

// aroundSpan is how far from a log its neighbours are looked for.
const aroundSpan = 24 * time.Hour

// MaxAround is how many neighbours there may be to either side.
const MaxAround = 200

// Around reads what the same sender wrote just before and after a log: the logs of its
// environment and service, and, with sameInstance, of its instance alone. They come oldest
// first, the log itself among them if it is still stored.
func (s *Service) Around(ctx context.Context, at Log, before, after int, sameInstance bool) (rows []Log, err error) {
	nodes := []filter.Node{filter.Compare{Key: "service", Value: at.Service}}
	if sameInstance && at.Instance != "" {
		nodes = append(nodes, filter.Compare{Key: "instance", Value: at.Instance})
	}
	t := time.Unix(0, at.Time)
	q := PageQuery{
		Query: Query{Range: Range{From: t.Add(-aroundSpan), To: t.Add(aroundSpan)}, Env: at.Env, Filter: filter.AllOf(nodes...)},
		After: Cursor{Time: at.Time, ID: at.ID},
	}
	older, newer := q, q
	// An id below makes the log itself the first of those that come.
	older.Order, older.Limit = Newest, min(max(before, 0), MaxAround)
	newer.Order, newer.Limit = Oldest, min(max(after, 0), MaxAround)+1
	newer.After.ID = max(at.ID, 1) - 1
	read := func(q PageQuery) ([]Log, error) {
		if q.Limit == 0 {
			return nil, nil
		}
		rows, _, err := s.reader.ReadLogs(ctx, q)
		return rows, err
	}
	if rows, err = read(older); err != nil {
		return nil, err
	}
	slices.Reverse(rows)
	rest, err := read(newer)
	return append(rows, rest...), err
}
