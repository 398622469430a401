package errorgroup

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Reader is the part of the telemetry store that tells of errors.
type Reader interface {
	Errors(ctx context.Context, q telemetry.ErrorQuery) ([]telemetry.ErrorFigures, telemetry.Derived, error)
	Versions(ctx context.Context, q telemetry.DerivedQuery) ([]telemetry.VersionFigures, telemetry.Derived, error)
	ReadLogs(ctx context.Context, q telemetry.PageQuery) ([]telemetry.Log, bool, error)
	ReadSpans(ctx context.Context, q telemetry.PageQuery) ([]telemetry.Span, bool, error)
}

// Directory knows people and teams: the name of one, or a fault that says there is none.
type Directory interface {
	AssigneeName(ctx context.Context, kind, id string) (string, error)
}

// Auditor writes the audit within a transaction.
type Auditor interface {
	Audit(ctx context.Context, tx *sqldb.Tx, action, subjectID, subjectName string, before, after any) error
}

// Options are what the room stands on.
type Options struct {
	DB        *sqldb.DB
	Reader    Reader
	Directory Directory
	Audit     Auditor
	Clock     clock.Clock
	Log       *slog.Logger
}

// Service is the inbox.
type Service struct {
	Options
	ids *id.Sequence
}

// NewService makes the service. Its tables must have been migrated.
func NewService(opt Options) *Service { return &Service{opt, id.NewSequence(opt.Clock)} }

// maxGroups is how many groups a list is made of.
const maxGroups = 1000

// Query selects groups.
type Query struct {
	telemetry.ErrorQuery
	Shows    []Shows // empty is all
	Text     string  // in type, message, frame or service; folded as words in filters are
	Assignee string  // the id of a user or team; "none" is nobody
}

// List is the inbox: the groups that were seen in the range, and, where resolved or ignored
// ones are asked for, those that were not.
type List struct {
	telemetry.Derived
	Groups []Group
	Counts map[Shows]int // of all that fit, whatever they show as
}

// Groups lists the inbox, the most urgent first.
func (s *Service) Groups(ctx context.Context, q Query) (l List, err error) {
	if err := q.Check(); err != nil {
		return l, err
	}
	limit := q.Limit
	q.Limit = maxGroups
	figures, derived, err := s.Reader.Errors(ctx, q.ErrorQuery)
	if err != nil {
		return l, err
	}
	l.Derived, l.Counts = derived, map[Shows]int{}
	var states map[Key]State
	if err := s.DB.Read(ctx, func(tx *sqldb.Tx) error { states, err = statesOf(tx, q.Service); return err }); err != nil {
		return l, err
	}
	now, seen := s.Clock.Now(), map[Key]bool{}
	add := func(g Group) {
		if !q.fits(g) {
			return
		}
		l.Counts[g.Shows]++
		if len(q.Shows) == 0 || slices.Contains(q.Shows, g.Shows) {
			l.Groups = append(l.Groups, g)
		}
	}
	for _, f := range figures {
		k := Key{f.Service, f.ID}
		seen[k] = true
		st, ok := states[k]
		if !ok {
			st = State{Key: k, Status: Open}
		}
		add(Group{f, st, judge(st, f, now)})
	}
	for k, st := range states {
		if !seen[k] && st.Status != Open && !q.New && q.Group == 0 {
			f := telemetry.ErrorFigures{Service: k.Service, ErrorKey: telemetry.ErrorKey{ID: k.Group, Type: st.Type, Message: st.Message, Frame: st.Frame}}
			add(Group{f, st, judge(st, f, now)})
		}
	}
	slices.SortFunc(l.Groups, urgent)
	if limit > 0 && len(l.Groups) > limit {
		l.Groups, l.More = l.Groups[:limit], true
	}
	return l, nil
}

func (q Query) fits(g Group) bool {
	switch q.Assignee {
	case "":
	case "none":
		if g.State.Assignee.ID != "" {
			return false
		}
	default:
		if g.State.Assignee.ID != q.Assignee {
			return false
		}
	}
	if q.Text == "" {
		return true
	}
	f := g.Figures
	return strings.Contains(filter.Fold(strings.Join([]string{f.Type, f.Message, f.Frame, f.Service}, "\x00")), filter.Fold(q.Text))
}

// urgent orders by what it shows as, then by the people hit, then by how often.
func urgent(a, b Group) int {
	return cmp.Or(
		cmp.Compare(slices.Index(AllShows, a.Shows), slices.Index(AllShows, b.Shows)),
		cmp.Compare(b.Figures.Users, a.Figures.Users),
		cmp.Compare(b.Figures.Count, a.Figures.Count),
		cmp.Compare(b.State.Since.UnixNano(), a.State.Since.UnixNano()),
		cmp.Compare(a.Figures.Service, b.Figures.Service),
		cmp.Compare(a.Figures.Env, b.Figures.Env),
		cmp.Compare(a.Figures.ID, b.Figures.ID),
	)
}

