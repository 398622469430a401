package explain_test

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight/explain"
	"github.com/yagura-sre/yagura/internal/insight/verdict"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// memory is a source over slices: what the stores answer, counted by hand.
type memory struct {
	spans []telemetry.Span
	logs  []telemetry.Log
	lacks []i18n.Text
	slow  time.Duration // before every answer about usual figures and neighbours
	fail  error
}

func (m *memory) Trace(_ context.Context, id telemetry.TraceID, limit int) (out []telemetry.Span, more bool, err error) {
	for _, s := range m.spans {
		if s.TraceID == id {
			out = append(out, s)
		}
	}
	return out[:min(len(out), limit)], len(out) > limit, nil
}

func (m *memory) Logs(_ context.Context, id telemetry.TraceID, limit int) (out []telemetry.Log, more bool, err error) {
	for _, l := range m.logs {
		if l.TraceID == id {
			out = append(out, l)
		}
	}
	return out[:min(len(out), limit)], len(out) > limit, nil
}

func (m *memory) Lacks() []i18n.Text { return m.lacks }

func (m *memory) wait(ctx context.Context) error {
	if m.fail != nil {
		return m.fail
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(m.slow):
		return nil
	}
}

func usual(durations []int64, errors uint64) verdict.Usual {
	slices.Sort(durations)
	rank := func(p float64) int64 { return durations[int(p*float64(len(durations)-1))] }
	return verdict.Usual{Count: uint64(len(durations)), Errors: errors, P50: rank(0.5), P95: rank(0.95), When: verdict.DayBefore}
}

func (m *memory) Usual(ctx context.Context, q explain.UsualQuery) (verdict.Baseline, error) {
	b := verdict.Baseline{Endpoints: map[verdict.EndpointKey]verdict.Usual{}, Calls: map[verdict.CallKey]verdict.Usual{}}
	if err := m.wait(ctx); err != nil {
		return b, err
	}
	endpoints, calls := map[verdict.EndpointKey][]int64{}, map[verdict.CallKey][]int64{}
	errors := map[verdict.EndpointKey]uint64{}
	for i := range m.spans {
		s := &m.spans[i]
		if s.Service != q.Service || s.Time >= q.At {
			continue
		}
		if s.Endpoint != "" && slices.Contains(q.Endpoints, s.Endpoint) {
			k := verdict.EndpointKey{Service: s.Service, Env: s.Env, Endpoint: s.Endpoint}
			endpoints[k] = append(endpoints[k], s.Duration)
			if s.Status == telemetry.StatusError {
				errors[k]++
			}
		}
		if k := (verdict.CallKey{Service: s.Service, Env: s.Env, Peer: s.Peer.Name, Operation: s.Operation.ID}); s.Endpoint == "" && slices.Contains(q.Calls, k) {
			calls[k] = append(calls[k], s.Duration)
		}
	}
	for k, d := range endpoints {
		b.Endpoints[k] = usual(d, errors[k])
	}
	for k, d := range calls {
		b.Calls[k] = usual(d, 0)
	}
	return b, nil
}

func (m *memory) Similar(ctx context.Context, q explain.SimilarQuery) (*verdict.Similar, error) {
	if err := m.wait(ctx); err != nil {
		return nil, err
	}
	out := &verdict.Similar{Service: q.Service, Endpoint: q.Endpoint, Slow: q.Slow, Than: q.Than, Group: q.Group, Filter: "x"}
	running := map[string]bool{}
	users, versions := map[string]bool{}, map[string]uint64{}
	for i := range m.spans {
		s := &m.spans[i]
		if s.Service != q.Service || s.Endpoint != q.Endpoint || max(s.Time-q.At, q.At-s.Time) > int64(30*time.Minute) {
			continue
		}
		out.Requests++
		running[s.Version] = true
		switch {
		case q.Slow && s.Duration <= q.Than, q.Group != 0 && s.Error.ID != q.Group, !q.Slow && s.Status != telemetry.StatusError:
			continue
		}
		out.Count++
		versions[s.Version]++
		if u, _ := telemetry.Get(s.Attrs, "user.id"); u != "" {
			users[u] = true
		}
	}
	out.Running = uint64(len(running))
	out.Users = uint64(len(users))
	for v, n := range versions {
		out.Versions = append(out.Versions, telemetry.Tally{Value: v, Count: n})
	}
	slices.SortFunc(out.Versions, func(a, b telemetry.Tally) int { return cmp.Compare(b.Count, a.Count) })
	return out, nil
}

func (m *memory) Contrast(ctx context.Context, _ explain.SimilarQuery) ([]telemetry.Difference, verdict.Versus, error) {
	return nil, verdict.Versus{}, m.wait(ctx)
}

func (m *memory) Beside(ctx context.Context, at *telemetry.Span) (out []telemetry.Span, err error) {
	for _, s := range m.spans {
		if s.Peer.Name == at.Peer.Name && s.TraceID != at.TraceID && s.Time < at.Time+at.Duration && s.Time > at.Time-int64(30*time.Second) {
			out = append(out, s)
		}
	}
	return out, m.wait(ctx)
}
