package telemetry

import (
	"slices"
	"strconv"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// CheckFilter refuses a filter that can be read but means nothing for the signal: an
// order on a text, a level that is none, half a trace id. The fault says where and what
// to write instead. What passes may still match nothing: any key may be an attribute's.
func CheckFilter(s Signal, n filter.Node) error {
	_, err := BindFilter(s, n)
	return err
}

// BindFilter checks a filter and gives one that selects what was meant: the keys of
// columns under their own names, and the values of levels, kinds, statuses and ids as
// they are stored (level:WARNING is level:warn, an id may be in capitals). The filter
// itself is left as it is.
func BindFilter(s Signal, n filter.Node) (filter.Node, error) {
	switch n := n.(type) {
	case nil:
		return filter.All{}, nil
	case filter.And:
		nodes, err := bindAll(s, n.Nodes)
		return filter.And{Nodes: nodes}, err
	case filter.Or:
		nodes, err := bindAll(s, n.Nodes)
		return filter.Or{Nodes: nodes}, err
	case filter.Not:
		node, err := BindFilter(s, n.Node)
		return filter.Not{Node: node}, err
	case filter.Compare:
		return bindCompare(s, n)
	}
	return n, nil
}

func bindAll(s Signal, nodes []filter.Node) ([]filter.Node, error) {
	out := make([]filter.Node, len(nodes))
	for i, n := range nodes {
		var err error
		if out[i], err = BindFilter(s, n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func bindCompare(s Signal, c filter.Compare) (filter.Node, error) {
	ref := ResolveKey(s, c.Key)
	if c.Op == filter.Eq && c.Pattern == nil && c.Value == "" {
		// An empty value is no value, so whoever asks for one means the rows without.
		c.Op = filter.Exists
		if ref.Place == Column {
			c.Key = ref.Key
		}
		return filter.Not{Node: c}, nil
	}
	if ref.Place != Column {
		switch {
		case c.Op > filter.Exists && c.Unit == filter.Duration:
			return nil, refuse(c, i18n.F("The attribute %s has no unit, so it can only be compared with a plain number or a size (10MB).",
				"属性 %s には単位がないため、単純な数値またはサイズ（10MB）とのみ比較できます。", c.Key))
		case c.Op > filter.Exists && c.Unit == filter.Level:
			return nil, refuse(c, i18n.F("The attribute %[1]s has no order of levels. Write level%[2]swarn for the level of the log.",
				"属性 %[1]s はレベルとして比較できません。ログレベルの比較は level%[2]swarn と書いてください。", c.Key, c.Op))
		}
		return c, nil
	}
	f := ref.Field
	written := c.Key
	c.Key = f.Key
	if c.Op == filter.Exists {
		return c, nil
	}
	ordered := c.Op != filter.Eq
	switch f.Kind {
	case TextField:
		if ordered {
			return nil, refuse(c, i18n.F("%[1]s is a text and has no order. Write %[1]s:value, or %[1]s:*part* for a part of it.",
				"%[1]s は文字列なので大小比較はできません。%[1]s:値、または部分一致の %[1]s:*一部* と書いてください。", written))
		}
	case NumberField:
		if ordered && c.Unit != filter.Plain {
			return nil, refuse(c, i18n.F("%[1]s is compared with a plain number: %[1]s%[2]s17", "%[1]s は単純な数値と比較します（例: %[1]s%[2]s17）。", written, c.Op))
		}
		if !ordered && c.Pattern == nil {
			if _, err := strconv.ParseFloat(c.Value, 64); err != nil {
				return nil, refuse(c, i18n.F("%s is a number.", "%s には数値を指定してください。", written))
			}
		}
	case DurationField:
		if !ordered {
			return nil, refuse(c, i18n.F("%[1]s is never exactly equal to something. Write %[1]s>=300ms, or two bounds.",
				"%[1]s は一致検索できません。%[1]s>=300ms のように範囲で書いてください。", written))
		}
		if c.Unit != filter.Duration && (c.Unit != filter.Plain || c.Number != 0) {
			return nil, refuse(c, i18n.F("%[1]s needs a unit: %[1]s%[2]s500ms, %[1]s%[2]s1.5s, %[1]s%[2]s2m",
				"%[1]s には単位が必要です（例: %[1]s%[2]s500ms、%[1]s%[2]s1.5s、%[1]s%[2]s2m）。", written, c.Op))
		}
	case LevelField:
		if ordered {
			if c.Unit != filter.Level {
				return nil, refuse(c, i18n.F("%[1]s is compared with a level by name: %[1]s%[2]swarn. For OpenTelemetry's number write severity_number%[2]s17.",
					"%[1]s はレベル名と比較します（例: %[1]s%[2]swarn）。OpenTelemetryの番号で比較するには severity_number%[2]s17 と書いてください。", written, c.Op))
			}
			break
		}
		if c.Pattern == nil {
			level, ok := LevelName(c.Value)
			if !ok {
				return nil, refuse(c, oneOf(written, f.Values, c.Value))
			}
			c.Value = level
		}
	case EnumField:
		if ordered {
			return nil, refuse(c, i18n.F("%[1]s has no order. It is one of: %[2]s.", "%[1]s に大小はありません。指定できる値: %[2]s。", written, strings.Join(f.Values, ", ")))
		}
		if c.Pattern == nil {
			v := strings.ToLower(c.Value)
			if !slices.Contains(f.Values, v) {
				return nil, refuse(c, oneOf(written, f.Values, c.Value))
			}
			c.Value = v
		}
	case IDField:
		if ordered || c.Pattern != nil {
			return nil, refuse(c, i18n.F("%[1]s is looked for as a whole: %[1]s:%[2]s", "%[1]s は全体を指定してください（例: %[1]s:%[2]s）。", written, exampleID(f.Key)))
		}
		v, ok := parseID(f.Key, c.Value)
		if !ok {
			return nil, refuse(c, i18n.F("%[1]q is not an ID. %[2]s is hex digits, as in %[3]s.",
				"%[1]q はIDとして読み取れません。%[2]s は16進数で指定してください（例: %[3]s）。", clip(c.Value), written, exampleID(f.Key)))
		}
		c.Value = v
	}
	return c, nil
}

// LevelName is the level that a person means by a word.
func LevelName(word string) (string, bool) {
	n, ok := filter.ParseLevel(word)
	if !ok {
		return "", false
	}
	return Severity(n).Level(), true
}

func parseID(key, s string) (string, bool) {
	if key == "trace_id" {
		id, ok := ParseTraceID(s)
		return id.String(), ok
	}
	id, ok := ParseSpanID(s)
	return id.String(), ok
}

func exampleID(key string) string {
	if key == "trace_id" {
		return "4bf92f3577b34da6a3ce929d0e0e4736"
	}
	return "00f067aa0ba902b7"
}

func oneOf(key string, values []string, got string) i18n.Text {
	return i18n.F("%[3]q is not a %[1]s. It is one of: %[2]s.", "%[3]q は %[1]s の値ではありません。指定できる値: %[2]s。",
		key, strings.Join(values, ", "), clip(got))
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func refuse(c filter.Compare, text i18n.Text) error {
	return &fault.Error{Code: fault.Invalid, Field: "filter", Text: text, Pos: c.Pos.Start, End: c.Pos.End}
}
