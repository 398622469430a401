package verdict

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/shape"
	"pgregory.net/rapid"
)

func corpus(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	out := map[string]string{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(f)], _, _ = strings.Cut(string(raw), divider)
	}
	return out
}

// sent are the spans of a scenario that were not lost.
func (sc *scenario) sent() (out []telemetry.Span) {
	for i := range sc.facts.Tree.Nodes {
		out = append(out, *sc.facts.Tree.Nodes[i].Span)
	}
	return out
}

func TestTheOrderOfFactsMakesNoDifference(t *testing.T) {
	for name, text := range corpus(t) {
		sc := read(t, text)
		want := sc.golden(Explain(sc.facts))
		for seed := range uint64(5) {
			r := rand.New(rand.NewPCG(seed, 1))
			f := sc.facts
			spans := sc.sent()
			r.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
			f.Tree = insight.Assemble(spans)
			f.Logs, f.Others, f.Changes = slices.Clone(f.Logs), slices.Clone(f.Others), slices.Clone(f.Changes)
			r.Shuffle(len(f.Logs), func(i, j int) { f.Logs[i], f.Logs[j] = f.Logs[j], f.Logs[i] })
			r.Shuffle(len(f.Others), func(i, j int) { f.Others[i], f.Others[j] = f.Others[j], f.Others[i] })
			r.Shuffle(len(f.Changes), func(i, j int) { f.Changes[i], f.Changes[j] = f.Changes[j], f.Changes[i] })
			if got := sc.golden(Explain(f)); got != want {
				t.Errorf("%s in another order:\n%s\nwas\n%s", name, got, want)
			}
		}
	}
}

// A service whose clock is a minute and a half behind is told to be no other than it was.
func TestClocksMakeNoDifference(t *testing.T) {
	for name, text := range corpus(t) {
		sc := read(t, text)
		if len(sc.facts.Others) > 0 {
			continue // others' clocks would have to be wrong as well
		}
		v := Explain(sc.facts)
		want := fmt.Sprint(v.Outcome, v.Cause.Kind, v.Cause.Detail, v.Cause.Service, v.Cause.Span)
		spans := sc.sent()
		front := sc.facts.Tree.Nodes[sc.facts.Tree.Main].Span.Service
		for i := range spans {
			if spans[i].Service != front {
				spans[i].Time -= 90 * int64(time.Second)
				spans[i].Host = "host of " + spans[i].Service
			} else {
				spans[i].Host = "front"
			}
		}
		f := sc.facts
		f.Tree = insight.Assemble(spans)
		f.Logs = slices.Clone(f.Logs)
		for i := range f.Logs {
			if f.Logs[i].Service != front {
				f.Logs[i].Time -= 90 * int64(time.Second)
			}
		}
		v = Explain(f)
		if got := fmt.Sprint(v.Outcome, v.Cause.Kind, v.Cause.Detail, v.Cause.Service, v.Cause.Span); got != want {
			t.Errorf("%s with wrong clocks: %s, was %s", name, got, want)
		}
	}
}

func genFacts(t *rapid.T) Facts {
	n := rapid.IntRange(1, 40).Draw(t, "spans")
	spans := make([]telemetry.Span, n)
	ids := make([]telemetry.SpanID, n)
	words := []string{"", "context deadline exceeded", "context canceled", "database is locked", "boom", "503 Service Unavailable", "HikariPool-1 - timed out", "`quoted`\nline", "%d %s"}
	codes := []string{"", "200", "404", "500", "504", "499", "DEADLINE_EXCEEDED", "14", "1"}
	sh := &shape.Shaper{}
	for i := range spans {
		s := &spans[i]
		s.ID, s.TraceID = uint64(i+1), telemetry.TraceID{1}
		binary.BigEndian.PutUint64(s.SpanID[:], uint64(i+1))
		ids[i] = s.SpanID
		if i > 0 {
			s.ParentID = ids[rapid.IntRange(0, i-1).Draw(t, "parent")]
		}
		if rapid.IntRange(0, 15).Draw(t, "odd") == 0 {
			s.ParentID = telemetry.SpanID{9, byte(i)}
		}
		s.Service, s.Env, s.Name = string(rune('a'+rapid.IntRange(0, 3).Draw(t, "service"))), "prod", rapid.SampledFrom([]string{"GET", "UPDATE t SET a = 1", "work", ""}).Draw(t, "name")
		s.Kind = telemetry.Kind(rapid.IntRange(0, 5).Draw(t, "kind"))
		s.Time = rapid.Int64Range(0, 300).Draw(t, "from") * 1e6
		s.Duration = rapid.Int64Range(0, 5000).Draw(t, "dur") * 1e6
		if s.Kind == telemetry.KindServer {
			s.Endpoint = "GET /" + s.Service
		}
		if rapid.IntRange(0, 2).Draw(t, "failing") == 0 {
			s.Status = telemetry.StatusError
			s.StatusMessage = rapid.SampledFrom(words).Draw(t, "words")
			s.Exception.Message = rapid.SampledFrom(words).Draw(t, "exception")
		}
		if c := rapid.SampledFrom(codes).Draw(t, "code"); c != "" {
			s.Attrs = append(s.Attrs, telemetry.Attr{Key: "http.response.status_code", Value: c})
		}
		if rapid.IntRange(0, 3).Draw(t, "db") == 0 {
			s.Attrs = append([]telemetry.Attr{{Key: "db.query.text", Value: s.Name}, {Key: "db.system.name", Value: "mysql"}}, s.Attrs...)
		}
		sh.Span(s)
	}
	f := Facts{Tree: insight.Assemble(spans), Usual: Baseline{Endpoints: map[EndpointKey]Usual{}, Calls: map[CallKey]Usual{}}, Owners: map[string]Owner{}}
	for _, svc := range []string{"a", "b"} {
		f.Usual.Endpoints[EndpointKey{svc, "prod", "GET /" + svc}] = Usual{Count: rapid.Uint64Range(0, 100).Draw(t, "count"), P50: rapid.Int64Range(0, 2e9).Draw(t, "p50"), P95: rapid.Int64Range(0, 3e9).Draw(t, "p95")}
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "logs") {
		l := telemetry.Log{ID: uint64(i + 1), Time: rapid.Int64Range(0, 5e9).Draw(t, "at"), Source: telemetry.Source{Service: "a"}, Severity: telemetry.Severity(rapid.IntRange(0, 24).Draw(t, "severity")), Body: rapid.SampledFrom(words).Draw(t, "body")}
		if rapid.Bool().Draw(t, "in a span") {
			l.SpanID = ids[rapid.IntRange(0, n-1).Draw(t, "of")]
		}
		f.Logs = append(f.Logs, l)
	}
	for range rapid.IntRange(0, 2).Draw(t, "findings") {
		c := causes[rapid.IntRange(0, len(causes)-1).Draw(t, "detector")]
		fd := detect.Finding{Detector: c.detector}
		for range rapid.IntRange(0, 4).Draw(t, "evidence") {
			fd.SpanIDs = append(fd.SpanIDs, ids[rapid.IntRange(0, n-1).Draw(t, "finding")])
		}
		fd.Spans = len(fd.SpanIDs)
		f.Findings = append(f.Findings, fd)
	}
	return f
}

