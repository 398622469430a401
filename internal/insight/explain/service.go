package explain

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/insight/verdict"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Records tells what Yagura knows of services beside their telemetry, wherever that lives.
type Records interface {
	// Changes are what happened between two times, newest first.
	Changes(ctx context.Context, env string, from, to time.Time) ([]verdict.Change, error)
	// Owners says whose the services are, by name.
	Owners(ctx context.Context) (map[string]verdict.Owner, error)
}

// Budget is within what time an answer is given.
const Budget = 4500 * time.Millisecond

const (
	maxServices = 8 // of which the usual is asked for, those with most of the time
	before      = 6 * time.Hour
)

// Options are what the service stands on.
type Options struct {
	Source  Source
	Records Records // nil: none
	Clock   clock.Clock
	Budget  time.Duration // 0: Budget
}

// Service explains requests.
type Service struct{ o Options }

// New makes the service.
func New(o Options) *Service {
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Budget == 0 {
		o.Budget = Budget
	}
	return &Service{o}
}

// gathering is an answer in the making.
type gathering struct {
	s     *Service
	start time.Time
	mu    sync.Mutex
	facts verdict.Facts
}

// left is what remains of the budget; n parts of it in so many.
func (g *gathering) left(n, of time.Duration) time.Duration {
	return max((g.s.o.Budget-clock.Since(g.s.o.Clock, g.start))*n/of, 50*time.Millisecond)
}

// read does a part that may be missing: it has the time given, and when that is over or it
// fails, what is said to be unread.
func (g *gathering) read(ctx context.Context, what i18n.Text, limit time.Duration, f func(ctx context.Context) (keep func(), err error)) func() {
	return func() {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		keep, err := f(ctx)
		g.mu.Lock()
		defer g.mu.Unlock()
		if err != nil {
			if code := fault.Of(err).Code; code != fault.Forbidden && code != fault.NotFound {
				g.facts.Unread = append(g.facts.Unread, what)
			}
			return
		}
		if keep != nil {
			keep()
		}
	}
}

// all runs the parts side by side and waits for them.
func all(parts ...func()) {
	var wg sync.WaitGroup
	for _, p := range parts {
		wg.Go(p)
	}
	wg.Wait()
}

