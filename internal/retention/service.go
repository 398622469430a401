package retention

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Store is the part of the telemetry store that keeps days.
type Store interface {
	telemetry.Keeper
	Storage(ctx context.Context) ([]telemetry.DayStorage, error)
	Thinned(ctx context.Context, signal telemetry.Signal, r telemetry.Range, service, env string) (telemetry.Thinned, error)
}

// MetricStore is what is known of the store of metrics.
type MetricStore struct {
	Elsewhere bool // another server keeps metrics, as long as its own settings say
	Bytes     uint64
	Oldest    time.Time // zero without any
}

// Metrics tells of the store of metrics, and sets how long it keeps samples.
type Metrics interface {
	Store(ctx context.Context) (MetricStore, error)
	Retain(ctx context.Context, keep time.Duration) error
	// Exemplars are the traces that exemplars of a range point to.
	Exemplars(ctx context.Context, r telemetry.Range) ([]telemetry.TraceID, error)
}

// Auditor writes the audit within a transaction.
type Auditor interface {
	Audit(ctx context.Context, tx *sqldb.Tx, action, subjectID, subjectName string, before, after any) error
}

// Options are what the room stands on. All are needed.
type Options struct {
	DB       *sqldb.DB
	Store    Store
	Metrics  Metrics
	Audit    Auditor
	Clock    clock.Clock
	Log      *slog.Logger
	Defaults Defaults
	// Disk is what is free of the disk that the rows lie on, and how large it is; zero when
	// another server keeps them.
	Disk func() (free, total uint64)
	// Still runs what changes rows when no backup freezes them.
	Still func(ctx context.Context, f func() error) error
	// Archive is where days go before they are thinned or dropped.
	Archive Archive
}

// Service keeps the rules and does what they say.
type Service struct {
	Options
	mu sync.Mutex // guards what follows
	// seen is when a day was first found to be due.
	seen map[string]time.Time
	// settled are days that were found to be as the rules want them: what they were then.
	settled map[string]settledDay
	facts   Facts
	factsAt time.Time
	working Work
}

// Work is what the job is at; the zero value is nothing.
type Work struct {
	Day    string
	Signal telemetry.Signal
	Drop   bool
	Since  time.Time
}

// New makes the service. Its tables must have been migrated.
func New(opt Options) *Service {
	return &Service{Options: opt, seen: map[string]time.Time{}, settled: map[string]settledDay{}}
}

// Rules gives all rules that hold: the defaults first.
func (s *Service) Rules(ctx context.Context) (rs Rules, err error) {
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error { rs, err = s.rules(tx); return err })
	return rs, err
}

func (s *Service) rules(tx *sqldb.Tx) (Rules, error) {
	rs := s.Defaults.rules()
	saved, err := listRules(tx)
	for _, r := range saved {
		rs = rs.with(r)
	}
	return rs.sorted(), err
}

// Change is what is done to a rule; what is nil stays.
type Change struct {
	Service, Env               *string
	WholeDays, ThinDays, OneIn *int
}

func (c Change) apply(r Rule) (Rule, error) {
	service, env := c.Service != nil && *c.Service != r.Service, c.Env != nil && *c.Env != r.Env
	if isDefaultID(r.ID) && (service || env) {
		field := "service"
		if !service {
			field = "env"
		}
		return r, fault.Field(field, i18n.T("What a default is for stays. Add a rule of its own for a service or an environment.",
			"既定のルールの対象は変更できません。個別に指定する場合はルールを追加してください。"))
	}
	set(&r.Service, c.Service)
	set(&r.Env, c.Env)
	set(&r.WholeDays, c.WholeDays)
	set(&r.ThinDays, c.ThinDays)
	set(&r.OneIn, c.OneIn)
	return r, r.validate()
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// Add saves a new rule, for a service, an environment or both.
func (s *Service) Add(ctx context.Context, r Rule) (Rule, error) {
	if err := authz.Can(ctx, authz.RetentionWrite); err != nil {
		return r, err
	}
	r.ID, r.ChangedAt, r.ChangedBy = id.New(), s.Clock.Now(), authz.From(ctx).Name
	if err := r.validate(); err != nil {
		return r, err
	}
	if r.IsDefault() {
		return r, fault.Field("service", i18n.T("Name a service or an environment. What holds for all of them is the default: change that.",
			"サービスまたは環境を指定してください。全体に適用する場合は既定のルールを変更してください。"))
	}
	err := s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		all, err := s.rules(tx)
		if err != nil {
			return err
		}
		if len(all) >= maxRules {
			return fault.New(fault.TooLarge, i18n.F("There are %d rules. Delete some that are no longer needed.", "ルールが %d 件あります。不要なものを削除してください。", len(all)))
		}
		if err := putRule(tx, r); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "retention.create", r.ID, r.name(), nil, auditOf(r))
	})
	s.changed()
	return r, err
}

// Update changes a rule. check may refuse the state that it would change.
func (s *Service) Update(ctx context.Context, ruleID string, c Change, check func(Rule) error) (is Rule, err error) {
	if err := authz.Can(ctx, authz.RetentionWrite); err != nil {
		return is, err
	}
	err = s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := s.rule(tx, ruleID)
		if err != nil {
			return err
		}
		if err := check(was); err != nil {
			return err
		}
		if is, err = c.apply(was); err != nil {
			return err
		}
		if is.IsDefault() != was.IsDefault() {
			return fault.Field("service", i18n.T("Name a service or an environment.", "サービスまたは環境を指定してください。"))
		}
		is.ChangedAt, is.ChangedBy = s.Clock.Now(), authz.From(ctx).Name
		if err := putRule(tx, is); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "retention.update", is.ID, is.name(), auditOf(was), auditOf(is))
	})
	s.changed()
	return is, err
}

