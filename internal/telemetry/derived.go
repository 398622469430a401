package telemetry

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// This file is the contract of what is derived from logs and spans by the minute: what an
// engine keeps as rows arrive, so that pages of days and weeks need not look at the rows.
//
// Everything counted is exact: the same figures as a count over the rows, whatever came
// late, was repeated, or was interrupted. Two things are not counted but estimated, and
// say so: percentiles, which are within PercentileError of the true value and always come
// from merged distributions, never from averaged percentiles; and numbers of different
// users, which are exact to about 65,000 and within 2 % beyond.

// PercentileError is the greatest relative error of a percentile: 2 %.
//
// The scheme: a duration of d ns, d ≥ 1, is counted in band 1 + ⌈log_γ d⌉ with
// γ = (1+e)/(1−e), e = PercentileError; band 0 is for durations of 0. A band stands for
// 2γ^k/(γ+1), which is within e of whatever fell into it. Bands of any rows, minutes and
// instances add up; a percentile is the band in which the row of its rank is (nearest
// rank). See Band and BandValue.
const PercentileError = 0.02

// ShapeID identifies a shape: a text freed of what differs from one occurrence to the
// next. The same shape has the same id in every version, service and data folder. 0 is none.
type ShapeID uint64

// String is 16 lower-case hex digits, or nothing for none; it is how filters and the API
// write it.
func (id ShapeID) String() string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("%016x", uint64(id))
}

// ParseShapeID reads 16 hex digits. The zero id is refused.
func ParseShapeID(s string) (ShapeID, bool) {
	if len(s) != 16 {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 16, 64)
	return ShapeID(n), err == nil && n != 0
}

// Shape is a statement or a log line without its values: "SELECT * FROM orders WHERE id = ?",
// "ユーザー <id> の注文 <num> を受け付けました".
type Shape struct {
	ID   ShapeID
	Text string // at most a few hundred bytes, then "…"
}

// Other is the endpoint or pattern that stands for all those beyond what is kept of one
// service at a time. It is counted and shown like any other.
const Other = "(other)"

// ErrorKey is what makes two errors the same one: the type, the message without its
// values, and the topmost stack frame of the service's own code without its line.
type ErrorKey struct {
	ID      ShapeID
	Type    string // "java.net.SocketException", "HTTP 503"; never empty for an error
	Message string // normalised
	Frame   string // "com.example.payment.Client.send (Client.java)"; "" without a stack
}

// PeerKind says what is at the far end of a call.
type PeerKind string

// The kinds. PeerService is a service by its name, whether it sends telemetry or not;
// PeerHTTP and PeerRPC are addresses that no service is known to answer at.
const (
	PeerService PeerKind = "service"
	PeerDB      PeerKind = "db"
	PeerCache   PeerKind = "cache"
	PeerQueue   PeerKind = "queue"
	PeerHTTP    PeerKind = "http"
	PeerRPC     PeerKind = "rpc"
)

// PeerKinds are all of them, in the order in which they are shown.
var PeerKinds = [...]PeerKind{PeerService, PeerHTTP, PeerRPC, PeerDB, PeerCache, PeerQueue}

// Peer is the far end of a call: of a client or producer span what it called, of a
// consumer span the queue that it read.
type Peer struct {
	Kind PeerKind
	// Name is a service's name; "postgresql shop@orders-db:5432" or less of it, as far as
	// the span tells; a queue's "kafka orders"; a host with its port unless it is the
	// protocol's own.
	Name string
}

// DerivedQuery selects figures. Empty fields select everything.
type DerivedQuery struct {
	Range
	Env      string
	Service  string
	Endpoint string
	Version  string
	// Steps is how many points a series may have; 0 is no series. A step is whole minutes,
	// so there may be fewer.
	Steps int
	// Compare is how far back the range lies that rows are compared with (Before); 0 is no
	// comparison. It is taken in whole minutes.
	Compare time.Duration
	// Limit is how many rows there may be, the ones that weigh most; 0 is 100.
	Limit int
}

// Derived is what every answer says of itself.
type Derived struct {
	// Range is what the figures cover: that of the question, widened to whole minutes.
	Range Range
	// Step is the distance of the points of series, which begin at Range.From; 0 without.
	Step time.Duration
	// Since is the first minute of which there are figures at all, zero if there are none;
	// a range or a comparison that begins before it is incomplete.
	Since time.Time
	// More says that there were more rows than the limit.
	More bool
}

// RED are rate, errors and duration of requests or calls.
type RED struct {
	Count, Errors uint64
	// P50, P95 and P99 are nanoseconds, within PercentileError; 0 where Count is.
	P50, P95, P99 float64
	// Total is the sum of the durations in nanoseconds; one counts for at most 2^50 (13 days).
	Total uint64
}

// Trend is a RED over time: point i is of [Range.From + i·Step, + Step). Every slice has
// the same length, and points without requests are 0. nil when no series was asked for.
type Trend struct {
	Count, Errors []uint64
	P50, P95, P99 []float64
}

