package engine

import (
	"context"
	"time"
)

// StartHurried is Start with a supervisor that loses patience soon.
func StartHurried(ctx context.Context, opt Options) (*Supervisor, error) {
	p := defaultPace
	p.pingReady, p.pingTimeout, p.pingMisses, p.ranWell = 50*time.Millisecond, 200*time.Millisecond, 3, time.Second
	return start(ctx, opt, p)
}