func TestEverySentenceRestsOnFacts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := genFacts(t)
		v := Explain(f)
		checkCitations(t, f, v)
		if v.Cause.Kind != CauseNone {
			if i := v.Cause.node; i < 0 || f.Tree.Nodes[i].Span.SpanID != v.Cause.Span {
				t.Fatalf("the cause is at %s, which is not there", v.Cause.Span)
			}
		}
		if (v.Outcome == Error || v.Outcome == Timeout) && v.Cause.Kind == CauseNone {
			t.Fatalf("it failed for no cause: %s", v.Summary)
		}
	})
}

func FuzzExplain(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		facts := genFacts(t)
		checkCitations(t, facts, Explain(facts))
	}))
}

// bigTrace has n spans: a request with many calls, retries and failures.
func bigTrace(n int) Facts {
	spans := make([]telemetry.Span, 0, n)
	var f Facts
	id := func(i int) (s telemetry.SpanID) { binary.BigEndian.PutUint64(s[:], uint64(i+1)); return }
	sh := &shape.Shaper{}
	for i := range n {
		s := telemetry.Span{ID: uint64(i + 1), TraceID: telemetry.TraceID{1}, SpanID: id(i), Name: "SELECT", Kind: telemetry.KindClient, Time: int64(i) * 1e6, Duration: 9e5}
		s.Service, s.Env, s.Instance = fmt.Sprintf("s%d", i%20), "prod", "i"
		switch {
		case i == 0:
			s.Kind, s.Endpoint, s.Duration, s.Status = telemetry.KindServer, "GET /all", int64(n)*1e6, telemetry.StatusError
		case i%10 == 1:
			s.ParentID, s.Kind, s.Duration = id(0), telemetry.KindInternal, 10e6
		default:
			s.ParentID = id(i - i%10 + 1)
			if i%10 == 0 {
				s.ParentID = id(i - 9)
			}
			s.Attrs = []telemetry.Attr{{Key: "db.query.text", Value: fmt.Sprintf("SELECT * FROM t%d WHERE id = %d", i%7, i)}, {Key: "db.system.name", Value: "mysql"}}
		}
		if i%50 == 3 {
			s.Status, s.StatusMessage = telemetry.StatusError, "lost connection"
		}
		sh.Span(&s)
		spans = append(spans, s)
	}
	for i := range 1000 {
		f.Logs = append(f.Logs, telemetry.Log{ID: uint64(i + 1), Time: int64(i) * 1e7, SpanID: id(i * n / 1000), Severity: 17, Body: "could not read"})
	}
	f.Tree = insight.Assemble(spans)
	return f
}

func TestALargeTraceIsExplainedWithinASecond(t *testing.T) {
	f := bigTrace(10_000)
	start := time.Now()
	v := Explain(f)
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %s", took)
	}
	checkCitations(t, f, v)
}

func BenchmarkExplain10000(b *testing.B) {
	f := bigTrace(10_000)
	for b.Loop() {
		Explain(f)
	}
}

func TestDurationsReadAsOnThePages(t *testing.T) {
	for ns, want := range map[int64][2]string{
		0: {"0 ms", "0 ms"}, 850: {"850 ns", "850 ns"}, 12_340: {"12.3 µs", "12.3 µs"}, 320e6: {"320 ms", "320 ms"}, 999.6e6: {"1 s", "1秒"},
		1.24e9: {"1.24 s", "1.24秒"}, 30.1e9: {"30.1 s", "30.1秒"}, 59.99e9: {"1 min", "1分"}, 123e9: {"2 min 3 s", "2分3秒"}, 274_000e9: {"3 d 4 h", "3日4時間"},
	} {
		if got := dur(ns); got.En != want[0] || got.Ja != want[1] {
			t.Errorf("%d is %q, %q; want %q", ns, got.En, got.Ja, want)
		}
	}
}
