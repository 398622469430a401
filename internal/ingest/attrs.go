package ingest

import (
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/semconv"
)

// taker is offered each attribute whose name has a role; what it takes is not appended.
type taker interface {
	take(w *work, r role, k *keyInfo, v pcommon.Value) bool
}

// mapAttrs appends the attributes of m to w.attrs, sorted, folded, redacted and cut, and
// gives them. room is how many there may be.
func (w *work) mapAttrs(m pcommon.Map, t taker) []telemetry.Attr {
	start := len(w.attrs)
	w.addMap(m, t)
	return w.finish(start)
}

func (w *work) addMap(m pcommon.Map, t taker) {
	start := len(w.attrs)
	for name, v := range m.All() {
		k := w.key(name)
		if k.role != roleNone && t != nil && t.take(w, k.role, k, v) {
			w.flags |= k.flags
			continue
		}
		if len(w.attrs)-start+len(w.old) >= w.lim.Attributes {
			w.flags |= telemetry.Truncated
			w.many = true
			continue
		}
		w.add(name, k, w.value(name, k, v))
	}
}

func (w *work) add(name string, k *keyInfo, value string) {
	w.flags |= k.flags
	if k.values {
		value = semconv.Value(name, value)
	}
	a := telemetry.Attr{Key: k.name, Value: value}
	if k.old {
		w.old = append(w.old, a)
	} else {
		w.attrs = append(w.attrs, a)
	}
}

// finish puts the attributes from start on in their final order: sorted by key; of two
// of a key the first stays, and a current name comes before an old one. Two of a current
// name with different values mark the row as truncated, for one is lost; an old name
// beside its successor does not.
func (w *work) finish(start int) []telemetry.Attr {
	sortAttrs(w.attrs[start:])
	for i := start + 1; i < len(w.attrs); i++ {
		if w.attrs[i].Key == w.attrs[i-1].Key && w.attrs[i].Value != w.attrs[i-1].Value {
			w.flags |= telemetry.Truncated
			w.twice = true
		}
	}
	sorted := len(w.old) == 0
	w.attrs = append(w.attrs, w.old...)
	w.old = w.old[:0]
	a := w.attrs[start:]
	if len(a) == 0 {
		return nil
	}
	if !sorted {
		sortAttrs(a)
	}
	n := 1
	for i := 1; i < len(a); i++ {
		if a[i].Key != a[n-1].Key {
			a[n] = a[i]
			n++
		}
	}
	clear(a[n:])
	w.attrs = w.attrs[:start+n]
	return a[:n:n]
}

// sortAttrs sorts by key and keeps the order of equal ones. Attributes are few and often
// nearly in order, so that inserting beats sorting.
func sortAttrs(a []telemetry.Attr) {
	if len(a) > 24 {
		slices.SortStableFunc(a, func(x, y telemetry.Attr) int { return strings.Compare(x.Key, y.Key) })
		return
	}
	for i := 1; i < len(a); i++ {
		for j := i; j > 0 && a[j].Key < a[j-1].Key; j-- {
			a[j], a[j-1] = a[j-1], a[j]
		}
	}
}

// value renders an attribute's value and redacts it.
func (w *work) value(name string, k *keyInfo, v pcommon.Value) string {
	limit := w.lim.ValueBytes
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return w.str(k, v.Str(), limit)
	case pcommon.ValueTypeInt:
		n := v.Int()
		if n >= 1e11 && !k.keep { // long enough for a number that must not be kept
			return w.text(strconv.FormatInt(n, 10), limit)
		}
		return formatInt(n)
	case pcommon.ValueTypeBool:
		return strconv.FormatBool(v.Bool())
	case pcommon.ValueTypeDouble:
		return formatFloat(v.Double())
	case pcommon.ValueTypeEmpty:
		return ""
	case pcommon.ValueTypeBytes:
		return w.cut(base64.StdEncoding.EncodeToString(v.Bytes().AsRaw()), limit)
	default:
		w.buf = w.appendJSON(w.buf[:0], v, 0)
		return w.str(k, string(w.buf), limit)
	}
}

// str cleans the text of a value whose name is known.
func (w *work) str(k *keyInfo, s string, limit int) string {
	if k.rule >= 0 && s != "" && !strings.HasPrefix(s, "[redacted:") {
		w.flags |= telemetry.Redacted
		return w.red.value(k.rule)
	}
	if k.long {
		limit = w.lim.BodyBytes
	}
	if k.keep {
		w.keep = true
		s = w.text(s, limit)
		w.keep = false
		return s
	}
	return w.text(s, limit)
}

// longKeys are attributes that are texts of their own: they are cut where bodies are.
var longKeys = map[string]bool{
	"db.query.text": true, "exception.stacktrace": true, "code.stacktrace": true, "log.record.original": true,
	"gen_ai.input.messages": true, "gen_ai.output.messages": true, "gen_ai.prompt": true, "gen_ai.completion": true,
}

var smallInts = func() (t [1024]string) {
	for i := range t {
		t[i] = strconv.Itoa(i)
	}
	return
}()

func formatInt(n int64) string {
	if n >= 0 && n < int64(len(smallInts)) {
		return smallInts[n]
	}
	return strconv.FormatInt(n, 10)
}

// formatFloat renders a number as JSON does; what JSON has no form for is named.
func formatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return string(appendFloat(nil, f))
}

func appendFloat(b []byte, f float64) []byte {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

// appendJSON renders a value as JSON, maps in the order in which they were sent.
func (w *work) appendJSON(b []byte, v pcommon.Value, depth int) []byte {
	if depth > w.lim.Depth {
		w.flags |= telemetry.Truncated
		w.many = true
		return append(b, "null"...)
	}
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return w.appendString(b, v.Str())
	case pcommon.ValueTypeInt:
		return strconv.AppendInt(b, v.Int(), 10)
	case pcommon.ValueTypeBool:
		return strconv.AppendBool(b, v.Bool())
	case pcommon.ValueTypeDouble:
		f := v.Double()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return w.appendString(b, formatFloat(f))
		}
		return appendFloat(b, f)
	case pcommon.ValueTypeBytes:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.Bytes().AsRaw())
		return append(b, '"')
	case pcommon.ValueTypeSlice:
		b = append(b, '[')
		for i, e := range v.Slice().All() {
			if i > 0 {
				b = append(b, ',')
			}
			b = w.appendJSON(b, e, depth+1)
		}
		return append(b, ']')
	case pcommon.ValueTypeMap:
		b = append(b, '{')
		first := true
		for k, e := range v.Map().All() {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = w.appendString(b, k)
			b = append(b, ':')
			b = w.appendJSON(b, e, depth+1)
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

const hexDigits = "0123456789abcdef"

// appendString renders a text as JSON, readable: only what JSON demands is escaped.
func (w *work) appendString(b []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
		w.flags |= telemetry.Repaired
	}
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}