// Counts are a count over time, as Trend.
type Counts []uint64

// ServiceFigures is a service in an environment.
type ServiceFigures struct {
	Service, Env string
	RED          // of its requests: server and consumer spans
	Before       *RED
	Trend        Trend
	Spans        uint64 // of every kind
	Logs         uint64
	ErrorLogs    uint64 // error and fatal
	LastSeen     int64
	Versions     []string // newest first, at most 5
	Instances    uint64
}

// EndpointFigures is an endpoint of a service.
type EndpointFigures struct {
	Service, Env, Endpoint string
	Kind                   Kind // server or consumer
	RED
	Before   *RED
	Trend    Trend
	LastSeen int64
}

// VersionFigures is one version of a service.
type VersionFigures struct {
	Service, Env, Version string
	RED
	Trend       Trend
	Spans, Logs uint64
	First, Last int64 // seen within the range
}

// CodeFigures counts requests by their outcome.
type CodeFigures struct {
	Code   string // "200", "UNAVAILABLE"; "" where the span names none
	Count  uint64
	Errors uint64 // of them, with error status
	Trend  Counts
}

// Heatmap counts requests by time and duration.
type Heatmap struct {
	Derived
	// Bounds are the durations in nanoseconds between which the rows lie: row i is
	// [Bounds[i], Bounds[i+1]). There is one more of them than rows; none without requests.
	Bounds []float64
	// Cells[step][row] is a number of requests, Errors those of them with error status.
	Cells, Errors [][]uint64
}

// Edge is what one service does with one peer.
type Edge struct {
	Service, Env string // the caller; of a queue's consumer, the consumer
	// Peer is what the callers know of the far end.
	Peer Peer
	// Consumes turns the edge around: from the queue to the service.
	Consumes bool
	// To is the service that answers at the peer, "" where no instrumented one does. It is
	// found by looking at a sample of traces, minute by minute: the service that nearly
	// all (90 %) of the sampled calls ended up in.
	To, ToEnv string
	// Behind are the services that were found behind a peer that is none of them alone: a
	// gateway, a load balancer. With their share of the sampled calls, most first.
	Behind []Share
	RED    // as the caller saw it
	Before *RED
	Trend  Trend
}

// Share is a part of a sample.
type Share struct {
	Name, Env string
	Part      float64 // 0 to 1
}

// CallerFigures is who calls an endpoint or a service, from sampled traces.
type CallerFigures struct {
	Service, Env string // the caller
	Endpoint     string // of the callee
	Part         float64
	Sampled      uint64 // calls that the part was counted over
}

// EdgeQuery selects edges.
type EdgeQuery struct {
	DerivedQuery
	Kinds []PeerKind // empty is all
	Peer  string     // the peer's name; empty is all
	// Inbound turns Service around: edges whose To it is, instead of those that it makes.
	Inbound bool
}

// Call is what services do at one peer, by operation: a statement's shape, the name of a
// remote method, "GET /v1/charges/{id}".
type Call struct {
	Peer     Peer
	Shape    Shape
	Callers  []string // services, the one that spends most first, at most 5
	Services uint64   // how many there are
	RED
	Before *RED
	Trend  Trend
}

// CallQuery selects calls.
type CallQuery struct {
	EdgeQuery
	Shape ShapeID // 0 is all
	// ByCaller tells the services apart: a row has then one caller.
	ByCaller bool
}

// ErrorFigures is a group of errors in a service and an environment.
type ErrorFigures struct {
	ErrorKey
	Service, Env string
	Count        uint64
	Before       *uint64
	Users        uint64   // different user.id or enduser.id; 0 where none is named
	First, Last  int64    // within the range
	FirstEver    int64    // as far back as figures are kept
	Versions     []Tally  // that it was seen in, the latest first, at most 20
	Endpoints    []Tally  // whose requests recorded it, most first, at most 20
	Signals      []Signal // where it came from
	Trend        Counts
	// Example is one occurrence in the range; the ids are zero where it had none.
	Example struct {
		Time    int64
		TraceID TraceID
		SpanID  SpanID
	}
}

// Tally counts a value.
type Tally struct {
	Value string
	Count uint64
}

// ErrorQuery selects groups of errors.
type ErrorQuery struct {
	DerivedQuery
	Group ShapeID // 0 is all
	// New leaves those alone that were first seen ever within the range.
	New bool
}

// LevelFigures counts logs of a level.
type LevelFigures struct {
	Level  string // trace debug info warn error fatal, or ""
	Count  uint64
	Before *uint64
	Trend  Counts
}

// PatternFigures is a pattern of logs of a service in an environment.
type PatternFigures struct {
	Shape
	Service, Env string
	Level        string // the most severe seen of it
	Count        uint64
	Before       *uint64
	First, Last  int64  // within the range, to the minute
	Example      string // the begin of one body
	Trend        Counts
}

