package people

import (
	"net/netip"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// throttle slows guessing down. It counts the failures of each pair of an account and an
// address, so that a stranger who guesses cannot lock the owner out, and those of each
// address over all accounts.
type throttle struct {
	clock clock.Clock
	mu    sync.Mutex
	tries map[string]*tries
}

type tries struct {
	failed int
	until  time.Time // refused before
	last   time.Time
}

const (
	freePair    = 5  // failures before an account and address wait
	freeAddress = 30 // failures before an address waits for all accounts
	longestWait = 15 * time.Minute
	forget      = 24 * time.Hour // without a further failure
	maxTries    = 20_000
)

func newThrottle(c clock.Clock) *throttle { return &throttle{clock: c, tries: map[string]*tries{}} }

// attempt is one that was let in. It counts as failed until it succeeds, so that many at
// once are counted too.
type attempt struct{ pair, address string }

func (t *throttle) begin(account, addr string) (attempt, error) {
	net := network(addr)
	a := attempt{account + " " + net, " " + net}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now()
	pair, address := t.get(a.pair, now), t.get(a.address, now)
	until := pair.until
	if address.until.After(until) {
		until = address.until
	}
	if wait := until.Sub(now); wait > 0 {
		return a, fault.Retry(fault.Overloaded, wait, i18n.F(
			"Too many failed sign-ins from here. Try again in %d seconds.",
			"サインインの失敗が続いたため、一時的に受け付けを停止しています。%d 秒後に再度お試しください。", int(wait.Seconds())+1))
	}
	pair.fail(now, freePair)
	address.fail(now, freeAddress)
	return a, nil
}

func (t *tries) fail(now time.Time, free int) {
	t.failed++
	t.last = now
	if over := t.failed - free; over >= 0 {
		t.until = now.Add(min(longestWait, time.Second<<min(over, 10)))
	}
}

// succeed forgets the failures of the pair, and takes this attempt back from the
// address; its other failures stay.
func (t *throttle) succeed(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.tries, a.pair)
	if address := t.tries[a.address]; address != nil {
		address.failed--
		address.until = time.Time{}
	}
}

func (t *throttle) get(key string, now time.Time) *tries {
	if got := t.tries[key]; got != nil {
		if now.Sub(got.last) < forget {
			return got
		}
		*got = tries{}
		return got
	}
	if len(t.tries) >= maxTries {
		for k, v := range t.tries {
			if now.Sub(v.last) >= forget {
				delete(t.tries, k)
			}
		}
		for k := range t.tries { // still full: any go, a tenth of them
			if len(t.tries) < maxTries*9/10 {
				break
			}
			delete(t.tries, k)
		}
	}
	got := &tries{}
	t.tries[key] = got
	return got
}

// network is what one person can have many of: an IPv6 address stands for its /64.
func network(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil || ip.Unmap().Is4() {
		return addr
	}
	p, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return addr
	}
	return p.String()
}
