package telemetry

import (
	"context"
	"time"
)

// A frame of metrics is an OTLP ExportMetricsServiceRequest (protobuf, not compressed) as
// the ingest room left it: repaired, normalised, redacted. Its rows are its data points.
// A MetricWriter turns them into series by the rules that Prometheus has for OTLP:
//
//   - Names are translated: http.server.request.duration in s is
//     http_server_request_duration_seconds; a monotonic sum ends in _total; what is no
//     letter, digit or "_" becomes "_". Letters of other scripts than ASCII's stay:
//     {"支払い方法"="card"}. Attributes that become one label have their values joined
//     with ";".
//   - job is service.name (with service.namespace/ before it, when there is one), instance
//     is service.instance.id, else host or pod and process. service_name,
//     service_namespace, deployment_environment_name, k8s_cluster_name,
//     k8s_namespace_name and cloud_region are labels of every series; all other resource
//     attributes are on target_info alone, which joins on job and instance.
//   - A histogram with explicit bounds becomes _bucket, _sum and _count: every dashboard
//     and every remote storage understands these. An exponential histogram becomes a
//     native histogram.
//   - Cumulative temporality is stored as it comes. Whether delta temporality is taken,
//     each writer says; one that does stores running totals.
//
// A data point is stored once however often it comes: one that is there already, with the
// same time and value, is no error and no change.

// MetricWriter is a Writer of frames of metrics; it refuses other signals. fault.Invalid is
// also what a data point gets that is too late for the writer's out-of-order window, too
// far in the future, contradicts one that is stored, or is no valid sample.
type MetricWriter interface {
	Writer
	Close() error
}

// MetricReader answers PromQL and says what there is to ask for. It is safe for concurrent
// use. What Write has returned for is seen by every later call.
//
// A mistake in a query is a fault.Invalid of the field "query", with its place when it is
// one of grammar; a query that takes too long or too many samples is refused with
// fault.Timeout or fault.TooLarge, never answered in part. A selector is a PromQL vector
// selector, {job="a"}; none means everything. Lists are sorted.
type MetricReader interface {
	// Query evaluates expr at one instant.
	Query(ctx context.Context, expr string, at time.Time) (MetricResult, error)
	// QueryRange evaluates expr at From, From+step ... up to and including To: other than
	// elsewhere both ends are in, as a chart wants its newest point.
	QueryRange(ctx context.Context, expr string, r Range, step time.Duration) (MetricResult, error)
	// Names lists the metrics that have "match" in their name, at most limit, and whether
	// there are more.
	Names(ctx context.Context, match string, limit int) (names []MetricName, more bool, err error)
	// LabelNames lists the labels of the series that match any selector.
	LabelNames(ctx context.Context, r Range, selectors []string) ([]string, error)
	// LabelValues lists the values of a label among them.
	LabelValues(ctx context.Context, label string, r Range, selectors []string) ([]string, error)
	// Series lists the series that match any selector, at most limit, and whether there
	// are more. At least one selector must be given.
	Series(ctx context.Context, r Range, selectors []string, limit int) (series [][]Attr, more bool, err error)
	// Exemplars lists what was sampled of the series in expr, with the traces it came from.
	Exemplars(ctx context.Context, expr string, r Range) ([]MetricExemplars, error)
	Close() error
}

// MetricKind is what a metric is, by OpenMetrics.
type MetricKind string

// The kinds. A classic histogram's or a summary's own series have its kind.
const (
	KindUnknown   MetricKind = "unknown"
	KindCounter   MetricKind = "counter"
	KindGauge     MetricKind = "gauge"
	KindHistogram MetricKind = "histogram"
	KindSummary   MetricKind = "summary"
	KindInfo      MetricKind = "info"
)

// MetricName is a metric that can be asked for.
type MetricName struct {
	Name string // as a query says it: http_server_request_duration_seconds_bucket
	// Family is the metric it is a part of; for most, Name.
	Family     string
	Kind       MetricKind
	Unit, Help string
	// Series is how many series have had samples lately: in the last five minutes at
	// least, in the last five hours at most; 0 when a remote has too many to count.
	Series uint64
}

// MetricResult is the answer to a query.
type MetricResult struct {
	Type     string // "scalar", "vector", "matrix" or "string"
	Series   []MetricSeries
	Text     string   // of a string
	Warnings []string // of the engine, in English: a counter that does not look like one, ...
}

// MetricSeries is one line of an answer, sorted by labels. A vector and a scalar have one
// point a series. In each, points and histograms are oldest first.
type MetricSeries struct {
	Labels     []Attr // sorted by key; __name__ among them
	Points     []MetricPoint
	Histograms []MetricHistogramPoint
}

// MetricPoint is a value at a time. It may be NaN or infinite.
type MetricPoint struct {
	Time  int64
	Value float64
}

// MetricHistogramPoint is a native histogram at a time.
type MetricHistogramPoint struct {
	Time       int64
	Count, Sum float64
	Buckets    []MetricBucket // those that are not empty, ascending
}

// MetricBucket is one bucket of a native histogram.
type MetricBucket struct {
	Lower, Upper                   float64
	LowerInclusive, UpperInclusive bool
	Count                          float64
}

// MetricExemplars are the exemplars of one series, oldest first.
type MetricExemplars struct {
	Labels    []Attr
	Exemplars []MetricExemplar
}

// MetricExemplar is a measured value with what it was measured on: trace_id and span_id
// among its labels.
type MetricExemplar struct {
	Time   int64
	Value  float64
	Labels []Attr
}
