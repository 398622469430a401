package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// usage is what a tree of processes has used.
type usage struct {
	cpu    float64 // seconds, user and system, of those that live and of their dead children
	merges float64 // seconds, of cpu, that the engine's merges took
	rss    uint64  // bytes
	by     map[string]float64
}

// treeUsage adds up a process and its descendants. Linux alone.
func treeUsage(pid int) (usage, error) {
	u := usage{by: map[string]float64{}}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return u, err
	}
	type proc struct {
		parent int
		cpu    float64
		rss    uint64
	}
	procs := map[int]proc{}
	const ticks = 100 // USER_HZ, the same on every Linux that Go runs on
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, num := fields(raw)
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		procs[id] = proc{
			parent: int(num(1)),
			cpu:    (num(11) + num(12) + num(13) + num(14)) / ticks,
			rss:    uint64(num(21)) * uint64(os.Getpagesize()),
		}
	}
	if _, ok := procs[pid]; !ok {
		return u, errors.New("the server has ended")
	}
	for id, p := range procs {
		for up := id; up > 1; up = procs[up].parent {
			if up == pid {
				u.cpu += p.cpu
				u.rss += p.rss
				name := "server"
				if id != pid {
					name = "engine"
				}
				u.by[name] += p.cpu
				u.merges += mergeTicks(id) / ticks
				break
			}
		}
	}
	return u, nil
}

// fields are a stat file's: the name, and the numbers after it.
func fields(raw []byte) (name string, num func(int) float64) {
	// The name in parentheses may hold spaces; what follows it does not.
	begin, end := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	f := strings.Fields(string(raw[end+2:]))
	return string(raw[begin+1 : end]), func(i int) float64 { v, _ := strconv.ParseFloat(f[i], 64); return v }
}

// mergeTicks is what the threads of a process took that merge, if it is the engine. They
// live as long as it does.
func mergeTicks(pid int) (ticks float64) {
	stats, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/[0-9]*/stat")
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if name, num := fields(raw); strings.HasPrefix(name, "MergeMutate") {
			ticks += num(11) + num(12)
		}
	}
	return ticks
}

func (u usage) since(before usage) usage {
	d := usage{cpu: u.cpu - before.cpu, merges: u.merges - before.merges, rss: u.rss, by: map[string]float64{}}
	for k, v := range u.by {
		d.by[k] = v - before.by[k]
	}
	return d
}

func (u usage) String() string {
	return fmt.Sprintf("%.2f CPU-s (server %.2f, engine %.2f, of which merges %.2f), %d MB resident", u.cpu, u.by["server"], u.by["engine"], u.merges, u.rss>>20)
}
