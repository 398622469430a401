package engine

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/engine/rss"
)

// A process that stays far over its limit gives up; one that only peaks does not.
func TestRunaway(t *testing.T) {
	for name, c := range map[string]struct {
		private []int64 // by look; the last one stays
		gaveUp  bool
	}{
		"within":      {[]int64{140}, false},
		"peaks":       {[]int64{200, 200, 200, 200, 200, 200, 200, 200, 200, 100, 200, 200, 200, 200, 200, 140}, false},
		"stays over":  {[]int64{100, 151}, true},
		"at the edge": {[]int64{150}, false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			cl := clock.NewFake(time.Unix(0, 0))
			look := 0
			over := make(chan struct{})
			go func() {
				defer close(over)
				watchRunaway(ctx, ChildConfig{MaxMemory: 100, Clock: cl}, func() (rss.Memory, error) {
					m := rss.Memory{Private: c.private[min(look, len(c.private)-1)]}
					look++
					return m, nil
				}, cancel)
			}()
			for range 40 {
				for cl.Waiters() == 0 && ctx.Err() == nil {
					time.Sleep(time.Millisecond)
				}
				cl.Advance(time.Second)
			}
			if got := errors.Is(context.Cause(ctx), errRunaway); got != c.gaveUp {
				t.Errorf("gave up: %v", got)
			}
			cancel(nil)
			<-over
		})
	}
}

func TestArgsComeBack(t *testing.T) {
	want := ChildConfig{DataDir: "/a b", Socket: "s", Lib: "l", MaxMemory: 1 << 40, MaxThreads: 3, MaxQuery: 90 * time.Second, Confine: true}
	got, err := ParseArgs(want.Args())
	if err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range [][]string{nil, {"--data=x"}, append(want.Args(), "more"), append(want.Args(), "--nosuch=1"), append(want.Args(), "--max-query-seconds=0")} {
		if _, err := ParseArgs(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// What the child logs arrives with its level and fields, what the library says arrives
// as it is, and the last complaint is kept.
func TestRelay(t *testing.T) {
	var out strings.Builder
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	long := strings.Repeat("x", 3*lineMax)
	last := relay(strings.NewReader(`{"time":"t","level":"INFO","msg":"engine ready","version":"26.7"}
{"level":"ERROR","msg":"bad","code":7}
{"no":"msg"}
plain words
`+long+`
std::terminate
0. ? @ 0x000000001c8fa4b3
11. DB::f(int) @ 0x000000000f20f296
`), log)
	if last != "std::terminate" {
		t.Errorf("last: %.80q", last)
	}
	got := out.String()
	for _, want := range []string{
		`level=INFO msg="engine: engine ready" version=26.7`, `level=ERROR msg="engine: bad" code=7`,
		`level=WARN msg="engine says" line="{\"no\":\"msg\"}"`, `line="plain words"`, `line=std::terminate`, `level=DEBUG msg="engine says" line="11. DB`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %s", want)
		}
	}
	if strings.Count(got, "x") < len(long) {
		t.Error("a long line lost its rest")
	}
}
