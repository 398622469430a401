package detecttest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
)

// Case is a labelled set of traces.
type Case struct {
	Name        string
	Line        int
	Fires, Also []string
	Inputs      []detect.Input
}

// maxCopies bounds what a line may be repeated.
const maxCopies = 5000

type node struct {
	line          int
	kind          string
	service, inst string
	name          string
	from, length  float64 // ms
	copies        int
	step          float64 // ms
	attrs         [][2]string
	events        []*node
	children      []*node
	depth         int
}

type block struct {
	at     time.Duration
	copies int
	step   time.Duration
	roots  []*node
}

type usual struct {
	service, what string
	p50, p95      float64
}

type runtimeLine struct {
	service, inst string
	throttled, gc float64
}

type draft struct {
	Case
	blocks  []*block
	usuals  []usual
	runtime []runtimeLine
}

// Parse reads a file of cases.
func Parse(text string) ([]Case, error) {
	var drafts []*draft
	var cur *draft
	var blk *block
	var way []*node // the nodes above, by depth
	for n, raw := range strings.Split(text, "\n") {
		line := strings.TrimRight(raw, " \t")
		trimmed := strings.TrimLeft(line, " ")
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		words, err := split(trimmed)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		bad := func(format string, args ...any) error {
			return fmt.Errorf("line %d: %s", n+1, fmt.Sprintf(format, args...))
		}
		if words[0] == "case" {
			if len(words) != 2 {
				return nil, bad(`write case "name"`)
			}
			cur = &draft{Case: Case{Name: words[1], Line: n + 1}}
			drafts = append(drafts, cur)
			blk, way = nil, nil
			continue
		}
		if cur == nil {
			return nil, bad("a case must come first")
		}
		switch words[0] {
		case "fires":
			cur.Fires = append(cur.Fires, words[1:]...)
		case "also":
			cur.Also = append(cur.Also, words[1:]...)
		case "usual":
			if len(words) != 5 {
				return nil, bad(`write usual service "endpoint or statement" p50 p95`)
			}
			u := usual{service: words[1], what: words[2]}
			u.p50, _ = strconv.ParseFloat(words[3], 64)
			u.p95, _ = strconv.ParseFloat(words[4], 64)
			cur.usuals = append(cur.usuals, u)
		case "runtime":
			r := runtimeLine{}
			r.service, r.inst, _ = strings.Cut(words[1], "@")
			for _, w := range words[2:] {
				k, v, _ := strings.Cut(w, "=")
				f, err := strconv.ParseFloat(v, 64)
				switch {
				case err != nil:
					return nil, bad("%s is no number", w)
				case k == "throttled":
					r.throttled = f
				case k == "gc":
					r.gc = f
				default:
					return nil, bad("runtime has throttled and gc, not %s", k)
				}
			}
			cur.runtime = append(cur.runtime, r)
		case "trace":
			blk = &block{copies: 1}
			for _, w := range words[1:] {
				switch {
				case strings.HasPrefix(w, "at="):
					if blk.at, err = time.ParseDuration(w[3:]); err != nil {
						return nil, bad("%v", err)
					}
				case w[0] == 'x':
					c, s, _ := strings.Cut(w[1:], "/")
					if blk.copies, err = strconv.Atoi(c); err == nil && s != "" {
						blk.step, err = time.ParseDuration(s)
					}
					if err != nil || blk.copies < 1 || blk.copies > maxCopies {
						return nil, bad("%s is no repetition", w)
					}
				default:
					return nil, bad("a trace has at= and xN/step, not %s", w)
				}
			}
			cur.blocks = append(cur.blocks, blk)
			way = nil
		default:
			if blk == nil {
				blk = &block{copies: 1}
				cur.blocks = append(cur.blocks, blk)
			}
			nd, err := parseNode(words)
			if err != nil {
				return nil, bad("%v", err)
			}
			nd.line, nd.depth = n+1, len(line)-len(trimmed)
			for len(way) > 0 && way[len(way)-1].depth >= nd.depth {
				way = way[:len(way)-1]
			}
			var above *node
			if len(way) > 0 {
				above = way[len(way)-1]
			}
			switch {
			case nd.kind == "@":
				if above == nil {
					return nil, bad("an event needs a span above it")
				}
				above.events = append(above.events, nd)
				continue
			case above == nil && nd.service == "":
				return nil, bad("a first span needs a service: service/kind")
			case above == nil:
				blk.roots = append(blk.roots, nd)
			default:
				if nd.service == "" {
					nd.service, nd.inst = above.service, above.inst
				}
				above.children = append(above.children, nd)
			}
			way = append(way, nd)
		}
	}
	out := make([]Case, len(drafts))
	for i, d := range drafts {
		if err := d.build(); err != nil {
			return nil, fmt.Errorf("line %d: case %q: %w", d.Line, d.Name, err)
		}
		out[i] = d.Case
	}
	return out, nil
}

// Trees are the traces of a case.
func (c Case) Trees() []*insight.Tree {
	var out []*insight.Tree
	for _, in := range c.Inputs {
		out = append(out, in.Tree)
	}
	return out
}

func parseNode(words []string) (*node, error) {
	n := &node{copies: 1}
	rest := words[1:]
	if at, ok := strings.CutPrefix(words[0], "@"); ok {
		f, err := strconv.ParseFloat(at, 64)
		if err != nil || len(rest) == 0 {
			return nil, fmt.Errorf(`an event is @time "name"`)
		}
		n.kind, n.from, n.name = "@", f, rest[0]
		rest = rest[1:]
	} else {
		n.kind = words[0]
		if svc, kind, ok := strings.Cut(words[0], "/"); ok {
			n.kind = kind
			n.service, n.inst, _ = strings.Cut(svc, "@")
		}
		if len(rest) < 2 {
			return nil, fmt.Errorf(`a span is kind "name" start+length`)
		}
		n.name = rest[0]
		a, b, ok := strings.Cut(rest[1], "+")
		var e1, e2 error
		n.from, e1 = strconv.ParseFloat(a, 64)
		n.length, e2 = strconv.ParseFloat(b, 64)
		if !ok || e1 != nil || e2 != nil {
			return nil, fmt.Errorf("%q is not start+length", rest[1])
		}
		rest = rest[2:]
	}
	for _, w := range rest {
		if k, v, ok := strings.Cut(w, "="); ok {
			n.attrs = append(n.attrs, [2]string{k, v})
			continue
		}
		c, s, ok := strings.Cut(strings.TrimPrefix(w, "x"), "/")
		var e1, e2 error
		n.copies, e1 = strconv.Atoi(c)
		n.step, e2 = strconv.ParseFloat(s, 64)
		if !ok || w[0] != 'x' || e1 != nil || e2 != nil || n.copies < 1 || n.copies > maxCopies {
			return nil, fmt.Errorf("%q is neither key=value nor xN/step", w)
		}
	}
	return n, nil
}

// split cuts a line into words; a word may have a part in double quotes.
func split(line string) ([]string, error) {
	var out []string
	var b strings.Builder
	quoted, any := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && quoted && i+1 < len(line):
			i++
			b.WriteByte(line[i])
		case c == '"':
			quoted, any = !quoted, true
		case c == ' ' && !quoted:
			if b.Len() > 0 || any {
				out = append(out, b.String())
			}
			b.Reset()
			any = false
		default:
			b.WriteByte(c)
		}
	}
	if quoted {
		return nil, fmt.Errorf("a quote is not closed")
	}
	if b.Len() > 0 || any {
		out = append(out, b.String())
	}
	return out, nil
}
