package sqldb

import (
	"context"
	"errors"
	"hash/fnv"
	"sync"
)

// alone serialises the work of this process by name, where no other has the database.
var alone sync.Map // of chan struct{}

// Exclusively calls f while nobody else does under the same name, in any of the processes
// that share the database: for work outside it, such as making tables elsewhere. The lock
// ends with the process that holds it, or with its connection; f must bear to be run again
// from the start.
func (db *DB) Exclusively(ctx context.Context, name string, f func(ctx context.Context) error) (err error) {
	place, _ := alone.LoadOrStore(name, make(chan struct{}, 1))
	select {
	case place.(chan struct{}) <- struct{}{}:
		defer func() { <-place.(chan struct{}) }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil || db.dialect == SQLite {
		if err == nil {
			err = f(ctx)
		}
		return err
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return db.classify(err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash takes everything
	// Of two numbers, so that it is never the one of Migrate.
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1, $2)", int32(0x79616775), int32(h.Sum32())); err != nil {
		return db.classify(err)
	}
	defer func() {
		_, unlocked := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1, $2)", int32(0x79616775), int32(h.Sum32()))
		if unlocked != nil && err != nil {
			unlocked = nil // the connection is gone, and the lock with it
		}
		err = errors.Join(err, unlocked)
	}()
	return f(ctx)
}
