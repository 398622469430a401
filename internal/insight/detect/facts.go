package detect

import (
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/shape"
)

// class is what a span does, as far as detectors care.
type class uint8

const (
	other class = iota
	database
	cache
	httpCall
	rpcCall
	queueSend
)

// fact is what is known of a node beside the node.
type fact struct {
	class class
	// inner says that it is a part of a span that tells of the same: a driver's span below
	// a mapper's, a connection's below a client's.
	inner bool
	entry int32  // the node that began the unit of work: a request or a message of a service
	path  uint64 // the same for spans that were started in the same way within their entry
	op    telemetry.Shape
	peer  string
	stmt  *statement // of databases
}

// scan is a trace while detectors look at it.
type scan struct {
	in    Input
	t     *insight.Tree
	facts []fact
	kids  [][]int // by parent, in order of the tree
	// awaited are those that a node waited for, in order of the tree.
	awaited [][]int
	roles   map[string]role
	txs     []transaction
	txDone  bool
	kinds   map[int32]Kind
	lims    map[int32]limits
	whole   map[wholeKey]limits
	what    *insight.WhatIf
	calls   []int // nodes that are calls and not inner, in order of start
	cache   map[telemetry.ShapeID]*statement

	d         *Detector
	explain   bool
	cand      candidate
	best      *WhyNot
	bestScore float64
	hits      []hit
}

type wholeKey struct {
	kind              Kind
	service, endpoint string
}

func newScan(in Input, cache map[telemetry.ShapeID]*statement) *scan {
	s := &scan{
		in: in, t: in.Tree, cache: cache,
		facts: make([]fact, len(in.Tree.Nodes)), kids: make([][]int, len(in.Tree.Nodes)),
		awaited: make([][]int, len(in.Tree.Nodes)), roles: map[string]role{},
		kinds: map[int32]Kind{}, lims: map[int32]limits{}, whole: map[wholeKey]limits{},
		what: insight.NewWhatIf(in.Tree),
	}
	var shaper shape.Shaper
	for i := range s.t.Nodes {
		s.learn(i, &shaper)
	}
	return s
}

// learn works out the fact of a node; its parent's is there.
func (s *scan) learn(i int, shaper *shape.Shaper) {
	n := &s.t.Nodes[i]
	f := &s.facts[i]
	span := n.Span
	p := n.Parent
	if p >= 0 {
		s.kids[p] = append(s.kids[p], i)
	}
	if n.Awaiter >= 0 {
		s.awaited[n.Awaiter] = append(s.awaited[n.Awaiter], i)
	}
	foreign := p >= 0 && s.t.Nodes[p].Span.Service != span.Service
	begins := p < 0 || span.Kind == telemetry.KindServer || span.Kind == telemetry.KindConsumer && n.Deferred || foreign && !s.alias(i)
	if begins {
		f.entry = int32(i)
	} else {
		f.entry = s.facts[p].entry
	}
	peer, op := span.Peer, span.Operation
	if peer.Kind == "" && (span.Kind == telemetry.KindClient || span.Kind == telemetry.KindProducer || dbish(span)) {
		// A row of before shapes were worked out on arrival.
		c := *span
		shaper.Span(&c)
		peer, op = c.Peer, c.Operation
	}
	f.op, f.peer = op, peer.Name
	switch peer.Kind {
	case telemetry.PeerDB:
		f.class = database
		f.stmt = s.statementOf(span, op)
	case telemetry.PeerCache:
		f.class = cache
		f.stmt = s.statementOf(span, op)
	case telemetry.PeerRPC:
		f.class = rpcCall
	case telemetry.PeerHTTP, telemetry.PeerService:
		if span.Kind != telemetry.KindClient {
			break
		}
		f.class = httpCall
		if attr(span, "rpc.system.name") != "" || attr(span, "rpc.method") != "" {
			f.class = rpcCall
		}
	case telemetry.PeerQueue:
		f.class = queueSend
	}
	if f.class == other && span.Kind == telemetry.KindClient {
		s.guess(i, foreign)
	}
	h := uint64(0)
	if p >= 0 && !begins {
		h = s.facts[p].path
		if pf := &s.facts[p]; pf.class == f.class && f.class != other || f.class == httpCall && pf.class == rpcCall || pf.inner && pf.class == f.class {
			f.inner = true
		}
	}
	if f.class == other {
		h = h*1099511628211 ^ xxhash.Sum64String(span.Name)
	}
	f.path = h
	if f.class != other && !f.inner && span.Kind != telemetry.KindConsumer {
		s.calls = append(s.calls, i)
	}
}

// alias says that a span of another service than its parent's is still the parent's own
// work: some name the far end of a call as the service of the call.
func (s *scan) alias(i int) bool {
	return s.t.Nodes[i].Span.Kind == telemetry.KindClient && s.t.Nodes[s.t.Nodes[i].Parent].Span.Kind != telemetry.KindClient
}

