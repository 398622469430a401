package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/job"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// State is what became of a delivery.
type State string

// The states. Sending may be one whose process died: it is sent again.
const (
	Queued  State = "queued"
	Sending State = "sending"
	Sent    State = "sent"
	Dead    State = "dead" // it can never arrive, or did not for too long
)

// Delivery is a message on its way to a destination.
type Delivery struct {
	ID, Destination, Key, Kind string
	Message                    Message
	State                      State
	Attempts                   int64
	Error                      i18n.Text // of the last attempt
	Created, Due, Tried, Sent  time.Time

	seq, claim          int64
	claimedUntil, since time.Time
}

// Auditor writes who changed what, in the transaction of the change.
type Auditor interface {
	Audit(ctx context.Context, tx *sqldb.Tx, action, subjectID, subjectName string, before, after any) error
}

// Guard makes connections to addresses that people typed.
type Guard interface {
	Checker
	Client() *http.Client
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Options are what the service stands on. DB, Secrets, Audit and Guard are required.
type Options struct {
	DB      *sqldb.DB
	Clock   clock.Clock
	Log     *slog.Logger
	Secrets Secrets
	Audit   Auditor
	Guard   Guard
	// BaseURL is where people open the UI; links of messages are made whole with it.
	BaseURL func() string
	// TLS is for mail servers: whose certificates are believed; nil is the machine's.
	TLS *tls.Config
	// Patience is how long a message is tried before it is dead; 24 h.
	Patience time.Duration
}

// Service keeps destinations and brings messages to them.
type Service struct {
	Options
	senders map[Kind]sender
	wake    chan struct{}
	now     func(*sqldb.Tx) (time.Time, error) // the database's; tests put their own in
}

// sender brings one message to one destination. It is given the secrets that the
// destination names, resolved. Its error is a fault; one that is no good to repeat is
// permanent.
type sender func(ctx context.Context, d Destination, dl Delivery, secret func(ref string) (string, error)) error

// New makes the service. Its tables must have been migrated.
func New(opt Options) *Service {
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.BaseURL == nil {
		opt.BaseURL = func() string { return "" }
	}
	if opt.Patience == 0 {
		opt.Patience = 24 * time.Hour
	}
	s := &Service{Options: opt, wake: make(chan struct{}, 1)}
	s.now = func(tx *sqldb.Tx) (time.Time, error) { return job.Now(tx, opt.Clock) }
	// The list of channels: a new one is a file and a line here.
	s.senders = map[Kind]sender{Slack: s.sendSlack, Email: s.sendMail, Webhook: s.sendWebhook}
	return s
}

// Enqueue puts a message into the outbox, within the transaction of what it tells of. The
// same key is enqueued once for a destination; one that is not in use takes nothing. Wake
// makes the dispatcher look at once, after the transaction.
func (s *Service) Enqueue(tx *sqldb.Tx, destination string, m Message) error {
	if err := m.validate(); err != nil {
		return err
	}
	now, err := s.now(tx)
	if err != nil {
		return err
	}
	seq, ok, err := nextSeq(tx, destination)
	if err != nil || !ok {
		return err
	}
	return insertDelivery(tx, Delivery{ID: id.New(), Destination: destination, Key: m.Key, Kind: m.Kind, Message: m, Created: now, seq: seq})
}

// Wake makes the dispatcher of this process look now. Without it, it looks every second.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake
	}
}

// Destinations lists them, oldest first.
func (s *Service) Destinations(ctx context.Context) (all []Destination, counts map[string]map[State]int, err error) {
	if err := authz.Can(ctx, authz.NotifyRead); err != nil {
		return nil, nil, err
	}
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error {
		if all, err = listDestinations(tx); err != nil {
			return err
		}
		counts, err = countByState(tx)
		return err
	})
	return all, counts, err
}

// Destination finds one.
func (s *Service) Destination(ctx context.Context, destinationID string) (d Destination, err error) {
	if err := authz.Can(ctx, authz.NotifyRead); err != nil {
		return d, err
	}
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error { d, err = destinationByID(tx, destinationID); return err })
	return d, err
}

// Put adds a destination, or replaces the one of its id. Check sees that one as it is now,
// and may refuse.
func (s *Service) Put(ctx context.Context, d Destination, check func(Destination) error) (Destination, error) {
	if err := authz.Can(ctx, authz.NotifyWrite); err != nil {
		return d, err
	}
	if err := d.validate(s.Secrets, s.Guard); err != nil {
		return d, err
	}
	isNew := d.ID == ""
	if isNew {
		d.ID, d.Created = id.New(), s.Clock.Now()
	}
	return d, s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		var before any
		action := "notify_destination.create"
		if !isNew {
			was, err := destinationByID(tx, d.ID)
			if err != nil {
				return err
			}
			if err := check(was); err != nil {
				return err
			}
			if was.Kind != d.Kind {
				return fault.Field("kind", i18n.T("The kind of a destination stays. Make a new one.", "通知先の種類は変更できません。新しく作成してください。"))
			}
			d.Created, before, action = was.Created, was.state(), "notify_destination.update"
		}
		if err := putDestination(tx, d); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, action, d.ID, d.Name, before, d.state())
	})
}

