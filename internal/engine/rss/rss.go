// Package rss reads how much memory a process holds. Values are bytes.
package rss

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// Memory is what a process holds in RAM.
type Memory struct {
	Resident int64 // all of it, the pages of its program and libraries included
	Private  int64 // what only ending the process gives back: not backed by files
}

// ErrUnknown says that this system does not tell.
var ErrUnknown = errors.New("this system has no /proc")

// Self is this process's memory.
func Self() (Memory, error) { return read("/proc/self/statm") }

// Of is another process's memory.
func Of(pid int) (Memory, error) { return read("/proc/" + strconv.Itoa(pid) + "/statm") }

func read(path string) (Memory, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		if _, none := os.Stat("/proc/self/statm"); none != nil {
			return Memory{}, ErrUnknown
		}
		return Memory{}, err
	}
	return parse(b, int64(os.Getpagesize()))
}

// parse reads statm: size, resident, shared, … in pages.
func parse(b []byte, page int64) (Memory, error) {
	f := bytes.Fields(b)
	if len(f) < 3 {
		return Memory{}, fmt.Errorf("statm: %q", b)
	}
	res, err1 := strconv.ParseInt(string(f[1]), 10, 64)
	shared, err2 := strconv.ParseInt(string(f[2]), 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return Memory{}, fmt.Errorf("statm: %w", err)
	}
	return Memory{Resident: res * page, Private: max(0, res-shared) * page}, nil
}
