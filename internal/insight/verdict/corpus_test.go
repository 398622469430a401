package verdict

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/shape"
)

// The notation of testdata/*.txt. A line is a span, indented below its parent:
//
//	a store server "POST /checkout" 0 30100 code=504
//	  b store client "POST" 10 30000 !"context deadline exceeded" url.full=http://inventory/reservations
//
// label, service, kind, name, begin and end in ms; then "!" for an error with an optional
// message, code= of HTTP or gRPC, ex="Type: message", stack=, event=, version=, host=, lost
// (it is not sent), and any attribute. A db is a client with db.system.name=postgresql and
// its name as the statement. Facts beside the spans, a line each:
//
//	log c error 29000 "body" ex="Type: message"        of span c; "-" is none
//	usual c 1200 p50 p95 errors [yesterday|before]      ms; of c's endpoint or call
//	similar 37/120 users=3 slow=1000 group versions=1.2
//	contrast key value 0.97 0.01 [slow]
//	change release store -12m "en" "ja"
//	owner store "Team" runbook=https://...
//	finding lock_wait c,d cost=100 "en" "ja"
//	other 2 import db "UPDATE stock SET x = 1" 5 29000 like=c
//	unread "en" "ja"; alone; more
type scenario struct {
	facts  Facts
	spans  []telemetry.Span // by line
	labels map[telemetry.SpanID]string
	byName map[string]int
}

var corpusStart = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC).UnixNano()

func fields(t testing.TB, line string) (out []string) {
	t.Helper()
	rest := strings.TrimSpace(line)
	for rest != "" {
		end := 0
		for end < len(rest) && rest[end] != ' ' {
			if rest[end] == '"' {
				q, err := strconv.QuotedPrefix(rest[end:])
				if err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				end += len(q)
				continue
			}
			end++
		}
		out = append(out, rest[:end])
		rest = strings.TrimSpace(rest[end:])
	}
	return out
}

func unquote(s string) string {
	if i := strings.IndexByte(s, '"'); i >= 0 {
		if v, err := strconv.Unquote(s[i:]); err == nil {
			return s[:i] + v
		}
	}
	return s
}

func millis(t testing.TB, s string) int64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatalf("%q is no number", s)
	}
	return int64(v * 1e6)
}

func read(t testing.TB, text string) *scenario {
	t.Helper()
	sc := &scenario{labels: map[telemetry.SpanID]string{}, byName: map[string]int{}}
	var above []telemetry.SpanID
	var sent []telemetry.Span
	var later [][]string
	sh := &shape.Shaper{}
	n := 0
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		w := fields(t, line)
		switch w[0] {
		case "log", "usual", "similar", "contrast", "change", "owner", "finding", "other", "unread", "alone", "more":
			later = append(later, w)
			continue
		}
		n++
		depth := (len(line) - len(strings.TrimLeft(line, " "))) / 2
		s, lost := readSpan(t, w[1:], n)
		if above = above[:depth]; depth > 0 {
			s.ParentID = above[depth-1]
		}
		above = append(above, s.SpanID)
		sh.Span(&s)
		sc.labels[s.SpanID], sc.byName[w[0]] = w[0], len(sc.spans)
		sc.spans = append(sc.spans, s)
		if !lost {
			sent = append(sent, s)
		}
	}
	sc.facts.Tree = insight.Assemble(sent)
	sc.facts.Owners = map[string]Owner{}
	sc.facts.Usual = Baseline{Endpoints: map[EndpointKey]Usual{}, Calls: map[CallKey]Usual{}}
	for _, w := range later {
		sc.fact(t, w, sh)
	}
	return sc
}

func readSpan(t testing.TB, w []string, n int) (s telemetry.Span, lost bool) {
	t.Helper()
	if len(w) < 5 {
		t.Fatalf("too short: %q", w)
	}
	from, to := millis(t, w[3]), millis(t, w[4])
	s = telemetry.Span{ID: uint64(n), Time: corpusStart + from, Duration: to - from, Name: unquote(w[2])}
	s.Service, s.Env, s.Instance = w[0], "prod", w[0]+"-1"
	s.TraceID = telemetry.TraceID{15: 1}
	binary.BigEndian.PutUint64(s.SpanID[:], uint64(n))
	attrs := map[string]string{}
	switch w[1] {
	case "server":
		s.Kind, s.Endpoint = telemetry.KindServer, s.Name
	case "consumer":
		s.Kind, s.Endpoint = telemetry.KindConsumer, s.Name
	case "client":
		s.Kind = telemetry.KindClient
	case "producer":
		s.Kind = telemetry.KindProducer
	case "internal":
		s.Kind = telemetry.KindInternal
	case "db":
		s.Kind = telemetry.KindClient
		attrs["db.system.name"], attrs["db.query.text"], attrs["server.address"] = "postgresql", s.Name, s.Service+"-db"
	default:
		t.Fatalf("kind %q", w[1])
	}
	for _, f := range w[5:] {
		v := unquote(f)
		key, value, _ := strings.Cut(v, "=")
		switch {
		case strings.HasPrefix(v, "!"):
			s.Status, s.StatusMessage = telemetry.StatusError, v[1:]
		case v == "lost":
			lost = true
		case v == "ok":
			s.Status = telemetry.StatusOK
		case key == "code":
			if _, err := strconv.Atoi(value); err == nil && len(value) == 3 {
				attrs["http.response.status_code"] = value
			} else {
				attrs["rpc.response.status_code"] = value
			}
			if value >= "500" && value <= "599" {
				s.Status = telemetry.StatusError
			}
		case key == "ex":
			s.Status = telemetry.StatusError
			s.Exception.Type, s.Exception.Message, _ = strings.Cut(value, ": ")
		case key == "stack":
			s.Exception.Stack = value
		case key == "event":
			s.Events = append(s.Events, telemetry.SpanEvent{Time: s.Time, Name: value})
		case key == "version":
			s.Version = value
		case key == "host":
			s.Host = value
		case key == "skew":
			s.Time += millis(t, value)
		default:
			attrs[key] = value
		}
	}
	for _, k := range sortedKeys(attrs) {
		s.Attrs = append(s.Attrs, telemetry.Attr{Key: k, Value: attrs[k]})
	}
	return s, lost
}

