package improve

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Endpoint names what a service answers or handles.
type Endpoint struct{ Env, Service, Name string }

func (e Endpoint) compare(o Endpoint) int {
	return cmp.Or(cmp.Compare(e.Service, o.Service), cmp.Compare(e.Name, o.Name), cmp.Compare(e.Env, o.Env))
}

// Kind is what sort of endpoint it is; the level that holds by default goes by it.
type Kind string

// The kinds.
const (
	Web    Kind = "web"    // a page that somebody looks at
	API    Kind = "api"    // what a program asks
	Worker Kind = "worker" // a message, or work that nobody asked for
)

// KindOf is what sort of endpoint a name and its asker suggest. Messages and schedules are
// a worker's; of requests, those that come by RPC and those whose path says so are an API's.
func KindOf(name string, answers bool) Kind {
	if !answers {
		return Worker
	}
	method, path, ok := strings.Cut(name, " ")
	if !ok || !strings.HasPrefix(path, "/") || strings.ToUpper(method) != method {
		return API // package.Service/Method, a GraphQL operation
	}
	path = strings.ToLower(path)
	for part := range strings.SplitSeq(path, "/") {
		if part == "api" || part == "graphql" || part == "rpc" || version(part) {
			return API
		}
	}
	if strings.HasSuffix(path, ".json") || strings.HasSuffix(path, ".xml") {
		return API
	}
	return Web
}

// version says that a part of a path is like v1.
func version(part string) bool {
	if len(part) < 2 || len(part) > 3 || part[0] != 'v' {
		return false
	}
	return strings.Trim(part[1:], "0123456789") == ""
}

// Scope is what a rule holds for: an endpoint, a service, a product, or, when all is empty,
// the organisation. An endpoint without Env is meant in every environment.
type Scope struct{ Product, Env, Service, Endpoint string }

func (s Scope) covers(product string, e Endpoint) bool {
	return (s.Product == "" || s.Product == product) && (s.Env == "" || s.Env == e.Env) &&
		(s.Service == "" || s.Service == e.Service) && (s.Endpoint == "" || s.Endpoint == e.Name)
}

// narrow is how specific a scope is: one that names an endpoint beats any service, a
// service any product, a product the organisation; an environment decides between equals.
func (s Scope) narrow() (n int) {
	for i, part := range [...]string{s.Env, s.Product, s.Service, s.Endpoint} {
		if part != "" {
			n += 2 << i
		}
	}
	return n
}

// Rule is a level that somebody set.
type Rule struct {
	Scope
	Kind Kind // that it is for; "" is all
	// Limit is the longest that the 95th percentile may be. 0 holds the endpoint to its own
	// usual.
	Limit time.Duration
	By    string // who set it
	At    time.Time
	Why   string
}

// Bounds of a level, and of why it is so.
const (
	leastLimit = time.Millisecond
	mostLimit  = 24 * time.Hour
	maxWhy     = 500
)

// Validate says what is wrong with a rule.
func (r Rule) Validate() error {
	switch {
	case r.Endpoint != "" && r.Service == "":
		return fault.Field("service", i18n.T("An endpoint belongs to a service: name the service too.", "エンドポイントを指定する場合は、サービスも指定してください。"))
	case r.Kind != "" && r.Kind != Web && r.Kind != API && r.Kind != Worker:
		return fault.Field("kind", i18n.F("%q is no kind: choose web, api or worker.", "種別「%s」は使えません。web、api、worker のいずれかを指定してください。", string(r.Kind)))
	case r.Limit != 0 && (r.Limit < leastLimit || r.Limit > mostLimit):
		return fault.Field("limit", i18n.T("A level lies between 1 ms and 24 h; leave it out to hold the endpoint to its own usual.", "基準値は1 ms以上24時間以下で指定してください。省略すると、そのエンドポイントの通常値を基準とします。"))
	case r.By == "":
		return fault.Field("by", i18n.T("A level has somebody who set it.", "基準値には設定者が必要です。"))
	case strings.TrimSpace(r.Why) == "":
		return fault.Field("why", i18n.T("Say in a line why the level is so: who meets it later wants to know.", "この基準値にした理由を1行で書いてください。あとから見る人のために残します。"))
	case len(r.Why) > maxWhy:
		return fault.Field("why", i18n.F("The reason is longer than %d bytes.", "理由が長すぎます（%dバイトまで）。", maxWhy))
	}
	return nil
}

