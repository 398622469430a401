package engine_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/engine"
	"github.com/yagura-sre/yagura/internal/engine/enginetest"
)

// cpu is how many seconds of processor time a process has used.
func cpu(t testing.TB, pid int) float64 {
	t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Skip("no /proc")
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, _ := strconv.ParseFloat(f[11], 64)
	sys, _ := strconv.ParseFloat(f[12], 64)
	return (user + sys) / 100 // USER_HZ is 100 on every Linux that Go runs on
}

// BenchmarkInsert inserts blocks of 20,000 rows; cpu-s/Mrow is the child's processor
// time, to be compared with chdb's BenchmarkInsert, which has no HTTP in between.
func BenchmarkInsert(b *testing.B) {
	sup := enginetest.Own(b, nil)
	cl := enginetest.Client(sup)
	enginetest.Exec(b, sup, rowsTable, nil)
	const size = 20000
	body := block(b, 0, size)
	pid := sup.State().PID
	b.Logf("idle: %s", mem(sup))
	b.SetBytes(int64(len(body)))
	before, rows := cpu(b, pid), 0
	for b.Loop() {
		if st, text, err := post(b.Context(), cl, "default", fmt.Sprintf("t-%d", rows), bytes.NewReader(body)); st != 200 || err != nil {
			b.Fatal(st, text, err)
		}
		rows += size
	}
	b.ReportMetric((cpu(b, pid)-before)/float64(rows)*1e6, "cpu-s/Mrow")
	b.Logf("after %d rows: %s", rows, mem(sup))
}

// BenchmarkSelectOne is what a statement costs before it does anything.
func BenchmarkSelectOne(b *testing.B) {
	sup := enginetest.Own(b, nil)
	pid := sup.State().PID
	cl := enginetest.Client(sup)
	n := 0
	before := cpu(b, pid)
	for b.Loop() {
		res, err := cl.Post("http://engine/", "", strings.NewReader("SELECT 1"))
		if err != nil {
			b.Fatal(err)
		}
		_ = res.Body.Close()
		n++
	}
	b.ReportMetric((cpu(b, pid)-before)/float64(n)*1e6, "cpu-µs/op")
	b.Logf("after %d statements: %s", n, mem(sup))
}

func mem(sup *engine.Supervisor) string {
	m := sup.State().Memory
	return fmt.Sprintf("resident %d MB, private %d MB", m.Resident>>20, m.Private>>20)
}
