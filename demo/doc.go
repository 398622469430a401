// Package demo is a small real shop: five services with real HTTP between them, SQLite
// databases, a queue, parties outside, logs in Japanese and English, and customers who
// come and go. It knows nothing of Yagura; it is instrumented with OpenTelemetry as any
// shop would be, and sends to whatever OTLP/HTTP endpoint it is given.
//
//	storefront ──► catalog ───► SQLite
//	  │ SQLite └─► inventory ─► SQLite, one for each warehouse
//	  ├──────────► payment ───► SQLite, and a bank outside (not instrumented)
//	  └── queue ─► mailer ────► SQLite, and a mail provider outside
//
// Flaws lists what is done badly on purpose. The web pages do it badly as long as the
// flaw is switched on; under /app (and /v2 further in) the same is done well at any time,
// so that each flaw has its clean twin in the same data. Switch mends a flaw and releases
// the service with a new version.
//
// One process holds all five services, each with its own resource, because a demo has to
// start in a second; nothing but HTTP and the queue passes between them. The databases
// answer after the time that a trip over a network takes.
//
// Backfill plays the same shop in the past, by a clock that jumps (package sim): the same
// handlers, statements and locks, with waits that take no time of ours. There a statement
// takes what its plan says, in rows scanned, instead of what the machine needs, so that a
// seed gives the same history anywhere. Times are UTC; the day has the shape that it has
// in Japan.
package demo
