// Package explain gathers the facts about one request and has package verdict say what
// happened to it.
//
// source.go is where traces live and what a Source must and may tell; store.go is the one
// over Yagura's own rows and figures. service.go reads in parallel and in two rounds: the
// trace with its logs, then what is usual and what happened around it; when the outcome is
// known, the requests that went the same way. Each read has its own deadline, and one that
// is missed is named in the answer (verdict.Facts.Unread); only a trace that cannot be read
// is an error. offline.go explains a trace from a file; wire.go is the JSON form, the same
// of both; http.go the API.
//
// Invariant: an answer rests on what its asker may see: every read goes through readers
// that are narrowed to them.
//
// Units: durations are nanoseconds; times Unix nanoseconds in UTC.
package explain
