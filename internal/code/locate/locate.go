// Package locate finds the lines of source that telemetry speaks of: by the file and line
// of a stack frame or of code.* attributes, by a function's name, by a route, by the shape
// of a statement.
//
// It is pure: a Tree is read, nothing is asked of anybody. It never guesses silently: each
// candidate says why it is one and how sure that is, and where several are as good, all
// are given.
//
// # Invariants
//
//   - The same tree and clue give the same candidates in the same order.
//   - Every candidate's line is in its file.
//   - A candidate that is Sure is alone in being so.
package locate

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Tree is source at one commit.
type Tree interface {
	// Paths are those of all files of text, with slashes, in ascending order.
	Paths() []string
	// Read gives a file's text; false where there is none.
	Read(path string) (string, bool)
}

// Clue is what telemetry says about a place in the code. Any part may be empty.
type Clue struct {
	Function  string // code.function.name, or a frame's: pkg.(*T).Method, com.acme.Foo.bar
	File      string // code.file.path, as the machine that built or ran it had it
	Line      int    // 1 is the first; 0 is not known
	Method    string // GET ...
	Route     string // /orders/{id}
	Statement string // as shape.SQL makes it, or any text of it
}

// Empty says that there is nothing to search for.
func (c Clue) Empty() bool { return c == Clue{} }

// Trust is how sure a candidate is.
type Trust int

// The degrees of trust.
const (
	Possible Trust = iota // something speaks for it
	Likely                // it fits, and so may others
	Sure                  // it fits in more than one way and nothing else does
)

func (t Trust) String() string { return [...]string{"possible", "likely", "sure"}[t] }

// Candidate is a place that a clue may speak of.
type Candidate struct {
	Path   string
	Line   int // 1 is the first
	Trust  Trust
	Reason i18n.Text
	score  int
}

// most is how many candidates are given.
const most = 5

// Find gives the places that a clue may speak of, the best first, those under folder
// before others. left is how many more there are.
func Find(t Tree, c Clue, folder string) (found []Candidate, left int) {
	folder = strings.Trim(path.Clean("/"+folder), "/")
	s := search{tree: t, folder: folder}
	var all []Candidate
	for _, by := range []func(Clue) []Candidate{s.byFile, s.byFunction, s.byStatement, s.byRoute} {
		if all = by(c); len(all) > 0 {
			break // what is told more exactly decides; the rest would only add noise
		}
	}
	for i := range all {
		if s.inside(all[i].Path) {
			all[i].score += 4
		}
	}
	slices.SortStableFunc(all, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line))
	})
	all = slices.CompactFunc(all, func(a, b Candidate) bool { return a.Path == b.Path && a.Line == b.Line })
	// Those that are clearly worse than the best are not worth a reader's time.
	for i := range all {
		if all[i].score < all[0].score-6 {
			all = all[:i]
			break
		}
	}
	if len(all) > 1 {
		for i := range all {
			if i == 0 && all[0].score > all[1].score+2 {
				continue
			}
			all[i].Trust = min(all[i].Trust, Likely)
		}
		if all[0].Trust == Sure {
			for i := 1; i < len(all); i++ {
				all[i].Trust = min(all[i].Trust, Possible)
			}
		}
	}
	left = max(0, len(all)-most)
	return all[:len(all)-left], left
}

type search struct {
	tree   Tree
	folder string
}

func (s search) inside(p string) bool {
	return s.folder != "" && (p == s.folder || strings.HasPrefix(p, s.folder+"/"))
}

// Around are the lines from so many before a line to so many after it, and the number of
// the first.
func Around(text string, line, n int) (from int, lines []string) {
	all := strings.Split(text, "\n")
	if len(all) > 1 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	from = max(1, min(line, len(all))-n)
	to := min(len(all), line+n)
	if to < from {
		return from, nil
	}
	lines = slices.Clone(all[from-1 : to])
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
		if len(lines[i]) > maxLine {
			lines[i] = strings.ToValidUTF8(lines[i][:maxLine], "") + "…"
		}
	}
	return from, lines
}

const maxLine = 400

// test says that a path is of a test, which is rarely what runs.
func test(p string) bool {
	base := strings.ToLower(path.Base(p))
	for _, mark := range []string{"_test.", ".test.", ".spec.", "_spec.", "test_"} {
		if strings.Contains(base, mark) {
			return true
		}
	}
	for dir := range strings.SplitSeq(path.Dir(p), "/") {
		switch strings.ToLower(dir) {
		case "test", "tests", "spec", "__tests__", "testdata", "fixtures", "mocks", "examples":
			return true
		}
	}
	return false
}
