package clickhouse

import (
	"testing"

	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

func TestStore(t *testing.T) {
	telemetrytest.Run(t, func(t *testing.T) telemetrytest.Store { return newStore(t) })
}
