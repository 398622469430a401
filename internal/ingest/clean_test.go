package ingest

import (
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

func reasonsOf(w *work) map[Reason]int64 {
	m := map[Reason]int64{}
	for _, r := range w.tally.refused {
		m[r.reason] += r.n
	}
	return m
}

func TestContentEncodingInAnyCase(t *testing.T) {
	s, _ := serve(t, nil)
	if code, answer, _ := post(t, s, "/v1/logs", gz(benchLogs(1)), "Content-Encoding", "GZip"); code != 200 {
		t.Errorf("%d %q", code, answer)
	}
}

func TestServiceNamesOfNothing(t *testing.T) {
	for sent, want := range map[string]string{" \t ": unknownService, "\x00": unknownService, " cart\n": "cart", "ca\x00rt": "cart", "注文 API": "注文 API"} {
		w := newTestWork(t, Limits{}, Redaction{})
		res := pcommon.NewResource()
		res.Attributes().PutStr("service.name", sent)
		if src, _ := w.source(res); src.Service != want {
			t.Errorf("%q became %q, want %q", sent, src.Service, want)
		}
	}
}

// A span that ends before it begins is no matter of the server's clock, and one of the far
// future is no matter of its duration.
func TestNegativeDuration(t *testing.T) {
	for _, c := range []struct {
		start, end time.Duration
		want       Reason
	}{{0, -time.Second, BadDuration}, {time.Hour, time.Hour + time.Second, ClockSkew}} {
		w := spanWork(t, Limits{}, func(s ptrace.Span) {
			s.SetStartTimestamp(pcommon.NewTimestampFromTime(testNow.Add(c.start)))
			s.SetEndTimestamp(pcommon.NewTimestampFromTime(testNow.Add(c.end)))
		})
		if got := reasonsOf(w); len(got) != 1 || got[c.want] != 1 || w.spans[0].Flags&telemetry.Skewed == 0 {
			t.Errorf("%v to %v: %v, flags %b", c.start, c.end, got, w.spans[0].Flags)
		}
	}
}

func logWork(t *testing.T, fill func(plog.LogRecord)) *work {
	t.Helper()
	w := newTestWork(t, Limits{}, Redaction{})
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetTimestamp(pcommon.NewTimestampFromTime(testNow))
	fill(r)
	w.normaliseLogs(ld, everyone)
	return w
}

func TestLoneSurrogateIsMarked(t *testing.T) {
	w := logWork(t, func(r plog.LogRecord) { r.Body().SetStr(`{"message":"half \ud83d of one"}`) })
	if row := w.logs[0]; !strings.Contains(row.Body, "\uFFFD") || row.Flags&telemetry.Repaired == 0 || reasonsOf(w)[InvalidUTF8] != 1 {
		t.Errorf("%q, flags %b, %v", row.Body, row.Flags, reasonsOf(w))
	}
	w = logWork(t, func(r plog.LogRecord) { r.Body().SetStr(`{"message":"a whole \ud83d\ude00"}`) })
	if row := w.logs[0]; row.Flags&telemetry.Repaired != 0 {
		t.Errorf("%q, flags %b", row.Body, row.Flags)
	}
}

func TestDuplicateAttributesAreMarked(t *testing.T) {
	for _, c := range []struct {
		name       string
		key, value string
		lost       bool
	}{
		{"another value", "k", "two", true}, {"the same value", "k", "one", false}, {"another name", "l", "two", false},
	} {
		// As bytes: the maps of the library replace a key that is there.
		attr := func(k, v string) []byte {
			return field1(6, append(field1(1, []byte(k)), field1(2, field1(1, []byte(v)))...))
		}
		record := append(attr("k", "one"), attr(c.key, c.value)...)
		req := plogotlp.NewExportRequest()
		if err := req.UnmarshalProto(field1(1, field1(2, field1(2, record)))); err != nil {
			t.Fatal(err)
		}
		w := newTestWork(t, Limits{}, Redaction{})
		w.normaliseLogs(req.Logs(), everyone)
		row := w.logs[0]
		if got := row.Flags&telemetry.Truncated != 0; got != c.lost || (reasonsOf(w)[DuplicateKey] == 1) != c.lost || row.Attrs[0].Value != "one" {
			t.Errorf("%s: flags %b, %v, %v", c.name, row.Flags, reasonsOf(w), row.Attrs)
		}
	}
	// An old name beside its successor loses nothing that was not said better.
	w := spanWork(t, Limits{}, func(s ptrace.Span) {
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(testNow))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(testNow))
		s.Attributes().PutStr("http.method", "get")
		s.Attributes().PutStr("http.request.method", "GET")
	})
	if w.spans[0].Flags&telemetry.Truncated != 0 {
		t.Errorf("flags %b, %v", w.spans[0].Flags, w.spans[0].Attrs)
	}
}
