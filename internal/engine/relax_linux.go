package engine

import (
	"bufio"
	"context"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
)

// The library is 600 MB of program, and whatever of it has ever run stays resident for as
// long as nobody else wants the memory: starting, migrating and the first questions leave
// 200 MB behind that an idle Yagura never runs again. Giving the pages up now and then
// leaves those that are in use: they come back from the page cache at once, for they are
// of a file and unchanged.

// relaxEvery is how often pages of the program are given up.
const relaxEvery = 2 * time.Minute

// relax gives the library's unchanged pages up until ctx ends.
func relax(ctx context.Context, c clock.Clock, lib string, log *slog.Logger) {
	for c.Sleep(ctx, relaxEvery) == nil {
		given, err := giveUp(lib)
		if err != nil {
			log.Debug("the engine's program stays in memory", "error", err)
			return
		}
		log.Debug("the engine gave up pages of its program", "bytes", given)
	}
}

// giveUp drops the resident pages of the parts of a file that are mapped and that this
// process has not changed, and says how many bytes that were.
func giveUp(file string) (given int64, err error) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	var from, to uintptr
	var resident int64
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) >= 6 && strings.HasSuffix(lines.Text(), file):
			// Of what can be written, or once could (relocations), a page may differ from
			// the file's: to drop it would be to lose that. Such pages are anonymous.
			a, b, _ := strings.Cut(fields[0], "-")
			from, to = address(a), address(b)
			if strings.Contains(fields[1], "w") {
				from, to = 0, 0
			}
		case strings.Contains(fields[0], "-"):
			from, to = 0, 0
		case fields[0] == "Rss:":
			resident = kilobytes(fields)
		case fields[0] == "Anonymous:":
			if from == 0 || to <= from || kilobytes(fields) != 0 || resident == 0 {
				continue
			}
			if _, _, e := syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED); e != 0 {
				return given, e
			}
			given += resident
		}
	}
	return given, lines.Err()
}

func address(hex string) uintptr {
	n, _ := strconv.ParseUint(hex, 16, strconv.IntSize)
	return uintptr(n)
}

func kilobytes(fields []string) int64 {
	if len(fields) < 2 {
		return 0
	}
	n, _ := strconv.ParseInt(fields[1], 10, 64)
	return n << 10
}
