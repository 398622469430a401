package verdict

import (
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Facts are what a verdict is made of. Only Tree is needed; what is nil or empty was not
// to be had.
type Facts struct {
	Tree     *insight.Tree
	More     bool // there are spans beyond those of Tree
	Logs     []telemetry.Log
	MoreLogs bool
	Findings []detect.Finding
	Usual    Baseline
	// Contrast are values that the failing or slow requests of the endpoint have more often
	// than the others; Versus says which were compared.
	Contrast []telemetry.Difference
	Versus   Versus
	Similar  *Similar
	Changes  []Change         // newest first
	Owners   map[string]Owner // by service
	// Others are spans of other traces that were at work on the same database at the same
	// time: who may have held what this one waited for.
	Others []telemetry.Span
	// Unread is what could not be read, in words that follow "could not be read in time:".
	Unread []i18n.Text
	// Alone says that the facts are a file's: there was no store to ask for what is usual.
	Alone bool
}

// Baseline is what is usual here.
type Baseline struct {
	Endpoints map[EndpointKey]Usual
	Calls     map[CallKey]Usual
}

// EndpointKey names an endpoint.
type EndpointKey struct{ Service, Env, Endpoint string }

// CallKey names an operation at a peer.
type CallKey struct {
	Service, Env string // the caller
	Peer         string
	Operation    telemetry.ShapeID
}

// Usual are figures of an operation before this request.
type Usual struct {
	Count, Errors uint64
	P50, P95      int64
	When          When
}

// When says of which time the usual is.
type When uint8

// The times, in the order in which they are asked for.
const (
	LastWeek  When = iota // the same hour a week before
	Yesterday             // the same hour a day before
	DayBefore             // the 24 hours before
)

// Versus says what was compared with what.
type Versus struct {
	Service, Endpoint string
	Slow              bool // slow ones with the others; else failing ones
	Chosen, Others    uint64
}

// Similar is whether the request is alone.
type Similar struct {
	Service, Endpoint string // whose requests are counted: the main span's, or the origin's
	// Slow says that requests of the endpoint are counted that took longer than Than; else
	// those that failed: with the same error if Group is set.
	Slow      bool
	Than      int64
	Group     telemetry.ShapeID
	Count     uint64            // of them, in the range, this one included
	Requests  uint64            // of the endpoint in all
	Users     uint64            // different ones among them; 0: none is named
	Versions  []telemetry.Tally // of them
	Running   uint64            // different versions among all requests
	Filter    string            // selects them
	Range     telemetry.Range
	FirstSeen int64 // of the group of errors, ever; 0: not known
}

// Change is something that happened beside the telemetry.
type Change struct {
	Kind    string // release, incident, ... as the timeline has it
	At      int64
	Service string // "" is all
	Title   i18n.Text
	Link    string // of its page in the UI
	Ongoing bool
}

// Owner is whose a service is.
type Owner struct{ Team, Product, Runbook string }
