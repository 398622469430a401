package demo

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

var background = context.Background()

func TestABackfillIsConsistent(t *testing.T) {
	r := pastAfternoon(t)
	from, to := noon.Add(80*time.Minute), noon.Add(310*time.Minute)
	traces := r.traces()
	if len(traces) < 1000 {
		t.Fatalf("only %d traces", len(traces))
	}
	bounds := map[[8]byte]span{}
	for id, spans := range traces {
		roots := 0
		have := map[[8]byte]span{}
		for _, s := range spans {
			have[s.SpanID()] = s
			bounds[s.SpanID()] = s
		}
		if len(have) != len(spans) {
			t.Fatalf("trace %s has a span twice", id)
		}
		for _, s := range spans {
			if s.end().Before(s.start()) || s.start().Before(from) || s.end().After(to.Add(3*time.Minute)) {
				t.Fatalf("%s is from %s to %s", s.Name(), s.start(), s.end())
			}
			if s.ParentSpanID().IsEmpty() {
				roots++
				continue
			}
			p, ok := have[s.ParentSpanID()]
			if !ok {
				t.Fatalf("%s in trace %s has lost its parent", s.Name(), id)
			}
			if s.start().Before(p.start()) {
				t.Errorf("%s starts %s before its parent %s", s.Name(), p.start().Sub(s.start()), p.Name())
			}
			// A letter is sent later, and who gave up does not hear the end.
			gaveUp := p.Kind() == ptrace.SpanKindClient && hasError(p)
			if s.end().After(p.end()) && s.Kind() != ptrace.SpanKindConsumer && !gaveUp {
				t.Errorf("%s ends %s after its parent %s", s.Name(), s.end().Sub(p.end()), p.Name())
			}
			for _, e := range s.Events().All() {
				if at := e.Timestamp().AsTime(); at.Before(s.start()) || at.After(s.end()) {
					t.Errorf("event %s of %s is outside of it", e.Name(), s.Name())
				}
			}
			for _, l := range s.Links().All() {
				if _, ok := have[l.SpanID()]; !ok {
					t.Errorf("%s is linked to a span that there is not", s.Name())
				}
			}
		}
		if roots != 1 {
			t.Fatalf("trace %s has %d roots", id, roots)
		}
	}
	within := 0
	for _, l := range r.records {
		if l.span.IsEmpty() {
			continue
		}
		within++
		s, ok := bounds[l.span]
		if !ok || l.at.Before(s.start()) || l.at.After(s.end()) {
			t.Fatalf("%q at %s is outside of its span", l.body, l.at)
		}
	}
	if within < 1000 {
		t.Errorf("only %d log records in spans", within)
	}
}

func TestMetricsOfABackfillComeInTheOrderOfTime(t *testing.T) {
	r := pastAfternoon(t)
	last := time.Time{}
	names := map[string]bool{}
	for _, s := range r.samples {
		if s.at.Before(last) {
			t.Fatalf("%s of %s at %s comes after %s", s.name, s.service, s.at, last)
		}
		last = s.at
		names[s.name] = true
	}
	for _, want := range []string{"http.server.request.duration", "http.client.request.duration", "db.client.operation.duration",
		"db.client.connection.count", "shop.queue.depth", "messaging.process.duration", "go.memory.used"} {
		if !names[want] {
			t.Errorf("there is no %s", want)
		}
	}
}

func TestReleasesShow(t *testing.T) {
	r := pastAfternoon(t)
	spans := slices.Clone(r.spans)
	slices.SortFunc(spans, func(a, b span) int { return a.start().Compare(b.start()) })
	seen := map[string][]string{}
	for _, s := range spans {
		if v := seen[s.service]; !slices.Contains(v, s.version) {
			seen[s.service] = append(v, s.version)
		}
	}
	if v := seen["payment"]; !slices.Equal(v, []string{"3.2.0", "3.3.0", "3.3.1"}) {
		t.Errorf("payment ran in versions %v", v)
	}
	if v := seen["storefront"]; len(v) != 2 {
		t.Errorf("storefront ran in versions %v, and was released once", v)
	}
	// The errors are those of one version.
	bad := map[string]int{}
	for _, s := range spans {
		if signs["error_burst"](tree{}, s) {
			bad[s.version]++
		}
	}
	if bad["3.3.0"] < 3 || len(bad) != 1 {
		t.Errorf("exceptions by version: %v", bad)
	}
}

// fingerprint is all that a seed must decide.
func fingerprint(r *receiver) []string {
	var out []string
	for _, s := range r.spans {
		out = append(out, fmt.Sprintf("%s %s %s %s %s %s", s.TraceID(), s.SpanID(), s.service, s.Name(), s.start(), s.end()))
	}
	slices.Sort(out)
	return out
}

func TestTheSeedDecidesEverything(t *testing.T) {
	run := func(seed uint64) []string {
		r := receive(t)
		if _, err := Backfill(t.Context(), Options{Endpoint: r.URL, Rate: 10, Seed: seed, Flaws: standing()},
			History{From: noon, To: noon.Add(12 * time.Minute), Recent: 4 * time.Minute}); err != nil {
			t.Fatal(err)
		}
		return fingerprint(r)
	}
	one, again, other := run(1), run(1), run(2)
	if len(one) < 500 {
		t.Fatalf("only %d spans", len(one))
	}
	if !slices.Equal(one, again) {
		for i := range min(len(one), len(again)) {
			if one[i] != again[i] {
				t.Fatalf("the same seed gave %d and %d spans; the first that differs:\n%s\n%s", len(one), len(again), one[i], again[i])
			}
		}
		t.Fatalf("the same seed gave %d and %d spans", len(one), len(again))
	}
	if slices.Equal(one, other) {
		t.Error("another seed gave the same")
	}
}

func TestAHistoryGoesOnWhereItEnded(t *testing.T) {
	r := receive(t)
	o := Options{Endpoint: r.URL, Rate: 20, Flaws: standing()}
	made, err := Backfill(t.Context(), o, History{From: noon.Add(120 * time.Minute), To: noon.Add(130 * time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	before := len(r.spans)
	if made, err = CatchUp(t.Context(), o, made, noon.Add(140*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if !made.To.Equal(noon.Add(140*time.Minute)) || made.Spans != int64(len(r.spans)) {
		t.Errorf("it says %d spans to %s, %d came", made.Spans, made.To, len(r.spans))
	}
	for _, s := range r.spans[before:] {
		if s.start().Before(noon.Add(130 * time.Minute)) {
			t.Fatalf("%s starts at %s, before the end of what there was", s.Name(), s.start())
		}
	}
	if len(r.spans) < before+100 {
		t.Errorf("%d spans, then %d", before, len(r.spans))
	}
}

func TestABackfillEndsWhenItIsToldToOrCannotSend(t *testing.T) {
	r := receive(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Backfill(ctx, Options{Endpoint: r.URL}, History{From: noon, To: noon.AddDate(0, 0, 5),
		Progress: func(Progress) { cancel() }})
	if err == nil {
		t.Error("it went on after its end")
	}
	gone := receive(t)
	gone.Close()
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Backfill(short, Options{Endpoint: gone.URL}, History{From: noon, To: noon.Add(time.Minute)}); err == nil {
		t.Error("nobody took it, and nothing was said")
	}
}
