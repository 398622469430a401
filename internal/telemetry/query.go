package telemetry

import (
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Range is a half-open range of time: From is in, To is out.
type Range struct{ From, To time.Time }

// Check refuses a range that ends before it begins, or at once.
func (r Range) Check() error {
	if r.From.Before(r.To) {
		return nil
	}
	return fault.Field("from", i18n.T("from must be earlier than to.", "from は to より前の時刻にしてください。"))
}

// Query selects rows of one signal.
type Query struct {
	Range
	Env    string      // "" is all environments
	Filter filter.Node // nil matches everything
}

// Cursor is the place in a newest-first (or oldest-first) reading after which the next
// page begins: the Time and ID of the last row of the page before.
type Cursor struct {
	Time int64
	ID   uint64
}

// IsZero says that the reading begins at the range's edge.
func (c Cursor) IsZero() bool { return c == Cursor{} }

// Order is the order of a reading.
type Order uint8

// The orders. Slowest is for spans alone, and knows no cursor.
const (
	Newest Order = iota
	Oldest
	Slowest
)

// PageQuery asks for rows, a page at a time.
type PageQuery struct {
	Query
	Order Order
	After Cursor
	Limit int
}

// Bucket is one bar of a histogram: rows per group in [Time, Time+Step).
type Bucket struct {
	Time   int64
	Counts map[string]uint64 // by level for logs, by status for spans
}

// Histogram counts rows over time. Buckets without rows are left out.
type Histogram struct {
	Step    time.Duration
	Buckets []Bucket
}

// FacetValue is one value of a key and how many rows of the query have it.
type FacetValue struct {
	Value string
	Count uint64
}

// Facet is a key with its most frequent values.
type Facet struct {
	Key    string
	Values []FacetValue
	// Distinct is how many values there are, within 2 %.
	Distinct uint64
}

// ServiceStat is a service in an environment, over a range.
type ServiceStat struct {
	Service, Env string
	// Requests are server and consumer spans; Errors are those with error status.
	Requests, Errors uint64
	// P50, P95 and P99 of the requests' durations, in nanoseconds, within 1 %.
	P50, P95, P99 float64
	Spans, Logs   uint64
	ErrorLogs     uint64
	LastSeen      int64
	Versions      []string // seen in the range, newest first, at most 5
	// Series are requests, errors and p95 in equal steps over the range, for sparklines.
	Series ServiceSeries
}

// ServiceSeries has one entry a step.
type ServiceSeries struct {
	Step             time.Duration
	Requests, Errors []uint64
	P95              []float64 // NaN never: 0 where there was no request
}

// TraceSummary is a trace as a list shows it.
type TraceSummary struct {
	TraceID        TraceID
	Time           int64
	Duration       int64 // from the first start to the last end
	Spans, Errors  uint64
	Services       []string
	RootService    string
	RootName       string
	RootStatus     Status
	RootHTTPStatus string
}

// DayStorage is what one day of one signal takes.
type DayStorage struct {
	Day    string // 2006-01-02, UTC
	Signal Signal
	Rows   uint64
	Bytes  uint64 // on disk
	Parts  uint64
}
