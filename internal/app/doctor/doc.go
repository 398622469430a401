// Package doctor looks at what Yagura needs before it starts, or while it runs beside it:
// the configuration, the folder and its disk, ports, engine, stores, certificates, clock.
//
// Invariants: it changes nothing but a file of its own that it takes away again; each
// finding that is not good says what to do; no secret is in what it says.
package doctor
