package promremote

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/jsonutil"

	jsoniter "github.com/json-iterator/go"
)

// server is the other side: Prometheus' database, engine and receiver of remote write,
// behind as much of its query API as is asked for here.
type server struct {
	*httptest.Server
	db     *tsdb.DB
	engine *promql.Engine
	before func(w http.ResponseWriter, r *http.Request) bool // answers instead, if it says so

	mu       sync.Mutex
	writes   []string // the versions of the writes that came
	families map[string]metadata.Metadata
}

func serve(t *testing.T, accept ...remoteapi.WriteMessageType) *server {
	t.Helper()
	o := tsdb.DefaultOptions()
	o.OutOfOrderTimeWindow = (70 * time.Minute).Milliseconds()
	o.EnableExemplarStorage, o.MaxExemplars = true, 100
	o.StripeSize = 1 << 10
	db, err := tsdb.Open(t.TempDir(), slog.New(slog.DiscardHandler), nil, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{db: db, families: map[string]metadata.Metadata{}, engine: promql.NewEngine(promql.EngineOpts{
		MaxSamples: 10_000, Timeout: 10 * time.Second, EnableAtModifier: true, EnableNegativeOffset: true,
		Parser: parser.NewParser(parser.Options{}),
	})}
	write := remote.NewWriteHandler(slog.New(slog.DiscardHandler), prometheus.NewRegistry(), s, accept, false, false, true)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /prom/api/v1/write", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.writes = append(s.writes, r.Header.Get("X-Prometheus-Remote-Write-Version"))
		s.mu.Unlock()
		write.ServeHTTP(w, r)
	})
	mux.HandleFunc("/prom/api/v1/query", s.query)
	mux.HandleFunc("/prom/api/v1/query_range", s.query)
	mux.HandleFunc("/prom/api/v1/labels", s.lists)
	mux.HandleFunc("/prom/api/v1/label/{name}/values", s.lists)
	mux.HandleFunc("/prom/api/v1/series", s.series)
	mux.HandleFunc("/prom/api/v1/query_exemplars", s.exemplars)
	mux.HandleFunc("/prom/api/v1/metadata", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		out := map[string][]map[string]string{}
		for k, m := range s.families {
			out[k] = []map[string]string{{"type": string(m.Type), "unit": m.Unit, "help": m.Help}}
		}
		good(w, out)
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.before == nil || !s.before(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		s.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Appender is the database's, and remembers descriptions.
func (s *server) Appender(ctx context.Context) storage.Appender {
	return &remembering{s.db.Appender(ctx), s}
}

type remembering struct {
	storage.Appender
	s *server
}

func (r *remembering) UpdateMetadata(ref storage.SeriesRef, ls labels.Labels, m metadata.Metadata) (storage.SeriesRef, error) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	name := ls.Get(model.MetricNameLabel)
	if m.Type == model.MetricTypeHistogram {
		name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
	}
	r.s.families[name] = m
	return ref, nil
}

func at(s string) time.Time {
	f, _ := strconv.ParseFloat(s, 64)
	return time.UnixMilli(int64(f*1000 + 0.5))
}

func good(w http.ResponseWriter, data any) {
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": data})
}

func bad(w http.ResponseWriter, status int, kind string, err error) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "error", "errorType": kind, "error": err.Error()})
}

