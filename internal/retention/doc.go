// Package retention decides how long telemetry is kept, by signal, service and environment,
// foretells the disk that it takes, and sees to it that old days are thinned and dropped.
//
// rule.go is what people decide; plan.go says what is due of a day, what a change would take
// away, and how much it will all take (pure); service.go reads and changes rules; jobs.go
// does what is due, by way of telemetry.Keeper; store.go is SQL; http.go the API.
//
// Invariants:
//   - For each signal there is a default: the configuration's, or what was saved over it.
//     The rule for a service and environment comes before the service's, that before the
//     environment's, that before the default.
//   - A day goes from whole to thinned to gone, never back by itself.
//   - A day on which nothing is to be kept is dropped as a whole at once. Rewriting a day is
//     done in the quiet hours, unless it has waited for a day or the disk is nearly full.
//   - Figures by the minute are not touched: they outlive the rows that they were counted over.
//
// Units: days are days in UTC, an age is in whole days; sizes are bytes on disk.
package retention
