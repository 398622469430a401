package telemetry

import (
	"errors"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/telemetry/semconv"
	"pgregory.net/rapid"
)

func TestFieldsAreWhole(t *testing.T) {
	for _, s := range []Signal{Logs, Spans} {
		for _, f := range Fields(s) {
			if f.Label.En == "" || f.Label.Ja == "" {
				t.Errorf("%s: %s lacks a label", s, f.Key)
			}
			if (f.Kind == EnumField || f.Kind == LevelField) != (len(f.Values) > 0) {
				t.Errorf("%s: %s has values %v", s, f.Key, f.Values)
			}
			for _, name := range append([]string{f.Key}, f.Aliases...) {
				if got, ok := LookupField(s, name); !ok || got.Key != f.Key {
					t.Errorf("%s: %s is not found as %s", s, f.Key, name)
				}
			}
		}
	}
	if _, ok := LookupField(Metrics, "service"); ok {
		t.Error("metrics have no such columns")
	}
}

func TestResolveKey(t *testing.T) {
	for _, c := range []struct {
		signal Signal
		key    string
		place  Place
		want   string
	}{
		{Logs, "service.name", Column, "service"},
		{Logs, "deployment.environment", Column, "env"},
		{Spans, "deployment.environment.name", Column, "env"},
		{Logs, "message", Column, "body"},
		{Logs, "severity", Column, "level"},
		{Spans, "severity", AnyAttr, "severity"},
		{Spans, "parent", Column, "parent_id"},
		{Spans, "http.method", AnyAttr, "http.request.method"},
		{Spans, "http.request.method", AnyAttr, "http.request.method"},
		{Spans, "error.type", AnyAttr, "error.type"},
		{Spans, "exception", Column, "exception.type"},
		{Spans, "Name", AnyAttr, "Name"},
		{Spans, "attributes.name", OwnAttr, "name"},
		{Spans, "attributes.db.statement", OwnAttr, "db.query.text"},
		{Spans, "attributes.", AnyAttr, "attributes."},
		{Spans, "resource.service.name", Column, "service"},
		{Spans, "resource.deployment.environment", Column, "env"},
		{Spans, "resource.environment", ResourceAttr, "environment"},
		{Logs, "resource.k8s.pod.name", ResourceAttr, "k8s.pod.name"},
	} {
		if got := ResolveKey(c.signal, c.key); got.Place != c.place || got.Key != c.want {
			t.Errorf("%s %s: %d %s, want %d %s", c.signal, c.key, got.Place, got.Key, c.place, c.want)
		}
	}
}

// A filter made by clicking on an attribute selects that attribute, whatever its name.
func TestAttrKeyComesBack(t *testing.T) {
	names := []string{"name", "service", "user.id", "attributes.x", "resource.x", "trace", "deployment.environment", "exception"}
	rapid.Check(t, func(t *rapid.T) {
		name := semconv.Key(rapid.OneOf(rapid.SampledFrom(names), rapid.StringMatching(`[a-z.]{1,20}`)).Draw(t, "name"))
		s := rapid.SampledFrom([]Signal{Logs, Spans}).Draw(t, "signal")
		if got := ResolveKey(s, AttrKey(s, name)); got.Place == Column || got.Place == ResourceAttr || got.Key != name {
			t.Fatalf("%s is asked for as %s, which is %v", name, AttrKey(s, name), got)
		}
	})
}

var someLog = Log{
	ID: 7, Time: 1, Severity: 18, SeverityText: "ERROR2", Event: "order.failed", Scope: "shop.Orders", Body: "注文に失敗しました",
	TraceID: TraceID{1}, SpanID: SpanID{2},
	Source:    Source{Env: "prod", Service: "shop", Version: "1.2", Instance: "i-1", Host: "h", Attrs: []Attr{{"k8s.pod.name", "shop-0"}, {"tier", "res"}}},
	Exception: Exception{Type: "E", Message: "m", Stack: "at x"},
	Attrs:     []Attr{{"empty", ""}, {"name", "attribute"}, {"tier", ""}, {"user.id", "u1"}},
}

var someSpan = Span{
	ID: 8, Time: 1, Duration: 1_500_000, TraceID: TraceID{1}, SpanID: SpanID{3}, ParentID: SpanID{2},
	Source: Source{Env: "prod", Service: "shop"}, Name: "SELECT stock", Kind: KindClient, Status: StatusError, StatusMessage: "timeout",
	Exception: Exception{Type: "T", Message: "lock wait", Stack: "at y"},
	Attrs:     []Attr{{"db.query.text", "SELECT * FROM stock"}, {"name", "attribute"}, {"url.path", "/a"}},
}

