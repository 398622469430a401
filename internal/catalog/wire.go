package catalog

import (
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// RedView is rate, errors and duration of requests or calls.
type RedView struct {
	Count   uint64 `json:"count"`
	Errors  uint64 `json:"errors" doc:"Of count, those with error status."`
	P50NS   int64  `json:"p50_ns" doc:"Percentiles of the durations, within 2 %; 0 without any."`
	P95NS   int64  `json:"p95_ns"`
	P99NS   int64  `json:"p99_ns"`
	TotalNS int64  `json:"total_ns" doc:"Sum of the durations."`
}

// TrendView is a RedView over time: point i is of [from + i·step, + step).
type TrendView struct {
	Count  []uint64 `json:"count"`
	Errors []uint64 `json:"errors"`
	P50NS  []int64  `json:"p50_ns" doc:"0 where there was none."`
	P95NS  []int64  `json:"p95_ns"`
	P99NS  []int64  `json:"p99_ns"`
}

// ServiceView is a service in an environment, over the range.
type ServiceView struct {
	Service   string    `json:"service"`
	Env       string    `json:"env"`
	Requests  RedView   `json:"requests" doc:"Its server and consumer spans."`
	Before    *RedView  `json:"before,omitempty" doc:"The same in the range compared with."`
	Trend     TrendView `json:"trend"`
	Spans     uint64    `json:"spans" doc:"Of every kind."`
	Logs      uint64    `json:"logs"`
	ErrorLogs uint64    `json:"error_logs"`
	LastSeen  time.Time `json:"last_seen"`
	Versions  []string  `json:"versions" doc:"Seen in the range, newest first, at most 5."`
	Instances uint64    `json:"instances"`
	Own       bool      `json:"own,omitempty" doc:"It is Yagura itself."`
}

// EndpointView is an endpoint of a service.
type EndpointView struct {
	Service  string    `json:"service"`
	Env      string    `json:"env"`
	Endpoint string    `json:"endpoint" doc:"(other) stands for all beyond what is kept apart."`
	Kind     string    `json:"kind" enum:"server,consumer"`
	Requests RedView   `json:"requests"`
	Before   *RedView  `json:"before,omitempty"`
	Trend    TrendView `json:"trend"`
	LastSeen time.Time `json:"last_seen"`
}

// VersionView is a version of a service.
type VersionView struct {
	Service  string    `json:"service"`
	Env      string    `json:"env"`
	Version  string    `json:"version"`
	Requests RedView   `json:"requests"`
	Trend    TrendView `json:"trend"`
	Spans    uint64    `json:"spans"`
	Logs     uint64    `json:"logs"`
	First    time.Time `json:"first" doc:"Seen within the range."`
	Last     time.Time `json:"last"`
}

// CodeView counts requests by their outcome.
type CodeView struct {
	Code   string   `json:"code" doc:"HTTP or gRPC status; empty where the spans name none."`
	Count  uint64   `json:"count"`
	Errors uint64   `json:"errors"`
	Trend  []uint64 `json:"trend"`
}

// HeatmapView counts requests by time and duration.
type HeatmapView struct {
	Bounds []int64    `json:"bounds" doc:"Durations in ns; row i is [bounds[i], bounds[i+1])."`
	Cells  [][]uint64 `json:"cells" doc:"By step, then by row."`
	Errors [][]uint64 `json:"errors"`
}

// PeerView is the far end of a call.
type PeerView struct {
	Kind string `json:"kind" enum:"service,http,rpc,db,cache,queue"`
	Name string `json:"name"`
}

// ShareView is a part of a sample of calls.
type ShareView struct {
	Service string  `json:"service"`
	Env     string  `json:"env"`
	Part    float64 `json:"part" doc:"0 to 1."`
}

// EdgeView is what one service does with one peer.
type EdgeView struct {
	Service  string      `json:"service" doc:"The caller; of a queue's consumer, the consumer."`
	Env      string      `json:"env"`
	Peer     PeerView    `json:"peer" doc:"What the callers know of the far end."`
	Consumes bool        `json:"consumes" doc:"The edge leads from the queue to the service."`
	To       string      `json:"to" doc:"The service that answers at the peer, found in traces; empty where no instrumented one does."`
	ToEnv    string      `json:"to_env"`
	Behind   []ShareView `json:"behind" doc:"The services found behind a peer that is none of them alone."`
	Calls    RedView     `json:"calls" doc:"As the caller saw them."`
	Before   *RedView    `json:"before,omitempty"`
	Trend    TrendView   `json:"trend"`
}

// CallView is what services do at one peer, by operation.
type CallView struct {
	Peer     PeerView  `json:"peer"`
	Shape    string    `json:"shape" doc:"ID of the operation's shape; spans have it as shape."`
	Text     string    `json:"text" doc:"A statement without its values, a method, a route."`
	Callers  []string  `json:"callers" doc:"Services, the one that spends most first, at most 5."`
	Services uint64    `json:"services" doc:"How many call."`
	Calls    RedView   `json:"calls"`
	Before   *RedView  `json:"before,omitempty"`
	Trend    TrendView `json:"trend"`
}

// CallerView is who calls, from sampled traces.
type CallerView struct {
	Service  string  `json:"service"`
	Env      string  `json:"env"`
	Endpoint string  `json:"endpoint" doc:"Of the callee."`
	Part     float64 `json:"part" doc:"0 to 1."`
	Sampled  uint64  `json:"sampled" doc:"Calls that the part was counted over."`
}

// LevelView counts logs of a level.
type LevelView struct {
	Level  string   `json:"level" doc:"trace, debug, info, warn, error, fatal, or empty."`
	Count  uint64   `json:"count"`
	Before *uint64  `json:"before,omitempty"`
	Trend  []uint64 `json:"trend"`
}

// InstanceView is one instance of a service.
type InstanceView struct {
	Service   string            `json:"service"`
	Env       string            `json:"env"`
	Version   string            `json:"version"`
	Instance  string            `json:"instance"`
	Host      string            `json:"host"`
	Spans     uint64            `json:"spans"`
	Logs      uint64            `json:"logs"`
	ErrorLogs uint64            `json:"error_logs"`
	First     time.Time         `json:"first" doc:"Seen within the range."`
	Last      time.Time         `json:"last"`
	Resource  map[string]string `json:"resource" doc:"As it was last sent."`
}

// NewRedView, NewTrendView, NewVersionViews and NewInstanceViews are for rooms that show
// the same figures.
func NewRedView(r telemetry.RED) RedView { return red(r) }

// NewTrendView is a trend on the wire.
func NewTrendView(t telemetry.Trend) TrendView { return trend(t) }

// NewVersionViews are versions on the wire.
func NewVersionViews(rows []telemetry.VersionFigures) []VersionView { return each(rows, versionView) }

// NewInstanceViews are instances on the wire.
func NewInstanceViews(rows []telemetry.InstanceFigures) []InstanceView {
	return each(rows, instanceView)
}

func red(r telemetry.RED) RedView {
	return RedView{Count: r.Count, Errors: r.Errors, P50NS: whole(r.P50), P95NS: whole(r.P95), P99NS: whole(r.P99), TotalNS: int64(min(r.Total, 1<<63-1))}
}

func redBefore(r *telemetry.RED) *RedView {
	if r == nil {
		return nil
	}
	v := red(*r)
	return &v
}

func trend(t telemetry.Trend) TrendView {
	return TrendView{Count: filled(t.Count), Errors: filled(t.Errors), P50NS: wholes(t.P50), P95NS: wholes(t.P95), P99NS: wholes(t.P99)}
}

func wholes(ns []float64) []int64 {
	out := make([]int64, len(ns))
	for i, n := range ns {
		out[i] = whole(n)
	}
	return out
}

func each[T, V any](rows []T, f func(*T) V) []V {
	out := make([]V, len(rows))
	for i := range rows {
		out[i] = f(&rows[i])
	}
	return out
}

func serviceView(s *telemetry.ServiceFigures) ServiceView {
	return ServiceView{
		Service: s.Service, Env: s.Env, Requests: red(s.RED), Before: redBefore(s.Before), Trend: trend(s.Trend),
		Spans: s.Spans, Logs: s.Logs, ErrorLogs: s.ErrorLogs, LastSeen: telemetry.UTC(s.LastSeen),
		Versions: filled(s.Versions), Instances: s.Instances, Own: own(*s) == 1,
	}
}

func endpointView(e *telemetry.EndpointFigures) EndpointView {
	return EndpointView{
		Service: e.Service, Env: e.Env, Endpoint: e.Endpoint, Kind: e.Kind.String(), Requests: red(e.RED), Before: redBefore(e.Before),
		Trend: trend(e.Trend), LastSeen: telemetry.UTC(e.LastSeen),
	}
}

func versionView(v *telemetry.VersionFigures) VersionView {
	return VersionView{
		Service: v.Service, Env: v.Env, Version: v.Version, Requests: red(v.RED), Trend: trend(v.Trend),
		Spans: v.Spans, Logs: v.Logs, First: telemetry.UTC(v.First), Last: telemetry.UTC(v.Last),
	}
}

func codeView(c *telemetry.CodeFigures) CodeView {
	return CodeView{Code: c.Code, Count: c.Count, Errors: c.Errors, Trend: filled([]uint64(c.Trend))}
}

func heatmapView(h telemetry.Heatmap) HeatmapView {
	return HeatmapView{Bounds: wholes(h.Bounds), Cells: filled(h.Cells), Errors: filled(h.Errors)}
}

func peerView(p telemetry.Peer) PeerView { return PeerView{Kind: string(p.Kind), Name: p.Name} }

func edgeView(e *telemetry.Edge) EdgeView {
	return EdgeView{
		Service: e.Service, Env: e.Env, Peer: peerView(e.Peer), Consumes: e.Consumes, To: e.To, ToEnv: e.ToEnv,
		Behind: each(e.Behind, func(s *telemetry.Share) ShareView { return ShareView{s.Name, s.Env, s.Part} }),
		Calls:  red(e.RED), Before: redBefore(e.Before), Trend: trend(e.Trend),
	}
}

func callView(c *telemetry.Call) CallView {
	return CallView{
		Peer: peerView(c.Peer), Shape: c.Shape.ID.String(), Text: c.Shape.Text, Callers: filled(c.Callers), Services: c.Services,
		Calls: red(c.RED), Before: redBefore(c.Before), Trend: trend(c.Trend),
	}
}

func callerView(c *telemetry.CallerFigures) CallerView {
	return CallerView{Service: c.Service, Env: c.Env, Endpoint: c.Endpoint, Part: c.Part, Sampled: c.Sampled}
}

func levelView(l *telemetry.LevelFigures) LevelView {
	return LevelView{Level: l.Level, Count: l.Count, Before: l.Before, Trend: filled([]uint64(l.Trend))}
}

func instanceView(i *telemetry.InstanceFigures) InstanceView {
	v := InstanceView{
		Service: i.Service, Env: i.Env, Version: i.Version, Instance: i.Instance, Host: i.Host,
		Spans: i.Spans, Logs: i.Logs, ErrorLogs: i.ErrorLogs, First: telemetry.UTC(i.First), Last: telemetry.UTC(i.Last),
		Resource: make(map[string]string, len(i.Resource)),
	}
	for _, a := range i.Resource {
		v.Resource[a.Key] = a.Value
	}
	return v
}
