package timeline

import (
	"context"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// MaxLimit is how many events a page may have.
const MaxLimit = 1000

// Service reads the record.
type Service struct {
	db    *sqldb.DB
	clock clock.Clock
}

// NewService makes the service. Its table must have been migrated.
func NewService(db *sqldb.DB, c clock.Clock) *Service { return &Service{db, c} }

// Events gives a page of the record and the place behind which the next one begins; nil
// when there is none.
func (s *Service) Events(ctx context.Context, q Query) (events []Event, next *Place, err error) {
	if !q.From.Before(q.To) {
		return nil, nil, fault.Field("from", i18n.T("from must be earlier than to.", "from は to より前の時刻にしてください。"))
	}
	q.Limit = min(max(q.Limit, 1), MaxLimit)
	err = s.db.Read(ctx, func(tx *sqldb.Tx) error {
		var more bool
		events, more, err = list(tx, q)
		if more {
			p := events[len(events)-1].place()
			next = &p
		}
		return err
	})
	return events, next, err
}
