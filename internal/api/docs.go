package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// The documentation is a plain page made here: the usual renderers are megabytes of
// script from other hosts, which neither the content policy nor an offline machine lets
// through.

//go:embed docs.html
var docsHTML string

//go:embed docs.css
var docsCSS []byte

type docsPage struct {
	Lang    string
	T       docsText
	Title   string
	Version string
	Intro   []string
	Groups  []docsGroup
	Schemas []docsSchema
}

// docsText is the chrome of the page; the document itself is English.
type docsText struct {
	Heading, Document, Operations, Schemas, Parameters, Body, Answers, Permission, Example, Required, Other, Public string
}

var docsTexts = map[i18n.Lang]docsText{
	i18n.En: {"Yagura API", "OpenAPI document", "Operations", "Types", "Parameters", "Request body", "Answers", "Permission", "Example", "required", "日本語", "none"},
	i18n.Ja: {"Yagura API リファレンス", "OpenAPI ドキュメント", "操作一覧", "データ型", "パラメーター", "リクエストボディ", "レスポンス", "必要な権限", "実行例", "必須", "English", "不要"},
}

type docsGroup struct {
	Name string
	Ops  []docsOp
}

type docsOp struct {
	ID, Method, Path, Summary, Description, Permission, Curl string
	Params                                                   []docsField
	Body                                                     docsType
	Answers                                                  []docsAnswer
}

type docsField struct {
	Name, In, Doc, Default string
	Required               bool
	Type                   docsType
}

type docsAnswer struct {
	Status, Doc string
	Type        docsType
}

type docsSchema struct {
	Name, Doc string
	Fields    []docsField
}

// docsType is a type in words; Ref names the schema to link to.
type docsType struct{ Text, Ref string }

func (a *API) docs() {
	page := template.Must(template.New("docs").Parse(docsHTML))
	pages := sync.OnceValue(func() map[i18n.Lang][]byte {
		out := map[i18n.Lang][]byte{}
		for lang, text := range docsTexts {
			var b bytes.Buffer
			if err := page.Execute(&b, docsOf(a.huma.OpenAPI(), lang, text)); err != nil {
				panic(err) // template and document are ours
			}
			out[lang] = b.Bytes()
		}
		return out
	})
	a.ops.HandleFunc("GET /api/docs", func(w http.ResponseWriter, r *http.Request) {
		lang := Lang(r.Context())
		if l := r.URL.Query().Get("lang"); l != "" {
			lang = i18n.Parse(l)
		}
		serveText(w, "text/html; charset=utf-8", pages()[lang])
	})
	a.ops.HandleFunc("GET /api/docs.css", func(w http.ResponseWriter, r *http.Request) {
		serveText(w, "text/css; charset=utf-8", docsCSS)
	})
}

func docsOf(doc *huma.OpenAPI, lang i18n.Lang, text docsText) docsPage {
	p := docsPage{
		Lang: string(lang), T: text, Title: doc.Info.Title, Version: doc.Info.Version,
		Intro: strings.Split(doc.Info.Description, "\n"),
	}
	groups := map[string][]docsOp{}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		item := doc.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil && len(op.Tags) > 0 {
				groups[op.Tags[0]] = append(groups[op.Tags[0]], docsOperation(doc.Components.Schemas.Map(), op))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		p.Groups = append(p.Groups, docsGroup{name, groups[name]})
	}
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		s := schemas[name]
		d := docsSchema{Name: name, Doc: s.Description}
		for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
			f := s.Properties[field]
			d.Fields = append(d.Fields, docsField{
				Name: field, Doc: f.Description, Required: slices.Contains(s.Required, field), Type: typeOf(f), Default: jsonOf(f.Default),
			})
		}
		p.Schemas = append(p.Schemas, d)
	}
	return p
}

func docsOperation(schemas map[string]*huma.Schema, op *huma.Operation) docsOp {
	d := docsOp{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description}
	if perm, _ := op.Extensions["x-permission"].(string); perm != "public" {
		d.Permission = perm
	}
	for _, param := range op.Parameters {
		d.Params = append(d.Params, docsField{
			Name: param.Name, In: param.In, Doc: param.Description, Required: param.Required, Type: typeOf(param.Schema), Default: jsonOf(param.Schema.Default),
		})
	}
	if op.RequestBody != nil {
		for _, media := range op.RequestBody.Content {
			d.Body = typeOf(media.Schema)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		resp := op.Responses[status]
		a := docsAnswer{Status: status, Doc: resp.Description}
		for _, ct := range slices.Sorted(maps.Keys(resp.Content)) {
			a.Type = typeOf(resp.Content[ct].Schema)
		}
		d.Answers = append(d.Answers, a)
	}
	d.Curl = curl(schemas, op, d)
	return d
}

func curl(schemas map[string]*huma.Schema, op *huma.Operation, d docsOp) string {
	var b strings.Builder
	b.WriteString("curl -sS")
	if op.Method != http.MethodGet {
		b.WriteString(" -X " + op.Method)
	}
	if d.Permission != "" {
		b.WriteString(` -H "Authorization: Bearer $YAGURA_TOKEN"`)
	}
	if op.RequestBody != nil {
		body := "{}"
		for _, media := range op.RequestBody.Content {
			body = jsonOf(exampleOf(schemas, media.Schema, 0))
		}
		b.WriteString(` -H 'Content-Type: application/json' -d '` + strings.ReplaceAll(body, "'", `'\''`) + `'`)
	}
	b.WriteString(` "$YAGURA_URL` + op.Path + `"`)
	return b.String()
}

// exampleOf makes a value that has a schema's form, of what it requires.
func exampleOf(schemas map[string]*huma.Schema, s *huma.Schema, depth int) any {
	if s == nil || depth > 5 {
		return nil
	}
	if s.Ref != "" {
		s = schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type == huma.TypeObject:
		fields := map[string]any{}
		for name, f := range s.Properties {
			if slices.Contains(s.Required, name) || len(s.Required) == 0 {
				fields[name] = exampleOf(schemas, f, depth+1)
			}
		}
		return fields
	case s.Type == huma.TypeArray:
		return []any{exampleOf(schemas, s.Items, depth+1)}
	case s.Type == huma.TypeBoolean:
		return true
	case s.Type == huma.TypeInteger, s.Type == huma.TypeNumber:
		return 1
	case s.Format == "date-time":
		return "2026-11-22T09:12:44Z"
	}
	return "…"
}

func typeOf(s *huma.Schema) docsType {
	switch {
	case s == nil:
		return docsType{}
	case s.Ref != "":
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		return docsType{name, name}
	case len(s.OneOf) > 0:
		var names []string
		for _, one := range s.OneOf {
			names = append(names, one.Title)
		}
		return docsType{Text: strings.Join(names, " | ")}
	case s.Type == huma.TypeArray:
		t := typeOf(s.Items)
		t.Text += "[]"
		return t
	case s.Type == huma.TypeObject:
		if values, ok := s.AdditionalProperties.(*huma.Schema); ok {
			t := typeOf(values)
			t.Text = "map of " + t.Text
			return t
		}
		return docsType{Text: "object"}
	}
	t := docsType{Text: s.Type}
	if s.Format != "" {
		t.Text += " (" + s.Format + ")"
	}
	if len(s.Enum) > 0 {
		var values []string
		for _, v := range s.Enum {
			values = append(values, jsonOf(v))
		}
		t.Text += ": " + strings.Join(values, " | ")
	}
	return t
}

func jsonOf(v any) string {
	if v == nil {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
