// Package verdict says what happened to one request and why, from facts alone: Explain
// takes a trace put together, its logs, what is usual and what happened around it, and
// gives a Verdict: one sentence of what happened to whom, the cause, and sentences of
// which each cites the spans and log lines that it rests on.
//
// It is pure and deterministic. Who reads the facts, from which store, is not known here;
// what could not be read is a fact too (Facts.Unread) and is said in the answer.
//
// The rules, a file each:
//
//   - state.go: what a span says of its own end: fine, refused, failed, gave up, cancelled.
//   - origin.go: the origin of a failure is the deepest failing work that no failing child
//     explains. Tries that were repeated, failures that were handled, and what ended only
//     because somebody above gave up are told apart from it.
//   - slow.go: the cause of slowness is the biggest excess over the usual on the critical
//     path, not the longest span; without a usual, the greatest part of the path.
//   - kind.go: of which kind such time is: a lock, a pool, many calls, a statement, an
//     outside party, the way between, time that no span tells of.
//   - unknown.go: what the evidence does not say, and what would have told.
//
// # Invariants
//
//   - Every sentence cites at least one span or log line of the facts.
//   - The same facts in any order give the same verdict.
//
// Units: durations are nanoseconds; times of spans are relative to the start of the trace,
// corrected as the tree has them; other times are Unix nanoseconds.
package verdict
