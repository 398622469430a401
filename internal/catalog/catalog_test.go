package catalog

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/people"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"pgregory.net/rapid"
)

func TestRank(t *testing.T) {
	stats := []telemetry.ServiceFigures{
		{Service: "quiet", Logs: 5},
		{Service: "worker", Spans: 90, Logs: 9, ErrorLogs: 3},
		{Service: "nightly", RED: telemetry.RED{Count: 1, P95: 3600e9}},
		{Service: "slow", RED: telemetry.RED{Count: 100_000, P95: 0.9e9}},
		{Service: "quick", RED: telemetry.RED{Count: 100_000, P95: 0.01e9}},
		{Service: "lone", RED: telemetry.RED{Count: 1, Errors: 1, P95: 1e9}},
		{Service: "outage", RED: telemetry.RED{Count: 5000, Errors: 400, P95: 1e9}},
		{Service: "batch", Env: "prod"},
		{Service: "batch", Env: "dev"},
		{Service: "nan", RED: telemetry.RED{P95: math.NaN()}},
	}
	want := "outage lone slow nightly quick worker quiet batch/dev batch/prod nan"
	for range 20 {
		Rank(stats)
		if got := names(stats); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		slices.Reverse(stats)
	}
}

func names(stats []telemetry.ServiceFigures) string {
	var out []string
	for _, s := range stats {
		name := s.Service
		if s.Env != "" {
			name += "/" + s.Env
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

// The order does not depend on the order before, whatever the numbers are.
func TestRankIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stats := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) telemetry.ServiceFigures {
			return telemetry.ServiceFigures{
				Service: rapid.StringMatching(`[a-c]`).Draw(t, "service"), Env: rapid.StringMatching(`[x-y]`).Draw(t, "env"),
				RED: telemetry.RED{
					Count: rapid.Uint64Range(0, 3).Draw(t, "requests"), Errors: rapid.Uint64Range(0, 2).Draw(t, "errors"),
					P95: rapid.SampledFrom([]float64{0, 1, 2, math.NaN(), math.Inf(1)}).Draw(t, "p95"),
				},
				ErrorLogs: rapid.Uint64Range(0, 1).Draw(t, "error logs"), Logs: rapid.Uint64Range(0, 2).Draw(t, "logs"),
			}
		}), 0, 12).Draw(t, "stats")
		shuffled := rapid.Permutation(stats).Draw(t, "shuffled")
		Rank(stats)
		Rank(shuffled)
		if names(stats) != names(shuffled) {
			t.Fatalf("%s and %s", names(stats), names(shuffled))
		}
		if !slices.IsSortedFunc(stats, func(a, b telemetry.ServiceFigures) int { return int(b.Errors) - int(a.Errors) }) {
			t.Fatalf("not by failed requests: %+v", stats)
		}
	})
}

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// reader answers with what it was given, and remembers what it was asked.
type reader struct {
	mu                      sync.Mutex
	asked                   []telemetry.DerivedQuery // of requests
	telemetry.DerivedReader                          // what is not set here is not asked
	stats                   []telemetry.ServiceFigures
	edges                   []telemetry.Edge
	red                     telemetry.RED
	calls                   telemetry.CallQuery
	r                       telemetry.Range
	q                       telemetry.DerivedQuery
}

func (r *reader) derived(q telemetry.DerivedQuery) telemetry.Derived {
	return telemetry.Derived{Range: q.Range, Step: time.Minute}
}

func (r *reader) ServiceFigures(_ context.Context, q telemetry.DerivedQuery) ([]telemetry.ServiceFigures, telemetry.Derived, error) {
	r.q = q
	return slices.Clone(r.stats), r.derived(q), nil
}

func (r *reader) Requests(_ context.Context, q telemetry.DerivedQuery) (telemetry.RED, *telemetry.RED, telemetry.Trend, telemetry.Derived, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, q)
	return r.red, nil, telemetry.Trend{Count: []uint64{uint64(q.To.Unix())}}, r.derived(q), nil
}

type ownerOf struct{ Owner }

func (o ownerOf) Of(_ context.Context, service string) (Owner, error) {
	o.Service = service
	return o.Owner, nil
}

