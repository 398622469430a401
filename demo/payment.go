package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/demo/kit"
)

// payment charges customers through the bank outside, and writes invoices.
type payment struct {
	*kit.Service
	shop *Shop
	db   *kit.DB
}

type charge struct {
	Order  string `json:"order"`
	Yen    int    `json:"yen"`
	Coupon string `json:"coupon,omitempty"`
}

func newPayment(shop *Shop) (*payment, error) {
	p := &payment{Service: shop.world.New("payment"), shop: shop}
	p.db = p.Open(shop.file("payment"), "payment", "payment", 10)
	if err := fill(p.db,
		`CREATE TABLE charge (order_id TEXT PRIMARY KEY, yen INTEGER NOT NULL, state TEXT NOT NULL)`,
		`CREATE TABLE invoice (id INTEGER PRIMARY KEY, company_id INTEGER NOT NULL, state TEXT NOT NULL)`); err != nil {
		return nil, err
	}
	kit.Handle(p.Service, p, "POST /charges", (*payment).charge)
	kit.Handle(p.Service, p, "POST /v2/charges", (*payment).chargePolitely)
	kit.Handle(p.Service, p, "POST /refunds", (*payment).refund)
	twin(shop, p.Service, p, "third_party_in_path", "POST /invoices", "POST /v2/invoices", (*payment).invoiceWaiting, (*payment).invoiceQueued)
	return p, nil
}

func (p *payment) charge(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c, err := decode[charge](r)
	if err != nil {
		return err
	}
	if c.Coupon != "" {
		if p.shop.flaws.has("error_burst") {
			c.Yen = p.discountByTable(c)
		} else {
			c.Yen = p.discount(c)
		}
	}
	if p.shop.flaws.has("retry_storm") {
		err = p.authorizeStubborn(ctx, c)
	} else {
		err = p.authorizePolite(ctx, c)
	}
	return p.settle(ctx, w, c, err)
}

func (p *payment) chargePolitely(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c, err := decode[charge](r)
	if err != nil {
		return err
	}
	if c.Coupon != "" {
		c.Yen = p.discount(c)
	}
	return p.settle(ctx, w, c, p.authorizePolite(ctx, c))
}

// rates are the coupons of this season.
var rates = []struct {
	name    string
	percent int
}{{"AKI10", 10}, {"OFFICE15", 15}}

// discountByTable takes the last letter of a coupon for its place in the table, which it
// was for the coupons of last season.
func (p *payment) discountByTable(c charge) int {
	place := int(c.Coupon[len(c.Coupon)-1]-'0') - 1
	return c.Yen * (100 - rates[place].percent) / 100
}

func (p *payment) discount(c charge) int {
	for _, r := range rates {
		if r.name == c.Coupon {
			return c.Yen * (100 - r.percent) / 100
		}
	}
	return c.Yen
}

// authorizeStubborn asks again at once, and again.
func (p *payment) authorizeStubborn(ctx context.Context, c charge) (err error) {
	for try := range 5 {
		if err = p.Post(ctx, bankHost, "/authorizations", c, nil); err == nil || p.World.Clock.Err(ctx) != nil {
			return err
		}
		p.Log.WarnContext(ctx, "bank refused, retrying", "attempt", try+1, "error", err.Error())
	}
	return err
}

// authorizePolite waits longer after each refusal, and gives in soon.
func (p *payment) authorizePolite(ctx context.Context, c charge) (err error) {
	for try := range 3 {
		if err = p.Post(ctx, bankHost, "/authorizations", c, nil); err == nil || try == 2 {
			return err
		}
		pause := p.World.Dice.Around(time.Duration(200<<try) * time.Millisecond)
		p.Log.InfoContext(ctx, "bank refused, backing off", "attempt", try+1, "pause_ms", pause.Milliseconds())
		if err := p.World.Clock.Sleep(ctx, pause); err != nil {
			return err
		}
	}
	return err
}

func (p *payment) settle(ctx context.Context, w http.ResponseWriter, c charge, err error) error {
	if err != nil {
		var refused *kit.CallError
		if errors.As(err, &refused) {
			return fmt.Errorf("銀行の決済 API がエラーを返しました（注文 %s）: %w", c.Order, err)
		}
		return fmt.Errorf("決済に失敗しました（注文 %s）: %w", c.Order, err)
	}
	if _, err := p.db.Exec(ctx, `INSERT OR REPLACE INTO charge (order_id, yen, state) VALUES (?, ?, 'paid')`, c.Order, c.Yen); err != nil {
		return err
	}
	p.Log.InfoContext(ctx, "決済が完了しました", "order.id", c.Order, "yen", c.Yen)
	return kit.JSON(w, http.StatusCreated, c)
}

func (p *payment) refund(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := p.Post(ctx, bankHost, "/refunds", nil, nil); err != nil {
		return fmt.Errorf("返金できません: %w", err)
	}
	p.Log.InfoContext(ctx, "refund accepted by the bank")
	return kit.JSON(w, http.StatusCreated, nil)
}

type invoice struct {
	Company int `json:"company"`
}

// invoiceWaiting lets the customer wait until the bank has made the statement.
func (p *payment) invoiceWaiting(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	in, err := decode[invoice](r)
	if err != nil {
		return err
	}
	if err := p.Post(ctx, bankHost, "/statements", in, nil); err != nil {
		return fmt.Errorf("入金明細を取得できません: %w", err)
	}
	if _, err := p.db.Exec(ctx, `INSERT INTO invoice (company_id, state) VALUES (?, 'issued')`, in.Company); err != nil {
		return err
	}
	return kit.JSON(w, http.StatusCreated, in)
}

// invoiceQueued takes the order for an invoice; the mailer sends it when it is there.
func (p *payment) invoiceQueued(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	in, err := decode[invoice](r)
	if err != nil {
		return err
	}
	if _, err := p.db.Exec(ctx, `INSERT INTO invoice (company_id, state) VALUES (?, 'ordered')`, in.Company); err != nil {
		return err
	}
	if err := p.shop.mail.Publish(ctx, p.Service, p.shop.id("inv"), letter{Kind: "invoice", To: companyName(in.Company)}); err != nil {
		return err
	}
	return kit.JSON(w, http.StatusAccepted, in)
}
