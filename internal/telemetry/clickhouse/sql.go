package clickhouse

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// statement is SQL under construction. Whatever a person wrote goes in by param; text is
// our own words alone.
type statement struct {
	strings.Builder
	signal telemetry.Signal
	params []any // driver.NamedValue
	known  map[param]string
}

type param struct {
	typ   string
	value any
}

// text adds SQL of our own.
func (q *statement) text(parts ...string) *statement {
	for _, p := range parts {
		q.WriteString(p)
	}
	return q
}

// param gives the placeholder of a value: a string, an int64 or a uint64.
func (q *statement) param(typ string, value any) string {
	key := param{typ, value}
	if p, ok := q.known[key]; ok {
		return p
	}
	name := "p" + strconv.Itoa(len(q.params))
	q.params = append(q.params, driver.NamedValue{Name: name, Value: value})
	p := "{" + name + ":" + typ + "}"
	if q.known == nil {
		q.known = map[param]string{}
	}
	q.known[key] = p
	return p
}

func (q *statement) str(s string) string { return q.param("String", s) }

// float goes in by its bits, so that no reading of decimals comes between.
func (q *statement) float(f float64) string {
	return "reinterpretAsFloat64(" + q.param("UInt64", math.Float64bits(f)) + ")"
}

func (q *statement) time(unixNano int64) string {
	return "fromUnixTimestamp64Nano(" + q.param("Int64", unixNano) + ", 'UTC')"
}

// where is the condition of a filter. It is never NULL, so that NOT turns it round.
func (q *statement) where(n filter.Node) (string, error) {
	switch n := n.(type) {
	case nil, filter.All:
		return "1", nil
	case filter.And:
		return q.join(n.Nodes, " AND ")
	case filter.Or:
		return q.join(n.Nodes, " OR ")
	case filter.Not:
		w, err := q.where(n.Node)
		return "NOT (" + w + ")", err
	case filter.Text:
		return q.contains(n.Folded), nil
	case filter.Compare:
		return q.compare(n)
	}
	return "", fault.Internalf("a filter node of type %T", n)
}

func (q *statement) join(nodes []filter.Node, with string) (string, error) {
	parts := make([]string, len(nodes))
	for i, n := range nodes {
		w, err := q.where(n)
		if err != nil {
			return "", err
		}
		parts[i] = w
	}
	if len(parts) == 0 {
		return "", fault.Internalf("an empty filter node")
	}
	return "(" + strings.Join(parts, with) + ")", nil
}

// contains looks for folded pieces, in order, within one part of the row's text. A LIKE of
// each piece is what the text index answers; where there are several, an expression that
// does not cross from one part into the next decides.
func (q *statement) contains(pieces []string) string {
	text := textOf(q.signal)
	var parts []string
	expr := make([]string, len(pieces))
	for i, p := range pieces {
		p = escapeText(p)
		parts = append(parts, text+" LIKE "+q.str("%"+escapeLike(p)+"%"))
		expr[i] = regexp.QuoteMeta(p)
	}
	if len(pieces) > 1 {
		parts = append(parts, "match("+text+", "+q.str(strings.Join(expr, `[^\x00]*`))+")")
	}
	return "(" + strings.Join(parts, " AND ") + ")"
}

func textOf(s telemetry.Signal) string {
	if s == telemetry.Spans {
		return spanText
	}
	return logText
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func escapeLike(s string) string { return likeEscaper.Replace(s) }

const never = "0"

func (q *statement) compare(c filter.Compare) (string, error) {
	v := q.value(telemetry.ResolveKey(q.signal, c.Key))
	switch c.Op {
	case filter.Exists:
		return v.exists(), nil
	case filter.Eq:
		if c.Pattern != nil {
			return v.like(q, c.Pattern), nil
		}
		if c.Value == "" {
			return never, nil // an empty value is none
		}
		return v.equals(q, c.Value), nil
	case filter.Lt, filter.Le, filter.Gt, filter.Ge:
		if c.Unit == filter.Level {
			if v.names == nil {
				return "", &fault.Error{Code: fault.Invalid, Field: "filter", Pos: c.Pos.Start, End: c.Pos.End, Text: i18n.F(
					"%s has no order of levels.", "%s はレベルとして比較できません。", c.Key)}
			}
			return v.where(func(name string) bool {
				n, ok := filter.ParseLevel(name)
				return ok && holds(c.Op, n, c.Number)
			}), nil
		}
		return v.order(q, c.Op, c.Number), nil
	}
	return "", fault.Internalf("a filter operator %d", c.Op)
}

func holds(op filter.Op, a, b float64) bool {
	switch op {
	case filter.Lt:
		return a < b
	case filter.Le:
		return a <= b
	case filter.Gt:
		return a > b
	}
	return a >= b
}

// matches is filter.Match's reading of a pattern, for values that are few.
func matches(value string, pattern []string) bool {
	return filter.Match(filter.Compare{Key: "v", Op: filter.Eq, Pattern: pattern}, oneValue(value))
}

type oneValue string

func (oneValue) Text() []string                { return nil }
func (v oneValue) Value(string) (string, bool) { return string(v), v != "" }

// likePattern is a LIKE pattern of pieces between stars.
func likePattern(pieces []string) string {
	escaped := make([]string, len(pieces))
	for i, p := range pieces {
		escaped[i] = escapeLike(p)
	}
	return strings.Join(escaped, "%")
}

var operators = map[filter.Op]string{filter.Lt: "<", filter.Le: "<=", filter.Gt: ">", filter.Ge: ">="}

// ranges writes "column is one of these numbers" as few ranges.
func ranges(column string, numbers []int) string {
	slices.Sort(numbers)
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		if i == j {
			parts = append(parts, column+" = "+strconv.Itoa(numbers[i]))
		} else {
			parts = append(parts, column+" BETWEEN "+strconv.Itoa(numbers[i])+" AND "+strconv.Itoa(numbers[j]))
		}
		i = j + 1
	}
	if len(parts) == 0 {
		return never
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}
