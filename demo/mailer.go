package demo

import (
	"context"
	"time"

	"github.com/yagura-sre/yagura/demo/kit"
)

// mailer takes letters from the queue and sends them.
type mailer struct {
	*kit.Service
	db *kit.DB
}

type letter struct{ Kind, To, Order string }

func newMailer(shop *Shop) (*mailer, error) {
	m := &mailer{Service: shop.world.New("mailer")}
	m.db = m.Open(shop.file("mailer"), "mailer", "mailer", 4)
	return m, fill(m.db, `CREATE TABLE sent (id INTEGER PRIMARY KEY, recipient TEXT NOT NULL, kind TEXT NOT NULL)`)
}

func (m *mailer) deliver(ctx context.Context, body any) error {
	l, _ := body.(letter)
	rctx, span := m.Start(ctx, "render "+l.Kind)
	err := m.Work(rctx, 18*time.Millisecond)
	span.End()
	if err != nil {
		return err
	}
	if err := m.Post(ctx, smtpHost, "/messages", l, nil); err != nil {
		return err
	}
	if _, err := m.db.Exec(ctx, `INSERT INTO sent (recipient, kind) VALUES (?, ?)`, l.To, l.Kind); err != nil {
		return err
	}
	if l.Kind == "invoice" {
		m.Log.InfoContext(ctx, "請求書を送信しました", "to", l.To)
	} else {
		m.Log.InfoContext(ctx, "sent the confirmation", "order.id", l.Order, "to", l.To)
	}
	return nil
}
