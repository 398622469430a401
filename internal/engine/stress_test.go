package engine_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/engine/enginetest"
)

// Everything at once, and clients that leave at any moment: the library must not crash,
// no slot and no thread may be lost.
func TestManyClientsThatComeAndGo(t *testing.T) {
	sup := enginetest.Own(t, nil)
	pid := sup.State().PID
	enginetest.Exec(t, sup, rowsTable, nil)
	rows := block(t, 0, 5000)
	statements := []string{
		"SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1",
		"SELECT number, toString(number) FROM numbers(100000000)",
		"SELECT svc, count(), max(body) FROM rows GROUP BY svc FORMAT JSON",
		"SELECT * FROM rows ORDER BY body LIMIT 1000",
		"SELECT * FROM nosuch", "SELECT throwIf(number = 100000) FROM numbers(1000000)", "SELEC", "SELECT 1",
		"SELECT sleep(0.2)", "SELECT uniqExact(number) FROM numbers(3000000)",
		"OPTIMIZE TABLE rows", "SELECT * FROM system.parts FORMAT Null",
	}
	cl := enginetest.Client(sup)
	cl.Transport.(*http.Transport).MaxIdleConnsPerHost = 16
	var answered, errs, left, broken atomic.Int64
	end := time.Now().Add(6 * time.Second)
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 1))
			for time.Now().Before(end) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rnd.IntN(500))*time.Millisecond)
				if rnd.IntN(4) == 0 {
					st, _, err := post(ctx, cl, "default", strconv.FormatInt(rnd.Int64(), 36), bytes.NewReader(rows))
					tally(st, err, ctx, &answered, &errs, &left, &broken)
					cancel()
					continue
				}
				s := statements[rnd.IntN(len(statements))]
				req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://engine/", strings.NewReader(s))
				res, err := cl.Do(req)
				if err == nil {
					_, err = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
					tally(res.StatusCode, err, ctx, &answered, &errs, &left, &broken)
				} else {
					tally(0, err, ctx, &answered, &errs, &left, &broken)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	t.Logf("%d answered, %d refused, %d left early, %d broken off", answered.Load(), errs.Load(), left.Load(), broken.Load())
	if answered.Load() < 5 || errs.Load() < 5 || left.Load() < 5 {
		t.Error("the mix shows too little")
	}
	if st := sup.State(); st.PID != pid || st.Phase != engine.Ready || st.Restarts != 0 {
		t.Fatalf("the engine did not live through it: %+v", st)
	}
	eventually(t, "nothing runs any more", func() bool {
		return enginetest.Exec(t, sup, "SELECT count() FROM system.processes", nil) == "1\n"
	})
	// All slots are back: as many slow statements as there are slots run side by side.
	start := time.Now()
	var sleepers sync.WaitGroup
	for range 12 {
		sleepers.Go(func() { enginetest.Exec(t, sup, "SELECT sleep(0.5)", nil) })
	}
	sleepers.Wait()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("12 sleeps of 0.5 s took %v", took)
	}
	tasks, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	if err == nil && len(tasks) > 200 {
		t.Errorf("%d threads", len(tasks))
	}
	t.Logf("%d threads, %s", len(tasks), mem(sup))
}

func tally(status int, err error, ctx context.Context, answered, errs, left, broken *atomic.Int64) {
	switch {
	case ctx.Err() != nil:
		left.Add(1)
	case err != nil:
		broken.Add(1)
	case status == 200:
		answered.Add(1)
	default:
		errs.Add(1)
	}
}
