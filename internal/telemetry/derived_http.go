package telemetry

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
)

// RebuildBody asks for a rebuilding.
type RebuildBody struct {
	From    string   `json:"from" maxLength:"64" doc:"Begin of the range: RFC 3339, or relative to now (-7d). It is widened to whole hours." example:"-24h"`
	To      string   `json:"to,omitempty" maxLength:"64" doc:"End of the range, excluded; now when missing."`
	What    []string `json:"what,omitempty" maxItems:"4" enum:"requests,errors,patterns,instances" doc:"Which figures; all when missing."`
	Reshape bool     `json:"reshape,omitempty" doc:"Work statements, patterns, peers and groups of errors out of the rows once more."`
}

// RebuildView is where a rebuilding stands.
type RebuildView struct {
	ID        string     `json:"id"`
	From      time.Time  `json:"from"`
	To        time.Time  `json:"to"`
	What      []string   `json:"what"`
	Reshape   bool       `json:"reshape"`
	Backfill  bool       `json:"backfill" doc:"Nobody asked for it: it derives what was stored before there were figures, once."`
	Done      float64    `json:"done" minimum:"0" maximum:"1"`
	Rows      uint64     `json:"rows" doc:"That were read."`
	Started   time.Time  `json:"started"`
	Updated   time.Time  `json:"updated"`
	Finished  *time.Time `json:"finished,omitempty" doc:"Missing while it runs or waits."`
	Cancelled bool       `json:"cancelled"`
	Error     string     `json:"error" doc:"Of the last attempt; it is tried again unless it is finished."`
}

func newRebuildView(r RebuildState) RebuildView {
	v := RebuildView{ID: r.ID, From: r.From, To: r.To, What: []string{}, Reshape: r.Reshape, Backfill: r.Backfill, Done: r.Done, Rows: r.Rows,
		Started: r.Started, Updated: r.Updated, Cancelled: r.Cancelled, Error: r.Error}
	for _, d := range r.What {
		v.What = append(v.What, string(d))
	}
	if !r.Finished.IsZero() {
		v.Finished = &r.Finished
	}
	return v
}

// RegisterRebuilds adds the operations on rebuildings. begun is called when one is planned,
// so that it need not wait for its turn.
func RegisterRebuilds(a *api.API, r Rebuilder, c clock.Clock, begun func(context.Context)) {
	const tag = "status"
	api.Register(a, api.Op{
		ID: "list-rebuilds", Method: http.MethodGet, Path: "/rebuilds", Tag: tag, Permission: authz.StatusRead,
		Summary:     "How far rebuildings of figures are",
		Description: "Those that run or wait first, then the last that ended; at most 20.",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[api.List[RebuildView]], error) {
		all, err := r.Rebuilds(ctx)
		if err != nil {
			return nil, err
		}
		items := make([]RebuildView, len(all))
		for i := range all {
			items[i] = newRebuildView(all[i])
		}
		return api.OK(api.ListOf(items, "")), nil
	})

	api.Register(a, api.Op{
		ID: "start-rebuild", Method: http.MethodPost, Path: "/rebuilds", Tag: tag, Permission: authz.JobsRun, Status: http.StatusAccepted,
		Summary:     "Compute the figures of a range anew from its rows",
		Description: "It goes hour by hour, the newest first, in the background; list-rebuilds says how far it is. Rows may arrive meanwhile: none is lost or counted twice. What arrived in the last quarter of an hour or so is left as it was counted.",
	}, func(ctx context.Context, in *struct{ Body RebuildBody }) (*api.Out[RebuildView], error) {
		from, to, err := api.RangeParams{From: in.Body.From, To: in.Body.To}.Range(c)
		if err != nil {
			return nil, err
		}
		spec := RebuildSpec{Range: Range{From: from, To: to}, Reshape: in.Body.Reshape}
		for _, w := range in.Body.What {
			spec.What = append(spec.What, Derivation(w))
		}
		state, err := r.Rebuild(ctx, spec)
		if err != nil {
			return nil, err
		}
		begun(ctx)
		return api.OK(newRebuildView(state)), nil
	})

	api.Register(a, api.Op{
		ID: "cancel-rebuild", Method: http.MethodDelete, Path: "/rebuilds/{id}", Tag: tag, Permission: authz.JobsRun,
		Summary: "Stop a rebuilding after the hour that it is at", Description: "What is done stays done.",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"64"`
	}) (*struct{}, error) {
		return nil, r.CancelRebuild(ctx, in.ID)
	})
}
