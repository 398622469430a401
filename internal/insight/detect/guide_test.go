package detect_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight/detect"
)

var update = flag.Bool("update", false, "write the guides' list of detectors")

// The guides' list of detectors is that of the code.
func TestTheGuidesListTheDetectors(t *testing.T) {
	for _, l := range []i18n.Lang{i18n.En, i18n.Ja} {
		path := filepath.Join("..", "..", "..", "docs", "guide", string(l), "detectors.md")
		want := guide(l)
		got, err := os.ReadFile(path)
		if err == nil && string(got) == want {
			continue
		}
		if !*update {
			t.Errorf("%s is not what the detectors say (-update writes it)", path)
			continue
		}
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func guide(l i18n.Lang) string {
	var b strings.Builder
	say := func(en, ja string) string { return i18n.T(en, ja).In(l) }
	fmt.Fprintf(&b, "# %s\n\n%s\n\n%s\n\n", say("Detectors", "検出器"),
		say("Each looks for one thing that makes requests slow. The rule says when it fires, with the thresholds of web requests; workers (messages, jobs) have their own. All thresholds can be set for a kind of work, a service or an endpoint: see [check](check.md).",
			"それぞれが、リクエストを遅くする原因を1種類ずつ探します。条件の数値はWebリクエストの既定のしきい値です。ワーカー（メッセージやジョブ）には別の既定値があります。しきい値は処理の種類・サービス・エンドポイントごとに変更できます（[check](check.md)を参照）。"),
		say("A finding has a *cost* (time spent on it), a *saving* (how much sooner the request would have ended, by its critical path computed anew; 0 where others gain or the spans do not tell) and a confidence with its reasons. Of several findings on the same spans the more specific is the one to read; the others are marked *also*.",
			"検出結果には、*所要*（それに費やした時間）、*短縮*（改善した場合にリクエストがどれだけ早く終わるか。クリティカルパスを再計算した値で、他のリクエストに効く場合やスパンから分からない場合は0）、理由付きの確度が付きます。同じスパンに複数の検出結果がある場合は、より具体的なものが先に示され、残りはそれに付随するものとして示されます。"))
	for _, d := range detect.All() {
		fmt.Fprintf(&b, "## %s\n%s%s\n\n%s\n\n", d.ID, d.Title.In(l), map[bool]string{true: say(" (over requests)", "（複数リクエスト）")}[d.Over], d.RuleFor(detect.Web).In(l))
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n|---|---|---|---|\n", say("threshold", "しきい値"), say("what", "内容"), say("web", "Web"), say("worker", "ワーカー"))
		for _, p := range d.Params {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.Name, p.Text.In(l), p.Unit.Format(p.Web), p.Unit.Format(p.Worker))
		}
		fmt.Fprintf(&b, "\n%s%s\n\n", say("What to do: ", "対処："), d.Advice.In(l))
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// A rule is whole: every threshold stands in it, in both languages, and nothing is left to fill.
func TestRulesNameTheirThresholds(t *testing.T) {
	ids := map[string]bool{}
	for _, d := range detect.All() {
		if ids[d.ID] || d.Title.En == "" || d.Title.Ja == "" || d.Advice.En == "" || d.Advice.Ja == "" || len(d.Params) == 0 {
			t.Errorf("%s is not whole: %+v", d.ID, d)
		}
		ids[d.ID] = true
		for _, p := range d.Params {
			if !strings.Contains(d.Rule.En, "{"+p.Name+"}") || !strings.Contains(d.Rule.Ja, "{"+p.Name+"}") {
				t.Errorf("%s: the rule does not say %s", d.ID, p.Name)
			}
			if p.Web < p.Min || p.Worker < p.Min || p.Max > 0 && (p.Web > p.Max || p.Worker > p.Max) {
				t.Errorf("%s: the default of %s is out of its own bounds", d.ID, p.Name)
			}
		}
		for _, k := range detect.Kinds {
			if r := d.RuleFor(k); strings.ContainsAny(r.En+r.Ja, "{}") {
				t.Errorf("%s: %s", d.ID, r)
			}
		}
	}
	if len(ids) != 26 {
		t.Errorf("%d detectors", len(ids))
	}
}
