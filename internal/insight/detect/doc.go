// Package detect finds what makes requests slow, in the spans of one trace and over many.
//
// A detector is one file and one line in All: a rule in words, its thresholds, and a pure
// function. Most look at a single trace (Run); what only shows over requests - a cache
// that is missing, an instance's first requests, a statement with two modes - is found by
// a second stage over a set of traces (Across). Each candidate that a detector considers
// goes through conditions with numbers, so that the same code that finds also says why
// something was not found (WhyNot): the nearest candidate, and which condition failed.
//
// facts.go works out once per trace what each span is: a statement, a call, a transaction's
// end. candidate.go holds the conditions; thresholds.go the thresholds and who may set
// them; overlap.go orders findings about the same spans; detecttest is the notation in
// which the tests' traces are written.
//
// Units: times and durations are nanoseconds, those of nodes relative to the trace's start.
//
// # Invariants
//
//   - Everything here is pure: no I/O, no clock, no randomness. The same spans in any order,
//     and the same traces in any order, give the same findings in the same order.
//   - A finding's saving is never negative and never more than its root's duration; its
//     cost is never more than the time that its evidence covers.
//   - Evidence is bounded by MaxSpanIDs, and says how much there was in all.
//   - A finding says what the spans show. What they only suggest has less confidence, with
//     the reason.
package detect
