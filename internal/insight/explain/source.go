package explain

import (
	"context"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight/verdict"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Source is where traces live: Yagura's own store, or another's. Its methods are called at
// the same time and end when ctx does.
type Source interface {
	// Trace gives the spans of a trace, at most limit; none if it is not known.
	Trace(ctx context.Context, id telemetry.TraceID, limit int) (spans []telemetry.Span, more bool, err error)
	// Logs gives the logs of a trace, at most limit.
	Logs(ctx context.Context, id telemetry.TraceID, limit int) (logs []telemetry.Log, more bool, err error)
	// Usual tells what the operations of a service took before at.
	Usual(ctx context.Context, q UsualQuery) (verdict.Baseline, error)
	// Lacks says what this source cannot tell at all, in words that follow "could not be
	// read:"; it is said in every answer.
	Lacks() []i18n.Text
}

// UsualQuery asks for what is usual of one service's endpoints and calls.
type UsualQuery struct {
	Service, Env string
	At           int64 // Unix ns of the request
	Endpoints    []string
	Calls        []verdict.CallKey
}

// Neighbours is what a Source may tell besides: of the requests around one.
type Neighbours interface {
	// Similar counts the requests that went the same way.
	Similar(ctx context.Context, q SimilarQuery) (*verdict.Similar, error)
	// Contrast compares those with the others.
	Contrast(ctx context.Context, q SimilarQuery) ([]telemetry.Difference, verdict.Versus, error)
	// Beside gives spans of other traces that wrote to the same peer at the same time.
	Beside(ctx context.Context, s *telemetry.Span) ([]telemetry.Span, error)
}

// SimilarQuery says which requests are similar: those of an endpoint that failed, failed
// with the same error, or took longer than Than.
type SimilarQuery struct {
	Service, Env, Endpoint string
	At                     int64
	Slow                   bool
	Than                   int64
	Group                  telemetry.ShapeID
}
