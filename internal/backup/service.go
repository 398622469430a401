package backup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Source is one store of what a backup takes.
type Source struct {
	Name string // in Manifest.Elsewhere: engine, metrics, state
	// Elsewhere says who backs it up, when another server keeps it; then nothing else of
	// the source counts.
	Elsewhere i18n.Text
	// Stage is a folder on the store's own file system, for Freeze alone. It is removed
	// before and after.
	Stage string
	// Into is where the stage's files go in the backup, and so in the data folder.
	Into string
	// Freeze fills the stage with files that do not change any more, and counts what is in
	// them.
	Freeze func(ctx context.Context, stage string) (rows map[string]int64, err error)
}

// Options are what a service needs. All are needed, but Log.
type Options struct {
	Folder  string // where backups are made
	Version string
	Engine  func(ctx context.Context) (version string, err error) // "" when it is elsewhere
	Sources []Source
	// Settle returns when all that was acknowledged before it was called is in the stores.
	Settle func(ctx context.Context) error
	Clock  clock.Clock
	Log    *slog.Logger
	// Plan says when backups are made by themselves, Keep how many of those are kept.
	Plan Plan
	Keep int
	// Audit notes what a person did to a backup; nil notes nothing. Tell says to people that
	// a backup failed; nil tells nobody.
	Audit func(ctx context.Context, action, name string) error
	Tell  func(name string, by string, why i18n.Text)
	// Refused says why nothing can be backed up here; nil where it can.
	Refused error
}

// Phase is what a backup is at.
type Phase string

// The phases, in their order.
const (
	Settling Phase = "settling" // waits until the stores have everything
	Freezing Phase = "freezing"
	Copying  Phase = "copying"
	Done     Phase = "done"
	Failed   Phase = "failed"
	// Verifying is one that is there and is being read back.
	Verifying Phase = "verifying"
)

// BySchedule is who makes the backups of the plan; a person's is "person".
const (
	BySchedule = "schedule"
	ByPerson   = "person"
)

// State is a backup and how far it is.
type State struct {
	Name     string
	Path     string
	Phase    Phase
	Started  time.Time
	Finished time.Time // zero while it runs
	Bytes    int64     // copied
	Total    int64     // to copy, once that is known
	Files    int
	Rows     map[string]int64
	Missing  []i18n.Text // what is not in it, and who backs that up
	Err      error
	By       string    // BySchedule or ByPerson; "" of those from before that was kept
	Verified *Verified // nil: never read back
}

// Service makes backups, one at a time.
type Service struct {
	opt Options

	mu  sync.Mutex
	now *State // the one that runs, or the last that failed
	// checked is the one that is read back; cancel ends that, or the making of now.
	checked *State
	cancel  context.CancelCauseFunc
	work    sync.WaitGroup
	ctx     context.Context
	stop    context.CancelFunc
}

// New removes what an earlier process left half done.
func New(opt Options) *Service {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{opt: opt}
	s.ctx, s.stop = context.WithCancel(context.Background())
	for _, from := range opt.Sources {
		if from.Stage != "" {
			s.clear(from.Stage)
		}
	}
	if left, err := filepath.Glob(filepath.Join(opt.Folder, prefix+"*"+partial)); err == nil {
		for _, dir := range left {
			s.clear(dir)
		}
	}
	return s
}

func (s *Service) clear(dir string) {
	if err := os.RemoveAll(dir); err != nil {
		s.opt.Log.Warn("what is left of a backup cannot be removed", "folder", dir, "error", err)
	}
}

// prefix begins the names of all backups.
const prefix = "yagura-"

// busy says that one is being made or checked. The caller holds mu.
func (s *Service) busy() bool {
	return s.now != nil && s.now.Finished.IsZero() || s.checked != nil
}

// lies says that there is a backup in a folder, whole or not.
func (s *Service) lies(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, manifestName))
	return err == nil
}

