package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/yagura-sre/yagura/demo/kit"
)

// visitor is somebody in the shop, for some pages.
type visitor struct {
	ctx    context.Context
	street *street
	user   int
	prefix string // "/app" in the telephone app
	agent  string
}

// street is where visitors come from.
type street struct {
	world  *kit.World
	client *http.Client
	rate   float64 // visits a minute in the mean
	inside atomic.Int64
	closed atomic.Bool
}

func (shop *Shop) newStreet() *street {
	return &street{world: shop.world, rate: float64(shop.opt.Rate), client: &http.Client{Transport: shop.world.Transport()}}
}

// crowd is how many visitors there may be at once; more go elsewhere.
const crowd = 200

// open lets visitors come until a moment, or for ever when it is zero, or until ctx ends.
func (s *street) open(ctx context.Context, until time.Time) {
	clock, dice := s.world.Clock, s.world.Dice
	for {
		// Visitors come independently of one another: gaps are exponential, for the
		// busiest moment there is; at others, some of them stay at home.
		gap := time.Duration(dice.Exp() * float64(time.Minute) / (s.rate * crest))
		if clock.Sleep(ctx, gap) != nil {
			return
		}
		now := clock.Now()
		if s.over(now, until) {
			return
		}
		if dice.Float() > traffic(now)/crest || s.inside.Load() >= crowd {
			continue
		}
		s.enter(ctx, pickKind(now, dice))
	}
}

func pickKind(now time.Time, dice *kit.Dice) kind {
	left := dice.Float() * traffic(now)
	for _, k := range kinds {
		if left -= k.busy(now); left < 0 {
			return k
		}
	}
	return kinds[0]
}