// Page is all that is known of one group.
type Page struct {
	telemetry.Derived
	Groups []Group // one for each environment that it was seen in; one at least
	Events []Event // newest first
	// Span or Log is the newest occurrence in the range, nil without one that is stored.
	Span *telemetry.Span
	Log  *telemetry.Log
}

// Page reads one group.
func (s *Service) Page(ctx context.Context, q telemetry.ErrorQuery) (*Page, error) {
	k := Key{q.Service, q.Group}
	figures, derived, err := s.Reader.Errors(ctx, q)
	if err != nil {
		return nil, err
	}
	p := &Page{Derived: derived}
	var st State
	if err := s.DB.Read(ctx, func(tx *sqldb.Tx) error {
		if st, err = stateOf(tx, k); err != nil {
			return err
		}
		p.Events, err = history(tx, k, 200)
		return err
	}); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	for _, f := range figures {
		p.Groups = append(p.Groups, Group{f, st, judge(st, f, now)})
	}
	if len(figures) == 0 {
		if !st.touched() {
			return nil, fault.New(fault.NotFound, i18n.F(
				"No error of group %s was seen in %q in this range. Choose a longer range, or another environment.",
				"この期間に %[2]q でエラーグループ %[1]s は発生していません。期間や環境を変えてください。", k.Group, k.Service))
		}
		f := telemetry.ErrorFigures{Service: k.Service, ErrorKey: telemetry.ErrorKey{ID: k.Group, Type: st.Type, Message: st.Message, Frame: st.Frame}}
		p.Groups = []Group{{f, st, judge(st, f, now)}}
		return p, nil
	}
	return p, s.example(ctx, q, p)
}

// example reads the newest occurrence: a span, for it has a trace with it, else a log.
func (s *Service) example(ctx context.Context, q telemetry.ErrorQuery, p *Page) error {
	page := telemetry.PageQuery{Limit: 1, Query: telemetry.Query{Range: q.Range, Env: q.Env, Filter: filter.And{Nodes: []filter.Node{
		filter.Compare{Key: "error_group", Value: q.Group.String()}, filter.Compare{Key: "service", Value: q.Service},
	}}}}
	spans, _, err := s.Reader.ReadSpans(ctx, page)
	if err != nil {
		return err
	}
	if len(spans) > 0 {
		p.Span = &spans[0]
		return nil
	}
	logs, _, err := s.Reader.ReadLogs(ctx, page)
	if len(logs) > 0 {
		p.Log = &logs[0]
	}
	return err
}

// Change is what a person does to a group; what is nil stays.
type Change struct {
	Status *Status
	// With Resolved: where it is mended, and in which version.
	Mended  Mended
	Version string
	// With Ignored: why, and until when; the zero time is for ever.
	Reason   string
	Until    time.Time
	Assignee *Assignee // its name is looked up; the zero value is nobody
	Note     string
}

func (c Change) validate(now time.Time) error {
	if utf8.RuneCountInString(c.Reason) > maxText || utf8.RuneCountInString(c.Note) > maxText {
		field := "note"
		if utf8.RuneCountInString(c.Reason) > maxText {
			field = "reason"
		}
		return fault.Field(field, i18n.F("At most %d characters.", "%d 文字以内で入力してください。", maxText))
	}
	if c.Status == nil {
		return nil
	}
	switch *c.Status {
	case Open:
	case Resolved:
		if !slices.Contains([]Mended{MendedNow, MendedNext, MendedIn}, c.Mended) {
			return fault.Field("mended", i18n.T("Say from where on it is mended: now, next or version.", "どこから修正済みとするかを now / next / version で指定してください。"))
		}
		if (c.Mended == MendedIn) != (c.Version != "") {
			return fault.Field("version", i18n.T("A version is given with mended: version, and only then.", "version は mended が version のときにだけ指定してください。"))
		}
	case Ignored:
		if strings.TrimSpace(c.Reason) == "" {
			return fault.Field("reason", i18n.T("Say in a line why it is ignored, so that nobody has to ask again.", "無視する理由を一行で書いてください。後から同じ確認をせずに済みます。"))
		}
		if !c.Until.IsZero() && !c.Until.After(now) {
			return fault.Field("until", i18n.T("until must lie in the future; leave it out to ignore for good.", "until には未来の時刻を指定してください。省略すると無期限に無視します。"))
		}
	default:
		return fault.Field("status", i18n.T("The status is open, resolved or ignored.", "status は open / resolved / ignored のいずれかです。"))
	}
	return nil
}

