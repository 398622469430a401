package detect

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry/shape"
)

const (
	sequentialCount = iota
	sequentialUnsure
	sequentialEach
	sequentialSaving
	sequentialShare
)

var sequentialCalls = &Detector{
	ID:    "sequential_calls",
	Title: i18n.T("Calls that could run side by side", "並列化できる直列の呼び出し"),
	Rule: i18n.T(
		"At least {count} reads of {each} and more follow one another though none needs what another answered (at least {unsure} where the spans do not tell what they need), and running them side by side would spare {saving} and {share} of the request.",
		"互いの結果を必要としない{each}以上の読み取りが{count}回以上（必要な値がスパンから分からない場合は{unsure}回以上）順番に実行され、並列化すると{saving}以上かつリクエストの{share}以上を短縮できる。"),
	Advice: i18n.T(
		"Start the calls together and wait for all of them (errgroup, Promise.all, CompletableFuture.allOf, asyncio.gather).",
		"呼び出しを同時に開始し、まとめて待ち合わせてください（errgroup、Promise.all、CompletableFuture.allOf、asyncio.gatherなど）。"),
	Params: []Param{
		count("count", 2, 2, "calls in a row", "連続する呼び出しの回数"),
		count("unsure", 3, 3, "calls in a row whose inputs are not told", "入力値が不明な連続呼び出しの回数"),
		lasts("each", 15*ms, 200*ms, "the shortest of them", "1回の呼び出し時間"),
		lasts("saving", 50*ms, 1000*ms, "time spared", "短縮できる時間"),
		percent("share", 10, 20, "share of the request", "リクエストに占める割合"),
	},
	trace: func(s *scan) {
		for i := range s.t.Nodes {
			if len(s.awaited[i]) >= 2 && s.facts[i].class == other {
				s.chains(i)
			}
		}
	},
}

// step is a branch of a unit of work that is one call.
type step struct {
	branch, call int
}

// chains looks at the branches of a node in order of time.
func (s *scan) chains(at int) {
	lim := s.limits(at)
	if lim == nil {
		return
	}
	each := lim[sequentialEach]
	var chain []step
	end := int64(-1)
	flush := func() {
		if len(chain) >= 2 {
			s.sequence(at, chain)
		}
		chain = nil
	}
	for _, k := range byStart(s.t, s.awaited[at]) {
		n := &s.t.Nodes[k]
		call, ordered := s.callOf(k)
		if ordered {
			// A write: what comes after may be meant to come after.
			flush()
			end = max(end, n.End())
			continue
		}
		if call < 0 || n.Duration < each {
			continue
		}
		if n.Start < end && len(chain) > 0 {
			// It runs beside the last already, which so is no part of the row either.
			if last := &s.t.Nodes[chain[len(chain)-1].branch]; n.Start < last.End() {
				chain = chain[:len(chain)-1]
			}
			flush()
			end = max(end, n.End())
			continue
		}
		if len(chain) > 0 && (s.failed(chain[len(chain)-1].call) || s.needs(chain, call)) {
			flush()
		}
		chain = append(chain, step{k, call})
		end = max(end, n.End())
	}
	flush()
}

// callOf is the one call that a branch consists of, -1 for none or several. ordered says
// that the branch changes something.
func (s *scan) callOf(k int) (call int, ordered bool) {
	call = -1
	n := &s.t.Nodes[k]
	entry := s.facts[k].entry
	for i := k; i < k+n.Size; {
		f := &s.facts[i]
		if f.entry != entry {
			i += s.t.Nodes[i].Size // another's work
			continue
		}
		if f.class == other {
			i++
			continue
		}
		if !s.readsOnly(i) {
			return -1, true
		}
		if call >= 0 {
			return -1, false
		}
		call = i
		i += s.t.Nodes[i].Size
	}
	return call, false
}

