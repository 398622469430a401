package detect_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/insight/detect/detecttest"
)

func cases(t testing.TB) []detecttest.Case {
	t.Helper()
	files, err := filepath.Glob("testdata/*.trace")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files of cases: %v", len(files), err)
	}
	var out []detecttest.Case
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		c, err := detecttest.Parse(string(text))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		out = append(out, c...)
	}
	return out
}

// check runs both stages over a case.
func check(c detecttest.Case, o detect.Options) ([]detect.Finding, []detect.WhyNot) {
	a := detect.NewAcross(nil, o)
	var found []detect.Finding
	var why []detect.WhyNot
	for _, in := range c.Inputs {
		r := a.Add(in)
		found = append(found, r.Findings...)
		why = append(why, r.WhyNot...)
	}
	r := a.Report()
	return detect.Join(found, r.Findings), append(why, r.WhyNot...)
}

func ids(found []detect.Finding) []string {
	var out []string
	for _, f := range found {
		if !slices.Contains(out, f.Detector) {
			out = append(out, f.Detector)
		}
	}
	slices.Sort(out)
	return out
}

func TestCases(t *testing.T) {
	for _, c := range cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			found, why := check(c, detect.Options{WhyNot: c.Fires})
			got := ids(found)
			for _, id := range c.Fires {
				if _, ok := detect.ByID(id); !ok {
					t.Errorf("there is no detector %s", id)
				}
				if !slices.Contains(got, id) {
					t.Errorf("line %d: %s did not fire; found %v", c.Line, id, got)
					for _, w := range why {
						if w.Detector == id {
							t.Logf("  %s", w.Text.En)
						}
					}
				}
			}
			for _, f := range found {
				if !slices.Contains(c.Fires, f.Detector) && !slices.Contains(c.Also, f.Detector) {
					t.Errorf("line %d: %s fired: %s", c.Line, f.Detector, f.Why.En)
				}
				sound(t, f)
			}
		})
	}
}

// sound checks what holds for every finding.
func sound(t testing.TB, f detect.Finding) {
	t.Helper()
	switch {
	case f.SavingNS < 0 || f.CostNS < 0:
		t.Errorf("%s: cost %d, saving %d", f.Detector, f.CostNS, f.SavingNS)
	case f.Spans < 1 || len(f.SpanIDs) < 1 || len(f.SpanIDs) > detect.MaxSpanIDs || len(f.SpanIDs) > f.Spans:
		t.Errorf("%s: %d span ids of %d", f.Detector, len(f.SpanIDs), f.Spans)
	case f.Confidence.Score <= 0 || f.Confidence.Score > 1:
		t.Errorf("%s: confidence %v", f.Detector, f.Confidence)
	case f.Why.En == "" || f.Why.Ja == "" || strings.Contains(f.Why.En+f.Why.Ja, "%!"):
		t.Errorf("%s: why is %q %q", f.Detector, f.Why.En, f.Why.Ja)
	case !strings.HasPrefix(f.Key, f.Detector+":") || f.Service == "" || f.TraceID.IsZero() || f.Requests < 1:
		t.Errorf("%s: %+v", f.Detector, f)
	}
	for _, r := range f.Confidence.Reasons {
		if r.En == "" || r.Ja == "" || strings.Contains(r.En+r.Ja, "%!") {
			t.Errorf("%s: a reason is %+v", f.Detector, r)
		}
	}
}

// Every detector has a case that fires and one, named as its twin, that does not.
func TestEveryDetectorHasItsGoldenPair(t *testing.T) {
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, c := range cases(t) {
		for _, id := range c.Fires {
			fires[id] = true
		}
		if id, ok := strings.CutPrefix(c.Name, "not "); ok {
			id, _, _ = strings.Cut(id, ":")
			quiet[id] = true
		}
	}
	for _, d := range detect.All() {
		if !fires[d.ID] || !quiet[d.ID] {
			t.Errorf("%s: fires %v, does not %v", d.ID, fires[d.ID], quiet[d.ID])
		}
	}
}
