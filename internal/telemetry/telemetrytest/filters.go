package telemetrytest

import (
	"strings"

	"pgregory.net/rapid"

	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// filters draws filters over the words and keys of odd rows. What telemetry.BindFilter
// refuses is not drawn, but that a store need not rely on values being bound.
func filters(signal telemetry.Signal) *rapid.Generator[filter.Node] {
	return rapid.Custom(func(t *rapid.T) filter.Node { return drawNode(t, signal, 3) })
}

func drawNode(t *rapid.T, signal telemetry.Signal, depth int) filter.Node {
	kind := rapid.IntRange(0, 9).Draw(t, "node")
	if depth == 0 && kind < 4 {
		kind += 4
	}
	switch kind {
	case 0, 1:
		nodes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) filter.Node { return drawNode(t, signal, depth-1) }), 2, 3).Draw(t, "nodes")
		if kind == 0 {
			return filter.And{Nodes: nodes}
		}
		return filter.Or{Nodes: nodes}
	case 2, 3:
		return filter.Not{Node: drawNode(t, signal, depth-1)}
	case 4, 5:
		return drawText(t)
	default:
		return drawCompare(t, signal)
	}
}

// piece draws a part of a word: what a person types of it.
func piece(t *rapid.T) string {
	r := []rune(rapid.SampledFrom(words).Draw(t, "word"))
	if rapid.IntRange(0, 2).Draw(t, "whole") == 0 {
		return string(r)
	}
	from := rapid.IntRange(0, len(r)-1).Draw(t, "from")
	return string(r[from:rapid.IntRange(from+1, len(r)).Draw(t, "to")])
}

func drawText(t *rapid.T) filter.Node {
	var folded []string
	for range rapid.IntRange(1, 3).Draw(t, "pieces") {
		if p := filter.Fold(piece(t)); p != "" {
			folded = append(folded, p)
		}
	}
	if len(folded) == 0 {
		return filter.All{}
	}
	if len(folded) == 3 && rapid.Bool().Draw(t, "joined") {
		folded = []string{strings.Join(folded, "")}
	}
	return filter.Text{Folded: folded}
}

func drawCompare(t *rapid.T, signal telemetry.Signal) filter.Node {
	var keys []string
	for _, f := range telemetry.Fields(signal) {
		keys = append(keys, f.Key)
	}
	keys = append(keys, oddKeys...)
	for _, k := range oddKeys {
		keys = append(keys, "attributes."+k, "resource."+k)
	}
	c := filter.Compare{Key: rapid.SampledFrom(keys).Draw(t, "key"), Op: filter.Op(rapid.IntRange(0, 5).Draw(t, "op"))}
	f, isField := telemetry.LookupField(signal, c.Key)
	switch c.Op {
	case filter.Exists:
	case filter.Eq:
		values := words
		switch c.Key {
		case "service":
			values = []string{"checkout", "cart", "カート", "it's", "CART", ""}
		case "env":
			values = []string{"production", "staging", "検証", ""}
		case "version":
			values = []string{"1.0", "1.1", "2.0-β", "1"}
		case "trace_id":
			values = []string{"ab000000000000cd0000000000000001", "ab000000000000cd0000000000000003", "AB000000000000CD0000000000000003", "00000000000000000000000000000000", "", "ab"}
		case "span_id", "parent_id":
			values = []string{"0000000000000001", "0000000000000002", "0000000000000000", "01"}
		case "duration":
			values = []string{"0", "20000000", "1000000000", "-1", "+1", "1", "00", "1e9"}
		case "severity_number":
			values = []string{"0", "1", "9", "17", "24", "26", "017", "+9", "300"}
		default:
			if isField && len(f.Values) > 0 {
				values = append([]string{"", "nothing", strings.ToUpper(f.Values[0])}, f.Values...)
			}
		}
		c.Value = rapid.SampledFrom(values).Draw(t, "value")
		if rapid.IntRange(0, 2).Draw(t, "pattern") == 0 {
			c.Pattern = drawPattern(t, c.Value)
			c.Value = ""
		}
	default:
		c.Number = rapid.SampledFrom(numbers).Draw(t, "number")
		if isField && f.Kind == telemetry.LevelField {
			c.Unit = filter.Level
			c.Number = rapid.SampledFrom([]float64{1, 5, 9, 13, 17, 21}).Draw(t, "level")
		} else if c.Key == "duration" {
			c.Unit = filter.Duration
		}
	}
	return c
}

// drawPattern puts stars into a value.
func drawPattern(t *rapid.T, value string) []string {
	r := []rune(value)
	cut := rapid.IntRange(0, len(r)).Draw(t, "cut")
	switch rapid.IntRange(0, 4).Draw(t, "stars") {
	case 0:
		return []string{string(r[:cut]), ""}
	case 1:
		return []string{"", string(r[cut:])}
	case 2:
		return []string{string(r[:cut]), string(r[cut:])}
	case 3:
		if value == "" {
			return []string{"", ""}
		}
		return []string{"", value, ""}
	}
	if cut == 0 || cut == len(r) {
		return []string{"", ""}
	}
	return []string{"", string(r[:cut]), string(r[cut:]), ""}
}
