package chat

import (
	"context"
	"errors"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Run holds the connection of Socket Mode while the settings ask for one, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	wait := time.Second
	for ctx.Err() == nil {
		set, _, err := s.Settings(ctx)
		if err != nil {
			s.Log.Warn("the settings of Slack cannot be read", "error", err)
		}
		if err == nil && set.On() {
			_ = s.Examine(ctx) // what is wrong is in the state
		}
		if err != nil || !set.On() || set.App == "" {
			s.set(func(st *State) { st.Connected = false })
			select {
			case <-ctx.Done():
			case <-s.changed:
			case <-s.Clock.After(time.Minute):
			}
			continue
		}
		began := s.Clock.Now()
		err = s.connect(ctx, set)
		s.set(func(st *State) {
			st.Connected = false
			if err != nil && ctx.Err() == nil && !errors.Is(err, errOtherSettings) {
				st.Problem = trouble(err)
			}
		})
		if errors.Is(err, errOtherSettings) || s.Clock.Now().Sub(began) > time.Minute {
			wait = time.Second
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.changed:
			wait = time.Second
		case <-s.Clock.After(wait):
			wait = min(2*wait, time.Minute)
		}
	}
}

var errOtherSettings = errors.New("the settings were changed")

// connect holds one connection, with those that follow it when Slack asks to move.
func (s *Service) connect(ctx context.Context, set Settings) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	app, err := s.Secret(set.App)
	if err != nil {
		return err
	}
	api, err := s.bot(set, slack.OptionAppLevelToken(app))
	if err != nil {
		return err
	}
	c := socketmode.New(api, socketmode.OptionDialer(&websocket.Dialer{NetDialContext: s.Guard.DialContext, HandshakeTimeout: 15 * time.Second}),
		socketmode.OptionLog(quiet{}))
	ended := make(chan error, 1)
	go func() { ended <- c.RunContext(ctx) }()
	for {
		select {
		case err := <-ended:
			return err
		case <-s.changed:
			return errOtherSettings
		case e := <-c.Events:
			switch e.Type {
			case socketmode.EventTypeConnected:
				s.set(func(st *State) { st.Connected, st.Since, st.Problem = true, s.Clock.Now(), i18n.Text{} })
			case socketmode.EventTypeDisconnect:
				s.set(func(st *State) { st.Connected = false })
			case socketmode.EventTypeConnectionError: // the library tries again
				s.set(func(st *State) {
					st.Connected = false
					if failed, ok := e.Data.(*slack.ConnectionErrorEvent); ok && failed.ErrorObj != nil {
						st.Problem = trouble(failed.ErrorObj)
					}
				})
			case socketmode.EventTypeInvalidAuth:
				return slack.SlackErrorResponse{Err: "invalid_auth"}
			case socketmode.EventTypeSlashCommand:
				if cmd, ok := e.Data.(slack.SlashCommand); ok && e.Request != nil {
					_ = c.Ack(*e.Request, s.command(ctx, set, cmd)) // a lost connection ends the loop
				}
			case socketmode.EventTypeEventsAPI:
				if ev, ok := e.Data.(slackevents.EventsAPIEvent); ok && e.Request != nil {
					_ = c.Ack(*e.Request)
					s.event(ctx, set, ev)
				}
			}
		}
	}
}

// quiet drops what the library would log: it writes whole messages.
type quiet struct{}

func (quiet) Output(int, string) error { return nil }
