// Package chat answers people in Slack: a command with a trace ID, a service or "errors",
// and links to traces that are shared. It is a client of the API; each command is one file
// and one line in commands (command.go).
//
// Slack reaches it over a connection that Yagura opens (Socket Mode, no inbound address is
// needed) or by signed HTTP requests; either is acknowledged at once and answered when the
// answer is there.
//
// # Invariants
//
//   - A request that is not signed with the signing secret, is older than five minutes, or
//     comes from another workspace than the bot's is refused.
//   - Answers show what a viewer of Yagura may see, in channels that are allowed.
//   - Tokens are references to secrets; they are neither stored nor logged.
//   - What people and programs wrote is escaped: it mentions nobody and links nowhere.
package chat
