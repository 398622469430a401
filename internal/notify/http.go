package notify

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// DestinationSettingsView are what a kind needs; what others need is left out.
type DestinationSettingsView struct {
	URL       string   `json:"url,omitempty" maxLength:"2000" doc:"webhook: where the JSON is posted to."`
	URLSecret string   `json:"url_secret,omitempty" maxLength:"500" doc:"slack: where the webhook's URL is: file:/run/secrets/name or env:YAGURA_SECRET_NAME." example:"file:/run/secrets/slack"`
	Secret    string   `json:"secret,omitempty" maxLength:"500" doc:"webhook: where the key is that signs, as url_secret."`
	Host      string   `json:"host,omitempty" maxLength:"253" doc:"email: the mail server."`
	Port      int      `json:"port,omitempty" minimum:"0" maximum:"65535" doc:"email: 587 for starttls, 465 for tls, 25 for none when left out."`
	TLS       string   `json:"tls,omitempty" enum:"starttls,tls,none" doc:"email: starttls when left out."`
	User      string   `json:"user,omitempty" maxLength:"320" doc:"email: when the server wants to know who sends."`
	Password  string   `json:"password,omitempty" maxLength:"500" doc:"email: where the password is, as url_secret."`
	From      string   `json:"from,omitempty" maxLength:"320" doc:"email."`
	To        []string `json:"to,omitempty" maxItems:"50" doc:"email."`
}

// DestinationView is a place where notifications go.
type DestinationView struct {
	ID        string                  `json:"id"`
	Name      string                  `json:"name"`
	Kind      string                  `json:"kind" enum:"slack,email,webhook"`
	Lang      string                  `json:"lang" enum:"en,ja"`
	Settings  DestinationSettingsView `json:"settings" doc:"Secrets are named, never shown."`
	PerMinute int                     `json:"per_minute" doc:"At most so many messages; 0 is the kind's usual rate."`
	Disabled  bool                    `json:"disabled"`
	Created   time.Time               `json:"created"`
	Waiting   int                     `json:"waiting" doc:"Deliveries that are not done."`
	Dead      int                     `json:"dead" doc:"Deliveries that were given up."`
}

func viewDestination(d Destination, n map[State]int) DestinationView {
	s := d.Settings
	return DestinationView{d.ID, d.Name, string(d.Kind), string(d.Lang),
		DestinationSettingsView{s.URL, s.URLSecret, s.Secret, s.Host, s.Port, string(s.TLS), s.User, s.Password, s.From, s.To},
		d.PerMinute, d.Disabled, d.Created, n[Queued] + n[Sending], n[Dead]}
}

// etag names what can be edited; deliveries are no change.
func etag(d Destination) string { return api.ETag(d.state()) }

type destinationBody struct {
	Name      string                  `json:"name" maxLength:"400"`
	Kind      string                  `json:"kind" enum:"slack,email,webhook"`
	Lang      string                  `json:"lang" enum:"en,ja" doc:"Language of the messages."`
	Settings  DestinationSettingsView `json:"settings"`
	PerMinute int                     `json:"per_minute,omitempty" minimum:"0" maximum:"600"`
	Disabled  bool                    `json:"disabled,omitempty"`
}

func (b destinationBody) destination(id string) Destination {
	s := b.Settings
	return Destination{ID: id, Name: b.Name, Kind: Kind(b.Kind), Lang: i18n.Lang(b.Lang), PerMinute: b.PerMinute, Disabled: b.Disabled,
		Settings: Settings{s.URL, s.URLSecret, s.Secret, s.Host, s.Port, TLSMode(s.TLS), s.User, s.Password, s.From, s.To}}
}

type destinationOut struct {
	ETag string `header:"ETag"`
	Body DestinationView
}

func outDestination(d Destination, err error) (*destinationOut, error) {
	if err != nil {
		return nil, err
	}
	return &destinationOut{etag(d), viewDestination(d, nil)}, nil
}

// DeliveryView is a message on its way to a destination.
type DeliveryView struct {
	ID          string     `json:"id"`
	Destination string     `json:"destination_id"`
	Kind        string     `json:"kind" example:"alert.firing"`
	Severity    string     `json:"severity" enum:"info,good,warning,critical"`
	Title       string     `json:"title" doc:"In the asker's language."`
	State       string     `json:"state" enum:"queued,sending,sent,dead"`
	Attempts    int64      `json:"attempts"`
	Error       string     `json:"error" doc:"Of the last attempt, in the asker's language."`
	Created     time.Time  `json:"created"`
	Tried       *time.Time `json:"tried,omitempty"`
	Sent        *time.Time `json:"sent,omitempty"`
	Due         *time.Time `json:"due,omitempty" doc:"When it is tried next, unless others before it hold it back."`
}

