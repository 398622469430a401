package people

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/authz"
)

// claims are what an identity provider says of a person, as JSON has it.
type claims map[string]any

func (c claims) text(key string) string {
	s, _ := c[key].(string)
	return strings.TrimSpace(s)
}

// flag reads a boolean that some providers write as a text.
func (c claims) flag(key string) bool {
	return c[key] == true || c[key] == "true"
}

// at follows a path of dots, unless there is a claim of that very name (namespaced claims
// are URLs, which have dots).
func (c claims) at(path string) (any, bool) {
	if v, ok := c[path]; ok {
		return v, true
	}
	var v any = map[string]any(c)
	for part := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[part]; !ok {
			return nil, false
		}
	}
	return v, true
}

// groups lists the groups of a claim; known is false when the claim is not there at all.
func (c claims) groups(path string) (groups []string, known bool) {
	v, ok := c.at(path)
	if !ok {
		return nil, false
	}
	switch v := v.(type) {
	case string:
		groups = append(groups, v)
	case []any:
		for _, one := range v {
			if s, ok := one.(string); ok {
				groups = append(groups, s)
			}
		}
	}
	return groups, true
}

// overflown says that the provider left the groups out because they are too many, which
// must not be taken for none.
func (c claims) overflown(path string) bool {
	names, _ := c["_claim_names"].(map[string]any)
	first, _, _ := strings.Cut(path, ".")
	_, elsewhere := names[first]
	return elsewhere || c["hasgroups"] == true || c["hasgroups"] == "true"
}

func parseClaims(raw func(any) error) (claims, error) {
	var b json.RawMessage
	if err := raw(&b); err != nil {
		return nil, err
	}
	c := claims{}
	return c, json.Unmarshal(b, &c)
}

// GroupRole is a group whose people have a role.
type GroupRole struct {
	Group string
	Role  authz.Role
}

// GroupTeam is a group whose people are in a team.
type GroupTeam struct {
	Group string
	Team  string // slug or id
	Lead  bool
}

// roleOf is the role that groups give: the most powerful, an outside operator's being the
// least; "" when they give none.
func roleOf(groups []string, mapping []GroupRole) authz.Role {
	best := -1
	for _, m := range mapping {
		if slices.Contains(groups, m.Group) {
			best = max(best, slices.Index(authz.PeopleRoles, m.Role))
		}
	}
	if best < 0 {
		return ""
	}
	return authz.PeopleRoles[best]
}

// teamsOf are the teams that groups put a person in, by slug or id, and whether as a lead.
func teamsOf(groups []string, mapping []GroupTeam, prefix string) map[string]bool {
	teams := map[string]bool{}
	for _, m := range mapping {
		if slices.Contains(groups, m.Group) {
			teams[m.Team] = teams[m.Team] || m.Lead
		}
	}
	for _, g := range groups {
		rest, ok := strings.CutPrefix(g, prefix)
		if prefix == "" || !ok {
			continue
		}
		if slug := Slugify(rest); slug != "" {
			teams[slug] = teams[slug] || false
		}
	}
	return teams
}

// domainOf is what follows the last @ of an address, folded.
func domainOf(email string) string {
	return emailKey(email[strings.LastIndexByte(email, '@')+1:])
}
