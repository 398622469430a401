// Package promremote keeps metrics in anything that speaks Prometheus' HTTP interface
// (Prometheus itself, Mimir, Thanos, VictoriaMetrics): it writes by remote write, 2.0 where
// the other side has it and 1.0 elsewhere, and reads by the query API.
//
// What the other side refuses for the samples' sake (400, 413, 422) is fault.Invalid. It
// may have taken a part of the block all the same; a part that is sent again changes
// nothing there. Whatever else goes wrong, a wrong address or password too, is
// fault.Unavailable: the rows are not at fault and wait. Delta temporality is refused: the
// totals would have to be kept by one process alone.
package promremote

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/prom"
)

// Options say where the metrics are.
type Options struct {
	URL      string        // of the query API without /api/v1: https://mimir.example/prometheus
	WriteURL string        // of remote write; default URL + /api/v1/write
	Header   http.Header   // sent with everything: Authorization, X-Scope-OrgID
	Client   *http.Client  // what goes out goes out through it
	Timeout  time.Duration // of a query or a write; default 30 s
	Batch    int           // samples a write request carries at most; default 5,000
	Clock    clock.Clock   // default the machine's
	Log      *slog.Logger  // default none
}

// Store is metrics on another machine. It is safe for concurrent use.
type Store struct {
	prom.Frames
	o       Options
	base    *url.URL
	write   *url.URL
	old     atomic.Bool // the other side knows remote write 1.0 alone
	catalog prom.Catalog
}

var (
	_ telemetry.MetricWriter = (*Store)(nil)
	_ telemetry.MetricReader = (*Store)(nil)
)

// Open checks the options; it does not ask the other side.
func Open(o Options) (*Store, error) {
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.Batch = cmp.Or(o.Batch, 5000)
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Client == nil {
		return nil, errors.New("promremote: no HTTP client")
	}
	s := &Store{o: o}
	var err error
	if s.base, err = parse(o.URL); err != nil {
		return nil, err
	}
	s.write = s.base.JoinPath("api/v1/write")
	if o.WriteURL != "" {
		if s.write, err = parse(o.WriteURL); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func parse(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("promremote: %q is not the address of an HTTP server", s)
	}
	return u, nil
}

// Close gives idle connections back.
func (s *Store) Close() error {
	s.o.Client.CloseIdleConnections()
	return nil
}

func errAway(err error, after time.Duration) error {
	f := fault.Wrap(err, fault.Unavailable, i18n.T(
		"The remote store of metrics does not answer as it should. Check its address, its credentials and its state.",
		"リモートのメトリクスストアが正常に応答しません。アドレス、認証情報、稼働状況を確認してください。"))
	f.RetryAfter = after
	return f
}

// errStatus is the fault for an answer that says nothing about samples or the query.
func errStatus(resp *http.Response, body string) error {
	err := fmt.Errorf("promremote: %s: %s", resp.Status, body)
	after := 5 * time.Second
	if n, e := strconv.Atoi(resp.Header.Get("Retry-After")); e == nil && n > 0 {
		after = min(time.Duration(n)*time.Second, 5*time.Minute)
	}
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests:
		f := fault.Wrap(err, fault.Overloaded, i18n.T(
			"The remote store of metrics is overloaded. It is tried again.",
			"リモートのメトリクスストアが過負荷です。しばらくしてから再試行します。"))
		f.RetryAfter = after
		return f
	case code < 500:
		return errAway(err, max(after, 30*time.Second)) // a person has to mend it
	}
	return errAway(err, after)
}