// Remove deletes a rule; of a default, what was saved over the configuration.
func (s *Service) Remove(ctx context.Context, ruleID string) error {
	if err := authz.Can(ctx, authz.RetentionWrite); err != nil {
		return err
	}
	err := s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := s.rule(tx, ruleID)
		if err != nil {
			return err
		}
		if err := deleteRule(tx, ruleID); err != nil {
			return err
		}
		return s.Audit.Audit(ctx, tx, "retention.delete", was.ID, was.name(), auditOf(was), nil)
	})
	s.changed()
	return err
}

// Rule gives one rule.
func (s *Service) Rule(ctx context.Context, ruleID string) (r Rule, err error) {
	err = s.DB.Read(ctx, func(tx *sqldb.Tx) error { r, err = s.rule(tx, ruleID); return err })
	return r, err
}

func (s *Service) rule(tx *sqldb.Tx, ruleID string) (Rule, error) {
	all, err := s.rules(tx)
	if err != nil {
		return Rule{}, err
	}
	for _, r := range all {
		if r.ID == ruleID {
			return r, nil
		}
	}
	return Rule{}, fault.New(fault.NotFound, i18n.F("There is no rule %q.", "ルール %q はありません。", ruleID))
}

func (s *Service) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = map[string]settledDay{}
}

// name is what a rule is called in the audit.
func (r Rule) name() string {
	switch {
	case r.IsDefault():
		return r.Signal.String()
	case r.Env == "":
		return r.Signal.String() + " " + r.Service
	case r.Service == "":
		return r.Signal.String() + " (" + r.Env + ")"
	}
	return r.Signal.String() + " " + r.Service + " (" + r.Env + ")"
}

func auditOf(r Rule) any {
	return struct {
		Signal    string `json:"signal"`
		Service   string `json:"service,omitempty"`
		Env       string `json:"env,omitempty"`
		WholeDays int    `json:"whole_days"`
		ThinDays  int    `json:"thin_days"`
		OneIn     int    `json:"one_in"`
	}{r.Signal.String(), r.Service, r.Env, r.WholeDays, r.ThinDays, r.OneIn}
}

// factsFor is how long facts are good for: reading them looks at weeks.
const factsFor = 10 * time.Second

// Facts are what there is now, at most factsFor old.
func (s *Service) Facts(ctx context.Context) (Facts, error) {
	now := s.Clock.Now()
	s.mu.Lock()
	f, at := s.facts, s.factsAt
	s.mu.Unlock()
	if !at.IsZero() && now.Sub(at) < factsFor && !now.Before(at) {
		return f, nil
	}
	f = Facts{Now: now}
	var err error
	if f.Days, err = s.Store.Storage(ctx); err != nil {
		return f, err
	}
	attached, err := s.Archive.Rows.AttachedDays(ctx)
	if err != nil {
		return f, err
	}
	// What was brought back is there for a while, whatever the rules say.
	f.Days = slices.DeleteFunc(f.Days, func(d telemetry.DayStorage) bool {
		return slices.ContainsFunc(attached, func(a telemetry.AttachedDay) bool { return a.Day == d.Day && a.Signal == d.Signal })
	})
	oldest := now.UTC().Format(time.DateOnly)
	for _, d := range f.Days {
		oldest = min(oldest, d.Day)
	}
	// Rows with a time of long ago are few: figures of so many days are not summed up for them.
	oldest = max(oldest, now.UTC().AddDate(0, 0, -MaxDays).Format(time.DateOnly))
	if f.Arrived, err = s.Store.Arrived(ctx, oldest); err != nil {
		return f, err
	}
	if f.Notes, err = s.Store.KeptDays(ctx, oldest); err != nil {
		return f, err
	}
	if err := s.DB.Read(ctx, func(tx *sqldb.Tx) error { f.Measure, err = listMeasures(tx); return err }); err != nil {
		return f, err
	}
	s.mu.Lock()
	s.facts, s.factsAt = f, now
	s.mu.Unlock()
	return f, nil
}

// Preview says what would be taken away of what is stored now, with a rule changed, added
// or, when c is nil, deleted.
func (s *Service) Preview(ctx context.Context, rule Rule, c *Change) ([]Effect, map[string]Forecast, Rules, error) {
	rs, err := s.Rules(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	switch {
	case rule.ID == "": // a new one
		rule.ID = "new"
		if err := rule.validate(); err != nil {
			return nil, nil, nil, err
		}
		rs = rs.with(rule)
	case c != nil:
		was, err := s.Rule(ctx, rule.ID)
		if err != nil {
			return nil, nil, nil, err
		}
		if rule, err = c.apply(was); err != nil {
			return nil, nil, nil, err
		}
		rs = rs.with(rule)
	default:
		var left Rules
		for _, r := range rs {
			if r.ID != rule.ID {
				left = append(left, r)
			}
		}
		for _, d := range s.Defaults.rules() {
			if d.ID == rule.ID {
				left = append(left, d)
			}
		}
		rs = left
	}
	f, err := s.Facts(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	return rs.effects(f), rs.forecasts(f), rs, nil
}

// Working is what the job is at in this process.
func (s *Service) Working() Work {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.working
}