func TestRows(t *testing.T) {
	check := func(r filter.Row, want map[string]string) {
		t.Helper()
		for key, v := range want {
			if got, ok := r.Value(key); got != v || ok != (v != "") {
				t.Errorf("%s is %q (%t), want %q", key, got, ok, v)
			}
		}
	}
	check(LogRow(&someLog), map[string]string{
		"level": "error", "severity": "error", "severity_number": "18", "severity_text": "ERROR2",
		"service": "shop", "env": "prod", "version": "1.2", "instance": "i-1", "host": "h", "scope": "shop.Orders",
		"event": "order.failed", "body": "注文に失敗しました", "trace": "01000000000000000000000000000000", "span_id": "0200000000000000",
		"exception": "E", "exception.message": "m", "exception.stacktrace": "at x",
		"name": "attribute", "user.id": "u1", "k8s.pod.name": "shop-0", "resource.user.id": "", "attributes.k8s.pod.name": "",
		"empty": "", "tier": "res", "missing": "",
	})
	check(LogRow(&Log{}), map[string]string{"level": "", "severity_number": "", "trace_id": "", "service": ""})
	check(SpanRow(&someSpan), map[string]string{
		"name": "SELECT stock", "attributes.name": "attribute", "kind": "client", "status": "error", "status_message": "timeout",
		"duration": "1500000", "endpoint": "", "parent_id": "0200000000000000", "db.statement": "SELECT * FROM stock",
	})
	check(SpanRow(&Span{}), map[string]string{"status": "unset", "kind": "", "duration": "0", "parent": ""})
}

// Every column of the table has a value in some row: none is forgotten in Value.
func TestEveryFieldHasAValue(t *testing.T) {
	span := someSpan
	span.Source, span.Endpoint, span.Scope = someLog.Source, "GET /", "lib"
	span.Peer, span.Operation, span.Error = Peer{Kind: PeerDB, Name: "postgresql"}, Shape{ID: 1}, ErrorKey{ID: 1}
	log := someLog
	log.Pattern, log.Error = Shape{ID: 1}, ErrorKey{ID: 1}
	for s, row := range map[Signal]filter.Row{Logs: LogRow(&log), Spans: SpanRow(&span)} {
		for _, f := range Fields(s) {
			if _, ok := row.Value(f.Key); !ok {
				t.Errorf("%s: %s has no value", s, f.Key)
			}
		}
	}
}

func TestTextOfRows(t *testing.T) {
	for text, want := range map[string]bool{
		`失敗`: true, `"at x"`: true, `E`: true, `order.failed`: false, `u1`: false,
	} {
		if got := filter.Match(must(t, Logs, text), LogRow(&someLog)); got != want {
			t.Errorf("log %s: %t", text, got)
		}
	}
	for text, want := range map[string]bool{
		`stock`: true, `"* from"`: true, `timeout`: true, `"lock wait"`: true, `/a`: true, `"at y"`: false, `shop`: false,
	} {
		if got := filter.Match(must(t, Spans, text), SpanRow(&someSpan)); got != want {
			t.Errorf("span %s: %t", text, got)
		}
	}
}

