package ingest

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// The transports, as they are counted.
const (
	overGRPC = "grpc"
	overHTTP = "http"
)

// gate bounds what is worked on at once.
type gate struct {
	requests atomic.Int64
	bytes    atomic.Int64
	lim      *Limits
}

// full says that no further request can begin.
func (g *gate) full() bool { return g.requests.Load() >= int64(g.lim.Requests) }

func (g *gate) enter() bool {
	if g.requests.Add(1) > int64(g.lim.Requests) {
		g.requests.Add(-1)
		return false
	}
	return true
}

func (g *gate) leave() { g.requests.Add(-1) }

// hold takes n bytes of the budget, if there are.
func (g *gate) hold(n int) bool {
	if g.bytes.Add(int64(n)) > int64(g.lim.InflightBytes) {
		g.bytes.Add(-int64(n))
		return false
	}
	return true
}

func (g *gate) release(n int) { g.bytes.Add(-int64(n)) }

// call is what the gate, the consumer and the answer tell one another of a request. It
// travels in the context.
type call struct {
	transport string
	signal    telemetry.Signal
	bytes     int
	held      int
	stored    int64  // rows that were stored
	refused   int64  // rows that were refused
	partial   string // what the sender is told of them
	decoded   bool   // it got as far as the consumer
	counted   bool   // the refusal of the whole request is in the book
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	if c == nil {
		c = &call{}
	}
	return c
}

// authorise asks who sends. The header is "Authorization: Bearer <token>"; the scheme is
// read in any case.
func (s *Service) authorise(ctx context.Context, header string) *refusal {
	if s.auth == nil {
		return nil
	}
	scheme, token, _ := strings.Cut(strings.TrimSpace(header), " ")
	token = strings.TrimSpace(token)
	// Who shows a token where none is needed believes that it counts: a wrong one must not
	// be found out only when the address is another.
	if s.optional && (!strings.EqualFold(scheme, "bearer") || token == "") {
		return nil
	}
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		return &refusal{reason: NoToken, code: fault.Unauthenticated}
	}
	err := s.auth(ctx, token)
	switch {
	case err == nil:
		return nil
	case fault.Is(err, fault.Forbidden):
		return &refusal{reason: NoToken, code: fault.Forbidden, cause: err}
	case fault.Is(err, fault.Unauthenticated), fault.Is(err, fault.NotFound), fault.Is(err, fault.Invalid):
		return &refusal{reason: NoToken, code: fault.Unauthenticated, cause: err}
	}
	// Who sends could not be found out: that is our trouble, not the sender's.
	return &refusal{reason: StorageAway, code: fault.Unavailable, cause: err}
}

// turnAway counts a request that is refused as a whole, before its rows are known.
func (s *Service) turnAway(c *call, r *refusal) {
	c.counted = true
	c.refused++
	s.book.refuse(c.signal, "", r.reason, 1, s.clock.Now(), r.example)
}
