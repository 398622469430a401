package improve

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/demo"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/insight/detect/detecttest"
)

// afternoon are all requests of an afternoon of the demo shop with all its flaws.
var afternoon = sync.OnceValues(func() ([]Stratum, error) {
	flaws, err := demo.ParseFlaws("")
	if err != nil {
		return nil, err
	}
	inputs, err := detecttest.Shop(context.Background(), flaws)
	if err != nil {
		return nil, err
	}
	at := map[Endpoint]int{}
	var out []Stratum
	for _, in := range inputs {
		for i := range in.Tree.Nodes {
			s := in.Tree.Nodes[i].Span
			if s.Endpoint == "" || !requestKind(s.Kind) {
				continue
			}
			e := Endpoint{s.Env, s.Service, s.Endpoint}
			k, ok := at[e]
			if !ok {
				k = len(out)
				at[e] = k
				out = append(out, Stratum{Endpoint: e, Name: "all"})
			}
			out[k].Seen = append(out[k].Seen, Request{in, s.SpanID})
			out[k].Requests += 100
		}
	}
	return out, nil
})

// Each flaw of the demo shop becomes one cause at its endpoint.
func TestTheShopsFlawsBecomeCauses(t *testing.T) {
	if testing.Short() {
		t.Skip("plays an afternoon of the shop")
	}
	strata, err := afternoon()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	st := Analyse(strata, Options{})
	t.Logf("%d requests in %s: %d causes, %.1f h of waiting and %.1f h of work a month", st.Sampled, time.Since(began).Round(time.Millisecond), len(st.Causes), st.Waiting, st.Working)
	for i, c := range st.Causes[:min(12, len(st.Causes))] {
		t.Logf("%2d %-24s %-28s %6.0f requests  %s", i+1, c.Detector, c.Service+" "+c.Endpoints[0].Name, c.Requests.Mid, c.Rank.Why.Ja)
	}
	for _, f := range demo.Flaws() {
		if f.Detector == "" {
			continue
		}
		if !slices.ContainsFunc(st.Causes, func(c Cause) bool {
			return c.Detector == f.Detector && c.Service == f.Service && slices.ContainsFunc(c.Endpoints, func(e EndpointImpact) bool { return e.Service == f.Service && e.Name == f.Endpoint })
		}) {
			t.Errorf("%s: no cause of %s at %s %s", f.ID, f.Detector, f.Service, f.Endpoint)
		}
	}
	keys := map[string]bool{}
	for _, c := range st.Causes {
		if keys[c.Key] {
			t.Errorf("%s twice", c.Key)
		}
		keys[c.Key] = true
		if _, ok := detect.ByID(c.Detector); !ok {
			t.Errorf("%s is no detector", c.Detector)
		}
	}
}