// Update changes what is decided about a group. check may refuse the state that it would
// change.
func (s *Service) Update(ctx context.Context, k Key, c Change, check func(State) error) (State, error) {
	now := s.Clock.Now()
	if err := authz.Can(ctx, authz.ErrorsWrite); err != nil {
		return State{}, err
	}
	if err := c.validate(now); err != nil {
		return State{}, err
	}
	figures, known, err := s.facts(ctx, k, now)
	if err != nil {
		return State{}, err
	}
	if c.Assignee != nil && c.Assignee.ID != "" {
		if c.Assignee.Name, err = s.Directory.AssigneeName(ctx, string(c.Assignee.Kind), c.Assignee.ID); err != nil {
			return State{}, err
		}
	}
	by := authz.From(ctx).Name
	var is State
	err = s.DB.Write(ctx, func(tx *sqldb.Tx) error {
		was, err := stateOf(tx, k)
		if err != nil {
			return err
		}
		if err := check(was); err != nil {
			return err
		}
		if figures == nil && !was.touched() {
			return fault.New(fault.NotFound, i18n.F(
				"No error of group %s is known in %q.", "%[2]q にエラーグループ %[1]s は見つかりません。", k.Group, k.Service))
		}
		var events []Event
		is, events = was.apply(c, now, by, known)
		if figures != nil {
			is.Type, is.Message, is.Frame = figures.Type, figures.Message, figures.Frame
		}
		if len(events) == 0 {
			return nil
		}
		if err := putState(tx, is); err != nil {
			return err
		}
		for _, e := range events {
			e.ID = s.ids.Next()
			if err := insertEvent(tx, e); err != nil {
				return err
			}
		}
		return s.Audit.Audit(ctx, tx, "errorgroup.update", k.Group.String(), k.Service+" "+is.Type, auditOf(was), auditOf(is))
	})
	return is, err
}

// facts are what the telemetry knows of a group, and the versions of its service.
func (s *Service) facts(ctx context.Context, k Key, now time.Time) (*telemetry.ErrorFigures, []string, error) {
	q := telemetry.DerivedQuery{Range: telemetry.Range{From: now.Add(-knownBefore), To: now.Add(time.Minute)}, Service: k.Service, Limit: maxKnown}
	figures, _, err := s.Reader.Errors(ctx, telemetry.ErrorQuery{DerivedQuery: q, Group: k.Group})
	if err != nil {
		return nil, nil, err
	}
	versions, _, err := s.Reader.Versions(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	var known []string
	for _, v := range versions {
		if !slices.Contains(known, v.Version) {
			known = append(known, v.Version)
		}
	}
	for _, f := range figures { // an error may come from where no version's requests are
		for _, v := range f.Versions {
			if !slices.Contains(known, v.Value) {
				known = append(known, v.Value)
			}
		}
	}
	if len(figures) == 0 {
		return nil, known, nil
	}
	return &figures[0], known, nil
}

// apply makes the next state and the lines of history that tell of it.
func (s State) apply(c Change, now time.Time, by string, known []string) (State, []Event) {
	var events []Event
	tell := func(a Action, text string) {
		events = append(events, Event{Key: s.Key, At: now, By: by, Action: a, Text: text})
	}
	if c.Status != nil {
		n := State{Key: s.Key, Status: *c.Status, Since: now, By: by, Assignee: s.Assignee, Type: s.Type, Message: s.Message, Frame: s.Frame}
		switch *c.Status {
		case Open:
			tell(DidReopen, "")
		case Resolved:
			n.Mended, n.Version, n.Known = c.Mended, c.Version, known
			tell(DidResolve, cmp.Or(c.Version, string(c.Mended)))
		case Ignored:
			n.Reason, n.Until = strings.TrimSpace(c.Reason), c.Until
			tell(DidIgnore, n.Reason)
		}
		s = n
	}
	if c.Assignee != nil && *c.Assignee != s.Assignee {
		s.Assignee = *c.Assignee
		if s.Assignee.ID == "" {
			s.Assignee = Assignee{}
		}
		tell(DidAssign, s.Assignee.Name)
	}
	if note := strings.TrimSpace(c.Note); note != "" {
		tell(DidComment, note)
	}
	if len(events) > 0 {
		s.Changed = now
	}
	return s, events
}

// auditOf is what the audit keeps of a state.
func auditOf(s State) any {
	return struct {
		Status   Status     `json:"status"`
		Mended   Mended     `json:"mended,omitempty"`
		Version  string     `json:"version,omitempty"`
		Reason   string     `json:"reason,omitempty"`
		Until    *time.Time `json:"until,omitempty"`
		Assignee string     `json:"assignee,omitempty"`
	}{s.Status, s.Mended, s.Version, s.Reason, optional(s.Until), s.Assignee.Name}
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
