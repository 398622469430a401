package app

import (
	"bytes"
	"context"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/ingest"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// openReceivers begins to take telemetry. It is the last step: what it lets in needs
// all others.
func (a *App) openReceivers(ctx, _ context.Context) error {
	if err := a.ingest.Start(ctx); err != nil {
		if fault.Of(err).Code != fault.Internal {
			return err // it says which address, and why
		}
		return cannotListen("otlp", a.Config.OTLP.GRPC+", "+a.Config.OTLP.HTTP, err)
	}
	a.open.Store(true)
	a.onClose("receivers", func(ctx context.Context) error {
		a.open.Store(false)
		return a.ingest.Stop(ctx)
	})
	return nil
}

// openIngest makes the way in, closed yet.
func (a *App) openIngest(_, _ context.Context) (err error) {
	c := a.Config
	var auth func(ctx context.Context, token string) error
	if c.OTLP.Auth != "none" {
		auth = func(ctx context.Context, token string) error {
			_, err := a.people.CheckIngestToken(ctx, token)
			return err
		}
	}
	rules := make([]ingest.Rule, 0, len(c.Redaction.Rules))
	for _, r := range c.Redaction.Rules {
		rules = append(rules, ingest.Rule{ID: r.ID, Keys: r.Keys, Pattern: r.Pattern})
	}
	a.tail = &ingest.TailHub{}
	a.ingest, err = ingest.New(ingest.Options{
		GRPC: c.OTLP.GRPC, HTTP: c.OTLP.HTTP, CORSOrigins: c.OTLP.CORS, TLS: a.tls.otlp,
		Codec: a.store, Auth: auth, AuthOptional: !a.TokenNeeded(), Tail: a.tail,
		// The log keeps the frame until it is stored; the receiver uses its buffer again.
		Append: func(ctx context.Context, signal telemetry.Signal, frame []byte, rows int) error {
			return a.wal.Append(ctx, signal, bytes.Clone(frame), rows)
		},
		Limits: ingest.Limits{
			RequestBytes: int(c.Limits.RequestBytes), InflightBytes: int(c.Limits.InflightBytes), Requests: c.Limits.ConcurrentRequests,
			Services: c.Limits.Services, Attributes: c.Limits.Attributes, ValueBytes: int(c.Limits.AttributeBytes),
			BodyBytes: int(c.Limits.BodyBytes), Future: c.Limits.Future.D(), Past: max(c.Retention.Logs, c.Retention.Spans).D(),
			MetricsPast: a.MetricsPast,
		},
		Redaction: ingest.Redaction{NoDefaults: c.Redaction.DisableDefaults, Disable: c.Redaction.Disable, Rules: rules, Keep: c.Redaction.Keep},
		Clock:     a.Clock, IDs: id.NewSequenceIn(a.Clock, a.place()), Log: a.Log.With("room", "ingest"),
	})
	return err
}
