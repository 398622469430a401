package telemetry

import (
	"strconv"
	"time"
)

// The forms in which rows stand in the API. They hold everything that a row has, say
// the same names as the filter does, and are stable: a field is added, never renamed.

// ExceptionRecord is what was thrown.
type ExceptionRecord struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Stack   string `json:"stack"`
}

// LogRecord is a log in the API.
type LogRecord struct {
	ID           string            `json:"id" doc:"Unique in an installation; with time it orders rows totally."`
	Time         time.Time         `json:"time"`
	Observed     time.Time         `json:"observed" doc:"When a collector or Yagura first saw it."`
	Env          string            `json:"env"`
	Service      string            `json:"service"`
	Version      string            `json:"version"`
	Instance     string            `json:"instance"`
	Host         string            `json:"host"`
	Resource     map[string]string `json:"resource" doc:"The resource's other attributes."`
	TraceID      string            `json:"trace_id,omitempty"`
	SpanID       string            `json:"span_id,omitempty"`
	Severity     int               `json:"severity" doc:"OpenTelemetry's severity number, 0 when unset."`
	Level        string            `json:"level" doc:"trace, debug, info, warn, error, fatal, or empty when unset."`
	SeverityText string            `json:"severity_text" doc:"As it was sent."`
	Event        string            `json:"event"`
	Scope        string            `json:"scope"`
	Body         string            `json:"body"`
	Exception    *ExceptionRecord  `json:"exception,omitempty"`
	Attributes   map[string]string `json:"attributes"`
	Flags        []string          `json:"flags" doc:"What was done to it on its way in: repaired, redacted, truncated, skewed."`
}

// SpanRecord is a span in the API.
type SpanRecord struct {
	ID            string            `json:"id" doc:"Unique in an installation; with time it orders rows totally."`
	Time          time.Time         `json:"time" doc:"The start, as it was sent."`
	DurationNS    int64             `json:"duration_ns"`
	Env           string            `json:"env"`
	Service       string            `json:"service"`
	Version       string            `json:"version"`
	Instance      string            `json:"instance"`
	Host          string            `json:"host"`
	Resource      map[string]string `json:"resource" doc:"The resource's other attributes."`
	TraceID       string            `json:"trace_id"`
	SpanID        string            `json:"span_id"`
	ParentID      string            `json:"parent_id,omitempty"`
	TraceState    string            `json:"trace_state,omitempty"`
	Name          string            `json:"name"`
	Kind          string            `json:"kind" doc:"internal, server, client, producer, consumer, or empty."`
	Status        string            `json:"status" doc:"unset, ok or error."`
	StatusMessage string            `json:"status_message"`
	Scope         string            `json:"scope"`
	Endpoint      string            `json:"endpoint" doc:"What a user of the service would call it; of server and consumer spans."`
	Exception     *ExceptionRecord  `json:"exception,omitempty"`
	Attributes    map[string]string `json:"attributes"`
	Events        []SpanEventRecord `json:"events"`
	Links         []SpanLinkRecord  `json:"links"`
	Flags         []string          `json:"flags" doc:"What was done to it on its way in: repaired, redacted, truncated, skewed."`
}

// SpanEventRecord is an event within a span.
type SpanEventRecord struct {
	Time       time.Time         `json:"time"`
	Name       string            `json:"name"`
	Attributes map[string]string `json:"attributes"`
}

// SpanLinkRecord is a link to another span.
type SpanLinkRecord struct {
	TraceID    string            `json:"trace_id"`
	SpanID     string            `json:"span_id"`
	Attributes map[string]string `json:"attributes"`
}

// TraceRecord is a trace as a list shows it.
type TraceRecord struct {
	TraceID        string    `json:"trace_id"`
	Time           time.Time `json:"time"`
	DurationNS     int64     `json:"duration_ns" doc:"From the first start to the last end."`
	Spans          uint64    `json:"spans"`
	Errors         uint64    `json:"errors"`
	Services       []string  `json:"services"`
	RootService    string    `json:"root_service"`
	RootName       string    `json:"root_name"`
	RootStatus     string    `json:"root_status"`
	RootHTTPStatus string    `json:"root_http_status"`
}

// CountBody is a number of rows.
type CountBody struct {
	Count uint64 `json:"count"`
}

// HistogramBody is rows over time.
type HistogramBody struct {
	StepNS  int64          `json:"step_ns" doc:"The width of a bucket."`
	Buckets []BucketRecord `json:"buckets" doc:"In order; those without rows are left out."`
}

// DurationsBody is spans over time and duration.
type DurationsBody struct {
	StepNS   int64      `json:"step_ns" doc:"The width of a cell in time."`
	BoundsNS []int64    `json:"bounds_ns" doc:"Ascending: bucket i holds the durations from bounds_ns[i] up to, not including, bounds_ns[i+1]; the last holds all from its bound on."`
	Cells    [][4]int64 `json:"cells" doc:"[time in Unix milliseconds, bucket, spans, spans with error], by time and then by bucket; those without spans are left out."`
}

