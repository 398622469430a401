package clickhouse

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// value is where the value of a key is, and how to ask for it. Exactly one of the kinds
// below; each says what telemetry.LogRow and SpanRow say of the same key.
type value struct {
	// sql is the value as text, empty where the row has none; always set.
	sql string
	// names, of a small number with names (a level, a kind, a status): the name of each
	// number, "" where it is none. sql is of no matter then but for facets.
	names  map[int]string
	column string // the number's column, with names; an integer's, with integer; an id's, with bytes
	// integer says that the text is a column's number in decimal; least is the least
	// number that counts as a value.
	integer bool
	least   int64
	bytes   int // of an id
	// key is the parameter of a key of the map of attributes.
	key string
	// own and other: the value is own's, or other's where own has none.
	own, other *value
}

// columnsOf are the table's columns of the keys of telemetry.Fields.
var columnsOf = map[string]string{
	"service": "service", "env": "env", "version": "version", "instance": "instance", "host": "host",
	"body": "body", "event": "event", "scope": "scope", "severity_text": "severity_text",
	"name": "name", "endpoint": "endpoint", "status_message": "status_message",
	"peer": "peer", "peer_kind": "peer_kind",
	"exception.type": "exception_type", "exception.message": "exception_message", "exception.stacktrace": "exception_stack",
}

// Where the ids and numbers with names are.
var (
	idColumns = map[string]idPlace{
		"trace_id": {"trace_id", 16}, "span_id": {"span_id", 8}, "parent_id": {"parent_id", 8},
		"pattern": {"pattern_id", 8}, "operation_id": {"operation_id", 8}, "error_group": {"error_group", 8},
	}
	levels   = numbered(24, func(i int) string { return telemetry.Severity(i).Level() })
	kinds    = numbered(5, func(i int) string { return telemetry.Kind(i).String() })
	statuses = numbered(255, func(i int) string { return telemetry.Status(i).String() }) // what is none is unset
)

type idPlace struct {
	column string
	bytes  int
}

func numbered(max int, name func(int) string) map[int]string {
	m := map[int]string{}
	for i := range max + 1 {
		if n := name(i); n != "" {
			m[i] = n
		}
	}
	return m
}

func (q *statement) value(ref telemetry.KeyRef) value {
	if ref.Place == telemetry.Column {
		return columnValue(ref.Key)
	}
	k := q.str(ref.Key)
	own := value{sql: "attributes[" + k + "]", key: k}
	if q.signal == telemetry.Spans {
		if i, ok := ownIndex[ref.Key]; ok {
			own = value{sql: ownColumns[i].column} // in the map it is only where it is empty
		}
	}
	// The engine parses a resource for every row that it is asked of. That the key is in the
	// text it finds out once for each resource, so that comes first.
	inText := q.str(string(appendString(nil, ref.Key)) + ":")
	resource := value{sql: "if(position(resource, " + inText + ") = 0, '', JSONExtractString(resource, " + k + "))"}
	switch ref.Place {
	case telemetry.OwnAttr:
		return own
	case telemetry.ResourceAttr:
		return resource
	}
	return value{sql: "if(" + own.sql + " != '', " + own.sql + ", " + resource.sql + ")", own: &own, other: &resource}
}

func columnValue(key string) value {
	if id, ok := idColumns[key]; ok {
		return value{sql: "if(" + id.column + " = toFixedString('', " + strconv.Itoa(id.bytes) + "), '', lower(hex(" + id.column + ")))",
			column: id.column, bytes: id.bytes}
	}
	switch key {
	case "level":
		return smallNames("severity", levels)
	case "kind":
		return smallNames("kind", kinds)
	case "status":
		v := smallNames("status", statuses)
		v.sql = "transform(status, [1, 2], ['ok', 'error'], 'unset')"
		return v
	case "duration":
		return value{sql: "toString(duration)", column: "duration", integer: true, least: minInt64}
	case "severity_number":
		return value{sql: "if(severity = 0, '', toString(severity))", column: "severity", integer: true, least: 1}
	}
	return value{sql: columnsOf[key]}
}

const minInt64 = -1 << 63

