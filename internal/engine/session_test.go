package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/engine/enginetest"
)

// Questions of the same settings share sessions, one after the other. What one of them
// brought along must not reach the next.
func TestSessionsThatAreUsedAgainHaveForgotten(t *testing.T) {
	sup := enginetest.Start(t)
	db := enginetest.Database(t, sup)
	args := func(more ...string) string { return q(append([]string{"readonly", "2", "database", db}, more...)...) }
	comment := func() string {
		got := ask(t, sup, "POST", args(), "SELECT getSetting('log_comment')")
		if got.status != 200 {
			t.Fatalf("%+v", got)
		}
		return got.body
	}
	first := comment()
	if again := comment(); again != first {
		t.Errorf("the second question has a session of its own: %q, %q", first, again)
	}
	for _, c := range []struct{ name, args, text, then, want string }{
		{"a setting of the text", args(), "SELECT 1 SETTINGS max_block_size = 777", "SELECT getSetting('max_block_size') = 777", "0\n"},
		{"a setting of an inner text", args(), "SELECT * FROM (SELECT 1 SETTINGS max_block_size = 777)", "SELECT getSetting('max_block_size') = 777", "0\n"},
		{"a setting of the request", args("max_block_size", "777"), "SELECT getSetting('max_block_size')", "SELECT getSetting('max_block_size') = 777", "0\n"},
		{"a parameter", args("param_left", "secret"), "SELECT {left:String}", "SELECT {left:String}", "Code: 456"},
		{"a parameter of another value", args("param_left", "secret"), "SELECT {left:String}", "SELECT {left:Nullable(String)} IS NULL", "1\n"},
		{"a format", args("default_format", "CSV"), "SELECT 'a'", "SELECT 'a'", "a\n"},
		{"a format of the text", args(), "SELECT 'a' FORMAT CSV", "SELECT 'a'", "a\n"},
		{"a database", q("readonly", "2"), "SELECT 1", "SELECT currentDatabase()", db + "\n"},
		{"an error", args(), "SELECT throwIf(1)", "SELECT 2", "2\n"},
		{"an error in the middle", args(), "SELECT throwIf(number = 3000000) FROM numbers(10000000)", "SELECT 2", "2\n"},
	} {
		_ = ask(t, sup, "POST", c.args, c.text)
		if got := ask(t, sup, "POST", args(), c.then); !strings.HasPrefix(got.body, c.want) {
			t.Errorf("after %s: %+v", c.name, got)
		}
	}
	before := comment()
	if got := ask(t, sup, "POST", args("max_execution_time", "61"), "SELECT getSetting('log_comment')"); got.status != 200 || got.body == before {
		t.Errorf("other settings have the same session: %+v", got)
	}
	// In a session that was used before, a statement is still stopped when its asker goes.
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	const endless = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 12345"
	req, err := http.NewRequestWithContext(ctx, "POST", "http://engine/?"+args(), strings.NewReader(endless))
	if err != nil {
		t.Fatal(err)
	}
	if res, err := enginetest.Client(sup).Do(req); err == nil {
		t.Errorf("an answer: %s", res.Status)
		_ = res.Body.Close()
	}
	eventually(t, "the question has stopped", func() bool { return running(t, sup, endless) == 0 })
}

// Many at once never share one.
func TestSessionsAreNotShared(t *testing.T) {
	sup := enginetest.Start(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 30 {
				want := fmt.Sprintf("%d-%d", i, n)
				got := ask(t, sup, "POST", q("readonly", "2", "param_p", want), "SELECT {p:String} FROM numbers(3)")
				if got.err != nil || got.body != strings.Repeat(want+"\n", 3) {
					t.Errorf("%s: %+v", want, got)
				}
			}
		})
	}
	wg.Wait()
}

// What the guard refuses it refuses the second time too, and what it let through in one
// guise it does not let through in another.
func TestGuardRemembersOnlyWhatItLetThrough(t *testing.T) {
	sup := enginetest.Start(t)
	for range 2 {
		for _, c := range []struct {
			args, text string
			status     int
		}{
			{q("readonly", "2"), "SELECT file('/etc/hostname')", 403},
			{q("readonly", "2", "param_t", "one"), "SELECT count() FROM system.{t:Identifier}", 200},
			{q("readonly", "2", "param_t", "nosuch"), "SELECT count() FROM system.{t:Identifier}", 404},
			{q("readonly", "2"), "SELECT 'file'", 200},
			{q("readonly", "2", "dialect", "kusto", "allow_experimental_kusto_dialect", "1"), "SELECT 'file'", 400},
		} {
			if got := ask(t, sup, "POST", c.args, c.text); got.status != c.status {
				t.Errorf("%s %s: %+v", c.args, c.text, got)
			}
		}
	}
}
