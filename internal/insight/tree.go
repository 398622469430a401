package insight

import (
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Tree is a trace put together.
type Tree struct {
	TraceID  telemetry.TraceID
	Start    int64 // Unix nanoseconds of the earliest start, corrected
	Duration int64 // to the latest end
	// Nodes are all spans, depth first: a node comes before its children, they come by
	// start, and its subtree is one run.
	Nodes []Node
	// Main is the node that the trace is about: the longest root that really is one,
	// else the longest span without its parent. -1 when there is no span.
	Main int
	// Paths are the critical path of Main, first, then those of the deferred nodes, by
	// node.
	Paths    []Path
	Services []ServiceShare // most self time first
	Notes    []i18n.Text    // what was assumed or left out
}

// Node is a span in its place.
type Node struct {
	Span   *telemetry.Span
	Parent int // index in Nodes, -1 at the top
	Depth  int
	Size   int // nodes in the subtree, itself included
	// Awaiter is who waited for it, -1 for nobody: mostly the parent (see await.go).
	Awaiter int

	Start, Duration int64
	// Skew is what was added to the span's own start because of its machine's clock.
	Skew int64
	// Self is the part of the duration in which it waited for no child.
	Self int64

	// MissingParent says that it names a parent that is not there.
	MissingParent bool
	// Deferred says that nobody above waited for it: a message was handled, or work
	// went on after the request was answered. It is a critical path's root of its own.
	Deferred bool
	// Critical are its segments on a critical path, in order; most have none or one.
	Critical []Segment
}

// End is when the span ended.
func (n *Node) End() int64 { return n.Start + n.Duration }

// Segment is a stretch of time that belongs to one node.
type Segment struct {
	Node     int
	From, To int64
}

// Path is what a root's time was spent on: its segments in order of time.
type Path struct {
	Root     int
	Segments []Segment
}

// ServiceShare is a service's part in a trace.
type ServiceShare struct {
	Service, Env  string
	Spans, Errors int
	Self          int64 // sum of its spans' self times; may exceed the trace's duration
	Critical      int64 // its part of the main critical path
}