func (s *street) enter(ctx context.Context, k kind) {
	dice := s.world.Dice
	v := &visitor{ctx: ctx, street: s, user: 1 + dice.Intn(users), agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0"}
	if k.curve != nil && dice.Float() < 0.45 {
		v.prefix, v.agent = "/app", "TeaShop/5.2 (iPhone; iOS 26)"
	}
	s.inside.Add(1)
	s.world.Clock.Go(func() {
		defer s.inside.Add(-1)
		k.visit(v)
	})
}

func (s *street) over(now, until time.Time) bool {
	return s.closed.Load() || !until.IsZero() && !now.Before(until)
}

// shut lets nobody in any more, and everybody end the page they look at.
func (s *street) shut() { s.closed.Store(true) }

// empty waits until everybody has left.
func (s *street) empty() {
	for s.inside.Load() > 0 {
		_ = s.world.Clock.Sleep(context.Background(), 20*time.Millisecond)
	}
}

// imports lets the warehouses send their counts, in working hours. Who starts it counts
// it among those inside.
func (s *street) imports(ctx context.Context, until time.Time) {
	defer s.inside.Add(-1)
	clock := s.world.Clock
	v := &visitor{ctx: ctx, street: s, agent: "warehouse-sync/1.4"}
	for {
		for _, side := range []string{"east", "west"} {
			if clock.Sleep(ctx, s.world.Dice.Around(60*time.Second)) != nil {
				return
			}
			now := clock.Now()
			if s.over(now, until) {
				return
			}
			if h := now.In(jst).Hour(); h >= 6 && h < 23 {
				v.post("/warehouse/"+side, nil)
			}
		}
	}
}

// page asks for one; false when the visitor has had enough.
func (v *visitor) page(method, path string, query url.Values) bool {
	target := "http://storefront:8080" + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	// People do not wait for ever.
	ctx, cancel := v.street.world.Clock.WithTimeout(v.ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return false
	}
	req.Header.Set("User-Agent", v.agent)
	if v.user > 0 {
		req.Header.Set("Cookie", "session="+userName(v.user))
	}
	resp, err := v.street.client.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode < 500
}

func (v *visitor) get(path string, pairs ...string) bool {
	return v.page(http.MethodGet, v.prefix+path, pairsOf(pairs))
}

func (v *visitor) post(path string, pairs []string) bool {
	return v.page(http.MethodPost, v.prefix+path, pairsOf(pairs))
}

func pairsOf(pairs []string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}

// read is the time that a person looks at a page; false when the shop closes meanwhile.
func (v *visitor) read() bool {
	w := v.street.world
	if v.street.closed.Load() {
		return false
	}
	pause := time.Second + time.Duration(w.Dice.Exp()*float64(9*time.Second))
	return w.Clock.Sleep(v.ctx, pause) == nil && !v.street.closed.Load()
}

func (v *visitor) chance(p float64) bool { return v.street.world.Dice.Float() < p }

func (v *visitor) product() string {
	return fmt.Sprint(1 + v.street.world.Dice.Intn(len(products)))
}

var words = []string{"茶", "茶", "茶", "ギフト", "Tea", "お徳用", "ティー", "ようかん", "羊羹"}

// shop is what a person at home does: look around, search, sometimes buy.
func (v *visitor) shop() {
	dice := v.street.world.Dice
	if !v.page(http.MethodGet, "/", nil) || !v.read() {
		return
	}
	if v.chance(0.35) && (!v.get("/categories/"+kit.Pick(dice, categories), "sort", kit.Pick(dice, sorts)) || !v.read()) {
		return
	}
	if v.chance(0.4) && (!v.get("/search", "q", kit.Pick(dice, words)) || !v.read()) {
		return
	}
	if !v.get("/products/" + v.product()) {
		return
	}
	if v.chance(0.15) {
		v.get("/recommendations")
	}
	if !v.chance(0.5) || !v.read() {
		return
	}
	if v.chance(0.5) {
		v.page(http.MethodPost, "/login", nil)
	}
	if v.chance(0.25) && (!v.get("/wishlist") || !v.read()) {
		return
	}
	v.post("/cart/items", []string{"product", v.product()})
	if !v.get("/cart") || !v.read() || !v.chance(0.7) {
		return
	}
	if v.chance(0.6) && (!v.get("/delivery-dates", "region", fmt.Sprintf("r%d", v.user%6)) || !v.read()) {
		return
	}
	buy := []string{"product", v.product()}
	if v.chance(0.3) {
		buy = append(buy, "coupon", "AKI10")
	}
	v.post("/checkout", buy)
}

// company is somebody who buys for the office.
func (v *visitor) company() {
	v.user = 4 * (1 + v.street.world.Dice.Intn(users/4)) // these buy for companies
	if !v.page(http.MethodPost, "/login", nil) || !v.get("/account") || !v.read() {
		return
	}
	switch n := v.street.world.Dice.Intn(10); {
	case n < 4:
		if v.get("/checkout/quote") && v.read() {
			v.post("/checkout", []string{"product", v.product(), "coupon", "OFFICE15"})
		}
	case n < 6:
		v.post("/invoices", nil)
	case n < 8:
		v.get("/reports/sales")
	default:
		v.get("/reports/orders")
	}
}

// support is somebody at the shop's own desk.
func (v *visitor) support() {
	dice := v.street.world.Dice
	n := dice.Intn(6000)
	phone := fmt.Sprintf("03%04d%04d", n%10000, n*37%10000)
	if !v.get("/orders/search", "phone", phone) || !v.read() {
		return
	}
	if v.chance(0.5) {
		v.post(fmt.Sprintf("/orders/%d/cancel", n), nil)
	}
	if v.chance(0.4) {
		v.post("/labels", nil)
	}
}

// crawl is a search engine at work: many products, steadily.
func (v *visitor) crawl() {
	v.user, v.agent = 0, "Mozilla/5.0 (compatible; Hatobot/2.1; +http://hatobot.example/bot.html)"
	for range 3 {
		id := v.product()
		if v.chance(0.05) {
			id = "9999" // it remembers what is sold no more
		}
		if !v.page(http.MethodGet, "/products/"+id, nil) || !v.read() {
			return
		}
	}
}

// scan is a robot that looks for doors.
func (v *visitor) scan() {
	v.user, v.agent = 0, "python-requests/2.32"
	for p := range strings.SplitSeq("/wp-login.php /.env /admin/config.php", " ") {
		v.page(http.MethodGet, p, nil)
	}
}
