package ingest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// The default rules, by their ids: what a replaced secret names, as in [redacted:card].
const (
	RuleAuthorization = "authorization" // Authorization headers, Bearer and Basic credentials, JSON Web Tokens, private keys
	RuleCookie        = "cookie"        // Cookie and Set-Cookie headers
	RulePassword      = "password"      // passwords, passphrases, and those in URLs
	RuleSecret        = "secret"        // tokens, secrets, API keys
	RuleCard          = "card"          // payment card numbers: an issuer's prefix and length, and Luhn's check
	RuleMyNumber      = "mynumber"      // 個人番号: 12 digits whose check digit is right
)

// The indices of the default rules; custom ones follow.
const (
	ruleNone          = -1
	ruleAuthorization = iota - 1
	ruleCookie
	rulePassword
	ruleSecret
	ruleCard
	ruleMyNumber
	customRules
)

// Rule is a redaction rule of the operator's own.
type Rule struct {
	ID      string   // lower case letters, digits and hyphens
	Keys    []string // attribute and field names whose values are taken out whole
	Pattern string   // RE2; what it matches is taken out of every text
}

// Redaction is what is taken out of telemetry before anything is written.
type Redaction struct {
	Off        bool     // nothing is redacted
	NoDefaults bool     // none of the default rules applies
	Disable    []string // ids of default rules that do not apply
	Rules      []Rule   // further rules
	Keep       []string // attribute names whose values are left as they are
}

// Redactor applies the rules. It is safe for concurrent use.
//
// A value is taken out whole when its name says that it is secret (password, apiKey,
// http.request.header.authorization ...); within texts, so are values that follow such a
// name in JSON, logfmt, query strings and prose, and what looks like a credential or a
// number of the two kinds. Numbers must stand alone: digits within a longer word, a
// decimal, a UUID or a timestamp are not taken. A My Number's check digit admits one
// number in eleven, so that other 12-digit numbers are taken too now and then; name
// their attributes in Keep, or disable the rule.
type Redactor struct {
	off      bool
	ids      []string
	on       [customRules]bool
	marks    []string // [redacted:id], by rule
	keys     map[string]int
	keep     map[string]bool
	patterns []pattern
	counts   []atomic.Int64
}

type pattern struct {
	rule int
	re   *regexp.Regexp
}

var ruleID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// NewRedactor checks and compiles the rules.
func NewRedactor(c Redaction) (*Redactor, error) {
	r := &Redactor{
		off:  c.Off,
		ids:  []string{RuleAuthorization, RuleCookie, RulePassword, RuleSecret, RuleCard, RuleMyNumber},
		keys: map[string]int{},
		keep: map[string]bool{},
	}
	for i := range r.on {
		r.on[i] = !c.NoDefaults
	}
	for _, id := range c.Disable {
		i := slices.Index(r.ids, id)
		if i < 0 {
			return nil, fault.Field("redaction.disable", i18n.F(
				"There is no default redaction rule %q.", "既定のマスキングルール「%s」はありません。", id))
		}
		r.on[i] = false
	}
	for i, rule := range c.Rules {
		field := fmt.Sprintf("redaction.rules[%d]", i)
		if !ruleID.MatchString(rule.ID) || slices.Contains(r.ids, rule.ID) {
			return nil, fault.Field(field+".id", i18n.F(
				"The id %q is taken or not made of lower-case letters, digits and hyphens.",
				"ID「%s」は使用済みか、英小文字・数字・ハイフン以外を含んでいます。", rule.ID))
		}
		n := len(r.ids)
		r.ids = append(r.ids, rule.ID)
		for _, k := range rule.Keys {
			r.keys[strings.ToLower(k)] = n
		}
		if rule.Pattern == "" {
			continue
		}
		re, err := regexp.Compile(rule.Pattern)
		if err != nil || re.MatchString("") {
			return nil, &fault.Error{Code: fault.Invalid, Field: field + ".pattern", Cause: err, Text: i18n.T(
				"The pattern is not a valid regular expression (RE2), or it matches the empty text.",
				"正規表現（RE2）として不正か、空文字列に一致するパターンです。")}
		}
		r.patterns = append(r.patterns, pattern{n, re})
	}
	for _, k := range c.Keep {
		r.keep[strings.ToLower(k)] = true
	}
	for _, id := range r.ids {
		r.marks = append(r.marks, "[redacted:"+id+"]")
	}
	r.counts = make([]atomic.Int64, len(r.ids))
	return r, nil
}

// Counts is how often each rule took something out.
func (r *Redactor) Counts() map[string]int64 {
	out := make(map[string]int64, len(r.ids))
	for i, id := range r.ids {
		out[id] = r.counts[i].Load()
	}
	return out
}