func viewDelivery(d Delivery, lang i18n.Lang) DeliveryView {
	v := DeliveryView{ID: d.ID, Destination: d.Destination, Kind: d.Kind, Severity: string(d.Message.Severity), Title: d.Message.Title.In(lang),
		State: string(d.State), Attempts: d.Attempts, Error: d.Error.In(lang), Created: d.Created, Tried: optional(d.Tried)}
	switch d.State {
	case Sent:
		v.Sent = optional(d.Sent)
	case Queued:
		v.Due = optional(d.Due)
	}
	return v
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// TestResultView says how a test message went.
type TestResultView struct {
	OK     bool   `json:"ok"`
	Error  string `json:"error" doc:"In the asker's language."`
	TookNS int64  `json:"took_ns"`
}

type idPath struct {
	ID string `path:"id" maxLength:"32"`
}

// Register adds the room's operations.
func Register(a *api.API, s *Service) {
	const tag, base = "notify", "/notify/destinations"
	api.Register(a, api.Op{
		ID: "list-destinations", Method: http.MethodGet, Path: base, Tag: tag, Permission: authz.NotifyRead,
		Summary: "Where notifications go",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[api.List[DestinationView]], error) {
		all, counts, err := s.Destinations(ctx)
		if err != nil {
			return nil, err
		}
		items := make([]DestinationView, len(all))
		for i, d := range all {
			items[i] = viewDestination(d, counts[d.ID])
		}
		return api.OK(api.ListOf(items, "")), nil
	})
	api.Register(a, api.Op{
		ID: "get-destination", Method: http.MethodGet, Path: base + "/{id}", Tag: tag, Permission: authz.NotifyRead,
		Summary: "A destination",
	}, func(ctx context.Context, in *idPath) (*destinationOut, error) {
		return outDestination(s.Destination(ctx, in.ID))
	})
	api.Register(a, api.Op{
		ID: "create-destination", Method: http.MethodPost, Path: base, Tag: tag, Permission: authz.NotifyWrite, Status: http.StatusCreated,
		Summary: "Add a destination",
	}, func(ctx context.Context, in *struct{ Body destinationBody }) (*destinationOut, error) {
		return outDestination(s.Put(ctx, in.Body.destination(""), nil))
	})
	api.Register(a, api.Op{
		ID: "update-destination", Method: http.MethodPut, Path: base + "/{id}", Tag: tag, Permission: authz.NotifyWrite,
		Summary: "Replace a destination's settings; its kind stays",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"32"`
		api.IfMatch
		Body destinationBody
	}) (*destinationOut, error) {
		return outDestination(s.Put(ctx, in.Body.destination(in.ID), func(now Destination) error { return in.Check(etag(now)) }))
	})
	api.Register(a, api.Op{
		ID: "delete-destination", Method: http.MethodDelete, Path: base + "/{id}", Tag: tag, Permission: authz.NotifyWrite,
		Summary: "Remove a destination, and what is on its way there",
	}, func(ctx context.Context, in *idPath) (*struct{}, error) { return nil, s.Remove(ctx, in.ID) })
	api.Register(a, api.Op{
		ID: "test-destination", Method: http.MethodPost, Path: base + "/{id}/test", Tag: tag, Permission: authz.NotifyWrite, Timeout: 45 * time.Second,
		Summary: "Send a test message now, and say how it went",
	}, func(ctx context.Context, in *idPath) (*api.Out[TestResultView], error) {
		took, err := s.Test(ctx, in.ID)
		if err != nil && took == 0 { // nothing was tried
			return nil, err
		}
		v := TestResultView{OK: err == nil, TookNS: int64(took)}
		if err != nil {
			v.Error = fault.Of(err).Text.In(api.Lang(ctx))
		}
		return api.OK(v), nil
	})

	api.Register(a, api.Op{
		ID: "list-deliveries", Method: http.MethodGet, Path: "/notify/deliveries", Tag: tag, Permission: authz.NotifyRead,
		Summary: "Notifications and whether they arrived, newest first",
	}, func(ctx context.Context, in *struct {
		Destination string `query:"destination" maxLength:"32"`
		State       string `query:"state" enum:"queued,sending,sent,dead"`
		After       string `query:"after" maxLength:"512" doc:"The cursor of the page before."`
		Limit       int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}) (*api.Out[api.List[DeliveryView]], error) {
		after, err := api.ParseCursor[Cursor]("after", in.After)
		if err != nil {
			return nil, err
		}
		all, next, err := s.Deliveries(ctx, DeliveryQuery{in.Destination, State(in.State), after, in.Limit})
		if err != nil {
			return nil, err
		}
		items := make([]DeliveryView, len(all))
		for i, d := range all {
			items[i] = viewDelivery(d, api.Lang(ctx))
		}
		cursor := ""
		if next != nil {
			cursor = api.Cursor(*next)
		}
		return api.OK(api.ListOf(items, cursor)), nil
	})
	api.Register(a, api.Op{
		ID: "resend-delivery", Method: http.MethodPost, Path: "/notify/deliveries/{id}/send", Tag: tag, Permission: authz.NotifyWrite, Status: http.StatusAccepted,
		Summary: "Send a message again that was given up, or had been sent",
	}, func(ctx context.Context, in *idPath) (*api.Out[DeliveryView], error) {
		d, err := s.Again(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return api.OK(viewDelivery(d, api.Lang(ctx))), nil
	})
}
