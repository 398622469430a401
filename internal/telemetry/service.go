package telemetry

import (
	"context"
	"slices"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Limits of one question.
const (
	MaxPage    = 1_000 // rows of a page
	MaxBuckets = 500   // bars of a histogram
	MaxKeys    = 20    // facets at once
	MaxValues  = 100   // values of a facet
)

// Service answers people's questions about logs and spans: it reads what they wrote, refuses
// what means nothing, and asks the engine.
type Service struct {
	reader Reader
	tailer Tailer // nil where nothing is received in this process
	clock  clock.Clock
}

// NewService makes the service. A nil tailer says that this process receives nothing,
// so that there is no tail to follow.
func NewService(r Reader, t Tailer, c clock.Clock) *Service {
	return &Service{reader: r, tailer: t, clock: c}
}

// Ask is a selection of rows as a person wrote it.
type Ask struct {
	Range
	Env    string
	Filter string
}

// PageAsk asks for a page of a selection.
type PageAsk struct {
	Ask
	Order Order
	After string // the cursor that the page before gave
	Limit int
}

// ParseFilter reads a filter for a signal.
func ParseFilter(s Signal, text string) (filter.Node, error) {
	n, err := filter.Parse(text)
	if err != nil {
		return nil, err
	}
	return BindFilter(s, n)
}

func (a Ask) query(s Signal) (Query, error) {
	n, err := ParseFilter(s, a.Filter)
	if err != nil {
		return Query{}, err
	}
	if err := a.Check(); err != nil {
		return Query{}, err
	}
	if _, all := n.(filter.All); all {
		n = nil
	}
	return Query{Range: a.Range, Env: a.Env, Filter: n}, nil
}

// place is a cursor on the wire. It holds the order too, since a place in one order is
// another place in another.
type place struct {
	Time  int64  `json:"t"`
	ID    uint64 `json:"i,string"`
	Order Order  `json:"o,omitempty"`
}

func (a PageAsk) query(s Signal) (PageQuery, error) {
	q, err := a.Ask.query(s)
	if err != nil {
		return PageQuery{}, err
	}
	at, err := api.ParseCursor[place]("after", a.After)
	if err != nil {
		return PageQuery{}, err
	}
	if a.After != "" && (at.Order != a.Order || a.Order == Slowest) {
		return PageQuery{}, fault.Field("after", i18n.T(
			"This cursor belongs to a list in another order. Start again from the first page.",
			"このカーソルは別の並び順の一覧のものです。先頭のページからやり直してください。"))
	}
	limit := a.Limit
	if limit == 0 {
		limit = 100
	}
	return PageQuery{
		Query: q, Order: a.Order, After: Cursor{Time: at.Time, ID: at.ID},
		Limit: min(max(limit, 1), MaxPage),
	}, nil
}

// next is the cursor behind a page's last row.
func next(q PageQuery, more bool, last Cursor) string {
	if !more || q.Order == Slowest {
		return ""
	}
	return api.Cursor(place{Time: last.Time, ID: last.ID, Order: q.Order})
}

// Logs gives a page of logs and the cursor of the next, "" when there is none.
func (s *Service) Logs(ctx context.Context, a PageAsk) ([]Log, string, error) {
	q, err := a.query(Logs)
	if err != nil {
		return nil, "", err
	}
	rows, more, err := s.reader.ReadLogs(ctx, q)
	if err != nil || len(rows) == 0 {
		return nil, "", err
	}
	last := &rows[len(rows)-1]
	return rows, next(q, more, Cursor{last.Time, last.ID}), nil
}

// Spans gives a page of spans and the cursor of the next, "" when there is none. The
// slowest come in one page.
func (s *Service) Spans(ctx context.Context, a PageAsk) ([]Span, string, error) {
	q, err := a.query(Spans)
	if err != nil {
		return nil, "", err
	}
	rows, more, err := s.reader.ReadSpans(ctx, q)
	if err != nil || len(rows) == 0 {
		return nil, "", err
	}
	last := &rows[len(rows)-1]
	return rows, next(q, more, Cursor{last.Time, last.ID}), nil
}

// Count counts the rows of a selection.
func (s *Service) Count(ctx context.Context, signal Signal, a Ask) (uint64, error) {
	q, err := a.query(signal)
	if err != nil {
		return 0, err
	}
	if signal == Logs {
		return s.reader.CountLogs(ctx, q)
	}
	return s.reader.CountSpans(ctx, q)
}

// Histogram counts the rows of a selection over time.
func (s *Service) Histogram(ctx context.Context, signal Signal, a Ask, buckets int) (Histogram, error) {
	q, err := a.query(signal)
	if err != nil {
		return Histogram{}, err
	}
	buckets = min(max(buckets, 1), MaxBuckets)
	if signal == Logs {
		return s.reader.LogHistogram(ctx, q, buckets)
	}
	return s.reader.SpanHistogram(ctx, q, buckets)
}

// Durations counts the spans of a selection by time and duration.
func (s *Service) Durations(ctx context.Context, a Ask, buckets int) (DurationMap, error) {
	q, err := a.query(Spans)
	if err != nil {
		return DurationMap{}, err
	}
	return s.reader.SpanDurations(ctx, q, min(max(buckets, 1), MaxBuckets))
}

// Facets gives the most frequent values of keys among the rows of a selection; without
// keys the engine chooses.
func (s *Service) Facets(ctx context.Context, signal Signal, a Ask, keys []string, values int) ([]Facet, error) {
	q, err := a.query(signal)
	if err != nil {
		return nil, err
	}
	if len(keys) > MaxKeys {
		return nil, fault.Field("keys", i18n.F("At most %d keys at once.", "一度に指定できるキーは%d個までです。", MaxKeys))
	}
	if slices.Contains(keys, "") {
		return nil, fault.Field("keys", i18n.T("A key is empty.", "空のキーがあります。"))
	}
	values = min(max(values, 1), MaxValues)
	if signal == Logs {
		return s.reader.LogFacets(ctx, q, keys, values)
	}
	return s.reader.SpanFacets(ctx, q, keys, values)
}

// Contrast finds what the chosen spans of a selection have in common that the others have
// not: whom and what a trouble hits. Keys that chosen asks for are left out, for they say
// what is known.
func (s *Service) Contrast(ctx context.Context, a Ask, chosen string, limit int) (Contrast, []Difference, error) {
	q, err := a.query(Spans)
	if err != nil {
		return Contrast{}, nil, err
	}
	n, err := ParseFilter(Spans, chosen)
	if err != nil {
		named := *fault.Of(err) // its positions are those in the other text
		named.Field = "chosen"
		return Contrast{}, nil, &named
	}
	if _, all := n.(filter.All); n == nil || all {
		return Contrast{}, nil, fault.Field("chosen", i18n.T(
			"Say which of the spans are compared with the others, for example status:error or duration>1s.",
			"他のスパンと比較する対象を指定してください（例: status:error、duration>1s）。"))
	}
	c, err := s.reader.SpanContrast(ctx, q, n, ContrastSample)
	if err != nil {
		return c, nil, err
	}
	known := map[string]bool{}
	for _, key := range filter.Keys(n) {
		known[ResolveKey(Spans, key).Key] = true
	}
	c.Tallies = slices.DeleteFunc(c.Tallies, func(t ContrastTally) bool { return known[ResolveKey(Spans, t.Key).Key] })
	return c, c.Differences(min(max(limit, 1), MaxValues)), nil
}

// KeyHint is a key offered while a filter is written.
type KeyHint struct {
	Key    string
	Label  i18n.Text // of a column; none for an attribute
	Values []string  // where they are known beforehand
}

// Keys offers the columns of a signal and the attributes that its rows have in the
// range.
func (s *Service) Keys(ctx context.Context, signal Signal, r Range, env string) ([]KeyHint, error) {
	var hints []KeyHint
	offered := make(map[string]bool)
	for _, f := range Fields(signal) {
		hints = append(hints, KeyHint{Key: f.Key, Label: f.Label, Values: f.Values})
		offered[f.Key] = true
	}
	facets, err := s.Facets(ctx, signal, Ask{Range: r, Env: env}, nil, 1)
	if err != nil {
		return nil, err
	}
	var attributes []string
	for _, f := range facets {
		if !offered[f.Key] {
			offered[f.Key] = true
			attributes = append(attributes, f.Key)
		}
	}
	slices.Sort(attributes)
	for _, key := range attributes {
		hints = append(hints, KeyHint{Key: key})
	}
	return hints, nil
}

// Traces gives the traces that have a span of the selection, by the newest such span,
// and the cursor of the next page.
func (s *Service) Traces(ctx context.Context, a PageAsk) ([]TraceSummary, string, error) {
	a.Order = Newest
	q, err := a.query(Spans)
	if err != nil {
		return nil, "", err
	}
	traces, more, err := s.reader.Traces(ctx, q)
	if err != nil || len(traces) == 0 {
		return nil, "", err
	}
	if !more {
		return traces, "", nil
	}
	// The place of a trace is that of its newest span of the selection.
	of := filter.Compare{Key: "trace_id", Value: traces[len(traces)-1].TraceID.String()}
	newest := PageQuery{Query: q.Query, Limit: 1}
	newest.Filter = filter.AllOf(of, q.Filter)
	rows, _, err := s.reader.ReadSpans(ctx, newest)
	if err != nil || len(rows) == 0 { // none: it was dropped meanwhile, as are those behind it
		return traces, "", err
	}
	return traces, next(q, true, Cursor{rows[0].Time, rows[0].ID}), nil
}

// The pace of a tail: more than a person can follow is counted instead.
const (
	tailRows   = 200
	tailWindow = time.Second
)

// Tail checks what is to be followed, and gives a function that follows it until ctx ends
// or the sink returns an error: rows that match, at most tailRows a tailWindow, and how
// many were left out since.
func (s *Service) Tail(signal Signal, env, text string) (func(ctx context.Context, send TailSink) error, error) {
	n, err := ParseFilter(signal, text)
	if err != nil {
		return nil, err
	}
	if s.tailer == nil {
		return nil, fault.New(fault.Unavailable, i18n.T(
			"This server does not receive telemetry, so there is nothing to follow. Ask one that does.",
			"このサーバーはテレメトリーを受信していないため、ライブテールを利用できません。受信側のサーバーに接続してください。"))
	}
	q := TailQuery{Env: env, Filter: n}
	return func(ctx context.Context, send TailSink) error { return s.follow(ctx, signal, q, send) }, nil
}

// TailSink takes what a tail gives; an error ends the tail.
type TailSink struct {
	Log     func(*Log) error
	Span    func(*Span) error
	Dropped func(rows uint64) error
}

func (s *Service) follow(ctx context.Context, signal Signal, q TailQuery, send TailSink) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	arrivals := s.tailer.Subscribe(ctx, signal)
	var dropped uint64
	room := tailRows
	window := s.clock.After(tailWindow)
	offer := func(give func() error) error {
		if room == 0 {
			dropped++
			return nil
		}
		room--
		return give()
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-window:
			room = tailRows
			window = s.clock.After(tailWindow)
			if dropped > 0 {
				if err := send.Dropped(dropped); err != nil {
					return err
				}
				dropped = 0
			}
		case a, open := <-arrivals:
			if !open {
				return ctx.Err()
			}
			dropped += a.Dropped
			for i := range a.Logs {
				if l := &a.Logs[i]; q.MatchLog(l) {
					if err := offer(func() error { return send.Log(l) }); err != nil {
						return err
					}
				}
			}
			for i := range a.Spans {
				if sp := &a.Spans[i]; q.MatchSpan(sp) {
					if err := offer(func() error { return send.Span(sp) }); err != nil {
						return err
					}
				}
			}
		}
	}
}