// together runs questions side by side; the first error is that of all.
func together(ctx context.Context, parts ...func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i, p := range parts {
		wg.Go(func() {
			if errs[i] = p(ctx); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return errors.Join(errs...)
}

var (
	unreadLogs     = i18n.T("the logs of the trace", "トレースのログ")
	unreadUsual    = i18n.T("what is usual of some of its operations", "一部の処理の通常の所要時間")
	unreadSimilar  = i18n.T("similar requests", "類似のリクエスト")
	unreadContrast = i18n.T("what sets such requests apart", "該当するリクエストに共通する属性")
	unreadChanges  = i18n.T("releases and incidents nearby", "前後のリリースとインシデント")
	unreadOwners   = i18n.T("whose the services are", "サービスの担当チーム")
	unreadBeside   = i18n.T("other work on the same database", "同じデータベースでの他の処理")
)

// Explain explains the request that a text names; see insight.FindTraceID.
func (s *Service) Explain(ctx context.Context, ref string) (verdict.Verdict, error) {
	id, err := insight.ParseRef(ref)
	if err != nil {
		return verdict.Verdict{}, err
	}
	g := &gathering{s: s, start: s.o.Clock.Now()}
	if err := g.trace(ctx, id); err != nil {
		return verdict.Verdict{}, err
	}
	g.history(ctx)
	g.detect()
	first := verdict.Explain(g.facts)
	g.neighbours(ctx, &first)
	slices.SortFunc(g.facts.Unread, func(a, b i18n.Text) int { return cmp.Compare(a.En, b.En) })
	g.facts.Unread = slices.Compact(append(s.o.Source.Lacks(), g.facts.Unread...))
	return verdict.Explain(g.facts), nil
}

// trace reads what there must be, and the logs.
func (g *gathering) trace(ctx context.Context, id telemetry.TraceID) error {
	var spans []telemetry.Span
	var failed error
	limit := g.left(2, 3)
	all(
		func() {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			spans, g.facts.More, failed = g.s.o.Source.Trace(ctx, id, insight.MaxSpans)
		},
		g.read(ctx, unreadLogs, limit, func(ctx context.Context) (func(), error) {
			logs, more, err := g.s.o.Source.Logs(ctx, id, insight.MaxLogs)
			return func() { g.facts.Logs, g.facts.MoreLogs = logs, more }, err
		}),
	)
	if failed != nil {
		if ctx.Err() == nil && errors.Is(failed, context.DeadlineExceeded) {
			return &fault.Error{Code: fault.Timeout, Cause: failed, Text: i18n.T(
				"The trace could not be read in time. Try again; if it persists, see the status page.",
				"時間内にトレースを読み取れませんでした。再度お試しください。続く場合はステータス画面を確認してください。")}
		}
		return failed
	}
	if len(spans) == 0 {
		return insight.NoTrace(id, len(g.facts.Logs))
	}
	g.facts.Tree = insight.Assemble(spans)
	return nil
}

// history reads what was before: the usual, changes, owners.
func (g *gathering) history(ctx context.Context) {
	limit := g.left(1, 2)
	var parts []func()
	g.facts.Usual = verdict.Baseline{Endpoints: map[verdict.EndpointKey]verdict.Usual{}, Calls: map[verdict.CallKey]verdict.Usual{}}
	for _, q := range usualQueries(g.facts.Tree) {
		parts = append(parts, g.read(ctx, unreadUsual, limit, func(ctx context.Context) (func(), error) {
			b, err := g.s.o.Source.Usual(ctx, q)
			return func() {
				maps.Copy(g.facts.Usual.Endpoints, b.Endpoints)
				maps.Copy(g.facts.Usual.Calls, b.Calls)
			}, err
		}))
	}
	if r := g.s.o.Records; r != nil {
		t := g.facts.Tree
		at := time.Unix(0, t.Start).UTC()
		parts = append(parts,
			g.read(ctx, unreadChanges, limit, func(ctx context.Context) (func(), error) {
				changes, err := r.Changes(ctx, t.Nodes[t.Main].Span.Env, at.Add(-before), at.Add(time.Duration(t.Duration)))
				return func() { g.facts.Changes = changes }, err
			}),
			g.read(ctx, unreadOwners, limit, func(ctx context.Context) (func(), error) {
				owners, err := r.Owners(ctx)
				return func() { g.facts.Owners = owners }, err
			}),
		)
	}
	all(parts...)
}

// usualQueries ask for the operations of the services that have most of the time.
func usualQueries(t *insight.Tree) (out []UsualQuery) {
	type key struct{ service, env string }
	at := map[key]*UsualQuery{}
	calls := map[verdict.CallKey]bool{}
	for i := range t.Nodes {
		s := t.Nodes[i].Span
		k := key{s.Service, s.Env}
		q := at[k]
		if q == nil {
			q = &UsualQuery{Service: s.Service, Env: s.Env, At: t.Start}
			at[k] = q
		}
		if s.Endpoint != "" && !slices.Contains(q.Endpoints, s.Endpoint) {
			q.Endpoints = append(q.Endpoints, s.Endpoint)
		}
		c := verdict.CallKey{Service: s.Service, Env: s.Env, Peer: s.Peer.Name, Operation: s.Operation.ID}
		if s.Endpoint == "" && c.Peer != "" && !calls[c] {
			calls[c] = true
			q.Calls = append(q.Calls, c)
		}
	}
	shares := slices.Clone(t.Services)
	slices.SortStableFunc(shares, func(a, b insight.ServiceShare) int { return cmp.Compare(b.Critical, a.Critical) })
	main := t.Nodes[t.Main].Span
	slices.SortStableFunc(shares, func(a, b insight.ServiceShare) int {
		is := func(x insight.ServiceShare) int {
			if x.Service == main.Service && x.Env == main.Env {
				return 0
			}
			return 1
		}
		return cmp.Compare(is(a), is(b))
	})
	for _, s := range shares {
		q := at[key{s.Service, s.Env}]
		if q != nil && len(q.Endpoints)+len(q.Calls) > 0 && len(out) < maxServices {
			out = append(out, *q)
		}
	}
	return out
}

// detect runs the detectors over the trace.
func (g *gathering) detect() { Detect(&g.facts) }

// Detect runs the detectors over a trace with what is known of the usual.
func Detect(f *verdict.Facts) {
	in := detect.Input{Tree: f.Tree, Logs: f.Logs, Usual: func(o detect.Operation) (detect.Baseline, bool) {
		u, ok := f.Usual.Calls[verdict.CallKey{Service: o.Service, Env: o.Env, Peer: o.Peer, Operation: o.Shape}]
		if o.Peer == "" {
			u, ok = f.Usual.Endpoints[verdict.EndpointKey{Service: o.Service, Env: o.Env, Endpoint: o.Endpoint}]
		}
		return detect.Baseline{P50: u.P50, P95: u.P95, Count: int64(u.Count)}, ok && u.Count >= enough
	}}
	f.Findings = detect.Run(in, detect.Options{}).Findings
}

// neighbours reads of the requests that went the same way, now that it is known which.
func (g *gathering) neighbours(ctx context.Context, v *verdict.Verdict) {
	n, ok := g.s.o.Source.(Neighbours)
	if !ok {
		return
	}
	limit := g.left(9, 10)
	var parts []func()
	if q, ok := similarTo(&g.facts, v); ok {
		parts = append(parts,
			g.read(ctx, unreadSimilar, limit, func(ctx context.Context) (func(), error) {
				m, err := n.Similar(ctx, q)
				return func() { g.facts.Similar = m }, err
			}),
			g.read(ctx, unreadContrast, limit, func(ctx context.Context) (func(), error) {
				d, vs, err := n.Contrast(ctx, q)
				return func() { g.facts.Contrast, g.facts.Versus = d, vs }, err
			}),
		)
	}
	if s := v.WaitedFor(&g.facts); s != nil {
		parts = append(parts, g.read(ctx, unreadBeside, limit, func(ctx context.Context) (func(), error) {
			rows, err := n.Beside(ctx, s)
			return func() { g.facts.Others = rows }, err
		}))
	}
	all(parts...)
}

// similarTo says which requests are like this one: those of the endpoint where the error
// was recorded with the same error, else those of its own that failed or were as slow.
func similarTo(f *verdict.Facts, v *verdict.Verdict) (q SimilarQuery, ok bool) {
	m := f.Tree.Nodes[f.Tree.Main].Span
	q = SimilarQuery{Service: m.Service, Env: m.Env, Endpoint: m.Endpoint, At: f.Tree.Start}
	switch v.Outcome {
	case verdict.Error, verdict.Timeout:
		if s := v.CauseSpan(f); s != nil && s.Endpoint != "" && s.Error.ID != 0 {
			q.Service, q.Env, q.Endpoint, q.Group = s.Service, s.Env, s.Endpoint, s.Error.ID
		}
	case verdict.Slow:
		q.Slow, q.Than = true, int64(time.Second)
		if u := f.Usual.Endpoints[verdict.EndpointKey{Service: m.Service, Env: m.Env, Endpoint: m.Endpoint}]; u.Count >= enough {
			q.Than = max(u.P95, 1)
		}
	default:
		return q, false
	}
	return q, q.Endpoint != ""
}
