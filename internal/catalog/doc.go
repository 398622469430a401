// Package catalog knows what there is: services and the environments they run in, as the
// telemetry shows them. Nobody has to register anything.
//
// rank.go orders services by what hurts users most (pure); service.go asks the engine;
// http.go is the API.
//
// Units: durations are nanoseconds, times Unix nanoseconds; ranges are half open.
package catalog
