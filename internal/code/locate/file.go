package locate

import (
	"path"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// byFile looks for the file that a machine calls by another path: the one whose path has
// the most parts in common, counted from its end.
func (s search) byFile(c Clue) []Candidate {
	want := parts(c.File)
	if len(want) == 0 {
		return nil
	}
	var best []string
	common := 0
	for _, p := range s.tree.Paths() {
		n := commonTail(want, strings.Split(p, "/"))
		switch {
		case n == 0 || n < common:
		case n > common:
			best, common = []string{p}, n
		default:
			best = append(best, p)
		}
	}
	// A name alone, such as main.go or index.ts, is in many places; the package in the
	// function's name tells them apart.
	if len(best) > 1 {
		if narrowed := narrow(best, packageOf(c.Function)); len(narrowed) > 0 {
			best = narrowed
		}
	}
	name := simple(c.Function)
	var out []Candidate
	for _, p := range best {
		text, ok := s.tree.Read(p)
		if !ok {
			continue
		}
		out = append(out, within(p, text, c.Line, name, common, len(want)))
	}
	return out
}

// within is the place in a file that is known: the line, if what stands there fits, else
// where the function begins.
func within(p, text string, line int, name string, common, whole int) Candidate {
	cand := Candidate{Path: p, Line: max(line, 1), Trust: Likely, score: 4 * common}
	if common == whole || common >= 3 {
		cand.score += 2
	}
	lines := strings.Split(text, "\n")
	defined := definition(lines, name, p)
	switch {
	case line > 0 && line <= len(lines) && (name == "" || defined > 0 && defined <= line && line-defined < 400):
		cand.Trust = Sure
		cand.Reason = i18n.F("The path ends as the frame's (%d parts); %q begins above the line.",
			"パスの末尾 %d 要素がフレームと一致し、この行は %q の中にあります。", common, name)
		if name == "" {
			cand.Trust = Likely
			cand.Reason = i18n.F("The path ends as the frame's (%d parts).", "パスの末尾 %d 要素がフレームと一致します。", common)
		}
	case defined > 0:
		cand.Line, cand.score = defined, cand.score+1
		cand.Reason = i18n.F("The file is that of the frame; its line is no longer in %q, which begins here.",
			"ファイルはフレームと一致しますが、行が %q の外にあります。関数の先頭を示しています。", name)
		if line == 0 {
			cand.Reason = i18n.F("The path ends as the frame's (%d parts), and %q begins here.", "パスの末尾 %d 要素がフレームと一致し、%q がここで定義されています。", common, name)
		}
	default:
		cand.Line = min(max(line, 1), len(lines))
		cand.Trust = Possible
		cand.Reason = i18n.F("The path ends as the frame's (%d parts), but nothing in it is called %q: the commit may be another.",
			"パスの末尾 %d 要素がフレームと一致しますが、%q が見つかりません。別のコミットの可能性があります。", common, name)
		if name == "" {
			cand.Trust = Likely
			cand.Reason = i18n.F("The path ends as the frame's (%d parts); no line is known.", "パスの末尾 %d 要素がフレームと一致します（行は不明）。", common)
		}
	}
	if test(p) {
		cand.score -= 3
	}
	return cand
}

// parts are a path's, without what a build or a loader puts before it.
func parts(file string) []string {
	file = strings.ReplaceAll(strings.TrimSpace(file), `\`, "/")
	if i := strings.Index(file, "://"); i >= 0 { // webpack://app/./src, file:///srv
		file = file[i+3:]
	}
	file, _, _ = strings.Cut(file, "?")
	if i := strings.IndexByte(file, ':'); i == 1 { // C:
		file = file[2:]
	}
	var out []string
	for p := range strings.SplitSeq(path.Clean(file), "/") {
		if i := strings.IndexByte(p, '@'); i > 0 { // a module's version
			p = p[:i]
		}
		if p != "" && p != "." && p != ".." {
			out = append(out, p)
		}
	}
	return out
}

// commonTail counts the parts that both end with.
func commonTail(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// narrow keeps the paths whose folder ends as pkg does, or as pkg without the class.
func narrow(paths, pkg []string) []string {
	if out := narrowTo(paths, pkg); len(out) > 0 || len(pkg) == 0 {
		return out
	}
	return narrowTo(paths, pkg[:len(pkg)-1])
}

func narrowTo(paths, pkg []string) (out []string) {
	most := 1
	for _, p := range paths {
		dir := strings.Split(path.Dir(p), "/")
		n := commonTail(pkg, dir)
		switch {
		case n < most:
		case n > most:
			out, most = []string{p}, n
		default:
			out = append(out, p)
		}
	}
	return out
}
