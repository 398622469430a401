// Package arch holds no code: its test reads the tree and checks the rules of
// docs/ARCHITECTURE.md, each with its reason.
package arch
