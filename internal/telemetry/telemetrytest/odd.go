package telemetrytest

import (
	"math/rand/v2"
	"sort"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// words are what odd rows and odd filters are made of: what breaks when somebody forgets
// to fold, to escape, or to tell an empty value from none.
var words = []string{
	"a", "A", "timeout", "Timeout", "TIMEOUT", "エラー", "ｴﾗｰ", "接続エラーが発生しました", "か", "が", "か\u3099", "ｶﾞ", "ガ",
	"ＡＢＣ", "abc", "ﬁle", "file", "straße", "STRASSE", "İstanbul", "ıI", "ς", "Σ", "é", "e\u0301", "E\u0301", "zero\u200bwidth", "soft\u00adhyphen",
	"100%", "%", "_", "a_b", "aXb", `\`, `back\slash`, `C:\n`, "it's", `"q"`, "`", "{p0:String}", "'; DROP TABLE logs; --", "new\nline", "tab\there", "cr\rlf",
	"nul\x00byte", "\x00", "\x01", "\x02\x03", "\x01\x02\x02", "😀", "👩‍👩‍👧", "𝔘", "Ꭰ", "ꭰ", "①", "㍿", "[a-z]+(", "^$.*", "a*b", "  ",
	"0", "5", "05", "+5", "-5", "5.", ".5", "5.0", "1e3", "1E3", "1e400", "-1e400", "1e-400", "NaN", "nan", "inf", "Infinity", "0x10", "1_000", " 5", "5 ", "٣",
	"9007199254740993", "9007199254740992", "123456789012345678901234567890", "0.1", "3.4028236e38", "1.7976931348623157e308", "200", "404", "500",
	"warn", "error", "ERROR", "info", "ok", "unset", "server",
}

// numbers are what orderings compare with.
var numbers = []float64{0, 0.1, 0.5, 5, -5, 200, 404, 499.5, 1000, 1e9, 2e7, 9007199254740992, 1e300, -1e300, 5e-324, 1.7976931348623157e308}

var oddKeys = []string{"user", "user.id", "enduser.id", "http.response.status_code", "http.request.method", "db.query.text", "url.path", "url.full", "error.type", "k8s.pod.name",
	"鍵", "it's", `a\b`, "with space", "dot.ted", "service", "body", "level", "name", "resource.user", "\x00", "%"}

// Odd makes rows that are as strange as the contract allows.
type Odd struct {
	rnd *rand.Rand
	id  uint64
	now int64
}

// NewOdd makes odd rows from start on.
func NewOdd(seed uint64, start time.Time) *Odd {
	return &Odd{rnd: rand.New(rand.NewPCG(seed, 99)), id: 1 << 40, now: start.UnixNano()}
}

func (o *Odd) word() string { return words[o.rnd.IntN(len(words))] }

func (o *Odd) maybe() string {
	if o.rnd.IntN(2) == 0 {
		return ""
	}
	return o.word()
}

func (o *Odd) sentence() string {
	n := o.rnd.IntN(4)
	parts := make([]string, n)
	for i := range parts {
		parts[i] = o.word()
	}
	return strings.Join(parts, [...]string{"", " ", "、"}[o.rnd.IntN(3)])
}

// attrs are sorted by key, with values that may be empty.
func (o *Odd) attrs() (attrs []telemetry.Attr) {
	seen := map[string]bool{}
	for range o.rnd.IntN(6) {
		k := oddKeys[o.rnd.IntN(len(oddKeys))]
		if !seen[k] {
			seen[k] = true
			attrs = append(attrs, telemetry.Attr{Key: k, Value: o.maybe()})
		}
	}
	sort.Slice(attrs, func(i, j int) bool { return attrs[i].Key < attrs[j].Key })
	return attrs
}

func (o *Odd) pick(values ...string) string { return values[o.rnd.IntN(len(values))] }

func (o *Odd) source() telemetry.Source {
	return telemetry.Source{Env: o.pick("", "production", "staging", "検証"), Service: o.pick("checkout", "cart", "カート", "unknown_service", "it's"),
		Version: o.pick("", "1.0", "1.1", "2.0-β"), Instance: o.maybe(), Host: o.maybe(), Attrs: o.attrs()}
}

func (o *Odd) exception() telemetry.Exception {
	if o.rnd.IntN(3) > 0 {
		return telemetry.Exception{}
	}
	return telemetry.Exception{Type: o.maybe(), Message: o.sentence(), Stack: o.sentence()}
}

// shapes are few, and the same text always has the same id.
func (o *Odd) shape() telemetry.Shape {
	if o.rnd.IntN(4) == 0 {
		return telemetry.Shape{}
	}
	i := o.rnd.IntN(20)
	return telemetry.Shape{ID: telemetry.ShapeID(1<<63 + uint64(i)), Text: words[i]}
}

func (o *Odd) errorKey() telemetry.ErrorKey {
	if o.rnd.IntN(3) > 0 {
		return telemetry.ErrorKey{}
	}
	i := o.rnd.IntN(6)
	return telemetry.ErrorKey{ID: telemetry.ShapeID(1 + i), Type: words[i] + "Error", Message: words[i+6], Frame: words[i+12]}
}

// ids are few, so that rows share them; a third has none.
func (o *Odd) ids() (t telemetry.TraceID, s telemetry.SpanID) {
	if o.rnd.IntN(3) == 0 {
		return t, s
	}
	return o.traceID(), telemetry.SpanID{7: byte(1 + o.rnd.IntN(4))}
}

func (o *Odd) traceID() telemetry.TraceID {
	return telemetry.TraceID{0: 0xAB, 7: 0xCD, 15: byte(1 + o.rnd.IntN(12))}
}

// next moves on in time by nothing, a little or a lot: times come more than once, and
// pages have gaps to cross.
func (o *Odd) next() (id uint64, now int64) {
	o.id += uint64(1 + o.rnd.IntN(3))
	switch o.rnd.IntN(20) {
	case 0:
		o.now += int64(time.Hour) * int64(o.rnd.IntN(20))
	case 1, 2, 3, 4, 5, 6, 7:
	default:
		o.now += o.rnd.Int64N(int64(10 * time.Second))
	}
	return o.id, o.now
}

// Logs makes n logs.
func (o *Odd) Logs(n int) []telemetry.Log {
	rows := make([]telemetry.Log, n)
	for i := range rows {
		l := &rows[i]
		l.ID, l.Time = o.next()
		l.Observed = l.Time + o.rnd.Int64N(1e9)
		l.Source = o.source()
		l.TraceID, l.SpanID = o.ids()
		l.Severity, l.SeverityText = telemetry.Severity(o.rnd.IntN(27)), o.maybe()
		l.Event, l.Scope = o.maybe(), o.maybe()
		l.Body = o.sentence()
		l.Exception = o.exception()
		l.Attrs = o.attrs()
		l.Flags = telemetry.Flags(o.rnd.IntN(16))
		l.Arrived = l.Time + o.rnd.Int64N(1e12)
		l.Pattern, l.Error = o.shape(), o.errorKey()
	}
	return rows
}

// Spans makes n spans.
func (o *Odd) Spans(n int) []telemetry.Span {
	rows := make([]telemetry.Span, n)
	for i := range rows {
		s := &rows[i]
		s.ID, s.Time = o.next()
		s.Duration = [...]int64{0, 1, 2e7, 1e9, 1<<63 - 1 - s.Time, o.rnd.Int64N(1e10)}[o.rnd.IntN(6)]
		s.Source = o.source()
		s.TraceID, s.SpanID = o.traceID(), telemetry.SpanID{3: byte(i >> 8), 7: byte(i), 0: 1}
		if o.rnd.IntN(3) > 0 {
			s.ParentID = telemetry.SpanID{7: byte(1 + o.rnd.IntN(4))}
		}
		s.TraceState, s.Name = o.maybe(), o.sentence()
		s.Kind, s.Status = telemetry.Kind(o.rnd.IntN(6)), telemetry.Status(o.rnd.IntN(3))
		s.StatusMessage, s.Scope, s.Endpoint = o.maybe(), o.maybe(), o.maybe()
		s.Exception = o.exception()
		s.Attrs = o.attrs()
		for range o.rnd.IntN(2) {
			s.Events = append(s.Events, telemetry.SpanEvent{Time: s.Time + 1, Name: o.sentence(), Attrs: o.attrs()})
		}
		for range o.rnd.IntN(2) {
			s.Links = append(s.Links, telemetry.SpanLink{TraceID: o.traceID(), SpanID: telemetry.SpanID{2, 1}, Attrs: o.attrs()})
		}
		s.Flags = telemetry.Flags(o.rnd.IntN(16))
		s.Arrived = s.Time + o.rnd.Int64N(1e12)
		s.Code = o.maybe()
		if o.rnd.IntN(2) == 0 {
			s.Peer = telemetry.Peer{Kind: telemetry.PeerKinds[o.rnd.IntN(len(telemetry.PeerKinds))], Name: o.word()}
			s.Operation = o.shape()
		}
		s.Error = o.errorKey()
	}
	return rows
}
