// Package catalog knows what there is: services and the environments they run in, as the
// telemetry shows them, and whose each service is. Nobody has to register anything.
//
// rank.go orders services by what hurts users most (pure); service.go asks the engine;
// http.go is the API. owner.go decides whose a service is, of what people, files,
// Backstage descriptors and the services themselves say (pure); owner_file.go reads files,
// owner_learn.go telemetry; owner_service.go keeps it all.
//
// Invariants of owners: what is said is kept as it was said and resolved when somebody
// asks, so that a team that comes to be, is renamed or merged needs no second saying; the
// order in which sources are believed is Precedence, for the team and for the product each
// by itself; what does not agree is shown and never dropped.
//
// Units: durations are nanoseconds, times Unix nanoseconds; ranges are half open.
package catalog
