package shape

import (
	"strings"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Bound keeps the number of different things of a service in an environment within a
// limit: those that come once it is reached become telemetry.Other, until others have not
// been seen for a day. It is safe for concurrent use.
//
// It holds for what arrives from now on: a restart begins anew, so that up to twice the
// limit may be stored of one day.
type Bound struct {
	limit int
	clock clock.Clock

	mu      sync.RWMutex
	seen    map[source]map[uint64]int64 // the hour in which each was last seen
	cleared map[source]int64            // the hour in which room was last looked for
}

type source struct{ env, service string }

// maxSources bounds how many services are kept apart: names are made up too.
const maxSources = 20_000

// NewBound makes a bound of limit different things a service.
func NewBound(limit int, c clock.Clock) *Bound {
	return &Bound{limit: limit, clock: c, seen: map[source]map[uint64]int64{}, cleared: map[source]int64{}}
}

// Keep is name, or telemetry.Other.
func (b *Bound) Keep(env, service, name string) string {
	if b.Has(env, service, uint64(ID(name))) {
		return name
	}
	return telemetry.Other
}

// Has says whether a thing is within the limit; it is from then on.
func (b *Bound) Has(env, service string, id uint64) bool {
	hour := b.clock.Now().Unix() / int64(time.Hour/time.Second)
	src := source{env, service}
	b.mu.RLock()
	last, ok := b.seen[src][id]
	b.mu.RUnlock()
	if ok && last == hour {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	of := b.seen[src]
	if _, ok := of[id]; ok {
		of[id] = hour
		return true
	}
	if of == nil {
		if len(b.seen) >= maxSources {
			clear(b.seen)
			clear(b.cleared)
		}
		of = map[uint64]int64{}
		b.seen[clone(src)] = of
	}
	if len(of) >= b.limit && b.cleared[src] != hour {
		b.cleared[clone(src)] = hour
		for k, last := range of {
			if last < hour-24 {
				delete(of, k)
			}
		}
	}
	if len(of) >= b.limit {
		return false
	}
	of[id] = hour
	return true
}

// clone makes a key that does not keep the request alive that it came with.
func clone(s source) source {
	return source{strings.Clone(s.env), strings.Clone(s.service)}
}