// smallNames is a small number with names.
func smallNames(column string, names map[int]string) value {
	var numbers, texts []string
	for i := range 25 {
		if n, ok := names[i]; ok {
			numbers = append(numbers, strconv.Itoa(i))
			texts = append(texts, "'"+n+"'")
		}
	}
	return value{
		sql:    "transform(" + column + ", [" + strings.Join(numbers, ", ") + "], [" + strings.Join(texts, ", ") + "], '')",
		column: column, names: names,
	}
}

// where holds for the rows whose number's name is one that yes takes.
func (v value) where(yes func(name string) bool) string {
	var numbers []int
	for n, name := range v.names {
		if yes(name) {
			numbers = append(numbers, n)
		}
	}
	return ranges(v.column, numbers)
}

func (v value) exists() string {
	switch {
	case v.names != nil:
		return v.where(func(string) bool { return true })
	case v.integer:
		if v.least == minInt64 {
			return "1"
		}
		return "(" + v.column + " >= " + strconv.FormatInt(v.least, 10) + ")"
	case v.bytes > 0:
		return "(" + v.column + " != toFixedString('', " + strconv.Itoa(v.bytes) + "))"
	case v.own != nil:
		return "(" + v.own.exists() + " OR " + v.other.exists() + ")"
	case v.key != "":
		// Three times as quick as attributes[key] != ''; so is the one in equals.
		return "arrayExists((x, y) -> x = " + v.key + " AND y != '', mapKeys(attributes), mapValues(attributes))"
	}
	return "(" + v.sql + " != '')"
}

func (v value) equals(q *statement, want string) string {
	switch {
	case v.names != nil:
		return v.where(func(name string) bool { return name == want })
	case v.integer:
		n, err := strconv.ParseInt(want, 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != want || n < v.least {
			return never
		}
		return "(" + v.column + " = " + q.param("Int64", n) + ")"
	case v.bytes > 0:
		b, err := hex.DecodeString(want)
		if err != nil || len(b) != v.bytes || hex.EncodeToString(b) != want || strings.Trim(want, "0") == "" {
			return never
		}
		return "(" + v.column + " = " + q.id(want, v.bytes) + ")"
	case v.own != nil:
		exact := "(" + v.own.exactly(q, want) + " OR " + v.other.equals(q, want) + " AND NOT " + v.own.exists() + ")"
		if v.own.key == "" { // a column, and quick
			return exact
		}
		return "(" + v.mayEqual(q, want) + " AND " + exact + ")"
	case v.key != "":
		return "(" + v.mayEqual(q, want) + " AND " + v.exactly(q, want) + ")"
	}
	return v.exactly(q, want)
}

// exactly is equals without the help of indexes, for a text.
func (v value) exactly(q *statement, want string) string {
	if v.key != "" {
		return "arrayExists((x, y) -> y = " + q.str(want) + " AND x = " + v.key + ", mapKeys(attributes), mapValues(attributes))"
	}
	return "(" + v.sql + " = " + q.str(want) + ")"
}

// id is a constant of an id column, from its hex digits.
func (q *statement) id(digits string, bytes int) string {
	return "toFixedString(unhex(" + q.str(digits) + "), " + strconv.Itoa(bytes) + ")"
}

func (v value) like(q *statement, pattern []string) string {
	if v.names != nil {
		return v.where(func(name string) bool { return matches(name, pattern) })
	}
	var parts []string
	first, last := pattern[0], pattern[len(pattern)-1]
	if len(pattern) == 2 && (first == "" || last == "") {
		if first != "" {
			parts = append(parts, "startsWith("+v.sql+", "+q.str(first)+")")
		}
		if last != "" {
			parts = append(parts, "endsWith("+v.sql+", "+q.str(last)+")")
		}
	} else {
		parts = append(parts, v.sql+" LIKE "+q.str(likePattern(pattern)))
	}
	return "(" + strings.Join(append(parts, v.exists()), " AND ") + ")"
}

func (v value) order(q *statement, op filter.Op, n float64) string {
	if v.names != nil {
		return never
	}
	if v.integer {
		return "(" + v.exists() + " AND toFloat64(" + v.column + ") " + operators[op] + " " + q.float(n) + ")"
	}
	f := "toFloat64OrNull(toString(" + v.sql + "))"
	return "(match(" + v.sql + ", " + q.str(filter.NumberPattern) + ") AND ifNull(isFinite(" + f + ") AND " + f + " " + operators[op] + " " + q.float(n) + ", 0))"
}
