// Package insight explains single requests: it puts the spans of a trace together and
// says where the time went.
//
// Everything that decides is pure and deterministic: the same spans in any order give
// the same tree (assemble.go, skew.go, await.go, critical.go), whatever a sender did to
// them. What had to be assumed is said in the tree's notes, in both languages.
// traceref.go finds a trace id in what a person pasted; http.go is the API.
//
// Units: times are nanoseconds; those of a Node and of a Segment are relative to the
// start of the trace, after the correction of clocks.
//
// # Invariants
//
//   - Every span is in the tree once, below its parent where the parent is there.
//   - A span's times move only by its machine's one offset, and only where causality
//     demands it: a child began before its parent, or ended after a caller that waited.
//   - The segments of a critical path cover its root exactly once, in order, without gap
//     or overlap; their lengths add up to the root's duration.
//   - A span's self time and the time covered by the children it waited for add up to
//     its duration.
package insight
