package ingest

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Bounds of the tables: what is beyond them is counted under the name others, so that
// sums stay right however many names a sender makes up.
const (
	maxRefusals  = 1000
	maxSources   = 10_000
	others       = "(others)"
	exampleBytes = 2 << 10
	exampleEvery = time.Minute
	rateWindow   = 60.0 // seconds over which a source's rate decays
)

// Refusal is what was refused or changed for one reason.
type Refusal struct {
	Signal      telemetry.Signal // 0 when the request did not get far enough to tell
	Service     string           // "" when not known
	Reason      Reason
	Text        i18n.Text
	Stored      bool // stored, changed; else refused
	Count       int64
	First, Last time.Time
	Example     string // redacted, at most 2 KB
}

// Seen is what one service sent of one signal from one environment.
type Seen struct {
	Service, Env  string
	Signal        telemetry.Signal
	Rows          int64
	Last          time.Time
	RowsPerSecond float64
}

// Traffic counts what one transport took of one signal.
type Traffic struct {
	Transport string // grpc or http
	Signal    telemetry.Signal
	Requests  int64
	Bytes     int64 // decompressed
	Rows      int64 // stored
	Refused   int64 // rows when they could be counted, else requests
}

type refusalKey struct {
	signal  telemetry.Signal
	service string
	reason  Reason
}

type sourceKey struct {
	signal       telemetry.Signal
	service, env string
}

type sourceRow struct {
	rows  int64
	last  time.Time
	rate  float64 // rows a second at the time of last, decaying
	begun time.Time
}

type trafficKey struct {
	transport string
	signal    telemetry.Signal
}

// book keeps the counts that the status page shows. Safe for concurrent use.
type book struct {
	mu       sync.Mutex
	refusals map[refusalKey]*Refusal
	examples map[refusalKey]time.Time // when the example was taken
	sources  map[sourceKey]*sourceRow
	traffic  map[trafficKey]*Traffic
	places   places // of services
}

func newBook() *book {
	return &book{
		refusals: map[refusalKey]*Refusal{},
		examples: map[refusalKey]time.Time{},
		sources:  map[sourceKey]*sourceRow{},
		traffic:  map[trafficKey]*Traffic{},
	}
}

// refuse counts n rows (or requests, when rows cannot be told) under a reason.
func (b *book) refuse(signal telemetry.Signal, service string, reason Reason, n int64, now time.Time, example string) {
	if n <= 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	k := refusalKey{signal, service, reason}
	r := b.refusals[k]
	if r == nil && len(b.refusals) >= maxRefusals {
		k.service = others
		r = b.refusals[k]
	}
	if r == nil {
		r = &Refusal{Signal: k.signal, Service: k.service, Reason: reason, Text: reason.Text(), Stored: reason.Stored(), First: now}
		b.refusals[k] = r
	}
	r.Count += n
	r.Last = now
	if at, ok := b.examples[k]; example != "" && (!ok || now.Sub(at) >= exampleEvery) {
		r.Example = cut(example, exampleBytes)
		b.examples[k] = now
	}
}

// took counts stored rows of a source.
func (b *book) took(signal telemetry.Signal, service, env string, rows int, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := sourceKey{signal, service, env}
	s := b.sources[k]
	if s == nil && len(b.sources) >= maxSources {
		k.service, k.env = others, ""
		s = b.sources[k]
	}
	if s == nil {
		s = &sourceRow{begun: now, last: now}
		b.sources[k] = s
	}
	s.rate = s.rate*math.Exp(-now.Sub(s.last).Seconds()/rateWindow) + float64(rows)/rateWindow
	s.rows += int64(rows)
	s.last = now
}

// passed counts a request on a transport.
func (b *book) passed(transport string, signal telemetry.Signal, bytes, rows, refused int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := trafficKey{transport, signal}
	t := b.traffic[k]
	if t == nil {
		t = &Traffic{Transport: transport, Signal: signal}
		b.traffic[k] = t
	}
	t.Requests++
	t.Bytes += bytes
	t.Rows += rows
	t.Refused += refused
}

func (b *book) listRefusals() []Refusal {
	b.mu.Lock()
	out := make([]Refusal, 0, len(b.refusals))
	for _, r := range b.refusals {
		out = append(out, *r)
	}
	b.mu.Unlock()
	slices.SortFunc(out, func(x, y Refusal) int {
		return cmp.Or(y.Last.Compare(x.Last), cmp.Compare(x.Signal, y.Signal), cmp.Compare(x.Service, y.Service), cmp.Compare(x.Reason, y.Reason))
	})
	return out
}

func (b *book) listSources(now time.Time) []Seen {
	b.mu.Lock()
	out := make([]Seen, 0, len(b.sources))
	for k, s := range b.sources {
		rate := s.rate * math.Exp(-now.Sub(s.last).Seconds()/rateWindow)
		// A source younger than the window has not filled it yet.
		if age := now.Sub(s.begun).Seconds(); age < rateWindow {
			rate /= 1 - math.Exp(-max(age, 1)/rateWindow)
		}
		if rate < 0.001 {
			rate = 0
		}
		out = append(out, Seen{Service: k.service, Env: k.env, Signal: k.signal, Rows: s.rows, Last: s.last, RowsPerSecond: rate})
	}
	b.mu.Unlock()
	slices.SortFunc(out, func(x, y Seen) int {
		return cmp.Or(cmp.Compare(x.Service, y.Service), cmp.Compare(x.Env, y.Env), cmp.Compare(x.Signal, y.Signal))
	})
	return out
}

func (b *book) listTraffic() []Traffic {
	b.mu.Lock()
	out := make([]Traffic, 0, len(b.traffic))
	for _, t := range b.traffic {
		out = append(out, *t)
	}
	b.mu.Unlock()
	slices.SortFunc(out, func(x, y Traffic) int {
		return cmp.Or(cmp.Compare(x.Transport, y.Transport), cmp.Compare(x.Signal, y.Signal))
	})
	return out
}
