package locate

import (
	"regexp"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// byStatement looks for the text of a statement, however it is broken over lines and
// whatever its parameters look like; where none stands in the source because a library
// makes it, for the model of its table.
func (s search) byStatement(c Clue) []Candidate {
	want := terms(c.Statement)
	if len(want) < 3 {
		return nil
	}
	tables := tablesOf(c.Statement)
	var out []Candidate
	for _, p := range s.tree.Paths() {
		if !isCode(p) {
			continue
		}
		text, ok := s.tree.Read(p)
		if !ok || len(tables) > 0 && !containsFold(text, tables[0]) {
			continue
		}
		lines := strings.Split(text, "\n")
		for i := range lines {
			at := begins(lines[i], want[0])
			if at < 0 {
				continue
			}
			lines[i] = strings.Repeat(" ", at) + lines[i][at:]
			part, extra := inOrder(strings.Join(lines[i:min(len(lines), i+maxStatement)], "\n"), want)
			if part < 0.8 || extra > len(want)/2 {
				continue
			}
			cand := Candidate{Path: p, Line: i + 1, Trust: Likely, score: 6 + int(10*part) - min(extra, 6),
				Reason: i18n.F("%d %% of the statement's words stand here in their order.", "SQL の語句の %d %% がこの順に並んでいます。", int(100*part))}
			if part == 1 && extra == 0 {
				cand.Trust = Sure
				cand.Reason = i18n.T("The statement stands here.", "この SQL がここに書かれています。")
			}
			if test(p) || strings.Contains(p, "migration") {
				cand.score -= 5
			}
			out = append(out, cand)
		}
	}
	if len(out) > 0 || len(tables) == 0 {
		return out
	}
	return s.byModel(tables[0])
}

// byModel looks for the class that a mapper makes of a table.
func (s search) byModel(table string) []Candidate {
	name := camel(singular(table))
	if len(name) < 3 {
		return nil
	}
	model := regexp.MustCompile(`^\s*(export\s+)?((public|data|open|final|abstract|sealed)\s+)*(class|model|type|struct|entity)\s+` + regexp.QuoteMeta(name) + `\b`)
	var out []Candidate
	for _, p := range s.tree.Paths() {
		if !isCode(p) || test(p) {
			continue
		}
		text, ok := s.tree.Read(p)
		if !ok || !strings.Contains(text, name) {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			if model.MatchString(line) {
				out = append(out, Candidate{Path: p, Line: i + 1, Trust: Possible, score: 3,
					Reason: i18n.F("The statement stands nowhere, so a library makes it; this is the model of the table %s.",
						"この SQL はソースになく、ライブラリが生成しています。これはテーブル %s のモデルです。", table)})
				break
			}
		}
	}
	return out
}

// maxStatement is over how many lines of source a statement may go.
const maxStatement = 40

var (
	wordOf  = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_]*`)
	tableIn = regexp.MustCompile("(?i)\\b(?:from|into|update|join)\\s+[\"`\\[]?(?:\\w+[\"`\\]]?\\.[\"`\\[]?)?(\\w+)")
)

// terms are the words of a statement in their order, without what stands for a value.
func terms(statement string) (out []string) {
	for _, w := range wordOf.FindAllString(statement, 200) {
		out = append(out, strings.ToLower(w))
	}
	return out
}

// tablesOf are the tables that a statement names, the first first.
func tablesOf(statement string) (out []string) {
	for _, m := range tableIn.FindAllStringSubmatch(statement, 8) {
		out = append(out, m[1])
	}
	return out
}

// inOrder is the part of want that text has, each after the one before, and how many
// other words stand between.
func inOrder(text string, want []string) (part float64, extra int) {
	at, hit := 0, 0
	have := terms(text)
	for _, w := range want {
		for i := at; i < len(have) && i < at+12; i++ {
			if have[i] == w {
				hit++
				extra += i - at
				at = i + 1
				break
			}
		}
	}
	return float64(hit) / float64(len(want)), extra
}

// begins is where on a line a statement begins with this word: the first one of the line,
// or the first after a quote. It is -1 where none does.
func begins(line, first string) int {
	l := strings.ToLower(line)
	at := strings.Index(l, first)
	if at < 0 || len(line) > 2000 || len(l) != len(line) {
		return -1
	}
	before := strings.TrimSpace(l[:at])
	if before == "" || strings.ContainsRune("\"'`(>", rune(before[len(before)-1])) {
		return at
	}
	return -1
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// singular is the usual English one; a wrong guess finds nothing, which is no harm.
func singular(s string) string {
	switch {
	case strings.HasSuffix(s, "ies") && len(s) > 4:
		return s[:len(s)-3] + "y"
	case strings.HasSuffix(s, "sses"), strings.HasSuffix(s, "xes"), strings.HasSuffix(s, "ches"):
		return s[:len(s)-2]
	case strings.HasSuffix(s, "s") && !strings.HasSuffix(s, "ss"):
		return s[:len(s)-1]
	}
	return s
}

// camel is OrderItem for order_item.
func camel(s string) string {
	var b strings.Builder
	for p := range strings.SplitSeq(s, "_") {
		if p != "" {
			b.WriteString(strings.ToUpper(p[:1]) + p[1:])
		}
	}
	return b.String()
}
