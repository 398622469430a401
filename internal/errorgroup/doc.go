// Package errorgroup is the inbox of errors: what people decided about each group of
// errors that telemetry shows, and what became of it.
//
// A group is found in the telemetry (telemetry.ErrorFigures); this room adds its state.
// group.go are the types; judge.go decides what a group shows as, and whether it has come
// back (pure); service.go reads and changes; watch.go writes down returns; store.go is SQL;
// http.go the API.
//
// Invariants:
//   - A group that nobody touched has no row here.
//   - A state is of a service and a group, in all environments: it is the code that is
//     mended.
//   - What was resolved and is seen again where it should not be is open again by itself,
//     and says so. What was ignored stays so until its time is over.
//   - Every change is in the group's history, and in the audit, in one transaction with it.
//
// Units: times are UTC.
package errorgroup
