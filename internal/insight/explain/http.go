package explain

import (
	"context"
	"net/http"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/insight"
)

// Register adds the room's operations.
func Register(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "get-trace-verdict", Method: http.MethodGet, Path: "/traces/{trace_id}/verdict", Tag: "traces", Permission: authz.TelemetryReadOwn,
		Summary: "What happened to a request, and why",
		Description: "Sentences from the facts alone, each citing the spans and logs that it rests on: what happened to whom, the cause, what is usual, " +
			"whether it is alone, what changed, what to do next, and what the evidence does not say. The same facts give the same answer. " +
			"What could not be read within five seconds is named.",
	}, func(ctx context.Context, in *insight.TraceParam) (*api.Out[VerdictView], error) {
		v, err := s.Explain(ctx, in.TraceID)
		if err != nil {
			return nil, err
		}
		return api.OK(View(v, api.Lang(ctx))), nil
	})
}