// key says which rule takes out the value of an attribute whole (ruleNone: none), and
// whether its value is left alone altogether.
func (r *Redactor) key(name string) (rule int, keep bool) {
	if r.off {
		return ruleNone, true
	}
	if len(r.keep) > 0 && r.keep[strings.ToLower(name)] {
		return ruleNone, true
	}
	return r.word(name), false
}

// word says which rule a name of a value falls under.
func (r *Redactor) word(name string) int {
	if len(r.keys) > 0 {
		if rule, ok := r.keys[strings.ToLower(name)]; ok {
			return rule
		}
	}
	rule := secretWord(name)
	if rule >= 0 && !r.on[rule] {
		return ruleNone
	}
	return rule
}

// value is what stands in for a value that a rule takes out.
func (r *Redactor) value(rule int) string {
	r.counts[rule].Add(1)
	return r.marks[rule]
}

// span is a part of a text that a rule takes out.
type span struct{ from, to, rule int }

// Text takes out of s what the rules find, and says whether they found anything.
func (r *Redactor) Text(s string) (string, bool) {
	class, digits := scan(s)
	return r.text(s, class, digits)
}

func (r *Redactor) text(s string, class byte, digits int) (string, bool) {
	if r.off || len(s) < 3 {
		return s, false
	}
	hit := false
	// Taking something out may bring a neighbour to light (a number that was the tail of
	// another); two or three rounds settle it, and only texts with a hit pay for them.
	for range 8 {
		var found []span
		if class&classSep != 0 {
			found = r.pairs(s, found)
		}
		if digits >= 12 && (r.on[ruleCard] || r.on[ruleMyNumber]) {
			found = r.numbers(s, found)
		}
		if len(s) >= 16 && class&(classKey|classB) != 0 && r.on[ruleAuthorization] {
			found = r.credentials(s, class, found)
		}
		for _, p := range r.patterns {
			for _, m := range p.re.FindAllStringIndex(s, -1) {
				if m[1] > m[0] && !marked(s, m[0], m[1]) {
					found = append(found, span{m[0], m[1], p.rule})
				}
			}
		}
		if len(found) == 0 {
			break
		}
		hit = true
		s = r.replace(s, found)
		class, digits = scan(s)
	}
	return s, hit
}

// marked says that a match lies within or over something that was taken out already.
func marked(s string, from, to int) bool {
	if strings.Contains(s[from:to], "[redacted:") {
		return true
	}
	i := strings.LastIndex(s[:from], "[redacted:")
	if i < 0 {
		// the match may begin inside the mark's own opening
		return false
	}
	end := strings.IndexByte(s[i:], ']')
	return end < 0 || from <= i+end
}

func (r *Redactor) replace(s string, found []span) string {
	slices.SortFunc(found, func(a, b span) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	var b strings.Builder
	b.Grow(len(s) + 16)
	at := 0
	for _, f := range found {
		if f.from < at { // lies within the one before
			if f.to > at {
				at = f.to
			}
			continue
		}
		b.WriteString(s[at:f.from])
		b.WriteString(r.value(f.rule))
		at = f.to
	}
	b.WriteString(s[at:])
	return b.String()
}

// credentials finds those that no name announces: "Bearer x", JSON Web Tokens, private
// key blocks.
func (r *Redactor) credentials(s string, class byte, found []span) []span {
	for at := 0; class&classB != 0; {
		i := strings.Index(s[at:], "earer ")
		if i < 0 {
			break
		}
		from := at + i + len("earer ")
		at = from
		if to := tokenEnd(s, from); to-from >= 8 && hasDigit(s[from:to]) && !strings.HasPrefix(s[from:], "[redacted:") {
			found = append(found, span{from, to, ruleAuthorization})
			at = to
		}
	}
	if class&classKey == 0 {
		return found
	}
	for at := 0; ; {
		i := strings.Index(s[at:], "eyJ")
		if i < 0 {
			break
		}
		from := at + i
		to := tokenEnd(s, from)
		at = max(to, from+3)
		if to-from >= 20 && strings.Count(s[from:to], ".") >= 2 {
			found = append(found, span{from, to, ruleAuthorization})
		}
	}
	if i := strings.Index(s, "-----BEGIN "); i >= 0 {
		if j := strings.Index(s[i:], "PRIVATE KEY-----"); j > 0 && j < 40 {
			to := len(s)
			if e := strings.Index(s[i:], "-----END "); e > 0 {
				if k := strings.Index(s[i+e+9:], "-----"); k >= 0 {
					to = i + e + 9 + k + 5
				}
			}
			found = append(found, span{i, to, ruleAuthorization})
		}
	}
	return found
}

// tokenEnd is where a run of the characters of base64, base64url and JWT ends.
func tokenEnd(s string, i int) int {
	for i < len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '.' || c == '_' || c == '-' || c == '+' || c == '/' || c == '=' || c == '~' {
			i++
			continue
		}
		break
	}
	return i
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }
