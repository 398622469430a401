package timeline

import (
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Kind is what sort of thing an event is about.
type Kind string

// The kinds.
const (
	Release     Kind = "release"
	Alert       Kind = "alert"
	Incident    Kind = "incident"
	Decision    Kind = "decision"
	Maintenance Kind = "maintenance"
)

// Kinds are all of them.
var Kinds = []Kind{Release, Alert, Incident, Decision, Maintenance}

// Event is a line of the record.
type Event struct {
	Kind Kind
	Ref  string // id of the thing in its room
	At   time.Time
	// Until is when it ended; zero for something that happened in a moment.
	Until time.Time
	// Open says that it goes on; Until is zero then.
	Open    bool
	Env     string // "" is all
	Service string // "" is all
	Team    string // id of the team, "" if it is nobody's in particular
	Title   i18n.Text
	Link    string // of the page in the UI, from its root: "/releases/abc"
}

// Validate refuses what no room may write.
func (e Event) Validate() error {
	switch {
	case !slices.Contains(Kinds, e.Kind):
		return fault.Internalf("timeline: unknown kind %q", e.Kind)
	case e.Ref == "" || e.At.IsZero() || e.Title.IsZero():
		return fault.Internalf("timeline: an event needs ref, time and title: %+v", e)
	case e.Open && !e.Until.IsZero(), !e.Until.IsZero() && e.Until.Before(e.At):
		return fault.Internalf("timeline: the end of %s %s is impossible", e.Kind, e.Ref)
	case e.Link != "" && !strings.HasPrefix(e.Link, "/"):
		return fault.Internalf("timeline: the link of %s %s does not begin with /", e.Kind, e.Ref)
	}
	return nil
}

// Query selects events. Empty fields select everything.
type Query struct {
	From, To time.Time
	Env      string
	Service  string
	Team     string
	Kinds    []Kind
	// After is the place behind which the page begins; the zero place is the begin.
	After Place
	// Oldest first; else the newest first.
	Ascending bool
	Limit     int
}

// Place is that of an event in the order of the list.
type Place struct {
	At   int64  `json:"t"`
	Kind Kind   `json:"k"`
	Ref  string `json:"r"`
}

func (e Event) place() Place { return Place{e.At.UnixNano(), e.Kind, e.Ref} }

// less orders events by time, and those of one moment by what they are, in Go: databases
// order text differently.
func (p Place) less(q Place) bool {
	switch {
	case p.At != q.At:
		return p.At < q.At
	case p.Kind != q.Kind:
		return p.Kind < q.Kind
	}
	return p.Ref < q.Ref
}
