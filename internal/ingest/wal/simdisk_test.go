package wal

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

// simDisk plays a disk and the page cache before it. What was not synced may be lost
// when the power goes, sector by sector and in any order; names are lost as contents
// are. A failed sync forgets what it could not write, as Linux does: a later one that
// succeeds says nothing about it. Only the cutting of a file is tried again.
type simDisk struct {
	mu       sync.Mutex
	rng      *rand.Rand
	files    map[string]*inode // as processes see them
	durable  map[string]*inode // as they are after a loss of power
	names    []nameOp          // from files to durable, not yet synced
	capacity int64             // of all files together
	fails    map[string]float64
	slow     time.Duration // an operation takes up to this long
}

type inode struct {
	data   []byte // in the page cache
	disk   []byte // on the disk
	writes []write
}

// write is what the disk does not have yet; a cut when data is nil.
type write struct {
	at   int64
	data []byte
}

// nameOp is a change in a folder: to is linked to node, from is unlinked.
type nameOp struct {
	from, to string
	node     *inode
}

const sector = 16 // small, so that small frames are torn in many ways

func newSimDisk(seed uint64) *simDisk {
	return &simDisk{rng: rand.New(rand.NewPCG(seed, 2)), files: map[string]*inode{}, durable: map[string]*inode{},
		capacity: 1 << 40, fails: map[string]float64{}, slow: 5 * time.Millisecond}
}

func (d *simDisk) set(f func(*simDisk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d)
}

func (d *simDisk) used() (n int64) {
	for _, i := range d.files {
		n += int64(len(i.data))
	}
	return n
}

func apply(disk []byte, w write) []byte {
	if w.data == nil {
		return disk[:min(int64(len(disk)), w.at)]
	}
	if missing := w.at + int64(len(w.data)) - int64(len(disk)); missing > 0 {
		disk = append(disk, make([]byte, missing)...)
	}
	copy(disk[w.at:], w.data)
	return disk
}

// some applies some of a file's outstanding writes; those that cut are kept or dropped
// as keepCuts says.
func (d *simDisk) some(i *inode, keepCuts bool) {
	var kept []write
	for _, w := range i.writes {
		if w.data == nil {
			if keepCuts {
				kept = append(kept, w)
			} else if d.rng.IntN(2) == 0 {
				i.disk = apply(i.disk, w)
			}
			continue
		}
		for from := 0; from < len(w.data); from += sector {
			if part := w.data[from:min(from+sector, len(w.data))]; d.rng.IntN(2) == 0 {
				i.disk = apply(i.disk, write{w.at + int64(from), part})
			}
		}
	}
	i.writes = kept
}

// losePower leaves what is durable, and of the rest what chance has it.
func (d *simDisk) losePower() {
	d.mu.Lock()
	defer d.mu.Unlock()
	stuck := map[string]bool{} // names whose later changes cannot have come before
	for _, op := range d.names {
		if stuck[op.from] || stuck[op.to] || d.rng.IntN(2) == 0 {
			stuck[op.from], stuck[op.to] = op.from != "", op.to != ""
			continue
		}
		op.apply(d.durable)
	}
	d.names = nil
	seen := map[*inode]bool{}
	for _, i := range d.durable {
		if !seen[i] {
			seen[i] = true
			d.some(i, false)
			i.data = slices.Clone(i.disk)
		}
	}
	d.files = map[string]*inode{}
	for n, i := range d.durable {
		d.files[n] = i
	}
}

func (op nameOp) apply(names map[string]*inode) {
	if op.from != "" {
		delete(names, op.from)
	}
	if op.to != "" {
		names[op.to] = op.node
	}
}

// mount is one process's view of the disk; dead once the process is.
type mount struct {
	*simDisk
	dead bool
}

var errDead = errors.New("the process is dead")

func (m *mount) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = true
}

// begin waits as long as the disk takes, locks it, and decides whether the operation fails.
func (m *mount) begin(op string) error {
	m.mu.Lock()
	d := time.Duration(m.rng.Int64N(int64(m.slow)))
	m.mu.Unlock()
	time.Sleep(d)
	m.mu.Lock()
	if m.dead {
		return errDead
	}
	if m.rng.Float64() < m.fails[op] {
		return syscall.EIO
	}
	return nil
}

