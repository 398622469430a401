package verdict

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

var update = flag.Bool("update", false, "write what is said now into testdata")

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

const divider = "----\n"

// say writes a verdict as the goldens have it.
func (sc *scenario) say(v Verdict, lang i18n.Lang) string {
	var b strings.Builder
	cite := func(ev []Evidence) string {
		var out []string
		for _, e := range ev {
			if e.Log {
				out = append(out, fmt.Sprintf("log%d", e.ID))
			} else {
				out = append(out, sc.labels[e.Span])
			}
		}
		return strings.Join(out, " ")
	}
	for _, s := range v.Sentences {
		fmt.Fprintf(&b, "%s: %s [%s]\n", s.Topic, s.Text.In(lang), cite(s.Evidence))
	}
	for _, u := range v.Unusual {
		fmt.Fprintf(&b, "unusual: %s [%s]\n", u.Text.In(lang), cite(u.Evidence))
	}
	for _, s := range v.Steps {
		fmt.Fprintf(&b, "next: %s <%s>\n", s.Text.In(lang), s.Link)
	}
	return b.String()
}

func (sc *scenario) golden(v Verdict) string {
	c := v.Cause
	head := fmt.Sprintf("%s, cause %s", v.Outcome, c.Kind)
	if c.Kind != CauseNone {
		head += fmt.Sprintf(" (%s) at %s %s", c.Detail, c.Service, sc.labels[c.Span])
	}
	return divider + head + "\n" + sc.say(v, i18n.En) + divider + sc.say(v, i18n.Ja)
}

func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d scenarios, %v; there must be 30 at least", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			facts, want, _ := strings.Cut(string(raw), divider)
			sc := read(t, facts)
			v := Explain(sc.facts)
			checkCitations(t, sc.facts, v)
			got := sc.golden(v)
			if *update {
				if err := os.WriteFile(file, []byte(facts+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != divider+want {
				t.Errorf("got\n%s\nwant\n%s", got, divider+want)
			}
		})
	}
}

// checkCitations: every sentence rests on something, and all of it is in the facts.
func checkCitations(t interface {
	Helper()
	Fatalf(string, ...any)
}, f Facts, v Verdict) {
	t.Helper()
	check := func(what string, ev []Evidence) {
		if len(ev) == 0 {
			t.Fatalf("%q rests on nothing", what)
		}
		for _, e := range ev {
			if e.Log {
				if !slices.ContainsFunc(f.Logs, func(l telemetry.Log) bool { return l.ID == e.ID }) {
					t.Fatalf("%q cites log %d, which is not there", what, e.ID)
				}
				continue
			}
			if e.Node < 0 || e.Node >= len(f.Tree.Nodes) || f.Tree.Nodes[e.Node].Span.SpanID != e.Span {
				t.Fatalf("%q cites span %s, which is not there", what, e.Span)
			}
		}
	}
	for _, s := range v.Sentences {
		check(s.Text.En, s.Evidence)
		if s.Text.En == "" || s.Text.Ja == "" || strings.Contains(s.Text.En+s.Text.Ja, "%!") {
			t.Fatalf("not a sentence in both languages: %+v", s.Text)
		}
	}
	for _, u := range v.Unusual {
		check(u.Text.En, u.Evidence)
	}
	if f.Tree.Main >= 0 && (len(v.Sentences) == 0 || v.Sentences[0].Topic != TopicSummary || v.Sentences[0].Text != v.Summary) {
		t.Fatalf("the summary does not come first")
	}
}
