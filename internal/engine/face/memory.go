package face

import (
	"sync/atomic"
	"time"

	"github.com/yagura-sre/yagura/internal/engine/rss"
)

// memory is the face's own look at the process: the engine counts what it allocates, not
// what the process holds.
type memory struct {
	limit int64 // bytes of private memory; 0 is none
	over  atomic.Bool
}

func (m *memory) check() error {
	if m.over.Load() {
		return errMemory
	}
	return nil
}

const (
	memoryEvery = 250 * time.Millisecond
	purgeEvery  = 8  // looks between two purges, while over
	killAfter   = 12 // looks over the limit before the largest statement is stopped
)

// watchMemory refuses new statements while the process is over its limit, gives back what
// the allocator only keeps, and when that does not help stops the largest statement.
func (f *Face) watchMemory() {
	defer f.watchers.Done()
	if f.memory.limit <= 0 {
		return
	}
	looks := 0
	for f.cfg.Clock.Sleep(f.base, memoryEvery) == nil {
		m, err := rss.Self()
		if err != nil {
			f.cfg.Log.Warn("the process's memory cannot be read; only the engine's own limit holds", "error", err)
			return
		}
		if m.Private <= f.memory.limit {
			if f.memory.over.Swap(false) {
				f.cfg.Log.Info("the engine is below its memory limit again", "bytes", m.Private, "limit", f.memory.limit)
			}
			looks = 0
			continue
		}
		if !f.memory.over.Swap(true) {
			f.cfg.Log.Warn("the engine is over its memory limit and takes no new statements", "bytes", m.Private, "limit", f.memory.limit)
		}
		if looks%purgeEvery == 0 {
			if _, err := f.ask("SYSTEM JEMALLOC PURGE"); err != nil {
				f.cfg.Log.Warn("free memory could not be given back", "error", err)
			}
		}
		if looks++; looks%killAfter == 0 {
			f.killLargest()
		}
	}
}

func (f *Face) killLargest() {
	id, err := f.ask("SELECT query_id FROM system.processes WHERE Settings['log_comment'] != '' ORDER BY memory_usage DESC LIMIT 1")
	if err == nil && id != "" {
		_, err = f.ask("KILL QUERY WHERE query_id = " + quote(id) + " ASYNC")
	}
	f.cfg.Log.Warn("stopped the largest statement to get below the memory limit", "query_id", id, "error", err)
}
