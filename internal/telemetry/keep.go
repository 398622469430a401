package telemetry

import (
	"context"
	"time"
)

// Old days of logs and spans are kept whole, then thinned, then not at all; by service and
// environment. A day is a day in UTC, 2006-01-02, for rows lie by such days.

// KeepState is how much of the rows of a day is kept.
type KeepState string

// The states, in the order in which a day goes through them.
const (
	KeptWhole   KeepState = "whole"
	KeptThinned KeepState = "thinned" // what tells something is kept, and a share of the rest
	KeptGone    KeepState = "gone"
)

// Keep is a state, and of a thinned day the share: of the ordinary rows one in OneIn is
// kept, none when it is 0.
type Keep struct {
	State KeepState
	OneIn uint32
}

// Whole and Gone are the two ends.
var (
	Whole = Keep{State: KeptWhole}
	Gone  = Keep{State: KeptGone}
)

// Share is the part of the ordinary rows that is kept.
func (k Keep) Share() float64 {
	switch {
	case k.State == KeptWhole:
		return 1
	case k.State == KeptGone || k.OneIn == 0:
		return 0
	}
	return 1 / float64(k.OneIn)
}

// Stricter says that k keeps less than other.
func (k Keep) Stricter(other Keep) bool {
	rank := map[KeepState]int{KeptWhole: 0, KeptThinned: 1, KeptGone: 2}
	if rank[k.State] != rank[other.State] {
		return rank[k.State] > rank[other.State]
	}
	return k.Share() < other.Share()
}

// Origin is who sent rows.
type Origin struct{ Service, Env string }

// DayVolume is what a service sent of a signal in a day.
type DayVolume struct {
	Day    string
	Signal Signal
	Origin
	Rows uint64 // that arrived, whether they are still there or not
}

// RowMeasure is what the rows of a service are like, measured on one whole day.
type RowMeasure struct {
	Day    string
	Signal Signal
	Origin
	Rows     uint64
	RowBytes float64 // mean size of a row before it is compressed
	// Notable is the part of the rows that thinning never takes: 0 to 1.
	Notable float64
}

// KeptDay says what was taken away of the rows of a service in a day.
type KeptDay struct {
	Day    string
	Signal Signal
	Origin // both "*" when it is all of them
	Keep
	Before, After uint64    // rows; After counts when Done
	At            time.Time // when it was begun or done
	Done          bool
}

// AllOrigins stands in a KeptDay for everybody.
var AllOrigins = Origin{"*", "*"}

// Thinning says how a day is thinned.
type Thinning struct {
	Day    string
	Signal Signal
	// Keeps are of the origins that are there, and of those of the days before and after, for
	// traces go over midnight; one that is left out stays whole.
	Keeps map[Origin]Keep
	// TraceOneIn is, of logs, the kindest share by which traces of that day are kept or will
	// be, so that the logs of a kept trace are kept. 0 is none.
	TraceOneIn uint32
	// Traces are kept whatever is in them: exemplars point to them.
	Traces []TraceID
}

// Keeper thins and drops days. It is for one caller at a time.
//
// A trace is the unit: what Thin takes away, it takes away of the whole trace, and it
// decides by the trace id alone what share of the ordinary ones stays. A trace through
// several services is treated as the kindest of their rules has it, as long as that service
// is not gone. Kept are traces with an error, with a span over the 99th percentile of its
// endpoint's day, the slowest of each endpoint and hour, those that error groups or
// exemplars point to; of logs, warnings and worse, and those of kept traces. A trace is
// judged by its day and the days before and after.
//
// Each change is noted before it begins, and noted as done when it is: who computes
// anything anew from rows must ask.
type Keeper interface {
	// Origins says who has rows in a day, and how many.
	Origins(ctx context.Context, day string, signal Signal) (map[Origin]uint64, error)
	// Thin takes away what t says, and gives the rows before and after. It may be repeated.
	// A day that is being rebuilt is refused with fault.Conflict.
	Thin(ctx context.Context, t Thinning) (before, after uint64, err error)
	// DropDay drops all rows of a day.
	DropDay(ctx context.Context, day string, signal Signal) error
	// KeptDays are the notes since a day, as they are now.
	KeptDays(ctx context.Context, since string) ([]KeptDay, error)
	// Arrived says what arrived by day since a day.
	Arrived(ctx context.Context, since string) ([]DayVolume, error)
	// MeasureDay says what the rows of a day that is over are like.
	MeasureDay(ctx context.Context, day string) ([]RowMeasure, error)
	// QuietHour is the hour of the day (UTC) in which the least arrives.
	QuietHour(ctx context.Context) (int, error)
}

// Thinned says what is not whole of a range of rows.
type Thinned struct {
	Range         // of the days, within what was asked for
	OneIn  uint32 // the strictest share of the ordinary rows; 0 is none of them
	Gone   bool   // rows of some services were dropped, sooner than those of others
	Whole  bool   // nothing was taken away
	Before uint64 // rows that those days had of the services concerned
	After  uint64 // rows that are left of them
}
