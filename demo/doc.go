// Package demo is a small real shop: five services with real HTTP between them, a real
// SQLite database, logs in Japanese and English, and customers who come and go. It
// knows nothing of Yagura; it is instrumented with the OpenTelemetry SDK as any shop
// would be, and sends to whatever OTLP/HTTP endpoint it is given.
//
//	storefront ──► catalog ──► SQLite
//	     │  └────► inventory ─► SQLite
//	     └───────► payment ───► a bank outside (not instrumented)
//	                 └──► mailer, over a queue
//
// One process holds all five, each with its own listener and its own resource, because
// a demo has to start in a second; nothing but HTTP and the queue passes between them.
package demo
