// Package timeline is the one ordered record of what happened beside the telemetry:
// releases, and whatever later rooms add: alerts, incidents, decisions, maintenance.
// Charts mark it, and people read it to see what happened before something broke.
//
// The thing itself lives in the room that wrote it; the timeline keeps what a mark and a
// line in a list need, and the link. A room writes within its own transaction (Put,
// Remove), so the record never disagrees with the thing.
//
// Invariants:
//   - An event is one row by kind and ref, however often it is put.
//   - Env or service "" means all of them: such an event is in every selection of one.
//   - A range selects what happened in it and what was still going on when it began.
//
// Units: times are UTC with nanoseconds; ranges are half open.
package timeline