func must(t *testing.T, s Signal, text string) filter.Node {
	t.Helper()
	n, err := ParseFilter(s, text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}

func TestBindFilter(t *testing.T) {
	for _, c := range []struct {
		signal     Signal
		text, want string
	}{
		{Logs, `severity:WARNING`, `level:warn`},
		{Logs, `severity:crit`, `level:fatal`},
		{Logs, `level:err*`, `level:err*`},
		{Logs, `service.name:a OR logger:b`, `service:a OR scope:b`},
		{Logs, `trace:4BF92F3577B34DA6A3CE929D0E0E4736`, `trace_id:4bf92f3577b34da6a3ce929d0e0e4736`},
		{Logs, `trace:a3ce929d0e0e4736`, `trace_id:0000000000000000a3ce929d0e0e4736`},
		{Logs, `severity_number>=18`, `severity_number>=18`},
		{Logs, `user.id:""`, `-user.id:*`},
		{Logs, `-message:""`, `NOT -body:*`},
		{Logs, `kind:Server`, `kind:Server`}, // an attribute of logs
		{Spans, `kind:Server status:ERROR`, `kind:server status:error`},
		{Spans, `duration>1.5s`, `duration>1500ms`},
		{Spans, `duration>0`, `duration>0`},
		{Spans, `http.status_code>=500`, `http.status_code>=500`},
		{Spans, `-parent:*`, `-parent_id:*`},
		{Spans, ``, `*`},
	} {
		n := must(t, c.signal, c.text)
		if got := filter.Print(n); got != c.want {
			t.Errorf("%s: got %s, want %s", c.text, got, c.want)
		}
		again, err := BindFilter(c.signal, n)
		if err != nil || filter.Print(again) != c.want {
			t.Errorf("%s: binding twice gives %s, %v", c.text, filter.Print(again), err)
		}
	}
	if n, err := BindFilter(Logs, nil); err != nil || n != (filter.All{}) {
		t.Errorf("nil: %v, %v", n, err)
	}
}

func TestFiltersThatMeanNothing(t *testing.T) {
	for _, c := range []struct {
		signal          Signal
		text, at, hints string // the wrong part, and what the sentence offers
	}{
		{Logs, `error service>5`, `service>5`, `service:*part*`},
		{Logs, `level:urgent`, `level:urgent`, `trace, debug, info, warn, error, fatal`},
		{Logs, `a (b OR severity>=17)`, `severity>=17`, `severity_number>=17`},
		{Logs, `severity_number>=10MB`, `severity_number>=10MB`, `severity_number>=17`},
		{Logs, `severity_number:high`, `severity_number:high`, `number`},
		{Logs, `-trace:abc`, `trace:abc`, `4bf92f3577b34da6a3ce929d0e0e4736`},
		{Logs, `trace_id:4bf*`, `trace_id:4bf*`, `whole`},
		{Logs, `span_id>3`, `span_id>3`, `00f067aa0ba902b7`},
		{Logs, `log.level>=warn`, `log.level>=warn`, `level>=warn`},
		{Spans, `kind:servre`, `kind:servre`, `internal, server, client, producer, consumer`},
		{Spans, `status>3`, `status>3`, `unset, ok, error`},
		{Spans, `duration:1s`, `duration:1s`, `duration>=300ms`},
		{Spans, `duration>=10MB`, `duration>=10MB`, `duration>=500ms`},
		{Spans, `http.response.body.size>1s`, `http.response.body.size>1s`, `plain number`},
	} {
		_, err := ParseFilter(c.signal, c.text)
		var f *fault.Error
		if !errors.As(err, &f) {
			t.Errorf("%s: passes", c.text)
			continue
		}
		if f.Code != fault.Invalid || f.Field != "filter" || c.text[f.Pos:f.End] != c.at {
			t.Errorf("%s: %s at %q, want %q", c.text, f.Code, c.text[f.Pos:f.End], c.at)
		}
		if !strings.Contains(f.Text.En, c.hints) || f.Text.Ja == "" || strings.Contains(f.Text.En+f.Text.Ja, "%!") {
			t.Errorf("%s: says %q / %q, want a hint at %q", c.text, f.Text.En, f.Text.Ja, c.hints)
		}
	}
}

// Whatever Parse reads, BindFilter refuses with a place or gives what it would give again.
func FuzzBindFilter(f *testing.F) {
	f.Add(`service:checkout level>=error "タイムアウト" duration>1s -user:bot`)
	f.Add(`trace:(a OR b) kind:Server -(status:x*)`)
	f.Fuzz(func(t *testing.T, text string) {
		n, err := filter.Parse(text)
		if err != nil {
			return
		}
		for _, s := range []Signal{Logs, Spans} {
			bound, err := BindFilter(s, n)
			if err != nil {
				if e := fault.Of(err); e.Code != fault.Invalid || e.Pos < 0 || e.End > len(text) || e.Pos >= e.End {
					t.Fatalf("%q: %v at %d to %d", text, err, e.Pos, e.End)
				}
				continue
			}
			again, err := BindFilter(s, bound)
			if err != nil || filter.Print(again) != filter.Print(bound) {
				t.Fatalf("%q: bound to %s, then to %s, %v", text, filter.Print(bound), filter.Print(again), err)
			}
			filter.Match(bound, LogRow(&someLog))
			filter.Match(bound, SpanRow(&someSpan))
		}
	})
}
