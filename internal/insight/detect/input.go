package detect

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Kind is what sort of work a request is; thresholds go by it.
type Kind string

// The kinds. A unit of work that begins with a message, or with nobody asking, is a
// worker's.
const (
	Web     Kind = "web"
	Worker  Kind = "worker"
	Mobile  Kind = "mobile"
	Browser Kind = "browser"
)

// Kinds are all of them.
var Kinds = [...]Kind{Web, Worker, Mobile, Browser}

// Input is a trace with what is known beside it. Tree alone is required.
type Input struct {
	Tree *insight.Tree
	Logs []telemetry.Log // that name the trace
	// Usual tells how long an operation usually takes; nil or false where nobody knows.
	Usual func(Operation) (Baseline, bool)
	// Runtime tells what an instance's runtime measured between two Unix times.
	Runtime func(service, instance string, from, to int64) (Runtime, bool)
	// Thresholds are nil for the defaults.
	Thresholds *Thresholds
}

// Operation is a sort of work: an endpoint of a service when Peer is empty, else what the
// service asks of a peer.
type Operation struct {
	Env, Service string
	Endpoint     string // of the service itself
	Peer         string
	Shape        telemetry.ShapeID // of what is asked of the peer
}

// Baseline is how long an operation usually takes.
type Baseline struct {
	P50, P95 int64
	Count    int64 // of how many it was computed
}

// Runtime is what a runtime measured over a stretch of time.
type Runtime struct {
	Throttled int64 // time in which the container was denied the CPU
	GCPause   int64 // time in which a collector stopped the program
	CPU       float64
}

// KindOf is what sort of work a span begins.
func KindOf(s *telemetry.Span) Kind {
	has := func(keys ...string) bool {
		for _, k := range keys {
			if _, ok := telemetry.Get(s.Source.Attrs, k); ok {
				return true
			}
		}
		return false
	}
	get := func(key string) string { v, _ := telemetry.Get(s.Source.Attrs, key); return strings.ToLower(v) }
	switch lang := get("telemetry.sdk.language"); {
	case lang == "webjs", get("process.runtime.name") == "browser", has("browser.brands", "browser.platform", "browser.language"):
		return Browser
	case lang == "swift", get("os.name") == "android", get("os.name") == "ios", get("os.name") == "ipados", has("android.os.api_level"),
		has("device.model.identifier") && has("device.manufacturer", "os.name"):
		return Mobile
	}
	if s.Kind == telemetry.KindServer {
		return Web
	}
	return Worker
}
