package kit

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// spanMetrics makes the request metrics of the semantic conventions from ended spans.
type spanMetrics struct {
	server, client, db, process metric.Float64Histogram
	active                      metric.Int64UpDownCounter
	seen                        sync.Map // of labels → metric.MeasurementOption
}

var seconds = metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

func newSpanMetrics(mp metric.MeterProvider) (*spanMetrics, error) {
	m := mp.Meter("shop/kit")
	var x spanMetrics
	var errs [5]error
	h := func(name, text string) (metric.Float64Histogram, error) {
		return m.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(text), seconds)
	}
	x.server, errs[0] = h("http.server.request.duration", "Duration of HTTP server requests.")
	x.client, errs[1] = h("http.client.request.duration", "Duration of HTTP client requests.")
	x.db, errs[2] = h("db.client.operation.duration", "Duration of database client operations.")
	x.process, errs[3] = h("messaging.process.duration", "Duration of processing a message.")
	x.active, errs[4] = m.Int64UpDownCounter("http.server.active_requests", metric.WithUnit("{request}"), metric.WithDescription("Number of active HTTP server requests."))
	return &x, errors.Join(errs[:]...)
}

// labels are what a duration is told by; few enough to be counted.
type labels struct {
	kind                           trace.SpanKind
	method, route, host, namespace string
	status                         int64
	failed                         bool
}

func (x *spanMetrics) OnStart(ctx context.Context, s sdktrace.ReadWriteSpan) {
	if s.SpanKind() == trace.SpanKindServer {
		x.active.Add(ctx, 1)
	}
}

func (x *spanMetrics) OnEnd(s sdktrace.ReadOnlySpan) {
	l := labels{kind: s.SpanKind()}
	if l.kind == trace.SpanKindInternal || l.kind == trace.SpanKindProducer {
		return
	}
	for _, a := range s.Attributes() {
		switch a.Key {
		case "http.request.method", "db.operation.name":
			l.method = a.Value.AsString()
		case "http.route", "url.template", "messaging.destination.name":
			l.route = a.Value.AsString()
		case "server.address":
			l.host = a.Value.AsString()
		case "db.namespace":
			l.namespace = a.Value.AsString()
		case "http.response.status_code":
			l.status = a.Value.AsInt64()
		}
	}
	l.failed = s.Status().Code == codes.Error
	var h metric.Float64Histogram
	switch {
	case l.kind == trace.SpanKindServer:
		h, l.host = x.server, ""
	case l.kind == trace.SpanKindConsumer:
		h = x.process
	case l.namespace != "":
		h, l.host, l.route = x.db, "", ""
	default:
		h, l.route = x.client, ""
	}
	// The exemplar filter looks for the span in the context.
	ctx := trace.ContextWithSpanContext(context.Background(), s.SpanContext())
	if l.kind == trace.SpanKindServer {
		x.active.Add(ctx, -1)
	}
	opt, ok := x.seen.Load(l)
	if !ok {
		opt, _ = x.seen.LoadOrStore(l, metric.WithAttributeSet(l.set()))
	}
	h.Record(ctx, s.EndTime().Sub(s.StartTime()).Seconds(), opt.(metric.MeasurementOption))
}

func (l labels) set() attribute.Set {
	var out []attribute.KeyValue
	add := func(key, v string) {
		if v != "" {
			out = append(out, attribute.String(key, v))
		}
	}
	switch {
	case l.namespace != "":
		add("db.system.name", "sqlite")
		add("db.namespace", l.namespace)
		add("db.operation.name", l.method)
	case l.kind == trace.SpanKindConsumer:
		add("messaging.destination.name", l.route)
	default:
		add("http.request.method", l.method)
		add("http.route", l.route)
		add("server.address", l.host)
		if l.status > 0 {
			out = append(out, attribute.Int64("http.response.status_code", l.status))
		}
		if l.status >= 500 {
			add("error.type", strconv.FormatInt(l.status, 10))
			return attribute.NewSet(out...)
		}
	}
	if l.failed {
		add("error.type", "_OTHER")
	}
	return attribute.NewSet(out...)
}

func (x *spanMetrics) Shutdown(context.Context) error   { return nil }
func (x *spanMetrics) ForceFlush(context.Context) error { return nil }
