package api

import (
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
)

// Limit is how often one address may call an operation: Burst at once, then one each
// Every.
type Limit struct {
	Burst int
	Every time.Duration
}

// limiter holds a bucket per operation and address. It forgets the full ones, and never
// holds more than maxBuckets: beyond that the addresses share one bucket, so that a
// flood of addresses cannot fill the memory.
type limiter struct {
	clock clock.Clock
	mu    sync.Mutex
	full  map[string]time.Time // when the bucket is full again
	swept time.Time
}

const maxBuckets = 10_000

func newLimiter(c clock.Clock) *limiter {
	return &limiter{clock: c, full: map[string]time.Time{}}
}

// take takes one from the bucket, or says how long to wait for one.
func (l *limiter) take(key string, limit Limit) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	if _, known := l.full[key]; !known && len(l.full) >= maxBuckets {
		// Not with each request of a flood: it would cost more than what it limits.
		if now.Sub(l.swept) >= time.Second {
			l.swept = now
			for k, t := range l.full {
				if !t.After(now) {
					delete(l.full, k)
				}
			}
		}
		if len(l.full) >= maxBuckets {
			key = ""
		}
	}
	full := l.full[key]
	if full.Before(now) {
		full = now
	}
	full = full.Add(limit.Every)
	if wait := full.Sub(now) - time.Duration(limit.Burst)*limit.Every; wait > 0 {
		return wait
	}
	l.full[key] = full
	return 0
}
