// Package improve finds what to improve next, and says what it is worth.
//
// level.go says how quick an endpoint has to be (its threshold level, 基準値), so that
// improving has an end. cause.go joins what the detectors find in sampled requests into
// causes; impact.go works out, request by request, what each would spare had it been
// mended; rank.go puts them in order and says why; note.go writes them down as a colleague
// would, with advice.go and reason.go. proposal.go is what a team does with
// them, and store.go keeps them.
//
// Units: durations are nanoseconds; requests are of one week, hours of one month of
// 30.44 days. Weights say how many requests of a week a sampled one stands for.
//
// # Invariants
//
//   - All but store.go is pure: no I/O, no clock; the bootstrap's seed is fixed. The same
//     samples in any order give the same causes in the same order.
//   - A proposal, its history and the audit change in one transaction.
//   - No request takes longer after a change than before.
//   - Nothing is counted twice: what a cause spares beyond those ranked above it adds up,
//     over all of them, to what mending all of them spares.
package improve
