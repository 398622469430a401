package explain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/demo"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/insight/detect/detecttest"
	"github.com/yagura-sre/yagura/internal/insight/explain"
	"github.com/yagura-sre/yagura/internal/insight/verdict"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// What the verdict of the worst request of each flaw must say: the detail of the cause, or,
// where the flaw is no slowness of that request but how it always is, what is said beside.
var says = map[string][]string{
	"n_plus_one_query":        {"repeated", "SELECT"},
	"repeated_query_group":    {"group repeated", "SELECT"},
	"n_plus_one_http":         {"repeated sequential", "catalog"},
	"chatty_rpc":              {"repeated sequential", "inventory"},
	"sequential_calls":        {"sequential", ""},
	"missing_index":           {"statement", "orders"},
	"duplicate_work":          {"duplicate repeated", "company"},
	"pool_wait":               {"pool", "reports"},
	"unbounded_result":        {"unbounded payload statement", "orders"},
	"transaction_across_call": {"transaction outside network own", ""},
	"timeout_order":           {"work statement own", "catalog"},
	"uninstrumented_gap":      {"own", "no span tells"},
	"cold_cache":              {"cold statement repeated work own", "catalog"},
	"missing_cache":           {"statement", "delivery_slot"},
	"lock_wait":               {"lock", "stock"},
	"retry_storm":             {"tries call", "bank"},
	"third_party_in_path":     {"outside", "bank"},
	"error_burst":             {"exception", "index out of range"},
}

// The verdict of the worst request of every flaw of the demo shop names its cause.
func TestTheVerdictNamesTheCauseOfEachFlaw(t *testing.T) {
	if testing.Short() {
		t.Skip("plays an afternoon of the shop")
	}
	flaws, err := demo.ParseFlaws("all")
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := detecttest.Shop(t.Context(), flaws)
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{}
	for _, in := range inputs {
		for i := range in.Tree.Nodes {
			m.spans = append(m.spans, *in.Tree.Nodes[i].Span)
		}
	}
	s := explain.New(explain.Options{Source: m})
	for _, f := range demo.Flaws() {
		t.Run(f.ID, func(t *testing.T) {
			// Where a request may or may not show the flaw, one is taken that does.
			shows := func(k int) bool {
				if f.Detector == "" {
					return true
				}
				found := detect.Run(inputs[k], detect.Options{Only: []string{f.Detector}}).Findings
				return slices.ContainsFunc(found, func(x detect.Finding) bool { return x.Service == f.Service && x.Endpoint == f.Endpoint })
			}
			worst, shown := -1, false
			var most int64
			for k, in := range inputs {
				for i := range in.Tree.Nodes {
					sp := in.Tree.Nodes[i].Span
					if sp.Service != f.Service || sp.Endpoint != f.Endpoint || f.ID == "error_burst" && !strings.Contains(sp.Exception.Message, "index out of range") ||
						f.ID == "retry_storm" && (sp.Status != telemetry.StatusError || strings.Contains(sp.Exception.Message, "index out of range")) {
						continue
					}
					if does := shows(k); does == shown && sp.Duration > most || does && !shown {
						worst, most, shown = k, sp.Duration, does
					}
				}
			}
			if worst < 0 {
				t.Fatalf("nobody asked for %s %s", f.Service, f.Endpoint)
			}
			v, err := s.Explain(t.Context(), inputs[worst].Tree.TraceID.String())
			if err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			for _, x := range v.Sentences {
				t.Logf("%s: %s", x.Topic, x.Text.En)
				t.Logf("%s: %s", x.Topic, x.Text.Ja)
				if x.Topic != verdict.TopicUsual && x.Topic != verdict.TopicSimilar {
					all.WriteString(x.Text.En + "\n")
				}
			}
			t.Logf("%s %s (%s) at %s %s", v.Outcome, v.Cause.Kind, v.Cause.Detail, v.Cause.Service, v.Cause.Operation)
			want := says[f.ID]
			if v.Outcome != verdict.OK && !strings.Contains(" "+want[0]+" ", " "+v.Cause.Detail+" ") {
				t.Errorf("the cause is %q, want one of %q", v.Cause.Detail, want[0])
			}
			if !strings.Contains(all.String(), want[1]) {
				t.Errorf("it does not speak of %q", want[1])
			}
		})
	}
}
