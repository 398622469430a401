package ingest

import (
	"strings"
	"sync"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/semconv"
	derive "github.com/yagura-sre/yagura/internal/telemetry/shape"
)

// work is what one request is normalised with. It is used by one goroutine at a time and
// reused, so that rows and attributes cost no allocation of their own: what it builds is
// valid until reset.
type work struct {
	lim  Limits
	red  *Redactor
	keys map[string]*keyInfo
	// recent holds the keys seen last, by a hash that costs next to nothing: the same
	// few names come with every row.
	recent [256]*keyInfo

	now    int64 // Unix nanoseconds of arrival
	oldest int64 // times before it are skewed
	newest int64 // times after it are skewed

	// Of the row being made.
	flags telemetry.Flags
	long  bool // a value was cut
	many  bool // attributes, events or links were cut
	late  bool // the time of arrival stands in
	back  bool // a span ended before it began
	twice bool // an attribute came twice
	keep  bool // the value at hand is exempt from redaction

	logs   []telemetry.Log
	spans  []telemetry.Span
	attrs  []telemetry.Attr
	events []telemetry.SpanEvent
	links  []telemetry.SpanLink
	old    []telemetry.Attr // attributes under old names, until they are appended
	buf    []byte
	fields []field

	tally tally

	endpoints map[endpointParts]string // joined before
	shaper    derive.Shaper

	rowBytes int // what a row took in the last frames, to make the next of the right size
}

// newFrame makes room for a frame. It cannot be reused: the log that it goes to keeps it.
func (w *work) newFrame(rows int) []byte { return make([]byte, 0, rows*w.rowBytes+4096) }

func (w *work) encoded(rows, bytes int) {
	w.rowBytes = min(bytes/max(rows, 1)+bytes/max(rows, 1)/16, 64<<10)
}

// keyInfo is what is known of an attribute's name, found out once.
type keyInfo struct {
	sent   string // as the sender has it
	name   string // current, repaired, cut
	long   bool   // the value is a text of its own, cut where bodies are
	old    bool   // was renamed, so that a current one beside it wins
	role   role
	rule   int  // the redaction rule that takes the value out whole, or ruleNone
	keep   bool // exempt from redaction
	values bool // semconv may rename its values
	flags  telemetry.Flags
}

// maxKeys bounds the names that a work remembers; a sender that makes up names costs
// itself the finding out, not us the memory.
const maxKeys = 8192

func (w *work) key(name string) *keyInfo {
	if name == "" {
		return w.knownKey(name)
	}
	n := len(name)
	slot := &w.recent[byte(n*31)+name[n-1]*7+name[n/2]*13]
	if k := *slot; k != nil && k.sent == name {
		return k
	}
	k := w.knownKey(name)
	*slot = k
	return k
}

func (w *work) knownKey(name string) *keyInfo {
	if k, ok := w.keys[name]; ok {
		return k
	}
	k := w.findKey(strings.Clone(name)) // it outlives the request that it came with
	if len(w.keys) >= maxKeys {
		clear(w.keys)
	}
	w.keys[k.sent] = k
	return k
}

func (w *work) findKey(name string) *keyInfo {
	flags, long := w.flags, w.long
	w.flags, w.long = 0, false
	current := semconv.Key(name)
	k := &keyInfo{sent: name, long: longKeys[current], old: current != name, role: roles[current], values: semconv.HasValues(name)}
	// A name is repaired and cut but never redacted: a number in it is no value.
	keep := w.keep
	w.keep = true
	k.name = w.text(current, w.lim.KeyBytes)
	w.keep = keep
	k.flags = w.flags
	k.rule, k.keep = w.red.key(k.name)
	if k.old && k.rule == ruleNone && !k.keep {
		k.rule, k.keep = w.red.key(name)
	}
	w.flags, w.long = flags, long || w.long
	return k
}

