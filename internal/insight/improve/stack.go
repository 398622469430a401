package improve

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Stack is what code is written with, as far as its spans tell.
type Stack struct {
	Language  string // as telemetry.sdk.language names it: go, java, python, ruby, nodejs ...
	Framework string // that reads the data: rails, django, jpa ..., "" where none shows
}

// scopes are parts of instrumentation scopes' names that give a framework away. The first
// that fits counts.
var scopes = []struct{ part, framework, language string }{
	{"activerecord", "rails", "ruby"}, {"active_record", "rails", "ruby"}, {"instrumentation::rails", "rails", "ruby"}, {"actionpack", "rails", "ruby"},
	{"instrumentation.sqlalchemy", "sqlalchemy", "python"}, {"instrumentation.django", "django", "python"},
	{"opentelemetry.hibernate", "jpa", "java"}, {"opentelemetry.spring-data", "jpa", "java"}, {"opentelemetry.jpa", "jpa", "java"},
	{"gorm", "gorm", "go"},
	{"prisma", "prisma", "nodejs"}, {"typeorm", "typeorm", "nodejs"}, {"sequelize", "sequelize", "nodejs"},
	{"laravel", "laravel", "php"}, {"entityframework", "efcore", "dotnet"}, {"opentelemetry_ecto", "ecto", "erlang"},
}

// stackOf looks at a span first, then at those above it in its service, then at the rest of
// the service in the trace.
func stackOf(t *insight.Tree, node int) (s Stack) {
	if node < 0 || node >= len(t.Nodes) {
		return s
	}
	service := t.Nodes[node].Span.Service
	try := func(i int) bool {
		span := t.Nodes[i].Span
		if span.Service != service {
			return false
		}
		if s.Language == "" {
			s.Language, _ = telemetry.Get(span.Source.Attrs, "telemetry.sdk.language")
		}
		scope := strings.ToLower(span.Scope)
		for _, k := range scopes {
			if strings.Contains(scope, k.part) {
				s.Framework = k.framework
				if s.Language == "" {
					s.Language = k.language
				}
				return true
			}
		}
		return false
	}
	for i := node; i >= 0; i = t.Nodes[i].Parent {
		if try(i) {
			return s
		}
	}
	for i := range t.Nodes {
		if try(i) {
			return s
		}
	}
	return s
}
