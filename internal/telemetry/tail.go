package telemetry

import (
	"context"

	"github.com/yagura-sre/yagura/internal/filter"
)

// Tailer gives the rows as they arrive, before they are stored: the receivers' side of
// live tail.
type Tailer interface {
	// Subscribe gives every row of a signal that is accepted from now on, in the order of
	// acceptance, until ctx ends; then it closes the channel. A batch belongs to all
	// subscribers: nobody changes it. A subscriber that does not keep up never delays a
	// receiver: it loses batches, and the next one that it gets says how many rows it lost.
	Subscribe(ctx context.Context, signal Signal) <-chan Arrival
}

// Arrival is a batch of rows that came in together.
type Arrival struct {
	Logs    []Log  // for Logs
	Spans   []Span // for Spans
	Dropped uint64 // rows that the subscriber lost since the batch before
}

// TailQuery selects the rows of a tail.
type TailQuery struct {
	Env    string // "" is all environments
	Filter filter.Node
}

// MatchLog says whether the row is one of the tail's.
func (q *TailQuery) MatchLog(l *Log) bool {
	return (q.Env == "" || q.Env == l.Env) && (q.Filter == nil || filter.Match(q.Filter, LogRow(l)))
}

// MatchSpan says whether the row is one of the tail's.
func (q *TailQuery) MatchSpan(s *Span) bool {
	return (q.Env == "" || q.Env == s.Env) && (q.Filter == nil || filter.Match(q.Filter, SpanRow(s)))
}
