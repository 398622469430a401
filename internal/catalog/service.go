package catalog

import (
	"context"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Reader is the part of the telemetry store that tells of services.
type Reader interface {
	telemetry.DerivedReader
	Environments(ctx context.Context, r telemetry.Range) ([]string, error)
}

// Service answers what services and environments there are, and how they do.
type Service struct {
	reader Reader
	clock  clock.Clock
	owners OwnerOf
}

// OwnerOf says whose a service is.
type OwnerOf interface {
	Of(ctx context.Context, service string) (Owner, error)
}

// WithOwners lets the page of a service say whose it is.
func (s *Service) WithOwners(o OwnerOf) *Service {
	s.owners = o
	return s
}

// NewService makes the service.
func NewService(r Reader, c clock.Clock) *Service { return &Service{reader: r, clock: c} }

// Services lists the services that sent anything in the range, the one that hurts users
// most first.
func (s *Service) Services(ctx context.Context, q telemetry.DerivedQuery) ([]telemetry.ServiceFigures, telemetry.Derived, error) {
	if err := q.Check(); err != nil {
		return nil, telemetry.Derived{}, err
	}
	stats, d, err := s.reader.ServiceFigures(ctx, q)
	if err != nil {
		return nil, d, err
	}
	Rank(stats)
	return stats, d, nil
}

// Calls lists what services do at databases, other services, hosts and queues.
func (s *Service) Calls(ctx context.Context, q telemetry.CallQuery) ([]telemetry.Call, telemetry.Derived, error) {
	if err := q.Check(); err != nil {
		return nil, telemetry.Derived{}, err
	}
	return s.reader.Calls(ctx, q)
}

// Environments lists the environments that were seen in the range, sorted.
func (s *Service) Environments(ctx context.Context, r telemetry.Range) ([]string, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	return s.reader.Environments(ctx, r)
}