// Level is how quick an endpoint has to be. There is one for each, which service levels
// share.
type Level struct {
	Endpoint Endpoint
	Kind     Kind
	// Limit is the longest that the Quantile of its durations may be; 0 where it goes by
	// the endpoint's own usual and that is not known yet.
	Limit    time.Duration
	Quantile float64
	// OwnUsual says that the limit was worked out of what is usual, not set.
	OwnUsual bool
	// Rule is what it comes from; without By it is the built-in default.
	Rule Rule
}

// A worker is over its usual when it takes a quarter more: weeks differ by less.
const (
	quantile  = 0.95
	overUsual = 1.25
)

// Levels are the rules of an organisation. The zero value has the defaults alone.
type Levels struct{ rules []Rule }

// NewLevels puts rules together, each of which is sound and alone of its scope and kind.
func NewLevels(rules []Rule) (*Levels, error) {
	type id struct {
		Scope
		Kind
	}
	seen := map[id]bool{}
	for _, r := range rules {
		if err := r.Validate(); err != nil {
			return nil, err
		}
		if k := (id{r.Scope, r.Kind}); seen[k] {
			return nil, fmt.Errorf("two levels for %+v", k)
		} else {
			seen[k] = true
		}
	}
	return &Levels{rules: slices.Clone(rules)}, nil
}

// Of is an endpoint's level. Product is the one that its service belongs to, "" for none;
// weeks are its past, of which the usual of those held to it is made.
func (l *Levels) Of(e Endpoint, product string, kind Kind, weeks []Week) Level {
	out := Level{Endpoint: e, Kind: kind, Quantile: quantile}
	best := -1
	if l != nil {
		for _, r := range l.rules {
			if r.Kind != "" && r.Kind != kind || !r.covers(product, e) {
				continue
			}
			n := 2 * r.narrow()
			if r.Kind != "" {
				n++
			}
			if n > best {
				best, out.Rule = n, r
			}
		}
	}
	out.Limit = out.Rule.Limit
	if best < 0 {
		switch kind {
		case Web:
			out.Limit = time.Second
		case API:
			out.Limit = 500 * time.Millisecond
		}
	}
	if out.Limit == 0 {
		out.OwnUsual = true
		out.Limit = usualLimit(weeks)
	}
	return out
}

// From says in words where a level comes from.
func (l Level) From() i18n.Text {
	r := l.Rule
	if r.By != "" {
		of := i18n.T("the organisation", "組織全体")
		switch {
		case r.Endpoint != "":
			of = i18n.T("this endpoint", "このエンドポイント")
		case r.Service != "":
			of = i18n.F("the service %s", "サービス %s", r.Service)
		case r.Product != "":
			of = i18n.F("the product %s", "プロダクト %s", r.Product)
		}
		day := r.At.Format("2006-01-02")
		return i18n.F("Set for %s by %s on %s: %s", "%[1]sの基準値（%[3]sに%[2]sさんが設定：%[4]s）", of, r.By, day, r.Why)
	}
	switch l.Kind {
	case Web:
		return i18n.T("The default for web pages: p95 within 1 s", "Webページの標準の基準値（p95が1秒以内）")
	case API:
		return i18n.T("The default for APIs: p95 within 500 ms", "APIの標準の基準値（p95が500 ms以内）")
	}
	return i18n.T("The default for workers: p95 at most a quarter above its own usual", "ワーカーの標準の基準値（p95が通常値の1.25倍以内）")
}
