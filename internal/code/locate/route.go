package locate

import (
	"path"
	"regexp"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// byRoute looks for where a route is declared. Frameworks write parameters in many ways
// ({id}, :id, <int:id>, [id], *), and give a route in pieces: what is declared may be the
// end of what is seen.
func (s search) byRoute(c Clue) []Candidate {
	want := segments(c.Route)
	if len(want) == 0 {
		return nil
	}
	words := literal(want)
	if len(words) == 0 {
		return nil // "/" and "/{id}" are everywhere
	}
	anchor := words[len(words)-1]
	var out []Candidate
	for _, p := range s.tree.Paths() {
		if !isCode(p) {
			continue
		}
		if cand, ok := fileRoute(p, want); ok {
			out = append(out, cand)
		}
		text, ok := s.tree.Read(p)
		if !ok || !strings.Contains(text, anchor) {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			if len(line) > 2000 || !strings.Contains(line, anchor) || comment(line) {
				continue
			}
			if cand, ok := declared(p, line, i+1, want, c.Method); ok {
				out = append(out, cand)
			}
		}
	}
	return out
}

// declared says that a line gives a route, or its end.
func declared(p, line string, n int, want []string, method string) (Candidate, bool) {
	best := Candidate{}
	for _, m := range quoted.FindAllStringSubmatch(line, 16) {
		lit := m[1] + m[2] + m[3]
		verb := ""
		if v, rest, ok := strings.Cut(lit, " "); ok && strings.ToUpper(v) == v && strings.HasPrefix(strings.TrimSpace(rest), "/") { // "GET /orders/{id}"
			verb, lit = v, strings.TrimSpace(rest)
		}
		got := segments(lit)
		n2 := commonTail(want, got)
		if n2 == 0 || n2 < len(got) || len(literal(got)) == 0 {
			continue
		}
		cand := Candidate{Path: p, Line: n, Trust: Possible, score: 2 * n2,
			Reason: i18n.F("%q is the end of the route.", "%q がルートの末尾と一致します。", lit)}
		if n2 == len(want) {
			cand.Trust, cand.score = Likely, cand.score+4
			cand.Reason = i18n.F("%q is the route.", "%q がルートと一致します。", lit)
		}
		registers := verb != "" && strings.EqualFold(verb, method) || method != "" && saysMethod(line, method)
		if registers {
			cand.score += 3
			if n2 == len(want) {
				cand.Trust = Sure
			}
		} else if verb != "" && method != "" {
			cand.score -= 4 // another method's
		}
		if serves.MatchString(line) {
			cand.score += 3
		}
		if calls.MatchString(line) { // a client asks for it, rather than serves it
			cand.score -= 3
			cand.Trust = Possible
		}
		if test(p) {
			cand.score -= 4
		}
		if cand.score > best.score || best.Path == "" {
			best = cand
		}
	}
	return best, best.Path != ""
}

// fileRoute is for frameworks whose folders are the routes: pages/orders/[id].tsx,
// app/orders/[id]/route.ts, src/routes/orders/[id]/+server.ts.
func fileRoute(p string, want []string) (Candidate, bool) {
	ext := path.Ext(p)
	switch ext {
	case ".ts", ".tsx", ".js", ".jsx", ".vue", ".svelte", ".php":
	default:
		return Candidate{}, false
	}
	trimmed := strings.TrimSuffix(p, ext)
	switch base := path.Base(trimmed); base {
	case "route", "page", "index", "+server", "+page", "+page.server":
		trimmed = path.Dir(trimmed)
	}
	for _, root := range []string{"pages/", "app/", "routes/"} {
		at := strings.LastIndex("/"+trimmed, "/"+root)
		if at < 0 {
			continue
		}
		got := segments(("/" + trimmed)[at+len(root):])
		if len(got) == len(want) && commonTail(want, got) == len(want) {
			return Candidate{Path: p, Line: 1, Trust: Likely, score: 2*len(want) + 5,
				Reason: i18n.T("The file's path is the route.", "ファイルのパスがルートと一致します。")}, true
		}
	}
	return Candidate{}, false
}

var (
	quoted = regexp.MustCompile("\"([^\"\\n]{1,300})\"|'([^'\\n]{1,300})'|`([^`\\n]{1,300})`")
	serves = regexp.MustCompile(`(?i)\b(handle\w*|router?|mux|app|blueprint|path|url|re_path|\w*mapping|add_url_rule|register\w*)\b\s*[.(]`)
	calls  = regexp.MustCompile(`(?i)\b(fetch|axios|requests\.|http\.Get|http\.NewRequest|NewRequestWithContext|RestTemplate|WebClient|HttpClient|faraday|Net::HTTP|curl)\b`)
)

// saysMethod says that a line names a method as those who register routes do:
// .get("/x"), @GetMapping("/x"), methods=["GET"], get '/x'.
func saysMethod(line, method string) bool {
	l, m := strings.ToLower(line), strings.ToLower(method)
	for _, form := range []string{"." + m + "(", m + "mapping", `"` + m + `"`, "'" + m + "'", "http" + m, "method" + m, "@" + m} {
		if strings.Contains(l, form) {
			return true
		}
	}
	return strings.HasPrefix(strings.TrimSpace(l), m+" ") || strings.HasPrefix(strings.TrimSpace(l), m+"(")
}

// param stands for any part of a path that is not fixed.
const param = "*"

// segments are the parts of a route, parameters as param.
func segments(route string) []string {
	route, _, _ = strings.Cut(route, "?")
	route = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(route, "^"), "$"), "(.:format)")
	if route == "" || strings.ContainsAny(route, " \t") || len(route) > 300 {
		return nil
	}
	var out []string
	for p := range strings.SplitSeq(route, "/") {
		switch {
		case p == "":
		case strings.HasPrefix(p, "("), strings.HasPrefix(p, "@"): // groups of Next.js, which are no part of the route
			if !strings.HasPrefix(p, "(?") {
				continue
			}
			out = append(out, param)
		case strings.ContainsAny(p, "{}<>*[]") || strings.HasPrefix(p, ":") || strings.HasPrefix(p, "$") || p == "?":
			out = append(out, param)
		default:
			out = append(out, p)
		}
	}
	return out
}

func literal(route []string) (out []string) {
	for _, p := range route {
		if p != param {
			out = append(out, p)
		}
	}
	return out
}

// comment says that a line is one.
func comment(line string) bool {
	t := strings.TrimSpace(line)
	return strings.HasPrefix(t, "//") || strings.HasPrefix(t, "#") && !strings.HasPrefix(t, "#[") || strings.HasPrefix(t, "* ") || strings.HasPrefix(t, "<!--")
}
