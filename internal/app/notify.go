package app

import (
	"context"

	"github.com/yagura-sre/yagura/internal/netguard"
	"github.com/yagura-sre/yagura/internal/notify"
)

func (a *App) openNotify(_, _ context.Context) error {
	allow, err := prefixes(a.Config.Notify.AllowNetworks)
	if err != nil {
		return err
	}
	a.notify = notify.New(notify.Options{
		DB: a.db, Clock: a.Clock, Log: a.Log.With("room", "notify"), Secrets: a.secrets(), Audit: a.people,
		Guard: netguard.New(netguard.Options{Allow: allow}), BaseURL: a.URL,
	})
	a.jobs.Add(a.notify.Job())
	return nil
}

// openDispatch begins to send, when there is an address for links.
func (a *App) openDispatch(_, background context.Context) error {
	done := make(chan struct{})
	a.background(func() {
		defer close(done)
		a.notify.Run(background)
	})
	// Before the database is closed: what became of a message is a row.
	a.onClose("notifications", func(ctx context.Context) error {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return nil
}
