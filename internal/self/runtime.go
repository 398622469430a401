package self

import (
	"context"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Runtime adds what Go and the operating system say of this process.
func (s *Self) Runtime() error {
	m := s.meter
	goroutines, err1 := m.Int64ObservableUpDownCounter("go.goroutine.count", metric.WithUnit("{goroutine}"))
	memory, err2 := m.Int64ObservableUpDownCounter("go.memory.used", metric.WithUnit("By"))
	allocated, err3 := m.Int64ObservableCounter("go.memory.allocated", metric.WithUnit("By"))
	goal, err4 := m.Int64ObservableUpDownCounter("go.memory.gc.goal", metric.WithUnit("By"))
	cpu, err5 := m.Float64ObservableCounter("process.cpu.time", metric.WithUnit("s"))
	rss, err6 := m.Int64ObservableUpDownCounter("process.memory.usage", metric.WithUnit("By"))
	for _, err := range []error{err1, err2, err3, err4, err5, err6} {
		if err != nil {
			return err
		}
	}
	_, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		read := []metrics.Sample{{Name: "/sched/goroutines:goroutines"}, {Name: "/memory/classes/total:bytes"},
			{Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}, {Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/goal:bytes"}}
		metrics.Read(read)
		n := func(i int) int64 { return int64(read[i].Value.Uint64()) }
		o.ObserveInt64(goroutines, n(0))
		o.ObserveInt64(memory, n(3), metric.WithAttributes(attribute.String("go.memory.type", "stack")))
		o.ObserveInt64(memory, n(1)-n(2)-n(3), metric.WithAttributes(attribute.String("go.memory.type", "other")))
		o.ObserveInt64(allocated, n(4))
		o.ObserveInt64(goal, n(5))
		var use syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err == nil {
			o.ObserveFloat64(cpu, seconds(use.Utime), metric.WithAttributes(attribute.String("cpu.mode", "user")))
			o.ObserveFloat64(cpu, seconds(use.Stime), metric.WithAttributes(attribute.String("cpu.mode", "system")))
		}
		if n, ok := resident(); ok {
			o.ObserveInt64(rss, n)
		}
		return nil
	}, goroutines, memory, allocated, goal, cpu, rss)
	return err
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

// resident is the memory that this process has, where the system says so.
func resident() (int64, bool) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err == nil
}