func (s *server) query(w http.ResponseWriter, r *http.Request) {
	var q promql.Query
	var err error
	if strings.HasSuffix(r.URL.Path, "range") {
		step, _ := strconv.ParseFloat(r.FormValue("step"), 64)
		q, err = s.engine.NewRangeQuery(r.Context(), s.db, nil, r.FormValue("query"), at(r.FormValue("start")), at(r.FormValue("end")), time.Duration(step*1e9))
	} else {
		q, err = s.engine.NewInstantQuery(r.Context(), s.db, nil, r.FormValue("query"), at(r.FormValue("time")))
	}
	if err != nil {
		bad(w, 400, "bad_data", err)
		return
	}
	defer q.Close()
	res := q.Exec(r.Context())
	if res.Err != nil {
		bad(w, 422, "execution", res.Err)
		return
	}
	st := jsoniter.ConfigFastest.BorrowStream(nil)
	defer jsoniter.ConfigFastest.ReturnStream(st)
	pair := func(ms int64, value func()) {
		st.WriteArrayStart()
		jsonutil.MarshalTimestamp(ms, st)
		st.WriteMore()
		value()
		st.WriteArrayEnd()
	}
	list := func(n int, one func(i int)) {
		st.WriteArrayStart()
		for i := range n {
			if i > 0 {
				st.WriteMore()
			}
			one(i)
		}
		st.WriteArrayEnd()
	}
	switch v := res.Value.(type) {
	case promql.Scalar:
		pair(v.T, func() { jsonutil.MarshalFloat(v.V, st) })
	case promql.Vector:
		list(len(v), func(i int) {
			st.WriteObjectStart()
			st.WriteObjectField("metric")
			st.WriteVal(v[i].Metric.Map())
			st.WriteMore()
			if v[i].H != nil {
				st.WriteObjectField("histogram")
				pair(v[i].T, func() { jsonutil.MarshalHistogram(v[i].H, st) })
			} else {
				st.WriteObjectField("value")
				pair(v[i].T, func() { jsonutil.MarshalFloat(v[i].F, st) })
			}
			st.WriteObjectEnd()
		})
	case promql.Matrix:
		list(len(v), func(i int) {
			st.WriteObjectStart()
			st.WriteObjectField("metric")
			st.WriteVal(v[i].Metric.Map())
			st.WriteMore()
			st.WriteObjectField("values")
			list(len(v[i].Floats), func(j int) {
				pair(v[i].Floats[j].T, func() { jsonutil.MarshalFloat(v[i].Floats[j].F, st) })
			})
			st.WriteMore()
			st.WriteObjectField("histograms")
			list(len(v[i].Histograms), func(j int) {
				pair(v[i].Histograms[j].T, func() { jsonutil.MarshalHistogram(v[i].Histograms[j].H, st) })
			})
			st.WriteObjectEnd()
		})
	}
	good(w, map[string]any{"resultType": res.Value.Type(), "result": json.RawMessage(st.Buffer())})
}

func matchers(r *http.Request) [][]*labels.Matcher {
	_ = r.ParseForm()
	out := [][]*labels.Matcher{}
	for _, s := range r.Form["match[]"] {
		ms, err := parser.NewParser(parser.Options{}).ParseMetricSelector(s)
		if err == nil {
			out = append(out, ms)
		}
	}
	return out
}

func (s *server) querier(r *http.Request) storage.Querier {
	q, err := s.db.Querier(at(r.FormValue("start")).UnixMilli(), at(r.FormValue("end")).UnixMilli())
	if err != nil {
		panic(err)
	}
	return q
}

func (s *server) lists(w http.ResponseWriter, r *http.Request) {
	q := s.querier(r)
	defer q.Close()
	sets := matchers(r)
	if len(sets) == 0 {
		sets = append(sets, nil)
	}
	out := []string{}
	for _, ms := range sets {
		var got []string
		if name := r.PathValue("name"); name != "" {
			got, _, _ = q.LabelValues(r.Context(), model.UnescapeName(name, model.ValueEncodingEscaping), nil, ms...)
		} else {
			got, _, _ = q.LabelNames(r.Context(), nil, ms...)
		}
		out = append(out, got...)
	}
	good(w, out)
}

func (s *server) series(w http.ResponseWriter, r *http.Request) {
	q := s.querier(r)
	defer q.Close()
	var sets []storage.SeriesSet
	for _, ms := range matchers(r) {
		sets = append(sets, q.Select(r.Context(), true, nil, ms...))
	}
	limit, _ := strconv.Atoi(r.FormValue("limit"))
	out := []map[string]string{}
	for set := storage.NewMergeSeriesSet(sets, 0, storage.ChainedSeriesMerge); set.Next() && len(out) < limit; {
		out = append(out, set.At().Labels().Map())
	}
	good(w, out)
}

func (s *server) exemplars(w http.ResponseWriter, r *http.Request) {
	e, err := parser.NewParser(parser.Options{}).ParseExpr(r.FormValue("query"))
	if err != nil {
		bad(w, 400, "bad_data", err)
		return
	}
	q, err := s.db.ExemplarQuerier(r.Context())
	if err != nil {
		bad(w, 500, "internal", err)
		return
	}
	found, err := q.Select(at(r.FormValue("start")).UnixMilli(), at(r.FormValue("end")).UnixMilli(), parser.ExtractSelectors(e)...)
	if err != nil {
		bad(w, 500, "internal", err)
		return
	}
	out := []map[string]any{}
	for _, f := range found {
		var xs []map[string]any
		for _, x := range f.Exemplars {
			xs = append(xs, map[string]any{"labels": x.Labels.Map(), "value": strconv.FormatFloat(x.Value, 'f', -1, 64), "timestamp": float64(x.Ts) / 1000})
		}
		out = append(out, map[string]any{"seriesLabels": f.SeriesLabels.Map(), "exemplars": xs})
	}
	good(w, out)
}
