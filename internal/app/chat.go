package app

import (
	"context"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/chat"
	"github.com/yagura-sre/yagura/internal/netguard"
)

func (a *App) openChat(_, _ context.Context) error {
	a.chat = chat.NewService(chat.Options{
		DB: a.db, Clock: a.Clock, Log: a.Log.With("room", "chat"), Audit: a.people, UI: a.URL,
		Guard: netguard.New(netguard.Options{}), Secret: a.secrets().Resolve, Check: a.secrets().Check,
	})
	return nil
}

// mountChat lets Slack in, and the room ask the API: as a viewer, whoever writes in Slack.
func (a *App) mountChat(background context.Context, to *api.API) error {
	asks, err := client.NewClientWithResponses("http://localhost", client.WithHTTPClient(api.Inside{
		Handler: to.Handler(), As: &authz.Principal{UserID: "slack", Name: "Slack", Role: authz.Viewer, Kind: authz.KindToken},
	}))
	if err != nil {
		return err
	}
	a.chat.Client = asks
	to.Mount("POST /slack/commands", a.chat.Commands(background))
	to.Mount("POST /slack/events", a.chat.Events(background))
	return nil
}

// openSlack holds the connection to Slack, when one is set up.
func (a *App) openSlack(_, background context.Context) error {
	a.background(func() { a.chat.Run(background) })
	a.onClose("Slack", a.chat.Wait)
	return nil
}
