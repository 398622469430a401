// Package improve finds what to improve next, and says what it is worth.
//
// level.go says how quick an endpoint has to be (its threshold level, 基準値), so that
// improving has an end; standing.go how it stands to that.
//
// Everything here is pure. Durations are nanoseconds.
package improve
