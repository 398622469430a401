package clickhouse

import (
	"context"
	"testing"

	ch "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

func TestStore(t *testing.T) {
	telemetrytest.Run(t, func(t *testing.T) telemetrytest.Store { return settling{newStore(t)} })
}

// settling is a store that builds its text index at once.
type settling struct{ *Store }

func (s settling) Settle(ctx context.Context) error {
	ctx = ch.Context(ctx, ch.WithSettings(ch.Settings{"mutations_sync": 1}))
	if err := s.admin.Exec(ctx, "OPTIMIZE TABLE "+s.opt.Database+".logs FINAL"); err != nil {
		return err
	}
	return s.admin.Exec(ctx, "ALTER TABLE "+s.opt.Database+".logs MATERIALIZE INDEX text_index")
}