// Start begins a backup, and returns at once. by is BySchedule or ByPerson.
func (s *Service) Start(by string) (State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opt.Refused != nil {
		return State{}, s.opt.Refused
	}
	if s.ctx.Err() != nil {
		return State{}, fault.New(fault.Unavailable, i18n.T("The server is stopping.", "サーバーは停止処理中です。"))
	}
	if s.now != nil && s.now.Finished.IsZero() {
		return State{}, fault.New(fault.Conflict, i18n.F("The backup %s is being made. Wait until it is done.", "バックアップ %s を作成中です。完了を待ってください。", s.now.Name))
	}
	if s.checked != nil {
		return State{}, fault.New(fault.Conflict, i18n.F("The backup %s is being checked. Wait until that is done, or cancel it.", "バックアップ %s を検証中です。完了を待つか、検証をキャンセルしてください。", s.checked.Name))
	}
	if err := os.MkdirAll(s.opt.Folder, 0o700); err != nil {
		return State{}, unwritable(s.opt.Folder, err)
	}
	started := s.opt.Clock.Now().UTC()
	name := prefix + started.Format("20060102T150405.000Z")
	path := filepath.Join(s.opt.Folder, name)
	if err := os.Mkdir(path+partial, 0o700); err != nil {
		return State{}, unwritable(path, err)
	}
	s.now = &State{Name: name, Path: path, Phase: Settling, Started: started, By: by, Rows: map[string]int64{}}
	for _, from := range s.opt.Sources {
		if !from.Elsewhere.IsZero() {
			s.now.Missing = append(s.now.Missing, from.Elsewhere)
		}
	}
	st := s.now
	ctx, cancel := context.WithCancelCause(s.ctx)
	s.cancel = cancel
	s.work.Go(func() { s.run(ctx, st) })
	return st.clone(), nil
}

func (st State) clone() State {
	st.Rows = maps.Clone(st.Rows)
	return st
}

func (s *Service) run(ctx context.Context, st *State) {
	m, err := s.make(ctx, st)
	if cause := context.Cause(ctx); err != nil && cause != nil && s.ctx.Err() == nil {
		err = cause
	}
	for _, from := range s.opt.Sources {
		if from.Stage != "" {
			s.clear(from.Stage)
		}
	}
	if err != nil {
		s.clear(st.Path + partial)
		s.opt.Log.Error("a backup failed", "backup", st.Name, "error", err)
	} else {
		s.opt.Log.Info("a backup was made", "backup", st.Path, "bytes", m.Bytes, "rows", m.Rows)
	}
	s.set(func() {
		st.Finished, st.Phase, st.Err = s.opt.Clock.Now().UTC(), Done, err
		if err != nil {
			st.Phase = Failed
		}
	})
	if err != nil {
		s.noteFailure(st)
		if s.opt.Tell != nil && context.Cause(ctx) == nil { // who cancels it knows
			s.opt.Tell(st.Name, st.By, why(err))
		}
	}
}

func (s *Service) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *Service) make(ctx context.Context, st *State) (m Manifest, err error) {
	m = Manifest{Yagura: s.opt.Version, Started: st.Started, By: st.By, Rows: map[string]int64{}}
	if m.Engine, err = s.opt.Engine(ctx); err != nil {
		return m, err
	}
	if err := s.opt.Settle(ctx); err != nil {
		return m, fmt.Errorf("wait for the write-ahead log: %w", err)
	}
	s.set(func() { st.Phase = Freezing })
	for _, from := range s.opt.Sources {
		if !from.Elsewhere.IsZero() {
			m.Elsewhere = append(m.Elsewhere, from.Name)
			continue
		}
		if err := os.MkdirAll(from.Stage, 0o700); err != nil {
			return m, err
		}
		rows, err := from.Freeze(ctx, from.Stage)
		if err != nil {
			return m, fmt.Errorf("%s: %w", from.Name, err)
		}
		maps.Copy(m.Rows, rows)
		s.set(func() { maps.Copy(st.Rows, rows) })
	}
	total := int64(0)
	for _, from := range s.opt.Sources {
		if from.Elsewhere.IsZero() {
			n, err := measure(from.Stage)
			if err != nil {
				return m, err
			}
			total += n
		}
	}
	if err := s.roomFor(total); err != nil {
		return m, err
	}
	s.set(func() { st.Phase, st.Total = Copying, total })
	c := &copying{to: folderWriter{st.Path + partial}, tell: func(n int64) { s.set(func() { st.Bytes += n }) }}
	for _, from := range s.opt.Sources {
		if from.Elsewhere.IsZero() {
			if err := c.add(ctx, from.Stage, from.Into); err != nil {
				return m, err
			}
			s.clear(from.Stage) // what merges have replaced meanwhile takes room as long as it is held
		}
	}
	m.Finished = s.opt.Clock.Now().UTC()
	if err := c.finish(m); err != nil {
		return m, err
	}
	m.Bytes, m.Files = c.bytes, len(c.files)
	s.set(func() { st.Files = m.Files })
	settle()
	return m, os.Rename(st.Path+partial, st.Path)
}

