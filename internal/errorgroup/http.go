package errorgroup

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const tag = "errors"

// ErrorGroupView is a group of errors in an environment.
type ErrorGroupView struct {
	ID        string         `json:"id" doc:"Of the group; spans and logs have it as error_group."`
	Service   string         `json:"service"`
	Env       string         `json:"env"`
	Type      string         `json:"type"`
	Message   string         `json:"message" doc:"Without its values."`
	Frame     string         `json:"frame" doc:"The topmost frame of the service's own code; empty without a stack."`
	Shows     Shows          `json:"shows" enum:"returned,new,ongoing,resolved,ignored"`
	State     ErrorStateView `json:"state"`
	Count     uint64         `json:"count" doc:"In the range."`
	Before    *uint64        `json:"before,omitempty"`
	Users     uint64         `json:"users" doc:"Different user.id; 0 where none is named."`
	First     *time.Time     `json:"first,omitempty" doc:"Within the range."`
	Last      *time.Time     `json:"last,omitempty"`
	FirstEver *time.Time     `json:"first_ever,omitempty" doc:"As far back as figures are kept."`
	Versions  []TallyView    `json:"versions" doc:"That it was seen in, the latest first."`
	Endpoints []TallyView    `json:"endpoints" doc:"Whose requests had it, most first."`
	Signals   []string       `json:"signals"`
	Trend     []uint64       `json:"trend"`
	TraceID   string         `json:"trace_id" doc:"Of one occurrence; empty where it had none."`
	SpanID    string         `json:"span_id"`
}

// ErrorStateView is what people decided about a group.
type ErrorStateView struct {
	Status   Status        `json:"status" enum:"open,resolved,ignored"`
	Since    *time.Time    `json:"since,omitempty"`
	By       string        `json:"by" doc:"Who set it; empty when it came back by itself."`
	Mended   string        `json:"mended" doc:"Of a resolved group: now, next or version."`
	Version  string        `json:"version"`
	Reason   string        `json:"reason" doc:"Of an ignored group."`
	Until    *time.Time    `json:"until,omitempty" doc:"Ignored until then; missing is for good."`
	Returned *time.Time    `json:"returned,omitempty" doc:"When an open group came back."`
	Assignee *AssigneeView `json:"assignee,omitempty"`
}

// AssigneeView is who looks after a group.
type AssigneeView struct {
	Kind AssigneeKind `json:"kind" enum:"user,team"`
	ID   string       `json:"id" maxLength:"64"`
	Name string       `json:"name,omitempty" readOnly:"true"`
}

// TallyView counts a value.
type TallyView struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

// ErrorGroupsView is the inbox.
type ErrorGroupsView struct {
	telemetry.Basis
	Counts map[Shows]int    `json:"counts" doc:"Of all that fit, by what they show as."`
	Items  []ErrorGroupView `json:"items" doc:"The most urgent first."`
}

// ErrorPageView is all that is known of one group.
type ErrorPageView struct {
	telemetry.Basis
	Groups []ErrorGroupView      `json:"groups" doc:"One for each environment."`
	Events []ErrorEventView      `json:"events" doc:"What was done to it, newest first."`
	Span   *telemetry.SpanRecord `json:"span,omitempty" doc:"The newest occurrence in the range, or"`
	Log    *telemetry.LogRecord  `json:"log,omitempty" doc:"as a log, where no span has it."`
}

// ErrorEventView is a line of a group's history.
type ErrorEventView struct {
	Time   time.Time `json:"time"`
	By     string    `json:"by" doc:"Empty for Yagura itself."`
	Action Action    `json:"action" enum:"resolve,ignore,reopen,assign,comment,return,wake_up"`
	Text   string    `json:"text" doc:"The note, the reason, the version or the assignee."`
}

// ErrorChangeBody is what is done to a group.
type ErrorChangeBody struct {
	Status   *Status       `json:"status,omitempty" enum:"open,resolved,ignored"`
	Mended   Mended        `json:"mended,omitempty" enum:"now,next,version" doc:"With resolved: from where on it must not be seen any more."`
	Version  string        `json:"version,omitempty" maxLength:"256" doc:"With mended: version."`
	Reason   string        `json:"reason,omitempty" maxLength:"2000" doc:"With ignored: why."`
	Until    *time.Time    `json:"until,omitempty" doc:"With ignored: until when; missing is for good."`
	Assignee *AssigneeView `json:"assignee,omitempty" doc:"An empty id is nobody."`
	Note     string        `json:"note,omitempty" maxLength:"2000"`
}

// GroupParam names a group.
type GroupParam struct {
	Service string `path:"service" maxLength:"256"`
	Group   string `path:"group" maxLength:"16" doc:"16 hex digits."`
}

func (in GroupParam) key() (Key, error) {
	g, err := telemetry.ShapeParam("group", in.Group)
	return Key{in.Service, g}, err
}

