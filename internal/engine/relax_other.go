//go:build !linux

package engine

import (
	"context"
	"log/slog"

	"github.com/yagura-sre/yagura/internal/clock"
)

func relax(context.Context, clock.Clock, string, *slog.Logger) {}
