package detect

import (
	"slices"
	"strings"
)

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}

// transaction is a stretch in which a unit of work held a transaction open.
type transaction struct {
	entry    int32
	peer     string
	begin    int // the node that opened it, or the span that is it
	end      int // the node that closed it; -1 where it ended with its span
	from, to int64
	tables   []string // that were written
}

// transactions finds them once: from BEGIN to COMMIT of one unit of work towards one
// database, or a span that says it is one.
func (s *scan) transactions() []transaction {
	if s.txDone {
		return s.txs
	}
	s.txDone = true
	type key struct {
		entry int32
		peer  string
	}
	open := map[key][]int{} // indexes into txs
	for _, i := range byStart(s.t, s.calls) {
		f := &s.facts[i]
		if f.class != database {
			continue
		}
		n := &s.t.Nodes[i]
		k := key{f.entry, f.peer}
		switch f.stmt.verb {
		case begins:
			open[k] = append(open[k], len(s.txs))
			s.txs = append(s.txs, transaction{entry: f.entry, peer: f.peer, begin: i, end: -1, from: n.Start, to: -1})
		case ends:
			stack := open[k]
			if len(stack) == 0 {
				continue
			}
			// Of several that are open, the one with the same parent.
			at := len(stack) - 1
			for j := range stack {
				if s.t.Nodes[s.txs[stack[j]].begin].Parent == n.Parent {
					at = j
				}
			}
			t := &s.txs[stack[at]]
			t.end, t.to = i, n.End()
			open[k] = slices.Delete(slices.Clone(stack), at, at+1)
		case writes, locks:
			for _, j := range open[k] {
				if t := f.stmt.table; t != "" && !slices.Contains(s.txs[j].tables, t) {
					s.txs[j].tables = append(s.txs[j].tables, t)
				}
			}
		}
	}
	s.txs = slices.DeleteFunc(s.txs, func(t transaction) bool { return t.to < 0 })
	for i := range s.t.Nodes {
		if s.facts[i].class == other && s.role(i) == txRole {
			n := &s.t.Nodes[i]
			t := transaction{entry: s.facts[i].entry, begin: i, end: -1, from: n.Start, to: n.End()}
			for k := i + 1; k < i+n.Size; k++ {
				if f := &s.facts[k]; f.class == database && f.entry == t.entry {
					t.peer = f.peer
					if tb := f.stmt.table; (f.stmt.verb == writes || f.stmt.verb == locks) && tb != "" && !slices.Contains(t.tables, tb) {
						t.tables = append(t.tables, tb)
					}
				}
			}
			if t.peer != "" {
				s.txs = append(s.txs, t)
			}
		}
	}
	return s.txs
}

// inTransaction says that nodes are statements of one transaction.
func (s *scan) inTransaction(nodes []int) bool {
	if s.facts[nodes[0]].class != database {
		return false
	}
	for _, t := range s.transactions() {
		in := true
		for _, i := range nodes {
			n := &s.t.Nodes[i]
			in = in && s.facts[i].entry == t.entry && n.Start >= t.from && n.End() <= t.to
		}
		if in {
			return true
		}
	}
	return false
}

// role is what an internal span is for, by its name.
type role uint8

const (
	noRole role = iota
	poolRole
	lockRole
	txRole
	coldRole
)

func (s *scan) role(i int) role {
	name := s.t.Nodes[i].Span.Name
	r, ok := s.roles[name]
	if !ok {
		r = roleOf(name)
		s.roles[name] = r
	}
	return r
}

// roleOf knows the names that instrumentations give to what is not work.
func roleOf(name string) role {
	if len(name) > 100 {
		return noRole
	}
	n := strings.NewReplacer("_", " ", ".", " ", "-", " ", ":", " ", "#", " ", "/", " ").Replace(strings.ToLower(splitCamel(name)))
	words := strings.Fields(n)
	has := func(list ...string) bool {
		for _, w := range words {
			if slices.Contains(list, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("pool", "connection", "conn", "connections", "datasource") && has("acquire", "checkout", "borrow", "wait", "waiting", "get", "obtain", "lease") &&
		!has("close", "release", "return", "http"):
		return poolRole
	case has("semaphore", "bulkhead") && has("acquire", "wait", "waiting"):
		return poolRole
	case has("lock", "mutex", "locks", "redlock") && has("acquire", "wait", "waiting", "obtain", "get", "lock", "mutex", "take") && !has("release", "unlock"):
		return lockRole
	case has("transaction", "tx") && !has("commit", "rollback", "begin", "send", "create", "payment", "get", "list", "find", "process", "id"):
		return txRole
	case has("cold", "coldstart") && has("start", "coldstart", "init"), n == "init", n == "initialization", has("warmup", "bootstrap"):
		return coldRole
	}
	return noRole
}

// splitCamel writes getConnection as get Connection.
func splitCamel(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; i > 0 && c >= 'A' && c <= 'Z' && s[i-1] >= 'a' && s[i-1] <= 'z' {
			b.WriteByte(' ')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
