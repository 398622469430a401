package catalog

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const tag = "services"

// ServiceView is a service in an environment, over the range.
type ServiceView struct {
	Service   string            `json:"service"`
	Env       string            `json:"env"`
	Requests  uint64            `json:"requests" doc:"Server and consumer spans."`
	Errors    uint64            `json:"errors" doc:"Of the requests, those with error status."`
	P50NS     int64             `json:"p50_ns" doc:"Percentiles of the requests' durations, within 1 %; 0 without requests."`
	P95NS     int64             `json:"p95_ns"`
	P99NS     int64             `json:"p99_ns"`
	Spans     uint64            `json:"spans"`
	Logs      uint64            `json:"logs"`
	ErrorLogs uint64            `json:"error_logs"`
	LastSeen  time.Time         `json:"last_seen"`
	Versions  []string          `json:"versions" doc:"Seen in the range, newest first, at most 5."`
	Series    ServiceSeriesView `json:"series"`
}

// ServiceSeriesView is a service over the range, in equal steps from its begin.
type ServiceSeriesView struct {
	StepNS   int64    `json:"step_ns"`
	Requests []uint64 `json:"requests"`
	Errors   []uint64 `json:"errors"`
	P95NS    []int64  `json:"p95_ns" doc:"0 where there was no request."`
}

// Register adds the room's operations.
func Register(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "list-services", Method: http.MethodGet, Path: "/services", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary:     "The services that sent anything",
		Description: "The one that hurts users most first: by failed requests, then by how long its slow requests kept people waiting.",
	}, func(ctx context.Context, in *struct {
		api.RangeParams
		Env   string `query:"env" maxLength:"256" doc:"Only this environment; empty for all."`
		Steps int    `query:"steps" default:"30" minimum:"1" maximum:"200" doc:"Points of each series."`
	}) (*api.Out[api.List[ServiceView]], error) {
		from, to, err := in.Range(s.clock)
		if err != nil {
			return nil, err
		}
		stats, err := s.Services(ctx, telemetry.Range{From: from, To: to}, in.Env, in.Steps)
		if err != nil {
			return nil, err
		}
		items := make([]ServiceView, len(stats))
		for i := range stats {
			items[i] = view(&stats[i])
		}
		return api.OK(api.ListOf(items, "")), nil
	})

	api.Register(a, api.Op{
		ID: "list-environments", Method: http.MethodGet, Path: "/environments", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary: "The environments that anything was sent from",
	}, func(ctx context.Context, in *api.RangeParams) (*api.Out[api.List[string]], error) {
		from, to, err := in.Range(s.clock)
		if err != nil {
			return nil, err
		}
		envs, err := s.Environments(ctx, telemetry.Range{From: from, To: to})
		if err != nil {
			return nil, err
		}
		return api.OK(api.ListOf(envs, "")), nil
	})
}

func view(s *telemetry.ServiceStat) ServiceView {
	v := ServiceView{
		Service: s.Service, Env: s.Env, Requests: s.Requests, Errors: s.Errors,
		P50NS: whole(s.P50), P95NS: whole(s.P95), P99NS: whole(s.P99),
		Spans: s.Spans, Logs: s.Logs, ErrorLogs: s.ErrorLogs, LastSeen: telemetry.UTC(s.LastSeen),
		Versions: filled(s.Versions),
		Series: ServiceSeriesView{
			StepNS:   int64(s.Series.Step),
			Requests: filled(s.Series.Requests), Errors: filled(s.Series.Errors), P95NS: make([]int64, len(s.Series.P95)),
		},
	}
	for i, p := range s.Series.P95 {
		v.Series.P95NS[i] = whole(p)
	}
	return v
}

// whole is a duration in whole nanoseconds; of nothing (NaN) it is 0.
func whole(ns float64) int64 {
	if math.IsNaN(ns) || ns < 0 {
		return 0
	}
	return int64(math.Round(min(ns, math.MaxInt64/2)))
}

func filled[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
