package detect

import (
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// verb is what a statement does to its table.
type verb uint8

const (
	unknownVerb verb = iota
	reads
	writes
	locks  // reads and holds: SELECT … FOR UPDATE, LOCK TABLE, an advisory lock
	begins // of a transaction
	ends
	otherVerb // DDL, SET, a savepoint
)

// statement is what a statement's form tells. It is found once per form.
type statement struct {
	verb      verb
	table     string
	tables    []string // all that a read is of
	limited   bool     // a LIMIT, or a key that names one row
	aggregate bool     // one row whatever the table holds
	where     bool
	params    bool // it has places for values
	// wraps is the condition that an index on the column cannot serve, "" where there is none.
	wraps string
}

func (s *scan) statementOf(span *telemetry.Span, op telemetry.Shape) *statement {
	if st, ok := s.cache[op.ID]; ok && op.ID != 0 {
		return st
	}
	st := parseStatement(op.Text)
	if st.verb == unknownVerb {
		word := attr(span, "db.operation.name")
		if word == "" {
			word, _, _ = strings.Cut(span.Name, " ")
		}
		st.verb = verbOf(word)
	}
	if st.table == "" {
		st.table = strings.ToLower(attr(span, "db.collection.name"))
	}
	if len(st.tables) == 0 && st.table != "" {
		st.tables = []string{st.table}
	}
	if op.ID != 0 {
		s.cache[op.ID] = st
	}
	return st
}

// verbOf knows the operations of databases and caches by name.
func verbOf(word string) verb {
	w := strings.ToLower(word)
	if i := strings.LastIndexAny(w, ".:"); i >= 0 {
		w = w[i+1:]
	}
	switch w {
	case "select", "get", "mget", "find", "findone", "aggregate", "count", "distinct", "search", "msearch", "scan", "query", "getitem", "batchgetitem",
		"hget", "hgetall", "hmget", "lrange", "smembers", "sismember", "zrange", "zscore", "exists", "ttl", "gets", "read", "countdocuments", "getmore", "show", "describe", "explain", "with":
		return reads
	case "insert", "update", "delete", "replace", "upsert", "merge", "set", "setex", "hset", "hmset", "incr", "incrby", "decr", "expire", "del", "lpush", "rpush", "sadd", "zadd",
		"putitem", "updateitem", "deleteitem", "batchwriteitem", "insertone", "insertmany", "updateone", "updatemany", "deleteone", "deletemany", "bulkwrite", "index", "bulk",
		"findandmodify", "truncate", "copy", "add", "touch", "cas", "setnx", "mset", "executemany", "bulk_write":
		return writes
	case "begin", "start", "begintx", "begin_transaction", "starttransaction":
		return begins
	case "commit", "rollback", "abort", "committransaction", "aborttransaction":
		return ends
	case "lock":
		return locks
	}
	for prefix, v := range map[string]verb{"get": reads, "find": reads, "fetch": reads, "list": reads, "load": reads} {
		if strings.HasPrefix(w, prefix) {
			return v
		}
	}
	return unknownVerb
}

// parseStatement reads the form that shape.SQL gives: keywords in upper case, values as ?.
func parseStatement(text string) *statement {
	st := &statement{params: strings.Contains(text, "?")}
	toks := tokens(text)
	if len(toks) == 0 {
		return st
	}
	i := 0
	for i < len(toks) && toks[i] == "(" {
		i++
	}
	first := ""
	if i < len(toks) {
		first = toks[i]
	}
	switch first {
	case "SELECT":
		st.verb = reads
	case "WITH":
		st.verb = reads
		for _, t := range toks {
			if t == "INSERT" || t == "UPDATE" || t == "DELETE" {
				st.verb = writes
			}
		}
	case "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "TRUNCATE":
		st.verb = writes
	case "BEGIN", "START":
		st.verb = begins
	case "COMMIT", "ROLLBACK", "END":
		st.verb = ends
		if len(toks) > i+1 && toks[i+1] == "TO" {
			st.verb = otherVerb // to a savepoint
		}
	case "LOCK":
		st.verb = locks
	case "SAVEPOINT", "RELEASE", "SET", "CREATE", "ALTER", "DROP", "ANALYZE", "USE", "SHOW", "EXPLAIN":
		st.verb = otherVerb
	default:
		st.verb = verbOf(first)
	}
	if st.verb == reads || st.verb == writes || st.verb == locks {
		st.table = mainTable(toks)
		st.tables = tablesOf(toks)
	}
	if first == "SELECT" || first == "WITH" {
		st.look(toks)
	}
	return st
}

// look finds what limits a query and what an index cannot serve.
func (st *statement) look(toks []string) {
	depth, group, inWhere := 0, false, false
	for i, t := range toks {
		switch t {
		case "(":
			depth++
		case ")":
			depth--
		}
		switch {
		case t == "LIMIT" || t == "FETCH" && depth == 0 || t == "TOP" || strings.EqualFold(t, "rownum"):
			st.limited = true
		case t == "FOR" && i+1 < len(toks) && (toks[i+1] == "UPDATE" || toks[i+1] == "SHARE"):
			st.verb = locks
		case t == "GROUP" && depth == 0:
			group, inWhere = true, false
		case t == "WHERE":
			st.where = st.where || depth == 0
			inWhere = true
		case t == "ORDER" || t == "HAVING" || t == "LIMIT":
			inWhere = false
		}
		if lower := strings.ToLower(t); lower == "pg_advisory_lock" || lower == "get_lock" || lower == "pg_advisory_xact_lock" {
			st.verb = locks
		}
		if inWhere && st.wraps == "" {
			st.wraps = wrapped(toks, i)
		}
	}
	if group || len(toks) < 3 {
		return
	}
	for _, t := range toks[1:min(6, len(toks))] {
		switch strings.ToUpper(t) {
		case "COUNT", "SUM", "MAX", "MIN", "AVG", "EXISTS":
			st.aggregate = true
			return
		case "FROM":
			return
		}
	}
}

// wrapped says whether at i begins a function of a column that is compared: f(col) = ?.
// Arithmetic on a column and a comparison of its part count as well.
func wrapped(toks []string, i int) string {
	if i == 0 || i+3 >= len(toks) {
		return ""
	}
	switch toks[i-1] {
	case "WHERE", "AND", "OR", "(", "ON":
	default:
		return ""
	}
	if !word(toks[i]) {
		return ""
	}
	j := i + 1
	for j+1 < len(toks) && toks[j] == "." && word(toks[j+1]) {
		j += 2
	}
	switch {
	case toks[j] == "%" || toks[j] == "||":
		return strings.Join(toks[i:min(j+2, len(toks))], " ")
	case toks[j] != "(" || keywordBeforeList[toks[i]]:
		return ""
	}
	depth, column := 0, false
	for k := j; k < len(toks); k++ {
		switch toks[k] {
		case "(":
			depth++
		case ")":
			depth--
		case "SELECT":
			return ""
		default:
			column = column || word(toks[k]) && toks[k] != strings.ToUpper(toks[k])
		}
		if depth == 0 {
			if column && k+2 < len(toks) && comparison[toks[k+1]] {
				return strings.Join(toks[i:j], "") + "(" + strings.Join(toks[j+1:k], " ") + ")"
			}
			return ""
		}
	}
	return ""
}

var (
	keywordBeforeList = set("IN EXISTS AND OR NOT VALUES ANY ALL")
	comparison        = set("= <> != < > <= >= LIKE ILIKE IN BETWEEN")
)

func set(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

func word(t string) bool {
	c := t[0]
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80
}

// mainTable is the table that a statement is about: the first after FROM, INTO, UPDATE.
func mainTable(toks []string) string {
	for i, t := range toks {
		switch t {
		case "FROM", "INTO", "UPDATE", "TABLE", "TABLES", "TRUNCATE":
		default:
			continue
		}
		if t == "UPDATE" && i > 0 && (toks[i-1] == "FOR" || toks[i-1] == "DO" || toks[i-1] == "KEY") {
			continue
		}
		j := i + 1
		for j < len(toks) && (toks[j] == "ONLY" || toks[j] == "TABLE" || toks[j] == "IGNORE") {
			j++
		}
		if j >= len(toks) || !word(toks[j]) {
			continue
		}
		name := toks[j]
		for j+2 < len(toks) && toks[j+1] == "." {
			name = toks[j+2]
			j += 2
		}
		if name != strings.ToUpper(name) || strings.ToLower(name) == strings.ToUpper(name) || t != "FROM" || name != "SELECT" {
			return strings.ToLower(name)
		}
	}
	return ""
}

// tablesOf are all tables after FROM and JOIN, with those of a list.
func tablesOf(toks []string) (out []string) {
	for i, t := range toks {
		if t != "FROM" && t != "JOIN" && t != "INTO" && t != "UPDATE" {
			continue
		}
		for j := i + 1; j < len(toks) && word(toks[j]) && toks[j] != "SELECT"; {
			name := toks[j]
			for j+2 < len(toks) && toks[j+1] == "." {
				name, j = toks[j+2], j+2
			}
			if name = strings.ToLower(name); !slices.Contains(out, name) {
				out = append(out, name)
			}
			// An alias, and the next of a list.
			j++
			if j < len(toks) && toks[j] == "AS" {
				j++
			}
			if j+1 < len(toks) && word(toks[j]) && toks[j+1] == "," {
				j++
			}
			if j >= len(toks) || toks[j] != "," {
				break
			}
			j++
		}
	}
	return out
}

// tokens splits a statement's form into words and signs.
func tokens(s string) []string {
	var out []string
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n':
			i++
		case c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80 || c >= '0' && c <= '9' || c == '$':
			j := i
			for j < len(s) {
				d := s[j]
				if d|0x20 >= 'a' && d|0x20 <= 'z' || d == '_' || d >= 0x80 || d >= '0' && d <= '9' || d == '$' {
					j++
					continue
				}
				break
			}
			out = append(out, s[i:j])
			i = j
		case (c == '<' || c == '>' || c == '!' || c == '|') && i+1 < len(s) && (s[i+1] == '=' || s[i+1] == '>' || s[i+1] == '|'):
			out = append(out, s[i:i+2])
			i += 2
		default:
			out = append(out, s[i:i+1])
			i++
		}
	}
	return out
}
