package config

import (
	"os"
	"strconv"
	"strings"
)

// TotalMemory is how much memory there is for this process: the machine's, or the
// container's when that is less. Where it cannot be found out it is 4 GiB.
func TotalMemory() int64 {
	total := meminfo(read("/proc/meminfo"))
	for _, f := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		// "max", or a number beyond all machines, is no limit.
		if n, err := strconv.ParseInt(strings.TrimSpace(read(f)), 10, 64); err == nil && n > 0 && (total == 0 || n < total) {
			total = n
		}
	}
	if total == 0 || total > 1<<50 {
		return 4 << 30
	}
	return total
}

func read(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "" // another kind of system
	}
	return string(b)
}

func meminfo(text string) int64 {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			if f := strings.Fields(rest); len(f) == 2 && f[1] == "kB" {
				if n, err := strconv.ParseInt(f[0], 10, 64); err == nil {
					return n << 10
				}
			}
		}
	}
	return 0
}
