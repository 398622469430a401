package code

import (
	"strings"

	"github.com/hmarr/codeowners"

	"github.com/yagura-sre/yagura/internal/code/locate"
)

// owners says whose a file is, by the repository's CODEOWNERS.
type owners struct{ rules codeowners.Ruleset }

func ownersOf(t locate.Tree) owners {
	for _, p := range []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"} {
		if text, ok := t.Read(p); ok {
			rules, err := codeowners.ParseFile(strings.NewReader(text))
			if err != nil {
				return owners{} // GitHub ignores a file that it cannot read, too
			}
			return owners{rules}
		}
	}
	return owners{}
}

func (o owners) of(file string) []string {
	rule, err := o.rules.Match(file)
	if err != nil || rule == nil {
		return []string{}
	}
	out := make([]string, 0, len(rule.Owners))
	for _, w := range rule.Owners {
		out = append(out, w.String())
	}
	return out
}
