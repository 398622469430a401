package detect

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Thresholds are what differs from the defaults: of all work, of a kind of work, of a
// service, of an endpoint. Among the rules that fit a request the later one counts, so
// that the exception stands below the rule.
type Thresholds struct{ rules []rule }

// Rule sets thresholds where it fits. Empty fields fit everything; a * in Service or
// Endpoint stands for any text.
type Rule struct {
	Kind              Kind
	Service, Endpoint string
	// Set is detector → threshold → value in its unit (nanoseconds, bytes, a number).
	Set map[string]map[string]int64
	// Off are detectors that do not run there.
	Off []string
}

type rule struct {
	Rule
	off []bool
}

// NewThresholds checks rules.
func NewThresholds(rules []Rule) (*Thresholds, error) {
	t := &Thresholds{}
	for i, r := range rules {
		at := fmt.Sprintf("rules[%d]", i)
		if r.Kind != "" && !slices.Contains(Kinds[:], r.Kind) {
			return nil, fault.Field(at+".kind", i18n.F("There is no kind of work %q; there are web, worker, mobile and browser.",
				"処理の種類「%s」はありません。web、worker、mobile、browser のいずれかを指定してください。", string(r.Kind)))
		}
		own := rule{Rule: r, off: make([]bool, len(all))}
		for _, id := range r.Off {
			d, ok := ByID(id)
			if !ok {
				return nil, noDetector(at+".off", id)
			}
			own.off[d.index] = true
		}
		for id, set := range r.Set {
			d, ok := ByID(id)
			if !ok {
				return nil, noDetector(at, id)
			}
			for name, v := range set {
				p := d.param(name)
				if p < 0 {
					return nil, noParam(at+"."+id, d, name)
				}
				if par := d.Params[p]; v < par.Min || par.Max > 0 && v > par.Max {
					return nil, outOfBounds(at+"."+id+"."+name, par, v)
				}
			}
		}
		t.rules = append(t.rules, own)
	}
	return t, nil
}

func noDetector(field, id string) error {
	var ids []string
	for _, d := range all {
		ids = append(ids, d.ID)
	}
	return fault.Field(field, i18n.F("There is no detector %q; there are %s.", "検出器「%s」はありません。指定できるのは %s です。", id, strings.Join(ids, ", ")))
}

func noParam(field string, d *Detector, name string) error {
	var names []string
	for _, p := range d.Params {
		names = append(names, p.Name)
	}
	return fault.Field(field, i18n.F("%s has no threshold %q; it has %s.", "%s にしきい値「%s」はありません。指定できるのは %s です。", d.ID, name, strings.Join(names, ", ")))
}

func outOfBounds(field string, p Param, v int64) error {
	if p.Max == 0 || v < p.Min {
		return fault.Field(field, i18n.F("%s is too little; the least is %s.", "%s は小さすぎます。%s 以上を指定してください。", p.Unit.Format(v), p.Unit.Format(p.Min)))
	}
	return fault.Field(field, i18n.F("%s is too much; the most is %s.", "%s は大きすぎます。%s 以下を指定してください。", p.Unit.Format(v), p.Unit.Format(p.Max)))
}

// limits are the thresholds of every detector for one sort of work; nil where it is off.
type limits [][]int64

func (t *Thresholds) resolve(kind Kind, service, endpoint string) limits {
	out := make(limits, len(all))
	for i, d := range all {
		out[i] = make([]int64, len(d.Params))
		for p := range d.Params {
			out[i][p] = d.Params[p].Default(kind)
		}
	}
	if t == nil {
		return out
	}
	off := make([]bool, len(all))
	for _, r := range t.rules {
		if r.Kind != "" && r.Kind != kind || !fits(r.Service, service) || !fits(r.Endpoint, endpoint) {
			continue
		}
		for i, is := range r.off {
			off[i] = off[i] || is
		}
		for id, set := range r.Set {
			d, _ := ByID(id)
			off[d.index] = false // who sets a threshold wants to hear
			for name, v := range set {
				out[d.index][d.param(name)] = v
			}
		}
	}
	for i, is := range off {
		if is {
			out[i] = nil
		}
	}
	return out
}

// fits says whether a text is as a pattern with * has it.
func fits(pattern, s string) bool {
	if pattern == "" {
		return true
	}
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return s == pattern
	}
	s, ok := strings.CutPrefix(s, first)
	if !ok {
		return false
	}
	parts := strings.Split(rest, "*")
	for _, p := range parts[:len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}

