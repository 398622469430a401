// Package release knows which version of a service was released when: as told by people
// and CI (the API, "yagura release"), by GitHub's webhooks, and as seen in telemetry whose
// service.version changed.
//
// release.go is the record and what makes two tellings the same release; life.go works out
// from sightings when each version lived (pure); watch.go looks at the telemetry; github.go
// reads GitHub's events (pure); hook.go says which repository is which service.
//
// Invariants:
//   - One release is one record, by whomever it is told of: a telling without a sighting,
//     a sighting without a telling, and both, are joined as soon as the second comes.
//   - A version that was there when a service first sent telemetry is no release: nobody
//     saw it come.
//   - A version that goes on beside a new one (rolling deploy, canary) has no new record.
//     One that was gone while another answered, and is back, is a release of its own: a
//     rollback.
//   - What is removed by a person is not recorded again from the same telemetry.
//   - A record and its mark on the timeline are one transaction.
//
// Units: times are UTC; a life is [Since, Last], both of rows that were seen.
package release