// PatternQuery selects patterns of logs.
type PatternQuery struct {
	DerivedQuery
	Pattern ShapeID  // 0 is all
	Levels  []string // empty is all
}

// InstanceFigures is one instance of a service.
type InstanceFigures struct {
	Service, Env, Version, Instance, Host string
	Spans, Logs, ErrorLogs                uint64
	First, Last                           int64  // within the range
	Resource                              []Attr // as it was last sent
}

// DerivedReader answers from what is kept by the minute. It is safe for concurrent use.
//
// Ranges are widened to whole minutes, and answers say to which. Rows come in the order of
// their weight, so that a limit cuts off what matters least: figures of services, endpoints
// and edges by errors, then by total time; calls by total time; groups of errors and
// patterns by count; instances by the time they were last seen, newest first. A row that
// Write has returned for is in every later answer. Errors are those of Reader.
type DerivedReader interface {
	// ServiceFigures lists the services that sent anything in the range.
	ServiceFigures(ctx context.Context, q DerivedQuery) ([]ServiceFigures, Derived, error)
	// Requests is the sum over all requests selected: one row, zero without any.
	Requests(ctx context.Context, q DerivedQuery) (red RED, before *RED, trend Trend, d Derived, err error)
	Endpoints(ctx context.Context, q DerivedQuery) ([]EndpointFigures, Derived, error)
	Versions(ctx context.Context, q DerivedQuery) ([]VersionFigures, Derived, error)
	Codes(ctx context.Context, q DerivedQuery) ([]CodeFigures, Derived, error)
	// Heatmap has at most q.Steps columns and at most rows rows.
	Heatmap(ctx context.Context, q DerivedQuery, rows int) (Heatmap, error)

	// Edges are dependencies: all of them make the map, those of q.Service its page.
	Edges(ctx context.Context, q EdgeQuery) ([]Edge, Derived, error)
	// Callers tells who calls q.Service, and there q.Endpoint, from sampled traces.
	Callers(ctx context.Context, q DerivedQuery) ([]CallerFigures, Derived, error)
	// Calls are statements (kinds db and cache), external calls (http and rpc) and messages
	// (queue), by shape.
	Calls(ctx context.Context, q CallQuery) ([]Call, Derived, error)

	Errors(ctx context.Context, q ErrorQuery) ([]ErrorFigures, Derived, error)
	Levels(ctx context.Context, q DerivedQuery) ([]LevelFigures, Derived, error)
	Patterns(ctx context.Context, q PatternQuery) ([]PatternFigures, Derived, error)
	Instances(ctx context.Context, q DerivedQuery) ([]InstanceFigures, Derived, error)
}

// Derivation is a kind of figures that can be rebuilt by itself.
type Derivation string

// The derivations.
const (
	DerivedRequests  Derivation = "requests"  // services, endpoints, edges, calls
	DerivedErrors    Derivation = "errors"    // groups of errors
	DerivedPatterns  Derivation = "patterns"  // levels and patterns of logs
	DerivedInstances Derivation = "instances" // services, versions and instances by what they sent
)

// Derivations are all of them.
var Derivations = [...]Derivation{DerivedRequests, DerivedErrors, DerivedPatterns, DerivedInstances}

// RebuildSpec says what is to be computed anew from the rows.
type RebuildSpec struct {
	Range              // widened to whole hours
	What  []Derivation // empty is all
	// Reshape works statements, patterns, peers and groups of errors out of the rows once
	// more, instead of taking what was stored with them: slower, and right after an upgrade
	// that finds shapes in another way.
	Reshape bool
}

// RebuildState is where a rebuilding stands.
type RebuildState struct {
	ID string
	RebuildSpec
	// Backfill says that nobody asked for it: it derives what was stored before there were
	// figures, once.
	Backfill  bool
	Done      float64 // 0 to 1
	Rows      uint64  // that were read
	Started   time.Time
	Updated   time.Time
	Finished  time.Time // zero while it runs or waits
	Error     string    // of the last attempt; it is tried again unless Finished is set
	Cancelled bool
}

// Rebuilder computes figures anew from the rows.
//
// A rebuilding goes hour by hour, newest first: it takes away what was derived from the
// rows that arrived until shortly before and derives it again; rows that arrive meanwhile
// are counted beside it, so that none is lost or counted twice. An hour that is being
// rebuilt shows too little for a moment. It survives a restart, and goes on where it was.
// Hours whose rows are no longer kept are left as they are.
type Rebuilder interface {
	// Rebuild plans a rebuilding and returns at once.
	Rebuild(ctx context.Context, spec RebuildSpec) (RebuildState, error)
	// CancelRebuild stops one after the hour that it is at; what is done stays done.
	CancelRebuild(ctx context.Context, id string) error
	// Rebuilds are those that run or wait, and the last that ended, newest first, at most 20.
	Rebuilds(ctx context.Context) ([]RebuildState, error)
}
