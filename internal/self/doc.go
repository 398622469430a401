// Package self is how Yagura watches itself: metrics, traces and logs of its own, made with
// OpenTelemetry's SDK and handed to whoever takes telemetry, in this process and without a
// network. The rooms know nothing of it: app binds it to the hooks that they offer.
//
// Invariants:
//   - It never feeds on itself: taking telemetry, its own included, is counted but makes no
//     span; a question to the engine makes one only within a request or a run of a job; of
//     log records only so many a second are taken, so that a failure to store what is said
//     of a failure does not grow.
//   - It never holds anybody up: what cannot be handed on is dropped and counted.
//   - A trace is kept whole or not at all, when its first span has ended: one with an error
//     or one that took long always, of the others one in ten.
//
// Units: durations in seconds and sizes in bytes, as OpenTelemetry's semantic conventions
// have them; names that are ours begin with "yagura.".
package self