// Register adds the room's operations.
func Register(a *api.API, s *Service) {
	api.Register(a, api.Op{
		ID: "list-errors", Method: http.MethodGet, Path: "/errors", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary:     "The inbox of errors",
		Description: "Groups that were seen in the range; where resolved or ignored ones are asked for, also those that were not.",
	}, func(ctx context.Context, in *struct {
		telemetry.FigureParams
		Service  string  `query:"service" maxLength:"256"`
		Endpoint string  `query:"endpoint" maxLength:"1024" doc:"Only errors of requests to it."`
		Version  string  `query:"version" maxLength:"256" doc:"Only errors that this version had."`
		Shows    []Shows `query:"shows,explode" enum:"returned,new,ongoing,resolved,ignored" doc:"Without any, all."`
		New      bool    `query:"new" doc:"Only groups that were first seen ever within the range."`
		Text     string  `query:"q" maxLength:"256" doc:"In type, message, frame or service."`
		Assignee string  `query:"assignee" maxLength:"64" doc:"Id of a user or a team; none is nobody."`
		Limit    int     `query:"limit" default:"200" minimum:"1" maximum:"1000"`
	}) (*api.Out[ErrorGroupsView], error) {
		dq, err := in.Query(s.Clock)
		if err != nil {
			return nil, err
		}
		dq.Service, dq.Endpoint, dq.Version, dq.Limit = in.Service, in.Endpoint, in.Version, in.Limit
		l, err := s.Groups(ctx, Query{
			ErrorQuery: telemetry.ErrorQuery{DerivedQuery: dq, New: in.New}, Shows: in.Shows, Text: in.Text, Assignee: in.Assignee,
		})
		if err != nil {
			return nil, err
		}
		return api.OK(ErrorGroupsView{telemetry.NewBasis(l.Derived), l.Counts, groupViews(l.Groups)}), nil
	})

	api.Register(a, api.Op{
		ID: "get-error", Method: http.MethodGet, Path: "/errors/{service}/{group}", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary: "A group of errors: figures, history, the newest occurrence", Heavy: true,
	}, func(ctx context.Context, in *struct {
		GroupParam
		telemetry.FigureParams
	}) (*etagged, error) {
		k, err := in.key()
		if err != nil {
			return nil, err
		}
		dq, err := in.Query(s.Clock)
		if err != nil {
			return nil, err
		}
		dq.Service = k.Service
		p, err := s.Page(ctx, telemetry.ErrorQuery{DerivedQuery: dq, Group: k.Group})
		if err != nil {
			return nil, err
		}
		body := ErrorPageView{Basis: telemetry.NewBasis(p.Derived), Groups: groupViews(p.Groups), Events: make([]ErrorEventView, len(p.Events))}
		for i, e := range p.Events {
			body.Events[i] = ErrorEventView{Time: e.At, By: e.By, Action: e.Action, Text: e.Text}
		}
		if p.Span != nil {
			r := telemetry.NewSpanRecord(p.Span)
			body.Span = &r
		}
		if p.Log != nil {
			r := telemetry.NewLogRecord(p.Log)
			body.Log = &r
		}
		return &etagged{ETag: api.ETag(body.Groups[0].State), Body: body}, nil
	})

	api.Register(a, api.Op{
		ID: "update-error", Method: http.MethodPatch, Path: "/errors/{service}/{group}", Tag: tag, Permission: authz.ErrorsWrite,
		Summary: "Resolve, ignore, reopen, assign or comment on a group of errors", Description: "In all environments: it is the code that is mended. What is left out stays.",
	}, func(ctx context.Context, in *struct {
		GroupParam
		api.IfMatch
		Body ErrorChangeBody
	}) (*changed, error) {
		k, err := in.key()
		if err != nil {
			return nil, err
		}
		b := in.Body
		c := Change{Status: b.Status, Mended: b.Mended, Version: b.Version, Reason: b.Reason, Note: b.Note}
		if b.Until != nil {
			c.Until = *b.Until
		}
		if b.Assignee != nil {
			if b.Assignee.ID != "" && b.Assignee.Kind == "" {
				return nil, fault.Field("assignee.kind", i18n.T("Say whether it is a user or a team.", "user か team かを指定してください。"))
			}
			c.Assignee = &Assignee{Kind: b.Assignee.Kind, ID: b.Assignee.ID}
		}
		is, err := s.Update(ctx, k, c, func(was State) error { return in.Check(api.ETag(stateView(was))) })
		if err != nil {
			return nil, err
		}
		v := stateView(is)
		return &changed{ETag: api.ETag(v), Body: v}, nil
	})
}

type etagged struct {
	ETag string `header:"ETag"`
	Body ErrorPageView
}

type changed struct {
	ETag string `header:"ETag"`
	Body ErrorStateView
}

func groupViews(groups []Group) []ErrorGroupView {
	views := make([]ErrorGroupView, len(groups))
	for i := range groups {
		views[i] = groupView(&groups[i])
	}
	return views
}

func groupView(g *Group) ErrorGroupView {
	f := &g.Figures
	v := ErrorGroupView{
		ID: f.ID.String(), Service: f.Service, Env: f.Env, Type: f.Type, Message: f.Message, Frame: f.Frame, Shows: g.Shows, State: stateView(g.State),
		Count: f.Count, Before: f.Before, Users: f.Users, First: at(f.First), Last: at(f.Last), FirstEver: at(f.FirstEver),
		Versions: tallies(f.Versions), Endpoints: tallies(f.Endpoints), Signals: make([]string, len(f.Signals)), Trend: append([]uint64{}, f.Trend...),
		TraceID: f.Example.TraceID.String(), SpanID: f.Example.SpanID.String(),
	}
	for i, s := range f.Signals {
		v.Signals[i] = s.String()
	}
	return v
}

func stateView(s State) ErrorStateView {
	v := ErrorStateView{
		Status: s.Status, Since: optional(s.Since), By: s.By, Mended: string(s.Mended), Version: s.Version, Reason: s.Reason,
		Until: optional(s.Until), Returned: optional(s.Returned),
	}
	if s.Assignee.ID != "" {
		v.Assignee = &AssigneeView{s.Assignee.Kind, s.Assignee.ID, s.Assignee.Name}
	}
	return v
}

func at(nanos int64) *time.Time {
	if nanos == 0 {
		return nil
	}
	t := telemetry.UTC(nanos)
	return &t
}

func tallies(ts []telemetry.Tally) []TallyView {
	views := make([]TallyView, len(ts))
	for i, t := range ts {
		views[i] = TallyView(t)
	}
	return views
}