// The page of a service says whose it is, and how it went in the range compared with, only
// where that is asked for.
func TestPageTellsOwnerAndThen(t *testing.T) {
	r := &reader{red: telemetry.RED{Count: 1}}
	q := telemetry.DerivedQuery{Range: telemetry.Range{From: now.Add(-time.Hour), To: now}, Service: "cart", Compare: 24 * time.Hour}
	o := Owner{Team: people.Team{ID: "t1", Slug: "shop", Name: "Shop"}}
	s := NewService(r, clock.NewFake(now)).WithOwners(ownerOf{o})
	ctx := authz.With(t.Context(), authz.Principal{Kind: authz.KindUser, Role: authz.Viewer})
	for _, then := range []bool{false, true} {
		r.asked = nil
		p, err := s.Page(ctx, q, then)
		if err != nil || p.Owner.Service != "cart" || p.Owner.Team.ID != "t1" || (p.Then != nil) != then {
			t.Fatalf("%v: %+v, %v", then, p, err)
		}
		if !then {
			continue
		}
		want := now.Add(-24 * time.Hour)
		if len(r.asked) != 2 || p.Then.Count[0] != uint64(want.Unix()) || p.Trend.Count[0] != uint64(now.Unix()) {
			t.Errorf("asked %+v, then %+v", r.asked, p.Then)
		}
	}
	q.Compare = 0
	if p, err := s.Page(ctx, q, true); err != nil || p.Then != nil {
		t.Errorf("compared with nothing: %+v, %v", p.Then, err)
	}
}

func (r *reader) Endpoints(_ context.Context, q telemetry.DerivedQuery) ([]telemetry.EndpointFigures, telemetry.Derived, error) {
	return []telemetry.EndpointFigures{{Service: q.Service, Endpoint: "GET /cart/{id}", Kind: telemetry.KindServer}}, r.derived(q), nil
}

func (r *reader) Versions(_ context.Context, q telemetry.DerivedQuery) ([]telemetry.VersionFigures, telemetry.Derived, error) {
	return nil, r.derived(q), nil
}

func (r *reader) Codes(_ context.Context, q telemetry.DerivedQuery) ([]telemetry.CodeFigures, telemetry.Derived, error) {
	return []telemetry.CodeFigures{{Code: "200", Count: 3, Trend: telemetry.Counts{1, 2}}}, r.derived(q), nil
}

func (r *reader) Heatmap(_ context.Context, q telemetry.DerivedQuery, _ int) (telemetry.Heatmap, error) {
	return telemetry.Heatmap{Bounds: []float64{0, 1e6}, Cells: [][]uint64{{3}}, Errors: [][]uint64{{1}}}, nil
}

func (r *reader) Edges(_ context.Context, q telemetry.EdgeQuery) ([]telemetry.Edge, telemetry.Derived, error) {
	var out []telemetry.Edge
	for _, e := range r.edges {
		if q.Service == "" || q.Inbound && e.To == q.Service || !q.Inbound && e.Service == q.Service {
			out = append(out, e)
		}
	}
	return out, r.derived(q.DerivedQuery), nil
}

func (r *reader) Callers(_ context.Context, q telemetry.DerivedQuery) ([]telemetry.CallerFigures, telemetry.Derived, error) {
	return nil, r.derived(q), nil
}

func (r *reader) Calls(_ context.Context, q telemetry.CallQuery) ([]telemetry.Call, telemetry.Derived, error) {
	r.calls = q
	return []telemetry.Call{{Peer: telemetry.Peer{Kind: telemetry.PeerDB, Name: "sqlite shop"}, Shape: telemetry.Shape{ID: 7, Text: "SELECT ?"}}}, r.derived(q.DerivedQuery), nil
}

func (r *reader) Levels(_ context.Context, q telemetry.DerivedQuery) ([]telemetry.LevelFigures, telemetry.Derived, error) {
	return nil, r.derived(q), nil
}

func (r *reader) Instances(_ context.Context, q telemetry.DerivedQuery) ([]telemetry.InstanceFigures, telemetry.Derived, error) {
	return nil, r.derived(q), nil
}

func (r *reader) Environments(_ context.Context, rng telemetry.Range) ([]string, error) {
	r.r = rng
	return []string{"", "dev", "prod"}, nil
}

