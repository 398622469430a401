// Package people knows who uses Yagura: users, teams and their products, sessions, API and ingest tokens,
// the one-time link that makes the first administrator, and the audit of every change.
//
// Invariants:
//   - Secrets (passwords, sessions, tokens, setup links) are never stored, only their
//     hashes, and are never in the audit or in a log.
//   - There is always an administrator who can sign in, once there was one.
//   - A change and its line in the audit are one transaction.
//   - Who is disabled, signed out, or has lost a token is refused from the next request
//     on; an ingest token from 10 s later at most, in every process.
//   - Failed sign-ins slow down the address that makes them, for that account, and never
//     others.
//
// Units: times are UTC. A session ends 30 days after it was last used.
package people
