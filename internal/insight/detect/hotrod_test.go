package detect_test

import (
	"os"
	"testing"

	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/insight/tracefile"
)

// HotROD's known troubles are found in what it sent, though it knows nothing of us and its
// spans follow older conventions: the lock before MySQL, drivers looked up one by one in
// Redis with timeouts between, and three workers for ten routes.
func TestHotRODsKnownTroublesAreFound(t *testing.T) {
	f, err := os.Open("testdata/hotrod.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	file, err := tracefile.Read(f)
	if err != nil || len(file.Traces) != 2 {
		t.Fatalf("%d traces, %v", len(file.Traces), err)
	}
	alone, crowded := file.Traces[0], file.Traces[1]
	look := func(tr tracefile.Trace) map[string]detect.Finding {
		out := map[string]detect.Finding{}
		for _, x := range detect.Run(detect.Input{Tree: insight.Assemble(tr.Spans)}, detect.Options{}).Findings {
			sound(t, x)
			out[x.Detector] = x
			if x.Detector == "sequential_calls" && x.Also == "" {
				t.Errorf("the customer, the driver and the routes need each other: %s", x.Why.En)
			}
		}
		return out
	}
	for _, c := range []struct {
		name  string
		found map[string]detect.Finding
		lock  bool
	}{{"alone", look(alone), false}, {"crowded", look(crowded), true}} {
		if x := c.found["n_plus_one_cache"]; x.Service != "driver" || x.Place.Operation != "GetDriver" || x.Spans < 10 {
			t.Errorf("%s: look-ups in Redis: %+v", c.name, x)
		}
		if x := c.found["pool_wait"]; x.Service != "frontend" || x.Endpoint != "GET /dispatch" || x.Spans != 10 || x.SavingNS < 50e6 {
			t.Errorf("%s: the pool of workers: %+v", c.name, x)
		}
		x, ok := c.found["lock_wait"]
		if ok != c.lock || ok && (x.Service != "customer" || x.SavingNS < 500e6) {
			t.Errorf("%s: the lock before MySQL: %v %+v", c.name, ok, x)
		}
	}
}
