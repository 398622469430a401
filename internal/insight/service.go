package insight

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Limits of what is read of one trace.
const (
	MaxSpans = 50_000
	MaxLogs  = 1_000
)

// Reader is the part of telemetry.Reader that traces are read through.
type Reader interface {
	ReadSpans(ctx context.Context, q telemetry.PageQuery) (rows []telemetry.Span, more bool, err error)
	Trace(ctx context.Context, id telemetry.TraceID, limit int) (spans []telemetry.Span, more bool, err error)
	TraceLogs(ctx context.Context, id telemetry.TraceID, limit int) (logs []telemetry.Log, more bool, err error)
}

// TraceReader is what the Service reads through: it needs no more of most spans than their
// outline, and of their logs the number.
type TraceReader interface {
	Reader
	TraceOutline(ctx context.Context, id telemetry.TraceID, limit int) (spans []telemetry.Span, more bool, err error)
	CountLogs(ctx context.Context, q telemetry.Query) (uint64, error)
}

// Service reads traces and explains them.
type Service struct{ reader TraceReader }

// NewService makes the service.
func NewService(r TraceReader) *Service { return &Service{reader: r} }

// Trace is one trace, put together.
type Trace struct {
	*Tree
	More     bool // there are spans beyond MaxSpans
	Logs     int  // how many logs name the trace
	MoreLogs bool // there are logs beyond MaxLogs
}

// Trace reads a trace by what a person pasted; see FindTraceID.
func (s *Service) Trace(ctx context.Context, ref string) (*Trace, error) {
	id, err := traceID(ref)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &Trace{}
	logsRead := make(chan error, 1)
	go func() {
		n, err := s.reader.CountLogs(ctx, telemetry.Query{
			Range:  telemetry.Range{From: time.Unix(0, 0), To: time.Unix(0, math.MaxInt64)},
			Filter: filter.Compare{Key: "trace_id", Op: filter.Eq, Value: id.String()},
		})
		t.Logs, t.MoreLogs = int(min(n, MaxLogs)), n > MaxLogs
		logsRead <- err
	}()
	spans, more, err := s.reader.TraceOutline(ctx, id, MaxSpans)
	if err != nil {
		cancel()
		<-logsRead
		return nil, err
	}
	if err := <-logsRead; err != nil {
		return nil, err
	}
	if len(spans) == 0 {
		return nil, noTrace(id, t.Logs)
	}
	t.Tree, t.More = Assemble(spans), more
	if more {
		t.Notes = append([]i18n.Text{i18n.F(
			"The trace has more than %[1]d spans; the oldest %[1]d are shown, and every number here is of those.",
			"このトレースには%[1]d件を超えるスパンがあります。古い方から%[1]d件を表示し、数値もその範囲で計算しています。", MaxSpans)}, t.Notes...)
	}
	return t, nil
}

// SpanHint tells spans apart that a trace id and a span id do not, and where to look.
type SpanHint struct {
	At   time.Time // when it began, if known: saves reading the whole trace
	Kind string    // the halves of a Zipkin call share an id
}

// Span reads one span of a trace with all that it holds.
func (s *Service) Span(ctx context.Context, ref, spanRef string, hint SpanHint) (*telemetry.Span, error) {
	id, err := traceID(ref)
	if err != nil {
		return nil, err
	}
	spanID, ok := telemetry.ParseSpanID(strings.TrimSpace(spanRef))
	if !ok {
		return nil, fault.Field("span_id", i18n.T("A span ID is 16 hex digits, as in 00f067aa0ba902b7.",
			"スパンIDは16桁の16進数です（例: 00f067aa0ba902b7）。"))
	}
	if !hint.At.IsZero() {
		rows, _, err := s.reader.ReadSpans(ctx, telemetry.PageQuery{
			Query: telemetry.Query{
				Range: telemetry.Range{From: hint.At.Add(-time.Second), To: hint.At.Add(time.Second)},
				Filter: filter.And{Nodes: []filter.Node{
					filter.Compare{Key: "trace_id", Value: id.String()},
					filter.Compare{Key: "span_id", Value: spanID.String()},
				}},
			},
			Limit: 10,
		})
		if err != nil {
			return nil, err
		}
		if span := pick(rows, spanID, hint.Kind); span != nil {
			return span, nil
		}
	}
	rows, more, err := s.reader.Trace(ctx, id, MaxSpans)
	if err != nil {
		return nil, err
	}
	if span := pick(rows, spanID, hint.Kind); span != nil {
		return span, nil
	}
	switch {
	case len(rows) == 0:
		return nil, noTrace(id, 0)
	case more:
		return nil, fault.New(fault.NotFound, i18n.F(
			"Span %s is not among the first %d spans of this trace. Give its start as at to look beyond them.",
			"スパン %s はこのトレースの最初の%d件に含まれていません。それ以降を探すには at に開始時刻を指定してください。", spanID, MaxSpans))
	}
	return nil, fault.New(fault.NotFound, i18n.F(
		"This trace has no span %s. It may still be on its way, or another service did not send it.",
		"このトレースにスパン %s はありません。まだ届いていないか、送信元のサービスが送っていない可能性があります。", spanID))
}

// pick is the longest of those with the id, as Assemble shows.
func pick(rows []telemetry.Span, id telemetry.SpanID, kind string) (best *telemetry.Span) {
	for i := range rows {
		if s := &rows[i]; s.SpanID == id && (kind == "" || s.Kind.String() == kind) && (best == nil || s.Duration > best.Duration) {
			best = s
		}
	}
	return best
}

// Logs reads the logs of a trace, oldest first. A trace without logs has none; that is
// no error.
func (s *Service) Logs(ctx context.Context, ref string, limit int) (logs []telemetry.Log, more bool, err error) {
	id, err := traceID(ref)
	if err != nil {
		return nil, false, err
	}
	return s.reader.TraceLogs(ctx, id, min(max(limit, 1), MaxLogs))
}

// ParseRef is FindTraceID for what a person was asked for: what holds no id is an error
// that says what would.
func ParseRef(ref string) (telemetry.TraceID, error) { return traceID(ref) }

// NoTrace is the error that says why a trace may not be here; logs is how many name it.
func NoTrace(id telemetry.TraceID, logs int) error { return noTrace(id, logs) }

func traceID(ref string) (telemetry.TraceID, error) {
	id, ok := FindTraceID(ref)
	if !ok {
		return id, fault.Field("trace_id", i18n.T(
			"No trace ID found in this. It is 32 hex digits, as in 4bf92f3577b34da6a3ce929d0e0e4736; a traceparent, an address or a log line that holds one is fine too.",
			"トレースIDが見つかりません。32桁の16進数（例: 4bf92f3577b34da6a3ce929d0e0e4736）、またはそれを含むtraceparent・URL・ログの1行を指定してください。"))
	}
	return id, nil
}

func noTrace(id telemetry.TraceID, logs int) error {
	text := i18n.F(
		"No span of trace %[1]s is stored. Check that the ID is complete (32 hex digits), that it is younger than the retention, and that the sender sampled it (traceparent ends in -01). Spans appear a few seconds after they end.",
		"トレース %[1]s のスパンは保存されていません。IDが32桁の16進数で欠けていないか、保持期間を過ぎていないか、送信側でサンプリングされているか（traceparentの末尾が-01）を確認してください。スパンは終了してから数秒後に表示されます。", id)
	if logs > 0 {
		text = i18n.T(text.En+" There are logs that name it.", text.Ja+"このトレースIDを持つログは保存されています。")
	}
	return fault.New(fault.NotFound, text)
}