// roomLeft is what a backup leaves free on the disk: it may be that of the data.
const roomLeft = 256 << 20

func (s *Service) roomFor(bytes int64) error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(s.opt.Folder, &fs); err != nil {
		return nil //nolint:nilerr // the copying will tell
	}
	if free := int64(fs.Bavail) * int64(fs.Bsize); free < bytes+roomLeft {
		return fault.New(fault.Unavailable, i18n.F(
			"The backup needs %[1]d MB and 256 MB are to stay free, but %[3]s has %[2]d MB left. Make room, or set backup.folder to another disk.",
			"バックアップには %[1]d MB（ほかに空き 256 MB）が必要ですが、%[3]s の空きは %[2]d MB です。空きを増やすか、backup.folder に別のディスクを指定してください。",
			bytes>>20, free>>20, s.opt.Folder))
	}
	return nil
}

// List gives the backups in the folder, newest first, and the one that runs or failed last.
func (s *Service) List() ([]State, error) {
	dirs, err := filepath.Glob(filepath.Join(s.opt.Folder, prefix+"*", manifestName))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []State
	for _, path := range dirs {
		dir := filepath.Dir(path)
		if strings.HasSuffix(dir, partial) || s.now != nil && dir == s.now.Path {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it is being removed
		}
		m, err := parseManifest(b)
		if err != nil {
			all = append(all, State{Name: filepath.Base(dir), Path: dir, Phase: Failed, Err: err})
			continue
		}
		st := State{Name: filepath.Base(dir), Path: dir, Phase: Done, Started: m.Started, Finished: m.Finished, Bytes: m.Bytes, Total: m.Bytes, Files: m.Files, Rows: m.Rows, By: m.By, Verified: readVerified(dir)}
		for _, from := range s.opt.Sources {
			if slices.Contains(m.Elsewhere, from.Name) && !from.Elsewhere.IsZero() {
				st.Missing = append(st.Missing, from.Elsewhere)
			}
		}
		all = append(all, st)
	}
	if s.checked != nil {
		for i := range all {
			if all[i].Name == s.checked.Name {
				all[i].Phase, all[i].Bytes, all[i].Total = Verifying, s.checked.Bytes, s.checked.Total
			}
		}
	}
	for _, st := range s.failures() {
		if s.now == nil || st.Name != s.now.Name {
			all = append(all, st)
		}
	}
	if s.now != nil {
		_, err := os.Stat(s.now.Path)
		if s.now.Phase != Done || err == nil { // one that was moved away is no longer here
			st := s.now.clone()
			st.Verified = readVerified(st.Path)
			if s.checked != nil && s.checked.Name == st.Name {
				st.Phase, st.Bytes, st.Total = Verifying, s.checked.Bytes, s.checked.Total
			}
			all = append(all, st)
		}
	}
	slices.SortFunc(all, func(a, b State) int { return strings.Compare(b.Name, a.Name) })
	return all, nil
}

// Close ends a backup that is under way, and takes away what there is of it.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	s.stop()
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.work.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("a backup is still under way"), ctx.Err())
	}
}
