package people

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
)

// ingestCache remembers for some seconds what the database said of an ingest token:
// receivers ask with every request.
type ingestCache struct {
	clock   clock.Clock
	mu      sync.Mutex
	entries map[string]*ingestEntry // by hash
}

// ingestEntry is filled by the first who asks; the others wait for it.
type ingestEntry struct {
	mu    sync.Mutex
	token Token
	err   error
	at    time.Time // zero: not asked yet
}

const (
	ingestLife = 5 * time.Second // half of what is promised for a revocation
	maxIngest  = 10_000
)

func newIngestCache(c clock.Clock) *ingestCache {
	return &ingestCache{clock: c, entries: map[string]*ingestEntry{}}
}

func (c *ingestCache) entry(hash string) *ingestEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[hash]
	if e == nil {
		if len(c.entries) >= maxIngest { // somebody sends made-up tokens
			clear(c.entries)
		}
		e = &ingestEntry{}
		c.entries[hash] = e
	}
	return e
}

func (c *ingestCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}

// CheckIngestToken finds the principal of an ingest token, or says by a fault
// Unauthenticated that there is none. It is quick: most calls only look into memory. A
// revoked token is refused after 10 s at most, at once in the process that revoked it.
func (s *Service) CheckIngestToken(ctx context.Context, secret string) (authz.Principal, error) {
	if !strings.HasPrefix(secret, ingestPrefix) || len(secret) > 100 {
		return authz.Principal{}, errBadToken
	}
	hash := hashOf(secret)
	e := s.ingest.entry(hash)
	e.mu.Lock()
	defer e.mu.Unlock()
	now := s.clock.Now()
	if age := now.Sub(e.at); e.at.IsZero() || age >= ingestLife || age < 0 {
		t, err := s.loadToken(ctx, hash)
		if err != nil && !errors.Is(err, errBadToken) {
			return authz.Principal{}, err // the database's trouble is not the token's
		}
		e.token, e.err, e.at = t, err, now
	}
	if e.err != nil {
		return authz.Principal{}, e.err
	}
	if e.token.Kind != IngestToken || !e.token.Valid(now) {
		return authz.Principal{}, errBadToken
	}
	return e.token.Principal(), nil
}
