package catalog

import (
	"context"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// MaxSteps is how many points a sparkline may have.
const MaxSteps = 200

// Reader is the part of telemetry.Reader that tells of services.
type Reader interface {
	Services(ctx context.Context, r telemetry.Range, env string, steps int) ([]telemetry.ServiceStat, error)
	Environments(ctx context.Context, r telemetry.Range) ([]string, error)
}

// Service answers what services and environments there are.
type Service struct {
	reader Reader
	clock  clock.Clock
}

// NewService makes the service.
func NewService(r Reader, c clock.Clock) *Service { return &Service{reader: r, clock: c} }

// Services lists the services that sent anything in the range, the one that hurts users
// most first.
func (s *Service) Services(ctx context.Context, r telemetry.Range, env string, steps int) ([]telemetry.ServiceStat, error) {
	if err := check(r); err != nil {
		return nil, err
	}
	stats, err := s.reader.Services(ctx, r, env, min(max(steps, 1), MaxSteps))
	if err != nil {
		return nil, err
	}
	Rank(stats)
	return stats, nil
}

// Environments lists the environments that were seen in the range, sorted.
func (s *Service) Environments(ctx context.Context, r telemetry.Range) ([]string, error) {
	if err := check(r); err != nil {
		return nil, err
	}
	return s.reader.Environments(ctx, r)
}

func check(r telemetry.Range) error {
	if r.From.Before(r.To) {
		return nil
	}
	return fault.Field("from", i18n.T("from must be earlier than to.", "from は to より前の時刻にしてください。"))
}
