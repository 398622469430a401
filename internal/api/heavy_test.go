package api

import (
	"context"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
)

// Heavy answers are made a few at a time; the next waits, and is told to come back when
// its wait is long. Others go on.
func TestHeavyAnswers(t *testing.T) {
	cl := clock.NewFake(time.Unix(1_800_000_000, 0))
	h := newHarness(t, Options{Clock: cl})
	inside, release := make(chan struct{}, 100), make(chan struct{})
	Register(h.API, Op{ID: "heavy", Method: "GET", Path: "/heavy", Summary: "Heavy", Tag: "test", Permission: authz.Public, Heavy: true},
		func(context.Context, *struct{}) (*struct{}, error) {
			inside <- struct{}{}
			<-release
			return nil, nil
		})
	var wg sync.WaitGroup
	defer wg.Wait()
	for range heavyAtOnce {
		wg.Go(func() {
			if w := h.call("GET", "/api/v1/heavy", ""); w.Code != 204 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	for range heavyAtOnce {
		<-inside
	}
	late := make(chan *httptest.ResponseRecorder)
	before := cl.Waiters()
	go func() { late <- h.call("GET", "/api/v1/heavy", "") }()
	for cl.Waiters() == before {
		time.Sleep(time.Millisecond)
	}
	cl.Advance(heavyWait)
	if w := <-late; w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many: %d %s", w.Code, w.Body)
	}
	if w := h.call("GET", "/api/v1/echo?limit=1", ""); w.Code != 200 {
		t.Errorf("a light one: %d %s", w.Code, w.Body)
	}
	close(release)
	wg.Wait()
	if w := h.call("GET", "/api/v1/heavy", ""); w.Code != 204 {
		t.Errorf("after the others: %d", w.Code)
	}
}