// guess works out what a client span does that names no peer, from what it is called: a
// hand-made span mostly.
func (s *scan) guess(i int, foreign bool) {
	f, span := &s.facts[i], s.t.Nodes[i].Span
	if foreign {
		f.peer = span.Service
	}
	if text := attr(span, "sql.query"); text != "" {
		f.class, f.op = database, telemetry.Shape{ID: shape.ID(shape.SQL(text)), Text: shape.SQL(text)}
		f.stmt = s.statementOf(span, f.op)
		return
	}
	f.op = telemetry.Shape{ID: shape.ID(span.Name), Text: span.Name}
	far := strings.ToLower(f.peer)
	switch {
	case containsAny(far, "redis", "memcache", "valkey", "cache"):
		f.class = cache
		f.stmt = s.statementOf(span, f.op)
	case containsAny(far, "mysql", "postgres", "mongo", "sqlite", "oracle", "mariadb", "cassandra", "dynamodb"):
		f.class = database
		f.stmt = s.statementOf(span, f.op)
	default:
		f.class = rpcCall
	}
}

func containsAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

func dbish(s *telemetry.Span) bool {
	return attr(s, "db.system.name") != ""
}

func attr(s *telemetry.Span, key string) string {
	v, _ := telemetry.Get(s.Attrs, key)
	return v
}

func (s *scan) entryNode(i int) int { return int(s.facts[i].entry) }

// endpoint names a unit of work.
func (s *scan) endpoint(entry int) string {
	span := s.t.Nodes[entry].Span
	if span.Endpoint != "" {
		return span.Endpoint
	}
	return span.Name
}

func (s *scan) kind(i int) Kind {
	e := s.facts[i].entry
	k, ok := s.kinds[e]
	if !ok {
		k = KindOf(s.t.Nodes[e].Span)
		s.kinds[e] = k
	}
	return k
}

// limits are the thresholds of the detector at work at a node; nil where it is off.
func (s *scan) limits(i int) []int64 {
	e := s.facts[i].entry
	l, ok := s.lims[e]
	if !ok {
		k := wholeKey{kind: s.kind(i)}
		if s.in.Thresholds != nil {
			k.service, k.endpoint = s.t.Nodes[e].Span.Service, s.endpoint(int(e))
		}
		if l, ok = s.whole[k]; !ok {
			l = s.in.Thresholds.resolve(k.kind, k.service, k.endpoint)
			s.whole[k] = l
		}
		s.lims[e] = l
	}
	return l[s.d.index]
}

// covered is the time of the wall clock that nodes take.
func (s *scan) covered(nodes []int) int64 {
	sum, at := int64(0), int64(-1)
	for _, i := range byStart(s.t, nodes) {
		n := &s.t.Nodes[i]
		from := max(n.Start, at)
		if n.End() > from {
			sum += n.End() - from
			at = n.End()
		}
	}
	return sum
}

func (s *scan) total(nodes []int) (sum int64) {
	for _, i := range nodes {
		sum += s.t.Nodes[i].Duration
	}
	return sum
}

// callee is the span at the other end of a call, or -1.
func (s *scan) callee(i int) int {
	for _, k := range s.kids[i] {
		if s.t.Nodes[k].Span.Kind == telemetry.KindServer {
			return k
		}
	}
	// Another span of the client may lie between.
	for _, k := range s.kids[i] {
		if s.facts[k].inner {
			if c := s.callee(k); c >= 0 {
				return c
			}
		}
	}
	return -1
}

// target is who was called: the service that answered, else the peer as the caller knows it.
func (s *scan) target(i int) string {
	if c := s.callee(i); c >= 0 {
		return s.t.Nodes[c].Span.Service
	}
	return s.facts[i].peer
}

func (s *scan) failed(i int) bool {
	span := s.t.Nodes[i].Span
	if span.Status == telemetry.StatusError {
		return true
	}
	switch c := span.Code; {
	case c == "":
		return attr(span, "error.type") != ""
	case c[0] >= '0' && c[0] <= '9':
		return len(c) == 3 && (c[0] == '5' || c == "429" || c == "408")
	default:
		return c != "OK" && c != "0"
	}
}

// opText is what a node does in a few words.
func (s *scan) opText(i int) string {
	if t := s.facts[i].op.Text; t != "" {
		return quote(t)
	}
	return quote(s.t.Nodes[i].Span.Name)
}

// place is where the fix for a node belongs.
func (s *scan) place(i int) Place {
	span := s.t.Nodes[i].Span
	p := Place{Span: span.SpanID, Name: span.Name, Operation: s.facts[i].op.Text, Peer: s.facts[i].peer}
	e := s.entryNode(i)
	for hops := 0; i >= 0 && hops < 64; i, hops = s.t.Nodes[i].Parent, hops+1 {
		if c := codeOf(s.t.Nodes[i].Span); c != (Code{}) {
			p.Code = c
			break
		}
		if i == e {
			break
		}
	}
	if c := codeOf(s.t.Nodes[e].Span); c != p.Code {
		p.Handler = c
	}
	return p
}

func codeOf(s *telemetry.Span) Code {
	c := Code{Function: attr(s, "code.function.name"), File: attr(s, "code.file.path"), Line: atoi(attr(s, "code.line.number"))}
	if ns := attr(s, "code.namespace"); ns != "" && c.Function != "" && !strings.Contains(c.Function, ".") {
		c.Function = ns + "." + c.Function
	}
	return c
}

func atoi(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || i > 12 {
			return 0
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}