// reset makes w ready for a request that arrived at now.
func (w *work) reset(now time.Time) {
	w.now = now.UnixNano()
	w.oldest = w.now - int64(w.lim.Past)
	w.newest = w.now + int64(w.lim.Future)
	w.flags, w.long, w.many, w.keep = 0, false, false, false
	w.late, w.back, w.twice = false, false, false
	w.tally.reset()
}

// release lets go of what the rows referred to.
func (w *work) release() {
	clear(w.logs)
	clear(w.spans)
	clear(w.attrs)
	clear(w.events)
	clear(w.links)
	clear(w.old[:cap(w.old)])
	clear(w.fields[:cap(w.fields)])
	w.shaper.Forget()
	w.logs, w.spans, w.attrs = w.logs[:0], w.spans[:0], w.attrs[:0]
	w.events, w.links, w.old, w.fields = w.events[:0], w.links[:0], w.old[:0], w.fields[:0]
	// One huge request must not keep its memory for good.
	if cap(w.attrs) > 1<<20 {
		w.attrs = nil
	}
	if cap(w.logs) > 1<<16 {
		w.logs = nil
	}
	if cap(w.spans) > 1<<16 {
		w.spans = nil
	}
}

// workPool hands out works for one set of limits and rules.
func newWorkPool(lim Limits, red *Redactor) *sync.Pool {
	return &sync.Pool{New: func() any { return newWork(lim, red) }}
}

func newWork(lim Limits, red *Redactor) *work {
	return &work{lim: lim, red: red, keys: map[string]*keyInfo{}}
}

// when says which time a row gets: its own, or the time of arrival when it has none or
// one that cannot be true.
func (w *work) when(t int64) int64 {
	if t < w.oldest || t > w.newest {
		w.flags |= telemetry.Skewed
		w.late = true
		return w.now
	}
	return t
}

// tally counts, per resource, what was refused and changed, until the request is done.
type tally struct {
	rows    []tallyRow // per resource, what is stored
	refused []tallyReason
}

type tallyRow struct {
	service, env string
	rows         int
}

type tallyReason struct {
	service string
	reason  Reason
	n       int64
	example string
}

func (t *tally) reset() { t.rows, t.refused = t.rows[:0], t.refused[:0] }

func (t *tally) took(service, env string, rows int) {
	if rows > 0 {
		t.rows = append(t.rows, tallyRow{service, env, rows})
	}
}

// count counts n rows under a reason. The example is asked for once per request, reason
// and service.
func (t *tally) count(service string, reason Reason, n int64, example func() string) {
	for i := range t.refused {
		if r := &t.refused[i]; r.reason == reason && r.service == service {
			r.n += n
			return
		}
	}
	r := tallyReason{service: service, reason: reason, n: n}
	if example != nil {
		r.example = example()
	}
	t.refused = append(t.refused, r)
}

// rejected is how many rows were refused, and the reason of most.
func (t *tally) rejected() (n int64, most Reason) {
	var top int64
	for _, r := range t.refused {
		if r.reason.Stored() {
			continue
		}
		n += r.n
		if r.n > top {
			top, most = r.n, r.reason
		}
	}
	return n, most
}

// mark counts what the flags say was done to the row just made.
func (w *work) mark(service string, example func() string) {
	if w.flags&(telemetry.Repaired|telemetry.Truncated|telemetry.Skewed) == 0 {
		return
	}
	if w.flags&telemetry.Repaired != 0 {
		w.tally.count(service, InvalidUTF8, 1, example)
	}
	if w.late {
		w.tally.count(service, ClockSkew, 1, example)
	}
	if w.back {
		w.tally.count(service, BadDuration, 1, example)
	}
	if w.twice {
		w.tally.count(service, DuplicateKey, 1, example)
	}
	w.late, w.back, w.twice = false, false, false
	if w.long {
		w.tally.count(service, ValueLimit, 1, example)
	}
	if w.many {
		w.tally.count(service, AttributeLimit, 1, example)
	}
}
