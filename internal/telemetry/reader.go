package telemetry

import (
	"context"

	"github.com/yagura-sre/yagura/internal/filter"
)

// Reader answers questions about logs and spans. It is safe for concurrent use.
//
// Answers are exact and are what a scan of all rows with filter.Match would give; a
// question that cannot be answered exactly within the limits is refused with
// fault.Timeout or fault.TooLarge, never answered in part. A row that Write has
// returned for is seen by every later call. When ctx ends the engine stops working on
// the question.
type Reader interface {
	// ReadLogs gives a page in the order asked for. more says that rows follow: also when
	// there are fewer than the limit, for a page ends once it has PageBytes of rows.
	ReadLogs(ctx context.Context, q PageQuery) (rows []Log, more bool, err error)
	CountLogs(ctx context.Context, q Query) (uint64, error)
	// LogHistogram has at most buckets bars; the step is a round one (1 s, 5 s, 1 min ...).
	LogHistogram(ctx context.Context, q Query, buckets int) (Histogram, error)
	// LogFacets gives, per key, the most frequent values among the rows of q. Without
	// keys it chooses: the columns, then the most frequent attributes.
	LogFacets(ctx context.Context, q Query, keys []string, limit int) ([]Facet, error)

	ReadSpans(ctx context.Context, q PageQuery) (rows []Span, more bool, err error)
	CountSpans(ctx context.Context, q Query) (uint64, error)
	SpanHistogram(ctx context.Context, q Query, buckets int) (Histogram, error)
	// SpanDurations counts spans by time, in at most buckets steps as SpanHistogram has
	// them, and by duration, in DurationBounds.
	SpanDurations(ctx context.Context, q Query, buckets int) (DurationMap, error)
	SpanFacets(ctx context.Context, q Query, keys []string, limit int) ([]Facet, error)
	// SpanContrast compares the spans of q that chosen selects with the others of q: it
	// counts values of columns and attributes (of spans and resources apart) on both sides,
	// over about sample rows of each at most. Values that no sampled chosen span has are
	// left out, and of very many those that are most alike on both sides.
	SpanContrast(ctx context.Context, q Query, chosen filter.Node, sample int) (Contrast, error)

	// Traces lists the traces that have a span of q, by the newest such span.
	Traces(ctx context.Context, q PageQuery) (traces []TraceSummary, more bool, err error)
	// Trace gives all spans of a trace, oldest first, whenever it was; none if unknown.
	// At most limit are read, and at most several PageBytes; more says that there may be
	// others.
	Trace(ctx context.Context, id TraceID, limit int) (spans []Span, more bool, err error)
	// TraceOutline is Trace with no more of each span than a waterfall shows: its Outline.
	TraceOutline(ctx context.Context, id TraceID, limit int) (spans []Span, more bool, err error)
	// TraceSteps gives the spans of several traces at once, oldest first, with no more of each
	// than what was done when: its Step. Traces of more than each spans are left out, and the
	// largest where all together are several PageBytes.
	TraceSteps(ctx context.Context, ids []TraceID, each int) (map[TraceID][]Span, error)
	// TraceLogs gives all logs of a trace, oldest first, whenever it was. It ends as
	// ReadLogs does.
	TraceLogs(ctx context.Context, id TraceID, limit int) (logs []Log, more bool, err error)

	// Services lists the services that sent anything in the range, with steps points in
	// their series.
	Services(ctx context.Context, r Range, env string, steps int) ([]ServiceStat, error)
	// Environments lists the environments seen in the range, sorted.
	Environments(ctx context.Context, r Range) ([]string, error)
	// Storage says what is stored, by day and signal, newest first.
	Storage(ctx context.Context) ([]DayStorage, error)
}
