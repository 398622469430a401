package catalog

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Document is a file of owners, read: ours, or Backstage's descriptors.
type Document struct {
	Name   string
	Claims []Claim
	Teams  []Declared // groups that Backstage's descriptors declare
	Makes  []Declared // systems that they declare, which are products here
	Left   []string   // what was not used, and why: "line 12: kind API"
}

// Declared is a team or a product that a descriptor declares.
type Declared struct {
	Slug, Name, Description string
	Team                    string // of a product
}

// oursFile is the form of our own.
type oursFile struct {
	Services []struct {
		Name    string   `yaml:"name"`
		Names   []string `yaml:"names"`
		Team    string   `yaml:"team"`
		Product string   `yaml:"product"`
	} `yaml:"services"`
}

// entity is what of a Backstage descriptor is of use here. Descriptors have much more.
type entity struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name        string            `yaml:"name"`
		Title       string            `yaml:"title"`
		Description string            `yaml:"description"`
		Annotations map[string]string `yaml:"annotations"`
	} `yaml:"metadata"`
	Spec struct {
		Owner   string `yaml:"owner"`
		System  string `yaml:"system"`
		Profile struct {
			DisplayName string `yaml:"displayName"`
		} `yaml:"profile"`
	} `yaml:"spec"`
}

// serviceAnnotations name the service of a component, where it is not the component's name.
var serviceAnnotations = []string{"yagura.io/service-name", "opentelemetry.io/service-name"}

// ParseDocument reads a file. Its fault names the line that is wrong, at field.
func ParseDocument(field, name string, text []byte) (Document, error) {
	d := Document{Name: name}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return d, fault.Field(field, i18n.F("%[1]s is not valid YAML: %[2]s", "%[1]s は YAML として読み取れません: %[2]s", name, yaml.FormatError(err, false, true)))
	}
	var wrong []error
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		line := lineOf(doc.Body)
		var e entity
		lenient := yaml.NodeToValue(doc.Body, &e)
		switch {
		case lenient == nil && e.Kind != "" && e.APIVersion != "":
			d.descriptor(e, line)
		default:
			if err := d.ours(doc.Body); err != nil {
				wrong = append(wrong, fault.Field(field, i18n.F("%[1]s:%[2]d: %[3]s", "%[1]s:%[2]d: %[3]s", name, line, message(err))))
			}
		}
	}
	return d, errors.Join(wrong...)
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func message(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Text.En
	}
	return yaml.FormatError(err, false, true)
}

func (d *Document) ours(body ast.Node) error {
	var f oursFile
	if err := yaml.NodeToValue(body, &f, yaml.Strict()); err != nil {
		return err
	}
	lines := linesOf(body, "services")
	for i, s := range f.Services {
		line := 0
		if i < len(lines) {
			line = lines[i]
		}
		names := s.Names
		if s.Name != "" {
			names = append([]string{s.Name}, names...)
		}
		if len(names) == 0 || s.Team == "" && s.Product == "" {
			return fault.New(fault.Invalid, i18n.F("line %d: a service needs its name, and a team or a product", "%d 行目: サービスには name と、team または product が必要です", line))
		}
		for _, n := range names {
			d.Claims = append(d.Claims, Claim{Source: FromFile, Document: d.Name, Service: n, Place: fmt.Sprintf("line %d", line), Team: s.Team, Product: s.Product})
		}
	}
	return nil
}

// linesOf are the lines on which the items of a list begin.
func linesOf(body ast.Node, key string) (lines []int) {
	m, ok := body.(*ast.MappingNode)
	if !ok {
		return nil
	}
	for _, v := range m.Values {
		seq, ok := v.Value.(*ast.SequenceNode)
		if !ok || v.Key.String() != key {
			continue
		}
		for _, item := range seq.Values {
			line := lineOf(item)
			if mv, ok := item.(*ast.MappingNode); ok && len(mv.Values) > 0 {
				line = lineOf(mv.Values[0].Key)
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func (d *Document) descriptor(e entity, line int) {
	place := fmt.Sprintf("line %d", line)
	switch strings.ToLower(e.Kind) {
	case "component":
		team, owned := groupOf(e.Spec.Owner)
		if !owned && e.Spec.Owner != "" {
			d.Left = append(d.Left, fmt.Sprintf("%s: %s is owned by %s, which is no group", place, e.Metadata.Name, e.Spec.Owner))
		}
		service := e.Metadata.Name
		for _, a := range serviceAnnotations {
			if v := e.Metadata.Annotations[a]; v != "" {
				service = v
				break
			}
		}
		product := nameOf(e.Spec.System)
		if team == "" && product == "" || service == "" {
			d.Left = append(d.Left, fmt.Sprintf("%s: %s names neither owner nor system", place, e.Metadata.Name))
			return
		}
		d.Claims = append(d.Claims, Claim{Source: Backstage, Document: d.Name, Service: service, Place: place, Team: team, Product: product})
	case "group":
		name := e.Spec.Profile.DisplayName
		if name == "" {
			name = e.Metadata.Title
		}
		d.Teams = append(d.Teams, Declared{Slug: e.Metadata.Name, Name: cmpOr(name, e.Metadata.Name), Description: e.Metadata.Description})
	case "system":
		team, _ := groupOf(e.Spec.Owner)
		d.Makes = append(d.Makes, Declared{Slug: e.Metadata.Name, Name: cmpOr(e.Metadata.Title, e.Metadata.Name), Description: e.Metadata.Description, Team: team})
	default:
		d.Left = append(d.Left, fmt.Sprintf("%s: kind %s", place, e.Kind))
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// groupOf is the group of an owner: "payments", "group:payments", "group:default/payments".
// A person's ("user:ann") is none.
func groupOf(ref string) (name string, ok bool) {
	kind, _, found := strings.Cut(ref, ":")
	if found && !strings.EqualFold(kind, "group") {
		return "", false
	}
	name = nameOf(ref)
	return name, name != ""
}

// nameOf is the last part of a reference [kind:][namespace/]name.
func nameOf(ref string) string {
	if _, rest, ok := strings.Cut(ref, ":"); ok {
		ref = rest
	}
	if _, rest, ok := strings.Cut(ref, "/"); ok {
		ref = rest
	}
	return strings.TrimSpace(ref)
}
