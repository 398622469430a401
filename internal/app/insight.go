package app

import (
	"context"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/insight/explain"
	"github.com/yagura-sre/yagura/internal/insight/verdict"
	"github.com/yagura-sre/yagura/internal/timeline"
)

// explain is what requests are explained with: the rows and figures that whoever asks may
// see, the timeline and the owners.
func (a *App) explain() *explain.Service {
	return explain.New(explain.Options{
		Source:  &explain.Store{Reader: a.seen(), Figures: a.figures()},
		Records: records{a}, Clock: a.Clock,
	})
}

// records are what is known of services beside their telemetry.
type records struct{ a *App }

// Changes implements explain.Records. Who sees some services only is told of none: the
// timeline is not narrowed.
func (r records) Changes(ctx context.Context, env string, from, to time.Time) (out []verdict.Change, err error) {
	if err := authz.Can(ctx, authz.TelemetryRead); err != nil {
		return nil, err
	}
	events, _, err := r.a.history.Events(ctx, timeline.Query{From: from, To: to, Env: env, Limit: 200})
	for _, e := range events {
		out = append(out, verdict.Change{
			Kind: string(e.Kind), At: e.At.UnixNano(), Service: e.Service, Title: e.Title, Link: e.Link,
			Ongoing: e.Open || e.Until.After(to),
		})
	}
	return out, err
}

// Owners implements explain.Records.
func (r records) Owners(ctx context.Context) (map[string]verdict.Owner, error) {
	list, err := r.a.owners.List(ctx)
	out := make(map[string]verdict.Owner, len(list))
	for _, o := range list {
		if o.TeamFrom != "" {
			out[o.Service] = verdict.Owner{Team: o.Team.Name, Product: o.Product.Name}
		}
	}
	return out, err
}