// BucketRecord is one bar of a histogram.
type BucketRecord struct {
	Time   time.Time         `json:"time"`
	Counts map[string]uint64 `json:"counts" doc:"Rows by level (logs) or status (spans)."`
}

// FacetRecord is a key with its most frequent values.
type FacetRecord struct {
	Key      string             `json:"key"`
	Label    string             `json:"label,omitempty" doc:"The column's name for people, in the reader's language."`
	Distinct uint64             `json:"distinct" doc:"How many values there are, within 2 %."`
	Values   []FacetValueRecord `json:"values"`
}

// FacetValueRecord is a value and how many rows have it.
type FacetValueRecord struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

// UTC is a time of the model as the API shows it.
func UTC(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// NewLogRecord gives a log its form in the API.
func NewLogRecord(l *Log) LogRecord {
	return LogRecord{
		ID: strconv.FormatUint(l.ID, 10), Time: UTC(l.Time), Observed: UTC(l.Observed),
		Env: l.Env, Service: l.Service, Version: l.Version, Instance: l.Instance, Host: l.Host,
		Resource: attrMap(l.Source.Attrs),
		TraceID:  l.TraceID.String(), SpanID: l.SpanID.String(),
		Severity: int(l.Severity), Level: l.Severity.Level(), SeverityText: l.SeverityText,
		Event: l.Event, Scope: l.Scope, Body: l.Body,
		Exception: exceptionRecord(l.Exception), Attributes: attrMap(l.Attrs), Flags: l.Flags.Names(),
	}
}

// NewSpanRecord gives a span its form in the API.
func NewSpanRecord(s *Span) SpanRecord {
	r := SpanRecord{
		ID: strconv.FormatUint(s.ID, 10), Time: UTC(s.Time), DurationNS: s.Duration,
		Env: s.Env, Service: s.Service, Version: s.Version, Instance: s.Instance, Host: s.Host,
		Resource: attrMap(s.Source.Attrs),
		TraceID:  s.TraceID.String(), SpanID: s.SpanID.String(), ParentID: s.ParentID.String(), TraceState: s.TraceState,
		Name: s.Name, Kind: s.Kind.String(), Status: s.Status.String(), StatusMessage: s.StatusMessage,
		Scope: s.Scope, Endpoint: s.Endpoint,
		Exception: exceptionRecord(s.Exception), Attributes: attrMap(s.Attrs),
		Events: make([]SpanEventRecord, len(s.Events)), Links: make([]SpanLinkRecord, len(s.Links)),
		Flags: s.Flags.Names(),
	}
	for i, e := range s.Events {
		r.Events[i] = SpanEventRecord{Time: UTC(e.Time), Name: e.Name, Attributes: attrMap(e.Attrs)}
	}
	for i, l := range s.Links {
		r.Links[i] = SpanLinkRecord{TraceID: l.TraceID.String(), SpanID: l.SpanID.String(), Attributes: attrMap(l.Attrs)}
	}
	return r
}

func newTraceRecord(t *TraceSummary) TraceRecord {
	services := t.Services
	if services == nil {
		services = []string{}
	}
	return TraceRecord{
		TraceID: t.TraceID.String(), Time: UTC(t.Time), DurationNS: t.Duration, Spans: t.Spans, Errors: t.Errors,
		Services: services, RootService: t.RootService, RootName: t.RootName,
		RootStatus: t.RootStatus.String(), RootHTTPStatus: t.RootHTTPStatus,
	}
}

func newHistogramBody(h Histogram) HistogramBody {
	body := HistogramBody{StepNS: int64(h.Step), Buckets: make([]BucketRecord, len(h.Buckets))}
	for i, b := range h.Buckets {
		body.Buckets[i] = BucketRecord{Time: UTC(b.Time), Counts: b.Counts}
	}
	return body
}

func newDurationsBody(m DurationMap) DurationsBody {
	body := DurationsBody{StepNS: int64(m.Step), BoundsNS: DurationBounds(), Cells: make([][4]int64, len(m.Cells))}
	for i, c := range m.Cells {
		body.Cells[i] = [4]int64{c.Time / 1e6, int64(c.Bucket), int64(c.Count), int64(c.Errors)}
	}
	return body
}

// records gives each of rows its form in the API; never nil.
func records[Row, Record any](rows []Row, form func(*Row) Record) []Record {
	out := make([]Record, len(rows))
	for i := range rows {
		out[i] = form(&rows[i])
	}
	return out
}

func attrMap(attrs []Attr) map[string]string {
	m := make(map[string]string, len(attrs))
	for _, a := range attrs {
		if _, twice := m[a.Key]; !twice { // as Get decides
			m[a.Key] = a.Value
		}
	}
	return m
}

func exceptionRecord(e Exception) *ExceptionRecord {
	if e == (Exception{}) {
		return nil
	}
	return &ExceptionRecord{Type: e.Type, Message: e.Message, Stack: e.Stack}
}

// Names says what was done to a row; never nil.
func (f Flags) Names() []string {
	names := []string{}
	for i, name := range [...]string{"repaired", "redacted", "truncated", "skewed"} {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}
