package verdict

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// state is how a span ended, by what it says itself and by how its times lie.
type state uint8

const (
	fine      state = iota
	refused         // answered 4xx: its caller's mistake
	cancelled       // stopped because somebody above did not want the answer any more
	gaveUp          // waited no longer
	failed
)

// bad says that somebody has to explain it.
func (s state) bad() bool { return s >= cancelled }

var (
	timeoutWords = regexp.MustCompile(`(?i)deadline.?exceeded|time[d]?[ _-]?out|timeout|ETIMEDOUT|ESOCKETTIMEDOUT|タイムアウト|時間切れ`)
	cancelWords  = regexp.MustCompile(`(?i)context canceled|\bcancel(l?ed|ation|lederror)?\b|operation was aborted|AbortError|ECONNABORTED|client (closed|disconnected|went away)|broken pipe|ClientAbortException|connection reset by peer`)
	lockWords    = regexp.MustCompile(`(?i)\bdead ?lock|database( table)? is locked|\block(ed|s|ing)?[ _-]?(wait|timeout|not available|time)|(wait(ing|ed)?|blocked)( \w+){0,3} (for|on|behind|by)( \w+){0,3} lock|acquir\w+( \w+){0,2} lock|could not (obtain|serialize)|SQLITE_BUSY|40P01|55P03|ORA-000(54|60)|ロック(待ち|を待|取得|競合|タイムアウト)|デッドロック`)
	poolWords    = regexp.MustCompile(`(?i)connection ?pool|pool\.?(acquire|get|wait|timeout|exhausted)|(acquire|get|wait(ing)? for|obtain) (a )?(db |database )?connection|HikariPool|QueuePool|ConnectionTimeoutError|too many (clients|connections)|コネクションプール|プールの?(枯渇|空き)`)
	gcWords      = regexp.MustCompile(`(?i)\bGC\b|garbage collect|stop.the.world|cpu throttl|throttled|safepoint`)
	unreached    = regexp.MustCompile(`(?i)connection refused|ECONNREFUSED|no such host|ENOTFOUND|unreachable|name resolution|Name or service not known|UnknownHost|certificate|handshake`)
	undoWords    = regexp.MustCompile(`(?i)^(rollback|abort|discard|unlock|release|reset|close|end)`)
)

// analysis is a trace while it is looked at. Indexes are into the tree's nodes.
type analysis struct {
	f     *Facts
	v     *Verdict
	t     *insight.Tree
	nodes []insight.Node
	main  int

	kids   [][]int
	state  []state
	code   []string // of the protocol
	words  []string // all that a span says of its failure
	op     []string // what it did, for a person
	server []int    // the callee's side of a call, -1 for none
	logs   []int    // of facts, in order of time
	logsOf map[telemetry.SpanID][]int
	own    []int64 // its part of the critical path that it is on
	sub    []int64 // its subtree's
	at     map[telemetry.SpanID]int

	chain  []int         // from main to the origin of the failure
	tries  map[int][]int // of a node on the chain, all tries of the same call, itself last
	spared []aside       // failures that are not the cause
	giver  int           // who gave up, -1 for nobody
	item   *item         // where the time went that counts
	told   bool          // it was spoken of
	blame  *Cause
	logged int // the log that tells of the origin, -1 for none
}

// aside is a failure that was not the cause, and why.
type aside struct {
	node int
	why  string // retried, handled, consequence, later, fallback
	by   int    // the try that succeeded, the node that went on
}

func analyse(f *Facts) *analysis {
	n := len(f.Tree.Nodes)
	a := &analysis{
		f: f, t: f.Tree, nodes: f.Tree.Nodes, main: f.Tree.Main,
		kids: make([][]int, n), state: make([]state, n), code: make([]string, n), words: make([]string, n),
		op: make([]string, n), server: make([]int, n), logsOf: map[telemetry.SpanID][]int{},
		own: make([]int64, n), sub: make([]int64, n), at: make(map[telemetry.SpanID]int, n),
		tries: map[int][]int{}, giver: -1, logged: -1,
	}
	for i := range a.nodes {
		nd := &a.nodes[i]
		if nd.Parent >= 0 {
			a.kids[nd.Parent] = append(a.kids[nd.Parent], i)
		}
		if _, ok := a.at[nd.Span.SpanID]; !ok {
			a.at[nd.Span.SpanID] = i
		}
		for _, s := range nd.Critical {
			a.own[i] += s.To - s.From
		}
		a.server[i] = -1
		a.code[i], a.op[i] = codeOf(nd.Span), opOf(nd.Span)
		a.words[i] = wordsOf(nd.Span)
	}
	copy(a.sub, a.own)
	for i := n - 1; i >= 0; i-- { // children come after their parents
		if p := a.nodes[i].Parent; p >= 0 {
			if !a.nodes[i].Deferred {
				a.sub[p] += a.sub[i]
			}
			if ch, ps := a.nodes[i].Span, a.nodes[p].Span; ps.Kind == telemetry.KindClient && ch.Kind == telemetry.KindServer {
				a.server[p] = i
			}
		}
	}
	for i := n - 1; i >= 0; i-- {
		a.state[i] = a.stateOf(i)
	}
	a.logs = make([]int, len(f.Logs))
	for i := range a.logs {
		a.logs[i] = i
	}
	slices.SortFunc(a.logs, func(x, y int) int {
		return cmp.Or(cmp.Compare(f.Logs[x].Time, f.Logs[y].Time), cmp.Compare(f.Logs[x].ID, f.Logs[y].ID), cmp.Compare(f.Logs[x].Body, f.Logs[y].Body))
	})
	for _, i := range a.logs {
		id := f.Logs[i].SpanID
		a.logsOf[id] = append(a.logsOf[id], i)
	}
	return a
}

