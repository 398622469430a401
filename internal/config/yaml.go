package config

import (
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// file reads a file over c, and notes where each setting was said.
func (p *problems) file(c *Config, path string, said map[string]place) {
	b, err := os.ReadFile(path)
	if err != nil {
		p.add("", 0, "", unreadable(err))
		return
	}
	r := reader{p, path, said}
	doc, err := parser.ParseBytes(b, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, msg := 0, err.Error()
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			msg = syntax.GetMessage()
			if t := syntax.GetToken(); t != nil && t.Position != nil {
				line = t.Position.Line
			}
		}
		p.add(path, line, "", i18n.F("not valid YAML: %s", "YAML の構文が正しくありません: %s", msg))
		return
	}
	n := 0
	for _, d := range doc.Docs {
		if d.Body == nil {
			continue
		}
		if n++; n > 1 {
			r.add(d.Body, "", i18n.T("only one document is possible in this file", "このファイルに記述できるドキュメントは 1 つだけです"))
			return
		}
		r.object(d.Body, reflect.ValueOf(c).Elem(), "")
	}
}

// reader puts a tree of YAML into structs. It is ours, and not a decoder's, so that each
// mistake gets its line and a sentence in both languages, all in one go.
type reader struct {
	*problems
	path string
	said map[string]place
}

func (r reader) add(n ast.Node, field string, text i18n.Text) {
	r.problems.add(r.path, lineOf(n), field, text)
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func (r reader) object(n ast.Node, v reflect.Value, path string) {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	case *ast.NullNode: // a section whose settings are all commented out
		return
	default:
		r.add(n, strings.TrimSuffix(path, "."), i18n.T("settings are expected here, as \"name: value\"", "ここには「名前: 値」の形式で設定を記述してください"))
		return
	}
	seen := map[string]bool{}
	for _, pair := range pairs {
		key := pair.Key.String()
		if s, ok := pair.Key.(*ast.StringNode); ok {
			key = s.Value
		}
		i := fieldNamed(v.Type(), key)
		switch {
		case i < 0:
			r.add(pair.Key, path+key, unknown(path, key))
		case seen[key]:
			r.add(pair.Key, path+key, i18n.T("this setting is given twice", "この設定が重複しています"))
		default:
			r.said[path+key] = place{r.path, lineOf(pair.Key)}
			r.value(pair.Value, v.Field(i), path+key)
		}
		seen[key] = true
	}
}

func fieldNamed(t reflect.Type, key string) int {
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("yaml") == key {
			return i
		}
	}
	return -1
}

func (r reader) value(n ast.Node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Struct:
		r.object(n, v, path+".")
	case reflect.Slice:
		if _, empty := n.(*ast.NullNode); empty {
			return
		}
		seq, ok := n.(*ast.SequenceNode)
		if !ok {
			r.add(n, path, i18n.T("a list is expected here", "ここにはリストを指定してください"))
			return
		}
		list := reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values))
		for i, item := range seq.Values {
			r.value(item, list.Index(i), path)
		}
		v.Set(list)
	default:
		text, ok := scalar(n)
		if !ok {
			r.add(n, path, i18n.T("a single value is expected here", "ここには単一の値を指定してください"))
			return
		}
		if text == nil { // "name:" keeps the default
			return
		}
		if err := setScalar(v, *text); err != nil {
			r.add(n, path, textOf(err))
		}
	}
}

// scalar is a value as it was written: 010 and 1e3 are texts that a setting reads by its
// own rules, not numbers by YAML's.
func scalar(n ast.Node) (*string, bool) {
	switch n := n.(type) {
	case *ast.NullNode:
		return nil, true
	case *ast.StringNode:
		return &n.Value, true
	case *ast.LiteralNode:
		return &n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		s := n.GetToken().Value
		return &s, true
	}
	return nil, false
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// unknown says that there is no such setting, and which one was probably meant: the
// nearest name beside it, or one of the same name elsewhere.
func unknown(path, key string) i18n.Text {
	best, distance := "", 3
	c := Default()
	for _, s := range names(reflect.TypeOf(c), "") {
		dir, name := s[:strings.LastIndexByte(s, '.')+1], s[strings.LastIndexByte(s, '.')+1:]
		d := edits(name, key)
		if dir != path {
			d += d + 1 // elsewhere only when it is much the same
		}
		if d < distance && d < len(key) {
			best, distance = s, d
		}
	}
	if !plain.MatchString(key) || best == "" {
		return i18n.T("there is no such setting", "このような設定はありません")
	}
	return i18n.F("there is no such setting; did you mean %s?", "このような設定はありません。%s の誤りではありませんか", best)
}

// names are the paths of all settings and sections.
func names(t reflect.Type, prefix string) (out []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		path := prefix + f.Tag.Get("yaml")
		out = append(out, path)
		t := f.Type
		if t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() == reflect.Struct {
			out = append(out, names(t, path+".")...)
		}
	}
	return out
}

// edits is how many letters must be changed, added or left out to turn a into b.
func edits(a, b string) int {
	if len(b) > 64 {
		return len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			last, row[j+1] = row[j+1], slices.Min([]int{row[j+1] + 1, row[j] + 1, last + cost})
		}
	}
	return row[len(b)]
}