// readsOnly says whether a call changes nothing, as far as its kind tells.
func (s *scan) readsOnly(i int) bool {
	f := &s.facts[i]
	switch f.class {
	case database, cache:
		return f.stmt.verb == reads
	case httpCall:
		m := attr(s.t.Nodes[i].Span, "http.request.method")
		return m == "GET" || m == "HEAD" || m == ""
	case rpcCall:
		name := f.op.Text[strings.LastIndexAny(f.op.Text, "/.")+1:]
		for _, p := range [...]string{"Get", "List", "Find", "Search", "Fetch", "Check", "Query", "Read", "Count", "Describe", "Lookup", "BatchGet", "Resolve", "Has", "Is", "Calculate", "Estimate", "Quote", "Recommend"} {
			if strings.HasPrefix(name, p) || strings.HasPrefix(name, strings.ToLower(p)) {
				return true
			}
		}
	}
	return false
}

// needs says that a call was made with a value that an earlier one of the chain answered:
// one that stands among its attributes and was not known before.
func (s *scan) needs(chain []step, call int) bool {
	values, _ := s.values(call)
	if len(values) == 0 {
		return false
	}
	known := s.known(chain)
	for _, v := range values {
		if known[v] {
			continue
		}
		for _, st := range chain {
			for _, k := range [...]int{st.call, s.callee(st.call)} {
				if k < 0 {
					continue
				}
				for _, a := range s.t.Nodes[k].Span.Attrs {
					if a.Value == v || len(v) >= 4 && strings.Contains(a.Value, v) && strings.HasPrefix(a.Key, "http.response.") {
						return true
					}
				}
			}
		}
	}
	return false
}

// known are the values that were there before the chain began: of the request itself, and
// what its first call was made with.
func (s *scan) known(chain []step) map[string]bool {
	out := map[string]bool{}
	e := s.entryNode(chain[0].call)
	for _, a := range s.t.Nodes[e].Span.Attrs {
		switch a.Key {
		case "url.path":
			for seg := range strings.SplitSeq(a.Value, "/") {
				out[seg] = true
			}
		case "url.query":
			for _, v := range queryValues(a.Value) {
				out[v] = true
			}
		case "url.full":
			_, rest, _ := strings.Cut(a.Value, "://")
			path, query, _ := strings.Cut(rest, "?")
			for seg := range strings.SplitSeq(path, "/") {
				out[seg] = true
			}
			for _, v := range queryValues(query) {
				out[v] = true
			}
		default:
			out[a.Value] = true
		}
	}
	first, _ := s.values(chain[0].call)
	for _, v := range first {
		out[v] = true
	}
	return out
}

// values are what a call was made with, and whether the span tells it at all.
func (s *scan) values(i int) (out []string, told bool) {
	span := s.t.Nodes[i].Span
	f := &s.facts[i]
	switch f.class {
	case database, cache:
		for _, a := range span.Attrs {
			if strings.HasPrefix(a.Key, "db.query.parameter") || strings.HasPrefix(a.Key, "db.operation.parameter") {
				out = append(out, a.Value)
			}
		}
		text := attr(span, "db.query.text")
		if f.class == cache {
			if _, rest, ok := strings.Cut(text, " "); ok {
				out = append(out, strings.Fields(rest)...)
			}
		}
		return out, len(out) > 0 || text != "" && !placeholders(text)
	case httpCall:
		u := attr(span, "url.full")
		if u == "" {
			return nil, false
		}
		_, rest, _ := strings.Cut(u, "://")
		rest, query, _ := strings.Cut(rest, "?")
		_, path, _ := strings.Cut(rest, "/")
		template := strings.TrimPrefix(attr(span, "url.template"), "/")
		if template == "" {
			template = strings.TrimPrefix(shape.Path("/"+path), "/")
		}
		segs, marks := strings.Split(path, "/"), strings.Split(template, "/")
		for k, seg := range segs {
			if k < len(marks) && strings.HasPrefix(marks[k], "{") && seg != "" {
				out = append(out, seg)
			}
		}
		return append(out, queryValues(query)...), true
	}
	return nil, false
}

