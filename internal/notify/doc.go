// Package notify brings messages to people and machines outside: Slack, mail, webhooks.
//
// Rooms put messages into the outbox within the transaction of what they tell of
// (Outbox.Enqueue), so that a message exists exactly when its cause does. The dispatcher
// of any process then sends them. message.go is what is said, destination.go where it may
// go, outbox.go and dispatch.go the outbox, slack.go, mail.go and webhook.go the senders.
//
// Invariants:
//   - A message is sent at least once: after a crash in the middle it is sent again, with
//     the same id, by which a receiver can tell. The same key is enqueued once for a
//     destination.
//   - A destination's messages are sent in the order in which they were enqueued, one at a
//     time, no faster than its rate. One that cannot be delivered now holds back those
//     behind it; one that can never be is set aside as dead, with the reason.
//   - Secrets are stored as references, read when they are used, and are in no answer, log
//     or error, whatever a library puts into its errors.
//   - Requests go through netguard: internal addresses are refused unless the operator
//     allowed their network.
//
// Units: times are UTC, in the table of the database's clock.
package notify