func (sc *scenario) span(t testing.TB, label string) *telemetry.Span {
	t.Helper()
	i, ok := sc.byName[label]
	if !ok {
		t.Fatalf("no span %q", label)
	}
	return &sc.spans[i]
}

func (sc *scenario) fact(t testing.TB, w []string, sh *shape.Shaper) {
	t.Helper()
	f := &sc.facts
	opt := map[string]string{}
	var texts []string
	for _, x := range w[1:] {
		if strings.HasPrefix(x, `"`) {
			texts = append(texts, unquote(x))
		} else if k, v, ok := strings.Cut(unquote(x), "="); ok {
			opt[k] = v
		} else {
			opt[x] = "yes"
		}
	}
	text := func() i18n.Text { return i18n.T(texts[0], texts[len(texts)-1]) }
	switch w[0] {
	case "log":
		l := telemetry.Log{ID: uint64(len(f.Logs) + 1), Time: corpusStart + millis(t, w[3]), Body: texts[0], TraceID: telemetry.TraceID{15: 1}}
		l.Severity = map[string]telemetry.Severity{"debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}[w[2]]
		l.Service = opt["service"]
		if w[1] != "-" {
			s := sc.span(t, w[1])
			l.SpanID, l.Service = s.SpanID, s.Service
		}
		if v := opt["ex"]; v != "" {
			l.Exception.Type, l.Exception.Message, _ = strings.Cut(v, ": ")
		}
		l.Exception.Stack = opt["stack"]
		sh.Log(&l)
		f.Logs = append(f.Logs, l)
	case "usual":
		s := sc.span(t, w[1])
		count, _ := strconv.ParseUint(w[2], 10, 64)
		share, _ := strconv.ParseFloat(w[5], 64)
		u := Usual{Count: count, P50: millis(t, w[3]), P95: millis(t, w[4]), Errors: uint64(share * float64(count))}
		if opt["yesterday"] != "" {
			u.When = Yesterday
		} else if opt["before"] != "" {
			u.When = DayBefore
		}
		if s.Endpoint != "" {
			f.Usual.Endpoints[EndpointKey{s.Service, s.Env, s.Endpoint}] = u
		} else {
			f.Usual.Calls[CallKey{s.Service, s.Env, s.Peer.Name, s.Operation.ID}] = u
		}
	case "similar":
		at := sc.spans[0]
		if v := opt["of"]; v != "" {
			at = *sc.span(t, v)
		}
		m := &Similar{Service: at.Service, Endpoint: at.Endpoint, Filter: "endpoint:x", Range: telemetry.Range{From: time.Unix(0, corpusStart).Add(-time.Hour), To: time.Unix(0, corpusStart)}}
		_, _ = fmt.Sscanf(w[1], "%d/%d", &m.Count, &m.Requests)
		m.Users, _ = strconv.ParseUint(opt["users"], 10, 64)
		if opt["slow"] != "" {
			m.Slow, m.Than = true, millis(t, opt["slow"])
		}
		if opt["group"] != "" {
			m.Group = 77
		}
		if v := opt["versions"]; v != "" {
			m.Versions, m.Running = []telemetry.Tally{{Value: v, Count: m.Count}}, 2
		}
		f.Similar = m
	case "contrast":
		a, _ := strconv.ParseFloat(w[3], 64)
		b, _ := strconv.ParseFloat(w[4], 64)
		f.Contrast = append(f.Contrast, telemetry.Difference{ContrastTally: telemetry.ContrastTally{Key: w[1], Value: unquote(w[2])}, ChosenPart: a, OthersPart: b})
		f.Versus.Slow = opt["slow"] != ""
	case "change":
		ago, err := time.ParseDuration(w[3])
		if err != nil {
			t.Fatal(err)
		}
		f.Changes = append(f.Changes, Change{Kind: w[1], Service: w[2], At: corpusStart + int64(ago), Title: text(), Link: "/" + w[1] + "s/1", Ongoing: opt["ongoing"] != ""})
	case "owner":
		f.Owners[w[1]] = Owner{Team: texts[0], Runbook: opt["runbook"]}
	case "finding":
		fd := detect.Finding{Detector: w[1], Why: text()}
		for label := range strings.SplitSeq(w[2], ",") {
			fd.SpanIDs = append(fd.SpanIDs, sc.span(t, label).SpanID)
		}
		fd.Spans = len(fd.SpanIDs)
		if c := opt["cost"]; c != "" {
			fd.CostNS = millis(t, c)
			fd.SavingNS = fd.CostNS
		}
		if c := opt["spans"]; c != "" {
			fd.Spans, _ = strconv.Atoi(c)
		}
		f.Findings = append(f.Findings, fd)
	case "other":
		like := sc.span(t, opt["like"])
		s, _ := readSpan(t, w[2:7], 1000+len(f.Others))
		n, _ := strconv.Atoi(w[1])
		s.TraceID, s.ParentID = telemetry.TraceID{15: byte(n)}, telemetry.SpanID{7: byte(n)}
		sh.Span(&s)
		s.Peer = like.Peer
		f.Others = append(f.Others, s)
	case "unread":
		f.Unread = append(f.Unread, text())
	case "alone":
		f.Alone = true
	case "more":
		f.More = true
	}
}