func (m *mount) change(op nameOp) {
	op.apply(m.files)
	m.names = append(m.names, op)
}

func (m *mount) MkdirAll(string) error { return nil }

func (m *mount) List(dir string) (files []FileInfo, err error) {
	defer m.mu.Unlock()
	if err := m.begin("list"); err != nil {
		return nil, err
	}
	for n, i := range m.files {
		if filepath.Dir(n) == dir {
			files = append(files, FileInfo{filepath.Base(n), int64(len(i.data))})
		}
	}
	sort.Slice(files, func(a, b int) bool { return files[a].Name < files[b].Name })
	return files, nil
}

func (m *mount) ReadFile(name string) ([]byte, error) {
	defer m.mu.Unlock()
	if err := m.begin("read"); err != nil {
		return nil, err
	}
	i := m.files[name]
	if i == nil {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(i.data), nil
}

func (m *mount) Append(name string) (File, error) {
	defer m.mu.Unlock()
	if err := m.begin("create"); err != nil {
		return nil, err
	}
	i := m.files[name]
	if i == nil {
		if m.used() >= m.capacity {
			return nil, syscall.ENOSPC
		}
		i = &inode{}
		m.change(nameOp{to: name, node: i})
	}
	return &simFile{m, i}, nil
}

func (m *mount) Settle(name string, at int64, tail []byte) error {
	defer m.mu.Unlock()
	err := m.begin("settle")
	if err != nil && (m.dead || m.rng.IntN(2) == 0) {
		return err
	}
	i := m.files[name]
	if i == nil {
		return fs.ErrNotExist
	}
	i.writes = append(i.writes, write{at, append([]byte{}, tail...)}, write{at: at + int64(len(tail))})
	i.data = apply(apply(i.data, i.writes[len(i.writes)-2]), i.writes[len(i.writes)-1])
	if err != nil {
		m.some(i, true)
		return err
	}
	m.flush(i)
	return nil
}

func (m *mount) flush(i *inode) {
	for _, w := range i.writes {
		i.disk = apply(i.disk, w)
	}
	i.writes = nil
}

func (m *mount) Rename(from, to string) error {
	defer m.mu.Unlock()
	if err := m.begin("rename"); err != nil {
		return err
	}
	i := m.files[from]
	if i == nil {
		return fs.ErrNotExist
	}
	m.change(nameOp{from, to, i})
	return nil
}

func (m *mount) Remove(name string) error {
	defer m.mu.Unlock()
	if err := m.begin("remove"); err != nil {
		return err
	}
	if m.files[name] == nil {
		return fs.ErrNotExist
	}
	m.change(nameOp{from: name})
	return nil
}

func (m *mount) SyncDir(dir string) error {
	defer m.mu.Unlock()
	if err := m.begin("syncdir"); err != nil {
		return err
	}
	var rest []nameOp
	for _, op := range m.names {
		if strings.HasPrefix(op.from+op.to, dir+"/") {
			op.apply(m.durable)
		} else {
			rest = append(rest, op)
		}
	}
	m.names = rest
	return nil
}

func (m *mount) Free(string) (int64, error) {
	defer m.mu.Unlock()
	if err := m.begin("free"); err != nil {
		return 0, err
	}
	return m.capacity - m.used(), nil
}

type simFile struct {
	m *mount
	i *inode
}

func (f *simFile) Write(p []byte) (int, error) {
	defer f.m.mu.Unlock()
	err := f.m.begin("write")
	if f.m.dead {
		return 0, err
	}
	n := len(p)
	if err != nil {
		n = f.m.rng.IntN(n + 1)
	}
	if room := f.m.capacity - f.m.used(); int64(n) > room {
		n, err = int(max(room, 0)), syscall.ENOSPC
	}
	if n > 0 {
		f.i.writes = append(f.i.writes, write{int64(len(f.i.data)), slices.Clone(p[:n])})
		f.i.data = append(f.i.data, p[:n]...)
	}
	return n, err
}

func (f *simFile) Sync() error {
	defer f.m.mu.Unlock()
	if err := f.m.begin("sync"); err != nil {
		if !f.m.dead {
			f.m.some(f.i, true)
		}
		return err
	}
	f.m.flush(f.i)
	return nil
}

func (f *simFile) Close() error { return nil }