func (a *analysis) span(i int) *telemetry.Span { return a.nodes[i].Span }
func (a *analysis) end(i int) int64            { return a.nodes[i].End() }

// near says that two moments are the same one, for spans as long as d.
func near(x, y, d int64) bool {
	return max(x-y, y-x) <= max(5*int64(time.Millisecond), d/50)
}

// stateOf decides how a span ended; its children's are known already.
func (a *analysis) stateOf(i int) state {
	s := a.span(i)
	st := stateOfCode(s.Kind, a.code[i])
	if st == fine && s.Status == telemetry.StatusError {
		st = failed
	}
	switch {
	case st == fine || st == refused || st == cancelled:
		return st
	}
	c := a.server[i]
	answered := a.code[i] != "" && s.Kind == telemetry.KindClient && !rpcCode(a.code[i])
	switch {
	case c >= 0 && !answered && (a.end(c) > a.end(i)+slack(a.nodes[i].Duration) || timeoutWords.MatchString(a.words[i]) && near(a.end(c), a.end(i), a.nodes[i].Duration)):
		if cancelWords.MatchString(a.words[i]) && !timeoutWords.MatchString(a.words[i]) {
			return cancelled
		}
		return gaveUp
	case c >= 0 || answered:
		return failed // what it heard is the callee's to explain
	case timeoutWords.MatchString(a.words[i]) || a.code[i] == "504" && s.Kind == telemetry.KindServer:
		// Who repeats a child's words did not give up by itself.
		for _, k := range a.within(i) {
			if a.state[k] == gaveUp || a.state[k].bad() && timeoutWords.MatchString(a.words[k]) {
				return failed
			}
		}
		return gaveUp
	case cancelWords.MatchString(a.words[i]) && !strings.Contains(a.words[i], "reset by peer"):
		for _, k := range a.within(i) {
			if a.state[k].bad() && a.state[k] != cancelled {
				return failed
			}
		}
		return cancelled
	}
	return failed
}

// slack is by how much a callee may outlast its caller without being cut short.
func slack(d int64) int64 { return max(5*int64(time.Millisecond), d/100) }

// within are the children of i, and through spans of the same process that were fine, theirs:
// the work whose failures i hears of.
func (a *analysis) within(i int) []int {
	var out []int
	stack := slices.Clone(a.kids[i])
	slices.Reverse(stack)
	for len(stack) > 0 {
		k := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		out = append(out, k)
		s := a.span(k)
		inner := s.Kind == telemetry.KindInternal || s.Kind == telemetry.KindUnspecified
		if inner && s.Service == a.span(i).Service && !a.state[k].bad() && s.Status != telemetry.StatusOK {
			for _, c := range slices.Backward(a.kids[k]) {
				stack = append(stack, c)
			}
		}
	}
	return out
}

func rpcCode(c string) bool {
	_, err := strconv.Atoi(c)
	return err != nil || len(c) < 3
}

// stateOfCode is what a protocol's code says; fine where it says nothing.
func stateOfCode(k telemetry.Kind, c string) state {
	if n, err := strconv.Atoi(c); err == nil && n >= 100 {
		switch {
		case n == 499:
			return cancelled
		case n >= 500, n >= 400 && k == telemetry.KindClient:
			return failed
		case n >= 400:
			return refused
		}
		return fine
	}
	switch strings.ToUpper(c) {
	case "", "0", "OK":
		return fine
	case "1", "CANCELLED", "CANCELED":
		return cancelled
	case "3", "INVALID_ARGUMENT", "5", "NOT_FOUND", "6", "ALREADY_EXISTS", "7", "PERMISSION_DENIED", "9", "FAILED_PRECONDITION", "11", "OUT_OF_RANGE", "16", "UNAUTHENTICATED":
		if k == telemetry.KindClient {
			return failed
		}
		return refused
	case "2", "UNKNOWN", "4", "DEADLINE_EXCEEDED", "8", "RESOURCE_EXHAUSTED", "10", "ABORTED", "12", "UNIMPLEMENTED", "13", "INTERNAL", "14", "UNAVAILABLE", "15", "DATA_LOSS":
		return failed
	}
	return fine
}