func get(t *testing.T, r *reader, path string, want int, body any) string {
	t.Helper()
	a := api.New(api.Options{NoAuth: true})
	Register(a, NewService(r, clock.NewFake(now)))
	req := httptest.NewRequest("GET", api.Base+path, nil)
	req.Host = "localhost"
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, req)
	if w.Code != want {
		t.Fatalf("%s: %d: %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), body); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(w.Body.String())
}

func TestServices(t *testing.T) {
	r := &reader{stats: []telemetry.ServiceFigures{
		{Service: "b", LastSeen: now.UnixNano(), RED: telemetry.RED{P50: math.NaN()}},
		{
			Service: "a", Env: "prod", RED: telemetry.RED{Count: 10, Errors: 1, P50: 1.4, P95: 2.5, P99: math.Inf(1), Total: 20}, Spans: 30, Logs: 5, ErrorLogs: 2,
			Before: &telemetry.RED{Count: 8}, LastSeen: now.UnixNano() - 1, Versions: []string{"2", "1"}, Instances: 2,
			Trend: telemetry.Trend{Count: []uint64{4, 6}, Errors: []uint64{0, 1}, P50: []float64{1, 0}, P95: []float64{1.5, 0}, P99: []float64{2, 0}},
		},
	}}
	var body ServicesView
	got := get(t, r, "/services?from=-2m&env=prod&steps=2&compare=week", http.StatusOK, &body)
	want := `{"from":"2026-11-22T08:58:00Z","to":"2026-11-22T09:00:00Z","step_ns":60000000000,"more":false,"items":[` +
		`{"service":"a","env":"prod","requests":{"count":10,"errors":1,"p50_ns":1,"p95_ns":3,"p99_ns":4611686018427387904,"total_ns":20},` +
		`"before":{"count":8,"errors":0,"p50_ns":0,"p95_ns":0,"p99_ns":0,"total_ns":0},` +
		`"trend":{"count":[4,6],"errors":[0,1],"p50_ns":[1,0],"p95_ns":[2,0],"p99_ns":[2,0]},"spans":30,"logs":5,"error_logs":2,` +
		`"last_seen":"2026-11-22T08:59:59.999999999Z","versions":["2","1"],"instances":2},` +
		`{"service":"b","env":"","requests":{"count":0,"errors":0,"p50_ns":0,"p95_ns":0,"p99_ns":0,"total_ns":0},` +
		`"trend":{"count":[],"errors":[],"p50_ns":[],"p95_ns":[],"p99_ns":[]},"spans":0,"logs":0,"error_logs":0,` +
		`"last_seen":"2026-11-22T09:00:00Z","versions":[],"instances":0}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.q.Env != "prod" || r.q.Steps != 2 || r.q.Compare != 7*24*time.Hour || !r.q.From.Equal(now.Add(-2*time.Minute)) || !r.q.To.Equal(now) {
		t.Errorf("asked for %+v", r.q)
	}
	get(t, r, "/services", http.StatusOK, &body)
	if r.q.Env != "" || r.q.Steps != 60 || r.q.Compare != 0 || !r.q.From.Equal(now.Add(-time.Hour)) {
		t.Errorf("asked by default for %+v", r.q)
	}
	var p api.Problem
	for _, path := range []string{
		"/services?from=now", "/services?steps=501", "/services?steps=0", "/services?compare=year", "/services?from=-900d", "/environments?from=now&to=-1h",
		"/services/a/endpoint", "/calls?kinds=disk", "/calls?shape=7",
	} {
		if get(t, r, path, http.StatusUnprocessableEntity, &p); p.Code != "invalid" {
			t.Errorf("%s: %+v", path, p)
		}
	}
}

func TestPages(t *testing.T) {
	r := &reader{red: telemetry.RED{Count: 5}, edges: []telemetry.Edge{{Service: "web", To: "cart"}, {Service: "cart", Peer: telemetry.Peer{Kind: telemetry.PeerDB, Name: "sqlite shop"}}}}
	var page ServicePageView
	get(t, r, "/services/cart", http.StatusOK, &page)
	if page.Requests.Count != 5 || len(page.Out) != 1 || len(page.In) != 1 || page.In[0].Service != "web" || page.Out[0].Peer.Name != "sqlite shop" ||
		len(page.Endpoints) != 1 || page.Endpoints[0].Kind != "server" || len(page.Calls) != 1 || page.Instances == nil || page.Levels == nil {
		t.Errorf("%+v", page)
	}
	var endpoint EndpointPageView
	get(t, r, "/services/cart/endpoint?endpoint=GET%20/cart/{id}", http.StatusOK, &endpoint)
	if endpoint.Endpoint != "GET /cart/{id}" || len(endpoint.Heatmap.Cells) != 1 || endpoint.Codes[0].Trend[1] != 2 || endpoint.Callers == nil {
		t.Errorf("%+v", endpoint)
	}
	var m MapView
	get(t, r, "/map", http.StatusOK, &m)
	if len(m.Edges) != 2 {
		t.Errorf("%+v", m)
	}
	get(t, r, "/map?service=cart", http.StatusOK, &m)
	if len(m.Edges) != 2 {
		t.Errorf("both directions: %+v", m)
	}
	var calls CallsView
	get(t, r, "/calls?kinds=db&kinds=cache&by_caller=true&shape=0000000000000007&peer=x&limit=3", http.StatusOK, &calls)
	if q := r.calls; !slices.Equal(q.Kinds, []telemetry.PeerKind{"db", "cache"}) || !q.ByCaller || q.Shape != 7 || q.Peer != "x" || q.Limit != 3 || calls.Items[0].Shape != "0000000000000007" {
		t.Errorf("%+v %+v", q, calls)
	}

	var p api.Problem
	r.red = telemetry.RED{}
	get(t, r, "/services/cart/endpoint?endpoint=x", http.StatusNotFound, &p)
}

func TestEnvironments(t *testing.T) {
	r := &reader{}
	var body api.List[string]
	if get(t, r, "/environments?from=-7d", http.StatusOK, &body); !slices.Equal(body.Items, []string{"", "dev", "prod"}) {
		t.Errorf("%+v", body)
	}
	if !r.r.From.Equal(now.Add(-7 * 24 * time.Hour)) {
		t.Errorf("from %s", r.r.From)
	}
}
