package job

import (
	"context"
	"fmt"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

// Spec is a job.
type Spec struct {
	Name  string    // room and what it does: "telemetry.retain"; the name of its lease
	Title i18n.Text // for people
	// Every is the time from the begin of a run to that of the next. A tenth is added by
	// chance, so that jobs do not meet at the full minute for ever.
	Every time.Duration
	// Timeout ends the context of a run.
	Timeout time.Duration
	Run     func(ctx context.Context) error
}

func (s Spec) check() {
	switch {
	case s.Name == "" || s.Title.IsZero() || s.Run == nil:
		panic("job: a job needs Name, Title and Run: " + s.Name)
	case s.Every <= 0 || s.Timeout <= 0:
		panic("job: " + s.Name + " needs Every and Timeout")
	}
}

// Outcome is how a run ended.
type Outcome string

// The outcomes.
const (
	OK       Outcome = "ok"
	Failed   Outcome = "failed"
	TimedOut Outcome = "timeout"
	Panicked Outcome = "panic"
	// Stopped means that the process was told to end; another goes on soon.
	Stopped Outcome = "stopped"
	// Lost means that the holder went away in the middle, or lost its lease.
	Lost Outcome = "lost"
)

// State is a job as its row shows it. Never is the zero time.
type State struct {
	Name       string
	Title      i18n.Text // zero when this process does not know the job
	Every      time.Duration
	Fence      int64
	Holder     string
	Until      time.Time // end of the lease; zero: nobody runs it
	Running    bool
	Next       time.Time
	Started    time.Time
	Ended      time.Time
	LastOK     time.Time
	Outcome    Outcome
	Error      string
	Runs       int64
	FailedRuns int64 // in a row
}

// ErrLost is the cause of a run's context when the lease could not be kept, and what Hold
// returns to who does not have it any more.
var ErrLost = fault.New(fault.Conflict, i18n.T(
	"Another process has taken this job over.", "このジョブは別のプロセスが引き継ぎました。"))

type lease struct {
	name  string
	fence int64
}

type leaseKey struct{}

// Fence is the fencing number of the run that ctx belongs to; 0 outside a run.
func Fence(ctx context.Context) int64 {
	l, _ := ctx.Value(leaseKey{}).(lease)
	return l.fence
}

// Hold makes a transaction of a run depend on its lease: it returns ErrLost, and the
// transaction must end with it, unless the run that ctx belongs to still holds the job
// when the transaction commits.
func Hold(ctx context.Context, tx *sqldb.Tx) error {
	l, ok := ctx.Value(leaseKey{}).(lease)
	if !ok {
		return fmt.Errorf("job: Hold outside a run")
	}
	return hold(tx, l)
}
