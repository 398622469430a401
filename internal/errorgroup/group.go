package errorgroup

import (
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Key names a group of errors of a service.
type Key struct {
	Service string
	Group   telemetry.ShapeID
}

// Status is what people decided.
type Status string

// The statuses.
const (
	Open     Status = "open"
	Resolved Status = "resolved"
	Ignored  Status = "ignored"
)

// Shows is what a group is listed as: its status, and what the telemetry makes of it.
type Shows string

// What a group shows as. New is open, untouched and less than a day old; Returned is open
// because it came back after it was resolved.
const (
	ShowsNew      Shows = "new"
	ShowsOngoing  Shows = "ongoing"
	ShowsReturned Shows = "returned"
	ShowsResolved Shows = "resolved"
	ShowsIgnored  Shows = "ignored"
)

// AllShows are all of them, the most urgent first.
var AllShows = []Shows{ShowsReturned, ShowsNew, ShowsOngoing, ShowsResolved, ShowsIgnored}

// Mended says from where on a resolved group must not be seen any more.
type Mended string

// Where a group is mended.
const (
	MendedNow  Mended = "now"     // at once: any later error is a return
	MendedNext Mended = "next"    // in the next release: versions that are known do not count
	MendedIn   Mended = "version" // in a version: older ones that are known do not count
)

// AssigneeKind is a person or a team.
type AssigneeKind string

// The kinds of assignees.
const (
	ToUser AssigneeKind = "user"
	ToTeam AssigneeKind = "team"
)

// Assignee is who looks after a group. The zero value is nobody.
type Assignee struct {
	Kind AssigneeKind
	ID   string
	Name string // as it was when assigned; pages ask for the present one
}

// State is what people decided about a group.
type State struct {
	Key
	Status Status
	Since  time.Time // when the status began
	By     string    // the name of who set it; "" when it came back by itself
	// Of a resolved group: where it is mended, in which version, and the versions that
	// were known when it was resolved, which may go on showing it.
	Mended  Mended
	Version string
	Known   []string
	// Of an ignored group: why, and until when; the zero time is for ever.
	Reason string
	Until  time.Time
	// Returned is when an open group came back, zero if it did not.
	Returned time.Time
	Assignee Assignee
	Changed  time.Time
	// What the group is, for lists of ranges in which it was not seen.
	Type, Message, Frame string
}

// touched says that somebody decided something.
func (s State) touched() bool { return !s.Changed.IsZero() }

// Action is what was done to a group.
type Action string

// The actions. Return and WakeUp happen by themselves.
const (
	DidResolve Action = "resolve"
	DidIgnore  Action = "ignore"
	DidReopen  Action = "reopen"
	DidAssign  Action = "assign"
	DidComment Action = "comment"
	DidReturn  Action = "return"
	DidWakeUp  Action = "wake_up" // it was ignored, and the time for that is over
)

const (
	maxText     = 2000 // characters of a reason or a note
	maxKnown    = 200  // versions that a resolution remembers
	newFor      = 24 * time.Hour
	knownBefore = 30 * 24 * time.Hour
)

// Event is a line of a group's history.
type Event struct {
	ID uint64
	Key
	At     time.Time
	By     string // name; "" for Yagura itself
	Action Action
	// Text is the note, the reason, the version or the assignee, by the action.
	Text string
}

// Group is a group as a list shows it.
type Group struct {
	Figures telemetry.ErrorFigures // of a range in which it was not seen: Count is 0
	State   State
	Shows   Shows
}