// Remove removes a destination and what is on its way there.
func (s *Service) Remove(ctx context.Context, destinationID string) error {
	if err := authz.Can(ctx, authz.NotifyWrite); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := destinationByID(tx, destinationID)
		if err != nil {
			return err
		}
		if err := deleteDestination(tx, destinationID); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "notify_destination.delete", was.ID, was.Name, was.state(), nil)
	})
}

// Test sends a test message now, past the outbox, and says how it went.
func (s *Service) Test(ctx context.Context, destinationID string) (took time.Duration, err error) {
	if err := authz.Can(ctx, authz.NotifyWrite); err != nil {
		return 0, err
	}
	var d Destination
	if err := s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if d, err = destinationByID(tx, destinationID); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "notify_destination.test", d.ID, d.Name, nil, nil)
	}); err != nil {
		return 0, err
	}
	now := s.Clock.Now()
	dl := Delivery{ID: id.New(), Destination: d.ID, Kind: "test", Created: now, Message: Message{
		Kind: "test", Key: "test", Severity: Info, Time: now,
		Title: i18n.F("Test message to %s", "「%s」へのテスト通知", d.Name),
		Text: i18n.T("If you can read this, notifications from Yagura arrive here. Nothing needs to be done.",
			"このメッセージが届いていれば、Yagura からの通知設定は正常です。対応は不要です。"),
		Fields: []Field{{i18n.T("Sent by", "送信者"), i18n.T(authz.From(ctx).Name, authz.From(ctx).Name)}},
		Links:  []Link{{i18n.T("Open the settings", "設定を開く"), "/settings/notifications"}},
	}}
	err = s.send(ctx, d, dl)
	return max(clock.Since(s.Clock, now), 1), err
}

// DeliveryQuery selects deliveries.
type DeliveryQuery struct {
	Destination string
	State       State
	After       Cursor
	Limit       int
}

// Deliveries gives a page, newest first.
func (s *Service) Deliveries(ctx context.Context, q DeliveryQuery) (all []Delivery, next *Cursor, err error) {
	if err := authz.Can(ctx, authz.NotifyRead); err != nil {
		return nil, nil, err
	}
	q.Limit = min(max(q.Limit, 1), 500)
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error {
		var more bool
		all, more, err = listDeliveries(tx, q)
		if more {
			last := all[len(all)-1]
			next = &Cursor{sqldb.Nanos(last.Created), last.ID}
		}
		return err
	})
	return all, next, err
}

// Again puts a delivery that is done with, sent or dead, at the end of its destination's
// queue.
func (s *Service) Again(ctx context.Context, deliveryID string) (d Delivery, err error) {
	if err := authz.Can(ctx, authz.NotifyWrite); err != nil {
		return d, err
	}
	err = s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if d, err = deliveryByID(tx, deliveryID); err != nil {
			return err
		}
		if d.State != Dead && d.State != Sent {
			return fault.New(fault.Conflict, i18n.T("This message is still being delivered.", "このメッセージは現在配信中です。"))
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		seq, ok, err := nextSeq(tx, d.Destination)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Conflict, i18n.T("The destination is switched off.", "通知先が無効になっています。"))
		}
		d.seq, d.State, d.Due, d.since, d.claimedUntil = seq, Queued, now, now, time.Time{}
		if err := updateDelivery(tx, d); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "notify_delivery.again", d.ID, d.Message.Title.En, nil, nil)
	})
	if err == nil {
		s.Wake()
	}
	return d, err
}

// keepSent and keepDead are how long deliveries can be looked at.
const (
	keepSent = 30 * 24 * time.Hour
	keepDead = 90 * 24 * time.Hour
)

// Job removes deliveries that nobody looks at any more.
func (s *Service) Job() job.Spec {
	return job.Spec{
		Name: "notify.clean", Title: i18n.T("Remove old notifications", "古い通知の削除"), Every: 6 * time.Hour, Timeout: time.Minute,
		Run: func(ctx context.Context) error {
			return s.DB.Write(ctx, func(tx *sqldb.Tx) error {
				now, err := s.now(tx)
				if err != nil {
					return err
				}
				if _, err := deleteOld(tx, now.Add(-keepSent), now.Add(-keepDead)); err != nil {
					return err
				}
				return job.Hold(ctx, tx)
			})
		},
	}
}

// permanent marks an error that no repetition mends.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

func isPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}