// ParseThresholds reads thresholds as a file has them:
//
//	n_plus_one_query: {count: 10}          # everywhere
//	worker:
//	  slow_query: {duration: 10s}
//	rules:
//	  - service: reports
//	    endpoint: "GET /export/*"
//	    large_payload: {size: 5MB}
//	    off: [unbounded_result]
func ParseThresholds(text []byte) (*Thresholds, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, malformed(err)
	}
	var rules []Rule
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		m, ok := doc.Body.(ast.MapNode)
		if !ok {
			return nil, fault.New(fault.Invalid, i18n.T("The thresholds must be a mapping of detectors.", "しきい値は検出器名をキーとするマッピングで記述してください。"))
		}
		var after []Rule
		everywhere, err := parseRule(m, func(key string, v ast.Node) (bool, error) {
			switch {
			case slices.Contains(Kinds[:], Kind(key)):
				m, ok := v.(ast.MapNode)
				if !ok {
					return false, nil
				}
				r, err := parseRule(m, nil)
				r.Kind = Kind(key)
				after = append([]Rule{r}, after...)
				return true, err
			case key == "rules":
				list, ok := v.(*ast.SequenceNode)
				if !ok {
					return false, nil
				}
				for _, item := range list.Values {
					m, ok := item.(ast.MapNode)
					if !ok {
						return false, nil
					}
					r, err := parseRule(m, nil)
					if err != nil {
						return true, err
					}
					after = append(after, r)
				}
				return true, nil
			}
			return false, nil
		})
		if err != nil {
			return nil, err
		}
		rules = append(append(rules, everywhere), after...)
	}
	return NewThresholds(rules)
}

func parseRule(m ast.MapNode, special func(key string, v ast.Node) (bool, error)) (Rule, error) {
	r := Rule{Set: map[string]map[string]int64{}}
	for it := m.MapRange(); it.Next(); {
		key, v := it.Key().String(), it.Value()
		at := func(err error) error {
			var f *fault.Error
			if errors.As(err, &f) && f.Field == "" {
				f.Field = fmt.Sprintf("line %d: %s", it.Key().GetToken().Position.Line, key)
			}
			return err
		}
		if special != nil {
			taken, err := special(key, v)
			if err != nil {
				return r, err
			}
			if taken {
				continue
			}
		}
		var err error
		switch key {
		case "service":
			err = yaml.NodeToValue(v, &r.Service)
		case "endpoint":
			err = yaml.NodeToValue(v, &r.Endpoint)
		case "kind":
			err = yaml.NodeToValue(v, &r.Kind)
		case "off":
			err = yaml.NodeToValue(v, &r.Off)
		default:
			d, ok := ByID(key)
			if !ok {
				return r, at(noDetector("", key))
			}
			var set map[string]any
			if err := yaml.NodeToValue(v, &set); err != nil {
				return r, at(malformed(err))
			}
			r.Set[key] = map[string]int64{}
			for name, v := range set {
				p := d.param(name)
				if p < 0 {
					return r, at(noParam("", d, name))
				}
				n, ok := parseValue(d.Params[p].Unit, v)
				if !ok {
					return r, at(fault.New(fault.Invalid, i18n.F("%s: %v is no %s.", "%s：%v は%sとして解釈できません。", name, v, d.Params[p].Unit.name())))
				}
				r.Set[key][name] = n
			}
		}
		if err != nil {
			return r, at(malformed(err))
		}
	}
	return r, nil
}

func malformed(err error) error {
	return fault.Wrap(err, fault.Invalid, i18n.F("This is not the YAML of thresholds: %v", "しきい値の YAML として読み取れません：%v", firstLine(err.Error())))
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

func (u Unit) name() i18n.Text {
	switch u {
	case Duration:
		return i18n.T("duration (as 200ms or 1.5s)", "時間（例：200ms、1.5s）")
	case Bytes:
		return i18n.T("size (as 300KB or 5MB)", "サイズ（例：300KB、5MB）")
	case Percent:
		return i18n.T("percentage (as 30%)", "割合（例：30%）")
	}
	return i18n.T("whole number", "整数")
}

func parseValue(u Unit, v any) (int64, bool) {
	s := strings.ReplaceAll(fmt.Sprint(v), " ", "")
	switch u {
	case Duration:
		d, err := time.ParseDuration(s)
		return int64(d), err == nil && d >= 0
	case Bytes:
		mult := int64(1)
		upper := strings.ToUpper(s)
		for _, x := range []struct {
			suffix string
			mult   int64
		}{{"KIB", 1 << 10}, {"MIB", 1 << 20}, {"GIB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}} {
			if rest, ok := strings.CutSuffix(upper, x.suffix); ok {
				upper, mult = rest, x.mult
				break
			}
		}
		f, err := strconv.ParseFloat(upper, 64)
		return int64(f * float64(mult)), err == nil && f >= 0 && f < 1e15
	case Percent:
		s = strings.TrimSuffix(s, "%")
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
