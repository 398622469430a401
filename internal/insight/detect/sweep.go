package detect

import (
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// observation is what the second stage keeps of a statement.
type observation struct {
	spanRef
	env, service, endpoint, peer string
	op                           telemetry.Shape
	stmt                         *statement
	kind                         Kind
	start, dur, rows             int64  // start is Unix; rows -1 where it is not told
	input                        uint64 // the same for the same values
	place                        Place
}

// unit is what it keeps of a request or message.
type unit struct {
	spanRef
	env, service, instance, version, endpoint string
	kind                                      Kind
	start, dur                                int64
	input                                     uint64
	failed                                    bool
}

// holding is a stretch in which a transaction held what it had written.
type holding struct {
	spanRef
	env, service, endpoint, peer string
	tables                       []string
	start, end                   int64
}

// sweep is a set of traces while detectors look at it.
type sweep struct {
	a         *Across
	d         *Detector
	explain   bool
	best      *WhyNot
	bestScore float64
	found     []Finding
}

func newSweep(a *Across) *sweep { return &sweep{a: a} }

func (a *Across) observe(*scan) {}

func lockWaitAcross(*sweep) {}

func missingIndexAcross(*sweep) {}
func coldStartAcross(*sweep)    {}
