package self

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/bridges/otelslog"

	"github.com/yagura-sre/yagura/internal/clock"
)

// maxRecords is how many log records a window takes; further ones are on standard error
// alone.
const (
	maxRecords   = 200
	recordWindow = 10 * time.Second
)

// Log is to, and takes a copy of what is logged there.
func (s *Self) Log(to slog.Handler) slog.Handler {
	if s == nil || s.logs == nil {
		return to
	}
	return tee{to: to, own: otelslog.NewHandler("yagura", otelslog.WithLoggerProvider(s.logs)), level: s.opt.Level, pace: &pace{clock: s.opt.Clock}}
}

type tee struct {
	to, own slog.Handler
	level   slog.Level
	pace    *pace
}

// Enabled is slog.Handler's.
func (t tee) Enabled(ctx context.Context, l slog.Level) bool { return t.to.Enabled(ctx, l) }

// Handle is slog.Handler's.
func (t tee) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= t.level && t.pace.take() {
		_ = t.own.Handle(ctx, r.Clone()) // it only queues
	}
	return t.to.Handle(ctx, r)
}

// WithAttrs is slog.Handler's.
func (t tee) WithAttrs(attrs []slog.Attr) slog.Handler {
	t.to, t.own = t.to.WithAttrs(attrs), t.own.WithAttrs(attrs)
	return t
}

// WithGroup is slog.Handler's.
func (t tee) WithGroup(name string) slog.Handler {
	t.to, t.own = t.to.WithGroup(name), t.own.WithGroup(name)
	return t
}

// pace bounds records in a window of time.
type pace struct {
	clock clock.Clock
	mu    sync.Mutex
	begun time.Time
	n     int
}

func (p *pace) take() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.clock.Now(); now.Sub(p.begun) >= recordWindow {
		p.begun, p.n = now, 0
	}
	p.n++
	return p.n <= maxRecords
}
