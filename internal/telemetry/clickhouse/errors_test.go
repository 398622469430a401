package clickhouse

import (
	"context"
	"fmt"
	"testing"

	ch "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/yagura-sre/yagura/internal/fault"
)

// Who is refused because of others is told so, and to come back; who asks for too much is
// told that.
func TestBusyIsNotTooLarge(t *testing.T) {
	s := &Store{}
	for _, c := range []struct {
		err  error
		want fault.Code
	}{
		{ch.ErrAcquireConnTimeout, fault.Overloaded},
		{&ch.Exception{Code: 202, Message: "Too many statements are waiting for the engine"}, fault.Overloaded},
		{&ch.Exception{Code: 241, Message: "(total) memory limit exceeded: would use 2.98 GiB"}, fault.Overloaded},
		{&ch.Exception{Code: 241, Message: "The engine's process is over its memory limit and takes no new statements until it is below again"}, fault.Overloaded},
		{&ch.Exception{Code: 241, Message: "Query memory limit exceeded: would use 1.25 GiB"}, fault.TooLarge},
		{&ch.Exception{Code: 159}, fault.Timeout},
		{&ch.Exception{Code: 210}, fault.Unavailable},
	} {
		f := fault.Of(s.explain(context.Background(), fmt.Errorf("of a question: %w", c.err)))
		if f.Code != c.want || f.Code == fault.Overloaded && f.RetryAfter <= 0 {
			t.Errorf("%v: %s, again after %s", c.err, f.Code, f.RetryAfter)
		}
	}
}
