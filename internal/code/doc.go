// Package code ties what telemetry shows to lines of source: repositories (on GitHub, or a
// clone on this machine), which of them a service is built from, the commit that a version
// was built from, and the lines that a stack frame, a function, a route or a statement
// speaks of (locate finds them; it is pure).
//
// # Invariants
//
//   - Nothing is guessed silently: how the commit was found and why a candidate is one is
//     said; where several are as good, all are given.
//   - Source is kept in the data folder as one archive a commit (snapshot.go), within
//     bounds; what was left out is counted. It can be deleted at any time.
//   - A clone on this machine must lie in one of the folders that the configuration names,
//     and GitHub is asked through netguard; the token is a reference to a secret.
//   - Source is shown to members, never to viewers or outside operators.
package code