func queryValues(q string) (out []string) {
	for pair := range strings.SplitSeq(q, "&") {
		if _, v, ok := strings.Cut(pair, "="); ok && v != "" {
			out = append(out, v)
		}
	}
	return out
}

func (s *scan) sequence(at int, chain []step) {
	cand := s.try(at)
	nodes := make([]int, len(chain))
	branches := make([]int, len(chain))
	longest, total := int64(0), int64(0)
	for k, st := range chain {
		nodes[k], branches[k] = st.call, st.branch
		d := s.t.Nodes[st.branch].Duration
		longest, total = max(longest, d), total+d
	}
	known := s.known(chain)
	unsure, valueless := 0, 0
	for _, st := range chain[1:] {
		values, told := s.values(st.call)
		fresh := !told
		for _, v := range values {
			fresh = fresh || !known[v]
		}
		switch {
		case fresh:
			unsure++
		case len(values) == 0:
			valueless++
		}
	}
	cand.atLeast(sequentialCount, int64(len(chain)))
	if unsure > 0 {
		cand.atLeast(sequentialUnsure, int64(len(chain)))
	}
	cand.atLeast(sequentialSaving, total-longest)
	whole := s.t.Nodes[s.entryNode(at)].Duration
	cand.atLeast(sequentialShare, 100*(total-longest)/max(1, whole))
	cand.must(!s.inTransaction(nodes), i18n.T("they are in one transaction", "1つのトランザクション内で実行されている"))
	if !cand.ok() {
		s.missed(cand, nodes, func() i18n.Text {
			return i18n.F("%d calls in a row, from %s to %s", "連続する%d回の呼び出し（%s から %s まで）", len(chain), s.opText(nodes[0]), s.opText(nodes[len(nodes)-1]))
		})
		return
	}
	conf := sure(Likely, i18n.T("What each was called with was known before the first.", "各呼び出しの入力値は最初の呼び出しより前に分かっています。"))
	switch {
	case unsure > 0:
		conf = sure(Possible, i18n.F("For %d of them the spans do not tell whether they need what an earlier one answered.",
			"%d件は、前の呼び出しの結果を必要とするかどうかがスパンから分かりません。", unsure))
	case valueless > 0:
		conf = sure(Fair, i18n.T("Some were called with no value that the spans tell.", "入力値がスパンに現れない呼び出しがあります。"))
	}
	s.fire(hit{
		at: at, place: nodes[0], nodes: nodes, cost: s.covered(nodes), conf: conf,
		change: insight.Change{Together: [][]int{branches}}, key: s.keyOf(nodes),
		why: i18n.F("%s waited for %d calls one after the other, %s in all; side by side they would take %s: %s",
			"%s が%d件の呼び出しを順番に待ち、合計%sかかっています。並列化すれば%sで済みます：%s",
			s.where(at), len(chain), dur(total), dur(longest), s.list(nodes)),
	})
}

// list names what nodes do, few of many.
func (s *scan) list(nodes []int) i18n.Text {
	const most = 4
	var names []string
	seen := map[string]bool{}
	for _, i := range nodes {
		if n := s.opText(i); !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	more := len(names) - most
	if more <= 0 {
		text := strings.Join(names, ", ")
		return i18n.T(text, strings.Join(names, "、"))
	}
	return i18n.F("%s and %d more", "%s ほか%d件", strings.Join(names[:most], ", "), more)
}

// keyOf names a set of operations, in whatever order.
func (s *scan) keyOf(nodes []int) string {
	seen := map[string]bool{}
	var ops []string
	for _, i := range nodes {
		if op := s.facts[i].op.Text + "@" + s.facts[i].peer; !seen[op] {
			seen[op] = true
			ops = append(ops, op)
		}
	}
	return strings.Join(sorted(ops), "\x00")
}
